package world

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/stoa-audio/stoa/internal/bench/crowd"
)

// cookie is that of a session, at a house with TLS.
const cookie = "__Host-stoa_session"

// A Person has an account at the house.
type Person struct {
	crowd.Person

	world *World
}

// Person returns one of the crowd. The first is the founder.
func (w *World) Person(i int) Person { return Person{w.Crowd[i], w} }

// A Problem is why the house refuses something.
type Problem struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Title  string `json:"title"`
}

func (p *Problem) Error() string { return fmt.Sprintf("%s (%d %s)", p.Title, p.Status, p.Code) }

// A Grant is permission to enter a room, and where its media may be.
type Grant struct {
	Grant string
	Nodes []struct{ ID, Region, URL string }
}

// Open opens a room, with a fence if there is to be one, and returns its name.
func (p Person) Open(ctx context.Context, title, fence string) (string, error) {
	body := map[string]string{"title": title, "visibility": "open"}
	if fence != "" {
		body["fence"] = fence
	}
	var card struct{ ID string }
	err := p.call(ctx, http.MethodPost, "/rooms", body, &card)
	return card.ID, err
}

// Grant asks for permission to enter a room.
func (p Person) Grant(ctx context.Context, room string) (g Grant, err error) {
	return g, p.call(ctx, http.MethodPost, "/rooms/"+room+"/grants", struct{}{}, &g)
}

// call calls the house.
func (p Person) call(ctx context.Context, method, to string, body, answer any) error {
	var b []byte
	if body != nil {
		var err error
		if b, err = json.Marshal(body); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, p.world.Nodes[0].URL+"/api/v1"+to, bytes.NewReader(b))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.AddCookie(&http.Cookie{Name: cookie, Value: p.Token}) //nolint:gosec // of a request
	res, err := p.world.HTTP.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // read to its end below
	const answerMax = 1 << 20
	b, err = io.ReadAll(io.LimitReader(res.Body, answerMax))
	if err != nil {
		return err
	}
	if res.StatusCode >= http.StatusMultipleChoices {
		refused := &Problem{Status: res.StatusCode}
		return errors.Join(json.Unmarshal(b, refused), refused)
	}
	return json.Unmarshal(b, answer)
}
