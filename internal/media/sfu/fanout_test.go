package sfu

import (
	"bytes"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/pion/srtp/v3"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/media/forward"
	"github.com/stoa-audio/stoa/internal/media/handshake"
	"github.com/stoa-audio/stoa/internal/media/peer"
	"github.com/stoa-audio/stoa/internal/media/rtp"
	"github.com/stoa-audio/stoa/internal/media/udp"
)

// A walk is the loop without its goroutine, and a room with one speaker and
// many listeners whose handshakes are taken as done. Their packets go to a
// socket that nobody reads.
type walk struct {
	loop  *loop
	from  netip.AddrPort
	voice *srtp.Context
	seq   uint16
}

func newWalk(tb testing.TB, listeners int) *walk {
	tb.Helper()
	identity, err := handshake.NewIdentity(testTime)
	if err != nil {
		tb.Fatal(err)
	}
	conn, err := udp.Listen("127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	sink, err := udp.Listen("127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _, _ = conn.Close(), sink.Close() })
	s := &SFU{conn: conn, identity: identity, log: slog.New(slog.DiscardHandler), voices: func(id.Room, forward.Voices) {}}
	w := &walk{loop: newLoop(s, rand.New(rand.NewPCG(1, 2))), from: netip.MustParseAddrPort("127.0.0.1:9")}
	w.loop.now = testTime

	room := id.New[id.Room]()
	offer := peer.Offer{Ufrag: "abcd", Sections: []peer.Section{{Mid: "0", Opus: 111, Mic: true}}}
	for i := range forward.Slots {
		offer.Sections = append(offer.Sections, peer.Section{Mid: string(rune('1' + i)), Opus: 111})
	}
	keys := peer.Keys{
		Profile:   srtp.ProtectionProfileAeadAes128Gcm,
		RemoteKey: bytes.Repeat([]byte{1}, 16), RemoteSalt: bytes.Repeat([]byte{2}, 12),
		LocalKey: bytes.Repeat([]byte{3}, 16), LocalSalt: bytes.Repeat([]byte{4}, 12),
	}
	for i := range listeners + 1 {
		who, session := id.New[id.Person](), id.New[id.Session]()
		w.loop.seat(room, who, session, id.Session{})
		if _, err := w.loop.connect(room, who, session, offer); err != nil {
			tb.Fatal(err)
		}
		c := w.loop.rooms[room].seats[who].client
		w.loop.shaken(c, testTime, handshake.Keys(keys), nil)
		c.Addr = sink.LocalAddr()
		if i == 0 {
			w.loop.speak(room, who, true)
			w.loop.know(c, w.from)
		}
	}
	if w.voice, err = srtp.CreateContext(keys.RemoteKey, keys.RemoteSalt, keys.Profile); err != nil {
		tb.Fatal(err)
	}
	return w
}

// next returns the speaker's next packet, as it comes from the socket.
func (w *walk) next(tb testing.TB) udp.Datagram {
	tb.Helper()
	w.seq++
	h := rtp.Header{PayloadType: 111, Sequence: w.seq, Timestamp: uint32(w.seq) * 960, SSRC: 7}
	b, err := w.voice.EncryptRTP(nil, append(h.Append(nil), make([]byte, 100)...), nil)
	if err != nil {
		tb.Fatal(err)
	}
	return udp.Datagram{Data: b, Addr: w.from}
}

// take is what the loop does with a datagram.
func (w *walk) take(d udp.Datagram) {
	w.loop.handle(d)
	w.loop.flush()
}

func TestFanOutAllocatesNothing(t *testing.T) {
	const listeners, packets = 200, 300
	w := newWalk(t, listeners)
	in := make([]udp.Datagram, packets+10)
	for i := range in {
		in[i] = w.next(t)
	}
	i := 0
	for ; i < 5; i++ {
		w.take(in[i])
	}
	// AllocsPerRun runs once more, to warm up.
	if n := testing.AllocsPerRun(packets, func() {
		w.take(in[i])
		i++
	}); n != 0 {
		t.Errorf("%v allocations per packet to %d listeners", n, listeners)
	}
	counts := w.loop.sfu.Counts()
	if counts["packets_out"] != uint64(listeners*i) || counts["send_failed"] != 0 {
		t.Errorf("%d packets in, %v", i, counts)
	}
}

// BenchmarkFanOut is the walk of one packet from the socket to 1000 listeners,
// system calls included.
func BenchmarkFanOut(b *testing.B) {
	const listeners = 1000
	w := newWalk(b, listeners)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		d := w.next(b)
		b.StartTimer()
		w.take(d)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/listeners, "ns/copy")
}
