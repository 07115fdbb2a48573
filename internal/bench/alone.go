package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/stoa-audio/stoa/internal/bench/child"
)

// Over a wire, node and crowd have a network namespace each, so that what they
// say to one another crosses two interfaces, and this machine's own network is
// left alone. The namespace of the node is also that of whoever measures: a
// process that is told Settings, and says a Report.

// AloneCommand are the arguments that make this binary measure in a network
// namespace of its own.
var AloneCommand = []string{"bench", "alone"}

// wireAddress is the node's. It and the crowd's are of a network that is kept
// for benchmarks (RFC 2544, appendix C.2.2).
const wireAddress = "198.18.0.1"

const aloneMax = 30 * time.Second // to tidy up

// runAlone lets another process measure.
func runAlone(ctx context.Context, s Settings) (r Report, err error) {
	in, tell, err := os.Pipe()
	if err != nil {
		return r, err
	}
	defer func() { _ = tell.Close() }() // which tells it to end
	hear, out, err := os.Pipe()
	if err != nil {
		return r, errors.Join(err, in.Close())
	}
	defer func() { _ = hear.Close() }()
	p, err := start(child.StartAlone, in, out, AloneCommand...)
	err = errors.Join(err, in.Close(), out.Close())
	if err != nil {
		return r, fmt.Errorf("a wire between network namespaces takes root: %w", err)
	}
	defer p.Stop()
	if err := json.NewEncoder(tell).Encode(s); err != nil {
		return r, p.Failed("tell what to measure", err)
	}
	defer context.AfterFunc(ctx, func() {
		_ = tell.Close()
		_ = hear.SetReadDeadline(time.Now().Add(aloneMax))
	})()
	err = json.NewDecoder(hear).Decode(&r)
	switch {
	case ctx.Err() != nil:
		return r, ctx.Err()
	case err != nil:
		return r, p.Failed("measure over a wire", err)
	}
	return r, nil
}

// RunAlone measures as it is told by in, until in ends.
func RunAlone(ctx context.Context, in io.Reader, out io.Writer) error {
	d := json.NewDecoder(in)
	var s Settings
	if err := d.Decode(&s); err != nil {
		return fmt.Errorf("read what to measure: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()
	if err := layWire(); err != nil {
		return err
	}
	r, err := measure(ctx, s)
	if err != nil {
		return err
	}
	return r.JSON(out)
}
