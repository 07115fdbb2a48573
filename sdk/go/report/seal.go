package report

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// A sealed report is sealed once, by a key that is used for nothing else, and
// that key to each of the moderators by HPKE (RFC 9180: X25519, HKDF-SHA-256,
// AES-128-GCM).
const (
	labelSeal = "stoa 1 report"
	// ModeratorsMax is to how many a report is sealed at most.
	ModeratorsMax = 8

	keySize   = 32 // of X25519, and of what is encapsulated
	bodyKey   = 16 // of AES-128
	tagSize   = 16
	nameSize  = 8 // of a moderator's key, in a sealed report
	entrySize = nameSize + keySize + bodyKey + tagSize
)

var (
	// ErrKey means that a text is no key of a moderator.
	ErrKey = errors.New("not the key of a moderator")
	// ErrSealed means that a report is not sealed to a key, or was changed.
	ErrSealed = errors.New("the report is not sealed to this key, or was changed")
)

// A PublicKey is what reports are sealed to: X25519.
type PublicKey [keySize]byte

// ParsePublicKey reads a moderator's public key: base64url without padding.
func ParsePublicKey(text string) (k PublicKey, err error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != len(k) || PublicKey(b).String() != text {
		return k, ErrKey
	}
	if _, err := hpke.DHKEM(ecdh.X25519()).NewPublicKey(b); err != nil {
		return k, ErrKey
	}
	return PublicKey(b), nil
}

// String returns the key as ParsePublicKey reads it.
func (k PublicKey) String() string { return base64.RawURLEncoding.EncodeToString(k[:]) }

func (k PublicKey) name() []byte {
	sum := sha256.Sum256(k[:])
	return sum[:nameSize]
}

// A PrivateKey opens reports.
type PrivateKey struct{ key hpke.PrivateKey }

// privateHead is how the text of a private key begins, so that nobody takes it
// for a public one.
const privateHead = "stoa-moderator-private-1:"

// NewPrivateKey makes a key.
func NewPrivateKey() (PrivateKey, error) {
	k, err := hpke.DHKEM(ecdh.X25519()).GenerateKey()
	return PrivateKey{k}, err
}

// ParsePrivateKey reads what Text writes.
func ParsePrivateKey(text string) (PrivateKey, error) {
	raw, ok := strings.CutPrefix(strings.TrimSpace(text), privateHead)
	b, err := base64.RawURLEncoding.Strict().DecodeString(raw)
	if !ok || err != nil {
		return PrivateKey{}, ErrKey
	}
	k, err := hpke.DHKEM(ecdh.X25519()).NewPrivateKey(b)
	if err != nil {
		return PrivateKey{}, ErrKey
	}
	return PrivateKey{k}, nil
}

// Text returns the key for a file that nobody else reads.
func (k PrivateKey) Text() (string, error) {
	b, err := k.key.Bytes()
	return privateHead + base64.RawURLEncoding.EncodeToString(b), err
}

// Public returns what reports are sealed to.
func (k PrivateKey) Public() PublicKey { return PublicKey(k.key.PublicKey().Bytes()) }

// Seal seals a report to moderators, of whom there are 1 to ModeratorsMax.
func (r *Report) Seal(to []PublicKey) ([]byte, error) {
	if len(to) == 0 || len(to) > ModeratorsMax {
		return nil, ErrKey
	}
	key := make([]byte, bodyKey)
	_, _ = rand.Read(key) // never fails (crypto/rand, Go 1.24)
	out := []byte{version, byte(len(to))}
	for _, k := range to {
		pub, err := hpke.DHKEM(ecdh.X25519()).NewPublicKey(k[:])
		if err != nil {
			return nil, fmt.Errorf("read a moderator's key: %w", err)
		}
		sealed, err := hpke.Seal(pub, hpke.HKDFSHA256(), hpke.AES128GCM(), []byte(labelSeal), key)
		if err != nil {
			return nil, fmt.Errorf("seal: %w", err)
		}
		out = append(append(out, k.name()...), sealed...)
	}
	head := bytes.Clone(out)
	return gcm(key).Seal(out, make([]byte, 12), r.Append(nil), head), nil
}

// Open returns the report in sealed.
func (k PrivateKey) Open(sealed []byte) (*Report, error) {
	if len(sealed) < 2 || len(sealed) > SealedMax || sealed[0] != version {
		return nil, ErrMalformed
	}
	n := int(sealed[1])
	if end := 2 + n*entrySize; n == 0 || n > ModeratorsMax || len(sealed) < end+tagSize {
		return nil, ErrMalformed
	}
	head, body := sealed[:2+n*entrySize], sealed[2+n*entrySize:]
	name := k.Public().name()
	for i := range n {
		entry := head[2+i*entrySize : 2+(i+1)*entrySize]
		if !bytes.Equal(entry[:nameSize], name) {
			continue
		}
		key, err := hpke.Open(k.key, hpke.HKDFSHA256(), hpke.AES128GCM(), []byte(labelSeal), entry[nameSize:])
		if err != nil || len(key) != bodyKey {
			return nil, ErrSealed
		}
		plain, err := gcm(key).Open(nil, make([]byte, 12), body, head)
		if err != nil {
			return nil, ErrSealed
		}
		return Parse(plain)
	}
	return nil, ErrSealed
}

func gcm(key []byte) cipher.AEAD {
	b, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // only for lengths that these keys have not
	}
	g, err := cipher.NewGCM(b)
	if err != nil {
		panic(err) // only for block sizes that AES has not
	}
	return g
}
