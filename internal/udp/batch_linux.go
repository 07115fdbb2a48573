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

	in, out   *side
	readFunc  func(fd uintptr) bool
	pollFunc  func(fd uintptr)
	writeFunc func(fd uintptr) bool
	joined    bool // one message may hold several datagrams
	want      int  // messages asked for
	got       int  // and done
	err       error
	segmented bool // the system can cut one message into datagrams
	unsent    Unsent
	counts    [BatchMax]int // datagrams in each message that goes out
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
	controls [BatchMax]control
}

// A control says of what length the datagrams of a message are (udp(7):
// UDP_SEGMENT, 16 bits, on the way out, and UDP_GRO, an int, on the way in): a
// struct cmsghdr and its data.
type control struct {
	header unix.Cmsghdr
	length [4]byte
	_      [4]byte // CMSG_SPACE
}

// segmentsMax is how many datagrams go in one message: what the system takes
// is 64, and 64 KiB.
const segmentsMax = 32

// canShare says that several sockets can share an address.
const canShare = true

// reusePort lets several sockets share an address.
func reusePort(_, _ string, c syscall.RawConn) error {
	var err error
	return errors.Join(c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	}), err)
}

// gather has the system bring everything to the first of the sockets that share
// this one's address (SO_ATTACH_REUSEPORT_CBPF, socket(7)), or spread it.
func (b *batch) gather(on bool) error {
	// What a program returns is the number of the socket, in the order of bind.
	first := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 0}}
	var err error
	return errors.Join(b.raw.Control(func(fd uintptr) {
		if on {
			err = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF,
				&unix.SockFprog{Len: uint16(len(first)), Filter: &first[0]})
		} else {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DETACH_REUSEPORT_BPF, 0)
		}
	}), err)
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
		_, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_SEGMENT)
		b.segmented = err == nil
		grow(int(fd))
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
	b.in, b.out = in, out
	b.readFunc, b.writeFunc = b.receive, b.send
	b.pollFunc = func(fd uintptr) { b.receive(fd) }
	return nil
}

// grow asks for buffers beyond the system's usual bound, which only some may.
func grow(fd int) {
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, bufferBytes)
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, bufferBytes)
}

// join has the system join datagrams, into buffers that hold what it joins.
func (b *batch) join() error {
	var err error
	if cannot := errors.Join(b.raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_GRO, 1)
	}), err); cannot != nil {
		return cannot
	}
	b.joined = true
	buffers := make([]byte, joinedMessages*joinedBytes)
	for i := range joinedMessages {
		b.in.vectors[i].Base = &buffers[i*joinedBytes]
		b.in.vectors[i].SetLen(joinedBytes)
		b.in.messages[i].header.Control = (*byte)(unsafe.Pointer(&b.in.controls[i]))
	}
	return nil
}

func newSide() *side {
	s := new(side)
	for i := range s.messages {
		h := &s.messages[i].header
		h.Name = (*byte)(unsafe.Pointer(&s.names[i]))
		h.Iov = &s.vectors[i]
		h.SetIovlen(1)
		c := &s.controls[i]
		c.header.Level, c.header.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
		c.header.SetLen(unix.CmsgLen(2))
	}
	return s
}

func (b *batch) read(in []Datagram) (int, error) {
	b.prepare(in)
	if err := b.raw.Read(b.readFunc); err != nil {
		return 0, err
	}
	return b.received(in)
}

func (b *batch) poll(in []Datagram) (int, error) {
	b.prepare(in)
	if err := b.raw.Control(b.pollFunc); err != nil {
		return 0, err
	}
	return b.received(in)
}

func (b *batch) prepare(in []Datagram) {
	b.want = min(len(in), BatchMax)
	if b.joined {
		b.want = min(len(in)/joinedSegments, joinedMessages)
	}
	for i := range b.in.messages[:b.want] {
		h := &b.in.messages[i].header
		h.Namelen = unix.SizeofSockaddrInet6
		if b.joined {
			h.SetControllen(int(unsafe.Sizeof(control{})))
		}
	}
}

func (b *batch) received(in []Datagram) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n := 0
	for i := range b.in.messages[:b.got] { // in has room for all that can be joined
		m := &b.in.messages[i]
		data, from := unsafe.Slice(m.header.Iov.Base, m.length), name(m)
		for each := b.each(i); each > 0 && len(data) > each && n < len(in)-1; n++ {
			in[n] = Datagram{data[:each:each], from}
			data = data[each:]
		}
		in[n] = Datagram{data, from}
		n++
	}
	return n, nil
}

// each returns the length of the datagrams that message i was joined from; 0: it
// is one.
func (b *batch) each(i int) int {
	c := &b.in.controls[i]
	if !b.joined || b.in.messages[i].header.Controllen == 0 || c.header.Level != unix.IPPROTO_UDP || c.header.Type != unix.UDP_GRO {
		return 0
	}
	return int(binary.NativeEndian.Uint32(c.length[:]))
}

// receive is called by the poller when there may be something; it returns
// false to wait for more.
func (b *batch) receive(fd uintptr) bool {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&b.in.messages)), uintptr(b.want), unix.MSG_DONTWAIT, 0, 0)
	b.got, b.err = int(n), nil
	switch errno {
	case 0:
	case unix.EAGAIN:
		b.got = 0
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

func (b *batch) write(out []Datagram) Unsent {
	b.want, b.unsent = 0, Unsent{}
	for i := 0; i < len(out); {
		n := b.run(out[i:])
		if b.put(b.want, out[i:i+n]) {
			b.counts[b.want] = n
			b.want++
		} else {
			b.unsent.Refused += n
		}
		i += n
	}
	if err := b.raw.Write(b.writeFunc); err != nil { // the socket is closed
		for _, n := range b.counts[:b.want] {
			b.unsent.Refused += n
		}
	}
	return b.unsent
}

// run returns how many of the first datagrams can go in one message.
func (b *batch) run(out []Datagram) int {
	n, length := 1, len(out[0].Data)
	if !b.segmented || length == 0 {
		return n
	}
	for n < min(len(out), segmentsMax) {
		before, d := out[n-1], out[n]
		if d.Addr != before.Addr || len(d.Data) == 0 || len(d.Data) > length || len(before.Data) != length ||
			address(d.Data) != address(before.Data)+uintptr(length) {
			break
		}
		n++
	}
	return n
}

// address returns where b lies, to be compared: what is behind b may be no
// memory of ours.
func address(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }

// put makes message i of datagrams that lie in one piece, or returns false
// when they cannot be sent.
func (b *batch) put(i int, out []Datagram) bool {
	m := &b.out.messages[i]
	if len(out[0].Data) == 0 || !out[0].Addr.IsValid() || !b.setName(m, out[0].Addr) {
		return false
	}
	m.header.Iov.Base = unsafe.SliceData(out[0].Data)
	total := 0
	for _, d := range out {
		total += len(d.Data)
	}
	m.header.Iov.SetLen(total)
	if len(out) == 1 {
		m.header.Control = nil
		m.header.SetControllen(0)
		return true
	}
	c := &b.out.controls[i]
	binary.NativeEndian.PutUint16(c.length[:], uint16(len(out[0].Data))) //nolint:gosec // a datagram
	m.header.Control = (*byte)(unsafe.Pointer(c))
	m.header.SetControllen(int(unsafe.Sizeof(*c)))
	return true
}

// send sends what it can, and never waits.
func (b *batch) send(fd uintptr) bool {
	for next := 0; next < b.want; {
		// RawSyscall6: a batch takes some 100 µs, for which the scheduler
		// would otherwise hand the processor over and take it back.
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&b.out.messages[next])), uintptr(b.want-next), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			next += int(n)
		case unix.EAGAIN, unix.ENOBUFS: // the rest is late already
			for _, n := range b.counts[next:b.want] {
				b.unsent.Full += n
			}
			return true
		default:
			b.unsent.Refused += b.counts[next]
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
