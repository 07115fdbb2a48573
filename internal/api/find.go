package api

import (
	"context"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stoa-audio/stoa/internal/hallway"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/schedule"
	"github.com/stoa-audio/stoa/internal/text"
)

// foundMax is how many rooms, and how many clubs, a search finds at most.
const foundMax = 20

type (
	// Found is what a search has found.
	Found struct {
		Rooms  []Card     `json:"rooms" doc:"rooms that I may enter now, by their title and who is on the stage"`
		People []Person   `json:"people" doc:"by name or handle: those whom I follow or who follow me, and those whom everybody may find"`
		Clubs  []ClubCard `json:"clubs" doc:"by name: listed ones, and those in which I stand"`
		Plans  []Plan     `json:"plans" doc:"rooms to come that I may see, by title, among the next two hundred"`
	}
	lookingFor struct {
		Query string `query:"q" required:"true" maxLength:"100" doc:"words; of the last one the beginning"`
	}
)

func (a *API) addSearch() {
	add(a, huma.Operation{
		OperationID: "search", Method: "GET", Path: "/api/v1/search", Tags: []string{"search"}, Summary: "Look for rooms, people, clubs and plans",
	}, toFind, func(ctx context.Context, in *lookingFor) (*output[Found], error) {
		return answer(a.find(ctx, me(ctx), in.Query))
	})
}

func (a *API) find(ctx context.Context, who id.Person, looked string) (found Found, err error) {
	if found.Rooms, err = a.findRooms(ctx, who, looked); err != nil {
		return found, err
	}
	list, err := a.People.Find(ctx, who, looked)
	all, err := peopleOf(list, err)
	if found.People = all.People; err != nil {
		return found, err
	}
	clubs, err := a.Clubs.Find(ctx, who, looked, foundMax)
	if found.Clubs = clubCards(clubs); err != nil {
		return found, err
	}
	found.Plans, err = a.findPlans(ctx, who, looked)
	return found, err
}

// findPlans returns the plans that who may see with words in their titles that
// begin as all those of looked do, of those that come next. What is sealed cannot
// be looked for where it is kept.
func (a *API) findPlans(ctx context.Context, who id.Person, looked string) ([]Plan, error) {
	words := text.Words(text.Fold(looked))
	if len(words) == 0 {
		return []Plan{}, nil
	}
	now := a.Clock()
	next, err := a.Schedule.Plans(ctx, who, schedule.Choice{Which: schedule.All, From: now, To: now.Add(schedule.AheadMax)})
	if err != nil {
		return nil, err
	}
	next = slices.DeleteFunc(next, func(p schedule.Plan) bool {
		return p.State == schedule.Cancelled || p.State == schedule.Over || !text.Has(text.Folded(p.Title), words)
	})
	return a.plansSeen(ctx, who, next[:min(len(next), foundMax)])
}

// findRooms returns the rooms that who may enter with words that begin as all
// those of looked do, in their titles or in the names of those on the stage who
// have not blocked who.
func (a *API) findRooms(ctx context.Context, who id.Person, looked string) ([]Card, error) {
	words := text.Words(text.Fold(looked))
	if len(words) == 0 {
		return []Card{}, nil
	}
	found, err := a.chosen(ctx, who, hallway.Choice{Words: words})
	return found.Rooms[:min(len(found.Rooms), foundMax)], err
}
