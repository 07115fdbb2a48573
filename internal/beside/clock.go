package beside

import (
	"maps"
	"time"

	"github.com/stoa-audio/stoa/internal/hub"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/signal"
)

// A clock counts for how long each has been heard. In a closed room there is
// none: there are no pauses by which a node could tell.
type clock struct {
	closed   bool
	may      map[id.Person]bool // be heard: on the stage, with an open microphone
	shown    map[id.Person]bool // on the stage, or with a hand up
	places   map[id.Node]sound  // how it sounds where it is heard
	heard    map[id.Person]time.Duration
	counted  time.Time // until when
	told     map[id.Person]int
	clockDue due
}

// A sound is who is heard at a place, since it was last said.
type sound struct {
	speaking []id.Person
	at       time.Time
}

// Heard notes who is heard now at a place; zero is this node.
func (rs *Rooms) Heard(name id.Room, place id.Node, speaking []id.Person) {
	_ = rs.in(name, func(s *side, now time.Time) error { // of no room, it is nothing
		s.count(now)
		if s.places == nil {
			s.places = make(map[id.Node]sound)
		}
		if s.places[place] = (sound{speaking, now}); len(speaking) == 0 {
			delete(s.places, place)
		}
		s.clockDue.tell(s)
		return nil
	})
}

// look notes who is there.
func (s *side) look(now time.Time, r *room.Room) {
	s.count(now)
	s.closed = r.Visibility() == room.Closed
	s.may, s.shown = make(map[id.Person]bool), make(map[id.Person]bool)
	for _, p := range r.Stage() {
		s.shown[p.Who] = true
		s.may[p.Who] = !p.Muted && !p.Away()
	}
	for _, p := range r.Hands() {
		s.shown[p.Who] = true
	}
	s.clockDue.tell(s)
}

// count counts up to now. A place that has not said anything for long may be
// gone.
func (s *side) count(now time.Time) {
	since := now.Sub(s.counted)
	s.counted = now
	if s.closed {
		return
	}
	done := make(map[id.Person]bool)
	for _, at := range s.places {
		if now.Sub(at.at) > stretchMax {
			continue
		}
		for _, who := range at.speaking {
			if s.may[who] && !done[who] {
				done[who] = true
				s.add(who, since)
			}
		}
	}
}

func (s *side) add(who id.Person, since time.Duration) {
	if s.heard == nil {
		s.heard = make(map[id.Person]time.Duration)
	}
	if _, known := s.heard[who]; known || len(s.heard) < heardMax {
		s.heard[who] += since
	}
}

// tellClock tells for how long those have been heard who are shown, if that has
// changed, and again soon while somebody speaks.
func (s *side) tellClock() {
	s.count(time.Now())
	seconds := make(map[id.Person]int)
	if !s.closed {
		for who := range s.shown {
			if n := int(s.heard[who] / time.Second); n > 0 {
				seconds[who] = n
			}
		}
	}
	if !maps.Equal(seconds, s.told) {
		s.told = seconds
		s.hub.Notice(s.name, hub.Clock, text(signal.Notice{Clock: &signal.Clock{Room: s.name, Seconds: seconds}}))
	}
	s.clockDue.wanted = s.clockDue.wanted || len(s.places) > 0 && !s.closed
}
