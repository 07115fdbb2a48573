package mail

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Bounds of an outbox.
const (
	waitingMax = 256 // messages
	firstWait  = time.Minute
	longWait   = 30 * time.Minute
	longTries  = 5 // after which waits grow no longer
	// Of a day's messages this part is for urgent ones alone.
	urgentShare = 5
)

// Why a message is not taken, or did not go.
var (
	// ErrFull means that as many wait, or were sent today, as may be.
	ErrFull = errors.New("no more mail for now")
	// ErrLate means that a message was worth nothing any more.
	ErrLate = errors.New("it is too late for it")
)

// Config is how an outbox works.
type Config struct {
	Relay Relay
	Daily int // messages a day
	Clock func() time.Time
	Log   *slog.Logger
}

// An Outbox sends messages one after the other. It is safe for concurrent use.
type Outbox struct {
	config             Config
	firstWait, maxWait time.Duration
	wake               chan struct{}

	mu      sync.Mutex
	waiting []waiting
	day     int64 // since 1970
	posted  int   // on that day
	counts  Counts
}

// Counts is what has become of messages since the start.
type Counts struct {
	Sent, Again, Refused, Late, Full uint64
	Waiting                          int
}

type waiting struct {
	Message

	next  time.Time
	tries int
}

// New returns an outbox that sends once it runs.
func New(c Config) *Outbox {
	return &Outbox{config: c, firstWait: firstWait, maxWait: longWait, wake: make(chan struct{}, 1)}
}

// Counts returns what has become of messages so far.
func (o *Outbox) Counts() Counts {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := o.counts
	c.Waiting = len(o.waiting)
	return c
}

// Post takes a message to be sent, or returns ErrFull. A part of what may be sent
// in a day is kept for urgent ones.
func (o *Outbox) Post(m Message) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.room(m.Urgent) == 0 {
		o.counts.Full++
		return ErrFull
	}
	o.posted++
	o.waiting = append(o.waiting, waiting{Message: m})
	select {
	case o.wake <- struct{}{}:
	default: // it is awake already
	}
	return nil
}

// Room returns how many more messages would be taken now.
func (o *Outbox) Room(urgent bool) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.room(urgent)
}

func (o *Outbox) room(urgent bool) int {
	if day := o.config.Clock().Unix() / (24 * 60 * 60); day != o.day {
		o.day, o.posted = day, 0
	}
	daily, most := o.config.Daily, waitingMax
	if !urgent {
		daily -= daily / urgentShare
		most /= 2
	}
	return max(min(daily-o.posted, most-len(o.waiting)), 0)
}

// Run sends what waits until ctx ends.
func (o *Outbox) Run(ctx context.Context) {
	var away int // how often in a row the relay could not be had
	for {
		one, wait := o.take()
		if one == nil {
			if !o.rest(ctx, wait, true) {
				return
			}
			continue
		}
		err := o.config.Relay.send(ctx, &one.Message)
		if ctx.Err() != nil {
			return
		}
		o.done(*one, err)
		if !errors.Is(err, ErrAway) {
			if away > 0 {
				o.config.Log.InfoContext(ctx, "the mail relay is back")
			}
			away = 0
			continue
		}
		if away == 0 {
			o.config.Log.WarnContext(ctx, "the mail relay cannot be had, or does not do what it has to: TLS by a certificate that is known, and the sign-in")
		}
		if !o.rest(ctx, o.waitAfter(away), false) {
			return
		}
		away++
	}
}

// rest waits, or until there is a message if that is to end it. It reports whether
// to go on.
func (o *Outbox) rest(ctx context.Context, wait time.Duration, wakes bool) bool {
	t := time.NewTimer(wait)
	defer t.Stop()
	wake := o.wake
	if !wakes {
		wake = nil
	}
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
	case <-wake:
	}
	return true
}

// take takes what is to be sent first, or returns when to look again.
func (o *Outbox) take() (*waiting, time.Duration) {
	now, wait := o.config.Clock(), o.maxWait
	var late []waiting
	o.mu.Lock()
	best := -1
	o.waiting = slices.DeleteFunc(o.waiting, func(w waiting) bool {
		over := !w.Until.IsZero() && !now.Before(w.Until)
		if over {
			late = append(late, w)
			o.counts.Late++
		}
		return over
	})
	for i, w := range o.waiting {
		if w.next.After(now) {
			wait = min(wait, w.next.Sub(now))
		} else if best < 0 || w.Urgent && !o.waiting[best].Urgent {
			best = i
		}
	}
	var one *waiting
	if best >= 0 {
		w := o.waiting[best]
		one, o.waiting = &w, slices.Delete(o.waiting, best, best+1)
	}
	o.mu.Unlock()
	for _, w := range late {
		w.tell(ErrLate)
	}
	return one, wait
}

// done says how sending a message went, and keeps it where it may go later.
func (o *Outbox) done(w waiting, err error) {
	o.mu.Lock()
	switch {
	case err == nil:
		o.counts.Sent++
	case errors.Is(err, ErrLater), errors.Is(err, ErrAway):
		o.counts.Again++
		w.next = o.config.Clock()
		if !errors.Is(err, ErrAway) { // else all wait
			w.next = w.next.Add(o.waitAfter(w.tries))
			w.tries++
		}
		o.waiting = append(o.waiting, w)
		o.mu.Unlock()
		return
	default:
		o.counts.Refused++
	}
	o.mu.Unlock()
	w.tell(err)
}

func (o *Outbox) waitAfter(tries int) time.Duration {
	return min(o.firstWait<<min(tries, longTries), o.maxWait)
}

func (w *waiting) tell(err error) {
	if w.Done != nil {
		w.Done(err)
	}
}
