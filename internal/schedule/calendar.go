package schedule

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/stoa-audio/stoa/internal/id"
)

type secretKind struct{}

// A Secret is what the address of somebody's calendar has in it: whoever knows it
// may read the calendar.
type Secret = id.ID[secretKind]

// secret returns the secret of a person's address. It follows from a key that is
// not in the database, as the codes of invites do.
func (s *Schedule) secret(who id.Person, generation int64) Secret {
	mac := hmac.New(sha256.New, s.config.Key)
	mac.Write(who[:])
	_ = binary.Write(mac, binary.BigEndian, generation) // a hash takes everything
	return Secret(mac.Sum(nil)[:id.Size])
}

func (s *Schedule) hashes(who id.Person) func(int64) Hash {
	return func(generation int64) Hash {
		secret := s.secret(who, generation)
		return sha256.Sum256(secret[:])
	}
}

// Calendar returns the secret of who's calendar.
func (s *Schedule) Calendar(ctx context.Context, who id.Person) (Secret, error) {
	generation, err := s.store.Calendar(ctx, who, s.hashes(who), s.now())
	return s.secret(who, generation), err
}

// RenewCalendar gives who's calendar another secret; the old one is void.
func (s *Schedule) RenewCalendar(ctx context.Context, who id.Person) (Secret, error) {
	generation, err := s.store.RenewCalendar(ctx, who, s.hashes(who), s.now())
	return s.secret(who, generation), err
}

// Feed returns whose calendar has a secret, and its plans, or ErrNoCalendar.
func (s *Schedule) Feed(ctx context.Context, secret string) (who id.Person, plans []Plan, err error) {
	v, err := id.Parse[Secret](secret)
	if err != nil {
		return who, nil, ErrNoCalendar
	}
	if who, err = s.store.CalendarOf(ctx, sha256.Sum256(v[:])); err != nil {
		return who, nil, err
	}
	plans, err = s.store.FeedOf(ctx, who)
	plans, err = s.readAll(ctx, plans, err)
	return who, plans, err
}

// An Almanac is what a calendar says beside its plans.
type Almanac struct {
	House string             // its name
	URL   string             // where it is found
	Host  string             // of URL: it makes UIDs the house's own
	Clubs map[id.Club]string // names
}

// recorded is said of plans whose hosts record, in the languages of the house.
const recorded = "This will be recorded. / Das wird aufgezeichnet."

// statuses is what has become of plans, in the words of RFC 5545, section 3.8.1.11.
var statuses = map[State]ics.ObjectStatus{
	Planned: ics.ObjectStatusConfirmed, Opening: ics.ObjectStatusConfirmed, Opened: ics.ObjectStatusConfirmed,
	Over: ics.ObjectStatusConfirmed, Cancelled: ics.ObjectStatusCancelled,
}

// Calendar returns plans as an iCalendar object (RFC 5545), and when something of
// it was last changed. The same plans give the same bytes.
func (a Almanac) Calendar(plans []Plan) (text []byte, changed time.Time) {
	cal := ics.NewCalendarFor("Stoa")
	cal.SetName(a.House)
	cal.SetXPublishedTTL("PT1H")
	for i := range plans {
		a.add(cal, &plans[i])
		if plans[i].Changed.After(changed) {
			changed = plans[i].Changed
		}
	}
	return []byte(cal.Serialize(ics.WithNewLineWindows)), changed
}

func (a Almanac) add(cal *ics.Calendar, p *Plan) {
	where := a.URL + "/plan/" + p.ID.String()
	e := cal.AddEvent(p.ID.String() + "@" + a.Host)
	e.SetDtStampTime(p.Changed)
	e.SetCreatedTime(p.Created)
	e.SetModifiedAt(p.Changed)
	e.SetSequence(int(p.Version - 1))
	e.SetStartAt(p.Starts)
	e.SetEndAt(p.Ends())
	e.SetSummary(p.Title)
	e.SetStatus(statuses[p.State])
	e.SetURL(where)
	e.SetLocation(where)
	var about []string
	if p.About != "" {
		about = append(about, p.About)
	}
	if p.Recorded {
		about = append(about, recorded)
	}
	e.SetDescription(strings.Join(append(about, where), "\n\n"))
	e.AddCategory(a.House)
	if club := a.Clubs[p.Club]; club != "" {
		e.AddCategory(club)
	}
	if p.Mine.Going && p.Mine.Remind != NoReminder && p.State == Planned {
		alarm := e.AddAlarm()
		alarm.SetAction(ics.ActionDisplay)
		alarm.SetTrigger(fmt.Sprintf("-PT%dM", p.Mine.Remind))
		alarm.SetProperty(ics.ComponentPropertyDescription, p.Title)
	}
}
