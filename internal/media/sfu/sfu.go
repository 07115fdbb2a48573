// Package sfu is the media plane: it reads datagrams from the network, lets
// the pure packages beside it decide, and writes what they say. It forwards
// and never mixes, stores or decrypts what people say to one another.
//
// Whoever runs the rooms tells it who sits where (Seat, Unseat), and that is
// the only way in: media goes to, and is accepted from, exactly the peers that
// stand in the roster.
//
// A shard for each processor has a socket and some of the peers; one goroutine
// owns all of them. A room fills one shard before it takes the next. Who sits
// in it, and whose voice is in which slot, is decided under the room's lock. A
// speaker's packet is opened once, by the shard that has the speaker, and
// handed to every shard that has listeners. The system decides which socket
// hears a peer: what another shard's peer says is handed to that shard. While
// one shard has enough room for all, everything is brought to it (spread).
package sfu

import (
	crand "crypto/rand"
	"errors"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/media/digest"
	"github.com/stoa-audio/stoa/internal/media/forward"
	"github.com/stoa-audio/stoa/internal/media/handshake"
	"github.com/stoa-audio/stoa/internal/media/peer"
	"github.com/stoa-audio/stoa/internal/route"
	"github.com/stoa-audio/stoa/internal/udp"
)

// Bounds of one node.
const (
	peersMax      = 20000 // connections
	handshakesMax = 4096  // under way or waiting for their turn
	mailboxMax    = 1 << 16
	addressesMax  = 4       // of one peer that checks may come from
	abroadMax     = 1 << 16 // addresses whose peers are with another shard
	movesPerTick  = 64      // packets from unknown addresses that are tried, per tick
)

const (
	// shareUsual is how many copies of a packet one shard makes in about 4 ms.
	shareUsual = 600

	tick        = 100 * time.Millisecond
	sweep       = 10              // ticks in which every peer is looked at
	reportEvery = time.Second     // to a peer that sends
	reportQuiet = 5 * time.Second // to one that only listens
	forgetEvery = 10 * time.Second
)

var (
	// ErrNoSeat means that the session does not sit in the room.
	ErrNoSeat = errors.New("no seat in this room")
	// ErrBusy means that the node has as many connections as it can serve.
	ErrBusy = errors.New("as many connections as the node can serve")
	// ErrClosed means that the media plane has stopped.
	ErrClosed = errors.New("the media plane has stopped")
)

// A Lane takes datagrams out of the node. udp.Conn is one.
type Lane interface {
	// WriteBatch sends datagrams without waiting.
	WriteBatch(out []udp.Datagram) udp.Unsent
}

// A Config is what an SFU needs to run.
type Config struct {
	Listen   string       // UDP address, such as ":7882"
	Announce []netip.Addr // where clients reach it, best first
	Shards   int          // zero: one for each processor
	// Share is how many people of a room one shard takes before the next takes
	// some; zero is a good number.
	Share int
	Hall  forward.Hall // with the zero Hall none is large
	// Lane makes the way out for a shard whose socket is conn, or nil: the
	// socket itself.
	Lane func(conn *udp.Conn) Lane
	Log  *slog.Logger
	// Sound is told when the sound of a room has changed. It must not block,
	// and not call the SFU.
	Sound func(id.Room, Sound)
	// Beats has clients be told again and again that the node is there: there are
	// others that they may turn to.
	Beats bool
	// Abroad is given the packets of a room's own voices for other nodes, where
	// Spread has said that there are any: RTP, with payload type Redundant when
	// it is RED. It must not block or keep the packet. May be nil.
	Abroad func(room id.Room, who id.Person, packet []byte)
}

// Redundant is the payload type of RED (RFC 2198) between nodes; any other is
// Opus.
const Redundant = 1

// A Sound is who is heard in a room, and how its speakers are to send.
type Sound struct {
	forward.Voices
	forward.Sending
}

// An SFU forwards voices between the peers of rooms.
type SFU struct {
	shards    []*shard
	identity  *handshake.Identity
	addresses []netip.AddrPort
	log       *slog.Logger
	hallRule  forward.Hall
	share     int
	told      func(id.Room, Sound)
	abroad    func(id.Room, id.Person, []byte)
	beats     bool
	routes    route.Routes // of rooms, for the log
	digests   digest.Log   // of what was forwarded
	counters  counters
	delays    delays

	handshakes atomic.Int32 // under way
	voices     atomic.Int32 // heard at once in a room
	closed     atomic.Bool
	gathered   bool // one shard hears all; Start's, then listen's
	stop       chan struct{}
	done       sync.WaitGroup

	mu    sync.Mutex // guards rooms; taken before a hall's
	rooms map[id.Room]*hall
	names names
}

// names finds the peer that a connectivity check is for, whichever shard hears
// it first. It is the last lock to be taken.
type names struct {
	mu      sync.Mutex // guards the rest
	byUfrag map[string]*client
	rnd     *rand.Rand
}

func (n *names) find(ufrag string) *client {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.byUfrag[ufrag]
}

func (n *names) remove(c *client) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.byUfrag[c.Ufrag()] == c {
		delete(n.byUfrag, c.Ufrag())
	}
}

func (n *names) len() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.byUfrag)
}

// Start opens the sockets and runs the shards.
func Start(c Config) (*SFU, error) {
	identity, err := handshake.NewIdentity(time.Now())
	if err != nil {
		return nil, err
	}
	n := c.Shards
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	conns, err := udp.Listen(c.Listen, n)
	if err != nil {
		return nil, err
	}
	s := newSFU(c, identity)
	for _, a := range c.Announce {
		s.addresses = append(s.addresses, netip.AddrPortFrom(a, conns[0].LocalAddr().Port()))
	}
	for _, conn := range conns {
		lane := Lane(conn)
		if c.Lane != nil {
			lane = c.Lane(conn)
		}
		s.shards = append(s.shards, newShard(s, len(s.shards), conn, lane))
	}
	for _, l := range s.shards {
		s.done.Go(l.run)
	}
	s.spread()
	s.done.Go(s.listen)
	return s, nil
}

func newSFU(c Config, identity *handshake.Identity) *SFU {
	var seed [32]byte
	_, _ = crand.Read(seed[:]) // never fails (crypto/rand, Go 1.24)
	s := &SFU{
		identity: identity, log: c.Log, hallRule: c.Hall, told: c.Sound, abroad: c.Abroad, beats: c.Beats, share: c.Share,
		stop: make(chan struct{}), rooms: make(map[id.Room]*hall),
		names: names{byUfrag: make(map[string]*client), rnd: rand.New(rand.NewChaCha8(seed))},
	}
	if s.share <= 0 {
		s.share = shareUsual
	}
	s.voices.Store(forward.Slots)
	return s
}

// LocalAddr returns where the media sockets listen.
func (s *SFU) LocalAddr() netip.AddrPort { return s.shards[0].conn.LocalAddr() }

// Peers returns how many connections there are, those under way included.
func (s *SFU) Peers() int { return s.names.len() }

// Close stops the shards and closes the sockets.
func (s *SFU) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	close(s.stop)
	var errs []error
	for _, l := range s.shards {
		errs = append(errs, l.conn.Close())
	}
	s.done.Wait()
	return errors.Join(errs...)
}

// listen tells how rooms sound, ten times a second, and forgets what is old.
func (s *SFU) listen() {
	t := time.NewTicker(tick)
	defer t.Stop()
	forgot := time.Now()
	for {
		select {
		case <-s.stop:
			return
		case now := <-t.C:
			s.tellAll(now)
			s.spread()
			if now.Sub(forgot) >= forgetEvery {
				s.digests.Forget(now)
				forgot = now
			}
		}
	}
}

// spread lets all shards hear peers once there are more than one has a share
// of: below, the others would only be woken to hand on what is the first's.
func (s *SFU) spread() {
	peers := s.Peers()
	gather := peers <= s.share && (s.gathered || peers <= s.share/2)
	if len(s.shards) == 1 || gather == s.gathered {
		return
	}
	s.introduce()
	if err := s.shards[0].conn.Gather(gather); err != nil {
		s.log.Debug("datagrams are spread over the shards by the system alone", "error", err)
	}
	s.gathered = gather
}

// introduce tells all shards which addresses the others know: soon some of them
// will be theirs to hear.
func (s *SFU) introduce() {
	for _, from := range s.shards {
		known, _ := ask(from, func() map[netip.AddrPort]*client { return maps.Clone(from.byAddr) })
		for _, to := range s.shards {
			if to == from || len(known) == 0 {
				continue
			}
			to.post(func() {
				for a, c := range known {
					to.hearAbroad(a, c)
				}
			})
		}
	}
}

func (s *SFU) tellAll(now time.Time) {
	s.mu.Lock()
	halls := make([]*hall, 0, len(s.rooms))
	for _, h := range s.rooms {
		halls = append(halls, h)
	}
	s.mu.Unlock()
	for _, h := range halls {
		if sound, changed := h.listen(now, int(s.voices.Load()), s.hallRule); changed {
			s.told(h.name, sound)
		}
	}
}

// Limit says how many voices are heard at once in each room from now on, at
// most forward.Slots: the node has too much to do.
func (s *SFU) Limit(voices int) { s.voices.Store(int32(min(max(voices, 1), forward.Slots))) } //nolint:gosec // bounded

// Forwarded returns hashes (package digest) of what who has said in a room since
// a time that is not longer ago than digest.Life, in the order in which it was
// forwarded.
func (s *SFU) Forwarded(room id.Room, who id.Person, since time.Time) [][digest.Size]byte {
	return s.digests.Since(room, who, since)
}

// Offer answers the SDP offer of the session that holds who's seat. A
// connection that it had before is gone with it. The error is peer.ErrOffer,
// ErrNoSeat, ErrBusy or ErrClosed.
func (s *SFU) Offer(room id.Room, who id.Person, session id.Session, sdp string) (string, error) {
	offer, err := peer.ParseOffer(sdp)
	if err != nil {
		return "", err
	}
	return s.connect(room, who, session, offer, time.Now())
}

func (s *SFU) connect(room id.Room, who id.Person, session id.Session, o peer.Offer, now time.Time) (string, error) {
	if s.closed.Load() {
		return "", ErrClosed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.rooms[room]
	if h == nil {
		return "", ErrNoSeat
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	seat := h.seats[who]
	if seat == nil || seat.session != session {
		return "", ErrNoSeat
	}
	s.cut(seat.client)
	c, answer, err := s.newClient(h, who, seat, o, now)
	if err != nil {
		return "", err
	}
	seat.client = c
	return answer, nil
}

// newClient makes a client that the first shard to hear it will own.
func (s *SFU) newClient(h *hall, who id.Person, at *seat, o peer.Offer, now time.Time) (*client, string, error) {
	n := &s.names
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.byUfrag) >= peersMax {
		return nil, "", ErrBusy
	}
	local := peer.Local{Fingerprint: s.identity.Fingerprint(), Addresses: s.addresses}
	for local.Ufrag == "" || n.byUfrag[local.Ufrag] != nil {
		local.Ufrag, local.Pwd = peer.NewCredentials(n.rnd)
	}
	p, answer := peer.New(now, o, local, n.rnd)
	c := &client{Peer: p, hall: h, who: who, seat: at, member: at.member, made: now, place: nowhere}
	c.onStage.Store(at.onStage)
	c.standby.Store(at.standby)
	n.byUfrag[local.Ufrag] = c
	return c, answer, nil
}
