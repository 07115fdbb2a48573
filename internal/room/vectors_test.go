package room

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

var update = flag.Bool("update", false, "write the vectors anew")

const vectorsPath = "../../test/vectors/room.json"

// A vector is a view, what is sent then, and the view after it, as every client
// must have it.
type vector struct {
	Name   string            `json:"name"`
	View   json.RawMessage   `json:"view"`
	Events []json.RawMessage `json:"events"`
	After  json.RawMessage   `json:"after"`
}

// plots are the stories of the vectors. Each goes on from agora with lia and
// asa followed by somebody on the stage, from that room with so large an
// audience that whoever comes in now is not sampled, or from a room not yet
// opened.
var plots = []struct {
	name   string
	begin  begin
	events []Event
}{
	{"a room is opened", unopened, []Event{
		Opened{person("zeno"), "Zeno", "Tea", Social, noon, noon.Add(OpenHold), region.Fence{}, "", Club{}, nil, "", nil},
	}},
	{"a room is opened and its opener comes in", unopened, []Event{
		Opened{person("zeno"), "Zeno", "", Closed, noon, noon.Add(OpenHold), region.Fence{}, "", Club{}, nil, "", nil},
		LetInto{person("lia")},
		Returned{Who: person("zeno")},
		Entered{Who: person("lia"), Name: "Lia \"<&>\" 🎈", Followed: true},
	}},
	{"a room is opened inside a fence, which is set anew and taken away", unopened, []Event{
		Opened{person("zeno"), "Zeno", "Tea", Social, noon, noon.Add(OpenHold), region.In("eu", "ch"), "", Club{}, nil, "", nil},
		Fenced{person("zeno"), region.In("eu")},
		Fenced{person("zeno"), region.Anywhere},
	}},
	{"a room is opened for the members of a club, and widened", unopened, []Event{
		Opened{person("zeno"), "Zeno", "Tea", Members, noon, noon.Add(OpenHold), region.Fence{}, "", Club{id.Club(person("tea")), "Tea & <bread>"}, nil, "", nil},
		Widened{Open},
	}},
	{"a closed room of a club that is not listed is opened for its members", unopened, []Event{
		Opened{person("zeno"), "Zeno", "Tea", Closed, noon, noon.Add(OpenHold), region.Fence{}, "", Club{ID: id.Club(person("tea"))}, nil, "", nil},
		Entered{Who: person("lia"), Name: "Lia"},
		Widened{Members},
	}},
	{"a planned room is opened, and a host comes before the one who has planned it", unopened, []Event{
		Opened{person("zeno"), "Zeno", "Tea", Open, noon, noon.Add(HostsHold), region.Fence{}, "", Club{}, []id.Person{person("zeno"), person("mira")}, "", nil},
		Entered{Who: person("lia"), Name: "Lia"},
		Entered{Who: person("mira"), Name: "Mira"},
		SteppedUp{person("mira")},
		MadeModerator{person("mira")},
		Returned{Who: person("zeno")},
	}},
	{"a room is opened in a language and about something", unopened, []Event{
		Opened{person("zeno"), "Zeno", "Tea", Open, noon, noon.Add(OpenHold), region.Fence{}, "", Club{}, nil, "de-AT", []string{"food", "history"}},
		Entered{Who: person("lia"), Name: "Lia"},
	}},
	{"a fence is set", usual, []Event{Fenced{person("mira"), region.Only(region.Place{Region: "eu", Operator: "example"})}}},
	{"somebody enters, followed", usual, []Event{Entered{Who: person("nemo"), Name: "Nemo", Followed: true}}},
	{"somebody enters, not followed", usual, []Event{Entered{Who: person("nemo"), Name: "Nemo"}}},
	{"who enters again stands at the end of the audience", usual, []Event{
		Left{person("lia"), LeftQuietly},
		Entered{Who: person("lia"), Name: "Lia"},
	}},
	{"a connection is lost", usual, []Event{WentAway{person("sol"), noon.Add(SeatHold)}}},
	{"a connection is lost and comes back", usual, []Event{
		WentAway{person("sol"), noon.Add(SeatHold)},
		Returned{Who: person("sol")},
	}},
	{"another device takes the seat over", usual, []Event{
		Returned{Who: person("sol")},
		Muted{person("sol"), person("sol")},
	}},
	{"an invitation outlasts a lost connection", usual, []Event{
		WentAway{person("asa"), noon.Add(SeatHold)},
		Returned{Who: person("asa")},
	}},
	{"a listener leaves", usual, []Event{Left{person("lia"), LeftQuietly}}},
	{"a speaker is lost", usual, []Event{Left{person("sol"), LeftLost}}},
	{"a moderator is removed", usual, []Event{Left{person("mira"), LeftRemoved}}},
	{"the last moderator leaves and a speaker moderates", usual, []Event{
		SteppedDown{person("mira"), person("zeno")},
		Left{person("zeno"), LeftQuietly},
		MadeModerator{person("sol")},
	}},
	{"a hand goes up", usual, []Event{HandRaised{person("lia")}}},
	{"a hand goes up, down, and up again", usual, []Event{
		HandRaised{person("lia")},
		HandLowered{person("lia")},
		HandRaised{person("lia")},
	}},
	{"hands are off", usual, []Event{HandRaised{person("lia")}, HandsSet{HandsOff}}},
	{"hands are for the followed", usual, []Event{HandRaised{person("lia")}, HandsSet{HandsFollowed}}},
	{"hands are for everyone again, those down stay down", usual, []Event{HandsSet{HandsOff}, HandsSet{HandsEveryone}}},
	{"a hand stays up for who is no longer followed", usual, []Event{
		HandsSet{HandsFollowed},
		HandRaised{person("lia")},
		Regrouped{Unfollowed: []id.Person{person("lia")}},
	}},
	{"somebody is asked up", usual, []Event{AskedUp{person("hal"), person("mira"), noon.Add(AskExpiry)}}},
	{"somebody is asked up for longer", usual, []Event{AskedUp{person("asa"), person("mira"), noon.Add(2 * AskExpiry)}}},
	{"an invitation is declined", usual, []Event{AskOver{person("asa"), AskDeclined}}},
	{"an invitation expires, and the hand stays up", usual, []Event{
		HandRaised{person("asa")},
		AskOver{person("asa"), AskExpired},
	}},
	{"a listener steps up, hand and invitation go", usual, []Event{
		HandRaised{person("asa")},
		SteppedUp{person("asa")},
		Unmuted{person("asa")},
	}},
	{"who steps up twice stands where they stood", usual, []Event{SteppedUp{person("sol")}}},
	{"a speaker steps down", usual, []Event{SteppedDown{person("sol"), person("sol")}}},
	{"a moderator is moved down", usual, []Event{SteppedDown{person("mira"), person("zeno")}}},
	{"a listener steps down, which changes nothing", usual, []Event{SteppedDown{person("hal"), person("hal")}}},
	{"who steps down and up again stands last on the stage", usual, []Event{
		SteppedDown{person("mira"), person("mira")},
		AskedUp{person("mira"), person("zeno"), noon.Add(AskExpiry)},
		SteppedUp{person("mira")},
	}},
	{"a microphone is closed", usual, []Event{Muted{person("sol"), person("zeno")}}},
	{"a microphone is opened", usual, []Event{Unmuted{person("sky")}}},
	{"a listener has no microphone to open", usual, []Event{Unmuted{person("lia")}}},
	{"a speaker becomes moderator", usual, []Event{MadeModerator{person("sky")}}},
	{"a listener does not become moderator", usual, []Event{MadeModerator{person("lia")}}},
	{"who moderates does so for as long as before", usual, []Event{MadeModerator{person("mira")}}},
	{"somebody is let in", usual, []Event{LetInto{person("ron")}}},
	{"only what is proven is played", usual, []Event{ProofSet{true}}},
	{"everything is played again", usual, []Event{ProofSet{true}, ProofSet{false}}},
	{"new accounts are kept out, and then let in", usual, []Event{
		Shielded{true},
		Entered{Who: person("nemo"), Name: "Nemo", Followed: true, Fresh: true},
		Shielded{false},
		Entered{Who: person("newt"), Name: "Newt", Fresh: true},
	}},
	{"it is about something else, in another language", usual, []Event{Described{"Trees", "pt-BR", []string{"nature", "climate"}}}},
	{"it is about nothing in particular", usual, []Event{Described{"Trees", "en", []string{"nature"}}, Described{Title: "Tea"}}},
	{"the shield is up", usual, []Event{Shielded{true}}},
	{"only the stage may write, nobody, everybody", usual, []Event{ChatSet{ChatStage}, ChatSet{ChatOff}, ChatSet{ChatEveryone}}},
	{"links go up and down", usual, []Event{
		Pinned{person("mira"), "https://example.org/plan?a=1&b=2#c", "The plan"},
		Pinned{person("zeno"), "https://xn--bcher-kva.example/", ""},
		Unpinned{22},
	}},
	{"a link comes down", pinned, []Event{Unpinned{22}}},
	{"a poll is opened, voted in and closed", usual, []Event{
		PollOpened{person("zeno"), "Shall we go on?", []string{"Yes", "No", "Later"}},
		Voted{person("lia"), 22, 0},
		Voted{person("sol"), 22, 2},
		Voted{person("lia"), 22, 2},
		HandRaised{person("hal")},
		PollClosed{22, []int{0, 0, 2}},
	}},
	{"a poll takes the place of the one before", polled, []Event{
		PollOpened{person("mira"), "And now?", []string{"Tea", "Cake"}},
	}},
	{"a poll that is not open is not closed", polled, []Event{PollClosed{22, []int{7, 7}}, PollClosed{2, []int{1}}}},
	{"the room is widened", usual, []Event{Widened{Social}, Widened{Open}}},
	{"people are followed and unfollowed", usual, []Event{
		Regrouped{[]id.Person{person("hal"), person("sol"), person("nemo")}, []id.Person{person("lia"), person("ron")}},
	}},
	{"a moderator ends the room", usual, []Event{Ended{EndedByModerator}}},
	{"the stage is empty", usual, []Event{
		Left{person("mira"), LeftLost},
		Left{person("sol"), LeftLost},
		Left{person("sky"), LeftLost},
		Left{person("zeno"), LeftLost},
		Ended{EndedEmptyStage},
	}},
	{"of a large audience people are only counted", crowded, []Event{
		Entered{Who: person("nemo"), Name: "Nemo"},
		WentAway{person("nemo"), noon.Add(SeatHold)},
		HandRaised{person("lia")},
		Returned{Who: person("nemo")},
		Entered{Who: person("newt"), Name: "Newt", Followed: true},
		HandLowered{person("lia")},
		Left{person("nemo"), LeftQuietly},
		Muted{person("sol"), person("zeno")},
	}},
	{"who is only counted is seen while a hand is up", crowded, []Event{
		Entered{Who: person("nemo"), Name: "Nemo", Followed: true},
		HandRaised{person("nemo")},
		WentAway{person("nemo"), noon.Add(SeatHold)},
		HandLowered{person("nemo")},
		Returned{Who: person("nemo")},
		HandRaised{person("nemo")},
		HandsSet{HandsOff},
	}},
	{"who is only counted is seen while asked up", crowded, []Event{
		Entered{Who: person("nemo"), Name: "Nemo"},
		AskedUp{person("nemo"), person("zeno"), noon.Add(AskExpiry)},
		AskOver{person("nemo"), AskDeclined},
		AskedUp{person("nemo"), person("zeno"), noon.Add(AskExpiry)},
		HandRaised{person("nemo")},
		AskOver{person("nemo"), AskExpired},
	}},
	{"who is only counted is seen while on the stage", crowded, []Event{
		Entered{Who: person("nemo"), Name: "Nemo"},
		AskedUp{person("nemo"), person("zeno"), noon.Add(AskExpiry)},
		SteppedUp{person("nemo")},
		Unmuted{person("nemo")},
		SteppedDown{person("nemo"), person("zeno")},
	}},
	{"who is only counted steps up unasked and is lost", crowded, []Event{
		Entered{Who: person("nemo"), Name: "Nemo"},
		SteppedUp{person("nemo")},
		Left{person("nemo"), LeftLost},
	}},
	{"who is seen later stands where they came in", crowded, []Event{
		Entered{Who: person("nemo"), Name: "Nemo"},
		Left{person("lia"), LeftQuietly},
		Entered{Who: person("newt"), Name: "Newt"},
		HandRaised{person("nemo")},
	}},
	{"of a large audience only those seen are regrouped", crowded, []Event{
		Entered{Who: person("nemo"), Name: "Nemo"},
		Regrouped{Followed: []id.Person{person("nemo")}},
		Regrouped{Followed: []id.Person{person("hal"), person("nemo")}, Unfollowed: []id.Person{person("lia")}},
		HandRaised{person("nemo")},
		Regrouped{Unfollowed: []id.Person{person("nemo")}},
	}},
	{"a large room ends", crowded, []Event{
		Entered{Who: person("nemo"), Name: "Nemo"},
		Ended{EndedByModerator},
	}},
}

type begin int

const (
	usual begin = iota
	unopened
	crowded
	pinned
	polled
)

func (b begin) room(t *testing.T) *Room {
	if b == unopened {
		return new(Room)
	}
	r := agora(t)
	r.Apply(Regrouped{Followed: []id.Person{person("lia"), person("asa")}})
	switch b {
	case crowded:
		r.sampled = SampleMax
	case pinned:
		r.Apply(Pinned{person("zeno"), "https://example.org/one", "One"})
		r.Apply(Pinned{person("zeno"), "https://example.org/two", "Two"})
	case polled:
		r.Apply(PollOpened{person("zeno"), "Shall we go on?", []string{"Yes", "No"}})
		r.Apply(Voted{person("lia"), r.Seq(), 1})
		r.Apply(PollClosed{r.Seq() - 1, []int{0, 1}})
	case usual, unopened:
	}
	return r
}

// TestVectors runs test/vectors/room.json, which the clients run too; with
// -update it writes the file first.
func TestVectors(t *testing.T) {
	if *update {
		if err := os.WriteFile(vectorsPath, writeVectors(t), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(vectorsPath)
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) {
			w := newWatcher(t, v.View)
			for _, frame := range v.Events {
				if e := w.hear(frame); e != nil {
					seen[e.kind()] = true
				}
			}
			if got, want := w.view(), compact(t, v.After); !bytes.Equal(got, want) {
				t.Errorf("after the events the view is\n%s, not\n%s", got, want)
			}
		})
	}
	for kind := range parsers {
		if seen[kind] == (kind == Voted{}.kind()) { // that one is told to nobody
			t.Errorf("no vector has an event %q, or one has what nobody is told", kind)
		}
	}
	if !bytes.Equal(text, writeVectors(t)) {
		t.Error("the file is not what the rules say now; if it should be: go test ./internal/room -run TestVectors -update")
	}
}

// writeVectors returns the file: a line for each view and each message.
func writeVectors(t *testing.T) []byte {
	var b bytes.Buffer
	name := id.Room(person("agora"))
	for i, plot := range plots {
		r := plot.begin.room(t)
		b.WriteString(separator(i, "[\n", ",\n"))
		fmt.Fprintf(&b, "{\"name\": %q,\n \"view\": %s,\n \"events\": ", plot.name, viewText(t, r))
		sent, last := 0, r.Seq()
		write := func(message []byte) {
			b.WriteString(separator(sent, "[\n  ", ",\n  "))
			b.Write(message)
			sent++
		}
		for _, e := range plot.events {
			before := r.Len()
			sight := r.Apply(e)
			switch {
			case sight.Event != nil:
				write(sight.Append(nil, name, last, r.Seq()))
				last = r.Seq()
			case r.Len() != before:
				write(fmt.Appendf(nil, `{"crowd":{"room":%q,"count":%d}}`, name, r.Len()))
			}
		}
		fmt.Fprintf(&b, "],\n \"after\": %s}", viewText(t, r))
	}
	b.WriteString("\n]\n")
	return b.Bytes()
}

func separator(i int, first, other string) string {
	if i == 0 {
		return first
	}
	return other
}

// A watcher keeps a view by what it is sent, and knows nothing else.
type watcher struct {
	testing.TB
	room  Room // with those who are shown
	count int
}

func newWatcher(t testing.TB, view []byte) *watcher {
	t.Helper()
	w := &watcher{TB: t}
	var v View
	if err := errors.Join(json.Unmarshal(view, &v), json.Unmarshal(view, &w.room)); err != nil {
		t.Fatal(err)
	}
	w.count = v.Count
	return w
}

// hear does what a client does with a message, and returns the event in it.
func (w *watcher) hear(frame []byte) Event {
	w.Helper()
	var head struct {
		Seq, After uint64
		Person     *Participant
		Crowd      *struct{ Count int }
	}
	var members map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(frame, &head), json.Unmarshal(frame, &members)); err != nil {
		w.Fatal(err)
	}
	if head.Crowd != nil {
		w.count = head.Crowd.Count
		return nil
	}
	if head.After == 0 {
		head.After = head.Seq - 1
	}
	r := &w.room
	if head.After > r.seq || head.Seq <= r.seq {
		w.Fatalf("%s comes after %d", frame, r.seq)
	}
	for _, other := range []string{"seq", "after", "room", "person"} {
		delete(members, other)
	}
	rest, err := json.Marshal(members)
	if err != nil {
		w.Fatal(err)
	}
	e, err := ParseEvent(rest)
	if err != nil {
		w.Fatal(err)
	}
	if p := head.Person; p != nil {
		if r.here[p.Who] != nil || p.Shown() {
			w.Fatalf("%s brings somebody who is there", frame)
		}
		r.here[p.Who], r.order = p, slices.Insert(r.order, r.place(p.Entered), p)
		if away := p.AwayUntil; p.Away() {
			p.AwayUntil = time.Time{}
			r.wait(p, away, time.Time{})
		}
	}
	before := len(r.here)
	r.seq, r.sampled = head.Seq-1, 0 // whoever enters is told of because they are sampled
	r.Apply(e)
	w.count += len(r.here) - before
	if r.ended {
		w.count = 0
	}
	for _, p := range r.Participants() {
		if !p.Shown() {
			r.wait(p, time.Time{}, time.Time{})
			delete(r.here, p.Who)
			r.order = slices.DeleteFunc(r.order, func(other *Participant) bool { return other == p })
		}
	}
	return e
}

func (w *watcher) view() []byte {
	v := w.room.View()
	v.Count = w.count
	text, err := json.Marshal(v)
	if err != nil {
		w.Fatal(err)
	}
	return text
}

func viewText(t testing.TB, r *Room) []byte {
	t.Helper()
	text, err := json.Marshal(r.View())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func compact(t testing.TB, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
