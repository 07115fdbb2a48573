package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/room/live"
)

// A talk is a room and what has happened in it.
type talk struct {
	name   id.Room
	events []room.Event
}

// newTalk returns a room in which n people have come in.
func newTalk(n int) talk {
	by := id.New[id.Person]()
	k := talk{id.New[id.Room](), []room.Event{room.Opened{
		By: by, Name: "Ada", Title: "Tea", Visibility: room.Open, At: noon, Until: noon.Add(room.OpenHold),
	}}}
	for i := range n {
		k.events = append(k.events, room.Entered{Who: id.New[id.Person](), Name: fmt.Sprint("Guest ", i)})
	}
	return k
}

// state is what a room is after events, from a snapshot on.
func state(t *testing.T, snapshot []byte, events []room.Event) string {
	t.Helper()
	r := new(room.Room)
	if snapshot != nil {
		must(t, json.Unmarshal(snapshot, r))
	}
	for _, e := range events {
		r.Apply(e)
	}
	text, err := json.Marshal(r)
	must(t, err)
	return string(text)
}

func load(t *testing.T, s Store) map[id.Room]live.Record {
	t.Helper()
	records, err := s.Load(t.Context())
	must(t, err)
	out := make(map[id.Room]live.Record)
	for _, r := range records {
		out[r.Name] = r
	}
	return out
}

func rooms(t *testing.T, s Store) {
	ctx, a, b := t.Context(), newTalk(5), newTalk(0)
	same(t, len(load(t, s)), 0)
	must(t, s.Append(ctx, a.name, 1, 1, a.events[:1]))
	must(t, s.Append(ctx, b.name, 1, 1, b.events))
	must(t, s.Append(ctx, a.name, 1, 2, nil)) // nothing is nothing
	must(t, s.Append(ctx, a.name, 1, 2, a.events[1:]))
	got := load(t, s)
	same(t, len(got), 2)
	for _, k := range []talk{a, b} {
		same(t, got[k.name].Term, uint64(2))
		same(t, len(got[k.name].Snapshot), 0)
		same(t, got[k.name].Events, k.events)
		same(t, numbered(t, s, k.name), numbers(1, k.events))
	}
	same(t, len(numbered(t, s, id.New[id.Room]())), 0)
}

// numbered returns the events that are stored of a room, by their numbers.
func numbered(t *testing.T, s Store, name id.Room) map[uint64]room.Event {
	t.Helper()
	all, err := s.EventsOf(t.Context(), name)
	must(t, err)
	out := make(map[uint64]room.Event)
	for _, e := range all {
		if e.Bytes < len(room.MarshalEvent(e.Event)) {
			t.Errorf("event %d takes %d bytes", e.Seq, e.Bytes)
		}
		out[e.Seq] = e.Event
	}
	return out
}

func numbers(first uint64, events []room.Event) map[uint64]room.Event {
	out := make(map[uint64]room.Event)
	for i, e := range events {
		out[first+uint64(i)] = e
	}
	return out
}

func roomsUnderTerms(t *testing.T, s Store) {
	ctx, a := t.Context(), newTalk(9)
	must(t, s.Append(ctx, a.name, 1, 1, a.events[:1]))
	same(t, load(t, s)[a.name].Term, uint64(2))
	same(t, load(t, s)[a.name].Term, uint64(3))

	// Whoever loaded before writes no more, neither events nor snapshots.
	for _, term := range []uint64{1, 2} {
		refused(t, s.Append(ctx, a.name, term, 2, a.events[1:2]), live.ErrTerm)
		refused(t, s.Compact(ctx, a.name, term, 1, []byte("{}")), live.ErrTerm)
	}
	must(t, s.Append(ctx, a.name, 3, 2, a.events[1:2]))
	must(t, s.Append(ctx, a.name, 7, 3, a.events[2:3]))
	refused(t, s.Append(ctx, a.name, 3, 4, a.events[3:4]), live.ErrTerm)
	same(t, load(t, s)[a.name].Events, a.events[:3])
}

func roomsWithoutGaps(t *testing.T, s Store) {
	ctx, a := t.Context(), newTalk(9)
	for _, first := range []uint64{0, 2} {
		if s.Append(ctx, a.name, 1, first, a.events[:1]) == nil {
			t.Fatalf("a room began with event %d", first)
		}
	}
	must(t, s.Append(ctx, a.name, 1, 1, a.events[:3]))
	for _, first := range []uint64{1, 2, 3, 5, 1 << 40} {
		if s.Append(ctx, a.name, 1, first, a.events[3:4]) == nil {
			t.Fatalf("event %d followed event 3", first)
		}
	}
	same(t, load(t, s)[a.name].Events, a.events[:3])
}

func roomsEnd(t *testing.T, s Store) {
	ctx, a := t.Context(), newTalk(3)
	must(t, s.Append(ctx, a.name, 1, 1, a.events))
	must(t, s.Append(ctx, a.name, 1, 5, []room.Event{room.HandsSet{}, room.Ended{Why: room.EndedByModerator}}))
	same(t, len(load(t, s)), 0)
	same(t, len(numbered(t, s, a.name)), 0)
	if s.Append(ctx, a.name, 1, 7, a.events[1:2]) == nil {
		t.Fatal("a room went on after its end")
	}
	if s.Compact(ctx, a.name, 1, 6, []byte("{}")) == nil {
		t.Fatal("an ended room was compacted")
	}
}

func roomsCompacted(t *testing.T, s Store) {
	ctx, a := t.Context(), newTalk(9)
	must(t, s.Append(ctx, a.name, 1, 1, a.events[:6]))
	want := state(t, nil, a.events[:6])
	snapshot := []byte(state(t, nil, a.events[:4]))
	must(t, s.Compact(ctx, a.name, 1, 4, snapshot))
	got := load(t, s)[a.name]
	same(t, string(got.Snapshot), string(snapshot))
	same(t, got.Events, a.events[4:6])
	same(t, numbered(t, s, a.name), numbers(5, a.events[4:6]))
	same(t, state(t, got.Snapshot, got.Events), want)

	// A snapshot of what is not stored, or of what is gone, would lose events.
	for _, seq := range []uint64{3, 7} {
		if s.Compact(ctx, a.name, 2, seq, snapshot) == nil {
			t.Fatalf("a snapshot of event %d was taken", seq)
		}
	}
	must(t, s.Append(ctx, a.name, 2, 7, a.events[6:]))
	all := state(t, nil, a.events)
	must(t, s.Compact(ctx, a.name, 2, 10, []byte(all)))
	got = load(t, s)[a.name]
	same(t, len(got.Events), 0)
	same(t, state(t, got.Snapshot, nil), all)
}

// roomsAtOnce has many rooms append at once, some of them what is refused,
// which must not take the others along.
func roomsAtOnce(t *testing.T, s Store) {
	talks := make([]talk, 40)
	errs := make([]error, len(talks))
	var wg sync.WaitGroup
	for n := range talks {
		talks[n] = newTalk(24)
		wg.Go(func() {
			ctx, k := context.Background(), talks[n]
			for i := range k.events {
				if s.Append(ctx, k.name, 1, uint64(i)+2, k.events[i:i+1]) == nil {
					errs[n] = fmt.Errorf("event %d came before event %d", i+2, i+1)
					return
				}
				if errs[n] = s.Append(ctx, k.name, 1, uint64(i)+1, k.events[i:i+1]); errs[n] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	got := load(t, s)
	for n, k := range talks {
		must(t, errs[n])
		same(t, got[k.name].Events, k.events)
	}
}
