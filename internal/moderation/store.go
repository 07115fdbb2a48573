package moderation

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// A Store keeps reports in words, the queue and the decisions. Each method is one
// transaction, as those of people.Store are; when the records cannot be reached,
// the error is people.ErrStore. Times have millisecond precision.
type Store interface {
	// SetWarden has who be a warden, or not any more. people.ErrNoPerson when there
	// is no who, ErrWardens when there are WardensMax, ErrWarden when they are none.
	SetWarden(ctx context.Context, who id.Person, since time.Time) error
	DropWarden(ctx context.Context, who id.Person) error
	// Wardens returns all of them, the longest-standing first.
	Wardens(ctx context.Context) ([]Warden, error)
	IsWarden(ctx context.Context, who id.Person) (bool, error)

	// AddWritten keeps r in the entry e, which is open then; ErrFull when its maker
	// has OpenMax of which it is not decided.
	AddWritten(ctx context.Context, r Report, e Entry) error
	// WrittenBy returns what who has reported in words, and VoicesBy by voices, the
	// newest first.
	WrittenBy(ctx context.Context, who id.Person) ([]Report, error)
	VoicesBy(ctx context.Context, who id.Person) ([]Voice, error)

	// Entries returns up to most entries after a mark: open ones first, the longest
	// open first, then those that were decided, the last first. Those that concern
	// hidden are left out. CountEntries returns how many are open.
	Entries(ctx context.Context, hidden id.Person, after Mark, most int) ([]Entry, error)
	CountEntries(ctx context.Context, hidden id.Person) (int, error)
	// Entry returns an entry with all that there is about it, or ErrNone.
	Entry(ctx context.Context, which EntryID) (FullEntry, error)

	// Decide keeps the decision that judge returns about an entry, complete, which is
	// not open any more then. Nobody else judges it meanwhile; judge may be asked
	// again, and then its last answer counts. It is told all of the scene but the
	// hosts. A decision that keeps somebody out ends their sessions. ErrNone when
	// there is no such entry, and people.ErrNoPerson when there is nobody whom it concerns.
	Decide(ctx context.Context, which EntryID, judge func(Scene) (Decision, error)) error
	// AnswerDecision keeps the answer of whom a decision concerns, and opens the entry again
	// for another warden than who has decided; ErrNone, ErrAnswered.
	AnswerDecision(ctx context.Context, which DecisionID, who id.Person, sealed []byte, at time.Time) error
	// DecisionsAbout returns the decisions that concern who, the newest first.
	DecisionsAbout(ctx context.Context, who id.Person) ([]Decision, error)
	// DecisionLog returns up to most decisions after a mark, the newest first.
	DecisionLog(ctx context.Context, after Mark, most int) ([]Decision, error)
	// InForce returns the decisions that keep people out at a time: their ID, Person
	// and Ends.
	InForce(ctx context.Context, now time.Time) ([]Decision, error)

	// ForgetModeration deletes reports made by a time, and those of which was decided
	// by another; decisions that had ended by a third; and entries of which nothing
	// is left.
	ForgetModeration(ctx context.Context, made, decided, ended time.Time) error
}

// A Mark is a place in a list. The zero mark is its beginning.
type Mark struct {
	Decided bool // among the entries of which it is decided
	At      time.Time
	ID      [id.Size]byte
}

// IsZero reports whether m is the beginning.
func (m Mark) IsZero() bool { return m == Mark{} }

// ErrMark means that a text is not a mark.
var ErrMark = errors.New("not a place in the list")

var marks = base64.RawURLEncoding.Strict()

// String returns m as text.
func (m Mark) String() string {
	b := []byte{0}
	if m.Decided {
		b[0] = 1
	}
	b = binary.BigEndian.AppendUint64(b, uint64(m.At.UnixMilli())) //nolint:gosec // its bits
	return marks.EncodeToString(append(b, m.ID[:]...))
}

// ParseMark reads a mark, or returns ErrMark. Nothing is the beginning.
func ParseMark(text string) (m Mark, err error) {
	if text == "" {
		return m, nil
	}
	b, err := marks.DecodeString(text)
	if err != nil || len(b) != 1+8+id.Size || b[0] > 1 {
		return m, ErrMark
	}
	m.Decided = b[0] == 1
	m.At = time.UnixMilli(int64(binary.BigEndian.Uint64(b[1:]))).UTC() //nolint:gosec // its bits
	copy(m.ID[:], b[9:])
	return m, nil
}
