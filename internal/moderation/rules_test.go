package moderation

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
)

var (
	noon     = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	ada      = id.Person{1}
	bo       = id.Person{2}
	cy       = id.Person{3}
	reporter = id.Person{4}
)

func TestParseAsk(t *testing.T) {
	why := "A word"
	for name, c := range map[string]struct {
		kind Kind
		ask  Ask
		bad  string
	}{
		"a warning":                  {Person, Ask{Warning, 0, why}, ""},
		"a day":                      {Person, Ask{Suspend, 1, why}, ""},
		"a year":                     {Club, Ask{Suspend, SuspendMax, why}, ""},
		"for no days":                {Person, Ask{Suspend, 0, why}, "days"},
		"for too long":               {Person, Ask{Suspend, SuspendMax + 1, why}, "days"},
		"days of what lasts":         {Person, Ask{Ban, 3, why}, "days"},
		"a room is closed":           {Room, Ask{CloseRoom, 0, why}, ""},
		"a person is not":            {Person, Ask{CloseRoom, 0, why}, "what"},
		"nothing is left of a room":  {Room, Ask{Remove, 0, why}, "what"},
		"of a plan there is":         {Plan, Ask{Remove, 0, why}, ""},
		"something else":             {Person, Ask{"flog", 0, why}, "what"},
		"without a reason":           {Person, Ask{Ban, 0, " \n "}, "reason"},
		"with a long one":            {Person, Ask{Ban, 0, strings.Repeat("a", WhyMax+1)}, "reason"},
		"all that is wrong, at once": {Person, Ask{CloseRoom, 9, ""}, "what days reason"},
	} {
		_, err := ParseAsk(c.kind, c.ask)
		var faults people.Faults
		errors.As(err, &faults)
		var fields []string
		for _, f := range faults {
			fields = append(fields, f.Field)
		}
		if got := strings.Join(fields, " "); got != c.bad {
			t.Errorf("%s: %q is wrong, want %q", name, got, c.bad)
		}
	}
}

func TestMayJudge(t *testing.T) {
	for name, c := range map[string]struct {
		scene Scene
		want  error
	}{
		"a warden":                     {Scene{Wardens: []id.Person{ada}}, nil},
		"somebody else":                {Scene{Wardens: []id.Person{bo}}, ErrWarden},
		"about themselves":             {Scene{Wardens: []id.Person{ada, bo}, Entry: Entry{Person: ada}}, ErrParty},
		"their own report":             {Scene{Wardens: []id.Person{ada, bo}, Reporters: []id.Person{cy, ada}}, ErrParty},
		"their own club":               {Scene{Wardens: []id.Person{ada}, Hosts: []id.Person{ada}}, ErrParty},
		"an answer":                    {Scene{Wardens: []id.Person{ada, bo}, Entry: Entry{Passed: ada}}, ErrPassed},
		"an answer, alone":             {Scene{Wardens: []id.Person{ada}, Entry: Entry{Passed: ada}}, nil},
		"an answer, as good as alone":  {Scene{Wardens: []id.Person{ada, bo}, Entry: Entry{Passed: ada}, Hosts: []id.Person{bo}}, nil},
		"an answer of another's doing": {Scene{Wardens: []id.Person{ada, bo}, Entry: Entry{Passed: bo}}, nil},
	} {
		if err := c.scene.MayJudge(ada); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestJudge(t *testing.T) {
	scene := Scene{Entry: Entry{ID: EntryID(bo), Kind: Person, Person: bo, Open: true, Version: 3}, Wardens: []id.Person{ada}, Now: noon}
	d, err := Judge(scene, ada, 3, Ask{Suspend, 2, "why"})
	if err != nil || d.Ends != noon.Add(48*time.Hour) || d.Person != bo || d.By != ada {
		t.Fatal(d, err)
	}
	for at, out := range map[time.Time]bool{noon: true, d.Ends.Add(-1): true, d.Ends: false} {
		if d.InForce(at) != out {
			t.Errorf("at %v: %v", at, !out)
		}
	}
	if d, err = Judge(scene, ada, 3, Ask{Ban, 0, "why"}); err != nil || !d.Ends.IsZero() || !d.InForce(noon.Add(1e6*time.Hour)) {
		t.Error(d, err)
	}
	if d, err = Judge(scene, ada, 3, Ask{Warning, 0, "why"}); err != nil || d.Ends != noon || d.InForce(noon) {
		t.Error(d, err)
	}

	// Of two wardens who judge the same, one is told what the other has decided.
	before := Decision{ID: DecisionID{1}, What: Warning, Person: bo}
	scene.Decisions, scene.Entry.Version = []Decision{before}, 4
	var judged Judged
	if _, err = Judge(scene, ada, 3, Ask{Ban, 0, "why"}); !errors.As(err, &judged) || judged.By.ID != before.ID {
		t.Error(err)
	}

	// What is lifted is the newest that was not.
	scene.Decisions = []Decision{
		before,
		{ID: DecisionID{2}, What: Ban, Person: bo},
		{ID: DecisionID{3}, What: Suspend, Person: bo, Lifted: noon},
		{ID: DecisionID{4}, What: Lift, Person: bo},
		{ID: DecisionID{5}, What: Nothing, Person: bo},
	}
	if d, err = Judge(scene, ada, 4, Ask{Lift, 0, "why"}); err != nil || d.Lifts != (DecisionID{2}) {
		t.Error(d.Lifts, err)
	}
	scene.Decisions = scene.Decisions[2:]
	if _, err = Judge(scene, ada, 4, Ask{Lift, 0, "why"}); !errors.Is(err, ErrNothing) {
		t.Error(err)
	}
	scene.Entry.Person = id.Person{}
	if _, err = Judge(scene, ada, 4, Ask{Warning, 0, "why"}); !errors.Is(err, ErrNobody) {
		t.Error(err)
	}
}

func TestMarks(t *testing.T) {
	for _, m := range []Mark{{}, {Decided: true, At: noon, ID: bo}, {At: noon, ID: ada}} {
		text := m.String()
		if m.IsZero() {
			text = ""
		}
		if got, err := ParseMark(text); err != nil || got.Decided != m.Decided || !got.At.Equal(m.At) || got.ID != m.ID {
			t.Errorf("%v: %v, %v", m, got, err)
		}
	}
	for _, text := range []string{"x", "AAAA", strings.Repeat("A", 100), Mark{}.String() + "A"} {
		if _, err := ParseMark(text); !errors.Is(err, ErrMark) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParseMark(f *testing.F) {
	f.Add(Mark{Decided: true, At: noon, ID: bo}.String())
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ParseMark(text)
		if err == nil && text != "" && m.String() != text {
			t.Errorf("%q is %q", text, m)
		}
	})
}

func TestBars(t *testing.T) {
	now := noon
	q := &Queue{clock: func() time.Time { return now }, bars: make(map[id.Person]map[DecisionID]time.Time)}
	is := func(want bool, until time.Time) {
		t.Helper()
		if bar, out := q.Barred(bo); out != want || !bar.Until.Equal(until) {
			t.Errorf("%v until %v", out, bar.Until)
		}
	}
	is(false, time.Time{})
	day, week := noon.Add(24*time.Hour), noon.Add(7*24*time.Hour)
	q.bar(Decision{ID: DecisionID{1}, Person: bo, Ends: day})
	is(true, day)
	q.bar(Decision{ID: DecisionID{2}, Person: bo, Ends: week})
	is(true, week)
	q.bar(Decision{ID: DecisionID{3}, Person: bo})
	is(true, time.Time{})
	q.unbar(bo, DecisionID{3})
	is(true, week)
	now = day
	is(true, week)
	now = week // by itself
	is(false, time.Time{})
	if _, out := q.Barred(reporter); out {
		t.Error("somebody else")
	}
}
