package forward

import (
	"testing"
	"time"
)

func TestSending(t *testing.T) {
	hall := Hall{Listeners: 100, Frame: 40 * time.Millisecond}
	now := time.Unix(1000, 0)
	var d Director
	for _, c := range []struct {
		listeners int
		lost      float64
		after     time.Duration
		want      Sending
	}{
		{99, 0, 0, Sending{Frame: FrameShort}},
		{100, 0, 0, Sending{Frame: 40 * time.Millisecond}},
		{51, 0.03, 0, Sending{Frame: 40 * time.Millisecond}},
		{51, 0.04, 0, Sending{40 * time.Millisecond, Repeat{1, 3}}},
		{49, 0, 0, Sending{FrameShort, Repeat{3, 6}}},
		{50, 0.3, 0, Sending{FrameShort, Repeat{2, 4, 6}}},
		{100, 0, lossHold - 1, Sending{40 * time.Millisecond, Repeat{1, 2, 3}}},
		{20, 0.1, 1, Sending{FrameShort, Repeat{3, 6}}},
		{20, 0, lossHold, Sending{Frame: FrameShort}},
	} {
		now = now.Add(c.after)
		d.Lost(now, c.lost)
		if got := d.Sending(now, c.listeners, hall); got != c.want {
			t.Errorf("%+v: %+v", c, got)
		}
	}
}
