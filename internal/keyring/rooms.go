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

// MakeRoomKey returns the key of a room, by which what happens in it is sealed. It is
// made if there is none.
func (r *Ring) MakeRoomKey(ctx context.Context, name id.Room) ([]byte, error) {
	made := make([]byte, KeySize)
	_, _ = rand.Read(made) // never fails (crypto/rand, Go 1.24)
	_, err := r.db.ExecContext(ctx, "INSERT INTO rooms (room, key, made) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
		name[:], made, time.Now().UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("make a room's key: %w", err)
	}
	key, ok, err := r.RoomKey(ctx, name)
	if err == nil && !ok {
		err = ErrNoKey // it was destroyed meanwhile
	}
	return key, err
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
	for _, name := range names {
		if _, err := r.db.ExecContext(ctx, "DELETE FROM rooms WHERE room = $1", name[:]); err != nil {
			return fmt.Errorf("destroy a room's key: %w", err)
		}
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
		if name := (id.Room)(b); !keep[name] {
			over = append(over, name)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return fmt.Errorf("list the rooms' keys: %w", err)
	}
	return r.DestroyRoomKeys(ctx, over...)
}
