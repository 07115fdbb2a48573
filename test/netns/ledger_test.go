package main

import (
	"testing"

	stoa "github.com/stoa-audio/stoa/sdk/go"
)

// Roles are those after the last event that anybody was told of, in whatever
// order it was told.
func TestLedger(t *testing.T) {
	var l ledger
	l.begin(stoa.View{Seq: 3, People: []stoa.Participant{{Who: "ada", Role: "moderator"}, {Who: "ben", Role: "listener"}}})
	add := func(seq uint64, name, who string) {
		l.add(stoa.Event{Seq: seq, Name: name, Body: []byte(`{"who":"` + who + `"}`)})
	}
	add(7, "stepped_down", "ben")
	add(5, "stepped_up", "ben")
	add(6, "entered", "cleo")
	add(2, "left", "ada") // before the view
	add(8, "stepped_up", "cleo")
	add(9, "muted", "cleo")
	want := map[string]string{"ada": "moderator", "ben": "listener", "cleo": "speaker"}
	if err := differ(l.roles(), want); err != nil {
		t.Error(err)
	}
	add(10, "left", "cleo")
	if differ(l.roles(), want) == nil {
		t.Error("who has left is still on the stage")
	}
	if err := differ(want, map[string]string{"ada": "listener", "cleo": "speaker"}); err == nil {
		t.Error("a moderator who is a listener is not noticed")
	}
	if err := differ(want, map[string]string{"ada": "moderator", "cleo": "speaker"}); err != nil {
		t.Errorf("who only listens is of no interest: %v", err)
	}
}
