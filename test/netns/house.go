package main

import (
	"context"
	"time"

	"github.com/stoa-audio/stoa/test/netns/world"
)

// killHouse: the machine falls that has the house, with its accounts, rooms and
// WebSockets; voices come in and are heard at others. Later it is there again.
func (s *stage) killHouse(ctx context.Context, name string) error {
	if err := s.opened(ctx); err != nil {
		return err
	}
	guest, err := s.w.Person(3).Join(ctx, s.room, s.w.Node("us1"))
	if err != nil {
		return err
	}
	defer guest.Close()
	if err := world.Wait(ctx, "a deputy", settleMax, guest.HasDeputy); err != nil {
		return err
	}
	raised, house := false, s.w.Node("eu1")
	acts := func(ctx context.Context) bool {
		asking, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		act := guest.RaiseHand
		if raised {
			act = guest.LowerHand
		}
		err := act(asking)
		raised = raised != (err == nil)
		return err == nil
	}
	var on time.Duration
	h, err := s.gap(ctx, func() error {
		s.w.Kill(house)
		began := time.Now()
		err := world.Wait(ctx, "the room to go on", 3*houseBar*time.Second, func() bool { return acts(ctx) })
		on = time.Since(began)
		return err
	}, 3*time.Second)
	if err != nil {
		return err
	}
	s.atMost(name, "until somebody in the room is answered again", on.Seconds(), "s", houseBar)
	s.atMost(name, "longest gap meanwhile, at most", h.most(), "ms", relayBar)

	began := time.Now()
	h, err = s.gap(ctx, func() error {
		if err := s.w.Start(ctx, house); err != nil {
			return err
		}
		back := func() bool {
			_, err := s.w.Person(3).Grant(ctx, s.room)
			return err == nil
		}
		if err := world.Wait(ctx, "the house to have its room again", settleMax, back); err != nil {
			return err
		}
		return world.Wait(ctx, "the room to go on in its house", settleMax, func() bool { return acts(ctx) })
	}, 3*time.Second)
	if err != nil {
		return err
	}
	s.tell(name, "until it goes on in its house again, with its start", time.Since(began).Seconds()-3, "s")
	s.tell(name, "longest gap meanwhile, when it returns", h.Gap, "ms")
	return s.listener.hears(ctx)
}
