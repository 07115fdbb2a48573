package sfu

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/media/fanout"
	"github.com/stoa-audio/stoa/internal/media/forward"
	"github.com/stoa-audio/stoa/internal/media/rtp"
	"github.com/stoa-audio/stoa/internal/route"
)

// A hall is a room as media sees it.
type hall struct {
	name id.Room
	ears []atomic.Int32 // by shard: how many listeners it sends to
	own  []atomic.Int32 // by shard: how many clients it owns
	wide atomic.Bool    // its voices go to other nodes, too

	mu       sync.Mutex // guards the rest, and the clients of the seats
	seats    map[id.Person]*seat
	away     map[id.Person]bool // whose voices come from other nodes
	forward  forward.Room
	director forward.Director
	sound    Sound // as last told
	limit    int   // voices heard at once, as last set
}

type seat struct {
	session  id.Session
	member   string // what it goes by in the log; as long as one device has it
	maySpeak bool
	onStage  bool
	standby  bool    // it hears and says nothing yet
	client   *client // nil before an offer
}

// A Receiver is a connection that is sent a room's media.
type Receiver struct {
	Session  id.Session // zero: it has no seat
	MaySpeak bool
	Up       bool // its handshake has ended
	Standby  bool // it hears and says nothing yet
}

// Seat gives who's seat in a room to a session. The connection of another
// session in that seat is cut, unless that is previous: then the same device
// has come back, and its connection is the new session's.
func (s *SFU) Seat(room id.Room, who id.Person, session, previous id.Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.rooms[room]
	if h == nil {
		h = &hall{
			name: room, seats: make(map[id.Person]*seat),
			ears: make([]atomic.Int32, len(s.shards)), own: make([]atomic.Int32, len(s.shards)),
			limit: forward.Slots, sound: Sound{Sending: forward.Sending{Frame: forward.FrameShort}},
		}
		s.rooms[room] = h
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch at := h.seats[who]; {
	case at == nil:
		h.seats[who] = &seat{session: session, member: route.Member()}
	case at.session == session:
	case at.session == previous:
		at.session = session
	default:
		s.cut(at.client)
		at.session, at.member = session, route.Member()
	}
}

// Speak says whether who's voice is forwarded in a room. It is not, to begin
// with.
func (s *SFU) Speak(room id.Room, who id.Person, may bool) {
	s.withSeat(room, who, func(h *hall, at *seat) {
		if at.maySpeak && !may {
			h.forward.Drop(who)
		}
		at.maySpeak = may
	})
}

// withSeat calls f with who's seat in a room, if there is one, under the room's
// lock.
func (s *SFU) withSeat(room id.Room, who id.Person, f func(h *hall, at *seat)) {
	h := s.hall(room)
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if at := h.seats[who]; at != nil {
		f(h, at)
	}
}

// Spread says whether voices of a room go to other nodes, too, and whose come
// from there. It is forgotten when nobody has a seat here any more.
func (s *SFU) Spread(room id.Room, wide bool, away []id.Person) {
	h := s.hall(room)
	if h == nil {
		return
	}
	h.wide.Store(wide && s.abroad != nil)
	h.mu.Lock()
	defer h.mu.Unlock()
	now := make(map[id.Person]bool, len(away))
	for _, who := range away {
		now[who] = true
	}
	for who := range h.away {
		if !now[who] && h.seats[who] == nil {
			h.forward.Drop(who)
		}
	}
	h.away = now
}

// Heard takes in a packet of a voice that comes from another node, as Abroad
// gave it there. Any goroutine may call it, one at a time for each voice.
func (s *SFU) Heard(room id.Room, who id.Person, packet []byte) {
	h := s.hall(room)
	header, payload, err := rtp.Parse(packet)
	if h == nil || err != nil {
		s.counters.add(dropAbroad)
		return
	}
	now := time.Now()
	out, reason, ok := h.voiceFrom(now, who, header)
	if !ok {
		s.counters.add(reason)
		return
	}
	s.counters.add(packetsAbroad)
	p := fanout.Packet{Outgoing: out, Redundant: header.PayloadType == Redundant, Payload: payload}
	for i, l := range s.shards {
		switch {
		case h.ears[i].Load() == 0:
		case l.inbox.put(h, nil, now, &p):
			l.wake()
		default:
			s.counters.add(dropInbox)
		}
	}
}

// Unseat takes who's seat in a room away and cuts the connection in it.
func (s *SFU) Unseat(room id.Room, who id.Person) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.rooms[room]
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	at := h.seats[who]
	if at == nil {
		return
	}
	s.cut(at.client)
	h.forward.Drop(who)
	delete(h.seats, who)
	if len(h.seats) == 0 {
		delete(s.rooms, room)
	}
}

// End takes all seats of a room away.
func (s *SFU) End(room id.Room) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.rooms[room]
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, at := range h.seats {
		s.cut(at.client)
	}
	clear(h.seats)
	delete(s.rooms, room)
}

func (s *SFU) hall(room id.Room) *hall {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rooms[room]
}

// cut forgets a client whose hall is locked: from here on what it says comes
// from nobody, and its shard sends it nothing once it has read its mail.
func (s *SFU) cut(c *client) {
	if c == nil || c.seat.client != c {
		return
	}
	c.seat.client = nil
	c.gone.Store(true)
	s.names.remove(c)
	if l := c.owner.Load(); l != nil {
		l.post(func() { l.drop(c) })
	}
}

// Up reports whether the session has a connection in the room whose handshake
// has ended.
func (s *SFU) Up(room id.Room, who id.Person, session id.Session) bool {
	h := s.hall(room)
	if h == nil {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	at := h.seats[who]
	return at != nil && at.session == session && at.client != nil && at.client.up.Load()
}

// Roster returns, by person, the connections in a room: those of the seats,
// and whoever else a shard sends to or listens to, which is nobody unless
// there is a mistake. It is for tests and for the node's own checks.
func (s *SFU) Roster(room id.Room) map[id.Person]Receiver {
	out := make(map[id.Person]Receiver)
	h := s.hall(room)
	if h != nil {
		h.mu.Lock()
		for who, at := range h.seats {
			if at.client != nil {
				out[who] = Receiver{at.session, at.maySpeak && !at.standby, at.client.up.Load(), at.standby}
			}
		}
		h.mu.Unlock()
	}
	for _, l := range s.shards {
		for _, c := range l.ghosts(room) {
			out[c.who] = Receiver{Up: true}
		}
	}
	return out
}

// Rooms returns the rooms in which somebody has a seat.
func (s *SFU) Rooms() []id.Room {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]id.Room, 0, len(s.rooms))
	for name := range s.rooms {
		out = append(out, name)
	}
	return out
}

// Route returns what a room goes by in the log at a time.
func (s *SFU) Route(room id.Room, now time.Time) string { return s.routes.Of(room, now) }

// ghosts returns the clients in a room that the shard sends to though they
// have no seat, or only stand by. Whoever has just been cut is not one: that is in the mail, and
// read by the second look.
func (l *shard) ghosts(room id.Room) []*client {
	var found []*client
	look := func() []*client {
		var in []*client
		for _, c := range l.clients {
			if c.hall.name != room || c.place == nowhere {
				continue
			}
			c.hall.mu.Lock()
			if c.seat.client != c || c.seat.standby {
				in = append(in, c)
			}
			c.hall.mu.Unlock()
		}
		return in
	}
	if found, _ = ask(l, look); len(found) > 0 {
		found, _ = ask(l, look)
	}
	return found
}

// home returns the shard that a new client is to belong to, which hears is the
// first to hear. A room fills one shard before it takes the next, so that what
// is said in a small one is no other shard's business.
func (h *hall) home(hears *shard, most int) *shard {
	shards := hears.sfu.shards
	best, least := -1, hears.index
	for i := range h.own {
		n := int(h.own[i].Load())
		if n > 0 && n < most && (best < 0 || n > int(h.own[best].Load())) {
			best = i
		}
		if n < int(h.own[least].Load()) {
			least = i
		}
	}
	if best < 0 {
		best = least
	}
	return shards[best]
}

// --- on the way of a packet ---

// voice returns where a packet of c's goes.
func (h *hall) voice(now time.Time, c *client, header rtp.Header) (out forward.Outgoing, reason counter, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.seat.client != c || !c.seat.maySpeak || c.seat.standby {
		return out, dropNotOnStage, false
	}
	return h.number(now, c.who, header)
}

// voiceFrom returns where a packet of who's goes, who speaks at another node.
func (h *hall) voiceFrom(now time.Time, who id.Person, header rtp.Header) (out forward.Outgoing, reason counter, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.away[who] {
		return out, dropNotOnStage, false
	}
	return h.number(now, who, header)
}

// number returns where a packet goes; it is called under the lock.
func (h *hall) number(now time.Time, who id.Person, header rtp.Header) (out forward.Outgoing, reason counter, ok bool) {
	out, drop := h.forward.Forward(now, who, header)
	switch drop {
	case forward.Kept:
		return out, 0, true
	case forward.NoSlot:
		return out, dropNoSlot, false
	default:
		return out, dropTooOld, false
	}
}

// lost notes that a listener loses a share of the packets.
func (h *hall) lost(now time.Time, share float64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.director.Lost(now, share)
}

// repeats reports whether speakers send copies.
func (h *hall) repeats() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sound.Repeat != forward.Repeat{}
}

// listen returns how the room sounds, and whether that has changed.
func (h *hall) listen(now time.Time, limit int, rule forward.Hall) (Sound, bool) {
	listeners := 0
	for i := range h.ears {
		listeners += int(h.ears[i].Load())
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if limit != h.limit {
		h.limit = limit
		h.forward.Limit(limit)
	}
	sound := Sound{h.forward.Voices(now), h.director.Sending(now, listeners, rule)}
	changed := sound != h.sound
	h.sound = sound
	return sound, changed
}
