package stoa_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/node"
	"github.com/stoa-audio/stoa/internal/overlay/admission"
	"github.com/stoa-audio/stoa/internal/region"
	stoa "github.com/stoa-audio/stoa/sdk/go"
)

// A network is a house on the first of some nodes.
type network struct {
	*house

	nodes []*node.Node
	stops []func()
}

// openNetwork starts a node at each place; the first has the people.
func openNetwork(t *testing.T, places ...region.Place) *network {
	t.Helper()
	n := &network{house: &house{t: t}}
	var office *admission.Office
	for i, place := range places {
		data, trunk := t.TempDir(), freePort(t)
		args := []string{"--addr", "localhost:0", "--url", "http://localhost:0", "--media.listen", "127.0.0.1:0", "--data", data, "--network.listen", trunk, "--invites.per_person", "10"}
		if i == 0 {
			var regions []string
			for _, p := range places {
				if len(regions) == 0 || regions[len(regions)-1] != p.Region {
					regions = append(regions, p.Region)
				}
			}
			dir := filepath.Join(data, node.NetworkDir)
			_, err := admission.Make(dir, regions, place.Operator, trunk, time.Now())
			n.must(err)
			office, err = admission.OpenOffice(dir)
			n.must(err)
		} else {
			token, err := office.Invite(time.Now(), place, time.Now().Add(time.Hour))
			n.must(err)
			args = append(args, "--join", token.String())
		}
		one := startNode(t, args...)
		stop := sync.OnceFunc(func() { n.must(one.Stop(context.WithoutCancel(t.Context()))) })
		t.Cleanup(stop)
		n.nodes, n.stops = append(n.nodes, one), append(n.stops, stop)
	}
	n.node = n.nodes[0]
	n.open()
	return n
}

// freePort returns an address on which nobody listens, by TCP or UDP.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		tcp, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		udp, err := net.ListenPacket("udp", tcp.Addr().String())
		_ = tcp.Close()
		if err == nil {
			_ = udp.Close()
			return tcp.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}

var (
	berlin  = region.Place{Region: "eu", Operator: "one"}
	chicago = region.Place{Region: "us", Operator: "two"}
	osaka   = region.Place{Region: "ap", Operator: "one"}
)

// Ada speaks at one node, Ben at another, and Cleo only listens at a third: each
// hears the others, and who is put out hears nothing any more.
func TestARoomOverThreeNodes(t *testing.T) {
	n := openNetwork(t, berlin, chicago, osaka)
	ctx := within(t)
	var at map[string]string
	until(ctx, t, "all nodes to know each other", func() bool {
		at = n.places(n.founder)
		return len(at) == 3
	})
	ada := join(t, n.house, n.grant(n.founder))
	joinAt := func(name, where string) *stoa.Room {
		t.Helper()
		r, err := stoa.Join(t.Context(), n.url, n.grant(n.guest(name)), stoa.At(at[where]))
		n.must(err)
		return r
	}
	ben, cleo := joinAt("Ben", "us"), joinAt("Cleo", "ap")
	n.must(ada.Unmute(ctx))
	n.must(ada.Ask(ctx, "ask_up", map[string]string{"who": ben.Me}))
	until(ctx, t, "the invitation", func() bool { return ben.Ask(ctx, "step_up", struct{}{}) == nil })
	n.must(ben.Unmute(ctx))
	sealed(ctx, t, ada, ben, cleo)
	hears := func(who, whom *stoa.Room) {
		t.Helper()
		stop, cancel := context.WithCancel(ctx)
		defer cancel()
		go func() { _ = talk(stop, whom, 1000) }()
		for heard := 0; heard < 25; {
			f, err := who.Hear(ctx)
			n.must(err)
			if f.Who == whom.Me {
				heard++
			}
		}
	}
	hears(cleo, ada)
	hears(cleo, ben)
	hears(ada, ben)
	hears(ben, ada)

	// Ben's node goes: he is sent to another one, and speaks and hears on.
	n.stops[1]()
	began := time.Now()
	hears(cleo, ben)
	hears(ben, ada)
	t.Logf("heard again after %v", time.Since(began).Round(time.Millisecond))

	// Cleo's node is outside a fence that is set: she hears on at another.
	n.must(ada.Ask(ctx, "set_fence", map[string]string{"to": "eu+us"}))
	set := time.Now()
	hears(cleo, ada)
	t.Logf("heard again after %v", time.Since(set).Round(time.Millisecond))
	if at = n.places(n.founder); at["ap"] != "" || at["eu"] == "" {
		t.Errorf("those who come are told of %v", at)
	}
	var refused *stoa.Problem
	if err := ada.Ask(ctx, "set_fence", map[string]string{"to": "us"}); !errors.As(err, &refused) || refused.Code != "outside" {
		t.Errorf("a fence that the house is outside of: %v", err)
	}

	n.must(ada.Ask(ctx, "remove", map[string]string{"who": cleo.Me}))
	<-cleo.Done()
	hears(ben, ada)
}

// places returns the nodes at which media may be, by region.
func (n *network) places(person *http.Client) map[string]string {
	n.t.Helper()
	var g struct {
		Nodes []struct{ ID, Region string }
	}
	n.call(person, "/rooms/"+path.Base(n.url)+"/grants", struct{}{}, &g)
	at := make(map[string]string)
	for _, one := range g.Nodes {
		at[one.Region] = one.ID
	}
	return at
}
