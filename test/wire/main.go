// Command wire shows that nothing on the wire names anybody. In a network
// namespace of its own it runs a node with TLS and three people in Chromium,
// who sign up, meet, speak, raise hands, are removed and leave, and captures
// every packet between them. Their names, ids, tokens, codes, keys and
// passwords are canaries: each packet, each TCP connection put together, and
// the log of the node at its most talkative are searched for each of them, in
// each way of writing it (write.go). One canary found is a failure.
//
// So that finding nothing means something, it then sends canaries on purpose,
// each way of writing them once in a datagram and once cut in two over TCP,
// past the same capture; one that is not found is a failure too. And it fails
// when the capture has lost packets, or when a kind of traffic or of canary
// that belongs to a visit is not there.
//
// Not here: what is compressed, hashed, or written in pieces of less than 8
// bytes is not recognised, and what is sealed is believed to be. Timing, sizes
// and addresses are seen by everybody (docs/protocol/keys.md, "What stays
// visible").
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
	"time"
)

// timeMax bounds a run.
const timeMax = 5 * time.Minute

// inside says to this program that it is in its namespace already.
const inside = "WIRE_INSIDE"

func main() {
	optional := flag.Bool("optional", false, "where there are no network namespaces, say so and do nothing")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(ctx, timeMax)
	err := run(ctx)
	cancel()
	stop()
	switch {
	case errors.Is(err, errFailed):
		os.Exit(1)
	case errors.Is(err, errNamespace) && *optional:
		fmt.Fprintln(os.Stdout, "wire: left out:", err)
	case err != nil:
		fmt.Fprintln(os.Stderr, "wire:", err)
		os.Exit(1)
	}
}

var (
	// errFailed means that what is wrong has been said.
	errFailed = errors.New("not shown")
	// errNamespace means that the system gives this program no network
	// namespace.
	errNamespace = errors.New("a network namespace takes Linux, and root or user namespaces")
)

func run(ctx context.Context) error {
	if os.Getenv(inside) == "" {
		return enter(ctx)
	}
	return watch(ctx, os.Stdout)
}

// watch captures a visit and the plants, searches all of it, and reports.
func watch(ctx context.Context, out io.Writer) error {
	c, err := open()
	if err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	defer func() { _ = c.close() }()
	// Taken before anybody else could have its ports.
	sink, err := openSink(ctx)
	if err != nil {
		return err
	}
	defer sink.close()
	v, err := visit(ctx)
	if err != nil {
		return err
	}
	s, err := newSearch(v.Canaries)
	if err != nil {
		return err
	}
	plants, err := sink.plant(ctx, plantable(v.Canaries))
	if err != nil {
		return fmt.Errorf("plant: %w", err)
	}
	if err := sink.awaitSeen(ctx, c); err != nil {
		return err
	}
	frames, err := c.stop()
	if err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	r := examine(frames, s, sink.ports(), plants)
	r.canaries = len(v.Canaries)
	s.search([]byte(v.Log), func(h hit) { r.found(h, "the node's log") })
	err = errors.Join(r.missing(), v.missing())
	if err != nil {
		fmt.Fprintln(out, err)
	}
	r.write(out, v)
	if err != nil || !r.good() {
		return errFailed
	}
	return nil
}
