package packet

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"golang.org/x/sys/unix"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/media/forward"
	"github.com/stoa-audio/stoa/internal/media/sfu"
	"github.com/stoa-audio/stoa/internal/udp"
)

// Voices reach an unmodified pion/webrtc client as frames.
func TestVoices(t *testing.T) {
	w := newWire(t)
	for _, c := range []struct{ node, clients string }{{"10.78.0.1", "10.78.0.2"}, {"fd78::1", "fd78::2"}} {
		t.Run(c.node, func(t *testing.T) {
			w, at := w.in(t), netip.MustParseAddr(c.node)
			log := slog.New(slog.NewTextHandler(t.Output(), nil))
			network, err := Open(log)
			w.must(err)
			defer func() { w.must(network.Close()) }()
			node, err := sfu.Start(sfu.Config{
				Listen: netip.AddrPortFrom(at, 0).String(), Announce: []netip.Addr{at}, Shards: 2,
				Lane: func(conn *udp.Conn) sfu.Lane {
					l, err := network.Lane(conn)
					w.must(err)
					return l
				},
				Log: log, Sound: func(id.Room, sfu.Sound) {},
			})
			w.must(err)
			defer func() { w.must(node.Close()) }()
			room := id.New[id.Room]()
			ada, bo := w.join(node, room, c.clients), w.join(node, room, c.clients)
			eventually(t, "bo hears ada", func() bool { w.must(ada.say()); return bo.heard.Load() > 0 })
			eventually(t, "by frames", func() bool { w.must(ada.say()); framed, _ := network.Sent(); return framed > 0 })
			settled := func() bool {
				before := bo.heard.Load()
				time.Sleep(50 * time.Millisecond)
				return bo.heard.Load() == before
			}
			eventually(t, "it is quiet", settled)

			const voices = 200
			heard := bo.heard.Load()
			framed, _ := network.Sent()
			for range voices {
				w.must(ada.say())
				time.Sleep(time.Millisecond)
			}
			eventually(t, "all is heard", func() bool { return bo.heard.Load() == heard+voices })
			if now, _ := network.Sent(); now-framed < voices {
				t.Errorf("%d frames for %d packets", now-framed, voices)
			}
		})
	}
}

// A person is a pion/webrtc client on the far side.
type person struct {
	mic   *webrtc.TrackLocalStaticRTP
	next  rtp.Header
	heard atomic.Int64
}

func (p *person) say() error {
	p.next.SequenceNumber++
	p.next.Timestamp += 960
	return p.mic.WriteRTP(&rtp.Packet{Header: p.next, Payload: []byte("voice")})
}

// join seats somebody who may speak, and connects them from an address.
func (w *wire) join(node *sfu.SFU, room id.Room, from string) *person {
	w.t.Helper()
	engine := webrtc.SettingEngine{}
	engine.SetICEUDPMux(webrtc.NewICEUDPMux(nil, w.listenFrom(from)))
	engine.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	media := &webrtc.MediaEngine{}
	w.must(media.RegisterDefaultCodecs())
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(engine), webrtc.WithMediaEngine(media)).NewPeerConnection(webrtc.Configuration{})
	w.must(err)
	w.t.Cleanup(func() { _ = pc.Close() })
	p := &person{next: rtp.Header{Version: 2}}
	p.mic, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "mic", "mic")
	w.must(err)
	_, err = pc.AddTransceiverFromTrack(p.mic, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendrecv})
	w.must(err)
	for range forward.Slots {
		_, err := pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
		w.must(err)
	}
	pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			if _, _, err := track.ReadRTP(); err != nil {
				return
			}
			p.heard.Add(1)
		}
	})
	offer, err := pc.CreateOffer(nil)
	w.must(err)
	w.must(pc.SetLocalDescription(offer))
	who, session := id.New[id.Person](), id.New[id.Session]()
	node.Seat(room, who, session, id.Session{})
	node.Speak(room, who, true)
	answer, err := node.Offer(room, who, session, pc.LocalDescription().SDP)
	w.must(err)
	w.must(pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}))
	for began := time.Now(); !node.Roster(room)[who].Up; time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			w.t.Fatalf("not connected: %v", pc.ConnectionState())
		}
	}
	return p
}

// listenFrom opens a socket of this process on the far side: it belongs to the
// network namespace that the thread is in at the time.
func (w *wire) listenFrom(addr string) (conn *net.UDPConn) {
	w.t.Helper()
	runtime.LockOSThread()
	here, err := os.Open("/proc/thread-self/ns/net")
	w.must(err)
	defer func() { _ = here.Close() }()
	there, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", w.far.Process.Pid))
	w.must(err)
	defer func() { _ = there.Close() }()
	w.must(unix.Setns(int(there.Fd()), unix.CLONE_NEWNET))
	conn, err = net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(addr)})
	w.must(unix.Setns(int(here.Fd()), unix.CLONE_NEWNET))
	runtime.UnlockOSThread()
	w.must(err)
	w.t.Cleanup(func() { _ = conn.Close() })
	return conn
}
