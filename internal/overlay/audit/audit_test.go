package audit

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

var (
	noon   = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	berlin = region.Place{Region: "eu", Operator: "one"}
	dublin = region.Place{Region: "eu", Operator: "two"}
	lima   = region.Place{Region: "us", Operator: "one"}
)

func at(text string) netip.AddrPort { return netip.MustParseAddrPort(text) }

// seen is a node with all in order, whose fence is eu.
func seen() (Kept, *Running, System) {
	kept := Kept{
		Fence: region.In("eu"), Place: berlin, Regions: []string{"eu", "us"}, Trusts: []string{"eu"}, Expires: noon.Add(time.Hour),
		Removed: []id.Node{{9}},
	}
	own := []Socket{
		{Network: "udp", Local: at("[::]:7883"), For: "trunk"},
		{Network: "udp", Local: at("[::]:7882"), For: "media"},
		{Network: "tcp", Local: at("0.0.0.0:8080"), Listening: true, For: "people"},
	}
	running := &Running{
		PID: 7, Fence: kept.Fence, Place: berlin, Trusts: []string{"eu"}, Sockets: own,
		Peers: []Peer{{
			Node: id.Node{1}, Place: dublin, Address: at("192.0.2.1:7883"), Connected: true,
			Voices: Flow{1, 100, 1, 100}, Control: Flow{1, 1000, 1, 1000},
		}},
		Ways:      []Way{{"192.0.2.1:7883", dublin, "door"}},
		Strangers: Flow{10, 12_000, 10, 12_000}, Kept: 2, Outside: 3,
	}
	system := System{Told: true, Sockets: append(slices.Clone(own),
		Socket{Network: "tcp", Local: at("198.51.100.1:8080"), Remote: at("203.0.113.9:5000")}, // somebody from anywhere
		Socket{Network: "tcp", Local: at("198.51.100.1:40000"), Remote: at("192.0.2.1:7883")},  // renews
		Socket{Network: "udp", Local: at("198.51.100.1:40000"), Remote: at("198.51.100.53:53")},
		Socket{Network: "tcp", Local: at("127.0.0.1:4222"), Listening: true},
		Socket{Network: "tcp", Local: at("127.0.0.1:40000"), Remote: at("127.0.0.1:4222")},
	)}
	return kept, running, system
}

func TestInside(t *testing.T) {
	r := Judge(noon, func() Kept { k, _, _ := seen(); return k }(), func() *Running { _, r, _ := seen(); return r }(), func() System { _, _, s := seen(); return s }())
	if !r.Pass || r.Why() != "" || len(r.Peers) != 1 {
		t.Errorf("%+v", r)
	}
	// A node of its own has nobody to speak to.
	sockets := []Socket{{Network: "tcp", Local: at("0.0.0.0:8080"), Listening: true}}
	alone := &Running{Alone: true, Fence: region.Anywhere, Sockets: sockets}
	if r := Judge(noon, Kept{Alone: true, Fence: region.Anywhere}, alone, System{true, sockets}); !r.Pass {
		t.Errorf("%+v", r)
	}
}

// Each thing that is wrong is found, and said.
func TestBreaches(t *testing.T) {
	for what, one := range map[string]struct {
		spoil func(*Kept, *Running, *System)
		want  string
	}{
		"the disk trusts a CA too many": {func(k *Kept, _ *Running, _ *System) { k.Trusts = []string{"eu", "us"} }, "store on the disk trusts region us"},
		"the node trusts a CA too many": {func(_ *Kept, r *Running, _ *System) { r.Trusts = []string{"eu", "us"} }, "running node trusts region us"},
		"a CA from nowhere":             {func(k *Kept, _ *Running, _ *System) { k.Regions = []string{"us"} }, "not on the disk"},
		"its own place outside":         {func(k *Kept, r *Running, _ *System) { k.Place, r.Place = lima, lima }, "certificate says us@one, which is outside"},
		"an expired certificate":        {func(k *Kept, _ *Running, _ *System) { k.Expires = noon.Add(-time.Hour) }, "expired"},
		"a certificate that is no good": {func(k *Kept, _ *Running, _ *System) { k.Problem = "not signed by its region" }, "not signed by its region"},
		"another fence runs":            {func(_ *Kept, r *Running, _ *System) { r.Fence = region.Anywhere }, `fence is "*", and "eu" is configured`},
		"another place runs":            {func(_ *Kept, r *Running, _ *System) { r.Place = dublin }, "stands at eu@two"},
		"it runs alone":                 {func(_ *Kept, r *Running, _ *System) { r.Alone = true }, "start it anew"},
		"a peer outside":                {func(_ *Kept, r *Running, _ *System) { r.Peers[0].Place = lima }, "connection with a node at us@one"},
		"bytes to outside":              {func(_ *Kept, r *Running, _ *System) { r.Peers[0].Place, r.Peers[0].Connected = lima, false }, "1100 bytes went to us@one"},
		"bytes from outside":            {func(_ *Kept, r *Running, _ *System) { r.Peers[0] = Peer{Place: lima, Voices: Flow{InBytes: 7}} }, "7 bytes were taken from us@one"},
		"a removed peer":                {func(_ *Kept, r *Running, _ *System) { r.Peers[0].Node = id.Node{9} }, "was removed"},
		"a peer that lies":              {func(_ *Kept, r *Running, _ *System) { r.Peers[0].OffKM = 4000 }, "off by 4000 km"},
		"bytes to nobody":               {func(_ *Kept, r *Running, _ *System) { r.Strangers.OutBytes = 200_000 }, "addresses of no node inside"},
		"a connection to nobody":        {func(_ *Kept, r *Running, _ *System) { r.Ways = nil }, "connection to 192.0.2.1:7883, which is of no node"},
		"a connection to outside":       {func(_ *Kept, r *Running, _ *System) { r.Ways[0].Place = lima }, "door at us@one, which is outside"},
		"a socket that nobody knows": {func(_ *Kept, _ *Running, s *System) {
			s.Sockets = append(s.Sockets, Socket{Network: "udp", Local: at("0.0.0.0:999")})
		}, "does not know of"},
		"UDP with an address of its own": {func(_ *Kept, _ *Running, s *System) {
			s.Sockets = append(s.Sockets, Socket{Network: "udp", Local: at("198.51.100.1:7883"), Remote: at("203.0.113.7:9")})
		}, "udp connection to 203.0.113.7:9"},
		"a socket that is not there":       {func(_ *Kept, _ *Running, s *System) { s.Sockets = s.Sockets[1:] }, "its process has none"},
		"a system that does not tell":      {func(_ *Kept, _ *Running, s *System) { s.Told = false }, "not looked at"},
		"nowhere":                          {func(k *Kept, r *Running, _ *System) { k.Fence, r.Fence = region.Fence{}, region.Fence{} }, "outside"},
		"by operator, though region is in": {func(k *Kept, r *Running, _ *System) { k.Fence, _ = region.ParseFence("eu@one"); r.Fence = k.Fence }, "node at eu@two, which is outside"},
	} {
		kept, running, system := seen()
		one.spoil(&kept, running, &system)
		if r := Judge(noon, kept, running, system); r.Pass || !strings.Contains(r.Why(), one.want) {
			t.Errorf("%s: pass %v, %q; want %q", what, r.Pass, r.Why(), one.want)
		}
	}
	kept, _, system := seen()
	if r := Judge(noon, kept, nil, system); r.Pass || !strings.Contains(r.Why(), "no node runs") {
		t.Errorf("none runs: %+v", r)
	}
}
