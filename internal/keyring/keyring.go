// Package keyring keeps a key for each person, outside of what is backed up with
// the records: what somebody wrote about themselves is sealed by it, and is gone
// from every backup when the key is destroyed (docs/adr/0065).
//
// It is a SQLite file that overwrites what is deleted, and has no log in which a
// destroyed key would stay. Keys lie in slots that never move, and are overwritten
// there (slots.go). It seals nothing itself, and knows nothing of people but their
// ids. Not here: what a disk or a file system keeps of old blocks.
package keyring

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/lite"
)

const (
	// KeySize is the size of a key in bytes.
	KeySize = 32
	// File is what a keyring is called in a data directory.
	File = "keys.db"
	// ForHandles is the purpose of the key by which handles are found.
	ForHandles = "handles"
	// ForDiscovery is the purpose of the secret of which the key of discovery is made.
	ForDiscovery = "discovery"
)

var (
	// ErrNone means that there is no keyring where there should be one.
	ErrNone = errors.New("there is no keyring")
	// ErrNoKey means that somebody has no key.
	ErrNoKey = errors.New("no such key")
	// ErrDoomed means that somebody is erased, or about to be.
	ErrDoomed = errors.New("this person is erased")
)

type ringKind struct{}

// ID tells one keyring from another.
type ID = id.ID[ringKind]

const schema = `
CREATE TABLE IF NOT EXISTS house (
    id     BLOB PRIMARY KEY CHECK (length(id) = 16),
    secret BLOB NOT NULL    CHECK (length(secret) = 32)
);
-- Who is erased, by the hash of their id; doomed is the id itself until it is done.
CREATE TABLE IF NOT EXISTS erased (
    hash   BLOB    PRIMARY KEY CHECK (length(hash) = 32),
    doomed BLOB    CHECK (length(doomed) = 16),
    at     INTEGER NOT NULL
);`

// A Ring is an open keyring. It is safe for concurrent use.
type Ring struct {
	db     *sql.DB
	id     ID
	secret []byte
}

// Open opens the keyring in the file path. One that is not there yet is made, if
// that is wanted; else the error is ErrNone.
func Open(ctx context.Context, path string, create bool) (_ *Ring, err error) {
	if err := lite.Make(path, create); errors.Is(err, fs.ErrNotExist) && !create {
		return nil, fmt.Errorf("%w at %s", ErrNone, path)
	} else if err != nil {
		return nil, fmt.Errorf("open the keyring: %w", err)
	}
	// One connection: reading is quick, and what is read is remembered elsewhere.
	db, err := lite.Connect(path, 1, "journal_mode(DELETE)", "synchronous(FULL)", "temp_store(MEMORY)")
	if err != nil {
		return nil, fmt.Errorf("open the keyring: %w", err)
	}
	r := &Ring{db: db}
	if err := r.begin(ctx, create); err != nil {
		return nil, errors.Join(fmt.Errorf("open the keyring: %w", err), db.Close())
	}
	return r, nil
}

// begin finds out which keyring it is, and fills a new one.
func (r *Ring) begin(ctx context.Context, create bool) error {
	if create {
		if _, err := r.db.ExecContext(ctx, schema); err != nil {
			return err
		}
		made, secret := id.New[ID](), make([]byte, KeySize)
		_, _ = rand.Read(secret) // never fails (crypto/rand, Go 1.24)
		if _, err := r.db.ExecContext(ctx,
			"INSERT INTO house (id, secret) SELECT $1, $2 WHERE NOT EXISTS (SELECT 1 FROM house)", made[:], secret); err != nil {
			return err
		}
	}
	var b []byte
	if err := r.db.QueryRowContext(ctx, "SELECT id, secret FROM house").Scan(&b, &r.secret); err != nil {
		return err
	}
	copy(r.id[:], b)
	return r.arrange(ctx)
}

// ID returns which keyring it is.
func (r *Ring) ID() ID { return r.id }

// Close closes the file.
func (r *Ring) Close() error { return r.db.Close() }

// House derives a key of the house's own for one purpose (HKDF, RFC 5869).
func (r *Ring) House(purpose string) ([]byte, error) {
	return hkdf.Key(sha256.New, r.secret, nil, "stoa "+purpose, KeySize)
}

// Key returns the key of who, or ErrNoKey.
func (r *Ring) Key(ctx context.Context, who id.Person) ([]byte, error) {
	var key []byte
	err := r.db.QueryRowContext(ctx, "SELECT s.key FROM person_keys k JOIN slots s ON s.n = k.slot WHERE k.person = $1", who[:]).Scan(&key)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNoKey
	}
	if err != nil {
		return nil, fmt.Errorf("read a key: %w", err)
	}
	return key, nil
}

// Make makes a key for who, if there is none. It is ErrDoomed for who is erased.
func (r *Ring) Make(ctx context.Context, who id.Person) error {
	hash := sha256.Sum256(who[:])
	erased := false
	err := r.write(ctx, func(tx *sql.Tx) error {
		has := false
		err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM erased WHERE hash = $1),
			EXISTS (SELECT 1 FROM person_keys WHERE person = $2)`, hash[:], who[:]).Scan(&erased, &has)
		if err != nil || erased || has {
			return err
		}
		slot, err := fill(ctx, tx)
		if err == nil {
			_, err = tx.ExecContext(ctx, "INSERT INTO person_keys (person, slot, made) VALUES ($1, $2, $3)", who[:], slot, time.Now().UnixMilli())
		}
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("make a key: %w", err)
	case erased:
		return ErrDoomed
	}
	return nil
}

// MakeAll makes keys for people of whom none has one, all in one transaction, and
// returns them in their order. It is for those who fill a house with people.
func (r *Ring) MakeAll(ctx context.Context, who []id.Person) (keys [][]byte, err error) {
	made := time.Now().UnixMilli()
	keys = make([][]byte, len(who))
	err = r.write(ctx, func(tx *sql.Tx) error {
		var slot int64 // the last there is
		if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(n), 0) FROM slots").Scan(&slot); err != nil {
			return err
		}
		lay, err := tx.PrepareContext(ctx, "INSERT INTO slots (n, key) VALUES ($1, $2)")
		if err != nil {
			return err
		}
		note, err := tx.PrepareContext(ctx, "INSERT INTO person_keys (person, slot, made) VALUES ($1, $2, $3)")
		if err != nil {
			return err
		}
		for i := range who {
			slot++
			keys[i] = make([]byte, KeySize)
			_, _ = rand.Read(keys[i]) // never fails (crypto/rand, Go 1.24)
			if _, err := lay.ExecContext(ctx, slot, keys[i]); err != nil {
				return err
			}
			if _, err := note.ExecContext(ctx, who[i][:], slot, made); err != nil {
				return err
			}
		}
		return errors.Join(lay.Close(), note.Close())
	})
	if err != nil {
		return nil, fmt.Errorf("make keys: %w", err)
	}
	return keys, nil
}

// Drop takes back a key of whom no account was made.
func (r *Ring) Drop(ctx context.Context, who id.Person) error {
	err := r.write(ctx, func(tx *sql.Tx) error { return destroy(ctx, tx, ofPerson, who[:]) })
	if err != nil {
		return fmt.Errorf("drop a key: %w", err)
	}
	return nil
}

// Doom notes that who is to be erased. From then on it will be, whatever happens.
func (r *Ring) Doom(ctx context.Context, who id.Person) error {
	hash := sha256.Sum256(who[:])
	_, err := r.db.ExecContext(ctx, "INSERT INTO erased (hash, doomed, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
		hash[:], who[:], time.Now().UnixMilli())
	if err != nil {
		return fmt.Errorf("note who is to be erased: %w", err)
	}
	return nil
}

// Doomed returns who is to be erased and is not yet.
func (r *Ring) Doomed(ctx context.Context) ([]id.Person, error) {
	out, err := r.list(ctx, "SELECT doomed FROM erased WHERE doomed IS NOT NULL ORDER BY at")
	if err != nil {
		return nil, fmt.Errorf("look who is to be erased: %w", err)
	}
	return out, nil
}

// After returns up to most people after one who have a key, in the order of their
// ids.
func (r *Ring) After(ctx context.Context, after id.Person, most int) ([]id.Person, error) {
	out, err := r.list(ctx, "SELECT person FROM person_keys WHERE person > $1 ORDER BY person LIMIT $2", after[:], most)
	if err != nil {
		return nil, fmt.Errorf("look who has a key: %w", err)
	}
	return out, nil
}

func (r *Ring) list(ctx context.Context, query string, args ...any) (out []id.Person, err error) {
	rows, err := r.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, err
		}
		var who id.Person
		copy(who[:], b)
		out = append(out, who)
	}
	return out, rows.Err()
}

// Destroy destroys the key of who, and leaves that they are erased, by the hash
// of their id.
func (r *Ring) Destroy(ctx context.Context, who id.Person) error {
	hash := sha256.Sum256(who[:])
	err := r.write(ctx, func(tx *sql.Tx) error {
		if err := destroy(ctx, tx, ofPerson, who[:]); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO erased (hash, at) VALUES ($1, $2)
			ON CONFLICT (hash) DO UPDATE SET doomed = NULL`, hash[:], time.Now().UnixMilli())
		return err
	})
	if err != nil {
		return fmt.Errorf("destroy a key: %w", err)
	}
	return nil
}

// Erased reports whether who is erased, or is to be.
func (r *Ring) Erased(ctx context.Context, who id.Person) (erased bool, err error) {
	hash := sha256.Sum256(who[:])
	err = r.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM erased WHERE hash = $1)", hash[:]).Scan(&erased)
	if err != nil {
		return false, fmt.Errorf("look who is erased: %w", err)
	}
	return erased, nil
}

// IsNoKey reports whether an error means that there is no such key.
func (r *Ring) IsNoKey(err error) bool { return errors.Is(err, ErrNoKey) }
