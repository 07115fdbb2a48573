// Package lines is a network of bad lines on one machine. Each place is the end
// of a TUN device in a network namespace of its own (package space), which has
// nothing else: every IP packet that leaves a place is read here, waits for as
// long as its line takes, and is written to the place it is for, or is lost.
//
// All packets are counted by who sends them to whom, before anything is lost, so
// that a 0 says that nobody has even tried.
//
// Not here: jitter, limits of bandwidth, and IPv6, which nobody is given.
package lines

import (
	"container/heap"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"
)

// Bounds of a network.
const (
	waitingMax = 1 << 15 // packets under way
	packetMax  = 1 << 16
	placesMax  = 256
)

// A Line is one direction between two places.
type Line struct {
	Delay time.Duration
	Loss  float64 // share of packets, 0 to 1
	Cut   bool    // nothing arrives
}

// A Pair is two places, in a direction.
type Pair struct{ From, To netip.Addr }

// A Count is what was sent. Datagrams are packets of UDP: voices go by those.
type Count struct{ Packets, Bytes, Arrived, Datagrams uint64 }

// Sub is what came after before.
func (c Count) Sub(before Count) Count {
	return Count{c.Packets - before.Packets, c.Bytes - before.Bytes, c.Arrived - before.Arrived, c.Datagrams - before.Datagrams}
}

// A Matrix is what was sent, by who sent it to whom.
type Matrix map[Pair]Count

// Sub is what came after before.
func (m Matrix) Sub(before Matrix) Matrix {
	out := make(Matrix, len(m))
	for p, c := range m {
		if left := c.Sub(before[p]); left.Packets > 0 {
			out[p] = left
		}
	}
	return out
}

// Sum adds up what was sent by some to some.
func (m Matrix) Sum(which func(Pair) bool) (sum Count) {
	for p, c := range m {
		if which(p) {
			sum = Count{sum.Packets + c.Packets, sum.Bytes + c.Bytes, sum.Arrived + c.Arrived, sum.Datagrams + c.Datagrams}
		}
	}
	return sum
}

// A Network carries packets between places.
type Network struct {
	usual func(from, to netip.Addr) Line

	mu      sync.Mutex // guards the rest
	rnd     *rand.Rand
	ends    map[netip.Addr]io.ReadWriteCloser
	special map[Pair]Line
	dark    map[netip.Addr]bool
	counts  Matrix
	waiting queue
	number  uint64
	closed  bool
	full    uint64
	wake    chan struct{}
	done    sync.WaitGroup
}

// New returns a network without places. usual says how a line is that has not
// been set; the same seed loses the same packets.
func New(seed uint64, usual func(from, to netip.Addr) Line) *Network {
	n := &Network{
		usual: usual, rnd: rand.New(rand.NewPCG(seed, 1)),
		ends: make(map[netip.Addr]io.ReadWriteCloser), special: make(map[Pair]Line), dark: make(map[netip.Addr]bool),
		counts: make(Matrix), wake: make(chan struct{}, 1),
	}
	n.done.Go(n.deliver)
	return n
}

// ErrPlaces means that there is no room for one more place.
var ErrPlaces = errors.New("no more places")

// Attach makes end the place at an address: what is read from it has been sent
// there, and what is written to it arrives. It belongs to the network then.
func (n *Network) Attach(at netip.Addr, end io.ReadWriteCloser) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || n.ends[at] != nil || len(n.ends) >= placesMax {
		return fmt.Errorf("%w: %v", ErrPlaces, at)
	}
	n.ends[at] = end
	n.done.Go(func() { n.accept(end) })
	return nil
}

// Set says how both directions between two places are from now on.
func (n *Network) Set(a, b netip.Addr, l Line) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.special[Pair{a, b}], n.special[Pair{b, a}] = l, l
}

// Usual has both directions between two places be as they were at first.
func (n *Network) Usual(a, b netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.special, Pair{a, b})
	delete(n.special, Pair{b, a})
}

// Dark cuts a place off, or connects it again: a machine without power.
func (n *Network) Dark(at netip.Addr, dark bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dark[at] = dark
}

// Counts returns what has been sent so far.
func (n *Network) Counts() Matrix {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maps.Clone(n.counts)
}

// Full returns how many packets were lost because too many were under way: then
// it is the machine that is measured.
func (n *Network) Full() uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.full
}

// Close ends the network and all its places.
func (n *Network) Close() error {
	n.mu.Lock()
	n.closed = true
	var errs []error
	for _, end := range n.ends {
		errs = append(errs, end.Close())
	}
	n.mu.Unlock()
	n.rouse()
	n.done.Wait()
	return errors.Join(errs...)
}

// accept takes in what a place sends, until it is closed.
func (n *Network) accept(end io.Reader) {
	b := make([]byte, packetMax)
	for {
		size, err := end.Read(b)
		if err != nil {
			return
		}
		if p, udp, ok := parse(b[:size]); ok {
			n.send(p, udp, b[:size])
		}
	}
}

// send has a packet wait for as long as its line takes.
func (n *Network) send(p Pair, udp bool, packet []byte) {
	now := time.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	c := n.counts[p]
	c.Packets++
	c.Bytes += uint64(len(packet))
	if udp {
		c.Datagrams++
	}
	n.counts[p] = c
	line, ok := n.special[p]
	if !ok {
		line = n.usual(p.From, p.To)
	}
	switch {
	case n.ends[p.To] == nil || line.Cut || n.dark[p.From] || n.dark[p.To]:
		return
	case line.Loss > 0 && n.rnd.Float64() < line.Loss:
		return
	case len(n.waiting) >= waitingMax:
		n.full++
		return
	}
	n.number++
	heap.Push(&n.waiting, &waits{pair: p, due: now.Add(line.Delay), number: n.number, packet: append([]byte(nil), packet...)})
	if n.waiting[0].number == n.number {
		n.rouse()
	}
}

func (n *Network) rouse() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// deliver writes each packet when it is due.
func (n *Network) deliver() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		due, ok := n.deliverDue(time.Now())
		if !ok {
			return
		}
		timer.Reset(time.Until(due))
		select {
		case <-timer.C:
		case <-n.wake:
		}
	}
}

// deliverDue writes what is due, and returns when the next packet is.
func (n *Network) deliverDue(now time.Time) (next time.Time, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for !n.closed && len(n.waiting) > 0 {
		first := n.waiting[0]
		if first.due.After(now) {
			return first.due, true
		}
		heap.Pop(&n.waiting)
		if n.dark[first.pair.To] {
			continue
		}
		// It does not wait: where the place takes no more, the packet is lost, as
		// it is at an interface that is full.
		if _, err := n.ends[first.pair.To].Write(first.packet); err == nil {
			c := n.counts[first.pair]
			c.Arrived++
			n.counts[first.pair] = c
		}
	}
	return now.Add(time.Hour), !n.closed
}

// A waits is a packet under way.
type waits struct {
	pair   Pair
	due    time.Time
	number uint64
	packet []byte
}

// A queue has what is due first at its head (container/heap).
type queue []*waits

// Len is heap.Interface's.
func (q queue) Len() int { return len(q) }

// Less is heap.Interface's: in order where the line is the same.
func (q queue) Less(i, j int) bool {
	if q[i].due.Equal(q[j].due) {
		return q[i].number < q[j].number
	}
	return q[i].due.Before(q[j].due)
}

// Swap is heap.Interface's.
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push is heap.Interface's.
func (q *queue) Push(x any) {
	if w, ok := x.(*waits); ok {
		*q = append(*q, w)
	}
}

// Pop is heap.Interface's.
func (q *queue) Pop() any {
	last := len(*q) - 1
	w := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return w
}

// parse returns from where to where an IPv4 packet goes (RFC 791), and whether it
// is of UDP. What a system says by itself on each interface, to all (multicast,
// RFC 1112), is not carried.
func parse(b []byte) (p Pair, udp, ok bool) {
	const header, protocol, protocolUDP = 20, 9, 17
	if len(b) < header || b[0]>>4 != 4 {
		return p, false, false
	}
	p = Pair{netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))}
	return p, b[protocol] == protocolUDP, !p.To.IsMulticast()
}
