package api

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/stoa-audio/stoa/internal/grant"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
)

func TestTalk(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	name := ada.open("open")

	stage, audience := ada.live(), bo.live()
	in := ada.enter(stage, name).Entered
	if in.Room != name || in.Me != ada.id || in.View == nil || len(in.View.People) != 1 ||
		in.View.People[0].Role != room.Moderator || in.View.Title != "Tea" || in.View.People[0].Away() {
		t.Errorf("Ada sees %+v", in)
	}
	seqBefore := in.View.Seq
	in = bo.enter(audience, name).Entered
	if in.View.Seq == 0 || len(in.View.People) != 2 || in.View.People[1].Name != "Bo" {
		t.Errorf("Bo sees %+v", in)
	}
	stage.event("entered")

	audience.done("raise_hand", None{})
	stage.event("hand_raised")
	stage.done("ask_up", body{"who": bo.id})
	audience.event("asked_up")
	audience.done("step_up", None{})
	audience.done("unmute", None{})
	stage.event("unmuted")
	stage.done("mute", body{"who": bo.id})
	if m := audience.event("muted"); m.Room != name {
		t.Errorf("got %s", m.raw)
	}
	if m := audience.ask("offer", body{"sdp": "v=0"}); m.Answer == nil || m.Answer.SDP != "answer to v=0" {
		t.Errorf("got %s", m.raw)
	}
	stage.done("make_moderator", body{"who": bo.id})
	stage.done("set_hands", body{"policy": "followed"})
	stage.done("let_in", body{"who": id.New[id.Person]()})
	audience.done("lower_hand", body{"who": bo.id})
	audience.done("step_down", None{})
	stage.done("ask_up", body{"who": bo.id})
	audience.event("asked_up")
	audience.done("decline", None{})
	audience.done("leave", None{})
	stage.event("left")
	audience.refused("not_here", "raise_hand", None{})
	bo.enter(audience, name)
	stage.done("end", None{})
	audience.event("ended")
	audience.cut(name, "ended")
	stage.cut(name, "ended")
	audience.done("ping", None{})

	// The numbers that came after the view have neither gaps nor repeats.
	seq := seqBefore
	for _, m := range stage.all {
		if m.Seq == 0 {
			continue
		}
		if seq++; m.Seq != seq {
			t.Fatalf("event %d came as number %d: %s", seq, m.Seq, m.raw)
		}
	}
	if seq < seqBefore+15 {
		t.Errorf("only %d events came", seq-seqBefore)
	}
}

// TestProblems brings every problem about that can be brought about on a live
// connection, and remembers the others: each code must be tested somewhere.
func TestProblems(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	name := ada.open("open")
	a, b, c := ada.sit(name), bo.sit(name), cy.sit(name)
	seen := map[code]bool{
		// In TestPasskeys and its neighbours, and in TestFenceIsClosed.
		"invalid": true, "too_large": true, "not_signed_in": true, "sign_in_failed": true, "no_ceremony": true,
		"no_invite": true, "no_invites_left": true, "no_room": true, "no_such_thing": true, "too_many_rooms": true,
		"cross_origin": true, "too_many": true, "unavailable": true, "node_full": true,
		"no_moderators": true, "not_heard": true, "reports_full": true, "fence_closed": true,
		"suspended": true, "not_yours_to_judge": true, "nothing_to_lift": true, "already_answered": true, "thing_gone": true, // queue_test.go
		// In TestProfile and its neighbours.
		"no_version": true, "changed_meanwhile": true, "handle_taken": true, "not_a_picture": true,
		// In TestClubs and its neighbours.
		"no_club": true, "no_club_entry": true, "not_in_club": true, "not_club_admin": true, "not_club_founder": true,
		"blocked":       true,                                          // blocks_test.go
		"discovery_off": true, "other_key": true, "budget_spent": true, // discover_test.go
		"no_plan": true, "not_host": true, "too_many_plans": true, "plan_full": true, "plan_early": true, "plan_begun": true, "plan_over": true, // plans_test.go, storetest
		"no_work":         true,                                                                                                                                                                                               // signup_test.go
		"no_conversation": true, "no_device": true, "stale_epoch": true, "conversation_there": true, "too_many_talks": true, "unanswered": true, "not_these_people": true, "late_to_take_back": true, "many_taken_back": true, // conversations_test.go, storetest
		"shielded":      true, // shield_test.go
		"by_nomination": true, "rules_changed": true, "founder_stays": true, "too_many_clubs": true, "too_many_nominations": true,
		"club_full":  true, // by the rules: clubs TestRules
		"no_push":    true, // TestNewsSettings
		"no_mail":    true, // TestNoMail
		"no_address": true, // TestAddress
		"no_code":    true, // TestAddressCodes
		"wrong_code": true, // TestAddressCodes
		"poll_full":  true, // by the rules: room TestVotersAreBounded
	}
	refused := func(l *line, want code, what string, in any) message {
		t.Helper()
		seen[want] = true
		return l.refused(want, what, in)
	}
	for _, in := range []string{`{"id":1}`, `hello`, `{"id":1,"ping":{},"leave":{}}`} {
		h.must(a.ws.Write(t.Context(), websocket.MessageText, []byte(in)))
		m := a.until(func(m message) bool { return m.Re != nil && *m.Re == 0 })
		if seen["bad_request"] = true; m.Problem == nil || m.Problem.Code != "bad_request" {
			t.Errorf("%s gets %s", in, m.raw)
		}
	}
	refused(a, "bad_grant", "enter", body{"grant": "forged"})
	refused(ada.live(), "not_here", "raise_hand", None{})
	refused(b, "not_moderator", "ask_up", body{"who": cy.id})
	refused(a, "no_person", "ask_up", body{"who": id.New[id.Person]()})
	refused(b, "not_on_stage", "unmute", None{})
	refused(a, "on_stage", "raise_hand", None{})
	refused(b, "not_asked", "step_up", None{})
	refused(a, "narrower", "widen", body{"to": "closed"})
	refused(a, "outside", "set_fence", body{"to": "eu"})
	refused(a, "invalid", "set_fence", body{"to": "Europe!"})
	refused(a, "invalid", "widen", body{"to": "everybody"})
	if m := refused(a, "invalid", "set_hands", body{"policy": "some"}); m.Problem.Detail == "" {
		t.Errorf("it is not said why: %s", m.raw)
	}
	a.done("set_hands", body{"policy": "off"})
	refused(c, "hands_closed", "raise_hand", None{})
	a.done("set_hands", body{"policy": "followed"})
	refused(c, "hands_closed", "raise_hand", None{})
	a.done("ask_up", body{"who": bo.id})
	b.done("step_up", None{})
	a.done("make_moderator", body{"who": bo.id})
	refused(b, "senior", "move_down", body{"who": ada.id})
	refused(b, "senior", "remove", body{"who": ada.id})

	refused(a, "no_knock", "tend", None{})
	knock := body{"member": "AQIDBAUGBwg", "knock": "YQ", "epoch": 0}
	a.done("knock", knock)
	refused(b, "member_taken", "knock", knock)
	refused(c, "not_on_stage", "tend", None{})
	refused(c, "not_tending", "letters", body{"epoch": 1, "letters": ""})
	a.ask("tend", None{})
	announce := body{"sequence": 1, "epoch": 1, "announce": "YQ", "roster": "YQ", "stage": []id.Person{ada.id}}
	a.done("announce", announce)
	refused(a, "stale_announce", "announce", announce)

	other := id.New[id.Node]()
	refused(b, "no_node", "switch", body{"at": other}) // it stands by nowhere
	if m := b.ask("offer", body{"sdp": "v=0", "at": other, "standby": true}); m.Answer == nil || m.Answer.SDP != "standby for v=0" {
		t.Errorf("an offer to stand by: %s", m.raw)
	}
	b.done("release", None{})
	refused(b, "no_node", "switch", body{"at": other})
	b.ask("offer", body{"sdp": "v=0", "at": other, "standby": true})
	refused(b, "no_node", "switch", body{"at": id.New[id.Node]()})
	b.done("switch", body{"at": other})
	b.done("switch", body{"at": other})

	h.media.fail(ErrNode)
	refused(b, "no_node", "offer", body{"sdp": "v=0", "at": id.New[id.Node]()})
	h.media.fail(&OfferError{"no microphone section"})
	if m := refused(b, "bad_offer", "offer", body{"sdp": "v=0"}); m.Problem.Detail != "no microphone section" {
		t.Errorf("it is not said why: %s", m.raw)
	}
	h.media.fail(errors.New("on fire"))
	refused(b, "internal", "offer", body{"sdp": "v=0"})
	if !strings.Contains(h.log.String(), "on fire") {
		t.Error("our own failure is not in the log")
	}

	refused(a, "invalid", "react", body{"emoji": "🍰"})
	refused(a, "invalid", "set_chat", body{"policy": "some"})
	a.done("set_chat", body{"policy": "stage"})
	refused(c, "chat_closed", "say", body{"sealed": "YQ"})
	b.done("say", body{"sealed": "YQ"})
	n := b.until(func(m message) bool { return m.Said != nil }).Said.N
	refused(c, "not_author", "unsay", body{"n": n})
	refused(c, "no_such_thing", "unsay", body{"n": n + 1})
	refused(a, "invalid", "pin", body{"url": "http://example.org", "text": ""})
	for n := range room.PinsMax {
		a.done("pin", body{"url": fmt.Sprint("https://example.org/", n), "text": ""})
	}
	refused(a, "pins_full", "pin", body{"url": "https://example.org/", "text": ""})
	refused(c, "no_poll", "vote", body{"poll": 1, "option": 0})
	a.done("open_poll", body{"question": "Tea?", "options": []string{"yes", "no"}})
	refused(a, "poll_open", "open_poll", body{"question": "Cake?", "options": []string{"yes", "no"}})

	// A full stage, and a full list of those let in.
	for n := range room.StageMax - 2 {
		s := room.Seat{Who: id.New[id.Person](), Session: id.New[id.Session]()}
		h.do(name, room.Enter{Who: s.Who, Name: fmt.Sprint("Guest ", n), Session: s.Session})
		h.do(name, room.AskUp{By: seatOf(h, name, ada), Who: s.Who})
		h.do(name, room.StepUp{By: s})
	}
	refused(a, "stage_full", "ask_up", body{"who": cy.id})
	a.done("set_hands", body{"policy": "everyone"})
	for n := range room.HandsMax {
		s := room.Seat{Who: id.New[id.Person](), Session: id.New[id.Session]()}
		h.do(name, room.Enter{Who: s.Who, Name: fmt.Sprint("Hand ", n), Session: s.Session})
		h.do(name, room.RaiseHand{By: s})
	}
	refused(c, "hands_full", "raise_hand", None{})
	many := make([]string, room.InvitedMax)
	for i := range many {
		many[i] = id.New[id.Person]().String()
	}
	full := ada.open("closed", many...)
	host := ada.sit(full)
	refused(host, "room_full", "let_in", body{"who": bo.id})

	// A closed room in which as many microphones are open as are heard.
	host.done("mute", body{"who": ada.id})
	for _, guest := range many[:room.OpenMax] {
		s := room.Seat{Session: id.New[id.Session]()}
		h.must(s.Who.UnmarshalText([]byte(guest)))
		h.do(full, room.Enter{Who: s.Who, Name: "Guest", Session: s.Session})
		h.do(full, room.AskUp{By: seatOf(h, full, ada), Who: s.Who})
		h.do(full, room.StepUp{By: s})
		h.do(full, room.Unmute{By: s})
	}
	refused(host, "microphones_full", "unmute", None{})

	for c := range kinds {
		if !seen[c] {
			t.Errorf("%s is tested nowhere", c)
		}
	}
	if len(seen) != len(kinds) {
		t.Errorf("seen are %v", slices.Collect(maps.Keys(seen)))
	}
}

func (h *testHouse) do(name id.Room, c room.Command) {
	h.Helper()
	h.must(h.rooms.Do(h.Context(), name, c))
}

// seatOf returns where g sits.
func seatOf(h *testHouse, name id.Room, g *guest) (s room.Seat) {
	h.rooms.Read(name, func(r *room.Room) {
		if p := r.Participant(g.id); p != nil {
			s = room.Seat{Who: g.id, Session: p.Session}
		}
	})
	return s
}

// A node that has enough to do lets nobody new in, tells them when to ask
// again, and takes nothing from those who are inside.
func TestFullNode(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	name := ada.open("open")
	l := ada.sit(name)
	h.api.Full = func() (time.Duration, bool) { return 7 * time.Second, true }
	path := "/api/v1/rooms/" + name.String() + "/grants"
	if wait := bo.call("POST", path, None{}).problem("node_full").header.Get("Retry-After"); wait != "7" {
		t.Errorf("to be asked again after %q", wait)
	}
	bo.call("POST", "/api/v1/rooms", NewRoom{Title: "Tea", Visibility: "open"}).problem("node_full")
	l.done("unmute", None{})
	if m := ada.live().ask("enter", body{"grant": ada.grant(name)}); m.Entered == nil {
		t.Errorf("who is inside does not come back: %s", m.raw)
	}
	if log := h.log.String(); strings.Contains(log, "node_full") {
		t.Errorf("policy is logged as a failure: %s", log)
	}
	h.api.Full = func() (time.Duration, bool) { return 0, false }
	bo.sit(name)
}

func TestGrants(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	name := ada.open("open")

	one := ada.grant(name)
	ada.live().done("ping", None{})
	if m := ada.live().ask("enter", body{"grant": one}); m.Entered == nil {
		t.Fatalf("not entered: %s", m.raw)
	}
	ada.live().refused("bad_grant", "enter", body{"grant": one}) // used
	bo.live().refused("bad_grant", "enter", body{"grant": ada.grant(name)})
	old := ada.grant(name)
	now := time.Now()
	h.at(now.Add(grant.Life + 2*time.Second))
	ada.live().refused("bad_grant", "enter", body{"grant": old})
	h.at(time.Time{})

	// A grant for a room that has meanwhile become none of theirs is no use.
	l := ada.sit(name)
	stale := bo.grant(name)
	bo.sit(name)
	l.done("remove", body{"who": bo.id})
	bo.live().refused("no_room", "enter", body{"grant": stale})
	stale = ada.grant(name)
	l.done("end", None{})
	ada.live().refused("no_room", "enter", body{"grant": stale})
	_, err := h.grants.Check(stale, time.Now())
	h.must(err)
	forged, err := grant.New([]byte("another seed for tests, 32 bytes"))
	h.must(err)
	ada.live().refused("bad_grant", "enter", body{"grant": forged.Sign(grant.Grant{
		ID:     id.New[grant.ID](),
		Person: ada.id, Name: "Ada", Room: name, Session: id.New[id.Session](), Expires: time.Now().Add(time.Minute),
	})})
}

// TestWithoutCookie has a guest come in by a grant alone.
func TestWithoutCookie(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	name := ada.open("open")
	l := h.live()
	l.refused("not_signed_in", "watch_hallway", None{})
	l.refused("not_here", "raise_hand", None{})
	if m := l.ask("enter", body{"grant": ada.grant(name)}); m.Entered == nil || m.Entered.Me != ada.id {
		t.Fatalf("not entered: %s", m.raw)
	}
	l.done("set_hands", body{"policy": "off"})
	if testing.Short() {
		t.Skip("waits")
	}
	idle := h.live()
	idle.closed(websocket.StatusPolicyViolation)
	l.done("ping", None{})
}

func TestTakeOver(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	name := ada.open("open")
	phone := ada.sit(name)
	phone.done("unmute", None{})
	laptop := ada.live()
	in := ada.enter(laptop, name).Entered
	if !in.View.People[0].Muted {
		t.Error("the microphone of the new device is open")
	}
	phone.cut(name, "taken_over")
	phone.refused("not_here", "unmute", None{})
	laptop.done("unmute", None{})

	// To enter again over the same connection is to stay, with an open
	// microphone.
	again := ada.enter(laptop, name, "previous", in.Session).Entered
	if again.View.People[0].Muted || again.Session == in.Session {
		t.Errorf("entered again as %+v", again.View.People[0])
	}
	laptop.done("mute", body{"who": ada.id})
	for _, m := range laptop.kept {
		if m.Cut != nil {
			t.Errorf("cut by oneself: %s", m.raw)
		}
	}

	// The other device going does not take the seat along.
	h.must(phone.ws.Close(websocket.StatusNormalClosure, ""))
	time.Sleep(50 * time.Millisecond)
	laptop.done("unmute", None{})
	ada.sit(name)
	laptop.cut(name, "taken_over")
}

func TestOneRoomAtATime(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	first, second := ada.open("open"), bo.open("open")
	watcher := ada.sit(first)
	l := bo.live()
	bo.enter(l, first)
	watcher.event("entered")
	bo.enter(l, second)
	watcher.event("left")
	l.done("set_hands", body{"policy": "off"}) // in the second
	l.event("hands_set")
	watcher.done("set_hands", body{"policy": "off"})
	watcher.event("hands_set")
	l.done("ping", None{})
	for _, m := range l.kept {
		if m.Seq > 0 && m.Room == first && !strings.Contains(m.raw, bo.id.String()) {
			t.Errorf("heard from the room that was left: %s", m.raw)
		}
	}
}

func TestRemoved(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	name := ada.open("open")
	a, b := ada.sit(name), bo.sit(name)
	b.done("watch_hallway", None{})
	a.done("remove", body{"who": bo.id})
	b.cut(name, "removed")
	b.refused("not_here", "raise_hand", None{})
	a.done("set_hands", body{"policy": "off"})
	a.event("hands_set")
	b.done("ping", None{})
	for _, m := range b.kept {
		if strings.Contains(m.raw, "hands_set") {
			t.Errorf("still hears %s", m.raw)
		}
	}
	// Back in only when let in.
	bo.call("POST", "/api/v1/rooms/"+name.String()+"/grants", None{}).problem("no_room")
	a.done("let_in", body{"who": bo.id})
	bo.enter(b, name)
}

// TestRemovedAtOnce removes somebody in the moment in which they come in.
// However the two meet, nothing comes from the room after the cut.
func TestRemovedAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	name := ada.open("open")
	a, by := ada.sit(name), seatOf(h, name, ada)
	for range 20 {
		b := bo.live()
		b.send("enter", body{"grant": bo.grant(name)})
		a.event("entered")
		h.do(name, room.Remove{By: by, Who: bo.id})
		b.cut(name, "removed")
		h.do(name, room.SetHands{By: by, Policy: room.HandsOff})
		h.do(name, room.SetHands{By: by, Policy: room.HandsEveryone})
		b.done("ping", None{})
		b.done("ping", None{})
		for _, m := range b.kept {
			if strings.Contains(m.raw, "hands_set") {
				t.Fatalf("heard after the cut: %s", m.raw)
			}
		}
		h.do(name, room.LetIn{By: by, Who: bo.id})
		h.must(b.ws.CloseNow())
	}
}

func TestLostAndBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	name := ada.open("open")
	a, b := ada.sit(name), bo.live()
	in := bo.enter(b, name).Entered
	h.must(b.ws.CloseNow())
	gone := a.event("went_away")
	a.done("set_hands", body{"policy": "off"})
	last := a.event("hands_set")

	// What was missed comes, and no view.
	b = bo.live()
	h.media.rise()
	back := bo.enter(b, name, "previous", in.Session, "since", gone.Seq)
	if back.Entered.View != nil || !back.Entered.Media || in.Media {
		t.Errorf("there is a view, or no media: %s", back.raw)
	}
	if m := b.event("hands_set"); m.Seq != last.Seq {
		t.Errorf("got %s after %s", m.raw, last.raw)
	}
	b.event("returned")

	// A number that has not come yet, and one from before the person came in,
	// get a view.
	for _, since := range []uint64{1 << 40, 1} {
		m := bo.enter(b, name, "since", since)
		if m.Entered.View == nil {
			t.Errorf("after %d there is no view: %s", since, m.raw)
		}
	}
}

// TestLongGone has more happen than is kept for those who come back.
func TestLongGone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	name := ada.open("open")
	l := ada.live()
	in := ada.enter(l, name).Entered
	s := seatOf(h, name, ada)
	for range 600 {
		h.do(name, room.SetHands{By: s, Policy: room.HandsOff})
		h.do(name, room.SetHands{By: s, Policy: room.HandsEveryone})
	}
	m := ada.enter(ada.live(), name, "since", in.View.Seq)
	if m.Entered.View == nil {
		t.Errorf("there is no view: %s", m.raw)
	}
}

func TestTenBadRequests(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	l := h.first("Ada").live()
	for range badMax {
		h.must(l.ws.Write(t.Context(), websocket.MessageText, []byte("{}")))
		l.until(func(m message) bool { return m.Problem != nil && m.Problem.Code == "bad_request" })
	}
	l.closed(websocket.StatusPolicyViolation)
}

func TestTooManyRequests(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	l := h.first("Ada").live()
	h.at(time.Now())
	for range requestsBurst {
		l.done("ping", None{})
	}
	if m := l.refused("too_many", "ping", None{}); m.Problem.RetryAfter < 1 {
		t.Errorf("got %s", m.raw)
	}
	h.at(h.clock().Add(time.Second))
	l.done("ping", None{})
}

func TestTooManyConnections(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	for range connectionsEach {
		ada.live()
	}
	if _, err := h.dial("Cookie", "stoa_session="+ada.token); err == nil || !strings.Contains(err.Error(), "too_many") {
		t.Errorf("one more connection: %v", err)
	}
	ada.invite("Bo").live().done("ping", None{})
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	name := ada.open("open")
	a, b := ada.sit(name), bo.sit(name)
	start := time.Now()
	bo.call("POST", "/api/v1/signout", None{}).is(204)
	b.cut(name, "signed_out")
	b.closed(websocket.StatusNormalClosure)
	if m := a.event("left"); !strings.Contains(m.raw, `"why":"left"`) {
		t.Errorf("got %s", m.raw)
	}
	if d := time.Since(start); d > time.Second {
		t.Errorf("it took %v", d)
	}

	// Another device of the same person stays.
	_, token, err := h.people.SignIn(t.Context(), ada.id)
	h.must(err)
	other := &guest{h, ada.id, "Ada", token}
	l := other.live()
	var list Sessions
	other.call("GET", "/api/v1/me/sessions", nil).is(200).into(&list)
	for _, s := range list.Sessions {
		if !s.Current {
			other.call("DELETE", "/api/v1/me/sessions/"+s.ID.String(), nil).is(204)
		}
	}
	a.cut(name, "signed_out")
	a.closed(websocket.StatusNormalClosure)
	l.done("ping", None{})
}

func TestRestart(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	name := ada.open("open")
	l, idle := ada.sit(name), ada.live()
	idle.done("ping", None{})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	closed := make(chan error)
	go func() { closed <- h.api.Close(ctx) }()
	l.cut(name, "restart")
	l.closed(websocket.StatusGoingAway)
	idle.closed(websocket.StatusGoingAway)
	h.must(<-closed)
	if _, err := h.dial("Cookie", "stoa_session="+ada.token); err == nil || !strings.Contains(err.Error(), "unavailable") {
		t.Errorf("a connection to a node that stops: %v", err)
	}
}

// TestSlow has a client that reads nothing while much happens, and is told so
// when it reads again.
func TestSlow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	name := ada.open("open")
	a := ada.sit(name)
	small := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return c, c.(*net.TCPConn).SetReadBuffer(4 << 10)
		},
	}}
	ws, err := h.connect(&websocket.DialOptions{
		HTTPClient: small, HTTPHeader: http.Header{"Cookie": {"stoa_session=" + bo.token}},
	})
	h.must(err)
	defer func() { _ = ws.CloseNow() }()
	h.must(ws.Write(t.Context(), websocket.MessageText, []byte(`{"id":1,"enter":{"grant":"`+bo.grant(name)+`"}}`)))
	a.event("entered")
	h.must(a.ws.Close(websocket.StatusNormalClosure, "")) // or it might be slow too

	// More than the kernel holds and the node keeps waiting.
	long := strings.Repeat("é", room.NameMax)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 60 {
				p := room.Seat{Who: id.New[id.Person](), Session: id.New[id.Session]()}
				_ = h.rooms.Do(context.Background(), name, room.Enter{Who: p.Who, Name: long, Session: p.Session})
				_ = h.rooms.Do(context.Background(), name, room.Leave{By: p})
			}
		})
	}
	wg.Wait()
	var last string
	for {
		_, text, err := ws.Read(t.Context())
		if err != nil {
			if code := websocket.CloseStatus(err); code != websocket.StatusPolicyViolation {
				t.Errorf("closed with %v", err)
			}
			break
		}
		last = string(text)
	}
	if want := `{"cut":{"room":"` + name.String() + `","why":"slow"}}`; last != want {
		t.Errorf("the last that came is %s", last)
	}
	// It comes back by itself, to a view.
	if m := bo.enter(bo.live(), name); m.Entered.View == nil {
		t.Errorf("came back to %s", m.raw)
	}
}

func TestHallwayNotices(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits")
	}
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	a, b, c := ada.live(), bo.live(), cy.live()
	for _, l := range []*line{a, b, c} {
		l.done("watch_hallway", None{})
		l.done("watch_hallway", None{}) // twice is once
	}
	notice := func(l *line) {
		t.Helper()
		l.until(func(m message) bool { return m.Hallway != nil })
	}
	all := func() {
		t.Helper()
		notice(a)
		notice(b)
		notice(c)
	}
	open := ada.open("open")
	all()

	// Not all the time, whatever happens.
	began := time.Now()
	talk := ada.live()
	ada.enter(talk, open)
	for range 5 {
		l := bo.sit(open)
		l.done("leave", None{})
		h.must(l.ws.CloseNow())
	}
	time.Sleep(4 * hallwayRest)
	most := int(time.Since(began)/hallwayRest) + 1
	for _, l := range []*line{a, b, c} {
		n := 0
		for len(l.got) > 0 {
			if m := <-l.got; m.Hallway != nil {
				n++
			}
		}
		if n == 0 || n > most {
			t.Errorf("%d notices in %v", n, time.Since(began))
		}
	}

	// Of a closed room nobody hears who may not enter it; of its end hear
	// those who could.
	closed := ada.open("closed", bo.id.String())
	notice(a)
	notice(b)
	l := ada.sit(closed)
	l.done("end", None{})
	notice(a)
	notice(b)

	// Nor of a social one, until a moderator follows them.
	social := ada.open("social")
	notice(a)
	ada.call("PUT", "/api/v1/people/"+bo.id.String()+"/follow", nil).is(204)
	notice(b)
	l = ada.sit(social)
	h.api.hallway.mu.Lock()
	h.api.hallway.counted = nil // on a slow machine it may be time to tell numbers of the open room
	h.api.hallway.mu.Unlock()
	c.quiet(4 * hallwayRest)
	l.done("widen", body{"to": "open"})
	notice(c)

	// Who comes later hears of the end of what was there.
	hidden := ada.open("closed", cy.id.String())
	notice(c)
	late := cy.live()
	late.done("watch_hallway", None{})
	time.Sleep(4 * hallwayRest)
	seat := ada.sit(hidden)
	seat.done("end", None{})
	notice(late)
}

// TestClosedRecordsDoNotSeat has the records fail between a grant and its use:
// nobody is let in on a promise.
func TestClosedRecordsDoNotSeat(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	name := ada.open("open")
	l := ada.live()
	token := ada.grant(name)
	h.closeRecords()
	l.refused("unavailable", "enter", body{"grant": token})
	l.refused("not_here", "raise_hand", None{})
}
