package node

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stoa-audio/stoa/internal/overlay/admission"
	"github.com/stoa-audio/stoa/internal/overlay/directory"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/region"
)

// NetworkDir is where, in the data directory, a node keeps who it is in a
// network of nodes.
const NetworkDir = "network"

// How often a node looks whether its certificate is to be renewed, and whether
// another process has changed what it knows of the network.
const (
	renewEvery = time.Hour
	lookEvery  = time.Second
)

// fenceFile is where the fence of the last start is kept.
const fenceFile = "fence"

// A membership is this node's place in a network.
type membership struct {
	dir    string
	fence  region.Fence
	office *admission.Office // nil where there is no door
	ledger *admission.Ledger
	self   atomic.Pointer[admission.Identity]
	store  atomic.Pointer[identity.Store]
	doors  func() []admission.Door // that are known now; set once the trunk is open

	mu      sync.Mutex // guards the rest, and who writes self and store
	rulings []ruling   // only grows
	listed  map[[sha256.Size]byte]bool
	saved   []admission.Door
	written time.Time // of the regions' file
}

// A ruling is one that other nodes are told of, and whose node it removes.
type ruling struct {
	identity.Ruling
	place region.Place // zero: it concerns nobody
}

// openMembership takes a node's place in its network.
func openMembership(dir string, fence region.Fence) (*membership, error) {
	self, err := admission.Load(dir)
	if err != nil {
		return nil, err
	}
	m := &membership{dir: dir, fence: fence, listed: make(map[[sha256.Size]byte]bool), saved: admission.ReadDoors(dir)}
	if m.office, err = admission.OpenOffice(dir); err == nil {
		m.ledger = m.office.Ledger()
	} else if !errors.Is(err, admission.ErrNoRoll) {
		return nil, err
	} else if m.ledger, err = admission.OpenLedger(dir, self.Root); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m, m.become(self)
}

// founded reports whether the network was made on this machine: it came in at its
// own door.
func (m *membership) founded() bool {
	self := m.self.Load()
	return m.office != nil && self.Address == self.Door.Address
}

// become makes self who this node is, and trusts accordingly.
func (m *membership) become(self *admission.Identity) error {
	store, err := self.Store(m.fence, m.ledger.Removals())
	if err != nil {
		return err
	}
	m.self.Store(self)
	m.store.Store(store)
	list := func(raw []byte, r ruling) {
		if key := sha256.Sum256(raw); !m.listed[key] {
			m.listed[key] = true
			m.rulings = append(m.rulings, r)
		}
	}
	for _, ca := range self.Regions {
		list(ca.Raw, ruling{Ruling: identity.Ruling{Region: ca.Raw}})
	}
	for _, s := range m.ledger.Signed() {
		if r, err := s.Parse(); err == nil {
			list(append(slices.Clone(s.Body), s.By...), ruling{identity.Ruling{Removed: &s}, r.Place})
		}
	}
	return nil
}

// told returns the rulings from one on that a node may hear which speaks to
// nobody outside a fence (link.Config.Rulings).
func (m *membership) told(fence region.Fence, from int) (out []identity.Ruling, next int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.rulings[min(from, len(m.rulings)):] {
		if r.place == (region.Place{}) || fence.Allows(r.place) {
			out = append(out, r.Ruling)
		}
	}
	return out, len(m.rulings)
}

// ruled takes in a ruling (link.Config.Ruled).
func (m *membership) ruled(r identity.Ruling) (news bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	self := m.self.Load()
	if r.Removed != nil && !m.ledger.Knows(*r.Removed) {
		if news, err = m.ledger.Add(*r.Removed, time.Now()); err != nil {
			return false, err
		}
	}
	if r.Region != nil && !m.listed[sha256.Sum256(r.Region)] {
		ca, _, err := identity.VerifyRegion(r.Region, self.Root, self.Member.Network)
		if err != nil {
			return false, err
		}
		newer, err := self.AddRegions(m.dir, ca)
		if err != nil {
			return false, err
		}
		news, self = news || newer != self, newer
	}
	if !news {
		return false, nil
	}
	return true, m.become(self)
}

// look takes in what another process has changed in the directory: who was
// removed, and which regions there are.
func (m *membership) look() (news bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if news, err = m.ledger.Look(); err != nil {
		return false, err
	}
	self := m.self.Load()
	if m.office != nil {
		info, err := os.Stat(filepath.Join(m.dir, "regions.crt"))
		if err != nil {
			return false, err
		}
		if !info.ModTime().Equal(m.written) {
			m.written = info.ModTime()
			newer, err := admission.Load(m.dir)
			if err != nil {
				return false, err
			}
			news, self = news || len(newer.Regions) != len(self.Regions), newer
		}
	}
	if !news {
		return false, nil
	}
	return true, m.become(self)
}

// renew renews the certificate when it is time.
func (m *membership) renew(ctx context.Context, now time.Time) error {
	self := m.self.Load()
	if self.Chain[0].NotAfter.Sub(now) > identity.NodeLife-identity.RenewAfter {
		return nil
	}
	var newer *admission.Identity
	var err error
	if m.signsItself() {
		newer, err = m.office.RenewSelf(now)
	} else {
		newer, err = self.Renew(ctx, m.dir, m.fence, m.doorsInTurn(self), now)
	}
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.become(newer)
}

// signsItself reports whether this node has the key of its own region.
func (m *membership) signsItself() bool {
	if m.office == nil {
		return false
	}
	regions, err := m.office.Regions()
	return err == nil && slices.Contains(regions, m.self.Load().Member.Place.Region)
}

// doorsInTurn returns the doors inside the fence at which this node may renew:
// those that others tell of, from any of them on so that none is flooded, those
// that were known at the last start, and where it came in. Outside the fence
// there is none: rather is the certificate let go.
func (m *membership) doorsInTurn(self *admission.Identity) []admission.Door {
	var now []admission.Door
	if m.doors != nil {
		if now = m.doors(); len(now) > 1 {
			first := rand.IntN(len(now)) //nolint:gosec // no secret
			now = slices.Concat(now[first:], now[:first])
		}
	}
	m.mu.Lock()
	all := slices.Concat(now, m.saved, []admission.Door{self.Door})
	m.mu.Unlock()
	var out []admission.Door
	for _, d := range all {
		if d.Inside(m.fence) && d.Address != self.Address && !slices.ContainsFunc(out, func(o admission.Door) bool { return o.Address == d.Address }) {
			out = append(out, d)
		}
	}
	return out
}

// save remembers the doors that are known now, for the next start.
func (m *membership) save() error {
	now := m.doors()
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(now) == 0 || slices.Equal(now, m.saved) {
		return nil
	}
	if err := admission.WriteDoors(m.dir, now); err != nil {
		return err
	}
	m.saved = now
	return nil
}

// seeds are the addresses by which other nodes are found: of doors inside the
// fence, each of which is at a node.
func (m *membership) seeds() []string {
	var out []string
	for _, d := range m.doorsInTurn(m.self.Load()) {
		out = append(out, d.Address)
	}
	return out
}

// widened compares the fence with that of the last start, keeps it, and returns
// what was before if it has become wider.
func (m *membership) widened() (before region.Fence, wider bool, err error) {
	path := filepath.Join(m.dir, fenceFile)
	text, err := os.ReadFile(path)
	if err == nil {
		if before, err = region.ParseFence(strings.TrimSpace(string(text))); err == nil && before == m.fence {
			return before, false, nil
		}
		wider = err == nil && !m.fence.Within(before)
	}
	return before, wider, admission.Note(m.dir, fenceFile, m.fence.String()+"\n")
}

// startNetwork joins a network if there is an invite, and takes this node's
// place in it. A node without one is a network of its own, and nothing is
// opened.
func (n *Node) startNetwork(ctx, work context.Context) error {
	dir, fence := filepath.Join(n.config.Data, NetworkDir), n.config.Network.Fence
	m, err := openMembership(dir, fence)
	if errors.Is(err, admission.ErrNoNetwork) && n.config.Join != "" {
		if err = join(ctx, dir, n.config.Join); err == nil {
			m, err = openMembership(dir, fence)
		}
	}
	switch {
	case errors.Is(err, admission.ErrNoNetwork):
		return nil
	case err != nil:
		return fmt.Errorf("network: %w", err)
	}
	if err := n.checkFence(ctx, m); err != nil {
		return err
	}
	if err := m.renew(ctx, time.Now()); err != nil {
		left := time.Until(m.self.Load().Chain[0].NotAfter)
		if left <= 0 {
			return fmt.Errorf("network: this node's certificate has expired, and it is not renewed: %w; move %s away, and join again by a new invite (stoa network invite)", err, dir)
		}
		n.log.WarnContext(ctx, "the certificate is not renewed yet", "left", left.Round(time.Minute), "reason", err)
	}
	n.member = m
	if m.office != nil {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", n.config.Network.Listen)
		if err != nil {
			return fmt.Errorf("network: %w", err)
		}
		n.admits = l.Addr()
		go func() {
			if err := m.office.ServeDoor(work, l, time.Now, n.log); err != nil {
				n.failed <- fmt.Errorf("network: %w", err)
			}
		}()
	}
	place := m.self.Load().Member.Place
	n.log.InfoContext(ctx, "in a network of nodes", "region", place.Region, "operator", place.Operator, "fence", fence.String())
	return nil
}

// checkFence looks at the fence before anything is sent: this node stands inside,
// and that it is wider than at the last start is said.
func (n *Node) checkFence(ctx context.Context, m *membership) error {
	self := m.self.Load()
	if place := self.Member.Place; !m.fence.Allows(place) {
		return fmt.Errorf("%w: network.fence: this node stands at %v, outside of %v", ErrConfig, place, m.fence)
	}
	before, wider, err := m.widened()
	if err != nil {
		return fmt.Errorf("network: %w", err)
	}
	if wider {
		n.log.WarnContext(ctx, "this node's fence is wider than at its last start", "before", before.String(), "now", m.fence.String())
	}
	if m.office == nil && !self.Door.Inside(m.fence) && len(m.doorsInTurn(self)) == 0 {
		n.log.WarnContext(ctx, "the door at which this node came in is outside its fence, and none inside is known yet: it asks nobody outside, neither for other nodes nor for a new certificate",
			"fence", m.fence.String(), "certificate_left", time.Until(self.Chain[0].NotAfter).Round(time.Hour))
	}
	return nil
}

// join makes this machine a node by an invite.
func join(ctx context.Context, dir, invite string) error {
	token, err := identity.ParseToken(invite, time.Now())
	if err != nil {
		return err
	}
	_, err = admission.Join(ctx, dir, token, time.Now())
	return err
}

// keepMember keeps this node a member for as long as it runs: it renews the
// certificate, and has others hear of what another process has changed.
func (n *Node) keepMember(ctx context.Context) {
	look, renew := time.NewTicker(lookEvery), time.NewTicker(renewEvery)
	defer look.Stop()
	defer renew.Stop()
	m, trouble := n.member, ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-renew.C:
			if err := m.renew(ctx, time.Now()); err != nil && ctx.Err() == nil {
				left := time.Until(m.self.Load().Chain[0].NotAfter)
				n.log.ErrorContext(ctx, "the certificate is not renewed", "left", left.Round(time.Minute), "reason", err)
			}
		case <-look.C:
			news, err := m.look()
			if err == nil {
				err = m.save()
			}
			if news {
				n.tellDoor(ctx)
				n.trunk.Ruled()
			}
			if text := fmt.Sprint(err); err == nil {
				trouble = ""
			} else if text != trouble { // once, and not each second
				trouble = text
				n.log.ErrorContext(ctx, "what is kept of the network cannot be read or written", "error", err)
			}
		}
	}
}

// ownDoor returns what others are told of this node's door; nil when there is none.
func (n *Node) ownDoor(ctx context.Context) *directory.Door {
	m := n.member
	if m.office == nil {
		return nil
	}
	regions, err := m.office.Regions()
	d := &directory.Door{Address: m.self.Load().Address, Regions: regions}
	if err == nil {
		err = d.Check()
	}
	if err != nil {
		n.log.WarnContext(ctx, "other nodes are not told of this node's door", "reason", err)
		return nil
	}
	return d
}

// tellDoor tells others of this node's door as it is now.
func (n *Node) tellDoor(ctx context.Context) {
	if d := n.ownDoor(ctx); d != nil {
		if err := n.trunk.Say(func(a *directory.Advert) { a.Door = d }); err != nil {
			n.log.WarnContext(ctx, "other nodes are not told of this node's door", "reason", err)
		}
	}
}

// doors are those of this node's region that others tell of, inside the fence.
func (n *Node) doors() []admission.Door {
	self := n.member.self.Load()
	var out []admission.Door
	for _, one := range n.trunk.Nodes() {
		if one.Door != nil && one.Node != self.Member.Node && slices.Contains(one.Door.Regions, self.Member.Place.Region) && n.config.Network.Fence.Allows(one.Place) {
			out = append(out, admission.Door{Address: one.Door.Address, Place: one.Place})
		}
	}
	slices.SortFunc(out, func(a, b admission.Door) int { return cmp.Compare(a.Address, b.Address) })
	return out
}
