package api

import (
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/signal"
)

// TestShield has an old account and new ones come to a room whose shield is up.
func TestShield(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.at(time.Now().Add(-8 * 24 * time.Hour))
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	h.at(time.Now())
	cy, dee, eve := ada.invite("Cy"), ada.invite("Dee"), ada.invite("Eve")
	name := ada.open("open")
	host, inside := ada.sit(name), cy.sit(name)
	inside.refused("not_moderator", "set_shield", signal.SetShield{On: true})
	host.done("set_shield", signal.SetShield{On: true})
	inside.event("shielded")
	l := dee.live()
	l.refused("shielded", "enter", signal.Enter{Grant: dee.grant(name)})
	old := bo.sit(name)
	old.done("raise_hand", signal.None{})
	old.done("react", signal.React{Emoji: "👏"})
	inside.refused("shielded", "raise_hand", signal.None{})
	inside.refused("shielded", "react", signal.React{Emoji: "👏"})
	inside.refused("shielded", "say", signal.Say{Sealed: []byte{1}})

	// Whom somebody on the stage follows comes in, and has a say; so does who is let in.
	ada.follows(eve)
	in := eve.live()
	if m := eve.enter(in, name); !m.Entered.You.Fresh || m.Entered.View == nil || !m.Entered.View.Shield {
		t.Errorf("entered %s", m.raw)
	}
	in.done("raise_hand", signal.None{})
	host.done("let_in", signal.Who{Who: dee.id})
	dee.enter(l, name)
	l.done("raise_hand", signal.None{})

	host.done("set_shield", signal.SetShield{On: false})
	inside.done("raise_hand", signal.None{})
	fay := ada.invite("Fay")
	fay.sit(name)
}

// TestCrowdOfFresh has new accounts come one after another: only when there are many
// in a minute moderators hear of it, and not again soon.
func TestCrowdOfFresh(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	now := time.Now()
	h.at(now)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	name := ada.open("open")
	host, other := ada.sit(name), bo.sit(name)
	come := func(fresh bool, every time.Duration, n int) {
		for range n {
			now = now.Add(every)
			h.at(now)
			h.do(name, room.Enter{Who: id.New[id.Person](), Name: "Cy", Session: id.New[id.Session](), Fresh: fresh})
		}
	}
	quiet := func() {
		t.Helper()
		host.done("ping", signal.None{})
		for _, m := range host.kept {
			if m.Fresh != nil {
				t.Errorf("told %s", m.raw)
			}
		}
	}
	come(false, time.Millisecond, 40)
	come(true, 4*time.Second, 40)
	come(true, time.Millisecond, 4)
	quiet()
	come(true, time.Millisecond, 20)
	m := host.until(func(m message) bool { return m.Fresh != nil })
	if m.Fresh.Room != name || m.Fresh.Count != freshMax+1 {
		t.Errorf("told %s", m.raw)
	}
	come(true, time.Second, 60)
	quiet()
	now = now.Add(freshAgain)
	come(true, time.Millisecond, 30)
	host.until(func(m message) bool { return m.Fresh != nil })
	// With the shield up there is nothing to propose.
	host.done("set_shield", signal.SetShield{On: true})
	h.do(name, room.LetIn{By: seatOf(h, name, ada), Who: bo.id})
	now = now.Add(freshAgain)
	come(false, time.Millisecond, 30)
	quiet()
	other.done("ping", signal.None{})
	for _, m := range other.all {
		if m.Fresh != nil {
			t.Errorf("a listener is told %s", m.raw)
		}
	}
}
