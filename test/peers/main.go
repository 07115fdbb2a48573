// Command peers measures a server of another make in the way that stoa bench
// room measures a node: as a child process of its own, with one speaker of 50
// packets a second and a crowd of listeners who count what comes, on this
// machine. It prints one JSON object with the keys of stoa bench room.
//
//	peers janus    Janus with its VideoRoom (Debian's janus)
//	peers mumble   Mumble's server (Debian's mumble-server)
//
// The crowd is this process. It runs on Linux.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/stoa-audio/stoa/internal/bench/child"
	"github.com/stoa-audio/stoa/test/peers/janus"
	"github.com/stoa-audio/stoa/test/peers/mumble"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to undo
	}
}

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	if len(args) == 0 {
		return errors.New("which server: janus or mumble?")
	}
	f := flag.NewFlagSet("peers "+args[0], flag.ContinueOnError)
	listeners := f.Int("listeners", 100, "how many listen")
	seconds := f.Int("seconds", 10, "how long to measure")
	if err := f.Parse(args[1:]); err != nil {
		return err
	}
	const listenersMax, secondsMax = 2000, 300
	if *listeners < 1 || *listeners > listenersMax || *seconds < 1 || *seconds > secondsMax || f.NArg() > 0 {
		return fmt.Errorf("1 to %d listeners, 1 to %d seconds, and nothing more", listenersMax, secondsMax)
	}
	load, err := child.LoadAverage()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "stoa-peers-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r, err := measureIn(ctx, dir, args[0], *listeners, *seconds)
	if err != nil {
		return err
	}
	r.LoadAverage = load
	return json.NewEncoder(out).Encode(r)
}

// measureIn measures the server with a name, which keeps its files in dir.
func measureIn(ctx context.Context, dir, name string, listeners, seconds int) (r report, err error) {
	var (
		s server
		p *child.Process
	)
	switch name {
	case "janus":
		j, err := janus.Start(ctx, dir)
		if err != nil {
			return r, err
		}
		s, p = j, j.Process
	case "mumble":
		m, err := mumble.Start(ctx, dir, listeners+1)
		if err != nil {
			return r, err
		}
		s, p = m, m.Process
	default:
		return r, fmt.Errorf("no server is called %q", name)
	}
	defer p.Stop()
	switch r, err = measure(ctx, s, listeners, seconds); {
	case ctx.Err() != nil: // and all else follows from it
		return r, ctx.Err()
	case err != nil:
		return r, p.Failed(name, err)
	}
	return r, nil
}
