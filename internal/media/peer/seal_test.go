package peer

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/pion/srtp/v3"

	"github.com/stoa-audio/stoa/internal/media/rtp"
)

// The vectors of RFC 3711, appendix B.3.
func TestDerive(t *testing.T) {
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	key, salt := unhex("E1F97A0D3E018BE0D64FA32C06DE4139"), unhex("0EC675AD498AFEEBB6960B3AABE6")
	for _, c := range []struct {
		label byte
		want  string
	}{
		{labelRTPKey, "C61E7A93744F39EE10734AFE3FF7A087"},
		{labelRTPSalt, "30CBBC08863D8C85D49DB34A9AE1"},
	} {
		want := unhex(c.want)
		if got, err := derive(key, salt, c.label, len(want)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("label %d: %x, %v", c.label, got, err)
		}
	}
}

// Late packets around a wrap are sealed with the counter of their own time.
func TestSealReordered(t *testing.T) {
	for name, profile := range profiles {
		t.Run(name, func(t *testing.T) {
			p := newPeer(t, 1)
			far := withKeys(t, p, profile)
			send := func(seq uint16) {
				t.Helper()
				b, ok := p.SealRTP(start, 0, false, seq, 0, false, []byte("voice"), make([]byte, 0, 100))
				if !ok {
					t.Fatal("not sealed")
				}
				if _, err := far.open.DecryptRTP(nil, b, nil); err != nil {
					t.Fatalf("packet %d: %v", seq, err)
				}
			}
			send(0)
			wrap := -p.slots[0].addSeq // the room's number that is this peer's 0
			for seq := uint16(1); seq < wrap-3; seq++ {
				send(seq)
			}
			for _, seq := range []uint16{wrap - 2, wrap - 3, wrap + 1, wrap - 1, wrap, wrap + 2} {
				send(seq)
			}
		})
	}
}

func TestSealAllocatesNothing(t *testing.T) {
	p := newPeer(t, 1)
	withKeys(t, p, srtp.ProtectionProfileAeadAes128Gcm)
	out, payload := make([]byte, 0, 1500), make([]byte, 120)
	seq := uint16(0)
	if n := testing.AllocsPerRun(1000, func() {
		seq++
		p.SealRTP(start, 0, false, seq, uint32(seq)*960, false, payload, out)
	}); n != 0 {
		t.Errorf("%v allocations per packet", n)
	}
}

func BenchmarkSealRTP(b *testing.B) {
	p := New(start, Offer{Ufrag: "abcd", Sections: []Section{{"0", 111, 0, false}}}, Local{}, source())
	k := Keys{srtp.ProtectionProfileAeadAes128Gcm, make([]byte, 16), make([]byte, 12), make([]byte, 16), make([]byte, 12)}
	if err := p.SetKeys(k); err != nil {
		b.Fatal(err)
	}
	out, payload := make([]byte, 0, 1500), make([]byte, 120)
	seq := uint16(0)
	b.ReportAllocs()
	b.SetBytes(rtp.HeaderSize + 120)
	for b.Loop() {
		seq++
		p.SealRTP(start, 0, false, seq, uint32(seq)*960, false, payload, out)
	}
}
