package crowd

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"

	"github.com/stoa-audio/stoa/internal/bench/count"
)

// A full is a client made of pion/webrtc as it is: a PeerConnection with its
// default codecs and interceptors, on a UDP socket of its own.
type full struct {
	count.Tally

	ear     int
	place   place
	current *atomic.Pointer[count.Window]
	since   func() time.Duration
	pc      *webrtc.PeerConnection
}

// connect makes the offer through ask and returns when the handshake is over.
func (f *full) connect(ctx context.Context, ask func(sdp string) (string, error)) (err error) {
	ctx, cancel := context.WithTimeout(ctx, connectMax)
	defer cancel()
	pc, err := f.place.newPeerConnection()
	if err != nil {
		return err
	}
	f.pc = pc
	defer func() {
		if err != nil {
			err = errors.Join(err, pc.Close())
		}
	}()
	pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { f.hear(track) })
	up, failed := make(chan struct{}), make(chan struct{})
	var once sync.Once
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		switch s {
		case webrtc.PeerConnectionStateConnected:
			once.Do(func() { close(up) })
		case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
			once.Do(func() { close(failed) })
		default:
		}
	})
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		return err
	}
	if err := pc.SetLocalDescription(offer); err != nil {
		return err
	}
	text, err := ask(offer.SDP) // the node learns the address from the first check
	if err != nil {
		return err
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: text}); err != nil {
		return err
	}
	select {
	case <-up:
		return nil
	case <-failed:
		return errors.New("pion/webrtc does not connect")
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p place) newPeerConnection() (*webrtc.PeerConnection, error) {
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
	engine.SetIncludeLoopbackCandidate(true)
	// One socket, where the node is.
	engine.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() == (p == loopback) })
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(codecs), webrtc.WithInterceptorRegistry(interceptors),
		webrtc.WithSettingEngine(engine)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	for i := range 1 + count.VoicesMax {
		direction := webrtc.RTPTransceiverDirectionRecvonly
		if i == 0 {
			direction = webrtc.RTPTransceiverDirectionSendrecv
		}
		if _, err := pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: direction}); err != nil {
			return nil, errors.Join(err, pc.Close())
		}
	}
	return pc, nil
}

// hear counts what comes on one track.
func (f *full) hear(track *webrtc.TrackRemote) {
	for {
		packet, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		heard, ok := count.ParseFrame(packet.Payload)
		f.Lock()
		w := f.current.Load()
		if ok {
			f.Hear(w, f.ear, heard, f.since())
		} else {
			f.Spoil(w)
		}
		f.Unlock()
	}
}
