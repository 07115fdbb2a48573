package records

import (
	"context"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/store/query"
)

// Standing implements people.Invites.
func (s *Store) Standing(ctx context.Context, who id.Person) (people.Standing, error) {
	r, err := s.read.Standing(ctx, who[:])
	if err != nil {
		return people.Standing{}, found("read how somebody stands", err, people.ErrNoPerson)
	}
	return people.Standing{Good: fromMillis(r.Good), Invited: r.Invited}, nil
}

// Founder implements people.Invites.
func (s *Store) Founder(ctx context.Context, i people.Invite, code people.Hash) (needed bool, err error) {
	err = s.write(ctx, "make the founder's invite", func(ctx context.Context, q *query.Queries) error {
		if needed, err = q.IsEmpty(ctx); err != nil || !needed {
			return err
		}
		return q.SetFounderInvite(ctx, query.SetFounderInviteParams{
			ID: i.ID[:], Code: code[:], Created: millis(i.Created),
		})
	})
	return needed && err == nil, err
}

// Give implements people.Invites.
func (s *Store) Give(ctx context.Context, i people.Invite, code people.Hash, allowance int) error {
	return s.write(ctx, "give an invite", func(ctx context.Context, q *query.Queries) error {
		by, now := i.By.ID[:], millis(i.Created)
		if err := take(ctx, q, i.By.ID); err != nil {
			return err
		}
		n, err := q.CountInvites(ctx, query.CountInvitesParams{GivenBy: by, Expires: now})
		if err != nil {
			return err
		}
		if n >= int64(allowance) {
			return people.ErrNoInvitesLeft
		}
		if err := q.AddInvite(ctx, query.AddInviteParams{
			ID: i.ID[:], Code: code[:], GivenBy: by, Created: now, Expires: millis(i.Expires),
		}); err != nil {
			return err
		}
		return q.ForgetInvitesBeyond(ctx, query.ForgetInvitesBeyondParams{
			GivenBy: by, Expires: now, Offset: people.SpentMax,
		})
	})
}

// Invites implements people.Invites.
func (s *Store) Invites(ctx context.Context, by id.Person) ([]people.Invite, error) {
	rows, err := s.read.InvitesFrom(ctx, by[:])
	if err != nil {
		return nil, failed("list invites", err)
	}
	out := make([]people.Invite, len(rows))
	for n, r := range rows {
		out[n] = people.Invite{
			ID: name[people.InviteID](r.ID), By: people.Person{ID: by},
			Created: fromMillis(r.Created), Expires: fromMillis(r.Expires),
			Revoked: fromMillis(r.Revoked), Used: fromMillis(r.Used),
			UsedBy: people.Profile{
				Person:   personOf(r.UsedBy, r.UsedByCreated, r.Sealed, r.Version),
				Followed: r.Notify != "", Notify: people.Notify(r.Notify), FollowsMe: r.FollowsMe,
			},
		}
	}
	return out, nil
}

// Invite implements people.Invites.
func (s *Store) Invite(ctx context.Context, code people.Hash) (people.Invite, error) {
	r, err := s.read.InviteByCode(ctx, code[:])
	if err != nil {
		return people.Invite{}, found("read an invite", err, people.ErrNoInvite)
	}
	return people.Invite{
		ID: name[people.InviteID](r.ID), By: personOf(r.GivenBy, r.GivenByCreated, r.Sealed, r.Version),
		Created: fromMillis(r.Created), Expires: fromMillis(r.Expires),
		Revoked: fromMillis(r.Revoked), Used: fromMillis(r.Used),
	}, nil
}

// Revoke implements people.Invites.
func (s *Store) Revoke(ctx context.Context, by id.Person, name people.InviteID, at time.Time) error {
	return s.write(ctx, "revoke an invite", func(ctx context.Context, q *query.Queries) error {
		rows, err := q.RevokeInvite(ctx, query.RevokeInviteParams{Revoked: millis(at), ID: name[:], GivenBy: by[:]})
		return changed(rows, err, people.ErrNoInvite)
	})
}
