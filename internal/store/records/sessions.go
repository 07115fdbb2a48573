package records

import (
	"context"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/store/query"
)

// AddSession implements people.Sessions.
func (s *Store) AddSession(ctx context.Context, n people.Session, token people.Hash) error {
	return s.write(ctx, "sign in", func(ctx context.Context, q *query.Queries) error {
		if err := take(ctx, q, n.Person); err != nil {
			return err
		}
		if err := q.ForgetSessionsOver(ctx, millis(n.Created.Add(-people.SessionLife))); err != nil {
			return err
		}
		if err := q.AddSession(ctx, query.AddSessionParams{
			ID: n.ID[:], Token: token[:], Person: n.Person[:], Created: millis(n.Created), Seen: millis(n.Seen),
		}); err != nil {
			return err
		}
		return q.ForgetSessionsBeyond(ctx, query.ForgetSessionsBeyondParams{
			Person: n.Person[:], Offset: people.SessionsMax,
		})
	})
}

// Session implements people.Sessions.
func (s *Store) Session(ctx context.Context, token people.Hash) (people.Session, error) {
	r, err := s.read.SessionByToken(ctx, token[:])
	if err != nil {
		return people.Session{}, found("read a session", err, people.ErrNoSession)
	}
	return sessionOf(query.SessionsRow(r)), nil
}

// Renew implements people.Sessions.
func (s *Store) Renew(ctx context.Context, name people.SessionID, seen time.Time) error {
	return s.write(ctx, "renew a session", func(ctx context.Context, q *query.Queries) error {
		return q.RenewSession(ctx, query.RenewSessionParams{Seen: millis(seen), ID: name[:]})
	})
}

// Sessions implements people.Sessions.
func (s *Store) Sessions(ctx context.Context, who id.Person, since time.Time) ([]people.Session, error) {
	rows, err := s.read.Sessions(ctx, query.SessionsParams{Person: who[:], Seen: millis(since)})
	if err != nil {
		return nil, failed("list sessions", err)
	}
	out := make([]people.Session, len(rows))
	for i, r := range rows {
		out[i] = sessionOf(r)
	}
	return out, nil
}

// EndSession implements people.Sessions.
func (s *Store) EndSession(ctx context.Context, who id.Person, name people.SessionID) error {
	return s.write(ctx, "sign out", func(ctx context.Context, q *query.Queries) error {
		rows, err := q.EndSession(ctx, query.EndSessionParams{ID: name[:], Person: who[:]})
		return changed(rows, err, people.ErrNoSession)
	})
}

func sessionOf(r query.SessionsRow) people.Session {
	return people.Session{
		ID: name[people.SessionID](r.ID), Person: name[id.Person](r.Person),
		Created: fromMillis(r.Created), Seen: fromMillis(r.Seen),
	}
}
