package live

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
)

var errDisk = errors.New("the disk is full")

// A memory is a Store that forgets nothing: beside the record it keeps all
// that was ever written, for the test to look at.
type memory struct {
	mu      sync.Mutex
	records map[id.Room]*record
	appends int
	hurt    func() (before, after time.Duration, err error) // how the next Append goes, if not well
}

type record struct {
	term     uint64
	all      []room.Event // every event ever stored, as read back from its text
	snapshot []byte
	at       uint64 // number of the last event in snapshot
	ended    bool
}

func newMemory() *memory { return &memory{records: make(map[id.Room]*record)} }

func (m *memory) Append(ctx context.Context, name id.Room, term, first uint64, events []room.Event) error {
	m.mu.Lock()
	hurt := m.hurt
	m.mu.Unlock()
	if hurt != nil {
		before, after, err := hurt()
		if wait(ctx, before); err != nil {
			return err
		}
		defer wait(ctx, after) // it is stored, and yet not known to be
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.appends++
	rec := m.records[name]
	switch {
	case rec == nil && first == 1:
		rec = &record{term: term}
		m.records[name] = rec
	case rec == nil:
		return errors.New("no such record")
	case term < rec.term:
		return ErrTerm
	case rec.ended || first != uint64(len(rec.all))+1:
		return errors.New("not the next number")
	}
	for _, e := range events {
		back, err := room.ParseEvent(room.MarshalEvent(e))
		if err != nil {
			return err
		}
		rec.all = append(rec.all, back)
		if _, ok := e.(room.Ended); ok {
			rec.ended = true
		}
	}
	return nil
}

func (m *memory) Compact(_ context.Context, name id.Room, term, seq uint64, snapshot []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	rec := m.records[name]
	if term < rec.term {
		return ErrTerm
	}
	rec.at, rec.snapshot = seq, snapshot
	return nil
}

func (m *memory) Load(context.Context) ([]Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var records []Record
	for name, rec := range m.records {
		if !rec.ended {
			rec.term++
			records = append(records, Record{Name: name, Term: rec.term, Snapshot: rec.snapshot, Events: slices.Clone(rec.all[rec.at:])})
		}
	}
	return records, nil
}

func (m *memory) EventsOf(_ context.Context, name id.Room) (some []Stored, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rec := m.records[name]
	if rec == nil || rec.ended {
		return nil, nil
	}
	for i, e := range rec.all[rec.at:] {
		some = append(some, Stored{rec.at + uint64(i) + 1, len(room.MarshalEvent(e)), e})
	}
	return some, nil
}

// goes sets how every Append goes from now on.
func (m *memory) goes(how func() (before, after time.Duration, err error)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hurt = how
}

func slow(by time.Duration) func() (before, after time.Duration, err error) {
	return func() (time.Duration, time.Duration, error) { return by, 0, nil }
}

func failing() (before, after time.Duration, err error) { return 0, 0, errDisk }

// events returns all that was ever stored of a room.
func (m *memory) events(name id.Room) []room.Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	if rec := m.records[name]; rec != nil {
		return slices.Clone(rec.all)
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) {
	if d > 0 {
		select {
		case <-time.After(d):
		case <-ctx.Done():
		}
	}
}

// A witness is an Audience and a Watcher that remembers, and looks that nothing
// is missing.
type witness struct {
	t     testing.TB
	mu    sync.Mutex
	first map[id.Room]uint64       // number of the first event that was told
	told  map[id.Room][]room.Event // all since
	shown map[id.Room]shown        // what was shown last
}

type shown struct {
	first  uint64
	sights []room.Sight
	count  int
}

func newWitness(t testing.TB) *witness {
	return &witness{t: t, first: make(map[id.Room]uint64), told: make(map[id.Room][]room.Event), shown: make(map[id.Room]shown)}
}

func (w *witness) Show(name id.Room, first uint64, sights []room.Sight, count int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shown[name] = shown{first, slices.Clone(sights), count}
}

func (w *witness) Happened(name id.Room, r *room.Room, first uint64, events []room.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.first[name] == 0 {
		w.first[name] = first
	}
	if want := w.first[name] + uint64(len(w.told[name])); first != want {
		w.t.Errorf("told of event %d, want %d", first, want)
	}
	if want := first + uint64(len(events)) - 1; r.Seq() != want {
		w.t.Errorf("told of the room at event %d, want %d", r.Seq(), want)
	}
	w.told[name] = append(w.told[name], events...)
	s := w.shown[name]
	delete(w.shown, name)
	if s.first != first || s.count != r.Len() || len(s.sights) != len(events) {
		w.t.Errorf("shown %d sights from %d on, and %d people", len(s.sights), s.first, s.count)
		return
	}
	for i, sight := range s.sights {
		if sight.Event != nil && !reflect.DeepEqual(sight.Event, events[i]) {
			w.t.Errorf("shown %#v of %#v", sight.Event, events[i])
		}
	}
}

func (w *witness) events(name id.Room) []room.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.told[name])
}

// agrees looks whether all that w was told is what m has stored, number by
// number.
func (w *witness) agrees(m *memory) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, told := range w.told {
		stored := m.events(name)
		for i, e := range told {
			seq := w.first[name] + uint64(i)
			if seq > uint64(len(stored)) {
				w.t.Errorf("told of event %d, which is not stored", seq)
				return
			}
			got, want := room.MarshalEvent(e), room.MarshalEvent(stored[seq-1])
			if string(got) != string(want) {
				w.t.Errorf("event %d was told as %s and is stored as %s", seq, got, want)
			}
		}
	}
}

// follows are who follows whom, and who is in a club; while away it cannot be asked.
type follows struct {
	mu sync.Mutex
	of map[id.Person][]id.Person // whom a person follows
	in map[id.Club][]id.Person   // who is in a club
	// blocks is whom a person has blocked; while unknown that cannot be asked.
	blocks  map[id.Person][]id.Person
	unknown bool
	away    bool
	slow    time.Duration
}

func (f *follows) ask(ctx context.Context) error {
	f.mu.Lock()
	slow, away := f.slow, f.away
	f.mu.Unlock()
	wait(ctx, slow)
	if away {
		return errDisk
	}
	return ctx.Err()
}

func (f *follows) FollowersAmong(ctx context.Context, who id.Person, candidates []id.Person) ([]id.Person, error) {
	return f.among(ctx, candidates, func(c id.Person) bool { return slices.Contains(f.of[c], who) })
}

func (f *follows) FollowedAmong(ctx context.Context, audience, by []id.Person) ([]id.Person, error) {
	return f.among(ctx, audience, func(a id.Person) bool {
		return slices.ContainsFunc(by, func(b id.Person) bool { return slices.Contains(f.of[b], a) })
	})
}

func (f *follows) BlockersAmong(ctx context.Context, who id.Person, candidates []id.Person) ([]id.Person, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.unknown {
		return nil, errDisk
	}
	return slices.DeleteFunc(slices.Clone(candidates), func(c id.Person) bool { return !slices.Contains(f.blocks[c], who) }), ctx.Err()
}

func (f *follows) IsMember(ctx context.Context, club id.Club, who id.Person) (bool, error) {
	is, err := f.among(ctx, []id.Person{who}, func(who id.Person) bool { return slices.Contains(f.in[club], who) })
	return len(is) > 0, err
}

func (f *follows) among(ctx context.Context, all []id.Person, fits func(id.Person) bool) ([]id.Person, error) {
	if err := f.ask(ctx); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var some []id.Person
	for _, who := range all {
		if fits(who) {
			some = append(some, who)
		}
	}
	return some, nil
}

func (f *follows) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// text returns the stored form of a room.
func text(t testing.TB, r *room.Room) string {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}
