package api

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stoa-audio/stoa/internal/clubs"
	"github.com/stoa-audio/stoa/internal/conversations"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/push"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/schedule"
	"github.com/stoa-audio/stoa/internal/signal"
)

// Bodies about news.
type (
	// Piece is something that I am told.
	Piece struct {
		ID   news.ID         `json:"id"`
		Kind news.Kind       `json:"kind" enum:"live,ping,message,message_asked,follow,found,club_invited,club_admitted,club_role,club_asked,plan_soon,plan_open,plan_moved,plan_cancelled,plan_hosting,invited_came,decision,security_signed_in,security_recovered,security_passkey,security_address"`
		Who  *Person         `json:"who,omitempty" doc:"who did it"`
		Room *NamedRoom      `json:"room,omitempty" doc:"that I may enter now"`
		Club *NamedClub      `json:"club,omitempty"`
		Plan *NamedPlan      `json:"plan,omitempty"`
		Talk id.Conversation `json:"conversation,omitzero" doc:"in which somebody has written; only in pushes"`
		At   time.Time       `json:"at"`
		Seen bool            `json:"seen"`
		Open bool            `json:"open" doc:"whether somebody waits for an answer of mine"`
	}
	// NamedPlan is a plan by its title and time.
	NamedPlan struct {
		ID     id.Plan   `json:"id"`
		Title  string    `json:"title"`
		Starts time.Time `json:"starts"`
	}
	// News is what there is for me.
	News struct {
		News   []Piece `json:"news" doc:"the newest first"`
		Unseen int     `json:"unseen" doc:"how many of all I have not seen"`
		Next   string  `json:"next,omitempty" doc:"as after, for those before; absent at the end"`
	}
	// SeenNews says how far I have seen my news.
	SeenNews struct {
		UpTo string `json:"up_to" doc:"the id of a piece: it and all before it"`
	}
	// NewsSettings is how I want to be told.
	NewsSettings struct {
		Kinds  map[news.Kind]news.Way `json:"kinds" doc:"off, here or push, of each kind"`
		Quiet  QuietHours             `json:"quiet"`
		Budget int                    `json:"budget" doc:"how often a day it may be pushed, 0 to 50, beside pings and reminders"`
		Digest *DigestAt              `json:"digest,omitempty" doc:"when what was held comes together; absent: never"`
	}
	// QuietHours are those in which nothing is pushed but reminders.
	QuietHours struct {
		From int    `json:"from" doc:"a minute of the day"`
		To   int    `json:"to" doc:"a minute of the day; the same as from: there are none"`
		Zone string `json:"zone" doc:"as IANA names it, such as Europe/Berlin"`
	}
	// DigestAt is when a digest comes.
	DigestAt struct {
		Hour int `json:"hour" doc:"of the day"`
	}
	// ToldNow is how I am told, and where.
	ToldNow struct {
		NewsSettings

		Push *PushHere `json:"push,omitempty" doc:"absent where the house pushes nothing"`
	}
	// PushHere is how this house pushes, and to which of my browsers.
	PushHere struct {
		Key     string `json:"key" doc:"applicationServerKey: P-256, base64url"`
		Here    bool   `json:"here" doc:"whether it is pushed to the browser that asks"`
		Devices int    `json:"devices" doc:"to how many it is"`
	}
	// Subscription is where and how a browser is pushed to (W3C Push API).
	Subscription struct {
		Endpoint string `json:"endpoint"`
		Key      string `json:"key" doc:"p256dh, base64url"`
		Secret   string `json:"secret" doc:"auth, base64url"`
	}
)

// Inputs and outputs of calls about news.
type (
	newsPage struct {
		After string `query:"after" maxLength:"64" doc:"the next of the answer before"`
		Limit int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
	}
	toldOutput struct {
		ETag string `header:"ETag"`
		Body ToldNow
	}
	changingNews struct {
		IfMatch string `header:"If-Match" doc:"the ETag of the settings that are changed"`
		Body    NewsSettings
	}
)

// errNoPush means that the house pushes nothing.
var errNoPush = errors.New("nothing is pushed here")

func (a *API) addNews() {
	const at = "/api/v1/me/news"
	tags := []string{"news"}
	add(a, huma.Operation{
		OperationID: "list-news", Method: "GET", Path: at, Tags: tags, Summary: "What there is for me",
	}, toRead, func(ctx context.Context, in *newsPage) (*output[News], error) {
		list, next, err := a.News.List(ctx, me(ctx), in.After, in.Limit)
		if err != nil {
			return nil, err
		}
		out := News{Next: next}
		if out.News, err = a.pieces(ctx, me(ctx), list); err != nil {
			return nil, err
		}
		out.Unseen, err = a.unseen(ctx, me(ctx))
		return answer(out, err)
	})
	add(a, huma.Operation{
		OperationID: "see-news", Method: "PUT", Path: at + "/seen", Tags: tags, Summary: "I have seen my news as far as a piece",
	}, toWrite, func(ctx context.Context, in *struct{ Body SeenNews }) (*nothing, error) {
		upTo, err := id.Parse[news.ID](in.Body.UpTo)
		if err != nil {
			return nil, news.ErrNone
		}
		return &nothing{}, a.News.See(ctx, me(ctx), upTo)
	})
	add(a, huma.Operation{
		OperationID: "get-news-settings", Method: "GET", Path: at + "/settings", Tags: tags, Summary: "How I am told",
	}, toRead, func(ctx context.Context, _ *struct{}) (*toldOutput, error) {
		return a.toldNow(ctx)
	})
	add(a, huma.Operation{
		OperationID: "set-news-settings", Method: "PUT", Path: at + "/settings", Tags: tags,
		Summary: "Say how I want to be told, if I have not meanwhile",
	}, toWrite, func(ctx context.Context, in *changingNews) (*toldOutput, error) {
		version, err := versionOf(in.IfMatch)
		if err != nil {
			return nil, err
		}
		if err := a.News.SetSettings(ctx, me(ctx), version, in.Body.settings()); err != nil {
			return nil, err
		}
		return a.toldNow(ctx)
	})
	add(a, huma.Operation{
		OperationID: "push-here", Method: "PUT", Path: "/api/v1/me/push", Tags: tags, Summary: "Push to this browser, in the language that it asks in",
	}, toWrite, func(ctx context.Context, in *struct{ Body Subscription }) (*nothing, error) {
		if a.Pusher == nil {
			return nil, errNoPush
		}
		s, err := in.Body.parse()
		if err != nil {
			return nil, err
		}
		language, err := a.languageHere(ctx)
		if err != nil {
			return nil, err
		}
		return &nothing{}, a.News.Subscribe(ctx, visitOf(ctx).session.ID, me(ctx), s, language)
	})
	add(a, huma.Operation{
		OperationID: "not-push-here", Method: "DELETE", Path: "/api/v1/me/push", Tags: tags, Summary: "Push to this browser no more",
	}, toWrite, func(ctx context.Context, _ *struct{}) (*nothing, error) {
		return &nothing{}, a.News.Unsubscribe(ctx, visitOf(ctx).session.ID)
	})
}

// languageHere returns in which language this browser is to be told: in the one that
// it asks in or, where any will do, as it was.
func (a *API) languageHere(ctx context.Context) (string, error) {
	v := visitOf(ctx)
	if v.any {
		devices, err := a.News.Devices(ctx, me(ctx))
		if err != nil {
			return "", err
		}
		for _, d := range devices {
			if d.Session == v.session.ID {
				return d.Language, nil
			}
		}
	}
	return v.language(), nil
}

func (s NewsSettings) settings() news.Settings {
	out := news.Settings{Ways: s.Kinds, Quiet: news.Quiet(s.Quiet), Budget: s.Budget, Digest: news.NoDigest}
	if s.Digest != nil {
		if out.Digest = s.Digest.Hour; out.Digest == news.NoDigest {
			out.Digest-- // which is no hour, and not a word for none
		}
	}
	return out
}

func (s Subscription) parse() (out push.Subscription, err error) {
	out.Endpoint = s.Endpoint
	for _, part := range []struct {
		text string
		into []byte
	}{{s.Key, out.Key[:]}, {s.Secret, out.Secret[:]}} {
		b, err := base64.RawURLEncoding.DecodeString(part.text)
		if err != nil || len(b) != len(part.into) {
			return out, push.ErrSubscription
		}
		copy(part.into, b)
	}
	return out, nil
}

// toldNow returns how whoever asks is told.
func (a *API) toldNow(ctx context.Context) (*toldOutput, error) {
	s, version, err := a.News.Settings(ctx, me(ctx))
	if err != nil {
		return nil, err
	}
	out := ToldNow{NewsSettings: NewsSettings{Kinds: make(map[news.Kind]news.Way), Quiet: QuietHours(s.Quiet), Budget: s.Budget}}
	for _, k := range news.Kinds {
		out.Kinds[k] = s.Way(k)
	}
	if s.Digest != news.NoDigest {
		out.Digest = &DigestAt{s.Digest}
	}
	if a.Pusher != nil {
		devices, err := a.News.Devices(ctx, me(ctx))
		if err != nil {
			return nil, err
		}
		out.Push = &PushHere{Key: a.Pusher.PublicKey(), Devices: len(devices)}
		for _, d := range devices {
			out.Push.Here = out.Push.Here || d.Session == visitOf(ctx).session.ID
		}
	}
	return &toldOutput{tagOf(version), out}, nil
}

// unseen returns how many pieces who has not seen, of those that are still theirs
// to see.
func (a *API) unseen(ctx context.Context, who id.Person) (int, error) {
	list, err := a.News.Unseen(ctx, who)
	if err != nil {
		return 0, err
	}
	seen, err := a.pieces(ctx, who, list)
	return len(seen), err
}

// pieces names what pieces of who are about. What is gone, or not theirs to see any
// more, is left out.
func (a *API) pieces(ctx context.Context, who id.Person, list []news.Piece) ([]Piece, error) {
	by, ofClubs := make([]id.Person, 0, len(list)), make([]id.Club, 0, len(list))
	for _, p := range list {
		if !p.Who.IsZero() {
			by = append(by, p.Who)
		}
		if !p.Club.IsZero() {
			ofClubs = append(ofClubs, p.Club)
		}
	}
	known, err := a.People.Profiles(ctx, who, by)
	if err != nil {
		return nil, err
	}
	blocked, err := a.People.BlockedBy(ctx, who)
	if err != nil {
		return nil, err
	}
	named, err := a.Clubs.NamesFor(ctx, who, ofClubs)
	if err != nil {
		return nil, err
	}
	rooms, plans := make(map[id.Room]*NamedRoom), make(map[id.Plan]*schedule.Plan)
	out := []Piece{}
	for _, p := range list {
		one := Piece{ID: p.ID, Kind: p.Kind, At: p.At, Seen: p.Seen}
		if !p.Who.IsZero() {
			by, there := known[p.Who]
			if _, is := blocked[p.Who]; is || !there || p.Kind == news.Follow && !by.FollowsMe {
				continue
			}
			person := personOf(by)
			one.Who, one.Open = &person, p.Kind == news.Follow && !by.Followed
		}
		if !p.Club.IsZero() {
			if one.Club = (&NamedClub{p.Club, named[p.Club]}); one.Club.Name == "" {
				continue
			}
			var still bool
			if one.Open, still, err = a.waits(ctx, who, p); err != nil {
				return nil, err
			}
			if !still {
				continue
			}
		}
		if !p.Room.IsZero() {
			if _, asked := rooms[p.Room]; !asked {
				rooms[p.Room] = a.roomFor(ctx, who, p.Room)
			}
			if one.Room = rooms[p.Room]; one.Room == nil {
				continue
			}
		}
		if !p.Plan.IsZero() {
			plan, asked := plans[p.Plan]
			if !asked {
				if plan, err = a.planFor(ctx, who, p.Plan); err != nil {
					return nil, err
				}
				plans[p.Plan] = plan
			}
			if plan == nil {
				continue
			}
			one.Plan = &NamedPlan{plan.ID, plan.Title, plan.Starts}
			if p.Kind == news.PlanHosting {
				waits := plan.State == schedule.Planned && isAsked(plan, who)
				if one.Open = waits; !waits && !plan.IsHost(who) {
					continue
				}
			}
		}
		if !p.Talk.IsZero() {
			one.Talk = p.Talk
			c, _, err := a.talkFor(ctx, who, p.Talk, blocked)
			if err != nil && !errors.Is(err, conversations.ErrNone) {
				return nil, err
			}
			if party, _ := c.Of(who); err != nil || party.Silent {
				continue
			}
		}
		out = append(out, one)
	}
	return out, nil
}

// waits reports whether somebody waits for an answer of who in a club, and whether
// a piece is still for them.
func (a *API) waits(ctx context.Context, who id.Person, p news.Piece) (open, still bool, err error) {
	mine, err := a.Clubs.Standing(ctx, p.Club, who)
	if err != nil {
		return false, false, err
	}
	switch p.Kind {
	case news.ClubInvited:
		return mine == clubs.Invited, mine >= clubs.Invited, nil
	case news.ClubAsked:
		theirs, err := a.Clubs.Standing(ctx, p.Club, p.Who)
		return theirs == clubs.Asked, mine >= clubs.Admin && theirs >= clubs.Asked, err
	default:
		return false, mine >= clubs.Member, nil
	}
}

func isAsked(p *schedule.Plan, who id.Person) bool {
	for _, c := range p.Cohosts {
		if c.Who == who {
			return !c.Accepted
		}
	}
	return false
}

// roomFor returns a room that exists for who, or nil.
func (a *API) roomFor(ctx context.Context, who id.Person, name id.Room) *NamedRoom {
	if !a.isFor(ctx, name, []id.Person{who})[who] {
		return nil
	}
	var out *NamedRoom
	a.rooms.Read(name, func(r *room.Room) { out = &NamedRoom{name, r.Title()} })
	return out
}

// planFor returns a plan that exists for who, or nil.
func (a *API) planFor(ctx context.Context, who id.Person, which id.Plan) (*schedule.Plan, error) {
	p, err := a.Schedule.Plan(ctx, which, who)
	if errors.Is(err, schedule.ErrNoPlan) {
		return nil, nil //nolint:nilnil // there is none for them
	}
	return &p, err
}

// tellAll has pieces told to those whom they are for. What they are about has
// happened: an error does not take it back, and is logged.
func (a *API) tellAll(ctx context.Context, pieces ...news.Piece) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), doMax)
	defer cancel()
	told, err := a.News.Tell(ctx, a.conns.has, pieces...)
	a.missed(ctx, "some have not been told of something", err)
	a.missed(ctx, "some see later that there is something", a.showNews(ctx, told))
}

// showNews shows what has been told to those who are here, and has it pushed to
// where others are.
func (a *API) showNews(ctx context.Context, told []news.Told) error {
	of := make(map[id.Person][][]byte)
	for _, t := range told {
		if t.Fate == news.Push {
			select {
			case a.pushes <- struct{}{}:
			default: // somebody is about to look
			}
		}
		if t.Kind.IsOfTalk() || !a.conns.has(t.To) {
			continue
		}
		seen, err := a.pieces(ctx, t.To, []news.Piece{t.Piece})
		if err != nil {
			return err
		}
		n, err := a.unseen(ctx, t.To)
		if err != nil {
			return err
		}
		for _, p := range seen {
			of[t.To] = append(of[t.To], encode(signal.Notice{News: &signal.News{Piece: encode(p), Unseen: n}}))
		}
	}
	a.conns.send(of)
	return nil
}

// clubChanged tells those whom a change in a club is news to.
func (a *API) clubChanged(ctx context.Context, c clubs.Change) {
	piece := news.Piece{To: c.Whom, Club: c.Club}
	if c.By != c.Whom {
		piece.Who = c.By
	}
	switch {
	case c.After == clubs.Asked:
		leads, err := a.Clubs.Leads(ctx, c.Club)
		a.missed(ctx, "those who lead a club have not been told", err)
		var pieces []news.Piece
		for _, who := range leads {
			pieces = append(pieces, news.Piece{To: who, Kind: news.ClubAsked, Who: c.Whom, Club: c.Club})
		}
		a.tellAll(ctx, pieces...)
		return
	case c.By == c.Whom:
		return
	case c.After == clubs.Invited:
		piece.Kind = news.ClubInvited
	case c.After >= clubs.Member && c.Before < clubs.Member:
		piece.Kind = news.ClubAdmitted
	case c.After >= clubs.Member:
		piece.Kind = news.ClubRole
	default:
		return
	}
	a.tellAll(ctx, piece)
}

// tellCohosts tells those who are asked to host a plan, once.
func (a *API) tellCohosts(ctx context.Context, p *schedule.Plan, by id.Person) {
	var pieces []news.Piece
	for _, c := range p.Cohosts {
		if !c.Accepted {
			pieces = append(pieces, news.Piece{To: c.Who, Kind: news.PlanHosting, Who: by, Plan: p.ID})
		}
	}
	a.tellAll(ctx, pieces...)
}

// tellInviter tells whoever has invited who that they have come.
func (a *API) tellInviter(ctx context.Context, who id.Person) {
	p, err := a.People.OwnProfile(ctx, who)
	a.missed(ctx, "an inviter has not been told", err)
	if err == nil && !p.Inviter.ID.IsZero() {
		a.tellAll(ctx, news.Piece{To: p.Inviter.ID, Kind: news.InvitedCame, Who: who})
	}
}

// isTold is how loud a page of followers wants to be told, in the order in which
// they are: those who want it always first.
var isTold = [...]people.Notify{people.NotifyAlways, people.NotifySometimes}
