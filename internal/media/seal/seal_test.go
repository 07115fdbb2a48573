package seal

import (
	"bytes"
	"encoding/hex"
	"errors"
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
		got := bytes.Repeat([]byte{7}, len(want)) // what was there before does not matter
		if err := derive(key, salt, c.label, got); err != nil || !bytes.Equal(got, want) {
			t.Errorf("label %d: %x, %v", c.label, got, err)
		}
	}
}

var profiles = map[string]srtp.ProtectionProfile{
	"GCM": srtp.ProtectionProfileAeadAes128Gcm, "CM": srtp.ProtectionProfileAes128CmHmacSha1_80,
}

func testKeys(profile srtp.ProtectionProfile) Keys {
	salt := 12
	if profile == srtp.ProtectionProfileAes128CmHmacSha1_80 {
		salt = 14
	}
	return Keys{profile, bytes.Repeat([]byte{1}, 16), bytes.Repeat([]byte{2}, salt), bytes.Repeat([]byte{3}, 16), bytes.Repeat([]byte{4}, salt)}
}

func context(t testing.TB, key, salt []byte, profile srtp.ProtectionProfile) *srtp.Context {
	t.Helper()
	c, err := srtp.CreateContext(key, salt, profile)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What is sealed here opens with pion/srtp, across a wrap and in any order.
func TestRTP(t *testing.T) {
	for name, profile := range profiles {
		t.Run(name, func(t *testing.T) {
			k := testKeys(profile)
			s, err := NewRTP(k)
			if err != nil {
				t.Fatal(err)
			}
			far := context(t, k.LocalKey, k.LocalSalt, profile)
			var roc Rollover
			var nonce Nonce
			for i, seq := range []uint16{65000, 65530, 65534, 65532, 1, 65535, 0, 65533, 2} {
				h := rtp.Header{Marker: i == 0, PayloadType: 111, Sequence: seq, Timestamp: uint32(i), SSRC: 0xa1b2c3d4}
				b, err := s.Append([]byte("before"), h, roc.Of(seq), []byte("voice"), &nonce)
				if err != nil || string(b[:6]) != "before" {
					t.Fatalf("packet %d: %q %v", seq, b, err)
				}
				plain, err := far.DecryptRTP(nil, b[6:], nil)
				if err != nil {
					t.Fatalf("packet %d: %v", seq, err)
				}
				if got, payload, err := rtp.Parse(plain); err != nil || got != h || string(payload) != "voice" {
					t.Fatalf("packet %d: %+v %q %v", seq, got, payload, err)
				}
			}
		})
	}
}

// Either way, RTCP is what pion/srtp takes and gives.
func TestControl(t *testing.T) {
	plain := []byte("\x81\xc9\x00\x07\xa1\xb2\xc3\xd4a receiver report, say.")
	for name, profile := range profiles {
		t.Run(name, func(t *testing.T) {
			k := testKeys(profile)
			c, err := NewControl(k)
			if err != nil {
				t.Fatal(err)
			}
			opens, seals := context(t, k.LocalKey, k.LocalSalt, profile), context(t, k.RemoteKey, k.RemoteSalt, profile)
			for i := range uint32(3) {
				b, err := c.Append(nil, plain)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := opens.DecryptRTCP(nil, b, nil); err != nil || !bytes.Equal(got, plain) {
					t.Fatalf("packet %d: %q, %v", i, got, err)
				}
				if b, err = seals.EncryptRTCP(nil, plain, nil); err != nil {
					t.Fatal(err)
				}
				if got, index, err := c.Open(nil, b); err != nil || !bytes.Equal(got, plain) || index != i+1 && index != i {
					t.Fatalf("packet %d: index %d, %q, %v", i, index, got, err)
				}
				for at := range b {
					b[at] ^= 0x80
					if _, _, err := c.Open(nil, b); !errors.Is(err, ErrAuth) {
						t.Fatalf("byte %d is another: %v", at, err)
					}
					b[at] ^= 0x80
					if _, _, err := c.Open(nil, b[:at]); !errors.Is(err, ErrAuth) {
						t.Fatalf("%d bytes of %d: %v", at, len(b), err)
					}
				}
			}
			if _, err := c.Append(nil, plain[:7]); err == nil {
				t.Error("no RTCP packet is sealed")
			}
		})
	}
}

func TestControlUsesKeysUp(t *testing.T) {
	c, err := NewControl(testKeys(srtp.ProtectionProfileAeadAes128Gcm))
	if err != nil {
		t.Fatal(err)
	}
	c.next = indexMax
	if _, err := c.Append(nil, make([]byte, 8)); err != nil {
		t.Errorf("the last index: %v", err)
	}
	if _, err := c.Append(nil, make([]byte, 8)); err == nil {
		t.Error("an index is used twice")
	}
}

func FuzzControlOpen(f *testing.F) {
	f.Add([]byte("\x81\xc9\x00\x07\xa1\xb2\xc3\xd4aaaaaaaaaaaaaaaabbbbcccc"))
	c, err := NewControl(testKeys(srtp.ProtectionProfileAeadAes128Gcm))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if plain, _, err := c.Open(nil, b); err == nil {
			t.Fatalf("%q opens as %q", b, plain)
		}
	})
}
