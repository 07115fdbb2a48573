package packet

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// The tests run in a network namespace of their own, and whoever receives in
// another one, so that frames cross two interfaces and the other side's whole
// IP stack, and nothing of this machine is touched.
const (
	roleKey = "STOA_PACKET_TEST"
	near    = "near"
	far     = "far"
	alone   = "alone" // on the near side, with no right but to send frames
)

// apart starts this binary in a network namespace of its own. The far side
// ends when it is told nothing any more. A signal at the parent's death would
// come already when the thread ends that has started it.
func apart(role string, args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), roleKey+"="+role)
	c.Stderr = os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	return c
}

func TestMain(m *testing.M) {
	switch os.Getenv(roleKey) {
	case far:
		if err := runFar(); err != nil {
			fmt.Fprintln(os.Stderr, "the far side:", err)
			os.Exit(1)
		}
		return
	case alone:
		if err := runAlone(os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	case near:
		os.Exit(m.Run())
	}
	c := apart(near, os.Args[1:]...)
	c.SysProcAttr.Pdeathsig = syscall.SIGKILL
	c.Stdin, c.Stdout = os.Stdin, os.Stdout
	err := c.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		os.Exit(exit.ExitCode())
	}
	if err != nil { // without the right to make namespaces, the other tests run
		os.Exit(m.Run())
	}
}

// A wire is two veth pairs to the far side, with addresses for IPv4 and IPv6.
// Behind the far side are others, reached through it:
//
//	n0 10.78.0.1 fd78::1 ── f0 10.78.0.2 fd78::2 ─┐
//	n1 10.80.0.1 fd80::1 ── f1 10.80.0.2 fd80::2 ─┴─ 10.79.0.0/16 fd79::/64
type wire struct {
	t    testing.TB
	far  *exec.Cmd
	tell *json.Encoder
	hear *json.Decoder
	port uint16 // where the far side reads
	sink uint16 // where it does not, so that what comes is dropped at little cost
}

// in returns the wire for a part of a test.
func (w *wire) in(t *testing.T) *wire {
	c := *w
	c.t = t
	return &c
}

// The addresses of n0.
var (
	nearFour, nearSix = netip.MustParseAddr("10.78.0.1"), netip.MustParseAddr("fd78::1")
	nearOther         = netip.MustParseAddr("10.78.0.9")
)

func newWire(t testing.TB) *wire {
	t.Helper()
	if os.Getenv(roleKey) != near {
		t.Skip("it takes the right to make network namespaces, which root has")
	}
	w := &wire{t: t}
	c := apart(far)
	in, err := c.StdinPipe()
	w.must(err)
	out, err := c.StdoutPipe()
	w.must(err)
	w.must(c.Start())
	w.far, w.tell, w.hear = c, json.NewEncoder(in), json.NewDecoder(bufio.NewReader(out))
	t.Cleanup(func() {
		for _, name := range []string{"n0", "n1"} {
			if l, err := netlink.LinkByName(name); err == nil {
				w.must(netlink.LinkDel(l))
			}
		}
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	w.up("lo")
	w.must(keepStill())
	for _, i := range []string{"0", "1"} {
		w.must(netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "n" + i}, PeerName: "f" + i}))
		w.must(netlink.LinkSetNsPid(w.link("f"+i), c.Process.Pid))
	}
	ports := w.ask(command{Do: "set up"})
	w.port, w.sink = ports.Port, ports.Sink
	w.address("n0", nearFour, nearOther, nearSix)
	w.address("n1", netip.MustParseAddr("10.80.0.1"), netip.MustParseAddr("fd80::1"))
	w.route("10.79.0.0/16", "10.78.0.2")
	w.route("fd79::/64", "fd78::2")
	w.must(awaitUp("n0", "n1"))
	w.ask(command{Do: "await"})
	return w
}

func (w *wire) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *wire) link(name string) netlink.Link {
	w.t.Helper()
	l, err := netlink.LinkByName(name)
	w.must(err)
	return l
}

func (w *wire) up(name string) {
	w.t.Helper()
	w.must(netlink.LinkSetUp(w.link(name)))
}

func (w *wire) address(name string, all ...netip.Addr) {
	w.t.Helper()
	w.must(addAddresses(name, all...))
}

// addAddresses makes an interface ready at once: no address waits for its
// check that nobody else has it (RFC 4862, section 5.4).
func addAddresses(name string, all ...netip.Addr) error {
	l, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	for _, a := range all {
		ones, flags := 24, 0
		if a.Is6() {
			ones, flags = 64, unix.IFA_F_NODAD
		}
		ip := &net.IPNet{IP: a.AsSlice(), Mask: net.CIDRMask(ones, a.BitLen())}
		if err := netlink.AddrAdd(l, &netlink.Addr{IPNet: ip, Flags: flags}); err != nil {
			return fmt.Errorf("%s on %s: %w", a, name, err)
		}
	}
	return netlink.LinkSetUp(l)
}

// awaitUp waits until interfaces are up on both sides, for which the system
// takes its time. An answer to the first question for a neighbour would be
// lost before, and the next one is a second later.
func awaitUp(names ...string) error {
	for _, name := range names {
		for began := time.Now(); ; time.Sleep(2 * time.Millisecond) {
			l, err := netlink.LinkByName(name)
			if err != nil {
				return err
			}
			if l.Attrs().OperState == netlink.OperUp {
				break
			}
			if time.Since(began) > 5*time.Second {
				return fmt.Errorf("%s does not come up", name)
			}
		}
	}
	return nil
}

// keepStill keeps new interfaces from giving themselves IPv6 addresses, whose
// routes would come when a test has begun.
func keepStill() error {
	return errors.Join(
		os.WriteFile("/proc/sys/net/ipv6/conf/default/addr_gen_mode", []byte("1"), 0),
		os.WriteFile("/proc/sys/net/ipv6/conf/default/router_solicitations", []byte("0"), 0),
	)
}

// route makes what is behind the far side go through one of its addresses.
func (w *wire) route(to, through string) {
	w.t.Helper()
	_, n, err := net.ParseCIDR(to)
	w.must(err)
	w.must(netlink.RouteReplace(&netlink.Route{Dst: n, Gw: net.ParseIP(through)}))
}

// sentBy returns how many packets an interface has sent.
func (w *wire) sentBy(name string) uint64 {
	w.t.Helper()
	return w.link(name).Attrs().Statistics.TxPackets
}

// --- the far side ---

// A command is what the far side is told to do; it says something when it is
// done.
type command struct {
	Do    string `json:"do"`
	Count int    `json:"count"`
}

// An answer is what the far side says.
type answer struct {
	Failed string   `json:"failed"`
	Port   uint16   `json:"port"`
	Sink   uint16   `json:"sink"`
	Came   []came   `json:"came"`
	Errors []string `json:"errors"` // what its system has counted
}

// came is a datagram that has come.
type came struct {
	From netip.AddrPort `json:"from"`
	Data []byte         `json:"data"`
}

func (w *wire) ask(c command) answer {
	w.t.Helper()
	w.must(w.tell.Encode(c))
	var a answer
	w.must(w.hear.Decode(&a))
	if a.Failed != "" {
		w.t.Fatalf("the far side is to %s: %s", c.Do, a.Failed)
	}
	return a
}

func runFar() error {
	if err := keepStill(); err != nil {
		return err
	}
	conn, err := listenFar(16 << 20)
	if err != nil {
		return err
	}
	sink, err := listenFar(0)
	if err != nil {
		return err
	}
	say, in := json.NewEncoder(os.Stdout), json.NewDecoder(bufio.NewReader(os.Stdin))
	var c command
	for in.Decode(&c) == nil {
		var a answer
		var err error
		switch c.Do {
		case "set up":
			err = setUpFar()
			a.Port, a.Sink = conn.LocalAddr().(*net.UDPAddr).AddrPort().Port(), sink.LocalAddr().(*net.UDPAddr).AddrPort().Port()
		case "await":
			err = awaitUp("f0", "f1")
		case "collect":
			a.Came, err = collect(conn, c.Count)
		case "count errors":
			a.Errors, err = countErrors()
		default:
			err = errors.New("it does not know how")
		}
		if err != nil {
			a.Failed = err.Error()
		}
		if err := say.Encode(a); err != nil {
			return err
		}
	}
	return nil
}

// listenFar listens on all addresses with a buffer of some size.
func listenFar(bytes int) (*net.UDPConn, error) {
	conn, err := net.ListenUDP("udp", nil)
	if err != nil {
		return nil, err
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	var set error
	err = raw.Control(func(fd uintptr) {
		set = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, bytes)
	})
	return conn, errors.Join(err, set)
}

// setUpFar brings up the far side's ends, and makes all that is behind it its
// own.
func setUpFar() error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	errs := []error{
		netlink.LinkSetUp(lo),
		addAddresses("f0", netip.MustParseAddr("10.78.0.2"), netip.MustParseAddr("fd78::2")),
		addAddresses("f1", netip.MustParseAddr("10.80.0.2"), netip.MustParseAddr("fd80::2")),
	}
	for _, behind := range []string{"10.79.0.0/16", "fd79::/64"} {
		_, n, err := net.ParseCIDR(behind)
		errs = append(errs, err, netlink.RouteAdd(&netlink.Route{
			Dst: n, LinkIndex: lo.Attrs().Index, Table: unix.RT_TABLE_LOCAL, Type: unix.RTN_LOCAL, Scope: unix.RT_SCOPE_HOST,
		}))
	}
	for _, name := range []string{"all", "f0", "f1"} {
		// What comes by one way is answered by another.
		errs = append(errs, os.WriteFile("/proc/sys/net/ipv4/conf/"+name+"/rp_filter", []byte("0"), 0))
	}
	return errors.Join(errs...)
}

// collect waits for datagrams: as many as there should be, and then for a
// moment whether there are more.
func collect(conn *net.UDPConn, count int) (all []came, err error) {
	b := make([]byte, 2000)
	for {
		patience := 50 * time.Millisecond
		if len(all) < count {
			patience = 2 * time.Second
		}
		if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			return nil, err
		}
		n, from, err := conn.ReadFromUDPAddrPort(b)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, came{netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), append([]byte(nil), b[:n]...)})
	}
}

// countErrors returns what the system has counted of damaged packets.
func countErrors() (found []string, err error) {
	four, err := os.ReadFile("/proc/net/snmp")
	if err != nil {
		return nil, err
	}
	lines := strings.Split(string(four), "\n")
	for i := 0; i+1 < len(lines); i += 2 {
		names, values := strings.Fields(lines[i]), strings.Fields(lines[i+1])
		for j, name := range names {
			if isDamage(name) && values[j] != "0" {
				found = append(found, names[0]+name+" "+values[j])
			}
		}
	}
	six, err := os.ReadFile("/proc/net/snmp6")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(six)) {
		if f := strings.Fields(line); len(f) == 2 && isDamage(f[0]) && f[1] != "0" {
			found = append(found, line)
		}
	}
	return found, nil
}

func isDamage(name string) bool {
	for _, end := range []string{"InCsumErrors", "InHdrErrors", "InErrors", "InTruncatedPkts"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}
