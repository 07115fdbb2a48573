package api

import (
	"context"
	"encoding/json"
	"net/http"
	netmail "net/mail"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/mail"
	"github.com/stoa-audio/stoa/internal/mail/mailtest"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/people"
)

// newMailingHouse returns a house that sends mail by a relay on this machine.
func newMailingHouse(t *testing.T) (*testHouse, *mailtest.Relay) {
	t.Helper()
	relay := mailtest.New(t, false)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	h := newHouseWith(t, "http", webApp, change{parts: func(h *testHouse, p *Parts) {
		o := mail.New(mail.Config{
			Relay: mail.Relay{Host: "localhost", Port: relay.Port, Security: mail.Clear, House: "localhost", From: netmail.Address{Address: "house@stoa.example"}},
			Daily: 100, Clock: h.clock, Log: p.Log,
		})
		p.Mail, p.MailKey = o, []byte("a key for tests, 32 bytes long..")
		go func() {
			defer close(done)
			o.Run(ctx)
		}()
	}})
	t.Cleanup(func() {
		stop()
		<-done
		if log := h.log.String(); strings.Contains(log, "example.org") {
			t.Errorf("the log says %s", log)
		}
	})
	return h, relay
}

var eight = regexp.MustCompile(`(\d{4}) (\d{4})`)

func codeIn(t *testing.T, got mailtest.Got) string {
	t.Helper()
	found := eight.FindStringSubmatch(got.Text)
	if found == nil {
		t.Fatalf("no code in %s", got.Text)
	}
	return found[1] + found[2]
}

// proves has g prove an address.
func (g *guest) proves(relay *mailtest.Relay, address string, header ...string) (out MyAddress) {
	g.Helper()
	g.call("PUT", "/api/v1/me/address", NewAddress{address}, header...).is(200)
	got := relay.Next()
	if got.To != address {
		g.Fatalf("the code for %s went to %s", address, got.To)
	}
	found := eight.FindStringSubmatch(got.Text)
	g.call("POST", "/api/v1/me/address/verify", AddressCode{found[1] + found[2]}).is(200).into(&out)
	return out
}

func TestAddress(t *testing.T) {
	t.Parallel()
	h, relay := newMailingHouse(t)
	ada := h.first("Ada")
	var house House
	h.call("GET", "/api/v1/house", nil).is(200).into(&house)
	if !house.Mail {
		t.Error("the house does not say that it sends mail")
	}
	var now MyAddress
	ada.call("GET", "/api/v1/me/address", nil).is(200).into(&now)
	if now != (MyAddress{News: "off"}) {
		t.Errorf("at first %+v", now)
	}
	ada.call("PUT", "/api/v1/me/address", NewAddress{"ada"}).problem("invalid")
	ada.call("PUT", "/api/v1/me/address/news", AddressNews{"digest"}).problem("no_address")
	ada.call("POST", "/api/v1/me/address/verify", AddressCode{"12345678"}).problem("no_code")
	ada.call("PUT", "/api/v1/me/address", NewAddress{"Ada@EXAMPLE.org"}, "Accept-Language", "de").is(200).into(&now)
	if now.Address != "" || now.Pending == nil || now.Pending.Address != "Ada@example.org" {
		t.Errorf("pending %+v", now)
	}
	got := relay.Next()
	if got.To != "Ada@example.org" || !strings.HasPrefix(got.Text, "Dein Code: ") || got.Header.Get("List-Unsubscribe") != "" {
		t.Errorf("came %+v", got)
	}
	code := codeIn(t, got)
	// Whoever has proven nothing is in no record.
	for _, file := range []string{h.records, h.records + "-wal"} {
		if b, err := os.ReadFile(file); err == nil && strings.Contains(string(b), "xample.org") {
			t.Errorf("%s has the address", file)
		}
	}
	ada.call("POST", "/api/v1/me/address/verify", AddressCode{"x"}).problem("wrong_code")
	now = MyAddress{}
	ada.call("POST", "/api/v1/me/address/verify", AddressCode{code}).is(200).into(&now)
	if now.Address != "Ada@example.org" || now.Verified.IsZero() || now.Pending != nil || now.News != "off" {
		t.Errorf("proven %+v", now)
	}
	ada.call("POST", "/api/v1/me/address/verify", AddressCode{code}).problem("no_code")
	ada.call("PUT", "/api/v1/me/address/news", AddressNews{"loud"}).problem("invalid")
	ada.call("PUT", "/api/v1/me/address/news", AddressNews{"named"}).is(200).into(&now)
	if now.News != "named" {
		t.Errorf("chosen %+v", now)
	}
	// It is shown to them with what is stored, and is not in clear in the records.
	var stored Stored
	ada.call("GET", "/api/v1/me/stored", nil).is(200).into(&stored)
	text, err := json.Marshal(stored)
	h.must(err)
	if !strings.Contains(string(text), "Ada@example.org") {
		t.Error("the address is not with what is stored")
	}
	// Another one is proven before it takes the place of this one, which is told.
	ada.call("PUT", "/api/v1/me/address", NewAddress{"a2@example.org"}).is(200).into(&now)
	if now.Address != "Ada@example.org" || now.Pending == nil {
		t.Errorf("pending again %+v", now)
	}
	ada.call("POST", "/api/v1/me/address/verify", AddressCode{codeIn(t, relay.Next())}).is(200).into(&now)
	if got := relay.Next(); got.To != "Ada@example.org" || !strings.Contains(got.Text, "andere E-Mail-Adresse") {
		t.Errorf("the old address gets %+v", got)
	}
	if now.Address != "a2@example.org" || now.News != "named" {
		t.Errorf("moved %+v", now)
	}
	ada.call("DELETE", "/api/v1/me/address", nil).is(204)
	if got := relay.Next(); got.To != "a2@example.org" || !strings.Contains(got.Text, "removed") {
		t.Errorf("the removed address gets %+v", got)
	}
	now = MyAddress{}
	ada.call("GET", "/api/v1/me/address", nil).is(200).into(&now)
	if now.Address != "" || now.Pending != nil || now.News != "off" {
		t.Errorf("removed %+v", now)
	}
	relay.None(100 * time.Millisecond)
}

// Five wrong codes, or a quarter of an hour, and it is good no more.
func TestAddressCodes(t *testing.T) {
	t.Parallel()
	h, relay := newMailingHouse(t)
	ada := h.first("Ada")
	noon := h.atNoon()
	ask := func(address string) string {
		t.Helper()
		ada.call("PUT", "/api/v1/me/address", NewAddress{address}).is(200)
		return codeIn(t, relay.Next())
	}
	code := ask("a@example.org")
	for range 4 {
		ada.call("POST", "/api/v1/me/address/verify", AddressCode{"00000000x"}).problem("wrong_code")
	}
	ada.call("POST", "/api/v1/me/address/verify", AddressCode{"00000000x"}).problem("no_code")
	ada.call("POST", "/api/v1/me/address/verify", AddressCode{code}).problem("no_code")
	code = ask("a@example.org")
	h.at(noon.Add(people.CodeLife))
	ada.call("POST", "/api/v1/me/address/verify", AddressCode{code}).problem("no_code")
	ask("b@example.org")
	res := ada.call("PUT", "/api/v1/me/address", NewAddress{"c@example.org"}).problem("too_many")
	if res.header.Get("Retry-After") != "2700" {
		t.Errorf("again after %s", res.header.Get("Retry-After"))
	}
	relay.None(100 * time.Millisecond)
}

// Whether somebody else has an address is not to be found out, and neither is whether
// it has had enough mail today; it gets no more.
func TestAddressOfOthers(t *testing.T) {
	t.Parallel()
	h, relay := newMailingHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	h.atNoon()
	ada.proves(relay, "ada@example.org")
	same := func(who *guest, address string) string {
		t.Helper()
		res := who.call("PUT", "/api/v1/me/address", NewAddress{address}).is(200)
		return strings.ReplaceAll(string(res.body), address, "ADDRESS")
	}
	free := same(bo, "bo@example.org")
	relay.Next()
	if taken := same(bo, "ada@example.org"); taken != free {
		t.Errorf("%s, and of a free one %s", taken, free)
	}
	code := codeIn(t, relay.Next())
	if again := same(cy, "ada@example.org"); again != free {
		t.Errorf("%s, and of a free one %s", again, free)
	}
	relay.Next() // the third to it today
	if over := same(cy, "ada@example.org"); over != free {
		t.Errorf("%s, and of a free one %s", over, free)
	}
	relay.None(200 * time.Millisecond)
	// Who reads it may have it, too: two accounts are two people here.
	bo.call("POST", "/api/v1/me/address/verify", AddressCode{code}).is(200)
	for _, who := range []*guest{ada, bo} {
		if text, err := h.people.VerifiedAddress(t.Context(), who.id); err != nil || text != "ada@example.org" {
			t.Errorf("%s has %q, %v", who.name, text, err)
		}
	}
}

// Without mail there are no addresses.
func TestNoMail(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	ada.call("PUT", "/api/v1/me/address", NewAddress{"ada@example.org"}).problem("no_mail")
	ada.call("PUT", "/api/v1/me/address/news", AddressNews{"digest"}).problem("no_mail")
	ada.call("GET", "/api/v1/me/address", nil).is(200)
	ada.call("DELETE", "/api/v1/me/address", nil).is(204)
	h.call("GET", leaveAt, nil).problem("no_such_thing")
}

// With an account its address goes, also one that is about to be proven; there is a
// last mail.
// Each piece that may be in a mail has words in it.
func TestPiecesHaveWords(t *testing.T) {
	t.Parallel()
	for _, kind := range news.Kinds {
		if _, has := pieceWords[kind]; !has {
			t.Errorf("%s has no words", kind)
		}
	}
}

func TestErasedAddress(t *testing.T) {
	t.Parallel()
	h, relay := newMailingHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	bo.proves(relay, "bo@example.org")
	bo.call("PUT", "/api/v1/me/address/news", AddressNews{"digest"}).is(200)
	bo.call("PUT", "/api/v1/me/address", NewAddress{"b2@example.org"}).is(200)
	relay.Next()
	code, err := h.people.NewRecovery(t.Context(), bo.id)
	h.must(err)
	bo.call("POST", "/api/v1/me/erase", Erase{RecoveryCode: code}).is(204)
	if got := relay.Next(); got.To != "bo@example.org" || !strings.Contains(got.Text, "was erased") {
		t.Errorf("came %+v", got)
	}
	if _, err := h.store.Address(t.Context(), bo.id); err == nil {
		t.Error("the address is still there")
	}
	if pending, _ := h.people.Proving(bo.id); pending != "" {
		t.Errorf("still proves %s", pending)
	}
	relay.None(100 * time.Millisecond)
}

// News of a day come at the hour for it, in one's zone, not in quiet hours; of what
// one has not seen; with names only where one has chosen them.
func TestNewsByMail(t *testing.T) {
	t.Parallel()
	h, relay := newMailingHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	noon := h.atNoon()
	bo.proves(relay, "bo@example.org", "Accept-Language", "de")
	settings := news.AtFirst()
	settings.Digest, settings.Quiet = 20, news.Quiet{From: 22 * 60, To: 8 * 60, Zone: "Europe/Berlin"}
	h.must(h.news.SetSettings(t.Context(), bo.id, 0, settings))
	bo.clears()
	bo.call("PUT", "/api/v1/me/address/news", AddressNews{"digest"}).is(200)
	at := func(hour int) time.Time { // of the day in Berlin
		berlin, err := time.LoadLocation("Europe/Berlin")
		h.must(err)
		local := noon.In(berlin)
		return time.Date(local.Year(), local.Month(), local.Day(), hour, 0, 0, 0, berlin)
	}
	invite := func() {
		t.Helper()
		path, _ := ada.found(private)
		ada.call("POST", path+"/nominations", ClubNomination{bo.id.String()}).is(204)
	}
	h.at(at(14))
	invite()
	h.at(at(20).Add(-time.Minute))
	relay.None(1200 * time.Millisecond)
	h.at(at(20))
	got := relay.Next()
	if got.To != "bo@example.org" || !strings.Contains(got.Text, "Es gibt etwas Neues") || strings.Contains(got.Text, "Ada") || strings.Contains(got.Text, "Tea") {
		t.Errorf("came %+v", got)
	}
	link := strings.Trim(got.Header.Get("List-Unsubscribe"), "<>")
	if got.Header.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" || !strings.HasPrefix(link, h.api.URL.String()+leaveAt+"?token=") || strings.Contains(got.Encoded, bo.id.String()) {
		t.Errorf("leave at %q", link)
	}
	relay.None(1200 * time.Millisecond) // once
	// Nothing new, nothing sent; what is seen is not new.
	h.at(at(20 + 24))
	relay.None(1200 * time.Millisecond)
	bo.call("PUT", "/api/v1/me/address/news", AddressNews{"named"}).is(200)
	h.at(at(21 + 24))
	invite()
	h.at(at(20 + 48))
	got = relay.Next()
	if !strings.Contains(got.Text, "Ada lädt dich ein") {
		t.Errorf("came %+v", got)
	}
	// What the relay does not take comes the day after.
	invite()
	h.at(at(20 + 72))
	relay.Answer(550)
	for late := time.Now().Add(5 * time.Second); relay.Tried() < 4 && time.Now().Before(late); time.Sleep(20 * time.Millisecond) {
	}
	relay.None(300 * time.Millisecond)

	// A look at the link changes nothing, what it leads to does.
	u, err := url.Parse(link)
	h.must(err)
	page := h.call("GET", u.RequestURI(), nil, "Accept-Language", "de").is(200)
	if text := string(page.body); !strings.Contains(text, "Keine Mail mehr</button>") || strings.Contains(text, "<script") {
		t.Errorf("the page is %s", text)
	}
	if how, err := h.news.Mail(t.Context(), bo.id); err != nil || how != news.MailNamed {
		t.Errorf("a look: %s, %v", how, err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.url+u.RequestURI(), strings.NewReader("List-Unsubscribe=One-Click"))
	h.must(err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	h.must(err)
	_ = res.Body.Close()
	if how, err := h.news.Mail(t.Context(), bo.id); err != nil || how != news.NoMail || res.StatusCode != http.StatusOK {
		t.Errorf("left: %s, %v, %d", how, err, res.StatusCode)
	}
	// It is of this address alone, and not to be guessed.
	h.call("POST", leaveAt+"?token=x", nil).is(404)
	h.call("GET", leaveAt, nil).is(404)
	bo.call("PUT", "/api/v1/me/address/news", AddressNews{"digest"}).is(200)
	h.at(at(21 + 72))
	bo.proves(relay, "b2@example.org")
	relay.Next() // to the old one
	h.call("POST", u.RequestURI(), nil).is(200)
	if how, err := h.news.Mail(t.Context(), bo.id); err != nil || how != news.MailDigest {
		t.Errorf("by the link of before: %s, %v", how, err)
	}
	h.at(at(20 + 96))
	relay.Next() // that the address has changed is news
}

// A mail says that somebody has written, where nobody has looked since: with names only
// where one has chosen them, and never of what is silent, taken back, or a stranger's.
func TestMessagesByMail(t *testing.T) {
	t.Parallel()
	h, relay := newMailingHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	noon := h.atNoon()
	bo.proves(relay, "bo@example.org", "Accept-Language", "de")
	settings := news.AtFirst()
	settings.Digest, settings.Quiet = 18, news.Quiet{Zone: "UTC"}
	h.must(h.news.SetSettings(t.Context(), bo.id, 0, settings))
	bo.follows(ada)
	bo.clears()
	bo.call("PUT", "/api/v1/me/address/news", AddressNews{"digest"}).is(200)
	ada.canTalk(1)
	bo.canTalk(2)
	cy.canTalk(3)
	c, asked := ada.begins(1, bo, 2), cy.begins(3, bo, 2)
	day := 0
	evening := func() {
		h.at(noon.Add(time.Duration(day)*24*time.Hour + 6*time.Hour))
		day++
	}
	morning := func() { h.at(noon.Add(time.Duration(day)*24*time.Hour - time.Hour)) }
	next := func(has string, hasNot ...string) {
		t.Helper()
		evening()
		got := relay.Next()
		for _, not := range append(hasNot, "sealed", c.ID.String()) {
			if strings.Contains(got.Text, not) {
				t.Errorf("%q is in %s", not, got.Text)
			}
		}
		if got.To != "bo@example.org" || !strings.Contains(got.Text, has) || !strings.Contains(got.Text, "/messages") {
			t.Errorf("came %+v", got)
		}
	}
	none := func() {
		t.Helper()
		evening()
		relay.None(1200 * time.Millisecond)
	}
	seen := func(c Conversation) { bo.call("PUT", talksPath+"/"+c.ID.String()+"/seen", nil).is(204) }

	h.at(noon.Add(time.Minute))
	ada.writes(c, 1, "sealed").is(201)
	ada.writes(c, 1, "sealed").is(201)
	cy.writes(asked, 3, "sealed").is(201)
	next("Jemand hat dir geschrieben.", "Ada", "Cy", "/activity", "Unterhaltungen")
	none() // it was told
	morning()
	ada.writes(c, 1, "sealed").is(201)
	seen(c)
	none()
	bo.call("PUT", "/api/v1/me/address/news", AddressNews{"named"}).is(200)
	morning()
	ada.writes(c, 1, "sealed").is(201)
	next("Ada hat dir geschrieben", "Cy")
	// Who writes on after a mail is in the next, though nobody has looked.
	h.at(h.clock().Add(time.Minute))
	ada.writes(c, 1, "sealed").is(201)
	next("Ada hat dir geschrieben")
	// Of what is silent, or became so, nothing.
	morning()
	seen(c)
	ada.writes(c, 1, "sealed").is(201)
	bo.silences(c, true)
	ada.writes(c, 1, "sealed").is(201)
	none()
	bo.silences(c, false)
	// Of what was taken back neither.
	morning()
	for _, g := range []*guest{ada, bo} {
		g.call("PUT", talksPath+"/"+c.ID.String()+"/read", ReadUpTo{key(map[*guest]byte{ada: 1, bo: 2}[g]), 1000}).is(204)
	}
	var wrote ItemNumber
	ada.writes(c, 1, "sealed").is(201).into(&wrote)
	ada.takesBack(c, 1, wrote.Seq).is(200)
	none()
	// Of strangers only where one wants to be told of them.
	settings.Ways[news.MessageAsked] = news.Pushed
	h.must(h.news.SetSettings(t.Context(), bo.id, 1, settings))
	morning()
	cy.writes(asked, 3, "sealed").is(201)
	next("Cy möchte dir schreiben", "Ada")
	// Nothing is kept of messages for whom there is no mail, nor a browser that is pushed to.
	bo.call("PUT", "/api/v1/me/address/news", AddressNews{"off"}).is(200)
	seen(c)
	morning()
	keeps := func() bool {
		t.Helper()
		h.at(h.clock().Add(time.Minute))
		ada.writes(c, 1, "sealed").is(201)
		stored := bo.call("GET", "/api/v1/me/stored", nil).is(200)
		return strings.Contains(string(stored.body), `"at":"`+h.clock().UTC().Format(time.RFC3339)+`"`)
	}
	if keeps() {
		t.Error("a piece is kept for whom there is no mail")
	}
	bo.call("PUT", "/api/v1/me/address/news", AddressNews{"named"}).is(200)
	if !keeps() {
		t.Error("no piece is kept for whom there is mail")
	}
}

// Whatever is done to an account its owner is told, in the app and by mail.
func TestAlerts(t *testing.T) {
	t.Parallel()
	h, relay := newMailingHouse(t)
	ada := h.first("Ada")
	ada.proves(relay, "ada@example.org")
	ada.only("security_address")
	ada.clears()
	code, err := h.people.NewRecovery(t.Context(), ada.id)
	h.must(err)
	h.call("POST", "/api/v1/signin/recovery", RecoveryCode{code}).is(200)
	if got := relay.Next(); got.To != "ada@example.org" || !strings.Contains(got.Text, "recovery code") || !strings.Contains(got.Text, h.api.URL.String()+"/settings") {
		t.Errorf("came %+v", got)
	}
	ada.only("security_recovered")
	ada.clears()
	ada.withPasskey()
	if got := relay.Next(); !strings.Contains(got.Text, "one more passkey") || got.Header.Get("List-Unsubscribe") != "" {
		t.Errorf("came %+v", got)
	}
	ada.only("security_passkey")
	h.call("POST", "/api/v1/signin/recovery", RecoveryCode{"x"}).problem("sign_in_failed")
	relay.None(100 * time.Millisecond)
}
