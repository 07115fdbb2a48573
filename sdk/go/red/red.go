// Package red reads and writes redundant audio data (RFC 2198): a payload that
// carries, before its own frame, copies of earlier ones, so that a lost packet
// is made good by one that comes later.
//
// Which frames are repeated is the Repeater's business. Not here: payloads of
// mixed codecs, which the RFC allows and nobody in the house sends.
package red

import (
	"encoding/binary"
	"errors"
)

// Bounds of a payload. The first two are those of the wire format.
const (
	OffsetMax  = 1<<14 - 1 // by how much a copy may be older, in samples
	CopyMax    = 1<<10 - 1 // bytes of a copy
	CopiesMax  = 4         // in one payload
	PayloadMax = 840       // bytes of a payload with copies: a seal and a proof fit into the packet too
)

// ErrMalformed means that a payload is not RED as written here.
var ErrMalformed = errors.New("not a RED payload")

// A Copy is an earlier frame, sent again.
type Copy struct {
	Offset uint32 // how much older than the payload's own frame, in samples
	Data   []byte
}

// Parse returns the payload type of what b carries, its copies, appended to
// copies, and its own frame. All data aliases b.
func Parse(b []byte, copies []Copy) (payloadType uint8, out []Copy, frame []byte, err error) {
	// Section 3: four bytes for each copy, then one for the own frame, which
	// takes what the copies leave.
	n := 0
	for 4*n < len(b) && b[4*n]&0x80 != 0 {
		n++
	}
	if 4*n >= len(b) || n > CopiesMax {
		return 0, copies, nil, ErrMalformed
	}
	payloadType, frame = b[4*n], b[4*n+1:]
	out = copies
	for i := range n {
		header := binary.BigEndian.Uint32(b[4*i:])
		size := int(header & CopyMax)
		if uint8(header>>24&0x7f) != payloadType || size > len(frame) {
			return 0, copies, nil, ErrMalformed
		}
		if size > 0 { // an empty copy says nothing
			out = append(out, Copy{Offset: header >> 10 & OffsetMax, Data: frame[:size:size]})
		}
		frame = frame[size:]
	}
	if len(frame) == 0 {
		return 0, copies, nil, ErrMalformed
	}
	return payloadType, out, frame, nil
}

// Append appends to b the payload that carries frame and copies of it, which
// are within the bounds.
func Append(b []byte, payloadType uint8, copies []Copy, frame []byte) []byte {
	for _, c := range copies {
		b = binary.BigEndian.AppendUint32(b, uint32(payloadType|0x80)<<24|c.Offset<<10|uint32(len(c.Data))) //nolint:gosec // at most CopyMax
	}
	b = append(b, payloadType&0x7f)
	for _, c := range copies {
		b = append(b, c.Data...)
	}
	return append(b, frame...)
}
