package api

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
)

// Bounds of suggestions.
const (
	suggestedMax     = 30  // people
	suggestedOfClub  = 100 // members of a club that are looked at
	suggestedOfRoom  = 100 // people of a room
	suggestedReasons = 3   // clubs that are named
)

// Bodies about suggestions.
type (
	// Suggestions is people whom I might want to follow.
	Suggestions struct {
		People []Suggestion `json:"people"`
	}
	// Suggestion is one of them.
	Suggestion struct {
		Person Person           `json:"person"`
		Why    SuggestionReason `json:"why"`
	}
	// SuggestionReason is all that they are suggested for.
	SuggestionReason struct {
		Clubs []NamedClub `json:"clubs,omitempty" doc:"in which both are, at most three"`
		Room  *NamedRoom  `json:"room,omitempty" doc:"in which both are now"`
	}
	// NamedClub is a club by its name alone.
	NamedClub struct {
		ID   id.Club `json:"id"`
		Name string  `json:"name"`
	}
	// NamedRoom is a room by its title alone.
	NamedRoom struct {
		ID    id.Room `json:"id"`
		Title string  `json:"title"`
	}
)

func (a *API) addSuggestions() {
	const path = "/api/v1/me/suggestions"
	tags := []string{"me"}
	add(a, huma.Operation{
		OperationID: "list-suggestions", Method: "GET", Path: path, Tags: tags,
		Summary: "People of my clubs, and of the room that I am in, whom I do not follow",
	}, toSuggest, func(ctx context.Context, _ *struct{}) (*output[Suggestions], error) {
		list, err := a.suggestions(ctx, me(ctx))
		return answer(Suggestions{list}, err)
	})
	add(a, huma.Operation{
		OperationID: "hide-suggestion", Method: "DELETE", Path: path + "/{person}", Tags: tags, Summary: "Suggest somebody no more",
	}, toWrite, func(ctx context.Context, in *atPerson) (*nothing, error) {
		whom, err := in.parse()
		if err != nil {
			return nil, err
		}
		return &nothing{}, a.People.Hide(ctx, me(ctx), whom)
	})
}

// suggestions looks at who is in a club or a room with who, and at nothing else.
// Nothing of it is kept.
func (a *API) suggestions(ctx context.Context, who id.Person) ([]Suggestion, error) {
	mine, err := a.Clubs.Of(ctx, who)
	if err != nil {
		return nil, err
	}
	names, err := a.Clubs.NamesFor(ctx, who, mine)
	if err != nil {
		return nil, err
	}
	why := make(map[id.Person]SuggestionReason)
	for _, club := range mine {
		members, err := a.Clubs.Some(ctx, club, suggestedOfClub)
		if err != nil {
			return nil, err
		}
		for _, one := range members {
			reason := why[one]
			reason.Clubs = append(reason.Clubs, NamedClub{club, names[club]})
			why[one] = reason
		}
	}
	a.rooms.Each(func(name id.Room, r *room.Room) {
		if r.Participant(who) == nil {
			return
		}
		here := r.After(0)
		for _, p := range append(r.Stage(), here[:min(len(here), suggestedOfRoom)]...) {
			reason := why[p.Who]
			reason.Room = &NamedRoom{name, r.Title()}
			why[p.Who] = reason
		}
	})
	delete(why, who)
	some, err := a.notYet(ctx, who, why)
	if err != nil {
		return nil, err
	}
	known, err := a.People.Profiles(ctx, who, some)
	if err != nil {
		return nil, err
	}
	out := []Suggestion{}
	for _, one := range some {
		if p, there := known[one]; there {
			reason := why[one]
			reason.Clubs = reason.Clubs[:min(len(reason.Clubs), suggestedReasons)]
			out = append(out, Suggestion{personOf(p), reason})
		}
	}
	return out, nil
}

// notYet returns those whom who neither follows nor has hidden, and neither of whom
// is spared the other: first who is in a
// room with them, then whoever is in the most clubs, and else by lot.
func (a *API) notYet(ctx context.Context, who id.Person, why map[id.Person]SuggestionReason) ([]id.Person, error) {
	all := make([]id.Person, 0, len(why))
	for one := range why {
		all = append(all, one)
	}
	out, err := a.People.FollowedAmong(ctx, all, []id.Person{who})
	if err != nil {
		return nil, err
	}
	hidden, err := a.People.Hidden(ctx, who)
	if err != nil {
		return nil, err
	}
	not := make(map[id.Person]bool, len(out)+len(hidden))
	for _, one := range append(out, hidden...) {
		not[one] = true
	}
	spared, err := a.spared(ctx, who, all)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(one id.Person) bool { return not[one] || spared[one] })
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	rank := func(one id.Person) int {
		n := len(why[one].Clubs)
		if why[one].Room != nil {
			n += 1000
		}
		return n
	}
	slices.SortStableFunc(all, func(x, y id.Person) int { return cmp.Compare(rank(y), rank(x)) })
	return all[:min(len(all), suggestedMax)], nil
}
