package keyring

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// MakeRoomKeys returns the keys of rooms, by which what happens in them is sealed
// (docs/adr/0079). Those that are not there are made, in one transaction.
func (r *Ring) MakeRoomKeys(ctx context.Context, names ...id.Room) (keys [][]byte, err error) {
	keys = make([][]byte, len(names))
	now := time.Now().UnixMilli()
	err = r.write(ctx, func(tx *sql.Tx) error {
		for i, name := range names {
			read := func() error { return tx.QueryRowContext(ctx, readRoomKey, name[:]).Scan(&keys[i]) }
			err := read()
			if errors.Is(err, sql.ErrNoRows) {
				var slot int64
				if slot, err = fill(ctx, tx); err == nil {
					_, err = tx.ExecContext(ctx, "INSERT INTO room_keys (room, slot, made) VALUES ($1, $2, $3)", name[:], slot, now)
				}
				if err == nil {
					err = read()
				}
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("make rooms' keys: %w", err)
	}
	return keys, nil
}

const readRoomKey = "SELECT s.key FROM room_keys k JOIN slots s ON s.n = k.slot WHERE k.room = $1"

// RoomKey returns the key of a room, if it has one.
func (r *Ring) RoomKey(ctx context.Context, name id.Room) (key []byte, ok bool, err error) {
	err = r.db.QueryRowContext(ctx, readRoomKey, name[:]).Scan(&key)
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
	err := r.write(ctx, func(tx *sql.Tx) error {
		for _, name := range names {
			if err := destroy(ctx, tx, ofRoom, name[:]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("destroy rooms' keys: %w", err)
	}
	return nil
}

// KeepRoomKeys destroys the keys of all rooms but these.
func (r *Ring) KeepRoomKeys(ctx context.Context, names []id.Room) error {
	keep := make(map[id.Room]bool, len(names))
	for _, name := range names {
		keep[name] = true
	}
	all, err := r.list(ctx, "SELECT room FROM room_keys")
	if err != nil {
		return fmt.Errorf("list the rooms' keys: %w", err)
	}
	var over []id.Room
	for _, one := range all {
		if name := id.Room(one); !keep[name] {
			over = append(over, name)
		}
	}
	return r.DestroyRoomKeys(ctx, over...)
}
