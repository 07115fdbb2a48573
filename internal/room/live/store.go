package live

import (
	"context"
	"errors"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
)

// ErrTerm means that another node owns the room by now.
var ErrTerm = errors.New("another node owns the room")

// A Store keeps the record of rooms that have not ended.
type Store interface {
	Append(ctx context.Context, name id.Room, term, first uint64, events []room.Event) error
	Compact(ctx context.Context, name id.Room, term, seq uint64, snapshot []byte) error
	Load(ctx context.Context) ([]Record, error)
}

// A Record is a stored room.
type Record struct {
	Name     id.Room
	Term     uint64
	Snapshot []byte
	Events   []room.Event
}
