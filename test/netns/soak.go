package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stoa-audio/stoa/test/netns/space"
	"github.com/stoa-audio/stoa/test/netns/world"
)

// A soakPlan is what a soak is to be.
type soakPlan struct {
	how   time.Duration
	seed  uint64
	crowd int
}

func (s *soakPlan) flags() *flag.FlagSet {
	f := flag.NewFlagSet("netns soak", flag.ContinueOnError)
	f.DurationVar(&s.how, "for", 30*time.Minute, "how long")
	f.Uint64Var(&s.seed, "seed", 1, "of what happens; the machine adds its own chance")
	f.IntVar(&s.crowd, "people", peopleMax, "how many people")
	return f
}

// What a soak takes, beside its time.
const (
	soakMin    = 30 * time.Second
	peopleMax  = 30               // a house takes 32 connections from one address, and has some that break
	settleFor  = 8 * time.Second  // after everybody has left
	healFor    = 45 * time.Second // at most, for all to be as it should
	ghostsEach = 5 * time.Second
)

// A soak is a network that is not left alone.
type soak struct {
	*report
	soakPlan

	w        *world.World
	rooms    []*meeting
	actors   []*actor
	counts   counts
	roles    sync.RWMutex // held for writing while nobody's role may change
	frozen   atomic.Bool  // everybody stays where they are
	mistakes mistakes
	failures failures
}

// failures is why people could not come in, and how often.
type failures struct {
	mu  sync.Mutex // guards why
	why map[string]int
}

// countedMax bounds how many kinds of failures are told apart.
const countedMax = 100

func (f *failures) count(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.why == nil {
		f.why = make(map[string]int)
	}
	why := err.Error()
	if _, known := f.why[why]; known || len(f.why) < countedMax {
		f.why[why]++
	}
}

// A meeting is one of the rooms.
type meeting struct {
	id    string
	fence string
	host  world.Person
	told  ledger
}

// counts is what has been done.
type counts struct {
	joins, failed, leaves, falls, hands, asked, ups, downs, removed, moderators, kills, drains, cuts, rosters atomic.Int64
}

// mistakes are what must not be.
type mistakes struct {
	mu   sync.Mutex // guards list
	list []string
}

const mistakesMax = 50

func (m *mistakes) add(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.list) < mistakesMax {
		m.list = append(m.list, fmt.Sprintf(format, args...))
	}
}

func (s soakPlan) run(ctx context.Context, r *report) (err error) {
	if s.how < soakMin || s.crowd < 3 || s.crowd > peopleMax {
		return fmt.Errorf("at least %v, with 3 to %d people", soakMin, peopleMax)
	}
	here, err := space.Here(world.PeopleAt("eu", 1))
	if err != nil {
		return err
	}
	r.say("seed %d: six nodes, %d people, for %v", s.seed, s.crowd, s.how)
	w, err := world.Open(ctx, world.Plan{Nodes: open, People: s.crowd, Seed: s.seed}, here)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Fallen(), w.Close()) }()
	k := &soak{report: r, soakPlan: s, w: w}
	if err := k.warmUp(ctx); err != nil {
		return fmt.Errorf("warm up: %w", err)
	}
	before, err := k.measure(ctx)
	if err != nil {
		return err
	}
	trend, err := k.main(ctx)
	if err != nil {
		return err
	}
	after, err := k.measure(ctx)
	if err != nil {
		return err
	}
	k.judge(before, after, trend)
	return nil
}

// gather opens rooms, and has everybody begin.
func (s *soak) gather(ctx context.Context, salt uint64) (stop func(), err error) {
	s.rooms, s.actors = nil, nil
	for i, fence := range []string{"", "", "eu+us"} {
		m := &meeting{host: s.w.Person(i), fence: fence}
		if m.id, err = m.host.Open(ctx, fmt.Sprintf("Room %d", i), fence); err != nil {
			return nil, err
		}
		s.rooms = append(s.rooms, m)
	}
	ctx, cancel := context.WithCancel(ctx)
	s.frozen.Store(false)
	var done sync.WaitGroup
	for i := range s.crowd {
		a := &actor{
			soak: s, Person: s.w.Person(i), room: s.rooms[i%len(s.rooms)], host: i < len(s.rooms),
			rnd: rand.New(rand.NewPCG(s.seed^salt, uint64(i))), //nolint:gosec // not negative
		}
		s.actors = append(s.actors, a)
		done.Go(func() { a.live(ctx) })
	}
	return func() { cancel(); done.Wait() }, nil
}

// warmUp has everybody come and go once: what is made once is there then.
func (s *soak) warmUp(ctx context.Context) error {
	stop, err := s.gather(ctx, 1)
	if err != nil {
		return err
	}
	err = pause(ctx, min(s.how/6, 30*time.Second))
	stop()
	return errors.Join(err, pause(ctx, settleFor))
}

// main is the soak itself. It returns how many goroutines the node had that is
// never touched.
func (s *soak) main(ctx context.Context) (trend []float64, err error) {
	stop, err := s.gather(ctx, 2)
	if err != nil {
		return nil, err
	}
	defer func() { stop(); err = errors.Join(err, pause(ctx, settleFor)) }()
	weather, end := context.WithTimeout(ctx, s.how)
	defer end()
	var done sync.WaitGroup
	done.Go(func() { s.storm(weather) })
	done.Go(func() { s.watchGhosts(weather) })
	sample := time.NewTicker(max(s.how/30, time.Second))
	defer sample.Stop()
	for weather.Err() == nil {
		select {
		case <-weather.Done():
		case <-sample.C:
			if m, err := s.w.Node(untouched).Metrics(ctx); err == nil {
				trend = append(trend, m["go_goroutines"])
			}
		}
	}
	done.Wait()
	if ctx.Err() != nil {
		return trend, ctx.Err()
	}
	s.say("the storm is over")
	s.frozen.Store(true)
	return trend, s.settle(ctx)
}

// settle waits until all is as it should be, and notes what is not in the end.
func (s *soak) settle(ctx context.Context) error {
	err := world.Wait(ctx, "everybody to be inside", healFor, func() bool {
		return !slices.ContainsFunc(s.actors, func(a *actor) bool { return a.inside() == nil })
	})
	if err != nil {
		s.mistakes.add("%v: %v", err, s.outside())
	}
	var wrong error
	if world.Wait(ctx, "seats", healFor, func() bool { wrong = s.seats(ctx); return wrong == nil }) != nil {
		s.mistakes.add("%v", wrong)
	}
	s.checkRoles(ctx, "at the end")
	for _, m := range s.rooms {
		s.checkVoices(ctx, m)
	}
	return ctx.Err()
}

// outside says why some are not inside.
func (s *soak) outside() string {
	var why []string
	for _, a := range s.actors {
		if a.inside() == nil {
			why = append(why, a.lastError())
		}
	}
	return strings.Join(why, "; ")
}

// seats compares what the house says of who sits where with what the nodes say.
func (s *soak) seats(ctx context.Context) error {
	house, err := s.w.Nodes[0].Roster(ctx)
	if err != nil {
		return err
	}
	guests, up := make(map[string]int), 0
	for _, n := range s.w.Nodes {
		r, err := n.Roster(ctx)
		if err != nil {
			return err
		}
		for _, one := range r.Rooms {
			if one.Ghosts > 0 || one.Receivers > one.Seats {
				return fmt.Errorf("%s: %d of %d receivers have no seat", n.Name, one.Ghosts, one.Receivers)
			}
			up += one.Up
		}
		if n != s.w.Nodes[0] {
			guests[n.Region()] += r.Guests()
		}
	}
	sum := house.Own
	for place, placed := range house.Placed {
		name, _, _ := strings.Cut(place, "@")
		if guests[name] != placed {
			return fmt.Errorf("the house has placed %d people in %s, and %d sit there", placed, name, guests[name])
		}
		sum += placed
	}
	if sum < len(s.actors) || up < len(s.actors) {
		return fmt.Errorf("of %d people, %d have a seat and %d a media connection", len(s.actors), sum, up)
	}
	return nil
}

// checkRoles compares the roles that people have with those that were told.
func (s *soak) checkRoles(ctx context.Context, when string) {
	for _, m := range s.rooms {
		var wrong error
		err := world.Wait(ctx, "roles", healFor, func() bool {
			got, err := m.host.People(ctx, m.id)
			if err != nil {
				wrong = err
				return false
			}
			wrong = differ(m.told.roles(), got)
			return wrong == nil
		})
		if err != nil {
			s.mistakes.add("%s: %v", when, wrong)
		}
	}
}

// checkVoices has a room's host speak, and everybody there hear it.
func (s *soak) checkVoices(ctx context.Context, m *meeting) {
	var host *world.Guest
	for _, a := range s.actors {
		if a.host && a.room == m {
			host = a.inside()
		}
	}
	if host == nil {
		s.mistakes.add("a room has no host")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, healFor)
	defer cancel()
	if err := errors.Join(host.Unmute(ctx), host.Sealed(ctx)); err != nil {
		s.mistakes.add("a host cannot speak: %v", err)
		return
	}
	go host.Talk(ctx)
	for _, a := range s.actors {
		g := a.inside()
		if a.room != m || g == nil || g == host {
			continue
		}
		if _, err := g.Hears(ctx, host, 25, healFor); err != nil {
			s.mistakes.add("somebody does not hear the host: %v", err)
		}
	}
}

// watchGhosts asks nodes again and again whether anybody receives what they
// should not.
func (s *soak) watchGhosts(ctx context.Context) {
	for pause(ctx, ghostsEach) == nil {
		for _, n := range s.w.Nodes {
			r, err := n.Roster(ctx)
			if err != nil {
				continue // it is down
			}
			s.counts.rosters.Add(1)
			for _, one := range r.Rooms {
				if one.Ghosts > 0 {
					s.mistakes.add("%s: %d receivers have no seat", n.Name, one.Ghosts)
				}
			}
		}
	}
}

// What is measured of each node, and how much more of it there may be in the
// end: a factor, and something on top. A node that has not one of them is not
// asked for it.
var watched = []struct {
	name   string
	factor float64
	more   float64
}{
	{"go_goroutines", 1.3, 50},
	{"go_gc_heap_live_bytes", 1.5, 8 << 20},
	{"process_resident_memory_bytes", 1.4, 48 << 20},
	{"process_open_fds", 1.3, 20},
	{"stoa_media_peers", 1, 0},
	{`stoa_coordination{what="consumers"}`, 1, 2},
	{`stoa_coordination{what="watchers"}`, 1, 0},
}

// measure reads what each node has, after it has collected what it does not use.
func (s *soak) measure(ctx context.Context) (map[string]map[string]float64, error) {
	out := make(map[string]map[string]float64)
	for _, n := range s.w.Nodes {
		if err := errors.Join(n.Collect(ctx), n.Collect(ctx)); err != nil {
			return nil, err
		}
		m, err := n.Metrics(ctx)
		if err != nil {
			return nil, err
		}
		out[n.Name] = m
	}
	return out, nil
}

// judge adds all that was found to the report.
func (s *soak) judge(before, after map[string]map[string]float64, trend []float64) {
	const name = "soak"
	c := &s.counts
	logged := s.w.Mistakes()
	s.tell(name, "errors that nodes have logged", float64(len(logged)), "lines")
	for _, line := range logged {
		s.say("logged: %s", line)
	}
	for why, n := range s.failures.why {
		s.say("%d times nobody came in: %s", n, why)
	}
	for what, n := range map[string]*atomic.Int64{
		"people came in": &c.joins, "attempts failed": &c.failed, "left": &c.leaves, "fell out": &c.falls, "hands": &c.hands,
		"asked up": &c.asked, "stepped up": &c.ups, "moved down": &c.downs, "put out": &c.removed, "made moderators": &c.moderators,
		"nodes killed": &c.kills, "nodes asked to end": &c.drains, "lines cut": &c.cuts, "rosters compared": &c.rosters,
	} {
		s.tell(name, what, float64(n.Load()), "times")
	}
	for _, what := range watched {
		// A node that was started anew is measured by the others.
		most := 0.0
		for _, m := range before {
			most = max(most, m[what.name])
		}
		for _, n := range s.w.Nodes {
			had, is := before[n.Name][what.name], after[n.Name][what.name]
			if _, known := after[n.Name][what.name]; !known {
				continue
			}
			bar := what.factor*max(had, most) + what.more
			if n == s.w.Nodes[0] {
				bar = what.factor*had + what.more
			}
			s.atMost(name, what.name+" of "+n.Name, is, fmt.Sprintf("(%s before)", number(had)), bar)
		}
	}
	if third := len(trend) / 3; third > 0 {
		first, last := mean(trend[:third]), mean(trend[len(trend)-third:])
		s.atMost(name, "goroutines of "+untouched+" in the last third", last, fmt.Sprintf("(%s in the first)", number(first)), 1.3*first+50)
	}
	s.atMost(name, "mistakes", float64(len(s.mistakes.list)), "", 0)
	for _, m := range s.mistakes.list {
		s.say("MISTAKE: %s", m)
	}
}

func mean(list []float64) float64 {
	sum := 0.0
	for _, v := range list {
		sum += v
	}
	return sum / float64(len(list))
}
