package stoa_test

import (
	"context"
	"errors"
	"testing"
	"time"

	stoa "github.com/stoa-audio/stoa/sdk/go"
)

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func join(t *testing.T, h *house, grant string) *stoa.Room {
	t.Helper()
	room, err := stoa.Join(t.Context(), h.url, grant)
	if err != nil {
		t.Fatal(err)
	}
	return room
}

// sealed waits until each may be heard by all.
func sealed(ctx context.Context, t *testing.T, rooms ...*stoa.Room) {
	t.Helper()
	for _, r := range rooms {
		if err := r.Sealed(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// until waits for something.
func until(ctx context.Context, t *testing.T, what string, is func() bool) {
	t.Helper()
	for !is() {
		select {
		case <-ctx.Done():
			t.Fatal("waited too long for ", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// numbered is an Opus packet of 20 ms with a number in it.
func numbered(n int) []byte { return []byte{0x78, byte(n >> 8), byte(n)} }

// talk speaks n frames at the pace of sound.
func talk(ctx context.Context, room *stoa.Room, n int) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for i := range n {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if err := room.Speak(numbered(i)); err != nil {
			return err
		}
	}
	return nil
}

func TestAVoiceIsHeard(t *testing.T) {
	h := openHouse(t)
	ctx := within(t)
	ada := join(t, h, h.grant(h.founder))
	ben := join(t, h, h.grant(h.guest("Ben")))
	if v := ben.View; v.Title != "Tea" || len(v.People) != 2 || v.People[0].Who != ada.Me || v.People[0].Role != "moderator" {
		t.Errorf("Ben sees %+v", v)
	}
	if err := ada.Unmute(ctx); err != nil {
		t.Fatal(err)
	}
	sealed(ctx, t, ada, ben)
	go func() {
		if err := talk(ctx, ada, 100); err != nil {
			t.Error(err)
		}
	}()
	for i := range 100 {
		f, err := ben.Hear(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if n := int(f.Opus[1])<<8 | int(f.Opus[2]); n != i || f.Lost != 0 || f.Copied || f.Who != ada.Me {
			t.Fatalf("frame %d: %+v", i, f)
		}
	}
	if c := ben.Counts(); c != (stoa.Counts{Delivered: 100}) {
		t.Errorf("counted %+v", c)
	}
}

func TestWhatHappensIsTold(t *testing.T) {
	h := openHouse(t)
	ctx := within(t)
	ada := join(t, h, h.grant(h.founder))
	ben := join(t, h, h.grant(h.guest("Ben")))
	if err := ben.RaiseHand(ctx); err != nil {
		t.Fatal(err)
	}
	for {
		e, err := ada.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if e.Name == "hand_raised" && string(e.Body) == `{"who":"`+ben.Me+`"}` {
			break
		}
	}
	var problem *stoa.Problem
	if err := ben.Unmute(ctx); !errors.As(err, &problem) || problem.Code != "not_on_stage" {
		t.Errorf("unmuted in the audience: %v", err)
	}
	if err := ada.Ask(ctx, "end", struct{}{}); err != nil {
		t.Fatal(err)
	}
	<-ben.Done()
	var cut stoa.Cut
	if err := ben.Err(); !errors.As(err, &cut) || cut.Why != "ended" {
		t.Errorf("the room is over because of %v", err)
	}
	if _, err := ben.Hear(ctx); !errors.As(err, &cut) {
		t.Errorf("Hear: %v", err)
	}
}

func TestComingAndGoing(t *testing.T) {
	h := openHouse(t)
	ctx := within(t)
	ben := h.guest("Ben")

	_, err := stoa.Join(ctx, h.url, "forged")
	var problem *stoa.Problem
	if !errors.As(err, &problem) || problem.Code != "bad_grant" {
		t.Errorf("with a forged grant: %v", err)
	}
	for _, address := range []string{"", "stoa.example/r/x", "ftp://stoa.example/r/x", ":"} {
		if _, err := stoa.Join(ctx, address, "x"); !errors.Is(err, stoa.ErrAddress) {
			t.Errorf("%q: %v", address, err)
		}
	}

	room := join(t, h, h.grant(ben))
	if err := room.Leave(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := room.Hear(ctx); !errors.Is(err, stoa.ErrLeft) {
		t.Errorf("after leaving: %v", err)
	}

	inside, leave := context.WithCancel(ctx)
	room, err = stoa.Join(inside, h.url, h.grant(ben))
	if err != nil {
		t.Fatal(err)
	}
	leave()
	if _, err := room.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("after the context has ended: %v", err)
	}
	if err := room.Speak(numbered(0)); err == nil {
		for room.Speak(numbered(0)) == nil && ctx.Err() == nil {
			time.Sleep(time.Millisecond) // it takes a moment to close
		}
	}
	if ctx.Err() != nil {
		t.Error("one can still speak")
	}
}
