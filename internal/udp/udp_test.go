package udp

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"
)

func listen(t *testing.T, addr string) *Conn {
	t.Helper()
	conns, err := Listen(addr, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conns[0].Close() })
	return conns[0]
}

func TestBatches(t *testing.T) {
	for _, c := range []struct{ server, client, to string }{
		{"127.0.0.1:0", "127.0.0.1:0", "127.0.0.1"},
		{"[::1]:0", "[::1]:0", "::1"},
		{":0", "127.0.0.1:0", "127.0.0.1"},
		{":0", "[::1]:0", "::1"},
	} {
		t.Run(c.server+" "+c.to, func(t *testing.T) {
			server, client := listen(t, c.server), listen(t, c.client)
			to := netip.AddrPortFrom(netip.MustParseAddr(c.to), server.LocalAddr().Port())
			var out []Datagram
			for i := range 3*BatchMax + 1 {
				out = append(out, Datagram{fmt.Appendf(nil, "%d", i), to})
			}
			if failed := client.WriteBatch(out); failed != (Unsent{}) {
				t.Fatalf("%v not sent", failed)
			}
			in, got := make([]Datagram, BatchMax), 0
			if err := server.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
				t.Fatal(err)
			}
			for got < len(out) {
				n, err := server.Read(in)
				if err != nil || n == 0 {
					t.Fatalf("after %d: %d, %v", got, n, err)
				}
				var back []Datagram
				for _, d := range in[:n] {
					if want := fmt.Sprint(got); string(d.Data) != want || d.Addr.Addr() != to.Addr() {
						t.Fatalf("%q from %v, want %q", d.Data, d.Addr, want)
					}
					back = append(back, Datagram{[]byte("back"), d.Addr})
					got++
				}
				if failed := server.WriteBatch(back); failed != (Unsent{}) {
					t.Fatalf("%v answers not sent", failed)
				}
			}
			if err := client.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if n, err := client.Read(in); err != nil || n == 0 || string(in[0].Data) != "back" {
				t.Fatalf("%d answers, %v", n, err)
			}
		})
	}
}

func TestOneBadDestination(t *testing.T) {
	server, client := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	good, bad := Datagram{[]byte("x"), server.LocalAddr()}, Datagram{[]byte("x"), netip.MustParseAddrPort("127.0.0.1:0")}
	if failed := client.WriteBatch([]Datagram{bad, good, bad, bad, good}); failed != (Unsent{Refused: 3}) {
		t.Errorf("%v not sent", failed)
	}
	in := make([]Datagram, BatchMax)
	_ = server.SetDeadline(time.Now().Add(10 * time.Second))
	for got := 0; got < 2; {
		n, err := server.Read(in)
		if err != nil || n == 0 {
			t.Fatalf("%d came, %v", got, err)
		}
		got += n
	}
}

func TestWaitEnds(t *testing.T) {
	c := listen(t, "127.0.0.1:0")
	in := make([]Datagram, BatchMax)
	_ = c.SetDeadline(time.Now().Add(20 * time.Millisecond))
	if n, err := c.Read(in); n != 0 || err != nil {
		t.Errorf("after the deadline: %d, %v", n, err)
	}
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	time.AfterFunc(20*time.Millisecond, c.Wake)
	if n, err := c.Read(in); n != 0 || err != nil {
		t.Errorf("after Wake: %d, %v", n, err)
	}
	// Somebody who has gone is no fault of the socket.
	gone := listen(t, "127.0.0.1:0")
	addr := gone.LocalAddr()
	_ = gone.Close()
	c.WriteBatch([]Datagram{{[]byte("x"), addr}})
	_ = c.SetDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := c.Read(in); n != 0 || err != nil {
		t.Errorf("after a refusal: %d, %v", n, err)
	}
	_ = c.Close()
	if _, err := c.Read(in); err == nil {
		t.Error("a closed socket is read")
	}
}

func TestBatchesAllocateNothing(t *testing.T) {
	server, client := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	out := make([]Datagram, BatchMax)
	for i := range out {
		out[i] = Datagram{[]byte("voice"), server.LocalAddr()}
	}
	in := make([]Datagram, BatchMax)
	_ = server.SetDeadline(time.Now().Add(time.Minute))
	if n := testing.AllocsPerRun(100, func() {
		if failed := client.WriteBatch(out); failed != (Unsent{}) {
			t.Fatalf("%v not sent", failed)
		}
		for got := 0; got < len(out); {
			n, err := server.Read(in)
			if err != nil {
				t.Fatal(err)
			}
			got += n
		}
	}); n != 0 {
		t.Errorf("%v allocations per batch of %d", n, BatchMax)
	}
}

// Datagrams of one length that lie behind one another arrive as they are,
// though the system is handed them as one.
func TestSegments(t *testing.T) {
	server, other, client := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	slab := make([]byte, 0, BatchMax*DatagramMax)
	var out []Datagram
	lengths := []int{100, 100, 100, 40, 100, 100, 120, 120, 7, 7, 9}
	for i, n := range lengths {
		slab = append(slab, make([]byte, n)...)
		d := Datagram{slab[len(slab)-n:], server.LocalAddr()}
		d.Data[0] = byte(i)
		if i == 9 {
			d.Addr = other.LocalAddr()
		}
		out = append(out, d)
	}
	out = append(out, Datagram{[]byte("elsewhere in memory"), server.LocalAddr()})
	if u := client.WriteBatch(out); u != (Unsent{}) {
		t.Fatalf("not sent: %v", u)
	}
	in := make([]Datagram, BatchMax)
	_ = server.SetDeadline(time.Now().Add(10 * time.Second))
	for got := 0; got < len(out)-1; {
		n, err := server.Read(in)
		if err != nil || n == 0 {
			t.Fatalf("%d came, %v", got, err)
		}
		for _, d := range in[:n] {
			if got == 9 {
				got++
			}
			if got < len(lengths) && (len(d.Data) != lengths[got] || d.Data[0] != byte(got)) {
				t.Fatalf("datagram %d: %d bytes, the %dth", got, len(d.Data), d.Data[0])
			}
			got++
		}
	}
	_ = other.SetDeadline(time.Now().Add(10 * time.Second))
	if n, err := other.Read(in); n != 1 || err != nil || in[0].Data[0] != 9 {
		t.Errorf("the other: %d, %v", n, err)
	}
}

// Several sockets share an address, and each reads what comes from somewhere,
// unless all of it is brought to the first.
func TestSharedAddress(t *testing.T) {
	const n = 4
	conns, err := Listen("127.0.0.1:0", n)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	if len(conns) != n && canShare {
		t.Fatalf("%d sockets", len(conns))
	}
	if _, err := Listen(conns[0].LocalAddr().String(), 2); err == nil {
		t.Error("somebody else listens on the same address")
	}
	const clients = 48
	reads := func() (all int, of []int) {
		for range clients {
			listen(t, "127.0.0.1:0").WriteBatch([]Datagram{{[]byte("x"), conns[0].LocalAddr()}})
		}
		in := make([]Datagram, BatchMax)
		for _, c := range conns {
			_ = c.SetDeadline(time.Now().Add(100 * time.Millisecond))
			k, err := c.Read(in)
			if err != nil {
				t.Fatal(err)
			}
			all += k
			of = append(of, k)
		}
		return all, of
	}
	spread := func() {
		t.Helper()
		if got, of := reads(); got != clients || len(of) > 1 && slices.Max(of) == clients {
			t.Errorf("%v of %d came", of, clients)
		}
	}
	spread()
	if err := conns[0].Gather(true); err != nil {
		if canShare {
			t.Fatal(err)
		}
		return
	}
	for range 2 {
		if _, of := reads(); of[0] != clients {
			t.Errorf("%v of %d came, all of it for the first", of, clients)
		}
	}
	if err := conns[0].Gather(false); err != nil {
		t.Fatal(err)
	}
	spread()
}

// What the system joins is cut as it was sent.
func TestJoined(t *testing.T) {
	server, client := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	if err := server.Join(); err != nil {
		t.Fatal(err)
	}
	var out []Datagram
	slab := make([]byte, 0, 1<<20)
	for i := range 5 * BatchMax {
		n := 900
		if i%7 == 6 {
			n = 100 + i
		}
		for range n {
			slab = append(slab, byte(i))
		}
		out = append(out, Datagram{slab[len(slab)-n:], server.LocalAddr()})
	}
	if failed := client.WriteBatch(out); failed != (Unsent{}) {
		t.Fatalf("%v not sent", failed)
	}
	in, got, reads := make([]Datagram, 4*JoinedMax), 0, 0
	if err := server.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	for ; got < len(out); reads++ {
		n, err := server.Read(in)
		if err != nil || n == 0 {
			t.Fatalf("after %d: %d, %v", got, n, err)
		}
		for _, d := range in[:n] {
			if !slices.Equal(d.Data, out[got].Data) || d.Addr != client.LocalAddr() {
				t.Fatalf("datagram %d: %d bytes from %v, want %d", got, len(d.Data), d.Addr, len(out[got].Data))
			}
			got++
		}
	}
	t.Logf("%d datagrams in %d reads", got, reads)
}
