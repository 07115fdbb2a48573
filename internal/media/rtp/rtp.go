// Package rtp reads and writes RTP headers in place (RFC 3550, section 5.1)
// and tells the protocols on a shared port apart (RFC 7983, section 7, and
// RFC 5761, section 4).
//
// It reads header extensions only to step over them, and never writes one:
// what a relay does not carry it cannot leak.
package rtp

import (
	"encoding/binary"
	"errors"
)

// HeaderSize is the length in bytes of a header without contributing sources
// and extension, the only kind that is written.
const HeaderSize = 12

// ErrMalformed means that a datagram is not an RTP packet.
var ErrMalformed = errors.New("not an RTP packet")

// A Kind is the protocol of a datagram.
type Kind uint8

// The protocols that share the media port.
const (
	Unknown Kind = iota
	STUN
	DTLS
	RTP
	RTCP
)

// KindOf tells the protocol of datagram b by its first bytes.
func KindOf(b []byte) Kind {
	if len(b) < HeaderSize {
		return Unknown
	}
	switch first := b[0]; {
	case first < 4:
		return STUN
	case 20 <= first && first < 64:
		return DTLS
	case first&0xc0 == 0x80:
		// 192–223 is where RTCP packet types lie when the marker bit of an
		// RTP packet is taken for part of the type.
		if 192 <= b[1] && b[1] <= 223 {
			return RTCP
		}
		return RTP
	}
	return Unknown
}

// SSRC returns the synchronization source that sent the RTP or RTCP packet b,
// which KindOf has found to be one.
func SSRC(kind Kind, b []byte) uint32 {
	if kind == RTCP {
		return binary.BigEndian.Uint32(b[4:])
	}
	return binary.BigEndian.Uint32(b[8:])
}

// Sequence returns the sequence number of the RTP packet b.
func Sequence(b []byte) uint16 { return binary.BigEndian.Uint16(b[2:]) }

// A Header is the part of an RTP header that forwarding needs.
type Header struct {
	Marker      bool
	PayloadType uint8  // 7 bits
	Sequence    uint16 // wraps
	Timestamp   uint32 // in units of the codec's clock; wraps
	SSRC        uint32
}

// Parse returns the header of the decrypted packet b and its payload, which
// aliases b, without padding.
func Parse(b []byte) (Header, []byte, error) {
	if len(b) < HeaderSize || b[0]>>6 != 2 {
		return Header{}, nil, ErrMalformed
	}
	h := Header{
		Marker:      b[1]&0x80 != 0,
		PayloadType: b[1] & 0x7f,
		Sequence:    binary.BigEndian.Uint16(b[2:]),
		Timestamp:   binary.BigEndian.Uint32(b[4:]),
		SSRC:        binary.BigEndian.Uint32(b[8:]),
	}
	size := HeaderSize + 4*int(b[0]&0x0f)
	if b[0]&0x10 != 0 { // extension, section 5.3.1
		if len(b) < size+4 {
			return Header{}, nil, ErrMalformed
		}
		size += 4 + 4*int(binary.BigEndian.Uint16(b[size+2:]))
	}
	if len(b) < size {
		return Header{}, nil, ErrMalformed
	}
	payload := b[size:]
	if b[0]&0x20 != 0 { // padding: its last byte says how much
		if len(payload) == 0 {
			return Header{}, nil, ErrMalformed
		}
		n := int(payload[len(payload)-1])
		if n == 0 || n > len(payload) {
			return Header{}, nil, ErrMalformed
		}
		payload = payload[:len(payload)-n]
	}
	return h, payload, nil
}

// Append appends h to b as a header of HeaderSize bytes.
func (h Header) Append(b []byte) []byte {
	second := h.PayloadType & 0x7f
	if h.Marker {
		second |= 0x80
	}
	b = append(b, 0x80, second)
	b = binary.BigEndian.AppendUint16(b, h.Sequence)
	b = binary.BigEndian.AppendUint32(b, h.Timestamp)
	return binary.BigEndian.AppendUint32(b, h.SSRC)
}
