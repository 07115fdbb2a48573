package api

import (
	"archive/zip"
	"bytes"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/lite"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/people/peopletest"
	"github.com/stoa-audio/stoa/internal/picture"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/store/sqlite"
)

const profilePath, picturePath = "/api/v1/me/profile", "/api/v1/me/picture"

func written(name, handle string) NewProfile {
	return NewProfile{Name: name, Handle: handle, Links: []Link{}, Languages: []string{}, Interests: []string{}}
}

// tag returns the version of the guest's profile.
func (g *guest) tag() string {
	g.Helper()
	return g.call("GET", profilePath, nil).is(200).header.Get("ETag")
}

func (g *guest) write(n NewProfile) answered {
	g.Helper()
	return g.call("PUT", profilePath, n, "If-Match", g.tag())
}

func TestProfile(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	n := written("Ada L.", "@Ada_L")
	n.Bio, n.Pronouns = "first\nsecond", "she/her"
	n.Links, n.Languages = []Link{{"https://stoa.example/a", "A page"}}, []string{"DE-at", "en"}
	first := ada.tag()
	ada.call("PUT", profilePath, n).problem("no_version")
	var mine OwnProfile
	res := ada.call("PUT", profilePath, n, "If-Match", first).is(200).into(&mine)
	if mine.Handle != "ada_l" || mine.Languages[0] != "de-AT" || res.header.Get("ETag") == first || mine.InvitedBy != nil {
		t.Errorf("I wrote %+v, %s", mine, res.header.Get("ETag"))
	}
	for _, tag := range []string{first, "W/" + ada.tag(), "*", `"x"`} {
		ada.call("PUT", profilePath, written("Eve", ""), "If-Match", tag).problem("changed_meanwhile")
	}
	var me Me
	ada.call("GET", "/api/v1/me", nil).is(200).into(&me)
	if me.Name != "Ada L." || me.Handle != "ada_l" {
		t.Errorf("I am %+v", me)
	}

	// Handles are folded, and each is one person's.
	for _, other := range []string{"ada_l", "ADA_L", "@Ada_l"} {
		if res := bo.write(written("Bo", other)).problem("handle_taken"); !strings.Contains(string(res.body), `"location":"body.handle"`) {
			t.Errorf("%s does not say where", res.body)
		}
	}
	var by, byHandle Profile
	bo.call("GET", "/api/v1/people/"+ada.id.String(), nil).is(200).into(&by)
	a := bo.call("GET", "/api/v1/handles/@ADA_L", nil).is(200).into(&byHandle)
	if by.Name != "Ada L." || by.Bio != n.Bio || by.Links[0] != n.Links[0] || by.Handle != "ada_l" || !strings.Contains(string(a.body), ada.id.String()) {
		t.Errorf("she is %+v", by)
	}
	bo.call("GET", "/api/v1/handles/nobody_here", nil).problem("no_person")

	// Who invited somebody is theirs to show, and gone with the inviter.
	look := func() (p Profile) {
		ada.call("GET", "/api/v1/people/"+bo.id.String(), nil).is(200).into(&p)
		return p
	}
	if look().InvitedBy != nil {
		t.Error("the inviter is shown")
	}
	shown := written("Bo", "")
	shown.ShowInviter = true
	bo.write(shown).is(200)
	if by := look().InvitedBy; by == nil || by.ID != ada.id || by.Name != "Ada L." {
		t.Errorf("invited by %+v", by)
	}
}

// TestProfileFaults has all that is wrong at once, in two languages, and none of
// the rest is kept.
func TestProfileFaults(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	n := NewProfile{
		Name: "", Handle: "admin", Pronouns: strings.Repeat("x", 31), Bio: strings.Repeat("a\n", 9) + "b",
		Links: []Link{{"http://stoa.example", ""}, {"https://ok.example", "a\nb"}}, Languages: []string{"en", "EN", "nonsense"}, Interests: []string{"music"},
	}
	want := []string{"body.name", "body.handle", "body.pronouns", "body.bio", "body.links[0].url", "body.links[1].text", "body.languages[1]", "body.languages[2]"}
	before := ada.tag()
	texts := make(map[string]bool)
	for _, language := range []string{"en", "de"} {
		var p Problem
		ada.call("PUT", profilePath, n, "If-Match", before, "Accept-Language", language).problem("invalid").into(&p)
		if len(p.Errors) != len(want) {
			t.Fatalf("%+v", p.Errors)
		}
		for i, e := range p.Errors {
			if e.Location != want[i] || e.Message == "" || texts[e.Message] {
				t.Errorf("%s: %+v, want %s", language, e, want[i])
			}
		}
		texts[p.Errors[0].Message], texts[p.Errors[1].Message] = true, true
	}
	if ada.tag() != before {
		t.Error("something was kept")
	}
}

// drawn returns a picture of its own colours, as PNG.
func drawn(t *testing.T, seed uint8) string {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 80, 90))
	for i := range m.Pix {
		m.Pix[i] = uint8(i)*seed | 3
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPicture(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	at := "/api/v1/people/" + ada.id.String() + "/picture/"
	bo.call("GET", at+"small", nil).problem("no_such_thing")
	bo.call("GET", "/api/v1/people/"+id.New[id.Person]().String()+"/picture/small", nil).problem("no_such_thing")

	// What it says of itself does not count, in either way.
	var first, second Pictured
	ada.call("PUT", picturePath, drawn(t, 1), "Content-Type", "text/html").is(200).into(&first)
	for _, kind := range []string{"image/png", "image/jpeg"} {
		ada.call("PUT", picturePath, "<!doctype html><script>alert(1)</script>", "Content-Type", kind).problem("not_a_picture")
		ada.call("PUT", picturePath, "\x89PNG\r\n\x1a\n and nothing more", "Content-Type", kind).problem("not_a_picture")
	}
	ada.call("PUT", picturePath, strings.Repeat("x", picture.UploadMax+1), "Content-Type", "image/png").problem("too_large")
	ada.call("PUT", picturePath, drawn(t, 2), "Content-Type", "image/png").is(200).into(&second)
	if len(second.Picture) != 16 || first == second {
		t.Errorf("versions %q and %q", first, second)
	}
	var p Profile
	bo.call("GET", "/api/v1/people/"+ada.id.String(), nil).is(200).into(&p)
	if p.Picture != second.Picture {
		t.Errorf("she has %q", p.Picture)
	}
	for query, cache := range map[string]string{
		"": "no-cache", "?v=" + first.Picture: "no-cache", "?v=" + second.Picture: "private, max-age=31536000, immutable",
	} {
		for _, size := range []string{"small", "large"} {
			res := bo.call("GET", at+size+query, nil).is(200)
			_, kind, err := image.Decode(bytes.NewReader(res.body))
			if err != nil || kind != "jpeg" || res.header.Get("Content-Type") != "image/jpeg" || res.header.Get("Cache-Control") != cache ||
				res.header.Get("X-Content-Type-Options") != "nosniff" || res.header.Get("Content-Security-Policy") != "default-src 'none'" {
				t.Errorf("%s%s: %v %v", size, query, err, res.header)
			}
		}
	}

	// It is beside the name in rooms and on cards.
	name := ada.open("open")
	l := ada.sit(name)
	defer func() { _ = l.ws.CloseNow() }()
	var c Card
	bo.call("GET", "/api/v1/rooms/"+name.String(), nil).is(200).into(&c)
	if c.Stage[0].Picture != second.Picture {
		t.Errorf("the card has %+v", c.Stage)
	}
	h.rooms.Read(name, func(r *room.Room) {
		if got := r.Participant(ada.id).Picture; got != second.Picture {
			t.Errorf("the room has %q", got)
		}
	})
	m := bo.enter(bo.live(), name)
	if got := m.Entered.View.People[0].Picture; got != second.Picture {
		t.Errorf("the view has %q", got)
	}

	ada.call("DELETE", picturePath, nil).is(204)
	bo.call("GET", at+"small", nil).problem("no_such_thing")
}

func TestStoredAndExport(t *testing.T) {
	t.Parallel()
	h, service := newPushingHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	bo.withPasskey()
	n := written("Bo Canary", "bo_canary")
	n.Bio = "a canary of a bio"
	bo.write(n).is(200)
	bo.call("PUT", picturePath, drawn(t, 3), "Content-Type", "image/png").is(200)
	bo.call("PUT", "/api/v1/people/"+ada.id.String()+"/follow", nil).is(204)
	ada.call("PUT", "/api/v1/people/"+bo.id.String()+"/follow", nil).is(204)
	bo.sit(bo.open("open"))
	bo.call("DELETE", "/api/v1/me/suggestions/"+ada.id.String(), nil).is(204)
	bo.blocks(ada, "mute")
	bo.takesPart()
	ada.canTalk(1)
	bo.canTalk(2)
	bo.writes(bo.begins(2, ada, 1), 2, "sealed").is(201)
	club, _ := bo.found()
	bo.call("PUT", club+"/follow", nil).is(204)
	bo.plan(nil)
	bo.call("GET", "/api/v1/me/calendar", nil).is(200)
	bo.subscribes(service, "/bo")
	var told ToldNow
	asked := bo.call("GET", "/api/v1/me/news/settings", nil).is(200).into(&told)
	bo.call("PUT", "/api/v1/me/news/settings", told.NewsSettings, "If-Match", asked.header.Get("ETag")).is(200)
	bo.judges().complains(Thing{Person: ada.id.String()}, "a canary of a report").is(201)
	ada.complains(Thing{Person: bo.id.String()}, "x").is(201)
	ada.invite("Cy").judges().decides(bo.id, "warning", 0).is(201)
	_, code, _, err := h.people.ProveAddress(bo.id, "bo@example.org", false)
	h.must(err)
	h.must(h.people.VerifyAddress(t.Context(), bo.id, code))
	var s Stored
	bo.call("GET", "/api/v1/me/stored", nil).is(200).into(&s)
	if len(s.Classes) != len(people.Classes) {
		t.Fatalf("%d classes", len(s.Classes))
	}
	for i, c := range s.Classes {
		empty := c.Class == people.ClassBackups || c.Class == people.ClassReports
		if c.Class != people.Classes[i].Class || c.Keeps == "" || (c.Rows == 0) != empty || (c.Bytes == 0) != empty || len(c.More) != c.Rows {
			t.Errorf("%+v", c)
		}
	}

	res := bo.call("GET", "/api/v1/me/export", nil).is(200)
	if res.header.Get("Content-Type") != "application/zip" {
		t.Errorf("it is %v", res.header)
	}
	z, err := zip.NewReader(bytes.NewReader(res.body), int64(len(res.body)))
	h.must(err)
	files := make(map[string][]byte)
	for _, f := range z.File {
		r, err := f.Open()
		h.must(err)
		files[f.Name], err = io.ReadAll(r)
		h.must(err)
	}
	var all map[people.Class]StoredClass
	h.must(json.Unmarshal(files["stoa.json"], &all))
	for _, c := range people.Classes {
		if all[c.Class].Class != c.Class {
			t.Errorf("%s is not exported", c.Class)
		}
	}
	for _, canary := range []string{n.Name, n.Handle, n.Bio, "a canary of a report", ada.id.String()} {
		if !bytes.Contains(files["stoa.json"], []byte(canary)) {
			t.Errorf("%s is not exported", canary)
		}
	}
	if _, kind, err := image.Decode(bytes.NewReader(files["picture.jpg"])); err != nil || kind != "jpeg" {
		t.Errorf("the picture is %s, %v", kind, err)
	}
	h.call("GET", "/api/v1/me/export", nil).problem("not_signed_in")
}

// TestErase erases somebody, and looks for them in a backup from before.
// storedOf reports whether words are in what is stored of a room.
func (h *testHouse) storedOf(name id.Room, words string) bool {
	h.Helper()
	records, err := h.store.Own(h.Context())
	h.must(err)
	for _, r := range records {
		if r.Name != name {
			continue
		}
		text := r.Snapshot
		for _, e := range r.Events {
			text = append(text, room.MarshalEvent(e)...)
		}
		return bytes.Contains(text, []byte(words))
	}
	h.Fatal("no such room")
	return false
}

// TestStoredOfRooms does things in a room, and leaves it: one is told of each.
func TestStoredOfRooms(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	name := ada.open("open")
	a := ada.sit(name)
	b := bo.sit(name)
	b.done("raise_hand", None{})
	events := func(g *guest) (all []string, title bool) {
		t.Helper()
		var s Stored
		g.call("GET", "/api/v1/me/stored", nil).is(200).into(&s)
		for _, c := range s.Classes {
			if c.Class != people.ClassRooms {
				continue
			}
			for _, row := range c.More {
				if kind, is := row["event"].(string); is {
					all = append(all, kind)
				}
				title = title || row["title"] != nil
			}
		}
		return all, title
	}
	if got, title := events(bo); fmt.Sprint(got) != "[entered hand_raised]" || !title {
		t.Errorf("inside they are told %v, %v", got, title)
	}
	b.done("leave", None{})
	if got, title := events(bo); fmt.Sprint(got) != "[entered hand_raised left]" || title {
		t.Errorf("outside they are told %v, %v", got, title)
	}
	if got, _ := events(cy); len(got) > 0 {
		t.Errorf("who was never there is told %v", got)
	}
	a.done("end", None{})
	if got, _ := events(bo); len(got) > 0 {
		t.Errorf("of a room that is over there is still %v", got)
	}
}

func TestErase(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo Canary"), ada.invite("Cy")
	n := written("Bo Canary", "bo_canary")
	n.Bio = "a canary of a bio"
	bo.write(n).is(200)
	bo.call("PUT", picturePath, drawn(t, 3), "Content-Type", "image/png").is(200)
	jpeg := bo.call("GET", "/api/v1/people/"+bo.id.String()+"/picture/large", nil).is(200).body

	backup := filepath.Join(t.TempDir(), "backup.db")
	db, err := sql.Open("sqlite", "file:"+h.records)
	h.must(err)
	_, err = db.ExecContext(t.Context(), "VACUUM INTO ?", backup)
	h.must(err)
	h.must(db.Close())

	// Who holds another's passkey or code, or none, erases nobody.
	device := &peopletest.Authenticator{Origin: h.url, RPID: "localhost"}
	theirs := &peopletest.Authenticator{Origin: h.url, RPID: "localhost"}
	var c Ceremony
	for g, d := range map[*guest]*peopletest.Authenticator{bo: device, cy: theirs} {
		g.call("POST", "/api/v1/me/passkeys/begin", None{}).is(200).into(&c)
		credential, err := d.Create(c.Options)
		h.must(err)
		g.call("POST", "/api/v1/me/passkeys/finish", Finish{c.Ceremony.String(), credential}).is(200)
	}
	prove := func(d *peopletest.Authenticator) Erase {
		t.Helper()
		bo.call("POST", "/api/v1/me/erase/begin", None{}).is(200).into(&c)
		credential, err := d.Get(c.Options)
		h.must(err)
		return Erase{Ceremony: c.Ceremony.String(), Credential: credential}
	}
	var code NewRecovery
	cy.call("POST", "/api/v1/me/recovery", None{}).is(200).into(&code)
	bo.call("POST", "/api/v1/me/erase", prove(theirs)).problem("sign_in_failed")
	bo.call("POST", "/api/v1/me/erase", Erase{RecoveryCode: code.RecoveryCode}).problem("sign_in_failed")
	bo.call("POST", "/api/v1/me/erase", Erase{}).problem("no_ceremony")
	cy.call("POST", "/api/v1/me/erase", prove(device)).problem("no_ceremony")

	name := ada.open("open")
	ada.sit(name)
	l := bo.sit(name)
	res := bo.call("POST", "/api/v1/me/erase", prove(device)).is(204)
	if cookie := cookieOf(res); cookie.MaxAge >= 0 {
		t.Errorf("the cookie is still there: %v", cookie)
	}
	bo.call("GET", "/api/v1/me", nil).problem("not_signed_in")
	ada.call("GET", "/api/v1/people/"+bo.id.String(), nil).problem("no_person")
	ada.call("GET", "/api/v1/handles/bo_canary", nil).problem("no_person")
	h.rooms.Read(name, func(r *room.Room) {
		if r.Participant(bo.id) != nil {
			t.Error("still in the room")
		}
	})
	l.closed(1000)
	for late := time.Now().Add(10 * time.Second); h.storedOf(name, "Bo Canary"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatal("their name is still stored in a room")
		}
	}
	if !h.storedOf(name, "Ada") {
		t.Error("nothing is stored of the others")
	}

	// The backup has nothing of them that can be read.
	text, err := os.ReadFile(backup)
	h.must(err)
	for _, canary := range [][]byte{[]byte("Canary"), []byte("canary"), jpeg[100:160]} {
		if bytes.Contains(text, canary) {
			t.Errorf("the backup has %q", canary)
		}
	}
	s, err := sqlite.Open(t.Context(), backup)
	h.must(err)
	defer func() { h.must(s.Close()) }()
	if _, err := s.Account(t.Context(), bo.id); err != nil {
		t.Fatalf("they are not in the backup, so the test finds nothing: %v", err)
	}
	p, err := people.New(s, people.Config{URL: h.api.URL, House: "Test", Keys: h.keys, HandleKey: []byte("another key for tests"), Index: h.names, Clock: time.Now})
	h.must(err)
	seen, err := p.Account(t.Context(), bo.id)
	if err != nil || seen.Name != "…" || seen.Handle != "" {
		t.Errorf("from the backup: %+v, %v", seen, err)
	}
	if seen, err := p.Account(t.Context(), ada.id); err != nil || seen.Name != "Ada" {
		t.Errorf("the others: %+v, %v", seen, err)
	}
	// And whoever starts with it deletes them again.
	settled, err := p.Settle(t.Context())
	if err != nil || settled.Purged != 1 {
		t.Errorf("settled: %+v, %v", settled, err)
	}
	if _, err := p.Account(t.Context(), bo.id); err == nil {
		t.Error("they are back")
	}
}

// TestEraseIsFinished stops between the steps of an erasure, and starts again.
func TestEraseIsFinished(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	for step, stop := range map[string]func(who id.Person){
		"marked":  func(who id.Person) { h.must(h.keys.Doom(t.Context(), who)) },
		"deleted": func(who id.Person) { h.must(h.keys.Doom(t.Context(), who)); h.must(h.store.Erase(t.Context(), who)) },
	} {
		bo := ada.invite("Bo")
		stop(bo.id)
		settled, err := h.people.Settle(t.Context())
		if err != nil || settled != (people.Settled{Finished: 1}) {
			t.Errorf("%s: %+v, %v", step, settled, err)
		}
		if _, err := h.people.Account(t.Context(), bo.id); err == nil {
			t.Errorf("%s: still there", step)
		}
		if _, err := h.keys.Key(t.Context(), bo.id); err == nil {
			t.Errorf("%s: the key is still there", step)
		}
	}
	// Who has no key is not erased by that.
	bo := ada.invite("Bo")
	h.must(h.keys.Drop(t.Context(), bo.id))
	settled, err := h.people.Settle(t.Context())
	if err != nil || settled != (people.Settled{Unreadable: 1}) {
		t.Errorf("%+v, %v", settled, err)
	}
}

// TestHarvest asks for very many people: whether they are there cannot be told any
// more after a while.
func TestHarvest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	ada.call("PUT", "/api/v1/people/"+cy.id.String()+"/follow", nil).is(204)
	now := time.Now()
	h.at(now)
	asked := 10_000
	if testing.Short() {
		asked = 1000
	}
	found := 0
	var refused string
	for i := range asked {
		if i%100 == 0 { // so that the limit for all reading is not what stops it
			now = now.Add(10 * time.Second)
			h.at(now)
		}
		who := id.New[id.Person]()
		if i%10 == 0 {
			who = bo.id
		}
		a := ada.call("GET", "/api/v1/people/"+who.String(), nil)
		switch {
		case a.status != 429:
			if found++; a.status != 200 && a.status != 404 {
				t.Fatalf("%d %s", a.status, a.body)
			}
		case refused == "":
			refused = string(a.body)
		case refused != string(a.body):
			t.Fatalf("%s is told from %s", a.body, refused)
		}
	}
	if most := 300 + asked/100; found > most || refused == "" {
		t.Errorf("%d of %d answers, at most %d", found, asked, most)
	}
	ada.call("GET", "/api/v1/handles/bo", nil).problem("too_many")
	ada.call("GET", "/api/v1/people/"+cy.id.String(), nil).is(200) // whom she follows
	ada.call("GET", "/api/v1/people/"+ada.id.String(), nil).is(200)
}

// Of somebody with very many followers so many are counted at each look, and no more;
// that there are more is said.
func TestFollowersAreCounted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	db, err := lite.Connect(h.records, 1)
	h.must(err)
	defer func() { h.must(db.Close()) }()
	follow := func(from, to int) { // strangers, at once
		t.Helper()
		tx, err := db.BeginTx(t.Context(), nil)
		h.must(err)
		for n := from; n < to; n++ {
			var who id.Person
			binary.BigEndian.PutUint32(who[:], uint32(n+1)) //nolint:gosec // small
			_, err := tx.ExecContext(t.Context(), "INSERT INTO people (id, created) VALUES ($1, 0)", who[:])
			h.must(err)
			_, err = tx.ExecContext(t.Context(), "INSERT INTO follows (who, whom, since) VALUES ($1, $2, 0)", who[:], ada.id[:])
			h.must(err)
		}
		h.must(tx.Commit())
	}
	look := func() (p Profile) {
		t.Helper()
		bo.call("GET", "/api/v1/people/"+ada.id.String(), nil).is(200).into(&p)
		return p
	}
	before := look().Followers // who was invited may follow already
	follow(0, people.CountMax-before)
	if p := look(); p.Followers != people.CountMax || p.More {
		t.Errorf("%d followers, more: %v", p.Followers, p.More)
	}
	follow(people.CountMax, people.CountMax+500)
	if p := look(); p.Followers != people.CountMax || !p.More {
		t.Errorf("%d followers, more: %v", p.Followers, p.More)
	}
}
