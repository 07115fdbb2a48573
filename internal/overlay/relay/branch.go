package relay

import (
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/frame"
	"github.com/stoa-audio/stoa/internal/overlay/topology"
	"github.com/stoa-audio/stoa/internal/region"
)

// A branch is a node's place in a tree, its own or another's.
type branch struct {
	tree       frame.Tree
	room       id.Room
	owner      int
	root       *root // what we own of it; nil in the trees of others
	version    uint32
	generation uint8
	fence      region.Fence
	listener   bool
	both       bool
	parent     int // topology.None at the root
	backup     int // topology.None when there is none
	voices     map[uint8]id.Person
	feeds      []feed
	children   []child
	seen       [frame.VoicesMax]seen
	standby    time.Duration // when the backup was told last that we may come
	told       time.Duration // when the owner was told last that we have nobody
	until      time.Duration // when the owner is taken for gone
	next       time.Duration // when it is to be tended
	ending     time.Duration // when we are to be out of it; 0: not
	gone       bool
}

// A feed is from whom voices come, under the label that we have given.
type feed struct {
	from   int
	label  uint32
	asked  time.Duration // when we have asked last
	tries  int           // without an answer
	heard  time.Duration // when a voice came last; 0: never
	fresh  time.Duration // when it brought a packet that no other had brought, or began
	ending time.Duration // when it is to end; 0: not
	done   bool          // the other has answered
}

// A child is to whom voices go.
type child struct {
	node  int
	label uint32
	until time.Duration
}

// told is a room's fence as this node was told, which holds beside what owners
// of trees say: their word may be on its way for longer.
type told struct {
	fence region.Fence
	until time.Duration
}

// early is a Join that has come before the Install.
type early struct {
	tree  frame.Tree
	node  int
	label uint32
	until time.Duration
}

// installed takes our place in a tree from its owner.
func (n *Node) installed(now time.Duration, from int, i frame.Install) {
	b := n.branches[i.Tree]
	if b != nil && (b.owner != from || i.Version < b.version) {
		return
	}
	fence, err := region.ParseFence(i.Fence)
	if known, ok := n.fences[i.Room]; ok {
		fence = fence.And(known.fence)
	}
	if err != nil || !n.m.Allows(fence, 0) || !n.m.Allows(fence, from) {
		n.Counts.Outside++ // nobody inside the fence would ask us
		return
	}
	if b == nil {
		if len(n.branches) >= branchesMax {
			return
		}
		b = &branch{tree: i.Tree, room: i.Room, owner: from, parent: topology.None, backup: topology.None}
		n.branches[i.Tree] = b
		n.branchList = append(n.branchList, b)
	}
	if w := n.wants[want{i.Room, from}]; w != nil {
		w.tree = b
	}
	n.say(now, from, frame.Installed{Tree: i.Tree, Version: i.Version})
	b.until, b.ending = now+2*holds, 0
	b.version, b.generation, b.fence = i.Version, i.Generation, fence
	b.listener, b.both = i.Listener, i.Both
	b.voices = make(map[uint8]id.Person, len(i.Voices))
	for _, v := range i.Voices {
		b.voices[v.Stream] = v.Who
	}
	b.parent, b.backup = n.inside(fence, i.Parent), n.inside(fence, i.Backup)
	b.children = slices.DeleteFunc(b.children, func(c child) bool { return !n.m.Allows(fence, c.node) })
	n.early = slices.DeleteFunc(n.early, func(e early) bool {
		if e.tree != b.tree {
			return false
		}
		n.adopt(now, b, e.node, e.label)
		return true
	})
	if b.parent != topology.None {
		n.join(now, b, b.parent)
	}
	if b.both && b.backup != topology.None {
		n.join(now, b, b.backup)
	}
	n.tend(now, b)
}

// inside returns the number of a node that lies in a fence, or None.
func (n *Node) inside(fence region.Fence, name id.Node) int {
	if number, ok := n.m.Find(name); ok && number != 0 && n.m.Allows(fence, number) {
		return number
	}
	return topology.None
}

// dismissed takes us out of a tree. Those who take the voices from us learn it
// from the owner, too; they are served a little longer.
func (n *Node) dismissed(now time.Duration, from int, d frame.Dismiss) {
	n.say(now, from, frame.Installed(d))
	if b := n.branches[d.Tree]; b != nil && b.owner == from && d.Version >= b.version && b.ending == 0 {
		b.version, b.ending, b.listener = d.Version, now+lingers, false
		if w := n.wants[want{b.room, from}]; w != nil && w.tree == b {
			// Its voices come in there no more, or do again and in a tree that does
			// not know of us: what we have asked for went to this one.
			w.tree, w.tries = nil, 0
			n.sayWant(now, w)
		}
	}
}

// drop forgets a tree. Those who still take the voices from us look for another
// way at once.
func (n *Node) drop(now time.Duration, b *branch) {
	for i := range b.feeds {
		n.endFeed(now, b, &b.feeds[i])
	}
	for _, c := range b.children {
		if n.m.Allows(b.fence, c.node) {
			n.say(now, c.node, frame.Joined{Tree: b.tree, Why: frame.JoinStranger})
		}
	}
	delete(n.branches, b.tree)
	b.gone = true
}

func (n *Node) endFeed(now time.Duration, b *branch, f *feed) {
	if n.m.Allows(b.fence, f.from) {
		n.say(now, f.from, frame.Prune{Tree: b.tree, Label: f.label})
	}
	delete(n.labels, f.label)
}

// narrow keeps a branch inside a fence, before its owner says so.
func (n *Node) narrow(now time.Duration, b *branch, fence region.Fence) {
	b.fence = fence
	if !n.m.Allows(fence, 0) || !n.m.Allows(fence, b.owner) {
		n.drop(now, b)
		return
	}
	outside := func(node int) bool { return !n.m.Allows(fence, node) }
	b.children = slices.DeleteFunc(b.children, func(c child) bool { return outside(c.node) })
	b.feeds = slices.DeleteFunc(b.feeds, func(f feed) bool {
		if outside(f.from) {
			n.endFeed(now, b, &f)
			return true
		}
		return false
	})
	if b.backup != topology.None && outside(b.backup) {
		b.backup = topology.None
	}
	if b.parent != topology.None && outside(b.parent) {
		b.parent, b.backup = b.backup, topology.None
	}
	n.tend(now, b)
}

// join takes the voices of a tree from a node.
func (n *Node) join(now time.Duration, b *branch, from int) {
	for i := range b.feeds {
		if b.feeds[i].from == from {
			b.feeds[i].ending = 0
			return
		}
	}
	label := n.rnd.Uint32()
	for label == 0 || n.labels[label] != nil {
		label = n.rnd.Uint32()
	}
	n.labels[label] = b
	b.feeds = append(b.feeds, feed{from: from, label: label, asked: now, tries: 1, heard: 0, fresh: now})
	n.use(now, from)
	n.say(now, from, frame.Join{Tree: b.tree, Label: label})
}

// tend keeps a place in a tree: says what holds, looks whether the parent is
// still there, and ends what has served.
func (n *Node) tend(now time.Duration, b *branch) {
	b.children = slices.DeleteFunc(b.children, func(c child) bool { return now > c.until })
	if b.gone || b.root != nil {
		return
	}
	if b.ending != 0 && now > b.ending && !n.serves(now, b) || now > b.until && n.orphaned(now, b) {
		n.drop(now, b)
		return
	}
	parentGood := false
	for i := range b.feeds {
		f := &b.feeds[i]
		if f.ending == 0 || now < f.ending {
			n.sayJoin(now, b, f)
			if f.from == b.parent {
				parentGood = n.good(now, f)
			}
		}
	}
	switch {
	case b.parent == topology.None: // the owner has named somebody outside, or unknown to us
	case b.backup == topology.None && b.parent != topology.None && !parentGood:
		n.complain(now, b, b.parent, topology.None)
	case b.backup == topology.None || b.both:
	case !parentGood:
		n.join(now, b, b.backup)
		n.replace(now, b)
	case now-b.standby >= sayAgain:
		b.standby = now
		n.use(now, b.backup)
		n.say(now, b.backup, frame.Join{Tree: b.tree}) // no label: we may come
	}
	n.prune(now, b)
	for _, f := range b.feeds {
		if !f.done || f.ending != 0 {
			b.next = now
		}
	}
}

// serves reports whether a place that we are to be out of still serves somebody:
// where they are to go may be on its way to them for long.
func (n *Node) serves(now time.Duration, b *branch) bool {
	heard := func(f feed) bool { return f.heard != 0 && now-f.heard < lingers }
	return len(b.children) > 0 && now < b.ending+holds && slices.ContainsFunc(b.feeds, heard)
}

// orphaned reports whether a tree's owner is gone: it has not said anything for
// long, and nothing comes any more.
func (n *Node) orphaned(now time.Duration, b *branch) bool {
	for i := range b.feeds {
		if f := &b.feeds[i]; f.heard != 0 && now-f.heard < holds {
			return false
		}
	}
	return true
}

func (n *Node) sayJoin(now time.Duration, b *branch, f *feed) {
	every := sayAgain
	if !f.done && f.tries < tryMax {
		every = tryAgain
	}
	if now-f.asked < every {
		return
	}
	f.asked = now
	f.tries++
	n.use(now, f.from)
	n.say(now, f.from, frame.Join{Tree: b.tree, Label: f.label})
}

// good reports whether voices can be expected from a feed. This is judged by the
// hop, not by the map, which is behind by up to a second; a hop that was never
// measured, as between nodes that have just come to know each other, is as good
// as its answers.
func (n *Node) good(now time.Duration, f *feed) bool {
	h := n.hops[f.from]
	answers := max(4*tryAgain, time.Duration(2.5*h.RTT()*float64(time.Millisecond)))
	down := h.RTT() != 0 && h.Down(now)
	return !h.Suspect(now) && !down && (f.done || now-f.fresh < answers)
}

// replace makes the backup the parent once the parent is gone for good, and
// tells the owner, who finds us another backup.
func (n *Node) replace(now time.Duration, b *branch) {
	if n.hops[b.parent].RTT() != 0 && !n.hops[b.parent].Down(now) {
		return // perhaps only a few were lost
	}
	n.Counts.Grafts++
	lost := b.parent
	b.feeds = slices.DeleteFunc(b.feeds, func(f feed) bool {
		if f.from != lost {
			return false
		}
		n.endFeed(now, b, &f)
		return true
	})
	b.parent, b.backup = b.backup, topology.None
	b.told = 0
	n.complain(now, b, lost, b.parent)
}

// complain tells the owner that a parent is gone.
func (n *Node) complain(now time.Duration, b *branch, lost, is int) {
	if b.told != 0 && now-b.told < tryAgain {
		return
	}
	b.told = now
	t := frame.Trouble{Tree: b.tree, Version: b.version, Lost: n.m.Node(lost).ID}
	if is != topology.None {
		t.Now = n.m.Node(is).ID
	}
	n.say(now, b.owner, t)
	if h := n.hops[lost]; !h.Suspect(now) && !h.Down(now) {
		// It is not the link that we complain of: the owner takes it for down until
		// it is told what it is like. Between two bursts of loss a link looks good,
		// too, and would be given to us again: of such a one the map tells in time.
		n.shown[lost].Loss = unsaid
	}
}

// prune ends feeds that are neither parent nor wanted backup, once the parent
// brings what they brought: a new way is there before the old one goes.
func (n *Node) prune(now time.Duration, b *branch) {
	var parent *feed
	for i := range b.feeds {
		if b.feeds[i].from == b.parent {
			parent = &b.feeds[i]
		}
	}
	b.feeds = slices.DeleteFunc(b.feeds, func(f feed) bool {
		if f.from == b.parent || b.both && f.from == b.backup {
			return false
		}
		served := parent != nil && n.good(now, parent) && parent.done && (parent.heard >= f.heard-overlap)
		for i := range b.feeds {
			if b.feeds[i].from == f.from && b.feeds[i].ending == 0 && served {
				b.feeds[i].ending = now + overlap
			}
		}
		if f.ending == 0 || now < f.ending {
			return false
		}
		n.endFeed(now, b, &f)
		return true
	})
}

// joined lets a node take the voices of a tree from us.
func (n *Node) joined(now time.Duration, from int, j frame.Join) {
	b := n.branches[j.Tree]
	var why uint32
	switch {
	case j.Label == 0:
		n.use(now, from)
		return
	case b == nil:
		if why = frame.JoinStranger; len(n.early) < earlyMax {
			n.early = append(n.early, early{j.Tree, from, j.Label, now + sayAgain})
		}
	case n.leaving && b.root == nil && !slices.ContainsFunc(b.children, func(c child) bool { return c.node == from }):
		why = frame.JoinLeaving
	default:
		why = n.adopt(now, b, from, j.Label)
	}
	n.say(now, from, frame.Joined{Tree: j.Tree, Why: why})
}

func (n *Node) adopt(now time.Duration, b *branch, node int, label uint32) (why uint32) {
	if !n.m.Allows(b.fence, node) {
		n.Counts.Outside++
		return frame.JoinOutside
	}
	n.use(now, node)
	for i := range b.children {
		if c := &b.children[i]; c.node == node {
			c.label, c.until = label, now+holds
			return frame.JoinDone
		}
	}
	if len(b.children) >= childrenMax {
		return frame.JoinFull
	}
	b.children = append(b.children, child{node, label, now + holds})
	return frame.JoinDone
}

// answered takes in what became of a Join.
func (n *Node) answered(now time.Duration, from int, j frame.Joined) {
	b := n.branches[j.Tree]
	if b == nil {
		return
	}
	for i := range b.feeds {
		if f := &b.feeds[i]; f.from == from {
			if f.done && j.Why != frame.JoinDone {
				f.fresh = 0 // it has served, and does no more: that is not waited for
				b.next = now
			}
			f.done = j.Why == frame.JoinDone
			if j.Why == frame.JoinOutside || j.Why == frame.JoinFull || j.Why == frame.JoinLeaving {
				f.tries = tryMax
				n.complain(now, b, from, topology.None)
			}
		}
	}
}

// pruned ends what a node takes from us.
func (n *Node) pruned(from int, p frame.Prune) {
	if b := n.branches[p.Tree]; b != nil {
		b.children = slices.DeleteFunc(b.children, func(c child) bool { return c.node == from && c.label == p.Label })
	}
}

// heardVoice passes a voice on that comes from a node which we have joined.
func (n *Node) heardVoice(now time.Duration, from int, a frame.Audio) {
	b := n.labels[a.Label]
	if b == nil || int(a.Stream) >= frame.VoicesMax {
		n.Counts.Stranger++
		return
	}
	i := slices.IndexFunc(b.feeds, func(f feed) bool { return f.label == a.Label })
	if i < 0 || b.feeds[i].from != from {
		n.Counts.Stranger++
		return
	}
	f := &b.feeds[i]
	f.heard, f.done = now, true
	switch {
	case int8(a.Generation-b.generation) > 0: //nolint:gosec // modular
		n.Counts.Refenced++ // the Install that says where it may go is on its way
		return
	case !b.seen[a.Stream].take(a.Sequence):
		n.Counts.Copied++
		return
	}
	f.fresh = now
	if b.listener {
		n.Counts.Delivered++
		n.out.Deliver(now, b.room, n.m.Node(b.owner).ID, b.voices[a.Stream], a.Packet)
	}
	if a.TTL == 0 {
		n.Counts.Tired++
		return
	}
	a.TTL--
	n.pass(now, b, a, from)
}

// pass gives a voice to those who have joined us, and to nobody outside the
// fence: this is the only place where voices are given to neighbours.
func (n *Node) pass(now time.Duration, b *branch, a frame.Audio, from int) {
	a.Generation = b.generation
	for i := range b.children {
		c := &b.children[i]
		if c.node == from {
			continue
		}
		if !n.m.Allows(b.fence, c.node) {
			n.Counts.Outside++
			continue
		}
		a.Label = c.label
		if !n.hops[c.node].Voice(now, a) {
			n.Counts.Braked++
			continue
		}
		n.Counts.Passed++
		n.wake(c.node)
	}
}

// wake remembers that something may wait in a hop.
func (n *Node) wake(number int) {
	if !slices.Contains(n.woken, number) {
		n.woken = append(n.woken, number)
	}
}

// seen remembers which of the newest packets of a voice came.
type seen struct {
	highest uint16
	bits    [seenSize / 64]uint64
	any     bool
}

const seenSize = 1024 // packets: 20 s of one voice

// take reports whether a packet is new. What is much older than the newest is
// not: it was heard, or comes too late.
func (s *seen) take(sequence uint16) bool {
	ahead := int16(sequence - s.highest) //nolint:gosec // modular (RFC 1982)
	switch {
	case !s.any:
		s.any, s.highest = true, sequence
	case ahead > 0:
		for i := uint16(1); i <= uint16(min(ahead, seenSize)); i++ { //nolint:gosec // positive
			at := s.highest + i
			s.bits[at%seenSize/64] &^= 1 << (at % 64)
		}
		s.highest = sequence
	case ahead <= -seenSize:
		return false
	}
	word, bit := &s.bits[sequence%seenSize/64], uint64(1)<<(sequence%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}
