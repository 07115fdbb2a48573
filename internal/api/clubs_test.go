package api

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/clubs"
	"github.com/stoa-audio/stoa/internal/id"
)

func teaClub() NewClub {
	return NewClub{
		Name: "Tea", About: "one\ntwo", Rules: []string{"Be kind"}, Joining: "open", Rooms: "members", Listed: true, Language: "de",
	}
}

// found founds a club and returns where it is.
func (g *guest) found(change ...func(*NewClub)) (path string, c Club) {
	g.Helper()
	n := teaClub()
	for _, do := range change {
		do(&n)
	}
	g.call("POST", "/api/v1/clubs", n).is(201).into(&c)
	return "/api/v1/clubs/" + c.ID.String(), c
}

func (g *guest) joins(path string, version int64) clubs.Standing {
	g.Helper()
	var s Standing
	g.call("POST", path+"/join", JoinClub{version}).is(200).into(&s)
	return s.Standing
}

func (g *guest) club(path string) (c Club) {
	g.Helper()
	g.call("GET", path, nil).is(200).into(&c)
	return c
}

func (g *guest) lists() (l ClubLists) {
	g.Helper()
	g.call("GET", "/api/v1/clubs", nil).is(200).into(&l)
	return l
}

func private(n *NewClub)      { n.Listed, n.Name = false, "Secret canary" }
func byApproval(n *NewClub)   { n.Joining = "approval" }
func byNomination(n *NewClub) { n.Joining = "nomination" }
func byAdmins(n *NewClub)     { n.Rooms = "admins" }

func TestClubs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")

	// All that is wrong is said at once.
	var p Problem
	ada.call("POST", "/api/v1/clubs", NewClub{Name: " ", About: strings.Repeat("x", 501), Rules: []string{"a\nb"}, Joining: "open", Rooms: "members"},
		"Accept-Language", "de").problem("invalid").into(&p)
	if len(p.Errors) != 3 || p.Errors[2].Location != "body.rules[0]" {
		t.Errorf("%+v", p)
	}
	ada.call("POST", "/api/v1/clubs", NewClub{Name: "Tea", Rules: []string{}, Joining: "how", Rooms: "members"}).problem("invalid")

	path, c := ada.found(byAdmins)
	if c.Standing != clubs.Founder || c.Members != 1 || len(c.Leads) != 1 || c.Leads[0].Name != "Ada" || c.Pending == nil || c.Shown {
		t.Errorf("%+v", c)
	}
	got := bo.call("GET", path, nil).is(200)
	if got.header.Get("ETag") != `"1"` {
		t.Errorf("ETag %s", got.header.Get("ETag"))
	}
	seen := bo.club(path)
	if seen.Standing != clubs.None || seen.Pending != nil || seen.Rules[0] != "Be kind" || seen.Language != "de" {
		t.Errorf("%+v", seen)
	}

	// It changes as it was seen, once, and with its rules their version.
	n := teaClub()
	n.Rules, n.Name = []string{"Be kind", "Be brief"}, "Green tea"
	ada.call("PUT", path, n).problem("no_version")
	bo.call("PUT", path, n, "If-Match", `"1"`).problem("not_in_club")
	var changed Club
	a := ada.call("PUT", path, n, "If-Match", `"1"`).is(200).into(&changed)
	if a.header.Get("ETag") != `"2"` || changed.RulesVersion != 2 {
		t.Errorf("%s: %+v", a.header.Get("ETag"), changed)
	}
	ada.call("PUT", path, n, "If-Match", `"1"`).problem("changed_meanwhile")

	// One says yes to the rules as they are.
	bo.call("POST", path+"/join", JoinClub{1}).problem("rules_changed")
	if at := bo.joins(path, 2); at != clubs.Member {
		t.Errorf("joined as %s", at)
	}
	if at := bo.joins(path, 2); at != clubs.Member {
		t.Errorf("joined again as %s", at)
	}
	cy.call("GET", path+"/members", nil).problem("not_in_club")
	cy.joins(path, 2)
	var page ClubMembers
	cy.call("GET", path+"/members?limit=2", nil).is(200).into(&page)
	if len(page.Members) != 2 || page.Members[0].Role != clubs.Founder || page.Next == "" {
		t.Errorf("%+v", page)
	}
	cy.call("GET", path+"/members?limit=2&after="+page.Next, nil).is(200).into(&page)
	if len(page.Members) != 1 {
		t.Errorf("%+v", page)
	}
	cy.call("GET", path+"/members?after=nothing", nil).problem("invalid")

	// A profile shows what its owner shows.
	var profile Profile
	ada.call("GET", "/api/v1/people/"+cy.id.String(), nil).is(200).into(&profile)
	if profile.Clubs != nil {
		t.Errorf("%+v", profile.Clubs)
	}
	cy.call("PUT", path+"/membership", Membership{true}).is(204)
	ada.call("GET", "/api/v1/people/"+cy.id.String(), nil).is(200).into(&profile)
	if len(profile.Clubs) != 1 || profile.Clubs[0].Name != "Green tea" || profile.Clubs[0].Role != clubs.Member {
		t.Errorf("%+v", profile.Clubs)
	}

	// Who leads it.
	who := path + "/members/" + bo.id.String()
	cy.call("PUT", who, ClubRole{"admin"}).problem("not_club_founder")
	ada.call("PUT", who, ClubRole{"admin"}).is(204)
	ada.call("PUT", path+"/members/"+id.New[id.Person]().String(), ClubRole{"admin"}).problem("no_person")
	bo.call("DELETE", path+"/members/"+ada.id.String(), nil).problem("not_club_founder")
	bo.call("DELETE", who, nil).problem("invalid")
	cy.call("DELETE", who, nil).problem("not_club_admin")
	ada.call("DELETE", path+"/membership", nil).problem("founder_stays")
	ada.call("PUT", who, ClubRole{"founder"}).is(204)
	ada.call("PUT", who, ClubRole{"founder"}).problem("not_club_founder")
	ada.call("DELETE", path+"/membership", nil).is(204)
	if c := bo.club(path); c.Standing != clubs.Founder || c.Members != 2 || len(c.Leads) != 1 {
		t.Errorf("%+v", c)
	}

	// Barred.
	bo.call("DELETE", path+"/members/"+cy.id.String()+"?bar=true", nil).is(204)
	cy.call("POST", path+"/join", JoinClub{2}).problem("no_club_entry")
	if c := cy.club(path); c.Standing != clubs.None { // as everybody
		t.Errorf("%+v", c)
	}
	ada.call("GET", path+"/barred", nil).problem("not_in_club")
	var barred ClubBarred
	bo.call("GET", path+"/barred", nil).is(200).into(&barred)
	if len(barred.Barred) != 1 || barred.Barred[0].Person.ID != cy.id {
		t.Errorf("%+v", barred)
	}
	bo.call("DELETE", path+"/barred/"+cy.id.String(), nil).is(204)
	bo.call("DELETE", path+"/barred/"+cy.id.String(), nil).problem("no_person")
	cy.joins(path, 2)

	// Followers, and the list of what is listed.
	ada.call("PUT", path+"/follow", nil).is(204)
	var listed ListedClubs
	ada.call("GET", "/api/v1/clubs/listed?limit=1", nil).is(200).into(&listed)
	if len(listed.Clubs) != 1 || !listed.Clubs[0].Followed || listed.Clubs[0].Followers != 1 || listed.Next != "" {
		t.Errorf("%+v", listed)
	}
	if l := ada.lists(); len(l.Followed) != 1 || len(l.Mine) != 0 || l.Invited == nil || l.Asked == nil {
		t.Errorf("%+v", l)
	}
	ada.call("DELETE", path+"/follow", nil).is(204)

	cy.call("DELETE", path, nil).problem("not_club_founder")
	bo.call("DELETE", path, nil).is(204)
	bo.call("GET", path, nil).problem("no_club")
	if l := cy.lists(); len(l.Mine) != 0 {
		t.Errorf("%+v", l)
	}
	ada.call("GET", "/api/v1/people/"+cy.id.String(), nil).is(200).into(&profile)
	for range clubs.FoundedMax {
		ada.found()
	}
	ada.call("POST", "/api/v1/clubs", teaClub()).problem("too_many_clubs")
}

func TestClubsAskAndNominate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy, dee := ada.invite("Bo"), ada.invite("Cy"), ada.invite("Dee")
	path, _ := ada.found(byApproval)
	if at := bo.joins(path, 1); at != clubs.Asked {
		t.Errorf("joined as %s", at)
	}
	if c := ada.club(path); *c.Pending != 1 || c.Members != 1 {
		t.Errorf("%+v", c)
	}
	if l := bo.lists(); len(l.Asked) != 1 || len(l.Mine) != 0 {
		t.Errorf("%+v", l)
	}
	bo.call("GET", path+"/pending", nil).problem("not_in_club")
	var pending ClubPending
	ada.call("GET", path+"/pending", nil).is(200).into(&pending)
	if len(pending.Pending) != 1 || pending.Pending[0].Kind != clubs.Asked || pending.Pending[0].Person.ID != bo.id || pending.Pending[0].By != nil {
		t.Errorf("%+v", pending)
	}
	ada.call("DELETE", path+"/pending/"+bo.id.String(), nil).is(204)
	ada.call("PUT", path+"/pending/"+bo.id.String(), nil).problem("no_person")
	bo.joins(path, 1)
	bo.call("DELETE", path+"/membership", nil).is(204) // takes it back
	bo.joins(path, 1)
	ada.call("PUT", path+"/pending/"+bo.id.String(), nil).is(204)
	if l := bo.lists(); len(l.Asked) != 0 || len(l.Mine) != 1 {
		t.Errorf("%+v", l)
	}

	// A member nominates, an admin invites, and the person says yes.
	nominate := func(g *guest, who string) answered {
		return g.call("POST", path+"/nominations", ClubNomination{who})
	}
	nominate(dee, cy.id.String()).problem("not_in_club")
	nominate(bo, cy.id.String()).is(204)
	if at := cy.club(path).Standing; at != clubs.None {
		t.Errorf("they are told that they are nominated: %s", at)
	}
	ada.call("GET", path+"/pending", nil).is(200).into(&pending)
	if one := pending.Pending[0]; one.Kind != clubs.Nominated || one.By == nil || one.By.ID != bo.id {
		t.Errorf("%+v", one)
	}
	ada.call("PUT", path+"/pending/"+cy.id.String(), nil).is(204)
	if l := cy.lists(); len(l.Invited) != 1 || len(l.Mine) != 0 || ada.club(path).Members != 2 {
		t.Errorf("a member without a yes: %+v", l)
	}
	cy.call("POST", path+"/join", JoinClub{2}).problem("rules_changed")
	if at := cy.joins(path, 1); at != clubs.Member {
		t.Errorf("joined as %s", at)
	}

	// It is answered alike however somebody stands to it.
	ada.call("DELETE", path+"/members/"+dee.id.String()+"?bar=true", nil).is(204)
	known := nominate(bo, cy.id.String()).is(204)
	for _, who := range []*guest{dee, ada, bo} {
		if got := nominate(bo, who.id.String()).is(204); !bytes.Equal(got.body, known.body) {
			t.Errorf("%q and %q", got.body, known.body)
		}
	}
	nominate(bo, id.New[id.Person]().String()).problem("no_person")
	nominate(bo, "somebody").problem("no_person")
	for range clubs.NominationsMax {
		nominate(bo, ada.invite("Eve").id.String()).is(204)
	}
	nominate(bo, ada.invite("Eve").id.String()).problem("too_many_nominations")
	nominate(bo, ada.id.String()).problem("too_many_nominations")
	if l := dee.lists(); len(l.Invited)+len(l.Mine)+len(l.Asked) != 0 {
		t.Errorf("%+v", l)
	}

	// Into some clubs one is invited alone.
	path, _ = ada.found(byNomination)
	bo.call("POST", path+"/join", JoinClub{1}).problem("by_nomination")
	nominate(ada, bo.id.String()).is(204)
	bo.call("DELETE", path+"/membership", nil).is(204) // declines
	bo.call("POST", path+"/join", JoinClub{1}).problem("by_nomination")
	nominate(ada, bo.id.String()).is(204)
	bo.joins(path, 1)
}

// TestUnlistedClubs asks everything about a club that does not exist for somebody:
// every answer is that of one which there is not.
func TestUnlistedClubs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy, dee := ada.invite("Bo"), ada.invite("Cy"), ada.invite("Dee")
	path, c := ada.found(private, byApproval)
	nobody := "/api/v1/clubs/" + id.New[id.Club]().String()
	nominated := func(g *guest) {
		ada.call("POST", path+"/nominations", ClubNomination{g.id.String()}).is(204)
	}
	nominated(bo)
	if at := bo.joins(path, 1); at != clubs.Member {
		t.Errorf("who is invited joins as %s", at)
	}
	bo.call("PUT", path+"/membership", Membership{true}).is(204)
	bo.call("POST", path+"/nominations", ClubNomination{cy.id.String()}).is(204)
	ada.call("DELETE", path+"/members/"+dee.id.String()+"?bar=true", nil).is(204)

	type ask struct {
		method, path string
		body         any
		header       []string
	}
	asks := []ask{
		{"GET", "", nil, nil},
		{"PUT", "", teaClub(), []string{"If-Match", `"1"`}},
		{"PUT", "", teaClub(), []string{"If-Match", `"9"`}},
		{"PUT", "", teaClub(), nil},
		{"PUT", "", NewClub{Rules: []string{}, Joining: "open", Rooms: "members"}, []string{"If-Match", `"1"`}},
		{"DELETE", "", nil, nil},
		{"PUT", "/follow", nil, nil},
		{"DELETE", "/follow", nil, nil},
		{"POST", "/join", JoinClub{1}, nil},
		{"POST", "/join", JoinClub{2}, nil},
		{"DELETE", "/membership", nil, nil},
		{"PUT", "/membership", Membership{true}, nil},
		{"GET", "/members", nil, nil},
		{"PUT", "/members/" + bo.id.String(), ClubRole{"admin"}, nil},
		{"PUT", "/members/nobody", ClubRole{"admin"}, nil},
		{"DELETE", "/members/" + bo.id.String(), nil, nil},
		{"DELETE", "/members/" + bo.id.String() + "?bar=true", nil, nil},
		{"GET", "/barred", nil, nil},
		{"DELETE", "/barred/" + dee.id.String(), nil, nil},
		{"GET", "/pending", nil, nil},
		{"PUT", "/pending/" + cy.id.String(), nil, nil},
		{"DELETE", "/pending/" + cy.id.String(), nil, nil},
		{"POST", "/nominations", ClubNomination{bo.id.String()}, nil},
		{"POST", "/nominations", ClubNomination{id.New[id.Person]().String()}, nil},
	}
	for n, g := range []*guest{cy, dee, ada.invite("Eve")} {
		h.at(time.Now().Add(time.Duration(n) * time.Hour)) // nobody asks too often
		for _, one := range asks {
			got, want := g.call(one.method, path+one.path, one.body, one.header...), g.call(one.method, nobody+one.path, one.body, one.header...)
			if got.status != want.status || !bytes.Equal(got.body, want.body) || got.header.Get("ETag") != "" {
				t.Errorf("%s, %s %s: %d %s, but %d %s", g.name, one.method, one.path, got.status, got.body, want.status, want.body)
			}
		}
		var out bytes.Buffer
		for _, path := range []string{
			"/api/v1/clubs", "/api/v1/clubs/listed", "/api/v1/me/stored", "/api/v1/me/suggestions",
			"/api/v1/people/" + bo.id.String(), "/api/v1/people/" + ada.id.String(), "/api/v1/rooms",
		} {
			out.Write(g.call("GET", path, nil).is(200).body)
		}
		if strings.Contains(out.String(), "canary") {
			t.Errorf("%s reads the name of the club: %s", g.name, out.String())
		}
	}
	if got := ada.call("GET", "/api/v1/people/"+bo.id.String(), nil).is(200); !strings.Contains(string(got.body), "Secret canary") {
		t.Errorf("members read it: %s", got.body)
	}
	// Who is nominated is told by the id alone, and by whom.
	if got := cy.call("GET", "/api/v1/me/stored", nil).is(200); !strings.Contains(string(got.body), c.ID.String()) || !strings.Contains(string(got.body), bo.id.String()) {
		t.Errorf("%s", got.body)
	}

	h.at(time.Now().Add(4 * time.Hour))
	// A club that goes under is gone for who followed it, and for who asked.
	open, _ := ada.found(byApproval)
	cy.call("PUT", open+"/follow", nil).is(204)
	cy.joins(open, 1)
	n := teaClub()
	n.Listed, n.Joining = false, "approval"
	ada.call("PUT", open, n, "If-Match", `"1"`).is(200)
	cy.call("GET", open, nil).problem("no_club")
	if l := cy.lists(); len(l.Asked)+len(l.Followed) != 0 {
		t.Errorf("%+v", l)
	}
}

func TestClubsOfTheErased(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	path, c := ada.found()
	alone, _ := ada.found()
	bo.joins(path, 1)
	bo.call("PUT", alone+"/follow", nil).is(204)

	var stored Stored
	ada.call("GET", "/api/v1/me/stored", nil).is(200).into(&stored)
	i := slices.IndexFunc(stored.Classes, func(s StoredClass) bool { return s.Class == "clubs" })
	if i < 0 || stored.Classes[i].Rows != 2 || stored.Classes[i].More[0]["standing"] != "founder" {
		t.Errorf("%+v", stored.Classes)
	}
	code, err := h.people.NewRecovery(t.Context(), ada.id)
	h.must(err)
	ada.call("POST", "/api/v1/me/erase", Erase{RecoveryCode: code}).is(204)
	got := bo.club(path)
	if got.Standing != clubs.Founder || got.Members != 1 || len(got.Leads) != 1 || got.Leads[0].ID != bo.id {
		t.Errorf("%+v", got)
	}
	bo.call("GET", alone, nil).problem("no_club")
	if l := bo.lists(); len(l.Followed) != 0 || len(l.Mine) != 1 || l.Mine[0].ID != c.ID {
		t.Errorf("%+v", l)
	}
}

func TestSuggestions(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy, dee, eve := ada.invite("Bo"), ada.invite("Cy"), ada.invite("Dee"), ada.invite("Eve")
	suggested := func(g *guest) map[id.Person]SuggestionReason {
		t.Helper()
		var s Suggestions
		g.call("GET", "/api/v1/me/suggestions", nil).is(200).into(&s)
		out := make(map[id.Person]SuggestionReason)
		for _, one := range s.People {
			out[one.Person.ID] = one.Why
		}
		return out
	}
	path, c := ada.found(private)
	for _, g := range []*guest{bo, cy, dee} {
		ada.call("POST", path+"/nominations", ClubNomination{g.id.String()}).is(204)
		g.joins(path, 1)
	}
	ada.call("PUT", "/api/v1/people/"+bo.id.String()+"/follow", nil).is(204)
	name := ada.open("open")
	ada.sit(name)
	eve.sit(name)
	got := suggested(ada)
	if len(got) != 3 || len(got[cy.id].Clubs) != 1 || got[cy.id].Clubs[0].ID != c.ID || got[cy.id].Room != nil ||
		got[eve.id].Room == nil || got[eve.id].Room.ID != name || got[eve.id].Clubs != nil {
		t.Errorf("%+v", got)
	}
	if got := suggested(eve); len(got) != 1 || got[ada.id].Room == nil {
		t.Errorf("%+v", got)
	}
	ada.call("DELETE", "/api/v1/me/suggestions/"+cy.id.String(), nil).is(204)
	ada.call("DELETE", "/api/v1/me/suggestions/"+ada.id.String(), nil).problem("invalid")
	ada.call("DELETE", "/api/v1/me/suggestions/nobody", nil).problem("no_person")
	if got := suggested(ada); len(got) != 2 {
		t.Errorf("%+v", got)
	}
}

func TestFollowLevels(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	path := "/api/v1/people/" + bo.id.String()
	for _, one := range []struct {
		body any
		want string
	}{{nil, "sometimes"}, {Loudness{"always"}, "always"}, {nil, "always"}, {Loudness{"never"}, "never"}} {
		ada.call("PUT", path+"/follow", one.body).is(204)
		var p Profile
		ada.call("GET", path, nil).is(200).into(&p)
		if p.Notify != one.want {
			t.Errorf("%v: %s", one.body, p.Notify)
		}
		var list People
		ada.call("GET", "/api/v1/me/following", nil).is(200).into(&list)
		if list.People[0].Notify != one.want {
			t.Errorf("%v: %+v", one.body, list)
		}
	}
	ada.call("PUT", path+"/follow", map[string]string{"notify": "loud"}).problem("invalid")
	for _, path := range []string{"/api/v1/me/followers", "/api/v1/people/" + ada.id.String()} {
		if got := bo.call("GET", path, nil).is(200); strings.Contains(string(got.body), "never") {
			t.Errorf("it is nobody else's: %s", got.body)
		}
	}
	ada.call("DELETE", path+"/follow", nil).is(204)
	var p Profile
	ada.call("GET", path, nil).is(200).into(&p)
	if p.Notify != "" {
		t.Errorf("%+v", p)
	}
}
