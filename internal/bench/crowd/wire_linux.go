package crowd

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// joinWire makes a network namespace that has nothing but the crowd's end of
// the wire into a place for all its addresses.
func joinWire() error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	end, err := netlink.LinkByName(WireEnd)
	if err != nil {
		return err
	}
	here := &net.IPNet{IP: net.ParseIP(WireAddress), Mask: net.CIDRMask(24, 32)}
	_, leans, err := net.ParseCIDR(WireNet)
	if err != nil {
		return err
	}
	if err := errors.Join(
		netlink.LinkSetUp(lo), netlink.AddrAdd(end, &netlink.Addr{IPNet: here}), netlink.LinkSetUp(end),
		netlink.RouteAdd(&netlink.Route{
			Dst: leans, LinkIndex: lo.Attrs().Index, Table: unix.RT_TABLE_LOCAL, Type: unix.RTN_LOCAL, Scope: unix.RT_SCOPE_HOST,
		}),
	); err != nil {
		return err
	}
	// The system takes its time, and what is sent before is lost.
	for began := time.Now(); end.Attrs().OperState != netlink.OperUp; time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			return fmt.Errorf("%s does not come up", WireEnd)
		}
		if end, err = netlink.LinkByName(WireEnd); err != nil {
			return err
		}
	}
	return nil
}
