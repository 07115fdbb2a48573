package room

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

func TestPins(t *testing.T) {
	r := agora(t)
	pin := func(url, text string) Pin { return Pin{seat("zeno"), url, text} }
	expect(t, r, Pin{seat("lia"), "https://example.org", ""}, ErrNotModerator)
	for _, url := range []string{
		"", "example.org", "http://example.org", "javascript:alert(1)", "https:", "https://", "https:example.org",
		"https:///path", "https://user@example.org", "https://user:word@example.org", "https://@example.org",
		"https://example.org\\@evil.example", "https://example.org/a b", "https://example.org/\n", " https://example.org",
		"https://bücher.example/", "https://[::1", "https://example.org/" + strings.Repeat("a", URLMax),
	} {
		expect(t, r, pin(url, ""), ErrLink)
	}
	expect(t, r, pin("https://example.org", strings.Repeat("ä", PinTextMax+1)), ErrText)
	expect(t, r, pin("https://example.org", "two\nlines"), ErrText)

	expect(t, r, pin("https://example.org", strings.Repeat("ä", PinTextMax)), "pinned")
	do(t, r, noon, pin("https://example.org", "first"))
	first := r.Seq()
	expect(t, r, pin("https://example.org", "first"), "") // it is up
	for n := range PinsMax - 1 {
		do(t, r, noon, pin(fmt.Sprintf("https://example.org/%d", n), ""))
	}
	expect(t, r, pin("https://example.org/one-more", ""), ErrPinsFull)
	expect(t, r, Unpin{seat("lia"), first}, ErrNotModerator)
	expect(t, r, Unpin{seat("zeno"), first}, "unpinned")
	expect(t, r, Unpin{seat("zeno"), 1}, "") // never was up
	do(t, r, noon, Unpin{seat("zeno"), first})
	expect(t, r, Unpin{seat("zeno"), first}, "")
	if pins := r.Scene().Pins; len(pins) != PinsMax-1 || slices.ContainsFunc(pins, func(p Pinning) bool { return p.Pin == first }) {
		t.Errorf("up are %v", pins)
	}
}

func TestPoll(t *testing.T) {
	r := agora(t)
	ask := func(question string, options ...string) OpenPoll { return OpenPoll{seat("zeno"), question, options} }
	expect(t, r, OpenPoll{seat("lia"), "Tea?", []string{"yes", "no"}}, ErrNotModerator)
	for _, c := range []OpenPoll{
		ask("", "yes", "no"), ask("Tea?"), ask("Tea?", "yes"), ask("Tea?", "1", "2", "3", "4", "5", "6", "7"), ask("Tea?", "yes", "yes"),
		ask("Tea?", "yes", ""), ask("Tea\n?", "yes", "no"), ask(strings.Repeat("ä", QuestionMax+1), "yes", "no"),
		ask("Tea?", "yes", strings.Repeat("ä", OptionMax+1)),
	} {
		expect(t, r, c, ErrText)
	}
	expect(t, r, Vote{seat("lia"), 0, 0}, ErrNoPoll)
	expect(t, r, ClosePoll{seat("zeno"), 0}, ErrNoPoll)

	do(t, r, noon, ask("Tea?", "yes", "no"))
	poll, _, _ := r.Tally()
	expect(t, r, ask("Cake?", "yes", "no"), ErrPollOpen)
	for _, option := range []int{-1, 2} {
		expect(t, r, Vote{seat("lia"), poll, option}, ErrNoPoll)
	}
	expect(t, r, Vote{seat("lia"), poll - 1, 0}, ErrNoPoll)
	expect(t, r, Vote{seat("nobody"), poll, 0}, ErrNotHere)
	expect(t, r, ClosePoll{seat("lia"), poll}, ErrNotModerator)
	for _, vote := range []Vote{{seat("lia"), poll, 0}, {seat("hal"), poll, 0}, {seat("lia"), poll, 1}} {
		do(t, r, noon, vote)
	}
	expect(t, r, Vote{seat("lia"), poll, 1}, "") // it is so
	do(t, r, noon, Leave{seat("hal")})
	if _, counts, open := r.Tally(); !open || !slices.Equal(counts, []int{1, 1}) {
		t.Errorf("it stands %v", counts) // who has gone has voted
	}
	if sight := r.Apply(Voted{person("sol"), poll, 0}); sight.Event != nil {
		t.Errorf("a vote is told to all: %v", sight.Event)
	}
	if text := viewText(t, r); bytes.Contains(text, []byte("counts")) || bytes.Contains(text, []byte("votes")) {
		t.Errorf("%s", text)
	}
	do(t, r, noon, ClosePoll{seat("zeno"), poll})
	expect(t, r, ClosePoll{seat("zeno"), poll}, "")
	expect(t, r, Vote{seat("lia"), poll, 0}, ErrNoPoll)
	if p := r.Scene().Poll; p.Open() || !slices.Equal(p.Counts, []int{2, 1}) {
		t.Errorf("closed as %v", p)
	}
	if _, voted := r.Choice(person("lia")); voted {
		t.Error("it is kept what lia has voted for")
	}
	do(t, r, noon, ask("Cake?", "yes", "no"))
}

func TestVotersAreBounded(t *testing.T) {
	r := agora(t)
	do(t, r, noon, OpenPoll{seat("zeno"), "Tea?", []string{"yes", "no"}})
	poll, _, _ := r.Tally()
	for n := range VotersMax {
		r.Apply(Voted{person(fmt.Sprint("voter ", n)), poll, 0})
	}
	expect(t, r, Vote{seat("lia"), poll, 0}, ErrPollFull)
}

func TestMayWrite(t *testing.T) {
	r := agora(t)
	for _, test := range []struct {
		policy ChatPolicy
		who    string
		want   error
	}{
		{ChatEveryone, "lia", nil},
		{ChatEveryone, "nobody", ErrNotHere},
		{ChatStage, "lia", ErrChat},
		{ChatStage, "sol", nil},
		{ChatOff, "zeno", ErrChat},
	} {
		do(t, r, noon, SetChat{seat("zeno"), test.policy})
		if err := r.MayWrite(seat(test.who)); !errors.Is(err, test.want) {
			t.Errorf("%s, when %v may: %v", test.who, test.policy, err)
		}
	}
	expect(t, r, SetChat{seat("lia"), ChatOff}, ErrNotModerator)
	expect(t, r, SetChat{seat("zeno"), 3}, ErrText)
}

// What was stored before there was a chat is a room where everybody may write.
func TestOldSnapshot(t *testing.T) {
	var r Room
	old := `{"seq":1,"count":1,"opened":"2026-11-23T19:30:00Z","title":"Tea","visibility":"open","hands":"off",` +
		`"people":[{"who":"` + person("zeno").String() + `","name":"Zeno","role":"moderator","muted":true,"followed":false,"entered":1,"stage":1,"chair":1}]}`
	if err := json.Unmarshal([]byte(old), &r); err != nil {
		t.Fatal(err)
	}
	if v := r.View(); v.Chat != ChatEveryone || v.Pins != nil || v.Poll != nil || v.Hands != HandsOff {
		t.Errorf("it is %+v", v.Scene)
	}
}

// A queue is what the clients make it too: hands as they went up, seconds that
// people were heard for, and who is next.
type queueVector struct {
	Name    string            `json:"name"`
	Hands   []id.Person       `json:"hands"`
	Seconds map[id.Person]int `json:"seconds"`
	Queue   []id.Person       `json:"queue"`
}

const queuePath = "../../test/vectors/queue.json"

func TestQueueVectors(t *testing.T) {
	ids := func(names ...string) []id.Person {
		out := []id.Person{}
		for _, name := range names {
			out = append(out, person(name))
		}
		return out
	}
	var all []queueVector
	for _, v := range []struct {
		name    string
		hands   []id.Person
		seconds map[id.Person]int
	}{
		{"nobody", ids(), nil},
		{"nobody was heard: as the hands went up", ids("a", "b", "c"), nil},
		{"who was heard waits", ids("a", "b", "c"), map[id.Person]int{person("a"): 61, person("c"): 1}},
		{"who was heard alike goes by their hands", ids("c", "a", "b"), map[id.Person]int{person("a"): 5, person("b"): 5, person("c"): 5}},
		{"others do not count", ids("a", "b"), map[id.Person]int{person("x"): 5}},
	} {
		r, heard := queueOf(v.hands, v.seconds)
		got := people(r.Queue(heard))
		if v.seconds == nil {
			v.seconds = map[id.Person]int{}
		}
		all = append(all, queueVector{v.name, v.hands, v.seconds, got})
	}
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *update {
		if err := os.WriteFile(queuePath, text, 0o644); err != nil { //nolint:gosec // a file of the repository
			t.Fatal(err)
		}
	}
	if written, err := os.ReadFile(queuePath); err != nil || !bytes.Equal(written, text) {
		t.Errorf("the file is not what the rules say now (%v); if it should be: go test ./internal/room -run TestQueueVectors -update", err)
	}
}

// queueOf returns a room with hands up, in this order, of people who came in in
// another one.
func queueOf(hands []id.Person, seconds map[id.Person]int) (*Room, map[id.Person]time.Duration) {
	r := new(Room)
	r.Apply(Opened{By: person("zeno"), At: noon, Until: noon})
	for _, who := range slices.Backward(hands) {
		r.Apply(Entered{Who: who})
	}
	for _, who := range hands {
		r.Apply(HandRaised{who})
	}
	heard := map[id.Person]time.Duration{}
	for who, s := range seconds {
		heard[who] = time.Duration(s) * time.Second
	}
	return r, heard
}

func people(all []*Participant) []id.Person {
	out := []id.Person{}
	for _, p := range all {
		out = append(out, p.Who)
	}
	return out
}

// TestQueue tries hands and times by chance: everybody with a hand up is there
// once, nobody stands behind one who was heard longer, nor, alike, behind one
// whose hand went up later. To be heard never brings anybody forward, and who
// waits is never overtaken by one who was heard and raises a hand again.
func TestQueue(t *testing.T) {
	for range 500 {
		seed := rand.Uint64()
		d := rand.New(rand.NewPCG(seed, 0))
		var hands []id.Person
		seconds := map[id.Person]int{}
		for n := range d.IntN(12) {
			who := person(fmt.Sprint("guest ", n))
			hands = append(hands, who)
			seconds[who] = d.IntN(4)
		}
		d.Shuffle(len(hands), func(a, b int) { hands[a], hands[b] = hands[b], hands[a] })
		r, heard := queueOf(hands, seconds)
		queue := people(r.Queue(heard))
		if len(queue) != len(hands) {
			t.Fatalf("seed %d: %d of %d are in the queue", seed, len(queue), len(hands))
		}
		up := func(who id.Person) int { return slices.Index(hands, who) }
		for i := 1; i < len(queue); i++ {
			a, b := queue[i-1], queue[i]
			if seconds[a] > seconds[b] || seconds[a] == seconds[b] && up(a) >= up(b) {
				t.Fatalf("seed %d: %v (%d s, hand %d) is before %v (%d s, hand %d)", seed, a, seconds[a], up(a), b, seconds[b], up(b))
			}
		}
		if len(queue) == 0 {
			continue
		}
		// The first is heard, and raises a hand again.
		first := queue[0]
		heard[first] += 10 * time.Second
		r.Apply(HandLowered{first})
		r.Apply(HandRaised{first})
		if again := people(r.Queue(heard)); !slices.Equal(again, append(slices.Clone(queue[1:]), first)) {
			t.Fatalf("seed %d: after %v, %v", seed, queue, again)
		}
	}
}
