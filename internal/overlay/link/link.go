// Package link is a node's trunk to the others: one UDP socket, for the sealed
// datagrams of the overlay (overlay/seal) and, told from them by the first byte,
// for QUIC. With each node that it may speak to it keeps a QUIC connection, in
// which both show their certificates (overlay/identity), and takes from it the
// keys of their datagrams. Over the connection nodes also tell each other of
// further nodes (overlay/directory), and open streams for those who use this
// package.
//
// One goroutine owns the socket's reading end and what the node does in the
// network (overlay/relay). Whoever is outside the fence is not spoken to: not
// called, not answered, and none of their datagrams opens.
package link

import (
	"context"
	crand "crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/directory"
	"github.com/stoa-audio/stoa/internal/overlay/hop"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/overlay/relay"
	"github.com/stoa-audio/stoa/internal/overlay/topology"
	"github.com/stoa-audio/stoa/internal/region"
	"github.com/stoa-audio/stoa/internal/udp"
)

// Protocols are the ALPN names (RFC 7301) of the connections between nodes, the
// newest first: a later version is offered beside this one, and two nodes speak
// the newest that both know.
var Protocols = []string{protocolPrefix + "1"}

const protocolPrefix = "stoa-link/"

// Version is the newest version of what nodes say over such a connection and in
// datagrams that this one knows. What it does not know of a newer one it passes
// over.
const Version = 1

// Bounds.
const (
	mailMax    = 1 << 14
	voicesMax  = 4096 // packets that wait for the trunk
	voiceBytes = 1 << 20
	quicQueue  = 512 // QUIC packets that wait to be read
)

var (
	// ErrClosed means that the trunk is closed.
	ErrClosed = errors.New("the trunk is closed")
	// ErrNoLink means that there is no connection to a node now.
	ErrNoLink = errors.New("no link to that node now")
)

// A Guest hears what comes for the people of this node; it must not wait.
type Guest interface {
	// Heard hands over an RTP packet of who in a room, whose voice comes in at
	// the node owner. It is valid until Heard returns.
	Heard(room id.Room, owner id.Node, who id.Person, packet []byte)
}

// A Config is what a trunk needs.
type Config struct {
	Listen  string // UDP address
	Self    identity.Member
	Advert  directory.Advert // of this node: where others reach it, and its fence
	Guard   func() identity.Guard
	Sign    func(directory.Advert) (directory.Signed, error)
	Seeds   []string // host:port of nodes to begin with
	Guest   Guest
	Serve   func(ctx context.Context, from identity.Member, kind string, s *Stream) // streams of others
	Changed func()                                                                  // the directory has changed; must not wait
	// Missed is told when a node that is minded (Trunk.Mind) is gone, and when
	// it is there again. It must not wait. May be nil.
	Missed func(node id.Node, gone bool)
	// Rulings returns what this node knows of rulings from some number on, as far
	// as one that speaks to nobody outside fence may hear it, and the number to
	// go on from. Ruled takes in another's, and reports whether it is news. Both
	// may be nil.
	Rulings func(fence region.Fence, from int) (list []identity.Ruling, next int)
	Ruled   func(identity.Ruling) (news bool, err error)
	// Doubted is told when a node, or this one, cannot stand where it says (topology.Map.Judge),
	// so far off at least, and, with 0, when it can again. It must not wait. May
	// be nil.
	Doubted func(node id.Node, place region.Place, offKM float64)
	Log     *slog.Logger
}

// A Trunk is a node's way to the others.
type Trunk struct {
	config Config
	fence  region.Fence
	log    *slog.Logger
	start  time.Time
	boot   uint64
	conn   *udp.Conn
	quic   *packets
	calls  *quic.Transport

	mail    mailbox
	voices  voices
	waiting atomic.Bool

	// The loop's.
	core       *relay.Node
	neighbours []*neighbour // by number; nil for the node itself
	keys       map[uint32]*hearing
	dirty      []*neighbour
	out        []udp.Datagram
	rnd        *rand.Rand
	minded     map[id.Node]*minded
	doubted    []float64 // by node: km off, as was said last
	Counts     Counts
	traffic    *traffic

	mu        sync.Mutex // guards the rest
	directory *directory.Directory
	peers     map[id.Node]*peer
	advert    directory.Advert

	ctx    context.Context //nolint:containedctx // ends with the trunk
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// Counts is what the trunk has thrown away, and why.
type Counts struct {
	Unknown atomic.Uint64 // datagrams under no key of ours
	Forged  atomic.Uint64 // that did not open
	Early   atomic.Uint64 // that came before their sender was known
	Full    atomic.Uint64 // voices that found no place
	Unsent  atomic.Uint64 // the socket's buffer was full
	Refused atomic.Uint64 // the system does not send there
	QUIC    atomic.Uint64 // QUIC packets that found no place
	Kept    atomic.Uint64 // datagrams and calls to nodes outside the fence, not sent
	Outside atomic.Uint64 // nodes outside the fence that were refused
	Denied  atomic.Uint64 // nodes that were refused for another reason
}

// A neighbour is a node to which datagrams go.
type neighbour struct {
	number  int
	member  identity.Member
	boot    uint64
	key     sealer
	addr    netip.AddrPort
	slab    []byte // datagrams that are about to be sent, one behind the other
	lengths []int
	side    *side // counts
}

// Open opens a trunk.
func Open(c Config) (*Trunk, error) {
	conns, err := udp.Listen(c.Listen, 1)
	if err != nil {
		return nil, fmt.Errorf("trunk: %w", err)
	}
	conn := conns[0]
	if err := conn.Join(); err != nil {
		c.Log.Debug("the system does not join datagrams", "error", err)
	}
	var seed [32]byte
	_, _ = crand.Read(seed[:]) // never fails (crypto/rand, Go 1.24)
	rnd := rand.New(rand.NewChaCha8(seed))
	t := &Trunk{
		config: c, fence: c.Advert.Fence, log: c.Log, start: time.Now(), boot: rnd.Uint64() | 1, conn: conn,
		neighbours: []*neighbour{nil}, keys: make(map[uint32]*hearing), rnd: rnd,
		peers: make(map[id.Node]*peer), advert: c.Advert, traffic: newTraffic(),
	}
	t.minded = make(map[id.Node]*minded)
	t.directory = directory.New(func() *identity.Store { return c.Guard().Store() })
	t.ctx, t.cancel = context.WithCancel(context.Background())
	self := topology.Node{ID: c.Self.Node, Place: c.Self.Place, Latitude: c.Advert.Latitude, Longitude: c.Advert.Longitude}
	t.core = relay.New(0, self, t.fence, rand.New(rand.NewChaCha8(sha256.Sum256(seed[:]))), (*out)(t))
	t.quic = newPackets(t)
	if err := t.answer(); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if err := t.Say(func(*directory.Advert) {}); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	t.done.Go(t.run)
	t.done.Go(t.tend)
	return t, nil
}

// LocalAddr returns where the trunk listens.
func (t *Trunk) LocalAddr() netip.AddrPort { return t.conn.LocalAddr() }

// Close closes the trunk.
func (t *Trunk) Close() error {
	t.cancel()
	t.mu.Lock()
	peers := t.peers
	t.peers = make(map[id.Node]*peer)
	t.mu.Unlock()
	for _, p := range peers {
		p.end()
	}
	err := errors.Join(t.calls.Close(), t.quic.Close(), t.conn.Close())
	t.done.Wait()
	return err
}

func (t *Trunk) closed() bool { return t.ctx.Err() != nil }

// now is the time as the overlay counts it.
func (t *Trunk) now() time.Duration { return time.Since(t.start) }

// --- what others ask of the loop ---

// A mailbox holds what others ask of the loop.
type mailbox struct {
	mu   sync.Mutex // guards mail
	mail []func(now time.Duration)
}

// Do has the loop do f with the node's core. It returns false when the trunk
// is closed, or so much waits that it must be.
func (t *Trunk) Do(f func(now time.Duration, core *relay.Node)) bool {
	return t.post(func(now time.Duration) { f(now, t.core) })
}

func (t *Trunk) post(f func(now time.Duration)) bool {
	m := &t.mail
	m.mu.Lock()
	ok := !t.closed() && len(m.mail) < mailMax
	if ok {
		m.mail = append(m.mail, f)
	}
	m.mu.Unlock()
	if ok {
		t.wake()
	}
	return ok
}

// ask has the loop do f, and waits until it is done; not ok when it is closed.
func (t *Trunk) ask(f func(now time.Duration)) bool {
	done := make(chan struct{})
	if !t.post(func(now time.Duration) { f(now); close(done) }) {
		return false
	}
	select {
	case <-done:
		return true
	case <-t.ctx.Done():
		return false
	}
}

func (t *Trunk) wake() {
	if t.waiting.Swap(false) {
		t.conn.Wake()
	}
}

// voices holds packets of our own people until the loop takes them.
type voices struct {
	mu    sync.Mutex // guards the rest
	list  []voice
	bytes []byte
	spare struct {
		list  []voice
		bytes []byte
	}
}

type voice struct {
	room   id.Room
	stream uint8
	end    int // of the packet in bytes
}

// Speak sends an RTP packet of a voice that comes in here, under the number of
// its stream (relay.Node.SetVoices). It does not wait, and copies the packet.
func (t *Trunk) Speak(room id.Room, stream uint8, packet []byte) {
	v := &t.voices
	v.mu.Lock()
	ok := len(v.list) < voicesMax && len(v.bytes)+len(packet) <= voiceBytes
	if ok {
		v.bytes = append(v.bytes, packet...)
		v.list = append(v.list, voice{room, stream, len(v.bytes)})
	}
	v.mu.Unlock()
	if !ok {
		t.Counts.Full.Add(1)
		return
	}
	t.wake()
}

// --- the loop ---

func (t *Trunk) run() {
	in := make([]udp.Datagram, 8*udp.JoinedMax)
	var nextTick time.Duration
	for !t.closed() {
		now := t.now()
		t.readMail(now)
		t.readVoices(now)
		if now >= nextTick {
			t.core.Tick(now)
			t.forget(now)
			t.look(now)
			t.lookAtDoubts()
			if nextTick += hop.Tick; nextTick <= now {
				nextTick = now + hop.Tick
			}
		}
		t.core.Settle(now)
		t.flush()
		until := nextTick
		if due, ok := t.core.Due(); ok {
			until = min(until, due)
		}
		n, err := t.read(in, until)
		if err != nil {
			if !t.closed() {
				t.log.Error("the trunk's socket failed", "error", err)
			}
			return
		}
		now = t.now()
		for _, d := range in[:n] {
			t.hear(now, d)
		}
	}
}

// read waits for datagrams, for mail or for a time.
func (t *Trunk) read(in []udp.Datagram, until time.Duration) (int, error) {
	t.waiting.Store(true)
	defer t.waiting.Store(false)
	if t.somethingWaits() {
		return t.conn.Poll(in)
	}
	if err := t.conn.SetDeadline(t.start.Add(until)); err != nil {
		return 0, err
	}
	if !t.waiting.Load() {
		return t.conn.Poll(in) // whoever roused us did so before the deadline was set
	}
	return t.conn.Read(in)
}

func (t *Trunk) somethingWaits() bool {
	t.mail.mu.Lock()
	defer t.mail.mu.Unlock()
	t.voices.mu.Lock()
	defer t.voices.mu.Unlock()
	return len(t.mail.mail)+len(t.voices.list) > 0
}

func (t *Trunk) readMail(now time.Duration) {
	t.mail.mu.Lock()
	mail := t.mail.mail
	t.mail.mail = nil
	t.mail.mu.Unlock()
	for _, f := range mail {
		f(now)
	}
}

func (t *Trunk) readVoices(now time.Duration) {
	v := &t.voices
	v.mu.Lock()
	list, bytes := v.list, v.bytes
	v.list, v.bytes = v.spare.list[:0], v.spare.bytes[:0]
	v.spare.list, v.spare.bytes = list, bytes
	v.mu.Unlock()
	start := 0
	for _, one := range list {
		t.core.Speak(now, one.room, one.stream, bytes[start:one.end])
		start = one.end
	}
}

// hear takes a datagram in.
func (t *Trunk) hear(now time.Duration, d udp.Datagram) {
	if len(d.Data) > 0 && d.Data[0]&0xc0 != 0 {
		t.traffic.at(d.Addr).in(len(d.Data))
		t.quic.put(d)
		return
	}
	t.open(now, d)
}

// out is the trunk as its core sees it.
type out Trunk

// Carry seals a datagram for a neighbour (hop.Carrier).
func (o *out) Carry(number int, counter uint64, datagram []byte) {
	n := (*Trunk)(o).neighbour(number) // others may have told of it before there is a link
	if n.key.key == nil {
		return // nobody is there yet: it is known by its advert alone
	}
	if !o.fence.Allows(n.member.Place) {
		o.Counts.Kept.Add(1)
		return
	}
	if len(n.lengths) == 0 {
		o.dirty = append(o.dirty, n)
	}
	before := len(n.slab)
	n.slab = n.key.key.Append(n.slab, n.key.index, counter, datagram)
	n.lengths = append(n.lengths, len(n.slab)-before)
	n.key.sent++
}

// Deliver hands a packet to the people of this node (relay.Out).
func (o *out) Deliver(_ time.Duration, room id.Room, owner id.Node, who id.Person, packet []byte) {
	o.config.Guest.Heard(room, owner, who, packet)
}

// flush sends what is sealed, neighbour by neighbour.
func (t *Trunk) flush() {
	if len(t.dirty) == 0 {
		return
	}
	t.out = t.out[:0]
	for _, n := range t.dirty {
		start := 0
		for _, length := range n.lengths {
			t.out = append(t.out, udp.Datagram{Data: n.slab[start : start+length : start+length], Addr: n.addr})
			start += length
		}
		n.side.voices.out(len(n.lengths), start)
	}
	unsent := t.conn.WriteBatch(t.out)
	t.Counts.Unsent.Add(uint64(unsent.Full))     //nolint:gosec // not negative
	t.Counts.Refused.Add(uint64(unsent.Refused)) //nolint:gosec // not negative
	for i, n := range t.dirty {
		n.slab, n.lengths = n.slab[:0], n.lengths[:0]
		t.dirty[i] = nil
	}
	t.dirty = t.dirty[:0]
}

// A minded node is one of which it is soon to be known when it is gone.
type minded struct {
	since       time.Duration
	there, gone bool
}

// settles is how long after it is minded a node that was only probed has to
// answer beats. Then silence means that it had died before.
const settles = 500 * time.Millisecond

// Mind has the link to a node watched closely, by beats of 100 ms.
func (t *Trunk) Mind(node id.Node) {
	t.post(func(now time.Duration) {
		if t.minded[node] == nil {
			t.minded[node] = &minded{since: now}
		}
	})
}

// look looks after the nodes that are minded.
func (t *Trunk) look(now time.Duration) {
	for node, m := range t.minded {
		number, ok := t.core.Map().Find(node)
		if !ok || number == 0 {
			continue
		}
		t.core.Keep(now, number)
		h := t.core.Hop(number)
		down := h.Down(now)
		m.there = m.there || !down || h.RTT() != 0 && now-m.since > settles
		if !m.there || m.gone == down {
			continue
		}
		if m.gone = down; t.config.Missed != nil {
			t.config.Missed(node, down)
		}
	}
}

// lookAtDoubts says whom the node doubts, and whom not any more.
func (t *Trunk) lookAtDoubts() {
	m := t.core.Map()
	for len(t.doubted) < m.Len() {
		t.doubted = append(t.doubted, 0)
	}
	for number := range t.doubted {
		off := m.Off(number)
		if (off > 0) == (t.doubted[number] > 0) {
			continue
		}
		if t.doubted[number] = off; t.config.Doubted != nil {
			t.config.Doubted(m.Node(number).ID, m.Node(number).Place, off)
		}
	}
}

// freeIndex returns a random index that no key has.
func (t *Trunk) freeIndex() uint32 {
	var b [4]byte
	for {
		_, _ = crand.Read(b[:]) // never fails (crypto/rand, Go 1.24)
		if i := binary.BigEndian.Uint32(b[:]) >> 8; t.keys[i] == nil {
			return i
		}
	}
}
