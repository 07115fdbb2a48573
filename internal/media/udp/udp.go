// Package udp moves batches of datagrams in and out of one socket: one system
// call for many on Linux (recvmmsg and sendmmsg), one for each elsewhere.
package udp

import (
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

// Listen opens a socket on addr.
func Listen(addr string) (_ *Conn, err error) {
	a, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return nil, err
	}
	conn, err := net.ListenUDP("udp", a)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("media socket: %w", err), conn.Close())
		}
	}()
	// The system may grant less; drops are counted where they happen.
	if err := errors.Join(conn.SetReadBuffer(bufferBytes), conn.SetWriteBuffer(bufferBytes)); err != nil {
		return nil, err
	}
	local := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	c := &Conn{conn: conn, local: netip.AddrPortFrom(local.Addr().Unmap(), local.Port())}
	return c, c.batch.open(conn)
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

// isRefusal reports whether err is an ICMP message about an earlier datagram
// of ours: somebody has gone, which is no fault of the socket.
func isRefusal(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH)
}

// SetDeadline sets until when Read waits.
func (c *Conn) SetDeadline(t time.Time) error { return c.conn.SetReadDeadline(t) }

// Wake ends a Read that waits, and the next one, until SetDeadline.
func (c *Conn) Wake() { _ = c.conn.SetReadDeadline(time.Unix(1, 0)) }

// WriteBatch sends the datagrams and returns how many were not sent. One that
// cannot be sent does not hold up the others. It does not wait: when the
// socket's buffer is full the rest is dropped, since late audio is worth
// nothing.
func (c *Conn) WriteBatch(out []Datagram) (failed int) {
	for len(out) > 0 {
		n := min(len(out), BatchMax)
		failed += n - c.batch.write(out[:n])
		out = out[n:]
	}
	return failed
}

// WriteTo sends one datagram; any goroutine may.
func (c *Conn) WriteTo(b []byte, to netip.AddrPort) error {
	_, err := c.conn.WriteToUDPAddrPort(b, to)
	return err
}

// Close closes the socket; Read then returns an error.
func (c *Conn) Close() error { return c.conn.Close() }
