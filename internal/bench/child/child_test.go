package child

import (
	"context"
	"strings"
	"testing"
	"time"
)

// What a process uses is seen from outside, and grows as it works.
func TestUsage(t *testing.T) {
	p := Self()
	before, err := p.Usage()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for u := before; u.Sub(before).Total < 50*time.Millisecond || u.Sub(before).User+u.Sub(before).System < 20*time.Millisecond; {
		if ctx.Err() != nil {
			t.Fatalf("after 10 s of work %+v", u.Sub(before))
		}
		for range 1 << 20 {
		}
		if u, err = p.Usage(); err != nil {
			t.Fatal(err)
		}
	}
	if peak, err := p.PeakKiB(); err != nil || peak < 1000 {
		t.Errorf("the peak of memory is %v KiB, %v", peak, err)
	}
}

func TestTail(t *testing.T) {
	var l Tail
	for range 1000 {
		if n, err := l.Write([]byte("0123456789012345678901234567890\n")); n != 32 || err != nil {
			t.Fatal(n, err)
		}
	}
	if s := l.String(); len(s) != tailMax || !strings.HasSuffix(s, "890\n") {
		t.Errorf("%d bytes", len(s))
	}
}
