package speech

import (
	"testing"
	"time"
)

func TestDetector(t *testing.T) {
	var d Detector
	now := time.Unix(1000, 0)
	step := func(n int, every time.Duration) {
		for range n {
			now = now.Add(every)
			d.Heard(now)
		}
	}
	if d.Speaking(now) {
		t.Fatal("a voice before any packet")
	}
	step(20, 400*time.Millisecond)
	if d.Speaking(now) {
		t.Fatal("comfort noise is taken for a voice")
	}
	step(2, 20*time.Millisecond)
	if !d.Speaking(now) {
		t.Fatal("three packets in a row are no voice")
	}
	step(10, 60*time.Millisecond)
	if !d.Speaking(now) {
		t.Fatal("frames of 60 ms are no voice")
	}
	step(1, 120*time.Millisecond)
	if !d.Speaking(now) {
		t.Fatal("one lost frame of 60 ms ends a voice")
	}
	if !d.Speaking(now.Add(299*time.Millisecond)) || d.Speaking(now.Add(300*time.Millisecond)) {
		t.Fatal("a voice lasts 300 ms after its last packet")
	}
	step(5, 400*time.Millisecond)
	if d.Speaking(now) {
		t.Fatal("a voice goes on in comfort noise")
	}
}
