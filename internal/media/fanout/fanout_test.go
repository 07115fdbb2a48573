package fanout

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/pion/srtp/v3"

	"github.com/stoa-audio/stoa/internal/media/forward"
	"github.com/stoa-audio/stoa/internal/media/rtp"
	"github.com/stoa-audio/stoa/internal/media/seal"
)

var to = netip.MustParseAddrPort("192.0.2.1:9")

// A listener is what is at the far end of a place.
type listener struct {
	name string
	open *srtp.Context
}

func newListener(tb testing.TB, name string, profile srtp.ProtectionProfile) (*listener, seal.RTP) {
	tb.Helper()
	salt := 12
	if profile == srtp.ProtectionProfileAes128CmHmacSha1_80 {
		salt = 14
	}
	k := seal.Keys{
		Profile:   profile,
		RemoteKey: make([]byte, 16), RemoteSalt: make([]byte, salt),
		LocalKey: bytes.Repeat([]byte{byte(len(name))}, 16), LocalSalt: bytes.Repeat([]byte(name[:1]), salt),
	}
	s, err := seal.NewRTP(k)
	if err != nil {
		tb.Fatal(err)
	}
	open, err := srtp.CreateContext(k.LocalKey, k.LocalSalt, profile, srtp.SRTPReplayProtection(64))
	if err != nil {
		tb.Fatal(err)
	}
	return &listener{name, open}, s
}

func (l *listener) heard(t *testing.T, b []byte) (rtp.Header, string) {
	t.Helper()
	plain, err := l.open.DecryptRTP(nil, b, nil)
	if err != nil {
		t.Fatalf("%s: %v", l.name, err)
	}
	h, payload, err := rtp.Parse(plain)
	if err != nil {
		t.Fatal(err)
	}
	return h, string(payload)
}

func streams(opus, red uint8) []Stream {
	out := make([]Stream, forward.Slots)
	for i := range out {
		out[i] = Stream{SSRC: rand.Uint32() | 1, Opus: opus, RED: red, Sequence: 100, Timestamp: rand.Uint32()}
	}
	return out
}

func packet(slot int, seq uint16, payload string) *Packet {
	return &Packet{
		Outgoing: forward.Outgoing{Slot: slot, Sequence: seq, Timestamp: uint32(seq) * 960},
		Payload:  []byte(payload),
	}
}

func TestEachInTheirOwnNumbers(t *testing.T) {
	var f Floor[*listener]
	for name, profile := range map[string]srtp.ProtectionProfile{
		"gcm": srtp.ProtectionProfileAeadAes128Gcm, "cm": srtp.ProtectionProfileAes128CmHmacSha1_80,
	} {
		l, s := newListener(t, name, profile)
		f.Add(l, to, s, streams(111, 0))
	}
	last := make(map[string]rtp.Header)
	for i := range 70_000 { // across a wrap
		p := packet(3, uint16(60_000+i), fmt.Sprint(i))
		p.Timestamp = uint32(i) * 960
		for place := range f.Len() {
			l := f.Owner(place)
			b, ok := f.Append(make([]byte, 0, 100), place, p)
			if !ok {
				t.Fatal("not sealed")
			}
			h, payload := l.heard(t, b)
			if payload != fmt.Sprint(i) || h.PayloadType != 111 || h.SSRC != f.rows[3][place].ssrc {
				t.Fatalf("packet %d: %+v %q", i, h, payload)
			}
			before, ok := last[l.name]
			if !ok && h.Sequence != 100 || ok && (h.Sequence != before.Sequence+1 || h.Timestamp != before.Timestamp+960 || h.SSRC != before.SSRC) {
				t.Fatalf("packet %d: %+v after %+v", i, h, before)
			}
			last[l.name] = h
		}
	}
	if last["gcm"].SSRC == last["cm"].SSRC || last["gcm"].Timestamp == last["cm"].Timestamp {
		t.Error("two listeners are sent the same numbers")
	}
}

func TestRedundantOrNot(t *testing.T) {
	var f Floor[*listener]
	with, s := newListener(t, "takes RED", srtp.ProtectionProfileAeadAes128Gcm)
	f.Add(with, to, s, streams(111, 63))
	without, s := newListener(t, "takes Opus only", srtp.ProtectionProfileAeadAes128Gcm)
	f.Add(without, to, s, streams(109, 0))
	few, s := newListener(t, "has one slot", srtp.ProtectionProfileAeadAes128Gcm)
	f.Add(few, to, s, streams(111, 63)[:1])

	red := packet(2, 5, "old+new")
	red.Redundant = true
	plain := packet(2, 6, "plain")
	for _, c := range []struct {
		place   int
		p       *Packet
		pt      uint8
		payload string
	}{
		{0, red, 63, "old+new"}, {0, plain, 111, "plain"}, {1, red, 109, "old+new"}, {1, plain, 109, "plain"},
	} {
		b, ok := f.Append(nil, c.place, c.p)
		if !ok {
			t.Fatal("not sealed")
		}
		if h, payload := f.Owner(c.place).heard(t, b); h.PayloadType != c.pt || payload != c.payload {
			t.Errorf("%s: type %d, %q", f.Owner(c.place).name, h.PayloadType, payload)
		}
	}
	if _, ok := f.Append(nil, 2, plain); ok {
		t.Error("sealed for a slot that is not there")
	}
}

// A listener who speaks is left out; their numbers go on as if nothing had
// been said, and no number is ever used for two packets.
func TestSkip(t *testing.T) {
	var f Floor[*listener]
	l, s := newListener(t, "ada", srtp.ProtectionProfileAeadAes128Gcm)
	f.Add(l, to, s, streams(111, 0))
	seq := uint16(0)
	next := func() *Packet { seq++; return packet(0, seq, "x") }
	var last rtp.Header
	hear := func(p *Packet) {
		t.Helper()
		b, ok := f.Append(nil, 0, p)
		if !ok {
			t.Fatal("not sealed")
		}
		h, _ := l.heard(t, b)
		if last.SSRC != 0 && h.Sequence != last.Sequence+1 {
			t.Fatalf("%d after %d", h.Sequence, last.Sequence)
		}
		last = h
	}
	f.Skip(0, next()) // before anything was heard
	hear(next())
	hear(next())
	for range 100_000 { // half an hour: more than the numbers there are
		f.Skip(0, next())
	}
	hear(next())
	early := packet(0, seq, "x")
	for range 1000 {
		f.Skip(0, next())
	}
	late := packet(0, seq-1, "x")
	f.Skip(0, late)
	hear(next())
	hear(next())
	if b, ok := f.AppendAgain(nil, 0, packet(0, seq, "x")); !ok {
		t.Error("the last packet is not sent again")
	} else if _, err := l.open.DecryptRTP(nil, b, nil); err == nil {
		t.Error("a packet that is sent again is no replay")
	}
	for name, p := range map[string]*Packet{"from before": early, "of the time left out": late} {
		if _, ok := f.Append(nil, 0, p); ok {
			t.Errorf("a packet %s gets a number that was used", name)
		}
		if _, ok := f.AppendAgain(nil, 0, p); ok {
			t.Errorf("a packet %s is sent again under a number that was used", name)
		}
	}
	if _, ok := f.AppendAgain(nil, 0, next()); ok {
		t.Error("a packet is sent again that never was")
	}
}

func TestPlaces(t *testing.T) {
	var f Floor[*listener]
	l, s := newListener(t, "x", srtp.ProtectionProfileAeadAes128Gcm)
	for i := range 1000 {
		own := *l
		own.name = fmt.Sprint(i)
		st := streams(111, 0)
		st[1].SSRC = uint32(i + 1)
		if place := f.Add(&own, netip.AddrPortFrom(to.Addr(), uint16(i+1)), s, st); place != i {
			t.Fatalf("place %d", place)
		}
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := 999; n >= 3; n-- {
		place := rnd.IntN(n + 1)
		last := f.Owner(n)
		moved, ok := f.Remove(place)
		if ok != (place != n) || ok && (moved != last || f.Owner(place) != last) || f.Len() != n {
			t.Fatalf("removed %d of %d: %v %v", place, n+1, moved, ok)
		}
		if ok {
			if want := fmt.Sprint(f.Addr(place).Port() - 1); want != moved.name || fmt.Sprint(f.rows[1][place].ssrc-1) != want {
				t.Fatal("a place holds parts of two listeners")
			}
		}
	}
	if n := cap(f.rows[0]); n > 200 {
		t.Errorf("room for %d is kept for three", n)
	}
}

func TestSent(t *testing.T) {
	var f Floor[*listener]
	l, s := newListener(t, "x", srtp.ProtectionProfileAeadAes128Gcm)
	st := streams(111, 0)
	f.Add(l, to, s, st)
	for i := range uint16(10) {
		f.Append(nil, 0, packet(4, i, "12345"))
	}
	sent := f.AppendSent(nil, 0)
	if len(sent) != 1 || sent[0] != (Sent{4, st[4].SSRC, 10, 50, st[4].Timestamp}) {
		t.Errorf("%+v", sent)
	}
	if slot, addSeq, ok := f.Find(0, st[4].SSRC); !ok || slot != 4 || addSeq != 100 {
		t.Errorf("slot %d, +%d, %v", slot, addSeq, ok)
	}
	if _, _, ok := f.Find(0, st[5].SSRC); ok {
		t.Error("a slot that was never used is found")
	}
	if sent = f.AppendSent(nil, 0); len(sent) != 0 {
		t.Errorf("reported twice: %+v", sent)
	}
}

func TestRing(t *testing.T) {
	var r Ring
	var p Packet
	if r.Get(0, &p) || r.Find(0, &p) {
		t.Error("an empty ring holds something")
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	kept := make(map[uint64]*Packet)
	for i := range uint64(2000) {
		body := bytes.Repeat([]byte{byte(i)}, 1+rnd.IntN(1400))
		q := &Packet{
			Outgoing: forward.Outgoing{Slot: 1, Sequence: uint16(65000 + i), Timestamp: uint32(i), Marker: i%7 == 0},
			Payload:  body, Redundant: i%3 == 0,
		}
		n := r.Keep(q)
		if n != i {
			t.Fatalf("number %d", n)
		}
		kept[n] = q
		there := 0
		for n, q := range kept {
			if !r.Get(n, &p) {
				delete(kept, n)
				continue
			}
			there++
			if p.Outgoing != q.Outgoing || p.Redundant != q.Redundant || !bytes.Equal(p.Payload, q.Payload) {
				t.Fatalf("packet %d is another after %d", n, i)
			}
			if !r.Find(q.Sequence, &p) || p.Outgoing != q.Outgoing {
				t.Fatalf("packet %d is not found by its number", n)
			}
		}
		if there > ringPackets || i > 100 && there < 15 {
			t.Fatalf("%d packets are there after %d", there, i)
		}
	}
	if r.Find(7, &p) || r.Get(5000, &p) {
		t.Error("something is found that was never there")
	}
}

func TestNothingIsAllocated(t *testing.T) {
	var f Floor[*listener]
	l, s := newListener(t, "x", srtp.ProtectionProfileAeadAes128Gcm)
	f.Add(l, to, s, streams(111, 0))
	var r Ring
	out, p, got := make([]byte, 0, 1500), packet(0, 0, "what is said in 20 ms"), new(Packet)
	r.Keep(p)
	if n := testing.AllocsPerRun(1000, func() {
		p.Sequence++
		if !r.Get(r.Keep(p), got) {
			t.Fatal("not kept")
		}
		if _, ok := f.Append(out, 0, got); !ok {
			t.Fatal("not sealed")
		}
		f.AppendAgain(out, 0, got)
		f.Skip(0, got)
	}); n != 0 {
		t.Errorf("%v allocations per packet", n)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, n := range []int{1, 1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var f Floor[int]
			_, s := newListener(b, "x", srtp.ProtectionProfileAeadAes128Gcm)
			for i := range n {
				f.Add(i, to, s, streams(111, 0))
			}
			out, p := make([]byte, 0, 1500), packet(0, 0, string(make([]byte, 100)))
			b.ReportAllocs()
			for b.Loop() {
				p.Sequence++
				for place := range n {
					if _, ok := f.Append(out, place, p); !ok {
						b.Fatal("not sealed")
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/listener")
		})
	}
}
