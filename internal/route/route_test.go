package route

import (
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

func TestRoutes(t *testing.T) {
	var r, other Routes
	room, second := id.New[id.Room](), id.New[id.Room]()
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	today := r.Of(room, noon)
	for what, same := range map[string]bool{
		"the same room at the end of the day": r.Of(room, noon.Add(12*time.Hour-time.Second)) == today,
		"it has so many digits":               len(today) == 2*size,
	} {
		if !same {
			t.Error("no: ", what)
		}
	}
	for what, another := range map[string]string{
		"another room":         r.Of(second, noon),
		"another node":         other.Of(room, noon),
		"the day after":        r.Of(room, noon.Add(12*time.Hour)),
		"the same day, later":  r.Of(room, noon), // the key of that day is gone
		"what the id says":     room.String(),
		"a part of what it is": room.String()[:2*size],
	} {
		if another == today || strings.Contains(today, another) {
			t.Errorf("%s has the same route", what)
		}
	}
}

func TestMembers(t *testing.T) {
	seen := make(map[string]bool)
	for range 1000 {
		m := Member()
		if len(m) != 2*size || seen[m] {
			t.Fatalf("%q is no member, or came before", m)
		}
		seen[m] = true
	}
}
