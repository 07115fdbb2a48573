package packet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/stoa-audio/stoa/internal/udp"
)

// bufferBytes is asked for: half a second of a thousand voices to a listener
// each, as for the UDP socket.
const bufferBytes = 4 << 20

// A Lane sends the datagrams of one socket as frames. One goroutine writes
// batches.
type Lane struct {
	conn    *udp.Conn
	bound   netip.Addr // the address that conn has; the zero Addr: any of the system's
	network *Network
	fd      int

	mu   sync.Mutex // guards ways
	ways map[netip.Addr]*way

	resolved []resolved // the same addresses, oldest first; the network's

	// What the kernel is pointed to, made once.
	messages [udp.BatchMax]message
	vectors  [udp.BatchMax]unix.Iovec
	names    [udp.BatchMax]unix.RawSockaddrLinklayer

	slab   []byte         // the frames of a batch
	framed []udp.Datagram // and what each of them is of
	rest   []udp.Datagram // what goes over the socket
	sent   [2]atomic.Uint64
}

// A message is an entry of the kernel's vector (struct mmsghdr).
type message struct {
	header unix.Msghdr
	length uint32
}

// openLane opens a socket that sends frames on any interface and receives
// none.
func openLane(network *Network, conn *udp.Conn) (*Lane, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("packet socket", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1); err != nil {
		return nil, errors.Join(fmt.Errorf("packet socket past the queues: %w", err), unix.Close(fd))
	}
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, bufferBytes) != nil {
		// Without the right to force it, as much as the system allows.
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, bufferBytes)
	}
	l := &Lane{
		conn: conn, network: network, fd: fd, ways: make(map[netip.Addr]*way),
		slab:   make([]byte, 0, udp.BatchMax*frameMax),
		framed: make([]udp.Datagram, 0, udp.BatchMax),
		rest:   make([]udp.Datagram, 0, udp.BatchMax),
	}
	if a := conn.LocalAddr().Addr(); !a.IsUnspecified() {
		l.bound = a
	}
	for i := range l.messages {
		h := &l.messages[i].header
		h.Name = (*byte)(unsafe.Pointer(&l.names[i]))
		h.Namelen = unix.SizeofSockaddrLinklayer
		h.Iov = &l.vectors[i]
		h.SetIovlen(1)
		l.names[i].Family = unix.AF_PACKET
	}
	return l, nil
}

// WriteBatch sends datagrams, without waiting: as frames where the way is
// known, over the socket where it is not. Datagrams to the same address keep
// their order but when their way becomes known or is lost.
func (l *Lane) WriteBatch(out []udp.Datagram) (u udp.Unsent) {
	for len(out) > 0 {
		n := min(len(out), udp.BatchMax)
		l.slab, l.framed, l.rest = l.slab[:0], l.framed[:0], l.rest[:0]
		l.frame(out[:n])
		u.Full += l.send()
		l.sent[overUDP].Add(uint64(len(l.rest)))
		over := l.conn.WriteBatch(l.rest)
		u.Full += over.Full
		u.Refused += over.Refused
		out = out[n:]
	}
	return u
}

// frame writes frames for all that have a way.
func (l *Lane) frame(out []udp.Datagram) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range out {
		w, known := l.ways[d.Addr.Addr()]
		if !known {
			l.network.ask(l, d.Addr.Addr())
		}
		if w == nil || d.Addr.Port() == 0 || len(d.Data) == 0 || packetLen(w.source, len(d.Data)) > w.packetMax {
			l.rest = append(l.rest, d)
			continue
		}
		next, usable := w.hop.mac()
		if !usable {
			l.rest = append(l.rest, d)
			continue
		}
		e := ends{
			sourceMAC: w.link.mac, targetMAC: next,
			source: netip.AddrPortFrom(w.source, l.conn.LocalAddr().Port()), target: d.Addr,
		}
		at, i := len(l.slab), len(l.framed)
		l.slab = e.appendFrame(l.slab, d.Data)
		l.vectors[i].Base = &l.slab[at]
		l.vectors[i].SetLen(len(l.slab) - at)
		l.names[i].Protocol = networkOrder(etherIPv6)
		if w.source.Is4() {
			l.names[i].Protocol = networkOrder(etherIPv4)
		}
		l.names[i].Ifindex = int32(w.link.index) //nolint:gosec // the kernel's own number
		l.framed = append(l.framed, d)
	}
}

// send sends the frames, and returns how many of them had no room. What cannot
// go as a frame is left to the socket.
func (l *Lane) send() (full int) {
	for next := 0; next < len(l.framed); {
		// RawSyscall6: see udp.Conn.
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(l.fd), uintptr(unsafe.Pointer(&l.messages[next])), uintptr(len(l.framed)-next), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			l.sent[asFrames].Add(uint64(n))
			next += int(n) //nolint:gosec // at most udp.BatchMax
		case unix.EAGAIN, unix.ENOBUFS: // the rest is late already
			return len(l.framed) - next
		default: // the interface has just gone, or has become narrower
			l.rest = append(l.rest, l.framed[next])
			next++
		}
	}
	return 0
}

// knows reports whether the network has answered for an address.
func (l *Lane) knows(to netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, known := l.ways[to]
	return known
}

// learn is told the way to an address, and until when it holds.
func (l *Lane) learn(to netip.Addr, w *way, until time.Time) {
	if len(l.resolved) >= waysMax {
		return
	}
	l.resolved = append(l.resolved, resolved{to, until})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ways[to] = w
}

// expire forgets the ways that are too old, a few at a time so that nobody
// waits for it.
func (l *Lane) expire(now time.Time) {
	const few = 64
	for len(l.resolved) > 0 && now.After(l.resolved[0].until) {
		l.mu.Lock()
		for range min(few, len(l.resolved)) {
			if r := l.resolved[0]; now.After(r.until) {
				delete(l.ways, r.to)
				l.resolved = l.resolved[1:]
			}
		}
		l.mu.Unlock()
	}
}

// forget forgets all ways.
func (l *Lane) forget() {
	l.resolved = nil
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ways = make(map[netip.Addr]*way)
}

// close closes the packet socket. Nobody may write batches any more.
func (l *Lane) close() error { return unix.Close(l.fd) }

// networkOrder turns a number between the network's byte order and this
// machine's.
func networkOrder(n uint16) uint16 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], n)
	return binary.NativeEndian.Uint16(b[:])
}
