package relay

import (
	"slices"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/region"
)

// place has all nodes know where one says that it stands.
func (w *net) place(number int, latitude, longitude float64) {
	for _, e := range w.nodes {
		at := e.here(number)
		n := e.m.Node(at)
		n.Latitude, n.Longitude = latitude, longitude
		e.m.Know(n)
	}
}

// A node that says it is in Frankfurt, and answers four in America within 20 ms,
// gets no voice of a fenced room until it says where it is. It is heard of by
// what the others measure, and nobody has to ask it.
func TestLiarIsLeftOut(t *testing.T) {
	w := newNet("us", "us", "us", "us", "eu")
	for i, at := range [][2]float64{{40.7, -74.0}, {41.9, -87.6}, {39.0, -77.5}, {43.7, -79.4}, {50.1, 8.7}} {
		w.place(i, at[0], at[1])
	}
	fence, err := region.ParseFence("us+eu")
	if err != nil {
		t.Fatal(err)
	}
	w.open(fence)
	w.run(2 * judgeOver)
	liar := w.nodes[4]
	for i, e := range w.nodes {
		if off := e.m.Off(e.here(4)); off < 2000 {
			t.Errorf("node %d takes it to be off by %.0f km", i, off)
		}
		for other := range 4 {
			if e.m.Off(e.here(other)) > 0 {
				t.Errorf("node %d doubts node %d", i, other)
			}
		}
	}
	liar.heard = nil
	w.say("one", "two")
	for i, e := range w.nodes[1:4] {
		if !slices.Contains(e.heard, "true 0 true one") {
			t.Errorf("node %d hears %q", i+1, e.heard)
		}
	}
	if len(liar.heard) > 0 {
		t.Errorf("the liar hears %q", liar.heard)
	}
	// What it asks for, or has been promised, is refused in the one place.
	before := w.nodes[0].Counts.Outside
	w.run(3 * time.Second)
	if w.nodes[0].Counts.Outside == before {
		t.Error("it has not asked again, or was not refused")
	}
	// A room without a fence may be anywhere, so it is heard there.
	w.nodes[0].Refence(w.now, room, region.Anywhere)
	w.run(8 * time.Second)
	w.say("three")
	if !slices.Contains(liar.heard, "true 0 true three") {
		t.Errorf("without a fence it hears %q", liar.heard)
	}
	w.nodes[0].Refence(w.now, room, fence)
	w.place(4, 42.4, -71.1)
	w.run(4 * judgeOver)
	w.say("four")
	if !slices.Contains(liar.heard, "true 0 true four") {
		t.Errorf("when it says where it is it hears %q", liar.heard)
	}
}
