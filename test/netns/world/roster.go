package world

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// A Roster is who receives what at a node, in numbers (/debug/roster).
type Roster struct {
	Rooms []struct {
		Ours                         bool
		Seats, Receivers, Up, Ghosts int
	}
	Placed map[string]int
	Own    int
}

// Guests is how many people of other nodes' rooms have a seat at the node.
func (r Roster) Guests() (sum int) {
	for _, one := range r.Rooms {
		if !one.Ours {
			sum += one.Seats
		}
	}
	return sum
}

// Roster asks a node who receives what.
func (n *Node) Roster(ctx context.Context) (r Roster, err error) {
	b, err := n.look(ctx, "/debug/roster")
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(b, &r)
}

// Goroutines returns what the goroutines of a node do, by function.
func (n *Node) Goroutines(ctx context.Context) (string, error) {
	b, err := n.look(ctx, "/debug/pprof/goroutine?debug=1")
	return string(b), err
}

// Collect has a node collect what it does not use any more.
func (n *Node) Collect(ctx context.Context) error {
	_, err := n.look(ctx, "/debug/pprof/heap?gc=1")
	return err
}

// look asks a node's admin address, from within its place.
func (n *Node) look(ctx context.Context, path string) ([]byte, error) {
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return n.Place.Dial(ctx, network, address)
		},
	}
	client := &http.Client{Transport: transport, Timeout: patience}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+adminAddr+path, nil)
	if err != nil {
		return nil, err
	}
	res, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", n.Name, err)
	}
	defer func() { _ = res.Body.Close() }() // it was only read
	const bodyMax = 64 << 20
	return io.ReadAll(io.LimitReader(res.Body, bodyMax))
}

// A Standing is what somebody is in a room. Hand is the number of the event that
// raised theirs, 0 for none.
type Standing struct {
	Who  string
	Role string
	Hand uint64
}

// Standing returns what everybody in a room is, as the house knows it.
func (p Person) Standing(ctx context.Context, room string) (map[string]Standing, error) {
	all := make(map[string]Standing)
	after := ""
	for {
		var page struct {
			People []Standing
			Next   json.Number
		}
		query := url.Values{"limit": {"100"}}
		if after != "" {
			query.Set("after", after)
		}
		if err := p.call(ctx, http.MethodGet, "/rooms/"+room+"/people?"+query.Encode(), nil, &page); err != nil {
			return nil, err
		}
		for _, one := range page.People {
			all[one.Who] = one
		}
		if after = page.Next.String(); after == "" || after == "0" || strings.HasPrefix(after, "-") {
			return all, nil
		}
	}
}

// People returns who is in a room, with their roles, as the house knows it.
func (p Person) People(ctx context.Context, room string) (map[string]string, error) {
	all, err := p.Standing(ctx, room)
	if err != nil {
		return nil, err
	}
	roles := make(map[string]string)
	for who, one := range all {
		roles[who] = one.Role
	}
	return roles, nil
}
