package coordinate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/stoa-audio/stoa/internal/bench/child"
)

// The region's own servers are processes, so that they can be killed: this very
// binary, with what they are to be in the environment.
const beServer = "BE_A_SERVER"

type serverPlan struct {
	Name, Dir     string
	Port, Cluster int
	Routes        []string
}

func TestMain(m *testing.M) {
	if text := os.Getenv(beServer); text != "" {
		if err := runServer(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func runServer(text string) error {
	var p serverPlan
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return err
	}
	o := &server.Options{
		ServerName: p.Name, Host: "127.0.0.1", Port: p.Port, NoLog: true,
		JetStream: true, StoreDir: p.Dir, JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: 512 << 20,
		Cluster: server.ClusterOpts{Name: "own", Host: "127.0.0.1", Port: p.Cluster},
	}
	for _, r := range p.Routes {
		u, err := url.Parse(r)
		if err != nil {
			return err
		}
		o.Routes = append(o.Routes, u)
	}
	s, err := server.NewServer(o)
	if err != nil {
		return err
	}
	s.Start()
	s.WaitForShutdown()
	return nil
}

// cluster starts a region's own servers, and returns them by their names, and
// their URLs.
func cluster(t *testing.T, size int) (map[string]*child.Process, []string) {
	t.Helper()
	var held []net.Listener
	port := func() int { // each must be told of the others before it starts
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, l)
		return l.Addr().(*net.TCPAddr).Port
	}
	plans := make([]serverPlan, size)
	var routes []string
	for i := range plans {
		plans[i] = serverPlan{Name: fmt.Sprintf("own-%d", i), Dir: t.TempDir(), Port: port(), Cluster: port()}
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", plans[i].Cluster))
	}
	for _, l := range held {
		_ = l.Close()
	}
	all := make(map[string]*child.Process)
	var urls []string
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for _, p := range plans {
		p.Routes = routes
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), beServer+"="+string(text))
		one, err := child.Start(cmd)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(one.Stop)
		all[p.Name] = one
		urls = append(urls, fmt.Sprintf("nats://127.0.0.1:%d", p.Port))
	}
	for _, p := range plans {
		if err := all[p.Name].AwaitTCP(ctx, fmt.Sprintf("127.0.0.1:%d", p.Port)); err != nil {
			t.Fatal(err)
		}
	}
	return all, urls
}

// A region with three servers of its own keeps all three times, and takes claims
// again soon after the one that leads is gone.
func TestOwnServers(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	servers, urls := cluster(t, 3)
	a := open(t, Config{Self: member("eu"), Version: "1", Unfenced: true, Servers: urls})
	b := open(t, Config{Self: member("eu"), Version: "1", Unfenced: true, Servers: urls})
	for _, o := range []*Coordinator{a, b} {
		within(t, time.Minute, "a node takes part", func() bool { return o.Counts().Watchers == 2 })
	}
	claim(t, a, "before", a.by(1))
	knows(t, b, "before", a.by(1))
	if err := b.Claim(t.Context(), "before", b.by(1)); !errors.Is(err, ErrTerm) {
		t.Error(err)
	}
	claim(t, b, "before", b.by(2)) // b's copy is good enough to write by
	if err := a.Release(t.Context(), "before", 1); !errors.Is(err, ErrTerm) {
		t.Error(err)
	}
	_, info, err := a.roomsKept.look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if info.Config.Replicas != 3 || info.Cluster == nil {
		t.Fatalf("it is kept %d times", info.Config.Replicas)
	}
	leader := servers[info.Cluster.Leader]
	if leader == nil {
		t.Fatalf("%q leads", info.Cluster.Leader)
	}
	leader.Stop()
	gone := time.Now()
	within(t, time.Minute, "claims are taken again", func() bool { return a.Claim(t.Context(), "after", a.by(1)) == nil })
	t.Logf("claims are taken again after %v", time.Since(gone).Round(time.Millisecond))
	within(t, time.Minute, "the other node hears of it", func() bool { o, ok := b.Owner("after"); return ok && o == a.by(1) })
	t.Logf("the other node hears of it after %v", time.Since(gone).Round(time.Millisecond))
	if o, ok := b.Owner("before"); !ok || o != b.by(2) {
		t.Error("what was known is forgotten")
	}
	a.Announce(false)
	within(t, time.Minute, "a node is known", func() bool { return len(b.Nodes()) == 1 })
}

// Files that are not there are said to be so at once.
func TestNoFiles(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "x")
	for _, c := range []Config{{Credentials: nowhere}, {CA: nowhere}} {
		c.Self, c.Log, c.Servers = member("eu"), quiet(), []string{"tls://127.0.0.1:1"}
		if _, err := Open(c); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), nowhere) {
			t.Error(err)
		}
	}
}
