package sim

import (
	"cmp"
	"encoding/binary"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/frame"
	"github.com/stoa-audio/stoa/internal/overlay/topology"
	"github.com/stoa-audio/stoa/internal/region"
)

// How a room speaks.
const (
	frameEvery = 20 * time.Millisecond
	packetSize = 120 // bytes
)

// A room is one speaker, and the nodes whose people listen.
type room struct {
	w         *world
	number    int
	name      id.Room
	ingress   int
	standby   int // where the speaker goes when the ingress is gone
	listeners []int
	fence     region.Fence
	both      bool

	emitted []time.Duration // by number
	spoken  []bool          // whether the packet reached a node
	heard   [][]time.Duration
	packet  [packetSize]byte

	countFrom, countTo         time.Duration
	copies, crossings, counted uint64
}

func (w *world) open(ingress, standby int, listeners []int, fence region.Fence, both bool, from, until time.Duration) *room {
	r := &room{w: w, number: len(w.rooms), ingress: ingress, standby: standby, listeners: listeners, fence: fence, both: both}
	binary.BigEndian.PutUint64(r.name[:], uint64(r.number)+1) //nolint:gosec // a number of a room
	r.heard = make([][]time.Duration, len(w.nodes))
	for _, l := range listeners {
		r.heard[l] = make([]time.Duration, (until-from)/frameEvery+1)
	}
	w.rooms = append(w.rooms, r)
	w.at(from-time.Second, func() {
		r.openAt(ingress)
		r.openAt(standby)
		for _, l := range listeners {
			w.at(w.now+time.Duration(w.rnd.Int64N(int64(200*time.Millisecond))), func() { r.listen(l) })
		}
	})
	for at := from; at < until; at += frameEvery {
		w.at(at, r.speak)
	}
	return r
}

func (r *room) openAt(ingress int) {
	if n := r.w.nodes[ingress]; n.alive {
		n.core.Open(r.w.now, r.name, r.fence, r.both, []frame.Voice{{Stream: 0, Who: id.Person{1}}})
	}
}

// refence narrows the room's fence: at once where its voices come in, and at
// the others as soon as those have been told.
func (r *room) refence(fence region.Fence) {
	r.fence = fence
	for _, n := range r.w.nodes {
		if !n.alive {
			continue
		}
		told := r.w.now
		if n.number != r.ingress && n.number != r.standby {
			told += r.w.oneWay(r.ingress, n.number)
		}
		lives := n.lives
		r.w.at(told, func() {
			if n.alive && n.lives == lives {
				n.core.Refence(r.w.now, r.name, fence)
			}
		})
	}
}

// listen makes a node want the voices, from where they come in and from where
// they would come in else.
func (r *room) listen(l int) {
	n := r.w.nodes[l]
	if !n.alive {
		return
	}
	for _, from := range []int{r.ingress, r.standby} {
		if from != l {
			n.core.Listen(r.w.now, r.name, r.w.nodes[from].self.ID)
		}
	}
}

// speak sends the next packet.
func (r *room) speak() {
	number := len(r.emitted)
	r.emitted = append(r.emitted, r.w.now)
	n := r.w.nodes[r.ingress]
	r.spoken = append(r.spoken, n.alive)
	if !n.alive {
		return
	}
	if r.counts(r.w.now) {
		r.counted++
	}
	if own := r.heard[r.ingress]; own != nil {
		own[number] = r.w.now // the speaker's own node has listeners, too
	}
	binary.BigEndian.PutUint32(r.packet[:], uint32(r.number)) //nolint:gosec // a number of a room
	binary.BigEndian.PutUint32(r.packet[4:], uint32(number))  //nolint:gosec // a number of a packet
	n.core.Speak(r.w.now, r.name, 0, r.packet[:])
	r.w.later(n)
}

func (r *room) counts(now time.Duration) bool { return now >= r.countFrom && now < r.countTo }

// tree returns the tree of the room as its owner has it.
func (r *room) tree() *topology.Tree { return r.w.nodes[r.ingress].core.Tree(r.name) }

// relay returns the node that passes the voices on to most others, and at
// which no voices of another room come in: to lose those is another scenario.
func (r *room) relay() int {
	children := map[int]int{}
	t := r.tree()
	for _, s := range t.Spots()[1:] {
		children[s.Parent]++
	}
	here := r.w.nodes[r.ingress].here
	for _, other := range r.w.rooms {
		children[here[other.ingress]] = -1
	}
	best := slices.MaxFunc(t.Spots()[1:], func(a, b topology.Spot) int {
		return cmp.Or(cmp.Compare(children[a.Node], children[b.Node]), cmp.Compare(b.Node, a.Node))
	})
	return r.w.nodes[r.ingress].there[best.Node]
}

// patience is how much later than the quickest a packet may come and still be
// played: what a browser's buffer makes up for.
const patience = 100 * time.Millisecond

// worstGap is how long a listener heard nothing new, where something was
// missing: from the last packet that came in time to the next, less the 20 ms
// that always lie between. Packets that were later than what the listener's
// buffer had grown used to count as missing; once, then it has grown.
func (r *room) worstGap(listener int, from time.Duration) time.Duration {
	heard := r.heard[listener]
	var worst, last, allowed time.Duration
	missing := false
	var quickest []time.Duration // of the last two seconds
	for i, emitted := range r.emitted {
		if emitted < from {
			continue
		}
		at := heard[i]
		if at == 0 {
			missing = true
			continue
		}
		took := at - emitted
		if allowed == 0 {
			allowed, last = took+patience, at
		}
		quickest = append(quickest, took)
		if len(quickest) > 100 {
			quickest = quickest[1:]
		}
		if took > allowed {
			missing = true
			allowed = took
		} else if least := slices.Min(quickest) + patience; least < allowed {
			allowed = least
		}
		if at <= last {
			continue // it was waited for
		}
		if missing {
			worst = max(worst, at-last-frameEvery)
		}
		last, missing = at, false
	}
	return worst
}

// cutOff reports whether a listener that is there heard nothing at the end.
func (r *room) cutOff(listener int) bool {
	if !r.w.nodes[listener].alive {
		return false
	}
	for i := len(r.emitted) - 1; i >= 0 && r.emitted[i] > r.w.now-2*time.Second; i-- {
		if r.heard[listener][i] != 0 {
			return false
		}
	}
	return true
}

// delay is how long packets took to a listener on average, in milliseconds.
func (r *room) delay(listener int, from, to time.Duration) (ms float64, ok bool) {
	var sum time.Duration
	n := 0
	for i, emitted := range r.emitted {
		if at := r.heard[listener][i]; at != 0 && emitted >= from && emitted < to {
			sum += at - emitted
			n++
		}
	}
	if n == 0 {
		return 0, false
	}
	return float64(sum) / float64(n) / float64(time.Millisecond), true
}
