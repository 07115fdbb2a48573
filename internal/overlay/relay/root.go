package relay

import (
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/frame"
	"github.com/stoa-audio/stoa/internal/overlay/topology"
	"github.com/stoa-audio/stoa/internal/region"
)

// A root is a room whose voices come in here, and their tree.
type root struct {
	room       id.Room
	branch     *branch // our own place: the first
	plan       *topology.Tree
	version    uint32
	generation uint8
	both       bool
	voices     []frame.Voice
	sequences  [frame.VoicesMax]uint16
	listeners  []listener    // by node
	places     []*place      // what was said to whom, by node
	changed    time.Duration // when listeners came or went last; 0: planned since
	looked     time.Duration
	damper     topology.Damper
	suspects   map[int]suspicion
	next       time.Duration // when it is to be looked at
	closing    bool
	closed     bool
}

// A listener is a node that wants the voices.
type listener struct {
	node  int
	until time.Duration
}

// listener returns one of those that want the voices, and where it is or would
// be in the list.
func (r *root) listener(node int) (l *listener, at int) {
	at, ok := slices.BinarySearchFunc(r.listeners, node, func(l listener, node int) int { return l.node - node })
	if !ok {
		return nil, at
	}
	return &r.listeners[at], at
}

// place returns what was said to a node, and where it is or would be.
func (r *root) place(node int) (p *place, at int) {
	at, ok := slices.BinarySearchFunc(r.places, node, func(p *place, node int) int { return p.node - node })
	if !ok {
		return nil, at
	}
	return r.places[at], at
}

// A place is what a node was told of the tree.
type place struct {
	node      int
	install   frame.Install
	dismissed bool
	acked     bool
	said      time.Duration
	tries     int
}

// A suspicion is that a node is gone, by the word of one of its children.
type suspicion struct {
	by int
	at time.Duration
}

// Open makes this node the one where voices of a room come in. Its packets
// stay inside fence; both says that each node is to take them on two ways.
func (n *Node) Open(now time.Duration, room id.Room, fence region.Fence, both bool, voices []frame.Voice) {
	if n.roots[room] != nil || !n.m.Allows(fence, 0) || len(n.branches) >= branchesMax {
		return
	}
	tree := frame.Tree(n.rnd.Uint64())
	b := &branch{tree: tree, room: room, fence: fence, parent: topology.None, backup: topology.None}
	r := &root{
		room: room, branch: b, both: both, voices: slices.Clone(voices),
		suspects: make(map[int]suspicion),
	}
	b.root = r
	r.plan, _ = topology.Plan(n.m, 0, nil, fence, both)
	n.roots[room], n.rootList = r, append(n.rootList, r)
	n.branches[tree], n.branchList = b, append(n.branchList, b)
}

// Close ends that. It is said to all who have a place in the tree until they
// have answered.
func (n *Node) Close(now time.Duration, room id.Room) {
	r := n.roots[room]
	if r == nil {
		return
	}
	delete(n.roots, room)
	r.closing = true
	r.branch.children, r.listeners, r.changed = nil, nil, 0
	r.plan, _ = topology.Plan(n.m, 0, nil, r.branch.fence, r.both)
	n.install(now, r)
	n.finish(r)
}

// finish forgets a tree that was closed, once everybody knows.
func (n *Node) finish(r *root) {
	if r.closing && len(r.places) == 0 {
		delete(n.branches, r.branch.tree)
		r.closed, r.branch.gone = true, true
	}
}

// Tree returns the tree of a room whose voices come in here, nil if there is
// none. It is not to be changed, and valid until the node does something.
func (n *Node) Tree(room id.Room) *topology.Tree {
	if r := n.roots[room]; r != nil {
		return r.plan
	}
	return nil
}

// Speak sends a packet of a voice that comes in here.
func (n *Node) Speak(now time.Duration, room id.Room, stream uint8, packet []byte) {
	r := n.roots[room]
	if r == nil || stream >= frame.VoicesMax || len(packet) > frame.PacketMax {
		return
	}
	a := frame.Audio{Stream: stream, Sequence: r.sequences[stream], TTL: ttl, Packet: packet}
	r.sequences[stream]++
	n.pass(now, r.branch, a, topology.None)
	n.Settle(now)
}

// SetVoices says whose voices come in here now.
func (n *Node) SetVoices(now time.Duration, room id.Room, voices []frame.Voice) {
	if r := n.roots[room]; r != nil {
		r.voices = slices.Clone(voices)
		n.install(now, r)
	}
}

// Refence sets where the packets of a room may be, from now on. Nobody outside
// gets any more of them from here, and of the tree that begins here nobody
// passes one on before it knows.
func (n *Node) Refence(now time.Duration, room id.Room, fence region.Fence) {
	n.fences[room] = told{fence, now + remembers}
	for _, b := range n.branchList {
		if b.room == room && b.owner != 0 && !b.gone {
			n.narrow(now, b, fence)
		}
	}
	for _, w := range n.wantList {
		if w.room == room && !w.enough && !n.m.Allows(fence, w.ingress) {
			w.enough = true
			delete(n.wants, w.want)
		}
	}
	r := n.roots[room]
	if r == nil {
		return
	}
	if !n.m.Allows(fence, 0) {
		n.Close(now, room) // no voices may come in here any more
		return
	}
	r.generation++
	r.branch.fence, r.branch.generation = fence, r.generation
	r.branch.children = slices.DeleteFunc(r.branch.children, func(c child) bool { return !n.m.Allows(fence, c.node) })
	r.listeners = slices.DeleteFunc(r.listeners, func(l listener) bool { return !n.m.Allows(fence, l.node) })
	n.replan(now, r)
}

// wanted lets a node have the voices of a room, or not any more.
func (n *Node) wanted(now time.Duration, from int, w frame.Want) {
	r := n.roots[w.Room]
	if r == nil {
		return
	}
	if !n.m.Allows(r.branch.fence, from) {
		n.Counts.Outside++
		return
	}
	l, at := r.listener(from)
	if w.Enough {
		if l != nil {
			r.listeners = slices.Delete(r.listeners, at, at+1)
			n.leaves(now, r, from)
		}
		return
	}
	if l == nil {
		r.listeners = slices.Insert(r.listeners, at, listener{node: from})
		l = &r.listeners[at]
	}
	l.until = now + holds
	if s := r.plan.Spot(from); s != nil && s.Listener {
		// It asks again since it heard nothing, or to keep its place.
		if p, _ := r.place(from); p == nil || p.acked && p.dismissed {
			n.install(now, r)
		} else if p.acked && now-p.said >= sayAgain {
			p.said = now
			n.say(now, from, p.install)
		}
		return
	}
	r.changed = now
	if r.plan.Attach(from) {
		n.install(now, r)
	}
}

func (n *Node) leaves(now time.Duration, r *root, number int) {
	r.changed = now
	r.plan.Detach(number)
	n.install(now, r)
}

// own does what is due for a tree of ours.
func (n *Node) own(now time.Duration, r *root) {
	for i := 0; i < len(r.listeners); i++ {
		if l := r.listeners[i]; now > l.until {
			r.listeners = slices.Delete(r.listeners, i, i+1)
			i--
			n.leaves(now, r, l.node)
		}
	}
	switch {
	case r.closing:
	case r.changed != 0 && now-r.changed >= settle:
		r.changed, r.looked = 0, now
		n.look(now, r, true)
	case now-r.looked >= lookAgain && now-n.planned >= 2*time.Millisecond:
		r.looked, n.planned = now, now
		n.look(now, r, false)
	}
	r.places = slices.DeleteFunc(r.places, func(p *place) bool { return n.sayPlace(now, r, p) })
	n.finish(r)
}

// look compares the tree with the best one, and takes that when it is better
// for long enough; at once, after listeners have come or gone.
func (n *Node) look(now time.Duration, r *root, fresh bool) {
	better, unreached := topology.Plan(n.m, 0, n.listening(r), r.branch.fence, r.both)
	old := r.plan.Cost(better.Price())
	missing := 0
	for _, l := range r.listeners {
		if s := r.plan.Spot(l.node); s == nil || !s.Listener {
			missing++
		}
	}
	is := better.Cost(better.Price())
	if len(unreached) < missing || fresh && is < 0.98*old || r.damper.Judge(now, old, is) {
		r.plan = better
	}
	n.install(now, r) // hops may have become shaky, or good again
}

// replan makes the tree anew, since it cannot stay as it is.
func (n *Node) replan(now time.Duration, r *root) {
	r.plan, _ = topology.Plan(n.m, 0, n.listening(r), r.branch.fence, r.both)
	n.install(now, r)
}

// listening returns who wants the voices.
func (n *Node) listening(r *root) []int {
	list := make([]int, len(r.listeners))
	for i, l := range r.listeners {
		list[i] = l.node
	}
	return list
}

// install tells everybody their place in the tree, as far as it is new to
// them.
func (n *Node) install(now time.Duration, r *root) {
	r.version++
	changes := false
	for _, s := range r.plan.Spots()[1:] {
		is := frame.Install{
			Tree: r.branch.tree, Room: r.room, Version: r.version, Generation: r.generation,
			Listener: s.Listener, Fence: r.branch.fence.String(), Voices: r.voices,
		}
		is.Parent = n.m.Node(s.Parent).ID
		if s.Backup != topology.None {
			is.Backup = n.m.Node(s.Backup).ID
		}
		p, at := r.place(s.Node)
		is.Both = r.both || n.shaky(s.Parent, s.Node, p != nil && p.install.Both)
		if p != nil && !p.dismissed && same(p.install, is) {
			continue
		}
		if p == nil {
			p = new(place)
			r.places = slices.Insert(r.places, at, p)
		} else {
			changes = changes || !p.dismissed
		}
		*p = place{node: s.Node, install: is}
		n.sayPlace(now, r, p)
	}
	for _, p := range r.places {
		if r.plan.Spot(p.node) == nil && !p.dismissed {
			changes = true
			*p = place{node: p.node, install: frame.Install{Tree: r.branch.tree, Version: r.version}, dismissed: true}
			n.sayPlace(now, r, p)
		}
	}
	r.next = now
	if changes {
		n.Counts.Changes++
	}
}

// shaky reports whether a hop is too long to mend and loses so much that the
// voices are to come on a second way as well.
func (n *Node) shaky(from, to int, was bool) bool {
	l := n.m.Link(to, from)
	return l.RTT > shakyRTT && (l.Loss > shakyLoss || was && l.Loss > goodLoss) ||
		l.RTT > slowRTT && (l.Loss > 2*shakyLoss || was && l.Loss > goodLoss)
}

// When that is, and when not any more: on hops that are mended, what is lost in
// bursts comes too late as well.
const (
	shakyRTT  = 80 // milliseconds
	slowRTT   = 40
	shakyLoss = 0.005
	goodLoss  = 0.002
)

// same reports whether two say the same, versions aside.
func same(a, b frame.Install) bool {
	return a.Generation == b.Generation && a.Listener == b.Listener && a.Both == b.Both &&
		a.Parent == b.Parent && a.Backup == b.Backup && a.Fence == b.Fence && slices.Equal(a.Voices, b.Voices)
}

// sayPlace tells a node its place until it has answered; over is true when
// there is nothing more to say to it.
func (n *Node) sayPlace(now time.Duration, r *root, p *place) (over bool) {
	switch {
	case p.tries == 0:
	case p.dismissed && (p.acked || p.tries >= tryMax):
		return true
	case p.acked:
		if now-p.said < sayAgain {
			return false
		}
	case now-p.said < tryAgain*time.Duration(min(p.tries, 10)):
		return false
	}
	p.said = now
	p.tries++
	if p.dismissed {
		n.say(now, p.node, frame.Dismiss{Tree: r.branch.tree, Version: p.install.Version})
	} else {
		n.say(now, p.node, p.install)
	}
	return false
}

// acknowledged notes that a node knows its place.
func (n *Node) acknowledged(from int, i frame.Installed) {
	b := n.branches[i.Tree]
	if b == nil || b.root == nil {
		return
	}
	if p, _ := b.root.place(from); p != nil && p.install.Version == i.Version {
		p.acked = true
	}
}

// troubled takes in that a node's parent is gone. By the word of one child it
// is the link that is down, by that of two, or by our own, the node.
func (n *Node) troubled(now time.Duration, from int, t frame.Trouble) {
	b := n.branches[t.Tree]
	if b == nil || b.root == nil || b.root.closing {
		return
	}
	r := b.root
	lost, ok := n.m.Find(t.Lost)
	s := r.plan.Spot(from)
	if s == nil || !ok || s.Parent != lost {
		if p, _ := r.place(from); p != nil && p.acked && !p.dismissed {
			p.acked, p.tries, p.said = false, 1, 0 // it does not know yet
		}
		return
	}
	link := n.m.Link(from, lost)
	link.Down = true
	n.m.Set(from, lost, link)
	before, suspected := r.suspects[lost]
	r.suspects[lost] = suspicion{from, now}
	dead := lost != 0 && (suspected && before.by != from && now-before.at < holds || n.hops[lost].Down(now))
	switch {
	case dead:
		if d := n.hops[lost]; !d.Down(now) {
			n.lostAll(lost)
		}
		r.plan.Lose(lost)
	case s.Backup != topology.None:
		r.plan.Move(from)
	default:
		listener := s.Listener
		if r.plan.Lose(from); listener {
			r.plan.Attach(from)
		}
	}
	for _, l := range r.listeners {
		if s := r.plan.Spot(l.node); s == nil || !s.Listener {
			r.plan.Attach(l.node)
		}
	}
	r.changed = now
	n.install(now, r)
}

// lostAll takes all links to a node for down until somebody measures them.
func (n *Node) lostAll(node int) {
	for other := range n.m.Len() {
		if other == node {
			continue
		}
		if l := n.m.Link(other, node); l.RTT > 0 {
			l.Down = true
			n.m.Set(other, node, l)
		}
	}
}

// A want is that we want the voices of a room that come in at a node.
type want struct {
	room    id.Room
	ingress int
}

type wanting struct {
	want
	tries  int
	tree   *branch // our place, once we have one
	next   time.Duration
	enough bool
}

// Listen says that people here listen to a room whose voices come in at
// ingress, another node.
func (n *Node) Listen(now time.Duration, room id.Room, ingress id.Node) {
	number, ok := n.m.Find(ingress)
	key := want{room, number}
	if !ok || number == 0 || n.wants[key] != nil {
		return
	}
	w := &wanting{want: key}
	n.wants[key], n.wantList = w, append(n.wantList, w)
	n.sayWant(now, w)
}

// Enough takes that back.
func (n *Node) Enough(now time.Duration, room id.Room, ingress id.Node) {
	number, ok := n.m.Find(ingress)
	if key := (want{room, number}); ok && n.wants[key] != nil {
		n.wants[key].enough = true
		delete(n.wants, key)
		n.say(now, number, frame.Want{Room: room, Enough: true})
	}
}

func (n *Node) sayWant(now time.Duration, w *wanting) {
	w.next = now + sayAgain
	if w.tries < tryMax && (w.tree == nil || w.tree.gone) {
		w.next = now + 2*tryAgain
	}
	w.tries++
	n.say(now, w.ingress, frame.Want{Room: w.room})
}
