package link

import (
	"net/netip"
	"time"

	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/overlay/seal"
	"github.com/stoa-audio/stoa/internal/overlay/topology"
	"github.com/stoa-audio/stoa/internal/udp"
)

// How long keys are good. A connection is made anew, with new keys and a fresh
// look at the certificates, before they are old.
const (
	renewAfter = 50 * time.Minute
	keysHold   = 2 * time.Hour
	oldKeys    = 10 * time.Second // what is under way under the ones before
)

// A sealer is the key for what goes to a neighbour.
type sealer struct {
	key   *seal.Key
	index uint32 // theirs
	sent  uint64 // datagrams
	until time.Duration
}

// A hearing is the key for what comes under one of our indices.
type hearing struct {
	key    *seal.Key
	number int // of the neighbour; 0: who it is from is not known yet
	until  time.Duration
}

// A pairing is what both ends have agreed upon.
type pairing struct {
	node        topology.Node
	member      identity.Member
	boot        uint64 // theirs
	addr        netip.AddrPort
	seals       *seal.Key
	theirs      uint32 // index
	ours        uint32
	certificate time.Time // until when theirs is good
}

// expect makes ready to hear under a key, whose index it returns: before the
// other end is told that it may use it.
func (t *Trunk) expect(key *seal.Key) (index uint32, ok bool) {
	ok = t.ask(func(now time.Duration) {
		index = t.freeIndex()
		t.keys[index] = &hearing{key: key, until: now + oldKeys}
	})
	return index, ok
}

// drop forgets an index that nothing came of.
func (t *Trunk) drop(index uint32) { t.post(func(time.Duration) { delete(t.keys, index) }) }

// pair begins to use the keys of a new connection. It reports whether the
// neighbour may be spoken to.
func (t *Trunk) pair(p pairing) (fine bool) {
	t.ask(func(now time.Duration) {
		h := t.keys[p.ours]
		number, ok := t.core.Know(now, p.node)
		if !ok || number == 0 || h == nil {
			delete(t.keys, p.ours)
			return
		}
		n := t.neighbour(number)
		if n.boot != 0 && n.boot != p.boot {
			// They have started anew: what they knew of the link is gone.
			t.core.Renew(now, number)
			t.silence(number)
		}
		for index, old := range t.keys {
			if old.number == number && index != p.ours {
				old.until = min(old.until, now+oldKeys)
			}
		}
		until := now + min(keysHold, time.Until(p.certificate))
		h.number, h.until = number, until
		n.member, n.boot, n.addr = p.member, p.boot, p.addr
		n.side = t.traffic.meets(p.member, p.addr, true)
		n.key = sealer{key: p.seals, index: p.theirs, until: until}
		t.core.Hop(number).Probe(now)
		fine = true
	})
	return fine
}

func (t *Trunk) neighbour(number int) *neighbour {
	for len(t.neighbours) <= number {
		t.neighbours = append(t.neighbours, &neighbour{number: len(t.neighbours)})
	}
	return t.neighbours[number]
}

// silence forgets all keys of a neighbour.
func (t *Trunk) silence(number int) {
	for index, old := range t.keys {
		if old.number == number {
			delete(t.keys, index)
		}
	}
	t.neighbours[number].key = sealer{}
}

// forget forgets keys whose time is over.
func (t *Trunk) forget(now time.Duration) {
	for index, h := range t.keys {
		if now > h.until {
			delete(t.keys, index)
		}
	}
	for _, n := range t.neighbours[1:] {
		if n.key.key != nil && (now > n.key.until || n.key.sent >= seal.DatagramsMax) {
			n.key = sealer{}
		}
	}
}

// open takes in a datagram of the overlay.
func (t *Trunk) open(now time.Duration, d udp.Datagram) {
	index, ok := seal.Index(d.Data)
	h := t.keys[index]
	if !ok || h == nil {
		t.Counts.Unknown.Add(1)
		t.traffic.strangers.in(len(d.Data))
		return
	}
	size := len(d.Data)
	counter, records, err := h.key.Open(d.Data)
	switch {
	case err != nil:
		t.Counts.Forged.Add(1)
		t.traffic.strangers.in(size)
	case h.number == 0:
		t.Counts.Early.Add(1)
	default:
		t.neighbours[h.number].side.voices.in(size)
		t.core.Hear(now, h.number, counter, records)
	}
}
