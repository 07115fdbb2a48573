package space

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Device is the name of the way out of each place.
const Device = "stoa0"

// queueLength is how many packets wait at a device: none is lost because a busy
// machine reads late.
const queueLength = 8192

// Enter runs this program again in a network namespace of its own, with the same
// arguments, and returns true when that has ended; false in there. Who may not
// make one becomes root in a user namespace, where the system allows that.
func Enter(ctx context.Context) (ended bool, err error) {
	if os.Getenv(inside) != "" {
		return false, nil
	}
	c, err := again(ctx, &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET})
	if errors.Is(err, syscall.EPERM) {
		c, err = again(ctx, &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWNET | syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		})
	}
	if err != nil {
		return true, fmt.Errorf("%w: %w", ErrNone, err)
	}
	return true, c.Wait()
}

func again(ctx context.Context, apart *syscall.SysProcAttr) (*exec.Cmd, error) {
	c := exec.CommandContext(ctx, "/proc/self/exe", os.Args[1:]...)
	c.Env = append(os.Environ(), inside+"=1")
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	apart.Setpgid = true // an interrupt of the terminal comes from us, once
	c.SysProcAttr = apart
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) } // so that it stops who it has started
	c.WaitDelay = 20 * time.Second
	return c, c.Start()
}

// A Place is a namespace, or this process's own.
type Place struct {
	Address netip.Addr
	Out     *os.File // what leaves it, and what comes in: one IP packet each

	namespace *os.File // nil: this process's own
}

// Here makes the namespace of this process the place at an address.
func Here(at netip.Addr) (*Place, error) {
	p := &Place{Address: at}
	return p, p.open()
}

// New makes a place.
func New(at netip.Addr) (*Place, error) {
	p := &Place{Address: at}
	err := apart(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		var err error
		if p.namespace, err = namespace(); err != nil {
			return err
		}
		return p.open()
	})
	if err != nil {
		if p.namespace != nil {
			_ = p.namespace.Close() // it is empty
		}
		return nil, fmt.Errorf("a place: %w", err)
	}
	return p, nil
}

// Close ends the place, once all processes in it have ended.
func (p *Place) Close() error {
	if p.namespace == nil {
		return nil
	}
	return p.namespace.Close()
}

// Do does something in the place: sockets that are made stay there, and so do
// processes that are started.
func (p *Place) Do(f func() error) error {
	if p.namespace == nil {
		return f()
	}
	return apart(func() error {
		if err := unix.Setns(int(p.namespace.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter a namespace: %w", err)
		}
		return f()
	})
}

// Dial connects to an address from within the place.
func (p *Place) Dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	err = p.Do(func() error {
		conn, err = new(net.Dialer).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// apart runs f on a thread whose namespace f may change.
func apart(f func() error) error {
	runtime.LockOSThread()
	before, err := namespace()
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer func() { _ = before.Close() }()
	err = f()
	if back := unix.Setns(int(before.Fd()), unix.CLONE_NEWNET); back != nil {
		return errors.Join(err, back) // the thread stays locked, and ends with its goroutine
	}
	runtime.UnlockOSThread()
	return err
}

// namespace returns that of this thread.
func namespace() (*os.File, error) { return os.Open("/proc/thread-self/ns/net") }

// open brings loopback up, and makes the way out, in the namespace of this
// thread.
func (p *Place) open() error {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNone, err)
	}
	asked, err := unix.NewIfreq(Device)
	if err == nil {
		asked.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, asked)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("%w: %w", ErrNone, err), unix.Close(fd))
	}
	p.Out = os.NewFile(uintptr(fd), Device) //nolint:gosec // a descriptor
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	out, err := netlink.LinkByName(Device)
	if err != nil {
		return err
	}
	here := &net.IPNet{IP: p.Address.AsSlice(), Mask: net.CIDRMask(8, 32)}
	return errors.Join(
		netlink.LinkSetUp(lo), netlink.LinkSetTxQLen(out, queueLength),
		netlink.AddrAdd(out, &netlink.Addr{IPNet: here}), netlink.LinkSetUp(out))
}

// Received returns how many packets have come into the place, as its own
// system has counted.
func (p *Place) Received() (packets uint64, err error) {
	err = p.Do(func() error {
		out, err := netlink.LinkByName(Device)
		if err != nil {
			return err
		}
		packets = out.Attrs().Statistics.RxPackets
		return nil
	})
	return packets, err
}
