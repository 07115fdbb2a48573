package node

import (
	"bytes"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/stoa-audio/stoa/internal/media/packet"
	"github.com/stoa-audio/stoa/internal/udp"
)

// A node that may not send frames says so once, and runs.
func TestLaneWithoutTheRight(t *testing.T) {
	var log bytes.Buffer
	n := &Node{log: slog.New(slog.NewTextHandler(&log, nil)), config: Config{Media: Media{Lane: "packet"}}}
	runtime.LockOSThread() // rights are a thread's
	defer runtime.UnlockOSThread()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var have [2]unix.CapUserData
	if err := unix.Capget(&header, &have[0]); err != nil {
		t.Fatal(err)
	}
	less := have
	less[0].Effective &^= 1 << unix.CAP_NET_RAW
	if err := unix.Capset(&header, &less[0]); err != nil {
		t.Fatal(err)
	}
	open := n.lanes()
	if err := unix.Capset(&header, &have[0]); err != nil {
		t.Fatal(err)
	}
	if open != nil {
		t.Error("there is a lane")
	}
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "level=WARN") || n.network != nil {
		t.Errorf("it says %q", text)
	}
}

func TestLane(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("it takes the right to send frames (CAP_NET_RAW), which root has")
	}
	n := &Node{log: slog.New(slog.DiscardHandler)}
	if n.config.Media.Lane = "udp"; n.lanes() != nil {
		t.Error("the udp lane is not the socket")
	}
	n.config.Media.Lane = "packet"
	open := n.lanes()
	if open == nil {
		t.Fatal("there is no lane")
	}
	conns, err := udp.Listen("127.0.0.1:0", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conns[0].Close() }()
	l, ok := open(conns[0]).(*packet.Lane)
	if !ok {
		t.Fatal("it is the socket")
	}
	if u := l.WriteBatch([]udp.Datagram{{Data: []byte("x"), Addr: conns[0].LocalAddr()}}); u != (udp.Unsent{}) {
		t.Errorf("%+v not sent", u)
	}
	if err := n.network.Close(); err != nil {
		t.Error(err)
	}
}
