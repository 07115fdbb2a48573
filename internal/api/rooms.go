package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/text/unicode/norm"

	"github.com/stoa-audio/stoa/internal/grant"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
	"github.com/stoa-audio/stoa/internal/room"
)

// Bounds of rooms.
const (
	roomsOpenMax  = 3   // running rooms that a person has opened
	cardsMax      = 200 // rooms in the hallway
	cardPeopleMax = 5   // people named on a card
)

// Bodies about rooms.
type (
	// NewRoom asks for a room.
	NewRoom struct {
		Title      string   `json:"title" doc:"one line, up to 120 characters; may be empty"`
		Visibility string   `json:"visibility" enum:"open,social,members,closed" doc:"members: of the club"`
		Club       string   `json:"club,omitempty" doc:"the id of the club that it is of"`
		Invite     []string `json:"invite,omitempty" doc:"ids of people who may come in from the start"`
		Fence      string   `json:"fence,omitempty" maxLength:"600" doc:"where its voices may be: regions, and operators, such as eu+ch or eu@example; absent: anywhere"`
	}
	// Card is a room as the hallway shows it.
	Card struct {
		ID         id.Room         `json:"id"`
		Title      string          `json:"title"`
		Visibility room.Visibility `json:"visibility" enum:"open,social,members,closed"`
		Club       *NamedClub      `json:"club,omitempty" doc:"that it is of, if I may know of it"`
		Opened     time.Time       `json:"opened"`
		Stage      []CardPerson    `json:"stage" doc:"the first five on the stage"`
		OnStage    int             `json:"on_stage"`
		Listeners  int             `json:"listeners"`
	}
	// CardPerson is somebody on the stage.
	CardPerson struct {
		ID        id.Person `json:"id"`
		Name      string    `json:"name"`
		Picture   string    `json:"picture,omitempty" doc:"its version, when they came in"`
		Moderator bool      `json:"moderator"`
		Followed  bool      `json:"followed" doc:"whether I follow them"`
	}
	// Cards is the hallway.
	Cards struct {
		Rooms []Card `json:"rooms"`
	}
	// Audience is some of the people in a room.
	Audience struct {
		People []room.Participant `json:"people"`
		Next   uint64             `json:"next,omitempty" doc:"as after, for those who follow; absent at the end"`
	}
	// Grant is permission to enter a room, for one use.
	Grant struct {
		Grant   string    `json:"grant"`
		Expires time.Time `json:"expires"`
		Nodes   []NodeAt  `json:"nodes,omitempty" doc:"at which the media connection may be, in the order in which this client turns to them; absent when there is one only"`
	}
)

// Inputs of calls about one room.
type (
	atRoom struct {
		Room string `path:"room"`
	}
	search struct {
		Room  string `path:"room"`
		Query string `query:"q" maxLength:"60" doc:"a part of the name"`
		After uint64 `query:"after" doc:"the number by which the last one came in"`
		Limit int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
	}
	entry struct {
		Room string `path:"room"`
		Body None
	}
)

func (a *API) addRooms() {
	tags := []string{"rooms"}
	add(a, huma.Operation{
		OperationID: "list-rooms", Method: "GET", Path: "/api/v1/rooms", Tags: tags, Summary: "The hallway: rooms that I may enter now",
	}, toRead, func(ctx context.Context, _ *struct{}) (*output[Cards], error) {
		cards, err := a.cards(ctx, me(ctx))
		return answer(Cards{cards}, err)
	})
	add(a, huma.Operation{
		OperationID: "open-room", Method: "POST", Path: "/api/v1/rooms", Tags: tags, Summary: "Open a room", DefaultStatus: 201,
	}, toOpen, func(ctx context.Context, in *struct{ Body NewRoom }) (*output[Card], error) {
		if err := a.space(); err != nil {
			return nil, err
		}
		name, err := a.openRoom(ctx, me(ctx), in.Body)
		if err != nil {
			return nil, err
		}
		return answer(a.card(ctx, me(ctx), name))
	})
	add(a, huma.Operation{
		OperationID: "get-room", Method: "GET", Path: "/api/v1/rooms/{room}", Tags: tags, Summary: "A room",
	}, toRead, func(ctx context.Context, in *atRoom) (*output[Card], error) {
		name, err := id.Parse[id.Room](in.Room)
		if err != nil {
			return nil, room.ErrNoRoom
		}
		return answer(a.card(ctx, me(ctx), name))
	})
	add(a, huma.Operation{
		OperationID: "grant-entry", Method: "POST", Path: "/api/v1/rooms/{room}/grants", Tags: tags,
		Summary: "Permission to enter a room", DefaultStatus: 201,
	}, toWrite, func(ctx context.Context, in *entry) (*output[Grant], error) {
		name, err := id.Parse[id.Room](in.Room)
		if err != nil {
			return nil, room.ErrNoRoom
		}
		return answer(a.grant(ctx, me(ctx), name))
	})
	add(a, huma.Operation{
		OperationID: "list-room-people", Method: "GET", Path: "/api/v1/rooms/{room}/people", Tags: tags,
		Summary: "Who is in a room with me",
	}, toRead, func(ctx context.Context, in *search) (*output[Audience], error) {
		name, err := id.Parse[id.Room](in.Room)
		if err != nil {
			return nil, room.ErrNoRoom
		}
		return answer(a.audience(me(ctx), name, in))
	})
}

// audience returns people in a room, in the order they came in, to somebody
// who is there.
func (a *API) audience(who id.Person, name id.Room, in *search) (Audience, error) {
	part := strings.ToLower(norm.NFC.String(strings.TrimSpace(in.Query)))
	out, err := Audience{People: []room.Participant{}}, room.ErrNoRoom
	a.rooms.Read(name, func(r *room.Room) {
		if r.Participant(who) == nil {
			return
		}
		err = nil
		for _, p := range r.After(in.After) {
			if !strings.Contains(strings.ToLower(p.Name), part) {
				continue
			}
			if n := len(out.People); n == in.Limit {
				out.Next = out.People[n-1].Entered
				return
			}
			out.People = append(out.People, *p)
		}
	})
	return out, err
}

func (a *API) openRoom(ctx context.Context, who id.Person, n NewRoom) (id.Room, error) {
	var visibility room.Visibility
	if err := visibility.UnmarshalText([]byte(n.Visibility)); err != nil {
		return id.Room{}, errValue{"body.visibility", err.Error()}
	}
	fence, err := a.fence("body.fence", n.Fence)
	if err != nil {
		return id.Room{}, err
	}
	if len(n.Invite) > room.InvitedMax {
		return id.Room{}, errValue{"body.invite", fmt.Sprintf("more than %d people", room.InvitedMax)}
	}
	invite := make([]id.Person, len(n.Invite))
	for i, text := range n.Invite {
		var err error
		if invite[i], err = id.Parse[id.Person](text); err != nil {
			return id.Room{}, errValue{fmt.Sprintf("body.invite[%d]", i), err.Error()}
		}
	}
	club, err := a.clubOf(ctx, who, n)
	if err != nil {
		return id.Room{}, err
	}
	if visibility == room.Members && club.ID.IsZero() {
		return id.Room{}, errValue{"body.visibility", room.ErrNoClub.Error()}
	}
	account, err := a.People.Account(ctx, who)
	if err != nil {
		return id.Room{}, err
	}
	if err := a.opening.begin(who, a.countOpened(who)); err != nil {
		return id.Room{}, err
	}
	defer a.opening.end(who)
	return a.rooms.Open(ctx, room.OpenRoom{
		By: who, Name: account.Name, Picture: account.Picture, Title: norm.NFC.String(strings.TrimSpace(n.Title)), Visibility: visibility, Fence: fence, Club: club,
	}, invite)
}

// clubOf returns the club that a room is to be of, if who may open rooms of it. It
// is named if it is listed: all in the room are told.
func (a *API) clubOf(ctx context.Context, who id.Person, n NewRoom) (c room.Club, err error) {
	if n.Club == "" {
		return c, nil
	}
	if c.ID, err = parseClub(n.Club); err != nil {
		return c, err
	}
	if err := a.Clubs.CheckOpen(ctx, c.ID, who); err != nil {
		return c, err
	}
	c.Name, err = a.Clubs.PublicName(ctx, c.ID)
	return c, err
}

// fence returns the fence that text is; this house must stand inside.
func (a *API) fence(at, text string) (region.Fence, error) {
	if text == "" {
		return region.Anywhere, nil
	}
	f, err := region.ParseFence(text)
	switch {
	case err != nil || f.IsNowhere():
		return f, errValue{at, region.ErrFence.Error()}
	case f == region.Anywhere, f.Allows(a.Place):
		return f, nil
	}
	return f, errOutside
}

// countOpened returns how many running rooms who has opened: those that they
// have moderated for the longest. It follows from the rooms, so that it is
// true after a restart, and somebody who has handed a room over may open
// another.
func (a *API) countOpened(who id.Person) int {
	n := 0
	a.rooms.Each(func(_ id.Room, r *room.Room) {
		if m := r.Moderators(); len(m) > 0 && m[0] == who {
			n++
		}
	})
	return n
}

// opening counts the rooms that are being opened, which do not run yet.
type opening struct {
	mu  sync.Mutex
	now map[id.Person]int
}

func (o *opening) begin(who id.Person, running int) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if running+o.now[who] >= roomsOpenMax {
		return errTooManyRooms
	}
	if o.now == nil {
		o.now = make(map[id.Person]int)
	}
	o.now[who]++
	return nil
}

func (o *opening) end(who id.Person) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.now[who]--; o.now[who] == 0 {
		delete(o.now, who)
	}
}

// A sight is a room as it was when it was looked at, and what has to be known
// about who follows whom, and who is in its club, before it may be shown.
type sight struct {
	card  Card
	stage []id.Person
	mayIn bool // also if no moderator follows the person who looks, and they are in no club
	chair []id.Person
	club  id.Club // that the room is of
	host  id.Person
	here  bool // who looks is inside
	// members says that it is enough to be in the club.
	members bool
}

// look returns how r looks to who, or false if it does not exist for them,
// whoever follows them and whatever they are in.
func look(who id.Person, name id.Room, r *room.Room) (sight, bool) {
	if !r.MayEnter(who, true, true) {
		return sight{}, false
	}
	s := sight{mayIn: r.MayEnter(who, false, false), club: r.Club().ID, host: r.Host(), here: r.Participant(who) != nil, card: Card{
		ID: name, Title: r.Title(), Visibility: r.Visibility(), Opened: r.Opened(), Stage: []CardPerson{},
	}}
	for _, p := range r.Stage() {
		s.stage = append(s.stage, p.Who)
		if len(s.card.Stage) < cardPeopleMax {
			s.card.Stage = append(s.card.Stage, CardPerson{ID: p.Who, Name: p.Name, Picture: p.Picture, Moderator: p.Role == room.Moderator})
		}
	}
	switch {
	case s.mayIn:
	case r.Visibility() == room.Members:
		s.members = true
	default:
		s.chair = r.Moderators()
	}
	s.card.OnStage = len(s.stage)
	s.card.Listeners = r.Len() - s.card.OnStage
	return s, true
}

// card returns the card of a room that who may enter, or room.ErrNoRoom.
func (a *API) card(ctx context.Context, who id.Person, name id.Room) (Card, error) {
	if err := a.rooms.Known(name); err != nil {
		return Card{}, err
	}
	var seen []sight
	a.rooms.Read(name, func(r *room.Room) {
		if s, ok := look(who, name, r); ok {
			seen = append(seen, s)
		}
	})
	cards, err := a.show(ctx, who, seen)
	if err == nil && len(cards) == 0 {
		err = room.ErrNoRoom
	}
	if err != nil {
		return Card{}, err
	}
	return cards[0], nil
}

// cards returns the hallway of who: first the rooms with somebody on the stage
// whom they follow, then the fuller ones.
func (a *API) cards(ctx context.Context, who id.Person) ([]Card, error) {
	var seen []sight
	a.rooms.Each(func(name id.Room, r *room.Room) {
		if s, ok := look(who, name, r); ok {
			seen = append(seen, s)
		}
	})
	return a.show(ctx, who, seen)
}

// show returns the cards of those of seen that who may enter, with whom they
// follow marked, in the order of the hallway. Who follows whom is asked here,
// when no room is held any more.
func (a *API) show(ctx context.Context, who id.Person, seen []sight) ([]Card, error) {
	seen, err := a.withoutBlocks(ctx, who, seen)
	if err != nil {
		return nil, err
	}
	var chairs, stages []id.Person
	for _, s := range seen {
		chairs = append(chairs, s.chair...)
	}
	followers, err := a.People.FollowersAmong(ctx, who, chairs)
	if err != nil {
		return nil, err
	}
	mine, err := a.Clubs.Of(ctx, who)
	if err != nil {
		return nil, err
	}
	seen = slices.DeleteFunc(seen, func(s sight) bool {
		return !s.mayIn && !anyIn(s.chair, followers) && (!s.members || !slices.Contains(mine, s.club))
	})
	if err := a.nameClubs(ctx, who, seen); err != nil {
		return nil, err
	}
	for _, s := range seen {
		stages = append(stages, s.stage...)
	}
	followed, err := a.People.FollowedAmong(ctx, stages, []id.Person{who})
	if err != nil {
		return nil, err
	}

	known := make(map[id.Person]bool, len(followed))
	for _, p := range followed {
		known[p] = true
	}
	rank := func(s sight) int {
		if slices.ContainsFunc(s.stage, func(p id.Person) bool { return known[p] }) {
			return 0
		}
		return 1
	}
	slices.SortFunc(seen, func(x, y sight) int {
		return cmp.Or(cmp.Compare(rank(x), rank(y)),
			cmp.Compare(y.card.OnStage+y.card.Listeners, x.card.OnStage+x.card.Listeners),
			x.card.Opened.Compare(y.card.Opened), slices.Compare(x.card.ID[:], y.card.ID[:]))
	})
	cards := make([]Card, min(len(seen), cardsMax))
	for i := range cards {
		cards[i] = seen[i].card
		for n := range cards[i].Stage {
			p := &cards[i].Stage[n]
			p.Followed = known[p.ID]
		}
	}
	return cards, nil
}

// nameClubs says on cards of which club a room is, where that exists for who.
func (a *API) nameClubs(ctx context.Context, who id.Person, seen []sight) error {
	var of []id.Club
	for _, s := range seen {
		if !s.club.IsZero() {
			of = append(of, s.club)
		}
	}
	names, err := a.Clubs.NamesFor(ctx, who, of)
	if err != nil {
		return err
	}
	for i, s := range seen {
		if name := names[s.club]; name != "" {
			seen[i].card.Club = &NamedClub{s.club, name}
		}
	}
	return nil
}

func anyIn(some, set []id.Person) bool {
	return slices.ContainsFunc(some, func(p id.Person) bool { return slices.Contains(set, p) })
}

// space returns why nobody new is let in, or nil.
func (a *API) space() error {
	if wait, full := a.Full(); full {
		return errFull{wait}
	}
	return nil
}

// grant signs permission for who to enter a room, if it exists for them.
func (a *API) grant(ctx context.Context, who id.Person, name id.Room) (Grant, error) {
	if _, err := a.card(ctx, who, name); err != nil {
		return Grant{}, err
	}
	here, fence := false, region.Anywhere
	a.rooms.Read(name, func(r *room.Room) { here, fence = r.Participant(who) != nil, r.Fence() })
	if fence != region.Anywhere && !fence.Allows(a.Place) {
		return Grant{}, errClosed // this house has moved since; what is said in the room is not to be here
	}
	if err := a.space(); err != nil && !here { // whoever has a seat comes back to it
		return Grant{}, err
	}
	account, err := a.People.Account(ctx, who)
	if err != nil {
		return Grant{}, err
	}
	g := grant.Grant{
		ID: id.New[grant.ID](), Person: who, Name: account.Name, Picture: account.Picture, Room: name,
		Session: id.New[id.Session](), Fresh: a.isFresh(account.Created), Fence: fence, Expires: a.Clock().Add(grant.Life).UTC().Truncate(time.Second),
	}
	granted := Grant{Grant: a.Grants.Sign(g), Expires: g.Expires}
	if a.Nodes != nil {
		granted.Nodes = a.Nodes(fence, g.Session)
	}
	return granted, nil
}
