package packet

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

func someEnds(source, target string) ends {
	return ends{
		sourceMAC: mac{2, 0, 0, 0, 0, 1}, targetMAC: mac{2, 0, 0, 0, 0, 2},
		source: netip.MustParseAddrPort(source), target: netip.MustParseAddrPort(target),
	}
}

// Frames that were computed apart from this code.
func TestFrameVectors(t *testing.T) {
	for _, v := range []struct{ source, target, data, frame string }{
		{
			"192.0.2.1:7882", "198.51.100.2:50000", "voice",
			"0200000000020200000000010800 450000210000400040114e95c0000201c6336402 1ecac350000decae 766f696365",
		},
		{
			"[2001:db8::1]:7882", "[2001:db8::2:3]:443", "a voice!",
			"02000000000202000000000186dd 600000000010114020010db800000000000000000000000120010db8000000000000000000020003 1eca01bb0010ddbc 6120766f69636521",
		},
		{
			"10.0.0.1:1", "10.255.255.255:65535", "",
			"0200000000020200000000010800 4500001c00004000401125d20a0000010affffff 0001ffff0008eadd ",
		},
	} {
		e := someEnds(v.source, v.target)
		got := e.appendFrame(nil, []byte(v.data))
		if want := strings.ReplaceAll(v.frame, " ", ""); hex.EncodeToString(got) != want {
			t.Errorf("%q from %s to %s:\n%x, want\n%s", v.data, v.source, v.target, got, want)
		}
	}
}

// slowSum is RFC 1071, section 4.1, word for word.
func slowSum(b []byte) uint16 {
	var s uint32
	for len(b) > 1 {
		s += uint32(binary.BigEndian.Uint16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	for s>>16 != 0 {
		s = s&0xffff + s>>16
	}
	return uint16(s)
}

// check takes a frame apart with parsers and a checksum that share no code
// with what has made it.
func (e *ends) check(t *testing.T, frame, data []byte) {
	t.Helper()
	if !bytes.Equal(frame[:12], append(e.targetMAC[:], e.sourceMAC[:]...)) {
		t.Fatalf("from and to in %x", frame[:12])
	}
	packet, length := frame[ethernetLen:], udpLen+len(data)
	if len(packet) != packetLen(e.target.Addr(), len(data)) {
		t.Fatalf("%d bytes of packet, it says %d", len(packet), packetLen(e.target.Addr(), len(data)))
	}
	var segment, pseudo []byte
	if e.target.Addr().Is4() {
		h, err := ipv4.ParseHeader(packet)
		if err != nil || binary.BigEndian.Uint16(frame[12:]) != etherIPv4 {
			t.Fatal(err, frame[12:14])
		}
		if h.Version != 4 || h.Len != 20 || h.TOS != 0 || h.TotalLen != len(packet) || h.Flags != ipv4.DontFragment ||
			h.FragOff != 0 || h.TTL != 64 || h.Protocol != 17 ||
			!h.Src.Equal(net.IP(e.source.Addr().AsSlice())) || !h.Dst.Equal(net.IP(e.target.Addr().AsSlice())) {
			t.Fatal(h)
		}
		if s := slowSum(packet[:20]); s != 0xffff {
			t.Fatalf("the header adds up to %x", s)
		}
		segment = packet[20:]
		pseudo = append(pseudo, packet[12:20]...)
		pseudo = append(pseudo, 0, 17)
		pseudo = binary.BigEndian.AppendUint16(pseudo, uint16(length))
	} else {
		h, err := ipv6.ParseHeader(packet)
		if err != nil || binary.BigEndian.Uint16(frame[12:]) != etherIPv6 {
			t.Fatal(err, frame[12:14])
		}
		if h.Version != 6 || h.TrafficClass != 0 || h.FlowLabel != 0 || h.PayloadLen != length || h.NextHeader != 17 || h.HopLimit != 64 ||
			!h.Src.Equal(net.IP(e.source.Addr().AsSlice())) || !h.Dst.Equal(net.IP(e.target.Addr().AsSlice())) {
			t.Fatal(h)
		}
		segment = packet[40:]
		pseudo = append(pseudo, packet[8:40]...)
		pseudo = binary.BigEndian.AppendUint32(pseudo, uint32(length))
		pseudo = append(pseudo, 0, 0, 0, 17)
	}
	if source, target := binary.BigEndian.Uint16(segment), binary.BigEndian.Uint16(segment[2:]); source != e.source.Port() || target != e.target.Port() {
		t.Fatalf("from port %d to %d", source, target)
	}
	if n := binary.BigEndian.Uint16(segment[4:]); int(n) != length || !bytes.Equal(segment[udpLen:], data) {
		t.Fatalf("%d bytes in %x", n, segment)
	}
	if s, has := slowSum(append(pseudo, segment...)), binary.BigEndian.Uint16(segment[6:]); s != 0xffff || has == 0 {
		t.Fatalf("the segment adds up to %x with a checksum of %x", s, has)
	}
}

func FuzzFrame(f *testing.F) {
	four, six := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	f.Add(four.AsSlice(), four.Next().AsSlice(), uint16(7882), uint16(50000), []byte("voice"))
	f.Add(six.AsSlice(), six.Next().AsSlice(), uint16(1), uint16(65535), bytes.Repeat([]byte{0xff}, 1201))
	f.Add(make([]byte, 16), bytes.Repeat([]byte{0xff}, 16), uint16(0), uint16(0), []byte{})
	f.Fuzz(func(t *testing.T, source, target []byte, from, to uint16, data []byte) {
		a, ok := netip.AddrFromSlice(source)
		b, same := netip.AddrFromSlice(target)
		if !ok || !same || len(source) != len(target) || a.Is4In6() || b.Is4In6() || len(data) > 1500 {
			t.Skip()
		}
		e := ends{sourceMAC: mac{2, 3}, targetMAC: mac{4, 5}, source: netip.AddrPortFrom(a, from), target: netip.AddrPortFrom(b, to)}
		const before = "what is there already"
		frame := e.appendFrame([]byte(before), data)
		if !bytes.HasPrefix(frame, []byte(before)) {
			t.Fatal("it writes over what is there")
		}
		e.check(t, frame[len(before):], data)
	})
}

// A checksum of 0 is written as 0xffff: made to happen, since it happens to
// one datagram in 65,536.
func TestNoChecksumOfZero(t *testing.T) {
	for _, e := range []ends{someEnds("192.0.2.1:7882", "198.51.100.2:50000"), someEnds("[2001:db8::1]:7882", "[2001:db8::2]:50000")} {
		frame := e.appendFrame(nil, []byte{0, 0})
		check := len(frame) - 4
		frame = e.appendFrame(nil, frame[check:check+2])
		if got := binary.BigEndian.Uint16(frame[check:]); got != 0xffff {
			t.Errorf("to %v: %x", e.target, got)
		}
		e.check(t, frame, frame[check+2:])
	}
}

// Every length, and sums that carry in every place.
func TestSum(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := range 1600 {
		b := make([]byte, n)
		for i := range b {
			if b[i] = byte(rnd.Uint32()); n%3 == 0 {
				b[i] |= 0xf0
			}
		}
		if n%7 == 0 {
			b = bytes.Repeat([]byte{0xff}, n)
		}
		want := slowSum(append([]byte{0xff, 0xfe}, b...))
		if got := fold(sum(0xfffe, b)); got != want && got+want != 0xffff {
			t.Fatalf("%d bytes: %x, want %x", n, got, want)
		}
	}
}
