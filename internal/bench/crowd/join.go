package crowd

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/bench/count"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/signal"
)

// enter brings a person into the room, all the way that a browser goes: grant,
// WebSocket, seat, offer, checks, keys. It returns a refusal when the node is
// too busy.
func (c *crowd) enter(ctx context.Context, who Person, ear int) (err error) {
	var g struct {
		Grant string `json:"grant"`
	}
	if err := c.house.post(ctx, who.Token, "/rooms/"+c.room.String()+"/grants", signal.None{}, &g); err != nil {
		return err
	}
	l, err := c.house.dial(ctx, who.Token)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	if _, err := l.ask(ctx, signal.Request{Enter: &signal.Enter{Grant: g.Grant}}); err != nil {
		return fmt.Errorf("enter: %w", err)
	}
	if err := c.client(ear).connect(ctx, func(sdp string) (string, error) {
		r, err := l.ask(ctx, signal.Request{Offer: &signal.Offer{SDP: sdp}})
		if err != nil || r.Answer == nil {
			return "", fmt.Errorf("offer: %w", err)
		}
		return r.Answer.SDP, nil
	}); err != nil {
		return err
	}
	c.lives[ear] = l
	return nil
}

// takeStage opens the room and brings the speakers onto the stage.
func (c *crowd) takeStage(ctx context.Context) error {
	var card struct {
		ID id.Room `json:"id"`
	}
	err := c.house.post(ctx, c.Stage[0].Token, "/rooms", map[string]string{"title": "Bench", "visibility": "open"}, &card)
	if err != nil {
		return fmt.Errorf("open the room: %w", err)
	}
	c.room = card.ID
	for i, who := range c.Stage {
		if err := c.enter(ctx, who, i); err != nil {
			return fmt.Errorf("bring in a speaker: %w", err)
		}
		opener, speaker := c.lives[0], c.lives[i]
		var asks []error
		ask := func(l *live, r signal.Request) {
			_, err := l.ask(ctx, r)
			asks = append(asks, err)
		}
		if i > 0 {
			ask(speaker, signal.Request{RaiseHand: &signal.None{}})
			ask(opener, signal.Request{AskUp: &signal.Who{Who: who.ID}})
			ask(speaker, signal.Request{StepUp: &signal.None{}})
		}
		ask(speaker, signal.Request{Unmute: &signal.None{}})
		if err := errors.Join(asks...); err != nil {
			return fmt.Errorf("bring a speaker onto the stage: %w", err)
		}
	}
	return nil
}

// bring brings people in, so many at the same time, whose ears count from
// first, and says how it went.
func (c *crowd) bring(ctx context.Context, people []Person, first, atOnce int) *Joined {
	ctx, cancel := context.WithTimeout(ctx, c.Patience)
	defer cancel()
	var (
		mu      sync.Mutex // guards j and took
		j       Joined
		took    count.Delays
		all     sync.WaitGroup
		door    = make(chan struct{}, atOnce)
		started = time.Now()
	)
	for i, who := range people {
		all.Go(func() {
			refused, each, err := c.come(ctx, door, who, first+i)
			mu.Lock()
			defer mu.Unlock()
			j.Refused += refused
			if err != nil {
				j.Failed++
				j.Why = err.Error()
				return
			}
			j.In++
			took.Add(each)
		})
	}
	all.Wait()
	// The connections of the calls were nobody's in particular: kept open, they
	// would be counted as what listeners cost.
	c.house.http.CloseIdleConnections()
	j.Took, j.P50, j.P99 = time.Since(started), took.Quantile(0.5), took.Quantile(0.99)
	return &j
}

// come brings one listener in through the door, and comes again as often as it
// is told to. It returns how often that was, and how long the last try took.
func (c *crowd) come(ctx context.Context, door chan struct{}, who Person, ear int) (refused int, took time.Duration, err error) {
	for {
		select {
		case door <- struct{}{}:
		case <-ctx.Done():
			return refused, 0, ctx.Err()
		}
		began := time.Now()
		err = c.enter(ctx, who, ear)
		<-door
		var r *refusal
		if !errors.As(err, &r) {
			return refused, time.Since(began), err
		}
		refused++
		select {
		case <-time.After(r.after):
		case <-ctx.Done():
			return refused, 0, ctx.Err()
		}
	}
}
