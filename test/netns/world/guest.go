package world

import (
	"context"
	"encoding/binary"
	"sync"
	"time"

	stoa "github.com/stoa-audio/stoa/sdk/go"
)

// A Guest is somebody with a program (sdk/go) in a room, who hears all the time,
// and notes when.
type Guest struct {
	*stoa.Room
	Person

	cancel context.CancelFunc
	done   sync.WaitGroup

	mu    sync.Mutex // guards the rest
	heard map[string]*Ear
}

// An Ear is what is heard of one voice.
type Ear struct {
	Frames int
	Last   time.Time     // when something new was heard
	Gap    time.Duration // the longest time without, since the mark
}

// Join has somebody come into a room, with their media at a node, nil: at the
// house.
func (p Person) Join(ctx context.Context, room string, at *Node) (*Guest, error) {
	entering, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	grant, err := p.Grant(entering, room)
	if err != nil {
		return nil, err
	}
	var options []stoa.Option
	if at != nil && at != p.world.Nodes[0] {
		options = append(options, stoa.At(at.ID))
	}
	// The seat goes with the context: it is not that of coming in.
	inside, leave := context.WithCancel(context.WithoutCancel(ctx))
	r, err := stoa.Join(inside, p.world.Nodes[0].URL+"/r/"+room, grant.Grant, options...)
	if err != nil {
		leave()
		return nil, err
	}
	g := &Guest{Room: r, Person: p, cancel: leave, heard: make(map[string]*Ear)}
	g.done.Go(func() { g.listen(inside) })
	p.world.mu.Lock()
	if p.world.guests == nil {
		p.world.guests = make(map[*Guest]bool)
	}
	p.world.guests[g] = true
	p.world.mu.Unlock()
	return g, nil
}

// Close ends the guest's program.
func (g *Guest) Close() {
	g.cancel()
	g.done.Wait()
	w := g.world
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.guests, g)
}

func (g *Guest) listen(ctx context.Context) {
	for {
		f, err := g.Hear(ctx)
		if err != nil {
			return
		}
		now := time.Now()
		g.mu.Lock()
		e := g.heard[f.Who]
		if e == nil {
			e = &Ear{Last: now}
			g.heard[f.Who] = e
		}
		e.Gap = max(e.Gap, now.Sub(e.Last))
		e.Last = now
		e.Frames++
		g.mu.Unlock()
	}
}

// Ear returns what is heard of somebody. A time without sound that lasts counts
// up to now.
func (g *Guest) Ear(who *Guest) Ear {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.heard[who.Me]
	if e == nil {
		return Ear{}
	}
	out := *e
	out.Gap = max(out.Gap, time.Since(e.Last))
	return out
}

// Mark forgets the gaps that there were.
func (g *Guest) Mark() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, e := range g.heard {
		e.Gap = 0
	}
}

// Hears waits until frames of somebody are heard anew, and returns how long
// that took.
func (g *Guest) Hears(ctx context.Context, who *Guest, frames int, most time.Duration) (time.Duration, error) {
	began, before := time.Now(), g.Ear(who).Frames
	err := Wait(ctx, "a voice", most, func() bool { return g.Ear(who).Frames >= before+frames })
	return time.Since(began), err
}

// Talk speaks frames at the pace of sound until ctx or the room ends.
func (g *Guest) Talk(ctx context.Context) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for i := uint16(0); ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-g.Done():
			return
		case <-tick.C:
		}
		// A frame that is not said is missed by those who listen.
		_ = g.Speak(binary.BigEndian.AppendUint16([]byte{0x78}, i))
	}
}
