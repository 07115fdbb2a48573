package group

import (
	"container/heap"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/sdk/go/keys"
)

// A world is a room, its node and those in it, all of it made of a seed. Time
// goes from one event to the next.
type world struct {
	*testing.T
	rnd    *rand.Rand
	now    time.Time
	events events
	count  int

	room   ID
	people []*person
	stage  []*person
	node   node
	ghosts []*client // removed, and the node lets them listen on
	left   []*client // went
	inJSON bool
	closed bool
	proven bool
	strict bool // the node forgets nothing, so announces follow one another

	keks   map[Member]map[Kek]bool
	sealed map[string]string
	begun  map[[32]byte]*making // by commit
	spent  time.Duration        // until all agreed
	fresh  time.Time            // when the node has started
}

type person struct {
	id     ID
	device ed25519.PrivateKey
	page   *client
	seated bool
	away   bool
}

// A client is a page of a person's.
type client struct {
	g      *Group
	p      *person
	conn   int // 0: none
	lag    time.Duration
	frozen bool
	held   []func()

	knows   map[Member]bool // who was removed, as far as it was told
	secrets map[keys.Secret]bool
}

// making is an epoch that somebody began.
type making struct {
	by    *client
	epoch uint32
	shut  map[Member]bool // who must not have it
}

// node is what the specification has the node do.
type node struct {
	said   *Announce
	notice AnnounceNotice // with the roster
	knocks map[ID]*seatKnock
	tender *client
	conn   int
}

type seatKnock struct {
	Caller
	waits bool // has had no letter since
}

// --- time ---

type event struct {
	at time.Time
	n  int
	f  func()
}

type events []event

func (e events) Len() int      { return len(e) }
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e events) Less(i, j int) bool {
	return e[i].at.Before(e[j].at) || e[i].at.Equal(e[j].at) && e[i].n < e[j].n
}

func (e *events) Pop() any {
	old := *e
	x := old[len(old)-1]
	*e = old[:len(old)-1]
	return x
}

func (w *world) after(d time.Duration, f func()) {
	w.count++
	heap.Push(&w.events, event{w.now.Add(d), w.count, f})
}

// run goes on until a time.
func (w *world) run(until time.Time) {
	still, was := 0, w.now
	for {
		var ticks *client
		at := until
		if len(w.events) > 0 && w.events[0].at.Before(at) {
			at = w.events[0].at
		}
		for _, p := range w.people {
			if c := p.page; c != nil && !c.frozen {
				if d := c.g.Due(); !d.IsZero() && d.Before(at) {
					at, ticks = d, c
				}
			}
		}
		if at.After(w.now) {
			w.now = at
		}
		if w.now.Equal(was) {
			if still++; still > 5000 {
				w.Fatalf("time stands still at %v", w.clock())
			}
		} else {
			was, still = w.now, 0
		}
		switch {
		case ticks != nil:
			ticks.g.Tick(w.now)
			w.flush(ticks)
		case at.Equal(until):
			return
		default:
			heap.Pop(&w.events).(event).f()
		}
	}
}

func (w *world) clock() time.Duration { return w.now.Sub(time.Unix(1e9, 0)) }

func (w *world) span(from, to time.Duration) time.Duration {
	return from + time.Duration(w.rnd.Int64N(int64(to-from)))
}

// --- clients ---

type stream struct{ *rand.Rand }

func (s stream) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(s.Uint32())
	}
	return len(b), nil
}

// load gives a person a new page.
func (w *world) load(p *person) *client {
	g, err := New(Config{Room: w.room, Who: p.id, Device: p.device, Closed: w.closed, Rand: stream{w.rnd}})
	if err != nil {
		w.Fatal(err)
	}
	g.Prove(w.now, w.proven)
	p.page = &client{g: g, p: p, knows: map[Member]bool{}, secrets: map[keys.Secret]bool{}}
	return p.page
}

// connect seats a page.
func (w *world) connect(c *client) {
	w.count++
	c.conn, c.lag = w.count, w.span(2*time.Millisecond, 120*time.Millisecond)
	c.frozen, c.held = false, nil
	c.p.away = false
	stage := w.standing()
	first := w.rnd.IntN(2) == 0
	w.tell(c, func() {
		if first {
			c.g.See(w.now, stage)
		}
		c.g.Entered(w.now)
		c.g.See(w.now, stage)
	})
	w.staged()
}

// disconnect loses a connection, and what is on its way.
func (w *world) disconnect(c *client) {
	c.conn = 0
	c.p.away = true
	w.staged()
}

// tell has a client hear something.
func (w *world) tell(c *client, f func()) {
	conn := c.conn
	w.after(c.lag, func() {
		if c.conn != conn {
			return
		}
		hear := func() {
			f()
			w.flush(c)
		}
		if c.frozen {
			c.held = append(c.held, hear)
		} else {
			hear()
		}
	})
}

func (w *world) thaw(c *client) {
	held := c.held
	c.frozen, c.held = false, nil
	for _, f := range held {
		f()
	}
}

// flush sends what a client asks for, and looks at what it did.
func (w *world) flush(c *client) {
	w.inspect(c)
	conn := c.conn
	for _, r := range c.g.Take() {
		w.letters(c, r.Letters)
		if w.inJSON {
			r = again(w, r)
		}
		if conn != 0 {
			w.after(c.lag, func() {
				if c.conn == conn {
					w.ask(c, r)
				}
			})
		}
	}
}

func again[T any](w *world, v T) (back T) {
	w.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		w.Fatal(err)
	}
	if err := json.Unmarshal(b, &back); err != nil {
		w.Fatal(err)
	}
	return back
}

// inspect notes epochs that were begun, and secrets that are held.
func (w *world) inspect(c *client) {
	for _, e := range c.g.epochs {
		c.secrets[e.Secret] = true
	}
	for _, e := range c.g.waiting {
		c.secrets[e.secret] = true
	}
	for m, p := range c.g.members {
		if p.kekFor != 0 {
			if w.keks[m] == nil {
				w.keks[m] = map[Kek]bool{}
			}
			w.keks[m][p.kek] = true
		}
	}
	if n := c.g.next; n != nil {
		commit := n.secret.Commit()
		if w.begun[commit] == nil {
			m := &making{c, n.epoch, map[Member]bool{}}
			for gone := range c.knows {
				m.shut[gone] = true
			}
			w.begun[commit] = m
		}
	}
}

// letters sees to it that no key seals twice for an epoch.
func (w *world) letters(c *client, r *LettersRequest) {
	if r == nil {
		return
	}
	if len(r.Letters) > LettersMax {
		w.Errorf("%d bytes of letters", len(r.Letters))
	}
	for rest := []byte(r.Letters); len(rest) > 0; {
		var to Member
		var b []byte
		var err error
		if to, b, rest, err = CutLetter(rest); err != nil {
			w.Fatal(err)
		}
		l, err := ParseLetter(b)
		if err != nil || l.Epoch != r.Epoch {
			w.Fatalf("a letter for epoch %d among those for %d, %v", l.Epoch, r.Epoch, err)
		}
		if l.Kind != Rewrap {
			continue
		}
		opened := false
		for k := range w.keks[to] {
			if _, err := l.OpenRewrap(k); err == nil {
				opened = true
				by := fmt.Sprintf("%x %d", k, l.Epoch)
				if was, ok := w.sealed[by]; ok {
					w.Errorf("%v: key %s seals %x and %x", w.clock(), by, was, l.Sealed)
				}
				w.sealed[by] = string(l.Sealed[:])
			}
		}
		if !opened {
			w.Errorf("%v: a rewrap for %x by a key that nobody has", w.clock(), to)
		}
	}
}

// --- the node ---

func (w *world) standing() (all []Standing) {
	for _, p := range w.stage {
		all = append(all, Standing{p.id, p.away})
	}
	return all
}

// staged tells everybody who is on the stage.
func (w *world) staged() {
	if t := w.node.tender; t != nil && (t.conn != w.node.conn || !slices.Contains(w.stage, t.p)) {
		w.node.tender = nil
	}
	for _, c := range w.listeners() {
		stage := w.standing()
		w.tell(c, func() { c.g.See(w.now, stage) })
	}
}

// listeners are all who hear what is said to everybody.
func (w *world) listeners() (all []*client) {
	for _, p := range w.people {
		if p.seated && p.page.conn != 0 {
			all = append(all, p.page)
		}
	}
	return append(all, w.ghosts...)
}

func (w *world) hear(c *client, n Notice) {
	if w.inJSON {
		n = again(w, n)
	}
	w.tell(c, func() {
		c.g.Hear(w.now, n)
		if n.Knocks != nil {
			for _, x := range n.Knocks.Gone {
				c.knows[x.Member] = c.knows[x.Member] || x.Removed
			}
		}
	})
}

func (w *world) ask(c *client, r Request) {
	if !c.p.seated || c.p.page != c {
		return
	}
	n := &w.node
	tends := n.tender == c && n.conn == c.conn
	switch {
	case r.Knock != nil:
		w.knock(c, r.Knock)
	case r.Tend != nil:
		if !slices.Contains(w.stage, c.p) {
			w.tell(c, func() { c.g.Refused(w.now) })
			return
		}
		w.tend(c)
	case !tends:
		w.tell(c, func() { c.g.Refused(w.now) })
	case r.Announce != nil:
		w.announce(c, r.Announce)
	case r.Letters != nil:
		for rest := []byte(r.Letters.Letters); len(rest) > 0; {
			var to Member
			var b []byte
			to, b, rest, _ = CutLetter(rest)
			w.letter(to, r.Letters.Epoch, b)
		}
	default:
		w.Errorf("an empty request")
	}
}

func (w *world) knock(c *client, r *KnockRequest) {
	n := &w.node
	was := n.knocks[c.p.id]
	if was != nil && was.Member != r.Member {
		w.gone(was.Member, false)
		was = nil
	}
	k := &seatKnock{Caller{c.p.id, r.Member, r.Knock, r.Epoch}, true}
	n.knocks[c.p.id] = k
	if n.said != nil {
		w.hear(c, Notice{Announce: new(n.notice)})
	}
	if n.tender != nil {
		w.hear(n.tender, Notice{Knocks: &KnocksNotice{Room: w.room, Knocks: []Caller{k.Caller}}})
	}
	if was != nil && was.waits {
		for _, p := range w.stage {
			if p.page.conn != 0 && p.page != n.tender {
				w.hear(p.page, Notice{Untended: &UntendedNotice{w.room}})
			}
		}
	}
}

func (w *world) tend(c *client) {
	n := &w.node
	n.tender, n.conn = c, c.conn
	var sequence, epoch uint32
	if n.said != nil {
		sequence, epoch = n.said.Sequence, n.said.Epoch
	}
	w.tell(c, func() { c.g.Tended(w.now, sequence, epoch) })
	for _, x := range w.ghosts {
		m := x.g.cert.Member
		w.tell(c, func() { c.knows[m] = true }) // they are not in the list
	}
	var all []Caller
	for _, p := range w.people {
		if k := n.knocks[p.id]; k != nil {
			all = append(all, k.Caller)
		}
	}
	for part := range slices.Chunk(all, 3) {
		w.hear(c, Notice{Knocks: &KnocksNotice{Room: w.room, Knocks: part}})
	}
}

func (w *world) announce(c *client, r *AnnounceRequest) {
	n := &w.node
	a, err := ParseAnnounce(r.Announce)
	if err != nil || a.Sequence != r.Sequence || a.Epoch != r.Epoch {
		w.Fatalf("%v: announce %+v, %v", w.clock(), r, err)
	}
	if n.said != nil && a.Sequence <= n.said.Sequence {
		w.tell(c, func() { c.g.Refused(w.now) })
		return
	}
	if n.said != nil && a.Before != n.said.Hash() && (w.strict || a.Sequence == n.said.Sequence+1) {
		w.Errorf("%v: announce %d does not follow %d", w.clock(), a.Sequence, n.said.Sequence)
	}
	if len(r.Roster) > 0 {
		n.notice = AnnounceNotice{w.room, *r}
	} else if n.said == nil || n.said.Roster != a.Roster {
		w.Errorf("%v: an announce without its roster", w.clock())
	}
	n.said = &a
	n.notice.Sequence, n.notice.Epoch, n.notice.Announce = r.Sequence, r.Epoch, r.Announce
	for _, x := range w.listeners() {
		if n.knocks[x.p.id] != nil || slices.Contains(w.ghosts, x) {
			w.hear(x, Notice{Announce: &AnnounceNotice{w.room, *r}})
		}
	}
}

func (w *world) letter(to Member, epoch uint32, b []byte) {
	for _, x := range w.listeners() {
		if x.g.cert.Member == to {
			w.hear(x, Notice{Letter: &LetterNotice{w.room, b}})
			if k := w.node.knocks[x.p.id]; k != nil && k.Member == to {
				k.Epoch, k.waits = epoch, false
			}
		}
	}
}

func (w *world) gone(m Member, removed bool) {
	if t := w.node.tender; t != nil {
		w.hear(t, Notice{Knocks: &KnocksNotice{Room: w.room, Gone: []Gone{{m, removed}}}})
	}
}

// --- what people do ---

func (w *world) enter(p *person) {
	p.seated = true
	w.connect(w.load(p))
}

func (w *world) up(p *person) {
	w.stage = append(w.stage, p)
	w.staged()
}

func (w *world) down(p *person) {
	w.stage = slices.DeleteFunc(w.stage, func(x *person) bool { return x == p })
	w.staged()
}

func (w *world) leave(p *person, removed bool) {
	c := p.page
	p.seated = false
	delete(w.node.knocks, p.id)
	if removed {
		w.ghosts = append(w.ghosts, c)
	} else {
		c.conn = 0
		w.left = append(w.left, c)
	}
	w.down(p)
	w.gone(c.g.cert.Member, removed)
	p.page = nil
}

// restart has the node forget all but who is in the room.
func (w *world) restart() {
	w.node = node{knocks: map[ID]*seatKnock{}}
	for _, p := range w.people {
		if p.seated && p.page.conn != 0 {
			w.disconnect(p.page)
			w.comeBack(p, w.span(50*time.Millisecond, 2*time.Second))
		}
	}
}

// comeBack connects a person again later, now and then by a new page.
func (w *world) comeBack(p *person, d time.Duration) {
	c := p.page
	w.after(d, func() {
		if p.page != c || !p.seated || c.conn != 0 {
			return
		}
		if w.rnd.IntN(5) == 0 {
			c = w.load(p)
		}
		w.connect(c)
	})
}

func (w *world) pick(of func(p *person) bool) *person {
	for _, i := range w.rnd.Perm(len(w.people)) {
		if of(w.people[i]) {
			return w.people[i]
		}
	}
	return nil
}

// chance has something happen.
func (w *world) chance() {
	seated := func(p *person) bool { return p.seated }
	onStage := func(p *person) bool { return slices.Contains(w.stage, p) }
	p := w.pick(seated)
	x := w.rnd.IntN(100)
	switch {
	case p == nil || x < 20:
		if p = w.pick(func(p *person) bool { return !p.seated }); p != nil {
			w.enter(p)
		}
	case x < 30:
		w.leave(p, false)
	case x < 38:
		w.leave(p, true)
	case x < 55:
		if !onStage(p) {
			w.up(p)
		}
	case x < 62:
		if p = w.pick(onStage); p != nil {
			w.down(p)
		}
	case x < 75: // a connection is lost
		if p.page.conn != 0 {
			w.disconnect(p.page)
			w.comeBack(p, w.span(100*time.Millisecond, 6*time.Second))
		}
	case x < 82: // or comes again at once
		if p.page.conn != 0 {
			w.connect(p.page)
		}
	case x < 86: // or by another page
		w.connect(w.load(p))
	case x < 96:
		c := p.page
		if onStage(p) && c.conn != 0 && !c.frozen {
			c.frozen = true
			w.after(w.span(500*time.Millisecond, 9*time.Second), func() { w.thaw(c) })
		}
	case !w.strict && w.now.Sub(w.fresh) > time.Minute:
		w.fresh = w.now
		w.restart()
	}
}

// --- what is to be so ---

func (w *world) agree() error {
	var ref *client
	for _, p := range w.people {
		if !p.seated || p.page.frozen {
			continue
		}
		c := p.page
		s := c.g.State()
		if len(s.Epochs) == 0 || s.Code == "" || c.g.lacks() {
			return fmt.Errorf("%x has no secret, ignored %v", p.id[:2], s.Ignored)
		}
		if s.Proven != w.proven {
			return fmt.Errorf("%x does not know what is to be played", p.id[:2])
		}
		if w.node.said == nil || c.g.heard.sequence != w.node.said.Sequence {
			return fmt.Errorf("%x is at announce %d", p.id[:2], c.g.heard.sequence)
		}
		if ref == nil {
			ref = c
		}
		r := ref.g.State()
		if s.Epochs[0].Secret != r.Epochs[0].Secret || s.Code != r.Code || s.Epochs[0].Number != r.Epochs[0].Number {
			return fmt.Errorf("%x has epoch %d, %s, and %x epoch %d, %s", p.id[:2], s.Epochs[0].Number, s.Code, r.Steward[:2], r.Epochs[0].Number, r.Code)
		}
		if s.Steward != r.Steward {
			return fmt.Errorf("the steward is %x or %x", s.Steward[:2], r.Steward[:2])
		}
		var voices, stage []ID
		for _, v := range s.Roster {
			voices = append(voices, v.Who)
			if q := w.page(v.Who); q != nil && !q.frozen && q.g.Member() != v.Member {
				return fmt.Errorf("%x is in the roster by another page", v.Who[:2])
			}
		}
		for _, q := range w.stage {
			if !q.page.frozen {
				stage = append(stage, q.id)
			}
		}
		for _, id := range stage {
			if !slices.Contains(voices, id) {
				return fmt.Errorf("%x is not in the roster", id[:2])
			}
		}
	}
	return nil
}

func (w *world) page(who ID) *client {
	for _, p := range w.people {
		if p.id == who {
			return p.page
		}
	}
	return nil
}

// shut checks that none of those who are not there any more can go on listening.
func (w *world) shut() {
	if w.node.said == nil {
		return
	}
	for _, p := range w.people {
		if !p.seated || p.page.frozen {
			continue
		}
		secret := p.page.g.State().Epochs[0].Secret
		for _, c := range slices.Concat(w.ghosts, w.left) {
			if c.secrets[secret] {
				w.Errorf("%v: %x has gone and holds epoch %d", w.clock(), c.p.id[:2], w.node.said.Epoch)
			}
		}
		return
	}
}

// removed checks that nobody was given an epoch that was begun when they were
// known to be removed.
func (w *world) removed() {
	for _, c := range w.ghosts {
		for s := range c.secrets {
			if m := w.begun[s.Commit()]; m != nil && m.shut[c.g.cert.Member] {
				w.Errorf("%x was removed and given epoch %d", c.p.id[:2], m.epoch)
			}
		}
	}
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{
		T: t, rnd: rand.New(rand.NewPCG(seed, 1)), now: time.Unix(1e9, 0), inJSON: seed%8 == 0, closed: seed%16 == 1, proven: seed%3 == 1, strict: seed%2 == 0,
		node: node{knocks: map[ID]*seatKnock{}},
		keks: map[Member]map[Kek]bool{}, sealed: map[string]string{}, begun: map[[32]byte]*making{},
	}
	_, _ = stream{w.rnd}.Read(w.room[:])
	for range 6 + w.rnd.IntN(6) {
		p := &person{device: ed25519.NewKeyFromSeed(pattern(32, fmt.Sprint(seed, len(w.people))))}
		_, _ = stream{w.rnd}.Read(p.id[:])
		w.people = append(w.people, p)
	}
	return w
}

// calm runs until all agree, at most so long, and returns how long it took.
func (w *world) calm(most time.Duration) time.Duration {
	w.Helper()
	start := w.now
	for {
		err := w.agree()
		if err == nil {
			return w.now.Sub(start)
		}
		if w.now.Sub(start) >= most {
			w.Fatalf("%v: %v", w.clock(), err)
		}
		w.run(w.now.Add(50 * time.Millisecond))
	}
}

func (w *world) play() {
	w.enter(w.people[0])
	w.up(w.people[0])
	for range 40 {
		w.chance()
		w.run(w.now.Add(w.span(10*time.Millisecond, 1500*time.Millisecond)))
	}
	// All comes to rest.
	stage := 0
	for _, p := range w.people {
		if !p.seated {
			continue
		}
		if p.page.frozen {
			w.thaw(p.page)
		}
		if p.page.conn == 0 {
			w.connect(p.page)
		}
		if slices.Contains(w.stage, p) {
			stage++
		}
	}
	if stage == 0 {
		p := w.pick(func(p *person) bool { return p.seated })
		if p == nil {
			p = w.people[0]
			w.enter(p)
		}
		w.up(p)
	}
	w.spent = w.calm(3 * time.Second)
	w.run(w.now.Add(40 * time.Second))
	w.calm(time.Second)
	w.shut()
	w.removed()
	// A steward that freezes, when somebody comes.
	p := w.pick(func(p *person) bool { return !p.seated })
	if t := w.node.tender; p != nil && t != nil && len(w.stage) > 1 {
		t.frozen = true
		w.enter(p)
		w.calm(5 * time.Second)
	}
}

func TestSimulation(t *testing.T) {
	seeds := uint64(150)
	if testing.Short() {
		seeds = 20
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, seed)
			w.play()
			t.Logf("agreed after %v", w.spent)
		})
	}
}
