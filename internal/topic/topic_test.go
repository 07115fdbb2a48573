package topic

import (
	"slices"
	"testing"
)

func TestAll(t *testing.T) {
	if len(All) > 32 {
		t.Errorf("%d topics do not fit into a Set", len(All))
	}
	for i, one := range All {
		if slices.Contains(All[:i], one) {
			t.Errorf("%s is there twice", one)
		}
		for _, c := range one {
			if c < 'a' || c > 'z' {
				t.Errorf("%q is no plain word", one)
			}
		}
		if SetOf([]string{one}) != 1<<i {
			t.Errorf("%s is another one in a set", one)
		}
	}
	if SetOf([]string{"music", "nothing of the kind", "art"})&^SetOf([]string{"art", "music"}) != 0 {
		t.Error("what there is not is in a set")
	}
}

func TestFit(t *testing.T) {
	for _, c := range []struct {
		some []string
		most int
		want bool
	}{
		{nil, 3, true},
		{[]string{"art", "music", "travel"}, 3, true},
		{[]string{"art", "music", "travel"}, 2, false},
		{[]string{"art", "art"}, 3, false},
		{[]string{"Art"}, 3, false},
		{[]string{""}, 3, false},
	} {
		if got := Fit(c.some, c.most); got != c.want {
			t.Errorf("%q of %d: %v", c.some, c.most, got)
		}
	}
}
