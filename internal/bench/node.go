package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/stoa-audio/stoa/internal/bench/child"
)

const (
	startMax = 30 * time.Second // for the node to serve
	fetchMax = 30 * time.Second // for an answer of its admin address
)

// A node is the node that is measured.
type node struct {
	*child.Process

	url   string
	admin string
}

// startNode starts a node on the records in data, and waits until it serves.
func startNode(ctx context.Context, s Settings, data string) (*node, error) {
	admin, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	host := s.host()
	args := []string{"--data", data, "--addr", host + ":0", "--media.listen", host + ":0", "--admin.addr", admin}
	if s.Lane != "udp" {
		args = append(args, "--media.lane", s.Lane)
	}
	p, url, err := serve(ctx, host, args...)
	if err != nil {
		return nil, err
	}
	return &node{Process: p, url: url, admin: "http://" + admin}, nil
}

// serve starts a node with the arguments after "serve", and returns where on a
// host it serves.
func serve(ctx context.Context, host string, args ...string) (p *child.Process, url string, err error) {
	return serveWithin(ctx, startMax, host, args...)
}

// serveWithin is serve with a time in which the node has to be there.
func serveWithin(ctx context.Context, within time.Duration, host string, args ...string) (p *child.Process, url string, err error) {
	said, in, err := os.Pipe()
	if err != nil {
		return nil, "", err
	}
	p, err = start(child.Start, nil, in, append([]string{"serve"}, args...)...)
	_ = in.Close() // the node has its own
	if err != nil {
		return nil, "", errors.Join(err, said.Close())
	}
	lines := bufio.NewReader(said)
	if url, err = awaitURL(ctx, within, host, said, lines); err != nil {
		p.Stop()
		return nil, "", p.Failed("start a node", errors.Join(err, said.Close()))
	}
	go func() { // whatever else it says, somebody must read
		_, _ = io.Copy(&p.Log, lines)
		_ = said.Close() // a pipe from nobody
	}()
	return p, url, nil
}

// freePort returns an address that nobody listens on.
func freePort(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// awaitURL waits until the node says where it is, which it does by the name of
// localhost.
func awaitURL(ctx context.Context, within time.Duration, host string, said *os.File, lines *bufio.Reader) (string, error) {
	stop := context.AfterFunc(ctx, func() { _ = said.SetReadDeadline(time.Now()) })
	defer stop()
	if err := said.SetReadDeadline(time.Now().Add(within)); err != nil {
		return "", err
	}
	line, err := lines.ReadString('\n')
	if err != nil {
		return "", errors.Join(err, ctx.Err())
	}
	if err := said.SetReadDeadline(time.Time{}); err != nil {
		return "", err
	}
	_, port, found := strings.Cut(strings.TrimSpace(line), "http://localhost:")
	if !found {
		return "", fmt.Errorf("it says %q", line)
	}
	return "http://" + net.JoinHostPort(host, port), nil
}

// get writes what the node answers on its admin address to out.
func (n *node) get(ctx context.Context, path string, out io.Writer) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, n.admin+path, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", path, answer.Status)
	}
	_, err = io.Copy(out, answer.Body)
	return err
}

// A state is what the node says about itself.
type state struct{ heapBytes, goroutines float64 }

// state collects the node's garbage and asks how much is left. The profile that
// comes with it is text: a packed one takes so much memory to write that the
// next collection, which counts, may find it.
func (n *node) state(ctx context.Context) (s state, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchMax)
	defer cancel()
	if err := n.get(ctx, "/debug/pprof/heap?gc=1&debug=1", io.Discard); err != nil {
		return s, err
	}
	text, err := n.metrics(ctx)
	if err != nil {
		return s, err
	}
	for name, out := range map[string]*float64{
		"go_gc_heap_live_bytes": &s.heapBytes,
		"go_goroutines":         &s.goroutines,
	} {
		if *out, err = metric(text, name); err != nil {
			return s, err
		}
	}
	return s, nil
}

// framed asks how many datagrams have left as frames. There is no such number
// when the node does not have the packet lane.
func (n *node) framed(ctx context.Context) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchMax)
	defer cancel()
	text, err := n.metrics(ctx)
	if err != nil {
		return 0, err
	}
	return metric(text, `stoa_media_lane_datagrams_total{as="frame"}`)
}

func (n *node) metrics(ctx context.Context) (string, error) {
	var text strings.Builder
	err := n.get(ctx, "/metrics", &text)
	return text.String(), err
}

// metric returns the value of a metric, with its labels if it has any, from the
// Prometheus text format.
func metric(text, name string) (float64, error) {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, fmt.Errorf("the node has no metric %s", name)
}

// profile writes a CPU profile of the node for a time to a file.
func (n *node) profile(ctx context.Context, seconds int, path string) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return n.get(ctx, fmt.Sprintf("/debug/pprof/profile?seconds=%d", seconds), f)
}
