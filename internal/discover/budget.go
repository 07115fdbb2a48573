package discover

import "time"

// A Budget is for how many identifiers somebody may still ask.
type Budget struct {
	Left    int
	Counted time.Time // until when what comes again is counted in; zero at first
}

// day is how long it takes until some comes again.
const day = 24 * time.Hour

// At returns b with what has come again by now.
func (b Budget) At(now time.Time) Budget {
	if b.Counted.IsZero() {
		return Budget{BudgetMax, now}
	}
	if whole := now.Sub(b.Counted).Truncate(day); whole > 0 {
		b.Left = min(BudgetMax, b.Left+int(min(whole/day, BudgetMax))*BudgetDaily)
		b.Counted = b.Counted.Add(whole)
	}
	if b.Left >= BudgetMax && now.After(b.Counted) {
		b.Counted = now // a day begins with the first that is spent
	}
	return b
}

// More returns when more comes; zero when there is all.
func (b Budget) More() time.Time {
	if b.Left >= BudgetMax {
		return time.Time{}
	}
	return b.Counted.Add(day)
}

// Spend returns b without n, or BudgetError: all or none.
func (b Budget) Spend(now time.Time, n int) (Budget, error) {
	b = b.At(now)
	if n > b.Left {
		missing := n - b.Left
		days := (missing + BudgetDaily - 1) / BudgetDaily
		return b, BudgetError{b.Counted.Add(time.Duration(days) * day)}
	}
	b.Left -= n
	return b, nil
}
