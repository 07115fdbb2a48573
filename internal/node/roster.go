package node

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/media/sfu"
	"github.com/stoa-audio/stoa/internal/spread"
)

// A roster is who receives what here, and by what right, in numbers.
type roster struct {
	Rooms []roomRoster `json:"rooms"`
	// Placed is how many people of this node's own rooms sit at the nodes of
	// each place; Own is that of this node itself.
	Placed map[string]int `json:"placed"`
	Own    int            `json:"own"`
}

// A roomRoster is a room at this node, by its route, as in the log.
type roomRoster struct {
	Route     string `json:"route"`
	Ours      bool   `json:"ours"`      // this node owns the room
	Seats     int    `json:"seats"`     // that the owner has given here
	Receivers int    `json:"receivers"` // media connections
	Up        int    `json:"up"`        // of these, those that work
	Ghosts    int    `json:"ghosts"`    // of these, those without a seat: none
}

// A receiver is a media connection that is looked at twice.
type receiver struct {
	room id.Room
	who  id.Person
}

// secondLook is after how long it is looked again at who seems to have no seat:
// a seat is given and taken while one looks.
const secondLook = 50 * time.Millisecond

// roster compares who has media connections with who has a seat.
func (n *Node) roster(now time.Time) roster {
	out := roster{Rooms: []roomRoster{}, Placed: make(map[string]int)}
	sittings := n.place.Sittings()
	receivers := make(map[id.Room]map[id.Person]sfu.Receiver)
	for _, name := range n.media.Rooms() {
		receivers[name] = n.media.Roster(name)
	}
	suspects := ghosts(sittings, receivers)
	if len(suspects) > 0 {
		time.Sleep(secondLook)
		again := make(map[id.Room]map[id.Person]sfu.Receiver)
		for s := range suspects {
			if again[s.room] == nil {
				again[s.room] = n.media.Roster(s.room)
			}
		}
		still := ghosts(n.place.Sittings(), again)
		for s := range suspects {
			if !still[s] {
				delete(suspects, s)
			}
		}
	}
	names := make(map[id.Room]bool)
	for name := range sittings {
		names[name] = true
	}
	for name := range receivers {
		names[name] = true
	}
	for name := range names {
		r := roomRoster{
			Route: n.media.Route(name, now), Ours: sittings[name].Owner == n.self(),
			Seats: len(sittings[name].Seats), Receivers: len(receivers[name]),
		}
		for who, one := range receivers[name] {
			if one.Up {
				r.Up++
			}
			if suspects[receiver{name, who}] {
				r.Ghosts++
			}
		}
		out.Rooms = append(out.Rooms, r)
	}
	for node, count := range n.spread.Counts() {
		if node == n.self() {
			out.Own = count
			continue
		}
		where := "elsewhere"
		if place, ok := n.stands(node); ok {
			where = place.String()
		}
		out.Placed[where] += count
	}
	return out
}

// ghosts returns who is sent media without a seat of the same session.
func ghosts(sittings map[id.Room]spread.Sitting, receivers map[id.Room]map[id.Person]sfu.Receiver) map[receiver]bool {
	out := make(map[receiver]bool)
	for name, all := range receivers {
		for who, one := range all {
			session, seated := sittings[name].Seats[who]
			if !seated || session != one.Session {
				out[receiver{name, who}] = true
			}
		}
	}
	return out
}

// showRoster tells the operator.
func (n *Node) showRoster(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(n.roster(time.Now())) // whoever asked may have gone
}
