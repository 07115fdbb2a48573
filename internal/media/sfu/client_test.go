package sfu

import (
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/media/forward"
)

// A testNode is an SFU on loopback and what it said about voices.
type testNode struct {
	*SFU
	t *testing.T

	mu     sync.Mutex
	sounds map[id.Room]Sound
}

// newTestNode has shards that share every room.
func newTestNode(t *testing.T, addr string) *testNode {
	t.Helper()
	return newTestNodeWith(t, addr, 1)
}

func newTestNodeWith(t *testing.T, addr string, share int) *testNode {
	t.Helper()
	n := &testNode{t: t, sounds: make(map[id.Room]Sound)}
	host := netip.MustParseAddrPort(addr).Addr()
	s, err := Start(Config{
		Listen: addr, Announce: []netip.Addr{host},
		Log:    slog.New(slog.NewTextHandler(t.Output(), nil)),
		Shards: 3, Share: share, Beats: true,
		Hall: forward.Hall{Listeners: 50, Frame: 40 * time.Millisecond},
		Sound: func(room id.Room, s Sound) {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.sounds[room] = s
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	n.SFU = s
	return n
}

func (n *testNode) soundOf(room id.Room) Sound {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.sounds[room]
}

// clientOf returns whoever sits in a seat.
func (n *testNode) clientOf(room id.Room, who id.Person) *client {
	h := n.hall(room)
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.seats[who].client
}

// on runs f on a shard.
func on(t *testing.T, l *shard, f func()) {
	t.Helper()
	if _, ok := ask(l, func() struct{} { f(); return struct{}{} }); !ok {
		t.Fatal("the shard has stopped")
	}
}

// A person is a pion/webrtc client, unmodified.
type person struct {
	t       *testing.T
	who     id.Person
	session id.Session
	pc      *webrtc.PeerConnection
	mic     *webrtc.TrackLocalStaticRTP

	mu    sync.Mutex
	heard map[int][]rtp.Packet // by slot
}

func (n *testNode) seat(room id.Room, p *person, maySpeak bool) {
	n.Seat(room, p.who, p.session, id.Session{})
	n.Speak(room, p.who, maySpeak)
}

type clientOption func(*webrtc.SettingEngine)

// join seats a new person and connects them.
func (n *testNode) join(room id.Room, maySpeak bool, opts ...clientOption) *person {
	n.t.Helper()
	p := newPerson(n.t, opts...)
	n.seat(room, p, maySpeak)
	p.connect(n, room)
	return p
}

func newPerson(t *testing.T, opts ...clientOption) *person {
	t.Helper()
	engine := webrtc.SettingEngine{}
	engine.SetIncludeLoopbackCandidate(true)
	engine.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	engine.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	for _, o := range opts {
		o(&engine)
	}
	media := &webrtc.MediaEngine{}
	if err := media.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(engine), webrtc.WithMediaEngine(media)).
		NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	p := &person{t: t, who: id.New[id.Person](), session: id.New[id.Session](), pc: pc, heard: make(map[int][]rtp.Packet)}
	p.mic, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "mic", "mic")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pc.AddTransceiverFromTrack(p.mic, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendrecv}); err != nil {
		t.Fatal(err)
	}
	for range forward.Slots {
		if _, err := pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			t.Fatal(err)
		}
	}
	pc.OnTrack(func(track *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
		slot := -2 // the microphone's section is not a slot
		for i, tr := range pc.GetTransceivers() {
			if tr.Receiver() == r {
				slot = i - 1
			}
		}
		for {
			packet, _, err := track.ReadRTP()
			if err != nil {
				return
			}
			p.mu.Lock()
			p.heard[slot] = append(p.heard[slot], *packet)
			p.mu.Unlock()
		}
	})
	return p
}

func (p *person) offer() string {
	p.t.Helper()
	offer, err := p.pc.CreateOffer(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.pc.SetLocalDescription(offer); err != nil {
		p.t.Fatal(err)
	}
	return p.pc.LocalDescription().SDP
}

func (p *person) connect(n *testNode, room id.Room) {
	p.t.Helper()
	up := make(chan struct{})
	var once sync.Once
	p.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			once.Do(func() { close(up) })
		}
	})
	answer, err := n.Offer(room, p.who, p.session, p.offer())
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-up:
	case <-time.After(15 * time.Second):
		p.t.Fatalf("not connected: %v", p.pc.ConnectionState())
	}
	eventually(p.t, "the node has the keys", func() bool { return n.Roster(room)[p.who].Up })
}

// A speech is a stretch of packets with numbers that go on.
type speech struct {
	seq uint16
	ts  uint32
}

// say sends n packets of 20 ms at the given pace.
func (p *person) say(s *speech, n int, pace time.Duration) {
	p.t.Helper()
	for i := range n {
		s.seq++
		s.ts += 960
		err := p.mic.WriteRTP(&rtp.Packet{
			Header:  rtp.Header{Version: 2, SequenceNumber: s.seq, Timestamp: s.ts},
			Payload: []byte{0x78, byte(i), byte(i >> 8), 'v', 'o', 'i', 'c', 'e'},
		})
		if err != nil {
			p.t.Fatal(err)
		}
		time.Sleep(pace)
	}
}

// warm speaks until every listener hears it, and forgets what they heard:
// pion/webrtc drops what comes before it has started its receivers.
func (p *person) warm(s *speech, listeners ...*person) {
	p.t.Helper()
	eventually(p.t, "the listeners hear "+p.who.String(), func() bool {
		p.say(s, 1, 5*time.Millisecond)
		for _, l := range listeners {
			if l.total() == 0 {
				return false
			}
		}
		return true
	})
	time.Sleep(50 * time.Millisecond)
	for _, l := range listeners {
		l.mu.Lock()
		clear(l.heard)
		l.mu.Unlock()
	}
}

// packets returns what was heard in a slot.
func (p *person) packets(slot int) []rtp.Packet {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]rtp.Packet(nil), p.heard[slot]...)
}

func (p *person) total() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, packets := range p.heard {
		n += len(packets)
	}
	return n
}

// eventually waits for something that another goroutine is about to make true.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if f() {
			return
		}
	}
	t.Fatalf("it never happened: %s", what)
}

// testTime is when it is for a loop that is not running.
var testTime = time.Unix(1_800_000_000, 0)
