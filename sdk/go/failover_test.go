package stoa_test

import (
	"context"
	"net/http"
	"path"
	"sync"
	"testing"
	"time"

	stoa "github.com/stoa-audio/stoa/sdk/go"
)

// enter joins with all that came with the grant, first at the node of a region.
func (n *network) enter(person *http.Client, region string) *stoa.Room {
	n.t.Helper()
	var g struct {
		Grant string
		Nodes []stoa.Node
	}
	n.call(person, "/rooms/"+path.Base(n.url)+"/grants", struct{}{}, &g)
	options := []stoa.Option{stoa.Among(g.Nodes...)}
	for _, one := range g.Nodes {
		if one.Region == region {
			options = append(options, stoa.At(one.ID))
		}
	}
	r, err := stoa.Join(n.t.Context(), n.url, g.Grant, options...)
	n.must(err)
	return r
}

// An ear notes the frames that somebody hears.
type ear struct {
	mu    sync.Mutex
	heard map[string][]said // by who says them
}

type said struct {
	number int
	at     time.Time
}

// listen hears for as long as ctx.
func listen(ctx context.Context, room *stoa.Room) *ear {
	e := &ear{heard: make(map[string][]said)}
	go func() {
		for {
			f, err := room.Hear(ctx)
			if err != nil {
				return
			}
			e.mu.Lock()
			e.heard[f.Who] = append(e.heard[f.Who], said{int(f.Opus[1])<<8 | int(f.Opus[2]), time.Now()})
			e.mu.Unlock()
		}
	}()
	return e
}

func (e *ear) of(who *stoa.Room) []said {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]said(nil), e.heard[who.Me]...)
}

// after counts the frames of somebody since a time.
func (e *ear) after(who *stoa.Room, t time.Time) (n int) {
	for _, s := range e.of(who) {
		if s.at.After(t) {
			n++
		}
	}
	return n
}

// gap is the longest time between two frames of somebody.
func (e *ear) gap(who *stoa.Room) (most time.Duration) {
	heard := e.of(who)
	for i := 1; i < len(heard); i++ {
		most = max(most, heard[i].at.Sub(heard[i-1].at))
	}
	return most
}

// missing counts the numbers between the first and the last of somebody's frames
// that were not heard, and those that were heard twice.
func (e *ear) missing(who *stoa.Room) (missing, twice int) {
	heard := e.of(who)
	if len(heard) == 0 {
		return 1, 0
	}
	seen := make(map[int]bool)
	first, last := heard[0].number, heard[0].number
	for _, s := range heard {
		if seen[s.number] {
			twice++
		}
		seen[s.number] = true
		first, last = min(first, s.number), max(last, s.number)
	}
	return last - first + 1 - len(seen), twice
}

// speak speaks until ctx ends; what cannot be said is not.
func speak(ctx context.Context, room *stoa.Room) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = room.Speak(numbered(i))
		}
	}
}

// talking is three people in a room over three nodes: Ada speaks at the house,
// Ben at another node, where Cleo listens, and Dan listens at a third.
func talking(ctx context.Context, t *testing.T) (n *network, ada, ben, cleo, dan *stoa.Room) {
	t.Helper()
	n = openNetwork(t, berlin, chicago, osaka)
	until(ctx, t, "all nodes to know each other", func() bool { return len(n.places(n.founder)) == 3 })
	ada = n.enter(n.founder, "eu")
	ben, cleo, dan = n.enter(n.guest("Ben"), "us"), n.enter(n.guest("Cleo"), "us"), n.enter(n.guest("Dan"), "ap")
	n.must(ada.Unmute(ctx))
	n.must(ada.Ask(ctx, "ask_up", map[string]string{"who": ben.Me}))
	until(ctx, t, "the invitation", func() bool { return ben.StepUp(ctx) == nil })
	n.must(ben.Unmute(ctx))
	sealed(ctx, t, ada, ben, cleo, dan)
	until(ctx, t, "those on the stage to have a connection ready", func() bool {
		_, adas := ada.Places()
		_, bens := ben.Places()
		return adas != "" && bens != ""
	})
	return n, ada, ben, cleo, dan
}

// Ben's and Cleo's node is gone: his voice goes on by the connection that is
// ready, and she hears on by another one.
func TestANodeIsGone(t *testing.T) {
	ctx := within(t)
	n, ada, ben, cleo, dan := talking(ctx, t)
	speaking, stop := context.WithCancel(ctx)
	defer stop()
	go speak(speaking, ada)
	go speak(speaking, ben)
	adas, bens, cleos, dans := listen(speaking, ada), listen(speaking, ben), listen(speaking, cleo), listen(speaking, dan)
	all := func(since time.Time, frames int) func() bool {
		return func() bool {
			return adas.after(ben, since) >= frames && dans.after(ben, since) >= frames && bens.after(ada, since) >= frames &&
				cleos.after(ada, since) >= frames && cleos.after(ben, since) >= frames
		}
	}
	until(ctx, t, "everybody to hear everybody", all(time.Time{}, 25))
	from, _ := ben.Places()
	gone := time.Now()
	n.stops[1]()
	stopped := time.Now() // of itself it takes a moment
	until(ctx, t, "everybody to hear everybody again", all(stopped.Add(200*time.Millisecond), 50))
	at, _ := ben.Places()
	if at == from {
		t.Error("Ben is still at a node that is gone")
	}
	t.Logf("without Ben: Ada %v, Dan %v, Cleo %v; without Ada: Ben %v, Cleo %v, Dan %v; stopping took %v",
		adas.gap(ben).Round(time.Millisecond), dans.gap(ben).Round(time.Millisecond), cleos.gap(ben).Round(time.Millisecond),
		bens.gap(ada).Round(time.Millisecond), cleos.gap(ada).Round(time.Millisecond), dans.gap(ada).Round(time.Millisecond), stopped.Sub(gone).Round(time.Millisecond))
	if worst := max(adas.gap(ben), dans.gap(ben), bens.gap(ada), cleos.gap(ada)); worst > 6*time.Second {
		t.Errorf("somebody was not heard for %v", worst)
	}
}

// Ben's and Cleo's node is about to stop: they go to others, and not a frame is
// missing anywhere.
func TestANodeIsLeft(t *testing.T) {
	ctx := within(t)
	n, ada, ben, cleo, dan := talking(ctx, t)
	speaking, stop := context.WithCancel(ctx)
	defer stop()
	go speak(speaking, ada)
	go speak(speaking, ben)
	ears := map[string]*ear{"Ada": listen(speaking, ada), "Ben": listen(speaking, ben), "Cleo": listen(speaking, cleo), "Dan": listen(speaking, dan)}
	heard := func(since time.Time, frames int) func() bool {
		return func() bool {
			for name, e := range ears {
				if name != "Ada" && e.after(ada, since) < frames || name != "Ben" && e.after(ben, since) < frames {
					return false
				}
			}
			return true
		}
	}
	until(ctx, t, "everybody to hear everybody", heard(time.Time{}, 25))
	from, _ := ben.Places()
	stays, _ := ada.Places()
	began := time.Now()
	if left := n.nodes[1].Drain(ctx); left != 0 {
		t.Fatalf("%d are left", left)
	}
	t.Logf("empty after %v", time.Since(began).Round(time.Millisecond))
	for name, r := range map[string]*stoa.Room{"Ben": ben, "Cleo": cleo} {
		if at, standby := r.Places(); at == from || standby == from {
			t.Errorf("%s is still there", name)
		}
	}
	n.stops[1]()
	until(ctx, t, "everybody to hear everybody again", heard(time.Now(), 50))
	// Where the machine stood still for a third of a second, Ada has switched, too,
	// for silence, and that costs frames.
	at, _ := ada.Places()
	moved := at != stays
	for name, e := range ears {
		for whose, who := range map[string]*stoa.Room{"Ada": ada, "Ben": ben} {
			if name == whose || moved && (name == "Ada" || whose == "Ada") {
				continue
			}
			missing, twice := e.missing(who)
			t.Logf("%s hears %d frames of %s, the longest gap is %v", name, len(e.of(who)), whose, e.gap(who).Round(time.Millisecond))
			if missing > 0 || twice > 0 {
				t.Errorf("%s misses %d frames of %s, and hears %d twice", name, missing, whose, twice)
			}
		}
	}
}
