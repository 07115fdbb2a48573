package main

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/stoa-audio/stoa/test/netns/lines"
	"github.com/stoa-audio/stoa/test/netns/world"
)

// forbidden is the region that lies outside of all fences here. It is alive, has
// nodes of the same network, and is by far the nearest to the people.
const forbidden = "ap"

// near is the usual earth, but for the forbidden region's distance: none.
func near(a, b string) lines.Line {
	if a == forbidden || b == forbidden {
		return lines.Line{}
	}
	return world.Earth(a, b)
}

// crosses reports whether a packet goes into the forbidden region or out of it.
func crosses(p lines.Pair) bool {
	return (world.Side(p.From) == forbidden) != (world.Side(p.To) == forbidden)
}

// A watch counts what crosses the fence since it began.
type watch struct {
	w      *world.World
	before lines.Matrix
	// What the forbidden nodes' own systems had received.
	received uint64
}

// watchFence begins to count, once the forbidden nodes have been let into the
// network: that they have knocked at the door shows that the count would see
// them.
func watchFence(ctx context.Context, w *world.World) (watch, error) {
	v := watch{w: w}
	err := world.Wait(ctx, "the nodes in "+forbidden+" to have knocked, without which the count sees nothing", 10*time.Second, func() bool {
		v.before = w.Lines.Counts()
		return v.before.Sum(crosses).Packets > 0
	})
	if err != nil {
		return v, err
	}
	v.received, err = v.receive()
	return v, err
}

// receive returns how many packets the forbidden nodes' systems have received.
func (v watch) receive() (sum uint64, err error) {
	for _, n := range v.w.Nodes {
		if n.Region() != forbidden {
			continue
		}
		k, err := n.Place.Received()
		if err != nil {
			return 0, err
		}
		sum += k
	}
	return sum, nil
}

// look returns what has crossed the fence so far, by our count and by theirs.
func (v watch) look() (crossed lines.Count, received uint64, err error) {
	sent := v.w.Lines.Counts().Sub(v.before)
	received, err = v.receive()
	among := sent.Sum(func(p lines.Pair) bool {
		return world.Side(p.From) == forbidden && world.Side(p.To) == forbidden
	})
	received -= v.received
	if received < among.Arrived {
		return sent.Sum(crosses), 0, err
	}
	return sent.Sum(crosses), received - among.Arrived, err
}

// judge adds to a report what has crossed the fence. Then one packet is sent
// across it on purpose, which the counts must find: they are not blind.
func (v watch) judge(ctx context.Context, r *report, name string) error {
	crossed, received, err := v.look()
	if err != nil {
		return err
	}
	r.atMost(name, "packets across the fence", float64(crossed.Packets), "sent", 0)
	r.atMost(name, "the same, at the interfaces in "+forbidden, float64(received), "received", 0)
	r.Matrix = fold(v.w.Lines.Counts().Sub(v.before))
	var to netip.AddrPort
	for _, n := range v.w.Nodes {
		if n.Region() == forbidden {
			to = netip.AddrPortFrom(n.Addr(), discard)
		}
	}
	c, err := new(net.Dialer).DialContext(ctx, "udp", to.String())
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // nothing more is sent
	if _, err := c.Write([]byte("outside")); err != nil {
		return err
	}
	return world.Wait(ctx, "a packet across the fence to be counted", 10*time.Second, func() bool {
		now, seen, err := v.look()
		return err == nil && now.Packets > crossed.Packets && seen > received
	})
}

// discard is a port on which nobody listens (RFC 863).
const discard = 9
