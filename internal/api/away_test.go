package api

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stoa-audio/stoa/internal/grant"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/room/live"
)

// tickets is Away with tickets that are random, and rooms that may be elsewhere.
type tickets struct {
	mu        sync.Mutex
	given     map[string]room.Seat
	room      id.Room
	elsewhere bool
	house     string
	out       map[id.Person]bool // kept out of the house whose room it is
	quick     bool               // that they are is known just after they have come by their ticket
	decided   int                // how often the deputy was told
}

func (a *tickets) Ticket(name id.Room, who id.Person, session id.Session) (ticket, deputy string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	ticket = id.New[id.Session]().String()
	a.given[ticket], a.room = room.Seat{Who: who, Session: session}, name
	return ticket, "https://deputy.example"
}

func (a *tickets) Seat(ticket string) (name id.Room, who id.Person, session id.Session, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s, ok := a.given[ticket]
	switch {
	case !ok:
		return name, who, session, grant.ErrGrant
	case a.elsewhere:
		return name, who, session, live.ErrElsewhere
	case a.out[s.Who] && !a.quick:
		return name, who, session, room.ErrNoRoom
	}
	return a.room, s.Who, s.Session, nil
}

func (a *tickets) Houses() []string { return []string{a.house} }

func (a *tickets) KeptOut(_ id.Room, who id.Person) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.out[who]
}

func (a *tickets) Decided(context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.decided++
	return nil
}

// keepsOut has somebody be kept out of the house whose room it is.
func (a *tickets) keepsOut(who id.Person, quick bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.out, a.quick = map[id.Person]bool{who: true}, quick
}

func (a *tickets) is(elsewhere bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.elsewhere = elsewhere
}

// Whoever sits in a room comes back with a ticket and nothing else: no cookie, no
// grant, and from the page of the house.
func TestTickets(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	away := &tickets{given: make(map[string]room.Seat), house: "https://house.example"}
	h.api.Away = away
	ada := h.first("Ada")
	name := ada.open("open")
	first := ada.live()
	in := ada.enter(first, name).Entered
	if in.Ticket == "" || in.Deputy != "https://deputy.example" {
		t.Fatalf("Ada is told %+v", in)
	}
	first.done("unmute", None{})
	first.event("unmuted")

	away.is(true)
	back := h.live("Origin", away.house)
	back.refused("unavailable", "enter", body{"ticket": in.Ticket})
	away.is(false)
	back.refused("bad_grant", "enter", body{"ticket": in.Ticket + "x"})
	again := back.ask("enter", body{"ticket": in.Ticket}).Entered
	if again == nil || again.Me != ada.id || again.Session == in.Session || again.You.Muted || again.Ticket == in.Ticket {
		t.Fatalf("Ada comes back as %+v", again)
	}
	back.done("mute", body{"who": ada.id}) // it is hers, and a moderator's

	// Who has been put out has a ticket for nothing, and so has who asks a room
	// that has ended.
	bo := ada.invite("Bo")
	at := bo.live()
	his := bo.enter(at, name).Entered
	back.done("remove", body{"who": bo.id})
	h.live().refused("no_room", "enter", body{"ticket": his.Ticket})
	back.done("end", None{})
	h.live().refused("no_room", "enter", body{"ticket": again.Ticket})
}

// A page of another house comes for its rooms here, and as nobody: whoever is
// signed in at this house is not meant.
func TestThePageOfAnotherHouse(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.api.Away = &tickets{given: make(map[string]room.Seat), house: "https://house.example"}
	ada := h.first("Ada")
	ada.live("Origin", "https://house.example").refused("not_signed_in", "watch_hallway", None{})
	ada.live("Origin", h.url).done("watch_hallway", None{})
	for _, origin := range []string{"http://house.example", "https://house.example.evil.example", "https://evil.example", "null"} {
		if _, err := h.dial("Origin", origin, "Cookie", h.api.cookie+"="+ada.token); err == nil || !strings.Contains(err.Error(), "cross_origin") {
			t.Errorf("a page from %s: %v", origin, err)
		}
	}
}

// A room that goes on at another node ends the connections of those in it, who
// are told so; others stay.
func TestGone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	name := ada.open("open")
	in, out := ada.sit(name), ada.live()
	h.api.rooms.Doubt(true)
	h.api.rooms.HandOver(h.api.rooms.Own())
	in.cut(name, "elsewhere")
	out.done("ping", None{})
	ada.call("GET", "/api/v1/rooms/"+name.String(), nil).problem("unavailable")
	h.api.rooms.Doubt(false)
	ada.call("GET", "/api/v1/rooms/"+name.String(), nil).problem("no_room")
}

// Who is kept out of the house whose room goes on here does not come in by a ticket,
// not even when it is decided in the same moment; and who sits there is put out, with
// the connection. Nobody else notices.
func TestKeptOutOfAnotherHouse(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	away := &tickets{given: make(map[string]room.Seat), house: "https://house.example"}
	h.api.Away = away
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	name := ada.open("open")
	hers := ada.enter(ada.live(), name).Entered
	his := bo.enter(bo.live(), name).Entered
	sits := func(who id.Person) (in bool) {
		h.rooms.Read(name, func(r *room.Room) { in = r.Participant(who) != nil })
		return in
	}

	away.keepsOut(bo.id, true)
	h.live().refused("no_room", "enter", body{"ticket": his.Ticket})
	if sits(bo.id) {
		t.Error("whoever is kept out has a seat")
	}
	away.keepsOut(bo.id, false)
	h.live().refused("no_room", "enter", body{"ticket": his.Ticket})

	away.keepsOut(id.Person{}, false)
	at := bo.live()
	his = bo.enter(at, name).Entered
	at = h.live()
	at.ask("enter", body{"ticket": his.Ticket})
	away.keepsOut(bo.id, false)
	h.must(h.api.PutOut(t.Context(), []id.Room{name, id.New[id.Room]()}, away.KeptOut))
	at.cut(name, "signed_out")
	if sits(bo.id) || !sits(ada.id) {
		t.Error("somebody else is out, or nobody")
	}
	if in := h.live().ask("enter", body{"ticket": hers.Ticket}).Entered; in == nil || in.Me != ada.id {
		t.Errorf("Ada comes back as %+v", in)
	}
}

// The deputy is told of who is kept out, and of who is not any more: before the warden
// is answered.
func TestTheDeputyIsTold(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	away := &tickets{given: make(map[string]room.Seat)}
	h.api.Away = away
	ada := h.first("Ada").judges()
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	for i, one := range []struct {
		what string
		days int
		told int
	}{{"warning", 0, 0}, {"suspend", 3, 1}, {"lift", 0, 2}, {"ban", 0, 3}} {
		if one.what != "lift" {
			cy.complains(Thing{Person: bo.id.String()}, fmt.Sprint("once more: ", i)).is(201)
		}
		ada.decides(bo.id, one.what, one.days).is(201)
		away.mu.Lock()
		told := away.decided
		away.mu.Unlock()
		if told != one.told {
			t.Errorf("after %s the deputy was told %d times", one.what, told)
		}
	}
}
