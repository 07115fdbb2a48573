package keyring

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
)

// SQLite overwrites a row that is deleted where it lies. It may have lain elsewhere
// before: rows move from page to page when their neighbours come and go, and what
// stays behind in a gap is overwritten by nothing. So keys lie in rows that never
// move: slots are added at the end only, are all of one size, never deleted, and a
// key is destroyed by writing zeros over it. Who has which slot is in other tables.
const slotsSchema = `
CREATE TABLE IF NOT EXISTS slots (
    n   INTEGER PRIMARY KEY,
    key BLOB    NOT NULL CHECK (length(key) = 32)
);
CREATE INDEX IF NOT EXISTS free_slots ON slots (n) WHERE key = ` + none + `;
CREATE TABLE IF NOT EXISTS person_keys (
    person BLOB    PRIMARY KEY CHECK (length(person) = 16),
    slot   INTEGER NOT NULL UNIQUE REFERENCES slots (n),
    made   INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS room_keys (
    room BLOB    PRIMARY KEY CHECK (length(room) = 16),
    slot INTEGER NOT NULL UNIQUE REFERENCES slots (n),
    made INTEGER NOT NULL
);`

// none is a slot's key when it is free.
const none = "x'0000000000000000000000000000000000000000000000000000000000000000'"

// slotsForm is the version of the schema since there are slots.
const slotsForm = 1

// arrange makes slots, and lays the keys into them that a ring from before has.
func (r *Ring) arrange(ctx context.Context) error {
	var form int
	if err := r.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&form); err != nil || form >= slotsForm {
		return err
	}
	if err := r.write(ctx, func(tx *sql.Tx) error { return layIn(ctx, tx) }); err != nil {
		return fmt.Errorf("lay keys into slots: %w", err)
	}
	// What stayed behind where rows have moved before is in no page of the new file.
	_, err := r.db.ExecContext(ctx, fmt.Sprintf("VACUUM; PRAGMA user_version = %d", slotsForm))
	return err
}

func layIn(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, slotsSchema); err != nil {
		return err
	}
	before := false
	err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'keys')").Scan(&before)
	if err != nil || !before {
		return err
	}
	// The number of a row there is that of its slot here.
	_, err = tx.ExecContext(ctx, `
		INSERT INTO slots (n, key) SELECT rowid, key FROM keys ORDER BY rowid;
		INSERT INTO person_keys (person, slot, made) SELECT person, rowid, made FROM keys;
		DROP TABLE keys`)
	return err
}

// write runs do in a transaction.
func (r *Ring) write(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// fill lays a new key into a slot, one that is free if there is any.
func fill(ctx context.Context, tx *sql.Tx) (slot int64, err error) {
	key := make([]byte, KeySize)
	_, _ = rand.Read(key) // never fails (crypto/rand, Go 1.24)
	err = tx.QueryRowContext(ctx, "SELECT n FROM slots WHERE key = "+none+" LIMIT 1").Scan(&slot)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return add(ctx, tx, key)
	case err != nil:
		return 0, err
	}
	_, err = tx.ExecContext(ctx, "UPDATE slots SET key = $1 WHERE n = $2", key, slot)
	return slot, err
}

// add lays a key into a new slot.
func add(ctx context.Context, tx *sql.Tx, key []byte) (slot int64, err error) {
	done, err := tx.ExecContext(ctx, "INSERT INTO slots (key) VALUES ($1)", key)
	if err != nil {
		return 0, err
	}
	return done.LastInsertId()
}

// The holders of slots, by the tables that say which.
const (
	ofPerson = "person_keys WHERE person = $1"
	ofRoom   = "room_keys WHERE room = $1"
)

// destroy overwrites the key of a holder, and frees its slot.
func destroy(ctx context.Context, tx *sql.Tx, holder string, who []byte) error {
	_, err := tx.ExecContext(ctx, "UPDATE slots SET key = "+none+" WHERE n = (SELECT slot FROM "+holder+")", who)
	if err == nil {
		_, err = tx.ExecContext(ctx, "DELETE FROM "+holder, who) //nolint:gosec // one of two
	}
	return err
}
