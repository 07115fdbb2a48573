package seal

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
)

func keys(t testing.TB, seed byte) (called, answered *Key) {
	t.Helper()
	material := make([]byte, MaterialSize)
	for i := range material {
		material[i] = seed + byte(i)
	}
	called, answered, err := Keys(material)
	if err != nil {
		t.Fatal(err)
	}
	return called, answered
}

func TestSeal(t *testing.T) {
	called, answered := keys(t, 0)
	records := []byte("some records of several rooms")
	sealed := called.Append([]byte("before"), 0xabcdef, 7, records)[6:]
	if len(sealed) != len(records)+Overhead {
		t.Errorf("%d bytes for %d", len(sealed), len(records))
	}
	index, ok := Index(sealed)
	if !ok || index != 0xabcdef {
		t.Fatalf("index %x, %v", index, ok)
	}
	if _, _, err := answered.Open(bytes.Clone(sealed)); !errors.Is(err, ErrForged) {
		t.Error("one end's key opens what is for the other")
	}
	counter, got, err := called.Open(bytes.Clone(sealed))
	if err != nil || counter != 7 || !bytes.Equal(got, records) {
		t.Fatalf("%d %q %v", counter, got, err)
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 0x10
		if _, ok := Index(changed); !ok {
			continue
		}
		if _, _, err := called.Open(changed); !errors.Is(err, ErrForged) {
			t.Errorf("byte %d changed, and it opens", i)
		}
	}
}

// The first datagram of a key, made with another implementation of AES-GCM
// (Python's cryptography): key 00…0f, nonce 10…1b xor 1, head 01 000002 1.
func TestVector(t *testing.T) {
	called, _ := keys(t, 0)
	const want = "010000020000000000000001" + "53ad1c4e2e9d69de1ab5948d72fc8e70c34e792d"
	if got := hex.EncodeToString(called.Append(nil, 2, 1, []byte("stoa"))); got != want {
		t.Errorf("\n%s, want\n%s", got, want)
	}
}

func TestIndex(t *testing.T) {
	for _, b := range [][]byte{nil, {1}, make([]byte, 100), append([]byte{2}, make([]byte, 99)...), append([]byte{0xc1}, make([]byte, 99)...), append([]byte{1}, make([]byte, Overhead-2)...)} {
		if _, ok := Index(b); ok {
			t.Errorf("%x… is taken for a datagram", b[:min(len(b), 4)])
		}
	}
	if _, _, err := Keys(make([]byte, MaterialSize-1)); err == nil {
		t.Error("short material makes keys")
	}
}

func TestNothingIsAllocated(t *testing.T) {
	key, _ := keys(t, 3)
	records, b := make([]byte, 1100), make([]byte, 0, 1200)
	counter := uint64(0)
	if n := testing.AllocsPerRun(100, func() {
		counter++
		b = key.Append(b[:0], 1, counter, records)
		if _, _, err := key.Open(b); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzOpen(f *testing.F) {
	key, _ := keys(f, 0)
	f.Add(key.Append(nil, 1, 1, []byte("records")))
	f.Add(make([]byte, Overhead))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, ok := Index(b); !ok {
			return
		}
		again := bytes.Clone(b)
		counter, records, err := key.Open(b)
		if err == nil && !bytes.Equal(key.Append(nil, 0, counter, records)[headSize:], again[headSize:]) && again[1]|again[2]|again[3] == 0 {
			t.Error("what opens is not what is sealed")
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	key, _ := keys(b, 0)
	records, out := make([]byte, 1100), make([]byte, 0, 1200)
	b.SetBytes(1100)
	for i := range uint64(b.N) { //nolint:gosec // not negative
		out = key.Append(out[:0], 1, i, records)
	}
}
