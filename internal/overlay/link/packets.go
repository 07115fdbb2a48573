package link

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/udp"
)

// packets is the trunk's socket as QUIC sees it: what comes for it is handed
// over by the loop, and what it sends goes out at once.
type packets struct {
	trunk *Trunk
	queue chan packet
	spare sync.Pool
	gone  chan struct{}

	mu       sync.Mutex // guards deadline and moved
	deadline time.Time
	moved    chan struct{} // closed when the deadline is another
	close    sync.Once
}

type packet struct {
	data *[]byte
	from netip.AddrPort
}

func newPackets(t *Trunk) *packets {
	return &packets{
		trunk: t, queue: make(chan packet, quicQueue), gone: make(chan struct{}), moved: make(chan struct{}),
		spare: sync.Pool{New: func() any { b := make([]byte, 0, udp.DatagramMax); return &b }},
	}
}

// put hands a packet over, unless too many wait.
func (p *packets) put(d udp.Datagram) {
	if len(d.Data) > udp.DatagramMax {
		p.trunk.Counts.QUIC.Add(1)
		return
	}
	b, _ := p.spare.Get().(*[]byte)
	*b = append((*b)[:0], d.Data...)
	select {
	case p.queue <- packet{b, d.Addr}:
	default:
		p.trunk.Counts.QUIC.Add(1)
		p.spare.Put(b)
	}
}

// ReadFrom implements net.PacketConn.
func (p *packets) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		p.mu.Lock()
		deadline, moved := p.deadline, p.moved
		p.mu.Unlock()
		var over <-chan time.Time
		if !deadline.IsZero() {
			timer := time.NewTimer(time.Until(deadline))
			defer timer.Stop()
			over = timer.C
		}
		select {
		case <-p.gone:
			return 0, nil, net.ErrClosed
		case <-over:
			return 0, nil, os.ErrDeadlineExceeded
		case <-moved:
		case one := <-p.queue:
			n := copy(b, *one.data)
			p.spare.Put(one.data)
			return n, net.UDPAddrFromAddrPort(one.from), nil
		}
	}
}

// WriteTo implements net.PacketConn.
func (p *packets) WriteTo(b []byte, to net.Addr) (int, error) {
	a, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, net.ErrWriteToConnected
	}
	p.trunk.traffic.at(a.AddrPort()).out(1, len(b))
	if err := p.trunk.conn.WriteTo(b, a.AddrPort()); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Close implements net.PacketConn; the socket is the trunk's.
func (p *packets) Close() error {
	p.close.Do(func() { close(p.gone) })
	return nil
}

// LocalAddr implements net.PacketConn.
func (p *packets) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(p.trunk.conn.LocalAddr()) }

// SetReadDeadline implements net.PacketConn.
func (p *packets) SetReadDeadline(at time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deadline = at
	close(p.moved)
	p.moved = make(chan struct{})
	return nil
}

// SetDeadline implements net.PacketConn.
func (p *packets) SetDeadline(at time.Time) error { return p.SetReadDeadline(at) }

// SetWriteDeadline implements net.PacketConn: nothing that is written waits.
func (p *packets) SetWriteDeadline(time.Time) error { return nil }

// SetReadBuffer and SetWriteBuffer are the trunk's affair: it has asked for
// large ones.
func (p *packets) SetReadBuffer(int) error { return nil }

// SetWriteBuffer is SetReadBuffer's other half.
func (p *packets) SetWriteBuffer(int) error { return nil }
