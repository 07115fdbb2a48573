package count

import (
	"testing"
	"time"
)

func TestFrameRoundTrip(t *testing.T) {
	for d, size := range map[time.Duration]int{20 * time.Millisecond: 80, 40 * time.Millisecond: 160, 60 * time.Millisecond: 240} {
		f := Frame{Speaker: 19, Number: 1<<32 - 1, Sent: 12345678901}
		b := f.Append(nil, FrameSize(d))
		if len(b) != size {
			t.Errorf("%v are %d bytes, want %d", d, len(b), size)
		}
		if got, ok := ParseFrame(b); !ok || got != f {
			t.Errorf("%+v, %v, want %+v", got, ok, f)
		}
	}
}

func FuzzParseFrame(f *testing.F) {
	f.Add(Frame{1, 2, 3}.Append(nil, 80))
	f.Add([]byte{opusFrame})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, ok := ParseFrame(b)
		if !ok {
			return
		}
		if again, ok := ParseFrame(got.Append(nil, frameHead)); !ok || again != got {
			t.Errorf("%+v reads back as %+v", got, again)
		}
	})
}
