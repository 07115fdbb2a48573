package node

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"time"

	"github.com/stoa-audio/stoa/internal/overlay/admission"
	"github.com/stoa-audio/stoa/internal/overlay/audit"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
)

// VerifyFence compares what is configured, what lies in the data directory, what
// the running node says of itself, and the sockets that the system says that it
// has (overlay/audit).
func VerifyFence(ctx context.Context, c Config, now time.Time) (audit.Report, error) {
	kept, err := keptOf(c, now)
	if err != nil {
		return audit.Report{}, err
	}
	running := new(audit.Running)
	switch err := askControl(ctx, c.Data, "/fence", running); {
	case errors.Is(err, ErrNotRunning):
		return audit.Judge(now, kept, nil, audit.System{}), nil
	case err != nil:
		return audit.Report{}, err
	}
	running.Ways = resolve(ctx, running.Ways)
	system, err := systemOf(running.PID)
	if err != nil {
		return audit.Report{}, err
	}
	return audit.Judge(now, kept, running, system), nil
}

// resolveWait is how long names of doors are asked for.
const resolveWait = 3 * time.Second

// resolve puts the addresses of doors in the place of their names.
func resolve(ctx context.Context, ways []audit.Way) (out []audit.Way) {
	ctx, cancel := context.WithTimeout(ctx, resolveWait)
	defer cancel()
	for _, w := range ways {
		host, port, err := net.SplitHostPort(w.Address)
		if err != nil {
			continue
		}
		found, err := net.DefaultResolver.LookupHost(ctx, host)
		if err != nil {
			found = []string{host} // a connection to it is then one to nobody
		}
		for _, address := range found {
			w.Address = net.JoinHostPort(address, port)
			out = append(out, w)
		}
	}
	return out
}

// keptOf is what the configuration and the disk say.
func keptOf(c Config, now time.Time) (audit.Kept, error) {
	k := audit.Kept{Fence: c.Network.Fence}
	dir := filepath.Join(c.Data, NetworkDir)
	self, err := admission.Load(dir)
	if errors.Is(err, admission.ErrNoNetwork) {
		k.Alone = true
		return k, nil
	}
	if err != nil {
		return k, err
	}
	ledger, err := admission.OpenLedger(dir, self.Root)
	if err != nil {
		return k, err
	}
	for _, r := range ledger.Removals() {
		k.Removed = append(k.Removed, r.Node)
	}
	for _, ca := range self.Regions {
		if _, name, err := identity.RegionOf(ca); err == nil {
			k.Regions = append(k.Regions, name)
		}
	}
	k.Place, k.Expires = self.Member.Place, self.Chain[0].NotAfter
	store, err := self.Store(k.Fence, ledger.Removals())
	if err != nil {
		return k, err
	}
	k.Trusts = store.Names()
	// Whether its place is inside is looked at apart.
	if store.Trusts(k.Place.Region) {
		if _, err := store.Verify(self.Chain, now); err != nil {
			k.Problem = err.Error()
		}
	}
	return k, nil
}
