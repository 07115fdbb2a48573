package room

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

// everyEvent has one event of each kind, each with all its members set.
var everyEvent = []Event{
	Opened{person("zeno"), "Zeno", "Tea & <bread>", Social, noon, noon.Add(OpenHold), region.In("eu"), "00c0ffee00c0ffee", Club{id.Club{7}, "Tea & <bread>"}, nil, "de", []string{"food"}},
	Entered{Who: person("lia"), Name: "Lía", Followed: true, Picture: "00c0ffee00c0ffee", Fresh: true},
	Returned{Who: person("zeno")},
	WentAway{person("sol"), noon.Add(SeatHold)},
	Left{person("sol"), LeftLost},
	HandRaised{person("lia")},
	HandLowered{person("lia")},
	HandsSet{HandsFollowed},
	ProofSet{true},
	Described{"Tea", "de", []string{"music"}},
	Shielded{true},
	ChatSet{ChatStage},
	Pinned{person("zeno"), "https://example.org/a?b=c&d", "The <plan>"},
	Unpinned{42},
	PollOpened{person("zeno"), "Tea & cake?", []string{"Yes", "No"}},
	Voted{person("lia"), 42, 1},
	PollClosed{42, []int{0, 1}},
	AskedUp{person("lia"), person("zeno"), noon.Add(AskExpiry)},
	AskOver{person("lia"), AskDeclined},
	SteppedUp{person("lia")},
	SteppedDown{person("lia"), person("zeno")},
	Muted{person("lia"), person("zeno")},
	Unmuted{person("lia")},
	MadeModerator{person("lia")},
	LetInto{person("ron")},
	Widened{Open},
	Fenced{person("zeno"), region.In("eu", "ch")},
	Regrouped{[]id.Person{person("lia")}, []id.Person{person("sol")}},
	Ended{EndedEmptyStage},
}

func TestEventRoundTrip(t *testing.T) {
	seen := make(map[string]bool)
	for _, e := range everyEvent {
		seen[e.kind()] = true
		back, err := ParseEvent(MarshalEvent(e))
		if err != nil || !reflect.DeepEqual(back, e) {
			t.Errorf("%s came back as %#v, %v", MarshalEvent(e), back, err)
		}
	}
	for kind := range parsers {
		if !seen[kind] {
			t.Errorf("no example of %s", kind)
		}
	}
}

// A session is nobody's to see, and not to be stored.
func TestEventHidesSession(t *testing.T) {
	secret := session("secret session")
	for _, e := range []Event{Entered{Session: secret}, Returned{Session: secret}} {
		if text := MarshalEvent(e); bytes.Contains(text, []byte(secret.String())) {
			t.Errorf("%s", text)
		}
	}
}

func TestParseEventRefuses(t *testing.T) {
	for _, text := range []string{
		``, `{}`, `[]`, `null`, `{"ended":{}`, `{"danced":{}}`, `{"ended":{},"widened":{}}`,
		`{"ended":{"who":"x"}}`, `{"muted":{"who":"x"}}`, `{"muted":7}`, `{"muted":null}`, `{"widened":{"to":"ajar"}}`,
	} {
		if e, err := ParseEvent([]byte(text)); !errors.Is(err, ErrEvent) {
			t.Errorf("%s is %#v, %v", text, e, err)
		}
	}
}

func FuzzParseEvent(f *testing.F) {
	for _, e := range everyEvent {
		f.Add(MarshalEvent(e))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := ParseEvent(text)
		if err != nil {
			return
		}
		written := MarshalEvent(e)
		back, err := ParseEvent(written)
		if err != nil || !bytes.Equal(MarshalEvent(back), written) {
			t.Fatalf("%s, written as %s, came back as %#v, %v", text, written, back, err)
		}
		agora(t).Apply(e) // must not panic, whatever it says
	})
}
