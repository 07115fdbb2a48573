package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
)

// A report is what was seen, and what was found in it.
type report struct {
	search *search

	packets, bytes int // without those of plants
	searched       int // bytes; those over TCP count twice
	kinds          map[string]int
	extended       int // RTP packets with header extensions

	hits    int
	lines   []string // what the first hits were
	planted int
	unfound []string // plants
	uncut   []string // plants over TCP that are found without putting it together

	canaries int
}

// linesMax is how many hits are told one by one.
const linesMax = 20

// examine searches frames, one by one and put together. What goes to the ports
// of the sink was planted.
func examine(frames [][]byte, s *search, sinks []uint16, plants []plant) *report {
	r := &report{search: s, kinds: make(map[string]int), planted: len(plants)}
	type sighting struct {
		flow
		pattern int
	}
	packets := make([]packet, 0, len(frames))
	inPackets, inStreams := make(map[sighting]bool), make(map[sighting]bool)
	for _, frame := range frames {
		p, ok := parse(frame)
		if ok {
			packets = append(packets, p)
		}
		if ok && p.touches(sinks) {
			s.search(frame, func(h hit) { inPackets[sighting{p.flow, h.pattern}] = true })
			continue
		}
		r.packets++
		r.bytes += len(frame)
		r.searched += len(frame)
		kind := kindOf(p, ok)
		r.kinds[kind]++
		if kind == "SRTP" && p.payload[0]&0x10 != 0 {
			r.extended++
		}
		s.search(frame, func(h hit) { r.found(h, kind) })
	}
	for _, run := range together(packets) {
		if run.touches(sinks) {
			s.search(run.bytes, func(h hit) { inStreams[sighting{run.flow, h.pattern}] = true })
			continue
		}
		r.searched += len(run.bytes)
		s.search(run.bytes, func(h hit) { r.found(h, "a TCP stream") })
	}
	for _, p := range plants {
		at := sighting{p.flow, s.known[string(p.pattern)]}
		switch {
		case p.tcp && inPackets[at]:
			r.uncut = append(r.uncut, p.name)
		case p.tcp && !inStreams[at], !p.tcp && !inPackets[at]:
			r.unfound = append(r.unfound, p.name)
		}
	}
	return r
}

// kindOf tells what goes over a port of WebRTC apart (RFC 7983, RFC 5761).
func kindOf(p packet, ok bool) string {
	switch {
	case !ok:
		return "other"
	case p.tcp:
		return "TCP"
	case len(p.payload) < 12:
		return "other UDP"
	}
	switch first, second := p.payload[0], p.payload[1]; {
	case first < 4:
		return "STUN"
	case first >= 20 && first < 64:
		return "DTLS"
	case first >= 128 && first < 192 && second >= 192 && second < 224:
		return "SRTCP"
	case first >= 128 && first < 192:
		return "SRTP"
	}
	return "other UDP"
}

// found notes a hit.
func (r *report) found(h hit, where string) {
	if r.hits++; r.hits <= linesMax {
		r.lines = append(r.lines, fmt.Sprintf("%s, in %s, at byte %d", r.search.patterns[h.pattern].name, where, h.at))
	}
}

// missing returns what belongs to a visit and was not there.
func (r *report) missing() error {
	var errs []error
	for _, kind := range []string{"TCP", "STUN", "DTLS", "SRTP", "SRTCP"} {
		if r.kinds[kind] == 0 {
			errs = append(errs, fmt.Errorf("no %s was seen", kind))
		}
	}
	if r.planted == 0 {
		errs = append(errs, errors.New("nothing was planted"))
	}
	return errors.Join(errs...)
}

func (r *report) good() bool {
	return r.hits == 0 && r.extended == 0 && len(r.unfound) == 0 && len(r.uncut) == 0
}

// write says all that a person has to know; the last line is the result.
func (r *report) write(out io.Writer, v visited) {
	for _, line := range r.lines {
		fmt.Fprintln(out, "found:", line)
	}
	if more := r.hits - len(r.lines); more > 0 {
		fmt.Fprintln(out, "and", more, "more")
	}
	for what, names := range map[string][]string{"planted and not found": r.unfound, "planted to be cut, and found whole": r.uncut} {
		for _, name := range names {
			fmt.Fprintf(out, "%s: %s\n", what, name)
		}
	}
	if r.extended > 0 {
		fmt.Fprintln(out, r.extended, "RTP packets have header extensions")
	}
	kinds := make([]string, 0, len(r.kinds))
	for kind, n := range r.kinds {
		kinds = append(kinds, fmt.Sprintf("%d %s", n, kind))
	}
	slices.Sort(kinds)
	fmt.Fprintf(out, "wire: packets: %v; a log of %d bytes\n", kinds, len(v.Log))
	// Each of the patterns begins with 8 bytes that chance must meet.
	chance := float64(r.searched+len(v.Log)) * float64(len(r.search.patterns)) / (1 << 63) / 2
	fmt.Fprintf(out, "wire: a hit by chance in one of %.1g runs\n", 1/chance)
	fmt.Fprintf(out, "wire: %d packets, %.1f MB, %d patterns of %d canaries: %d hits; %d of %d planted leaks found\n",
		r.packets, float64(r.bytes)/1e6, len(r.search.patterns), r.canaries, r.hits,
		r.planted-len(r.unfound)-len(r.uncut), r.planted)
}
