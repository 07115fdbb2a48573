package node

import (
	"encoding/json"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/media/forward"
	"github.com/stoa-audio/stoa/internal/media/sfu"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/signal"
)

// seats tells the media loop what has happened in rooms, so that media goes to
// and comes from exactly those who are in them.
type seats struct{ media *sfu.SFU }

// Happened is told what has happened in a room (live.Watcher).
func (s seats) Happened(name id.Room, r *room.Room, _ uint64, events []room.Event) {
	if r.Ended() {
		s.media.End(name)
		return
	}
	for _, e := range events {
		switch e := e.(type) {
		case room.Entered:
			s.media.Seat(name, e.Who, e.Session, id.Session{})
			s.speak(name, r, e.Who)
		case room.Returned:
			s.media.Seat(name, e.Who, e.Session, e.Previous)
			s.speak(name, r, e.Who)
		case room.Left:
			s.media.Unseat(name, e.Who)
		case room.SteppedUp:
			s.speak(name, r, e.Who)
		case room.SteppedDown:
			s.speak(name, r, e.Who)
		case room.Muted:
			s.speak(name, r, e.Who)
		case room.Unmuted:
			s.speak(name, r, e.Who)
		default:
			// The rest changes nobody's media. Whoever went away keeps it while
			// the seat is held: often it is only the WebSocket that broke.
		}
	}
}

// In a closed room, all that are open are heard.
const _ = uint(forward.Slots - room.OpenMax)

// speak tells whether who's voice is forwarded, as the room stands after all
// events.
func (s seats) speak(name id.Room, r *room.Room, who id.Person) {
	p := r.Participant(who)
	s.media.Speak(name, who, p != nil && p.Role >= room.Speaker && !p.Muted)
}

// encodeSound returns the notice of how a room sounds.
func encodeSound(name id.Room, s sfu.Sound) []byte {
	notice := signal.Voices{
		Room: name, Slots: make([]*id.Person, len(s.Slots)), Speaking: []id.Person{},
		FrameMS: int(s.Frame.Milliseconds()),
	}
	for i, who := range s.Slots {
		if who.IsZero() {
			continue
		}
		notice.Slots[i] = &s.Slots[i]
		if s.Speaking[i] {
			notice.Speaking = append(notice.Speaking, who)
		}
	}
	for _, back := range s.Repeat {
		if back > 0 {
			notice.Repeat = append(notice.Repeat, int(back))
		}
	}
	b, err := json.Marshal(signal.Notice{Voices: &notice})
	if err != nil {
		panic("node: voices have no JSON form: " + err.Error()) // a mistake in package signal
	}
	return b
}
