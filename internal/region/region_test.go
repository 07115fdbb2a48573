package region

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestFence(t *testing.T) {
	for text, want := range map[string]struct{ in, out []Place }{
		"*":           {in: []Place{{"eu", "a"}, {"us", "b"}}},
		"eu":          {in: []Place{{"eu", "a"}, {"eu", "b"}}, out: []Place{{"us", "a"}, {"e", "a"}, {"", ""}, {"+", "a"}}},
		"eu+ch":       {in: []Place{{"eu", "a"}, {"ch", "a"}}, out: []Place{{"us", "a"}, {"eu+ch", "a"}, {"u", "a"}}},
		"@a":          {in: []Place{{"eu", "a"}, {"us", "a"}}, out: []Place{{"eu", "aa"}}},
		"eu@a+b":      {in: []Place{{"eu", "a"}, {"eu", "b"}}, out: []Place{{"eu", "c"}, {"us", "a"}}},
		"eu-west+eu":  {in: []Place{{"eu", "a"}, {"eu-west", "a"}}, out: []Place{{"west", "a"}, {"eu-", "a"}}},
		"eu-west+eu2": {out: []Place{{"eu", "a"}}},
	} {
		f, err := ParseFence(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for _, p := range want.in {
			if !f.Allows(p) {
				t.Errorf("%s keeps %v out", text, p)
			}
		}
		for _, p := range want.out {
			if f.Allows(p) {
				t.Errorf("%s lets %v in", text, p)
			}
		}
		var again Fence
		if err := again.UnmarshalText([]byte(f.String())); err != nil || again != f {
			t.Errorf("%s is written as %q and read as %v, %v", text, f, again, err)
		}
	}
	if (Fence{}).Allows(Place{"eu", "a"}) || (Fence{}).Allows(Place{}) || In() != Anywhere && In().Allows(Place{"eu", "a"}) {
		t.Error("nowhere allows something")
	}
	if a, b := In("ch", "eu", "eu"), In("eu", "ch"); a != b {
		t.Errorf("%v is not %v", a, b)
	}
}

func TestBadFences(t *testing.T) {
	many := make([]string, NamesMax+1)
	for i := range many {
		many[i] = strings.Repeat("a", i%NameMax+1) + string(rune('a'+i/NameMax))
	}
	for _, text := range []string{
		"", "@", "eu@", "EU", "eu+", "+eu", "eu++ch", "e u", "eu@a@b", "-eu", "*@a", "eu@*",
		strings.Repeat("x", NameMax+1), strings.Join(many, "+"),
	} {
		if f, err := ParseFence(text); !errors.Is(err, ErrFence) || f != (Fence{}) {
			t.Errorf("%q is the fence %v, %v", text, f, err)
		}
	}
	for _, p := range []Place{{}, {"eu", ""}, {"", "a"}, {"eu/x", "a"}, {"eu", "A"}} {
		if p.Check() == nil {
			t.Errorf("%v is a place", p)
		}
	}
}

// Within and And agree with Allows, for random fences and all places.
func TestSets(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	names := []string{"a", "b", "ab", "a-b"}
	side := func() string {
		if rnd.IntN(4) == 0 {
			return "*"
		}
		var some []string
		for _, n := range names {
			if rnd.IntN(2) == 0 {
				some = append(some, n)
			}
		}
		if some == nil {
			return ""
		}
		s, _ := parseNames(strings.Join(some, "+"))
		return s
	}
	for range 5000 {
		f, g := Fence{side(), side()}, Fence{side(), side()}
		inside := true
		for _, r := range append(names, "other") {
			for _, o := range append(names, "other") {
				p := Place{r, o}
				inside = inside && (!f.Allows(p) || g.Allows(p))
				if f.And(g).Allows(p) != (f.Allows(p) && g.Allows(p)) {
					t.Fatalf("%+v and %+v are wrong about %v", f, g, p)
				}
			}
		}
		if f.Within(g) != inside {
			t.Fatalf("%+v within %+v: %v, want %v", f, g, f.Within(g), inside)
		}
	}
}

func FuzzParseFence(f *testing.F) {
	f.Add("eu+ch@example")
	f.Fuzz(func(t *testing.T, text string) {
		fence, err := ParseFence(text)
		if err != nil {
			return
		}
		if again, err := ParseFence(fence.String()); err != nil || again != fence {
			t.Errorf("%q becomes %q, %v", text, fence, err)
		}
	})
}

func TestAllowsDoesNotAllocate(t *testing.T) {
	f, p := In("eu", "ch"), Place{"ch", "example"}
	if n := testing.AllocsPerRun(100, func() { f.Allows(p) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
