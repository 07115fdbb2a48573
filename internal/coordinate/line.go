package coordinate

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// How lines are kept.
const (
	dialWait  = 3 * time.Second
	pingEvery = 5 * time.Second // a line is given up after two without an answer
	flushWait = 2 * time.Second // for what is said to leave: everybody who uses a line waits as long
	againMin  = 100 * time.Millisecond
	againMax  = 10 * time.Second
)

// A line is a connection to the region's server, which is made again and again.
// While it is made, whatever is asked of conn waits: hence what is asked often
// is kept beside it.
type line struct {
	conn       *nats.Conn
	js         jetstream.JetStream
	connected  atomic.Bool
	reconnects atomic.Uint64
	refused    atomic.Uint64

	mu      sync.Mutex // guards changed
	changed chan struct{}
}

// connect returns a line for a kind of streams, which may not be there yet.
func (o *Coordinator) connect(ctx context.Context, kind string) (*line, error) {
	c := o.config
	l := &line{changed: make(chan struct{})}
	options := []nats.Option{
		nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.Timeout(dialWait),
		nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(2), nats.FlusherTimeout(flushWait),
		nats.CustomReconnectDelay(func(attempts int) time.Duration { return again(attempts) }),
		// What cannot be said now is not said later: by then it may be wrong.
		nats.ReconnectBufSize(-1),
		// No server says where else to call: it may be outside the node's fence.
		nats.IgnoreDiscoveredServers(),
		nats.CustomInboxPrefix(inboxes(c.Self.Place.Region)),
		nats.ConnectHandler(func(*nats.Conn) { l.fire(true) }),
		nats.ReconnectHandler(func(*nats.Conn) { l.reconnects.Add(1); l.fire(true) }),
		nats.DisconnectErrHandler(func(*nats.Conn, error) { l.fire(false) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			if errors.Is(err, nats.ErrPermissionViolation) {
				l.refused.Add(1)
			}
		}),
	}
	url := "nats://127.0.0.1:1" // nobody is called there: a dialer takes its place
	switch {
	case len(c.Servers) > 0:
		url = strings.Join(c.Servers, ",")
		if c.Credentials != "" {
			options = append(options, nats.UserCredentials(c.Credentials))
		}
		if c.CA != "" {
			options = append(options, nats.RootCAs(c.CA))
		}
	case o.seat != nil:
		options = append(options, nats.InProcessServer(o.seat.server(kind)))
	default:
		options = append(options, nats.SetCustomDialer(dialer{ctx, kind, c.Dial}))
	}
	var err error
	if l.conn, err = nats.Connect(url, options...); err != nil {
		return nil, err
	}
	l.js, err = jetstream.New(l.conn)
	return l, err
}

// again returns how long to wait before the next attempt: twice as long each
// time, and never all nodes at once.
func again(attempts int) time.Duration {
	wait := min(againMin<<min(attempts, 10), againMax)
	return wait/2 + rand.N(wait/2) //nolint:gosec // no secret
}

func (l *line) fire(connected bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.connected.Store(connected)
	close(l.changed)
	l.changed = make(chan struct{})
}

// state reports whether the line is there, and is told when that changes.
func (l *line) state() (connected bool, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.connected.Load(), l.changed
}

// A dialer has nats.go call the seat over the trunk.
type dialer struct {
	ctx  context.Context //nolint:containedctx // ends with the coordinator
	kind string
	dial func(context.Context, string) (Stream, error)
}

// Dial is nats.CustomDialer's.
func (d dialer) Dial(string, string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(d.ctx, dialWait)
	defer cancel()
	s, err := d.dial(ctx, d.kind)
	if err != nil {
		return nil, err
	}
	c := &conn{Stream: s}
	c.over = context.AfterFunc(d.ctx, func() { _ = (&conn{Stream: s}).Close() })
	return c, nil
}

// A conn is a stream that looks like a connection.
type conn struct {
	Stream

	over func() bool // nothing is to be done any more at an end; may be nil
}

// Close ends both directions: what is being written is stopped first.
func (c *conn) Close() error {
	if c.over != nil {
		c.over()
	}
	c.Stop()
	return c.Stream.Close()
}

// LocalAddr and RemoteAddr say nothing: there is no address.
func (c *conn) LocalAddr() net.Addr  { return trunk{} }
func (c *conn) RemoteAddr() net.Addr { return trunk{} }

type trunk struct{}

func (trunk) Network() string { return "trunk" }
func (trunk) String() string  { return "trunk" }
