package lines

import (
	"encoding/binary"
	"io"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"
)

var (
	athens = netip.MustParseAddr("10.1.0.1")
	boston = netip.MustParseAddr("10.2.0.1")
	osaka  = netip.MustParseAddr("10.3.0.1")
)

// A desk is a place whose packets are made and looked at here.
type desk struct {
	out  chan []byte
	in   chan []byte
	gone chan struct{}
	once sync.Once
}

func newDesk() *desk {
	return &desk{out: make(chan []byte), in: make(chan []byte, 4096), gone: make(chan struct{})}
}

func (d *desk) Read(b []byte) (int, error) {
	select {
	case p := <-d.out:
		return copy(b, p), nil
	case <-d.gone:
		return 0, io.EOF
	}
}

func (d *desk) Write(b []byte) (int, error) {
	select {
	case d.in <- b:
		return len(b), nil
	default:
		return 0, os.ErrDeadlineExceeded
	}
}

func (d *desk) Close() error {
	d.once.Do(func() { close(d.gone) })
	return nil
}

// packet is an IPv4 packet with a number in it.
func packet(from, to netip.Addr, number int) []byte {
	b := make([]byte, 24)
	b[0], b[9] = 0x45, 17
	copy(b[12:], from.AsSlice())
	copy(b[16:], to.AsSlice())
	binary.BigEndian.PutUint32(b[20:], uint32(number))
	return b
}

func number(b []byte) int { return int(binary.BigEndian.Uint32(b[20:])) }

func open(t *testing.T, usual Line) (n *Network, a, b *desk) {
	t.Helper()
	n = New(1, func(netip.Addr, netip.Addr) Line { return usual })
	a, b = newDesk(), newDesk()
	for at, d := range map[netip.Addr]*desk{athens: a, boston: b} {
		if err := n.Attach(at, d); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n, a, b
}

func take(t *testing.T, d *desk) []byte {
	t.Helper()
	select {
	case p := <-d.in:
		return p
	case <-time.After(10 * time.Second):
		t.Fatal("nothing has arrived")
		return nil
	}
}

// Packets arrive in order, not before the line's delay, and are counted.
func TestDelay(t *testing.T) {
	const delay, count = 30 * time.Millisecond, 50
	n, a, b := open(t, Line{Delay: delay})
	began := time.Now()
	for i := range count {
		a.out <- packet(athens, boston, i)
	}
	for i := range count {
		if p := take(t, b); number(p) != i {
			t.Fatalf("packet %d in place of %d", number(p), i)
		}
	}
	if took := time.Since(began); took < delay {
		t.Errorf("they have arrived after %v", took)
	}
	b.out <- packet(boston, athens, 7)
	take(t, a)
	want := Matrix{{athens, boston}: {count, count * 24, count, count}, {boston, athens}: {1, 24, 1, 1}}
	got := n.Counts()
	for p, c := range want {
		if got[p] != c {
			t.Errorf("%v: %+v, not %+v", p, got[p], c)
		}
	}
	if len(got) != len(want) || len(got.Sub(want)) != 0 {
		t.Errorf("counted: %v", got)
	}
}

// What is lost is counted as sent, and the rest arrives.
func TestLoss(t *testing.T) {
	const count = 2000
	n, a, b := open(t, Line{Loss: 0.25})
	for i := range count {
		a.out <- packet(athens, boston, i)
	}
	n.Set(athens, boston, Line{})
	a.out <- packet(athens, boston, count)
	got := 0
	for number(take(t, b)) != count {
		got++
	}
	if got < 1350 || got > 1650 {
		t.Errorf("%d of %d have arrived at a loss of a quarter", got, count)
	}
	if c := n.Counts()[Pair{athens, boston}]; c.Packets != count+1 {
		t.Errorf("counted: %+v", c)
	}
}

// Nothing crosses a line that is cut or comes to a place that is dark; that
// somebody has tried is seen, and what is cut is connected again.
func TestCut(t *testing.T) {
	n, a, b := open(t, Line{})
	// What was sent meets the line as it is then: each is counted first.
	send := func(to netip.Addr, i int) {
		t.Helper()
		a.out <- packet(athens, to, i)
		for until := time.Now().Add(10 * time.Second); n.Counts().Sum(func(Pair) bool { return true }).Packets < uint64(i); {
			if time.Now().After(until) {
				t.Fatalf("packet %d is not counted", i)
			}
			time.Sleep(time.Millisecond)
		}
	}
	try := func(i int) { send(boston, i) }
	n.Set(athens, boston, Line{Cut: true})
	try(1)
	n.Usual(athens, boston)
	n.Dark(boston, true)
	try(2)
	n.Dark(boston, false)
	n.Dark(athens, true)
	try(3)
	n.Dark(athens, false)
	send(osaka, 4) // nobody is there
	try(5)
	if p := take(t, b); number(p) != 5 {
		t.Errorf("packet %d has arrived", number(p))
	}
	to := func(at netip.Addr) func(Pair) bool { return func(p Pair) bool { return p.To == at } }
	if c := n.Counts().Sum(to(boston)); c.Packets != 4 || c.Arrived != 1 {
		t.Errorf("to one: %+v", c)
	}
	if c := n.Counts().Sum(to(osaka)); c.Packets != 1 || c.Arrived != 0 {
		t.Errorf("to nobody: %+v", c)
	}
}

// A line that gets faster lets nobody wait for what is still on the slow one.
func TestFaster(t *testing.T) {
	n, a, b := open(t, Line{Delay: time.Hour})
	a.out <- packet(athens, boston, 1)
	n.Set(athens, boston, Line{})
	a.out <- packet(athens, boston, 2)
	if p := take(t, b); number(p) != 2 {
		t.Errorf("packet %d has arrived", number(p))
	}
}

func TestOnePlaceAtAnAddress(t *testing.T) {
	n, _, _ := open(t, Line{})
	d := newDesk()
	if err := n.Attach(athens, d); err == nil {
		t.Error("two are at one address")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(packet(athens, boston, 1))
	f.Add([]byte{0x60})
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, _, ok := parse(b); ok && (!p.From.Is4() || !p.To.Is4() || p.To.IsMulticast()) {
			t.Errorf("%v", p)
		}
	})
}
