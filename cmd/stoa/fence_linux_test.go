package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/overlay/audit"
)

// A process is stoa serve as a process of its own, whose sockets are its own.
type process struct {
	t    *testing.T
	data string
	end  func()

	mu  sync.Mutex // guards log
	log bytes.Buffer
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(b)
}

func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// serveApart starts a node in a process of its own, and waits until it is there.
func serveApart(t *testing.T, data string, args ...string) *process {
	t.Helper()
	p := &process{t: t, data: data}
	c := stoa(t, append([]string{"serve", "--addr", "localhost:0", "--media.listen", "127.0.0.1:0", "--data", data}, args...)...)
	c.Stderr = p
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	p.end = sync.OnceFunc(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait()
	})
	t.Cleanup(p.end)
	if s := bufio.NewScanner(out); !s.Scan() || !strings.HasPrefix(s.Text(), "Stoa is at ") {
		p.end()
		t.Fatalf("it does not start:\n%s", p.text())
	}
	return p
}

func get(t *testing.T, url string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// verify runs stoa fence verify for a node.
func (p *process) verify(args ...string) (r audit.Report, err error) {
	p.t.Helper()
	var out, help bytes.Buffer
	err = run(p.t.Context(), append([]string{"fence", "verify", "--json", "--data", p.data}, args...), nil, &out, &help)
	if out.Len() > 0 {
		if broken := json.Unmarshal(out.Bytes(), &r); broken != nil {
			p.t.Fatalf("%v in %s", broken, &out)
		}
	}
	return r, err
}

// links returns to how many nodes of a region there is a connection.
func (p *process) links(region string) int {
	p.t.Helper()
	r, _ := p.verify()
	n := 0
	for _, peer := range r.Peers {
		if peer.Connected && peer.Place.Region == region {
			n++
		}
	}
	return n
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

func ordered(t *testing.T, args ...string) string {
	t.Helper()
	out, err := said(t, args...)
	if err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	return out
}

// Each node says whether its fence holds, from its own sockets and links; and it
// can say no.
func TestFenceVerify(t *testing.T) {
	door, first := free(t), t.TempDir()
	ordered(t, "init", "--data", first, "--region", "eu", "--region", "us", "--operator", "one", "--address", door)
	join := func(region, operator string, args ...string) *process {
		t.Helper()
		invite := ordered(t, "invite", "--data", first, "--region", region, "--operator", operator)
		return serveApart(t, t.TempDir(), append([]string{"--join", invite, "--network.listen", free(t)}, args...)...)
	}
	admin := free(t)
	a := serveApart(t, first, "--network.listen", door, "--network.fence", "eu", "--admin.addr", admin)
	b := join("eu", "two", "--network.fence", "eu")
	c := join("us", "one")
	d := join("us", "two", "--network.listen", free(t))
	eventually(t, "those inside are linked", func() bool {
		r, _ := a.verify("--network.fence", "eu")
		return len(r.Peers) == 1 && r.Peers[0].Connected
	})
	// c and d begin with a, which does not speak to them.
	eventually(t, "a refuses who is outside", func() bool { return strings.Contains(a.text(), "outside the fence") })
	for who, p := range map[string]*process{"a": a, "b": b} {
		r, err := p.verify("--network.fence", "eu")
		if err != nil || !r.Pass {
			t.Errorf("%s: %v, %s", who, err, r.Why())
		}
		if p := r.Peers[0]; len(r.Peers) != 1 || p.Place.Region != "eu" || p.Voices.OutBytes == 0 || p.Voices.InBytes == 0 || p.Control.OutBytes == 0 {
			t.Errorf("%s: %+v", who, r.Peers)
		}
	}
	var out, help bytes.Buffer
	if err := run(t.Context(), []string{"fence", "verify", "--data", first, "--network.fence", "eu"}, nil, &out, &help); err != nil || !strings.Contains(out.String(), "\nPASS\n") {
		t.Errorf("%v\n%s", err, &out)
	}
	t.Logf("\n%s", &out)
	for what, one := range map[string]struct {
		node  *process
		fence string
		want  []string
	}{
		"the node runs with a wider one":  {c, "us", []string{`the running node's fence is "*"`, "the running node trusts region eu"}},
		"the node runs with another one":  {a, "*", []string{`the running node's fence is "eu"`}},
		"its own place is outside":        {d, "eu", []string{"this node's certificate says us@two, which is outside of eu", "trusts region us"}},
		"what is configured is no region": {b, "ap", []string{"certificate says eu@two"}},
	} {
		r, err := one.node.verify("--network.fence", one.fence)
		if err == nil || r.Pass {
			t.Errorf("%s: it passes", what)
		}
		for _, want := range one.want {
			if !strings.Contains(r.Why(), want) {
				t.Errorf("%s: %q, want %q", what, r.Why(), want)
			}
		}
	}
	// A node outside, to which bytes have gone: b and a by operator.
	r, _ := a.verify("--network.fence", "eu@one")
	for _, want := range []string{"connection with a node at eu@two, which is outside", "bytes went to eu@two", "bytes were taken from eu@two"} {
		if !strings.Contains(r.Why(), want) {
			t.Errorf("a node outside: %q, want %q", r.Why(), want)
		}
	}
	numbers := get(t, "http://"+admin+"/metrics")
	for _, want := range []string{
		`stoa_network_bytes_total{direction="out",kind="voices",operator="two",region="eu"} `, `stoa_network_nodes{operator="two",region="eu"} 1`,
		`stoa_network_doubted_nodes{operator="two",region="eu"} 0`, `stoa_network_fenced_total{what="outside"} `,
	} {
		if !strings.Contains(numbers, want) {
			t.Errorf("/metrics has no %s", want)
		}
	}
	for _, name := range []string{"127.0.0.1", `region="us"`, r.Peers[0].Node.String()} {
		if strings.Contains(numbers, name) {
			t.Errorf("/metrics has %s", name)
		}
	}
	d.end()
	if r, err := d.verify(); err == nil || r.Pass || !strings.Contains(r.Why(), "no node runs") {
		t.Errorf("when it does not run: %v, %s", err, r.Why())
	}
	for _, p := range []*process{a, b, c, d} {
		if log := p.text(); strings.Contains(log, "127.0.0.1") || strings.Contains(log, door) {
			t.Errorf("an address is in the log:\n%s", log)
		}
	}
	info, err := os.Stat(first + "/control.sock")
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// A node of its own has nobody to keep out.
func TestFenceVerifyAlone(t *testing.T) {
	p := serveApart(t, t.TempDir())
	if r, err := p.verify(); err != nil || !r.Pass {
		t.Errorf("%v, %s", err, r.Why())
	}
	for _, args := range [][]string{{"fence"}, {"fence", "open"}, {"fence", "verify", "--nonsense"}} {
		var out, help bytes.Buffer
		if err := run(t.Context(), args, nil, &out, &help); err == nil {
			t.Errorf("%q: %s", args, &out)
		}
	}
}

// A region is added while the network runs, gets a door, admits by itself, goes
// on when the first machine is away, and removes a node from everywhere at once.
func TestRegionWithADoor(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for long: make test")
	}
	door, first := free(t), t.TempDir()
	ordered(t, "init", "--data", first, "--region", "eu", "--operator", "one", "--address", door)
	a := serveApart(t, first, "--network.listen", door)
	b := serveApart(t, t.TempDir(), "--network.listen", free(t), "--join", ordered(t, "invite", "--data", first, "--region", "eu", "--operator", "two"))
	if out := ordered(t, "add-region", "--data", first, "--region", "us"); !strings.Contains(out, "us is added") {
		t.Errorf("it says %q", out)
	}
	far := free(t)
	usData := t.TempDir()
	c := serveApart(t, usData, "--network.listen", far, "--join", ordered(t, "invite", "--data", first, "--region", "us", "--operator", "three", "--door", far))
	// b was there before the region was.
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("a\n%s\nb\n%s\nc\n%s", a.text(), b.text(), c.text())
		}
	})
	eventually(t, "the old node speaks to the new region", func() bool { return b.links("us") == 1 })
	invite := ordered(t, "invite", "--data", usData, "--region", "us", "--operator", "four")
	dData := t.TempDir()
	d := serveApart(t, dData, "--network.listen", free(t), "--join", invite)
	eventually(t, "who came in by the second door is known to all", func() bool { return a.links("us") == 2 && b.links("us") == 2 && c.links("us") == 1 })
	// The first machine away, a node that came in by the second door starts anew.
	a.end()
	d.end()
	d = serveApart(t, dData, "--network.listen", free(t))
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("d %d %d\n%s", d.links("us"), d.links("eu"), d.text())
		}
	})
	eventually(t, "it is there again", func() bool { return b.links("us") == 2 && d.links("us") == 1 && d.links("eu") == 1 })
	// One that is removed is cut off by all, also by who did not see it.
	list := ordered(t, "members", "--data", usData)
	var name string
	for row := range strings.Lines(list) {
		if strings.Contains(row, "four") {
			name, _, _ = strings.Cut(row, " ")
		}
	}
	before := time.Now()
	ordered(t, "remove", "--data", usData, name)
	eventually(t, "it is cut off", func() bool { return b.links("us") == 1 && c.links("us") == 0 })
	t.Logf("cut off by all after %v", time.Since(before).Round(time.Millisecond))
	if !strings.Contains(b.text(), "its link is cut") {
		t.Errorf("b says\n%s", b.text())
	}
	if out, err := said(t, "remove", "--data", first, name); err == nil || !strings.Contains(err.Error(), "--region") {
		t.Errorf("at a door that does not know it: %s, %v", out, err)
	}
	a = serveApart(t, first, "--network.listen", door)
	eventually(t, "who was away is told", func() bool { return a.links("us") == 1 })
	eventually(t, "and refuses it", func() bool { return strings.Contains(a.text()+b.text()+c.text(), "removed from the network") })
	eventually(t, "the node that was removed has no links", func() bool { return d.links("eu")+d.links("us") == 0 })
}

// A fence that has become wider is said at the start, once; one that leaves out
// the door at which the node came in is kept: nothing goes there any more.
func TestFenceFromStartToStart(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for long: make test")
	}
	door, first, second := free(t), t.TempDir(), t.TempDir()
	ordered(t, "init", "--data", first, "--region", "eu", "--region", "us", "--operator", "one", "--address", door)
	a := serveApart(t, first, "--network.listen", door)
	listen, invite := free(t), ordered(t, "invite", "--data", first, "--region", "us", "--operator", "two")
	for _, one := range []struct {
		fence string
		said  bool
	}{{"us", false}, {"us", false}, {"eu+us", true}, {"eu+us", false}} {
		b := serveApart(t, second, "--network.listen", listen, "--network.fence", one.fence, "--join", invite)
		if one.fence == "us" {
			time.Sleep(time.Second) // in which it would look for others
			r, err := b.verify("--network.fence", "us")
			if err != nil || !r.Pass || len(r.Peers) > 0 {
				t.Errorf("%v, %+v", err, r)
			}
			for _, c := range r.Checks {
				if c.What == "bytes" && !strings.HasPrefix(c.Found, "inside 0 out, 0 in; outside 0 out, 0 in; strangers who called 0 out, 0 in") {
					t.Errorf("something went over its trunk: %s", c.Found)
				}
			}
			if !strings.Contains(b.text(), "the door at which this node came in is outside its fence") {
				t.Errorf("it does not say that it has no door:\n%s", b.text())
			}
		}
		b.end()
		if said := strings.Contains(b.text(), "fence is wider than at its last start"); said != one.said {
			t.Errorf("with %s: it is said %v\n%s", one.fence, said, b.text())
		}
	}
	b := serveApart(t, second, "--network.listen", listen)
	eventually(t, "without a fence it has others", func() bool { return b.links("eu") == 1 && a.links("us") == 1 })
}
