// Package id gives each kind of thing its own kind of name: 128 random bits,
// written as 26 lower-case letters and digits (RFC 4648 base32 "extended hex"
// alphabet, section 7, without padding). Names are not secrets, but nobody can
// guess one, and none says when or in which order it was made.
//
// The kinds are distinct Go types, so that a person cannot be taken for a room.
package id

import (
	"crypto/rand"
	"encoding/base32"
	"errors"
)

// Size is the length of a name in bytes; TextSize is its length as text.
const (
	Size     = 16
	TextSize = 26
)

// ErrMalformed means that a text is not a name.
var ErrMalformed = errors.New("not an id")

var encoding = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// An ID is the name of one thing of kind K. The zero ID names nothing.
type ID[K any] [Size]byte

type (
	personKind  struct{}
	roomKind    struct{}
	sessionKind struct{}
	streamKind  struct{}
	nodeKind    struct{}
	clubKind    struct{}
	planKind    struct{}
	talkKind    struct{}
)

type (
	// Person names someone with an account.
	Person = ID[personKind]
	// Room names a room.
	Room = ID[roomKind]
	// Session names one connection of one person to one room: a seat.
	Session = ID[sessionKind]
	// Stream names what one speaker sends.
	Stream = ID[streamKind]
	// Node names one running node of a network.
	Node = ID[nodeKind]
	// Club names a club.
	Club = ID[clubKind]
	// Plan names a room to come.
	Plan = ID[planKind]
	// Conversation names a conversation by messages.
	Conversation = ID[talkKind]
)

// New returns a fresh random name.
func New[T ~[Size]byte]() T {
	var v T
	_, _ = rand.Read(v[:]) // never fails (crypto/rand, Go 1.24)
	return v
}

// Parse returns the name that text is, or ErrMalformed.
func Parse[T ~[Size]byte](text string) (T, error) {
	var v T
	return v, decode(v[:], []byte(text))
}

// IsZero reports whether v names nothing.
func (v ID[K]) IsZero() bool { return v == ID[K]{} }

// String returns v as text.
func (v ID[K]) String() string { return encoding.EncodeToString(v[:]) }

// AppendText appends v as text to b.
func (v ID[K]) AppendText(b []byte) ([]byte, error) { return encoding.AppendEncode(b, v[:]), nil }

// MarshalText returns v as text.
func (v ID[K]) MarshalText() ([]byte, error) { return v.AppendText(nil) }

// UnmarshalText sets v to the name that text is, or returns ErrMalformed.
func (v *ID[K]) UnmarshalText(text []byte) error { return decode(v[:], text) }

// decode accepts exactly the texts that String writes: one text per name, so
// that equal names are equal as text too.
func decode(dst, text []byte) error {
	if len(text) != TextSize {
		return ErrMalformed
	}
	var raw [Size + 1]byte
	n, err := encoding.Decode(raw[:], text)
	if err != nil || n != Size || encoding.EncodeToString(raw[:Size]) != string(text) {
		return ErrMalformed
	}
	copy(dst, raw[:Size])
	return nil
}
