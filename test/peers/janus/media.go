package janus

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// newAPI returns pion/webrtc as it is, with its default codecs and
// interceptors, on one address.
func newAPI(host net.IP) (*webrtc.API, error) {
	codecs, interceptors := &webrtc.MediaEngine{}, &interceptor.Registry{}
	if err := codecs.RegisterDefaultCodecs(); err != nil {
		return nil, err
	}
	if err := webrtc.RegisterDefaultInterceptors(codecs, interceptors); err != nil {
		return nil, err
	}
	engine := webrtc.SettingEngine{}
	engine.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	engine.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	engine.SetIPFilter(host.Equal)
	return webrtc.NewAPI(webrtc.WithMediaEngine(codecs), webrtc.WithInterceptorRegistry(interceptors),
		webrtc.WithSettingEngine(engine)), nil
}

// A connection is one PeerConnection on its way up.
type connection struct {
	*webrtc.PeerConnection

	up     chan struct{}
	failed chan struct{}
}

func (s *Server) connection() (*connection, error) {
	pc, err := s.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	c := &connection{pc, make(chan struct{}), make(chan struct{})}
	var once sync.Once
	pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		switch state {
		case webrtc.PeerConnectionStateConnected:
			once.Do(func() { close(c.up) })
		case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
			once.Do(func() { close(c.failed) })
		default:
		}
	})
	return c, nil
}

// describe sets a description of one's own, and returns it with all candidates.
func (c *connection) describe(ctx context.Context, d webrtc.SessionDescription) (*webrtc.SessionDescription, error) {
	gathered := webrtc.GatheringCompletePromise(c.PeerConnection)
	if err := c.SetLocalDescription(d); err != nil {
		return nil, err
	}
	select {
	case <-gathered:
		return c.LocalDescription(), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *connection) await(ctx context.Context) error {
	select {
	case <-c.up:
		return nil
	case <-c.failed:
		return errors.New("pion/webrtc does not connect")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Speak brings a speaker in, and returns how to say a frame of 20 ms. It comes
// before all listeners.
func (s *Server) Speak(ctx context.Context) (say func(frame []byte) error, err error) {
	in, cancel := context.WithTimeout(ctx, answerMax)
	defer cancel()
	c, err := s.connection()
	if err != nil {
		return nil, err
	}
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "voice", "bench")
	if err != nil {
		return nil, err
	}
	sends, err := c.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		return nil, err
	}
	go readReports(sends.Sender().Read)
	offer, err := c.CreateOffer(nil)
	if err != nil {
		return nil, err
	}
	own, err := c.describe(in, offer)
	if err != nil {
		return nil, err
	}
	at, err := dial(in, s.url)
	if err != nil {
		return nil, err
	}
	joined, err := at.message(in, map[string]any{"request": "join", "ptype": "publisher", "room": room}, nil)
	if err != nil {
		return nil, fmt.Errorf("join: %w", err)
	}
	s.feed = joined.Plugin.Data.ID
	published, err := at.message(in, map[string]any{"request": "publish"}, own)
	if err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	if published.JSEP == nil {
		return nil, errors.New("publish: there is no answer")
	}
	if err := c.SetRemoteDescription(*published.JSEP); err != nil {
		return nil, err
	}
	if err := c.await(in); err != nil {
		return nil, err
	}
	go at.listen(ctx)
	p := rtp.Packet{Header: rtp.Header{Version: 2}}
	return func(frame []byte) error {
		const samples = 960 // of 20 ms at 48 kHz
		p.SequenceNumber++
		p.Timestamp += samples
		p.Payload = frame
		return track.WriteRTP(&p)
	}, nil
}

// Listen brings a listener in, who is told each frame that comes.
func (s *Server) Listen(ctx context.Context, _ int, hear func(frame []byte)) error {
	in, cancel := context.WithTimeout(ctx, answerMax)
	defer cancel()
	at, err := dial(in, s.url)
	if err != nil {
		return err
	}
	joined, err := at.message(in, map[string]any{
		"request": "join", "ptype": "subscriber", "room": room, "streams": []map[string]int64{{"feed": s.feed}},
	}, nil)
	if err != nil {
		return fmt.Errorf("join: %w", err)
	}
	if joined.JSEP == nil {
		return errors.New("join: there is no offer")
	}
	c, err := s.connection()
	if err != nil {
		return err
	}
	c.OnTrack(func(track *webrtc.TrackRemote, receives *webrtc.RTPReceiver) {
		go readReports(receives.Read)
		for {
			packet, _, err := track.ReadRTP()
			if err != nil {
				return
			}
			hear(packet.Payload)
		}
	})
	if err := c.SetRemoteDescription(*joined.JSEP); err != nil {
		return err
	}
	answer, err := c.CreateAnswer(nil)
	if err != nil {
		return err
	}
	own, err := c.describe(in, answer)
	if err != nil {
		return err
	}
	if _, err := at.message(in, map[string]any{"request": "start"}, own); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	if err := c.await(in); err != nil {
		return err
	}
	go at.listen(ctx)
	return nil
}

// readReports reads what the interceptors are to see, until the end.
func readReports(read func([]byte) (int, interceptor.Attributes, error)) {
	b := make([]byte, 1500)
	for {
		if _, _, err := read(b); err != nil {
			return
		}
	}
}
