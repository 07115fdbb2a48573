package main

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/stoa-audio/stoa/internal/bench"
)

func TestBenchLoss(t *testing.T) {
	if testing.Short() {
		t.Skip("it measures for seconds")
	}
	out, err := stoa(t, "bench", "loss", "--loss", "0.2", "--burst", "2", "--seconds", "3", "--json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	var r bench.LossReport
	if err := errors.Join(json.Unmarshal(out, &members), json.Unmarshal(out, &r)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sent", "delivered", "recovered", "lost"} {
		if _, ok := members[name]; !ok {
			t.Errorf("no %q in %s", name, out)
		}
	}
	// What the line loses is a matter of its own; of a fifth, hardly anything
	// is left to miss.
	if r.Sent != 150 || r.Sent != r.Delivered+r.Lost || r.Lost > 15 || r.Recovered < 5 || r.LineLost < 20 {
		t.Errorf("%+v", r)
	}
}

func TestBenchLossRefuses(t *testing.T) {
	for _, args := range [][]string{
		{"--loss", "-1"},
		{"--loss", "0.95"},
		{"--loss", "much"},
		{"--loss", "0.9", "--burst", "2"},
		{"--seconds", "0"},
		{"--rtt", "-1s"},
		{"more"},
	} {
		err := run(t.Context(), slices.Concat([]string{"bench", "loss"}, args), nil, io.Discard, io.Discard)
		if !errors.Is(err, errUsage) {
			t.Errorf("%v: %v", args, err)
		}
	}
}
