package people

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/stoa-audio/stoa/internal/id"
)

// Keys keeps a key of 32 bytes for each person, outside of what is backed up
// with the records (docs/adr/0065).
type Keys interface {
	// Key returns the key of who, or an error that IsNoKey knows.
	Key(ctx context.Context, who id.Person) ([]byte, error)
	// Make makes a key for who if there is none; an error for who is erased.
	Make(ctx context.Context, who id.Person) error
	// Drop takes back a key of whom no account was made.
	Drop(ctx context.Context, who id.Person) error
	// After returns up to most people after one who have a key, in the order of
	// their ids.
	After(ctx context.Context, after id.Person, most int) ([]id.Person, error)
	// IsNoKey reports whether an error means that there is no such key.
	IsNoKey(err error) bool
	Erasures
}

// Erasures keeps who is erased.
type Erasures interface {
	// Doom notes that who is to be erased, Doomed returns those who are not yet,
	// and Destroy destroys a key and leaves that who had it is erased.
	Doom(ctx context.Context, who id.Person) error
	Doomed(ctx context.Context) ([]id.Person, error)
	Destroy(ctx context.Context, who id.Person) error
	// Erased reports whether who is erased, or is to be.
	Erased(ctx context.Context, who id.Person) (bool, error)
}

// What is sealed says what it is: one thing is not taken for another.
const (
	classProfile = "profile"
	classLarge   = "picture large"
	classSmall   = "picture small"
)

// sealedForm is the first byte of what is sealed: how.
const sealedForm = 1

// errSealed means that something was not sealed so, by this key, for this person.
var errSealed = errors.New("it does not open")

// seal seals plain by AES-256-GCM (NIST SP 800-38D) with a nonce of chance: of one
// key so few are made that none comes twice. Form, nonce and what is sealed follow
// each other.
func (p *People) seal(ctx context.Context, who id.Person, class string, plain []byte) ([]byte, error) {
	if err := p.config.Keys.Make(ctx, who); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	key, err := p.config.Keys.Key(ctx, who)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	return sealBy(key, who, class, plain)
}

func sealBy(key []byte, who id.Person, class string, plain []byte) ([]byte, error) {
	gcm, err := sealer(key)
	if err != nil {
		return nil, err
	}
	return gcm.Seal([]byte{sealedForm}, nil, plain, bound(who, class)), nil
}

// SealProfile seals w by the key of who, for those who fill a house with people.
func SealProfile(key []byte, who id.Person, w Written) ([]byte, error) {
	plain, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("write a profile: %w", err)
	}
	return sealBy(key, who, classProfile, plain)
}

// unseal opens what seal has made.
func (p *People) unseal(ctx context.Context, who id.Person, class string, sealed []byte) ([]byte, error) {
	key, err := p.config.Keys.Key(ctx, who)
	if err != nil {
		return nil, err
	}
	gcm, err := sealer(key)
	if err != nil {
		return nil, err
	}
	if len(sealed) == 0 || sealed[0] != sealedForm {
		return nil, errSealed
	}
	plain, err := gcm.Open(nil, nil, sealed[1:], bound(who, class))
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}

// sealer puts a nonce of 96 random bits before what it seals.
func sealer(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("a person's key: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func bound(who id.Person, class string) []byte { return append([]byte(class+"\x00"), who[:]...) }

// handleHash is by what a handle is found.
func (p *People) handleHash(handle string) *Hash {
	if handle == "" {
		return nil
	}
	mac := hmac.New(sha256.New, p.config.HandleKey)
	mac.Write([]byte(handle))
	return (*Hash)(mac.Sum(nil))
}

// unreadable is the name of who has no key any more: a keyring from before them
// was put back.
const unreadable = "…"

// written returns what who wrote, as far as it can be read.
func (p *People) written(ctx context.Context, who *Person) (Written, error) {
	if who.Sealed == nil {
		return Written{Name: unreadable}, nil
	}
	before, since, ok := p.profiles.Get(who.ID)
	if ok && before.version == who.Version {
		return before.written, nil
	}
	var w Written
	plain, err := p.unseal(ctx, who.ID, classProfile, who.Sealed)
	switch {
	case errors.Is(err, errSealed), err != nil && p.config.Keys.IsNoKey(err):
		w = Written{Name: unreadable}
	case err != nil:
		return w, fmt.Errorf("%w: %w", ErrStore, err)
	default:
		if err := json.Unmarshal(plain, &w); err != nil {
			return w, fmt.Errorf("%w: what is sealed has another form: %w", ErrStore, err)
		}
	}
	p.profiles.Put(who.ID, readable{who.Version, w}, since)
	return w, nil
}

// read makes people readable whom the store has returned.
func (p *People) read(ctx context.Context, all ...*Person) error {
	for _, who := range all {
		if who.ID.IsZero() {
			continue
		}
		w, err := p.written(ctx, who)
		if err != nil {
			return err
		}
		who.Name, who.Handle, who.Picture, who.Sealed = w.Name, w.Handle, w.Picture, nil
	}
	return nil
}

func (p *People) readAll(ctx context.Context, list []Profile, err error) ([]Profile, error) {
	for i := range list {
		if err == nil {
			err = p.read(ctx, &list[i].Person)
		}
	}
	return list, err
}

func (p *People) readAccount(ctx context.Context, a Account, err error) (Account, error) {
	if err == nil {
		err = p.read(ctx, &a.Person)
	}
	return a, err
}

// A readable is what somebody wrote, as of a version.
type readable struct {
	version int64
	written Written
}

// Seal seals what who wrote elsewhere than in their profile, as the profile is.
// The class says what it is: one thing is not taken for another.
func (p *People) Seal(ctx context.Context, who id.Person, class string, plain []byte) ([]byte, error) {
	return p.seal(ctx, who, class, plain)
}

// Unseal opens what Seal has made. IsGone knows the error when nobody can.
func (p *People) Unseal(ctx context.Context, who id.Person, class string, sealed []byte) ([]byte, error) {
	plain, err := p.unseal(ctx, who, class, sealed)
	if err != nil && !p.IsGone(err) {
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	return plain, err
}

// IsGone reports whether an error of Unseal means that what was sealed cannot be
// read any more.
func (p *People) IsGone(err error) bool {
	return errors.Is(err, errSealed) || p.config.Keys.IsNoKey(err)
}
