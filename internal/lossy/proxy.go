// Package lossy is a bad line on one machine: a UDP proxy that delays every
// datagram and loses some of the RTP packets on their way to the client, by
// chance that can be repeated. What clients send, and STUN, DTLS and RTCP in
// both directions, is only delayed, as it is the listener's last mile that is
// measured.
//
// It rewrites nothing. Each client gets a socket towards the node, so that the
// node tells clients apart by their addresses as it does elsewhere. Not here:
// jitter, reordering, limits of bandwidth.
package lossy

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stoa-audio/stoa/internal/media/rtp"
)

// Bounds of a proxy.
const (
	clientsMax  = 64
	waitingMax  = 4096 // datagrams under way, per client and direction
	datagramMax = 1500
)

// A Line says how bad it is.
type Line struct {
	Loss  float64       // share of packets, 0 to 1
	Burst float64       // how many are lost together on average; up to 1: each by itself
	Delay time.Duration // one way
	Seed  uint64        // the same seed, the same losses
}

// ErrLine means that a line cannot be as it is asked for.
var ErrLine = errors.New("no such line")

// Check says what is wrong with l, if anything is.
func (l Line) Check() error {
	switch {
	case l.Loss < 0 || l.Loss > 1:
		return fmt.Errorf("%w: a loss of %v is not between 0 and 1", ErrLine, l.Loss)
	case l.Burst > 1 && l.Loss < 1 && l.Loss/(1-l.Loss) > l.Burst:
		return fmt.Errorf("%w: a loss of %v takes longer bursts than %v", ErrLine, l.Loss, l.Burst)
	case l.Burst < 0 || l.Burst > 1000:
		return fmt.Errorf("%w: a burst of %v is not between 0 and 1000", ErrLine, l.Burst)
	case l.Delay < 0 || l.Delay > 10*time.Second:
		return fmt.Errorf("%w: a delay of %v is not between 0 and 10 s", ErrLine, l.Delay)
	}
	return nil
}

// A Proxy passes datagrams between clients and a node.
type Proxy struct {
	conn   *net.UDPConn
	node   netip.AddrPort
	line   Line
	passed atomic.Uint64
	lost   atomic.Uint64

	mu      sync.Mutex // guards clients and closed
	clients map[netip.AddrPort]*client
	closed  bool
	running sync.WaitGroup
}

// A client is one address and its socket towards the node.
type client struct {
	conn *net.UDPConn
	up   chan datagram
}

type datagram struct {
	data []byte
	due  time.Time
}

// Open listens at an address, such as "127.0.0.1:0", for clients of the node
// at another.
func Open(listen, node netip.AddrPort, line Line) (*Proxy, error) {
	if err := line.Check(); err != nil {
		return nil, err
	}
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(listen))
	if err != nil {
		return nil, fmt.Errorf("open a line: %w", err)
	}
	p := &Proxy{conn: conn, node: node, line: line, clients: make(map[netip.AddrPort]*client)}
	p.running.Go(p.accept)
	return p, nil
}

// Addr returns where clients reach the node.
func (p *Proxy) Addr() netip.AddrPort { return p.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

// Counts returns how many RTP packets have been passed on to clients, and how
// many lost.
func (p *Proxy) Counts() (passed, lost uint64) { return p.passed.Load(), p.lost.Load() }

// Close ends the line.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	for _, c := range p.clients {
		_ = c.conn.Close() // nothing is lost that matters now
	}
	p.mu.Unlock()
	err := p.conn.Close()
	p.running.Wait()
	return err
}

// accept takes in what clients send.
func (p *Proxy) accept() {
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, c := range p.clients {
			close(c.up)
		}
	}()
	for {
		d, from, err := p.receive(p.conn)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // such as the word that nobody listens there any more
		}
		if c := p.client(from); c != nil {
			push(c.up, d)
		}
	}
}

// client returns the client at an address, or nil when there are too many.
func (p *Proxy) client(addr netip.AddrPort) *client {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.clients[addr]; c != nil || p.closed || len(p.clients) >= clientsMax {
		return c
	}
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(p.node))
	if err != nil {
		return nil
	}
	c := &client{conn: conn, up: make(chan datagram, waitingMax)}
	fate := newFate(p.line, uint64(len(p.clients)))
	p.clients[addr] = c
	p.running.Go(func() {
		deliver(c.up, func(b []byte) { _, _ = conn.Write(b) })
	})
	p.running.Go(func() { p.bring(conn, addr, fate) })
	return c
}

// bring passes on what the node sends to a client, but for what is lost.
func (p *Proxy) bring(conn *net.UDPConn, addr netip.AddrPort, fate *fate) {
	down := make(chan datagram, waitingMax)
	defer close(down)
	p.running.Go(func() {
		deliver(down, func(b []byte) { _, _ = p.conn.WriteToUDPAddrPort(b, addr) })
	})
	began := time.Now()
	for {
		d, _, err := p.receive(conn)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		if rtp.KindOf(d.data) == rtp.RTP {
			if fate.loses(time.Since(began)) {
				p.lost.Add(1)
				continue
			}
			p.passed.Add(1)
		}
		push(down, d)
	}
}

// receive returns the next datagram, and when it is to be passed on.
func (p *Proxy) receive(conn *net.UDPConn) (datagram, netip.AddrPort, error) {
	b := make([]byte, datagramMax)
	n, from, err := conn.ReadFromUDPAddrPort(b)
	return datagram{b[:n], time.Now().Add(p.line.Delay)}, from, err
}

// push hands a datagram over, or drops it where too many wait.
func push(to chan<- datagram, d datagram) {
	select {
	case to <- d:
	default:
	}
}

// deliver writes each datagram when it is due. All wait equally long, so they
// stay in order. A write may fail when the other side is gone, and then there
// is nobody to tell.
func deliver(from <-chan datagram, write func([]byte)) {
	for d := range from {
		time.Sleep(time.Until(d.due))
		write(d.data)
	}
}
