package storetest

import (
	"testing"

	"github.com/stoa-audio/stoa/internal/deputy"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/room/live"
)

// kept is a record of the first events of a talk, from a snapshot on.
func (k talk) kept(t *testing.T, term uint64, from, to int) deputy.Record {
	t.Helper()
	rec := live.Record{Name: k.name, Term: term, Events: k.events[from:to]}
	if from > 0 {
		rec.Snapshot = []byte(state(t, nil, k.events[:from]))
	}
	return deputy.Record{Record: rec, Seq: uint64(to)} //nolint:gosec // not negative
}

func adopt(t *testing.T, s Store, house id.Node, own bool) map[id.Room]live.Record {
	t.Helper()
	records, err := s.Adopt(t.Context(), house, own)
	must(t, err)
	out := make(map[id.Room]live.Record)
	for _, r := range records {
		out[r.Name] = r
	}
	return out
}

// keepsForOthers keeps the rooms of a house, and then runs them.
func keepsForOthers(t *testing.T, s Store) {
	ctx, house, other, a, b := t.Context(), id.New[id.Node](), id.New[id.Node](), newTalk(9), newTalk(3)
	must(t, s.Keep(ctx, house, a.kept(t, 4, 2, 5)))
	must(t, s.KeepEvents(ctx, house, b.name, 1, 1, b.events[:2]))
	same(t, len(load(t, s)), 0) // they are not for this node to run

	// What comes a second time is there already; what does not follow is refused.
	must(t, s.KeepEvents(ctx, house, a.name, 4, 4, a.events[3:7]))
	must(t, s.KeepEvents(ctx, house, a.name, 4, 5, a.events[4:6]))
	if s.KeepEvents(ctx, house, a.name, 4, 9, a.events[8:9]) == nil {
		t.Fatal("an event was kept without the one before it")
	}
	must(t, s.KeepEvents(ctx, house, a.name, 5, 8, a.events[7:8]))
	refused(t, s.KeepEvents(ctx, house, a.name, 4, 9, a.events[8:9]), live.ErrTerm)
	refused(t, s.Keep(ctx, house, a.kept(t, 4, 0, 9)), live.ErrTerm)
	refused(t, s.KeepEvents(ctx, other, a.name, 9, 9, a.events[8:9]), live.ErrTerm) // nobody else's
	refused(t, s.Append(ctx, a.name, 9, 9, a.events[8:9]), live.ErrTerm)            // and not run here
	refused(t, s.Compact(ctx, a.name, 9, 8, []byte("{}")), live.ErrTerm)

	got := adopt(t, s, house, false)
	same(t, len(got), 2)
	same(t, got[a.name].Term, uint64(6))
	same(t, got[a.name].Guest, true)
	same(t, state(t, got[a.name].Snapshot, got[a.name].Events), state(t, nil, a.events[:8]))
	same(t, got[b.name].Events, b.events[:2])

	// Whoever ran them before writes no more; this node does.
	refused(t, s.KeepEvents(ctx, house, a.name, 5, 9, a.events[8:9]), live.ErrTerm)
	refused(t, s.Keep(ctx, house, a.kept(t, 9, 0, 9)), live.ErrTerm)
	refused(t, s.Append(ctx, a.name, 5, 9, a.events[8:9]), live.ErrTerm)
	must(t, s.Append(ctx, a.name, 6, 9, a.events[8:9]))
	must(t, s.Append(ctx, b.name, 2, 3, []room.Event{room.Ended{Why: room.EndedByModerator}}))
	names, err := s.Runs(ctx, house)
	must(t, err)
	same(t, names, []id.Room{a.name})
	again := load(t, s)
	same(t, again[a.name].Guest, true)

	back, err := s.HandBack(ctx, house)
	must(t, err)
	same(t, len(back), 1)
	same(t, back[0].Seq, uint64(9))
	same(t, state(t, back[0].Snapshot, back[0].Events), state(t, nil, a.events[:9]))
	same(t, len(load(t, s)), 0)
	must(t, s.Only(ctx, house, nil))
	same(t, len(adopt(t, s, house, false)), 0)
}

// setsAside sets this node's rooms aside, since another node may run them.
func setsAside(t *testing.T, s Store) {
	ctx, self, a, b := t.Context(), id.New[id.Node](), newTalk(5), newTalk(5)
	must(t, s.Append(ctx, a.name, 1, 1, a.events[:3]))
	own, err := s.Own(ctx)
	must(t, err)
	same(t, len(own), 1)
	same(t, own[0].Seq, uint64(3))
	same(t, own[0].Events, a.events[:3])
	must(t, s.Doubt(ctx, self))
	same(t, len(load(t, s)), 0)
	refused(t, s.Append(ctx, a.name, 1, 4, a.events[3:4]), live.ErrTerm)
	must(t, s.Append(ctx, b.name, 1, 1, b.events[:1])) // one that nobody else has
	same(t, len(load(t, s)), 1)

	must(t, s.Keep(ctx, self, a.kept(t, 7, 0, 5))) // what another node made of it
	got := adopt(t, s, self, true)
	same(t, len(got), 1)
	same(t, got[a.name].Term, uint64(8))
	same(t, got[a.name].Guest, false)
	same(t, got[a.name].Events, a.events[:5])
	own, err = s.Own(ctx)
	must(t, err)
	same(t, len(own), 2)
}

func notesPairs(t *testing.T, s Store) {
	ctx := t.Context()
	one := deputy.Pair{House: id.New[id.Node](), Deputy: id.New[id.Node](), Term: 3, Key: []byte("a key"), URL: "https://stoa.example"}
	must(t, s.SetPair(ctx, one))
	one.KeptOut = deputy.KeptOut{id.New[id.Person](): {}, id.New[id.Person](): noon}
	must(t, s.SetPair(ctx, one))
	pairs, err := s.Pairs(ctx)
	must(t, err)
	same(t, pairs, []deputy.Pair{one})
	one.Term, one.Deputy, one.KeptOut = 4, id.Node{}, nil
	must(t, s.SetPair(ctx, one))
	pairs, err = s.Pairs(ctx)
	must(t, err)
	same(t, pairs, []deputy.Pair{one})
	must(t, s.Unpair(ctx, one.House))
	pairs, err = s.Pairs(ctx)
	must(t, err)
	same(t, len(pairs), 0)
}
