package api

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/reports"
)

func TestReports(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	name := ada.open("open")
	path := "/api/v1/rooms/" + name.String() + "/reports"
	sealed := func(n int) string { return base64.RawURLEncoding.EncodeToString(make([]byte, n)) }
	about := func(who id.Person, n int) body { return body{"about": who.String(), "sealed": sealed(n)} }
	ada.sit(name)

	// Only who is there, and only what was said there.
	bo.call("POST", path, about(ada.id, 3)).problem("not_here")
	bo.sit(name)
	bo.call("POST", path, about(ada.id, 3)).problem("not_heard")
	h.media.said = map[id.Person][][16]byte{ada.id: {{1}, {2}}}
	var made Reported
	bo.call("POST", path, about(ada.id, reports.SealedMax)).is(201).into(&made)
	kept, err := h.store.Report(t.Context(), made.ID)
	h.must(err)
	if kept.Room != name || kept.About != ada.id || kept.By != bo.id || len(kept.Hashes) != 2 || len(kept.Sealed) != reports.SealedMax {
		t.Errorf("kept %v about %v by %v, %d hashes, %d bytes", kept.Room, kept.About, kept.By, len(kept.Hashes), len(kept.Sealed))
	}

	// Values that are none; each costs its sender one of their tries.
	for _, n := range []int{0, reports.SealedMax + 1} {
		res := bo.call("POST", path, about(ada.id, n)).problem("invalid")
		if !strings.Contains(string(res.body), `"location":"body.sealed"`) {
			t.Errorf("%s does not say where", res.body)
		}
	}
	bo.call("POST", path, body{"about": "x", "sealed": ""}).problem("too_many")
	ada.call("POST", path, body{"about": "x", "sealed": sealed(1)}).problem("no_person")
	ada.call("POST", "/api/v1/rooms/x/reports", about(ada.id, 1)).problem("no_room")
	ada.call("POST", path, body{"about": ada.id.String(), "sealed": strings.Repeat("A", reportMax)}).problem("too_large")
	ada.call("POST", path, body{"about": ada.id.String(), "sealed": "not bytes"}).problem("bad_request")
	h.call("POST", path, about(ada.id, 1)).problem("not_signed_in")

	// No more of one person than are kept.
	for range reports.KeptMax - 1 {
		_, err := h.api.Reports.Add(t.Context(), reports.Report{Room: name, About: bo.id, By: ada.id, Sealed: []byte{1}})
		h.must(err)
	}
	ada.call("POST", path, about(ada.id, 1)).is(201)
	h.at(time.Now().Add(time.Hour))
	ada.call("POST", path, about(ada.id, 1)).problem("reports_full")

	// Where nobody would look at it, it is not taken.
	var house House
	h.call("GET", "/api/v1/house", nil).is(200).into(&house)
	if len(house.Moderators) != 1 {
		t.Errorf("the house says of moderators %q", house.Moderators)
	}
	h.api.Moderators = nil
	ada.call("POST", path, about(ada.id, 1)).problem("no_moderators")
	if res := h.call("GET", "/api/v1/house", nil).is(200); !strings.Contains(string(res.body), `"moderators":[]`) {
		t.Errorf("the house says %s", res.body)
	}
}
