package spread

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// Guests is the people of other nodes' rooms at this one: it does what their
// owners say, and lets everybody of an owner go who has not been heard from for
// LeaseMax.
type Guests struct {
	place *Place
	log   *slog.Logger
	lease time.Duration

	mu     sync.Mutex // guards the rest
	owners map[id.Node]*owner
}

// An owner is a node whose rooms have people here.
type owner struct {
	stream  Stream // the newest; nil when there is none
	reports chan Report
	number  uint64 // up to which all is known
	changed chan struct{}
	lease   *time.Timer
}

// reportsMax is how many reports wait for an owner; the next will say the same.
const reportsMax = 256

// NewGuests returns nobody's guests yet.
func NewGuests(place *Place, log *slog.Logger) *Guests {
	return &Guests{place: place, log: log, lease: LeaseMax, owners: make(map[id.Node]*owner)}
}

// Serve does what a stream of another node asks, until it ends. The error says
// why it was ended here.
func (g *Guests) Serve(ctx context.Context, from id.Node, kind string, s Stream) error {
	defer s.Stop()
	switch kind {
	case KindRooms:
		return g.follow(from, s)
	case KindAsk:
		return g.answer(ctx, from, s)
	}
	return errors.New("a stream of a kind that is not known")
}

// follow does what an owner's lines say.
func (g *Guests) follow(from id.Node, s Stream) error {
	o := g.begin(from, s)
	stop := make(chan struct{})
	defer close(stop)
	go report(s, o.reports, stop)
	lines := bufio.NewScanner(s)
	lines.Buffer(make([]byte, 0, 4096), lineMax)
	var named map[id.Room]map[id.Person]bool // since Begin
	for lines.Scan() {
		var l Line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return err
		}
		if !g.heard(o, s) {
			return nil // a newer stream has taken its place
		}
		switch {
		case l.Begin:
			named = make(map[id.Room]map[id.Person]bool)
		case l.Complete:
			g.place.Keep(from, named)
			named = nil
		case l.Seat != nil && named != nil:
			if named[l.Room] == nil {
				named[l.Room] = make(map[id.Person]bool)
			}
			named[l.Room][l.Seat.Who] = true
		}
		err := l.do(g.place, from)
		if errors.Is(err, ErrOwned) && g.place.succeeds(from, g.place.Owner(l.Room)) {
			err = nil // it has been succeeded, and will know it soon
		}
		if err != nil {
			return err
		}
		g.done(o, l.Number)
	}
	return lines.Err()
}

// begin makes s the stream of an owner.
func (g *Guests) begin(from id.Node, s Stream) *owner {
	g.mu.Lock()
	defer g.mu.Unlock()
	o := g.owners[from]
	if o == nil {
		o = &owner{changed: make(chan struct{})}
		o.lease = time.AfterFunc(g.lease, func() { g.over(from, o) })
		g.owners[from] = o
	} else if o.stream != nil {
		o.stream.Stop()
	}
	o.stream, o.number, o.reports = s, 0, make(chan Report, reportsMax)
	o.lease.Reset(g.lease)
	return o
}

// heard notes that the owner is there; not if s is not its stream any more.
func (g *Guests) heard(o *owner, s Stream) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if o.stream != s {
		return false
	}
	o.lease.Reset(g.lease)
	return true
}

func (g *Guests) done(o *owner, number uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if number > o.number {
		o.number = number
		close(o.changed)
		o.changed = make(chan struct{})
	}
}

// over lets everybody of an owner go: it has not been heard from for too long.
func (g *Guests) over(from id.Node, o *owner) {
	g.mu.Lock()
	if g.owners[from] == o {
		delete(g.owners, from)
		if o.stream != nil {
			o.stream.Stop()
			o.stream = nil
		}
	}
	g.mu.Unlock()
	if n := g.place.Keep(from, nil); n > 0 {
		g.log.Warn("people of another node's rooms are let go: nothing was heard from it", "people", n, "for", g.lease)
	}
}

// Sound reports to the owner of a room how it sounds here.
func (g *Guests) Sound(to id.Node, room id.Room, notice []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if o := g.owners[to]; o != nil && o.reports != nil {
		select {
		case o.reports <- Report{room, notice}:
		default:
		}
	}
}

func report(s Stream, reports <-chan Report, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case r := <-reports:
			_ = s.SetWriteDeadline(time.Now().Add(LeaseMax))
			if write(s, r) != nil {
				return
			}
		}
	}
}

// answer answers a question of an owner.
func (g *Guests) answer(ctx context.Context, from id.Node, s Stream) error {
	ctx, cancel := context.WithTimeout(ctx, askWait)
	defer cancel()
	_ = s.SetDeadline(time.Now().Add(askWait))
	lines := bufio.NewScanner(s)
	lines.Buffer(make([]byte, 0, 4096), lineMax)
	var q Question
	if !lines.Scan() {
		return lines.Err()
	}
	if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
		return err
	}
	a, err := g.ask(ctx, from, q)
	if err != nil {
		return err
	}
	return errors.Join(write(s, a), s.Close())
}

func (g *Guests) ask(ctx context.Context, from id.Node, q Question) (a Answer, err error) {
	if q.Claims {
		a.Claims = g.place.Claims(from)
		return a, nil
	}
	if err := g.await(ctx, from, q.After); err != nil {
		return a, err
	}
	if g.place.Owner(q.Room) != from {
		a.Refusal = &Refusal{Code: RefusedSeat}
		return a, nil
	}
	switch {
	case q.Offer != "":
		a.SDP, err = g.place.media.Offer(ctx, q.Room, q.Who, q.Session, q.Offer)
		if r, ok := errors.AsType[*Refusal](err); ok {
			a.Refusal, err = r, nil
		}
		return a, err
	case q.Up:
		a.Up = g.place.media.Up(q.Room, q.Who, q.Session)
	default:
		a.Hashes = g.place.media.Forwarded(q.Room, q.Who, q.Since)
	}
	return a, nil
}

// await waits until all is known that an owner has said up to a number.
func (g *Guests) await(ctx context.Context, from id.Node, number uint64) error {
	for {
		g.mu.Lock()
		o := g.owners[from]
		var known uint64
		var changed chan struct{}
		if o != nil {
			known, changed = o.number, o.changed
		}
		g.mu.Unlock()
		if o != nil && known >= number {
			return nil
		}
		var soon <-chan time.Time
		if o == nil { // its first stream is on its way
			soon = time.After(againMin)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-soon:
		}
	}
}
