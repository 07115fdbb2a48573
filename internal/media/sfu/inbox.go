package sfu

import (
	"net/netip"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/media/fanout"
	"github.com/stoa-audio/stoa/internal/media/rtp"
	"github.com/stoa-audio/stoa/internal/udp"
)

// Bounds of an inbox: what a hundred speakers say in 200 ms.
const (
	inboxMax   = 1024
	inboxBytes = 256 << 10
	lateMax    = 200 * time.Millisecond
)

// An inbox holds what other shards have for this one: packets of their
// speakers, to be sealed for its listeners, and datagrams of its own clients
// that the system has given to another socket. Nothing is allocated for either,
// and what has no place is dropped.
type inbox struct {
	mu      sync.Mutex // guards the rest
	entries []entry    // made when there is more than one shard to use it
	first   int
	count   int
	bytes   []byte // of the entries, each in one piece, in their order
	end     int    // of the last entry's
}

type entry struct {
	from  *client
	at    time.Time // when it came to the node
	start int       // where its bytes are
	bytes []byte

	hall   *hall // nil for a datagram
	packet fanout.Packet

	kind rtp.Kind
	addr netip.AddrPort
}

// next returns the entry to be filled next, with a copy of b, or nil when there
// is no place. It is called under the mutex.
func (in *inbox) next(b []byte) *entry {
	if in.entries == nil {
		in.entries, in.bytes = make([]entry, inboxMax), make([]byte, inboxBytes)
	}
	start, ok := in.place(len(b))
	if !ok || in.count == len(in.entries) {
		return nil
	}
	e := &in.entries[(in.first+in.count)%len(in.entries)]
	in.count++
	in.end = start + len(b)
	e.start, e.bytes = start, in.bytes[start:in.end]
	copy(e.bytes, b)
	return e
}

// place returns where n bytes have a place in one piece: behind the last
// entry's, or at the beginning again, before the first's.
func (in *inbox) place(n int) (start int, ok bool) {
	if in.count == 0 {
		return 0, n <= len(in.bytes)
	}
	oldest := in.entries[in.first].start
	switch {
	case in.end <= oldest: // they have begun again
		return in.end, in.end+n <= oldest
	case in.end+n <= len(in.bytes):
		return in.end, true
	default:
		return 0, n <= oldest
	}
}

// forward copies a datagram of from's into the inbox, or returns false when it
// is full.
func (in *inbox) forward(from *client, kind rtp.Kind, at time.Time, d udp.Datagram) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	e := in.next(d.Data)
	if e == nil {
		return false
	}
	e.hall, e.from, e.at, e.kind, e.addr = nil, from, at, kind, d.Addr
	return true
}

// put copies a packet into the inbox, or returns false when it is full.
func (in *inbox) put(h *hall, from *client, at time.Time, p *fanout.Packet) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	e := in.next(p.Payload)
	if e == nil {
		return false
	}
	e.hall, e.from, e.at, e.packet = h, from, at, *p
	e.packet.Payload = e.bytes
	return true
}

// peek returns the first packet, or nil. It stays until it is taken.
func (in *inbox) peek() *entry {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.count == 0 {
		return nil
	}
	return &in.entries[in.first]
}

// take takes the first packet out.
func (in *inbox) take() {
	in.mu.Lock()
	defer in.mu.Unlock()
	e := &in.entries[in.first]
	e.hall, e.from = nil, nil
	in.first = (in.first + 1) % len(in.entries)
	in.count--
}

func (in *inbox) empty() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.count == 0
}

// readInbox takes in what other shards have for this one.
func (l *shard) readInbox() {
	for range inboxMax { // so that the socket is read, whatever comes
		e := l.inbox.peek()
		if e == nil {
			return
		}
		switch {
		case l.now.Sub(e.at) > lateMax:
			l.sfu.counters.add(dropLate)
		case e.hall != nil:
			l.hear(e.hall, e.from, e.at, &e.packet)
		default:
			l.handleForwarded(e.from, e.kind, udp.Datagram{Data: e.bytes, Addr: e.addr})
		}
		l.inbox.take()
	}
}
