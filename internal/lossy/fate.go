package lossy

import (
	"math/rand/v2"
	"time"
)

// step is how long a good or a bad moment lasts at least: one frame of speech,
// so that Burst counts packets of a voice.
const step = 20 * time.Millisecond

// A fate decides which packets are lost: each by itself, or all within bad
// moments that come and go by a chain of two states (Gilbert), which runs with
// time and not with packets. Copies that are sent later see the line as it is
// by then.
type fate struct {
	line Line
	rnd  *rand.Rand
	bad  bool
	at   time.Duration // up to when the chain has run
}

func newFate(line Line, seed uint64) *fate {
	f := &fate{line: line, rnd: rand.New(rand.NewPCG(line.Seed, seed))} //nolint:gosec // to be repeated, not secret
	f.bad = f.rnd.Float64() < line.Loss
	return f
}

// loses reports whether a packet is lost that comes at a time since the line
// began.
func (f *fate) loses(at time.Duration) bool {
	p := f.line.Loss
	if f.line.Burst <= 1 || p <= 0 || p >= 1 {
		return f.rnd.Float64() < p
	}
	// In the long run the chain is bad for a share p of the steps, and stays so
	// for Burst of them.
	toGood := 1 / f.line.Burst
	toBad := toGood * p / (1 - p)
	for ; f.at+step <= at; f.at += step {
		if f.bad {
			f.bad = f.rnd.Float64() >= toGood
		} else {
			f.bad = f.rnd.Float64() < toBad
		}
	}
	return f.bad
}
