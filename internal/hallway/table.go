package hallway

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/text"
	"github.com/stoa-audio/stoa/internal/topic"
)

// A Table is the rooms of a house, as far as the hallway shows them. It is safe for
// concurrent use. It is as fresh as the last event that it was told.
type Table struct {
	mu    sync.RWMutex // guards what follows, and all entries; held for about a millisecond
	rooms map[id.Room]*entry
	open  []*entry // the open ones, each at its place
	// stages are the rooms on whose stage somebody is, chairs the social rooms that
	// they moderate, members the members' rooms of a club, and let the rooms that
	// are not open into which somebody is let.
	stages, chairs, let map[id.Person][]*entry
	members             map[id.Club][]*entry

	// guests are rooms of other houses, which are no rooms of this hallway.
	guests map[id.Room]bool

	// voices finds entries for those who must not wait for the mutex.
	voices sync.Map // from id.Room to *entry
}

// An entry is a room in the table.
type entry struct {
	Room

	host     id.Person // who has moderated for the longest
	moderate []id.Person
	folded   string // words by which it is found
	language string
	topics   topic.Set
	people   int
	came     float64 // how many have come in lately, as it was at cameAt
	cameAt   time.Time
	spoken   atomic.Int64 // when somebody was last heard, in milliseconds; zero for never
	place    int          // in open
	// doors are those for whom it is otherwise than for others: let in though it is
	// not open, or kept out. inside are all who are there.
	doors  map[id.Person]bool
	inside map[id.Person]bool
}

// New returns a table without rooms.
func New() *Table {
	return &Table{
		rooms: make(map[id.Room]*entry), stages: make(map[id.Person][]*entry), chairs: make(map[id.Person][]*entry),
		let: make(map[id.Person][]*entry), members: make(map[id.Club][]*entry), guests: make(map[id.Room]bool),
	}
}

// Follow notes what has happened in a room, which is as it is after that. For a room
// that has just been loaded there are no events.
func (t *Table) Follow(now time.Time, name id.Room, r *room.Room, events []room.Event) {
	if r.Ended() {
		t.Forget(name)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.rooms[name]
	switch {
	case t.guests[name]:
		return
	case e == nil:
		t.add(now, name, r)
		return
	}
	e.people = r.Len()
	stage := false
	for _, one := range events {
		switch one := one.(type) {
		case room.Entered:
			e.come(now)
			t.door(e, r, one.Who)
		case room.Left:
			stage = stage || slices.ContainsFunc(e.Stage, func(p Person) bool { return p.Who == one.Who })
			t.door(e, r, one.Who)
		case room.LetInto:
			t.door(e, r, one.Who)
		case room.SteppedUp, room.SteppedDown, room.MadeModerator:
			stage = true
		case room.Described:
			t.describe(e, r)
			stage = true // what it is found by is written anew
		case room.Widened:
			t.widen(e, r)
		default:
		}
	}
	if stage {
		t.setStage(e, r)
	}
	e.Listeners = e.people - len(e.Stage)
}

func (t *Table) add(now time.Time, name id.Room, r *room.Room) {
	e := &entry{
		Room: Room{
			ID: name, Visibility: r.Visibility(), Club: r.Club().ID, Opened: r.Opened(),
		},
		people: r.Len(), cameAt: now,
		inside: make(map[id.Person]bool, r.Len()),
	}
	t.describe(e, r)
	t.rooms[name] = e
	t.voices.Store(name, e)
	t.lay(e)
	t.setStage(e, r)
	r.Apart(func(who id.Person) { t.door(e, r, who) })
	e.Listeners = e.people - len(e.Stage)
}

// describe notes what the room is about.
func (t *Table) describe(e *entry, r *room.Room) {
	e.Title, e.Language, e.Topics = r.Title(), r.Language(), r.Topics()
	e.language, e.topics = languageOf(r.Language()), topic.SetOf(r.Topics())
}

// come notes that somebody has come in.
func (e *entry) come(now time.Time) {
	e.came = e.came*half(now.Sub(e.cameAt), cameHalf) + 1
	e.cameAt = now
}

// lay puts e among those of its visibility, and lift takes it from there. Those in
// chairs come and go with the stage.
func (t *Table) lay(e *entry) {
	switch e.Visibility {
	case room.Open:
		e.place = len(t.open)
		t.open = append(t.open, e)
	case room.Members:
		t.members[e.Club] = append(t.members[e.Club], e)
	case room.Social, room.Closed:
	}
}

func (t *Table) lift(e *entry) {
	switch e.Visibility {
	case room.Open:
		last := t.open[len(t.open)-1]
		t.open[e.place], last.place = last, e.place
		t.open[len(t.open)-1] = nil
		t.open = t.open[:len(t.open)-1]
	case room.Members:
		drop(t.members, e.Club, e)
	case room.Social, room.Closed:
	}
}

// widen notes that more may come in.
func (t *Table) widen(e *entry, r *room.Room) {
	if e.Visibility == r.Visibility() {
		return
	}
	t.lift(e)
	t.unseat(e)
	e.Visibility = r.Visibility()
	t.lay(e)
	t.setStage(e, r)
	for who := range e.doors {
		t.door(e, r, who)
	}
}

// setStage notes who is on the stage, and what follows from that.
func (t *Table) setStage(e *entry, r *room.Room) {
	t.unseat(e)
	on := r.Stage()
	e.Stage, e.moderate, e.host = make([]Person, len(on)), r.Moderators(), r.Host()
	said := []string{e.Title}
	for i, p := range on {
		e.Stage[i] = Person{p.Who, p.Name, p.Picture, p.Role == room.Moderator}
		t.stages[p.Who] = append(t.stages[p.Who], e)
		said = append(said, p.Name)
	}
	if e.Visibility == room.Social {
		for _, who := range e.moderate {
			t.chairs[who] = append(t.chairs[who], e)
		}
	}
	e.folded = text.Folded(strings.Join(said, " "))
}

func (t *Table) unseat(e *entry) {
	for _, p := range e.Stage {
		drop(t.stages, p.Who, e)
	}
	if e.Visibility == room.Social {
		for _, who := range e.moderate {
			drop(t.chairs, who, e)
		}
	}
	e.Stage, e.moderate = nil, nil
}

// door notes whether the room is otherwise for who than for others.
func (t *Table) door(e *entry, r *room.Room, who id.Person) {
	if r.Participant(who) != nil {
		e.inside[who] = true
	} else {
		delete(e.inside, who)
	}
	out := !r.MayEnter(who, true, true)
	in := e.Visibility != room.Open && r.MayEnter(who, false, false)
	if was := e.doors[who]; was && !in {
		drop(t.let, who, e)
	} else if in && !was {
		t.let[who] = append(t.let[who], e)
	}
	switch {
	case !in && !out:
		delete(e.doors, who)
	default:
		if e.doors == nil {
			e.doors = make(map[id.Person]bool)
		}
		e.doors[who] = in
	}
}

func drop[K comparable](from map[K][]*entry, key K, e *entry) {
	some := from[key]
	i := slices.Index(some, e)
	if i < 0 {
		return
	}
	some[i] = some[len(some)-1]
	some[len(some)-1] = nil
	if some = some[:len(some)-1]; len(some) == 0 {
		delete(from, key)
	} else {
		from[key] = some
	}
}

// Forget takes a room out that has ended, or goes on elsewhere.
func (t *Table) Forget(name id.Room) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.guests, name)
	e := t.rooms[name]
	if e == nil {
		return
	}
	t.unseat(e)
	t.lift(e)
	for who, in := range e.doors {
		if in {
			drop(t.let, who, e)
		}
	}
	delete(t.rooms, name)
	t.voices.Delete(name)
}

// Guest notes that a room is another house's.
func (t *Table) Guest(name id.Room) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.guests[name] = true
}

// Heard notes that somebody is heard in a room. It does not wait.
func (t *Table) Heard(now time.Time, name id.Room) {
	if e, there := t.voices.Load(name); there {
		e.(*entry).spoken.Store(now.UnixMilli())
	}
}

// Hosts returns who moderates social rooms, and whom a viewer's FollowedBy is to be
// looked for among.
func (t *Table) Hosts() []id.Person {
	t.mu.RLock()
	defer t.mu.RUnlock()
	out := make([]id.Person, 0, len(t.chairs))
	for who := range t.chairs {
		out = append(out, who)
	}
	return out
}

// HasSocial reports whether there is any room that is for those whom a moderator
// follows.
func (t *Table) HasSocial() bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.chairs) > 0
}

// NotOpen returns the rooms that are not open to all.
func (t *Table) NotOpen() (names []id.Room) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for name, e := range t.rooms {
		if e.Visibility != room.Open {
			names = append(names, name)
		}
	}
	return names
}

// ModeratedBy returns the social rooms that somebody moderates.
func (t *Table) ModeratedBy(who id.Person) []id.Room {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return namesOf(t.chairs[who])
}

// MembersOf returns the rooms for the members of a club.
func (t *Table) MembersOf(club id.Club) []id.Room {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return namesOf(t.members[club])
}

func namesOf(some []*entry) []id.Room {
	out := make([]id.Room, len(some))
	for i, e := range some {
		out[i] = e.ID
	}
	return out
}

// HostedBy returns how many rooms somebody has moderated for longer than all others.
func (t *Table) HostedBy(who id.Person) (n int) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, e := range t.stages[who] {
		if e.host == who {
			n++
		}
	}
	return n
}

// Cards returns the first of the rooms that v may enter and has chosen, at most
// ShownMax, in their order, and how many more there are.
func (t *Table) Cards(now time.Time, v Viewer, c Choice) (cards []Card, more int) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	l := t.look(v, c, now)
	top := best{most: ShownMax}
	seen := 0
	t.each(l, func(e *entry) {
		if l.wants(e) && l.sees(e) {
			seen++
			top.add(standing{e, l.score(e)})
		}
	})
	top.cut()
	cards = make([]Card, len(top.kept))
	for i, s := range top.kept {
		cards[i] = Card{s.Room, l.why(s.entry)}
	}
	return cards, seen - len(cards)
}

// each calls f once with each room that may exist for who looks: the open ones, and
// of the others those to which something leads.
func (t *Table) each(l *look, f func(*entry)) {
	for _, e := range t.open {
		f(e)
	}
	done := make(map[*entry]bool)
	others := func(some []*entry) {
		for _, e := range some {
			if !done[e] {
				done[e] = true
				f(e)
			}
		}
	}
	others(t.let[l.Who])
	for club, in := range l.Clubs {
		if in {
			others(t.members[club])
		}
	}
	if len(t.chairs) <= len(l.FollowedBy) {
		for who, some := range t.chairs {
			if l.letBy(who) {
				others(some)
			}
		}
		return
	}
	for who := range l.FollowedBy {
		if l.letBy(who) {
			others(t.chairs[who])
		}
	}
}

// Card returns one room, if v may enter it.
func (t *Table) Card(now time.Time, v Viewer, name id.Room) (Card, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	e := t.rooms[name]
	if e == nil {
		return Card{}, false
	}
	l := t.look(v, Choice{}, now)
	if !l.sees(e) || !l.leads(e) {
		return Card{}, false
	}
	return Card{e.Room, l.why(e)}, true
}

// leads reports whether something leads who looks to a room.
func (l *look) leads(e *entry) bool {
	switch {
	case e.Visibility == room.Open, e.doors[l.Who]:
		return true
	case e.Visibility == room.Members:
		return l.Clubs[e.Club]
	case e.Visibility == room.Social:
		return slices.ContainsFunc(e.moderate, l.letBy)
	}
	return false
}

// letBy reports whether a social room that somebody moderates lets the viewer in.
func (l *look) letBy(moderator id.Person) bool {
	return l.FollowedBy[moderator] && !l.blocks(moderator)
}
