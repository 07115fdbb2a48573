package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/moderation"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/reports"
)

// complains keeps a report in words about somebody, at so many minutes past noon.
func complains(t *testing.T, s Store, by, about people.Person, minutes int) moderation.Report {
	t.Helper()
	r := moderation.Report{
		ID: id.New[moderation.ReportID](), Entry: moderation.EntryID(about.ID), Kind: moderation.Person, By: by.ID, Reason: moderation.Spam,
		Made: noon.Add(time.Duration(minutes) * time.Minute), Sealed: []byte{0, 0xff},
	}
	must(t, s.AddWritten(t.Context(), r, moderation.Entry{ID: r.Entry, Kind: r.Kind, Person: about.ID, Since: r.Made}))
	return r
}

// decides has a warden decide about somebody, whatever the rules say.
func decides(t *testing.T, s Store, by, about people.Person, what moderation.What, made, ends time.Time) moderation.Decision {
	t.Helper()
	d := moderation.Decision{
		ID: id.New[moderation.DecisionID](), Entry: moderation.EntryID(about.ID), Kind: moderation.Person, Person: about.ID, By: by.ID,
		What: what, Made: made, Ends: ends, Sealed: []byte{0, 1},
	}
	must(t, s.Decide(t.Context(), d.Entry, func(moderation.Scene) (moderation.Decision, error) { return d, nil }))
	return d
}

func keepsWardens(t *testing.T, s Store) {
	ctx, ada := t.Context(), first(t, s)
	bo := invited(t, s, ada, "Bo")
	refused(t, s.SetWarden(ctx, id.New[id.Person](), noon), people.ErrNoPerson)
	refused(t, s.DropWarden(ctx, ada.ID), moderation.ErrWarden)
	must(t, s.SetWarden(ctx, ada.ID, noon.Add(time.Hour)))
	must(t, s.SetWarden(ctx, ada.ID, noon.Add(2*time.Hour))) // which is so already
	must(t, s.SetWarden(ctx, bo.ID, noon))
	all, err := s.Wardens(ctx)
	must(t, err)
	same(t, all, []moderation.Warden{{Person: bo.ID, Since: noon}, {Person: ada.ID, Since: noon.Add(time.Hour)}})
	must(t, s.DropWarden(ctx, bo.ID))
	for who, want := range map[id.Person]bool{ada.ID: true, bo.ID: false} {
		is, err := s.IsWarden(ctx, who)
		must(t, err)
		same(t, is, want)
	}
	must(t, s.Erase(ctx, ada.ID))
	all, err = s.Wardens(ctx)
	must(t, err)
	same(t, len(all), 0)
}

func keepsQueue(t *testing.T, s Store) {
	ctx, ada := t.Context(), first(t, s)
	bo, cy, dora := invited(t, s, ada, "Bo"), invited(t, s, ada, "Cy"), invited(t, s, ada, "Dora")

	// Whoever is not there is not reported, and of each person so many are open.
	nobody := moderation.Entry{ID: id.New[moderation.EntryID](), Kind: moderation.Person, Person: id.New[id.Person](), Since: noon}
	refused(t, s.AddWritten(ctx, moderation.Report{ID: id.New[moderation.ReportID](), Entry: nobody.ID, By: ada.ID}, nobody), people.ErrNoPerson)
	one := complains(t, s, ada, bo, 1)
	complains(t, s, cy, bo, 2)
	complains(t, s, ada, cy, 3)
	for range moderation.OpenMax - 2 {
		complains(t, s, ada, dora, 4)
	}
	full := moderation.Entry{ID: moderation.EntryID(dora.ID), Kind: moderation.Person, Person: dora.ID, Since: noon}
	refused(t, s.AddWritten(ctx, moderation.Report{ID: id.New[moderation.ReportID](), Entry: full.ID, By: ada.ID, Made: noon}, full), moderation.ErrFull)

	// One entry of each thing, the longest open first; those that concern who looks
	// are not there.
	ids := func(hidden id.Person, after moderation.Mark, most int) (out []id.Person) {
		t.Helper()
		list, err := s.Entries(ctx, hidden, after, most)
		must(t, err)
		for _, e := range list {
			out = append(out, id.Person(e.ID))
		}
		return out
	}
	same(t, ids(ada.ID, moderation.Mark{}, 10), []id.Person{bo.ID, cy.ID, dora.ID})
	same(t, ids(bo.ID, moderation.Mark{}, 10), []id.Person{cy.ID, dora.ID})
	n, err := s.CountEntries(ctx, bo.ID)
	must(t, err)
	same(t, n, 2)
	e, err := s.Entry(ctx, one.Entry)
	must(t, err)
	same(t, e.Entry, moderation.Entry{ID: one.Entry, Kind: moderation.Person, Person: bo.ID, Open: true, Version: 1, Since: noon.Add(time.Minute)})
	same(t, len(e.Reports), 2)
	same(t, e.Reports[1], one)
	_, err = s.Entry(ctx, id.New[moderation.EntryID]())
	refused(t, err, moderation.ErrNone)

	// A voice that is reported stands there, too.
	must(t, s.AddReport(ctx, reports.Report{ID: reports.ID{7}, Room: id.Room{1}, About: bo.ID, By: dora.ID, Made: noon.Add(5 * time.Minute), Sealed: []byte{1}}))
	e, err = s.Entry(ctx, one.Entry)
	must(t, err)
	same(t, e.Voices, []moderation.Voice{{ID: moderation.VoiceID{7}, Room: id.Room{1}, About: bo.ID, By: dora.ID, Made: noon.Add(5 * time.Minute)}})
	same(t, e.Version, int64(1)) // more reports keep nobody from judging

	// What is refused leaves all as it was; what is decided ends all of it.
	refused(t, s.Decide(ctx, one.Entry, func(scene moderation.Scene) (moderation.Decision, error) {
		same(t, scene.Entry.Version, int64(1))
		same(t, len(scene.Reporters), 3)
		return moderation.Decision{}, moderation.ErrParty
	}), moderation.ErrParty)
	refused(t, s.Decide(ctx, id.New[moderation.EntryID](), nil), moderation.ErrNone)
	token := hash()
	must(t, s.AddSession(ctx, people.Session{ID: id.New[people.SessionID](), Person: bo.ID, Created: noon, Seen: noon}, token))
	warning := decides(t, s, cy, bo, moderation.Warning, noon.Add(time.Hour), noon.Add(time.Hour))
	_, err = s.Session(ctx, token)
	must(t, err)
	e, err = s.Entry(ctx, one.Entry)
	must(t, err)
	same(t, []any{e.Open, e.Version, e.Since, e.Voices[0].Decided}, []any{false, int64(2), noon.Add(time.Hour), true})
	for _, r := range e.Reports {
		same(t, r.Decided, noon.Add(time.Hour))
	}
	same(t, e.Decisions, []moderation.Decision{warning})
	standing, err := s.Standing(ctx, bo.ID)
	must(t, err)
	same(t, standing.Good, noon.Add(time.Hour))
	mine, err := s.WrittenBy(ctx, ada.ID)
	must(t, err)
	same(t, len(mine), moderation.OpenMax)
	same(t, mine[len(mine)-1].Decided, noon.Add(time.Hour))
	voices, err := s.VoicesBy(ctx, dora.ID)
	must(t, err)
	same(t, voices[0].Decided, true)
	same(t, ids(ada.ID, moderation.Mark{}, 10), []id.Person{cy.ID, dora.ID, bo.ID})
	same(t, ids(ada.ID, moderation.Mark{At: noon.Add(3 * time.Minute), ID: cy.ID}, 1), []id.Person{dora.ID})
	same(t, ids(ada.ID, moderation.Mark{At: noon.Add(4 * time.Minute), ID: dora.ID}, 5), []id.Person{bo.ID})
	same(t, len(ids(ada.ID, moderation.Mark{Decided: true, At: noon.Add(time.Hour), ID: bo.ID}, 5)), 0)

	// An answer opens it again, once, and not for the same warden.
	refused(t, s.AnswerDecision(ctx, warning.ID, ada.ID, []byte{1}, noon), moderation.ErrNone)
	must(t, s.AnswerDecision(ctx, warning.ID, bo.ID, []byte{0, 2}, noon.Add(2*time.Hour)))
	refused(t, s.AnswerDecision(ctx, warning.ID, bo.ID, []byte{1}, noon.Add(3*time.Hour)), moderation.ErrAnswered)
	e, err = s.Entry(ctx, one.Entry)
	must(t, err)
	same(t, []any{e.Open, e.Passed, e.Version}, []any{true, cy.ID, int64(3)})
	same(t, e.Decisions[0].SealedAnswer, []byte{0, 2})
	same(t, e.Decisions[0].Answered, noon.Add(2*time.Hour))

	// What keeps somebody out ends their sessions, until it is lifted.
	until := noon.Add(48 * time.Hour)
	out := decides(t, s, ada, bo, moderation.Suspend, noon.Add(3*time.Hour), until)
	_, err = s.Session(ctx, token)
	refused(t, err, people.ErrNoSession)
	inForce := func(at time.Time) []moderation.Decision {
		t.Helper()
		all, err := s.InForce(ctx, at)
		must(t, err)
		return all
	}
	same(t, inForce(until.Add(-time.Millisecond)), []moderation.Decision{{ID: out.ID, Person: bo.ID, Ends: until}})
	same(t, len(inForce(until)), 0)
	ban := decides(t, s, ada, cy, moderation.Ban, noon.Add(4*time.Hour), time.Time{})
	same(t, inForce(until.Add(1e6*time.Hour)), []moderation.Decision{{ID: ban.ID, Person: cy.ID}})
	lift := moderation.Decision{
		ID: id.New[moderation.DecisionID](), Entry: one.Entry, Kind: moderation.Person, Person: bo.ID, By: ada.ID, What: moderation.Lift,
		Made: noon.Add(5 * time.Hour), Ends: noon.Add(5 * time.Hour), Lifts: out.ID, Sealed: []byte{9},
	}
	must(t, s.Decide(ctx, one.Entry, func(moderation.Scene) (moderation.Decision, error) { return lift, nil }))
	same(t, len(inForce(noon.Add(6*time.Hour))), 1)
	standing, err = s.Standing(ctx, bo.ID)
	must(t, err)
	same(t, standing.Good, noon.Add(time.Hour)) // of the warning, which holds
	about, err := s.DecisionsAbout(ctx, bo.ID)
	must(t, err)
	same(t, len(about), 3)
	same(t, about[0], lift)
	same(t, about[1].Lifted, lift.Made)
	log, err := s.DecisionLog(ctx, moderation.Mark{}, 2)
	must(t, err)
	same(t, []moderation.DecisionID{log[0].ID, log[1].ID}, []moderation.DecisionID{lift.ID, ban.ID})
	log, err = s.DecisionLog(ctx, moderation.Mark{At: ban.Made, ID: ban.ID}, 9)
	must(t, err)
	same(t, []moderation.DecisionID{log[0].ID, log[1].ID}, []moderation.DecisionID{out.ID, warning.ID})

	// Who has reported is erased: what they wrote is gone, the report is not.
	must(t, s.Erase(ctx, ada.ID))
	e, err = s.Entry(ctx, one.Entry)
	must(t, err)
	same(t, len(e.Reports), 2)
	if r := e.Reports[1]; !r.By.IsZero() || r.Sealed != nil || r.Reason != moderation.Spam {
		t.Errorf("of who is erased there is %+v", r)
	}
	if at := slices.IndexFunc(e.Decisions, func(d moderation.Decision) bool { return d.ID == out.ID }); !e.Decisions[at].By.IsZero() {
		t.Error("it is known what a warden who is erased has decided")
	}

	// Whom it concerns is erased: all of it is gone.
	must(t, s.Erase(ctx, bo.ID))
	_, err = s.Entry(ctx, one.Entry)
	refused(t, err, moderation.ErrNone)
	log, err = s.DecisionLog(ctx, moderation.Mark{}, 9)
	must(t, err)
	same(t, len(log), 1)
}

// queueForgets looks at what is left as time goes by.
func queueForgets(t *testing.T, s Store) {
	ctx, ada := t.Context(), first(t, s)
	bo, cy := invited(t, s, ada, "Bo"), invited(t, s, ada, "Cy")
	complains(t, s, ada, bo, 0)
	complains(t, s, ada, cy, 0)
	ban := decides(t, s, ada, bo, moderation.Ban, noon, time.Time{})
	forget := func(at time.Time) {
		t.Helper()
		must(t, s.ForgetModeration(ctx, at.Add(-moderation.OpenLife), at.Add(-moderation.DecidedLife), at.Add(-moderation.DecisionsLife)))
	}
	count := func() int {
		t.Helper()
		mine, err := s.WrittenBy(ctx, ada.ID)
		must(t, err)
		return len(mine)
	}
	forget(noon.Add(moderation.DecidedLife - time.Hour))
	same(t, count(), 2)
	forget(noon.Add(moderation.DecidedLife))
	same(t, count(), 1) // the one of which nothing is decided
	forget(noon.Add(moderation.OpenLife))
	same(t, count(), 0)
	entry := func(who people.Person) error {
		_, err := s.Entry(ctx, moderation.EntryID(who.ID))
		return err
	}
	refused(t, entry(cy), moderation.ErrNone)

	// A ban is never forgotten before it is lifted, and then a year later.
	lifted := noon.Add(10 * moderation.DecisionsLife)
	forget(lifted)
	must(t, entry(bo))
	lift := moderation.Decision{
		ID: id.New[moderation.DecisionID](), Entry: ban.Entry, Kind: ban.Kind, Person: bo.ID, By: ada.ID, What: moderation.Lift,
		Made: lifted, Ends: lifted, Lifts: ban.ID, Sealed: []byte{9},
	}
	must(t, s.Decide(ctx, ban.Entry, func(moderation.Scene) (moderation.Decision, error) { return lift, nil }))
	forget(lifted.Add(moderation.DecisionsLife - time.Hour))
	about, err := s.DecisionsAbout(ctx, bo.ID)
	must(t, err)
	same(t, len(about), 2)
	forget(lifted.Add(moderation.DecisionsLife))
	about, err = s.DecisionsAbout(ctx, bo.ID)
	must(t, err)
	same(t, len(about), 0)
	refused(t, entry(bo), moderation.ErrNone)
	still, err := s.InForce(ctx, lifted)
	must(t, err)
	same(t, len(still), 0)
}
