// Package udp moves batches of datagrams in and out of one socket: one system
// call for many on Linux (recvmmsg and sendmmsg), one for each elsewhere.
package udp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

const (
	// DatagramMax is the largest datagram in bytes that is read whole: what an
	// Ethernet frame carries. A longer one is cut, and then fails to open.
	DatagramMax = 1500
	// BatchMax is how many datagrams one call moves at most.
	BatchMax = 64
	// JoinedMax is how many datagrams one call reads at least room for, once
	// Join was called.
	JoinedMax = joinedSegments
	// joinedMessages and joinedSegments are how many messages are read at once
	// then, and how many datagrams the system joins to one of them.
	joinedMessages, joinedSegments = 8, 128
	joinedBytes                    = 1 << 16 // of one message
	// bufferBytes is asked for in each direction: half a second of a thousand
	// voices to a listener each.
	bufferBytes = 4 << 20
)

// A Datagram is some bytes and where they came from or go to.
type Datagram struct {
	Data []byte
	Addr netip.AddrPort
}

// A Conn is one UDP socket, for IPv4 and IPv6 alike when it is bound to the
// unspecified address. One goroutine reads, one writes batches; any may write
// single datagrams.
type Conn struct {
	conn  *net.UDPConn
	local netip.AddrPort
	batch batch
}

// Listen opens n sockets on the same address; the system spreads what comes
// in over them by where it comes from (SO_REUSEPORT). Where it cannot, there
// is one. An address that somebody else listens on is an error all the same.
func Listen(addr string, n int) (_ []*Conn, err error) {
	a, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return nil, err
	}
	// The others would let a second process in, so the first one asks alone.
	first, err := net.ListenUDP("udp", a)
	if err != nil {
		return nil, err
	}
	if n <= 1 || !canShare {
		c, err := open(first)
		if err != nil {
			return nil, err
		}
		return []*Conn{c}, nil
	}
	a.Port = first.LocalAddr().(*net.UDPAddr).Port
	if err := first.Close(); err != nil {
		return nil, err
	}
	conns := make([]*Conn, 0, n)
	defer func() {
		if err != nil {
			for _, c := range conns {
				err = errors.Join(err, c.Close())
			}
		}
	}()
	config := net.ListenConfig{Control: reusePort}
	for range n {
		conn, err := config.ListenPacket(context.Background(), "udp", a.String())
		if err != nil {
			return nil, err
		}
		c, err := open(conn.(*net.UDPConn))
		if err != nil {
			return nil, err
		}
		conns = append(conns, c)
	}
	return conns, nil
}

// open makes a Conn of a socket, or closes it.
func open(conn *net.UDPConn) (*Conn, error) {
	local := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	c := &Conn{conn: conn, local: netip.AddrPortFrom(local.Addr().Unmap(), local.Port())}
	// The system may grant less; drops are counted where they happen.
	err := errors.Join(conn.SetReadBuffer(bufferBytes), conn.SetWriteBuffer(bufferBytes), c.batch.open(conn))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("UDP socket: %w", err), conn.Close())
	}
	return c, nil
}

// LocalAddr returns where the socket listens.
func (c *Conn) LocalAddr() netip.AddrPort { return c.local }

// Read waits for datagrams until the deadline and sets in to them; they are
// valid until the next Read. No datagrams and no error means that the wait is
// over, or was ended by Wake.
func (c *Conn) Read(in []Datagram) (int, error) {
	n, err := c.batch.read(in)
	if errors.Is(err, os.ErrDeadlineExceeded) || isRefusal(err) {
		return 0, nil
	}
	return n, err
}

// Poll is Read without waiting, where the system can say that there is
// nothing; elsewhere it reads nothing.
func (c *Conn) Poll(in []Datagram) (int, error) {
	n, err := c.batch.poll(in)
	if isRefusal(err) {
		return 0, nil
	}
	return n, err
}

// isRefusal reports whether err is an ICMP message about an earlier datagram
// of ours: somebody has gone, which is no fault of the socket.
func isRefusal(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH)
}

// Gather brings everything that comes in for the sockets that were opened with
// this one to the first of them, or, when on is false, lets the system spread
// it again. It fails where the system cannot: it is then spread as before.
func (c *Conn) Gather(on bool) error { return c.batch.gather(on) }

// Join has the system hand over together what one sender has sent in a row
// (UDP_GRO, udp(7)): it pays where much comes from few. It is to be called
// before Read, which then needs room for JoinedMax datagrams at least. Where the
// system cannot, nothing changes.
func (c *Conn) Join() error { return c.batch.join() }

// SetDeadline sets until when Read waits.
func (c *Conn) SetDeadline(t time.Time) error { return c.conn.SetReadDeadline(t) }

// Wake ends a Read that waits, and the next one, until SetDeadline.
func (c *Conn) Wake() { _ = c.conn.SetReadDeadline(time.Unix(1, 0)) }

// Unsent is how many datagrams were not sent, by reason.
type Unsent struct {
	Full    int // the socket's buffer was full
	Refused int // the system does not send there
}

// WriteBatch sends datagrams. One that cannot be sent does not hold up the
// others. It does not wait: when the socket's buffer is full the rest is
// dropped, since late audio is worth nothing. Datagrams behind one another to
// the same address that lie in one piece of memory, all of one length but the
// last, which may be shorter, cost the system little more than one (UDP_SEGMENT
// on Linux).
func (c *Conn) WriteBatch(out []Datagram) (u Unsent) {
	for len(out) > 0 {
		n := min(len(out), BatchMax)
		failed := c.batch.write(out[:n])
		u.Full += failed.Full
		u.Refused += failed.Refused
		out = out[n:]
	}
	return u
}

// WriteTo sends one datagram; any goroutine may.
func (c *Conn) WriteTo(b []byte, to netip.AddrPort) error {
	_, err := c.conn.WriteToUDPAddrPort(b, to)
	return err
}

// Close closes the socket; Read then returns an error.
func (c *Conn) Close() error { return c.conn.Close() }
