package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/schedule"
)

// evening is when plans of these tests start: a whole minute, some hours from now.
func evening() time.Time { return time.Now().Add(8 * time.Hour).UTC().Truncate(time.Minute) }

func tea(change func(*NewPlan)) NewPlan {
	n := NewPlan{Title: "Tea", About: "one\ntwo", Starts: evening(), Minutes: 60, Cohosts: []string{}, Visibility: "open"}
	if change != nil {
		change(&n)
	}
	return n
}

func (g *guest) plan(change func(*NewPlan)) (p Plan) {
	g.Helper()
	g.call("POST", "/api/v1/plans", tea(change)).is(201).into(&p)
	return p
}

func planPath(p Plan) string { return "/api/v1/plans/" + p.ID.String() }

func (g *guest) seesPlan(p Plan) Plan {
	g.Helper()
	var got Plan
	g.call("GET", planPath(p), nil).is(200).into(&got)
	return got
}

func TestPlan(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	var p Plan
	made := ada.call("POST", "/api/v1/plans", tea(func(n *NewPlan) {
		n.Cohosts, n.Invite, n.Recorded, n.Language = []string{bo.id.String()}, []string{cy.id.String()}, true, "DE-at"
	})).is(201)
	made.into(&p)
	if p.Title != "Tea" || p.About != "one\ntwo" || !p.Recorded || p.Language != "de-AT" || len(p.Hosts) != 2 || p.Hosts[1].Accepted || !p.MayEdit ||
		p.State != schedule.Planned || p.Room != nil || p.Going != 1 || *p.Mine.RemindMinutes != 15 || len(p.Invited) != 1 || p.Invited[0].Name != "Cy" {
		t.Errorf("%s", made.body)
	}
	// Who was asked is seen by hosts and themselves.
	if got := cy.seesPlan(p); len(got.Hosts) != 1 || got.MayEdit || got.Invited != nil || got.Mine != nil {
		t.Errorf("to a guest it is %+v", got)
	}
	if got := bo.seesPlan(p); len(got.Hosts) != 2 || got.MayEdit {
		t.Errorf("to whom was asked it is %+v", got)
	}
	cy.call("PUT", planPath(p)+"/hosting", Hosting{true}).problem("not_host")
	bo.call("PUT", planPath(p)+"/hosting", Hosting{true}).is(204)
	if got := cy.seesPlan(p); len(got.Hosts) != 2 || !got.Hosts[1].Accepted || got.Going != 2 {
		t.Errorf("with two hosts it is %+v", got)
	}

	// Of two hosts who change one version, one does.
	tag := bo.call("GET", planPath(p), nil).header.Get("ETag")
	other := tea(func(n *NewPlan) { n.Title, n.Cohosts = "Tee", []string{bo.id.String()} })
	ada.call("PUT", planPath(p), other).problem("no_version")
	ada.call("PUT", planPath(p), other, "If-Match", made.header.Get("ETag")).problem("changed_meanwhile")
	var changed Plan
	bo.call("PUT", planPath(p), other, "If-Match", tag).is(200).into(&changed)
	if changed.Title != "Tee" || changed.Recorded || len(changed.Hosts) != 2 || !changed.Hosts[1].Accepted || len(changed.Invited) != 1 {
		t.Errorf("changed to %+v", changed)
	}
	ada.call("PUT", planPath(p), other, "If-Match", tag).problem("changed_meanwhile")
	cy.call("PUT", planPath(p), other, "If-Match", tag).problem("not_host")
	cy.call("DELETE", planPath(p), nil).problem("not_host")

	five := 5
	var going Plan
	cy.call("PUT", planPath(p)+"/going", PlanGoing{&five}).is(200).into(&going)
	if going.Going != 3 || *going.Mine.RemindMinutes != 5 {
		t.Errorf("going to %+v", going)
	}
	cy.call("PUT", planPath(p)+"/going", PlanGoing{}).is(200).into(&going)
	cy.call("DELETE", planPath(p)+"/going", nil).is(204)
	if got := cy.seesPlan(p); got.Mine != nil || got.Going != 2 {
		t.Errorf("not going: %+v", got)
	}
	minutes := 1441
	cy.call("PUT", planPath(p)+"/going", PlanGoing{&minutes}).problem("bad_request")
}

func TestPlanFields(t *testing.T) {
	t.Parallel()
	ada := newHouse(t).first("Ada")
	bad := NewPlan{
		Title: " ", About: strings.Repeat("a\n", 16), Starts: evening().Add(time.Second), Minutes: 1, Cohosts: []string{"x", id.New[id.Person]().String()},
		Club: "x", Visibility: "members", Invite: []string{"y"}, Language: "x_", Fence: "!",
	}
	var problem Problem
	ada.call("POST", "/api/v1/plans", bad, "Accept-Language", "de").problem("invalid").into(&problem)
	got := make(map[string]string)
	for _, e := range problem.Errors {
		got[e.Location] = e.Message
	}
	for _, field := range []string{"title", "about", "starts", "minutes", "cohosts[0]", "cohosts[1]", "club", "visibility", "invite[0]", "language", "fence"} {
		if got["body."+field] == "" {
			t.Errorf("nothing is said of %s: %v", field, got)
		}
	}
	if len(got) != 11 || got["body.title"] != "Ein Titel hat 1 bis 120 Zeichen auf einer Zeile" {
		t.Errorf("%v", got)
	}
	ada.call("POST", "/api/v1/plans", tea(func(n *NewPlan) { n.Club = id.New[id.Club]().String() })).problem("no_club")
	ada.call("POST", "/api/v1/plans", tea(func(n *NewPlan) { n.Cohosts = []string{ada.id.String()} })).is(201)
}

// TestPlansSeen looks at who sees what by each way that there is, and that what is
// not seen answers as what is not there.
func TestPlansSeen(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	by := make(map[string]*guest)
	for _, kind := range []string{"asked", "going", "invited", "followed", "follower", "stranger"} {
		by[kind] = ada.invite(kind)
	}
	ada.call("PUT", "/api/v1/people/"+by["followed"].id.String()+"/follow", nil).is(204)
	by["follower"].call("PUT", "/api/v1/people/"+ada.id.String()+"/follow", nil).is(204)
	strip := func(a answered) string { return string(a.body) + a.header.Get("Content-Type") }
	for visibility, more := range map[string]string{"open": "followed follower stranger", "social": "followed", "closed": ""} {
		p := ada.plan(func(n *NewPlan) {
			n.Visibility, n.Cohosts = visibility, []string{by["asked"].id.String()}
			n.Invite = []string{by["going"].id.String(), by["invited"].id.String()}
		})
		by["going"].call("PUT", planPath(p)+"/going", PlanGoing{}).is(200)
		for kind, g := range by {
			sees := strings.Contains("asked going invited "+more, kind)
			nowhere := Plan{ID: id.New[id.Plan]()}
			for _, way := range []func(Plan) answered{
				func(p Plan) answered { return g.call("GET", planPath(p), nil) },
				func(p Plan) answered { return g.call("GET", planPath(p)+".ics", nil) },
				func(p Plan) answered { return g.call("PUT", planPath(p)+"/hosting", Hosting{}) },
				func(p Plan) answered { return g.call("DELETE", planPath(p), nil) },
				func(p Plan) answered { return g.call("DELETE", planPath(p)+"/going", nil) },
				func(p Plan) answered { return g.call("POST", planPath(p)+"/open", None{}) },
				func(p Plan) answered { return g.call("PUT", planPath(p), tea(nil), "If-Match", `"1"`) },
			} {
				got := way(p)
				if there := got.status != 404; there != sees {
					t.Fatalf("%s, %s: %d %s", visibility, kind, got.status, got.body)
				}
				if !sees && strip(got) != strip(way(nowhere)) {
					t.Errorf("%s, %s: what is not seen is not what is not there: %s", visibility, kind, got.body)
				}
				if kind == "asked" || kind == "going" { // they have just declined, or stay away
					break
				}
			}
			var list Plans
			g.call("GET", "/api/v1/plans?which=all", nil).is(200).into(&list)
			listed := false
			for _, one := range list.Plans {
				listed = listed || one.ID == p.ID
			}
			if listed != sees {
				t.Errorf("%s is listed to %s: %t", visibility, kind, listed)
			}
		}
	}
	h.call("GET", "/api/v1/plans/"+id.New[id.Plan]().String()+".ics", nil).problem("not_signed_in")
}

// TestPlanOpens has two hosts open the room of a plan at once, and the house open
// another one at its start.
func TestPlanOpens(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	p := ada.plan(func(n *NewPlan) {
		n.Cohosts, n.Visibility, n.Invite = []string{bo.id.String()}, "closed", []string{cy.id.String()}
	})
	bo.call("PUT", planPath(p)+"/hosting", Hosting{true}).is(204)
	cy.call("PUT", planPath(p)+"/going", PlanGoing{}).is(200)
	ada.call("POST", planPath(p)+"/open", None{}).problem("plan_early")
	cy.call("POST", planPath(p)+"/open", None{}).problem("not_host")
	hallway := cy.live()
	hallway.done("watch_hallway", None{})

	h.at(p.Starts.Add(-10 * time.Minute))
	var wg sync.WaitGroup
	var opened [2]Plan
	for n, g := range []*guest{ada, bo} {
		wg.Go(func() { g.call("POST", planPath(p)+"/open", None{}).is(200).into(&opened[n]) })
	}
	wg.Wait()
	if opened[0].Room == nil || opened[1].Room == nil || *opened[0].Room != *opened[1].Room || opened[0].State != schedule.Opened {
		t.Fatalf("opened are %+v and %+v", opened[0], opened[1])
	}
	hallway.until(func(m message) bool {
		return strings.Contains(m.raw, `"plan":{`) && strings.Contains(m.raw, `"kind":"open"`) && strings.Contains(m.raw, p.ID.String())
	})
	rooms := 0
	h.rooms.Each(func(id.Room, *room.Room) { rooms++ })
	if rooms != 1 {
		t.Errorf("%d rooms are open", rooms)
	}
	name := *opened[0].Room
	cy.sit(name)
	bo.sit(name)
	h.rooms.Read(name, func(r *room.Room) {
		if r.Title() != "Tea" || r.Visibility() != room.Closed || r.Role(bo.id) != room.Moderator || r.Role(cy.id) != room.Listener || r.Role(ada.id) != room.Moderator {
			t.Errorf("%+v", r.View())
		}
	})
	ada.call("PUT", planPath(p), tea(nil), "If-Match", `"3"`).problem("plan_begun")
	ada.call("DELETE", planPath(p), nil).problem("plan_begun")

	h.at(time.Time{})
	other := ada.plan(nil)
	h.at(other.Starts)
	for late := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if got := ada.seesPlan(other); got.State == schedule.Opened {
			break
		}
		if time.Now().After(late) {
			t.Fatal("the house opens nothing")
		}
	}
}

// TestPlanReminds has those who go reminded once, on all their screens.
func TestPlanReminds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	p := ada.plan(nil)
	five := 5
	bo.call("PUT", planPath(p)+"/going", PlanGoing{&five}).is(200)
	soon := func(l *line, kind string) {
		t.Helper()
		l.until(func(m message) bool {
			return strings.Contains(m.raw, `"plan":{"id":"`+p.ID.String()+`","kind":"`+kind+`","title":"Tea"`)
		})
	}
	h.at(p.Starts.Add(-6 * time.Minute))
	here := []*line{bo.live(), bo.live()}
	for _, l := range here {
		l.done("watch_hallway", None{})
	}
	late := ada.live()
	h.at(p.Starts.Add(-5 * time.Minute))
	for _, l := range here {
		soon(l, "soon")
	}
	late.done("watch_hallway", None{}) // who comes after hers was due
	soon(late, "soon")
	again := bo.live()
	again.done("watch_hallway", None{})
	again.quiet(1500 * time.Millisecond)

	ada.call("DELETE", planPath(p), nil).is(204)
	for _, l := range []*line{here[0], here[1], again} {
		soon(l, "cancelled")
	}
	if got := bo.seesPlan(p); got.State != schedule.Cancelled {
		t.Errorf("it is %s", got.State)
	}
	bo.call("PUT", planPath(p)+"/going", PlanGoing{}).problem("plan_over")
}

func TestCalendar(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	p := ada.plan(func(n *NewPlan) { n.Visibility = "closed"; n.Invite = []string{bo.id.String()} })
	bo.call("GET", planPath(p)+".ics", nil).is(200)
	var address CalendarAddress
	ada.call("GET", "/api/v1/me/calendar", nil).is(200).into(&address)
	path := func(a CalendarAddress) string { return strings.TrimPrefix(a.URL, h.url) }
	feed := h.call("GET", path(address), nil).is(200)
	if feed.header.Get("Content-Type") != "text/calendar; charset=utf-8" || feed.header.Get("Last-Modified") == "" ||
		!bytes.Contains(feed.body, []byte("SUMMARY:Tea\r\n")) || !bytes.Contains(feed.body, []byte("TRIGGER:-PT15M\r\n")) {
		t.Errorf("%v\n%s", feed.header, feed.body)
	}
	tag := feed.header.Get("ETag")
	if again := h.call("GET", path(address), nil, "If-None-Match", tag); again.status != http.StatusNotModified || len(again.body) > 0 {
		t.Errorf("the same again: %d", again.status)
	}
	h.call("GET", path(address), nil, "If-Modified-Since", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)).is(200)
	one := ada.call("GET", planPath(p)+".ics", nil).is(200)
	if !bytes.Contains(one.body, []byte("UID:"+p.ID.String()+"@localhost\r\n")) {
		t.Errorf("%s", one.body)
	}

	// What is wrong answers as what is not there, whoever asks for it in whatever way.
	var renewed CalendarAddress
	ada.call("POST", "/api/v1/me/calendar/renew", None{}).is(200).into(&renewed)
	h.call("GET", path(renewed), nil).is(200)
	for _, accept := range []string{"text/calendar", "text/html"} {
		var seen []string
		for _, at := range []string{path(address), "/calendar/" + id.New[id.Room]().String() + ".ics", "/calendar/x.ics", "/somewhere/" + id.New[id.Room]().String() + ".ics"} {
			a := h.call("GET", at, nil, "Accept", accept)
			a.header.Del("Date")
			header, err := json.Marshal(a.header)
			h.must(err)
			seen = append(seen, strings.Join([]string{http.StatusText(a.status), string(header), string(a.body)}, "\n"))
		}
		for _, s := range seen[1:] {
			if s != seen[0] {
				t.Errorf("%s\nis not\n%s", s, seen[0])
			}
		}
	}
	ada.call("DELETE", planPath(p), nil).is(204)
	if feed := h.call("GET", path(renewed), nil).is(200); !bytes.Contains(feed.body, []byte("STATUS:CANCELLED\r\n")) || bytes.Contains(feed.body, []byte("VALARM")) || feed.header.Get("ETag") == tag {
		t.Errorf("%s", feed.body)
	}
	for range 80 {
		if h.call("GET", "/calendar/x.ics", nil, "Test-From", "192.0.2.7").status == http.StatusTooManyRequests {
			return
		}
	}
	t.Error("nothing is too often")
}

// TestErasedHost has a plan go on with a co-host.
func TestErasedHost(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	kept := ada.plan(func(n *NewPlan) { n.Cohosts = []string{bo.id.String()} })
	lost := ada.plan(nil)
	bo.call("PUT", planPath(kept)+"/hosting", Hosting{true}).is(204)
	var stored Stored
	ada.call("GET", "/api/v1/me/stored", nil).is(200).into(&stored)
	for _, c := range stored.Classes {
		if c.Class == "plans" && (c.Rows != 2 || c.More[0]["title"] != "Tea") {
			t.Errorf("%+v", c)
		}
	}
	h.must(h.people.Erase(t.Context(), ada.id))
	if got := bo.seesPlan(kept); got.Title != "Tea" || len(got.Hosts) != 1 || got.Hosts[0].ID != bo.id || !got.MayEdit {
		t.Errorf("%+v", got)
	}
	bo.call("GET", planPath(lost), nil).problem("no_plan")
}
