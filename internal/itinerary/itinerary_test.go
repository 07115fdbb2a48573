package itinerary

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/frame"
	"github.com/stoa-audio/stoa/internal/overlay/overlaytest"
	"github.com/stoa-audio/stoa/internal/overlay/relay"
	"github.com/stoa-audio/stoa/internal/overlay/waybill"
	"github.com/stoa-audio/stoa/internal/region"
)

// A world is some nodes with real certificates, and one tree from the first to
// the last by way of all between.
type world struct {
	t     *testing.T
	net   *overlaytest.Network
	room  id.Room
	tree  frame.Tree
	nodes []*station

	mu   sync.Mutex // guards what follows
	now  time.Time
	hide id.Node // of which nobody may be told
}

// A station is a node of the tests. It counts what it was asked and what it has
// signed.
type station struct {
	*Ways
	overlaytest.Node

	asked, signed atomic.Int64
	lie           func(waybill.Bill) waybill.Bill
}

// A pipe is a stream within the test.
type pipe struct{ net.Conn }

func (p pipe) Stop() {}

// Close does not close what is read, as with streams between nodes.
func (p pipe) Close() error { return nil }

func newWorld(t *testing.T, places ...region.Place) *world {
	w := &world{t: t, net: overlaytest.New(t, time.Now(), "eu", "us"), room: id.New[id.Room](), tree: 7, now: time.Now()}
	for _, place := range places {
		w.nodes = append(w.nodes, &station{Node: w.net.Node(place), lie: func(b waybill.Bill) waybill.Bill { return b }})
	}
	store := w.net.Store(region.Anywhere)
	for i, s := range w.nodes {
		source := relay.Source{Tree: w.tree, Room: w.room, Owner: w.name(0)}
		if i > 0 {
			source.From, source.Away = w.name(i-1), 10*time.Millisecond
		}
		s.Ways = New(Config{
			Self: w.name(i), Now: w.clock,
			Owner: func(room id.Room) (owner id.Node) {
				if room == w.room {
					owner = w.name(0) // it owns the room, too
				}
				return owner
			},
			Source: func(room id.Room, owner id.Node) (relay.Source, bool) {
				return source, room == w.room && owner == w.name(0)
			},
			SourceFor: func(tree frame.Tree, taker id.Node) (relay.Source, bool) {
				return source, tree == w.tree && i+1 < len(w.nodes) && taker == w.name(i+1)
			},
			Open: func(ctx context.Context, to id.Node, kind string) (Stream, error) { return w.open(ctx, i, to, kind) },
			Sign: func(b waybill.Bill) (waybill.Signed, error) {
				s.signed.Add(1)
				return s.lie(b).Sign(s.Leaf, s.Key)
			},
			Check: func(way []waybill.Signed, room id.Room, origin, last id.Node) ([]waybill.Hop, error) {
				return waybill.Check(way, store, room, origin, last, w.clock())
			},
			MayTell: func(_, of id.Node) bool {
				w.mu.Lock()
				defer w.mu.Unlock()
				return of != w.hide
			},
		})
	}
	return w
}

func (w *world) name(i int) id.Node { return w.nodes[i].Member.Node }

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) open(ctx context.Context, from int, to id.Node, kind string) (Stream, error) {
	for i, s := range w.nodes {
		if w.name(i) == to && kind == Kind {
			s.asked.Add(1)
			near, far := net.Pipe()
			go func() { _ = s.Serve(context.WithoutCancel(ctx), w.name(from), pipe{far}); _ = far.Close() }()
			return pipe{near}, nil
		}
	}
	return nil, errors.New("no such node")
}

// ask asks node from, as the room's owner, for the way of the voices to last.
func (w *world) ask(from, last int) ([]waybill.Hop, error) {
	_, hops, err := w.nodes[from].At(w.t.Context(), w.name(last), w.room, w.name(0))
	return hops, err
}

var (
	berlin  = region.Place{Region: "eu", Operator: "one"}
	dublin  = region.Place{Region: "eu", Operator: "two"}
	chicago = region.Place{Region: "us", Operator: "one"}
)

func TestAWayOverThreeNodes(t *testing.T) {
	w := newWorld(t, berlin, dublin, chicago)
	for _, s := range w.nodes {
		if s.signed.Load() > 0 {
			t.Fatal("somebody signs before anybody has asked")
		}
	}
	hops, err := w.ask(0, 2)
	if err != nil || len(hops) != 3 || hops[0].Place != berlin || hops[1].Place != dublin || hops[2].Place != chicago || hops[0].Delay != 0 || hops[2].Delay != 10*time.Millisecond {
		t.Fatalf("the way is %+v, %v", hops, err)
	}
	if w.nodes[2].asked.Load() != 1 || w.nodes[1].asked.Load() != 1 || w.nodes[0].asked.Load() != 1 {
		t.Error("not each node is asked once")
	}
	// However many ask: one signature of each node in ten seconds.
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() {
			if _, err := w.ask(0, 2); err != nil {
				t.Error(err)
			}
			if _, err := w.ask(0, 1); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	w.wait(Fresh + time.Second)
	if _, err := w.ask(0, 2); err != nil {
		t.Error(err)
	}
	for i, s := range w.nodes {
		if n := s.signed.Load(); n != 2 {
			t.Errorf("node %d has signed %d times", i, n)
		}
	}
}

// Only who takes the voices from a node, or owns the room, is told.
func TestWhoIsNotTold(t *testing.T) {
	w := newWorld(t, berlin, dublin, chicago)
	if _, err := w.ask(2, 1); !errors.Is(err, ErrNoWay) {
		t.Errorf("who does not own the room is told: %v", err)
	}
	for from, tree := range map[int]frame.Tree{0: w.tree, 2: w.tree + 1} {
		ways, err := w.nodes[from].Ways.ask(t.Context(), w.name(1), question{Tree: tree})
		if !errors.Is(err, ErrNoWay) {
			t.Errorf("node %d is told %v, %v", from, ways, err)
		}
	}
	if w.nodes[1].signed.Load() != 0 {
		t.Error("something is signed for those who are not told")
	}
	if _, _, err := w.nodes[0].At(t.Context(), w.name(2), id.New[id.Room](), w.name(0)); !errors.Is(err, ErrNoWay) {
		t.Errorf("of a room that is not there: %v", err)
	}
	// Nor of a node that who asks must not know of.
	w.mu.Lock()
	w.hide = w.name(0)
	w.mu.Unlock()
	if hops, err := w.ask(0, 2); !errors.Is(err, ErrNoWay) || hops != nil {
		t.Errorf("a node is told of one whose fence it is outside: %v, %v", hops, err)
	}
}

// What a node on the way says and cannot prove is not passed on, and is not
// asked for again at once.
func TestALiarOnTheWay(t *testing.T) {
	for name, lie := range map[string]func(waybill.Bill) waybill.Bill{
		"another source": func(b waybill.Bill) waybill.Bill { b.From = id.New[id.Node](); return b },
		"another room":   func(b waybill.Bill) waybill.Bill { b.Tag = make([]byte, waybill.TagSize); return b },
		"an old one":     func(b waybill.Bill) waybill.Bill { b.At = b.At.Add(-time.Hour); return b },
		"not a bill":     func(b waybill.Bill) waybill.Bill { b.Tag = nil; return b },
	} {
		w := newWorld(t, berlin, dublin, chicago)
		w.nodes[1].lie = lie
		if hops, err := w.ask(0, 2); err == nil {
			t.Errorf("%s is believed: %+v", name, hops)
		}
		signed := w.nodes[1].signed.Load()
		if _, err := w.ask(0, 2); err == nil || w.nodes[1].signed.Load() != signed {
			t.Errorf("%s: %v, and it is asked for again", name, err)
		}
	}
}

func TestABound(t *testing.T) {
	w := newWorld(t, berlin)
	for range knownMax {
		if _, _, err := w.nodes[0].Here(t.Context(), id.New[id.Room](), id.New[id.Node]()); !errors.Is(err, ErrNoWay) {
			t.Fatal(err)
		}
	}
	if _, _, err := w.nodes[0].Here(t.Context(), w.room, w.name(0)); !errors.Is(err, ErrBusy) {
		t.Errorf("more ways than can be kept: %v", err)
	}
	w.wait(Fresh)
	if _, _, err := w.nodes[0].Here(t.Context(), w.room, w.name(0)); err != nil {
		t.Errorf("when they are forgotten: %v", err)
	}
}

// What a stranger writes on a stream ends the stream, and nothing else.
func FuzzServe(f *testing.F) {
	f.Add([]byte("{\"tree\":\"7\"}\n"))
	f.Add([]byte("{\"room\":\"0123456789abcdefghijklmno0\"}\n"))
	f.Add([]byte("{\"tree\":7}\n"))
	f.Add([]byte("\n"))
	f.Fuzz(func(t *testing.T, said []byte) {
		ways := New(Config{
			Self: id.Node{1}, Now: time.Now, Owner: func(id.Room) id.Node { return id.Node{2} },
			Source:    func(id.Room, id.Node) (relay.Source, bool) { return relay.Source{}, false },
			SourceFor: func(frame.Tree, id.Node) (relay.Source, bool) { return relay.Source{}, false },
			Sign:      func(waybill.Bill) (waybill.Signed, error) { return waybill.Signed{}, errors.New("signed") },
		})
		near, far := net.Pipe()
		go func() { _, _ = near.Write(append(said, '\n')); _ = near.SetReadDeadline(time.Now().Add(time.Second)) }()
		go func() { _, _ = near.Read(make([]byte, answerMax)); _ = near.Close() }()
		_ = ways.Serve(t.Context(), id.Node{3}, pipe{far})
		_ = far.Close()
	})
}
