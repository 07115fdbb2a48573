package udp

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

func listen(t *testing.T, addr string) *Conn {
	t.Helper()
	c, err := Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
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
			if failed := client.WriteBatch(out); failed != 0 {
				t.Fatalf("%d not sent", failed)
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
				if failed := server.WriteBatch(back); failed != 0 {
					t.Fatalf("%d answers not sent", failed)
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
	if failed := client.WriteBatch([]Datagram{bad, good, bad, bad, good}); failed != 3 {
		t.Errorf("%d not sent", failed)
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
		if failed := client.WriteBatch(out); failed != 0 {
			t.Fatalf("%d not sent", failed)
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
