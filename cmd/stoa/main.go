// Command stoa runs a node: the app, its API and the media of its rooms in one
// process.
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

	"github.com/stoa-audio/stoa/internal/api"
	"github.com/stoa-audio/stoa/internal/node"
	"github.com/stoa-audio/stoa/internal/telemetry"
)

const help = `stoa runs live-audio rooms.

  stoa serve      run a node; stoa serve -h lists its flags
  stoa openapi    print the OpenAPI document of the HTTP API
  stoa bench room measure what a node costs on this machine; -h lists its flags
  stoa bench loss measure what is left of a voice on a bad line; -h lists its flags
  stoa bench coordination
                  measure what it costs to know who owns many rooms
  stoa bench people
                  measure a hallway and a search in a house with many people
  stoa network    make a network of nodes, and let machines into it; -h lists how
  stoa fence      look whether this machine's node keeps inside its fence
  stoa sim        simulate a network of nodes; -h lists what can happen there
  stoa report     look at what people have reported; -h lists what it does
  stoa warden     name those who judge what is reported; -h lists how
  stoa privacy    say how old what is stored is, and how long it is kept
  stoa discovery  replace the key by which people find each other; -h says how
  stoa db         move the records into another database; -h lists how
  stoa version    print the version
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "stoa:", err)
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "stoa:", err)
		os.Exit(1)
	}
}

// errUsage means that a command was not given as it takes to be.
var errUsage = errors.New("wrong use")

func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) error {
	command := ""
	if len(args) > 0 {
		command = args[0]
	}
	switch command {
	case "serve":
		return serve(ctx, args[1:], environ, stdout, stderr)
	case "openapi":
		_, err := stdout.Write(api.Document(node.Version))
		return err
	case "bench":
		return benchmark(ctx, args[1:], stdout, stderr)
	case "network":
		return network(args[1:], stdout, stderr)
	case "fence":
		return fence(ctx, args[1:], environ, stdout, stderr)
	case "sim":
		return simulate(ctx, args[1:], stdout, stderr)
	case "report":
		return moderation(ctx, args[1:], environ, stdout, stderr)
	case "warden":
		return wardens(ctx, args[1:], environ, stdout, stderr)
	case "privacy":
		return privacyReport(ctx, args[1:], environ, stdout, stderr)
	case "discovery":
		return discovery(ctx, args[1:], environ, stdout, stderr)
	case "db":
		return databases(ctx, args[1:], stdout, stderr)
	case "version":
		_, err := fmt.Fprintln(stdout, "stoa", node.Version)
		return err
	case "", "help", "-h", "--help":
		_, err := io.WriteString(stdout, help)
		return err
	}
	return fmt.Errorf("%q is no command; stoa help lists them", command)
}

// drain lets people leave before a node stops, unless it is told a second time to
// stop. From the third time on the system ends it.
func drain(n *node.Node) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	n.Drain(ctx)
	stop()
	signal.Reset(os.Interrupt, syscall.SIGTERM)
}

// serve runs a node until ctx ends. What a person needs to know goes to
// stdout, the log to stderr.
func serve(ctx context.Context, args, environ []string, stdout, stderr io.Writer) error {
	c, err := node.LoadConfig(args, environ, stderr)
	if err != nil {
		return err
	}
	log := telemetry.NewLog(stderr, c.Log, c.LogLevel)
	n, err := node.Start(ctx, c, log)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "Stoa is at", n.URL())
	if link := n.Invite(); link != "" {
		fmt.Fprintln(stdout, "Nobody lives here yet. Your invite:", link)
	}
	select {
	case <-ctx.Done():
		drain(n)
		log.InfoContext(ctx, "stopping")
	case err = <-n.Failed():
	}
	return errors.Join(err, n.Stop(context.WithoutCancel(ctx)))
}
