package records

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/stoa-audio/stoa/internal/discover"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/store/query"
)

// SetAddress implements people.Addresses.
func (s *Store) SetAddress(ctx context.Context, a people.SealedAddress) error {
	return s.write(ctx, "keep an address of mail", func(ctx context.Context, q *query.Queries) error {
		if err := take(ctx, q, a.Person); err != nil {
			return err
		}
		if err := calledOtherwise(ctx, q, a.Person, discover.Mail); err != nil {
			return err
		}
		return q.SetAddress(ctx, query.SetAddressParams{Person: a.Person[:], Sealed: a.Sealed, Verified: millis(a.Verified)})
	})
}

// Address implements people.Addresses.
func (s *Store) Address(ctx context.Context, who id.Person) (people.SealedAddress, error) {
	r, err := s.read.Address(ctx, who[:])
	if err != nil {
		return people.SealedAddress{}, found("read an address of mail", err, people.ErrNoAddress)
	}
	return people.SealedAddress{Person: who, Sealed: r.Sealed, Verified: fromMillis(r.Verified)}, nil
}

// DropAddress implements people.Addresses.
func (s *Store) DropAddress(ctx context.Context, who id.Person) error {
	return s.write(ctx, "forget an address of mail", func(ctx context.Context, q *query.Queries) error {
		if err := calledOtherwise(ctx, q, who, discover.Mail); err != nil {
			return err
		}
		return q.DropAddress(ctx, who[:])
	})
}

// Mail implements news.Store.
func (s *Store) Mail(ctx context.Context, who id.Person) (news.Mail, error) {
	r, err := s.read.Address(ctx, who[:])
	if errors.Is(err, sql.ErrNoRows) {
		return news.NoMail, nil
	}
	return news.Mail(r.Mail), failed("read whether somebody wants mail", err)
}

// SetMail implements news.Store.
func (s *Store) SetMail(ctx context.Context, who id.Person, how news.Mail, now time.Time, due func(news.Settings) time.Time) error {
	return s.write(ctx, "set whether somebody wants mail", func(ctx context.Context, q *query.Queries) error {
		if err := take(ctx, q, who); err != nil {
			return err
		}
		t, err := toldOf(ctx, q, who)
		if err != nil {
			return err
		}
		next := due(t.settings)
		if how == news.NoMail {
			next = time.Time{}
		}
		n, err := q.SetMail(ctx, query.SetMailParams{Person: who[:], Mail: string(how), Due: millis(next), Told: millis(now)})
		return changed(n, err, people.ErrNoAddress)
	})
}

// DueMail implements news.Store.
func (s *Store) DueMail(ctx context.Context, now time.Time, most int, next func(news.Settings) (time.Time, bool)) (out []news.Mailing, err error) {
	due, err := s.read.MailDue(ctx, query.MailDueParams{ByTime: millis(now), Most: int32(most)}) //nolint:gosec // a hundred
	if err != nil || len(due) == 0 {
		return nil, failed("list to whom mail is due", err)
	}
	err = s.write(ctx, "take what mail is due", func(ctx context.Context, q *query.Queries) error {
		out = nil
		for _, who := range due {
			one, err := claimMail(ctx, q, name[id.Person](who), now, next)
			if err != nil {
				return err
			}
			if len(one.Pieces) > 0 {
				out = append(out, one)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// claimMail has the mail of somebody be due at another time, and returns what is to
// be told now.
func claimMail(ctx context.Context, q *query.Queries, who id.Person, now time.Time, next func(news.Settings) (time.Time, bool)) (out news.Mailing, err error) {
	t, err := toldOf(ctx, q, who)
	if err != nil {
		return out, err
	}
	at, tell := next(t.settings)
	n, err := q.ClaimMail(ctx, query.ClaimMailParams{Person: who[:], Due: millis(at), ByTime: millis(now)})
	if err != nil || n == 0 || !tell {
		return out, err
	}
	r, err := q.Address(ctx, who[:])
	if err != nil {
		return out, err
	}
	rows, err := q.PiecesToMail(ctx, query.PiecesToMailParams{Person: who[:], Told: r.Told, Most: news.KeptMax})
	if err != nil {
		return out, err
	}
	out = news.Mailing{To: who, Named: news.Mail(r.Mail) == news.MailNamed, Settings: t.settings}
	out.Pieces, err = piecesOf("list what to mail", rows, nil)
	return out, err
}

// Mailed implements news.Store.
func (s *Store) Mailed(ctx context.Context, who id.Person, upTo time.Time) error {
	return s.write(ctx, "note what was told by mail", func(ctx context.Context, q *query.Queries) error {
		return q.Mailed(ctx, query.MailedParams{Person: who[:], Told: millis(upTo)})
	})
}

func (s *Store) addressRows(ctx context.Context, who id.Person, add adder) error {
	r, err := s.read.Address(ctx, who[:])
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	since := fromMillis(r.Verified)
	add(people.ClassAddress, id.Size+len(r.Sealed)+len(r.Mail)+3*number, since, map[string]any{
		"sealed_address": true, "verified": since, "mail": r.Mail, "due": fromMillis(r.Due), "told": fromMillis(r.Told),
	})
	return nil
}
