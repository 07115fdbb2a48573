package api

import (
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
	}
	return a.room, s.Who, s.Session, nil
}

func (a *tickets) Houses() []string { return []string{a.house} }

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
