package api

import (
	"bytes"
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/push"
)

// Bounds of pushing.
const (
	pushesEvery  = time.Second
	pushesAtOnce = 8
	pushesTurn   = 100 // pieces, and digests, that are looked at together
	digestNames  = 3   // people whom a digest names
	digestWorth  = 12 * time.Hour
	pushAgain    = time.Minute // when the records could not be read
)

// Pusher pushes a message to a browser.
type Pusher interface {
	PublicKey() string
	Send(ctx context.Context, to push.Subscription, m push.Message) error
}

// A pushed is what a browser is told, as docs/protocol/http.md describes it.
type pushed struct {
	Lang   string    `json:"lang"`
	Kind   news.Kind `json:"kind"`
	Who    string    `json:"who,omitempty"`
	Room   string    `json:"room,omitempty"`
	Club   string    `json:"club,omitempty"`
	Plan   string    `json:"plan,omitempty"`
	Starts time.Time `json:"starts,omitzero"`
	Names  []string  `json:"names,omitempty"` // of a digest
	Count  int       `json:"count,omitempty"`
	Path   string    `json:"path"`
	Tag    string    `json:"tag"`
}

// digest is the kind of what was held and comes together.
const digest news.Kind = "digest"

// watchPushes pushes what is to be pushed until the node stops.
func (a *API) watchPushes() {
	tick := time.NewTicker(pushesEvery)
	defer tick.Stop()
	for {
		select {
		case <-a.work.Done():
			return
		case <-tick.C:
		case <-a.pushes:
		}
		for a.pushTurn() && a.work.Err() == nil {
		}
	}
}

// pushTurn pushes some of what is due, and reports whether there may be more.
func (a *API) pushTurn() bool {
	ctx, cancel := context.WithTimeout(a.work, doMax)
	defer cancel()
	due, err := a.News.Due(ctx, pushesTurn)
	a.missed(ctx, "what is to be pushed has to wait", err)
	digests, err := a.News.Digests(ctx, pushesTurn)
	a.missed(ctx, "digests have to wait", err)
	free := make(chan struct{}, pushesAtOnce)
	var wg sync.WaitGroup
	do := func(what func(context.Context)) {
		free <- struct{}{}
		wg.Go(func() {
			// Each has its own time: what has been taken is brought to an end.
			ctx, cancel := context.WithTimeout(a.work, 2*doMax)
			defer cancel()
			what(ctx)
			<-free
		})
	}
	for _, p := range due {
		do(func(ctx context.Context) { a.pushPiece(ctx, p) })
	}
	for _, d := range digests {
		do(func(ctx context.Context) { a.pushDigest(ctx, d) })
	}
	wg.Wait()
	return len(due) == pushesTurn || len(digests) == pushesTurn
}

// pushPiece pushes a piece to the browsers of whom it is for. As long as one of
// them has taken it, they have been told.
func (a *API) pushPiece(ctx context.Context, p news.Piece) {
	seen, err := a.pieces(ctx, p.To, []news.Piece{p})
	again := a.Clock().Add(pushAgain)
	if err == nil && len(seen) > 0 {
		m := push.Message{Urgency: urgencyOf(p.Kind), Life: p.At.Add(p.Kind.Worth()).Sub(a.Clock())}
		var took bool
		if took, again, err = a.pushTo(ctx, p.To, pushedOf(seen[0]), m); took {
			return
		}
	}
	if err == nil && again.IsZero() || err == nil && len(seen) == 0 {
		return // it is in their list, or not theirs to know any more
	}
	a.missed(ctx, "a push has to wait", err)
	a.missed(ctx, "a push is lost", a.News.Later(context.WithoutCancel(ctx), p, again))
}

// pushDigest pushes what was held together.
func (a *API) pushDigest(ctx context.Context, d news.Digest) {
	seen, err := a.pieces(ctx, d.To, d.Pieces)
	if err != nil || len(seen) == 0 {
		a.missed(ctx, "a digest is lost", err)
		return
	}
	out := pushed{Kind: digest, Count: len(seen), Path: "/activity", Tag: "digest"}
	named := make(map[id.Person]bool)
	for _, p := range seen {
		if p.Who != nil && !named[p.Who.ID] && len(out.Names) < digestNames {
			named[p.Who.ID] = true
			out.Names = append(out.Names, p.Who.Name)
		}
	}
	_, _, err = a.pushTo(ctx, d.To, out, push.Message{Urgency: push.Low, Life: digestWorth})
	a.missed(ctx, "a digest is lost", err)
}

// pushTo pushes to all browsers of somebody, each in its language. It reports whether one has
// taken it, and else when the first of their services wants to be asked again;
// zero where there is none.
func (a *API) pushTo(ctx context.Context, to id.Person, what pushed, m push.Message) (took bool, again time.Time, err error) {
	devices, err := a.News.Devices(ctx, to)
	if err != nil {
		return false, a.Clock().Add(pushAgain), err
	}
	for _, d := range devices {
		until := d.Busy
		if !until.After(a.Clock()) {
			what.Lang = d.Language
			m.Text = textOf(what)
			sent := a.Pusher.Send(ctx, d.Subscription, m)
			if ctx.Err() != nil && sent != nil {
				return took, a.Clock().Add(pushAgain), ctx.Err()
			}
			took = took || sent == nil
			if until, err = a.News.Pushed(ctx, d, sent); err != nil {
				return took, a.Clock().Add(pushAgain), err
			}
		}
		if !until.IsZero() && (again.IsZero() || until.Before(again)) {
			again = until
		}
	}
	return took, again, nil
}

// urgencyOf is how soon somebody wants to know: only this of a message is seen by
// the push service.
func urgencyOf(k news.Kind) push.Urgency {
	switch k {
	case news.Ping, news.PlanSoon, news.PlanOpen, news.SignedIn, news.Recovered, news.PasskeyAdded, news.AddressMoved:
		return push.High
	case news.Live, news.Message, news.PlanMoved, news.PlanCancelled:
		return push.Normal
	default:
		return push.Low
	}
}

// pushedOf is a piece as a browser is told it: what the browser shows for one
// thing takes the place of what it has shown for it before.
func pushedOf(p Piece) pushed {
	out := pushed{Kind: p.Kind, Path: "/activity", Tag: string(p.Kind)}
	if p.Kind == news.Decision {
		out.Path = "/me/decisions"
	}
	if p.Kind.IsSecurity() {
		out.Path = "/settings"
	}
	if p.Who != nil {
		out.Who, out.Path, out.Tag = p.Who.Name, "/p/"+p.Who.ID.String(), "person "+p.Who.ID.String()
	}
	if p.Club != nil {
		out.Club, out.Path, out.Tag = p.Club.Name, "/c/"+p.Club.ID.String(), "club "+p.Club.ID.String()
	}
	if p.Plan != nil {
		out.Plan, out.Starts, out.Path, out.Tag = p.Plan.Title, p.Plan.Starts, "/plan/"+p.Plan.ID.String(), "plan "+p.Plan.ID.String()
	}
	if !p.Talk.IsZero() {
		out.Path, out.Tag = "/messages/"+p.Talk.String(), "conversation "+p.Talk.String()
	}
	if p.Room != nil {
		out.Room, out.Path, out.Tag = p.Room.Title, "/r/"+p.Room.ID.String(), "room "+p.Room.ID.String()
	}
	return out
}

// textOf writes a message. With <, > and & as they are the longest that there can
// be fits into one.
func textOf(p pushed) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(p); err != nil {
		panic("api: a push has no JSON form: " + err.Error()) // a mistake in this file
	}
	return bytes.TrimSpace(b.Bytes())
}
