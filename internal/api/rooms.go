package api

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/text/unicode/norm"

	"github.com/stoa-audio/stoa/internal/grant"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/region"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/topic"
)

// Bounds of rooms.
const (
	roomsOpenMax = 3 // running rooms that a person has opened
)

// Bodies about rooms.
type (
	// NewRoom asks for a room.
	NewRoom struct {
		Title      string   `json:"title" doc:"one line, up to 120 characters; may be empty"`
		Visibility string   `json:"visibility" enum:"open,social,members,closed" doc:"members: of the club"`
		Club       string   `json:"club,omitempty" doc:"the id of the club that it is of"`
		Invite     []string `json:"invite,omitempty" doc:"ids of people who may come in from the start"`
		Language   string   `json:"language,omitempty" doc:"in which one speaks; BCP 47"`
		Topics     []string `json:"topics,omitempty" doc:"up to 3 of the list in docs/protocol/http.md"`
		Fence      string   `json:"fence,omitempty" maxLength:"600" doc:"where its voices may be: regions, and operators, such as eu+ch or eu@example; absent: anywhere"`
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
		OperationID: "list-rooms", Method: "GET", Path: "/api/v1/rooms", Tags: tags, Summary: "The hallway: rooms that I may enter now, and why each is there",
	}, toRead, func(ctx context.Context, in *choice) (*output[Cards], error) {
		return answer(a.cards(ctx, me(ctx), in))
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
	spoken, err := about(n.Language, n.Topics)
	if err != nil {
		return id.Room{}, err
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
		By: who, Name: account.Name, Picture: account.Picture, Title: titleOf(n.Title), Visibility: visibility, Fence: fence, Club: club,
		Language: spoken, Topics: n.Topics,
	}, invite)
}

// titleOf is a title as a room has it.
func titleOf(text string) string { return norm.NFC.String(strings.TrimSpace(text)) }

// about returns a language in its canonical form, or people.Faults: all that is
// wrong with it and with topics.
func about(language string, topics []string) (string, error) {
	faults := people.CheckTopics("topics", topics, topic.OfRoom)
	if language != "" {
		var why people.Reason
		if language, why = people.ParseLanguage(language); why != "" {
			faults = append(people.Faults{{Field: "language", Why: why}}, faults...)
		}
	}
	if len(faults) > 0 {
		return "", faults
	}
	return language, nil
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
func (a *API) countOpened(who id.Person) int { return a.Hallway.HostedBy(who) }

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

// space returns why nobody new is let in, or nil.
func (a *API) space() error {
	if wait, full := a.Full(); full {
		return errFull{wait}
	}
	return nil
}

// grant signs permission for who to enter a room, if it exists for them.
func (a *API) grant(ctx context.Context, who id.Person, name id.Room) (Grant, error) {
	if err := a.exists(ctx, who, name); err != nil {
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
