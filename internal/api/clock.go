package api

import (
	"context"
	"log/slog"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/schedule"
	"github.com/stoa-audio/stoa/internal/signal"
)

// plansEvery is how often the house looks at its plans.
const plansEvery = time.Second

// watchPlans opens the rooms of plans and reminds people until the node stops.
func (a *API) watchPlans() {
	tick := time.NewTicker(plansEvery)
	defer tick.Stop()
	var reminded schedule.Reminder
	for {
		select {
		case <-a.work.Done():
			return
		case <-tick.C:
			ctx, cancel := context.WithTimeout(a.work, doMax)
			reminded = a.turn(ctx, reminded)
			cancel()
		}
	}
}

// turn does what is due, and returns the last reminder that was looked at.
func (a *API) turn(ctx context.Context, after schedule.Reminder) schedule.Reminder {
	opened, err := a.Schedule.Turn(ctx, plannedRooms{a})
	a.missed(ctx, "a plan has to wait", err)
	for _, which := range opened {
		a.tellPlan(ctx, which)
	}
	words, last, err := a.Schedule.Remind(ctx, after, a.conns.has)
	a.missed(ctx, "reminders have to wait", err)
	a.tell(words)
	return last
}

// missed logs what is tried again soon.
func (a *API) missed(ctx context.Context, what string, err error) {
	if err != nil && a.work.Err() == nil {
		a.Log.LogAttrs(ctx, slog.LevelError, what, slog.Any("error", err))
	}
}

// plannedRooms opens the rooms of plans.
type plannedRooms struct{ *API }

// OpenPlanned opens the room of p, with its hosts as moderators.
func (a plannedRooms) OpenPlanned(ctx context.Context, p schedule.Plan, invite []id.Person) error {
	host, err := a.People.Account(ctx, p.Host)
	if err != nil {
		return err
	}
	c := room.OpenRoom{
		By: p.Host, Name: host.Name, Picture: host.Picture, Title: p.Title, Fence: region.Anywhere, Hosts: p.Hosts(),
		Language: p.Language, Topics: p.Topics,
	}
	if !p.Club.IsZero() {
		c.Club.ID = p.Club
		if c.Club.Name, err = a.Clubs.PublicName(ctx, p.Club); err != nil {
			return err
		}
	}
	if err := c.Visibility.UnmarshalText([]byte(p.Visibility)); err != nil {
		return err
	}
	if p.Fence != "" {
		if c.Fence, err = a.fence("fence", p.Fence); err != nil {
			return err
		}
	}
	return a.rooms.OpenAs(ctx, p.Room, c, invite)
}

// tellPlan tells those who go to a plan and are here what has become of it.
func (a *API) tellPlan(ctx context.Context, which id.Plan) {
	words, err := a.Schedule.NewsOf(ctx, which, a.conns.has)
	a.missed(ctx, "news of a plan have to wait", err)
	a.tell(words)
}

// tellNews tells somebody who has just come what there is of their plans.
func (a *API) tellNews(who id.Person) {
	ctx, cancel := context.WithTimeout(a.work, doMax)
	defer cancel()
	words, err := a.Schedule.News(ctx, who)
	a.missed(ctx, "news of plans have to wait", err)
	a.tell(words)
}

// tell sends words to all connections of those whom they are for.
func (a *API) tell(words []schedule.Word) {
	if len(words) == 0 {
		return
	}
	of := make(map[id.Person][][]byte)
	for _, w := range words {
		of[w.Who] = append(of[w.Who], encode(signal.Notice{Plan: &signal.Plan{
			ID: w.Plan, Kind: string(w.Kind), Title: w.Title, Starts: w.Starts,
		}}))
	}
	for _, c := range a.conns.of(of) {
		for _, text := range of[c.session.Person] {
			c.ws.Send(text)
		}
	}
}

// has reports whether somebody is here who watches the hallway.
func (s *connections) has(who id.Person) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.watching[who] > 0
}

// watch notes that c is told of plans, and reports whether that is new.
func (s *connections) watch(c *connection) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.all[c]; !there || c.watches {
		return false
	}
	if s.watching == nil {
		s.watching = make(map[id.Person]int)
	}
	c.watches = true
	s.watching[c.session.Person]++
	return true
}

// of returns the connections that watch of those in some.
func (s *connections) of(some map[id.Person][][]byte) (out []*connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.all {
		if c.watches && some[c.session.Person] != nil {
			out = append(out, c)
		}
	}
	return out
}
