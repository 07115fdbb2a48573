package main

import (
	"encoding/json"
	"errors"
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/store"
)

func TestPrivacyReport(t *testing.T) {
	data := t.TempDir()
	if _, err := says(t, "privacy", "report", "--data", data); err == nil || !strings.Contains(err.Error(), "no house") {
		t.Errorf("an empty folder: %v", err)
	}
	s, err := store.Open(t.Context(), data+"/stoa.db")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Minute)
	ada, code := people.Person{ID: id.New[id.Person](), Created: now.Add(-400 * 24 * time.Hour)}, people.Hash{1}
	founder, err := s.Founder(t.Context(), people.Invite{Created: ada.Created}, code)
	if err != nil || !founder {
		t.Fatal(founder, err)
	}
	err = errors.Join(
		s.SignUp(t.Context(), people.NewAccount{Person: ada, Invite: &code}),
		s.AddSession(t.Context(), people.Session{ID: id.New[people.SessionID](), Person: ada.ID, Created: ada.Created, Seen: now}, people.Hash{2}),
	)
	if err != nil {
		t.Fatal(err)
	}
	printed, err := says(t, "privacy", "report", "--data", data)
	if err != nil {
		t.Error(err)
	}
	for _, words := range []string{"kind ", "oldest", "sessions ", "90 days unseen", ada.Created.Format("2006-01-02 15:04"), now.Format("2006-01-02 15:04")} {
		if !strings.Contains(printed, words) {
			t.Errorf("no %q in\n%s", words, printed)
		}
	}
	if strings.Contains(printed, "late") || strings.Contains(printed, ada.ID.String()) {
		t.Errorf("it says\n%s", printed)
	}

	// Somebody was last seen for too long ago, since no node has run meanwhile.
	old := people.Session{ID: id.New[people.SessionID](), Person: ada.ID, Created: ada.Created, Seen: now.Add(-people.SessionLife - 24*time.Hour)}
	if err := errors.Join(s.AddSession(t.Context(), old, people.Hash{3}), s.Close()); err != nil {
		t.Fatal(err)
	}
	printed, err = says(t, "privacy", "report", "--json", "--data", data)
	if !errors.Is(err, errLate) {
		t.Error(err)
	}
	var lines []struct {
		Kind   string
		Rows   int
		Oldest time.Time
		Until  string `json:"kept_until"`
		Late   bool
	}
	if err := json.Unmarshal([]byte(printed), &lines); err != nil || len(lines) < 10 {
		t.Fatalf("%v: %s", err, printed)
	}
	for _, l := range lines {
		if l.Late != (l.Kind == "sessions") || l.Kind == "sessions" && (l.Rows != 2 || !l.Oldest.Equal(old.Seen)) || l.Until == "" {
			t.Errorf("%+v", l)
		}
	}
}

func TestPrivacyUse(t *testing.T) {
	for _, args := range [][]string{{}, {"burn"}, {"report", "x"}, {"report", "--x"}} {
		if _, err := says(t, append([]string{"privacy"}, args...)...); !errors.Is(err, errUsage) {
			t.Errorf("%v: %v", args, err)
		}
	}
	if _, err := says(t, "privacy", "-h"); !errors.Is(err, flag.ErrHelp) {
		t.Error(err)
	}
}
