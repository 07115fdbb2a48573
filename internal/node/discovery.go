package node

import (
	"context"
	"errors"
	"time"

	"github.com/stoa-audio/stoa/internal/discover"
	"github.com/stoa-audio/stoa/internal/keyring"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/store/records"
)

// openDiscovery opens it under the key that there is now, and deletes what was made
// under another.
func (n *Node) openDiscovery(ctx context.Context) (err error) {
	n.discovery, err = discoveryOf(ctx, n.keys, n.store, n.people)
	return err
}

func discoveryOf(ctx context.Context, ring *keyring.Ring, s *records.Store, p *people.People) (*discover.Discovery, error) {
	secret := func(ctx context.Context) ([]byte, error) { return ring.Secret(ctx, keyring.ForDiscovery) }
	d := discover.New(s, discover.Config{Identifiers: p, Blocks: p, Secret: secret, Clock: time.Now})
	return d, d.Settle(ctx)
}

// RotateDiscovery makes another key for discovery, and deletes what was made under
// the one before. When it returns, a node that runs answers nothing under that one any
// more, and its records take nothing that was made under it.
func RotateDiscovery(ctx context.Context, c *Config) error {
	return atRecords(ctx, c, func(s *records.Store) error {
		if _, bound, err := s.Keyring(ctx); err != nil || !bound {
			return errors.Join(err, keyring.ErrNone)
		}
		return withKeys(ctx, c, s, func(ring *keyring.Ring) error {
			if _, err := ring.Rotate(ctx, keyring.ForDiscovery); err != nil {
				return err
			}
			_, err := discoveryOf(ctx, ring, s, nil)
			return err
		})
	})
}
