package link

import (
	"bufio"
	"cmp"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"golang.org/x/time/rate"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/directory"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/overlay/relay"
	"github.com/stoa-audio/stoa/internal/overlay/seal"
	"github.com/stoa-audio/stoa/internal/overlay/topology"
	"github.com/stoa-audio/stoa/internal/region"
)

// How connections are kept.
const (
	handshakeWait = 5 * time.Second
	idleAfter     = 10 * time.Second
	signEvery     = 2 * time.Second // of life
	againMin      = 200 * time.Millisecond
	againMax      = 10 * time.Second
	turnWait      = 2 * time.Second // the greater name waits so long for the lesser one's call
	tendEvery     = 5 * time.Second
	bothCalled    = 10 * time.Second
	skewMax       = time.Minute // beyond, a clock is said to be wrong
	lineMax       = 256 << 10
	streamsMax    = 1024
	startsMax     = 8  // of a peer that are remembered
	unprovenRate  = 50 // handshakes a second before an address must be proven (RFC 9000, section 8.1.2)
)

// Codes by which connections are closed.
const (
	codeEnd    = 0
	codeNewer  = 1 // a newer connection takes its place
	codeNoPeer = 2 // no member, or none that may be spoken to
	codeTwice  = 3 // another machine goes by the same name, and has started later
)

// A peer is a node that this one keeps a connection with.
type peer struct {
	name id.Node

	mu      sync.Mutex // guards the rest
	conn    *quic.Conn
	old     *quic.Conn // the one before, for a few seconds
	member  identity.Member
	fence   region.Fence // theirs
	called  bool         // we have called
	since   time.Time
	boot    uint64
	before  []uint64      // starts that a later one has taken the place of
	version int           // that both speak
	tell    chan struct{} // something is to be told
	told    map[id.Node]uint64
	ruled   int // rulings that were told over this connection
	closing chan struct{}
	changed chan struct{} // closed when conn is another one
}

// A hello is what both ends say first.
type hello struct {
	Boot  uint64       `json:"boot"`  // another one after each start
	Index uint32       `json:"index"` // under which the speaker hears
	Fence region.Fence `json:"fence"` // the speaker speaks to nobody outside
	Clock time.Time    `json:"clock"`
	// Version is the newest that the speaker knows of what is said from here on;
	// 0 is 1. Both speak the lesser one.
	Version int `json:"version,omitempty"`
}

// A line is what follows.
type line struct {
	Hello *hello             `json:"hello,omitempty"`
	Clock time.Time          `json:"clock,omitzero"`
	Nodes []directory.Signed `json:"nodes,omitempty"`
	// Rulings are what the network's authorities say.
	Rulings []identity.Ruling `json:"rulings,omitempty"`
}

// answer begins to answer calls.
func (t *Trunk) answer() error {
	limit := rate.NewLimiter(unprovenRate, unprovenRate)
	t.calls = &quic.Transport{Conn: t.quic, VerifySourceAddress: func(net.Addr) bool { return !limit.Allow() }}
	if key, ok := resetKey(t.config.Guard().Certificate); ok {
		t.calls.StatelessResetKey = &key
	}
	// The configuration is made for each call: certificates are renewed.
	config := &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetConfigForClient: func(caller *tls.ClientHelloInfo) (*tls.Config, error) {
			g := t.guard()
			if !slices.ContainsFunc(g.Protocols, func(p string) bool { return slices.Contains(caller.SupportedProtos, p) }) {
				g.Refused(fmt.Errorf("%w: it speaks %s, this node %s", errVersion, protocols(caller.SupportedProtos), protocols(g.Protocols)))
				return nil, errVersion
			}
			return g.Listen(), nil
		},
	}
	l, err := t.calls.Listen(config, t.quicConfig())
	if err != nil {
		return fmt.Errorf("trunk: %w", err)
	}
	t.done.Go(func() {
		for {
			conn, err := l.Accept(t.ctx)
			if err != nil {
				return
			}
			t.done.Go(func() { t.answered(conn) })
		}
	})
	return nil
}

func (t *Trunk) quicConfig() *quic.Config {
	return &quic.Config{
		HandshakeIdleTimeout: handshakeWait, MaxIdleTimeout: idleAfter,
		InitialPacketSize: 1200, DisablePathMTUDiscovery: true, MaxIncomingStreams: streamsMax, MaxIncomingUniStreams: -1,
	}
}

// resetKey is the same after a restart, so that a node that has started anew
// can say at once that a connection is gone (RFC 9000, section 10.3).
func resetKey(c tls.Certificate) (key quic.StatelessResetKey, ok bool) {
	private, ok := c.PrivateKey.(interface{ Bytes() ([]byte, error) })
	if !ok {
		return key, false
	}
	secret, err := private.Bytes()
	if err != nil {
		return key, false
	}
	b, err := hkdf.Key(sha256.New, secret, nil, "stoa stateless reset", len(key))
	copy(key[:], b)
	return key, err == nil
}

// answered takes a call of another node.
func (t *Trunk) answered(conn *quic.Conn) {
	if err := t.meet(conn, false); err != nil {
		t.refuse(conn, err)
	}
}

// refuse ends a connection that nothing comes of, and says why.
func (t *Trunk) refuse(conn *quic.Conn, err error) {
	if t.closed() {
		return
	}
	t.countRefusal(err)
	t.log.Warn("a node is refused", "reason", err)
	code := quic.ApplicationErrorCode(codeNoPeer)
	if errors.Is(err, errTwice) {
		code = codeTwice
	}
	_ = conn.CloseWithError(code, "")
}

// errTwice means that two machines go by one name: only the one that has
// started last is spoken to.
var errTwice = errors.New("another machine goes by the same name, and has started later")

// isTwice reports whether a connection was ended by the other end since it
// speaks to another machine of this node's name, and says so.
func (t *Trunk) isTwice(err error) bool {
	end, ok := errors.AsType[*quic.ApplicationError](err)
	if !ok || !end.Remote || end.ErrorCode != codeTwice {
		return false
	}
	t.log.Error("another machine goes by this node's name and has started later: other nodes speak to that one; was the data directory copied?")
	return true
}

// errVersion means that two nodes have no version of the protocol in common.
var errVersion = errors.New("of another version")

// protocols writes down what a node offers: our own names alone, for the others
// are whatever somebody likes to have in the log.
func protocols(offered []string) string {
	var known []string
	for _, p := range offered {
		if version, ok := strings.CutPrefix(p, protocolPrefix); ok && len(known) < 8 {
			if n, err := strconv.ParseUint(version, 10, 16); err == nil {
				known = append(known, protocolPrefix+strconv.FormatUint(n, 10))
			}
		}
	}
	if len(known) == 0 {
		return "nothing that is known here"
	}
	return strings.Join(known, ", ")
}

// guard is what other nodes are checked by, and who is told of those refused.
func (t *Trunk) guard() identity.Guard {
	g := t.config.Guard()
	g.Protocols = Protocols
	g.Refused = func(err error) {
		t.countRefusal(err)
		t.log.Warn("a node is refused", "reason", err)
	}
	return g
}

func (t *Trunk) countRefusal(err error) {
	if errors.Is(err, identity.ErrOutside) {
		t.Counts.Outside.Add(1)
	} else {
		t.Counts.Denied.Add(1)
	}
}

// meet exchanges hellos over a new connection, takes the keys from it, and
// begins to use them.
func (t *Trunk) meet(conn *quic.Conn, called bool) error {
	ctx, cancel := context.WithTimeout(t.ctx, handshakeWait)
	defer cancel()
	state := conn.ConnectionState().TLS
	guard := t.config.Guard()
	member, err := guard.Store().Verify(state.PeerCertificates, guard.Now())
	if err != nil {
		return err
	}
	if member.Node == t.config.Self.Node {
		return errors.New("it bears the name of this node")
	}
	material, err := state.ExportKeyingMaterial(seal.Label, nil, seal.MaterialSize)
	if err != nil {
		return err
	}
	seals, opens, err := seal.Keys(material)
	if err != nil {
		return err
	}
	if !called {
		seals, opens = opens, seals
	}
	index, ok := t.expect(opens)
	if !ok {
		return ErrClosed
	}
	control, theirs, lines, err := t.greet(ctx, conn, called, index)
	if err != nil {
		t.drop(index)
		return fmt.Errorf("%v: %w", member.Place, err)
	}
	if !theirs.Fence.Allows(t.config.Self.Place) {
		t.drop(index)
		return fmt.Errorf("%v: %w: this node is outside its fence", member.Place, identity.ErrOutside)
	}
	if skew := guard.Now().Sub(theirs.Clock); skew.Abs() > skewMax {
		t.log.Warn("the clocks of two nodes differ: is one wrong?", "other", member.Place.String(), "by", skew.Round(time.Second))
	}
	address, ok := conn.RemoteAddr().(*net.UDPAddr)
	if !ok {
		return errors.New("no UDP address")
	}
	from := address.AddrPort()
	p, ok, err := t.take(conn, member, theirs, called)
	if err != nil {
		t.drop(index)
		return fmt.Errorf("%v: %w", member.Place, err)
	}
	if !ok { // the other connection of the two is kept
		t.drop(index)
		_ = conn.CloseWithError(codeNewer, "")
		return nil
	}
	fine := t.pair(pairing{
		node: t.known(member), member: member, boot: theirs.Boot,
		addr:  netip.AddrPortFrom(from.Addr().Unmap(), from.Port()),
		seals: seals, theirs: theirs.Index & seal.IndexMax, ours: index, certificate: state.PeerCertificates[0].NotAfter,
	})
	if !fine {
		return fmt.Errorf("%v is %w", member.Place, identity.ErrOutside)
	}
	t.done.Go(func() { t.gossip(p, conn, control) })
	t.done.Go(func() { t.listen(p, conn, lines) })
	t.done.Go(func() { t.serve(conn, member) })
	p.remind()
	return nil
}

// greet opens the control stream and exchanges hellos over it.
func (t *Trunk) greet(ctx context.Context, conn *quic.Conn, called bool, index uint32) (control *quic.Stream, theirs hello, lines *bufio.Scanner, err error) {
	if called {
		control, err = conn.OpenStreamSync(ctx)
	} else {
		control, err = conn.AcceptStream(ctx)
	}
	if err != nil {
		return nil, theirs, nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = control.SetDeadline(deadline)
	}
	ours := hello{Boot: t.boot, Index: index, Fence: t.fence, Clock: t.config.Guard().Now(), Version: Version}
	if err := say(control, line{Hello: &ours}); err != nil {
		return nil, theirs, nil, err
	}
	lines = bufio.NewScanner(control)
	lines.Buffer(make([]byte, 0, 4096), lineMax)
	var first line
	if !lines.Scan() {
		// How the other end has ended the connection says more.
		return nil, theirs, nil, fmt.Errorf("no hello: %w", cmp.Or(context.Cause(conn.Context()), lines.Err(), io.EOF))
	}
	if json.Unmarshal(lines.Bytes(), &first) != nil || first.Hello == nil || first.Hello.Boot == 0 {
		return nil, theirs, nil, errors.New("no hello")
	}
	_ = control.SetDeadline(time.Time{})
	return control, *first.Hello, lines, nil
}

func say(w io.Writer, l line) error {
	b, err := json.Marshal(l)
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

// known is a node as the map is to have it. Whether it is about to stop, its beats
// say, and ways around it are looked for when they do.
func (t *Trunk) known(m identity.Member) topology.Node {
	n := topology.Node{ID: m.Node, Place: m.Place}
	t.mu.Lock()
	defer t.mu.Unlock()
	if d := t.directory.Node(m.Node); d != nil {
		n.Latitude, n.Longitude = d.Latitude, d.Longitude
	}
	return n
}

// take makes conn the connection with a peer. It is not ok when there is a
// better one: when both have called, the lesser name's call holds.
func (t *Trunk) take(conn *quic.Conn, m identity.Member, theirs hello, called bool) (_ *peer, ok bool, err error) {
	p := t.peer(m.Node)
	if p == nil {
		return nil, false, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if slices.Contains(p.before, theirs.Boot) {
		// A node that has started anew does not come back as it was: this is a
		// second machine with the same directory.
		return nil, false, errTwice
	}
	lesser := called == less(t.config.Self.Node, m.Node)
	if p.conn != nil && p.conn.Context().Err() == nil && p.boot == theirs.Boot && time.Since(p.since) < bothCalled && !lesser {
		return nil, false, nil
	}
	anew := p.boot != 0 && p.boot != theirs.Boot
	if anew {
		if p.before = append(p.before, p.boot); len(p.before) > startsMax {
			p.before = p.before[1:]
		}
	}
	if old := p.conn; old != nil && anew {
		// Nobody is there any more, or a machine that has to be told.
		_ = old.CloseWithError(codeTwice, "")
	} else if old != nil {
		p.old = old
		time.AfterFunc(oldKeys, func() {
			_ = old.CloseWithError(codeNewer, "")
			p.mu.Lock()
			defer p.mu.Unlock()
			if p.old == old {
				p.old = nil
			}
		})
	}
	p.conn, p.member, p.fence, p.called, p.since, p.boot = conn, m, theirs.Fence, called, time.Now(), theirs.Boot
	p.version = min(max(theirs.Version, 1), Version)
	p.told, p.ruled = make(map[id.Node]uint64), 0
	close(p.changed)
	p.changed = make(chan struct{})
	return p, true, nil
}

func less(a, b id.Node) bool { return string(a[:]) < string(b[:]) }

// peer returns a peer, and begins to keep a connection with one that is new.
func (t *Trunk) peer(name id.Node) *peer {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.peers[name]
	if p == nil && !t.closed() && name != t.config.Self.Node && len(t.peers) < directory.NodesMax {
		p = &peer{name: name, tell: make(chan struct{}, 1), closing: make(chan struct{}), changed: make(chan struct{})}
		t.peers[name] = p
		t.done.Go(func() { t.keep(p) })
	}
	return p
}

// connection returns the peer's connection, nil when there is none.
func (p *peer) connection() (conn *quic.Conn, called bool, since time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != nil && p.conn.Context().Err() != nil {
		return nil, false, time.Time{}
	}
	return p.conn, p.called, p.since
}

func (p *peer) remind() {
	select {
	case p.tell <- struct{}{}:
	default:
	}
}

// end ends the connection with a peer that is not one any more.
func (p *peer) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.closing:
		return
	default:
	}
	close(p.closing)
	for _, conn := range []*quic.Conn{p.conn, p.old} {
		if conn != nil {
			_ = conn.CloseWithError(codeEnd, "")
		}
	}
}

// keep keeps a connection with a peer: who has the lesser name calls, the other
// one only when nobody has called for a while.
func (t *Trunk) keep(p *peer) {
	again := againMin
	lesser := less(t.config.Self.Node, p.name)
	for {
		conn, called, since := p.connection()
		p.mu.Lock()
		changed := p.changed
		p.mu.Unlock()
		if conn != nil {
			wait := time.Until(since.Add(renewAfter))
			if !called {
				wait = keysHold
			}
			timer := time.NewTimer(wait)
			select {
			case <-p.closing:
				timer.Stop()
				return
			case <-changed:
				timer.Stop()
				continue
			case <-conn.Context().Done():
				timer.Stop()
				again = againMin
				if t.isTwice(context.Cause(conn.Context())) {
					again = againMax
				}
			case <-timer.C:
			}
		}
		wait := again
		if !lesser && conn == nil {
			wait = max(wait, turnWait)
		}
		again = min(again*2, againMax)
		jitter := time.Duration(rand.Int64N(int64(wait)/4 + 1)) //nolint:gosec // no secret
		if lesser && again == 2*againMin {
			wait = 0 // the first call is made at once
		}
		select {
		case <-p.closing:
			return
		case <-changed:
			again = againMin
			continue
		case <-time.After(wait + jitter):
		}
		t.call(p)
	}
}

// call calls a peer at each of its addresses, until one answers.
func (t *Trunk) call(p *peer) {
	t.mu.Lock()
	d := t.directory.Node(p.name)
	t.mu.Unlock()
	if d == nil {
		return
	}
	if !t.fence.Allows(d.Place) {
		t.Counts.Kept.Add(1)
		return
	}
	for _, address := range d.Addresses {
		t.traffic.meets(d.Member, address, false)
		if t.callAt(net.UDPAddrFromAddrPort(address), p.name) == nil {
			return
		}
	}
}

// callAt calls a node at an address; with the zero name, whichever answers.
func (t *Trunk) callAt(address *net.UDPAddr, name id.Node) error {
	ctx, cancel := context.WithTimeout(t.ctx, handshakeWait)
	defer cancel()
	conn, err := t.calls.Dial(ctx, address, t.guard().Call(name), t.quicConfig())
	if err != nil {
		t.log.Debug("a node does not answer", "reason", err)
		return err
	}
	if err := t.meet(conn, true); err != nil {
		t.refuse(conn, err)
		return err
	}
	return nil
}

// --- the directory ---

// Say changes what this node says of itself, and tells everybody.
func (t *Trunk) Say(change func(*directory.Advert)) error {
	t.mu.Lock()
	change(&t.advert)
	t.advert.Number = max(t.advert.Number+1, uint64(time.Now().UnixMilli())) //nolint:gosec // after 1970
	if own := t.directory.Node(t.config.Self.Node); own != nil {
		t.advert.Number = max(t.advert.Number, own.Number+1)
	}
	signed, err := t.config.Sign(t.advert)
	if err == nil {
		_, err = t.directory.Take(signed, t.config.Guard().Now())
	}
	t.mu.Unlock()
	if err == nil {
		t.remindAll()
	}
	return err
}

func (t *Trunk) remindAll() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.peers {
		p.remind()
	}
}

// gossip tells a peer of the nodes that it may know, whenever there is news, and
// gives signs of life. Those are long enough for a peer that has started anew to
// say that it knows nothing of the connection (RFC 9000, section 10.3): QUIC's
// own are not.
func (t *Trunk) gossip(p *peer, conn *quic.Conn, control *quic.Stream) {
	alive := time.NewTicker(signEvery)
	defer alive.Stop()
	for {
		select {
		case <-conn.Context().Done():
			return
		case <-alive.C:
			_ = control.SetWriteDeadline(time.Now().Add(idleAfter))
			if say(control, line{Clock: time.Now()}) != nil {
				return
			}
		case <-p.tell:
		}
		for _, one := range t.rulings(p, conn) {
			_ = control.SetWriteDeadline(time.Now().Add(idleAfter))
			if say(control, line{Rulings: []identity.Ruling{one}}) != nil {
				return
			}
		}
		for _, one := range t.news(p, conn) {
			_ = control.SetWriteDeadline(time.Now().Add(idleAfter))
			if say(control, line{Nodes: []directory.Signed{one}}) != nil {
				return
			}
		}
	}
}

// rulings returns those that a peer has not been told over this connection.
func (t *Trunk) rulings(p *peer, conn *quic.Conn) []identity.Ruling {
	if t.config.Rulings == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != conn {
		return nil
	}
	list, next := t.config.Rulings(p.fence, p.ruled)
	p.ruled = next
	return list
}

// Ruled says that there are rulings that were not there before: who is not
// trusted any more is cut off now, and everybody is told.
func (t *Trunk) Ruled() {
	t.remindAll()
	t.sweep()
}

// news returns what a peer has not been told over this connection.
func (t *Trunk) news(p *peer, conn *quic.Conn) []directory.Signed {
	t.mu.Lock()
	defer t.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != conn {
		p.remind() // the newer connection's goroutine is meant
		return nil
	}
	var out []directory.Signed
	for _, n := range t.directory.All() {
		if n.Node != p.name && n.MayBeTold(p.member.Place, p.fence) && p.told[n.Node] < n.Number {
			p.told[n.Node] = n.Number
			out = append(out, n.Signed)
		}
	}
	return out
}

// listen takes in what a peer tells.
func (t *Trunk) listen(p *peer, conn *quic.Conn, lines *bufio.Scanner) {
	for lines.Scan() {
		var l line
		if json.Unmarshal(lines.Bytes(), &l) != nil {
			t.refuse(conn, errors.New("a line that cannot be read"))
			return
		}
		for _, ruling := range l.Rulings {
			t.rule(ruling)
		}
		for _, signed := range l.Nodes {
			t.learn(p, signed)
		}
	}
}

// rule takes in a ruling that a peer passes on.
func (t *Trunk) rule(r identity.Ruling) {
	if t.config.Ruled == nil {
		return
	}
	news, err := t.config.Ruled(r)
	if err != nil {
		t.log.Warn("what another node says of the network's members does not count", "reason", err)
	}
	if news {
		t.Ruled()
	}
}

// learn takes in an advert that a peer passes on.
func (t *Trunk) learn(p *peer, signed directory.Signed) {
	t.mu.Lock()
	node, err := t.directory.Take(signed, t.config.Guard().Now())
	t.mu.Unlock()
	switch {
	case err != nil:
		t.log.Debug("an advert is refused", "reason", err)
		return
	case node == nil:
		return
	}
	p.mu.Lock()
	if p.told != nil {
		p.told[node.Node] = node.Number
	}
	p.mu.Unlock()
	if node.Node == t.config.Self.Node {
		// Ours, from before a restart, and newer by a clock that was ahead.
		_ = t.Say(func(*directory.Advert) {})
		return
	}
	known := t.known(node.Member)
	t.Do(func(now time.Duration, core *relay.Node) { core.Know(now, known) })
	t.peer(node.Node)
	t.remindAll()
	if t.config.Changed != nil {
		t.config.Changed()
	}
}

// Node returns a node that is known, which may be this one, or nil.
func (t *Trunk) Node(name id.Node) *directory.Node {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.directory.Node(name)
}

// Nodes returns the nodes that are known, this one among them.
func (t *Trunk) Nodes() []*directory.Node {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.directory.All()
}

// tend looks after nodes: who is not trusted any more goes, and where there is
// nobody the seeds are called.
func (t *Trunk) tend() {
	tick := time.NewTicker(tendEvery)
	defer tick.Stop()
	for {
		t.sow()
		select {
		case <-t.ctx.Done():
			return
		case <-tick.C:
		}
		t.sweep()
	}
}

// sweep cuts the links to nodes that are not trusted any more.
func (t *Trunk) sweep() {
	guard := t.config.Guard()
	store, now := guard.Store(), guard.Now()
	t.mu.Lock()
	gone := make(map[id.Node]error)
	for _, name := range t.directory.Sweep(now) {
		gone[name] = nil
	}
	for name, p := range t.peers { // also of whom no advert has come
		if conn, _, _ := p.connection(); conn != nil {
			if _, err := store.Verify(conn.ConnectionState().TLS.PeerCertificates, now); err != nil {
				gone[name] = err
			}
		}
	}
	var ended []*peer
	for name := range gone {
		if p := t.peers[name]; p != nil {
			ended = append(ended, p)
			delete(t.peers, name)
		}
	}
	t.mu.Unlock()
	for _, p := range ended {
		p.end()
		t.post(func(time.Duration) {
			if number, ok := t.core.Map().Find(p.name); ok && number > 0 && number < len(t.neighbours) {
				t.silence(number)
			}
		})
		t.log.Warn("a node is not trusted any more, and its link is cut", "reason", gone[p.name])
	}
	if len(gone) > 0 && t.config.Changed != nil {
		t.config.Changed()
	}
}

// sow calls the seeds when there is no connection to anybody.
func (t *Trunk) sow() {
	t.mu.Lock()
	peers := make([]*peer, 0, len(t.peers))
	for _, p := range t.peers {
		peers = append(peers, p)
	}
	t.mu.Unlock()
	for _, p := range peers {
		if conn, _, _ := p.connection(); conn != nil {
			return
		}
	}
	for _, seed := range t.config.Seeds {
		address, err := net.ResolveUDPAddr("udp", seed)
		if err != nil {
			t.log.Warn("the address of a node to begin with is not found", "error", err)
			continue
		}
		t.traffic.seeks(address.AddrPort())
		if t.callAt(address, id.Node{}) == nil {
			return
		}
	}
}

// --- streams ---

// A Stream is a stream between two nodes. Close ends its writing half.
type Stream struct{ *quic.Stream }

// Stop ends what is read, and waits for nothing that is written; what was
// written before still goes out.
func (s *Stream) Stop() {
	s.CancelRead(codeEnd)
	_ = s.SetDeadline(time.Unix(1, 0))
}

// kindMax is the length of a stream's kind.
const kindMax = 32

// Stream opens a stream of some kind to a node.
func (t *Trunk) Stream(ctx context.Context, to id.Node, kind string) (*Stream, error) {
	t.mu.Lock()
	p := t.peers[to]
	t.mu.Unlock()
	if p == nil {
		return nil, ErrNoLink
	}
	conn, _, _ := p.connection()
	if conn == nil {
		return nil, ErrNoLink
	}
	s, err := conn.OpenStreamSync(ctx)
	if err != nil {
		return nil, errors.Join(ErrNoLink, err)
	}
	if _, err := s.Write(append([]byte{byte(len(kind))}, kind...)); err != nil {
		return nil, errors.Join(ErrNoLink, err)
	}
	return &Stream{s}, nil
}

// serve takes the streams that a peer opens.
func (t *Trunk) serve(conn *quic.Conn, from identity.Member) {
	for {
		s, err := conn.AcceptStream(t.ctx)
		if err != nil {
			return
		}
		t.done.Go(func() {
			defer func() { _ = s.Close() }()
			_ = s.SetReadDeadline(time.Now().Add(handshakeWait))
			var kind [kindMax]byte
			var size [1]byte
			_, err := io.ReadFull(s, size[:])
			if err != nil || size[0] > kindMax {
				s.CancelRead(codeNoPeer)
				return
			}
			if _, err = io.ReadFull(s, kind[:size[0]]); err != nil || t.config.Serve == nil {
				s.CancelRead(codeNoPeer)
				return
			}
			_ = s.SetReadDeadline(time.Time{})
			t.config.Serve(conn.Context(), from, string(kind[:size[0]]), &Stream{s})
		})
	}
}

// Linked reports whether there is a connection to a node now.
func (t *Trunk) Linked(node id.Node) bool {
	t.mu.Lock()
	p := t.peers[node]
	t.mu.Unlock()
	if p == nil {
		return false
	}
	conn, _, _ := p.connection()
	return conn != nil
}
