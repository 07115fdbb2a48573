package node

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/stoa-audio/stoa/internal/coordinate"
	"github.com/stoa-audio/stoa/internal/deputy"
	"github.com/stoa-audio/stoa/internal/itinerary"
	"github.com/stoa-audio/stoa/internal/overlay/directory"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/overlay/link"
	"github.com/stoa-audio/stoa/internal/region"
)

// CoordinationDir is where, in the data directory, a region's seat keeps what
// its nodes know together.
const CoordinationDir = "coordinate"

// errNoSeat means that no seat of a region is known.
var errNoSeat = errors.New("no seat of that region is known now")

// The values of coordination.seat.
const (
	seatUsual     = "" // where the network was made
	seatHere      = "here"
	seatElsewhere = "elsewhere"
)

// isSeat reports whether this node has the coordination of its region.
func (n *Node) isSeat() bool {
	c := n.config.Coordination
	return len(c.Servers) == 0 && (c.Seat == seatHere || c.Seat == seatUsual && n.member.founded())
}

// seats returns how many seats of this node's region are known. Where there are
// two, nobody knows which of them is right.
func (n *Node) seats() (count int) {
	for _, one := range n.trunk.Nodes() {
		if one.Seat && one.Place.Region == n.stand().Region {
			count++
		}
	}
	return count
}

// openCoordination begins to take part in what the nodes of the region know
// together. A node in no network has nobody to know it with.
func (n *Node) openCoordination() error {
	if n.member == nil {
		return nil
	}
	self := n.member.self.Load()
	c := coordinate.Config{
		Self: self.Member, Version: Version, Unfenced: n.config.Network.Fence == region.Anywhere,
		Seat: n.isSeat(), Dir: filepath.Join(n.config.Data, CoordinationDir),
		Dial: func(ctx context.Context, kind string) (coordinate.Stream, error) {
			return n.callSeat(ctx, self.Member.Place.Region, kind)
		},
		Servers: n.config.Coordination.Servers, Credentials: n.config.Coordination.Credentials, CA: n.config.Coordination.CA,
		Log: n.log,
	}
	// The links between regions meet at the seat of the network's first one.
	if _, first, err := identity.RegionOf(self.Regions[0]); err != nil {
		return err
	} else if c.Seat && first == self.Member.Place.Region {
		c.Hub = true
	} else if c.Seat {
		c.DialHub = func(ctx context.Context) (coordinate.Stream, error) {
			return n.callSeat(ctx, first, coordinate.KindLeaf)
		}
	}
	o, err := coordinate.Open(c)
	if err != nil {
		return err
	}
	o.Announce(false)
	n.coordinator.Store(o)
	return nil
}

// callSeat opens a stream to the seat of a region: of several, to that with the
// least name, as everybody does.
func (n *Node) callSeat(ctx context.Context, of, kind string) (coordinate.Stream, error) {
	var seat *directory.Node
	for _, one := range n.trunk.Nodes() {
		if one.Seat && one.Place.Region == of && one.Node != n.self() && (seat == nil || string(one.Node[:]) < string(seat.Node[:])) {
			seat = one
		}
	}
	if seat == nil {
		return nil, errNoSeat
	}
	s, err := n.trunk.Stream(ctx, seat.Node, kind)
	if err != nil {
		return nil, err // and no *link.Stream that is nil
	}
	return s, nil
}

// serveStream is this node's end of a stream that another one has opened.
func (n *Node) serveStream(ctx context.Context, from identity.Member, kind string, s *link.Stream) error {
	switch kind {
	case deputy.KindRecords, deputy.KindReturn, deputy.KindKeptOut:
		return n.keeps(ctx, from.Node, kind, s)
	case coordinate.KindClient, coordinate.KindWorld, coordinate.KindLeaf:
		if o := n.coordinator.Load(); o != nil {
			return o.Serve(ctx, from, kind, s)
		}
		s.Stop() // it is not open yet: they will call again
		return nil
	case itinerary.Kind:
		if ways := n.ways.Load(); ways != nil {
			return ways.Serve(ctx, from.Node, s)
		}
	}
	return n.guests.Serve(ctx, from.Node, kind, s)
}
