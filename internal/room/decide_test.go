package room

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

// noon is when every room of these tests is opened.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// person and session return the id that a short word stands for.
func person(word string) (who id.Person) { copy(who[:], word); return who }

func session(word string) (s id.Session) { copy(s[:], word); return s }

// seat is where agora seats the person.
func seat(word string) Seat { return Seat{person(word), session(word)} }

// do decides c, applies what follows, and returns it.
func do(t testing.TB, r *Room, now time.Time, c Command) []Event {
	t.Helper()
	events, err := r.Decide(now, c)
	if err != nil {
		t.Fatalf("%T: %v", c, err)
	}
	for _, e := range events {
		r.Apply(e)
	}
	return events
}

// kinds names events as the table tests do.
func kinds(events []Event) string {
	var words []string
	for _, e := range events {
		words = append(words, e.kind())
	}
	return strings.Join(words, " ")
}

// agora is an open room with one of every kind of person in it:
//
//	zeno  opened it and moderates
//	mira  moderates too, for less long
//	sol   speaks, the microphone open
//	sky   speaks, muted
//	lia   listens
//	hal   listens, the hand up
//	asa   listens, invited to the stage
//	ron   has been removed
//	nemo  is not there
func agora(t testing.TB) *Room {
	t.Helper()
	r := new(Room)
	do(t, r, noon, OpenRoom{By: person("zeno"), Name: "Zeno", Title: "Tea", Visibility: Open})
	for _, word := range []string{"zeno", "mira", "sol", "sky", "lia", "hal", "asa", "ron"} {
		do(t, r, noon, Enter{Who: person(word), Name: word, Session: session(word)})
	}
	for _, word := range []string{"mira", "sol", "sky"} {
		do(t, r, noon, AskUp{seat("zeno"), person(word)})
		do(t, r, noon, StepUp{seat(word)})
	}
	do(t, r, noon, MakeModerator{seat("zeno"), person("mira")})
	do(t, r, noon, Unmute{seat("sol")})
	do(t, r, noon, RaiseHand{seat("hal")})
	do(t, r, noon, AskUp{seat("zeno"), person("asa")})
	do(t, r, noon, Remove{seat("zeno"), person("ron")})
	return r
}

// A verdict is a refusal, or the kinds of the events that follow.
type verdict any

// askers stand for the roles, in the order of the columns below.
var askers = []string{"nemo", "lia", "sol", "mira", "zeno"}

// judgements says for every command that somebody asks what follows when a
// stranger, a listener, a speaker, a junior and a senior moderator ask it.
var judgements = []struct {
	about   string
	ask     func(by Seat) Command
	verdict [5]verdict
}{
	{
		"lose the connection", func(by Seat) Command { return Disconnect{by} },
		[5]verdict{ErrNotHere, "went_away", "went_away", "went_away", "went_away"},
	},
	{
		"leave", func(by Seat) Command { return Leave{by} },
		[5]verdict{ErrNotHere, "left", "left", "left", "left"},
	},
	{
		"raise the hand", func(by Seat) Command { return RaiseHand{by} },
		[5]verdict{ErrNotHere, "hand_raised", ErrOnStage, ErrOnStage, ErrOnStage},
	},
	{
		"lower the own hand", func(by Seat) Command { return LowerHand{by, by.Who} },
		[5]verdict{ErrNotHere, "", "", "", ""},
	},
	{
		"lower another's hand", func(by Seat) Command { return LowerHand{by, person("hal")} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, "hand_lowered", "hand_lowered"},
	},
	{
		"lower the hand of somebody not there", func(by Seat) Command { return LowerHand{by, person("ron")} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, ErrNoPerson, ErrNoPerson},
	},
	{
		"close hands", func(by Seat) Command { return SetHands{by, HandsOff} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, "hands_set", "hands_set"},
	},
	{
		"leave hands as they are", func(by Seat) Command { return SetHands{by, HandsEveryone} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, "", ""},
	},
	{
		"set hands to what nobody knows", func(by Seat) Command { return SetHands{by, HandsEveryone + 1} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, ErrText, ErrText},
	},
	{
		"ask a listener up", func(by Seat) Command { return AskUp{by, person("hal")} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, "asked_up", "asked_up"},
	},
	{
		"ask up who is asked already", func(by Seat) Command { return AskUp{by, person("asa")} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, "", ""},
	},
	{
		"ask a speaker up", func(by Seat) Command { return AskUp{by, person("sky")} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, ErrOnStage, ErrOnStage},
	},
	{
		"ask up somebody not there", func(by Seat) Command { return AskUp{by, person("ron")} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, ErrNoPerson, ErrNoPerson},
	},
	{
		"step up unasked", func(by Seat) Command { return StepUp{by} },
		[5]verdict{ErrNotHere, ErrNotAsked, "", "", ""},
	},
	{
		"decline unasked", func(by Seat) Command { return Decline{by} },
		[5]verdict{ErrNotHere, "", "", "", ""},
	},
	{
		"step down", func(by Seat) Command { return StepDown{by} },
		[5]verdict{ErrNotHere, "", "stepped_down", "stepped_down", "stepped_down"},
	},
	{
		"mute oneself", func(by Seat) Command { return Mute{by, by.Who} },
		[5]verdict{ErrNotHere, ErrNotOnStage, "muted", "", ""},
	},
	{
		"mute a speaker", func(by Seat) Command { return Mute{by, person("sol")} },
		[5]verdict{ErrNotHere, ErrNotModerator, "muted", "muted", "muted"},
	},
	{
		"mute who is muted", func(by Seat) Command { return Mute{by, person("sky")} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, "", ""},
	},
	{
		"mute a listener", func(by Seat) Command { return Mute{by, person("hal")} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, ErrNotOnStage, ErrNotOnStage},
	},
	{
		"mute somebody not there", func(by Seat) Command { return Mute{by, person("ron")} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, ErrNoPerson, ErrNoPerson},
	},
	{
		"unmute", func(by Seat) Command { return Unmute{by} },
		[5]verdict{ErrNotHere, ErrNotOnStage, "", "unmuted", "unmuted"},
	},
	{
		"move a speaker down", func(by Seat) Command { return MoveDown{by, person("sky")} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, "stepped_down", "stepped_down"},
	},
	{
		"move a listener down", func(by Seat) Command { return MoveDown{by, person("hal")} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, "", ""},
	},
	{
		"move the senior down", func(by Seat) Command { return MoveDown{by, person("zeno")} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, ErrSenior, ErrSenior},
	},
	{
		"move the junior down", func(by Seat) Command { return MoveDown{by, person("mira")} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, ErrSenior, "stepped_down"},
	},
	{
		"move somebody not there down", func(by Seat) Command { return MoveDown{by, person("ron")} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, ErrNoPerson, ErrNoPerson},
	},
	{
		"make a speaker moderator", func(by Seat) Command { return MakeModerator{by, person("sky")} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, "made_moderator", "made_moderator"},
	},
	{
		"make a moderator moderator", func(by Seat) Command { return MakeModerator{by, person("mira")} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, "", ""},
	},
	{
		"make a listener moderator", func(by Seat) Command { return MakeModerator{by, person("hal")} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, ErrNotOnStage, ErrNotOnStage},
	},
	{
		"make somebody not there moderator", func(by Seat) Command { return MakeModerator{by, person("ron")} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, ErrNoPerson, ErrNoPerson},
	},
	{
		"remove a listener", func(by Seat) Command { return Remove{by, person("hal")} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, "left", "left"},
	},
	{
		"remove the senior", func(by Seat) Command { return Remove{by, person("zeno")} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, ErrSenior, ErrSenior},
	},
	{
		"remove the junior", func(by Seat) Command { return Remove{by, person("mira")} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, ErrSenior, "left"},
	},
	{
		"remove somebody not there", func(by Seat) Command { return Remove{by, person("ron")} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, ErrNoPerson, ErrNoPerson},
	},
	{
		"let the removed back in", func(by Seat) Command { return LetIn{by, person("ron")} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, "let_in", "let_in"},
	},
	{
		"let in who is there", func(by Seat) Command { return LetIn{by, person("hal")} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, "", ""},
	},
	{
		"let nobody in", func(by Seat) Command { return LetIn{By: by} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, ErrNoPerson, ErrNoPerson},
	},
	{
		"have only what is proven played", func(by Seat) Command { return Prove{by, true} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, "proof_set", "proof_set"},
	},
	{
		"have everything played, as it is", func(by Seat) Command { return Prove{by, false} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, "", ""},
	},
	{
		"say what it is about", func(by Seat) Command { return Describe{by, "Trees", "de", []string{"nature"}} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, "described", "described"},
	},
	{
		"say of it what is said already", func(by Seat) Command { return Describe{By: by, Title: "Tea"} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, "", ""},
	},
	{
		"say that it is about no topic there is", func(by Seat) Command { return Describe{by, "Tea", "", []string{"tea"}} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, ErrText, ErrText},
	},
	{
		"put the shield up", func(by Seat) Command { return SetShield{by, true} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, "shielded", "shielded"},
	},
	{
		"take a shield down that is not up", func(by Seat) Command { return SetShield{by, false} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, "", ""},
	},
	{
		"widen to what it is", func(by Seat) Command { return Widen{by, Open} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, "", ""},
	},
	{
		"narrow", func(by Seat) Command { return Widen{by, Social} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, ErrNarrower, ErrNarrower},
	},
	{
		"widen to what nobody knows", func(by Seat) Command { return Widen{by, Open + 1} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, ErrNarrower, ErrNarrower},
	},
	{
		"set a fence", func(by Seat) Command { return SetFence{by, region.In("eu")} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, "fenced", "fenced"},
	},
	{
		"take away the fence that is not there", func(by Seat) Command { return SetFence{by, region.Anywhere} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, "", ""},
	},
	{
		"set a fence around nothing", func(by Seat) Command { return SetFence{By: by} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, ErrNowhere, ErrNowhere},
	},
	{
		"end", func(by Seat) Command { return End{by} },
		[5]verdict{ErrNotHere, ErrNotModerator, ErrNotModerator, "ended", "ended"},
	},
}

func TestEveryRole(t *testing.T) {
	for _, j := range judgements {
		for i, who := range askers {
			t.Run(j.about+"/"+who, func(t *testing.T) {
				expect(t, agora(t), j.ask(seat(who)), j.verdict[i])
			})
		}
	}
}

// A connection that has lost its seat to another one, or is somebody else's,
// may do nothing, whatever its person may.
func TestOnlyTheSeat(t *testing.T) {
	for _, j := range judgements {
		for _, who := range askers {
			t.Run(j.about+"/"+who, func(t *testing.T) {
				for _, s := range []id.Session{{}, session("another")} {
					expect(t, agora(t), j.ask(Seat{person(who), s}), ErrNotHere)
				}
			})
		}
	}
}

// Nothing is asked of a room that is not there.
func TestNoRoom(t *testing.T) {
	ended := agora(t)
	do(t, ended, noon, End{seat("zeno")})
	for _, r := range []*Room{{}, ended} {
		for _, j := range judgements {
			expect(t, r, j.ask(seat("zeno")), ErrNoRoom)
		}
		for _, c := range []Command{Enter{Who: person("lia"), Session: session("lia")}, Regroup{}, Expire{}, Recover{}} {
			expect(t, r, c, ErrNoRoom)
		}
	}
	expect(t, ended, OpenRoom{By: person("zeno")}, ErrNoRoom)
	expect(t, agora(t), OpenRoom{By: person("zeno")}, ErrNoRoom)
}

func expect(t *testing.T, r *Room, c Command, want verdict) {
	t.Helper()
	events, err := r.Decide(noon.Add(time.Second), c)
	switch want := want.(type) {
	case error:
		if !errors.Is(err, want) || events != nil {
			t.Errorf("%T: got %q, %v; want %v", c, kinds(events), err, want)
		}
	case string:
		if kinds(events) != want || err != nil {
			t.Errorf("%T: got %q, %v; want %q", c, kinds(events), err, want)
		}
	}
}

func TestStepUp(t *testing.T) {
	r := agora(t)
	expect(t, r, StepUp{seat("asa")}, "stepped_up")
	expect(t, r, Decline{seat("asa")}, "ask_over")
	do(t, r, noon, Decline{seat("asa")})
	expect(t, r, StepUp{seat("asa")}, ErrNotAsked)

	late := agora(t)
	if _, err := late.Decide(noon.Add(AskExpiry), StepUp{seat("asa")}); !errors.Is(err, ErrNotAsked) {
		t.Errorf("stepping up after the invitation is over: %v", err)
	}
}

func TestEnter(t *testing.T) {
	followers := []id.Person{person("sol"), person("mira")}
	for _, test := range []struct {
		about   string
		change  func(r *Room)
		command Enter
		want    verdict
	}{
		{"an open room", nil, Enter{}, "entered"},
		{"with a name too long", nil, Enter{Name: strings.Repeat("é", NameMax+1)}, ErrText},
		{"with a name just short enough", nil, Enter{Name: strings.Repeat("é", NameMax)}, "entered"},
		{"with a name of two lines", nil, Enter{Name: "a\u0085b"}, ErrText},
		{"with a name that is not text", nil, Enter{Name: "\xff"}, ErrText},
		{"removed", nil, Enter{Who: person("ron")}, ErrNoRoom},
		{"let back in", func(r *Room) { r.Apply(LetInto{person("ron")}) }, Enter{Who: person("ron")}, "entered"},
		{"a closed room", func(r *Room) { r.visibility = Closed }, Enter{FollowedBy: followers}, ErrNoRoom},
		{"a closed room, invited", func(r *Room) {
			r.visibility = Closed
			r.Apply(LetInto{person("nemo")})
		}, Enter{}, "entered"},
		{"a social room", func(r *Room) { r.visibility = Social }, Enter{}, ErrNoRoom},
		{"a social room, followed by a speaker", func(r *Room) { r.visibility = Social }, Enter{FollowedBy: followers[:1]}, ErrNoRoom},
		{"a social room, followed by a moderator", func(r *Room) { r.visibility = Social }, Enter{FollowedBy: followers}, "entered"},
		{"a room whose host has blocked them", nil, Enter{BlockedBy: []id.Person{person("zeno")}}, ErrNoRoom},
		{"a room where a speaker has", nil, Enter{BlockedBy: []id.Person{person("sol")}}, "entered"},
		{"a room whose host has blocked them, let in", func(r *Room) { r.Apply(LetInto{person("nemo")}) }, Enter{BlockedBy: []id.Person{person("zeno")}}, ErrNoRoom},
		{"a room whose host has blocked them, inside", nil, Enter{Who: person("lia"), BlockedBy: []id.Person{person("zeno")}}, "returned"},
		{"a members' room, followed by a moderator", func(r *Room) { r.visibility = Members }, Enter{FollowedBy: followers}, ErrNoRoom},
		{"a members' room, as one", func(r *Room) { r.visibility = Members }, Enter{InClub: true}, "entered"},
		{"a members' room, removed", func(r *Room) { r.visibility = Members }, Enter{Who: person("ron"), InClub: true}, ErrNoRoom},
		{"a members' room, inside and a member no more", func(r *Room) { r.visibility = Members }, Enter{Who: person("lia")}, "returned"},
		{"a closed room, as a member", func(r *Room) { r.visibility = Closed }, Enter{InClub: true}, ErrNoRoom},
		{"a social room, as a member", func(r *Room) { r.visibility = Social }, Enter{InClub: true}, ErrNoRoom},
		{"an ended room", func(r *Room) { r.Apply(Ended{EndedByModerator}) }, Enter{}, ErrNoRoom},
		{"the own seat in a closed room", func(r *Room) { r.visibility = Closed }, Enter{Who: person("lia")}, "returned"},
		{"from another device", nil, Enter{Who: person("sol")}, "returned muted"},
		{"from another device, muted", nil, Enter{Who: person("sky")}, "returned"},
		{"again from the same device", nil, Enter{Who: person("sol"), Previous: session("sol")}, "returned"},
		{"from a device of long ago", nil, Enter{Who: person("sol"), Previous: session("long ago")}, "returned muted"},
	} {
		t.Run(test.about, func(t *testing.T) {
			r := agora(t)
			if test.change != nil {
				test.change(r)
			}
			c := test.command
			if c.Who.IsZero() {
				c.Who = person("nemo")
			}
			c.Session = session("new")
			expect(t, r, c, test.want)
		})
	}
}

// Who was let in, and removed for all that, is let in by nothing but a new
// word of a moderator.
func TestRemovedTwice(t *testing.T) {
	r := agora(t)
	again := Enter{Who: person("ron"), Session: session("ron")}
	for range 2 {
		expect(t, r, again, ErrNoRoom)
		if got := kinds(do(t, r, noon, LetIn{seat("zeno"), person("ron")})); got != "let_in" {
			t.Fatalf("letting in led to %q", got)
		}
		do(t, r, noon, again)
		do(t, r, noon, Remove{seat("mira"), person("ron")})
	}
}

// Nobody could give up a seat that has no connection.
func TestEnterWithoutConnection(t *testing.T) {
	expect(t, agora(t), Enter{Who: person("nemo")}, ErrNotHere)
	expect(t, agora(t), Enter{Who: person("sol")}, ErrNotHere)
}

// Who is followed by somebody on the stage is known from the start.
func TestEnterFollowed(t *testing.T) {
	for _, test := range []struct {
		by   string
		want bool
	}{{"sol", true}, {"zeno", true}, {"lia", false}, {"ron", false}} {
		r := agora(t)
		do(t, r, noon, Enter{Who: person("nemo"), Session: session("nemo"), FollowedBy: []id.Person{person(test.by)}})
		if got := r.Participant(person("nemo")).Followed; got != test.want {
			t.Errorf("followed by %s: %v", test.by, got)
		}
	}
}

// After a restart the node knows no session. The device that held the seat
// keeps its microphone open; a new one starts closed.
func TestReturnAfterRestart(t *testing.T) {
	for _, test := range []struct {
		previous id.Session
		want     string
	}{{session("sol"), "returned"}, {id.Session{}, "returned muted"}} {
		r := restored(t, agora(t))
		do(t, r, noon, Recover{})
		expect(t, r, Enter{Who: person("sol"), Session: session("new"), Previous: test.previous}, test.want)
	}
}

// restored is what a node finds of r after a restart.
func restored(t testing.TB, r *Room) *Room {
	t.Helper()
	text, err := r.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	back := new(Room)
	if err := back.UnmarshalJSON(text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return back
}

func TestOpenRoom(t *testing.T) {
	long := strings.Repeat("ü", TitleMax)
	for _, test := range []struct {
		about   string
		command OpenRoom
		want    verdict
	}{
		{"nothing said", OpenRoom{}, "opened"},
		{"a long title", OpenRoom{Title: long}, "opened"},
		{"a longer title", OpenRoom{Title: long + "!"}, ErrText},
		{"a title of two lines", OpenRoom{Title: "a\nb"}, ErrText},
		{"a long name", OpenRoom{Name: long}, ErrText},
		{"as nobody knows", OpenRoom{Visibility: Open + 1}, ErrText},
		{"for members of nothing", OpenRoom{Visibility: Members}, ErrNoClub},
		{"for members of a name", OpenRoom{Club: Club{Name: "Tea"}}, ErrNoClub},
		{"for members", OpenRoom{Visibility: Members, Club: Club{ID: id.Club{1}}}, "opened"},
		{"for members of a long name", OpenRoom{Visibility: Members, Club: Club{id.Club{1}, long}}, ErrText},
	} {
		t.Run(test.about, func(t *testing.T) { expect(t, new(Room), test.command, test.want) })
	}
}

// TestWiden widens from each visibility to each.
func TestWiden(t *testing.T) {
	all := []Visibility{Closed, Social, Members, Open}
	wider := map[[2]Visibility]bool{
		{Closed, Social}: true, {Closed, Members}: true, {Closed, Open}: true, {Social, Open}: true, {Members, Open}: true,
	}
	for _, from := range all {
		for _, to := range all {
			for _, club := range []Club{{}, {ID: id.Club{1}}} {
				r := agora(t)
				r.visibility, r.club = from, club
				var want verdict = ErrNarrower
				switch {
				case from == to:
					want = ""
				case wider[[2]Visibility{from, to}] && to == Members && club.ID.IsZero():
					want = ErrNoClub
				case wider[[2]Visibility{from, to}]:
					want = "widened"
				}
				t.Run(from.String()+" to "+to.String(), func(t *testing.T) { expect(t, r, Widen{seat("zeno"), to}, want) })
			}
		}
	}
}

func TestHandPolicy(t *testing.T) {
	r := agora(t)
	do(t, r, noon, Regroup{Followed: []id.Person{person("lia")}})
	do(t, r, noon, SetHands{seat("zeno"), HandsFollowed})
	if r.Participant(person("hal")).Hand != 0 {
		t.Error("hal's hand is up though nobody on the stage follows him")
	}
	expect(t, r, RaiseHand{seat("hal")}, ErrHands)
	expect(t, r, RaiseHand{seat("lia")}, "hand_raised")
	do(t, r, noon, RaiseHand{seat("lia")})
	expect(t, r, RaiseHand{seat("lia")}, "")
	expect(t, r, LowerHand{seat("lia"), person("lia")}, "hand_lowered")
	do(t, r, noon, SetHands{seat("zeno"), HandsOff})
	if r.Participant(person("lia")).Hand != 0 {
		t.Error("lia's hand is up though hands are off")
	}
	expect(t, r, RaiseHand{seat("lia")}, ErrHands)
}

// Every hand is shown to everybody, so there is a most of them; one that goes
// down, in whatever way, makes room for another.
func TestHandsAreBounded(t *testing.T) {
	r := agora(t)
	do(t, r, noon, SetHands{seat("zeno"), HandsOff})
	do(t, r, noon, SetHands{seat("zeno"), HandsEveryone})
	name := func(i int) string { return fmt.Sprint("hand", i) }
	for i := range HandsMax {
		do(t, r, noon, Enter{Who: person(name(i)), Name: name(i), Session: session(name(i))})
		do(t, r, noon, RaiseHand{seat(name(i))})
	}
	for i, down := range []Command{
		LowerHand{seat(name(0)), person(name(0))},
		Leave{seat(name(1))},
		Remove{By: seat("zeno"), Who: person(name(2))},
		StepUp{seat(name(3))},
	} {
		expect(t, r, RaiseHand{seat(name(i))}, "")
		expect(t, r, RaiseHand{seat("lia")}, ErrHandsFull)
		if _, ok := down.(StepUp); ok {
			do(t, r, noon, AskUp{By: seat("zeno"), Who: person(name(i))})
		}
		do(t, r, noon, down)
		do(t, r, noon, RaiseHand{seat("lia")})
		do(t, r, noon, LowerHand{seat("lia"), person("lia")})
		do(t, r, noon, Enter{Who: person("again" + name(i)), Name: "x", Session: session("again" + name(i))})
		do(t, r, noon, RaiseHand{seat("again" + name(i))})
	}
	if c := r.Clone(); c.raised != HandsMax {
		t.Errorf("%d are up in the clone", c.raised)
	}
}

func TestRegroup(t *testing.T) {
	r := agora(t)
	expect(t, r, Regroup{}, "")
	do(t, r, noon, Regroup{Followed: []id.Person{person("lia"), person("hal"), person("nemo")}})
	got := do(t, r, noon, Regroup{Followed: []id.Person{person("hal"), person("asa")}})
	want := Regrouped{Followed: []id.Person{person("asa")}, Unfollowed: []id.Person{person("lia")}}
	if fmt.Sprint(got) != fmt.Sprint([]Event{want}) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// When the last moderator goes, in whatever way, the longest-standing speaker
// moderates, and with nobody left on the stage the room ends.
func TestSuccession(t *testing.T) {
	ways := map[string]func(r *Room, who string) Command{
		"left":         func(_ *Room, who string) Command { return Leave{seat(who)} },
		"stepped_down": func(_ *Room, who string) Command { return StepDown{seat(who)} },
		"went_away": func(r *Room, who string) Command {
			r.Apply(WentAway{person(who), noon})
			return Expire{}
		},
	}
	for way, command := range ways {
		t.Run(way, func(t *testing.T) {
			if way == "went_away" {
				way = "left"
			}
			r := agora(t)
			do(t, r, noon, StepDown{seat("mira")})
			do(t, r, noon, Decline{seat("asa")})
			for _, step := range []struct{ goes, want string }{
				{"zeno", way + " made_moderator"},
				{"sol", way + " made_moderator"},
				{"sky", way + " ended"},
			} {
				if got := kinds(do(t, r, noon, command(r, step.goes))); got != step.want {
					t.Fatalf("%s goes: got %q, want %q", step.goes, got, step.want)
				}
			}
			if !r.Ended() || r.Len() != 0 {
				t.Error("the room goes on without a moderator")
			}
		})
	}
}

// Seats are held and invitations stay open to the moment, and no longer.
func TestExpire(t *testing.T) {
	r := agora(t)
	if want := noon.Add(AskExpiry); !r.Next().Equal(want) {
		t.Fatalf("next at %v, want %v", r.Next(), want)
	}
	later := noon.Add(45 * time.Second)
	do(t, r, later, Disconnect{seat("sol")})
	do(t, r, later, Disconnect{seat("lia")})
	do(t, r, later, Disconnect{seat("hal")})
	do(t, r, later, Enter{Who: person("hal"), Session: session("hal"), Previous: session("hal")})
	for _, step := range []struct {
		at   time.Duration
		want string
	}{
		{AskExpiry - time.Millisecond, ""},
		{AskExpiry, "ask_over"},
		{45*time.Second + SeatHold - time.Millisecond, ""},
		{45*time.Second + SeatHold, "left left"},
		{time.Hour, ""},
	} {
		if got := kinds(do(t, r, noon.Add(step.at), Expire{})); got != step.want {
			t.Fatalf("after %v: got %q, want %q", step.at, got, step.want)
		}
	}
	if !r.Next().IsZero() || r.Role(person("lia")) != Absent || r.Role(person("hal")) != Listener {
		t.Error("the wrong people are gone")
	}
}

// A restart gives everybody the same time to come back; nobody gets more.
func TestRecover(t *testing.T) {
	r := agora(t)
	do(t, r, noon, Disconnect{seat("lia")})
	later := noon.Add(10 * time.Second)
	if got := len(do(t, r, later, Recover{})); got != 6 {
		t.Fatalf("%d people went away, want 6", got)
	}
	for _, p := range r.Participants() {
		want := later.Add(SeatHold)
		if p.Who == person("lia") {
			want = noon.Add(SeatHold)
		}
		if !p.AwayUntil.Equal(want) || !p.Session.IsZero() {
			t.Errorf("%s is away until %v, want %v", p.Name, p.AwayUntil, want)
		}
	}
	expect(t, r, Recover{}, "")
}

func TestFull(t *testing.T) {
	t.Run("stage", func(t *testing.T) {
		r := agora(t)
		for n := range StageMax - len(r.Stage()) {
			r.Apply(Entered{Who: person(fmt.Sprint(n))})
			r.Apply(SteppedUp{person(fmt.Sprint(n))})
		}
		expect(t, r, StepUp{seat("asa")}, ErrStageFull)
		expect(t, r, AskUp{seat("zeno"), person("lia")}, ErrStageFull)
		do(t, r, noon, StepDown{seat("sky")})
		expect(t, r, StepUp{seat("asa")}, "stepped_up")
	})
	t.Run("microphones of a closed room", func(t *testing.T) {
		for visibility, want := range map[Visibility]any{Closed: ErrMicrophonesFull, Social: "unmuted", Members: "unmuted", Open: "unmuted"} {
			r := agora(t)
			r.visibility = visibility
			for _, p := range r.Stage() {
				r.Apply(Muted{Who: p.Who})
			}
			for n := range OpenMax {
				r.Apply(Entered{Who: person(fmt.Sprint(n))})
				r.Apply(SteppedUp{person(fmt.Sprint(n))})
				r.Apply(Unmuted{person(fmt.Sprint(n))})
			}
			expect(t, r, Unmute{seat("sky")}, want)
			r.Apply(Muted{Who: person("3")})
			expect(t, r, Unmute{seat("sky")}, "unmuted")
		}
	})
	t.Run("room", func(t *testing.T) {
		r := agora(t)
		for n := range ParticipantsMax - r.Len() {
			r.Apply(Entered{Who: person(fmt.Sprint(n))})
		}
		enter := Enter{Who: person("nemo"), Session: session("nemo")}
		expect(t, r, enter, ErrFull)
		do(t, r, noon, Leave{seat("lia")})
		expect(t, r, enter, "entered")
	})
	t.Run("invited", func(t *testing.T) {
		r := agora(t)
		for n := range InvitedMax {
			r.Apply(LetInto{person(fmt.Sprint(n))})
		}
		expect(t, r, LetIn{seat("zeno"), person("nemo")}, ErrFull)
		expect(t, r, LetIn{seat("zeno"), person("1")}, "")
	})
	t.Run("removed", func(t *testing.T) {
		r := agora(t)
		for n := range RemovedMax - len(r.removed) {
			r.removed[person(fmt.Sprint(n))] = true
		}
		expect(t, r, Remove{seat("zeno"), person("lia")}, ErrFull)
	})
}

// Times in events are as they will be read back: in UTC, to the millisecond.
func TestTimes(t *testing.T) {
	east := time.FixedZone("east", 3*60*60)
	now := time.Date(2026, 11, 23, 15, 0, 0, 1_999_999, east)
	events, err := new(Room).Decide(now, OpenRoom{})
	if err != nil {
		t.Fatal(err)
	}
	want := noon.Add(time.Millisecond)
	if got := events[0].(Opened); got.At != want || got.Until != want.Add(OpenHold) {
		t.Errorf("opened at %v until %v, want %v", got.At, got.Until, want)
	}
}

func TestOrder(t *testing.T) {
	r := agora(t)
	var stage, everybody []string
	for _, p := range r.Stage() {
		stage = append(stage, p.Name)
	}
	for _, p := range r.Participants() {
		everybody = append(everybody, p.Name)
	}
	if want := []string{"Zeno", "mira", "sol", "sky"}; !slices.Equal(stage, want) {
		t.Errorf("stage: %v, want %v", stage, want)
	}
	if want := []string{"Zeno", "mira", "sol", "sky", "lia", "hal", "asa"}; !slices.Equal(everybody, want) {
		t.Errorf("everybody: %v, want %v", everybody, want)
	}
	if got, want := r.Moderators(), []id.Person{person("zeno"), person("mira")}; !slices.Equal(got, want) {
		t.Errorf("moderators: %v, want %v", got, want)
	}
}

// TestShield has newcomers come to a room whose shield is up, and sit in one.
func TestShield(t *testing.T) {
	up := func(t *testing.T) *Room {
		r := agora(t)
		do(t, r, noon, Enter{Who: person("nemo"), Session: session("nemo"), Fresh: true})
		do(t, r, noon, Enter{Who: person("newt"), Session: session("newt"), Fresh: true, FollowedBy: []id.Person{person("sol")}})
		do(t, r, noon, SetShield{seat("zeno"), true})
		return r
	}
	for _, test := range []struct {
		about   string
		change  func(r *Room)
		command Enter
		want    verdict
	}{
		{"a new account", nil, Enter{Fresh: true}, ErrShielded},
		{"an old one", nil, Enter{}, "entered"},
		{"a new one, followed from the stage", nil, Enter{Fresh: true, FollowedBy: []id.Person{person("sol")}}, "entered"},
		{"a new one, followed by a listener", nil, Enter{Fresh: true, FollowedBy: []id.Person{person("lia")}}, ErrShielded},
		{"a new one that is let in", func(r *Room) { r.Apply(LetInto{person("kim")}) }, Enter{Fresh: true}, "entered"},
		{"a new one that hosts", func(r *Room) { r.hosts = setOf([]id.Person{person("kim")}) }, Enter{Fresh: true}, "entered stepped_up made_moderator"},
		{"a new one that comes back", nil, Enter{Who: person("nemo"), Fresh: true}, "returned"},
		{"after it is down", func(r *Room) { r.Apply(Shielded{false}) }, Enter{Fresh: true}, "entered"},
		{"a closed room does not exist", func(r *Room) { r.visibility = Closed }, Enter{Fresh: true}, ErrNoRoom},
	} {
		t.Run(test.about, func(t *testing.T) {
			r := restored(t, up(t))
			if test.change != nil {
				test.change(r)
			}
			c := test.command
			if c.Who.IsZero() {
				c.Who = person("kim")
			}
			c.Session = session("new")
			expect(t, r, c, test.want)
		})
	}

	// Inside, new accounts are quiet, but for those whom somebody on the stage follows.
	r := up(t)
	for _, who := range []string{"nemo", "newt", "lia"} {
		want := error(nil)
		if who == "nemo" {
			want = ErrShielded
		}
		_, raised := r.Decide(noon, RaiseHand{seat(who)})
		for act, err := range map[string]error{"raise": raised, "write": r.MayWrite(seat(who)), "react": r.MayReact(seat(who))} {
			if !errors.Is(err, want) {
				t.Errorf("%s, who wants to %s: %v", who, act, err)
			}
		}
	}
	// Who is asked onto the stage has a say there.
	do(t, r, noon, AskUp{seat("zeno"), person("nemo")})
	do(t, r, noon, StepUp{seat("nemo")})
	if err := r.MayWrite(seat("nemo")); err != nil {
		t.Errorf("on the stage: %v", err)
	}
	do(t, r, noon, SetShield{seat("zeno"), false})
	do(t, r, noon, RaiseHand{seat("newt")})
	if err := r.MayReact(seat("kim")); !errors.Is(err, ErrNotHere) {
		t.Errorf("who is not here reacts: %v", err)
	}
}
