package link

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/directory"
	"github.com/stoa-audio/stoa/internal/overlay/frame"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/overlay/overlaytest"
	"github.com/stoa-audio/stoa/internal/overlay/seal"
	"github.com/stoa-audio/stoa/internal/region"
	"github.com/stoa-audio/stoa/internal/udp"
)

// A court is what a node of the tests has heard of rulings, and whom it trusts
// by them.
type court struct {
	n     *overlaytest.Network
	node  overlaytest.Node
	mu    sync.Mutex // guards list
	list  []identity.Ruling
	out   []identity.Removal
	fence region.Fence
	store atomic.Pointer[identity.Store]
}

func (c *court) rule(r identity.Ruling) (news bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Removed == nil {
		return false, nil
	}
	removal, err := r.Removed.Verify(c.n.Root)
	if err != nil || slices.Contains(c.out, removal) {
		return false, err
	}
	c.list, c.out = append(c.list, r), append(c.out, removal)
	s, err := identity.NewStore(c.n.Root, c.n.Regions, c.out, c.fence)
	c.store.Store(s)
	return err == nil, err
}

func (c *court) told(fence region.Fence, from int) (out []identity.Ruling, next int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, r := range c.list[from:] {
		if fence.Allows(c.out[from+i].Place) {
			out = append(out, r)
		}
	}
	return out, len(c.list)
}

// withCourt has a station hear of rulings, and trust by them.
func withCourt(n *overlaytest.Network, c *court, then func(*Config)) func(*Config) {
	return func(config *Config) {
		then(config)
		c.n, c.fence = n, config.Advert.Fence
		c.store.Store(n.Store(c.fence))
		config.Rulings, config.Ruled = c.told, c.rule
		config.Guard = func() identity.Guard {
			return identity.Guard{Certificate: c.node.Certificate(), Store: c.store.Load, Now: time.Now}
		}
	}
}

func startWithCourt(t testing.TB, n *overlaytest.Network, place region.Place, then func(*Config)) (*station, *court) {
	t.Helper()
	c := &court{node: n.Node(place)}
	s := &station{node: c.node, logs: new(logs)}
	s.heard = make(map[string]int)
	s.restart(t, n, withCourt(n, c, then))
	return s, c
}

// A node that is removed is cut off by all as soon as one has heard of it, and
// refused from then on; what does not count does nothing.
func TestRemoved(t *testing.T) {
	t.Parallel()
	n := overlaytest.New(t, time.Now(), "eu", "us")
	a, ruler := startWithCourt(t, n, berlin, func(*Config) {})
	b, _ := startWithCourt(t, n, dublin, seeds(a))
	c, _ := startWithCourt(t, n, chicago, seeds(a))
	for _, p := range [][2]*station{{a, c}, {c, a}, {b, c}, {c, b}, {a, b}} {
		eventually(t, 10*time.Second, "nodes hear each other", func() bool { return p[0].hears(p[1]) })
	}
	forged := n.Remove(c.node, time.Now())
	forged.Signature = slices.Clone(forged.Signature)
	forged.Signature[10] ^= 1
	ruler.mu.Lock()
	ruler.list, ruler.out = append(ruler.list, identity.Ruling{Removed: &forged}), append(ruler.out, identity.Removal{Node: c.name(), Place: berlin})
	ruler.mu.Unlock()
	a.Ruled()
	eventually(t, 10*time.Second, "a word that does not count is said", func() bool { return b.logs.has("does not count") })
	if !b.hears(c) {
		t.Fatal("it was removed by nobody")
	}
	removal := n.Remove(c.node, time.Now())
	if news, err := ruler.rule(identity.Ruling{Removed: &removal}); !news || err != nil {
		t.Fatal(news, err)
	}
	a.Ruled()
	for _, s := range []*station{a, b} {
		eventually(t, 10*time.Second, "it is cut off", func() bool { return s.logs.has("its link is cut") && !s.hears(c) && s.Node(c.name()) == nil })
	}
	eventually(t, 10*time.Second, "and refused when it calls", func() bool {
		_ = c.callAt(net.UDPAddrFromAddrPort(b.LocalAddr()), b.name())
		return b.logs.has("removed from the network")
	})
	if !a.hears(b) || !b.hears(a) {
		t.Error("those who stay do not hear each other")
	}
}

// Two machines with one name: the one that has started last is spoken to, and
// the other is told.
func TestTwiceTheSame(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for long: make test")
	}
	t.Parallel()
	n := overlaytest.New(t, time.Now(), "eu")
	a := start(t, n, berlin, func(*Config) {})
	b := start(t, n, dublin, seeds(a))
	eventually(t, 10*time.Second, "nodes hear each other", func() bool { return a.hears(b) && b.hears(a) })
	copied := &station{node: b.node, logs: new(logs)}
	copied.heard = make(map[string]int)
	copied.restart(t, n, seeds(a))
	eventually(t, 15*time.Second, "the later one is spoken to", func() bool { return a.boots(copied) && a.hears(copied) && copied.hears(a) })
	eventually(t, 20*time.Second, "the earlier one is refused, and told", func() bool {
		return a.logs.has("another machine goes by the same name") && b.logs.has("another machine goes by this node's name")
	})
	if !a.boots(copied) || !a.hears(copied) {
		t.Error("the later one is not spoken to any more")
	}
	// Who bears this node's own name is not spoken to either.
	_ = copied.callAt(net.UDPAddrFromAddrPort(b.LocalAddr()), b.name())
	eventually(t, 10*time.Second, "who bears one's own name is refused", func() bool { return b.logs.has("name of this node") || copied.logs.has("name of this node") })
}

// A clock that is minutes off is said to be wrong, and the link works; one that
// is so far off that certificates are not valid yet, or not any more, is refused
// with how far that is.
func TestClocks(t *testing.T) {
	t.Parallel()
	n := overlaytest.New(t, time.Now().Add(-24*time.Hour), "eu")
	a := &station{node: n.NodeAt(berlin, time.Now()), logs: new(logs)}
	a.heard = make(map[string]int)
	a.restart(t, n, func(*Config) {})
	late := func(by time.Duration, node overlaytest.Node) func(*Config) {
		return func(c *Config) {
			seeds(a)(c)
			store := n.Store(c.Advert.Fence)
			now := func() time.Time { return time.Now().Add(-by) }
			c.Guard = func() identity.Guard {
				return identity.Guard{Certificate: node.Certificate(), Store: func() *identity.Store { return store }, Now: now}
			}
		}
	}
	begin := func(by time.Duration) *station {
		s := &station{node: n.NodeAt(dublin, time.Now().Add(-by)), logs: new(logs)}
		s.heard = make(map[string]int)
		s.restart(t, n, late(by, s.node))
		return s
	}
	minutes := begin(10 * time.Minute)
	eventually(t, 10*time.Second, "they hear each other", func() bool { return a.hears(minutes) && minutes.hears(a) })
	eventually(t, 10*time.Second, "and it is said", func() bool {
		return a.logs.has("clocks of two nodes differ") && minutes.logs.has("clocks of two nodes differ")
	})
	if !a.logs.has("by=10m0s") || !minutes.logs.has("by=-10m0s") {
		t.Errorf("by how much is not: %s", &a.logs.text)
	}
	hours := begin(3 * time.Hour)
	eventually(t, 10*time.Second, "certificates of the future are refused", func() bool { return hours.logs.has("is a clock wrong?") })
	if a.hears(hours) || hours.hears(a) {
		t.Error("they hear each other")
	}
}

// A gate passes datagrams between one address and another, each direction only
// while it is open.
type gate struct {
	front       *net.UDPConn
	back        *net.UDPConn
	there, here atomic.Bool // to the node behind, and from it
	from        atomic.Pointer[netip.AddrPort]
}

func newGate(t testing.TB, behind netip.AddrPort) *gate {
	t.Helper()
	listen := func() *net.UDPConn {
		c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	g := &gate{front: listen(), back: listen()}
	g.there.Store(true)
	g.here.Store(true)
	pass := func(from, to *net.UDPConn, open *atomic.Bool, where func(netip.AddrPort) (netip.AddrPort, bool)) {
		b := make([]byte, 2048)
		for {
			size, who, err := from.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			if target, ok := where(who); ok && open.Load() {
				_, _ = to.WriteToUDPAddrPort(b[:size], target)
			}
		}
	}
	go pass(g.front, g.back, &g.there, func(who netip.AddrPort) (netip.AddrPort, bool) {
		g.from.Store(&who)
		return behind, true
	})
	go pass(g.back, g.front, &g.here, func(netip.AddrPort) (netip.AddrPort, bool) {
		if who := g.from.Load(); who != nil {
			return *who, true
		}
		return netip.AddrPort{}, false
	})
	return g
}

func (g *gate) addr() netip.AddrPort { return g.front.LocalAddr().(*net.UDPAddr).AddrPort() }

// A node that has died before it was minded is missed, and is not any more when
// it is back.
func TestMindedTooLate(t *testing.T) {
	t.Parallel()
	n := overlaytest.New(t, time.Now(), "eu")
	missed := make(chan bool, 8)
	a := start(t, n, berlin, func(c *Config) { c.Missed = func(_ id.Node, gone bool) { missed <- gone } })
	b := start(t, n, dublin, func(*Config) {})
	g := newGate(t, b.LocalAddr())
	if err := b.Say(func(d *directory.Advert) { d.Addresses = []netip.AddrPort{g.addr()} }); err != nil {
		t.Fatal(err)
	}
	eventually(t, 15*time.Second, "they hear each other through the gate", func() bool {
		_ = a.callAt(net.UDPAddrFromAddrPort(g.addr()), b.name())
		return a.hears(b) && b.hears(a)
	})
	g.there.Store(false)
	g.here.Store(false)
	eventually(t, 15*time.Second, "it is silent", func() bool { return !a.hears(b) })
	a.Mind(b.name())
	for _, gone := range []bool{true, false} {
		select {
		case is := <-missed:
			if is != gone {
				t.Fatalf("gone: %v, and not %v", is, gone)
			}
		case <-time.After(15 * time.Second):
			t.Fatalf("nobody says that it is gone: %v", gone)
		}
		g.there.Store(true)
		g.here.Store(true)
	}
}

// A link that carries in one direction only is down for both ends, and works
// again when it does.
func TestHalfOpen(t *testing.T) {
	t.Parallel()
	n := overlaytest.New(t, time.Now(), "eu")
	a := start(t, n, berlin, func(*Config) {})
	b := start(t, n, dublin, func(*Config) {})
	g := newGate(t, b.LocalAddr())
	// a knows b by the gate alone, and b does not call.
	if err := b.Say(func(d *directory.Advert) { d.Addresses = []netip.AddrPort{g.addr()} }); err != nil {
		t.Fatal(err)
	}
	through := func() bool {
		_ = a.callAt(net.UDPAddrFromAddrPort(g.addr()), b.name())
		return a.hears(b) && b.hears(a)
	}
	eventually(t, 15*time.Second, "they hear each other through the gate", through)
	a.Mind(b.name()) // as a link that is in use
	b.Mind(a.name())
	for what, side := range map[string]*atomic.Bool{"to b": &g.there, "from b": &g.here} {
		side.Store(false)
		eventually(t, 20*time.Second, "the link is down for both when nothing comes "+what, func() bool { return !a.hears(b) && !b.hears(a) })
		side.Store(true)
		eventually(t, 30*time.Second, "they hear each other again after nothing came "+what, through)
	}
}

// A node that is known by its advert alone, and cannot be reached, is no harm.
func TestNobodyThere(t *testing.T) {
	t.Parallel()
	n := overlaytest.New(t, time.Now(), "eu")
	a := start(t, n, berlin, func(*Config) {})
	silent := n.Node(dublin)
	nobody, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	defer nobody.Close()
	advert := directory.Advert{Addresses: []netip.AddrPort{nobody.LocalAddr().(*net.UDPAddr).AddrPort()}, Fence: overlaytest.Fence(t, "*"), Number: 1}
	signed, err := advert.Sign(silent.Leaf, silent.Key)
	if err != nil {
		t.Fatal(err)
	}
	a.learn(&peer{name: silent.Member.Node, told: make(map[id.Node]uint64)}, signed)
	b := start(t, n, dublin, seeds(a))
	eventually(t, 10*time.Second, "those who are there hear each other", func() bool { return a.hears(b) && b.hears(a) })
	time.Sleep(1500 * time.Millisecond) // each node is probed once a second
	if !a.hears(b) || b.Node(silent.Member.Node) == nil {
		t.Error("a node that does not answer keeps others from each other")
	}
}

// What goes over the socket is counted by who is at the other end; who calls and
// is refused has no more than answers, and what is kept inside is counted, too.
func TestTraffic(t *testing.T) {
	t.Parallel()
	n := overlaytest.New(t, time.Now(), "eu", "us")
	fenced := func(then func(*Config)) func(*Config) {
		return func(c *Config) { c.Advert.Fence = overlaytest.Fence(t, "eu"); then(c) }
	}
	a := start(t, n, berlin, fenced(func(*Config) {}))
	b := start(t, n, dublin, fenced(seeds(a)))
	eventually(t, 10*time.Second, "nodes hear each other", func() bool { return a.hears(b) && b.hears(a) })
	a.speakTo(t, "eu", b)
	eventually(t, 10*time.Second, "b hears a", func() bool { a.Speak(agora, 0, []byte("word")); return b.count() > 0 })
	c := start(t, n, chicago, func(*Config) {})
	eventually(t, 10*time.Second, "who is outside is refused, and counted", func() bool {
		_ = c.callAt(net.UDPAddrFromAddrPort(a.LocalAddr()), a.name())
		return a.Traffic().Outside > 0
	})
	for _, pair := range [][2]*station{{a, b}, {b, a}} {
		sides := pair[0].Traffic().Sides
		if len(sides) != 1 || sides[0].Node != pair[1].name() || sides[0].Place != pair[1].node.Member.Place || !sides[0].Connected || sides[0].Address != pair[1].LocalAddr() {
			t.Fatalf("%+v", sides)
		}
		if s := sides[0]; s.Voices.InBytes == 0 || s.Voices.OutBytes == 0 || s.Control.InBytes == 0 || s.Control.OutBytes == 0 || s.Voices.OutDatagrams == 0 {
			t.Errorf("%+v", s)
		}
	}
	at := a.Traffic()
	if s := at.Strangers; s.InBytes == 0 || s.OutBytes == 0 || s.OutBytes > 3*s.InBytes {
		t.Errorf("from and to who is outside: %+v", s)
	}
	if seeds := b.Traffic().Seeds; seeds.OutBytes == 0 {
		t.Errorf("to the address to begin with: %+v", seeds)
	}
	// What goes to an address of no node is seen, whoever sends it.
	nobody, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	defer nobody.Close()
	if _, err := a.quic.WriteTo(make([]byte, 1000), nobody.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	if now := a.Traffic().Strangers; now.OutBytes < at.Strangers.OutBytes+1000 {
		t.Errorf("%+v", now)
	}
}

// A node that says it is in Sydney, and answers at once those who are in New York,
// is doubted by each of them and by itself, which is said once; they are not.
func TestLiar(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for long: make test")
	}
	t.Parallel()
	n := overlaytest.New(t, time.Now(), "us", "ap")
	type said struct {
		node id.Node
		off  float64
	}
	heard := make([]chan said, 5)
	var all []*station
	for i, at := range [][2]float64{{40.7, -74.0}, {40.8, -74.0}, {40.7, -74.1}, {40.8, -74.1}, {-33.9, 151.2}} {
		heard[i] = make(chan said, 64)
		place := region.Place{Region: "us", Operator: "one"}
		if i == 4 {
			place.Region = "ap"
		}
		all = append(all, start(t, n, place, func(c *Config) {
			seeds(all...)(c)
			c.Advert.Latitude, c.Advert.Longitude = at[0], at[1]
			c.Doubted = func(node id.Node, where region.Place, off float64) {
				if where.Region != "ap" {
					t.Errorf("a node at %v is doubted", where)
				}
				heard[i] <- said{node, off}
			}
		}))
	}
	for i := range all {
		select {
		case one := <-heard[i]:
			if one.node != all[4].name() || one.off < 1000 {
				t.Errorf("node %d doubts %+v", i, one)
			}
		case <-time.After(time.Minute):
			var rtt float64
			all[i].ask(func(time.Duration) {
				if number, ok := all[i].core.Map().Find(all[4].name()); ok {
					rtt = all[i].core.Hop(number).RTT()
				}
			})
			if rtt > 100 {
				t.Skipf("this machine is too busy: a round trip within it takes %.0f ms", rtt)
			}
			t.Fatalf("node %d doubts nobody", i)
		}
	}
	time.Sleep(time.Second)
	for i := range all {
		if len(heard[i]) > 0 {
			t.Errorf("node %d says it more than once: %+v", i, <-heard[i])
		}
	}
}

// --- versions ---

// later is a node of a later version: it speaks whatever a test has it say.
type later struct {
	t    testing.TB
	node overlaytest.Node
	n    *overlaytest.Network
	conn *quic.Conn
	ctrl *quic.Stream
}

// dial calls a station, and offers protocols.
func dial(t testing.TB, n *overlaytest.Network, to *station, protocols ...string) (*later, error) {
	t.Helper()
	l := &later{t: t, n: n, node: n.Node(dublin)}
	store := n.Store(region.Anywhere)
	g := identity.Guard{Certificate: l.node.Certificate(), Store: func() *identity.Store { return store }, Now: time.Now, Protocols: protocols}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, err := quic.DialAddr(ctx, to.LocalAddr().String(), g.Call(to.name()), &quic.Config{InitialPacketSize: 1200})
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = conn.CloseWithError(0, "") })
	l.conn = conn
	l.ctrl, err = conn.OpenStreamSync(ctx)
	return l, err
}

func (l *later) say(lines string) {
	l.t.Helper()
	if _, err := l.ctrl.Write([]byte(lines)); err != nil {
		l.t.Fatal(err)
	}
}

// The newest version that both know is spoken; where there is none, it is said.
func TestProtocols(t *testing.T) {
	t.Parallel()
	n := overlaytest.New(t, time.Now(), "eu")
	a := start(t, n, berlin, func(*Config) {})
	both, err := dial(t, n, a, "stoa-link/2", "stoa-link/1")
	if err != nil || both.conn.ConnectionState().TLS.NegotiatedProtocol != "stoa-link/1" {
		t.Fatalf("%v", err)
	}
	if _, err := dial(t, n, a, "stoa-link/2", "a name that is no business of the log"); err == nil {
		t.Error("a version that is not known is spoken")
	}
	eventually(t, 10*time.Second, "the reason in the log", func() bool {
		return a.logs.has("of another version: it speaks stoa-link/2, this node stoa-link/1")
	})
	if a.logs.has("no business") {
		t.Error("what a stranger says is in the log")
	}
	// And the other way round: a node that knows more, called by one that does not.
	config := &tls.Config{MinVersion: tls.VersionTLS13, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		store, node := n.Store(region.Anywhere), n.Node(dublin)
		g := identity.Guard{Certificate: node.Certificate(), Store: func() *identity.Store { return store }, Now: time.Now, Protocols: []string{"stoa-link/2", "stoa-link/1"}}
		return g.Listen(), nil
	}}
	l, err := quic.ListenAddr("127.0.0.1:0", config, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() { _ = a.callAt(l.Addr().(*net.UDPAddr), id.Node{}) }()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if conn, err := l.Accept(ctx); err != nil || conn.ConnectionState().TLS.NegotiatedProtocol != "stoa-link/1" {
		t.Errorf("%v", err)
	}
}

// A node of a later version says more than this one knows, everywhere it may: in
// its hello, in lines of other kinds, in records of other kinds, and in datagrams
// of another version. What is known is taken in, the rest is passed over.
func TestLaterVersion(t *testing.T) {
	t.Parallel()
	n := overlaytest.New(t, time.Now(), "eu")
	a := start(t, n, berlin, func(*Config) {})
	l, err := dial(t, n, a, "stoa-link/1")
	if err != nil {
		t.Fatal(err)
	}
	l.say(fmt.Sprintf(`{"hello":{"boot":7,"index":5,"fence":"*","clock":%q,"version":9,"colour":"blue"},"weather":["fine"]}`+"\n", time.Now().Format(time.RFC3339Nano)))
	l.say(`{"tune":{"key":"a"}}` + "\n" + `{"clock":"2026-01-01T00:00:00Z","mood":1}` + "\n" + `{"rulings":[{"banished":{"x":1}}]}` + "\n")
	signed, err := directory.Advert{
		Addresses: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:9")}, Fence: region.Anywhere, Number: 3,
	}.Sign(l.node.Leaf, l.node.Key)
	if err != nil {
		t.Fatal(err)
	}
	if err := say(l.ctrl, line{Nodes: []directory.Signed{signed}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "it is known", func() bool { return a.Node(l.node.Member.Node) != nil })
	for _, s := range a.Traffic().Sides {
		if s.Node == l.node.Member.Node && s.Version != Version {
			t.Errorf("version %d is spoken", s.Version)
		}
	}
	// Its datagrams: under the key of the connection, with a record of a kind that
	// does not exist yet before one that does, and behind that one more bytes than
	// it has now.
	state := l.conn.ConnectionState().TLS
	material, err := state.ExportKeyingMaterial(seal.Label, nil, seal.MaterialSize)
	if err != nil {
		t.Fatal(err)
	}
	seals, _, err := seal.Keys(material)
	if err != nil {
		t.Fatal(err)
	}
	conns, err := udp.Listen("127.0.0.1:0", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer conns[0].Close()
	var index uint32
	a.ask(func(time.Duration) {
		for i, h := range a.keys {
			if h.number != 0 {
				index = i
			}
		}
	})
	a.speakTo(t, "*")
	wanted := frame.Want{Room: agora}.Append(nil)
	wanted = append(wanted, 8, 8) // more than it has now
	wanted[2] += 2
	records := append([]byte{20, 99, 0, 3, 1, 2, 3}, wanted...) // a promise, a kind of the future, one of now
	sealed := seals.Append(nil, index, 1, records)
	second := seals.Append(nil, index, 2, []byte{20})
	second[0] = seal.Version + 1
	unknown := a.Counts.Unknown.Load()
	conns[0].WriteBatch([]udp.Datagram{{Data: sealed, Addr: a.LocalAddr()}, {Data: second, Addr: a.LocalAddr()}})
	eventually(t, 10*time.Second, "a datagram of version 2 is counted", func() bool { return a.Counts.Unknown.Load() > unknown })
	eventually(t, 10*time.Second, "what is known of the other one is done", func() (yes bool) {
		a.ask(func(time.Duration) {
			number, ok := a.core.Map().Find(l.node.Member.Node)
			yes = ok && a.core.Hop(number).Counts.Heard == 1 && a.core.Counts.Malformed == 0
		})
		return yes
	})
	if l.conn.Context().Err() != nil {
		t.Error("its connection was ended")
	}
}
