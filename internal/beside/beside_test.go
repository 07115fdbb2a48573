package beside

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stoa-audio/stoa/internal/hub"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/signal"
)

var agora = func() (name id.Room) { copy(name[:], "agora"); return name }()

func person(word string) (who id.Person) { copy(who[:], word); return who }

func seat(word string) room.Seat {
	s := room.Seat{Who: person(word)}
	copy(s.Session[:], word)
	return s
}

// A world is a room, what is beside it, and one who watches.
type world struct {
	*testing.T
	*Rooms

	room  *room.Room
	hub   *hub.Hub
	watch *hub.Watch
}

// newWorld has zeno, who moderates, and sol on the stage, and lia in the audience.
func newWorld(t *testing.T, v room.Visibility) *world {
	h := hub.New()
	w := &world{T: t, Rooms: New(h), hub: h, room: new(room.Room)}
	w.do(room.OpenRoom{By: person("zeno"), Visibility: v})
	w.do(room.LetIn{})
	for _, who := range []string{"zeno", "sol", "lia"} {
		w.do(room.LetIn{By: seat("zeno"), Who: person(who)})
		w.do(room.Enter{Who: person(who), Session: seat(who).Session})
	}
	w.do(room.AskUp{By: seat("zeno"), Who: person("sol")})
	w.do(room.StepUp{By: seat("sol")})
	w.follow()
	return w
}

func (w *world) follow() {
	watch, ok := w.hub.Watch(agora, w.room.Seq(), func() {})
	if !ok {
		w.Fatal("nothing to watch")
	}
	w.watch = watch
}

func (w *world) do(c room.Command) {
	w.Helper()
	events, err := w.room.Decide(time.Now(), c)
	if err != nil && w.watch != nil {
		w.Fatalf("%T: %v", c, err)
	}
	if len(events) == 0 {
		return
	}
	first := w.room.Seq() + 1
	var sights []room.Sight
	for _, e := range events {
		sights = append(sights, w.room.Apply(e))
	}
	w.hub.Show(agora, first, sights, w.room.Len())
	w.Happened(agora, w.room, first, events)
}

// take returns the notices that have come, and nothing that comes twice.
func (w *world) take() (all []signal.Notice) {
	w.Helper()
	synctest.Wait()
	for {
		text, _ := w.watch.Take()
		if text == nil {
			return all
		}
		var n signal.Notice
		if err := json.Unmarshal(text, &n); err != nil {
			w.Fatal(err)
		}
		all = append(all, n)
	}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) waits(err error, least, most time.Duration) {
	w.Helper()
	var wait Wait
	if !errors.As(err, &wait) || wait.After < least || wait.After > most {
		w.Errorf("%#v, want a wait from %v to %v", err, least, most)
	}
}

func TestReactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, room.Open)
		w.take()
		if err := w.React(agora, person("lia"), true, "🍰"); !errors.Is(err, ErrNoEmoji) {
			t.Errorf("cake: %v", err)
		}
		w.must(w.React(agora, person("lia"), true, "👏"))
		first := w.take()
		if len(first) != 1 || first[0].Reactions == nil || !maps.Equal(first[0].Reactions.Counts, map[string]int{"👏": 1}) ||
			!slices.Equal(first[0].Reactions.By, []signal.Reaction{{Who: person("lia"), Emoji: "👏"}}) {
			t.Fatalf("at once: %+v", first)
		}
		// What comes then is told together, a moment later.
		for n := range 30 {
			w.must(w.React(agora, person(fmt.Sprint("guest ", n)), n%2 == 0, "🎉"))
		}
		w.must(w.React(agora, person("hidden"), false, "🙏"))
		if early := w.take(); len(early) != 0 {
			t.Errorf("too early: %+v", early)
		}
		time.Sleep(reactionsEvery)
		rest := w.take()
		if len(rest) != 1 || !maps.Equal(rest[0].Reactions.Counts, map[string]int{"🎉": 30, "🙏": 1}) || len(rest[0].Reactions.By) != 15 {
			t.Fatalf("a moment later: %+v", rest)
		}
		time.Sleep(time.Minute)
		if more := w.take(); len(more) != 0 {
			t.Errorf("again: %+v", more)
		}
		// Nobody is told of them later.
		w.follow()
		if old := w.take(); slices.ContainsFunc(old, func(n signal.Notice) bool { return n.Reactions != nil }) {
			t.Errorf("who comes later is told: %+v", old)
		}
		for range 10 {
			w.must(w.React(agora, person("lia"), true, "👍"))
		}
		w.waits(w.React(agora, person("lia"), true, "👍"), 5*time.Second, 5*time.Second)
		w.must(w.React(agora, person("sol"), true, "👍"))
		time.Sleep(5 * time.Second)
		w.must(w.React(agora, person("lia"), true, "👍"))
	})
}

// No notice names more than twenty.
func TestFewAreNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, room.Open)
		w.must(w.React(agora, person("lia"), true, "👏"))
		w.take()
		for n := range 50 {
			w.must(w.React(agora, person(fmt.Sprint("guest ", n)), true, "🎉"))
		}
		time.Sleep(reactionsEvery)
		if all := w.take(); len(all) != 1 || len(all[0].Reactions.By) != reactorsMax || all[0].Reactions.Counts["🎉"] != 50 {
			t.Errorf("%+v", all)
		}
	})
}

func TestWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, room.Open)
		w.take()
		say := func(who string, people int) error {
			return w.Say(agora, person(who), "Name of "+who, people, []byte(who))
		}
		w.must(say("lia", 3))
		said := w.take()
		if len(said) != 1 || said[0].Said == nil || string(said[0].Said.Sealed) != "lia" || said[0].Said.Name != "Name of lia" ||
			said[0].Said.Who != person("lia") || said[0].Said.N < uint64(time.Now().UnixMilli()) {
			t.Fatalf("%+v", said)
		}
		n := said[0].Said.N
		w.waits(say("lia", 3), time.Second, time.Second)
		w.must(say("sol", 3))
		for range 9 {
			time.Sleep(time.Second)
			w.must(say("lia", 3))
		}
		time.Sleep(time.Second)
		w.waits(say("lia", 3), 20*time.Second, 20*time.Second)
		time.Sleep(20 * time.Second)
		w.must(say("lia", 3))
		w.take()

		// In a large room more seldom, and all together ten times a second.
		time.Sleep(time.Minute)
		for n := range 10 {
			w.must(say(fmt.Sprint("guest ", n), Large+1))
		}
		w.waits(say("guest 10", Large+1), time.Second, time.Second)
		time.Sleep(time.Second)
		w.must(say("guest 10", Large+1))
		w.waits(say("guest 0", Large+1), 9*time.Second, 9*time.Second)
		w.take()

		// Taken back by who has written it, or by a moderator; once.
		for _, test := range []struct {
			who       string
			moderates bool
			n         uint64
			want      error
		}{
			{"sol", false, n, ErrNotAuthor},
			{"lia", false, n - 1, ErrNoMessage},
			{"lia", false, n + 1000, ErrNoMessage},
			{"lia", false, n, nil},
			{"zeno", true, n + 1, nil},
		} {
			if err := w.Unsay(agora, person(test.who), test.moderates, test.n); !errors.Is(err, test.want) {
				t.Errorf("%s takes back %d: %v", test.who, test.n-n, err)
			}
			got := w.take()
			if test.want == nil && (len(got) != 1 || *got[0].Unsaid != signal.Unsaid{Room: agora, N: test.n, By: person(test.who)}) || test.want != nil && len(got) > 0 {
				t.Errorf("%s takes back %d: %+v", test.who, test.n-n, got)
			}
		}
		w.must(w.Unsay(agora, person("zeno"), true, n))
		if got := w.take(); len(got) != 0 {
			t.Errorf("twice: %+v", got)
		}
		// Of what is long ago nobody knows whose it was; a moderator may.
		for range authorsMax {
			time.Sleep(10 * time.Second)
			w.must(say("sol", 3))
		}
		if err := w.Unsay(agora, person("lia"), false, n+2); !errors.Is(err, ErrNotAuthor) {
			t.Errorf("long ago: %v", err)
		}
		w.must(w.Unsay(agora, person("zeno"), true, n+2))
	})
}

// What was written before is nobody's who comes later, and numbers go on after
// another start.
func TestWordsAreNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, room.Open)
		w.must(w.Say(agora, person("lia"), "Lia", 3, []byte("one")))
		before := w.take()[0].Said.N
		w.follow()
		if old := w.take(); len(old) != 0 {
			t.Errorf("who comes later reads %+v", old)
		}
		w.Gone(agora)
		if err := w.Say(agora, person("lia"), "Lia", 3, nil); !errors.Is(err, room.ErrNoRoom) {
			t.Errorf("in a room that is elsewhere: %v", err)
		}
		time.Sleep(5 * time.Second)
		w.Happened(agora, w.room, 1, nil)
		w.must(w.Say(agora, person("lia"), "Lia", 3, []byte("two")))
		if again := w.take(); len(again) != 1 || again[0].Said.N <= before {
			t.Errorf("%+v after %d", again, before)
		}
	})
}

func TestPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, room.Open)
		w.take()
		w.do(room.OpenPoll{By: seat("zeno"), Question: "Tea?", Options: []string{"yes", "no"}})
		poll, _, _ := w.room.Tally()
		stands := func() (all []string) {
			for _, n := range w.take() {
				if n.Poll != nil {
					all = append(all, fmt.Sprint(n.Poll.Poll == poll, n.Poll.Counts, n.Poll.Voters))
				}
			}
			return all
		}
		expect := func(want ...string) {
			t.Helper()
			if got := stands(); !slices.Equal(got, want) {
				t.Errorf("told %q, want %q", got, want)
			}
		}
		expect("true [0 0] 0")
		for _, who := range []string{"lia", "sol", "zeno"} {
			w.do(room.Vote{By: seat(who), Poll: poll, Option: 1})
		}
		w.do(room.Vote{By: seat("lia"), Poll: poll, Option: 0})
		expect()
		time.Sleep(pollEvery)
		expect("true [1 2] 3")
		w.follow() // who comes later is told how it stands
		expect("true [1 2] 3")
		w.do(room.Vote{By: seat("lia"), Poll: poll, Option: 1})
		w.do(room.ClosePoll{By: seat("zeno"), Poll: poll})
		time.Sleep(time.Minute)
		expect()
		w.follow()
		expect()
		for range 10 {
			w.must(w.Vote(agora, person("lia")))
		}
		w.waits(w.Vote(agora, person("lia")), 30*time.Second, 30*time.Second)
	})
}

func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, room.Open)
		tells := func() (last map[id.Person]int) {
			for _, n := range w.take() {
				if n.Clock != nil {
					last = n.Clock.Seconds
				}
			}
			return last
		}
		expect := func(want map[id.Person]int) {
			t.Helper()
			if got := tells(); !maps.Equal(got, want) || (got == nil) != (want == nil) {
				t.Errorf("told %v, want %v", got, want)
			}
		}
		w.do(room.Unmute{By: seat("sol")})
		w.do(room.Unmute{By: seat("zeno")})
		w.Heard(agora, id.Node{}, []id.Person{person("sol"), person("lia")}) // lia is not on the stage
		time.Sleep(9900 * time.Millisecond)
		w.Heard(agora, id.Node{}, nil)
		time.Sleep(clockEvery)
		expect(map[id.Person]int{person("sol"): 9})
		time.Sleep(time.Minute)
		expect(nil) // nothing has changed

		// Heard at two places is heard once; who is muted or away is not.
		other := id.Node{1}
		w.Heard(agora, id.Node{}, []id.Person{person("sol")})
		w.Heard(agora, other, []id.Person{person("sol"), person("zeno")})
		time.Sleep(2 * time.Second)
		w.do(room.Mute{By: seat("sol"), Who: person("sol")})
		time.Sleep(3 * time.Second)
		w.do(room.Disconnect{By: seat("zeno")})
		time.Sleep(10 * time.Second)
		expect(map[id.Person]int{person("sol"): 11, person("zeno"): 5})
		w.do(room.Enter{Who: person("zeno"), Session: seat("zeno").Session, Previous: seat("zeno").Session})

		// Who steps down is not shown, until a hand is up.
		w.do(room.StepDown{By: seat("sol")})
		time.Sleep(clockEvery)
		expect(map[id.Person]int{person("zeno"): 10}) // who is back is heard again
		w.do(room.RaiseHand{By: seat("sol")})
		time.Sleep(clockEvery)
		if got := tells(); got[person("sol")] != 11 {
			t.Errorf("told %v", got)
		}

		// A place that has gone is not believed for long.
		w.Heard(agora, id.Node{}, nil)
		w.Heard(agora, other, []id.Person{person("zeno")})
		was := tellsOf(w, "zeno")
		time.Sleep(time.Hour)
		if is := tellsOf(w, "zeno"); is < was+60 || is > was+130 {
			t.Errorf("after an hour without a word: %d s, was %d", is, was)
		}
	})
}

// tellsOf returns for how many seconds somebody has been heard.
func tellsOf(w *world, who string) int {
	s := w.sides[agora]
	s.mu.Lock()
	defer s.mu.Unlock()
	return int(s.heard[person(who)] / time.Second)
}

func TestNoClockInAClosedRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, room.Closed)
		w.do(room.Unmute{By: seat("sol")})
		w.Heard(agora, id.Node{}, []id.Person{person("sol")})
		time.Sleep(time.Minute)
		for _, n := range w.take() {
			if n.Clock != nil {
				t.Errorf("told %v", n.Clock)
			}
		}
		w.do(room.Widen{By: seat("zeno"), To: room.Open})
		w.Heard(agora, id.Node{}, []id.Person{person("sol")})
		time.Sleep(time.Minute)
		if got := tellsOf(w, "sol"); got < 50 || got > 60 {
			t.Errorf("heard for %d s since it was widened", got)
		}
	})
}

func TestHeardIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, room.Open)
		s := w.sides[agora]
		for n := range 2 * heardMax {
			s.add(person(fmt.Sprint("guest ", n)), time.Second)
		}
		if len(s.heard) != heardMax {
			t.Errorf("the time of %d people is counted", len(s.heard))
		}
		for n := range 3 * heardMax {
			w.must(w.React(agora, person(fmt.Sprint("guest ", n)), false, "👏"))
			time.Sleep(time.Second)
		}
		if n := len(s.each); n > 40 {
			t.Errorf("the paces of %d people are kept", n)
		}
	})
}

// TestAFloodIsBounded has ten thousand do all they can at once, and counts what
// one who watches is sent: never more than 30 messages in a second.
func TestAFloodIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const people, seconds = 10_000, 5
		w := newWorld(t, room.Open)
		w.do(room.Unmute{By: seat("sol")})
		w.do(room.OpenPoll{By: seat("zeno"), Question: "Tea?", Options: []string{"yes", "no"}})
		poll, _, _ := w.room.Tally()
		w.take()
		var times []time.Time
		kinds := make(map[string]int)
		start := time.Now()
		for tick := 0; time.Since(start) < seconds*time.Second; tick++ {
			for n := range 500 {
				who := person(fmt.Sprint("guest ", (tick*500+n)%people))
				_ = w.React(agora, who, true, "🎉")
				if err := w.Say(agora, who, "Guest", people, []byte("sealed")); err == nil {
					_ = w.Unsay(agora, who, false, w.sides[agora].last)
				}
			}
			w.do(room.Vote{By: seat("lia"), Poll: poll, Option: tick % 2})
			w.Heard(agora, id.Node{}, []id.Person{person([]string{"sol", "lia"}[tick%2])})
			if tick%5 == 0 { // as often as media does, at most
				w.hub.Tell(agora, id.Node{}, []byte(`{"voices":{}}`))
			}
			for _, n := range w.take() {
				times = append(times, time.Now())
				for kind, is := range map[string]bool{"reactions": n.Reactions != nil, "said": n.Said != nil, "unsaid": n.Unsaid != nil, "poll": n.Poll != nil, "clock": n.Clock != nil, "voices": n.Voices != nil} {
					if is {
						kinds[kind]++
					}
				}
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Logf("in %d s: %v", seconds, kinds)
		for i, first := range times {
			n := 0
			for _, later := range times[i:] {
				if later.Sub(first) < time.Second {
					n++
				}
			}
			if n > 30 {
				t.Fatalf("%d messages in a second", n)
			}
		}
		for _, kind := range []string{"reactions", "said", "unsaid", "poll", "voices"} {
			if kinds[kind] < seconds-2 {
				t.Errorf("only %d of %s in %d s: the flood is none", kinds[kind], kind, seconds)
			}
		}
	})
}
