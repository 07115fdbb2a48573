package privacy

import (
	"slices"
	"testing"
	"time"
)

var now = time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC)

// young is what there is of each kind where nothing is late.
func young() []Age {
	var ages []Age
	for _, r := range Rules {
		a := Age{Kind: r.Kind, Rows: 1, Oldest: now.Add(-10 * 365 * 24 * time.Hour)}
		if r.Life > 0 {
			a.Oldest = now.Add(-r.Life - time.Hour)
		}
		if r.Empty {
			a.Rows = 0
		}
		ages = append(ages, a)
	}
	return ages
}

func TestJudge(t *testing.T) {
	found, err := Judge(now, young())
	if err != nil || len(found) != len(Rules) || slices.ContainsFunc(found, func(f Finding) bool { return f.Late }) {
		t.Fatalf("%+v, %v", found, err)
	}
	clocks := 0
	for i, r := range Rules {
		ages := young()
		switch {
		case r.Empty:
			ages[i].Rows = 1
		case r.Life > 0:
			clocks++
			ages[i].Oldest = now.Add(-r.Life - tidied - time.Second)
		default:
			continue
		}
		found, err := Judge(now, ages)
		if err != nil {
			t.Fatal(err)
		}
		for j, f := range found {
			if f.Late != (i == j) {
				t.Errorf("%s is late: %v, when %s is", f.Rule.Kind, f.Late, r.Kind)
			}
		}
	}
	if clocks < 3 {
		t.Errorf("%d kinds end by a clock", clocks)
	}
}

func TestNothingIsForgotten(t *testing.T) {
	if _, err := Judge(now, young()[1:]); err == nil {
		t.Error("a rule without an age")
	}
	if _, err := Judge(now, append(young(), Age{Kind: "diaries"})); err == nil {
		t.Error("an age without a rule")
	}
	for _, r := range Rules {
		if r.Until == "" {
			t.Errorf("nobody is told until when %s are kept", r.Kind)
		}
	}
}
