package api

import (
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
)

// finds returns who and which rooms somebody finds by a text.
func (g *guest) finds(text string) (names []string, rooms []id.Room) {
	g.Helper()
	var f Found
	g.call("GET", "/api/v1/search?q="+url.QueryEscape(text), nil).is(200).into(&f)
	for _, p := range f.People {
		names = append(names, p.Name)
	}
	for _, r := range f.Rooms {
		rooms = append(rooms, r.ID)
	}
	return names, rooms
}

func TestFindPeople(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada Lovelace")
	bo, cy, dee := ada.invite("Bo Müller"), ada.invite("Cy Miller"), ada.invite("Dee Miller")
	find := func(g *guest, text string, want ...string) {
		t.Helper()
		if got, _ := g.finds(text); !slices.Equal(got, want) {
			t.Errorf("%s finds %q by %q, not %q", g.name, got, text, want)
		}
	}
	follow := func(g, whom *guest) {
		t.Helper()
		g.call("PUT", "/api/v1/people/"+whom.id.String()+"/follow", nil).is(204)
	}
	// Nobody is found by strangers who has not said so.
	for _, text := range []string{"bo", "muller", "mill", "Cy Miller", "ada", "everybody"} {
		find(dee, text)
	}
	ada.call("GET", "/api/v1/search", nil).problem("bad_request")
	find(ada, "?!")

	// Who follows, and who is followed, is.
	follow(dee, bo)
	find(dee, "MULL", "Bo Müller")
	find(bo, "mill", "Dee Miller")
	find(cy, "mill")
	dee.call("DELETE", "/api/v1/people/"+bo.id.String()+"/follow", nil).is(204)
	find(dee, "mull")
	find(bo, "mill")

	// By the whole handle anybody is, in whatever case, and not by a part of it.
	bo.write(written("Bo Müller", "bobo")).is(200)
	find(dee, "@BoBo", "Bo Müller")
	find(dee, "bobo", "Bo Müller")
	find(dee, "bob")
	find(bo, "bobo") // oneself is not who one looks for

	// Who wants to be found is found by all, until they do not want to any more.
	n := written("Cy Miller", "cy_m")
	n.Findable = true
	cy.write(n).is(200)
	find(bo, "mill", "Cy Miller")
	follow(bo, dee)
	find(bo, "mill", "Dee Miller", "Cy Miller")
	find(bo, "cy_m", "Cy Miller")
	n.Name = "Cyrus"
	cy.write(n).is(200)
	find(bo, "miller", "Dee Miller")
	find(bo, "cyr", "Cyrus")
	n.Findable = false
	cy.write(n).is(200)
	find(bo, "cyr")
	find(bo, "cy_m", "Cyrus")
	var mine OwnProfile
	cy.call("GET", profilePath, nil).is(200).into(&mine)
	if mine.Findable {
		t.Error("it is not kept that they do not want to be found")
	}

	// Who is erased is in no index.
	h.must(h.people.Erase(t.Context(), cy.id))
	find(bo, "cy_m")
	if _, is, err := h.names.Of(t.Context(), cy.id); is || err != nil {
		t.Errorf("still in the index: %v, %v", is, err)
	}
}

// opens opens a room with a title.
func (g *guest) opens(title, visibility string, invite ...string) id.Room {
	g.Helper()
	var c Card
	g.call("POST", "/api/v1/rooms", NewRoom{Title: title, Visibility: visibility, Invite: invite}).is(201).into(&c)
	return c.ID
}

func TestFindRooms(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	ada.call("PATCH", "/api/v1/me", body{"name": "Ada Café"}).is(200)
	open := ada.opens("Über Nachtzüge", "open")
	closed := ada.opens("Über Nachtzüge, geheim", "closed", bo.id.String())
	social := ada.opens("Nachtzüge für wenige", "social")
	for _, c := range []struct {
		who  *guest
		text string
		want []id.Room
	}{
		{bo, "nachtzuge", []id.Room{open, closed}},
		{cy, "nachtzuge", []id.Room{open}},
		{cy, "UBER nacht", []id.Room{open}},
		{cy, "nacht zug", nil}, // words begin so
		{cy, "geheim", nil},
		{bo, "geheim", []id.Room{closed}},
		{cy, "wenige", nil},
		{ada, "wenige", []id.Room{social}},
	} {
		_, got := c.who.finds(c.text)
		slices.SortFunc(got, func(a, b id.Room) int { return slices.Compare(a[:], b[:]) })
		slices.SortFunc(c.want, func(a, b id.Room) int { return slices.Compare(a[:], b[:]) })
		if !slices.Equal(got, c.want) {
			t.Errorf("%s finds %d rooms by %q, not %d", c.who.name, len(got), c.text, len(c.want))
		}
	}
	ada.sit(open)
	if _, got := cy.finds("cafe"); !slices.Equal(got, []id.Room{open}) {
		t.Errorf("by who is on the stage: %v", got)
	}
	ada.call("PUT", "/api/v1/people/"+cy.id.String()+"/follow", nil).is(204)
	ada.sit(social)
	if _, got := cy.finds("wenige"); !slices.Equal(got, []id.Room{social}) {
		t.Errorf("whom a moderator follows: %v", got)
	}
}

// The index is of what is in the records, whatever has become of it meanwhile.
func TestReindex(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	n := written("Bo Long", "")
	n.Findable = true
	bo.write(n).is(200)
	if changed, err := h.people.Reindex(t.Context(), false); changed != 0 || err != nil {
		t.Errorf("nothing had happened: %d, %v", changed, err)
	}
	// It is lost, and has somebody of whom there is no record; and it is of before.
	stranger := people.Entry{Indexed: people.Indexed{Person: id.New[id.Person](), Version: 9}, Name: "Bo Stranger", Findable: true}
	h.must(h.names.Drop(t.Context(), []id.Person{ada.id}))
	h.must(h.names.Put(t.Context(), []people.Entry{stranger}))
	if got, _ := ada.finds("bo"); len(got) != 1 {
		t.Errorf("found: %q", got) // the stranger is no person
	}
	if changed, err := h.people.Reindex(t.Context(), false); changed != 2 || err != nil {
		t.Errorf("brought up to date: %d, %v", changed, err)
	}
	if _, is, err := h.names.Of(t.Context(), stranger.Person); is || err != nil {
		t.Error(is, err)
	}
	if e, is, err := h.names.Of(t.Context(), ada.id); !is || e.Name != "Ada" || err != nil {
		t.Error(e, is, err)
	}

	// What cannot be written now is written the next time, and costs nobody theirs.
	h.must(h.names.Close())
	n.Name = "Bo Short"
	bo.write(n).is(200)
	if _, err := h.people.Reindex(t.Context(), true); err == nil {
		t.Error("an index that is closed is up to date")
	}
	ada.call("GET", "/api/v1/search?q=bo", nil).problem("unavailable")
}

func TestFindingIsLimited(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	h.at(h.clock())
	for range rates[finding].burst {
		ada.finds("x")
	}
	ada.call("GET", "/api/v1/search?q=x", nil).problem("too_many")
}

// Clubs and plans are found by who may see them, and by nobody else.
func TestFindClubsAndPlans(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	found := func(name string, listed bool) Club {
		t.Helper()
		var c Club
		ada.call("POST", "/api/v1/clubs", NewClub{Name: name, Joining: "open", Rooms: "members", Listed: listed, Rules: []string{}}).is(201).into(&c)
		return c
	}
	open, secret := found("Nachtzüge", true), found("Nachtzüge, geheim", false)
	starts := time.Now().Add(24 * time.Hour).UTC().Truncate(time.Minute)
	plan := func(title, visibility string, club *id.Club) {
		t.Helper()
		n := body{"title": title, "about": "", "starts": starts, "minutes": 60, "cohosts": []string{}, "visibility": visibility, "recorded": false}
		if club != nil {
			n["club"] = club.String()
		}
		ada.call("POST", "/api/v1/plans", n).is(201)
	}
	plan("Nachtzug nach Wien", "open", nil)
	plan("Nachtzug nach nirgendwo", "closed", nil)
	plan("Nachtzug, nur wir", "members", &secret.ID)
	look := func(g *guest, looked string) (clubs, plans []string) {
		t.Helper()
		var f Found
		g.call("GET", "/api/v1/search?q="+url.QueryEscape(looked), nil).is(200).into(&f)
		for _, c := range f.Clubs {
			clubs = append(clubs, c.Name)
		}
		for _, p := range f.Plans {
			plans = append(plans, p.Title)
		}
		slices.Sort(plans)
		return clubs, plans
	}
	if clubs, plans := look(bo, "nachtzug"); !slices.Equal(clubs, []string{"Nachtzüge"}) || !slices.Equal(plans, []string{"Nachtzug nach Wien"}) {
		t.Errorf("a stranger finds %q and %q", clubs, plans)
	}
	if clubs, plans := look(ada, "nachtzug"); len(clubs) != 2 || len(plans) != 3 {
		t.Errorf("who made them finds %q and %q", clubs, plans)
	}
	if clubs, plans := look(bo, "wir"); clubs != nil || plans != nil {
		t.Errorf("of members only: %q, %q", clubs, plans)
	}
	h.must(h.clubs.Nominate(t.Context(), ada.id, secret.ID, bo.id)) // an invitation, as she leads it
	if clubs, plans := look(bo, "geheim"); len(clubs) != 1 || plans != nil {
		t.Errorf("who is invited: %q, %q", clubs, plans)
	}
	bo.call("POST", "/api/v1/clubs/"+secret.ID.String()+"/join", body{"rules_version": secret.RulesVersion}).is(200)
	if _, plans := look(bo, "nur wir"); len(plans) != 1 {
		t.Errorf("a member: %q", plans)
	}
	ada.call("DELETE", "/api/v1/clubs/"+open.ID.String(), nil).is(204)
	if clubs, _ := look(bo, "nachtzug"); !slices.Equal(clubs, []string{"Nachtzüge, geheim"}) {
		t.Errorf("one that is gone: %q", clubs)
	}
}
