package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/clubs"
	"github.com/stoa-audio/stoa/internal/conversations"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/schedule"
)

// piece is a piece of news of chance for somebody, at so many minutes past noon.
func piece(to people.Person, kind news.Kind, minutes int) news.Piece {
	return news.Piece{ID: id.New[news.ID](), To: to.ID, Kind: kind, At: noon.Add(time.Duration(minutes) * time.Minute)}
}

// fated is a judge by whom all becomes the same.
func fated(f news.Fate) func(news.Piece, news.Scene) news.Outcome {
	return func(_ news.Piece, s news.Scene) news.Outcome {
		return news.Outcome{Fate: f, Day: s.Day, Digest: s.Digest}
	}
}

// keeps keeps pieces and returns their names.
func keeps(t *testing.T, s Store, f news.Fate, pieces ...news.Piece) (names []news.ID) {
	t.Helper()
	told, err := s.TellNews(t.Context(), pieces, fated(f))
	must(t, err)
	for _, p := range told {
		same(t, p.Fate, f)
		names = append(names, p.ID)
	}
	return names
}

// listed returns the names of what is in somebody's list.
func listed(t *testing.T, s Store, who people.Person, after news.Mark, most int) (names []news.ID) {
	t.Helper()
	list, err := s.News(t.Context(), who.ID, after, most)
	must(t, err)
	for _, p := range list {
		names = append(names, p.ID)
	}
	return names
}

// What is new in a conversation is in no list, is pushed until somebody looks at that
// conversation, and goes with it.
func newsOfTalks(t *testing.T, s Store) {
	ctx := t.Context()
	c, now, who := talkers(t, s)
	ada, bo := who[0], people.Person{ID: who[1].Who}
	which, other := begins(t, c, true, []id.Person{bo.ID}, who[0], who[1]), begins(t, c, false, []id.Person{bo.ID}, who[0], who[1], who[2])
	told := func(about id.Conversation, wait time.Duration) (p news.Piece) {
		t.Helper()
		p = piece(bo, news.Message, 1)
		p.Who, p.Talk = ada.Who, about
		kept, err := s.TellNews(ctx, []news.Piece{p}, func(news.Piece, news.Scene) news.Outcome { return news.Outcome{Fate: news.Push, Wait: wait} })
		must(t, err)
		if len(kept) == 0 {
			return news.Piece{}
		}
		return kept[0].Piece
	}
	due := func(at time.Time) []news.Piece {
		t.Helper()
		list, err := s.DueNews(ctx, at, 10)
		must(t, err)
		return list
	}
	first := told(which, 30*time.Second)
	same(t, first.Push.Sub(first.At), 30*time.Second)
	same(t, len(due(first.At.Add(29*time.Second))), 0)
	listed := keeps(t, s, news.Show, piece(bo, news.Follow, 2))
	list, err := s.News(ctx, bo.ID, news.Mark{}, 10)
	must(t, err)
	same(t, len(list), 1)
	unseen, err := s.UnseenNews(ctx, bo.ID, 10)
	must(t, err)
	same(t, len(unseen), 1)
	must(t, s.SeeNews(ctx, bo.ID, listed[0])) // which is not about conversations
	got := due(first.At.Add(time.Minute))
	first.Push = first.At.Add(30 * time.Second)
	same(t, got, []news.Piece{first})

	kept, lost := told(other, time.Second), told(which, time.Second)
	must(t, s.SeeTalk(ctx, ada.Who, other)) // who is told of nothing there
	must(t, s.SeeTalk(ctx, bo.ID, which))
	got = due(noon.Add(time.Hour))
	if len(got) != 1 || got[0].ID != kept.ID {
		t.Errorf("%v is pushed, and not %v alone; %v was seen", got, kept.ID, lost.ID)
	}
	if p := told(id.New[id.Conversation](), 0); !p.ID.IsZero() {
		t.Error("of a conversation that there is not something is told")
	}
	// All leave it, and when it goes, so does what is told of it.
	kept = told(other, time.Second)
	for _, m := range who {
		must(t, c.Leave(ctx, other, m.Who))
	}
	*now = now.Add(2 * conversations.EmptyLife)
	must(t, c.Forget(ctx))
	for _, p := range due(noon.Add(time.Hour)) {
		t.Errorf("%v is pushed of a conversation that is gone", p.ID == kept.ID)
	}
}

// What was told of a message goes with it, where it is all that there is to read.
func newsOfTakenBack(t *testing.T, s Store) {
	ctx := t.Context()
	c, now, who := talkers(t, s)
	ada, bo, cy := who[0], who[1], who[2]
	which := begins(t, c, false, []id.Person{bo.Who, cy.Who}, ada, bo, cy)
	writes := func(by conversations.Member) int64 {
		t.Helper()
		*now = now.Add(time.Second)
		seq, err := c.Write(ctx, which, by, 1, []byte("sealed"))
		must(t, err)
		return seq
	}
	tell := func(of conversations.Member, to ...conversations.Member) {
		t.Helper()
		for _, m := range to {
			p := news.Piece{ID: id.New[news.ID](), To: m.Who, Kind: news.Message, Who: of.Who, Talk: which, At: *now}
			keeps(t, s, news.Push, p)
		}
	}
	takes := func(by conversations.Member, message int64) {
		t.Helper()
		_, err := c.TakeBack(ctx, which, by, message, 1, []byte("note"))
		must(t, err)
	}
	due := func() (to []id.Person) {
		t.Helper()
		list, err := s.DueNews(ctx, now.Add(time.Hour), 10)
		must(t, err)
		for _, p := range list {
			to = append(to, p.To)
		}
		return to
	}
	read := func() {
		t.Helper()
		for _, m := range who {
			must(t, c.SetRead(ctx, which, m, 1000))
		}
	}
	one := writes(ada)
	tell(ada, bo, cy)
	takes(ada, one)
	same(t, len(due()), 0)
	// Not where there is another; one's own is none.
	read()
	one = writes(ada)
	tell(ada, bo, cy)
	writes(bo)
	takes(ada, one)
	same(t, due(), []id.Person{cy.Who})
	// Nor by what was written after it was told, or by somebody else.
	read()
	writes(ada)
	tell(ada, bo)
	read() // by devices; nobody has looked
	one = writes(ada)
	takes(ada, one)
	same(t, due(), []id.Person{bo.Who})
	read()
	one = writes(ada)
	tell(cy, bo)
	takes(ada, one)
	same(t, due(), []id.Person{bo.Who})
}

func keepsNews(t *testing.T, s Store) {
	ctx, ada := t.Context(), first(t, s)
	bo := invited(t, s, ada, "Bo")
	club := clubs.Club{ID: id.New[id.Club](), Created: noon, Words: clubs.Words{Name: "Tea", Rules: []string{}, Joining: clubs.Open, Rooms: clubs.ByAdmins}}
	must(t, s.FoundClub(ctx, club, ada.ID, func(clubs.Scene) error { return nil }))
	p := plan(t, s, ada, schedule.Open, nil, nil)

	full := piece(bo, news.ClubInvited, 1)
	full.Who, full.Room, full.Club, full.Plan = ada.ID, id.New[id.Room](), club.ID, p.ID
	same(t, keeps(t, s, news.Show, full), []news.ID{full.ID})
	list, err := s.News(ctx, bo.ID, news.Mark{}, 10)
	must(t, err)
	same(t, list, []news.Piece{full})

	// What is dropped is not kept, and who or what is not there leaves nothing.
	nobody, noClub := piece(bo, news.Follow, 2), piece(bo, news.ClubRole, 2)
	nobody.Who, noClub.Club = id.New[id.Person](), id.New[id.Club]()
	same(t, len(keeps(t, s, news.Show, nobody, noClub, piece(people.Person{ID: id.New[id.Person]()}, news.Follow, 2))), 0)
	same(t, len(keeps(t, s, news.Drop, piece(bo, news.Follow, 2))), 0)
	same(t, listed(t, s, bo, news.Mark{}, 10), []news.ID{full.ID})

	// The newest first, in pages; of the same moment by their names.
	more := []news.Piece{piece(bo, news.Follow, 3), piece(bo, news.Follow, 3), piece(bo, news.Follow, 4)}
	keeps(t, s, news.Show, more...)
	low, high := more[0].ID, more[1].ID
	if slices.Compare(low[:], high[:]) > 0 {
		low, high = high, low
	}
	want := []news.ID{more[2].ID, high, low, full.ID}
	same(t, listed(t, s, bo, news.Mark{}, 10), want)
	same(t, listed(t, s, bo, news.Mark{}, 2), want[:2])
	same(t, listed(t, s, bo, news.Mark{At: more[0].At, ID: high}, 10), want[2:])

	// Seen is one and all before it, and only by who is told.
	refused(t, s.SeeNews(ctx, ada.ID, low), news.ErrNone)
	refused(t, s.SeeNews(ctx, bo.ID, id.New[news.ID]()), news.ErrNone)
	must(t, s.SeeNews(ctx, bo.ID, low))
	unseen, err := s.UnseenNews(ctx, bo.ID, 10)
	must(t, err)
	same(t, len(unseen), 2)
	list, err = s.News(ctx, bo.ID, news.Mark{}, 10)
	must(t, err)
	for i, p := range list {
		same(t, p.Seen, i >= 2)
	}

	// The same again stands in its own place, is judged beside what it was, and is
	// not seen any more.
	full.At = full.At.Add(time.Hour)
	told, err := s.TellNews(ctx, []news.Piece{full}, func(p news.Piece, scene news.Scene) news.Outcome {
		if scene.Before == nil || !scene.Before.Seen || !scene.Before.At.Equal(noon.Add(time.Minute)) {
			t.Errorf("before it was %+v", scene.Before)
		}
		return news.Outcome{Fate: news.Show}
	})
	must(t, err)
	same(t, len(told), 1)
	same(t, listed(t, s, bo, news.Mark{}, 1), []news.ID{full.ID})
	unseen, err = s.UnseenNews(ctx, bo.ID, 10)
	must(t, err)
	same(t, len(unseen), 3)

	// Of each person so many are kept.
	var many []news.Piece
	for i := range news.KeptMax + 5 {
		many = append(many, piece(ada, news.Follow, i))
	}
	keeps(t, s, news.Show, many...)
	kept := listed(t, s, ada, news.Mark{}, 1000)
	same(t, len(kept), news.KeptMax)
	same(t, kept[0], many[len(many)-1].ID)
	same(t, kept[news.KeptMax-1], many[5].ID)
	same(t, len(listed(t, s, bo, news.Mark{}, 1000)), 4)

	must(t, s.ForgetNews(ctx, noon.Add(4*time.Minute)))
	same(t, listed(t, s, bo, news.Mark{}, 10), []news.ID{full.ID})

	// What it is about takes it along.
	about := piece(ada, news.Follow, 500)
	about.Who = bo.ID
	keeps(t, s, news.Show, about)
	must(t, s.Erase(ctx, bo.ID))
	if names := listed(t, s, ada, news.Mark{}, 1); names[0] == about.ID {
		t.Error("there is news of who is erased")
	}
}

// newsIsJudged has many judge for one person at once: none is counted twice.
func newsIsJudged(t *testing.T, s Store) {
	ctx, ada := t.Context(), first(t, s)
	session := people.Session{ID: id.New[people.SessionID](), Person: ada.ID, Created: noon, Seen: noon}
	must(t, s.AddSession(ctx, session, hash()))
	scenes := 0
	look := func(p news.Piece, scene news.Scene) news.Outcome {
		scenes++
		same(t, scene.Devices, false)
		same(t, scene.Settings, news.AtFirst())
		return news.Outcome{Fate: news.Show}
	}
	_, err := s.TellNews(ctx, []news.Piece{piece(ada, news.Follow, 0)}, look)
	must(t, err)
	same(t, scenes > 0, true)
	must(t, s.SetDevice(ctx, news.SealedDevice{Session: session.ID, Person: ada.ID, Sealed: []byte{1}, Since: noon}))
	const each, most = 5, 7
	var wg sync.WaitGroup
	var mu sync.Mutex
	pushed := 0
	for range 4 {
		wg.Go(func() {
			for range each {
				told, err := s.TellNews(ctx, []news.Piece{piece(ada, news.Live, 1)}, func(_ news.Piece, scene news.Scene) news.Outcome {
					out := news.Outcome{Fate: news.Hold, Day: scene.Day, Digest: noon.Add(time.Hour)}
					if !scene.Devices {
						t.Error("the browser is not there")
					}
					if scene.Day.Pushed < most {
						out.Fate, out.Digest, out.Day.Pushed = news.Push, scene.Digest, scene.Day.Pushed+1
					}
					return out
				})
				if err != nil {
					t.Errorf("%v", err)
					return
				}
				mu.Lock()
				if told[0].Fate == news.Push {
					pushed++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	same(t, pushed, most)

	due, err := s.DueNews(ctx, noon, 100)
	must(t, err)
	same(t, len(due), 0)
	if due, err = s.DueNews(ctx, noon.Add(time.Hour), 3); err != nil || len(due) != 3 {
		t.Fatalf("%d, %v", len(due), err)
	}
	rest, err := s.DueNews(ctx, noon.Add(time.Hour), 100)
	must(t, err)
	same(t, len(rest), most-3)
	for _, p := range rest {
		if slices.ContainsFunc(due, func(d news.Piece) bool { return d.ID == p.ID }) {
			t.Error("one is taken twice")
		}
	}

	// One of them comes again later, another is held for the digest, and a third has
	// been seen meanwhile.
	again := noon.Add(2 * time.Hour)
	later := func(p news.Piece, push, digest time.Time) {
		t.Helper()
		must(t, s.LaterNews(ctx, p, func(news.Settings) (time.Time, time.Time) { return push, digest }))
	}
	later(due[0], again, time.Time{})
	later(due[1], time.Time{}, noon.Add(5*time.Hour))
	got, err := s.DueNews(ctx, again, 100)
	must(t, err)
	same(t, len(got), 1)
	same(t, got[0].ID, due[0].ID)

	digests, err := s.Digests(ctx, noon.Add(59*time.Minute), 10)
	must(t, err)
	same(t, len(digests), 0)
	digests, err = s.Digests(ctx, noon.Add(time.Hour), 10)
	must(t, err)
	same(t, len(digests), 1)
	same(t, len(digests[0].Pieces), 4*each-most+1)
	digests, err = s.Digests(ctx, noon.Add(9*time.Hour), 10)
	must(t, err)
	same(t, len(digests), 0)

	later(due[2], again, time.Time{})
	must(t, s.SeeNews(ctx, ada.ID, listed(t, s, ada, news.Mark{}, 1)[0]))
	later(due[0], again, time.Time{})
	got, err = s.DueNews(ctx, again, 100)
	must(t, err)
	same(t, len(got), 0)
}

func newsIsChosen(t *testing.T, s Store) {
	ctx, ada := t.Context(), first(t, s)
	bo := invited(t, s, ada, "Bo")
	got, version, err := s.NewsSettings(ctx, ada.ID)
	must(t, err)
	same(t, got, news.AtFirst())
	same(t, version, int64(0))
	want := news.AtFirst()
	want.Ways[news.Live], want.Budget, want.Digest = news.Off, 0, news.NoDigest
	want.Quiet = news.Quiet{From: 1, To: 2, Zone: "Europe/Berlin"}
	must(t, s.SetNewsSettings(ctx, ada.ID, 0, want, noon))
	refused(t, s.SetNewsSettings(ctx, ada.ID, 0, want, noon), news.ErrChanged)
	refused(t, s.SetNewsSettings(ctx, id.New[id.Person](), 0, want, noon), people.ErrNoPerson)
	got, version, err = s.NewsSettings(ctx, ada.ID)
	must(t, err)
	same(t, got, want)
	same(t, version, int64(1))
	// What is counted and chosen does not change the other.
	due := noon.Add(time.Hour)
	_, err = s.TellNews(ctx, []news.Piece{piece(ada, news.Follow, 0)}, func(_ news.Piece, scene news.Scene) news.Outcome {
		same(t, scene.Settings, want)
		return news.Outcome{Fate: news.Hold, Day: news.Day{Number: 7, Pushed: 1, Pinged: 2, Reminded: 3}, Digest: due}
	})
	must(t, err)
	must(t, s.SetNewsSettings(ctx, ada.ID, 1, news.AtFirst(), due.Add(time.Hour)))
	_, err = s.TellNews(ctx, []news.Piece{piece(ada, news.Follow, 0)}, func(_ news.Piece, scene news.Scene) news.Outcome {
		same(t, scene.Day, news.Day{Number: 7, Pushed: 1, Pinged: 2, Reminded: 3})
		same(t, scene.Digest, due.Add(time.Hour))
		return news.Outcome{}
	})
	must(t, err)

	// Browsers: one of each session, ten of a person, gone with the session.
	var sessions []people.Session
	for i := range news.DevicesMax + 1 {
		one := people.Session{ID: id.New[people.SessionID](), Person: ada.ID, Created: noon, Seen: noon}
		must(t, s.AddSession(ctx, one, hash()))
		must(t, s.SetDevice(ctx, news.SealedDevice{Session: one.ID, Person: ada.ID, Sealed: []byte(fmt.Sprint(i)), Since: noon.Add(time.Duration(i) * time.Second)}))
		sessions = append(sessions, one)
	}
	refused(t, s.SetDevice(ctx, news.SealedDevice{Session: sessions[1].ID, Person: bo.ID, Sealed: []byte{1}, Since: noon}), people.ErrNoSession)
	refused(t, s.SetDevice(ctx, news.SealedDevice{Session: id.New[people.SessionID](), Person: ada.ID, Sealed: []byte{1}, Since: noon}), people.ErrNoSession)
	devices := func() []news.SealedDevice {
		t.Helper()
		list, err := s.Devices(ctx, ada.ID)
		must(t, err)
		return list
	}
	same(t, len(devices()), news.DevicesMax)
	same(t, devices()[0].Session, sessions[1].ID)
	must(t, s.NoteDevice(ctx, sessions[1].ID, due, 3))
	same(t, devices()[0], news.SealedDevice{Session: sessions[1].ID, Person: ada.ID, Sealed: []byte("1"), Since: noon.Add(time.Second), Busy: due, Failed: 3})
	later := noon.Add(time.Hour)
	must(t, s.SetDevice(ctx, news.SealedDevice{Session: sessions[1].ID, Person: ada.ID, Sealed: []byte("x"), Since: later}))
	list := devices()
	same(t, list[len(list)-1], news.SealedDevice{Session: sessions[1].ID, Person: ada.ID, Sealed: []byte("x"), Since: later})
	must(t, s.EndSession(ctx, ada.ID, sessions[1].ID))
	must(t, s.DropDevice(ctx, sessions[2].ID))
	same(t, len(devices()), news.DevicesMax-2)

	// Those who are to be told are read in pages, by how loud.
	var loud []id.Person
	for range 5 {
		one := invited(t, s, ada, "Cy")
		must(t, s.Follow(ctx, one.ID, ada.ID, noon))
		must(t, s.SetNotify(ctx, one.ID, ada.ID, people.NotifyAlways))
		loud = append(loud, one.ID)
	}
	must(t, s.Follow(ctx, bo.ID, ada.ID, noon))
	slices.SortFunc(loud, func(a, b id.Person) int { return slices.Compare(a[:], b[:]) })
	page, err := s.FollowersToTell(ctx, ada.ID, people.NotifyAlways, id.Person{}, 3)
	must(t, err)
	same(t, page, loud[:3])
	page, err = s.FollowersToTell(ctx, ada.ID, people.NotifyAlways, page[2], 3)
	must(t, err)
	same(t, page, loud[3:])
	page, err = s.FollowersToTell(ctx, ada.ID, people.NotifySometimes, id.Person{}, 3)
	must(t, err)
	same(t, page, []id.Person{bo.ID})
	page, err = s.FollowersToTell(ctx, ada.ID, people.NotifyNever, id.Person{}, 3)
	must(t, err)
	same(t, len(page), 0)
}
