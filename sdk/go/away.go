package stoa

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// How long it is tried to come back to a seat: as long as it is held.
const (
	awayMax   = 30 * time.Second
	awayAgain = 300 * time.Millisecond
	awayTry   = 2 * time.Second
)

const cutElsewhere = "elsewhere"

// Where there is a deputy, it is looked so often whether the node is still there,
// and waited so long for an answer.
const (
	pingEvery = 3 * time.Second
	pingWait  = 2 * time.Second
)

// ping looks whether the node is there, until the WebSocket is gone: a machine
// that falls says nothing.
func (l *live) ping(r *Room) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-r.done:
			return
		case <-l.gone:
			return
		case <-tick.C:
		}
		if !r.HasDeputy() {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), pingWait)
		err := l.conn.Ping(ctx)
		cancel()
		if err != nil {
			_ = l.conn.CloseNow() // who reads hears of it
			return
		}
	}
}

// A way is how one comes back to a seat: with its ticket to the house or, in its
// absence, to its deputy.
type way struct {
	house, deputy string // addresses; the deputy's is an URL
	ticket        string
}

// hasWayBack reports whether a lost WebSocket is made anew.
func (r *Room) hasWayBack() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.way.ticket != ""
}

// HasDeputy reports whether another node would go on with the room if the house
// were gone.
func (r *Room) HasDeputy() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.way.ticket != "" && r.way.deputy != ""
}

// entered takes in what a node says of the seat, which is there from now on. It
// is called by who reads, before anything that comes later.
func (r *Room) entered(l *live, raw json.RawMessage) error {
	var e struct {
		Ticket, Deputy string
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return err
	}
	r.mu.Lock()
	r.live = l
	r.way.ticket = e.Ticket
	if e.Deputy != "" { // a deputy does not say where it is
		r.way.deputy = e.Deputy
	}
	r.mu.Unlock()
	if r.isOver() { // nobody closes this one otherwise, and it would hold the seat
		return errors.New("the room is over")
	}
	return r.begin(raw)
}

func (r *Room) isOver() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// lost is told that a WebSocket is gone. If there is a way back, it is gone.
func (r *Room) lost(l *live, why error) {
	known := r.hasWayBack()
	seated := r.socket() == l
	switch {
	case known && !seated: // an attempt that has failed
	case known:
		go r.comeBack(why)
	default:
		r.end(why)
	}
}

// comeBack takes the seat again, at the house or its deputy, whichever has the
// room.
func (r *Room) comeBack(why error) {
	ctx, cancel := context.WithTimeout(context.Background(), awayMax)
	defer cancel()
	for ctx.Err() == nil && !r.isOver() {
		r.mu.Lock()
		w := r.way
		r.mu.Unlock()
		nodes := []string{w.house}
		if deputy, err := liveAddress(w.deputy); err == nil {
			nodes = []string{deputy, w.house}
		}
		for _, node := range nodes {
			err := r.takeAgain(ctx, node, w.ticket)
			problem, refused := errors.AsType[*Problem](err)
			switch {
			case err == nil:
				return
			case refused && problem.Code == "no_room":
				r.end(fmt.Errorf("%w: %w", why, err))
				return
			}
		}
		select {
		case <-r.done:
			return
		case <-ctx.Done():
		case <-time.After(awayAgain):
		}
	}
	r.end(why)
}

func (r *Room) takeAgain(ctx context.Context, node, ticket string) error {
	trying, cancel := context.WithTimeout(ctx, awayTry)
	defer cancel()
	l, err := dial(trying, node, r)
	if err != nil {
		return err
	}
	var entered struct {
		Media bool
	}
	if err := l.ask(trying, "enter", map[string]string{"ticket": ticket}, &entered); err != nil {
		_ = l.conn.CloseNow()
		return err
	}
	if !entered.Media { // where it was, or wherever else it can be
		offer(r.moves, move{At: r.connection().at, Why: cutElsewhere, came: time.Now()})
	}
	return nil
}
