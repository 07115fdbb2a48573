package beside

import (
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

const (
	paceMax    = 10               // the most that a rate may allow
	paceForget = 30 * time.Second // the longest that one lasts
	paceSweep  = time.Second
)

// A rate allows so many times within so long.
type rate struct {
	times  int // at most paceMax
	within time.Duration
}

// A pacer knows when something was done the last few times.
type pacer struct {
	at   [paceMax]int64 // in milliseconds since 1970; 0: not yet
	next int
}

// wait returns how long it takes until it may be done again; not above 0: it may.
func (p *pacer) wait(now time.Time, rates []rate) (wait time.Duration) {
	for _, r := range rates {
		if at := p.at[(p.next+paceMax-r.times)%paceMax]; at != 0 {
			wait = max(wait, r.within-now.Sub(time.UnixMilli(at)))
		}
	}
	return wait
}

// refused returns a Wait when there is to be one.
func refused(wait time.Duration) error {
	if wait > 0 {
		return Wait{wait}
	}
	return nil
}

// note notes that it was done.
func (p *pacer) note(now time.Time) {
	p.at[p.next] = now.UnixMilli()
	p.next = (p.next + 1) % paceMax
}

// take notes that it is done, or returns a Wait if it may not be.
func (p *pacer) take(now time.Time, rates []rate) error {
	err := refused(p.wait(now, rates))
	if err == nil {
		p.note(now)
	}
	return err
}

// A pace is what somebody has done lately.
type pace struct {
	reacted, wrote, took, voted pacer

	seen time.Time
}

// pacers are the paces of those who have done something lately.
type pacers struct {
	each  map[id.Person]*pace
	swept time.Time
}

// pace returns what somebody has done lately. Who has not done anything for as
// long as a rate lasts is forgotten.
func (ps *pacers) pace(now time.Time, who id.Person) *pace {
	if ps.each == nil {
		ps.each = make(map[id.Person]*pace)
	}
	if now.Sub(ps.swept) >= paceSweep {
		ps.swept = now
		for who, p := range ps.each {
			if now.Sub(p.seen) > paceForget {
				delete(ps.each, who)
			}
		}
	}
	p := ps.each[who]
	if p == nil {
		p = new(pace)
		ps.each[who] = p
	}
	p.seen = now
	return p
}
