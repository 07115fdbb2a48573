package main

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/store"
)

func TestWarden(t *testing.T) {
	data := t.TempDir()
	if _, err := says(t, "warden", "list", "--data", data); err == nil || !strings.Contains(err.Error(), "no house") {
		t.Errorf("an empty folder: %v", err)
	}
	ada, code := people.Person{ID: id.New[id.Person](), Created: time.Now()}, people.Hash{1}
	s, err := store.Open(t.Context(), filepath.Join(data, "stoa.db"))
	must(t, err)
	_, err = s.Founder(t.Context(), people.Invite{Created: ada.Created}, code)
	must(t, err)
	must(t, s.SignUp(t.Context(), people.NewAccount{Person: ada, Invite: &code}))
	must(t, s.Close())

	for _, c := range []struct {
		args []string
		says string
		err  error
	}{
		{[]string{"list"}, "Nobody judges", nil},
		{[]string{"add", "nobody"}, "", people.ErrNoPerson},
		{[]string{"add", ada.ID.String()}, "is a warden.", nil},
		{[]string{"list"}, ada.ID.String(), nil},
		{[]string{"log"}, "", nil},
		{[]string{"remove", ada.ID.String()}, "no warden any more", nil},
		{[]string{"list"}, "Nobody judges", nil},
		{[]string{"add"}, "", errUsage},
		{[]string{"promote", "ada"}, "", errUsage},
	} {
		args := append([]string{"warden", c.args[0], "--data", data}, c.args[1:]...)
		if got, err := says(t, args...); !errors.Is(err, c.err) || !strings.Contains(got, c.says) {
			t.Errorf("%v: %q, %v", c.args, got, err)
		}
	}
}
