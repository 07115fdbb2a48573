package main

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/stoa-audio/stoa/internal/bench/crowd"
	"github.com/stoa-audio/stoa/sdk/go/group"
)

const messageMax = 8 << 20

// A client is one of the crowd.
type client struct {
	all  *gathering
	ws   *websocket.Conn
	wake *time.Timer

	mu    sync.Mutex // guards what follows
	group *group.Group
	next  uint64
	stage []group.Standing
	begun bool
	gone  bool
	epoch uint32    // whose secret it holds
	at    time.Time // since when
}

// seat brings a person into the room. It does not knock yet.
func (g *gathering) seat(ctx context.Context, p crowd.Person) (*client, error) {
	grant, err := g.grant(ctx, p.Token)
	if err != nil {
		return nil, err
	}
	ws, answer, err := websocket.Dial(ctx, g.url+"/live", &websocket.DialOptions{
		HTTPClient: g.http, HTTPHeader: http.Header{"Cookie": {"stoa_session=" + p.Token}},
	})
	if answer != nil && answer.Body != nil {
		_ = answer.Body.Close() // empty after an upgrade
	}
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(messageMax)
	_, device, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	var who group.ID
	if err := who.UnmarshalText([]byte(p.ID.String())); err != nil {
		return nil, err
	}
	c := &client{all: g, ws: ws}
	if c.group, err = group.New(group.Config{Room: g.id, Who: who, Device: device}); err != nil {
		return nil, err
	}
	c.wake = time.AfterFunc(time.Hour, c.tick)
	c.mu.Lock()
	err = c.send(ctx, map[string]any{"enter": map[string]string{"grant": grant}})
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	seated := make(told, 1)
	go c.read(seated)
	select {
	case err = <-seated:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		c.close()
		return nil, fmt.Errorf("come in: %w", err)
	}
	return c, nil
}

func (c *client) close() {
	c.wake.Stop()
	_ = c.ws.CloseNow() // nobody is told
}

// has returns whether the client is out of the room, the epoch whose secret it
// holds, and since when.
func (c *client) has() (gone bool, epoch uint32, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.gone, c.epoch, c.at
}

// begin knocks.
func (c *client) begin() {
	c.do(func(now time.Time) {
		c.begun = true
		c.group.Entered(now)
		c.group.See(now, c.stage)
	})
}

func (c *client) tick() { c.do(c.group.Tick) }

// do tells the group something, and does what it asks for.
func (c *client) do(tell func(now time.Time)) {
	c.mu.Lock()
	now := time.Now()
	tell(now)
	for _, r := range c.group.Take() {
		if err := c.send(context.Background(), r); err != nil {
			break // read notices
		}
	}
	if due := c.group.Due(); !due.IsZero() && c.begun {
		c.wake.Reset(time.Until(due))
	}
	fresh := false
	if epochs := c.group.State().Epochs; len(epochs) > 0 && epochs[0].Number > c.epoch {
		c.epoch, c.at, fresh = epochs[0].Number, time.Now(), true
	}
	c.mu.Unlock()
	if fresh {
		c.all.news()
	}
}

// send makes a request of one member.
func (c *client) send(ctx context.Context, request any) error {
	b, err := json.Marshal(request)
	if err != nil {
		return err
	}
	c.next++
	b = append(fmt.Appendf(nil, `{"id":%d,`, c.next), b[1:]...)
	return c.ws.Write(ctx, websocket.MessageText, b)
}

// A message is what the node says, as far as it is listened to.
type message struct {
	Re      uint64          `json:"re"`
	Entered *entered        `json:"entered"`
	Problem json.RawMessage `json:"problem"`
	Tended  *struct {
		Sequence uint32 `json:"sequence"`
		Epoch    uint32 `json:"epoch"`
	} `json:"tended"`

	StepUp   *who `json:"stepped_up"`
	StepDown *who `json:"stepped_down"`
	Away     *who `json:"went_away"`
	Returned *who `json:"returned"`
	Left     *who `json:"left"`
	Cut      *who `json:"cut"`

	group.Notice
}

type who struct {
	Who group.ID `json:"who"`
}

type entered struct {
	View struct {
		People []participant `json:"people"`
	} `json:"view"`
}

type participant struct {
	Who   group.ID   `json:"who"`
	Stage uint64     `json:"stage"` // the event by which they came onto it; 0: they listen
	Away  *time.Time `json:"away_until"`
}

// read takes in what the node says, until the connection is gone.
func (c *client) read(seated told) {
	for {
		_, b, err := c.ws.Read(context.Background())
		if err != nil {
			c.mu.Lock()
			c.gone = true
			c.mu.Unlock()
			c.wake.Stop()
			seated.tell(err)
			c.all.news()
			return
		}
		var m message
		if err := json.Unmarshal(b, &m); err != nil {
			continue // of no interest
		}
		switch {
		case m.Entered != nil:
			c.seen(m.Entered)
			seated.tell(nil)
		case m.Problem != nil:
			seated.tell(fmt.Errorf("%s", m.Problem))
		case m.Tended != nil:
			c.do(func(now time.Time) { c.group.Tended(now, m.Tended.Sequence, m.Tended.Epoch) })
		case m.Cut != nil:
			c.close()
		case m.Announce != nil || m.Letter != nil || m.Knocks != nil || m.Untended != nil:
			c.do(func(now time.Time) { c.group.Hear(now, m.Notice) })
		default:
			c.happened(&m)
		}
	}
}

// told is how one hears whether one is seated: once.
type told chan error

func (t told) tell(err error) {
	select {
	case t <- err:
	default: // it has been told
	}
}

func (c *client) seen(e *entered) {
	people := slices.Clone(e.View.People)
	slices.SortFunc(people, func(a, b participant) int { return cmp.Compare(a.Stage, b.Stage) })
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range people {
		if p.Stage > 0 {
			c.stage = append(c.stage, group.Standing{Who: p.Who, Away: p.Away != nil})
		}
	}
}

// happened follows who is on the stage.
func (c *client) happened(m *message) {
	c.mu.Lock()
	at := func(w *who) int {
		return slices.IndexFunc(c.stage, func(s group.Standing) bool { return s.Who == w.Who })
	}
	before := slices.Clone(c.stage)
	switch {
	case m.StepUp != nil:
		c.stage = append(c.stage, group.Standing{Who: m.StepUp.Who})
	case m.StepDown != nil && at(m.StepDown) >= 0:
		c.stage = slices.Delete(c.stage, at(m.StepDown), at(m.StepDown)+1)
	case m.Left != nil && at(m.Left) >= 0:
		c.stage = slices.Delete(c.stage, at(m.Left), at(m.Left)+1)
	case m.Away != nil && at(m.Away) >= 0:
		c.stage[at(m.Away)].Away = true
	case m.Returned != nil && at(m.Returned) >= 0:
		c.stage[at(m.Returned)].Away = false
	}
	stage, begun := slices.Clone(c.stage), c.begun
	c.mu.Unlock()
	if begun && !slices.Equal(stage, before) {
		c.do(func(now time.Time) { c.group.See(now, stage) })
	}
}
