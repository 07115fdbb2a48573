package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/stoa-audio/stoa/internal/sim"
)

const simHelp = `stoa sim simulates a network of nodes, with the very rules that nodes run by.

`

// simulate runs a simulation and prints what came of it.
func simulate(_ context.Context, args []string, stdout, stderr io.Writer) error {
	f := flag.NewFlagSet("stoa sim", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		fmt.Fprint(stderr, simHelp)
		f.PrintDefaults()
	}
	var c sim.Config
	f.IntVar(&c.Nodes, "nodes", 200, "how many `nodes`")
	f.IntVar(&c.Listeners, "listeners", 0, "how many of them have listeners in each room; 0: 40, or all there are")
	f.IntVar(&c.Rooms, "rooms", 5, "how many rooms, each with a speaker at a random node")
	f.Uint64Var(&c.Seed, "seed", 1, "what chance begins with; the same `seed` gives the same run")
	f.StringVar(&c.Scenario, "scenario", "calm", "what happens: "+strings.Join(sim.Scenarios, ", "))
	f.DurationVar(&c.Time, "time", time.Minute, "how long it lasts, in simulated time")
	f.BoolVar(&c.Both, "both", false, "each node takes the stage's voices on two ways at once")
	rtt := f.String("rtt", "", "round trips between cities: a CSV `file` with the columns a, b, rtt_ms; without, a model of them")
	cities := f.String("cities", "", "cities: a CSV `file` with the columns city, lat, lon, region, continent; without, 58 of the world")
	asJSON := f.Bool("json", false, "print one JSON object")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("%w: %q is not a flag", errUsage, f.Arg(0))
	}
	earth, err := readEarth(*cities, *rtt, c.Seed)
	if err != nil {
		return err
	}
	start := time.Now()
	result, err := sim.Run(c, earth)
	if err != nil {
		return err
	}
	result.WallS = time.Since(start).Seconds()
	if *asJSON {
		return json.NewEncoder(stdout).Encode(result)
	}
	return printSimulation(stdout, result)
}

// readEarth reads the files that are named; a name that is empty is none.
func readEarth(cities, rtt string, seed uint64) (*sim.Earth, error) {
	var readers [2]io.Reader
	for i, name := range []string{cities, rtt} {
		if name == "" {
			continue
		}
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		readers[i] = file
	}
	return sim.NewEarth(readers[0], readers[1], rand.New(rand.NewPCG(seed, 1))) //nolint:gosec // a simulation is to be repeatable
}

func printSimulation(w io.Writer, r sim.Result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(what, format string, values ...any) {
		fmt.Fprintf(t, "%s\t%s\n", what, fmt.Sprintf(format, values...))
	}
	line("nodes", "%d, %d of them with listeners in each of %d rooms", r.Nodes, r.Listeners, r.Rooms)
	line("happens", "%s (seed %d)", r.Scenario, r.Seed)
	line("worst gap", "%.0f ms", r.WorstGapMS)
	line("cut off at the end", "%d", r.NodesCutOff)
	line("delay", "%.1f ms on average, %.1f for the slowest twentieth", r.DelayMS.Mean, r.DelayMS.P95)
	line("a star's", "%.1f and %.1f ms", r.StarDelayMS.Mean, r.StarDelayMS.P95)
	line("copies", "%.1f of each packet, %.1f of them between continents; a star's %.1f", r.Copies, r.IntercontinentalCopies, r.StarIntercontinentalCopies)
	line("outside the fence", "%d packets", r.PacketsOutsideFence)
	line("changes of trees", "%d", r.TreeChanges)
	line("digest", "%s", r.Digest)
	line("took", "%.1f s for %.0f simulated, %d packets", r.WallS, r.VirtualS, r.Packets)
	return t.Flush()
}
