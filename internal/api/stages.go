package api

import (
	"context"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/room"
)

// Bounds of telling followers that somebody is on a stage.
const (
	steppedMax   = 1000                  // who have come onto a stage, and wait for that
	steppedKnown = 10000                 // of whom it is remembered that it has been done
	steppedWait  = time.Second           // a room tells of a change a moment before it can be read
	walkPage     = 200                   // followers that are told together
	walkRest     = 20 * time.Millisecond // and as long as that took
	walkMost     = 10 * time.Minute      // then it is not news any more
)

// A stepped is somebody who has come onto the stage of a room.
type stepped struct {
	room id.Room
	who  id.Person
	at   time.Time
}

// stages is who has come onto a stage and whose followers are to be told. The rooms
// put in what happens and do not wait; one goroutine goes over the followers, in
// pages, and rests after each, so that somebody with a million of them costs the
// others little.
type stages struct {
	queue chan stepped

	mu    *sync.Mutex
	known map[stepped]bool // at is zero
}

func newStages() stages {
	return stages{make(chan stepped, steppedMax), new(sync.Mutex), make(map[stepped]bool)}
}

// happened notes who comes onto a stage by events, once in each room.
func (s *stages) happened(name id.Room, events []room.Event) {
	for _, e := range events {
		switch e := e.(type) {
		case room.Opened:
			s.stepped(name, e.By)
		case room.SteppedUp:
			s.stepped(name, e.Who)
		default: // puts nobody on the stage
		}
	}
}

func (s *stages) stepped(name id.Room, who id.Person) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := stepped{room: name, who: who}
	if s.known[one] {
		return
	}
	if len(s.known) >= steppedKnown {
		clear(s.known) // all at once; the store knows what has been told
	}
	s.known[one] = true
	one.at = time.Now()
	select {
	case s.queue <- one:
	default: // too many at once: whoever looks at the hallway sees them there
	}
}

// watchStages tells followers until the node stops.
func (a *API) watchStages() {
	for {
		select {
		case <-a.work.Done():
			return
		case one := <-a.stages.queue:
			if a.rest(steppedWait - time.Since(one.at)) {
				a.tellFollowers(one)
			}
		}
	}
}

// rest waits, and reports whether the node goes on.
func (a *API) rest(d time.Duration) bool {
	select {
	case <-a.work.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// tellFollowers tells those who follow somebody that they are on a stage, as long
// as they are, and as far as the room exists for those who are told.
func (a *API) tellFollowers(one stepped) {
	for _, how := range isTold {
		var after id.Person
		for {
			began := time.Now()
			if began.Sub(one.at) > walkMost || !a.stands(one) {
				return
			}
			last, more := a.tellPage(one, after, how)
			if !more || !a.rest(max(walkRest, time.Since(began))) {
				break
			}
			after = last
		}
	}
}

// stands reports whether somebody is still on the stage.
func (a *API) stands(one stepped) (there bool) {
	a.rooms.Read(one.room, func(r *room.Room) { there = r.Role(one.who) >= room.Speaker })
	return there
}

// tellPage tells a page of followers, and returns the last of them, and whether
// there may be more.
func (a *API) tellPage(one stepped, after id.Person, how people.Notify) (last id.Person, more bool) {
	ctx, cancel := context.WithTimeout(a.work, doMax)
	defer cancel()
	page, err := a.People.FollowersToTell(ctx, one.who, how, after, walkPage)
	if err != nil || len(page) == 0 {
		a.missed(ctx, "some have not been told who is on a stage", err)
		return last, false
	}
	let := a.isFor(ctx, one.room, page)
	a.rooms.Read(one.room, func(r *room.Room) {
		for _, who := range page {
			if r.Participant(who) != nil { // they see it
				delete(let, who)
			}
		}
	})
	var pieces []news.Piece
	for _, to := range page {
		if let[to] {
			pieces = append(pieces, news.Piece{To: to, Kind: news.Live, Who: one.who, Room: one.room, Level: how})
		}
	}
	a.tellAll(ctx, pieces...)
	return page[len(page)-1], len(page) == walkPage
}
