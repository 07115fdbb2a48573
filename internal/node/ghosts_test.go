package node

import (
	"testing"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/media/sfu"
	"github.com/stoa-audio/stoa/internal/spread"
)

// Whoever receives media without the seat of that very session is a ghost.
func TestGhosts(t *testing.T) {
	room, ada, ben, cleo := id.Room{1}, id.Person{1}, id.Person{2}, id.Person{3}
	now, before := id.Session{1}, id.Session{2}
	sittings := map[id.Room]spread.Sitting{room: {Seats: map[id.Person]id.Session{ada: now, ben: now}}}
	found := ghosts(sittings, map[id.Room]map[id.Person]sfu.Receiver{
		room: {ada: {Session: now}, ben: {Session: before}, cleo: {}},
		{2}:  {ada: {Session: now}},
	})
	for r, want := range map[receiver]bool{
		{room, ada}: false, {room, ben}: true, {room, cleo}: true, {id.Room{2}, ada}: true,
	} {
		if found[r] != want {
			t.Errorf("%v is a ghost: %v", r, found[r])
		}
	}
}
