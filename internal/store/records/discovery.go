package records

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/discover"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/store/query"
)

// finderOf reads what is kept of somebody who takes part in discovery, or did.
func finderOf(ctx context.Context, q *query.Queries, who id.Person) (f discover.Finder, err error) {
	r, err := q.Finder(ctx, who[:])
	if errors.Is(err, sql.ErrNoRows) {
		return f, nil
	}
	return discover.Finder{
		On: r.Findable, Since: fromMillis(r.Since), Seen: fromMillis(r.Seen), Listed: int(r.Listed), Generation: r.Generation,
		Budget: discover.Budget{Left: int(r.Budget), Counted: fromMillis(r.Counted)},
	}, err
}

func putFinder(ctx context.Context, q *query.Queries, who id.Person, f *discover.Finder) error {
	return q.PutFinder(ctx, query.PutFinderParams{
		Person: who[:], Findable: f.On, Since: millis(f.Since), Seen: millis(f.Seen), Listed: int64(f.Listed), Generation: f.Generation,
		Budget: int64(f.Budget.Left), Counted: millis(f.Budget.Counted),
	})
}

// findable takes somebody who takes part, or returns discover.ErrOff.
func findable(ctx context.Context, q *query.Queries, who id.Person) (f discover.Finder, err error) {
	if err := take(ctx, q, who); err != nil {
		return f, err
	}
	if f, err = finderOf(ctx, q, who); err == nil && !f.On {
		err = refusal{discover.ErrOff}
	}
	return f, err
}

// Finder implements discover.Store.
func (s *Store) Finder(ctx context.Context, who id.Person) (discover.Finder, error) {
	f, err := finderOf(ctx, s.read, who)
	return f, failed("read who takes part in discovery", err)
}

// SetFindable implements discover.Store.
func (s *Store) SetFindable(ctx context.Context, who id.Person, on bool, now time.Time) error {
	return s.write(ctx, "set who takes part in discovery", func(ctx context.Context, q *query.Queries) error {
		if err := take(ctx, q, who); err != nil {
			return err
		}
		f, err := finderOf(ctx, q, who)
		if err != nil || !on && f.Seen.IsZero() {
			return err
		}
		f.Budget, f.Seen = f.Budget.At(now), now
		switch {
		case on && !f.On:
			f.On, f.Since = true, now
		case !on:
			f.On, f.Since, f.Listed = false, now, 0
			if err := q.UnlistAll(ctx, who[:]); err != nil {
				return err
			}
			if err := q.DropDiscoveryValues(ctx, who[:]); err != nil {
				return err
			}
		}
		return putFinder(ctx, q, who, &f)
	})
}

// Spend implements discover.Store.
func (s *Store) Spend(ctx context.Context, who id.Person, now time.Time, spend func(discover.Budget) (discover.Budget, error)) error {
	return s.write(ctx, "count what is asked of discovery", func(ctx context.Context, q *query.Queries) error {
		f, err := findable(ctx, q, who)
		if err != nil {
			return err
		}
		if f.Budget, err = spend(f.Budget); err != nil {
			return refusal{err}
		}
		f.Seen = now
		return putFinder(ctx, q, who, &f)
	})
}

// Deposits implements discover.Store.
func (s *Store) Deposits(ctx context.Context, who id.Person, key discover.KeyID) ([]discover.Deposit, error) {
	rows, err := s.read.DiscoveryValues(ctx, who[:])
	if err != nil {
		return nil, failed("read by which values somebody is found", err)
	}
	var out []discover.Deposit
	for _, r := range rows {
		if bytes.Equal(r.OfKey, key[:]) {
			out = append(out, discover.Deposit{Kind: discover.Kind(r.Kind), Value: discover.Value(r.Value)})
		}
	}
	return out, nil
}

// SetDeposits implements discover.Store.
func (s *Store) SetDeposits(ctx context.Context, who id.Person, generation int64, key discover.KeyID, values []discover.Deposit) error {
	return s.write(ctx, "set by which values somebody is found", func(ctx context.Context, q *query.Queries) error {
		f, err := findable(ctx, q, who)
		if err != nil {
			return err
		}
		if f.Generation != generation {
			return refusal{discover.ErrChanged}
		}
		before, err := q.DiscoveryValues(ctx, who[:])
		if err != nil {
			return err
		}
		for _, r := range before {
			stays := bytes.Equal(r.OfKey, key[:]) && slices.Contains(values, discover.Deposit{Kind: discover.Kind(r.Kind), Value: discover.Value(r.Value)})
			if stays {
				continue
			}
			if err := q.DropDiscoveryValue(ctx, query.DropDiscoveryValueParams{Value: r.Value, Person: who[:]}); err != nil {
				return err
			}
		}
		for _, d := range values {
			if err := q.AddDiscoveryValue(ctx, query.AddDiscoveryValueParams{
				Value: d.Value[:], Person: who[:], Kind: string(d.Kind), OfKey: key[:],
			}); err != nil {
				return err
			}
		}
		// At last, so that nobody waits for it longer than it takes to store it: who
		// brings another key waits until this is stored, and sees it; or is first, and
		// this is not stored.
		rows, err := q.UnderDiscoveryKey(ctx, key[:])
		return changed(rows, err, discover.ErrKey)
	})
}

// calledOtherwise drops by what who was found as a kind, in the transaction in
// which they are called otherwise: with it goes that others list it.
func calledOtherwise(ctx context.Context, q *query.Queries, who id.Person, kind discover.Kind) error {
	values, err := q.DiscoveryValues(ctx, who[:])
	if err != nil {
		return err
	}
	for _, r := range values {
		if r.Kind != string(kind) {
			continue
		}
		if err := q.DropDiscoveryValue(ctx, query.DropDiscoveryValueParams{Value: r.Value, Person: who[:]}); err != nil {
			return err
		}
	}
	return q.CalledOtherwise(ctx, who[:])
}

// SetList implements discover.Store. The same is asked for each value, whether it
// is of somebody or not.
func (s *Store) SetList(ctx context.Context, who id.Person, key discover.KeyID, values []discover.Value, now time.Time) error {
	return s.write(ctx, "set whom somebody lists", func(ctx context.Context, q *query.Queries) error {
		f, err := findable(ctx, q, who)
		if err != nil {
			return err
		}
		before, err := q.DiscoveryList(ctx, who[:])
		if err != nil {
			return err
		}
		for _, v := range before {
			if slices.Contains(values, discover.Value(v)) {
				continue
			}
			if err := q.UnlistDiscoveryValue(ctx, query.UnlistDiscoveryValueParams{Who: who[:], Value: v}); err != nil {
				return err
			}
		}
		for _, v := range values {
			if err := q.ListDiscoveryValue(ctx, query.ListDiscoveryValueParams{Who: who[:], Value: v[:], OfKey: key[:]}); err != nil {
				return err
			}
		}
		f.Listed, f.Seen = len(values), now
		return putFinder(ctx, q, who, &f)
	})
}

// Mutual implements discover.Store.
func (s *Store) Mutual(ctx context.Context, who id.Person) ([]id.Person, error) {
	rows, err := s.read.DiscoveryMutual(ctx, who[:])
	if err != nil {
		return nil, failed("read who has found whom", err)
	}
	return peopleOf(rows), nil
}

// KeepDeposits implements discover.Store.
func (s *Store) KeepDeposits(ctx context.Context, key discover.KeyID) error {
	return s.write(ctx, "delete what is of another key", func(ctx context.Context, q *query.Queries) error {
		if err := q.SetDiscoveryKey(ctx, key[:]); err != nil {
			return err
		}
		return q.KeepDiscoveryValues(ctx, key[:])
	})
}

// ForgetFinders implements discover.Store.
func (s *Store) ForgetFinders(ctx context.Context, before time.Time) error {
	return s.write(ctx, "forget who takes part in discovery", func(ctx context.Context, q *query.Queries) error {
		return q.ForgetFinders(ctx, millis(before))
	})
}

// discoveryRows lists what is stored of who for discovery: how they stand to it, by
// what they are found, and whom they have found. Whom they list who does not list
// them is not told, and not counted: it would say who of those takes part. Nor is
// who lists them.
func (s *Store) discoveryRows(ctx context.Context, who id.Person, add adder) error {
	r, err := s.read.Finder(ctx, who[:])
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	seen := fromMillis(r.Seen)
	add(people.ClassDiscovery, id.Size+1+6*number, seen, map[string]any{
		"on": r.Findable, "since": fromMillis(r.Since), "seen": seen, "listed": r.Listed,
		"may_ask_for": r.Budget, "counted": fromMillis(r.Counted),
	})
	values, err := s.read.DiscoveryValues(ctx, who[:])
	if err != nil {
		return err
	}
	for _, v := range values {
		add(people.ClassDiscovery, len(v.Value)+id.Size+len(v.Kind)+len(v.OfKey), time.Time{}, map[string]any{"found_by": v.Kind})
	}
	mutual, err := s.read.DiscoveryMutual(ctx, who[:])
	if err != nil {
		return err
	}
	for _, one := range mutual {
		add(people.ClassDiscovery, id.Size+hash, time.Time{}, map[string]any{"found": name[id.Person](one)})
	}
	return nil
}
