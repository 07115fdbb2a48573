package records

import (
	"cmp"
	"context"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/store/query"
)

// Follow implements people.Follows.
func (s *Store) Follow(ctx context.Context, who, whom id.Person, at time.Time) error {
	return s.write(ctx, "follow", func(ctx context.Context, q *query.Queries) error {
		if err := take(ctx, q, who); err != nil {
			return err
		}
		if there, err := q.IsPerson(ctx, whom[:]); err != nil || !there {
			return changed(0, err, people.ErrNoPerson)
		}
		if blocked, err := q.HasBlocked(ctx, query.HasBlockedParams{Who: who[:], Whom: whom[:]}); err != nil || blocked {
			return cmp.Or(err, people.ErrBlocked)
		}
		if already, err := q.IsFollowing(ctx, query.IsFollowingParams{Who: who[:], Whom: whom[:]}); err != nil || already {
			return err
		}
		n, err := q.CountFollowing(ctx, who[:])
		switch {
		case err != nil:
			return err
		case n >= people.FollowingMax:
			return people.ErrFollowing
		}
		return q.Follow(ctx, query.FollowParams{Who: who[:], Whom: whom[:], Since: millis(at), Notify: string(people.NotifySometimes)})
	})
}

// SetNotify implements people.Follows.
func (s *Store) SetNotify(ctx context.Context, who, whom id.Person, how people.Notify) error {
	return s.write(ctx, "set how loud one is told", func(ctx context.Context, q *query.Queries) error {
		rows, err := q.SetNotify(ctx, query.SetNotifyParams{Notify: string(how), Who: who[:], Whom: whom[:]})
		return changed(rows, err, people.ErrNoPerson)
	})
}

// Hide implements people.Follows.
func (s *Store) Hide(ctx context.Context, who, whom id.Person, at time.Time) error {
	return s.write(ctx, "hide somebody", func(ctx context.Context, q *query.Queries) error {
		if err := take(ctx, q, who); err != nil {
			return err
		}
		if there, err := q.IsPerson(ctx, whom[:]); err != nil || !there {
			return changed(0, err, people.ErrNoPerson)
		}
		n, err := q.CountHidden(ctx, who[:])
		switch {
		case err != nil:
			return err
		case n >= people.HiddenMax:
			return people.ErrHidden
		}
		return q.Hide(ctx, query.HideParams{Who: who[:], Whom: whom[:], Since: millis(at)})
	})
}

// Hidden implements people.Follows.
func (s *Store) Hidden(ctx context.Context, who id.Person) ([]id.Person, error) {
	rows, err := s.read.Hidden(ctx, who[:])
	if err != nil {
		return nil, failed("read whom somebody has hidden", err)
	}
	out := make([]id.Person, len(rows))
	for i, r := range rows {
		out[i] = name[id.Person](r.Whom)
	}
	return out, nil
}

// Unfollow implements people.Follows.
func (s *Store) Unfollow(ctx context.Context, who, whom id.Person) error {
	return s.write(ctx, "unfollow", func(ctx context.Context, q *query.Queries) error {
		return q.Unfollow(ctx, query.UnfollowParams{Who: who[:], Whom: whom[:]})
	})
}

// Following implements people.Follows.
func (s *Store) Following(ctx context.Context, who id.Person) ([]people.Profile, error) {
	rows, err := s.read.Following(ctx, query.FollowingParams{Who: who[:], Limit: people.ListMax})
	if err != nil {
		return nil, failed("list whom a person follows", err)
	}
	out := make([]people.Profile, len(rows))
	for i, r := range rows {
		out[i] = people.Profile{Person: personOf(r.ID, r.Created, r.Sealed, r.Version), Followed: true, Notify: people.Notify(r.Notify), FollowsMe: r.Back}
	}
	return out, nil
}

// Followers implements people.Follows.
func (s *Store) Followers(ctx context.Context, who id.Person) ([]people.Profile, error) {
	rows, err := s.read.Followers(ctx, query.FollowersParams{Whom: who[:], Limit: people.ListMax})
	if err != nil {
		return nil, failed("list who follows a person", err)
	}
	out := make([]people.Profile, len(rows))
	for i, r := range rows {
		out[i] = people.Profile{Person: personOf(r.ID, r.Created, r.Sealed, r.Version), Followed: r.Notify != "", Notify: people.Notify(r.Notify), FollowsMe: true}
	}
	return out, nil
}

// FollowersAmong implements people.Follows. The candidates are a stage, so it
// asks about each.
func (s *Store) FollowersAmong(ctx context.Context, who id.Person, candidates []id.Person) ([]id.Person, error) {
	var out []id.Person
	for _, c := range candidates {
		there, err := s.read.IsFollowing(ctx, query.IsFollowingParams{Who: c[:], Whom: who[:]})
		if err != nil {
			return nil, failed("read who follows a person", err)
		}
		if there {
			out = append(out, c)
		}
	}
	return out, nil
}

// FollowedBy implements people.Follows.
func (s *Store) FollowedBy(ctx context.Context, who id.Person) ([]id.Person, error) {
	rows, err := s.read.FollowedBy(ctx, who[:])
	if err != nil {
		return nil, failed("read whom a person follows", err)
	}
	return peopleOf(rows), nil
}

// Related implements people.Follows.
func (s *Store) Related(ctx context.Context, who id.Person, most int) ([]id.Person, error) {
	rows, err := s.read.Related(ctx, query.RelatedParams{Who: who[:], Limit: int32(most)}) //nolint:gosec // ten thousand
	if err != nil {
		return nil, failed("read who is related to a person", err)
	}
	return peopleOf(rows), nil
}

// FollowersToTell implements people.Follows.
func (s *Store) FollowersToTell(ctx context.Context, whom id.Person, how people.Notify, after id.Person, most int) ([]id.Person, error) {
	rows, err := s.read.FollowersToTell(ctx, query.FollowersToTellParams{
		Whom: whom[:], Notify: string(how), After: after[:], Most: int32(most), //nolint:gosec // a page
	})
	if err != nil {
		return nil, failed("list whom to tell of a person", err)
	}
	return peopleOf(rows), nil
}
