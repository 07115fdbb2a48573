// Command netns runs a network of real nodes, each a process in a network
// namespace of its own, between which a network of ours delays and loses packets
// (test/netns/lines), and people in Chromium and with programs. It kills nodes,
// moves fences, has a region's servers stand still and all nodes get another
// version, and says how long somebody was not heard, and how many packets went
// where none may go.
//
//	netns              all cases, with Chromium; writes build/netns.json
//	netns -short       three nodes, programs for people: half a minute
//	netns soak         many people, and nodes that fall and come back, for long
//
// Where the system gives it no network namespaces, it says so and does nothing.
// It ends what it has started, and leaves nothing behind.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/stoa-audio/stoa/test/netns/space"
	"github.com/stoa-audio/stoa/test/netns/world"
)

// Bounds of a run.
const (
	shortMax = time.Minute
	allMax   = 15 * time.Minute
	soakMax  = 12 * time.Hour
)

func main() {
	if was, err := world.Serve(); was {
		if err != nil {
			fmt.Fprintln(os.Stderr, "netns:", err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, space.ErrNone):
		fmt.Fprintln(os.Stdout, "netns: left out:", err)
	case errors.Is(err, errMissed):
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, "netns:", err)
		os.Exit(1)
	}
}

// errMissed means that a bar was missed, and that it has been said.
var errMissed = errors.New("a bar was missed")

func run(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("netns", flag.ContinueOnError)
	short := f.Bool("short", false, "three nodes, and programs for people")
	only := f.String("only", "", "only cases whose names match this expression")
	publish := f.Bool("publish", false, "write the tables into docs/benchmarks.md")
	soaking := len(args) > 0 && args[0] == "soak"
	var s soakPlan
	if soaking {
		args = args[1:]
		f = s.flags()
	}
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("%q is not a flag", f.Arg(0))
	}
	ended, err := space.Enter(ctx)
	if _, failed := errors.AsType[*exec.ExitError](err); failed {
		return errMissed // it has said why
	}
	if ended || err != nil {
		return err
	}
	most := allMax
	switch {
	case soaking:
		most = soakMax
	case *short:
		most = shortMax
	}
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	r := &report{out: out, began: time.Now()}
	switch {
	case soaking:
		err = s.run(ctx, r)
	case *short:
		err = runShort(ctx, r)
	default:
		err = runAll(ctx, r, *only)
	}
	r.table()
	if err != nil {
		return err
	}
	if !soaking && !*short {
		if err := r.write("build/netns.json"); err != nil {
			return err
		}
	}
	if *publish {
		if err := r.publish(ctx, "docs/benchmarks.md"); err != nil {
			return err
		}
	}
	if !r.good() {
		return errMissed
	}
	return nil
}

// write writes all that was found as JSON.
func (r *report) write(path string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o600)
}
