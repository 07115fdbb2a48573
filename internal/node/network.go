package node

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/api"
	"github.com/stoa-audio/stoa/internal/hub"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/directory"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/overlay/link"
	"github.com/stoa-audio/stoa/internal/region"
	"github.com/stoa-audio/stoa/internal/signal"
	"github.com/stoa-audio/stoa/internal/spread"
)

// self returns this node's name; one in no network has none.
func (n *Node) self() id.Node {
	if n.member == nil {
		return id.Node{}
	}
	return n.member.self.Load().Member.Node
}

// guard is what other nodes are checked by.
func (m *membership) guard() identity.Guard {
	return identity.Guard{Certificate: m.self.Load().Certificate(), Now: time.Now, Store: m.store.Load}
}

// openTrunk opens the way to the other nodes.
func (n *Node) openTrunk(ctx context.Context) error {
	if n.member == nil {
		return nil
	}
	self := n.member.self.Load()
	c := n.config.Network
	addresses, err := n.trunkAddresses()
	if err != nil {
		return err
	}
	advert := directory.Advert{Addresses: addresses, URL: n.config.URL, Fence: c.Fence, Latitude: c.Latitude, Longitude: c.Longitude, Door: n.ownDoor(ctx), Seat: n.isSeat()}
	seeds := c.Seeds
	if len(seeds) == 0 {
		seeds = n.member.seeds()
	}
	n.trunk, err = link.Open(link.Config{
		Listen: c.Listen, Self: self.Member, Advert: advert, Seeds: seeds, Guest: n.place, Log: n.log,
		Guard: n.member.guard, Rulings: n.member.told, Ruled: n.member.ruled, Doubted: n.doubtIt,
		Sign: func(a directory.Advert) (directory.Signed, error) {
			now := n.member.self.Load()
			return a.Sign(now.Chain[0], now.Key)
		},
		Changed: n.changed,
		Missed:  func(node id.Node, gone bool) { go n.missed(node, gone) },
		Serve: func(ctx context.Context, from identity.Member, kind string, s *link.Stream) {
			if err := n.serveStream(ctx, from, kind, s); err != nil {
				n.log.WarnContext(ctx, "a stream of another node is ended", "from", from.Place.String(), "reason", err)
			}
		},
	})
	if err != nil {
		return err
	}
	n.place.Join(n.trunk)
	n.member.doors = n.doors
	go n.keepMember(ctx)
	n.openWays()
	return nil
}

// doubtIt is told which node cannot stand where it says, and how far off that
// is; with 0, that it can again.
func (n *Node) doubtIt(node id.Node, place region.Place, offKM float64) {
	switch {
	case offKM == 0:
		n.doubted.Delete(node)
		go n.spread.Lost(node, false)
		n.log.Info("a node can stand where it says again", "place", place.String())
	case node == n.self():
		n.log.Warn("other nodes measure that this one does not stand where it says, and leave it out: are network.latitude and longitude right?", "off_km", math.Round(offKM))
	default:
		n.doubted.Store(node, offKM)
		go func() { n.send(n.spread.Lost(node, true)) }()
		n.log.Warn("a node cannot stand where it says, and is left out of fenced rooms and of trees", "place", place.String(), "off_km", math.Round(offKM))
	}
}

// isDoubted reports whether a node does not stand where it says.
func (n *Node) isDoubted(node id.Node) bool {
	_, yes := n.doubted.Load(node)
	return yes
}

// trunkAddresses returns where other nodes reach this one: what is configured,
// else as clients do.
func (n *Node) trunkAddresses() ([]netip.AddrPort, error) {
	if len(n.config.Network.Announce) > 0 {
		return n.config.Network.Announce, nil
	}
	_, port, err := net.SplitHostPort(n.config.Network.Listen)
	if err != nil {
		return nil, err
	}
	number, err := net.DefaultResolver.LookupPort(context.Background(), "udp", port)
	if err != nil {
		return nil, err
	}
	announced, err := n.config.announced()
	if err != nil {
		return nil, err
	}
	var out []netip.AddrPort
	for _, a := range announced {
		out = append(out, netip.AddrPortFrom(a, uint16(number))) //nolint:gosec // a port
	}
	return out, nil
}

// reach is how the node of a room reaches others that have people of it.
func (n *Node) reach(watchers *hub.Hub) func(id.Node, func(func()) []spread.Line) spread.Far {
	return func(node id.Node, told func(func()) []spread.Line) spread.Far {
		if n.trunk != nil {
			n.trunk.Mind(node)
		}
		return spread.Reach(node, n.streams, told, func(name id.Room, at id.Node, notice []byte) { n.soundAt(watchers, name, at, notice) }, n.log)
	}
}

// abroad is where the media loop gives voices to for other nodes.
func (n *Node) abroad() func(id.Room, id.Person, []byte) {
	if n.member == nil {
		return nil
	}
	return func(room id.Room, who id.Person, packet []byte) { n.place.Say(room, who, packet) }
}

// missed has the people whose media were at a node that is gone go to others:
// each to another one, so that none is flooded.
func (n *Node) missed(node id.Node, gone bool) {
	moves := n.spread.Lost(node, gone)
	if len(moves) == 0 {
		return
	}
	n.send(moves)
	n.log.Warn("a node with people of our rooms is gone; they are sent to others", "people", len(moves))
}

// send tells people to which node their media connections are to be now.
func (n *Node) send(moves []spread.Move) {
	for _, m := range moves {
		to := m.To
		if m.Why != signal.MoveSwitched {
			to = n.another(m.From, m.Session, m.Fence)
		}
		n.api.Move(m.Room, m.Who, m.Session, to, m.Why)
	}
}

// another returns the node inside a fence that takes a session whose node is
// gone: of those in the same region if there are any, else of all, chosen by
// rendezvous hashing; if there is none, this one.
func (n *Node) another(gone id.Node, session id.Session, fence region.Fence) (best id.Node) {
	var where string // the one that is gone was
	if one := n.trunk.Node(gone); one != nil {
		where = one.Place.Region
	}
	var most uint64
	ok, near := false, false
	for _, one := range n.trunk.Nodes() {
		if one.Node == gone || one.Leaving || n.spread.IsLost(one.Node) || n.isDoubted(one.Node) || !fence.Allows(one.Place) {
			continue
		}
		here := one.Place.Region == where
		weight := weightOf(one.Node, session)
		if !ok || here && !near || here == near && weight > most {
			best, most, near, ok = one.Node, weight, here, true
		}
	}
	if !ok {
		return n.self()
	}
	return best
}

// weightOf is by how much a node is preferred for a session (rendezvous
// hashing): when a node is gone, its people turn to all others alike.
func weightOf(node id.Node, session id.Session) uint64 {
	sum := sha256.Sum256(append(node[:], session[:]...))
	return binary.BigEndian.Uint64(sum[:])
}

// stand is where this node stands; nowhere in no network.
func (n *Node) stand() region.Place {
	if n.member == nil {
		return region.Place{}
	}
	return n.member.self.Load().Member.Place
}

// stands returns where another node stands; not ok when that is not known, or
// cannot be what it says.
func (n *Node) stands(node id.Node) (region.Place, bool) {
	if n.trunk == nil || n.isDoubted(node) {
		return region.Place{}, false
	}
	if one := n.trunk.Node(node); one != nil {
		return one.Place, true
	}
	return region.Place{}, false
}

// standsOrSelf is the same for this node, too.
func (n *Node) standsOrSelf(node id.Node) (region.Place, bool) {
	if node == n.self() {
		return n.stand(), n.member != nil
	}
	return n.stands(node)
}

// regions are those of the network, this node's first.
func (n *Node) regions() []string {
	if n.member == nil {
		return nil
	}
	out := []string{n.stand().Region}
	for _, ca := range n.member.self.Load().Regions {
		if _, name, err := identity.RegionOf(ca); err == nil && name != out[0] {
			out = append(out, name)
		}
	}
	return out
}

// nodes are those inside a fence at which a session's media may be, the preferred
// first: none when this is the only one.
func (n *Node) nodes(fence region.Fence, session id.Session) []api.NodeAt {
	if n.trunk == nil {
		return nil
	}
	known := n.trunk.Nodes()
	if len(known) < 2 {
		return nil
	}
	var out []api.NodeAt
	for _, one := range known {
		there := one.Node == n.self() || n.trunk.Linked(one.Node)
		if one.Leaving || !there || n.spread.IsLost(one.Node) || n.isDoubted(one.Node) || !fence.Allows(one.Place) {
			continue
		}
		out = append(out, api.NodeAt{ID: one.Node, Region: one.Place.Region, Operator: one.Place.Operator, URL: one.URL, Here: one.Node == n.self()})
	}
	slices.SortFunc(out, func(a, b api.NodeAt) int { return cmp.Compare(weightOf(b.ID, session), weightOf(a.ID, session)) })
	return out
}
