package udp

import (
	"net/netip"
	"testing"
)

// What goes to one address, lies in one piece and has one length, but for the
// last, goes together.
func TestRun(t *testing.T) {
	b := &batch{segmented: true}
	a, other := netip.MustParseAddrPort("192.0.2.1:1"), netip.MustParseAddrPort("192.0.2.1:2")
	slab := make([]byte, 0, BatchMax*DatagramMax)
	var out []Datagram
	for i, n := range []int{100, 100, 100, 40, 100, 100, 120, 120, 7, 7, 9} {
		slab = append(slab, make([]byte, n)...)
		d := Datagram{slab[len(slab)-n:], a}
		if i == 9 {
			d.Addr = other
		}
		out = append(out, d)
	}
	out = append(out, Datagram{make([]byte, 9), other})
	for at, want := range map[int]int{0: 4, 1: 3, 3: 1, 4: 2, 5: 1, 6: 3, 8: 1, 9: 1, 10: 1, 11: 1} {
		if n := b.run(out[at:]); n != want {
			t.Errorf("from %d on %d go together, want %d", at, n, want)
		}
	}
}

// Datagrams that end where their memory ends are compared all the same. The
// race detector looks at the arithmetic.
func TestRunOfSeparateMemory(t *testing.T) {
	b, a := &batch{segmented: true}, netip.MustParseAddrPort("192.0.2.1:1")
	var out []Datagram
	for range BatchMax {
		out = append(out, Datagram{make([]byte, 4096), a})
	}
	if n := b.run(out[:1]); n != 1 {
		t.Errorf("%d go together", n)
	}
	b.run(out) // whether some lie behind one another is the allocator's affair
}
