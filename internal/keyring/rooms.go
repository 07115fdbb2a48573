package keyring

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// A ring from before has no such table.
const roomsSchema = `
CREATE TABLE IF NOT EXISTS rooms (
    room BLOB    PRIMARY KEY CHECK (length(room) = 16),
    key  BLOB    NOT NULL    CHECK (length(key) = 32),
    made INTEGER NOT NULL
);`

// MakeRoomKeys returns the keys of rooms, by which what happens in them is sealed.
// Those that are not there are made, in one transaction.
func (r *Ring) MakeRoomKeys(ctx context.Context, names ...id.Room) (keys [][]byte, err error) {
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("make rooms' keys: %w", err)
	}
	keys = make([][]byte, len(names))
	made, now := make([]byte, KeySize), time.Now().UnixMilli()
	for i, name := range names {
		_, _ = rand.Read(made) // never fails (crypto/rand, Go 1.24)
		_, err := tx.ExecContext(ctx, "INSERT INTO rooms (room, key, made) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", name[:], made, now)
		if err == nil {
			err = tx.QueryRowContext(ctx, "SELECT key FROM rooms WHERE room = $1", name[:]).Scan(&keys[i])
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("make rooms' keys: %w", err), tx.Rollback())
		}
	}
	if err := tx.Commit(); err != nil {
		return nil, fmt.Errorf("make rooms' keys: %w", err)
	}
	return keys, nil
}

// RoomKey returns the key of a room, if it has one.
func (r *Ring) RoomKey(ctx context.Context, name id.Room) (key []byte, ok bool, err error) {
	err = r.db.QueryRowContext(ctx, "SELECT key FROM rooms WHERE room = $1", name[:]).Scan(&key)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read a room's key: %w", err)
	}
	return key, true, nil
}

// DestroyRoomKeys destroys the keys of rooms that are over.
func (r *Ring) DestroyRoomKeys(ctx context.Context, names ...id.Room) error {
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("destroy rooms' keys: %w", err)
	}
	for _, name := range names {
		if _, err := tx.ExecContext(ctx, "DELETE FROM rooms WHERE room = $1", name[:]); err != nil {
			return errors.Join(fmt.Errorf("destroy rooms' keys: %w", err), tx.Rollback())
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("destroy rooms' keys: %w", err)
	}
	return nil
}

// KeepRoomKeys destroys the keys of all rooms but these.
func (r *Ring) KeepRoomKeys(ctx context.Context, names []id.Room) (err error) {
	keep := make(map[id.Room]bool, len(names))
	for _, name := range names {
		keep[name] = true
	}
	rows, err := r.db.QueryContext(ctx, "SELECT room FROM rooms")
	if err != nil {
		return fmt.Errorf("list the rooms' keys: %w", err)
	}
	var over []id.Room
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return errors.Join(fmt.Errorf("list the rooms' keys: %w", err), rows.Close())
		}
		if name := id.Room(b); !keep[name] {
			over = append(over, name)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return fmt.Errorf("list the rooms' keys: %w", err)
	}
	return r.DestroyRoomKeys(ctx, over...)
}
