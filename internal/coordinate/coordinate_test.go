package coordinate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"github.com/nats-io/nats.go"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/region"
)

// A pipe is a stream between two nodes, as the trunk would open it. It can be
// frozen: then nothing passes, and nobody is told.
type pipe struct{ net.Conn }

func (p pipe) Stop() { _ = p.Close() }

// A way is how one node gets at another: it counts, captures, freezes and cuts.
type way struct {
	to   atomic.Pointer[Coordinator]
	from identity.Member

	mu     sync.Mutex
	open   map[net.Conn]bool
	frozen chan struct{} // nil, or closed when it thaws
	seen   bytes.Buffer  // both directions
	dials  atomic.Int64
}

func (w *way) leaf(ctx context.Context) (Stream, error) { return w.dial(ctx, KindLeaf) }

func (w *way) dial(ctx context.Context, kind string) (Stream, error) {
	w.dials.Add(1)
	to := w.to.Load()
	if to == nil {
		return nil, errors.New("nobody is there")
	}
	near, far := net.Pipe()
	w.mu.Lock()
	if w.open == nil {
		w.open = make(map[net.Conn]bool)
	}
	w.open[near] = true
	w.mu.Unlock()
	go func() {
		_ = to.Serve(context.WithoutCancel(ctx), w.from, kind, pipe{far})
		_ = near.Close()
	}()
	return pipe{&gated{Conn: near, way: w, end: make(chan struct{})}}, nil
}

func (w *way) freeze() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.frozen = make(chan struct{})
}

func (w *way) thaw() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.frozen)
	w.frozen = nil
}

func (w *way) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.open {
		_ = c.Close()
	}
	clear(w.open)
}

// pass notes what passes, and waits while the way is frozen: until it thaws, or
// the connection's end, which nothing passes any more.
func (w *way) pass(b []byte, end <-chan struct{}) error {
	w.mu.Lock()
	frozen := w.frozen
	w.seen.Write(b)
	w.mu.Unlock()
	if frozen != nil {
		select {
		case <-frozen:
		case <-end:
			return net.ErrClosed
		}
	}
	return nil
}

func (w *way) saw(text string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return bytes.Contains(w.seen.Bytes(), []byte(text))
}

// around is what passed with a text.
func (w *way) around(text string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.seen.Bytes()
	i := bytes.Index(all, []byte(text))
	return fmt.Sprintf("%q", all[max(i-300, 0):min(i+100, len(all))])
}

type gated struct {
	net.Conn

	way *way
	end chan struct{} // closed with the connection, or when a write has taken too long

	mu          sync.Mutex
	read, write *time.Timer
	ended       bool
}

func (g *gated) Read(b []byte) (int, error) {
	n, err := g.Conn.Read(b)
	if end := g.way.pass(b[:n], g.end); end != nil {
		return 0, end
	}
	return n, err
}

func (g *gated) Write(b []byte) (int, error) {
	if err := g.way.pass(b, g.end); err != nil {
		return 0, err
	}
	return g.Conn.Write(b)
}

// Deadlines hold while the way is frozen, too: they end the connection.
func (g *gated) SetDeadline(at time.Time) error {
	return errors.Join(g.SetReadDeadline(at), g.SetWriteDeadline(at))
}

func (g *gated) SetReadDeadline(at time.Time) error {
	g.until(&g.read, at)
	return nil
}

func (g *gated) SetWriteDeadline(at time.Time) error {
	g.until(&g.write, at)
	return nil
}

func (g *gated) until(timer **time.Timer, at time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if *timer != nil {
		(*timer).Stop()
	}
	if !at.IsZero() {
		*timer = time.AfterFunc(time.Until(at), func() { _ = g.Close() })
	}
}

func (g *gated) Close() error {
	g.mu.Lock()
	if !g.ended {
		g.ended = true
		close(g.end)
	}
	g.mu.Unlock()
	return g.Conn.Close()
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func member(where string) identity.Member {
	return identity.Member{Network: "net", Place: region.Place{Region: where, Operator: "one"}, Node: id.New[id.Node]()}
}

func open(t testing.TB, c Config) *Coordinator {
	t.Helper()
	if c.Log == nil {
		c.Log = quiet()
	}
	o, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return o
}

// seatOf opens a region's seat.
func seatOf(t testing.TB, where string, change func(*Config)) *Coordinator {
	t.Helper()
	c := Config{Self: member(where), Version: "1", Unfenced: true, Seat: true, Dir: t.TempDir()}
	if change != nil {
		change(&c)
	}
	return open(t, c)
}

// clientOf opens a node beside a seat.
func clientOf(t testing.TB, seat *Coordinator) (*Coordinator, *way) {
	t.Helper()
	w := &way{from: member(seat.config.Self.Place.Region)}
	w.to.Store(seat)
	return open(t, Config{Self: w.from, Version: "1", Unfenced: true, Dial: w.dial}), w
}

func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	within(t, time.Minute, what, is)
}

func within(t testing.TB, long time.Duration, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(long); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", long, what)
		}
	}
}

// ready waits until a node takes part.
func ready(t testing.TB, all ...*Coordinator) {
	t.Helper()
	for _, o := range all {
		eventually(t, "a node takes part", func() bool { return o.Counts().Watchers == 2 })
	}
}

func claim(t testing.TB, o *Coordinator, key string, rec Owner) {
	t.Helper()
	if err := o.Claim(t.Context(), key, rec); err != nil {
		t.Fatalf("claim %s: %v", key, err)
	}
}

func (o *Coordinator) by(term uint64) Owner {
	return Owner{Owner: o.config.Self.Node, Term: term, URL: "https://stoa.example"}
}

// knows waits until a node has heard of an owner.
func knows(t testing.TB, o *Coordinator, key string, rec Owner) {
	t.Helper()
	eventually(t, "an owner is known", func() bool { is, ok := o.Owner(key); return ok && is == rec })
}

// Terms grow, whoever claims, and from wherever.
func TestClaim(t *testing.T) {
	a := seatOf(t, "eu", nil)
	b, _ := clientOf(t, a)
	ready(t, a, b)
	deputy := a.by(3)
	deputy.Deputy = b.config.Self.Node
	for i, step := range []struct {
		by   *Coordinator
		rec  Owner
		want error
	}{
		{a, a.by(3), nil},
		{a, a.by(3), nil}, // again
		{b, b.by(3), ErrTerm},
		{b, b.by(2), ErrTerm},
		{a, a.by(2), ErrTerm},
		{a, deputy, nil}, // the same term, and somebody who would take over
		{b, b.by(4), nil},
		{a, a.by(4), ErrTerm},
		{a, deputy, ErrTerm},
		{b, b.by(4), nil},
		{a, a.by(7), nil},
	} {
		if err := step.by.Claim(t.Context(), "room", step.rec); !errors.Is(err, step.want) || (err == nil) != (step.want == nil) {
			t.Fatalf("step %d: %v, not %v", i, err, step.want)
		}
		if step.want == nil {
			knows(t, a, "room", step.rec)
			knows(t, b, "room", step.rec)
		}
	}
	for what, bad := range map[string]error{
		"no key":   a.Claim(t.Context(), "a.b", a.by(1)),
		"no owner": a.Claim(t.Context(), "x", Owner{Term: 1}),
		"no term":  a.Claim(t.Context(), "x", Owner{Owner: id.New[id.Node]()}),
		"long url": a.Claim(t.Context(), "x", Owner{Owner: id.New[id.Node](), Term: 1, URL: strings.Repeat("x", 256)}),
	} {
		if bad == nil {
			t.Errorf("%s is let pass", what)
		}
	}
	if err := b.Release(t.Context(), "room", 4); !errors.Is(err, ErrTerm) {
		t.Errorf("who had the room before releases it: %v", err)
	}
	if err := b.Release(t.Context(), "nobody", 1); err != nil {
		t.Errorf("a room that is nobody's: %v", err)
	}
	if err := a.Release(t.Context(), "room", 7); err != nil {
		t.Fatal(err)
	}
	for _, o := range []*Coordinator{a, b} {
		eventually(t, "the room is nobody's", func() bool { _, ok := o.Owner("room"); return !ok })
	}
	claim(t, b, "room", b.by(8))
	knows(t, a, "room", b.by(8))
}

// Of many that claim a room by one term, one gets it.
func TestOneOwner(t *testing.T) {
	seat := seatOf(t, "eu", nil)
	all := []*Coordinator{seat}
	for range 4 {
		o, _ := clientOf(t, seat)
		all = append(all, o)
	}
	ready(t, all...)
	for term := uint64(1); term <= 20; term++ {
		var got atomic.Int64
		var who sync.WaitGroup
		for _, o := range all {
			who.Go(func() {
				switch err := o.Claim(t.Context(), "room", o.by(term)); {
				case err == nil:
					got.Add(1)
				case !errors.Is(err, ErrTerm):
					t.Error(err)
				}
			})
		}
		who.Wait()
		if got.Load() != 1 {
			t.Fatalf("term %d: %d have the room", term, got.Load())
		}
	}
}

// What was claimed is still so when the seat has started anew; nodes find it
// again, and forget what was given up meanwhile.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	self := member("eu")
	seat := seatOf(t, "eu", func(c *Config) { c.Self, c.Dir = self, dir })
	b, w := clientOf(t, seat)
	ready(t, seat, b)
	claim(t, b, "one", b.by(5))
	claim(t, seat, "two", seat.by(6))
	knows(t, b, "two", seat.by(6))
	w.to.Store(nil)
	seat.Close()
	if is, ok := b.Owner("two"); !ok || is != seat.by(6) {
		t.Error("what was known is forgotten with the seat")
	}
	eventually(t, "the seat is missed", func() bool { return !b.Counts().Connected })
	if err := b.Claim(t.Context(), "three", b.by(1)); !errors.Is(err, ErrAway) {
		t.Errorf("a claim without a seat: %v", err)
	}
	again := seatOf(t, "eu", func(c *Config) { c.Self, c.Dir = self, dir })
	ready(t, again)
	knows(t, again, "one", b.by(5))
	knows(t, again, "two", again.by(6))
	if err := again.Release(t.Context(), "two", 6); err != nil {
		t.Fatal(err)
	}
	w.to.Store(again)
	eventually(t, "what was given up meanwhile is forgotten", func() bool { _, ok := b.Owner("two"); return !ok })
	if err := b.Claim(t.Context(), "one", b.by(5)); err != nil {
		t.Error("after the restart:", err)
	}
	if err := again.Claim(t.Context(), "one", again.by(5)); !errors.Is(err, ErrTerm) {
		t.Error("a term is forgotten:", err)
	}
}

// A seat that has lost what it kept last, as a machine without power does, gives
// numbers a second time. Nodes take what it says now.
func TestOlderState(t *testing.T) {
	self, dir, older := member("eu"), t.TempDir(), filepath.Join(t.TempDir(), "older")
	begin := func(dir string) *Coordinator {
		return seatOf(t, "eu", func(c *Config) { c.Self, c.Dir = self, dir })
	}
	seat := begin(dir)
	ready(t, seat)
	claim(t, seat, "kept", seat.by(1))
	seat.Close()
	if err := os.CopyFS(older, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	seat = begin(dir)
	b, w := clientOf(t, seat)
	ready(t, seat, b)
	claim(t, seat, "lost", seat.by(1))
	knows(t, b, "lost", seat.by(1))
	w.to.Store(nil)
	seat.Close()
	seat = begin(older)
	ready(t, seat)
	claim(t, seat, "instead", seat.by(1)) // under the number of what is lost
	claim(t, seat, "later", seat.by(1))
	w.to.Store(seat)
	for _, key := range []string{"kept", "instead", "later"} {
		knows(t, b, key, seat.by(1))
	}
	if _, ok := b.Owner("lost"); ok {
		t.Error("what the seat has lost is still said")
	}
}

// A node whose seat is away starts, and is there when the seat is.
func TestSeatAway(t *testing.T) {
	w := &way{from: member("eu")}
	start := time.Now()
	b := open(t, Config{Self: w.from, Dial: w.dial})
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it has waited %v", took)
	}
	if err := b.Claim(t.Context(), "room", b.by(1)); !errors.Is(err, ErrAway) {
		t.Errorf("a claim without a seat: %v", err)
	}
	if _, ok := b.Owner("room"); ok {
		t.Error("somebody has a room that nobody claimed")
	}
	seat := seatOf(t, "eu", nil)
	w.to.Store(seat)
	ready(t, seat, b)
	claim(t, b, "room", b.by(1))
	knows(t, seat, "room", b.by(1))
}

// While nothing passes, claims fail in time, owners are answered, and all is
// caught up with afterwards.
func TestFrozen(t *testing.T) {
	seat := seatOf(t, "eu", nil)
	b, w := clientOf(t, seat)
	ready(t, seat, b)
	claim(t, seat, "before", seat.by(1))
	knows(t, b, "before", seat.by(1))
	w.freeze()
	start := time.Now()
	err := b.Claim(t.Context(), "room", b.by(1))
	if took := time.Since(start); !errors.Is(err, ErrAway) || took > 4*callWait {
		t.Errorf("%v after %v", err, took)
	}
	for i := range 50 {
		claim(t, seat, fmt.Sprintf("meanwhile-%d", i), seat.by(1))
	}
	if err := seat.Release(t.Context(), "before", 1); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if is, ok := b.Owner("before"); !ok || is != seat.by(1) {
			t.Fatal("an owner is not known any more")
		}
	}
	w.thaw()
	for i := range 50 {
		knows(t, b, fmt.Sprintf("meanwhile-%d", i), seat.by(1))
	}
	eventually(t, "what was given up is forgotten", func() bool { _, ok := b.Owner("before"); return !ok })
	claim(t, b, "after", b.by(1))
}

// The server's part that keeps records ends, and comes back.
func TestServerFrozen(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for long: make test")
	}
	seat := seatOf(t, "eu", nil)
	b, _ := clientOf(t, seat)
	ready(t, seat, b)
	claim(t, b, "before", b.by(1))
	knows(t, b, "before", b.by(1))
	if err := seat.seat.own.GlobalAccount().DisableJetStream(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	err := b.Claim(t.Context(), "room", b.by(1))
	if took := time.Since(start); !errors.Is(err, ErrAway) || took > 4*callWait {
		t.Errorf("%v after %v", err, took)
	}
	if is, ok := b.Owner("before"); !ok || is != b.by(1) {
		t.Error("an owner is not known any more")
	}
	if err := seat.seat.own.GlobalAccount().EnableJetStream(nil, nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, "claims are taken again", func() bool { return b.Claim(t.Context(), "room", b.by(1)) == nil })
	within(t, time.Minute, "nodes hear again", func() bool {
		one, ok := seat.Owner("room")
		return ok && one == b.by(1) && seat.Counts().Watchers == 2 && b.Counts().Watchers == 2
	})
}

// However often nodes come back, each has one watcher of each bucket.
func TestConsumers(t *testing.T) {
	seat := seatOf(t, "eu", nil)
	b, w := clientOf(t, seat)
	c, _ := clientOf(t, seat)
	ready(t, seat, b, c)
	for i := range 20 {
		dials := w.dials.Load()
		w.cut()
		eventually(t, "the node calls again", func() bool { return w.dials.Load() >= dials+2 && b.Counts().Connected })
		if i%5 == 0 {
			ready(t, b)
		}
	}
	ready(t, b)
	claim(t, seat, "room", seat.by(1))
	knows(t, b, "room", seat.by(1))
	for _, kept := range []*bucket{seat.roomsKept, seat.nodesKept} {
		_, info, err := kept.look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if info.State.Consumers != 3 {
			t.Errorf("%s: %d consumers for 3 nodes", kept.config.Bucket, info.State.Consumers)
		}
	}
	if n := b.Counts().Reconnects; n < 20 {
		t.Errorf("%d reconnects are counted", n)
	}
}

// Nodes are known while they say so, those of the region by the bucket.
func TestNodes(t *testing.T) {
	seat := seatOf(t, "eu", nil)
	b, _ := clientOf(t, seat)
	ready(t, seat, b)
	b.Announce(false)
	seat.Announce(false)
	want := []Known{
		{Notice{region.Place{Region: "eu", Operator: "one"}, "1", false}, b.key},
		{Notice{region.Place{Region: "eu", Operator: "one"}, "1", false}, seat.key},
	}
	if want[0].Key > want[1].Key {
		slices.Reverse(want)
	}
	for _, o := range []*Coordinator{seat, b} {
		eventually(t, "both are known", func() bool { return slices.Equal(o.Nodes(), want) })
	}
	b.Announce(true)
	eventually(t, "a node is leaving", func() bool {
		return slices.ContainsFunc(seat.Nodes(), func(k Known) bool { return k.Key == b.key && k.Draining })
	})
}

// A node is forgotten that says nothing any more.
func TestLease(t *testing.T) {
	n := newNodes()
	n.put("one", Notice{Place: member("eu").Place}.bytes(), 1)
	if n.len(time.Now().Add(leaseLength/2)) != 1 || n.len(time.Now().Add(leaseLength+time.Minute)) != 0 {
		t.Error("a lease is as long as it is not")
	}
}

// Streams are taken from those they are for.
func TestServe(t *testing.T) {
	eu, hub := seatOf(t, "eu", nil), seatOf(t, "us", func(c *Config) { c.Hub = true })
	b, _ := clientOf(t, eu)
	for _, one := range []struct {
		at   *Coordinator
		from string
		kind string
	}{
		{eu, "us", KindClient},
		{eu, "us", KindWorld},
		{eu, "us", KindLeaf},
		{eu, "eu", KindLeaf},
		{eu, "eu", "other/1"},
		{hub, "us", KindLeaf},
		{hub, "eu", KindClient},
		{b, "eu", KindClient},
		{b, "us", KindLeaf},
	} {
		near, far := net.Pipe()
		err := one.at.Serve(t.Context(), member(one.from), one.kind, pipe{far})
		if !errors.Is(err, ErrStream) {
			t.Errorf("%s of %s at %v: %v", one.kind, one.from, one.at.config.Self.Place, err)
		}
		if _, err := near.Write([]byte("x")); err == nil {
			t.Error("the stream is still there")
		}
	}
}

// Nobody on this machine gets in by the ports on loopback: not at the hub, and
// not at the gate to it.
func TestLoopback(t *testing.T) {
	hub := seatOf(t, "eu", func(c *Config) { c.Hub = true })
	w := &way{from: member("us")}
	w.to.Store(hub)
	us := seatOf(t, "us", func(c *Config) { c.Self, c.DialHub = w.from, w.leaf })
	eventually(t, "the regions are joined", func() bool { return hub.seat.world.NumLeafNodes() == 1 })
	dial := func(address, say string) string {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		fmt.Fprint(c, say)
		var all bytes.Buffer
		_, _ = all.ReadFrom(c) // until it is closed
		return all.String()
	}
	dials := w.dials.Load()
	gate := us.seat.gate.listen.Addr().String()
	for _, ask := range []string{
		"CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: x\r\n\r\n",
		"CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic c3RvYTp4\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "nonsense\r\n\r\n", strings.Repeat("x", 1<<16),
	} {
		if got := dial(gate, ask); strings.Contains(got, "200") || strings.Contains(got, "INFO") {
			t.Errorf("the gate says %q", got)
		}
	}
	if w.dials.Load() != dials {
		t.Error("a stream was opened for nobody")
	}
	for _, say := range []string{
		"CONNECT {\"name\":\"x\",\"user\":\"region\",\"server_id\":\"x\",\"version\":\"2.15.2\"}\r\nPING\r\n",
		"CONNECT {\"name\":\"x\",\"user\":\"global\",\"pass\":\"\",\"server_id\":\"x\",\"version\":\"2.15.2\"}\r\nPING\r\n",
	} {
		if got := dial(hub.seat.leaves, say); !strings.Contains(got, "Authorization Violation") {
			t.Errorf("the hub says %q", got)
		}
	}
	if n := hub.seat.world.NumLeafNodes(); n != 1 {
		t.Errorf("%d regions are joined", n)
	}
}

// sub listens to everything that a line lets pass.
func sub(t testing.TB, l *line) func() []string {
	t.Helper()
	var mu sync.Mutex
	var got []string
	if _, err := l.conn.Subscribe(">", func(m *nats.Msg) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, m.Subject)
	}); err != nil {
		t.Fatal(err)
	}
	if err := l.conn.Flush(); err != nil {
		t.Fatal(err)
	}
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(got)
	}
}

// Between regions passes what is below "g.", and nothing else: no message, and
// not even that somebody wants to hear of something. When the hub is gone, a
// region goes on as before.
func TestRegions(t *testing.T) {
	hub := seatOf(t, "eu", func(c *Config) { c.Hub = true })
	w := &way{from: member("us")}
	w.to.Store(hub)
	us := seatOf(t, "us", func(c *Config) { c.Self, c.DialHub = w.from, w.leaf })
	a, _ := clientOf(t, us)
	ready(t, hub, us, a)
	eventually(t, "the regions are joined", func() bool {
		return hub.seat.world.NumLeafNodes() == 1 && us.seat.world.NumLeafNodes() == 1
	})
	ends := []*Coordinator{hub, us}
	var own, world []func() []string
	for _, o := range ends {
		// A client may not ask for all between regions, but for all below "g.".
		own = append(own, sub(t, o.own))
		list := make(chan *nats.Msg, 256)
		if _, err := o.world.conn.ChanSubscribe("g.>", list); err != nil {
			t.Fatal(err)
		}
		_ = o.world.conn.Flush()
		var got []string
		world = append(world, func() []string {
			for {
				select {
				case m := <-list:
					got = append(got, m.Subject)
					continue
				default:
				}
				return got
			}
		})
		for _, subject := range []string{"r.%s.interest", "g.%s.interest", "secret.%s.interest"} {
			for _, l := range []*line{o.own, o.world} {
				if _, err := l.conn.Subscribe(fmt.Sprintf(subject, o.config.Self.Place.Region), func(*nats.Msg) {}); err != nil {
					t.Fatal(err)
				}
				_ = l.conn.Flush()
			}
		}
	}
	hubAll := sub(t, hub.world) // which it may not
	say := func(o *Coordinator) {
		name := o.config.Self.Place.Region
		for _, l := range []*line{o.own, o.world} {
			for _, subject := range []string{"r.%s.said", "g.%s.said", "secret.%s.said", "i.eu.said", "i.us.said"} {
				if strings.Contains(subject, "%") {
					subject = fmt.Sprintf(subject, name)
				}
				if err := l.conn.Publish(subject, []byte("x")); err != nil {
					t.Fatal(err)
				}
			}
			_ = l.conn.Flush()
		}
		claim(t, o, "room-of-"+name, o.by(1))
	}
	eventually(t, "what is for all regions comes to all", func() bool {
		say(hub)
		say(us)
		return slices.Contains(world[0](), "g.us.said") && slices.Contains(world[1](), "g.eu.said")
	})
	us.Announce(false)
	eventually(t, "a node of another region is known", func() bool {
		return slices.ContainsFunc(hub.Nodes(), func(k Known) bool { return k.Key == us.key && k.Place.Region == "us" })
	})
	for i, o := range ends {
		other := ends[1-i].config.Self.Place.Region
		for _, subject := range own[i]() {
			// The last words of a subject may be of chance, and have any letters in them.
			words := strings.FieldsFunc(subject, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
			if slices.Contains(words, other) && subject != "i."+other+".said" {
				t.Errorf("%s has heard %s, which is %s's", o.config.Self.Place.Region, subject, other)
			}
		}
		for _, subject := range world[i]() {
			if !strings.HasPrefix(subject, "g.") {
				t.Errorf("%s has come between regions", subject)
			}
		}
	}
	if got := hubAll(); len(got) > 0 {
		t.Errorf("all that passes is heard: %v", got)
	}
	if !w.saw("g.us.interest") || !w.saw("g.eu.interest") || !w.saw("g.us.said") {
		t.Error("the capture does not see what it ought to")
	}
	for _, text := range []string{"r.us", "r.eu", "secret", "$KV", "$JS", "$SYS", "room-of", "KV_rooms", "i.eu", us.roomsKept.name} {
		if w.saw(text) {
			t.Errorf("%q has passed between the regions: %s", text, w.around(text))
		}
	}
	// The hub goes.
	w.to.Store(nil)
	hub.Close()
	w.cut()
	claim(t, a, "alone", a.by(1))
	knows(t, us, "alone", a.by(1))
	c, _ := clientOf(t, us)
	ready(t, c)
	knows(t, c, "alone", a.by(1))
	fresh := roomsBucket
	fresh.Bucket = "fresh"
	if _, err := us.own.js.CreateKeyValue(t.Context(), fresh); err != nil {
		t.Error("a new bucket:", err)
	}
	// And is there again.
	again := seatOf(t, "eu", func(c *Config) { c.Hub = true })
	w.to.Store(again)
	eventually(t, "the regions are joined again", func() bool { return again.seat.world.NumLeafNodes() == 1 })
}

// A seat whose directory is no directory says so.
func TestNoDirectory(t *testing.T) {
	_, err := Open(Config{Self: member("eu"), Seat: true, Dir: filepath.Join("coordinate_test.go", "x"), Log: quiet()})
	if err == nil || !strings.Contains(err.Error(), "coordination") || !strings.Contains(err.Error(), "directory") {
		t.Error(err)
	}
}

func TestConfigs(t *testing.T) {
	for what, c := range map[string]Config{
		"no name":     {Log: quiet(), Seat: true, Dir: "x"},
		"no log":      {Self: member("eu"), Seat: true, Dir: "x"},
		"no dir":      {Self: member("eu"), Log: quiet(), Seat: true},
		"no way":      {Self: member("eu"), Log: quiet()},
		"two hubs":    {Self: member("eu"), Log: quiet(), Seat: true, Dir: "x", Hub: true, DialHub: func(context.Context) (Stream, error) { return nil, nil }},
		"no seat hub": {Self: member("eu"), Log: quiet(), Hub: true, Dial: func(context.Context, string) (Stream, error) { return nil, nil }},
	} {
		if o, err := Open(c); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", what, err)
			if o != nil {
				o.Close()
			}
		}
	}
}
