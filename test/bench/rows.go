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

// A scale is how much is measured. A try shows whether all works; its figures
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
	room := func(name string, key func(bench.Report) float64, args string) row {
		words := append(strings.Fields("bin/stoa bench room --json --seconds"), strconv.Itoa(s.seconds))
		return row{name, append(words, strings.Fields(args)...), key}
	}
	n := fmt.Sprintf
	few, many, most, more, herd := 500/s.people, 1000/s.people, 5000/s.people, 8000/s.people, 2000/s.people
	return []row{
		room(n("%d × 1, pion/webrtc, 20 ms", few), perPacket, n("--client pion --listeners %d", few)),
		room(n("%d × 1, lean, 20 ms", many), perPacket, n("--listeners %d", many)),
		room(n("%d × 1, lean, 40 ms", many), perPacket, n("--ptime 40 --listeners %d", many)),
		room(n("%d × 0, lean", many), perSecond, n("--speakers 0 --listeners %d", many)),
		room(n("%d × 0, all come at once", many), perJoin, n("--speakers 0 --joining %d --listeners %d", many, many)),
		room(n("%d × 1, lean, 40 ms", most), perPacket, n("--ptime 40 --listeners %d", most)),
		room(n("%d × 1, lean, 40 ms", more), perPacket, n("--ptime 40 --listeners %d", more)),
		room(n("%d × 4, lean, 20 ms", few/2), perPacket, n("--speakers 4 --listeners %d", few/2)),
		room(n("%d × 1, lean, 20 ms, over a wire", few), perPacket, n("--wire --listeners %d", few)),
		room(n("%d × 1, lean, 20 ms, over a wire, lane packet", few), perPacket, n("--wire --lane packet --listeners %d", few)),
		room(n("%d × 1, lean, 20 ms, and a herd of %d", few, herd), slowest, n("--listeners %d --herd %d", few, herd)),
	}
}

// A contender is a server with a crowd.
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
