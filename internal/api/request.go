package api

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/stoa-audio/stoa/internal/grant"
	"github.com/stoa-audio/stoa/internal/hub"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/signal"
)

// answer does what r asks and replies.
func (c *connection) answer(ctx context.Context, r signal.Request) {
	// What has been begun is finished, also if the client is gone meanwhile:
	// otherwise nobody would know whether it had happened.
	ctx, cancel := context.WithTimeout(ctx, doMax)
	defer cancel()
	reply := signal.Reply{Re: r.ID}
	var watch *hub.Watch
	if r.Itinerary != nil {
		if err := wait(&c.bucket, c.api.Clock()); err != nil {
			reply.Problem = c.problem(ctx, err)
			c.reply(reply)
			return
		}
		c.itinerary(r)
		return
	}
	err := wait(&c.bucket, c.api.Clock())
	switch {
	case err != nil:
	case r.Ping != nil:
		reply.Done = &signal.None{}
	case r.Enter != nil:
		reply.Entered, watch, err = c.enter(ctx, *r.Enter)
	case r.WatchHallway != nil:
		reply.Done, err = &signal.None{}, c.watchHallway()
	default:
		err = c.ask(ctx, r, &reply)
	}
	if err != nil {
		reply = signal.Reply{Re: r.ID, Problem: c.problem(ctx, err)}
	}
	c.reply(reply)
	if watch != nil {
		c.api.seats.follow(c.held(), watch)
		c.ws.Flush()
	}
}

func (c *connection) problem(ctx context.Context, err error) *signal.Problem {
	p := c.api.problem(ctx, err, c.german)
	if len(p.Errors) > 0 {
		p.Detail = p.Errors[0].Message
	}
	return &signal.Problem{Code: p.Code, Title: p.Title, Status: p.Status, Detail: p.Detail, RetryAfter: p.retryAfter()}
}

// enter takes the seat that a grant permits.
func (c *connection) enter(ctx context.Context, e signal.Enter) (*signal.Entered, *hub.Watch, error) {
	a := c.api
	g, err := a.permitted(&e)
	if err != nil {
		return nil, nil, err
	}
	if c.signedIn() && c.session.Person != g.Person {
		return nil, nil, grant.ErrGrant
	}
	if err := a.suspended(ctx, g.Person); err != nil {
		return nil, nil, err
	}
	if e.Ticket == "" {
		if err := a.Grants.Spend(g, a.Clock()); err != nil {
			return nil, nil, err
		}
	}

	s := &seat{conn: c, room: g.Room, who: g.Person, session: g.Session}
	a.seats.add(s)
	err = a.rooms.Do(ctx, s.room, room.Enter{Who: s.who, Name: g.Name, Picture: g.Picture, Session: s.session, Previous: e.Previous, Fresh: g.Fresh})
	if err != nil {
		a.seats.remove(s)
		if problemOf(err, false).Status >= 500 {
			go a.disconnect(s) // nobody knows whether the seat was taken
		}
		return nil, nil, err
	}
	if err := a.suspended(ctx, s.who); err != nil { // in the same moment
		a.seats.remove(s)
		a.putOut(ctx, s.who)
		return nil, nil, err
	}
	if a.Away != nil && a.Away.KeptOut(s.room, s.who) { // so, too
		a.seats.remove(s)
		if err := a.rooms.Do(ctx, s.room, room.PutOut{Who: s.who}); err != nil {
			return nil, nil, err
		}
		return nil, nil, room.ErrNoRoom
	}
	before := c.swap(s)
	if before != nil && (before.room != s.room || before.who != s.who) {
		if err := a.leave(ctx, before); err != nil {
			go a.disconnect(before)
		}
	}
	if !a.seats.holds(s) { // it was lost in the same moment
		c.swap(nil)
		return nil, nil, room.ErrNotHere
	}
	p, view, watch, err := a.watch(s, e.Since)
	if err != nil {
		c.swap(nil)
		go a.disconnect(s) // the client does not know that it sits there
		return nil, nil, err
	}
	entered := &signal.Entered{
		Room: s.room, Me: s.who, Session: s.session, You: p.text, Vote: p.vote, View: view, Media: a.Media.Up(s.room, s.who, s.session),
	}
	if a.Away != nil {
		entered.Ticket, entered.Deputy = a.Away.Ticket(s.room, s.who, s.session)
	}
	return entered, watch, nil
}

// permitted returns what an Enter permits: by a grant or, where a room goes on in
// its house's absence, by the ticket of a seat in it.
func (a *API) permitted(e *signal.Enter) (g grant.Grant, err error) {
	if e.Ticket == "" {
		return a.Grants.Check(e.Grant, a.Clock())
	}
	if a.Away == nil {
		return g, grant.ErrGrant
	}
	name, who, session, err := a.Away.Seat(e.Ticket)
	if err != nil {
		return g, err
	}
	e.Previous = session
	g = grant.Grant{Room: name, Person: who, Session: id.New[id.Session]()}
	err = room.ErrNoRoom // it has ended, or they have been put out
	a.rooms.Read(name, func(r *room.Room) {
		if p := r.Participant(who); p != nil {
			g.Name, g.Picture, err = p.Name, p.Picture, nil
		}
	})
	return g, err
}

// A person is what a client is told of its own.
type person struct {
	text json.RawMessage
	vote *int // what they have chosen in the open poll
}

// watch returns the person of s, and what they see from now on: the events
// after since, or a view and the events after it. Only events since the person
// came in are shown so; what happened before is not theirs to know.
func (a *API) watch(s *seat, since uint64) (you person, view json.RawMessage, w *hub.Watch, err error) {
	// Between what is read and the watch more may happen than the hub keeps.
	for range 3 {
		continues, seq := false, since
		there := a.rooms.Read(s.room, func(r *room.Room) {
			p := r.Participant(s.who)
			if p == nil {
				err = room.ErrNotHere
				return
			}
			if you.text, err = json.Marshal(p); err != nil {
				err = fmt.Errorf("write a participant: %w", err)
				return
			}
			you.vote = nil
			if option, voted := r.Choice(s.who); voted {
				you.vote = &option
			}
			if continues = since >= p.Entered && since <= r.Seq(); !continues {
				seq = r.Seq()
				view, err = a.views.write(s.room, r)
			}
		})
		switch {
		case !there:
			return you, nil, nil, room.ErrNotHere
		case err != nil:
			return you, nil, nil, err
		}
		if w, ok := a.Hub.Watch(s.room, seq, s.conn.ws.Flush); ok {
			return you, view, w, nil
		}
		since = 0 // what has been missed is not at hand any more
	}
	return you, nil, nil, errUnavailable
}

func (c *connection) watchHallway() error {
	if !c.signedIn() {
		return errNotSignedIn
	}
	c.api.hallway.join(c)
	if c.api.conns.watch(c) {
		go c.api.tellNews(c.session.Person)
	}
	return nil
}

// ask does what somebody with a seat may ask.
func (c *connection) ask(ctx context.Context, r signal.Request, reply *signal.Reply) error {
	s := c.held()
	if s == nil {
		return room.ErrNotHere
	}
	if r.Switch != nil {
		return c.change(s, r.Switch.At, reply)
	}
	if r.Release != nil {
		c.api.Media.Release(s.room, s.who, s.session)
		reply.Done = &signal.None{}
		return nil
	}
	if r.Offer != nil && r.Offer.Standby {
		sdp, err := c.api.Media.Stand(ctx, s.room, s.who, s.session, r.Offer.At, r.Offer.SDP)
		reply.Answer = &signal.Answer{SDP: sdp}
		return err
	}
	if r.Offer != nil {
		sdp, err := c.api.Media.Offer(ctx, s.room, s.who, s.session, r.Offer.At, r.Offer.SDP)
		reply.Answer = &signal.Answer{SDP: sdp}
		c.api.seats.moved(s, c.api.Media.Where(s.room, s.who))
		return err
	}
	if done, err := c.carry(r, s, reply); done || err != nil {
		return err
	}
	if done, err := c.api.beside(r, s); done || err != nil {
		reply.Done = &signal.None{}
		return err
	}
	command, err := c.api.commandOf(r, s.by())
	if err != nil {
		return err
	}
	if err := c.api.rooms.Do(ctx, s.room, command); err != nil {
		return err
	}
	if r.Leave != nil {
		c.swap(nil)
		c.ws.Unfollow(false)
	}
	reply.Done = &signal.None{}
	return nil
}

// change makes the node where the media of s stand by the one where they are.
func (c *connection) change(s *seat, at id.Node, reply *signal.Reply) error {
	if err := c.api.Media.Switch(s.room, s.who, s.session, at); err != nil {
		return err
	}
	c.api.seats.moved(s, c.api.Media.Where(s.room, s.who))
	reply.Done = &signal.None{}
	return nil
}

// commandOf returns the command that r asks for.
func (a *API) commandOf(r signal.Request, by room.Seat) (room.Command, error) {
	switch {
	case r.Leave != nil:
		return room.Leave{By: by}, nil
	case r.RaiseHand != nil:
		return room.RaiseHand{By: by}, nil
	case r.LowerHand != nil:
		return room.LowerHand{By: by, Who: r.LowerHand.Who}, nil
	case r.SetHands != nil:
		var policy room.HandPolicy
		if err := policy.UnmarshalText([]byte(r.SetHands.Policy)); err != nil {
			return nil, errValue{"set_hands.policy", err.Error()}
		}
		return room.SetHands{By: by, Policy: policy}, nil
	case r.SetChat != nil:
		var policy room.ChatPolicy
		if err := policy.UnmarshalText([]byte(r.SetChat.Policy)); err != nil {
			return nil, errValue{"set_chat.policy", err.Error()}
		}
		return room.SetChat{By: by, Policy: policy}, nil
	case r.Pin != nil:
		return room.Pin{By: by, URL: r.Pin.URL, Text: r.Pin.Text}, nil
	case r.Unpin != nil:
		return room.Unpin{By: by, Pin: r.Unpin.Pin}, nil
	case r.OpenPoll != nil:
		return room.OpenPoll{By: by, Question: r.OpenPoll.Question, Options: r.OpenPoll.Options}, nil
	case r.Vote != nil:
		return room.Vote{By: by, Poll: r.Vote.Poll, Option: r.Vote.Option}, nil
	case r.ClosePoll != nil:
		return room.ClosePoll{By: by, Poll: r.ClosePoll.Poll}, nil
	case r.AskUp != nil:
		return room.AskUp{By: by, Who: r.AskUp.Who}, nil
	case r.StepUp != nil:
		return room.StepUp{By: by}, nil
	case r.Decline != nil:
		return room.Decline{By: by}, nil
	case r.StepDown != nil:
		return room.StepDown{By: by}, nil
	case r.Mute != nil:
		return room.Mute{By: by, Who: r.Mute.Who}, nil
	case r.Unmute != nil:
		return room.Unmute{By: by}, nil
	case r.MoveDown != nil:
		return room.MoveDown{By: by, Who: r.MoveDown.Who}, nil
	case r.MakeModerator != nil:
		return room.MakeModerator{By: by, Who: r.MakeModerator.Who}, nil
	case r.Remove != nil:
		return room.Remove{By: by, Who: r.Remove.Who}, nil
	case r.LetIn != nil:
		return room.LetIn{By: by, Who: r.LetIn.Who}, nil
	case r.Describe != nil:
		spoken, err := about(r.Describe.Language, r.Describe.Topics)
		if err != nil {
			return nil, err
		}
		return room.Describe{By: by, Title: titleOf(r.Describe.Title), Language: spoken, Topics: r.Describe.Topics}, nil
	case r.SetShield != nil:
		return room.SetShield{By: by, On: r.SetShield.On}, nil
	case r.Prove != nil:
		return room.Prove{By: by, Proven: r.Prove.Proven}, nil
	case r.Widen != nil:
		var to room.Visibility
		if err := to.UnmarshalText([]byte(r.Widen.To)); err != nil {
			return nil, errValue{"widen.to", err.Error()}
		}
		return room.Widen{By: by, To: to}, nil
	case r.SetFence != nil:
		to, err := a.fence("set_fence.to", r.SetFence.To)
		if err != nil {
			return nil, err
		}
		return room.SetFence{By: by, To: to}, nil
	case r.End != nil:
		return room.End{By: by}, nil
	}
	return nil, errBadRequest
}
