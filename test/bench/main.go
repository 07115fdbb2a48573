// Command bench runs benchmarks that take minutes, several times each, and
// writes what they found into a section of docs/benchmarks.md:
//
//	bench room    a node alone (stoa bench room), the best run of each kind
//	bench peers   a node beside Janus and Mumble (test/peers), medians
//
// It runs at the root of the repository with bin/stoa and bin/peers built; make
// bench and make bench-peers see to that. With --quick it tries everything once
// and small, and prints the table. It runs on Linux.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/stoa-audio/stoa/internal/bench"
)

const page = "docs/benchmarks.md"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := measure(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func measure(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 || args[0] != "room" && args[0] != "peers" {
		return errors.New("which benchmark: room or peers?")
	}
	section := args[0]
	f := flag.NewFlagSet("bench "+section, flag.ContinueOnError)
	quick := f.Bool("quick", false, "try everything once and small, and only print the table")
	rounds := f.Int("rounds", full.rounds, "how often to run everything")
	list := "100,300,500"
	if section == "peers" {
		f.StringVar(&list, "listeners", list, "for how many listeners")
	}
	if err := f.Parse(args[1:]); err != nil {
		return err
	}
	sizes, err := parseSizes(list)
	if err != nil {
		return err
	}
	s := full
	s.rounds = *rounds
	if *quick {
		s, sizes = try, []int{50}
	}
	const roundsMax = 20
	if s.rounds < 1 || s.rounds > roundsMax || f.NArg() > 0 {
		return fmt.Errorf("1 to %d rounds, and nothing more", roundsMax)
	}
	var (
		rows     []row
		draw     func([]row, [][]bench.Report) string
		packages []string
	)
	switch section {
	case "room":
		rows, draw = rooms(s), roomTable
	case "peers":
		rows, draw, packages = comparison(sizes, s), peerTable, []string{"janus", "mumble-server"}
	}
	where, err := circumstances(ctx, packages...)
	if err != nil {
		return err
	}
	runs, err := runAll(ctx, rows, s.rounds, os.Stderr)
	if err != nil {
		return err
	}
	body := "\n" + where + "\n" + draw(rows, runs) + "\n" + commands(rows) + "\n"
	if *quick {
		_, err := io.WriteString(out, body)
		return err
	}
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	written, err := replace(string(text), section, body)
	if err != nil {
		return err
	}
	return os.WriteFile(page, []byte(written), 0o644) //nolint:gosec // a page for all to read
}
