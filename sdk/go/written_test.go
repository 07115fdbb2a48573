package stoa_test

import (
	"errors"
	"testing"

	stoa "github.com/stoa-audio/stoa/sdk/go"
	"github.com/stoa-audio/stoa/sdk/go/words"
)

// Whoever is inside reads and writes, on the stage or not; whoever comes later
// reads nothing of before.
func TestWriting(t *testing.T) {
	h := openHouse(t)
	ctx := within(t)
	ada := join(t, h, h.grant(h.founder))
	ben := join(t, h, h.grant(h.guest("Ben")))
	text := "Grüße aus dem Publikum,\nmit einem 🎈"
	h.must(ben.Write(ctx, text))
	var n uint64
	for _, who := range []*stoa.Room{ada, ben} {
		w, err := who.Read(ctx)
		h.must(err)
		if w.Text != text || w.Who != ben.Me || w.Name != "Ben" || len(w.Device) != 32 {
			t.Errorf("read is %+v", w)
		}
		n = w.N
	}
	if err := ben.Write(ctx, ""); !errors.Is(err, words.ErrText) {
		t.Errorf("nothing is written: %v", err)
	}
	var problem *stoa.Problem
	if err := ben.Write(ctx, "again, at once"); !errors.As(err, &problem) || problem.Code != "too_many" {
		t.Errorf("again at once: %v", err)
	}
	cleo := join(t, h, h.grant(h.guest("Cleo")))
	sealed(ctx, t, cleo)
	h.must(ada.Write(ctx, "Welcome."))
	for _, who := range []*stoa.Room{ada, ben, cleo} {
		if w, err := who.Read(ctx); err != nil || w.Text != "Welcome." || w.Who != ada.Me || w.N <= n {
			t.Errorf("read is %+v, %v", w, err)
		}
	}
	h.must(ada.Ask(ctx, "unsay", map[string]uint64{"n": n}))
	h.must(ada.Ask(ctx, "set_chat", map[string]string{"policy": "off"}))
	if err := cleo.Write(ctx, "Thank you."); !errors.As(err, &problem) || problem.Code != "chat_closed" {
		t.Errorf("when nobody may write: %v", err)
	}
}
