// Command lossy runs a bad line in front of a node, for browsers to be sent
// through. It prints its address and runs until it is stopped.
//
//	lossy -node 127.0.0.1:7882 -loss 0.2 -burst 3 -rtt 60ms -seed 1
package main

import (
	"context"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/stoa-audio/stoa/internal/lossy"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "lossy:", err)
		os.Exit(1)
	}
}

func run() error {
	var line lossy.Line
	node := flag.String("node", "", "the node's media `ADDRESS`")
	rtt := flag.Duration("rtt", 60*time.Millisecond, "round-trip `TIME`")
	flag.Float64Var(&line.Loss, "loss", 0, "`SHARE` of packets that are lost, 0 to 1")
	flag.Float64Var(&line.Burst, "burst", 1, "`NUMBER` of packets that are lost together on average")
	flag.Uint64Var(&line.Seed, "seed", 1, "the same `NUMBER`, the same losses")
	flag.Parse()
	line.Delay = *rtt / 2
	to, err := netip.ParseAddrPort(*node)
	if err != nil {
		return err
	}
	proxy, err := lossy.Open(netip.MustParseAddrPort("127.0.0.1:0"), to, line)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, "line at", proxy.Addr())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	<-ctx.Done()
	passed, lost := proxy.Counts()
	fmt.Fprintf(os.Stdout, "passed %d, lost %d\n", passed, lost)
	return proxy.Close()
}
