package bench

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/bench/child"
	"github.com/stoa-audio/stoa/internal/bench/crowd"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/store/sqlite"
)

func TestSettings(t *testing.T) {
	good := Settings{Listeners: 1, Seconds: 1, FrameMS: 20, Client: "lean", Lane: "udp", Joining: 1}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Settings){
		"--listeners": func(s *Settings) { s.Listeners = listenersMax + 1 },
		"--speakers":  func(s *Settings) { s.Speakers = -1 },
		"--seconds":   func(s *Settings) { s.Seconds = 0 },
		"--joining":   func(s *Settings) { s.Joining = 0 },
		"--herd":      func(s *Settings) { s.Listeners, s.Herd = listenersMax-9, 10 },
		"a speaker":   func(s *Settings) { s.Herd = 1 },
		"--ptime":     func(s *Settings) { s.FrameMS = 30 },
		"--client":    func(s *Settings) { s.Client = "Lean" },
		"--lane":      func(s *Settings) { s.Lane = "" },
		"--wire":      func(s *Settings) { s.Lane = "packet" },
	} {
		s := good
		change(&s)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is wrong, and it says %v", name, err)
		}
	}
}

// The keys are what others read: they stay.
func TestReportKeys(t *testing.T) {
	r := newReport(Settings{Listeners: 10, Speakers: 2, Seconds: 5, FrameMS: 40})
	r.joins(crowd.Joined{In: 8, Failed: 2, Took: time.Second}, child.Usage{Total: 16 * time.Millisecond}, child.Usage{})
	r.heard(crowd.Heard{Lasted: 5 * time.Second, Delivered: 1020, Arrived: 1000, Lost: 3, P50: time.Millisecond, P99: 2 * time.Millisecond},
		child.Usage{User: time.Millisecond, System: 3 * time.Millisecond, Total: 4 * time.Millisecond}, child.Usage{})
	r.memory(800, state{heapBytes: 9 * 8192, goroutines: 26}, state{heapBytes: 8192, goroutines: 10})
	var b bytes.Buffer
	if err := r.JSON(&b); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{
		"listeners": 10., "speakers": 2., "packets_out": 1020., "lost": 3., "server_user_s": 0.001, "server_sys_s": 0.003,
		"user_us_per_packet": 1., "cpu_us_per_packet": 4., "cpu_ms_per_listener_second": 0.1,
		"rss_kib_per_listener": 100., "heap_kib_per_listener": 8., "goroutines_per_listener": 2.,
		"join_cpu_ms": 2., "joins_per_s": 8., "load_average": 0.,
	} {
		if got[key] != want {
			t.Errorf("%s is %v, want %v", key, got[key], want)
		}
	}
	delay, _ := got["forward_delay_ms"].(map[string]any)
	if !maps.Equal(delay, map[string]any{"p50": 1., "p99": 2.}) {
		t.Errorf("forward_delay_ms is %v", got["forward_delay_ms"])
	}
	if _, there := got["herd"]; there {
		t.Error("there is a herd in a run without one")
	}
	b.Reset()
	if err := r.Table(&b); err != nil || !strings.Contains(b.String(), "4.00 µs") {
		t.Errorf("the table: %v\n%s", err, &b)
	}
}

func TestReportOfAHerd(t *testing.T) {
	r := newReport(Settings{Listeners: 10, Speakers: 1, Seconds: 5, FrameMS: 40, Herd: 50})
	r.joins(crowd.Joined{In: 10, Took: time.Second}, child.Usage{}, child.Usage{})
	r.herd(crowd.Joined{In: 40, Failed: 10, Refused: 7, Why: "x", Took: 2 * time.Second}, child.Usage{Total: 80 * time.Millisecond})
	r.heard(crowd.Heard{Lasted: 10 * time.Second, Arrived: 1000}, child.Usage{Total: 500 * time.Millisecond}, child.Usage{})
	var b bytes.Buffer
	if err := r.JSON(&b); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{
		"herd": 50., "herd_in": 40., "herd_refused": 7., "herd_failed": 10., "herd_failed_why": "x",
		"herd_joins_per_s": 20., "herd_cpu_ms": 2., "cpu_ms_per_listener_second": 1., "joins_per_s": 10.,
	} {
		if got[key] != want {
			t.Errorf("%s is %v, want %v", key, got[key], want)
		}
	}
}

// Everybody who is seeded can sign in to the node that comes after.
func TestSeed(t *testing.T) {
	data := t.TempDir()
	all, err := Seed(t.Context(), data, 40)
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), filepath.Join(data, "stoa.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	house, err := people.New(store, people.Config{URL: &url.URL{Scheme: "http", Host: "localhost"}, House: "Bench", Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		s, _, err := house.Session(t.Context(), p.Token)
		if err != nil || s.Person != p.ID {
			t.Errorf("the session of %v: %v, %v", p.ID, s.Person, err)
		}
	}
	slices.SortFunc(all, func(a, b crowd.Person) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	if one := slices.Compact(all); len(one) != 40 {
		t.Errorf("%d people, want 40", len(one))
	}
}

func TestMetric(t *testing.T) {
	const text = "# HELP go_goroutines_total x\ngo_goroutines_total 3\ngo_goroutines 1.5e+01\nx{as=\"udp\"} 1\nx{as=\"frame\"} 2\n"
	if v, err := metric(text, `x{as="frame"}`); v != 2 || err != nil {
		t.Errorf("%v, %v", v, err)
	}
	if v, err := metric(text, "go_goroutines"); v != 15 || err != nil {
		t.Errorf("%v, %v", v, err)
	}
	if _, err := metric(text, "go_gor"); err == nil {
		t.Error("half a name is a metric")
	}
}
