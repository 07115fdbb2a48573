package people

import (
	"testing"
	"time"
)

func TestAllowance(t *testing.T) {
	t.Parallel()
	const week = 7 * 24 * time.Hour
	came := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	usual := Growth{Start: 2, Every: week, Most: 5}
	for name, c := range map[string]struct {
		growth Growth
		door   bool
		after  time.Duration
		n      int
		next   time.Duration // after coming; 0 for never
	}{
		"at first":                   {growth: usual, n: 2, next: week},
		"before a week is over":      {growth: usual, after: week - 1, n: 2, next: week},
		"after a week":               {growth: usual, after: week, n: 3, next: 2 * week},
		"the last":                   {growth: usual, after: 3 * week, n: 5},
		"years later":                {growth: usual, after: 1000 * week, n: 5},
		"through the door":           {growth: usual, door: true, n: 0, next: week},
		"through the door, later":    {growth: usual, door: true, after: 4 * week, n: 4, next: 5 * week},
		"through the door, at last":  {growth: usual, door: true, after: 5 * week, n: 5},
		"no more than at the start":  {growth: Growth{Start: 2, Most: 9}, after: 9 * week, n: 2},
		"none":                       {growth: Growth{Every: week}, after: 9 * week, n: 0},
		"most is less than at first": {growth: Growth{Start: 7, Every: week, Most: 3}, n: 3},
		"a clock that was put back":  {growth: usual, after: -9 * week, n: 2, next: week},
	} {
		n, next := c.growth.Allowance(Standing{Good: came, Invited: !c.door}, came.Add(c.after))
		want := time.Time{}
		if c.next != 0 {
			want = came.Add(c.next)
		}
		if n != c.n || !next.Equal(want) {
			t.Errorf("%s: %d, the next %v; want %d, %v", name, n, next, c.n, want)
		}
	}
}
