package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/stoa-audio/stoa/internal/bench"
)

// A row is something to measure: a command that prints the keys of stoa bench
// room.
type row struct {
	name    string
	command []string
	// key is what tells the best of several runs, of which nothing is lost.
	key func(bench.Report) float64
}

// How much is measured. A try is for looking whether all works: its figures
// mean nothing.
type scale struct {
	people  int // is divided by it
	seconds int
	rounds  int
}

var (
	full = scale{people: 1, seconds: 10, rounds: 3}
	try  = scale{people: 20, seconds: 2, rounds: 1}
)

func perPacket(r bench.Report) float64 { return r.CPUUSPerPacket }
func perSecond(r bench.Report) float64 { return r.CPUMSPerListenerSecond }
func perJoin(r bench.Report) float64   { return r.JoinCPUMS }
func slowest(r bench.Report) float64   { return r.ForwardDelayMS.P99 }

// rooms are the runs of a node alone.
func rooms(s scale) []row {
	people := func(n int) string { return strconv.Itoa(n / s.people) }
	room := func(args string, key func(bench.Report) float64) row {
		words := append(strings.Fields("bin/stoa bench room --json --seconds"), strconv.Itoa(s.seconds))
		return row{command: append(words, strings.Fields(args)...), key: key}
	}
	named := func(name string, r row) row { r.name = name; return r }
	return []row{
		named("500 × 1, pion/webrtc, 20 ms", room("--client pion --listeners "+people(500), perPacket)),
		named("1,000 × 1, lean, 20 ms", room("--listeners "+people(1000), perPacket)),
		named("1,000 × 1, lean, 40 ms", room("--ptime 40 --listeners "+people(1000), perPacket)),
		named("1,000 × 0, lean", room("--speakers 0 --listeners "+people(1000), perSecond)),
		named("1,000 join at once", room("--speakers 0 --joining "+people(1000)+" --listeners "+people(1000), perJoin)),
		named("5,000 × 1, lean, 40 ms", room("--ptime 40 --listeners "+people(5000), perPacket)),
		named("500 × 1, and a herd of 2,000", room("--listeners "+people(500)+" --herd "+people(2000), slowest)),
	}
}

// A contender is a server and a crowd, as a row for so many listeners.
type contender struct {
	name    string
	command string
}

var contenders = []contender{
	{"Stoa, pion/webrtc", "bin/stoa bench room --json --client pion"},
	{"Janus VideoRoom, pion/webrtc", "bin/peers janus"},
	{"Mumble, its own UDP", "bin/peers mumble"},
	{"Stoa, lean", "bin/stoa bench room --json"},
}

// comparison is the runs of all contenders, those of one size side by side.
func comparison(sizes []int, s scale) []row {
	var all []row
	for _, n := range sizes {
		for _, c := range contenders {
			all = append(all, row{
				name: c.name, key: perPacket,
				command: append(strings.Fields(c.command), "--seconds", strconv.Itoa(s.seconds), "--listeners", strconv.Itoa(n)),
			})
		}
	}
	return all
}

// parseSizes reads numbers of listeners.
func parseSizes(list string) (sizes []int, err error) {
	for word := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is no number of listeners", word)
		}
		sizes = append(sizes, n)
	}
	return sizes, nil
}
