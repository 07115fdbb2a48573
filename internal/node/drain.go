package node

import (
	"context"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/directory"
	"github.com/stoa-audio/stoa/internal/overlay/relay"
)

// How people leave a node that is about to stop.
const (
	drainLook  = 100 * time.Millisecond
	drainLeast = 2 * time.Second  // until ways around the node are found
	drainShare = 20               // so many turns for all of its people
	drainMost  = 100              // people in one turn
	drainAgain = 5 * time.Second  // whoever is still there then is told again
	drainOwn   = 10 * time.Second // for people of our own rooms, which may have nowhere to go
)

// Drain has the node say that it is about to stop, and waits until no people of
// other nodes' rooms are left here, and none of its own that can go elsewhere, for
// as long as the operator allows at most, or until ctx ends. It returns how many
// are left. A node in no network has none and returns at once.
func (n *Node) Drain(ctx context.Context) (left int) {
	if n.trunk == nil || n.config.Network.Drain == 0 || len(n.trunk.Nodes()) < 2 {
		return 0
	}
	n.ready.Store(false)
	ctx, cancel := context.WithTimeout(ctx, n.config.Network.Drain)
	defer cancel()
	if err := n.trunk.Say(func(a *directory.Advert) { a.Leaving = true }); err != nil {
		n.log.ErrorContext(ctx, "the other nodes are not told that this one is about to stop", "error", err)
		return n.place.Guests()
	}
	n.trunk.Do(func(now time.Duration, core *relay.Node) { core.Leave(now) })
	n.log.InfoContext(ctx, "leaving", "people", n.place.Guests(), "at_most", n.config.Network.Drain)
	own := n.emptySelf(ctx)
	least := time.After(drainLeast)
	tick := time.NewTicker(drainLook)
	defer tick.Stop()
	for n.place.Guests() > 0 || least != nil || own != nil {
		select {
		case <-own:
			own = nil
		case <-ctx.Done():
			if left = n.place.Guests(); left > 0 {
				n.log.WarnContext(ctx, "people are still here", "people", left)
			}
			return left
		case <-least:
			least = nil
		case <-tick.C:
		}
	}
	return 0
}

// emptySelf sends people of our own rooms to other nodes, where a deputy goes on
// with the rooms: only who sits elsewhere hears no gap then. What it returns is
// closed when that is done, as far as it can be, and nil without a deputy.
func (n *Node) emptySelf(ctx context.Context) <-chan struct{} {
	if _, ok := n.house.Deputy(); !ok {
		return nil
	}
	done := make(chan struct{})
	ctx, cancel := context.WithTimeout(ctx, drainOwn)
	go n.empty(ctx, n.self())
	go func() {
		defer close(done)
		defer cancel()
		tick := time.NewTicker(drainLook)
		defer tick.Stop()
		for n.spread.At(n.self()) > 0 {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return done
}

// changed is told that something is known of a node (link.Config.Changed).
func (n *Node) changed() {
	select {
	case n.news <- struct{}{}:
	default:
	}
}

// watchLeaving has people of our rooms leave the nodes that are about to stop.
func (n *Node) watchLeaving(ctx context.Context) {
	ended, emptying := make(chan id.Node), make(map[id.Node]bool)
	for {
		select {
		case <-ctx.Done():
			return
		case node := <-ended:
			delete(emptying, node)
		case <-n.news:
			for _, one := range n.trunk.Nodes() {
				if !one.Leaving || one.Node == n.self() || emptying[one.Node] {
					continue
				}
				emptying[one.Node] = true
				go func() {
					n.empty(ctx, one.Node)
					select {
					case ended <- one.Node:
					case <-ctx.Done():
					}
				}()
			}
		}
	}
}

// empty sends the people of our rooms away from a node in turns, each to another
// one, so that neither it nor the others have all of them at once.
func (n *Node) empty(ctx context.Context, node id.Node) {
	tick := time.NewTicker(drainLook)
	defer tick.Stop()
	told, since, all := make(map[id.Session]bool), time.Now(), 0
	for n.isLeaving(node) && !n.spread.IsLost(node) {
		some := min(max(n.spread.At(node)/drainShare, 1), drainMost)
		moves := n.spread.Leaving(node, told, some)
		n.send(moves)
		if all += len(moves); len(moves) == 0 && all > 0 {
			n.log.InfoContext(ctx, "people of our rooms are sent away from a node that is about to stop", "people", all)
			all = 0
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if time.Since(since) > drainAgain {
			clear(told)
			since = time.Now()
		}
	}
}

// isLeaving reports whether a node is about to stop.
func (n *Node) isLeaving(node id.Node) bool {
	one := n.trunk.Node(node)
	return one != nil && one.Leaving
}
