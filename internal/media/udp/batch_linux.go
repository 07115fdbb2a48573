package udp

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A batch moves datagrams with recvmmsg(2) and sendmmsg(2). All memory that
// the kernel is pointed to is made once, so that nothing is allocated and
// nothing moves while datagrams pass.
type batch struct {
	raw  syscall.RawConn
	inet bool // an IPv4 socket; an IPv6 one takes IPv4 addresses mapped

	in, out   *[BatchMax]message
	readFunc  func(fd uintptr) bool
	writeFunc func(fd uintptr) bool
	want      int // messages asked for
	got       int // and done
	err       error
}

// A message is an entry of the kernel's vector (struct mmsghdr), and what it
// points to.
type message struct {
	header unix.Msghdr
	length uint32
}

// A side is one direction's memory.
type side struct {
	messages [BatchMax]message
	vectors  [BatchMax]unix.Iovec
	names    [BatchMax]unix.RawSockaddrInet6 // large enough for IPv4 too
}

func (b *batch) open(conn *net.UDPConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var domain int
	var sockErr error
	err = raw.Control(func(fd uintptr) {
		domain, sockErr = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DOMAIN)
	})
	if err := errors.Join(err, sockErr); err != nil {
		return err
	}
	b.raw, b.inet = raw, domain == unix.AF_INET
	in, out := newSide(), newSide()
	buffers := make([]byte, BatchMax*DatagramMax)
	for i := range in.messages {
		in.vectors[i].Base = &buffers[i*DatagramMax]
		in.vectors[i].SetLen(DatagramMax)
	}
	b.in, b.out = &in.messages, &out.messages
	b.readFunc, b.writeFunc = b.receive, b.send
	return nil
}

func newSide() *side {
	s := new(side)
	for i := range s.messages {
		h := &s.messages[i].header
		h.Name = (*byte)(unsafe.Pointer(&s.names[i]))
		h.Iov = &s.vectors[i]
		h.SetIovlen(1)
	}
	return s
}

func (b *batch) read(in []Datagram) (int, error) {
	b.want = min(len(in), BatchMax)
	for i := range b.in[:b.want] {
		b.in[i].header.Namelen = unix.SizeofSockaddrInet6
	}
	if err := b.raw.Read(b.readFunc); err != nil {
		return 0, err
	}
	if b.err != nil {
		return 0, b.err
	}
	for i := range b.in[:b.got] {
		m := &b.in[i]
		in[i] = Datagram{unsafe.Slice(m.header.Iov.Base, m.length), name(m)}
	}
	return b.got, nil
}

// receive is called by the poller when there may be something; it returns
// false to wait for more.
func (b *batch) receive(fd uintptr) bool {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(b.in)), uintptr(b.want), unix.MSG_DONTWAIT, 0, 0)
	b.got, b.err = int(n), nil
	switch errno {
	case 0:
	case unix.EAGAIN:
		return false
	default:
		b.got, b.err = 0, errno
	}
	return true
}

// name returns where a message came from.
func name(m *message) netip.AddrPort {
	switch from := (*unix.RawSockaddrInet6)(unsafe.Pointer(m.header.Name)); from.Family {
	case unix.AF_INET:
		from := (*unix.RawSockaddrInet4)(unsafe.Pointer(m.header.Name))
		return netip.AddrPortFrom(netip.AddrFrom4(from.Addr), swap(from.Port))
	case unix.AF_INET6:
		a := netip.AddrFrom16(from.Addr).Unmap()
		if from.Scope_id != 0 {
			a = a.WithZone(strconv.FormatUint(uint64(from.Scope_id), 10))
		}
		return netip.AddrPortFrom(a, swap(from.Port))
	}
	return netip.AddrPort{}
}

func (b *batch) write(out []Datagram) (sent int) {
	usable := 0
	for _, d := range out {
		if len(d.Data) == 0 || !d.Addr.IsValid() {
			continue
		}
		m := &b.out[usable]
		if !b.setName(m, d.Addr) {
			continue
		}
		m.header.Iov.Base = unsafe.SliceData(d.Data)
		m.header.Iov.SetLen(len(d.Data))
		usable++
	}
	b.want, b.got = usable, 0
	// It fails only when the socket is closed.
	_ = b.raw.Write(b.writeFunc)
	return b.got
}

// send sends what it can, and never waits.
func (b *batch) send(fd uintptr) bool {
	for next := 0; next < b.want; {
		// RawSyscall6: a batch takes some 100 µs, for which the scheduler
		// would otherwise hand the processor over and take it back.
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&b.out[next])), uintptr(b.want-next), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			next += int(n)
			b.got += int(n)
		case unix.EAGAIN:
			return true // the buffer is full: the rest is late already
		default:
			next++ // the first of the rest cannot be sent; go on behind it
		}
	}
	return true
}

// setName sets where a message goes, or returns false when this socket cannot
// send there.
func (b *batch) setName(m *message, to netip.AddrPort) bool {
	a := to.Addr()
	if b.inet {
		if !a.Is4() {
			return false
		}
		*(*unix.RawSockaddrInet4)(unsafe.Pointer(m.header.Name)) = unix.RawSockaddrInet4{
			Family: unix.AF_INET, Port: swap(to.Port()), Addr: a.As4(),
		}
		m.header.Namelen = unix.SizeofSockaddrInet4
		return true
	}
	scope := uint64(0)
	if zone := a.Zone(); zone != "" {
		var err error
		if scope, err = strconv.ParseUint(zone, 10, 32); err != nil {
			return false
		}
	}
	*(*unix.RawSockaddrInet6)(unsafe.Pointer(m.header.Name)) = unix.RawSockaddrInet6{
		Family: unix.AF_INET6, Port: swap(to.Port()), Addr: a.As16(), Scope_id: uint32(scope),
	}
	m.header.Namelen = unix.SizeofSockaddrInet6
	return true
}

// swap turns a port between the network's byte order and this machine's.
func swap(port uint16) uint16 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], port)
	return binary.NativeEndian.Uint16(b[:])
}
