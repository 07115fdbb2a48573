package count

import (
	"testing"
	"time"
)

func TestDelayBuckets(t *testing.T) {
	end := time.Duration(0)
	for i := range delayBuckets {
		if bucketEnd(i) <= end {
			t.Fatalf("bucket %d ends at %v, the one before at %v", i, bucketEnd(i), end)
		}
		// The end of one bucket is where the next begins.
		if first := delayBucket(end); first != i {
			t.Fatalf("%v is in bucket %d, not %d", end, first, i)
		}
		if last := delayBucket(bucketEnd(i) - time.Nanosecond); last != i {
			t.Fatalf("%v is in bucket %d, not %d", bucketEnd(i)-time.Nanosecond, last, i)
		}
		if wide := bucketEnd(i) - end; end > delaySteps*time.Microsecond && wide > end/delaySteps+time.Microsecond {
			t.Fatalf("bucket %d is %v wide at %v", i, wide, end)
		}
		end = bucketEnd(i)
	}
	if delayBucket(-time.Second) != 0 || delayBucket(time.Hour) != delayBuckets-1 {
		t.Error("what is outside is not in the outermost buckets")
	}
}

func TestQuantiles(t *testing.T) {
	var a, b Delays
	if a.Quantile(0.5) != 0 {
		t.Error("nothing has a median")
	}
	for i := range 100 {
		c := &a
		if i%2 == 0 {
			c = &b
		}
		c.Add(time.Duration(i+1) * time.Millisecond)
	}
	a.Merge(&b)
	for q, want := range map[float64]time.Duration{0.5: 50 * time.Millisecond, 0.99: 99 * time.Millisecond, 1: 100 * time.Millisecond} {
		if got := a.Quantile(q); got < want || got > want*107/100 {
			t.Errorf("quantile %v is %v, want %v and up to 7 %% more", q, got, want)
		}
	}
}
