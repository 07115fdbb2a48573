package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
)

// A request is a command that waits to be done.
type request struct {
	ctx     context.Context
	command room.Command
	answer  chan error // has room for one
}

// A running room exists twice: as all may read it, and one batch ahead, as it
// will be once the batch is stored. The copy ahead is the goroutine's own.
// When a batch cannot be stored, the copy ahead is made anew from the other.
type running struct {
	of    *Rooms
	name  id.Room
	term  uint64
	guest bool // another house's

	requests chan request
	regroup  chan struct{} // somebody on the stage has followed or unfollowed
	shorten  chan struct{} // what has happened is to be forgotten
	letGo    chan struct{} // closed when another node is to run the room
	stop     sync.Once     // closes letGo
	gone     chan struct{} // closed when the room does not run here any more
	why      error         // what to answer then; set before gone is closed

	next         *room.Room   // one batch ahead
	sights       []room.Sight // of the events of the batch
	stageChanged bool         // by the batch
	regroupDue   bool         // who is followed is to be asked
	retry        time.Time    // when to try again what has failed, or zero
	uncompacted  int          // events since the last snapshot
	shortenDue   bool         // a snapshot is to be stored, however few they are

	mu    sync.RWMutex // guards what follows; held for writing only to apply a batch
	room  *room.Room
	named map[id.Person]bool // by events since the last snapshot, though the room may have no trace of them
}

// first has commands wait before the room runs, ahead of all others.
func (l *running) first(commands []room.Command) (waiting []request) {
	if len(commands) == 0 {
		return nil
	}
	l.requests = make(chan request, queueMax+len(commands))
	for _, c := range commands {
		req := request{l.of.work, c, make(chan error, 1)}
		l.requests <- req
		waiting = append(waiting, req)
	}
	return waiting
}

// run does what is asked, and what time asks, until the room ends, another
// node takes it over, or the node stops.
func (l *running) run() {
	defer close(l.gone)
	defer l.of.forget(l.name)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for l.why == nil {
		var batch []request
		select {
		case req := <-l.requests:
			batch = l.gather(req)
		case <-l.regroup:
			l.regroupDue = true
		case <-l.shorten:
			l.shortenDue = true
		case <-timer.C:
		case <-l.of.stopping:
			l.why = ErrClosed
			return
		case <-l.letGo:
			l.why = ErrElsewhere
			l.over()
			return
		}
		l.turn(batch)
		timer.Stop()
		if at := l.wake(); !at.IsZero() {
			timer.Reset(time.Until(at))
		}
	}
}

// held tells those who must know it that the room runs here now, and over that
// it does not any more, though it has not ended.
func (l *running) held() {
	for _, h := range l.holders() {
		h.Held(l.name, l.term, l.guest)
	}
}

func (l *running) over() {
	for _, h := range l.holders() {
		h.Gone(l.name)
	}
}

func (l *running) holders() (all []Holder) {
	if h, ok := l.of.audience.(Holder); ok {
		all = append(all, h)
	}
	for _, w := range l.of.watchers {
		if h, ok := w.(Holder); ok {
			all = append(all, h)
		}
	}
	return all
}

// gather returns first and the requests that wait behind it.
func (l *running) gather(first request) []request {
	batch := []request{first}
	for len(batch) < batchMax {
		select {
		case req := <-l.requests:
			batch = append(batch, req)
		default:
			return batch
		}
	}
	return batch
}

// wake returns when there is something to do though nobody asks.
func (l *running) wake() time.Time {
	if !l.retry.IsZero() {
		return l.retry
	}
	return l.next.Next()
}

// turn ends what is over, decides the batch, stores all that follows at once,
// and answers.
func (l *running) turn(batch []request) {
	l.stageChanged, l.retry = false, time.Time{}
	events := l.expire()
	answers := make([]error, len(batch))
	for i, req := range batch {
		var followed []room.Event
		if answers[i] = req.ctx.Err(); answers[i] == nil {
			followed, answers[i] = l.decide(l.informed(req.command))
		}
		events = append(events, followed...)
	}
	events = append(events, l.regrouped()...)

	err := l.commit(l.of.work, events)
	for i, req := range batch {
		if err != nil { // a refusal too: it may follow from what is not stored
			answers[i] = err
		}
		req.answer <- answers[i]
	}
	switch {
	case errors.Is(err, ErrTerm):
		l.takenAway()
	case err != nil:
		l.regroupDue, l.retry = true, time.Now().Add(retryWait)
	case l.next.Ended():
		l.why = room.ErrNoRoom
	default:
		l.compact(events)
	}
}

// decide returns what follows from c, and makes it so in the copy ahead.
func (l *running) decide(c room.Command) ([]room.Event, error) {
	events, err := l.next.Decide(time.Now(), c)
	for _, e := range events {
		switch e := e.(type) {
		case room.SteppedUp, room.SteppedDown:
			l.stageChanged = true
		case room.Left:
			l.stageChanged = l.stageChanged || l.next.Role(e.Who) >= room.Speaker
		default:
		}
		l.apply(e)
	}
	return events, err
}

// apply makes e so in the copy ahead.
func (l *running) apply(e room.Event) { l.sights = append(l.sights, l.next.Apply(e)) }

// expire ends what is over. Each departure may have consequences, so it asks
// until there are none.
func (l *running) expire() []room.Event {
	var all []room.Event
	for {
		events, _ := l.decide(room.Expire{}) // refused when the room has just ended
		if len(events) == 0 {
			return all
		}
		all = append(all, events...)
	}
}

// informed returns c with what the rules need to know from outside.
func (l *running) informed(c room.Command) room.Command {
	enter, ok := c.(room.Enter)
	if !ok || l.guest || l.next.Participant(enter.Who) != nil {
		return c // who is here may come back, whoever follows them
	}
	stage := people(l.next.Stage())
	enter.FollowedBy = ask(l, func(ctx context.Context) ([]id.Person, error) {
		return l.of.follows.FollowersAmong(ctx, enter.Who, stage)
	})
	var known bool
	enter.BlockedBy, known = l.tryAsk(func(ctx context.Context) ([]id.Person, error) {
		return l.of.follows.BlockersAmong(ctx, enter.Who, stage)
	})
	if !known { // better somebody waits than that somebody comes in who is blocked
		enter.BlockedBy = stage
	}
	if l.next.Visibility() == room.Members {
		enter.InClub = len(ask(l, func(ctx context.Context) ([]id.Person, error) {
			is, err := l.of.clubs.IsMember(ctx, l.next.Club().ID, enter.Who)
			if !is {
				return nil, err
			}
			return []id.Person{enter.Who}, err
		})) > 0
	}
	return enter
}

// regrouped returns what follows from who is followed by the stage now, if
// the stage or its follows have changed.
func (l *running) regrouped() []room.Event {
	if l.guest || l.next.Ended() || !l.stageChanged && !l.regroupDue {
		return nil
	}
	l.regroupDue = false
	events, _ := l.decide(room.Regroup{Followed: ask(l, func(ctx context.Context) ([]id.Person, error) {
		return l.of.follows.FollowedAmong(ctx, people(l.next.Participants()), people(l.next.Stage()))
	})}) // never refused in a room that runs
	return events
}

// ask returns who is followed, or in the club. Without an answer nobody is, for now: better
// somebody waits than that somebody gets in. It is asked again soon.
func ask(l *running, question func(context.Context) ([]id.Person, error)) []id.Person {
	answer, known := l.tryAsk(question)
	if !known {
		l.regroupDue, l.retry = true, time.Now().Add(retryWait)
	}
	return answer
}

// tryAsk returns an answer, or that there is none now.
func (l *running) tryAsk(question func(context.Context) ([]id.Person, error)) (answer []id.Person, known bool) {
	ctx, cancel := context.WithTimeout(l.of.work, followsTimeout)
	defer cancel()
	answer, err := question(ctx)
	if err != nil {
		l.of.unasked.Add(1)
		return nil, false
	}
	return answer, true
}

func people(participants []*room.Participant) []id.Person {
	out := make([]id.Person, len(participants))
	for i, p := range participants {
		out[i] = p.Who
	}
	return out
}

// commit stores events, which the copy ahead has seen already, tells those who
// watch, and makes them so for all. When they cannot be stored, the room is as
// before.
func (l *running) commit(ctx context.Context, events []room.Event) error {
	if len(events) == 0 {
		return nil
	}
	defer func() {
		clear(l.sights)
		l.sights = l.sights[:0]
	}()
	first := l.next.Seq() - uint64(len(events)) + 1
	if err := l.of.store.Append(ctx, l.name, l.term, first, events); err != nil {
		l.of.unstored.Add(1)
		l.next = l.room.Clone()
		return fmt.Errorf("%w: %w", ErrStore, err)
	}
	l.tell(events)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range events {
		l.room.Apply(e)
		l.note(e)
	}
	return nil
}

// note notes whom e names who may be gone while it is still stored. All others have
// to leave first.
func (l *running) note(e room.Event) {
	switch e := e.(type) {
	case room.Opened:
		l.named[e.By] = true
		for _, who := range e.Hosts {
			l.named[who] = true
		}
	case room.LetInto:
		l.named[e.Who] = true
	case room.Left:
		l.named[e.Who] = true
	default:
	}
}

func (l *running) tell(events []room.Event) {
	first := l.next.Seq() - uint64(len(events)) + 1
	l.of.audience.Show(l.name, first, l.sights, l.next.Len())
	for _, w := range l.of.watchers {
		w.Happened(l.name, l.next, first, events)
	}
}

// compact stores a snapshot when there have been enough events since the last,
// so that the next start need not read them all; and when a poll has closed, so
// that nothing is left of who has voted for what; and when somebody is erased.
func (l *running) compact(events []room.Event) {
	l.uncompacted += len(events)
	closed := slices.ContainsFunc(events, func(e room.Event) bool { _, is := e.(room.PollClosed); return is })
	if l.uncompacted < compactEvery && !closed && !l.shortenDue {
		return
	}
	l.uncompacted = 0
	snapshot, err := json.Marshal(l.next)
	if err == nil {
		err = l.of.store.Compact(l.of.work, l.name, l.term, l.next.Seq(), snapshot)
	}
	switch {
	case errors.Is(err, ErrTerm):
		l.takenAway()
	case err != nil:
		l.of.uncompacted.Add(1)
		if l.shortenDue {
			l.retry = time.Now().Add(retryWait)
		}
	default:
		l.shortenDue = false
		l.mu.Lock()
		defer l.mu.Unlock()
		clear(l.named)
	}
}

// takenAway stops a room that another node runs by now.
func (l *running) takenAway() {
	l.of.takenAway.Add(1)
	l.why = ErrElsewhere
	l.over()
}

// read calls f with the room as all may read it.
func (l *running) read(f func(r *room.Room)) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	f(l.room)
}

// askRegroup makes the room look who is followed. Asking twice is asking once.
func (l *running) askRegroup() {
	select {
	case l.regroup <- struct{}{}:
	default:
	}
}
