package link

import (
	"cmp"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/directory"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/region"
)

// addressesMax bounds the addresses whose node is known.
const addressesMax = 4 * directory.NodesMax

// A Flow is what went over the trunk's socket, UDP payload.
type Flow struct {
	InDatagrams  uint64 `json:"in_datagrams"`
	InBytes      uint64 `json:"in_bytes"`
	OutDatagrams uint64 `json:"out_datagrams"`
	OutBytes     uint64 `json:"out_bytes"`
}

// Add returns both flows together.
func (f Flow) Add(other Flow) Flow {
	return Flow{
		f.InDatagrams + other.InDatagrams, f.InBytes + other.InBytes,
		f.OutDatagrams + other.OutDatagrams, f.OutBytes + other.OutBytes,
	}
}

// A Side is another node, and what went between it and this one since the
// start.
type Side struct {
	Node      id.Node
	Place     region.Place
	Address   netip.AddrPort // where datagrams go; none so far if it is not valid
	Connected bool
	Version   int  // that both speak; 0 while none is known
	Voices    Flow // sealed datagrams: voices, and what trees take
	Control   Flow // QUIC
}

// Traffic is all that went over the trunk's socket since the start.
type Traffic struct {
	Sides     []Side
	Seeds     Flow // from and to the addresses to begin with, before it was known who is there
	Strangers Flow // from and to everybody else
	// What was kept inside, or out.
	Kept    uint64 // datagrams and calls to nodes outside, not sent
	Outside uint64 // nodes outside the fence that were refused
	Denied  uint64 // nodes that were refused for another reason
}

// A flow counts while others read it.
type flow struct{ inDatagrams, inBytes, outDatagrams, outBytes atomic.Uint64 }

func (f *flow) in(bytes int) {
	f.inDatagrams.Add(1)
	f.inBytes.Add(uint64(bytes)) //nolint:gosec // not negative
}

func (f *flow) out(datagrams, bytes int) {
	f.outDatagrams.Add(uint64(datagrams)) //nolint:gosec // not negative
	f.outBytes.Add(uint64(bytes))         //nolint:gosec // not negative
}

func (f *flow) read() Flow {
	return Flow{f.inDatagrams.Load(), f.inBytes.Load(), f.outDatagrams.Load(), f.outBytes.Load()}
}

// A side counts what goes between this node and another.
type side struct {
	member          identity.Member
	address         netip.AddrPort // guarded by traffic.mu
	voices, control flow
}

// traffic counts what goes over the socket by the node at the other end. By
// construction what has no node is an answer to somebody who has called.
type traffic struct {
	mu        sync.RWMutex // guards the maps
	sides     map[id.Node]*side
	addresses map[netip.AddrPort]*flow // of QUIC, by who is there
	seeds     flow
	strangers flow
}

func newTraffic() *traffic {
	return &traffic{sides: make(map[id.Node]*side), addresses: make(map[netip.AddrPort]*flow)}
}

func plain(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// meets says that a node is, or is sought, at an address.
func (t *traffic) meets(m identity.Member, at netip.AddrPort, there bool) *side {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.sides[m.Node]
	if s == nil {
		s = &side{member: m}
		t.sides[m.Node] = s
	}
	if there {
		s.address = plain(at)
	}
	t.put(plain(at), &s.control)
	return s
}

// seeks says that somebody unknown is sought at an address.
func (t *traffic) seeks(at netip.AddrPort) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.addresses[plain(at)] == nil {
		t.put(plain(at), &t.seeds)
	}
}

func (t *traffic) put(at netip.AddrPort, f *flow) {
	if _, known := t.addresses[at]; !known && len(t.addresses) >= addressesMax {
		for other := range t.addresses { // any: it is put back when it is met again
			delete(t.addresses, other)
			break
		}
	}
	t.addresses[at] = f
}

// at returns the counter of QUIC with an address.
func (t *traffic) at(address netip.AddrPort) *flow {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if f := t.addresses[plain(address)]; f != nil {
		return f
	}
	return &t.strangers
}

// Traffic returns what went over the trunk since the start, and between whom.
func (t *Trunk) Traffic() Traffic {
	out := Traffic{
		Seeds: t.traffic.seeds.read(), Strangers: t.traffic.strangers.read(),
		Kept: t.Counts.Kept.Load(), Outside: t.Counts.Outside.Load(), Denied: t.Counts.Denied.Load(),
	}
	t.traffic.mu.RLock()
	for name, s := range t.traffic.sides {
		out.Sides = append(out.Sides, Side{Node: name, Place: s.member.Place, Address: s.address, Voices: s.voices.read(), Control: s.control.read()})
	}
	t.traffic.mu.RUnlock()
	slices.SortFunc(out.Sides, func(a, b Side) int {
		return cmp.Or(cmp.Compare(a.Place.String(), b.Place.String()), cmp.Compare(a.Node.String(), b.Node.String()))
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range out.Sides {
		if p := t.peers[out.Sides[i].Node]; p != nil {
			conn, _, _ := p.connection()
			out.Sides[i].Connected = conn != nil
			p.mu.Lock()
			out.Sides[i].Version = p.version
			p.mu.Unlock()
		}
	}
	return out
}
