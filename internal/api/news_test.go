package api

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/room"
)

// told returns what there is for g.
func (g *guest) told() (n News) {
	g.Helper()
	g.call("GET", "/api/v1/me/news?limit=100", nil).is(200).into(&n)
	return n
}

// tells waits until there are so many pieces for g, and returns them.
func (g *guest) tells(n int) []Piece {
	g.Helper()
	for late := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		got := g.told().News
		if len(got) == n {
			return got
		}
		if time.Now().After(late) {
			g.Fatalf("%s is told %+v, want %d", g.name, got, n)
		}
	}
}

// only returns the one piece that there is for g, which is of a kind.
func (g *guest) only(kind news.Kind) Piece {
	g.Helper()
	p := g.tells(1)[0]
	if p.Kind != kind {
		g.Fatalf("%s is told %+v, want %s", g.name, p, kind)
	}
	return p
}

// clears has seen all, and has nothing any more.
func (g *guest) clears() {
	g.Helper()
	g.must(g.store.ForgetNews(g.Context(), time.Now().Add(time.Hour)))
}

func (g *guest) followsAs(whom *guest, notify string) {
	g.Helper()
	g.call("PUT", "/api/v1/people/"+whom.id.String()+"/follow", Loudness{notify}).is(204)
}

// news waits for a piece of a kind on a line.
func (l *line) piece(kind news.Kind) (p Piece, unseen int) {
	l.Helper()
	m := l.until(func(m message) bool {
		return strings.Contains(m.raw, `"news":{"piece":{`) && strings.Contains(m.raw, `"kind":"`+string(kind)+`"`)
	})
	var out struct {
		News struct {
			Piece  Piece
			Unseen int
		}
	}
	l.must(json.Unmarshal([]byte(m.raw), &out))
	return out.News.Piece, out.News.Unseen
}

func TestNews(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	if got := ada.told(); got.News == nil || len(got.News) != 0 || got.Unseen != 0 {
		t.Errorf("at first there is %+v", got)
	}
	hallway := ada.live()
	hallway.done("watch_hallway", None{})
	bo.followsAs(ada, "sometimes")
	if p, unseen := hallway.piece(news.Follow); p.Who.ID != bo.id || !p.Open || p.Seen || unseen != 1 {
		t.Errorf("told %+v, and of %d", p, unseen)
	}
	first := ada.only(news.Follow)
	// The same is told once, also when it is taken back and done again.
	bo.call("DELETE", "/api/v1/people/"+ada.id.String()+"/follow", nil).is(204)
	ada.tells(0) // it is not so any more
	bo.followsAs(ada, "always")
	if got := ada.only(news.Follow); got.ID != first.ID || !got.At.Equal(first.At) {
		t.Errorf("told %+v, and before %+v", got, first)
	}
	cy.followsAs(ada, "always")
	got := ada.tells(2)
	if got[0].Who.Name != "Cy" || ada.told().Unseen != 2 {
		t.Errorf("told %+v", got)
	}
	ada.followsAs(cy, "always")
	if got := ada.told().News[0]; got.Open || !got.Who.Followed {
		t.Errorf("followed back it is %+v", got)
	}

	// Pages, and what is seen.
	var page News
	ada.call("GET", "/api/v1/me/news?limit=1", nil).is(200).into(&page)
	if len(page.News) != 1 || page.Next == "" || page.Unseen != 2 {
		t.Errorf("the first page is %+v", page)
	}
	after := page.Next
	page = News{}
	ada.call("GET", "/api/v1/me/news?limit=1&after="+after, nil).is(200).into(&page)
	if len(page.News) != 1 || page.News[0].ID != first.ID || page.Next != "" {
		t.Errorf("the second page is %+v", page)
	}
	ada.call("GET", "/api/v1/me/news?after=x", nil).problem("invalid")
	bo.call("PUT", "/api/v1/me/news/seen", SeenNews{first.ID.String()}).problem("no_such_thing")
	ada.call("PUT", "/api/v1/me/news/seen", SeenNews{"x"}).problem("no_such_thing")
	ada.call("PUT", "/api/v1/me/news/seen", SeenNews{first.ID.String()}).is(204)
	if got := ada.told(); got.Unseen != 1 || got.News[0].Seen || !got.News[1].Seen {
		t.Errorf("then there is %+v", got)
	}

	// Who is erased is in nobody's news.
	h.must(h.people.Erase(t.Context(), bo.id))
	if got := ada.only(news.Follow); got.Who.ID != cy.id {
		t.Errorf("told %+v", got)
	}
}

// TestNewsOfStages has those told who follow somebody on a stage, as loud as they
// want it and as far as the room exists for them, of each room once.
func TestNewsOfStages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	by := make(map[string]*guest)
	for _, how := range []string{"always", "sometimes", "never"} {
		by[how] = ada.invite(how)
		by[how].followsAs(ada, how)
	}
	stranger := ada.invite("stranger")
	ada.call("PUT", "/api/v1/people/"+by["sometimes"].id.String()+"/follow", nil).is(204)
	for _, g := range by {
		g.clears()
	}
	line := by["always"].live()
	line.done("watch_hallway", None{})
	name := ada.open("open")
	if p, unseen := line.piece(news.Live); p.Room.ID != name || p.Room.Title != "Tea" || p.Who.ID != ada.id || unseen != 1 {
		t.Errorf("told %+v, and of %d", p, unseen)
	}
	by["sometimes"].only(news.Live)

	// Another one on the same stage is not told of again, and a room that is over
	// is none to be told of.
	by["always"].followsAs(stranger, "always")
	seat := ada.sit(name)
	stage := stranger.sit(name)
	seat.done("ask_up", body{"who": stranger.id})
	stage.done("step_up", None{})
	other := stranger.open("open")
	if got := by["always"].tells(2); got[0].Room.ID != other || got[1].Who.ID != ada.id {
		t.Errorf("told %+v", got)
	}
	seat.done("end", None{})
	if got := by["always"].only(news.Live); got.Room.ID != other {
		t.Errorf("told %+v", got)
	}

	social, closed := ada.open("social"), ada.open("closed", by["always"].id.String())
	if got := by["always"].tells(2); got[0].Room.ID != closed {
		t.Errorf("told %+v", got)
	}
	if got := by["sometimes"].only(news.Live); got.Room.ID != social {
		t.Errorf("told %+v", got)
	}
	by["never"].tells(0)
	if n, err := h.store.UnseenNews(t.Context(), by["never"].id, 10); err != nil || len(n) != 0 {
		t.Errorf("who never wants to be told is told %+v, %v", n, err)
	}
	// Whoever follows nobody on it is told of no stage.
	if n, err := h.store.UnseenNews(t.Context(), stranger.id, 10); err != nil || len(n) != 1 || n[0].Kind != news.Follow {
		t.Errorf("a stranger is told %+v, %v", n, err)
	}
}

// TestManyFollowers has all pages of them told.
func TestManyFollowers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	const many = walkPage + 7
	for range many {
		who, code := id.New[id.Person](), id.New[people.Code]()
		now := time.Now()
		h.must(h.store.Give(t.Context(), people.Invite{ID: id.New[people.InviteID](), By: people.Person{ID: ada.id}, Created: now, Expires: now.Add(time.Hour)}, hashOf(code), 100_000))
		invited, recovery := hashOf(code), hashOf(id.New[people.Code]())
		h.must(h.store.SignUp(t.Context(), people.NewAccount{Person: people.Person{ID: who, Created: now}, Invite: &invited, Recovery: &recovery}))
		h.must(h.store.Follow(t.Context(), who, ada.id, now))
	}
	name := ada.open("open")
	count := func() (n int) {
		page, err := h.people.FollowersToTell(t.Context(), ada.id, people.NotifySometimes, id.Person{}, 2*many)
		h.must(err)
		for _, who := range page {
			list, err := h.store.UnseenNews(t.Context(), who, 10)
			h.must(err)
			for _, p := range list {
				if p.Kind != news.Live || p.Room != name {
					t.Errorf("told %+v", p)
				}
				n++
			}
		}
		return n
	}
	for late := time.Now().Add(10 * time.Second); count() < many; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("%d of %d are told", count(), many)
		}
	}
	// Whoever went off the stage before is not told of.
	one := stepped{name, id.New[id.Person](), time.Now()}
	if h.api.stands(one) || !h.api.stands(stepped{name, ada.id, time.Now()}) {
		t.Error("who stands on the stage is another one")
	}
}

func TestNewsOfClubs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	path, club := ada.found(byApproval)
	if at := bo.joins(path, 1); at.String() != "asked" {
		t.Fatal(at)
	}
	if p := ada.only(news.ClubAsked); p.Who.ID != bo.id || p.Club.ID != club.ID || !p.Open {
		t.Errorf("told %+v", p)
	}
	ada.call("PUT", path+"/pending/"+bo.id.String(), nil).is(204)
	if p := bo.only(news.ClubAdmitted); p.Club.Name != club.Name || p.Who.ID != ada.id {
		t.Errorf("told %+v", p)
	}
	if p := ada.only(news.ClubAsked); p.Open {
		t.Errorf("answered it is %+v", p)
	}
	ada.call("PUT", path+"/members/"+bo.id.String(), ClubRole{"admin"}).is(204)
	if got := bo.tells(2); got[0].Kind != news.ClubRole {
		t.Errorf("told %+v", got)
	}
	// What one does oneself is no news.
	bo.call("DELETE", path+"/membership", nil).is(204)
	bo.tells(0) // and what was is not theirs any more
	ada.tells(0)

	// An invitation is there as long as it stands; a nomination is told to nobody.
	secret, hidden := ada.found(private)
	ada.call("POST", secret+"/nominations", ClubNomination{cy.id.String()}).is(204)
	if p := cy.only(news.ClubInvited); p.Club.Name != hidden.Name || !p.Open {
		t.Errorf("told %+v", p)
	}
	cy.call("DELETE", secret+"/membership", nil).is(204)
	cy.tells(0)
	if cy.told().Unseen != 0 {
		t.Error("what is not theirs to see is counted")
	}
}

func TestNewsOfPlans(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	p := ada.plan(func(n *NewPlan) { n.Cohosts = []string{bo.id.String()} })
	if got := bo.only(news.PlanHosting); !got.Open || got.Plan.Title != "Tea" || !got.Plan.Starts.Equal(p.Starts) || got.Who.ID != ada.id {
		t.Errorf("told %+v", got)
	}
	bo.call("PUT", planPath(p)+"/hosting", Hosting{true}).is(204)
	if got := bo.only(news.PlanHosting); got.Open {
		t.Errorf("answered it is %+v", got)
	}
	bo.clears()

	// Who is not here is reminded among their news, once, and by a notice when they
	// come.
	h.at(p.Starts.Add(-15 * time.Minute))
	if got := bo.only(news.PlanSoon); got.Who != nil || got.Plan.ID != p.ID {
		t.Errorf("told %+v", got)
	}
	here := bo.live()
	here.done("watch_hallway", None{})
	here.until(func(m message) bool {
		return strings.Contains(m.raw, `"plan":{"id"`) && strings.Contains(m.raw, `"kind":"soon"`)
	})
	here.quiet(1500 * time.Millisecond)
	bo.only(news.PlanSoon)
	ada.tells(1)

	// A plan that moves twice has moved twice.
	move := func(by time.Duration) {
		h.at(h.clock().Add(time.Second))
		other := tea(func(n *NewPlan) { n.Starts, n.Cohosts = p.Starts.Add(by), []string{bo.id.String()} })
		ada.call("PUT", planPath(p), other, "If-Match", ada.call("GET", planPath(p), nil).header.Get("ETag")).is(200)
	}
	move(24 * time.Hour)
	if got, _ := here.piece(news.PlanMoved); !got.Plan.Starts.Equal(p.Starts.Add(24 * time.Hour)) {
		t.Errorf("told %+v", got)
	}
	move(48 * time.Hour)
	here.piece(news.PlanMoved)
	bo.tells(3)
}

func TestNewsOfInvites(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	var invite Invite
	ada.call("POST", "/api/v1/me/invites", None{}).is(201).into(&invite)
	code := strings.TrimPrefix(invite.URL, h.url+"/i/")
	h.call("POST", "/api/v1/signup/recovery", NewAccount{Invite: code, Name: "Bo"}).is(201)
	if p := ada.only(news.InvitedCame); p.Who.Name != "Bo" {
		t.Errorf("told %+v", p)
	}
}

func TestPing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy, di := ada.invite("Bo"), ada.invite("Cy"), ada.invite("Di")
	for _, g := range []*guest{bo, cy} {
		g.followsAs(ada, "never") // which is about rooms that she opens
	}
	ada.clears()
	name := ada.open("open")
	path := "/api/v1/rooms/" + name.String() + "/pings"
	ada.call("POST", path, NewPing{bo.id.String()}).is(204) // her seat is held for her
	di.call("POST", path, NewPing{bo.id.String()}).problem("no_room")
	seat := ada.sit(name)
	here := cy.live()
	here.done("watch_hallway", None{})
	answers := make(map[string]answered)
	for what, to := range map[string]string{"follows": cy.id.String(), "again": bo.id.String(), "a stranger": di.id.String()} {
		got := ada.call("POST", path, NewPing{to}).is(204)
		got.header.Del("Date")
		answers[what] = got
	}
	for what, got := range answers {
		if len(got.body) != 0 || len(got.header) != len(answers["follows"].header) {
			t.Errorf("%s: %v %s", what, got.header, got.body)
		}
	}
	if p, _ := here.piece(news.Ping); p.Who.ID != ada.id || p.Room.ID != name {
		t.Errorf("told %+v", p)
	}
	bo.only(news.Ping)
	di.tells(0)
	ada.call("POST", path, NewPing{ada.id.String()}).problem("invalid")
	ada.call("POST", path, NewPing{"x"}).problem("no_person")
	ada.call("POST", path, NewPing{id.New[id.Person]().String()}).problem("no_person")

	// After ten minutes it is told again.
	before := bo.only(news.Ping)
	h.at(time.Now().Add(news.Ping.Worth()))
	ada.call("POST", path, NewPing{bo.id.String()}).is(204)
	if got := bo.only(news.Ping); !got.At.After(before.At) {
		t.Errorf("told %+v, and before %+v", got, before)
	}
	h.at(time.Time{})
	seat.done("end", None{})

	// Into a closed room its moderators ask, and let in by that.
	closed := ada.open("closed", di.id.String())
	path = "/api/v1/rooms/" + closed.String() + "/pings"
	ada.sit(closed)
	di.sit(closed)
	bo.call("GET", "/api/v1/rooms/"+closed.String(), nil).problem("no_room")
	bo.followsAs(di, "always")
	di.call("POST", path, NewPing{bo.id.String()}).problem("not_moderator")
	ada.call("POST", path, NewPing{bo.id.String()}).is(204)
	if got := bo.only(news.Ping); got.Room.ID != closed {
		t.Errorf("told %+v", got)
	}
	bo.call("GET", "/api/v1/rooms/"+closed.String(), nil).is(200)

	// Ten an hour.
	for range 12 {
		if got := ada.call("POST", path, NewPing{bo.id.String()}); got.status == 429 {
			got.problem("too_many")
			return
		}
	}
	t.Error("nothing is too often")
}

// TestBlockedNews has somebody do all that is news to others, whom one of them has
// blocked: it is answered as ever, and that one is told nothing.
func TestBlockedNews(t *testing.T) {
	t.Parallel()
	blocked := make(blockedBy)
	h := newHouseWith(t, "http", webApp, change{parts: func(h *testHouse, p *Parts) {
		p.News = news.New(h.store, news.Config{Sealer: h.people, Clock: h.clock, Blocks: blocked})
	}})
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	bo.followsAs(ada, "always")
	blocked[ada.id] = bo.id
	name := ada.open("open")
	ada.sit(name)
	ada.call("POST", "/api/v1/rooms/"+name.String()+"/pings", NewPing{bo.id.String()}).is(204)
	ada.followsAs(bo, "always")
	time.Sleep(steppedWait + 300*time.Millisecond)
	if list, err := h.store.UnseenNews(t.Context(), bo.id, 10); err != nil || len(list) != 0 {
		t.Errorf("told %+v, %v", list, err)
	}
	// Who is muted makes no news either.
	cy := ada.invite("Cy")
	cy.blocks(ada, "mute")
	ada.followsAs(cy, "always")
	cy.tells(0)
}

func TestNewsSettings(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	const path = "/api/v1/me/news/settings"
	var now ToldNow
	first := ada.call("GET", path, nil).is(200).into(&now)
	if now.Push != nil || now.Budget != 5 || now.Digest == nil || now.Digest.Hour != 18 || len(now.Kinds) != len(news.Kinds) || now.Kinds[news.Live] != news.Pushed {
		t.Errorf("at first it is %s", first.body)
	}
	want := now.NewsSettings
	want.Kinds[news.Live], want.Kinds[news.Follow], want.Digest, want.Quiet = news.Here, news.Off, nil, QuietHours{0, 60, "Europe/Berlin"}
	ada.call("PUT", path, want).problem("no_version")
	now = ToldNow{}
	set := ada.call("PUT", path, want, "If-Match", first.header.Get("ETag")).is(200).into(&now)
	if now.Kinds[news.Live] != news.Here || now.Digest != nil || now.Quiet != want.Quiet {
		t.Errorf("then it is %s", set.body)
	}
	ada.call("PUT", path, want, "If-Match", first.header.Get("ETag")).problem("changed_meanwhile")
	bad := NewsSettings{
		Kinds: map[news.Kind]news.Way{news.Live: "loud", news.Decision: news.Off}, Quiet: QuietHours{-1, 1440, "Nowhere/Else"}, Budget: 51, Digest: &DigestAt{-1},
	}
	got := ada.call("PUT", path, bad, "If-Match", set.header.Get("ETag"), "Accept-Language", "de").problem("invalid")
	for _, field := range []string{"kinds.live", "kinds.decision", "quiet.from", "quiet.to", "quiet.zone", "budget", "digest.hour"} {
		if !strings.Contains(string(got.body), `"location":"body.`+field+`"`) {
			t.Errorf("nothing is said of %s: %s", field, got.body)
		}
	}
	if strings.Contains(string(got.body), `"message":""`) {
		t.Errorf("something is said without words: %s", got.body)
	}

	// What is off is not kept.
	bo := ada.invite("Bo")
	bo.followsAs(ada, "always")
	ada.tells(0)
	ada.call("PUT", "/api/v1/me/push", Subscription{"https://push.example/x", "", ""}).problem("no_push")
}

// TestRoomsAreNotHeld looks that a room is not held up by those who are to be told.
func TestRoomsAreNotHeld(t *testing.T) {
	t.Parallel()
	s := newStages()
	name := id.New[id.Room]()
	began := time.Now()
	for range steppedMax + steppedKnown {
		s.happened(name, []room.Event{room.SteppedUp{Who: id.New[id.Person]()}})
	}
	if took := time.Since(began); len(s.queue) != steppedMax || len(s.known) > steppedKnown || took > 5*time.Second {
		t.Errorf("%d wait, %d are known, after %v", len(s.queue), len(s.known), took)
	}
	one := id.New[id.Person]()
	again := newStages()
	for range 10 {
		again.happened(name, []room.Event{room.SteppedUp{Who: one}, room.SteppedDown{Who: one}})
	}
	if len(again.queue) != 1 {
		t.Errorf("%d are to be told of one", len(again.queue))
	}
}

// blockedBy has somebody blocked by one.
type blockedBy map[id.Person]id.Person

func (b blockedBy) BlockersAmong(_ context.Context, of id.Person, candidates []id.Person) (out []id.Person, err error) {
	for _, c := range candidates {
		if b[of] == c {
			out = append(out, c)
		}
	}
	return out, nil
}
