package sim

import (
	"encoding/binary"
	"hash"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/frame"
	"github.com/stoa-audio/stoa/internal/overlay/hop"
	"github.com/stoa-audio/stoa/internal/overlay/relay"
	"github.com/stoa-audio/stoa/internal/overlay/topology"
	"github.com/stoa-audio/stoa/internal/region"
)

// A world is nodes, the network between them, and the time in it.
type world struct {
	queue queue
	now   time.Duration
	rnd   *rand.Rand
	earth *Earth
	nodes []*node
	rooms []*room
	loss  func(from, to int) bool // whether a datagram is lost
	cut   func(from, to int) bool // whether nothing passes
	free  [2][][]byte

	forbidden func(from, to int, datagram []byte) bool // whether it must not have been sent
	outside   uint64
	sent      uint64
	trace     hash.Hash64
	traced    [20]byte
}

// A node is one simulated node: the same core as in the program, and where it
// stands.
type node struct {
	w      *world
	number int
	city   int
	self   topology.Node
	fence  region.Fence
	core   *relay.Node
	there  []int // by the core's numbers: ours
	here   []int // by our numbers: the core's, -1 when it does not know them
	alive  bool
	lives  int
}

func newWorld(earth *Earth, cities []int, places func(city int) (region.Place, region.Fence), rnd *rand.Rand) *world {
	w := &world{rnd: rnd, earth: earth, trace: fnv.New64a()}
	w.loss = func(int, int) bool { return false }
	w.cut = w.loss
	w.forbidden = func(int, int, []byte) bool { return false }
	for i, city := range cities {
		c := earth.Cities[city]
		place, fence := places(city)
		var name id.Node
		binary.BigEndian.PutUint32(name[:], uint32(i)+1) //nolint:gosec // a number of a node
		w.nodes = append(w.nodes, &node{w: w, number: i, city: city, fence: fence, self: topology.Node{
			ID: name, Place: place, Continent: c.Continent, Latitude: c.Latitude, Longitude: c.Longitude,
		}})
	}
	for _, n := range w.nodes {
		w.start(n)
	}
	for _, n := range w.nodes {
		for _, other := range w.nodes {
			w.introduce(n, other)
		}
	}
	return w
}

// start begins a node's life.
func (w *world) start(n *node) {
	n.core = relay.New(w.now, n.self, n.fence, rand.New(rand.NewPCG(w.rnd.Uint64(), 1)), n)
	n.there, n.here = []int{n.number}, make([]int, len(w.nodes))
	for i := range n.here {
		n.here[i] = -1
	}
	n.here[n.number] = 0
	n.alive = true
	n.lives++
	w.queue.push(event{at: w.now + time.Duration(w.rnd.Int64N(int64(hop.Tick))), kind: tick, to: int32(n.number), counter: uint64(n.lives)}) //nolint:gosec // a number of a node
}

// introduce lets a node know another, if each may speak to the other: else
// neither has a certificate that the other trusts.
func (w *world) introduce(n, other *node) {
	if n == other || !n.alive || !n.fence.Allows(other.self.Place) || !other.fence.Allows(n.self.Place) {
		return
	}
	number, _ := n.core.Know(w.now, other.self)
	if number == len(n.there) {
		n.there = append(n.there, other.number)
	}
	n.here[other.number] = number
}

// kill ends a node's life without a word.
func (w *world) kill(n *node) { n.alive = false }

// revive starts it again, with new keys on all its links.
func (w *world) revive(n *node) {
	if n.alive {
		return
	}
	w.start(n)
	for _, other := range w.nodes {
		w.introduce(n, other)
		if other.alive && other != n && other.here[n.number] > 0 {
			other.core.Renew(w.now, other.here[n.number])
		}
	}
}

// at does something at a time.
func (w *world) at(t time.Duration, do func()) { w.queue.push(event{at: t, kind: deed, do: do}) }

// oneWay is how long a datagram takes: half the round trip, and what queues
// make of it.
func (w *world) oneWay(from, to int) time.Duration {
	rtt := w.earth.RTT[w.nodes[from].city][w.nodes[to].city]
	queued := 0.1 + 0.01*rtt
	return time.Duration((rtt/2 + queued*w.rnd.Float64()*w.rnd.Float64()) * float64(time.Millisecond))
}

// Carry sends a datagram; it is called by the core.
func (n *node) Carry(neighbour int, counter uint64, datagram []byte) {
	w := n.w
	to := n.there[neighbour]
	w.sent++
	if w.forbidden(n.number, to, datagram) {
		w.outside++
	}
	w.count(n, w.nodes[to], datagram)
	if !w.nodes[to].alive || w.cut(n.number, to) || w.loss(n.number, to) {
		return
	}
	w.queue.push(event{
		at: w.now + w.oneWay(n.number, to), kind: arrival, counter: counter,
		to: int32(to), from: int32(n.number), data: w.hold(datagram), //nolint:gosec // numbers of nodes
	})
}

// count counts copies of voices.
func (w *world) count(from, to *node, datagram []byte) {
	_, records, _ := frame.ParsePromise(datagram)
	for {
		kind, body, rest, ok := frame.Next(records)
		if !ok {
			return
		}
		if a, err := frame.ParseAudio(body); kind == frame.KindAudio && err == nil {
			r := w.rooms[binary.BigEndian.Uint32(a.Packet)]
			if r.counts(w.now) {
				r.copies++
				if from.self.Continent != to.self.Continent {
					r.crossings++
				}
			}
		}
		records = rest
	}
}

// hold copies a datagram that is on its way, drop gives the copy back.
func (w *world) hold(datagram []byte) []byte {
	size := 0
	if len(datagram) > smallMax {
		size = 1
	}
	var b []byte
	if free := w.free[size]; len(free) > 0 {
		b = free[len(free)-1]
		w.free[size] = free[:len(free)-1]
	} else {
		b = make([]byte, [...]int{smallMax, frame.DatagramMax}[size])
	}
	return b[:copy(b[:cap(b)], datagram)]
}

const smallMax = 192 // bytes: most datagrams are beats

func (w *world) drop(b []byte) {
	size := 0
	if cap(b) > smallMax {
		size = 1
	}
	w.free[size] = append(w.free[size], b)
}

// Deliver takes what a node's own people hear; it is called by the core.
func (n *node) Deliver(now time.Duration, name id.Room, _ id.Node, _ id.Person, packet []byte) {
	r := n.w.rooms[binary.BigEndian.Uint32(packet)]
	if r.name != name {
		return
	}
	number := binary.BigEndian.Uint32(packet[4:])
	if at := &r.heard[n.number]; int(number) < len(*at) && (*at)[number] == 0 {
		(*at)[number] = now
	}
	t := n.w.traced[:]
	binary.BigEndian.PutUint32(t, uint32(n.number)) //nolint:gosec // a number of a node
	copy(t[4:], packet[:8])
	binary.BigEndian.PutUint64(t[12:], uint64(now)) //nolint:gosec // since the start
	_, _ = n.w.trace.Write(t)
}

// run lets the time go on until it stops.
func (w *world) run(until time.Duration) {
	for len(w.queue.heap) > 0 && w.queue.heap[0].at <= until {
		e := w.queue.pop()
		w.now = e.at
		switch e.kind {
		case arrival:
			if n := w.nodes[e.to]; n.alive {
				if from := n.here[e.from]; from > 0 {
					n.core.Hear(w.now, from, e.counter, e.data)
					w.later(n)
				}
			}
			w.drop(e.data)
		case tick:
			n := w.nodes[e.to]
			if !n.alive || uint64(n.lives) != e.counter { //nolint:gosec // counts
				continue
			}
			n.core.Tick(w.now)
			w.later(n)
			w.queue.push(event{at: w.now + hop.Tick, kind: tick, to: e.to, counter: e.counter})
		case settling:
			if n := w.nodes[e.to]; n.alive {
				n.core.Settle(w.now)
			}
		case deed:
			e.do()
		}
	}
	w.now = until
}

// later sees to it that what waits in a node is sent in time.
func (w *world) later(n *node) {
	if due, waits := n.core.Due(); waits {
		w.queue.push(event{at: due, kind: settling, to: int32(n.number)}) //nolint:gosec // a number of a node
	}
}
