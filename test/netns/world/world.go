// Package world runs a network of nodes as it is run: each node is a process
// (bin/stoa) in a network namespace of its own, with its own disk and address,
// and between them are oceans (package lines). There are places for people, too,
// from which they come as they do elsewhere: by names, TLS, WebSockets and
// WebRTC.
//
// What is not as elsewhere: accounts are there from the start, and all nodes
// share the processors of one machine.
package world

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/stoa-audio/stoa/internal/bench"
	"github.com/stoa-audio/stoa/internal/bench/child"
	"github.com/stoa-audio/stoa/internal/bench/crowd"
	"github.com/stoa-audio/stoa/test/netns/lines"
	"github.com/stoa-audio/stoa/test/netns/space"
)

// Program is the node's, if it is to be no other one.
const Program = "bin/stoa"

// Bounds.
const (
	startMax = 20 * time.Second // for a node to serve
	stopMax  = 15 * time.Second // for a node to end when it is asked to
	meetMax  = 30 * time.Second // for all nodes to know each other
	patience = 10 * time.Second // for what should come at once
)

// A Plan is what a world is to have.
type Plan struct {
	Nodes  []Spot // the first is the house
	People int    // with an account
	Seed   uint64
	// Servers are the regions that have servers of their own for coordination.
	Servers []string
	// Oceans says how the line between two regions is; nil: as on earth.
	Oceans func(a, b string) lines.Line
	Args   []string // more settings of each node
}

// A Spot is where a node is to stand.
type Spot struct {
	Name   string // such as "eu1": its region and a number
	Fence  string // network.fence; empty: none
	Beside string // the node at which it begins (network.seeds); empty: the house
	Seat   string // coordination.seat
}

// A World is a network that runs.
type World struct {
	Lines *lines.Network
	Nodes []*Node
	Crowd []crowd.Person
	HTTP  *http.Client // from where the programs among the people are

	dir      string
	names    *names
	children []*child.Process
	servers  []*child.Process
	places   []*space.Place
	plan     Plan

	mu       sync.Mutex // guards the rest
	guests   map[*Guest]bool
	mistakes []string
}

// A Node is one of the network.
type Node struct {
	*child.Process // the last that has been started

	Spot
	Place   *space.Place
	URL     string
	ID      string // its name in the network
	Program string // that it is started as

	killed bool // by us
	data   string
	args   []string
}

// Operator is who runs the nodes of all worlds.
const operator = "one"

// Open starts a network, and waits until its nodes know each other. The process
// must be in a namespace of its own (space.Enter), which is then where programs
// among the people are, in the region of the house.
func Open(ctx context.Context, plan Plan, here *space.Place) (w *World, err error) {
	oceans := plan.Oceans
	if oceans == nil {
		oceans = Earth
	}
	w = &World{plan: plan, names: newNames(), Lines: lines.New(plan.Seed, func(a, b netip.Addr) lines.Line {
		return oceans(regionOf(a), regionOf(b))
	})}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	if w.dir, err = os.MkdirTemp("", "stoa-netns-"); err != nil {
		return w, err
	}
	if err := w.names.certify(w.dir, plan.Nodes); err != nil {
		return w, err
	}
	w.HTTP = w.names.client()
	if here.Out != nil {
		if err := w.Lines.Attach(here.Address, here.Out); err != nil {
			return w, err
		}
	}
	for _, name := range plan.Servers {
		if err := w.serve(ctx, name); err != nil {
			return w, err
		}
	}
	for i, spot := range plan.Nodes {
		n, err := w.settle(ctx, i, spot)
		if err != nil {
			return w, fmt.Errorf("%s: %w", spot.Name, err)
		}
		w.Nodes = append(w.Nodes, n)
		if err := w.Start(ctx, n); err != nil {
			return w, err
		}
	}
	return w, w.identify(ctx)
}

// settle prepares a place, a disk and an invite for a node.
func (w *World) settle(ctx context.Context, i int, spot Spot) (*Node, error) {
	at := w.names.of(spot.Name)
	n := &Node{Spot: spot, URL: "https://" + domain(spot.Name), Program: Program, data: filepath.Join(w.dir, spot.Name)}
	var err error
	if n.Place, err = w.NewPlace(at); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(n.data, 0o700); err != nil {
		return nil, err
	}
	trunk := netip.AddrPortFrom(at, trunkPort).String()
	n.args = append([]string{
		"serve", "--data", n.data, "--addr", netip.AddrPortFrom(at, 443).String(), "--url", n.URL,
		"--tls.cert", filepath.Join(w.dir, certFile), "--tls.key", filepath.Join(w.dir, keyFile),
		"--media.listen", netip.AddrPortFrom(at, 7882).String(), "--network.listen", trunk, "--admin.addr", adminAddr,
		// One machine has all of them: none may find it full.
		"--load.cpu", "1",
	}, w.plan.Args...)
	if spot.Fence != "" {
		n.args = append(n.args, "--network.fence", spot.Fence)
	}
	if spot.Seat != "" {
		n.args = append(n.args, "--coordination.seat", spot.Seat)
	}
	if slices.Contains(w.plan.Servers, spot.Region()) {
		n.args = append(n.args, w.reach(spot.Region())...)
	}
	if spot.Beside != "" {
		n.args = append(n.args, "--network.seeds", netip.AddrPortFrom(w.names.of(spot.Beside), trunkPort).String())
	}
	if i == 0 {
		args := []string{"network", "init", "--data", n.data, "--operator", operator, "--address", trunk}
		for _, r := range regions(w.plan.Nodes) {
			args = append(args, "--region", r)
		}
		if _, err := command(ctx, args...); err != nil {
			return nil, err
		}
		w.Crowd, err = bench.Seed(ctx, n.data, max(w.plan.People, 1))
		return n, err
	}
	house := w.Nodes[0]
	invite, err := command(ctx, "network", "invite", "--data", house.data, "--region", spot.Region(), "--operator", operator)
	n.args = append(n.args, "--join", strings.TrimSpace(invite))
	return n, err
}

// NewPlace makes a place for people, or whomever.
func (w *World) NewPlace(at netip.Addr) (*space.Place, error) {
	p, err := space.New(at)
	if err != nil {
		return nil, err
	}
	w.places = append(w.places, p)
	return p, w.Lines.Attach(at, p.Out)
}

// Region is where the node stands.
func (s Spot) Region() string { return strings.TrimRight(s.Name, "0123456789") }

// Addr is the node's address.
func (n *Node) Addr() netip.Addr { return n.Place.Address }

// Node returns a node by its name.
func (w *World) Node(name string) *Node {
	for _, n := range w.Nodes {
		if n.Name == name {
			return n
		}
	}
	return nil
}

// Run starts a program in a place. It is ended with the world.
func (w *World) Run(p *space.Place, c *exec.Cmd) (started *child.Process, err error) {
	err = p.Do(func() error {
		started, err = child.Start(c)
		return err
	})
	if err == nil {
		w.children = append(w.children, started)
	}
	return started, err
}

// mistakesMax bounds how many are kept.
const mistakesMax = 100

// look keeps what a node has logged as its own mistakes.
func (w *World) look(n *Node) {
	if n.Process == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for line := range strings.Lines(n.Log.String()) {
		if strings.Contains(line, "level=ERROR") && len(w.mistakes) < mistakesMax {
			w.mistakes = append(w.mistakes, n.Name+": "+strings.TrimSpace(line))
		}
	}
}

// Mistakes returns what nodes have logged as errors, as far back as is kept of
// their logs.
func (w *World) Mistakes() []string {
	for _, n := range w.Nodes {
		w.look(n)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.mistakes
}

// Start starts a node, again if it has run before, and waits until it serves.
func (w *World) Start(ctx context.Context, n *Node) (err error) {
	w.look(n)
	w.Lines.Dark(n.Addr(), false)
	n.killed = false
	if n.Process, err = w.Run(n.Place, exec.Command(n.Program, n.args...)); err != nil { //nolint:noctx // it is ended with the world
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startMax)
	defer cancel()
	for {
		c, err := n.Place.Dial(ctx, "tcp", netip.AddrPortFrom(n.Addr(), 443).String())
		if err == nil {
			return c.Close()
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
		}
		if n.Ended() || ctx.Err() != nil {
			return n.Failed(n.Name+" does not serve", err)
		}
	}
}

// Kill ends a node at once, and its machine with it: nothing says that it is
// gone.
func (w *World) Kill(n *Node) {
	w.Lines.Dark(n.Addr(), true)
	n.killed = true
	n.Stop()
}

// Fallen returns what nodes have said last that have ended by themselves.
func (w *World) Fallen() error {
	var errs []error
	for _, n := range w.Nodes {
		if n.Process != nil && !n.killed && n.Ended() {
			errs = append(errs, n.Failed(n.Name, errFallen))
		}
	}
	return errors.Join(errs...)
}

var errFallen = errors.New("the node has ended by itself")

// Drain asks a node to end, and waits until it has.
func (n *Node) Drain(ctx context.Context) error {
	n.killed = true
	if err := syscall.Kill(n.PID(), syscall.SIGTERM); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, stopMax)
	defer cancel()
	return wait(ctx, n.Name+" to end", func() (bool, error) { return n.Ended(), nil })
}

// identify waits until the house knows all nodes that it may, and learns their
// names.
func (w *World) identify(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, meetMax)
	defer cancel()
	house := w.Nodes[0]
	founder := w.Person(0)
	room, err := founder.Open(ctx, "Roll call", "")
	if err != nil {
		return err
	}
	err = wait(ctx, "the nodes to know each other", func() (bool, error) {
		g, err := founder.Grant(ctx, room)
		if err != nil {
			return false, err
		}
		for _, one := range g.Nodes {
			for _, n := range w.Nodes {
				if n.URL == one.URL {
					n.ID = one.ID
				}
			}
		}
		for _, n := range w.Nodes {
			if n.ID == "" && w.meets(house.Spot, n.Spot) {
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil {
		return house.Failed("the house", err)
	}
	// It empties, and ends by itself.
	return nil
}

// meets reports whether the fences of two nodes allow them to meet.
func (w *World) meets(a, b Spot) bool {
	return fenceAllows(a.Fence, b.Region()) && fenceAllows(b.Fence, a.Region())
}

// Close ends everybody and everything.
func (w *World) Close() error {
	w.mu.Lock()
	guests := w.guests
	w.guests = nil
	w.mu.Unlock()
	for g := range guests {
		g.Close()
	}
	for _, c := range w.children {
		c.Kill()
	}
	for _, c := range w.children {
		c.Stop()
	}
	err := w.Lines.Close()
	for _, p := range w.places {
		err = errors.Join(err, p.Close())
	}
	if w.HTTP != nil {
		w.HTTP.CloseIdleConnections()
	}
	if w.dir != "" {
		err = errors.Join(err, os.RemoveAll(w.dir))
	}
	return err
}

// command runs the node's program to its end, and returns what it prints.
func command(ctx context.Context, args ...string) (string, error) {
	c := exec.CommandContext(ctx, Program, args...)
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", Program, strings.Join(args, " "), err, said.String())
	}
	return string(out), nil
}

// wait waits until something is so.
func wait(ctx context.Context, what string, is func() (bool, error)) error {
	var last error
	for {
		ok, err := is()
		if ok {
			return nil
		}
		if err != nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("waited too long for %s", what), last)
		case <-time.After(25 * time.Millisecond):
		}
	}
}

// Wait waits until something is so, for as long as it should take.
func Wait(ctx context.Context, what string, most time.Duration, is func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	return wait(ctx, what, func() (bool, error) { return is(), nil })
}
