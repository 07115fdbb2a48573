package stoa

// Places returns at which nodes the media are, and stand by.
func (r *Room) Places() (at, standby string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return nameOf(r.nodes, r.current.at), r.ready
}
