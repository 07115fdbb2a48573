// Package fanout seals one packet for every listener of a room.
//
// A node's cost is this walk, so the listeners lie as a struct of arrays:
// what a packet needs of each of them is beside what it needs of the next. A
// packet is built once; for each listener there is a header with three fields
// of their own, a nonce, and the seal. The fields are: the SSRC, so that
// nobody who watches the wire can tell who hears the same room; the sequence
// number, since each stream begins low (an SRTP receiver that misses its first
// wrap stays deaf, RFC 3711, section 3.3.1); and the payload type, which is
// the listener's choice.
//
// It sends nothing and decides nothing: package forward says which slot a
// packet goes to, and package sfu who is here.
package fanout

import (
	"net/netip"

	"github.com/stoa-audio/stoa/internal/media/forward"
	"github.com/stoa-audio/stoa/internal/media/rtp"
	"github.com/stoa-audio/stoa/internal/media/seal"
)

// shrinkBelow is how many listeners' places may stay empty.
const shrinkBelow = 64

// A Stream is what a listener knows of a slot from the answer.
type Stream struct {
	SSRC      uint32 // zero: the listener has no such slot
	Opus, RED uint8  // payload types; RED is zero when the listener takes none
	Sequence  uint16 // number of the first packet, low
	Timestamp uint32 // added to the room's
}

// A Packet is what everybody in a room is to hear of one packet.
type Packet struct {
	forward.Outgoing

	Redundant bool   // it was sent as RED (RFC 2198)
	Payload   []byte // as the speaker sealed it
}

// A Floor is the listeners of one room on one shard. Each has a place, a
// number below Len, that changes when another leaves. The zero Floor is
// empty. It is not safe for concurrent use.
type Floor[T any] struct {
	owners []T
	addrs  []netip.AddrPort
	seals  []seal.RTP
	rows   [forward.Slots][]row
	nonce  seal.Nonce
}

// A row is a listener's side of one slot.
type row struct {
	ssrc, addTS     uint32
	packets, octets uint32 // sent; wrap (RFC 3550, section 6.4.1)
	reported        uint32 // packets at the last report
	rollover        seal.Rollover
	addSeq          uint16
	base            uint16 // first of the listener's numbers that addSeq holds for
	opus, red       uint8
}

// Len returns how many listeners there are.
func (f *Floor[T]) Len() int { return len(f.owners) }

// Owner returns whose the place is.
func (f *Floor[T]) Owner(place int) T { return f.owners[place] }

// Addr returns where the packets of a place go; invalid means nowhere yet.
func (f *Floor[T]) Addr(place int) netip.AddrPort { return f.addrs[place] }

// SetAddr says where the packets of a place go from now on.
func (f *Floor[T]) SetAddr(place int, to netip.AddrPort) { f.addrs[place] = to }

// Add gives a listener a place and returns it.
func (f *Floor[T]) Add(owner T, to netip.AddrPort, with seal.RTP, streams []Stream) (place int) {
	f.owners = append(f.owners, owner)
	f.addrs = append(f.addrs, to)
	f.seals = append(f.seals, with)
	for i := range f.rows {
		var r row
		if i < len(streams) {
			s := streams[i]
			r = row{ssrc: s.SSRC, opus: s.Opus, red: s.RED, addSeq: s.Sequence, addTS: s.Timestamp}
		}
		f.rows[i] = append(f.rows[i], r)
	}
	return len(f.owners) - 1
}

// Remove takes a place away. The last listener moves there, and is returned
// if it is another one.
func (f *Floor[T]) Remove(place int) (moved T, ok bool) {
	last := len(f.owners) - 1
	ok = place != last
	if ok {
		moved = f.owners[last]
	}
	f.owners = remove(f.owners, place)
	f.addrs = remove(f.addrs, place)
	f.seals = remove(f.seals, place)
	for i := range f.rows {
		f.rows[i] = remove(f.rows[i], place)
	}
	return moved, ok
}

// remove puts the last element at i and gives memory back when most of it is
// empty.
func remove[E any](s []E, i int) []E {
	last := len(s) - 1
	s[i] = s[last]
	var none E
	s[last] = none
	s = s[:last]
	if cap(s)-len(s) > shrinkBelow && len(s) < cap(s)/4 {
		s = append(make([]E, 0, 2*len(s)), s...)
	}
	return s
}

// Append appends to out the SRTP packet that carries p to a listener. It
// returns false when the listener cannot be sent it: no such slot, nothing in
// it that they can decode, or a number from before they were left out.
func (f *Floor[T]) Append(out []byte, place int, p *Packet) ([]byte, bool) {
	r := &f.rows[p.Slot][place]
	if !r.rollover.Used {
		r.base = r.addSeq // as the stream begins
		r.addSeq -= p.Sequence
	}
	if r.isBefore(p) {
		return out, false
	}
	sealed, n, ok := f.seal(out, place, r, p)
	if !ok {
		return out, false
	}
	if n := p.Sequence + r.addSeq; n-r.base > 1<<14 {
		r.base = n - 1<<13 // keep base within reach of serial arithmetic
	}
	r.packets++
	r.octets += uint32(n) //nolint:gosec // a datagram
	return sealed, true
}

// isBefore reports whether p would get one of the numbers that another packet
// has had: a nonce is used once.
func (r *row) isBefore(p *Packet) bool {
	return int16(p.Sequence+r.addSeq-r.base) < 0 //nolint:gosec // serial arithmetic (RFC 1982)
}

// Skip leaves a listener out of a packet, which is their own. Their numbers
// go on without it, however long they speak.
func (f *Floor[T]) Skip(place int, p *Packet) {
	r := &f.rows[p.Slot][place]
	if r.rollover.Used && int16(p.Sequence+r.addSeq-r.rollover.Highest) > 0 { //nolint:gosec // serial arithmetic
		r.base = r.rollover.Highest + 1
		r.addSeq = r.rollover.Highest - p.Sequence
	}
}

// AppendAgain is Append for a packet that the listener has been sent before.
// It yields the same bytes.
func (f *Floor[T]) AppendAgain(out []byte, place int, p *Packet) ([]byte, bool) {
	r := &f.rows[p.Slot][place]
	if !r.rollover.Used || r.isBefore(p) || int16(p.Sequence+r.addSeq-r.rollover.Highest) > 0 { //nolint:gosec // serial arithmetic
		return out, false // never sent
	}
	sealed, _, ok := f.seal(out, place, r, p)
	return sealed, ok
}

func (f *Floor[T]) seal(out []byte, place int, r *row, p *Packet) (sealed []byte, payload int, ok bool) {
	h := rtp.Header{Marker: p.Marker, PayloadType: r.opus, Sequence: p.Sequence + r.addSeq, Timestamp: p.Timestamp + r.addTS, SSRC: r.ssrc}
	if p.Redundant && r.red != 0 {
		h.PayloadType = r.red // who takes none finds the frame in what is sealed
	}
	if r.ssrc == 0 {
		return out, 0, false
	}
	sealed, err := f.seals[place].Append(out, h, r.rollover.Of(h.Sequence), p.Payload, &f.nonce)
	return sealed, len(p.Payload), err == nil
}

// Find returns which slot the listener knows by an SSRC, and what is to be
// subtracted from their sequence numbers to get the room's.
func (f *Floor[T]) Find(place int, ssrc uint32) (slot int, addSeq uint16, ok bool) {
	for i := range f.rows {
		if r := &f.rows[i][place]; r.ssrc == ssrc && r.rollover.Used {
			return i, r.addSeq, true
		}
	}
	return 0, 0, false
}

// TakesRED reports whether a listener understands RED in a slot.
func (f *Floor[T]) TakesRED(place, slot int) bool { return f.rows[slot][place].red != 0 }

// A Sent is what a listener was sent in a slot, for a sender report.
type Sent struct {
	Slot            int
	SSRC            uint32
	Packets, Octets uint32 // wrap
	AddTS           uint32 // added to the room's timestamps
}

// AppendSent appends to out the slots in which the listener was sent
// something since the last call.
func (f *Floor[T]) AppendSent(out []Sent, place int) []Sent {
	for i := range f.rows {
		r := &f.rows[i][place]
		if r.packets == r.reported {
			continue
		}
		r.reported = r.packets
		out = append(out, Sent{i, r.ssrc, r.packets, r.octets, r.addTS})
	}
	return out
}
