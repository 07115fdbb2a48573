package api

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/push/pushtest"
)

// newPushingHouse returns a house that pushes by a service on this machine.
func newPushingHouse(t *testing.T) (*testHouse, *pushtest.Service) {
	t.Helper()
	s := pushtest.NewService(t)
	return newHouseWith(t, "http", webApp, change{parts: func(_ *testHouse, p *Parts) { p.Pusher = s.Sender }}), s
}

// subscribes has the browser of g pushed to at a path of a service.
func (g *guest) subscribes(s *pushtest.Service, path string) *pushtest.Browser {
	g.Helper()
	b, text := pushtest.NewBrowser(g.TB), base64.RawURLEncoding
	to := b.Subscribe(s.At(path))
	g.call("PUT", "/api/v1/me/push", Subscription{to.Endpoint, text.EncodeToString(to.Key[:]), text.EncodeToString(to.Secret[:])}).is(204)
	return b
}

// atNoon stops the clock of the house at noon.
func (h *testHouse) atNoon() time.Time {
	noon := time.Now().UTC().Truncate(24 * time.Hour).Add(36 * time.Hour)
	h.at(noon)
	return noon
}

func TestPush(t *testing.T) {
	t.Parallel()
	h, s := newPushingHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	browser := bo.subscribes(s, "/bo")
	var now ToldNow
	bo.call("GET", "/api/v1/me/news/settings", nil).is(200).into(&now)
	if now.Push == nil || now.Push.Key != s.Sender.PublicKey() || !now.Push.Here || now.Push.Devices != 1 {
		t.Errorf("pushed to %+v", now.Push)
	}
	// What is stored names no service.
	devices, err := h.store.Devices(t.Context(), bo.id)
	if err != nil || len(devices) != 1 || strings.Contains(string(devices[0].Sealed), "localhost") {
		t.Errorf("%+v, %v", devices, err)
	}
	noon := h.atNoon()
	bo.followsAs(ada, "always")
	name := ada.open("open")
	got := s.Next()
	s.Verify(got)
	var text struct{ Kind, Who, Room, Path, Tag string }
	h.must(json.Unmarshal([]byte(browser.Open(got.Body)), &text))
	if text.Kind != "live" || text.Who != "Ada" || text.Room != "Tea" || text.Path != "/r/"+name.String() || got.Header.Get("Urgency") != "normal" || got.Header.Get("Ttl") != "1800" {
		t.Errorf("pushed %+v, %v", text, got.Header)
	}
	for header := range got.Header {
		switch header {
		case "Authorization", "Content-Encoding", "Content-Type", "Content-Length", "Ttl", "Urgency", "User-Agent", "Accept-Encoding":
		default:
			t.Errorf("the service is told %s: %s", header, got.Header.Get(header))
		}
	}
	// All messages are of one length, and are pushed once.
	length := len(got.Body)
	p := ada.plan(func(n *NewPlan) { n.Starts, n.Cohosts = noon.Add(time.Hour), []string{bo.id.String()} })
	if got = s.Next(); len(got.Body) != length || !strings.Contains(browser.Open(got.Body), `"path":"/plan/`+p.ID.String()) {
		t.Errorf("%d bytes, and before %d", len(got.Body), length)
	}
	s.None(1200 * time.Millisecond)

	// Who is here is told here, and by the digest if they do not look.
	here := bo.live()
	here.done("watch_hallway", None{})
	ada.open("open")
	here.piece(news.Live)
	s.None(1200 * time.Millisecond)
	h.at(noon.Add(6 * time.Hour)) // 18:00, when it is due
	if got = s.Next(); len(got.Body) != length || !strings.Contains(browser.Open(got.Body), `"lang":"en","kind":"digest","names":["Ada"],"count":1,"path":"/activity"`) {
		t.Errorf("pushed %s", browser.Open(got.Body))
	}
	s.None(1200 * time.Millisecond)

	// The browser goes with the session in it.
	bo.call("POST", "/api/v1/signout", None{}).is(204)
	if devices, err := h.store.Devices(t.Context(), bo.id); err != nil || len(devices) != 0 {
		t.Errorf("still there: %v, %v", devices, err)
	}
}

// Whoever is written to is told once, until they have looked, and nobody who may not
// know of it. What was written is in no push: the house cannot read it.
func TestPushOfMessages(t *testing.T) {
	t.Parallel()
	h, s := newPushingHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	ada.canTalk(1)
	bo.canTalk(2)
	bo.follows(ada)
	browser := bo.subscribes(s, "/bo")
	noon := h.atNoon()
	c := ada.begins(1, bo, 2)
	s.None(1200 * time.Millisecond) // there is nothing to read yet
	pushed := func() {
		t.Helper()
		got := s.Next()
		text := browser.Open(got.Body)
		if !strings.Contains(text, `"kind":"message","who":"Ada"`) || !strings.Contains(text, `"path":"/messages/`+c.ID.String()) || got.Header.Get("Urgency") != "normal" {
			t.Errorf("pushed %s, %v", text, got.Header)
		}
	}
	seen := talksPath + "/" + c.ID.String() + "/seen"
	ada.writes(c, 1, "one").is(201)
	pushed()
	ada.writes(c, 1, "two").is(201)
	s.None(1200 * time.Millisecond)
	bo.call("PUT", seen, nil).is(204)
	ada.writes(c, 1, "three").is(201)
	pushed()
	// It is no piece of the list of what is new.
	if list := bo.told(); len(list.News) != 0 || list.Unseen != 0 {
		t.Errorf("Bo's list has %+v", list)
	}

	// Of what is silent nothing is pushed.
	bo.silences(c, true)
	bo.call("PUT", seen, nil).is(204)
	ada.writes(c, 1, "into silence").is(201)
	s.None(1200 * time.Millisecond)
	bo.silences(c, false)
	ada.writes(c, 1, "and again").is(201)
	pushed()

	// Who is here has half a minute to look.
	line := bo.live()
	line.done("watch_hallway", None{})
	for _, looks := range []bool{true, false} {
		bo.call("PUT", seen, nil).is(204)
		ada.writes(c, 1, "four").is(201)
		s.None(1200 * time.Millisecond)
		if looks {
			bo.call("PUT", seen, nil).is(204)
		}
		noon = noon.Add(31 * time.Second)
		h.at(noon)
		if looks {
			s.None(1200 * time.Millisecond)
		} else {
			pushed()
		}
	}
	// Nor is what waited already when it became silent.
	bo.call("PUT", seen, nil).is(204)
	ada.writes(c, 1, "just before").is(201)
	bo.silences(c, true)
	noon = noon.Add(31 * time.Second)
	h.at(noon)
	s.None(1200 * time.Millisecond)
	bo.silences(c, false)
	// Nor of what was taken back before it is pushed; that was the only one.
	bo.call("PUT", seen, nil).is(204)
	ada.call("PUT", talksPath+"/"+c.ID.String()+"/read", ReadUpTo{key(1), 100}).is(204)
	bo.call("PUT", talksPath+"/"+c.ID.String()+"/read", ReadUpTo{key(2), 100}).is(204)
	var wrote ItemNumber
	ada.writes(c, 1, "too soon").is(201).into(&wrote)
	ada.takesBack(c, 1, wrote.Seq).is(200)
	noon = noon.Add(31 * time.Second)
	h.at(noon)
	s.None(1200 * time.Millisecond)
	// Who has blocked Ada since is not told of what she writes.
	bo.call("PUT", seen, nil).is(204)
	bo.blocks(ada, "block")
	ada.writes(c, 1, "five").is(201)
	h.at(noon.Add(31 * time.Second))
	s.None(1200 * time.Millisecond)
	// A conversation that there is not is seen without a word.
	bo.call("PUT", talksPath+"/"+id.New[id.Conversation]().String()+"/seen", nil).is(204)
	bo.call("PUT", talksPath+"/nonsense/seen", nil).problem("no_conversation")
}

func TestPushAnswers(t *testing.T) {
	t.Parallel()
	h, s := newPushingHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	browser := bo.subscribes(s, "/bo")
	bo.followsAs(ada, "always")
	noon := h.atNoon()
	devices := func() []news.SealedDevice {
		t.Helper()
		list, err := h.store.Devices(t.Context(), bo.id)
		h.must(err)
		return list
	}

	// A busy one is asked again when it wants to be, and not before.
	s.Answer("/bo", 429, "120")
	name := ada.open("open")
	s.Next()
	for late := time.Now().Add(10 * time.Second); devices()[0].Busy.IsZero(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatal("it is not noted that the service is busy")
		}
	}
	s.Answer("/bo", 201, "")
	h.at(noon.Add(110 * time.Second))
	s.None(1500 * time.Millisecond)
	h.at(noon.Add(121 * time.Second))
	if got := s.Next(); !strings.Contains(browser.Open(got.Body), `"path":"/r/`+name.String()) {
		t.Errorf("pushed %s", browser.Open(got.Body))
	}

	// One that is busy for longer than the news is worth has it in the digest.
	ada.sit(name).done("end", None{})
	s.Answer("/bo", 503, "3600")
	ada.open("open")
	s.Next()
	s.None(1200 * time.Millisecond)
	s.Answer("/bo", 201, "")
	h.at(noon.Add(6*time.Hour + time.Minute))
	if got := s.Next(); !strings.Contains(browser.Open(got.Body), `"kind":"digest"`) {
		t.Errorf("pushed %s", browser.Open(got.Body))
	}

	// One that is gone is forgotten, and the other is told.
	_, token, err := h.people.SignIn(t.Context(), bo.id)
	h.must(err)
	other := &guest{h, bo.id, "Bo", token}
	second := other.subscribes(s, "/other")
	s.Answer("/bo", 410, "")
	ada.open("open")
	for range 2 {
		if got := s.Next(); got.Path == "/other" {
			second.Open(got.Body)
		}
	}
	for late := time.Now().Add(10 * time.Second); len(devices()) != 1; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("there are %d", len(devices()))
		}
	}
	other.call("DELETE", "/api/v1/me/push", nil).is(204)
	if len(devices()) != 0 {
		t.Error("who is not to be pushed to is")
	}
	if log := h.log.String(); strings.Contains(log, "localhost") {
		t.Errorf("the log says %s", log)
	}
	bo.call("PUT", "/api/v1/me/push", Subscription{"http://push.example/x", "", ""}).problem("invalid")
}

// Whose browser changes where it is pushed to is told in the language that they were
// told in.
func TestPushKeepsLanguage(t *testing.T) {
	t.Parallel()
	h, s := newPushingHouse(t)
	ada := h.first("Ada")
	to, text := pushtest.NewBrowser(t).Subscribe(s.At("/ada")), base64.RawURLEncoding
	body := Subscription{to.Endpoint, text.EncodeToString(to.Key[:]), text.EncodeToString(to.Secret[:])}
	for _, c := range []struct{ asks, want string }{{"*", "en"}, {"de", "de"}, {"*", "de"}, {"en", "en"}} {
		ada.call("PUT", "/api/v1/me/push", body, "Accept-Language", c.asks).is(204)
		devices, err := h.api.News.Devices(t.Context(), ada.id)
		if err != nil || len(devices) != 1 || devices[0].Language != c.want {
			t.Errorf("%q: told in %+v, want %q, %v", c.asks, devices, c.want, err)
		}
	}
}

// The longest that there can be is pushed.
func TestLongestPush(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("𝔘", n) }
	who := people.NameMax
	text := textOf(pushed{
		Kind: news.PlanCancelled, Who: long(who), Room: long(120), Club: long(60), Plan: long(120), Starts: time.Now(),
		Names: []string{long(who)}, Path: "/plan/" + id.New[id.Plan]().String(), Tag: "plan " + id.New[id.Plan]().String(), Count: 200,
	})
	if len(text) > 2000 || strings.Contains(string(textOf(pushed{Who: "<&>"})), `\u`) {
		t.Errorf("%d bytes", len(text))
	}
}
