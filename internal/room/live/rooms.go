// Package live runs rooms. What is asked of a room is decided, what follows is
// stored, and only then is it told to those who watch, readable, and answered:
// nobody ever sees what could still be lost.
//
// Each room has one goroutine, which alone decides for it. It stores what
// follows from up to 64 commands at once, watches the deadlines of the room,
// and asks who follows whom where the rules need to know.
//
// The package knows no rule of a room (package room does), no connection and
// no media. Whose turn it is to run a room is decided elsewhere: a room can be
// begun from its record (Adopt) and let go (HandOver), and one that another node
// has taken over, by a newer term, stops here.
package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
)

// Bounds of the running of rooms.
const (
	roomsMax       = 10000           // rooms running on one node
	queueMax       = 1024            // commands waiting for one room
	batchMax       = 64              // commands stored at once
	compactEvery   = 512             // events
	followsTimeout = 2 * time.Second // the wait for who follows whom
	retryWait      = time.Second     // after what could not be stored or asked
)

var (
	// ErrTerm means that another node owns the room by now.
	ErrTerm = errors.New("another node owns the room")
	// ErrStore means that what follows from a command could not be stored.
	// Nothing has changed.
	ErrStore = errors.New("could not be stored")
	// ErrBusy means that too many wait for the room already, or that too many
	// rooms are running.
	ErrBusy = errors.New("too busy")
	// ErrClosed means that the node stops running rooms.
	ErrClosed = errors.New("stopping")
	// ErrElsewhere means that a room that is not here may run on another node.
	ErrElsewhere = errors.New("another node may run the room")
)

// A Store keeps the record of rooms.
//
// When Append returns an error, none of the events is stored. A store that
// cannot know waits until it does; only once ctx has ended may it return
// without knowing.
type Store interface {
	// Append stores events as number first, first+1 and so on. It returns
	// ErrTerm if a newer term has been seen, and else an error if first is not
	// the number after the last. An Ended event ends the record.
	Append(ctx context.Context, name id.Room, term, first uint64, events []room.Event) error
	// Compact replaces all up to and including the event seq by snapshot, the
	// JSON form of a room.Room. It returns ErrTerm as Append does.
	Compact(ctx context.Context, name id.Room, term, seq uint64, snapshot []byte) error
	// Load returns every room that has not ended and is for this node to run, and
	// raises its term.
	Load(ctx context.Context) ([]Record, error)
	// EventsOf returns the events that are stored of a room, with their numbers;
	// none, when there is no such room.
	EventsOf(ctx context.Context, name id.Room) ([]Stored, error)
}

// A Stored is an event as it is stored.
type Stored struct {
	Seq   uint64
	Bytes int // that it takes
	Event room.Event
}

// A Record is what is stored of a room: a snapshot, if there is one, and the
// events after it.
type Record struct {
	Name     id.Room
	Term     uint64
	Snapshot []byte
	Events   []room.Event
	// Guest says that it is another house's room, which is run in place of its
	// own node: who follows or has blocked whom, and who is in its club, is not
	// known here.
	Guest bool
}

// Follows knows who follows whom, and who has blocked whom.
type Follows interface {
	// BlockersAmong returns those of candidates who have blocked who.
	BlockersAmong(ctx context.Context, who id.Person, candidates []id.Person) ([]id.Person, error)
	// FollowersAmong returns those of candidates who follow who.
	FollowersAmong(ctx context.Context, who id.Person, candidates []id.Person) ([]id.Person, error)
	// FollowedAmong returns those of audience whom anyone of by follows.
	FollowedAmong(ctx context.Context, audience, by []id.Person) ([]id.Person, error)
}

// Clubs knows who is in a club.
type Clubs interface {
	IsMember(ctx context.Context, club id.Club, who id.Person) (bool, error)
}

// A Watcher is told what has happened in every room, in order. It is called
// on the room's goroutine after the events are stored and before they can be
// read; it must not wait, and r is to be read during the call only. For a room
// that has just been loaded there are no events, and first is the number that
// the next one will have.
type Watcher interface {
	Happened(name id.Room, r *room.Room, first uint64, events []room.Event)
}

// A Holder is a Watcher or an Audience that is told under which term a room runs
// here, and whether it is another house's, before anything else of it, and when it
// does not any more though it has not ended.
type Holder interface {
	Held(name id.Room, term uint64, guest bool)
	Gone(name id.Room)
}

// An Audience is shown what those see who watch rooms, in order: sights are
// those of the events from number first on, and count is how many are in the
// room after them. It is called before the watchers, as they are.
type Audience interface {
	Show(name id.Room, first uint64, sights []room.Sight, count int)
}

// Counts are how often something has happened since the start.
type Counts struct {
	Busy        uint64 // commands refused because too many waited
	Unstored    uint64 // batches that could not be stored
	Unasked     uint64 // questions after follows without an answer
	Uncompacted uint64 // snapshots that could not be stored
	TakenAway   uint64 // rooms that another node has taken over
	Running     int    // rooms running now
}

// Rooms are the rooms running on this node.
type Rooms struct {
	store    Store
	follows  Follows
	clubs    Clubs
	audience Audience
	watchers []Watcher

	work     context.Context // ends when what is under way is given up
	giveUp   context.CancelFunc
	stopping chan struct{}
	running  sync.WaitGroup

	busy, unstored, unasked, uncompacted, takenAway atomic.Uint64

	mu     sync.RWMutex // guards what follows; never held across I/O
	rooms  map[id.Room]*running
	named  map[id.Room]bool // rooms that are being opened
	doubt  bool             // rooms of this house may run elsewhere
	closed bool
}

// Start loads all rooms and runs them. Everybody's seat is held, as after a
// lost connection. The context bounds the loading only.
func Start(ctx context.Context, s Store, f Follows, c Clubs, a Audience, w ...Watcher) (*Rooms, error) {
	records, err := s.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("load rooms: %w", err)
	}
	work, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	rs := &Rooms{
		store: s, follows: f, clubs: c, audience: a, watchers: w,
		work: work, giveUp: giveUp, stopping: make(chan struct{}),
		rooms: make(map[id.Room]*running), named: make(map[id.Room]bool),
	}
	if err := rs.Adopt(ctx, records, nil); err != nil {
		return nil, errors.Join(err, rs.Close(ctx))
	}
	return rs, nil
}

// Adopt runs what was stored, all rooms at once so that the store can write
// what follows from that in one go. Everybody's seat is held. ready, unless it is
// nil, is called with each room before anything happens in it, and says what is to be
// done there before anybody else is answered; it must not wait.
func (rs *Rooms) Adopt(ctx context.Context, records []Record, ready func(name id.Room, r *room.Room) []room.Command) error {
	recovered := make(chan error, len(records))
	for _, rec := range records {
		r, err := rebuild(rec)
		if err != nil {
			return fmt.Errorf("load rooms: %w", err)
		}
		l := rs.prepare(rec.Name, rec.Term, r)
		l.uncompacted, l.guest = len(rec.Events), rec.Guest
		for _, e := range rec.Events {
			l.note(e)
		}
		l.regroupDue = !l.guest // people have followed and unfollowed meanwhile
		l.held()
		var first []request
		if ready != nil {
			first = l.first(ready(l.name, r))
		}
		l.tell(nil)
		if err := rs.begin(l); err != nil {
			return fmt.Errorf("load rooms: %w", err)
		}
		for _, req := range first {
			go rs.insist(l, req)
		}
		go func() { recovered <- rs.Do(ctx, rec.Name, room.Recover{}) }()
	}
	for range records {
		err := <-recovered
		elsewhere := errors.Is(err, ErrTerm) || errors.Is(err, room.ErrNoRoom) // or ended by what was over meanwhile
		if err != nil && !elsewhere {
			return fmt.Errorf("recover rooms: %w", err)
		}
	}
	return nil
}

// rebuild returns the room that rec is the record of.
func rebuild(rec Record) (*room.Room, error) {
	r := new(room.Room)
	if rec.Snapshot != nil {
		if err := json.Unmarshal(rec.Snapshot, r); err != nil {
			return nil, err
		}
	}
	for _, e := range rec.Events {
		if _, opened := e.(room.Opened); opened != (r.Seq() == 0) {
			return nil, fmt.Errorf("%w: it does not begin with its opening", room.ErrSnapshot)
		}
		r.Apply(e)
	}
	if r.Seq() == 0 {
		return nil, fmt.Errorf("%w: it is empty", room.ErrSnapshot)
	}
	return r, nil
}

// Open opens a room and lets those in invite in from the start.
func (rs *Rooms) Open(ctx context.Context, c room.OpenRoom, invite []id.Person) (id.Room, error) {
	name := id.New[id.Room]()
	return name, rs.OpenAs(ctx, name, c, invite)
}

// OpenAs is Open for a room that has a name already. Of many who open one by the
// same name, one does; the others cannot store it.
func (rs *Rooms) OpenAs(ctx context.Context, name id.Room, c room.OpenRoom, invite []id.Person) error {
	if len(invite) > room.InvitedMax {
		return room.ErrFull
	}
	l := rs.prepare(name, 1, new(room.Room))
	events, err := l.decide(c)
	if err != nil {
		return err
	}
	for _, who := range invite {
		e := room.LetInto{Who: who}
		l.apply(e)
		events = append(events, e)
	}
	if err := rs.admit(name); err != nil {
		return err
	}
	defer rs.admitted(name)
	l.held()
	if err := l.commit(ctx, events); err != nil {
		l.over()
		return err
	}
	if err := rs.begin(l); err != nil { // its record ends when nobody comes in after the next start
		l.over()
		return err
	}
	return nil
}

// prepare returns r as a room that does not run yet.
func (rs *Rooms) prepare(name id.Room, term uint64, r *room.Room) *running {
	return &running{
		of: rs, name: name, term: term, next: r, room: r.Clone(), named: make(map[id.Person]bool),
		requests: make(chan request, queueMax),
		regroup:  make(chan struct{}, 1),
		shorten:  make(chan struct{}, 1),
		letGo:    make(chan struct{}),
		gone:     make(chan struct{}),
	}
}

// HandOver stops rooms that others are to run; what they were asked before is
// answered, and stored. It returns when they have stopped.
func (rs *Rooms) HandOver(names []id.Room) {
	var stopping []*running
	rs.mu.Lock()
	for _, name := range names {
		if l := rs.rooms[name]; l != nil {
			stopping = append(stopping, l)
			l.stop.Do(func() { close(l.letGo) })
		}
	}
	rs.mu.Unlock()
	for _, l := range stopping {
		<-l.gone
	}
}

// Doubt says whether rooms of this house may run elsewhere: then one that is not
// here may be there.
func (rs *Rooms) Doubt(whether bool) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.doubt = whether
}

// Own returns the names of the rooms of this house that run here.
func (rs *Rooms) Own() []id.Room {
	var names []id.Room
	for _, l := range rs.all() {
		if !l.guest {
			names = append(names, l.name)
		}
	}
	return names
}

// admit reports whether one more room may run, and keeps its name for one that is
// being opened: until it is admitted no other goes by it.
func (rs *Rooms) admit(name id.Room) error {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.named[name] || rs.rooms[name] != nil {
		return ErrBusy
	}
	if err := rs.mayBegin(); err != nil {
		return err
	}
	rs.named[name] = true
	return nil
}

func (rs *Rooms) admitted(name id.Room) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	delete(rs.named, name)
}

func (rs *Rooms) mayBegin() error {
	switch {
	case rs.closed:
		return ErrClosed
	case len(rs.rooms) >= roomsMax:
		return ErrBusy
	}
	return nil
}

func (rs *Rooms) begin(l *running) error {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if err := rs.mayBegin(); err != nil {
		return err
	}
	rs.rooms[l.name] = l
	rs.running.Go(l.run)
	return nil
}

// forget lets go of a room that has stopped.
func (rs *Rooms) forget(name id.Room) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	delete(rs.rooms, name)
}

// Do does c, or returns why not: a refusal of package room, room.ErrNoRoom
// where no such room runs here, ErrBusy, ErrStore or ErrClosed. When ctx ends
// first, c may have been done or not.
//
// A Disconnect is tried until it is stored, since nobody is left to ask again,
// and a seat that nobody sits on and nobody gives up would stay for ever. So is a
// PutOut.
func (rs *Rooms) Do(ctx context.Context, name id.Room, c room.Command) error {
	insist := false
	switch c.(type) {
	case room.Disconnect, room.PutOut:
		insist = true
	default:
	}
	for {
		err := rs.ask(ctx, name, c)
		if !insist || !again(err) {
			return err
		}
		select {
		case <-time.After(retryWait):
		case <-ctx.Done():
			return err
		}
	}
}

// again reports whether what was refused may be done when it is asked again.
func again(err error) bool {
	return errors.Is(err, ErrBusy) || errors.Is(err, ErrStore) && !errors.Is(err, ErrTerm)
}

// insist sees to it that what was to be done first is done.
func (rs *Rooms) insist(l *running, req request) {
	select {
	case err := <-req.answer:
		if again(err) {
			_ = rs.Do(rs.work, l.name, req.command) // until the node stops, or the room goes
		}
	case <-l.gone:
	}
}

func (rs *Rooms) ask(ctx context.Context, name id.Room, c room.Command) error {
	l, err := rs.find(name)
	if err != nil {
		return err
	}
	req := request{ctx, c, make(chan error, 1)}
	select {
	case l.requests <- req:
	default:
		rs.busy.Add(1)
		return ErrBusy
	}
	select {
	case err := <-req.answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-l.gone:
	}
	select {
	case err := <-req.answer: // answered by the last that the room did
		return err
	default:
		return l.why
	}
}

func (rs *Rooms) find(name id.Room) (*running, error) {
	rs.mu.RLock()
	defer rs.mu.RUnlock()
	l := rs.rooms[name]
	switch {
	case rs.closed:
		return nil, ErrClosed
	case l == nil && rs.doubt:
		return nil, ErrElsewhere
	case l == nil:
		return nil, room.ErrNoRoom
	}
	return l, nil
}

// Known is nil where a room of this house runs here, and else says why it does
// not: ErrElsewhere where it may run on another node.
func (rs *Rooms) Known(name id.Room) error {
	l, err := rs.find(name)
	if err == nil && l.guest {
		return room.ErrNoRoom
	}
	return err
}

// Read calls f with the room as it is now, and reports whether it runs here.
// f must not change it, keep it, or wait.
func (rs *Rooms) Read(name id.Room, f func(r *room.Room)) bool {
	l, err := rs.find(name)
	if err != nil {
		return false
	}
	l.read(f)
	return true
}

// About is what is stored of somebody in one room.
type About struct {
	Room   id.Room
	Title  string // only where they are in it
	Opened time.Time
	Trace  room.Trace // with a place of its own
	Events []Stored   // that say something of them
}

// About returns what the rooms of this house have of who: in what is true now, and
// in what has happened since their last snapshots.
func (rs *Rooms) About(ctx context.Context, who id.Person) ([]About, error) {
	var some []About
	for _, l := range rs.all() {
		if !l.guest {
			if one, is := l.about(who); is {
				some = append(some, one)
			}
		}
	}
	for i := range some {
		all, err := rs.store.EventsOf(ctx, some[i].Room)
		if err != nil {
			return nil, err
		}
		for _, e := range all {
			if room.Names(e.Event, who) {
				some[i].Events = append(some[i].Events, e)
			}
		}
	}
	return some, nil
}

func (l *running) about(who id.Person) (a About, is bool) {
	l.read(func(r *room.Room) {
		a = About{Room: l.name, Opened: r.Opened()}
		a.Trace, is = r.Trace(who)
		is = is || l.named[who]
		if p := a.Trace.Place; p != nil {
			own := *p
			a.Title, a.Trace.Place = r.Title(), &own
		}
	})
	return a, is
}

// Shorten has rooms in which something is stored of who forget soon what has happened:
// what is so now takes its place. Who has left is in it by no name any more.
func (rs *Rooms) Shorten(who id.Person) {
	for _, l := range rs.all() {
		if _, is := l.about(who); is && !l.guest {
			select {
			case l.shorten <- struct{}{}:
			default: // it is asked to already
			}
		}
	}
}

// Each calls f with each room of this house, as Read does.
func (rs *Rooms) Each(f func(name id.Room, r *room.Room)) {
	for _, l := range rs.all() {
		if !l.guest {
			l.read(func(r *room.Room) { f(l.name, r) })
		}
	}
}

func (rs *Rooms) all() []*running {
	rs.mu.RLock()
	defer rs.mu.RUnlock()
	all := make([]*running, 0, len(rs.rooms))
	for _, l := range rs.rooms {
		all = append(all, l)
	}
	return all
}

// Regroup says that who has followed or unfollowed somebody. Rooms in which
// who stands on the stage look soon who in them is followed.
func (rs *Rooms) Regroup(_ context.Context, who id.Person) {
	for _, l := range rs.all() {
		l.read(func(r *room.Room) {
			if r.Role(who) >= room.Speaker {
				l.askRegroup()
			}
		})
	}
}

// Counts returns how often something has happened.
func (rs *Rooms) Counts() Counts {
	return Counts{
		Busy: rs.busy.Load(), Unstored: rs.unstored.Load(), Unasked: rs.unasked.Load(),
		Uncompacted: rs.uncompacted.Load(), TakenAway: rs.takenAway.Load(), Running: len(rs.all()),
	}
}

// Close stops all rooms; what waits for them is answered. They go on from
// their records at the next Start. When ctx ends, what is under way is given
// up.
func (rs *Rooms) Close(ctx context.Context) error {
	defer rs.giveUp()
	rs.mu.Lock()
	if !rs.closed {
		rs.closed = true
		close(rs.stopping)
	}
	rs.mu.Unlock()

	stopped := make(chan struct{})
	go func() {
		rs.running.Wait()
		close(stopped)
	}()
	select {
	case <-stopped:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close rooms: %w", ctx.Err())
	}
}
