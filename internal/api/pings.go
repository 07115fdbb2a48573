package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/room"
)

// NewPing is whom to ask into a room.
type NewPing struct {
	Person string `json:"person"`
}

type atPings struct {
	Room string `path:"room"`
	Body NewPing
}

func (a *API) addPings() {
	add(a, huma.Operation{
		OperationID: "ping", Method: "POST", Path: "/api/v1/rooms/{room}/pings", Tags: []string{"rooms"}, DefaultStatus: 204,
		Summary: "Ask somebody who follows me to come in; answered alike whether they hear of it",
	}, toPing, func(ctx context.Context, in *atPings) (*nothing, error) {
		name, err := id.Parse[id.Room](in.Room)
		if err != nil {
			return nil, room.ErrNoRoom
		}
		whom := atPerson{in.Body.Person}
		to, err := whom.parse()
		if err != nil {
			return nil, err
		}
		return &nothing{}, a.ping(ctx, me(ctx), name, to)
	})
}

// ping asks somebody to come into a room that who sits in. Into a closed one only
// its moderators ask, and by that let them in. Whether the other follows who, wants
// to hear of it, or was asked a moment ago by somebody else is not told.
func (a *API) ping(ctx context.Context, who id.Person, name id.Room, to id.Person) error {
	if to == who {
		return people.ErrSelf
	}
	seat, closed, err := room.Seat{}, false, room.ErrNoRoom
	a.rooms.Read(name, func(r *room.Room) {
		p := r.Participant(who)
		if p == nil {
			return
		}
		seat, closed, err = room.Seat{Who: who, Session: p.Session}, r.Visibility() == room.Closed, nil
		if closed && p.Role != room.Moderator {
			err = room.ErrNotModerator
		}
	})
	if err != nil {
		return err
	}
	theirs, err := a.People.Profile(ctx, who, to)
	if err != nil {
		return err
	}
	if closed {
		if err := a.rooms.Do(ctx, name, room.LetIn{By: seat, Who: to}); err != nil {
			return err
		}
	}
	if !theirs.FollowsMe || !a.isFor(ctx, name, []id.Person{to})[to] || a.isIn(name, to) {
		return nil
	}
	a.tellAll(ctx, news.Piece{To: to, Kind: news.Ping, Who: who, Room: name})
	return nil
}

// isIn reports whether somebody is in a room.
func (a *API) isIn(name id.Room, who id.Person) (there bool) {
	a.rooms.Read(name, func(r *room.Room) { there = r.Participant(who) != nil })
	return there
}
