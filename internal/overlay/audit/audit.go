// Package audit judges whether a node keeps inside its fence. It compares four
// things that come from different places: what is configured, whom the
// certificates on the disk have it trust, what the running node says of its
// links and of what went over them, and which sockets the system says that its
// process has. It reads none of them itself.
//
// It cannot see what goes over a socket that the system does not tell of, nor
// whether a node inside passes on what it got: for that, each of them is to be
// verified.
package audit

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

// strangersMax is how many times more than what came from a stranger may have
// gone back to it, before it has proven its address (RFC 9000, section 8.1),
// and strangersSlack the bytes beside, for what ends a connection.
const (
	strangersMax   = 3
	strangersSlack = 64 << 10
)

// Kept is what the configuration and the disk say.
type Kept struct {
	Fence   region.Fence
	Alone   bool         // in no network: there are no other nodes
	Place   region.Place // of this node, by its certificate
	Regions []string     // whose certificate authorities (CAs) lie there
	Trusts  []string     // of those, whom a store for the fence trusts
	Problem string       // why the certificate is no good; empty: it is good
	Expires time.Time
	Removed []id.Node
}

// A Flow is what went over a socket.
type Flow struct {
	InDatagrams  uint64 `json:"in_datagrams"`
	InBytes      uint64 `json:"in_bytes"`
	OutDatagrams uint64 `json:"out_datagrams"`
	OutBytes     uint64 `json:"out_bytes"`
}

// A Peer is another node that the running one has met or sought.
type Peer struct {
	Node      id.Node        `json:"node"`
	Place     region.Place   `json:"place"`
	Address   netip.AddrPort `json:"address,omitzero"`
	Connected bool           `json:"connected"`
	Voices    Flow           `json:"voices"`
	Control   Flow           `json:"control"`
	OffKM     float64        `json:"off_km,omitempty"` // so far it must be from where it says that it stands
}

// A Socket is one that a process has, or says that it has.
type Socket struct {
	Network   string         `json:"network"` // "udp" or "tcp"
	Local     netip.AddrPort `json:"local"`
	Remote    netip.AddrPort `json:"remote,omitzero"` // not valid, or of port 0: with nobody in particular
	Listening bool           `json:"listening,omitempty"`
	For       string         `json:"for,omitempty"`
}

// A Way is an address that the node calls besides those of other nodes' trunks.
type Way struct {
	Address string       `json:"address"` // host:port
	Place   region.Place `json:"place"`   // who is there
	For     string       `json:"for"`
}

// Running is what the running node says.
type Running struct {
	PID       int          `json:"pid"`
	Fence     region.Fence `json:"fence"`
	Place     region.Place `json:"place"`
	Alone     bool         `json:"alone"`
	Trusts    []string     `json:"trusts"`
	Sockets   []Socket     `json:"sockets"`
	Ways      []Way        `json:"ways"`
	Peers     []Peer       `json:"peers"`
	Seeds     Flow         `json:"seeds"`
	Strangers Flow         `json:"strangers"`
	Kept      uint64       `json:"kept"`    // what would have gone outside, and did not
	Outside   uint64       `json:"outside"` // nodes outside that were refused
	Denied    uint64       `json:"denied"`  // refused for another reason
}

// System is what the system says of the running node's process.
type System struct {
	Told    bool // false: this system does not say
	Sockets []Socket
}

// A Check is one thing that was looked at.
type Check struct {
	What  string   `json:"what"`
	Found string   `json:"found"`
	Wrong []string `json:"wrong,omitempty"`
}

// A Report is all that was found. Pass is true only when all was looked at, and
// nothing is wrong.
type Report struct {
	Pass   bool         `json:"pass"`
	Fence  region.Fence `json:"fence"`
	Checks []Check      `json:"checks"`
	Peers  []Peer       `json:"peers"`
}

// Judge compares. Running is nil when no node runs.
func Judge(now time.Time, kept Kept, running *Running, system System) Report {
	r := Report{Fence: kept.Fence}
	r.certificate(now, kept)
	r.trust(kept, running)
	if running == nil {
		r.note("running node", "none", "no node runs with this data directory, or it does not answer: its links and sockets were not looked at")
	} else {
		r.Peers = running.Peers
		r.configuration(kept, running)
		r.peers(kept, running)
		r.bytes(kept, running)
		r.sockets(kept, running, system)
	}
	r.Pass = !slices.ContainsFunc(r.Checks, func(c Check) bool { return len(c.Wrong) > 0 })
	return r
}

// Why returns what is wrong, in one line; nothing when all is right.
func (r Report) Why() string {
	var all []string
	for _, c := range r.Checks {
		all = append(all, c.Wrong...)
	}
	return strings.Join(all, "; ")
}

func (r *Report) note(what, found string, wrong ...string) {
	r.Checks = append(r.Checks, Check{what, found, wrong})
}

func (r *Report) certificate(now time.Time, k Kept) {
	if k.Alone {
		r.note("certificate", "none: in no network of nodes")
		return
	}
	var wrong []string
	switch {
	case k.Problem != "":
		wrong = append(wrong, "this node's certificate is no good: "+k.Problem)
	case now.After(k.Expires):
		wrong = append(wrong, "this node's certificate has expired")
	}
	if !k.Fence.Allows(k.Place) {
		wrong = append(wrong, fmt.Sprintf("this node's certificate says %v, which is outside of %v", k.Place, k.Fence))
	}
	r.note("certificate", fmt.Sprintf("%v, until %s", k.Place, k.Expires.UTC().Format(time.DateTime)), wrong...)
}

// allows reports whether a region may be trusted inside a fence, whoever runs
// its nodes.
func allows(fence region.Fence, name string) bool {
	only := fence.Regions()
	return !fence.IsNowhere() && (len(only) == 0 || slices.Contains(only, name))
}

func (r *Report) trust(k Kept, running *Running) {
	if k.Alone {
		r.note("trust store", "empty")
		return
	}
	var wrong []string
	look := func(whose string, names []string) {
		for _, name := range names {
			if !allows(k.Fence, name) {
				wrong = append(wrong, fmt.Sprintf("%s trusts region %s, which is outside of %v", whose, name, k.Fence))
			} else if !slices.Contains(k.Regions, name) {
				wrong = append(wrong, fmt.Sprintf("%s trusts region %s, whose certificate is not on the disk", whose, name))
			}
		}
	}
	look("the store on the disk", k.Trusts)
	found := fmt.Sprintf("of %s: %s", list(k.Regions), list(k.Trusts))
	if running != nil {
		look("the running node", running.Trusts)
		found += fmt.Sprintf("; running: %s; removed nodes: %d", list(running.Trusts), len(k.Removed))
	}
	r.note("trust store", found, wrong...)
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func (r *Report) configuration(k Kept, running *Running) {
	var wrong []string
	if running.Fence != k.Fence {
		wrong = append(wrong, fmt.Sprintf("the running node's fence is %q, and %q is configured: start it anew", running.Fence, k.Fence))
	}
	if running.Alone != k.Alone {
		wrong = append(wrong, "the running node was started before this machine joined or left a network: start it anew")
	} else if running.Place != k.Place {
		wrong = append(wrong, fmt.Sprintf("the running node stands at %v, its certificate on the disk says %v", running.Place, k.Place))
	}
	r.note("configuration", fmt.Sprintf("network.fence = %q, running %q", k.Fence, running.Fence), wrong...)
}

func (r *Report) peers(k Kept, running *Running) {
	var wrong []string
	connected := 0
	for _, p := range running.Peers {
		if p.Connected {
			connected++
		}
		switch {
		case !p.Connected:
		case !k.Fence.Allows(p.Place):
			wrong = append(wrong, fmt.Sprintf("there is a connection with a node at %v, which is outside", p.Place))
		case slices.Contains(k.Removed, p.Node):
			wrong = append(wrong, fmt.Sprintf("there is a connection with a node at %v that was removed", p.Place))
		}
		if p.OffKM > 0 && k.Fence != region.Anywhere {
			wrong = append(wrong, fmt.Sprintf("a node that says it is at %v cannot stand there: it is off by %.0f km at least", p.Place, p.OffKM))
		}
	}
	r.note("other nodes", fmt.Sprintf("%d known, %d connected", len(running.Peers), connected), wrong...)
}

func (r *Report) bytes(k Kept, running *Running) {
	var wrong []string
	var inside, outside Flow
	for _, p := range running.Peers {
		all := p.Voices.plus(p.Control)
		if k.Fence.Allows(p.Place) {
			inside = inside.plus(all)
			continue
		}
		outside = outside.plus(all)
		if all.OutBytes > 0 {
			wrong = append(wrong, fmt.Sprintf("%d bytes went to %v, which is outside", all.OutBytes, p.Place))
		}
		if all.InBytes > 0 {
			wrong = append(wrong, fmt.Sprintf("%d bytes were taken from %v, which is outside", all.InBytes, p.Place))
		}
	}
	if s := running.Strangers; s.OutBytes > strangersMax*s.InBytes+strangersSlack {
		wrong = append(wrong, fmt.Sprintf("%d bytes went to addresses of no node inside, from which %d had come: more than answers to who calls", s.OutBytes, s.InBytes))
	}
	r.note("bytes", fmt.Sprintf("inside %d out, %d in; outside %d out, %d in; strangers who called %d out, %d in; kept back %d, nodes outside refused %d, others refused %d",
		inside.OutBytes, inside.InBytes, outside.OutBytes, outside.InBytes, running.Strangers.OutBytes, running.Strangers.InBytes,
		running.Kept, running.Outside, running.Denied), wrong...)
}

func (f Flow) plus(g Flow) Flow {
	return Flow{f.InDatagrams + g.InDatagrams, f.InBytes + g.InBytes, f.OutDatagrams + g.OutDatagrams, f.OutBytes + g.OutBytes}
}

// nameServers is the port to which names are asked for.
const nameServers = 53

func (r *Report) sockets(k Kept, running *Running, system System) {
	if !system.Told {
		r.note("sockets", "this system does not tell which a process has", "the sockets of the process were not looked at")
		return
	}
	var wrong []string
	known := func(network string, port uint16, listening bool) bool {
		return slices.ContainsFunc(running.Sockets, func(s Socket) bool {
			return s.Network == network && s.Local.Port() == port && s.Listening == listening
		})
	}
	listening, from, names := 0, 0, 0
	for _, s := range system.Sockets {
		local, remote := s.Local.Addr().Unmap(), s.Remote.Addr().Unmap()
		met := s.Remote.IsValid() && s.Remote.Port() != 0
		switch {
		case s.Network == "udp" && !met && known("udp", s.Local.Port(), false):
			listening++
		case s.Network == "tcp" && s.Listening && known("tcp", s.Local.Port(), true):
			listening++
		case s.Network == "tcp" && met && known("tcp", s.Local.Port(), true):
			from++ // somebody has called: people, and machines at the door
		case met && remote.IsLoopback(), s.Listening && local.IsLoopback():
			// On this machine.
		case met && s.Remote.Port() == nameServers:
			names++
		case met:
			w, ok := way(running.Ways, s.Remote)
			switch {
			case !ok:
				wrong = append(wrong, fmt.Sprintf("the process has a %s connection to %v, which is of no node inside", s.Network, s.Remote))
			case !k.Fence.Allows(w.Place):
				wrong = append(wrong, fmt.Sprintf("the process has a %s connection to %v, %s at %v, which is outside", s.Network, s.Remote, w.For, w.Place))
			}
		default:
			wrong = append(wrong, fmt.Sprintf("the process has a %s socket at %v that the node does not know of", s.Network, s.Local))
		}
	}
	for _, s := range running.Sockets {
		if !slices.ContainsFunc(system.Sockets, func(o Socket) bool {
			return o.Network == s.Network && o.Local.Port() == s.Local.Port() && o.Listening == s.Listening
		}) {
			wrong = append(wrong, fmt.Sprintf("the node says that it has a %s socket for %s, and its process has none", s.Network, s.For))
		}
	}
	r.note("sockets", fmt.Sprintf("%d of the node's own, %d from who has called, %d to ask for names", listening, from, names), wrong...)
}

func way(ways []Way, to netip.AddrPort) (Way, bool) {
	for _, w := range ways {
		if a, err := netip.ParseAddrPort(w.Address); err == nil && a.Addr().Unmap() == to.Addr().Unmap() && a.Port() == to.Port() {
			return w, true
		}
	}
	return Way{}, false
}
