package news

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
)

func berlin(t *testing.T, hour, minute int) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return time.Date(2026, time.November, 29, hour, minute, 0, 0, zone)
}

// chosen is what somebody in Berlin has chosen.
func chosen(change func(*Settings)) Settings {
	s := AtFirst()
	s.Quiet.Zone = "Europe/Berlin"
	if change != nil {
		change(&s)
	}
	return s
}

func TestJudge(t *testing.T) {
	noon, night := berlin(t, 12, 0), berlin(t, 3, 0)
	away := func(now time.Time, change func(*Settings)) Scene {
		return Scene{Now: now, Settings: chosen(change), Devices: true}
	}
	with := func(s Scene, change func(*Scene)) Scene { change(&s); return s }
	today := func(s Scene) int64 { return s.Settings.dayOf(Day{}, s.Now).Number }
	live := Piece{Kind: Live, Level: people.NotifySometimes, At: noon}
	loud := Piece{Kind: Live, Level: people.NotifyAlways, At: noon}
	for name, c := range map[string]struct {
		p    Piece
		s    Scene
		want Fate
	}{
		"as at first":               {live, away(noon, nil), Push},
		"off":                       {live, away(noon, func(s *Settings) { s.Ways[Live] = Off }), Drop},
		"in the app alone":          {live, away(noon, func(s *Settings) { s.Ways[Live] = Here }), Show},
		"never of them":             {Piece{Kind: Live, Level: people.NotifyNever}, away(noon, nil), Drop},
		"no browser":                {live, with(away(noon, nil), func(s *Scene) { s.Devices = false }), Show},
		"in the app now":            {live, with(away(noon, nil), func(s *Scene) { s.Here = true }), Hold},
		"in the night":              {live, away(night, nil), Hold},
		"loud in the night":         {loud, away(night, nil), Hold},
		"in the night, no digest":   {live, away(night, func(s *Settings) { s.Digest = NoDigest }), Show},
		"no quiet hours":            {live, away(night, func(s *Settings) { s.Quiet.To = s.Quiet.From }), Push},
		"no budget":                 {loud, away(noon, func(s *Settings) { s.Budget = 0 }), Hold},
		"a reminder in the night":   {Piece{Kind: PlanSoon}, away(night, func(s *Settings) { s.Budget = 0 }), Push},
		"a reminder in the app":     {Piece{Kind: PlanSoon}, with(away(noon, nil), func(s *Scene) { s.Here = true }), Push},
		"a ping without a budget":   {Piece{Kind: Ping}, away(noon, func(s *Settings) { s.Budget = 0 }), Push},
		"a ping in the night":       {Piece{Kind: Ping}, away(night, nil), Hold},
		"told before":               {live, with(away(noon, nil), func(s *Scene) { s.Before = &Piece{At: noon.Add(-time.Hour)} }), Drop},
		"held, and louder now":      {loud, with(away(noon, nil), func(s *Scene) { s.Before = &Piece{Held: true} }), Push},
		"pushed, and louder now":    {loud, with(away(noon, nil), func(s *Scene) { s.Before = &Piece{} }), Drop},
		"a ping nine minutes later": {Piece{Kind: Ping, At: noon}, with(away(noon, nil), func(s *Scene) { s.Before = &Piece{At: noon.Add(-9 * time.Minute)} }), Drop},
		"a ping ten minutes later":  {Piece{Kind: Ping, At: noon}, with(away(noon, nil), func(s *Scene) { s.Before = &Piece{At: noon.Add(-10 * time.Minute)} }), Push},
		"sometimes leaves half":     {live, with(away(noon, nil), func(s *Scene) { s.Day = Day{Number: today(*s), Pushed: 3} }), Hold},
		"always takes all":          {loud, with(away(noon, nil), func(s *Scene) { s.Day = Day{Number: today(*s), Pushed: 4} }), Push},
		"and not more":              {loud, with(away(noon, nil), func(s *Scene) { s.Day = Day{Number: today(*s), Pushed: 5} }), Hold},
		"of yesterday":              {loud, with(away(noon, nil), func(s *Scene) { s.Day = Day{Number: today(*s) - 1, Pushed: 5} }), Push},
		"a follower":                {Piece{Kind: Follow}, away(noon, nil), Show},
		"a message, no budget":      {Piece{Kind: Message}, away(noon, func(s *Settings) { s.Budget = 0 }), Push},
		"a message in the app":      {Piece{Kind: Message}, with(away(noon, nil), func(s *Scene) { s.Here = true }), Push},
		"a message in the night":    {Piece{Kind: Message}, away(night, nil), Hold},
		"a message, no browser":     {Piece{Kind: Message}, with(away(noon, nil), func(s *Scene) { s.Devices = false }), Drop},
		"a further message":         {Piece{Kind: Message, At: noon}, with(away(noon, nil), func(s *Scene) { s.Before = &Piece{At: noon.Add(-time.Minute)} }), Drop},
		"one when that was seen":    {Piece{Kind: Message, At: noon}, with(away(noon, nil), func(s *Scene) { s.Before = &Piece{At: noon.Add(-time.Minute), Seen: true} }), Push},
		"one an hour later":         {Piece{Kind: Message, At: noon}, with(away(noon, nil), func(s *Scene) { s.Before = &Piece{At: noon.Add(-time.Hour)} }), Push},
		"asked by a stranger":       {Piece{Kind: MessageAsked}, away(noon, nil), Drop},
		"a message, mail alone":     {Piece{Kind: Message}, with(away(noon, nil), mailed), Show},
		"mail alone, at night":      {Piece{Kind: Message}, with(away(night, nil), mailed), Show},
		"without a digest":          {Piece{Kind: Message}, with(away(noon, func(s *Settings) { s.Digest = NoDigest }), mailed), Drop},
		"mail, in the app alone":    {Piece{Kind: Message}, with(away(noon, func(s *Settings) { s.Ways[Message] = Here }), mailed), Drop},
		"turned off":                {Piece{Kind: Message}, with(away(noon, func(s *Settings) { s.Ways[Message] = Off }), mailed), Drop},
		"by a stranger":             {Piece{Kind: MessageAsked}, with(away(noon, nil), mailed), Drop},
		"by one, where wanted":      {Piece{Kind: MessageAsked}, with(away(noon, func(s *Settings) { s.Ways[MessageAsked] = Pushed }), mailed), Show},
		"mail and a browser":        {Piece{Kind: Message}, with(away(noon, nil), func(s *Scene) { s.Mail = true }), Push},
		"after a mail": {Piece{Kind: Message, At: noon}, with(away(noon, nil), func(s *Scene) {
			s.Mail, s.Mailed, s.Before = true, noon.Add(-time.Minute), &Piece{At: noon.Add(-time.Minute)}
		}), Show},
		"after one that was before": {Piece{Kind: Message, At: noon}, with(away(noon, nil), func(s *Scene) {
			s.Mail, s.Mailed, s.Before = true, noon.Add(-2*time.Minute), &Piece{At: noon.Add(-time.Minute)}
		}), Drop},
		"after one, and held": {Piece{Kind: Message, At: noon}, with(away(noon, nil), func(s *Scene) {
			s.Mail, s.Mailed, s.Before = true, noon, &Piece{At: noon.Add(-time.Minute), Held: true}
		}), Drop},
	} {
		got := Judge(c.p, c.s)
		if got.Fate != c.want {
			t.Errorf("%s: %d, want %d", name, got.Fate, c.want)
		}
		if held := got.Fate == Hold; held != !got.Digest.IsZero() {
			t.Errorf("%s: a digest at %v", name, got.Digest)
		}
		if waits := got.Wait > 0; waits != (c.p.Kind == Message && c.s.Here) {
			t.Errorf("%s: waits for %v", name, got.Wait)
		}
	}
}

// mailed has news come by mail, and no browser that is pushed to.
func mailed(s *Scene) { s.Mail, s.Devices = true, false }

func TestNextDigest(t *testing.T) {
	for name, c := range map[string]struct {
		hour     int
		from, to int
		now      time.Time
		want     time.Time
	}{
		"today":                      {18, 0, 0, berlin(t, 12, 0), berlin(t, 18, 0)},
		"tomorrow":                   {18, 0, 0, berlin(t, 18, 0), berlin(t, 18+24, 0)},
		"after a quiet morning":      {6, 22 * 60, 8*60 + 30, berlin(t, 5, 0), berlin(t, 8, 30)},
		"of yesterday, put off":      {23, 22 * 60, 8 * 60, berlin(t, 1, 0), berlin(t, 8, 0)},
		"after a quiet evening":      {23, 22 * 60, 8 * 60, berlin(t, 12, 0), berlin(t, 8+24, 0)},
		"within a quiet noon":        {12, 11 * 60, 14 * 60, berlin(t, 10, 0), berlin(t, 14, 0)},
		"the quiet noon is over now": {12, 11 * 60, 14 * 60, berlin(t, 14, 0), berlin(t, 14+24, 0)},
	} {
		s := chosen(func(s *Settings) { s.Digest, s.Quiet.From, s.Quiet.To = c.hour, c.from, c.to })
		if got := NextDigest(s, c.now); !got.Equal(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	// Where clocks are changed, it is once a day all the same, and never quiet.
	s := chosen(func(s *Settings) { s.Digest, s.Quiet.From, s.Quiet.To = 2, 60, 150 })
	zone := s.Quiet.location()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, zone)
	for range 365 {
		next := NextDigest(s, at)
		if s.Quiet.Has(next) || !next.After(at) {
			t.Fatalf("after %v at %v", at, next)
		}
		if _, _, a := at.In(zone).Date(); next.Sub(at) > 27*time.Hour || next.In(zone).Day() == a && next.Sub(at) > 24*time.Hour {
			t.Fatalf("after %v at %v", at, next)
		}
		at = next
	}
}

// TestBudget has a year of news happen to people who want them in all ways there
// are: never is more pushed than they want a day, never in quiet hours but what
// they set themselves, and nothing is lost.
func TestBudget(t *testing.T) {
	for seed := range uint64(200) {
		dice := rand.New(rand.NewPCG(seed, 72)) //nolint:gosec // a test that can be repeated
		s := chosen(func(s *Settings) {
			s.Budget = dice.IntN(8)
			s.Digest = dice.IntN(25) - 1
			s.Quiet.From, s.Quiet.To = dice.IntN(dayMinutes), dice.IntN(dayMinutes)
			s.Quiet.Zone = []string{"Europe/Berlin", "Pacific/Apia", "America/New_York", "UTC"}[dice.IntN(4)]
			for _, k := range Kinds {
				s.Ways[k] = []Way{Here, Pushed, Pushed}[dice.IntN(3)]
			}
		})
		zone := s.Quiet.location()
		now := time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)
		var day Day
		var digest time.Time
		var budget, pings, reminders, digests, held int
		var of string // the day that they are of
		for range 3000 {
			now = now.Add(time.Duration(dice.Int64N(int64(40 * time.Minute))))
			if !digest.IsZero() && !digest.After(now) {
				if s.Quiet.Has(digest) {
					t.Fatalf("seed %d: a digest in quiet hours, at %v", seed, digest.In(zone))
				}
				digest, held, digests = time.Time{}, 0, digests+1
			}
			if today := now.In(zone).Format(time.DateOnly); today != of {
				if digests > 2 { // one that was put off, and that of the day
					t.Fatalf("seed %d: %d digests on %s", seed, digests, of)
				}
				budget, pings, reminders, digests, of = 0, 0, 0, 0, today
			}
			p := Piece{Kind: Kinds[dice.IntN(len(Kinds))], At: now, Level: []people.Notify{people.NotifyAlways, people.NotifySometimes}[dice.IntN(2)]}
			out := Judge(p, Scene{Now: now, Settings: s, Day: day, Digest: digest, Here: dice.IntN(4) == 0, Devices: true})
			day, digest = out.Day, out.Digest
			switch out.Fate {
			case Drop:
				if p.Kind.IsOfTalk() && (s.Way(p.Kind) == Here || s.Digest == NoDigest) {
					continue // it is where all messages are
				}
				t.Fatalf("seed %d: %s is lost", seed, p.Kind)
			case Hold:
				held++
			case Show:
				if s.Way(p.Kind) != Here && s.Digest != NoDigest {
					t.Fatalf("seed %d: %s is only shown, to who wants it pushed", seed, p.Kind)
				}
			case Push:
				switch p.Kind {
				case PlanSoon:
					reminders++
				case Ping:
					pings++
				case Message:
				default:
					budget++
				}
				if s.Quiet.Has(now) && p.Kind != PlanSoon {
					t.Fatalf("seed %d: %s is pushed at %v", seed, p.Kind, now.In(zone))
				}
			}
			if budget > s.Budget || pings > Reserve || reminders > Reserve {
				t.Fatalf("seed %d: %d of %d pushed on %s, and %d and %d", seed, budget, s.Budget, of, pings, reminders)
			}
			if held > 0 && digest.IsZero() {
				t.Fatalf("seed %d: what is held is for no digest", seed)
			}
		}
	}
}

// Whoever travels does not get a second budget for a day that they have had.
func TestTravels(t *testing.T) {
	east, west := AtFirst(), AtFirst()
	east.Quiet.Zone, west.Quiet.Zone = "Pacific/Auckland", "America/Los_Angeles"
	now := time.Date(2026, time.November, 29, 12, 0, 0, 0, time.UTC) // the 30th in Auckland
	day := east.dayOf(Day{}, now)
	day.Pushed = 5
	if got := west.dayOf(day, now); got != day {
		t.Errorf("%+v becomes %+v", day, got)
	}
}

func TestParseSettings(t *testing.T) {
	if s, err := ParseSettings(AtFirst()); err != nil || len(s.Ways) != len(Kinds) {
		t.Errorf("%+v, %v", s, err)
	}
	// What a later version does not know is as at first, and what is left out, too.
	if s, err := ParseSettings(Settings{Quiet: AtFirst().Quiet, Ways: map[Kind]Way{Live: Off}}); err != nil || s.Way(Live) != Off || s.Way(Ping) != Pushed {
		t.Errorf("%+v, %v", s, err)
	}
	_, err := ParseSettings(Settings{
		Ways:  map[Kind]Way{Live: "loud", Decision: Off, "weather": Here},
		Quiet: Quiet{From: -1, To: dayMinutes, Zone: "Local"}, Budget: 51, Digest: 24,
	})
	var faults people.Faults
	if !errors.As(err, &faults) {
		t.Fatal(err)
	}
	got := make(map[string]people.Reason)
	for _, f := range faults {
		got[f.Field] = f.Why
	}
	for field, want := range map[string]people.Reason{
		"kinds.live": people.NoChoice, "kinds.decision": NotOff, "kinds": NotAKind, "quiet.from": NotAMinute, "quiet.to": NotAMinute,
		"quiet.zone": NotAZone, "budget": NotABudget, "digest.hour": NotAnHour,
	} {
		if got[field] != want {
			t.Errorf("%s: %q, want %q", field, got[field], want)
		}
	}
	if len(got) != 8 {
		t.Errorf("%v", got)
	}
}

// The same news have one name, and others another.
func TestNames(t *testing.T) {
	one := Piece{To: id.Person{1}, Kind: Follow, Who: id.Person{2}}
	names := map[ID]string{one.name(): "one"}
	for what, p := range map[string]Piece{
		"another person":  {To: id.Person{3}, Kind: Follow, Who: id.Person{2}},
		"somebody else":   {To: id.Person{1}, Kind: Follow, Who: id.Person{3}},
		"another kind":    {To: id.Person{1}, Kind: InvitedCame, Who: id.Person{2}},
		"a room":          {To: id.Person{1}, Kind: Live, Who: id.Person{2}, Room: id.Room{1}},
		"a plan":          {To: id.Person{1}, Kind: PlanSoon, Plan: id.Plan{1}},
		"at a later time": {To: id.Person{1}, Kind: PlanSoon, Plan: id.Plan{1}, Mark: 1},
	} {
		if other := names[p.name()]; other != "" {
			t.Errorf("%s is %s", what, other)
		}
		names[p.name()] = what
	}
	others := Piece{To: id.Person{1}, Kind: Live, Who: id.Person{4}, Room: id.Room{1}}
	if names[others.name()] != "a room" {
		t.Error("of one room there are two pieces")
	}
}

func TestMarks(t *testing.T) {
	m := Mark{time.UnixMilli(1767225600123).UTC(), ID{1, 2, 3}}
	if got, err := ParseMark(m.String()); err != nil || got != m {
		t.Errorf("%v becomes %v, %v", m, got, err)
	}
	for _, text := range []string{"x", m.String() + "A", m.String()[1:]} {
		if _, err := ParseMark(text); !errors.Is(err, ErrMark) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// What is done to an account is always told, whatever somebody has chosen.
func TestSecurity(t *testing.T) {
	s := chosen(func(s *Settings) {
		s.Budget, s.Digest, s.Quiet.From, s.Quiet.To = 0, NoDigest, 0, dayMinutes-1
		for _, k := range Kinds {
			s.Ways[k] = Off
		}
	})
	for _, k := range []Kind{SignedIn, Recovered, PasskeyAdded, AddressMoved} {
		p := Piece{Kind: k, At: berlin(t, 3, 0)}
		scene := Scene{Now: p.At, Settings: s, Here: true, Devices: true}
		if out := Judge(p, scene); out.Fate != Push || out.Day != (Day{}) {
			t.Errorf("%s: %+v", k, out)
		}
		scene.Devices = false
		if out := Judge(p, scene); out.Fate != Show {
			t.Errorf("%s without a browser: %+v", k, out)
		}
		scene.Before = &p
		if out := Judge(p, scene); out.Fate != Drop {
			t.Errorf("%s twice: %+v", k, out)
		}
		s.Ways[k] = Here
		if _, err := ParseSettings(s); err == nil {
			t.Errorf("%s can be chosen", k)
		}
		delete(s.Ways, k)
	}
}
