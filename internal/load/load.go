// Package load judges how much more a node can take. It is told once a second
// what the node does and how well, and answers whether more people may come in
// and how many voices each room may carry. Those who are inside come first:
// new people are refused before anybody inside hears of it, and voices beyond
// the first are shed before anybody is put out, which nobody ever is.
//
// It measures nothing and refuses nobody itself.
package load

import "time"

// A Sample is one second of a node.
type Sample struct {
	CPU     float64 // share of all processors that the process used
	Memory  uint64  // bytes that the process holds
	Packets float64 // sent in the second
	Late    float64 // share of the packets that stayed longer than LateAfter
	Dropped float64 // share of the packets that were dropped for want of time
}

// LateAfter is how long a packet may stay in a node: half of what a jitter
// buffer of two frames makes good.
const LateAfter = 25 * time.Millisecond

// Limits is what a node may use.
type Limits struct {
	CPU    float64 // share of all processors, averaged over ten seconds
	Memory uint64  // bytes; zero: unlimited
}

// A Verdict is what a node can take now.
type Verdict struct {
	Full   bool          // nobody new
	Wait   time.Duration // when to ask again, if full
	Voices int           // at once in a room
	Why    Reason
}

// A Reason is why a node is full.
type Reason string

// The reasons.
const (
	NotFull Reason = ""
	CPU     Reason = "cpu"
	Memory  Reason = "memory"
	Late    Reason = "late"
)

// How often a limit is met, and for how long, before something follows.
const (
	smooth      = 0.2  // weight of the newest second: about ten seconds
	roomBelow   = 0.85 // share of a limit at which people are let in again
	lateShare   = 0.05 // of a second's packets
	busyCPU     = 0.25 // below, what is late is late for another's sake
	waitFull    = 5 * time.Second
	waitMemory  = 30 * time.Second
	shedAfter   = 3  // bad seconds until a voice less is carried
	regainAfter = 10 // good seconds until one more is
)

// A Judge remembers the last seconds. Make it with New.
type Judge struct {
	limits    Limits
	voicesMax int

	cpu       float64 // average
	verdict   Verdict
	bad, good int     // seconds in a row
	sustained float64 // packets in the best second in which nothing was late
}

// New returns a judge who has seen nothing yet and lets everybody in.
func New(l Limits, voicesMax int) *Judge {
	return &Judge{limits: l, voicesMax: voicesMax, verdict: Verdict{Voices: voicesMax}}
}

// Sustained returns the most packets that the node has sent in a second
// without being late.
func (j *Judge) Sustained() float64 { return j.sustained }

// Judge returns what the node can take after one more second.
func (j *Judge) Judge(s Sample) Verdict {
	j.cpu += smooth * (s.CPU - j.cpu)
	// A node that does little and is late all the same shares its machine with
	// somebody who takes it: to carry less would help nobody.
	late := s.Late+s.Dropped > lateShare && s.CPU > busyCPU
	if !late {
		j.sustained = max(j.sustained, s.Packets)
	}
	v := &j.verdict
	switch why := j.why(s, late); {
	case why != NotFull:
		v.Full, v.Why, v.Wait = true, why, waitFull
		if why == Memory {
			v.Wait = waitMemory
		}
	case v.Full && j.hasRoom(s):
		v.Full, v.Why, v.Wait = false, NotFull, 0
	}
	j.shed(late)
	return *v
}

// why returns which limit is met, if any.
func (j *Judge) why(s Sample, late bool) Reason {
	switch {
	case j.limits.Memory > 0 && s.Memory > j.limits.Memory:
		return Memory
	case late:
		return Late
	case j.cpu > j.limits.CPU:
		return CPU
	}
	return NotFull
}

// hasRoom reports whether the node is clear of all limits.
func (j *Judge) hasRoom(s Sample) bool {
	return j.cpu < roomBelow*j.limits.CPU &&
		(j.limits.Memory == 0 || float64(s.Memory) < roomBelow*float64(j.limits.Memory))
}

// shed takes a voice off each room, or gives one back.
func (j *Judge) shed(late bool) {
	if late {
		j.bad, j.good = j.bad+1, 0
	} else {
		j.bad, j.good = 0, j.good+1
	}
	v := &j.verdict
	if j.bad >= shedAfter && v.Voices > 1 {
		v.Voices, j.bad = (v.Voices+1)/2, 0
	}
	if j.good >= regainAfter && v.Voices < j.voicesMax {
		v.Voices, j.good = v.Voices+1, 0
	}
}
