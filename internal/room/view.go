package room

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// A View is what a watcher of a room is shown: the state after event Seq.
type View struct {
	Seq        uint64         `json:"seq"`
	Opened     time.Time      `json:"opened"`
	Ended      bool           `json:"ended,omitempty"`
	Title      string         `json:"title"`
	Visibility Visibility     `json:"visibility"`
	Hands      HandPolicy     `json:"hands"`
	People     []*Participant `json:"people"`
}

// View returns what watchers are shown. People are in the order they came in;
// they are the room's own, so the view is to be encoded before the next Apply.
func (r *Room) View() View {
	return View{r.seq, r.opened, r.ended, r.title, r.visibility, r.hands, r.Participants()}
}

// snapshot is the stored form of a room: its view, and who is let in or kept
// out, which is nobody's to see.
type snapshot struct {
	View

	Invited []id.Person `json:"invited,omitempty"`
	Removed []id.Person `json:"removed,omitempty"`
}

// ErrSnapshot means that a text is not a stored room.
var ErrSnapshot = errors.New("not a stored room")

// MarshalJSON returns the stored form of r. Sessions are left out: no
// connection outlives the node that carried it.
func (r *Room) MarshalJSON() ([]byte, error) {
	return json.Marshal(snapshot{r.View(), sorted(r.invited), sorted(r.removed)})
}

// UnmarshalJSON sets r from its stored form.
func (r *Room) UnmarshalJSON(b []byte) error {
	var s snapshot
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	*r = Room{
		seq: s.Seq, opened: s.Opened, ended: s.Ended,
		title: s.Title, visibility: s.Visibility, hands: s.Hands,
		here:    make(map[id.Person]*Participant, len(s.People)),
		invited: make(map[id.Person]bool, len(s.Invited)),
		removed: make(map[id.Person]bool, len(s.Removed)),
		waiting: make(map[id.Person]bool),
	}
	var entered uint64
	for _, p := range s.People {
		if p == nil || r.here[p.Who] != nil || p.Entered <= entered || p.Entered > s.Seq {
			return ErrSnapshot
		}
		entered = p.Entered
		r.here[p.Who] = p
		r.wait(p, p.AwayUntil, p.AskedUntil)
		if p.Role >= Speaker {
			r.stage++
		}
		if p.Role == Moderator {
			r.chairs++
		}
	}
	for _, who := range s.Invited {
		r.invited[who] = true
	}
	for _, who := range s.Removed {
		r.removed[who] = true
	}
	return nil
}

func sorted(set map[id.Person]bool) []id.Person {
	out := make([]id.Person, 0, len(set))
	for who := range set {
		out = append(out, who)
	}
	slices.SortFunc(out, func(a, b id.Person) int { return slices.Compare(a[:], b[:]) })
	return out
}
