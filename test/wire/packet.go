package main

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
)

// A packet is what of a captured frame says where it belongs.
type packet struct {
	flow
	tcp     bool
	syn     bool
	seq     uint32
	payload []byte
}

// A flow is one direction between two ends.
type flow struct{ from, to netip.AddrPort }

func (f flow) touches(ports []uint16) bool {
	return slices.Contains(ports, f.from.Port()) || slices.Contains(ports, f.to.Port())
}

const (
	etherSize = 14
	protoTCP  = 6
	protoUDP  = 17
)

// parse reads an Ethernet frame with TCP or UDP in IPv4 (RFC 791) or IPv6 (RFC
// 8200) without extension headers, which loopback does not make. All else is
// searched as it is, and not put together.
func parse(frame []byte) (p packet, ok bool) {
	if len(frame) < etherSize {
		return p, false
	}
	var from, to netip.Addr
	var proto byte
	b := frame[etherSize:]
	switch binary.BigEndian.Uint16(frame[12:]) {
	case 0x0800:
		if len(b) < 20 || b[0]>>4 != 4 {
			return p, false
		}
		header, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
		if header < 20 || total < header || total > len(b) || binary.BigEndian.Uint16(b[6:])&0x3fff != 0 {
			return p, false
		}
		proto = b[9]
		from, to = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
		b = b[header:total]
	case 0x86dd:
		if len(b) < 40 || b[0]>>4 != 6 {
			return p, false
		}
		length := int(binary.BigEndian.Uint16(b[4:]))
		if 40+length > len(b) {
			return p, false
		}
		proto = b[6]
		from, to = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
		b = b[40 : 40+length]
	default:
		return p, false
	}
	header := 8
	if proto == protoTCP {
		if len(b) < 20 {
			return p, false
		}
		header = int(b[12]>>4) * 4
		p.tcp, p.syn, p.seq = true, b[13]&2 != 0, binary.BigEndian.Uint32(b[4:])
	} else if proto != protoUDP {
		return p, false
	}
	if header < 8 || p.tcp && header < 20 || len(b) < header {
		return p, false
	}
	p.from = netip.AddrPortFrom(from, binary.BigEndian.Uint16(b))
	p.to = netip.AddrPortFrom(to, binary.BigEndian.Uint16(b[2:]))
	p.payload = b[header:]
	return p, true
}

// A stretch is what was sent in one direction of a connection, put together, as far
// as it was captured without a gap.
type stretch struct {
	flow
	bytes []byte
}

// together puts the segments of each connection together: in order, each byte
// once.
func together(packets []packet) []stretch {
	type segment struct {
		offset int32
		bytes  []byte
	}
	type connection struct {
		flow
		start    uint32
		segments []segment
	}
	var all []*connection
	now := make(map[flow]*connection)
	for _, p := range packets {
		c := now[p.flow]
		switch {
		case !p.tcp:
			continue
		case c == nil, p.syn && p.seq+1 != c.start: // the ports are used again
			c = &connection{flow: p.flow, start: p.seq}
			if p.syn {
				c.start++
			}
			now[p.flow] = c
			all = append(all, c)
		}
		if len(p.payload) > 0 {
			c.segments = append(c.segments, segment{int32(p.seq - c.start), p.payload})
		}
	}
	var stretches []stretch
	for _, c := range all {
		slices.SortStableFunc(c.segments, func(a, b segment) int { return cmp.Compare(a.offset, b.offset) })
		var r stretch
		var end int64
		for _, s := range c.segments {
			offset := int64(s.offset)
			if r.bytes != nil && offset <= end {
				if again := end - offset; again < int64(len(s.bytes)) {
					r.bytes = append(r.bytes, s.bytes[again:]...)
					end = offset + int64(len(s.bytes))
				}
				continue
			}
			if r.bytes != nil {
				stretches = append(stretches, r)
			}
			r = stretch{c.flow, slices.Clone(s.bytes)}
			end = offset + int64(len(s.bytes))
		}
		if r.bytes != nil {
			stretches = append(stretches, r)
		}
	}
	return stretches
}
