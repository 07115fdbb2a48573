package api

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/clubs"
	"github.com/stoa-audio/stoa/internal/id"
)

// TestMembersRooms has a room that exists for the members of a club alone: as a
// card, by its id, as a grant, and in the notices of the hallway.
func TestMembersRooms(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy, dee := ada.invite("Bo"), ada.invite("Cy"), ada.invite("Dee")
	path, club := ada.found()
	bo.joins(path, 1)
	ada.call("PUT", "/api/v1/people/"+cy.id.String()+"/follow", nil).is(204) // which is not enough

	watch := func(g *guest) *line {
		l := g.live()
		l.done("watch_hallway", None{})
		return l
	}
	member, outsider, let := watch(bo), watch(cy), watch(dee)
	time.Sleep(4 * hallwayRest) // they have seen what there was

	ada.call("POST", "/api/v1/rooms", NewRoom{Title: "Tea", Visibility: "members"}).problem("invalid")
	cy.call("POST", "/api/v1/rooms", NewRoom{Title: "Tea", Visibility: "members", Club: club.ID.String()}).problem("not_in_club")
	cy.call("POST", "/api/v1/rooms", NewRoom{Title: "Tea", Visibility: "open", Club: id.New[id.Club]().String()}).problem("no_club")
	cy.call("POST", "/api/v1/rooms", NewRoom{Title: "Tea", Visibility: "open", Club: "tea"}).problem("no_club")
	var card Card
	ada.call("POST", "/api/v1/rooms", NewRoom{Title: "Tea", Visibility: "members", Club: club.ID.String(), Invite: []string{dee.id.String()}}).is(201).into(&card)
	if card.Club == nil || card.Club.Name != "Tea" || card.Visibility.String() != "members" {
		t.Errorf("%+v", card)
	}
	name := card.ID
	hallwayNews(t, member)
	hallwayNews(t, let) // who is invited
	outsider.quiet(6 * hallwayRest)

	shows := func(g *guest) bool {
		t.Helper()
		var cards Cards
		g.call("GET", "/api/v1/rooms", nil).is(200).into(&cards)
		there := slices.ContainsFunc(cards.Rooms, func(c Card) bool { return c.ID == name })
		at := "/api/v1/rooms/" + name.String()
		if there {
			g.call("GET", at, nil).is(200)
			g.call("POST", at+"/grants", None{}).is(201)
			return true
		}
		nobody := "/api/v1/rooms/" + id.New[id.Room]().String()
		for _, end := range []string{"", "/grants", "/people"} {
			method, body := "GET", any(nil)
			if end == "/grants" {
				method, body = "POST", None{}
			}
			got, want := g.call(method, at+end, body), g.call(method, nobody+end, body)
			if got.status != 404 || string(got.body) != string(want.body) {
				t.Errorf("%s %s: %d %s", method, end, got.status, got.body)
			}
		}
		return false
	}
	if !shows(ada) || !shows(bo) || shows(cy) || !shows(dee) {
		t.Error("the room is not there for exactly those who are in the club, or invited")
	}
	stage := ada.sit(name)
	if m := bo.enter(member, name); m.Entered.View.Club.Name != "Tea" {
		t.Errorf("the view: %s", m.raw)
	}

	// Whoever joins is told that there is a room.
	cy.joins(path, 1)
	hallwayNews(t, outsider)
	if !shows(cy) {
		t.Error("a new member does not see the room")
	}
	early := cy.grant(name)

	// Out of the club, the room is shut: a grant of before is worth nothing. Who is
	// inside stays.
	ada.call("DELETE", path+"/members/"+cy.id.String(), nil).is(204)
	hallwayNews(t, outsider)
	if shows(cy) {
		t.Error("who is removed sees the room")
	}
	outsider.refused("no_room", "enter", body{"grant": early})
	bo.call("DELETE", path+"/membership", nil).is(204)
	member.done("raise_hand", None{})
	if !shows(bo) {
		t.Error("who is inside does not stay")
	}
	member.done("leave", None{})
	if shows(bo) {
		t.Error("who has left the club and the room sees it")
	}

	// Widened, it is for everybody.
	stage.refused("narrower", "widen", body{"to": "social"})
	stage.done("widen", body{"to": "open"})
	if !shows(cy) {
		t.Error("an open room is not shown to all")
	}
	plain := bo.open("closed")
	bo.sit(plain).refused("invalid", "widen", body{"to": "members"})

	// Who may open rooms of a club.
	n := teaClub()
	n.Rooms = "admins"
	ada.call("PUT", path, n, "If-Match", `"1"`).is(200)
	bo.joins(path, 1)
	bo.call("POST", "/api/v1/rooms", NewRoom{Visibility: "open", Club: club.ID.String()}).problem("not_club_admin")
	ada.call("PUT", path+"/members/"+bo.id.String(), ClubRole{"admin"}).is(204)
	bo.call("POST", "/api/v1/rooms", NewRoom{Visibility: "open", Club: club.ID.String()}).is(201)

	// A club that is gone is on no card, and its rooms are for nobody new.
	var cards Cards
	ada.call("DELETE", path, nil).is(204)
	cy.call("GET", "/api/v1/rooms", nil).is(200).into(&cards)
	for _, c := range cards.Rooms {
		if c.Club != nil {
			t.Errorf("%+v", c)
		}
	}
}

// hallwayNews waits for a notice of the hallway, and for quiet after it.
func hallwayNews(t *testing.T, l *line) {
	t.Helper()
	l.until(func(m message) bool { return m.Hallway != nil })
	time.Sleep(4 * hallwayRest)
	for {
		select {
		case <-l.got:
			continue
		default:
		}
		return
	}
}

// TestRoomsOfUnlistedClubs opens rooms that outsiders see, or are let into: nowhere
// is the club named to them.
func TestRoomsOfUnlistedClubs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	path, club := ada.found(private)
	ada.call("POST", path+"/nominations", ClubNomination{bo.id.String()}).is(204)
	cy.call("POST", "/api/v1/rooms", NewRoom{Visibility: "members", Club: club.ID.String()}).problem("no_club")
	bo.call("POST", "/api/v1/rooms", NewRoom{Visibility: "open", Club: club.ID.String()}).problem("not_in_club") // who is invited knows of it
	if at := bo.joins(path, 1); at != clubs.Member {
		t.Error(at)
	}
	for _, visibility := range []string{"open", "members"} {
		var card Card
		ada.call("POST", "/api/v1/rooms", NewRoom{Visibility: visibility, Club: club.ID.String(), Invite: []string{cy.id.String()}}).is(201).into(&card)
		at := "/api/v1/rooms/" + card.ID.String()
		if got := bo.call("GET", at, nil).is(200); !strings.Contains(string(got.body), "canary") {
			t.Errorf("a member is not told of which club it is: %s", got.body)
		}
		if got := cy.call("GET", at, nil).is(200); strings.Contains(string(got.body), "canary") || strings.Contains(string(got.body), `"club"`) {
			t.Errorf("an outsider is told of which club it is: %s", got.body)
		}
		stage, l := ada.sit(card.ID), cy.live()
		m := cy.enter(l, card.ID)
		if m.Entered.View.Club.ID != club.ID || strings.Contains(m.raw, "canary") {
			t.Errorf("the view: %s", m.raw)
		}
		stage.done("end", None{})
		l.cut(card.ID, "ended")
		for _, m := range l.all {
			if strings.Contains(m.raw, "canary") {
				t.Errorf("an event: %s", m.raw)
			}
		}
	}
}
