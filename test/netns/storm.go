package main

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/stoa-audio/stoa/test/netns/lines"
	"github.com/stoa-audio/stoa/test/netns/world"
)

// untouched is the node that nothing is done to, so that it shows what grows.
const untouched = "us1"

// storm does things to the network until ctx ends, and then mends all of them.
// Half-way through, the house is started anew.
func (s *soak) storm(ctx context.Context) {
	rnd := rand.New(rand.NewPCG(s.seed, 3))
	half := time.Now().Add(s.how / 2)
	housed := false
	var mending sync.WaitGroup
	defer mending.Wait()
	busy := make(chan struct{}, 2) // what is broken at once
	for {
		if pause(ctx, time.Duration(3000+rnd.IntN(5000))*time.Millisecond) != nil {
			return
		}
		if !housed && time.Now().After(half) {
			housed = true
			mending.Wait()
			s.restartHouse(ctx, rnd.IntN(2) == 0)
			continue
		}
		nodes := []string{"eu2", "us2", "ap1", "ap2"}
		n := s.w.Node(nodes[rnd.IntN(len(nodes))])
		what, lasts := rnd.IntN(5), time.Duration(2500+rnd.IntN(7000))*time.Millisecond
		a := rnd.IntN(3)
		b := (a + 1 + rnd.IntN(2)) % 3
		select {
		case busy <- struct{}{}:
		default:
			continue
		}
		mending.Go(func() {
			defer func() { <-busy }()
			switch what {
			case 0, 1:
				s.restartNode(ctx, n, what == 0, lasts)
			case 2:
				s.part(ctx, lasts, lines.Line{Cut: true}, func(x, y *world.Node) bool { return between(x, y, a, b) })
				s.say("%s and %s were parted for %v", regionNames[a], regionNames[b], lasts)
			case 3:
				s.part(ctx, lasts, lines.Line{Cut: true}, func(x, y *world.Node) bool { return x == n || y == n })
				s.say("%s was alone for %v", n.Name, lasts)
			default:
				s.part(ctx, lasts, lines.Line{Delay: 60 * time.Millisecond, Loss: 0.15}, func(x, y *world.Node) bool { return between(x, y, a, b) })
				s.say("of what %s and %s said to each other, 15 %% was lost for %v", regionNames[a], regionNames[b], lasts)
			}
		})
	}
}

var regionNames = []string{"eu", "us", "ap"}

func between(x, y *world.Node, a, b int) bool {
	return x.Region() == regionNames[a] && y.Region() == regionNames[b] || x.Region() == regionNames[b] && y.Region() == regionNames[a]
}

// fixing is held while a node is stopped and started: one at a time each.
var fixing sync.Map // by name

// restartNode ends a node, and starts it again after a while.
func (s *soak) restartNode(ctx context.Context, n *world.Node, kill bool, after time.Duration) {
	if _, already := fixing.LoadOrStore(n.Name, true); already {
		return
	}
	defer fixing.Delete(n.Name)
	how := "killed"
	if kill {
		s.counts.kills.Add(1)
		s.w.Kill(n)
	} else {
		how = "asked to end"
		s.counts.drains.Add(1)
		if err := n.Drain(context.WithoutCancel(ctx)); err != nil {
			s.mistakes.add("%v", err)
			s.w.Kill(n)
		}
	}
	_ = pause(ctx, after) // it is started again in any case
	if err := s.w.Start(context.WithoutCancel(ctx), n); err != nil {
		s.mistakes.add("%v", err)
	}
	s.say("%s was %s, and is there again after %v", n.Name, how, after)
}

// part has lines between nodes be bad for a while.
func (s *soak) part(ctx context.Context, lasts time.Duration, l lines.Line, which func(x, y *world.Node) bool) {
	s.counts.cuts.Add(1)
	var set [][2]netip.Addr
	for i, x := range s.w.Nodes {
		for _, y := range s.w.Nodes[:i] {
			if which(x, y) {
				s.w.Lines.Set(x.Addr(), y.Addr(), l)
				set = append(set, [2]netip.Addr{x.Addr(), y.Addr()})
			}
		}
	}
	_ = pause(ctx, lasts) // it is mended in any case
	for _, pair := range set {
		s.w.Lines.Usual(pair[0], pair[1])
	}
}

// restartHouse starts the house anew while nobody's role changes, and looks
// whether everybody has theirs afterwards.
func (s *soak) restartHouse(ctx context.Context, kill bool) {
	s.roles.Lock()
	defer s.roles.Unlock()
	if pause(ctx, 2*time.Second) != nil { // what is on its way is told
		return
	}
	s.checkRoles(ctx, "before the house is started anew")
	house := s.w.Nodes[0]
	began := time.Now()
	if kill {
		s.w.Kill(house)
	} else if err := syscall.Kill(house.PID(), syscall.SIGTERM); err != nil {
		s.mistakes.add("%v", err)
	} else if err := world.Wait(ctx, "the house to end", 15*time.Second, house.Ended); err != nil {
		s.mistakes.add("%v", err)
		s.w.Kill(house)
	}
	if err := s.w.Start(context.WithoutCancel(ctx), house); err != nil {
		s.mistakes.add("%v", err)
		return
	}
	s.say("the house was started anew (killed: %v), which took %v", kill, time.Since(began).Round(100*time.Millisecond))
	s.checkRoles(ctx, "after the house was started anew")
}
