package node

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/itinerary"
	"github.com/stoa-audio/stoa/internal/overlay/frame"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/overlay/relay"
	"github.com/stoa-audio/stoa/internal/overlay/waybill"
	"github.com/stoa-audio/stoa/internal/signal"
)

// hopsMax is how many nodes an itinerary names, on all of its ways: what it is
// written in has a bound.
const hopsMax = 64

// openWays lets this node ask for ways, and answer, once there is a trunk.
func (n *Node) openWays() {
	n.ways.Store(itinerary.New(itinerary.Config{
		Self: n.self(), Owner: n.place.Owner, Now: time.Now,
		Source: func(room id.Room, owner id.Node) (s relay.Source, ok bool) {
			n.trunk.Ask(func(_ time.Duration, core *relay.Node) { s, ok = core.Source(room, owner) })
			return s, ok
		},
		SourceFor: func(tree frame.Tree, taker id.Node) (s relay.Source, ok bool) {
			n.trunk.Ask(func(_ time.Duration, core *relay.Node) { s, ok = core.SourceFor(tree, taker) })
			return s, ok
		},
		Open: func(ctx context.Context, to id.Node, kind string) (itinerary.Stream, error) {
			return n.trunk.Stream(ctx, to, kind)
		},
		Sign: func(b waybill.Bill) (waybill.Signed, error) {
			self := n.member.self.Load()
			return b.Sign(self.Chain[0], self.Key)
		},
		Check: func(way []waybill.Signed, room id.Room, origin, last id.Node) ([]waybill.Hop, error) {
			return waybill.Check(way, n.member.guard().Store(), room, origin, last, time.Now())
		},
		MayTell: n.mayTell,
	}))
}

// mayTell reports whether a node may know of another, by the fences of both.
func (n *Node) mayTell(to, of id.Node) bool {
	who, whom := n.trunk.Node(to), n.trunk.Node(of)
	return who != nil && whom != nil && whom.MayBeTold(who.Place, who.Fence)
}

// itinerary returns over which nodes voices come to somebody in a room of ours:
// those of the others on the stage, and their own to where others are.
func (n *Node) itinerary(ctx context.Context, room id.Room, who id.Person, stage []id.Person) signal.Itinerary {
	if n.ways.Load() == nil {
		return alone(who, stage)
	}
	at := func(who id.Person) id.Node {
		if node := n.spread.Where(room, who); !node.IsZero() {
			return node
		}
		return n.self()
	}
	type way struct {
		signal.Way

		origin, last id.Node
	}
	var ways []*way
	edge := at(who)
	for _, speaker := range stage {
		origin := at(speaker)
		if speaker == who {
			for _, last := range n.spread.Nodes(room) {
				if last != edge {
					ways = append(ways, &way{signal.Way{Mine: true}, edge, last})
				}
			}
			continue
		}
		i := slices.IndexFunc(ways, func(w *way) bool { return w.origin == origin && !w.Mine })
		if i < 0 {
			i, ways = len(ways), append(ways, &way{origin: origin, last: edge})
		}
		ways[i].Who = append(ways[i].Who, speaker)
	}
	slices.SortStableFunc(ways, func(a, b *way) int {
		return cmp.Or(compareBool(a.Mine, b.Mine), cmp.Compare(a.origin.String(), b.origin.String()), cmp.Compare(a.last.String(), b.last.String()))
	})
	ways = ways[:min(len(ways), signal.WaysMax)]
	var wait sync.WaitGroup
	for _, w := range ways {
		wait.Go(func() { w.Hops = n.hopsOf(ctx, room, w.origin, w.last) })
	}
	wait.Wait()
	out := signal.Itinerary{Ways: []signal.Way{}}
	regions, hops := make(map[string]bool), 0
	for _, w := range ways {
		if hops += len(w.Hops); hops > hopsMax {
			w.Hops = []signal.Hop{}
		}
		for _, hop := range w.Hops {
			regions[hop.Region] = true
		}
		out.Ways = append(out.Ways, w.Way)
	}
	for _, ca := range n.member.self.Load().Regions {
		if _, name, err := identity.RegionOf(ca); err == nil && regions[name] {
			out.Regions = append(out.Regions, ca.Raw)
		}
	}
	return out
}

// hopsOf returns the nodes of a way; none when it is not known now.
func (n *Node) hopsOf(ctx context.Context, room id.Room, origin, last id.Node) []signal.Hop {
	hops := []signal.Hop{}
	way, checked, err := n.ways.Load().At(ctx, last, room, origin)
	if err != nil {
		n.log.DebugContext(ctx, "a way is not known", "reason", err)
		return hops
	}
	for i, hop := range checked {
		hops = append(hops, signal.Hop{
			Node: hop.Node, Region: hop.Place.Region, Operator: hop.Place.Operator, DelayMS: float64(hop.Delay) / float64(time.Millisecond),
			Bill: way[i].Body, Signature: way[i].Signature, Certificate: way[i].Certificate,
		})
	}
	return hops
}

// alone is the itinerary where there is no other node: over this one, which
// signs nothing, since nobody could tell whose key it is.
func alone(who id.Person, stage []id.Person) signal.Itinerary {
	others := slices.DeleteFunc(slices.Clone(stage), func(one id.Person) bool { return one == who })
	out := signal.Itinerary{Ways: []signal.Way{}}
	if len(others) > 0 {
		out.Ways = append(out.Ways, signal.Way{Who: others, Hops: []signal.Hop{{}}})
	}
	return out
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// root is the certificate of the network's root; none in no network.
func (n *Node) root() []byte {
	if n.member == nil {
		return nil
	}
	return n.member.self.Load().Root.Raw
}
