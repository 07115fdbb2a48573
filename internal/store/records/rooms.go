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
	err := s.sealing(ctx, name, ends(events), func(key roomKey) error {
		return s.db.Write(ctx, func(ctx context.Context, q *query.Queries) error {
			last := int64(first) + int64(len(events)) - 1
			if err := extend(ctx, q, name, term, first, last, events); err != nil {
				return err
			}
			return addEvents(ctx, q, key, name, first, events)
		})
	})
	if err != nil {
		return fmt.Errorf("append to a room: %w", err)
	}
	return nil
}

// addEvents writes events from number first on.
func addEvents(ctx context.Context, q *query.Queries, key roomKey, name id.Room, first uint64, events []room.Event) error {
	for i, e := range events {
		if _, ended := e.(room.Ended); ended {
			// Nothing of a conversation is kept once it is over.
			return q.DeleteRoom(ctx, name[:])
		}
		if err := q.AddEvent(ctx, query.AddEventParams{
			Room: name[:], Seq: int64(first) + int64(i), Event: key.seal(classEvent, room.MarshalEvent(e)),
		}); err != nil {
			return err
		}
	}
	return nil
}

// extend makes last the number of the room's last event, if first is the next.
func extend(ctx context.Context, q *query.Queries, name id.Room, term, first uint64, last int64, events []room.Event) error {
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
		return q.AddRoom(ctx, query.AddRoomParams{Name: name[:], Term: int64(term), Seq: last, Opened: begun(nil, events)})
	case err != nil:
		return err
	case r.Kept, uint64(r.Term) > term:
		return live.ErrTerm
	}
	return errGap
}

// Compact implements live.Store.
func (s *Store) Compact(ctx context.Context, name id.Room, term, seq uint64, snapshot []byte) error {
	err := s.sealing(ctx, name, false, func(key roomKey) error {
		sealed := key.seal(classSnapshot, snapshot)
		return s.db.Write(ctx, func(ctx context.Context, q *query.Queries) error {
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
				Term: int64(term), Compacted: int64(seq), Snapshot: sealed, Name: name[:],
			}); err != nil {
				return err
			}
			return q.DeleteEvents(ctx, query.DeleteEventsParams{Room: name[:], Seq: int64(seq)})
		})
	})
	if err != nil {
		return fmt.Errorf("compact a room: %w", err)
	}
	return nil
}

// Load implements live.Store. A room whose key is destroyed has ended since: a backup
// was put back.
func (s *Store) Load(ctx context.Context) (records []live.Record, err error) {
	var there []id.Room
	err = s.db.Write(ctx, func(ctx context.Context, q *query.Queries) error {
		records, there = nil, nil
		rows, err := q.RaiseTerms(ctx)
		if err != nil {
			return err
		}
		for _, r := range rows {
			rec := live.Record{Name: name[id.Room](r.Name), Term: uint64(r.Term), Snapshot: r.Snapshot, Guest: r.House != nil}
			switch err := s.open(ctx, q, &rec); {
			case errors.Is(err, ErrNoRoomKey):
				if err := q.DeleteRoom(ctx, r.Name); err != nil {
					return err
				}
			case err != nil:
				return err
			default:
				records = append(records, rec)
			}
		}
		names, err := q.RoomNames(ctx)
		for _, b := range names {
			there = append(there, name[id.Room](b))
		}
		return err
	})
	if err == nil {
		err = errors.Join(s.rooms.only(ctx, there), s.rooms.ready(ctx, records))
	}
	if err != nil {
		return nil, fmt.Errorf("load the rooms: %w", err)
	}
	return records, nil
}

// open reads the events of a record, and opens its snapshot.
func (s *Store) open(ctx context.Context, q *query.Queries, rec *live.Record) error {
	rows, err := q.Events(ctx, rec.Name[:])
	if err != nil {
		return err
	}
	key := opener{of: s.rooms, name: rec.Name}
	if rec.Snapshot, err = key.unseal(ctx, classSnapshot, rec.Snapshot); err != nil {
		return err
	}
	rec.Events = make([]room.Event, len(rows))
	for i, r := range rows {
		if rec.Events[i], err = key.event(ctx, r.Event); err != nil {
			return err
		}
	}
	return nil
}

// EventsOf implements live.Store.
func (s *Store) EventsOf(ctx context.Context, name id.Room) (some []live.Stored, err error) {
	rows, err := s.read.Events(ctx, name[:])
	if err != nil {
		return nil, failed("read the events of a room", err)
	}
	key := opener{of: s.rooms, name: name}
	for _, r := range rows {
		e, err := key.event(ctx, r.Event)
		if errors.Is(err, ErrNoRoomKey) { // it has just ended
			return nil, nil
		}
		if err != nil {
			return nil, failed("read the events of a room", err)
		}
		some = append(some, live.Stored{Seq: uint64(r.Seq), Bytes: len(r.Event), Event: e})
	}
	return some, nil
}

// event opens a sealed event.
func (o *opener) event(ctx context.Context, sealed []byte) (room.Event, error) {
	text, err := o.unseal(ctx, classEvent, sealed)
	if err != nil {
		return nil, err
	}
	return room.ParseEvent(text)
}

// begun is when a room was opened that begins so, in milliseconds; 0 when it does not
// say.
func begun(snapshot []byte, events []room.Event) int64 {
	var first room.Event
	if len(events) > 0 {
		first = events[0]
	}
	at, err := openedAt(snapshot, first)
	if err != nil {
		return 0
	}
	return millis(at)
}
