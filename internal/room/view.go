package room

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

// A View is what a watcher of a room is shown: the state after event Seq.
type View struct {
	Seq   uint64 `json:"seq"`
	Count int    `json:"count"` // of all in the room, also those not shown
	Scene
}

// A Scene is what watchers see of a room beside the count of those in it.
type Scene struct {
	Opened     time.Time      `json:"opened"`
	Ended      bool           `json:"ended,omitempty"`
	Title      string         `json:"title"`
	Visibility Visibility     `json:"visibility"`
	Hands      HandPolicy     `json:"hands"`
	Chat       ChatPolicy     `json:"chat"`
	Proven     bool           `json:"proven,omitempty"` // listeners play only what is proven
	Shield     bool           `json:"shield,omitempty"` // new accounts are kept out for now
	Fence      region.Fence   `json:"fence,omitzero"`   // where voices may be; zero: anywhere
	Club       Club           `json:"club,omitzero"`    // that it is of; zero: none
	Pins       []Pinning      `json:"pins,omitempty"`   // the first that went up first
	Poll       *Poll          `json:"poll,omitempty"`   // the newest
	People     []*Participant `json:"people"`
}

// View returns what watchers are shown. People are in the order they came in;
// they are the room's own, so the view is to be encoded before the next Apply.
func (r *Room) View() View { return View{r.seq, len(r.here), r.Scene()} }

// Scene returns the view without what every event changes.
func (r *Room) Scene() Scene {
	s := Scene{
		r.opened, r.ended, r.title, r.visibility, r.hands, r.chat, r.proven, r.shield, r.fence, r.club, r.pins, r.poll.shown(), []*Participant{},
	}
	for _, p := range r.order {
		if p.Shown() {
			s.People = append(s.People, p)
		}
	}
	return s
}

// snapshot is the stored form of a room: its view, those who are not shown
// among the people, and what is nobody's to see: who is let in or kept out, and
// who has voted for what while the poll is open.
type snapshot struct {
	View

	People  []*Participant `json:"people"` // in the place of the view's
	Invited []id.Person    `json:"invited,omitempty"`
	Removed []id.Person    `json:"removed,omitempty"`
	Hosts   []id.Person    `json:"hosts,omitempty"`
	Votes   []vote         `json:"votes,omitempty"`
}

// ErrSnapshot means that a text is not a stored room.
var ErrSnapshot = errors.New("not a stored room")

// MarshalJSON returns the stored form of r. Sessions are left out: no
// connection outlives the node that carried it.
func (r *Room) MarshalJSON() ([]byte, error) {
	return json.Marshal(snapshot{r.View(), append([]*Participant{}, r.order...), sorted(r.invited), sorted(r.removed), sorted(r.hosts), r.ballot()})
}

// UnmarshalJSON sets r from its stored form.
func (r *Room) UnmarshalJSON(b []byte) error {
	var s snapshot
	s.Chat = ChatEveryone // what was stored before there was any says nothing of it
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	votes, ok := count(s.Poll, s.Votes)
	if !ok {
		return ErrSnapshot
	}
	*r = Room{
		seq: s.Seq, opened: s.Opened, ended: s.Ended, chat: s.Chat, pins: s.Pins, poll: s.Poll, votes: votes,
		title: s.Title, visibility: s.Visibility, hands: s.Hands, proven: s.Proven, shield: s.Shield, fence: s.Fence, club: s.Club,
		here:    make(map[id.Person]*Participant, len(s.People)),
		invited: make(map[id.Person]bool, len(s.Invited)),
		removed: make(map[id.Person]bool, len(s.Removed)),
		waiting: make(map[id.Person]bool),
		hosts:   setOf(s.Hosts),
	}
	var entered uint64
	for _, p := range s.People {
		if p == nil || r.here[p.Who] != nil || p.Entered <= entered || p.Entered > s.Seq {
			return ErrSnapshot
		}
		entered = p.Entered
		r.here[p.Who], r.order = p, append(r.order, p)
		away, asked := p.AwayUntil, p.AskedUntil
		p.AwayUntil, p.AskedUntil = time.Time{}, time.Time{} // none is waited for yet
		r.wait(p, away, asked)
		if p.Role >= Speaker {
			r.stage = append(r.stage, p)
		}
		if p.Role == Moderator {
			r.chairs++
		}
		if p.Sampled {
			r.sampled++
		}
	}
	slices.SortFunc(r.stage, func(a, b *Participant) int { return cmp.Compare(a.Stage, b.Stage) })
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
