// Package speech tells who is speaking from the arrival of packets alone. The
// payload is nobody's business here, and no level is sent beside it: with
// discontinuous transmission (RFC 7587, section 3.1.3) a silent encoder sends
// a frame every 400 ms, one that hears a voice sends one every 10 to 60 ms.
//
// A client that transmits in silence too is taken to speak while its
// microphone is open.
package speech

import "time"

const (
	// gapMax is the longest gap between two packets of one voice: a frame of
	// 60 ms, its neighbour lost, and some jitter.
	gapMax = 160 * time.Millisecond
	// runMin is how many packets without a gap make a voice; a cough of DTX
	// refreshes makes none.
	runMin = 3
	// hold is how long a voice lasts after its last packet, so that the ring
	// does not flicker between words.
	hold = 300 * time.Millisecond
)

// A Detector follows one speaker. The zero Detector has heard nothing.
type Detector struct {
	heard time.Time // when the last packet came
	run   int       // packets without a gap, up to runMin
	spoke time.Time // when there was last a voice
}

// Heard notes a packet that came at the time now.
func (d *Detector) Heard(now time.Time) {
	if now.Sub(d.heard) > gapMax {
		d.run = 0
	}
	d.heard = now
	if d.run < runMin {
		d.run++
	}
	if d.run == runMin {
		d.spoke = now
	}
}

// Speaking reports whether there is a voice at the time now.
func (d *Detector) Speaking(now time.Time) bool {
	return !d.spoke.IsZero() && now.Sub(d.spoke) < hold
}

// Spoke returns when there was last a voice, or zero.
func (d *Detector) Spoke() time.Time { return d.spoke }
