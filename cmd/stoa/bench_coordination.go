package main

import (
	"context"
	"flag"
	"io"

	"github.com/stoa-audio/stoa/internal/bench"
)

// benchmarkCoordination runs "stoa bench coordination": what a region's seat
// costs that knows the owners of many rooms.
func benchmarkCoordination(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var c bench.Coordination
	f := flag.NewFlagSet("stoa bench coordination", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.IntVar(&c.Rooms, "rooms", 100_000, "how many rooms are claimed")
	f.IntVar(&c.Nodes, "nodes", 50, "how many nodes own them")
	f.IntVar(&c.Claims, "at-once", 1, "how many claims are under way at the same time")
	asJSON := f.Bool("json", false, "report as JSON")
	if err := parse(f, args, func() error { return c.Check() }); err != nil {
		return err
	}
	r, err := bench.RunCoordination(ctx, c)
	if err != nil {
		return err
	}
	return show(r, *asJSON, stdout)
}
