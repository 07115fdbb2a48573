package sfu

import (
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/stoa-audio/stoa/internal/id"
)

// A nat stands between one client and the node, and can change the address
// that the node sees.
type nat struct {
	t      *testing.T
	inside *net.UDPConn
	node   netip.AddrPort

	mu      sync.Mutex
	outside *net.UDPConn
	client  netip.AddrPort
}

func newNAT(t *testing.T, node netip.AddrPort) *nat {
	t.Helper()
	inside, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = inside.Close() })
	n := &nat{t: t, inside: inside, node: node}
	n.rebind()
	go func() {
		b := make([]byte, 2000)
		for {
			k, from, err := inside.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			n.mu.Lock()
			n.client = from
			_, _ = n.outside.Write(b[:k])
			n.mu.Unlock()
		}
	}()
	return n
}

// rebind takes a new outside address; what comes to the old one is lost.
func (n *nat) rebind() {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(n.node))
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { _ = conn.Close() })
	n.mu.Lock()
	old := n.outside
	n.outside = conn
	n.mu.Unlock()
	if old != nil {
		_ = old.Close()
	}
	go func() {
		b := make([]byte, 2000)
		for {
			k, err := conn.Read(b)
			if err != nil {
				return
			}
			n.mu.Lock()
			client := n.client
			n.mu.Unlock()
			_, _ = n.inside.WriteToUDPAddrPort(b[:k], client)
		}
	}()
}

// joinBehind seats a person whose packets go through a NAT.
func (n *testNode) joinBehind(room id.Room, maySpeak bool) (*person, *nat) {
	n.t.Helper()
	p, gate := newPerson(n.t), newNAT(n.t, n.LocalAddr())
	n.seat(room, p, maySpeak)
	answer, err := n.Offer(room, p.who, p.session, p.offer())
	if err != nil {
		n.t.Fatal(err)
	}
	node := " " + strings.Replace(n.LocalAddr().String(), ":", " ", 1) + " typ"
	inside := " " + strings.Replace(gate.inside.LocalAddr().String(), ":", " ", 1) + " typ"
	answer = strings.Replace(answer, node, inside, 1)
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		n.t.Fatal(err)
	}
	eventually(n.t, "connected through the NAT", func() bool { return n.Roster(room)[p.who].Up })
	return p, gate
}

// A speaker whose address changes loses nothing: the next packet moves them.
func TestSpeakerMoves(t *testing.T) {
	n, room := newTestNode(t, "127.0.0.1:0"), id.New[id.Room]()
	ada, gate := n.joinBehind(room, true)
	bo := n.join(room, true)
	adas, bos := &speech{}, &speech{}
	ada.warm(adas, bo)
	bo.warm(bos, ada)
	// With three shards, some of the addresses are another shard's.
	for range 8 {
		gate.rebind()
		ada.say(adas, 20, pace)
		bo.say(bos, 20, pace)
	}
	eventually(t, "every packet of ada's came", func() bool { return len(bo.packets(0)) == 160 })
	eventually(t, "every packet of bo's came", func() bool { return len(ada.packets(1)) == 160 })
	if c := n.Counts(); c["handshakes"] != 2 {
		t.Errorf("a new handshake: %v", c)
	}
}

// A captured packet that is sent again from elsewhere moves nobody.
func TestReplayMovesNobody(t *testing.T) {
	n, room := newTestNode(t, "127.0.0.1:0"), id.New[id.Room]()
	ada, gate := n.joinBehind(room, true)
	bo := n.join(room, false)
	said := &speech{}
	ada.warm(said, bo)

	var captured [][]byte
	var mu sync.Mutex
	tap, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(n.LocalAddr()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tap.Close() }()
	addr := func() (a netip.AddrPort) {
		c := n.clientOf(room, ada.who)
		on(t, c.owner.Load(), func() { a = c.Addr })
		return a
	}
	before := addr()
	// Read what the NAT passes on by standing in for it once.
	gate.mu.Lock()
	real := gate.outside
	wire, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	toWire, err := net.DialUDP("udp", nil, wire.LocalAddr().(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	gate.outside = toWire
	gate.mu.Unlock()
	defer func() { _ = wire.Close(); _ = toWire.Close() }()
	go func() {
		b := make([]byte, 2000)
		for {
			k, err := wire.Read(b)
			if err != nil {
				return
			}
			mu.Lock()
			if b[0]&0xc0 == 0x80 {
				captured = append(captured, append([]byte(nil), b[:k]...))
			}
			mu.Unlock()
			_, _ = real.Write(b[:k])
		}
	}()
	ada.say(said, 10, pace)
	eventually(t, "bo hears ada", func() bool { return bo.total() == 10 })
	mu.Lock()
	for _, b := range captured {
		_, _ = tap.Write(b)
	}
	replayed := uint64(len(captured))
	mu.Unlock()
	eventually(t, "the replay is dropped", func() bool { return n.Counts()["drop_stranger"] >= replayed })
	if after := addr(); after != before {
		t.Errorf("ada was moved from %v to %v", before, after)
	}
	if bo.total() != 10 {
		t.Errorf("bo heard %d packets", bo.total())
	}
}

func TestConsentEnds(t *testing.T) {
	n, room := newTestNode(t, "127.0.0.1:0"), id.New[id.Room]()
	p := n.join(room, false)
	c := n.clientOf(room, p.who)
	l := c.owner.Load()
	_ = p.pc.Close()
	after := func(d time.Duration) {
		on(t, l, func() {
			l.now = time.Now().Add(d)
			for range sweep {
				l.tick()
			}
		})
	}
	after(29 * time.Second)
	if len(n.Roster(room)) != 1 {
		t.Fatal("a client is given up while it has consent")
	}
	after(31 * time.Second)
	if len(n.Roster(room)) != 0 {
		t.Error("a client without consent is kept")
	}
	on(t, l, func() {
		l.tick()
		if len(l.clients)+len(l.byAddr)+len(l.bySSRC)+len(l.floors)+n.Peers() != 0 {
			t.Errorf("something is left of it: %d clients, %d addresses, %d streams, %d floors, %d names",
				len(l.clients), len(l.byAddr), len(l.bySSRC), len(l.floors), n.Peers())
		}
	})
	if h := n.hall(room); h.seats[p.who] == nil || h.ears[l.index].Load() != 0 {
		t.Error("the seat went with the connection, or the ears stayed")
	}
}
