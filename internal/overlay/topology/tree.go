package topology

import (
	"cmp"
	"slices"

	"github.com/stoa-audio/stoa/internal/region"
)

// None is the number of no node.
const None = -1

// DegreeMax is to how many nodes one passes a tree on.
const DegreeMax = 16

// Prices of crossing an ocean that are tried, in milliseconds: the highest
// under which listeners wait no longer than if each were sent to directly.
var prices = [...]float64{80, 40, 25, 15, 10, 6, 3, 1, 0}

// slack is how much sooner than the star a tree must be in the planning, since
// what is planned with was measured.
const slack = 0.99

// relayPrice is the cost of a node that only passes on, in milliseconds.
const relayPrice = 2.0

// A Spot is a node's place in a tree.
type Spot struct {
	Node           int
	Parent, Backup int     // None for the root; Backup None when there is nobody
	Delay          float64 // from the root, in milliseconds, as planned
	Listener       bool
	second         float64 // the same by the backup, when the parent is gone
	children       int
	backs          int // for how many it is the backup
}

// A Tree is the way from Root to all listeners. Its spots are in an order in
// which each comes after its parent and after its backup, so that whoever
// turns to their backup cannot make a circle. A Tree can be changed spot by
// spot, without the rest of it noticing.
type Tree struct {
	m     *Map
	fence region.Fence
	both  bool
	price float64
	spots []Spot
	at    map[int]int // number of a node to its spot
}

// Plan returns the best tree from root to the listeners that lie in fence and
// can be reached, and the others. Both says that nodes take the voices from
// parent and backup at once: then the backup's way is to be short, too, and
// else it is to be near, since to turn to it takes a round trip.
func Plan(m *Map, root int, listeners []int, fence region.Fence, both bool) (t *Tree, unreached []int) {
	star, stars := 0.0, 0
	for _, l := range listeners {
		if d := m.Delay(root, l); d != Far {
			star, stars = star+d, stars+1
		}
	}
	var best *Tree
	for _, price := range prices {
		t, out := grow(m, root, listeners, fence, price)
		sum := 0.0
		for _, l := range listeners {
			if s := t.Spot(l); s != nil && m.Delay(root, l) != Far {
				sum += s.Delay
			}
		}
		if best == nil || len(out) < len(unreached) || t.burden() < best.burden() {
			best, unreached = t, out
		}
		if stars > 0 && sum <= slack*star {
			best, unreached = t, out
			break
		}
	}
	best.both = both
	best.backUp(0, len(best.spots))
	return best, unreached
}

// grow makes a tree under one price: the nearest listeners first, each where
// it is reached soonest, over one more node if that helps.
func grow(m *Map, root int, listeners []int, fence region.Fence, price float64) (*Tree, []int) {
	t := &Tree{m: m, fence: fence, price: price, at: make(map[int]int)}
	t.add(Spot{Node: root, Parent: None, Backup: None})
	var unreached []int
	order := slices.Clone(listeners)
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(m.Delay(root, a), m.Delay(root, b)), cmp.Compare(a, b))
	})
	g := grower{Tree: t, reach: make([]reach, m.Len())}
	for i := range g.reach {
		g.reach[i] = reach{Far, None}
	}
	g.offer(root)
	for _, l := range order {
		if !g.attach(l) {
			unreached = append(unreached, l)
		}
	}
	return t, unreached
}

// A grower knows for each node from where in the tree it is reached best.
type grower struct {
	*Tree
	reach []reach
}

type reach struct {
	cost float64
	from int
}

// offer lets a node of the tree be a parent.
func (g *grower) offer(from int) {
	s := g.Spot(from)
	if s.children >= DegreeMax || !g.m.passes(from) && from != g.spots[0].Node {
		return
	}
	for to := range g.reach {
		if c := s.Delay + g.edge(from, to); c < g.reach[to].cost {
			g.reach[to] = reach{c, from}
		}
	}
}

// full finds other parents for those whom a full node would have had.
func (g *grower) full(node int) {
	for to := range g.reach {
		if g.reach[to].from != node {
			continue
		}
		g.reach[to] = reach{Far, None}
		for i := range g.spots {
			s := &g.spots[i]
			if s.children >= DegreeMax || !g.m.passes(s.Node) && i > 0 {
				continue
			}
			if c := s.Delay + g.edge(s.Node, to); c < g.reach[to].cost {
				g.reach[to] = reach{c, s.Node}
			}
		}
	}
}

// attach adds a listener, and reports whether it could be reached.
func (g *grower) attach(l int) bool {
	if s := g.Spot(l); s != nil {
		s.Listener = true
		return true
	}
	if !g.allows(l) {
		return false
	}
	over, cost := None, g.reach[l].cost
	for r := range g.reach {
		if r == l || g.reach[r].cost >= cost || g.Spot(r) != nil || !g.m.passes(r) || !g.allows(r) {
			continue
		}
		if c := g.reach[r].cost + g.edge(r, l) + relayPrice; c < cost {
			over, cost = r, c
		}
	}
	if cost >= Far {
		return false
	}
	if over != None {
		g.put(over, g.reach[over].from, false)
		g.put(l, over, true)
		return true
	}
	g.put(l, g.reach[l].from, true)
	return true
}

func (g *grower) put(node, parent int, listener bool) {
	g.insert(node, parent, listener)
	if g.Spot(parent).children == DegreeMax {
		g.full(parent)
	}
	g.offer(node)
}

func (t *Tree) allows(node int) bool { return t.m.Allows(t.fence, node) }

// edge is the cost of passing on from one node to another, Far outside the
// fence.
func (t *Tree) edge(from, to int) float64 {
	if from == to || !t.allows(to) {
		return Far
	}
	c := t.m.Cost(from, to)
	if c != Far && t.m.Crosses(from, to) {
		c += t.price
	}
	return c
}

func (t *Tree) add(s Spot) {
	t.at[s.Node] = len(t.spots)
	t.spots = append(t.spots, s)
}

func (t *Tree) insert(node, parent int, listener bool) {
	p := t.Spot(parent)
	p.children++
	t.add(Spot{Node: node, Parent: parent, Backup: None, Delay: p.Delay + t.m.Delay(parent, node), Listener: listener})
}

// Spot returns a node's place, nil when it has none. It is valid until the
// tree changes.
func (t *Tree) Spot(node int) *Spot {
	if i, ok := t.at[node]; ok {
		return &t.spots[i]
	}
	return nil
}

// Spots returns all places, the root's first.
func (t *Tree) Spots() []Spot { return t.spots }

// Fence returns where the tree may be.
func (t *Tree) Fence() region.Fence { return t.fence }

// mean is how long listeners wait on average.
func (t *Tree) mean() float64 {
	sum, n := 0.0, 0.0
	for _, s := range t.spots[1:] {
		if s.Listener {
			sum, n = sum+s.Delay, n+1
		}
	}
	if n == 0 {
		return Far
	}
	return sum / n
}

// burden is what weighs against a tree where none is as fast as the star.
func (t *Tree) burden() float64 {
	return t.mean() + usualPrice*float64(t.Crossings())/float64(max(len(t.spots)-1, 1))
}

// usualPrice is that of crossing an ocean, in milliseconds: as much as the
// research found to pay.
const usualPrice = 15.0

// Crossings returns how many hops of the tree cross an ocean.
func (t *Tree) Crossings() int {
	n := 0
	for _, s := range t.spots[1:] {
		if t.m.Crosses(s.Parent, s.Node) {
			n++
		}
	}
	return n
}

// Cost returns what the tree costs a listener now, as the links are: for
// comparing with another tree of the same listeners.
func (t *Tree) Cost(price float64) float64 {
	sum, n := 0.0, 0.0
	cost := make([]float64, len(t.spots))
	for i, s := range t.spots {
		if i == 0 {
			continue
		}
		c := t.m.Cost(s.Parent, s.Node)
		cost[i] = cost[t.at[s.Parent]] + c
		if t.m.Crosses(s.Parent, s.Node) {
			sum += price
		}
		if s.Listener {
			sum, n = sum+cost[i], n+1
		}
	}
	if n == 0 {
		return 0
	}
	return sum / n
}

// Price returns the price under which the tree was made.
func (t *Tree) Price() float64 { return t.price }

// backUp gives spots, from one on up to another, a second parent that comes
// before them, and that does not depend on the first one, if there is such.
func (t *Tree) backUp(from, to int) {
	for i := max(from, 1); i < to; i++ {
		s := &t.spots[i]
		if old := t.Spot(s.Backup); s.Backup != None && old != nil {
			old.backs--
		}
		s.Backup, s.second = None, s.Delay
		best := Far
		for j := range i {
			u := &t.spots[j]
			if u.Node == s.Parent || !t.m.passes(u.Node) && j > 0 || u.backs >= 2*DegreeMax {
				continue
			}
			c := t.m.Delay(u.Node, s.Node)
			if c == Far || !t.allows(u.Node) {
				continue
			}
			depends := t.under(u.Node, s.Parent)
			second := u.Delay + c
			if depends {
				second = u.second + c
			}
			switch {
			case t.both && t.m.Crosses(u.Node, s.Node):
				c = second + t.price
			case t.both:
				c = second
			case depends:
				c = 2*c + u.Delay/8 + dependent
			default:
				c = 2*c + u.Delay/8
			}
			if c += float64(u.backs) / 2; c < best {
				best, s.Backup, s.second = c, u.Node, second
			}
		}
		if s.Backup == None && t.help(i) {
			i, to = i+1, to+1 // the helper took its place
		} else if s.Backup != None {
			t.Spot(s.Backup).backs++
		}
	}
}

// help puts a node before a spot that has no other way to the root than the
// direct one, to be its backup.
func (t *Tree) help(i int) bool {
	s, root := t.spots[i], t.spots[0].Node
	best, helper := Far, None
	for r := range t.m.nodes {
		if t.at[r] > 0 || r == root || !t.m.passes(r) || !t.allows(r) {
			continue
		}
		if c := t.edge(root, r) + 2*t.edge(r, s.Node); c < best {
			best, helper = c, r
		}
	}
	if helper == None || t.spots[0].children >= childrenMax {
		return false
	}
	t.spots[0].children++
	t.spots[i].Backup = helper
	t.spots = slices.Insert(t.spots, i, Spot{Node: helper, Parent: root, Backup: None, Delay: t.m.Delay(root, helper), backs: 1})
	for j := i; j < len(t.spots); j++ {
		t.at[t.spots[j].Node] = j
	}
	return true
}

// childrenMax is to how many the root passes on at most, helpers among them.
const childrenMax = DegreeMax + 4

// dependent is what it costs a backup to lose the voices together with the
// parent, in milliseconds.
const dependent = 120.0

// under reports whether node's voices come through another one.
func (t *Tree) under(node, other int) bool {
	if other == t.spots[0].Node {
		return false // without the root there are no voices at all
	}
	for node != None {
		if node == other {
			return true
		}
		node = t.Spot(node).Parent
	}
	return false
}

// Attach adds a listener where it is reached best, without moving anybody, and
// reports whether it could be reached.
func (t *Tree) Attach(l int) bool {
	g := grower{Tree: t, reach: make([]reach, t.m.Len())}
	for i := range g.reach {
		g.reach[i] = reach{Far, None}
	}
	for i := range t.spots {
		g.offer(t.spots[i].Node)
	}
	before := len(t.spots)
	ok := g.attach(l)
	t.backUp(before, len(t.spots))
	return ok
}

// Detach says that a node has no listeners any more. It goes when nobody takes
// the voices from it, and so do those who passed them on to it alone.
func (t *Tree) Detach(node int) {
	s := t.Spot(node)
	if s == nil {
		return
	}
	s.Listener = false
	t.trim()
}

// trim takes those out who pass nothing on and do not listen.
func (t *Tree) trim() {
	for i := len(t.spots) - 1; i > 0; i-- {
		s := t.spots[i]
		if s.Listener || s.children > 0 || s.backs > 0 {
			continue
		}
		if p := t.Spot(s.Parent); p != nil {
			p.children--
		}
		t.cut(s.Node)
		i = len(t.spots) // others may have become useless
	}
}

// cut takes a node out, whose children have gone elsewhere.
func (t *Tree) cut(node int) {
	i := t.at[node]
	if b := t.spots[i].Backup; b != None {
		if s := t.Spot(b); s != nil {
			s.backs--
		}
	}
	t.spots = slices.Delete(t.spots, i, i+1)
	delete(t.at, node)
	for j := i; j < len(t.spots); j++ {
		t.at[t.spots[j].Node] = j
	}
	var without []int
	for j := range t.spots {
		if s := &t.spots[j]; s.Backup == node {
			s.Backup = None
			without = append(without, s.Node)
		}
	}
	for _, n := range without {
		t.backUp(t.at[n], t.at[n]+1)
	}
}

// Move makes a node's backup its parent, since that is what it has done when
// its parent was gone, and finds it another backup.
func (t *Tree) Move(node int) {
	t.move(node)
	t.trim()
	t.count()
}

func (t *Tree) move(node int) {
	i, ok := t.at[node]
	if !ok || t.spots[i].Backup == None {
		return
	}
	s := &t.spots[i]
	if p := t.Spot(s.Parent); p != nil {
		p.children--
	}
	b := t.Spot(s.Backup)
	b.children++
	b.backs--
	s.Parent, s.Backup = s.Backup, None
	t.backUp(i, i+1)
}

// Lose takes a node out that is gone, or must not be in the tree. Its children
// take their backups; who has none is attached anew. It returns the listeners
// that can not be reached.
func (t *Tree) Lose(node int) (unreached []int) {
	s := t.Spot(node)
	if s == nil || s.Parent == None {
		return nil
	}
	orphans := make(map[int]bool)
	for i := 1; i < len(t.spots); i++ {
		switch s := &t.spots[i]; {
		case s.Parent != node:
		case s.Backup != None:
			t.move(s.Node)
		default:
			orphans[s.Node] = true
		}
	}
	s = t.Spot(node)
	s.Listener = false
	if len(orphans) > 0 {
		orphans[node] = true
		unreached = t.replant(orphans)
	} else {
		t.Spot(s.Parent).children--
		t.cut(node)
	}
	t.trim()
	t.count()
	return unreached
}

// replant takes these out, with all who depend on them, and attaches those who
// listen anew.
func (t *Tree) replant(gone map[int]bool) (unreached []int) {
	var listeners []int
	kept := t.spots[:0:0]
	for _, s := range t.spots {
		if s.Parent != None && gone[s.Parent] {
			gone[s.Node] = true
		}
		if !gone[s.Node] {
			kept = append(kept, s)
		} else if s.Listener {
			listeners = append(listeners, s.Node)
		}
	}
	t.spots = kept
	clear(t.at)
	for i, s := range t.spots {
		t.at[s.Node] = i
	}
	t.recount()
	t.backUp(0, len(t.spots))
	for _, l := range listeners {
		if !t.Attach(l) {
			unreached = append(unreached, l)
		}
	}
	return unreached
}

// recount counts children and backups anew.
func (t *Tree) recount() {
	for i := range t.spots {
		t.spots[i].children, t.spots[i].backs = 0, 0
	}
	for i := 1; i < len(t.spots); i++ {
		t.Spot(t.spots[i].Parent).children++
		if b := t.spots[i].Backup; b != None {
			if s := t.Spot(b); s != nil {
				s.backs++
			} else {
				t.spots[i].Backup = None
			}
		}
	}
}

// count works the delays out as the links are now.
func (t *Tree) count() {
	for i := 1; i < len(t.spots); i++ {
		s := &t.spots[i]
		s.Delay = t.Spot(s.Parent).Delay + t.m.Delay(s.Parent, s.Node)
	}
}

// Narrow sets the fence, and takes out who lies outside of it.
func (t *Tree) Narrow(fence region.Fence) (unreached []int) {
	t.fence = fence
	for {
		i := slices.IndexFunc(t.spots[1:], func(s Spot) bool { return !t.allows(s.Node) })
		if i < 0 {
			break
		}
		node := t.spots[i+1].Node
		t.spots[i+1].Listener = false
		unreached = append(unreached, t.Lose(node)...)
	}
	t.backUp(0, len(t.spots))
	t.trim()
	return unreached
}
