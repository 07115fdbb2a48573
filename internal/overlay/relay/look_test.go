package relay

import (
	"slices"
	"testing"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/frame"
	"github.com/stoa-audio/stoa/internal/overlay/topology"
	"github.com/stoa-audio/stoa/internal/region"
)

// Three nodes in a row: the voices of the first come to the last over the one
// between them, and each knows whom it has them from.
func inARow(t *testing.T) *net {
	t.Helper()
	w := newNet("eu", "eu", "eu")
	w.far = func(from, to int) bool { return from+to == 2 && from != to } // 0 and 2
	w.open(region.Anywhere)
	w.say("one", "two")
	if len(w.nodes[2].heard) != 2 {
		t.Fatalf("the last node hears %q", w.nodes[2].heard)
	}
	return w
}

func TestWhomVoicesComeFrom(t *testing.T) {
	w := inARow(t)
	want := []id.Node{{}, name(0), name(1)}
	var tree frame.Tree
	for i, e := range w.nodes {
		s, ok := e.Source(room, name(0))
		if !ok || s.Room != room || s.Owner != name(0) || s.From != want[i] || (i > 0) != (s.Away.Milliseconds() == 10) {
			t.Errorf("node %d has the voices from %+v, %v", i, s, ok)
		}
		tree = s.Tree
	}
	for i, e := range w.nodes[:2] {
		if s, ok := e.SourceFor(tree, name(i+1)); !ok || s.From != want[i] || s.Room != room {
			t.Errorf("node %d tells who takes them there %+v, %v", i, s, ok)
		}
	}
	// Who does not take them from there is told nothing.
	for i, asks := range map[int]id.Node{0: name(2), 1: name(0), 2: name(1)} {
		if s, ok := w.nodes[i].SourceFor(tree, asks); ok {
			t.Errorf("node %d tells somebody else %+v", i, s)
		}
	}
	if _, ok := w.nodes[0].SourceFor(tree+1, name(1)); ok {
		t.Error("there is a tree that nobody has made")
	}
	for _, e := range w.nodes {
		if _, ok := e.Source(id.Room{1}, name(0)); ok {
			t.Error("voices come of a room that nobody has opened")
		}
		if _, ok := e.Source(room, id.Node{99}); ok {
			t.Error("voices come from a node that nobody knows")
		}
	}
	w.nodes[2].Enough(w.now, room, name(0))
	if _, ok := w.nodes[2].Source(room, name(0)); ok {
		t.Error("voices come that nobody wants any more")
	}
}

func TestLook(t *testing.T) {
	w := inARow(t)
	s := w.nodes[0].Look(w.now, room)
	if len(s.Nodes) != 3 || s.Nodes[0].Place.Region != "eu" || !slices.Equal(s.Rooms, []id.Room{room}) || s.Owned != 1 || len(s.Trees) != 1 {
		t.Fatalf("the owner sees %+v", s)
	}
	tree := s.Trees[0]
	if !tree.Whole || tree.Owner != 0 || len(tree.Spots) != 3 || tree.Fence != region.Anywhere {
		t.Errorf("the owner's tree is %+v", tree)
	}
	here := func(e *end, i int) int { return e.here(i) }
	for _, spot := range tree.Spots[1:] {
		before := map[int]int{here(w.nodes[0], 1): here(w.nodes[0], 0), here(w.nodes[0], 2): here(w.nodes[0], 1)}[spot.Node]
		if spot.Parent != before || !spot.Listener {
			t.Errorf("a place in it is %+v", spot)
		}
	}
	links := 0
	for _, l := range s.Links {
		if l.From == 0 && l.To == w.nodes[0].here(1) && l.RTT > 19 && l.RTT < 21 {
			links++
		}
		if l.From == w.nodes[0].here(1) && l.To == w.nodes[0].here(2) && l.RTT > 19 {
			links++ // that another one measures
		}
	}
	if links != 2 || s.Nodes[w.nodes[0].here(1)].Down {
		t.Errorf("links are %+v, nodes %+v", s.Links, s.Nodes)
	}
	// Another node knows its own place, and who takes the voices there.
	e := w.nodes[1]
	s = e.Look(w.now, room)
	if len(s.Trees) != 1 || s.Trees[0].Whole || s.Trees[0].Owner != e.here(0) {
		t.Fatalf("a relay sees %+v", s.Trees)
	}
	want := []SeenSpot{
		{Node: e.here(0), Parent: topology.None, Backup: topology.None},
		{Node: 0, Parent: e.here(0), Backup: topology.None, Listener: true},
		{Node: e.here(2), Parent: 0, Backup: topology.None},
	}
	if !slices.Equal(s.Trees[0].Spots, want) {
		t.Errorf("a relay sees the places %+v", s.Trees[0].Spots)
	}
	if s := e.Look(w.now, id.Room{1}); len(s.Trees) != 0 {
		t.Errorf("of a room that is not there it sees %+v", s.Trees)
	}
}
