// Package forward decides which voice goes into which slot of a room, and how
// its packets are numbered there. It never mixes and never decrypts.
//
// A slot is one outgoing RTP stream that everybody in the room hears, except
// whoever speaks in it. When another speaker takes a slot over, its sequence
// numbers and timestamps go on as if nothing had happened: receivers conceal
// nothing and nothing is renegotiated (measured in research: raw pass-through
// leaves a receiver deaf).
//
// The numbers here are the room's. Each peer adds an offset of its own per
// slot, so that no two listeners see the same ones.
package forward

import (
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/media/rtp"
	"github.com/stoa-audio/stoa/internal/media/speech"
)

// Slots is how many voices are heard at once.
const Slots = 8

// clockRate is Opus' RTP clock in units per second (RFC 7587, section 4.1).
const clockRate = 48000

// quiet is how long a voice must have been silent before another may take its
// slot: long enough that a breath does not cost anybody their slot.
const quiet = 2 * time.Second

// An Outgoing is where a packet goes: to every listener in Slot.
type Outgoing struct {
	Slot      int
	Marker    bool
	Sequence  uint16
	Timestamp uint32
}

// A Drop is why a packet goes nowhere.
type Drop uint8

// The reasons.
const (
	Kept      Drop = iota // it goes somewhere
	NoSlot                // more voices than slots
	TooOld                // from before the slot changed speakers
	DropKinds             // how many reasons there are
)

// A Room is the slots of one room. The zero Room has nobody in it. It is not
// safe for concurrent use.
type Room struct {
	slots   [Slots]slot
	closed  int // how many slots, from the last, carry nothing for now
	streams map[id.Person]*stream
}

type slot struct {
	who    id.Person // zero: nobody
	used   bool      // has carried a packet
	fresh  bool      // the next packet is who's first here
	addSeq uint16    // outgoing − incoming
	addTS  uint32
	// base is the first incoming sequence number of who here; older packets
	// would fall among the numbers of the speaker before.
	base uint16
	// The last packet sent, by which the next speaker goes on.
	lastSeq uint16
	lastTS  uint32
	lastAt  time.Time
}

type stream struct {
	slot  int // -1: none
	ssrc  uint32
	voice speech.Detector
	since time.Time // when it began to wait for a slot; zero when it does not
}

// Forward returns where a packet with header h goes that who sent, at the
// time now.
func (r *Room) Forward(now time.Time, who id.Person, h rtp.Header) (Outgoing, Drop) {
	s := r.streams[who]
	if s == nil {
		if r.streams == nil {
			r.streams = make(map[id.Person]*stream)
		}
		s = &stream{slot: -1, ssrc: h.SSRC}
		r.streams[who] = s
	}
	s.voice.Heard(now)
	if s.slot < 0 && !r.seek(now, who, s) {
		return Outgoing{}, NoSlot
	}
	slot := &r.slots[s.slot]
	if s.ssrc != h.SSRC {
		// The same person on a new connection: new numbers, same slot.
		s.ssrc, slot.fresh = h.SSRC, true
	}
	return slot.next(now, s.slot, h)
}

// next numbers a packet within the slot.
func (s *slot) next(now time.Time, index int, h rtp.Header) (Outgoing, Drop) {
	out := Outgoing{Slot: index, Marker: h.Marker}
	if s.fresh {
		if s.used {
			gap := uint32(now.Sub(s.lastAt).Microseconds() * clockRate / 1e6) //nolint:gosec // wraps with the clock
			s.addSeq = s.lastSeq + 1 - h.Sequence
			s.addTS = s.lastTS + max(gap, clockRate/50) - h.Timestamp
		}
		s.fresh, s.used, s.base = false, true, h.Sequence
		s.lastSeq, s.lastTS = h.Sequence+s.addSeq, h.Timestamp+s.addTS
		s.lastAt = now
		out.Marker = true // a talkspurt begins (RFC 3551, section 4.1)
		out.Sequence, out.Timestamp = s.lastSeq, s.lastTS
		return out, Kept
	}
	age := int16(h.Sequence - s.base) //nolint:gosec // serial arithmetic (RFC 1982)
	if age < 0 {
		return out, TooOld
	}
	if age > 1<<14 {
		s.base = h.Sequence - 1<<13 // keep base within reach of serial arithmetic
	}
	out.Sequence, out.Timestamp = h.Sequence+s.addSeq, h.Timestamp+s.addTS
	if int16(out.Sequence-s.lastSeq) > 0 { //nolint:gosec // serial arithmetic (RFC 1982)
		s.lastSeq, s.lastTS, s.lastAt = out.Sequence, out.Timestamp, now
	}
	return out, Kept
}

// seek looks for a slot for a voice that has none. A slot that nobody has is
// taken at once, so that the first word is heard from its beginning. One that
// somebody has is taken over only by a voice, not by a click, and among those
// who wait by the one that has waited longest: who is heard is the same for
// everybody and no matter of chance.
func (r *Room) seek(now time.Time, who id.Person, s *stream) bool {
	open := r.slots[:Slots-r.closed]
	found, oldest := -1, now.Add(-quiet)
	for i := range open {
		holder := r.streams[open[i].who]
		if holder == nil {
			r.take(i, who)
			return true
		}
		if spoke := holder.voice.Spoke(); !spoke.After(oldest) {
			found, oldest = i, spoke
		}
	}
	if !s.voice.Speaking(now) {
		s.since = time.Time{}
		return false
	}
	if s.since.IsZero() {
		s.since = now
	}
	if found < 0 {
		return false
	}
	for _, other := range r.streams {
		if other.slot < 0 && !other.since.IsZero() && other.since.Before(s.since) && other.voice.Speaking(now) {
			return false // it comes first, with its next packet
		}
	}
	r.take(found, who)
	return true
}

// take gives slot i to who.
func (r *Room) take(i int, who id.Person) {
	if before := r.streams[r.slots[i].who]; before != nil {
		before.slot = -1
	}
	s := r.streams[who]
	s.slot, s.since = i, time.Time{}
	r.slots[i].who, r.slots[i].fresh = who, true
}

// Limit says how many voices are heard at once from now on, 1 to Slots: a
// node that has too much to do sheds voices before it sheds people. Who was
// heard in a slot that is closed waits for another one.
func (r *Room) Limit(voices int) {
	r.closed = Slots - min(max(voices, 1), Slots)
	for i := Slots - r.closed; i < Slots; i++ {
		if s := r.streams[r.slots[i].who]; s != nil {
			s.slot = -1
			r.slots[i].who = id.Person{}
		}
	}
}

// Drop takes who's voice out of the room.
func (r *Room) Drop(who id.Person) {
	s := r.streams[who]
	if s == nil {
		return
	}
	delete(r.streams, who)
	if s.slot >= 0 {
		r.slots[s.slot].who = id.Person{}
	}
}

// Voices are who is where and who speaks.
type Voices struct {
	Slots    [Slots]id.Person // zero: nobody
	Speaking [Slots]bool      // by slot
}

// Voices returns who is in which slot at the time now, and who speaks.
func (r *Room) Voices(now time.Time) Voices {
	var v Voices
	for i := range r.slots {
		if who := r.slots[i].who; !who.IsZero() {
			v.Slots[i] = who
			v.Speaking[i] = r.streams[who].voice.Speaking(now)
		}
	}
	return v
}
