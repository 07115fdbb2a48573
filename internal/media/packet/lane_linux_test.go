package packet

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/stoa-audio/stoa/internal/udp"
)

// A source is a socket, its lane, and what has been sent.
type source struct {
	*Lane

	wire    *wire
	network *Network
	sent    []udp.Datagram
	rnd     *rand.Rand
}

func newSource(w *wire, listen string) *source {
	w.t.Helper()
	conn := listenOn(w.t, listen)
	network, err := Open(slog.New(slog.NewTextHandler(w.t.Output(), nil)))
	w.must(err)
	lane, err := network.Lane(conn)
	w.must(err)
	w.t.Cleanup(func() { w.must(network.Close()) })
	return &source{Lane: lane, wire: w, network: network, rnd: rand.New(rand.NewPCG(1, 1))}
}

func listenOn(t testing.TB, addr string) *udp.Conn {
	t.Helper()
	conns, err := udp.Listen(addr, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conns[0].Close() })
	return conns[0]
}

// send sends n datagrams of any length and contents, at least one byte and at
// most max.
func (s *source) send(to netip.Addr, n, longest int) {
	s.wire.t.Helper()
	var out []udp.Datagram
	for range n {
		data := make([]byte, 1+s.rnd.IntN(longest))
		for i := range data {
			data[i] = byte(s.rnd.Uint32())
		}
		out = append(out, udp.Datagram{Data: data, Addr: netip.AddrPortFrom(to, s.wire.port)})
	}
	if u := s.WriteBatch(out); u != (udp.Unsent{}) {
		s.wire.t.Fatalf("to %v: %+v not sent", to, u)
	}
	s.sent = append(s.sent, out...)
}

// untilFramed sends until the way is known.
func (s *source) untilFramed(to netip.Addr) {
	s.wire.t.Helper()
	before, _ := s.network.Sent()
	for began := time.Now(); time.Since(began) < 2*time.Second; time.Sleep(2 * time.Millisecond) {
		s.send(to, 1, 100)
		if now, _ := s.network.Sent(); now > before {
			return
		}
	}
	s.wire.t.Fatalf("after 2 s the way to %v is not known", to)
}

// arrived compares what has come with what was sent: all of it, whole, once,
// and from the right address. It reports whether the order is the same too,
// which it need not be while ways are found and lost.
func (s *source) arrived(from netip.Addr) (inOrder bool) {
	s.wire.t.Helper()
	got := s.wire.ask(command{Do: "collect", Count: len(s.sent)}).Came
	want, came := make([]string, len(s.sent)), make([]string, len(got))
	for i, d := range s.sent {
		want[i] = string(d.Data)
	}
	for i, d := range got {
		came[i] = string(d.Data)
		if d.From != netip.AddrPortFrom(from, s.conn.LocalAddr().Port()) {
			s.wire.t.Fatalf("datagram %d is from %v, want %v", i, d.From, from)
		}
	}
	inOrder = slices.Equal(came, want)
	slices.Sort(came)
	slices.Sort(want)
	if !slices.Equal(came, want) {
		s.wire.t.Fatalf("%d datagrams have come, %d were sent, and they are not the same", len(came), len(want))
	}
	s.sent = s.sent[:0]
	if damage := s.wire.ask(command{Do: "count errors"}).Errors; len(damage) > 0 {
		s.wire.t.Fatalf("the far side's system has counted %v", damage)
	}
	return inOrder
}

// Nothing is lost while the way is not known; then all goes as frames, and
// arrives as it would over a socket.
func TestAcross(t *testing.T) {
	w := newWire(t)
	for _, c := range []struct{ listen, to, from string }{
		{":0", "10.78.0.2", "10.78.0.1"},
		{":0", "10.79.1.2", "10.78.0.1"},
		{":0", "fd78::2", "fd78::1"},
		{":0", "fd79::1:2", "fd78::1"},
		{"10.78.0.9:0", "10.78.0.2", "10.78.0.9"},
		{"10.78.0.9:0", "10.79.1.3", "10.78.0.9"},
		{"[fd78::1]:0", "fd79::1:3", "fd78::1"},
	} {
		t.Run(c.listen+" "+c.to, func(t *testing.T) {
			w := w.in(t)
			s, to, from := newSource(w, c.listen), netip.MustParseAddr(c.to), netip.MustParseAddr(c.from)
			s.send(to, 100, 1200)
			if framed, over := s.network.Sent(); framed+over != 100 || over < udp.BatchMax {
				t.Errorf("at first %d as frames, %d over the socket", framed, over)
			}
			s.arrived(from)
			s.untilFramed(to)
			s.arrived(from)
			// The interfaces are new: what the system finds out about them may
			// make the network forget, and find the ways again.
			eventually(t, "all go as frames", func() bool {
				before, overBefore := s.network.Sent()
				s.send(to, 500, 1400)
				framed, over := s.network.Sent()
				return s.arrived(from) && framed == before+500 && over == overBefore
			})
		})
	}
}

// A datagram to several addresses, each with its own way.
func TestMixed(t *testing.T) {
	w := newWire(t)
	s := newSource(w, ":0")
	here := listenOn(t, "127.0.0.1:0")
	known := netip.MustParseAddr("10.78.0.2")
	s.untilFramed(known)
	s.arrived(nearFour)
	before, overBefore := s.network.Sent()

	// What is longer than the path's MTU goes over the socket, which cuts it.
	long := udp.Datagram{Data: make([]byte, 1480), Addr: netip.AddrPortFrom(known, s.wire.port)}
	fits := udp.Datagram{Data: make([]byte, 1472), Addr: netip.AddrPortFrom(known, s.wire.port)}
	loop := udp.Datagram{Data: []byte("here"), Addr: here.LocalAddr()}
	bad := udp.Datagram{Data: []byte("nowhere"), Addr: netip.MustParseAddrPort("192.0.2.1:9")}
	empty := udp.Datagram{Addr: fits.Addr}
	zoned := udp.Datagram{Data: []byte("zoned"), Addr: netip.MustParseAddrPort("[fe80::1%1]:9")}
	if u := s.WriteBatch([]udp.Datagram{fits, loop, bad, empty, fits}); u != (udp.Unsent{Refused: 2}) {
		t.Errorf("not sent: %+v", u)
	}
	s.sent = append(s.sent, fits, fits)
	s.arrived(nearFour)
	s.WriteBatch([]udp.Datagram{long})
	s.sent = append(s.sent, long)
	s.arrived(nearFour)
	if framed, over := s.network.Sent(); framed != before+2 || over != overBefore+4 {
		t.Errorf("%d as frames, %d over the socket", framed-before, over-overBefore)
	}
	in := make([]udp.Datagram, 1)
	w.must(here.SetDeadline(time.Now().Add(2 * time.Second)))
	if n, err := here.Read(in); n != 1 || err != nil || string(in[0].Data) != "here" {
		t.Errorf("here %d, %v", n, err)
	}

	// None of them becomes a frame later. What the system says late of the new
	// interfaces makes the network forget answers; then the next datagram asks again.
	for _, d := range []udp.Datagram{loop, bad, zoned} {
		eventually(t, fmt.Sprint("an answer for ", d.Addr), func() bool {
			s.WriteBatch([]udp.Datagram{d})
			return s.knows(d.Addr.Addr())
		})
	}
	framed, _ := s.network.Sent()
	s.WriteBatch([]udp.Datagram{loop, bad, zoned})
	if now, _ := s.network.Sent(); now != framed {
		t.Error("what is no way for frames is one now")
	}
}

func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for began := time.Now(); time.Since(began) < 2*time.Second; time.Sleep(time.Millisecond) {
		if is() {
			return
		}
	}
	t.Fatalf("after 2 s: %s", what)
}

// A route that changes is followed within a second, and nothing is lost
// meanwhile.
func TestRouteChanges(t *testing.T) {
	w := newWire(t)
	s, to := newSource(w, nearFour.String()+":0"), netip.MustParseAddr("10.79.3.4")
	s.untilFramed(to)
	s.arrived(nearFour)
	before, other := w.sentBy("n0"), w.sentBy("n1")
	s.send(to, 100, 100)
	if n := w.sentBy("n0") - before; n < 90 { // over the socket, several may be one to it
		t.Errorf("n0 has sent %d packets of 100", n)
	}
	if n := w.sentBy("n1") - other; n > 5 {
		t.Errorf("n1 has sent %d", n)
	}

	changed := time.Now()
	w.route("10.79.0.0/16", "10.80.0.2")
	for other = w.sentBy("n1"); ; time.Sleep(5 * time.Millisecond) {
		framed, _ := s.network.Sent()
		s.send(to, 20, 100)
		now, _ := s.network.Sent()
		if now == framed+20 && w.sentBy("n1")-other >= 20 {
			break
		}
		other = w.sentBy("n1")
		if time.Since(changed) > time.Second {
			t.Fatal("after a second no frame has gone the new way")
		}
	}
	before = w.sentBy("n0")
	s.send(to, 100, 100)
	if n := w.sentBy("n0") - before; n > 5 {
		t.Errorf("n0 still sends: %d packets", n)
	}
	s.arrived(nearFour)
}

// A neighbour that the system forgets is found again, and one that has another
// hardware address is followed, without loss.
func TestNeighbourChanges(t *testing.T) {
	w := newWire(t)
	s := newSource(w, ":0")
	for _, c := range []struct {
		to, next string
		from     netip.Addr
	}{{"10.79.3.4", "10.78.0.2", nearFour}, {"fd79::5", "fd78::2", nearSix}} {
		to, next := netip.MustParseAddr(c.to), netip.MustParseAddr(c.next)
		s.untilFramed(to)
		n0 := w.link("n0").Attrs().Index
		w.must(netlink.NeighDel(&netlink.Neigh{LinkIndex: n0, IP: next.AsSlice()}))
		_, over := s.network.Sent()
		eventually(t, "the neighbour is missed", func() bool {
			s.send(to, 1, 100)
			_, now := s.network.Sent()
			return now > over
		})
		s.untilFramed(to)
		s.arrived(c.from)

		// Somebody else takes the address over, and says so.
		w.must(netlink.NeighSet(&netlink.Neigh{
			LinkIndex: n0, IP: next.AsSlice(), State: netlink.NUD_STALE, HardwareAddr: []byte{2, 0, 0, 0, 0, 9},
		}))
		eventually(t, "the new address is used", func() bool {
			s.send(to, 1, 100)
			way := s.way(to)
			if way == nil {
				return false
			}
			m, usable := way.hop.mac()
			return usable && m == mac{2, 0, 0, 0, 0, 9}
		})
		// Nobody is there: only the first may have come.
		w.ask(command{Do: "collect"})
		s.sent = s.sent[:0]
	}
}

// way returns what is known of the way to an address.
func (l *Lane) way(to netip.Addr) *way {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ways[to]
}

// An interface that goes takes its ways with it, and brings them back.
func TestLinkGoes(t *testing.T) {
	w := newWire(t)
	s, to := newSource(w, ":0"), netip.MustParseAddr("10.78.0.2")
	s.untilFramed(to)
	s.arrived(nearFour)
	w.must(netlink.LinkSetDown(w.link("n0")))
	one := []udp.Datagram{{Data: []byte("x"), Addr: netip.AddrPortFrom(to, s.wire.port)}}
	eventually(t, "the system says that there is no way", func() bool { return s.WriteBatch(one) == udp.Unsent{Refused: 1} })
	w.up("n0")
	eventually(t, "it goes again", func() bool {
		framed, _ := s.network.Sent()
		s.WriteBatch(one)
		now, _ := s.network.Sent()
		return now > framed
	})
}

// A way is asked for again after a while, so that the system sees now and then
// that somebody still sends there.
func TestWaysExpire(t *testing.T) {
	w := newWire(t)
	l, err := openLane(&Network{asked: make(chan ask, 1)}, listenOn(t, ":0"))
	w.must(err)
	defer func() { w.must(l.close()) }()
	now, a := time.Now(), netip.MustParseAddr("192.0.2.0")
	for i := range 1000 {
		l.learn(a, nil, now.Add(time.Duration(i)*time.Millisecond))
		a = a.Next()
	}
	l.expire(now.Add(500 * time.Millisecond))
	if len(l.ways) != 500 || len(l.resolved) != 500 {
		t.Errorf("%d ways, %d to expire", len(l.ways), len(l.resolved))
	}
	for range 2 * waysMax {
		l.learn(a, nil, now)
		a = a.Next()
	}
	if len(l.ways) != waysMax {
		t.Errorf("%d ways", len(l.ways))
	}
}

// What the interface has no room for is late; what it does not take goes over
// the socket.
func TestUnsent(t *testing.T) {
	w := newWire(t)
	here, conn := listenOn(t, "127.0.0.1:0"), listenOn(t, ":0")
	l, err := openLane(&Network{asked: make(chan ask, 1)}, conn)
	w.must(err)
	defer func() { w.must(l.close()) }()
	// A veth whose other end is down takes nothing.
	w.must(netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "n2"}, PeerName: "n3"}))
	defer func() { w.must(netlink.LinkDel(w.link("n2"))) }()
	w.up("n2")
	full, gone := netip.MustParseAddr("192.0.2.1"), here.LocalAddr().Addr()
	next := new(hop)
	next.set(mac{2, 0, 0, 0, 0, 1})
	until := time.Now().Add(time.Minute)
	l.learn(full, &way{link: &link{index: w.link("n2").Attrs().Index}, source: nearFour, packetMax: 1500, hop: next}, until)
	l.learn(gone, &way{link: &link{index: 9999}, source: gone, packetMax: 1500, hop: next}, until)
	out := []udp.Datagram{{Data: []byte("gone"), Addr: here.LocalAddr()}}
	for range udp.BatchMax {
		out = append(out, udp.Datagram{Data: []byte("full"), Addr: netip.AddrPortFrom(full, 9)})
	}
	if u := l.WriteBatch(out); u != (udp.Unsent{Full: udp.BatchMax}) {
		t.Errorf("not sent: %+v", u)
	}
	in := make([]udp.Datagram, 1)
	w.must(here.SetDeadline(time.Now().Add(2 * time.Second)))
	if n, err := here.Read(in); n != 1 || err != nil || string(in[0].Data) != "gone" {
		t.Errorf("%d, %v", n, err)
	}
}

func TestBatchesAllocateNothing(t *testing.T) {
	w := newWire(t)
	s := newSource(w, ":0")
	var out []udp.Datagram
	for _, a := range []string{"10.78.0.2", "fd79::1"} {
		to := netip.MustParseAddr(a)
		s.untilFramed(to)
		for range udp.BatchMax / 2 {
			out = append(out, udp.Datagram{Data: make([]byte, 160), Addr: netip.AddrPortFrom(to, s.wire.port)})
		}
	}
	before, overBefore := s.network.Sent()
	if n := testing.AllocsPerRun(100, func() { s.WriteBatch(out) }); n != 0 {
		t.Errorf("%v allocations per batch of %d", n, len(out))
	}
	if framed, over := s.network.Sent(); framed != before+101*udp.BatchMax || over != overBefore {
		t.Errorf("%d as frames, %d over the socket", framed-before, over-overBefore)
	}
}

// Whoever may not send frames is told so at once.
func TestWithoutTheRight(t *testing.T) {
	newWire(t)
	runtime.LockOSThread() // rights are a thread's
	defer runtime.UnlockOSThread()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var have [2]unix.CapUserData
	if err := unix.Capget(&header, &have[0]); err != nil {
		t.Fatal(err)
	}
	less := have
	less[0].Effective &^= 1 << unix.CAP_NET_RAW
	if err := unix.Capset(&header, &less[0]); err != nil {
		t.Fatal(err)
	}
	_, err := Open(slog.New(slog.DiscardHandler))
	if back := unix.Capset(&header, &have[0]); back != nil {
		t.Fatal(back)
	}
	if !errors.Is(err, unix.EPERM) {
		t.Errorf("it says %v", err)
	}
}

// That one right is enough.
func TestWithTheRightAlone(t *testing.T) {
	w := newWire(t)
	// By this path, since directories on the other may be closed to others.
	c := exec.Command("/proc/self/exe", netip.AddrPortFrom(netip.MustParseAddr("10.79.0.1"), w.sink).String())
	c.Env = append(os.Environ(), roleKey+"="+alone)
	const nobody = 65534
	c.SysProcAttr = &syscall.SysProcAttr{
		Credential: &syscall.Credential{Uid: nobody, Gid: nobody}, AmbientCaps: []uintptr{unix.CAP_NET_RAW},
	}
	if said, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, said)
	}
}

// runAlone sends to an address until that goes as frames.
func runAlone(addr string) error {
	to, err := netip.ParseAddrPort(addr)
	if err != nil {
		return err
	}
	conns, err := udp.Listen(":0", 1)
	if err != nil {
		return err
	}
	network, err := Open(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		return err
	}
	lane, err := network.Lane(conns[0])
	if err != nil {
		return err
	}
	for began := time.Now(); time.Since(began) < 2*time.Second; time.Sleep(2 * time.Millisecond) {
		lane.WriteBatch([]udp.Datagram{{Data: []byte("x"), Addr: to}})
		if framed, _ := network.Sent(); framed > 0 {
			return errors.Join(network.Close(), conns[0].Close())
		}
	}
	return errors.New("after 2 s none has gone as a frame")
}

func BenchmarkLane(b *testing.B) {
	w := newWire(b)
	s := newSource(w, ":0")
	var out []udp.Datagram
	to := netip.MustParseAddr("10.79.0.1")
	for range 1024 {
		out = append(out, udp.Datagram{Data: make([]byte, 160), Addr: netip.AddrPortFrom(to, w.sink)}) // where nobody reads
		s.WriteBatch(out[len(out)-1:])
		to = to.Next()
	}
	for _, d := range out {
		eventually(b, "a way", func() bool { s.WriteBatch([]udp.Datagram{d}); return s.way(d.Addr.Addr()) != nil })
	}
	for _, c := range []struct {
		name string
		lane interface {
			WriteBatch(out []udp.Datagram) udp.Unsent
		}
	}{{"udp", s.conn}, {"packet", s.Lane}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			before := processTime(b)
			for i := 0; b.Loop(); i += udp.BatchMax {
				at := i % len(out)
				c.lane.WriteBatch(out[at : at+udp.BatchMax])
			}
			b.ReportMetric(float64(processTime(b)-before)/float64(b.N*udp.BatchMax), "cpu-ns/packet")
		})
	}
}

// processTime is what others who want the processors do not change so much. On
// a veth pair the far side's IP stack is in it.
func processTime(b *testing.B) int64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
