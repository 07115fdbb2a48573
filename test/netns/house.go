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
	house, hand := s.w.Node("eu1"), hand{Guest: guest}
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
		return world.Wait(ctx, "the room to go on in its house", settleMax, func() bool { return hand.moves(ctx) })
	}, 3*time.Second)
	if err != nil {
		return err
	}
	s.tell(name, "until it goes on in its house again, with its start", time.Since(began).Seconds()-3, "s")
	s.tell(name, "longest gap meanwhile, when it returns", h.Gap, "ms")
	return s.listener.hears(ctx)
}

// A hand is raised and lowered, which shows whether somebody is answered.
type hand struct {
	*world.Guest

	up bool
}

// move raises the hand, or lowers it, and returns how long the answer took.
func (h *hand) move(ctx context.Context, most time.Duration) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	act := h.RaiseHand
	if h.up {
		act = h.LowerHand
	}
	began := time.Now()
	err := act(ctx)
	h.up = h.up != (err == nil)
	return time.Since(began), err
}

// moves reports whether there is an answer within a second.
func (h *hand) moves(ctx context.Context) bool {
	_, err := h.move(ctx, time.Second)
	return err == nil
}
