package count

import (
	"encoding/binary"
	"time"
)

// bitrateBPS is what a speaker sends: a usual rate for a clear voice.
const bitrateBPS = 32_000

// A Frame is what a speaker sends in place of speech. The node forwards what
// it cannot read, so that speech of the same length would cost it the same.
//
//	byte  0      as Opus begins (RFC 6716, section 3.1): 20 ms, mono
//	      1–4    the mark by which a frame is known
//	      5      who speaks, by their number on the stage
//	      6–9    the number of the frame
//	      10–17  when it was sent, in nanoseconds since the crowd came
//
// and what is of no account, up to the length that the frame's duration has at
// bitrateBPS.
type Frame struct {
	Speaker int
	Number  uint32
	Sent    time.Duration
}

const (
	opusFrame = 0x78
	frameMark = 0x73746f61
	frameHead = 18
)

// FrameSize returns the length in bytes of a frame that lasts for d.
func FrameSize(d time.Duration) int { return int(d.Milliseconds()) * bitrateBPS / 8000 }

// Append appends f to b as size bytes.
func (f Frame) Append(b []byte, size int) []byte {
	b = append(b, opusFrame)
	b = binary.BigEndian.AppendUint32(b, frameMark)
	b = append(b, byte(f.Speaker))
	b = binary.BigEndian.AppendUint32(b, f.Number)
	b = binary.BigEndian.AppendUint64(b, uint64(f.Sent)) //nolint:gosec // never negative
	for i := frameHead; i < size; i++ {
		b = append(b, byte(i)) // no zeros: some ciphers treat these in a way of their own
	}
	return b
}

// ParseFrame returns the frame that a payload is, or false.
func ParseFrame(b []byte) (Frame, bool) {
	if len(b) < frameHead || binary.BigEndian.Uint32(b[1:]) != frameMark {
		return Frame{}, false
	}
	return Frame{
		Speaker: int(b[5]),
		Number:  binary.BigEndian.Uint32(b[6:]),
		Sent:    time.Duration(binary.BigEndian.Uint64(b[10:])), //nolint:gosec // as it was written
	}, true
}
