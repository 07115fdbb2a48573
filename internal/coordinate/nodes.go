package coordinate

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// How nodes say that they are there. It is for the operators' view, and for
// tidying up: who is alive, the trunk knows, and sooner.
const (
	leaseRenew  = 10 * time.Second
	leaseLength = 35 * time.Second
	nodesMax    = 4096
)

// subjectNodes is where unfenced nodes say of themselves what those of other
// regions may know; the key of the node follows.
const subjectNodes = "g.node."

// A Known node is one that has said something of itself not long ago.
type Known struct {
	Notice

	Key string // NodeKey of its name
}

// nodes is what is known of nodes: of the own region by the bucket, of others by
// what they say to all.
type nodes struct {
	mu    sync.Mutex // guards what follows
	known map[string]heard
	own   *Notice // what this node says; nil before Announce

	malformed atomic.Uint64
}

type heard struct {
	Notice

	at time.Time
}

func newNodes() *nodes { return &nodes{known: make(map[string]heard)} }

// begin and complete have nothing to do: who is not named again is forgotten.
func (n *nodes) begin()    {}
func (n *nodes) complete() {}

func (n *nodes) put(key string, value []byte, _ uint64) { n.hear(key, value, "") }

func (n *nodes) drop(key string, _ uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.known, key)
}

// hear takes in what a node says; not if it says that it is in a certain region.
func (n *nodes) hear(key string, value []byte, not string) {
	said, err := parseNotice(value)
	if err != nil || !isKey(key) {
		n.malformed.Add(1)
		return
	}
	if said.Place.Region == not {
		return
	}
	now := time.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.known[key]; !ok && len(n.known) >= nodesMax {
		n.sweep(now)
		if len(n.known) >= nodesMax {
			return
		}
	}
	n.known[key] = heard{said, now}
}

func (n *nodes) sweep(now time.Time) {
	for key, one := range n.known {
		if now.Sub(one.at) > leaseLength {
			delete(n.known, key)
		}
	}
}

func (n *nodes) len(now time.Time) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sweep(now)
	return len(n.known)
}

// Nodes returns who has said something of itself within the last 35 seconds: the
// nodes of this region, and the unfenced ones of others, by their keys.
func (o *Coordinator) Nodes() []Known {
	n := o.nodes
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sweep(time.Now())
	out := make([]Known, 0, len(n.known))
	for key, one := range n.known {
		out = append(out, Known{one.Notice, key})
	}
	slices.SortFunc(out, func(a, b Known) int { return cmp.Compare(a.Key, b.Key) })
	return out
}

// Announce says, again and again until Close, that this node is there, and
// whether it is draining.
func (o *Coordinator) Announce(draining bool) {
	o.nodes.mu.Lock()
	o.nodes.own = &Notice{Place: o.config.Self.Place, Version: o.config.Version, Draining: draining}
	o.nodes.mu.Unlock()
	select {
	case o.announcing <- struct{}{}:
	default:
	}
}

// announce says what Announce has set, when it changes, when the line is there
// again, and before the lease is over.
func (o *Coordinator) announce(ctx context.Context) {
	t := time.NewTicker(leaseRenew)
	defer t.Stop()
	for {
		_, changed := o.own.state()
		o.say(ctx)
		for _, b := range []*bucket{o.roomsKept, o.nodesKept} {
			ask, cancel := context.WithTimeout(ctx, callWait)
			_, _, _ = b.look(ask) // what it finds is counted; what is away is tried again
			cancel()
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-changed:
		case <-o.announcing:
		}
	}
}

func (o *Coordinator) say(ctx context.Context) {
	o.nodes.mu.Lock()
	own := o.nodes.own
	o.nodes.mu.Unlock()
	if own == nil {
		return
	}
	value := own.bytes()
	if o.config.Unfenced {
		_ = o.world.conn.Publish(subjectNodes+o.key, value) // the next one will do
	}
	at, err := o.nodesKept.reached()
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, callWait)
	defer cancel()
	if _, err := at.values.Put(ctx, o.key, value); err != nil && ctx.Err() == nil {
		o.log.DebugContext(ctx, "the region is not told of this node", "reason", away("announce", err))
	}
}

// hearNodes listens to what nodes of other regions say. Nobody there can speak
// for a node of this region.
func (o *Coordinator) hearNodes() error {
	_, err := o.world.conn.Subscribe(subjectNodes+"*", func(m *nats.Msg) {
		o.nodes.hear(strings.TrimPrefix(m.Subject, subjectNodes), m.Data, o.config.Self.Place.Region)
	})
	return err
}
