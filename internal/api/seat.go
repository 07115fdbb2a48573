package api

import (
	"context"
	"slices"
	"sync"

	"github.com/stoa-audio/stoa/internal/courier"
	"github.com/stoa-audio/stoa/internal/hub"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/signal"
)

// A seat is the place of a person in a room, as the connection sees it that
// sits there or is about to.
type seat struct {
	conn    *connection
	room    id.Room
	who     id.Person
	session id.Session

	in, lost bool       // whether the room gave it, and took it back; guarded by seats.mu
	watch    *hub.Watch // of what happens there; guarded by seats.mu
}

func (s *seat) by() room.Seat { return room.Seat{Who: s.who, Session: s.session} }

// seats is the seats that connections of this node hold. What happens in a
// room tells which of them are lost.
type seats struct {
	mu      sync.Mutex
	taken   map[id.Room]map[id.Person][]*seat
	courier courier.Courier // between those who sit in a room
}

// add notes s before the room is asked for it, so that nothing is missed.
func (a *seats) add(s *seat) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.taken == nil {
		a.taken = make(map[id.Room]map[id.Person][]*seat)
	}
	if a.taken[s.room] == nil {
		a.taken[s.room] = make(map[id.Person][]*seat)
	}
	a.taken[s.room][s.who] = append(a.taken[s.room][s.who], s)
}

func (a *seats) remove(s *seat) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s.lost = true
	a.courier.Leave(s.room, s.session, false)
	a.sweep(s.room, s.who)
}

// holds reports whether s is held.
func (a *seats) holds(s *seat) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return s != nil && s.in && !s.lost
}

// follow passes on to the connection of s what w has, for as long as s is held.
// It has been lost already if the cut has come before the watch.
func (a *seats) follow(s *seat, w *hub.Watch) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s == nil || !s.in || s.lost {
		w.Stop()
		return
	}
	s.watch = w
	w.At(s.conn.api.Media.Where(s.room, s.who))
	s.conn.ws.Follow(w)
}

// moved says at which node the media of s are now.
func (a *seats) moved(s *seat, at id.Node) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s.watch != nil {
		s.watch.At(at)
	}
}

// Move tells a session that sits in a room that its media connection is to be
// with another node, or is already.
func (a *API) Move(name id.Room, who id.Person, session id.Session, at id.Node, why signal.MoveWhy) {
	where := a.Media.Where(name, who)
	a.seats.mu.Lock()
	defer a.seats.mu.Unlock()
	for _, s := range a.seats.taken[name][who] {
		if s.session == session && s.in && !s.lost {
			if s.watch != nil {
				s.watch.At(where)
			}
			s.conn.ws.Post(encode(signal.Notice{Move: &signal.Move{Room: name, At: at, Why: why}}))
		}
	}
}

// sweep forgets the lost seats of who.
func (a *seats) sweep(name id.Room, who id.Person) {
	here := a.taken[name]
	rest := slices.DeleteFunc(here[who], func(s *seat) bool { return s.lost })
	if len(rest) > 0 {
		here[who] = rest
		return
	}
	if delete(here, who); len(here) == 0 {
		delete(a.taken, name)
	}
}

// happened finds out which seats events give and take, and tells those who
// need not be shown to others what they must know of themselves.
func (a *seats) happened(name id.Room, events []room.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	here := a.taken[name]
	for _, e := range events {
		switch e := e.(type) {
		case room.Entered:
			sit(here[e.Who], e.Session)
		case room.Returned:
			sit(here[e.Who], e.Session)
			a.sweep(name, e.Who)
		case room.Left:
			for _, s := range here[e.Who] {
				s.lose(leftCuts[e.Why])
			}
			a.sweep(name, e.Who)
		case room.Ended:
			for who, seats := range here {
				for _, s := range seats {
					s.lose(signal.CutEnded)
				}
				a.sweep(name, who)
			}
		case room.SteppedDown:
			a.courier.StepDown(name, e.Who)
		case room.Regrouped:
			for _, who := range e.Followed {
				tellYou(here[who], true)
			}
			for _, who := range e.Unfollowed {
				tellYou(here[who], false)
			}
		default: // changes no seat
		}
	}
}

func tellYou(seats []*seat, followed bool) {
	for _, s := range seats {
		if s.in && !s.lost {
			s.conn.ws.Post(encode(signal.Notice{You: &signal.You{Room: s.room, Followed: followed}}))
		}
	}
}

// leftCuts is what a connection is told when its person has left. Who leaves
// of their own accord knows it.
var leftCuts = map[room.LeftReason]signal.CutReason{
	room.LeftRemoved: signal.CutRemoved,
	room.LeftLost:    signal.CutLost,
}

// sit gives the place of a person to the seat with a session. A connection
// that enters again takes over from itself, which is no news to it.
func sit(seats []*seat, session id.Session) {
	var taker *connection
	for _, s := range seats {
		if s.session == session {
			s.in, taker = true, s.conn
		}
	}
	for _, s := range seats {
		switch {
		case s.session == session:
		case s.conn == taker:
			s.lose("")
		default:
			s.lose(signal.CutTakenOver)
		}
	}
}

// lose takes the seat away, and tells the connection why if there is a reason.
// One that the room has not given yet cannot be lost.
func (s *seat) lose(why signal.CutReason) {
	if !s.in || s.lost {
		return
	}
	s.lost = true
	s.conn.drop(s)
	s.conn.api.seats.courier.Leave(s.room, s.session, why == signal.CutRemoved)
	if why != "" {
		s.conn.ws.Unfollow(why == signal.CutEnded) // the last events come before it
		s.conn.ws.Post(encode(signal.Notice{Cut: &signal.Cut{Room: s.room, Why: why}}))
	}
}

// held returns the connection's seat, or nil.
func (c *connection) held() *seat {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seat
}

// swap gives the connection another seat and returns the one before.
func (c *connection) swap(s *seat) (before *seat) {
	c.mu.Lock()
	before, c.seat = c.seat, s
	c.mu.Unlock()
	if before != nil {
		c.api.seats.remove(before)
	}
	return before
}

// drop forgets s if it is the connection's seat.
func (c *connection) drop(s *seat) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seat == s {
		c.seat = nil
	}
}

// Happened implements live.Watcher: it hears of everything that happens in the
// rooms of this node, after the hub.
func (a *API) Happened(name id.Room, r *room.Room, _ uint64, events []room.Event) {
	a.seats.happened(name, events)
	a.hallway.happened(name, r, events)
	a.stages.happened(name, events)
	a.conflicts.happened(name, r, events)
	a.lookOut(name, r, events)
}

// leave gives a seat up.
func (a *API) leave(ctx context.Context, s *seat) error {
	return a.rooms.Do(ctx, s.room, room.Leave{By: s.by()})
}

// disconnect tells a room that a connection is lost. The rooms try until it is
// stored. When the node stops first, every seat is taken for lost at the next
// start.
func (a *API) disconnect(s *seat) {
	_ = a.rooms.Do(a.work, s.room, room.Disconnect{By: s.by()})
}
