package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/stoa-audio/stoa/internal/bench"
	"github.com/stoa-audio/stoa/internal/bench/crowd"
)

// benchmark runs "stoa bench": "room" measures a node in a room of its own,
// and starts "crowd" for it; "loss" measures a voice on a bad line, and
// "coordination" what it costs to know who owns many rooms.
func benchmark(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if slices.Equal(args, bench.CrowdCommand[1:]) {
		return crowd.Run(ctx, os.Stdin, stdout)
	}
	if slices.Equal(args, bench.AloneCommand[1:]) {
		return bench.RunAlone(ctx, os.Stdin, stdout)
	}
	if len(args) > 0 && args[0] == "loss" {
		return benchmarkLoss(ctx, args[1:], stdout, stderr)
	}
	if len(args) > 0 && args[0] == "coordination" {
		return benchmarkCoordination(ctx, args[1:], stdout, stderr)
	}
	if len(args) > 0 && args[0] == "people" {
		return benchmarkPeople(ctx, args[1:], stdout, stderr)
	}
	if len(args) == 0 || args[0] != "room" {
		return fmt.Errorf("%w: there is stoa bench room, loss, coordination and people", errUsage)
	}
	var s bench.Settings
	f := flag.NewFlagSet("stoa bench room", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.IntVar(&s.Listeners, "listeners", 200, "how many listen")
	f.IntVar(&s.Speakers, "speakers", 1, "how many speak")
	f.IntVar(&s.Seconds, "seconds", 10, "how long to measure")
	f.IntVar(&s.FrameMS, "ptime", 20, "length of a frame: 20, 40 or 60 `ms`")
	f.StringVar(&s.Client, "client", "lean", "what listeners are made of: lean, or pion")
	f.StringVar(&s.Lane, "lane", "udp", "by which the node sends: udp, or packet")
	f.BoolVar(&s.Wire, "wire", false, "put node and crowd in network namespaces of their own, at the ends of a veth pair, instead of on loopback; it takes root")
	f.IntVar(&s.Joining, "joining", 64, "how many come in at the same time")
	f.IntVar(&s.Herd, "herd", 0, "how many more come in, all at once, while it is measured")
	f.StringVar(&s.Profile, "profile", "", "write a CPU profile of the node to `FILE`; the figures are then not to be counted")
	asJSON := f.Bool("json", false, "report as JSON")
	if err := parse(f, args[1:], func() error { return s.Check() }); err != nil {
		return err
	}
	r, err := bench.Run(ctx, s)
	if err != nil {
		return err
	}
	return show(r, *asJSON, stdout)
}

// parse sets the flags of a benchmark and checks what they say.
func parse(f *flag.FlagSet, args []string, check func() error) error {
	err := f.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err == nil && f.NArg() > 0:
		err = fmt.Errorf("%q is not a flag", f.Arg(0))
	case err == nil:
		err = check()
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	return nil
}

// A result is what a benchmark has found.
type result interface {
	JSON(io.Writer) error
	Table(io.Writer) error
}

func show(r result, asJSON bool, out io.Writer) error {
	if asJSON {
		return r.JSON(out)
	}
	return r.Table(out)
}
