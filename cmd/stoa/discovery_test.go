package main

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/discover"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/keyring"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/store"
)

// TestRotateDiscovery replaces the key: what was made under it is gone, and what
// each may ask for is not.
func TestRotateDiscovery(t *testing.T) {
	ctx, data := t.Context(), t.TempDir()
	if _, err := says(t, "discovery", "rotate", "--data", data); err == nil || !strings.Contains(err.Error(), "no house") {
		t.Errorf("an empty folder: %v", err)
	}
	s, err := store.Open(ctx, data+"/stoa.db")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := says(t, "discovery", "rotate", "--data", data); !errors.Is(err, keyring.ErrNone) {
		t.Errorf("without a keyring: %v", err)
	}
	ring, err := keyring.Open(ctx, filepath.Join(data, keyring.File), true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ring.Close() }()
	before, err := ring.Secret(ctx, keyring.ForDiscovery)
	if err != nil {
		t.Fatal(err)
	}
	ada, code, now := id.New[id.Person](), people.Hash{1}, time.Now()
	_, err = s.Founder(ctx, people.Invite{Created: now}, code)
	err = errors.Join(err, s.Bind(ctx, ring.ID()),
		s.SignUp(ctx, people.NewAccount{Person: people.Person{ID: ada, Created: now}, Invite: &code}),
		s.SetFindable(ctx, ada, true, now),
		s.KeepDeposits(ctx, discover.KeyID{1}),
		s.SetDeposits(ctx, ada, 0, discover.KeyID{1}, []discover.Deposit{{Kind: discover.Handle}}),
		s.Spend(ctx, ada, now, func(b discover.Budget) (discover.Budget, error) { return b.Spend(now, 7) }))
	if err != nil {
		t.Fatal(err)
	}
	if said, err := says(t, "discovery", "rotate", "--data", data); err != nil || !strings.Contains(said, "another key") {
		t.Fatalf("%s, %v", said, err)
	}
	after, err := ring.Secret(ctx, keyring.ForDiscovery)
	if err != nil || bytes.Equal(before, after) {
		t.Errorf("the secret is %x, and was %x, %v", after, before, err)
	}
	left, err := s.Deposits(ctx, ada, discover.KeyID{1})
	if err != nil || len(left) > 0 {
		t.Errorf("there is still %v, %v", left, err)
	}
	if f, err := s.Finder(ctx, ada); err != nil || !f.On || f.Budget.Left != discover.BudgetMax-7 {
		t.Errorf("Ada stands so: %+v, %v", f, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := says(t, "discovery", "forget", "--data", data); !errors.Is(err, errUsage) {
		t.Errorf("something else: %v", err)
	}
}
