package group

import (
	"cmp"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/stoa-audio/stoa/sdk/go/keys"
)

// RosterMax is how many a roster has at most: one for each slot.
const RosterMax = keys.SlotMax + 1

// A Roster has the certs of the holders on the stage, in the order of slots.
type Roster []Place

// A Place is a slot of a roster, and who has it.
type Place struct {
	Slot uint8
	Cert Cert
}

// ParseRoster reads a roster.
func ParseRoster(b []byte) (Roster, error) {
	if len(b) == 0 || b[0] == 0 || b[0] > RosterMax || len(b) != 1+int(b[0])*(1+CertSize) {
		return nil, ErrMalformed
	}
	r := make(Roster, b[0])
	for i := range r {
		p := b[1+i*(1+CertSize):]
		cert, err := ParseCert(p[1 : 1+CertSize])
		if err != nil || p[0] > keys.SlotMax || i > 0 && p[0] <= r[i-1].Slot {
			return nil, ErrMalformed
		}
		r[i] = Place{p[0], cert}
	}
	return r, nil
}

// Append appends the roster to b.
func (r Roster) Append(b []byte) []byte {
	b = append(b, byte(len(r)))
	for i := range r {
		b = r[i].Cert.Append(append(b, r[i].Slot))
	}
	return b
}

// Hash returns what an announce says of the roster.
func (r Roster) Hash() [sha256.Size]byte {
	return sha256.Sum256(r.Append([]byte(labelRoster)))
}

// Verify returns ErrSignature unless each cert is signed for the person in a
// room whose it is said to be. stage is in the order of the roster.
func (r Roster) Verify(room ID, stage []ID) error {
	if len(stage) != len(r) {
		return ErrMalformed
	}
	for i := range r {
		if err := r[i].Cert.Verify(room, stage[i]); err != nil {
			return fmt.Errorf("slot %d: %w", r[i].Slot, err)
		}
	}
	return nil
}

// A Holder is one who has been given the secret.
type Holder struct {
	Member    Member
	DeviceKey [ed25519.PublicKeySize]byte
}

// AudienceHash returns what an announce says of the holders who are not in the
// roster. It sorts them.
func AudienceHash(holders []Holder) (hash [sha256.Size]byte) {
	slices.SortFunc(holders, func(a, b Holder) int {
		return cmp.Or(a.Member.compare(b.Member), slices.Compare(a.DeviceKey[:], b.DeviceKey[:]))
	})
	h := sha256.New()
	h.Write([]byte(labelAudience))
	for i := range holders {
		h.Write(holders[i].Member[:])
		h.Write(holders[i].DeviceKey[:])
	}
	return [sha256.Size]byte(h.Sum(hash[:0]))
}

// AnnounceSize is the length of an announce.
const AnnounceSize = 1 + 4 + 4 + 1 + 1 + 8 + 4 + 4*sha256.Size + ed25519.SignatureSize

// FlagProven says that listeners are to play only what is proven.
const FlagProven = 1 << 0

// timeMax is the last time that a number of JavaScript's holds exactly.
const timeMax = 1<<53 - 1

// An Announce says which secret is used, by whom, and who has it.
type Announce struct {
	Sequence  uint32 // from 1
	Epoch     uint32 // from 1
	Slot      uint8  // of who announces
	Flags     uint8
	Time      uint64            // ms since 1970
	Holders   uint32            // those of the roster included
	Before    [sha256.Size]byte // hash of the announce before, zeros in the first
	Commit    [32]byte          // to the secret
	Roster    [sha256.Size]byte
	Audience  [sha256.Size]byte
	Signature [ed25519.SignatureSize]byte
}

// ParseAnnounce reads an announce.
func ParseAnnounce(b []byte) (a Announce, err error) {
	if len(b) != AnnounceSize || b[0] != version {
		return a, ErrMalformed
	}
	a.Sequence, a.Epoch = binary.BigEndian.Uint32(b[1:]), binary.BigEndian.Uint32(b[5:])
	a.Slot, a.Flags = b[9], b[10]
	a.Time, a.Holders = binary.BigEndian.Uint64(b[11:]), binary.BigEndian.Uint32(b[19:])
	b = b[23:]
	b = b[copy(a.Before[:], b):]
	b = b[copy(a.Commit[:], b):]
	b = b[copy(a.Roster[:], b):]
	b = b[copy(a.Audience[:], b):]
	copy(a.Signature[:], b)
	if a.Sequence == 0 || a.Epoch == 0 || a.Slot > keys.SlotMax || a.Flags&^FlagProven != 0 || a.Time > timeMax {
		return Announce{}, ErrMalformed
	}
	return a, nil
}

// Append appends the announce to b.
func (a *Announce) Append(b []byte) []byte { return append(a.appendBody(b), a.Signature[:]...) }

func (a *Announce) appendBody(b []byte) []byte {
	b = append(b, version)
	b = binary.BigEndian.AppendUint32(b, a.Sequence)
	b = binary.BigEndian.AppendUint32(b, a.Epoch)
	b = append(b, a.Slot, a.Flags)
	b = binary.BigEndian.AppendUint64(b, a.Time)
	b = binary.BigEndian.AppendUint32(b, a.Holders)
	b = append(b, a.Before[:]...)
	b = append(b, a.Commit[:]...)
	b = append(b, a.Roster[:]...)
	return append(b, a.Audience[:]...)
}

func (a *Announce) signed(room ID) []byte {
	return a.appendBody(slices.Concat([]byte(labelAnnounce), room[:]))
}

// Sign signs the announce by the page key of who is in its slot, for a room.
func (a *Announce) Sign(page crypto.Signer, room ID) error {
	return sign(&a.Signature, page, a.signed(room))
}

// Verify returns ErrSignature unless a page key has signed the announce for a
// room.
func (a *Announce) Verify(page ed25519.PublicKey, room ID) error {
	return verify(page, a.signed(room), a.Signature[:])
}

// Hash returns what the next announce says of this one.
func (a *Announce) Hash() [sha256.Size]byte { return sha256.Sum256(a.Append(nil)) }

// Code returns 30 digits that all who hold the secret have in common, and can
// compare aloud.
func (a *Announce) Code(s keys.Secret) string {
	return s.Code(sha256.Sum256(slices.Concat(a.Roster[:], a.Audience[:])))
}
