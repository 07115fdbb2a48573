package records

import (
	"context"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/moderation"
	"github.com/stoa-audio/stoa/internal/reports"
	"github.com/stoa-audio/stoa/internal/store/query"
)

// AddReport implements reports.Store.
func (s *Store) AddReport(ctx context.Context, r reports.Report) error {
	return s.write(ctx, "keep a report", func(ctx context.Context, q *query.Queries) error {
		if err := take(ctx, q, r.By); err != nil {
			return err
		}
		kept, err := q.CountReports(ctx, r.By[:])
		if err != nil {
			return err
		}
		if kept >= reports.KeptMax {
			return reports.ErrFull
		}
		if err := openEntry(ctx, q, moderation.Entry{ID: moderation.EntryID(r.About), Kind: moderation.Person, Person: r.About, Since: r.Made}); err != nil {
			return err
		}
		hashes := make([]byte, 0, 16*len(r.Hashes))
		for _, h := range r.Hashes {
			hashes = append(hashes, h[:]...)
		}
		return q.AddReport(ctx, query.AddReportParams{
			ID: r.ID[:], Room: r.Room[:], About: r.About[:], MadeBy: r.By[:], Made: millis(r.Made),
			Hashes: hashes, Sealed: r.Sealed,
		})
	})
}

// Reports implements reports.Store.
func (s *Store) Reports(ctx context.Context) ([]reports.Report, error) {
	rows, err := s.read.Reports(ctx)
	if err != nil {
		return nil, failed("list reports", err)
	}
	out := make([]reports.Report, len(rows))
	for i, r := range rows {
		out[i] = reports.Report{
			ID: name[reports.ID](r.ID), Room: name[id.Room](r.Room), About: name[id.Person](r.About),
			By: name[id.Person](r.MadeBy), Made: fromMillis(r.Made),
		}
	}
	return out, nil
}

// Report implements reports.Store.
func (s *Store) Report(ctx context.Context, which reports.ID) (reports.Report, error) {
	r, err := s.read.Report(ctx, which[:])
	if err != nil {
		return reports.Report{}, found("read a report", err, reports.ErrNone)
	}
	out := reports.Report{
		ID: which, Room: name[id.Room](r.Room), About: name[id.Person](r.About),
		By: name[id.Person](r.MadeBy), Made: fromMillis(r.Made), Sealed: r.Sealed,
	}
	for h := range slices.Chunk(r.Hashes, 16) {
		out.Hashes = append(out.Hashes, [16]byte(h))
	}
	return out, nil
}

// ForgetReports implements reports.Store.
func (s *Store) ForgetReports(ctx context.Context, before time.Time) error {
	return s.write(ctx, "forget reports", func(ctx context.Context, q *query.Queries) error {
		return q.ForgetReports(ctx, millis(before))
	})
}
