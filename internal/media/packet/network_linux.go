package packet

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/stoa-audio/stoa/internal/udp"
)

const (
	waysMax   = 1 << 15 // of a lane; what goes beyond goes over the socket
	hopsMax   = 1 << 13
	askedMax  = 1 << 10 // addresses that wait; one that finds no place is asked for again
	answerMax = time.Second
	watchWait = time.Second // until it is tried again
	// lifeOfWay is how long a way is used before the system is asked again and,
	// by a datagram over the socket, looks whether the next hop is still there.
	lifeOfWay = 30 * time.Second
	// settle is how long nothing is asked for after a change, since one seldom
	// comes alone.
	settle = 100 * time.Millisecond
	tick   = time.Second
)

// The ways that datagrams go, as they are counted.
const (
	asFrames = iota
	overUDP
)

// A way is how datagrams get to an address. A nil way is known to lead over
// the socket.
type way struct {
	link      *link
	source    netip.Addr
	packetMax int // MTU of the path, IP header included
	hop       *hop
}

// A link is an interface that takes Ethernet frames.
type link struct {
	index int
	mac   mac
	mtu   int
}

// A hop is a neighbour that frames are sent to. The network changes it while
// lanes use it.
type hop struct{ known atomic.Uint64 }

// hopUsable stands beside the 48 bits of the hardware address.
const hopUsable = 1 << 48

func (h *hop) set(m mac) {
	known := uint64(hopUsable)
	for i, b := range m {
		known |= uint64(b) << (8 * i)
	}
	h.known.Store(known)
}

func (h *hop) forget() { h.known.Store(0) }

func (h *hop) mac() (m mac, usable bool) {
	known := h.known.Load()
	for i := range m {
		m[i] = byte(known >> (8 * i)) //nolint:gosec // one byte of it
	}
	return m, known != 0
}

// A neighbour is an address on an interface.
type neighbour struct {
	link int
	addr netip.Addr
}

// An ask is for the way from a lane to an address.
type ask struct {
	lane *Lane
	to   netip.Addr
}

// A resolved address is one whose way is known until some time.
type resolved struct {
	to    netip.Addr
	until time.Time
}

// A Network knows the ways to the addresses that its lanes send to.
type Network struct {
	log    *slog.Logger
	handle *netlink.Handle
	asked  chan ask
	stop   chan struct{}
	done   sync.WaitGroup

	mu    sync.Mutex // guards lanes
	lanes []*Lane

	// The rest is the goroutine's.
	links map[int]*link
	hops  map[neighbour]*hop
}

// Open opens the network of this process. The error says so when the system
// is not Linux (errors.ErrUnsupported) or the process may not send frames.
func Open(log *slog.Logger) (*Network, error) {
	// Who may not send frames is told here and not at the first lane.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("packet socket", err)
	}
	if err := unix.Close(fd); err != nil {
		return nil, err
	}
	handle, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("ask the system for routes: %w", err)
	}
	if err := handle.SetSocketTimeout(answerMax); err != nil {
		handle.Close()
		return nil, fmt.Errorf("ask the system for routes: %w", err)
	}
	n := &Network{
		log: log, handle: handle, asked: make(chan ask, askedMax), stop: make(chan struct{}),
		links: make(map[int]*link), hops: make(map[neighbour]*hop),
	}
	n.done.Go(n.run)
	return n, nil
}

// Lane opens a lane for the datagrams of a socket.
func (n *Network) Lane(conn *udp.Conn) (*Lane, error) {
	l, err := openLane(n, conn)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lanes = append(n.lanes, l)
	return l, nil
}

// Sent returns how many datagrams have gone as frames, and how many over
// sockets.
func (n *Network) Sent() (framed, over uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, l := range n.lanes {
		framed += l.sent[asFrames].Load()
		over += l.sent[overUDP].Load()
	}
	return framed, over
}

// Close closes the lanes, which nobody may write to any more.
func (n *Network) Close() error {
	close(n.stop)
	n.done.Wait()
	n.handle.Close()
	n.mu.Lock()
	defer n.mu.Unlock()
	var errs []error
	for _, l := range n.lanes {
		errs = append(errs, l.close())
	}
	return errors.Join(errs...)
}

// ask asks for a way. It does not wait.
func (n *Network) ask(l *Lane, to netip.Addr) {
	select {
	case n.asked <- ask{l, to}:
	default:
	}
}

// run follows what the system says until the network is closed.
func (n *Network) run() {
	for {
		err := n.follow()
		// What is not followed is not known.
		n.forgetWays()
		for _, h := range n.hops {
			h.forget()
		}
		if err != nil {
			n.log.Warn("the packet lane cannot follow routes, so datagrams go over sockets", "error", err)
		}
		select {
		case <-n.stop:
			return
		case <-time.After(watchWait):
		}
	}
}

// follow answers asks for as long as it hears of changes.
func (n *Network) follow() error {
	w := watching{stop: make(chan struct{})}
	defer w.close()
	if err := w.open(); err != nil {
		return fmt.Errorf("follow links, routes and neighbours: %w", err)
	}
	// What changes from now on is told; this is what there is.
	links, err := n.handle.LinkList()
	if err != nil {
		return fmt.Errorf("list links: %w", err)
	}
	clear(n.links)
	for _, l := range links {
		n.noteLink(l.Attrs(), true)
	}
	neighbours, err := n.handle.NeighList(0, netlink.FAMILY_ALL)
	if err != nil {
		return fmt.Errorf("list neighbours: %w", err)
	}
	for i := range neighbours {
		n.noteNeighbour(&neighbours[i], true)
	}
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	var settled time.Time
	for {
		select {
		case <-n.stop:
			return nil
		case u, more := <-w.links:
			if !more {
				return w.failed()
			}
			if u.IfInfomsg.Family == unix.AF_UNSPEC { // not what a bridge says of it
				n.noteLink(u.Attrs(), u.Header.Type == unix.RTM_NEWLINK)
			}
			n.forgetWays()
			settled = time.Now().Add(settle)
		case _, more := <-w.routes:
			if !more {
				return w.failed()
			}
			n.forgetWays()
			settled = time.Now().Add(settle)
		case u, more := <-w.neighbours:
			if !more {
				return w.failed()
			}
			n.noteNeighbour(&u.Neigh, u.Type == unix.RTM_NEWNEIGH)
		case a := <-n.asked:
			if now := time.Now(); now.After(settled) {
				n.answer(now, a)
			}
		case now := <-ticks.C:
			for _, l := range n.all() {
				l.expire(now)
			}
		}
	}
}

// A watching is what the system says of changes. A channel is closed when it
// says no more.
type watching struct {
	links      chan netlink.LinkUpdate
	routes     chan netlink.RouteUpdate
	neighbours chan netlink.NeighUpdate
	stop       chan struct{}
	last       atomic.Pointer[error] // that was met, which need not end it
}

func (w *watching) open() error {
	met := func(err error) { w.last.Store(&err) }
	links := make(chan netlink.LinkUpdate)
	if err := netlink.LinkSubscribeWithOptions(links, w.stop, netlink.LinkSubscribeOptions{ErrorCallback: met}); err != nil {
		return err
	}
	w.links = links
	routes := make(chan netlink.RouteUpdate)
	if err := netlink.RouteSubscribeWithOptions(routes, w.stop, netlink.RouteSubscribeOptions{ErrorCallback: met}); err != nil {
		return err
	}
	w.routes = routes
	// To be told the existing ones here too would take the right to administer
	// the network: the library sends the request to everybody who listens.
	neighbours := make(chan netlink.NeighUpdate)
	if err := netlink.NeighSubscribeWithOptions(neighbours, w.stop, netlink.NeighSubscribeOptions{ErrorCallback: met}); err != nil {
		return err
	}
	w.neighbours = neighbours
	return nil
}

// failed returns why the system says no more.
func (w *watching) failed() error {
	if last := w.last.Load(); last != nil {
		return fmt.Errorf("follow links, routes and neighbours: %w", *last)
	}
	return errors.New("follow links, routes and neighbours: the system says no more")
}

// close ends what is open. Each channel is read until its writer, who may be
// about to write, has closed it.
func (w *watching) close() {
	close(w.stop)
	if w.links != nil {
		drain(w.links)
	}
	if w.routes != nil {
		drain(w.routes)
	}
	if w.neighbours != nil {
		drain(w.neighbours)
	}
}

func drain[T any](c <-chan T) {
	for range c {
	}
}

// all returns the lanes.
func (n *Network) all() []*Lane {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clip(n.lanes)
}

// forgetWays forgets all that routes and links have led to.
func (n *Network) forgetWays() {
	for _, l := range n.all() {
		l.forget()
	}
}

// usableStates are those of neighbours that are known to have been there. That
// they still are is checked by the system when it sends to them itself.
const usableStates = netlink.NUD_PERMANENT | netlink.NUD_REACHABLE | netlink.NUD_STALE | netlink.NUD_DELAY | netlink.NUD_PROBE

// noteLink takes down what the system says of an interface, which is there or
// not. Kept are those that take Ethernet frames and have neighbours.
func (n *Network) noteLink(a *netlink.LinkAttrs, there bool) {
	delete(n.links, a.Index)
	if there && a.EncapType == "ether" && a.RawFlags&(unix.IFF_LOOPBACK|unix.IFF_NOARP) == 0 && len(a.HardwareAddr) == len(mac{}) {
		n.links[a.Index] = &link{a.Index, mac(a.HardwareAddr), a.MTU}
	}
}

// noteNeighbour takes down what the system says of a neighbour, which is there
// or not.
func (n *Network) noteNeighbour(u *netlink.Neigh, there bool) {
	addr, ok := netip.AddrFromSlice(u.IP)
	if !ok || u.Family != unix.AF_INET && u.Family != unix.AF_INET6 || u.Flags&netlink.NTF_PROXY != 0 {
		return
	}
	h := n.hop(neighbour{u.LinkIndex, addr})
	switch {
	case h == nil:
	case there && u.State&usableStates != 0 && len(u.HardwareAddr) == len(mac{}):
		h.set(mac(u.HardwareAddr))
	default:
		h.forget()
	}
}

// hop returns the hop that is a neighbour, or nil when there are too many.
func (n *Network) hop(at neighbour) *hop {
	if h := n.hops[at]; h != nil {
		return h
	}
	if len(n.hops) >= hopsMax {
		n.forgetWays() // which point to hops
		maps.DeleteFunc(n.hops, func(_ neighbour, h *hop) bool { _, usable := h.mac(); return !usable })
		if len(n.hops) >= hopsMax {
			return nil
		}
	}
	h := new(hop)
	n.hops[at] = h
	return h
}

// answer tells a lane the way that it has asked for.
func (n *Network) answer(now time.Time, a ask) {
	if a.lane.knows(a.to) {
		return // every datagram asks until there is an answer
	}
	w, err := n.find(a.to, a.lane.bound)
	if err != nil {
		w = nil // the socket says what is wrong
	}
	a.lane.learn(a.to, w, now.Add(lifeOfWay))
}

// find asks the system for the way to an address. There is none when it leads
// over a socket.
func (n *Network) find(to, from netip.Addr) (*way, error) {
	if to.Zone() != "" || to.Is4In6() || to.IsLinkLocalUnicast() {
		return nil, nil
	}
	var options netlink.RouteGetOptions
	if from.IsValid() {
		options.SrcAddr = from.AsSlice()
	}
	routes, err := n.handle.RouteGetWithOptions(to.AsSlice(), &options)
	if err != nil || len(routes) != 1 {
		return nil, err
	}
	r := routes[0]
	if r.Type != unix.RTN_UNICAST || r.Encap != nil || r.NewDst != nil {
		return nil, nil
	}
	l := n.links[r.LinkIndex]
	if l == nil {
		return nil, nil
	}
	next, ok := to, true
	if r.Gw != nil {
		next, ok = netip.AddrFromSlice(r.Gw)
	} else if r.Via != nil { // a gateway of the other family
		via, is := r.Via.(*netlink.Via)
		if !is {
			return nil, nil
		}
		next, ok = netip.AddrFromSlice(via.Addr)
	}
	if !from.IsValid() {
		from, _ = netip.AddrFromSlice(r.Src)
	}
	if next, from = next.Unmap(), from.Unmap(); !ok || !from.IsValid() || from.Is4() != to.Is4() {
		return nil, nil
	}
	h := n.hop(neighbour{l.index, next})
	if h == nil {
		return nil, nil
	}
	w := &way{link: l, source: from, packetMax: l.mtu, hop: h}
	if r.MTU > 0 {
		w.packetMax = min(w.packetMax, r.MTU)
	}
	return w, nil
}
