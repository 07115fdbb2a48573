package schedule

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// dueMost is how many reminders are looked at together.
const dueMost = 1000

// Rooms opens the rooms of plans.
type Rooms interface {
	// OpenPlanned opens the room of p by the name that p.Room is.
	OpenPlanned(ctx context.Context, p Plan, invite []id.Person) error
}

// A Word is what somebody is to be told now.
type Word struct {
	Reminder

	Title  string
	Starts time.Time
	Away   bool // they are not here, and are told it again when they come
}

// Turn does what is due for the plans of the house: rooms are opened by r, what
// has been broken off is finished, what is over is noted. It returns the plans
// whose rooms have been opened. What fails is tried again at the next turn; the
// others go on.
func (s *Schedule) Turn(ctx context.Context, r Rooms) (opened []id.Plan, err error) {
	plans, err := s.store.Timely(ctx, s.now())
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, p := range plans {
		is, err := s.step(ctx, &p, r)
		if is {
			opened = append(opened, p.ID)
		}
		if !errors.Is(err, ErrBegun) { // somebody else was quicker
			errs = append(errs, err)
		}
	}
	return opened, errors.Join(errs...)
}

func (s *Schedule) step(ctx context.Context, p *Plan, r Rooms) (opened bool, err error) {
	now := s.now()
	switch Next(p, now) {
	case Begin:
		return s.begin(ctx, p, r)
	case Again:
		if err := s.store.AgainPlan(ctx, *p, now); err != nil {
			return false, err
		}
		return s.open(ctx, p, r)
	case Note:
		return s.store.OpenedPlan(ctx, p.ID, now)
	case Conclude:
		return false, s.store.ConcludePlan(ctx, *p, now)
	case Wait, Forget:
	}
	return false, nil
}

// begin opens the room of a plan. That it is to be opened, and by which name, is
// in the store before: whoever goes on after a crash opens no second one.
func (s *Schedule) begin(ctx context.Context, p *Plan, r Rooms) (opened bool, err error) {
	p.Room = id.New[id.Room]()
	if err := s.store.BeginPlan(ctx, *p, s.now()); err != nil {
		return false, err
	}
	return s.open(ctx, p, r)
}

func (s *Schedule) open(ctx context.Context, p *Plan, r Rooms) (bool, error) {
	if err := s.read(ctx, p); err != nil {
		return false, err
	}
	invite, err := s.store.Invited(ctx, p.ID)
	if err != nil {
		return false, err
	}
	if err := r.OpenPlanned(ctx, *p, invite); err != nil {
		return false, err
	}
	return s.store.OpenedPlan(ctx, p.ID, s.now())
}

// OpenNow opens the room of a plan that who hosts, before the house does.
func (s *Schedule) OpenNow(ctx context.Context, which id.Plan, who id.Person, r Rooms) (p Plan, opened bool, err error) {
	p, err = s.store.Plan(ctx, which, who)
	if err != nil {
		return Plan{}, false, err
	}
	if !p.IsHost(who) {
		return Plan{}, false, ErrNotHost
	}
	switch err := MayOpen(&p, s.now()); {
	case errors.Is(err, ErrBegun): // that is what they want
	case err != nil:
		return Plan{}, false, err
	default:
		opened, err = s.begin(ctx, &p, r)
		if err != nil && !errors.Is(err, ErrBegun) {
			return Plan{}, false, err
		}
	}
	p, err = s.Plan(ctx, which, who)
	return p, opened, err
}

// Forget deletes what is over for long enough.
func (s *Schedule) Forget(ctx context.Context) error {
	now := s.now()
	return s.store.ForgetPlans(ctx, now.Add(-KeptOver), now.Add(-KeptCalled))
}

// Remind returns whom to remind now. It goes over what is due after the last time;
// whoever is not here is Away, and asks with News when they come.
func (s *Schedule) Remind(ctx context.Context, after Reminder, here func(id.Person) bool) (words []Word, last Reminder, err error) {
	now, last := s.now(), after
	for {
		some, err := s.store.DueReminders(ctx, last, now, dueMost)
		if err != nil || len(some) == 0 {
			return words, last, err
		}
		told, err := s.claim(ctx, some, here)
		words = append(words, told...)
		if err != nil {
			return words, last, err
		}
		last = some[len(some)-1]
	}
}

// News returns what who, who has just come, is to be told.
func (s *Schedule) News(ctx context.Context, who id.Person) ([]Word, error) {
	some, err := s.store.NewsFor(ctx, who, s.now())
	if err != nil {
		return nil, err
	}
	return s.claim(ctx, some, func(id.Person) bool { return true })
}

// NewsOf returns what those who go are to be told of a plan, now or when they come.
func (s *Schedule) NewsOf(ctx context.Context, which id.Plan, here func(id.Person) bool) ([]Word, error) {
	some, err := s.store.NewsOf(ctx, which)
	if err != nil {
		return nil, err
	}
	return s.claim(ctx, some, here)
}

// claim strikes out what those who are here are to be told, before they are:
// nobody is told twice.
func (s *Schedule) claim(ctx context.Context, some []Reminder, here func(id.Person) bool) ([]Word, error) {
	var theirs, others []Reminder
	for _, r := range some {
		if here(r.Who) {
			theirs = append(theirs, r)
		} else {
			others = append(others, r)
		}
	}
	var err error
	if len(theirs) > 0 {
		if theirs, err = s.store.Claim(ctx, theirs); err != nil {
			return nil, err
		}
	}
	words := make([]Word, 0, len(theirs)+len(others))
	plans := make(map[id.Plan]Plan)
	for i, r := range slices.Concat(theirs, others) {
		p, known := plans[r.Plan]
		if !known {
			if p, err = s.Plan(ctx, r.Plan, r.Who); err != nil {
				if errors.Is(err, ErrNoPlan) { // gone in the same moment
					continue
				}
				return words, err
			}
			plans[r.Plan] = p
		}
		words = append(words, Word{r, p.Title, p.Starts, i >= len(theirs)})
	}
	return words, nil
}

// Leave has plans of who go to their co-hosts, before who is erased: their words
// are sealed anew by the key of the one who has hosted for the longest. The others
// go with who.
func (s *Schedule) Leave(ctx context.Context, who id.Person) error {
	plans, err := s.store.HostedBy(ctx, who)
	if err != nil {
		return err
	}
	for _, p := range plans {
		plain, err := s.config.Sealer.Unseal(ctx, who, classOf(p.ID), p.Sealed)
		if err != nil {
			if s.config.Sealer.IsGone(err) { // nobody can read it any more
				continue
			}
			return err
		}
		for _, to := range p.Hosts()[1:] {
			if err = s.handOver(ctx, p, to, plain); err == nil {
				break
			}
		}
		// When it has been changed in this moment, or its next host is being erased
		// as well, it goes.
		if err != nil && !errors.Is(err, ErrChanged) && !s.config.Sealer.IsGone(err) {
			return err
		}
	}
	return nil
}

func (s *Schedule) handOver(ctx context.Context, p Plan, to id.Person, plain []byte) error {
	sealed, err := s.config.Sealer.Seal(ctx, to, classOf(p.ID), plain)
	if err != nil {
		return err
	}
	return s.store.HandOver(ctx, p, to, sealed, s.now())
}
