package news

import (
	"errors"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/people"
)

// A Way is how somebody wants to be told of a kind.
type Way string

// The ways there are.
const (
	Off    Way = "off"
	Here   Way = "here" // in the app
	Pushed Way = "push" // and where they are
)

// NoDigest is the hour of who wants none.
const NoDigest = -1

// Settings is how somebody wants to be told. It is stored in its JSON form.
type Settings struct {
	Ways   map[Kind]Way `json:"ways"`
	Quiet  Quiet        `json:"quiet"`
	Budget int          `json:"budget"` // pushes a day, beside the reserve and messages
	Digest int          `json:"digest"` // hour of the day, or NoDigest
}

// Quiet is the hours in which nothing is pushed but reminders: minutes of the day
// in a zone of IANA's. From the same to the same is none.
type Quiet struct {
	From int    `json:"from"`
	To   int    `json:"to"`
	Zone string `json:"zone"`
}

// AtFirst is how one is told who has chosen nothing.
func AtFirst() Settings {
	return Settings{
		Ways: map[Kind]Way{
			Live: Pushed, Ping: Pushed, Message: Pushed, MessageAsked: Here, Follow: Here, Found: Here, ClubInvited: Pushed, ClubAdmitted: Pushed, ClubRole: Here, ClubAsked: Here,
			PlanSoon: Pushed, PlanOpen: Pushed, PlanMoved: Pushed, PlanCancelled: Pushed, PlanHosting: Pushed,
			InvitedCame: Pushed, Decision: Pushed,
		},
		Quiet: Quiet{From: 22 * 60, To: 8 * 60, Zone: "UTC"}, Budget: 5, Digest: 18,
	}
}

// Way returns how to tell of a kind; as at first, where nothing is chosen.
func (s Settings) Way(k Kind) Way {
	if w, chosen := s.Ways[k]; chosen {
		return w
	}
	return AtFirst().Ways[k]
}

// What may be wrong with settings.
const (
	NotAMinute people.Reason = "minute"
	NotAZone   people.Reason = "zone"
	NotABudget people.Reason = "budget"
	NotAnHour  people.Reason = "hour"
	NotAKind   people.Reason = "kind"
	NotOff     people.Reason = "not_off"
)

const dayMinutes = 24 * 60

// ParseSettings returns s as it is kept, or people.Faults: all that is wrong with
// it. What the house decides about somebody cannot be off: they have a right to
// read it.
func ParseSettings(s Settings) (Settings, error) {
	var faults people.Faults
	bad := func(field string, why people.Reason) { faults = append(faults, people.Fault{Field: field, Why: why}) }
	out := AtFirst()
	for _, k := range Kinds {
		w, chosen := s.Ways[k]
		switch {
		case !chosen:
		case w != Off && w != Here && w != Pushed:
			bad("kinds."+string(k), people.NoChoice)
		case w == Off && k == Decision:
			bad("kinds."+string(k), NotOff)
		default:
			out.Ways[k] = w
		}
	}
	for k := range s.Ways {
		if _, known := AtFirst().Ways[k]; !known {
			bad("kinds", NotAKind)
			break
		}
	}
	for field, minute := range map[string]int{"quiet.from": s.Quiet.From, "quiet.to": s.Quiet.To} {
		if minute < 0 || minute >= dayMinutes {
			bad(field, NotAMinute)
		}
	}
	if _, err := zoneOf(s.Quiet.Zone); err != nil {
		bad("quiet.zone", NotAZone)
	}
	if s.Budget < 0 || s.Budget > BudgetMax {
		bad("budget", NotABudget)
	}
	if s.Digest != NoDigest && (s.Digest < 0 || s.Digest > 23) {
		bad("digest.hour", NotAnHour)
	}
	if len(faults) > 0 {
		return Settings{}, faults
	}
	out.Quiet, out.Budget, out.Digest = s.Quiet, s.Budget, s.Digest
	return out, nil
}

// Location returns the zone in which somebody is.
func (q Quiet) Location() *time.Location { return q.location() }

func (q Quiet) location() *time.Location {
	at, err := zoneOf(q.Zone)
	if err != nil {
		return time.UTC
	}
	return at
}

// zones are those that have been asked for: there are some hundreds.
var zones sync.Map

const zoneMax = 64 // bytes of a name

var errZone = errors.New("not a zone")

func zoneOf(name string) (*time.Location, error) {
	if at, known := zones.Load(name); known {
		return at.(*time.Location), nil
	}
	if name == "" || name == "Local" || len(name) > zoneMax {
		return nil, errZone
	}
	at, err := time.LoadLocation(name)
	if err == nil {
		zones.Store(name, at)
	}
	return at, err
}
