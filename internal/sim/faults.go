package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/stoa-audio/stoa/internal/region"
)

// Faults is what came of a schedule of random faults.
type Faults struct {
	Outside   uint64 // datagrams that were where they must not be
	CutOff    int    // listeners that could be reached, and heard nothing at the end
	Heard     int    // packets that listeners inside heard
	Schedule  []string
	Digest    string
	Datagrams uint64
}

// Bounds of such a schedule.
const (
	faultNodes = 24
	faultTime  = 10 * time.Second
	faultsUp   = 6 * time.Second // then nothing more breaks, and what can heals
)

// RunFaults lets random things happen to nodes on three continents: they die
// and come back, links flap, loss, a continent is cut off, nodes are drained,
// the fence narrows. Two rooms run, one among nodes that speak to each other
// only, inside a fence; one in the same fence among nodes that speak to
// everybody. Of the first not one datagram may leave the fence, of the second
// none that has voices or says who gets them.
func RunFaults(seed uint64) Faults {
	rnd := rand.New(rand.NewPCG(seed, 3))
	earth, _ := NewEarth(nil, nil, rnd) // what is built in has no errors
	cities := rnd.Perm(len(earth.Cities))[:faultNodes]
	continents := map[string]int{"europe": 0, "asia": 1, "north-america": 2}
	places := func(city int) (region.Place, region.Fence) {
		c := continents[earth.Cities[city].Continent] // all others are with Europe
		p := region.Place{Region: [...]string{"a", "b", "c"}[c], Operator: [...]string{"x", "y"}[city%2]}
		if strict := region.In("a"); strict.Allows(p) {
			return p, strict
		}
		return p, region.Anywhere
	}
	w := newWorld(earth, cities, places, rnd)
	f := &faults{w: w, rnd: rnd, strict: region.In("a"), loose: region.In("b", "c"), inner: region.In("b")}
	f.open()
	f.watch()
	for range 4 + rnd.IntN(8) {
		f.plan(2*time.Second + time.Duration(rnd.Int64N(int64(faultsUp-2*time.Second))))
	}
	w.at(faultsUp, f.heal)
	w.run(faultTime)
	return f.sum()
}

type faults struct {
	w                    *world
	rnd                  *rand.Rand
	strict, loose, inner region.Fence
	narrowed             time.Duration
	schedule             []string
}

// open opens a room at a random node of each fence, with everybody inside as
// listeners.
func (f *faults) open() {
	for _, fence := range []region.Fence{f.strict, f.loose} {
		var inside []int
		for _, n := range f.w.nodes {
			if fence.Allows(n.self.Place) {
				inside = append(inside, n.number)
			}
		}
		if len(inside) < 3 {
			continue
		}
		f.rnd.Shuffle(len(inside), func(i, j int) { inside[i], inside[j] = inside[j], inside[i] })
		f.w.open(inside[0], inside[1], inside[1:], fence, f.rnd.IntN(4) == 0, 2*time.Second, faultTime)
	}
}

// watch says what must not be sent.
func (f *faults) watch() {
	w := f.w
	w.forbidden = func(from, to int, datagram []byte) bool {
		a, b := w.nodes[from].self.Place, w.nodes[to].self.Place
		if f.strict.Allows(a) != f.strict.Allows(b) {
			return true
		}
		if !f.loose.Allows(a) || !isOfRoom(datagram) {
			return false
		}
		return !f.loose.Allows(b) || f.narrowed > 0 && w.now > f.narrowed+time.Second && f.inner.Allows(a) && !f.inner.Allows(b)
	}
}

// plan lets something break at a time.
func (f *faults) plan(at time.Duration) {
	w := f.w
	n := w.nodes[f.rnd.IntN(len(w.nodes))]
	a, b := f.rnd.IntN(len(w.nodes)), f.rnd.IntN(len(w.nodes))
	share := 0.3 * f.rnd.Float64()
	for_ := time.Duration(f.rnd.Int64N(int64(3 * time.Second)))
	say := func(format string, args ...any) {
		f.schedule = append(f.schedule, fmt.Sprintf("%v: ", at)+fmt.Sprintf(format, args...))
	}
	switch f.rnd.IntN(7) {
	case 0, 1:
		say("node %d dies for %v", n.number, for_)
		w.at(at, func() { w.kill(n) })
		w.at(at+for_, func() { f.revive(n) })
	case 2:
		say("nothing passes between %d and %d", a, b)
		w.at(at, func() { f.cut(func(x, y int) bool { return x == a && y == b || x == b && y == a }) })
	case 3:
		say("%d is not heard by %d", a, b)
		w.at(at, func() { f.cut(func(x, y int) bool { return x == a && y == b }) })
	case 4:
		say("%.0f %% are lost", 100*share)
		bad := newBursts(w, func(int, int) float64 { return share })
		w.at(at, func() { w.loss = bad.lost })
	case 5:
		say("%s is cut off", n.self.Place.Region)
		w.at(at, func() {
			f.cut(func(x, y int) bool {
				return (w.nodes[x].self.Place.Region == n.self.Place.Region) != (w.nodes[y].self.Place.Region == n.self.Place.Region)
			})
		})
	case 6:
		if f.rnd.IntN(2) == 0 {
			say("node %d is drained", n.number)
			w.at(at, func() { n.core.Leave(w.now) })
			w.at(at+for_, func() { w.kill(n) })
			return
		}
		say("the fence narrows")
		w.at(at, f.narrow)
	}
}

// cut makes one more thing that does not pass.
func (f *faults) cut(more func(a, b int) bool) {
	before := f.w.cut
	f.w.cut = func(a, b int) bool { return before(a, b) || more(a, b) }
}

// revive starts a node again, and with it its listeners.
func (f *faults) revive(n *node) {
	if n.alive {
		return
	}
	f.w.revive(n)
	for _, r := range f.w.rooms {
		if r.ingress == n.number || r.standby == n.number {
			r.openAt(n.number)
		}
		if r.heard[n.number] != nil && r.fence.Allows(n.self.Place) {
			r.listen(n.number)
		}
	}
}

// narrow makes the fence of the second room smaller.
func (f *faults) narrow() {
	for _, r := range f.w.rooms {
		if r.fence != f.loose || f.narrowed > 0 {
			continue
		}
		f.narrowed = f.w.now
		r.refence(f.inner)
	}
}

func (f *faults) heal() {
	f.w.cut = func(int, int) bool { return false }
	f.w.loss = f.w.cut
	for _, n := range f.w.nodes {
		f.revive(n)
	}
}

func (f *faults) sum() Faults {
	w := f.w
	res := Faults{Outside: w.outside, Schedule: f.schedule, Datagrams: w.sent, Digest: fmt.Sprintf("%016x", w.trace.Sum64())}
	for _, r := range w.rooms {
		in := w.nodes[r.ingress]
		for _, l := range r.listeners {
			for _, at := range r.heard[l] {
				if at != 0 {
					res.Heard++
				}
			}
			n := w.nodes[l]
			if n.alive && in.alive && r.fence.Allows(in.self.Place) && r.fence.Allows(n.self.Place) && r.cutOff(l) {
				res.CutOff++
			}
		}
	}
	return res
}
