package forward

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/media/rtp"
)

const frame = 20 * time.Millisecond

// A voice is a speaker's side of a stream.
type voice struct {
	who id.Person
	h   rtp.Header
}

func newVoice(seq uint16, ts uint32) *voice {
	return &voice{id.New[id.Person](), rtp.Header{Sequence: seq, Timestamp: ts, SSRC: rand.Uint32()}}
}

func (v *voice) next() rtp.Header {
	v.h.Sequence++
	v.h.Timestamp += 960
	return v.h
}

func TestOneStreamAcrossSpeakers(t *testing.T) {
	var r Room
	now := time.Unix(1000, 0)
	a, b := newVoice(65530, 1<<32-2000), newVoice(12, 77)
	var lastSeq uint16
	var lastTS uint32
	say := func(v *voice, n int, first bool) {
		t.Helper()
		for i := range n {
			now = now.Add(frame)
			out, drop := r.Forward(now, v.who, v.next())
			if drop != Kept || out.Slot != 0 {
				t.Fatalf("packet %d: slot %d, drop %d", i, out.Slot, drop)
			}
			if !first && (out.Sequence != lastSeq+1 || out.Timestamp != lastTS+960) {
				t.Fatalf("packet %d: %d after %d, timestamp %d after %d", i, out.Sequence, lastSeq, out.Timestamp, lastTS)
			}
			if starts := first || i == 0; out.Marker != starts {
				t.Fatalf("packet %d: marker is %v", i, out.Marker)
			}
			lastSeq, lastTS, first = out.Sequence, out.Timestamp, false
		}
	}
	say(a, 20, true) // across both wraps
	late := a.h
	r.Drop(a.who)
	say(b, 20, false)

	// A packet of a's that was under way comes too late for the slot.
	late.Sequence -= 3
	now = now.Add(frame)
	if out, drop := r.Forward(now, a.who, late); drop != Kept || out.Slot != 1 {
		t.Fatalf("a has a slot of their own again: slot %d, drop %d", out.Slot, drop)
	}

	// Half a minute of silence is there in the timestamp and not in the sequence.
	r.Drop(b.who)
	c := newVoice(4, 4)
	now = now.Add(30*time.Second - frame)
	out, _ := r.Forward(now, c.who, c.next())
	if out.Slot != 0 || out.Sequence != lastSeq+1 || out.Timestamp != lastTS+30*clockRate {
		t.Fatalf("after 30 s: %+v, was %d %d", out, lastSeq, lastTS)
	}
}

func TestReorderedAndOld(t *testing.T) {
	var r Room
	now := time.Unix(1000, 0)
	v := newVoice(100, 0)
	first, _ := r.Forward(now, v.who, v.next())
	second, third := v.next(), v.next()
	out3, _ := r.Forward(now, v.who, third)
	out2, drop := r.Forward(now, v.who, second)
	if drop != Kept || out2.Sequence != first.Sequence+1 || out3.Sequence != first.Sequence+2 {
		t.Fatalf("reordered packets are numbered %d %d after %d", out2.Sequence, out3.Sequence, first.Sequence)
	}
	old := first
	h := v.h
	h.Sequence -= 3 // before the first
	if _, drop := r.Forward(now, v.who, h); drop != TooOld {
		t.Fatalf("a packet from before the first: drop %d, first %+v", drop, old)
	}
	// The same person on a new connection goes on in the same slot.
	v.h = rtp.Header{Sequence: 60000, Timestamp: 5, SSRC: v.h.SSRC + 1}
	again, drop := r.Forward(now.Add(frame), v.who, v.h)
	if drop != Kept || again.Sequence != out3.Sequence+1 || again.Slot != first.Slot || !again.Marker {
		t.Fatalf("after a new connection: %+v, drop %d", again, drop)
	}
}

func TestLongStreamKeepsItsNumbers(t *testing.T) {
	var r Room
	now := time.Unix(1000, 0)
	v := newVoice(0, 0)
	last, _ := r.Forward(now, v.who, v.next())
	for i := range 200_000 { // three wraps
		now = now.Add(frame)
		out, drop := r.Forward(now, v.who, v.next())
		if drop != Kept || out.Sequence != last.Sequence+1 {
			t.Fatalf("packet %d: %+v after %+v, drop %d", i, out, last, drop)
		}
		last = out
	}
}

func TestMoreVoicesThanSlots(t *testing.T) {
	var r Room
	now := time.Unix(1000, 0)
	voices := make([]*voice, Slots+1)
	for i := range voices {
		voices[i] = newVoice(0, 0)
	}
	speak := func(n int, talking ...*voice) (dropped int) {
		for range n {
			now = now.Add(frame)
			for _, v := range talking {
				if _, drop := r.Forward(now, v.who, v.next()); drop == NoSlot {
					dropped++
				}
			}
		}
		return dropped
	}
	if n := speak(10, voices[:Slots]...); n != 0 {
		t.Fatalf("%d packets of the first %d voices dropped", n, Slots)
	}
	late := voices[Slots]
	if n := speak(50, voices...); n != 50 {
		t.Fatalf("a ninth voice gets %d of 50 packets dropped", n)
	}
	// The third falls silent; after two seconds the ninth is heard in its place.
	silent := voices[2]
	others := append(append([]*voice{}, voices[:2]...), voices[3:]...)
	speak(100, others...)
	if n := speak(10, others...); n != 0 {
		t.Fatalf("the ninth is still not heard: %d dropped", n)
	}
	v := r.Voices(now)
	if v.Slots[2] != late.who || !v.Speaking[2] {
		t.Fatalf("slot 2 is %v's", v.Slots[2])
	}
	// Who was silent has to wait for a slot like anybody else.
	if n := speak(1, silent); n != 1 {
		t.Fatal("the silent one takes a slot back from a voice")
	}
	r.Drop(late.who)
	if n := speak(1, silent); n != 0 {
		t.Fatal("a free slot is not taken")
	}
	if v := r.Voices(now.Add(time.Second)); v.Speaking != [Slots]bool{} {
		t.Fatalf("voices go on in silence: %v", v.Speaking)
	}
}

func BenchmarkForward(b *testing.B) {
	var r Room
	v := newVoice(0, 0)
	now := time.Unix(1000, 0)
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(frame)
		r.Forward(now, v.who, v.next())
	}
}

// Those who wait get a slot in the order in which they began to speak, and a
// click gets none.
func TestWhoWaitsLongestIsNext(t *testing.T) {
	var r Room
	now := time.Unix(1000, 0)
	speak := func(n int, talking ...*voice) {
		for range n {
			now = now.Add(frame)
			for _, v := range talking {
				r.Forward(now, v.who, v.next())
			}
		}
	}
	holders := make([]*voice, Slots)
	for i := range holders {
		holders[i] = newVoice(0, 0)
	}
	early, late, click := newVoice(0, 0), newVoice(0, 0), newVoice(0, 0)
	speak(10, holders...)
	speak(10, append([]*voice{early}, holders...)...)
	speak(10, append([]*voice{late, early}, holders...)...)
	rest := append([]*voice{late, early}, holders[1:]...)
	speak(int(quiet/frame)-1, rest...)
	if v := r.Voices(now); v.Slots[0] != holders[0].who {
		t.Fatal("a slot is taken away after less than the quiet time")
	}
	now = now.Add(2 * frame)
	if _, drop := r.Forward(now, click.who, click.next()); drop != NoSlot {
		t.Fatal("a click takes a slot over")
	}
	speak(1, rest...) // late's packet comes first
	if v := r.Voices(now); v.Slots[0] != early.who {
		t.Fatalf("slot 0 is not that of the one who has waited longest")
	}
	speak(20, rest...)
	if v := r.Voices(now); v.Slots[0] != early.who {
		t.Fatal("the slot did not stay")
	}
	if _, drop := r.Forward(now, late.who, late.next()); drop != NoSlot {
		t.Fatal("nine voices are heard")
	}
}

func TestLimit(t *testing.T) {
	var r Room
	now := time.Unix(1000, 0)
	voices := make([]*voice, Slots)
	for i := range voices {
		voices[i] = newVoice(0, 0)
	}
	heard := func() (n int) {
		for range 10 {
			n = 0
			now = now.Add(frame)
			for _, v := range voices {
				if _, drop := r.Forward(now, v.who, v.next()); drop == Kept {
					n++
				}
			}
		}
		return n
	}
	for _, limit := range []int{Slots, 3, 1, 0, 5, Slots + 1} {
		r.Limit(limit)
		if n := heard(); n != min(max(limit, 1), Slots) {
			t.Errorf("%d voices may be heard, %d are", limit, n)
		}
	}
	r.Limit(2)
	if v := r.Voices(now); v.Slots[0] != voices[0].who || v.Slots[1] != voices[1].who || !v.Slots[2].IsZero() {
		t.Error("the voices that stay are not the first")
	}
}
