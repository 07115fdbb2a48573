package clubs

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/stoa-audio/stoa/internal/id"
)

// What follows is asked by others, again and again, and mostly known.

// placesOf returns how who stands to clubs. It is not to be changed.
func (c *Clubs) placesOf(ctx context.Context, who id.Person) (map[id.Club]Seen, error) {
	places, since, ok := c.places.Get(who)
	if ok {
		return places, nil
	}
	places, err := c.store.PlacesOf(ctx, who, placesMax)
	if err != nil {
		return nil, err
	}
	c.places.Put(who, places, since)
	return places, nil
}

// Standing returns how who stands to a club; to one that is not there, they stand
// in no way.
func (c *Clubs) Standing(ctx context.Context, club id.Club, who id.Person) (Standing, error) {
	places, err := c.placesOf(ctx, who)
	return places[club].Standing, err
}

// IsMember reports whether who is in a club.
func (c *Clubs) IsMember(ctx context.Context, club id.Club, who id.Person) (bool, error) {
	s, err := c.Standing(ctx, club, who)
	return s >= Member, err
}

// MayOpen reports whether who may open rooms of a club.
func (c *Clubs) MayOpen(ctx context.Context, club id.Club, who id.Person) (bool, error) {
	err := c.CheckOpen(ctx, club, who)
	if errors.Is(err, ErrNone) || errors.Is(err, ErrNotMember) || errors.Is(err, ErrNotAdmin) {
		return false, nil
	}
	return err == nil, err
}

// CheckOpen returns nil if who may open rooms of a club, and else why not.
func (c *Clubs) CheckOpen(ctx context.Context, club id.Club, who id.Person) error {
	seen, err := c.see(ctx, who, club)
	if err != nil {
		return err
	}
	if seen.Rooms == ByAdmins {
		return atLeast(seen.Standing, Admin)
	}
	return atLeast(seen.Standing, Member)
}

// MembersAmong returns those of candidates who are in a club.
func (c *Clubs) MembersAmong(ctx context.Context, club id.Club, candidates []id.Person) ([]id.Person, error) {
	members, since, ok := c.members.Get(club)
	if !ok || members == nil {
		all, err := c.store.ClubMembers(ctx, club, MembersMax)
		if err != nil {
			return nil, err
		}
		members = make(map[id.Person]bool, len(all))
		for _, who := range all {
			members[who] = true
		}
		if len(all) <= membersEach {
			c.members.Put(club, members, since)
		}
	}
	var out []id.Person
	for _, who := range candidates {
		if members[who] {
			out = append(out, who)
		}
	}
	return out, nil
}

// Of returns the clubs that who is in.
func (c *Clubs) Of(ctx context.Context, who id.Person) ([]id.Club, error) {
	places, err := c.placesOf(ctx, who)
	var out []id.Club
	for club, at := range places {
		if at.Standing >= Member {
			out = append(out, club)
		}
	}
	slices.SortFunc(out, func(a, b id.Club) int { return bytes.Compare(a[:], b[:]) })
	return out, err
}

// name returns the name of a club, with nothing in it if there is none.
func (c *Clubs) name(ctx context.Context, club id.Club) (Name, error) {
	name, since, ok := c.names.Get(club)
	if ok {
		return name, nil
	}
	name, err := c.store.ClubName(ctx, club)
	if err != nil && !errors.Is(err, ErrNone) {
		return name, err
	}
	c.names.Put(club, name, since)
	return name, nil
}

// NamesOf returns the names of those of clubs that there are. It does not ask who
// is to see them: NamesFor does.
func (c *Clubs) NamesOf(ctx context.Context, clubs []id.Club) (map[id.Club]string, error) {
	out := make(map[id.Club]string, len(clubs))
	for _, club := range clubs {
		name, err := c.name(ctx, club)
		if err != nil {
			return nil, err
		}
		if name.Text != "" {
			out[club] = name.Text
		}
	}
	return out, nil
}

// NamesFor returns the names of those of clubs that exist for who.
func (c *Clubs) NamesFor(ctx context.Context, who id.Person, clubs []id.Club) (map[id.Club]string, error) {
	if len(clubs) == 0 {
		return nil, nil
	}
	places, err := c.placesOf(ctx, who)
	if err != nil {
		return nil, err
	}
	out := make(map[id.Club]string, len(clubs))
	for _, club := range clubs {
		name, err := c.name(ctx, club)
		if err != nil {
			return nil, err
		}
		if name.Text != "" && sees(name.Listed, places[club].Standing) {
			out[club] = name.Text
		}
	}
	return out, nil
}

// PublicName returns the name of a club if it is listed, and else nothing.
func (c *Clubs) PublicName(ctx context.Context, club id.Club) (string, error) {
	name, err := c.name(ctx, club)
	if !name.Listed {
		name.Text = ""
	}
	return name.Text, err
}

// A ShownClub is one that somebody shows in their profile.
type ShownClub struct {
	ID       id.Club
	Name     string
	Standing Standing
}

// ShownBy returns the clubs that who shows and that exist for viewer, in the order
// of their names.
func (c *Clubs) ShownBy(ctx context.Context, viewer, who id.Person) ([]ShownClub, error) {
	places, err := c.placesOf(ctx, who)
	if err != nil {
		return nil, err
	}
	var shown []id.Club
	for club, at := range places {
		if at.Shown && at.Standing >= Member {
			shown = append(shown, club)
		}
	}
	names, err := c.NamesFor(ctx, viewer, shown)
	if err != nil {
		return nil, err
	}
	var out []ShownClub
	for club, name := range names {
		out = append(out, ShownClub{club, name, places[club].Standing})
	}
	slices.SortFunc(out, func(a, b ShownClub) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), bytes.Compare(a.ID[:], b.ID[:]))
	})
	return out, nil
}

// Erased forgets what is known: who has been erased, and others may have taken
// their place.
func (c *Clubs) Erased(id.Person) {
	c.places.Drop(func(id.Person, map[id.Club]Seen) bool { return true })
	c.members.Drop(func(id.Club, map[id.Person]bool) bool { return true })
	c.names.Drop(func(id.Club, Name) bool { return true })
}

// Forget forgets what is known of who, to whom an invitation may be none any more:
// they have blocked who invited them, or do so no more.
func (c *Clubs) Forget(who id.Person) { c.places.Forget(who) }

// Some returns up to most members of a club, whoever they are.
func (c *Clubs) Some(ctx context.Context, club id.Club, most int) ([]id.Person, error) {
	return c.store.ClubMembers(ctx, club, most)
}
