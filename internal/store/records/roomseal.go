package records

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"sync"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room/live"
)

// RoomKeys keeps a key for each room that runs, outside of what is backed up with the
// records. What happens in a room is sealed by it, and is gone from every backup when
// the key is destroyed: when the room is over (docs/adr/0079).
type RoomKeys interface {
	// MakeRoomKeys returns the keys of rooms, 32 bytes each. Those that are not there
	// are made, all at once.
	MakeRoomKeys(ctx context.Context, names ...id.Room) ([][]byte, error)
	// RoomKey returns the key of a room, or none.
	RoomKey(ctx context.Context, name id.Room) (key []byte, ok bool, err error)
	// DestroyRoomKeys destroys the keys of rooms.
	DestroyRoomKeys(ctx context.Context, names ...id.Room) error
	// KeepRoomKeys destroys the keys of all other rooms.
	KeepRoomKeys(ctx context.Context, names []id.Room) error
}

// ErrNoRoomKey means that the key of a room is destroyed.
var ErrNoRoomKey = errors.New("the key of the room is destroyed")

// SealRooms has what happens in rooms be sealed from now on. It is to be called before
// anything else is done with rooms.
func (s *Store) SealRooms(keys RoomKeys) {
	s.rooms = &roomSeal{keys: keys, known: make(map[id.Room]cipher.AEAD)}
}

// What is sealed says what it is: one thing is not taken for another.
const (
	classEvent    = "event"
	classSnapshot = "snapshot"
)

// sealedForm is the first byte of what is sealed: how. What is not sealed is JSON.
const sealedForm = 1

// A roomSeal seals what happens in rooms. Nil seals nothing. It is safe for concurrent
// use.
type roomSeal struct {
	keys  RoomKeys
	mu    sync.Mutex
	known map[id.Room]cipher.AEAD // of rooms that run
}

// A roomKey seals what happens in one room. The zero roomKey leaves it as it is.
type roomKey struct {
	name id.Room
	gcm  cipher.AEAD
}

// key returns the key of a room; it is made if there is none.
func (r *roomSeal) key(ctx context.Context, name id.Room) (roomKey, error) {
	if r == nil {
		return roomKey{}, nil
	}
	if gcm := r.find(name); gcm != nil {
		return roomKey{name, gcm}, nil
	}
	keys, err := r.keys.MakeRoomKeys(ctx, name)
	if err != nil {
		return roomKey{}, err
	}
	return r.know(name, keys[0])
}

// ready makes the keys of rooms that had none, all at once: each for itself would wait
// for the disk.
func (r *roomSeal) ready(ctx context.Context, rooms []live.Record) error {
	if r == nil {
		return nil
	}
	var names []id.Room
	for _, rec := range rooms {
		if r.find(rec.Name) == nil {
			names = append(names, rec.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	keys, err := r.keys.MakeRoomKeys(ctx, names...)
	if err != nil {
		return err
	}
	for i, name := range names {
		if _, err := r.know(name, keys[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r *roomSeal) find(name id.Room) cipher.AEAD {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.known[name]
}

func (r *roomSeal) know(name id.Room, key []byte) (roomKey, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return roomKey{}, fmt.Errorf("a room's key: %w", err)
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return roomKey{}, fmt.Errorf("a room's key: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[name] = gcm
	return roomKey{name, gcm}, nil
}

// seal seals by AES-256-GCM (NIST SP 800-38D) with a nonce of chance, which is put
// before it. What is not there stays so.
func (k roomKey) seal(class string, plain []byte) []byte {
	if k.gcm == nil || len(plain) == 0 {
		return plain
	}
	return k.gcm.Seal([]byte{sealedForm}, nil, plain, k.bound(class))
}

func (k roomKey) bound(class string) []byte { return append([]byte(class+"\x00"), k.name[:]...) }

// unseal opens what seal has made, and returns what was never sealed.
func (r *roomSeal) unseal(ctx context.Context, name id.Room, class string, b []byte) ([]byte, error) {
	if len(b) == 0 || b[0] != sealedForm {
		return b, nil
	}
	if r == nil {
		return nil, ErrNoRoomKey
	}
	k := roomKey{name, r.find(name)}
	if k.gcm == nil {
		key, ok, err := r.keys.RoomKey(ctx, name)
		if err == nil && !ok {
			err = ErrNoRoomKey
		}
		if err != nil {
			return nil, err
		}
		if k, err = r.know(name, key); err != nil {
			return nil, err
		}
	}
	plain, err := k.gcm.Open(nil, nil, b[1:], k.bound(class))
	if err != nil {
		return nil, fmt.Errorf("what happened in a room does not open: %w", err)
	}
	return plain, nil
}

// destroy destroys the keys of rooms that are over. What cannot be destroyed now is at
// the next start.
func (r *roomSeal) destroy(ctx context.Context, names ...id.Room) {
	if r == nil || len(names) == 0 {
		return
	}
	r.mu.Lock()
	for _, name := range names {
		delete(r.known, name)
	}
	r.mu.Unlock()
	_ = r.keys.DestroyRoomKeys(context.WithoutCancel(ctx), names...)
}

// only destroys the keys of rooms that are over and had to be left.
func (r *roomSeal) only(ctx context.Context, names []id.Room) error {
	if r == nil {
		return nil
	}
	return r.keys.KeepRoomKeys(ctx, names)
}
