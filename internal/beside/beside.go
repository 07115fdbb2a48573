// Package beside has what happens in a room beside its voices and its events,
// and is stored nowhere: reactions, what people write (sealed: it is not read
// here), how a poll stands, and for how long each has been heard.
//
// All of it is bounded, for each person and for each room, so that a room of ten
// thousand costs nobody more than 30 messages a second. Each message is written
// once, and delivered by package hub.
//
// The package decides nothing that a room's rules decide (package room): who may
// do something is for its caller to ask. It knows no connection. What is here is
// gone with the process, and when another node runs the room.
package beside

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/hub"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/signal"
)

// Bounds of what is done and told.
const (
	Large = 1000 // people, from which on each may write more seldom

	reactionsEvery = 250 * time.Millisecond // between two notices of each kind
	pollEvery      = time.Second
	clockEvery     = 5 * time.Second

	reactorsMax = 20   // people named in a notice of reactions
	authorsMax  = 1000 // of the newest messages is known who has written them
	heardMax    = 1000 // people whose time is counted
	stretchMax  = 2 * time.Minute
)

// How often somebody may do something, and all of a room together.
var (
	reacting     = []rate{{10, 5 * time.Second}}
	writing      = []rate{{1, time.Second}, {10, 30 * time.Second}}
	writingLarge = []rate{{1, 10 * time.Second}}
	taking       = []rate{{10, 5 * time.Second}} // words back
	voting       = []rate{{10, 30 * time.Second}}
	passing      = []rate{{10, time.Second}} // of all
)

var (
	// ErrNoEmoji means that it is none of those with which one may react.
	ErrNoEmoji = errors.New("none of the emoji there are")
	// ErrNoMessage means that there is no message of this number.
	ErrNoMessage = errors.New("no such message")
	// ErrNotAuthor means that only a moderator may take back what others wrote.
	ErrNotAuthor = errors.New("written by somebody else")
)

// A Wait is the error of what was done too often: it may be done again After.
type Wait struct{ After time.Duration }

func (w Wait) Error() string { return "too often" }

// Rooms is what there is beside the rooms of a node.
type Rooms struct {
	hub *hub.Hub

	mu    sync.Mutex // guards sides; taken before a side's
	sides map[id.Room]*side
}

// New returns what is beside no rooms yet, and tells it by h.
func New(h *hub.Hub) *Rooms { return &Rooms{hub: h, sides: make(map[id.Room]*side)} }

// A side is what there is beside one room.
type side struct {
	name id.Room
	hub  *hub.Hub

	mu   sync.Mutex // guards all of it; taken before the hub's
	over bool

	pacers
	words
	reactions
	poll
	clock
}

// Held is for live.Holder: a room that comes here has a side with its first
// event.
func (rs *Rooms) Held(id.Room, uint64, bool) {}

// Gone forgets what was beside a room that goes on at another node.
func (rs *Rooms) Gone(name id.Room) {
	rs.mu.Lock()
	s := rs.sides[name]
	delete(rs.sides, name)
	rs.mu.Unlock()
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
}

// Happened is for live.Watcher.
func (rs *Rooms) Happened(name id.Room, r *room.Room, _ uint64, events []room.Event) {
	if r.Ended() {
		rs.Gone(name)
		return
	}
	s := rs.make(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.see(r)
	look := len(events) == 0 // it has just come here
	for _, e := range events {
		switch e.(type) {
		case room.PollOpened, room.Voted:
			s.pollDue.tell(s)
		case room.PollClosed:
			s.hub.Notice(name, hub.Poll, nil)
		case room.Opened, room.Widened, room.SteppedUp, room.SteppedDown, room.Muted, room.Unmuted, room.Left,
			room.WentAway, room.Returned, room.HandRaised, room.HandLowered, room.HandsSet:
			look = true
		default: // changes nothing here
		}
	}
	if look {
		s.look(time.Now(), r)
	}
}

func (rs *Rooms) make(name id.Room) *side {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	s := rs.sides[name]
	if s == nil {
		s = &side{name: name, hub: rs.hub}
		s.reactionsDue = due{every: reactionsEvery, what: (*side).tellReactions}
		s.pollDue = due{every: pollEvery, what: (*side).tellPoll}
		s.clockDue = due{every: clockEvery, what: (*side).tellClock}
		rs.sides[name] = s
	}
	return s
}

// in calls f with what is beside a room.
func (rs *Rooms) in(name id.Room, f func(s *side, now time.Time) error) error {
	rs.mu.Lock()
	s := rs.sides[name]
	rs.mu.Unlock()
	if s == nil {
		return room.ErrNoRoom
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return room.ErrNoRoom
	}
	return f(s, time.Now())
}

// A due is a notice that is told at once, and then at most every so often.
type due struct {
	every   time.Duration
	what    func(*side)
	wanted  bool
	pausing bool
}

// tell tells it, now or when it is time. The side's mutex is held.
func (d *due) tell(s *side) {
	d.wanted = true
	d.now(s)
}

func (d *due) now(s *side) {
	if !d.wanted || d.pausing || s.over {
		return
	}
	d.wanted, d.pausing = false, true
	time.AfterFunc(d.every, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		d.pausing = false
		d.now(s)
	})
	d.what(s)
}

// --- reactions ---

type reactions struct {
	counts       map[string]int
	by           []signal.Reaction
	reactionsDue due
}

// React shows that somebody reacts to what is said; who it is only if they are
// shown.
func (rs *Rooms) React(name id.Room, who id.Person, shown bool, emoji string) error {
	if !slices.Contains(room.Emojis, emoji) {
		return ErrNoEmoji
	}
	return rs.in(name, func(s *side, now time.Time) error {
		if err := s.pace(now, who).reacted.take(now, reacting); err != nil {
			return err
		}
		if s.counts == nil {
			s.counts = make(map[string]int)
		}
		s.counts[emoji]++
		if shown && len(s.by) < reactorsMax {
			s.by = append(s.by, signal.Reaction{Who: who, Emoji: emoji})
		}
		s.reactionsDue.tell(s)
		return nil
	})
}

func (s *side) tellReactions() {
	notice := signal.Reactions{Room: s.name, Counts: s.counts, By: s.by}
	if notice.By == nil {
		notice.By = []signal.Reaction{}
	}
	s.counts, s.by = nil, nil
	s.hub.Notice(s.name, hub.Reactions, text(signal.Notice{Reactions: &notice}))
}

// --- what people write ---

// words are numbered, so that they can be taken back.
type words struct {
	last    uint64   // number of the newest message
	first   uint64   // and of the first, 0 before there was one
	authors []author // of the newest ones
	passed  pacer    // on, of all in the room
}

type author struct {
	who  id.Person
	gone bool // taken back
}

// Say passes on what somebody has written, in a room of so many people.
func (rs *Rooms) Say(name id.Room, who id.Person, called string, people int, sealed []byte) error {
	return rs.in(name, func(s *side, now time.Time) error {
		rates := writing
		if people > Large {
			rates = writingLarge
		}
		own := s.pace(now, who)
		if err := refused(max(own.wrote.wait(now, rates), s.passed.wait(now, passing))); err != nil {
			return err
		}
		own.wrote.note(now)
		s.passed.note(now)
		if s.first == 0 {
			// Greater than any that was told before the node was started anew.
			s.first = uint64(max(now.UnixMilli(), 1))
			s.last = s.first - 1
		}
		s.last++
		s.authors = append(s.authors, author{who: who})
		if extra := len(s.authors) - authorsMax; extra > 0 {
			s.authors = slices.Delete(s.authors, 0, extra)
		}
		said := signal.Said{Room: s.name, N: s.last, Who: who, Name: called, Sealed: sealed}
		s.hub.Pass(s.name, text(signal.Notice{Said: &said}))
		return nil
	})
}

// Unsay takes back a message: one's own, or as a moderator anybody's.
func (rs *Rooms) Unsay(name id.Room, who id.Person, moderates bool, n uint64) error {
	return rs.in(name, func(s *side, now time.Time) error {
		if s.first == 0 || n < s.first || n > s.last {
			return ErrNoMessage
		}
		var a *author // nil: nobody knows any more
		if back := s.last - n; back < uint64(len(s.authors)) {
			a = &s.authors[uint64(len(s.authors))-1-back]
		}
		switch {
		case !moderates && (a == nil || a.who != who):
			return ErrNotAuthor
		case a != nil && a.gone:
			return nil
		}
		own := s.pace(now, who)
		if err := refused(max(own.took.wait(now, taking), s.passed.wait(now, passing))); err != nil {
			return err
		}
		own.took.note(now)
		s.passed.note(now)
		if a != nil {
			a.gone = true
		}
		s.hub.Pass(s.name, text(signal.Notice{Unsaid: &signal.Unsaid{Room: s.name, N: n, By: who}}))
		return nil
	})
}

// --- the poll ---

type poll struct {
	stands  signal.Poll
	open    bool
	pollDue due
}

// Vote says whether somebody may vote now: each is an event that is stored.
func (rs *Rooms) Vote(name id.Room, who id.Person) error {
	return rs.in(name, func(s *side, now time.Time) error { return s.pace(now, who).voted.take(now, voting) })
}

// see notes how the poll stands.
func (s *side) see(r *room.Room) {
	was := s.open
	var counts []int
	s.stands.Room = s.name
	s.stands.Poll, counts, s.open = r.Tally()
	s.stands.Counts, s.stands.Voters = counts, 0
	for _, n := range counts {
		s.stands.Voters += n
	}
	if s.open && !was {
		s.pollDue.tell(s)
	}
}

func (s *side) tellPoll() {
	if s.open {
		s.hub.Notice(s.name, hub.Poll, text(signal.Notice{Poll: &s.stands}))
	}
}

func text(n signal.Notice) []byte {
	b, err := json.Marshal(n)
	if err != nil {
		panic(fmt.Sprintf("beside: a notice has no JSON form: %v", err)) // a mistake in package signal
	}
	return b
}
