package crowd

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/stoa-audio/stoa/internal/bench/count"
)

// A speaker's clock is late by one part in drift, as those of sound cards are,
// though less: the kernel splits user from system time by what runs at its
// ticks, every 4 ms, and frames in step with them would all be split alike.
const drift = 2000

// A stretch is a window that stays open for a least number of frames, and for
// as long as it is held, which is until it is full at most.
type stretch struct {
	*count.Window

	least uint32
	held  atomic.Bool
}

// over reports whether the window is to close when so many frames are sent.
func (s *stretch) over(sent uint32) bool {
	return sent >= s.Frames() || sent >= s.least && !s.held.Load()
}

// speak lets the speakers speak until ctx is over, each frame when it is due,
// their moments spread evenly. A round is a frame from each; a window begins
// and ends between rounds.
func (c *crowd) speak(ctx context.Context) error {
	began := time.Now()
	var open *stretch
	timer := time.NewTimer(0)
	defer timer.Stop()
	for round := uint32(0); ; round++ {
		if open == nil {
			select {
			case open = <-c.asked:
				open.First = round
				c.current.Store(open.Window)
				c.mark(ctx)
			default:
			}
		} else if sent := round - open.First; open.over(sent) {
			open.Close(sent)
			c.mark(ctx)
			open = nil
		}
		for i, m := range c.mouths {
			due := time.Duration(round)*c.Frame + time.Duration(i)*c.Frame/time.Duration(len(c.mouths))
			timer.Reset(due + due/drift - time.Since(began))
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
// come, and says what was heard. A herd comes as soon as the window is open,
// which then waits for all of it. Without speakers measure lets the time pass.
func (c *crowd) measure(ctx context.Context, say *json.Encoder) error {
	least := int(c.Window / c.Frame)
	w := &stretch{least: uint32(least)} //nolint:gosec // of minutes at most
	if len(c.Herd) > 0 {
		w.held.Store(true)
		least += int((c.Patience + inFlight) / c.Frame)
	}
	inside := len(c.Stage) + len(c.Listeners)
	w.Window = count.NewWindow(inside, c.Speakers, least)
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
	if err := c.await(ctx, say, Message{Opened: true}); err != nil {
		return err
	}
	if len(c.Herd) > 0 {
		j := c.bring(ctx, c.Herd, inside, len(c.Herd))
		if err := say.Encode(Message{Joined: j}); err != nil {
			return err
		}
		w.held.Store(false)
	}
	if err := c.await(ctx, say, Message{Closed: true}); err != nil {
		return err
	}
	sleep(ctx, inFlight)
	c.current.Store(nil)
	return say.Encode(Message{Heard: c.heard(w.Window)})
}

// await waits for a mark, and says so.
func (c *crowd) await(ctx context.Context, say *json.Encoder, m Message) error {
	select {
	case <-c.marks:
		return say.Encode(m)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// heard adds up what everybody has heard.
func (c *crowd) heard(w *count.Window) *Heard {
	var sum count.Counts
	add := func(t *count.Tally) {
		t.Lock() // with it, the last batch that saw the window is counted
		defer t.Unlock()
		sum.Add(&t.Counts)
	}
	for _, b := range c.banks {
		add(&b.Tally)
	}
	for _, f := range c.fulls {
		add(&f.Tally)
	}
	h := Heard{
		Lasted: time.Duration(w.Frames()) * c.Frame, Arrived: sum.Arrived,
		Duplicates: sum.Duplicates, Unopened: sum.Unopened,
		P50: sum.Delays.Quantile(0.5), P99: sum.Delays.Quantile(0.99),
	}
	// Who never came in is counted where the joins are.
	h.Delivered, h.Lost, h.Voices = w.Count(func(ear int) bool { return c.lives[ear] != nil })
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
