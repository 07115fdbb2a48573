package room

import (
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

// Apply makes e true, and returns what is seen of it. It cannot refuse: e has
// already happened. An event about somebody who is not here changes nothing
// but the number.
func (r *Room) Apply(e Event) Sight {
	sight := Sight{Event: e}
	if who, ok := about(e); ok {
		p := r.here[who]
		there, shown := p != nil, p != nil && p.Shown()
		var before Participant
		if there {
			before = *p
		}
		r.change(e)
		after := r.here[who]
		switch now := after != nil && after.Shown(); {
		case !shown && !now:
			sight.Event = nil
		case there && !shown:
			as := before
			sight.Person = &as
		}
	} else {
		switch e := e.(type) {
		case Regrouped:
			sight.Event = r.shownOf(e)
		case Voted: // who votes for what is nobody's to see
			sight.Event = nil
		default:
		}
		r.change(e)
	}
	if sight.Event != nil {
		r.changed = r.seq
	}
	return sight
}

// setFence sets a fence; one that leaves nothing out is none.
func (r *Room) setFence(f region.Fence) {
	if r.fence = f; f == region.Anywhere {
		r.fence = region.Fence{}
	}
}

// change makes e true.
func (r *Room) change(e Event) {
	r.seq++
	switch e := e.(type) {
	case Opened:
		r.opened, r.title, r.visibility, r.hands = e.At, e.Title, e.Visibility, HandsEveryone
		r.chat, r.club, r.language, r.topics = ChatEveryone, e.Club, e.Language, e.Topics
		r.setFence(e.Fence)
		r.here = make(map[id.Person]*Participant)
		r.invited = make(map[id.Person]bool)
		r.removed = make(map[id.Person]bool)
		r.hosts = setOf(e.Hosts)
		r.waiting = make(map[id.Person]bool)
		p := &Participant{
			Who: e.By, Name: e.Name, Picture: e.Picture, Role: Moderator, Muted: true, Sampled: true,
			Entered: r.seq, Stage: r.seq, Chair: r.seq,
		}
		r.here[e.By], r.order, r.stage, r.chairs = p, []*Participant{p}, []*Participant{p}, 1
		r.sampled = 1
		r.wait(p, e.Until, time.Time{})
	case Entered:
		r.with(e.Who, r.drop)
		p := &Participant{
			Who: e.Who, Name: e.Name, Picture: e.Picture, Role: Listener, Muted: true,
			Followed: e.Followed, Fresh: e.Fresh, Session: e.Session, last: e.Session, Entered: r.seq,
		}
		if r.sampled < SampleMax {
			p.Sampled = true
			r.sampled++
		}
		r.here[e.Who], r.order = p, append(r.order, p)
	case LetInto:
		r.invited[e.Who] = true
		delete(r.removed, e.Who)
	case HandsSet:
		r.hands = e.Policy
		for _, p := range r.order {
			if !r.mayRaise(p) {
				r.hand(p, 0)
			}
		}
	case ProofSet:
		r.proven = e.Proven
	case Described:
		r.title, r.language, r.topics = e.Title, e.Language, e.Topics
	case Shielded:
		r.shield = e.On
	case ChatSet:
		r.chat = e.Policy
	case Pinned:
		r.pins = append(slices.Clip(r.pins), Pinning{r.seq, e.By, e.URL, e.Text})
	case Unpinned:
		r.pins = without(r.pins, e.Pin)
	case PollOpened:
		if len(e.Options) == 0 {
			break // asks nothing
		}
		r.poll = &Poll{Poll: r.seq, By: e.By, Question: e.Question, Options: e.Options, now: make([]int, len(e.Options))}
		r.votes = make(map[id.Person]int)
	case Voted:
		r.cast(e)
	case PollClosed:
		r.closePoll(e)
	case Widened:
		r.visibility = e.To
	case Fenced:
		r.setFence(e.To)
	case Regrouped:
		for _, who := range e.Followed {
			r.with(who, func(p *Participant) { p.Followed = true })
		}
		for _, who := range e.Unfollowed {
			r.with(who, func(p *Participant) { p.Followed = false })
		}
	case Ended:
		r.ended = true
		clear(r.here)
		clear(r.waiting)
		r.next, r.nextCount = time.Time{}, 0
		r.order, r.stage, r.chairs, r.sampled = nil, nil, 0, 0
		r.votes = nil

	case Returned:
		r.with(e.Who, func(p *Participant) {
			p.Session, p.last = e.Session, e.Session
			r.wait(p, time.Time{}, p.AskedUntil)
		})
	case WentAway:
		r.with(e.Who, func(p *Participant) {
			p.Session = id.Session{}
			r.wait(p, e.Until, p.AskedUntil)
		})
	case Left:
		r.with(e.Who, r.drop)
		if e.Why == LeftRemoved {
			r.removed[e.Who] = true
			delete(r.invited, e.Who)
			delete(r.hosts, e.Who)
		}
	case HandRaised:
		r.with(e.Who, func(p *Participant) { r.hand(p, r.seq) })
	case HandLowered:
		r.with(e.Who, func(p *Participant) { r.hand(p, 0) })
	case AskedUp:
		r.with(e.Who, func(p *Participant) { r.wait(p, p.AwayUntil, e.Until) })
	case AskOver:
		r.with(e.Who, func(p *Participant) { r.wait(p, p.AwayUntil, time.Time{}) })
	case SteppedUp:
		r.with(e.Who, r.stepOn)
	case SteppedDown:
		r.with(e.Who, r.stepOff)
		if e.By != e.Who { // and does not come back as a host
			delete(r.hosts, e.Who)
		}
	case Muted:
		r.with(e.Who, func(p *Participant) { p.Muted = true })
	case Unmuted:
		r.with(e.Who, func(p *Participant) { p.Muted = p.Role < Speaker })
	case MadeModerator:
		r.with(e.Who, func(p *Participant) {
			if p.Role == Speaker {
				p.Role, p.Chair = Moderator, r.seq
				r.chairs++
			}
		})
	}
}

func (r *Room) with(who id.Person, change func(*Participant)) {
	if p := r.here[who]; p != nil {
		change(p)
	}
}

// setOf returns the people in some, nil for none.
func setOf(some []id.Person) map[id.Person]bool {
	if len(some) == 0 {
		return nil
	}
	set := make(map[id.Person]bool, len(some))
	for _, who := range some {
		set[who] = true
	}
	return set
}

// wait sets p's two deadlines and whether there is one to watch.
func (r *Room) wait(p *Participant, away, asked time.Time) {
	for _, t := range [2]time.Time{p.AwayUntil, p.AskedUntil} {
		if !t.IsZero() && t.Equal(r.next) {
			r.nextCount--
		}
	}
	p.AwayUntil, p.AskedUntil = away, asked
	if away.IsZero() && asked.IsZero() {
		delete(r.waiting, p.Who)
	} else {
		r.waiting[p.Who] = true
	}
	if r.nextCount > 0 { // else all are looked at when somebody wants to know
		r.due(p)
	}
}

// due notes p's deadlines as the next, if they are.
func (r *Room) due(p *Participant) {
	for _, t := range [2]time.Time{p.AwayUntil, p.AskedUntil} {
		switch {
		case t.IsZero():
		case r.nextCount == 0 || t.Before(r.next):
			r.next, r.nextCount = t, 1
		case t.Equal(r.next):
			r.nextCount++
		}
	}
}

// hand sets since which event p's hand is up; zero is down.
func (r *Room) hand(p *Participant, since uint64) {
	if p.Hand != 0 {
		r.raised--
	}
	if since != 0 {
		r.raised++
	}
	p.Hand = since
}

func (r *Room) stepOn(p *Participant) {
	if p.Role >= Speaker {
		return
	}
	p.Role, p.Muted, p.Stage = Speaker, true, r.seq
	r.hand(p, 0)
	r.stage = append(r.stage, p)
	r.wait(p, p.AwayUntil, time.Time{})
}

func (r *Room) stepOff(p *Participant) {
	if p.Role < Speaker {
		return
	}
	if p.Role == Moderator {
		r.chairs--
	}
	r.stage = slices.Delete(r.stage, slices.Index(r.stage, p), slices.Index(r.stage, p)+1)
	p.Role, p.Muted, p.Stage, p.Chair = Listener, true, 0, 0
}

func (r *Room) drop(p *Participant) {
	r.stepOff(p)
	r.hand(p, 0)
	if p.Sampled {
		r.sampled--
	}
	i := r.place(p.Entered)
	r.order = slices.Delete(r.order, i, i+1)
	r.wait(p, time.Time{}, time.Time{})
	delete(r.here, p.Who)
}
