package news

import (
	"time"

	"github.com/stoa-audio/stoa/internal/people"
)

// A Fate is what becomes of a piece.
type Fate int

// The fates there are. All but Drop have it in the list of who it is for.
const (
	Drop Fate = iota // they do not want it, or know it already
	Show             // it is in the list
	Hold             // and in the next digest, unless it is seen before
	Push             // and pushed at once
)

// A Day is how often somebody has been pushed to on one of their days.
type Day struct {
	Number   int64 // of days since 1970, where they are
	Pushed   int   // within the budget
	Pinged   int   // of the reserve of pings
	Reminded int   // and of reminders
}

// A Scene is all that a piece is judged by.
type Scene struct {
	Now      time.Time
	Settings Settings
	Day      Day
	Digest   time.Time // when the next one is due; zero: nothing is held
	Before   *Piece    // the same piece as it was told before
	Here     bool      // in the app
	Devices  bool      // there is a browser to push to
	Mail     bool      // news are sent to them by mail, of which this is told for messages alone
	Mailed   time.Time // of when the last ones are that were
}

// An Outcome is what follows.
type Outcome struct {
	Fate   Fate
	Wait   time.Duration // until it is pushed
	Day    Day
	Digest time.Time
}

// messageWait is after how long a message is pushed to who is in the app: they see
// it there, or are somewhere else.
const messageWait = 30 * time.Second

// again is after how long the same is told again; kinds that are not there are
// told once, for as long as the piece is kept.
var again = map[Kind]time.Duration{
	Ping: 10 * time.Minute, Message: time.Hour, ClubAsked: 24 * time.Hour, ClubInvited: 24 * time.Hour, ClubAdmitted: 0, ClubRole: 0,
}

// Worth is how long after it happened it is worth pushing a piece.
func (k Kind) Worth() time.Duration {
	switch k {
	case Ping:
		return 10 * time.Minute
	case Live, PlanSoon, PlanOpen:
		return 30 * time.Minute
	default:
		return 24 * time.Hour
	}
}

// Judge says what becomes of p.
//
//   - It is dropped when its kind is off, when who it is about is somebody of whom
//     they never want to be told, or when it has been told before.
//   - It is pushed only where its kind is to be, there is a browser to push to, and
//     as often a day as they want. Somebody of whom they want to be told always
//     counts as everybody else; those of whom they want to be told sometimes leave
//     half of the budget to others.
//   - A ping and a reminder have a reserve of their own, and are pushed to those
//     who are here as well: a page that is open is not one that is looked at.
//   - A message is pushed whatever the budget: once, until they have looked at the
//     conversation or an hour has gone by, and a moment later to those who are here.
//   - A message that is not pushed is kept only where it is told by mail; what the last
//     mail has told already comes in the next one again when somebody writes on.
//   - What is done to their account is always shown, and always pushed.
//   - In quiet hours only reminders are pushed, which one has set oneself.
//   - What is not pushed by that is held for the next digest, if they want one.
func Judge(p Piece, s Scene) Outcome {
	out := Outcome{Day: s.Day, Digest: s.Digest}
	if p.Kind.IsSecurity() {
		switch {
		case s.Before != nil:
		case s.Devices:
			out.Fate = Push
		default:
			out.Fate = Show
		}
		return out
	}
	way := s.Settings.Way(p.Kind)
	if way == Off || p.Kind == Live && p.Level == people.NotifyNever {
		return out // which drops it
	}
	byMail := s.Mail && way == Pushed && s.Settings.Digest != NoDigest
	if s.Before != nil {
		after, repeats := again[p.Kind]
		louder := p.Kind == Live && s.Before.Held && p.Level == people.NotifyAlways // of the same room
		looked := p.Kind == Message && s.Before.Seen
		if !louder && !looked && (!repeats || p.At.Sub(s.Before.At) < after) {
			mailed := !s.Before.Held && s.Before.Push.IsZero() && !s.Before.At.After(s.Mailed)
			if p.Kind == Message && byMail && mailed {
				out.Fate = Show
			}
			return out
		}
	}
	shown := Show
	if p.Kind.IsOfTalk() && !byMail {
		shown = Drop // the conversation shows it
	}
	if way == Here || !s.Devices {
		out.Fate = shown
		return out
	}
	if out.spend(p, s) {
		if out.Fate = Push; p.Kind == Message && s.Here {
			out.Wait = messageWait
		}
		return out
	}
	if out.Fate = Hold; s.Settings.Digest == NoDigest {
		out.Fate = shown
	} else if out.Digest.IsZero() {
		out.Digest = NextDigest(s.Settings, s.Now)
	}
	return out
}

// spend counts a push, or reports that p is not to be pushed now.
func (o *Outcome) spend(p Piece, s Scene) bool {
	quiet, d := s.Settings.Quiet.Has(s.Now), s.Settings.dayOf(s.Day, s.Now)
	switch p.Kind {
	case PlanSoon:
		if d.Reminded >= Reserve {
			return false
		}
		d.Reminded++
		o.Day = d
		return true
	case Ping:
		if quiet || d.Pinged >= Reserve {
			return false
		}
		d.Pinged++
		o.Day = d
		return true
	case Message:
		return !quiet
	default:
	}
	budget := s.Settings.Budget
	if p.Kind == Live && p.Level != people.NotifyAlways {
		budget = (budget + 1) / 2
	}
	if quiet || s.Here || d.Pushed >= budget {
		return false
	}
	d.Pushed++
	o.Day = d
	return true
}

// dayOf returns d if it is of the day of now, and else an empty one. A day that
// comes back, since somebody has travelled, is not a new one.
func (s Settings) dayOf(d Day, now time.Time) Day {
	y, m, day := now.In(s.Quiet.location()).Date()
	number := time.Date(y, m, day, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60)
	if number > d.Number {
		return Day{Number: number}
	}
	return d
}

// Has reports whether now is one of the quiet hours.
func (q Quiet) Has(now time.Time) bool {
	local := now.In(q.location())
	at := local.Hour()*60 + local.Minute()
	if q.From <= q.To {
		return q.From <= at && at < q.To
	}
	return at >= q.From || at < q.To
}

// NextDigest returns when the first digest after now is due: at the hour for it,
// or at the end of the quiet hours that this is in.
func NextDigest(s Settings, now time.Time) time.Time {
	zone := s.Quiet.location()
	local := now.In(zone)
	for ahead := -1; ; ahead++ { // yesterday's may have been put off until now
		at := time.Date(local.Year(), local.Month(), local.Day()+ahead, s.Digest, 0, 0, 0, zone)
		if s.Quiet.Has(at) {
			end := time.Date(at.Year(), at.Month(), at.Day(), 0, s.Quiet.To, 0, 0, zone)
			if end.Before(at) {
				end = time.Date(at.Year(), at.Month(), at.Day()+1, 0, s.Quiet.To, 0, 0, zone)
			}
			// Where clocks change, the end may be another hour than it is called.
			for at = end; s.Quiet.Has(at); {
				at = at.Add(time.Minute)
			}
		}
		if at.After(now) {
			return at.UTC()
		}
	}
}
