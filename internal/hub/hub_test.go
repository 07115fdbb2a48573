package hub

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
)

var agora = func() (name id.Room) { copy(name[:], "agora"); return name }()

// a hub in which agora is at event seq
func at(seq uint64) *Hub {
	h := New()
	h.Show(agora, seq+1, nil, 0)
	return h
}

// raise lets n hands go up in agora, from event first on.
func raise(h *Hub, first uint64, n int) {
	sights := make([]room.Sight, n)
	for i := range sights {
		sights[i].Event = room.HandRaised{}
	}
	h.Show(agora, first, sights, 0)
}

// hide lets n things happen in agora that nobody is told of, from event first
// on; then there are count people.
func hide(h *Hub, first uint64, n, count int) {
	h.Show(agora, first, make([]room.Sight, n), count)
}

func sights(events ...room.Event) []room.Sight {
	all := make([]room.Sight, len(events))
	for i, e := range events {
		all[i].Event = e
	}
	return all
}

func watch(t *testing.T, h *Hub, since uint64) *Watch {
	t.Helper()
	w, ok := h.Watch(agora, since, func() {})
	if !ok {
		t.Fatalf("cannot watch from %d", since)
	}
	return w
}

// read returns the numbers of the events, and the notices, that w has now.
func read(w *Watch) string {
	synctest.Wait()
	var got []string
	for {
		text, more := w.Take()
		switch {
		case text != nil:
			got = append(got, name(text))
		case more:
			return strings.Join(got, " ")
		default:
			return strings.Join(append(got, "closed"), " ")
		}
	}
}

// name returns the number of an event, with that before it if it says so, or a
// notice as it is.
func name(frame []byte) string {
	var e struct{ Seq, After uint64 }
	if json.Unmarshal(frame, &e) != nil || e.Seq == 0 {
		return string(frame)
	}
	if e.After != 0 {
		return fmt.Sprintf("%d<%d", e.After, e.Seq)
	}
	return fmt.Sprint(e.Seq)
}

func TestFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := at(41)
		w := watch(t, h, 41)
		defer w.Stop()
		var who id.Person
		h.Show(agora, 42, sights(room.HandRaised{Who: who}), 0)
		want := `{"seq":42,"room":"` + agora.String() + `","hand_raised":{"who":"` + who.String() + `"}}`
		if got, more := w.Take(); string(got) != want || !more {
			t.Errorf("got %s\nwant %s", got, want)
		}
	})
}

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := at(10)
		raise(h, 11, 3)
		for _, test := range []struct {
			since uint64
			ok    bool
			want  string
		}{
			{9, false, ""}, // 10 was before the hub
			{10, true, "11 12 13"},
			{12, true, "13"},
			{13, true, ""},
			{14, false, ""}, // has not happened
			{^uint64(0), false, ""},
		} {
			w, ok := h.Watch(agora, test.since, func() {})
			if ok != test.ok {
				t.Errorf("since %d: %v", test.since, ok)
			}
			if ok {
				if got := read(w); got != test.want {
					t.Errorf("since %d: got %s, want %s", test.since, got, test.want)
				}
				w.Stop()
			}
		}
		if _, ok := h.Watch(id.New[id.Room](), 0, func() {}); ok {
			t.Error("watching a room that does not run")
		}
	})
}

func TestOnlyTheLastAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := at(0)
		for seq := range uint64(2 * keepMax) {
			raise(h, seq+1, 1)
		}
		if _, ok := h.Watch(agora, keepMax-1, func() {}); ok {
			t.Error("more is kept than should be")
		}
		w := watch(t, h, keepMax)
		defer w.Stop()
		if got := strings.Fields(read(w)); len(got) != keepMax || got[0] != fmt.Sprint(keepMax+1) {
			t.Errorf("%d are kept, from %s on", len(got), got[0])
		}
	})
}

// Who is there from the start of the room need not ask for its first event.
func TestOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New()
		h.Show(agora, 1, sights(room.Opened{}, room.LetInto{}), 1)
		w := watch(t, h, 0)
		defer w.Stop()
		if got := read(w); got != "1 2" {
			t.Errorf("got %s", got)
		}
	})
}

// What nobody is told of is no gap: who comes back goes on behind it, and the
// next event says what was told before it.
func TestHidden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := at(10)
		w := watch(t, h, 10)
		hide(h, 11, 3, 0)
		raise(h, 14, 2)
		hide(h, 16, 5, 0)
		raise(h, 21, 1)
		if got := read(w); got != "10<14 15 15<21" {
			t.Errorf("got %s", got)
		}
		w.Stop()
		for since, want := range map[uint64]string{
			10: "10<14 15 15<21", 12: "10<14 15 15<21", 14: "15 15<21", 15: "15<21", 18: "15<21", 21: "",
		} {
			w := watch(t, h, since)
			if got := read(w); got != want {
				t.Errorf("since %d: got %q, want %q", since, got, want)
			}
			w.Stop()
		}
		for first := uint64(22); first < 22+3*keepMax; first += 3 {
			hide(h, first, 2, 0)
			raise(h, first+2, 1)
		}
		if _, ok := h.Watch(agora, 20, func() {}); ok {
			t.Error("more is kept than should be")
		}
		w = watch(t, h, 21)
		defer w.Stop()
		if got := strings.Fields(read(w)); len(got) != keepMax || got[0] != "21<24" {
			t.Errorf("%d are kept, from %s on", len(got), got[0])
		}
	})
}

// How many there are is told where the events do not say it: at once, and then
// once a second.
func TestCrowd(t *testing.T) {
	count := func(n int) string { return string(appendCrowd(nil, agora, n)) }
	synctest.Test(t, func(t *testing.T) {
		h := New()
		h.Show(agora, 1, sights(room.Opened{}, room.Entered{}), 2)
		w := watch(t, h, 2)
		defer w.Stop()
		h.Show(agora, 3, sights(room.Entered{}, room.Left{}, room.Entered{}), 3)
		if got := read(w); got != "3 4 5" {
			t.Errorf("what the events say is told too: %s", got)
		}
		hide(h, 6, 1, 4)
		if got := read(w); got != count(4) {
			t.Errorf("got %s", got)
		}
		hide(h, 7, 1, 5)
		hide(h, 8, 1, 6)
		h.Show(agora, 9, sights(room.Left{}), 5)
		if got := read(w); got != "6<9" && got != "5<9" {
			t.Errorf("got %s", got)
		}
		late := watch(t, h, 9)
		defer late.Stop()
		if got := read(late); got != count(5) {
			t.Errorf("who comes later is told %s", got)
		}
		time.Sleep(crowdEvery)
		if got, other := read(w), read(late); got != count(5) || other != got {
			t.Errorf("got %s, %s", got, other)
		}
		time.Sleep(time.Minute)
		if got := read(w); got != "" {
			t.Errorf("got %s though nothing has changed", got)
		}
		hide(h, 10, 1, 4)
		h.Show(agora, 11, sights(room.Ended{}), 0)
		if got := read(w); got != count(4)+" 9<11 closed" {
			t.Errorf("got %s", got)
		}
		time.Sleep(time.Minute)
	})
	synctest.Test(t, func(t *testing.T) { // a room that has just been loaded
		h := New()
		h.Show(agora, 100, nil, 5000)
		w := watch(t, h, 99)
		defer w.Stop()
		time.Sleep(time.Minute)
		if got := read(w); got != "" {
			t.Errorf("got %s", got)
		}
	})
}

func TestSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := at(0)
		slow, quick := watch(t, h, 0), watch(t, h, 0)
		defer slow.Stop()
		defer quick.Stop()
		for seq := range uint64(waitMax + 10) {
			raise(h, seq+1, 1)
			if got, want := read(quick), fmt.Sprint(seq+1); got != want {
				t.Fatalf("got %s, want %s", got, want)
			}
			if tooMany := seq+1 > waitMax; slow.Slow() != tooMany {
				t.Fatalf("after %d events slow is %v", seq+1, slow.Slow())
			}
		}
		if got := read(slow); got != "closed" {
			t.Errorf("who was slow got %s", got)
		}
		if quick.Slow() {
			t.Error("who was quick is slow")
		}
	})
}

// What has been before does not make a watcher slow, nor does a burst.
func TestBacklogIsNotSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := at(0)
		raise(h, 1, 900)
		w := watch(t, h, 0)
		defer w.Stop()
		raise(h, 901, 1)
		raise(h, 902, 100)
		raise(h, 1002, 1)
		if got := strings.Fields(read(w)); w.Slow() || len(got) != 1002 || got[1001] != "1002" {
			t.Errorf("slow %v, got %d", w.Slow(), len(got))
		}
		raise(h, 1003, keepMax)
		raise(h, 1003+keepMax, 1)
		if got := read(w); !w.Slow() || got != "closed" {
			t.Errorf("slow %v, got %s", w.Slow(), got)
		}
	})
}

// A burst larger than what is kept cannot be delivered.
func TestBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := at(0)
		w := watch(t, h, 0)
		defer w.Stop()
		raise(h, 1, keepMax+1)
		if got := read(w); !w.Slow() || got != "closed" {
			t.Errorf("slow %v, got %s", w.Slow(), got)
		}
	})
}

func TestTell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := at(0)
		w := watch(t, h, 0)
		defer w.Stop()
		h.Tell(agora, id.Node{}, []byte("a"))
		if got := read(w); got != "a" {
			t.Errorf("got %s", got)
		}
		raise(h, 1, 2)
		h.Tell(agora, id.Node{}, []byte("b"))
		h.Tell(agora, id.Node{}, []byte("c"))
		raise(h, 3, 1)
		if got := read(w); got != "1 2 c 3" {
			t.Errorf("got %s", got)
		}
		raise(h, 4, 1)
		h.Tell(agora, id.Node{}, []byte("d"))
		raise(h, 5, 1)
		h.Tell(agora, id.Node{}, []byte("e"))
		if got := read(w); got != "4 5 e" {
			t.Errorf("got %s", got)
		}
		for n := range 10 * waitMax {
			h.Tell(agora, id.Node{}, fmt.Append(nil, "f", n))
		}
		synctest.Wait()
		if w.Slow() {
			t.Error("notices make a watcher slow")
		}
		h.Tell(id.New[id.Room](), id.Node{}, []byte("nobody")) // is nothing
	})
}

func TestWhoComesLaterIsToldTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := at(0)
		h.Tell(agora, id.Node{}, []byte("a"))
		h.Tell(agora, id.Node{}, []byte("b"))
		raise(h, 1, 2)
		for since, want := range map[uint64]string{0: "1 2 b", 2: "b"} {
			w := watch(t, h, since)
			if got := read(w); got != want {
				t.Errorf("since %d: got %s, want %s", since, got, want)
			}
			w.Stop()
		}
	})
}

func TestEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := at(0)
		w := watch(t, h, 0)
		defer w.Stop()
		raise(h, 1, 1)
		h.Tell(agora, id.Node{}, []byte("a"))
		h.Show(agora, 2, sights(room.Left{}, room.Ended{}), 0)
		h.Tell(agora, id.Node{}, []byte("b"))
		if _, ok := h.Watch(agora, 1, func() {}); ok {
			t.Error("watching a room that has ended")
		}
		if got := read(w); got != "1 a 2 3 closed" || w.Slow() {
			t.Errorf("got %s", got)
		}
		if len(h.feeds) != 0 {
			t.Error("a room that has ended is kept")
		}
	})
}

func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := at(0)
		w := watch(t, h, 0)
		raise(h, 1, 5)
		synctest.Wait()
		w.Stop()
		w.Stop()
		if got := read(w); got != "closed" || w.Slow() {
			t.Errorf("got %s", got)
		}
		if len(h.find(agora).watches) != 0 {
			t.Error("a watch that was stopped is kept")
		}
	})
}

// Many come, read at their own pace, go and come back while events happen in
// many rooms. Each must see every event once and in order, and of the notices
// none that is older than one it has seen.
func TestMany(t *testing.T) {
	const rooms, watchers, events = 4, 8, 3000
	h := New()
	var all sync.WaitGroup
	for range rooms {
		name := id.New[id.Room]()
		h.Show(name, 1, sights(room.Opened{}), 1)
		all.Go(func() {
			for seq := uint64(2); seq < events; seq++ {
				h.Show(name, seq, sights(room.HandRaised{}), 1)
				h.Tell(name, id.Node{}, fmt.Appendf(nil, `{"notice":%d}`, seq))
				if seq%64 == 0 {
					time.Sleep(time.Millisecond)
				}
			}
			h.Show(name, events, sights(room.Ended{}), 0)
		})
		for range watchers {
			all.Go(func() { visit(t, h, name, events) })
		}
	}
	all.Wait()
}

// visit watches until the room ends.
func visit(t *testing.T, h *Hub, name id.Room, last uint64) {
	var seen, noticed uint64
	for seen < last {
		roused := make(chan struct{}, 1)
		w, ok := h.Watch(name, seen, func() {
			select {
			case roused <- struct{}{}:
			default:
			}
		})
		if !ok {
			f := h.find(name)
			if f == nil {
				return // ended while we were away
			}
			f.mu.Lock()
			seen = f.last // as by a new view
			f.mu.Unlock()
			continue
		}
		stay := 1 + rand.IntN(1000)
		for stay > 0 {
			frame, more := w.Take()
			if frame == nil {
				if !more {
					break
				}
				select {
				case <-roused:
				case <-time.After(10 * time.Second):
					t.Error("nobody has been roused")
				}
				continue
			}
			var e struct{ Seq, Notice uint64 }
			if err := json.Unmarshal(frame, &e); err != nil {
				t.Errorf("%s: %v", frame, err)
			}
			switch {
			case e.Notice != 0 && (e.Notice < noticed || e.Notice > seen):
				t.Errorf("notice %d after notice %d and event %d", e.Notice, noticed, seen)
			case e.Notice != 0:
				noticed = e.Notice
			case e.Seq != seen+1:
				t.Errorf("event %d after %d", e.Seq, seen)
			default:
				seen = e.Seq
			}
			stay--
		}
		w.Stop()
	}
}
