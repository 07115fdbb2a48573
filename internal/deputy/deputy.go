// Package deputy keeps the rooms of a house at a second node, its deputy, which
// goes on with them when the house is gone.
//
// The house tells its deputy of each event, and what it acknowledges is on the
// disks of both (House, a live.Store). When it has not been heard for a while,
// the deputy runs its rooms (Keeper), and hands them back when it has returned.
// Who may go on without the other is said in one place that neither of them is,
// the region's records (Claim): by a term that grows, which only one of them can
// take. Who cannot ask there waits.
//
// Who sits in a room is known at the deputy by a ticket that the house has given
// (Ticket): the deputy has no accounts, and nobody new comes in there. Who is kept
// out of the house it is told (KeptOut), so that their tickets are good for nothing.
//
// Not here: how rooms run (room/live), and who sits at which node (spread).
package deputy

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/room/live"
)

// How a house and its deputy keep time.
const (
	askWait    = 3 * time.Second
	returnWait = 30 * time.Second // for all records of a house
	againMin   = 100 * time.Millisecond
)

// pace is how they keep time where tests are in a hurry.
var pace = struct {
	alive time.Duration // between signs of life
	// A deputy hears nothing of its house for so long before it goes on in its
	// place, and is one no more when it is silent for so long.
	silent, alone time.Duration
	claim         time.Duration // for an answer of the region's records
	again         time.Duration // between attempts, at most
}{250 * time.Millisecond, 2 * time.Second, 4 * time.Second, 1500 * time.Millisecond, 2 * time.Second}

// queueMax is how many lines wait for a deputy; when there are more, it is told
// all anew.
const queueMax = 1 << 14

// ErrTaken means that another node has taken that term, or a newer one.
var ErrTaken = errors.New("another node has taken that term")

// A Stream is a stream between two nodes. Close ends its writing half; the other
// end of what is read is Stop's.
type Stream interface {
	io.ReadWriteCloser
	SetDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
	Stop()
}

// Streams opens streams to other nodes (overlay/link).
type Streams func(ctx context.Context, to id.Node, kind string) (Stream, error)

// A Claim says who runs the rooms of a house, and who has their records beside.
type Claim struct {
	House, Owner, Deputy id.Node // no deputy: zero
	Term                 uint64
}

// An Arbiter is the region's records. Claim takes a term for a house, or returns
// ErrTaken when somebody else has taken it, or a newer one; any other error
// means that nobody knows. Claimed returns what it knows without asking.
type Arbiter interface {
	Claim(ctx context.Context, c Claim) error
	Claimed(house id.Node) (Claim, bool)
}

// A Pair is a house and its deputy.
type Pair struct {
	House, Deputy id.Node
	Term          uint64
	Key           []byte
	URL           string
	KeptOut       KeptOut // of the house, as its deputy has been told; not to be changed
}

// A Store keeps the records of rooms, this node's own and those that it keeps
// for other houses.
type Store interface {
	live.Store

	// Own returns the records of this node's rooms, as they are.
	Own(ctx context.Context) ([]Record, error)
	// Doubt makes this node's rooms ones that are kept for a house, which is
	// itself: another node may run them.
	Doubt(ctx context.Context, house id.Node) error

	// Keep keeps a whole record for a house, in place of what there is, and
	// KeepEvents more events of it. Both return live.ErrTerm when a newer term is
	// known, or the room is run here.
	Keep(ctx context.Context, house id.Node, r Record) error
	KeepEvents(ctx context.Context, house id.Node, name id.Room, term, first uint64, events []room.Event) error
	// Only forgets what is kept for a house, but for some rooms.
	Only(ctx context.Context, house id.Node, names map[id.Room]bool) error

	// Adopt makes all rooms of a house ones that are run here, under newer terms;
	// as this node's own when that is so.
	Adopt(ctx context.Context, house id.Node, own bool) ([]live.Record, error)
	// HandBack makes them ones that are kept, and returns them.
	HandBack(ctx context.Context, house id.Node) ([]Record, error)
	// Runs returns the names of a house's rooms that are run here.
	Runs(ctx context.Context, house id.Node) ([]id.Room, error)

	Pairs(ctx context.Context) ([]Pair, error)
	SetPair(ctx context.Context, p Pair) error
	Unpair(ctx context.Context, house id.Node) error
}
