package api

import (
	"context"
	"log/slog"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/region"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/schedule"
	"github.com/stoa-audio/stoa/internal/signal"
)

// plansEvery is how often the house looks at its plans.
const plansEvery = time.Second

// watchPlans opens the rooms of plans and reminds people until the node stops.
func (a *API) watchPlans() {
	var reminded schedule.Reminder
	a.every(plansEvery, doMax, func(ctx context.Context) { reminded = a.turn(ctx, reminded) })
}

// every does something again and again, each time for so long at most, until the
// node stops.
func (a *API) every(period, most time.Duration, do func(context.Context)) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-a.work.Done():
			return
		case <-tick.C:
			ctx, cancel := context.WithTimeout(a.work, most)
			do(ctx)
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
	a.tell(ctx, words)
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
	by := p.Host
	for _, one := range p.Hosts() { // who is kept out hosts no rooms
		if !a.isOut(one) {
			by = one
			break
		}
	}
	host, err := a.People.Account(ctx, by)
	if err != nil {
		return err
	}
	c := room.OpenRoom{
		By: by, Name: host.Name, Picture: host.Picture, Title: p.Title, Fence: region.Anywhere, Hosts: p.Hosts(),
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

// tellPlan tells those who go to a plan what has become of it.
func (a *API) tellPlan(ctx context.Context, which id.Plan) {
	words, err := a.Schedule.NewsOf(ctx, which, a.conns.has)
	a.missed(ctx, "news of a plan have to wait", err)
	a.tell(ctx, words)
}

// tellNews tells somebody who has just come what there is of their plans.
func (a *API) tellNews(who id.Person) {
	ctx, cancel := context.WithTimeout(a.work, doMax)
	defer cancel()
	words, err := a.Schedule.News(ctx, who)
	a.missed(ctx, "news of plans have to wait", err)
	a.tell(ctx, words)
}

// tell sends words to all connections of those whom they are for, and puts them
// among everybody's news: also of those who are away, once.
func (a *API) tell(ctx context.Context, words []schedule.Word) {
	if len(words) == 0 {
		return
	}
	of := make(map[id.Person][][]byte)
	pieces := make([]news.Piece, len(words))
	for i, w := range words {
		pieces[i] = planPiece(w)
		if w.Away {
			continue
		}
		of[w.Who] = append(of[w.Who], encode(signal.Notice{Plan: &signal.Plan{
			ID: w.Plan, Kind: string(w.Kind), Title: w.Title, Starts: w.Starts,
		}}))
	}
	a.conns.send(of)
	a.tellAll(ctx, pieces...)
}

// planPiece is a word as a piece of news. What it is about tells it apart: a plan
// that has moved twice has moved to two times.
func planPiece(w schedule.Word) news.Piece {
	p := news.Piece{To: w.Who, Plan: w.Plan, Mark: uint64(w.Starts.UnixMilli())} //nolint:gosec // its bits
	switch w.Kind {
	case schedule.Soon:
		p.Kind, p.Mark = news.PlanSoon, uint64(w.Due.UnixMilli()) //nolint:gosec // its bits
	case schedule.NowOpen:
		p.Kind = news.PlanOpen
	case schedule.Moved:
		p.Kind = news.PlanMoved
	case schedule.IsCancelled:
		p.Kind = news.PlanCancelled
	}
	return p
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

// send sends texts to the connections that watch of those whom they are for.
func (s *connections) send(of map[id.Person][][]byte) {
	var to []*connection
	s.mu.Lock()
	for c := range s.all {
		if c.watches && of[c.session.Person] != nil {
			to = append(to, c)
		}
	}
	s.mu.Unlock()
	for _, c := range to {
		for _, text := range of[c.session.Person] {
			c.ws.Send(text)
		}
	}
}
