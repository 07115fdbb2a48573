// Package sim runs many nodes in one process, on a simulated network and
// clock: the very cores that the program runs, with nothing but sockets, keys
// and clocks in place of theirs. The same seed gives the same run, to the last
// packet.
package sim

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/stoa-audio/stoa/internal/overlay/frame"
	"github.com/stoa-audio/stoa/internal/region"
)

// Scenarios are what can happen.
var Scenarios = []string{"calm", "kill-relay", "kill-edge", "partition", "lossy", "fence", "flap", "drain"}

// Bounds of a run.
const (
	NodesMin = 4
	NodesMax = 1000
	RoomsMax = 20
	TimeMin  = 20 * time.Second
	TimeMax  = time.Hour
)

// A Config is what is simulated.
type Config struct {
	Nodes     int
	Listeners int // nodes with listeners in each room; 0: 40, or all there are
	Rooms     int
	Seed      uint64
	Scenario  string
	Time      time.Duration
	Both      bool // the stage's voices are taken on two ways
}

// ErrConfig means that this cannot be simulated; the text says why.
var ErrConfig = errors.New("cannot be simulated")

func (c *Config) check() error {
	switch {
	case c.Nodes < NodesMin || c.Nodes > NodesMax:
		return fmt.Errorf("%w: %d nodes; it takes %d to %d", ErrConfig, c.Nodes, NodesMin, NodesMax)
	case c.Listeners < 0 || c.Listeners >= c.Nodes:
		return fmt.Errorf("%w: %d nodes with listeners of %d; one at least is the speaker's alone", ErrConfig, c.Listeners, c.Nodes)
	case c.Rooms < 1 || c.Rooms > RoomsMax:
		return fmt.Errorf("%w: %d rooms; it takes 1 to %d", ErrConfig, c.Rooms, RoomsMax)
	case c.Time < TimeMin || c.Time > TimeMax:
		return fmt.Errorf("%w: %v; it takes %v to %v", ErrConfig, c.Time, TimeMin, TimeMax)
	case !slices.Contains(Scenarios, c.Scenario):
		return fmt.Errorf("%w: there is no scenario %q; there are %s", ErrConfig, c.Scenario, strings.Join(Scenarios, ", "))
	}
	return nil
}

// Spread is a mean and the value that 95 of 100 stay below.
type Spread struct {
	Mean float64 `json:"mean"`
	P95  float64 `json:"p95"`
}

// A Result is what came of it. Delays are from where a voice comes in to each
// node with listeners, in milliseconds, before anything happens; copies are
// for each packet, of all rooms on average. The star is each node served
// directly.
type Result struct {
	Nodes                      int     `json:"nodes"`
	Listeners                  int     `json:"listeners"`
	Rooms                      int     `json:"rooms"`
	Scenario                   string  `json:"scenario"`
	Seed                       uint64  `json:"seed"`
	WorstGapMS                 float64 `json:"worst_gap_ms"`
	NodesCutOff                int     `json:"nodes_cut_off"`
	DelayMS                    Spread  `json:"delay_ms"`
	StarDelayMS                Spread  `json:"star_delay_ms"`
	Copies                     float64 `json:"copies"`
	IntercontinentalCopies     float64 `json:"intercontinental_copies"`
	StarIntercontinentalCopies float64 `json:"star_intercontinental_copies"`
	PacketsOutsideFence        uint64  `json:"packets_outside_fence"`
	TreeChanges                uint64  `json:"tree_changes"`
	Packets                    uint64  `json:"packets"`
	Digest                     string  `json:"digest"`
	VirtualS                   float64 `json:"virtual_s"`
	WallS                      float64 `json:"wall_s"`
}

// When what happens.
const (
	opens   = 4 * time.Second  // rooms begin to speak
	counted = 10 * time.Second // from then on copies and delays count
	happens = 20 * time.Second // and what the scenario is about happens
)

// Run simulates. Wall time is the caller's to measure.
func Run(c Config, earth *Earth) (Result, error) {
	if err := c.check(); err != nil {
		return Result{}, err
	}
	if c.Listeners == 0 {
		c.Listeners = min(40, c.Nodes-1)
	}
	rnd := rand.New(rand.NewPCG(c.Seed, 2))
	cities := make([]int, c.Nodes)
	for i, at := range rnd.Perm(c.Nodes) {
		cities[i] = at % len(earth.Cities)
	}
	s := scene{c: c, until: c.Time, inside: region.Anywhere, meanwhile: happens}
	if c.Scenario == "fence" {
		s.fences(earth, cities)
	}
	w := newWorld(earth, cities, s.place(earth), rnd)
	s.w = w
	s.open(rnd)
	s.plan()
	w.run(c.Time)
	return s.result(), nil
}

// A scene is a run with its scenario.
type scene struct {
	c         Config
	w         *world
	until     time.Duration
	meanwhile time.Duration // until when delays and copies count
	fenced    string        // the region of nodes that speak to each other only
	second    string        // where the rooms may be, too, until their fence narrows
	inside    region.Fence  // of the rooms
	apart     string        // a continent that is cut off for a while
}

// fences chooses the region with the most nodes, and the next, as where the
// rooms may be.
func (s *scene) fences(earth *Earth, cities []int) {
	count := map[string]int{}
	var names []string
	for _, city := range cities {
		name := earth.Cities[city].Region
		if count[name]++; count[name] == 1 {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(count[b]-count[a], cmp.Compare(a, b)) })
	s.fenced, s.second = names[0], names[min(1, len(names)-1)]
	s.inside = region.In(s.fenced, s.second)
}

// place says where a node of a city is, and to whom it speaks: in a fence, the
// nodes inside to each other only.
func (s *scene) place(earth *Earth) func(city int) (region.Place, region.Fence) {
	return func(city int) (region.Place, region.Fence) {
		p := region.Place{Region: earth.Cities[city].Region, Operator: "o"}
		if s.c.Scenario == "fence" && s.inside.Allows(p) {
			return p, s.inside
		}
		return p, region.Anywhere
	}
}

// open opens rooms at random nodes, with random listeners.
func (s *scene) open(rnd *rand.Rand) {
	var legal []int
	for _, n := range s.w.nodes {
		if s.inside.Allows(n.self.Place) && (s.second == "" || n.self.Place.Region == s.fenced || len(legal) > 0) {
			legal = append(legal, n.number)
		}
	}
	for range s.c.Rooms {
		order := rnd.Perm(len(legal))
		if s.fenced != "" { // whoever speaks stays inside
			at := slices.IndexFunc(order, func(i int) bool { return s.w.nodes[legal[i]].self.Place.Region == s.fenced })
			order[0], order[at] = order[at], order[0]
		}
		ingress := legal[order[0]]
		var listeners []int
		for _, i := range order[1:min(s.c.Listeners+1, len(order))] {
			listeners = append(listeners, legal[i])
		}
		standby := s.nearest(ingress, legal)
		r := s.w.open(ingress, standby, listeners, s.inside, s.c.Both, opens, s.until)
		r.countFrom, r.countTo = counted, s.meanwhile
	}
}

// nearest returns the node closest to another.
func (s *scene) nearest(to int, legal []int) int {
	best := -1
	for _, i := range legal {
		d := s.w.earth.RTT[s.w.nodes[i].city][s.w.nodes[to].city]
		if i != to && (best < 0 || d < s.w.earth.RTT[s.w.nodes[best].city][s.w.nodes[to].city]) {
			best = i
		}
	}
	return best
}

// plan lets happen what the scenario is about.
func (s *scene) plan() {
	w, r := s.w, s.w.rooms[0]
	switch s.c.Scenario {
	case "calm":
	case "kill-relay":
		w.at(happens, func() { w.kill(w.nodes[r.relay()]) })
	case "kill-edge":
		w.at(happens, func() { s.killEdge(r) })
	case "partition":
		w.at(happens, func() {
			s.apart = s.farthest(r)
			w.cut = func(a, b int) bool { return s.isApart(a) != s.isApart(b) }
		})
		w.at(happens+8*time.Second, func() { w.cut = func(int, int) bool { return false } })
	case "lossy":
		burst := newBursts(w, func(a, b int) float64 {
			if w.nodes[a].self.Continent != w.nodes[b].self.Continent {
				return 0.02
			}
			return 0.003
		})
		w.at(opens, func() { w.loss = burst.lost })
	case "fence":
		s.fence(r)
	case "flap":
		s.flap(r)
	case "drain":
		var n *node
		w.at(happens, func() {
			n = w.nodes[r.relay()]
			n.core.Leave(w.now)
		})
		w.at(happens+10*time.Second, func() { w.kill(n) })
	}
}

// The speaker's side of losing an edge, as the client does it: three beats of
// 100 ms that do not come, and the way to a node to which it is connected
// already.
const (
	speakerNotices = 300 * time.Millisecond
	speakerMoves   = 50 * time.Millisecond
)

func (s *scene) killEdge(r *room) {
	s.w.kill(s.w.nodes[r.ingress])
	s.w.at(s.w.now+speakerNotices+speakerMoves, func() { r.ingress = r.standby })
}

// farthest returns the continent with the most listeners other than the
// speaker's.
func (s *scene) farthest(r *room) string {
	count := map[string]int{}
	best := ""
	for _, l := range r.listeners {
		c := s.w.nodes[l].self.Continent
		if count[c]++; c != s.w.nodes[r.ingress].self.Continent && (best == "" || count[c] > count[best] || count[c] == count[best] && c < best) {
			best = c
		}
	}
	return best
}

func (s *scene) isApart(n int) bool { return s.apart != "" && s.w.nodes[n].self.Continent == s.apart }

// fence narrows the rooms' fence while they run. No datagram may ever pass
// between inside and outside; and a second after the change none that is about
// the room may pass to where it was before.
func (s *scene) fence(*room) {
	w := s.w
	inner := region.In(s.fenced)
	narrowed := time.Duration(0)
	w.forbidden = func(from, to int, datagram []byte) bool {
		a, b := w.nodes[from].self.Place, w.nodes[to].self.Place
		if s.inside.Allows(a) != s.inside.Allows(b) {
			return true
		}
		return narrowed > 0 && w.now > narrowed+time.Second && inner.Allows(a) && !inner.Allows(b) && isOfRoom(datagram)
	}
	w.at(happens, func() {
		narrowed = w.now
		for _, r := range w.rooms {
			r.refence(inner)
			r.listeners = slices.DeleteFunc(r.listeners, func(l int) bool { return !inner.Allows(w.nodes[l].self.Place) })
		}
	})
	w.at(happens+5*time.Second, func() { w.kill(w.nodes[w.rooms[0].relay()]) })
}

// isOfRoom reports whether a datagram has voices, or says who is to get them.
func isOfRoom(datagram []byte) bool {
	_, records, _ := frame.ParsePromise(datagram)
	for {
		kind, _, rest, ok := frame.Next(records)
		if !ok {
			return false
		}
		switch kind {
		case frame.KindAudio, frame.KindInstall, frame.KindAgain, frame.KindTrouble:
			return true
		case frame.KindJoin, frame.KindJoined, frame.KindPrune, frame.KindBeat, frame.KindNack, frame.KindWant,
			frame.KindInstalled, frame.KindDismiss, frame.KindLinks:
			// Of links, or to say goodbye.
		}
		records = rest
	}
}

// flap lets the link between the busiest relay and its parent come and go.
func (s *scene) flap(r *room) {
	const half = 1500 * time.Millisecond
	a, b, down := -1, -1, false
	var turn func()
	turn = func() {
		if a < 0 {
			b = r.relay()
			n := s.w.nodes[r.ingress]
			a = n.there[r.tree().Spot(n.here[b]).Parent]
			s.w.cut = func(from, to int) bool { return down && (from == a && to == b || from == b && to == a) }
		}
		if down = !down && s.w.now < s.until-10*time.Second; down || s.w.now < s.until-10*time.Second {
			s.w.at(s.w.now+half, turn)
		}
	}
	s.w.at(happens, turn)
}

// result sums up.
func (s *scene) result() Result {
	w := s.w
	res := Result{
		Nodes: s.c.Nodes, Listeners: s.c.Listeners, Rooms: s.c.Rooms, Scenario: s.c.Scenario, Seed: s.c.Seed,
		PacketsOutsideFence: w.outside, Packets: w.sent, VirtualS: s.c.Time.Seconds(), Digest: fmt.Sprintf("%016x", w.trace.Sum64()),
	}
	var delays, stars []float64
	rooms := float64(len(w.rooms))
	for _, r := range w.rooms {
		if r.counted > 0 {
			res.Copies += float64(r.copies) / float64(r.counted) / rooms
			res.IntercontinentalCopies += float64(r.crossings) / float64(r.counted) / rooms
		}
		from := w.nodes[r.ingress]
		for _, l := range r.listeners {
			n := w.nodes[l]
			if r.cutOff(l) {
				res.NodesCutOff++
			}
			if n.alive && s.isApart(l) == s.isApart(r.ingress) {
				res.WorstGapMS = max(res.WorstGapMS, float64(r.worstGap(l, counted/2))/float64(time.Millisecond))
			}
			if d, ok := r.delay(l, counted, s.meanwhile); ok {
				delays = append(delays, d)
				stars = append(stars, w.earth.RTT[n.city][from.city]/2)
			}
			if n.self.Continent != from.self.Continent {
				res.StarIntercontinentalCopies += 1 / rooms
			}
		}
	}
	res.DelayMS, res.StarDelayMS = spread(delays), spread(stars)
	for _, n := range w.nodes {
		res.TreeChanges += n.core.Counts.Changes
	}
	return res
}

func spread(list []float64) Spread {
	if len(list) == 0 {
		return Spread{}
	}
	slices.Sort(list)
	sum := 0.0
	for _, v := range list {
		sum += v
	}
	return Spread{sum / float64(len(list)), list[len(list)*95/100]}
}

// bursts loses datagrams in runs (Gilbert and Elliott): three in a row on
// average, so many in all.
type bursts struct {
	w     *world
	share func(a, b int) float64
	bad   [][]bool // by who sends, then to whom
}

func newBursts(w *world, share func(a, b int) float64) *bursts {
	b := &bursts{w, share, make([][]bool, len(w.nodes))}
	for i := range b.bad {
		b.bad[i] = make([]bool, len(w.nodes))
	}
	return b
}

const burstLength = 3

func (b *bursts) lost(from, to int) bool {
	bad := &b.bad[from][to]
	p := b.share(from, to)
	if *bad {
		*bad = b.w.rnd.Float64() >= 1.0/burstLength
	} else {
		*bad = b.w.rnd.Float64() < p/(1-p)/burstLength
	}
	return *bad
}
