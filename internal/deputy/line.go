package deputy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/room/live"
)

// The kinds of streams between a house and its deputy (overlay/link), with their
// version.
const (
	KindRecords = "records/1"  // lines of a house, and what its deputy has of them
	KindReturn  = "return/1"   // a house that has been away asks for its rooms
	KindKeptOut = "kept-out/1" // a house whose rooms run elsewhere says who is kept out
)

// lineMax is the length of a line in bytes: a room of ten thousand is one.
const lineMax = 16 << 20

var errLine = errors.New("a line that makes no sense")

// A line is what a house says to its deputy, as JSON, one in a line. After Begin
// come the records of all rooms, then Complete: what was not named has ended.
// Then comes what happens. Each line has the next number, and the deputy answers
// with the number up to which all is on its disk.
type line struct {
	Number uint64 `json:"number"`

	Begin    *beginning `json:"begin,omitempty"`
	Complete bool       `json:"complete,omitempty"`
	Over     bool       `json:"over,omitempty"` // the house stops: the deputy is to go on
	// KeptOut is all who are kept out of the house by now (AppendKeptOut).
	KeptOut []byte `json:"kept_out,omitempty"`

	Room id.Room `json:"room,omitzero"`
	Term uint64  `json:"term,omitempty"`
	// A whole record: Seq is the number of its last event.
	Snapshot json.RawMessage `json:"snapshot,omitempty"`
	Seq      uint64          `json:"seq,omitempty"`
	// Events from number First on; without First, those of a whole record.
	First  uint64            `json:"first,omitempty"`
	Events []json.RawMessage `json:"events,omitempty"`
}

// A beginning says whose records follow.
type beginning struct {
	Term uint64 `json:"term"` // under which the house has this deputy
	Key  []byte `json:"key"`  // by which it knows who sits in a room
	URL  string `json:"url"`  // where people find it
}

// An ack is what a deputy answers.
type ack struct {
	Number uint64 `json:"number"`
	// Newer says that this node runs the house's rooms by now, or is not to keep
	// them.
	Newer   bool   `json:"newer,omitempty"`
	Refused string `json:"refused,omitempty"`
}

// A returning is what a house is answered that has been away: the term under
// which it has this deputy or, if that is newer, under which the deputy has run
// its rooms; the lines with their records follow.
type returning struct {
	Term  uint64 `json:"term"`
	Rooms int    `json:"rooms"`
}

// A Record is what is stored of a room, and the number of its last event.
type Record struct {
	live.Record

	Seq uint64
}

func recordLine(r Record) line {
	l := line{Room: r.Name, Term: r.Term, Snapshot: r.Snapshot, Seq: r.Seq}
	for _, e := range r.Events {
		l.Events = append(l.Events, room.MarshalEvent(e))
	}
	return l
}

func eventLine(name id.Room, term, first uint64, events []room.Event) line {
	l := line{Room: name, Term: term, First: first}
	for _, e := range events {
		l.Events = append(l.Events, room.MarshalEvent(e))
	}
	return l
}

// events returns what a line says has happened.
func (l line) events() ([]room.Event, error) {
	out := make([]room.Event, len(l.Events))
	for i, text := range l.Events {
		var err error
		if out[i], err = room.ParseEvent(text); err != nil {
			return nil, fmt.Errorf("%w: %w", errLine, err)
		}
	}
	return out, nil
}

// record returns the record that a line is.
func (l line) record() (Record, error) {
	events, err := l.events()
	if l.Seq < uint64(len(events)) || l.Room.IsZero() {
		err = errors.Join(err, errLine)
	}
	return Record{live.Record{Name: l.Room, Term: l.Term, Snapshot: l.Snapshot, Events: events}, l.Seq}, err
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
