package api

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/moderation"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/people/peopletest"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/store/records"
)

// judges has g be a warden.
func (g *guest) judges() *guest {
	g.Helper()
	g.must(g.store.SetWarden(g.Context(), g.id, time.Now()))
	return g
}

// complains reports a thing in words.
func (g *guest) complains(about Thing, text string) answered {
	g.Helper()
	return g.call("POST", "/api/v1/reports/words", WrittenReport{About: about, Reason: "spam", Text: text})
}

// queue returns what there is to judge.
func (g *guest) queue() (q Queue) {
	g.Helper()
	g.call("GET", "/api/v1/queue", nil).is(200).into(&q)
	return q
}

// entry returns an entry and its tag.
func (g *guest) entry(which fmt.Stringer) (e FullQueueEntry, tag string) {
	g.Helper()
	tag = g.call("GET", "/api/v1/queue/"+which.String(), nil).is(200).into(&e).header.Get("ETag")
	return e, tag
}

// decides judges an entry as it is.
func (g *guest) decides(which fmt.Stringer, what string, days int) answered {
	g.Helper()
	_, tag := g.entry(which)
	return g.call("POST", "/api/v1/queue/"+which.String()+"/decisions", NewDecision{what, days, "A reason to read"}, "If-Match", tag)
}

// decisions returns what was decided about g.
func (g *guest) decisions() []MyDecision {
	g.Helper()
	var d MyDecisions
	g.call("GET", "/api/v1/me/decisions", nil).is(200).into(&d)
	return d.Decisions
}

func TestReportInWords(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy, dora := ada.invite("Bo"), ada.invite("Cy"), ada.invite("Dora").judges()
	_, club := bo.found(private)
	hidden := bo.open("closed")
	plan := bo.plan(func(n *NewPlan) { n.Visibility = "closed" })

	// What one cannot see is not there, and what is one's own is not reported.
	nothing := id.New[id.Room]().String()
	for _, c := range []struct {
		about Thing
		code  code
	}{
		{Thing{Club: club.ID.String()}, "no_club"},
		{Thing{Club: nothing}, "no_club"},
		{Thing{Room: hidden.String()}, "no_room"},
		{Thing{Room: nothing}, "no_room"},
		{Thing{Plan: plan.ID.String()}, "no_plan"},
		{Thing{Plan: nothing}, "no_plan"},
		{Thing{Person: nothing}, "no_person"},
		{Thing{}, "invalid"},
		{Thing{Person: bo.id.String(), Room: hidden.String()}, "invalid"},
		{Thing{Person: cy.id.String()}, "invalid"},
	} {
		ada, cy := h.api, cy
		ada.limits.forgetAll()
		got := cy.complains(c.about, "x").problem(c.code)
		if c.code != "invalid" {
			about := c.about
			for _, field := range []*string{&about.Club, &about.Room, &about.Plan, &about.Person} {
				if *field != "" {
					*field = id.New[id.Room]().String()
				}
			}
			if other := cy.complains(about, "x").problem(c.code); !bytes.Equal(got.body, other.body) {
				t.Errorf("%s is told from one that there is not", got.body)
			}
		}
	}
	h.api.limits.forgetAll()
	for _, about := range []Thing{{Club: club.ID.String()}, {Room: hidden.String()}, {Plan: plan.ID.String()}} {
		bo.complains(about, "x").problem("invalid")
	}
	h.api.limits.forgetAll()
	res := cy.call("POST", "/api/v1/reports/words", WrittenReport{Thing{Person: bo.id.String()}, "spam", strings.Repeat("a", 1001)}).problem("invalid")
	if !strings.Contains(string(res.body), "body.text") {
		t.Errorf("%s does not say where", res.body)
	}

	// What is said in it is sealed, the reporter reads it again, and of what it is about
	// nobody is told anything.
	canary := "a canary of a report"
	cy.complains(Thing{Person: bo.id.String()}, canary).is(201)
	var mine MyReports
	cy.call("GET", "/api/v1/me/reports", nil).is(200).into(&mine)
	if len(mine.Reports) != 1 || mine.Reports[0].Text != canary || mine.Reports[0].State != "open" || mine.Reports[0].About.Name != "Bo" {
		t.Errorf("reported %+v", mine.Reports)
	}
	e, err := h.store.Entry(t.Context(), moderation.EntryID(bo.id))
	h.must(err)
	if len(e.Reports) != 1 || bytes.Contains(e.Reports[0].Sealed, []byte("canary")) {
		t.Errorf("stored is %+v", e.Reports)
	}
	if res := bo.call("GET", "/api/v1/me/stored", nil).is(200); strings.Contains(string(res.body), `"reason":"spam"`) {
		t.Errorf("who is reported is warned: %s", res.body)
	}

	// Wardens see it, with who has reported it; for all others there is nothing, as at
	// any other path.
	if q := dora.queue(); q.Open != 1 || len(q.Entries) != 1 || q.Entries[0].About.Name != "Bo" || q.Entries[0].Words != 1 || !q.Entries[0].Judge {
		t.Errorf("the queue is %+v", q)
	}
	full, _ := dora.entry(bo.id)
	if full.Reports[0].By.Name != "Cy" || full.Reports[0].Text != canary {
		t.Errorf("the report is %+v", full.Reports[0])
	}
	unknown := ada.call("GET", "/api/v1/nowhere", nil)
	for _, path := range []string{"/api/v1/queue", "/api/v1/queue/log", "/api/v1/queue/" + bo.id.String()} {
		for _, got := range []answered{ada.call("GET", path, nil), h.call("GET", path, nil)} {
			if got.status != unknown.status || !bytes.Equal(got.body, unknown.body) {
				t.Errorf("%s: %d %s", path, got.status, got.body)
			}
		}
	}
	got := ada.call("POST", "/api/v1/queue/"+bo.id.String()+"/decisions", "nonsense")
	if got.status != unknown.status || !bytes.Equal(got.body, unknown.body) {
		t.Errorf("%d %s", got.status, got.body)
	}
	for who, want := range map[*guest]bool{ada: false, dora: true} {
		var me Me // what is left out is as it was
		res := who.call("GET", "/api/v1/me", nil).is(200).into(&me)
		if me.Warden != want || strings.Contains(string(res.body), "warden") != want {
			t.Errorf("%s", res.body)
		}
	}
}

// TestCountsDoNothing has a whole house report somebody: nothing comes of it.
func TestCountsDoNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	name := bo.open("open")
	l := bo.sit(name)
	for i := range 60 {
		one := ada.invite(fmt.Sprintf("P%d", i))
		one.complains(Thing{Person: bo.id.String()}, "mass").is(201)
		one.complains(Thing{Room: name.String()}, "mass").is(201)
	}
	bo.call("GET", "/api/v1/me", nil).is(200)
	l.done("ping", struct{}{})
	if len(bo.decisions()) != 0 || bo.told().Unseen != 0 || h.api.isOut(bo.id) {
		t.Error("something has come of it")
	}
	before, err := h.store.Standing(t.Context(), bo.id)
	h.must(err)
	account, err := h.people.Account(t.Context(), bo.id)
	h.must(err)
	if !before.Good.Equal(account.Created) {
		t.Error("it counts against them")
	}
	if q := ada.judges().queue(); q.Open != 2 || q.Entries[0].Words != 60 {
		t.Errorf("the queue is %+v", q)
	}
}

// TestSuspended measures how soon somebody is out, and looks at what is left to them.
func TestSuspended(t *testing.T) {
	t.Parallel()
	h, service := newPushingHouse(t)
	ada := h.first("Ada").judges()
	bo := ada.invite("Bo")
	cy := ada.invite("Cy")
	device := &peopletest.Authenticator{Origin: h.url, RPID: "localhost"}
	var c Ceremony
	bo.call("POST", "/api/v1/me/passkeys/begin", None{}).is(200).into(&c)
	credential, err := device.Create(c.Options)
	h.must(err)
	bo.call("POST", "/api/v1/me/passkeys/finish", Finish{c.Ceremony.String(), credential}).is(200)
	var renewed NewRecovery
	bo.call("POST", "/api/v1/me/recovery", None{}).is(200).into(&renewed)
	bo.subscribes(service, "/bo")
	var calendar CalendarAddress
	bo.call("GET", "/api/v1/me/calendar", nil).is(200).into(&calendar)
	h.call("GET", strings.TrimPrefix(calendar.URL, h.url), nil).is(200)

	// Bo hosts one room, with Cy on the stage, and has lost the connection to another.
	name := bo.open("open")
	l, other := bo.sit(name), cy.sit(name)
	l.done("ask_up", map[string]any{"who": cy.id.String()})
	other.done("step_up", struct{}{})
	lost := cy.open("open")
	away := bo.sit(lost)
	h.must(away.ws.CloseNow())
	spare := bo.grant(name)

	cy.complains(Thing{Person: bo.id.String()}, "please").is(201)
	began := time.Now()
	ada.decides(bo.id, "suspend", 3).is(201)
	l.cut(name, "signed_out")
	for until := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		in := false
		for _, at := range []id.Room{name, lost} {
			h.rooms.Read(at, func(r *room.Room) { in = in || r.Participant(bo.id) != nil })
		}
		if !in {
			break
		}
		if time.Now().After(until) {
			t.Fatal("they still have a seat")
		}
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("they are out after %v", took)
	}
	other.event("made_moderator")
	devices, err := h.store.Devices(t.Context(), bo.id)
	if err != nil || len(devices) != 0 {
		t.Errorf("they are pushed to: %v, %v", devices, err)
	}
	bo.call("GET", "/api/v1/me", nil).problem("not_signed_in")
	h.live().refused("suspended", "enter", map[string]any{"grant": spare})
	if res := h.call("GET", strings.TrimPrefix(calendar.URL, h.url), nil); strings.Contains(string(res.body), "VCALENDAR") {
		t.Error("their calendar is read")
	}

	// Only who has proven who they are is told, by each way.
	h.call("POST", "/api/v1/signin/recovery", RecoveryCode{"AAAA"}).problem("sign_in_failed")
	var told Problem
	res := h.call("POST", "/api/v1/signin/recovery", RecoveryCode{renewed.RecoveryCode}).problem("suspended").into(&told)
	if told.Reason != "A reason to read" || told.Until.Sub(began) < 71*time.Hour || told.RecoveryCode == "" {
		t.Errorf("told %+v", told)
	}
	var begun Ceremony
	h.call("POST", "/api/v1/signin/passkey/begin", None{}).is(200).into(&begun)
	shown, err := device.Get(begun.Options)
	h.must(err)
	h.call("POST", "/api/v1/signin/passkey/finish", Finish{begun.Ceremony.String(), shown}).problem("suspended")

	// A narrow session: every other call says so.
	narrow := &guest{h, bo.id, "Bo", cookieOf(res).Value}
	may := map[string]bool{
		"list-my-decisions": true, "answer-decision": true, "list-stored": true, "export-me": true, "begin-erase": true, "erase-me": true, "sign-out": true,
	}
	for _, op := range operations(t, h) {
		if op.open || may[op.name] || strings.HasSuffix(op.path, ".ics") {
			continue
		}
		h.api.limits.forgetAll()
		path := strings.NewReplacer("{", "", "}", "").Replace(op.path)
		var in any
		if op.method != "GET" && op.method != "DELETE" {
			in = None{}
		}
		narrow.call(op.method, path, in).problem("suspended")
	}
	h.api.limits.forgetAll()
	if _, err := h.dial("Cookie", h.api.cookie+"="+narrow.token); err == nil || !strings.Contains(err.Error(), "suspended") {
		t.Errorf("a live connection: %v", err)
	}
	narrow.call("GET", "/api/v1/me/export", nil).is(200)
	all := narrow.decisions()
	if len(all) != 1 || all[0].What != moderation.Suspend || !all[0].InForce || all[0].Reason != "A reason to read" || !all[0].Open {
		t.Fatalf("decided is %+v", all)
	}
	text := string(narrow.call("GET", "/api/v1/me/decisions", nil).is(200).body)
	for _, one := range []*guest{ada, cy} {
		if strings.Contains(text, one.id.String()) || strings.Contains(text, one.name) {
			t.Errorf("%s is named: %s", one.name, text)
		}
	}

	// It ends by itself, with the session that was narrow; and at a restart it holds.
	again, err := moderation.Open(t.Context(), h.store, h.people, h.clock)
	h.must(err)
	if _, out := again.Barred(bo.id); !out {
		t.Error("who starts anew has forgotten it")
	}
	h.at(told.Until.Add(-time.Millisecond))
	narrow.call("GET", "/api/v1/me", nil).problem("suspended")
	h.at(told.Until)
	narrow.call("GET", "/api/v1/me", nil).is(200)
}

func TestBannedAndLifted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada").judges()
	bo, cy := ada.invite("Bo"), ada.invite("Cy").judges()
	dora := ada.invite("Dora")
	dora.complains(Thing{Person: bo.id.String()}, "x").is(201)
	ada.decides(bo.id, "ban", 0).is(201)
	_, token, err := h.people.SignIn(t.Context(), bo.id)
	h.must(err)
	narrow := &guest{h, bo.id, "Bo", token}
	h.at(time.Now().Add(60 * 24 * time.Hour))
	narrow.call("GET", "/api/v1/rooms", nil).problem("suspended")

	// An answer, once, opens it again: for another warden.
	which := narrow.decisions()[0].ID
	at := "/api/v1/me/decisions/" + which.String() + "/answer"
	dora.call("POST", at, DecisionAnswer{"Not mine"}).problem("no_such_thing")
	narrow.call("POST", at, DecisionAnswer{" "}).problem("invalid")
	narrow.call("POST", at, DecisionAnswer{"I was not there"}).is(204)
	narrow.call("POST", at, DecisionAnswer{"Again"}).problem("already_answered")
	ada.decides(bo.id, "lift", 0).problem("not_yours_to_judge")
	if q := ada.queue(); q.Open != 1 || q.Entries[0].Judge || !q.Entries[0].Again {
		t.Errorf("the queue of who has judged is %+v", q)
	}
	e, tag := cy.entry(bo.id)
	if d := e.Decisions[0]; d.Answer != "I was not there" || d.By.Name != "Ada" {
		t.Errorf("decided was %+v", d)
	}
	lift := NewDecision{"lift", 0, "It was somebody else"}
	path := "/api/v1/queue/" + bo.id.String() + "/decisions"
	cy.call("POST", path, lift).problem("no_version")
	cy.call("POST", path, lift, "If-Match", tag).is(201)
	var p Problem
	cy.call("POST", path, lift, "If-Match", tag).problem("changed_meanwhile").into(&p)
	if p.Decision == nil || p.Decision.What != moderation.Lift {
		t.Errorf("told %+v", p)
	}
	cy.decides(bo.id, "lift", 0).problem("nothing_to_lift")
	narrow.call("GET", "/api/v1/rooms", nil).is(200)
	all := narrow.decisions()
	if len(all) != 2 || all[0].What != moderation.Lift || all[0].Open || all[1].Lifted.IsZero() || all[1].InForce || all[1].Answer == "" {
		t.Errorf("decided is %+v", all)
	}
	for _, p := range narrow.tells(2) {
		if p.Kind != news.Decision {
			t.Errorf("told of %s", p.Kind)
		}
	}

	// The log has all of it, and who.
	var log QueueLog
	ada.call("GET", "/api/v1/queue/log?limit=1", nil).is(200).into(&log)
	if len(log.Decisions) != 1 || log.Next == "" || log.Decisions[0].By.Name != "Cy" {
		t.Errorf("the log is %+v", log)
	}
	ada.call("GET", "/api/v1/queue/log?after="+log.Next, nil).is(200).into(&log)
	if len(log.Decisions) != 1 || log.Decisions[0].What != moderation.Ban || log.Decisions[0].By.Name != "Ada" {
		t.Errorf("then %+v", log)
	}
	var mine MyReports
	dora.call("GET", "/api/v1/me/reports", nil).is(200).into(&mine)
	if mine.Reports[0].State != "decided" {
		t.Errorf("reported %+v", mine)
	}
	var stored Stored
	narrow.call("GET", "/api/v1/me/stored", nil).is(200).into(&stored)
	for _, c := range stored.Classes {
		if c.Class == people.ClassReportsAbout && (c.Rows != 1 || fmt.Sprint(c.More[0]["reason"]) != "spam") ||
			c.Class == people.ClassDecisions && (c.Rows != 2 || fmt.Sprint(c.More[1]["answer"]) != "I was not there") {
			t.Errorf("stored is %+v", c)
		}
	}
}

// TestNobodyJudgesTheirOwn has wardens who are party to what is reported.
func TestNobodyJudgesTheirOwn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada").judges()
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	bo.complains(Thing{Person: ada.id.String()}, "the warden").is(201)
	if q := ada.queue(); q.Open != 0 || len(q.Entries) != 0 {
		t.Errorf("a warden is warned: %+v", q)
	}
	ada.call("GET", "/api/v1/queue/"+ada.id.String(), nil).problem("no_such_thing")
	path, club := ada.found()
	_ = path
	bo.complains(Thing{Club: club.ID.String()}, "their club").is(201)
	ada.call("GET", "/api/v1/queue/"+club.ID.String(), nil).problem("no_such_thing")
	ada.complains(Thing{Person: bo.id.String()}, "my report").is(201)
	ada.decides(bo.id, "ban", 0).problem("not_yours_to_judge")
	cy.judges().decides(bo.id, "nothing", 0).is(201)
	if n := bo.told(); n.Unseen != 0 {
		t.Errorf("told of nothing: %+v", n)
	}
	// A warden who is kept out judges nothing.
	cy.decides(ada.id, "ban", 0).is(201)
	_, token, err := h.people.SignIn(t.Context(), ada.id)
	h.must(err)
	(&guest{h, ada.id, "Ada", token}).call("GET", "/api/v1/queue", nil).problem("no_such_thing")
}

func TestCloseAndRemove(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada").judges()
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	name := bo.open("open")
	l := bo.sit(name)
	cy.complains(Thing{Room: name.String()}, "x").is(201)
	ada.decides(name, "remove", 0).problem("invalid")
	ada.decides(name, "close_room", 0).is(201)
	l.cut(name, "ended")
	ada.decides(name, "close_room", 0).problem("thing_gone")
	bo.only(news.Decision)
	if d := bo.decisions(); len(d) != 1 || d[0].What != moderation.CloseRoom || d[0].About.Kind != moderation.Room {
		t.Errorf("decided is %+v", d)
	}

	n := written("Bo", "bo_bo")
	n.Bio, n.Links = "bad words", []Link{{URL: "https://bad.example"}}
	bo.write(n).is(200)
	bo.call("PUT", picturePath, drawn(t, 3), "Content-Type", "image/png").is(200)
	path, club := bo.found()
	plan := bo.plan(nil)
	for _, about := range []Thing{{Person: bo.id.String()}, {Club: club.ID.String()}, {Plan: plan.ID.String()}} {
		cy.complains(about, "x").is(201)
	}
	ada.decides(bo.id, "remove", 0).is(201)
	var after OwnProfile
	bo.call("GET", profilePath, nil).is(200).into(&after)
	if after.Name != "Bo" || after.Handle != "bo_bo" || after.Bio != "" || len(after.Links) != 0 || after.Picture != "" {
		t.Errorf("left is %+v", after)
	}
	ada.decides(club.ID, "remove", 0).is(201)
	if c := bo.club(path); c.About != "" || len(c.Rules) != 0 || c.Name != "Tea" || c.RulesVersion != 2 {
		t.Errorf("left is %+v", c)
	}
	ada.decides(plan.ID, "remove", 0).is(201)
	if p := bo.seesPlan(plan); p.State != "cancelled" {
		t.Errorf("the plan is %s", p.State)
	}
	if d := bo.decisions(); len(d) != 4 || d[0].About.Kind != moderation.Plan || d[0].About.Name == "" {
		t.Errorf("decided is %+v", d)
	}
}

// forgetAll lets everybody begin anew.
func (l *limits) forgetAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known = nil
	l.order.Init()
}

// wardensAsked is records that count how often they are asked who the wardens are.
type wardensAsked struct {
	*records.Store

	times atomic.Int32
}

func (w *wardensAsked) Wardens(ctx context.Context) ([]moderation.Warden, error) {
	w.times.Add(1)
	return w.Store.Wardens(ctx)
}

// A page of the queue asks once who the wardens are, however long it is.
func TestThePageAsksOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	store := &wardensAsked{Store: h.store}
	queue, err := moderation.Open(t.Context(), store, h.people, h.clock)
	h.must(err)
	h.api.Queue = queue
	ada := h.first("Ada").judges()
	cy := ada.invite("Cy")
	for i := range 5 {
		bo := ada.invite(fmt.Sprintf("P%d", i))
		cy.complains(Thing{Person: bo.id.String()}, "please").is(201)
	}
	store.times.Store(0)
	q := ada.queue()
	if len(q.Entries) != 5 || !q.Entries[0].Judge {
		t.Fatalf("the queue is %+v", q)
	}
	if n := store.times.Load(); n != 1 {
		t.Errorf("asked %d times who the wardens are", n)
	}
}
