package bench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/stoa-audio/stoa/internal/bench/child"
	"github.com/stoa-audio/stoa/internal/coordinate"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/region"
)

// Coordination is what is to be measured of a region's coordination.
type Coordination struct {
	Rooms  int
	Nodes  int // that own them
	Claims int // at the same time
}

// Check says what is wrong with the settings.
func (c Coordination) Check() error {
	switch {
	case c.Rooms < 1 || c.Rooms > 1_000_000:
		return errors.New("rooms: 1 to 1000000")
	case c.Nodes < 1 || c.Nodes > 1000:
		return errors.New("nodes: 1 to 1000")
	case c.Claims < 1 || c.Claims > 64:
		return errors.New("at-once: 1 to 64")
	}
	return nil
}

// A CoordinationReport is what a seat costs: the servers with all that they
// keep, and the copy of all owners. Memory is what the process has more than
// before.
type CoordinationReport struct {
	Rooms       int            `json:"rooms"`
	RSSMiB      float64        `json:"rss_mib"`    // the highest resident set, above what it was before
	HeapMiB     float64        `json:"heap_mib"`   // live, after a collection
	RestartS    float64        `json:"restart_s"`  // until a seat that is opened anew knows all owners
	Watchers    int            `json:"watchers"`   // of this node
	Consumers   int            `json:"consumers"`  // at the server
	Goroutines  int            `json:"goroutines"` // more than before
	ClaimUS     ClaimQuantiles `json:"claim_us"`   // how long a claim took
	ClaimsPerS  float64        `json:"claims_per_s"`
	LoadAverage float64        `json:"load_average"` // of a minute, before the run
}

// ClaimQuantiles is how long claims took, in microseconds.
type ClaimQuantiles struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

// JSON writes the report as one JSON object.
func (r CoordinationReport) JSON(w io.Writer) error { return json.NewEncoder(w).Encode(r) }

// Table writes the report for people.
func (r CoordinationReport) Table(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "rooms\t%d, whose owners are known\n", r.Rooms)
	fmt.Fprintf(t, "memory\t%.1f MiB at most, %.1f of them live in the heap\n", r.RSSMiB, r.HeapMiB)
	fmt.Fprintf(t, "after a restart\tall is known in %.2f s\n", r.RestartS)
	fmt.Fprintf(t, "watchers\t%d of this node, %d consumers at the server, %d goroutines\n", r.Watchers, r.Consumers, r.Goroutines)
	fmt.Fprintf(t, "a claim\t%.0f µs at half, %.0f at 99 of 100; %.0f in a second\n", r.ClaimUS.P50, r.ClaimUS.P99, r.ClaimsPerS)
	fmt.Fprintf(t, "load average\t%.2f\n", r.LoadAverage)
	return t.Flush()
}

// coordinationMax is how long it may take until all owners are known.
const coordinationMax = 2 * time.Minute

// RunCoordination measures a seat in this very process, of which it takes the
// memory: it is to be the only thing that the process does.
func RunCoordination(ctx context.Context, c Coordination) (r CoordinationReport, err error) {
	if err := c.Check(); err != nil {
		return r, err
	}
	r.Rooms = c.Rooms
	if r.LoadAverage, err = child.LoadAverage(); err != nil {
		return r, err
	}
	dir, err := os.MkdirTemp("", "stoa-bench-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	self := child.Self()
	runtime.GC()
	before, goroutines := liveHeap(), runtime.NumGoroutine()
	if err := self.ForgetPeak(); err != nil {
		return r, err
	}
	resident, err := self.PeakKiB()
	if err != nil {
		return r, err
	}
	config := coordinate.Config{
		Self:    identity.Member{Network: identity.NewNetwork(), Place: region.Place{Region: "eu", Operator: "bench"}, Node: id.New[id.Node]()},
		Version: "bench", Unfenced: true, Seat: true, Hub: true, Dir: dir, Log: slog.New(slog.DiscardHandler),
	}
	o, err := coordinate.Open(config)
	if err != nil {
		return r, err
	}
	defer func() { o.Close() }()
	o.Announce(false)
	if err := until(ctx, func() bool { return o.Counts().Watchers == watchersEach }); err != nil {
		return r, fmt.Errorf("begin: %w", err)
	}
	start := time.Now()
	took, err := c.claim(ctx, o)
	if err != nil {
		return r, err
	}
	r.ClaimsPerS = float64(c.Rooms) / time.Since(start).Seconds()
	if err := until(ctx, func() bool { return o.Counts().Rooms == c.Rooms }); err != nil {
		return r, fmt.Errorf("know all owners: %w", err)
	}
	// The server is asked for its consumers every ten seconds.
	o.Announce(false)
	if err := until(ctx, func() bool { return o.Counts().Consumers == watchersEach }); err != nil {
		return r, fmt.Errorf("%d consumers at the server: %w", o.Counts().Consumers, err)
	}
	peak, err := self.PeakKiB()
	if err != nil {
		return r, err
	}
	const mib = 1 << 10
	r.RSSMiB = (peak - resident) / mib
	counts := o.Counts()
	r.Watchers, r.Consumers, r.Goroutines = counts.Watchers, counts.Consumers, runtime.NumGoroutine()-goroutines
	r.ClaimUS = ClaimQuantiles{us(took[len(took)/2]), us(took[len(took)*99/100])}
	runtime.GC()
	r.HeapMiB = (liveHeap() - before) / (1 << 20)
	o.Close()
	start = time.Now()
	again, err := coordinate.Open(config)
	if err != nil {
		return r, err
	}
	o = again
	if err := until(ctx, func() bool { return o.Counts().Rooms == c.Rooms }); err != nil {
		return r, fmt.Errorf("know all owners again: %w", err)
	}
	r.RestartS = time.Since(start).Seconds()
	return r, nil
}

// watchersEach is how many watchers a node has: one for each bucket.
const watchersEach = 2

// claim claims all rooms and returns how long each took, sorted.
func (c Coordination) claim(ctx context.Context, o *coordinate.Coordinator) ([]time.Duration, error) {
	owners := make([]id.Node, c.Nodes)
	for i := range owners {
		owners[i] = id.New[id.Node]()
	}
	took := make([]time.Duration, c.Rooms)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for first := range c.Claims {
		all.Go(func() {
			for i := first; i < c.Rooms && ctx.Err() == nil; i += c.Claims {
				sum := sha256.Sum256(fmt.Append(nil, "room ", i))
				who := i % c.Nodes
				start := time.Now()
				err := o.Claim(ctx, hex.EncodeToString(sum[:16]), coordinate.Owner{
					Owner: owners[who], Deputy: owners[(who+1)%c.Nodes], Term: 1, URL: fmt.Sprintf("https://node%d.example.org", who),
				})
				if took[i] = time.Since(start); err != nil {
					cancel(err)
				}
			}
		})
	}
	all.Wait()
	slices.Sort(took)
	return took, context.Cause(ctx)
}

// until waits until something is so.
func until(ctx context.Context, is func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, coordinationMax)
	defer cancel()
	for !is() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}

// liveHeap is what the last collection has left, in bytes.
func liveHeap() float64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return float64(sample[0].Value.Uint64())
}

func us(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
