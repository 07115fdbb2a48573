package stoa_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/lossy"
)

// A fifth of the packets is lost on the way to the listener, in bursts; hardly
// a frame is, once the room has noticed.
func TestAVoiceSurvivesLoss(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds to notice a loss")
	}
	// The line has an address of its own, and the node's port: so it is the
	// way to the node for all who believe what it announces.
	const away = "127.0.0.2"
	h := openHouse(t, away)
	node := netip.MustParseAddrPort(h.media)
	line, err := lossy.Open(netip.AddrPortFrom(netip.MustParseAddr(away), node.Port()), node,
		lossy.Line{Loss: 0.2, Burst: 2, Delay: 40 * time.Millisecond, Seed: 1})
	if err != nil {
		t.Skip("this system has one loopback address: ", err)
	}
	defer func() {
		if err := line.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx := within(t)
	ada := join(t, h, h.grant(h.founder))
	ben := join(t, h, h.grant(h.guest("Ben")))
	if err := ada.Unmute(ctx); err != nil {
		t.Fatal(err)
	}
	go func() { _ = talk(ctx, ada, 2000) }() // until the test is over
	for ben.Counts().Copied == 0 {
		if _, err := ben.Hear(ctx); err != nil {
			t.Fatal(err)
		}
	}
	const n = 200
	before := ben.Counts()
	for range n {
		if _, err := ben.Hear(ctx); err != nil {
			t.Fatal(err)
		}
	}
	after := ben.Counts()
	if lost := after.Lost - before.Lost; lost > n/20 { // of the fifth, one in a hundred is to be expected, and they come in bursts
		t.Errorf("%d of %d frames are lost", lost, n)
	}
	if copied := after.Copied - before.Copied; copied < n/50 {
		t.Errorf("%d of %d frames are copies", copied, n)
	}
	if _, lost := line.Counts(); lost < n/10 {
		t.Errorf("the line has lost %d packets", lost)
	}
	t.Logf("%+v", after)
}
