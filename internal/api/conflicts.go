package api

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/room/live"
	"github.com/stoa-audio/stoa/internal/signal"
)

// conflictsEvery is how often those rooms are looked at in which the stage has
// changed.
const conflictsEvery = 250 * time.Millisecond

// conflicts tells moderators that of two who are on the stage together, or are about
// to be, one has blocked the other: not which, and never who is blocked. It follows
// from who stands there; nothing of it is stored.
type conflicts struct {
	mu   sync.Mutex
	due  map[id.Room]bool
	told map[id.Room]map[conflict]map[id.Person]bool // which moderators
}

// A conflict is two people, in an order that says nothing.
type conflict [2]id.Person

func conflictOf(x, y id.Person) conflict {
	if bytes.Compare(x[:], y[:]) > 0 {
		x, y = y, x
	}
	return conflict{x, y}
}

// happened notes whether events change who stands on the stage or is asked up, or
// who moderates.
func (c *conflicts) happened(name id.Room, r *room.Room, events []room.Event) {
	if r.Ended() {
		c.gone(name)
		return
	}
	for _, e := range events {
		switch e := e.(type) {
		case room.AskedUp, room.AskOver, room.SteppedUp, room.SteppedDown, room.MadeModerator, room.Left:
			c.note(name)
		case room.Returned:
			if r.Role(e.Who) == room.Moderator { // a page that was opened anew knows nothing
				c.forget(name, e.Who)
				c.note(name)
			}
		default: // changes nothing here
		}
	}
}

func (c *conflicts) note(name id.Room) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.due == nil {
		c.due = make(map[id.Room]bool)
	}
	c.due[name] = true
}

// forget forgets what a moderator has been told.
func (c *conflicts) forget(name id.Room, moderator id.Person) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, told := range c.told[name] {
		delete(told, moderator)
	}
}

func (c *conflicts) gone(name id.Room) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.due, name)
	delete(c.told, name)
}

// between notes the rooms where both of two people are.
func (c *conflicts) between(rooms *live.Rooms, x, y id.Person) {
	rooms.Each(func(name id.Room, r *room.Room) {
		if r.Participant(x) != nil && r.Participant(y) != nil {
			c.note(name)
		}
	})
}

// watchConflicts looks until the node stops.
func (a *API) watchConflicts() {
	tick := time.NewTicker(conflictsEvery)
	defer tick.Stop()
	for {
		select {
		case <-a.work.Done():
			return
		case <-tick.C:
		}
		c := &a.conflicts
		c.mu.Lock()
		due := c.due
		c.due = nil
		c.mu.Unlock()
		for name := range due {
			ctx, cancel := context.WithTimeout(a.work, doMax)
			if a.tellConflicts(ctx, name) != nil {
				c.note(name) // the records are away for now
			}
			cancel()
		}
	}
}

// tellConflicts tells moderators of a room what they have not been told yet. A
// moderator who is blocked by the other is told nothing of it.
func (a *API) tellConflicts(ctx context.Context, name id.Room) error {
	var stage, asked, moderators []id.Person
	if a.rooms.Known(name) != nil {
		return nil // another house's: who has blocked whom is not known here
	}
	a.rooms.Read(name, func(r *room.Room) {
		for _, p := range r.Stage() {
			stage = append(stage, p.Who)
		}
		asked, moderators = r.Asked(), r.Moderators()
	})
	blocked := make(map[conflict][]id.Person) // who of the two
	all := slices.Concat(stage, asked)
	for _, who := range all {
		blockers, err := a.People.BlockersAmong(ctx, who, all)
		if err != nil {
			return err
		}
		for _, by := range blockers {
			if slices.Contains(stage, who) || slices.Contains(stage, by) {
				blocked[conflictOf(who, by)] = append(blocked[conflictOf(who, by)], who)
			}
		}
	}
	for pair, m := range a.conflicts.news(name, blocked, moderators) {
		notice := encode(signal.Notice{Conflict: &signal.Conflict{Room: name, People: pair[:]}})
		for _, who := range m {
			a.seats.tell(name, who, notice)
		}
	}
	return nil
}

// news returns which moderators are to be told of which conflicts, and notes that
// they are. A conflict that is over can be news again.
func (c *conflicts) news(name id.Room, blocked map[conflict][]id.Person, moderators []id.Person) map[conflict][]id.Person {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(blocked) == 0 {
		delete(c.told, name)
		return nil
	}
	told, out := make(map[conflict]map[id.Person]bool), make(map[conflict][]id.Person)
	for pair, those := range blocked {
		told[pair] = make(map[id.Person]bool)
		for _, m := range moderators {
			if slices.Contains(those, m) {
				continue
			}
			if !c.told[name][pair][m] {
				out[pair] = append(out[pair], m)
			}
			told[pair][m] = true
		}
	}
	if c.told == nil {
		c.told = make(map[id.Room]map[conflict]map[id.Person]bool)
	}
	c.told[name] = told
	return out
}

// tell sends a notice to whoever sits in a room as who.
func (a *seats) tell(name id.Room, who id.Person, notice []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.taken[name][who] {
		if s.in && !s.lost {
			s.conn.ws.Post(notice)
		}
	}
}
