package api

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/room"
)

// foundRoomsMax is how many rooms a search finds at most.
const foundRoomsMax = 20

type (
	// Found is what a search has found.
	Found struct {
		Rooms  []Card   `json:"rooms" doc:"rooms that I may enter now, by their title and who is on the stage"`
		People []Person `json:"people" doc:"by name or handle: those whom I follow or who follow me, and those whom everybody may find"`
	}
	lookingFor struct {
		Query string `query:"q" required:"true" maxLength:"100" doc:"words; of the last one the beginning"`
	}
)

func (a *API) addSearch() {
	add(a, huma.Operation{
		OperationID: "search", Method: "GET", Path: "/api/v1/search", Tags: []string{"search"}, Summary: "Look for rooms and people",
	}, toFind, func(ctx context.Context, in *lookingFor) (*output[Found], error) {
		return answer(a.find(ctx, me(ctx), in.Query))
	})
}

func (a *API) find(ctx context.Context, who id.Person, text string) (found Found, err error) {
	if found.Rooms, err = a.findRooms(ctx, who, text); err != nil {
		return found, err
	}
	list, err := a.People.Find(ctx, who, text)
	all, err := peopleOf(list, err)
	found.People = all.People
	return found, err
}

// findRooms returns the rooms that who may enter with words that begin as all
// those of text do, in their titles or in the names of those on the stage.
func (a *API) findRooms(ctx context.Context, who id.Person, text string) ([]Card, error) {
	words := people.Words(fold(text))
	if len(words) == 0 {
		return []Card{}, nil
	}
	var seen []sight
	a.rooms.Each(func(name id.Room, r *room.Room) {
		if !hasWords(r, words) {
			return
		}
		if s, ok := look(who, name, r); ok {
			seen = append(seen, s)
		}
	})
	cards, err := a.show(ctx, who, seen)
	return cards[:min(len(cards), foundRoomsMax)], err
}

func hasWords(r *room.Room, words []string) bool {
	has := people.Words(fold(r.Title()))
	for _, p := range r.Stage() {
		has = append(has, people.Words(fold(p.Name))...)
	}
	return !slices.ContainsFunc(words, func(w string) bool {
		return !slices.ContainsFunc(has, func(is string) bool { return strings.HasPrefix(is, w) })
	})
}

// fold returns text in small letters without marks, so that Müller is found as
// muller.
func fold(text string) string {
	plain, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), text)
	if err != nil {
		return strings.ToLower(text)
	}
	return strings.ToLower(plain)
}
