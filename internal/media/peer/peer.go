// Package peer is the node's half of one WebRTC connection, told about the
// world by arguments: SDP offer and answer (RFC 8829), ICE-lite (RFC 8445),
// SRTP (RFC 3711, RFC 7714), RTCP (RFC 3550). DTLS is run by package
// handshake; the datagrams come and go in package sfu.
//
// Not here: renegotiation, header extensions, more than one address in use at
// a time, congestion control (a voice is 32 kbit/s or nothing).
package peer

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	pionrtp "github.com/pion/rtp"
	"github.com/pion/srtp/v3"
	"github.com/pion/stun/v3"

	"github.com/stoa-audio/stoa/internal/media/red"
	"github.com/stoa-audio/stoa/internal/media/rtp"
)

var (
	// ErrNoKeys means that the handshake has not ended yet.
	ErrNoKeys = errors.New("no keys yet")
	// ErrAuth means that a packet is forged, replayed or damaged.
	ErrAuth = errors.New("packet does not open")
	// ErrPayload means that a packet carries something other than Opus.
	ErrPayload = errors.New("not the negotiated payload type")
	// ErrStreams means that a peer sends more streams than it may.
	ErrStreams = errors.New("too many streams")
)

// What a peer may be remembered by is bounded. It has one microphone, and
// another SSRC when two collide (RFC 3550, section 8.2). Reports come from as
// many SSRCs as a client likes: pion/webrtc takes one for each slot.
const (
	uplinksMax   = 4
	reportersMax = 32
)

// replayWindow is how many packets may overtake one another (RFC 3711,
// section 3.3.2).
const replayWindow = 128

// A Peer is the far end of one WebRTC connection. It is not safe for
// concurrent use.
type Peer struct {
	// Addr is where its media goes, invalid before the first nomination.
	Addr netip.AddrPort

	local       Local
	remoteUfrag string
	fingerprint [32]byte
	origin      uint32
	cname       string
	sections    []Section
	micPayload  uint8
	micRED      uint8
	checked     time.Time // last authenticated connectivity check
	reply       stun.Message
	header      pionrtp.Header // where pion/srtp reads headers to, so as not to make one each time

	open, control *srtp.Context // what comes in; RTCP that goes out
	seal          *sealer       // RTP that goes out; nil before the handshake has ended
	indexAt       int           // where an SRTCP packet has its index, from the end

	slots     []slot
	uplinks   []uplink
	reporters []reporter
}

// A slot is one stream that the node sends to the peer.
type slot struct {
	ssrc     uint32
	payload  uint8 // payload type
	red      uint8 // payload type of RED; 0: none
	rollover rollover
	addSeq   uint16 // the peer's number − the room's
	addTS    uint32

	packets, octets uint32 // wrap (RFC 3550, section 6.4.1)
	lastTS          uint32
	lastAt          time.Time
	reported        uint32 // packets at the last report
}

// An uplink is one stream that the peer sends to the node.
type uplink struct {
	ssrc     uint32
	highest  uint32 // extended sequence number (RFC 3550, appendix A.1)
	base     uint32
	received uint32

	expectedBefore, receivedBefore uint32 // at the last report
	lastSR                         uint32 // middle bits of its last sender report
	lastSRAt                       time.Time
	jitter                         float64 // in units of the RTP clock
	transit                        uint32
}

// A reporter is an SSRC by which the peer sends RTCP.
type reporter struct {
	ssrc  uint32
	index uint32 // highest of its SRTCP packets (RFC 3711, section 3.4)
}

// New returns the node's half of a connection that o asks for.
func New(now time.Time, o Offer, local Local, rnd *rand.Rand) *Peer {
	p := &Peer{
		local: local, remoteUfrag: o.Ufrag, fingerprint: o.Fingerprint,
		origin: rnd.Uint32(), cname: draw(rnd, 16), sections: o.Sections, checked: now,
	}
	for _, s := range o.Sections {
		if s.Mic {
			p.micPayload, p.micRED = s.Opus, s.RED
			continue
		}
		p.slots = append(p.slots, slot{
			ssrc: p.newSSRC(rnd), payload: s.Opus, red: s.RED,
			addSeq: uint16(rnd.Uint32()), addTS: rnd.Uint32(), //nolint:gosec // any 16 bits
		})
	}
	for i := range p.slots {
		// The first sequence number is low: an SRTP receiver that misses the
		// first wrap of the numbers would stay deaf (RFC 3711, section 3.3.1).
		p.slots[i].addSeq = 1 + p.slots[i].addSeq&0x0fff
	}
	return p
}

func (p *Peer) newSSRC(rnd *rand.Rand) uint32 {
	for {
		v := rnd.Uint32()
		if v != 0 && !slices.ContainsFunc(p.slots, func(s slot) bool { return s.ssrc == v }) {
			return v
		}
	}
}

// Fingerprint returns the SHA-256 of the certificate that the peer must show.
func (p *Peer) Fingerprint() [32]byte { return p.fingerprint }

// Slots returns how many voices the peer can be sent at once.
func (p *Peer) Slots() int { return len(p.slots) }

// Keys is what a DTLS handshake yields for SRTP (RFC 5764, section 4.2).
type Keys struct {
	Profile               srtp.ProtectionProfile
	RemoteKey, RemoteSalt []byte // the client's
	LocalKey, LocalSalt   []byte // the node's
}

// SetKeys ends the handshake: from now on the peer sends and is sent media.
func (p *Peer) SetKeys(k Keys) error {
	opener, err := srtp.CreateContext(k.RemoteKey, k.RemoteSalt, k.Profile,
		srtp.SRTPReplayProtection(replayWindow), srtp.SRTCPReplayProtection(replayWindow))
	if err != nil {
		return err
	}
	control, err := srtp.CreateContext(k.LocalKey, k.LocalSalt, k.Profile)
	if err != nil {
		return err
	}
	seal, err := newSealer(k, control)
	if err != nil {
		return err
	}
	p.open, p.control, p.seal = opener, control, seal
	// RFC 7714, section 9.1: the index is last; RFC 3711, section 3.4: the
	// authentication tag of 80 bits follows it.
	p.indexAt = 4
	if k.Profile == srtp.ProtectionProfileAes128CmHmacSha1_80 {
		p.indexAt = 4 + 10
	}
	return nil
}

// IsRED reports whether payloads with this header are RED.
func (p *Peer) IsRED(h rtp.Header) bool { return h.PayloadType == p.micRED }

// HasKeys reports whether the handshake has ended.
func (p *Peer) HasKeys() bool { return p.seal != nil }

// OpenRTP decrypts the SRTP packet b into buf and returns its header and
// payload, which aliases buf. newest reports that no later packet of the
// stream has come yet: then the peer is where this one came from.
func (p *Peer) OpenRTP(now time.Time, b, buf []byte) (h rtp.Header, payload []byte, newest bool, err error) {
	if p.open == nil {
		return h, nil, false, ErrNoKeys
	}
	u := p.uplink(rtp.SSRC(rtp.RTP, b))
	if u == nil && len(p.uplinks) >= uplinksMax {
		return h, nil, false, ErrStreams
	}
	plain, err := p.open.DecryptRTP(buf[:0], b, &p.header)
	if err != nil {
		return h, nil, false, ErrAuth
	}
	if h, payload, err = rtp.Parse(plain); err != nil {
		return h, nil, false, err
	}
	if h.PayloadType == 0 || h.PayloadType != p.micPayload && h.PayloadType != p.micRED {
		return h, nil, false, ErrPayload
	}
	if h.PayloadType == p.micRED {
		if _, _, _, err := red.Parse(payload, nil); err != nil {
			return h, nil, false, ErrPayload
		}
	}
	if u == nil {
		p.uplinks = append(p.uplinks, uplink{ssrc: h.SSRC})
		u = &p.uplinks[len(p.uplinks)-1]
	}
	return h, payload, u.count(now, h), nil
}

// count notes a received packet and reports whether it is the newest so far.
func (u *uplink) count(now time.Time, h rtp.Header) (newest bool) {
	if u.received == 0 {
		u.highest, u.base = uint32(h.Sequence), uint32(h.Sequence)
	}
	ahead := int16(h.Sequence - uint16(u.highest)) //nolint:gosec // serial arithmetic (RFC 1982)
	if newest = ahead > 0 || u.received == 0; ahead > 0 {
		u.highest += uint32(ahead)
	}
	u.received++
	arrival := uint32(now.UnixMicro() * 48 / 1000) //nolint:gosec // wraps with the clock
	transit := arrival - h.Timestamp
	if u.received > 1 {
		d := float64(max(int32(transit-u.transit), int32(u.transit-transit))) //nolint:gosec // wraps
		if d < 48000 {                                                        // a pause of discontinuous transmission is no jitter
			u.jitter += (d - u.jitter) / 16 // RFC 3550, section 6.4.1
		}
	}
	u.transit = transit
	return newest
}

func (p *Peer) uplink(ssrc uint32) *uplink {
	for i := range p.uplinks {
		if p.uplinks[i].ssrc == ssrc {
			return &p.uplinks[i]
		}
	}
	return nil
}

// SealRTP appends to out the SRTP packet that carries payload to the peer in
// a slot. seq and ts are the room's numbers. It returns false when the peer
// cannot be sent it: no keys yet, or fewer slots than that. A payload that
// isRED goes out as what the peer understands.
func (p *Peer) SealRTP(now time.Time, slot int, marker bool, seq uint16, ts uint32, isRED bool, payload, out []byte) ([]byte, bool) {
	if p.seal == nil || slot >= len(p.slots) {
		return out, false
	}
	s := &p.slots[slot]
	if !s.rollover.used {
		s.addSeq -= seq
	}
	payloadType := s.payload
	switch {
	case isRED && s.red != 0:
		payloadType = s.red
	case isRED:
		_, _, payload, _ = red.Parse(payload, nil)
	}
	h := rtp.Header{Marker: marker, PayloadType: payloadType, Sequence: seq + s.addSeq, Timestamp: ts + s.addTS, SSRC: s.ssrc}
	sealed, err := p.seal.seal(h, s.rollover.of(h.Sequence), payload, out)
	if err != nil {
		return out, false
	}
	s.packets++
	s.octets += uint32(len(payload)) //nolint:gosec // a datagram
	s.lastTS, s.lastAt = h.Timestamp, now
	return sealed, true
}
