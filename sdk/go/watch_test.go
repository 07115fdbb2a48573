package stoa

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestSilence(t *testing.T) {
	var w watch
	start := time.Unix(1e9, 0)
	look := func(ms int, count uint32, want time.Duration) {
		t.Helper()
		if w.look(start.Add(time.Duration(ms)*time.Millisecond), count); w.silence != want {
			t.Errorf("after %d ms the silence is %v, want %v", ms, w.silence, want)
		}
	}
	look(0, 5, 0)
	look(100, 5, 100*time.Millisecond)
	look(200, 5, 200*time.Millisecond)
	look(300, 6, 0)
	look(60_000, 6, 200*time.Millisecond) // the machine has slept
	look(60_100, 7, 0)
	look(10, 7, 0) // the clock was set back
}

func TestOneBearsMoreAfterSwitches(t *testing.T) {
	var b bearing
	now := time.Unix(1e9, 0)
	if b.of(now, true) != bearsStage || b.of(now, false) != bearsAudience {
		t.Error("one bears more than usual to begin with")
	}
	for range 10 {
		b.note(now)
		now = now.Add(time.Second)
	}
	if got := b.of(now, true); got != bearsMost*bearsStage {
		t.Errorf("after ten switches one bears %v", got)
	}
	if got := b.of(now.Add(calmAfter), true); got != bearsStage {
		t.Errorf("after a calm time one bears %v", got)
	}
}

func TestAlternates(t *testing.T) {
	nodes := []Node{{ID: "d", Region: "us"}, {ID: "b", Region: "eu"}, {ID: "a", Region: "eu", Here: true}, {ID: "c", Region: "us"}}
	for at, want := range map[string][]string{"a": {"b", "d", "c"}, "": {"b", "d", "c"}, "c": {"d", "b", "a"}} {
		if got := alternates(nodes, at); !slices.Equal(got, want) {
			t.Errorf("from %q: %v", at, got)
		}
	}
	if len(alternates(nil, "")) != 0 || following(nil, "a") != "" {
		t.Error("there is somewhere to go where there is no node")
	}
	ranked := []string{"b", "d", "c"}
	for tried, want := range map[string]string{"": "b", "b": "d", "c": "b", "gone": "b"} {
		if got := following(ranked, tried); got != want {
			t.Errorf("after %q: %q", tried, got)
		}
	}
}

// A node that does not have a room any more, or not yet, is asked again; one that
// says no is not.
func TestIsMoving(t *testing.T) {
	for err, want := range map[error]bool{
		&Problem{Code: "not_here"}:                             true,
		fmt.Errorf("offer: %w", &Problem{Code: "unavailable"}): true,
		fmt.Errorf("media does not come up: %w", ErrLost):      true,
		&Problem{Code: "bad_offer"}:                            false,
		&Problem{Code: "no_node"}:                              false,
		context.Canceled:                                       false,
	} {
		if isMoving(err) != want {
			t.Errorf("%v: %v", err, !want)
		}
	}
}
