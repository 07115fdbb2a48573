package packet

import (
	"encoding/binary"
	"math/bits"
	"net/netip"

	"github.com/stoa-audio/stoa/internal/udp"
)

// Lengths of headers in bytes. IPv4's has no options, IPv6's no extensions.
const (
	ethernetLen = 14
	ipv4Len     = 20
	ipv6Len     = 40
	udpLen      = 8
	frameMax    = ethernetLen + ipv6Len + udpLen + udp.DatagramMax
)

const (
	etherIPv4   = 0x0800
	etherIPv6   = 0x86dd
	protocolUDP = 17
	timeToLive  = 64     // what the system itself begins with (RFC 1700)
	dontCut     = 0x4000 // DF (RFC 791); such a packet needs no identification (RFC 6864)
)

// A mac is a hardware address.
type mac [6]byte

// Ends are where a datagram comes from and goes to: two of one family.
type ends struct {
	sourceMAC, targetMAC mac
	source, target       netip.AddrPort
}

// packetLen returns the length of the IP packet that carries n bytes to an
// address.
func packetLen(to netip.Addr, n int) int {
	if to.Is4() {
		return ipv4Len + udpLen + n
	}
	return ipv6Len + udpLen + n
}

// appendFrame appends the Ethernet frame that carries data, whose length in a
// frame is at most 65,535.
func (e *ends) appendFrame(b, data []byte) []byte {
	b = append(b, e.targetMAC[:]...)
	b = append(b, e.sourceMAC[:]...)
	length := udpLen + len(data)
	var pseudo uint64
	if e.target.Addr().Is4() {
		b = binary.BigEndian.AppendUint16(b, etherIPv4)
		b, pseudo = e.appendIPv4(b, length)
	} else {
		b = binary.BigEndian.AppendUint16(b, etherIPv6)
		b, pseudo = e.appendIPv6(b, length)
	}
	at := len(b)
	b = binary.BigEndian.AppendUint16(b, e.source.Port())
	b = binary.BigEndian.AppendUint16(b, e.target.Port())
	b = binary.BigEndian.AppendUint16(b, uint16(length)) //nolint:gosec // bounded by the caller
	b = append(b, 0, 0)
	b = append(b, data...)
	check := ^fold(sum(pseudo+protocolUDP+uint64(length), b[at:]))
	if check == 0 {
		check = 0xffff // 0 would say that there is none (RFC 768; RFC 8200, section 8.1)
	}
	binary.BigEndian.PutUint16(b[at+6:], check)
	return b
}

// appendIPv4 appends a header (RFC 791) for length bytes of UDP, and returns
// the sum of both addresses.
func (e *ends) appendIPv4(b []byte, length int) (_ []byte, addresses uint64) {
	at := len(b)
	b = append(b, 0x45, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(ipv4Len+length)) //nolint:gosec // bounded by the caller
	b = binary.BigEndian.AppendUint32(b, dontCut)
	b = append(b, timeToLive, protocolUDP, 0, 0)
	source, target := e.source.Addr().As4(), e.target.Addr().As4()
	b = append(b, source[:]...)
	b = append(b, target[:]...)
	binary.BigEndian.PutUint16(b[at+10:], ^fold(sum(0, b[at:])))
	return b, uint64(fold(sum(0, b[at+12:])))
}

// appendIPv6 appends a header (RFC 8200) for length bytes of UDP, and returns
// the sum of both addresses.
func (e *ends) appendIPv6(b []byte, length int) (_ []byte, addresses uint64) {
	b = append(b, 0x60, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(length)) //nolint:gosec // bounded by the caller
	b = append(b, protocolUDP, timeToLive)
	at := len(b)
	source, target := e.source.Addr().As16(), e.target.Addr().As16()
	b = append(b, source[:]...)
	b = append(b, target[:]...)
	return b, uint64(fold(sum(0, b[at:])))
}

// sum adds b to the sum of what came before, 64 bits at a time instead of 16,
// which comes to the same (RFC 1071, section 2). Only the last b may be of odd
// length.
func sum(s uint64, b []byte) uint64 {
	var carry uint64
	for len(b) >= 32 {
		s, carry = bits.Add64(s, binary.BigEndian.Uint64(b), carry)
		s, carry = bits.Add64(s, binary.BigEndian.Uint64(b[8:]), carry)
		s, carry = bits.Add64(s, binary.BigEndian.Uint64(b[16:]), carry)
		s, carry = bits.Add64(s, binary.BigEndian.Uint64(b[24:]), carry)
		b = b[32:]
	}
	for len(b) >= 8 {
		s, carry = bits.Add64(s, binary.BigEndian.Uint64(b), carry)
		b = b[8:]
	}
	var last [8]byte
	copy(last[:], b)
	s, carry = bits.Add64(s, binary.BigEndian.Uint64(last[:]), carry)
	s, carry = bits.Add64(s, 0, carry)
	return s + carry
}

// fold brings a sum down to 16 bits.
func fold(s uint64) uint16 {
	s = s>>32 + s&0xffffffff
	s = s>>16 + s&0xffff
	s = s>>16 + s&0xffff
	s = s>>16 + s&0xffff
	return uint16(s) //nolint:gosec // 16 bits are left
}
