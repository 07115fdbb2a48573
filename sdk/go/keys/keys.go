// Package keys derives what the voices of a room are sealed with. Whoever is
// inside holds the secret of an epoch; from it follows a key for each who
// speaks, and from that one for each stretch of what they say, a window, which
// can be revealed alone. docs/protocol/keys.md is the whole of it.
package keys

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// WindowFrames is how many frames of a voice one window key seals: 5 s of 20 ms.
const WindowFrames = 250

// SlotMax is the highest slot on a stage.
const SlotMax = 1<<slotBits - 1

// A KID names the key of a frame to a relay, and to who is inside: the window,
// the slot and the low bits of the epoch (RFC 9605, section 5.2).
const (
	epochBits = 4
	slotBits  = 5
)

// A Secret is the secret of an epoch. It is made by those on the stage, and no
// server has it.
type Secret [32]byte

// A Sender is the key of one who speaks, in one epoch.
type Sender [32]byte

// A Window is the key of WindowFrames frames of a voice: the base key of
// SFrame. It says nothing about other windows.
type Window [32]byte

// Commit returns what an announce says of the secret: whoever is given a secret
// knows by it that all the others have the same.
func (s Secret) Commit() [32]byte { return derive(s, "commit") }

// Sender returns the key of who speaks in a slot by a certificate, of which
// cert is the hash. Certificates are made anew whenever a page is loaded, so
// that frames may be counted from zero with each.
func (s Secret) Sender(slot uint8, cert [32]byte) Sender {
	return derive(s, "sender", []byte{slot}, cert[:])
}

// Words returns the key by which who has a certificate, of which cert is the
// hash, seals what they write: for AES-256-GCM.
func (s Secret) Words(cert [32]byte) [32]byte { return derive(s, "words", cert[:]) }

// Window returns the key of window number w.
func (k Sender) Window(w uint64) Window {
	return derive(k, "window", binary.BigEndian.AppendUint64(nil, w))
}

// Commit returns what is signed of a window's key together with what it seals,
// so that nothing that is sealed has two meanings.
func (k Window) Commit() [32]byte { return derive(k, "commit") }

// Code returns 30 digits in groups of five, which all who share the secret and
// the roster have in common, and can compare aloud. roster is its hash.
func (s Secret) Code(roster [32]byte) string {
	const groups, digits, bytes = 6, 100_000, 5 // 2^40 is so much more that all digits are alike
	bits := derive(s, "code", roster[:])
	var code []string
	for i := range groups {
		n := uint64(0)
		for _, b := range bits[i*bytes : (i+1)*bytes] {
			n = n<<8 | uint64(b)
		}
		code = append(code, fmt.Sprintf("%05d", n%digits))
	}
	return strings.Join(code, " ")
}

// derive returns HKDF-SHA-256 of a secret, without salt (RFC 5869). about is of
// fixed lengths for each label, so that no two things are derived alike.
func derive(secret [32]byte, label string, about ...[]byte) (out [32]byte) {
	info := "stoa 1 " + label + "\x00" + string(slices.Concat(about...))
	b, err := hkdf.Key(sha256.New, secret[:], nil, info, len(out))
	if err != nil {
		panic(err) // only for lengths that are not asked for
	}
	return [32]byte(b)
}

// KID returns what a window's key goes by.
func KID(epoch uint32, slot uint8, window uint64) uint64 {
	return window<<(slotBits+epochBits) | uint64(slot&SlotMax)<<epochBits | uint64(EpochLow(epoch))
}

// ParseKID returns the low bits of the epoch, the slot and the window.
func ParseKID(kid uint64) (epochLow, slot uint8, window uint64) {
	return uint8(kid & (1<<epochBits - 1)), uint8(kid >> epochBits & SlotMax), kid >> (slotBits + epochBits)
}

// EpochLow returns what a KID says of an epoch.
func EpochLow(epoch uint32) uint8 { return uint8(epoch & (1<<epochBits - 1)) }
