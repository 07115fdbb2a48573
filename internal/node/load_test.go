package node

import (
	"bytes"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/load"
	"github.com/stoa-audio/stoa/internal/media/forward"
	"github.com/stoa-audio/stoa/internal/media/sfu"
)

func newTestGauge(t *testing.T, c Load) (*gauge, *bytes.Buffer) {
	t.Helper()
	media, err := sfu.Start(sfu.Config{
		Listen: "127.0.0.1:0", Announce: []netip.Addr{netip.MustParseAddr("127.0.0.1")},
		Log: slog.New(slog.DiscardHandler), Sound: func(id.Room, sfu.Sound) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = media.Close() })
	log := new(bytes.Buffer)
	return newGauge(media, c, slog.New(slog.NewTextHandler(log, nil))), log
}

func TestNodeIsReadyUntilItIsFull(t *testing.T) {
	g, log := newTestGauge(t, Load{CPU: 0.9, Memory: 1 << 20})
	n := &Node{gauge: g}
	n.ready.Store(true)
	now := time.Now()
	for range 30 {
		now = now.Add(time.Second)
		g.turn(now)
	}
	if err := n.readiness(); err != nil {
		t.Fatalf("an idle node: %v, %+v", err, g.last)
	}
	if v, s, _ := g.read(); v.Voices != forward.Slots || s.Memory < 1<<20 || s.Late != 0 || s.Dropped != 0 {
		t.Errorf("an idle node: %+v, %+v", v, s)
	}
	// Busy for long: what the process did in this test, in no time at all.
	for range 3 {
		burn(20 * time.Millisecond)
		now = now.Add(time.Millisecond)
		g.turn(now)
	}
	if err := n.readiness(); processTime() > 0 && !errors.Is(err, errFull) {
		t.Errorf("a busy node: %v, %+v", err, g.last)
	}
	if wait, full := g.full(); processTime() > 0 && (!full || wait <= 0) {
		t.Errorf("to be asked again after %v", wait)
	}
	if processTime() > 0 && !strings.Contains(log.String(), "why=cpu") {
		t.Errorf("nobody is told: %s", log)
	}
}

func TestNodeWithoutMemoryIsFull(t *testing.T) {
	g, _ := newTestGauge(t, Load{CPU: 0.9, Memory: 1})
	g.turn(time.Now().Add(time.Second))
	if v, _, _ := g.read(); v.Why != load.Memory {
		t.Errorf("%+v", v)
	}
	if g, _ := newTestGauge(t, Load{CPU: 0.9}); held() == 0 || g.judge == nil {
		t.Error("no memory is held")
	}
}

// burn uses processor time.
func burn(d time.Duration) {
	for start := processTime(); processTime()-start < d && processTime() > 0; {
	}
}
