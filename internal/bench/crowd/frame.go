package crowd

import (
	"encoding/binary"
	"time"
)

// bitrateBPS is what a speaker sends: a usual rate for a clear voice.
const bitrateBPS = 32_000

// A frame is what a speaker sends in place of speech. The node forwards what
// it cannot read, so that speech of the same length would cost it the same.
//
//	byte  0      as Opus begins (RFC 6716, section 3.1): 20 ms, mono
//	      1–4    the mark by which a frame is known
//	      5      who speaks, by their number on the stage
//	      6–9    the number of the frame
//	      10–17  when it was sent, in nanoseconds since the crowd came
//
// and zeros up to the length that the frame's duration has at bitrateBPS.
type frame struct {
	speaker int
	number  uint32
	sent    time.Duration
}

const (
	opusFrame = 0x78
	frameMark = 0x73746f61
	frameHead = 18
)

// frameSize returns the length in bytes of a frame that lasts for d.
func frameSize(d time.Duration) int { return int(d.Milliseconds()) * bitrateBPS / 8000 }

// append appends f to b as size bytes.
func (f frame) append(b []byte, size int) []byte {
	b = append(b, opusFrame)
	b = binary.BigEndian.AppendUint32(b, frameMark)
	b = append(b, byte(f.speaker))
	b = binary.BigEndian.AppendUint32(b, f.number)
	b = binary.BigEndian.AppendUint64(b, uint64(f.sent)) //nolint:gosec // never negative
	return append(b, make([]byte, size-frameHead)...)
}

// parseFrame returns the frame that a payload is, or false.
func parseFrame(b []byte) (frame, bool) {
	if len(b) < frameHead || binary.BigEndian.Uint32(b[1:]) != frameMark {
		return frame{}, false
	}
	return frame{
		speaker: int(b[5]),
		number:  binary.BigEndian.Uint32(b[6:]),
		sent:    time.Duration(binary.BigEndian.Uint64(b[10:])), //nolint:gosec // as it was written
	}, true
}
