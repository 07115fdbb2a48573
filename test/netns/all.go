package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"time"

	"github.com/stoa-audio/stoa/test/netns/lines"
	"github.com/stoa-audio/stoa/test/netns/space"
	"github.com/stoa-audio/stoa/test/netns/world"
)

// What must be reached, in ms of a voice that is not heard.
const (
	relayBar    = 500
	speakerBar  = 1000
	listenerBar = 2000
	bothBar     = 4000 // two nodes, one after the other
	houseBar    = 10   // s until a room goes on whose house is gone
	takes       = 3    // at most, of which the best counts
)

// settleMax is how long a tree may take to be what it should after a change:
// links are measured first.
const settleMax = 25 * time.Second

// A stage is a network with somebody who speaks and somebody who listens, an
// ocean apart, each with Chromium.
type stage struct {
	*report

	w        *world.World
	sound    string
	room     string
	speaker  *browser
	listener *browser
	far      *space.Place // where the listener is
}

// runAll runs all cases whose names match an expression.
func runAll(ctx context.Context, r *report, only string) error {
	match, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	sound, err := microphone(ctx)
	if err != nil {
		return err
	}
	for _, night := range []struct {
		what  string
		plan  world.Plan
		cases []act
	}{
		{"six nodes without fences", world.Plan{Nodes: open}, []act{
			{"calm", (*stage).calm},
			{"relay killed", (*stage).killRelay},
			{"speaker's node killed", (*stage).killSpeakers},
			{"listener's node killed", (*stage).killListeners},
			{"both nodes near the listener killed", (*stage).killBoth},
			{"drain", (*stage).drain},
			{"loss", (*stage).lose},
			{"fence put up", (*stage).putUpFence},
		}},
		{"four nodes with a fence, and two outside", world.Plan{Nodes: fenced, Oceans: near}, []act{
			{"fence", (*stage).fence},
		}},
		{"a house with a deputy", world.Plan{Nodes: housed}, []act{
			{"house killed", (*stage).killHouse},
		}},
		{"a region with servers of its own", world.Plan{Nodes: served, Servers: []string{"eu"}}, []act{
			{"frozen", (*stage).freeze},
		}},
		{"a house with a deputy, of which all nodes get another version", world.Plan{Nodes: housed}, []act{
			{"rolling", (*stage).roll},
		}},
	} {
		var cases []act
		for _, c := range night.cases {
			if match.MatchString(c.name) {
				cases = append(cases, c)
			}
		}
		if len(cases) == 0 {
			continue
		}
		r.say("%s start", night.what)
		night.plan.People = 4
		if err := play(ctx, r, sound, night.plan, cases); err != nil {
			return err
		}
	}
	return nil
}

// An act is a case: it adds what it finds to the report. An error means that it
// could not be played to its end.
type act struct {
	name string
	play func(*stage, context.Context, string) error
}

var (
	open = []world.Spot{
		{Name: "eu1"}, {Name: "eu2"}, {Name: "us1"}, {Name: "us2"}, {Name: "ap1"}, {Name: "ap2"},
	}
	housed = []world.Spot{
		{Name: "eu1", Seat: "elsewhere"}, {Name: "eu2"}, {Name: "eu3", Seat: "here"}, {Name: "us1"}, {Name: "us2"},
	}
	fenced = []world.Spot{
		{Name: "eu1", Fence: "eu+us"},
		{Name: "eu2", Fence: "eu+us"},
		{Name: "us1", Fence: "eu+us"},
		{Name: "us2", Fence: "eu+us"},
		{Name: "ap1", Fence: "ap", Beside: "ap2"},
		{Name: "ap2", Fence: "ap", Beside: "ap1"},
	}
)

// play opens a network, and plays some cases in it.
func play(ctx context.Context, r *report, sound string, plan world.Plan, cases []act) (err error) {
	here, err := space.Here(world.PeopleAt("eu", 1))
	if err != nil {
		return err
	}
	w, err := world.Open(ctx, plan, here)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Fallen(), w.Close()) }()
	s := &stage{report: r, w: w, sound: sound}
	if err := s.sit(ctx); err != nil {
		return err
	}
	for _, c := range cases {
		err := c.play(s, ctx, c.name)
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
		if err != nil { // the others may still be played
			s.say("%s: %v", c.name, err)
			s.atMost(c.name, "not played to its end", 1, "time", 0)
		}
	}
	if full := w.Lines.Full(); full > 0 {
		return fmt.Errorf("%d packets were lost because the machine is too busy", full)
	}
	return nil
}

// line sets the round trip between two places.
func (s *stage) line(a, b netip.Addr, trip time.Duration) {
	s.w.Lines.Set(a, b, lines.Line{Delay: trip / 2})
}

func (s *stage) at(name string) netip.Addr { return s.w.Node(name).Addr() }

// sit has both take their places. The speaker is near eu2 and the listener near
// us2, between which the straight way is slow: it is faster over us1, and over
// the house nearly so.
func (s *stage) sit(ctx context.Context) error {
	near, far := world.PeopleAt("eu", 2), world.PeopleAt("us", 2)
	s.line(near, s.at("eu1"), 60*time.Millisecond)
	s.line(far, s.at("us1"), 60*time.Millisecond)
	s.line(s.at("eu2"), s.at("us2"), 300*time.Millisecond)
	s.line(s.at("eu1"), s.at("us2"), 110*time.Millisecond)
	here, err := s.w.NewPlace(near)
	if err != nil {
		return err
	}
	if s.far, err = s.w.NewPlace(far); err != nil {
		return err
	}
	s.say("two browsers start")
	if s.speaker, err = sit(ctx, s.w, here, s.w.Person(1), s.sound); err != nil {
		return err
	}
	s.listener, err = sit(ctx, s.w, s.far, s.w.Person(2), s.sound)
	return err
}

// open has the speaker open a room and speak, and the listener come in; it
// returns how long it took until she was heard.
func (s *stage) open(ctx context.Context, fence string) (time.Duration, error) {
	var err error
	if s.room, err = s.speaker.Open(ctx, "Tea", fence); err != nil {
		return 0, err
	}
	if err := s.come(ctx, s.speaker); err != nil {
		return 0, fmt.Errorf("the speaker: %w", err)
	}
	began := time.Now()
	if err := s.listener.enter(ctx, s.room); err != nil {
		return 0, fmt.Errorf("the listener: %w", err)
	}
	return time.Since(began), s.listener.hears(ctx)
}

// come has the speaker come in and speak.
func (s *stage) come(ctx context.Context, b *browser) error {
	if err := b.enter(ctx, s.room); err != nil {
		return err
	}
	return b.simply(ctx, "microphone")
}

// opened makes sure that there is a room in which the listener hears the
// speaker, with each at the nearest node.
func (s *stage) opened(ctx context.Context) error {
	if s.room == "" {
		if _, err := s.open(ctx, ""); err != nil {
			return err
		}
	}
	again := []struct {
		b    *browser
		near string
		come func() error
	}{
		{s.speaker, "eu2", func() error { return s.come(ctx, s.speaker) }},
		{s.listener, "us2", func() error { return s.listener.enter(ctx, s.room) }},
	}
	// Who comes in anew keeps their seat, and looks for the nearest node. On a busy
	// machine that is sometimes missed, and a node that has just been started is
	// not known at once.
	for _, one := range again {
		for until := time.Now().Add(settleMax); s.mediaAt(ctx, one.b) != one.near; {
			if time.Now().After(until) {
				return fmt.Errorf("the nearest node is not found, %s", one.near)
			}
			if err := one.come(); err != nil {
				return err
			}
		}
	}
	return s.listener.hears(ctx)
}

// rates returns how many datagrams a second go between places.
func (s *stage) rates(ctx context.Context) func(from, to netip.Addr) float64 {
	before, began := s.w.Lines.Counts(), time.Now()
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
	}
	sent, passed := s.w.Lines.Counts().Sub(before), time.Since(began).Seconds()
	return func(from, to netip.Addr) float64 {
		return float64(sent[lines.Pair{From: from, To: to}].Datagrams) / passed
	}
}

// voiceRate is from how many packets a second on somebody's voice is among them:
// it has 50 or 25, and signs of life are 10.
const voiceRate = 22

// mediaAt returns at which node somebody's media connection is, by what goes
// there and comes from there.
func (s *stage) mediaAt(ctx context.Context, b *browser) string {
	rate := s.rates(ctx)
	most, at := 0.0, ""
	for _, n := range s.w.Nodes {
		if both := rate(b.at, n.Addr()) + rate(n.Addr(), b.at); both > most {
			most, at = both, n.Name
		}
	}
	return at
}

// before returns from which nodes one gets voices.
func (s *stage) before(ctx context.Context, name string) (from []string) {
	rate := s.rates(ctx)
	for _, n := range s.w.Nodes {
		if n.Name != name && rate(n.Addr(), s.at(name)) >= voiceRate {
			from = append(from, n.Name)
		}
	}
	return from
}

// relayed waits until the listener's node gets voices from one node alone.
func (s *stage) relayed(ctx context.Context, by string) error {
	var last []string
	err := world.Wait(ctx, "voices to come by "+by+" alone", settleMax, func() bool {
		last = s.before(ctx, "us2")
		return len(last) == 1 && last[0] == by
	})
	if err != nil {
		return fmt.Errorf("%w: they come by %v", err, last)
	}
	return nil
}

// gap has the listener hear while something happens, and returns what of it was
// heard.
func (s *stage) gap(ctx context.Context, happens func() error, most time.Duration) (h heard, err error) {
	if err := s.listener.mark(ctx); err != nil {
		return h, err
	}
	// A while with sound first: what stands at the mark already is seen then.
	if err := pause(ctx, 300*time.Millisecond); err != nil {
		return h, err
	}
	if err := happens(); err != nil {
		return h, err
	}
	if err := pause(ctx, most); err != nil {
		return h, err
	}
	if h, err = s.listener.tell(ctx); err != nil {
		return h, err
	}
	s.say("  heard: %.0f ms without sound, %.0f ms made up, %.0f packets, %.0f lost, the browser's sound stood still for %.0f ms", h.Gap, h.Made, h.Packets, h.Lost, h.Stalled)
	return h, nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// calm: a room over three regions.
func (s *stage) calm(ctx context.Context, name string) error {
	took, err := s.open(ctx, "")
	if err != nil {
		return err
	}
	s.tell(name, "until the room is there for who comes in", took.Seconds(), "s")
	osaka, err := s.w.Person(3).Join(ctx, s.room, s.w.Node("ap1"))
	if err != nil {
		return err
	}
	defer osaka.Close()
	before := osaka.Counts().Delivered
	h, err := s.gap(ctx, func() error { return nil }, 5*time.Second)
	if err != nil {
		return err
	}
	s.tell(name, "longest gap", h.Gap, "ms")
	s.tell(name, "made up by the browser", h.Made/(h.Made+h.Heard)*100, "%")
	if got := osaka.Counts().Delivered - before; got < 100 {
		return fmt.Errorf("in the third region %d frames are heard in six seconds", got)
	}
	return nil
}

// killRelay: the node falls that passes voices on to the listener's.
func (s *stage) killRelay(ctx context.Context, name string) error {
	for take := 0; take < takes && (take == 0 || !s.reached(name)); take++ {
		if err := s.opened(ctx); err != nil {
			return err
		}
		if err := s.relayed(ctx, "us1"); err != nil {
			return err
		}
		relay := s.w.Node("us1")
		h, err := s.gap(ctx, func() error { s.w.Kill(relay); return nil }, 3*time.Second)
		if err != nil {
			return err
		}
		s.atMost(name, "gap, at most", h.most(), "ms", relayBar)
		if err := s.w.Start(ctx, relay); err != nil {
			return err
		}
	}
	return nil
}

// killSpeakers: the node falls at which the speaker's voice comes in.
func (s *stage) killSpeakers(ctx context.Context, name string) error {
	return s.killEdge(ctx, name, "eu2", speakerBar)
}

// killListeners: the node falls at which the listener is.
func (s *stage) killListeners(ctx context.Context, name string) error {
	return s.killEdge(ctx, name, "us2", listenerBar)
}

// killBoth: the node falls to which the listener would go first, and a second
// later, before it is missed by anybody, the one where the listener is.
func (s *stage) killBoth(ctx context.Context, name string) error {
	return s.killEdges(ctx, name, 9*time.Second, bothBar, "us1", "us2")
}

func (s *stage) killEdge(ctx context.Context, name, edge string, bar float64) error {
	return s.killEdges(ctx, name, 4*time.Second, bar, edge)
}

// killEdges kills nodes a second apart, listens for some time, and starts them
// again.
func (s *stage) killEdges(ctx context.Context, name string, most time.Duration, bar float64, edges ...string) error {
	for take := 0; take < takes && (take == 0 || !s.reached(name)); take++ {
		if err := s.opened(ctx); err != nil {
			return err
		}
		h, err := s.gap(ctx, func() error {
			for i, edge := range edges {
				if i > 0 {
					if err := pause(ctx, time.Second); err != nil {
						return err
					}
				}
				s.w.Kill(s.w.Node(edge))
			}
			return nil
		}, most)
		if err != nil {
			return err
		}
		if err := s.listener.hears(ctx); err != nil {
			return err
		}
		s.atMost(name, "gap, at most", h.most(), "ms", bar)
		for _, edge := range edges {
			if err := s.w.Start(ctx, s.w.Node(edge)); err != nil {
				return err
			}
		}
	}
	return nil
}

// drain: the speaker's node is asked to end.
func (s *stage) drain(ctx context.Context, name string) error {
	if err := s.opened(ctx); err != nil {
		return err
	}
	n := s.w.Node("eu2")
	var took time.Duration
	h, err := s.gap(ctx, func() error {
		began := time.Now()
		err := n.Drain(ctx)
		took = time.Since(began)
		return err
	}, 3*time.Second)
	if err != nil {
		return err
	}
	s.tell(name, "longest gap when the speaker's node is asked to end", h.Gap, "ms")
	s.tell(name, "made up by the browser", h.Made, "ms")
	s.tell(name, "until the node has ended", took.Seconds(), "s")
	return s.w.Start(ctx, n)
}

// lose: of a hundred packets over the ocean, five are lost.
func (s *stage) lose(ctx context.Context, name string) error {
	if err := s.opened(ctx); err != nil {
		return err
	}
	const share = 0.05
	for _, eu := range []string{"eu1", "eu2"} {
		for _, us := range []string{"us1", "us2"} {
			s.w.Lines.Set(s.at(eu), s.at(us), lines.Line{Delay: 40 * time.Millisecond, Loss: share})
		}
	}
	if err := pause(ctx, 5*time.Second); err != nil { // the loss is noticed
		return err
	}
	h, err := s.gap(ctx, func() error { return nil }, 8*time.Second)
	if err != nil {
		return err
	}
	s.tell(name, "of a hundred packets, lost to the listener's browser", 100*h.Lost/(h.Lost+h.Packets), "%")
	s.tell(name, "made up by the browser", h.Made/(h.Made+h.Heard)*100, "%")
	s.tell(name, "longest gap", h.Gap, "ms")
	for _, eu := range []string{"eu1", "eu2"} {
		for _, us := range []string{"us1", "us2"} {
			s.w.Lines.Usual(s.at(eu), s.at(us))
		}
	}
	return nil
}

// putUpFence: the speaker's media are in a region that a fence then leaves out.
func (s *stage) putUpFence(ctx context.Context, name string) error {
	for _, n := range s.w.Nodes {
		if n.Region() == forbidden {
			s.line(s.speaker.at, n.Addr(), 0)
		} else {
			s.line(s.speaker.at, n.Addr(), 20*time.Millisecond)
		}
	}
	for take := 0; take < takes && (take == 0 || !s.reached(name)); take++ {
		if err := s.fenceOff(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// fenceOff has the speaker leave out a region while her media are there.
func (s *stage) fenceOff(ctx context.Context, name string) error {
	if _, err := s.open(ctx, ""); err != nil {
		return err
	}
	for until := time.Now().Add(settleMax); ; {
		at := s.mediaAt(ctx, s.speaker)
		if at != "" && world.Side(s.at(at)) == forbidden {
			break
		}
		if time.Now().After(until) {
			return fmt.Errorf("the nearest is in %s, and media are at %q", forbidden, at)
		}
		if err := s.come(ctx, s.speaker); err != nil {
			return err
		}
	}
	if _, err := s.speaker.do(ctx, "fence", map[string]any{"without": []string{forbidden}}); err != nil {
		return err
	}
	if err := pause(ctx, time.Second); err != nil {
		return err
	}
	before := s.w.Lines.Counts()
	grant, err := s.w.Person(0).Grant(ctx, s.room)
	if err != nil {
		return err
	}
	for _, n := range grant.Nodes {
		if n.Region == forbidden {
			return errors.New("there is no fence")
		}
	}
	if err := s.listener.hears(ctx); err != nil {
		return err
	}
	if err := pause(ctx, 3*time.Second); err != nil {
		return err
	}
	sent := s.w.Lines.Counts().Sub(before)
	between := func(a, b string) float64 {
		return float64(sent.Sum(func(p lines.Pair) bool { return world.Side(p.From) == a && world.Side(p.To) == b }).Packets)
	}
	s.atMost(name, "packets from people to "+forbidden+", from a second after on", between("eu people", forbidden), "sent", 0)
	s.atMost(name, "packets from "+forbidden+" to people, from a second after on", between(forbidden, "eu people"), "sent", 0)
	return nil
}

// fence: nothing goes outside, whatever happens, though it is nearest there.
func (s *stage) fence(ctx context.Context, name string) error {
	for _, n := range s.w.Nodes {
		if n.Region() == forbidden {
			s.line(s.speaker.at, n.Addr(), 0)
			s.line(s.far.Address, n.Addr(), 0)
		}
	}
	v, err := watchFence(ctx, s.w)
	if err != nil {
		return err
	}
	if _, err := s.open(ctx, "eu+us"); err != nil {
		return fmt.Errorf("join: %w", err)
	}
	s.say("%s: joined", name)
	if err := s.relayed(ctx, "us1"); err != nil {
		return err
	}
	s.line(s.at("us1"), s.at("us2"), 400*time.Millisecond)
	if err := s.relayed(ctx, "eu1"); err != nil {
		return fmt.Errorf("re-route: %w", err)
	}
	s.say("%s: another way is taken", name)
	s.w.Kill(s.w.Node("us1"))
	s.w.Kill(s.w.Node("eu2"))
	if err := s.listener.hears(ctx); err != nil {
		return fmt.Errorf("nodes killed: %w", err)
	}
	s.say("%s: two nodes are killed", name)
	if err := s.listener.leave(ctx); err != nil {
		return err
	}
	if s.listener, err = sit(ctx, s.w, s.far, s.w.Person(2), s.sound); err != nil {
		return err
	}
	if err := s.listener.enter(ctx, s.room); err != nil {
		return err
	}
	if err := s.listener.hears(ctx); err != nil {
		return fmt.Errorf("client started anew: %w", err)
	}
	s.say("%s: the listener's browser is started anew", name)
	s.w.Kill(s.w.Node("us2"))
	s.w.Kill(s.w.Node("eu1"))
	var words string
	for until := time.Now().Add(orderMax); words == "" && time.Now().Before(until); {
		if words, err = s.listener.trouble(ctx); err != nil {
			return err
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	if words == "" {
		return errors.New("all nodes inside the fence are gone, and nobody is told")
	}
	s.say("%s: all nodes inside are killed: “%s”", name, words)
	if err := pause(ctx, 5*time.Second); err != nil { // in which clients look for a way
		return err
	}
	return v.judge(ctx, s.report, name)
}
