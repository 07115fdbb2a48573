// Package hub delivers the events of rooms, in order and without a gap, to
// those who watch. Each event is written once, however many watch.
//
// It keeps the last events of each room, so that a watcher who was away for a
// moment can go on where it was. Events that only change the number of people
// are not told one by one. Beside the numbered events the hub carries notices,
// of which only the newest counts: that number, and what others give it; and
// lines, which are for those who are there now, and kept for nobody.
//
// The hub knows no connection, decides nothing, and never waits for a watcher:
// one that does not keep up is let go. A watcher is a place in the events, and
// no goroutine.
package hub

import (
	"cmp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
)

// Bounds of the hub.
const (
	keepMax    = 1024        // events of a room at hand for those who come back
	waitMax    = 256         // events that may wait for one watcher
	crowdEvery = time.Second // between two notices of how many there are
	linesMax   = 64          // lines that wait for those who are slow to take them
	lineHold   = 10 * time.Second
)

// A Hub has a feed for each running room.
type Hub struct {
	mu    sync.Mutex // guards feeds; taken before a feed's
	feeds map[id.Room]*feed
}

// A feed is the last events of one room, and those who watch it.
type feed struct {
	mu      sync.Mutex         // guards all of this, and the places of the watches
	last    uint64             // number of the last event, told or not
	told    uint64             // number of the last event that was told
	kept    []frame            // the last that were told
	sent    uint64             // how many were told since the feed began
	since   uint64             // all that were told after the event of this number are kept
	ended   bool               // there will be no more
	notices notices            // the newest, for those who come later
	sounds  map[id.Node][]byte // the newest notice of voices, by where it is heard
	watches []*Watch
	lines   [][]byte // the last that were passed on
	passed  uint64   // how many were, ever
	rousing bool     // somebody tells the watchers that there is something
	news    bool     // there is

	count     int  // of people in the room
	uncounted bool // it has changed otherwise than the events told say
	pausing   bool // it has been told a moment ago
}

// A frame is an event as it is sent.
type frame struct {
	seq  uint64
	text []byte
}

// notices are the newest notice of each kind, or nil. None waits in line. That
// of voices is another one at each place.
type notices [noticeKinds][]byte

// A Kind is what a notice is about.
type Kind int

// The kinds of notices that others give. Reactions are of a moment: whoever
// comes later is not told.
const (
	voices Kind = iota
	crowd
	Poll
	Clock
	Reactions
	noticeKinds
)

// New returns a hub of no rooms.
func New() *Hub { return &Hub{feeds: make(map[id.Room]*feed)} }

// Show delivers what is seen of events. It is a live.Audience.
func (h *Hub) Show(name id.Room, first uint64, sights []room.Sight, count int) {
	f := h.feed(name, first)
	told := f.told // changes only here, and a room calls once at a time
	var frames []frame
	ended, come := false, 0
	for i, s := range sights {
		if s.Event == nil {
			continue
		}
		seq := first + uint64(i)
		frames = append(frames, frame{seq, s.Append(nil, name, told, seq)})
		told = seq
		switch s.Event.(type) {
		case room.Opened, room.Entered:
			come++
		case room.Left:
			come--
		case room.Ended:
			ended = true
		default:
		}
	}
	f.deliver(frames, uint64(len(sights)), ended)
	if ended {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.feeds, name)
		return
	}
	f.recount(name, count, come)
}

// feed returns the feed of the room, or a new one that begins at first.
func (h *Hub) feed(name id.Room, first uint64) *feed {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.feeds[name]
	if f == nil {
		f = &feed{last: first - 1, told: first - 1, since: first - 1}
		h.feeds[name] = f
	}
	return f
}

// Held is for live.Holder: a room that comes here has a feed with its first
// event.
func (h *Hub) Held(id.Room, uint64, bool) {}

// Gone forgets a room that goes on at another node. Those who watch it get
// nothing more.
func (h *Hub) Gone(name id.Room) {
	h.mu.Lock()
	f := h.feeds[name]
	delete(h.feeds, name)
	h.mu.Unlock()
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
}

func (h *Hub) find(name id.Room) *feed {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.feeds[name]
}

func (f *feed) deliver(frames []frame, events uint64, ended bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last += events
	if len(frames) == 0 {
		return
	}
	f.told = frames[len(frames)-1].seq
	f.sent += uint64(len(frames))
	f.kept = append(f.kept, frames...)
	if extra := len(f.kept) - keepMax; extra > 0 {
		f.since = f.kept[extra-1].seq
		f.kept = slices.Delete(f.kept, 0, extra)
	}
	f.ended = ended
	f.rouse()
}

// rouse tells the watchers that there is something to take. Whoever brings it
// does not wait for that: of thousands each may have to be written to.
func (f *feed) rouse() {
	f.news = true
	if !f.rousing {
		f.rousing = true
		go f.rouseAll()
	}
}

func (f *feed) rouseAll() {
	var watches []*Watch
	for {
		f.mu.Lock()
		if !f.news {
			f.rousing = false
			f.mu.Unlock()
			return
		}
		f.news = false
		watches = append(watches[:0], f.watches...)
		f.mu.Unlock()
		for _, w := range watches {
			if w.rouse(); w.lag() {
				w.rouse() // to hear of that
			}
		}
	}
}

// oldest returns the place of the first event at hand among all that were told.
func (f *feed) oldest() uint64 { return f.sent - uint64(len(f.kept)) }

// recount notes that there are count people after come more were seen to come
// in than to go, and tells it if those who watch cannot know it from that.
func (f *feed) recount(name id.Room, count, come int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	loaded := f.sent == 0 && f.last == f.since // nobody has been told another number
	if count != f.count+come && !loaded {
		f.uncounted = true
	}
	f.count = count
	f.tellCount(name)
}

// tellCount tells how many there are, at once or a second after the last time.
// It is called by those who have the feed's mutex.
func (f *feed) tellCount(name id.Room) {
	if f.pausing || f.ended || !f.uncounted {
		return
	}
	f.uncounted, f.pausing = false, true
	f.tell(crowd, appendCrowd(nil, name, f.count))
	time.AfterFunc(crowdEvery, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.pausing = false
		f.tellCount(name)
	})
}

// appendCrowd appends the notice of how many are in a room.
func appendCrowd(b []byte, name id.Room, count int) []byte {
	b = append(b, `{"crowd":{"room":"`...)
	b, _ = name.AppendText(b) // never fails
	b = append(b, `","count":`...)
	b = strconv.AppendInt(b, int64(count), 10)
	return append(b, "}}"...)
}

// Tell delivers a notice of whose voices are heard at a place, to those who are
// there, after all events up to now. A notice that a watcher has not taken yet
// gives way to a newer one, so notices never wait in line. Whoever comes later
// begins with the newest. The zero place is this node.
func (h *Hub) Tell(name id.Room, place id.Node, text []byte) {
	f := h.find(name)
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sounds == nil {
		f.sounds = make(map[id.Node][]byte)
	}
	f.sounds[place] = text
	for _, w := range f.watches {
		if w.place == place {
			w.notices[voices], w.noticesAfter = text, f.sent
		}
	}
	f.rouse()
}

// Notice delivers a notice to all who watch, as Tell does. Nil takes it back:
// whoever comes later is told none.
func (h *Hub) Notice(name id.Room, kind Kind, text []byte) {
	f := h.find(name)
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tell(kind, text)
}

// Pass delivers a line to all who watch now, after all events up to now. Who has
// not taken it when there are many newer ones, or in ten seconds, misses it.
func (h *Hub) Pass(name id.Room, text []byte) {
	f := h.find(name)
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lines = append(f.lines, text)
	f.passed++
	f.dropLines(f.passed - min(f.passed, linesMax))
	upTo := f.passed
	time.AfterFunc(lineHold, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.dropLines(upTo)
	})
	f.rouse()
}

// dropLines forgets the lines up to one, counted from the first that there was.
func (f *feed) dropLines(upTo uint64) {
	if first := f.firstLine(); upTo > first {
		f.lines = slices.Delete(f.lines, 0, int(upTo-first)) //nolint:gosec // no more than there are
	}
	if len(f.lines) == 0 {
		f.lines = nil
	}
}

// firstLine returns the place of the first line at hand among all.
func (f *feed) firstLine() uint64 { return f.passed - uint64(len(f.lines)) }

func (f *feed) tell(kind Kind, text []byte) {
	if kind != Reactions {
		f.notices[kind] = text
	}
	for _, w := range f.watches {
		w.notices[kind], w.noticesAfter = text, f.sent
	}
	f.rouse()
}

// Watch returns a watch of all events of the room after the one with the
// number since. It reports false when the room does not run here, or not all
// of those events are at hand. Whenever there may be something new to take,
// rouse is called; it must not wait, and may come late.
func (h *Hub) Watch(name id.Room, since uint64, rouse func()) (*Watch, bool) {
	f := h.find(name)
	if f == nil {
		return nil, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended || since > f.last || since < f.since {
		return nil, false
	}
	known, _ := slices.BinarySearchFunc(f.kept, since+1, func(k frame, seq uint64) int { return cmp.Compare(k.seq, seq) })
	w := &Watch{
		of: f, rouse: rouse, at: len(f.watches),
		next: f.oldest() + uint64(known), joined: f.sent, notices: f.notices, noticesAfter: f.sent,
		line: f.passed,
	}
	w.notices[voices] = f.sounds[w.place]
	if f.notices[crowd] != nil {
		w.notices[crowd] = appendCrowd(nil, name, f.count)
	}
	f.watches = append(f.watches, w)
	return w, true
}
