package signal

import (
	"encoding/base64"
	"errors"

	"github.com/stoa-audio/stoa/internal/id"
)

// Bounds of the messages by which a room agrees on a secret, in bytes: those
// of docs/protocol/keys.md with some air.
const (
	KnockMax    = 1500
	AnnounceMax = 300
	RosterMax   = 5000
	StageMax    = 32 // people in a roster
)

var encoding = base64.RawURLEncoding.Strict()

// errBytes means that a text is not bytes.
var errBytes = errors.New("not base64url without padding")

// Bytes are base64url without padding in JSON (RFC 4648, section 5).
type Bytes []byte

// MarshalText returns b as text.
func (b Bytes) MarshalText() ([]byte, error) { return encoding.AppendEncode(nil, b), nil }

// UnmarshalText sets b from text.
func (b *Bytes) UnmarshalText(text []byte) (err error) {
	if *b, err = encoding.AppendDecode(nil, text); err != nil {
		return errBytes
	}
	return nil
}

// A Member is what somebody goes by in the sealed messages of one visit.
type Member [8]byte

// MarshalText returns m as text.
func (m Member) MarshalText() ([]byte, error) { return Bytes(m[:]).MarshalText() }

// UnmarshalText sets m from text.
func (m *Member) UnmarshalText(text []byte) error {
	var b Bytes
	if err := b.UnmarshalText(text); err != nil || len(b) != len(m) {
		return errBytes
	}
	copy(m[:], b)
	return nil
}

// What those in a room say to each other through the node, which can not read
// it: docs/protocol/keys.md, section "Through the node".
type (
	// Knock asks the steward for the secret. Epoch is the newest that the
	// client has one of.
	Knock struct {
		Member Member `json:"member"`
		Knock  Bytes  `json:"knock"`
		Epoch  uint32 `json:"epoch"`
	}
	// Tended answers Tend with the numbers of the newest announce.
	Tended struct {
		Sequence uint32 `json:"sequence"`
		Epoch    uint32 `json:"epoch"`
	}
	// Announce says what epoch it is. Roster and Stage, whose each of its
	// certificates is, are there when they have changed.
	Announce struct {
		Sequence uint32      `json:"sequence"`
		Epoch    uint32      `json:"epoch"`
		Announce Bytes       `json:"announce"`
		Roster   Bytes       `json:"roster,omitempty"`
		Stage    []id.Person `json:"stage,omitempty"`
	}
	// Letters are any number of member (8), length (2) and letter.
	Letters struct {
		Epoch   uint32 `json:"epoch"`
		Letters Bytes  `json:"letters"`
	}

	// Announced brings an announce to everybody in the room.
	Announced struct {
		Room id.Room `json:"room"`
		Announce
	}
	// Letter brings a letter to whom it is to.
	Letter struct {
		Room   id.Room `json:"room"`
		Letter Bytes   `json:"letter"`
	}
	// Knocks brings the steward who has knocked, and who has gone. The next
	// come when it asks for them.
	Knocks struct {
		Room   id.Room    `json:"room"`
		Knocks []Knocking `json:"knocks"`
		Gone   []Gone     `json:"gone,omitempty"`
	}
	// Knocking is a knock, and whose it is.
	Knocking struct {
		Who id.Person `json:"who"`
		Knock
	}
	// Gone is who is not here any more.
	Gone struct {
		Member  Member `json:"member"`
		Removed bool   `json:"removed,omitempty"`
	}
	// Untended says that somebody has knocked and is not answered.
	Untended struct {
		Room id.Room `json:"room"`
	}
)
