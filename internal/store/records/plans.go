package records

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/schedule"
	"github.com/stoa-audio/stoa/internal/store/query"
)

// timelyMost is how many plans are looked at in one turn of the clock.
const timelyMost = 500

// notGoing is what a query says of the reminder of who does not go.
const notGoing = -2

// takePlan has nobody else change a plan until the transaction ends.
func takePlan(ctx context.Context, q *query.Queries, which id.Plan) (query.TakePlanRow, error) {
	r, err := q.TakePlan(ctx, which[:])
	if errors.Is(err, sql.ErrNoRows) {
		err = schedule.ErrNoPlan
	}
	return r, err
}

// clubColumn is a club as a column has it.
func clubColumn(club id.Club) []byte {
	if club.IsZero() {
		return nil
	}
	return club[:]
}

// AddPlan implements schedule.Plans.
func (s *Store) AddPlan(ctx context.Context, p schedule.Plan, cohosts, invited []id.Person, due time.Time) error {
	return s.write(ctx, "add a plan", func(ctx context.Context, q *query.Queries) error {
		if err := take(ctx, q, p.Host); err != nil {
			return err
		}
		n, err := q.CountComing(ctx, query.CountComingParams{Host: p.Host[:], Ends: millis(p.Created)})
		if err != nil {
			return err
		}
		if n >= schedule.ComingMax {
			return schedule.ErrTooMany
		}
		ends := p.Ends()
		if err := q.AddPlan(ctx, query.AddPlanParams{
			ID: p.ID[:], Host: p.Host[:], Sealed: p.Sealed, Starts: millis(p.Starts), Ends: millis(ends), Club: clubColumn(p.Club),
			Visibility: string(p.Visibility), Language: p.Language, Fence: p.Fence, Recorded: p.Recorded, Created: millis(p.Created),
		}); err != nil {
			return err
		}
		if err := setHosts(ctx, q, p.ID, nil, cohosts, p.Created); err != nil {
			return err
		}
		if err := addGuests(ctx, q, p.ID, invited); err != nil {
			return err
		}
		return q.AddGoer(ctx, query.AddGoerParams{
			Plan: p.ID[:], Person: p.Host[:], Since: millis(p.Created), Remind: schedule.RemindUsual, Due: millis(due),
		})
	})
}

// setHosts has those be co-hosts who should, and leaves those who were.
func setHosts(ctx context.Context, q *query.Queries, which id.Plan, before []schedule.Cohost, after []id.Person, now time.Time) error {
	for _, c := range before {
		if slices.Contains(after, c.Who) {
			continue
		}
		if _, err := q.DropPlanHost(ctx, query.DropPlanHostParams{Plan: which[:], Person: c.Who[:]}); err != nil {
			return err
		}
	}
	for _, who := range after {
		if there, err := q.IsPerson(ctx, who[:]); err != nil || !there { // erased in this moment
			if err != nil {
				return err
			}
			continue
		}
		if err := q.AddPlanHost(ctx, query.AddPlanHostParams{Plan: which[:], Person: who[:], Since: millis(now)}); err != nil {
			return err
		}
	}
	return nil
}

func addGuests(ctx context.Context, q *query.Queries, which id.Plan, invited []id.Person) error {
	for _, who := range invited {
		if there, err := q.IsPerson(ctx, who[:]); err != nil {
			return err
		} else if !there {
			continue
		}
		if err := q.AddPlanGuest(ctx, query.AddPlanGuestParams{Plan: which[:], Person: who[:]}); err != nil {
			return err
		}
	}
	return nil
}

func cohosts(ctx context.Context, q *query.Queries, which []byte) ([]schedule.Cohost, error) {
	rows, err := q.PlanHosts(ctx, which)
	if err != nil {
		return nil, err
	}
	out := make([]schedule.Cohost, len(rows))
	for i, r := range rows {
		out[i] = schedule.Cohost{Who: name[id.Person](r.Person), Accepted: r.Accepted}
	}
	return out, nil
}

// planOf reads a plan with its co-hosts.
func (s *Store) planOf(ctx context.Context, r query.PlansSeenRow) (p schedule.Plan, err error) {
	p = schedule.Plan{
		ID: name[id.Plan](r.ID), Host: name[id.Person](r.Host), Sealed: r.Sealed,
		Starts: fromMillis(r.Starts), Minutes: int((r.Ends - r.Starts) / time.Minute.Milliseconds()),
		Club: name[id.Club](r.Club), Visibility: schedule.Visibility(r.Visibility), Language: r.Language, Fence: r.Fence,
		Recorded: r.Recorded, State: schedule.State(r.State), Room: name[id.Room](r.Room), Began: fromMillis(r.Began), Runs: r.Runs,
		Version: r.Version, Created: fromMillis(r.Created), Changed: fromMillis(r.Changed), Going: int(r.Going),
		Mine: schedule.Mine{Remind: schedule.NoReminder},
	}
	if r.Remind != notGoing {
		p.Mine = schedule.Mine{Going: true, Remind: int(r.Remind)}
	}
	if r.Cohosts > 0 {
		p.Cohosts, err = cohosts(ctx, s.read, r.ID)
	}
	return p, err
}

func plansOf[R query.PlansSeenRow | query.PlansTimelyRow | query.PlansOfFeedRow | query.PlansHostedRow](ctx context.Context, s *Store, what string, rows []R, err error) ([]schedule.Plan, error) {
	out := make([]schedule.Plan, len(rows))
	for i, r := range rows {
		if err == nil {
			out[i], err = s.planOf(ctx, query.PlansSeenRow(r))
		}
	}
	return out, failed(what, err)
}

// Plan implements schedule.Plans.
func (s *Store) Plan(ctx context.Context, which id.Plan, who id.Person) (schedule.Plan, error) {
	r, err := s.read.PlanSeen(ctx, query.PlanSeenParams{Who: who[:], ID: which[:]})
	if err != nil {
		return schedule.Plan{}, found("read a plan", err, schedule.ErrNoPlan)
	}
	p, err := s.planOf(ctx, query.PlansSeenRow(r))
	return p, failed("read a plan", err)
}

// Plans implements schedule.Plans.
func (s *Store) Plans(ctx context.Context, who id.Person, c schedule.Choice) ([]schedule.Plan, error) {
	rows, err := s.read.PlansSeen(ctx, query.PlansSeenParams{
		Who: who[:], FromTime: millis(c.From), ToTime: millis(c.To), Choice: string(c.Which), OfAny: c.Club.IsZero(), Club: c.Club[:], Most: schedule.ListMax,
	})
	return plansOf(ctx, s, "list plans", rows, err)
}

// Invited implements schedule.Plans.
func (s *Store) Invited(ctx context.Context, which id.Plan) ([]id.Person, error) {
	rows, err := s.read.PlanGuests(ctx, which[:])
	if err != nil {
		return nil, failed("list who is invited to a plan", err)
	}
	return peopleOf(rows), nil
}

// planned takes a plan that is not opened yet.
func planned(ctx context.Context, q *query.Queries, which id.Plan) (query.TakePlanRow, error) {
	r, err := takePlan(ctx, q, which)
	if err == nil && r.State != string(schedule.Planned) {
		err = schedule.ErrBegun
	}
	return r, err
}

// ChangePlan implements schedule.Plans.
func (s *Store) ChangePlan(ctx context.Context, p schedule.Plan, now schedule.Draft, moved bool, by id.Person, at time.Time) error {
	return s.write(ctx, "change a plan", func(ctx context.Context, q *query.Queries) error {
		r, err := planned(ctx, q, p.ID)
		switch {
		case err != nil:
			return err
		case r.Version != p.Version || name[id.Person](r.Host) != p.Host:
			return schedule.ErrChanged
		}
		starts, ends := millis(p.Starts), millis(p.Ends())
		if err := q.SetPlan(ctx, query.SetPlanParams{
			Sealed: p.Sealed, Starts: starts, Ends: ends, Club: clubColumn(p.Club), Visibility: string(p.Visibility), Language: p.Language,
			Fence: p.Fence, Recorded: p.Recorded, Changed: millis(at), ID: p.ID[:],
		}); err != nil {
			return err
		}
		before, err := cohosts(ctx, q, p.ID[:])
		if err != nil {
			return err
		}
		if err := setHosts(ctx, q, p.ID, before, now.Cohosts, at); err != nil {
			return err
		}
		if now.Invite != nil {
			if err := q.DropPlanGuests(ctx, p.ID[:]); err != nil {
				return err
			}
			if err := addGuests(ctx, q, p.ID, now.Invite); err != nil {
				return err
			}
		}
		if !moved {
			return nil
		}
		return q.MoveGoers(ctx, query.MoveGoersParams{ByWhom: by[:], Starts: starts, Now: millis(at), Plan: p.ID[:]})
	})
}

// setState has a plan be in another state, and those who go be told, but for one.
func setState(ctx context.Context, q *query.Queries, which id.Plan, to schedule.State, told schedule.Kind, but id.Person, now time.Time) error {
	if err := q.SetPlanState(ctx, query.SetPlanStateParams{State: string(to), Changed: millis(now), ID: which[:]}); err != nil {
		return err
	}
	return q.TellGoers(ctx, query.TellGoersParams{ByWhom: but[:], News: string(told), Plan: which[:]})
}

// CancelPlan implements schedule.Plans.
func (s *Store) CancelPlan(ctx context.Context, which id.Plan, by id.Person, now time.Time) error {
	return s.write(ctx, "cancel a plan", func(ctx context.Context, q *query.Queries) error {
		if _, err := planned(ctx, q, which); err != nil {
			return err
		}
		return setState(ctx, q, which, schedule.Cancelled, schedule.IsCancelled, by, now)
	})
}

// SetHosting implements schedule.Plans.
func (s *Store) SetHosting(ctx context.Context, which id.Plan, who id.Person, accept bool, now time.Time) error {
	return s.write(ctx, "host a plan", func(ctx context.Context, q *query.Queries) error {
		r, err := takePlan(ctx, q, which)
		if err != nil {
			return err
		}
		var rows int64
		if accept {
			rows, err = q.AcceptHosting(ctx, query.AcceptHostingParams{Since: millis(now), Plan: which[:], Person: who[:]})
		} else {
			rows, err = q.DropPlanHost(ctx, query.DropPlanHostParams{Plan: which[:], Person: who[:]})
		}
		if err := changed(rows, err, schedule.ErrNoPlan); err != nil {
			return err
		}
		if accept {
			due := schedule.Due(fromMillis(r.Starts), schedule.RemindUsual, now)
			if err := q.AddGoer(ctx, query.AddGoerParams{
				Plan: which[:], Person: who[:], Since: millis(now), Remind: schedule.RemindUsual, Due: millis(due),
			}); err != nil {
				return err
			}
		}
		return q.TouchPlan(ctx, query.TouchPlanParams{Changed: millis(now), ID: which[:]})
	})
}

// HostedBy implements schedule.Plans.
func (s *Store) HostedBy(ctx context.Context, host id.Person) ([]schedule.Plan, error) {
	rows, err := s.read.PlansHosted(ctx, host[:])
	return plansOf(ctx, s, "list what somebody hosts", rows, err)
}

// HandOver implements schedule.Plans.
func (s *Store) HandOver(ctx context.Context, p schedule.Plan, to id.Person, sealed []byte, now time.Time) error {
	return s.write(ctx, "hand a plan over", func(ctx context.Context, q *query.Queries) error {
		r, err := takePlan(ctx, q, p.ID)
		if err != nil {
			return err
		}
		hosts, err := q.IsPlanHost(ctx, query.IsPlanHostParams{Plan: p.ID[:], Person: to[:]})
		switch {
		case err != nil:
			return err
		case !hosts || r.Version != p.Version || name[id.Person](r.Host) != p.Host:
			return schedule.ErrChanged
		}
		if _, err := q.DropPlanHost(ctx, query.DropPlanHostParams{Plan: p.ID[:], Person: to[:]}); err != nil {
			return err
		}
		return q.SetPlanHost(ctx, query.SetPlanHostParams{Host: to[:], Sealed: sealed, Changed: millis(now), ID: p.ID[:]})
	})
}

// SetGoing implements schedule.Goers.
func (s *Store) SetGoing(ctx context.Context, which id.Plan, who id.Person, remind int, now time.Time) error {
	return s.write(ctx, "go to a plan", func(ctx context.Context, q *query.Queries) error {
		if err := take(ctx, q, who); err != nil {
			return err
		}
		r, err := takePlan(ctx, q, which)
		if err != nil {
			return err
		}
		there, err := q.IsGoing(ctx, query.IsGoingParams{Plan: which[:], Person: who[:]})
		if err != nil {
			return err
		}
		if !there {
			if err := roomToGo(ctx, q, which, who, now); err != nil {
				return err
			}
		}
		due := schedule.Due(fromMillis(r.Starts), remind, now)
		if r.State != string(schedule.Planned) {
			due = time.Time{}
		}
		return q.SetGoer(ctx, query.SetGoerParams{
			Plan: which[:], Person: who[:], Since: millis(now), Remind: int64(remind), Due: millis(due),
		})
	})
}

// roomToGo reports whether one more may go to a plan, and they to one more.
func roomToGo(ctx context.Context, q *query.Queries, which id.Plan, who id.Person, now time.Time) error {
	n, err := q.CountGoing(ctx, query.CountGoingParams{Person: who[:], Ends: millis(now)})
	if err != nil {
		return err
	}
	if n >= schedule.GoingMax {
		return schedule.ErrGoing
	}
	if n, err = q.CountGoers(ctx, which[:]); err == nil && n >= schedule.GoersMax {
		err = schedule.ErrFull
	}
	return err
}

// DropGoing implements schedule.Goers.
func (s *Store) DropGoing(ctx context.Context, which id.Plan, who id.Person) error {
	return s.write(ctx, "not go to a plan", func(ctx context.Context, q *query.Queries) error {
		return q.DropGoer(ctx, query.DropGoerParams{Plan: which[:], Person: who[:]})
	})
}

// DueReminders implements schedule.Goers.
func (s *Store) DueReminders(ctx context.Context, after schedule.Reminder, by time.Time, most int) ([]schedule.Reminder, error) {
	rows, err := s.read.DueReminders(ctx, query.DueRemindersParams{
		ByTime: millis(by), Due: millis(after.Due), Person: after.Who[:], Plan: after.Plan[:], Most: int32(min(most, math.MaxInt32)),
	})
	if err != nil {
		return nil, failed("list whom to remind", err)
	}
	out := make([]schedule.Reminder, len(rows))
	for i, r := range rows {
		out[i] = schedule.Reminder{Plan: name[id.Plan](r.Plan), Who: name[id.Person](r.Person), Kind: schedule.Soon, Due: fromMillis(r.Due)}
	}
	return out, nil
}

// NewsOf implements schedule.Goers.
func (s *Store) NewsOf(ctx context.Context, which id.Plan) ([]schedule.Reminder, error) {
	rows, err := s.read.NewsOfPlan(ctx, which[:])
	if err != nil {
		return nil, failed("list whom to tell of a plan", err)
	}
	out := make([]schedule.Reminder, len(rows))
	for i, r := range rows {
		out[i] = schedule.Reminder{Plan: which, Who: name[id.Person](r.Person), Kind: schedule.Kind(r.News)}
	}
	return out, nil
}

// NewsFor implements schedule.Goers.
func (s *Store) NewsFor(ctx context.Context, who id.Person, now time.Time) ([]schedule.Reminder, error) {
	rows, err := s.read.NewsOfPerson(ctx, query.NewsOfPersonParams{Person: who[:], Due: millis(now)})
	if err != nil {
		return nil, failed("list what to tell somebody of plans", err)
	}
	var out []schedule.Reminder
	for _, r := range rows {
		which := name[id.Plan](r.Plan)
		if r.News != "" {
			out = append(out, schedule.Reminder{Plan: which, Who: who, Kind: schedule.Kind(r.News)})
		}
		if due := fromMillis(r.Due); !due.IsZero() && !due.After(now) {
			out = append(out, schedule.Reminder{Plan: which, Who: who, Kind: schedule.Soon, Due: due})
		}
	}
	return out, nil
}

// Claim implements schedule.Goers.
func (s *Store) Claim(ctx context.Context, some []schedule.Reminder) (mine []schedule.Reminder, err error) {
	err = s.write(ctx, "strike out what is told", func(ctx context.Context, q *query.Queries) error {
		mine = nil
		for _, r := range some {
			var rows int64
			var err error
			if r.Kind == schedule.Soon {
				rows, err = q.ClaimDue(ctx, query.ClaimDueParams{Plan: r.Plan[:], Person: r.Who[:], Due: millis(r.Due)})
			} else {
				rows, err = q.ClaimNews(ctx, query.ClaimNewsParams{Plan: r.Plan[:], Person: r.Who[:], News: string(r.Kind)})
			}
			if err != nil {
				return err
			}
			if rows > 0 {
				mine = append(mine, r)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return mine, nil
}

// Timely implements schedule.Clock.
func (s *Store) Timely(ctx context.Context, now time.Time) ([]schedule.Plan, error) {
	rows, err := s.read.PlansTimely(ctx, query.PlansTimelyParams{Starts: millis(now), Limit: timelyMost})
	return plansOf(ctx, s, "list plans whose time has come", rows, err)
}

// BeginPlan implements schedule.Clock.
func (s *Store) BeginPlan(ctx context.Context, p schedule.Plan, now time.Time) error {
	return s.write(ctx, "begin to open a plan", func(ctx context.Context, q *query.Queries) error {
		r, err := planned(ctx, q, p.ID)
		switch {
		case err != nil:
			return err
		case r.Version != p.Version:
			return schedule.ErrBegun // it is looked at again
		}
		return q.SetPlanRoom(ctx, query.SetPlanRoomParams{Room: p.Room[:], Began: millis(now), ID: p.ID[:]})
	})
}

// AgainPlan implements schedule.Clock.
func (s *Store) AgainPlan(ctx context.Context, p schedule.Plan, now time.Time) error {
	return s.write(ctx, "begin to open a plan again", func(ctx context.Context, q *query.Queries) error {
		r, err := takePlan(ctx, q, p.ID)
		switch {
		case err != nil:
			return err
		case r.State != string(schedule.Opening) || r.Began != millis(p.Began):
			return schedule.ErrBegun
		}
		return q.SetPlanBegan(ctx, query.SetPlanBeganParams{Began: millis(now), ID: p.ID[:]})
	})
}

// OpenedPlan implements schedule.Clock.
func (s *Store) OpenedPlan(ctx context.Context, which id.Plan, now time.Time) (news bool, err error) {
	err = s.write(ctx, "note that a plan is open", func(ctx context.Context, q *query.Queries) error {
		r, err := takePlan(ctx, q, which)
		if news = err == nil && r.State == string(schedule.Opening); !news {
			return err
		}
		return setState(ctx, q, which, schedule.Opened, schedule.NowOpen, id.Person{}, now)
	})
	return news && err == nil, err
}

// ConcludePlan implements schedule.Clock.
func (s *Store) ConcludePlan(ctx context.Context, p schedule.Plan, now time.Time) error {
	return s.write(ctx, "note that a plan is over", func(ctx context.Context, q *query.Queries) error {
		r, err := takePlan(ctx, q, p.ID)
		switch {
		case err != nil:
			return err
		case r.State != string(p.State) || r.Version != p.Version:
			return schedule.ErrBegun
		}
		if r.Room != nil {
			switch runs, err := q.RoomRuns(ctx, r.Room); {
			case err != nil:
				return err
			case runs:
				return schedule.ErrBegun
			}
		}
		return setState(ctx, q, p.ID, schedule.Over, "", id.Person{}, now)
	})
}

// ForgetPlans implements schedule.Clock.
func (s *Store) ForgetPlans(ctx context.Context, over, cancelled time.Time) error {
	return s.write(ctx, "forget plans", func(ctx context.Context, q *query.Queries) error {
		return q.ForgetPlans(ctx, query.ForgetPlansParams{Over: millis(over), Cancelled: millis(cancelled)})
	})
}

// Calendar implements schedule.Calendars.
func (s *Store) Calendar(ctx context.Context, who id.Person, hash func(int64) schedule.Hash, now time.Time) (generation int64, err error) {
	r, err := s.read.CalendarOf(ctx, who[:])
	if err == nil {
		return r.Generation, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return 0, failed("read a calendar's address", err)
	}
	return s.setCalendar(ctx, who, hash, now, false)
}

// RenewCalendar implements schedule.Calendars.
func (s *Store) RenewCalendar(ctx context.Context, who id.Person, hash func(int64) schedule.Hash, now time.Time) (int64, error) {
	return s.setCalendar(ctx, who, hash, now, true)
}

func (s *Store) setCalendar(ctx context.Context, who id.Person, hash func(int64) schedule.Hash, now time.Time, next bool) (generation int64, err error) {
	err = s.write(ctx, "make a calendar's address", func(ctx context.Context, q *query.Queries) error {
		if err := take(ctx, q, who); err != nil {
			return err
		}
		switch r, err := q.CalendarOf(ctx, who[:]); {
		case err == nil && !next:
			generation = r.Generation
			return nil
		case err != nil && !errors.Is(err, sql.ErrNoRows):
			return err
		default:
			generation = r.Generation + 1
		}
		secret := hash(generation)
		return q.SetCalendar(ctx, query.SetCalendarParams{Person: who[:], Generation: generation, Secret: secret[:], Made: millis(now)})
	})
	return generation, err
}

// CalendarOf implements schedule.Calendars.
func (s *Store) CalendarOf(ctx context.Context, secret schedule.Hash) (id.Person, error) {
	b, err := s.read.WhoseCalendar(ctx, secret[:])
	return name[id.Person](b), found("look for a calendar", err, schedule.ErrNoCalendar)
}

// FeedOf implements schedule.Calendars.
func (s *Store) FeedOf(ctx context.Context, who id.Person) ([]schedule.Plan, error) {
	rows, err := s.read.PlansOfFeed(ctx, query.PlansOfFeedParams{Who: who[:], Most: schedule.FeedMax})
	return plansOf(ctx, s, "list the plans of a calendar", rows, err)
}

// planRows lists what is stored of who's plans.
func (s *Store) planRows(ctx context.Context, who id.Person, add adder) error {
	rows, err := s.read.PlanRowsOf(ctx, who[:])
	if err != nil {
		return err
	}
	for _, r := range rows {
		since := fromMillis(r.Since)
		add(people.ClassPlans, 2*id.Size+int(r.Bytes)+4*number, since, map[string]any{
			"plan": name[id.Plan](r.ID), "as": r.Kind, "starts": fromMillis(r.Starts), "state": r.State, "visibility": r.Visibility, "since": since,
		})
	}
	goes, err := s.read.GoingRowsOf(ctx, who[:])
	if err != nil {
		return err
	}
	for _, r := range goes {
		since := fromMillis(r.Since)
		more := map[string]any{"plan": name[id.Plan](r.Plan), "since": since}
		if r.Remind >= 0 {
			more["remind_minutes"] = r.Remind
		}
		if r.News != "" {
			more["not_told_yet"] = r.News
		}
		add(people.ClassGoing, 2*id.Size+3*number+len(r.News), since, more)
	}
	c, err := s.read.CalendarOf(ctx, who[:])
	if err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	}
	made := fromMillis(c.Made)
	add(people.ClassCalendar, id.Size+hash+2*number, made, map[string]any{"made": made, "generation": c.Generation, "hash_of_secret": true})
	return nil
}
