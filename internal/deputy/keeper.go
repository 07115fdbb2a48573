package deputy

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room/live"
)

// batchMax is how many lines of a house are stored at once.
const batchMax = 256

// A KeeperConfig is what a node needs to be others' deputy.
type KeeperConfig struct {
	Self    id.Node
	Store   Store
	Arbiter Arbiter
	// May reports whether this node may keep the rooms of another one.
	May func(house id.Node) bool
	// Take is told to run rooms of a house that is gone, and Yield to stop: it
	// returns when they have stopped.
	Take  func(ctx context.Context, p Pair, records []live.Record) error
	Yield func(names []id.Room)
	// PutOut is told to put out of rooms that run here whoever is kept out by now
	// (KeptOut). Take does so by itself.
	PutOut func(ctx context.Context, names []id.Room) error
	Log    *slog.Logger
}

// A Keeper is this node as the deputy of houses.
type Keeper struct {
	config KeeperConfig

	mu     sync.Mutex // guards the rest
	houses map[id.Node]*charge
	guests map[id.Room]id.Node // rooms that run here, and whose they are
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// A charge is a house whose rooms are kept here.
type charge struct {
	deciding sync.Mutex // held while it changes who runs its rooms

	pair    Pair
	heard   time.Time // when the house was last heard
	stream  Stream    // the newest, nil without one
	running bool      // this node runs its rooms, or is about to
	open    bool      // it does
	stuck   bool      // it would, and the region's records do not answer
}

// NewKeeper returns a keeper of what is stored. Houses whose rooms it ran when
// it was stopped it goes on with; Guest says which rooms these are.
func NewKeeper(ctx context.Context, c KeeperConfig) (*Keeper, error) {
	k := &Keeper{config: c, houses: make(map[id.Node]*charge), guests: make(map[id.Room]id.Node)}
	pairs, err := c.Store.Pairs(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range pairs {
		if p.House == c.Self {
			continue
		}
		names, err := c.Store.Runs(ctx, p.House)
		if err != nil {
			return nil, err
		}
		k.houses[p.House] = &charge{pair: p, heard: time.Now(), running: len(names) > 0, open: len(names) > 0}
		for _, name := range names {
			k.guests[name] = p.House
		}
	}
	return k, nil
}

// Run begins to look after the houses. It ends with Stop.
func (k *Keeper) Run() {
	ctx, cancel := context.WithCancel(context.Background())
	k.mu.Lock()
	k.cancel = cancel
	k.mu.Unlock()
	k.done.Go(func() {
		for ctx.Err() == nil {
			sleep(ctx, pace.alive)
			for _, house := range k.silent(time.Now()) {
				k.succeed(ctx, house, false)
			}
		}
	})
}

// Stop ends it.
func (k *Keeper) Stop() {
	k.mu.Lock()
	cancel := k.cancel
	for _, c := range k.houses {
		if c.stream != nil {
			c.stream.Stop()
		}
	}
	k.mu.Unlock()
	if cancel != nil {
		cancel()
	}
	k.done.Wait()
}

// Has reports whether a room is another house's, and runs here.
func (k *Keeper) Has(name id.Room) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, ok := k.guests[name]
	return ok
}

// Guests returns the rooms of other houses that run here.
func (k *Keeper) Guests() []id.Room {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Collect(maps.Keys(k.guests))
}

// Key returns by what key tickets of a room are made that runs here.
func (k *Keeper) Key(name id.Room) []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	if c := k.houses[k.guests[name]]; c != nil {
		return c.pair.Key
	}
	return nil
}

// silent returns the houses of which nothing was heard for too long.
func (k *Keeper) silent(now time.Time) (houses []id.Node) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for house, c := range k.houses {
		if c.pair.Deputy == k.config.Self && !c.running && now.Sub(c.heard) >= pace.silent {
			houses = append(houses, house)
		}
	}
	return houses
}

// charge returns a house, which may be new.
func (k *Keeper) charge(house id.Node) *charge {
	k.mu.Lock()
	defer k.mu.Unlock()
	c := k.houses[house]
	if c == nil {
		c = &charge{pair: Pair{House: house}, heard: time.Now()}
		k.houses[house] = c
	}
	return c
}

// Keys returns the keys by which houses whose rooms are kept here know who sits
// in them.
func (k *Keeper) Keys() (keys [][]byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range k.houses {
		if len(c.pair.Key) > 0 {
			keys = append(keys, c.pair.Key)
		}
	}
	return keys
}

// Runs reports whether this node runs the rooms of the house that has given a
// key.
func (k *Keeper) Runs(key []byte) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range k.houses {
		if string(c.pair.Key) == string(key) {
			return c.open
		}
	}
	return false
}

// KeptOut reports whether somebody is kept out of the house whose room runs here.
func (k *Keeper) KeptOut(name id.Room, who id.Person) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	c := k.houses[k.guests[name]]
	return c != nil && c.pair.KeptOut.Has(who, time.Now())
}

// URLs returns where people find the houses whose rooms are kept here: their
// pages may open connections.
func (k *Keeper) URLs() (urls []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range k.houses {
		if c.pair.URL != "" {
			urls = append(urls, c.pair.URL)
		}
	}
	return urls
}

// Serve does what a stream of another node asks, until it ends.
func (k *Keeper) Serve(ctx context.Context, from id.Node, kind string, s Stream) error {
	defer s.Stop()
	if !k.config.May(from) {
		return errors.Join(write(s, ack{Refused: "this node keeps no rooms of houses elsewhere"}), s.Close(),
			errors.New("a house elsewhere wants its rooms kept here"))
	}
	switch kind {
	case KindRecords:
		return k.follow(ctx, from, s)
	case KindReturn:
		return k.handBack(ctx, from, s)
	case KindKeptOut:
		return k.hear(ctx, from, s)
	}
	return errLine
}

// --- while the house is there ---

// follow keeps what a house says.
func (k *Keeper) follow(ctx context.Context, house id.Node, s Stream) error {
	c := k.charge(house)
	k.mu.Lock()
	if c.stream != nil {
		c.stream.Stop()
	}
	c.stream = s
	k.mu.Unlock()
	lines := make(chan line, batchMax)
	ended := make(chan error, 1)
	k.done.Go(func() {
		ended <- k.read(c, s, lines)
		close(lines)
	})
	told := &syncing{keeper: k, charge: c, house: house}
	for l := range lines {
		batch := []line{l}
	gather:
		for len(batch) < batchMax {
			select {
			case l, ok := <-lines:
				if !ok {
					break gather
				}
				batch = append(batch, l)
			default:
				break gather
			}
		}
		newer, err := told.take(ctx, batch)
		if newer {
			return errors.Join(write(s, ack{Newer: true}), s.Close())
		}
		if err != nil {
			return err
		}
		_ = s.SetWriteDeadline(time.Now().Add(pace.alone))
		if err := write(s, ack{Number: batch[len(batch)-1].Number}); err != nil {
			return err
		}
	}
	return <-ended
}

func (k *Keeper) read(c *charge, s Stream, to chan<- line) error {
	lines := bufio.NewScanner(s)
	lines.Buffer(make([]byte, 0, 1<<16), lineMax)
	for lines.Scan() {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return err
		}
		k.mu.Lock()
		newest := c.stream == s
		if newest {
			c.heard, c.stuck = time.Now(), false
		}
		k.mu.Unlock()
		if !newest {
			return nil
		}
		to <- l
	}
	return lines.Err()
}

// A syncing is a stream of a house: what it has begun with, and which rooms it
// has named.
type syncing struct {
	keeper *Keeper
	charge *charge
	house  id.Node
	begun  *beginning
	named  map[id.Room]bool // nil once all are
	out    KeptOut          // until all are
}

// take stores lines. It reports whether the house is not to go on, since this
// node runs its rooms.
func (s *syncing) take(ctx context.Context, batch []line) (newer bool, err error) {
	s.charge.deciding.Lock()
	defer s.charge.deciding.Unlock()
	start := 0
	for i, l := range batch {
		if l.Begin == nil && !l.Complete && !l.Over && l.KeptOut == nil {
			continue
		}
		if err := s.store(ctx, batch[start:i]); err != nil {
			return false, err
		}
		start = i + 1
		switch {
		case l.Begin != nil:
			if s.keeper.runs(s.charge, l.Begin.Term) {
				return true, nil
			}
			s.begun, s.named, s.out = l.Begin, make(map[id.Room]bool), nil
		case l.Complete:
			err = s.complete(ctx)
		case l.KeptOut != nil:
			err = s.keepOut(ctx, l.KeptOut)
		case l.Over:
			s.keeper.done.Go(func() { s.keeper.succeed(ctx, s.house, true) })
		}
		if err != nil {
			return false, err
		}
	}
	if s.begun == nil {
		return false, errLine
	}
	if s.keeper.runs(s.charge, s.begun.Term) {
		return true, nil
	}
	return false, s.store(ctx, batch[start:])
}

// runs reports whether this node runs a house's rooms, or has done so since the
// house took a term.
func (k *Keeper) runs(c *charge, term uint64) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return c.running || c.pair.Term > term
}

// store stores lines, those of each room in their order and all rooms at once:
// they share one wait for the disk.
func (s *syncing) store(ctx context.Context, batch []line) error {
	of := make(map[id.Room][]line)
	for _, l := range batch {
		if !l.Room.IsZero() {
			of[l.Room] = append(of[l.Room], l)
		}
		if s.named != nil {
			s.named[l.Room] = true
		}
	}
	errs := make(chan error, len(of))
	for _, lines := range of {
		go func() {
			for _, l := range lines {
				if err := s.keep(ctx, l); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	var all []error
	for range of {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}

func (s *syncing) keep(ctx context.Context, l line) error {
	if l.First == 0 {
		r, err := l.record()
		if err != nil {
			return err
		}
		return s.keeper.config.Store.Keep(ctx, s.house, r)
	}
	events, err := l.events()
	if err != nil {
		return err
	}
	return s.keeper.config.Store.KeepEvents(ctx, s.house, l.Room, l.Term, l.First, events)
}

// complete notes that all is here: from now on this node may go on by itself.
func (s *syncing) complete(ctx context.Context) error {
	if s.begun == nil || s.named == nil {
		return errLine
	}
	store := s.keeper.config.Store
	if err := store.Only(ctx, s.house, s.named); err != nil {
		return err
	}
	s.named = nil
	p := Pair{House: s.house, Deputy: s.keeper.config.Self, Term: s.begun.Term, Key: s.begun.Key, URL: s.begun.URL, KeptOut: s.out}
	if err := store.SetPair(ctx, p); err != nil {
		return err
	}
	s.keeper.mu.Lock()
	defer s.keeper.mu.Unlock()
	s.charge.pair = p
	return nil
}

// keepOut notes who is kept out of the house.
func (s *syncing) keepOut(ctx context.Context, told []byte) error {
	out, err := ParseKeptOut(told)
	if err != nil || s.begun == nil {
		return errors.Join(err, errLine)
	}
	if s.named != nil {
		s.out = out // it is stored with all the rest
		return nil
	}
	return s.keeper.keepOut(ctx, s.charge, out)
}

// keepOut keeps who is kept out of a house, and puts them out of the rooms that run
// here. In this order: who comes in meanwhile is not let in, or found. It is called
// while nobody else changes who runs the rooms.
func (k *Keeper) keepOut(ctx context.Context, c *charge, out KeptOut) error {
	k.mu.Lock()
	p, running := c.pair, c.running
	k.mu.Unlock()
	if p.Key == nil || p.Deputy != k.config.Self {
		return nil // nothing of that house runs here, nor can it
	}
	p.KeptOut = out
	if err := k.config.Store.SetPair(ctx, p); err != nil {
		return err
	}
	k.mu.Lock()
	c.pair = p
	k.mu.Unlock()
	if !running {
		return nil
	}
	names, err := k.config.Store.Runs(ctx, p.House)
	if err != nil {
		return err
	}
	return k.config.PutOut(ctx, names)
}

// --- when it is gone ---

// hear takes in who is kept out of a house whose rooms may run here.
func (k *Keeper) hear(ctx context.Context, house id.Node, s Stream) error {
	ctx, cancel := context.WithTimeout(ctx, returnWait)
	defer cancel()
	deadline, _ := ctx.Deadline()
	_ = s.SetDeadline(deadline)
	lines := bufio.NewScanner(s)
	lines.Buffer(make([]byte, 0, 1<<16), lineMax)
	var l line
	if err := next(lines, &l); err != nil {
		return err
	}
	out, err := ParseKeptOut(l.KeptOut)
	if err != nil || l.KeptOut == nil {
		return errors.Join(err, errLine)
	}
	c := k.charge(house)
	c.deciding.Lock()
	defer c.deciding.Unlock()
	if err := k.keepOut(ctx, c, out); err != nil {
		return err
	}
	return errors.Join(write(s, ack{Number: l.Number}), s.Close())
}

// succeed goes on in place of a house: one that is silent, if the region's
// records have it so, or one that asks for it.
func (k *Keeper) succeed(ctx context.Context, house id.Node, asked bool) {
	c := k.charge(house)
	c.deciding.Lock()
	defer c.deciding.Unlock()
	k.mu.Lock()
	p, running, silent := c.pair, c.running, time.Since(c.heard)
	k.mu.Unlock()
	if running || p.Deputy != k.config.Self || !asked && silent < pace.silent {
		return
	}
	asking, cancel := context.WithTimeout(ctx, pace.claim)
	err := k.config.Arbiter.Claim(asking, Claim{House: house, Owner: k.config.Self, Term: p.Term + 1})
	cancel()
	switch {
	case errors.Is(err, ErrTaken):
		k.release(ctx, c, p.Term)
		k.config.Log.InfoContext(ctx, "a house goes on without this node as its deputy")
		return
	case err != nil && !asked:
		k.mu.Lock()
		told := c.stuck
		c.stuck = true
		k.mu.Unlock()
		if !told {
			k.config.Log.WarnContext(ctx, "a house is gone, and the region's records do not answer: its rooms wait", "reason", err)
		}
		return
	}
	if err := k.take(ctx, c, p); err != nil {
		k.config.Log.ErrorContext(ctx, "the rooms of a house that is gone do not go on here", "error", err)
	}
}

// take runs the rooms of a house under newer terms.
func (k *Keeper) take(ctx context.Context, c *charge, p Pair) error {
	p.Term++
	if err := k.config.Store.SetPair(ctx, p); err != nil {
		return err
	}
	records, err := k.config.Store.Adopt(ctx, p.House, false)
	if err != nil {
		return err
	}
	k.mu.Lock()
	c.pair, c.running = p, true
	for _, r := range records {
		k.guests[r.Name] = p.House
	}
	k.mu.Unlock()
	k.config.Log.WarnContext(ctx, "a house is gone; its rooms go on here", "rooms", len(records))
	err = k.config.Take(ctx, p, records)
	k.mu.Lock()
	defer k.mu.Unlock()
	c.open = true
	return err
}

// release has this node be the house's deputy no more.
func (k *Keeper) release(ctx context.Context, c *charge, term uint64) {
	k.mu.Lock()
	c.running, c.open = false, false
	c.pair.Deputy, c.pair.Term, c.pair.KeptOut = id.Node{}, term, nil
	p := c.pair
	k.mu.Unlock()
	if p.Key == nil {
		return // it never was
	}
	if err := k.config.Store.SetPair(ctx, p); err != nil {
		k.config.Log.ErrorContext(ctx, "it could not be noted that a house goes on without its deputy", "error", err)
	}
}

// handBack hands the rooms of a house back that has returned. From then on this
// node does not go on in its place, until it is the deputy again.
func (k *Keeper) handBack(ctx context.Context, house id.Node, s Stream) error {
	ctx, cancel := context.WithTimeout(ctx, returnWait)
	defer cancel()
	c := k.charge(house)
	c.deciding.Lock()
	defer c.deciding.Unlock()
	k.mu.Lock()
	running, term := c.running, c.pair.Term
	c.open = false // before the rooms stop: whoever asks for one meanwhile is to ask elsewhere
	k.mu.Unlock()
	if running {
		names, err := k.config.Store.Runs(ctx, house)
		if err != nil {
			return err
		}
		k.config.Yield(names)
		k.mu.Lock()
		for _, name := range names {
			delete(k.guests, name)
		}
		k.mu.Unlock()
	}
	records, err := k.config.Store.HandBack(ctx, house)
	if err != nil {
		return err
	}
	k.release(ctx, c, term)
	if deadline, ok := ctx.Deadline(); ok {
		_ = s.SetWriteDeadline(deadline)
	}
	out := bufio.NewWriterSize(s, 1<<16)
	if err := write(out, returning{Term: term, Rooms: len(records)}); err != nil {
		return err
	}
	for _, r := range records {
		if err := write(out, recordLine(r)); err != nil {
			return err
		}
	}
	if err := errors.Join(out.Flush(), s.Close()); err != nil {
		return fmt.Errorf("hand a house's rooms back: %w", err)
	}
	if running {
		k.config.Log.InfoContext(ctx, "a house has returned, and has its rooms again", "rooms", len(records))
	}
	return nil
}
