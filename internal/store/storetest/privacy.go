package storetest

import (
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/discover"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/moderation"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/privacy"
	"github.com/stoa-audio/stoa/internal/reports"
	"github.com/stoa-audio/stoa/internal/schedule"
)

// ages returns what there is of each kind, laid beside its rule.
func ages(t *testing.T, s Store, now time.Time) map[string]privacy.Finding {
	t.Helper()
	all, err := s.Ages(t.Context(), now)
	must(t, err)
	found, err := privacy.Judge(now, all)
	must(t, err)
	out := make(map[string]privacy.Finding)
	for _, f := range found {
		out[f.Rule.Kind] = f
	}
	return out
}

// over makes one of everything, and looks at what is there as time goes by.
func over(t *testing.T, s Store) {
	ctx := t.Context()
	for kind, f := range ages(t, s, noon) {
		if f.Rows != 0 || !f.Oldest.IsZero() || f.Late {
			t.Errorf("%s in an empty house: %+v", kind, f)
		}
	}
	Fill(t, s)
	got := ages(t, s, noon)
	for kind, rows := range map[string]int64{
		"people": 2, "clear_names": 0, "profiles": 1, "pictures": 1, "passkeys": 1, "sessions": 1, "invites": 2, "invites, spent": 0,
		"follows": 1, "reports": 2, "plans": 1, "plan_goers": 1, "news": 1, "news_people": 1, "devices": 1, "rooms": 2, "pairs": 1, "house": 1,
	} {
		if f := got[kind]; f.Rows != rows || f.Late {
			t.Errorf("%s: %+v", kind, f)
		}
	}
	for _, kind := range []string{"people", "profiles", "sessions", "invites", "follows", "reports", "rooms"} {
		if at := got[kind].Oldest; !at.Equal(noon) {
			t.Errorf("the oldest of %s is of %v", kind, at)
		}
	}

	// Invites that open nothing any more: one has expired, one is revoked.
	by := people.Person{ID: filledAda}
	expired := people.Invite{ID: id.New[people.InviteID](), By: by, Created: noon, Expires: noon.Add(time.Hour)}
	revoked := people.Invite{ID: id.New[people.InviteID](), By: by, Created: noon, Expires: noon.Add(1000 * time.Hour)}
	open := people.Invite{ID: id.New[people.InviteID](), By: by, Created: noon, Expires: noon.Add(10 * people.SessionLife)}
	for _, i := range []people.Invite{expired, revoked, open} {
		must(t, s.Give(ctx, i, hash(), 10))
	}
	must(t, s.Revoke(ctx, filledAda, revoked.ID, noon.Add(2*time.Hour)))
	later := noon.Add(3 * time.Hour)
	got = ages(t, s, later)
	if f := got["invites, spent"]; f.Rows != 2 || !f.Oldest.Equal(noon.Add(time.Hour)) || f.Late {
		t.Errorf("spent: %+v", f)
	}
	same(t, got["invites"].Rows, int64(3))

	// All that a clock ends is late in the end, and nothing else is.
	must(t, s.CancelPlan(ctx, filledPlan, filledAda, later))
	end := noon.Add(people.SessionLife + 24*time.Hour)
	for kind, f := range ages(t, s, end) {
		if f.Late != (f.Life > 0) {
			t.Errorf("late: %s: %+v", kind, f)
		}
	}
	must(t, s.Tidy(ctx, end.Add(-people.SessionLife), end.Add(-people.SpentLife)))
	must(t, s.ForgetReports(ctx, end.Add(-reports.Life)))
	must(t, s.ForgetModeration(ctx, end.Add(-moderation.OpenLife), end.Add(-moderation.DecidedLife), end.Add(-moderation.DecisionsLife)))
	must(t, s.ForgetConversations(ctx, end))
	must(t, s.ForgetFinders(ctx, end.Add(-discover.Life)))
	must(t, s.ForgetNews(ctx, end.Add(-news.Life)))
	must(t, s.ForgetPlans(ctx, end.Add(-schedule.KeptOver), end.Add(-schedule.KeptCalled)))
	got = ages(t, s, end)
	for kind, f := range got {
		if f.Late || f.Life > 0 && f.Rows != 0 {
			t.Errorf("still late: %s: %+v", kind, f)
		}
	}
	same(t, got["invites"].Rows, int64(3))

	// What is not over yet stays.
	must(t, s.AddSession(ctx, people.Session{ID: id.New[people.SessionID](), Person: filledAda, Created: end, Seen: end}, hash()))
	must(t, s.Tidy(ctx, end.Add(-time.Millisecond), end))
	same(t, ages(t, s, end)["sessions"].Rows, int64(1))
}
