package api

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/people/peopletest"
)

// withPasskey gives g a passkey and returns its id, as a browser tells it.
func (g *guest) withPasskey() string {
	g.Helper()
	device := &peopletest.Authenticator{Origin: g.url, RPID: "localhost"}
	var c Ceremony
	g.call("POST", "/api/v1/me/passkeys/begin", None{}).is(200).into(&c)
	credential, err := device.Create(c.Options)
	g.must(err)
	g.call("POST", "/api/v1/me/passkeys/finish", Finish{c.Ceremony.String(), credential}).is(200)
	var made struct {
		ID string `json:"id"`
	}
	g.must(json.Unmarshal(credential, &made))
	return made.ID
}

func TestKeyBackup(t *testing.T) {
	t.Parallel()
	const path = "/api/v1/me/keybackup"
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	mine, theirs := ada.withPasskey(), bo.withPasskey()
	sealed := func(n int) string { return base64.RawURLEncoding.EncodeToString(make([]byte, n)) }
	listed := func(g *guest) string { return string(g.call("GET", path, nil).is(200).body) }
	if got := listed(ada); got != `{"backups":[]}`+"\n" {
		t.Errorf("before there is one: %s", got)
	}

	ada.call("PUT", path, body{"passkey": mine, "sealed": sealed(3)}).is(204)
	ada.call("PUT", path, body{"passkey": mine, "sealed": sealed(people.BackupMax)}).is(204)
	want := `{"backups":[{"passkey":"` + mine + `","sealed":"` + sealed(people.BackupMax) + `"}]}` + "\n"
	if got := listed(ada); got != want {
		t.Errorf("kept: %s", got)
	}

	// What is not a backup, and what is not one's own.
	for _, n := range []int{0, people.BackupMax + 1} {
		res := ada.call("PUT", path, body{"passkey": mine, "sealed": sealed(n)}).problem("invalid")
		if !strings.Contains(string(res.body), `"location":"body.sealed"`) {
			t.Errorf("%s does not say where", res.body)
		}
	}
	ada.call("PUT", path, body{"passkey": mine, "sealed": "not bytes"}).problem("bad_request")
	ada.call("PUT", path, body{"passkey": mine, "sealed": strings.Repeat("A", bodyMax)}).problem("too_large")
	foreign := ada.call("PUT", path, body{"passkey": theirs, "sealed": sealed(3)}).problem("no_such_thing")
	unknown := ada.call("PUT", path, body{"passkey": sealed(16), "sealed": sealed(3)}).problem("no_such_thing")
	if string(foreign.body) != string(unknown.body) {
		t.Errorf("another's passkey is told from none: %s, %s", foreign.body, unknown.body)
	}
	h.call("GET", path, nil).problem("not_signed_in")
	h.call("PUT", path, body{"passkey": mine, "sealed": sealed(3)}).problem("not_signed_in")
	h.call("DELETE", path, nil).problem("not_signed_in")

	bo.call("DELETE", path, nil).is(204)
	if got := listed(ada); got != want {
		t.Errorf("another's deleting leaves: %s", got)
	}
	for range 2 {
		ada.call("DELETE", path, nil).is(204)
	}
	if got := listed(ada); got != `{"backups":[]}`+"\n" {
		t.Errorf("after deleting: %s", got)
	}
}
