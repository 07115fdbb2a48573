package api

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	xrate "golang.org/x/time/rate"

	"github.com/stoa-audio/stoa/internal/id"
)

// A rate is how often something may be done.
type rate uint8

// The rates there are.
const (
	reading rate = iota
	writing
	signing // attempts to sign up or in
	roomOpening
	reporting
	profiling // to look at people whom one does not follow
	seeing    // pictures, of which a list has many
	picturing // to take another picture
	exporting
	finding    // by words
	feeding    // calendars, by other programs
	suggesting // which reads all of one's clubs
	packing    // to take others' key packages, which are for one use
	listing    // whom one lists for discovery, which looks at a thousand values
	pinging
	alerting // mail about an account, to its owner
)

var rates = [...]struct {
	every time.Duration
	burst int
}{
	reading:     {time.Minute / 600, 120},
	writing:     {time.Minute / 60, 30},
	signing:     {time.Minute / 10, 10},
	roomOpening: {time.Hour / 10, 10},
	reporting:   {time.Hour / 5, 5},
	profiling:   {time.Hour / 300, 300},
	seeing:      {time.Minute / 1200, 600},
	picturing:   {time.Hour / 30, 10},
	exporting:   {time.Hour / 20, 5},
	finding:     {time.Minute / 20, 60},
	feeding:     {time.Minute / 60, 60},
	suggesting:  {time.Minute / 20, 20},
	packing:     {time.Hour / 60, 60},
	listing:     {time.Hour / 60, 20},
	pinging:     {time.Hour / 10, 10},
	alerting:    {time.Hour / 2, 10},
}

// limitsMax is how many callers are remembered at once. A caller that is
// forgotten starts anew, which is worth it only to somebody with that many
// addresses.
const limitsMax = 50000

// A caller is whom calls are counted to: a person, or a network when nobody is
// signed in.
type caller struct {
	person id.Person
	from   netip.Prefix
}

// network returns the network that one household has: of IPv6 addresses it is
// the upper half, because the lower half is free to choose.
func network(from netip.Addr) netip.Prefix {
	from = from.Unmap()
	bits := from.BitLen()
	if from.Is6() {
		bits = 64
	}
	p, _ := from.WithZone("").Prefix(bits) // an invalid address is one network
	return p
}

// limits counts calls, in memory only. When it is full, it forgets who has
// been away the longest.
type limits struct {
	mu    sync.Mutex
	known map[limitKey]*list.Element // of *limit in order
	order list.List                  // the last seen first
}

type limitKey struct {
	caller
	rate
}

type limit struct {
	key    limitKey
	bucket *xrate.Limiter
}

// take counts one call, or returns errWait.
func (l *limits) take(now time.Time, c caller, r rate) error {
	return wait(l.bucket(limitKey{c, r}), now)
}

func (l *limits) bucket(k limitKey) *xrate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil {
		l.known = make(map[limitKey]*list.Element)
	}
	e := l.known[k]
	if e == nil {
		if len(l.known) >= limitsMax {
			delete(l.known, l.order.Remove(l.order.Back()).(*limit).key)
		}
		r := rates[k.rate]
		e = l.order.PushFront(&limit{k, xrate.NewLimiter(xrate.Every(r.every), r.burst)})
		l.known[k] = e
	}
	l.order.MoveToFront(e)
	return e.Value.(*limit).bucket
}

// wait takes one from b, or returns errWait.
func wait(b *xrate.Limiter, now time.Time) error {
	r := b.ReserveN(now, 1)
	after := r.DelayFrom(now)
	if after <= 0 {
		return nil
	}
	r.CancelAt(now)
	return errWait{after}
}
