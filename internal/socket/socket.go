// Package socket carries WebSockets (RFC 6455), thousands of them, which are
// silent most of the time: such a connection costs a few hundred bytes, and no
// goroutine. On Linux a plain TCP connection is taken from net/http and given
// to one poller; what it says is handled by a bounded number of goroutines that
// end when there is nothing to do. Of what cannot be polled, which is TLS ended
// in this process and other systems, each has a goroutine that reads.
//
// Nobody who sends ever waits: what the other side does not take is kept up to
// a bound, and then the handler is told that it is slow.
//
// Not here: extensions (compression), subprotocols, and the client's side.
package socket

import (
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// Bounds of a connection.
const (
	MessageMax  = 64 << 10 // bytes of a message that comes in
	queueMax    = 256      // messages that wait to be written
	queueBytes  = 256 << 10
	chunkSize   = 16 << 10 // bytes written and read at once
	stuckMax    = 10 * time.Second
	pingEvery   = 15 * time.Second
	silenceMax  = 30 * time.Second // of a side that is pinged
	farewellMax = 5 * time.Second  // for the other side to close too
	workersMax  = 256              // goroutines that handle what has come
	beat        = time.Second
)

// Codes of closing (RFC 6455, section 7.4.1).
const (
	NormalClosure   = 1000
	GoingAway       = 1001
	protocolError   = 1002
	badText         = 1007
	PolicyViolation = 1008
	tooBig          = 1009
)

// A Handler is whom a connection is for.
type Handler interface {
	// Message is called with each message, one after the other. It may take
	// its time. The text is valid during the call only.
	Message(text []byte, binary bool)
	// Beat is called about once a second. It must not wait.
	Beat(now time.Time)
	// Slow is called at most once, when the other side does not keep up. What
	// waited for it is lost; Close may say so.
	Slow()
	// Closed is called once, after all else.
	Closed()
}

// A Source has messages that many connections are sent. Its methods are called
// by the connection that follows it, and must not wait.
type Source interface {
	// Take returns the next message, or nil and whether there may be more.
	Take() (text []byte, more bool)
	// Slow reports whether there is no more because too much was waiting.
	Slow() bool
	// Stop ends it.
	Stop()
}

// A Loop has the connections of a node.
type Loop struct {
	poll    *poller // nil where there is none
	workers workers
	start   time.Time
	once    sync.Once
	stop    chan struct{}
	stopped chan struct{}

	mu    sync.Mutex // guards conns
	conns map[*Conn]struct{}
}

// Start returns a loop without connections.
func Start() *Loop {
	l := &Loop{
		start: time.Now(), stop: make(chan struct{}), stopped: make(chan struct{}),
		conns: make(map[*Conn]struct{}),
	}
	l.poll = startPoller() // without it each connection has its goroutine
	go l.run()
	return l
}

// Stop ends the loop. Its connections are closed before.
func (l *Loop) Stop() {
	l.once.Do(func() {
		close(l.stop)
		<-l.stopped
		if l.poll != nil {
			l.poll.stop()
		}
	})
}

// ErrUpgrade means that a request does not ask for a WebSocket as it should.
var ErrUpgrade = errors.New("not a request for a WebSocket")

// Accept upgrades a request to a connection for the handler that is returned
// by handle. When it returns an error nothing has been answered yet, or nobody
// is there any more to read it.
func (l *Loop) Accept(w http.ResponseWriter, r *http.Request, handle func(*Conn) Handler) error {
	stream, early, err := upgrade(w, r)
	if err != nil {
		return err
	}
	c := &Conn{loop: l, heard: l.now(), pinged: l.now()}
	c.mu.Lock() // whoever uses it before all is in place waits
	defer c.mu.Unlock()
	c.handler = handle(c)
	l.mu.Lock()
	l.conns[c] = struct{}{}
	l.mu.Unlock()
	if tcp, plain := stream.(*net.TCPConn); !plain || l.poll == nil || !l.poll.add(c, tcp, early) {
		c.stream(stream, early)
	}
	return nil
}

func (l *Loop) forget(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

// now returns the time since the start, which takes less room than a time.Time.
func (l *Loop) now() time.Duration { return time.Since(l.start) }

// run looks after all connections once a second.
func (l *Loop) run() {
	defer close(l.stopped)
	tick := time.NewTicker(beat)
	defer tick.Stop()
	var all []*Conn
	for {
		select {
		case <-l.stop:
			return
		case <-tick.C:
		}
		l.mu.Lock()
		for c := range l.conns {
			all = append(all, c)
		}
		l.mu.Unlock()
		for _, c := range all {
			c.beat(l.now())
		}
		clear(all)
		all = all[:0]
	}
}

// workers are goroutines that do what waits, and end when nothing does.
type workers struct {
	mu      sync.Mutex // guards all of this
	waiting []func()   // at most a few for each connection
	running int
}

func (w *workers) do(work func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = append(w.waiting, work)
	if w.running < workersMax {
		w.running++
		go w.run()
	}
}

func (w *workers) run() {
	for {
		w.mu.Lock()
		if len(w.waiting) == 0 {
			w.running--
			w.waiting = nil
			w.mu.Unlock()
			return
		}
		work := w.waiting[0]
		w.waiting[0] = nil
		w.waiting = w.waiting[1:]
		w.mu.Unlock()
		work()
	}
}
