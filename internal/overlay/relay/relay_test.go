package relay

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/frame"
	"github.com/stoa-audio/stoa/internal/overlay/hop"
	"github.com/stoa-audio/stoa/internal/overlay/topology"
	"github.com/stoa-audio/stoa/internal/region"
)

// A net is a few nodes, each 10 ms from each other, on a clock of its own.
type net struct {
	now   time.Duration
	nodes []*end
	way   []parcel
	cut   func(from, to int) bool
	far   func(from, to int) bool // 60 ms
}

type end struct {
	*Node
	net    *net
	number int
	there  []int
	heard  []string
	sent   map[int][]frame.Kind
}

type parcel struct {
	at       time.Duration
	from, to int
	counter  uint64
	datagram []byte
}

var (
	room = id.Room{9}
	ada  = id.Person{1}
)

func name(i int) id.Node { return id.Node{byte(i) + 1} }

// newNet makes a node for each region.
func newNet(regions ...string) *net {
	w := &net{cut: func(int, int) bool { return false }, far: func(int, int) bool { return false }}
	for i, r := range regions {
		e := &end{net: w, number: i, there: []int{i}, sent: map[int][]frame.Kind{}}
		self := topology.Node{ID: name(i), Place: region.Place{Region: r, Operator: "o"}}
		e.Node = New(0, self, region.Anywhere, rand.New(rand.NewPCG(uint64(i), 1)), e)
		w.nodes = append(w.nodes, e)
	}
	for _, e := range w.nodes {
		for _, other := range w.nodes {
			if other != e {
				e.Know(0, other.m.Node(0))
				e.there = append(e.there, other.number)
			}
		}
	}
	return w
}

func (e *end) Carry(to int, counter uint64, datagram []byte) {
	_, records, _ := frame.ParsePromise(datagram)
	for {
		kind, _, rest, ok := frame.Next(records)
		if !ok {
			break
		}
		e.sent[e.there[to]] = append(e.sent[e.there[to]], kind)
		records = rest
	}
	if to := e.there[to]; !e.net.cut(e.number, to) {
		away := 10 * time.Millisecond
		if e.net.far(e.number, to) {
			away *= 6
		}
		e.net.way = append(e.net.way, parcel{e.net.now + away, e.number, to, counter, slices.Clone(datagram)})
	}
}

func (e *end) Deliver(_ time.Duration, in id.Room, owner id.Node, who id.Person, packet []byte) {
	e.heard = append(e.heard, fmt.Sprint(in == room, owner[0]-1, who == ada, " ", string(packet)))
}

// here is the number by which e knows another node.
func (e *end) here(other int) int { return slices.Index(e.there, other) }

// hear hands a record to a node as if another had sent it.
func (e *end) hear(from int, record interface{ Append([]byte) []byte }) {
	kind, body, _, _ := frame.Next(record.Append(nil))
	e.Record(e.net.now, e.here(from), kind, body)
}

func (w *net) run(d time.Duration) {
	for end := w.now + d; w.now < end; {
		w.now += time.Millisecond
		way := w.way
		w.way = nil
		for _, p := range way {
			if p.at > w.now {
				w.way = append(w.way, p)
			} else if to := w.nodes[p.to]; to != nil {
				to.Hear(w.now, to.here(p.from), p.counter, p.datagram)
			}
		}
		for _, e := range w.nodes {
			if w.now%hop.Tick == 0 {
				e.Tick(w.now)
			}
			e.Settle(w.now)
		}
	}
}

// open makes node 0 the one where the room's voices come in, and all others
// listen.
func (w *net) open(fence region.Fence) {
	w.run(2500 * time.Millisecond)
	w.nodes[0].Open(w.now, room, fence, false, []frame.Voice{{Stream: 3, Who: ada}})
	for _, e := range w.nodes[1:] {
		e.Listen(w.now, room, name(0))
	}
	w.run(time.Second)
}

func (w *net) say(words ...string) {
	for _, word := range words {
		w.nodes[0].Speak(w.now, room, 3, []byte(word))
		w.run(20 * time.Millisecond)
	}
	w.run(100 * time.Millisecond)
}

func TestVoicesArrive(t *testing.T) {
	w := newNet("eu", "eu", "us")
	w.open(region.Anywhere)
	w.say("one", "two")
	for _, e := range w.nodes[1:] {
		if want := []string{"true 0 true one", "true 0 true two"}; !slices.Equal(e.heard, want) {
			t.Errorf("node %d hears %q", e.number, e.heard)
		}
	}
	if w.nodes[0].heard != nil {
		t.Errorf("the speaker's node hears %q of itself", w.nodes[0].heard)
	}
	w.nodes[1].Enough(w.now, room, name(0))
	w.run(2 * time.Second)
	w.say("three")
	if len(w.nodes[1].heard) != 2 || len(w.nodes[2].heard) != 3 {
		t.Errorf("after the one has enough, they have %q and %q", w.nodes[1].heard, w.nodes[2].heard)
	}
	w.nodes[0].Close(w.now, room)
	w.run(3 * time.Second)
	for _, e := range w.nodes {
		if len(e.branches)+len(e.branchList)+len(e.roots)+len(e.rootList)+len(e.labels) > 0 {
			t.Errorf("node %d keeps %d places, %d roots, %d labels", e.number, len(e.branchList), len(e.rootList), len(e.labels))
		}
	}
}

// A room whose voices cease to come in at a node, and do again at once, is a new
// tree there. Who has asked for the old one meanwhile is heard of in the new one.
func TestOpenedAnew(t *testing.T) {
	w := newNet("eu", "eu", "us")
	w.open(region.Anywhere)
	for _, e := range w.nodes[1:] {
		e.Enough(w.now, room, name(0))
		e.Listen(w.now, room, name(0))
	}
	w.run(15 * time.Millisecond) // they are answered as listeners of the old one
	w.nodes[0].Close(w.now, room)
	w.nodes[0].Open(w.now, room, region.Anywhere, false, []frame.Voice{{Stream: 3, Who: ada}})
	w.run(100 * time.Millisecond)
	w.say("one")
	for _, e := range w.nodes[1:] {
		if len(e.heard) != 1 {
			t.Errorf("node %d hears %q", e.number, e.heard)
		}
	}
	for _, e := range w.nodes[1:] {
		e.Enough(w.now, room, name(0))
	}
	w.run(3 * time.Second)
	for _, e := range w.nodes[1:] {
		if len(e.branchList)+len(e.labels)+len(e.wantList) > 0 {
			t.Errorf("node %d keeps %d places, %d labels, %d wants", e.number, len(e.branchList), len(e.labels), len(e.wantList))
		}
	}
}

// A link that was down and is not any more is taken as soon as it is needed.
func TestUpAgain(t *testing.T) {
	w := newNet("eu", "eu")
	w.run(3100 * time.Millisecond)
	e := w.nodes[1]
	e.m.Set(0, 1, topology.Link{RTT: 20, Down: true}) // as it was when it was last looked at all
	w.nodes[0].Open(w.now, room, region.Anywhere, false, []frame.Voice{{Stream: 3, Who: ada}})
	e.Listen(w.now, room, name(0))
	for len(e.branchList) == 0 {
		w.run(time.Millisecond)
	}
	w.run(50 * time.Millisecond)
	if slices.Contains(e.sent[0], frame.KindTrouble) || e.branchList[0].ending != 0 {
		t.Error("a node has trouble with a neighbour that is there")
	}
}

// Nodes that have just come to know each other take voices from each other before
// they have measured how far away they are.
func TestNotMeasured(t *testing.T) {
	w := newNet("eu", "eu")
	w.run(3100 * time.Millisecond)
	owner, e := w.nodes[0], w.nodes[1]
	e.Renew(w.now, 1)
	e.share(w.now + time.Second)
	if e.hops[1].RTT() != 0 || !e.m.Link(0, 1).Down {
		t.Fatal("the link is measured")
	}
	owner.Open(w.now, room, region.Anywhere, false, []frame.Voice{{Stream: 3, Who: ada}})
	e.hear(0, frame.Install{Tree: owner.roots[room].branch.tree, Room: room, Version: 1, Fence: "*", Parent: name(0), Listener: true})
	if slices.Contains(e.sent[0], frame.KindTrouble) {
		t.Error("a node has trouble with a neighbour that it does not know yet")
	}
	// One that does not answer is no good all the same.
	w.cut = func(int, int) bool { return true }
	w.run(tryAgain * 6)
	if !slices.Contains(e.sent[0], frame.KindTrouble) {
		t.Error("a node waits for a neighbour that does not answer")
	}
}

// Whoever complains of a link says within a second what it is like.
func TestComplaintsPass(t *testing.T) {
	w := newNet("eu", "eu", "eu")
	w.open(region.Anywhere)
	e, owner := w.nodes[1], w.nodes[0]
	b := e.branchList[0]
	lost := b.parent
	e.complain(w.now, b, lost, topology.None)
	w.run(15 * time.Millisecond)
	if !owner.m.Link(owner.here(1), owner.here(e.there[lost])).Down {
		t.Fatal("the owner does not take the link for down")
	}
	w.run(1100 * time.Millisecond)
	if owner.m.Link(owner.here(1), owner.here(e.there[lost])).Down {
		t.Error("the owner takes a link for down that is good")
	}
}

// A link that one complains of because nothing comes there is not praised as soon
// as something comes again: it would be given back between two bursts of loss.
func TestComplaintsOfSilenceStay(t *testing.T) {
	w := newNet("eu", "eu", "eu")
	w.open(region.Anywhere)
	e := w.nodes[1]
	b := e.branchList[0]
	lost := b.parent
	e.share(w.now)
	was := e.shown[lost]
	e.complain(w.now+time.Minute, b, lost, topology.None)
	if e.shown[lost] != was {
		t.Errorf("of a link that is silent is said %+v, not %+v", e.shown[lost], was)
	}
	b.told = 0
	e.complain(w.now, b, lost, topology.None)
	if e.shown[lost] == was {
		t.Error("of a link that is good nothing is said")
	}
}

// What a node has not joined, or under another's label, is nobody's voice.
func TestStrangers(t *testing.T) {
	w := newNet("eu", "eu", "eu")
	w.open(region.Anywhere)
	e := w.nodes[1]
	var label uint32
	for label = range e.labels {
	}
	for _, a := range []frame.Audio{{Label: label + 1, Stream: 3}, {Label: label, Stream: 200}} {
		e.hear(0, a)
	}
	other := e.labels[label].feeds[0].from
	e.hear(3-e.there[other], frame.Audio{Label: label, Stream: 3, Packet: []byte("forged")})
	if e.Counts.Stranger != 3 || e.heard != nil {
		t.Errorf("%+v, hears %q", e.Counts, e.heard)
	}
	// Nobody but its owner changes a tree.
	b := e.labels[label]
	before := *b
	e.hear(2, frame.Dismiss{Tree: b.tree, Version: 99})
	e.hear(2, frame.Install{Tree: b.tree, Version: 99, Fence: "*", Parent: name(2)})
	e.hear(0, frame.Install{Tree: b.tree, Version: 0, Fence: "*", Parent: name(2)})
	if b.parent != before.parent || b.version != before.version || b.ending != 0 {
		t.Errorf("a stranger, or an old word, changes the place to %+v", b)
	}
}

// Who is dismissed goes on for those who do not know yet where to go, and says so
// when it does no more: they lose next to nothing.
func TestDismissedServes(t *testing.T) {
	w := newNet("eu", "eu", "eu")
	w.open(region.Anywhere)
	relay, child := w.nodes[1], w.nodes[2]
	b := relay.branchList[0]
	place := frame.Install{Tree: b.tree, Room: room, Version: 99, Fence: "*", Listener: true, Parent: name(1), Backup: name(0), Voices: []frame.Voice{{Stream: 3, Who: ada}}}
	child.hear(0, place)
	w.run(500 * time.Millisecond)
	if len(b.children) != 1 {
		t.Fatalf("%d take the voices from it", len(b.children))
	}
	relay.hear(0, frame.Dismiss{Tree: b.tree, Version: 99})
	child.heard = nil
	said := 0
	speak := func(d time.Duration) {
		for end := w.now + d; w.now < end; said++ {
			w.nodes[0].Speak(w.now, room, 3, fmt.Append(nil, said))
			w.run(20 * time.Millisecond)
		}
	}
	speak(3 * time.Second)
	if lost := said - len(child.heard); b.gone || lost > 1 {
		t.Errorf("after 3 s: gone %v, %d packets lost", b.gone, lost)
	}
	speak(6 * time.Second)
	if lost := said - len(child.heard); !b.gone || lost > 10 {
		t.Errorf("after 9 s: gone %v, %d packets lost", b.gone, lost)
	}
}

// A packet goes its way once, however often it comes.
func TestOnce(t *testing.T) {
	w := newNet("eu", "eu")
	w.open(region.Anywhere)
	e := w.nodes[1]
	var label uint32
	for label = range e.labels {
	}
	for _, sequence := range []uint16{65534, 65535, 0, 65535, 1, 0, 65534} {
		e.hear(0, frame.Audio{Label: label, Stream: 3, Sequence: sequence, TTL: 4, Packet: []byte("x")})
	}
	if len(e.heard) != 4 || e.Counts.Copied != 3 {
		t.Errorf("%d heard, %+v", len(e.heard), e.Counts)
	}
	var s seen
	if !s.take(5000) || !s.take(3977) || s.take(3976) || s.take(5000-2000) {
		t.Error("packets of long ago are new")
	}
}

// Who is outside the fence gets nothing, whatever it asks for, and who is told
// of a narrower one passes nothing on to those outside at once.
func TestFence(t *testing.T) {
	w := newNet("eu", "eu", "us")
	eu := region.In("eu")
	w.open(eu)
	tree := w.nodes[0].roots[room].branch.tree
	w.nodes[0].hear(2, frame.Join{Tree: tree, Label: 7})
	w.nodes[1].hear(2, frame.Join{Tree: tree, Label: 7})
	w.nodes[0].hear(2, frame.Want{Room: room})
	before := len(w.nodes[0].sent[2])
	w.say("one")
	if len(w.nodes[1].heard) != 1 || w.nodes[2].heard != nil || slices.Contains(w.nodes[0].sent[2][before:], frame.KindAudio) {
		t.Errorf("inside is heard %q, outside %q", w.nodes[1].heard, w.nodes[2].heard)
	}
	if w.nodes[0].Counts.Outside < 2 || w.nodes[1].Counts.Outside != 1 {
		t.Errorf("%+v, %+v", w.nodes[0].Counts, w.nodes[1].Counts)
	}
	// A node does not take part in what is outside for itself.
	w.nodes[2].hear(0, frame.Install{Tree: 77, Room: room, Fence: "eu", Parent: name(0)})
	w.nodes[2].hear(0, frame.Install{Tree: 78, Room: room, Fence: "e u", Parent: name(0)})
	if len(w.nodes[2].branches) != 0 {
		t.Error("a node takes a place outside its region")
	}

	w = newNet("eu", "eu", "us")
	w.open(region.Anywhere)
	w.say("one")
	w.nodes[0].Refence(w.now, room, eu)
	before = len(w.nodes[0].sent[2])
	w.say("two", "three")
	for from, e := range w.nodes[:2] {
		if kinds := e.sent[2]; from == 0 && slices.Contains(kinds[before:], frame.KindAudio) {
			t.Error("voices go outside after the fence has narrowed")
		}
	}
	if len(w.nodes[1].heard) != 3 || len(w.nodes[2].heard) != 1 {
		t.Errorf("inside is heard %q, outside %q", w.nodes[1].heard, w.nodes[2].heard)
	}
	w.nodes[0].Refence(w.now, room, region.In("us"))
	w.say("four")
	if len(w.nodes[1].heard) != 3 {
		t.Error("voices still come in at a node outside the fence")
	}
}

// A packet under a fence that a node has not heard of yet goes nowhere.
func TestUnknownFence(t *testing.T) {
	w := newNet("eu", "eu")
	w.open(region.Anywhere)
	e := w.nodes[1]
	var label uint32
	for label = range e.labels {
	}
	e.hear(0, frame.Audio{Label: label, Stream: 3, Sequence: 9, Generation: 1, Packet: []byte("x")})
	if e.Counts.Refenced != 1 || e.heard != nil {
		t.Errorf("%+v, hears %q", e.Counts, e.heard)
	}
}

// Nodes outside a node's own fence are not known to it.
func TestOwnFence(t *testing.T) {
	self := topology.Node{ID: name(0), Place: region.Place{Region: "eu", Operator: "o"}}
	n := New(0, self, region.In("eu"), rand.New(rand.NewPCG(1, 1)), &end{})
	if _, ok := n.Know(0, topology.Node{ID: name(1), Place: region.Place{Region: "us", Operator: "o"}}); ok || n.m.Len() != 1 {
		t.Error("a node outside is known")
	}
}

// What may come without end has bounds.
func TestBounds(t *testing.T) {
	w := newNet("eu", "eu")
	w.run(time.Second)
	e := w.nodes[0]
	for i := range 3 * earlyMax {
		e.hear(1, frame.Join{Tree: frame.Tree(i), Label: uint32(i) + 1}) //nolint:gosec // small
	}
	if len(e.early) > earlyMax {
		t.Errorf("%d Joins wait", len(e.early))
	}
	w.run(3 * time.Second)
	if len(e.early) != 0 {
		t.Errorf("%d Joins wait for ever", len(e.early))
	}
}

// A node that dies leaves nothing behind at those that had to do with it.
func TestTheDeadAreForgotten(t *testing.T) {
	w := newNet("eu", "eu", "eu")
	w.open(region.Anywhere)
	w.cut = func(a, b int) bool { return a == 0 || b == 0 }
	for _, e := range w.nodes[1:] {
		e.Enough(w.now, room, name(0))
	}
	w.run(40 * time.Second)
	for _, e := range w.nodes[1:] {
		if len(e.branchList)+len(e.labels)+len(e.inUse) > 0 {
			t.Errorf("node %d keeps %d places, %d labels, %d links in use", e.number, len(e.branchList), len(e.labels), len(e.inUse))
		}
	}
	if r := w.nodes[0].roots[room]; len(r.listeners)+len(r.places) > 0 {
		t.Errorf("the owner keeps %d listeners, %d places", len(r.listeners), len(r.places))
	}
}

func FuzzRecord(f *testing.F) {
	w := newNet("eu", "us", "eu")
	w.open(region.Anywhere)
	tree := w.nodes[0].roots[room].branch.tree
	for _, r := range []interface{ Append([]byte) []byte }{
		frame.Join{Tree: tree, Label: 1},
		frame.Prune{Tree: tree, Label: 1},
		frame.Want{Room: room},
		frame.Joined{Tree: tree, Why: 2},
		frame.Trouble{Tree: tree, Lost: name(0)},
		frame.Links{{To: name(2), RTT: 5}},
		frame.Install{Tree: tree, Version: 9, Fence: "eu", Parent: name(1), Backup: name(2)},
		frame.Dismiss{Tree: tree, Version: 1 << 31},
		frame.Installed{Tree: tree, Version: 1},
		frame.Audio{Label: 1},
	} {
		record := r.Append(nil)
		f.Add(uint8(0), record[0], record[3:])
		f.Add(uint8(1), record[0], record[3:])
	}
	f.Fuzz(func(t *testing.T, to, kind uint8, body []byte) {
		w := newNet("eu", "us", "eu")
		w.open(region.Anywhere)
		e := w.nodes[int(to)%3]
		e.Record(w.now, 1, frame.Kind(kind), body)
		w.run(300 * time.Millisecond)
		w.say("one")
		for i, e := range w.nodes {
			if e.Counts.Tired > 0 || len(e.heard) > 1 {
				t.Errorf("node %d: %+v, hears %q", i, e.Counts, e.heard)
			}
		}
	})
}

func TestPassingAllocatesNothing(t *testing.T) {
	w := newNet("eu", "eu", "eu")
	w.open(region.Anywhere)
	e := w.nodes[0]
	out := new(nothing)
	for _, h := range e.hops[1:] {
		h.Start(w.now, 1, out)
	}
	packet := make([]byte, 120)
	now := w.now
	speak := func() {
		now += 5 * time.Millisecond
		e.Speak(now, room, 3, packet)
	}
	for range 300 {
		speak()
	}
	if n := testing.AllocsPerRun(1000, speak); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

type nothing struct{}

func (*nothing) Carry(int, uint64, []byte) {}
