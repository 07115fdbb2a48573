package hub

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// takeAll returns what w has now.
func takeAll(w *Watch) (all []string) {
	synctest.Wait()
	for {
		text, _ := w.Take()
		if text == nil {
			return all
		}
		all = append(all, string(text))
	}
}

// Lines come after the events before them, in order, to those who watch then.
func TestLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := at(0)
		w := watch(t, h, 0)
		h.Pass(agora, []byte("one"))
		raise(h, 1, 1)
		h.Pass(agora, []byte("two"))
		all := takeAll(w)
		if len(all) != 3 || all[1] != "one" || all[2] != "two" {
			t.Errorf("%q", all)
		}
		if later := takeAll(watch(t, h, 1)); len(later) != 0 {
			t.Errorf("who comes later is told %q", later)
		}
		if back := takeAll(watch(t, h, 0)); len(back) != 1 { // the event
			t.Errorf("who comes back is told %q", back)
		}
		h.Pass(agora, []byte("three"))
		if all := takeAll(w); len(all) != 1 || all[0] != "three" {
			t.Errorf("%q", all)
		}
	})
}

// Who does not take them misses them, and is not slow for it; nothing is kept.
func TestLinesAreNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := at(0)
		w := watch(t, h, 0)
		for n := range 3 * linesMax {
			h.Pass(agora, fmt.Append(nil, n))
		}
		if all := takeAll(w); len(all) != linesMax || all[0] != fmt.Sprint(2*linesMax) || all[linesMax-1] != fmt.Sprint(3*linesMax-1) {
			t.Errorf("%d lines, from %q", len(all), all[0])
		}
		h.Pass(agora, []byte("old"))
		time.Sleep(lineHold / 2)
		h.Pass(agora, []byte("new"))
		time.Sleep(lineHold/2 + time.Millisecond)
		if all := takeAll(w); len(all) != 1 || all[0] != "new" {
			t.Errorf("%q", all)
		}
		time.Sleep(lineHold)
		if f := h.find(agora); f.lines != nil {
			t.Errorf("%d lines are kept", len(f.lines))
		}
		if w.Slow() {
			t.Error("slow")
		}
		h.Gone(agora)
		h.Pass(agora, []byte("elsewhere"))
		h.Notice(agora, Poll, []byte("elsewhere"))
		if all := takeAll(w); len(all) != 0 {
			t.Errorf("%q", all)
		}
	})
}

// The newest notice of a kind counts, also for who comes later, unless it is of
// a moment.
func TestKindsOfNotices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := at(0)
		w := watch(t, h, 0)
		for _, text := range []string{"old", "new"} {
			for _, kind := range []Kind{Poll, Clock, Reactions} {
				h.Notice(agora, kind, []byte(text))
			}
		}
		if all := fmt.Sprint(takeAll(w)); all != "[new new new]" {
			t.Errorf("%s", all)
		}
		if all := fmt.Sprint(takeAll(watch(t, h, 0))); all != "[new new]" {
			t.Errorf("who comes later is told %s", all)
		}
		h.Notice(agora, Poll, nil)
		if all := fmt.Sprint(takeAll(w), takeAll(watch(t, h, 0))); all != "[] [new]" {
			t.Errorf("%s", all)
		}
	})
}
