package relay

import (
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/frame"
	"github.com/stoa-audio/stoa/internal/overlay/topology"
	"github.com/stoa-audio/stoa/internal/region"
)

// A Source is from whom a node has the voices of a tree.
type Source struct {
	Tree  frame.Tree
	Room  id.Room
	Owner id.Node
	From  id.Node       // zero at the owner
	Away  time.Duration // of it, one way: half of the round trip
}

// Source returns from whom this node has the voices of a room that come in at
// owner; not ok while it has them from nobody.
func (n *Node) Source(room id.Room, owner id.Node) (s Source, ok bool) {
	number, known := n.m.Find(owner)
	if !known {
		return s, false
	}
	if number == 0 {
		if r := n.roots[room]; r != nil {
			return n.source(r.branch)
		}
		return s, false
	}
	if w := n.wants[want{room, number}]; w != nil && w.tree != nil && !w.tree.gone {
		return n.source(w.tree)
	}
	return s, false
}

// SourceFor returns the same of a tree, to a node that takes its voices from
// this one, and to nobody else.
func (n *Node) SourceFor(tree frame.Tree, taker id.Node) (s Source, ok bool) {
	b := n.branches[tree]
	number, known := n.m.Find(taker)
	if b == nil || !known || !slices.ContainsFunc(b.children, func(c child) bool { return c.node == number }) {
		return s, false
	}
	return n.source(b)
}

// source is from whom the newest packet came, or will come.
func (n *Node) source(b *branch) (s Source, ok bool) {
	s = Source{Tree: b.tree, Room: b.room, Owner: n.m.Node(b.owner).ID}
	if b.root != nil {
		return s, true
	}
	var best *feed
	for i := range b.feeds {
		f := &b.feeds[i]
		if f.done && f.ending == 0 && (best == nil || f.fresh > best.fresh) {
			best = f
		}
	}
	if best == nil {
		return s, false
	}
	s.From = n.m.Node(best.from).ID
	s.Away = time.Duration(n.hops[best.from].RTT() / 2 * float64(time.Millisecond))
	return s, true
}

// Bounds of what is shown.
const (
	sightRooms = 100 // rooms that are listed
	sightAll   = 48  // nodes up to which the links of all of them are shown, not only one's own
)

// A Sight is what a node knows of the network at a moment, for its operator.
// Nodes go by their numbers here; the first is the node itself.
type Sight struct {
	Nodes    []SeenNode
	Links    []SeenLink
	Rooms    []id.Room // that have voices here, or for which voices pass: some of them
	Trees    []SeenTree
	Owned    int // trees of this node
	Branches int // trees in which it has a place, its own among them
	Counts   Counts
}

// A SeenNode is a node that is known.
type SeenNode struct {
	topology.Node

	Down  bool // nothing is heard of it
	InUse bool // voices go over the link to it, or may at any moment
}

// A SeenLink is what From measures of its link to To.
type SeenLink struct {
	topology.Link

	From, To int
}

// A SeenTree is one way of a room's voices. Whole is said where it is owned:
// elsewhere a node knows its own place in it and who takes the voices there.
type SeenTree struct {
	Owner      int
	Whole      bool
	Version    uint32
	Generation uint8
	Fence      region.Fence
	Spots      []SeenSpot
}

// A SeenSpot is a node's place in a tree. Parent and Backup are topology.None
// where there is none. Delay is from the owner, as planned; 0 where that is not
// known.
type SeenSpot struct {
	Node, Parent, Backup int
	Listener             bool
	Delay                time.Duration
}

// Look returns what is known now, with the trees of a room if there are any.
func (n *Node) Look(now time.Duration, room id.Room) Sight {
	s := Sight{Owned: len(n.roots), Branches: len(n.branches), Counts: n.Counts}
	for number := range n.m.Len() {
		one := SeenNode{Node: n.m.Node(number)}
		if number > 0 {
			one.Down, one.InUse = n.hops[number].Down(now), n.hops[number].InUse()
			s.Links = append(s.Links, SeenLink{n.measured(now, number), 0, number})
		}
		s.Nodes = append(s.Nodes, one)
	}
	if n.m.Len() <= sightAll {
		for a := 1; a < n.m.Len(); a++ {
			for b := range n.m.Len() {
				if l := n.m.Link(a, b); a != b && (l.RTT > 0 || l.Down) {
					s.Links = append(s.Links, SeenLink{l, a, b})
				}
			}
		}
	}
	listed := make(map[id.Room]bool)
	for _, b := range n.branchList {
		if b.gone || b.ending != 0 {
			continue
		}
		if len(listed) == sightRooms && room.IsZero() {
			break // no tree is looked for
		}
		if !listed[b.room] && len(listed) < sightRooms {
			listed[b.room] = true
			s.Rooms = append(s.Rooms, b.room)
		}
		if b.room == room {
			s.Trees = append(s.Trees, n.seen(b))
		}
	}
	return s
}

// seen is a tree as far as this node knows it.
func (n *Node) seen(b *branch) SeenTree {
	t := SeenTree{Owner: b.owner, Version: b.version, Generation: b.generation, Fence: b.fence}
	if r := b.root; r != nil {
		t.Whole, t.Version = true, r.version
		for _, s := range r.plan.Spots() {
			t.Spots = append(t.Spots, SeenSpot{s.Node, s.Parent, s.Backup, s.Listener, time.Duration(s.Delay * float64(time.Millisecond))})
		}
		return t
	}
	t.Spots = append(t.Spots, SeenSpot{Node: b.owner, Parent: topology.None, Backup: topology.None})
	if b.parent != b.owner && b.parent != topology.None {
		t.Spots = append(t.Spots, SeenSpot{Node: b.parent, Parent: topology.None, Backup: topology.None})
	}
	t.Spots = append(t.Spots, SeenSpot{Node: 0, Parent: b.parent, Backup: b.backup, Listener: b.listener})
	for _, c := range b.children {
		t.Spots = append(t.Spots, SeenSpot{Node: c.node, Parent: 0, Backup: topology.None})
	}
	return t
}
