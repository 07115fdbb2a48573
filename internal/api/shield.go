package api

import (
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/signal"
)

// When a room is told that many new accounts come: more than so many within a
// minute, and not again for ten.
const (
	freshMax    = 20
	freshWithin = time.Minute
	freshAgain  = 10 * time.Minute
)

// isFresh reports whether an account made then is new.
func (a *API) isFresh(created time.Time) bool { return a.Clock().Sub(created) < a.ShieldAge }

// crowds is how many new accounts have come into rooms lately.
type crowds struct {
	mu sync.Mutex
	of map[id.Room]*crowd
}

type crowd struct {
	came []time.Time // the last freshMax+1, the oldest first
	told time.Time
}

func (c *crowds) gone(name id.Room) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.of, name)
}

// came notes that a new account has come, and returns how many have within a
// minute, if that is to be told.
func (c *crowds) came(name id.Room, now time.Time) (many int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = make(map[id.Room]*crowd)
	}
	one := c.of[name]
	if one == nil {
		one = new(crowd)
		c.of[name] = one
	}
	if one.came = append(one.came, now); len(one.came) > freshMax+1 {
		one.came = one.came[1:]
	}
	if len(one.came) <= freshMax || now.Sub(one.came[0]) > freshWithin || !one.told.IsZero() && now.Sub(one.told) < freshAgain {
		return 0
	}
	one.told = now
	return len(one.came)
}

// lookOut tells moderators when many new accounts come into their room: it is theirs
// to put the shield up.
func (a *API) lookOut(name id.Room, r *room.Room, events []room.Event) {
	if r.Ended() {
		a.crowds.gone(name)
		return
	}
	for _, e := range events {
		came, is := e.(room.Entered)
		if !is || !came.Fresh {
			continue
		}
		many := a.crowds.came(name, a.Clock())
		if many == 0 || r.Shield() {
			continue
		}
		notice := encode(signal.Notice{CrowdOfFresh: &signal.CrowdOfFresh{Room: name, Count: many}})
		for _, who := range r.Moderators() {
			a.seats.tell(name, who, notice)
		}
	}
}
