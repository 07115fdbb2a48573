package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/schedule"
)

// Bodies about plans.
type (
	// PlanHost is somebody who hosts a plan, or was asked to.
	PlanHost struct {
		ID       id.Person `json:"id"`
		Name     string    `json:"name"`
		Picture  string    `json:"picture,omitempty" doc:"its version"`
		Accepted bool      `json:"accepted" doc:"those who have not said yes are shown to hosts and to themselves"`
	}
	// PlanMine is how I stand to a plan.
	PlanMine struct {
		Going         bool `json:"going"`
		RemindMinutes *int `json:"remind_minutes,omitempty" doc:"before the start; absent: never"`
	}
	// Plan is a room to come.
	Plan struct {
		ID         id.Plan             `json:"id"`
		Title      string              `json:"title"`
		About      string              `json:"about"`
		Starts     time.Time           `json:"starts"`
		Minutes    int                 `json:"minutes"`
		Hosts      []PlanHost          `json:"hosts" doc:"the host first"`
		Club       *NamedClub          `json:"club,omitempty"`
		Visibility schedule.Visibility `json:"visibility" enum:"open,social,members,closed"`
		Language   string              `json:"language,omitempty" doc:"BCP 47"`
		Topics     []string            `json:"topics,omitempty" doc:"what it is about"`
		Fence      string              `json:"fence,omitempty" doc:"where its room's voices may be"`
		Recorded   bool                `json:"recorded" doc:"the hosts say that they record it"`
		State      schedule.State      `json:"state" enum:"planned,open,over,cancelled"`
		Room       *id.Room            `json:"room,omitempty" doc:"once it is open"`
		Going      int                 `json:"going" doc:"how many mean to come"`
		Mine       *PlanMine           `json:"mine,omitempty" doc:"if I mean to come"`
		MayEdit    bool                `json:"may_edit" doc:"whether I host it"`
		Invited    []Named             `json:"invited,omitempty" doc:"told to hosts alone"`
	}
	// Plans are plans in the order of their start.
	Plans struct {
		Plans []Plan `json:"plans"`
	}
	// NewPlan is what a host wants of a plan.
	NewPlan struct {
		Title      string    `json:"title" doc:"one line, 1 to 120 characters"`
		About      string    `json:"about" doc:"up to 1000 characters on 15 lines"`
		Starts     time.Time `json:"starts" doc:"a whole minute, at most a year ahead"`
		Minutes    int       `json:"minutes" doc:"15 to 720"`
		Cohosts    []string  `json:"cohosts" doc:"ids of up to 8 people, who are asked"`
		Club       string    `json:"club,omitempty" doc:"whose rooms I may open"`
		Visibility string    `json:"visibility" doc:"open, social, members or closed"`
		Invite     []string  `json:"invite,omitempty" doc:"ids of people who see it and may come in, whatever its visibility; absent leaves them"`
		Language   string    `json:"language,omitempty" doc:"BCP 47"`
		Topics     []string  `json:"topics,omitempty" doc:"up to 3 of the list in docs/protocol/http.md"`
		Fence      string    `json:"fence,omitempty" maxLength:"600" doc:"where its room's voices may be"`
		Recorded   bool      `json:"recorded"`
	}
	// Hosting is the answer of somebody who was asked to host.
	Hosting struct {
		Accept bool `json:"accept"`
	}
	// PlanGoing is whether to be reminded.
	PlanGoing struct {
		RemindMinutes *int `json:"remind_minutes,omitempty" minimum:"0" maximum:"1440" doc:"before the start; absent: never"`
	}
	// CalendarAddress is where other programs read my calendar.
	CalendarAddress struct {
		URL string `json:"url" doc:"whoever knows it may read it"`
	}
)

// Inputs and outputs of calls about plans.
type (
	atPlan struct {
		Plan string `path:"plan"`
	}
	choosing struct {
		Which string    `query:"which" enum:"for_me,clubs,all" default:"for_me"`
		Club  string    `query:"club" maxLength:"26" doc:"those of this club alone"`
		From  time.Time `query:"from" doc:"those that end after it; absent: now"`
		To    time.Time `query:"to" doc:"those that start before it; absent: a year later"`
	}
	changingPlan struct {
		Plan    string `path:"plan"`
		IfMatch string `header:"If-Match" doc:"the ETag of the plan that is changed"`
		Body    NewPlan
	}
	hostingPlan struct {
		Plan string `path:"plan"`
		Body Hosting
	}
	goingToPlan struct {
		Plan string `path:"plan"`
		Body PlanGoing
	}
	openingPlan struct {
		Plan string `path:"plan"`
		Body None
	}
	planOutput struct {
		ETag string `header:"ETag"`
		Body Plan
	}
)

func (in *atPlan) parse() (id.Plan, error) { return planAt(in.Plan) }

func planAt(text string) (id.Plan, error) {
	which, err := id.Parse[id.Plan](text)
	if err != nil {
		return which, schedule.ErrNoPlan
	}
	return which, nil
}

func (a *API) addPlans() {
	tags := []string{"plans"}
	add(a, huma.Operation{
		OperationID: "list-plans", Method: "GET", Path: "/api/v1/plans", Tags: tags, Summary: "Rooms to come",
	}, toRead, func(ctx context.Context, in *choosing) (*output[Plans], error) {
		return answer(a.plans(ctx, me(ctx), in))
	})
	add(a, huma.Operation{
		OperationID: "add-plan", Method: "POST", Path: "/api/v1/plans", Tags: tags, Summary: "Plan a room", DefaultStatus: 201,
	}, toWrite, func(ctx context.Context, in *struct{ Body NewPlan }) (*planOutput, error) {
		d, err := a.draft(ctx, me(ctx), in.Body)
		if err != nil {
			return nil, err
		}
		p, err := a.Schedule.Add(ctx, me(ctx), d)
		if err == nil {
			a.tellCohosts(ctx, &p, me(ctx))
		}
		return a.planOf(ctx, me(ctx), p, err)
	})
	add(a, huma.Operation{
		OperationID: "get-plan", Method: "GET", Path: "/api/v1/plans/{plan}", Tags: tags, Summary: "A plan",
	}, toRead, func(ctx context.Context, in *atPlan) (*planOutput, error) {
		which, err := in.parse()
		if err != nil {
			return nil, err
		}
		p, err := a.Schedule.Plan(ctx, which, me(ctx))
		return a.planOf(ctx, me(ctx), p, err)
	})
	add(a, huma.Operation{
		OperationID: "change-plan", Method: "PUT", Path: "/api/v1/plans/{plan}", Tags: tags, Summary: "Change a plan, if nobody has meanwhile",
	}, toWrite, func(ctx context.Context, in *changingPlan) (*planOutput, error) {
		p, err := a.changePlan(ctx, me(ctx), in)
		return a.planOf(ctx, me(ctx), p, err)
	})
	add(a, huma.Operation{
		OperationID: "cancel-plan", Method: "DELETE", Path: "/api/v1/plans/{plan}", Tags: tags, Summary: "Cancel a plan",
	}, toWrite, func(ctx context.Context, in *atPlan) (*nothing, error) {
		which, err := in.parse()
		if err != nil {
			return nil, err
		}
		if err := a.Schedule.Cancel(ctx, which, me(ctx)); err != nil {
			return nil, err
		}
		a.tellPlan(ctx, which)
		return &nothing{}, nil
	})
	a.addPlanGoing(tags)
	a.addCalendar()
}

func (a *API) addPlanGoing(tags []string) {
	add(a, huma.Operation{
		OperationID: "set-hosting", Method: "PUT", Path: "/api/v1/plans/{plan}/hosting", Tags: tags, Summary: "Say whether I host it, too",
	}, toWrite, func(ctx context.Context, in *hostingPlan) (*nothing, error) {
		which, err := planAt(in.Plan)
		if err != nil {
			return nil, err
		}
		return &nothing{}, a.Schedule.SetHosting(ctx, which, me(ctx), in.Body.Accept)
	})
	add(a, huma.Operation{
		OperationID: "go-to-plan", Method: "PUT", Path: "/api/v1/plans/{plan}/going", Tags: tags, Summary: "Mean to come",
	}, toWrite, func(ctx context.Context, in *goingToPlan) (*planOutput, error) {
		which, err := planAt(in.Plan)
		if err != nil {
			return nil, err
		}
		remind := schedule.NoReminder
		if in.Body.RemindMinutes != nil {
			remind = *in.Body.RemindMinutes
		}
		p, err := a.Schedule.Go(ctx, which, me(ctx), remind)
		return a.planOf(ctx, me(ctx), p, err)
	})
	add(a, huma.Operation{
		OperationID: "not-go-to-plan", Method: "DELETE", Path: "/api/v1/plans/{plan}/going", Tags: tags, Summary: "Not mean to come any more",
	}, toWrite, func(ctx context.Context, in *atPlan) (*nothing, error) {
		which, err := in.parse()
		if err != nil {
			return nil, err
		}
		return &nothing{}, a.Schedule.Stay(ctx, which, me(ctx))
	})
	add(a, huma.Operation{
		OperationID: "open-plan", Method: "POST", Path: "/api/v1/plans/{plan}/open", Tags: tags,
		Summary: "Open its room now, as a host, from 15 minutes before the start",
	}, toWrite, func(ctx context.Context, in *openingPlan) (*planOutput, error) {
		which, err := planAt(in.Plan)
		if err != nil {
			return nil, err
		}
		p, opened, err := a.openPlan(ctx, which)
		if opened {
			a.tellPlan(ctx, which)
		}
		return a.planOf(ctx, me(ctx), p, err)
	})
}

// openPlan opens the room of a plan, or waits for another host who does.
func (a *API) openPlan(ctx context.Context, which id.Plan) (schedule.Plan, bool, error) {
	a.plansOpening.Lock()
	defer a.plansOpening.Unlock()
	return a.Schedule.OpenNow(ctx, which, me(ctx), plannedRooms{a})
}

func (a *API) plans(ctx context.Context, who id.Person, in *choosing) (Plans, error) {
	c := schedule.Choice{Which: schedule.Which(in.Which), From: in.From, To: in.To}
	if c.From.IsZero() {
		c.From = a.Clock()
	}
	if c.To.IsZero() {
		c.To = c.From.Add(schedule.AheadMax)
	}
	if in.Club != "" {
		var err error
		if c.Club, err = id.Parse[id.Club](in.Club); err != nil {
			return Plans{[]Plan{}}, nil //nolint:nilerr // as of a club of which one may know nothing
		}
	}
	all, err := a.Schedule.Plans(ctx, who, c)
	if err != nil {
		return Plans{}, err
	}
	seen, err := a.plansSeen(ctx, who, all)
	return Plans{seen}, err
}

// planOf answers with a plan as who sees it, and its version.
func (a *API) planOf(ctx context.Context, who id.Person, p schedule.Plan, err error) (*planOutput, error) {
	if err != nil {
		return nil, err
	}
	all, err := a.plansSeen(ctx, who, []schedule.Plan{p})
	if err != nil {
		return nil, err
	}
	if all[0].MayEdit {
		invited, err := a.Schedule.Invited(ctx, p.ID)
		if err != nil {
			return nil, err
		}
		known, err := a.People.Profiles(ctx, who, invited)
		if err != nil {
			return nil, err
		}
		for _, one := range invited {
			if named, there := known[one]; there {
				all[0].Invited = append(all[0].Invited, Named{named.ID, named.Name})
			}
		}
	}
	return &planOutput{tagOf(p.Version), all[0]}, nil
}

// plansSeen returns plans as who sees them.
func (a *API) plansSeen(ctx context.Context, who id.Person, all []schedule.Plan) ([]Plan, error) {
	var ofClubs []id.Club
	var hosts []id.Person
	for i := range all {
		hosts = append(hosts, all[i].Host)
		for _, c := range all[i].Cohosts {
			hosts = append(hosts, c.Who)
		}
		if !all[i].Club.IsZero() {
			ofClubs = append(ofClubs, all[i].Club)
		}
	}
	clubs, err := a.Clubs.NamesFor(ctx, who, ofClubs)
	if err != nil {
		return nil, err
	}
	known, err := a.People.Profiles(ctx, who, hosts)
	if err != nil {
		return nil, err
	}
	out := make([]Plan, len(all))
	for i := range all {
		p := &all[i]
		seen := Plan{
			ID: p.ID, Title: p.Title, About: p.About, Starts: p.Starts, Minutes: p.Minutes, Hosts: []PlanHost{}, Visibility: p.Visibility,
			Language: p.Language, Topics: p.Topics, Fence: p.Fence, Recorded: p.Recorded, State: p.State, Going: p.Going, MayEdit: p.IsHost(who),
		}
		if name := clubs[p.Club]; name != "" {
			seen.Club = &NamedClub{p.Club, name}
		}
		switch p.State {
		case schedule.Opening: // for a moment, of which nobody needs to know
			seen.State = schedule.Planned
		case schedule.Opened:
			seen.Room = &p.Room
		case schedule.Planned, schedule.Over, schedule.Cancelled:
		}
		if p.Mine.Going {
			seen.Mine = &PlanMine{Going: true}
			if p.Mine.Remind != schedule.NoReminder {
				seen.Mine.RemindMinutes = &p.Mine.Remind
			}
		}
		for _, c := range slices.Concat([]schedule.Cohost{{Who: p.Host, Accepted: true}}, p.Cohosts) {
			if !c.Accepted && !seen.MayEdit && c.Who != who {
				continue
			}
			if host, there := known[c.Who]; there {
				seen.Hosts = append(seen.Hosts, PlanHost{host.ID, host.Name, host.Picture, c.Accepted})
			}
		}
		out[i] = seen
	}
	return out, nil
}

// draft returns what a host wants, or people.Faults: all that is wrong with it.
func (a *API) draft(ctx context.Context, who id.Person, n NewPlan) (schedule.Draft, error) {
	var faults people.Faults
	bad := func(field string, why people.Reason) { faults = append(faults, people.Fault{Field: field, Why: why}) }
	d := schedule.Draft{
		Words: schedule.Words{Title: n.Title, About: n.About, Topics: n.Topics}, Starts: n.Starts, Minutes: n.Minutes,
		Visibility: schedule.Visibility(n.Visibility), Language: n.Language, Recorded: n.Recorded,
	}
	for i, text := range n.Cohosts[:min(len(n.Cohosts), schedule.CohostsMax+1)] {
		one, err := id.Parse[id.Person](text)
		if err == nil {
			if _, err = a.People.Profile(ctx, who, one); err != nil && !errors.Is(err, people.ErrNoPerson) {
				return d, err
			}
		}
		switch {
		case err != nil:
			bad(fmt.Sprintf("cohosts[%d]", i), schedule.NotAPerson)
		default:
			d.Cohosts = append(d.Cohosts, one)
		}
	}
	if n.Invite != nil {
		d.Invite = []id.Person{}
	}
	for i, text := range n.Invite[:min(len(n.Invite), schedule.InvitedMax+1)] {
		one, err := id.Parse[id.Person](text)
		if err != nil {
			bad(fmt.Sprintf("invite[%d]", i), schedule.NotAPerson)
			continue
		}
		d.Invite = append(d.Invite, one)
	}
	if n.Club != "" {
		var err error
		if d.Club, err = id.Parse[id.Club](n.Club); err != nil {
			bad("club", schedule.NotAClub)
		}
	}
	fence, err := a.fence("body.fence", n.Fence)
	switch {
	case errors.Is(err, errOutside):
		bad("fence", schedule.FenceBeyond)
	case err != nil:
		bad("fence", schedule.NotAFence)
	case n.Fence != "":
		d.Fence = fence.String()
	}
	// The rules see what could be read, so that all is said at once.
	var more people.Faults
	if _, err := schedule.Parse(d, a.Clock()); errors.As(err, &more) {
		faults = append(faults, more...)
	}
	if len(faults) > 0 {
		return d, faults
	}
	return d, nil
}

// changePlan changes a plan. Whether there is one for who is said before what is
// wrong with what they wrote.
func (a *API) changePlan(ctx context.Context, who id.Person, in *changingPlan) (schedule.Plan, error) {
	which, err := planAt(in.Plan)
	if err != nil {
		return schedule.Plan{}, err
	}
	before, err := a.Schedule.Plan(ctx, which, who)
	if err != nil {
		return schedule.Plan{}, err
	}
	if !before.IsHost(who) {
		return schedule.Plan{}, schedule.ErrNotHost
	}
	version, err := versionOf(in.IfMatch)
	if err != nil {
		return schedule.Plan{}, err
	}
	d, err := a.draft(ctx, who, in.Body)
	if err != nil {
		return schedule.Plan{}, err
	}
	p, moved, err := a.Schedule.Change(ctx, which, who, version, d)
	if moved {
		a.tellPlan(ctx, which)
	}
	if err == nil {
		a.tellCohosts(ctx, &p, who)
	}
	return p, err
}
