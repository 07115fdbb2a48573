// Package itinerary finds out over which nodes voices have come, by asking one
// node after the other along the tree by which they come: each asks the one
// that it has them from, and puts what it signs itself behind
// (overlay/waybill). Nothing of this is said unless somebody asks, and each
// node signs at most once for each tree in Fresh.
//
// A node answers only who takes the voices of a tree from it, and the owner of
// a room that has people here; and tells nobody of a node that they may not
// know of. What the waybills prove is checked by overlay/waybill.
package itinerary

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/frame"
	"github.com/stoa-audio/stoa/internal/overlay/relay"
	"github.com/stoa-audio/stoa/internal/overlay/waybill"
)

// Kind is the kind of stream between nodes by which a way is asked for, with
// its version.
const Kind = "way/1"

// How long what was found is good, and how long is waited for it.
const (
	Fresh   = 10 * time.Second
	failing = time.Second // what could not be found is not looked for again for so long
	askWait = 2 * time.Second
)

// Bounds.
const (
	knownMax    = 4096 // ways that are kept
	questionMax = 1 << 10
	answerMax   = 64 << 10
)

// Why a way is not told.
var (
	ErrNoWay = errors.New("no voices come that way now")
	ErrBusy  = errors.New("as many ways are asked for as can be")
)

// A Stream is a stream between two nodes. Close ends its writing half.
type Stream interface {
	io.ReadWriteCloser
	SetDeadline(t time.Time) error
	Stop()
}

// A Config is what a node needs to find ways.
type Config struct {
	Self id.Node
	// Source and SourceFor are the overlay's (relay.Node).
	Source    func(room id.Room, owner id.Node) (relay.Source, bool)
	SourceFor func(tree frame.Tree, taker id.Node) (relay.Source, bool)
	// Owner returns which node owns a room that has people here.
	Owner func(room id.Room) id.Node
	Open  func(ctx context.Context, to id.Node, kind string) (Stream, error)
	Sign  func(waybill.Bill) (waybill.Signed, error)
	// Check says why a way from origin to last is not believed.
	Check func(way []waybill.Signed, room id.Room, origin, last id.Node) ([]waybill.Hop, error)
	// MayTell reports whether a node may know of another.
	MayTell func(to, of id.Node) bool
	Now     func() time.Time
}

// Ways is what a node knows of ways.
type Ways struct {
	Config

	mu    sync.Mutex // guards known
	known map[key]*found
}

// A key is a way: of a room's voices from where they come in to a node.
type key struct {
	room         id.Room
	origin, last id.Node
}

// A found way, or one that is being looked for until done is closed.
type found struct {
	done  chan struct{}
	way   []waybill.Signed
	hops  []waybill.Hop
	err   error
	until time.Time // zero while it is being looked for
}

// New returns the ways of a node.
func New(c Config) *Ways { return &Ways{Config: c, known: make(map[key]*found)} }

// Here returns the way by which voices of a room that come in at origin have
// come to this node.
func (w *Ways) Here(ctx context.Context, room id.Room, origin id.Node) ([]waybill.Signed, []waybill.Hop, error) {
	return w.find(ctx, key{room, origin, w.Self}, func(ctx context.Context) ([]waybill.Signed, error) {
		if origin == w.Self {
			return w.behind(nil, room, origin, relay.Source{})
		}
		s, ok := w.Source(room, origin)
		if !ok {
			return nil, ErrNoWay
		}
		return w.follow(ctx, s)
	})
}

// At returns the way to another node that has people of a room of ours.
func (w *Ways) At(ctx context.Context, last id.Node, room id.Room, origin id.Node) ([]waybill.Signed, []waybill.Hop, error) {
	if last == w.Self {
		return w.Here(ctx, room, origin)
	}
	return w.find(ctx, key{room, origin, last}, func(ctx context.Context) ([]waybill.Signed, error) {
		return w.ask(ctx, last, question{Room: room, Origin: origin})
	})
}

// follow asks whom the voices of a tree come from, and puts ours behind.
func (w *Ways) follow(ctx context.Context, s relay.Source) ([]waybill.Signed, error) {
	if s.From.IsZero() {
		return w.behind(nil, s.Room, s.Owner, s)
	}
	before, err := w.ask(ctx, s.From, question{Tree: s.Tree})
	if err != nil {
		return nil, err
	}
	if len(before) >= waybill.HopsMax {
		return nil, waybill.ErrLong
	}
	return w.behind(before, s.Room, s.Owner, s)
}

func (w *Ways) behind(way []waybill.Signed, room id.Room, origin id.Node, s relay.Source) ([]waybill.Signed, error) {
	own, err := w.Sign(waybill.New(room, origin, s.From, s.Away, w.Now()))
	return append(way, own), err
}

// find returns what is known of a way, or has look find it; whoever asks
// meanwhile waits for the same.
func (w *Ways) find(ctx context.Context, k key, look func(context.Context) ([]waybill.Signed, error)) ([]waybill.Signed, []waybill.Hop, error) {
	w.mu.Lock()
	f := w.known[k]
	if f == nil || !f.until.IsZero() && w.Now().After(f.until) {
		if f == nil && len(w.known) >= knownMax {
			now := w.Now()
			maps.DeleteFunc(w.known, func(_ key, f *found) bool { return !f.until.IsZero() && now.After(f.until) })
			if len(w.known) >= knownMax {
				w.mu.Unlock()
				return nil, nil, ErrBusy
			}
		}
		f = &found{done: make(chan struct{})}
		w.known[k] = f
		go w.search(context.WithoutCancel(ctx), k, f, look) // others may wait for it, whoever was first
	}
	w.mu.Unlock()
	select {
	case <-f.done:
		return f.way, f.hops, f.err
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

func (w *Ways) search(ctx context.Context, k key, f *found, look func(context.Context) ([]waybill.Signed, error)) {
	ctx, cancel := context.WithTimeout(ctx, askWait)
	defer cancel()
	way, err := look(ctx)
	var hops []waybill.Hop
	if err == nil {
		if hops, err = w.Check(way, k.room, k.origin, k.last); err != nil {
			way = nil
		}
	}
	w.mu.Lock()
	f.way, f.hops, f.err = way, hops, err
	f.until = w.Now().Add(Fresh)
	if err != nil {
		f.until = w.Now().Add(failing)
	}
	w.mu.Unlock()
	close(f.done)
}

// A question is what a node asks another, as JSON in a line: the way of a tree
// that it has from there, or of a room of its own with people there.
type question struct {
	Tree   frame.Tree `json:"tree,string,omitempty"`
	Room   id.Room    `json:"room,omitzero"`
	Origin id.Node    `json:"origin,omitzero"`
}

// An answer is the way to who answers, its own waybill last; or nothing.
type answer struct {
	Way []waybill.Signed `json:"way,omitempty"`
}

func (w *Ways) ask(ctx context.Context, to id.Node, q question) ([]waybill.Signed, error) {
	s, err := w.Open(ctx, to, Kind)
	if err != nil {
		return nil, err
	}
	defer func() { s.Stop(); _ = s.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		_ = s.SetDeadline(deadline)
	}
	var a answer
	if err := errors.Join(write(s, q), s.Close()); err != nil {
		return nil, err
	}
	if err := json.NewDecoder(io.LimitReader(s, answerMax)).Decode(&a); err != nil {
		return nil, fmt.Errorf("ask for a way: %w", err)
	}
	if len(a.Way) == 0 {
		return nil, ErrNoWay
	}
	return a.Way, nil
}

// Serve answers a question of another node. The error says what was wrong with
// it; that there is no such way is an answer.
func (w *Ways) Serve(ctx context.Context, from id.Node, s Stream) error {
	defer s.Stop()
	_ = s.SetDeadline(time.Now().Add(askWait))
	lines := bufio.NewScanner(s)
	lines.Buffer(make([]byte, 0, 256), questionMax)
	var q question
	if !lines.Scan() {
		return lines.Err()
	}
	if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
		return fmt.Errorf("a question for a way: %w", err)
	}
	var a answer
	if way, hops, err := w.answer(ctx, from, q); err == nil && w.mayKnow(from, hops) {
		a.Way = way
	}
	return errors.Join(write(s, a), s.Close())
}

func (w *Ways) answer(ctx context.Context, from id.Node, q question) ([]waybill.Signed, []waybill.Hop, error) {
	if q.Tree != 0 {
		s, ok := w.SourceFor(q.Tree, from)
		if !ok {
			return nil, nil, ErrNoWay
		}
		return w.Here(ctx, s.Room, s.Owner)
	}
	if from.IsZero() || w.Owner(q.Room) != from {
		return nil, nil, ErrNoWay
	}
	return w.Here(ctx, q.Room, q.Origin)
}

// mayKnow reports whether a node may know of all others on a way.
func (w *Ways) mayKnow(to id.Node, way []waybill.Hop) bool {
	for _, hop := range way {
		if hop.Node != to && hop.Node != w.Self && !w.MayTell(to, hop.Node) {
			return false
		}
	}
	return true
}

func write(s io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = s.Write(append(b, '\n'))
	return err
}
