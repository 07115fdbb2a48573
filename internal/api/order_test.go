package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/hallway"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/signal"
)

// shown returns the hallway of somebody, or what they choose of it.
func (g *guest) shown(query string) Cards {
	g.Helper()
	var c Cards
	g.call("GET", "/api/v1/rooms"+query, nil).is(200).into(&c)
	return c
}

func (c Cards) titles() (out []string) {
	for _, card := range c.Rooms {
		out = append(out, card.Title)
	}
	return out
}

// spoken opens a room in a language and about topics.
func (g *guest) spoken(n NewRoom) Card {
	g.Helper()
	if n.Visibility == "" {
		n.Visibility = "open"
	}
	var c Card
	g.call("POST", "/api/v1/rooms", n).is(201).into(&c)
	return c
}

// What a room is about can be said anew while it runs, and is on its card at once.
func TestDescribe(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	cy := ada.invite("Cy")
	name := ada.open("open")
	host, inside := ada.sit(name), cy.sit(name)
	inside.refused("not_moderator", "describe", signal.Describe{Title: "Trees"})
	host.refused("invalid", "describe", signal.Describe{Title: "Trees", Topics: []string{"trees"}})
	host.refused("invalid", "describe", signal.Describe{Title: "Trees", Language: "nonsense language"})
	host.done("describe", signal.Describe{Title: " Trees ", Language: "DE-de", Topics: []string{"nature"}})
	inside.event("described")
	if card := cy.shown("").Rooms[0]; card.Title != "Trees" || card.Language != "de-DE" || len(card.Topics) != 1 {
		t.Errorf("its card is %+v", card)
	}
	var found Found
	cy.call("GET", "/api/v1/search?q=trees", nil).is(200).into(&found)
	if len(found.Rooms) != 1 {
		t.Errorf("by its new title are found %+v", found.Rooms)
	}
}

func TestHallwayOrder(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	dee := bo.invite("Dee")
	made := ada.spoken(NewRoom{Title: "Plain"})
	if made.Language != "" || made.Topics != nil || len(made.Why) != 1 || made.Why[0].Kind != hallway.Fresh {
		t.Errorf("a room of no language is %+v", made)
	}
	made = ada.spoken(NewRoom{Title: "Music", Language: "DE-at", Topics: []string{"music", "art"}})
	if made.Language != "de-AT" || !slices.Equal(made.Topics, []string{"music", "art"}) {
		t.Errorf("it is in %q about %q", made.Language, made.Topics)
	}
	bo.spoken(NewRoom{Title: "Bo's"})

	// What one has said of oneself is what counts, and nobody else is shown it.
	n := written("Cy", "cyrus")
	n.Languages, n.Interests = []string{"de"}, []string{"art", "books"}
	cy.write(n).is(200)
	if got := cy.shown(""); got.Rooms[0].Title != "Music" || got.More != 0 ||
		fmt.Sprint(got.Rooms[0].Why[:2]) != fmt.Sprint([]CardWhy{{Kind: hallway.OnTopic, Topic: "art"}, {Kind: hallway.InLanguage, Language: "de-AT"}}) {
		t.Errorf("the first is %+v", got.Rooms[0])
	}
	for _, path := range []string{"/api/v1/people/" + cy.id.String(), "/api/v1/handles/cyrus"} {
		if body := string(bo.call("GET", path, nil).is(200).body); strings.Contains(body, "interests") || strings.Contains(body, "books") {
			t.Errorf("others are shown what Cy is interested in: %s", body)
		}
	}
	var own OwnProfile
	cy.call("GET", profilePath, nil).is(200).into(&own)
	if !slices.Equal(own.Interests, []string{"art", "books"}) {
		t.Errorf("it is kept as %q", own.Interests)
	}

	// How loud one wants to be told counts at once, and so does not to follow.
	follow := func(how string) {
		cy.call("PUT", "/api/v1/people/"+bo.id.String()+"/follow", body{"notify": how}).is(204)
	}
	for _, how := range []string{"never", "always", "sometimes"} {
		follow(how)
		first := cy.shown("").Rooms[0]
		if how == "never" && first.Title == "Music" {
			continue // 25 against 28
		}
		if first.Title != "Bo's" || first.Why[0].Kind != hallway.Followed || !slices.Equal(first.Why[0].People, []string{"Bo"}) || !first.Stage[0].Followed {
			t.Errorf("followed %s: the first is %+v", how, first)
		}
	}
	cy.call("DELETE", "/api/v1/people/"+bo.id.String()+"/follow", nil).is(204)
	if first := cy.shown("").Rooms[0]; first.Title != "Music" {
		t.Errorf("not followed any more: the first is %+v", first)
	}
	if got := dee.shown("").titles(); len(got) != 3 {
		t.Errorf("who has said nothing is shown %q", got)
	}
}

func TestHallwayChoice(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	var listed, secret Club
	for name, into := range map[string]*Club{"Listed": &listed, "Secret": &secret} {
		n := NewClub{Name: name, Joining: "open", Rooms: "members", Listed: name == "Listed", Rules: []string{}}
		ada.call("POST", "/api/v1/clubs", n).is(201).into(into)
	}
	ada.spoken(NewRoom{Title: "Music", Language: "de-AT", Topics: []string{"music"}})
	ada.spoken(NewRoom{Title: "Art", Language: "en", Topics: []string{"art"}, Club: listed.ID.String()})
	ada.spoken(NewRoom{Title: "Ours", Topics: []string{"art"}, Club: secret.ID.String()})
	for query, want := range map[string][]string{
		"?language=de":                                  {"Music"},
		"?language=DE-ch":                               {"Music"},
		"?topic=art":                                    {"Art", "Ours"},
		"?topic=art&language=en":                        {"Art"},
		"?club=" + listed.ID.String():                   {"Art"},
		"?club=" + secret.ID.String():                   nil, // it does not exist for Bo, though its room is open
		"?club=" + id.New[id.Club]().String():           nil,
		"?club=none":                                    nil,
		"?followed=true":                                nil,
		"?language=fr":                                  nil,
		"?language=de&topic=music&followed=false&club=": {"Music"},
	} {
		got := bo.shown(query).titles()
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s shows %q, not %q", query, got, want)
		}
	}
	if got := ada.shown("?club=" + secret.ID.String()).titles(); !slices.Equal(got, []string{"Ours"}) {
		t.Errorf("who is in it is shown %q", got)
	}
	for _, query := range []string{"?topic=nothing", "?language=xx-nothing-at-all-of-the-kind", "?language=?"} {
		bo.call("GET", "/api/v1/rooms"+query, nil).problem("invalid")
	}
}

// All that is wrong with a new room's language and topics is said at once.
func TestTopicsAreChecked(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	wrong := func(a answered, want ...string) {
		t.Helper()
		var p Problem
		a.problem("invalid").into(&p)
		var at []string
		for _, v := range p.Errors {
			at = append(at, v.Location)
		}
		if !slices.Equal(at, want) {
			t.Errorf("wrong is %q, not %q", at, want)
		}
	}
	wrong(ada.call("POST", "/api/v1/rooms", NewRoom{Title: "x", Visibility: "open", Language: "?", Topics: []string{"art", "none", "art", "music"}}),
		"body.language", "body.topics", "body.topics[1]", "body.topics[2]")
	n := written("Ada", "")
	n.Interests = append(slices.Repeat([]string{"art"}, 2), "none")
	wrong(ada.write(n), "body.interests[1]", "body.interests[2]")
}

// The room of a plan is in its language, and about its topics.
func TestPlannedRoomsHaveTopics(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	starts := time.Now().Add(10 * time.Minute).UTC().Truncate(time.Minute)
	n := body{
		"title": "Tea", "about": "", "starts": starts, "minutes": 60, "cohosts": []string{}, "visibility": "open", "recorded": false,
		"language": "de", "topics": []string{"food", "history"},
	}
	var p Plan
	ada.call("POST", "/api/v1/plans", n).is(201).into(&p)
	if !slices.Equal(p.Topics, []string{"food", "history"}) {
		t.Errorf("the plan is about %q", p.Topics)
	}
	ada.call("POST", "/api/v1/plans/"+p.ID.String()+"/open", None{}).is(200)
	got := ada.shown("?topic=food&language=de")
	if len(got.Rooms) != 1 || !slices.Equal(got.Rooms[0].Topics, p.Topics) || got.Rooms[0].Language != "de" {
		t.Errorf("its room is shown as %+v", got)
	}
	n["topics"] = []string{"none"}
	ada.call("POST", "/api/v1/plans", n).problem("invalid")
}

// What somebody hosts does not exist for whom they have blocked; where they are on
// somebody else's stage they see it last, and are told why, alone.
func TestBlocksInTheHallway(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	theirs := bo.spoken(NewRoom{Title: "Theirs", Topics: []string{"music"}})
	cy.spoken(NewRoom{Title: "Cy's"})
	n := written("Ada", "")
	n.Interests = []string{"music"}
	ada.write(n).is(200)
	if got := ada.shown("").titles(); !slices.Equal(got, []string{"Theirs", "Cy's"}) {
		t.Fatalf("before, there is %q", got)
	}
	unknown := string(ada.call("GET", "/api/v1/rooms/"+id.New[id.Room]().String(), nil).is(404).body)
	block := func(g, whom *guest, how string) {
		g.call(how, "/api/v1/people/"+whom.id.String()+"/block", map[string]any{"PUT": body{"level": "block"}}[how]).is(204)
	}

	block(ada, bo, "PUT")
	got := ada.shown("")
	if !slices.Equal(got.titles(), []string{"Cy's", "Theirs"}) || got.Rooms[1].Why[0].Kind != hallway.Blocked || got.Rooms[1].Why[0].People[0] != "Bo" {
		t.Errorf("who has blocked is shown %+v", got)
	}
	for _, c := range bo.shown("").Rooms {
		for _, why := range c.Why {
			if why.Kind == hallway.Blocked {
				t.Error("who is blocked is told")
			}
		}
	}
	block(ada, bo, "DELETE")

	block(bo, ada, "PUT")
	if got := ada.shown(""); !slices.Equal(got.titles(), []string{"Cy's"}) || got.More != 0 {
		t.Errorf("who is blocked by the host is shown %+v", got)
	}
	for _, method := range []string{"GET", "POST"} {
		path, in := "/api/v1/rooms/"+theirs.ID.String(), any(nil)
		if method == "POST" {
			path, in = path+"/grants", None{}
		}
		if res := ada.call(method, path, in); string(res.is(404).body) != unknown {
			t.Errorf("%s is answered by %s, and what there is not by %s", method, res.body, unknown)
		}
	}
	if _, rooms := ada.finds("theirs"); rooms != nil {
		t.Error("it is found")
	}
	if got := bo.shown("").titles(); len(got) != 2 {
		t.Errorf("the host is shown %q", got)
	}
}
