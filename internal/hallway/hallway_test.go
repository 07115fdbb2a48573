package hallway

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/text"
)

var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func person(name string) (who id.Person) { copy(who[:], name); return who }

// A hall is a table with the rooms that it follows.
type hall struct {
	*Table

	now   time.Time
	rooms map[id.Room]*room.Room
}

func newHall() *hall { return &hall{New(), noon, make(map[id.Room]*room.Room)} }

// happen applies events and tells the table of them.
func (h *hall) happen(name id.Room, events ...room.Event) {
	r := h.rooms[name]
	if r == nil {
		r = new(room.Room)
		h.rooms[name] = r
	}
	for _, e := range events {
		r.Apply(e)
	}
	h.Follow(h.now, name, r, events)
}

// open opens a room by its title, with some on the stage beside the host, and so
// many listeners.
func (h *hall) open(title string, o room.Opened, listeners int, stage ...string) id.Room {
	var name id.Room
	copy(name[:], title)
	o.Title, o.At = title, h.now
	if o.By.IsZero() {
		o.By, o.Name = person("host of "+title), "Host"
	}
	h.happen(name, o)
	var events []room.Event
	for _, who := range stage {
		events = append(events, room.Entered{Who: person(who), Name: who}, room.SteppedUp{Who: person(who)})
	}
	for i := range listeners {
		events = append(events, room.Entered{Who: person(fmt.Sprint(i, " in ", title))})
	}
	h.happen(name, events...)
	return name
}

// titles returns what v is shown, in its order.
func (h *hall) titles(v Viewer, c Choice) (out []string) {
	cards, _ := h.Cards(h.now, v, c)
	for _, card := range cards {
		out = append(out, card.Title)
	}
	return out
}

// Each reason comes before the next one, whatever the rooms are like otherwise.
func TestOrder(t *testing.T) {
	h := newHall()
	tea, bread := id.New[id.Club](), id.New[id.Club]()
	open := room.Opened{Visibility: room.Open}
	of := func(club id.Club) room.Opened { return room.Opened{Visibility: room.Open, Club: room.Club{ID: club}} }
	h.open("huge", open, 3000)
	h.open("blocked, and always", open, 50, "Vera", "Always")
	h.open("small", open, 1)
	h.open("language", room.Opened{Visibility: room.Open, Language: "de-AT"}, 1)
	h.open("topic", room.Opened{Visibility: room.Open, Topics: []string{"art", "music"}}, 1)
	h.open("both topics", room.Opened{Visibility: room.Open, Topics: []string{"music", "books"}}, 1)
	h.open("never", open, 1, "Never")
	h.open("a club that one follows", of(bread), 1)
	h.open("my club", of(tea), 1)
	closed := h.open("let in", room.Opened{Visibility: room.Closed}, 1)
	h.happen(closed, room.LetInto{Who: person("me")})
	h.open("sometimes", open, 1, "Some")
	h.open("always", open, 1, "Always")
	h.open("both", open, 1, "Some", "Always")
	h.open("secret", room.Opened{Visibility: room.Closed}, 1)

	me := Viewer{
		Who: person("me"), Clubs: map[id.Club]bool{tea: true, bread: false}, Interests: []string{"music", "books"}, Languages: []string{"de", "en-GB"},
		Follows: map[id.Person]people.Notify{
			person("Always"): people.NotifyAlways, person("Some"): people.NotifySometimes, person("Never"): people.NotifyNever, person("nobody here"): people.NotifyAlways,
		},
		Blocked: map[id.Person]people.Level{person("Vera"): people.LevelBlock, person("Always"): people.LevelMute},
	}
	h.now = noon.Add(time.Hour) // none is fresh
	want := []string{
		"both", "always", "sometimes", "let in", "my club", "never", "a club that one follows", "both topics", "topic", "huge", "language", "small", "blocked, and always",
	}
	got := h.titles(me, Choice{})
	if !slices.Equal(got, want) {
		t.Errorf("the order is\n%s, not\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	// Who has said nothing is shown what goes on.
	if got := h.titles(Viewer{Who: person("you")}, Choice{}); got[0] != "huge" || len(got) != 12 {
		t.Errorf("a stranger is shown %q", got)
	}
}

// One room that is huge, lively and new does not stand before what somebody has
// said they want, and does not count for more than a few.
func TestTheHugeDoNotDrownTheSmall(t *testing.T) {
	h := newHall()
	for i := range 10 {
		h.open(fmt.Sprint("small ", i), room.Opened{Visibility: room.Open, Topics: []string{"music"}, Language: "de"}, 2, fmt.Sprint("Speaker ", i))
	}
	h.now = noon.Add(30 * time.Minute)
	huge := h.open("huge", room.Opened{Visibility: room.Open}, 9000, "Famous")
	h.Heard(h.now, huge)
	follows := make(map[id.Person]people.Notify)
	for i := range 10 {
		follows[person(fmt.Sprint("Speaker ", i))] = people.NotifySometimes
	}
	last := func(v Viewer) bool { return h.titles(v, Choice{})[10] == "huge" }
	if !last(Viewer{Follows: follows}) {
		t.Error("a huge room stands before those with somebody whom one follows")
	}
	// What ten thousand add is less than twice what a hundred add.
	e := h.Table.rooms[huge]
	of := func(n int) float64 {
		e := &entry{Room: e.Room, people: n, came: float64(n), cameAt: h.now}
		e.Opened = noon.Add(-24 * time.Hour)
		return e.base(h.now)
	}
	if of(10_000) > 2.01*of(100) || of(10_000) > weightSometimes/2 {
		t.Errorf("ten thousand count for %.1f, a hundred for %.1f", of(10_000), of(100))
	}
}

func TestWhy(t *testing.T) {
	h := newHall()
	club := id.New[id.Club]()
	h.open("all", room.Opened{Visibility: room.Open, Club: room.Club{ID: club}, Topics: []string{"music", "art"}, Language: "de-AT"}, 40, "Some", "Other", "Always", "Third", "Fourth")
	h.open("none", room.Opened{Visibility: room.Open}, 0)
	social := h.open("social", room.Opened{Visibility: room.Social}, 0)
	h.happen(social, room.LetInto{Who: person("me")})
	v := Viewer{
		Who: person("me"), Clubs: map[id.Club]bool{club: false}, Interests: []string{"art", "music"}, Languages: []string{"de"},
		Follows: map[id.Person]people.Notify{
			person("Some"): people.NotifySometimes, person("Always"): people.NotifyAlways, person("Third"): people.NotifyNever, person("Fourth"): people.NotifyNever,
		},
	}
	why := func(v Viewer, title string) string {
		t.Helper()
		cards, _ := h.Cards(h.now, v, Choice{})
		for _, c := range cards {
			if c.Title == title {
				one, there := h.Card(h.now, v, c.ID)
				if !there || fmt.Sprint(one) != fmt.Sprint(c) {
					t.Errorf("%s looks otherwise by itself: %v", title, one)
				}
				return fmt.Sprint(c.Why)
			}
		}
		return "not shown"
	}
	of := func(some ...Why) string { return fmt.Sprint(some) }
	check := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("why is %s, not %s", got, want)
		}
	}
	check(why(v, "all"), of(
		Why{Kind: Followed, People: []string{"Always", "Some", "Third"}}, Why{Kind: OfFollowed, Club: club}, Why{Kind: OnTopic, Topic: "music"},
	))
	v.Follows, v.Clubs = nil, nil
	check(why(v, "all"), of(Why{Kind: OnTopic, Topic: "music"}, Why{Kind: InLanguage, Language: "de-AT"}, Why{Kind: OnTopic, Topic: "art"}))
	check(why(Viewer{}, "all"), of(Why{Kind: Lively}, Why{Kind: Fresh}))
	check(why(v, "social"), of(Why{Kind: Invited}, Why{Kind: Fresh}))
	h.now = noon.Add(3 * time.Hour)
	check(why(Viewer{}, "all"), of())
	check(why(Viewer{Blocked: map[id.Person]people.Level{person("Other"): people.LevelBlock}}, "all"), of(Why{Kind: Blocked, People: []string{"Other"}}))
	h.Heard(h.now, idOf("all"))
	if e := h.Table.rooms[idOf("all")]; e.lively(h.now) < weightSpoken {
		t.Error("that somebody is heard does not count")
	}
	if e := h.Table.rooms[idOf("none")]; e.lively(h.now) != 0 {
		t.Error("something goes on where nobody has come")
	}
}

func idOf(title string) (name id.Room) {
	copy(name[:], title)
	return name
}

func TestChoice(t *testing.T) {
	h := newHall()
	club := id.New[id.Club]()
	h.open("Nachtzüge", room.Opened{Visibility: room.Open, Language: "de-AT", Topics: []string{"travel"}}, 0, "Some")
	h.open("Trains", room.Opened{Visibility: room.Open, Language: "en", Topics: []string{"travel", "art"}, Club: room.Club{ID: club}}, 0)
	h.open("Tea", room.Opened{Visibility: room.Members, Club: room.Club{ID: club}}, 0)
	v := Viewer{Who: person("me"), Follows: map[id.Person]people.Notify{person("Some"): people.NotifyNever}}
	for _, c := range []struct {
		Choice

		want []string
	}{
		{Choice{}, []string{"Nachtzüge", "Trains"}},
		{Choice{Language: "de"}, []string{"Nachtzüge"}},
		{Choice{Language: "de-CH"}, []string{"Nachtzüge"}},
		{Choice{Language: "fr"}, nil},
		{Choice{Topic: "travel"}, []string{"Nachtzüge", "Trains"}},
		{Choice{Topic: "art"}, []string{"Trains"}},
		{Choice{Topic: "music"}, nil},
		{Choice{Topic: "nothing of the kind"}, nil},
		{Choice{Club: club}, []string{"Trains"}},
		{Choice{Followed: true}, []string{"Nachtzüge"}},
		{Choice{Followed: true, Topic: "art"}, nil},
		{Choice{Words: text.Words("nacht")}, []string{"Nachtzüge"}},
		{Choice{Words: text.Words("som nachtzuge")}, []string{"Nachtzüge"}},
		{Choice{Words: text.Words("zuge")}, nil},
	} {
		got := h.titles(v, c.Choice)
		slices.Sort(got)
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v shows %q, not %q", c.Choice, got, c.want)
		}
	}
	v.Clubs = map[id.Club]bool{club: true}
	if got := h.titles(v, Choice{Club: club}); len(got) != 2 {
		t.Errorf("a member is shown %q", got)
	}
}

// What somebody hosts does not exist for whom they have blocked, and is not counted;
// who is inside stays. Nobody finds a room by who has blocked them.
func TestBlocks(t *testing.T) {
	h := newHall()
	name := h.open("theirs", room.Opened{By: person("Bo"), Name: "Bo", Visibility: room.Open}, 3, "Cy")
	h.open("others'", room.Opened{Visibility: room.Open}, 3, "Bo")
	h.open("social", room.Opened{By: person("Bo"), Name: "Bo", Visibility: room.Social}, 0)
	closed := h.open("closed", room.Opened{By: person("Bo"), Name: "Bo", Visibility: room.Closed}, 0)
	h.happen(closed, room.LetInto{Who: person("Ada")})
	ada := Viewer{Who: person("Ada"), FollowedBy: map[id.Person]bool{person("Bo"): true}}
	shows := func(v Viewer, c Choice, want ...string) {
		t.Helper()
		got := h.titles(v, c)
		slices.Sort(got)
		if _, more := h.Cards(h.now, v, c); !slices.Equal(got, want) || more != 0 {
			t.Errorf("there is %q and %d more, not %q", got, more, want)
		}
		for title := range h.rooms {
			if _, there := h.Card(h.now, v, title); c.Words == nil && there != slices.Contains(want, h.Table.rooms[title].Title) {
				t.Errorf("%s is there: %v", h.Table.rooms[title].Title, there)
			}
		}
	}
	bo := Choice{Words: []string{"bo"}}
	shows(ada, Choice{}, "closed", "others'", "social", "theirs")
	shows(ada, bo, "closed", "others'", "social", "theirs")

	blocked := ada
	blocked.Blockers = map[id.Person]bool{person("Bo"): true}
	shows(blocked, Choice{}, "others'")
	shows(blocked, bo)
	h.happen(name, room.Entered{Who: person("Ada")})
	shows(blocked, Choice{}, "others'", "theirs")
	h.happen(name, room.Left{Who: person("Ada")})
	shows(blocked, Choice{}, "others'")
	h.happen(name, room.MadeModerator{Who: person("Cy")}, room.Left{Who: person("Bo")}) // it is another's by now
	shows(blocked, Choice{}, "others'", "theirs")

	blocks := ada
	blocks.Blocked = map[id.Person]people.Level{person("Bo"): people.LevelMute}
	shows(blocks, Choice{}, "closed", "others'", "social", "theirs")
	blocks.Blocked[person("Bo")] = people.LevelBlock
	shows(blocks, Choice{}, "others'", "theirs")
	if h.titles(blocks, Choice{})[1] != "others'" {
		t.Error("where somebody stands whom one has blocked is not last")
	}
}

func TestMore(t *testing.T) {
	h := newHall()
	for i := range ShownMax + 30 {
		h.open(fmt.Sprint(i), room.Opened{Visibility: room.Open}, i%7, fmt.Sprint("on ", i))
	}
	last := fmt.Sprint(ShownMax + 29)
	v := Viewer{Follows: map[id.Person]people.Notify{person("on " + last): people.NotifySometimes}}
	cards, more := h.Cards(h.now, v, Choice{})
	if len(cards) != ShownMax || more != 30 || cards[0].Title != last {
		t.Errorf("%d cards, %d more, %q first", len(cards), more, cards[0].Title)
	}
	for i := 1; i < len(cards); i++ {
		a, b := h.Table.rooms[cards[i-1].ID], h.Table.rooms[cards[i].ID]
		if i > 1 && a.base(h.now) < b.base(h.now) {
			t.Fatalf("%q stands before %q", a.Title, b.Title)
		}
	}
}

// Another house's rooms are not shown, and those that go on elsewhere are no more.
func TestGuests(t *testing.T) {
	h := newHall()
	var guest id.Room
	copy(guest[:], "guest")
	h.Guest(guest)
	h.open("guest", room.Opened{Visibility: room.Open}, 1)
	ours := h.open("ours", room.Opened{Visibility: room.Open}, 1)
	if got := h.titles(Viewer{}, Choice{}); !slices.Equal(got, []string{"ours"}) {
		t.Errorf("%q", got)
	}
	h.Forget(ours)
	h.Forget(ours)
	h.happen(guest, room.Ended{})
	if got := h.titles(Viewer{}, Choice{}); len(got) != 0 || len(h.guests) != 0 {
		t.Errorf("%q, %d guests", got, len(h.guests))
	}
}

// Whatever happens in rooms, the table shows to each those that they may enter, as
// they are.
func TestTableIsAsTheRoomsAre(t *testing.T) {
	for seed := range uint64(12) {
		chance := rand.New(rand.NewPCG(seed, 7))
		w := newWorld(chance)
		for range 200 {
			w.step()
			w.check(t)
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
		for name := range w.rooms {
			w.happen(name, room.Ended{})
		}
		if n := len(w.Table.open) + len(w.stages) + len(w.chairs) + len(w.members) + len(w.let) + len(w.Table.rooms); n != 0 {
			t.Fatalf("seed %d: %d things are left of rooms that have ended", seed, n)
		}
	}
}

type world struct {
	*hall

	chance  *rand.Rand
	who     []id.Person
	session map[id.Person]id.Session
	follows map[id.Person]map[id.Person]people.Notify
	clubs   []id.Club
	in      map[id.Person]map[id.Club]bool
}

func newWorld(chance *rand.Rand) *world {
	w := &world{
		hall: newHall(), chance: chance, clubs: []id.Club{{1}, {2}}, session: make(map[id.Person]id.Session),
		follows: make(map[id.Person]map[id.Person]people.Notify), in: make(map[id.Person]map[id.Club]bool),
	}
	for i := range 7 {
		w.who = append(w.who, id.Person{byte(i + 1)})
		w.session[w.who[i]] = id.Session{byte(i + 1)}
	}
	for _, who := range w.who {
		w.follows[who], w.in[who] = make(map[id.Person]people.Notify), make(map[id.Club]bool)
		for _, whom := range w.who {
			if whom != who && chance.IntN(3) == 0 {
				w.follows[who][whom] = people.NotifySometimes
			}
		}
		for _, club := range w.clubs {
			if chance.IntN(2) == 0 {
				w.in[who][club] = chance.IntN(2) == 0
			}
		}
	}
	return w
}

func (w *world) one() id.Person { return w.who[w.chance.IntN(len(w.who))] }

func (w *world) step() {
	w.now = w.now.Add(time.Second)
	name := id.Room{byte(w.chance.IntN(5))}
	r := w.rooms[name]
	if r == nil || r.Ended() {
		r = new(room.Room)
		w.rooms[name] = r
		o := room.OpenRoom{By: w.one(), Name: "x", Visibility: room.Visibility(w.chance.IntN(4)), Club: room.Club{ID: w.clubs[w.chance.IntN(2)]}}
		if w.chance.IntN(3) == 0 {
			o.Hosts = []id.Person{o.By, w.one()}
		}
		events, err := r.Decide(w.now, o)
		if err != nil {
			panic(err)
		}
		w.happen(name, events...)
		if w.chance.IntN(2) == 0 { // and is loaded, with all that it is by then
			w.Forget(name)
			w.Follow(w.now, name, r, nil)
		}
		return
	}
	by, whom := w.one(), w.one()
	seat := room.Seat{Who: by, Session: w.session[by]}
	commands := []room.Command{
		room.Enter{Who: by, Name: "x", Session: w.session[by], FollowedBy: w.following(by, r), InClub: w.in[by][r.Club().ID]},
		room.Enter{Who: by, Name: "x", Session: w.session[by], FollowedBy: w.following(by, r), InClub: w.in[by][r.Club().ID]},
		room.Leave{By: seat},
		room.AskUp{By: seat, Who: whom},
		room.AskUp{By: seat, Who: whom},
		room.StepUp{By: seat},
		room.StepDown{By: seat},
		room.MoveDown{By: seat, Who: whom},
		room.MakeModerator{By: seat, Who: whom},
		room.Remove{By: seat, Who: whom},
		room.LetIn{By: seat, Who: whom},
		room.Widen{By: seat, To: room.Visibility(w.chance.IntN(4))},
		room.Unmute{By: seat},
	}
	events, err := r.Decide(w.now, commands[w.chance.IntN(len(commands))])
	if err == nil && len(events) > 0 {
		w.happen(name, events...)
	}
}

// following returns those on the stage who follow who.
func (w *world) following(who id.Person, r *room.Room) (by []id.Person) {
	for _, p := range r.Stage() {
		if w.follows[p.Who][who] != "" {
			by = append(by, p.Who)
		}
	}
	return by
}

func (w *world) check(t *testing.T) {
	t.Helper()
	for _, who := range w.who {
		v := Viewer{Who: who, Follows: w.follows[who], Clubs: w.in[who], FollowedBy: make(map[id.Person]bool)}
		for _, by := range w.who {
			if w.follows[by][who] != "" {
				v.FollowedBy[by] = true
			}
		}
		cards, more := w.Cards(w.now, v, Choice{})
		shown := make(map[id.Room]Card)
		for _, c := range cards {
			if _, twice := shown[c.ID]; twice {
				t.Errorf("a room is shown twice")
			}
			shown[c.ID] = c
		}
		if more != 0 {
			t.Errorf("%d more", more)
		}
		for name, r := range w.rooms {
			moderated := slices.ContainsFunc(r.Moderators(), func(by id.Person) bool { return v.FollowedBy[by] })
			want := r.MayEnter(who, moderated, w.in[who][r.Club().ID])
			card, got := shown[name]
			if _, there := w.Card(w.now, v, name); got != want || there != want {
				t.Errorf("a %v room is shown: %v, by itself %v, may be entered: %v", r.Visibility(), got, there, want)
			}
			if !want {
				continue
			}
			stage := r.Stage()
			if card.Visibility != r.Visibility() || card.Listeners != r.Len()-len(stage) || len(card.Stage) != len(stage) {
				t.Errorf("shown as %+v", card)
				continue
			}
			for i, p := range stage {
				if card.Stage[i] != (Person{p.Who, p.Name, p.Picture, p.Role == room.Moderator}) {
					t.Errorf("on the stage is %+v, not %+v", card.Stage[i], p)
				}
			}
		}
	}
}

// crowded returns a table of ten thousand rooms, and somebody with much to say.
func crowded() (*Table, Viewer) {
	t, now := New(), noon
	topics := []string{"art", "music", "books", "film", "food"}
	languages := []string{"de", "en", "fr", "tr"}
	name := func(i int) (who id.Person) { return id.Person{1, byte(i), byte(i >> 8), byte(i >> 16)} }
	for i := range 10_000 {
		r := new(room.Room)
		o := room.Opened{
			By: name(i), Name: "Somebody", Title: fmt.Sprint("About number ", i), Visibility: room.Open, At: now.Add(-time.Duration(i) * time.Second),
			Topics: topics[i%5 : i%5+1], Language: languages[i%4],
		}
		if i%5 == 0 {
			o.Club.ID = id.Club{byte(i), byte(i >> 8)}
		}
		if i%10 == 3 {
			o.Visibility = room.Social
		}
		r.Apply(o)
		for j := range 7 {
			who := name(10_000 + i*7 + j)
			r.Apply(room.Entered{Who: who, Name: "Somebody else"})
			if j < 2 {
				r.Apply(room.SteppedUp{Who: who})
			}
		}
		t.Follow(now, id.New[id.Room](), r, nil)
	}
	v := Viewer{
		Who: person("me"), Interests: []string{"art", "film"}, Languages: []string{"de", "tr"},
		Follows: make(map[id.Person]people.Notify), FollowedBy: make(map[id.Person]bool), Clubs: make(map[id.Club]bool),
	}
	for i := range 300 {
		v.Follows[name(i*31)] = people.NotifySometimes
		v.FollowedBy[name(i*33)] = true
	}
	for i := range 20 {
		v.Clubs[id.Club{byte(i * 10)}] = i%2 == 0
	}
	return t, v
}

// To look costs as much memory as is shown, however many rooms there are.
func TestLookingIsBounded(t *testing.T) {
	table, v := crowded()
	cards, more := table.Cards(noon, v, Choice{})
	if len(cards) != ShownMax || more < 9000-ShownMax {
		t.Fatalf("%d cards, %d more", len(cards), more)
	}
	const most = 8*ShownMax + 4*300 // for what is shown, and for whom one follows
	if n := testing.AllocsPerRun(5, func() { table.Cards(noon, v, Choice{}) }); n > most {
		t.Errorf("%.0f allocations, more than %d", n, most)
	}
}

func BenchmarkCards(b *testing.B) {
	table, v := crowded()
	b.ReportAllocs()
	for b.Loop() {
		table.Cards(noon, v, Choice{})
	}
}

func BenchmarkFind(b *testing.B) {
	table, v := crowded()
	words := text.Words("about number 77")
	b.ReportAllocs()
	for b.Loop() {
		table.Cards(noon, v, Choice{Words: words})
	}
}

func BenchmarkCome(b *testing.B) {
	table, _ := crowded()
	r, name := new(room.Room), id.New[id.Room]()
	r.Apply(room.Opened{By: person("Bo"), Visibility: room.Open})
	table.Follow(noon, name, r, nil)
	came := []room.Event{room.Entered{Who: person("Cy")}}
	r.Apply(came[0])
	b.ReportAllocs()
	for b.Loop() {
		table.Follow(noon, name, r, came)
	}
}
