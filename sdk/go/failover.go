package stoa

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

const (
	moveWait     = 20 * time.Second // for a connection with another node
	retryAfter   = 2 * time.Second
	standbyAgain = 5 * time.Second        // between attempts to have one ready
	standbyBears = 3 * time.Second        // of silence of one that is
	settleAfter  = 250 * time.Millisecond // from when the owner of the room has agreed until all nodes know
	lingerFor    = time.Second            // for which what is under way is still heard
	movesMax     = 16                     // that wait
	besidesMax   = 3                      // nodes that are tried one after the other
)

// A move is what the owner of the room says of where media are to be.
type move struct {
	At  string `json:"at"`
	Why string `json:"why"`

	came time.Time
}

// A lineup looks after the connections of a room: the one that is heard and
// speaks (Room.current) and, for those on the stage, one that is ready at another
// node. Its goroutine owns all of it.
type lineup struct {
	*Room

	standby   *connection
	preparing bool
	prepared  chan *connection // nil: it did not come up
	standbyAt time.Time        // not before
	tried     string           // where the last one was
	notBefore time.Time        // another connection is not looked for
	turned    time.Time
	bearing   bearing
}

// connection returns the one that is heard and speaks.
func (r *Room) connection() *connection {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current
}

// become makes a connection the one that is heard and speaks. It returns the one
// before.
func (r *Room) become(c *connection) (before *connection) {
	r.mu.Lock()
	before, r.current = r.current, c
	r.mu.Unlock()
	r.voices.repeat()
	r.microphone.through(c.outlet)
	return before
}

// connect makes the first connection.
func (r *Room) connect(ctx context.Context) error {
	c, err := r.open()
	if err != nil {
		return err
	}
	r.become(c)
	return r.make(ctx, c, r.at, false)
}

// attend looks after the connections until the room is over.
func (r *Room) attend(ctx context.Context) {
	l := lineup{Room: r, prepared: make(chan *connection, 1)}
	defer func() {
		l.drop()
		r.connection().close()
	}()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		c := r.connection()
		select {
		case <-ctx.Done():
			return
		case m := <-r.moves:
			l.move(ctx, m)
		case <-c.failed:
			l.renew(ctx, c.at)
		case s := <-l.prepared:
			l.take(s)
		case now := <-tick.C:
			l.look(ctx, c, now)
		}
	}
}

// move does what the owner of the room says.
func (l *lineup) move(ctx context.Context, m move) {
	c := l.connection()
	switch {
	case m.Why == "leaving": // the other comes first, and there is no gap
		next := l.standby
		if next == nil || !next.isUp() {
			next = l.beside(ctx, m.At)
		}
		if next != nil {
			l.hand(ctx, next)
		}
	case m.Why != "outside" && l.turned.After(m.came): // it has been noticed, too
	case m.Why == "gone" && c.isUp(): // it may be gone for the owner only
		next := l.beside(ctx, m.At)
		if next == nil {
			l.renew(ctx, m.At)
			return
		}
		if c.look(time.Now()); c.watch.silence < bearsStage {
			l.hand(ctx, next)
			return
		}
		l.adopt(ctx, next)
	case m.Why == "switched" && nameOf(l.nodes, c.at) == m.At:
	case m.Why == "switched" && l.standby != nil && l.standby.isUp() && nameOf(l.nodes, l.standby.at) == m.At:
		l.turn(l.standby)
	default:
		l.renew(ctx, m.At)
	}
}

// look looks whether the node is still there.
func (l *lineup) look(ctx context.Context, c *connection, now time.Time) {
	if !c.isUp() {
		return
	}
	c.look(now)
	onStage := l.onStage()
	switch s := l.standby; {
	case s == nil:
	case !onStage || !s.isUp() || s.watch.silence > standbyBears && c.watch.silence == 0:
		l.drop()
	default:
		s.look(now)
	}
	bears := l.bearing.of(now, onStage)
	switch {
	case c.watch.silence < bears:
		if onStage {
			l.prepare(ctx, now)
		}
	case l.standby == nil:
		if (onStage || c.watch.isLively(now)) && now.After(l.notBefore) && len(alternates(l.nodes, c.at)) > 0 {
			l.replace(ctx, c, onStage, bears)
		}
	case l.standby.watch.silence < bears: // else it is our own line, and no node would be better
		l.bearing.note(now)
		l.adopt(ctx, l.standby)
	}
}

// prepare has a connection ready at another node.
func (l *lineup) prepare(ctx context.Context, now time.Time) {
	at := following(alternates(l.nodes, l.connection().at), l.tried)
	if l.standby != nil || l.preparing || at == "" || now.Before(l.standbyAt) {
		return
	}
	l.standbyAt, l.tried, l.preparing = now.Add(standbyAgain), at, true
	go func() {
		c, err := l.makeBeside(ctx, at)
		if err != nil {
			c = nil
		}
		l.prepared <- c
	}()
}

// take takes a connection that was prepared.
func (l *lineup) take(c *connection) {
	l.preparing = false
	if c == nil {
		return
	}
	if l.standby != nil || nameOf(l.nodes, l.connection().at) == c.at {
		c.close() // there is another one meanwhile
		return
	}
	l.keep(c)
}

// drop has none ready any more.
func (l *lineup) drop() {
	l.standby.close()
	l.keep(nil)
}

// keep says which one is ready.
func (l *lineup) keep(c *connection) {
	l.standby = c
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ready = ""; c != nil {
		l.ready = c.at
	}
}

func (r *Room) makeBeside(ctx context.Context, at string) (*connection, error) {
	ctx, cancel := context.WithTimeout(ctx, comesUpWithin)
	defer cancel()
	c, err := r.open()
	if err == nil {
		if err = r.make(ctx, c, at, true); err != nil {
			c.close()
		}
	}
	return c, err
}

// beside returns a connection that is up, at a node or the first alternate that
// has one; nil when there is none.
func (l *lineup) beside(ctx context.Context, at string) *connection {
	l.drop()
	tries := alternates(l.nodes, l.connection().at)
	if at != "" {
		tries = append([]string{at}, slices.DeleteFunc(tries, func(one string) bool { return one == at })...)
	}
	for _, one := range tries[:min(len(tries), besidesMax)] {
		if c, err := l.makeBeside(ctx, one); err == nil {
			return c
		}
	}
	return nil
}

// replace makes a connection beside one that is silent, and switches to it. If
// that one is not silent any more by then, it stays.
func (l *lineup) replace(ctx context.Context, c *connection, onStage bool, bears time.Duration) {
	l.notBefore = time.Now().Add(retryAfter)
	isBetter := func() bool {
		c.look(time.Now())
		return c.watch.silence < bears
	}
	if !onStage { // not all at once
		select {
		case <-ctx.Done():
			return
		case <-time.After(rand.N(hesitation)): //nolint:gosec // nobody gains by guessing it
		}
		if isBetter() {
			return
		}
	}
	next := l.beside(ctx, "")
	switch {
	case next == nil:
	case isBetter():
		next.close()
		_ = l.Ask(ctx, "release", struct{}{}) // else another takes its place some time
	default:
		l.bearing.note(time.Now())
		l.adopt(ctx, next)
	}
}

// hand hands over to a connection, from one that is still good: first all agree,
// then we speak by it.
func (l *lineup) hand(ctx context.Context, next *connection) {
	l.standbyAt = time.Now().Add(standbyAgain)
	if l.switchTo(ctx, next) != nil {
		if next == l.standby {
			l.keep(nil)
		}
		next.close() // the next one who says so has it made anew
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(settleAfter):
	}
	l.turn(next)
}

// adopt turns to another connection, and tells the owner of the room after.
func (l *lineup) adopt(ctx context.Context, next *connection) {
	l.turn(next)
	if l.switchTo(ctx, next) != nil {
		l.renew(ctx, next.at)
	}
}

// switchTo tells the owner of the room where media are from now on.
func (r *Room) switchTo(ctx context.Context, next *connection) error {
	return r.Ask(ctx, "switch", map[string]string{"at": next.at})
}

// turn makes another connection the one that is heard and speaks.
func (l *lineup) turn(next *connection) {
	if next == l.standby {
		l.keep(nil)
	}
	before := l.become(next)
	l.turned = time.Now()
	time.AfterFunc(lingerFor, before.close)
}

// renew makes the connection anew, with a node. Where the room is just moving from
// one node to another, the one asked may not have the seat: it is asked again for as
// long as that is held.
func (l *lineup) renew(ctx context.Context, at string) {
	l.drop()
	ctx, cancel := context.WithTimeout(ctx, awayMax)
	defer cancel()
	for {
		err := l.renewOnce(ctx, at)
		if err == nil {
			return
		}
		if l.hasWayBack() && isMoving(err) {
			select {
			case <-ctx.Done():
			case <-time.After(awayAgain):
				continue
			}
		}
		l.end(fmt.Errorf("%w: media is not moved: %w", ErrLost, err))
		return
	}
}

func (l *lineup) renewOnce(ctx context.Context, at string) error {
	next, err := l.open()
	if err != nil {
		return err
	}
	l.become(next).close()
	l.turned = time.Now()
	ctx, cancel := context.WithTimeout(ctx, moveWait)
	defer cancel()
	return l.make(ctx, next, at, false)
}

// isMoving reports whether a request has failed since the node asked does not have
// the room, or not any more.
func isMoving(err error) bool {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p.Code == "not_here" || p.Code == "unavailable"
	}
	return errors.Is(err, ErrLost)
}
