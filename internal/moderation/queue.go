package moderation

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// A Sealer seals what is about a person, by a key of their own.
type Sealer interface {
	Seal(ctx context.Context, who id.Person, class string, plain []byte) ([]byte, error)
	// Unseal opens it, or returns an error of which IsGone says whether nobody can
	// any more.
	Unseal(ctx context.Context, who id.Person, class string, sealed []byte) ([]byte, error)
	IsGone(err error) bool
}

// A Bar keeps somebody out of the house.
type Bar struct {
	Decision DecisionID
	Until    time.Time // zero: for good
}

// A Queue is what is to be judged, and what was decided. It is safe for concurrent
// use.
type Queue struct {
	store  Store
	sealer Sealer
	clock  func() time.Time

	mu sync.RWMutex // guards bars
	// bars is who is kept out: by which decisions, until when. They are added and
	// taken one by one, so that it does not matter in which order two of them come.
	bars map[id.Person]map[DecisionID]time.Time
}

// Open returns the queue in a store, and knows who is kept out. A house that cannot
// know it lets nobody in.
func Open(ctx context.Context, s Store, sealer Sealer, clock func() time.Time) (*Queue, error) {
	q := &Queue{store: s, sealer: sealer, clock: clock, bars: make(map[id.Person]map[DecisionID]time.Time)}
	all, err := s.InForce(ctx, q.now())
	if err != nil {
		return nil, fmt.Errorf("read who is kept out: %w", err)
	}
	for _, d := range all {
		q.bar(d)
	}
	return q, nil
}

func (q *Queue) now() time.Time { return q.clock().UTC().Truncate(time.Millisecond) }

func (q *Queue) bar(d Decision) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.bars[d.Person] == nil {
		q.bars[d.Person] = make(map[DecisionID]time.Time)
	}
	q.bars[d.Person][d.ID] = d.Ends
}

func (q *Queue) unbar(who id.Person, which DecisionID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if delete(q.bars[who], which); len(q.bars[who]) == 0 {
		delete(q.bars, who)
	}
}

// Barred returns what keeps who out now; of several what does so for the longest.
func (q *Queue) Barred(who id.Person) (bar Bar, barred bool) {
	now := q.now()
	q.mu.RLock()
	defer q.mu.RUnlock()
	return q.barred(who, now)
}

func (q *Queue) barred(who id.Person, now time.Time) (bar Bar, barred bool) {
	for which, until := range q.bars[who] {
		if !until.IsZero() && !now.Before(until) {
			continue
		}
		longer := !barred || !bar.Until.IsZero() && (until.IsZero() || until.After(bar.Until))
		if longer {
			bar, barred = Bar{which, until}, true
		}
	}
	return bar, barred
}

// KeptOut returns who is kept out now, and until when; the zero time is for good.
func (q *Queue) KeptOut() map[id.Person]time.Time {
	now := q.now()
	q.mu.RLock()
	defer q.mu.RUnlock()
	out := make(map[id.Person]time.Time, len(q.bars))
	for who := range q.bars {
		if bar, barred := q.barred(who, now); barred {
			out[who] = bar.Until
		}
	}
	return out
}

// Forget deletes what is over.
func (q *Queue) Forget(ctx context.Context) error {
	now := q.now()
	q.mu.Lock()
	for who, bars := range q.bars {
		for which, until := range bars {
			if !until.IsZero() && !now.Before(until) {
				delete(bars, which)
			}
		}
		if len(bars) == 0 {
			delete(q.bars, who)
		}
	}
	q.mu.Unlock()
	return q.store.ForgetModeration(ctx, now.Add(-OpenLife), now.Add(-DecidedLife), now.Add(-DecisionsLife))
}

// Erased forgets who is erased.
func (q *Queue) Erased(who id.Person) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.bars, who)
}

// IsWarden reports whether who is a warden who may judge now: one who is kept out
// may not.
func (q *Queue) IsWarden(ctx context.Context, who id.Person) (bool, error) {
	if _, out := q.Barred(who); out {
		return false, nil
	}
	return q.store.IsWarden(ctx, who)
}

// What is sealed says what it is: one thing is not taken for another.
func classOfReport(which ReportID) string     { return "report " + which.String() }
func classOfDecision(which DecisionID) string { return "decision " + which.String() }
func classOfAnswer(which DecisionID) string   { return "answer " + which.String() }

// Report keeps what who reports of a thing. That there is such a thing for them is
// for the caller to know.
func (q *Queue) Report(ctx context.Context, who id.Person, about Entry, reason Reason, text string) (Report, error) {
	reason, text, err := ParseReport(reason, text)
	if err != nil {
		return Report{}, err
	}
	r := Report{ID: id.New[ReportID](), Entry: about.ID, Kind: about.Kind, By: who, Reason: reason, Text: text, Made: q.now()}
	if r.Sealed, err = q.sealer.Seal(ctx, who, classOfReport(r.ID), []byte(text)); err != nil {
		return Report{}, err
	}
	about.Since = r.Made
	return r, q.store.AddWritten(ctx, r, about)
}

// unseal opens what is sealed by the key of who, or returns nothing when nobody can
// any more.
func (q *Queue) unseal(ctx context.Context, who id.Person, class string, sealed []byte) (string, error) {
	if who.IsZero() || sealed == nil {
		return "", nil
	}
	plain, err := q.sealer.Unseal(ctx, who, class, sealed)
	if err != nil && q.sealer.IsGone(err) {
		return "", nil
	}
	return string(plain), err
}

func (q *Queue) readReports(ctx context.Context, all []Report) (err error) {
	for i := range all {
		r := &all[i]
		if r.Text, err = q.unseal(ctx, r.By, classOfReport(r.ID), r.Sealed); err != nil {
			return err
		}
		r.Sealed = nil
	}
	return nil
}

func (q *Queue) readDecisions(ctx context.Context, all []Decision) (err error) {
	for i := range all {
		d := &all[i]
		if d.Why, err = q.unseal(ctx, d.Person, classOfDecision(d.ID), d.Sealed); err != nil {
			return err
		}
		if d.Answer, err = q.unseal(ctx, d.Person, classOfAnswer(d.ID), d.SealedAnswer); err != nil {
			return err
		}
		d.Sealed, d.SealedAnswer = nil, nil
	}
	return nil
}

// ReportsBy returns what who has reported, in words and by voices, the newest first.
func (q *Queue) ReportsBy(ctx context.Context, who id.Person) ([]Report, []Voice, error) {
	words, err := q.store.WrittenBy(ctx, who)
	if err != nil {
		return nil, nil, err
	}
	if err := q.readReports(ctx, words); err != nil {
		return nil, nil, err
	}
	voices, err := q.store.VoicesBy(ctx, who)
	return words, voices, err
}

// Entries returns up to most entries for a warden after a mark, and the mark of the
// last if there are more. What concerns the warden does not exist for them.
func (q *Queue) Entries(ctx context.Context, warden id.Person, after string, most int) (list []Entry, next string, err error) {
	from, err := ParseMark(after)
	if err != nil {
		return nil, "", err
	}
	most = min(max(most, 1), PageMax)
	list, err = q.store.Entries(ctx, warden, from, most+1)
	if err != nil || len(list) <= most {
		return list, "", err
	}
	list = list[:most]
	e := list[most-1]
	return list, Mark{!e.Open, e.Since, e.ID}.String(), nil
}

// CountOpen returns how many entries are open for a warden.
func (q *Queue) CountOpen(ctx context.Context, warden id.Person) (int, error) {
	return q.store.CountEntries(ctx, warden)
}

// Entry returns an entry for a warden with all that there is about it, or ErrNone.
func (q *Queue) Entry(ctx context.Context, warden id.Person, which EntryID) (FullEntry, error) {
	e, err := q.store.Entry(ctx, which)
	switch {
	case err != nil:
		return FullEntry{}, err
	case e.Person == warden:
		return FullEntry{}, ErrNone
	}
	if err := q.readReports(ctx, e.Reports); err != nil {
		return FullEntry{}, err
	}
	return e, q.readDecisions(ctx, e.Decisions)
}

// Wardens returns who they are.
func (q *Queue) Wardens(ctx context.Context) ([]id.Person, error) {
	all, err := q.store.Wardens(ctx)
	who := make([]id.Person, len(all))
	for i, w := range all {
		who[i] = w.Person
	}
	return who, err
}

// MayJudge reports whether one of the wardens may judge an entry whose thing hosts have
// to do with.
func MayJudge(e *FullEntry, hosts, wardens []id.Person, warden id.Person) bool {
	s := Scene{Entry: e.Entry, Hosts: hosts, Wardens: wardens}
	for _, r := range e.Reports {
		s.Reporters = append(s.Reporters, r.By)
	}
	for _, v := range e.Voices {
		s.Reporters = append(s.Reporters, v.By)
	}
	return s.MayJudge(warden) == nil
}

// Decide has a warden decide about an entry of a version, and keeps out or lets in
// from then on. concerns is whom it concerns, and hosts who has to do with the
// thing, which is for the caller to know.
func (q *Queue) Decide(ctx context.Context, warden id.Person, which EntryID, version int64, kind Kind, concerns id.Person, hosts []id.Person, a Ask) (Decision, error) {
	a, err := ParseAsk(kind, a)
	if err != nil {
		return Decision{}, err
	}
	if a.What == Lift { // of whom it concerned then
		e, err := q.store.Entry(ctx, which)
		if err != nil {
			return Decision{}, err
		}
		if before := liftable(e.Decisions); before != nil {
			concerns = before.Person
		}
	}
	if concerns.IsZero() {
		return Decision{}, ErrNobody
	}
	name := id.New[DecisionID]()
	sealed, err := q.sealer.Seal(ctx, concerns, classOfDecision(name), []byte(a.Why))
	if err != nil {
		return Decision{}, err
	}
	var d Decision
	err = q.store.Decide(ctx, which, func(s Scene) (Decision, error) {
		s.Hosts, s.Now, s.Entry.Person = hosts, q.now(), concerns
		var err error
		d, err = Judge(s, warden, version, a)
		if err == nil && d.Person != concerns { // somebody else leads it by now
			err = ErrNobody
		}
		d.ID, d.Sealed = name, sealed
		return d, err
	})
	if err != nil {
		return Decision{}, err
	}
	switch {
	case d.What.KeepsOut():
		q.bar(d)
	case d.What == Lift:
		q.unbar(d.Person, d.Lifts)
	}
	d.Why, d.Sealed = a.Why, nil
	return d, nil
}

// DecisionsAbout returns the decisions that concern who, the newest first.
func (q *Queue) DecisionsAbout(ctx context.Context, who id.Person) ([]Decision, error) {
	all, err := q.store.DecisionsAbout(ctx, who)
	if err != nil {
		return nil, err
	}
	return all, q.readDecisions(ctx, all)
}

// WhyBarred returns why who is kept out by a decision, as far as it can be read.
func (q *Queue) WhyBarred(ctx context.Context, who id.Person, by DecisionID) string {
	all, err := q.DecisionsAbout(ctx, who)
	if err != nil {
		return ""
	}
	for _, d := range all {
		if d.ID == by {
			return d.Why
		}
	}
	return ""
}

// Answer keeps what who says to a decision that concerns them, once, and opens the
// entry again.
func (q *Queue) Answer(ctx context.Context, who id.Person, which DecisionID, text string) error {
	text, err := ParseAnswer(text)
	if err != nil {
		return err
	}
	sealed, err := q.sealer.Seal(ctx, who, classOfAnswer(which), []byte(text))
	if err != nil {
		return err
	}
	return q.store.AnswerDecision(ctx, which, who, sealed, q.now())
}

// Log returns up to most decisions after a mark, the newest first, and the mark of
// the last if there are more.
func (q *Queue) Log(ctx context.Context, after string, most int) (list []Decision, next string, err error) {
	from, err := ParseMark(after)
	if err != nil {
		return nil, "", err
	}
	most = min(max(most, 1), LogPageMax)
	list, err = q.store.DecisionLog(ctx, from, most+1)
	if err != nil {
		return nil, "", err
	}
	if len(list) > most {
		list = list[:most]
		next = Mark{At: list[most-1].Made, ID: list[most-1].ID}.String()
	}
	return list, next, q.readDecisions(ctx, list)
}
