package node

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/stoa-audio/stoa/internal/api"
	"github.com/stoa-audio/stoa/internal/hub"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/admission"
	"github.com/stoa-audio/stoa/internal/overlay/directory"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/overlay/link"
	"github.com/stoa-audio/stoa/internal/region"
	"github.com/stoa-audio/stoa/internal/spread"
)

// NetworkDir is where, in the data directory, a node keeps who it is in a
// network of nodes.
const NetworkDir = "network"

// renewEvery is how often a node looks whether its certificate is to be
// renewed.
const renewEvery = time.Hour

// A membership is this node's place in a network.
type membership struct {
	dir    string
	self   atomic.Pointer[admission.Identity]
	office *admission.Office // nil on machines where the network was not made
}

// startNetwork joins a network if there is an invite, takes this node's place
// in it, and opens the door where it was made. A node without one is a network
// of its own, and nothing is opened.
func (n *Node) startNetwork(ctx, work context.Context) error {
	m := &membership{dir: filepath.Join(n.config.Data, NetworkDir)}
	self, err := admission.Load(m.dir)
	if errors.Is(err, admission.ErrNoNetwork) && n.config.Join != "" {
		self, err = join(ctx, m.dir, n.config.Join)
	}
	switch {
	case errors.Is(err, admission.ErrNoNetwork):
		return nil
	case err != nil:
		return fmt.Errorf("network: %w", err)
	}
	m.self.Store(self)
	if m.office, err = admission.OpenOffice(m.dir); err != nil && !errors.Is(err, admission.ErrNoRoll) {
		return fmt.Errorf("network: %w", err)
	}
	if err := m.renew(ctx, time.Now()); err != nil {
		left := time.Until(self.Chain[0].NotAfter)
		if left <= 0 {
			return fmt.Errorf("network: this node's certificate has expired, and it is not renewed: %w; move %s away, and join again by a new invite (stoa network invite)", err, m.dir)
		}
		n.log.WarnContext(ctx, "the certificate is not renewed yet", "left", left.Round(time.Minute), "reason", err)
	}
	n.member = m
	if m.office != nil {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", n.config.Network.Listen)
		if err != nil {
			return fmt.Errorf("network: %w", err)
		}
		go func() {
			if err := m.office.ServeDoor(work, l, time.Now, n.log); err != nil {
				n.failed <- fmt.Errorf("network: %w", err)
			}
		}()
	}
	go n.keepMember(work)
	place := m.self.Load().Member.Place
	n.log.InfoContext(ctx, "in a network of nodes", "region", place.Region, "operator", place.Operator)
	return nil
}

// join makes this machine a node by an invite.
func join(ctx context.Context, dir, invite string) (*admission.Identity, error) {
	token, err := identity.ParseToken(invite, time.Now())
	if err != nil {
		return nil, err
	}
	return admission.Join(ctx, dir, token, time.Now())
}

// renew renews the certificate when it is time.
func (m *membership) renew(ctx context.Context, now time.Time) error {
	self := m.self.Load()
	if self.Chain[0].NotAfter.Sub(now) > identity.NodeLife-identity.RenewAfter {
		return nil
	}
	var newer *admission.Identity
	var err error
	if m.office != nil {
		newer, err = m.office.RenewSelf(now)
	} else {
		newer, err = self.Renew(ctx, m.dir, now)
	}
	if err == nil {
		m.self.Store(newer)
	}
	return err
}

// keepMember renews the certificate for as long as the node runs.
func (n *Node) keepMember(ctx context.Context) {
	t := time.NewTicker(renewEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if err := n.member.renew(ctx, time.Now()); err != nil && ctx.Err() == nil {
			left := time.Until(n.member.self.Load().Chain[0].NotAfter)
			n.log.ErrorContext(ctx, "the certificate is not renewed", "left", left.Round(time.Minute), "reason", err)
		}
	}
}

// self returns this node's name; one in no network has none.
func (n *Node) self() id.Node {
	if n.member == nil {
		return id.Node{}
	}
	return n.member.self.Load().Member.Node
}

// guard is what other nodes are checked by.
func (m *membership) guard(fence region.Fence) identity.Guard {
	self := m.self.Load()
	return identity.Guard{
		Certificate: self.Certificate(), Now: time.Now, Protocol: link.Protocol,
		Store: func() *identity.Store {
			s, err := self.Store(fence, nil)
			if err != nil {
				// It was good when it was loaded. Nobody is trusted by an empty one.
				s, _ = identity.NewStore(self.Root, nil, nil, fence)
			}
			return s
		},
	}
}

// openTrunk opens the way to the other nodes.
func (n *Node) openTrunk() error {
	if n.member == nil {
		return nil
	}
	self := n.member.self.Load()
	c := n.config.Network
	addresses, err := n.trunkAddresses()
	if err != nil {
		return err
	}
	advert := directory.Advert{Addresses: addresses, URL: n.config.URL, Fence: c.Fence, Latitude: c.Latitude, Longitude: c.Longitude, Seat: n.isSeat()}
	if !c.Fence.Allows(self.Member.Place) {
		return fmt.Errorf("%w: network.fence: this node stands at %v, outside of %v", ErrConfig, self.Member.Place, c.Fence)
	}
	var seeds []string
	if n.member.office == nil {
		seeds = []string{self.Door}
	}
	n.trunk, err = link.Open(link.Config{
		Listen: c.Listen, Self: self.Member, Advert: advert, Seeds: seeds, Guest: n.place, Log: n.log,
		Guard: func() identity.Guard { return n.member.guard(c.Fence) },
		Sign: func(a directory.Advert) (directory.Signed, error) {
			now := n.member.self.Load()
			return a.Sign(now.Chain[0], now.Key)
		},
		Missed: func(node id.Node, gone bool) { go n.missed(node, gone) },
		Serve: func(ctx context.Context, from identity.Member, kind string, s *link.Stream) {
			if err := n.serveStream(ctx, from, kind, s); err != nil {
				n.log.WarnContext(ctx, "a stream of another node is ended", "from", from.Place, "reason", err)
			}
		},
	})
	if err != nil {
		return err
	}
	n.place.Join(n.trunk)
	return nil
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
	streams := func(ctx context.Context, to id.Node, kind string) (spread.Stream, error) {
		if n.trunk == nil {
			return nil, spread.ErrNoPlace
		}
		return n.trunk.Stream(ctx, to, kind)
	}
	return func(node id.Node, told func(func()) []spread.Line) spread.Far {
		if n.trunk != nil {
			n.trunk.Mind(node)
		}
		return spread.Reach(node, streams, told, func(name id.Room, at id.Node, notice []byte) { watchers.Tell(name, at, notice) }, n.log)
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
	n.log.Warn("a node with people of our rooms is gone; they are sent to others", "people", len(moves))
	n.send(moves)
}

// send tells people to which node their media connections are to be now.
func (n *Node) send(moves []spread.Move) {
	for _, m := range moves {
		n.api.Move(m.Room, m.Who, m.Session, n.another(m.From, m.Session, m.Fence))
	}
}

// another returns the node inside a fence that takes a session whose node is
// gone: of those in the same region if there are any, else of all, chosen by
// rendezvous hashing; if there is none, this one.
func (n *Node) another(gone id.Node, session id.Session, fence region.Fence) (best id.Node) {
	var where string // the one that is gone was
	known := n.trunk.Nodes()
	for _, one := range known {
		if one.Node == gone {
			where = one.Place.Region
		}
	}
	var most uint64
	ok, near := false, false
	for _, one := range known {
		if one.Node == gone || one.Leaving || n.spread.IsLost(one.Node) || !fence.Allows(one.Place) {
			continue
		}
		here := one.Place.Region == where
		sum := sha256.Sum256(append(one.Node[:], session[:]...))
		weight := binary.BigEndian.Uint64(sum[:])
		if !ok || here && !near || here == near && weight > most {
			best, most, near, ok = one.Node, weight, here, true
		}
	}
	if !ok {
		return n.self()
	}
	return best
}

// stand is where this node stands; nowhere in no network.
func (n *Node) stand() region.Place {
	if n.member == nil {
		return region.Place{}
	}
	return n.member.self.Load().Member.Place
}

// stands returns where another node stands.
func (n *Node) stands(node id.Node) (region.Place, bool) {
	if n.trunk == nil {
		return region.Place{}, false
	}
	for _, one := range n.trunk.Nodes() {
		if one.Node == node {
			return one.Place, true
		}
	}
	return region.Place{}, false
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

// nodes are those inside a fence at which people's media may be: none when this
// is the only one.
func (n *Node) nodes(fence region.Fence) []api.NodeAt {
	if n.trunk == nil {
		return nil
	}
	known := n.trunk.Nodes()
	if len(known) < 2 {
		return nil
	}
	var out []api.NodeAt
	for _, one := range known {
		if one.Leaving || n.spread.IsLost(one.Node) || !fence.Allows(one.Place) {
			continue
		}
		out = append(out, api.NodeAt{ID: one.Node, Region: one.Place.Region, Operator: one.Place.Operator, URL: one.URL, Here: one.Node == n.self()})
	}
	slices.SortFunc(out, func(a, b api.NodeAt) int { return cmp.Compare(a.ID.String(), b.ID.String()) })
	return out
}
