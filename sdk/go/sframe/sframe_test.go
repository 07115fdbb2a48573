package sframe

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"testing"
)

// hexBytes are bytes that JSON has as hex.
type hexBytes []byte

func (b *hexBytes) UnmarshalText(text []byte) (err error) {
	*b, err = hex.DecodeString(string(text))
	return err
}

type vectors struct {
	Header []struct {
		KID, CTR uint64
		Encoded  hexBytes
	}
	SFrame []struct {
		KID, CTR uint64
		BaseKey  hexBytes `json:"base_key"`
		Metadata hexBytes
		PT, CT   hexBytes
	}
}

func read(t testing.TB) (v vectors) {
	t.Helper()
	b, err := os.ReadFile("../../../test/vectors/sframe.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Header) < 200 || len(v.SFrame) == 0 {
		t.Fatalf("%d headers, %d frames", len(v.Header), len(v.SFrame))
	}
	return v
}

func key(t testing.TB, kid uint64, base []byte) *Key {
	t.Helper()
	k, err := NewKey(kid, base)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestHeaders(t *testing.T) {
	for _, v := range read(t).Header {
		want := Header{v.KID, v.CTR}
		if b := want.Append([]byte("before")); !bytes.Equal(b[6:], v.Encoded) {
			t.Errorf("%v is %x, want %x", want, b[6:], v.Encoded)
		}
		got, n, err := ParseHeader(append(bytes.Clone(v.Encoded), 1, 2, 3))
		if err != nil || got != want || n != len(v.Encoded) {
			t.Errorf("%x is %v and %d long, %v", v.Encoded, got, n, err)
		}
		for cut := range v.Encoded {
			if _, _, err := ParseHeader(v.Encoded[:cut]); !errors.Is(err, ErrHeader) {
				t.Errorf("%x: %v", v.Encoded[:cut], err)
			}
		}
	}
	for _, long := range []string{"8007", "0807", "900008", "090008", "0900ff"} {
		b, _ := hex.DecodeString(long)
		if _, _, err := ParseHeader(b); !errors.Is(err, ErrHeader) {
			t.Errorf("%s is longer than it need be: %v", long, err)
		}
	}
}

func TestFrames(t *testing.T) {
	for _, v := range read(t).SFrame {
		k := key(t, v.KID, v.BaseKey)
		if got := k.Seal(nil, v.CTR, v.PT, v.Metadata); !bytes.Equal(got, v.CT) {
			t.Errorf("sealed %x, want %x", got, v.CT)
		}
		got, h, err := k.Open([]byte("before"), v.CT, v.Metadata)
		if err != nil || string(got) != "before"+string(v.PT) || h != (Header{v.KID, v.CTR}) {
			t.Errorf("opened %q, %v, %v", got, h, err)
		}
		for i := range v.CT {
			b := bytes.Clone(v.CT)
			b[i] ^= 0x10
			if _, _, err := k.Open(nil, b, v.Metadata); err == nil {
				t.Errorf("it opens with byte %d changed", i)
			}
		}
		for name, open := range map[string]func() error{
			"no metadata": func() error { _, _, err := k.Open(nil, v.CT, nil); return err },
			"cut":         func() error { _, _, err := k.Open(nil, v.CT[:len(v.CT)-1], v.Metadata); return err },
			"another key": func() error {
				_, _, err := key(t, v.KID, append(bytes.Clone(v.BaseKey), 0)).Open(nil, v.CT, v.Metadata)
				return err
			},
			"another kid": func() error {
				_, _, err := key(t, v.KID+1, v.BaseKey).Open(nil, v.CT, v.Metadata)
				return err
			},
		} {
			if err := open(); !errors.Is(err, ErrOpen) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// Window says the same as a list of all that have come.
func TestWindow(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		var w Window
		had, newest := map[uint64]bool{}, uint64(rnd.IntN(2000))
		for range 3000 {
			ctr := newest + uint64(rnd.IntN(40))
			switch rnd.IntN(20) {
			case 0:
				ctr += uint64(rnd.IntN(3 * windowLen))
			case 1, 2, 3, 4, 5, 6:
				ctr -= min(ctr, uint64(rnd.IntN(windowLen+200)))
			}
			old := ctr+windowLen <= newest && len(had) > 0
			if got, want := w.Take(ctr), !old && !had[ctr]; got != want {
				t.Fatalf("%d, with %d as the newest: %v", ctr, newest, got)
			}
			if !old {
				had[ctr] = true
			}
			if len(had) > 0 {
				newest = max(newest, ctr)
			}
		}
	}
	var w Window
	if w.Take(^uint64(0)) || !w.Take(^uint64(0)-1) || w.Take(^uint64(0)-1) || w.Take(5) {
		t.Error("the last numbers")
	}
}

func TestSealingAllocatesNothing(t *testing.T) {
	k, frame := key(t, 3<<9|17, []byte("a base key of some length")), make([]byte, 80)
	out, back := make([]byte, 0, 200), make([]byte, 0, 200)
	n := testing.AllocsPerRun(100, func() {
		out = k.Seal(out[:0], 12345, frame, nil)
		var err error
		if back, _, err = k.Open(back[:0], out, nil); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations for a frame", n)
	}
}

func FuzzOpen(f *testing.F) {
	for _, v := range read(f).SFrame {
		f.Add([]byte(v.CT))
	}
	k := key(f, 0x123, []byte("base"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, n, err := ParseHeader(b)
		if err == nil && !bytes.Equal(h.Append(nil), b[:n]) {
			t.Errorf("%x is read as %v", b[:n], h)
		}
		if _, _, err := k.Open(nil, b, nil); err == nil {
			t.Error("forged")
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	k, frame, out := key(b, 3<<9|17, []byte("base")), make([]byte, 80), make([]byte, 0, 200)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		out = k.Seal(out[:0], uint64(i), frame, nil)
	}
}
