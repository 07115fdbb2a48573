package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/stoa-audio/stoa/internal/bench"
)

// none is the cell of what is not measured.
const none = "–"

// roomTable shows the best run of each row.
func roomTable(rows []row, runs [][]bench.Report) string {
	t := newTable("listeners × speakers", "CPU per packet (user), µs", "CPU per listener, ms/s", "memory per listener: RSS / heap, KiB",
		"goroutines per listener", "CPU per join, ms", "joins/s", "lost", "delay p50 / p99, ms", "load", "runs")
	for i, r := range rows {
		b := best(runs[i], r.key)
		packet, delay, gone := none, none, none
		if b.Speakers > 0 {
			packet = fmt.Sprintf("%.2f (%.2f)", b.CPUUSPerPacket, b.UserUSPerPacket)
			delay = fmt.Sprintf("%.1f / %.1f", b.ForwardDelayMS.P50, b.ForwardDelayMS.P99)
			gone = fmt.Sprintf("%d of %d", b.Lost, b.Lost+b.PacketsOut)
		}
		second := fmt.Sprintf("%.3f", b.CPUMSPerListenerSecond)
		join, joins := fmt.Sprintf("%.2f", b.JoinCPUMS), fmt.Sprintf("%.0f", b.JoinsPerS)
		if h := b.Herd; h != nil {
			packet, second = none, none // the joins are in it
			join = fmt.Sprintf("%.2f", h.CPUMS)
			joins = fmt.Sprintf("%.0f: %d in, %d told to come later, %d failed", h.JoinsPS, h.In, h.Refused, h.Failed)
		} else if b.Failed > 0 {
			joins += fmt.Sprintf(": %d failed", b.Failed)
		}
		t.add(r.name, packet, second, fmt.Sprintf("%.1f / %.1f", b.RSSKiBPerListener, b.HeapKiBPerListener),
			fmt.Sprintf("%.2f", b.GoroutinesPerListener), join, joins, gone, delay, loads(runs[i]), fmt.Sprint(len(runs[i])))
	}
	return t.String()
}

// peerTable shows the medians of all runs, and how far they spread. LiveKit's
// are not of this machine and moment: it is not Debian's to install.
func peerTable(rows []row, runs [][]bench.Report) string {
	t := newTable("server, crowd", "listeners", "CPU per packet delivered, µs", "CPU per listener, ms/s", "memory per listener, KiB",
		"CPU per join, ms", "lost, %", "load", "runs")
	for i, r := range rows {
		of := func(value func(bench.Report) float64, digits int) string { return spread(runs[i], value, digits) }
		t.add(r.name, fmt.Sprint(runs[i][0].Listeners), of(perPacket, 1), of(perSecond, 2),
			of(func(r bench.Report) float64 { return r.RSSKiBPerListener }, 0), of(perJoin, 1), of(lost, 2), loads(runs[i]), fmt.Sprint(len(runs[i])))
	}
	const apart = "LiveKit 1.13.5 (measured separately)"
	t.add(apart, "200", "32", none, none, none, none, none, none)
	t.add(apart, "500", "20.7 and 26.4", "1.03–1.32", "1,024–1,178", "8.9", none, none, none)
	return t.String()
}

// best returns the run with the least lost, and among these the one with the
// lowest key.
func best(runs []bench.Report, key func(bench.Report) float64) bench.Report {
	return slices.MinFunc(runs, func(a, b bench.Report) int {
		return cmp.Or(cmp.Compare(a.Lost, b.Lost), cmp.Compare(key(a), key(b)))
	})
}

// lost returns how much of what was due has not come, in per cent.
func lost(r bench.Report) float64 {
	return 100 * float64(r.Lost) / float64(max(r.Lost+r.PacketsOut, 1))
}

// loads shows the load averages before the runs.
func loads(runs []bench.Report) string {
	return spread(runs, func(r bench.Report) float64 { return r.LoadAverage }, 1)
}

// spread shows the median of some runs, and the least and the most if they
// differ.
func spread(runs []bench.Report, value func(bench.Report) float64, digits int) string {
	var all []float64
	for _, r := range runs {
		all = append(all, value(r))
	}
	slices.Sort(all)
	n := len(all)
	show := func(v float64) string { return fmt.Sprintf("%.*f", digits, v) }
	median, least, most := show((all[(n-1)/2]+all[n/2])/2), show(all[0]), show(all[n-1])
	if least == most {
		return median
	}
	return fmt.Sprintf("%s (%s–%s)", median, least, most)
}

// A table is one in Markdown.
type table struct{ strings.Builder }

func newTable(columns ...string) *table {
	t := new(table)
	t.add(columns...)
	t.add(slices.Repeat([]string{"---"}, len(columns))...)
	return t
}

func (t *table) add(cells ...string) { t.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
