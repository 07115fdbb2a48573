package sfu

import (
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/media/handshake"
	"github.com/stoa-audio/stoa/internal/media/peer"
)

// nowhere is the place of a client that has no keys yet.
const nowhere = -1

// A client is a peer and the seat that it sits in.
type client struct {
	*peer.Peer // the owner's

	hall *hall
	who  id.Person
	seat *seat // guarded by the hall's lock
	made time.Time

	gone  atomic.Bool           // it is cut
	up    atomic.Bool           // its handshake has ended
	owner atomic.Pointer[shard] // the shard that first heard it, nil before

	// The rest is the owner's.
	index     int                  // in the owner's clients
	place     int                  // on the floor of its room
	handshake *handshake.Handshake // while it is under way
	last      [][]byte             // the handshake's last flight, for a while
	lastUntil time.Time
	addresses []netip.AddrPort
	ssrcs     []uint32
	reportAt  time.Time
	spokeAt   time.Time
	control   budget // checks and reports
	strange   budget // checks from addresses that are not its own yet
	media     budget // RTP
	again     *again // nil before it asks for something again
}

// A budget bounds what one peer may cost. It fills with time.
type budget struct {
	left float64
	at   time.Time
}

// A rate is how fast a budget fills, and how much it holds.
type rate struct{ perS, burst float64 }

// What one peer may send: a frame of 10 ms is the shortest (RFC 7587, section
// 4.2); Chromium checks every 2.5 s, reports once a second, and asks for lost
// packets with each packet that comes.
var (
	controlRate = rate{200, 400}
	strangeRate = rate{20, 60}
	mediaRate   = rate{250, 500}
)

// take takes one out of the budget, or returns false when it is empty. The
// zero budget is full.
func (b *budget) take(now time.Time, r rate) bool {
	if b.at.IsZero() {
		b.left = r.burst
	} else {
		b.left = min(b.left+max(now.Sub(b.at).Seconds(), 0)*r.perS, r.burst)
	}
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

// again is what a listener has been sent again lately.
type again struct {
	budget    budget
	roundTrip time.Duration // zero: not known
	sent      [64]struct {
		slot     int
		sequence uint16
		at       time.Time
	}
	next int
}

// What a listener may ask for again, and how soon once more: an answer that is
// under way is not sent twice. At half of three voices lost, 75 a second are
// asked for.
var againRate = rate{200, 200}

const (
	roundTripLeast   = 10 * time.Millisecond
	roundTripUnknown = 50 * time.Millisecond
)

// may reports whether a packet may be sent again now, and notes that it is.
func (a *again) may(now time.Time, slot int, sequence uint16) bool {
	wait := a.roundTrip
	if wait == 0 {
		wait = roundTripUnknown
	}
	wait = max(wait, roundTripLeast)
	for i := range a.sent {
		s := &a.sent[i]
		if s.sequence == sequence && s.slot == slot && now.Sub(s.at) < wait {
			return false
		}
	}
	if !a.budget.take(now, againRate) {
		return false
	}
	s := &a.sent[a.next]
	s.slot, s.sequence, s.at = slot, sequence, now
	a.next = (a.next + 1) % len(a.sent)
	return true
}
