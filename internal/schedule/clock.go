package schedule

import "time"

// The waits of plans.
const (
	EarlyMax   = 15 * time.Minute   // a host may open the room so long before its start
	LateMax    = 30 * time.Minute   // the house opens it up to so long after, if it was down
	OpeningMax = 10 * time.Second   // what is opened and not open by then was broken off
	KeptOver   = 7 * 24 * time.Hour // after its end
	KeptCalled = 24 * time.Hour     // one that was cancelled, after it would have ended
)

// A Step is what the house has to do about a plan.
type Step int

// The steps there are.
const (
	Wait     Step = iota // nothing for now
	Begin                // give its room a name, and open it
	Again                // open the room by the name that it has: that was broken off
	Note                 // it has been opened, which was not noted yet
	Conclude             // it is over
	Forget               // delete it
)

// Next returns what is to be done about p by now. What was done before a node
// stopped is seen from p alone: its state, and whether its room is in the records.
func Next(p *Plan, now time.Time) Step {
	late := now.After(p.Starts.Add(LateMax))
	switch p.State {
	case Planned:
		switch {
		case now.Before(p.Starts):
			return Wait
		case late:
			return Conclude
		}
		return Begin
	case Opening:
		switch {
		case p.Runs:
			return Note
		case now.Before(p.Began.Add(OpeningMax)):
			return Wait
		case late:
			return Conclude
		}
		return Again
	case Opened:
		if !p.Runs {
			return Conclude
		}
	case Over:
		if !now.Before(p.Ends().Add(KeptOver)) {
			return Forget
		}
	case Cancelled:
		if !now.Before(p.Ends().Add(KeptCalled)) {
			return Forget
		}
	}
	return Wait
}

// MayOpen returns nil if a host may open the room of p now, ErrEarly, ErrBegun or
// ErrOver.
func MayOpen(p *Plan, now time.Time) error {
	switch {
	case p.State == Over, p.State == Cancelled:
		return ErrOver
	case p.State != Planned:
		return ErrBegun
	case now.Before(p.Starts.Add(-EarlyMax)):
		return ErrEarly
	}
	return nil
}

// Due returns when somebody is to be reminded of a start, some minutes before it;
// zero for never, and for what is over by now: whoever has just asked knows it.
func Due(starts time.Time, remind int, now time.Time) time.Time {
	if remind == NoReminder {
		return time.Time{}
	}
	due := starts.Add(-time.Duration(remind) * time.Minute)
	if !due.After(now) {
		return time.Time{}
	}
	return due
}
