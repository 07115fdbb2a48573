// Package spread carries a room over several nodes. The node that owns a room
// knows who sits where (Rooms), and tells each node at which somebody's voice
// comes and goes (Place): over a stream that says at each moment exactly who is
// there. A Place drives the media loop of its node by that, and gives the voices
// to the other nodes and takes theirs, by the overlay.
//
// A Place that has not heard from a room's owner for a while lets nobody of that
// room stay: who was put out elsewhere would be heard here, and hear.
package spread

import (
	"context"
	"errors"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

// How a Place and an owner keep time.
const (
	aliveEvery = time.Second
	// LeaseMax is how long people stay at a node that does not hear from the
	// owner of their room.
	LeaseMax = 5 * time.Second
	askWait  = 3 * time.Second
)

// Errors of a room that is spread.
var (
	// ErrNoPlace means that a node is not there, or not for this room.
	ErrNoPlace = errors.New("that node cannot be reached now")
	// ErrOwned means that another node owns the room.
	ErrOwned = errors.New("another node owns that room")
)

// A Voice is somebody on the stage at another node.
type Voice struct {
	Who id.Person `json:"who"`
	At  id.Node   `json:"at"`
	May bool      `json:"may"` // whether they are heard
}

// Ways is what a Place must know of a room beside its own people.
type Ways struct {
	Fence  region.Fence `json:"fence"`
	Wide   bool         `json:"wide"` // other nodes listen
	Voices []Voice      `json:"voices,omitempty"`
}

// A Seat is somebody's place at a node.
type Seat struct {
	Who      id.Person  `json:"who"`
	Session  id.Session `json:"session"`
	Previous id.Session `json:"previous,omitzero"` // the same device's before
	Stage    bool       `json:"stage,omitempty"`
	May      bool       `json:"may,omitempty"`     // they are heard
	Standby  bool       `json:"standby,omitempty"` // their seat is at another node, for now
}

// Media is the media loop as a Place needs it.
type Media interface {
	Seat(room id.Room, who id.Person, session, previous id.Session)
	Speak(room id.Room, who id.Person, may bool)
	Stage(room id.Room, who id.Person, up bool)
	Standby(room id.Room, who id.Person, ready bool)
	Unseat(room id.Room, who id.Person)
	End(room id.Room)
	Spread(room id.Room, wide bool, away []id.Person)
	Heard(room id.Room, who id.Person, packet []byte)
	Offer(ctx context.Context, room id.Room, who id.Person, session id.Session, sdp string) (string, error)
	Up(room id.Room, who id.Person, session id.Session) bool
	Forwarded(room id.Room, who id.Person, since time.Time) [][16]byte
}
