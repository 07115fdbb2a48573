package api

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/hashcash"
	"github.com/stoa-audio/stoa/internal/people"
)

// compute returns the answer to a piece of work, or no answer.
func compute(t *testing.T, w Work, right bool) *Worked {
	t.Helper()
	challenge, err := base64.RawURLEncoding.DecodeString(w.Challenge)
	if err != nil {
		t.Fatal(err)
	}
	for n := range uint32(100) {
		if right == (hashcash.Zeros(challenge, n) >= w.Bits) {
			return &Worked{w.Challenge, n}
		}
	}
	t.Fatal("a hundred counters were not enough")
	return nil
}

func TestThroughTheDoor(t *testing.T) {
	t.Parallel()
	const week = 7 * 24 * time.Hour
	h := newHouseWith(t, "http", webApp, change{people: func(c *people.Config) {
		c.Open, c.Growth = true, people.Growth{Start: 2, Every: week, Most: 3}
	}})
	var about House
	h.call("GET", "/api/v1/house", nil).is(200).into(&about)
	if about.SignUp != "open" || about.InvitesPerPerson != 2 {
		t.Errorf("the house says %+v", about)
	}
	ask := func() (w Work) {
		t.Helper()
		h.call("POST", "/api/v1/signup/work", None{}).is(200).into(&w)
		return w
	}
	come := func(n NewAccount) answered { return h.call("POST", "/api/v1/signup/recovery", n) }

	// The first is invited by the house, whatever they compute.
	come(NewAccount{Work: compute(t, ask(), true), Name: "Cy"}).problem("no_invite")
	ada := h.first("Ada")

	w := ask()
	come(NewAccount{Work: compute(t, w, false), Name: "Bo"}).problem("no_work")
	come(NewAccount{Work: &Worked{"no challenge", 1}, Name: "Bo"}).problem("no_work")
	come(NewAccount{Work: compute(t, w, true), Name: " "}).problem("invalid") // costs no work
	come(NewAccount{Work: compute(t, w, true), Invite: "both", Name: "Bo"}).problem("invalid")
	come(NewAccount{Name: "Bo"}).problem("no_invite")
	come(NewAccount{Work: compute(t, w, true), Name: "Bo"}).is(201)
	come(NewAccount{Work: compute(t, w, true), Name: "Bo again"}).problem("no_work")
	h.call("POST", "/api/v1/signup/passkey/begin", NewAccount{Work: compute(t, w, true), Name: "Bo again"}).problem("no_work")
	h.call("POST", "/api/v1/signup/passkey/begin", NewAccount{Work: compute(t, ask(), true), Name: "Di"}).is(200)
	come(NewAccount{Work: compute(t, ask(), true), Name: "Ed"}).problem("too_many") // of a day

	var me Me
	ada.call("GET", "/api/v1/me", nil).is(200).into(&me)
	var invites Invites
	ada.call("GET", "/api/v1/me/invites", nil).is(200).into(&invites)
	if invites.Left != 2 || !invites.Next.Equal(me.Created.Add(week)) {
		t.Errorf("who was invited has %+v", invites)
	}
}

func TestTheDoorIsShut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.first("Ada")
	var about House
	h.call("GET", "/api/v1/house", nil).is(200).into(&about)
	if about.SignUp != "invite" {
		t.Errorf("the house says %q", about.SignUp)
	}
	h.call("POST", "/api/v1/signup/work", None{}).problem("no_invite")
	h.call("POST", "/api/v1/signup/recovery", NewAccount{Work: &Worked{"any", 1}, Name: "Bo"}).problem("no_invite")
	h.call("POST", "/api/v1/signup/passkey/begin", NewAccount{Work: &Worked{"any", 1}, Name: "Bo"}).problem("no_invite")
}
