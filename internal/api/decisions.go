package api

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/moderation"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/room/live"
	"github.com/stoa-audio/stoa/internal/schedule"
)

// errSuspended means that somebody is kept out of the house.
type errSuspended struct {
	until time.Time // zero: for good
	why   string
	code  string // that opens the account from now on, for who came by the one before
}

func (e errSuspended) Error() string { return "kept out of the house" }

// errGone means that there is nothing any more that could be closed or taken away.
var errGone = errors.New("the thing is gone")

// suspended returns what somebody is told who is kept out now, or nil.
func (a *API) suspended(ctx context.Context, who id.Person) error {
	bar, out := a.Queue.Barred(who)
	if !out {
		return nil
	}
	return errSuspended{until: bar.Until, why: a.Queue.WhyBarred(ctx, who, bar.Decision)}
}

// isOut reports whether somebody is kept out.
func (a *API) isOut(who id.Person) bool {
	_, out := a.Queue.Barred(who)
	return out
}

// decide has a warden decide, and does what follows: after it is stored, so that
// nothing is done of which nobody could read why.
func (a *API) decide(ctx context.Context, warden id.Person, which moderation.EntryID, version int64, ask moderation.Ask) error {
	e, err := a.Queue.Entry(ctx, warden, which)
	if err != nil {
		return err
	}
	thing, err := a.judged(ctx, &e.Entry)
	if err != nil {
		return err
	}
	if (ask.What == moderation.CloseRoom || ask.What == moderation.Remove) && thing.name == "" && !a.isThere(&e.Entry) {
		return errGone
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), doMax)
	defer cancel()
	d, err := a.Queue.Decide(ctx, warden, which, version, e.Kind, thing.concerns, thing.hosts, ask)
	if err != nil {
		return err
	}
	err = a.carryOut(ctx, d)
	if d.What != moderation.Nothing { // of nothing nobody need be told
		a.tellAll(ctx, news.Piece{To: d.Person, Kind: news.Decision, Mark: binary.BigEndian.Uint64(d.ID[:8])})
	}
	return err
}

// isThere reports whether a room runs: one may have no title.
func (a *API) isThere(e *moderation.Entry) bool {
	return e.Kind == moderation.Room && a.rooms.Read(id.Room(e.ID), func(*room.Room) {})
}

// carryOut does what follows from a decision. What fails can be decided again.
func (a *API) carryOut(ctx context.Context, d moderation.Decision) error {
	switch d.What {
	case moderation.Suspend, moderation.Ban:
		a.keepOut(ctx, d.Person)
		a.tellDeputy(ctx)
	case moderation.CloseRoom:
		if err := a.rooms.Do(ctx, id.Room(d.Entry), room.Close{}); err != nil && !errors.Is(err, room.ErrNoRoom) {
			return err
		}
	case moderation.Remove:
		return a.takeAway(ctx, d)
	case moderation.Lift:
		a.tellDeputy(ctx)
	case moderation.Nothing, moderation.Warning:
	}
	return nil
}

// tellDeputy tells the deputy who is kept out by now. One that cannot be reached hears
// it when it can; rooms that come back from it are looked through (PutOut).
func (a *API) tellDeputy(ctx context.Context) {
	if a.Away != nil {
		a.missed(ctx, "the deputy does not know yet who is kept out", a.Away.Decided(ctx))
	}
}

func (a *API) takeAway(ctx context.Context, d moderation.Decision) error {
	switch d.Kind {
	case moderation.Person:
		return a.People.Strip(ctx, d.Person)
	case moderation.Club:
		return a.Clubs.Strip(ctx, id.Club(d.Entry), d.Person)
	case moderation.Plan:
		err := a.Schedule.CallOff(ctx, id.Plan(d.Entry))
		if err == nil {
			a.tellPlan(ctx, id.Plan(d.Entry))
		}
		if errors.Is(err, schedule.ErrBegun) {
			return nil // its room is there, which is closed by itself
		}
		return err
	case moderation.Room:
	}
	return nil
}

// keepOut ends what somebody has here: their sessions are over in the records, and
// here their connections and their seats, and with those their media.
func (a *API) keepOut(ctx context.Context, who id.Person) {
	a.People.ForgetSessions(who)
	a.conns.end(func(c *connection) bool {
		seat := c.held()
		return c.session.Person == who || seat != nil && seat.who == who
	})
	a.putOut(ctx, who)
}

// putOut has who out of all rooms, also those in which only their seat is held.
func (a *API) putOut(ctx context.Context, who id.Person) {
	var names []id.Room
	a.rooms.Each(func(name id.Room, r *room.Room) {
		if r.Participant(who) != nil {
			names = append(names, name)
		}
	})
	for _, name := range names {
		if err := a.rooms.Do(ctx, name, room.PutOut{Who: who}); err != nil && !errors.Is(err, room.ErrNoRoom) {
			a.missed(ctx, "somebody who is out still has a seat", err)
		}
	}
}

// PutOut puts out of rooms that run here whoever out says, and ends their connections.
// It is for rooms that have been elsewhere, and for those of other houses.
func (a *API) PutOut(ctx context.Context, names []id.Room, out func(id.Room, id.Person) bool) error {
	var errs []error
	for _, name := range names {
		var theirs []id.Person
		a.rooms.Read(name, func(r *room.Room) {
			for _, p := range r.Participants() {
				if out(name, p.Who) {
					theirs = append(theirs, p.Who)
				}
			}
		})
		for _, who := range theirs {
			a.conns.end(func(c *connection) bool {
				seat := c.held()
				return seat != nil && seat.room == name && seat.who == who
			})
			err := a.rooms.Do(ctx, name, room.PutOut{Who: who})
			if gone := errors.Is(err, room.ErrNoRoom) || errors.Is(err, live.ErrElsewhere); err != nil && !gone {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}
