//go:build !linux

package udp

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
)

// canShare says that several sockets can share an address, and have the
// system spread what comes in over them.
const canShare = false

func reusePort(string, string, syscall.RawConn) error { return errors.ErrUnsupported }

// A batch moves datagrams one at a time, where the system knows no better.
type batch struct {
	conn   *net.UDPConn
	buffer [DatagramMax]byte
}

func (b *batch) open(conn *net.UDPConn) error {
	b.conn = conn
	return nil
}

func (b *batch) read(in []Datagram) (int, error) {
	n, from, err := b.conn.ReadFromUDPAddrPort(b.buffer[:])
	if err != nil {
		return 0, err
	}
	in[0] = Datagram{b.buffer[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port())}
	return 1, nil
}

func (b *batch) write(out []Datagram) (u Unsent) {
	for _, d := range out {
		if _, err := b.conn.WriteToUDPAddrPort(d.Data, d.Addr); err != nil {
			u.Refused++
		}
	}
	return u
}

func (b *batch) poll([]Datagram) (int, error) { return 0, nil }

func (b *batch) join() error { return nil }

func (b *batch) gather(bool) error { return errors.ErrUnsupported }
