package main

import (
	"context"
	"flag"
	"io"
	"time"

	"github.com/stoa-audio/stoa/internal/bench"
)

// benchmarkLoss runs "stoa bench loss": what is left of a voice on a line that
// loses packets.
func benchmarkLoss(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var l bench.Loss
	f := flag.NewFlagSet("stoa bench loss", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Float64Var(&l.Share, "loss", 0.2, "`SHARE` of packets that the line loses, 0 to 0.9")
	f.Float64Var(&l.Burst, "burst", 1, "`NUMBER` of packets that it loses together on average")
	f.DurationVar(&l.RTT, "rtt", 60*time.Millisecond, "`TIME` there and back")
	f.IntVar(&l.Seconds, "seconds", 20, "how long to measure")
	f.Uint64Var(&l.Seed, "seed", 1, "the same `NUMBER`, the same losses")
	asJSON := f.Bool("json", false, "report as JSON")
	if err := parse(f, args, func() error { return l.Check() }); err != nil {
		return err
	}
	r, err := bench.RunLoss(ctx, l)
	if err != nil {
		return err
	}
	return show(r, *asJSON, stdout)
}
