package api

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/signal"
)

// ways answers who asks for an itinerary with those on the stage, when it is let.
type ways struct {
	mu   sync.Mutex
	wait chan struct{} // nil: at once
}

func (w *ways) hold(wait chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wait = wait
}

func (w *ways) itinerary(ctx context.Context, _ id.Room, who id.Person, stage []id.Person) signal.Itinerary {
	w.mu.Lock()
	wait := w.wait
	w.mu.Unlock()
	if wait != nil {
		select {
		case <-wait:
		case <-ctx.Done():
		}
	}
	others := slices.DeleteFunc(stage, func(one id.Person) bool { return one == who })
	return signal.Itinerary{Ways: []signal.Way{{Who: others, Hops: []signal.Hop{{Region: "eu", Operator: "one"}}}}}
}

func TestItinerary(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	name := ada.open("open")
	out := bo.live()
	out.refused("not_here", "itinerary", None{})
	a, b := ada.sit(name), bo.sit(name)
	a.done("ping", None{})
	got := b.ask("itinerary", None{}).Itinerary
	if got == nil || len(got.Ways) != 1 || !slices.Equal(got.Ways[0].Who, []id.Person{ada.id}) || got.Ways[0].Hops[0].Region != "eu" {
		t.Errorf("the itinerary is %+v", got)
	}

	// Other nodes are asked for it: nothing else waits meanwhile, and it is not
	// asked for twice at a time.
	wait := make(chan struct{})
	h.ways.hold(wait)
	first := b.send("itinerary", None{})
	b.done("ping", None{})
	b.done("raise_hand", None{})
	b.refused("too_many", "itinerary", None{})
	close(wait)
	if m := b.until(func(m message) bool { return m.Re != nil && *m.Re == first }); m.Itinerary == nil {
		t.Errorf("got %s", m.raw)
	}
	if m := b.ask("itinerary", None{}); m.Itinerary == nil {
		t.Errorf("got %s", m.raw)
	}

	// Who has left the room while it was asked for is told nothing of it.
	wait = make(chan struct{})
	h.ways.hold(wait)
	first = b.send("itinerary", None{})
	b.done("leave", None{})
	close(wait)
	if m := b.until(func(m message) bool { return m.Re != nil && *m.Re == first }); m.Itinerary != nil || m.Problem == nil || m.Problem.Code != "not_here" {
		t.Errorf("got %s", m.raw)
	}
}

func TestTheRootOfItsNetwork(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var about House
	h.call("GET", "/api/v1/house", nil).is(200).into(&about)
	if about.NetworkRoot != "YSByb290" {
		t.Errorf("the house says %+v", about)
	}
}
