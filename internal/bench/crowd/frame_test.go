package crowd

import (
	"testing"
	"time"
)

func TestFrameRoundTrip(t *testing.T) {
	for d, size := range map[time.Duration]int{20 * time.Millisecond: 80, 40 * time.Millisecond: 160, 60 * time.Millisecond: 240} {
		f := frame{speaker: 19, number: 1<<32 - 1, sent: 12345678901}
		b := f.append(nil, frameSize(d))
		if len(b) != size {
			t.Errorf("%v are %d bytes, want %d", d, len(b), size)
		}
		if got, ok := parseFrame(b); !ok || got != f {
			t.Errorf("%+v, %v, want %+v", got, ok, f)
		}
	}
}

func FuzzParseFrame(f *testing.F) {
	f.Add(frame{1, 2, 3}.append(nil, 80))
	f.Add([]byte{opusFrame})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, ok := parseFrame(b)
		if !ok {
			return
		}
		if again, ok := parseFrame(got.append(nil, frameHead)); !ok || again != got {
			t.Errorf("%+v reads back as %+v", got, again)
		}
	})
}
