package api

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/signal"
)

func personPath(g *guest) string { return "/api/v1/people/" + g.id.String() }

func (g *guest) blocks(whom *guest, level string) {
	g.Helper()
	g.call("PUT", personPath(whom)+"/block", Block{level}).is(204)
}

func (g *guest) unblocks(whom *guest) {
	g.Helper()
	g.call("DELETE", personPath(whom)+"/block", nil).is(204)
}

func (g *guest) follows(whom *guest) {
	g.Helper()
	g.call("PUT", personPath(whom)+"/follow", nil).is(204)
}

func TestBlocks(t *testing.T) {
	t.Parallel()
	ada := newHouse(t).first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	ada.follows(bo)
	ada.follows(cy)
	bo.follows(ada)
	ada.blocks(cy, "mute")
	ada.blocks(bo, "mute")
	ada.blocks(bo, "block")
	var list Blocks
	ada.call("GET", "/api/v1/me/blocks", nil).is(200).into(&list)
	if len(list.People) != 2 || list.People[0].Person.Name != "Bo" || list.People[0].Level != "block" || list.People[0].Person.Followed ||
		list.People[0].Person.FollowsMe || list.People[1].Level != "mute" || !list.People[1].Person.Followed || list.People[0].Since.IsZero() {
		t.Errorf("%+v", list)
	}
	ada.call("PUT", personPath(bo)+"/follow", nil).problem("blocked")
	ada.call("PUT", personPath(bo)+"/block", Block{"hate"}).problem("invalid")
	ada.call("PUT", personPath(ada)+"/block", Block{"block"}).problem("invalid")
	nobody := "/api/v1/people/" + id.New[id.Person]().String()
	ada.call("PUT", nobody+"/block", Block{"block"}).problem("no_person")
	ada.call("PUT", "/api/v1/people/x/block", Block{"block"}).problem("no_person")
	ada.call("DELETE", nobody+"/block", nil).is(204)
	ada.unblocks(bo)
	ada.follows(bo)
	ada.call("GET", "/api/v1/me/blocks", nil).is(200).into(&list)
	if len(list.People) != 1 {
		t.Errorf("%+v", list)
	}
}

// TestBlockIsNotSeen asks all that somebody can ask before and after they are
// blocked, and compares the answers.
func TestBlockIsNotSeen(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	ada.write(written("Ada", "ada_l")).is(200)
	bo.follows(ada)
	cy.follows(ada)
	room := cy.opens("Night trains", "open")
	host, other := cy.sit(room), ada.sit(room)
	host.done("ask_up", signal.Who{Who: ada.id})
	other.done("step_up", signal.None{})
	clubPath, _ := ada.found(func(n *NewClub) { n.Listed = true })
	theirs := bo.plan(func(n *NewPlan) { n.Cohosts, n.Invite = []string{ada.id.String()}, []string{ada.id.String()} })
	others := cy.plan(func(n *NewPlan) { n.Title, n.Cohosts = "Coffee", []string{ada.id.String()} })
	ada.call("PUT", planPath(others)+"/hosting", Hosting{true}).is(204)

	asks := func() (answers []string) {
		for _, path := range []string{
			personPath(ada), "/api/v1/handles/ada_l", "/api/v1/me/following", "/api/v1/me/followers", "/api/v1/me/stored",
			"/api/v1/rooms", "/api/v1/rooms/" + room.String(), "/api/v1/search?q=trains", "/api/v1/search?q=cy",
			"/api/v1/clubs", clubPath, "/api/v1/clubs/listed", planPath(theirs), planPath(others), "/api/v1/plans?which=all",
			"/api/v1/me/blocks", "/api/v1/me/suggestions", personPath(cy), personPath(ada) + "/picture/small",
		} {
			a := bo.call("GET", path, nil)
			answers = append(answers, path+" "+http.StatusText(a.status)+" "+a.header.Get("ETag")+" "+string(a.body))
		}
		for _, act := range []struct{ method, path string }{
			{"DELETE", personPath(ada) + "/follow"}, {"PUT", personPath(ada) + "/follow"}, {"DELETE", "/api/v1/me/suggestions/" + ada.id.String()},
		} {
			a := bo.call(act.method, act.path, nil)
			answers = append(answers, act.path+" "+http.StatusText(a.status)+" "+string(a.body))
		}
		return answers
	}
	asks() // the first time makes rows of its own
	before := asks()
	ada.blocks(bo, "block")
	after := asks()
	// What they have done twice, the second time is of another moment.
	times := regexp.MustCompile(`"(oldest|since|until)":"[^"]*"`)
	for i := range before {
		if times.ReplaceAllString(before[i], "") != times.ReplaceAllString(after[i], "") {
			t.Errorf("blocked, the answer is another:\n%s\n%s", before[i], after[i])
		}
	}

	// What they do towards who has blocked them is taken as ever, and has no effect.
	theirClub, _ := bo.found(func(n *NewClub) { n.Name = "Coffee" })
	bo.call("POST", theirClub+"/nominations", ClubNomination{ada.id.String()}).is(204)
	var lists ClubLists
	ada.call("GET", "/api/v1/clubs", nil).is(200).into(&lists)
	if len(lists.Invited) != 0 {
		t.Errorf("invited to %+v", lists.Invited)
	}
	ada.call("GET", planPath(theirs), nil).problem("no_plan")
	var asked Plan
	bo.call("POST", "/api/v1/plans", tea(func(n *NewPlan) { n.Cohosts = []string{ada.id.String()} })).is(201).into(&asked)
	if len(asked.Hosts) != 2 || asked.Hosts[1].Accepted {
		t.Errorf("%+v", asked.Hosts)
	}
	ada.call("GET", planPath(asked), nil).problem("no_plan")
	var followers People
	ada.call("GET", "/api/v1/me/followers", nil).is(200).into(&followers)
	if len(followers.People) != 1 || followers.People[0].ID != cy.id {
		t.Errorf("followed by %+v", followers.People)
	}
	for viewer, want := range map[*guest]int{ada: 1, bo: 2, cy: 2} {
		var p Profile
		viewer.call("GET", personPath(ada), nil).is(200).into(&p)
		if p.Followers != want {
			t.Errorf("%s sees %d followers, not %d", viewer.name, p.Followers, want)
		}
	}
	var seen Profile
	if ada.call("GET", personPath(bo), nil).is(200).into(&seen); seen.FollowsMe {
		t.Error("who is blocked is seen to follow")
	}
}

// TestBlockHidesRooms looks for a room of somebody who has blocked one in every way
// there is: each answers as for a room that there is not.
func TestBlockHidesRooms(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	mine := ada.opens("Night trains", "open")
	closed := ada.opens("Night trains, too", "closed", bo.id.String(), cy.id.String())
	line := ada.sit(mine)
	early := bo.grant(mine)
	finds := func(g *guest, text string) int {
		_, rooms := g.finds(text)
		return len(rooms)
	}
	hallway := func(g *guest) int {
		var cards Cards
		g.call("GET", "/api/v1/rooms", nil).is(200).into(&cards)
		return len(cards.Rooms)
	}
	if hallway(bo) != 2 || finds(bo, "trains") != 2 {
		t.Fatal("the rooms are not there")
	}
	ada.blocks(bo, "mute")
	if hallway(bo) != 2 {
		t.Error("who is muted sees less")
	}
	ada.blocks(bo, "block")
	none := id.New[id.Room]().String()
	for _, name := range []id.Room{mine, closed} {
		for _, way := range []struct {
			method, path string
			body         any
		}{{"GET", "", nil}, {"POST", "/grants", None{}}, {"GET", "/people", nil}} {
			a := bo.call(way.method, "/api/v1/rooms/"+name.String()+way.path, way.body)
			b := bo.call(way.method, "/api/v1/rooms/"+none+way.path, way.body)
			if a.status != b.status || string(a.body) != string(b.body) {
				t.Errorf("%s tells %s from %s", way.path, a.body, b.body)
			}
		}
	}
	if hallway(bo) != 0 || finds(bo, "trains") != 0 || finds(bo, "ada") != 0 || hallway(cy) != 2 {
		t.Error("they are still shown")
	}
	// A grant of before opens nothing.
	l := bo.live()
	l.refused("no_room", "enter", signal.Enter{Grant: early})

	// Nobody is put out: who is in a room before stays, and comes back.
	inside := cy.sit(mine)
	ada.blocks(cy, "block")
	inside.done("react", signal.React{Emoji: "👏"})
	if hallway(cy) != 1 {
		t.Error("the room where one is has gone")
	}
	cy.enter(inside, mine)
	inside.done("leave", signal.None{})
	if hallway(cy) != 0 {
		t.Error("the room where one was is there")
	}

	// A room of somebody else is where both go, and it is found by its own words only.
	theirs := cy.opens("Coffee", "open")
	at := cy.sit(theirs)
	ada.enter(line, theirs)
	at.done("ask_up", signal.Who{Who: ada.id})
	line.done("step_up", signal.None{})
	ada.unblocks(cy)
	bo.sit(theirs)
	if finds(bo, "coffee") != 1 || finds(bo, "ada") != 0 || finds(cy, "ada") != 2 {
		t.Error("found by the name of who has blocked them")
	}
	ada.unblocks(bo)
	if finds(bo, "ada") != 2 {
		t.Error("not found by who is on the stage")
	}
}

// TestBlockedHostIsNotSeen looks from the other side: closed rooms of who is blocked,
// and social ones because they follow one, are none.
func TestBlockedHostIsNotSeen(t *testing.T) {
	t.Parallel()
	ada := newHouse(t).first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	bo.follows(ada)
	bo.follows(cy)
	open, closed, social := bo.opens("a", "open"), bo.opens("b", "closed", ada.id.String()), bo.opens("c", "social")
	sees := func(g *guest, want ...id.Room) {
		t.Helper()
		var cards Cards
		g.call("GET", "/api/v1/rooms", nil).is(200).into(&cards)
		if len(cards.Rooms) != len(want) {
			t.Errorf("%s sees %d rooms, not %d", g.name, len(cards.Rooms), len(want))
		}
		for _, c := range cards.Rooms {
			if !slices.Contains(want, c.ID) {
				t.Errorf("%s sees %s", g.name, c.Title)
			}
		}
	}
	sees(ada, open, closed, social)
	ada.blocks(bo, "block")
	sees(ada, open)
	sees(cy, open, social)
	ada.unblocks(bo)
	sees(ada, open, closed, social)
}

func TestBlockNotices(t *testing.T) {
	t.Parallel()
	ada := newHouse(t).first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	ada.blocks(bo, "block")
	watch := func(g *guest) *line {
		l := g.live()
		l.done("watch_hallway", signal.None{})
		return l
	}
	from, to := watch(bo), watch(cy)
	told := func(l *line) { l.until(func(m message) bool { return m.Hallway != nil }) }
	mine := ada.open("open")
	told(to)
	at := ada.sit(mine)
	at.done("end", signal.None{})
	told(to)
	closed := ada.open("closed", bo.id.String(), cy.id.String())
	told(to)
	ada.sit(closed).done("end", signal.None{})
	told(to)
	from.quiet(2500 * time.Millisecond)
	cy.open("open")
	told(from)
}

func TestBlockAndSuggestions(t *testing.T) {
	t.Parallel()
	ada := newHouse(t).first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	room := cy.open("open")
	cy.sit(room)
	ada.sit(room)
	bo.sit(room)
	suggested := func(g, whom *guest) bool {
		var s Suggestions
		g.call("GET", "/api/v1/me/suggestions", nil).is(200).into(&s)
		return slices.ContainsFunc(s.People, func(s Suggestion) bool { return s.Person.ID == whom.id })
	}
	if !suggested(ada, bo) || !suggested(bo, ada) {
		t.Fatal("they are not suggested")
	}
	ada.blocks(bo, "block")
	if suggested(ada, bo) || suggested(bo, ada) || !suggested(bo, cy) {
		t.Error("they are suggested")
	}
	ada.blocks(bo, "mute")
	if suggested(ada, bo) || !suggested(bo, ada) {
		t.Error("who is muted is suggested, or learns of it")
	}
}

// TestConflict has two on a stage of whom one has blocked the other: moderators are
// told, but not who is blocked, and nobody else.
func TestConflict(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cy := h.first("Cy")
	ada, bo, dee, eve := cy.invite("Ada"), cy.invite("Bo"), cy.invite("Dee"), cy.invite("Eve")
	room := cy.open("open")
	host, a, b, d, e := cy.sit(room), ada.sit(room), bo.sit(room), dee.sit(room), eve.sit(room)
	up := func(who *guest, l *line, moderates bool) {
		t.Helper()
		host.done("ask_up", signal.Who{Who: who.id})
		l.done("step_up", signal.None{})
		if moderates {
			host.done("make_moderator", signal.Who{Who: who.id})
		}
	}
	up(dee, d, true)
	up(ada, a, false)
	ada.blocks(bo, "block")
	ada.blocks(eve, "mute")
	conflict := func(l *line, x, y *guest) {
		t.Helper()
		m := l.until(func(m message) bool { return m.Conflict != nil })
		if c := conflictOf(x.id, y.id); !slices.Equal(m.Conflict.People, c[:]) || m.Conflict.Room != room {
			t.Errorf("conflict %s", m.raw)
		}
	}
	// Asked up, and not there yet: that is when it helps.
	host.done("ask_up", signal.Who{Who: bo.id})
	conflict(host, ada, bo)
	conflict(d, ada, bo)
	b.done("step_up", signal.None{})
	up(eve, e, false) // who is muted is no conflict
	// Whoever has blocked is told as a moderator, who is blocked never.
	host.done("make_moderator", signal.Who{Who: bo.id})
	host.done("make_moderator", signal.Who{Who: ada.id})
	conflict(a, ada, bo)
	time.Sleep(3 * conflictsEvery)
	for _, l := range []*line{host, d, a, b, e} {
		l.done("ping", signal.None{})
		for _, m := range l.kept {
			if m.Conflict != nil {
				t.Errorf("told %s", m.raw)
			}
		}
	}
	// It is over, and begins anew.
	b.done("step_down", signal.None{})
	time.Sleep(3 * conflictsEvery)
	up(bo, b, false)
	conflict(host, ada, bo)
	conflict(d, ada, bo)
	// A block that comes while both stand there is news, too.
	dee.blocks(eve, "block")
	conflict(host, dee, eve)
	conflict(d, dee, eve)
	// A moderator who opens the page anew is told again.
	again := cy.sit(room)
	again.until(func(m message) bool { return m.Conflict != nil })
	for _, l := range []*line{b, e} {
		l.done("ping", signal.None{})
		for _, m := range l.all {
			if m.Conflict != nil {
				t.Errorf("who is blocked is told %s", m.raw)
			}
		}
	}
}

// TestBlocksAreNotAddedUp looks whether the API can say how often somebody is blocked.
func TestBlocksAreNotAddedUp(t *testing.T) {
	t.Parallel()
	ada := newHouse(t).first("Ada")
	bo := ada.invite("Bo")
	for range 3 {
		ada.invite("Cy").blocks(bo, "block")
	}
	for _, path := range []string{"/api/v1/me", "/api/v1/me/profile", "/api/v1/me/stored", "/api/v1/me/blocks", personPath(bo)} {
		if body := string(bo.call("GET", path, nil).is(200).body); strings.Contains(body, `"rows":3`) || strings.Contains(body, "Cy") {
			t.Errorf("%s: %s", path, body)
		}
	}
	if strings.Contains(ada.log.String(), "block") {
		t.Error("a log has blocks")
	}
	kept := slices.IndexFunc(people.Classes, func(k people.Kept) bool { return k.Class == people.ClassBlocks })
	if kept < 0 {
		t.Error("whom one has blocked is not told")
	}
}
