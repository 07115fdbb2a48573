package api

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stoa-audio/stoa/internal/clubs"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/moderation"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/schedule"
)

// Bodies about reports in words and the queue.
type (
	// Thing is what something is about: one of these, by its id.
	Thing struct {
		Person string `json:"person,omitempty"`
		Club   string `json:"club,omitempty"`
		Room   string `json:"room,omitempty"`
		Plan   string `json:"plan,omitempty"`
	}
	// WrittenReport is what somebody reports in words.
	WrittenReport struct {
		About  Thing  `json:"about"`
		Reason string `json:"reason" enum:"harassment,hate,threats,spam,impersonation,minors,other"`
		Text   string `json:"text" doc:"up to 1,000 characters on 30 lines; may be empty"`
	}
	// WrittenReported is a report in words that has come.
	WrittenReported struct {
		ID moderation.ReportID `json:"id"`
	}
	// NamedThing is a thing and how it is called, as far as whoever looks may know.
	NamedThing struct {
		Kind moderation.Kind `json:"kind" enum:"person,club,room,plan"`
		ID   string          `json:"id"`
		Name string          `json:"name,omitempty" doc:"absent when it is gone, or not mine to see"`
	}
	// MyReport is something that I have reported.
	MyReport struct {
		ID     string            `json:"id"`
		By     string            `json:"by" enum:"words,voice" doc:"how I have reported it"`
		About  NamedThing        `json:"about"`
		Reason moderation.Reason `json:"reason,omitempty" enum:"harassment,hate,threats,spam,impersonation,minors,other"`
		Text   string            `json:"text,omitempty"`
		Made   time.Time         `json:"made"`
		State  string            `json:"state" enum:"open,decided"`
	}
	// MyReports is what I have reported, the newest first.
	MyReports struct {
		Reports []MyReport `json:"reports"`
	}
	// QueueEntry is a thing that was reported.
	QueueEntry struct {
		ID      moderation.EntryID  `json:"id"`
		About   NamedThing          `json:"about"`
		Person  *Person             `json:"person,omitempty" doc:"whom it concerns; absent when nobody is there any more"`
		Open    bool                `json:"open"`
		Since   time.Time           `json:"since" doc:"when it was opened or, if it is not open, decided"`
		Words   int                 `json:"words" doc:"how many reports in words there are"`
		Voices  int                 `json:"voices" doc:"how many of a voice"`
		Reasons []moderation.Reason `json:"reasons" enum:"harassment,hate,threats,spam,impersonation,minors,other" doc:"of those in words, each once"`
		Judge   bool                `json:"judge" doc:"whether I may judge it: nobody does what they have to do with"`
		Again   bool                `json:"again" doc:"whether it is open again, by an answer"`
	}
	// Queue is some of what there is to judge.
	Queue struct {
		Entries []QueueEntry `json:"entries" doc:"open ones first, the longest open first; then those that were decided, the last first"`
		Open    int          `json:"open" doc:"how many are open"`
		Next    string       `json:"next,omitempty" doc:"as after, for those that follow; absent at the end"`
	}
	// QueueReport is a report in words.
	QueueReport struct {
		ID      moderation.ReportID `json:"id"`
		By      *Person             `json:"by,omitempty" doc:"absent when they are erased"`
		Reason  moderation.Reason   `json:"reason" enum:"harassment,hate,threats,spam,impersonation,minors,other"`
		Text    string              `json:"text"`
		Made    time.Time           `json:"made"`
		Decided time.Time           `json:"decided,omitzero"`
	}
	// QueueVoice is a report of a voice, which is opened by stoa report open.
	QueueVoice struct {
		ID      moderation.VoiceID `json:"id"`
		By      *Person            `json:"by,omitempty"`
		Room    id.Room            `json:"room"`
		Title   string             `json:"title,omitempty" doc:"of the room, while it runs"`
		Made    time.Time          `json:"made"`
		Decided bool               `json:"decided"`
	}
	// QueueDecision is what was decided.
	QueueDecision struct {
		ID       moderation.DecisionID  `json:"id"`
		Entry    moderation.EntryID     `json:"entry"`
		About    NamedThing             `json:"about"`
		Person   *Person                `json:"person,omitempty" doc:"whom it concerns"`
		By       *Person                `json:"by,omitempty" doc:"who has decided; absent when they are erased"`
		What     moderation.What        `json:"what" enum:"nothing,warning,suspend,ban,close_room,remove,lift"`
		Made     time.Time              `json:"made"`
		Ends     time.Time              `json:"ends,omitzero" doc:"of a suspension"`
		Lifts    *moderation.DecisionID `json:"lifts,omitempty"`
		Lifted   time.Time              `json:"lifted,omitzero"`
		Reason   string                 `json:"reason"`
		Answer   string                 `json:"answer,omitempty"`
		Answered time.Time              `json:"answered,omitzero"`
	}
	// FullQueueEntry is an entry with all that there is about it.
	FullQueueEntry struct {
		QueueEntry

		Reports   []QueueReport   `json:"reports" doc:"the newest first"`
		Heard     []QueueVoice    `json:"heard" doc:"those of a voice"`
		Decisions []QueueDecision `json:"decisions" doc:"the oldest first"`
	}
	// QueueLog is some of what was decided, the newest first.
	QueueLog struct {
		Decisions []QueueDecision `json:"decisions"`
		Next      string          `json:"next,omitempty"`
	}
	// NewDecision is what a warden decides.
	NewDecision struct {
		What   string `json:"what" enum:"nothing,warning,suspend,ban,close_room,remove,lift"`
		Days   int    `json:"days,omitempty" doc:"of suspend: 1 to 365"`
		Reason string `json:"reason" doc:"1 to 500 characters on 15 lines, which whom it concerns reads"`
	}
	// MyDecision is a decision that concerns me.
	MyDecision struct {
		ID       moderation.DecisionID `json:"id"`
		About    NamedThing            `json:"about"`
		What     moderation.What       `json:"what" enum:"nothing,warning,suspend,ban,close_room,remove,lift"`
		Made     time.Time             `json:"made"`
		Ends     time.Time             `json:"ends,omitzero" doc:"of a suspension"`
		InForce  bool                  `json:"in_force" doc:"whether it keeps me out now"`
		Lifted   time.Time             `json:"lifted,omitzero"`
		Reason   string                `json:"reason"`
		Answer   string                `json:"answer,omitempty" doc:"mine"`
		Answered time.Time             `json:"answered,omitzero"`
		Open     bool                  `json:"open" doc:"whether I may answer it"`
	}
	// MyDecisions is what was decided about me, the newest first.
	MyDecisions struct {
		Decisions []MyDecision `json:"decisions"`
	}
	// DecisionAnswer is what I say to a decision.
	DecisionAnswer struct {
		Text string `json:"text" doc:"1 to 1,000 characters on 30 lines"`
	}
)

// Inputs and outputs of calls about the queue.
type (
	queuePage struct {
		After string `query:"after" maxLength:"64" doc:"the next of the answer before"`
		Limit int    `query:"limit" minimum:"1" maximum:"50" default:"20"`
	}
	atEntry struct {
		Entry string `path:"entry"`
	}
	deciding struct {
		Entry   string `path:"entry"`
		IfMatch string `header:"If-Match" doc:"the ETag of the entry that is judged"`
		Body    NewDecision
	}
	entryOutput struct {
		ETag string `header:"ETag"`
		Body FullQueueEntry
	}
	answering struct {
		Decision string `path:"decision"`
		Body     DecisionAnswer
	}
)

func parseEntry(text string) (moderation.EntryID, error) {
	which, err := id.Parse[moderation.EntryID](text)
	if err != nil {
		return which, moderation.ErrNone
	}
	return which, nil
}

func (a *API) addQueue() {
	mine := []string{"me"}
	tags := []string{"queue"}
	add(a, huma.Operation{
		OperationID: "report-words", Method: "POST", Path: "/api/v1/reports/words", Tags: []string{"house"},
		Summary: "Tell the house's wardens what is wrong", DefaultStatus: 201,
	}, toReport, func(ctx context.Context, in *struct{ Body WrittenReport }) (*output[WrittenReported], error) {
		about, err := a.reportable(ctx, me(ctx), in.Body.About)
		if err != nil {
			return nil, err
		}
		r, err := a.Queue.Report(ctx, me(ctx), about, moderation.Reason(in.Body.Reason), in.Body.Text)
		return answer(WrittenReported{r.ID}, err)
	})
	add(a, huma.Operation{
		OperationID: "list-my-reports", Method: "GET", Path: "/api/v1/me/reports", Tags: mine, Summary: "What I have reported",
	}, toRead, func(ctx context.Context, _ *struct{}) (*output[MyReports], error) {
		return answer(a.myReports(ctx, me(ctx)))
	})
	add(a, huma.Operation{
		OperationID: "list-my-decisions", Method: "GET", Path: "/api/v1/me/decisions", Tags: mine, Summary: "What was decided about me",
	}, toRead.evenOut(), func(ctx context.Context, _ *struct{}) (*output[MyDecisions], error) {
		return answer(a.myDecisions(ctx, me(ctx)))
	})
	add(a, huma.Operation{
		OperationID: "answer-decision", Method: "POST", Path: "/api/v1/me/decisions/{decision}/answer", Tags: mine, DefaultStatus: 204,
		Summary: "Answer a decision, once; another warden judges again",
	}, toWrite.evenOut(), func(ctx context.Context, in *answering) (*nothing, error) {
		which, err := id.Parse[moderation.DecisionID](in.Decision)
		if err != nil {
			return nil, moderation.ErrNone
		}
		return &nothing{}, a.Queue.Answer(ctx, me(ctx), which, in.Body.Text)
	})
	add(a, huma.Operation{
		OperationID: "list-queue", Method: "GET", Path: "/api/v1/queue", Tags: tags, Summary: "What there is to judge, for wardens",
	}, toWard, func(ctx context.Context, in *queuePage) (*output[Queue], error) {
		return answer(a.queue(ctx, me(ctx), in))
	})
	add(a, huma.Operation{
		OperationID: "list-queue-log", Method: "GET", Path: "/api/v1/queue/log", Tags: tags, Summary: "What was decided, by whom",
	}, toWard, func(ctx context.Context, in *queuePage) (*output[QueueLog], error) {
		list, next, err := a.Queue.Log(ctx, in.After, in.Limit)
		if err != nil {
			return nil, err
		}
		out, err := a.queueDecisions(ctx, me(ctx), list)
		return answer(QueueLog{out, next}, err)
	})
	add(a, huma.Operation{
		OperationID: "get-queue-entry", Method: "GET", Path: "/api/v1/queue/{entry}", Tags: tags, Summary: "An entry, with all that there is about it",
	}, toWard, func(ctx context.Context, in *atEntry) (*entryOutput, error) {
		which, err := parseEntry(in.Entry)
		if err != nil {
			return nil, err
		}
		return a.entry(ctx, me(ctx), which)
	})
	add(a, huma.Operation{
		OperationID: "decide", Method: "POST", Path: "/api/v1/queue/{entry}/decisions", Tags: tags, DefaultStatus: 201,
		Summary: "Decide, if nobody has meanwhile",
	}, toDecide, func(ctx context.Context, in *deciding) (*entryOutput, error) {
		which, err := parseEntry(in.Entry)
		if err != nil {
			return nil, err
		}
		version, err := versionOf(in.IfMatch)
		if err != nil {
			return nil, err
		}
		ask := moderation.Ask{What: moderation.What(in.Body.What), Days: in.Body.Days, Why: in.Body.Reason}
		if err := a.decide(ctx, me(ctx), which, version, ask); err != nil {
			return nil, err
		}
		return a.entry(ctx, me(ctx), which)
	})
}

// reportable returns the entry of a thing, if it exists for who and is not their
// own.
func (a *API) reportable(ctx context.Context, who id.Person, t Thing) (e moderation.Entry, err error) {
	own := func(host id.Person, where string) error {
		if host == who {
			return errValue{"body.about." + where, "that is one's own"}
		}
		return nil
	}
	switch {
	case t.Person != "" && t == Thing{Person: t.Person}:
		at := atPerson{t.Person}
		whom, err := at.parse()
		if err != nil {
			return e, err
		}
		if err := own(whom, "person"); err != nil {
			return e, err
		}
		_, err = a.People.Profile(ctx, who, whom)
		return moderation.Entry{ID: moderation.EntryID(whom), Kind: moderation.Person, Person: whom}, err
	case t.Club != "" && t == Thing{Club: t.Club}:
		club, err := parseClub(t.Club)
		if err != nil {
			return e, err
		}
		if _, err := a.Clubs.Club(ctx, who, club); err != nil {
			return e, err
		}
		founder, err := a.Clubs.FounderOf(ctx, club)
		if err == nil {
			err = own(founder, "club")
		}
		return moderation.Entry{ID: moderation.EntryID(club), Kind: moderation.Club}, err
	case t.Room != "" && t == Thing{Room: t.Room}:
		name, err := id.Parse[id.Room](t.Room)
		if err != nil {
			return e, room.ErrNoRoom
		}
		if err := a.exists(ctx, who, name); err != nil {
			return e, err
		}
		var host id.Person
		a.rooms.Read(name, func(r *room.Room) { host = r.Host() })
		return moderation.Entry{ID: moderation.EntryID(name), Kind: moderation.Room, Person: host}, own(host, "room")
	case t.Plan != "" && t == Thing{Plan: t.Plan}:
		which, err := planAt(t.Plan)
		if err != nil {
			return e, err
		}
		p, err := a.Schedule.Plan(ctx, which, who)
		if err == nil {
			err = own(p.Host, "plan")
		}
		return moderation.Entry{ID: moderation.EntryID(which), Kind: moderation.Plan, Person: p.Host}, err
	}
	return e, errValue{"body.about", "one of person, club, room and plan"}
}

// namedFor names a thing as somebody sees it.
func (a *API) namedFor(ctx context.Context, viewer id.Person, kind moderation.Kind, which moderation.EntryID) (NamedThing, error) {
	out := NamedThing{Kind: kind, ID: which.String()}
	switch kind {
	case moderation.Person:
		p, err := a.People.Profile(ctx, viewer, id.Person(which))
		if err != nil && !errors.Is(err, people.ErrNoPerson) {
			return out, err
		}
		out.Name = p.Name
	case moderation.Club:
		names, err := a.Clubs.NamesFor(ctx, viewer, []id.Club{id.Club(which)})
		if err != nil {
			return out, err
		}
		out.Name = names[id.Club(which)]
	case moderation.Room:
		if r := a.roomFor(ctx, viewer, id.Room(which)); r != nil {
			out.Name = r.Title
		}
	case moderation.Plan:
		p, err := a.planFor(ctx, viewer, id.Plan(which))
		if err != nil {
			return out, err
		}
		if p != nil {
			out.Name = p.Title
		}
	}
	return out, nil
}

func (a *API) myReports(ctx context.Context, who id.Person) (MyReports, error) {
	words, voices, err := a.Queue.ReportsBy(ctx, who)
	if err != nil {
		return MyReports{}, err
	}
	out := MyReports{[]MyReport{}}
	state := map[bool]string{false: "open", true: "decided"}
	for _, r := range words {
		about, err := a.namedFor(ctx, who, r.Kind, r.Entry)
		if err != nil {
			return out, err
		}
		out.Reports = append(out.Reports, MyReport{r.ID.String(), "words", about, r.Reason, r.Text, r.Made, state[!r.Decided.IsZero()]})
	}
	for _, v := range voices {
		about, err := a.namedFor(ctx, who, moderation.Person, moderation.EntryID(v.About))
		if err != nil {
			return out, err
		}
		out.Reports = append(out.Reports, MyReport{ID: v.ID.String(), By: "voice", About: about, Made: v.Made, State: state[v.Decided]})
	}
	slices.SortStableFunc(out.Reports, func(a, b MyReport) int { return b.Made.Compare(a.Made) })
	return out, nil
}

func (a *API) myDecisions(ctx context.Context, who id.Person) (MyDecisions, error) {
	all, err := a.Queue.DecisionsAbout(ctx, who)
	if err != nil {
		return MyDecisions{}, err
	}
	out := MyDecisions{[]MyDecision{}}
	for _, d := range all {
		about, err := a.namedFor(ctx, who, d.Kind, d.Entry)
		if err != nil {
			return out, err
		}
		one := MyDecision{
			ID: d.ID, About: about, What: d.What, Made: d.Made, InForce: d.InForce(a.Clock()), Lifted: d.Lifted, Reason: d.Why,
			Answer: d.Answer, Answered: d.Answered, Open: d.What != moderation.Lift && d.Answered.IsZero(),
		}
		if d.What == moderation.Suspend {
			one.Ends = d.Ends
		}
		out.Decisions = append(out.Decisions, one)
	}
	return out, nil
}

// A judged is a thing as wardens see it: how it is called, whom it concerns now, and
// who has to do with it.
type judged struct {
	name     string
	concerns id.Person
	hosts    []id.Person
}

// judged looks at the thing of an entry, whatever it is to whom.
func (a *API) judged(ctx context.Context, e *moderation.Entry) (out judged, err error) {
	out.concerns = e.Person
	switch e.Kind {
	case moderation.Person:
		p, err := a.People.Profile(ctx, e.Person, e.Person)
		if err != nil && !errors.Is(err, people.ErrNoPerson) {
			return out, err
		}
		out.name = p.Name
	case moderation.Club:
		club := id.Club(e.ID)
		names, err := a.Clubs.NamesOf(ctx, []id.Club{club})
		if err != nil {
			return out, err
		}
		out.name = names[club]
		if out.hosts, err = a.Clubs.Leads(ctx, club); err != nil {
			return out, err
		}
		out.concerns, err = a.Clubs.FounderOf(ctx, club)
		if errors.Is(err, clubs.ErrNone) {
			err = nil
		}
		return out, err
	case moderation.Room:
		a.rooms.Read(id.Room(e.ID), func(r *room.Room) { out.name, out.hosts = r.Title(), r.Moderators() })
	case moderation.Plan:
		p, err := a.Schedule.Plan(ctx, id.Plan(e.ID), e.Person)
		if err != nil && !errors.Is(err, schedule.ErrNoPlan) {
			return out, err
		}
		if err == nil {
			out.name, out.concerns, out.hosts = p.Title, p.Host, p.Hosts()
		}
	}
	return out, nil
}

// queue returns a page of the queue for a warden.
func (a *API) queue(ctx context.Context, warden id.Person, in *queuePage) (Queue, error) {
	list, next, err := a.Queue.Entries(ctx, warden, in.After, in.Limit)
	if err != nil {
		return Queue{}, err
	}
	wardens, err := a.Queue.Wardens(ctx)
	if err != nil {
		return Queue{}, err
	}
	out := Queue{Entries: []QueueEntry{}, Next: next}
	for _, e := range list {
		full, err := a.Queue.Entry(ctx, warden, e.ID)
		if errors.Is(err, moderation.ErrNone) {
			continue // it is gone meanwhile
		}
		if err != nil {
			return Queue{}, err
		}
		one, err := a.queueEntry(ctx, warden, wardens, &full)
		if errors.Is(err, moderation.ErrNone) {
			continue
		}
		if err != nil {
			return Queue{}, err
		}
		out.Entries = append(out.Entries, one)
	}
	out.Open, err = a.Queue.CountOpen(ctx, warden)
	return out, err
}

func (a *API) queueEntry(ctx context.Context, warden id.Person, wardens []id.Person, e *moderation.FullEntry) (QueueEntry, error) {
	thing, err := a.judged(ctx, &e.Entry)
	if err != nil {
		return QueueEntry{}, err
	}
	if thing.concerns == warden || slices.Contains(thing.hosts, warden) {
		return QueueEntry{}, moderation.ErrNone // it is about them, and nobody is to be warned
	}
	out := QueueEntry{
		ID: e.ID, About: NamedThing{e.Kind, e.ID.String(), thing.name}, Open: e.Open, Since: e.Since,
		Words: len(e.Reports), Voices: len(e.Voices), Reasons: []moderation.Reason{},
	}
	for _, r := range e.Reports {
		if !slices.Contains(out.Reasons, r.Reason) {
			out.Reasons = append(out.Reasons, r.Reason)
		}
	}
	out.Again = e.Open && slices.ContainsFunc(e.Decisions, func(d moderation.Decision) bool { return d.Answered.Equal(e.Since) })
	known, err := a.People.Profiles(ctx, warden, []id.Person{thing.concerns})
	if err != nil {
		return QueueEntry{}, err
	}
	out.Person = personIn(known, thing.concerns)
	seen := *e
	seen.Person = thing.concerns
	out.Judge = moderation.MayJudge(&seen, thing.hosts, wardens, warden)
	return out, nil
}

func personIn(known map[id.Person]people.Profile, who id.Person) *Person {
	p, there := known[who]
	if !there {
		return nil
	}
	out := personOf(p)
	return &out
}

// entry answers with an entry and its version.
func (a *API) entry(ctx context.Context, warden id.Person, which moderation.EntryID) (*entryOutput, error) {
	e, err := a.Queue.Entry(ctx, warden, which)
	if err != nil {
		return nil, err
	}
	wardens, err := a.Queue.Wardens(ctx)
	if err != nil {
		return nil, err
	}
	out := FullQueueEntry{Reports: []QueueReport{}, Heard: []QueueVoice{}}
	if out.QueueEntry, err = a.queueEntry(ctx, warden, wardens, &e); err != nil {
		return nil, err
	}
	var who []id.Person
	for _, r := range e.Reports {
		who = append(who, r.By)
	}
	for _, v := range e.Voices {
		who = append(who, v.By)
	}
	known, err := a.People.Profiles(ctx, warden, who)
	if err != nil {
		return nil, err
	}
	for _, r := range e.Reports {
		out.Reports = append(out.Reports, QueueReport{r.ID, personIn(known, r.By), r.Reason, r.Text, r.Made, r.Decided})
	}
	for _, v := range e.Voices {
		one := QueueVoice{ID: v.ID, By: personIn(known, v.By), Room: v.Room, Made: v.Made, Decided: v.Decided}
		a.rooms.Read(v.Room, func(r *room.Room) { one.Title = r.Title() })
		out.Heard = append(out.Heard, one)
	}
	if out.Decisions, err = a.queueDecisions(ctx, warden, e.Decisions); err != nil {
		return nil, err
	}
	return &entryOutput{tagOf(e.Version), out}, nil
}

// queueDecisions returns decisions as wardens see them. Of those that concern the
// one who looks is left out who has decided.
func (a *API) queueDecisions(ctx context.Context, warden id.Person, list []moderation.Decision) ([]QueueDecision, error) {
	var who []id.Person
	for _, d := range list {
		who = append(who, d.Person, d.By)
	}
	known, err := a.People.Profiles(ctx, warden, who)
	if err != nil {
		return nil, err
	}
	things := make(map[moderation.EntryID]judged)
	out := []QueueDecision{}
	for _, d := range list {
		thing, asked := things[d.Entry]
		if !asked {
			if thing, err = a.judged(ctx, &moderation.Entry{ID: d.Entry, Kind: d.Kind, Person: d.Person}); err != nil {
				return nil, err
			}
			things[d.Entry] = thing
		}
		one := QueueDecision{
			ID: d.ID, Entry: d.Entry, About: NamedThing{d.Kind, d.Entry.String(), thing.name}, Person: personIn(known, d.Person),
			What: d.What, Made: d.Made, Lifted: d.Lifted, Reason: d.Why, Answer: d.Answer, Answered: d.Answered,
		}
		if d.Person != warden {
			one.By = personIn(known, d.By)
		}
		if d.What == moderation.Suspend {
			one.Ends = d.Ends
		}
		if !d.Lifts.IsZero() {
			one.Lifts = &d.Lifts
		}
		out = append(out, one)
	}
	return out, nil
}

// queueWords adds to rows about reports and decisions what is sealed in the records.
func (a *API) queueWords(ctx context.Context, who id.Person, rows []people.Row) ([]people.Row, error) {
	words, _, err := a.Queue.ReportsBy(ctx, who)
	if err != nil {
		return nil, err
	}
	about, err := a.Queue.DecisionsAbout(ctx, who)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		switch row.Class {
		case people.ClassWritten:
			for _, r := range words {
				if row.More["report"] == r.ID {
					row.More["text"] = r.Text
				}
			}
		case people.ClassDecisions:
			for _, d := range about {
				if row.More["decision"] == d.ID {
					row.More["reason"], row.More["answer"] = d.Why, d.Answer
				}
			}
		default:
		}
	}
	return rows, nil
}
