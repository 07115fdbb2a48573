package spread

import (
	"github.com/stoa-audio/stoa/internal/id"
)

// Nodes returns the nodes that have people of a room of ours; none when it is
// not one.
func (rs *Rooms) Nodes(name id.Room) []id.Node {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	h := rs.rooms[name]
	if h == nil {
		return nil
	}
	nodes := make([]id.Node, 0, len(h.counts))
	for node := range h.counts {
		nodes = append(nodes, node)
	}
	return nodes
}
