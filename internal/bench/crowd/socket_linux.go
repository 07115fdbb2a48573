package crowd

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	datagramMax = 1500
	batchMax    = 64
	// bufferBytes holds what comes while the crowd is not given a processor: a
	// second of voices for all who share the socket.
	bufferBytes = 32 << 20
)

// A socket is shared by many lean clients, each with a loopback address of its
// own: the kernel says to which of them a datagram has come, and is told from
// which one goes out. For the node they are as many addresses and ports.
type socket struct {
	conn *net.UDPConn
	raw  syscall.RawConn

	// What the kernel is pointed to, made once. One goroutine reads.
	messages [batchMax]message
	vectors  [batchMax]unix.Iovec
	controls [batchMax]control
	buffers  [batchMax][datagramMax]byte

	receive func(fd uintptr) bool
	got     int
	err     error
}

// A message is an entry of the kernel's vector (struct mmsghdr).
type message struct {
	header unix.Msghdr
	length uint32
	_      [4]byte
}

// A control is the space for one IP_PKTINFO message (ip(7)).
type control [64]byte

func openSocket() (_ *socket, err error) {
	conn, err := net.ListenUDP("udp4", nil)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, conn.Close())
		}
	}()
	s := &socket{conn: conn}
	if s.raw, err = conn.SyscallConn(); err != nil {
		return nil, err
	}
	var set error
	err = s.raw.Control(func(fd uintptr) {
		if unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, bufferBytes) != nil {
			// Without the right to force it, as much as the system allows.
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, bufferBytes)
		}
		set = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
	})
	if err = errors.Join(err, set); err != nil {
		return nil, err
	}
	for i := range s.messages {
		h := &s.messages[i].header
		s.vectors[i].Base = &s.buffers[i][0]
		s.vectors[i].SetLen(datagramMax)
		h.Iov = &s.vectors[i]
		h.SetIovlen(1)
		h.Control = &s.controls[i][0]
	}
	s.receive = s.recvmmsg
	return s, nil
}

// read waits for datagrams and returns how many have come; datagram returns
// them until the next read.
func (s *socket) read() (int, error) {
	for i := range s.messages {
		s.messages[i].header.SetControllen(len(s.controls[i]))
	}
	if err := s.raw.Read(s.receive); err != nil {
		return 0, err
	}
	return s.got, s.err
}

// recvmmsg is called by the poller when there may be something; it returns
// false to wait for more.
func (s *socket) recvmmsg(fd uintptr) bool {
	n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&s.messages)), batchMax, unix.MSG_DONTWAIT, 0, 0)
	s.got, s.err = int(n), nil //nolint:gosec // at most batchMax
	switch errno {
	case 0:
	case unix.EAGAIN:
		return false
	default:
		s.got, s.err = 0, errno
	}
	return true
}

// datagram returns what has come, and to which loopback address.
func (s *socket) datagram(i int) (b []byte, to [4]byte) {
	// A header, then struct in_pktinfo: interface, local address, destination.
	c := &s.controls[i]
	head := unix.CmsgLen(0)
	level := binary.NativeEndian.Uint32(c[head-8:])
	kind := binary.NativeEndian.Uint32(c[head-4:])
	if level == unix.IPPROTO_IP && kind == unix.IP_PKTINFO {
		to = [4]byte(c[head+8:])
	}
	return s.buffers[i][:s.messages[i].length], to
}

// write sends b to the node. from is the control message that says which
// address it comes from; any goroutine may call it.
func (s *socket) write(b, from []byte, to netip.AddrPort) error {
	_, _, err := s.conn.WriteMsgUDPAddrPort(b, from, to)
	return err
}

// fromAddress returns the control message for an address of ours.
func fromAddress(a [4]byte) []byte {
	return unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: a})
}

func (s *socket) close() error { return s.conn.Close() }
