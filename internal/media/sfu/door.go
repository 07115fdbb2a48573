package sfu

import (
	"net/netip"
	"slices"

	"github.com/stoa-audio/stoa/internal/media/handshake"
	"github.com/stoa-audio/stoa/internal/media/peer"
	"github.com/stoa-audio/stoa/internal/media/rtp"
	"github.com/stoa-audio/stoa/internal/udp"
)

// handle takes in a datagram from the shard's own socket.
func (l *shard) handle(d udp.Datagram) {
	kind := rtp.KindOf(d.Data)
	switch kind {
	case rtp.Unknown:
		l.sfu.counters.add(dropUnknown)
		return
	case rtp.STUN:
		l.handleSTUN(d)
		return
	default:
	}
	c := l.byAddr[d.Addr]
	if c == nil {
		if v := l.visitorAt(d.Addr); v != nil {
			l.forward(v, kind, d)
			return
		}
	}
	l.handleFrom(c, kind, d)
}

// handleForwarded takes in a datagram that another shard has heard from a
// client of this one.
func (l *shard) handleForwarded(c *client, kind rtp.Kind, d udp.Datagram) {
	switch {
	case c.gone.Load():
		l.sfu.counters.add(dropStranger)
	case kind != rtp.STUN:
		l.handleFrom(l.byAddr[d.Addr], kind, d)
	case !c.control.take(l.now, controlRate):
		l.sfu.counters.add(dropFlood)
	case l.check.Parse(d.Data) != nil || !c.Proves(&l.check):
		l.sfu.counters.add(dropCheck)
	default:
		l.answerCheck(c, d)
	}
}

// handleFrom takes in a datagram from an address that is c's, or nobody's.
func (l *shard) handleFrom(c *client, kind rtp.Kind, d udp.Datagram) {
	switch {
	case c == nil:
		l.handleMoved(kind, d, nil)
	case kind == rtp.DTLS:
		l.handleDTLS(c, d)
	case !l.handleSRTP(c, kind, d):
		l.handleMoved(kind, d, c)
	}
}

// A visitor is a client of another shard's that is heard here from an address.
type visitor struct {
	*client

	budget budget
}

// visitorAt returns whom of the other shards' an address belongs to, or nil.
func (l *shard) visitorAt(a netip.AddrPort) *visitor {
	v := l.abroad[a]
	if v != nil && v.gone.Load() {
		delete(l.abroad, a)
		return nil
	}
	return v
}

// forward hands a visitor's datagram to its owner.
func (l *shard) forward(v *visitor, kind rtp.Kind, d udp.Datagram) {
	owner := v.owner.Load()
	switch {
	case !v.budget.take(l.now, visitorRate):
		l.sfu.counters.add(dropFlood)
	case owner.inbox.forward(v.client, kind, l.now, d):
		owner.wake()
	default:
		l.sfu.counters.add(dropInbox)
	}
}

// hearAbroad notes that the datagrams from an address are another shard's
// client's.
func (l *shard) hearAbroad(a netip.AddrPort, c *client) *visitor {
	if v := l.abroad[a]; v != nil && v.client == c {
		return v
	}
	if len(l.abroad) >= abroadMax {
		clear(l.abroad) // each is found again by its next check
	}
	v := &visitor{client: c}
	l.abroad[a] = v
	return v
}

// --- connectivity checks ---

func (l *shard) handleSTUN(d udp.Datagram) {
	if l.check.Parse(d.Data) != nil {
		l.sfu.counters.add(dropCheck)
		return
	}
	c := l.byAddr[d.Addr]
	if c == nil {
		if v := l.visitorAt(d.Addr); v != nil && v.Ufrag() == l.check.Ufrag() {
			l.forward(v, rtp.STUN, d)
			return
		}
	}
	known := c != nil && c.Ufrag() == l.check.Ufrag()
	if !known {
		c = l.sfu.names.find(l.check.Ufrag())
	}
	if c == nil {
		l.sfu.counters.add(dropCheck)
		return
	}
	// Whoever floods a peer's name from elsewhere uses up what that peer may
	// move with, and not what it lives on.
	owner := c.owner.Load()
	switch {
	case !known && !c.strange.take(l.now, strangeRate),
		known && !c.control.take(l.now, controlRate):
		l.sfu.counters.add(dropFlood)
		return
	case !c.Proves(&l.check):
		l.sfu.counters.add(dropCheck)
		return
	case owner == nil:
		owner = l.settle(c)
	}
	switch {
	case owner != l:
		l.forward(l.hearAbroad(d.Addr, c), rtp.STUN, d)
	case !c.gone.Load():
		l.answerCheck(c, d)
	}
}

// answerCheck answers the parsed check of d, which proves that it is c's.
func (l *shard) answerCheck(c *client, d udp.Datagram) {
	b, nominated, err := c.Answer(l.now, d.Addr, &l.check, l.space())
	if err != nil {
		l.sfu.counters.add(dropCheck)
		return
	}
	l.know(c, d.Addr)
	if nominated || !c.Addr.IsValid() {
		l.move(c, d.Addr)
	}
	l.send(b, d.Addr)
}

// know notes that datagrams from a are c's: a has proven it. The addresses
// are bounded, oldest out.
func (l *shard) know(c *client, a netip.AddrPort) {
	if l.byAddr[a] == c {
		return
	}
	if len(c.addresses) >= addressesMax {
		i := 0
		if c.addresses[i] == c.Addr {
			i = 1
		}
		if l.byAddr[c.addresses[i]] == c {
			delete(l.byAddr, c.addresses[i])
		}
		c.addresses = slices.Delete(c.addresses, i, i+1)
	}
	c.addresses = append(c.addresses, a)
	l.byAddr[a] = c
}

// move sends a client's media to another address from now on.
func (l *shard) move(c *client, to netip.AddrPort) {
	c.Addr = to
	if c.place != nowhere {
		l.floors[c.hall].ears.SetAddr(c.place, to)
	}
}

// --- DTLS ---

func (l *shard) handleDTLS(c *client, d udp.Datagram) {
	n := &l.sfu.counters
	switch {
	case c.handshake != nil:
		c.handshake.Deliver(d.Data)
	case c.last != nil && handshake.IsHandshake(d.Data) && c.control.take(l.now, controlRate):
		for _, b := range c.last { // it has not heard the end
			l.send(append(l.space(), b...), d.Addr)
		}
	case !handshake.IsHello(d.Data) || c.HasKeys():
		n.add(dropDTLS)
	case l.sfu.handshakes.Add(1) > handshakesMax:
		l.sfu.handshakes.Add(-1)
		n.add(dropBusy) // the client asks again
	default:
		l.shake(c, d.Addr)
		c.handshake.Deliver(d.Data)
	}
}

// --- SRTP ---

// handleSRTP opens a packet of c's. It returns false when it does not open
// with c's keys.
func (l *shard) handleSRTP(c *client, kind rtp.Kind, d udp.Datagram) bool {
	if kind == rtp.RTCP {
		return l.handleRTCP(c, d)
	}
	if !c.media.take(l.now, mediaRate) {
		l.sfu.counters.add(dropFlood)
		return true
	}
	u, err := c.OpenRTP(l.now, d.Data, l.plain[:0])
	switch {
	case err == nil:
	case isNoise(err):
		l.sfu.counters.add(dropPayload)
		return true
	default:
		return false
	}
	l.meet(c, rtp.RTP, u.Newest, d)
	l.sfu.counters.add(packetsIn)
	l.say(c, &u)
	return true
}

func (l *shard) handleRTCP(c *client, d udp.Datagram) bool {
	if !c.control.take(l.now, controlRate) {
		l.sfu.counters.add(dropFlood)
		return true
	}
	f, err := c.OpenRTCP(l.now, d.Data, l.plain[:0])
	if err != nil {
		return false
	}
	l.meet(c, rtp.RTCP, f.Newest, d)
	if c.place != nowhere {
		l.heed(c, f)
	}
	return true
}

// heed does what a listener's reports ask for.
func (l *shard) heed(c *client, f peer.Feedback) {
	at := l.floors[c.hall]
	lost := 0.0
	for _, h := range f.Heard {
		if _, _, ok := at.ears.Find(c.place, h.SSRC); !ok {
			continue
		}
		lost = max(lost, h.Lost)
		if c.again != nil && h.RoundTrip > 0 {
			c.again.roundTrip = h.RoundTrip
		}
	}
	if lost > 0 {
		c.hall.lost(l.now, lost)
	}
	for _, m := range f.Missing {
		l.sendAgain(c, at, m)
	}
}

// meet notes which client a sender is, and follows it to a new address.
func (l *shard) meet(c *client, kind rtp.Kind, newest bool, d udp.Datagram) {
	ssrc := rtp.SSRC(kind, d.Data)
	if !slices.Contains(c.ssrcs, ssrc) {
		c.ssrcs = append(c.ssrcs, ssrc) // as many as the peer lets in
		l.bySSRC[ssrc] = append(l.bySSRC[ssrc], c)
	}
	if newest && c.Addr != d.Addr {
		l.know(c, d.Addr)
		l.move(c, d.Addr)
	}
}

// handleMoved looks for the client that a packet from an address that is not
// its own comes from: somebody's network has changed, and their voice goes on
// before the next connectivity check; or another shard knows the address, whose
// datagrams the system has brought here since. tried has failed already.
func (l *shard) handleMoved(kind rtp.Kind, d udp.Datagram, tried *client) {
	if l.isMoved(kind, d, tried) {
		return
	}
	if tried != nil {
		l.sfu.counters.add(dropAuth)
		return
	}
	if len(l.sfu.shards) == 1 || l.moves >= movesPerTick {
		l.sfu.counters.add(dropStranger)
		return
	}
	// Another shard may have it. The last one to look counts it.
	l.moves++
	others := slices.DeleteFunc(slices.Clone(l.sfu.shards), func(o *shard) bool { return o == l })
	d.Data = slices.Clone(d.Data)
	next := others[0]
	next.post(func() { next.findMoved(l, others[1:], kind, d) })
}

// findMoved looks for a client that was heard by another shard, and hands the
// packet on when it is not here.
func (l *shard) findMoved(heard *shard, others []*shard, kind rtp.Kind, d udp.Datagram) {
	c := l.byAddr[d.Addr]
	switch {
	case c != nil && kind == rtp.DTLS:
		l.handleDTLS(c, d)
	case c != nil:
		if !l.handleSRTP(c, kind, d) {
			l.sfu.counters.add(dropAuth)
		}
	case l.isMoved(kind, d, nil):
		c = l.byAddr[d.Addr]
	case len(others) > 0:
		next := others[0]
		next.post(func() { next.findMoved(heard, others[1:], kind, d) })
	default:
		l.sfu.counters.add(dropStranger)
	}
	if c != nil {
		heard.post(func() { heard.hearAbroad(d.Addr, c) })
	}
}

// isMoved reports whether the packet is from a client of this shard's.
func (l *shard) isMoved(kind rtp.Kind, d udp.Datagram, tried *client) bool {
	if kind == rtp.DTLS {
		return false // it says nothing of who it is from
	}
	for _, c := range l.bySSRC[rtp.SSRC(kind, d.Data)] {
		if c == tried {
			continue
		}
		if l.moves >= movesPerTick {
			return false
		}
		l.moves++
		if l.handleSRTP(c, kind, d) {
			return true
		}
	}
	return false
}
