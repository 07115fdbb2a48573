package stoa

import (
	"slices"
	"time"

	"github.com/stoa-audio/stoa/sdk/go/group"
	"github.com/stoa-audio/stoa/sdk/go/opus"
)

const (
	// hearWait is how long frames wait for one before them that is missing: it
	// may come as a copy, or because it was asked for again. Where nothing is
	// missing, nothing waits.
	hearWait = 200 * time.Millisecond
	heldMax  = 64 // frames of one slot that wait
)

// An order brings the frames of one slot into their order, and fills holes
// with copies. It is told the time and knows no connection.
type order struct {
	begun    bool
	sequence uint16 // expected next
	time     uint32 // timestamp expected next
	held     []held // by timestamp, oldest first
}

type held struct {
	timestamp uint32
	sequence  uint16 // of the packet, unless it is a copy
	copy      bool
	again     bool // it came after a later one
	packet    []byte
	who       group.ID
	due       time.Time // it waits no longer
}

// add takes in a frame that has come at the time now, in a packet of its own
// or as a copy. It reports whether it was of use.
func (o *order) add(now time.Time, h held) bool {
	if !o.begun {
		if h.copy {
			return false // from before we came
		}
		o.begun, o.sequence, o.time = true, h.sequence, h.timestamp
	}
	if int32(h.timestamp-o.time) < 0 { //nolint:gosec // serial arithmetic (RFC 1982)
		return false
	}
	i, there := slices.BinarySearchFunc(o.held, h.timestamp, func(h held, t uint32) int {
		return int(int32(h.timestamp - t)) //nolint:gosec // serial arithmetic
	})
	if there || len(o.held) == heldMax {
		return false
	}
	h.due = now.Add(hearWait)
	o.held = slices.Insert(o.held, i, h)
	return true
}

// next returns the frame whose turn it is, and how many before it are lost for
// good; or false when all that is here has to wait, until due.
func (o *order) next(now time.Time) (h held, lost int, ok bool) {
	i := slices.IndexFunc(o.held, func(h held) bool { return !h.copy && h.sequence == o.sequence })
	switch {
	case len(o.held) == 0:
		return held{}, 0, false
	case i >= 0:
		// Its number says that nothing is missing, whatever the clock says:
		// there was a pause, or somebody else speaks now.
		o.held = slices.Delete(o.held, 0, i)
	case o.held[0].timestamp == o.time:
	case now.Before(o.due()) && len(o.held) < heldMax:
		return held{}, 0, false
	case o.held[0].copy:
		lost = int((o.held[0].timestamp - o.time) / max(1, opus.Samples(o.held[0].packet)))
	default:
		lost = int(o.held[0].sequence - o.sequence)
	}
	h = o.held[0]
	o.held = slices.Delete(o.held, 0, 1)
	if h.copy {
		h.sequence = o.sequence + uint16(lost) //nolint:gosec // wraps
	}
	o.sequence, o.time = h.sequence+1, h.timestamp+opus.Samples(h.packet)
	return h, lost, true
}

// due returns when the first frame waits no longer. Some must be held.
func (o *order) due() time.Time {
	due := o.held[0].due
	for _, h := range o.held[1:] {
		if h.due.Before(due) {
			due = h.due
		}
	}
	return due
}
