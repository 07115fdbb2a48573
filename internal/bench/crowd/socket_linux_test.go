package crowd

import (
	"net"
	"net/netip"
	"testing"
	"time"
)

// Clients on one socket have an address each, for those who send to them and
// for those whom they send to.
func TestManyAddressesOnOneSocket(t *testing.T) {
	s, err := openSocket()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.close() })
	node, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = node.Close() })
	to := netip.MustParseAddrPort(node.LocalAddr().String())
	b := make([]byte, 100)
	for _, ear := range []int{0, 1, 255, 256, 9999} {
		from := netip.AddrFrom4(loopback.addressOf(ear))
		if loopback.earOf(loopback.addressOf(ear)) != ear || !from.IsLoopback() {
			t.Errorf("ear %d is at %v", ear, from)
		}
		if err := s.write([]byte("up"), fromAddress(loopback.addressOf(ear)), to); err != nil {
			t.Fatal(err)
		}
		_ = node.SetReadDeadline(time.Now().Add(10 * time.Second))
		n, addr, err := node.ReadFromUDPAddrPort(b)
		if err != nil || string(b[:n]) != "up" || addr.Addr() != from {
			t.Fatalf("%q from %v, %v; want it from %v", b[:n], addr, err, from)
		}
		if _, err := node.WriteToUDPAddrPort([]byte("down"), addr); err != nil {
			t.Fatal(err)
		}
		_ = s.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		if n, err := s.read(); err != nil || n != 1 {
			t.Fatalf("%d datagrams, %v", n, err)
		}
		if got, addr := s.datagram(0); string(got) != "down" || loopback.earOf(addr) != ear {
			t.Fatalf("%q to %v", got, addr)
		}
	}
}
