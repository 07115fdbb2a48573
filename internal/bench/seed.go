package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stoa-audio/stoa/internal/bench/crowd"
	"github.com/stoa-audio/stoa/internal/keyring"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/search"
	"github.com/stoa-audio/stoa/internal/store/sqlite"
)

const (
	// seedsAtOnce is how many accounts are written at the same time: the
	// records commit together what has come together.
	seedsAtOnce = 256
	// invitesEach is how many others a person has invited: few, since the
	// records look through all of a person's invites to give another.
	invitesEach = 16
)

// Seed makes n people with an account and a session in the records of a node
// that does not run yet.
func Seed(ctx context.Context, data string, n int) (_ []crowd.Person, err error) {
	store, err := sqlite.Open(ctx, filepath.Join(data, "stoa.db"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	ring, err := keyring.Open(ctx, filepath.Join(data, keyring.File), true)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, ring.Close()) }()
	if err := store.Bind(ctx, ring.ID()); err != nil {
		return nil, err
	}
	names, err := search.Open(ctx, filepath.Join(data, search.File))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, names.Close()) }()
	handles, err := ring.House(keyring.ForHandles)
	if err != nil {
		return nil, err
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails (crypto/rand, Go 1.24)
	house, err := people.New(store, people.Config{
		URL: &url.URL{Scheme: "http", Host: "localhost"}, House: "Bench", InviteKey: key, Keys: ring, HandleKey: handles, Index: names,
		Growth: people.Growth{Start: invitesEach, Most: invitesEach}, InviteLife: time.Hour, Clock: time.Now,
	})
	if err != nil {
		return nil, err
	}
	founder, _, err := house.FounderInvite(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]crowd.Person, n)
	if out[0], err = settle(ctx, house, founder, 0); err != nil {
		return nil, err
	}
	for done := 1; done < n; {
		next := min(n, 1+done*invitesEach)
		all, ctx := errgroup.WithContext(ctx)
		all.SetLimit(seedsAtOnce)
		for i := done; i < next; i++ {
			all.Go(func() error {
				invite, err := house.Give(ctx, out[(i-1)/invitesEach].ID)
				if err != nil {
					return fmt.Errorf("seed an invite: %w", err)
				}
				out[i], err = settle(ctx, house, invite.Code.String(), i)
				return err
			})
		}
		if err := all.Wait(); err != nil {
			return nil, err
		}
		done = next
	}
	return out, nil
}

// settle makes an account by an invite, and signs it in.
func settle(ctx context.Context, house *people.People, invite string, number int) (crowd.Person, error) {
	account, _, err := house.SignUpByRecovery(ctx, people.ByInvite(invite), fmt.Sprintf("Guest %d", number))
	if err != nil {
		return crowd.Person{}, fmt.Errorf("seed an account: %w", err)
	}
	_, token, err := house.SignIn(ctx, account.ID)
	if err != nil {
		return crowd.Person{}, fmt.Errorf("seed a session: %w", err)
	}
	return crowd.Person{ID: account.ID, Token: token}, nil
}
