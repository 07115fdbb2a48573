package socket

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// A house has a loop behind a server, polled or not.
type house struct {
	*testing.T

	loop   *Loop
	server *httptest.Server
	guests chan *guest
}

// A guest is the node's side of a connection: it remembers what it is told, and
// says it back.
type guest struct {
	conn   *Conn
	got    chan string
	slow   chan struct{}
	closed chan struct{}
	mute   bool
}

func (g *guest) Message(text []byte, binary bool) {
	if binary {
		text = append([]byte("binary "), text...)
	}
	g.got <- string(text)
	if !g.mute {
		g.conn.Send([]byte("echo " + string(text)))
	}
}
func (g *guest) Beat(time.Time) {}
func (g *guest) Slow()          { close(g.slow) }
func (g *guest) Closed()        { close(g.closed) }

func open(t *testing.T, secure bool) *house {
	h := &house{T: t, loop: Start(), guests: make(chan *guest, 10000)}
	h.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "a=b")
		err := h.loop.Accept(w, r, func(c *Conn) Handler {
			g := &guest{conn: c, got: make(chan string, 16), slow: make(chan struct{}), closed: make(chan struct{}), mute: r.URL.Path == "/mute"}
			h.guests <- g
			return g
		})
		if errors.Is(err, ErrUpgrade) {
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	h.server.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetWriteBuffer(8 << 10)
		}
		return ctx
	}
	if secure {
		h.server.StartTLS()
	} else {
		h.server.Start()
	}
	t.Cleanup(func() {
		h.server.Close()
		for n := 0; h.open() > 0; n++ {
			if n > 1000 {
				t.Fatalf("%d connections are left", h.open())
			}
			time.Sleep(10 * time.Millisecond)
		}
		h.loop.Stop()
	})
	return h
}

// open returns how many connections there are.
func (h *house) open() int {
	h.loop.mu.Lock()
	defer h.loop.mu.Unlock()
	return len(h.loop.conns)
}

// both runs f with connections that are polled and with such that are not.
func both(t *testing.T, f func(t *testing.T, h *house)) {
	for name, secure := range map[string]bool{"polled": false, "not polled": true} {
		t.Run(name, func(t *testing.T) { f(t, open(t, secure)) })
	}
}

// dial connects with a library that shares no code with ours.
func (h *house) dial(path string) (*websocket.Conn, *guest) {
	h.Helper()
	ws, res, err := websocket.Dial(h.Context(), h.server.URL+path, &websocket.DialOptions{HTTPClient: h.server.Client()})
	if res != nil && res.Body != nil {
		defer res.Body.Close()
	}
	if err != nil {
		h.Fatal(err)
	}
	ws.SetReadLimit(1 << 24)
	h.Cleanup(func() { _ = ws.CloseNow() })
	return ws, <-h.guests
}

// raw connects and shakes hands, and leaves the rest to the test.
func (h *house) raw() (net.Conn, *bufio.Reader, *guest) {
	h.Helper()
	address := h.server.Listener.Addr().String()
	c, err := net.Dial("tcp", address)
	if h.server.TLS != nil && err == nil {
		c = tls.Client(c, &tls.Config{InsecureSkipVerify: true})
	}
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { _ = c.Close() })
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", address)
	in := bufio.NewReader(c)
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		h.Fatal(err)
	}
	_ = res.Body.Close() // there is none
	// The key and its proof are those of RFC 6455, section 1.3.
	if res.StatusCode != http.StatusSwitchingProtocols || res.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" || res.Header.Get("Set-Cookie") != "a=b" {
		h.Fatalf("%s %v", res.Status, res.Header)
	}
	return c, in, <-h.guests
}

// frame reads a frame that the node has written.
func (h *house) frame(in *bufio.Reader) (op byte, payload string) {
	h.Helper()
	var head [2]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		h.Fatal(err)
	}
	if head[0]&0x80 == 0 || head[1] >= 126 {
		h.Fatalf("a frame that begins with %x", head)
	}
	b := make([]byte, head[1])
	if _, err := io.ReadFull(in, b); err != nil {
		h.Fatal(err)
	}
	return head[0] & 0x0f, string(b)
}

func (h *house) soon(c <-chan struct{}, what string) {
	h.Helper()
	select {
	case <-c:
	case <-time.After(15 * time.Second):
		h.Fatalf("not %s", what)
	}
}

func TestTalk(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		ws, g := h.dial("/")
		for _, text := range []string{"hello", "", "é", strings.Repeat("long ", 10000)} {
			if err := ws.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
				t.Fatal(err)
			}
			kind, got, err := ws.Read(t.Context())
			if err != nil || kind != websocket.MessageText || string(got) != "echo "+text {
				t.Fatalf("%d bytes came back as %d, %v", len(text), len(got), err)
			}
		}
		if err := ws.Write(t.Context(), websocket.MessageBinary, []byte{0xff}); err != nil {
			t.Fatal(err)
		}
		if _, got, err := ws.Read(t.Context()); err != nil || string(got) != "echo binary \xff" {
			t.Fatalf("%q, %v", got, err)
		}
		heard := make(chan string, 2)
		go func() { // a ping is answered to whoever reads
			_, text, _ := ws.Read(t.Context())
			heard <- string(text)
			_, _, err := ws.Read(t.Context())
			heard <- fmt.Sprint(websocket.CloseStatus(err))
		}()
		if err := ws.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		g.conn.Close([]byte("bye"), GoingAway, "that is all")
		if last, code := <-heard, <-heard; last != "bye" || code != "StatusGoingAway" {
			t.Errorf("the last is %q, closed by %s", last, code)
		}
		h.soon(g.closed, "closed")
	})
}

// What is sent in one piece arrives as one, however it is cut on the way.
func TestPieces(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		c, in, g := h.raw()
		talk := masked(opText, "one ")
		talk = append(talk, masked(0x80|opPing, "there?")...)
		talk = append(talk, masked(opContinuation, "two ")...)
		talk = append(talk, masked(0x80|opContinuation, "three")...)
		talk = append(talk, masked(0x80|opPong, "")...)
		talk = append(talk, masked(0x80|opText, strings.Repeat("x", 110))...)
		for i := range talk {
			if _, err := c.Write(talk[i : i+1]); err != nil {
				t.Fatal(err)
			}
			if i%40 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		for _, want := range []struct {
			op   byte
			text string
		}{{opPong, "there?"}, {opText, "echo one two three"}, {opText, "echo " + strings.Repeat("x", 110)}} {
			if op, text := h.frame(in); op != want.op || text != want.text {
				t.Fatalf("got %x %q, want %x %q", op, text, want.op, want.text)
			}
		}
		_, _ = c.Write(masked(0x80|opClose, "\x03\xe9going"))
		if op, text := h.frame(in); op != opClose || text != "\x03\xe9" {
			t.Errorf("closed by %x %q", op, text)
		}
		if _, err := in.ReadByte(); err == nil {
			t.Error("the connection is still open")
		}
		h.soon(g.closed, "closed")
	})
}

func TestBadClients(t *testing.T) {
	parts := append(masked(opText, strings.Repeat("x", MessageMax-10)), masked(0x80|opContinuation, "more than fits")...)
	for about, test := range map[string]struct {
		bytes []byte
		code  string
	}{
		"not masked":       {[]byte{0x80 | opText, 1, 'a'}, "\x03\xea"},
		"not text":         {masked(0x80|opText, "\xff\xfe"), "\x03\xef"},
		"a part of none":   {masked(0x80|opContinuation, "a"), "\x03\xea"},
		"one in another":   {append(masked(opText, "a"), masked(0x80|opText, "b")...), "\x03\xea"},
		"too big":          {masked(0x80|opText, strings.Repeat("x", MessageMax+1)), "\x03\xf1"},
		"too big in parts": {parts, "\x03\xf1"},
	} {
		both(t, func(t *testing.T, h *house) {
			c, in, g := h.raw()
			go func() { _, _ = c.Write(append(test.bytes, masked(0x80|opText, "later")...)) }()
			if op, text := h.frame(in); op != opClose || text != test.code {
				t.Errorf("%s: closed by %x %x", about, op, text)
			}
			_ = c.Close()
			h.soon(g.closed, "closed")
			if len(g.got) != 0 {
				t.Errorf("%s: heard %s", about, <-g.got)
			}
		})
	}
}

func TestHandshakeRefuses(t *testing.T) {
	h := open(t, false)
	good := http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
	}
	for name, value := range map[string]string{
		"Connection": "close", "Upgrade": "h2c", "Sec-Websocket-Version": "8", "Sec-Websocket-Key": "short",
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = good.Clone()
		r.Header.Set(name, value)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusBadRequest || res.Header.Get("Sec-WebSocket-Version") != "13" {
			t.Errorf("%s %s: %s", name, value, res.Status)
		}
	}
}

// A client that is gone without a word is noticed at once where the system
// says so.
func TestGone(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		ws, g := h.dial("/")
		if err := ws.CloseNow(); err != nil {
			t.Fatal(err)
		}
		h.soon(g.closed, "closed")
		g.conn.Send([]byte("nobody hears this"))
		g.conn.Close(nil, NormalClosure, "")
	})
}

// ticks is a source of numbered messages.
type ticks struct {
	mu      sync.Mutex
	next, n int // the next of n messages
	stopped bool
	over    bool
	late    bool
}

func (s *ticks) Take() ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || s.next == s.n {
		return nil, !s.stopped && !s.over
	}
	s.next++
	return fmt.Appendf(nil, "tick %d %s", s.next, strings.Repeat(".", 1000)), true
}

func (s *ticks) Slow() bool { return s.late }

func (s *ticks) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
}

// A source is taken from at the pace at which the other side reads.
func TestFollow(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		ws, g := h.dial("/")
		const n = 20000
		s := &ticks{n: n}
		g.conn.Follow(s)
		g.conn.Flush()
		time.Sleep(50 * time.Millisecond)
		s.mu.Lock()
		if s.next == n {
			t.Error("all is taken though nobody reads")
		}
		s.mu.Unlock()
		for i := range n {
			_, text, err := ws.Read(t.Context())
			if want := fmt.Sprintf("tick %d ", i+1); err != nil || !strings.HasPrefix(string(text), want) {
				t.Fatalf("got %.20q, %v; want %s", text, err, want)
			}
		}
		// Another takes its place; and of what there is the rest can be had.
		other := &ticks{n: 3, over: true}
		g.conn.Follow(other)
		if !s.stopped {
			t.Error("what was followed before goes on")
		}
		g.conn.Unfollow(true)
		g.conn.Post([]byte("last"))
		for _, want := range []string{"tick 1 ", "tick 2 ", "tick 3 ", "last"} {
			if _, text, err := ws.Read(t.Context()); err != nil || !strings.HasPrefix(string(text), want) {
				t.Fatalf("got %.20q, %v; want %s", text, err, want)
			}
		}
		late := &ticks{over: true, late: true}
		g.conn.Follow(late)
		g.conn.Flush()
		h.soon(g.slow, "slow")
		g.conn.Close([]byte("too slow"), PolicyViolation, "")
		if _, text, err := ws.Read(t.Context()); err != nil || string(text) != "too slow" {
			t.Errorf("got %q, %v", text, err)
		}
		if _, _, err := ws.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
			t.Errorf("closed by %v", err)
		}
		h.soon(g.closed, "closed")
	})
}

// What a client does not read is kept up to a bound, and no sender waits.
func TestSlow(t *testing.T) {
	for name, message := range map[string]int{"many": 10, "much": 4 << 10} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, h *house) {
				ws, g := h.dial("/")
				text := []byte(strings.Repeat("x", message))
				full := time.After(20 * time.Second)
			fill:
				for {
					select {
					case <-g.slow:
						break fill
					case <-full:
						t.Fatal("never slow")
					default:
						g.conn.Send(text)
					}
				}
				g.conn.mu.Lock()
				if len(g.conn.queue) > 0 || g.conn.queued > 0 {
					t.Errorf("%d messages are kept", len(g.conn.queue))
				}
				g.conn.mu.Unlock()
				g.conn.Close([]byte("too slow"), PolicyViolation, "")
				var last string
				for {
					_, text, err := ws.Read(t.Context())
					if err != nil {
						break
					}
					last = string(text)
				}
				if last != "too slow" {
					t.Errorf("the last was %.20q", last)
				}
				h.soon(g.closed, "closed")
			})
		})
	}
}

// Whoever says nothing any more is pinged, and then let go.
func TestSilence(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		_, in, g := h.raw()
		now := h.loop.now()
		g.conn.beat(now + pingEvery)
		if op, _ := h.frame(in); op != opPing {
			t.Fatalf("got %x", op)
		}
		g.conn.beat(now + silenceMax - time.Second)
		select {
		case <-g.closed:
			t.Fatal("let go too soon")
		case <-time.After(50 * time.Millisecond):
		}
		g.conn.beat(now + silenceMax + time.Second)
		h.soon(g.closed, "closed")
	})
}

// A client that never says goodbye does not keep a closed connection.
func TestFarewell(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		_, in, g := h.raw()
		g.conn.Close(nil, GoingAway, "bye")
		if op, text := h.frame(in); op != opClose || text != "\x03\xe9bye" {
			t.Errorf("closed by %x %q", op, text)
		}
		g.conn.beat(h.loop.now() + farewellMax + time.Second)
		h.soon(g.closed, "closed")
	})
}

// A thousand connections that say nothing cost no goroutine, and little room.
func TestIdle(t *testing.T) {
	h := open(t, false)
	if h.loop.poll == nil {
		t.Skip("there is no poller here")
	}
	const n = 1000
	h.dial("/")
	before := measure()
	conns := make([]net.Conn, n)
	for i := range conns {
		conns[i], _, _ = h.raw()
	}
	goroutines, heap := measure().goroutines-before.goroutines, int(measure().heap)-int(before.heap)
	t.Logf("%d goroutines, %d bytes each, both sides", goroutines, heap/n)
	if goroutines > n/10 {
		t.Errorf("%d goroutines for %d connections", goroutines, n)
	}
	if heap/n > 16<<10 { // the tests' own side has two buffers of 4 KiB
		t.Errorf("%d bytes for each", heap/n)
	}
	for _, c := range conns {
		_, _ = c.Write(masked(0x80|opText, "hello"))
	}
	for _, c := range conns {
		_ = c.Close()
	}
}

type measured struct {
	goroutines int
	heap       uint64
}

func measure() measured {
	for range 3 {
		runtime.GC()
		time.Sleep(20 * time.Millisecond)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return measured{runtime.NumGoroutine(), m.HeapAlloc}
}
