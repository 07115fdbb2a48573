package sfu

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/webrtc/v4"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/media/peer"
	"github.com/stoa-audio/stoa/internal/udp"
)

const pace = 2 * time.Millisecond

func TestVoicesReachTheOthers(t *testing.T) {
	for name, c := range map[string]struct {
		addr string
		opts []clientOption
	}{
		"IPv4":              {"127.0.0.1:0", nil},
		"IPv6":              {"[::1]:0", nil},
		"AES-CM, HMAC-SHA1": {"127.0.0.1:0", []clientOption{func(e *webrtc.SettingEngine) { e.SetSRTPProtectionProfiles(dtls.SRTP_AES128_CM_HMAC_SHA1_80) }}},
	} {
		t.Run(name, func(t *testing.T) {
			n, room := newTestNode(t, c.addr), id.New[id.Room]()
			ada := n.join(room, true, c.opts...)
			bo := n.join(room, true, c.opts...)
			cy := n.join(room, false, c.opts...)
			elsewhere := n.join(id.New[id.Room](), false, c.opts...)

			adas, bos := &speech{seq: 65400}, &speech{}
			ada.warm(adas, bo, cy)
			bo.warm(bos, ada, cy)
			before := n.Counts()
			ada.say(adas, 100, pace) // across a wrap
			eventually(t, "bo and cy hear ada", func() bool { return len(bo.packets(0)) == 100 && len(cy.packets(0)) == 100 })
			bo.say(bos, 50, pace)
			eventually(t, "cy hears bo", func() bool { return len(cy.packets(1)) == 50 })
			eventually(t, "ada hears bo", func() bool { return len(ada.packets(1)) == 50 })

			if n := len(ada.packets(0)); n != 0 {
				t.Errorf("ada hears %d packets of her own", n)
			}
			if n := elsewhere.total(); n != 0 {
				t.Errorf("another room hears %d packets", n)
			}
			heard := cy.packets(0)
			for i := 1; i < len(heard); i++ {
				if heard[i].SequenceNumber != heard[i-1].SequenceNumber+1 || heard[i].Timestamp != heard[i-1].Timestamp+960 {
					t.Fatalf("packet %d: %d %d after %d %d", i, heard[i].SequenceNumber, heard[i].Timestamp, heard[i-1].SequenceNumber, heard[i-1].Timestamp)
				}
			}
			if heard[0].SequenceNumber > 1<<14 {
				t.Errorf("a stream begins with number %d", heard[0].SequenceNumber)
			}
			if a, b := bo.packets(0)[0], heard[0]; a.SSRC == b.SSRC || a.Timestamp == b.Timestamp {
				t.Errorf("two listeners are sent the same: SSRC %x %x, timestamp %d %d", a.SSRC, b.SSRC, a.Timestamp, b.Timestamp)
			}
			eventually(t, "the voices are told", func() bool {
				v := n.soundOf(room)
				return v.Slots[0] == ada.who && v.Slots[1] == bo.who
			})
			after := n.Counts()
			if in, out := after["packets_in"]-before["packets_in"], after["packets_out"]-before["packets_out"]; in != 150 || out != 300 || after["drop_send_full"]+after["drop_send_refused"] != 0 {
				t.Errorf("%d in, %d out: %v", in, out, after)
			}
		})
	}
}

// While one shard can do it all, no other is waked by anybody.
func TestFewAreHeardByOneShard(t *testing.T) {
	n, room := newTestNodeWith(t, "127.0.0.1:0", 0), id.New[id.Room]()
	for range 8 {
		n.join(room, false)
	}
	for i, l := range n.shards[1:] {
		on(t, l, func() {
			if len(l.abroad) > 0 || len(l.clients) > 0 {
				t.Errorf("shard %d hears %d", i+1, len(l.abroad)+len(l.clients))
			}
		})
	}
}

// When the system brings what comes from an address to another shard than
// before, even in the middle of a handshake, it is handed to whose it is.
func TestAnotherShardHears(t *testing.T) {
	n, room := newTestNodeWith(t, "127.0.0.1:0", 0), id.New[id.Room]()
	p := n.join(room, false)
	c, other := n.clientOf(room, p.who), n.shards[1]
	var from netip.AddrPort
	on(t, c.owner.Load(), func() { from = c.Addr })
	for range 2 {
		// A record of an alert, of version 1.2 and no length: out of place.
		on(t, other, func() {
			other.handle(udp.Datagram{Data: []byte{21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, Addr: from})
		})
	}
	eventually(t, "both are handed on", func() bool { return n.Counts()["drop_dtls"] == 2 })
	on(t, other, func() {
		if other.abroad[from] == nil || other.abroad[from].client != c {
			t.Error("the address is still a stranger's")
		}
	})

	// And who is here already is known before.
	second := n.join(room, false)
	c = n.clientOf(room, second.who)
	on(t, c.owner.Load(), func() { from = c.Addr })
	n.introduce()
	on(t, other, func() {
		if other.abroad[from] == nil || other.abroad[from].client != c {
			t.Error("nobody has told of the address")
		}
	})
	if c := n.Counts(); c["drop_stranger"] != 0 {
		t.Errorf("counts: %v", c)
	}
}

// The people of a small room are with one shard, whichever socket hears them;
// those of a larger one are with all, in equal shares.
func TestARoomFillsOneShardFirst(t *testing.T) {
	for _, c := range []struct{ share, shards int }{{0, 1}, {2, 3}} {
		n, room := newTestNodeWith(t, "127.0.0.1:0", c.share), id.New[id.Room]()
		ada := n.join(room, true)
		others := []*person{n.join(room, false), n.join(room, false), n.join(room, false), n.join(room, false), n.join(room, false)}
		said := &speech{}
		ada.warm(said, others...)
		ada.say(said, 20, pace)
		for i, p := range others {
			eventually(t, "everybody hears", func() bool { return p.total() == 20 })
			if i == 0 {
				n.Unseat(room, p.who)
			}
		}
		eventually(t, "who has gone is with nobody", func() bool {
			owners, own, ears := 0, 0, 0
			for i := range n.shards {
				h := n.hall(room)
				if h.own[i].Load() > 0 {
					owners++
				}
				own += int(h.own[i].Load())
				ears += int(h.ears[i].Load())
			}
			return owners == c.shards && own == 5 && ears == 5
		})
		if c := n.Counts(); c["drop_inbox"]+c["drop_late"]+c["drop_stranger"] != 0 {
			t.Errorf("%v", c)
		}
	}
}

// The promotion of a listener, and a change of who is in a slot, leave no hole
// in the numbers that a listener sees.
func TestOneStreamAcrossSpeakers(t *testing.T) {
	n, room := newTestNode(t, "127.0.0.1:0"), id.New[id.Room]()
	ada, bo, cy := n.join(room, true), n.join(room, false), n.join(room, false)
	said := &speech{seq: 1000, ts: 5000}
	ada.warm(said, cy)
	ada.say(said, 30, pace)

	bo.say(&speech{}, 20, pace) // not on the stage: nobody hears it
	n.Speak(room, ada.who, false)
	n.Speak(room, bo.who, true)
	eventually(t, "bo may speak", func() bool { return n.Roster(room)[bo.who].MaySpeak })
	ada.say(said, 20, pace) // nor this
	bo.say(&speech{seq: 40000}, 30, pace)

	eventually(t, "cy hears both", func() bool { return len(cy.packets(0)) == 60 })
	heard := cy.packets(0)
	for i := 1; i < len(heard); i++ {
		if heard[i].SequenceNumber != heard[i-1].SequenceNumber+1 || heard[i].SSRC != heard[0].SSRC {
			t.Fatalf("packet %d: %d after %d", i, heard[i].SequenceNumber, heard[i-1].SequenceNumber)
		}
		if step := int32(heard[i].Timestamp - heard[i-1].Timestamp); step < 960 || step > 960+48*10000 {
			t.Fatalf("packet %d: the timestamp steps by %d", i, step)
		}
	}
	if !heard[30].Marker {
		t.Error("a new speaker's first packet has no marker")
	}
	if c := n.Counts(); c["drop_not_on_stage"] != 40 {
		t.Errorf("counts: %v", c)
	}
}

func TestCutIsAtOnce(t *testing.T) {
	n, room := newTestNode(t, "127.0.0.1:0"), id.New[id.Room]()
	ada, bo := n.join(room, true), n.join(room, false)
	said := &speech{}
	ada.warm(said, bo)
	ada.say(said, 10, pace)
	eventually(t, "bo hears ada", func() bool { return bo.total() == 10 })

	n.Unseat(room, bo.who)
	if r := n.Roster(room); len(r) != 1 {
		t.Fatalf("after a removal: %v", r)
	}
	ada.say(said, 10, pace)
	n.Unseat(room, ada.who)
	ada.say(said, 10, pace)
	time.Sleep(50 * time.Millisecond)
	if bo.total() != 10 {
		t.Errorf("bo was removed and heard %d more packets", bo.total()-10)
	}
	if c := n.Counts(); c["drop_stranger"] == 0 {
		t.Errorf("a removed speaker's packets are not a stranger's: %v", c)
	}
	if _, err := n.Offer(room, bo.who, bo.session, newPerson(t).offer()); !errors.Is(err, ErrNoSeat) {
		t.Errorf("an offer without a seat: %v", err)
	}
}

func TestSecondDeviceTakesOver(t *testing.T) {
	n, room := newTestNode(t, "127.0.0.1:0"), id.New[id.Room]()
	ada, first := n.join(room, true), n.join(room, false)
	second := newPerson(t)
	second.who = first.who
	n.seat(room, second, false)
	if r := n.Roster(room); r[first.who] != (Receiver{}) {
		t.Fatalf("the first device is still connected: %v", r)
	}
	if _, err := n.Offer(room, first.who, first.session, newPerson(t).offer()); !errors.Is(err, ErrNoSeat) {
		t.Errorf("the first device comes back: %v", err)
	}
	second.connect(n, room)
	said := &speech{}
	ada.warm(said, second)
	ada.say(said, 20, pace)
	eventually(t, "the second device hears", func() bool { return second.total() == 20 })
	if first.total() != 0 {
		t.Errorf("the first device heard %d packets", first.total())
	}
}

func TestSameSessionConnectsAgain(t *testing.T) {
	n, room := newTestNode(t, "127.0.0.1:0"), id.New[id.Room]()
	ada, bo := n.join(room, true), n.join(room, false)
	again := newPerson(t)
	again.who, again.session = bo.who, bo.session
	again.connect(n, room)
	said := &speech{}
	ada.warm(said, again)
	ada.say(said, 20, pace)
	eventually(t, "the new connection hears", func() bool { return again.total() == 20 })
	if bo.total() != 0 {
		t.Errorf("the old connection heard %d packets", bo.total())
	}
}

// A client that only its WebSocket had left goes on hearing.
func TestSameDeviceComesBack(t *testing.T) {
	n, room := newTestNode(t, "127.0.0.1:0"), id.New[id.Room]()
	ada, bo := n.join(room, true), n.join(room, false)
	said := &speech{}
	ada.warm(said, bo)
	again := id.New[id.Session]()
	n.Seat(room, bo.who, again, bo.session)
	if !n.Up(room, bo.who, again) || n.Up(room, bo.who, bo.session) || n.Up(id.New[id.Room](), bo.who, again) {
		t.Fatalf("after coming back: %+v", n.Roster(room))
	}
	ada.say(said, 20, pace)
	eventually(t, "the connection goes on", func() bool { return bo.total() == 20 })
}

func TestForeignCertificateIsRefused(t *testing.T) {
	n, room := newTestNode(t, "127.0.0.1:0"), id.New[id.Room]()
	p := newPerson(t)
	n.seat(room, p, false)
	offer, err := peer.ParseOffer(p.offer())
	if err != nil {
		t.Fatal(err)
	}
	offer.Fingerprint[7] ^= 1
	answer, err := n.connect(room, p.who, p.session, offer, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the handshake fails", func() bool { return n.Counts()["handshakes_failed"] == 1 })
	if r := n.Roster(room); len(r) != 0 {
		t.Errorf("it is connected all the same: %v", r)
	}
}
