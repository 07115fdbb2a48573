package deputy

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/room/live"
)

// A HouseConfig is what a house needs to have a deputy.
type HouseConfig struct {
	Self    id.Node
	URL     string // where people find it
	Key     []byte // of tickets
	Store   Store
	Streams Streams
	Arbiter Arbiter
	// Choose returns who is to be the deputy; not ok when there is nobody.
	Choose func() (id.Node, bool)
	// Stopped is told that another node runs our rooms, and Again that they are
	// ours again: with their records, which are to be run.
	Stopped func()
	Again   func(ctx context.Context, records []live.Record) error
	// KeptOut returns who is kept out of the house now.
	KeptOut func() KeptOut
	// Changed is told when there is a deputy, or none any more. It must not wait.
	Changed func()
	Log     *slog.Logger
}

// A House is this node's own rooms as a live.Store that has a deputy.
type House struct {
	Store

	config HouseConfig
	guests func(id.Room) bool // rooms of other houses, which have no deputy here

	deciding sync.Mutex // held while the deputy is told who is kept out, so that the last it hears is true

	mu      sync.Mutex // guards the rest
	state   state
	pair    Pair // with whom; the zero deputy: none
	queue   []line
	number  uint64 // of the last line
	acked   uint64
	heard   time.Time // when the last ack came
	over    bool      // the queue is full
	news    chan struct{}
	changed chan struct{} // closed when acked or state has
	allAt   uint64        // the number of the line that says that all was told
	whole   bool          // the deputy has it
	stuck   bool          // nothing can be stored: neither the deputy nor the records answer
	cancel  context.CancelFunc
	done    sync.WaitGroup
}

// A state is what a house and its deputy are to each other.
type state int

const (
	alone   state = iota // what is stored here is stored
	telling              // the deputy is told what there is; it cannot go on by itself yet
	paired               // what is stored is on both disks
	doubt                // another node may run our rooms
)

// NewHouse returns a house that is alone, or, if it had a deputy when it was
// last here, in doubt: then its rooms are kept from being run. guests says which
// rooms are other houses'.
func NewHouse(ctx context.Context, c HouseConfig, guests func(id.Room) bool) (*House, error) {
	h := &House{Store: c.Store, config: c, guests: guests, news: make(chan struct{}, 1), changed: make(chan struct{})}
	pairs, err := c.Store.Pairs(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range pairs {
		if p.House != c.Self {
			continue
		}
		h.pair, h.state = p, doubt
		if err := c.Store.Doubt(ctx, c.Self); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// InDoubt reports whether another node may run rooms of this house.
func (h *House) InDoubt() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state == doubt
}

// Run looks for a deputy, and keeps it told. It ends with Stop.
func (h *House) Run() {
	ctx, cancel := context.WithCancel(context.Background())
	h.mu.Lock()
	h.cancel = cancel
	h.mu.Unlock()
	h.done.Go(func() {
		for again := againMin; ctx.Err() == nil; again = min(2*again, pace.again) {
			began := time.Now()
			err := h.turn(ctx)
			if err != nil && ctx.Err() == nil {
				h.config.Log.DebugContext(ctx, "a house and its deputy", "reason", err)
			}
			if time.Since(began) > pace.again {
				again = againMin
			}
			sleep(ctx, again)
		}
	})
	h.done.Go(func() { h.watch(ctx) })
}

// Stop ends it: the deputy hears nothing more.
func (h *House) Stop() {
	h.mu.Lock()
	cancel := h.cancel
	h.mu.Unlock()
	if cancel != nil {
		cancel()
	}
	h.done.Wait()
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// turn does what is to be done next: to find out who runs our rooms, or to keep
// a deputy told for as long as that goes well.
func (h *House) turn(ctx context.Context) error {
	h.mu.Lock()
	s, pair := h.state, h.pair
	h.mu.Unlock()
	if s == doubt {
		return h.settle(ctx, pair)
	}
	if pair.Deputy.IsZero() {
		var err error
		if pair, err = h.engage(ctx); err != nil || pair.Deputy.IsZero() {
			return err
		}
	}
	return h.tell(ctx, pair)
}

// set changes the state, and wakes who waits for it.
func (h *House) set(s state, p Pair) {
	h.mu.Lock()
	had := h.whole
	h.state, h.pair, h.whole = s, p, false
	h.wake()
	h.mu.Unlock()
	if had {
		h.config.Changed()
	}
}

// wake is called under the lock.
func (h *House) wake() {
	close(h.changed)
	h.changed = make(chan struct{})
}

// --- to be a live.Store ---

// Append implements live.Store: it returns when both have it.
func (h *House) Append(ctx context.Context, name id.Room, term, first uint64, events []room.Event) error {
	wasOurs := !h.InDoubt()
	if err := h.Store.Append(ctx, name, term, first, events); err != nil || len(events) == 0 || h.guests(name) {
		return err
	}
	if wasOurs && h.InDoubt() {
		return live.ErrTerm // what was stored here comes too late
	}
	return h.mirror(ctx, eventLine(name, term, first, events))
}

// Compact implements live.Store. The deputy hears of it in time.
func (h *House) Compact(ctx context.Context, name id.Room, term, seq uint64, snapshot []byte) error {
	if err := h.Store.Compact(ctx, name, term, seq, snapshot); err != nil || h.guests(name) {
		return err
	}
	h.queueLine(recordLine(Record{live.Record{Name: name, Term: term, Snapshot: snapshot}, seq}))
	return nil
}

// queueLine has the deputy told something, if there is one, and returns its
// number.
func (h *House) queueLine(l line) (number uint64, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.state == alone || h.state == doubt {
		return 0, false
	}
	h.number++
	l.Number = h.number
	if h.over = h.over || len(h.queue) >= queueMax; !h.over {
		h.queue = append(h.queue, l)
	}
	select {
	case h.news <- struct{}{}:
	default:
	}
	return l.Number, true
}

// mirror tells the deputy something, and waits until it has it on its disk, or
// is a deputy no more.
func (h *House) mirror(ctx context.Context, l line) error {
	number, ok := h.queueLine(l)
	if !ok {
		return nil // a room that was opened since is nobody else's
	}
	return h.await(ctx, number)
}

// await waits until the deputy has a line, or is a deputy no more.
func (h *House) await(ctx context.Context, number uint64) error {
	for {
		h.mu.Lock()
		state, acked, changed := h.state, h.acked, h.changed
		h.mu.Unlock()
		switch {
		case state == doubt:
			return live.ErrTerm
		case state != paired || acked >= number:
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// --- to have a deputy ---

// engage takes somebody as the deputy. What happens from now on is for them,
// too; they can go on by themselves when they have all.
func (h *House) engage(ctx context.Context) (Pair, error) {
	deputy, ok := h.config.Choose()
	if !ok {
		return Pair{}, nil
	}
	h.mu.Lock()
	term := h.pair.Term
	h.mu.Unlock()
	if c, ok := h.config.Arbiter.Claimed(h.config.Self); ok {
		term = max(term, c.Term)
	}
	p := Pair{House: h.config.Self, Deputy: deputy, Term: term + 1, Key: h.config.Key, URL: h.config.URL}
	ctx, cancel := context.WithTimeout(ctx, pace.claim)
	defer cancel()
	if err := h.config.Arbiter.Claim(ctx, Claim{House: p.House, Owner: p.House, Deputy: p.Deputy, Term: p.Term}); err != nil {
		return Pair{}, fmt.Errorf("engage a deputy: %w", err)
	}
	h.set(telling, p)
	return p, nil
}

// tell tells the deputy all there is, and then what happens.
func (h *House) tell(ctx context.Context, p Pair) error {
	err := h.speak(ctx, p)
	h.mu.Lock()
	s := h.state
	h.mu.Unlock()
	if s == telling { // it has nothing that it could go on with
		h.set(alone, Pair{Term: p.Term})
	}
	return err
}

func (h *House) speak(ctx context.Context, p Pair) error {
	asking, cancel := context.WithTimeout(ctx, askWait)
	s, err := h.config.Streams(asking, p.Deputy, KindRecords)
	cancel()
	if err != nil {
		return err
	}
	defer func() { s.Stop(); _ = s.Close() }()
	stop := context.AfterFunc(ctx, s.Stop)
	defer stop()
	ended := make(chan error, 1)
	h.done.Go(func() { ended <- h.listen(ctx, p, s) })
	out := bufio.NewWriterSize(s, 1<<16)
	if err := h.all(ctx, p, out, s); err != nil {
		return err
	}
	tick := time.NewTicker(pace.alive)
	defer tick.Stop()
	for {
		var lines []line
		select {
		case err := <-ended:
			return err
		case <-h.news:
		case <-tick.C:
		}
		h.mu.Lock()
		if h.over {
			h.mu.Unlock()
			return errors.New("it takes what it is told too slowly")
		}
		if lines, h.queue = h.queue, nil; len(lines) == 0 {
			h.number++
			lines = []line{{Number: h.number}} // we are here
		}
		h.mu.Unlock()
		if err := send(out, s, lines); err != nil {
			return err
		}
	}
}

func send(out *bufio.Writer, s Stream, lines []line) error {
	_ = s.SetWriteDeadline(time.Now().Add(pace.alone))
	for _, l := range lines {
		if err := write(out, l); err != nil {
			return err
		}
	}
	return out.Flush()
}

// all tells the deputy what there is. What happens meanwhile is told after it,
// and may be in it already.
func (h *House) all(ctx context.Context, p Pair, out *bufio.Writer, s Stream) error {
	h.mu.Lock()
	h.queue, h.over = nil, false
	h.mu.Unlock()
	if err := send(out, s, []line{{Begin: &beginning{p.Term, p.Key, p.URL}}}); err != nil {
		return err
	}
	kept, err := AppendKeptOut(nil, h.config.KeptOut())
	if err != nil {
		h.config.Log.WarnContext(ctx, "this house has no deputy", "reason", err)
		return err
	}
	if err := send(out, s, []line{{KeptOut: kept}}); err != nil {
		return err
	}
	records, err := h.Store.Own(ctx)
	if err != nil {
		return err
	}
	for _, r := range records {
		if err := send(out, s, []line{recordLine(r)}); err != nil {
			return err
		}
	}
	// It may go on by itself from when it has heard that this is all. That must
	// be known here after a restart.
	if err := h.Store.SetPair(ctx, p); err != nil {
		return err
	}
	h.mu.Lock()
	waiting := h.queue
	h.queue = nil
	h.number++
	complete := line{Number: h.number, Complete: true}
	h.state, h.heard, h.allAt = paired, time.Now(), h.number
	h.wake()
	h.mu.Unlock()
	return send(out, s, append(waiting, complete))
}

// listen takes in what the deputy has on its disk.
func (h *House) listen(ctx context.Context, p Pair, s Stream) error {
	lines := bufio.NewScanner(s)
	for lines.Scan() {
		var a ack
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			return err
		}
		switch {
		case a.Newer:
			h.depose(ctx, p)
			return ErrTaken
		case a.Refused != "":
			return errors.New(a.Refused)
		}
		if h.has(p, a.Number) {
			h.config.Changed()
		}
	}
	return errors.Join(lines.Err(), errors.New("it has ended the stream"))
}

// has notes what the deputy has. It reports whether that is all now, and was not
// before.
func (h *House) has(p Pair, number uint64) (whole bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pair.Term != p.Term || h.state != paired {
		return false
	}
	h.acked, h.heard, h.stuck = max(h.acked, number), time.Now(), false
	h.wake()
	whole = !h.whole && h.acked >= h.allAt
	h.whole = h.whole || whole
	return whole
}

// watch goes on alone when the deputy has been silent for long, if the region's
// records have it so.
func (h *House) watch(ctx context.Context) {
	for ctx.Err() == nil {
		sleep(ctx, pace.alive)
		h.mu.Lock()
		s, p, silent := h.state, h.pair, time.Since(h.heard)
		h.mu.Unlock()
		if s != paired || silent < pace.alone {
			continue
		}
		asking, cancel := context.WithTimeout(ctx, pace.claim)
		err := h.config.Arbiter.Claim(asking, Claim{House: p.House, Owner: p.House, Term: p.Term + 1})
		cancel()
		switch {
		case err == nil:
			if err := h.Store.Unpair(ctx, p.House); err != nil {
				h.config.Log.ErrorContext(ctx, "a house that is alone could not note it", "error", err)
				continue
			}
			h.config.Log.WarnContext(ctx, "the deputy of this house is gone; it goes on alone")
			h.set(alone, Pair{Term: p.Term + 1})
		case errors.Is(err, ErrTaken):
			h.depose(ctx, p)
		default:
			h.mu.Lock()
			told := h.stuck
			h.stuck = true
			h.mu.Unlock()
			if !told {
				h.config.Log.WarnContext(ctx, "the deputy of this house does not answer, and neither do the region's records: nothing new can be stored", "reason", err)
			}
		}
	}
}

// depose stops our rooms: another node runs them.
func (h *House) depose(ctx context.Context, p Pair) {
	h.mu.Lock()
	if h.state == doubt || h.pair.Term != p.Term {
		h.mu.Unlock()
		return
	}
	h.mu.Unlock()
	h.config.Log.WarnContext(ctx, "another node runs the rooms of this house in its place")
	// In this order: once it is in doubt, rooms are stored that nobody else has.
	if err := h.Store.Doubt(context.WithoutCancel(ctx), p.House); err != nil {
		h.config.Log.ErrorContext(ctx, "the rooms of this house could not be set aside", "error", err)
		return
	}
	h.set(doubt, p)
	h.config.Stopped()
}

// --- after having been away ---

// settle finds out who runs our rooms: it asks the deputy for them or, when that
// cannot be reached, has the region's records say that it may not.
func (h *House) settle(ctx context.Context, p Pair) error {
	term, records, err := h.fetch(ctx, p)
	switch {
	case err == nil && term > p.Term:
		if err := h.replace(ctx, p, records); err != nil {
			return err
		}
	case err == nil:
		term = p.Term // it has not run them: what is here is all
	default:
		asking, cancel := context.WithTimeout(ctx, pace.claim)
		defer cancel()
		term = p.Term + 1
		if e := h.config.Arbiter.Claim(asking, Claim{House: p.House, Owner: p.House, Term: term}); e != nil {
			return errors.Join(err, e)
		}
	}
	own, err := h.Store.Adopt(ctx, p.House, true)
	if err != nil {
		return err
	}
	if err := h.Store.Unpair(ctx, p.House); err != nil {
		return err
	}
	h.set(alone, Pair{Term: term})
	h.config.Log.InfoContext(ctx, "the rooms of this house are run here again", "rooms", len(own))
	return h.config.Again(ctx, own)
}

// fetch has the deputy hand our rooms back.
func (h *House) fetch(ctx context.Context, p Pair) (term uint64, records []Record, err error) {
	ctx, cancel := context.WithTimeout(ctx, returnWait)
	defer cancel()
	asking, stop := context.WithTimeout(ctx, askWait)
	defer stop()
	s, err := h.config.Streams(asking, p.Deputy, KindReturn)
	if err != nil {
		return 0, nil, err
	}
	defer func() { s.Stop(); _ = s.Close() }()
	deadline, _ := ctx.Deadline()
	_ = s.SetDeadline(deadline)
	lines := bufio.NewScanner(s)
	lines.Buffer(make([]byte, 0, 1<<16), lineMax)
	var back returning
	if err := next(lines, &back); err != nil {
		return 0, nil, err
	}
	for range back.Rooms {
		var l line
		if err := next(lines, &l); err != nil {
			return 0, nil, err
		}
		r, err := l.record()
		if err != nil {
			return 0, nil, err
		}
		records = append(records, r)
	}
	return back.Term, records, nil
}

func next(lines *bufio.Scanner, v any) error {
	if !lines.Scan() {
		return errors.Join(lines.Err(), io.ErrUnexpectedEOF)
	}
	return json.Unmarshal(lines.Bytes(), v)
}

// replace has what the deputy made of our rooms take the place of what is here.
func (h *House) replace(ctx context.Context, p Pair, records []Record) error {
	names := make(map[id.Room]bool)
	for _, r := range records {
		names[r.Name] = true
		if err := h.Store.Keep(ctx, p.House, r); err != nil {
			return err
		}
	}
	return h.Store.Only(ctx, p.House, names)
}

// --- who is kept out ---

// Decided tells the deputy who is kept out by now. It returns when the deputy has it on
// its disk, and whoever of them sat in rooms that it runs is out. Who has no deputy has
// nobody to tell.
func (h *House) Decided(ctx context.Context) error {
	h.deciding.Lock()
	defer h.deciding.Unlock()
	out, err := AppendKeptOut(nil, h.config.KeptOut())
	if err != nil {
		h.mu.Lock()
		h.over = true // who does not know who is kept out is not to go on
		h.mu.Unlock()
		return err
	}
	number, ok := h.queueLine(line{KeptOut: out})
	if ok {
		err = h.await(ctx, number)
		if !errors.Is(err, live.ErrTerm) {
			return err
		}
	}
	h.mu.Lock()
	state, p := h.state, h.pair
	h.mu.Unlock()
	if state != doubt {
		return nil
	}
	return h.warn(ctx, p, out)
}

// warn tells who may run our rooms, over a stream of its own, who is kept out.
func (h *House) warn(ctx context.Context, p Pair, out []byte) error {
	ctx, cancel := context.WithTimeout(ctx, askWait)
	defer cancel()
	s, err := h.config.Streams(ctx, p.Deputy, KindKeptOut)
	if err != nil {
		return err
	}
	defer func() { s.Stop(); _ = s.Close() }()
	deadline, _ := ctx.Deadline()
	_ = s.SetDeadline(deadline)
	if err := write(s, line{Number: 1, KeptOut: out}); err != nil {
		return err
	}
	var a ack
	if err := next(bufio.NewScanner(s), &a); err != nil {
		return err
	}
	if a.Refused != "" {
		return errors.New(a.Refused)
	}
	return nil
}

// Hand has the deputy go on with our rooms at once: they have been stopped
// (room/live HandOver), and nothing more is stored. It returns when the deputy
// has all, or ctx ends, and the house is stopped then; not ok when there is no
// deputy.
func (h *House) Hand(ctx context.Context) (ok bool) {
	h.mu.Lock()
	if h.state != paired {
		h.mu.Unlock()
		return false
	}
	h.mu.Unlock()
	ok = h.mirror(ctx, line{Over: true}) == nil
	h.Stop()
	return ok
}

// Deputy returns who the deputy is, once it has all.
func (h *House) Deputy() (id.Node, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.pair.Deputy, h.state == paired && h.whole
}
