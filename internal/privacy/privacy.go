// Package privacy says how long each kind of record is kept, and judges what is
// there by it. What is stored, and how it is deleted, is for others; that each
// table has its line here is a test of theirs (store TestSameSchema).
package privacy

import (
	"fmt"
	"time"

	"github.com/stoa-audio/stoa/internal/conversations"
	"github.com/stoa-audio/stoa/internal/discover"
	"github.com/stoa-audio/stoa/internal/moderation"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/reports"
	"github.com/stoa-audio/stoa/internal/schedule"
)

// A Rule is how long the rows of one kind are kept.
type Rule struct {
	Kind  string        // the table, and which of its rows where there are several kinds
	Until string        // when a row goes, for people to read
	Life  time.Duration // at most since the time of a row; 0 where no clock decides
	Empty bool          // there should be none at all
}

// tidied is how late a row may be: the node looks every hour.
const tidied = 2 * time.Hour

const withAccount = "the account is erased"

// Rules are all of them, in the order in which they are shown.
var Rules = []Rule{
	{Kind: "people", Until: withAccount},
	{Kind: "clear_names", Until: "the next start", Empty: true},
	{Kind: "profiles", Until: withAccount},
	{Kind: "pictures", Until: withAccount},
	{Kind: "passkeys", Until: withAccount},
	{Kind: "sessions", Until: "signed out, or 90 days unseen", Life: people.SessionLife},
	{Kind: "invites", Until: withAccount},
	{Kind: "invites, spent", Until: "30 days spent", Life: people.SpentLife},
	{Kind: "follows", Until: "unfollowed, or either account is erased"},
	{Kind: "hidden", Until: "either account is erased"},
	{Kind: "blocks", Until: "taken back, or either account is erased"},
	{Kind: "discovery_people", Until: "90 days unseen, or the account is erased", Life: discover.Life},
	{Kind: "discovery_values", Until: "turned off, called otherwise, another key, or as above"},
	{Kind: "discovery_lists", Until: "listed no more, or either value goes"},
	{Kind: "discovery_key", Until: "another key"},
	{Kind: "clubs", Until: "dissolved, or nobody is left"},
	{Kind: "club_people", Until: "they leave or are let off, or the account is erased"},
	{Kind: "club_follows", Until: "unfollowed, or the account is erased"},
	{Kind: "plans", Until: "a week after the end", Life: schedule.KeptOver},
	{Kind: "plan_hosts", Until: "the plan goes, or the account is erased"},
	{Kind: "plan_guests", Until: "the plan goes, or the account is erased"},
	{Kind: "plan_goers", Until: "they stay, the plan goes, or the account is erased"},
	{Kind: "calendars", Until: withAccount},
	{Kind: "news", Until: "30 days, or more than 200 newer ones, or what it is about is erased", Life: news.Life},
	{Kind: "news_people", Until: withAccount},
	{Kind: "devices", Until: "turned off, the session ends, or the browser takes nothing more"},
	{Kind: "addresses", Until: "taken back, or the account is erased"},
	{Kind: "reports", Until: "30 days, or either account is erased", Life: reports.Life},
	{Kind: "wardens", Until: "dismissed, or the account is erased"},
	{Kind: "entries", Until: "nothing is left of reports and decisions about it"},
	{Kind: "written_reports", Until: "180 days", Life: moderation.OpenLife},
	{Kind: "written_reports, decided", Until: "30 days decided", Life: moderation.DecidedLife},
	{Kind: "decisions", Until: "a year after the end, or the account is erased", Life: moderation.DecisionsLife},
	{Kind: "answers", Until: "the decision goes"},
	{Kind: "talk_devices", Until: "90 days unseen, or forgotten", Life: conversations.DeviceLife},
	{Kind: "packages", Until: "used, or 90 days", Life: conversations.PackageLife},
	{Kind: "conversations", Until: "nobody has been in it for 90 days"},
	{Kind: "conversation_people", Until: "the conversation goes, or the account is erased"},
	{Kind: "conversation_devices", Until: "they are taken out, or the device is forgotten"},
	{Kind: "conversation_items", Until: "all have it, or 30 days", Life: conversations.ItemLife},
	{Kind: "rooms", Until: "the room ends"},
	{Kind: "room_events", Until: "the room's next snapshot, or its end"},
	{Kind: "pairs", Until: "another deputy"},
	{Kind: "house", Until: "the house is given up"},
}

// An Age is what there is of one kind.
type Age struct {
	Kind   string
	Rows   int64
	Oldest time.Time // of what a Life is counted from; zero where rows have no time, or there are none
}

// A Finding is an Age beside its Rule.
type Finding struct {
	Rule
	Age

	Late bool // there is a row that should be gone
}

// Judge lays ages beside their rules, at the time now. An age of a kind that has
// no rule is an error, and so is a rule without an age.
func Judge(now time.Time, ages []Age) ([]Finding, error) {
	found := make(map[string]Age, len(ages))
	for _, a := range ages {
		found[a.Kind] = a
	}
	out := make([]Finding, 0, len(Rules))
	for _, r := range Rules {
		a, is := found[r.Kind]
		if !is {
			return nil, fmt.Errorf("nobody has looked at %s", r.Kind)
		}
		delete(found, r.Kind)
		late := r.Empty && a.Rows > 0 || r.Life > 0 && !a.Oldest.IsZero() && now.Sub(a.Oldest) > r.Life+tidied
		out = append(out, Finding{r, a, late})
	}
	for kind := range found {
		return nil, fmt.Errorf("nothing says how long %s are kept", kind)
	}
	return out, nil
}
