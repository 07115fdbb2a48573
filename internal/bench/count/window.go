package count

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
)

// VoicesMax is how many voices a listener hears at once (docs/protocol/media.md).
const VoicesMax = 8

// A Window is the frames that are counted: of each speaker those with the
// numbers from First on, until it is closed. It has a bit for each frame, ear
// and speaker; an ear is somebody who listens, and the first ears are those of
// the speakers themselves.
type Window struct {
	First uint32 // set before it counts

	frames   atomic.Uint32
	closed   atomic.Bool // the last of its frames is sent
	speakers int
	ears     int
	words    int // of bits, to a row
	bits     []uint64
}

// NewWindow returns a window for as many frames of each speaker.
func NewWindow(ears, speakers, frames int) *Window {
	words := (frames + 63) / 64
	w := &Window{ears: ears, speakers: speakers, words: words, bits: make([]uint64, ears*speakers*words)}
	w.frames.Store(uint32(frames)) //nolint:gosec // of minutes at most
	return w
}

// Frames returns how many frames of each speaker it counts.
func (w *Window) Frames() uint32 { return w.frames.Load() }

// Close ends the window after so many of its frames, the last of which has
// been sent. What is still under way counts.
func (w *Window) Close(frames uint32) {
	w.frames.Store(min(frames, w.frames.Load()))
	w.closed.Store(true)
}

// row returns the bits of what an ear has heard of a speaker.
func (w *Window) row(ear, speaker int) []uint64 {
	at := (ear*w.speakers + speaker) * w.words
	return w.bits[at : at+w.words]
}

// Counts are what has come to some ears, bit by bit apart.
type Counts struct {
	Arrived    uint64 // frames of any number while a window was open, to anybody
	Duplicates uint64
	Unopened   uint64 // packets that could not be opened, or held no frame
	Delays     Delays
}

// Add adds what others have counted.
func (c *Counts) Add(other *Counts) {
	c.Arrived += other.Arrived
	c.Duplicates += other.Duplicates
	c.Unopened += other.Unopened
	c.Delays.Merge(&other.Delays)
}

// A Tally is what some ears have heard. It belongs to whoever holds the lock.
type Tally struct {
	sync.Mutex
	Counts
}

// Hear counts a frame that has come to an ear. A window that is nil counts
// nothing, and one that has no such ear counts that something has arrived.
func (t *Tally) Hear(w *Window, ear int, f Frame, now time.Duration) {
	if w == nil || f.Speaker >= w.speakers {
		return
	}
	if !w.closed.Load() {
		t.Arrived++
	}
	n := f.Number - w.First
	if n >= w.Frames() || ear >= w.ears {
		return
	}
	word, bit := &w.row(ear, f.Speaker)[n/64], uint64(1)<<(n%64)
	if *word&bit != 0 {
		t.Duplicates++
		return
	}
	*word |= bit
	t.Delays.Add(now - f.Sent)
}

// Spoil counts a packet that could not be opened, or held no frame.
func (t *Tally) Spoil(w *Window) {
	if w != nil {
		t.Unopened++
	}
}

// Count returns how many frames have come and how many have not, of all ears
// that are there. Nobody hears themselves. Of more voices than a listener hears
// at once, those that nobody has heard were not to be heard; voices says how
// many were.
func (w *Window) Count(there func(ear int) bool) (delivered, lost uint64, voices int) {
	for speaker := range w.speakers {
		var came, due uint64
		for ear := range w.ears {
			if ear == speaker || !there(ear) {
				continue
			}
			due += uint64(w.Frames())
			for _, word := range w.row(ear, speaker) {
				came += uint64(bits.OnesCount64(word)) //nolint:gosec // not negative
			}
		}
		if came == 0 && w.speakers > VoicesMax {
			continue
		}
		voices++
		delivered += came
		lost += due - came
	}
	return delivered, lost, voices
}
