package live

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
)

var seedFlag = flag.Uint64("seed", 0, "run only the weather of this seed")

// TestWeather runs a room on a disk that fails, waits, and answers late, and
// has the node replaced under it. What was acknowledged must be in the record,
// what was refused must not, and what watchers were told must be the record.
func TestWeather(t *testing.T) {
	seeds := []uint64{*seedFlag}
	if *seedFlag == 0 {
		seeds = make([]uint64, 60)
		for i := range seeds {
			seeds[i] = rand.Uint64()
		}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { weather(t, seed) })
			if t.Failed() {
				t.Logf("go test -run TestWeather -seed %d (the scheduler has a part in it, too)", seed)
			}
		})
	}
}

// die throws for many.
type die struct {
	mu sync.Mutex
	r  *rand.Rand
}

func (d *die) IntN(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.IntN(n)
}

func weather(t *testing.T, seed uint64) {
	d := &die{r: rand.New(rand.NewPCG(seed, 0))}
	m := newMemory()
	houses := []*house{start(t, m)}
	name := houses[0].open(room.Open)
	m.goes(func() (before, after time.Duration, err error) {
		if d.IntN(4) == 0 {
			err = errDisk
		}
		if d.IntN(3) == 0 {
			before = time.Duration(d.IntN(3000)) * time.Millisecond
		}
		if d.IntN(3) == 0 {
			after = time.Duration(d.IntN(3000)) * time.Millisecond
		}
		return before, after, err
	})

	// Everybody who was in says in which house, and how it went.
	type word struct {
		about string // who or what
		err   error
	}
	var mu sync.Mutex
	var words []word
	say := func(about string, err error) {
		mu.Lock()
		defer mu.Unlock()
		words = append(words, word{about, err})
	}

	var guests sync.WaitGroup
	evening := time.Now().Add(2 * time.Minute)
	for g := range 1 + d.IntN(6) {
		guests.Go(func() {
			for n := 0; time.Now().Before(evening); n++ {
				mu.Lock()
				h := houses[len(houses)-1]
				mu.Unlock()
				about := fmt.Sprint("g", g, " n", n)
				switch d.IntN(4) {
				case 0: // lets in somebody whose name nobody else says
					say(about, h.Do(t.Context(), name, room.LetIn{By: seat("zeno"), Who: person(about)}))
				case 1:
					err := h.Do(t.Context(), name, enter(about))
					say(about, err)
					if err == nil && !h.saw(name, person(about)) {
						t.Errorf("%s is in, and nobody was told", about)
					}
				case 2:
					_ = h.Do(t.Context(), name, enter("zeno")) // keeps the room running
				case 3:
					_ = h.Do(t.Context(), name, room.Unmute{By: seat("zeno")})
					_ = h.Do(t.Context(), name, room.Mute{By: seat("zeno"), Who: person("zeno")})
				}
				time.Sleep(time.Duration(d.IntN(2000)) * time.Millisecond)
			}
		})
	}
	guests.Go(func() { // replaces the node now and then, without asking it
		for time.Now().Before(evening) {
			time.Sleep(time.Duration(5+d.IntN(20)) * time.Second)
			h := newHouse(t, m)
			rs, err := Start(t.Context(), h.store, h.follows, h.follows, h.witness, h.witness)
			if err != nil {
				continue // on this disk it may fail
			}
			h.Rooms = rs
			mu.Lock()
			houses = append(houses, h)
			mu.Unlock()
		}
	})
	guests.Wait()
	m.goes(nil)
	for _, h := range houses {
		h.stop()
	}

	stored := make(map[id.Person]bool)
	for _, e := range m.events(name) {
		switch e := e.(type) {
		case room.LetInto:
			stored[e.Who] = true
		case room.Entered:
			stored[e.Who] = true
		}
	}
	for _, w := range words {
		switch {
		case w.err == nil && !stored[person(w.about)]:
			t.Errorf("%s was acknowledged and is not stored", w.about)
		case errors.Is(w.err, errDisk) && stored[person(w.about)]:
			t.Errorf("%s is stored, though answered: %v", w.about, w.err)
		}
	}
	m.agrees(t, name)
}

// saw reports whether who has been told to have come in.
func (h *house) saw(name id.Room, who id.Person) bool {
	for _, e := range h.witness.events(name) {
		switch e := e.(type) {
		case room.Entered:
			if e.Who == who {
				return true
			}
		case room.Returned:
			if e.Who == who {
				return true
			}
		}
	}
	return false
}

// agrees looks whether the record, snapshot and all, is the same room as all
// its events make.
func (m *memory) agrees(t *testing.T, name id.Room) {
	rec := m.records[name]
	if rec.ended {
		return
	}
	whole, err := rebuild(Record{Events: rec.all})
	if err != nil {
		t.Fatal(err)
	}
	short, err := rebuild(Record{Snapshot: rec.snapshot, Events: rec.all[rec.at:]})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := text(t, short), text(t, whole); got != want {
		t.Errorf("from the snapshot the room is\n%s, but it is\n%s", got, want)
	}
}
