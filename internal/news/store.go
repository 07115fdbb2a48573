package news

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
)

// A Store keeps the news. Each method is one transaction, as those of people.Store
// are; when the records cannot be reached, the error is people.ErrStore. Times
// have millisecond precision.
type Store interface {
	// TellNews has each of pieces judged, in the order of whom they are for, and
	// keeps it in place of the same piece as it was before, unless it is dropped.
	// Nobody else judges for the same person meanwhile; judge may be asked again,
	// and then its last answer counts. It is told all of the scene but Now and
	// Here. Who is not there is left out. Of each person KeptMax are kept. It
	// returns those that are kept.
	TellNews(ctx context.Context, pieces []Piece, judge func(Piece, Scene) Outcome) ([]Told, error)
	// News returns up to most pieces for who after a mark, the newest first, and
	// UnseenNews those that are not seen.
	News(ctx context.Context, who id.Person, after Mark, most int) ([]Piece, error)
	UnseenNews(ctx context.Context, who id.Person, most int) ([]Piece, error)
	// SeeNews notes that a piece for who is seen and all before it, and has none of
	// them pushed or held; or ErrNone.
	SeeNews(ctx context.Context, who id.Person, upTo ID) error
	// SeeTalk does so with those about a conversation, which none of these three
	// methods looks at; DueMail does.
	SeeTalk(ctx context.Context, who id.Person, which id.Conversation) error

	// DueNews returns up to most pieces that are to be pushed by now, and notes
	// that they are not any more.
	DueNews(ctx context.Context, now time.Time, most int) ([]Piece, error)
	// LaterNews has a piece that is not seen be pushed at a time, or else held; and
	// a digest be due at a time, unless one is.
	LaterNews(ctx context.Context, p Piece, when func(Settings) (push, digest time.Time)) error
	// Digests returns up to most digests that are due by now, with the pieces that
	// are held, which are not any more.
	Digests(ctx context.Context, now time.Time, most int) ([]Digest, error)

	// NewsSettings returns the settings of who and their version, which is 0 as
	// long as they are as at first.
	NewsSettings(ctx context.Context, who id.Person) (Settings, int64, error)
	// SetNewsSettings writes settings in place of those of a version; ErrChanged
	// when they are of another. A digest that is due, and mail where it is wanted,
	// are due at another time then, or never where that is zero.
	SetNewsSettings(ctx context.Context, who id.Person, version int64, s Settings, due time.Time) error

	// Mail returns what who wants by mail, and NoMail without an address.
	Mail(ctx context.Context, who id.Person) (Mail, error)
	// SetMail says what who wants by mail, and when it is due, unless they want none;
	// people.ErrNoAddress without an address. Who wanted none is told of what comes
	// after now.
	SetMail(ctx context.Context, who id.Person, m Mail, now time.Time, due func(Settings) time.Time) error
	// DueMail returns up to most mailings that are due by now, with what is not seen
	// and was not told by mail. next says when they are due again, zero for never, and
	// whether to return them now.
	DueMail(ctx context.Context, now time.Time, most int, next func(Settings) (due time.Time, now bool)) ([]Mailing, error)
	// Mailed notes that what was told until then was told by mail.
	Mailed(ctx context.Context, who id.Person, upTo time.Time) error

	// SetDevice keeps a browser, by its session, and forgets the oldest of the
	// person beyond DevicesMax; people.ErrNoSession when there is no such session of
	// theirs.
	SetDevice(ctx context.Context, d SealedDevice) error
	// DropDevice forgets one. Devices returns those of who.
	DropDevice(ctx context.Context, session people.SessionID) error
	Devices(ctx context.Context, who id.Person) ([]SealedDevice, error)
	// NoteDevice writes until when the service of a browser is busy, and how often
	// in a row it has failed.
	NoteDevice(ctx context.Context, session people.SessionID, busy time.Time, failed int) error

	// ForgetNews deletes what was told by a time.
	ForgetNews(ctx context.Context, before time.Time) error
}

// A Mark is a place in a list of news. The zero mark is its beginning.
type Mark struct {
	At time.Time
	ID ID
}

// ErrMark means that a text is not a mark.
var ErrMark = errors.New("not a place in the list")

// String returns m as text.
func (m Mark) String() string {
	b := binary.BigEndian.AppendUint64(nil, uint64(m.At.UnixMilli())) //nolint:gosec // its bits
	return base64.RawURLEncoding.EncodeToString(append(b, m.ID[:]...))
}

// ParseMark reads a mark, or returns ErrMark.
func ParseMark(text string) (m Mark, err error) {
	if text == "" {
		return m, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != 8+id.Size {
		return m, ErrMark
	}
	m.At = time.UnixMilli(int64(binary.BigEndian.Uint64(b))).UTC() //nolint:gosec // its bits
	copy(m.ID[:], b[8:])
	return m, nil
}
