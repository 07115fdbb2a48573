package coordinate

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// A gate is how a seat's server gets at the hub: it calls nothing but TCP, but
// can be told to go through an HTTP proxy (CONNECT, RFC 9110, section 9.3.6).
// The gate is one, on loopback, that opens a stream of the trunk for whoever
// knows its word, which is chance and known to the server alone.
type gate struct {
	dial   func(context.Context) (Stream, error)
	listen net.Listener
	word   string

	ctx    context.Context //nolint:containedctx // ends with the gate
	cancel context.CancelFunc
	done   sync.WaitGroup
}

const (
	gateUser  = "stoa"
	askWait   = 5 * time.Second
	askingMax = 16 // at once; the server is one
)

func openGate(dial func(context.Context) (Stream, error)) (*gate, error) {
	g := &gate{dial: dial, word: rand.Text()}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	var err error
	if g.listen, err = new(net.ListenConfig).Listen(g.ctx, "tcp", "127.0.0.1:0"); err != nil {
		g.cancel()
		return nil, err
	}
	g.done.Go(g.run)
	return g, nil
}

// remote is how the server is told of the hub.
func (g *gate) remote() *server.RemoteLeafOpts {
	r := &server.RemoteLeafOpts{IgnoreDiscoveredServers: true, FirstInfoTimeout: dialWait}
	r.URLs = append(r.URLs, hubURL())
	r.Compression.Mode = server.CompressionOff
	r.Proxy.URL = "http://" + g.listen.Addr().String()
	r.Proxy.Username, r.Proxy.Password, r.Proxy.Timeout = gateUser, g.word, askWait
	return r
}

func (g *gate) close() {
	g.cancel()
	_ = g.listen.Close()
	g.done.Wait()
}

func (g *gate) run() {
	places := make(chan struct{}, askingMax)
	for {
		in, err := g.listen.Accept()
		if err != nil {
			if g.ctx.Err() != nil {
				return
			}
			select { // out of files, perhaps
			case <-g.ctx.Done():
				return
			case <-time.After(againMin):
			}
			continue
		}
		select {
		case places <- struct{}{}:
		default:
			_ = in.Close()
			continue
		}
		g.done.Go(func() {
			defer func() { <-places }()
			g.answer(in)
		})
	}
}

// answer opens a stream to the hub for who knows the word.
func (g *gate) answer(in net.Conn) {
	defer func() { _ = in.Close() }()
	defer context.AfterFunc(g.ctx, func() { _ = in.Close() })()
	_ = in.SetDeadline(time.Now().Add(askWait))
	r := bufio.NewReaderSize(io.LimitReader(in, 4<<10), 4<<10)
	ask, err := http.ReadRequest(r)
	if err != nil {
		return
	}
	if ask.Method != http.MethodConnect || !g.knows(ask.Header.Get("Proxy-Authorization")) {
		_, _ = io.WriteString(in, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
		return
	}
	ctx, cancel := context.WithTimeout(g.ctx, askWait)
	stream, err := g.dial(ctx)
	cancel()
	if err != nil {
		_, _ = io.WriteString(in, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
		return
	}
	if _, err := io.WriteString(in, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		_ = (&conn{Stream: stream}).Close()
		return
	}
	_ = in.SetDeadline(time.Time{})
	join(g.ctx, in, &conn{Stream: stream}) // the server says nothing before the hub does
}

// knows reports whether a header has the word (RFC 7617).
func (g *gate) knows(header string) bool {
	var r http.Request
	r.Header = http.Header{"Authorization": {header}}
	_, word, ok := r.BasicAuth()
	return ok && subtle.ConstantTimeCompare([]byte(word), []byte(g.word)) == 1
}
