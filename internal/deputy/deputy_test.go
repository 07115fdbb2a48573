package deputy_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/deputy"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/room/live"
	"github.com/stoa-audio/stoa/internal/store/records"
	"github.com/stoa-audio/stoa/internal/store/sqlite"
)

func TestMain(m *testing.M) {
	deputy.Hurry(5)
	os.Exit(m.Run())
}

// A region is two nodes, the link between them, and the region's records. Either
// can be cut off from the records, and the link can be cut.
type region struct {
	t     *testing.T
	nodes [2]*party

	mu     sync.Mutex // guards the rest
	claims map[id.Node]deputy.Claim
	cut    bool
	away   [2]bool         // from the records
	deaf   map[string]bool // kinds of streams that cannot be opened
	open   map[*stream]bool
	acked  map[id.Room][]string // titles of what was acknowledged, in order
}

// A party is a node with a disk.
type party struct {
	of     *region
	index  int
	name   id.Node
	path   string
	chosen bool // it has a deputy

	store  *records.Store
	house  *deputy.House
	keeper *deputy.Keeper
	rooms  *live.Rooms
	mu     sync.Mutex // guards the rest
	up     bool
	out    map[id.Person]time.Time // who is kept out of this house
}

// A stream is one end of what joins two nodes.
type stream struct{ net.Conn }

func (s *stream) Stop() { _ = s.SetDeadline(time.Unix(1, 0)); _ = s.Close() }

type nobody struct{}

func (nobody) FollowersAmong(context.Context, id.Person, []id.Person) ([]id.Person, error) {
	return nil, nil
}

func (nobody) FollowedAmong(context.Context, []id.Person, []id.Person) ([]id.Person, error) {
	return nil, nil
}

func (nobody) BlockersAmong(context.Context, id.Person, []id.Person) ([]id.Person, error) {
	return nil, nil
}
func (nobody) IsMember(context.Context, id.Club, id.Person) (bool, error) { return false, nil }

func (nobody) Show(id.Room, uint64, []room.Sight, int) {}

func newRegion(t *testing.T) *region {
	r := &region{t: t, claims: make(map[id.Node]deputy.Claim), deaf: make(map[string]bool), open: make(map[*stream]bool), acked: make(map[id.Room][]string)}
	for i := range r.nodes {
		r.nodes[i] = &party{of: r, index: i, name: id.New[id.Node](), path: filepath.Join(t.TempDir(), "stoa.db"), chosen: i == 0, out: make(map[id.Person]time.Time)}
	}
	for _, p := range r.nodes {
		p.start()
	}
	t.Cleanup(func() {
		for _, p := range r.nodes {
			p.crash()
		}
	})
	return r
}

func (r *region) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// until waits until something is so.
func (r *region) until(what string, so func() bool) {
	r.t.Helper()
	for range 3000 {
		if so() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	r.t.Fatalf("it never came to %s", what)
}

// link cuts the link of the two, or heals it.
func (r *region) link(cut bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut = cut
	if !cut {
		return
	}
	for s := range r.open {
		s.Stop()
		delete(r.open, s)
	}
}

// records has a node cut off from the region's records, or not.
func (r *region) records(node int, away bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away[node] = away
}

// Claim implements deputy.Arbiter.
func (p *party) Claim(_ context.Context, c deputy.Claim) error {
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	if p.of.away[p.index] {
		return errors.New("the region's records do not answer")
	}
	was, ok := p.of.claims[c.House]
	if ok && (was.Term > c.Term || was.Term == c.Term && was != c) {
		return deputy.ErrTaken
	}
	p.of.claims[c.House] = c
	return nil
}

// Claimed implements deputy.Arbiter.
func (p *party) Claimed(house id.Node) (deputy.Claim, bool) {
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	c, ok := p.of.claims[house]
	return c, ok
}

func (p *party) isUp() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.up
}

// streams opens a stream to the other node.
func (p *party) streams(ctx context.Context, to id.Node, kind string) (deputy.Stream, error) {
	other := p.of.nodes[1-p.index]
	if to != other.name {
		return nil, errors.New("nobody has that name")
	}
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	other.mu.Lock()
	defer other.mu.Unlock()
	if p.of.cut || !other.up || p.of.deaf[kind] {
		return nil, errors.New("no link to that node now")
	}
	a, b := net.Pipe()
	here, there := &stream{a}, &stream{b}
	p.of.open[here], p.of.open[there] = true, true
	keeper := other.keeper
	go func() { _ = keeper.Serve(context.WithoutCancel(ctx), p.name, kind, there) }()
	return here, nil
}

func (p *party) start() {
	r := p.of
	r.t.Helper()
	ctx := context.WithoutCancel(r.t.Context())
	log := slog.New(slog.DiscardHandler)
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(r.t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})).With("node", p.index)
	}
	var err error
	p.store, err = sqlite.Open(ctx, p.path)
	r.must(err)
	ready := make(chan struct{})
	p.keeper, err = deputy.NewKeeper(ctx, deputy.KeeperConfig{
		Self: p.name, Store: p.store, Arbiter: p, May: func(id.Node) bool { return true },
		Take: func(ctx context.Context, _ deputy.Pair, records []live.Record) error {
			<-ready
			return p.adopt(ctx, records, p.keeper.KeptOut)
		},
		Yield: func(names []id.Room) { <-ready; p.rooms.HandOver(names) },
		PutOut: func(ctx context.Context, names []id.Room) error {
			<-ready
			return p.putOut(ctx, names)
		},
		Log: log,
	})
	r.must(err)
	p.house, err = deputy.NewHouse(ctx, deputy.HouseConfig{
		Self: p.name, Key: []byte("a key"), URL: "https://stoa.example", Store: p.store, Streams: p.streams, Arbiter: p,
		Choose:  func() (id.Node, bool) { return r.nodes[1-p.index].name, p.chosen && r.nodes[1-p.index].isUp() },
		Stopped: func() { <-ready; p.rooms.HandOver(p.rooms.Own()) },
		Again: func(ctx context.Context, records []live.Record) error {
			<-ready
			return p.adopt(ctx, records, func(_ id.Room, who id.Person) bool { return p.isOut(who) })
		},
		KeptOut: func() deputy.KeptOut {
			p.mu.Lock()
			defer p.mu.Unlock()
			return maps.Clone(p.out)
		},
		Log:     log,
		Changed: func() {},
	}, p.keeper.Has)
	r.must(err)
	p.rooms, err = live.Start(ctx, p.house, nobody{}, nobody{}, nobody{})
	r.must(err)
	close(ready)
	p.mu.Lock()
	p.up = true
	p.mu.Unlock()
	p.house.Run()
	p.keeper.Run()
}

// adopt runs rooms, from which whoever is kept out goes first, as a node does.
func (p *party) adopt(ctx context.Context, some []live.Record, out func(id.Room, id.Person) bool) error {
	return p.rooms.Adopt(ctx, some, func(name id.Room, r *room.Room) (first []room.Command) {
		for _, one := range r.Participants() {
			if out(name, one.Who) {
				first = append(first, room.PutOut{Who: one.Who})
			}
		}
		return first
	})
}

// putOut puts out of rooms of the other house who is kept out of it.
func (p *party) putOut(ctx context.Context, names []id.Room) error {
	var errs []error
	for _, name := range names {
		var who []id.Person
		p.rooms.Read(name, func(r *room.Room) {
			for _, one := range r.Participants() {
				if p.keeper.KeptOut(name, one.Who) {
					who = append(who, one.Who)
				}
			}
		})
		for _, one := range who {
			errs = append(errs, p.rooms.Do(ctx, name, room.PutOut{Who: one}))
		}
	}
	return errors.Join(errs...)
}

func (p *party) isOut(who id.Person) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return deputy.KeptOut(p.out).Has(who, time.Now())
}

// decide has somebody kept out of this house until a time, and does nothing else: so
// it is when a house falls in that moment.
func (p *party) decide(who id.Person, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out[who] = until
}

// lift lets somebody in again.
func (p *party) lift(who id.Person) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.out, who)
}

// sits has somebody come in.
func (p *party) sits(name id.Room, as string) id.Person {
	p.of.t.Helper()
	who := id.New[id.Person]()
	p.of.must(p.rooms.Do(p.of.t.Context(), name, room.Enter{Who: who, Name: as, Session: id.New[id.Session]()}))
	return who
}

// crash ends a node: nothing that it does from now on counts.
func (p *party) crash() {
	if !p.isUp() {
		return
	}
	p.mu.Lock()
	p.up = false
	p.mu.Unlock()
	p.of.mu.Lock()
	for s := range p.of.open {
		s.Stop()
		delete(p.of.open, s)
	}
	p.of.mu.Unlock()
	p.keeper.Stop()
	p.house.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_ = p.rooms.Close(ctx) // what waits for the deputy is given up
	_ = p.store.Close()
}

// talk opens a room, whose people are given by names that count.
func (p *party) talk() id.Room {
	p.of.t.Helper()
	name, err := p.rooms.Open(p.of.t.Context(), room.OpenRoom{By: id.New[id.Person](), Name: "Ada", Title: "Tea", Visibility: room.Open}, nil)
	p.of.must(err)
	return name
}

// enter has somebody come in, and notes it if that was acknowledged.
func (p *party) enter(name id.Room, who string, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	err := p.rooms.Do(ctx, name, room.Enter{Who: id.New[id.Person](), Name: who, Session: id.New[id.Session]()})
	if err == nil {
		p.of.mu.Lock()
		p.of.acked[name] = append(p.of.acked[name], who)
		p.of.mu.Unlock()
	}
	return err
}

// here returns who is in a room at a node, by name; not ok if it does not run
// there.
func (p *party) here(name id.Room) (who map[string]bool, ok bool) {
	if !p.isUp() {
		return nil, false
	}
	who = make(map[string]bool)
	ok = p.rooms.Read(name, func(r *room.Room) {
		for _, one := range r.Participants() {
			who[one.Name] = true
		}
	})
	return who, ok
}

// runs reports whether a room runs at a node with all that was acknowledged.
func (p *party) runs(name id.Room) bool {
	who, ok := p.here(name)
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	for _, one := range p.of.acked[name] {
		ok = ok && who[one]
	}
	return ok
}

func (p *party) paired() bool {
	_, ok := p.house.Deputy()
	return ok
}

func TestAHouseGoesAndReturns(t *testing.T) {
	r := newRegion(t)
	a, b := r.nodes[0], r.nodes[1]
	before := a.talk()
	r.must(a.enter(before, "early", time.Second))
	r.until("a deputy", a.paired)
	after := a.talk()
	for i := range 20 {
		r.must(a.enter(before, fmt.Sprint("guest ", i), 5*time.Second))
		r.must(a.enter(after, fmt.Sprint("guest ", i), 5*time.Second))
	}
	if _, ok := b.here(before); ok {
		t.Fatal("the deputy runs a room whose house is there")
	}

	a.crash()
	r.until("the deputy to go on", func() bool { return b.runs(before) && b.runs(after) })
	r.must(b.enter(after, "late", 5*time.Second))

	a.start()
	if _, ok := a.here(after); ok {
		t.Fatal("a house that has returned runs its rooms before it has asked for them")
	}
	r.until("the house to have its rooms again", func() bool { return a.runs(before) && a.runs(after) })
	if _, ok := b.here(after); ok {
		t.Fatal("both run a room")
	}
	r.until("a deputy, again", a.paired)
	r.must(a.enter(after, "later", 5*time.Second))
	a.crash()
	r.until("the deputy to go on, again", func() bool { return b.runs(before) && b.runs(after) })
}

func TestADeputyGoes(t *testing.T) {
	r := newRegion(t)
	a, b := r.nodes[0], r.nodes[1]
	name := a.talk()
	r.until("a deputy", a.paired)
	b.crash()
	r.must(a.enter(name, "Ben", 20*time.Second)) // it waits until the house may go on alone
	if a.paired() {
		t.Fatal("a deputy that is gone is still one")
	}
	b.start()
	r.until("a deputy, again", a.paired)
	r.must(a.enter(name, "Cleo", 5*time.Second))
	a.crash()
	r.until("the deputy to go on", func() bool { return b.runs(name) })
}

// Where the region's records do not answer, nobody goes on without the other.
func TestNobodyKnows(t *testing.T) {
	r := newRegion(t)
	a, b := r.nodes[0], r.nodes[1]
	name := a.talk()
	r.until("a deputy", a.paired)
	r.records(0, true)
	r.records(1, true)
	r.must(a.enter(name, "Ben", 5*time.Second)) // both are there: nothing else is needed
	r.link(true)
	if err := a.enter(name, "Cleo", 2*time.Second); err == nil {
		t.Fatal("acknowledged, and the deputy does not have it")
	}
	if _, ok := b.here(name); ok {
		t.Fatal("the deputy goes on, and its house may be there")
	}
	r.link(false)
	r.until("what waited to be stored", func() bool { return a.enter(name, "Dora", time.Second) == nil })
	if who, _ := a.here(name); !who["Cleo"] {
		t.Error("who waited is not in")
	}
}

// The two cannot reach each other, and the deputy is the first to ask.
func TestTheDeputyIsFirst(t *testing.T) {
	r := newRegion(t)
	a, b := r.nodes[0], r.nodes[1]
	name := a.talk()
	r.until("a deputy", a.paired)
	r.records(0, true)
	r.link(true)
	r.until("the deputy to go on", func() bool { return b.runs(name) })
	r.must(b.enter(name, "Ben", 5*time.Second))
	if a.enter(name, "Cleo", time.Second) == nil {
		t.Fatal("a house that was deposed has acknowledged something")
	}
	r.records(0, false)
	r.until("the house to know", func() bool { return a.house.InDoubt() })
	if err := a.enter(name, "Cleo", time.Second); err == nil {
		t.Fatal("a house that knows that it was deposed has acknowledged something")
	}
	if !b.runs(name) {
		t.Error("the deputy does not go on")
	}
	r.link(false)
	r.until("the house to have its room again", func() bool { return a.runs(name) })
	if who, _ := a.here(name); who["Cleo"] {
		t.Error("what was not acknowledged came back")
	}
}

// A house that stops has its deputy go on at once.
func TestHand(t *testing.T) {
	r := newRegion(t)
	a, b := r.nodes[0], r.nodes[1]
	name := a.talk()
	r.until("a deputy", a.paired)
	r.must(a.enter(name, "Ben", 5*time.Second))
	r.records(1, true) // nobody needs to be asked
	a.rooms.HandOver(a.rooms.Own())
	if !a.house.Hand(t.Context()) {
		t.Fatal("not handed over")
	}
	r.until("the deputy to go on", func() bool { return b.runs(name) })
	a.crash()
	a.start()
	r.until("the house to have its room again", func() bool { return a.runs(name) })
}

// Who was decided out before the house went away has no seat at its deputy, though the
// house fell before it could take it; who is in good standing has theirs.
func TestWhoWasKeptOut(t *testing.T) {
	r := newRegion(t)
	a, b := r.nodes[0], r.nodes[1]
	name := a.talk()
	early, late, lifted, over := a.sits(name, "early"), a.sits(name, "late"), a.sits(name, "lifted"), a.sits(name, "over")
	a.decide(early, time.Time{}) // the deputy hears it with all the rest
	a.decide(lifted, time.Time{})
	a.decide(over, time.Now().Add(-time.Minute))
	r.until("a deputy", a.paired)
	a.decide(late, time.Now().Add(time.Hour))
	r.must(a.house.Decided(t.Context()))
	a.lift(lifted)
	r.must(a.house.Decided(t.Context()))
	r.must(a.enter(name, "Ben", 5*time.Second))

	a.crash()
	r.until("the deputy to go on", func() bool { return b.runs(name) })
	r.must(b.enter(name, "Cleo", 5*time.Second)) // nobody is answered before they are out
	who, _ := b.here(name)
	if who["early"] || who["late"] || !who["lifted"] || !who["over"] || !who["Ben"] {
		t.Errorf("at the deputy are %v", who)
	}
	for one, out := range map[id.Person]bool{early: true, late: true, lifted: false, over: false} {
		if b.keeper.KeptOut(name, one) != out {
			t.Errorf("the deputy knows of one of them that they are kept out: %v", !out)
		}
	}
	b.crash()
	b.start()
	if who, ok := b.here(name); !ok || !who["Ben"] || !b.keeper.KeptOut(name, early) || !b.keeper.KeptOut(name, late) {
		t.Errorf("the deputy has forgotten it: %v, %v", who, ok)
	}
}

// Who is decided out while the deputy holds the rooms is out of them as soon as it can
// be told, and has no seat in any that come back.
func TestWhoIsKeptOutMeanwhile(t *testing.T) {
	r := newRegion(t)
	a, b := r.nodes[0], r.nodes[1]
	name := a.talk()
	first, second := a.sits(name, "first"), a.sits(name, "second")
	r.must(a.enter(name, "Ben", 5*time.Second))
	r.until("a deputy", a.paired)
	a.crash()
	r.until("the deputy to go on", func() bool { return b.runs(name) })

	// The house is back, and does not have its rooms yet.
	r.mu.Lock()
	r.deaf[deputy.KindReturn], r.away[0] = true, true
	r.mu.Unlock()
	a.start()
	a.decide(first, time.Time{})
	r.must(a.house.Decided(t.Context()))
	if who, ok := b.here(name); !ok || who["first"] || !who["second"] || !who["Ben"] {
		t.Fatalf("at the deputy are %v", who)
	}
	r.mu.Lock()
	r.deaf[deputy.KindKeptOut] = true
	r.mu.Unlock()
	a.decide(second, time.Time{})
	if err := a.house.Decided(t.Context()); err == nil {
		t.Fatal("the deputy cannot be told, and that is no error")
	}
	r.must(b.enter(name, "Cleo", 5*time.Second))
	r.mu.Lock()
	r.deaf[deputy.KindReturn], r.away[0] = false, false
	r.mu.Unlock()
	r.until("the house to have its room again", func() bool {
		who, ok := a.here(name)
		return ok && !who["second"]
	})
	if who, _ := a.here(name); who["first"] || !who["Ben"] || !who["Cleo"] {
		t.Errorf("at the house are %v", who)
	}
}

// Whatever happens to the two and what is between them: what was acknowledged is
// there in the end, and never do both acknowledge something.
func TestWhateverHappens(t *testing.T) {
	seeds, steps := 6, 14
	if testing.Short() {
		seeds, steps = 2, 8
	}
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := newRegion(t)
			rnd := rand.New(rand.NewPCG(seed, 7))
			a, b := r.nodes[0], r.nodes[1]
			name := a.talk()
			r.must(a.enter(name, "first", 5*time.Second))
			for i := range steps {
				switch rnd.IntN(8) {
				case 0, 1:
					r.link(!r.cut)
				case 2:
					r.records(0, rnd.IntN(2) == 0)
				case 3:
					r.records(1, rnd.IntN(2) == 0)
				case 4, 5:
					one := r.nodes[rnd.IntN(2)]
					if one.isUp() {
						one.crash()
					} else {
						one.start()
					}
				}
				until := time.Now().Add(time.Duration(rnd.IntN(1500)) * time.Millisecond)
				for n := 0; time.Now().Before(until); n++ {
					for _, one := range r.nodes {
						if one.isUp() {
							_ = one.enter(name, fmt.Sprint(i, ".", n, " at ", one.index), 100*time.Millisecond)
						}
					}
					time.Sleep(20 * time.Millisecond)
				}
			}
			r.link(false)
			r.records(0, false)
			r.records(1, false)
			for _, one := range r.nodes {
				if !one.isUp() {
					one.start()
				}
			}
			r.until("the house to have its room, with all that was acknowledged", func() bool { return a.runs(name) })
			if _, ok := b.here(name); ok {
				t.Error("both run the room")
			}
			t.Log(len(r.acked[name]), "acknowledged")
		})
	}
}

func TestTicket(t *testing.T) {
	s := deputy.Seat{Room: id.New[id.Room](), Who: id.New[id.Person](), Session: id.New[id.Session]()}
	text := deputy.Ticket([]byte("key"), s)
	got, err := deputy.ParseTicket([]byte("key"), text)
	if err != nil || got != s {
		t.Fatalf("%v, %v", got, err)
	}
	for _, bad := range []string{"", text[1:], text + "A", text[:len(text)-1] + "_", "A" + text[1:], text + "\n"} {
		if _, err := deputy.ParseTicket([]byte("key"), bad); !errors.Is(err, deputy.ErrTicket) {
			t.Errorf("%q is a ticket", bad)
		}
	}
	if _, err := deputy.ParseTicket([]byte("another"), text); !errors.Is(err, deputy.ErrTicket) {
		t.Error("another house's ticket is one")
	}
}

func FuzzTicket(f *testing.F) {
	f.Add(deputy.Ticket([]byte("key"), deputy.Seat{}))
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := deputy.ParseTicket([]byte("key"), text); err == nil && deputy.Ticket([]byte("key"), s) != text {
			t.Errorf("%q has another form", text)
		}
	})
}
