package api

import (
	"context"

	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/signal"
)

// itinerary answers by which nodes voices come. Others are asked for it, which
// takes a while: what comes after it does not wait, but a second one at a time
// is refused.
func (c *connection) itinerary(r signal.Request) {
	s := c.held()
	var err error
	switch {
	case s == nil:
		err = room.ErrNotHere
	case !c.asking.CompareAndSwap(false, true):
		err = errWait{itineraryWait}
	}
	if err != nil {
		c.reply(signal.Reply{Re: r.ID, Problem: c.problem(context.Background(), err)})
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(c.api.work, doMax)
		defer cancel()
		found := c.api.Itinerary(ctx, s.room, s.who, c.api.stage(s.room))
		reply := signal.Reply{Re: r.ID, Itinerary: &found}
		if !c.api.seats.holds(s) {
			reply = signal.Reply{Re: r.ID, Problem: c.problem(ctx, room.ErrNotHere)}
		}
		c.asking.Store(false)
		c.reply(reply)
	}()
}
