package sfu

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/media/handshake"
	"github.com/stoa-audio/stoa/internal/media/peer"
	"github.com/stoa-audio/stoa/internal/media/seal"
)

// nowhere is the place of a client that has no keys yet.
const nowhere = -1

// A client is a peer and the seat that it sits in.
type client struct {
	*peer.Peer // the owner's

	hall   *hall
	who    id.Person
	seat   *seat  // guarded by the hall's lock
	member string // the seat's, for the log
	made   time.Time

	gone    atomic.Bool           // it is cut
	up      atomic.Bool           // its handshake has ended
	onStage atomic.Bool           // as its seat
	standby atomic.Bool           // as its seat
	owner   atomic.Pointer[shard] // nil before it is first heard

	strange sharedBudget // checks from addresses that are not its own yet

	// The rest is the owner's.
	index     int                  // in the owner's clients
	place     int                  // on the floor of its room
	ready     *seal.RTP            // what seals for it, while it only stands by
	beatAt    time.Time            // not before, if it listens
	handshake *handshake.Handshake // while it is under way
	last      [][]byte             // the handshake's last flight, for a while
	lastUntil time.Time
	addresses []netip.AddrPort
	ssrcs     []uint32
	reportAt  time.Time
	spokeAt   time.Time
	control   budget // checks and reports
	media     budget // RTP
	again     *again // nil before it asks for something again
}

// A budget bounds what one peer may cost. It fills with time.
type budget struct {
	left float64
	at   time.Time
}

// A sharedBudget is a budget of which all shards take.
type sharedBudget struct {
	mu     sync.Mutex // guards budget
	budget budget
}

func (b *sharedBudget) take(now time.Time, r rate) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.budget.take(now, r)
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
	visitorRate = rate{controlRate.perS + mediaRate.perS, controlRate.burst + mediaRate.burst}
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

// again is what a listener has asked for again lately.
type again struct {
	budget    budget
	roundTrip time.Duration // zero: not known
	asked     [64]struct {
		slot     int
		sequence uint16
		at       time.Time // when it was last sent again; or asked for, if it was not
	}
	next int

	// What one slot has lost: packets asked for since the ring was at a number.
	slot   int
	missed int
	from   uint64
	since  time.Time
}

// lossWindow is over how much time a loss is reckoned by what is asked for.
const lossWindow = 2 * time.Second

// miss notes that a packet of a slot is asked for, for the first time, and
// returns the share that has been lost lately, once in a while. newest is the
// number of the slot's next packet. A receiver's own reports come too late
// for a conversation, and do not count what was made good by asking.
func (a *again) miss(now time.Time, slot int, newest uint64) (share float64, ok bool) {
	if a.slot != slot || now.Sub(a.since) >= 2*lossWindow {
		a.slot, a.missed, a.from, a.since = slot, 0, newest, now
	}
	a.missed++
	if now.Sub(a.since) < lossWindow || newest == a.from {
		return 0, false
	}
	share = float64(a.missed) / float64(newest-a.from)
	a.missed, a.from, a.since = 0, newest, now
	return share, true
}

// What a listener may ask for again, and how soon once more: an answer that is
// under way is not sent twice. At half of three voices lost, 75 a second are
// asked for.
var againRate = rate{200, 200}

const (
	roundTripLeast   = 10 * time.Millisecond
	roundTripUnknown = 50 * time.Millisecond
)

// ask notes that a packet is asked for: whether for the first time, and
// whether it may be sent again now.
func (a *again) ask(now time.Time, slot int, sequence uint16) (first, may bool) {
	wait := a.roundTrip
	if wait == 0 {
		wait = roundTripUnknown
	}
	wait = max(wait, roundTripLeast)
	for i := range a.asked {
		s := &a.asked[i]
		if s.at.IsZero() || s.sequence != sequence || s.slot != slot {
			continue
		}
		if now.Sub(s.at) < wait || !a.budget.take(now, againRate) {
			return false, false
		}
		s.at = now
		return false, true
	}
	s := &a.asked[a.next]
	s.slot, s.sequence, s.at = slot, sequence, now
	a.next = (a.next + 1) % len(a.asked)
	return true, a.budget.take(now, againRate)
}
