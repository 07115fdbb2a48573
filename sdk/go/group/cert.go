// Package group agrees with the others in a room on the secrets that their
// voices are sealed with, and that no server has. One client on the stage, the
// steward, makes the secret of each epoch, gives it to everybody who knocks,
// and announces it with who is on the stage. A Group is one client's whole view
// of that: member, and steward when it is its turn. docs/protocol/keys.md is
// the whole of it ("Messages", "Who does what", "Through the node").
//
// Nothing here knows a network, a disk or a clock: time and what is heard come
// in, and what is to be asked of the node goes out. Whether a person's device
// key is the one that they had before is for others to remember.
package group

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"slices"
)

// Every message starts with its version, or, a letter, with its kind.
const version = 1

// labels keep signatures and hashes apart that are of different things.
const (
	labelCert     = "stoa 1 cert"
	labelKnock    = "stoa 1 knock"
	labelRoster   = "stoa 1 roster"
	labelAnnounce = "stoa 1 announce"
	labelAudience = "stoa 1 audience"
	labelWelcome  = "stoa 1 welcome"
	labelKek      = "stoa 1 kek"
	labelRewrap   = "stoa 1 rewrap"
)

var (
	// ErrMalformed means that bytes are not a message of this kind.
	ErrMalformed = errors.New("not a message of this version")
	// ErrSignature means that a message is not by who it is said to be by.
	ErrSignature = errors.New("not signed by who it is said to be by")
	// ErrSealed means that a letter is not for this member.
	ErrSealed = errors.New("the letter does not open")
)

// CertSize is the length of a cert.
const CertSize = 1 + 8 + ed25519.PublicKeySize + ed25519.PublicKeySize + ed25519.SignatureSize

// A Cert says by which keys a client goes that a person came in with, on a
// device of theirs. It is made anew whenever they come in.
type Cert struct {
	Member    Member
	PageKey   [ed25519.PublicKeySize]byte
	DeviceKey [ed25519.PublicKeySize]byte
	Signature [ed25519.SignatureSize]byte
}

// ParseCert reads a cert.
func ParseCert(b []byte) (c Cert, err error) {
	if len(b) != CertSize || b[0] != version {
		return c, ErrMalformed
	}
	b = b[1:]
	b = b[copy(c.Member[:], b):]
	b = b[copy(c.PageKey[:], b):]
	b = b[copy(c.DeviceKey[:], b):]
	copy(c.Signature[:], b)
	return c, nil
}

// Append appends the cert to b.
func (c *Cert) Append(b []byte) []byte { return append(c.appendBody(b), c.Signature[:]...) }

func (c *Cert) appendBody(b []byte) []byte {
	b = append(b, version)
	b = append(b, c.Member[:]...)
	b = append(b, c.PageKey[:]...)
	return append(b, c.DeviceKey[:]...)
}

func (c *Cert) signed(room, who ID) []byte {
	return c.appendBody(slices.Concat([]byte(labelCert), room[:], who[:]))
}

// Sign signs the cert by the device that it names, for a person in a room.
func (c *Cert) Sign(device crypto.Signer, room, who ID) error {
	return sign(&c.Signature, device, c.signed(room, who))
}

// Verify returns ErrSignature unless the cert's device has signed it for a
// person in a room.
func (c *Cert) Verify(room, who ID) error {
	return verify(c.DeviceKey[:], c.signed(room, who), c.Signature[:])
}

// Hash returns what a cert goes by in the keys of who speaks by it.
func (c *Cert) Hash() [sha256.Size]byte { return sha256.Sum256(c.Append(nil)) }

func sign(to *[ed25519.SignatureSize]byte, key crypto.Signer, message []byte) error {
	s, err := key.Sign(nil, message, crypto.Hash(0))
	if err == nil && copy(to[:], s) != len(to) {
		err = ErrSignature
	}
	return err
}

func verify(key ed25519.PublicKey, message, signature []byte) error {
	if !ed25519.Verify(key, message, signature) {
		return ErrSignature
	}
	return nil
}
