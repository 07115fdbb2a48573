package stoa

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/stoa-audio/stoa/sdk/go/opus"
	"github.com/stoa-audio/stoa/sdk/go/red"
)

// Payload types, which the answer keeps as they are offered.
const (
	opusType = 111
	redType  = 63
)

// frameDefault is how much sound a packet holds before the room has said
// anything.
const frameDefault = 20 * time.Millisecond

// ErrFrame means that something is not a packet of Opus.
var ErrFrame = errors.New("not a packet of Opus")

// A microphone is what is sent: it joins frames, numbers the packets and repeats
// them, as the room asks for.
type microphone struct {
	mu       sync.Mutex // guards all of it; each call is one owner's turn
	now      func() time.Time
	outlet   *outlet                         // by which it is sent
	write    func(*rtp.Header, []byte) error // the outlet's; nil: not connected
	seal     func(now time.Time, payload []byte, redundant bool, length time.Duration) ([]byte, bool)
	unsealed uint64 // packets that were not sent, for want of a key
	red      bool   // the node understands RED
	ssrc     uint32
	length   time.Duration // of a packet
	repeat   []int
	joiner   joiner
	repeater red.Repeater
	sequence uint16
	// The timestamp of the next frame, and when its time is.
	timestamp uint32
	due       time.Time
	spoken    bool
	marker    bool // a talkspurt begins (RFC 3551, section 4.1)
}

func newMicrophone(seal func(time.Time, []byte, bool, time.Duration) ([]byte, bool)) *microphone {
	return &microphone{now: time.Now, length: frameDefault, seal: seal}
}

// speakAs is told how much sound packets are to hold and what is repeated.
// What the protocol does not allow is not done.
func (m *microphone) speakAs(length time.Duration, repeat []int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if length == 20*time.Millisecond || length == 40*time.Millisecond || length == 60*time.Millisecond {
		m.length = length
	}
	m.repeat = repeat
}

// unsent returns how many packets were not sent for want of a key.
func (m *microphone) unsent() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.unsealed
}

// speak sends a frame, or keeps it until the packet is full.
func (m *microphone) speak(frame []byte) error {
	if opus.Samples(frame) == 0 {
		return ErrFrame
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.write == nil {
		return ErrLost
	}
	m.pause()
	if !m.joiner.add(frame) {
		if err := m.send(); err != nil {
			return err
		}
		m.joiner.add(frame)
	}
	m.due = m.due.Add(duration(opus.Samples(frame)))
	if duration(m.joiner.samples) >= m.length {
		return m.send()
	}
	return nil
}

// pause lets the timestamp go on where nothing was said for a while.
func (m *microphone) pause() {
	const gap = 100 * time.Millisecond // less than that is jitter of the caller's
	now := m.now()
	late := now.Sub(m.due)
	if m.spoken && late < gap {
		return
	}
	if m.spoken {
		m.timestamp += m.joiner.samples + uint32(late/frameDefault)*clockRate/50 //nolint:gosec // wraps
		m.joiner = joiner{}                                                      // half a packet from before the pause
	}
	m.spoken, m.marker, m.due = true, true, now
}

// send sends what is joined. The lock is held.
func (m *microphone) send() error {
	samples := m.joiner.samples
	payload, payloadType, redundant := m.joiner.take(), uint8(opusType), len(m.repeat) > 0
	if m.red {
		payloadType = redType
	}
	// It remembers what was said, for copies that may be wanted later.
	if copied := m.repeater.Append(nil, opusType, m.timestamp, payload, m.repeat); redundant {
		payload = copied
	}
	sealed, ok := m.seal(m.now(), payload, redundant, m.length)
	if !ok { // it must not be sent
		m.unsealed++
		m.timestamp += samples
		return nil
	}
	header := &rtp.Header{
		Version: 2, Marker: m.marker, PayloadType: payloadType,
		SequenceNumber: m.sequence, Timestamp: m.timestamp, SSRC: m.ssrc,
	}
	m.marker = false
	m.sequence++
	m.timestamp += samples
	if err := m.write(header, sealed); err != nil {
		return fmt.Errorf("speak: %w", err)
	}
	return nil
}

// through sends by an outlet from now on.
func (m *microphone) through(o *outlet) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.outlet = o
	m.plug()
}

// plug takes over what the outlet is connected with. The lock is held.
func (m *microphone) plug() { m.write, m.ssrc, m.red = m.outlet.write, m.outlet.ssrc, m.outlet.red }

// An outlet is the microphone as the track of one connection. There may be two,
// and what is said goes by one of them: numbers go on when it is another.
type outlet struct {
	microphone *microphone // whose lock guards the rest
	write      func(*rtp.Header, []byte) error
	ssrc       uint32
	red        bool
}

// Bind is called when the connection is made (webrtc.TrackLocal).
func (o *outlet) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	codecs := c.CodecParameters()
	has := func(payloadType webrtc.PayloadType) int {
		return slices.IndexFunc(codecs, func(p webrtc.RTPCodecParameters) bool { return p.PayloadType == payloadType })
	}
	voice := has(opusType)
	if voice < 0 {
		return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
	}
	o.set(func(h *rtp.Header, payload []byte) error {
		_, err := c.WriteStream().WriteRTP(h, payload)
		return err
	}, uint32(c.SSRC()), has(redType) >= 0)
	return codecs[voice], nil
}

// Unbind is called when it is gone (webrtc.TrackLocal).
func (o *outlet) Unbind(webrtc.TrackLocalContext) error {
	o.set(nil, 0, false)
	return nil
}

func (o *outlet) set(write func(*rtp.Header, []byte) error, ssrc uint32, redundant bool) {
	m := o.microphone
	m.mu.Lock()
	defer m.mu.Unlock()
	o.write, o.ssrc, o.red = write, ssrc, redundant
	if m.outlet == o {
		m.plug()
	}
}

// ID and the other names of the track are nobody's business.
func (o *outlet) ID() string                { return "microphone" }
func (o *outlet) RID() string               { return "" }
func (o *outlet) StreamID() string          { return "stoa" }
func (o *outlet) Kind() webrtc.RTPCodecType { return webrtc.RTPCodecTypeAudio }
