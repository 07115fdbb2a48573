package peer

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/pion/rtcp"

	"github.com/stoa-audio/stoa/internal/media/rtp"
)

// Feedback is what an RTCP packet of a peer says.
type Feedback struct {
	Bye bool // it stops sending or goes
}

// OpenRTCP decrypts the SRTCP packet b into buf and takes note of it. newest
// is as for OpenRTP.
func (p *Peer) OpenRTCP(now time.Time, b, buf []byte) (f Feedback, newest bool, err error) {
	if p.open == nil {
		return f, false, ErrNoKeys
	}
	if len(b) < 8+p.indexAt {
		return f, false, ErrAuth
	}
	ssrc := rtp.SSRC(rtp.RTCP, b)
	r := slices.IndexFunc(p.reporters, func(r reporter) bool { return r.ssrc == ssrc })
	if r < 0 && len(p.reporters) >= reportersMax {
		return f, false, ErrStreams
	}
	plain, err := p.open.DecryptRTCP(buf[:0], b, nil)
	if err != nil {
		return f, false, ErrAuth
	}
	packets, err := rtcp.Unmarshal(plain)
	if err != nil {
		return f, false, err
	}
	// The first bit of the index says that the packet is encrypted.
	index := binary.BigEndian.Uint32(b[len(b)-p.indexAt:]) &^ (1 << 31)
	switch {
	case r < 0:
		p.reporters = append(p.reporters, reporter{ssrc, index})
		newest = true
	case index > p.reporters[r].index:
		p.reporters[r].index = index
		newest = true
	}
	for _, packet := range packets {
		switch packet := packet.(type) {
		case *rtcp.SenderReport:
			if u := p.uplink(packet.SSRC); u != nil {
				u.lastSR, u.lastSRAt = uint32(packet.NTPTime>>16), now //nolint:gosec // the middle bits
			}
		case *rtcp.Goodbye:
			f.Bye = true
		}
	}
	return f, newest, nil
}

// AppendReport appends to out an SRTCP packet with a sender report for each
// slot that has carried something since the last one, and a receiver report
// for the microphone. It returns false when there is nothing to report.
func (p *Peer) AppendReport(now time.Time, buf, out []byte) ([]byte, bool) {
	if p.seal == nil {
		return out, false
	}
	var packets []rtcp.Packet
	for i := range p.slots {
		s := &p.slots[i]
		if s.packets == s.reported {
			continue
		}
		s.reported = s.packets
		packets = append(packets, &rtcp.SenderReport{
			SSRC:        s.ssrc,
			NTPTime:     ntp(now),
			RTPTime:     s.lastTS + uint32(now.Sub(s.lastAt).Microseconds()*48/1000), //nolint:gosec // wraps
			PacketCount: s.packets,
			OctetCount:  s.octets,
		})
	}
	if len(p.slots) > 0 {
		if blocks := p.receptionReports(now); blocks != nil {
			packets = append(packets, &rtcp.ReceiverReport{SSRC: p.slots[0].ssrc, Reports: blocks})
		}
		if packets != nil {
			packets = append(packets, rtcp.NewCNAMESourceDescription(p.slots[0].ssrc, p.cname))
		}
	}
	if packets == nil {
		return out, false
	}
	plain, err := rtcp.Marshal(packets)
	if err != nil {
		return out, false
	}
	sealed, err := p.control.EncryptRTCP(buf[:0], plain, nil)
	if err != nil {
		return out, false
	}
	return append(out, sealed...), true
}

// receptionReports returns a block for each uplink that has sent RTP since the
// last report (RFC 3550, section 6.4.1 and appendix A.3).
func (p *Peer) receptionReports(now time.Time) []rtcp.ReceptionReport {
	var blocks []rtcp.ReceptionReport
	for i := range p.uplinks {
		u := &p.uplinks[i]
		if u.received == u.receivedBefore {
			continue
		}
		expected := u.highest - u.base + 1
		lost := max(int64(expected)-int64(u.received), 0)
		block := rtcp.ReceptionReport{
			SSRC:               u.ssrc,
			TotalLost:          uint32(min(lost, 0x7fffff)), //nolint:gosec // bounded
			LastSequenceNumber: u.highest,
			Jitter:             uint32(u.jitter),
			LastSenderReport:   u.lastSR,
		}
		expectedNow, receivedNow := expected-u.expectedBefore, u.received-u.receivedBefore
		if expectedNow > receivedNow {
			block.FractionLost = uint8(uint64(expectedNow-receivedNow) << 8 / uint64(expectedNow)) //nolint:gosec // below 256: something was received
		}
		if u.lastSR != 0 {
			block.Delay = uint32(now.Sub(u.lastSRAt).Seconds() * 65536)
		}
		u.expectedBefore, u.receivedBefore = expected, u.received
		blocks = append(blocks, block)
	}
	return blocks
}

// ntp returns t as an NTP timestamp (RFC 3550, section 4).
func ntp(t time.Time) uint64 {
	const since1900 = 2208988800
	seconds := uint64(t.Unix() + since1900)             //nolint:gosec // until 2036, then it wraps
	return seconds<<32 | uint64(t.Nanosecond())<<32/1e9 //nolint:gosec // below a second
}
