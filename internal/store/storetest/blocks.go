package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/clubs"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/schedule"
)

func blocks(t *testing.T, s Store) {
	ctx, a := t.Context(), first(t, s)
	b, c := invited(t, s, a, "Bo"), invited(t, s, a, "Cy")
	refused(t, s.SetBlock(ctx, a.ID, id.New[id.Person](), people.LevelBlock, noon), people.ErrNoPerson)
	refused(t, s.SetBlock(ctx, id.New[id.Person](), a.ID, people.LevelBlock, noon), people.ErrNoPerson)
	must(t, s.Follow(ctx, a.ID, b.ID, noon))
	must(t, s.Follow(ctx, b.ID, a.ID, noon))
	must(t, s.Follow(ctx, c.ID, a.ID, noon))

	// To mute somebody changes nothing else, and nobody else has blocked them by it.
	must(t, s.SetBlock(ctx, a.ID, b.ID, people.LevelMute, noon))
	list, err := s.Blocks(ctx, a.ID)
	must(t, err)
	bo := people.Profile{Person: b, Followed: true, Notify: people.NotifySometimes, FollowsMe: true}
	same(t, list, []people.Blocked{{Profile: bo, Level: people.LevelMute, Since: noon}})
	among, err := s.BlockersAmong(ctx, b.ID, []id.Person{a.ID, c.ID})
	must(t, err)
	same(t, len(among), 0)

	// A block ends that one follows them, not that they follow one, which one does
	// not see any more.
	must(t, s.SetBlock(ctx, a.ID, b.ID, people.LevelBlock, noon.Add(time.Hour)))
	must(t, s.SetBlock(ctx, a.ID, b.ID, people.LevelBlock, noon.Add(2*time.Hour))) // twice is once
	must(t, s.SetBlock(ctx, c.ID, b.ID, people.LevelBlock, noon))
	list, err = s.Blocks(ctx, a.ID)
	must(t, err)
	same(t, list, []people.Blocked{{Profile: people.Profile{Person: b}, Level: people.LevelBlock, Since: noon.Add(time.Hour)}})
	by, err := s.BlockedBy(ctx, a.ID)
	must(t, err)
	same(t, by, map[id.Person]people.Level{b.ID: people.LevelBlock})
	among, err = s.BlockersAmong(ctx, b.ID, []id.Person{a.ID, b.ID})
	must(t, err)
	same(t, among, []id.Person{a.ID})
	blockers, err := s.BlockersOf(ctx, b.ID, 10)
	must(t, err)
	same(t, len(blockers), 2)
	blockers, err = s.BlockersOf(ctx, b.ID, 1)
	must(t, err)
	same(t, len(blockers), 1)
	for viewer, want := range map[id.Person]int{a.ID: 1, b.ID: 2, c.ID: 2} {
		for _, most := range []int{1, 2, 3} {
			following, followers, err := s.CountFollows(ctx, viewer, a.ID, most)
			must(t, err)
			same(t, [2]int{following, followers}, [2]int{0, min(want, most)})
		}
	}
	followers, err := s.Followers(ctx, a.ID)
	must(t, err)
	same(t, followers, []people.Profile{{Person: c, FollowsMe: true}})
	following, err := s.Following(ctx, b.ID)
	must(t, err)
	same(t, following, []people.Profile{{Person: a, Followed: true, Notify: people.NotifySometimes}})
	seen, err := s.Profile(ctx, a.ID, b.ID)
	must(t, err)
	same(t, seen, people.Profile{Person: b})
	related, err := s.Related(ctx, a.ID, 10)
	must(t, err)
	same(t, related, []id.Person{c.ID})
	refused(t, s.Follow(ctx, a.ID, b.ID, noon), people.ErrBlocked)
	must(t, s.Follow(ctx, b.ID, a.ID, noon)) // as ever

	for range 2 {
		must(t, s.DropBlock(ctx, a.ID, b.ID))
	}
	followers, err = s.Followers(ctx, a.ID)
	must(t, err)
	same(t, len(followers), 2)
	must(t, s.Follow(ctx, a.ID, b.ID, noon))

	// Whoever is erased has blocked nobody, and is blocked by nobody.
	must(t, s.SetBlock(ctx, b.ID, a.ID, people.LevelBlock, noon))
	must(t, s.Erase(ctx, b.ID))
	same(t, ages(t, s, noon)["blocks"].Rows, int64(0))
}

func blocksBounded(t *testing.T, s Store) {
	ctx, a := t.Context(), first(t, s)
	var last people.Person
	for range people.BlocksMax {
		last = invited(t, s, a, "Bo")
		must(t, s.SetBlock(ctx, a.ID, last.ID, people.LevelMute, noon))
	}
	one := invited(t, s, a, "Cy")
	refused(t, s.SetBlock(ctx, a.ID, one.ID, people.LevelMute, noon), people.ErrBlocks)
	must(t, s.SetBlock(ctx, a.ID, last.ID, people.LevelBlock, noon)) // another level takes no more room
	must(t, s.DropBlock(ctx, a.ID, last.ID))
	must(t, s.SetBlock(ctx, a.ID, one.ID, people.LevelBlock, noon))
}

// blocksAndPlans looks at who sees which plan once one has blocked the other.
func blocksAndPlans(t *testing.T, s Store) {
	ctx, a := t.Context(), first(t, s)
	b, c := invited(t, s, a, "Bo"), invited(t, s, a, "Cy")
	plan := func(host id.Person, cohosts, guests []id.Person, visibility schedule.Visibility) id.Plan {
		t.Helper()
		p := schedule.Plan{
			ID: id.New[id.Plan](), Host: host, Sealed: []byte{1}, Starts: noon.Add(time.Hour), Minutes: 60, Visibility: visibility, Created: noon,
		}
		must(t, s.AddPlan(ctx, p, cohosts, guests, noon))
		return p.ID
	}
	sees := func(who id.Person, which id.Plan, want bool) {
		t.Helper()
		_, err := s.Plan(ctx, which, who)
		if want {
			must(t, err)
		} else {
			refused(t, err, schedule.ErrNoPlan)
		}
		all, err := s.Plans(ctx, who, schedule.Choice{Which: schedule.All, From: noon, To: noon.Add(24 * time.Hour)})
		must(t, err)
		same(t, slices.ContainsFunc(all, func(p schedule.Plan) bool { return p.ID == which }), want)
	}
	theirs := plan(a.ID, []id.Person{b.ID}, nil, schedule.Open)       // of who blocks
	asks := plan(b.ID, []id.Person{a.ID}, nil, schedule.Closed)       // of who is blocked, who asks for help
	invites := plan(b.ID, nil, []id.Person{a.ID}, schedule.Closed)    // or invites
	helped := plan(b.ID, []id.Person{a.ID, c.ID}, nil, schedule.Open) // or has been helped
	must(t, s.SetHosting(ctx, helped, a.ID, true, noon))
	others := plan(c.ID, []id.Person{a.ID, b.ID}, nil, schedule.Open)
	must(t, s.SetGoing(ctx, theirs, b.ID, 15, noon))
	for _, which := range []id.Plan{theirs, asks, invites, helped, others} {
		sees(a.ID, which, true)
		sees(b.ID, which, true)
	}
	due := func() (n int) {
		t.Helper()
		some, err := s.DueReminders(ctx, schedule.Reminder{}, noon.Add(2*time.Hour), 100)
		must(t, err)
		news, err := s.NewsFor(ctx, b.ID, noon.Add(2*time.Hour))
		must(t, err)
		for _, r := range slices.Concat(some, news) {
			if r.Who == b.ID && r.Plan == theirs {
				n++
			}
		}
		return n
	}
	same(t, due(), 2)

	must(t, s.SetBlock(ctx, a.ID, b.ID, people.LevelMute, noon))
	sees(b.ID, theirs, true)
	must(t, s.SetBlock(ctx, a.ID, b.ID, people.LevelBlock, noon))
	sees(b.ID, theirs, false)
	sees(c.ID, theirs, true)
	sees(a.ID, asks, false)
	sees(a.ID, invites, false)
	sees(a.ID, helped, true) // what one hosts oneself is not lost
	for _, which := range []id.Plan{asks, invites, helped, others} {
		sees(b.ID, which, true) // who is blocked sees nothing of it
	}
	sees(a.ID, others, true)
	same(t, due(), 0)
	feed, err := s.FeedOf(ctx, b.ID)
	must(t, err)
	for _, p := range feed {
		if p.ID == theirs {
			t.Error("the plan is in the calendar of who is blocked")
		}
	}
	must(t, s.CancelPlan(ctx, theirs, a.ID, noon))
	news, err := s.NewsOf(ctx, theirs)
	must(t, err)
	same(t, len(news), 0)
	must(t, s.DropBlock(ctx, a.ID, b.ID))
	news, err = s.NewsOf(ctx, theirs)
	must(t, err)
	same(t, len(news), 1)
}

// blocksAndClubs looks at what becomes of an invitation by somebody who is blocked.
func blocksAndClubs(t *testing.T, s Store) {
	ctx, a := t.Context(), first(t, s)
	b := invited(t, s, a, "Bo")
	c := clubs.New(s, func() time.Time { return noon })
	club, err := c.Found(ctx, b.ID, clubs.Words{Name: "Tea", Joining: clubs.Nomination, Rooms: clubs.ByMembers})
	must(t, err)
	must(t, c.Nominate(ctx, b.ID, club.ID, a.ID))
	invitations := func() int {
		t.Helper()
		lists, err := c.Lists(ctx, a.ID)
		must(t, err)
		return len(lists.Invited)
	}
	same(t, invitations(), 1)
	must(t, s.SetBlock(ctx, a.ID, b.ID, people.LevelBlock, noon))
	c.Forget(a.ID)
	same(t, invitations(), 0)
	_, err = c.Club(ctx, a.ID, club.ID)
	refused(t, err, clubs.ErrNone)
	names, err := c.NamesFor(ctx, a.ID, []id.Club{club.ID})
	must(t, err)
	same(t, len(names), 0)
	found, err := c.Find(ctx, a.ID, "tea", 10)
	must(t, err)
	same(t, len(found), 0)
	// Who invited them sees them wait, as anybody who has not answered.
	waiting, err := c.Waiting(ctx, b.ID, club.ID)
	must(t, err)
	same(t, len(waiting), 1)
	must(t, s.DropBlock(ctx, a.ID, b.ID))
	c.Forget(a.ID)
	same(t, invitations(), 1)
}

// peopleBlock walks through blocks as package people keeps them, also what it knows
// by heart.
func peopleBlock(t *testing.T, s Store) {
	ctx := t.Context()
	p, _, invite := house(t, s)
	ada, _, err := p.SignUpByRecovery(ctx, people.ByInvite(invite), "Ada")
	must(t, err)
	bo, cy := comes(t, p, s, ada.Person, "Bo"), comes(t, p, s, ada.Person, "Cy")
	blockers := func(of id.Person, candidates ...id.Person) []id.Person {
		t.Helper()
		out, err := p.BlockersAmong(ctx, of, candidates)
		must(t, err)
		return out
	}
	refused(t, p.Block(ctx, ada.ID, ada.ID, people.LevelBlock), people.ErrSelf)
	refused(t, p.Block(ctx, ada.ID, bo.ID, "hate"), people.ErrLevel)
	for range 2 {
		same(t, len(blockers(bo.ID, ada.ID, cy.ID)), 0) // known the second time
		must(t, p.Block(ctx, ada.ID, bo.ID, people.LevelBlock))
		same(t, blockers(bo.ID, ada.ID, cy.ID), []id.Person{ada.ID})
		same(t, blockers(bo.ID, ada.ID, cy.ID), []id.Person{ada.ID})
		same(t, len(blockers(ada.ID, bo.ID)), 0)
		by, err := p.BlockedBy(ctx, ada.ID)
		must(t, err)
		same(t, by, map[id.Person]people.Level{bo.ID: people.LevelBlock})
		list, err := p.Blocks(ctx, ada.ID)
		must(t, err)
		same(t, list[0].Name, "Bo")
		must(t, p.Block(ctx, ada.ID, bo.ID, people.LevelMute))
		same(t, len(blockers(bo.ID, ada.ID)), 0)
		by, err = p.BlockedBy(ctx, ada.ID)
		must(t, err)
		same(t, by[bo.ID], people.LevelMute)
		must(t, p.Unblock(ctx, ada.ID, bo.ID))
		by, err = p.BlockedBy(ctx, ada.ID)
		must(t, err)
		same(t, len(by), 0)
	}

	// Of somebody whom very many have blocked it is asked about each who is before one.
	var some []id.Person
	for range 201 {
		one := comes(t, p, s, ada.Person, "Dee")
		must(t, p.Block(ctx, one.ID, cy.ID, people.LevelBlock))
		some = append(some, one.ID)
	}
	for range 2 {
		same(t, blockers(cy.ID, ada.ID, some[200]), []id.Person{some[200]})
		same(t, len(blockers(cy.ID, append(some, ada.ID)...)), 201)
	}
	must(t, p.Unblock(ctx, some[0], cy.ID))
	same(t, len(blockers(cy.ID, append(some, ada.ID)...)), 200)

	// What one has blocked is stored, and told to who has, not to whom it is about.
	must(t, p.Block(ctx, ada.ID, bo.ID, people.LevelBlock))
	for who, want := range map[id.Person]int{ada.ID: 1, bo.ID: 0} {
		rows, err := p.Stored(ctx, who)
		must(t, err)
		n := 0
		for _, r := range rows {
			if r.Class == people.ClassBlocks {
				n++
				same(t, r.More["person"], any(bo.ID))
			}
			if who == bo.ID && r.More["person"] == any(ada.ID) {
				t.Errorf("who is blocked is told of it: %v", r)
			}
		}
		same(t, n, want)
	}

	// Nobody finds who has blocked them, by the whole handle neither.
	w, err := p.OwnProfile(ctx, ada.ID)
	must(t, err)
	w.Written.Handle, w.Written.Findable = "ada_l", true
	_, err = p.SetProfile(ctx, ada.ID, w.Version, w.Written)
	must(t, err)
	for _, looked := range []string{"ada", "@ada_l"} {
		for who, want := range map[id.Person]string{bo.ID: "", cy.ID: "Ada"} {
			found, err := p.Find(ctx, who, looked)
			must(t, err)
			var names []string
			for _, one := range found {
				names = append(names, one.Name)
			}
			same(t, strings.Join(names, " "), want)
		}
	}
	must(t, p.Erase(ctx, ada.ID))
	same(t, len(blockers(bo.ID, ada.ID)), 0)
}
