package stoa

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/stoa-audio/stoa/internal/signal"
)

// comesUpWithin is how long a connection beside the one that there is may take.
const comesUpWithin = 5 * time.Second

// A connection is one media connection with a node. Which one is heard and
// speaks, and when there is to be another, is decided in failover.go.
type connection struct {
	number int // later ones have greater numbers
	at     string
	peer   *webrtc.PeerConnection
	outlet *outlet
	up     chan struct{} // closed when it has come up
	failed chan struct{} // closed when it is of no use any more
	once   sync.Once
	watch  watch // the watcher's
}

// A mediaOffer is the body of the request.
type mediaOffer struct {
	SDP     string `json:"sdp"`
	At      string `json:"at,omitempty"`
	Standby bool   `json:"standby,omitempty"`
}

// open begins a connection, which is not offered to anybody yet.
func (r *Room) open() (*connection, error) {
	api, err := newAPI()
	if err != nil {
		return nil, err
	}
	peer, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	r.numbers++
	c := &connection{number: r.numbers, peer: peer, up: make(chan struct{}), failed: make(chan struct{})}
	r.mu.Unlock()
	c.outlet = &outlet{microphone: r.microphone}
	var up sync.Once
	peer.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		switch s {
		case webrtc.PeerConnectionStateConnected:
			up.Do(func() { close(c.up) }) // it may be disconnected for a while, and come back
		case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
			c.fail()
		default:
		}
	})
	if _, err := peer.AddTransceiverFromTrack(c.outlet, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendrecv}); err != nil {
		return nil, errors.Join(err, peer.Close())
	}
	for range signal.Slots {
		if _, err := peer.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			return nil, errors.Join(err, peer.Close())
		}
	}
	peer.OnTrack(func(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
		section := slices.IndexFunc(peer.GetTransceivers(), func(t *webrtc.RTPTransceiver) bool { return t.Receiver() == receiver })
		r.listen(c.number, section-1, track) // the microphone's is the first
	})
	return c, nil
}

func (c *connection) fail() { c.once.Do(func() { close(c.failed) }) }

func (c *connection) isUp() bool {
	select {
	case <-c.failed:
		return false
	default:
	}
	select {
	case <-c.up:
		return true
	default:
		return false
	}
}

// close ends it. What it would say is of no interest any more.
func (c *connection) close() {
	if c != nil {
		c.fail()
		_ = c.peer.Close()
	}
}

// make offers it to a node and waits until it is up.
func (r *Room) make(ctx context.Context, c *connection, at string, standby bool) error {
	offer, err := c.peer.CreateOffer(nil)
	if err != nil {
		return err
	}
	if err := c.peer.SetLocalDescription(offer); err != nil {
		return err
	}
	answer, err := r.offerTo(ctx, offer.SDP, at, standby, c)
	if err != nil {
		return err
	}
	if err := c.peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		return err
	}
	select {
	case <-c.up:
		return nil
	case <-c.failed:
		return fmt.Errorf("media does not come up: %w", ErrLost)
	case <-ctx.Done():
		return fmt.Errorf("media does not come up: %w", context.Cause(ctx))
	}
}

// offerTo asks a node for an answer; when it is gone, the others in turn, and
// last the one that was joined.
func (r *Room) offerTo(ctx context.Context, sdp, at string, standby bool, c *connection) (string, error) {
	tries := []string{at}
	if !standby && at != "" {
		tries = append(append(tries, alternates(r.nodes, at)...), "")
	}
	var answer struct{ SDP string }
	var err error
	for _, at := range tries {
		err = r.socket().ask(ctx, "offer", mediaOffer{sdp, at, standby}, &answer)
		if problem, ok := errors.AsType[*Problem](err); !ok || problem.Code != "no_node" {
			c.at = at
			break
		}
	}
	return answer.SDP, err
}

// look takes in how many packets have come by now.
func (c *connection) look(now time.Time) {
	stats, ok := c.peer.SCTP().Transport().ICETransport().GetSelectedCandidatePairStats()
	if ok {
		c.watch.look(now, stats.PacketsReceived)
	}
}
