package main

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	stoa "github.com/stoa-audio/stoa/sdk/go"
	"github.com/stoa-audio/stoa/test/netns/world"
)

// An actor is somebody who comes and goes, speaks and is silent, by chance. A
// host stays, and moderates.
type actor struct {
	world.Person

	soak *soak
	room *meeting
	host bool
	rnd  *rand.Rand
	out  []string // whom a host has removed, and not let in again yet

	mu    sync.Mutex // guards the rest
	guest *world.Guest
	why   string // why they are not inside
}

// stageMax is how many a host has on the stage.
const stageMax = 6

// How soon somebody tries again to come in: the house counts attempts.
const (
	againMin = 500 * time.Millisecond
	againMax = 5 * time.Second
)

// actMax is how long one thing may take.
const actMax = 15 * time.Second

// inside returns the actor's seat, nil without one.
func (a *actor) inside() *world.Guest {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.guest == nil {
		return nil
	}
	select {
	case <-a.guest.Done():
		return nil
	default:
		return a.guest
	}
}

func (a *actor) lastError() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.why
}

func (a *actor) note(g *world.Guest, why string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.guest = g
	if why != "" {
		a.why = why
	}
}

// some is a time by chance.
func (a *actor) some(from, to time.Duration) time.Duration {
	return from + time.Duration(a.rnd.Int64N(int64(to-from)))
}

// live comes and goes until ctx ends.
func (a *actor) live(ctx context.Context) {
	if !a.host {
		_ = pause(ctx, a.some(0, 5*time.Second)) // they do not come all at once
	}
	again := againMin
	for ctx.Err() == nil {
		g, err := a.come(ctx)
		if err != nil {
			a.soak.counts.failed.Add(1)
			a.soak.failures.count(err)
			a.note(nil, err.Error())
			_ = pause(ctx, a.some(again/2, again))
			again = min(2*again, againMax)
			continue
		}
		again = againMin
		a.soak.counts.joins.Add(1)
		a.note(g, "")
		left := a.stay(ctx, g)
		if ctx.Err() != nil && a.host {
			_ = pause(context.WithoutCancel(ctx), time.Second) // the last to go
		}
		if left || ctx.Err() != nil {
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			_ = g.Leave(last) // the house may be away
			cancel()
		}
		a.note(nil, "left")
		g.Close()
		if left && !a.soak.frozen.Load() {
			_ = pause(ctx, a.some(500*time.Millisecond, 6*time.Second))
		}
	}
}

// come comes in, with the media at one of the nodes that came with a grant.
func (a *actor) come(ctx context.Context) (*world.Guest, error) {
	entering, cancel := context.WithTimeout(ctx, actMax)
	defer cancel()
	grant, err := a.Grant(entering, a.room.id)
	if err != nil {
		return nil, err
	}
	var at *world.Node
	if len(grant.Nodes) > 0 {
		one := grant.Nodes[a.rnd.IntN(len(grant.Nodes))]
		for _, n := range a.soak.w.Nodes {
			if n.ID == one.ID {
				at = n
			}
		}
	}
	g, err := a.Join(ctx, a.room.id, at)
	if err != nil {
		return nil, err
	}
	a.room.told.begin(g.View)
	return g, nil
}

// stay is in the room until one has enough of it, or it of one. It returns
// whether one goes by oneself, and says so.
func (a *actor) stay(ctx context.Context, g *world.Guest) (left bool) {
	inside, cancel := context.WithCancel(ctx)
	defer cancel()
	asked := make(chan struct{}, 1)
	hands := make(chan string, 64)
	var reading sync.WaitGroup
	reading.Go(func() { a.read(inside, g, asked, hands) })
	defer reading.Wait()
	defer cancel()
	for {
		wait := time.After(a.some(500*time.Millisecond, 4*time.Second))
		select {
		case <-ctx.Done():
			return false
		case <-g.Done():
			a.note(nil, g.Err().Error())
			return false
		case <-asked:
			a.change(ctx, func(ctx context.Context) error {
				err := g.StepUp(ctx)
				if err == nil {
					a.soak.counts.ups.Add(1)
				}
				return err
			})
			a.speak(inside, g)
		case who := <-hands:
			a.change(ctx, func(ctx context.Context) error { return a.askUp(ctx, g, who) })
		case <-wait:
			if a.host {
				a.letIn(ctx, g)
			}
			if a.soak.frozen.Load() {
				continue
			}
			if a.host {
				a.moderate(ctx, g)
				continue
			}
			switch dice := a.rnd.IntN(100); {
			case dice < 5:
				a.soak.counts.leaves.Add(1)
				return true
			case dice < 8: // falls out: nobody is told
				a.soak.counts.falls.Add(1)
				g.Close()
			case dice < 40:
				a.try(ctx, func(ctx context.Context) error {
					a.soak.counts.hands.Add(1)
					return g.RaiseHand(ctx)
				})
			case dice < 45:
				a.try(ctx, g.LowerHand)
			case dice < 55:
				a.change(ctx, g.StepDown)
			case dice < 75:
				a.speak(inside, g)
			}
		}
	}
}

// read takes in what happens in the room.
func (a *actor) read(ctx context.Context, g *world.Guest, asked chan<- struct{}, hands chan<- string) {
	for {
		e, err := g.Next(ctx)
		if err != nil {
			return
		}
		a.room.told.add(e)
		var body struct{ Who string }
		_ = json.Unmarshal(e.Body, &body) // some events are of nobody
		switch {
		case e.Name == "asked_up" && body.Who == g.Me:
			select {
			case asked <- struct{}{}:
			default:
			}
		case e.Name == "hand_raised" && a.host:
			select {
			case hands <- body.Who:
			default:
			}
		}
	}
}

// try does something that may be refused.
func (a *actor) try(ctx context.Context, f func(ctx context.Context) error) {
	ctx, cancel := context.WithTimeout(ctx, actMax)
	defer cancel()
	err := f(ctx)
	if problem, refused := errors.AsType[*stoa.Problem](err); refused && problem.Status >= 500 && problem.Code != "unavailable" && problem.Code != "no_node" {
		a.soak.mistakes.add("a request fails: %v", problem)
	}
}

// change is try for what changes somebody's role.
func (a *actor) change(ctx context.Context, f func(ctx context.Context) error) {
	a.soak.roles.RLock()
	defer a.soak.roles.RUnlock()
	if !a.soak.frozen.Load() {
		a.try(ctx, f)
	}
}

// speak speaks for a while, if one is on the stage.
func (a *actor) speak(ctx context.Context, g *world.Guest) {
	a.try(ctx, func(ctx context.Context) error {
		if err := g.Unmute(ctx); err != nil {
			return err
		}
		talking, cancel := context.WithTimeout(ctx, a.some(time.Second, 5*time.Second))
		defer cancel()
		g.Talk(talking)
		return g.Mute(ctx)
	})
}

// askUp has somebody with a hand up come onto the stage, if there is a place.
func (a *actor) askUp(ctx context.Context, g *world.Guest, who string) error {
	stage := 0
	for _, role := range a.room.told.roles() {
		if onStage(role) {
			stage++
		}
	}
	if stage >= stageMax {
		return nil
	}
	a.soak.counts.asked.Add(1)
	return g.Ask(ctx, "ask_up", map[string]string{"who": who})
}

// letIn lets in again whom the host has removed. It is tried until it is
// answered, since the host may fall out between the two.
func (a *actor) letIn(ctx context.Context, g *world.Guest) {
	a.out = slices.DeleteFunc(a.out, func(who string) bool {
		asking, cancel := context.WithTimeout(ctx, actMax)
		defer cancel()
		return g.Ask(asking, "let_in", map[string]string{"who": who}) == nil
	})
}

// moderate does what moderators do.
func (a *actor) moderate(ctx context.Context, g *world.Guest) {
	whom := func(role string) (found string) {
		for who, has := range a.room.told.roles() {
			if has == role && who != g.Me {
				return who // whichever
			}
		}
		return ""
	}
	ask := func(ctx context.Context, what, who string) error {
		if who == "" {
			return nil
		}
		return g.Ask(ctx, what, map[string]string{"who": who})
	}
	switch dice := a.rnd.IntN(100); {
	case dice < 10:
		a.change(ctx, func(ctx context.Context) error {
			a.soak.counts.downs.Add(1)
			return ask(ctx, "move_down", whom("speaker"))
		})
	case dice < 14:
		a.change(ctx, func(ctx context.Context) error {
			a.soak.counts.moderators.Add(1)
			return ask(ctx, "make_moderator", whom("speaker"))
		})
	case dice < 18:
		a.change(ctx, func(ctx context.Context) error {
			who := whom("listener")
			if who == "" {
				return nil
			}
			a.soak.counts.removed.Add(1)
			a.out = append(a.out, who)
			return g.Ask(ctx, "remove", map[string]string{"who": who})
		})
	case dice < 40:
		a.speak(ctx, g)
	}
}
