package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stoa-audio/stoa/internal/courier"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/signal"
)

// notice waits for a notice of a kind.
func (l *line) notice(kind string) (n signal.Notice) {
	l.Helper()
	m := l.until(func(m message) bool { return m.Seq == 0 && m.Re == nil && strings.HasPrefix(m.raw, `{"`+kind+`":{`) })
	l.must(json.Unmarshal([]byte(m.raw), &n))
	return n
}

// tend makes l the steward of its room, who asks for more whenever it was sent
// something.
func (l *line) tend() signal.Knocks {
	l.Helper()
	if m := l.ask("tend", None{}); m.Problem != nil {
		l.Fatalf("tend: %s", m.raw)
	}
	l.done("next_knocks", None{})
	return l.news()
}

// news returns what the steward is sent next.
func (l *line) news() signal.Knocks {
	l.Helper()
	n := l.notice("knocks")
	l.done("next_knocks", None{})
	return *n.Knocks
}

func (l *line) knock(member byte, epoch int) {
	l.Helper()
	l.done("knock", body{"member": memberOf(member), "knock": "YQ", "epoch": epoch})
}

func memberOf(n byte) signal.Member { return signal.Member{n} }

// The whole way of keys through the house: who knocks is let in, who has gone is
// known to the steward, and nobody tends who is not on the stage and connected.
func TestKeys(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	name := ada.open("open")
	a, b, c := ada.sit(name), bo.sit(name), cy.sit(name)

	a.knock(1, 0)
	b.knock(2, 0)
	all := a.tend()
	if len(all.Knocks) != 2 || all.Knocks[0].Epoch != 0 {
		t.Fatalf("the steward is sent %+v", all)
	}
	for _, k := range all.Knocks {
		if want := map[id.Person]byte{ada.id: 1, bo.id: 2}[k.Who]; k.Member != memberOf(want) {
			t.Errorf("%v knocks as %v", k.Who, k.Member)
		}
	}
	a.done("announce", body{"sequence": 1, "epoch": 1, "announce": "YQ", "roster": "cg", "stage": []id.Person{ada.id}})
	if got := b.notice("announce").Announce; got.Sequence != 1 || string(got.Roster) != "r" || !slices.Equal(got.Stage, []id.Person{ada.id}) {
		t.Errorf("announced is %+v", got)
	}
	letter := memberOf(2)
	a.done("letters", body{"epoch": 1, "letters": signal.Bytes(append(letter[:], 0, 2, 'h', 'i'))})
	if got := b.notice("letter").Letter; string(got.Letter) != "hi" || got.Room != name {
		t.Errorf("the letter is %+v", got)
	}

	// Who comes later is announced to, and the steward hears of them.
	c.knock(3, 0)
	if got := c.notice("announce").Announce; got.Sequence != 1 || string(got.Roster) != "r" {
		t.Errorf("announced is %+v", got)
	}
	if got := a.news(); len(got.Knocks) != 1 || got.Knocks[0].Who != cy.id {
		t.Errorf("the steward is sent %+v", got)
	}

	// Who is removed, who leaves, and whose connection breaks.
	gone := func(why string, member byte, removed bool) {
		t.Helper()
		if got := a.news(); len(got.Gone) != 1 || got.Gone[0] != (signal.Gone{Member: memberOf(member), Removed: removed}) {
			t.Errorf("%s: the steward is sent %+v", why, got)
		}
	}
	a.done("remove", body{"who": cy.id})
	gone("removed", 3, true)
	b.done("leave", None{})
	gone("left", 2, false)
	b = bo.sit(name)
	b.knock(2, 1)
	if got := a.news(); len(got.Knocks) != 1 || got.Knocks[0].Epoch != 1 {
		t.Errorf("the steward is sent %+v", got)
	}
	h.must(b.ws.CloseNow())
	gone("not connected", 2, false)

	// A second device takes the seat over, and the first is not heard of again.
	b = bo.sit(name)
	b.knock(4, 0)
	a.news()
	again := bo.sit(name)
	gone("taken over", 4, false)
	again.knock(5, 0)
	a.news()

	// The steward goes, and another on the stage tends.
	again.refused("not_on_stage", "tend", None{})
	a.done("ask_up", body{"who": bo.id})
	again.done("step_up", None{})
	a.done("make_moderator", body{"who": bo.id})
	if got := again.tend(); len(got.Knocks) != 2 {
		t.Errorf("the new steward is sent %+v", got)
	}
	a.refused("not_tending", "letters", body{"epoch": 1, "letters": ""})
	again.done("step_down", None{})
	again.refused("not_tending", "letters", body{"epoch": 1, "letters": ""})
	a.tend()
	a.done("end", None{})
	again.cut(name, "ended")
	if _, err := h.api.seats.courier.Tend(courier.Seat{Room: name}); err == nil {
		t.Error("something is kept of a room that has ended")
	}
}

// When nobody answers, those on the stage are told, and nobody else.
func TestUntended(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	name := ada.open("open")
	a, b, c := ada.sit(name), bo.sit(name), cy.sit(name)
	for i, l := range []*line{a, b, c} {
		l.knock(byte(i+1), 0)
	}
	c.knock(3, 0)
	if got := a.notice("untended").Untended; got.Room != name {
		t.Errorf("%+v", got)
	}
	b.done("ping", None{})
	for _, m := range b.all {
		if strings.Contains(m.raw, "untended") {
			t.Error(fmt.Sprint("a listener is told: ", m.raw))
		}
	}
}
