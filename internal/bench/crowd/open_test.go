package crowd

import (
	"bytes"
	"testing"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"github.com/stoa-audio/stoa/internal/bench/count"
)

// sealing returns an opener and a function that seals as a node does, with an
// implementation that is not ours.
func sealing(t testing.TB) (*opener, func(ssrc uint32, seq uint16, payload string) []byte) {
	t.Helper()
	key, salt := bytes.Repeat([]byte{7}, 16), bytes.Repeat([]byte{9}, 12)
	c, err := srtp.CreateContext(key, salt, srtp.ProtectionProfileAeadAes128Gcm)
	if err != nil {
		t.Fatal(err)
	}
	o := new(opener)
	if err := o.setKeys(key, salt); err != nil {
		t.Fatal(err)
	}
	return o, func(ssrc uint32, seq uint16, payload string) []byte {
		p := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 111, SequenceNumber: seq, SSRC: ssrc}, Payload: []byte(payload)}
		plain, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := c.EncryptRTP(nil, plain, nil)
		if err != nil {
			t.Fatal(err)
		}
		return sealed
	}
}

func TestOpenAcrossTheWrap(t *testing.T) {
	o, seal := sealing(t)
	var late []byte
	for i := range 200_000 {
		b := seal(1, uint16(i), "voice")
		if i == 131_071 { // the last before the second wrap comes after it
			late = b
			continue
		}
		if payload, ok := o.open(b); !ok || string(payload) != "voice" {
			t.Fatalf("packet %d: %q, %v", i, payload, ok)
		}
		if i == 131_075 {
			if _, ok := o.open(late); !ok {
				t.Fatal("a late packet from before the wrap does not open")
			}
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	o, seal := sealing(t)
	for i := range 15 {
		b := seal(1, 1, "voice")
		b[i] ^= 1 << (i % 8)
		if _, ok := o.open(b); ok {
			t.Errorf("byte %d is forged, and it opens", i)
		}
	}
	b := seal(1, 1, "voice")
	for n := range b {
		if _, ok := o.open(append([]byte(nil), b[:n]...)); ok {
			t.Errorf("cut to %d bytes it opens", n)
		}
	}
	for ssrc := range uint32(count.VoicesMax + 1) {
		if _, ok := o.open(seal(ssrc, 1, "voice")); ok != (ssrc < count.VoicesMax) {
			t.Errorf("stream %d opens: %v", ssrc, ok)
		}
	}
	if _, ok := new(opener).open(b); ok {
		t.Error("it opens without keys")
	}
}

func TestOpeningAllocatesNothing(t *testing.T) {
	o, seal := sealing(t)
	var packets [][]byte
	for i := range 202 {
		packets = append(packets, seal(1, uint16(i), "voice"))
	}
	next := 0
	if n := testing.AllocsPerRun(200, func() {
		if _, ok := o.open(packets[next]); !ok {
			t.Fatal("it does not open")
		}
		next++
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzOpen(f *testing.F) {
	_, seal := sealing(f)
	f.Add(seal(1, 1, "voice"))
	f.Add([]byte{0x9f, 111, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		o, _ := sealing(t)
		if payload, ok := o.open(b); ok && len(payload) >= len(b) {
			t.Error("what comes out is longer than what went in")
		}
	})
}
