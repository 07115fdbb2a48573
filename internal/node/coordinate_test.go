package node

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/coordinate"
	"github.com/stoa-audio/stoa/internal/overlay/admission"
	"github.com/stoa-audio/stoa/internal/region"
)

// port returns an address of this machine that nobody has now.
func port(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// A diary is what a node logs.
type diary struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (d *diary) Write(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.b.Write(b)
}

func (d *diary) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.b.String()
}

// house starts a node of a network.
func house(t *testing.T, log io.Writer, args ...string) *Node {
	t.Helper()
	args = append([]string{"--addr", "localhost:0", "--media.listen", "127.0.0.1:0"}, args...)
	c, err := LoadConfig(args, nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	n, err := Start(t.Context(), c, slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return n
}

func soon(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not soon: " + what)
		}
	}
}

// The nodes of a region know together who owns a room, over the trunk alone;
// those of another one know nothing of it, but that there are nodes.
func TestCoordination(t *testing.T) {
	first, door, log := t.TempDir(), port(t), new(diary)
	if _, err := admission.Make(filepath.Join(first, NetworkDir), []string{"eu", "us"}, "one", door, time.Now()); err != nil {
		t.Fatal(err)
	}
	invite := func(of string) string {
		t.Helper()
		office, err := admission.OpenOffice(filepath.Join(first, NetworkDir))
		if err != nil {
			t.Fatal(err)
		}
		token, err := office.Invite(time.Now(), region.Place{Region: of, Operator: "one"}, time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		return token.String()
	}
	seat := house(t, log, "--data", first, "--network.listen", door)
	eu := house(t, log, "--data", t.TempDir(), "--network.listen", port(t), "--join", invite("eu"))
	us := house(t, log, "--data", t.TempDir(), "--network.listen", port(t), "--join", invite("us"), "--coordination.seat", "here")
	all := []*Node{seat, eu, us}
	for _, n := range all {
		soon(t, "all take part", func() bool { return n.coordinator.Load().Counts().Watchers == 2 })
	}
	const key = "a-room-of-europe"
	owner := coordinate.Owner{Owner: eu.self(), Deputy: seat.self(), Term: 4, URL: eu.URL()}
	if err := eu.coordinator.Load().Claim(t.Context(), key, owner); err != nil {
		t.Fatal(err)
	}
	for _, n := range []*Node{seat, eu} {
		soon(t, "the region knows the owner", func() bool { o, ok := n.coordinator.Load().Owner(key); return ok && o == owner })
	}
	for _, n := range all {
		soon(t, "all nodes are known", func() bool {
			known := n.coordinator.Load().Nodes()
			if n != us {
				// Of the own region both, and the one that is beyond.
				return len(known) == 3
			}
			return slices.ContainsFunc(known, func(k coordinate.Known) bool { return k.Place.Region == "eu" })
		})
	}
	if _, ok := us.coordinator.Load().Owner(key); ok {
		t.Error("another region knows the owner")
	}
	if text := log.String(); strings.Contains(text, key) || strings.Contains(text, eu.self().String()) || strings.Contains(text, coordinate.NodeKey(eu.self())) || strings.Contains(text, "127.0.0.1") {
		t.Errorf("the log tells too much:\n%s", text)
	}
}

// A node in no network coordinates with nobody.
func TestNoCoordination(t *testing.T) {
	data := t.TempDir()
	n := house(t, io.Discard, "--data", data)
	if n.coordinator.Load() != nil {
		t.Error("it does")
	}
	if found, _ := filepath.Glob(filepath.Join(data, CoordinationDir)); len(found) > 0 {
		t.Error("it keeps something")
	}
}
