// Package hub delivers the events of rooms, in order and without a gap, to
// those who watch. Each event is written once, however many watch.
//
// It keeps the last events of each room, so that a watcher who was away for a
// moment can go on where it was. Beside the numbered events it carries
// notices, of which only the newest counts.
//
// The hub knows no connection, decides nothing, and never waits for a watcher:
// one that does not keep up is let go.
package hub

import (
	"slices"
	"strconv"
	"sync"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
)

// Bounds of the hub.
const (
	keepMax = 1024 // events of a room at hand for those who come back
	waitMax = 256  // events that may wait for one watcher
)

// A Hub has a feed for each running room.
type Hub struct {
	mu    sync.Mutex // guards feeds; taken before a feed's
	feeds map[id.Room]*feed
}

// A feed is the last events of one room, and those who watch it.
type feed struct {
	mu      sync.Mutex // guards all of this, and the places of the watches
	last    uint64     // number of the last event
	kept    [][]byte   // the last events, up to and including last
	ended   bool       // there will be no more
	notice  []byte     // the newest, for those who come later
	watches map[*Watch]struct{}
}

// New returns a hub of no rooms.
func New() *Hub { return &Hub{feeds: make(map[id.Room]*feed)} }

// Happened delivers events. It is a live.Watcher.
func (h *Hub) Happened(name id.Room, _ *room.Room, first uint64, events []room.Event) {
	frames := make([][]byte, len(events))
	ended := false
	for i, e := range events {
		frames[i] = appendFrame(nil, name, first+uint64(i), e)
		if _, ok := e.(room.Ended); ok {
			ended = true
		}
	}
	h.feed(name, first).deliver(frames, ended)
	if ended {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.feeds, name)
	}
}

// appendFrame appends an event as watchers are sent it:
// {"seq":42,"room":"…","hand_raised":{…}}.
func appendFrame(b []byte, name id.Room, seq uint64, e room.Event) []byte {
	b = append(b, `{"seq":`...)
	b = strconv.AppendUint(b, seq, 10)
	b = append(b, `,"room":"`...)
	b, _ = name.AppendText(b) // never fails
	b = append(b, `",`...)
	b = room.AppendEvent(b, e)
	return append(b, '}')
}

// feed returns the feed of the room, or a new one that begins at first.
func (h *Hub) feed(name id.Room, first uint64) *feed {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.feeds[name]
	if f == nil {
		f = &feed{last: first - 1, watches: make(map[*Watch]struct{})}
		h.feeds[name] = f
	}
	return f
}

func (h *Hub) find(name id.Room) *feed {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.feeds[name]
}

func (f *feed) deliver(frames [][]byte, ended bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for w := range f.watches {
		if w.waiting() > waitMax {
			w.slow = true
			w.stop()
		}
	}
	f.last += uint64(len(frames))
	f.kept = append(f.kept, frames...)
	if extra := len(f.kept) - keepMax; extra > 0 {
		f.kept = slices.Delete(f.kept, 0, extra)
	}
	f.ended = ended
	for w := range f.watches {
		if w.next < f.oldest() { // waited for too much at once
			w.slow = true
			w.stop()
			continue
		}
		w.rouse()
	}
}

// oldest returns the number of the first event at hand.
func (f *feed) oldest() uint64 { return f.last - uint64(len(f.kept)) + 1 }

// Tell delivers a notice, after all events up to now. A notice that a watcher
// has not taken yet gives way to a newer one, so notices never wait in line.
// Whoever comes later begins with the newest.
func (h *Hub) Tell(name id.Room, frame []byte) {
	f := h.find(name)
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.notice = frame
	for w := range f.watches {
		w.notice, w.noticeAfter = frame, f.last
		w.rouse()
	}
}

// Watch returns a watch of all events of the room after the one with the
// number since. It reports false when the room does not run here, or not all
// of those events are at hand.
func (h *Hub) Watch(name id.Room, since uint64) (*Watch, bool) {
	f := h.find(name)
	if f == nil {
		return nil, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended || since > f.last || since+1 < f.oldest() {
		return nil, false
	}
	w := &Watch{
		of: f, next: since + 1, joined: f.last, notice: f.notice, noticeAfter: f.last,
		frames: make(chan []byte), roused: make(chan struct{}, 1), done: make(chan struct{}),
	}
	f.watches[w] = struct{}{}
	go w.run()
	return w, true
}
