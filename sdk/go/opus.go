package stoa

import "time"

// clockRate is Opus' RTP clock in units per second (RFC 7587, section 4.1).
const clockRate = 48000

// samplesOf returns how much sound an Opus packet holds, by its first bytes
// (RFC 6716, section 3.1), or 0 when it is none.
func samplesOf(packet []byte) uint32 {
	if len(packet) == 0 {
		return 0
	}
	frames := uint32(1)
	switch packet[0] & 3 {
	case 1, 2:
		frames = 2
	case 3:
		if len(packet) < 2 {
			return 0
		}
		frames = uint32(packet[1] & 0x3f)
	}
	total := frames * samplesPerFrame(packet[0])
	if total > clockRate*120/1000 {
		return 0 // section 3.4: no packet is longer
	}
	return total
}

// samplesPerFrame returns the length of one frame by the configuration in the
// upper five bits (RFC 6716, table 2).
func samplesPerFrame(toc byte) uint32 {
	config := toc >> 3
	switch {
	case config < 12: // SILK
		return []uint32{480, 960, 1920, 2880}[config&3]
	case config < 16: // hybrid
		return []uint32{480, 960}[config&1]
	}
	return []uint32{120, 240, 480, 960}[config&3] // CELT
}

// A joiner makes one Opus packet of several that hold one frame each, so that
// a large hall gets fewer packets (RFC 6716, section 3.2.5).
type joiner struct {
	frames  [][]byte
	samples uint32
}

// add takes a packet in. It returns false when it cannot stand together with
// those that are there: only frames of the same kind can.
func (j *joiner) add(packet []byte) bool {
	if len(j.frames) > 0 && (packet[0] != j.frames[0][0] || packet[0]&3 != 0 || j.samples+samplesOf(packet) > clockRate*120/1000) {
		return false
	}
	for _, frame := range j.frames {
		if len(frame) > frameMax || len(packet) > frameMax {
			return false
		}
	}
	j.frames = append(j.frames, append([]byte(nil), packet...))
	j.samples += samplesOf(packet)
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
