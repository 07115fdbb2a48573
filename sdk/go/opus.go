package stoa

import (
	"time"

	"github.com/stoa-audio/stoa/sdk/go/opus"
)

// clockRate is Opus' RTP clock in units per second (RFC 7587, section 4.1).
const clockRate = opus.ClockRate

// A joiner makes one Opus packet of several that hold one frame each, so that
// a large hall gets fewer packets (RFC 6716, section 3.2.5).
type joiner struct {
	frames  [][]byte
	samples uint32
}

// add takes a packet in. It returns false when it cannot stand together with
// those that are there: only frames of the same kind can.
func (j *joiner) add(packet []byte) bool {
	if len(j.frames) > 0 && (packet[0] != j.frames[0][0] || packet[0]&3 != 0 || j.samples+opus.Samples(packet) > clockRate*120/1000) {
		return false
	}
	for _, frame := range j.frames {
		if len(frame) > frameMax || len(packet) > frameMax {
			return false
		}
	}
	j.frames = append(j.frames, append([]byte(nil), packet...))
	j.samples += opus.Samples(packet)
	return true
}

// frameMax is how long a frame can be in a packet of several, with the byte
// before it (RFC 6716, section 3.2.1).
const frameMax = 1 + 1275

// take returns the one packet, and forgets it.
func (j *joiner) take() []byte {
	frames := j.frames
	j.frames, j.samples = nil, 0
	if len(frames) == 1 {
		return frames[0]
	}
	// Code 3, lengths of each their own, no padding. The last one's length is
	// what is left.
	out := []byte{frames[0][0] | 3, 0x80 | byte(len(frames))}
	for _, frame := range frames[:len(frames)-1] {
		n := len(frame) - 1
		if n < 252 {
			out = append(out, byte(n))
		} else {
			out = append(out, byte(252+n&3), byte((n-252)>>2))
		}
	}
	for _, frame := range frames {
		out = append(out, frame[1:]...)
	}
	return out
}

// duration returns how long so many samples sound.
func duration(samples uint32) time.Duration {
	return time.Duration(samples) * time.Second / clockRate
}
