package records

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/stoa-audio/stoa/internal/deputy"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/room/live"
	"github.com/stoa-audio/stoa/internal/store/query"
)

// pairing is a write of what package deputy wants kept.
func (s *Store) pairing(ctx context.Context, what string, do func(context.Context, *query.Queries) error) error {
	if err := s.db.Write(ctx, do); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// Own implements deputy.Store.
func (s *Store) Own(ctx context.Context) (records []deputy.Record, err error) {
	err = s.pairing(ctx, "read the rooms", func(ctx context.Context, q *query.Queries) error {
		records = nil
		rows, err := q.TakeOwnRooms(ctx)
		for _, r := range rows {
			records = append(records, recordOf(r.Name, r.Term, r.Seq, r.Snapshot))
		}
		return errors.Join(err, s.fill(ctx, q, records))
	})
	return records, err
}

func recordOf(of []byte, term, seq int64, snapshot []byte) deputy.Record {
	rec := live.Record{Name: name[id.Room](of), Term: uint64(term), Snapshot: snapshot} //nolint:gosec // not negative
	return deputy.Record{Record: rec, Seq: uint64(seq)}                                 //nolint:gosec // not negative
}

// fill reads what has happened in the rooms of records.
func (s *Store) fill(ctx context.Context, q *query.Queries, records []deputy.Record) error {
	for i := range records {
		if err := s.open(ctx, q, &records[i].Record); err != nil {
			return err
		}
	}
	return nil
}

// Doubt implements deputy.Store.
func (s *Store) Doubt(ctx context.Context, house id.Node) error {
	return s.pairing(ctx, "set the rooms aside", func(ctx context.Context, q *query.Queries) error {
		return q.DoubtRooms(ctx, house[:])
	})
}

// Keep implements deputy.Store.
func (s *Store) Keep(ctx context.Context, house id.Node, rec deputy.Record) error {
	return s.sealing(ctx, rec.Name, false, func(key roomKey) error { return s.keep(ctx, house, rec, key) })
}

func (s *Store) keep(ctx context.Context, house id.Node, rec deputy.Record, key roomKey) error {
	return s.pairing(ctx, "keep a room", func(ctx context.Context, q *query.Queries) error {
		r, err := q.TakeRoom(ctx, rec.Name[:])
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return err
		case !r.Kept, string(r.House) != string(house[:]), uint64(r.Term) > rec.Term: //nolint:gosec // not negative
			return live.ErrTerm
		default:
			if err := q.DeleteRoom(ctx, rec.Name[:]); err != nil {
				return err
			}
		}
		compacted := rec.Seq - uint64(len(rec.Events))
		if err := q.AddKeptRoom(ctx, query.AddKeptRoomParams{
			Name: rec.Name[:], Term: int64(rec.Term), Seq: int64(rec.Seq), Compacted: int64(compacted), Snapshot: key.seal(classSnapshot, rec.Snapshot),
			House: house[:], Opened: begun(rec.Snapshot, rec.Events),
		}); err != nil {
			return err
		}
		return addEvents(ctx, q, key, rec.Name, compacted+1, rec.Events)
	})
}

// KeepEvents implements deputy.Store.
func (s *Store) KeepEvents(ctx context.Context, house id.Node, name id.Room, term, first uint64, events []room.Event) error {
	if len(events) == 0 {
		return nil
	}
	return s.sealing(ctx, name, ends(events), func(key roomKey) error {
		return s.keepEvents(ctx, house, name, term, first, events, key)
	})
}

func (s *Store) keepEvents(ctx context.Context, house id.Node, name id.Room, term, first uint64, events []room.Event, key roomKey) error {
	return s.pairing(ctx, "keep what happens in a room", func(ctx context.Context, q *query.Queries) error {
		last := first + uint64(len(events)) - 1
		r, err := q.TakeRoom(ctx, name[:])
		switch {
		case errors.Is(err, sql.ErrNoRows) && first == 1:
			err = q.AddKeptRoom(ctx, query.AddKeptRoomParams{Name: name[:], Term: int64(term), Seq: int64(last), House: house[:], Opened: begun(nil, events)})
			return errors.Join(err, addEvents(ctx, q, key, name, first, events))
		case errors.Is(err, sql.ErrNoRows) && ends(events):
			return nil // it came with the record of all that there is, where it was gone already
		case errors.Is(err, sql.ErrNoRows):
			return errGap
		case err != nil:
			return err
		case !r.Kept, string(r.House) != string(house[:]), uint64(r.Term) > term: //nolint:gosec // not negative
			return live.ErrTerm
		}
		known := uint64(r.Seq) //nolint:gosec // not negative
		switch {
		case last <= known:
			return nil // it came with the record
		case first > known+1:
			return errGap
		}
		events = events[known+1-first:]
		if err := q.SetSeq(ctx, query.SetSeqParams{Term: int64(term), Seq: int64(last), Name: name[:]}); err != nil {
			return err
		}
		return addEvents(ctx, q, key, name, known+1, events)
	})
}

func ends(events []room.Event) bool {
	_, ended := events[len(events)-1].(room.Ended)
	return ended
}

// Only implements deputy.Store.
func (s *Store) Only(ctx context.Context, house id.Node, names map[id.Room]bool) error {
	var over []id.Room
	err := s.pairing(ctx, "forget rooms that have ended", func(ctx context.Context, q *query.Queries) error {
		over = nil
		rows, err := q.TakeKeptRooms(ctx, house[:])
		if err != nil {
			return err
		}
		for _, b := range rows {
			if names[name[id.Room](b)] {
				continue
			}
			if err := q.DeleteRoom(ctx, b); err != nil {
				return err
			}
			over = append(over, name[id.Room](b))
		}
		return nil
	})
	if err == nil {
		s.over(ctx, over)
	}
	return err
}

// Adopt implements deputy.Store.
func (s *Store) Adopt(ctx context.Context, house id.Node, own bool) (records []live.Record, err error) {
	err = s.pairing(ctx, "take rooms over", func(ctx context.Context, q *query.Queries) error {
		records = nil
		rows, err := q.AdoptRooms(ctx, house[:])
		if err != nil {
			return err
		}
		for _, r := range rows {
			rec := recordOf(r.Name, r.Term, r.Seq, r.Snapshot).Record
			rec.Guest = !own
			switch err := s.open(ctx, q, &rec); {
			case errors.Is(err, ErrNoRoomKey): // it has ended since: a backup was put back
				if err := q.DeleteRoom(ctx, r.Name); err != nil {
					return err
				}
			case err != nil:
				return err
			default:
				records = append(records, rec)
			}
		}
		if !own {
			return nil
		}
		return q.OwnRoomsAgain(ctx, house[:])
	})
	if err == nil {
		err = s.rooms.ready(ctx, records)
	}
	return records, err
}

// HandBack implements deputy.Store.
func (s *Store) HandBack(ctx context.Context, house id.Node) (records []deputy.Record, err error) {
	err = s.pairing(ctx, "hand rooms back", func(ctx context.Context, q *query.Queries) error {
		records = nil
		rows, err := q.HandBackRooms(ctx, house[:])
		for _, r := range rows {
			records = append(records, recordOf(r.Name, r.Term, r.Seq, r.Snapshot))
		}
		return errors.Join(err, s.fill(ctx, q, records))
	})
	return records, err
}

// Runs implements deputy.Store.
func (s *Store) Runs(ctx context.Context, house id.Node) (names []id.Room, err error) {
	rows, err := s.read.RoomsRunFor(ctx, house[:])
	for _, b := range rows {
		names = append(names, name[id.Room](b))
	}
	return names, err
}

// Pairs implements deputy.Store.
func (s *Store) Pairs(ctx context.Context) (pairs []deputy.Pair, err error) {
	rows, err := s.read.Pairs(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		out, err := deputy.ParseKeptOut(r.KeptOut)
		if err != nil {
			return nil, fmt.Errorf("read who is kept out of a house: %w", err)
		}
		pairs = append(pairs, deputy.Pair{
			House: name[id.Node](r.House), Deputy: name[id.Node](r.Deputy), Term: uint64(r.Term), Key: r.Key, URL: r.Url, KeptOut: out, //nolint:gosec // not negative
		})
	}
	return pairs, nil
}

// SetPair implements deputy.Store.
func (s *Store) SetPair(ctx context.Context, p deputy.Pair) error {
	var out []byte
	if len(p.KeptOut) > 0 {
		var err error
		if out, err = deputy.AppendKeptOut(nil, p.KeptOut); err != nil {
			return fmt.Errorf("note who is a deputy: %w", err)
		}
	}
	return s.pairing(ctx, "note who is a deputy", func(ctx context.Context, q *query.Queries) error {
		return q.SetPair(ctx, query.SetPairParams{House: p.House[:], Deputy: p.Deputy[:], Term: int64(p.Term), Key: p.Key, Url: p.URL, KeptOut: out})
	})
}

// Unpair implements deputy.Store.
func (s *Store) Unpair(ctx context.Context, house id.Node) error {
	return s.pairing(ctx, "note that there is no deputy", func(ctx context.Context, q *query.Queries) error {
		return q.DeletePair(ctx, house[:])
	})
}
