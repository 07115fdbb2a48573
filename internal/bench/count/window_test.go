package count

import (
	"testing"
	"time"
)

func everybody(int) bool { return true }

func wantCount(t *testing.T, w *Window, there func(int) bool, delivered, lost uint64, voices int) {
	t.Helper()
	if d, l, v := w.Count(there); d != delivered || l != lost || v != voices {
		t.Errorf("%d delivered, %d lost, %d voices, want %d, %d, %d", d, l, v, delivered, lost, voices)
	}
}

func TestWindowCountsItsFramesAlone(t *testing.T) {
	const ears, speakers, frames = 3, 2, 130 // the speakers and one listener
	w := NewWindow(ears, speakers, frames)
	w.First = 1000
	var c Tally
	for ear := range ears {
		for speaker := range speakers {
			for number := uint32(990); number < 1140; number++ { // also before and after
				if ear != speaker {
					c.Hear(w, ear, Frame{Speaker: speaker, Number: number}, time.Millisecond)
				}
			}
		}
	}
	wantCount(t, w, everybody, (1+1+2)*frames, 0, speakers)
	if c.Duplicates != 0 || c.Arrived != 4*150 {
		t.Errorf("%d duplicates, %d arrived", c.Duplicates, c.Arrived)
	}
	if c.Delays.Quantile(1) < time.Millisecond || c.Delays.Quantile(1) > 1100*time.Microsecond {
		t.Errorf("a millisecond is counted as %v", c.Delays.Quantile(1))
	}
}

func TestWhatIsLost(t *testing.T) {
	w := NewWindow(2, 1, 100)
	w.First = 7
	var c Tally
	for n := range uint32(100) {
		switch n {
		case 0, 50, 99: // the edges count too
		default:
			c.Hear(w, 1, Frame{Number: 7 + n}, 0)
		}
	}
	wantCount(t, w, everybody, 97, 3, 1)
	// Late, out of order, but before the tally is made: it has come.
	w.Close(100)
	c.Hear(w, 1, Frame{Number: 57}, 0)
	wantCount(t, w, everybody, 98, 2, 1)
	// After it was made nothing comes any more.
	c.Hear(nil, 1, Frame{Number: 7}, 0)
	wantCount(t, w, everybody, 98, 2, 1)
	// What does not open has not come, and is counted by itself.
	c.Spoil(w)
	c.Spoil(nil)
	wantCount(t, w, everybody, 98, 2, 1)
	if c.Unopened != 1 || c.Arrived != 97 {
		t.Errorf("%d did not open, %d arrived while the window was open", c.Unopened, c.Arrived)
	}
}

func TestDuplicatesCountOnce(t *testing.T) {
	w := NewWindow(2, 1, 10)
	var c Tally
	for range 3 {
		for n := range uint32(10) {
			c.Hear(w, 1, Frame{Number: n}, 0)
		}
	}
	wantCount(t, w, everybody, 10, 0, 1)
	if c.Duplicates != 20 {
		t.Errorf("%d duplicates", c.Duplicates)
	}
}

func TestWhoIsNotThereLosesNothing(t *testing.T) {
	w := NewWindow(3, 1, 10)
	var c Tally
	for n := range uint32(10) {
		c.Hear(w, 1, Frame{Number: n}, 0)
	}
	wantCount(t, w, everybody, 10, 10, 1)
	wantCount(t, w, func(ear int) bool { return ear != 2 }, 10, 0, 1)
}

// Eight voices are heard at once. A ninth that nobody hears is not lost; one of
// eight is.
func TestVoicesBeyondTheSlots(t *testing.T) {
	for speakers, lost := range map[int]uint64{9: 0, 8: 10} {
		w := NewWindow(speakers+1, speakers, 10)
		var c Tally
		for ear := range speakers + 1 {
			for speaker := range speakers - 1 { // the last is heard by nobody
				for n := range uint32(10) {
					if ear != speaker {
						c.Hear(w, ear, Frame{Speaker: speaker, Number: n}, 0)
					}
				}
			}
		}
		delivered, l, voices := w.Count(everybody)
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
	w := NewWindow(2, 1, 10)
	var c Tally
	c.Hear(w, 1, Frame{Speaker: 200}, 0)
	wantCount(t, w, everybody, 0, 10, 1)
}

func TestCountingAllocatesNothing(t *testing.T) {
	w := NewWindow(2, 1, 1000)
	var c Tally
	n := uint32(0)
	if a := testing.AllocsPerRun(500, func() {
		c.Hear(w, 1, Frame{Number: n}, time.Millisecond)
		n++
	}); a != 0 {
		t.Errorf("%v allocations", a)
	}
}

// A window that is closed early counts what was sent by then, and one that is
// closed late no more than it has room for.
func TestClosedEarly(t *testing.T) {
	w := NewWindow(2, 1, 1000)
	var c Tally
	for n := range uint32(70) {
		c.Hear(w, 1, Frame{Number: n}, 0)
	}
	w.Close(71)
	c.Hear(w, 1, Frame{Number: 71}, 0) // sent after it was closed
	wantCount(t, w, everybody, 70, 1, 1)
	w.Close(2000)
	wantCount(t, w, everybody, 70, 1, 1)
}

// Who has come in since the window was made is not one of its ears.
func TestLaterEars(t *testing.T) {
	w := NewWindow(2, 1, 10)
	var c Tally
	c.Hear(w, 2, Frame{}, time.Second)
	wantCount(t, w, everybody, 0, 10, 1)
	if c.Arrived != 1 || c.Delays.Quantile(1) != 0 {
		t.Errorf("%d arrived, the slowest after %v", c.Arrived, c.Delays.Quantile(1))
	}
}
