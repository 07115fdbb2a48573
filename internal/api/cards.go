package api

import (
	"context"
	"errors"
	"time"

	"github.com/stoa-audio/stoa/internal/clubs"
	"github.com/stoa-audio/stoa/internal/hallway"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/topic"
)

// Bodies about the hallway.
type (
	// Card is a room as the hallway shows it.
	Card struct {
		ID         id.Room         `json:"id"`
		Title      string          `json:"title"`
		Visibility room.Visibility `json:"visibility" enum:"open,social,members,closed"`
		Club       *NamedClub      `json:"club,omitempty" doc:"that it is of, if I may know of it"`
		Language   string          `json:"language,omitempty" doc:"in which one speaks; BCP 47"`
		Topics     []string        `json:"topics,omitempty" doc:"what it is about"`
		Opened     time.Time       `json:"opened"`
		Stage      []CardPerson    `json:"stage" doc:"the first five on the stage"`
		OnStage    int             `json:"on_stage"`
		Listeners  int             `json:"listeners"`
		Why        []CardWhy       `json:"why" doc:"for what it is shown to me, at most three, the strongest first"`
	}
	// CardPerson is somebody on the stage.
	CardPerson struct {
		ID        id.Person `json:"id"`
		Name      string    `json:"name"`
		Picture   string    `json:"picture,omitempty" doc:"its version, when they came in"`
		Moderator bool      `json:"moderator"`
		Followed  bool      `json:"followed" doc:"whether I follow them"`
	}
	// CardWhy is one reason. Which other members it has goes by its kind.
	CardWhy struct {
		Kind     hallway.Kind `json:"kind" enum:"followed,invited,club,club_follow,topic,language,lively,fresh,blocked"`
		People   []string     `json:"people,omitempty" doc:"names of those on the stage whom I follow, or have blocked; at most three"`
		Club     *NamedClub   `json:"club,omitempty" doc:"that I am in, or follow"`
		Topic    string       `json:"topic,omitempty" doc:"in which I am interested"`
		Language string       `json:"language,omitempty" doc:"that I speak"`
	}
	// Cards is the hallway.
	Cards struct {
		Rooms []Card `json:"rooms" doc:"the first two hundred"`
		More  int    `json:"more" doc:"how many others there are"`
	}
	choice struct {
		Language string `query:"language" maxLength:"35" doc:"rooms in which one speaks it; BCP 47, of which only the language counts"`
		Topic    string `query:"topic" maxLength:"35" doc:"rooms about it"`
		Club     string `query:"club" doc:"rooms of it"`
		Followed bool   `query:"followed" doc:"rooms with somebody on the stage whom I follow"`
	}
)

// viewer returns who as the hallway knows them: what they have said of themselves.
func (a *API) viewer(ctx context.Context, who id.Person) (v hallway.Viewer, err error) {
	v.Who = who
	tastes, err := a.People.Tastes(ctx, who)
	if err != nil {
		return v, err
	}
	v.Languages, v.Interests = tastes.Languages, tastes.Interests
	if v.Follows, err = a.People.Follows(ctx, who); err != nil {
		return v, err
	}
	if v.Clubs, err = a.Clubs.Near(ctx, who); err != nil {
		return v, err
	}
	if a.Hallway.HasSocial() {
		if v.FollowedBy, err = a.People.WhoFollows(ctx, who, a.Hallway.Hosts); err != nil {
			return v, err
		}
	}
	if v.Blocked, err = a.People.BlockedBy(ctx, who); err != nil {
		return v, err
	}
	v.Blockers, err = a.People.Blockers(ctx, who)
	return v, err
}

// cards returns the hallway of who, or what they have chosen of it.
func (a *API) cards(ctx context.Context, who id.Person, in *choice) (Cards, error) {
	c := hallway.Choice{Topic: in.Topic, Followed: in.Followed}
	if in.Topic != "" && !topic.Is(in.Topic) {
		return Cards{}, errValue{"query.topic", "no such topic"}
	}
	if in.Language != "" {
		var why people.Reason
		if c.Language, why = people.ParseLanguage(in.Language); why != "" {
			return Cards{}, errValue{"query.language", "no such language"}
		}
	}
	if in.Club != "" {
		// Which rooms a club has is told to those only for whom it exists.
		var err error
		if c.Club, err = parseClub(in.Club); err == nil {
			err = a.mayKnow(ctx, who, c.Club)
		}
		if errors.Is(err, clubs.ErrNone) {
			return Cards{Rooms: []Card{}}, nil
		}
		if err != nil {
			return Cards{}, err
		}
	}
	return a.chosen(ctx, who, c)
}

// mayKnow returns nil if a club exists for who, and else clubs.ErrNone.
func (a *API) mayKnow(ctx context.Context, who id.Person, club id.Club) error {
	names, err := a.Clubs.NamesFor(ctx, who, []id.Club{club})
	if err == nil && names[club] == "" {
		err = clubs.ErrNone
	}
	return err
}

// chosen returns what who has chosen of their hallway.
func (a *API) chosen(ctx context.Context, who id.Person, c hallway.Choice) (Cards, error) {
	v, err := a.viewer(ctx, who)
	if err != nil {
		return Cards{}, err
	}
	seen, more := a.Hallway.Cards(a.Clock(), v, c)
	cards, err := a.show(ctx, v, seen)
	return Cards{cards, more}, err
}

// card returns the card of a room that who may enter, or room.ErrNoRoom.
func (a *API) card(ctx context.Context, who id.Person, name id.Room) (Card, error) {
	if err := a.rooms.Known(name); err != nil {
		return Card{}, err
	}
	v, err := a.viewer(ctx, who)
	if err != nil {
		return Card{}, err
	}
	seen, there := a.Hallway.Card(a.Clock(), v, name)
	if !there {
		return Card{}, room.ErrNoRoom
	}
	cards, err := a.show(ctx, v, []hallway.Card{seen})
	if err != nil {
		return Card{}, err
	}
	return cards[0], nil
}

// show returns cards as they are sent: with the clubs that exist for who looks by
// their names.
func (a *API) show(ctx context.Context, v hallway.Viewer, seen []hallway.Card) ([]Card, error) {
	var of []id.Club
	for i := range seen {
		if !seen[i].Club.IsZero() {
			of = append(of, seen[i].Club)
		}
	}
	names, err := a.Clubs.NamesFor(ctx, v.Who, of)
	if err != nil {
		return nil, err
	}
	club := func(which id.Club) *NamedClub {
		if name := names[which]; name != "" {
			return &NamedClub{which, name}
		}
		return nil
	}
	out := make([]Card, len(seen))
	for i, s := range seen {
		card := Card{
			ID: s.ID, Title: s.Title, Visibility: s.Visibility, Club: club(s.Club), Language: s.Language, Topics: s.Topics, Opened: s.Opened,
			Stage: make([]CardPerson, min(len(s.Stage), hallway.PeopleMax)), OnStage: len(s.Stage), Listeners: s.Listeners, Why: make([]CardWhy, len(s.Why)),
		}
		for n := range card.Stage {
			p := s.Stage[n]
			_, followed := v.Follows[p.Who]
			card.Stage[n] = CardPerson{p.Who, p.Name, p.Picture, p.Moderator, followed}
		}
		for n, why := range s.Why {
			card.Why[n] = CardWhy{why.Kind, why.People, club(why.Club), why.Topic, why.Language}
		}
		out[i] = card
	}
	return out, nil
}

// exists returns nil if a room exists for who, and else room.ErrNoRoom. It asks for
// no more than that takes: thousands may come in at once.
func (a *API) exists(ctx context.Context, who id.Person, name id.Room) error {
	if err := a.rooms.Known(name); err != nil {
		return err
	}
	here, in, asks := false, false, false
	var visibility room.Visibility
	var moderators []id.Person
	var host id.Person
	var club id.Club
	a.rooms.Read(name, func(r *room.Room) {
		here, visibility, moderators, host, club = r.Participant(who) != nil, r.Visibility(), r.Moderators(), r.Host(), r.Club().ID
		in = r.MayEnter(who, false, false)
		asks = !in && r.MayEnter(who, true, true)
	})
	var err error
	switch {
	case here:
		return nil
	case asks && visibility == room.Members:
		in, err = a.Clubs.IsMember(ctx, club, who)
	case asks:
		var let []id.Person
		let, err = a.letBy(ctx, moderators, []id.Person{who})
		in = len(let) > 0
	}
	if err == nil && in {
		var apart map[id.Person]bool
		apart, err = a.apart(ctx, host, visibility == room.Closed, []id.Person{who})
		in = !apart[who]
	}
	if err == nil && !in {
		err = room.ErrNoRoom
	}
	return err
}
