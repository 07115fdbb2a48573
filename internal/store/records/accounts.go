package records

import (
	"context"
	"database/sql"
	"errors"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/store/query"
)

// SignUp implements people.Accounts.
func (s *Store) SignUp(ctx context.Context, n people.NewAccount) error {
	return s.write(ctx, "sign up", func(ctx context.Context, q *query.Queries) error {
		var recovery []byte
		if n.Recovery != nil {
			recovery = n.Recovery[:]
		}
		if n.Invite == nil { // the first one is invited by the house
			empty, err := q.IsEmpty(ctx)
			if err == nil && empty {
				err = people.ErrNoInvite
			}
			if err != nil {
				return err
			}
		}
		p, created := n.Person, millis(n.Person.Created)
		if err := q.AddPerson(ctx, query.AddPersonParams{
			ID: p.ID[:], Created: created, Recovery: recovery, Invited: n.Invite != nil,
		}); err != nil {
			return err
		}
		if n.Sealed.Sealed != nil {
			if _, err := addProfile(ctx, q, n.Sealed); err != nil {
				return err
			}
		}
		if n.Invite != nil {
			rows, err := q.UseInvite(ctx, query.UseInviteParams{Used: created, UsedBy: p.ID[:], Code: n.Invite[:]})
			if err := changed(rows, err, people.ErrNoInvite); err != nil {
				return err
			}
		}
		if n.Passkey == nil {
			return nil
		}
		return addPasskey(ctx, q, *n.Passkey)
	})
}

// Account implements people.Accounts.
func (s *Store) Account(ctx context.Context, who id.Person) (people.Account, error) {
	r, err := s.read.Account(ctx, who[:])
	if err != nil {
		return people.Account{}, found("read an account", err, people.ErrNoPerson)
	}
	return people.Account{
		Person: personOf(r.ID, r.Created, r.Sealed, r.Version), Passkeys: int(r.Passkeys), Recovery: r.Recovery != 0,
	}, nil
}

// Profile implements people.Accounts.
func (s *Store) Profile(ctx context.Context, viewer, who id.Person) (people.Profile, error) {
	r, err := s.read.Profile(ctx, query.ProfileParams{Who: viewer[:], ID: who[:]})
	if err != nil {
		return people.Profile{}, found("read a profile", err, people.ErrNoPerson)
	}
	return people.Profile{Person: personOf(r.ID, r.Created, r.Sealed, r.Version), Followed: r.Notify != "", Notify: people.Notify(r.Notify), FollowsMe: r.FollowsMe}, nil
}

// AddPasskey implements people.Accounts.
func (s *Store) AddPasskey(ctx context.Context, k people.Passkey) error {
	return s.write(ctx, "add a passkey", func(ctx context.Context, q *query.Queries) error {
		if err := take(ctx, q, k.Person); err != nil {
			return err
		}
		a, err := q.Account(ctx, k.Person[:])
		if err != nil {
			return err
		}
		if a.Passkeys >= people.PasskeysMax {
			return people.ErrPasskeys
		}
		return addPasskey(ctx, q, k)
	})
}

func addPasskey(ctx context.Context, q *query.Queries, k people.Passkey) error {
	rows, err := q.AddPasskey(ctx, query.AddPasskeyParams{
		ID: k.ID, Person: k.Person[:], PublicKey: k.PublicKey,
		Flags: int64(k.Flags), Uses: int64(k.Count), Created: millis(k.Created),
	})
	return changed(rows, err, people.ErrPasskey)
}

// Passkeys implements people.Accounts.
func (s *Store) Passkeys(ctx context.Context, who id.Person) ([]people.Passkey, error) {
	rows, err := s.read.Passkeys(ctx, who[:])
	if err != nil {
		return nil, failed("read passkeys", err)
	}
	out := make([]people.Passkey, len(rows))
	for i, r := range rows {
		out[i] = people.Passkey{
			ID: r.ID, Person: who, PublicKey: r.PublicKey,
			Flags: byte(r.Flags), Count: uint32(r.Uses), Created: fromMillis(r.Created),
		}
	}
	return out, nil
}

// UsePasskey implements people.Accounts.
func (s *Store) UsePasskey(ctx context.Context, k people.Passkey) error {
	return s.write(ctx, "use a passkey", func(ctx context.Context, q *query.Queries) error {
		rows, err := q.UsePasskey(ctx, query.UsePasskeyParams{Flags: int64(k.Flags), Uses: int64(k.Count), ID: k.ID})
		return changed(rows, err, people.ErrSignIn)
	})
}

// KeepBackup implements people.Accounts.
func (s *Store) KeepBackup(ctx context.Context, who id.Person, b people.Backup) error {
	return s.write(ctx, "keep a backup", func(ctx context.Context, q *query.Queries) error {
		rows, err := q.KeepBackup(ctx, query.KeepBackupParams{KeyBackup: b.Sealed, ID: b.Passkey, Person: who[:]})
		return changed(rows, err, people.ErrNoPasskey)
	})
}

// Backups implements people.Accounts.
func (s *Store) Backups(ctx context.Context, who id.Person) ([]people.Backup, error) {
	rows, err := s.read.Backups(ctx, who[:])
	if err != nil {
		return nil, failed("read backups", err)
	}
	out := make([]people.Backup, len(rows))
	for i, r := range rows {
		out[i] = people.Backup{Passkey: r.ID, Sealed: r.KeyBackup}
	}
	return out, nil
}

// ForgetBackups implements people.Accounts.
func (s *Store) ForgetBackups(ctx context.Context, who id.Person) error {
	return s.write(ctx, "forget backups", func(ctx context.Context, q *query.Queries) error {
		return q.ForgetBackups(ctx, who[:])
	})
}

// SetRecovery implements people.Accounts.
func (s *Store) SetRecovery(ctx context.Context, who id.Person, code people.Hash) error {
	return s.write(ctx, "set a recovery code", func(ctx context.Context, q *query.Queries) error {
		rows, err := q.SetRecovery(ctx, query.SetRecoveryParams{Recovery: code[:], ID: who[:]})
		return changed(rows, err, people.ErrNoPerson)
	})
}

// Recover implements people.Accounts.
func (s *Store) Recover(ctx context.Context, old, next people.Hash) (who id.Person, err error) {
	err = s.write(ctx, "recover an account", func(ctx context.Context, q *query.Queries) error {
		b, err := q.Recover(ctx, query.RecoverParams{Next: next[:], Old: old[:]})
		if errors.Is(err, sql.ErrNoRows) {
			return people.ErrSignIn
		}
		who = name[id.Person](b)
		return err
	})
	return who, err
}
