package node

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stoa-audio/stoa/internal/keyring"
	"github.com/stoa-audio/stoa/internal/store"
	"github.com/stoa-audio/stoa/internal/store/records"
)

// TestKeyring starts with no keyring, with another one, and with the right one.
func TestKeyring(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	s, err := store.Open(ctx, filepath.Join(dir, "stoa.db"))
	must(err)
	defer func() { must(s.Close()) }()
	ours, other, none := filepath.Join(dir, "keys.db"), filepath.Join(dir, "other.db"), filepath.Join(dir, "none.db")
	ring, err := openKeys(ctx, ours, s)
	must(err)
	must(ring.Close())

	another, err := keyring.Open(ctx, other, true)
	must(err)
	must(another.Close())
	before, err := os.ReadFile(other)
	must(err)
	if _, err := openKeys(ctx, other, s); !errors.Is(err, records.ErrKeyring) {
		t.Errorf("another keyring: %v", err)
	}
	if after, err := os.ReadFile(other); err != nil || !bytes.Equal(before, after) {
		t.Errorf("another keyring was changed, %v", err)
	}
	if _, err := openKeys(ctx, none, s); !errors.Is(err, keyring.ErrNone) {
		t.Errorf("no keyring: %v", err)
	}
	if _, err := os.Stat(none); err == nil {
		t.Error("a keyring was made")
	}
	ring, err = openKeys(ctx, ours, s)
	must(err)
	must(ring.Close())
}
