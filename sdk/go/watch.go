package stoa

import (
	"slices"
	"time"
)

// When a connection is suspect, and which node is next: the same as
// sdk/ts/src/watch.ts.
const (
	lookEvery     = 100 * time.Millisecond
	bearsStage    = 350 * time.Millisecond
	bearsAudience = 1500 * time.Millisecond
	bearsMost     = 8 // times as much
	calmAfter     = 30 * time.Second
	livelyFrom    = 10                     // packets in a second
	livelyFor     = 20 * time.Second       // after which nobody misses anything
	hesitation    = 300 * time.Millisecond // at most, of one who listens
)

// A watch watches what comes over one connection.
type watch struct {
	looked  time.Time
	count   uint32
	silence time.Duration // for how long nothing has come, as far as that is proven
	counted uint32        // a second ago
	since   time.Time
	lively  time.Time // when voices came last
}

// look takes in how many packets have come by now. A look that comes late proves
// little: the machine may have slept.
func (w *watch) look(now time.Time, count uint32) {
	passed := now.Sub(w.looked)
	first := w.looked.IsZero()
	w.looked = now
	if now.Sub(w.since) >= time.Second {
		if !w.since.IsZero() && count-w.counted >= livelyFrom {
			w.lively = now
		}
		w.since, w.counted = now, count
	}
	if first || count != w.count {
		w.count, w.silence = count, 0
	} else {
		w.silence += min(max(passed, 0), 2*lookEvery)
	}
}

// isLively reports whether voices came lately: a node keeps quiet where nobody
// speaks for long.
func (w *watch) isLively(now time.Time) bool { return now.Sub(w.lively) < livelyFor }

// A bearing is how much silence one bears. Each switch soon after another doubles
// it: where the line is to blame, and not the node, switching does not help.
type bearing struct {
	times    int // 0 is 1
	switched time.Time
}

func (b *bearing) of(now time.Time, onStage bool) time.Duration {
	if now.Sub(b.switched) > calmAfter {
		b.times = 1
	}
	if onStage {
		return bearsStage * time.Duration(max(b.times, 1))
	}
	return bearsAudience * time.Duration(max(b.times, 1))
}

func (b *bearing) note(now time.Time) {
	if b.times = 2 * max(b.times, 1); now.Sub(b.switched) > calmAfter {
		b.times = 1
	}
	b.times = min(b.times, bearsMost)
	b.switched = now
}

// A Node is a node at which media may be, as it came with the grant.
type Node struct {
	ID     string `json:"id"`
	Region string `json:"region"`
	Here   bool   `json:"here"` // it is the one that is joined
}

// alternates are the nodes to turn to when at is gone, first to last: of the same
// region, then the rest, both in the order in which they came with the grant.
func alternates(nodes []Node, at string) []string {
	name := nameOf(nodes, at)
	var region string
	for _, n := range nodes {
		if n.ID == name {
			region = n.Region
		}
	}
	var near, rest []string
	for _, n := range nodes {
		switch {
		case n.ID == name:
		case n.Region == region:
			near = append(near, n.ID)
		default:
			rest = append(rest, n.ID)
		}
	}
	return append(near, rest...)
}

// following is the node after one that was tried, or else the first.
func following(ranked []string, tried string) string {
	if len(ranked) == 0 {
		return ""
	}
	return ranked[(slices.Index(ranked, tried)+1)%len(ranked)]
}

// nameOf is the id of a node that may be said to be "": the one that is joined.
func nameOf(nodes []Node, at string) string {
	if at != "" {
		return at
	}
	for _, n := range nodes {
		if n.Here {
			return n.ID
		}
	}
	return ""
}
