package lossy

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"testing"
	"time"
)

func TestFate(t *testing.T) {
	for _, line := range []Line{
		{Loss: 0}, {Loss: 0.1}, {Loss: 0.5}, {Loss: 1}, {Loss: 0.1, Burst: 3}, {Loss: 0.3, Burst: 3}, {Loss: 0.5, Burst: 3},
	} {
		t.Run(fmt.Sprintf("%v in %v", line.Loss, line.Burst), func(t *testing.T) {
			const n = 200_000
			f, again := newFate(line, 1), newFate(line, 1)
			lost, bursts, before := 0, 0, false
			for i := range n {
				at := time.Duration(i) * step
				now := f.loses(at)
				if again.loses(at) != now {
					t.Fatal("the same seed, another fate")
				}
				if now {
					lost++
				}
				if now && !before {
					bursts++
				}
				before = now
			}
			if share := float64(lost) / n; math.Abs(share-line.Loss) > 0.01 {
				t.Errorf("%.3f are lost", share)
			}
			if mean := float64(lost) / float64(bursts); line.Burst > 1 && math.Abs(mean-line.Burst) > 0.1 {
				t.Errorf("%.2f are lost together", mean)
			}
		})
	}
}

func TestNoSuchLine(t *testing.T) {
	for _, line := range []Line{{Loss: -1}, {Loss: 1.5}, {Loss: 0.9, Burst: 3}, {Burst: -1}, {Delay: -1}, {Delay: time.Hour}} {
		if p, err := Open(netip.MustParseAddrPort("127.0.0.1:0"), netip.MustParseAddrPort("127.0.0.1:9"), line); !errors.Is(err, ErrLine) || p != nil {
			t.Errorf("%+v: %v", line, err)
		}
	}
}

func TestProxy(t *testing.T) {
	const delay = 20 * time.Millisecond
	node := listen(t)
	p, err := Open(netip.MustParseAddrPort("127.0.0.1:0"), node.LocalAddr().(*net.UDPAddr).AddrPort(), Line{Loss: 1, Delay: delay})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}()
	voice, report := make([]byte, 40), make([]byte, 40)
	voice[0], report[0], report[1] = 0x80, 0x80, 200
	seen := make(map[string]bool)
	for range 2 {
		c := listen(t)
		before := time.Now()
		if _, err := c.WriteTo(voice, net.UDPAddrFromAddrPort(p.Addr())); err != nil {
			t.Fatal(err)
		}
		b, from := read(t, node) // on its way up a voice is not lost
		if len(b) != len(voice) || time.Since(before) < delay {
			t.Errorf("%d bytes came up after %v", len(b), time.Since(before))
		}
		seen[from.String()] = true
		for _, d := range [][]byte{voice, report} {
			if _, err := node.WriteTo(d, from); err != nil {
				t.Fatal(err)
			}
		}
		if b, _ := read(t, c); b[1] != 200 {
			t.Error("a voice came down a line that loses all")
		}
	}
	if len(seen) != 2 {
		t.Error("two clients have one address at the node")
	}
	if passed, lost := p.Counts(); passed != 0 || lost != 2 {
		t.Errorf("passed %d, lost %d", passed, lost)
	}
}

func listen(t *testing.T) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func read(t *testing.T, c *net.UDPConn) ([]byte, net.Addr) {
	t.Helper()
	b := make([]byte, datagramMax)
	if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	n, from, err := c.ReadFrom(b)
	if err != nil {
		t.Fatal(err)
	}
	return b[:n], from
}
