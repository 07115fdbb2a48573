package api

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
)

// BenchmarkJoin lets one person after the other come into a room that fills,
// as a browser does: a grant by the session cookie, a WebSocket, and enter. 64
// are on their way at any time. The clients write bytes made before, so that
// most of what is measured is the node; a profile tells the two apart.
func BenchmarkJoin(b *testing.B) {
	h := newHouse(b)
	ada := h.first("Ada")
	name := ada.open("open")
	ada.sit(name)
	tokens := ada.crowd(b.N)
	b.ReportAllocs()
	b.ResetTimer()
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(64, b.N) {
		all.Go(func() {
			asks := h.door()
			defer asks.Close()
			for {
				i := int(next.Add(1)) - 1
				if i >= len(tokens) {
					return
				}
				h.join(asks, name, tokens[i])
			}
		})
	}
	all.Wait()
}

// TestHerd lets people come in all at once, by some more than are answered at
// a time. All get in, and nobody inside is cut.
func TestHerd(t *testing.T) {
	t.Parallel()
	n := 2000
	if testing.Short() {
		n = 500
	}
	h := newHouse(t)
	ada := h.first("Ada")
	name := ada.open("open")
	stage := ada.sit(name)
	tokens := ada.crowd(n)
	taps := make([]*tap, n)
	var all sync.WaitGroup
	for i, token := range tokens {
		all.Go(func() {
			asks := h.door()
			defer asks.Close()
			taps[i] = h.join(asks, name, token)
		})
	}
	all.Wait()
	stage.done("ping", None{})
	stage.until(func(m message) bool { return m.Crowd != nil && m.Crowd.Count == n+1 })
	for _, c := range taps {
		if c == nil {
			t.Fatal("somebody is not in")
		}
	}
	h.rooms.Read(name, func(r *room.Room) {
		for _, p := range r.Participants() {
			if p.Away() {
				t.Errorf("%s is away", p.Name)
			}
		}
	})
}

// TestIdle holds those who only sit there to their share: no goroutine, and
// 4 KiB of memory, in which both ends of the connection are. It counts all of the
// process, so that no other test runs beside it.
func TestIdle(t *testing.T) {
	const n, goroutinesMax, heapMax = 500, 50, 4 << 10
	h := newHouse(t)
	ada := h.first("Ada")
	name := ada.open("open")
	ada.sit(name)
	asks := h.door()
	defer asks.Close()
	tokens := ada.crowd(2 * n)
	for _, token := range tokens[:n] { // fills the sample, and what is kept of the past
		h.join(asks, name, token)
	}
	goroutines, heap := measure()
	for _, token := range tokens[n:] {
		h.join(asks, name, token)
	}
	goroutinesNow, heapNow := measure()
	each := (heapNow - heap) / n
	t.Logf("%d goroutines more, %d bytes each", goroutinesNow-goroutines, each)
	if goroutinesNow-goroutines > goroutinesMax || each > heapMax {
		t.Errorf("%d goroutines more, %d bytes each", goroutinesNow-goroutines, each)
	}
}

func measure() (goroutines, heap int) {
	var m runtime.MemStats
	for range 3 {
		time.Sleep(50 * time.Millisecond)
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return runtime.NumGoroutine(), int(m.HeapAlloc)
}

// crowd makes n people, whom g invites, and returns their session tokens.
func (g *guest) crowd(n int) []string {
	g.Helper()
	tokens := make([]string, n)
	var all sync.WaitGroup
	for part := range 64 {
		all.Go(func() {
			for i := part; i < n; i += 64 {
				tokens[i] = g.invite(fmt.Sprint("Guest ", i)).token
			}
		})
	}
	all.Wait()
	return tokens
}

// A tap is a connection to the node, without a library.
type tap struct {
	net.Conn
	in *bufio.Reader
}

func (h *testHouse) door() *tap {
	c, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	h.must(err)
	return &tap{c, bufio.NewReaderSize(c, 32<<10)}
}

// join comes in and stays until the test is over.
func (h *testHouse) join(asks *tap, name id.Room, token string) *tap {
	fmt.Fprintf(asks, "POST /api/v1/rooms/%s/grants HTTP/1.1\r\nHost: localhost\r\nCookie: %s=%s\r\n"+
		"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", name, h.api.cookie, token)
	res, err := http.ReadResponse(asks.in, nil)
	h.must(err)
	text, err := io.ReadAll(res.Body)
	h.must(err)
	_ = res.Body.Close()
	var g Grant
	if err := json.Unmarshal(text, &g); err != nil || g.Grant == "" {
		h.Errorf("no grant: %s", text)
		return nil
	}

	c := h.door()
	h.Cleanup(func() { _ = c.Close() })
	fmt.Fprintf(c, "GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\nCookie: %s=%s\r\nConnection: Upgrade\r\n"+
		"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", h.api.cookie, token)
	res, err = http.ReadResponse(c.in, nil)
	h.must(err)
	_ = res.Body.Close()
	ask := fmt.Sprintf(`{"id":1,"enter":{"grant":%q}}`, g.Grant)
	// Masked with zeros, which leaves it as it is.
	frame := binary.BigEndian.AppendUint16([]byte{0x81, 0x80 | 126}, uint16(len(ask)))
	_, err = c.Write(append(append(frame, 0, 0, 0, 0), ask...))
	h.must(err)
	for {
		var head [4]byte
		_, err := io.ReadFull(c.in, head[:2])
		h.must(err)
		size := int(head[1])
		if size == 126 {
			_, err = io.ReadFull(c.in, head[2:])
			h.must(err)
			size = int(binary.BigEndian.Uint16(head[2:]))
		}
		text, err := c.in.Peek(min(size, 100))
		h.must(err)
		entered, reply := bytes.Contains(text, []byte(`"entered":{"room"`)), bytes.Contains(text, []byte(`"re":1`))
		if reply && !entered {
			h.Errorf("not entered: %s", text)
		}
		_, err = c.in.Discard(size)
		h.must(err)
		if reply {
			c.in = nil // what comes from now on stays in the kernel
			return c
		}
	}
}
