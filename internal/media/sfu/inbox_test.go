package sfu

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/media/rtp"
	"github.com/stoa-audio/stoa/internal/udp"
)

// Whatever is put in and taken out in whatever turn, comes out as it went in,
// in order; and there is place for as much as there is said to be.
func TestInbox(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var in inbox
	var model [][]byte
	held, refused := 0, 0
	from := netip.MustParseAddrPort("192.0.2.1:9")
	for step := range 200000 {
		filling := step/2000%2 == 0
		if rnd.IntN(10) < 7 == filling {
			b := make([]byte, 1+rnd.IntN(udp.DatagramMax))
			if step/4000%2 == 0 {
				b = b[:1+len(b)/16]
			}
			for i := range b {
				b[i] = byte(rnd.Uint32())
			}
			if in.forward(nil, rtp.RTP, time.Time{}, udp.Datagram{Data: b, Addr: from}) {
				model, held = append(model, b), held+len(b)
			} else if refused++; len(model) < inboxMax && held < inboxBytes-3*udp.DatagramMax {
				t.Fatalf("no place beside %d of %d bytes", len(model), held)
			}
			continue
		}
		e := in.peek()
		if (e == nil) != (len(model) == 0) {
			t.Fatalf("%d are in, and the first is %v", len(model), e)
		}
		if e == nil {
			continue
		}
		if !bytes.Equal(e.bytes, model[0]) || e.addr != from {
			t.Fatalf("step %d: %d bytes of %d", step, len(e.bytes), len(model[0]))
		}
		held, model = held-len(model[0]), model[1:]
		in.take()
	}
	if refused == 0 {
		t.Error("it was never full")
	}
	if in.forward(nil, rtp.RTP, time.Time{}, udp.Datagram{Data: make([]byte, inboxBytes+1)}) {
		t.Error("more than there is")
	}
}
