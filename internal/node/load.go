package node

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"github.com/stoa-audio/stoa/internal/load"
	"github.com/stoa-audio/stoa/internal/media/forward"
	"github.com/stoa-audio/stoa/internal/media/sfu"
)

// memoryShare is how much of the machine's memory, or of the container's, the
// node takes for its own unless it is told otherwise.
const memoryShare = 0.9

// errFull means that the node lets nobody new in for now.
var errFull = errors.New("as busy as it may be")

// A gauge measures the node once a second and keeps what the judge says.
type gauge struct {
	media *sfu.SFU
	judge *load.Judge
	log   *slog.Logger

	mu        sync.Mutex // guards the rest
	verdict   load.Verdict
	last      load.Sample
	sustained float64

	at      time.Time // of the last measurement
	cpu     time.Duration
	counts  map[string]uint64
	buckets [len(sfu.DelayBounds) + 1]uint64
}

func newGauge(media *sfu.SFU, c Load, log *slog.Logger) *gauge {
	limits := load.Limits{CPU: c.CPU, Memory: c.Memory << 20}
	if limits.Memory == 0 {
		limits.Memory, _ = memlimit.ApplyRatio(memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem), memoryShare)() // unlimited where nobody knows
	}
	g := &gauge{media: media, judge: load.New(limits, forward.Slots), log: log, verdict: load.Verdict{Voices: forward.Slots}}
	g.measure(time.Now())
	return g
}

// run measures until ctx ends.
func (g *gauge) run(ctx context.Context) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			g.turn(now)
		}
	}
}

func (g *gauge) turn(now time.Time) {
	sample := g.measure(now)
	v := g.judge.Judge(sample)
	g.mu.Lock()
	before := g.verdict
	g.verdict, g.last, g.sustained = v, sample, g.judge.Sustained()
	g.mu.Unlock()
	if v.Full != before.Full || v.Voices != before.Voices {
		g.log.Warn("load", "full", v.Full, "why", string(v.Why), "voices", v.Voices,
			"cpu", sample.CPU, "memory", sample.Memory, "packets", sample.Packets, "late", sample.Late)
	}
	if v.Voices != before.Voices {
		g.media.Limit(v.Voices)
	}
}

// measure returns what the node has done since the last time.
func (g *gauge) measure(now time.Time) load.Sample {
	s := load.Sample{Memory: held()}
	cpu, counts := processTime(), g.media.Counts()
	buckets, _ := g.media.Delays()
	if took := now.Sub(g.at).Seconds(); !g.at.IsZero() && took > 0 {
		since := func(name string) float64 { return float64(counts[name] - g.counts[name]) }
		s.CPU = (cpu - g.cpu).Seconds() / took / float64(runtime.GOMAXPROCS(0))
		out := since("packets_out")
		s.Packets = out / took
		if dropped := since("drop_send_full") + since("drop_late") + since("drop_inbox"); dropped > 0 {
			s.Dropped = dropped / (out + dropped)
		}
		all, late := 0.0, 0.0
		for i := range buckets {
			n := float64(buckets[i] - g.buckets[i])
			all += n
			if i >= len(sfu.DelayBounds) || sfu.DelayBounds[i] > load.LateAfter {
				late += n
			}
		}
		if all > 0 {
			s.Late = late / all
		}
	}
	g.at, g.cpu, g.counts, g.buckets = now, cpu, counts, buckets
	return s
}

// held returns how many bytes of memory the process has from the system.
func held() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}

// full reports whether nobody new is let in, and when to ask again.
func (g *gauge) full() (wait time.Duration, full bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.verdict.Wait, g.verdict.Full
}

// read returns the last verdict, sample, and the packets per second sustained.
func (g *gauge) read() (load.Verdict, load.Sample, float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.verdict, g.last, g.sustained
}
