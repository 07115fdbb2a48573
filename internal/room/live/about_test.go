package live

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
)

// TestAboutIsAllThatIsStored has many come and go, and compares what is said to be
// stored of each with the record: whoever is in a byte of it is told so, and of each
// event that names them; nobody else is.
func TestAboutIsAllThatIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		h := start(t, m)
		defer func() { h.stop() }()
		name := h.open(room.Open, person("guest"))
		r := rand.New(rand.NewPCG(7, 0))
		someone := func() string { return fmt.Sprint("p", r.IntN(12)) }
		left, snapshots := 0, uint64(0)
		for step := range 4000 {
			who := someone()
			var poll uint64
			h.Read(name, func(r *room.Room) {
				if p := r.Scene().Poll; p != nil {
					poll = p.Poll
				}
			})
			c := []room.Command{
				enter(who), enter(who),
				room.Leave{By: seat(who)},
				room.RaiseHand{By: seat(who)},
				room.AskUp{By: seat("zeno"), Who: person(who)},
				room.StepUp{By: seat(who)},
				room.Remove{By: seat("zeno"), Who: person(fmt.Sprint("p", 12+r.IntN(3)))},
				room.LetIn{By: seat("zeno"), Who: person(fmt.Sprint("p", 9+r.IntN(6)))},
				room.Pin{By: seat(who), URL: "https://example.org/", Text: "read"},
				room.OpenPoll{By: seat([]string{"zeno", who}[r.IntN(2)]), Question: "Tea?", Options: []string{"yes", "no"}},
				room.Vote{By: seat(who), Poll: poll, Option: r.IntN(2)},
			}[r.IntN(11)]
			_ = h.Do(t.Context(), name, c) // many are refused
			if step%1500 == 1499 {         // another node goes on
				h.stop()
				h = start(t, m)
				h.do(name, enter("zeno"), nil)
			}
			if step%40 > 0 {
				continue
			}
			rec := m.records[name]
			snapshots = max(snapshots, rec.at)
			for n := range 17 {
				who := person([]string{"zeno", "guest", fmt.Sprint("p", n)}[min(n, 2)])
				var here bool
				h.Read(name, func(r *room.Room) { here = r.Participant(who) != nil })
				if h.compareAbout(m, name, who) && !here {
					left++
				}
			}
		}
		if left == 0 || snapshots == 0 {
			t.Errorf("it tells nothing: %d who had left, snapshots up to %d", left, snapshots)
		}
	})
}

// compareAbout compares what is said to be stored of who with the record, and reports
// whether that is anything.
func (h *house) compareAbout(m *memory, name id.Room, who id.Person) bool {
	h.Helper()
	rec := m.records[name]
	var want []uint64
	for i, e := range rec.all[rec.at:] {
		if bytes.Contains(room.MarshalEvent(e), []byte(who.String())) {
			want = append(want, rec.at+uint64(i)+1)
		}
	}
	now := []byte(h.text(name))
	all, err := h.About(h.Context(), who)
	if err != nil {
		h.Fatal(err)
	}
	var got []uint64
	state := false
	for _, a := range all {
		for _, e := range a.Events {
			got = append(got, e.Seq)
		}
		state = a.Trace.Place != nil || a.Trace.LetIn || a.Trace.Host || a.Trace.Out || a.Trace.Voted || a.Trace.Asked != "" || len(a.Trace.Pins) > 0
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		h.Fatalf("of %s the events %v are told, %v are stored", who, got, want)
	}
	if is := bytes.Contains(now, []byte(who.String())); is != state {
		h.Fatalf("of %s it is told %v that there is something now, which is %v: %s", who, state, is, now)
	}
	return len(got) > 0
}
