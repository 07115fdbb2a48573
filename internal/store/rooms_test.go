package store

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/deputy"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/keyring"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/room/live"
	"github.com/stoa-audio/stoa/internal/store/records"
)

// sealed opens records in which rooms are sealed by a keyring.
func sealed(t *testing.T, where string, ring *keyring.Ring) *records.Store {
	t.Helper()
	s, err := Open(t.Context(), where)
	must(t, err)
	s.SealRooms(ring)
	return s
}

func newRing(t *testing.T) *keyring.Ring {
	t.Helper()
	ring, err := keyring.Open(t.Context(), filepath.Join(t.TempDir(), keyring.File), true)
	must(t, err)
	t.Cleanup(func() { must(t, ring.Close()) })
	return ring
}

const (
	speaker = "Ada Lovelace"
	title   = "What the engine cannot do"
)

func opening(at time.Time) []room.Event {
	ada := id.New[id.Person]()
	return []room.Event{
		room.Opened{By: ada, Name: speaker, Title: title, Visibility: room.Open, At: at, Until: at.Add(time.Hour)},
		room.Entered{Who: id.New[id.Person](), Name: speaker + " II"},
	}
}

// TestSealedRooms has what happens in a room come back as it was, as long as the room
// runs.
func TestSealedRooms(t *testing.T) {
	for kind, where := range places(t) {
		t.Run(kind, func(t *testing.T) {
			ring := newRing(t)
			s := sealed(t, where, ring)
			at := time.Now().UTC().Truncate(time.Millisecond)
			name, events := id.New[id.Room](), opening(at)
			must(t, s.Append(t.Context(), name, 1, 1, events[:1]))
			must(t, s.Append(t.Context(), name, 1, 2, events[1:]))
			must(t, s.Close())

			s = sealed(t, where, ring) // which has to read the key
			loaded, err := s.Load(t.Context())
			must(t, err)
			if want := []live.Record{{Name: name, Term: 2, Events: events}}; !reflect.DeepEqual(loaded, want) {
				t.Fatalf("it comes back as %+v", loaded)
			}
			r := new(room.Room)
			for _, e := range events {
				r.Apply(e)
			}
			snapshot, err := r.MarshalJSON()
			must(t, err)
			must(t, s.Compact(t.Context(), name, 2, 2, snapshot))
			own, err := s.Own(t.Context())
			must(t, err)
			if len(own) != 1 || !bytes.Equal(own[0].Snapshot, snapshot) {
				t.Fatalf("its snapshot comes back as %+v", own)
			}
			ages, err := s.Ages(t.Context(), at)
			must(t, err)
			for _, a := range ages {
				if a.Kind == "rooms" && !a.Oldest.Equal(at) {
					t.Errorf("it was opened at %v, not at %v", a.Oldest, at)
				}
			}
			must(t, s.Append(t.Context(), name, 2, 3, []room.Event{room.Ended{Why: room.EndedByModerator}}))
			if _, ok, err := ring.RoomKey(t.Context(), name); err != nil || ok {
				t.Errorf("after it is over: a key %v, %v", ok, err)
			}
			must(t, s.Close())
		})
	}
}

// TestRoomsInBackups looks for names in a copy of the records that was made while a
// room ran, and puts it back when the room is over.
func TestRoomsInBackups(t *testing.T) {
	dir, ring := t.TempDir(), newRing(t)
	where := filepath.Join(dir, "stoa.db")
	s := sealed(t, where, ring)
	name, house := id.New[id.Room](), id.New[id.Node]()
	events := opening(time.Now())
	must(t, s.Append(t.Context(), name, 1, 1, events))
	kept := deputy.Record{Record: live.Record{Name: id.New[id.Room](), Term: 1, Events: events}, Seq: 2}
	must(t, s.Keep(t.Context(), house, kept))
	must(t, s.KeepEvents(t.Context(), house, kept.Name, 1, 3, opening(time.Now())[1:]))
	copied := filepath.Join(t.TempDir(), "stoa.db")
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(where + suffix)
		must(t, err)
		for _, word := range []string{speaker, title} {
			if bytes.Contains(b, []byte(word)) {
				t.Errorf("%q is in stoa.db%s", word, suffix)
			}
		}
		must(t, os.WriteFile(copied+suffix, b, 0o600))
	}
	over := []room.Event{room.Ended{Why: room.EndedByModerator}}
	must(t, s.Append(t.Context(), name, 1, 3, over))
	must(t, s.KeepEvents(t.Context(), house, kept.Name, 1, 4, over))
	must(t, s.Close())

	back := sealed(t, copied, ring)
	if own, err := back.Own(t.Context()); !errors.Is(err, records.ErrNoRoomKey) {
		t.Errorf("from the copy one reads %+v, %v", own, err)
	}
	for what, load := range map[string]func() (int, error){
		"rooms":           func() (int, error) { r, err := back.Load(t.Context()); return len(r), err },
		"another house's": func() (int, error) { r, err := back.Adopt(t.Context(), house, false); return len(r), err },
	} {
		if n, err := load(); n != 0 || err != nil {
			t.Errorf("%s of the copy: %d, %v", what, n, err)
		}
	}
	must(t, back.Close())
}

// TestRoomsFromBefore were not sealed, and go on; keys that were left are destroyed.
func TestRoomsFromBefore(t *testing.T) {
	where, ring := filepath.Join(t.TempDir(), "stoa.db"), newRing(t)
	s, err := Open(t.Context(), where)
	must(t, err)
	name, events := id.New[id.Room](), opening(time.Now().UTC().Truncate(time.Millisecond))
	must(t, s.Append(t.Context(), name, 1, 1, events[:1]))
	must(t, s.Close())
	left := id.New[id.Room]()
	_, err = ring.MakeRoomKeys(t.Context(), left)
	must(t, err)

	s = sealed(t, where, ring)
	must(t, s.Append(t.Context(), name, 1, 2, events[1:]))
	loaded, err := s.Load(t.Context())
	must(t, err)
	if len(loaded) != 1 || !reflect.DeepEqual(loaded[0].Events, events) {
		t.Errorf("it comes back as %+v", loaded)
	}
	if _, ok, err := ring.RoomKey(t.Context(), left); err != nil || ok {
		t.Errorf("a key without a room is there: %v, %v", ok, err)
	}
	must(t, s.Close())
}

// hasNoKey looks whether a room has no key.
func hasNoKey(t *testing.T, what string, ring *keyring.Ring, name id.Room) {
	t.Helper()
	if _, ok, err := ring.RoomKey(t.Context(), name); err != nil || ok {
		t.Errorf("%s: a key %v, %v", what, ok, err)
	}
}

// TestRoomsThatHaveEnded are asked for more, and rooms that never were: what cannot be
// written leaves no key. One that runs keeps its own, whatever is refused.
func TestRoomsThatHaveEnded(t *testing.T) {
	for kind, where := range places(t) {
		t.Run(kind, func(t *testing.T) {
			ctx, ring := t.Context(), newRing(t)
			s := sealed(t, where, ring)
			defer func() { must(t, s.Close()) }()
			house, ended := id.New[id.Node](), []room.Event{room.Ended{Why: room.EndedByModerator}}
			events := opening(time.Now())
			over := func() id.Room {
				name := id.New[id.Room]()
				must(t, s.Append(ctx, name, 1, 1, events))
				must(t, s.Append(ctx, name, 1, 3, ended))
				return name
			}
			for what, do := range map[string]func(id.Room) error{
				"an event":            func(name id.Room) error { return s.Append(ctx, name, 1, 3, events[1:]) },
				"its end, once more":  func(name id.Room) error { return s.Append(ctx, name, 1, 4, ended) },
				"a snapshot":          func(name id.Room) error { return s.Compact(ctx, name, 1, 2, []byte("{}")) },
				"an event of another": func(name id.Room) error { return s.KeepEvents(ctx, house, name, 1, 4, events[1:]) },
			} {
				for state, name := range map[string]id.Room{"over": over(), "none": id.New[id.Room]()} {
					if err := do(name); err == nil {
						t.Errorf("%s of a room that is %s is stored", what, state)
					}
					hasNoKey(t, what+", "+state, ring, name)
				}
			}
			name := id.New[id.Room]()
			must(t, s.KeepEvents(ctx, house, name, 1, 7, ended)) // it was over when its house told of all
			hasNoKey(t, "the end of what is not kept", ring, name)

			runs := id.New[id.Room]()
			must(t, s.Append(ctx, runs, 1, 1, events[:1]))
			must(t, s.Close())
			s = sealed(t, where, ring) // which does not know its key yet
			for what, err := range map[string]error{
				"an event after a gap":     s.Append(ctx, runs, 1, 9, events[1:]),
				"what another house tells": s.Keep(ctx, house, deputy.Record{Record: live.Record{Name: runs, Term: 1, Events: events}, Seq: 2}),
				"the end, after a gap":     s.Append(ctx, runs, 1, 9, ended),
			} {
				if err == nil {
					t.Errorf("%s is stored", what)
				}
			}
			must(t, s.Append(ctx, runs, 1, 2, events[1:]))
			own, err := s.Own(ctx)
			must(t, err)
			if len(own) != 1 || len(own[0].Events) != 2 {
				t.Errorf("what runs comes back as %+v", own)
			}
		})
	}
}

// TestRoomsEndMeanwhile has rooms end while more is written to them, and be opened by
// many at once.
func TestRoomsEndMeanwhile(t *testing.T) {
	for kind, where := range places(t) {
		t.Run(kind, func(t *testing.T) {
			ctx, ring := t.Context(), newRing(t)
			s := sealed(t, where, ring)
			defer func() { must(t, s.Close()) }()
			for round := range 30 {
				name, events := id.New[id.Room](), opening(time.Now())
				var all sync.WaitGroup
				var stored atomic.Int32
				for range 4 {
					all.Go(func() {
						if s.Append(ctx, name, 1, 1, events) == nil {
							stored.Add(1)
						}
					})
				}
				all.Wait()
				own, err := s.Own(ctx)
				must(t, err)
				if stored.Load() != 1 || len(own) != 1 {
					t.Fatalf("round %d: %d have opened it, and there are %d", round, stored.Load(), len(own))
				}
				for i := range 4 {
					all.Go(func() {
						_ = s.Append(ctx, name, 1, 3, events[1:])
						_ = s.Compact(ctx, name, 1, 2, []byte("{}"))
						_ = s.Append(ctx, name, 1, uint64(3+i), []room.Event{room.Ended{Why: room.EndedByModerator}})
						_ = s.Append(ctx, name, 1, 5, events[1:])
					})
				}
				all.Wait()
				for seq := uint64(3); seq < 9; seq++ { // if nobody has had the right number
					_ = s.Append(ctx, name, 1, seq, []room.Event{room.Ended{Why: room.EndedByModerator}})
				}
				hasNoKey(t, "a room that ended meanwhile", ring, name)
			}
		})
	}
}

// stubborn is a keyring that cannot destroy anything for a while.
type stubborn struct {
	*keyring.Ring
	stuck bool
}

func (s *stubborn) DestroyRoomKeys(ctx context.Context, names ...id.Room) error {
	if s.stuck {
		return errors.New("the disk is full")
	}
	return s.Ring.DestroyRoomKeys(ctx, names...)
}

// TestKeysThatAreLeft are destroyed with the next.
func TestKeysThatAreLeft(t *testing.T) {
	ctx, ring := t.Context(), &stubborn{Ring: newRing(t)}
	s, err := Open(ctx, filepath.Join(t.TempDir(), "stoa.db"))
	must(t, err)
	defer func() { must(t, s.Close()) }()
	s.SealRooms(ring)
	ended := []room.Event{room.Ended{Why: room.EndedByModerator}}
	open := func() id.Room {
		name := id.New[id.Room]()
		must(t, s.Append(ctx, name, 1, 1, opening(time.Now())))
		return name
	}
	first, second, third := open(), open(), open()
	ring.stuck = true
	must(t, s.Append(ctx, first, 1, 3, ended))
	if err := s.Append(ctx, id.Room{1}, 1, 3, ended); err == nil {
		t.Error("there is no such room")
	}
	ring.stuck = false
	must(t, s.Append(ctx, second, 1, 3, ended))
	for _, name := range []id.Room{first, second, {1}} {
		hasNoKey(t, "what was left", ring.Ring, name)
	}
	if _, ok, err := ring.RoomKey(ctx, third); err != nil || !ok {
		t.Errorf("a room that runs has a key %v, %v", ok, err)
	}
}
