package sfu

import (
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/media/fanout"
	"github.com/stoa-audio/stoa/internal/media/udp"
)

// Bounds of an inbox: what a hundred speakers say in 100 ms.
const (
	inboxMax = 512
	lateMax  = 200 * time.Millisecond
)

// An inbox holds packets of speakers whom other shards have, until its shard
// has sealed them for its own listeners. Nothing is allocated for a packet,
// and what has no place is dropped.
type inbox struct {
	mu      sync.Mutex // guards the rest
	entries []entry    // made when there is more than one shard to use it
	first   int
	count   int
}

type entry struct {
	hall    *hall
	from    *client
	at      time.Time // when it came to the node
	packet  fanout.Packet
	payload [udp.DatagramMax]byte
}

// put copies a packet into the inbox, or returns false when it is full.
func (in *inbox) put(h *hall, from *client, at time.Time, p *fanout.Packet) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.entries == nil {
		in.entries = make([]entry, inboxMax)
	}
	if in.count == len(in.entries) {
		return false
	}
	e := &in.entries[(in.first+in.count)%len(in.entries)]
	in.count++
	e.hall, e.from, e.at, e.packet = h, from, at, *p
	n := copy(e.payload[:], p.Payload)
	e.packet.Payload = e.payload[:n]
	e.packet.Primary = e.payload[n-len(p.Primary) : n]
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

// readInbox takes in what other shards' speakers say.
func (l *shard) readInbox() {
	for range inboxMax { // so that the socket is read, whatever comes
		e := l.inbox.peek()
		if e == nil {
			return
		}
		if l.now.Sub(e.at) > lateMax {
			l.sfu.counters.add(dropLate)
		} else {
			l.hear(e.hall, e.from, e.at, &e.packet)
		}
		l.inbox.take()
	}
}
