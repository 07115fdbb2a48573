package api

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/people/peopletest"
	"github.com/stoa-audio/stoa/internal/room"
)

// People import no room, so nothing but this keeps the two limits equal.
var _ = [1]struct{}{}[room.NameMax-people.NameMax]

func hashOf(c people.Code) people.Hash { return sha256.Sum256(c[:]) }

type body = map[string]any

func TestPasskeys(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var invite OpenInvite
	h.call("GET", "/api/v1/invites/"+h.founder, nil).is(200).into(&invite)
	if invite.From != nil || !invite.Expires.IsZero() {
		t.Errorf("the founder's invite is %+v", invite)
	}

	device := &peopletest.Authenticator{Origin: h.url, RPID: "localhost"}
	var c Ceremony
	h.call("POST", "/api/v1/signup/passkey/begin", NewAccount{Invite: h.founder, Name: " Ada "}).is(200).into(&c)
	credential, err := device.Create(c.Options)
	h.must(err)
	finish := Finish{c.Ceremony.String(), credential}
	var me Me
	res := h.call("POST", "/api/v1/signup/passkey/finish", finish).is(201).into(&me)
	if me.Name != "Ada" || me.Passkeys != 1 || me.Recovery {
		t.Errorf("I am %+v", me)
	}
	cookie := cookieOf(res)
	if cookie.Name != "stoa_session" || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode ||
		cookie.Secure || cookie.Path != "/" || cookie.MaxAge != 90*24*60*60 {
		t.Errorf("the cookie is %v", cookie)
	}
	h.call("POST", "/api/v1/signup/passkey/finish", finish).problem("no_ceremony")
	h.call("GET", "/api/v1/invites/"+h.founder, nil).problem("no_invite")

	// A second passkey, then each of them signs in.
	ada := &guest{h, me.ID, "Ada", cookie.Value}
	second := &peopletest.Authenticator{Origin: h.url, RPID: "localhost"}
	ada.call("POST", "/api/v1/me/passkeys/begin", None{}).is(200).into(&c)
	credential, err = second.Create(c.Options)
	h.must(err)
	ada.call("POST", "/api/v1/me/passkeys/finish", Finish{c.Ceremony.String(), credential}).is(200).into(&me)
	if me.Passkeys != 2 {
		t.Errorf("I am %+v", me)
	}
	for _, d := range []*peopletest.Authenticator{device, second} {
		h.call("POST", "/api/v1/signin/passkey/begin", None{}).is(200).into(&c)
		credential, err = d.Get(c.Options)
		h.must(err)
		res = h.call("POST", "/api/v1/signin/passkey/finish", Finish{c.Ceremony.String(), credential}).is(200).into(&me)
		if me.ID != ada.id || cookieOf(res).Value == ada.token {
			t.Errorf("signed in as %+v", me)
		}
	}
	var list Sessions
	ada.call("GET", "/api/v1/me/sessions", nil).is(200).into(&list)
	current := slices.IndexFunc(list.Sessions, func(s Session) bool { return s.Current })
	if len(list.Sessions) != 3 || current < 0 {
		t.Errorf("signed in at %+v", list)
	}
}

func cookieOf(a answered) *http.Cookie {
	a.Helper()
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		return c
	}
	a.Fatalf("no cookie in %v", a.header)
	return nil
}

func TestRecovery(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var ada Recovered
	res := h.call("POST", "/api/v1/signup/recovery", NewAccount{Invite: h.founder, Name: "Ada"}).is(201).into(&ada)
	g := &guest{h, ada.Me.ID, "Ada", cookieOf(res).Value}
	g.call("GET", "/api/v1/me", nil).is(200)

	var again Recovered
	h.call("POST", "/api/v1/signin/recovery", RecoveryCode{ada.RecoveryCode}).is(200).into(&again)
	if again.Me != ada.Me || again.RecoveryCode == ada.RecoveryCode {
		t.Errorf("recovered %+v", again)
	}
	h.call("POST", "/api/v1/signin/recovery", RecoveryCode{ada.RecoveryCode}).problem("sign_in_failed")
	var renewed NewRecovery
	g.call("POST", "/api/v1/me/recovery", None{}).is(200).into(&renewed)
	h.call("POST", "/api/v1/signin/recovery", RecoveryCode{again.RecoveryCode}).problem("sign_in_failed")
	h.call("POST", "/api/v1/signin/recovery", RecoveryCode{renewed.RecoveryCode}).is(200)
}

func TestSessions(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	_, other, err := h.people.SignIn(t.Context(), ada.id)
	h.must(err)
	away := &guest{h, ada.id, "Ada", other}

	var list Sessions
	ada.call("GET", "/api/v1/me/sessions", nil).is(200).into(&list)
	for _, s := range list.Sessions {
		if !s.Current {
			ada.call("DELETE", "/api/v1/me/sessions/"+s.ID.String(), nil).is(204)
			ada.call("DELETE", "/api/v1/me/sessions/"+s.ID.String(), nil).problem("no_such_thing")
		}
	}
	away.call("GET", "/api/v1/me", nil).problem("not_signed_in")
	ada.call("GET", "/api/v1/me", nil).is(200)

	// Use renews the session, and the cookie with it.
	h.at(time.Now().Add(2 * people.SessionRenew))
	if c := cookieOf(ada.call("GET", "/api/v1/me", nil).is(200)); c.Value != ada.token || c.MaxAge <= 0 {
		t.Errorf("the cookie is %v", c)
	}
	if res := ada.call("GET", "/api/v1/me", nil).is(200); res.header.Get("Set-Cookie") != "" {
		t.Error("the cookie is renewed each time")
	}

	if c := cookieOf(ada.call("POST", "/api/v1/signout", None{}).is(204)); c.MaxAge >= 0 {
		t.Errorf("signing out leaves the cookie %v", c)
	}
	ada.call("GET", "/api/v1/me", nil).problem("not_signed_in")
}

func TestSecureCookie(t *testing.T) {
	t.Parallel()
	h := newHouseWith(t, "https", webApp)
	res := h.call("POST", "/api/v1/signup/recovery", NewAccount{Invite: h.founder, Name: "Ada"}).is(201)
	if c := cookieOf(res); c.Name != "__Host-stoa_session" || !c.Secure || c.Domain != "" || c.Path != "/" {
		t.Errorf("the cookie is %v", c)
	}
	if p := res.header.Get("Content-Security-Policy"); !strings.Contains(p, " wss://localhost:") {
		t.Errorf("the policy is %s", p)
	}
}

func TestMe(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	var me Me
	ada.call("PATCH", "/api/v1/me", Name{" Ada Lovelace"}).is(200).into(&me)
	if me.Name != "Ada Lovelace" || me.ID != ada.id || !me.Recovery {
		t.Errorf("I am %+v", me)
	}
	res := ada.call("PATCH", "/api/v1/me", Name{"a\nb"}).problem("invalid")
	if !strings.Contains(string(res.body), `"location":"body.name"`) {
		t.Errorf("%s does not say where", res.body)
	}
}

func TestInvites(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	var first, second Invite
	ada.call("POST", "/api/v1/me/invites", None{}).is(201).into(&first)
	ada.call("POST", "/api/v1/me/invites", None{}).is(201).into(&second)
	ada.call("POST", "/api/v1/me/invites", None{}).problem("no_invites_left")

	code, ok := strings.CutPrefix(first.URL, h.url+"/i/")
	var seen OpenInvite
	h.call("GET", "/api/v1/invites/"+code, nil).is(200).into(&seen)
	if !ok || seen.From == nil || seen.From.Name != "Ada" || !seen.Expires.Equal(first.Expires) {
		t.Errorf("%+v is seen as %+v", first, seen)
	}
	bo := h.come(code, "Bo")
	ada.call("DELETE", "/api/v1/me/invites/"+first.ID.String(), nil).problem("no_invite")
	bo.call("DELETE", "/api/v1/me/invites/"+second.ID.String(), nil).problem("no_invite")
	ada.call("DELETE", "/api/v1/me/invites/"+second.ID.String(), nil).is(204)

	var list Invites
	ada.call("GET", "/api/v1/me/invites", nil).is(200).into(&list)
	if list.Left != 1 || len(list.Invites) != 2 {
		t.Fatalf("invites are %+v", list)
	}
	for _, i := range list.Invites {
		switch i.ID {
		case first.ID:
			if i.State != "used" || i.URL != "" || i.UsedBy == nil || i.UsedBy.ID != bo.id {
				t.Errorf("the used one is %+v", i)
			}
		case second.ID:
			if i.State != "revoked" || i.URL != "" || i.UsedBy != nil {
				t.Errorf("the revoked one is %+v", i)
			}
		}
	}
}

func TestFollowing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	at := "/api/v1/people/" + bo.id.String()
	for range 2 {
		ada.call("PUT", at+"/follow", nil).is(204)
	}
	var p Person
	ada.call("GET", at, nil).is(200).into(&p)
	if p.ID != bo.id || p.Name != "Bo" || !p.Followed || p.FollowsMe || p.Since.IsZero() {
		t.Errorf("Bo is %+v", p)
	}
	var list People
	bo.call("GET", "/api/v1/me/followers", nil).is(200).into(&list)
	if len(list.People) != 1 || list.People[0].ID != ada.id || !list.People[0].FollowsMe {
		t.Errorf("Bo is followed by %+v", list)
	}
	ada.call("GET", "/api/v1/me/following", nil).is(200).into(&list)
	if len(list.People) != 1 || list.People[0] != p {
		t.Errorf("Ada follows %+v", list)
	}
	for range 2 {
		ada.call("DELETE", at+"/follow", nil).is(204)
	}
	res := ada.call("GET", "/api/v1/me/following", nil).is(200)
	if string(res.body) != `{"people":[]}`+"\n" {
		t.Errorf("Ada follows %s", res.body)
	}
	ada.call("PUT", "/api/v1/people/"+ada.id.String()+"/follow", nil).problem("invalid")
}

func TestHallway(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy, di := ada.invite("Bo"), ada.invite("Cy"), ada.invite("Di")
	boRoom, cyRoom := bo.open("open"), cy.open("open")
	cards := func(g *guest) (out []Card) {
		t.Helper()
		var list Cards
		g.call("GET", "/api/v1/rooms", nil).is(200).into(&list)
		return list.Rooms
	}

	// The fuller first, but before them those with somebody I follow.
	di.sit(cyRoom)
	got := cards(ada)
	if len(got) != 2 || got[0].ID != cyRoom || got[0].Listeners != 1 || got[0].OnStage != 1 || got[1].Listeners != 0 {
		t.Fatalf("the hallway is %+v", got)
	}
	if p := got[0].Stage[0]; p.ID != cy.id || p.Name != "Cy" || !p.Moderator || p.Followed {
		t.Errorf("the stage is %+v", got[0].Stage)
	}
	ada.call("PUT", "/api/v1/people/"+bo.id.String()+"/follow", nil).is(204)
	got = cards(ada)
	if got[0].ID != boRoom || !got[0].Stage[0].Followed {
		t.Errorf("the hallway is %+v", got)
	}

	// A social room is there for those whom a moderator follows.
	social := bo.open("social")
	seen := func(g *guest, name id.Room) bool {
		return slices.ContainsFunc(cards(g), func(c Card) bool { return c.ID == name })
	}
	if seen(ada, social) {
		t.Error("a social room is shown to somebody whom no moderator follows")
	}
	bo.call("PUT", "/api/v1/people/"+ada.id.String()+"/follow", nil).is(204)
	if !seen(ada, social) || seen(cy, social) {
		t.Error("a social room is not shown to exactly those whom a moderator follows")
	}
	// A closed one for those who are invited.
	closed := bo.open("closed", cy.id.String())
	if !seen(cy, closed) || seen(ada, closed) || !seen(bo, closed) {
		t.Error("a closed room is not shown to exactly those who are invited")
	}
	bo.call("POST", "/api/v1/rooms", NewRoom{Title: "One more", Visibility: "open"}).problem("too_many_rooms")
}

// TestNothingIsThere compares what a forbidden room and one that never was
// answer, byte by byte.
func TestNothingIsThere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	ended := bo.open("open")
	line := bo.sit(ended)
	line.done("end", None{})
	removed := bo.open("open")
	ada.sit(removed)
	line = bo.sit(removed)
	line.done("remove", body{"who": ada.id})
	unknown := id.New[id.Room]().String()
	for what, name := range map[string]string{
		"closed": bo.open("closed").String(), "social": bo.open("social").String(), "ended": ended.String(),
		"removed from": removed.String(), "malformed": "no-room", "too long": strings.Repeat("0", 200),
	} {
		for _, call := range [][2]string{{"GET", ""}, {"POST", "/grants"}} {
			var in any
			if call[0] == "POST" {
				in = None{}
			}
			got := ada.call(call[0], "/api/v1/rooms/"+name+call[1], in).problem("no_room")
			want := ada.call(call[0], "/api/v1/rooms/"+unknown+call[1], in).problem("no_room")
			got.header.Del("Date")
			want.header.Del("Date")
			if string(got.body) != string(want.body) || len(got.header) != len(want.header) {
				t.Errorf("a room %s answers\n%s\n%v, an unknown one\n%s\n%v", what, got.body, got.header, want.body, want.header)
			}
			for name := range want.header {
				if got.header.Get(name) != want.header.Get(name) {
					t.Errorf("a room %s has %s: %s", what, name, got.header.Get(name))
				}
			}
		}
	}
	if res := ada.call("GET", "/api/v1/rooms", nil).is(200); string(res.body) != `{"rooms":[],"more":0}`+"\n" {
		t.Errorf("the hallway is %s", res.body)
	}
	for _, who := range []string{id.New[id.Person]().String(), "nobody"} {
		ada.call("GET", "/api/v1/people/"+who, nil).problem("no_person")
		ada.call("PUT", "/api/v1/people/"+who+"/follow", nil).problem("no_person")
	}
}

func TestNotSignedIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for i, op := range operations(t, h) {
		if op.open {
			continue
		}
		from := fmt.Sprintf("192.0.2.%d", i) // so that it is not too often
		path := regexp.MustCompile(`\{\w+\}`).ReplaceAllString(op.path, id.New[id.Room]().String())
		var in any
		if op.method == "POST" {
			in = None{}
		}
		h.call(op.method, path, in, "Test-From", from).problem("not_signed_in")
		h.call(op.method, path, in, "Test-From", from, "Cookie", "stoa_session=nonsense").problem("not_signed_in")
	}
	h.call("GET", "/api/v1/house", nil).is(200)
}

type operation struct {
	method, path, name string
	open               bool
}

// operations returns what the OpenAPI document lists.
func operations(t *testing.T, h *testHouse) (out []operation) {
	t.Helper()
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string
			Security    []any
		}
	}
	res := h.call("GET", "/openapi.json", nil).is(200).into(&doc)
	if string(res.body) != string(Document("0.0.0-test")) {
		t.Error("what is served is another document")
	}
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("the document is of version %s", doc.OpenAPI)
	}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			out = append(out, operation{strings.ToUpper(method), path, op.OperationID, len(op.Security) == 0})
		}
	}
	return out
}

// TestProtocolPages holds the pages of the protocol to the code: the calls,
// the codes of problems, and the events.
func TestProtocolPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	page := func(name string) string {
		text, err := os.ReadFile("../../docs/protocol/" + name)
		h.must(err)
		return string(text)
	}

	var written []string
	calls := regexp.MustCompile("`(GET|POST|PUT|PATCH|DELETE) (/[^`]*)`([^|]*)")
	for _, m := range calls.FindAllStringSubmatch(page("http.md"), -1) {
		paths := []string{m[2]}
		for _, more := range regexp.MustCompile("`(/[^`]*)`").FindAllStringSubmatch(m[3], -1) {
			if more[1] == "/finish" {
				more[1] = strings.Replace(m[2], "/begin", "/finish", 1)
			}
			paths = append(paths, more[1])
		}
		for _, path := range paths {
			if !slices.Contains([]string{"/livez", "/readyz", "/openapi.json", "/metrics"}, path) {
				written = append(written, m[1]+" /api/v1"+strings.TrimPrefix(path, "/api/v1"))
			}
		}
	}
	var served, ids []string
	for _, op := range operations(t, h) {
		served = append(served, op.method+" "+op.path)
		ids = append(ids, op.name)
	}
	slices.Sort(written)
	slices.Sort(served)
	if written = slices.Compact(written); !slices.Equal(written, served) {
		t.Errorf("written are\n%s\nserved are\n%s", strings.Join(written, "\n"), strings.Join(served, "\n"))
	}
	slices.Sort(ids)
	if len(slices.Compact(ids)) != len(served) {
		t.Errorf("operation ids are %v", ids)
	}

	codes := make(map[code]int)
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\d{3}) \\|").FindAllStringSubmatch(page("http.md"), -1) {
		status, err := strconv.Atoi(m[2])
		h.must(err)
		codes[code(m[1])] = status
	}
	for c, k := range kinds {
		if codes[c] != k.status {
			t.Errorf("%s is %d and written as %d", c, k.status, codes[c])
		}
	}
	if len(codes) != len(kinds) {
		t.Errorf("%d codes are written, %d are known", len(codes), len(kinds))
	}

	_, rest, _ := strings.Cut(page("signal.md"), "## Events")
	table, _, _ := strings.Cut(rest, "## Notices")
	var kindsWritten, kindsKnown []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\|").FindAllStringSubmatch(table, -1) {
		kindsWritten = append(kindsWritten, m[1])
	}
	for _, e := range events {
		kindsKnown = append(kindsKnown, kindOf(e))
	}
	slices.Sort(kindsWritten)
	slices.Sort(kindsKnown)
	if !slices.Equal(kindsWritten, kindsKnown) {
		t.Errorf("events written are %v, known are %v", kindsWritten, kindsKnown)
	}
}

func TestDocumentHasTheLiveMessages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]json.RawMessage
				Required   []string
			}
		}
	}
	h.call("GET", "/openapi.json", nil).is(200).into(&doc)
	for _, name := range []string{
		"SignalRequest", "SignalReply", "SignalNotice", "SignalEntered", "RoomView", "RoomParticipant",
		"Event", "EventEntered", "EventOpened", "Problem", "Me", "Card", "Invite", "Person",
	} {
		if len(doc.Components.Schemas[name].Properties) == 0 {
			t.Errorf("there is no schema %s", name)
		}
	}
	for name, s := range doc.Components.Schemas {
		if s.Properties["$schema"] != nil {
			t.Errorf("%s has $schema", name)
		}
	}
	for member, want := range map[string]string{
		"SignalEntered.view":   `"$ref": "#/components/schemas/RoomView"`,
		"RoomParticipant.role": `"moderator"`,
		"SignalCut.why":        `"taken_over"`,
		"SignalVoices.slots":   `"null"`,
		"Card.visibility":      `"closed"`,
	} {
		name, property, _ := strings.Cut(member, ".")
		if got := string(doc.Components.Schemas[name].Properties[property]); !strings.Contains(got, want) {
			t.Errorf("%s is %s", member, got)
		}
	}
}

func TestNotARequest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	for _, in := range []string{
		``, `{`, `[]`, `"x"`, `{"name":1}`, `{}`, `{"name":"Ada","more":1}`, `{"name":"Ada"}{}`, `{"name":null}`,
	} {
		ada.call("PATCH", "/api/v1/me", in).problem("bad_request")
	}
	ada.call("PATCH", "/api/v1/me", `name=Ada`, "Content-Type", "text/plain").problem("bad_request")
	res := ada.call("POST", "/api/v1/rooms", `{"title":"Tea","visibility":"secret"}`).problem("invalid")
	if !strings.Contains(string(res.body), `"location":"body.visibility"`) {
		t.Errorf("%s does not say where", res.body)
	}
	ada.call("POST", "/api/v1/rooms", body{"title": strings.Repeat("x", 121), "visibility": "open"}).problem("invalid")
	res = ada.call("POST", "/api/v1/rooms", body{"title": "", "visibility": "open", "invite": []string{"x"}}).problem("invalid")
	if !strings.Contains(string(res.body), `"location":"body.invite[0]"`) {
		t.Errorf("%s does not say where", res.body)
	}
	ada.call("PATCH", "/api/v1/me", `{"name":"`+strings.Repeat("x", bodyMax)+`"}`).problem("too_large")
	ada.call("GET", "/api/v1/nothing", nil).problem("no_such_thing")
	ada.call("DELETE", "/api/v1/me", nil).problem("no_such_thing")
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for accept, german := range map[string]bool{
		"": false, "de": true, "de-AT,en;q=0.5": true, "en,de": false, "fr": false, "fr,de;q=0.8,en;q=0.2": true,
		"=;;q=x": false, strings.Repeat("de,", 1000): false,
	} {
		res := h.call("GET", "/api/v1/me", nil, "Accept-Language", accept).problem("not_signed_in")
		if got := strings.Contains(string(res.body), kinds["not_signed_in"].de); got != german {
			t.Errorf("%q gets %s", accept, res.body)
		}
		res = h.call("POST", "/api/v1/signin/recovery", "{", "Accept-Language", accept, "Test-From", "10.0.0."+strconv.Itoa(len(accept)%200+1)).problem("bad_request")
		if got := strings.Contains(string(res.body), kinds["bad_request"].de); got != german {
			t.Errorf("%q gets %s", accept, res.body)
		}
	}
}

func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	ada.call("PATCH", "/api/v1/me", Name{"Eve"}, "Sec-Fetch-Site", "cross-site").problem("cross_origin")
	ada.call("PATCH", "/api/v1/me", Name{"Eve"}, "Origin", "https://evil.example").problem("cross_origin")
	ada.call("PATCH", "/api/v1/me", Name{"Ada"}, "Sec-Fetch-Site", "same-origin").is(200)
	if _, err := h.dial("Origin", "https://evil.example", "Cookie", "stoa_session="+ada.token); err == nil ||
		!strings.Contains(err.Error(), "cross_origin") {
		t.Errorf("a live connection from another site: %v", err)
	}
	ada.live("Origin", h.url).done("ping", None{})
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, path := range []string{"/", "/api/v1/me", "/assets/app-x1y2.js", "/livez"} {
		res := h.call("GET", path, nil, "Accept", "text/html")
		for name, want := range map[string]string{
			"Content-Security-Policy": "frame-ancestors 'none'", "X-Content-Type-Options": "nosniff",
			"Referrer-Policy": "no-referrer", "X-DNS-Prefetch-Control": "off", "Permissions-Policy": "microphone=(self)",
		} {
			if got := res.header.Get(name); !strings.Contains(got, want) {
				t.Errorf("%s has %s: %s", path, name, got)
			}
		}
	}
	h.call("GET", "/livez", nil).is(200)
	h.call("GET", "/readyz", nil).is(200)
	h.api.Ready = func() error { return errUnavailable }
	h.call("GET", "/readyz", nil).is(503)
	h.api.Ready = func() error { panic("on fire") }
	h.call("GET", "/readyz", nil).problem("internal")
	if log := h.log.String(); !strings.Contains(log, "on fire") || strings.Contains(log, "127.0.0.1") {
		t.Errorf("the log says %s", log)
	}
	if res := h.call("GET", "/api/v1/house", nil); res.header.Get("Cache-Control") != "no-store" {
		t.Error("an answer of the API may be stored")
	}
}

// The app travels compressed; answers of the API, which hold secrets, do not.
func TestCompression(t *testing.T) {
	t.Parallel()
	script := strings.Repeat("export const porch = 5;\n", 1000)
	h := newHouseWith(t, "http", fstest.MapFS{
		"index.html":         {Data: []byte("<!doctype html>")},
		"assets/app-x1y2.js": {Data: []byte(script)},
	})
	res := h.call("GET", "/assets/app-x1y2.js", nil, "Accept-Encoding", "gzip").is(200)
	if got := res.header.Get("Content-Encoding"); got != "gzip" || len(res.body) > len(script)/10 {
		t.Errorf("the app travels as %q, in %d of %d bytes", got, len(res.body), len(script))
	}
	if res := h.call("GET", "/openapi.json", nil, "Accept-Encoding", "gzip").is(200); res.header.Get("Content-Encoding") != "" {
		t.Error("the API is compressed")
	}
}

func TestWeb(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, c := range []struct{ path, accept, want, cache string }{
		{"/", "text/html,*/*", "the app", "no-cache"},
		{"/index.html", "text/html", "the app", "no-cache"},
		{"/r/0123", "text/html", "the app", "no-cache"},
		{"/i/abc?x=1", "text/html", "the app", "no-cache"},
		{"/favicon.svg", "*/*", "<svg/>", "no-cache"},
		{"/assets/app-x1y2.js", "*/*", "export", "public, max-age=31536000, immutable"},
		{"/assets/", "text/html", "", ""},
		{"/assets/app-old.js", "text/html", "", ""},
		{"/r/0123", "application/json", "", ""},
		{"/../house_test.go", "*/*", "", ""},
	} {
		res := h.call("GET", c.path, nil, "Accept", c.accept)
		if c.want == "" {
			res.problem("no_such_thing")
			continue
		}
		if res.is(200); !strings.Contains(string(res.body), c.want) || res.header.Get("Cache-Control") != c.cache {
			t.Errorf("%s is %v %s", c.path, res.header, res.body)
		}
	}
	h.call("POST", "/", None{}).problem("no_such_thing")
	if got := h.call("GET", "/stoa.webmanifest", nil).is(200).header.Get("Content-Type"); got != "application/manifest+json" {
		t.Errorf("the manifest is %s", got)
	}

	res := newHouseWith(t, "http", fstest.MapFS{".keep": {}}).call("GET", "/", nil, "Accept", "text/html").is(200)
	if !strings.Contains(string(res.body), "npm run build") {
		t.Errorf("without the app there is %s", res.body)
	}
}

func TestTooMany(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	h.at(time.Now()) // nothing is forgiven while time stands
	limited := func(burst int, call func() answered) {
		t.Helper()
		for i := range burst {
			if res := call(); res.status == http.StatusTooManyRequests {
				t.Fatalf("refused after %d: %s", i, res.body)
			}
		}
		if s, err := strconv.Atoi(call().problem("too_many").header.Get("Retry-After")); err != nil || s < 1 {
			t.Errorf("to be asked again after %d s, %v", s, err)
		}
	}
	signIn := func(from string) answered {
		return h.call("POST", "/api/v1/signin/recovery", RecoveryCode{"x"}, "Test-From", from)
	}
	limited(10, func() answered { return signIn("192.0.2.1") })
	limited(10, func() answered { return signIn("2001:db8:1:2::1") })
	signIn("2001:db8:1:2:ffff::").problem("too_many") // the same household
	signIn("2001:db8:1:3::1").problem("sign_in_failed")
	limited(30, func() answered { return ada.call("PATCH", "/api/v1/me", Name{"Ada"}) })
	limited(120, func() answered { return ada.call("GET", "/api/v1/me", nil) })
	limited(10, func() answered {
		return ada.call("POST", "/api/v1/rooms", NewRoom{Title: "Tea", Visibility: "closed"})
	})
	h.at(h.clock().Add(6 * time.Second))
	signIn("192.0.2.1").problem("sign_in_failed")
	if strings.Contains(h.log.String(), "192.0.2") {
		t.Error("an address is in the log")
	}
}

func TestLimitsAreBounded(t *testing.T) {
	t.Parallel()
	var l limits
	now := time.Now()
	first := caller{from: network(netip.MustParseAddr("192.0.2.1"))}
	for range rates[signing].burst {
		if err := l.take(now, first, signing); err != nil {
			t.Fatal(err)
		}
	}
	for range limitsMax - 1 {
		_ = l.take(now, caller{person: id.New[id.Person]()}, reading)
	}
	if l.take(now, first, signing) == nil {
		t.Error("forgotten while there was room")
	}
	for range limitsMax {
		_ = l.take(now, caller{person: id.New[id.Person]()}, reading)
	}
	if len(l.known) != limitsMax || l.order.Len() != limitsMax {
		t.Errorf("%d callers are remembered", len(l.known))
	}
	if err := l.take(now, first, signing); err != nil {
		t.Errorf("remembered beyond the bound: %v", err)
	}
}

// TestUnavailable has the records closed behind the doors.
func TestUnavailable(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	name := ada.open("open")
	l := ada.sit(name)
	h.closeRecords()
	for _, res := range []answered{
		ada.call("GET", "/api/v1/me", nil),
		ada.call("GET", "/api/v1/rooms", nil),
		h.call("GET", "/api/v1/invites/"+h.founder, nil),
		h.call("POST", "/api/v1/signin/recovery", RecoveryCode{"0000-0000-0000-0000-0000-0000-0000-0000"}),
	} {
		if res.problem("unavailable").header.Get("Retry-After") != "5" {
			t.Errorf("to be asked again after %q", res.header.Get("Retry-After"))
		}
	}
	if m := l.refused("unavailable", "unmute", None{}); m.Problem.RetryAfter != 5 {
		t.Errorf("refused with %s", m.raw)
	}
	if !strings.Contains(h.log.String(), "problem=unavailable") {
		t.Error("it is not in the log")
	}
}
