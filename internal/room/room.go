// Package room holds the rules of a room: who may come in, speak, moderate.
//
// The rules are values. Decide judges a command and returns what would follow
// from it, or why it is refused; it changes nothing. Apply makes what has
// happened true; it cannot fail. Time comes in as an argument. A room rebuilt
// from its events is the same room, so the events are the record.
//
// A room may hold thousands. Those who matter to all are shown one by one, with
// a sample of the listeners; all others are counted.
//
// The package knows no connection, no media and no account: a person is an id
// and the name shown beside it. Who follows or has blocked whom comes in with the
// command.
package room

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

// Limits of a room. Each is there to keep one person from costing the others.
const (
	TitleMax        = 120   // characters (runes) of a title
	NameMax         = 60    // characters (runes) of a person's name
	StageMax        = 20    // people on the stage
	OpenMax         = 8     // open microphones in a closed room, where no pause makes room for the next
	SampleMax       = 100   // listeners who are shown though they only listen
	HandsMax        = 200   // hands that are up: everybody is shown each of them
	ParticipantsMax = 10000 // people in a room
	InvitedMax      = 1000  // people let in to a closed room
	HostsMax        = 9     // people who moderate a planned room when they come in
	RemovedMax      = 10000 // people kept out
	PinsMax         = 5     // links that are up
	URLMax          = 500   // bytes of a link
	PinTextMax      = 80    // characters (runes) of what is said of it
	QuestionMax     = 200   // characters (runes) of a poll's question
	OptionMax       = 80    // and of each of its options
	OptionsMin      = 2     // options of a poll
	OptionsMax      = 6
	VotersMax       = 10000 // people whose votes are counted
)

// Waits of a room.
const (
	SeatHold  = 30 * time.Second // a lost connection keeps its seat so long
	OpenHold  = 60 * time.Second // the opener has so long to come in
	AskExpiry = 60 * time.Second // an invitation to the stage is open so long
	HostsHold = 15 * time.Minute // hosts of a planned room have so long to come in
)

// A Participant is a person in a room. Its JSON form is what watchers are sent.
type Participant struct {
	Who  id.Person `json:"who"`
	Name string    `json:"name"`
	// Picture is the version of their picture when they came in, or none.
	Picture string `json:"picture,omitempty"`
	Role    Role   `json:"role"`
	// Muted is the microphone of somebody on the stage; listeners are muted.
	Muted bool `json:"muted"`
	// Followed means that somebody on the stage follows this person.
	Followed bool `json:"followed"`
	// Fresh means that their account was new when they came in.
	Fresh bool `json:"fresh,omitempty"`
	// Sampled means that this person is shown also as a mere listener.
	Sampled bool `json:"sampled,omitempty"`

	// Entered, Hand, Stage and Chair are the numbers of the events that made
	// it so, and thereby the order of standing; zero when it is not so.
	Entered uint64 `json:"entered"`
	Hand    uint64 `json:"hand,omitempty"`
	Stage   uint64 `json:"stage,omitempty"`
	Chair   uint64 `json:"chair,omitempty"`

	// AwayUntil is when the seat is given up, zero while connected.
	AwayUntil time.Time `json:"away_until,omitzero"`
	// AskedUntil is when an invitation to the stage ends, zero without one.
	AskedUntil time.Time `json:"asked_until,omitzero"`

	// Session is the connection that holds the seat, zero while away, and
	// last the one that held it before. They are neither stored nor published.
	Session id.Session `json:"-"`
	last    id.Session
}

// Away reports whether the seat is held for somebody whose connection is lost.
func (p *Participant) Away() bool { return !p.AwayUntil.IsZero() }

// Shown reports whether watchers see p, or only count them.
func (p *Participant) Shown() bool {
	return p.Role >= Speaker || p.Hand != 0 || !p.AskedUntil.IsZero() || p.Sampled
}

// A Club is the club that a room is of. It is named as it was when the room was
// opened; one that is not listed is not named, since everybody in the room is told.
type Club struct {
	ID   id.Club `json:"id"`
	Name string  `json:"name,omitempty"`
}

// A Room is what is true in a room now. It is not safe for concurrent use.
// The zero Room has not been opened.
type Room struct {
	seq        uint64 // number of the last event applied
	opened     time.Time
	ended      bool
	title      string
	visibility Visibility
	hands      HandPolicy
	proven     bool // listeners play only what is proven
	shield     bool // those are kept out whose accounts are new
	chat       ChatPolicy
	pins       []Pinning         // the first that went up first
	poll       *Poll             // the newest; nil: there was none
	votes      map[id.Person]int // of those who have voted while it is open, for what
	fence      region.Fence      // zero: there is none
	club       Club              // zero: there is none

	here    map[id.Person]*Participant
	order   []*Participant // all of them, in the order they came in
	stage   []*Participant // those on the stage, longest-standing first
	chairs  int            // how many of them moderate
	sampled int            // how many are sampled
	raised  int            // how many have their hand up
	changed uint64         // number of the last event that watchers are told of
	invited map[id.Person]bool
	hosts   map[id.Person]bool // who moderates from when they come in
	removed map[id.Person]bool
	waiting map[id.Person]bool // those with AwayUntil or AskedUntil set

	next      time.Time // the first of their deadlines
	nextCount int       // how many are at that time; zero while that is to be looked for
}

// Clone returns a room of its own that is the same as r.
func (r *Room) Clone() *Room {
	c := *r
	c.here = make(map[id.Person]*Participant, len(r.here))
	c.order = make([]*Participant, len(r.order))
	for i, p := range r.order {
		own := *p
		c.order[i], c.here[p.Who] = &own, &own
	}
	c.stage = make([]*Participant, len(r.stage))
	for i, p := range r.stage {
		c.stage[i] = c.here[p.Who]
	}
	c.pins, c.votes, c.poll = slices.Clone(r.pins), maps.Clone(r.votes), r.poll.clone()
	c.invited, c.removed, c.waiting = maps.Clone(r.invited), maps.Clone(r.removed), maps.Clone(r.waiting)
	c.hosts = maps.Clone(r.hosts)
	return &c
}

// Seq returns the number of the last event; the first event has number 1.
func (r *Room) Seq() uint64 { return r.seq }

// Changed returns the number of the last event that watchers are told of.
// Scene is the same for as long as it is.
func (r *Room) Changed() uint64 { return r.changed }

// Ended reports whether the room has ended. Nothing happens in it any more.
func (r *Room) Ended() bool { return r.ended }

// Title returns what the room is about; it may be empty.
func (r *Room) Title() string { return r.title }

// Opened returns when the room was opened.
func (r *Room) Opened() time.Time { return r.opened }

// Visibility returns who may come in.
func (r *Room) Visibility() Visibility { return r.visibility }

// Fence returns where the room's voices may be: anywhere, when none was set.
func (r *Room) Fence() region.Fence {
	if r.fence.IsNowhere() {
		return region.Anywhere
	}
	return r.fence
}

// Shield reports whether those are kept out for now whose accounts are new.
func (r *Room) Shield() bool { return r.shield }

// Club returns the club that the room is of, or none.
func (r *Room) Club() Club { return r.club }

// Len returns how many people are in the room.
func (r *Room) Len() int { return len(r.here) }

// Participant returns who's place in the room, or nil. The caller must not
// change it.
func (r *Room) Participant(who id.Person) *Participant { return r.here[who] }

// Role returns who's role.
func (r *Room) Role(who id.Person) Role {
	if p := r.here[who]; p != nil {
		return p.Role
	}
	return Absent
}

// Stage returns the people on the stage, longest-standing first.
func (r *Room) Stage() []*Participant { return slices.Clone(r.stage) }

// onAir counts open microphones.
func (r *Room) onAir() int {
	n := 0
	for _, p := range r.stage {
		if !p.Muted {
			n++
		}
	}
	return n
}

// Participants returns everybody in the room, in the order they came in.
func (r *Room) Participants() []*Participant { return slices.Clone(r.order) }

// After returns those who came in by events after the one with the number
// seq, in order. It is the room's own, to be read before the next Apply.
func (r *Room) After(seq uint64) []*Participant { return r.order[r.place(seq+1):] }

// place returns where in order somebody stands who came in by the event seq.
func (r *Room) place(seq uint64) int {
	i, _ := slices.BinarySearchFunc(r.order, seq, func(p *Participant, seq uint64) int { return cmp.Compare(p.Entered, seq) })
	return i
}

// Moderators returns the ids of those who moderate, longest-standing first.
func (r *Room) Moderators() []id.Person {
	var out []*Participant
	for _, p := range r.stage {
		if p.Role == Moderator {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *Participant) int { return cmp.Compare(a.Chair, b.Chair) })
	ids := make([]id.Person, len(out))
	for i, p := range out {
		ids[i] = p.Who
	}
	return ids
}

// Host returns who has moderated for the longest: whose room it is.
func (r *Room) Host() (host id.Person) {
	var chair uint64
	for _, p := range r.stage {
		if p.Role == Moderator && (chair == 0 || p.Chair < chair) {
			host, chair = p.Who, p.Chair
		}
	}
	return host
}

// Asked returns who is asked onto the stage and has not answered.
func (r *Room) Asked() (asked []id.Person) {
	for who := range r.waiting {
		if !r.here[who].AskedUntil.IsZero() {
			asked = append(asked, who)
		}
	}
	return asked
}

// MayEnter reports whether who may come in now, given whether a moderator
// follows them, and whether they are in the room's club. Where it says no, the
// room does not exist for them. Nor does it for who is not inside and whom its host
// has blocked, which is for the caller to ask.
func (r *Room) MayEnter(who id.Person, followedByModerator, inClub bool) bool {
	switch {
	case r.ended, r.seq == 0, r.removed[who]:
		return false
	case r.here[who] != nil, r.invited[who], r.hosts[who]:
		return true
	}
	switch r.visibility {
	case Open:
		return true
	case Social:
		return followedByModerator
	case Members:
		return inClub
	case Closed:
		return false
	}
	return false
}

// Next returns when Expire has something to do, or zero.
func (r *Room) Next() time.Time {
	if r.nextCount <= 0 {
		r.next, r.nextCount = time.Time{}, 0
		for who := range r.waiting {
			r.due(r.here[who])
		}
	}
	return r.next
}
