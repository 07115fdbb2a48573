package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/clubs"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
)

var teaWords = clubs.Words{
	Name: "Tea", About: "one\ntwo", Rules: []string{"Be kind"}, Joining: clubs.Open, Rooms: clubs.ByMembers, Listed: true, Language: "de",
}

// clubHouse returns clubs and people kept in s, with Ada.
func clubHouse(t *testing.T, s Store) (c *clubs.Clubs, p *people.People, ada people.Person) {
	t.Helper()
	p, now, founding := house(t, s)
	a, _, err := p.SignUpByRecovery(t.Context(), people.ByInvite(founding), "Ada")
	must(t, err)
	var mu sync.Mutex
	return clubs.New(s, func() time.Time { // each time a second later
		mu.Lock()
		defer mu.Unlock()
		*now = now.Add(time.Second)
		return *now
	}), p, a.Person
}

func keepsClubs(t *testing.T, s Store) {
	ctx := t.Context()
	c, p, ada := clubHouse(t, s)
	bo, cy := comes(t, p, s, ada, "Bo"), comes(t, p, s, ada, "Cy")
	tea, err := c.Found(ctx, ada.ID, teaWords)
	must(t, err)
	same(t, tea.Words, teaWords)
	same(t, [3]any{tea.Members, tea.Standing, tea.RulesVersion}, [3]any{1, clubs.Founder, int64(1)})
	same(t, len(tea.Leads), 1)

	// Two admins who change it: one does, and the other sees it.
	_, err = c.Join(ctx, bo.ID, tea.ID, 2)
	refused(t, err, clubs.ErrRules)
	at, err := c.Join(ctx, bo.ID, tea.ID, 1)
	must(t, err)
	same(t, at, clubs.Member)
	must(t, c.SetStanding(ctx, ada.ID, tea.ID, bo.ID, clubs.Admin))
	w := teaWords
	w.Rules, w.Joining = []string{"Be kind", "Be brief"}, clubs.Approval
	changed, err := c.Change(ctx, ada.ID, tea.ID, 1, w)
	must(t, err)
	same(t, [2]int64{changed.RulesVersion, changed.Version}, [2]int64{2, 2})
	_, err = c.Change(ctx, bo.ID, tea.ID, 1, teaWords)
	refused(t, err, clubs.ErrChanged)

	at, err = c.Join(ctx, cy.ID, tea.ID, 2)
	must(t, err)
	same(t, at, clubs.Asked)
	full, err := c.Club(ctx, bo.ID, tea.ID)
	must(t, err)
	same(t, [3]int{full.Members, full.Waiting, len(full.Leads)}, [3]int{2, 1, 2})
	same(t, full.Leads[0].Person, ada.ID)
	must(t, c.Answer(ctx, bo.ID, tea.ID, cy.ID, true))
	is, err := c.IsMember(ctx, tea.ID, cy.ID)
	must(t, err)
	same(t, is, true)
	among, err := c.MembersAmong(ctx, tea.ID, []id.Person{cy.ID, id.New[id.Person](), ada.ID})
	must(t, err)
	same(t, among, []id.Person{cy.ID, ada.ID})

	// Pages of members, in the order in which they came.
	var all []id.Person
	for next, more := "", true; more; more = next != "" {
		var page []clubs.Place
		page, next, err = c.Members(ctx, cy.ID, tea.ID, next, 1)
		must(t, err)
		same(t, len(page), 1)
		all = append(all, page[0].Person)
	}
	same(t, all, []id.Person{ada.ID, bo.ID, cy.ID})
	_, _, err = c.Members(ctx, cy.ID, tea.ID, "?", 1)
	refused(t, err, clubs.ErrMark)

	must(t, c.Show(ctx, cy.ID, tea.ID, true))
	shown, err := c.ShownBy(ctx, ada.ID, cy.ID)
	must(t, err)
	same(t, shown, []clubs.ShownClub{{ID: tea.ID, Name: "Tea", Standing: clubs.Member}})
	must(t, c.Remove(ctx, bo.ID, tea.ID, cy.ID, true))
	_, err = c.Join(ctx, cy.ID, tea.ID, 2)
	refused(t, err, clubs.ErrNoEntry)
	barred, err := c.Barred(ctx, bo.ID, tea.ID)
	must(t, err)
	same(t, [2]any{len(barred), barred[0].Shown}, [2]any{1, false})
	among, err = c.MembersAmong(ctx, tea.ID, []id.Person{cy.ID})
	must(t, err)
	same(t, len(among), 0)
	must(t, c.LetOff(ctx, bo.ID, tea.ID, cy.ID))

	// Whom a member nominates an admin invites, and they say yes themselves.
	dee := comes(t, p, s, ada, "Dee")
	must(t, c.SetStanding(ctx, ada.ID, tea.ID, bo.ID, clubs.Member))
	must(t, c.Nominate(ctx, bo.ID, tea.ID, dee.ID))
	waiting, err := c.Waiting(ctx, ada.ID, tea.ID)
	must(t, err)
	same(t, [2]any{waiting[0].Standing, waiting[0].By}, [2]any{clubs.Nominated, bo.ID})
	must(t, c.Answer(ctx, ada.ID, tea.ID, dee.ID, true))
	lists, err := c.Lists(ctx, dee.ID)
	must(t, err)
	same(t, [2]int{len(lists.Invited), len(lists.Mine)}, [2]int{1, 0})
	_, err = c.Join(ctx, dee.ID, tea.ID, 2)
	must(t, err)

	// An unlisted club has nobody who follows it or asks.
	must(t, c.Follow(ctx, cy.ID, tea.ID, true))
	must(t, c.Follow(ctx, cy.ID, tea.ID, true))
	near, err := c.Near(ctx, cy.ID)
	must(t, err)
	same(t, near, map[id.Club]bool{tea.ID: false})
	_, err = c.Join(ctx, cy.ID, tea.ID, 2)
	must(t, err)
	full, err = c.Club(ctx, cy.ID, tea.ID)
	must(t, err)
	same(t, [3]any{full.Followers, full.Followed, full.Standing}, [3]any{1, true, clubs.Asked})
	w.Listed = false
	_, err = c.Change(ctx, ada.ID, tea.ID, 2, w)
	must(t, err)
	_, err = c.Club(ctx, cy.ID, tea.ID)
	refused(t, err, clubs.ErrNone)
	near, err = c.Near(ctx, cy.ID)
	must(t, err)
	same(t, len(near), 0)
	lists, err = c.Lists(ctx, cy.ID)
	must(t, err)
	same(t, lists, clubs.Lists{})
	full, err = c.Club(ctx, dee.ID, tea.ID)
	must(t, err)
	same(t, full.Followers, 0)
	names, err := c.NamesFor(ctx, cy.ID, []id.Club{tea.ID})
	must(t, err)
	same(t, len(names), 0)
	names, err = c.NamesFor(ctx, dee.ID, []id.Club{tea.ID})
	must(t, err)
	same(t, names, map[id.Club]string{tea.ID: "Tea"})

	must(t, c.Delete(ctx, ada.ID, tea.ID))
	_, err = c.Club(ctx, ada.ID, tea.ID)
	refused(t, err, clubs.ErrNone)
	names, err = c.NamesOf(ctx, []id.Club{tea.ID})
	must(t, err)
	same(t, len(names), 0)
	of, err := c.Of(ctx, dee.ID)
	must(t, err)
	same(t, len(of), 0)
	refused(t, c.Leave(ctx, dee.ID, tea.ID), clubs.ErrNone)
}

// clubsAtOnce has people do at the same time what only one of them may.
func clubsAtOnce(t *testing.T, s Store) {
	ctx := t.Context()
	c, p, ada := clubHouse(t, s)
	tea, err := c.Found(ctx, ada.ID, teaWords)
	must(t, err)
	var all []people.Person
	for range 6 {
		all = append(all, comes(t, p, s, ada, "Bo"))
	}
	at := func(do func(n int) error) (errs []error) {
		errs = make([]error, len(all))
		var wg sync.WaitGroup
		for n := range all {
			wg.Go(func() { errs[n] = do(n) })
		}
		wg.Wait()
		return errs
	}
	won := func(errs []error, lost error) {
		t.Helper()
		n := 0
		for _, err := range errs {
			if err == nil {
				n++
				continue
			}
			refused(t, err, lost)
		}
		same(t, n, 1)
	}

	// At the last place: the rule is the same, with fewer places.
	won(at(func(n int) error {
		return s.ChangeClub(context.Background(), tea.ID, all[n].ID, all[n].ID, noon, func(sc clubs.Scene) (clubs.Outcome, error) {
			if sc.Club.Members >= 2 {
				return clubs.Outcome{}, clubs.ErrFull
			}
			return clubs.Outcome{Places: []clubs.Place{{Person: all[n].ID, Standing: clubs.Member}}}, nil
		})
	}), clubs.ErrFull)
	full, err := c.Club(ctx, ada.ID, tea.ID)
	must(t, err)
	same(t, full.Members, 2)

	// A founder hands over to several at once.
	for _, who := range all {
		_, err := c.Join(ctx, who.ID, tea.ID, 1)
		must(t, err)
	}
	won(at(func(n int) error {
		return c.SetStanding(context.Background(), ada.ID, tea.ID, all[n].ID, clubs.Founder)
	}), clubs.ErrNotFounder)
	full, err = c.Club(ctx, ada.ID, tea.ID)
	must(t, err)
	same(t, [3]any{full.Standing, len(full.Leads), full.Leads[0].Standing}, [3]any{clubs.Admin, 2, clubs.Founder})

	// Somebody founds the last of the clubs that they may in several places.
	for range clubs.FoundedMax - 1 {
		_, err := c.Found(ctx, all[0].ID, teaWords)
		must(t, err)
	}
	founder := full.Leads[0].Person
	errs := at(func(int) error {
		_, err := c.Found(context.Background(), all[0].ID, teaWords)
		return err
	})
	if founder == all[0].ID { // who has one more then
		for _, err := range errs {
			refused(t, err, clubs.ErrTooMany)
		}
		return
	}
	won(errs, clubs.ErrTooMany)
}

func clubsErased(t *testing.T, s Store) {
	ctx := t.Context()
	c, p, ada := clubHouse(t, s)
	bo, cy, dee := comes(t, p, s, ada, "Bo"), comes(t, p, s, ada, "Cy"), comes(t, p, s, ada, "Dee")
	tea, err := c.Found(ctx, ada.ID, teaWords)
	must(t, err)
	own, err := c.Found(ctx, ada.ID, teaWords)
	must(t, err)
	must(t, c.Nominate(ctx, ada.ID, own.ID, dee.ID))
	must(t, c.Follow(ctx, cy.ID, own.ID, true))
	for _, who := range []people.Person{bo, cy, dee} {
		_, err := c.Join(ctx, who.ID, tea.ID, 1)
		must(t, err)
	}
	must(t, c.SetStanding(ctx, ada.ID, tea.ID, cy.ID, clubs.Admin))
	must(t, c.Follow(ctx, dee.ID, tea.ID, true))

	erase := func(who people.Person) {
		t.Helper()
		must(t, p.Erase(ctx, who.ID))
		c.Erased(who.ID)
	}
	founder := func(want people.Person, members, followers int) {
		t.Helper()
		full, err := c.Club(ctx, want.ID, tea.ID)
		must(t, err)
		same(t, [3]any{full.Leads[0].Person, full.Members, full.Followers}, [3]any{want.ID, members, followers})
		same(t, full.Standing, clubs.Founder)
	}
	erase(ada)
	founder(cy, 3, 1) // the admin
	_, err = c.Club(ctx, dee.ID, own.ID)
	refused(t, err, clubs.ErrNone) // nobody was in it
	lists, err := c.Lists(ctx, dee.ID)
	must(t, err)
	same(t, [3]int{len(lists.Mine), len(lists.Invited), len(lists.Followed)}, [3]int{1, 0, 1})
	erase(cy)
	founder(bo, 2, 1) // who has been there for the longest
	erase(dee)
	founder(bo, 1, 0)
	rows, err := s.Rows(ctx, bo.ID)
	must(t, err)
	same(t, slices.ContainsFunc(rows, func(r people.Row) bool { return r.Class == people.ClassClubs }), true)

	// The founder is erased while others join: either there is nobody, and the club
	// is gone, or whoever was faster is the founder.
	for range 5 {
		eve := comes(t, p, s, bo, "Eve")
		club, err := c.Found(ctx, eve.ID, teaWords)
		must(t, err)
		var all []people.Person
		for range 4 {
			all = append(all, comes(t, p, s, bo, "Flo"))
		}
		joined := make([]error, len(all))
		var wg sync.WaitGroup
		for n, who := range all {
			wg.Go(func() { _, joined[n] = c.Join(context.Background(), who.ID, club.ID, 1) })
		}
		var gone error
		wg.Go(func() { gone = p.Erase(context.Background(), eve.ID); c.Erased(eve.ID) })
		wg.Wait()
		must(t, gone)
		in := 0
		for _, err := range joined {
			if err == nil {
				in++
				continue
			}
			refused(t, err, clubs.ErrNone)
		}
		left, err := c.Club(ctx, bo.ID, club.ID)
		if in == 0 {
			refused(t, err, clubs.ErrNone)
			continue
		}
		must(t, err)
		same(t, [2]int{left.Members, len(left.Leads)}, [2]int{in, 1})
		same(t, left.Leads[0].Standing, clubs.Founder)
	}
}

func clubsOfPeople(t *testing.T, s Store) {
	ctx := t.Context()
	c, p, ada := clubHouse(t, s)
	bo := comes(t, p, s, ada, "Bo")
	var made []id.Club
	for n := range clubs.FoundedMax {
		w := teaWords
		w.Name = strings.Repeat("z", n+1)
		w.Listed = n != 0
		club, err := c.Found(ctx, ada.ID, w)
		must(t, err)
		made = append(made, club.ID)
	}
	_, err := c.Found(ctx, ada.ID, teaWords)
	refused(t, err, clubs.ErrTooMany)
	_, err = c.Found(ctx, id.New[id.Person](), teaWords)
	refused(t, err, people.ErrNoPerson)
	_, err = c.Join(ctx, bo.ID, made[2], 1)
	must(t, err)

	// Listed clubs, the larger first, in pages; each once.
	var all []id.Club
	for next, more := "", true; more; more = next != "" {
		var page []clubs.Club
		page, next, err = c.Listed(ctx, bo.ID, next, 2)
		must(t, err)
		for _, one := range page {
			all = append(all, one.ID)
		}
	}
	same(t, all[0], made[2])
	slices.SortFunc(all, func(a, b id.Club) int { return slices.Compare(a[:], b[:]) })
	want := slices.Clone(made[1:])
	slices.SortFunc(want, func(a, b id.Club) int { return slices.Compare(a[:], b[:]) })
	same(t, all, want)
	_, _, err = c.Listed(ctx, bo.ID, "?", 2)
	refused(t, err, clubs.ErrMark)
	lists, err := c.Lists(ctx, ada.ID)
	must(t, err)
	same(t, [2]any{len(lists.Mine), lists.Mine[0].ID}, [2]any{clubs.FoundedMax, made[0]})

	// Who may open rooms.
	for _, one := range []struct {
		who  id.Person
		club id.Club
		err  error
	}{
		{ada.ID, made[0], nil},
		{bo.ID, made[0], clubs.ErrNone},
		{bo.ID, made[1], clubs.ErrNotMember},
		{bo.ID, made[2], nil},
		{bo.ID, id.New[id.Club](), clubs.ErrNone},
	} {
		if err := c.CheckOpen(ctx, one.club, one.who); !errors.Is(err, one.err) {
			t.Errorf("%v, want %v", err, one.err)
		}
		may, err := c.MayOpen(ctx, one.club, one.who)
		must(t, err)
		same(t, may, one.err == nil)
	}
	w := teaWords
	w.Rooms = clubs.ByAdmins
	_, err = c.Change(ctx, ada.ID, made[2], 1, w)
	must(t, err)
	refused(t, c.CheckOpen(ctx, made[2], bo.ID), clubs.ErrNotAdmin)
	must(t, c.CheckOpen(ctx, made[2], ada.ID))
}

func hiddenAndLoud(t *testing.T, s Store) {
	ctx := t.Context()
	p, _, founding := house(t, s)
	a, _, err := p.SignUpByRecovery(ctx, people.ByInvite(founding), "Ada")
	must(t, err)
	bo := comes(t, p, s, a.Person, "Bo")
	must(t, p.Follow(ctx, a.ID, bo.ID))
	seen, err := p.Profile(ctx, a.ID, bo.ID)
	must(t, err)
	same(t, [2]any{seen.Followed, seen.Notify}, [2]any{true, people.NotifySometimes})
	must(t, p.FollowAs(ctx, a.ID, bo.ID, people.NotifyAlways))
	must(t, p.Follow(ctx, a.ID, bo.ID)) // which changes nothing
	refused(t, p.FollowAs(ctx, a.ID, bo.ID, "loud"), people.ErrNotify)
	list, err := p.Following(ctx, a.ID)
	must(t, err)
	same(t, list[0].Notify, people.NotifyAlways)
	list, err = p.Followers(ctx, bo.ID) // it is nobody else's
	must(t, err)
	same(t, [2]any{list[0].Followed, list[0].Notify}, [2]any{false, people.Notify("")})
	refused(t, s.SetNotify(ctx, bo.ID, a.ID, people.NotifyNever), people.ErrNoPerson)

	must(t, p.Hide(ctx, a.ID, bo.ID))
	must(t, p.Hide(ctx, a.ID, bo.ID))
	refused(t, p.Hide(ctx, a.ID, a.ID), people.ErrSelf)
	refused(t, p.Hide(ctx, a.ID, id.New[id.Person]()), people.ErrNoPerson)
	hidden, err := p.Hidden(ctx, a.ID)
	must(t, err)
	same(t, hidden, []id.Person{bo.ID})
	hidden, err = p.Hidden(ctx, bo.ID)
	must(t, err)
	same(t, len(hidden), 0)
}

func clubsFound(t *testing.T, s Store) {
	ctx := t.Context()
	c, p, ada := clubHouse(t, s)
	bo, cy := comes(t, p, s, ada, "Bo"), comes(t, p, s, ada, "Cy")
	found := func(name string, listed bool, joining clubs.Joining) id.Club {
		w := teaWords
		w.Name, w.Listed, w.Joining = name, listed, joining
		made, err := c.Found(ctx, ada.ID, w)
		must(t, err)
		return made.ID
	}
	late := found("Über späten Tee", true, clubs.Open)
	green := found("Grüner Tee", true, clubs.Open)
	secret := found("Geheimer Tee", false, clubs.Nomination)
	_, err := c.Join(ctx, bo.ID, green, 1)
	must(t, err)
	must(t, c.Nominate(ctx, ada.ID, secret, cy.ID)) // who leads invites
	find := func(who people.Person, looked string, want ...id.Club) {
		t.Helper()
		all, err := c.Find(ctx, who.ID, looked, 20)
		must(t, err)
		var got []id.Club
		for _, one := range all {
			got = append(got, one.ID)
		}
		same(t, got, want)
	}
	find(bo, "tee", green, late) // the larger first
	find(bo, "TE", green, late)
	find(bo, "spaten uber", late)
	find(bo, "ee")
	find(bo, "geheim")
	find(cy, "geheim", secret) // who is invited
	find(ada, "geheimer t", secret)
	find(bo, "")
	find(bo, "% _")
	find(bo, "tee grün a b c d e f")
	all, err := c.Find(ctx, bo.ID, "tee", 1)
	must(t, err)
	same(t, len(all), 1)
	same(t, [2]any{all[0].Standing, all[0].Members}, [2]any{clubs.Member, 2})

	// It is found by what it is called now, and not when it is gone.
	w := teaWords
	w.Name = "Kaffee"
	_, err = c.Change(ctx, ada.ID, late, 1, w)
	must(t, err)
	find(bo, "kaff", late)
	find(bo, "spaten")
	must(t, c.Delete(ctx, ada.ID, late))
	find(bo, "kaff")
}
