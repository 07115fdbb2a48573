package stoa_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/moderation"
	"github.com/stoa-audio/stoa/internal/node"
	"github.com/stoa-audio/stoa/internal/overlay/admission"
	"github.com/stoa-audio/stoa/internal/region"
	"github.com/stoa-audio/stoa/internal/store"
	stoa "github.com/stoa-audio/stoa/sdk/go"
)

// A network is a house on one of some nodes.
type network struct {
	*house

	nodes []*node.Node
	args  [][]string // by which they were started
	stops []func()
}

// openNetwork starts a node at each place; the first has the people.
func openNetwork(t *testing.T, places ...region.Place) *network {
	t.Helper()
	return openNetworkOf(t, 0, places...)
}

// openNetworkOf starts a node at each place; one of them has the people.
func openNetworkOf(t *testing.T, home int, places ...region.Place) *network {
	t.Helper()
	if testing.Short() {
		t.Skip("several nodes in one process: in make test")
	}
	n := &network{house: &house{t: t}}
	var office *admission.Office
	for i, place := range places {
		data, trunk := t.TempDir(), freePort(t)
		addr := strings.Replace(freePort(t), "127.0.0.1", "localhost", 1)
		args := []string{"--addr", addr, "--url", "http://" + addr, "--media.listen", "127.0.0.1:0", "--data", data, "--network.listen", trunk, "--invites.per_person", "10"}
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
		n.nodes, n.args, n.stops = append(n.nodes, nil), append(n.args, args), append(n.stops, nil)
		n.start(i)
	}
	n.node = n.nodes[home]
	n.open()
	return n
}

// start starts a node, for the first time or again.
func (n *network) start(i int) {
	n.t.Helper()
	one := startNode(n.t, n.args[i]...)
	stop := sync.OnceFunc(func() { n.must(one.Stop(context.WithoutCancel(n.t.Context()))) })
	n.t.Cleanup(stop)
	n.nodes[i], n.stops[i] = one, stop
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

// threeNodes opens a network of three nodes, at each of which somebody is: Ada and
// Ben with open microphones, and Cleo, who listens.
func threeNodes(t *testing.T) (ctx context.Context, n *network, ada, ben, cleo *stoa.Room) {
	t.Helper()
	n = openNetwork(t, berlin, chicago, osaka)
	ctx = within(t)
	var at map[string]string
	until(ctx, t, "all nodes to know each other", func() bool {
		at = n.places(n.founder)
		return len(at) == 3
	})
	ada = join(t, n.house, n.grant(n.founder))
	joinAt := func(name, where string) *stoa.Room {
		t.Helper()
		r, err := stoa.Join(t.Context(), n.url, n.grant(n.guest(name)), stoa.At(at[where]))
		n.must(err)
		return r
	}
	ben, cleo = joinAt("Ben", "us"), joinAt("Cleo", "ap")
	n.must(ada.Unmute(ctx))
	n.must(ada.Ask(ctx, "ask_up", map[string]string{"who": ben.Me}))
	until(ctx, t, "the invitation", func() bool { return ben.Ask(ctx, "step_up", struct{}{}) == nil })
	n.must(ben.Unmute(ctx))
	return ctx, n, ada, ben, cleo
}

// Ada speaks at one node, Ben at another, and Cleo only listens at a third: each
// hears the others, and who is put out hears nothing any more.
func TestARoomOverThreeNodes(t *testing.T) {
	ctx, n, ada, ben, cleo := threeNodes(t)
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
	if at := n.places(n.founder); at["ap"] != "" || at["eu"] == "" {
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

// The house stops, and its deputy goes on with the room: nobody loses their seat
// or their role, and who sits elsewhere hears on. When it is back, it has its room
// again. Now and then half a second is not heard, while all agree on keys by
// another node.
func TestTheHouseGoes(t *testing.T) {
	n := openNetworkOf(t, 1, berlin, berlin, berlin, chicago)
	ctx, end := context.WithTimeout(t.Context(), 3*patience)
	defer end()
	until(ctx, t, "all nodes to know each other", func() bool { return len(n.at(n.founder)) == 4 })
	elsewhere := func() string { return n.at(n.founder)["us"] }
	joinAt := func(who *http.Client) *stoa.Room {
		t.Helper()
		r, err := stoa.Join(t.Context(), n.url, n.grant(who), stoa.At(elsewhere()))
		n.must(err)
		return r
	}
	ada, ben := joinAt(n.founder), joinAt(n.guest("Ben"))
	cleo := join(t, n.house, n.grant(n.guest("Cleo"))) // her voice comes in at the house
	n.must(ada.Unmute(ctx))
	sealed(ctx, t, ada, ben, cleo)
	until(ctx, t, "a deputy", func() bool { return ada.HasDeputy() && ben.HasDeputy() && cleo.HasDeputy() })

	stop, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		for stop.Err() == nil {
			_ = talk(stop, ada, 10_000) // while her connection is made anew, nothing can be said
		}
	}()
	hears := func(who *stoa.Room, frames int) (lost int) {
		t.Helper()
		for range frames {
			f, err := who.Hear(ctx)
			n.must(err)
			lost += f.Lost
		}
		return lost
	}
	hears(ben, 50)
	hears(cleo, 50)

	began := time.Now()
	n.stops[1]()
	const late = 5 // frames, on a busy machine
	if lost := hears(ben, 100); lost > late {
		t.Errorf("%d frames were lost to somebody whose node was not the house", lost)
	}
	until(ctx, t, "the moderator to be asked again", func() bool { return ada.Ask(ctx, "set_hands", map[string]string{"policy": "off"}) == nil })
	t.Logf("asked again after %v", time.Since(began).Round(time.Millisecond))
	until(ctx, t, "a listener to be there again", func() bool { return refused(ben.RaiseHand(ctx)) == "hands_closed" })
	hears(cleo, 50)
	t.Logf("heard again by who was at the house after %v", time.Since(began).Round(time.Millisecond))

	n.start(1)
	began = time.Now()
	if lost := hears(ben, 300); lost > late {
		t.Errorf("%d frames were lost when the house came back", lost)
	}
	until(ctx, t, "the house to have its room again", func() bool {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, n.node.URL()+"/api/v1/rooms/"+path.Base(n.url), nil)
		n.must(err)
		res, err := n.founder.Do(r)
		n.must(err)
		return errors.Join(res.Body.Close()) == nil && res.StatusCode == http.StatusOK
	})
	until(ctx, t, "the moderator to be asked again", func() bool { return ada.Ask(ctx, "set_hands", map[string]string{"policy": "everyone"}) == nil })
	until(ctx, t, "a listener to be there again", func() bool { return ben.RaiseHand(ctx) == nil })
	t.Logf("in its house again after %v", time.Since(began).Round(time.Millisecond))
	hears(ben, 50)
	hears(cleo, 50)
	began = time.Now()
	inside, leave := context.WithCancel(ctx)
	dora, err := stoa.Join(inside, n.url, n.grant(n.guest("Dora")), stoa.At(elsewhere()))
	n.must(err)
	hears(dora, 50)
	t.Logf("heard by somebody new after %v", time.Since(began).Round(time.Millisecond))
	// Whose program ends does not take the seat again.
	until(ctx, t, "a deputy", dora.HasDeputy)
	leave()
	gone := false
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); {
		looking, stop := context.WithDeadline(ctx, end)
		e, err := ada.Next(looking)
		stop()
		if err != nil || !strings.Contains(string(e.Body), dora.Me) {
			continue
		}
		gone = gone || e.Name == "went_away"
		if gone && e.Name == "returned" {
			t.Error("she is there again")
		}
	}
	if !gone {
		t.Error("nobody is told that she is away")
	}
}

// refused returns the code of a problem.
func refused(err error) string {
	if p, ok := errors.AsType[*stoa.Problem](err); ok {
		return p.Code
	}
	return ""
}

// at returns the nodes at which media may be: by region, and where there are
// more than one, by their ids.
func (n *network) at(person *http.Client) map[string]string {
	n.t.Helper()
	var g struct {
		Nodes []struct{ ID, Region string }
	}
	n.call(person, "/rooms/"+path.Base(n.url)+"/grants", struct{}{}, &g)
	at := make(map[string]string)
	for _, one := range g.Nodes {
		if at[one.Region] != "" {
			at[one.ID] = one.ID
		} else {
			at[one.Region] = one.ID
		}
	}
	return at
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

// It was decided that somebody is kept out, and the house has not come to do it: it
// stopped, or its deputy had the room. When it is back, they have no seat and are let
// in nowhere, and who is in good standing stays.
func TestTheHouseHasDecided(t *testing.T) {
	n := openNetworkOf(t, 1, berlin, berlin, berlin)
	ctx, end := context.WithTimeout(t.Context(), 3*patience)
	defer end()
	until(ctx, t, "all nodes to know each other", func() bool { return len(n.at(n.founder)) == 3 })
	ada, ben, cleo := join(t, n.house, n.grant(n.founder)), join(t, n.house, n.grant(n.guest("Ben"))), join(t, n.house, n.grant(n.guest("Cleo")))
	until(ctx, t, "a deputy", func() bool { return ada.HasDeputy() && ben.HasDeputy() && cleo.HasDeputy() })
	n.must(ada.Ask(ctx, "set_hands", map[string]string{"policy": "off"}))
	n.stops[1]()
	until(ctx, t, "all to be there again", func() bool {
		return ada.Ask(ctx, "set_hands", map[string]string{"policy": "off"}) == nil &&
			refused(ben.RaiseHand(ctx)) == "hands_closed" && refused(cleo.RaiseHand(ctx)) == "hands_closed"
	})

	n.ban(1, ada.Me, ben.Me)
	n.start(1)
	until(ctx, t, "the house to have its room again", func() bool {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, n.node.URL()+"/api/v1/rooms/"+path.Base(n.url), nil)
		n.must(err)
		res, err := n.founder.Do(r)
		n.must(err)
		return errors.Join(res.Body.Close()) == nil && res.StatusCode == http.StatusOK
	})
	until(ctx, t, "the moderator to be there again, and answered", func() bool {
		err := ada.Ask(ctx, "ask_up", map[string]string{"who": ben.Me})
		if err == nil {
			t.Error("who is kept out has a seat")
		}
		return err == nil || refused(err) == "no_person"
	})
	select {
	case <-ben.Done():
	case <-ctx.Done():
		t.Error("who is kept out still tries to come in")
	}
	until(ctx, t, "the others to be there again", func() bool {
		return ada.Ask(ctx, "set_hands", map[string]string{"policy": "everyone"}) == nil && cleo.RaiseHand(ctx) == nil
	})
}

// ban has it stand in the records of a node, which is stopped, that somebody is banned.
func (n *network) ban(at int, byText, whoText string) {
	n.t.Helper()
	ctx := n.t.Context()
	var data string
	for i, arg := range n.args[at] {
		if arg == "--data" {
			data = n.args[at][i+1]
		}
	}
	s, err := store.Open(ctx, filepath.Join(data, "stoa.db"))
	n.must(err)
	by, err := id.Parse[id.Person](byText)
	n.must(err)
	who, err := id.Parse[id.Person](whoText)
	n.must(err)
	now, entry := time.Now(), moderation.EntryID(who)
	n.must(s.AddWritten(ctx, moderation.Report{ID: id.New[moderation.ReportID](), Entry: entry, Kind: moderation.Person, By: by, Reason: moderation.Spam, Sealed: []byte{1}, Made: now},
		moderation.Entry{ID: entry, Kind: moderation.Person, Person: who, Since: now}))
	n.must(s.Decide(ctx, entry, func(moderation.Scene) (moderation.Decision, error) {
		return moderation.Decision{
			ID: id.New[moderation.DecisionID](), Entry: entry, Kind: moderation.Person, Person: who, By: by, What: moderation.Ban, Made: now, Sealed: []byte{1},
		}, nil
	}))
	n.must(s.Close())
}
