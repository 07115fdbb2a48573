package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stoa-audio/stoa/test/netns/world"
)

// What a region's coordination may cost when it stands still: nothing while it
// does, and not long after.
const (
	frozenFor = 60 * time.Second
	noticeMax = 25 * time.Second // until the nodes must have noticed: else it proves nothing
	answerBar = 1                // s for an answer to somebody in the room
	thawBar   = 15               // s until the coordination is there again
)

// served is a house with its deputy, whose region has servers of its own, and a
// region that has none.
var served = []world.Spot{{Name: "eu1"}, {Name: "eu2"}, {Name: "us1"}, {Name: "us2"}}

// freeze: the servers of a region's coordination stand still, all of them.
// Voices go on, people come in and are answered, and nodes that fall are
// replaced.
func (s *stage) freeze(ctx context.Context, name string) error {
	for take := 0; take < takes && (take == 0 || !s.reached(name)); take++ {
		if err := s.freezeOnce(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) freezeOnce(ctx context.Context, name string) error {
	if err := s.opened(ctx); err != nil {
		return err
	}
	guest, err := s.w.Person(3).Join(ctx, s.room, s.w.Node("eu2"))
	if err != nil {
		return err
	}
	defer guest.Close()
	hand := &hand{Guest: guest}
	if err := world.Wait(ctx, "a deputy", settleMax, guest.HasDeputy); err != nil {
		return err
	}
	if err := s.coordinated(ctx); err != nil {
		return err
	}
	if err := s.relayed(ctx, "us1"); err != nil {
		return err
	}
	before, err := s.reconnects(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = s.w.Thaw() }() // once more, when it was left early
	began := time.Now()
	if err := s.w.Freeze(); err != nil {
		return err
	}
	if err := s.whileFrozen(ctx, name, hand, began); err != nil {
		return err
	}
	if err := s.w.Thaw(); err != nil {
		return err
	}
	thawed := time.Now()
	s.say("%s: it goes on after %v", name, thawed.Sub(began).Round(100*time.Millisecond))
	if err := s.coordinated(ctx); err != nil {
		return err
	}
	s.atMost(name, "until the coordination is there again", time.Since(thawed).Seconds(), "s", thawBar)
	after, err := s.reconnects(ctx)
	if err != nil {
		return err
	}
	s.tell(name, "connections to the servers that were made anew", after-before, "")
	return s.afterwards(ctx, name, hand)
}

// whileFrozen is what happens until the servers go on.
func (s *stage) whileFrozen(ctx context.Context, name string, hand *hand, began time.Time) error {
	longest, slowest := 0.0, 0.0
	hears := func(what string, happens func() error, most time.Duration) (h heard, err error) {
		if h, err = s.gap(ctx, happens, most); err != nil {
			return h, fmt.Errorf("%s: %w", what, err)
		}
		longest = max(longest, h.Gap)
		return h, nil
	}
	answered := func() error {
		took, err := hand.move(ctx, 5*time.Second)
		slowest = max(slowest, took.Seconds())
		return err
	}
	h, err := hears("nobody has noticed", func() error {
		if err := answered(); err != nil {
			return err
		}
		err := world.Wait(ctx, "the nodes to notice", noticeMax, func() bool { return s.cut(ctx) })
		s.tell(name, "until its nodes have noticed that the coordination stands still", time.Since(began).Seconds(), "s")
		return errors.Join(err, answered())
	}, time.Second)
	if err != nil {
		return err
	}
	s.atMost(name, "longest gap while nodes notice", h.Gap, "ms", relayBar)

	h, err = hears("somebody comes in", func() error {
		came := time.Now()
		anew, err := s.w.Person(0).Join(ctx, s.room, s.w.Node("us2"))
		if err != nil {
			return err
		}
		defer anew.Close()
		if err := world.Wait(ctx, "a voice", soon, func() bool { return anew.Counts().Delivered >= 25 }); err != nil {
			return errors.Join(fmt.Errorf("%w: %+v", err, anew.Counts()), anew.Err())
		}
		s.atMost(name, "until somebody who comes in meanwhile hears half a second", time.Since(came).Seconds(), "s", soon.Seconds())
		return answered()
	}, time.Second)
	if err != nil {
		return err
	}
	s.atMost(name, "longest gap while somebody comes in", h.Gap, "ms", relayBar)

	for _, fall := range []struct {
		what, node string
		most       time.Duration
		bar        float64
		back       bool // it is started again meanwhile
	}{{"relay", "us1", 3 * time.Second, relayBar, true}, {"listener's node", "us2", 4 * time.Second, listenerBar, false}} {
		if h, err = hears(fall.what, func() error { s.w.Kill(s.w.Node(fall.node)); return nil }, fall.most); err != nil {
			return err
		}
		s.atMost(name, "gap when the "+fall.what+" is killed, at most", h.most(), "ms", fall.bar)
		if err := answered(); err != nil {
			return err
		}
		if fall.back {
			if err := s.w.Start(ctx, s.w.Node(fall.node)); err != nil {
				return err
			}
		}
	}

	h, err = hears("the rest", func() error { return nil }, frozenFor-time.Since(began))
	if err != nil {
		return err
	}
	s.atMost(name, "longest gap until it goes on", h.Gap, "ms", relayBar)
	if err := answered(); err != nil {
		return err
	}
	s.tell(name, "longest gap of all", longest, "ms")
	s.atMost(name, "until somebody in the room is answered, at most", slowest, "s", answerBar)
	return nil
}

// afterwards makes sure that claims are taken again: nobody goes on in the place
// of a house without one. Then all is as it was before.
func (s *stage) afterwards(ctx context.Context, name string, hand *hand) error {
	if _, err := s.w.Person(0).Open(ctx, "Afterwards", ""); err != nil {
		return err
	}
	if err := s.w.Start(ctx, s.w.Node("us2")); err != nil {
		return err
	}
	if err := s.opened(ctx); err != nil {
		return err
	}
	house := s.w.Node("eu1")
	var on time.Duration
	h, err := s.gap(ctx, func() error {
		s.w.Kill(house)
		began := time.Now()
		err := world.Wait(ctx, "the room to go on", 3*houseBar*time.Second, func() bool { return hand.moves(ctx) })
		on = time.Since(began)
		return err
	}, 3*time.Second)
	if err != nil {
		return err
	}
	s.atMost(name, "until somebody is answered whose house is killed afterwards", on.Seconds(), "s", houseBar)
	s.tell(name, "longest gap meanwhile", h.Gap, "ms")
	if err := s.w.Start(ctx, house); err != nil {
		return err
	}
	back := func() bool {
		_, err := s.w.Person(3).Grant(ctx, s.room)
		return err == nil && hand.moves(ctx)
	}
	if err := world.Wait(ctx, "the house to have its room again", settleMax, back); err != nil {
		return err
	}
	return s.listener.hears(ctx)
}

// coordination reads how the coordination goes at each node of the region that
// has servers of its own.
func (s *stage) coordination(ctx context.Context) (all []map[string]float64, err error) {
	for _, n := range s.w.Nodes {
		if n.Region() != "eu" {
			continue
		}
		m, err := n.Metrics(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// coordinated waits until all nodes of the region take part in its coordination,
// and know each other by it.
func (s *stage) coordinated(ctx context.Context) error {
	var last []map[string]float64
	err := world.Wait(ctx, "the coordination", settleMax, func() bool {
		all, err := s.coordination(ctx)
		last = all
		for _, m := range all {
			if m[figure("connected")] != 1 || m[figure("watchers")] != 2 || m[figure("nodes")] != float64(len(all)) {
				return false
			}
		}
		return err == nil
	})
	if err != nil {
		for _, m := range last {
			s.say("connected %v, watchers %v, nodes %v", m[figure("connected")], m[figure("watchers")], m[figure("nodes")])
		}
	}
	return err
}

// cut reports whether all nodes of the region have lost its coordination.
func (s *stage) cut(ctx context.Context) bool {
	all, err := s.coordination(ctx)
	for _, m := range all {
		if m[figure("connected")] != 0 {
			return false
		}
	}
	return err == nil
}

// reconnects is how often nodes of the region have made the connection to the
// servers anew.
func (s *stage) reconnects(ctx context.Context) (sum float64, err error) {
	all, err := s.coordination(ctx)
	for _, m := range all {
		sum += m[`stoa_coordination_events_total{event="reconnect"}`]
	}
	return sum, err
}

// figure is the name of a number of the coordination's.
func figure(what string) string { return `stoa_coordination{what="` + what + `"}` }
