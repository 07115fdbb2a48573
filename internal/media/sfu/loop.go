package sfu

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/media/forward"
	"github.com/stoa-audio/stoa/internal/media/handshake"
	"github.com/stoa-audio/stoa/internal/media/peer"
	"github.com/stoa-audio/stoa/internal/media/rtp"
	"github.com/stoa-audio/stoa/internal/media/udp"
)

// A loop is the state of the media loop; only its goroutine touches it.
type loop struct {
	sfu *SFU
	now time.Time
	rnd *rand.Rand

	rooms      map[id.Room]*hall
	byUfrag    map[string]*client
	byAddr     map[netip.AddrPort]*client
	bySSRC     map[uint32][]*client // what clients send, to find one that has moved
	handshakes int                  // under way
	moves      int                  // tried in this tick

	check  peer.Check
	packet [udp.DatagramMax]byte // decrypted
	report [udp.DatagramMax]byte
	out    []udp.Datagram
	slab   []byte // what out's data lies in
}

// A hall is a room as the media loop sees it.
type hall struct {
	seats   map[id.Person]*seat
	clients []*client // those with keys: who is sent media
	forward forward.Room
	voices  forward.Voices // as last told
}

type seat struct {
	session  id.Session
	maySpeak bool
	client   *client // nil before an offer
}

// A client is a peer and the seat that it sits in.
type client struct {
	*peer.Peer

	hall      *hall
	room      id.Room
	who       id.Person
	seat      *seat
	handshake *handshake.Handshake
	addresses []netip.AddrPort
	ssrcs     []uint32
	reportAt  time.Time
	spokeAt   time.Time
}

func newLoop(s *SFU, rnd *rand.Rand) *loop {
	return &loop{
		sfu: s, rnd: rnd, now: time.Now(),
		rooms:   make(map[id.Room]*hall),
		byUfrag: make(map[string]*client),
		byAddr:  make(map[netip.AddrPort]*client),
		bySSRC:  make(map[uint32][]*client),
		out:     make([]udp.Datagram, 0, udp.BatchMax),
		slab:    make([]byte, 0, udp.BatchMax*udp.DatagramMax),
	}
}

// --- who sits where ---

func (l *loop) seat(room id.Room, who id.Person, session, previous id.Session) {
	h := l.rooms[room]
	if h == nil {
		h = &hall{seats: make(map[id.Person]*seat)}
		l.rooms[room] = h
	}
	s := h.seats[who]
	switch {
	case s == nil:
		h.seats[who] = &seat{session: session}
	case s.session == session:
	case s.session == previous:
		s.session = session
	default:
		l.cut(s.client)
		s.session = session
	}
}

func (l *loop) speak(room id.Room, who id.Person, may bool) {
	h := l.rooms[room]
	if h == nil || h.seats[who] == nil {
		return
	}
	s := h.seats[who]
	if s.maySpeak && !may {
		h.forward.Drop(who)
	}
	s.maySpeak = may
}

func (l *loop) unseat(room id.Room, who id.Person) {
	h := l.rooms[room]
	if h == nil || h.seats[who] == nil {
		return
	}
	l.cut(h.seats[who].client)
	h.forward.Drop(who)
	delete(h.seats, who)
	if len(h.seats) == 0 {
		delete(l.rooms, room)
	}
}

func (l *loop) end(room id.Room) {
	h := l.rooms[room]
	if h == nil {
		return
	}
	for _, s := range h.seats {
		l.cut(s.client)
	}
	delete(l.rooms, room)
}

func (l *loop) connect(room id.Room, who id.Person, session id.Session, o peer.Offer) (string, error) {
	h := l.rooms[room]
	if h == nil || h.seats[who] == nil || h.seats[who].session != session {
		return "", ErrNoSeat
	}
	s := h.seats[who]
	l.cut(s.client)
	if len(l.byUfrag) >= peersMax {
		return "", ErrBusy
	}
	local := peer.Local{Fingerprint: l.sfu.identity.Fingerprint(), Addresses: l.sfu.addresses}
	for local.Ufrag == "" || l.byUfrag[local.Ufrag] != nil {
		local.Ufrag, local.Pwd = peer.NewCredentials(l.rnd)
	}
	c := &client{Peer: peer.New(l.now, o, local, l.rnd), hall: h, room: room, who: who, seat: s}
	s.client = c
	l.byUfrag[local.Ufrag] = c
	return c.Answer(), nil
}

// cut forgets a client: from here on nothing is sent to it, and what it sends
// comes from nobody.
func (l *loop) cut(c *client) {
	if c == nil || c.seat.client != c {
		return
	}
	c.seat.client = nil
	delete(l.byUfrag, c.Ufrag())
	for _, a := range c.addresses {
		if l.byAddr[a] == c {
			delete(l.byAddr, a)
		}
	}
	for _, ssrc := range c.ssrcs {
		if rest := slices.DeleteFunc(l.bySSRC[ssrc], func(o *client) bool { return o == c }); len(rest) > 0 {
			l.bySSRC[ssrc] = rest
		} else {
			delete(l.bySSRC, ssrc)
		}
	}
	if i := slices.Index(c.hall.clients, c); i >= 0 {
		last := len(c.hall.clients) - 1
		c.hall.clients[i] = c.hall.clients[last]
		c.hall.clients[last] = nil
		c.hall.clients = c.hall.clients[:last]
	}
	if c.handshake != nil {
		c.handshake.Stop()
	}
}

func (l *loop) roster(room id.Room) map[id.Person]Receiver {
	out := make(map[id.Person]Receiver)
	if h := l.rooms[room]; h != nil {
		for who, s := range h.seats {
			if s.client != nil {
				out[who] = Receiver{s.session, s.maySpeak, s.client.HasKeys()}
			}
		}
	}
	return out
}

// stop cuts everybody.
func (l *loop) stop() {
	for room := range l.rooms {
		l.end(room)
	}
}

// --- datagrams in ---

func (l *loop) handle(d udp.Datagram) {
	n := &l.sfu.counters
	switch kind := rtp.KindOf(d.Data); kind {
	case rtp.STUN:
		l.handleSTUN(d)
	case rtp.DTLS:
		l.handleDTLS(d)
	case rtp.RTP, rtp.RTCP:
		c := l.byAddr[d.Addr]
		if c == nil || !l.handleSRTP(c, kind, d) {
			l.handleMoved(kind, d, c)
		}
	case rtp.Unknown:
		n.add(dropUnknown)
	}
}

func (l *loop) handleSTUN(d udp.Datagram) {
	if l.check.Parse(d.Data) != nil {
		l.sfu.counters.add(dropCheck)
		return
	}
	c := l.byUfrag[l.check.Ufrag()]
	if c == nil {
		l.sfu.counters.add(dropCheck)
		return
	}
	b, nominated, err := c.Check(l.now, d.Addr, &l.check, l.space())
	if err != nil {
		l.sfu.counters.add(dropCheck)
		return
	}
	l.know(c, d.Addr)
	if nominated || !c.Addr.IsValid() {
		c.Addr = d.Addr
	}
	l.send(b, d.Addr)
}

// know notes that datagrams from a are c's: a has proven it. The addresses
// are bounded, oldest out.
func (l *loop) know(c *client, a netip.AddrPort) {
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

func (l *loop) handleDTLS(d udp.Datagram) {
	c := l.byAddr[d.Addr]
	switch {
	case c == nil:
		l.sfu.counters.add(dropStranger)
	case c.handshake != nil:
		c.handshake.Deliver(d.Data)
	case !handshake.IsHello(d.Data) || c.HasKeys():
		l.sfu.counters.add(dropDTLS)
	case l.handshakes >= handshakesMax:
		l.sfu.counters.add(dropBusy) // the client asks again
	default:
		l.shake(c, d.Addr)
		c.handshake.Deliver(d.Data)
	}
}

func (l *loop) shake(c *client, addr netip.AddrPort) {
	l.handshakes++
	started := l.now
	c.handshake = handshake.Start(l.sfu.identity, addr, c.Fingerprint(),
		func(b []byte) { _ = l.sfu.conn.WriteTo(b, addr) }, // a lost datagram is asked for again
		func(k handshake.Keys, err error) {
			l.sfu.post(func(l *loop) { l.shaken(c, started, k, err) })
		})
}

// shaken is told the end of a handshake.
func (l *loop) shaken(c *client, started time.Time, k handshake.Keys, err error) {
	l.handshakes--
	if c.seat.client != c {
		return // cut in the meantime
	}
	if err == nil {
		err = c.SetKeys(peer.Keys(k))
	}
	if err != nil {
		l.sfu.counters.add(handshakeFailed)
		l.sfu.log.Info("handshake failed", "room", c.room, "error", err, "took", l.now.Sub(started))
		l.cut(c)
		return
	}
	l.sfu.counters.add(handshakeDone)
	c.hall.clients = append(c.hall.clients, c)
	c.reportAt = l.now.Add(reportEvery)
}

// handleSRTP opens a packet of c's. It returns false when it does not open
// with c's keys.
func (l *loop) handleSRTP(c *client, kind rtp.Kind, d udp.Datagram) bool {
	if kind == rtp.RTCP {
		_, newest, err := c.OpenRTCP(l.now, d.Data, l.packet[:0])
		if err != nil {
			return false
		}
		l.meet(c, kind, newest, d)
		return true
	}
	h, payload, newest, err := c.OpenRTP(l.now, d.Data, l.packet[:0])
	switch {
	case err == nil:
	case isNoise(err):
		l.sfu.counters.add(dropPayload)
		return true
	default:
		return false
	}
	l.meet(c, kind, newest, d)
	l.sfu.counters.add(packetsIn)
	if !c.seat.maySpeak {
		l.sfu.counters.add(dropNotOnStage)
		return true
	}
	c.spokeAt = l.now
	l.fanOut(c, h, payload)
	return true
}

// meet notes which client a sender is, and follows it to a new address.
func (l *loop) meet(c *client, kind rtp.Kind, newest bool, d udp.Datagram) {
	ssrc := rtp.SSRC(kind, d.Data)
	if !slices.Contains(c.ssrcs, ssrc) {
		c.ssrcs = append(c.ssrcs, ssrc) // as many as the peer lets in
		l.bySSRC[ssrc] = append(l.bySSRC[ssrc], c)
	}
	if newest && c.Addr != d.Addr {
		l.know(c, d.Addr)
		c.Addr = d.Addr
	}
}

// handleMoved looks for the client that an SRTP packet from an address that is
// not its own comes from: somebody's network has changed, and their voice goes
// on before the next connectivity check. tried has failed already.
func (l *loop) handleMoved(kind rtp.Kind, d udp.Datagram, tried *client) {
	for _, c := range l.bySSRC[rtp.SSRC(kind, d.Data)] {
		if c == tried {
			continue
		}
		if l.moves >= movesPerTick {
			break
		}
		l.moves++
		if l.handleSRTP(c, kind, d) {
			return
		}
	}
	if tried != nil {
		l.sfu.counters.add(dropAuth)
	} else {
		l.sfu.counters.add(dropStranger)
	}
}

// --- datagrams out ---

// fanOut sends a speaker's packet to everybody else in the room.
func (l *loop) fanOut(from *client, h rtp.Header, payload []byte) {
	out, drop := from.hall.forward.Forward(l.now, from.who, h)
	switch drop {
	case forward.Kept:
	case forward.NoSlot:
		l.sfu.counters.add(dropNoSlot)
		return
	default:
		l.sfu.counters.add(dropTooOld)
		return
	}
	for _, c := range from.hall.clients {
		if c == from || !c.Addr.IsValid() {
			continue
		}
		b, ok := c.SealRTP(l.now, out.Slot, out.Marker, out.Sequence, out.Timestamp, from.IsRED(h), payload, l.space())
		if !ok {
			continue // fewer slots than that
		}
		l.sfu.counters.add(packetsOut)
		l.send(b, c.Addr)
	}
}

// space returns room for one datagram at the end of the slab.
func (l *loop) space() []byte {
	return l.slab[len(l.slab):len(l.slab):cap(l.slab)]
}

// send puts b, which was appended to space, into the batch.
func (l *loop) send(b []byte, to netip.AddrPort) {
	l.slab = l.slab[:len(l.slab)+len(b)]
	l.out = append(l.out, udp.Datagram{Data: b, Addr: to})
	if len(l.out) == udp.BatchMax {
		l.flush()
	}
}

func (l *loop) flush() {
	if len(l.out) > 0 {
		l.sfu.counters.addN(sendFailed, l.sfu.conn.WriteBatch(l.out))
	}
	l.out, l.slab = l.out[:0], l.slab[:0]
}

// --- ten times a second ---

func (l *loop) tick() {
	l.moves = 0
	for _, c := range l.byUfrag {
		if c.Expired(l.now) {
			l.sfu.counters.add(consentLost)
			l.cut(c)
			continue
		}
		if c.reportAt.IsZero() || l.now.Before(c.reportAt) {
			continue
		}
		every := reportQuiet
		if l.now.Sub(c.spokeAt) < reportQuiet {
			every = reportEvery
		}
		c.reportAt = l.now.Add(every)
		if b, ok := c.AppendReport(l.now, l.report[:0], l.space()); ok {
			l.send(b, c.Addr)
		}
	}
	for room, h := range l.rooms {
		if v := h.forward.Voices(l.now); v != h.voices {
			h.voices = v
			l.sfu.voices(room, v)
		}
	}
}
