package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stoa-audio/stoa/internal/bench/crowd"
	"github.com/stoa-audio/stoa/sdk/go/group"
)

const patience = 2 * time.Minute

// A gathering is the people of a crowd, and those of them who are in the room.
type gathering struct {
	url, room string
	id        group.ID
	people    []crowd.Person // who are not in yet
	http      *http.Client

	mu      sync.Mutex // guards what follows
	in      []*client
	changed chan struct{} // closed when somebody has another secret
}

func newCrowd(url, room string, people []crowd.Person) (*gathering, error) {
	g := &gathering{
		url: strings.TrimSuffix(url, "/") + "/api/v1", room: room, people: people, changed: make(chan struct{}),
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}},
	}
	return g, g.id.UnmarshalText([]byte(room))
}

func (g *gathering) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.in {
		c.close()
	}
}

// joined is how it went to bring people in: from asking to be seated until they
// had the secret.
type joined struct {
	Joined int     `json:"joined"`
	Epoch  uint32  `json:"epoch"`
	All    float64 `json:"all_ms"` // from the first who knocks to the last who is let in
	P50    float64 `json:"p50_ms"`
	Most   float64 `json:"most_ms"`
}

// seated is said when all are, before they knock.
type seated struct {
	Knocking int `json:"knocking"`
}

// join brings n more in at once. All are seated first, and then all knock.
func (g *gathering) join(ctx context.Context, n int, say func(any) error) (joined, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if n > len(g.people) {
		return joined{}, errors.New("there are not so many")
	}
	who := g.people[:n]
	g.people = g.people[n:]
	clients := make([]*client, n)
	all, seating := errgroup.WithContext(ctx)
	all.SetLimit(64)
	for i, p := range who {
		all.Go(func() (err error) {
			clients[i], err = g.seat(seating, p)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return joined{}, err
	}
	g.mu.Lock()
	g.in = append(g.in, clients...)
	g.mu.Unlock()
	if err := say(seated{n}); err != nil {
		return joined{}, err
	}
	began := time.Now()
	for _, c := range clients {
		c.begin()
	}
	if _, err := g.expect(ctx, 1); err != nil {
		return joined{}, err
	}
	took := make([]float64, n)
	out := joined{Joined: n}
	for i, c := range clients {
		_, epoch, at := c.has()
		took[i], out.Epoch = ms(at.Sub(began)), max(out.Epoch, epoch)
	}
	slices.Sort(took)
	out.All, out.P50, out.Most = took[n-1], took[n/2], took[n-1]
	return out, nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// held is when all held an epoch's secret.
type held struct {
	Held  int     `json:"held"` // by so many
	Gone  int     `json:"gone"` // who are not in the room any more
	Epoch uint32  `json:"epoch"`
	First float64 `json:"first_at"` // ms since 1970
	Last  float64 `json:"last_at"`
	// Opened is how many of those who have gone hold a secret of it.
	Opened int `json:"opened_by_gone"`
}

// expect waits until all who are in the room hold the secret of an epoch, or of
// one after it.
func (g *gathering) expect(ctx context.Context, epoch uint32) (held, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		g.mu.Lock()
		out, waits := held{}, 0
		changed := g.changed
		for _, c := range g.in {
			gone, has, at := c.has()
			when := float64(at.UnixMicro()) / 1000
			switch {
			case gone:
				out.Gone++
				if has >= epoch {
					out.Opened++
				}
			case has < epoch:
				waits++
			default:
				out.Held++
				out.Epoch = max(out.Epoch, has)
				if out.First == 0 || when < out.First {
					out.First = when
				}
				out.Last = max(out.Last, when)
			}
		}
		g.mu.Unlock()
		if waits == 0 {
			return out, nil
		}
		select {
		case <-changed:
			time.Sleep(5 * time.Millisecond) // to look at all for each would cost more than they do
		case <-ctx.Done():
			return held{}, fmt.Errorf("%d wait for epoch %d: %w", waits, epoch, ctx.Err())
		}
	}
}

// news wakes who waits.
func (g *gathering) news() {
	g.mu.Lock()
	close(g.changed)
	g.changed = make(chan struct{})
	g.mu.Unlock()
}

// grant gets a person a grant.
func (g *gathering) grant(ctx context.Context, token string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url+"/rooms/"+g.room+"/grants", bytes.NewReader([]byte("{}")))
	if err != nil {
		return "", err
	}
	r.Header = http.Header{"Cookie": {"stoa_session=" + token}, "Content-Type": {"application/json"}}
	answer, err := g.http.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return "", err
	}
	if answer.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("a grant: %d %s", answer.StatusCode, text)
	}
	var got struct {
		Grant string `json:"grant"`
	}
	return got.Grant, json.Unmarshal(text, &got)
}
