package api

import (
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/signal"
)

// Held is for live.Holder.
func (a *API) Held(id.Room, uint64) {}

// Gone ends the connections of those who sit in a room that goes on at another
// node, and tells them so.
func (a *API) Gone(name id.Room) {
	a.hallway.gone(name)
	a.conflicts.gone(name)
	a.crowds.gone(name)
	a.seats.mu.Lock()
	var sitting []*connection
	for _, seats := range a.seats.taken[name] {
		for _, s := range seats {
			sitting = append(sitting, s.conn)
		}
	}
	a.seats.mu.Unlock()
	for _, c := range sitting {
		go c.end(elsewhere)
	}
}

// Deputy tells everybody who sits in a room of this house where the rooms go on
// when it is gone.
func (a *API) Deputy(url string) {
	text := encode(signal.Notice{Deputy: &signal.Deputy{URL: url}})
	a.seats.mu.Lock()
	defer a.seats.mu.Unlock()
	for _, here := range a.seats.taken {
		for _, seats := range here {
			for _, s := range seats {
				if s.in && !s.lost {
					s.conn.ws.Post(text)
				}
			}
		}
	}
}
