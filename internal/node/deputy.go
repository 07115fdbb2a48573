package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stoa-audio/stoa/internal/api"
	"github.com/stoa-audio/stoa/internal/deputy"
	"github.com/stoa-audio/stoa/internal/grant"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/room/live"
	"github.com/stoa-audio/stoa/internal/spread"
)

// handWait bounds how long a node that stops waits for its deputy to go on.
const handWait = 3 * time.Second

// openDeputies makes this node a house that may have a deputy, and a deputy for
// others. In no network it is neither.
func (n *Node) openDeputies(ctx context.Context, s secret) (err error) {
	if n.trunk == nil {
		return nil
	}
	key, err := s.key("tickets")
	if err != nil {
		return err
	}
	n.keeper, err = deputy.NewKeeper(ctx, deputy.KeeperConfig{
		Self: n.self(), Store: n.store, Arbiter: n.arbiter(), May: n.alike,
		Take: func(ctx context.Context, p deputy.Pair, records []live.Record) error {
			return n.adopt(ctx, p.House, records)
		},
		Yield:  func(names []id.Room) { n.rooms.HandOver(names) },
		PutOut: n.putOut,
		Log:    n.log,
	})
	if err != nil {
		return err
	}
	n.house, err = deputy.NewHouse(ctx, deputy.HouseConfig{
		Self: n.self(), URL: n.config.URL, Key: key, Store: n.store, Arbiter: n.arbiter(),
		Streams: func(ctx context.Context, to id.Node, kind string) (deputy.Stream, error) {
			return n.trunk.Stream(ctx, to, kind)
		},
		Choose: n.chooseDeputy,
		Stopped: func() {
			n.rooms.Doubt(true)
			n.rooms.HandOver(n.rooms.Own())
		},
		Again: func(ctx context.Context, records []live.Record) error {
			defer n.rooms.Doubt(false)
			// Once more after it: of two who are quick, the decision or the rooms
			// that come back, one sees the other.
			return errors.Join(n.adopt(ctx, id.Node{}, records), n.putOut(ctx, n.rooms.Own()))
		},
		KeptOut: func() deputy.KeptOut { return n.queue.KeptOut() },
		Changed: func() { go n.api.Deputy(n.deputyURL()) },
		Log:     n.log,
	}, n.keeper.Has)
	return err
}

// keeps does what a house asks of this node, once all is there that it takes.
func (n *Node) keeps(ctx context.Context, house id.Node, kind string, s deputy.Stream) error {
	select {
	case <-n.joined:
		return n.keeper.Serve(ctx, house, kind, s)
	case <-ctx.Done():
		s.Stop()
		return nil
	}
}

// runDeputies begins to look for a deputy, and after houses.
func (n *Node) runDeputies() {
	if n.house == nil {
		return
	}
	n.house.Run()
	n.keeper.Run()
}

// records is where rooms keep their records.
func (n *Node) records() live.Store {
	if n.house == nil {
		return n.store
	}
	return n.house
}

// isOut reports whether somebody is kept out of the house whose room it is.
func (n *Node) isOut(name id.Room, who id.Person) bool {
	if n.keeper != nil && n.keeper.Has(name) {
		return n.keeper.KeptOut(name, who)
	}
	_, out := n.queue.Barred(who)
	return out
}

// putOut puts whoever is kept out of rooms that run here, and have been elsewhere.
func (n *Node) putOut(ctx context.Context, names []id.Room) error {
	if err := n.api.PutOut(ctx, names, n.isOut); err != nil {
		return fmt.Errorf("put out who is kept out: %w", err)
	}
	return nil
}

// adopt runs rooms that another node has run: who sits where, their places say,
// but for one that is gone. Whoever is kept out is put out before anybody is answered.
func (n *Node) adopt(ctx context.Context, gone id.Node, records []live.Record) error {
	var nodes []id.Node
	for _, one := range n.trunk.Nodes() {
		if one.Node != gone {
			nodes = append(nodes, one.Node)
		}
	}
	claims := n.spread.Claims(ctx, nodes, n.streams)
	return n.rooms.Adopt(ctx, records, func(name id.Room, r *room.Room) (first []room.Command) {
		n.spread.Assume(name, r, claims)
		for _, p := range r.Participants() {
			if n.isOut(name, p.Who) {
				first = append(first, room.PutOut{Who: p.Who})
			}
		}
		return first
	})
}

// streams opens streams for what is spread over nodes.
func (n *Node) streams(ctx context.Context, to id.Node, kind string) (spread.Stream, error) {
	if n.trunk == nil {
		return nil, spread.ErrNoPlace
	}
	return n.trunk.Stream(ctx, to, kind)
}

// alike reports whether another node stands at the same place as this one: only
// such a node may have its rooms.
func (n *Node) alike(other id.Node) bool {
	place, ok := n.stands(other)
	return ok && place == n.stand()
}

// succession reports whether a node may run the rooms of another one.
func (n *Node) succession(after, before id.Node) bool {
	to, ok := n.standsOrSelf(after)
	from, known := n.standsOrSelf(before)
	return ok && known && to == from
}

// chooseDeputy returns the node that is to go on when this one is gone.
func (n *Node) chooseDeputy() (best id.Node, ok bool) {
	if !n.config.Network.Deputy {
		return best, false
	}
	for _, one := range n.trunk.Nodes() {
		if one.Node != n.self() && !one.Leaving && one.URL != "" && n.alike(one.Node) && n.trunk.Linked(one.Node) &&
			(!ok || one.Node.String() < best.String()) {
			best, ok = one.Node, true
		}
	}
	return best, ok
}

// deputyURL returns where people find the deputy; nothing without one.
func (n *Node) deputyURL() string {
	who, ok := n.house.Deputy()
	if !ok {
		return ""
	}
	if one := n.trunk.Node(who); one != nil {
		return one.URL
	}
	return ""
}

// hand has the deputy go on with the rooms of this house, which stops.
func (n *Node) hand(ctx context.Context) {
	if n.house == nil {
		return
	}
	if _, ok := n.house.Deputy(); !ok {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, handWait)
	defer cancel()
	n.rooms.Doubt(true)
	n.rooms.HandOver(n.rooms.Own())
	n.spread.Close() // places keep whom they have until the deputy says who that is
	if !n.house.Hand(ctx) {
		n.log.WarnContext(ctx, "the deputy of this house did not go on with its rooms in time")
	}
}

// goesOn returns what the doors are to know of that; nothing in no network.
func (n *Node) goesOn(s secret) (api.Away, error) {
	if n.house == nil {
		return nil, nil
	}
	key, err := s.key("tickets")
	return away{n, key}, err
}

// away is rooms that go on in their house's absence, as the doors know them.
type away struct {
	node *Node
	key  []byte
}

// Ticket implements api.Away.
func (a away) Ticket(name id.Room, who id.Person, session id.Session) (ticket, deputyURL string) {
	key, at := a.key, a.node.deputyURL()
	if a.node.keeper.Has(name) { // the client knows where it is, and where its house is
		key, at = a.node.keeper.Key(name), ""
	}
	return deputy.Ticket(key, deputy.Seat{Room: name, Who: who, Session: session}), at
}

// Seat implements api.Away.
func (a away) Seat(ticket string) (name id.Room, who id.Person, session id.Session, err error) {
	for _, key := range append(a.node.keeper.Keys(), a.key) {
		s, err := deputy.ParseTicket(key, ticket)
		if err != nil {
			continue
		}
		err = nil
		if string(key) == string(a.key) {
			err = a.node.rooms.Known(s.Room)
		} else if !a.node.keeper.Runs(key) {
			err = live.ErrElsewhere
		} else if a.node.keeper.KeptOut(s.Room, s.Who) {
			err = room.ErrNoRoom // as for who was put out
		}
		return s.Room, s.Who, s.Session, err
	}
	return name, who, session, errors.Join(grant.ErrGrant, deputy.ErrTicket)
}

// KeptOut implements api.Away.
func (a away) KeptOut(name id.Room, who id.Person) bool { return a.node.keeper.KeptOut(name, who) }

// Decided implements api.Away.
func (a away) Decided(ctx context.Context) error { return a.node.house.Decided(ctx) }

// Houses implements api.Away.
func (a away) Houses() []string { return a.node.keeper.URLs() }
