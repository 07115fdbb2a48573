package api

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/conversations"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/signal"
)

const talksPath = "/api/v1/conversations"

// key is a public key of a test's device.
func key(n byte) signal.Bytes {
	k := make(signal.Bytes, 32)
	k[0] = n
	return k
}

// canTalk lets others write to a device of g.
func (g *guest) canTalk(n byte) {
	g.Helper()
	var left PackagesLeft
	g.call("PUT", "/api/v1/me/packages", KeyPackages{Device: key(n), Packages: []signal.Bytes{{n}}, Last: signal.Bytes{n, 0}}).is(200).into(&left)
	if left.Left != 1 {
		g.Errorf("%d packages are left", left.Left)
	}
}

// starts is what g sends to begin a conversation of two.
func (g *guest) starts(mine byte, other *guest, theirs byte) NewConversation {
	return NewConversation{
		ID: id.New[id.Conversation]().String(), Device: key(mine), With: []string{other.id.String()}, Two: true,
		Devices: []TalkDevice{{g.id, key(mine)}, {other.id, key(theirs)}}, Welcome: signal.Bytes("welcome"), Info: signal.Bytes("info"),
	}
}

func (g *guest) begins(mine byte, other *guest, theirs byte) (c Conversation) {
	g.Helper()
	g.call("POST", talksPath, g.starts(mine, other, theirs)).is(201).into(&c)
	return c
}

func (g *guest) talks() []Conversation {
	g.Helper()
	var list Conversations
	g.call("GET", talksPath, nil).is(200).into(&list)
	return list.Conversations
}

func (g *guest) writes(c Conversation, device byte, text string) answered {
	g.Helper()
	return g.call("POST", talksPath+"/"+c.ID.String()+"/items", NewText{Device: key(device), Epoch: 1, Sealed: signal.Bytes(text)})
}

func (g *guest) reads(c Conversation, device byte, after int64) (list ConversationItems) {
	g.Helper()
	text, err := key(device).MarshalText()
	g.must(err)
	path := talksPath + "/" + c.ID.String() + "/items?after=" + strings.TrimSpace(string(rune('0'+after))) + "&device=" + string(text)
	g.call("GET", path, nil).is(200).into(&list)
	return list
}

func TestConversation(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	ada.canTalk(1)
	bo.canTalk(2)

	// One package of each device, the one for one use first, and nobody is told.
	packs := "/api/v1/people/" + bo.id.String() + "/packages"
	for _, want := range []string{"\x02", "\x02\x00", "\x02\x00"} {
		var list DevicePackages
		ada.call("POST", packs, None{}).is(200).into(&list)
		if len(list.Devices) != 1 || string(list.Devices[0].Package) != want || string(list.Devices[0].Device) != string(key(2)) {
			t.Errorf("Bo's packages are %+v", list)
		}
	}
	var none DevicePackages
	ada.call("POST", "/api/v1/people/"+cy.id.String()+"/packages", None{}).is(200).into(&none)
	if len(none.Devices) != 0 {
		t.Errorf("Cy, who has no device, has %+v", none)
	}
	ada.call("POST", "/api/v1/people/"+id.New[id.Person]().String()+"/packages", None{}).problem("no_person")

	line := bo.live()
	line.ask("watch_hallway", None{})
	c := ada.begins(1, bo, 2)
	if !c.Two || c.Mine != "in" || c.Starter != ada.id || len(c.People) != 2 || len(c.Devices) != 2 || string(c.Info) != "info" {
		t.Errorf("it begins as %+v", c)
	}
	told := line.until(func(m message) bool { return m.Conversation != nil })
	if told.Conversation.ID != c.ID || told.Conversation.Seq != 1 {
		t.Errorf("Bo is told %s", told.raw)
	}
	ada.call("POST", talksPath, ada.starts(1, bo, 2)).problem("conversation_there")
	ada.call("POST", talksPath, ada.starts(1, cy, 9)).problem("no_device")
	ada.call("POST", talksPath, ada.starts(1, ada, 1)).problem("not_these_people")
	for _, bad := range []func(*NewConversation){
		func(n *NewConversation) { n.ID = "no id" }, func(n *NewConversation) { n.Device = n.Device[:31] }, func(n *NewConversation) { n.Info = nil },
	} {
		n := ada.starts(1, bo, 2)
		bad(&n)
		ada.call("POST", talksPath, n).problem("invalid")
	}

	// Bo is asked. Three messages of Ada's, and then it is Bo's turn.
	if list := bo.talks(); len(list) != 1 || list[0].Mine != "asked" || list[0].Info != nil {
		t.Errorf("Bo has %+v", list)
	}
	for range conversations.BeforeAnswer {
		ada.writes(c, 1, "sealed").is(201)
	}
	ada.writes(c, 1, "sealed").problem("unanswered")
	if items := bo.reads(c, 2, 0).Items; len(items) != 4 || items[0].Kind != "welcome" || string(items[1].Sealed) != "sealed" || items[1].Person != ada.id {
		t.Errorf("Bo reads %+v", items)
	}
	bo.call("PUT", talksPath+"/"+c.ID.String()+"/membership", nil).is(204)
	ada.writes(c, 1, "on").is(201)
	bo.call("PUT", talksPath+"/"+c.ID.String()+"/read", ReadUpTo{key(2), 5}).is(204)
	if items := bo.reads(c, 2, 4).Items; len(items) != 1 || items[0].Seq != 5 {
		t.Errorf("Bo reads %+v", items)
	}
	change := NewChange{Device: key(1), Epoch: 7, Commit: signal.Bytes("c"), Info: signal.Bytes("i2")}
	changes := talksPath + "/" + c.ID.String() + "/changes"
	ada.call("POST", changes, change).problem("stale_epoch")
	change.Epoch = 1
	ada.call("POST", changes, change).is(201)
	ada.writes(c, 1, "of the epoch before").problem("stale_epoch")

	// For Cy it is as one that there never was.
	known, unknown := talksPath+"/"+c.ID.String(), talksPath+"/"+id.New[id.Conversation]().String()
	for _, call := range []struct {
		method, path string
		body         any
	}{
		{"GET", "", nil},
		{"DELETE", "", nil},
		{"PUT", "/membership", nil},
		{"POST", "/items", NewText{Device: key(3), Epoch: 1, Sealed: signal.Bytes("x")}},
		{"POST", "/changes", NewChange{Device: key(3), Epoch: 1, Commit: signal.Bytes("x"), Info: signal.Bytes("x")}},
		{"PUT", "/read", ReadUpTo{key(3), 1}},
	} {
		a, b := cy.call(call.method, known+call.path, call.body), cy.call(call.method, unknown+call.path, call.body)
		a.problem("no_conversation")
		if string(a.body) != string(b.body) || a.status != b.status {
			t.Errorf("%s %s: %s and %s", call.method, call.path, a.body, b.body)
		}
	}
	bo.call("DELETE", known, nil).is(204)
	bo.call("DELETE", known, nil).problem("no_conversation")
	c = ada.talks()[0]
	for _, p := range c.People {
		if left := p.Person.ID == bo.id; (p.State == "left") != left {
			t.Errorf("Ada sees %+v", c)
		}
	}
}

func TestConversationsAndBlocks(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	for i, g := range []*guest{ada, bo, cy} {
		g.canTalk(byte(i + 1))
	}
	bo.call("PUT", "/api/v1/people/"+ada.id.String()+"/block", Block{"block"}).is(204)
	line := bo.live()
	line.ask("watch_hallway", None{})

	// Ada notices nothing: all is as with somebody who does not answer.
	withBo, withCy := ada.begins(1, bo, 2), ada.begins(1, cy, 3)
	same := func(a, b answered) {
		t.Helper()
		if a.status != b.status {
			t.Errorf("%d %s and %d %s", a.status, a.body, b.status, b.body)
		}
	}
	for range conversations.BeforeAnswer + 1 {
		same(ada.writes(withBo, 1, "x"), ada.writes(withCy, 1, "x"))
	}
	states := func(c Conversation) (out []string) {
		for _, p := range c.People {
			out = append(out, p.State)
		}
		slices.Sort(out)
		return out
	}
	if !slices.Equal(states(withBo), states(withCy)) {
		t.Errorf("with Bo %v, with Cy %v", states(withBo), states(withCy))
	}
	same(ada.call("POST", "/api/v1/people/"+bo.id.String()+"/packages", None{}), ada.call("POST", "/api/v1/people/"+cy.id.String()+"/packages", None{}))

	// Bo has nothing of it, and hears nothing.
	if list := bo.talks(); len(list) != 0 {
		t.Errorf("Bo has %+v", list)
	}
	bo.call("GET", talksPath+"/"+withBo.ID.String(), nil).problem("no_conversation")
	line.quiet(200 * time.Millisecond)
	if list := cy.talks(); len(list) != 1 {
		t.Errorf("Cy has %+v", list)
	}
	bo.call("DELETE", "/api/v1/people/"+ada.id.String()+"/block", nil).is(204)
	if list := bo.talks(); len(list) != 1 || list[0].Mine != "asked" {
		t.Errorf("without the block Bo has %+v", list)
	}
}

func TestDeclinedInSilence(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo := ada.invite("Bo")
	ada.canTalk(1)
	bo.canTalk(2)
	line := ada.live()
	line.ask("watch_hallway", None{})
	c := ada.begins(1, bo, 2)
	line.until(func(m message) bool { return m.Conversation != nil })
	bo.call("DELETE", talksPath+"/"+c.ID.String(), nil).is(204)
	line.quiet(200 * time.Millisecond)
	for _, p := range ada.talks()[0].People {
		if p.Person.ID == bo.id && p.State != "asked" {
			t.Errorf("Ada sees that Bo is %s", p.State)
		}
	}
	ada.writes(c, 1, "hello?").is(201)
	line.until(func(m message) bool { return m.Conversation != nil && m.Conversation.Seq == 2 })

	// A device that is forgotten is in none.
	ada.call("DELETE", "/api/v1/me/packages?device=AQ", nil).problem("invalid")
	text, err := key(1).MarshalText()
	h.must(err)
	ada.call("GET", "/api/v1/me/packages?device="+string(text), nil).is(200)
	ada.call("DELETE", "/api/v1/me/packages?device="+string(text), nil).is(204)
	ada.call("DELETE", "/api/v1/me/packages?device="+string(text), nil).problem("no_device")
	ada.writes(c, 1, "x").problem("no_device")
}

// silences says whether g wants to hear nothing of a conversation.
func (g *guest) silences(c Conversation, silent bool) {
	g.Helper()
	g.call("PUT", talksPath+"/"+c.ID.String()+"/silence", Silence{silent}).is(204)
}

// Nobody else learns that a conversation is silent: neither by what they are told nor by
// what they read.
func TestSilentConversation(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	ada.canTalk(1)
	bo.canTalk(2)
	c := ada.begins(1, bo, 2)
	before := ada.call("GET", talksPath, nil).is(200)
	of, own := ada.live(), bo.live()
	of.ask("watch_hallway", None{})
	own.ask("watch_hallway", None{})
	for range 2 {
		bo.silences(c, true)
	}
	own.until(func(m message) bool { return m.Conversation != nil && m.Conversation.ID == c.ID }) // another browser of theirs
	if list := bo.talks(); !list[0].Silent || list[0].Mine != "asked" {
		t.Errorf("Bo has %+v", list)
	}
	of.quiet(200 * time.Millisecond)
	if after := ada.call("GET", talksPath, nil).is(200); string(after.body) != string(before.body) {
		t.Errorf("Ada sees %s, and before %s", after.body, before.body)
	}
	if stored := bo.call("GET", "/api/v1/me/stored", nil).is(200); !strings.Contains(string(stored.body), `"silent":true`) {
		t.Errorf("with what is stored is %s", stored.body)
	}
	if stored := ada.call("GET", "/api/v1/me/stored", nil).is(200); strings.Contains(string(stored.body), `"silent":true`) {
		t.Errorf("with what is stored of Ada is %s", stored.body)
	}
	ada.writes(c, 1, "still there").is(201)
	if items := bo.reads(c, 2, 0).Items; len(items) != 2 {
		t.Errorf("Bo reads %+v", items)
	}
	bo.silences(c, false)
	if list := bo.talks(); list[0].Silent {
		t.Errorf("Bo has %+v", list)
	}
	known, unknown := talksPath+"/"+c.ID.String()+"/silence", talksPath+"/"+id.New[id.Conversation]().String()+"/silence"
	x, y := cy.call("PUT", known, Silence{true}).problem("no_conversation"), cy.call("PUT", unknown, Silence{true})
	if string(x.body) != string(y.body) {
		t.Errorf("%s and %s", x.body, y.body)
	}
}

func (g *guest) takesBack(c Conversation, device byte, seq int64) answered {
	g.Helper()
	return g.call("PUT", talksPath+"/"+c.ID.String()+"/items/"+strconv.FormatInt(seq, 10)+"/taken-back",
		NewText{Device: key(device), Epoch: 1, Sealed: signal.Bytes("note")})
}

// Who has not read a message does not get it any more. Of one of somebody else's nothing
// goes, and the answer is the same as for one that there is not.
func TestTakeBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.first("Ada")
	bo, cy := ada.invite("Bo"), ada.invite("Cy")
	noon := h.atNoon()
	ada.canTalk(1)
	bo.canTalk(2)
	bo.follows(ada)
	c := ada.begins(1, bo, 2)
	var wrote, took ItemNumber
	ada.writes(c, 1, "said too soon").is(201).into(&wrote)
	if !wrote.At.Equal(noon) {
		t.Errorf("written %+v", wrote)
	}
	line := bo.live()
	line.ask("watch_hallway", None{})
	ada.takesBack(c, 1, wrote.Seq).is(200).into(&took)
	line.until(func(m message) bool { return m.Conversation != nil && m.Conversation.Seq == took.Seq })
	items := bo.reads(c, 2, 0).Items
	if len(items) != 2 || items[1].Kind != conversations.TookBack || items[1].Seq != took.Seq || string(items[1].Sealed) != "note" || items[1].Person != ada.id {
		t.Errorf("Bo reads %+v", items)
	}
	var bos ItemNumber
	bo.writes(c, 2, "Bo's own").is(201).into(&bos)
	ada.writes(c, 1, "and on").is(201)
	ada.writes(c, 1, "and on").is(201)
	number := regexp.MustCompile(`"seq":\d+`) // all else is the same
	shape := func(a answered) string { return number.ReplaceAllString(string(a.is(200).body), "") }
	if foreign, none := shape(ada.takesBack(c, 1, bos.Seq)), shape(ada.takesBack(c, 1, 4000)); foreign != none {
		t.Errorf("of Bo's %s, and of none %s", foreign, none)
	}
	if items := ada.reads(c, 1, bos.Seq-1).Items; string(items[0].Sealed) != "Bo's own" {
		t.Errorf("Ada reads %+v", items)
	}
	ada.takesBack(c, 1, bos.Seq).problem("many_taken_back") // no more than she has written
	ada.takesBack(c, 1, 0).problem("bad_request")
	ada.takesBack(c, 9, wrote.Seq).problem("no_device")
	cy.takesBack(c, 3, wrote.Seq).problem("no_conversation")
	var late ItemNumber
	bo.writes(c, 2, "stands").is(201).into(&late)
	h.at(noon.Add(conversations.TakeBackFor + time.Second))
	bo.takesBack(c, 2, late.Seq).problem("late_to_take_back")
}
