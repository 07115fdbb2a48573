package records

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/room/live"
	"github.com/stoa-audio/stoa/internal/store/query"
)

var errGap = errors.New("the events do not follow what is stored")

// Append implements live.Store.
func (s *Store) Append(ctx context.Context, name id.Room, term, first uint64, events []room.Event) error {
	if len(events) == 0 {
		return nil
	}
	err := s.db.Write(ctx, func(ctx context.Context, q *query.Queries) error {
		last := int64(first) + int64(len(events)) - 1
		if err := extend(ctx, q, name, term, first, last); err != nil {
			return err
		}
		return addEvents(ctx, q, name, first, events)
	})
	if err != nil {
		return fmt.Errorf("append to a room: %w", err)
	}
	return nil
}

// addEvents writes events from number first on.
func addEvents(ctx context.Context, q *query.Queries, name id.Room, first uint64, events []room.Event) error {
	for i, e := range events {
		if _, ended := e.(room.Ended); ended {
			// Nothing of a conversation is kept once it is over.
			return q.DeleteRoom(ctx, name[:])
		}
		if err := q.AddEvent(ctx, query.AddEventParams{
			Room: name[:], Seq: int64(first) + int64(i), Event: room.MarshalEvent(e),
		}); err != nil {
			return err
		}
	}
	return nil
}

// extend makes last the number of the room's last event, if first is the next.
func extend(ctx context.Context, q *query.Queries, name id.Room, term, first uint64, last int64) error {
	rows, err := q.ExtendRoom(ctx, query.ExtendRoomParams{Term: int64(term), Seq: last, Name: name[:], Known: int64(first) - 1})
	if err != nil || rows > 0 {
		return err
	}
	r, err := q.TakeRoom(ctx, name[:])
	switch {
	case errors.Is(err, sql.ErrNoRows):
		if first != 1 {
			return errGap
		}
		return q.AddRoom(ctx, query.AddRoomParams{Name: name[:], Term: int64(term), Seq: last})
	case err != nil:
		return err
	case r.Kept, uint64(r.Term) > term:
		return live.ErrTerm
	}
	return errGap
}

// Compact implements live.Store.
func (s *Store) Compact(ctx context.Context, name id.Room, term, seq uint64, snapshot []byte) error {
	err := s.db.Write(ctx, func(ctx context.Context, q *query.Queries) error {
		r, err := q.TakeRoom(ctx, name[:])
		switch {
		case err != nil:
			return err
		case r.Kept, uint64(r.Term) > term:
			return live.ErrTerm
		case seq > uint64(r.Seq), seq < uint64(r.Compacted):
			return errGap
		}
		if err := q.SetSnapshot(ctx, query.SetSnapshotParams{
			Term: int64(term), Compacted: int64(seq), Snapshot: snapshot, Name: name[:],
		}); err != nil {
			return err
		}
		return q.DeleteEvents(ctx, query.DeleteEventsParams{Room: name[:], Seq: int64(seq)})
	})
	if err != nil {
		return fmt.Errorf("compact a room: %w", err)
	}
	return nil
}

// Load implements live.Store.
func (s *Store) Load(ctx context.Context) (records []live.Record, err error) {
	err = s.db.Write(ctx, func(ctx context.Context, q *query.Queries) error {
		records = nil
		rows, err := q.RaiseTerms(ctx)
		if err != nil {
			return err
		}
		for _, r := range rows {
			rec := live.Record{Name: name[id.Room](r.Name), Term: uint64(r.Term), Snapshot: r.Snapshot, Guest: r.House != nil}
			if rec.Events, err = events(ctx, q, r.Name); err != nil {
				return err
			}
			records = append(records, rec)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load the rooms: %w", err)
	}
	return records, nil
}

func events(ctx context.Context, q *query.Queries, name []byte) ([]room.Event, error) {
	texts, err := q.Events(ctx, name)
	if err != nil {
		return nil, err
	}
	out := make([]room.Event, len(texts))
	for i, text := range texts {
		if out[i], err = room.ParseEvent(text); err != nil {
			return nil, err
		}
	}
	return out, nil
}
