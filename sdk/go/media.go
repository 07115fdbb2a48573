package stoa

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/webrtc/v4"

	"github.com/stoa-audio/stoa/sdk/go/red"
)

const (
	framesMax = 512                   // not yet asked for: ten seconds of one voice
	nackEvery = 20 * time.Millisecond // how often what is missing is asked for
)

// A Frame is a packet of Opus that somebody has said.
type Frame struct {
	Who       string // their id, as the seal says
	Slot      int
	Timestamp uint32 // samples at 48 kHz, of the slot's own clock
	Opus      []byte
	Copied    bool // it was lost, and is a copy
	Again     bool // it was lost, and came after it was asked for
	Lost      int  // so many before it are lost for good
}

// Counts says what has become of the frames that the node has sent.
type Counts struct {
	Delivered uint64 // put in order, from packets or copies
	Copied    uint64 // of those, from copies
	Again     uint64 // of those, in packets that were asked for again, or overtaken
	Lost      uint64 // not there in time
	Late      uint64 // came in a packet of their own when they were not needed any more
	Dropped   uint64 // delivered, but nobody heard them in time
	Unopened  uint64 // came and did not open, or were of a voice that is not trusted
	Unproven  uint64 // packets that opened, and were not proven in time where only such are heard
	Unsealed  uint64 // packets of one's own that were not sent, for want of a key
}

// Hear waits for the next frame that somebody says. Each voice comes in its
// order; if nobody hears for long, the oldest frames are gone.
func (r *Room) Hear(ctx context.Context) (Frame, error) { return next(ctx, r, r.frames) }

// Speak says a packet of Opus. Calls are to come at the pace of the sound,
// frames of 20 ms for a start; where the room wants fewer packets, they are
// joined. Nobody hears it before Unmute, and nothing is sent before Sealed.
func (r *Room) Speak(opus []byte) error { return r.microphone.speak(opus) }

// Counts returns what has become of frames so far.
func (r *Room) Counts() Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.counts
	c.Unsealed = r.microphone.unsent()
	return c
}

// newAPI returns what makes connections as docs/protocol/media.md asks for:
// Opus and RED, with NACK and reports.
func newAPI() (*webrtc.API, error) {
	codecs, interceptors := &webrtc.MediaEngine{}, &interceptor.Registry{}
	for _, c := range []webrtc.RTPCodecParameters{
		{PayloadType: opusType, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeOpus, ClockRate: clockRate, Channels: 2,
			SDPFmtpLine: "minptime=10;useinbandfec=1", RTCPFeedback: []webrtc.RTCPFeedback{{Type: "nack"}},
		}},
		{PayloadType: redType, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: "audio/red", ClockRate: clockRate, Channels: 2,
			SDPFmtpLine: fmt.Sprintf("%d/%d", opusType, opusType), RTCPFeedback: []webrtc.RTCPFeedback{{Type: "nack"}},
		}},
	} {
		if err := codecs.RegisterCodec(c, webrtc.RTPCodecTypeAudio); err != nil {
			return nil, err
		}
	}
	asking, err := nack.NewGeneratorInterceptor(nack.GeneratorInterval(nackEvery))
	if err != nil {
		return nil, err
	}
	interceptors.Add(asking)
	if err := webrtc.ConfigureRTCPReports(interceptors); err != nil {
		return nil, err
	}
	engine := webrtc.SettingEngine{}
	engine.SetIncludeLoopbackCandidate(true) // the node may be on this machine
	engine.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	return webrtc.NewAPI(webrtc.WithSettingEngine(engine), webrtc.WithMediaEngine(codecs), webrtc.WithInterceptorRegistry(interceptors)), nil
}

// waitingMax bounds the packets of a slot that wait for their proofs: a second
// of them, and more than a node forwards.
const waitingMax = 256

// An arrival is a packet that has opened.
type arrival struct {
	heard

	timestamp uint32
	sequence  uint16
}

// listen takes in what comes in a slot of a connection, until it is gone.
func (r *Room) listen(by, slot int, track *webrtc.TrackRemote) {
	var o order
	var copies []red.Copy
	var highest uint16
	var waiting []arrival // for their proofs
	add := func(now time.Time, a arrival) {
		h := held{timestamp: a.timestamp, sequence: a.sequence, packet: a.payload, who: a.who}
		var err error
		if a.redundant {
			_, copies, h.packet, err = red.Parse(a.payload, copies[:0])
		}
		if err != nil {
			r.count(func(c *Counts) { c.Unopened++ })
			return
		}
		if ahead := int16(h.sequence - highest); !o.begun || ahead > 0 { //nolint:gosec // serial arithmetic (RFC 1982)
			highest = h.sequence
		} else {
			h.again = true
		}
		if !o.add(now, h) {
			r.count(func(c *Counts) { c.Late++ })
		}
		for _, c := range copies {
			o.add(now, held{timestamp: a.timestamp - c.Offset, copy: true, packet: c.Data, who: a.who})
		}
		copies = copies[:0]
	}
	for {
		due := time.Time{}
		if len(o.held) > 0 {
			due = o.due()
		}
		if len(waiting) > 0 && (due.IsZero() || waiting[0].until.Before(due)) {
			due = waiting[0].until
		}
		if track.SetReadDeadline(due) != nil {
			return
		}
		packet, _, err := track.ReadRTP()
		now := time.Now()
		if late, ok := errors.AsType[net.Error](err); err != nil && (!ok || !late.Timeout()) {
			return
		}
		if err == nil && len(packet.Payload) > 0 {
			h, ok := r.voices.open(now, packet.Payload, by)
			a := arrival{h, packet.Timestamp, packet.SequenceNumber}
			switch {
			case !ok:
				r.count(func(c *Counts) { c.Unopened++ })
			case a.until.IsZero():
				add(now, a)
			case len(waiting) < waitingMax:
				waiting = append(waiting, a)
			}
		}
		for len(waiting) > 0 && !waiting[0].until.After(now) {
			if a := waiting[0]; r.voices.isProven(&a.heard) {
				add(now, a)
			} else {
				r.count(func(c *Counts) { c.Unproven++ })
			}
			waiting = waiting[1:]
		}
		for h, lost, ok := o.next(now); ok; h, lost, ok = o.next(now) {
			r.deliver(slot, h, lost)
		}
	}
}

// deliver hands a frame to whoever hears.
func (r *Room) deliver(slot int, h held, lost int) {
	f := Frame{Who: textOf(h.who), Slot: slot, Timestamp: h.timestamp, Opus: h.packet, Copied: h.copy, Again: h.again, Lost: lost}
	dropped := offer(r.frames, f)
	r.count(func(c *Counts) {
		c.Delivered++
		c.Lost += uint64(lost)       //nolint:gosec // not negative
		c.Dropped += uint64(dropped) //nolint:gosec // not negative
		if h.copy {
			c.Copied++
		}
		if h.again {
			c.Again++
		}
	})
}

func (r *Room) count(add func(*Counts)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	add(&r.counts)
}
