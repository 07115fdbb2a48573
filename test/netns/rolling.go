package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/stoa-audio/stoa/test/netns/world"
)

// turn is in which order nodes get another version: the listener's, the relay,
// the speaker's, the one with the coordination, and the house at last.
var turn = []string{"us2", "us1", "eu2", "eu3", "eu1"}

// A company is who is in the room beside the two with browsers.
type company struct {
	host *world.Guest // moderates
	shy  *world.Guest // has a hand up
	// What everybody is, by name, as it was when it began.
	standing map[string]world.Standing
}

// roll: a network gets the next version of the node, one node after another,
// while somebody speaks, and nobody in the room has to do anything.
func (s *stage) roll(ctx context.Context, name string) error {
	dir, err := os.MkdirTemp("", "stoa-next-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	s.say("%s: the next version is built", name)
	next, err := buildNext(ctx, dir)
	if err != nil {
		return err
	}
	c, err := s.gather(ctx)
	if err != nil {
		return err
	}
	defer c.host.Close()
	defer c.shy.Close()
	// Where it has to be done once more, the network goes back first.
	to := map[bool]string{true: next, false: world.Program}
	for take := 0; take < takes && (take == 0 || !s.reached(name)); take++ {
		if err := s.rollOnce(ctx, name, to[take%2 == 0], c); err != nil {
			return err
		}
	}
	return nil
}

// gather has a host open a room and have the speaker come onto the stage, while
// somebody else raises a hand.
func (s *stage) gather(ctx context.Context) (c company, err error) {
	founder, speaker := s.w.Person(0), s.speaker.Person
	if s.room, err = founder.Open(ctx, "Tea", ""); err != nil {
		return c, err
	}
	if c.host, err = founder.Join(ctx, s.room, nil); err != nil {
		return c, fmt.Errorf("the host: %w", err)
	}
	if c.shy, err = s.w.Person(3).Join(ctx, s.room, s.w.Node("us1")); err != nil {
		return c, err
	}
	for _, step := range []func() error{
		func() error { return c.shy.RaiseHand(ctx) },
		func() error { return s.speaker.enter(ctx, s.room) },
		func() error { return c.host.Ask(ctx, "ask_up", map[string]string{"who": speaker.ID.String()}) },
		func() error { return s.speaker.simply(ctx, "comeUp") },
		func() error { return s.speaker.simply(ctx, "microphone") },
		func() error { return s.listener.enter(ctx, s.room) },
		func() error { return s.opened(ctx) },
	} {
		if err := step(); err != nil {
			return c, err
		}
	}
	c.standing, err = founder.Standing(ctx, s.room)
	return c, err
}

// rollOnce has all nodes be of another version, one after another.
func (s *stage) rollOnce(ctx context.Context, name, program string, c company) error {
	if err := s.opened(ctx); err != nil {
		return err
	}
	began, longest := time.Now(), 0.0
	for _, one := range turn {
		if err := world.Wait(ctx, "a deputy", settleMax, c.shy.HasDeputy); err != nil {
			return err
		}
		h, err := s.upgrade(ctx, s.w.Node(one), program)
		if err != nil {
			return fmt.Errorf("%s: %w", one, err)
		}
		s.atMost(name, "longest gap while "+one+" gets another version", h.Gap, "ms", relayBar)
		longest = max(longest, h.Gap)
	}
	if err := world.Wait(ctx, "a deputy", settleMax, c.shy.HasDeputy); err != nil {
		return err
	}
	s.tell(name, "until all nodes are of the other version", time.Since(began).Seconds(), "s")
	s.tell(name, "longest gap of all", longest, "ms")
	if err := c.host.Ask(ctx, "set_hands", map[string]string{"policy": "everyone"}); err != nil {
		return fmt.Errorf("the host moderates no more: %w", err)
	}
	lost, err := s.lost(ctx, c)
	if err != nil {
		return err
	}
	s.atMost(name, "seats, roles and hands that are not what they were", float64(lost), "", 0)
	return s.listener.hears(ctx)
}

// upgrade asks a node to end, starts it again as another version, and waits
// until the network has it again.
func (s *stage) upgrade(ctx context.Context, n *world.Node, program string) (heard, error) {
	return s.gap(ctx, func() error {
		began := time.Now()
		if err := n.Drain(ctx); err != nil {
			return err
		}
		ended := time.Now()
		n.Program = program
		if err := s.w.Start(ctx, n); err != nil {
			return err
		}
		version := ""
		err := world.Wait(ctx, n.Name+" to be there again", settleMax, func() bool {
			g, err := s.w.Person(0).Grant(ctx, s.room)
			if err != nil {
				return false
			}
			for _, one := range g.Nodes {
				if one.ID == n.ID {
					version, err = s.version(ctx, n)
					return err == nil
				}
			}
			return false
		})
		if err != nil {
			return err
		}
		if (version == nextVersion) != (program != world.Program) {
			return fmt.Errorf("it says that it is version %s", version)
		}
		s.say("%s has ended after %.1f s, and is there again as version %s after %.1f s", n.Name, ended.Sub(began).Seconds(), version, time.Since(ended).Seconds())
		return nil
	}, 3*time.Second)
}

// version asks a node what version it is.
func (s *stage) version(ctx context.Context, n *world.Node) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, n.URL+"/api/v1/house", http.NoBody)
	if err != nil {
		return "", err
	}
	res, err := s.w.HTTP.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }() // it was only read
	var house struct{ Version string }
	err = json.NewDecoder(res.Body).Decode(&house)
	return house.Version, err
}

// lost counts who is not in the room any more as they were.
func (s *stage) lost(ctx context.Context, c company) (count int, err error) {
	now, err := s.w.Person(0).Standing(ctx, s.room)
	if err != nil {
		return 0, err
	}
	for who, was := range c.standing {
		if is, there := now[who]; !there || is != was {
			s.say("somebody was %+v, and is %+v", was, is)
			count++
		}
		delete(now, who)
	}
	for who := range now {
		s.say("somebody is here who was not, %s", who)
		count++
	}
	for _, g := range []*world.Guest{c.host, c.shy} {
		select {
		case <-g.Done():
			s.say("a seat is lost: %v", g.Err())
			count++
		default:
		}
	}
	return count, nil
}
