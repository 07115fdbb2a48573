package group

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
)

// An ID is what the id of a room or a person stands for.
type ID [16]byte

const idText = 26

var (
	encodingID    = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)
	encodingBytes = base64.RawURLEncoding.Strict()
)

// MarshalText returns the id as nodes write it.
func (v ID) MarshalText() ([]byte, error) { return encodingID.AppendEncode(nil, v[:]), nil }

// UnmarshalText reads an id, of which there is one text.
func (v *ID) UnmarshalText(text []byte) error {
	if len(text) != idText {
		return ErrMalformed
	}
	b, err := encodingID.AppendDecode(nil, text)
	if err != nil || len(b) != len(v) || !bytes.Equal(encodingID.AppendEncode(nil, b), text) {
		return ErrMalformed
	}
	copy(v[:], b)
	return nil
}

// A Member is what a client goes by in a room.
type Member [8]byte

// MarshalText returns the member as it is in JSON.
func (m Member) MarshalText() ([]byte, error) { return encodingBytes.AppendEncode(nil, m[:]), nil }

// UnmarshalText reads a member.
func (m *Member) UnmarshalText(text []byte) error {
	var b Bytes
	if err := b.UnmarshalText(text); err != nil || len(b) != len(m) {
		return ErrMalformed
	}
	copy(m[:], b)
	return nil
}

func (m Member) compare(o Member) int { return bytes.Compare(m[:], o[:]) }

// Bytes are base64url in JSON, without padding (RFC 4648, section 5).
type Bytes []byte

// MarshalText returns the bytes as they are in JSON.
func (b Bytes) MarshalText() ([]byte, error) { return encodingBytes.AppendEncode([]byte{}, b), nil }

// UnmarshalText reads bytes.
func (b *Bytes) UnmarshalText(text []byte) (err error) {
	if *b, err = encodingBytes.AppendDecode(nil, text); err != nil || bytes.ContainsAny(text, "\r\n") {
		return ErrMalformed
	}
	return nil
}

// --- what is asked of the node ---

// A Request is what is to be asked of the node: one of these.
type Request struct {
	Knock    *KnockRequest    `json:"knock,omitempty"`
	Tend     *TendRequest     `json:"tend,omitempty"`
	Announce *AnnounceRequest `json:"announce,omitempty"`
	Letters  *LettersRequest  `json:"letters,omitempty"`
}

// KnockRequest asks to be given the secret. Epoch is the newest whose secret
// the client has, 0 for none.
type KnockRequest struct {
	Member Member `json:"member"`
	Knock  Bytes  `json:"knock"`
	Epoch  uint32 `json:"epoch"`
}

// TendRequest says that from now on this client lets others in.
type TendRequest struct{}

// AnnounceRequest says what all in the room are to know. Roster and Stage,
// whose each of its certs is, are there where the roster has changed.
type AnnounceRequest struct {
	Sequence uint32 `json:"sequence"`
	Epoch    uint32 `json:"epoch"`
	Announce Bytes  `json:"announce"`
	Roster   Bytes  `json:"roster,omitempty"`
	Stage    []ID   `json:"stage,omitempty"`
}

// LettersRequest has letters to members, of one epoch.
type LettersRequest struct {
	Epoch   uint32 `json:"epoch"`
	Letters Bytes  `json:"letters"`
}

// AppendLetter appends a letter to a member to those of a request.
func AppendLetter(b []byte, to Member, letter []byte) []byte {
	b = append(b, to[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(letter)))
	return append(b, letter...)
}

// CutLetter returns the first of the letters of a request, and the rest.
func CutLetter(b []byte) (to Member, letter, rest []byte, err error) {
	const head = len(to) + 2
	if len(b) < head {
		return to, nil, nil, ErrMalformed
	}
	n := int(binary.BigEndian.Uint16(b[len(to):]))
	if len(b) < head+n {
		return to, nil, nil, ErrMalformed
	}
	copy(to[:], b)
	return to, b[head : head+n], b[head+n:], nil
}

// --- what the node says ---

// A Notice is what the node says of itself: one of these.
type Notice struct {
	Announce *AnnounceNotice `json:"announce,omitempty"`
	Letter   *LetterNotice   `json:"letter,omitempty"`
	Knocks   *KnocksNotice   `json:"knocks,omitempty"`
	Untended *UntendedNotice `json:"untended,omitempty"`
}

// AnnounceNotice is what a steward has announced.
type AnnounceNotice struct {
	Room ID `json:"room"`
	AnnounceRequest
}

// LetterNotice is a letter to this member.
type LetterNotice struct {
	Room   ID    `json:"room"`
	Letter Bytes `json:"letter"`
}

// KnocksNotice says who has knocked, and who has gone.
type KnocksNotice struct {
	Room   ID       `json:"room"`
	Knocks []Caller `json:"knocks,omitempty"`
	Gone   []Gone   `json:"gone,omitempty"`
}

// A Caller is one who has knocked. Epoch is the newest that a letter has
// brought them, or that they said they have.
type Caller struct {
	Who    ID     `json:"who"`
	Member Member `json:"member"`
	Knock  Bytes  `json:"knock"`
	Epoch  uint32 `json:"epoch"`
}

// Gone is a member who is not seated any more.
type Gone struct {
	Member  Member `json:"member"`
	Removed bool   `json:"removed"`
}

// UntendedNotice says that somebody had to knock again.
type UntendedNotice struct {
	Room ID `json:"room"`
}
