package spread

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
	"github.com/stoa-audio/stoa/internal/room"
)

// A place takes another owner of a room only from the place of the one before,
// and only with a newer term.
func TestAnotherOwner(t *testing.T) {
	t.Parallel()
	house, deputy, stranger, name := id.New[id.Node](), id.New[id.Node](), id.New[id.Node](), id.New[id.Room]()
	l := newLoop()
	place := NewPlace(id.New[id.Node](), l)
	place.Succession = func(after, before id.Node) bool { return after != stranger && before != stranger }
	seat := Seat{Who: id.New[id.Person](), Session: id.New[id.Session]()}
	must := func(want, err error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Fatalf("%v, want %v", err, want)
		}
	}
	must(nil, place.Seat(Owner{house, 3}, name, seat))
	must(ErrOwned, place.Seat(Owner{stranger, 9}, name, seat))
	must(ErrOwned, place.Seat(Owner{deputy, 3}, name, seat))
	if len(place.Claims(stranger)) != 0 {
		t.Error("a stranger is told who sits here")
	}
	if c := place.Claims(deputy)[name]; len(c) != 1 || c[0] != seat {
		t.Errorf("the deputy is told of %v", c)
	}
	must(nil, place.Seat(Owner{deputy, 4}, name, seat))
	if place.Owner(name) != deputy {
		t.Error("the deputy does not own the room")
	}

	// The one before is not heard any more, whatever it says.
	must(ErrOwned, place.Seat(Owner{house, 4}, name, seat))
	place.Unseat(Owner{house, 3}, name, seat.Who)
	place.End(Owner{house, 4}, name)
	place.Keep(house, nil)
	if !l.sits(seat.Who) {
		t.Fatal("an owner of before has put somebody out")
	}
	must(nil, place.Seat(Owner{house, 5}, name, seat)) // it has the room again
	place.Unseat(Owner{deputy, 4}, name, seat.Who)
	if !l.sits(seat.Who) {
		t.Fatal("the deputy has put somebody out of a room that it has handed back")
	}
	place.Unseat(Owner{house, 5}, name, seat.Who)
	if l.sits(seat.Who) {
		t.Error("the owner puts nobody out")
	}
}

// A deputy takes over who sits where: nobody who is in loses their media, and
// whoever is not in has none any more.
func TestTheDeputyAssumes(t *testing.T) {
	t.Parallel()
	p, ada, ben := start(t)
	p.place.Succession = func(id.Node, id.Node) bool { return true }
	gone := id.New[id.Person]() // put out in the moment in which the house went
	if err := p.place.Seat(Owner{p.self, 0}, p.name, Seat{Who: gone, Session: id.New[id.Session]()}); err != nil {
		t.Fatal(err)
	}
	node := id.New[id.Node]()
	l := newLoop()
	deputy := NewRooms(RoomsConfig{
		Self: node, Place: NewPlace(node, l), Moved: func([]Move) {},
		Stands: func(id.Node) (region.Place, bool) { return region.Place{Region: "eu", Operator: "one"}, true },
		Reach: func(to id.Node, told func(func()) []Line) Far {
			return Reach(to, p.streamsFrom(node), told, func(id.Room, id.Node, []byte) {}, slog.New(slog.DiscardHandler))
		},
	})
	t.Cleanup(deputy.Close)
	claims := deputy.Claims(t.Context(), []id.Node{p.other}, p.streamsFrom(node))
	if len(claims[p.other][p.name]) != 2 {
		t.Fatalf("claimed: %v", claims)
	}
	record := p.room.Clone()
	deputy.Held(p.name, 7, true)
	deputy.Assume(p.name, record, claims)
	eventually(t, "who is not in the room has no seat", func() bool { return !p.far.sits(gone) })
	if !p.far.sits(ben.Who) || p.place.Owner(p.name) != node {
		t.Error("who is in the room has no seat, or it is not the deputy's")
	}
	if got := deputy.Where(p.name, ben.Who); got != p.other {
		t.Errorf("the deputy has him at %v", got)
	}

	// The house was heard last before: now its words are of no use.
	p.do(room.Remove{By: ada, Who: ben.Who})
	if !p.far.sits(ben.Who) {
		t.Error("a house that is not the owner any more has put somebody out")
	}

	// Whoever comes back keeps their place, by the session of before.
	session := id.New[id.Session]()
	events, err := record.Decide(time.Now(), room.Enter{Who: ben.Who, Name: "Ben", Session: session, Previous: ben.Session})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		record.Apply(e)
	}
	deputy.Happened(p.name, record, 0, events)
	eventually(t, "his new session has the seat", func() bool { return p.far.Up(p.name, ben.Who, session) })

	// It is handed back: nothing is said, and nobody loses a seat.
	deputy.Gone(p.name)
	if !p.far.sits(ben.Who) || deputy.Where(p.name, ben.Who) != (id.Node{}) {
		t.Error("a room that is handed back is not left as it is")
	}
}

// Of two nodes that claim the same person nobody knows which is right.
func TestClaimedTwice(t *testing.T) {
	t.Parallel()
	p, _, ben := start(t)
	there, ready := id.New[id.Node](), id.New[id.Node]()
	inside := func(id.Node) (region.Place, bool) { return region.Place{Region: "eu", Operator: "one"}, true }
	rooms := NewRooms(RoomsConfig{Self: p.self, Stands: inside})
	seat := Seat{Who: ben.Who, Session: ben.Session}
	standby := seat
	standby.Standby = true
	stands, over := rooms.judge(p.room, p.name, map[id.Node]Claims{there: {p.name: {seat}}, ready: {p.name: {standby}}})
	if one := stands[ben.Who]; one == nil || one.node != there || one.spare != ready || len(over) != 0 {
		t.Errorf("%+v, without %v", stands[ben.Who], over)
	}
	stands, over = rooms.judge(p.room, p.name, map[id.Node]Claims{there: {p.name: {seat}}, ready: {p.name: {seat}}})
	if len(stands) != 0 || len(over) != 2 {
		t.Errorf("%v, without %v", stands, over)
	}
	stands, over = rooms.judge(p.room, p.name, map[id.Node]Claims{ready: {p.name: {standby}}})
	if len(stands) != 0 || len(over) != 1 {
		t.Errorf("%v, without %v", stands, over)
	}
}
