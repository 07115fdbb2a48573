package topology

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

var continents = []string{"europe", "asia", "america"}

// world is a map of n nodes on three continents, with round trips as distances
// on a plane have them, some of them much worse.
func world(n int, rnd *rand.Rand) *Map {
	type at struct{ x, y float64 }
	var m *Map
	spots := make([]at, n)
	for i := range n {
		c := rnd.IntN(3)
		node := Node{ID: id.Node{byte(i), byte(i >> 8), 1}, Place: region.Place{Region: fmt.Sprint("r", c), Operator: fmt.Sprint("o", rnd.IntN(3))}, Continent: continents[c]}
		spots[i] = at{float64(c)*100 + rnd.Float64()*20, rnd.Float64() * 20}
		if i == 0 {
			m = NewMap(node)
		} else {
			m.Know(node)
		}
	}
	for a := range n {
		for b := range a {
			rtt := math.Hypot(spots[a].x-spots[b].x, spots[a].y-spots[b].y) + 0.5
			if rnd.IntN(10) == 0 {
				rtt *= 1 + 4*rnd.Float64()
			}
			l := Link{RTT: float32(rtt), Loss: float32(rnd.IntN(20)) / 1000, Down: rnd.IntN(30) == 0}
			m.Set(a, b, l)
			m.Set(b, a, l)
		}
	}
	return m
}

// sound looks whether a tree is one.
func sound(t *testing.T, m *Map, tree *Tree, what string) {
	t.Helper()
	place := map[int]int{}
	children, backs := map[int]int{}, map[int]int{}
	for i, s := range tree.Spots() {
		if _, twice := place[s.Node]; twice {
			t.Fatalf("%s: node %d is there twice", what, s.Node)
		}
		place[s.Node] = i
		if tree.Spot(s.Node) == nil || tree.Spot(s.Node).Node != s.Node {
			t.Fatalf("%s: node %d is not found", what, s.Node)
		}
		if i == 0 {
			continue
		}
		if !tree.Fence().Allows(m.Node(s.Node).Place) {
			t.Fatalf("%s: node %d is outside", what, s.Node)
		}
		if before, ok := place[s.Parent]; !ok || before >= i {
			t.Fatalf("%s: the parent of node %d does not come before it", what, s.Node)
		}
		if before, ok := place[s.Backup]; s.Backup != None && (!ok || before >= i || s.Backup == s.Parent) {
			t.Fatalf("%s: node %d has the backup %d", what, s.Node, s.Backup)
		}
		children[s.Parent]++
		backs[s.Backup]++
	}
	for i, s := range tree.Spots() {
		if s.children != children[s.Node] || s.backs != backs[s.Node] {
			t.Fatalf("%s: node %d counts %d children and backs %d, has %d and %d", what, s.Node, s.children, s.backs, children[s.Node], backs[s.Node])
		}
		if i > 0 && !s.Listener && s.children == 0 && s.backs == 0 {
			t.Fatalf("%s: node %d is there for nobody", what, s.Node)
		}
	}
}

func pick(rnd *rand.Rand, n, of int) []int {
	list := rnd.Perm(of - 1)[:n]
	for i := range list {
		list[i]++
	}
	return list
}

func TestPlan(t *testing.T) {
	ratio, saved := 0.0, 0.0
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		m := world(80, rnd)
		listeners := pick(rnd, 40, 80)
		tree, unreached := Plan(m, 0, listeners, region.Anywhere, false)
		sound(t, m, tree, fmt.Sprint("seed ", seed))
		star, crossings, sum := 0.0, 0, 0.0
		for _, l := range listeners {
			if m.Delay(0, l) == Far {
				continue
			}
			star += m.Delay(0, l)
			sum += tree.Spot(l).Delay
			if m.Crosses(0, l) {
				crossings++
			}
		}
		if len(unreached) > 0 || sum > 1.15*star || tree.Crossings()*10 > 8*crossings {
			t.Errorf("seed %d: %.0f ms and %d crossings, to each alone %.0f ms and %d; %d unreached", seed, sum, tree.Crossings(), star, crossings, len(unreached))
		}
		ratio, saved = ratio+sum/star/60, saved+float64(tree.Crossings())/float64(crossings)/60
		for _, s := range tree.Spots() {
			if s.children > childrenMax {
				t.Errorf("seed %d: %d children", seed, s.children)
			}
		}
		again, _ := Plan(m, 0, listeners, region.Anywhere, false)
		if !slices.Equal(again.Spots(), tree.Spots()) {
			t.Errorf("seed %d: the same question has another answer", seed)
		}
	}
	if t.Logf("%.2f of the star's delay, %.2f of its crossings", ratio, saved); ratio > 1 || saved > 0.4 {
		t.Errorf("%.2f of the star's delay, %.2f of its crossings", ratio, saved)
	}
}

// Whichever single node is gone, parents and backups together still lead to
// everybody else.
func TestTwoWays(t *testing.T) {
	for seed := range uint64(20) {
		m := world(60, rand.New(rand.NewPCG(seed, 2)))
		tree, _ := Plan(m, 0, pick(rand.New(rand.NewPCG(seed, 3)), 30, 60), region.Anywhere, false)
		for _, gone := range tree.Spots()[1:] {
			reached := map[int]bool{0: true}
			for _, s := range tree.Spots()[1:] {
				if s.Node != gone.Node && (s.Parent != gone.Node && reached[s.Parent] || s.Backup != gone.Node && reached[s.Backup]) {
					reached[s.Node] = true
				} else if s.Node != gone.Node && s.Backup != None {
					t.Fatalf("seed %d: without node %d node %d is cut off", seed, gone.Node, s.Node)
				}
			}
		}
	}
}

// Random changes leave it a tree, inside its fence, with everybody who can be
// reached.
func TestChanges(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 4))
		m := world(40, rnd)
		tree, _ := Plan(m, 0, nil, region.Anywhere, false)
		listening := map[int]bool{}
		for step := range 80 {
			node := 1 + rnd.IntN(39)
			op := rnd.IntN(6)
			what := fmt.Sprintf("seed %d, step %d, node %d, op %d", seed, step, node, op)
			switch op {
			case 0, 1, 2:
				listening[node] = tree.Attach(node)
			case 3:
				tree.Detach(node)
				delete(listening, node)
			case 4:
				if s := tree.Spot(node); s != nil && s.Backup != None {
					tree.Move(node)
				}
			case 5:
				for _, out := range tree.Lose(node) {
					delete(listening, out)
				}
				delete(listening, node)
			}
			sound(t, m, tree, what)
			for l, there := range listening {
				if s := tree.Spot(l); there && (s == nil || !s.Listener) {
					t.Fatalf("%s: listener %d was forgotten", what, l)
				}
			}
		}
		narrow := region.In("r1", "r2")
		tree.Narrow(narrow)
		sound(t, m, &Tree{m: m, fence: region.Anywhere, spots: tree.spots, at: tree.at}, "narrowed")
		for _, s := range tree.Spots()[1:] {
			if !narrow.Allows(m.Node(s.Node).Place) {
				t.Fatalf("seed %d: node %d stays outside", seed, s.Node)
			}
		}
	}
}

func TestFence(t *testing.T) {
	m := world(60, rand.New(rand.NewPCG(5, 5)))
	fence, _ := region.ParseFence("r1@o1+o2")
	all := pick(rand.New(rand.NewPCG(5, 6)), 59, 60)
	tree, unreached := Plan(m, 0, all, fence, false)
	sound(t, m, tree, "fenced")
	inside := 0
	for _, l := range all {
		if fence.Allows(m.Node(l).Place) {
			inside++
		}
	}
	if len(tree.Spots())-1 != inside || len(unreached) != len(all)-inside || inside < 5 {
		t.Errorf("%d spots, %d unreached, %d inside", len(tree.Spots()), len(unreached), inside)
	}
	if tree, unreached := Plan(m, 0, all, region.Fence{}, false); len(tree.Spots()) != 1 || len(unreached) != len(all) {
		t.Error("something lies nowhere")
	}
}

func TestLeavingNodesPassNothingOn(t *testing.T) {
	m := world(60, rand.New(rand.NewPCG(7, 5)))
	all := pick(rand.New(rand.NewPCG(7, 6)), 59, 60)
	tree, _ := Plan(m, 0, all, region.Anywhere, false)
	most := slices.MaxFunc(tree.Spots()[1:], func(a, b Spot) int { return a.children - b.children })
	n := m.Node(most.Node)
	n.Leaving = true
	m.Know(n)
	tree, unreached := Plan(m, 0, all, region.Anywhere, false)
	if s := tree.Spot(most.Node); len(unreached) > 0 || s == nil || s.children+s.backs > 0 {
		t.Errorf("%+v, %d unreached", s, len(unreached))
	}
}

func TestDamper(t *testing.T) {
	var d Damper
	at := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	changes := 0
	var last time.Duration
	var pauses []time.Duration
	for s := 1.0; s < 3600; s++ {
		// Always better at once: who never damps changes each second.
		if d.Judge(at(s), 100, 50) {
			changes++
			pauses = append(pauses, at(s)-last)
			last = at(s)
		}
	}
	if changes > 20 || !slices.IsSorted(pauses[1:]) || pauses[len(pauses)-1] < dwellMax {
		t.Errorf("%d changes in an hour, after %v", changes, pauses)
	}
	d = Damper{}
	for s := 1.0; s < 100; s++ {
		if d.Judge(at(s), 100, 91) || d.Judge(at(s), 30, 26) || d.Judge(at(s), 100, 50+50*float64(int(s)%2)) {
			t.Fatal("a little better, or not for long, is enough")
		}
	}
}

func BenchmarkPlan(b *testing.B) {
	for _, n := range []int{40, 199} {
		b.Run(fmt.Sprint(n, " of 200"), func(b *testing.B) {
			m := world(200, rand.New(rand.NewPCG(1, 1)))
			listeners := pick(rand.New(rand.NewPCG(1, 2)), n, 200)
			for b.Loop() {
				Plan(m, 0, listeners, region.Anywhere, false)
			}
		})
	}
}
