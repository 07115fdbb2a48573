package api

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
)

// fill lets people in until the sample is full, and more beyond.
func (h *testHouse) fill(name id.Room, beyond int) {
	h.Helper()
	for n := range room.SampleMax + beyond {
		h.do(name, room.Enter{Who: id.New[id.Person](), Name: fmt.Sprintf("Guest %03d", n), Session: id.New[id.Session]()})
	}
}

// Of a large audience one is counted, found, asked up, seen, and counted again.
func TestCrowd(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	name := ada.open("open")
	stage := ada.sit(name)
	h.fill(name, 20)

	audience := bo.live()
	in := bo.enter(audience, name).Entered
	if in.View.Count != room.SampleMax+22 || len(in.View.People) != room.SampleMax {
		t.Errorf("Bo is shown %d of %d", len(in.View.People), in.View.Count)
	}
	if in.You.Who != bo.id || in.You.Name != "Bo" || in.You.Shown() {
		t.Errorf("Bo is %+v", in.You)
	}
	again := cy.enter(cy.live(), name).Entered // the same scene, but for the numbers
	if again.View.Count != in.View.Count+1 || again.View.Seq != in.View.Seq+1 || len(again.View.People) != len(in.View.People) {
		t.Errorf("Cy is shown %d of %d at %d", len(again.View.People), again.View.Count, again.View.Seq)
	}
	stage.until(func(m message) bool { return m.Crowd != nil && m.Crowd.Count == again.View.Count })
	for _, m := range stage.all {
		if strings.Contains(m.raw, bo.id.String()) {
			t.Errorf("Ada is told of Bo: %s", m.raw)
		}
	}

	var page Audience
	people := "/api/v1/rooms/" + name.String() + "/people"
	ada.call("GET", people+"?q=bO", nil).is(200).into(&page)
	if len(page.People) != 1 || page.People[0].Who != bo.id || page.Next != 0 {
		t.Errorf("found %+v", page)
	}
	stage.done("ask_up", body{"who": page.People[0].Who})
	m := stage.event("asked_up")
	if m.Person == nil || m.Person.Who != bo.id || m.Person.Name != "Bo" || !m.Person.AskedUntil.IsZero() || m.After >= m.Seq-1 {
		t.Errorf("asked up as %s", m.raw)
	}
	audience.event("asked_up")
	audience.done("decline", None{})
	stage.event("ask_over")
	audience.done("raise_hand", None{})
	if m := stage.event("hand_raised"); m.Person == nil {
		t.Errorf("Bo is not seen again: %s", m.raw)
	}
	audience.done("lower_hand", body{"who": bo.id})
	heard := stage.event("hand_lowered").Seq

	// Whom the stage follows is told so, though nobody else is.
	h.must(h.people.Follow(t.Context(), ada.id, bo.id))
	h.rooms.Regroup(t.Context(), ada.id)
	audience.until(func(m message) bool { return m.You != nil && m.You.Followed })
	h.must(h.people.Unfollow(t.Context(), ada.id, bo.id))
	h.rooms.Regroup(t.Context(), ada.id)
	audience.until(func(m message) bool { return m.You != nil && !m.You.Followed })

	// Coming back goes on where one was, across what nobody was told.
	h.fill(name, 0)
	back := bo.live()
	in = bo.enter(back, name, "previous", in.Session, "since", heard).Entered
	if in.View != nil || in.You.Who != bo.id {
		t.Errorf("came back to %+v", in)
	}
	back.until(func(m message) bool { return m.Crowd != nil && m.Crowd.Count == 2*room.SampleMax+23 })
	stage.done("set_hands", body{"policy": "off"})
	if m := back.event("hands_set"); m.After != heard {
		t.Errorf("after %d comes %s", heard, m.raw)
	}
}

// TestSearch walks through the people of a room.
func TestSearch(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	name := ada.open("open")
	ada.sit(name)
	h.fill(name, 35)
	people := "/api/v1/rooms/" + name.String() + "/people"

	seen := make(map[id.Person]bool)
	var page Audience
	for ask := people + "?limit=40&q=guest"; ; ask = fmt.Sprintf("%s?limit=40&q=guest&after=%d", people, page.Next) {
		page = Audience{}
		ada.call("GET", ask, nil).is(200).into(&page)
		for _, p := range page.People {
			if seen[p.Who] {
				t.Errorf("%s comes twice", p.Name)
			}
			seen[p.Who] = true
		}
		if page.Next == 0 {
			break
		}
		if len(page.People) != 40 {
			t.Errorf("%d in one answer", len(page.People))
		}
	}
	if len(seen) != room.SampleMax+35 {
		t.Errorf("%d are found", len(seen))
	}
	page = Audience{}
	if ada.call("GET", people, nil).is(200).into(&page); len(page.People) != 50 || page.People[0].Who != ada.id {
		t.Errorf("%d come first", len(page.People))
	}
	page = Audience{}
	if ada.call("GET", people+"?q=nobody", nil).is(200).into(&page); len(page.People) != 0 || page.Next != 0 {
		t.Errorf("found %+v", page)
	}
	for _, query := range []string{"?limit=0", "?limit=101", "?after=-1", "?after=x", "?q=" + strings.Repeat("x", 61)} {
		ada.call("GET", people+query, nil).problem("bad_request")
	}
	// It is there for those inside alone.
	bo.call("GET", people, nil).problem("no_room")
	h.call("GET", people, nil).problem("not_signed_in")
	ada.call("GET", "/api/v1/rooms/none/people", nil).problem("no_room")
	ada.call("GET", "/api/v1/rooms/"+id.New[id.Room]().String()+"/people", nil).problem("no_room")
}

// TestAThousandHallways has a thousand watch, and a room be opened: all of them are
// told within a second, and what they are told is encoded once (hallwayNotice).
func TestAThousandHallways(t *testing.T) {
	if testing.Short() {
		t.Skip("opens a thousand connections")
	}
	h := newHouse(t)
	ada := h.first("Ada")
	const people, each = 50, 20
	var told atomic.Int64
	for n := range people {
		h.at(h.clock().Add(time.Minute)) // or they would come too often
		g := ada.invite(fmt.Sprintf("Guest %d", n))
		for range each {
			ws, err := h.connect(&websocket.DialOptions{HTTPHeader: http.Header{"Cookie": {g.api.cookie + "=" + g.token}}})
			h.must(err)
			t.Cleanup(func() { _ = ws.CloseNow() })
			h.must(ws.Write(t.Context(), websocket.MessageText, []byte(`{"id":1,"watch_hallway":{}}`)))
			if _, text, err := ws.Read(t.Context()); err != nil || !bytes.Contains(text, []byte(`"done"`)) {
				t.Fatalf("%s, %v", text, err)
			}
			go func() {
				for {
					_, text, err := ws.Read(context.Background())
					if err != nil {
						return
					}
					if bytes.Contains(text, []byte(`"hallway"`)) {
						told.Add(1)
					}
				}
			}()
		}
	}
	best := time.Hour // of three: the machine has other things to do
	for range 3 {
		time.Sleep(4 * hallwayRest) // of what was before all have heard
		told.Store(0)
		began := time.Now()
		ada.open("open")
		for told.Load() < people*each {
			if time.Since(began) > 10*time.Second {
				t.Fatalf("%d of %d were told", told.Load(), people*each)
			}
			time.Sleep(time.Millisecond)
		}
		best = min(best, time.Since(began))
	}
	t.Logf("a thousand were told within %v", best)
	if best > time.Second {
		t.Errorf("a thousand were told after %v", best)
	}
}
