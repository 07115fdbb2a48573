package keyring

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stoa-audio/stoa/internal/id"
)

// TestRoomKeys has the same key for a room as long as it is there, and looks for what
// is destroyed in the file.
func TestRoomKeys(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), File)
	r := open(t, path)
	var names []id.Room
	for range 300 { // more than a page has
		names = append(names, id.New[id.Room]())
	}
	keys, err := r.MakeRoomKeys(ctx, names...)
	must(t, err)
	again, err := r.MakeRoomKeys(ctx, names[7])
	must(t, err)
	if !bytes.Equal(again[0], keys[7]) || bytes.Equal(keys[7], keys[8]) || len(keys[7]) != KeySize {
		t.Fatalf("keys %x, %x, and again %x", keys[7], keys[8], again[0])
	}
	must(t, r.DestroyRoomKeys(ctx, names[:100]...))
	must(t, r.KeepRoomKeys(ctx, names[200:]))
	file, err := os.ReadFile(path)
	must(t, err)
	for i, k := range keys {
		_, ok, err := r.RoomKey(ctx, names[i])
		must(t, err)
		if kept := i >= 200; ok != kept || bytes.Contains(file, k) != kept {
			t.Errorf("room %d: a key %t, in the file %t", i, ok, bytes.Contains(file, k))
		}
	}
	size := len(file)
	for range 30 { // what was destroyed makes room for others
		name := id.New[id.Room]()
		_, err := r.MakeRoomKeys(ctx, name)
		must(t, err)
		must(t, r.DestroyRoomKeys(ctx, name))
	}
	if file, err = os.ReadFile(path); err != nil || len(file) > size {
		t.Errorf("the file grows from %d to %d bytes, %v", size, len(file), err)
	}
}

// TestNothingStays destroys keys in any order, in which rows come and go beside each
// other, and looks for all of them.
func TestNothingStays(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), File)
	r := open(t, path)
	rnd := rand.New(rand.NewPCG(1, 2))
	var names []id.Room
	var keys, dead [][]byte
	for range 40 {
		var some []id.Room
		for range 1 + rnd.IntN(150) {
			some = append(some, id.New[id.Room]())
		}
		made, err := r.MakeRoomKeys(ctx, some...)
		must(t, err)
		names, keys = append(names, some...), append(keys, made...)
		from := rnd.IntN(len(names))
		to := from + rnd.IntN(len(names)-from)
		must(t, r.DestroyRoomKeys(ctx, names[from:to]...)) // which came one after the other
		dead = append(dead, keys[from:to]...)
		names, keys = slices.Delete(names, from, to), slices.Delete(keys, from, to)
		file, err := os.ReadFile(path)
		must(t, err)
		for i, k := range dead {
			if bytes.Contains(file, k) {
				t.Fatalf("key %d of %d that were destroyed is in the file", i, len(dead))
			}
		}
	}
}

// TestRingFromBefore has its keys in rows of their own.
func TestRingFromBefore(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), File)
	r := open(t, path)
	ada, bo := id.New[id.Person](), id.New[id.Person]()
	key, gone := bytes.Repeat([]byte("k"), KeySize), bytes.Repeat([]byte("g"), KeySize)
	_, err := r.db.ExecContext(ctx, `DROP TABLE person_keys; DROP TABLE room_keys; DROP TABLE slots; PRAGMA user_version = 0;
		CREATE TABLE keys (person BLOB PRIMARY KEY CHECK (length(person) = 16), key BLOB NOT NULL CHECK (length(key) = 32), made INTEGER NOT NULL)`)
	must(t, err)
	for who, key := range map[id.Person][]byte{ada: key, bo: gone} {
		_, err = r.db.ExecContext(ctx, "INSERT INTO keys VALUES ($1, $2, 7)", who[:], key)
		must(t, err)
	}
	must(t, r.Close())
	for range 2 { // the second time nothing is left to do
		r, err = Open(ctx, path, false)
		must(t, err)
		if got, err := r.Key(ctx, ada); err != nil || !bytes.Equal(got, key) {
			t.Fatalf("her key is %x, %v", got, err)
		}
		must(t, r.Close())
	}
	r, err = Open(ctx, path, false)
	must(t, err)
	must(t, r.Destroy(ctx, bo))
	file, err := os.ReadFile(path)
	must(t, err)
	if bytes.Contains(file, gone) || !bytes.Contains(file, key) {
		t.Error("the key that was destroyed is there, or the other one is not")
	}
	must(t, r.Close())
}
