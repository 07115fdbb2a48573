package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/stoa-audio/stoa/internal/overlay/admission"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
)

// NetworkDir is where, in the data directory, a node keeps who it is in a
// network of nodes.
const NetworkDir = "network"

// renewEvery is how often a node looks whether its certificate is to be
// renewed.
const renewEvery = time.Hour

// A membership is this node's place in a network.
type membership struct {
	dir    string
	self   atomic.Pointer[admission.Identity]
	office *admission.Office // nil on machines where the network was not made
}

// startNetwork joins a network if there is an invite, takes this node's place
// in it, and opens the door where it was made. A node without one is a network
// of its own, and nothing is opened.
func (n *Node) startNetwork(ctx, work context.Context) error {
	m := &membership{dir: filepath.Join(n.config.Data, NetworkDir)}
	self, err := admission.Load(m.dir)
	if errors.Is(err, admission.ErrNoNetwork) && n.config.Join != "" {
		self, err = join(ctx, m.dir, n.config.Join)
	}
	switch {
	case errors.Is(err, admission.ErrNoNetwork):
		return nil
	case err != nil:
		return fmt.Errorf("network: %w", err)
	}
	m.self.Store(self)
	if m.office, err = admission.OpenOffice(m.dir); err != nil && !errors.Is(err, admission.ErrNoRoll) {
		return fmt.Errorf("network: %w", err)
	}
	if err := m.renew(ctx, time.Now()); err != nil {
		left := time.Until(self.Chain[0].NotAfter)
		if left <= 0 {
			return fmt.Errorf("network: this node's certificate has expired, and it is not renewed: %w; move %s away, and join again by a new invite (stoa network invite)", err, m.dir)
		}
		n.log.WarnContext(ctx, "the certificate is not renewed yet", "left", left.Round(time.Minute), "reason", err)
	}
	n.member = m
	if m.office != nil {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", n.config.Network.Listen)
		if err != nil {
			return fmt.Errorf("network: %w", err)
		}
		go func() {
			if err := m.office.ServeDoor(work, l, time.Now, n.log); err != nil {
				n.failed <- fmt.Errorf("network: %w", err)
			}
		}()
	}
	go n.keepMember(work)
	place := m.self.Load().Member.Place
	n.log.InfoContext(ctx, "in a network of nodes", "region", place.Region, "operator", place.Operator)
	return nil
}

// join makes this machine a node by an invite.
func join(ctx context.Context, dir, invite string) (*admission.Identity, error) {
	token, err := identity.ParseToken(invite, time.Now())
	if err != nil {
		return nil, err
	}
	return admission.Join(ctx, dir, token, time.Now())
}

// renew renews the certificate when it is time.
func (m *membership) renew(ctx context.Context, now time.Time) error {
	self := m.self.Load()
	if self.Chain[0].NotAfter.Sub(now) > identity.NodeLife-identity.RenewAfter {
		return nil
	}
	var newer *admission.Identity
	var err error
	if m.office != nil {
		newer, err = m.office.RenewSelf(now)
	} else {
		newer, err = self.Renew(ctx, m.dir, now)
	}
	if err == nil {
		m.self.Store(newer)
	}
	return err
}

// keepMember renews the certificate for as long as the node runs.
func (n *Node) keepMember(ctx context.Context) {
	t := time.NewTicker(renewEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if err := n.member.renew(ctx, time.Now()); err != nil && ctx.Err() == nil {
			left := time.Until(n.member.self.Load().Chain[0].NotAfter)
			n.log.ErrorContext(ctx, "the certificate is not renewed", "left", left.Round(time.Minute), "reason", err)
		}
	}
}
