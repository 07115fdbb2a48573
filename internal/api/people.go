package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/people"
)

// Person is somebody as whoever asks sees them.
type Person struct {
	ID        id.Person `json:"id"`
	Name      string    `json:"name"`
	Handle    string    `json:"handle,omitempty"`
	Picture   string    `json:"picture,omitempty" doc:"its version"`
	Since     time.Time `json:"since"`
	Followed  bool      `json:"followed" doc:"whether I follow them"`
	Notify    string    `json:"notify,omitempty" enum:"always,sometimes,never" doc:"how loud I want to be told of them, while I follow them"`
	FollowsMe bool      `json:"follows_me"`
}

func personOf(p people.Profile) Person {
	return Person{p.ID, p.Name, p.Handle, p.Picture, p.Created, p.Followed, string(p.Notify), p.FollowsMe}
}

func peopleOf(list []people.Profile, err error) (People, error) {
	out := People{make([]Person, len(list))}
	for i, p := range list {
		out.People[i] = personOf(p)
	}
	return out, err
}

// Loudness is how loud I want to be told of somebody whom I follow.
type Loudness struct {
	Notify string `json:"notify" enum:"always,sometimes,never"`
}

// following is the input of a call to follow somebody.
type following struct {
	Person string `path:"person"`
	Body   *Loudness
}

// atPerson is the input of a call about a person.
type atPerson struct {
	Person string `path:"person"`
}

func (in *atPerson) parse() (id.Person, error) {
	who, err := id.Parse[id.Person](in.Person)
	if err != nil {
		return who, people.ErrNoPerson
	}
	return who, nil
}

func (a *API) addPeople() {
	tags := []string{"people"}
	add(a, huma.Operation{
		OperationID: "follow", Method: "PUT", Path: "/api/v1/people/{person}/follow", Tags: tags, Summary: "Follow a person",
	}, toWrite, func(ctx context.Context, in *following) (*nothing, error) {
		return a.follow(ctx, &atPerson{in.Person}, func(ctx context.Context, who, whom id.Person) error {
			how := func() error { return a.People.Follow(ctx, who, whom) }
			if in.Body != nil {
				how = func() error { return a.People.FollowAs(ctx, who, whom, people.Notify(in.Body.Notify)) }
			}
			err := how()
			if err == nil {
				a.tellAll(ctx, news.Piece{To: whom, Kind: news.Follow, Who: who})
			}
			return err
		})
	})
	add(a, huma.Operation{
		OperationID: "unfollow", Method: "DELETE", Path: "/api/v1/people/{person}/follow", Tags: tags, Summary: "Unfollow a person",
	}, toWrite, func(ctx context.Context, in *atPerson) (*nothing, error) {
		return a.follow(ctx, in, a.People.Unfollow)
	})
}

// follow changes whether the person who asks follows another, and tells the
// rooms: who is followed by the stage, and who may enter, follows from it.
func (a *API) follow(ctx context.Context, in *atPerson, change func(ctx context.Context, who, whom id.Person) error) (*nothing, error) {
	whom, err := in.parse()
	if err != nil {
		return nil, err
	}
	if err := change(ctx, me(ctx), whom); err != nil {
		return nil, err
	}
	a.rooms.Regroup(ctx, me(ctx))
	a.hallway.others(a.Hallway.ModeratedBy(me(ctx)))
	return &nothing{}, nil
}
