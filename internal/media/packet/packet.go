// Package packet is a way out for datagrams that passes the system's UDP and
// IP by: it writes Ethernet frames itself and hands them to the network card's
// driver (AF_PACKET, packet(7)), which takes the system a fraction of the time.
// It runs on Linux and needs CAP_NET_RAW.
//
// It is for networks that the operator knows, because nothing of what the
// system does to outgoing packets is done to these: no output rules of
// nftables or iptables, no connection tracking and no NAT of this network
// namespace, no queueing or shaping (tc), no IPsec. Some clouds drop frames
// that they have not checked themselves.
//
// A Network asks the system for the way to each destination (rtnetlink(7)):
// interface, source address, next hop and its hardware address. It forgets
// what it knows when a route or an interface changes, and in any case after
// some time. A datagram whose way is not known goes over the UDP socket, as do
// those to this machine, over anything that is not Ethernet, beyond the path's
// MTU, and to link-local addresses; so nothing is lost because of this lane.
// Going over the socket also makes the system look for a neighbour that it
// does not know, and check now and then that the others are still there, which
// it would not do for frames that it does not see.
//
// Not here: VLAN tags (the interface of the VLAN adds them), IPv6 extension
// headers, fragments, receiving.
package packet
