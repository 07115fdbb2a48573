package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime/debug"
	"text/tabwriter"
	"time"

	"github.com/stoa-audio/stoa/internal/bench/child"
	"github.com/stoa-audio/stoa/internal/bench/crowd"
)

// A Report is what a run has found. "Server" is the node's process; the window
// is the time in which frames are counted. Numbers per packet and listener
// include all that the node does meanwhile: consent checks, reports, live
// connections. In a run with a herd they include what its joins cost, and only
// those who were inside before count for packets, loss and delay.
type Report struct {
	*Herd // nil without one

	Listeners int `json:"listeners"`
	Speakers  int `json:"speakers"`
	// PacketsOut is how many of the window's frames have come and opened, to
	// listeners and to the other speakers; Lost is how many have not.
	PacketsOut uint64 `json:"packets_out"`
	Lost       uint64 `json:"lost"`
	// The split into user and system is the kernel's, from samples; their sum
	// may differ a little from what is exact and divided below. It is divided
	// by the packets that came while it was spent, which a node that has
	// fallen behind has not all sent yet.
	ServerUserS            float64 `json:"server_user_s"`
	ServerSysS             float64 `json:"server_sys_s"`
	UserUSPerPacket        float64 `json:"user_us_per_packet"`
	CPUUSPerPacket         float64 `json:"cpu_us_per_packet"`
	CPUMSPerListenerSecond float64 `json:"cpu_ms_per_listener_second"`
	// Memory and goroutines are what the listeners have added: the highest
	// resident set, and the live heap and goroutines after the window.
	RSSKiBPerListener     float64 `json:"rss_kib_per_listener"`
	HeapKiBPerListener    float64 `json:"heap_kib_per_listener"`
	GoroutinesPerListener float64 `json:"goroutines_per_listener"`
	// JoinCPUMS is the node's time from the first listener's first call to
	// the last one's keys, for each.
	JoinCPUMS      float64   `json:"join_cpu_ms"`
	JoinsPerS      float64   `json:"joins_per_s"`
	ForwardDelayMS Quantiles `json:"forward_delay_ms"`
	LoadAverage    float64   `json:"load_average"` // of a minute, before the run

	Seconds    int       `json:"seconds"`
	Ptime      int       `json:"ptime"`
	Client     string    `json:"client"`
	Lane       string    `json:"lane"`
	Wire       bool      `json:"wire"`   // a veth pair, instead of loopback
	Framed     uint64    `json:"framed"` // datagrams that left as frames in all, by the packet lane
	Commit     string    `json:"commit,omitempty"`
	JoinMS     Quantiles `json:"join_ms"` // of one listener
	Refused    int       `json:"refused"` // joins told to come later, which they did
	Failed     int       `json:"failed"`  // listeners who did not get in
	FailedWhy  string    `json:"failed_why,omitempty"`
	Gone       int       `json:"gone"` // live connections that ended too soon
	Duplicates uint64    `json:"duplicates"`
	Unopened   uint64    `json:"unopened"` // packets in the window that did not open
	Voices     int       `json:"voices"`   // heard, of the speakers
	// What the crowd itself cost, which shares the machine with the node.
	CrowdCPUS           float64 `json:"crowd_cpu_s"`
	CrowdCPUUSPerPacket float64 `json:"crowd_cpu_us_per_packet"`
	CrowdJoinCPUMS      float64 `json:"crowd_join_cpu_ms"`
}

// A Herd is how those came in who came all at once, while the window was open.
type Herd struct {
	Size    int     `json:"herd"`
	In      int     `json:"herd_in"`
	Refused int     `json:"herd_refused"` // joins told to come later (503 or 429 with Retry-After), which they did
	Failed  int     `json:"herd_failed"`  // any other answer, or none
	Why     string  `json:"herd_failed_why,omitempty"`
	JoinsPS float64 `json:"herd_joins_per_s"`
	// CPUMS is the node's time while they came, for each who came in. What it
	// took to forward to everybody meanwhile is in it.
	CPUMS  float64   `json:"herd_cpu_ms"`
	JoinMS Quantiles `json:"herd_join_ms"` // of one
}

// Quantiles are of a distribution, in milliseconds, to about 6 %.
type Quantiles struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

func newReport(s Settings) Report {
	r := Report{
		Listeners: s.Listeners, Speakers: s.Speakers,
		Seconds: s.Seconds, Ptime: s.FrameMS, Client: s.Client, Lane: s.Lane, Wire: s.Wire,
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, kv := range info.Settings {
			if kv.Key == "vcs.revision" {
				r.Commit = kv.Value
			}
		}
	}
	return r
}

func (r *Report) joins(j crowd.Joined, node, guests child.Usage) {
	in := float64(j.In)
	r.JoinCPUMS, r.CrowdJoinCPUMS = round(ms(node.Total)/in), round(ms(guests.Total)/in)
	r.JoinsPerS = round(in / j.Took.Seconds())
	r.JoinMS = quantiles(j.P50, j.P99)
	r.Refused, r.Failed, r.FailedWhy = j.Refused, j.Failed, j.Why
}

func (r *Report) herd(j crowd.Joined, node child.Usage) {
	r.Herd = &Herd{
		Size: j.In + j.Failed, In: j.In, Refused: j.Refused, Failed: j.Failed, Why: j.Why,
		JoinsPS: round(float64(j.In) / j.Took.Seconds()), JoinMS: quantiles(j.P50, j.P99),
		CPUMS: round(ms(node.Total) / float64(max(j.In, 1))),
	}
}

// present returns how many listeners are in the room.
func (r *Report) present() float64 {
	n := r.Listeners - r.Failed
	if r.Herd != nil {
		n += r.Herd.In
	}
	return float64(n)
}

func (r *Report) heard(h crowd.Heard, node, guests child.Usage) {
	r.PacketsOut, r.Lost, r.Voices, r.Gone = h.Delivered, h.Lost, h.Voices, h.Gone
	r.Duplicates, r.Unopened = h.Duplicates, h.Unopened
	r.ForwardDelayMS = quantiles(h.P50, h.P99)
	r.ServerUserS, r.ServerSysS = round(node.User.Seconds()), round(node.System.Seconds())
	r.CrowdCPUS = round(guests.Total.Seconds())
	r.CPUMSPerListenerSecond = round(ms(node.Total) / h.Lasted.Seconds() / r.present())
	if n := float64(h.Arrived); n > 0 {
		r.UserUSPerPacket = round(1000 * ms(node.User) / n)
		r.CPUUSPerPacket = round(1000 * ms(node.Total) / n)
		r.CrowdCPUUSPerPacket = round(1000 * ms(guests.Total) / n)
	}
}

func (r *Report) memory(rssKiB float64, after, before state) {
	n := r.present()
	r.RSSKiBPerListener = round(rssKiB / n)
	r.HeapKiBPerListener = round((after.heapBytes - before.heapBytes) / 1024 / n)
	r.GoroutinesPerListener = round((after.goroutines - before.goroutines) / n)
}

func ms(d time.Duration) float64 { return d.Seconds() * 1000 }

func quantiles(p50, p99 time.Duration) Quantiles { return Quantiles{round(ms(p50)), round(ms(p99))} }

// round keeps the digits that mean something.
func round(v float64) float64 { return math.Round(v*1000) / 1000 }

// JSON writes the report as one JSON object.
func (r Report) JSON(w io.Writer) error { return json.NewEncoder(w).Encode(r) }

// Table writes the report for people.
func (r Report) Table(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) { fmt.Fprintf(t, name+"\t"+format+"\n", args...) }
	over := "loopback"
	if r.Wire {
		over = "a veth pair"
	}
	line("room", "%d listeners (%s), %d speakers, %d ms frames, %d s, lane %s over %s", r.Listeners, r.Client, r.Speakers, r.Ptime, r.Seconds, r.Lane, over)
	line("joins", "%.0f/s, %.2f ms of CPU each; one takes %.0f ms (p99 %.0f); %d refused, %d failed",
		r.JoinsPerS, r.JoinCPUMS, r.JoinMS.P50, r.JoinMS.P99, r.Refused, r.Failed)
	if h := r.Herd; h != nil {
		line("herd", "%d came at once: %d in, %.0f/s, %.2f ms of CPU each; one takes %.0f ms (p99 %.0f); %d refused, %d failed",
			h.Size, h.In, h.JoinsPS, h.CPUMS, h.JoinMS.P50, h.JoinMS.P99, h.Refused, h.Failed)
	}
	if r.Speakers > 0 {
		line("packets", "%d out, %d lost, %d twice, %d did not open", r.PacketsOut, r.Lost, r.Duplicates, r.Unopened)
		line("CPU per packet", "%.2f µs, of it user %.2f µs", r.CPUUSPerPacket, r.UserUSPerPacket)
		line("forwarding delay", "p50 %.2f ms, p99 %.2f ms", r.ForwardDelayMS.P50, r.ForwardDelayMS.P99)
	}
	line("CPU per listener", "%.3f ms/s", r.CPUMSPerListenerSecond)
	line("memory per listener", "%.1f KiB at the peak, %.1f KiB of live heap, %.2f goroutines",
		r.RSSKiBPerListener, r.HeapKiBPerListener, r.GoroutinesPerListener)
	line("the crowd itself", "%.2f ms per join, %.2f µs per packet, %.2f s in the window; %d live connections lost",
		r.CrowdJoinCPUMS, r.CrowdCPUUSPerPacket, r.CrowdCPUS, r.Gone)
	line("load average", "%.2f before the run", r.LoadAverage)
	return t.Flush()
}
