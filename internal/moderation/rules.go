package moderation

import (
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
)

// What may be wrong with what somebody asks.
const (
	NotAReason people.Reason = "not_a_reason"
	NoText     people.Reason = "no_text"
	NotDays    people.Reason = "days"
	NotForThis people.Reason = "not_for_this"
)

// An Ask is what a warden wants decided.
type Ask struct {
	What What
	Days int // of Suspend
	Why  string
}

// ParseAsk returns a as it is kept, or people.Faults: all that is wrong with it, of
// a thing of some kind.
func ParseAsk(kind Kind, a Ask) (Ask, error) {
	var faults people.Faults
	bad := func(field string, why people.Reason) {
		faults = append(faults, people.Fault{Field: field, Why: why})
	}
	switch {
	case !slices.Contains(Whats, a.What):
		bad("what", people.NoChoice)
	case a.What == CloseRoom && kind != Room, a.What == Remove && kind == Room:
		bad("what", NotForThis)
	}
	if a.What == Suspend && (a.Days < 1 || a.Days > SuspendMax) || a.What != Suspend && a.Days != 0 {
		bad("days", NotDays)
	}
	text, why := people.ParseText(a.Why, WhyMax, WhyLinesMax)
	if why == "" && text == "" {
		why = NoText
	}
	if why != "" {
		bad("reason", why)
	}
	if len(faults) > 0 {
		return Ask{}, faults
	}
	a.Why = text
	return a, nil
}

// ParseReport returns the reason and the text of a report as they are kept, or
// people.Faults.
func ParseReport(reason Reason, text string) (Reason, string, error) {
	var faults people.Faults
	if !slices.Contains(Reasons, reason) {
		faults = append(faults, people.Fault{Field: "reason", Why: NotAReason})
	}
	text, why := people.ParseText(text, TextMax, TextLinesMax)
	if why != "" {
		faults = append(faults, people.Fault{Field: "text", Why: why})
	}
	if len(faults) > 0 {
		return "", "", faults
	}
	return reason, text, nil
}

// ParseAnswer returns an answer as it is kept, or people.Faults.
func ParseAnswer(text string) (string, error) {
	text, why := people.ParseText(text, TextMax, TextLinesMax)
	if why == "" && text == "" {
		why = NoText
	}
	if why != "" {
		return "", people.Faults{{Field: "text", Why: why}}
	}
	return text, nil
}

// A Scene is all that a decision is judged by.
type Scene struct {
	Entry     Entry
	Reporters []id.Person // in words and by voices
	Decisions []Decision  // of the entry, the oldest first
	Wardens   []id.Person
	Hosts     []id.Person // who has to do with the thing, such as who leads a club
	Now       time.Time
}

// isParty reports whether who has to do with what is to be judged.
func (s *Scene) isParty(who id.Person) bool {
	return s.Entry.Person == who || slices.Contains(s.Reporters, who) || slices.Contains(s.Hosts, who)
}

// MayJudge returns nil if who may judge the entry, or why not: nobody judges what
// they have to do with, nor, after an answer, what they have judged before, as long
// as there is another who may.
func (s *Scene) MayJudge(who id.Person) error {
	switch {
	case !slices.Contains(s.Wardens, who):
		return ErrWarden
	case s.isParty(who):
		return ErrParty
	case s.Entry.Passed != who:
		return nil
	}
	for _, other := range s.Wardens {
		if other != who && !s.isParty(other) {
			return ErrPassed
		}
	}
	return nil
}

// Judge returns the decision that follows when by asks for a, complete but for its
// id and what is sealed, or why not.
func Judge(s Scene, by id.Person, version int64, a Ask) (Decision, error) {
	if err := s.MayJudge(by); err != nil {
		return Decision{}, err
	}
	if s.Entry.Version != version {
		return Decision{}, Judged{last(s.Decisions)}
	}
	if s.Entry.Person.IsZero() {
		return Decision{}, ErrNobody
	}
	d := Decision{Entry: s.Entry.ID, Kind: s.Entry.Kind, Person: s.Entry.Person, By: by, What: a.What, Made: s.Now, Ends: s.Now}
	switch a.What {
	case Suspend:
		d.Ends = s.Now.Add(time.Duration(a.Days) * 24 * time.Hour)
	case Ban:
		d.Ends = time.Time{}
	case Lift:
		before := liftable(s.Decisions)
		if before == nil {
			return Decision{}, ErrNothing
		}
		d.Lifts, d.Person = before.ID, before.Person
	case Nothing, Warning, CloseRoom, Remove:
	}
	return d, nil
}

// liftable returns the newest decision that was not lifted, or nil. That nothing was
// decided needs no lifting.
func liftable(all []Decision) *Decision {
	for i := len(all) - 1; i >= 0; i-- {
		if d := &all[i]; d.What != Lift && d.What != Nothing && d.Lifted.IsZero() {
			return d
		}
	}
	return nil
}

func last(all []Decision) Decision {
	if len(all) == 0 {
		return Decision{}
	}
	return all[len(all)-1]
}

// Judged means that an entry has been judged, or opened again, meanwhile.
type Judged struct{ By Decision }

// Error says so.
func (j Judged) Error() string { return "judged meanwhile" }
