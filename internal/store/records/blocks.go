package records

import (
	"context"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/store/query"
)

// SetBlock implements people.Blocks.
func (s *Store) SetBlock(ctx context.Context, who, whom id.Person, level people.Level, at time.Time) error {
	return s.write(ctx, "block somebody", func(ctx context.Context, q *query.Queries) error {
		if err := take(ctx, q, who); err != nil {
			return err
		}
		if there, err := q.IsPerson(ctx, whom[:]); err != nil || !there {
			return changed(0, err, people.ErrNoPerson)
		}
		n, err := q.CountBlocks(ctx, query.CountBlocksParams{Who: who[:], Whom: whom[:]})
		switch {
		case err != nil:
			return err
		case n >= people.BlocksMax:
			return people.ErrBlocks
		}
		if err := q.SetBlock(ctx, query.SetBlockParams{Who: who[:], Whom: whom[:], Level: string(level), Since: millis(at)}); err != nil {
			return err
		}
		if level != people.LevelBlock {
			return nil
		}
		return q.Unfollow(ctx, query.UnfollowParams{Who: who[:], Whom: whom[:]})
	})
}

// DropBlock implements people.Blocks.
func (s *Store) DropBlock(ctx context.Context, who, whom id.Person) error {
	return s.write(ctx, "take a block back", func(ctx context.Context, q *query.Queries) error {
		return q.DropBlock(ctx, query.DropBlockParams{Who: who[:], Whom: whom[:]})
	})
}

// Blocks implements people.Blocks.
func (s *Store) Blocks(ctx context.Context, who id.Person) ([]people.Blocked, error) {
	rows, err := s.read.Blocks(ctx, who[:])
	if err != nil {
		return nil, failed("list whom a person has blocked", err)
	}
	out := make([]people.Blocked, len(rows))
	for i, r := range rows {
		out[i] = people.Blocked{Level: people.Level(r.Level), Since: fromMillis(r.Since), Profile: people.Profile{
			Person: personOf(r.ID, r.Created, r.Sealed, r.Version), Followed: r.Notify != "", Notify: people.Notify(r.Notify), FollowsMe: r.Back,
		}}
	}
	return out, nil
}

// BlockedBy implements people.Blocks.
func (s *Store) BlockedBy(ctx context.Context, who id.Person) (map[id.Person]people.Level, error) {
	rows, err := s.read.BlockedBy(ctx, who[:])
	if err != nil {
		return nil, failed("read whom a person has blocked", err)
	}
	out := make(map[id.Person]people.Level, len(rows))
	for _, r := range rows {
		out[name[id.Person](r.Whom)] = people.Level(r.Level)
	}
	return out, nil
}

// BlockersOf implements people.Blocks.
func (s *Store) BlockersOf(ctx context.Context, who id.Person, most int) ([]id.Person, error) {
	rows, err := s.read.BlockersOf(ctx, query.BlockersOfParams{Whom: who[:], Limit: int32(most)}) //nolint:gosec // at most 1<<30
	if err != nil {
		return nil, failed("read who has blocked a person", err)
	}
	return peopleOf(rows), nil
}

// BlockersAmong implements people.Blocks. The candidates are few, so it asks about
// each.
func (s *Store) BlockersAmong(ctx context.Context, who id.Person, candidates []id.Person) ([]id.Person, error) {
	var out []id.Person
	for _, c := range candidates {
		there, err := s.read.HasBlocked(ctx, query.HasBlockedParams{Who: c[:], Whom: who[:]})
		if err != nil {
			return nil, failed("read who has blocked a person", err)
		}
		if there {
			out = append(out, c)
		}
	}
	return out, nil
}

func (s *Store) blockRows(ctx context.Context, who id.Person, add adder) error {
	rows, err := s.read.BlockedBy(ctx, who[:])
	if err != nil {
		return err
	}
	for _, r := range rows {
		since := fromMillis(r.Since)
		add(people.ClassBlocks, 2*id.Size+len(r.Level)+number, since, map[string]any{
			"person": name[id.Person](r.Whom), "level": r.Level, "since": since,
		})
	}
	return nil
}
