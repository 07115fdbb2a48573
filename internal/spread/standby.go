package spread

import (
	"context"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/signal"
)

// overlapUsual is how long a seat stays where it was after its session has switched
// to its standby: what is under way still arrives.
const overlapUsual = 2 * time.Second

// Stand gives a session a place at another node, beside the one where its seat
// is: a connection there is kept ready, and hears and says nothing until the
// session switches to it. There is one at most; another one takes its place. It
// is ErrNoPlace where there can be none.
func (rs *Rooms) Stand(name id.Room, who id.Person, session id.Session, node id.Node) error {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	h, one := rs.find(name, who, session)
	if one == nil || node.IsZero() || node == one.node || rs.lost[node] || !rs.inside(node, h.ways.Fence) {
		return ErrNoPlace
	}
	if one.past == node {
		rs.forget(name, h, one)
	}
	if one.spare == node {
		return nil // the offer makes its connection anew
	}
	rs.spare(name, h, one)
	one.spare = node
	h.counts[node]++
	rs.tell(node, Line{Room: name, Seat: one.standby()})
	rs.lead(name, h)
	return nil
}

// OfferStandby answers a session's offer at the node where it stands by.
func (rs *Rooms) OfferStandby(ctx context.Context, name id.Room, who id.Person, session id.Session, sdp string) (string, error) {
	rs.mu.Lock()
	_, one := rs.find(name, who, session)
	if one == nil || one.spare.IsZero() {
		rs.mu.Unlock()
		return "", ErrNoPlace
	}
	spare := one.spare
	rs.mu.Unlock()
	if spare == rs.Self {
		return rs.Place.media.Offer(ctx, name, who, session, sdp)
	}
	return rs.ask(ctx, spare, Question{Room: name, Who: who, Session: session, Offer: sdp})
}

// Switch makes the node where a session stands by the one where its seat is. It
// is heard from both for a moment. It is ErrNoPlace when it stands by elsewhere,
// or nowhere, and no mistake when its seat is there already.
func (rs *Rooms) Switch(name id.Room, who id.Person, session id.Session, to id.Node) error {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	h, one := rs.find(name, who, session)
	switch {
	case one == nil:
		return ErrNoPlace
	case one.node == to:
		return nil
	case to.IsZero() || one.spare != to:
		return ErrNoPlace
	}
	rs.turn(name, h, one)
	rs.lead(name, h)
	return nil
}

// Release has a session stand by nowhere.
func (rs *Rooms) Release(name id.Room, who id.Person, session id.Session) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if h, one := rs.find(name, who, session); one != nil && !one.spare.IsZero() {
		rs.spare(name, h, one)
		rs.lead(name, h)
	}
}

func (rs *Rooms) find(name id.Room, who id.Person, session id.Session) (*house, *at) {
	h := rs.rooms[name]
	if h == nil || h.seats[who] == nil || h.seats[who].Session != session {
		return nil, nil
	}
	return h, h.seats[who]
}

// turn makes a standby the seat.
func (rs *Rooms) turn(name id.Room, h *house, one *at) {
	rs.forget(name, h, one)
	one.past, one.node, one.spare = one.node, one.spare, id.Node{}
	rs.sessions[one.Session] = one.node
	rs.tell(one.node, Line{Room: name, Seat: new(one.Seat)})
	if rs.lost[one.past] {
		rs.forget(name, h, one)
		return
	}
	who, past := one.Who, one.past
	time.AfterFunc(rs.overlap, func() {
		rs.mu.Lock()
		defer rs.mu.Unlock()
		if h := rs.rooms[name]; h != nil && h.seats[who] == one && one.past == past {
			rs.forget(name, h, one)
			rs.lead(name, h)
		}
	})
}

// standby is a seat as it is where it only stands by.
func (a *at) standby() *Seat {
	s := a.Seat
	s.May, s.Standby = false, true
	return &s
}

// everywhere tells a seat as it is now at each node that knows it.
func (rs *Rooms) everywhere(name id.Room, one *at) {
	rs.tell(one.node, Line{Room: name, Seat: new(one.Seat)})
	if !one.spare.IsZero() {
		rs.tell(one.spare, Line{Room: name, Seat: one.standby()})
	}
	if !one.past.IsZero() {
		rs.tell(one.past, Line{Room: name, Seat: new(one.Seat)})
	}
}

// forget ends an overlap.
func (rs *Rooms) forget(name id.Room, h *house, one *at) {
	rs.withdraw(name, h, one, &one.past)
}

// spare has a seat stand by nowhere.
func (rs *Rooms) spare(name id.Room, h *house, one *at) {
	rs.withdraw(name, h, one, &one.spare)
}

func (rs *Rooms) withdraw(name id.Room, h *house, one *at, from *id.Node) {
	if from.IsZero() {
		return
	}
	if h.counts[*from]--; h.counts[*from] == 0 {
		delete(h.counts, *from)
	}
	rs.tell(*from, Line{Room: name, Unseat: new(one.Who)})
	*from = id.Node{}
}

// without has a seat neither stand by nor linger at a node.
func (rs *Rooms) without(name id.Room, h *house, one *at, node id.Node) (changed bool) {
	if one.spare == node {
		rs.spare(name, h, one)
		changed = true
	}
	if one.past == node {
		rs.forget(name, h, one)
		changed = true
	}
	return changed
}

// gather leaves a seat with the one place where it is, inside the fence.
func (rs *Rooms) gather(name id.Room, h *house, one *at) {
	if !one.spare.IsZero() && !rs.inside(one.spare, h.ways.Fence) {
		rs.spare(name, h, one)
	}
	if !one.past.IsZero() && !rs.inside(one.past, h.ways.Fence) {
		rs.forget(name, h, one)
	}
}

// stepped has nobody stand by who is not on the stage any more: it costs voices.
func (rs *Rooms) stepped(name id.Room, h *house, one *at, r *room.Room) {
	if p := r.Participant(one.Who); p == nil || p.Role < room.Speaker {
		rs.spare(name, h, one)
	}
}

// At returns how many people of our rooms are at a node, or stand by there.
func (rs *Rooms) At(node id.Node) (n int) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	for _, h := range rs.rooms {
		n += h.counts[node]
	}
	return n
}

// Leaving returns some of those whose media are at a node that is about to stop:
// at most some, who have not been returned in this turn yet. They make
// connections at other nodes, and then switch.
func (rs *Rooms) Leaving(node id.Node, turn map[id.Session]bool, some int) (moves []Move) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	for name, h := range rs.rooms {
		if h.counts[node] == 0 {
			continue
		}
		for who, one := range h.seats {
			if len(moves) >= some {
				return moves
			}
			if one.spare == node {
				rs.spare(name, h, one)
			}
			if one.node != node || turn[one.Session] {
				continue
			}
			turn[one.Session] = true
			moves = append(moves, Move{Room: name, Who: who, Session: one.Session, From: node, Fence: h.ways.Fence, Why: signal.MoveLeaving})
		}
	}
	return moves
}
