package spread

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/signal"
)

func (l *loop) stands(who id.Person) (ready bool) {
	l.with(func() { _, sits := l.seats[who]; ready = sits && l.ready[who] })
	return ready
}

// A standby hears and says nothing; the session switches to it, is heard from
// both for a moment, and then from there only.
func TestStandby(t *testing.T) {
	t.Parallel()
	p, ada, ben := start(t)
	p.do(room.Unmute{By: ada})
	if err := p.rooms.Switch(p.name, ada.Who, ada.Session, p.other); !errors.Is(err, ErrNoPlace) {
		t.Errorf("a switch to nowhere: %v", err)
	}
	if err := p.rooms.Stand(p.name, ada.Who, ada.Session, p.self); !errors.Is(err, ErrNoPlace) {
		t.Errorf("a standby where the seat is: %v", err)
	}
	if err := p.rooms.Stand(p.name, ada.Who, id.New[id.Session](), p.other); !errors.Is(err, ErrNoPlace) {
		t.Errorf("another session's standby: %v", err)
	}
	for range 2 {
		if err := p.rooms.Stand(p.name, ada.Who, ada.Session, p.other); err != nil {
			t.Fatal(err)
		}
	}
	if answer, err := p.rooms.OfferStandby(t.Context(), p.name, ada.Who, ada.Session, "offer"); err != nil || answer != "answer to offer" {
		t.Fatalf("an offer to stand by: %q, %v", answer, err)
	}
	if !p.far.stands(ada.Who) || p.far.speaks(ada.Who) || !p.own.speaks(ada.Who) || p.rooms.Where(p.name, ada.Who) != (id.Node{}) {
		t.Error("one who stands by is more than that, or less where the seat is")
	}
	if err := p.rooms.Switch(p.name, ada.Who, ada.Session, p.other); err != nil {
		t.Fatal(err)
	}
	eventually(t, "she sits there", func() bool { return p.far.sits(ada.Who) && !p.far.stands(ada.Who) && p.far.speaks(ada.Who) })
	if p.rooms.Where(p.name, ada.Who) != p.other {
		t.Error("it is not known where she sits")
	}
	if !p.own.speaks(ada.Who) {
		t.Error("what is under way from where she was is dropped")
	}
	eventually(t, "she sits nowhere else", func() bool { return !p.own.sits(ada.Who) && p.far.sits(ada.Who) })
	eventually(t, "she is not heard from where she was", func() (silent bool) {
		p.place.Heard(p.name, p.self, ada.Who, []byte("a word"))
		p.far.with(func() { silent = len(p.far.heard) == 0; p.far.heard = nil })
		return silent
	})

	// Back, by a standby here that is given up for leaving the stage.
	if err := p.rooms.Stand(p.name, ada.Who, ada.Session, p.self); err != nil {
		t.Fatal(err)
	}
	if !p.own.stands(ada.Who) {
		t.Error("she does not stand by here")
	}
	p.do(room.AskUp{By: ada, Who: ben.Who})
	p.do(room.StepUp{By: ben})
	p.do(room.StepDown{By: ada})
	if p.own.sits(ada.Who) {
		t.Error("one of the audience stands by")
	}
}

// From both nodes for the moment of an overlap, and from no third one.
func TestOverlap(t *testing.T) {
	t.Parallel()
	place := NewPlace(id.New[id.Node](), newLoop())
	owner, from, to, name := id.New[id.Node](), id.New[id.Node](), id.New[id.Node](), id.New[id.Room]()
	who := id.New[id.Person]()
	if err := place.Seat(Owner{owner, 0}, name, Seat{Who: id.New[id.Person](), Session: id.New[id.Session]()}); err != nil {
		t.Fatal(err)
	}
	place.Ways(Owner{owner, 0}, name, Ways{Fence: region.Anywhere, Wide: true, Voices: []Voice{{who, from, true}, {who, to, true}}})
	place.Heard(name, from, who, []byte("a"))
	place.Heard(name, to, who, []byte("b"))
	place.Heard(name, owner, who, []byte("c"))
	if l := place.media.(*loop); !slices.Equal(l.heard, []string{"a", "b"}) || !slices.Equal(l.away, []id.Person{who}) {
		t.Errorf("heard %q of %v", l.heard, l.away)
	}
}

// When the node is gone, the seat is where it stood by, in the same moment.
func TestTheStandbyTakesOver(t *testing.T) {
	t.Parallel()
	p, ada, ben := start(t)
	p.do(room.AskUp{By: ada, Who: ben.Who})
	p.do(room.StepUp{By: ben})
	p.do(room.Unmute{By: ben})
	if err := p.rooms.Stand(p.name, ben.Who, ben.Session, p.self); err != nil {
		t.Fatal(err)
	}
	moves := p.rooms.Lost(p.other, true)
	want := Move{Room: p.name, Who: ben.Who, Session: ben.Session, From: p.other, Fence: region.Anywhere, Why: signal.MoveSwitched, To: p.self}
	if len(moves) != 1 || moves[0] != want {
		t.Errorf("moved: %v", moves)
	}
	if !p.own.sits(ben.Who) || p.own.stands(ben.Who) || !p.own.speaks(ben.Who) {
		t.Error("he does not speak where he stood by")
	}
	eventually(t, "he sits nowhere else", func() bool { return !p.far.sits(ben.Who) })

	// And one whose standby is gone has none.
	p.rooms.Lost(p.other, false)
	if err := p.rooms.Stand(p.name, ben.Who, ben.Session, p.other); err != nil {
		t.Fatal(err)
	}
	if moves := p.rooms.Lost(p.other, true); len(moves) != 0 {
		t.Errorf("moved: %v", moves)
	}
	if err := p.rooms.Switch(p.name, ben.Who, ben.Session, p.other); !errors.Is(err, ErrNoPlace) {
		t.Errorf("a switch to a node that is gone: %v", err)
	}
}

// Nobody stands by outside of a fence.
func TestNoStandbyOutside(t *testing.T) {
	t.Parallel()
	p, ada, _ := start(t)
	if err := p.rooms.Stand(p.name, ada.Who, ada.Session, p.other); err != nil {
		t.Fatal(err)
	}
	eventually(t, "she stands by", func() bool { return p.far.stands(ada.Who) })
	p.do(room.SetFence{By: ada, To: region.In("eu")})
	eventually(t, "she does not", func() bool { return !p.far.sits(ada.Who) })
	if err := p.rooms.Stand(p.name, ada.Who, ada.Session, p.other); !errors.Is(err, ErrNoPlace) {
		t.Errorf("a standby outside: %v", err)
	}
}

// A node that is about to stop is left in turns, each of its people once in each.
func TestLeaving(t *testing.T) {
	t.Parallel()
	p, ada, ben := start(t)
	for range 4 {
		p.enter("Somebody", id.New[id.Person](), p.other)
	}
	if err := p.rooms.Stand(p.name, ada.Who, ada.Session, p.other); err != nil {
		t.Fatal(err)
	}
	turn := make(map[id.Session]bool)
	some, rest := p.rooms.Leaving(p.other, turn, 3), p.rooms.Leaving(p.other, turn, 3)
	if len(some) != 3 || len(rest) != 2 || len(turn) != 5 || !turn[ben.Session] {
		t.Errorf("%d, then %d", len(some), len(rest))
	}
	if some[0].Why != signal.MoveLeaving || some[0].From != p.other {
		t.Errorf("%v", some[0])
	}
	eventually(t, "nobody stands by there", func() bool { return !p.far.stands(ada.Who) })
}

// Whatever happens to a seat with a standby: each place knows it as the owner
// does, nobody speaks where they stand by, and after the overlap nobody has two
// seats.
func TestOneSeatEach(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		p, ada, _ := start(t)
		rnd := rand.New(rand.NewPCG(seed, 3))
		seats := map[id.Person]room.Seat{ada.Who: ada}
		for range 4 {
			s := p.enter("Somebody", id.New[id.Person](), p.other)
			seats[s.Who] = s
		}
		var people []id.Person
		for who := range seats {
			people = append(people, who)
		}
		for range 150 {
			s := seats[people[rnd.IntN(len(people))]]
			node := []id.Node{p.self, p.other}[rnd.IntN(2)]
			switch rnd.IntN(8) {
			case 0:
				_ = p.rooms.Put(p.name, s.Who, s.Session, node)
			case 1, 2:
				_ = p.rooms.Stand(p.name, s.Who, s.Session, node)
			case 3, 4:
				_ = p.rooms.Switch(p.name, s.Who, s.Session, node)
			case 5:
				p.rooms.Lost(p.other, true)
				p.rooms.Lost(p.other, false)
			case 6:
				p.try(room.AskUp{By: ada, Who: s.Who})
				p.try(room.StepUp{By: s})
				p.try(room.Unmute{By: s})
			case 7:
				if s.Who != ada.Who {
					p.try(room.StepDown{By: s})
				}
			}
		}
		settled := func() bool {
			p.rooms.mu.Lock()
			defer p.rooms.mu.Unlock()
			for who, one := range p.rooms.rooms[p.name].seats {
				if !one.past.IsZero() {
					return false
				}
				for node, l := range map[id.Node]*loop{p.self: p.own, p.other: p.far} {
					sits, stands := node == one.node || node == one.spare, node == one.spare
					if l.sits(who) != sits || l.stands(who) != stands || l.speaks(who) != (sits && !stands && one.May) {
						return false
					}
				}
			}
			counts := make(map[id.Node]int)
			for _, one := range p.rooms.rooms[p.name].seats {
				counts[one.node]++
				if !one.spare.IsZero() {
					counts[one.spare]++
				}
			}
			return len(counts) == len(p.rooms.rooms[p.name].counts) && counts[p.self] == p.rooms.rooms[p.name].counts[p.self]
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		for !settled() && ctx.Err() == nil {
			time.Sleep(5 * time.Millisecond)
		}
		if ctx.Err() != nil {
			t.Fatalf("seed %d: the places do not know what the owner knows", seed)
		}
		cancel()
	}
}

// try does a command that may be refused.
func (p *pair) try(c room.Command) {
	events, err := p.room.Decide(time.Now(), c)
	if err != nil {
		return
	}
	first := p.room.Seq() + 1
	for _, e := range events {
		p.room.Apply(e)
	}
	p.rooms.Happened(p.name, p.room, first, events)
}
