package peer

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/pion/rtcp"

	"github.com/stoa-audio/stoa/internal/media/fanout"
	"github.com/stoa-audio/stoa/internal/media/forward"
	"github.com/stoa-audio/stoa/internal/media/rtp"
)

// Feedback is what an RTCP packet of a peer says about the slots.
type Feedback struct {
	Newest  bool // no later one has come: the peer is where this came from
	Missing []Missing
	Heard   []Heard
}

// Missing is a packet that the peer asks for again (RFC 4585, section 6.2.1).
type Missing struct {
	SSRC     uint32
	Sequence uint16
}

// Heard is how a slot reaches the peer (RFC 3550, section 6.4.1).
type Heard struct {
	SSRC      uint32
	Lost      float64       // share of the packets since the peer's last report
	RoundTrip time.Duration // zero: not known
}

// Bounds of one RTCP packet: the slots, and what a second of them holds.
const (
	missingMax = 256
	heardMax   = 32
)

// OpenRTCP decrypts the SRTCP packet b into buf and takes note of it.
func (p *Peer) OpenRTCP(now time.Time, b, buf []byte) (f Feedback, err error) {
	if p.keys == nil {
		return f, ErrNoKeys
	}
	if len(b) < rtp.HeaderSize {
		return f, ErrAuth
	}
	ssrc := rtp.SSRC(rtp.RTCP, b)
	i := slices.IndexFunc(p.reporters, func(r reporter) bool { return r.ssrc == ssrc })
	if i < 0 && len(p.reporters) >= reportersMax {
		return f, ErrStreams
	}
	plain, index, err := p.control.Open(buf[:0], b)
	if err != nil {
		return f, ErrAuth
	}
	if i < 0 {
		p.reporters = append(p.reporters, reporter{ssrc: ssrc, index: index, seen: 1})
		f.Newest = true
	} else if f.Newest, err = p.reporters[i].accept(index); err != nil {
		return f, err
	}
	packets, err := rtcp.Unmarshal(plain)
	if err != nil {
		return f, err
	}
	for _, packet := range packets {
		switch packet := packet.(type) {
		case *rtcp.SenderReport:
			if u := p.mic.uplink(packet.SSRC); u != nil {
				u.lastSR, u.lastSRAt = uint32(packet.NTPTime>>16), now //nolint:gosec // the middle bits
			}
			f.hear(now, packet.Reports)
		case *rtcp.ReceiverReport:
			f.hear(now, packet.Reports)
		case *rtcp.TransportLayerNack:
			f.miss(packet)
		default: // the rest asks for nothing that the node does
		}
	}
	return f, nil
}

// accept notes the index of an SRTCP packet, or refuses a replay (RFC 3711,
// section 3.3.2).
func (r *reporter) accept(index uint32) (newest bool, err error) {
	if index > r.index {
		r.seen = r.seen<<min(index-r.index, 64) | 1
		r.index = index
		return true, nil
	}
	back := r.index - index
	if back >= 64 || r.seen>>back&1 != 0 {
		return false, ErrAuth
	}
	r.seen |= 1 << back
	return false, nil
}

func (f *Feedback) hear(now time.Time, blocks []rtcp.ReceptionReport) {
	for _, r := range blocks[:min(len(blocks), heardMax-min(len(f.Heard), heardMax))] {
		h := Heard{SSRC: r.SSRC, Lost: float64(r.FractionLost) / 256}
		if r.LastSenderReport != 0 {
			middle := uint32(ntp(now) >> 16) //nolint:gosec // the middle bits
			// In units of 1/65536 s; a clock that was set back yields nonsense.
			if took := middle - r.LastSenderReport - r.Delay; took < 10<<16 {
				h.RoundTrip = time.Duration(took) * time.Second >> 16
			}
		}
		f.Heard = append(f.Heard, h)
	}
}

func (f *Feedback) miss(nack *rtcp.TransportLayerNack) {
	for i := range nack.Nacks {
		nack.Nacks[i].Range(func(seq uint16) bool {
			f.Missing = append(f.Missing, Missing{nack.MediaSSRC, seq})
			return len(f.Missing) < missingMax
		})
		if len(f.Missing) >= missingMax {
			return
		}
	}
}

// A Mark is the newest packet of a slot in the room's numbers, by which the
// listeners' clocks are told (RFC 3550, section 6.4.1).
type Mark struct {
	Timestamp uint32
	At        time.Time
}

// AppendReport appends to out an SRTCP packet with a sender report for each
// slot in sent, and a receiver report for the microphone. It returns false
// when there is nothing to report.
func (p *Peer) AppendReport(now time.Time, sent []fanout.Sent, marks *[forward.Slots]Mark, out []byte) ([]byte, bool) {
	if p.keys == nil {
		return out, false
	}
	var packets []rtcp.Packet
	for _, s := range sent {
		mark := marks[s.Slot]
		packets = append(packets, &rtcp.SenderReport{
			SSRC:        s.SSRC,
			NTPTime:     ntp(now),
			RTPTime:     mark.Timestamp + s.AddTS + uint32(now.Sub(mark.At).Microseconds()*48/1000), //nolint:gosec // wraps
			PacketCount: s.Packets,
			OctetCount:  s.Octets,
		})
	}
	if blocks := p.receptionReports(now); blocks != nil {
		packets = append(packets, &rtcp.ReceiverReport{SSRC: p.ssrc, Reports: blocks})
	}
	if packets == nil {
		return out, false
	}
	packets = append(packets, rtcp.NewCNAMESourceDescription(p.ssrc, p.cname))
	plain, err := rtcp.Marshal(packets)
	if err != nil {
		return out, false
	}
	sealed, err := p.control.Append(out, plain)
	return sealed, err == nil
}

// AppendBeat appends to out an SRTCP packet that says nothing: a receiver report
// of no stream (RFC 3550, section 6.4.2), alone (RFC 5506), as short as can be.
// It returns false before the handshake has ended.
func (p *Peer) AppendBeat(out []byte) ([]byte, bool) {
	if p.keys == nil {
		return out, false
	}
	beat := [8]byte{2 << 6, byte(rtcp.TypeReceiverReport), 0, 1}
	binary.BigEndian.PutUint32(beat[4:], p.ssrc)
	sealed, err := p.control.Append(out, beat[:])
	return sealed, err == nil
}

// receptionReports returns a block for each uplink that has sent RTP since the
// last report (RFC 3550, section 6.4.1 and appendix A.3).
func (p *Peer) receptionReports(now time.Time) []rtcp.ReceptionReport {
	var blocks []rtcp.ReceptionReport
	if p.mic == nil {
		return nil
	}
	for i := range p.mic.uplinks {
		u := &p.mic.uplinks[i]
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
