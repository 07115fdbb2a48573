package peopletest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"

	"github.com/stoa-audio/stoa/internal/id"
)

var (
	errNoKey  = errors.New("no key")
	errDoomed = errors.New("erased")
)

// Keys is a keyring in memory.
type Keys struct {
	mu     sync.Mutex
	keys   map[id.Person][]byte
	doomed map[id.Person]bool // false when it is done
}

// Key implements people.Keys, as the others do.
func (k *Keys) Key(_ context.Context, who id.Person) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if key := k.keys[who]; key != nil {
		return key, nil
	}
	return nil, errNoKey
}

// Make makes a key.
func (k *Keys) Make(_ context.Context, who id.Person) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, erased := k.doomed[who]; erased {
		return errDoomed
	}
	if k.keys == nil {
		k.keys = make(map[id.Person][]byte)
	}
	if k.keys[who] == nil {
		k.keys[who] = make([]byte, 32)
		_, _ = rand.Read(k.keys[who])
	}
	return nil
}

// Drop takes a key back.
func (k *Keys) Drop(_ context.Context, who id.Person) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.keys, who)
	return nil
}

// After returns who has a key, after somebody.
func (k *Keys) After(_ context.Context, after id.Person, most int) ([]id.Person, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []id.Person
	for who := range k.keys {
		if bytes.Compare(who[:], after[:]) > 0 {
			out = append(out, who)
		}
	}
	slices.SortFunc(out, func(a, b id.Person) int { return bytes.Compare(a[:], b[:]) })
	return out[:min(len(out), most)], nil
}

// IsNoKey knows the error of Key.
func (k *Keys) IsNoKey(err error) bool { return errors.Is(err, errNoKey) }

// Doom marks who is to be erased.
func (k *Keys) Doom(_ context.Context, who id.Person) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.doomed == nil {
		k.doomed = make(map[id.Person]bool)
	}
	if _, already := k.doomed[who]; !already {
		k.doomed[who] = true
	}
	return nil
}

// Doomed lists who is to be erased.
func (k *Keys) Doomed(context.Context) (out []id.Person, _ error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for who, yet := range k.doomed {
		if yet {
			out = append(out, who)
		}
	}
	return out, nil
}

// Destroy destroys a key.
func (k *Keys) Destroy(ctx context.Context, who id.Person) error {
	if err := k.Doom(ctx, who); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.keys, who)
	k.doomed[who] = false
	return nil
}

// Erased reports who is erased.
func (k *Keys) Erased(_ context.Context, who id.Person) (bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, erased := k.doomed[who]
	return erased, nil
}
