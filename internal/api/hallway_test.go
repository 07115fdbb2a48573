package api

import (
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
)

// Those who come and go are news at once, and then once in a while; what else
// happens is news as ever.
func TestRecount(t *testing.T) {
	t.Parallel()
	var h watchers
	r, name, now := new(room.Room), id.New[id.Room](), time.Now()
	r.Apply(room.Opened{By: id.New[id.Person](), Visibility: room.Open})
	news := func() bool {
		open, changed := len(h.open) > 0, h.changed[name]
		h.open, h.changed = nil, nil
		if open != changed {
			t.Errorf("open %v, changed %v", open, changed)
		}
		return changed
	}
	h.happened(name, r, nil)
	if !news() {
		t.Error("that it is there is no news")
	}
	for second := range 40 {
		h.happened(name, r, []room.Event{room.HandRaised{}, room.Entered{}})
		h.recount(now.Add(time.Duration(second) * time.Second))
		if got, want := news(), second%15 == 0; got != want {
			t.Errorf("after %d seconds it is news: %v", second, got)
		}
	}
	h.happened(name, r, []room.Event{room.Entered{}, room.SteppedUp{}})
	if !news() {
		t.Error("the stage is no news")
	}
	h.recount(now.Add(time.Hour))
	news()
	h.recount(now.Add(2 * time.Hour))
	if news() {
		t.Error("nothing is news")
	}
}
