package room

import (
	"bytes"

	"github.com/stoa-audio/stoa/internal/id"
)

// A Trace is what a room has of somebody now. The zero Trace is nothing.
type Trace struct {
	Place *Participant // the room's own; nil for who is not in it
	LetIn bool         // a closed room lets them in
	Host  bool         // they moderate when they come in
	Out   bool         // they are kept out
	Voted bool         // in the poll that is open
	Vote  string       // what they chose there
	Asked string       // the question of the newest poll, when it is theirs
	Pins  []Pinning    // that they have put up
}

// Trace returns what the room has of who, and whether that is anything.
func (r *Room) Trace(who id.Person) (t Trace, any bool) {
	t = Trace{Place: r.here[who], LetIn: r.invited[who], Host: r.hosts[who], Out: r.removed[who]}
	if option, voted := r.votes[who]; voted {
		t.Voted, t.Vote = true, r.poll.Options[option]
	}
	if r.poll != nil && r.poll.By == who {
		t.Asked = r.poll.Question
	}
	for _, p := range r.pins {
		if p.By == who {
			t.Pins = append(t.Pins, p)
		}
	}
	return t, t.Place != nil || t.LetIn || t.Host || t.Out || t.Voted || t.Asked != "" || len(t.Pins) > 0
}

// Names reports whether e says anything of who: whether their id is anywhere in what
// is stored of it.
func Names(e Event, who id.Person) bool {
	return bytes.Contains(MarshalEvent(e), []byte(who.String()))
}

// Kind returns what e is called where it is stored: "hand_raised".
func Kind(e Event) string { return e.kind() }
