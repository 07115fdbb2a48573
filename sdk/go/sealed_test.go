package stoa_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"testing"

	stoa "github.com/stoa-audio/stoa/sdk/go"
	"github.com/stoa-audio/stoa/sdk/go/voice"
)

// stepUp brings a listener onto the stage.
func stepUp(ctx context.Context, t *testing.T, moderator, listener *stoa.Room) {
	t.Helper()
	for _, err := range []error{
		moderator.Ask(ctx, "ask_up", map[string]string{"who": listener.Me}), listener.StepUp(ctx),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// holding waits until so many hold the same secret, by everybody's account.
func holding(ctx context.Context, t *testing.T, n int, rooms ...*stoa.Room) stoa.Lock {
	t.Helper()
	until(ctx, t, "all to agree", func() bool {
		for _, r := range rooms {
			if l := r.Lock(); l.Holders != n || l.Code == "" || l.Code != rooms[0].Lock().Code {
				return false
			}
		}
		return true
	})
	return rooms[0].Lock()
}

func TestALockSaysWhoHoldsTheKey(t *testing.T) {
	h := openHouse(t)
	ctx := within(t)
	_, device, err := ed25519.GenerateKey(nil)
	h.must(err)
	ada, err := stoa.Join(ctx, h.url, h.grant(h.founder), stoa.By(device))
	h.must(err)
	ben := join(t, h, h.grant(h.guest("Ben")))
	if l := holding(ctx, t, 2, ada, ben); l.Epoch == 0 || l.Since.IsZero() || l.Steward != ada.Me || !l.Tending {
		t.Errorf("Ada sees %+v", l)
	}
	l := ben.Lock()
	if l.Tending || len(l.Voices) != 1 || l.Voices[0].Who != ada.Me || !l.Voices[0].Device.Equal(device.Public()) || l.Voices[0].Heard {
		t.Errorf("Ben sees %+v", l)
	}
	h.must(ada.Unmute(ctx))
	sealed(ctx, t, ada)
	go func() { _ = talk(ctx, ada, 1000) }()
	until(ctx, t, "a proof", func() bool {
		_, err := ben.Hear(ctx)
		return err == nil && ben.Lock().Voices[0].Trust == voice.Proven
	})
}

// Whoever is on the stage takes over when the steward goes, and lets others in.
func TestAnotherLetsIn(t *testing.T) {
	h := openHouse(t)
	ctx := within(t)
	ada, ben := join(t, h, h.grant(h.founder)), join(t, h, h.grant(h.guest("Ben")))
	stepUp(ctx, t, ada, ben)
	h.must(ben.Unmute(ctx))
	sealed(ctx, t, ben)
	h.must(ada.Leave(ctx))
	cleo := join(t, h, h.grant(h.guest("Cleo")))
	sealed(ctx, t, cleo)
	if l := holding(ctx, t, 2, ben, cleo); l.Steward != ben.Me || !l.Tending {
		t.Errorf("Ben sees %+v", l)
	}
	go func() { _ = talk(ctx, ben, 1000) }()
	if f, err := cleo.Hear(ctx); err != nil || f.Who != ben.Me {
		t.Errorf("Cleo hears %+v, %v", f, err)
	}
}

func TestWhoIsRemovedIsShutOut(t *testing.T) {
	h := openHouse(t)
	ctx := within(t)
	ada := join(t, h, h.grant(h.founder))
	ben, cleo := join(t, h, h.grant(h.guest("Ben"))), join(t, h, h.grant(h.guest("Cleo")))
	before := holding(ctx, t, 3, ada, ben, cleo)
	h.must(ada.Ask(ctx, "remove", map[string]string{"who": ben.Me}))
	after := holding(ctx, t, 2, ada, cleo)
	if after.Epoch <= before.Epoch || after.Code == before.Code {
		t.Errorf("before %+v, after %+v", before, after)
	}
	<-ben.Done()
	var cut stoa.Cut
	if err := ben.Sealed(ctx); !errors.As(err, &cut) && ben.Lock().Epoch >= after.Epoch {
		t.Errorf("Ben: %v, %+v", err, ben.Lock())
	}
	if l := ben.Lock(); l.Epoch >= after.Epoch {
		t.Errorf("Ben has %+v", l)
	}
}

func TestWhoIsAloneHoldsAKey(t *testing.T) {
	h := openHouse(t)
	ctx := within(t)
	ada := join(t, h, h.grant(h.founder))
	sealed(ctx, t, ada)
	if l := ada.Lock(); l.Holders != 1 || l.Code == "" || !l.Tending {
		t.Errorf("alone: %+v", l)
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	ben := join(t, h, h.grant(h.guest("Ben")))
	if err := ben.Sealed(over); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("a context that is over: %v", err)
	}
}
