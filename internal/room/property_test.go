package room

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

var seedFlag = flag.Uint64("seed", 0, "play only the evening of this seed")

// TestEvenings plays evenings in rooms where everybody does anything at any
// time, and looks after every step whether the rules held.
func TestEvenings(t *testing.T) {
	seeds := []uint64{*seedFlag}
	if *seedFlag == 0 {
		seeds = make([]uint64, 100)
		for i := range seeds {
			seeds[i] = rand.Uint64()
		}
	}
	for _, seed := range seeds {
		t.Logf("go test -run TestEvenings -seed %d", seed)
		e := newEvening(t, rand.New(rand.NewPCG(seed, 0)))
		for steps := 0; steps < 300 && !e.room.Ended(); steps++ {
			e.step()
		}
	}
}

// FuzzDecide lets the fuzzer choose what happens.
func FuzzDecide(f *testing.F) {
	f.Add([]byte("a room, some people, and much to say"))
	f.Fuzz(func(t *testing.T, choices []byte) {
		script := script(choices[:min(len(choices), 1000)])
		e := newEvening(t, &script)
		for len(script) > 0 && !t.Failed() {
			e.step()
		}
	})
}

// Dice choose what happens next.
type dice interface{ IntN(n int) int }

// A script is dice whose throws are known before; at its end they show 0.
type script []byte

func (s *script) IntN(n int) int {
	if len(*s) == 0 {
		return 0
	}
	throw := int((*s)[0])
	*s = (*s)[1:]
	return throw % n
}

// An evening is a room, those who come and go in it, and what an onlooker who
// knows nothing of the rules remembers.
type evening struct {
	testing.TB
	dice
	now time.Time

	room     *Room
	replay   *Room    // has seen only the written events
	stored   *Room    // was once read from a snapshot, and goes on from there
	others   int      // sampled listeners of whom nothing else is known
	onlooker *watcher // has heard only what watchers are told
	told     uint64   // the number of the last event that watchers were told of

	guests   []id.Person
	sessions map[id.Person]id.Session // of the last connection of each guest
	count    int                      // sessions so far

	asked   map[id.Person]bool // has an invitation to the stage
	invited map[id.Person]bool // was let in, and not removed since
	removed map[id.Person]bool // was removed, and not let in since
}

func newEvening(t testing.TB, d dice) *evening {
	e := &evening{
		TB: t, dice: d, now: noon,
		room: new(Room), replay: new(Room), stored: new(Room),
		sessions: make(map[id.Person]id.Session),
		asked:    make(map[id.Person]bool),
		invited:  make(map[id.Person]bool),
		removed:  make(map[id.Person]bool),
	}
	for n := range 2 + d.IntN(11) {
		e.guests = append(e.guests, person(fmt.Sprint("guest ", n)))
	}
	if d.IntN(2) == 0 {
		e.others = SampleMax - d.IntN(4)
	}
	e.onlooker = newWatcher(e, e.view())
	open := OpenRoom{By: e.guests[0], Visibility: Visibility(d.IntN(4))}
	if open.Visibility == Members || d.IntN(2) == 0 {
		open.Club = Club{id.Club{1}, "Tea"}
	}
	e.do(open)
	e.join(e.room, e.replay, e.stored)
	e.do(e.enter(e.guests[0]))
	return e
}

// join lets the others be in rooms, of whom only their number counts.
func (e *evening) join(rooms ...*Room) {
	for _, r := range rooms {
		r.sampled += e.others
	}
}

// view is what a watcher would be shown now.
func (e *evening) view() []byte {
	text, err := json.Marshal(e.room.View())
	if err != nil {
		e.Fatal(err)
	}
	return text
}

func (e *evening) step() {
	e.now = e.now.Add(time.Duration(e.IntN(25)*e.IntN(25)*e.IntN(25)) * time.Millisecond)
	for e.IntN(4) > 0 && e.do(Expire{}) { // a timer that comes late now and then
	}
	e.do(e.command())
	switch e.IntN(40) {
	case 0, 1, 2, 3:
		e.stored = restored(e, e.room)
		e.join(e.stored)
	case 4: // the node restarts, and may take its time
		e.room = restored(e, e.room)
		e.join(e.room)
		e.do(Recover{})
		e.now = e.now.Add(time.Duration(e.IntN(2)) * time.Minute)
	}
}

// command returns something that somebody may come to ask. Those who have a
// seat ask more often than those who do not.
func (e *evening) command() Command {
	by := e.anySeat()
	who := e.guests[e.IntN(len(e.guests))]
	switch e.IntN(32) {
	case 0, 1:
		return e.enter(who)
	case 2, 3, 4:
		return e.enter(e.find(who, (*Participant).Away))
	case 5, 6:
		return Disconnect{by}
	case 7:
		return Leave{by}
	case 8, 9:
		return RaiseHand{by}
	case 10:
		return LowerHand{by, who}
	case 11:
		return SetHands{by, HandPolicy(e.IntN(4))}
	case 12, 13, 14, 15:
		return AskUp{e.moderator(), who}
	case 16, 17, 18:
		who = e.find(who, func(p *Participant) bool { return !p.AskedUntil.IsZero() })
		return StepUp{Seat{who, e.sessions[who]}}
	case 19:
		return Decline{by}
	case 20:
		return StepDown{by}
	case 21:
		return Mute{by, who}
	case 22, 23:
		return Unmute{by}
	case 24:
		return MoveDown{by, who}
	case 25:
		return MakeModerator{e.moderator(), who}
	case 26:
		return Remove{by, who}
	case 27:
		return LetIn{e.moderator(), who}
	case 28:
		if e.IntN(2) == 0 {
			return Prove{by, e.IntN(2) == 0}
		}
		if e.IntN(2) == 0 {
			return SetFence{by, []region.Fence{{}, region.Anywhere, region.In("eu"), region.In("eu", "ch")}[e.IntN(4)]}
		}
		if e.IntN(2) == 0 {
			if e.IntN(2) == 0 {
				return Describe{by, []string{"Tea", "Trees", strings.Repeat("T", TitleMax+1)}[e.IntN(3)], []string{"", "de"}[e.IntN(2)], nil}
			}
			return SetShield{by, e.IntN(3) == 0}
		}
		return Widen{by, Visibility(e.IntN(5))}
	case 29:
		if e.IntN(3) > 0 {
			return e.beside(by)
		}
		return Regroup{e.some()}
	case 30:
		if e.IntN(50) == 0 {
			return End{by}
		}
		return OpenRoom{By: who}
	default:
		return AskUp{by, who}
	}
}

// beside returns something that is asked beside the voices.
func (e *evening) beside(by Seat) Command {
	poll := e.IntN(3) * 1000 // one that never was, now and then
	if e.room.poll != nil && poll == 0 {
		poll = int(e.room.poll.Poll)
	}
	switch e.IntN(10) {
	case 0:
		return SetChat{e.moderator(), ChatPolicy(e.IntN(4))}
	case 1, 2:
		url := []string{"https://example.org/", "https://example.org/a", "https://u@example.org", "http://example.org"}[e.IntN(4)]
		return Pin{e.moderator(), url, fmt.Sprint("link ", e.IntN(4))}
	case 3:
		pin := uint64(0)
		if n := len(e.room.pins); n > 0 {
			pin = e.room.pins[e.IntN(n)].Pin
		}
		return Unpin{e.moderator(), pin}
	case 4:
		return OpenPoll{e.moderator(), "Tea?", []string{"yes", "no", "cake"}[:1+e.IntN(3)]}
	case 5:
		return ClosePoll{e.moderator(), uint64(poll)}
	default:
		return Vote{by, uint64(poll), e.IntN(4)}
	}
}

// find returns the first in the room who fits, or else who.
func (e *evening) find(who id.Person, fits func(*Participant) bool) id.Person {
	for _, p := range e.room.Participants() {
		if fits(p) {
			return p.Who
		}
	}
	return who
}

func (e *evening) anySeat() Seat {
	who := e.guests[e.IntN(len(e.guests))]
	return Seat{who, e.sessions[who]}
}

func (e *evening) moderator() Seat {
	if m := e.room.Moderators(); len(m) > 0 {
		who := m[e.IntN(len(m))]
		return Seat{who, e.sessions[who]}
	}
	return e.anySeat()
}

func (e *evening) some() []id.Person {
	var some []id.Person
	for _, who := range e.guests {
		if e.IntN(3) == 0 {
			some = append(some, who)
		}
	}
	return some
}

// enter comes in by a new connection, from the same device or another.
func (e *evening) enter(who id.Person) Enter {
	e.count++
	c := Enter{Who: who, Name: "Guest", Session: session(fmt.Sprint("session ", e.count)), FollowedBy: e.some(), InClub: e.IntN(2) == 0}
	if e.IntN(2) == 0 {
		c.Previous = e.sessions[who]
	}
	return c
}

// do decides c, compares what has changed with what c may change, and reports
// whether anything has.
func (e *evening) do(c Command) bool {
	e.Helper()
	before := e.text(e.room)
	was := e.room.Clone()
	events, err := e.room.Decide(e.now, c)
	if after := e.text(e.room); !bytes.Equal(before, after) {
		e.Fatalf("deciding %#v changed\n%s to\n%s", c, before, after)
	}
	if err != nil {
		if events != nil {
			e.Fatalf("%#v is refused, and %v follow", c, events)
		}
		if c, ok := c.(Enter); ok && e.invited[c.Who] && !e.room.Ended() {
			e.Fatalf("%v is let in, and yet: %v", c.Who, err)
		}
		return false
	}
	for _, event := range events {
		e.witness(was, c, event)
		written, err := ParseEvent(MarshalEvent(event))
		if err != nil {
			e.Fatalf("%s: %v", MarshalEvent(event), err)
		}
		if sight := e.room.Apply(event); sight.Event != nil {
			e.onlooker.hear(sight.Append(nil, id.Room{}, e.told, e.room.Seq()))
			e.told = e.room.Seq()
		}
		e.replay.Apply(written)
		e.stored.Apply(written)
	}
	if c, ok := c.(Enter); ok {
		e.sessions[c.Who] = c.Session
	}
	e.compare(was, c)
	e.consistent()
	e.watched(c)
	if e.Failed() {
		e.Fatalf("%#v\nled from %s\nby %v\nto %s", c, before, events, e.text(e.room))
	}
	e.settled(c)
	return len(events) > 0
}

// witness remembers what an event says, and knows what may follow from c.
func (e *evening) witness(was *Room, c Command, event Event) {
	switch event := event.(type) {
	case Voted:
		if c, ok := c.(Vote); !ok || c.By.Who != event.Who {
			e.Errorf("somebody else has voted for %v", event.Who)
		}
	case AskedUp:
		e.asked[event.Who] = true
	case AskOver:
		delete(e.asked, event.Who)
	case SteppedUp:
		if c, ok := c.(StepUp); !ok || c.By.Who != event.Who || !e.asked[event.Who] {
			e.Errorf("%v stepped up unasked or unwilling", event.Who)
		}
		delete(e.asked, event.Who)
	case Left:
		delete(e.asked, event.Who)
		if event.Why == LeftRemoved {
			e.removed[event.Who] = true
			delete(e.invited, event.Who)
		}
	case LetInto:
		if _, ok := c.(LetIn); !ok {
			e.Errorf("%v was let in by nobody", event.Who)
		}
		e.invited[event.Who] = true
		delete(e.removed, event.Who)
	case MadeModerator:
		if _, ok := c.(MakeModerator); !ok && len(was.Moderators()) > 1 {
			e.Errorf("%v moderates though somebody else does", event.Who)
		}
	case Unmuted:
		if c, ok := c.(Unmute); !ok || c.By.Who != event.Who {
			e.Errorf("somebody else opened %v's microphone", event.Who)
		}
	}
}

// compare looks at everybody before and after c.
func (e *evening) compare(was *Room, c Command) {
	if open := e.room.onAir(); e.room.visibility == Closed && open > OpenMax {
		e.Errorf("%d microphones are open in a closed room", open)
	}
	for _, p := range e.room.Participants() {
		old := was.Participant(p.Who)
		if e.removed[p.Who] {
			e.Errorf("%v is back though removed", p.Who)
		}
		if c, ok := c.(Unmute); !p.Muted && (old == nil || old.Muted) && (!ok || c.By.Who != p.Who) {
			e.Errorf("%v's microphone is open", p.Who)
		}
		if c, ok := c.(Enter); ok && c.Who == p.Who && old != nil && !p.Muted && c.Previous.IsZero() {
			e.Errorf("%v's microphone is open on a new device", p.Who)
		}
		raised := p.Hand != 0 && (old == nil || old.Hand != p.Hand)
		// Whoever is not followed any more keeps a hand that is up, until it is said anew who may.
		set, ok := c.(SetHands)
		if (ok && set.Policy != was.hands && p.Hand != 0 || raised) && !e.room.mayRaise(p) {
			e.Errorf("%v's hand is up under %v", p.Who, e.room.hands)
		}
		if e.asked[p.Who] == p.AskedUntil.IsZero() {
			e.Errorf("%v is asked up: %v, but until %v", p.Who, e.asked[p.Who], p.AskedUntil)
		}
	}
	for _, old := range was.Participants() {
		if p := e.room.Participant(old.Who); old.Role == Moderator && (p == nil || p.Role < old.Role) && !e.room.Ended() {
			e.fallen(was, old, c)
		}
	}
	if now := e.room.visibility; now != was.visibility && !now.isWider(was.visibility) && was.seq > 0 {
		e.Errorf("the room got narrower")
	}
	if c, ok := c.(LetIn); ok && !e.room.MayEnter(c.Who, false, false) {
		e.Errorf("%v is let in and may not enter", c.Who)
	}
}

// fallen knows how somebody may stop moderating: of their own will, lost, or
// by the hand of a senior.
func (e *evening) fallen(was *Room, old *Participant, c Command) {
	by := Seat{}
	switch c := c.(type) {
	case Expire:
		return
	case Leave:
		by = c.By
	case StepDown:
		by = c.By
	case MoveDown:
		by = c.By
	case Remove:
		by = c.By
	}
	if p := was.Participant(by.Who); p == nil || by.Who != old.Who && (p.Role != Moderator || p.Chair >= old.Chair) {
		e.Errorf("%v was put down by %v", old.Who, by.Who)
	}
}

// consistent looks at the room as it is after a command.
func (e *evening) consistent() {
	r := e.room
	for about, other := range map[string]*Room{"its events": e.replay, "a snapshot": e.stored} {
		if got, want := e.text(other), e.text(r); !bytes.Equal(got, want) {
			e.Errorf("from %s the room is\n%s, but it is\n%s", about, got, want)
		}
		if !other.Next().Equal(r.Next()) {
			e.Errorf("from %s the room waits until %v, but it waits until %v", about, other.Next(), r.Next())
		}
		if got, want := counts(other), counts(r); got != want {
			e.Errorf("from %s the counts are %v, but they are %v", about, got, want)
		}
		for _, who := range e.guests {
			option, voted := other.Choice(who)
			if o, v := r.Choice(who); o != option || v != voted {
				e.Errorf("from %s, %v has voted %v for %d, else %v for %d", about, who, voted, option, v, o)
			}
		}
		_, got, _ := other.Tally()
		if _, want, _ := r.Tally(); !slices.Equal(got, want) {
			e.Errorf("from %s the poll stands %v, but it stands %v", about, got, want)
		}
		for _, c := range []Command{Expire{}, Regroup{e.guests}} {
			if got, want := kindsDecided(other, e.now, c), kindsDecided(r, e.now, c); got != want {
				e.Errorf("from %s, %T leads to %q, else to %q", about, c, got, want)
			}
		}
	}
	e.tallied()
	var stage, chairs int
	var waiting []id.Person
	var next time.Time
	for _, p := range r.Participants() {
		if p.Role >= Speaker {
			stage++
		} else if !p.Muted || p.Stage != 0 || p.Chair != 0 {
			e.Errorf("listener %+v", p)
		}
		if p.Role >= Speaker && (p.Stage == 0 || p.Hand != 0 || !p.AskedUntil.IsZero()) {
			e.Errorf("speaker %+v", p)
		}
		if (p.Role == Moderator) != (p.Chair != 0) {
			e.Errorf("chair of %+v", p)
		}
		if p.Role == Moderator {
			chairs++
		}
		if p.Hand != 0 && r.hands == HandsOff {
			e.Errorf("a hand is up though hands are off")
		}
		if p.Away() != p.Session.IsZero() {
			e.Errorf("seat of %+v", p)
		}
		if p.AwayUntil.After(e.now.Add(OpenHold)) || p.AskedUntil.After(e.now.Add(AskExpiry)) {
			e.Errorf("%v waits too long", p.Who)
		}
		for _, until := range []time.Time{p.AwayUntil, p.AskedUntil} {
			if !until.IsZero() && (next.IsZero() || until.Before(next)) {
				next = until
			}
		}
		if p.Away() || !p.AskedUntil.IsZero() {
			waiting = append(waiting, p.Who)
		}
	}
	if want := [3]int{stage, chairs, len(waiting)}; counts(r) != want || !next.Equal(r.Next()) {
		e.Errorf("stage, chairs, waiting are %v until %v; want %v, %v", counts(r), r.Next(), want, next)
	}
	for _, who := range waiting {
		if !r.waiting[who] {
			e.Errorf("nobody watches the time of %v", who)
		}
	}
	if r.Ended() {
		if r.Len() != 0 {
			e.Errorf("%d people are in a room that has ended", r.Len())
		}
		return
	}
	if len(r.stage) > StageMax || r.chairs == 0 {
		e.Errorf("%d on the stage, %d moderate", len(r.stage), r.chairs)
	}
	pending, _ := r.Decide(e.now, Expire{}) // of a running room never refused
	if over := !next.IsZero() && !next.After(e.now); over != (len(pending) > 0) {
		e.Errorf("at %v the first wait is over at %v", e.now, next)
	}
}

// tallied looks at what is beside the voices.
func (e *evening) tallied() {
	r := e.room
	if len(r.pins) > PinsMax {
		e.Errorf("%d links are up", len(r.pins))
	}
	_, counts, open := r.Tally()
	sum := 0
	for _, n := range counts {
		sum += n
	}
	if sum != len(r.votes) && !r.ended {
		e.Errorf("%d have voted, and %v are counted", len(r.votes), counts)
	}
	if !open && len(r.votes) > 0 {
		e.Errorf("votes are kept after the poll: %v", r.votes)
	}
	seen := bytes.Contains(e.view(), []byte(`"votes"`))
	if stored := bytes.Contains(e.text(r), []byte(`"votes"`)); seen || stored != (len(r.votes) > 0) {
		e.Errorf("votes are shown: %v, stored: %v", seen, stored)
	}
}

// watched compares what the onlooker has made of what it was told with what is
// shown to those who come now.
func (e *evening) watched(c Command) {
	w := e.onlooker
	heard := w.room.seq
	w.room.seq, w.count = e.room.Seq(), e.room.Len() // of what is not told, a notice says the number
	if got, want := w.view(), e.view(); !bytes.Equal(got, want) {
		e.Fatalf("after %#v a watcher sees\n%s, not\n%s", c, got, want)
	}
	w.room.seq = heard
	if changed := e.room.Changed(); changed != heard && changed != 0 { // zero after a restart
		e.Fatalf("changed by %d, told of %d", changed, heard)
	}
}

// settled asks for the same again: what is so stays so. Coming in counts each
// time, and Expire stops where a departure has consequences.
func (e *evening) settled(c Command) {
	switch c.(type) {
	case Enter, Expire:
		return
	}
	if again, err := e.room.Decide(e.now, c); err == nil && len(again) != 0 {
		e.Fatalf("%#v, asked again, leads to %v", c, again)
	}
}

func (e *evening) text(r *Room) []byte {
	text, err := json.Marshal(r)
	if err != nil {
		e.Fatal(err)
	}
	return text
}

// kindsDecided returns what would follow from c, whatever order within.
func kindsDecided(r *Room, now time.Time, c Command) string {
	events, err := r.Decide(now, c)
	var texts []string
	for _, e := range events {
		texts = append(texts, string(MarshalEvent(e)))
	}
	slices.Sort(texts)
	return fmt.Sprint(texts, err)
}

func counts(r *Room) [3]int { return [3]int{len(r.stage), r.chairs, len(r.waiting)} }
