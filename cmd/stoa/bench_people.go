package main

import (
	"context"
	"flag"
	"io"

	"github.com/stoa-audio/stoa/internal/bench"
)

// benchmarkPeople runs "stoa bench people": how long a hallway and a search take
// in a house with many people.
func benchmarkPeople(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var t bench.Town
	f := flag.NewFlagSet("stoa bench people", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.IntVar(&t.People, "people", 1_000_000, "how many people live there")
	f.IntVar(&t.Follows, "follows", 20, "how many others each of them follows")
	f.IntVar(&t.Rooms, "rooms", 10_000, "how many rooms run")
	f.IntVar(&t.Seconds, "seconds", 30, "how long to measure each of the two")
	f.StringVar(&t.Database, "database", "", "an empty PostgreSQL `URL`; without it, a SQLite file that is thrown away")
	t.Log = stderr
	asJSON := f.Bool("json", false, "report as JSON")
	if err := parse(f, args, func() error { return t.Check() }); err != nil {
		return err
	}
	r, err := bench.RunTown(ctx, t)
	if err != nil {
		return err
	}
	return show(r, *asJSON, stdout)
}
