package records

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/moderation"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/store/query"
)

// SetWarden implements moderation.Store.
func (s *Store) SetWarden(ctx context.Context, who id.Person, since time.Time) error {
	return s.write(ctx, "name a warden", func(ctx context.Context, q *query.Queries) error {
		if err := take(ctx, q, who); err != nil {
			return err
		}
		all, err := q.Wardens(ctx)
		if err == nil && len(all) >= moderation.WardensMax {
			err = moderation.ErrWardens
		}
		if err != nil {
			return err
		}
		return q.SetWarden(ctx, query.SetWardenParams{Person: who[:], Since: millis(since)})
	})
}

// DropWarden implements moderation.Store.
func (s *Store) DropWarden(ctx context.Context, who id.Person) error {
	return s.write(ctx, "dismiss a warden", func(ctx context.Context, q *query.Queries) error {
		rows, err := q.DropWarden(ctx, who[:])
		return changed(rows, err, moderation.ErrWarden)
	})
}

// Wardens implements moderation.Store.
func (s *Store) Wardens(ctx context.Context) ([]moderation.Warden, error) {
	rows, err := s.read.Wardens(ctx)
	if err != nil {
		return nil, failed("list wardens", err)
	}
	out := make([]moderation.Warden, len(rows))
	for i, r := range rows {
		out[i] = moderation.Warden{Person: name[id.Person](r.Person), Since: fromMillis(r.Since)}
	}
	return out, nil
}

// IsWarden implements moderation.Store.
func (s *Store) IsWarden(ctx context.Context, who id.Person) (bool, error) {
	_, err := s.read.WardenSince(ctx, who[:])
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, failed("look for a warden", err)
}

// openEntry has what was reported stand in the queue.
func openEntry(ctx context.Context, q *query.Queries, e moderation.Entry) error {
	return q.OpenEntry(ctx, query.OpenEntryParams{
		ID: e.ID[:], Kind: string(e.Kind), Person: column(e.Person), Since: millis(e.Since),
	})
}

// AddWritten implements moderation.Store.
func (s *Store) AddWritten(ctx context.Context, r moderation.Report, e moderation.Entry) error {
	return s.write(ctx, "keep a report in words", func(ctx context.Context, q *query.Queries) error {
		if err := take(ctx, q, r.By); err != nil {
			return err
		}
		if !e.Person.IsZero() {
			if there, err := q.IsPerson(ctx, e.Person[:]); err != nil || !there {
				return changed(0, err, people.ErrNoPerson)
			}
		}
		open, err := q.CountWrittenOpen(ctx, r.By[:])
		if err == nil && open >= moderation.OpenMax {
			err = moderation.ErrFull
		}
		if err != nil {
			return err
		}
		if err := openEntry(ctx, q, e); err != nil {
			return err
		}
		return q.AddWrittenReport(ctx, query.AddWrittenReportParams{
			ID: r.ID[:], Entry: r.Entry[:], MadeBy: r.By[:], Reason: string(r.Reason), Sealed: r.Sealed, Made: millis(r.Made),
		})
	})
}

// WrittenBy implements moderation.Store.
func (s *Store) WrittenBy(ctx context.Context, who id.Person) ([]moderation.Report, error) {
	rows, err := s.read.WrittenReportsBy(ctx, who[:])
	if err != nil {
		return nil, failed("list what somebody has reported", err)
	}
	out := make([]moderation.Report, len(rows))
	for i, r := range rows {
		out[i] = moderation.Report{
			ID: name[moderation.ReportID](r.ID), Entry: name[moderation.EntryID](r.Entry), Kind: moderation.Kind(r.Kind), By: who,
			Reason: moderation.Reason(r.Reason), Made: fromMillis(r.Made), Decided: fromMillis(r.Decided), Sealed: r.Sealed,
		}
	}
	return out, nil
}

// VoicesBy implements moderation.Store.
func (s *Store) VoicesBy(ctx context.Context, who id.Person) ([]moderation.Voice, error) {
	rows, err := s.read.VoiceReportsBy(ctx, who[:])
	if err != nil {
		return nil, failed("list what somebody has reported", err)
	}
	out := make([]moderation.Voice, len(rows))
	for i, r := range rows {
		out[i].ID = name[moderation.VoiceID](r.ID)
		out[i].About, out[i].By = name[id.Person](r.About), who
		out[i].Made, out[i].Decided = fromMillis(r.Made), r.Decided != 0
	}
	return out, nil
}

func entryOf(r query.Entry) moderation.Entry {
	return moderation.Entry{
		ID: name[moderation.EntryID](r.ID), Kind: moderation.Kind(r.Kind), Person: name[id.Person](r.Person), Open: r.Open,
		Version: r.Version, Since: fromMillis(r.Since), Passed: name[id.Person](r.Passed),
	}
}

// Entries implements moderation.Store.
func (s *Store) Entries(ctx context.Context, hidden id.Person, after moderation.Mark, most int) (out []moderation.Entry, err error) {
	var rows []query.Entry
	if !after.Decided {
		rows, err = s.read.OpenEntries(ctx, query.OpenEntriesParams{
			Hidden: hidden[:], Since: millis(after.At), ID: after.ID[:], Most: int32(most), //nolint:gosec // a page
		})
		if err != nil {
			return nil, failed("list the queue", err)
		}
	}
	if left := most - len(rows); left > 0 {
		since := int64(math.MaxInt64)
		if after.Decided {
			since = millis(after.At)
		}
		more, err := s.read.DecidedEntries(ctx, query.DecidedEntriesParams{
			Hidden: hidden[:], Since: since, ID: after.ID[:], Most: int32(left), //nolint:gosec // a page
		})
		if err != nil {
			return nil, failed("list the queue", err)
		}
		rows = append(rows, more...)
	}
	for _, r := range rows {
		out = append(out, entryOf(r))
	}
	return out, nil
}

// CountEntries implements moderation.Store.
func (s *Store) CountEntries(ctx context.Context, hidden id.Person) (int, error) {
	n, err := s.read.CountOpenEntries(ctx, hidden[:])
	return int(n), failed("count the queue", err)
}

// Entry implements moderation.Store.
func (s *Store) Entry(ctx context.Context, which moderation.EntryID) (moderation.FullEntry, error) {
	r, err := s.read.Entry(ctx, which[:])
	if err != nil {
		return moderation.FullEntry{}, found("read an entry", err, moderation.ErrNone)
	}
	e, err := fullEntry(ctx, s.read, entryOf(r))
	return e, failed("read an entry", err)
}

func fullEntry(ctx context.Context, q *query.Queries, e moderation.Entry) (moderation.FullEntry, error) {
	full := moderation.FullEntry{Entry: e}
	words, err := q.WrittenReports(ctx, e.ID[:])
	if err != nil {
		return full, err
	}
	for _, r := range words {
		full.Reports = append(full.Reports, moderation.Report{
			ID: name[moderation.ReportID](r.ID), Entry: e.ID, Kind: e.Kind, By: name[id.Person](r.MadeBy),
			Reason: moderation.Reason(r.Reason), Made: fromMillis(r.Made), Decided: fromMillis(r.Decided), Sealed: r.Sealed,
		})
	}
	voices, err := q.VoiceReportsAbout(ctx, e.ID[:])
	if err != nil {
		return full, err
	}
	for _, r := range voices {
		made := fromMillis(r.Made)
		full.Voices = append(full.Voices, moderation.Voice{
			ID: name[moderation.VoiceID](r.ID), Room: name[id.Room](r.Room), About: e.Person, By: name[id.Person](r.MadeBy),
			Made: made, Decided: !e.Open && !e.Since.Before(made),
		})
	}
	rows, err := q.DecisionsOfEntry(ctx, e.ID[:])
	for _, r := range rows {
		full.Decisions = append(full.Decisions, decisionOf(query.DecisionsBeforeRow(r)))
	}
	return full, err
}

func decisionOf(r query.DecisionsBeforeRow) moderation.Decision {
	return moderation.Decision{
		ID: name[moderation.DecisionID](r.ID), Entry: name[moderation.EntryID](r.Entry), Kind: moderation.Kind(r.Kind),
		Person: name[id.Person](r.Person), By: name[id.Person](r.MadeBy), What: moderation.What(r.What),
		Made: fromMillis(r.Made), Ends: fromMillis(r.Ends), Lifts: name[moderation.DecisionID](r.Lifts), Lifted: fromMillis(r.Lifted),
		Answered: fromMillis(r.Answered.Int64), Sealed: r.Sealed, SealedAnswer: r.Answer,
	}
}

// Decide implements moderation.Store.
func (s *Store) Decide(ctx context.Context, which moderation.EntryID, judge func(moderation.Scene) (moderation.Decision, error)) error {
	return s.write(ctx, "decide", func(ctx context.Context, q *query.Queries) error {
		r, err := q.TakeEntry(ctx, which[:])
		if errors.Is(err, sql.ErrNoRows) {
			return moderation.ErrNone
		}
		if err != nil {
			return err
		}
		e, err := fullEntry(ctx, q, entryOf(r))
		if err != nil {
			return err
		}
		scene := moderation.Scene{Entry: e.Entry, Decisions: e.Decisions}
		for _, r := range e.Reports {
			scene.Reporters = append(scene.Reporters, r.By)
		}
		for _, v := range e.Voices {
			scene.Reporters = append(scene.Reporters, v.By)
		}
		wardens, err := q.Wardens(ctx)
		if err != nil {
			return err
		}
		for _, w := range wardens {
			scene.Wardens = append(scene.Wardens, name[id.Person](w.Person))
		}
		d, err := judge(scene)
		if err != nil {
			return refusal{err}
		}
		return decide(ctx, q, d)
	})
}

// decide writes a decision, and what follows from it in the records.
func decide(ctx context.Context, q *query.Queries, d moderation.Decision) error {
	if err := take(ctx, q, d.Person); err != nil {
		return err
	}
	if err := q.AddDecision(ctx, query.AddDecisionParams{
		ID: d.ID[:], Entry: d.Entry[:], Person: d.Person[:], MadeBy: d.By[:], What: string(d.What), Made: millis(d.Made),
		Ends: millis(d.Ends), Lifts: column(d.Lifts), Sealed: d.Sealed,
	}); err != nil {
		return err
	}
	if err := q.CloseEntry(ctx, query.CloseEntryParams{Since: millis(d.Made), ID: d.Entry[:]}); err != nil {
		return err
	}
	if err := q.DecideWrittenReports(ctx, query.DecideWrittenReportsParams{Decided: millis(d.Made), Entry: d.Entry[:]}); err != nil {
		return err
	}
	if err := q.SetGood(ctx, d.Person[:]); err != nil || !d.What.KeepsOut() {
		return err
	}
	return q.EndSessionsOf(ctx, d.Person[:])
}

// AnswerDecision implements moderation.Store.
func (s *Store) AnswerDecision(ctx context.Context, which moderation.DecisionID, who id.Person, sealed []byte, at time.Time) error {
	return s.write(ctx, "answer a decision", func(ctx context.Context, q *query.Queries) error {
		d, err := q.Decision(ctx, query.DecisionParams{ID: which[:], Person: who[:]})
		if errors.Is(err, sql.ErrNoRows) {
			return moderation.ErrNone
		}
		if err != nil {
			return err
		}
		if _, err := q.TakeEntry(ctx, d.Entry); err != nil {
			return err
		}
		rows, err := q.AddAnswer(ctx, query.AddAnswerParams{Decision: which[:], Sealed: sealed, Made: millis(at)})
		if err := changed(rows, err, moderation.ErrAnswered); err != nil {
			return err
		}
		return q.ReopenEntry(ctx, query.ReopenEntryParams{Since: millis(at), Passed: d.MadeBy, ID: d.Entry})
	})
}

func decisionsOf(what string, rows []query.DecisionsBeforeRow, err error) ([]moderation.Decision, error) {
	if err != nil {
		return nil, failed(what, err)
	}
	out := make([]moderation.Decision, len(rows))
	for i, r := range rows {
		out[i] = decisionOf(r)
	}
	return out, nil
}

// DecisionsAbout implements moderation.Store.
func (s *Store) DecisionsAbout(ctx context.Context, who id.Person) ([]moderation.Decision, error) {
	rows, err := s.read.DecisionsAbout(ctx, who[:])
	same := make([]query.DecisionsBeforeRow, len(rows))
	for i, r := range rows {
		same[i] = query.DecisionsBeforeRow(r)
	}
	return decisionsOf("list decisions about somebody", same, err)
}

// DecisionLog implements moderation.Store.
func (s *Store) DecisionLog(ctx context.Context, after moderation.Mark, most int) ([]moderation.Decision, error) {
	made := int64(math.MaxInt64)
	if !after.IsZero() {
		made = millis(after.At)
	}
	rows, err := s.read.DecisionsBefore(ctx, query.DecisionsBeforeParams{Made: made, ID: after.ID[:], Most: int32(most)}) //nolint:gosec // a page
	return decisionsOf("list decisions", rows, err)
}

// InForce implements moderation.Store.
func (s *Store) InForce(ctx context.Context, now time.Time) ([]moderation.Decision, error) {
	rows, err := s.read.DecisionsInForce(ctx, millis(now))
	if err != nil {
		return nil, failed("list who is kept out", err)
	}
	out := make([]moderation.Decision, len(rows))
	for i, r := range rows {
		out[i] = moderation.Decision{ID: name[moderation.DecisionID](r.ID), Person: name[id.Person](r.Person), Ends: fromMillis(r.Ends)}
	}
	return out, nil
}

// ForgetModeration implements moderation.Store.
func (s *Store) ForgetModeration(ctx context.Context, made, decided, ended time.Time) error {
	return s.write(ctx, "forget reports and decisions", func(ctx context.Context, q *query.Queries) error {
		if err := q.ForgetWrittenReports(ctx, query.ForgetWrittenReportsParams{Made: millis(made), Decided: millis(decided)}); err != nil {
			return err
		}
		if err := q.ForgetDecisions(ctx, millis(ended)); err != nil {
			return err
		}
		if err := q.ForgetLifts(ctx); err != nil {
			return err
		}
		return q.ForgetEntries(ctx)
	})
}

// moderationRows are what somebody has reported in words, what was reported of them
// as far as it is decided, and what was decided: never by whom.
func (s *Store) moderationRows(ctx context.Context, who id.Person, add adder) error {
	since, err := s.read.WardenSince(ctx, who[:])
	switch {
	case err == nil:
		add(people.ClassWarden, id.Size+number, fromMillis(since), map[string]any{"since": fromMillis(since)})
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	mine, err := s.read.WrittenReportsBy(ctx, who[:])
	if err != nil {
		return err
	}
	for _, r := range mine {
		made := fromMillis(r.Made)
		more := map[string]any{"report": name[moderation.ReportID](r.ID), "about": name[moderation.EntryID](r.Entry), "kind": r.Kind, "reason": r.Reason, "made": made}
		if r.Decided > 0 {
			more["decided"] = fromMillis(r.Decided)
		}
		add(people.ClassWritten, 3*id.Size+len(r.Reason)+len(r.Sealed)+2*number, made, more)
	}
	about, err := s.read.WrittenReportsAbout(ctx, who[:])
	if err != nil {
		return err
	}
	for _, r := range about {
		decided := fromMillis(r.Decided)
		add(people.ClassReportsAbout, 2*id.Size+len(r.Reason)+number, decided, map[string]any{"kind": r.Kind, "reason": r.Reason, "decided": decided})
	}
	voices, err := s.read.VoiceReportsDecided(ctx, who[:])
	if err != nil {
		return err
	}
	for _, at := range voices {
		decided := fromMillis(at)
		add(people.ClassReportsAbout, 2*id.Size+number, decided, map[string]any{"kind": "voice", "decided": decided})
	}
	rows, err := s.read.DecisionsAbout(ctx, who[:])
	if err != nil {
		return err
	}
	for _, r := range rows {
		made := fromMillis(r.Made)
		more := map[string]any{"decision": name[moderation.DecisionID](r.ID), "about": r.Kind, "what": r.What, "made": made}
		if r.Ends > r.Made {
			more["ends"] = fromMillis(r.Ends)
		}
		add(people.ClassDecisions, 4*id.Size+len(r.What)+len(r.Sealed)+len(r.Answer)+2*number, made, more)
	}
	return nil
}
