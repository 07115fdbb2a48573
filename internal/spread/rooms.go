package spread

import (
	"context"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/signal"
)

// A Far is another node as a place for rooms of ours. What is told to it arrives
// in order; when the connection was lost, all of it is told anew.
type Far interface {
	Tell(line Line)
	Ask(ctx context.Context, q Question) (Answer, error)
	Stop()
}

// A RoomsConfig is what Rooms needs.
type RoomsConfig struct {
	Self  id.Node
	Place *Place // this node's
	// Reach begins to keep another node told, and told returns all that is to be
	// told to it.
	Reach func(node id.Node, told func(begin func()) []Line) Far
	// Stands returns where a node stands; not ok when it is not known.
	Stands func(node id.Node) (region.Place, bool)
	// Moved is told whose media connections are to be made anew: the node where
	// they were is outside a fence now. It must not wait.
	Moved func([]Move)
}

// Rooms is where the people of our rooms are. It is told what happens in them
// (live.Watcher), and is the media as the doors know it.
type Rooms struct {
	RoomsConfig

	overlap time.Duration // of a seat that has switched

	mu       sync.Mutex // guards the rest
	sessions map[id.Session]id.Node
	rooms    map[id.Room]*house
	terms    map[id.Room]uint64 // under which they run here
	far      map[id.Node]Far
	lost     map[id.Node]bool // nodes that are gone for now
	asks     map[*ask]bool    // that are under way
}

// An ask waits for another node, and not any longer when that one is gone.
type ask struct {
	node id.Node
	end  context.CancelFunc
}

// A Move is somebody whose media connection is to be with another node.
type Move struct {
	Room    id.Room
	Who     id.Person
	Session id.Session
	From    id.Node      // where it was
	Fence   region.Fence // of the room
	Why     signal.MoveWhy
	To      id.Node // where it is, if it has switched
}

// A house is a room of ours.
type house struct {
	seats  map[id.Person]*at
	counts map[id.Node]int // of seats, by where
	ways   Ways            // its fence is the room's
}

// An at is somebody's seat and where it is.
type at struct {
	Seat

	node  id.Node
	spare id.Node // where it stands by; zero: nowhere
	past  id.Node // where it was until a moment ago, and still is; zero: nowhere
}

// NewRooms returns the rooms that a node owns, at first none.
func NewRooms(c RoomsConfig) *Rooms {
	return &Rooms{
		RoomsConfig: c, overlap: overlapUsual,
		sessions: make(map[id.Session]id.Node), rooms: make(map[id.Room]*house), far: make(map[id.Node]Far),
		lost: make(map[id.Node]bool), asks: make(map[*ask]bool), terms: make(map[id.Room]uint64),
	}
}

// Happened is told what has happened in a room (live.Watcher).
func (rs *Rooms) Happened(name id.Room, r *room.Room, _ uint64, events []room.Event) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if r.Ended() {
		rs.end(name)
		delete(rs.terms, name)
		return
	}
	moved := false // the stage has changed, or where people are
	for _, e := range events {
		switch e := e.(type) {
		case room.Entered:
			moved = rs.seat(name, r, e.Who, e.Session, id.Session{}) || moved
		case room.Returned:
			moved = rs.seat(name, r, e.Who, e.Session, e.Previous) || moved
		case room.Left:
			moved = rs.unseat(name, e.Who) || moved
		case room.SteppedUp:
			moved = rs.speak(name, r, e.Who) || moved
		case room.SteppedDown:
			moved = rs.speak(name, r, e.Who) || moved
		case room.Muted:
			moved = rs.speak(name, r, e.Who) || moved
		case room.Unmuted:
			moved = rs.speak(name, r, e.Who) || moved
		case room.Fenced:
			moved = rs.refence(name, e.To) || moved
		default:
			// The rest changes nobody's media. Whoever went away keeps it while
			// the seat is held: often it is only the WebSocket that broke.
		}
	}
	if h := rs.rooms[name]; h != nil && moved {
		rs.lead(name, h)
	}
}

// seat gives somebody their place at the node where their session is.
func (rs *Rooms) seat(name id.Room, r *room.Room, who id.Person, session, previous id.Session) (moved bool) {
	h := rs.rooms[name]
	if h == nil {
		h = &house{seats: make(map[id.Person]*at), counts: make(map[id.Node]int), ways: Ways{Fence: r.Fence()}}
		rs.rooms[name] = h
	}
	node := rs.Self
	if before, ok := rs.sessions[previous]; ok {
		node = before
	}
	one := h.seats[who]
	if one != nil {
		delete(rs.sessions, one.Session)
		switch {
		case one.node != node:
			rs.leave(name, h, one)
			one = nil
		case one.Session != previous: // another device
			rs.spare(name, h, one)
			rs.forget(name, h, one)
		}
	}
	if one == nil {
		one, moved = &at{node: node}, true
		h.seats[who] = one
		h.counts[node]++
	}
	rs.sessions[session] = node
	one.Seat = seatOf(r, who, session, previous)
	rs.everywhere(name, one)
	return moved || one.Stage
}

// seatOf is a seat as the room stands after all events.
func seatOf(r *room.Room, who id.Person, session, previous id.Session) Seat {
	s := Seat{Who: who, Session: session, Previous: previous}
	if p := r.Participant(who); p != nil {
		s.Stage = p.Role >= room.Speaker
		s.May = s.Stage && !p.Muted
	}
	return s
}

func (rs *Rooms) speak(name id.Room, r *room.Room, who id.Person) (moved bool) {
	h := rs.rooms[name]
	if h == nil || h.seats[who] == nil {
		return false
	}
	one := h.seats[who]
	one.Seat = seatOf(r, who, one.Session, one.Previous)
	rs.stepped(name, h, one, r)
	rs.everywhere(name, one)
	return true
}

func (rs *Rooms) unseat(name id.Room, who id.Person) (moved bool) {
	h := rs.rooms[name]
	if h == nil || h.seats[who] == nil {
		return false
	}
	one := h.seats[who]
	delete(rs.sessions, one.Session)
	rs.leave(name, h, one)
	if len(h.seats) == 0 {
		delete(rs.rooms, name)
	}
	return one.Stage || h.counts[one.node] == 0
}

// refence has nobody sit outside of a room's new fence: their seats come here,
// at once, and they are told to make their connections anew.
func (rs *Rooms) refence(name id.Room, fence region.Fence) (moved bool) {
	h := rs.rooms[name]
	if h == nil {
		return false
	}
	h.ways.Fence = fence
	var moves []Move
	for _, one := range h.seats {
		rs.gather(name, h, one)
		if rs.inside(one.node, fence) {
			continue
		}
		moves = append(moves, Move{Room: name, Who: one.Who, Session: one.Session, From: one.node, Fence: fence, Why: signal.MoveOutside})
		rs.put(name, h, one, rs.Self)
	}
	if len(moves) > 0 {
		rs.Moved(moves)
	}
	return true
}

// inside reports whether a node stands inside a fence; where nobody knows, it
// does not. Whether this one does is looked at before a fence is set.
func (rs *Rooms) inside(node id.Node, fence region.Fence) bool {
	if node == rs.Self {
		return true
	}
	place, ok := rs.Stands(node)
	return ok && fence.Allows(place)
}

// put moves a seat to another node.
func (rs *Rooms) put(name id.Room, h *house, one *at, node id.Node) {
	rs.leave(name, h, one)
	one.node, one.Previous = node, id.Session{}
	rs.sessions[one.Session] = node
	h.seats[one.Who] = one
	h.counts[node]++
	rs.tell(node, Line{Room: name, Seat: new(one.Seat)})
}

// leave takes a seat away at the node where it is, and wherever else.
func (rs *Rooms) leave(name id.Room, h *house, one *at) {
	rs.spare(name, h, one)
	rs.forget(name, h, one)
	delete(h.seats, one.Who)
	if h.counts[one.node]--; h.counts[one.node] == 0 {
		delete(h.counts, one.node)
	}
	rs.tell(one.node, Line{Room: name, Unseat: new(one.Who)})
}

func (rs *Rooms) end(name id.Room) {
	if h := rs.drop(name); h != nil {
		for node := range h.counts {
			rs.tell(node, Line{Room: name, End: true})
		}
	}
}

// drop forgets who sits in a room, and tells nobody. It returns the room, nil if
// there was none.
func (rs *Rooms) drop(name id.Room) *house {
	h := rs.rooms[name]
	if h == nil {
		return nil
	}
	delete(rs.rooms, name)
	for _, one := range h.seats {
		delete(rs.sessions, one.Session)
	}
	return h
}

// lead tells all nodes of a room where its voices are.
func (rs *Rooms) lead(name id.Room, h *house) {
	w := Ways{Fence: h.ways.Fence, Wide: len(h.counts) > 1}
	if !w.Wide && !h.ways.Wide {
		return
	}
	for who, one := range h.seats {
		if !w.Wide || !one.Stage {
			continue
		}
		w.Voices = append(w.Voices, Voice{who, one.node, one.May})
		if !one.spare.IsZero() { // the way from there is made, and nobody is heard on it yet
			w.Voices = append(w.Voices, Voice{who, one.spare, false})
		}
		if !one.past.IsZero() {
			w.Voices = append(w.Voices, Voice{who, one.past, one.May})
		}
	}
	h.ways = w
	for node := range h.counts {
		rs.tell(node, Line{Room: name, Ways: &w})
	}
}

// tell tells a node, which may be this one.
func (rs *Rooms) tell(node id.Node, line Line) {
	line.Term = rs.terms[line.Room]
	if node == rs.Self {
		_ = line.do(rs.Place, rs.Self) // nobody else owns what is ours
		return
	}
	far := rs.far[node]
	if far == nil {
		far = rs.Reach(node, func(begin func()) []Line { return rs.told(node, begin) })
		rs.far[node] = far
	}
	far.Tell(line)
}

// told is all that a node is to know.
func (rs *Rooms) told(node id.Node, begin func()) []Line {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	begin()
	var lines []Line
	for name, h := range rs.rooms {
		if h.counts[node] == 0 {
			continue
		}
		for _, one := range h.seats {
			switch node {
			case one.node, one.past:
				lines = append(lines, Line{Room: name, Term: rs.terms[name], Seat: new(one.Seat)})
			case one.spare:
				lines = append(lines, Line{Room: name, Term: rs.terms[name], Seat: one.standby()})
			}
		}
		lines = append(lines, Line{Room: name, Term: rs.terms[name], Ways: new(h.ways)})
	}
	return lines
}

// Put says at which node the media of a session are to be: its seat moves there.
// The zero node is this one. It is ErrNoPlace for one that is gone, or outside
// the room's fence.
func (rs *Rooms) Put(name id.Room, who id.Person, session id.Session, node id.Node) error {
	if node.IsZero() {
		node = rs.Self
	}
	rs.mu.Lock()
	defer rs.mu.Unlock()
	h := rs.rooms[name]
	if h == nil || h.seats[who] == nil || h.seats[who].Session != session || h.seats[who].node == node && !rs.lost[node] {
		return nil // the offer will say so
	}
	if rs.lost[node] || !rs.inside(node, h.ways.Fence) {
		return ErrNoPlace
	}
	rs.put(name, h, h.seats[who], node)
	rs.lead(name, h)
	return nil
}

// Lost is told that a node is gone, or there again. It returns whose media were
// there: they offer to another node, or have switched to where they stood by.
func (rs *Rooms) Lost(node id.Node, gone bool) (moves []Move) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if !gone {
		delete(rs.lost, node)
		return nil
	}
	rs.lost[node] = true
	for one := range rs.asks {
		if one.node == node {
			one.end()
		}
	}
	for name, h := range rs.rooms {
		if h.counts[node] == 0 {
			continue
		}
		changed := false
		for who, one := range h.seats {
			changed = rs.without(name, h, one, node) || changed
			if one.node != node {
				continue
			}
			m := Move{Room: name, Who: who, Session: one.Session, From: node, Fence: h.ways.Fence, Why: signal.MoveGone}
			if !one.spare.IsZero() {
				rs.turn(name, h, one)
				m.Why, m.To, changed = signal.MoveSwitched, one.node, true
			}
			moves = append(moves, m)
		}
		if changed {
			rs.lead(name, h)
		}
	}
	return moves
}

// IsLost reports whether a node is gone, as far as is known.
func (rs *Rooms) IsLost(node id.Node) bool {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return rs.lost[node]
}

// where returns where somebody's seat is; far is nil here.
func (rs *Rooms) where(name id.Room, who id.Person) (far Far) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if h := rs.rooms[name]; h != nil && h.seats[who] != nil {
		return rs.far[h.seats[who].node]
	}
	return nil
}

// Where returns at which node somebody's seat is; zero is this one.
func (rs *Rooms) Where(name id.Room, who id.Person) id.Node {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if h := rs.rooms[name]; h != nil && h.seats[who] != nil && h.seats[who].node != rs.Self {
		return h.seats[who].node
	}
	return id.Node{}
}

// Counts returns how many people of our rooms sit at each node.
func (rs *Rooms) Counts() map[id.Node]int {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	out := make(map[id.Node]int)
	for _, h := range rs.rooms {
		for node, n := range h.counts {
			out[node] += n
		}
	}
	return out
}

// Offer answers a session's offer at the node where it is.
func (rs *Rooms) Offer(ctx context.Context, name id.Room, who id.Person, session id.Session, sdp string) (string, error) {
	node := rs.Where(name, who)
	if node.IsZero() {
		return rs.Place.media.Offer(ctx, name, who, session, sdp)
	}
	return rs.ask(ctx, node, Question{Room: name, Who: who, Session: session, Offer: sdp})
}

// ask passes an offer on to another node, for as long as that one is there.
func (rs *Rooms) ask(ctx context.Context, node id.Node, q Question) (string, error) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	this := &ask{node, end}
	rs.mu.Lock()
	far := rs.far[node]
	if far == nil || rs.lost[node] {
		rs.mu.Unlock()
		return "", ErrNoPlace
	}
	rs.asks[this] = true
	rs.mu.Unlock()
	a, err := far.Ask(ctx, q)
	rs.mu.Lock()
	delete(rs.asks, this)
	rs.mu.Unlock()
	return a.SDP, err
}

// Up reports whether a session has a media connection.
func (rs *Rooms) Up(name id.Room, who id.Person, session id.Session) bool {
	far := rs.where(name, who)
	if far == nil {
		return rs.Place.media.Up(name, who, session)
	}
	ctx, cancel := context.WithTimeout(context.Background(), askWait)
	defer cancel()
	a, err := far.Ask(ctx, Question{Room: name, Who: who, Session: session, Up: true})
	return err == nil && a.Up
}

// Forwarded returns hashes of what who has said, from where their voice comes
// in.
func (rs *Rooms) Forwarded(name id.Room, who id.Person, since time.Time) [][16]byte {
	far := rs.where(name, who)
	if far == nil {
		return rs.Place.media.Forwarded(name, who, since)
	}
	ctx, cancel := context.WithTimeout(context.Background(), askWait)
	defer cancel()
	a, err := far.Ask(ctx, Question{Room: name, Who: who, Since: since})
	if err != nil {
		return nil
	}
	return a.Hashes
}

// Close ends what is kept with other nodes.
func (rs *Rooms) Close() {
	rs.mu.Lock()
	all := rs.far
	rs.far = make(map[id.Node]Far)
	rs.mu.Unlock()
	for _, far := range all {
		far.Stop()
	}
}
