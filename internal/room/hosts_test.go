package room

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// planned is a room of zeno and mira that has just been opened, closed to others.
func planned(t *testing.T) *Room {
	t.Helper()
	r := new(Room)
	do(t, r, noon, OpenRoom{By: person("zeno"), Name: "Zeno", Title: "Tea", Visibility: Closed, Hosts: []id.Person{person("zeno"), person("mira")}})
	return r
}

func come(t *testing.T, r *Room, now time.Time, who string) string {
	t.Helper()
	return kinds(do(t, r, now, Enter{Who: person(who), Name: who, Session: session(who)}))
}

func TestHosts(t *testing.T) {
	if _, err := new(Room).Decide(noon, OpenRoom{By: person("zeno"), Hosts: make([]id.Person, HostsMax+1)}); !errors.Is(err, ErrFull) {
		t.Errorf("with too many hosts: %v", err)
	}
	r := planned(t)
	if r.MayEnter(person("lia"), true, true) || !r.MayEnter(person("mira"), false, false) {
		t.Error("who may come in")
	}
	if got := come(t, r, noon, "mira"); got != "entered stepped_up made_moderator" {
		t.Errorf("a host comes in: %s", got)
	}
	// A host who has gone comes back as one, also after the room was stored.
	do(t, r, noon, Leave{seat("mira")})
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	r = new(Room)
	if err := json.Unmarshal(text, r); err != nil {
		t.Fatal(err)
	}
	if got := come(t, r.Clone(), noon, "mira"); got != "entered stepped_up made_moderator" {
		t.Errorf("comes back: %s", got)
	}
	come(t, r, noon, "mira")
	if got := come(t, r, noon, "zeno"); got != "returned" {
		t.Errorf("the opener comes in: %s", got)
	}
	// Whom the opener has moved down or put out is none any more.
	do(t, r, noon, MoveDown{seat("zeno"), person("mira")})
	do(t, r, noon, Leave{seat("mira")})
	do(t, r, noon, LetIn{seat("zeno"), person("mira")})
	if got := come(t, r, noon, "mira"); got != "entered" {
		t.Errorf("comes back after being moved down: %s", got)
	}
	do(t, r, noon, Remove{seat("zeno"), person("mira")})
	if r.MayEnter(person("mira"), true, true) {
		t.Error("who was put out may come in")
	}
}

// A room waits for its hosts, and ends if none comes.
func TestHostsDoNotCome(t *testing.T) {
	r := planned(t)
	if got := kinds(do(t, r, noon.Add(HostsHold-time.Millisecond), Expire{})); got != "" {
		t.Errorf("too early: %s", got)
	}
	if got := kinds(do(t, r, noon.Add(HostsHold), Expire{})); got != "left ended" {
		t.Errorf("nobody has come: %s", got)
	}

	r = planned(t)
	come(t, r, noon, "mira")
	if got := kinds(do(t, r, noon.Add(HostsHold), Expire{})); got != "left" {
		t.Errorf("another host has come: %s", got)
	}
	if got := come(t, r, noon.Add(time.Hour), "zeno"); got != "entered stepped_up made_moderator" {
		t.Errorf("late: %s", got)
	}
}
