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

	"github.com/stoa-audio/stoa/internal/media/fanout"
	"github.com/stoa-audio/stoa/internal/media/rtp"
	"github.com/stoa-audio/stoa/internal/media/seal"
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
// concurrent use, but for Ufrag and Proves.
type Peer struct {
	// Addr is where its media goes, invalid before the first nomination.
	Addr netip.AddrPort

	ufrag, pwd, remoteUfrag string
	fingerprint             [32]byte
	ssrc                    uint32 // of the first slot, or any
	cname                   string
	opus, red               uint8     // payload types of the microphone, zero: none
	checked                 time.Time // last authenticated connectivity check

	streams   []fanout.Stream // by slot
	keys      *seal.Keys      // nil before the handshake has ended
	control   *seal.Control
	mic       *microphone // nil before its first packet
	reporters []reporter
}

// A microphone is what a peer needs to be heard. Most never are.
type microphone struct {
	open    *srtp.Context
	header  pionrtp.Header // where pion/srtp reads headers to, so as not to make one each time
	uplinks []uplink
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
	seen  uint64 // bit i: index − i has come
}

// New returns the node's half of a connection that o asks for, and the SDP
// answer to it.
func New(now time.Time, o Offer, local Local, rnd *rand.Rand) (p *Peer, answer string) {
	p = &Peer{
		ufrag: local.Ufrag, pwd: local.Pwd, remoteUfrag: o.Ufrag, fingerprint: o.Fingerprint,
		cname: draw(rnd, 16), checked: now, ssrc: 1 + rnd.Uint32N(1<<32-1),
		streams: make([]fanout.Stream, 0, len(o.Sections)),
	}
	for _, s := range o.Sections {
		if s.Mic {
			p.opus, p.red = s.Opus, s.RED
			continue
		}
		stream := fanout.Stream{SSRC: p.ssrc, Opus: s.Opus, RED: s.RED, Timestamp: rnd.Uint32()}
		// The first number is low, so that nobody misses the first wrap, and
		// not so low that a late packet would come before zero.
		stream.Sequence = uint16(64 + rnd.IntN(4096)) //nolint:gosec // in range
		for p.has(stream.SSRC) {
			stream.SSRC = 1 + rnd.Uint32N(1<<32-1)
		}
		p.streams = append(p.streams, stream)
	}
	return p, p.answer(local, o.Sections)
}

func (p *Peer) has(ssrc uint32) bool {
	return slices.ContainsFunc(p.streams, func(s fanout.Stream) bool { return s.SSRC == ssrc })
}

// Fingerprint returns the SHA-256 of the certificate that the peer must show.
func (p *Peer) Fingerprint() [32]byte { return p.fingerprint }

// Streams returns what the peer knows of the slots.
func (p *Peer) Streams() []fanout.Stream { return p.streams }

// SetKeys ends the handshake: from now on the peer sends and is sent media.
// It returns what seals it.
func (p *Peer) SetKeys(k seal.Keys) (seal.RTP, error) {
	control, err := seal.NewControl(k)
	if err != nil {
		return seal.RTP{}, err
	}
	s, err := seal.NewRTP(k)
	if err == nil {
		p.keys, p.control = &k, control
	}
	return s, err
}

// HasKeys reports whether the handshake has ended.
func (p *Peer) HasKeys() bool { return p.keys != nil }

// An Uplink is a packet of a voice that a peer has sent.
type Uplink struct {
	rtp.Header

	Redundant bool   // it is sent as RED (RFC 2198)
	Payload   []byte // sealed: docs/protocol/keys.md
	Newest    bool   // no later packet has come: the peer is where this came from
}

// OpenRTP decrypts the SRTP packet b into buf. The payload aliases buf.
func (p *Peer) OpenRTP(now time.Time, b, buf []byte) (u Uplink, err error) {
	if p.keys == nil {
		return u, ErrNoKeys
	}
	if p.mic == nil {
		open, err := srtp.CreateContext(p.keys.RemoteKey, p.keys.RemoteSalt, p.keys.Profile, srtp.SRTPReplayProtection(replayWindow))
		if err != nil {
			return u, err
		}
		p.mic = &microphone{open: open}
	}
	return p.mic.openRTP(now, b, buf, p.opus, p.red)
}

func (m *microphone) openRTP(now time.Time, b, buf []byte, opus, redundant uint8) (u Uplink, err error) {
	from := m.uplink(rtp.SSRC(rtp.RTP, b))
	if from == nil && len(m.uplinks) >= uplinksMax {
		return u, ErrStreams
	}
	plain, err := m.open.DecryptRTP(buf[:0], b, &m.header)
	if err != nil {
		return u, ErrAuth
	}
	if u.Header, u.Payload, err = rtp.Parse(plain); err != nil {
		return u, err
	}
	switch u.PayloadType {
	case 0:
		return u, ErrPayload
	case opus:
	case redundant:
		u.Redundant = true
	default:
		return u, ErrPayload
	}
	if len(u.Payload) == 0 {
		return u, ErrPayload // would take a number that no listener ever sees
	}
	if from == nil {
		m.uplinks = append(m.uplinks, uplink{ssrc: u.SSRC})
		from = &m.uplinks[len(m.uplinks)-1]
	}
	u.Newest = from.count(now, u.Header)
	return u, nil
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

func (m *microphone) uplink(ssrc uint32) *uplink {
	if m == nil {
		return nil
	}
	for i := range m.uplinks {
		if m.uplinks[i].ssrc == ssrc {
			return &m.uplinks[i]
		}
	}
	return nil
}
