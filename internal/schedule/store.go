package schedule

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// A Hash is the SHA-256 of a secret (FIPS 180-4), which has 128 random bits.
type Hash [sha256.Size]byte

// A Store keeps the plans. Each method is one transaction: it happens as a whole
// or not at all. Times have millisecond precision.
type Store interface {
	Plans
	Goers
	Clock
	Calendars
}

// Plans keeps them, and who hosts them. Those that it returns are sealed.
type Plans interface {
	// AddPlan adds p, whose host goes and is reminded at due; ErrTooMany when the
	// host has ComingMax to come.
	AddPlan(ctx context.Context, p Plan, cohosts, invited []id.Person, due time.Time) error
	// Plan returns a plan as who sees it; ErrNoPlan when they may not.
	Plan(ctx context.Context, which id.Plan, who id.Person) (Plan, error)
	// Plans returns those of a choice that who may see, at most ListMax in the order
	// of their start.
	Plans(ctx context.Context, who id.Person, c Choice) ([]Plan, error)
	// Invited returns who is invited to a plan.
	Invited(ctx context.Context, which id.Plan) ([]id.Person, error)
	// ChangePlan writes p in place of what was of p.Version, with the co-hosts of d
	// and, unless they are nil, its guests; ErrChanged when that is another, ErrBegun when
	// it is not planned any more. When it has moved, whoever goes but by is to be
	// told, and reminded at another time.
	ChangePlan(ctx context.Context, p Plan, d Draft, moved bool, by id.Person, now time.Time) error
	// CancelPlan cancels a plan that is planned, or ErrBegun; whoever goes but by
	// is to be told.
	CancelPlan(ctx context.Context, which id.Plan, by id.Person, now time.Time) error
	// SetHosting has a co-host who was asked accept, and go, or not be one;
	// ErrNoPlan when they were not.
	SetHosting(ctx context.Context, which id.Plan, who id.Person, accept bool, now time.Time) error
	// HostedBy returns the plans of a host, all of them.
	HostedBy(ctx context.Context, host id.Person) ([]Plan, error)
	// HandOver makes a co-host who has accepted the host of p, with sealed in the
	// place of its words; ErrChanged when it is not of p.Version, or the other
	// does not host it.
	HandOver(ctx context.Context, p Plan, to id.Person, sealed []byte, now time.Time) error
}

// Goers keeps who means to come, and what they are to be told.
type Goers interface {
	// SetGoing notes that who goes, and when to remind them by the plan's start;
	// ErrNoPlan, ErrGoing when they go to GoingMax to come, ErrFull.
	SetGoing(ctx context.Context, which id.Plan, who id.Person, remind int, now time.Time) error
	// DropGoing notes that they do not.
	DropGoing(ctx context.Context, which id.Plan, who id.Person) error
	// DueReminders returns up to most reminders that are due by a time, after one
	// that was returned before, in the order of their time and person.
	DueReminders(ctx context.Context, after Reminder, by time.Time, most int) ([]Reminder, error)
	// NewsOf returns who of a plan is to be told what has become of it, and
	// NewsFor what somebody is to be told of any, and be reminded of by now.
	NewsOf(ctx context.Context, which id.Plan) ([]Reminder, error)
	NewsFor(ctx context.Context, who id.Person, now time.Time) ([]Reminder, error)
	// Claim strikes them out and returns those that were there: of many who
	// claim one, one has it.
	Claim(ctx context.Context, some []Reminder) ([]Reminder, error)
}

// Clock keeps how far the house has come with a plan.
type Clock interface {
	// Timely returns the plans of which Next may want something at a time.
	Timely(ctx context.Context, now time.Time) ([]Plan, error)
	// BeginPlan notes that p.Room is to be the room of p, which is planned and of
	// its version; AgainPlan notes that it is begun again if it was last begun at p.Began;
	// else the error is ErrBegun.
	BeginPlan(ctx context.Context, p Plan, now time.Time) error
	AgainPlan(ctx context.Context, p Plan, now time.Time) error
	// OpenedPlan notes that a plan's room is open; whoever goes is to be told. It
	// reports whether that was news.
	OpenedPlan(ctx context.Context, which id.Plan, now time.Time) (bool, error)
	// ConcludePlan notes that p is over, if it is as it was, and has no room in
	// the records. Nobody is reminded of it any more.
	ConcludePlan(ctx context.Context, p Plan, now time.Time) error
	// ForgetPlans deletes those that ended before a time, and those cancelled that
	// would have ended before another.
	ForgetPlans(ctx context.Context, over, cancelled time.Time) error
}

// Calendars keeps which address the calendar of a person has.
type Calendars interface {
	// Calendar returns the generation of who's address, made with hash if there
	// was none.
	Calendar(ctx context.Context, who id.Person, make func(generation int64) Hash, now time.Time) (generation int64, err error)
	// RenewCalendar gives who the next generation.
	RenewCalendar(ctx context.Context, who id.Person, make func(generation int64) Hash, now time.Time) (generation int64, err error)
	// CalendarOf returns whose address has a hash, or ErrNoCalendar.
	CalendarOf(ctx context.Context, secret Hash) (id.Person, error)
	// FeedOf returns the plans that who hosts or goes to, and may see, at most
	// FeedMax in the order of their start.
	FeedOf(ctx context.Context, who id.Person) ([]Plan, error)
}

// A Kind is what somebody is told of a plan.
type Kind string

// The kinds there are.
const (
	Soon        Kind = "soon"
	NowOpen     Kind = "open"
	Moved       Kind = "moved"
	IsCancelled Kind = "cancelled"
)

// A Reminder is what somebody is to be told of a plan, once.
type Reminder struct {
	Plan id.Plan
	Who  id.Person
	Kind Kind
	Due  time.Time // of Soon
}
