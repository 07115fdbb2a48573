// Package reports keeps what people report of what was said in a room: sealed
// to moderators, so that the house cannot hear it, and with what the house
// knows by itself, so that moderators can tell what was really said. What a
// report is and how it is judged is sdk/go/report.
package reports

import (
	"context"
	"errors"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/sdk/go/report"
)

const (
	// Life is how long a report is kept.
	Life = 30 * 24 * time.Hour
	// KeptMax is how many reports of one person are kept at once.
	KeptMax = 20
	// SealedMax is the size of a sealed report in bytes.
	SealedMax = report.SealedMax
	// Back is how far back a report reaches: what clients remember, and the time
	// that it takes to say what was wrong.
	Back = 10 * time.Minute
)

var (
	// ErrFull means that somebody has KeptMax reports here.
	ErrFull = errors.New("as many reports of one person as are kept")
	// ErrNone means that there is no such report, or no more.
	ErrNone = errors.New("no such report")
	// ErrSealed means that a report has not the size of one.
	ErrSealed = errors.New("not 1 byte to 256 KiB")
)

type kind struct{}

// An ID names a report.
type ID = id.ID[kind]

// A Report is what somebody has reported.
type Report struct {
	ID     ID
	Room   id.Room
	About  id.Person // whose voice
	By     id.Person
	Made   time.Time
	Hashes [][16]byte // of what About has said, in its order
	Sealed []byte
}

// A Store keeps reports. Each method is one transaction. When the records cannot
// be reached, the error is people.ErrStore.
type Store interface {
	// AddReport keeps r, or returns ErrFull when its maker has KeptMax.
	AddReport(ctx context.Context, r Report) error
	// Reports returns all reports, the newest first, without Hashes and Sealed.
	Reports(ctx context.Context) ([]Report, error)
	// Report returns a report, or ErrNone.
	Report(ctx context.Context, name ID) (Report, error)
	// ForgetReports forgets those made before a time.
	ForgetReports(ctx context.Context, before time.Time) error
}

// Reports are the reports of a house.
type Reports struct {
	store Store
	clock func() time.Time
}

// New returns the reports in a store.
func New(store Store, clock func() time.Time) *Reports { return &Reports{store, clock} }

// Add keeps a report that is complete but for its ID and time.
func (r *Reports) Add(ctx context.Context, n Report) (Report, error) {
	if len(n.Sealed) == 0 || len(n.Sealed) > SealedMax {
		return n, ErrSealed
	}
	n.ID, n.Made = id.New[ID](), r.clock()
	n.Hashes = n.Hashes[max(0, len(n.Hashes)-report.HashesMax):]
	return n, r.store.AddReport(ctx, n)
}

// Forget forgets reports whose time is over.
func (r *Reports) Forget(ctx context.Context) error {
	return r.store.ForgetReports(ctx, r.clock().Add(-Life))
}
