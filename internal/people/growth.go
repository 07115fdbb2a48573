package people

import "time"

// A Way is how somebody comes into the house.
type Way struct {
	invite string
	door   bool
}

// ByInvite is the way of who has the code of an invite.
func ByInvite(code string) Way { return Way{invite: code} }

// ThroughTheDoor is the way of who has no invite, where the house lets such people
// in. That they have done what it asks of them is for the caller to know.
var ThroughTheDoor = Way{door: true}

// Growth is how many invites people get, so that a house grows by those whom
// somebody wants there, and no faster than they get to know it.
type Growth struct {
	Start int           // at the start; none for who came through the door
	Every time.Duration // of good standing, for one more; 0: there are no more
	Most  int           // in all
}

// Standing is what there is to know of somebody before they may invite others.
type Standing struct {
	Good    time.Time // since when nothing speaks against them
	Invited bool      // somebody has invited them, or they are the founder
}

// Allowance returns how many invites somebody may have open or used by now, and
// when they get one more; zero for never.
func (g Growth) Allowance(s Standing, now time.Time) (n int, next time.Time) {
	if s.Invited {
		n = min(g.Start, g.Most)
	}
	if g.Every <= 0 || n >= g.Most {
		return n, time.Time{}
	}
	good := max(now.Sub(s.Good), 0)
	if good/g.Every >= time.Duration(g.Most-n) {
		return g.Most, time.Time{}
	}
	return n + int(good/g.Every), s.Good.Add(good - good%g.Every + g.Every)
}
