package sfu

import (
	"cmp"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/media/digest"
	"github.com/stoa-audio/stoa/internal/media/fanout"
	"github.com/stoa-audio/stoa/internal/media/forward"
	"github.com/stoa-audio/stoa/internal/media/peer"
	"github.com/stoa-audio/stoa/internal/media/seal"
)

// A floor is the listeners of a room on one shard, and what they are about to
// hear.
type floor struct {
	hall  *hall
	ears  fanout.Floor[*client]
	rings [forward.Slots]*fanout.Ring
	marks [forward.Slots]peer.Mark

	pending []pending
	due     time.Time // when pending is sealed, if there is any
	voices  [forward.Slots]time.Time
}

// A pending packet lies in a ring until it is sealed.
type pending struct {
	slot   int
	number uint64
	turn   int // how many packets of the slot wait before it
	length int
	from   *client
	at     time.Time
}

// Packets of several voices that go to the same listener cost the system
// little more than one (UDP_SEGMENT). Where many listen to several, they wait
// for one another, for less than a jitter buffer notices.
const (
	gather     = 4 * time.Millisecond
	gatherEars = 32
	gatherMax  = 16 // packets
	voiceHold  = 100 * time.Millisecond
)

// arrive gives a client that has keys a place.
func (l *shard) arrive(c *client, with seal.RTP) {
	f := l.floors[c.hall]
	if f == nil {
		f = &floor{hall: c.hall}
		l.floors[c.hall] = f
	}
	c.place = f.ears.Add(c, c.Addr, with, c.Streams())
	c.hall.ears[l.index].Store(int32(f.ears.Len())) //nolint:gosec // bounded by peersMax
}

// leave takes a client's place away.
func (l *shard) leave(c *client) {
	f := l.floors[c.hall]
	if moved, ok := f.ears.Remove(c.place); ok {
		moved.place = c.place
	}
	c.place = nowhere
	c.hall.ears[l.index].Store(int32(f.ears.Len())) //nolint:gosec // bounded by peersMax
}

// say takes a speaker's packet to every shard that has listeners.
func (l *shard) say(c *client, u *peer.Uplink) {
	h := c.hall
	out, reason, ok := h.voice(l.now, c, u.Header)
	if !ok {
		l.sfu.counters.add(reason)
		return
	}
	c.spokeAt = l.now
	if len(u.Payload) > 0 && !l.sfu.digests.Add(l.now, h.name, c.who, digest.Of(u.Payload)) {
		l.sfu.counters.add(undigested)
	}
	p := fanout.Packet{Outgoing: out, Redundant: u.Redundant, Payload: u.Payload}
	if h.wide.Load() {
		l.sayAbroad(h, c, u)
	}
	for i, other := range l.sfu.shards {
		switch {
		case h.ears[i].Load() == 0:
		case other == l:
			l.hear(h, c, l.now, &p)
		case other.inbox.put(h, c, l.now, &p):
			other.wake()
		default:
			l.sfu.counters.add(dropInbox)
		}
	}
}

// sayAbroad gives a speaker's packet to the other nodes. Their numbers are the
// speaker's own: each node has slots of its own.
func (l *shard) sayAbroad(h *hall, c *client, u *peer.Uplink) {
	header := u.Header
	if header.PayloadType = 0; u.Redundant {
		header.PayloadType = Redundant
	}
	l.wire = append(header.Append(l.wire[:0]), u.Payload...)
	l.sfu.abroad(h.name, c.who, l.wire)
}

// hear keeps a packet for the listeners of a room here.
func (l *shard) hear(h *hall, from *client, at time.Time, p *fanout.Packet) {
	f := l.floors[h]
	if f == nil || f.ears.Len() == 0 {
		return // they have just gone
	}
	ring := f.rings[p.Slot]
	if ring == nil {
		ring = new(fanout.Ring)
		f.rings[p.Slot] = ring
	}
	f.marks[p.Slot] = peer.Mark{Timestamp: p.Timestamp, At: at}
	f.voices[p.Slot] = at
	if len(f.pending) == 0 {
		f.due = at
		if f.ears.Len() >= gatherEars && f.several(at) {
			f.due = at.Add(gather)
		}
		l.due = append(l.due, f)
	}
	turn := 0
	for i := range f.pending {
		if f.pending[i].slot == p.Slot {
			turn++
		}
	}
	f.pending = append(f.pending, pending{p.Slot, ring.Keep(p), turn, len(p.Payload), from, at})
	if len(f.pending) >= gatherMax {
		f.due = at
		l.seal(f)
	}
}

// several reports whether more than one voice is being heard.
func (f *floor) several(now time.Time) bool {
	n := 0
	for _, at := range f.voices {
		if !at.IsZero() && now.Sub(at) < voiceHold {
			n++
		}
	}
	return n > 1
}

// spread seals what is due.
func (l *shard) spread() {
	rest := l.due[:0]
	for _, f := range l.due {
		switch {
		case len(f.pending) == 0: // sealed already
		case f.due.After(l.now):
			rest = append(rest, f)
		default:
			l.seal(f)
		}
	}
	clear(l.due[len(rest):])
	l.due = rest
}

// seal sends every listener what is pending, but not what is their own.
func (l *shard) seal(f *floor) {
	if len(f.pending) > 1 {
		// Those of one length go together, and a shorter one may end them. A
		// voice's own keep their order.
		slices.SortStableFunc(f.pending, func(a, b pending) int {
			return cmp.Or(cmp.Compare(a.turn, b.turn), cmp.Compare(b.length, a.length))
		})
	}
	n := 0
	for _, p := range f.pending {
		if f.rings[p.slot].Get(p.number, &l.packets[n]) {
			f.pending[n] = p
			n++
		}
	}
	packets, waiting := l.packets[:n], f.pending[:n]
	for place := range f.ears.Len() {
		to := f.ears.Addr(place)
		if !to.IsValid() {
			continue
		}
		c := f.ears.Owner(place)
		for i := range packets {
			if waiting[i].from == c {
				f.ears.Skip(place, &packets[i])
				continue
			}
			if b, ok := f.ears.Append(l.space(), place, &packets[i]); ok {
				l.copies++
				l.send(b, to)
			}
		}
	}
	l.flush()
	now := time.Now()
	for _, p := range waiting {
		l.sfu.delays.add(now.Sub(p.at))
	}
	clear(f.pending)
	f.pending = f.pending[:0]
}

// sendAgain sends a listener what it has missed, if it is still here and no
// copy of it comes from the speaker.
func (l *shard) sendAgain(c *client, f *floor, m peer.Missing) {
	slot, addSeq, ok := f.ears.Find(c.place, m.SSRC)
	var p fanout.Packet
	if !ok || f.rings[slot] == nil || !f.rings[slot].Find(m.Sequence-addSeq, &p) {
		l.sfu.counters.add(dropAgain)
		return
	}
	if c.again == nil {
		c.again = new(again)
	}
	first, may := c.again.ask(l.now, slot, m.Sequence)
	if first {
		if share, ok := c.again.miss(l.now, slot, f.rings[slot].Newest()); ok {
			c.hall.lost(l.now, share)
		}
	}
	// Whoever gets copies from the speaker is not sent the packet too: what
	// comes a round trip late stretches a jitter buffer, and that is heard
	// more than the gap.
	if !may || f.ears.TakesRED(c.place, slot) && c.hall.repeats() {
		l.sfu.counters.add(dropAgain)
		return
	}
	if b, ok := f.ears.AppendAgain(l.space(), c.place, &p); ok {
		l.sfu.counters.add(packetsAgain)
		l.send(b, c.Addr)
	} else {
		l.sfu.counters.add(dropAgain)
	}
}
