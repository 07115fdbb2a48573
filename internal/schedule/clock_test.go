package schedule

import (
	"testing"
	"time"
)

var start = time.Date(2026, time.March, 27, 18, 0, 0, 0, time.UTC)

func TestNext(t *testing.T) {
	for name, c := range map[string]struct {
		state State
		runs  bool
		began time.Duration // after the start
		at    time.Duration
		want  Step
	}{
		"long before":                    {state: Planned, at: -time.Hour, want: Wait},
		"a moment before":                {state: Planned, at: -time.Millisecond, want: Wait},
		"at its start":                   {state: Planned, want: Begin},
		"the node was down":              {state: Planned, at: LateMax, want: Begin},
		"the node was down for too long": {state: Planned, at: LateMax + time.Millisecond, want: Conclude},
		"for days":                       {state: Planned, at: 72 * time.Hour, want: Conclude},

		"somebody opens it":                {state: Opening, at: OpeningMax - time.Millisecond, want: Wait},
		"that was broken off":              {state: Opening, at: OpeningMax, want: Again},
		"before the start":                 {state: Opening, began: -EarlyMax, at: -EarlyMax + OpeningMax, want: Again},
		"again":                            {state: Opening, began: time.Minute, at: time.Minute, want: Wait},
		"its room was there already":       {state: Opening, runs: true, at: time.Hour, want: Note},
		"broken off and found too late":    {state: Opening, at: LateMax + time.Millisecond, want: Conclude},
		"open":                             {state: Opened, runs: true, at: 48 * time.Hour, want: Wait},
		"its room has ended":               {state: Opened, at: time.Minute, want: Conclude},
		"over":                             {state: Over, at: time.Hour + KeptOver - time.Millisecond, want: Wait},
		"over for a week":                  {state: Over, at: time.Hour + KeptOver, want: Forget},
		"cancelled":                        {state: Cancelled, at: time.Hour + KeptCalled - time.Millisecond, want: Wait},
		"cancelled, a day after its end":   {state: Cancelled, at: time.Hour + KeptCalled, want: Forget},
		"cancelled long before its start":  {state: Cancelled, at: -30 * 24 * time.Hour, want: Wait},
		"ended while the node was not run": {state: Opened, at: 72 * time.Hour, want: Conclude},
	} {
		p := Plan{State: c.state, Runs: c.runs, Starts: start, Minutes: 60, Began: start.Add(c.began)}
		if got := Next(&p, start.Add(c.at)); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestMayOpen(t *testing.T) {
	for name, c := range map[string]struct {
		state State
		at    time.Duration
		want  error
	}{
		"too early":  {Planned, -EarlyMax - time.Millisecond, ErrEarly},
		"just early": {Planned, -EarlyMax, nil},
		"late":       {Planned, time.Minute, nil},
		"opening":    {Opening, 0, ErrBegun},
		"open":       {Opened, 0, ErrBegun},
		"over":       {Over, 0, ErrOver},
		"cancelled":  {Cancelled, 0, ErrOver},
	} {
		p := Plan{State: c.state, Starts: start, Minutes: 60}
		if got := MayOpen(&p, start.Add(c.at)); got != c.want { //nolint:errorlint // as it is
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestDue(t *testing.T) {
	for name, c := range map[string]struct {
		remind int
		at     time.Duration
		want   time.Time
	}{
		"in time":            {15, -time.Hour, start.Add(-15 * time.Minute)},
		"at the start":       {0, -time.Minute, start},
		"just over":          {15, -15 * time.Minute, time.Time{}},
		"over":               {60, -30 * time.Minute, time.Time{}},
		"never":              {NoReminder, -time.Hour, time.Time{}},
		"a day before":       {RemindMax, -25 * time.Hour, start.Add(-24 * time.Hour)},
		"after it has begun": {0, time.Minute, time.Time{}},
	} {
		if got := Due(start, c.remind, start.Add(c.at)); !got.Equal(c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestSummerTime has plans in the nights in which clocks are put forward and back.
// A plan is a moment, so nothing of the house's changes with them: an hour there
// is twice, or not at all, has its own moment each time.
func TestSummerTime(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	for name, c := range map[string]struct {
		starts time.Time // as a host writes it
		utc    string
		shown  string // of its end, an hour later
	}{
		"the last hour of winter": {time.Date(2027, time.March, 28, 1, 30, 0, 0, berlin), "2027-03-28T00:30:00Z", "03:30"},
		"the first of summer":     {time.Date(2027, time.March, 28, 3, 0, 0, 0, berlin), "2027-03-28T01:00:00Z", "04:00"},
		"the hour that is twice":  {time.Date(2027, time.October, 31, 2, 30, 0, 0, time.FixedZone("", 2*3600)).In(berlin), "2027-10-31T00:30:00Z", "02:30"},
		"for the second time":     {time.Date(2027, time.October, 31, 2, 30, 0, 0, time.FixedZone("", 3600)).In(berlin), "2027-10-31T01:30:00Z", "03:30"},
	} {
		d := Draft{Words: Words{Title: "Tea"}, Starts: c.starts, Minutes: 60, Visibility: Open}
		d, err := Parse(d, c.starts.Add(-24*time.Hour))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		p := d.plan([16]byte{}, [16]byte{})
		p.State = Planned
		if got := p.Starts.Format(time.RFC3339); got != c.utc {
			t.Errorf("%s: %s", name, got)
		}
		ends := p.Ends()
		if got := ends.In(berlin).Format("15:04"); got != c.shown {
			t.Errorf("%s: it ends at %s", name, got)
		}
		at := c.starts.Add(-time.Minute)
		if Next(&p, at) != Wait || Next(&p, c.starts) != Begin {
			t.Errorf("%s: it is not opened when it starts", name)
		}
		if due := Due(p.Starts, 90, at.Add(-4*time.Hour)); c.starts.Sub(due) != 90*time.Minute {
			t.Errorf("%s: due at %v", name, due)
		}
	}
}
