package mumble

import (
	"bytes"
	"encoding/hex"
	"testing"
)

func counting(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

// The vectors of draft-krovetz-ocb-00.
func TestVectors(t *testing.T) {
	for _, v := range []struct {
		plain       int
		sealed, tag string
	}{
		{0, "", "bf3108130773ad5ec70ec69e7875a7b0"},
		{40, "f75d6bc8b4dc8d66b836a2b08b32a6369f1cd3c5228d79fd6c267f5f6aa7b231c7dfb9d59951ae9c", "9db0cdf880f73e3e10d4eb3217766688"},
	} {
		c, err := newCrypt(counting(16), counting(16), counting(16))
		if err != nil {
			t.Fatal(err)
		}
		b := counting(v.plain)
		tag := c.code(&c.sent, b, sealing)
		if hex.EncodeToString(b) != v.sealed || hex.EncodeToString(tag[:]) != v.tag {
			t.Errorf("%d bytes: %x, tag %x", v.plain, b, tag)
		}
	}
}

func pair(t *testing.T) (client, server *crypt) {
	t.Helper()
	a, b := bytes.Repeat([]byte{0xff}, 16), counting(16)
	client, err := newCrypt(counting(16), a, b)
	if err != nil {
		t.Fatal(err)
	}
	if server, err = newCrypt(counting(16), b, a); err != nil {
		t.Fatal(err)
	}
	return client, server
}

// Datagrams of all lengths open at the other end, also when the counter's low
// bytes turn over, when some are lost, and when one is late.
func TestSealedOpens(t *testing.T) {
	client, server := pair(t)
	var late []byte
	for n := range 600 {
		plain := counting(n % 100)
		b := client.seal(nil, plain)
		switch n % 50 {
		case 7:
			continue // lost
		case 20:
			late = b
			continue
		case 21:
			if got, ok := server.open(b); !ok || !bytes.Equal(got, plain) {
				t.Fatalf("datagram %d does not open", n)
			}
			b, plain = late, counting((n-1)%100)
		}
		if got, ok := server.open(b); !ok || !bytes.Equal(got, plain) {
			t.Fatalf("datagram %d does not open", n)
		}
	}
}

func TestDamagedDoesNotOpen(t *testing.T) {
	client, server := pair(t)
	good := client.seal(nil, counting(40))
	for i := range good {
		b := bytes.Clone(good)
		b[i] ^= 0x10
		if _, ok := server.open(b); ok {
			t.Errorf("opens with byte %d changed", i)
		}
	}
	if _, ok := server.open(good[:3]); ok {
		t.Error("opens with nothing in it")
	}
	if _, ok := server.open(good); !ok {
		t.Error("the datagram itself does not open")
	}
}

func TestNewCryptRefuses(t *testing.T) {
	if _, err := newCrypt(counting(16), counting(15), counting(16)); err == nil {
		t.Error("a short nonce is taken")
	}
}
