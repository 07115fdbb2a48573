package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/clubs"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/schedule"
)

// evening is when plans of tests start.
var evening = noon.Add(8 * time.Hour)

func planOf(host people.Person, v schedule.Visibility) schedule.Plan {
	return schedule.Plan{
		ID: id.New[id.Plan](), Host: host.ID, Sealed: []byte{1, 0, 0xff}, Starts: evening, Minutes: 60, Visibility: v, Language: "de-AT",
		State: schedule.Planned, Version: 1, Created: noon, Changed: noon,
	}
}

// plan adds a plan.
func plan(t *testing.T, s Store, host people.Person, v schedule.Visibility, cohosts, invited []id.Person) schedule.Plan {
	t.Helper()
	p := planOf(host, v)
	must(t, s.AddPlan(t.Context(), p, cohosts, invited, evening.Add(-15*time.Minute)))
	return p
}

// seen reports whether who sees a plan, by itself and in the list of all.
func seen(t *testing.T, s Store, which id.Plan, who id.Person) bool {
	t.Helper()
	_, err := s.Plan(t.Context(), which, who)
	if err != nil {
		refused(t, err, schedule.ErrNoPlan)
	}
	listed := false
	all, lerr := s.Plans(t.Context(), who, schedule.Choice{Which: schedule.All, From: noon, To: noon.AddDate(1, 0, 0)})
	must(t, lerr)
	for _, p := range all {
		listed = listed || p.ID == which
	}
	same(t, listed, err == nil)
	return err == nil
}

func plans(t *testing.T, s Store) {
	ctx, ada := t.Context(), first(t, s)
	bo, cy := invited(t, s, ada, "Bo"), invited(t, s, ada, "Cy")
	p := plan(t, s, ada, schedule.Open, []id.Person{bo.ID, id.New[id.Person]()}, nil)
	got, err := s.Plan(ctx, p.ID, cy.ID)
	must(t, err)
	want := p
	want.Cohosts, want.Going = []schedule.Cohost{{Who: bo.ID}}, 1
	want.Mine.Remind = schedule.NoReminder
	same(t, got, want)

	// Bo was asked, and says yes once.
	refused(t, s.SetHosting(ctx, p.ID, cy.ID, true, noon), schedule.ErrNoPlan)
	must(t, s.SetHosting(ctx, p.ID, bo.ID, true, noon))
	refused(t, s.SetHosting(ctx, p.ID, bo.ID, true, noon), schedule.ErrNoPlan)
	got, err = s.Plan(ctx, p.ID, bo.ID)
	must(t, err)
	same(t, got.Hosts(), []id.Person{ada.ID, bo.ID})
	same(t, got.Mine, schedule.Mine{Going: true, Remind: schedule.RemindUsual})
	same(t, got.Version, int64(2))

	// Who goes is told that it has moved, but not who has moved it.
	must(t, s.SetGoing(ctx, p.ID, cy.ID, 60, noon))
	p.Version, p.Starts, p.Sealed = 1, evening.Add(time.Hour), []byte{2}
	refused(t, s.ChangePlan(ctx, p, schedule.Draft{}, true, ada.ID, noon), schedule.ErrChanged)
	p.Version = 2
	must(t, s.ChangePlan(ctx, p, schedule.Draft{Cohosts: []id.Person{bo.ID}, Invite: []id.Person{cy.ID}}, true, ada.ID, noon))
	guests, err := s.Invited(ctx, p.ID)
	must(t, err)
	same(t, guests, []id.Person{cy.ID})
	news, err := s.NewsOf(ctx, p.ID)
	must(t, err)
	same(t, len(news), 2)
	news, err = s.NewsFor(ctx, ada.ID, noon)
	must(t, err)
	same(t, len(news), 0)
	due, err := s.DueReminders(ctx, schedule.Reminder{}, evening, 10)
	must(t, err)
	same(t, due, []schedule.Reminder{{Plan: p.ID, Who: cy.ID, Kind: schedule.Soon, Due: evening}})
	p.Version = 3
	must(t, s.ChangePlan(ctx, p, schedule.Draft{}, false, bo.ID, noon)) // no co-hosts, the same guests
	got, err = s.Plan(ctx, p.ID, cy.ID)
	must(t, err)
	same(t, got.Hosts(), []id.Person{ada.ID})
	guests, err = s.Invited(ctx, p.ID)
	must(t, err)
	same(t, len(guests), 1)

	// A cancelled one is there for who goes.
	must(t, s.DropGoing(ctx, p.ID, bo.ID))
	must(t, s.CancelPlan(ctx, p.ID, ada.ID, noon))
	refused(t, s.CancelPlan(ctx, p.ID, ada.ID, noon), schedule.ErrBegun)
	same(t, seen(t, s, p.ID, cy.ID), true)
	same(t, seen(t, s, p.ID, bo.ID), false)
	due, err = s.DueReminders(ctx, schedule.Reminder{}, evening.Add(24*time.Hour), 10)
	must(t, err)
	same(t, len(due), 0)
	must(t, s.ForgetPlans(ctx, noon, p.Ends().Add(-1)))
	same(t, seen(t, s, p.ID, cy.ID), true)
	must(t, s.ForgetPlans(ctx, noon, p.Ends()))
	same(t, seen(t, s, p.ID, cy.ID), false)
}

// plansSeen looks who sees what.
func plansSeen(t *testing.T, s Store) {
	ctx, ada := t.Context(), first(t, s)
	kinds := []string{"cohost", "goes", "invited", "followed", "follows", "nobody"}
	by := make(map[string]people.Person)
	for _, kind := range kinds {
		by[kind] = invited(t, s, ada, kind)
	}
	must(t, s.Follow(ctx, ada.ID, by["followed"].ID, noon))
	must(t, s.Follow(ctx, by["follows"].ID, ada.ID, noon))
	always := map[string]bool{"cohost": true, "goes": true, "invited": true}
	for v, more := range map[schedule.Visibility]map[string]bool{
		schedule.Open:    {"followed": true, "follows": true, "nobody": true},
		schedule.Social:  {"followed": true},
		schedule.Closed:  {},
		schedule.Members: {},
	} {
		p := plan(t, s, ada, v, []id.Person{by["cohost"].ID}, []id.Person{by["invited"].ID})
		must(t, s.SetGoing(ctx, p.ID, by["goes"].ID, schedule.NoReminder, noon))
		same(t, seen(t, s, p.ID, ada.ID), true)
		for _, kind := range kinds {
			if got := seen(t, s, p.ID, by[kind].ID); got != (always[kind] || more[kind]) {
				t.Errorf("%s: %s sees it: %t", v, kind, got)
			}
		}
		must(t, s.CancelPlan(ctx, p.ID, ada.ID, noon))
		for _, kind := range kinds {
			if got := seen(t, s, p.ID, by[kind].ID); got != (kind == "cohost" || kind == "goes") {
				t.Errorf("%s, cancelled: %s sees it: %t", v, kind, got)
			}
		}
	}
	plan(t, s, ada, schedule.Open, nil, nil)
	for kind, n := range map[string]int{"cohost": 4, "goes": 4, "invited": 1, "follows": 1, "followed": 0, "nobody": 0} {
		for which, n := range map[schedule.Which]int{schedule.ForMe: n, schedule.OfClubs: 0} {
			if kind == "invited" {
				n = 0 // of what is cancelled they see nothing any more
			}
			list, err := s.Plans(ctx, by[kind].ID, schedule.Choice{Which: which, From: noon, To: evening.Add(time.Minute)})
			must(t, err)
			if len(list) != n {
				t.Errorf("%s, %s: %d plans", kind, which, len(list))
			}
		}
	}
	// Of one club there is what is of it, as far as one sees that.
	club := clubs.Club{ID: id.New[id.Club](), Created: noon, Words: clubs.Words{Name: "Tea", Rules: []string{}, Joining: clubs.Open, Rooms: clubs.ByAdmins}}
	must(t, s.FoundClub(ctx, club, ada.ID, func(clubs.Scene) error { return nil }))
	ofClub := planOf(ada, schedule.Members)
	ofClub.Club = club.ID
	must(t, s.AddPlan(ctx, ofClub, nil, nil, evening))
	for _, c := range []struct {
		who  id.Person
		club id.Club
		want int
	}{{ada.ID, club.ID, 1}, {by["follows"].ID, club.ID, 0}, {ada.ID, id.New[id.Club](), 0}} {
		list, err := s.Plans(ctx, c.who, schedule.Choice{Which: schedule.All, Club: c.club, From: noon, To: evening.Add(time.Hour)})
		must(t, err)
		if len(list) != c.want || c.want > 0 && list[0].ID != ofClub.ID {
			t.Errorf("of the club there are %d plans, and should be %d", len(list), c.want)
		}
	}
	for _, at := range [][2]time.Time{{noon, evening}, {evening.Add(time.Hour), evening.AddDate(1, 0, 0)}} {
		list, err := s.Plans(ctx, ada.ID, schedule.Choice{Which: schedule.All, From: at[0], To: at[1]})
		must(t, err)
		same(t, len(list), 0)
	}
}

// plansBounded counts what there is too much of.
func plansBounded(t *testing.T, s Store) {
	ctx, ada := t.Context(), first(t, s)
	bo := invited(t, s, ada, "Bo")
	var wg sync.WaitGroup
	errs := make([]error, schedule.ComingMax+4)
	for n := range errs {
		wg.Go(func() {
			errs[n] = s.AddPlan(context.Background(), planOf(ada, schedule.Open), nil, nil, time.Time{})
		})
	}
	wg.Wait()
	refusals := 0
	for _, err := range errs {
		if err != nil {
			refused(t, err, schedule.ErrTooMany)
			refusals++
		}
	}
	same(t, refusals, 4)
	refused(t, s.SetGoing(ctx, id.New[id.Plan](), bo.ID, 5, noon), schedule.ErrNoPlan)

	// Somebody goes to as many as they may, and to another one when one is over.
	cy, going, last := invited(t, s, ada, "Cy"), 0, schedule.Plan{}
	for host := range schedule.GoingMax/schedule.ComingMax + 1 {
		by := invited(t, s, ada, fmt.Sprintf("Host %d", host))
		for range min(schedule.ComingMax, schedule.GoingMax+1-going) {
			last = plan(t, s, by, schedule.Open, nil, nil)
			going++
			if err := s.SetGoing(ctx, last.ID, cy.ID, 5, noon); going <= schedule.GoingMax {
				must(t, err)
			} else {
				refused(t, err, schedule.ErrGoing)
			}
		}
	}
	same(t, going, schedule.GoingMax+1)
	must(t, s.SetGoing(ctx, last.ID, bo.ID, 5, noon)) // which costs nobody else theirs
	must(t, s.SetGoing(ctx, last.ID, cy.ID, 5, last.Ends()))
	nobody := people.Person{ID: id.New[id.Person]()}
	refused(t, s.AddPlan(ctx, planOf(nobody, schedule.Open), nil, nil, time.Time{}), people.ErrNoPerson)
}

// goersBounded has as many go to a plan as may, and a few more at the same time.
func goersBounded(t *testing.T, s Store) {
	if testing.Short() {
		t.Skip("makes 10,000 people")
	}
	ctx, ada := t.Context(), first(t, s)
	p := plan(t, s, ada, schedule.Open, nil, nil)
	of := func() schedule.Plan {
		t.Helper()
		p, err := s.Plan(ctx, p.ID, ada.ID)
		must(t, err)
		return p
	}
	const over, at = 30, 64 // more than may, and at once, to share commits
	left := schedule.GoersMax - of().Going
	errs := make(chan error, left+over)
	next := make(chan struct{}, left+over)
	for range left + over {
		next <- struct{}{}
	}
	close(next)
	var wg sync.WaitGroup
	went := make(chan id.Person, left+over)
	for range at {
		wg.Go(func() {
			for range next {
				who := people.Person{ID: id.New[id.Person](), Created: noon}
				err := s.SignUp(ctx, people.NewAccount{Person: who})
				if err == nil {
					err = s.SetGoing(ctx, p.ID, who.ID, schedule.NoReminder, noon)
				}
				if err == nil {
					went <- who.ID
				}
				errs <- err
			}
		})
	}
	wg.Wait()
	close(errs)
	refusals := 0
	for err := range errs {
		if err != nil {
			refused(t, err, schedule.ErrFull)
			refusals++
		}
	}
	same(t, refusals, over)
	same(t, of().Going, schedule.GoersMax)

	// Whoever goes already may say so again, and a place that is given up is somebody's.
	one, late := <-went, invited(t, s, ada, "Late")
	must(t, s.SetGoing(ctx, p.ID, one, 5, noon))
	refused(t, s.SetGoing(ctx, p.ID, late.ID, 5, noon), schedule.ErrFull)
	must(t, s.DropGoing(ctx, p.ID, one))
	must(t, s.SetGoing(ctx, p.ID, late.ID, 5, noon))
	same(t, of().Going, schedule.GoersMax)
}

// plansOpen walks a plan from its start to its end.
func plansOpen(t *testing.T, s Store) {
	ctx, ada := t.Context(), first(t, s)
	bo := invited(t, s, ada, "Bo")
	p := plan(t, s, ada, schedule.Open, nil, nil)
	must(t, s.SetGoing(ctx, p.ID, bo.ID, 5, noon))
	timely := func(at time.Time) []schedule.Plan {
		t.Helper()
		all, err := s.Timely(ctx, at)
		must(t, err)
		return all
	}
	same(t, len(timely(evening.Add(-1))), 0)
	same(t, len(timely(evening)), 1)

	// Of many who begin, one does, and what it has begun can be seen.
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for n := range errs {
		wg.Go(func() {
			mine := p
			mine.Room = id.New[id.Room]()
			errs[n] = s.BeginPlan(context.Background(), mine, evening)
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		refused(t, err, schedule.ErrBegun)
	}
	same(t, won, 1)
	got := timely(evening)[0]
	same(t, got.State, schedule.Opening)
	same(t, got.Began, evening)
	same(t, got.Runs, false)
	same(t, got.Room.IsZero(), false)
	refused(t, s.CancelPlan(ctx, p.ID, ada.ID, evening), schedule.ErrBegun)
	refused(t, s.ChangePlan(ctx, p, schedule.Draft{}, false, ada.ID, evening), schedule.ErrBegun)

	// It is broken off, and one goes on.
	must(t, s.AgainPlan(ctx, got, evening.Add(time.Minute)))
	refused(t, s.AgainPlan(ctx, got, evening.Add(time.Minute)), schedule.ErrBegun)

	// The room is there, and nobody says that it is over.
	k := newTalk(2)
	must(t, s.Append(ctx, got.Room, 1, 1, k.events[:1]))
	got = timely(evening)[0]
	same(t, got.Runs, true)
	refused(t, s.ConcludePlan(ctx, got, evening), schedule.ErrBegun)
	for _, want := range []bool{true, false} {
		news, err := s.OpenedPlan(ctx, p.ID, evening)
		must(t, err)
		same(t, news, want)
	}
	same(t, len(timely(evening)), 0)
	news, err := s.NewsFor(ctx, bo.ID, evening)
	must(t, err)
	same(t, news, []schedule.Reminder{{Plan: p.ID, Who: bo.ID, Kind: schedule.NowOpen}})

	// It ends.
	must(t, s.Append(ctx, got.Room, 1, 2, []room.Event{room.Ended{Why: room.EndedEmptyStage}}))
	got = timely(evening)[0]
	same(t, got.Runs, false)
	must(t, s.ConcludePlan(ctx, got, evening))
	news, err = s.NewsFor(ctx, bo.ID, evening)
	must(t, err)
	same(t, len(news), 0)
	same(t, len(timely(evening)), 0)
	must(t, s.ForgetPlans(ctx, p.Ends().Add(-1), evening))
	same(t, seen(t, s, p.ID, bo.ID), true)
	must(t, s.ForgetPlans(ctx, p.Ends(), evening))
	same(t, seen(t, s, p.ID, bo.ID), false)
}

// plansRemind claims reminders, each once.
func plansRemind(t *testing.T, s Store) {
	ctx, ada := t.Context(), first(t, s)
	p := plan(t, s, ada, schedule.Open, nil, nil)
	for range 4 {
		must(t, s.SetGoing(ctx, p.ID, invited(t, s, ada, "Bo").ID, 15, noon))
	}
	var all []schedule.Reminder
	var last schedule.Reminder
	for {
		some, err := s.DueReminders(ctx, last, evening, 2)
		must(t, err)
		if len(some) == 0 {
			break
		}
		all, last = append(all, some...), some[len(some)-1]
	}
	same(t, len(all), 5)
	var mu sync.Mutex
	var wg sync.WaitGroup
	claimed := make(map[schedule.Reminder]int)
	for range 4 {
		wg.Go(func() {
			mine, err := s.Claim(context.Background(), all)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			for _, r := range mine {
				claimed[r]++
			}
		})
	}
	wg.Wait()
	same(t, len(claimed), 5)
	for r, n := range claimed {
		if n != 1 {
			t.Errorf("%v: %d times", r, n)
		}
	}
	// Who asks to be reminded at a time that is over is not, and who comes by then is.
	must(t, s.SetGoing(ctx, p.ID, ada.ID, 1440, noon))
	news, err := s.NewsFor(ctx, ada.ID, evening)
	must(t, err)
	same(t, len(news), 0)
	must(t, s.SetGoing(ctx, p.ID, ada.ID, 10, noon))
	news, err = s.NewsFor(ctx, ada.ID, evening.Add(-11*time.Minute))
	must(t, err)
	same(t, len(news), 0)
	news, err = s.NewsFor(ctx, ada.ID, evening.Add(-10*time.Minute))
	must(t, err)
	same(t, len(news), 1)
}

// plansErased has a plan go on with its co-host, or go.
func plansErased(t *testing.T, s Store) {
	ctx, ada := t.Context(), first(t, s)
	bo, cy := invited(t, s, ada, "Bo"), invited(t, s, ada, "Cy")
	p := plan(t, s, ada, schedule.Open, []id.Person{bo.ID, cy.ID}, []id.Person{cy.ID})
	gone := plan(t, s, ada, schedule.Open, []id.Person{bo.ID}, nil)
	refused(t, s.HandOver(ctx, p, bo.ID, []byte{2}, noon), schedule.ErrChanged)
	must(t, s.SetHosting(ctx, p.ID, bo.ID, true, noon))
	_, err := s.Calendar(ctx, ada.ID, func(int64) schedule.Hash { return schedule.Hash{7} }, noon)
	must(t, err)
	rows, err := s.Rows(ctx, ada.ID)
	must(t, err)
	has := make(map[people.Class]int)
	for _, r := range rows {
		has[r.Class]++
	}
	same(t, [3]int{has[people.ClassPlans], has[people.ClassGoing], has[people.ClassCalendar]}, [3]int{2, 2, 1})
	rows, err = s.Rows(ctx, cy.ID)
	must(t, err)
	as := make(map[any]int)
	for _, r := range rows {
		if r.Class == people.ClassPlans {
			as[r.More["as"]]++
		}
	}
	same(t, as, map[any]int{"asked": 1, "invited": 1})

	hosted, err := s.HostedBy(ctx, ada.ID)
	must(t, err)
	same(t, len(hosted), 2)
	for _, h := range hosted {
		if h.ID == p.ID {
			p = h
		}
	}
	same(t, p.Hosts(), []id.Person{ada.ID, bo.ID})
	must(t, s.HandOver(ctx, p, bo.ID, []byte{2}, noon))
	refused(t, s.HandOver(ctx, p, bo.ID, []byte{2}, noon), schedule.ErrChanged)
	must(t, s.Erase(ctx, ada.ID))
	got, err := s.Plan(ctx, p.ID, cy.ID)
	must(t, err)
	same(t, got.Host, bo.ID)
	same(t, got.Sealed, []byte{2})
	same(t, got.Cohosts, []schedule.Cohost{{Who: cy.ID}})
	same(t, seen(t, s, gone.ID, bo.ID), false)
	_, err = s.CalendarOf(ctx, schedule.Hash{7})
	refused(t, err, schedule.ErrNoCalendar)
}

func calendars(t *testing.T, s Store) {
	ctx, ada := t.Context(), first(t, s)
	hash := func(generation int64) schedule.Hash { return schedule.Hash{byte(generation)} }
	for range 2 {
		n, err := s.Calendar(ctx, ada.ID, hash, noon)
		must(t, err)
		same(t, n, int64(1))
	}
	who, err := s.CalendarOf(ctx, hash(1))
	must(t, err)
	same(t, who, ada.ID)
	n, err := s.RenewCalendar(ctx, ada.ID, hash, noon)
	must(t, err)
	same(t, n, int64(2))
	_, err = s.CalendarOf(ctx, hash(1))
	refused(t, err, schedule.ErrNoCalendar)
	_, err = s.Calendar(ctx, id.New[id.Person](), hash, noon)
	refused(t, err, people.ErrNoPerson)

	bo := invited(t, s, ada, "Bo")
	mine := plan(t, s, ada, schedule.Closed, []id.Person{bo.ID}, nil)
	other := plan(t, s, bo, schedule.Open, nil, nil)
	plan(t, s, bo, schedule.Open, nil, nil)
	must(t, s.SetGoing(ctx, other.ID, ada.ID, 30, noon))
	feed, err := s.FeedOf(ctx, ada.ID)
	must(t, err)
	same(t, len(feed), 2)
	for _, p := range feed {
		switch p.ID {
		case mine.ID:
			same(t, p.Mine.Remind, schedule.RemindUsual)
		case other.ID:
			same(t, p.Mine, schedule.Mine{Going: true, Remind: 30})
		default:
			t.Errorf("%v is none of hers", p.ID)
		}
	}
	feed, err = s.FeedOf(ctx, bo.ID) // she has asked him to host, and he has not said yes
	must(t, err)
	same(t, len(feed), 2)
}

// peoplePlan walks through the plans as package schedule uses the store.
func peoplePlan(t *testing.T, s Store) {
	ctx := t.Context()
	p, now, founding := house(t, s)
	ada, _, err := p.SignUpByRecovery(ctx, people.ByInvite(founding), "Ada")
	must(t, err)
	bo := comes(t, p, s, ada.Person, "Bo")
	plans := schedule.New(s, schedule.Config{Sealer: p, Key: []byte("a third key for tests"), Clock: func() time.Time { return *now }})
	p.SetHeir(plans)
	d := schedule.Draft{
		Words: schedule.Words{Title: " Tea ", About: "one\r\ntwo"}, Starts: evening, Minutes: 60, Cohosts: []id.Person{bo.ID}, Visibility: schedule.Open,
	}
	kept, err := plans.Add(ctx, ada.ID, d)
	must(t, err)
	same(t, kept.Words, schedule.Words{Title: "Tea", About: "one\ntwo"})
	lost, err := plans.Add(ctx, ada.ID, d)
	must(t, err)
	must(t, plans.SetHosting(ctx, kept.ID, bo.ID, true))

	// Opened early, by one of two who try.
	_, _, err = plans.OpenNow(ctx, kept.ID, ada.ID, plannedRooms{s})
	refused(t, err, schedule.ErrEarly)
	before, err := s.Plan(ctx, kept.ID, bo.ID)
	must(t, err)
	must(t, p.Erase(ctx, ada.ID))
	got, err := plans.Plan(ctx, kept.ID, bo.ID)
	must(t, err)
	same(t, got.Words, kept.Words)
	same(t, got.Host, bo.ID)
	_, err = plans.Plan(ctx, lost.ID, bo.ID)
	refused(t, err, schedule.ErrNoPlan)
	// What a backup of before has is nothing that anybody can read.
	if _, err := p.Unseal(ctx, ada.ID, "plan "+kept.ID.String(), before.Sealed); !p.IsGone(err) {
		t.Errorf("of before: %v", err)
	}

	*now = evening.Add(-10 * time.Minute)
	_, opened, err := plans.OpenNow(ctx, kept.ID, bo.ID, plannedRooms{s})
	must(t, err)
	same(t, opened, true)
	got, opened, err = plans.OpenNow(ctx, kept.ID, bo.ID, plannedRooms{s})
	must(t, err)
	same(t, opened, false)
	same(t, got.State, schedule.Opened)
	_, err = plans.Go(ctx, kept.ID, bo.ID, schedule.NoReminder)
	must(t, err)
	refused(t, plans.Cancel(ctx, kept.ID, bo.ID), schedule.ErrBegun)
}

// plannedRooms opens the rooms of plans in the store alone.
type plannedRooms struct{ Store }

func (r plannedRooms) OpenPlanned(ctx context.Context, p schedule.Plan, _ []id.Person) error {
	k := newTalk(1)
	return r.Append(ctx, p.Room, 1, 1, k.events[:1])
}

// peopleOpenPlans has several nodes' clocks turn at once, and rooms that are
// broken off.
func peopleOpenPlans(t *testing.T, s Store) {
	ctx := t.Context()
	p, now, founding := house(t, s)
	ada, _, err := p.SignUpByRecovery(ctx, people.ByInvite(founding), "Ada")
	must(t, err)
	bo := comes(t, p, s, ada.Person, "Bo")
	node := func() *schedule.Schedule { // each start of a node has one of its own
		return schedule.New(s, schedule.Config{Sealer: p, Key: []byte("a third key for tests"), Clock: func() time.Time { return *now }})
	}
	plans := node()
	add := func(starts time.Time) schedule.Plan {
		t.Helper()
		p, err := plans.Add(ctx, ada.ID, schedule.Draft{Words: schedule.Words{Title: "Tea"}, Starts: starts, Minutes: 15, Visibility: schedule.Open})
		must(t, err)
		return p
	}
	state := func(which id.Plan) schedule.Plan {
		t.Helper()
		p, err := plans.Plan(ctx, which, ada.ID)
		must(t, err)
		return p
	}

	// Of the clocks of four nodes one opens a room.
	tea := add(evening)
	*now = evening
	var wg sync.WaitGroup
	var mu sync.Mutex
	opened, names := 0, &opening{Store: s}
	for range 4 {
		wg.Go(func() {
			which, err := node().Turn(context.Background(), names)
			mu.Lock()
			defer mu.Unlock()
			opened += len(which)
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	same(t, opened, 1)
	same(t, len(names.opened), 1)
	same(t, state(tea.ID).State, schedule.Opened)
	same(t, state(tea.ID).Room, names.opened[0])

	// A crash between the state and the opening: the room is opened by its name
	// once the time for that is over.
	*now = noon
	crashed := add(evening.Add(time.Hour))
	*now = crashed.Starts
	if _, err := plans.Turn(ctx, &opening{Store: s, crash: true}); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	same(t, state(crashed.ID).State, schedule.Opening)
	name := state(crashed.ID).Room
	*now = now.Add(schedule.OpeningMax - time.Millisecond)
	which, err := node().Turn(ctx, names)
	must(t, err)
	same(t, len(which), 0)
	*now = now.Add(time.Millisecond)
	which, err = node().Turn(ctx, names)
	must(t, err)
	same(t, which, []id.Plan{crashed.ID})
	same(t, state(crashed.ID).Room, name)

	// A crash between the opening and the note of it: no second room.
	*now = noon
	noted := add(evening.Add(2 * time.Hour))
	*now = noted.Starts
	half := &opening{Store: s, crashAfter: true}
	if _, err := plans.Turn(ctx, half); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	which, err = node().Turn(ctx, names)
	must(t, err)
	same(t, which, []id.Plan{noted.ID})
	same(t, len(names.opened), 2)

	// A node that was down for too long opens nothing.
	*now = noon
	late := add(evening.Add(3 * time.Hour))
	*now = late.Starts.Add(schedule.LateMax + time.Millisecond)
	which, err = node().Turn(ctx, names)
	must(t, err)
	same(t, len(which), 0)
	same(t, state(late.ID).State, schedule.Over)

	// No host has come, and the room has ended by its rules.
	must(t, s.Append(ctx, name, 1, 2, []room.Event{room.Ended{Why: room.EndedEmptyStage}}))
	_, err = node().Turn(ctx, names)
	must(t, err)
	same(t, state(crashed.ID).State, schedule.Over)
	_, err = plans.Go(ctx, crashed.ID, bo.ID, 5)
	refused(t, err, schedule.ErrOver)
}

// peopleReminded are told once, whatever starts again meanwhile.
func peopleReminded(t *testing.T, s Store) {
	ctx := t.Context()
	p, now, founding := house(t, s)
	ada, _, err := p.SignUpByRecovery(ctx, people.ByInvite(founding), "Ada")
	must(t, err)
	bo, cy := comes(t, p, s, ada.Person, "Bo"), comes(t, p, s, ada.Person, "Cy")
	node := func() *schedule.Schedule {
		return schedule.New(s, schedule.Config{Sealer: p, Key: []byte("a third key for tests"), Clock: func() time.Time { return *now }})
	}
	plans := node()
	tea, err := plans.Add(ctx, ada.ID, schedule.Draft{Words: schedule.Words{Title: "Tea"}, Starts: evening, Minutes: 15, Visibility: schedule.Open})
	must(t, err)
	for _, who := range []people.Person{bo, cy} {
		_, err = plans.Go(ctx, tea.ID, who.ID, 15)
		must(t, err)
	}
	without := func(gone id.Person) func(id.Person) bool { return func(who id.Person) bool { return who != gone } }
	*now = evening.Add(-15 * time.Minute)
	told := make(map[id.Person]int)
	for range 3 { // starts of a node
		words, _, err := node().Remind(ctx, schedule.Reminder{}, without(cy.ID))
		must(t, err)
		for _, w := range words {
			same(t, w.Title, "Tea")
			same(t, w.Kind, schedule.Soon)
			same(t, w.Away, w.Who == cy.ID)
			if !w.Away {
				told[w.Who]++
			}
		}
	}
	same(t, told, map[id.Person]int{ada.ID: 1, bo.ID: 1})
	for _, n := range []int{1, 0} { // Cy comes, and once more
		words, err := node().News(ctx, cy.ID)
		must(t, err)
		same(t, len(words), n)
	}

	// It is moved: those who go are told once and reminded anew.
	moved, was, err := plans.Change(ctx, tea.ID, ada.ID, tea.Version, schedule.Draft{Words: schedule.Words{Title: "Tee"}, Starts: evening.Add(time.Hour), Minutes: 15, Visibility: schedule.Open})
	must(t, err)
	same(t, was, true)
	_, _, err = plans.Change(ctx, tea.ID, ada.ID, tea.Version, schedule.Draft{Words: schedule.Words{Title: "Tee"}, Starts: evening.Add(time.Hour), Minutes: 15, Visibility: schedule.Open})
	refused(t, err, schedule.ErrChanged)
	for _, n := range []int{2, 0} {
		words, err := node().NewsOf(ctx, tea.ID, without(id.Person{}))
		must(t, err)
		same(t, len(words), n)
		for _, w := range words {
			same(t, w.Kind, schedule.Moved)
			same(t, w.Starts, moved.Starts)
		}
	}
	*now = evening.Add(45 * time.Minute)
	words, _, err := node().Remind(ctx, schedule.Reminder{}, without(id.Person{}))
	must(t, err)
	same(t, len(words), 3)
	refused(t, plans.Cancel(ctx, tea.ID, bo.ID), schedule.ErrNotHost)
	must(t, plans.Cancel(ctx, tea.ID, ada.ID))
	words, err = node().News(ctx, bo.ID)
	must(t, err)
	same(t, words[0].Kind, schedule.IsCancelled)
}

var errCrash = errors.New("the node is gone")

// An opening opens rooms in the store alone, or crashes before or after.
type opening struct {
	Store
	crash, crashAfter bool

	mu     sync.Mutex
	opened []id.Room
}

func (o *opening) OpenPlanned(ctx context.Context, p schedule.Plan, invite []id.Person) error {
	if o.crash {
		return errCrash
	}
	if err := (plannedRooms{o.Store}).OpenPlanned(ctx, p, invite); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.opened = append(o.opened, p.Room)
	if o.crashAfter {
		return errCrash
	}
	return nil
}

// clubsPlan looks who sees the plans of a club.
func clubsPlan(t *testing.T, s Store) {
	ctx := t.Context()
	c, p, ada := clubHouse(t, s)
	bo, cy, di := comes(t, p, s, ada, "Bo"), comes(t, p, s, ada, "Cy"), comes(t, p, s, ada, "Di")
	w := teaWords
	w.Joining = clubs.Approval
	tea, err := c.Found(ctx, ada.ID, w)
	must(t, err)
	for _, who := range []people.Person{bo, di} {
		_, err = c.Join(ctx, who.ID, tea.ID, 1)
		must(t, err)
	}
	must(t, c.Answer(ctx, ada.ID, tea.ID, bo.ID, true)) // Di is left waiting
	must(t, c.Follow(ctx, cy.ID, tea.ID, true))
	var all []schedule.Plan
	for _, v := range []schedule.Visibility{schedule.Members, schedule.Open} {
		p := planOf(ada, v)
		p.Club = tea.ID
		must(t, s.AddPlan(ctx, p, nil, nil, time.Time{}))
		all = append(all, p)
	}
	for who, want := range map[id.Person][3]any{bo.ID: {true, 2, 2}, cy.ID: {false, 1, 1}, di.ID: {false, 0, 0}} {
		same(t, seen(t, s, all[0].ID, who), want[0].(bool))
		same(t, seen(t, s, all[1].ID, who), true)
		for n, which := range []schedule.Which{schedule.OfClubs, schedule.ForMe} {
			list, err := s.Plans(ctx, who, schedule.Choice{Which: which, From: noon, To: evening.Add(time.Minute)})
			must(t, err)
			same(t, len(list), want[n+1].(int))
		}
	}
	got, err := s.Plan(ctx, all[0].ID, bo.ID)
	must(t, err)
	same(t, got.Club, tea.ID)
	must(t, c.Remove(ctx, ada.ID, tea.ID, bo.ID, false))
	same(t, seen(t, s, all[0].ID, bo.ID), false)
	must(t, c.Delete(ctx, ada.ID, tea.ID))
	for _, p := range all {
		same(t, seen(t, s, p.ID, ada.ID), false)
	}
}
