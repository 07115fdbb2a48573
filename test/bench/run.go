package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/stoa-audio/stoa/internal/bench"
)

// rest is for the machine to forget a run: sockets close, memory is given back.
const rest = 2 * time.Second

// runAll runs all rows in turn, round after round, so that what else the machine
// does meanwhile falls upon all alike. A run that fails is told and left out.
func runAll(ctx context.Context, rows []row, rounds int, tell io.Writer) ([][]bench.Report, error) {
	runs := make([][]bench.Report, len(rows))
	for round := range rounds {
		for i, r := range rows {
			fmt.Fprintf(tell, "%d/%d  %s\n", round+1, rounds, strings.Join(r.command, " "))
			report, err := run(ctx, r.command)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil {
				fmt.Fprintf(tell, "  %v\n", err)
			} else {
				runs[i] = append(runs[i], report)
			}
			time.Sleep(rest)
		}
	}
	for i, r := range rows {
		if len(runs[i]) == 0 {
			return nil, fmt.Errorf("no run of %q has come to an end", strings.Join(r.command, " "))
		}
	}
	return runs, nil
}

// run runs a command, and reads what it reports.
func run(ctx context.Context, command []string) (r bench.Report, err error) {
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) } // it has children
	c.WaitDelay = 10 * time.Second
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, os.Stderr
	if err := c.Run(); err != nil {
		return r, err
	}
	return r, json.Unmarshal(out.Bytes(), &r)
}
