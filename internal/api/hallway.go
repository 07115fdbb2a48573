package api

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/signal"
)

// hallwayEvery is how often the hallway is looked at for news, and hallwayRest for how
// long nothing is told after something was: so whoever watches hears of a change within
// a second, and where something happens all the time does not ask for the whole hallway
// again all the time.
const (
	hallwayEvery = 250 * time.Millisecond
	hallwayRest  = 500 * time.Millisecond
)

// recountEvery is how often it is news that only the numbers of listeners have
// changed. In a large room they do all the time, and whoever is told asks for
// the whole hallway again.
const recountEvery = 15 * time.Second

var hallwayNotice = encode(signal.Notice{Hallway: &signal.None{}})

// watchers are those who watch the hallway. They are told that what they see there
// may have changed, not all the time (hallwayRest). Of a room that is not open only those
// hear who may enter it, or could a moment ago: when a closed room lives is nobody
// else's to know.
type watchers struct {
	mu sync.Mutex
	// open are the hosts of open rooms of which something has changed, those from
	// before it among them: whom all of them have blocked is not told. hosts are
	// those of the open rooms there are.
	open  map[id.Person]bool
	hosts map[id.Room]id.Person
	// changed are the rooms that have changed since the last look, settled
	// those before it. The settled ones are looked at: a room tells of a change
	// a moment before it can be read.
	changed, settled map[id.Room]bool
	joined           map[*connection]bool
	// counted are the rooms in which only the number has changed, and whether
	// they are open; recounted is when that was last told.
	counted   map[id.Room]bool
	recounted time.Time
	told      time.Time // when somebody was last told anything
	// watchers are those who watch, with the rooms not open that they could
	// enter when we last looked.
	watchers map[*connection]map[id.Room]bool
}

// join lets c watch.
func (h *watchers) join(c *connection) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watchers == nil {
		h.watchers, h.joined = make(map[*connection]map[id.Room]bool), make(map[*connection]bool)
	}
	if h.watchers[c] == nil {
		h.watchers[c] = make(map[id.Room]bool)
		h.joined[c] = true
	}
}

func (h *watchers) leave(c *connection) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.watchers, c)
	delete(h.joined, c)
}

// happened notes whether events change how r looks in the hallway.
func (h *watchers) happened(name id.Room, r *room.Room, events []room.Event) {
	news, counts := slices.ContainsFunc(events, shows), slices.ContainsFunc(events, counts)
	h.mu.Lock()
	defer h.mu.Unlock()
	before, host := h.hosted(name, r)
	news = news || before != host
	if !news && !counts {
		return
	}
	open := !host.IsZero()
	if !news {
		if h.counted == nil {
			h.counted = make(map[id.Room]bool)
		}
		h.counted[name] = open
		return
	}
	h.noteOpen(before)
	h.noteOpen(host)
	h.note(name)
}

// hosted notes who hosts an open room, and returns who did before; nobody where it
// is not open, or was not.
func (h *watchers) hosted(name id.Room, r *room.Room) (before, now id.Person) {
	before = h.hosts[name]
	if r.Visibility() != room.Open || r.Ended() {
		delete(h.hosts, name)
		return before, now
	}
	if h.hosts == nil {
		h.hosts = make(map[id.Room]id.Person)
	}
	now = r.Host()
	h.hosts[name] = now
	return before, now
}

func (h *watchers) noteOpen(host id.Person) {
	if host.IsZero() {
		return
	}
	if h.open == nil {
		h.open = make(map[id.Person]bool)
	}
	h.open[host] = true
}

// gone forgets a room that goes on at another node.
func (h *watchers) gone(name id.Room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.noteOpen(h.hosts[name])
	delete(h.hosts, name)
}

// recount makes it news that numbers have changed, if it is time to.
func (h *watchers) recount(now time.Time) {
	if len(h.counted) == 0 || now.Sub(h.recounted) < recountEvery {
		return
	}
	for name, open := range h.counted {
		if open {
			h.noteOpen(h.hosts[name])
		}
		h.note(name)
	}
	h.counted, h.recounted = nil, now
}

// note notes that name has changed, or who may enter it.
func (h *watchers) note(name id.Room) {
	if h.changed == nil {
		h.changed = make(map[id.Room]bool)
	}
	h.changed[name] = true
}

// others notes that others may enter some rooms than before: somebody has been
// followed by who moderates them, or has come into a club or gone.
func (h *watchers) others(names []id.Room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, name := range names {
		h.note(name)
	}
}

// shows reports whether e changes a card, or who is shown it.
func shows(e room.Event) bool {
	switch e.(type) {
	case room.Opened, room.Described, room.LetInto, room.SteppedUp, room.SteppedDown, room.MadeModerator, room.Widened, room.Ended:
		return true
	default:
		return false
	}
}

// counts reports whether e changes how many are in a room.
func counts(e room.Event) bool {
	switch e.(type) {
	case room.Entered, room.Left:
		return true
	default:
		return false
	}
}

// watchHallway tells the news until the node stops.
func (a *API) watchHallway() { a.every(hallwayEvery, doMax, a.tellHallway) }

func (a *API) tellHallway(ctx context.Context) {
	h := &a.hallway
	at := time.Now()
	h.mu.Lock()
	joined := h.joined
	h.joined = make(map[*connection]bool)
	var open map[id.Person]bool
	var settled map[id.Room]bool
	var watchers []*connection
	if at.Sub(h.told) >= hallwayRest {
		h.recount(at)
		open, settled = h.open, h.settled
		h.open, h.settled, h.changed = nil, h.changed, nil
	}
	if len(open)+len(settled) > 0 { // or nobody has to be asked
		watchers = slices.Collect(maps.Keys(h.watchers))
	}
	h.mu.Unlock()

	news := make(map[*connection]bool)
	for host := range open {
		a.noteBut(ctx, host, watchers, news)
	}
	for name := range settled {
		now := a.mayEnter(ctx, name, watchers)
		h.mu.Lock()
		for c, before := range h.watchers {
			if before[name] || now[c] {
				news[c] = true
			}
			if delete(before, name); now[c] {
				before[name] = true
			}
		}
		h.mu.Unlock()
	}
	if len(joined) > 0 {
		a.showHallway(ctx, slices.Collect(maps.Keys(joined)))
	}
	if len(news) > 0 {
		h.told = at // nobody else reads it
	}
	for c := range news {
		c.ws.Send(hallwayNotice)
	}
}

// showHallway notes which rooms that are not open those who have just joined
// may enter, so that they hear when such a room goes.
func (a *API) showHallway(ctx context.Context, joined []*connection) {
	for _, name := range a.Hallway.NotOpen() {
		now := a.mayEnter(ctx, name, joined)
		a.hallway.mu.Lock()
		for c, may := range now {
			if seen := a.hallway.watchers[c]; may && seen != nil {
				seen[name] = true
			}
		}
		a.hallway.mu.Unlock()
	}
}

// mayEnter returns which of conns may enter a room that is not open.
func (a *API) mayEnter(ctx context.Context, name id.Room, conns []*connection) map[*connection]bool {
	open := false
	a.rooms.Read(name, func(r *room.Room) { open = r.Visibility() == room.Open })
	if open {
		return nil
	}
	let := a.isFor(ctx, name, peopleAt(conns))
	now := make(map[*connection]bool)
	for _, c := range conns {
		if let[c.session.Person] {
			now[c] = true
		}
	}
	return now
}

// isFor returns those of people for whom a room exists: who is inside, and who may
// enter it now.
func (a *API) isFor(ctx context.Context, name id.Room, people []id.Person) map[id.Person]bool {
	now := make(map[id.Person]bool)
	var sure, unsure []id.Person
	var moderators []id.Person
	var host id.Person
	var visibility room.Visibility
	var club id.Club // if it is enough to be in it
	a.rooms.Read(name, func(r *room.Room) {
		visibility, moderators, host = r.Visibility(), r.Moderators(), r.Host()
		if visibility == room.Members {
			club = r.Club().ID
		}
		for _, who := range people {
			switch {
			case r.Participant(who) != nil:
				now[who] = true
			case r.MayEnter(who, false, false):
				sure = append(sure, who)
			case r.MayEnter(who, true, true):
				unsure = append(unsure, who)
			}
		}
	})
	if len(sure)+len(unsure) == 0 {
		return now
	}
	// Whoever cannot be shown to be let in is not.
	apart, err := a.apart(ctx, host, visibility == room.Closed, slices.Concat(sure, unsure))
	if err != nil {
		return now
	}
	var let []id.Person
	switch {
	case len(unsure) == 0:
	case club.IsZero():
		let, err = a.letBy(ctx, moderators, unsure)
	default:
		let, err = a.Clubs.MembersAmong(ctx, club, unsure)
	}
	if err != nil {
		let = nil
	}
	for _, who := range slices.Concat(sure, let) {
		if !apart[who] {
			now[who] = true
		}
	}
	return now
}

func peopleAt(conns []*connection) []id.Person {
	who := make([]id.Person, len(conns))
	for i, c := range conns {
		who[i] = c.session.Person
	}
	return who
}

func setOf(some []id.Person) map[id.Person]bool {
	set := make(map[id.Person]bool, len(some))
	for _, who := range some {
		set[who] = true
	}
	return set
}
