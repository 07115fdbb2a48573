package bench

import (
	"errors"
	"fmt"
	"net"

	"github.com/vishvananda/netlink"

	"github.com/stoa-audio/stoa/internal/bench/crowd"
)

const nodeEnd = "stoa0"

// layWire makes a veth pair in the network namespace of this process, which
// has nothing else, and makes it ready at the node's end. It goes when the
// process that has the other end does.
func layWire() error {
	if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: nodeEnd}, PeerName: crowd.WireEnd}); err != nil {
		return fmt.Errorf("make a veth pair: %w", err)
	}
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	end, err := netlink.LinkByName(nodeEnd)
	if err != nil {
		return err
	}
	here := &net.IPNet{IP: net.ParseIP(wireAddress), Mask: net.CIDRMask(24, 32)}
	_, leans, err := net.ParseCIDR(crowd.WireNet)
	if err != nil {
		return err
	}
	return errors.Join(
		netlink.LinkSetUp(lo), netlink.AddrAdd(end, &netlink.Addr{IPNet: here}), netlink.LinkSetUp(end),
		netlink.RouteAdd(&netlink.Route{Dst: leans, Gw: net.ParseIP(crowd.WireAddress)}),
	)
}

// passEnd gives the other end of the wire to a process.
func passEnd(pid int) error {
	end, err := netlink.LinkByName(crowd.WireEnd)
	if err != nil {
		return err
	}
	return netlink.LinkSetNsPid(end, pid)
}
