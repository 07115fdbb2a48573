package crowd

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
)

// voicesMax is how many voices a listener hears at once (docs/protocol/media.md).
const voicesMax = 8

// A window is the frames that are counted: of each speaker those with the
// numbers from first on, as many as frames. It has a bit for each frame, ear
// and speaker; an ear is somebody who listens, and the first ears are those of
// the speakers themselves.
type window struct {
	first    uint32
	frames   int
	speakers int
	ears     int
	words    int // of bits, to a row
	bits     []uint64
	closed   atomic.Bool // the last of its frames is sent
}

func newWindow(ears, speakers, frames int) *window {
	words := (frames + 63) / 64
	return &window{frames: frames, speakers: speakers, ears: ears, words: words, bits: make([]uint64, ears*speakers*words)}
}

// row returns the bits of what an ear has heard of a speaker.
func (w *window) row(ear, speaker int) []uint64 {
	at := (ear*w.speakers + speaker) * w.words
	return w.bits[at : at+w.words]
}

// A tally is what some ears have heard. It belongs to whoever holds the lock.
type tally struct {
	sync.Mutex

	arrived    uint64 // frames of any number while a window was open
	duplicates uint64
	unopened   uint64
	delays     delays
}

// hear counts a frame that has come to an ear. A window that is nil counts
// nothing.
func (t *tally) hear(w *window, ear int, f frame, now time.Duration) {
	if w == nil || f.speaker >= w.speakers {
		return
	}
	if !w.closed.Load() {
		t.arrived++
	}
	n := f.number - w.first
	if n >= uint32(w.frames) { //nolint:gosec // of minutes at most
		return
	}
	word, bit := &w.row(ear, f.speaker)[n/64], uint64(1)<<(n%64)
	if *word&bit != 0 {
		t.duplicates++
		return
	}
	*word |= bit
	t.delays.add(now - f.sent)
}

// spoil counts a packet that could not be opened, or held no frame.
func (t *tally) spoil(w *window) {
	if w != nil {
		t.unopened++
	}
}

// count returns how many frames have come and how many have not, of all ears
// that are there. Nobody hears themselves. Of more voices than a listener hears at once, those that nobody
// has heard were not to be heard; then voices says how many were.
func (w *window) count(there func(ear int) bool) (delivered, lost uint64, voices int) {
	for speaker := range w.speakers {
		var came, due uint64
		for ear := range w.ears {
			if ear == speaker || !there(ear) {
				continue
			}
			due += uint64(w.frames) //nolint:gosec // not negative
			for _, word := range w.row(ear, speaker) {
				came += uint64(bits.OnesCount64(word)) //nolint:gosec // not negative
			}
		}
		if came == 0 && w.speakers > voicesMax {
			continue
		}
		voices++
		delivered += came
		lost += due - came
	}
	return delivered, lost, voices
}
