package spread

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/signal"
)

// A loop notes what a media loop is told.
type loop struct {
	mu    sync.Mutex
	seats map[id.Person]id.Session
	may   map[id.Person]bool
	ready map[id.Person]bool // who stands by
	stage map[id.Person]bool
	wide  bool
	away  []id.Person
	heard []string
	stuck chan struct{} // offers wait for it
}

func newLoop() *loop {
	return &loop{seats: make(map[id.Person]id.Session), may: make(map[id.Person]bool), ready: make(map[id.Person]bool), stage: make(map[id.Person]bool)}
}

func (l *loop) with(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
}

func (l *loop) Seat(_ id.Room, who id.Person, session, _ id.Session) {
	l.with(func() { l.seats[who] = session; l.may[who] = false })
}
func (l *loop) Speak(_ id.Room, who id.Person, may bool) { l.with(func() { l.may[who] = may }) }
func (l *loop) Unseat(_ id.Room, who id.Person) {
	l.with(func() { delete(l.seats, who); delete(l.may, who); delete(l.ready, who); delete(l.stage, who) })
}
func (l *loop) Stage(_ id.Room, who id.Person, up bool) { l.with(func() { l.stage[who] = up }) }
func (l *loop) Standby(_ id.Room, who id.Person, ready bool) {
	l.with(func() { l.ready[who] = ready })
}
func (l *loop) End(id.Room) { l.with(func() { clear(l.seats); clear(l.may) }) }
func (l *loop) Spread(_ id.Room, wide bool, away []id.Person) {
	l.with(func() { l.wide, l.away = wide, slices.Clone(away) })
}

func (l *loop) Heard(_ id.Room, _ id.Person, packet []byte) {
	l.with(func() { l.heard = append(l.heard, string(packet)) })
}

func (l *loop) Offer(_ context.Context, _ id.Room, who id.Person, session id.Session, sdp string) (answer string, err error) {
	var stuck chan struct{}
	l.with(func() { stuck = l.stuck })
	if stuck != nil {
		stuck <- struct{}{}
		<-stuck
	}
	l.with(func() {
		if l.seats[who] != session {
			err = &Refusal{Code: RefusedSeat}
		}
	})
	return "answer to " + sdp, err
}

func (l *loop) Up(_ id.Room, who id.Person, session id.Session) (up bool) {
	l.with(func() { up = l.seats[who] == session })
	return up
}
func (l *loop) Forwarded(id.Room, id.Person, time.Time) [][16]byte { return [][16]byte{{1}, {2}} }

func (l *loop) sits(who id.Person) (sits bool) {
	l.with(func() { _, sits = l.seats[who] })
	return sits
}

func (l *loop) speaks(who id.Person) (may bool) {
	l.with(func() { may = l.may[who] })
	return may
}

// A pipe is a stream of the tests.
type pipe struct{ net.Conn }

func (p pipe) Close() error { return nil } // ends the writing half, which a pipe cannot
func (p pipe) Stop()        { _ = p.Conn.Close() }

// A pair is an owner of rooms and another node, with a wire that can be cut.
type pair struct {
	t           *testing.T
	own, far    *loop
	rooms       *Rooms
	place       *Place
	guests      *Guests
	self, other id.Node

	mu     sync.Mutex
	cut    bool
	wires  []net.Conn
	sounds []string
	moves  []Move
	name   id.Room
	room   *room.Room
}

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{t: t, own: newLoop(), far: newLoop(), self: id.New[id.Node](), other: id.New[id.Node](), name: id.New[id.Room](), room: new(room.Room)}
	log := slog.New(slog.DiscardHandler)
	p.place = NewPlace(p.other, p.far)
	p.guests = NewGuests(p.place, log)
	p.guests.lease = 2 * time.Second
	p.rooms = NewRooms(RoomsConfig{Self: p.self, Place: NewPlace(p.self, p.own), Moved: func(moves []Move) { p.moves = append(p.moves, moves...) }, Stands: func(node id.Node) (region.Place, bool) {
		return region.Place{Region: "us", Operator: "two"}, node == p.other
	}, Reach: func(node id.Node, told func(func()) []Line) Far {
		return Reach(node, p.streams, told, func(_ id.Room, _ id.Node, notice []byte) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.sounds = append(p.sounds, string(notice))
		}, log)
	}})
	p.rooms.overlap = 300 * time.Millisecond
	t.Cleanup(func() { p.rooms.Close(); p.set(true) })
	return p
}

func (p *pair) streams(ctx context.Context, to id.Node, kind string) (Stream, error) {
	return p.streamsFrom(p.self)(ctx, to, kind)
}

// streamsFrom opens streams from some node.
func (p *pair) streamsFrom(node id.Node) Streams {
	return func(_ context.Context, _ id.Node, kind string) (Stream, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.cut {
			return nil, errors.New("cut")
		}
		a, b := net.Pipe()
		p.wires = append(p.wires, a, b)
		go func() { _ = p.guests.Serve(context.Background(), node, kind, pipe{b}) }()
		return pipe{a}, nil
	}
}

// set cuts the wire, or mends it.
func (p *pair) set(cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = cut
	for _, w := range p.wires {
		_ = w.Close()
	}
	p.wires = nil
}

func (p *pair) do(c room.Command) {
	p.t.Helper()
	events, err := p.room.Decide(time.Now(), c)
	if err != nil {
		p.t.Fatalf("%T: %v", c, err)
	}
	first := p.room.Seq() + 1
	for _, e := range events {
		p.room.Apply(e)
	}
	p.rooms.Happened(p.name, p.room, first, events)
}

// enter has somebody come in, at a node.
func (p *pair) enter(name string, who id.Person, at id.Node) room.Seat {
	p.t.Helper()
	s := room.Seat{Who: who, Session: id.New[id.Session]()}
	p.do(room.Enter{Who: who, Name: name, Session: s.Session})
	if err := p.rooms.Put(p.name, who, s.Session, at); err != nil {
		p.t.Fatal(err)
	}
	return s
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not within 5 s: ", what)
		}
	}
}

// start opens a room of Ada's, with Ben at the other node.
func start(t *testing.T) (p *pair, ada, ben room.Seat) {
	t.Helper()
	p = newPair(t)
	a, b := id.New[id.Person](), id.New[id.Person]()
	p.do(room.OpenRoom{By: a, Name: "Ada", Title: "Tea", Visibility: room.Open})
	ada = p.enter("Ada", a, id.Node{})
	ben = p.enter("Ben", b, p.other)
	eventually(t, "Ben sits there", func() bool { return p.far.sits(b) })
	return p, ada, ben
}

func TestWhoSitsWhere(t *testing.T) {
	t.Parallel()
	p, ada, ben := start(t)
	if p.own.sits(ben.Who) || !p.own.sits(ada.Who) || p.far.sits(ada.Who) {
		t.Error("somebody sits at two nodes, or at none")
	}
	p.do(room.Unmute{By: ada})
	eventually(t, "the other node hears of Ada's voice", func() (yes bool) {
		p.far.with(func() { yes = slices.Equal(p.far.away, []id.Person{ada.Who}) && p.far.wide })
		return yes
	})
	p.place.Heard(p.name, p.self, ada.Who, []byte("a word"))
	p.place.Heard(p.name, p.other, ada.Who, []byte("from the wrong node"))
	p.place.Heard(p.name, p.self, ben.Who, []byte("not on the stage"))
	if !slices.Equal(p.far.heard, []string{"a word"}) {
		t.Errorf("heard: %q", p.far.heard)
	}
	p.do(room.AskUp{By: ada, Who: ben.Who})
	p.do(room.StepUp{By: ben})
	p.do(room.Unmute{By: ben})
	eventually(t, "Ben may speak", func() bool { return p.far.speaks(ben.Who) })
	p.do(room.Mute{By: ada, Who: ben.Who})
	eventually(t, "Ben is muted there", func() bool { return !p.far.speaks(ben.Who) })
	p.do(room.Remove{By: ada, Who: ben.Who})
	eventually(t, "Ben is put out there", func() bool { return !p.far.sits(ben.Who) })
	eventually(t, "nobody else is there", func() bool { return p.place.Owner(p.name).IsZero() })
}

func TestQuestions(t *testing.T) {
	t.Parallel()
	p, _, ben := start(t)
	answer, err := p.rooms.Offer(t.Context(), p.name, ben.Who, ben.Session, "offer")
	if err != nil || answer != "answer to offer" {
		t.Errorf("%q, %v", answer, err)
	}
	_, err = p.rooms.Offer(t.Context(), p.name, ben.Who, id.New[id.Session](), "offer")
	if r, ok := errors.AsType[*Refusal](err); !ok || r.Code != RefusedSeat {
		t.Errorf("another session's offer: %v", err)
	}
	if !p.rooms.Up(p.name, ben.Who, ben.Session) || p.rooms.Up(p.name, ben.Who, id.New[id.Session]()) {
		t.Error("who is up is not known")
	}
	if got := p.rooms.Forwarded(p.name, ben.Who, time.Now()); len(got) != 2 {
		t.Errorf("%d hashes", len(got))
	}
	p.guests.Sound(p.self, p.name, []byte(`{"voices":1}`))
	eventually(t, "the owner is told how it sounds", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return slices.Equal(p.sounds, []string{`{"voices":1}`})
	})
	p.set(true)
	if _, err := p.rooms.Offer(t.Context(), p.name, ben.Who, ben.Session, "offer"); !errors.Is(err, ErrNoPlace) {
		t.Errorf("an offer to nowhere: %v", err)
	}
	// An offer waits until the place knows the seat.
	p.set(false)
	cleo := id.New[id.Person]()
	s := p.enter("Cleo", cleo, p.other)
	if _, err := p.rooms.Offer(t.Context(), p.name, cleo, s.Session, "offer"); err != nil {
		t.Errorf("an offer right after the seat: %v", err)
	}
}

// Nobody waits for a node's answer when the node is gone.
func TestNobodyWaitsForTheGone(t *testing.T) {
	t.Parallel()
	p, _, ben := start(t)
	stuck := make(chan struct{})
	p.far.with(func() { p.far.stuck = stuck })
	offer := map[string]func() (string, error){
		"the seat's": func() (string, error) {
			return p.rooms.Offer(t.Context(), p.name, ben.Who, ben.Session, "offer")
		},
		"the standby's": func() (string, error) {
			return p.rooms.OfferStandby(t.Context(), p.name, ben.Who, ben.Session, "offer")
		},
	}
	for what, begin := range offer {
		p.rooms.Lost(p.other, false)
		at := p.other
		if what == "the standby's" {
			at = id.Node{} // the seat is here, then
		}
		if err := p.rooms.Put(p.name, ben.Who, ben.Session, at); err != nil {
			t.Fatal(err)
		}
		if at.IsZero() {
			if err := p.rooms.Stand(p.name, ben.Who, ben.Session, p.other); err != nil {
				t.Fatal(err)
			}
		}
		asked := make(chan error)
		go func() { _, err := begin(); asked <- err }()
		<-stuck
		began := time.Now()
		p.rooms.Lost(p.other, true)
		if err := <-asked; !errors.Is(err, ErrNoPlace) || time.Since(began) > askWait/2 {
			t.Errorf("%s offer: %v after %v", what, err, time.Since(began))
		}
		stuck <- struct{}{}
		if _, err := begin(); !errors.Is(err, ErrNoPlace) {
			t.Errorf("%s offer to a node that is gone: %v", what, err)
		}
	}
}

// Nobody sits outside a fence, from the moment it is set.
func TestFence(t *testing.T) {
	t.Parallel()
	p, ada, ben := start(t)
	p.do(room.SetFence{By: ada, To: region.In("eu", "us")})
	if len(p.moves) != 0 || !p.far.sits(ben.Who) {
		t.Error("somebody inside is moved")
	}
	p.do(room.SetFence{By: ada, To: region.In("eu")})
	eventually(t, "Ben is not there any more", func() bool { return !p.far.sits(ben.Who) && p.own.sits(ben.Who) })
	if len(p.moves) != 1 || p.moves[0] != (Move{Room: p.name, Who: ben.Who, Session: ben.Session, From: p.other, Fence: region.In("eu"), Why: signal.MoveOutside}) {
		t.Errorf("moved: %v", p.moves)
	}
	for _, node := range []id.Node{p.other, id.New[id.Node]()} {
		if err := p.rooms.Put(p.name, ben.Who, ben.Session, node); !errors.Is(err, ErrNoPlace) {
			t.Errorf("outside again: %v", err)
		}
	}
	p.do(room.SetFence{By: ada, To: region.Anywhere})
	if err := p.rooms.Put(p.name, ben.Who, ben.Session, p.other); err != nil {
		t.Error(err)
	}
	eventually(t, "Ben sits there again", func() bool { return p.far.sits(ben.Who) && !p.own.sits(ben.Who) })
	if moves := p.rooms.Lost(p.other, true); len(moves) != 1 || moves[0].Who != ben.Who {
		t.Errorf("whose node is gone: %v", moves)
	}
	if err := p.rooms.Put(p.name, ben.Who, ben.Session, id.Node{}); err != nil {
		t.Error(err)
	}
	if err := p.rooms.Put(p.name, ben.Who, ben.Session, p.other); !errors.Is(err, ErrNoPlace) {
		t.Errorf("at a node that is gone: %v", err)
	}
}

// What has happened while the wire was cut is so when it is mended.
func TestTheWireIsCut(t *testing.T) {
	t.Parallel()
	p, ada, ben := start(t)
	cleo := id.New[id.Person]()
	p.enter("Cleo", cleo, p.other)
	eventually(t, "Cleo sits there", func() bool { return p.far.sits(cleo) })
	p.set(true)
	p.do(room.Remove{By: ada, Who: ben.Who})
	dan := id.New[id.Person]()
	p.enter("Dan", dan, p.other)
	if !p.far.sits(ben.Who) || p.far.sits(dan) {
		t.Fatal("the wire is not cut")
	}
	p.set(false)
	eventually(t, "Ben is out, and Dan in", func() bool { return !p.far.sits(ben.Who) && p.far.sits(dan) && p.far.sits(cleo) })
}

// A place that does not hear from an owner lets everybody go (attack case A16).
func TestNobodyStaysWithoutAWord(t *testing.T) {
	t.Parallel()
	p, _, ben := start(t)
	time.Sleep(p.guests.lease + 500*time.Millisecond)
	if !p.far.sits(ben.Who) {
		t.Fatal("Ben was let go while the owner was there")
	}
	p.set(true)
	cut := time.Now()
	eventually(t, "Ben is let go", func() bool { return !p.far.sits(ben.Who) })
	if took := time.Since(cut); took > p.guests.lease+500*time.Millisecond {
		t.Errorf("it took %v", took)
	}
	p.set(false)
	eventually(t, "Ben sits there again", func() bool { return p.far.sits(ben.Who) })
}

// Nobody but the owner of a room says anything about it.
func TestStrangers(t *testing.T) {
	t.Parallel()
	p, _, ben := start(t)
	stranger := id.New[id.Node]()
	if err := p.place.Seat(Owner{stranger, 9}, p.name, Seat{Who: id.New[id.Person](), Session: id.New[id.Session]()}); !errors.Is(err, ErrOwned) {
		t.Errorf("a seat in another node's room: %v", err)
	}
	p.place.Unseat(Owner{stranger, 9}, p.name, ben.Who)
	p.place.Ways(Owner{stranger, 9}, p.name, Ways{Fence: region.Anywhere, Wide: true, Voices: []Voice{{ben.Who, stranger, true}}})
	p.place.End(Owner{stranger, 9}, p.name)
	p.place.Keep(stranger, nil)
	if !p.far.sits(ben.Who) || len(p.far.away) != 0 {
		t.Error("a stranger has changed something")
	}
	a, b := net.Pipe()
	done := make(chan error, 1)
	go func() { done <- p.guests.Serve(t.Context(), stranger, KindAsk, pipe{b}) }()
	go func() { _ = write(a, Question{Room: p.name, Who: ben.Who, Session: ben.Session, Offer: "mine"}) }()
	_ = a.SetDeadline(time.Now().Add(5 * time.Second))
	text := make([]byte, 1000)
	n, _ := a.Read(text)
	if strings.Contains(string(text[:n]), "sdp") {
		t.Errorf("a stranger's question is answered: %s", text[:n])
	}
	_ = a.Close()
	if err := <-done; err == nil {
		t.Error("a stranger's question ends well")
	}
	for _, kind := range []string{KindRooms, KindAsk, "other/7"} {
		a, b := net.Pipe()
		go func() { _, _ = fmt.Fprintln(a, `{"no":`); _ = a.Close() }()
		if err := p.guests.Serve(t.Context(), stranger, kind, pipe{b}); err == nil {
			t.Errorf("%s: what is no message is taken for one", kind)
		}
	}
}

// More people on the stage than there are streams: who is heard has one.
func TestStreams(t *testing.T) {
	t.Parallel()
	r := &stand{seats: make(map[id.Person]Seat)}
	var people []id.Person
	for range 30 {
		who := id.New[id.Person]()
		people = append(people, who)
		r.seats[who] = Seat{Who: who, Stage: true}
	}
	if n := len(r.assign()); n != len(r.streams) {
		t.Fatalf("%d of %d streams are given", n, len(r.streams))
	}
	for _, who := range people[:8] {
		r.seats[who] = Seat{Who: who, Stage: true, May: true}
	}
	before := r.streams
	r.assign()
	for _, who := range people[:8] {
		at := slices.Index(r.streams[:], who)
		if at < 0 {
			t.Error("somebody who is heard has no stream")
		}
		if was := slices.Index(before[:], who); was >= 0 && was != at {
			t.Error("a voice has changed its stream")
		}
	}
	delete(r.seats, people[0])
	if r.assign(); slices.Contains(r.streams[:], people[0]) {
		t.Error("somebody who is gone has a stream")
	}
}
