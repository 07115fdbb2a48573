package room

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/stoa-audio/stoa/internal/id"
)

// A Sight is what watchers are told of an event.
type Sight struct {
	Event Event // nil when it is only about people they do not see
	// Person is whom the event is about, as they were before it, if they are
	// seen from now on. Nil for those who were seen before, or came in by it.
	Person *Participant
}

// Append appends the event with the number seq in a room as watchers are sent
// it: {"seq":42,"room":"…","hand_raised":{…}}. They were sent the one with the
// number after before it, which is told where others lie between.
func (s Sight) Append(b []byte, name id.Room, after, seq uint64) []byte {
	b = append(b, `{"seq":`...)
	b = strconv.AppendUint(b, seq, 10)
	if after+1 != seq {
		b = append(b, `,"after":`...)
		b = strconv.AppendUint(b, after, 10)
	}
	b = append(b, `,"room":"`...)
	b, _ = name.AppendText(b) // never fails
	b = append(b, `",`...)
	if s.Person != nil {
		person, err := json.Marshal(s.Person)
		if err != nil {
			panic(fmt.Sprintf("room: a participant has no JSON form: %v", err)) // a mistake in this package
		}
		b = append(b, `"person":`...)
		b = append(b, person...)
		b = append(b, ',')
	}
	b = AppendEvent(b, s.Event)
	return append(b, '}')
}

// about returns whom e is about, if it is about one person in the room alone.
func about(e Event) (who id.Person, ok bool) {
	switch e := e.(type) {
	case Entered:
		who = e.Who
	case Returned:
		who = e.Who
	case WentAway:
		who = e.Who
	case Left:
		who = e.Who
	case HandRaised:
		who = e.Who
	case HandLowered:
		who = e.Who
	case AskedUp:
		who = e.Who
	case AskOver:
		who = e.Who
	case SteppedUp:
		who = e.Who
	case SteppedDown:
		who = e.Who
	case Muted:
		who = e.Who
	case Unmuted:
		who = e.Who
	case MadeModerator:
		who = e.Who
	case Opened, Described, HandsSet, ProofSet, Shielded, ChatSet, Pinned, Unpinned, PollOpened, Voted, PollClosed,
		LetInto, Widened, Fenced, Regrouped, Ended:
		return who, false
	}
	return who, true
}

// shownOf returns e as far as it is about people who are shown, or nil.
func (r *Room) shownOf(e Regrouped) Event {
	hidden := func(who id.Person) bool {
		p := r.here[who]
		return p == nil || !p.Shown()
	}
	e.Followed = slices.DeleteFunc(slices.Clone(e.Followed), hidden)
	e.Unfollowed = slices.DeleteFunc(slices.Clone(e.Unfollowed), hidden)
	if len(e.Followed)+len(e.Unfollowed) == 0 {
		return nil
	}
	return e
}
