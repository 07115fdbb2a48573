package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
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
