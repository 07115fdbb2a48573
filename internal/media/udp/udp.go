// Package udp moves batches of datagrams in and out of one socket: one system
// call for many where the system can (recvmmsg and sendmmsg on Linux, by way
// of golang.org/x/net).
package udp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/net/ipv6"
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
// unspecified address. One goroutine reads; any may write.
type Conn struct {
	conn  *net.UDPConn
	batch *ipv6.PacketConn
	local netip.AddrPort
	in    []ipv6.Message
	out   []ipv6.Message
	addrs []net.UDPAddr // of out
}

// Listen opens a socket on addr.
func Listen(addr string) (*Conn, error) {
	a, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return nil, err
	}
	conn, err := net.ListenUDP("udp", a)
	if err != nil {
		return nil, err
	}
	// The system may grant less; drops are counted where they happen.
	if err := errors.Join(conn.SetReadBuffer(bufferBytes), conn.SetWriteBuffer(bufferBytes)); err != nil {
		return nil, errors.Join(fmt.Errorf("size the buffers of the media socket: %w", err), conn.Close())
	}
	c := &Conn{
		conn: conn, batch: ipv6.NewPacketConn(conn),
		local: conn.LocalAddr().(*net.UDPAddr).AddrPort(),
		in:    make([]ipv6.Message, BatchMax),
		out:   make([]ipv6.Message, BatchMax),
		addrs: make([]net.UDPAddr, BatchMax),
	}
	for i := range c.in {
		c.in[i].Buffers = [][]byte{make([]byte, DatagramMax)}
		c.out[i].Buffers = make([][]byte, 1)
		c.out[i].Addr = &c.addrs[i]
		c.addrs[i].IP = make(net.IP, 0, net.IPv6len)
	}
	return c, nil
}

// LocalAddr returns where the socket listens.
func (c *Conn) LocalAddr() netip.AddrPort { return c.local }

// Read waits for datagrams until deadline and sets batch to them; they are
// valid until the next Read. No datagrams and no error means that the wait is
// over, or was ended by Wake.
func (c *Conn) Read(batch []Datagram) (int, error) {
	n, err := c.batch.ReadBatch(c.in[:min(len(batch), len(c.in))], 0)
	if err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) || isRefusal(err) {
			return 0, nil
		}
		return 0, err
	}
	got := 0
	for _, m := range c.in[:n] {
		from, ok := m.Addr.(*net.UDPAddr)
		if !ok {
			continue
		}
		a := from.AddrPort()
		batch[got] = Datagram{m.Buffers[0][:m.N], netip.AddrPortFrom(a.Addr().Unmap(), a.Port())}
		got++
	}
	return got, nil
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

// WriteBatch sends the datagrams, which only one goroutine may do at a time,
// and returns how many were not sent: one that cannot be sent does not hold up
// the others.
func (c *Conn) WriteBatch(batch []Datagram) (failed int) {
	for len(batch) > 0 {
		n := min(len(batch), BatchMax)
		for i, d := range batch[:n] {
			c.out[i].Buffers[0] = d.Data
			c.addrs[i].Port = int(d.Addr.Port())
			c.addrs[i].Zone = d.Addr.Addr().Zone()
			if a := d.Addr.Addr(); a.Is4() {
				b := a.As4()
				c.addrs[i].IP = append(c.addrs[i].IP[:0], b[:]...)
			} else {
				b := a.As16()
				c.addrs[i].IP = append(c.addrs[i].IP[:0], b[:]...)
			}
		}
		for sent := 0; sent < n; {
			k, err := c.batch.WriteBatch(c.out[sent:n], 0)
			sent += max(k, 0)
			if err != nil || k <= 0 {
				failed++ // the first of the rest; go on behind it
				sent++
			}
		}
		batch = batch[n:]
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
