package red

import "slices"

// DistanceMax is how many frames later a frame can be sent again.
const DistanceMax = 16

// A Repeater puts copies of the frames of one stream into later payloads. The
// zero Repeater has sent nothing yet. It is not safe for concurrent use.
type Repeater struct {
	sent [DistanceMax]sent // a ring
	n    int               // frames so far
}

type sent struct {
	timestamp uint32
	data      []byte
}

// Append appends to b the payload that carries frame, sent at timestamp in
// samples, with copies of the frames that were sent so many frames before. A
// copy that does not fit into the wire format or into PayloadMax is left out:
// after a pause the frames before it are too old, and nobody misses them.
func (r *Repeater) Append(b []byte, payloadType uint8, timestamp uint32, frame []byte, distances []int) []byte {
	var space [CopiesMax]Copy
	copies := space[:0]
	size := 1 + len(frame)
	for _, d := range distances {
		if d < 1 || d > min(r.n, DistanceMax) || len(copies) == CopiesMax {
			continue
		}
		before := &r.sent[(r.n-d)%DistanceMax]
		offset := timestamp - before.timestamp
		if offset == 0 || offset > OffsetMax || len(before.data) > CopyMax || size+4+len(before.data) > PayloadMax {
			continue
		}
		size += 4 + len(before.data)
		copies = append(copies, Copy{Offset: offset, Data: before.data})
	}
	slices.SortStableFunc(copies, func(a, b Copy) int { return int(b.Offset) - int(a.Offset) })
	b = Append(b, payloadType, copies, frame)
	r.keep(timestamp, frame)
	return b
}

// keep remembers a frame for as long as it can be repeated.
func (r *Repeater) keep(timestamp uint32, frame []byte) {
	next := &r.sent[r.n%DistanceMax]
	next.timestamp, next.data = timestamp, append(next.data[:0], frame...)
	r.n++
}
