package sfu

import (
	"bytes"
	"log/slog"
	"math"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/pion/srtp/v3"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/media/digest"
	"github.com/stoa-audio/stoa/internal/media/forward"
	"github.com/stoa-audio/stoa/internal/media/handshake"
	"github.com/stoa-audio/stoa/internal/media/peer"
	"github.com/stoa-audio/stoa/internal/media/rtp"
	"github.com/stoa-audio/stoa/internal/media/seal"
	"github.com/stoa-audio/stoa/internal/udp"
)

// A walk is a shard without its goroutine, and a room with speakers and many
// listeners whose handshakes are taken as done. Their packets go to a lane
// that counts them, or to a socket that nobody reads.
type walk struct {
	shard  *shard
	hall   *hall
	voices []*far
	now    time.Time
}

// A far is a speaker's side.
type far struct {
	from  netip.AddrPort
	voice *srtp.Context
	seq   uint16
	ssrc  uint32
}

// A counter lane takes what it is given.
type countingLane struct {
	datagrams, runs int
	lastTo          netip.AddrPort
}

func (c *countingLane) WriteBatch(out []udp.Datagram) udp.Unsent {
	for _, d := range out {
		c.datagrams++
		if d.Addr != c.lastTo {
			c.runs++
		}
		c.lastTo = d.Addr
	}
	return udp.Unsent{}
}

var walkKeys = seal.Keys{
	Profile:   srtp.ProtectionProfileAeadAes128Gcm,
	RemoteKey: bytes.Repeat([]byte{1}, 16), RemoteSalt: bytes.Repeat([]byte{2}, 12),
	LocalKey: bytes.Repeat([]byte{3}, 16), LocalSalt: bytes.Repeat([]byte{4}, 12),
}

// newWalk has a lane of its own, or with nil the shard's socket.
func newWalk(tb testing.TB, speakers, listeners int, lane Lane) *walk {
	tb.Helper()
	identity, err := handshake.NewIdentity(testTime)
	if err != nil {
		tb.Fatal(err)
	}
	conns, err := udp.Listen("127.0.0.1:0", 1)
	if err != nil {
		tb.Fatal(err)
	}
	sink, err := udp.Listen("0.0.0.0:0", 1)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _, _ = conns[0].Close(), sink[0].Close() })
	s := newSFU(Config{Log: slog.New(slog.DiscardHandler), Sound: func(id.Room, Sound) {}}, identity)
	if lane == nil {
		lane = conns[0]
	}
	w := &walk{shard: newShard(s, 0, conns[0], lane), now: testTime}
	s.shards = []*shard{w.shard}
	w.shard.now = w.now

	room := id.New[id.Room]()
	offer := peer.Offer{Ufrag: "abcd", Sections: []peer.Section{{Mid: "0", Opus: 111, RED: 63, Mic: true}}}
	for i := range forward.Slots {
		offer.Sections = append(offer.Sections, peer.Section{Mid: string(rune('1' + i)), Opus: 111, RED: 63})
	}
	for i := range speakers + listeners {
		who, session := id.New[id.Person](), id.New[id.Session]()
		s.Seat(room, who, session, id.Session{})
		if _, err := s.connect(room, who, session, offer, w.now); err != nil {
			tb.Fatal(err)
		}
		w.hall = s.hall(room)
		c := w.hall.seats[who].client
		w.shard.settle(c)
		w.shard.shaken(c, w.now, handshake.Result{Keys: walkKeys}, nil)
		// Each has an address of their own; nobody reads the socket.
		addr := netip.AddrFrom4([4]byte{127, 1, byte(i >> 8), byte(i)})
		w.shard.move(c, netip.AddrPortFrom(addr, sink[0].LocalAddr().Port()))
		if i < speakers {
			s.Speak(room, who, true)
			v := &far{from: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(9+i)), ssrc: uint32(7 + i)}
			w.shard.know(c, v.from)
			if v.voice, err = srtp.CreateContext(walkKeys.RemoteKey, walkKeys.RemoteSalt, walkKeys.Profile); err != nil {
				tb.Fatal(err)
			}
			w.voices = append(w.voices, v)
		}
	}
	return w
}

// next returns a speaker's next packet, as it comes from the socket.
func (v *far) next(tb testing.TB) udp.Datagram {
	tb.Helper()
	return v.nextOf(tb, 100)
}

// nextOf is next with a payload of so many bytes.
func (v *far) nextOf(tb testing.TB, length int) udp.Datagram {
	tb.Helper()
	return v.of(tb, make([]byte, length))
}

// of is next with a payload.
func (v *far) of(tb testing.TB, payload []byte) udp.Datagram {
	tb.Helper()
	v.seq++
	h := rtp.Header{PayloadType: 111, Sequence: v.seq, Timestamp: uint32(v.seq) * 960, SSRC: v.ssrc}
	b, err := v.voice.EncryptRTP(nil, append(h.Append(nil), payload...), nil)
	if err != nil {
		tb.Fatal(err)
	}
	return udp.Datagram{Data: b, Addr: v.from}
}

// take is what the shard does with datagrams that come together.
func (w *walk) take(in ...udp.Datagram) {
	w.now = w.now.Add(20 * time.Millisecond)
	w.shard.now = w.now
	for _, d := range in {
		w.shard.handle(d)
	}
	w.shard.now = w.now.Add(gather)
	w.shard.spread()
	w.shard.flush()
}

func TestFanOutAllocatesNothing(t *testing.T) {
	for name, lane := range map[string]Lane{"socket": nil, "counted": new(countingLane)} {
		t.Run(name, func(t *testing.T) {
			const speakers, listeners, packets = 3, 200, 300
			w := newWalk(t, speakers, listeners, lane)
			in := make([][]udp.Datagram, packets+10)
			for i := range in {
				for _, v := range w.voices {
					in[i] = append(in[i], v.next(t))
				}
			}
			i := 0
			for ; i < 5; i++ {
				w.take(in[i]...)
			}
			// AllocsPerRun runs once more, to warm up.
			if n := testing.AllocsPerRun(packets, func() {
				w.take(in[i]...)
				i++
			}); n != 0 {
				t.Errorf("%v allocations per %d packets to %d listeners", n, speakers, listeners)
			}
			counts := w.shard.sfu.Counts()
			if want := uint64(speakers * (speakers - 1 + listeners) * i); counts["packets_out"] != want || counts["drop_send_refused"] != 0 {
				t.Errorf("%d times %d packets in, %v", i, speakers, counts)
			}
		})
	}
}

// Packets of several voices that come within a moment go out together.
func TestVoicesGoTogether(t *testing.T) {
	const speakers, listeners = 4, 100
	lane := new(countingLane)
	w := newWalk(t, speakers, listeners, lane)
	for range 5 {
		*lane = countingLane{}
		var in []udp.Datagram
		for _, v := range w.voices {
			in = append(in, v.next(t))
		}
		w.take(in...)
	}
	if want := speakers * (speakers - 1 + listeners); lane.datagrams != want || lane.runs != speakers+listeners {
		t.Errorf("%d datagrams in %d runs, want %d in %d", lane.datagrams, lane.runs, want, speakers+listeners)
	}
}

// What a speaker sends before the node comes to look goes out in the order in
// which it was sent, whatever its lengths: a stream begins with its first
// packet, and nobody asks for one again that has come.
func TestABurstKeepsItsOrder(t *testing.T) {
	r := new(tape)
	w := newWalk(t, 2, 2, r)
	e := w.ear(t, 3)
	v, other := w.voices[0], w.voices[1]
	w.take(v.nextOf(t, 80), other.nextOf(t, 90), v.nextOf(t, 100), v.nextOf(t, 120), other.nextOf(t, 110))
	last := make(map[uint32]uint16)
	for _, b := range r.to(e.from) {
		ssrc, n := rtp.SSRC(rtp.RTP, b), rtp.Sequence(b)
		if before, ok := last[ssrc]; ok && n != before+1 {
			t.Errorf("of one voice, packet %d after %d", n, before)
		}
		last[ssrc] = n
	}
	if n := w.shard.sfu.Counts()["packets_out"]; n != 5*3 {
		t.Errorf("5 packets to 3 others were sent %d times", n)
	}
}

// What the node does for each listener beside the seal costs less than the
// seal itself: all that is done a thousand times is to number, to seal, and to
// take a place in a batch. A ratio within one run, best of three.
// What was forwarded can be proven later, in its order; what was not, can not.
func TestWhatIsForwardedIsRemembered(t *testing.T) {
	w := newWalk(t, 2, 1, nil)
	s, v := w.shard.sfu, w.voices[0]
	who := w.shard.byAddr[v.from].who
	var want [][digest.Size]byte
	for i := range 3 {
		payload := bytes.Repeat([]byte{byte(i)}, 100)
		w.take(v.of(t, payload))
		want = append(want, digest.Of(payload))
	}
	if got := s.Forwarded(w.hall.name, who, testTime); !slices.Equal(got, want) {
		t.Errorf("remembered are %x", got)
	}
	s.Speak(w.hall.name, who, false)
	w.take(v.next(t))
	if got := s.Forwarded(w.hall.name, who, testTime); len(got) != 3 {
		t.Errorf("%d hashes of what nobody was sent", len(got)-3)
	}
	s.End(w.hall.name)
	if got := s.Forwarded(w.hall.name, who, testTime); len(got) != 3 {
		t.Errorf("%d hashes when the room has ended", len(got))
	}
}

func TestFanOutCostsLittleBesideTheSeal(t *testing.T) {
	if testing.Short() {
		t.Skip("a measurement")
	}
	const listeners, rounds = 1000, 200
	w := newWalk(t, 1, listeners, new(countingLane))
	seals := make([]seal.RTP, listeners)
	for i := range seals {
		var err error
		if seals[i], err = seal.NewRTP(walkKeys); err != nil {
			t.Fatal(err)
		}
	}
	payload, out := make([]byte, 100), make([]byte, 0, udp.DatagramMax)
	var nonce seal.Nonce
	best := math.Inf(1)
	for range 3 {
		var walked, sealed time.Duration
		for i := range rounds {
			d := w.voices[0].next(t)
			start := time.Now()
			w.take(d)
			walked += time.Since(start)
			start = time.Now()
			h := rtp.Header{Sequence: uint16(i), SSRC: 1}
			for k := range seals {
				if _, err := seals[k].Append(out, h, 0, payload, &nonce); err != nil {
					t.Fatal(err)
				}
			}
			sealed += time.Since(start)
		}
		best = min(best, float64(walked)/float64(sealed))
	}
	t.Logf("a copy costs %.2f of its seal", best)
	if best > 2 {
		t.Errorf("a copy costs %.2f of its seal, at most 2 are allowed", best)
	}
}

// BenchmarkFanOut is the walk of one packet from the socket to 1000 listeners,
// system calls included; BenchmarkFanOutUser is the same without them.
func BenchmarkFanOut(b *testing.B)     { benchmarkFanOut(b, nil) }
func BenchmarkFanOutUser(b *testing.B) { benchmarkFanOut(b, new(countingLane)) }

func benchmarkFanOut(b *testing.B, lane Lane) {
	const listeners = 1000
	w := newWalk(b, 1, listeners, lane)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		d := w.voices[0].next(b)
		b.StartTimer()
		w.take(d)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/listeners, "ns/copy")
}
