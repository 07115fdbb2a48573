package keyring

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stoa-audio/stoa/internal/id"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, path string) *Ring {
	t.Helper()
	r, err := Open(t.Context(), path, true)
	must(t, err)
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// TestDestroyed looks for the bytes of keys in the file, before and after they
// are destroyed.
func TestDestroyed(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	path := filepath.Join(dir, "keys.db")
	r := open(t, path)
	var who []id.Person
	var keys [][]byte
	for range 300 { // more than a page has
		p := id.New[id.Person]()
		must(t, r.Make(ctx, p))
		k, err := r.Key(ctx, p)
		must(t, err)
		who, keys = append(who, p), append(keys, k)
	}
	found := func(needle []byte) bool {
		t.Helper()
		files, err := os.ReadDir(dir)
		must(t, err)
		for _, f := range files {
			b, err := os.ReadFile(filepath.Join(dir, f.Name()))
			must(t, err)
			if bytes.Contains(b, needle) {
				return true
			}
		}
		return false
	}
	for i, k := range keys {
		if !found(k) {
			t.Fatalf("key %d is not in the file, so the test finds nothing", i)
		}
	}
	for i, p := range who {
		if i%3 == 0 {
			continue
		}
		must(t, r.Doom(ctx, p))
		must(t, r.Destroy(ctx, p))
	}
	for i, k := range keys {
		if kept := i%3 == 0; found(k) != kept || found(who[i][:]) != kept {
			t.Errorf("key %d: it is in the file: %t, its person: %t; want %t", i, found(k), found(who[i][:]), kept)
		}
	}
	_, err := r.Key(ctx, who[1])
	if !errors.Is(err, ErrNoKey) {
		t.Errorf("a destroyed key: %v", err)
	}
	if err := r.Make(ctx, who[1]); !errors.Is(err, ErrDoomed) {
		t.Errorf("a new key for who is erased: %v", err)
	}
}

func TestOrder(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "keys.db")
	r := open(t, path)
	ada, bo := id.New[id.Person](), id.New[id.Person]()
	for range 2 {
		must(t, r.Make(ctx, ada))
	}
	before, err := r.Key(ctx, ada)
	must(t, err)
	must(t, r.Doom(ctx, ada))
	must(t, r.Doom(ctx, bo))
	which := r.ID()
	house, err := r.House("handles")
	must(t, err)
	must(t, r.Close())

	r = open(t, path) // after a crash
	again, err := r.House("handles")
	must(t, err)
	if r.ID() != which || !bytes.Equal(house, again) {
		t.Error("the keyring is another one")
	}
	after, err := r.Key(ctx, ada)
	must(t, err)
	if !bytes.Equal(before, after) {
		t.Error("the key is another one")
	}
	doomed, err := r.Doomed(ctx)
	must(t, err)
	if len(doomed) != 2 || !slices.Contains(doomed, ada) || !slices.Contains(doomed, bo) {
		t.Errorf("doomed are %v", doomed)
	}
	for range 2 {
		must(t, r.Destroy(ctx, ada))
	}
	doomed, err = r.Doomed(ctx)
	must(t, err)
	if !slices.Equal(doomed, []id.Person{bo}) {
		t.Errorf("doomed are %v", doomed)
	}
	for p, want := range map[id.Person]bool{ada: true, bo: true, id.New[id.Person](): false} {
		if got, err := r.Erased(ctx, p); err != nil || got != want {
			t.Errorf("erased: %t, %v, want %t", got, err, want)
		}
	}
}

func TestNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.db")
	if _, err := Open(t.Context(), path, false); !errors.Is(err, ErrNone) {
		t.Errorf("opened: %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a keyring was made that nobody wanted")
	}
	r := open(t, path)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
	for pragma, want := range map[string]string{"journal_mode": "delete", "synchronous": "2", "secure_delete": "1"} {
		var got string
		if err := r.db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, want %q (%v)", pragma, got, want, err)
		}
	}
}
