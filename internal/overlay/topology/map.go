// Package topology decides on which way a room's voices go from the node where
// they come in to all the nodes that have listeners: an explicit tree inside
// the room's fence, with bounded degrees, a price on crossing an ocean, and
// for each node a second parent that it may turn to at once.
//
// What is outside a node's own fence is not in its Map, so that no way can
// lead there.
package topology

import (
	"math"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

// A Node is a node as others know it.
type Node struct {
	ID        id.Node
	Place     region.Place
	Continent string  // crossing to another one has a price; by default the region
	Latitude  float64 // degrees; both zero: not told
	Longitude float64
	Leaving   bool // about to stop: nothing new goes over it
}

// A Link is what a node measures of its link to another.
type Link struct {
	RTT    float32 // milliseconds, 0: not known
	Loss   float32 // share of what comes from there that is lost
	Jitter float32 // milliseconds
	Down   bool
}

// A Map is what a node knows of others and of the links between them. Nodes
// have numbers, in the order in which they became known; 0 is the node itself.
type Map struct {
	nodes  []Node
	doubts []doubt // by node
	byID   map[id.Node]int
	links  [][]Link // by of whom, then who measured: so they are gone through most
}

// NewMap returns the map of a node that knows nobody but itself.
func NewMap(self Node) *Map {
	m := &Map{byID: make(map[id.Node]int)}
	m.Know(self)
	return m
}

// Know adds a node, or takes in what is new of it, and returns its number.
func (m *Map) Know(n Node) int {
	if n.Continent == "" {
		n.Continent = n.Place.Region
	}
	if i, ok := m.byID[n.ID]; ok {
		m.nodes[i] = n
		m.doubts[i].at = toVector(n.Latitude, n.Longitude)
		return i
	}
	m.byID[n.ID] = len(m.nodes)
	m.nodes = append(m.nodes, n)
	m.links = append(m.links, nil)
	m.doubts = append(m.doubts, doubt{at: toVector(n.Latitude, n.Longitude)})
	return len(m.nodes) - 1
}

// Find returns the number of a node.
func (m *Map) Find(name id.Node) (n int, ok bool) {
	n, ok = m.byID[name]
	return n, ok
}

// Len returns how many nodes are known.
func (m *Map) Len() int { return len(m.nodes) }

// Node returns the node of a number.
func (m *Map) Node(n int) Node { return m.nodes[n] }

// Set takes in what node a measures of its link to b.
func (m *Map) Set(a, b int, l Link) {
	if a >= len(m.links[b]) {
		m.links[b] = append(make([]Link, 0, len(m.nodes)), m.links[b]...)[:len(m.nodes)]
	}
	m.links[b][a] = l
}

// Link returns what a measures of its link to b.
func (m *Map) Link(a, b int) Link {
	if a < len(m.links[b]) {
		return m.links[b][a]
	}
	return Link{}
}

// What a way costs, in milliseconds.
const (
	passing = 1.0   // to go through a node
	lossy   = 8.0   // for each e-fold of loss
	tellers = 0.005 // the loss that begins to count
	nackMax = 80.0  // round trip over which loss is mended at once

	// Far is the cost of what cannot be gone.
	Far = math.MaxFloat32
)

// Delay returns how long a packet takes from a to b, in milliseconds, or Far.
func (m *Map) Delay(a, b int) float64 {
	to, back := m.Link(b, a), m.Link(a, b)
	if to.Down || back.Down || to.RTT == 0 && back.RTT == 0 {
		return Far
	}
	if to.RTT == 0 {
		to = back
	}
	return float64(to.RTT)/2 + passing
}

// Cost returns Delay, and what loss and jitter are worth: what is lost on a
// long hop stays lost, on a short one it comes later.
func (m *Map) Cost(a, b int) float64 {
	delay := m.Delay(a, b)
	if delay == Far {
		return Far
	}
	l := m.Link(b, a)
	weight := lossy
	if l.RTT <= nackMax {
		weight /= 2
	}
	return delay + weight*math.Log1p(float64(l.Loss)/tellers) + float64(l.Jitter)/2
}

// Crosses reports whether an ocean lies between a and b.
func (m *Map) Crosses(a, b int) bool { return m.nodes[a].Continent != m.nodes[b].Continent }

// A Damper keeps a tree from following every whim of the links.
type Damper struct {
	better  time.Duration // since when there is a better one; 0: not
	changed time.Duration
	dwell   time.Duration
}

// How much better, for how long, and how long a tree stays at least.
const (
	betterShare = 0.9
	betterBy    = 5.0 // milliseconds
	betterFor   = 5 * time.Second
	dwellMin    = 10 * time.Second
	dwellMax    = 5 * time.Minute
)

// Judge reports whether to change from what costs old to what costs new.
func (d *Damper) Judge(now time.Duration, old, better float64) bool {
	if better >= old*betterShare || better > old-betterBy {
		d.better = 0
		return false
	}
	if d.better == 0 {
		d.better = now
	}
	if now-d.better < betterFor || d.dwell > 0 && now-d.changed < d.dwell {
		return false
	}
	// Who changes again soon after has to wait longer each time.
	if d.dwell > 0 && now-d.changed < 2*d.dwell {
		d.dwell = min(2*d.dwell, dwellMax)
	} else {
		d.dwell = dwellMin
	}
	d.changed, d.better = now, 0
	return true
}
