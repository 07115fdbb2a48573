package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stoa-audio/stoa/test/netns/space"
	"github.com/stoa-audio/stoa/test/netns/world"
)

// soon is how long what should come at once may take on a machine that has
// other things to do.
const soon = 20 * time.Second

// runShort has three nodes, of which one must have nothing to do with the others:
// somebody speaks, the node of his media connection falls, a listener comes
// anew, and nothing has gone where it may not.
func runShort(ctx context.Context, r *report) (err error) {
	here, err := space.Here(world.PeopleAt("eu", 1))
	if err != nil {
		return err
	}
	r.say("three nodes start")
	w, err := world.Open(ctx, world.Plan{
		Nodes: []world.Spot{
			{Name: "eu1", Fence: "eu+us"},
			{Name: "us1", Fence: "eu+us"},
			{Name: "ap1", Fence: "ap", Beside: "ap2"}, // there is none
		},
		People: 3, Oceans: near,
	}, here)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Fallen(), w.Close()) }()
	v, err := watchFence(ctx, w)
	if err != nil {
		return err
	}
	const name = "short"
	ada, ben, cleo := w.Person(0), w.Person(1), w.Person(2)
	room, err := ada.Open(ctx, "Tea", "eu+us")
	if err != nil {
		return err
	}
	speaker, err := ada.Join(ctx, room, w.Node("us1"))
	if err != nil {
		return fmt.Errorf("the speaker: %w", err)
	}
	listener, err := ben.Join(ctx, room, nil)
	if err != nil {
		return fmt.Errorf("the listener: %w", err)
	}
	if err := errors.Join(speaker.Unmute(ctx), speaker.Sealed(ctx), listener.Sealed(ctx)); err != nil {
		return err
	}
	talking, stop := context.WithCancel(ctx)
	defer stop()
	go speaker.Talk(talking)
	took, err := listener.Hears(ctx, speaker, 50, soon)
	if err != nil {
		return err
	}
	r.tell(name, "until a second of a voice is heard", took.Seconds(), "s")

	listener.Mark()
	w.Kill(w.Node("us1"))
	if _, err := listener.Hears(ctx, speaker, 50, soon); err != nil {
		return fmt.Errorf("after the speaker's node is gone: %w", err)
	}
	r.tell(name, "gap when the speaker's node is killed", ms(listener.Ear(speaker).Gap), "ms")

	listener.Close()
	again, err := cleo.Join(ctx, room, nil)
	if err != nil {
		return fmt.Errorf("who comes anew: %w", err)
	}
	if _, err := again.Hears(ctx, speaker, 25, soon); err != nil {
		return fmt.Errorf("who comes anew: %w", err)
	}
	if err := v.judge(ctx, r, name); err != nil {
		return err
	}
	if full := w.Lines.Full(); full > 0 {
		return fmt.Errorf("%d packets were lost because the machine is too busy", full)
	}
	return nil
}

func ms(d time.Duration) float64 {
	return float64(d.Round(time.Millisecond)) / float64(time.Millisecond)
}
