package live

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
)

func person(word string) (who id.Person) { copy(who[:], word); return who }

// seat is the seat of who, whose session has the same name.
func seat(who string) room.Seat {
	var s id.Session
	copy(s[:], who)
	return room.Seat{Who: person(who), Session: s}
}

func enter(who string) room.Enter {
	return room.Enter{Who: person(who), Name: who, Session: seat(who).Session}
}

// A house is running rooms with all that they need.
type house struct {
	testing.TB
	*Rooms
	store   *memory
	follows *follows
	witness *witness
}

func newHouse(t testing.TB, m *memory) *house {
	return &house{TB: t, store: m, follows: &follows{of: make(map[id.Person][]id.Person)}, witness: newWitness(t)}
}

func start(t testing.TB, m *memory) *house {
	t.Helper()
	h := newHouse(t, m)
	rs, err := Start(t.Context(), h.store, h.follows, h.follows, h.witness, h.witness)
	if err != nil {
		t.Fatal(err)
	}
	h.Rooms = rs
	return h
}

// stop closes the house and looks whether all that was told is stored.
func (h *house) stop() {
	h.Helper()
	if err := h.Close(h.Context()); err != nil {
		h.Error(err)
	}
	h.witness.agrees(h.store)
}

// open opens a room with zeno in it.
func (h *house) open(v room.Visibility, invite ...id.Person) id.Room {
	h.Helper()
	name, err := h.Open(h.Context(), room.OpenRoom{By: person("zeno"), Name: "Zeno", Visibility: v}, invite)
	if err != nil {
		h.Fatal(err)
	}
	h.do(name, enter("zeno"), nil)
	return name
}

func (h *house) do(name id.Room, c room.Command, want error) {
	h.Helper()
	if err := h.Do(h.Context(), name, c); !errors.Is(err, want) {
		h.Errorf("%T: got %v, want %v", c, err, want)
	}
}

// up brings who, who is in the audience, onto the stage.
func (h *house) up(name id.Room, who string) {
	h.Helper()
	h.do(name, room.AskUp{By: seat("zeno"), Who: person(who)}, nil)
	h.do(name, room.StepUp{By: seat(who)}, nil)
}

// text returns the stored form of a running room.
func (h *house) text(name id.Room) (stored string) {
	h.Helper()
	if !h.Read(name, func(r *room.Room) { stored = text(h, r) }) {
		h.Error("the room does not run")
	}
	return stored
}

func (h *house) role(name id.Room, who string) (role room.Role) {
	h.Read(name, func(r *room.Room) { role = r.Role(person(who)) })
	return role
}

func (h *house) followed(name id.Room, who string) (followed bool) {
	h.Read(name, func(r *room.Room) { followed = r.Participant(person(who)).Followed })
	return followed
}

func TestHandToStage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory())
		defer h.stop()
		name := h.open(room.Open)
		h.do(name, room.RaiseHand{By: seat("lia")}, room.ErrNotHere)
		h.do(name, enter("lia"), nil)
		h.do(name, room.RaiseHand{By: seat("lia")}, nil)
		h.do(name, room.StepUp{By: seat("lia")}, room.ErrNotAsked)
		h.up(name, "lia")
		if got := h.role(name, "lia"); got != room.Speaker {
			t.Errorf("lia is a %v", got)
		}
		h.do(id.New[id.Room](), enter("lia"), room.ErrNoRoom)
	})
}

// Nobody reads or is told what is not stored yet.
func TestStoredFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory())
		defer h.stop()
		name := h.open(room.Open)
		before, told := h.text(name), len(h.witness.events(name))

		h.store.goes(slow(time.Second))
		done := make(chan error)
		go func() { done <- h.Do(t.Context(), name, enter("lia")) }()
		time.Sleep(time.Second - 1)
		if h.text(name) != before || len(h.witness.events(name)) != told {
			t.Error("lia is there before it is stored")
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if h.role(name, "lia") != room.Listener || len(h.witness.events(name)) != told+1 {
			t.Error("lia is not there after it is stored")
		}
	})
}

// Those who come while the store writes are written together.
func TestBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory())
		defer h.stop()
		name := h.open(room.Open)
		h.store.goes(slow(time.Second))
		before := h.store.appends
		var all sync.WaitGroup
		for n := range 10 * batchMax {
			all.Go(func() { h.do(name, enter(fmt.Sprint(n)), nil) })
		}
		all.Wait()
		if got := h.store.appends - before; got > 11 {
			t.Errorf("%d people were stored in %d batches", 10*batchMax, got)
		}
		h.Read(name, func(r *room.Room) {
			if r.Len() != 10*batchMax+1 {
				t.Errorf("%d people are there", r.Len())
			}
		})
	})
}

func TestFailingStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory())
		defer h.stop()
		name := h.open(room.Open)
		h.do(name, enter("lia"), nil)
		before := h.text(name)

		h.store.goes(failing)
		h.do(name, room.RaiseHand{By: seat("lia")}, ErrStore)
		h.do(name, room.RaiseHand{By: seat("lia")}, errDisk)
		h.do(name, room.RaiseHand{By: seat("nemo")}, room.ErrNotHere) // needs no store
		h.do(name, room.End{By: seat("zeno")}, ErrStore)
		if _, err := h.Open(t.Context(), room.OpenRoom{}, nil); !errors.Is(err, ErrStore) {
			t.Errorf("opened a room that is not stored: %v", err)
		}
		if after := h.text(name); after != before {
			t.Errorf("what was not stored changed\n%s to\n%s", before, after)
		}
		if got := h.Counts().Unstored; got != 4 {
			t.Errorf("%d batches counted as not stored", got)
		}

		h.store.goes(nil)
		h.do(name, room.RaiseHand{By: seat("lia")}, nil) // the seats are as they were
		h.do(name, room.End{By: seat("zeno")}, nil)
	})
}

// Of commands stored together, none is done when they cannot be stored.
func TestFailingBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory())
		defer h.stop()
		name := h.open(room.Open)
		h.store.goes(func() (time.Duration, time.Duration, error) { return time.Second, 0, errDisk })
		var all sync.WaitGroup
		all.Go(func() { h.do(name, enter("first"), ErrStore) })
		synctest.Wait() // the store is at work on it: what comes now waits, and is stored together
		for n := range 10 {
			all.Go(func() { h.do(name, enter(fmt.Sprint(n)), ErrStore) })
		}
		all.Go(func() { h.do(name, room.LowerHand{By: seat("zeno"), Who: person("nemo")}, ErrStore) }) // a refusal, had it been alone
		all.Wait()
	})
}

// A lost connection is reported until it is stored; nobody asks again.
func TestDisconnectInsists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory())
		defer h.stop()
		name := h.open(room.Open)
		h.do(name, enter("lia"), nil)
		h.store.goes(failing)
		ctx, cancel := context.WithTimeout(t.Context(), 4500*time.Millisecond)
		defer cancel()
		if err := h.Do(ctx, name, room.Disconnect{By: seat("lia")}); !errors.Is(err, ErrStore) {
			t.Errorf("given up with %v", err)
		}
		go func() {
			time.Sleep(time.Minute)
			h.store.goes(nil)
		}()
		h.do(name, room.Disconnect{By: seat("lia")}, nil)
		h.Read(name, func(r *room.Room) {
			if !r.Participant(person("lia")).Away() {
				t.Error("lia's seat is taken by nobody")
			}
		})
	})
}

// Time goes on while the store fails; what is over ends once it can be stored.
func TestExpireInsists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory())
		defer h.stop()
		name := h.open(room.Open)
		h.do(name, enter("lia"), nil)
		h.do(name, room.Disconnect{By: seat("lia")}, nil)
		h.store.goes(failing)
		time.Sleep(5 * time.Minute)
		if got := h.Counts().Unstored; got > 300 {
			t.Errorf("tried %d times in five minutes", got)
		}
		h.store.goes(nil)
		time.Sleep(2 * retryWait)
		if got := h.role(name, "lia"); got != room.Absent {
			t.Errorf("lia is a %v", got)
		}
	})
}

func TestEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		h := start(t, m)
		defer h.stop()
		name := h.open(room.Open)
		h.store.goes(slow(time.Second))
		var all sync.WaitGroup
		all.Go(func() { h.do(name, room.End{By: seat("zeno")}, nil) })
		synctest.Wait()
		for n := range 2 * batchMax {
			all.Go(func() { h.do(name, enter(fmt.Sprint(n)), room.ErrNoRoom) })
		}
		all.Wait()
		h.do(name, enter("lia"), room.ErrNoRoom)
		h.do(name, room.Disconnect{By: seat("zeno")}, room.ErrNoRoom)
		if h.Read(name, func(*room.Room) {}) || h.Counts().Running != 0 {
			t.Error("a room that has ended runs")
		}
		h.Each(func(id.Room, *room.Room) { t.Error("a room that has ended is listed") })
		if again := start(t, m); again.Counts().Running != 0 {
			t.Error("a room that has ended runs again")
		}
	})
}

// A room that nobody comes to ends by itself.
func TestNobodyComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory())
		defer h.stop()
		name, err := h.Open(t.Context(), room.OpenRoom{By: person("zeno")}, nil)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(room.OpenHold - time.Second)
		if h.role(name, "zeno") != room.Moderator {
			t.Error("the room is gone too early")
		}
		time.Sleep(2 * time.Second)
		h.do(name, enter("zeno"), room.ErrNoRoom)
	})
}

func TestThousandRooms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		h := start(t, m)
		m.goes(slow(10 * time.Millisecond))
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() {
				name := h.open(room.Open)
				h.do(name, enter("lia"), nil)
			})
		}
		all.Wait()
		count := 0
		h.Each(func(_ id.Room, r *room.Room) { count += r.Len() })
		if count != 2000 {
			t.Errorf("%d people in 1000 rooms", count)
		}
		h.stop()
		m.goes(nil)

		again := start(t, m)
		if got := again.Counts().Running; got != 1000 {
			t.Errorf("%d rooms run again", got)
		}
		time.Sleep(room.SeatHold + time.Second)
		if got := again.Counts().Running; got != 0 {
			t.Errorf("%d rooms run though nobody came back", got)
		}
		again.stop()
	})
}

// Who does not wait any longer is let go, and what they asked is not done if
// it has not begun.
func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory())
		defer h.stop()
		name := h.open(room.Open)
		h.store.goes(slow(time.Minute))
		var all sync.WaitGroup
		all.Go(func() { h.do(name, enter("lia"), nil) })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := h.Do(ctx, name, enter("hal")); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("let go after %v with %v", time.Since(began), err)
		}
		all.Wait()
		h.store.goes(nil)
		h.do(name, room.RaiseHand{By: seat("zeno")}, room.ErrOnStage)
		if h.role(name, "lia") != room.Listener || h.role(name, "hal") != room.Absent {
			t.Error("lia should be there, and hal not")
		}
	})
}

func TestBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory())
		defer h.stop()
		name := h.open(room.Open)
		h.store.goes(slow(time.Second))
		var all sync.WaitGroup
		all.Go(func() { h.do(name, enter("lia"), nil) })
		synctest.Wait()
		for range queueMax {
			all.Go(func() { h.do(name, room.LowerHand{By: seat("zeno"), Who: person("zeno")}, nil) })
		}
		synctest.Wait()
		h.do(name, enter("hal"), ErrBusy)
		if h.Counts().Busy != 1 {
			t.Error("not counted")
		}
		all.Wait()
		h.do(name, enter("hal"), nil)
	})
}

func TestCloseAnswersAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory())
		name := h.open(room.Open)
		h.store.goes(slow(time.Second))
		answers := make(chan error)
		for n := range 500 {
			go func() { answers <- h.Do(t.Context(), name, enter(fmt.Sprint(n))) }()
		}
		time.Sleep(1500 * time.Millisecond)
		go h.stop()
		stored := 0
		for range 500 {
			if err := <-answers; err == nil {
				stored++
			} else if !errors.Is(err, ErrClosed) {
				t.Errorf("answered %v", err)
			}
		}
		if stored == 0 || stored == 500 {
			t.Errorf("%d of 500 were stored", stored)
		}
		entered := 0
		for _, e := range h.store.events(name) {
			if _, ok := e.(room.Entered); ok {
				entered++
			}
		}
		if entered != stored {
			t.Errorf("%d were told that they are in, %d are", stored, entered)
		}
		h.do(name, enter("lia"), ErrClosed)
		if _, err := h.Open(t.Context(), room.OpenRoom{}, nil); !errors.Is(err, ErrClosed) {
			t.Errorf("opened a room in a closed house: %v", err)
		}
		if h.Read(name, func(*room.Room) {}) {
			t.Error("a closed house can be read")
		}
	})
}

// Close does not wait for ever.
func TestCloseGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory())
		name := h.open(room.Open)
		h.store.goes(slow(time.Hour))
		go func() { _ = h.Do(t.Context(), name, enter("lia")) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := h.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("closed with %v", err)
		}
		if got := time.Since(began); got != time.Second {
			t.Errorf("closed after %v", got)
		}
	})
}

// After a restart seats are held for 30 s. Who has not come back by then is
// gone, and those who have go on without them.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		h := start(t, m)
		name := h.open(room.Closed, person("lia"), person("hal"), person("asa"))
		for _, who := range []string{"lia", "hal", "asa"} {
			h.do(name, enter(who), nil)
		}
		h.up(name, "lia")
		h.do(name, room.Unmute{By: seat("lia")}, nil)
		h.stop()
		time.Sleep(time.Hour)

		h = start(t, m)
		defer h.stop()
		h.do(name, room.RaiseHand{By: seat("hal")}, room.ErrNotHere)
		time.Sleep(room.SeatHold - time.Second)
		for _, who := range []string{"zeno", "lia", "hal", "asa"} {
			if h.role(name, who) == room.Absent {
				t.Errorf("%s is gone too early", who)
			}
		}
		back := enter("lia")
		back.Previous, back.Session = back.Session, seat("new").Session
		h.do(name, back, nil)
		h.do(name, enter("asa"), nil)
		time.Sleep(2 * time.Second)
		for who, want := range map[string]room.Role{
			"zeno": room.Absent, "lia": room.Moderator, "hal": room.Absent, "asa": room.Listener,
		} {
			if got := h.role(name, who); got != want {
				t.Errorf("%s is %v, want %v", who, got, want)
			}
		}
		h.Read(name, func(r *room.Room) {
			if r.Participant(person("lia")).Muted {
				t.Error("lia's microphone did not stay open")
			}
		})
	})
}

// What is to be done first in rooms that are adopted is done before anybody else is
// answered, however quick they are; and when it cannot be stored, it is tried again.
func TestAdoptFirst(t *testing.T) {
	for _, fails := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory()
			before := start(t, m)
			name := before.open(room.Open)
			before.do(name, enter("lia"), nil)
			before.stop()

			h := newHouse(t, m)
			var err error
			if h.Rooms, err = Start(t.Context(), loaded{memory: m}, h.follows, h.follows, h.witness, h.witness); err != nil {
				t.Fatal(err)
			}
			defer h.stop()
			records, err := m.Load(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if fails {
				m.goes(failing)
				go func() {
					time.Sleep(10 * time.Second)
					m.goes(nil)
				}()
			}
			entered := make(chan error)
			go func() {
				for errors.Is(h.Do(t.Context(), name, enter("hal")), room.ErrNoRoom) {
					runtime.Gosched()
				}
				entered <- nil
			}()
			err = h.Adopt(t.Context(), records, func(id.Room, *room.Room) []room.Command {
				return []room.Command{room.PutOut{Who: person("lia")}}
			})
			if err != nil && !fails {
				t.Error(err)
			}
			if err := <-entered; err != nil {
				t.Error(err)
			}
			time.Sleep(15 * time.Second)
			synctest.Wait()
			if h.role(name, "lia") != room.Absent || h.role(name, "zeno") == room.Absent {
				t.Error("lia should not be there, and zeno should")
			}
			for _, e := range h.witness.events(name) {
				if in, is := e.(room.Entered); is && in.Who == person("hal") {
					t.Error("somebody was answered before")
				}
				if _, is := e.(room.Left); is {
					break
				}
			}
		})
	}
}

// A room that another node has taken over stops, and nobody is told anything
// that the other node does not know.
func TestTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		old := start(t, m)
		name := old.open(room.Open)
		h := start(t, m)
		h.do(name, enter("zeno"), nil)
		h.do(name, enter("hal"), nil)

		old.do(name, enter("lia"), ErrTerm)
		old.do(name, enter("lia"), room.ErrNoRoom)
		old.do(name, room.Disconnect{By: seat("zeno")}, room.ErrNoRoom)
		if got := old.Counts(); got.TakenAway != 1 || got.Running != 0 {
			t.Errorf("counted %+v", got)
		}
		if h.role(name, "lia") != room.Absent || h.role(name, "hal") != room.Listener {
			t.Error("lia should not be there, and hal should")
		}
		old.stop()
		h.stop()
	})
}

func TestFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory())
		defer h.stop()
		h.follows.of[person("zeno")] = []id.Person{person("lia")}
		h.follows.of[person("lia")] = []id.Person{person("hal")}
		name := h.open(room.Social)

		h.do(name, enter("hal"), room.ErrNoRoom) // no moderator follows him
		h.do(name, enter("lia"), nil)
		h.do(name, room.LetIn{By: seat("zeno"), Who: person("hal")}, nil)
		h.do(name, enter("hal"), nil)
		if !h.followed(name, "lia") || h.followed(name, "hal") {
			t.Error("lia should be followed, and hal not yet")
		}
		h.up(name, "lia")
		if !h.followed(name, "hal") {
			t.Error("lia is on the stage, but hal is not followed")
		}
		h.do(name, room.MoveDown{By: seat("zeno"), Who: person("lia")}, nil)
		if h.followed(name, "hal") {
			t.Error("lia is off the stage, but hal is followed")
		}

		h.follows.set(func() { h.follows.of[person("zeno")] = []id.Person{person("hal")} })
		h.Regroup(t.Context(), person("asa")) // is nowhere on a stage
		h.Regroup(t.Context(), person("lia")) // nor is lia
		synctest.Wait()
		if !h.followed(name, "lia") {
			t.Error("somebody has looked though nobody on the stage has changed whom they follow")
		}
		h.Regroup(t.Context(), person("zeno"))
		h.Regroup(t.Context(), person("zeno"))
		synctest.Wait()
		if h.followed(name, "lia") || !h.followed(name, "hal") {
			t.Error("hal should be followed, and lia not any more")
		}
	})
}

// Whom the host has blocked does not come in; others on the stage have no say, and
// nobody is put out. Without an answer nobody new comes in.
func TestBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory())
		defer h.stop()
		name := h.open(room.Open)
		h.follows.set(func() {
			h.follows.blocks = map[id.Person][]id.Person{person("zeno"): {person("ron")}, person("lia"): {person("sky")}}
		})
		h.do(name, enter("lia"), nil)
		h.up(name, "lia")
		h.do(name, enter("ron"), room.ErrNoRoom)
		h.do(name, enter("sky"), nil)
		h.follows.set(func() { h.follows.blocks[person("zeno")] = append(h.follows.blocks[person("zeno")], person("sky")) })
		h.do(name, enter("sky"), nil) // comes back
		h.do(name, room.Leave{By: seat("sky")}, nil)
		h.do(name, enter("sky"), room.ErrNoRoom)
		h.follows.set(func() { h.follows.unknown = true })
		h.do(name, enter("mira"), room.ErrNoRoom)
		h.do(name, enter("lia"), nil)
		h.follows.set(func() { h.follows.unknown = false })
		h.do(name, enter("mira"), nil)
		// It is the host's room who moderates now.
		h.do(name, room.Leave{By: seat("zeno")}, nil)
		h.do(name, enter("ron"), nil)
		h.do(name, enter("sky"), room.ErrNoRoom)
	})
}

func TestMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory())
		defer h.stop()
		h.follows.of[person("zeno")] = []id.Person{person("hal")}
		tea := room.Club{ID: id.Club{1}}
		h.follows.in = map[id.Club][]id.Person{tea.ID: {person("lia"), person("sol")}, {2}: {person("hal")}}
		name, err := h.Open(t.Context(), room.OpenRoom{By: person("zeno"), Name: "Zeno", Visibility: room.Members, Club: tea}, nil)
		if err != nil {
			t.Fatal(err)
		}
		h.do(name, enter("hal"), room.ErrNoRoom) // followed, but in another club
		h.do(name, enter("lia"), nil)
		h.follows.set(func() { h.follows.away = true })
		h.do(name, enter("sol"), room.ErrNoRoom) // nobody knows
		h.follows.set(func() { h.follows.away = false; h.follows.in[tea.ID] = nil })
		h.do(name, enter("sol"), room.ErrNoRoom) // not any more
		h.do(name, enter("lia"), nil)            // is there already
	})
}

// Who cannot be found to be followed is not, until somebody can be asked.
func TestFollowsAway(t *testing.T) {
	for _, how := range []string{"failing", "slow"} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := start(t, newMemory())
				defer h.stop()
				h.follows.of[person("zeno")] = []id.Person{person("lia"), person("hal")}
				social, open := h.open(room.Social), h.open(room.Open)
				h.do(open, enter("hal"), nil)

				h.follows.set(func() { h.follows.away = how == "failing"; h.follows.slow = 3 * time.Second })
				h.do(social, enter("lia"), room.ErrNoRoom)
				h.do(open, enter("lia"), nil)
				if h.followed(open, "lia") || h.followed(open, "hal") {
					t.Error("somebody is followed though nobody could be asked")
				}
				if h.Counts().Unasked < 2 {
					t.Error("not counted")
				}
				h.follows.set(func() { h.follows.away, h.follows.slow = false, 0 })
				h.do(social, enter("lia"), nil)
				time.Sleep(5 * time.Second)
				if !h.followed(open, "lia") || !h.followed(open, "hal") {
					t.Error("nobody was asked again")
				}
			})
		})
	}
}

// Whom somebody follows may have changed while nothing ran.
func TestFollowedAfterRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		h := start(t, m)
		h.follows.of[person("zeno")] = []id.Person{person("lia")}
		name := h.open(room.Open)
		h.do(name, enter("lia"), nil)
		h.stop()
		h = start(t, m)
		defer h.stop()
		if h.followed(name, "lia") {
			t.Error("lia is followed by nobody any more")
		}
	})
}

func TestOpenInvites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory())
		defer h.stop()
		name := h.open(room.Closed, person("lia"), person("zeno"), person("lia"))
		h.do(name, enter("lia"), nil)
		h.do(name, enter("hal"), room.ErrNoRoom)
		many := make([]id.Person, room.InvitedMax+1)
		if _, err := h.Open(t.Context(), room.OpenRoom{}, many); !errors.Is(err, room.ErrFull) {
			t.Errorf("too many invited: %v", err)
		}
		if _, err := h.Open(t.Context(), room.OpenRoom{Title: "a\nb"}, nil); !errors.Is(err, room.ErrText) {
			t.Errorf("no title: %v", err)
		}
	})
}

func TestCompact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		h := start(t, m)
		name := h.open(room.Open)
		for range compactEvery {
			h.do(name, room.Unmute{By: seat("zeno")}, nil)
			h.do(name, room.Mute{By: seat("zeno"), Who: person("zeno")}, nil)
		}
		before := h.text(name)
		h.stop()
		rec := m.records[name]
		if rest := uint64(len(rec.all)) - rec.at; rec.at == 0 || rest >= compactEvery {
			t.Errorf("of %d events %d are not compacted", len(rec.all), rest)
		}
		var found Record
		m.goes(failing) // so that nothing is added
		records, _ := m.Load(t.Context())
		found = records[0]
		r, err := rebuild(found)
		if err != nil {
			t.Fatal(err)
		}
		if after := text(t, r); after != before {
			t.Errorf("the room was\n%s and is now\n%s", before, after)
		}
	})
}

// When a poll is closed, who has voted for what is nowhere any more.
func TestVotesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		h := start(t, m)
		name := h.open(room.Open)
		h.do(name, enter("lia"), nil)
		h.do(name, room.OpenPoll{By: seat("zeno"), Question: "Tea?", Options: []string{"yes", "no"}}, nil)
		var poll uint64
		h.Read(name, func(r *room.Room) { poll, _, _ = r.Tally() })
		h.do(name, room.Vote{By: seat("lia"), Poll: poll, Option: 1}, nil)
		h.stop()
		h = start(t, m) // votes outlast the node
		h.Read(name, func(r *room.Room) {
			if option, voted := r.Choice(person("lia")); !voted || option != 1 {
				t.Errorf("after a restart lia has voted %v for %d", voted, option)
			}
		})
		h.do(name, enter("zeno"), nil)
		h.do(name, room.ClosePoll{By: seat("zeno"), Poll: poll}, nil)
		h.stop()
		m.goes(failing) // so that nothing is added
		records, _ := m.Load(t.Context())
		for _, e := range records[0].Events {
			if _, voted := e.(room.Voted); voted {
				t.Errorf("still stored: %v", e)
			}
		}
		if strings.Contains(string(records[0].Snapshot), "votes") {
			t.Errorf("still stored: %s", records[0].Snapshot)
		}
	})
}

// loaded is a store in which there is just this.
type loaded struct {
	*memory
	records []Record
	err     error
}

func (l loaded) Load(context.Context) ([]Record, error) { return l.records, l.err }

func TestStartRefuses(t *testing.T) {
	opened := room.Opened{By: person("zeno"), At: time.Now(), Until: time.Now()}
	for about, test := range map[string]struct {
		store loaded
		want  error
	}{
		"a store that cannot be read":     {loaded{err: errDisk}, errDisk},
		"a record with nothing":           {loaded{records: []Record{{}}}, room.ErrSnapshot},
		"a record without beginning":      {loaded{records: []Record{{Events: []room.Event{room.HandRaised{}}}}}, room.ErrSnapshot},
		"a record that begins twice":      {loaded{records: []Record{{Events: []room.Event{opened, opened}}}}, room.ErrSnapshot},
		"a snapshot that is none":         {loaded{records: []Record{{Snapshot: []byte("{")}}}, nil},
		"a room that cannot be recovered": {loaded{records: []Record{{Events: []room.Event{opened, room.Returned{Who: opened.By}}}}}, ErrStore},
	} {
		t.Run(about, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test.store.memory = newMemory()
				test.store.goes(failing)
				if _, err := Start(t.Context(), test.store, &follows{}, &follows{}, newWitness(t)); err == nil || !errors.Is(err, test.want) && test.want != nil {
					t.Errorf("started: %v", err)
				}
			})
		})
	}
}
