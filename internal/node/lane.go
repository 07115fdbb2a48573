package node

import (
	"github.com/stoa-audio/stoa/internal/media/packet"
	"github.com/stoa-audio/stoa/internal/media/sfu"
	"github.com/stoa-audio/stoa/internal/udp"
)

// lanes returns what makes a way out for each media socket. Nil: the sockets
// themselves, because the operator wants it so, or there is no other.
func (n *Node) lanes() func(*udp.Conn) sfu.Lane {
	if n.config.Media.Lane != "packet" {
		return nil
	}
	network, err := packet.Open(n.log)
	if err != nil {
		n.log.Warn("the packet lane cannot be opened; the node runs with the udp lane", "error", err)
		return nil
	}
	n.network = network
	return func(conn *udp.Conn) sfu.Lane {
		l, err := network.Lane(conn)
		if err != nil {
			n.log.Warn("the packet lane cannot be opened for a socket, which is used itself", "error", err)
			return conn
		}
		return l
	}
}
