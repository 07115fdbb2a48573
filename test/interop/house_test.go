package interop

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path"
	"testing"

	"github.com/stoa-audio/stoa/internal/node"
)

// A house is a node with records of its own, on ports that nobody else has.
type house struct {
	*testing.T

	url    string
	invite string // the founder's
	config node.Config
	node   *node.Node
}

func openHouse(t *testing.T) *house {
	t.Helper()
	tcp, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(tcp.Addr().String())
	config, err := node.LoadConfig([]string{
		"--addr", "localhost:" + port, "--media.listen", udp.LocalAddr().String(), "--data", t.TempDir(),
	}, nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = tcp.Close(), udp.Close() // the ports are free again, and known
	h := &house{T: t, config: config}
	h.start()
	h.url, h.invite = h.node.URL(), path.Base(h.node.Invite())
	t.Cleanup(h.stop)
	return h
}

func (h *house) start() {
	h.Helper()
	var err error
	h.node, err = node.Start(context.Background(), h.config, slog.New(slog.NewTextHandler(h.Output(), nil)))
	if err != nil {
		h.Fatal(fmt.Errorf("start the node: %w", err))
	}
}

func (h *house) stop() {
	h.Helper()
	if err := h.node.Stop(context.Background()); err != nil {
		h.Errorf("stop the node: %v", err)
	}
}
