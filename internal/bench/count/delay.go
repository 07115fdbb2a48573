package count

import (
	"math/bits"
	"time"
)

// Delays counts how long frames took, in buckets that are a sixteenth of their
// value wide: 1 µs to 134 s in a fixed place, each known to about 6 %.
type Delays [delayBuckets]uint32

const (
	delaySteps   = 16 // buckets to an octave
	delayOctaves = 23 // above the first delaySteps µs
	delayBuckets = (delayOctaves + 1) * delaySteps
)

// Add counts one delay.
func (c *Delays) Add(d time.Duration) { c[delayBucket(d)]++ }

func delayBucket(d time.Duration) int {
	us := uint64(max(d.Microseconds(), 0)) //nolint:gosec // not negative
	if us < delaySteps {
		return int(us) //nolint:gosec // small
	}
	octave := bits.Len64(us) - bits.Len64(delaySteps)
	step := us>>octave - delaySteps
	return min((octave+1)*delaySteps+int(step), delayBuckets-1) //nolint:gosec // small
}

// bucketEnd returns the delay at which bucket i ends.
func bucketEnd(i int) time.Duration {
	if i < delaySteps {
		return time.Duration(i+1) * time.Microsecond
	}
	octave, step := i/delaySteps-1, i%delaySteps
	return time.Duration((delaySteps+step+1)<<octave) * time.Microsecond
}

// Merge adds what other has counted.
func (c *Delays) Merge(other *Delays) {
	for i, n := range other {
		c[i] += n
	}
}

// Quantile returns the delay that the part q of all does not exceed, rounded
// up to its bucket, or 0 when nothing was counted.
func (c *Delays) Quantile(q float64) time.Duration {
	var all uint64
	for _, n := range c {
		all += uint64(n)
	}
	rank, seen := q*float64(all), uint64(0)
	for i, n := range c {
		if seen += uint64(n); n > 0 && float64(seen) >= rank {
			return bucketEnd(i)
		}
	}
	return 0
}
