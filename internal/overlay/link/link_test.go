package link

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/directory"
	"github.com/stoa-audio/stoa/internal/overlay/frame"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/overlay/overlaytest"
	"github.com/stoa-audio/stoa/internal/overlay/relay"
	"github.com/stoa-audio/stoa/internal/region"
	"github.com/stoa-audio/stoa/internal/udp"
)

var (
	berlin  = region.Place{Region: "eu", Operator: "one"}
	dublin  = region.Place{Region: "eu", Operator: "two"}
	chicago = region.Place{Region: "us", Operator: "one"}
)

// A listener counts what it hears.
type listener struct {
	mu    sync.Mutex
	heard map[string]int
}

func (l *listener) Heard(_ id.Room, _ id.Node, _ id.Person, packet []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard[string(packet)]++
}

func (l *listener) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.heard)
}

// A station is a node of the tests.
type station struct {
	*Trunk
	listener

	node overlaytest.Node
	logs *logs
}

type logs struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logs) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), text)
}

func (s *station) restart(t testing.TB, n *overlaytest.Network, change func(*Config)) {
	t.Helper()
	fence := overlaytest.Fence(t, "*")
	c := Config{
		Listen: "127.0.0.1:0", Self: s.node.Member, Guest: s, Log: slog.New(slog.NewTextHandler(s.logs, nil)),
		Advert: directory.Advert{Fence: fence},
	}
	change(&c)
	if c.Guard == nil {
		store := n.Store(c.Advert.Fence)
		c.Guard = func() identity.Guard {
			return identity.Guard{Certificate: s.node.Certificate(), Store: func() *identity.Store { return store }, Now: time.Now, Protocol: Protocol}
		}
	}
	c.Sign = func(a directory.Advert) (directory.Signed, error) { return a.Sign(s.node.Leaf, s.node.Key) }
	var err error
	if s.Trunk, err = Open(c); err != nil {
		t.Fatal(err)
	}
	trunk := s.Trunk
	t.Cleanup(func() { _ = trunk.Close() })
	if err := s.Say(func(a *directory.Advert) { a.Addresses = []netip.AddrPort{s.LocalAddr()} }); err != nil {
		t.Fatal(err)
	}
}

func start(t testing.TB, n *overlaytest.Network, place region.Place, change func(*Config)) *station {
	t.Helper()
	s := &station{node: n.Node(place), logs: new(logs)}
	s.heard = make(map[string]int)
	s.restart(t, n, change)
	return s
}

func seeds(of ...*station) func(*Config) {
	return func(c *Config) {
		for _, s := range of {
			c.Seeds = append(c.Seeds, s.LocalAddr().String())
		}
	}
}

func (s *station) name() id.Node { return s.node.Member.Node }

// hears reports whether a round trip to another was measured.
func (s *station) hears(other *station) (yes bool) {
	s.ask(func(now time.Duration) {
		number, ok := s.core.Map().Find(other.name())
		yes = ok && s.core.Hop(number).RTT() > 0 && !s.core.Hop(number).Down(now)
	})
	return yes
}

// boots reports whether another's latest start is known.
func (s *station) boots(other *station) (yes bool) {
	s.ask(func(time.Duration) {
		number, ok := s.core.Map().Find(other.name())
		yes = ok && s.neighbour(number).boot == other.boot
	})
	return yes
}

func eventually(t testing.TB, within time.Duration, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}

var agora = id.Room{7}

// speakTo opens a room at s, which the others listen to.
func (s *station) speakTo(t testing.TB, fence string, listeners ...*station) {
	t.Helper()
	f := overlaytest.Fence(t, fence)
	s.Do(func(now time.Duration, n *relay.Node) {
		n.Open(now, agora, f, false, []frame.Voice{{Stream: 0, Who: id.Person{1}}})
	})
	for _, l := range listeners {
		l.Do(func(now time.Duration, n *relay.Node) {
			n.Refence(now, agora, f)
			n.Listen(now, agora, s.name())
		})
	}
}

// Three nodes, one of which knows nobody but the first: all find each other,
// and a voice comes to both others.
func TestVoices(t *testing.T) {
	n := overlaytest.New(t, time.Now(), "eu", "us")
	a := start(t, n, berlin, func(*Config) {})
	b := start(t, n, dublin, seeds(a))
	c := start(t, n, chicago, seeds(a))
	for _, p := range [][2]*station{{a, b}, {b, a}, {b, c}, {c, b}} {
		eventually(t, 5*time.Second, "nodes hear each other", func() bool { return p[0].hears(p[1]) })
	}
	a.speakTo(t, "*", b, c)
	said := 0
	eventually(t, 5*time.Second, "both hear a", func() bool {
		said++
		a.Speak(agora, 0, fmt.Appendf(nil, "packet %d", said))
		return b.count() > 10 && c.count() > 10
	})
	before := c.count()
	for range 100 {
		said++
		a.Speak(agora, 0, fmt.Appendf(nil, "packet %d", said))
		time.Sleep(time.Millisecond)
	}
	eventually(t, time.Second, "all of 100", func() bool { return c.count() >= before+100 })
	for packet, times := range c.heard {
		if times != 1 {
			t.Errorf("%q came %d times", packet, times)
		}
	}
}

// A node that has started anew is spoken to again, with no help.
func TestRestart(t *testing.T) {
	n := overlaytest.New(t, time.Now(), "eu", "us")
	a := start(t, n, berlin, func(*Config) {})
	b := start(t, n, dublin, seeds(a))
	eventually(t, 5*time.Second, "nodes hear each other", func() bool { return a.hears(b) && b.hears(a) })
	for i, one := range []*station{b, a, b, a} {
		other := map[*station]*station{a: b, b: a}[one]
		address := one.LocalAddr().String()
		if i >= 2 {
			if testing.Short() {
				return
			}
			_ = one.conn.Close() // with no goodbye
		}
		_ = one.Close()
		one.restart(t, n, func(c *Config) {
			c.Listen = address
			if one == b {
				c.Seeds = []string{a.LocalAddr().String()}
			}
		})
		eventually(t, 10*time.Second, "they hear each other again", func() bool { return other.boots(one) && a.hears(b) && b.hears(a) })
	}
}

// Who is outside a fence is not spoken to, by either side, and not told of.
func TestFence(t *testing.T) {
	n := overlaytest.New(t, time.Now(), "eu", "us")
	a := start(t, n, berlin, func(*Config) {})
	only := start(t, n, dublin, func(c *Config) {
		c.Advert.Fence = overlaytest.Fence(t, "eu")
		seeds(a)(c)
	})
	c := start(t, n, chicago, seeds(a, only))
	eventually(t, 5*time.Second, "those inside hear each other", func() bool { return a.hears(only) && a.hears(c) && only.hears(a) })
	if err := c.callAt(net.UDPAddrFromAddrPort(only.LocalAddr()), only.name()); err == nil {
		t.Error("a node outside was answered")
	}
	eventually(t, 5*time.Second, "the reason in the log", func() bool { return only.logs.has("outside the fence") || only.logs.has("a node is refused") })
	time.Sleep(500 * time.Millisecond)
	if c.hears(only) || only.hears(c) {
		t.Error("nodes on both sides of a fence hear each other")
	}
	for _, known := range c.Nodes() {
		if known.Node == only.name() {
			t.Error("a node was told of one whose fence it is outside")
		}
	}
	for _, known := range only.Nodes() {
		if known.Place.Region != "eu" {
			t.Error("a fenced node knows one outside")
		}
	}
}

// Floods of the port, of whatever kind, cost their sender, and not the voices.
func TestFlood(t *testing.T) {
	n := overlaytest.New(t, time.Now(), "eu", "us")
	a := start(t, n, berlin, func(*Config) {})
	b := start(t, n, dublin, seeds(a))
	eventually(t, 5*time.Second, "nodes hear each other", func() bool { return a.hears(b) && b.hears(a) })
	a.speakTo(t, "*", b)
	eventually(t, 5*time.Second, "b hears a", func() bool { a.Speak(agora, 0, []byte("first")); return b.count() > 0 })
	conns, err := udp.Listen("127.0.0.1:0", 1)
	if err != nil {
		t.Fatal(err)
	}
	var index uint32
	b.ask(func(time.Duration) {
		for i := range b.keys {
			index = i
		}
	})
	flood := make([]udp.Datagram, 0, 60)
	for i := range 60 {
		data := make([]byte, 600)
		switch i % 3 {
		case 0: // under no key
			data[0], data[3] = 1, byte(i)
		case 1: // under a key that is there, forged
			data[0], data[1], data[2], data[3] = 1, byte(index>>16), byte(index>>8), byte(index)
		default: // QUIC's form
			data[0] = 0xc3
		}
		flood = append(flood, udp.Datagram{Data: data, Addr: b.LocalAddr()})
	}
	for range 200 {
		conns[0].WriteBatch(flood)
		a.Speak(agora, 0, fmt.Appendf(nil, "during %d", b.count()))
		time.Sleep(5 * time.Millisecond)
	}
	_ = conns[0].Close()
	if b.count() < 150 {
		t.Errorf("%d of 200 packets were heard during a flood", b.count())
	}
	if b.Counts.Unknown.Load() == 0 || b.Counts.Forged.Load() == 0 {
		t.Errorf("unknown %d, forged %d", b.Counts.Unknown.Load(), b.Counts.Forged.Load())
	}
	if !b.hears(a) {
		t.Error("the link is down after a flood")
	}
}

func TestStreams(t *testing.T) {
	n := overlaytest.New(t, time.Now(), "eu")
	a := start(t, n, berlin, func(c *Config) {
		c.Serve = func(_ context.Context, from identity.Member, kind string, s *Stream) {
			b, _ := io.ReadAll(s)
			_, _ = fmt.Fprintf(s, "%v %s %s", from.Place, kind, b)
		}
	})
	b := start(t, n, dublin, seeds(a))
	eventually(t, 5*time.Second, "nodes hear each other", func() bool { return b.hears(a) })
	s, err := b.Stream(t.Context(), a.name(), "echo")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = s.Write([]byte("hello"))
	_ = s.Close()
	answer, err := io.ReadAll(s)
	if err != nil || string(answer) != "eu@two echo hello" {
		t.Errorf("%q, %v", answer, err)
	}
	if _, err := b.Stream(t.Context(), id.New[id.Node](), "echo"); err == nil {
		t.Error("a stream to nobody")
	}
}

// A node that others have told of is known before there is a link to it, and is
// probed without harm.
func TestToldOfBeforeLinked(t *testing.T) {
	n := overlaytest.New(t, time.Now(), "eu")
	a := start(t, n, berlin, func(*Config) {})
	told := n.Node(dublin)
	probed := make(chan bool)
	if !a.Do(func(now time.Duration, core *relay.Node) {
		number, ok := core.Know(now, a.known(told.Member))
		if ok {
			core.Hop(number).Probe(now)
		}
		probed <- ok
	}) {
		t.Fatal("the trunk takes no mail")
	}
	if !<-probed {
		t.Error("it is not known")
	}
	if !a.ask(func(time.Duration) {}) {
		t.Error("the trunk has ended")
	}
}
