package crowd

import (
	"testing"
	"time"
)

func everybody(int) bool { return true }

func wantCount(t *testing.T, w *window, there func(int) bool, delivered, lost uint64, voices int) {
	t.Helper()
	if d, l, v := w.count(there); d != delivered || l != lost || v != voices {
		t.Errorf("%d delivered, %d lost, %d voices, want %d, %d, %d", d, l, v, delivered, lost, voices)
	}
}

func TestWindowCountsItsFramesAlone(t *testing.T) {
	const ears, speakers, frames = 3, 2, 130 // the speakers and one listener
	w := newWindow(ears, speakers, frames)
	w.first = 1000
	var c tally
	for ear := range ears {
		for speaker := range speakers {
			for number := uint32(990); number < 1140; number++ { // also before and after
				if ear != speaker {
					c.hear(w, ear, frame{speaker: speaker, number: number}, time.Millisecond)
				}
			}
		}
	}
	wantCount(t, w, everybody, (1+1+2)*frames, 0, speakers)
	if c.duplicates != 0 || c.arrived != 4*150 {
		t.Errorf("%d duplicates, %d arrived", c.duplicates, c.arrived)
	}
	if c.delays.quantile(1) < time.Millisecond || c.delays.quantile(1) > 1100*time.Microsecond {
		t.Errorf("a millisecond is counted as %v", c.delays.quantile(1))
	}
}

func TestWhatIsLost(t *testing.T) {
	w := newWindow(2, 1, 100)
	w.first = 7
	var c tally
	for n := range uint32(100) {
		switch n {
		case 0, 50, 99: // the edges count too
		default:
			c.hear(w, 1, frame{number: 7 + n}, 0)
		}
	}
	wantCount(t, w, everybody, 97, 3, 1)
	// Late, out of order, but before the tally is made: it has come.
	w.closed.Store(true)
	c.hear(w, 1, frame{number: 57}, 0)
	wantCount(t, w, everybody, 98, 2, 1)
	// After it was made nothing comes any more.
	c.hear(nil, 1, frame{number: 7}, 0)
	wantCount(t, w, everybody, 98, 2, 1)
	// What does not open has not come, and is counted by itself.
	c.spoil(w)
	c.spoil(nil)
	wantCount(t, w, everybody, 98, 2, 1)
	if c.unopened != 1 || c.arrived != 97 {
		t.Errorf("%d did not open, %d arrived while the window was open", c.unopened, c.arrived)
	}
}

func TestDuplicatesCountOnce(t *testing.T) {
	w := newWindow(2, 1, 10)
	var c tally
	for range 3 {
		for n := range uint32(10) {
			c.hear(w, 1, frame{number: n}, 0)
		}
	}
	wantCount(t, w, everybody, 10, 0, 1)
	if c.duplicates != 20 {
		t.Errorf("%d duplicates", c.duplicates)
	}
}

func TestWhoIsNotThereLosesNothing(t *testing.T) {
	w := newWindow(3, 1, 10)
	var c tally
	for n := range uint32(10) {
		c.hear(w, 1, frame{number: n}, 0)
	}
	wantCount(t, w, everybody, 10, 10, 1)
	wantCount(t, w, func(ear int) bool { return ear != 2 }, 10, 0, 1)
}

// Eight voices are heard at once. A ninth that nobody hears is not lost; one of
// eight is.
func TestVoicesBeyondTheSlots(t *testing.T) {
	for speakers, lost := range map[int]uint64{9: 0, 8: 10} {
		w := newWindow(speakers+1, speakers, 10)
		var c tally
		for ear := range speakers + 1 {
			for speaker := range speakers - 1 { // the last is heard by nobody
				for n := range uint32(10) {
					if ear != speaker {
						c.hear(w, ear, frame{speaker: speaker, number: n}, 0)
					}
				}
			}
		}
		delivered, l, voices := w.count(everybody)
		if want := uint64((speakers - 1) * speakers * 10); delivered != want {
			t.Errorf("%d speakers: %d delivered, want %d", speakers, delivered, want)
		}
		if l != lost*uint64(speakers) || voices != 8 {
			t.Errorf("%d speakers: %d lost, %d voices", speakers, l, voices)
		}
	}
}

// A node that made voices up would not crash the crowd.
func TestFrameOfNobody(t *testing.T) {
	w := newWindow(2, 1, 10)
	var c tally
	c.hear(w, 1, frame{speaker: 200}, 0)
	wantCount(t, w, everybody, 0, 10, 1)
}

func TestCountingAllocatesNothing(t *testing.T) {
	w := newWindow(2, 1, 1000)
	var c tally
	n := uint32(0)
	if a := testing.AllocsPerRun(500, func() {
		c.hear(w, 1, frame{number: n}, time.Millisecond)
		n++
	}); a != 0 {
		t.Errorf("%v allocations", a)
	}
}
