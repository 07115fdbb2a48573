package records

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/stoa-audio/stoa/internal/privacy"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/store/query"
)

// Tidy implements people.Store.
func (s *Store) Tidy(ctx context.Context, seen, spent time.Time) error {
	return s.write(ctx, "delete what is over", func(ctx context.Context, q *query.Queries) error {
		if err := q.ForgetSessionsOver(ctx, millis(seen)); err != nil {
			return err
		}
		return q.ForgetInvitesSpent(ctx, millis(spent))
	})
}

// Ages returns what there is of each kind of record at the time now. It goes over
// all of them.
func (s *Store) Ages(ctx context.Context, now time.Time) ([]privacy.Age, error) {
	rows, err := s.read.Ages(ctx, millis(now))
	if err != nil {
		return nil, failed("look how old the records are", err)
	}
	out := make([]privacy.Age, len(rows))
	for i, r := range rows {
		out[i] = privacy.Age{Kind: r.Kind, Rows: r.N, Oldest: fromMillis(r.Oldest)}
		if r.Kind == "rooms" {
			if out[i].Oldest, err = s.firstRoom(ctx); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// firstRoom returns when the oldest of the rooms was opened.
func (s *Store) firstRoom(ctx context.Context) (first time.Time, err error) {
	rows, err := s.read.RoomsBegun(ctx)
	if err != nil {
		return first, failed("look how old the rooms are", err)
	}
	for _, r := range rows {
		at := fromMillis(r.Opened)
		if r.Opened == 0 {
			at, err = openedBefore(r.Snapshot, r.Event)
		}
		if err != nil {
			return first, failed("look how old a room is", err)
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first, nil
}

// openedBefore is openedAt for a room of which nothing is sealed.
func openedBefore(snapshot, event []byte) (time.Time, error) {
	if len(snapshot) > 0 {
		return openedAt(snapshot, nil)
	}
	first, err := room.ParseEvent(event)
	if err != nil {
		return time.Time{}, err
	}
	return openedAt(nil, first)
}

// openedAt returns when a room was opened, of which there is a snapshot or the
// first event.
func openedAt(snapshot []byte, first room.Event) (time.Time, error) {
	if len(snapshot) > 0 {
		var r room.Room
		err := json.Unmarshal(snapshot, &r)
		return r.Opened(), err
	}
	opened, is := first.(room.Opened)
	if !is {
		return time.Time{}, errors.New("a room that begins with something else")
	}
	return opened.At, nil
}
