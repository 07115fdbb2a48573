package link

import (
	"time"

	"github.com/stoa-audio/stoa/internal/overlay/relay"
)

// Ask has the loop do f with the node's core, and waits until it is done. It
// returns false when the trunk is closed, or so much waits that it must be.
func (t *Trunk) Ask(f func(now time.Duration, core *relay.Node)) bool {
	return t.ask(func(now time.Duration) { f(now, t.core) })
}
