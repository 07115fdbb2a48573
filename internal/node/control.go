package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/stoa-audio/stoa/internal/coordinate"
	"github.com/stoa-audio/stoa/internal/overlay/audit"
	"github.com/stoa-audio/stoa/internal/store"
)

// controlFile is where, in the data directory, a running node answers commands
// on the same machine. Whoever may read the directory may ask.
const controlFile = "control.sock"

const (
	controlWait = 5 * time.Second
	controlMax  = 16 << 20 // bytes of an answer
)

// ErrNotRunning means that no node runs with a data directory.
var ErrNotRunning = errors.New("no node runs with this data directory")

// A control answers commands of the same machine, over HTTP on a Unix socket
// that is the owner's alone.
type control struct {
	*http.Server

	done chan struct{}
}

// openControl begins to answer commands. A node that cannot runs all the same:
// nothing that people do needs it.
func (n *Node) openControl(ctx context.Context) {
	path := filepath.Join(n.config.Data, controlFile)
	// What is left of a node that was killed is in the way. Two cannot run here:
	// the address was taken first.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		n.log.WarnContext(ctx, "commands on this machine are not answered", "error", err)
		return
	}
	l, err := new(net.ListenConfig).Listen(ctx, "unix", path)
	if err == nil {
		err = os.Chmod(path, 0o600)
	}
	if err != nil {
		n.log.WarnContext(ctx, "commands on this machine are not answered", "error", err)
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /fence", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(n.seen())
	})
	c := &control{&http.Server{Handler: mux, ReadHeaderTimeout: controlWait, ErrorLog: slog.NewLogLogger(n.log.Handler(), slog.LevelDebug)}, make(chan struct{})}
	n.control = c
	go func() {
		defer close(c.done)
		_ = c.Serve(l) // ends with the node
	}()
}

func (c *control) close() {
	if c != nil {
		_ = c.Server.Close()
		<-c.done
	}
}

// askControl asks the node that runs with a data directory.
func askControl(ctx context.Context, data, path string, into any) error {
	client := &http.Client{Timeout: controlWait, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(data, controlFile))
		},
	}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://node"+path, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(r)
	if err != nil {
		return errors.Join(ErrNotRunning, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the node answers %s", answer.Status)
	}
	return json.NewDecoder(io.LimitReader(answer.Body, controlMax)).Decode(into)
}

// seen is what the node says of itself to who verifies its fence.
func (n *Node) seen() audit.Running {
	r := audit.Running{PID: os.Getpid(), Fence: n.config.Network.Fence, Alone: n.trunk == nil, Sockets: n.sockets()}
	if n.trunk == nil {
		return r
	}
	r.Place, r.Trusts = n.stand(), n.member.store.Load().Names()
	for _, d := range n.member.doorsInTurn(n.member.self.Load()) {
		r.Ways = append(r.Ways, audit.Way{Address: d.Address, Place: d.Place, For: "door"})
	}
	for _, address := range store.Addresses(n.config.Database) { // it is this node's, and so where this node is
		r.Ways = append(r.Ways, audit.Way{Address: address, Place: r.Place, For: "database"})
	}
	for _, address := range coordinate.Addresses(n.config.Coordination.Servers) { // its region's
		r.Ways = append(r.Ways, audit.Way{Address: address, Place: r.Place, For: "coordination"})
	}
	t := n.trunk.Traffic()
	for _, s := range t.Sides {
		p := audit.Peer{
			Node: s.Node, Place: s.Place, Address: s.Address, Connected: s.Connected,
			Voices: audit.Flow(s.Voices), Control: audit.Flow(s.Control),
		}
		if off, ok := n.doubted.Load(s.Node); ok {
			p.OffKM, _ = off.(float64)
		}
		r.Peers = append(r.Peers, p)
	}
	r.Seeds, r.Strangers = audit.Flow(t.Seeds), audit.Flow(t.Strangers)
	r.Kept, r.Outside, r.Denied = t.Kept, t.Outside, t.Denied
	return r
}

// sockets are those that the node has opened.
func (n *Node) sockets() []audit.Socket {
	out := []audit.Socket{{Network: "udp", Local: n.media.LocalAddr(), For: "media"}}
	if n.trunk != nil {
		out = append(out, audit.Socket{Network: "udp", Local: n.trunk.LocalAddr(), For: "other nodes"})
	}
	listens := func(a net.Addr, why string) {
		if tcp, ok := a.(*net.TCPAddr); ok {
			out = append(out, audit.Socket{Network: "tcp", Local: tcp.AddrPort(), Listening: true, For: why})
		}
	}
	listens(n.admits, "the door of the network")
	for _, s := range n.serving {
		listens(s.at, "people and the operator")
	}
	return out
}
