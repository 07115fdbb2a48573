package schedule

import (
	"fmt"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/topic"
)

// Why a value of a plan is not allowed, beside the reasons of package people.
const (
	NotATitle   people.Reason = "title"
	AboutLong   people.Reason = "about_lines"
	NotAhead    people.Reason = "ahead"
	NotWhole    people.Reason = "whole"
	NotMinutes  people.Reason = "minutes"
	NotAChoice  people.Reason = "visibility"
	NeedsClub   people.Reason = "needs_club"
	NotAPerson  people.Reason = "person"
	NotAClub    people.Reason = "club"
	NotAFence   people.Reason = "fence"
	FenceBeyond people.Reason = "outside"
)

// A Draft is what a host wants of a plan.
type Draft struct {
	Words

	Starts     time.Time
	Minutes    int
	Cohosts    []id.Person
	Club       id.Club
	Visibility Visibility
	Invite     []id.Person // nil leaves those who are invited
	Language   string
	Fence      string
	Recorded   bool
}

// Parse returns d as it is kept, or people.Faults: all that is wrong with it at a
// time. Who the people are, and where the fence is, it does not know.
func Parse(d Draft, now time.Time) (Draft, error) {
	var faults people.Faults
	bad := func(field string, why people.Reason) { faults = append(faults, people.Fault{Field: field, Why: why}) }
	out := d
	var why people.Reason
	if out.Title, why = people.ParseText(d.Title, TitleMax, 1); why != "" {
		bad("title", why)
	} else if out.Title == "" {
		bad("title", NotATitle)
	}
	switch out.About, why = people.ParseText(d.About, AboutMax, AboutLines); why {
	case "":
	case people.TooManyLines:
		bad("about", AboutLong)
	default:
		bad("about", why)
	}
	out.Starts = d.Starts.UTC()
	switch {
	case !out.Starts.Truncate(time.Minute).Equal(out.Starts):
		bad("starts", NotWhole)
	case !out.Starts.After(now) || out.Starts.After(now.Add(AheadMax)):
		bad("starts", NotAhead)
	}
	if d.Minutes < MinutesMin || d.Minutes > MinutesMax {
		bad("minutes", NotMinutes)
	}
	if len(d.Cohosts) > CohostsMax {
		bad("cohosts", people.TooMany)
	}
	for i, who := range d.Cohosts[:min(len(d.Cohosts), CohostsMax)] {
		if slices.Contains(d.Cohosts[:i], who) {
			bad(fmt.Sprintf("cohosts[%d]", i), people.Twice)
		}
	}
	switch {
	case !slices.Contains([]Visibility{Open, Social, Members, Closed}, d.Visibility):
		bad("visibility", NotAChoice)
	case d.Visibility == Members && d.Club.IsZero():
		bad("visibility", NeedsClub)
	}
	if len(d.Invite) > InvitedMax {
		bad("invite", people.TooMany)
	}
	if d.Language != "" {
		if out.Language, why = people.ParseLanguage(d.Language); why != "" {
			bad("language", why)
		}
	}
	faults = append(faults, people.CheckTopics("topics", d.Topics, topic.OfRoom)...)
	if len(faults) > 0 {
		return Draft{}, faults
	}
	return out, nil
}

func (d Draft) plan(which id.Plan, host id.Person) Plan {
	return Plan{
		ID: which, Host: host, Words: d.Words, Starts: d.Starts, Minutes: d.Minutes, Club: d.Club,
		Visibility: d.Visibility, Language: d.Language, Fence: d.Fence, Recorded: d.Recorded,
	}
}
