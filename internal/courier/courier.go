// Package courier carries the sealed messages by which those in a room agree
// on a secret (docs/protocol/keys.md, section "Through the node"). It brings
// knocks to the steward, letters to whom they are to, and announces to all.
//
// It can read none of the letters, and holds nothing for longer than it is
// needed: of each room the newest announce, and of everybody who is connected
// the last knock. It knows no rules of rooms: who may tend is for its caller to
// say.
package courier

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/signal"
)

// Bounds of what is carried.
const (
	knocksBytes  = 24 << 10 // of knocks in one notice, and one more
	goneMax      = 10_000   // who have gone, and the steward has not taken note
	untendedWait = 500 * time.Millisecond
)

var (
	// ErrNotTending means that somebody does what only the steward does.
	ErrNotTending = errors.New("not the steward")
	// ErrStale means that there is a newer announce already.
	ErrStale = errors.New("there is a newer announce")
	// ErrMember means that another person in the room goes by this member.
	ErrMember = errors.New("somebody else goes by this member")
	// ErrNoKnock means that somebody has not knocked.
	ErrNoKnock = errors.New("has not knocked")
	// ErrForm means that a message has not the form that it should.
	ErrForm = errors.New("not of the right form")
)

// A Seat is the place in a room of who is asking.
type Seat struct {
	Room    id.Room
	Who     id.Person
	Session id.Session
}

// A Courier serves the rooms of a node. The zero Courier is ready.
type Courier struct {
	mu      sync.Mutex // guards circles; taken before a circle's
	circles map[id.Room]*circle
}

// A circle is those in a room who have knocked.
type circle struct {
	mu      sync.Mutex // guards all of it
	room    id.Room
	members map[id.Session]*member
	named   map[signal.Member]*member

	announced signal.Announce // the newest, with roster and stage
	tender    *member         // the steward, if anybody tends
	queue     []*member       // whose knocks the steward has not been sent
	gone      []signal.Gone   // of whom it has not been told
	awaited   bool            // it has been sent something, and has not asked for more
	untended  time.Time       // when those on the stage were last told
}

type member struct {
	seat   Seat
	knock  signal.Knock
	post   func([]byte)
	queued bool
	waits  bool // has no secret of the newest epoch, as far as is known
}

// in calls f with the circle of a room, which is made where make is true and
// forgotten when nobody is in it.
func (c *Courier) in(room id.Room, make bool, f func(*circle) error) error {
	c.mu.Lock()
	in := c.circles[room]
	if in == nil {
		if !make {
			c.mu.Unlock()
			return ErrNoKnock
		}
		if c.circles == nil {
			c.circles = map[id.Room]*circle{}
		}
		in = &circle{room: room, members: map[id.Session]*member{}, named: map[signal.Member]*member{}}
		c.circles[room] = in
	}
	in.mu.Lock() // before the other is let go, so that nobody forgets it between
	c.mu.Unlock()
	err := f(in)
	empty := len(in.members) == 0
	in.mu.Unlock()
	if empty {
		c.forget(room)
	}
	return err
}

func (c *Courier) forget(room id.Room) {
	c.mu.Lock()
	defer c.mu.Unlock()
	in := c.circles[room]
	if in == nil {
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.members) == 0 {
		delete(c.circles, room)
	}
}

// Knock brings a knock to the steward, and the newest announce to who knocks,
// whom post sends a message soon. It reports whether those on the stage should
// be told that nobody answers.
func (c *Courier) Knock(now time.Time, s Seat, k signal.Knock, post func([]byte)) (untended bool, err error) {
	err = c.in(s.Room, true, func(in *circle) error {
		if other := in.named[k.Member]; other != nil && other.seat.Session != s.Session {
			if other.seat.Who != s.Who {
				return ErrMember
			}
			in.remove(other) // from before the connection was lost
		}
		m := in.members[s.Session]
		if m == nil {
			m = &member{seat: s}
			in.members[s.Session] = m
		} else {
			delete(in.named, m.knock.Member)
			if untended = m.waits && now.Sub(in.untended) >= untendedWait; untended {
				in.untended = now
			}
		}
		m.knock, m.post = k, post
		m.waits = k.Epoch == 0 || k.Epoch < in.announced.Epoch
		in.named[k.Member] = m
		if in.announced.Sequence > 0 {
			m.post(in.announce(true))
		}
		in.enqueue(m)
		in.tell()
		return nil
	})
	return untended, err
}

// Tend makes s the steward, and returns what the newest announce is. All knocks
// wait until it asks for more: the answer is to come before them.
func (c *Courier) Tend(s Seat) (tended signal.Tended, err error) {
	err = c.in(s.Room, false, func(in *circle) error {
		m := in.members[s.Session]
		if m == nil {
			return ErrNoKnock
		}
		in.untend()
		in.tender = m
		all := make([]*member, 0, len(in.members))
		for _, m := range in.members {
			all = append(all, m)
		}
		// Who has nothing yet is first.
		slices.SortFunc(all, func(a, b *member) int { return int(a.knock.Epoch) - int(b.knock.Epoch) })
		for _, m := range all {
			in.enqueue(m)
		}
		in.awaited = true
		tended = signal.Tended{Sequence: in.announced.Sequence, Epoch: in.announced.Epoch}
		return nil
	})
	return tended, err
}

// More sends the steward what there is for it, and then what comes, once.
func (c *Courier) More(s Seat) error {
	return c.tending(s, func(in *circle) error {
		in.awaited = false
		in.tell()
		return nil
	})
}

// Announce brings an announce of the steward's to everybody.
func (c *Courier) Announce(s Seat, a signal.Announce) error {
	return c.tending(s, func(in *circle) error {
		if a.Sequence <= in.announced.Sequence || a.Epoch < in.announced.Epoch {
			in.tender.post(in.announce(true))
			return ErrStale
		}
		changed := len(a.Roster) > 0
		if !changed {
			a.Roster, a.Stage = in.announced.Roster, in.announced.Stage
		}
		if len(a.Roster) == 0 || len(a.Stage) == 0 {
			return fmt.Errorf("%w: an announce without a roster", ErrForm)
		}
		in.announced = a
		text := in.announce(changed)
		for _, m := range in.members {
			m.post(text)
		}
		return nil
	})
}

// Letters brings letters of the steward's to whom they are to. Those to nobody
// who is here are dropped: they have gone.
func (c *Courier) Letters(s Seat, l signal.Letters) error {
	return c.tending(s, func(in *circle) error {
		for rest := []byte(l.Letters); len(rest) > 0; {
			const head = len(signal.Member{}) + 2
			if len(rest) < head {
				return fmt.Errorf("%w: letters that are cut short", ErrForm)
			}
			to, size := signal.Member(rest[:head-2]), int(rest[head-2])<<8|int(rest[head-1])
			if rest = rest[head:]; len(rest) < size {
				return fmt.Errorf("%w: letters that are cut short", ErrForm)
			}
			letter := rest[:size]
			rest = rest[size:]
			if m := in.named[to]; m != nil {
				m.knock.Epoch, m.waits = max(m.knock.Epoch, l.Epoch), false
				m.post(text(signal.Notice{Letter: &signal.Letter{Room: in.room, Letter: letter}}))
			}
		}
		return nil
	})
}

// Untended tells those of stage that nobody answers who knocks.
func (c *Courier) Untended(room id.Room, stage []id.Person) {
	_ = c.in(room, false, func(in *circle) error {
		notice := text(signal.Notice{Untended: &signal.Untended{Room: room}})
		for _, m := range in.members {
			if m != in.tender && slices.Contains(stage, m.seat.Who) {
				m.post(notice)
			}
		}
		return nil
	})
}

// StepDown is told that somebody is not on the stage any more.
func (c *Courier) StepDown(room id.Room, who id.Person) {
	_ = c.in(room, false, func(in *circle) error {
		if in.tender != nil && in.tender.seat.Who == who {
			in.untend()
		}
		return nil
	})
}

// Leave is told that a seat is lost, or its connection. Removed says that it
// was taken away.
func (c *Courier) Leave(room id.Room, session id.Session, removed bool) {
	_ = c.in(room, false, func(in *circle) error {
		m := in.members[session]
		if m == nil {
			return nil
		}
		in.remove(m)
		if in.tender == nil {
			return nil
		}
		if in.gone = append(in.gone, signal.Gone{Member: m.knock.Member, Removed: removed}); len(in.gone) > goneMax {
			in.untend() // it does not keep up; another may
			return nil
		}
		in.tell()
		return nil
	})
}

// tending calls f with the circle that s tends.
func (c *Courier) tending(s Seat, f func(*circle) error) error {
	err := c.in(s.Room, false, func(in *circle) error {
		if in.tender == nil || in.tender.seat.Session != s.Session {
			return ErrNotTending
		}
		return f(in)
	})
	if errors.Is(err, ErrNoKnock) {
		return ErrNotTending
	}
	return err
}

func (in *circle) remove(m *member) {
	delete(in.members, m.seat.Session)
	delete(in.named, m.knock.Member)
	if m.queued {
		in.queue = slices.DeleteFunc(in.queue, func(q *member) bool { return q == m })
	}
	if in.tender == m {
		in.untend()
	}
}

func (in *circle) untend() {
	for _, m := range in.queue {
		m.queued = false
	}
	in.tender, in.queue, in.gone, in.awaited = nil, nil, nil, false
}

func (in *circle) enqueue(m *member) {
	if in.tender != nil && !m.queued {
		m.queued = true
		in.queue = append(in.queue, m)
	}
}

// tell sends the steward what there is for it, unless it is still busy with
// what it was sent before.
func (in *circle) tell() {
	if in.tender == nil || in.awaited || len(in.queue)+len(in.gone) == 0 {
		return
	}
	part := signal.Knocks{Room: in.room, Gone: in.gone, Knocks: []signal.Knocking{}}
	n, size := 0, 0
	for ; n < len(in.queue) && size < knocksBytes; n++ {
		m := in.queue[n]
		m.queued = false
		part.Knocks = append(part.Knocks, signal.Knocking{Who: m.seat.Who, Knock: m.knock})
		size += len(m.knock.Knock)
	}
	in.queue, in.gone = slices.Delete(in.queue, 0, n), nil
	in.awaited = true
	in.tender.post(text(signal.Notice{Knocks: &part}))
}

// announce returns the notice of the newest announce.
func (in *circle) announce(roster bool) []byte {
	a := signal.Announced{Room: in.room, Announce: in.announced}
	if !roster {
		a.Roster, a.Stage = nil, nil
	}
	return text(signal.Notice{Announce: &a})
}

func text(n signal.Notice) []byte {
	b, err := json.Marshal(n)
	if err != nil {
		panic(fmt.Sprintf("courier: a notice has no JSON form: %v", err)) // a mistake in package signal
	}
	return b
}
