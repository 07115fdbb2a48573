//go:build !linux

package socket

import "net"

// There is no poller for this system.
type poller struct{}

func startPoller() *poller { return nil }

func (*poller) stop() {}

func (*poller) add(*Conn, *net.TCPConn, []byte) bool { return false }
