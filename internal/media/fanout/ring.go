package fanout

import "github.com/stoa-audio/stoa/internal/media/forward"

// Bounds of a Ring: over a second of frames of 20 ms.
const (
	ringPackets = 64
	ringBytes   = 32 << 10
)

// A Ring keeps the last packets of one slot, once for all listeners: until
// they are sealed, and for those who ask again (RFC 4585, section 6.2.1). The
// zero Ring is empty.
type Ring struct {
	kept  [ringPackets]kept
	bytes []byte
	wrote uint64 // bytes since the beginning, those left out at the end included
	newer uint64 // number of the packet to come
}

// A kept packet's payload begins where in all that was ever written.
type kept struct {
	forward.Outgoing

	from      uint64
	length    int
	redundant bool
	number    uint64
}

// Keep copies a packet, which is at most a datagram, into the ring and returns
// its number there.
func (r *Ring) Keep(p *Packet) (number uint64) {
	n := min(len(p.Payload), ringBytes)
	if r.bytes == nil {
		r.bytes = make([]byte, ringBytes)
	}
	at := int(r.wrote % ringBytes)
	if at+n > ringBytes { // a payload lies in one piece
		r.wrote += uint64(ringBytes - at)
		at = 0
	}
	copy(r.bytes[at:], p.Payload)
	number = r.newer
	r.kept[number%ringPackets] = kept{
		Outgoing: p.Outgoing, from: r.wrote, length: n, redundant: p.Redundant, number: number,
	}
	r.wrote += uint64(n)
	r.newer++
	return number
}

// Newest returns the number that the next packet gets.
func (r *Ring) Newest() uint64 { return r.newer }

// Get sets p to the packet with a number, if it is still there. Its payload
// is valid until the next Keep.
func (r *Ring) Get(number uint64, p *Packet) bool {
	k := &r.kept[number%ringPackets]
	if number >= r.newer || k.number != number || r.wrote-k.from > ringBytes {
		return false
	}
	at := int(k.from % ringBytes)
	payload := r.bytes[at : at+k.length : at+k.length]
	*p = Packet{Outgoing: k.Outgoing, Redundant: k.redundant, Payload: payload}
	return true
}

// Find sets p to the newest packet with a sequence number of the room's, if
// it is still there.
func (r *Ring) Find(seq uint16, p *Packet) bool {
	for back := uint64(1); back <= min(ringPackets, r.newer); back++ {
		if r.kept[(r.newer-back)%ringPackets].Sequence == seq {
			return r.Get(r.newer-back, p)
		}
	}
	return false
}
