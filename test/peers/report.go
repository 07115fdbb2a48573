package main

import (
	"math"
	"time"
)

// A report is what a run has found, in words of stoa bench room, which say the
// same of a node.
type report struct {
	Listeners              int       `json:"listeners"`
	Speakers               int       `json:"speakers"`
	Seconds                int       `json:"seconds"`
	Ptime                  int       `json:"ptime"`
	PacketsOut             uint64    `json:"packets_out"`
	Lost                   uint64    `json:"lost"`
	Duplicates             uint64    `json:"duplicates"`
	Unopened               uint64    `json:"unopened"`
	CPUUSPerPacket         float64   `json:"cpu_us_per_packet"`
	CPUMSPerListenerSecond float64   `json:"cpu_ms_per_listener_second"`
	RSSKiBPerListener      float64   `json:"rss_kib_per_listener"`
	JoinCPUMS              float64   `json:"join_cpu_ms"`
	JoinsPerS              float64   `json:"joins_per_s"`
	Failed                 int       `json:"failed"`
	FailedWhy              string    `json:"failed_why,omitempty"`
	ForwardDelayMS         quantiles `json:"forward_delay_ms"`
	LoadAverage            float64   `json:"load_average"` // of a minute, before the run
}

type quantiles struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

// round keeps the digits that mean something.
func round(v float64) float64 { return math.Round(v*1000) / 1000 }

func ms(d time.Duration) float64 { return d.Seconds() * 1000 }
