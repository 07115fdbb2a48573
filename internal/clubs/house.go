package clubs

import (
	"context"

	"github.com/stoa-audio/stoa/internal/id"
)

// What follows is done by the house, which stands in no club.

// FounderOf returns the founder of a club, or ErrNone.
func (c *Clubs) FounderOf(ctx context.Context, club id.Club) (id.Person, error) {
	places, err := c.store.ClubPlaces(ctx, club, Founder, Founder, Mark{}, 1)
	if err == nil && len(places) == 0 {
		err = ErrNone
	}
	if err != nil {
		return id.Person{}, err
	}
	return places[0].Person, nil
}

// Strip takes away what a club says of itself but for its name.
func (c *Clubs) Strip(ctx context.Context, club id.Club, founder id.Person) error {
	_, err := c.change(ctx, club, founder, founder, func(s Scene) (Outcome, error) {
		w := s.Club.Words
		w.About, w.Rules = "", []string{}
		return Outcome{Words: &w, Rules: s.Club.RulesVersion + 1}, nil
	})
	return err
}
