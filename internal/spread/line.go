package spread

import (
	"encoding/json"
	"io"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// The kinds of streams between nodes (overlay/link), with their version.
const (
	KindRooms = "rooms/1" // lines of an owner to a place, and reports back
	KindAsk   = "ask/1"   // one question, one answer
)

// Bounds of what comes over a stream.
const (
	lineMax   = 128 << 10
	answerMax = 8 << 20 // who sits in all rooms of a house
)

// A Line is what an owner tells a place, as JSON, one in a line. It begins with
// Begin, all that is so now, and Complete: whoever has not been named sits there
// no more.
type Line struct {
	Room   id.Room    `json:"room,omitzero"`
	Seat   *Seat      `json:"seat,omitempty"`
	Unseat *id.Person `json:"unseat,omitempty"`
	Ways   *Ways      `json:"ways,omitempty"`
	End    bool       `json:"end,omitempty"`
	// Term is that under which the owner runs the room: who has a newer one is
	// its owner.
	Term uint64 `json:"term,omitempty"`

	Begin    bool   `json:"begin,omitempty"`
	Complete bool   `json:"complete,omitempty"`
	Number   uint64 `json:"number,omitempty"` // up to which all is told with this line
}

// do does what a line says.
func (l Line) do(p *Place, owner id.Node) error {
	by := Owner{owner, l.Term}
	switch {
	case l.Seat != nil:
		return p.Seat(by, l.Room, *l.Seat)
	case l.Unseat != nil:
		p.Unseat(by, l.Room, *l.Unseat)
	case l.Ways != nil:
		p.Ways(by, l.Room, *l.Ways)
	case l.End:
		p.End(by, l.Room)
	}
	return nil
}

// A Report is what a place tells an owner: how a room sounds there, as its
// people are told.
type Report struct {
	Room  id.Room         `json:"room"`
	Sound json.RawMessage `json:"sound"`
}

// A Question is what an owner asks of a place: who sits there in rooms that it
// may take over, an answer to an offer, whether a session is up, or else what was
// said since a time. It waits until the place knows all lines up to After.
type Question struct {
	Claims  bool       `json:"claims,omitempty"`
	After   uint64     `json:"after,omitempty"`
	Room    id.Room    `json:"room"`
	Who     id.Person  `json:"who"`
	Session id.Session `json:"session,omitzero"`
	Offer   string     `json:"offer,omitempty"` // SDP
	Up      bool       `json:"up,omitempty"`
	Since   time.Time  `json:"since,omitzero"`
}

// An Answer answers a Question.
type Answer struct {
	Claims  Claims     `json:"claims,omitempty"`
	SDP     string     `json:"sdp,omitempty"`
	Up      bool       `json:"up,omitempty"`
	Hashes  [][16]byte `json:"hashes,omitempty"`
	Refusal *Refusal   `json:"refusal,omitempty"`
}

// A Refusal is why an offer is not answered.
type Refusal struct {
	Code   string `json:"code"`
	Detail string `json:"detail,omitempty"`
}

// The codes of refusals.
const (
	RefusedOffer = "bad_offer"
	RefusedSeat  = "no_seat"
	RefusedBusy  = "busy"
)

// Error returns why.
func (r *Refusal) Error() string {
	if r.Detail == "" {
		return r.Code
	}
	return r.Code + ": " + r.Detail
}

// write writes a value as a line.
func write(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, '\n'))
	return err
}
