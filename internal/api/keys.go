package api

import (
	"github.com/stoa-audio/stoa/internal/courier"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/signal"
)

// carry passes on what r has to do with keys, if it has: docs/protocol/keys.md.
func (c *connection) carry(r signal.Request, s *seat, reply *signal.Reply) (done bool, err error) {
	post := &c.api.seats.courier
	by := courier.Seat{Room: s.room, Who: s.who, Session: s.session}
	switch {
	case r.Knock != nil:
		var untended bool
		untended, err = post.Knock(c.api.Clock(), by, *r.Knock, c.ws.Post)
		if !c.api.seats.holds(s) { // it was lost in the same moment
			post.Leave(s.room, s.session, false)
		}
		if untended {
			post.Untended(s.room, c.api.stage(s.room))
		}
	case r.Tend != nil:
		if !c.api.onStage(s) {
			return false, room.ErrNotOnStage
		}
		var tended signal.Tended
		if tended, err = post.Tend(by); err == nil {
			reply.Tended = &tended
			return true, nil
		}
	case r.NextKnocks != nil:
		err = post.More(by)
	case r.Announce != nil:
		err = post.Announce(by, *r.Announce)
	case r.Letters != nil:
		err = post.Letters(by, *r.Letters)
	default:
		return false, nil
	}
	if err != nil {
		return false, err
	}
	reply.Done = &signal.None{}
	return true, nil
}

// stage returns who is on the stage of a room.
func (a *API) stage(name id.Room) (stage []id.Person) {
	a.rooms.Read(name, func(r *room.Room) {
		for _, p := range r.Stage() {
			stage = append(stage, p.Who)
		}
	})
	return stage
}

func (a *API) onStage(s *seat) (on bool) {
	a.rooms.Read(s.room, func(r *room.Room) {
		p := r.Participant(s.who)
		on = p != nil && p.Role >= room.Speaker
	})
	return on
}
