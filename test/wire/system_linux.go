package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// enter runs this program again, in a network namespace of its own. Who may not
// make one becomes root in a user namespace, where the system allows that.
func enter(ctx context.Context) error {
	c, err := again(ctx, &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET})
	if errors.Is(err, syscall.EPERM) {
		c, err = again(ctx, &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWNET | syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		})
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errNamespace, err)
	}
	if c.Wait() != nil {
		return errFailed
	}
	return nil
}

// again starts this program again.
func again(ctx context.Context, apart *syscall.SysProcAttr) (*exec.Cmd, error) {
	c := exec.CommandContext(ctx, "/proc/self/exe")
	c.Env = append(os.Environ(), inside+"=1")
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	c.SysProcAttr = apart
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) } // so that it stops who it has started
	c.WaitDelay = 20 * time.Second
	return c, c.Start()
}

// bufferBytes is what the system keeps while nobody reads.
const bufferBytes = 64 << 20

// frameMax is the length of the longest frame; loopback's are of 64 KiB, and
// more where a system is told to make larger ones.
const frameMax = 1 << 20

// A raw socket is loopback as the system sees it (packet(7)).
type raw struct {
	fd int
	b  []byte
}

// open brings loopback up, and captures all that crosses it.
func open() (*capture, error) {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return nil, err
	}
	const all = unix.ETH_P_ALL>>8 | unix.ETH_P_ALL&0xff<<8 // in network order
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, all)
	if err != nil {
		return nil, err
	}
	err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, bufferBytes)
	if err != nil { // in a user namespace of some systems; what is lost is noticed
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, bufferBytes)
	}
	err = errors.Join(err,
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 100_000}),
		unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: lo.Attrs().Index}),
		netlink.LinkSetUp(lo))
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return newCapture(&raw{fd, make([]byte, frameMax)}), nil
}

func (r *raw) read() ([]byte, error) {
	for {
		n, _, flags, from, err := unix.Recvmsg(r.fd, r.b, nil, 0)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.ENETDOWN): // nothing, or not up yet
			return nil, nil
		case err != nil:
			return nil, err
		case flags&unix.MSG_TRUNC != 0:
			return nil, errors.New("a packet is too long for it")
		}
		// On loopback all is sent and received, and would be seen twice.
		if l, ok := from.(*unix.SockaddrLinklayer); ok && l.Pkttype == unix.PACKET_OUTGOING {
			continue
		}
		return r.b[:n], nil
	}
}

func (r *raw) lost() (int, error) {
	s, err := unix.GetsockoptTpacketStats(r.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return 0, err
	}
	return int(s.Drops), nil
}

func (r *raw) close() error { return unix.Close(r.fd) }
