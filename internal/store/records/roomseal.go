package records

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

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
	s.rooms = &roomSeal{
		keys: keys, known: make(map[id.Room]cipher.AEAD), turns: make(map[id.Room]*turn), left: make(map[id.Room]bool),
	}
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
	turns map[id.Room]*turn       // of rooms that are written to
	left  map[id.Room]bool        // whose keys are to be destroyed if they are over, which could not be done
}

// leftMax is how many rooms are remembered of which it is not known whether they are
// over. Of more the next start takes care.
const leftMax = 1 << 12

// settleMax bounds how long it is tried to destroy a key after what could not be
// written.
const settleMax = 5 * time.Second

// A turn has one at a time write to a room: from when its key is looked for, and made
// if there is none, until it is known whether there is such a room. Else one could
// destroy the key that another has just found.
type turn struct {
	free  chan struct{} // has room for one
	users int
}

// take waits for the turn to write to a room, and returns what ends it.
func (r *roomSeal) take(ctx context.Context, name id.Room) (release func(), err error) {
	r.mu.Lock()
	t := r.turns[name]
	if t == nil {
		t = &turn{free: make(chan struct{}, 1)}
		r.turns[name] = t
	}
	t.users++
	r.mu.Unlock()
	select {
	case t.free <- struct{}{}:
		return func() { r.done(name) }, nil
	case <-ctx.Done():
		r.mu.Lock()
		defer r.mu.Unlock()
		r.drop(name, t)
		return nil, ctx.Err()
	}
}

// done ends a turn.
func (r *roomSeal) done(name id.Room) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.turns[name]
	<-t.free
	r.drop(name, t)
}

// drop is called under the lock.
func (r *roomSeal) drop(name id.Room, t *turn) {
	if t.users--; t.users == 0 {
		delete(r.turns, name)
	}
}

// A roomKey seals what happens in one room. The zero roomKey leaves it as it is.
type roomKey struct {
	name id.Room
	gcm  cipher.AEAD
}

// sealing has do write what happens in a room, sealed by its key, which is made if
// there is none. When the room is over by it, or there is none after what could not be
// written, there is no key afterwards either.
func (s *Store) sealing(ctx context.Context, name id.Room, ends bool, do func(roomKey) error) error {
	r := s.rooms
	if r == nil {
		return do(roomKey{})
	}
	release, err := r.take(ctx, name)
	if err != nil {
		return err
	}
	defer release()
	gcm := r.find(name)
	fresh := gcm == nil // there may be no such room
	if fresh {
		keys, err := r.keys.MakeRoomKeys(ctx, name)
		if err == nil {
			gcm, err = r.know(name, keys[0])
		}
		if err != nil {
			s.settleKeys(ctx, name)
			return err
		}
	}
	if err = do(roomKey{name, gcm}); ends || fresh && err != nil {
		s.settleKeys(ctx, name)
	}
	return err
}

// settleKeys destroys the keys of those of rooms that are over, all at once. It is
// called when it is the caller's turn to write to them. What cannot be looked up or
// destroyed is tried again with the next that is, and at the next start.
func (s *Store) settleKeys(ctx context.Context, names ...id.Room) {
	r := s.rooms
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleMax)
	defer cancel()
	more, release := r.again()
	defer release()
	var over []id.Room
	for _, name := range append(more, names...) {
		there, err := s.read.IsRoom(ctx, name[:])
		switch {
		case err != nil:
			r.leave(name)
		case !there:
			over = append(over, name)
		}
	}
	if len(over) == 0 {
		return
	}
	for _, name := range over {
		r.forget(name)
	}
	if err := r.keys.DestroyRoomKeys(ctx, over...); err != nil {
		for _, name := range over {
			r.leave(name)
		}
	}
}

// again returns the rooms of which it is to be looked again whether they are over, and
// to which nobody writes now, and what ends the turn with them. It waits for nobody,
// since whoever asks has a turn already.
func (r *roomSeal) again() (names []id.Room, release func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name := range r.left {
		if r.turns[name] != nil {
			continue
		}
		t := &turn{free: make(chan struct{}, 1), users: 1}
		t.free <- struct{}{}
		r.turns[name] = t
		names = append(names, name)
	}
	for _, name := range names {
		delete(r.left, name)
	}
	mine := slices.Clone(names)
	return names, func() {
		for _, name := range mine {
			r.done(name)
		}
	}
}

// leave notes that it is to be looked again whether a room is over.
func (r *roomSeal) leave(name id.Room) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.known, name) // whoever writes to it next looks as well
	if len(r.left) < leftMax {
		r.left[name] = true
	}
}

func (r *roomSeal) forget(name id.Room) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.known, name)
	delete(r.left, name)
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

func (r *roomSeal) know(name id.Room, key []byte) (cipher.AEAD, error) {
	gcm, err := cipherOf(key)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[name] = gcm
	return gcm, nil
}

func cipherOf(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("a room's key: %w", err)
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("a room's key: %w", err)
	}
	return gcm, nil
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

// An opener opens what was sealed of one room, and looks for its key once. It leaves
// the key to itself: the room may be over when it is read.
type opener struct {
	of   *roomSeal
	name id.Room
	gcm  cipher.AEAD
}

// unseal opens what seal has made, and returns what was never sealed.
func (o *opener) unseal(ctx context.Context, class string, b []byte) ([]byte, error) {
	if len(b) == 0 || b[0] != sealedForm {
		return b, nil
	}
	if o.of == nil {
		return nil, ErrNoRoomKey
	}
	if o.gcm == nil {
		o.gcm = o.of.find(o.name)
	}
	if o.gcm == nil {
		key, ok, err := o.of.keys.RoomKey(ctx, o.name)
		if err == nil && !ok {
			err = ErrNoRoomKey
		}
		if err != nil {
			return nil, err
		}
		if o.gcm, err = cipherOf(key); err != nil {
			return nil, err
		}
	}
	plain, err := o.gcm.Open(nil, nil, b[1:], roomKey{o.name, o.gcm}.bound(class))
	if err != nil {
		return nil, fmt.Errorf("what happened in a room does not open: %w", err)
	}
	return plain, nil
}

// over destroys the keys of rooms that are over.
func (s *Store) over(ctx context.Context, names []id.Room) {
	if s.rooms == nil {
		return
	}
	// In one order: of two who wait for several none waits for the other.
	names = slices.SortedFunc(slices.Values(names), func(a, b id.Room) int { return bytes.Compare(a[:], b[:]) })
	for _, name := range names {
		release, err := s.rooms.take(context.WithoutCancel(ctx), name)
		if err != nil {
			return
		}
		defer release()
	}
	s.settleKeys(ctx, names...)
}

// only destroys the keys of rooms that are over and had to be left.
func (r *roomSeal) only(ctx context.Context, names []id.Room) error {
	if r == nil {
		return nil
	}
	return r.keys.KeepRoomKeys(ctx, names)
}
