package sfu

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stoa-audio/stoa/internal/media/fanout"
	"github.com/stoa-audio/stoa/internal/media/handshake"
	"github.com/stoa-audio/stoa/internal/media/peer"
	"github.com/stoa-audio/stoa/internal/media/seal"
	"github.com/stoa-audio/stoa/internal/udp"
)

// A shard is one socket, and the peers that it was the first to hear. Its
// goroutine owns all but the mailbox and the inbox.
type shard struct {
	sfu   *SFU
	index int
	conn  *udp.Conn
	lane  Lane

	mail    mailbox
	inbox   inbox
	waiting atomic.Bool // the goroutine waits for datagrams, or is about to

	now      time.Time
	deadline time.Time // of the socket, as last set
	nextTick time.Time
	moves    int // tried in this tick
	ticks    int
	swept    int // clients looked at in this round

	clients []*client
	byAddr  map[netip.AddrPort]*client
	abroad  map[netip.AddrPort]*visitor // heard here, owned by another shard
	bySSRC  map[uint32][]*client        // what clients send, to find one that has moved
	floors  map[*hall]*floor
	near    map[*client]struct{} // who gets a beat each tick
	due     []*floor             // with packets that wait to be sealed

	check   peer.Check
	plain   [udp.DatagramMax]byte // a decrypted packet
	wire    []byte                // one for other nodes
	sent    []fanout.Sent
	packets [gatherMax]fanout.Packet // that are being sealed
	slab    []byte                   // what out's data lies in
	out     []udp.Datagram
	copies  int // of voices' packets in out, since they were last counted
}

func newShard(s *SFU, index int, conn *udp.Conn, lane Lane) *shard {
	return &shard{
		sfu: s, index: index, conn: conn, lane: lane, now: time.Now(),
		byAddr: make(map[netip.AddrPort]*client),
		abroad: make(map[netip.AddrPort]*visitor),
		bySSRC: make(map[uint32][]*client),
		floors: make(map[*hall]*floor),
		near:   make(map[*client]struct{}),
		slab:   make([]byte, 0, udp.BatchMax*udp.DatagramMax),
		out:    make([]udp.Datagram, 0, udp.BatchMax),
	}
}

// A mailbox holds what others ask of a shard.
type mailbox struct {
	mu    sync.Mutex // guards mail
	mail  []func()
	spare []func() // the shard's: taken and done with
}

// post asks the shard to do f. It returns false when the shard has stopped, or
// so much waits that it must have.
func (l *shard) post(f func()) bool {
	m := &l.mail
	m.mu.Lock()
	full := l.sfu.closed.Load() || len(m.mail) >= mailboxMax
	if !full {
		m.mail = append(m.mail, f)
	}
	m.mu.Unlock()
	if full {
		return false
	}
	l.wake()
	return true
}

// wake ends the shard's wait, if it waits.
func (l *shard) wake() {
	if l.waiting.Swap(false) {
		l.conn.Wake()
	}
}

// ask returns what f says on the shard, or false when the shard has stopped.
func ask[T any](l *shard, f func() T) (answer T, ok bool) {
	out := make(chan T, 1)
	if !l.post(func() { out <- f() }) {
		return answer, false
	}
	select {
	case answer = <-out:
		return answer, true
	case <-l.sfu.stop:
		return answer, false
	}
}

func (l *shard) readMail() {
	m := &l.mail
	m.mu.Lock()
	mail := m.mail
	m.mail = m.spare[:0]
	m.mu.Unlock()
	for i, f := range mail {
		f()
		mail[i] = nil
	}
	m.spare = mail
	if cap(m.spare) > 1024 { // a crowd has come in; the memory is needed elsewhere
		m.spare = nil
	}
}

func (m *mailbox) empty() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.mail) == 0
}

// run is the loop: take what came, decide, write.
func (l *shard) run() {
	defer l.stop()
	in := make([]udp.Datagram, udp.BatchMax)
	l.nextTick = time.Now().Add(tick)
	for !l.sfu.closed.Load() {
		l.now = time.Now()
		l.readMail()
		l.readInbox()
		l.spread()
		if !l.now.Before(l.nextTick) {
			l.tick()
			l.nextTick = l.now.Add(tick)
		}
		l.flush()
		n, err := l.read(in)
		if err != nil {
			if !l.sfu.closed.Load() {
				l.sfu.log.Error("media socket failed", "error", err)
			}
			return
		}
		l.now = time.Now()
		for _, d := range in[:n] {
			l.handle(d)
		}
	}
}

// read waits for datagrams, for mail, or for something to be due.
func (l *shard) read(in []udp.Datagram) (int, error) {
	l.waiting.Store(true)
	defer l.waiting.Store(false)
	if !l.mail.empty() || !l.inbox.empty() {
		return l.conn.Poll(in)
	}
	until := l.nextTick
	for _, f := range l.due {
		if f.due.Before(until) {
			until = f.due
		}
	}
	if until != l.deadline {
		if err := l.conn.SetDeadline(until); err != nil {
			return 0, err
		}
		l.deadline = until
		// Whoever has roused this shard before the deadline was set has done
		// so in vain: look again.
		if !l.waiting.Load() {
			l.deadline = time.Time{}
			return l.conn.Poll(in)
		}
	}
	n, err := l.conn.Read(in)
	if n == 0 {
		l.deadline = time.Time{} // it is over, or somebody has ended it
	}
	return n, err
}

// stop ends what is under way.
func (l *shard) stop() {
	l.sfu.closed.Store(true)
	for _, c := range l.clients {
		if c.handshake != nil {
			c.handshake.Stop()
		}
	}
}

// --- clients ---

// settle finds an owner for c, which proves to be there and has none, and has
// it take c in. It returns the owner, who may have been found by another shard
// meanwhile.
func (l *shard) settle(c *client) *shard {
	c.hall.mu.Lock()
	home := c.hall.home(l, l.sfu.share)
	found := c.owner.CompareAndSwap(nil, home)
	if found {
		c.hall.own[home.index].Add(1)
	}
	c.hall.mu.Unlock()
	switch {
	case !found:
		return c.owner.Load()
	case home == l:
		l.adopt(c)
	default:
		home.post(func() { home.adopt(c) })
	}
	return home
}

// adopt takes in a client whose owner the shard is.
func (l *shard) adopt(c *client) {
	c.index = len(l.clients)
	l.clients = append(l.clients, c)
	l.attend(c)
	if c.gone.Load() { // it was cut before it had an owner to be told
		l.drop(c)
	}
}

// drop takes a client that is cut off the shard.
func (l *shard) drop(c *client) {
	if c.index >= len(l.clients) || l.clients[c.index] != c {
		return
	}
	c.hall.own[l.index].Add(-1)
	last := len(l.clients) - 1
	l.clients[c.index] = l.clients[last]
	l.clients[c.index].index = c.index
	l.clients[last] = nil
	l.clients = l.clients[:last]
	delete(l.near, c)
	for _, a := range c.addresses {
		if l.byAddr[a] == c {
			delete(l.byAddr, a)
		}
	}
	for _, ssrc := range c.ssrcs {
		l.forget(ssrc, c)
	}
	if c.place != nowhere {
		l.leave(c)
	}
	if c.handshake != nil {
		c.handshake.Stop()
	}
}

func (l *shard) forget(ssrc uint32, c *client) {
	rest := l.bySSRC[ssrc][:0]
	for _, o := range l.bySSRC[ssrc] {
		if o != c {
			rest = append(rest, o)
		}
	}
	if len(rest) == 0 {
		delete(l.bySSRC, ssrc)
		return
	}
	l.bySSRC[ssrc] = rest
}

// giveUp cuts a client whose connection is over while it has the seat.
func (l *shard) giveUp(c *client) {
	c.hall.mu.Lock()
	l.sfu.cut(c)
	c.hall.mu.Unlock()
	l.drop(c)
}

// shake begins a handshake with a client.
func (l *shard) shake(c *client, addr netip.AddrPort) {
	started := l.now
	c.handshake = handshake.Start(l.sfu.identity, addr, c.Fingerprint(),
		func(b []byte) { _ = l.conn.WriteTo(b, addr) }, // a lost datagram is asked for again
		func(r handshake.Result, err error) {
			l.sfu.handshakes.Add(-1)
			l.post(func() { l.shaken(c, started, r, err) })
		})
}

// shaken is told the end of a handshake.
func (l *shard) shaken(c *client, started time.Time, r handshake.Result, err error) {
	c.handshake = nil
	if c.gone.Load() {
		return
	}
	var sealed seal.RTP
	if err == nil {
		sealed, err = c.SetKeys(r.Keys)
	}
	if err != nil {
		l.sfu.counters.add(handshakeFailed)
		l.sfu.log.Info("handshake failed", "route", l.sfu.routes.Of(c.hall.name, l.now), "member", c.member,
			"error", err, "took", l.now.Sub(started))
		l.giveUp(c)
		return
	}
	l.sfu.counters.add(handshakeDone)
	if c.standby.Load() {
		c.ready = &sealed // begin comes after
	} else {
		l.arrive(c, sealed)
	}
	c.reportAt = l.now.Add(reportEvery)
	c.up.Store(true)
	c.last, c.lastUntil = r.Last, l.now.Add(handshake.Linger)
}

// --- ten times a second ---

func (l *shard) tick() {
	l.moves = 0
	l.beatNear()
	// A tenth of the clients each time.
	share := (len(l.clients) + sweep - 1) / sweep
	for range share {
		if l.swept >= len(l.clients) {
			l.swept = 0
		}
		c := l.clients[l.swept]
		l.swept++
		l.look(c)
	}
	if l.ticks++; l.ticks%sweep == 0 {
		for a, v := range l.abroad {
			if v.gone.Load() {
				delete(l.abroad, a)
			}
		}
	}
	for h, f := range l.floors {
		if f.ears.Len() == 0 && len(f.pending) == 0 {
			delete(l.floors, h)
		}
	}
}

// look looks after one client, about once a second.
func (l *shard) look(c *client) {
	if c.Expired(l.now) {
		l.sfu.counters.add(consentLost)
		l.giveUp(c)
		return
	}
	if l.now.After(c.lastUntil) {
		c.last = nil
	}
	l.beatQuietly(c)
	if c.place == nowhere || l.now.Before(c.reportAt) {
		return
	}
	every := reportQuiet
	if l.now.Sub(c.spokeAt) < reportQuiet {
		every = reportEvery
	}
	c.reportAt = l.now.Add(every - tick)
	f := l.floors[c.hall]
	l.sent = f.ears.AppendSent(l.sent[:0], c.place)
	if b, ok := c.AppendReport(l.now, l.sent, &f.marks, l.space()); ok {
		l.send(b, c.Addr)
	}
}

// --- datagrams out ---

// space returns room for one datagram at the end of the slab.
func (l *shard) space() []byte {
	return l.slab[len(l.slab):len(l.slab):cap(l.slab)]
}

// send puts b, which was appended to space, into the batch.
func (l *shard) send(b []byte, to netip.AddrPort) {
	l.slab = l.slab[:len(l.slab)+len(b)]
	l.out = append(l.out, udp.Datagram{Data: b, Addr: to})
	if len(l.out) == udp.BatchMax {
		l.flush()
	}
}

func (l *shard) flush() {
	n := &l.sfu.counters
	if len(l.out) > 0 {
		unsent := l.lane.WriteBatch(l.out)
		n.addN(dropSendFull, unsent.Full)
		n.addN(dropSendRefused, unsent.Refused)
	}
	n.addN(packetsOut, l.copies)
	l.out, l.slab, l.copies = l.out[:0], l.slab[:0], 0
}
