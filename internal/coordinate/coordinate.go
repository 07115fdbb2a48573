// Package coordinate is what the nodes of a region know together, slowly: who
// owns which room, and which nodes there are. It is NATS, with its server in
// the process of the region's seat; the others reach that by
// streams of the trunk, so that certificates and fences hold here too, and
// nothing is to be configured. A region may have NATS servers of its own
// instead. docs/protocol/coordination.md has subjects, buckets and records.
//
// Regions know nothing of each other but what is said on purpose: what goes
// between them has a server of its own beside the region's, in which only the
// subjects below "g." and a link's own inboxes are allowed, and no link to
// another region ever gets at the other one.
//
// Nothing here is quick, and nothing that must be quick may wait for it: who is
// alive is what the trunk says, and what is known of owners is answered from a
// copy in memory, whether anybody else can be reached or not. Not here: who
// ought to own a room, and what becomes of it.
package coordinate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
)

// Kinds of streams between nodes.
const (
	KindClient = "nats/1"  // to the seat, for what is the region's
	KindWorld  = "world/1" // to the seat, for what goes between regions
	KindLeaf   = "leaf/1"  // from the seat of another region to the hub
)

// ServersMax bounds how many servers a region can have.
const ServersMax = 16

// Bounds of what is asked of others.
const (
	callWait = 3 * time.Second
	callsMax = 256 // at once
)

// Why something is refused.
var (
	ErrConfig = errors.New("coordination: configuration")
	// ErrAway means that the region's coordination did not answer in time, or is
	// not there now. What was asked may have been done nevertheless.
	ErrAway = errors.New("the coordination of this region does not answer now")
	// ErrTerm means that somebody has the room by an equal or a later term.
	ErrTerm = errors.New("the room is somebody's by a later term")
	// ErrKey means that a text is no key of a room.
	ErrKey = errors.New("a key takes 1 to 64 of A-Z, a-z, 0-9, - and _")
	// ErrStream means that another node is not let in by a stream of its.
	ErrStream = errors.New("a stream that is not for this node")
)

// A Stream is what nodes are joined by. Close ends what is written; Stop ends
// what is read, and waits for nothing.
type Stream interface {
	io.ReadWriteCloser
	SetDeadline(at time.Time) error
	SetReadDeadline(at time.Time) error
	SetWriteDeadline(at time.Time) error
	Stop()
}

// A Config is what a node's coordination needs.
type Config struct {
	Self    identity.Member
	Version string // of the software
	// Unfenced nodes are known in other regions, too.
	Unfenced bool
	// Seat means that this node has its region's servers. They keep what they
	// know in Dir.
	Seat bool
	Dir  string
	// Dial opens a stream of a kind to the seat, from a node that is not it.
	Dial func(ctx context.Context, kind string) (Stream, error)
	// Hub means that the seats of other regions come to this one. DialHub opens a
	// stream of KindLeaf to there from a seat that is not it; nil when no link
	// to other regions is wanted.
	Hub     bool
	DialHub func(context.Context) (Stream, error)
	// Servers are the region's own, as URLs; then nobody is its seat.
	// Credentials and CA are files, for the servers to know the node by and the
	// other way round; both may be empty.
	Servers         []string
	Credentials, CA string
	Log             *slog.Logger
}

func (c Config) check() error {
	switch {
	case c.Log == nil || c.Self.Place.Check() != nil || c.Self.Node.IsZero():
		return fmt.Errorf("%w: no log, or no name of this node", ErrConfig)
	case len(c.Servers) > ServersMax:
		return fmt.Errorf("%w: more than %d servers", ErrConfig, ServersMax)
	case len(c.Servers) > 0:
		return readable(c.Credentials, c.CA)
	case c.Seat && c.Dir == "":
		return fmt.Errorf("%w: a seat without a directory", ErrConfig)
	case !c.Seat && c.Dial == nil:
		return fmt.Errorf("%w: no way to the seat", ErrConfig)
	case c.Hub && (!c.Seat || c.DialHub != nil):
		return fmt.Errorf("%w: the hub is a seat, and calls no other one", ErrConfig)
	}
	return nil
}

// natsPort is where a server listens whose URL says nothing of it.
const natsPort = "4222"

// Addresses returns the hosts and ports of a region's own servers. What is no URL
// is left out.
func Addresses(servers []string) (out []string) {
	for _, s := range servers {
		if !strings.Contains(s, "://") {
			s = "nats://" + s
		}
		u, err := url.Parse(s)
		if err != nil || u.Hostname() == "" {
			continue
		}
		port := u.Port()
		if port == "" {
			port = natsPort
		}
		out = append(out, net.JoinHostPort(u.Hostname(), port))
	}
	return out
}

// readable makes sure of files now: the client's library would find them missing
// each time that it calls, and tell nobody.
func readable(files ...string) error {
	for _, name := range files {
		if name == "" {
			continue
		}
		if _, err := os.ReadFile(name); err != nil {
			return fmt.Errorf("%w: %w", ErrConfig, err)
		}
	}
	return nil
}

// A Coordinator is a node's part in the coordination of its region.
type Coordinator struct {
	config Config
	log    *slog.Logger
	key    string // by which this node goes

	seat  *seat  // nil on nodes that are not it
	own   *line  // to the region's server
	world *line  // to the one for what goes between regions
	rooms *rooms // what is known of owners
	nodes *nodes // what is known of nodes

	roomsKept, nodesKept *bucket

	calls      chan struct{} // those under way
	announcing chan struct{} // there is something to announce

	cancel context.CancelFunc
	done   sync.WaitGroup
}

// Counts is how the coordination goes.
type Counts struct {
	Connected  bool
	Reconnects uint64
	Watchers   int    // of this node: one for each bucket
	Consumers  int    // at the server, of all nodes, when last asked
	Rooms      int    // whose owner is known here
	Nodes      int    // that are known here
	Malformed  uint64 // records that could not be read
	Refused    uint64 // what the server did not let pass
}

// NodeKey is what a node goes by here: its name, hashed.
func NodeKey(node id.Node) string {
	sum := sha256.Sum256(append([]byte("stoa coordinate node 1\x00"), node[:]...))
	return hex.EncodeToString(sum[:16])
}

// Open begins to take part. A seat starts its server, and fails if that does
// not start; for everything else there is no waiting: what is away is looked
// for until Close.
func Open(c Config) (*Coordinator, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	o := &Coordinator{
		config: c, log: c.Log, key: NodeKey(c.Self.Node), rooms: newRooms(), nodes: newNodes(),
		calls: make(chan struct{}, callsMax), announcing: make(chan struct{}, 1),
	}
	var ctx context.Context
	ctx, o.cancel = context.WithCancel(context.Background())
	var err error
	if c.Seat && len(c.Servers) == 0 {
		if o.seat, err = openSeat(c); err != nil {
			o.cancel()
			return nil, fmt.Errorf("coordination: %w", err)
		}
	}
	if o.own, err = o.connect(ctx, KindClient); err == nil {
		o.world = o.own
		if len(c.Servers) == 0 {
			o.world, err = o.connect(ctx, KindWorld)
		}
	}
	if err == nil {
		err = o.hearNodes()
	}
	if err != nil {
		o.Close()
		return nil, fmt.Errorf("coordination: %w", err)
	}
	o.roomsKept = newBucket(roomsBucket, o.key, o.own, o.rooms, c.Log)
	o.nodesKept = newBucket(nodesBucket, o.key, o.own, o.nodes, c.Log)
	for _, b := range []*bucket{o.roomsKept, o.nodesKept} {
		o.done.Go(func() { b.run(ctx) })
	}
	o.done.Go(func() { o.announce(ctx) })
	return o, nil
}

// Close ends it. What was claimed stays so.
func (o *Coordinator) Close() {
	o.cancel()
	for _, l := range []*line{o.own, o.world} {
		if l != nil {
			l.conn.Close()
		}
	}
	if o.seat != nil {
		o.seat.close()
	}
	o.done.Wait()
}

// Serve is this node's end of a stream that another node has opened. It returns
// when the stream is over; an error means that it was not for this node.
func (o *Coordinator) Serve(ctx context.Context, from identity.Member, kind string, s Stream) error {
	defer s.Stop()
	same := from.Place.Region == o.config.Self.Place.Region
	switch {
	case o.seat == nil:
		return fmt.Errorf("%w: it is not the seat", ErrStream)
	case (kind == KindClient || kind == KindWorld) && same:
		return o.seat.client(ctx, kind, s)
	case kind == KindLeaf && !same && o.config.Hub:
		return o.seat.leaf(ctx, from.Place.Region, s)
	}
	return fmt.Errorf("%w: %s from %v", ErrStream, kind, from.Place)
}

// Counts returns how it goes.
func (o *Coordinator) Counts() Counts {
	c := Counts{
		Connected: o.own.connected.Load(), Reconnects: o.own.reconnects.Load(),
		Rooms: o.rooms.len(), Nodes: o.nodes.len(time.Now()), Refused: o.own.refused.Load(),
		Malformed: o.rooms.malformed.Load() + o.nodes.malformed.Load(),
	}
	if o.world != o.own {
		c.Refused += o.world.refused.Load()
	}
	for _, b := range []*bucket{o.roomsKept, o.nodesKept} {
		if b.watching.Load() {
			c.Watchers++
		}
		c.Consumers += int(b.consumers.Load())
	}
	return c
}

// away says what was not answered, and why.
func away(what string, err error) error {
	if errors.Is(err, nats.ErrReconnectBufExceeded) || errors.Is(err, nats.ErrNoServers) {
		err = errors.New("not connected")
	}
	return fmt.Errorf("%s: %w: %w", what, ErrAway, err)
}
