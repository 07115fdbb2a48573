package room

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/stoa-audio/stoa/internal/id"
)

var update = flag.Bool("update", false, "write the vectors anew")

const vectorsPath = "../../test/vectors/room.json"

// A vector is a view, events, and the view after them, as every client must
// have it.
type vector struct {
	Name   string            `json:"name"`
	View   json.RawMessage   `json:"view"`
	Events []json.RawMessage `json:"events"`
	After  json.RawMessage   `json:"after"`
}

// plots are the stories of the vectors. Each goes on from agora with lia and
// asa followed by somebody on the stage, or from a room not yet opened.
var plots = []struct {
	name   string
	opens  bool
	events []Event
}{
	{"a room is opened", true, []Event{
		Opened{person("zeno"), "Zeno", "Tea", Social, noon, noon.Add(OpenHold)},
	}},
	{"a room is opened and its opener comes in", true, []Event{
		Opened{person("zeno"), "Zeno", "", Closed, noon, noon.Add(OpenHold)},
		LetInto{person("lia")},
		Returned{Who: person("zeno")},
		Entered{Who: person("lia"), Name: "Lia \"<&>\" 🎈", Followed: true},
	}},
	{"somebody enters, followed", false, []Event{Entered{Who: person("nemo"), Name: "Nemo", Followed: true}}},
	{"somebody enters, not followed", false, []Event{Entered{Who: person("nemo"), Name: "Nemo"}}},
	{"who enters again stands at the end of the audience", false, []Event{
		Left{person("lia"), LeftQuietly},
		Entered{Who: person("lia"), Name: "Lia"},
	}},
	{"a connection is lost", false, []Event{WentAway{person("sol"), noon.Add(SeatHold)}}},
	{"a connection is lost and comes back", false, []Event{
		WentAway{person("sol"), noon.Add(SeatHold)},
		Returned{Who: person("sol")},
	}},
	{"another device takes the seat over", false, []Event{
		Returned{Who: person("sol")},
		Muted{person("sol"), person("sol")},
	}},
	{"an invitation outlasts a lost connection", false, []Event{
		WentAway{person("asa"), noon.Add(SeatHold)},
		Returned{Who: person("asa")},
	}},
	{"a listener leaves", false, []Event{Left{person("lia"), LeftQuietly}}},
	{"a speaker is lost", false, []Event{Left{person("sol"), LeftLost}}},
	{"a moderator is removed", false, []Event{Left{person("mira"), LeftRemoved}}},
	{"the last moderator leaves and a speaker moderates", false, []Event{
		SteppedDown{person("mira"), person("zeno")},
		Left{person("zeno"), LeftQuietly},
		MadeModerator{person("sol")},
	}},
	{"a hand goes up", false, []Event{HandRaised{person("lia")}}},
	{"a hand goes up, down, and up again", false, []Event{
		HandRaised{person("lia")},
		HandLowered{person("lia")},
		HandRaised{person("lia")},
	}},
	{"hands are off", false, []Event{HandRaised{person("lia")}, HandsSet{HandsOff}}},
	{"hands are for the followed", false, []Event{HandRaised{person("lia")}, HandsSet{HandsFollowed}}},
	{"hands are for everyone again, those down stay down", false, []Event{HandsSet{HandsOff}, HandsSet{HandsEveryone}}},
	{"a hand stays up for who is no longer followed", false, []Event{
		HandsSet{HandsFollowed},
		HandRaised{person("lia")},
		Regrouped{Unfollowed: []id.Person{person("lia")}},
	}},
	{"somebody is asked up", false, []Event{AskedUp{person("hal"), person("mira"), noon.Add(AskExpiry)}}},
	{"somebody is asked up for longer", false, []Event{AskedUp{person("asa"), person("mira"), noon.Add(2 * AskExpiry)}}},
	{"an invitation is declined", false, []Event{AskOver{person("asa"), AskDeclined}}},
	{"an invitation expires, and the hand stays up", false, []Event{
		HandRaised{person("asa")},
		AskOver{person("asa"), AskExpired},
	}},
	{"a listener steps up, hand and invitation go", false, []Event{
		HandRaised{person("asa")},
		SteppedUp{person("asa")},
		Unmuted{person("asa")},
	}},
	{"who steps up twice stands where they stood", false, []Event{SteppedUp{person("sol")}}},
	{"a speaker steps down", false, []Event{SteppedDown{person("sol"), person("sol")}}},
	{"a moderator is moved down", false, []Event{SteppedDown{person("mira"), person("zeno")}}},
	{"a listener steps down, which changes nothing", false, []Event{SteppedDown{person("hal"), person("hal")}}},
	{"who steps down and up again stands last on the stage", false, []Event{
		SteppedDown{person("mira"), person("mira")},
		AskedUp{person("mira"), person("zeno"), noon.Add(AskExpiry)},
		SteppedUp{person("mira")},
	}},
	{"a microphone is closed", false, []Event{Muted{person("sol"), person("zeno")}}},
	{"a microphone is opened", false, []Event{Unmuted{person("sky")}}},
	{"a listener has no microphone to open", false, []Event{Unmuted{person("lia")}}},
	{"a speaker becomes moderator", false, []Event{MadeModerator{person("sky")}}},
	{"a listener does not become moderator", false, []Event{MadeModerator{person("lia")}}},
	{"who moderates does so for as long as before", false, []Event{MadeModerator{person("mira")}}},
	{"somebody is let in", false, []Event{LetInto{person("ron")}}},
	{"the room is widened", false, []Event{Widened{Social}, Widened{Open}}},
	{"people are followed and unfollowed", false, []Event{
		Regrouped{[]id.Person{person("hal"), person("sol"), person("nemo")}, []id.Person{person("lia"), person("ron")}},
	}},
	{"nobody is followed or unfollowed", false, []Event{Regrouped{}}},
	{"a moderator ends the room", false, []Event{Ended{EndedByModerator}}},
	{"the stage is empty", false, []Event{
		Left{person("mira"), LeftLost},
		Left{person("sol"), LeftLost},
		Left{person("sky"), LeftLost},
		Left{person("zeno"), LeftLost},
		Ended{EndedEmptyStage},
	}},
	{"nobody there: what is about nemo changes nothing but the number", false, []Event{
		Returned{Who: person("nemo")},
		WentAway{person("nemo"), noon.Add(SeatHold)},
		Left{person("nemo"), LeftQuietly},
		Left{person("nemo"), LeftRemoved},
		HandRaised{person("nemo")},
		HandLowered{person("nemo")},
		AskedUp{person("nemo"), person("zeno"), noon.Add(AskExpiry)},
		AskOver{person("nemo"), AskExpired},
		SteppedUp{person("nemo")},
		SteppedDown{person("nemo"), person("zeno")},
		Muted{person("nemo"), person("zeno")},
		Unmuted{person("nemo")},
		MadeModerator{person("nemo")},
		Regrouped{[]id.Person{person("nemo")}, nil},
	}},
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
			var r Room
			if err := json.Unmarshal(v.View, &r); err != nil {
				t.Fatal(err)
			}
			for _, frame := range v.Events {
				seq, e := parseFrame(t, frame)
				if r.Apply(e); r.Seq() != seq {
					t.Fatalf("%s is event number %d", frame, r.Seq())
				}
				seen[e.kind()] = true
			}
			if got, want := viewText(t, &r), compact(t, v.After); !bytes.Equal(got, want) {
				t.Errorf("after the events the view is\n%s, not\n%s", got, want)
			}
		})
	}
	for kind := range parsers {
		if !seen[kind] {
			t.Errorf("no vector has an event %q", kind)
		}
	}
	if !bytes.Equal(text, writeVectors(t)) {
		t.Error("the file is not what the rules say now; if it should be: go test ./internal/room -run TestVectors -update")
	}
}

// writeVectors returns the file: a line for each view and each event.
func writeVectors(t *testing.T) []byte {
	var b bytes.Buffer
	for i, plot := range plots {
		r := new(Room)
		if !plot.opens {
			r = agora(t)
			r.Apply(Regrouped{Followed: []id.Person{person("lia"), person("asa")}})
		}
		b.WriteString(separator(i, "[\n", ",\n"))
		fmt.Fprintf(&b, "{\"name\": %q,\n \"view\": %s,\n \"events\": ", plot.name, viewText(t, r))
		for i, e := range plot.events {
			r.Apply(e)
			b.WriteString(separator(i, "[\n  ", ",\n  "))
			fmt.Fprintf(&b, `{"seq":%d,"room":%q,%s}`, r.Seq(), id.Room(person("agora")), AppendEvent(nil, e))
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

// parseFrame reads an event as a watcher is sent it.
func parseFrame(t *testing.T, frame []byte) (uint64, Event) {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(frame, &members); err != nil {
		t.Fatal(err)
	}
	var seq uint64
	if err := json.Unmarshal(members["seq"], &seq); err != nil {
		t.Fatal(err)
	}
	delete(members, "seq")
	delete(members, "room")
	rest, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ParseEvent(rest)
	if err != nil {
		t.Fatal(err)
	}
	return seq, e
}

func viewText(t *testing.T, r *Room) []byte {
	t.Helper()
	text, err := json.Marshal(r.View())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func compact(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
