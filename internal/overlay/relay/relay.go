// Package relay is what a node does in the network: it passes voices on along
// trees, owns the trees of those rooms whose voices come in here, keeps its
// place in the trees of others and mends it by itself when a neighbour is
// gone. It has no socket, no clock and no chance of its own: what comes, the
// time and random numbers are given, and what is to be sent goes to an Out.
//
// A room's voices come in at one or more nodes, each of which owns a tree of
// its own for them. The owner installs each node's place there: whom to join
// (the parent), and whom else when that one is silent (the backup). A node
// joins its parent under a label, and passes on to those who have joined it.
// All of this is said again and again and forgotten when it is not, so that no
// message that is lost is missed for long, and nothing stays behind.
package relay

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/frame"
	"github.com/stoa-audio/stoa/internal/overlay/hop"
	"github.com/stoa-audio/stoa/internal/overlay/topology"
	"github.com/stoa-audio/stoa/internal/region"
)

// How a node keeps time.
const (
	sayAgain  = 2 * time.Second        // what holds is said so often
	holds     = 7 * time.Second        // and holds so long
	tryAgain  = 100 * time.Millisecond // what was not answered is said so often
	tryMax    = 30                     // and so many times
	lingers   = time.Second            // who is dismissed goes on so long for those behind
	remembers = time.Minute            // a fence that we were told
	overlap   = 200 * time.Millisecond // an old way stays so long beside a new one
	probeOver = time.Second            // in which each node is probed once
	shareAll  = time.Minute            // in which everything that is known of links is said once
	freshFor  = 900 * time.Millisecond // what was measured then needs no probe
	settle    = 500 * time.Millisecond // after the last listener came or went, a tree is planned anew
	tendEvery = 50 * time.Millisecond  // what waits for nothing is looked at so often
	judgeOver = 10 * time.Second       // in which it is looked once at each node whether it can stand where it says
	judgeMax  = 0.2                    // nodes at which is looked in a tick, where there are many
	lookAgain = 2 * time.Second        // trees are compared with better ones so often
)

// Bounds.
const (
	branchesMax = 1 << 20
	childrenMax = 3 * topology.DegreeMax
	earlyMax    = 1024 // Joins that wait for an Install
	ttl         = 12   // hops
)

// An Out takes what a node sends and what it hears for its own people.
type Out interface {
	hop.Carrier
	// Deliver hands over a packet of who, whose voice comes in at the node
	// owner. It is valid until Deliver returns.
	Deliver(now time.Duration, room id.Room, owner id.Node, who id.Person, packet []byte)
}

// A Node is safe for one goroutine.
type Node struct {
	fence region.Fence
	m     *topology.Map
	out   Out
	rnd   *rand.Rand
	hops  []*hop.Hop // by the numbers of the map; nothing for the node itself
	uses  []time.Duration
	inUse []int // hops, by number
	woken []int // hops in which something may wait

	probe   int // whom to probe next
	probing float64
	judge   int // at whom to look next
	judging float64
	shown   []topology.Link // of our links, as others know them
	shared  time.Duration
	newbies []int // who does not know our links yet
	leaving bool

	roots    map[id.Room]*root
	branches map[frame.Tree]*branch
	labels   map[uint32]*branch
	wants    map[want]*wanting
	early    []early
	fences   map[id.Room]told // that we have been told of late
	planned  time.Duration

	// The same, in the order in which they are gone through.
	rootList   []*root
	branchList []*branch
	wantList   []*wanting
	bad        []bool // hops whose neighbour is suspect, at this tick
	Counts     Counts
}

// Counts is what happened at a node since it started, hops aside.
type Counts struct {
	Passed    uint64 // copies of voices given to a neighbour
	Delivered uint64
	Copied    uint64 // that came a second time
	Stranger  uint64 // voices under no label of ours, or from somebody else
	Outside   uint64 // that were kept back from a neighbour outside the fence
	Refenced  uint64 // kept back since the fence has changed, and how is not known yet
	Tired     uint64 // that have gone over too many nodes
	Braked    uint64
	Malformed uint64
	Grafts    uint64 // parents lost and replaced by the backup
	Changes   uint64 // of trees that we own, after their first
	Doubts    uint64 // times that a node turned out not to stand where it says
}

// New returns a node that speaks to nodes inside fence only. Random numbers
// come from rnd, which nobody must be able to guess.
func New(now time.Duration, self topology.Node, fence region.Fence, rnd *rand.Rand, out Out) *Node {
	return &Node{
		fence: fence, m: topology.NewMap(self), out: out, rnd: rnd,
		hops: []*hop.Hop{nil}, uses: []time.Duration{0}, shown: []topology.Link{{}}, shared: now,
		roots: make(map[id.Room]*root), branches: make(map[frame.Tree]*branch), labels: make(map[uint32]*branch),
		wants: make(map[want]*wanting), fences: make(map[id.Room]told), bad: []bool{false},
	}
}

// Map returns what the node knows of the network; it is not to be changed.
func (n *Node) Map() *topology.Map { return n.m }

// Hop returns the hop to the node of a number.
func (n *Node) Hop(number int) *hop.Hop { return n.hops[number] }

// Know takes a node in that this one may speak to, and returns its number;
// not ok outside the fence.
func (n *Node) Know(now time.Duration, other topology.Node) (number int, ok bool) {
	if !n.fence.Allows(other.Place) {
		return 0, false
	}
	number = n.m.Know(other)
	if number == len(n.hops) {
		h := new(hop.Hop)
		h.Start(now, number, n.out)
		if n.leaving {
			h.Leave()
		}
		n.hops = append(n.hops, h)
		n.uses = append(n.uses, 0)
		n.shown = append(n.shown, topology.Link{})
		n.bad = append(n.bad, false)
		n.newbies = append(n.newbies, number)
	}
	return number, true
}

// Renew begins the link to a node anew: it has new keys, and numbers begin
// again.
func (n *Node) Renew(now time.Duration, number int) {
	n.hops[number].Start(now, number, n.out)
	if n.leaving {
		n.hops[number].Leave()
	}
	n.shown[number] = topology.Link{}
	if !slices.Contains(n.newbies, number) {
		n.newbies = append(n.newbies, number)
	}
}

// Hear takes in an authentic datagram of a neighbour.
func (n *Node) Hear(now time.Duration, neighbour int, counter uint64, datagram []byte) {
	n.hops[neighbour].Hear(now, counter, datagram, n)
	n.Settle(now)
}

// Settle sends what waits, where it does not pay to wait longer.
func (n *Node) Settle(now time.Duration) {
	kept := n.woken[:0]
	for _, number := range n.woken {
		h := n.hops[number]
		h.Settle(now)
		if _, waits := h.Due(); waits {
			kept = append(kept, number)
		}
	}
	n.woken = kept
}

// Due returns when Settle is to be called, not ok when nothing waits.
func (n *Node) Due() (at time.Duration, ok bool) {
	at = math.MaxInt64
	for _, number := range n.woken {
		if due, waits := n.hops[number].Due(); waits {
			at, ok = min(at, due), true
		}
	}
	return at, ok
}

// Tick does what is due; it is to be called every hop.Tick.
func (n *Node) Tick(now time.Duration) {
	n.inUse = slices.DeleteFunc(n.inUse, func(number int) bool { return n.uses[number] <= now && !n.hops[number].InUse() })
	for _, number := range n.inUse {
		h := n.hops[number]
		h.Use(now, n.uses[number] > now)
		h.Tick(now)
		n.bad[number] = h.Suspect(now)
	}
	n.probeSome(now)
	for i := 0; i < len(n.branchList); i++ {
		b := n.branchList[i]
		if now >= b.next || b.parent != topology.None && n.bad[b.parent] {
			b.next = now + tendEvery
			n.tend(now, b)
		}
		if b.gone {
			n.branchList = swapOut(n.branchList, i)
			i--
		}
	}
	for i := 0; i < len(n.wantList); i++ {
		if w := n.wantList[i]; w.enough {
			n.wantList = swapOut(n.wantList, i)
			i--
		} else if now >= w.next {
			n.sayWant(now, w)
		}
	}
	for i := 0; i < len(n.rootList); i++ {
		if r := n.rootList[i]; r.closed {
			n.rootList = swapOut(n.rootList, i)
			i--
		} else if now >= r.next {
			r.next = now + tendEvery
			n.own(now, r)
		}
	}
	n.early = slices.DeleteFunc(n.early, func(e early) bool { return now > e.until })
	maps.DeleteFunc(n.fences, func(_ id.Room, f told) bool { return now > f.until })
	n.share(now)
	n.judgeSome(now)
	n.Settle(now)
}

// swapOut takes one out of a list, whose last takes its place.
func swapOut[T any](list []T, i int) []T {
	last := len(list) - 1
	var none T
	list[i], list[last] = list[last], none
	return list[:last]
}

// use keeps the link to a node alive for a while.
func (n *Node) use(now time.Duration, number int) {
	if n.uses[number] = now + holds; !n.hops[number].InUse() {
		n.hops[number].Use(now, true)
		if at, found := slices.BinarySearch(n.inUse, number); !found {
			n.inUse = slices.Insert(n.inUse, at, number)
		}
	}
}

// Keep keeps the link to a node in use for now, so that it is soon known when
// the node is gone.
func (n *Node) Keep(now time.Duration, number int) { n.use(now, number) }

// probeSome asks some nodes for a sign of life, each once a second.
func (n *Node) probeSome(now time.Duration) {
	n.probing += float64(len(n.hops)-1) * float64(hop.Tick) / float64(probeOver)
	for ; n.probing >= 1; n.probing-- {
		if n.probe++; n.probe >= len(n.hops) {
			n.probe = 1
		}
		if h := n.hops[n.probe]; !h.InUse() && !h.Measured(now, freshFor) {
			h.Probe(now)
		}
	}
}

// judgeSome looks at some nodes, this one among them, whether they can stand
// where they say.
func (n *Node) judgeSome(now time.Duration) {
	n.judging += min(float64(n.m.Len())*float64(hop.Tick)/float64(judgeOver), judgeMax)
	for ; n.judging >= 1; n.judging-- {
		if n.judge++; n.judge >= n.m.Len() {
			n.judge = 0
		}
		if !n.m.Judge(n.judge) {
			continue
		}
		if n.m.Off(n.judge) > 0 {
			n.Counts.Doubts++
		}
		if n.judge != 0 {
			n.doubted(now, n.judge)
		}
	}
}

// doubted goes around a node that is not where it says, or takes it in again.
func (n *Node) doubted(now time.Duration, number int) {
	for _, b := range n.branchList {
		if b.owner != 0 && !b.gone {
			n.narrow(now, b, b.fence)
		}
	}
	for _, r := range n.rootList {
		if r.closing || r.closed {
			continue
		}
		r.branch.children = slices.DeleteFunc(r.branch.children, func(c child) bool { return !n.m.Allows(r.branch.fence, c.node) })
		if l, _ := r.listener(number); l != nil || r.plan.Spot(number) != nil {
			n.replan(now, r)
		}
	}
}

// say sends a record to a node.
func (n *Node) say(now time.Duration, number int, record interface{ Append([]byte) []byte }) {
	n.hops[number].Say(now, record)
}

// Record takes a record in; it is called by hops.
func (n *Node) Record(now time.Duration, from int, kind frame.Kind, body []byte) {
	var err error
	switch kind {
	case frame.KindAudio:
		var a frame.Audio
		if a, err = frame.ParseAudio(body); err == nil {
			n.heardVoice(now, from, a)
		}
	case frame.KindWant:
		var w frame.Want
		if w, err = frame.ParseWant(body); err == nil {
			n.wanted(now, from, w)
		}
	case frame.KindInstall:
		var i frame.Install
		if i, err = frame.ParseInstall(body); err == nil {
			n.installed(now, from, i)
		}
	case frame.KindInstalled:
		var i frame.Installed
		if i, err = frame.ParseInstalled(body); err == nil {
			n.acknowledged(from, i)
		}
	case frame.KindDismiss:
		var d frame.Dismiss
		if d, err = frame.ParseDismiss(body); err == nil {
			n.dismissed(now, from, d)
		}
	case frame.KindJoin:
		var j frame.Join
		if j, err = frame.ParseJoin(body); err == nil {
			n.joined(now, from, j)
		}
	case frame.KindJoined:
		var j frame.Joined
		if j, err = frame.ParseJoined(body); err == nil {
			n.answered(now, from, j)
		}
	case frame.KindPrune:
		var p frame.Prune
		if p, err = frame.ParsePrune(body); err == nil {
			n.pruned(from, p)
		}
	case frame.KindTrouble:
		var t frame.Trouble
		if t, err = frame.ParseTrouble(body); err == nil {
			n.troubled(now, from, t)
		}
	case frame.KindLinks:
		err = frame.ParseLinks(body, func(l frame.Link) { n.linkTold(from, l) })
	case frame.KindBeat, frame.KindNack, frame.KindAgain:
		// The hop's own.
	default:
		// A later version's.
	}
	if err != nil {
		n.Counts.Malformed++
	}
}

// What of a link is news to others.
const (
	newsShare  = 0.1
	newsMS     = 5.0
	newsLoss   = 0.02
	newsUsed   = 0.004 // loss of a link in use
	newsJitter = 5.0
	unsaid     = -1 // as the loss of a link that was told: it is news, whatever it is
)

// measured is a link as it is now.
func (n *Node) measured(now time.Duration, number int) topology.Link {
	h := n.hops[number]
	return topology.Link{RTT: float32(h.RTT()), Loss: float32(h.Loss()), Jitter: float32(h.Jitter()), Down: h.Down(now)}
}

func isNews(told, is topology.Link, used bool) bool {
	loss := newsLoss
	if used {
		loss = newsUsed
	}
	moved := math.Abs(float64(told.RTT - is.RTT))
	return told.Down != is.Down || is.RTT > 0 && (told.RTT == 0 || moved > newsMS && moved > newsShare*float64(told.RTT)) ||
		math.Abs(float64(told.Loss-is.Loss)) > loss || math.Abs(float64(told.Jitter-is.Jitter)) > newsJitter
}

// share takes what is measured into the map, and tells others what is news:
// once a second, and at once when a link that is in use goes down.
func (n *Node) share(now time.Duration) {
	urgent := false
	for _, number := range n.inUse {
		if n.hops[number].Down(now) != n.m.Link(0, number).Down {
			n.m.Set(0, number, n.measured(now, number))
			urgent = urgent || n.shown[number].RTT != 0
		}
		if departing := n.hops[number].Departing(); departing != n.m.Node(number).Leaving {
			n.departs(now, number, departing)
		}
	}
	if !urgent && now-n.shared < time.Second {
		return
	}
	full := now/shareAll != n.shared/shareAll
	n.shared = now
	var news, all frame.Links
	for number := 1; number < len(n.hops); number++ {
		is := n.measured(now, number)
		if departing := n.hops[number].Departing(); departing != n.m.Node(number).Leaving {
			n.departs(now, number, departing)
		}
		n.m.Set(0, number, is)
		l := frame.Link{To: n.m.Node(number).ID, RTT: uint16(max(min(is.RTT*10+0.5, 65535), 1)), Loss: uint8(min(is.Loss*1000, 255)), Jitter: uint8(min(is.Jitter, 255))}
		if is.Down {
			l.RTT = 0
		}
		if is.RTT == 0 {
			continue
		}
		if full || len(n.newbies) > 0 {
			all = append(all, l)
		}
		if isNews(n.shown[number], is, n.hops[number].InUse()) {
			n.shown[number] = is
			news = append(news, l)
		}
	}
	isNew := make(map[int]bool, len(n.newbies))
	for _, number := range n.newbies {
		isNew[number] = true
	}
	n.newbies = n.newbies[:0]
	for number := 1; number < len(n.hops); number++ {
		list := news
		if full || isNew[number] {
			list = all
		}
		if n.hops[number].Down(now) {
			if isNew[number] || len(list) > 0 {
				n.newbies = append(n.newbies, number) // when it is there again
			}
			continue
		}
		for ; len(list) > 0; list = list[min(len(list), frame.LinksMax):] {
			n.say(now, number, list[:min(len(list), frame.LinksMax)])
		}
	}
}

// linkTold takes in what another node measures.
func (n *Node) linkTold(from int, l frame.Link) {
	to, ok := n.m.Find(l.To)
	if !ok || to == from {
		return // outside our fence, or not known yet
	}
	n.m.Set(from, to, topology.Link{RTT: float32(l.RTT) / 10, Loss: float32(l.Loss) / 1000, Jitter: float32(l.Jitter), Down: l.RTT == 0})
}

// departs notes that a node is about to stop, or stays after all.
func (n *Node) departs(now time.Duration, number int, leaving bool) {
	other := n.m.Node(number)
	other.Leaving = leaving
	n.m.Know(other)
	if !leaving {
		return
	}
	for _, r := range n.rootList {
		if !r.closed && r.plan.Spot(number) != nil {
			n.replan(now, r)
		}
	}
}

// Leave says that this node is about to stop: others find ways around it.
func (n *Node) Leave(now time.Duration) {
	n.leaving = true
	for _, h := range n.hops[1:] {
		h.Leave()
		h.Probe(now)
	}
}
