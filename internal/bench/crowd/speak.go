package crowd

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// speak lets the speakers speak until ctx is over, each frame when it is due,
// their moments spread evenly. A round is a frame from each; a window begins
// and ends between rounds.
func (c *crowd) speak(ctx context.Context) error {
	began := time.Now()
	var open *window
	timer := time.NewTimer(0)
	defer timer.Stop()
	for round := uint32(0); ; round++ {
		if open == nil {
			select {
			case open = <-c.asked:
				open.first = round
				c.current.Store(open)
				c.mark(ctx)
			default:
			}
		} else if round == open.first+uint32(open.frames) { //nolint:gosec // of minutes at most
			open.closed.Store(true)
			c.mark(ctx)
			open = nil
		}
		for i, m := range c.mouths {
			due := time.Duration(round)*c.Frame + time.Duration(i)*c.Frame/time.Duration(len(c.mouths))
			timer.Reset(due - time.Since(began))
			select {
			case <-timer.C:
			case <-ctx.Done():
				return nil
			}
			if err := m.speak(round, c.Frame, c.since()); err != nil {
				return fmt.Errorf("speak: %w", err)
			}
		}
	}
}

func (c *crowd) mark(ctx context.Context) {
	select {
	case c.marks <- struct{}{}:
	case <-ctx.Done():
	}
}

// measure opens a window, waits until it has closed and what was in flight has
// come, and says what was heard. Without speakers it lets the time pass.
func (c *crowd) measure(ctx context.Context, say *json.Encoder) error {
	w := newWindow(len(c.lives), c.Speakers, int(c.Window/c.Frame))
	if c.Speakers == 0 {
		go func() {
			c.mark(ctx)
			sleep(ctx, c.Window)
			c.mark(ctx)
		}()
	} else {
		select {
		case c.asked <- w:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for _, m := range []Message{{Opened: true}, {Closed: true}} {
		select {
		case <-c.marks:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := say.Encode(m); err != nil {
			return err
		}
	}
	sleep(ctx, inFlight)
	c.current.Store(nil)
	return say.Encode(Message{Heard: c.heard(w)})
}

// heard adds up what everybody has heard.
func (c *crowd) heard(w *window) *Heard {
	var h Heard
	var took delays
	add := func(t *tally) {
		t.Lock() // with it, the last batch that saw the window is counted
		defer t.Unlock()
		h.Arrived += t.arrived
		h.Duplicates += t.duplicates
		h.Unopened += t.unopened
		took.merge(&t.delays)
	}
	for _, b := range c.banks {
		add(&b.tally)
	}
	for _, f := range c.fulls {
		add(&f.tally)
	}
	// Who never came in is counted where the joins are.
	h.Delivered, h.Lost, h.Voices = w.count(func(ear int) bool { return c.lives[ear] != nil })
	h.P50, h.P99 = took.quantile(0.5), took.quantile(0.99)
	for _, l := range c.lives {
		if l == nil {
			continue
		}
		select {
		case <-l.done:
			h.Gone++
		default:
		}
	}
	return &h
}

// sleep waits for d or until ctx is over.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
