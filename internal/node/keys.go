package node

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/stoa-audio/stoa/internal/keyring"
	"github.com/stoa-audio/stoa/internal/store"
	"github.com/stoa-audio/stoa/internal/store/records"
)

// errKeyring says what to do when keyring and records do not belong together.
const errKeyring = "%w: %s; put the keyring of these records there (setting keyring), or name it. Nothing was changed"

// KeyringAt is where everybody's keys are.
func (c *Config) KeyringAt() string {
	if c.Keyring != "" {
		return c.Keyring
	}
	return filepath.Join(c.Data, keyring.File)
}

// openKeys opens the keyring that the records belong to. Records that belong to
// none yet get one. Another one, or none, changes nothing: without the right keys
// nobody could be read, and nobody is to be erased by it.
func openKeys(ctx context.Context, path string, s *records.Store) (_ *keyring.Ring, err error) {
	which, bound, err := s.Keyring(ctx)
	if err != nil {
		return nil, err
	}
	ring, err := keyring.Open(ctx, path, !bound)
	if errors.Is(err, keyring.ErrNone) {
		return nil, fmt.Errorf(errKeyring, keyring.ErrNone, path)
	}
	if err != nil {
		return nil, err
	}
	switch {
	case !bound:
		err = s.Bind(ctx, ring.ID())
	case ring.ID() != which:
		err = fmt.Errorf(errKeyring, records.ErrKeyring, path)
	}
	if err != nil {
		return nil, errors.Join(err, ring.Close())
	}
	return ring, nil
}

// settle makes good what a crash or a backup has left of erasures, and says how
// many people it concerned; never who.
func (n *Node) settle(ctx context.Context) error {
	s, err := n.people.Settle(ctx)
	if err != nil {
		return fmt.Errorf("finish what has begun: %w", err)
	}
	if s.Finished > 0 {
		n.log.InfoContext(ctx, "erasures that had begun are finished", "count", s.Finished)
	}
	if s.Purged > 0 {
		n.log.WarnContext(ctx, "accounts that were erased had come back, and are deleted again", "count", s.Purged)
	}
	if s.Sealed > 0 {
		n.log.InfoContext(ctx, "names that were stored in clear are sealed", "count", s.Sealed)
	}
	if s.Unreadable > 0 {
		n.log.WarnContext(ctx, "accounts have no key in the keyring, and cannot be read", "count", s.Unreadable)
	}
	return nil
}

// atRecords opens the records of a house that is there, which a node may be using,
// and closes them after do.
func atRecords(ctx context.Context, c *Config, do func(*records.Store) error) (err error) {
	if err := store.Exists(c.Records()); err != nil {
		return fmt.Errorf("there is no house there: %w", err)
	}
	s, err := store.Open(ctx, c.Records())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return do(s)
}

// withKeys opens the keyring of records, and closes it after do.
func withKeys(ctx context.Context, c *Config, s *records.Store, do func(*keyring.Ring) error) (err error) {
	ring, err := openKeys(ctx, c.KeyringAt(), s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ring.Close()) }()
	return do(ring)
}
