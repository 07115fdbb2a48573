// Package schedule holds the rooms to come: who plans them, who may see them and
// means to come, when the house opens their rooms, and whom it reminds.
//
// What a host writes, the title and what it is about, is sealed by the host's key
// before the store has it, as profiles are (docs/adr/0067): whoever is erased is
// gone from backups, with their plans, or a co-host has them. The rules of time
// are values: Next and Due are told what time it is.
//
// The package knows no HTTP, opens no room and sends nothing; it says what is to
// be done, and the store makes sure that it is done once. Not here: plans that
// repeat, and who was there.
package schedule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// Limits of plans. Each is there to keep one person from costing the others.
const (
	TitleMax    = 120 // characters
	AboutMax    = 1000
	AboutLines  = 15
	MinutesMin  = 15
	MinutesMax  = 720
	CohostsMax  = 8
	InvitedMax  = 1000
	ComingMax   = 20    // plans to come of one host
	GoingMax    = 200   // plans to come that one person goes to
	GoersMax    = 10000 // people who go to one plan
	RemindMax   = 1440  // minutes before
	ListMax     = 200   // plans in one answer
	FeedMax     = 500   // plans in one calendar
	AheadMax    = 366 * 24 * time.Hour
	RemindUsual = 15 // minutes, for hosts
)

// Why something may be refused. The api package turns these into answers.
var (
	// ErrNoPlan means that there is no such plan for this person. Nobody is told
	// whether there is one for others.
	ErrNoPlan = errors.New("no such plan")
	// ErrChanged means that a plan has been changed meanwhile.
	ErrChanged = errors.New("it has been changed meanwhile")
	// ErrNotHost means that only hosts may do this.
	ErrNotHost = errors.New("only a host may do this")
	// ErrTooMany means that somebody has as many plans to come as they may.
	ErrTooMany = errors.New("no more plans fit")
	// ErrGoing means that somebody goes to as many plans as they may.
	ErrGoing = errors.New("no more plans can be gone to")
	// ErrFull means that as many go to a plan as are noted.
	ErrFull = errors.New("no more people can be noted")
	// ErrBegun means that a plan's room is open, or has been.
	ErrBegun = errors.New("it has begun")
	// ErrOver means that a plan is over or cancelled.
	ErrOver = errors.New("it is over")
	// ErrEarly means that it is too early to open the room.
	ErrEarly = errors.New("it is too early")
	// ErrNoCalendar means that no calendar has this secret.
	ErrNoCalendar = errors.New("no such calendar")
)

// A Visibility is who may see a plan, and enter its room.
type Visibility string

// The visibilities there are.
const (
	Open    Visibility = "open"    // everybody
	Social  Visibility = "social"  // those whom the host follows
	Members Visibility = "members" // those in its club
	Closed  Visibility = "closed"  // those who are invited
)

// A State is what has become of a plan.
type State string

// The states there are. Planned becomes Opening, Opening becomes Opened, and
// Opened becomes Over; each in the store before anything follows from it.
const (
	Planned   State = "planned"
	Opening   State = "opening" // its room has a name, and may not be there yet
	Opened    State = "open"
	Over      State = "over"
	Cancelled State = "cancelled"
)

type (
	// Words is what a host writes. It is stored sealed, in its JSON form.
	Words struct {
		Title string `json:"title"`
		About string `json:"about,omitempty"`
		// Topics are what it is about, of package topic.
		Topics []string `json:"topics,omitempty"`
	}
	// A Plan is a room to come.
	Plan struct {
		ID   id.Plan
		Host id.Person
		Words

		Sealed     []byte // of Words; only between this package and the store
		Starts     time.Time
		Minutes    int
		Club       id.Club // zero for none
		Visibility Visibility
		Language   string // BCP 47, or none
		Fence      string // or none
		Recorded   bool

		State   State
		Room    id.Room   // zero until it is opened
		Began   time.Time // to be opened
		Runs    bool      // its room is in the records
		Version int64
		Created time.Time
		Changed time.Time

		Cohosts []Cohost // the longest-standing first
		Going   int
		Mine    Mine // of whoever looks
	}
	// A Cohost is somebody who was asked to host with the host.
	Cohost struct {
		Who      id.Person
		Accepted bool
	}
	// Mine is how whoever looks at a plan stands to it.
	Mine struct {
		Going  bool
		Remind int // minutes before; NoReminder for none
	}
)

// NoReminder is for who goes and need not be reminded.
const NoReminder = -1

// Ends returns when p is to end.
func (p *Plan) Ends() time.Time { return p.Starts.Add(time.Duration(p.Minutes) * time.Minute) }

// IsHost reports whether who hosts p: those asked do once they have said yes.
func (p *Plan) IsHost(who id.Person) bool {
	return who == p.Host || slices.Contains(p.Cohosts, Cohost{who, true})
}

// Hosts returns who hosts p, the host first.
func (p *Plan) Hosts() []id.Person {
	all := []id.Person{p.Host}
	for _, c := range p.Cohosts {
		if c.Accepted {
			all = append(all, c.Who)
		}
	}
	return all
}

// A Sealer seals what people write, each by a key of their own.
type Sealer interface {
	Seal(ctx context.Context, who id.Person, class string, plain []byte) ([]byte, error)
	// Unseal opens it, or returns an error of which IsGone says whether nobody
	// can any more.
	Unseal(ctx context.Context, who id.Person, class string, sealed []byte) ([]byte, error)
	IsGone(err error) bool
}

// Clubs knows who may do what in clubs.
type Clubs interface {
	// CheckOpen returns nil if who may open rooms of a club, and else why not.
	CheckOpen(ctx context.Context, club id.Club, who id.Person) error
}

// Config is what a schedule is told.
type Config struct {
	Sealer Sealer
	Clubs  Clubs
	// Key is the secret from which the addresses of calendars follow.
	Key   []byte
	Clock func() time.Time
}

// A Schedule is the plans of a house. It is safe for concurrent use.
type Schedule struct {
	config Config
	store  Store
}

// New returns the plans kept in s.
func New(s Store, c Config) *Schedule { return &Schedule{c, s} }

func (s *Schedule) now() time.Time { return s.config.Clock().UTC().Truncate(time.Millisecond) }

// classOf is what the words of a plan are sealed as: they are of no other.
func classOf(which id.Plan) string { return "plan " + which.String() }

// unreadable is the title of a plan whose host has no key any more.
const unreadable = "…"

func (s *Schedule) seal(ctx context.Context, who id.Person, which id.Plan, w Words) ([]byte, error) {
	plain, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("write a plan: %w", err)
	}
	return s.config.Sealer.Seal(ctx, who, classOf(which), plain)
}

// read makes the words of plans readable that the store has returned.
func (s *Schedule) read(ctx context.Context, plans ...*Plan) error {
	for _, p := range plans {
		plain, err := s.config.Sealer.Unseal(ctx, p.Host, classOf(p.ID), p.Sealed)
		switch {
		case err != nil && s.config.Sealer.IsGone(err):
			p.Words = Words{Title: unreadable}
		case err != nil:
			return err
		default:
			if err := json.Unmarshal(plain, &p.Words); err != nil {
				return fmt.Errorf("what is sealed has another form: %w", err)
			}
		}
		p.Sealed = nil
	}
	return nil
}

func (s *Schedule) readAll(ctx context.Context, plans []Plan, err error) ([]Plan, error) {
	for i := range plans {
		if err == nil {
			err = s.read(ctx, &plans[i])
		}
	}
	return plans, err
}

// Plan returns a plan as who sees it, or ErrNoPlan.
func (s *Schedule) Plan(ctx context.Context, which id.Plan, who id.Person) (Plan, error) {
	p, err := s.store.Plan(ctx, which, who)
	if err == nil {
		err = s.read(ctx, &p)
	}
	return p, err
}

// A Which is a choice among the plans that somebody may see.
type Which string

// The choices there are.
const (
	ForMe   Which = "for_me" // mine, where I go, of my clubs, of whom I follow
	OfClubs Which = "clubs"  // of clubs that I am in or follow
	All     Which = "all"
)

// A Choice is which plans somebody looks for.
type Choice struct {
	Which Which
	Club  id.Club   // of this one alone, if it is not zero
	From  time.Time // those that end after it
	To    time.Time // those that start before it
}

// Plans returns what who may see of a choice, in the order of their start.
func (s *Schedule) Plans(ctx context.Context, who id.Person, c Choice) ([]Plan, error) {
	plans, err := s.store.Plans(ctx, who, c)
	return s.readAll(ctx, plans, err)
}

// Invited returns who is invited to a plan of who's, for those who may change it.
func (s *Schedule) Invited(ctx context.Context, which id.Plan) ([]id.Person, error) {
	return s.store.Invited(ctx, which)
}

// Add makes a plan of who's.
func (s *Schedule) Add(ctx context.Context, who id.Person, d Draft) (Plan, error) {
	now := s.now()
	d, err := Parse(d, now)
	if err != nil {
		return Plan{}, err
	}
	if err := s.mayPlan(ctx, d.Club, who); err != nil {
		return Plan{}, err
	}
	p := d.plan(id.New[id.Plan](), who)
	p.State, p.Created, p.Changed = Planned, now, now
	if p.Sealed, err = s.seal(ctx, who, p.ID, p.Words); err != nil {
		return Plan{}, err
	}
	if err := s.store.AddPlan(ctx, p, d.Cohosts, d.Invite, Due(p.Starts, RemindUsual, now)); err != nil {
		return Plan{}, err
	}
	return s.Plan(ctx, p.ID, who)
}

func (s *Schedule) mayPlan(ctx context.Context, club id.Club, who id.Person) error {
	if club.IsZero() {
		return nil
	}
	return s.config.Clubs.CheckOpen(ctx, club, who)
}

// hosted returns a plan that who hosts.
func (s *Schedule) hosted(ctx context.Context, which id.Plan, who id.Person) (Plan, error) {
	p, err := s.Plan(ctx, which, who)
	if err == nil && !p.IsHost(who) {
		err = ErrNotHost
	}
	return p, err
}

// Change changes a plan that who hosts, if it is still of a version, and reports
// whether it has another time now.
func (s *Schedule) Change(ctx context.Context, which id.Plan, who id.Person, version int64, d Draft) (_ Plan, moved bool, err error) {
	before, err := s.hosted(ctx, which, who)
	if err != nil {
		return Plan{}, false, err
	}
	switch {
	case before.State == Over || before.State == Cancelled:
		return Plan{}, false, ErrOver
	case before.State != Planned:
		return Plan{}, false, ErrBegun
	case before.Version != version:
		return Plan{}, false, ErrChanged
	}
	now := s.now()
	if d, err = Parse(d, now); err != nil {
		return Plan{}, false, err
	}
	d.Cohosts = slices.DeleteFunc(slices.Clone(d.Cohosts), func(c id.Person) bool { return c == before.Host })
	if d.Club != before.Club {
		if err := s.mayPlan(ctx, d.Club, who); err != nil {
			return Plan{}, false, err
		}
	}
	p := d.plan(which, before.Host)
	p.Version, p.Changed = version, now
	if p.Sealed, err = s.seal(ctx, before.Host, which, p.Words); err != nil {
		return Plan{}, false, err
	}
	moved = !p.Starts.Equal(before.Starts) || p.Minutes != before.Minutes
	if err := s.store.ChangePlan(ctx, p, d, moved, who, now); err != nil {
		return Plan{}, false, err
	}
	p, err = s.Plan(ctx, which, who)
	return p, moved, err
}

// Cancel cancels a plan that who hosts. Cancelling twice is cancelling.
func (s *Schedule) Cancel(ctx context.Context, which id.Plan, who id.Person) error {
	p, err := s.hosted(ctx, which, who)
	if err != nil {
		return err
	}
	switch p.State {
	case Cancelled:
		return nil
	case Over:
		return ErrOver
	case Opening, Opened:
		return ErrBegun
	case Planned:
	}
	return s.store.CancelPlan(ctx, which, who, s.now())
}

// CallOff cancels a plan for the house, which hosts none; ErrBegun when it is not
// planned any more.
func (s *Schedule) CallOff(ctx context.Context, which id.Plan) error {
	return s.store.CancelPlan(ctx, which, id.Person{}, s.now())
}

// SetHosting has somebody who was asked host a plan, or not any more.
func (s *Schedule) SetHosting(ctx context.Context, which id.Plan, who id.Person, accept bool) error {
	p, err := s.Plan(ctx, which, who)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(p.Cohosts, func(c Cohost) bool { return c.Who == who })
	switch {
	case at < 0 && !accept && p.Host != who:
		return nil
	case at < 0:
		return ErrNotHost
	case p.State == Over || p.State == Cancelled:
		return ErrOver
	case p.Cohosts[at].Accepted == accept:
		return nil
	}
	return s.store.SetHosting(ctx, which, who, accept, s.now())
}

// Go notes that who means to come, and how many minutes before to remind them;
// NoReminder for never. With remind they may say otherwise later.
func (s *Schedule) Go(ctx context.Context, which id.Plan, who id.Person, remind int) (Plan, error) {
	p, err := s.store.Plan(ctx, which, who)
	if err != nil {
		return Plan{}, err
	}
	if p.State == Over || p.State == Cancelled {
		return Plan{}, ErrOver
	}
	now := s.now()
	if err := s.store.SetGoing(ctx, which, who, remind, now); err != nil {
		return Plan{}, err
	}
	return s.Plan(ctx, which, who)
}

// Stay notes that who does not mean to come any more.
func (s *Schedule) Stay(ctx context.Context, which id.Plan, who id.Person) error {
	if _, err := s.store.Plan(ctx, which, who); err != nil {
		return err
	}
	return s.store.DropGoing(ctx, which, who)
}

// WrittenBy returns the words of the plans that somebody hosts.
func (s *Schedule) WrittenBy(ctx context.Context, host id.Person) (map[id.Plan]Words, error) {
	plans, err := s.store.HostedBy(ctx, host)
	if plans, err = s.readAll(ctx, plans, err); err != nil {
		return nil, err
	}
	out := make(map[id.Plan]Words, len(plans))
	for _, p := range plans {
		out[p.ID] = p.Words
	}
	return out, nil
}
