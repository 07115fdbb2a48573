package signal

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/stoa-audio/stoa/internal/id"
)

var someone = func() (who id.Person) { copy(who[:], "someone"); return who }()

// requests has one of each kind.
var requests = map[string]Request{
	`{"id":1,"ping":{}}`:                                                      {ID: 1, Ping: &None{}},
	`{"watch_hallway":{},"id":2}`:                                             {ID: 2, WatchHallway: &None{}},
	`{"id":3,"enter":{"grant":"v4.public.x"}}`:                                {ID: 3, Enter: &Enter{Grant: "v4.public.x"}},
	`{"id":3,"enter":{"grant":"x","since":41}}`:                               {ID: 3, Enter: &Enter{Grant: "x", Since: 41}},
	`{"id":4,"offer":{"sdp":"v=0\r\n"}}`:                                      {ID: 4, Offer: &Offer{SDP: "v=0\r\n"}},
	`{"id":4,"offer":{"sdp":"v=0","standby":true}}`:                           {ID: 4, Offer: &Offer{SDP: "v=0", Standby: true}},
	`{"id":5,"release":{}}`:                                                   {ID: 5, Release: &None{}},
	`{"id":5,"switch":{}}`:                                                    {ID: 5, Switch: &Switch{}},
	`{"id":5,"leave":{}}`:                                                     {ID: 5, Leave: &None{}},
	`{"id":5,"itinerary":{}}`:                                                 {ID: 5, Itinerary: &None{}},
	`{"id":6,"raise_hand":{}}`:                                                {ID: 6, RaiseHand: &None{}},
	`{"id":7,"lower_hand":{"who":"` + someone.String() + `"}}`:                {ID: 7, LowerHand: &Who{someone}},
	`{"id":8,"set_hands":{"policy":"followed"}}`:                              {ID: 8, SetHands: &SetHands{"followed"}},
	`{"id":9,"ask_up":{"who":"` + someone.String() + `"}}`:                    {ID: 9, AskUp: &Who{someone}},
	`{"id":10,"step_up":{}}`:                                                  {ID: 10, StepUp: &None{}},
	`{"id":11,"decline":{}}`:                                                  {ID: 11, Decline: &None{}},
	`{"id":12,"step_down":{}}`:                                                {ID: 12, StepDown: &None{}},
	`{"id":13,"mute":{"who":"` + someone.String() + `"}}`:                     {ID: 13, Mute: &Who{someone}},
	`{"id":14,"unmute":{}}`:                                                   {ID: 14, Unmute: &None{}},
	`{"id":15,"move_down":{"who":"` + someone.String() + `"}}`:                {ID: 15, MoveDown: &Who{someone}},
	`{"id":16,"make_moderator":{"who":"` + someone.String() + `"}}`:           {ID: 16, MakeModerator: &Who{someone}},
	`{"id":17,"remove":{"who":"` + someone.String() + `"}}`:                   {ID: 17, Remove: &Who{someone}},
	`{"id":18,"let_in":{"who":"` + someone.String() + `"}}`:                   {ID: 18, LetIn: &Who{someone}},
	`{"id":19,"describe":{"title":"Tea","language":"de","topics":["music"]}}`: {ID: 19, Describe: &Describe{"Tea", "de", []string{"music"}}},
	`{"id":19,"set_shield":{"on":true}}`:                                      {ID: 19, SetShield: &SetShield{true}},
	`{"id":19,"prove":{"proven":true}}`:                                       {ID: 19, Prove: &Prove{true}},
	`{"id":19,"widen":{"to":"open"}}`:                                         {ID: 19, Widen: &Widen{"open"}},
	`{"id":20,"set_fence":{"to":"eu+ch"}}`:                                    {ID: 20, SetFence: &SetFence{"eu+ch"}},
	`{"id":20,"end":{}}`:                                                      {ID: 20, End: &None{}},
	`{"id":21,"knock":{"member":"AQIDBAUGBwg","knock":"-_8","epoch":3}}`: {
		ID: 21, Knock: &Knock{Member: Member{1, 2, 3, 4, 5, 6, 7, 8}, Knock: Bytes{0xfb, 0xff}, Epoch: 3},
	},
	`{"id":22,"tend":{}}`:        {ID: 22, Tend: &None{}},
	`{"id":23,"next_knocks":{}}`: {ID: 23, NextKnocks: &None{}},
	`{"id":24,"announce":{"sequence":2,"epoch":1,"announce":"YQ","roster":"cg","stage":["` + someone.String() + `"]}}`: {
		ID: 24, Announce: &Announce{Sequence: 2, Epoch: 1, Announce: Bytes("a"), Roster: Bytes("r"), Stage: []id.Person{someone}},
	},
	`{"id":30,"react":{"emoji":"👏"}}`:                                  {ID: 30, React: &React{"👏"}},
	`{"id":31,"say":{"sealed":"YQ"}}`:                                  {ID: 31, Say: &Say{Bytes("a")}},
	`{"id":32,"unsay":{"n":1795956608000}}`:                            {ID: 32, Unsay: &Unsay{1795956608000}},
	`{"id":33,"set_chat":{"policy":"stage"}}`:                          {ID: 33, SetChat: &SetChat{"stage"}},
	`{"id":34,"pin":{"url":"https://example.org/","text":"The plan"}}`: {ID: 34, Pin: &Pin{"https://example.org/", "The plan"}},
	`{"id":35,"unpin":{"pin":7}}`:                                      {ID: 35, Unpin: &Unpin{7}},
	`{"id":36,"open_poll":{"question":"Tea?","options":["yes","no"]}}`: {ID: 36, OpenPoll: &OpenPoll{"Tea?", []string{"yes", "no"}}},
	`{"id":37,"vote":{"poll":9,"option":1}}`:                           {ID: 37, Vote: &Vote{9, 1}},
	`{"id":38,"close_poll":{"poll":9}}`:                                {ID: 38, ClosePoll: &ClosePoll{9}},
	`{"id":25,"letters":{"epoch":1,"letters":"YQ"}}`:                   {ID: 25, Letters: &Letters{Epoch: 1, Letters: Bytes("a")}},
}

func TestParseRequest(t *testing.T) {
	seen := make(map[string]bool)
	for text, want := range requests {
		got, err := ParseRequest([]byte(text))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %+v, %v", text, got, err)
		}
		for _, name := range set(got) {
			seen[name] = true
		}
	}
	for field := range reflect.TypeFor[Request]().Fields() {
		if field.Name != "ID" && !seen[field.Name] {
			t.Errorf("no example of %s", field.Name)
		}
	}
}

// set returns the names of the things that r asks.
func set(r Request) []string {
	var names []string
	v := reflect.ValueOf(r)
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Pointer && !f.IsNil() {
			names = append(names, v.Type().Field(i).Name)
		}
	}
	return names
}

func TestParseRequestRefuses(t *testing.T) {
	for about, text := range map[string]string{
		"nothing":              ``,
		"an empty object":      `{}`,
		"a list":               `[{"id":1,"ping":{}}]`,
		"null":                 `null`,
		"half":                 `{"id":1,"ping":{}`,
		"two":                  `{"id":1,"ping":{}}{"id":2,"ping":{}}`,
		"no number":            `{"ping":{}}`,
		"number null":          `{"id":null,"ping":{}}`,
		"no bytes":             `{"id":1,"letters":{"epoch":1,"letters":"!"}}`,
		"bytes with padding":   `{"id":1,"letters":{"epoch":1,"letters":"YQ=="}}`,
		"a short member":       `{"id":1,"knock":{"member":"AQID","knock":"YQ"}}`,
		"a long knock":         `{"id":1,"knock":{"member":"AQIDBAUGBwg","knock":"` + strings.Repeat("A", 2100) + `"}}`,
		"a long saying":        `{"id":1,"say":{"sealed":"` + strings.Repeat("A", 2001) + `"}}`,
		"a long roster":        `{"id":1,"announce":{"announce":"YQ","roster":"` + strings.Repeat("A", 7000) + `"}}`,
		"number as text":       `{"id":"1","ping":{}}`,
		"number below zero":    `{"id":-1,"ping":{}}`,
		"number with fraction": `{"id":1.5,"ping":{}}`,
		"nothing to do":        `{"id":1}`,
		"nothing known to do":  `{"id":1,"dance":{}}`,
		"two things to do":     `{"id":1,"ping":{},"leave":{}}`,
		"null to do":           `{"id":1,"ping":null}`,
		"a number to do":       `{"id":1,"ping":1}`,
		"an unknown member":    `{"id":1,"ping":{"loud":true}}`,
		"no person":            `{"id":1,"ask_up":{"who":"somebody"}}`,
		"another number":       `{"id":1,"ID":{}}`,
		"a long grant":         `{"id":1,"enter":{"grant":"` + strings.Repeat("x", GrantMax+1) + `"}}`,
		"a long offer":         `{"id":1,"offer":{"sdp":"` + strings.Repeat("x", SDPMax+1) + `"}}`,
		"a long request":       `{"id":1,"ping":{}}` + strings.Repeat(" ", RequestMax),
		"much in much":         `{"id":1,"ping":` + strings.Repeat(`{"a":`, 5000) + `{}` + strings.Repeat(`}`, 5001),
	} {
		if r, err := ParseRequest([]byte(text)); !errors.Is(err, ErrRequest) {
			t.Errorf("%s is %+v, %v", about, r, err)
		}
	}
}

// A client must get members as signal.md writes them, empty ones too.
func TestWrittenForms(t *testing.T) {
	var name id.Room
	for _, test := range []struct {
		message any
		want    string
	}{
		{Reply{Re: 7, Done: &None{}}, `{"re":7,"done":{}}`},
		{
			Reply{Re: 8, Problem: &Problem{Code: "not_moderator", Title: "Only a moderator may do this", Status: 403}},
			`{"re":8,"problem":{"code":"not_moderator","title":"Only a moderator may do this","status":403}}`,
		},
		{Reply{Problem: &Problem{Code: "bad_request"}}, `{"re":0,"problem":{"code":"bad_request","title":"","status":0}}`},
		{
			Reply{Re: 1, Entered: &Entered{You: json.RawMessage(`{"who":"x"}`), View: json.RawMessage(`{"seq":41}`)}},
			`{"re":1,"entered":{"room":"` + name.String() + `","me":"` + name.String() + `","session":"` + name.String() + `","you":{"who":"x"},"view":{"seq":41}}}`,
		},
		{Reply{Re: 2, Answer: &Answer{"v=0"}}, `{"re":2,"answer":{"sdp":"v=0"}}`},
		{Notice{Hallway: &None{}}, `{"hallway":{}}`},
		{
			Notice{Voices: &Voices{Slots: []*id.Person{nil, &someone}, Speaking: []id.Person{}, FrameMS: 40, Repeat: []int{2, 4}}},
			`{"voices":{"room":"` + name.String() + `","slots":[null,"` + someone.String() + `"],"speaking":[],"frame_ms":40,"repeat":[2,4]}}`,
		},
		{Notice{Crowd: &Crowd{Count: 5012}}, `{"crowd":{"room":"` + name.String() + `","count":5012}}`},
		{Notice{You: &You{Followed: false}}, `{"you":{"room":"` + name.String() + `","followed":false}}`},
		{
			Notice{Reactions: &Reactions{Counts: map[string]int{"👏": 2}, By: []Reaction{{someone, "👏"}}}},
			`{"reactions":{"room":"` + name.String() + `","counts":{"👏":2},"by":[{"who":"` + someone.String() + `","emoji":"👏"}]}}`,
		},
		{
			Notice{Said: &Said{N: 7, Who: someone, Name: "Zeno", Sealed: Bytes("a")}},
			`{"said":{"room":"` + name.String() + `","n":7,"who":"` + someone.String() + `","name":"Zeno","sealed":"YQ"}}`,
		},
		{Notice{Unsaid: &Unsaid{N: 7, By: someone}}, `{"unsaid":{"room":"` + name.String() + `","n":7,"by":"` + someone.String() + `"}}`},
		{Notice{Poll: &Poll{Poll: 9, Counts: []int{0, 2}, Voters: 2}}, `{"poll":{"room":"` + name.String() + `","poll":9,"counts":[0,2],"voters":2}}`},
		{
			Notice{Clock: &Clock{Seconds: map[id.Person]int{someone: 61}}},
			`{"clock":{"room":"` + name.String() + `","seconds":{"` + someone.String() + `":61}}}`,
		},
		{Notice{Cut: &Cut{Why: CutSlow}}, `{"cut":{"room":"` + name.String() + `","why":"slow"}}`},
	} {
		if got, err := json.Marshal(test.message); err != nil || string(got) != test.want {
			t.Errorf("got  %s, %v\nwant %s", got, err, test.want)
		}
		if r, ok := test.message.(Reply); ok {
			if got, err := MarshalReply(r); err != nil || string(got) != test.want {
				t.Errorf("got  %s, %v\nwant %s", got, err, test.want)
			}
		}
	}
}

func FuzzParseRequest(f *testing.F) {
	for text := range requests {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := ParseRequest(text)
		if err != nil {
			if !errors.Is(err, ErrRequest) {
				t.Fatal(err)
			}
			return
		}
		if len(set(r)) != 1 {
			t.Fatalf("%s asks %v", text, set(r))
		}
		written, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ParseRequest(written); err != nil || !reflect.DeepEqual(back, r) {
			t.Fatalf("%s came back as %+v, %v", written, back, err)
		}
	})
}
