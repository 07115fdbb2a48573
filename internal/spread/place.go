package spread

import (
	"slices"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/frame"
	"github.com/stoa-audio/stoa/internal/overlay/relay"
	"github.com/stoa-audio/stoa/internal/region"
)

// A Trunk takes voices to other nodes and brings theirs (overlay/link).
type Trunk interface {
	Do(f func(now time.Duration, core *relay.Node)) bool
	Speak(room id.Room, stream uint8, packet []byte)
}

// A Place is this node's part in rooms, its own and those of other nodes.
type Place struct {
	// Succession says whose rooms a node may take over; nil: nobody's. It is set
	// before anything else happens.
	Succession Succession

	self  id.Node
	media Media
	trunk Trunk // nil in no network

	mu    sync.RWMutex // guards the rest
	rooms map[id.Room]*stand
}

// A stand is a room at this node.
type stand struct {
	owner     id.Node
	term      uint64 // the owner's
	seats     map[id.Person]Seat
	streams   [frame.VoicesMax]id.Person // of our own voices
	ways      Ways
	away      map[afar]bool // who is heard from which other node
	open      bool          // its voices go into the overlay
	listening map[id.Node]bool
}

// An afar is somebody who speaks at another node. It may be at two, while they
// switch from one to the other.
type afar struct {
	who id.Person
	at  id.Node
}

// NewPlace returns the place that a node is, with no room.
func NewPlace(self id.Node, media Media) *Place {
	return &Place{self: self, media: media, rooms: make(map[id.Room]*stand)}
}

// Join gives the place a trunk, before anything else happens. Without one, no
// voice leaves the node.
func (p *Place) Join(trunk Trunk) { p.trunk = trunk }

// Owner returns which node owns a room that has people here, or the zero node.
func (p *Place) Owner(room id.Room) id.Node {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if r := p.rooms[room]; r != nil {
		return r.owner
	}
	return id.Node{}
}

// A Sitting is who sits in a room at this node, as its owner has said.
type Sitting struct {
	Owner id.Node
	Seats map[id.Person]id.Session
}

// Sittings returns who sits where at this node.
func (p *Place) Sittings() map[id.Room]Sitting {
	p.mu.RLock()
	defer p.mu.RUnlock()
	out := make(map[id.Room]Sitting, len(p.rooms))
	for name, r := range p.rooms {
		s := Sitting{r.owner, make(map[id.Person]id.Session, len(r.seats))}
		for who, seat := range r.seats {
			s.Seats[who] = seat.Session
		}
		out[name] = s
	}
	return out
}

// Guests returns how many people of other nodes' rooms are here, or stand by.
func (p *Place) Guests() (n int) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, r := range p.rooms {
		if r.owner != p.self {
			n += len(r.seats)
		}
	}
	return n
}

// An Owner is a node that runs a room, under a term.
type Owner struct {
	Node id.Node
	Term uint64
}

// Seat gives somebody their place in a room, or changes it.
func (p *Place) Seat(owner Owner, room id.Room, s Seat) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.rooms[room]
	if r == nil {
		r = &stand{owner: owner.Node, term: owner.Term, seats: make(map[id.Person]Seat), listening: make(map[id.Node]bool)}
		p.rooms[room] = r
	}
	if !p.owned(r, owner) {
		return ErrOwned
	}
	first := len(r.seats) == 0
	before, there := r.seats[s.Who] // zero: not there
	r.seats[s.Who] = s
	if !there || before.Session != s.Session {
		p.media.Seat(room, s.Who, s.Session, s.Previous)
	}
	if s.Standby != before.Standby {
		p.media.Standby(room, s.Who, s.Standby)
	}
	if s.Stage != before.Stage {
		p.media.Stage(room, s.Who, s.Stage)
	}
	if s.May != before.May {
		p.media.Speak(room, s.Who, s.May)
	}
	if first {
		p.media.Spread(room, r.ways.Wide, r.heard())
	}
	if first || before.Stage != s.Stage || before.May != s.May {
		p.route(room, r)
	}
	return nil
}

// Unseat takes somebody's place away.
func (p *Place) Unseat(owner Owner, room id.Room, who id.Person) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.rooms[room]
	if r == nil || !p.owned(r, owner) {
		return
	}
	s, there := r.seats[who]
	if !there {
		return
	}
	delete(r.seats, who)
	p.media.Unseat(room, who)
	if s.Stage || len(r.seats) == 0 {
		p.route(room, r)
	}
	if len(r.seats) == 0 {
		delete(p.rooms, room)
	}
}

// End takes all places of a room away.
func (p *Place) End(owner Owner, room id.Room) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.rooms[room]
	if r == nil || !p.owned(r, owner) {
		return
	}
	clear(r.seats)
	p.media.End(room)
	p.route(room, r)
	delete(p.rooms, room)
}

// Keep takes away what an owner has given, but for some seats.
func (p *Place) Keep(owner id.Node, only map[id.Room]map[id.Person]bool) (gone int) {
	type seat struct {
		room id.Room
		who  id.Person
	}
	var over []seat
	p.mu.RLock()
	for room, r := range p.rooms {
		if r.owner != owner {
			continue
		}
		for who := range r.seats {
			if !only[room][who] {
				over = append(over, seat{room, who})
			}
		}
	}
	p.mu.RUnlock()
	for _, s := range over {
		p.Unseat(Owner{owner, 0}, s.room, s.who)
	}
	return len(over)
}

// Ways says how a room goes on elsewhere.
func (p *Place) Ways(owner Owner, room id.Room, w Ways) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.rooms[room]
	if r == nil || !p.owned(r, owner) {
		return
	}
	refenced := r.ways.Fence != w.Fence
	r.ways = w
	r.away = make(map[afar]bool)
	for _, v := range w.Voices {
		if v.At != p.self && v.May {
			r.away[afar{v.Who, v.At}] = true
		}
	}
	p.media.Spread(room, w.Wide, r.heard())
	if refenced && p.trunk != nil {
		p.trunk.Do(func(now time.Duration, core *relay.Node) { core.Refence(now, room, w.Fence) })
	}
	p.route(room, r)
}

// heard is who is heard here from other nodes.
func (r *stand) heard() []id.Person {
	out := make([]id.Person, 0, len(r.away))
	for one := range r.away {
		if !slices.Contains(out, one.who) {
			out = append(out, one.who)
		}
	}
	return out
}

// route has the overlay bring a room's voices to where they are heard. It is
// called under the lock.
func (p *Place) route(room id.Room, r *stand) {
	if p.trunk == nil {
		return
	}
	voices := r.assign()
	open := r.ways.Wide && len(voices) > 0
	from := make(map[id.Node]bool)
	if len(r.seats) > 0 {
		for _, v := range r.ways.Voices {
			if v.At != p.self {
				from[v.At] = true
			}
		}
	}
	was, had, fence := r.open, r.listening, r.ways.Fence
	r.open, r.listening = open, from
	p.trunk.Do(func(now time.Duration, core *relay.Node) {
		steer(now, core, room, fence, was, open, voices, had, from)
	})
}

// steer tells the overlay's core what has changed.
func steer(now time.Duration, core *relay.Node, room id.Room, fence region.Fence, was, open bool, voices []frame.Voice, had, from map[id.Node]bool) {
	switch {
	case open && !was:
		core.Open(now, room, fence, false, voices)
	case open:
		core.SetVoices(now, room, voices)
	case was:
		core.Close(now, room)
	}
	for node := range from {
		if !had[node] {
			core.Listen(now, room, node)
		}
	}
	for node := range had {
		if !from[node] {
			core.Enough(now, room, node)
		}
	}
}

// assign gives the voices of our own people streams: who is heard comes first,
// then who is on the stage and may be heard soon. A voice keeps its stream.
func (r *stand) assign() []frame.Voice {
	for i, who := range r.streams {
		if !r.seats[who].Stage {
			r.streams[i] = id.Person{}
		}
	}
	give := func(wants, yields func(Seat) bool) {
		for who, s := range r.seats {
			if !wants(s) || slices.Contains(r.streams[:], who) {
				continue
			}
			for i, holder := range r.streams {
				if holder.IsZero() || yields(r.seats[holder]) {
					r.streams[i] = who
					break
				}
			}
		}
	}
	give(func(s Seat) bool { return s.May }, func(s Seat) bool { return !s.May })
	give(func(s Seat) bool { return s.Stage }, func(Seat) bool { return false })
	var voices []frame.Voice
	for i, who := range r.streams {
		if !who.IsZero() {
			voices = append(voices, frame.Voice{Stream: uint8(i), Who: who}) //nolint:gosec // below VoicesMax
		}
	}
	return voices
}

// Say takes a packet of our own people's voices to the other nodes: the media
// loop calls it (sfu.Config.Abroad).
func (p *Place) Say(room id.Room, who id.Person, packet []byte) {
	p.mu.RLock()
	stream := -1
	if r := p.rooms[room]; r != nil && r.open {
		stream = slices.Index(r.streams[:], who)
	}
	p.mu.RUnlock()
	if stream >= 0 {
		p.trunk.Speak(room, uint8(stream), packet) //nolint:gosec // below VoicesMax
	}
}

// Heard takes in a packet of somebody who speaks at another node, and is to be
// heard from there: the trunk calls it (link.Guest).
func (p *Place) Heard(room id.Room, from id.Node, who id.Person, packet []byte) {
	p.mu.RLock()
	r := p.rooms[room]
	there := r != nil && !from.IsZero() && r.away[afar{who, from}]
	p.mu.RUnlock()
	if there {
		p.media.Heard(room, who, packet)
	}
}
