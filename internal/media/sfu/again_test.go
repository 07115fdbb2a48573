package sfu

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/srtp/v3"
	"github.com/pion/stun/v3"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/media/forward"
	"github.com/stoa-audio/stoa/internal/media/rtp"
	"github.com/stoa-audio/stoa/internal/udp"
)

// A tape is a lane that keeps what it is given.
type tape struct{ out []udp.Datagram }

func (r *tape) WriteBatch(out []udp.Datagram) udp.Unsent {
	for _, d := range out {
		r.out = append(r.out, udp.Datagram{Data: bytes.Clone(d.Data), Addr: d.Addr})
	}
	return udp.Unsent{}
}

// to returns what went to an address since the last call.
func (r *tape) to(a netip.AddrPort) (packets [][]byte) {
	for _, d := range r.out {
		if d.Addr == a && rtp.KindOf(d.Data) == rtp.RTP {
			packets = append(packets, d.Data)
		}
	}
	r.out = nil
	return packets
}

// An ear is a listener's side of a walk.
type ear struct {
	*client

	from    netip.AddrPort
	control *srtp.Context
}

func (w *walk) ear(tb testing.TB, i int) *ear {
	tb.Helper()
	e := &ear{client: w.shard.clients[i], from: netip.AddrPortFrom(netip.MustParseAddr("127.2.0.1"), uint16(1000+i))}
	w.shard.know(e.client, e.from)
	w.shard.move(e.client, e.from)
	var err error
	if e.control, err = srtp.CreateContext(walkKeys.RemoteKey, walkKeys.RemoteSalt, walkKeys.Profile); err != nil {
		tb.Fatal(err)
	}
	return e
}

func (e *ear) says(tb testing.TB, packets ...rtcp.Packet) udp.Datagram {
	tb.Helper()
	plain, err := rtcp.Marshal(packets)
	if err != nil {
		tb.Fatal(err)
	}
	b, err := e.control.EncryptRTCP(nil, plain, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return udp.Datagram{Data: b, Addr: e.from}
}

func (e *ear) misses(tb testing.TB, ssrc uint32, numbers ...uint16) udp.Datagram {
	tb.Helper()
	return e.says(tb, &rtcp.TransportLayerNack{SenderSSRC: 77, MediaSSRC: ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(numbers)})
}

// What a listener asks for again comes again, byte for byte, once in a round
// trip; what they never had, or had too long ago, does not.
func TestSentAgain(t *testing.T) {
	r := new(tape)
	w := newWalk(t, 1, 3, r)
	e := w.ear(t, 2)
	var all [][]byte
	for range 200 {
		w.take(w.voices[0].next(t))
		all = append(all, r.to(e.from)...)
	}
	if len(all) != 200 {
		t.Fatalf("%d packets", len(all))
	}
	ssrc := rtp.SSRC(rtp.RTP, all[0])
	number := func(i int) uint16 { return rtp.Sequence(all[i]) }
	ask := func(after time.Duration, numbers ...uint16) [][]byte {
		w.now = w.now.Add(after)
		w.take(e.misses(t, ssrc, numbers...))
		return r.to(e.from)
	}

	again := ask(0, number(196), number(198), number(199))
	if len(again) != 3 || !bytes.Equal(again[0], all[196]) || !bytes.Equal(again[1], all[198]) || !bytes.Equal(again[2], all[199]) {
		t.Fatalf("%d packets come again", len(again))
	}
	if again = ask(0, number(198), number(195)); len(again) != 1 || !bytes.Equal(again[0], all[195]) {
		t.Errorf("within a round trip %d packets come again", len(again))
	}
	if again = ask(roundTripUnknown, number(198)); len(again) != 1 {
		t.Error("a packet that is lost twice does not come")
	}
	for name, numbers := range map[string][]uint16{
		"long ago": {number(3)}, "not sent yet": {number(199) + 1}, "before all": {number(0) - 1},
	} {
		if again = ask(time.Second, numbers...); len(again) != 0 {
			t.Errorf("%s: %d packets", name, len(again))
		}
	}
	w.take(e.misses(t, ssrc+1, number(199)))
	if again = r.to(e.from); len(again) != 0 {
		t.Error("of a stream that is not theirs something comes")
	}
}

// Whoever asks for too much uses up what is theirs; the others get all.
func TestStorm(t *testing.T) {
	r := new(tape)
	w := newWalk(t, 1, 3, r)
	greedy, other := w.ear(t, 2), w.ear(t, 3)
	var last [][]byte
	for range 70 {
		w.take(w.voices[0].next(t))
		if got := r.to(greedy.from); len(got) > 0 {
			last = append(last, got...)
		}
	}
	ssrc := rtp.SSRC(rtp.RTP, last[0])
	var numbers []uint16
	for _, b := range last[10:] {
		numbers = append(numbers, rtp.Sequence(b))
	}
	before := w.shard.sfu.Counts()
	again, copies := 0, 0
	for range 50 { // a second
		var in []udp.Datagram
		for range 40 {
			in = append(in, greedy.misses(t, ssrc, numbers...))
		}
		w.take(append(in, w.voices[0].next(t))...)
		out := slices.Clone(r.out)
		again += len(r.to(greedy.from))
		r.out = out
		copies += len(r.to(other.from))
	}
	after := w.shard.sfu.Counts()
	if limit := int(againRate.burst + againRate.perS*1.1); again-50 > limit || again-50 < limit/2 {
		t.Errorf("%d packets come again, at most %d may", again-50, limit)
	}
	if copies != 50 {
		t.Errorf("the other one gets %d packets of 50", copies)
	}
	if after["drop_flood"] == before["drop_flood"] || after["drop_again"] == before["drop_again"] {
		t.Errorf("nothing of it is counted: %v", after)
	}
}

// Checks under a peer's name from elsewhere take nothing from what the peer
// lives on, whether they prove anything or not.
func TestFloodOfChecks(t *testing.T) {
	n, room := newTestNode(t, "127.0.0.1:0"), id.New[id.Room]()
	p := n.join(room, false)
	c := n.clientOf(room, p.who)
	l := c.owner.Load()
	on(t, l, func() {
		l.now = time.Now()
		check := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername(c.Ufrag()+":abcd"), stun.NewShortTermIntegrity("guess"))
		strange := netip.MustParseAddrPort("127.9.9.9:9")
		for range 1000 {
			l.handle(udp.Datagram{Data: check.Raw, Addr: strange})
		}
		if c.control.left < controlRate.burst/2 && !c.control.at.IsZero() {
			t.Errorf("%.0f of the peer's own budget are left", c.control.left)
		}
		if c.strange.budget.left >= 1 {
			t.Error("the flood uses nothing up")
		}
		if l.byAddr[strange] != nil {
			t.Error("a check that proves nothing gives an address")
		}
	})
	// A check or two of the peer's own, on its way in, came from elsewhere too.
	counts := n.Counts()
	if counts["drop_flood"] < 900 || counts["drop_check"] < uint64(strangeRate.burst)/2 {
		t.Errorf("%v", counts)
	}
}

// A room is told to repeat when somebody loses packets, and no longer when
// nobody has for a while; a hall is told to make longer frames.
func TestSound(t *testing.T) {
	r := new(tape)
	w := newWalk(t, 1, 3, r)
	e := w.ear(t, 2)
	rule := forward.Hall{Listeners: 4, Frame: 60 * time.Millisecond}
	w.take(w.voices[0].next(t))
	ssrc := rtp.SSRC(rtp.RTP, r.to(e.from)[0])
	report := func(ssrc uint32, lost uint8) {
		w.take(e.says(t, &rtcp.ReceiverReport{SSRC: 1, Reports: []rtcp.ReceptionReport{{SSRC: ssrc, FractionLost: lost}}}))
	}
	repeat := func() forward.Repeat {
		s, _ := w.hall.listen(w.now, forward.Slots, forward.Hall{})
		return s.Repeat
	}
	report(ssrc, 2)
	report(ssrc+1, 100) // not a stream of theirs
	if repeat() != (forward.Repeat{}) {
		t.Error("a packet in a hundred is no loss")
	}
	report(ssrc, 20)
	if repeat() == (forward.Repeat{}) {
		t.Error("a loss is not heeded")
	}
	w.now = w.now.Add(11 * time.Second)
	if repeat() != (forward.Repeat{}) {
		t.Error("a loss is never forgotten")
	}
	if s, changed := w.hall.listen(w.now, forward.Slots, rule); s.Frame != rule.Frame || !changed {
		t.Errorf("a hall of four sends frames of %v", s.Frame)
	}
}

// Who asks again has lost something. Where it is much, speakers repeat; and
// then what is asked for does not come as well, as long as they do.
func TestCopiesInsteadOfPackets(t *testing.T) {
	for _, c := range []struct {
		every   int // one packet in so many is lost
		repeats bool
	}{{50, false}, {10, true}} {
		r := new(tape)
		w := newWalk(t, 1, 3, r)
		e := w.ear(t, 2)
		var last []byte
		ask := func() bool {
			w.take(e.misses(t, rtp.SSRC(rtp.RTP, last), rtp.Sequence(last)))
			return len(r.to(e.from)) == 1
		}
		for i := range 500 { // ten seconds and a little more
			w.take(w.voices[0].next(t))
			last = r.to(e.from)[0]
			if i%c.every == 0 {
				ask()
				ask() // twice is not two losses
			}
			w.hall.listen(w.now, forward.Slots, forward.Hall{})
		}
		if repeats := w.hall.repeats(); repeats != c.repeats || ask() == repeats {
			t.Errorf("one lost of %d: repeated %v", c.every, repeats)
		}
		w.now = w.now.Add(11 * time.Second)
		w.hall.listen(w.now, forward.Slots, forward.Hall{})
		w.take(w.voices[0].next(t))
		last = r.to(e.from)[0]
		if w.hall.repeats() || !ask() {
			t.Errorf("one lost of %d, long ago: repeated %v", c.every, w.hall.repeats())
		}
	}
}

// A node that has too much to do carries fewer voices, to nobody's cost but
// the last ones'.
func TestFewerVoices(t *testing.T) {
	r := new(tape)
	w := newWalk(t, 5, 1, r)
	e := w.ear(t, 5)
	round := func() int {
		var in []udp.Datagram
		for _, v := range w.voices {
			in = append(in, v.next(t))
		}
		w.take(in...)
		return len(r.to(e.from))
	}
	for _, limit := range []int{8, 2, 1, 8} {
		w.shard.sfu.Limit(limit)
		w.shard.sfu.tellAll(w.now)
		for range 5 {
			round()
		}
		if n := round(); n != min(limit, 5) {
			t.Errorf("%d voices are heard of 5, at most %d may be", n, limit)
		}
	}
}
