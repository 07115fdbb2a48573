package api

import (
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stoa-audio/stoa/internal/room"
)

// TestBeside walks through what there is beside the voices: what is written,
// reactions, links, a poll, and the clock.
func TestBeside(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	name := ada.open("open")
	a, b := ada.sit(name), bo.sit(name)

	sealed := base64.RawURLEncoding.EncodeToString([]byte("what nobody here can read"))
	b.done("say", body{"sealed": sealed})
	said := a.until(func(m message) bool { return m.Said != nil })
	b.until(func(m message) bool { return m.Said != nil })
	if s := said.Said; s.Who != bo.id || s.Name != "Bo" || string(s.Sealed) != "what nobody here can read" || s.Room != name {
		t.Errorf("said is %s", said.raw)
	}
	if m := b.ask("say", body{"sealed": sealed}); m.Problem == nil || m.Problem.Code != "too_many" || m.Problem.RetryAfter < 1 {
		t.Errorf("again at once: %s", m.raw)
	}
	b.done("react", body{"emoji": "❤️"})
	if m := a.until(func(m message) bool { return m.Reactions != nil }); m.Reactions.Counts["❤️"] != 1 || m.Reactions.By[0].Who != bo.id {
		t.Errorf("reactions are %s", m.raw)
	}
	a.done("unsay", body{"n": said.Said.N})
	if m := b.until(func(m message) bool { return m.Unsaid != nil }); m.Unsaid.N != said.Said.N || m.Unsaid.By != ada.id {
		t.Errorf("taken back is %s", m.raw)
	}

	a.done("pin", body{"url": "https://example.org/plan", "text": "The plan"})
	a.done("open_poll", body{"question": "Tea?", "options": []string{"yes", "no"}})
	poll := b.event("poll_opened").Seq
	b.done("vote", body{"poll": poll, "option": 1})
	a.until(func(m message) bool {
		return m.Poll != nil && m.Poll.Poll == poll && slices.Equal(m.Poll.Counts, []int{0, 1}) && m.Poll.Voters == 1
	})

	// Who comes later has the link and the poll, and nothing of what was written.
	c := cy.live()
	in := cy.enter(c, name).Entered
	if in.Vote != nil || len(in.View.Pins) != 1 || in.View.Poll == nil || in.View.Poll.Question != "Tea?" || in.View.Chat != room.ChatEveryone {
		t.Errorf("Cy has entered %+v", in.View)
	}
	c.until(func(m message) bool { return m.Poll != nil && m.Poll.Voters == 1 })
	c.done("ping", None{})
	// Who comes back knows for what they have voted.
	if again := bo.enter(bo.live(), name).Entered; again.Vote == nil || *again.Vote != 1 {
		t.Errorf("Bo comes back to %+v", again)
	}
	a.done("close_poll", body{"poll": poll})
	if m := c.event("poll_closed"); !strings.Contains(m.raw, `"counts":[0,1]`) {
		t.Errorf("closed as %s", m.raw)
	}
	a.done("end", None{})
	c.cut(name, "ended")
	for _, l := range []*line{a, c} {
		for _, m := range l.all {
			if strings.Contains(m.raw, "voted") || l == c && (m.Said != nil || m.Unsaid != nil || m.Reactions != nil) {
				t.Errorf("told: %s", m.raw)
			}
		}
	}
	if log := h.log.String(); strings.Contains(log, sealed) || strings.Contains(log, "example.org") {
		t.Errorf("it is in the log: %s", log)
	}
}

// Of a large audience nobody is named by what they react with.
func TestHiddenReact(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	name := ada.open("open")
	a := ada.sit(name)
	h.fill(name, 20)
	b := bo.live()
	bo.enter(b, name)
	b.done("react", body{"emoji": "👏"})
	m := a.until(func(m message) bool { return m.Reactions != nil })
	if !maps.Equal(m.Reactions.Counts, map[string]int{"👏": 1}) || len(m.Reactions.By) != 0 {
		t.Errorf("told %s", m.raw)
	}
	// Who has gone does nothing any more.
	b.done("leave", None{})
	for what, in := range map[string]any{
		"react": body{"emoji": "👏"}, "say": body{"sealed": "YQ"}, "unsay": body{"n": 1}, "vote": body{"poll": 1, "option": 0},
	} {
		b.refused("not_here", what, in)
	}
}
