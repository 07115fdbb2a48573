package clubs

import (
	"context"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// A Store keeps the records of clubs. Each method is one transaction, as those of
// people.Store are; when the records cannot be reached, the error is
// people.ErrStore.
type Store interface {
	// FoundClub adds c with who as its founder, if judge returns nil for a scene
	// in which Whom is who and there is no club; nobody else has who in another
	// club meanwhile. people.ErrNoPerson when there is no who.
	FoundClub(ctx context.Context, c Club, who id.Person, judge func(Scene) error) error
	// ChangeClub does what judge says follows from the scene of a club. Nobody else
	// changes anything in it meanwhile; judge may be asked again, and then its last
	// answer counts. ErrNone when there is no such club. Places that change are
	// since at; those who are members stay so since they became it. A club that
	// becomes unlisted has nobody who follows it or has asked.
	ChangeClub(ctx context.Context, club id.Club, by, whom id.Person, at time.Time, judge func(Scene) (Outcome, error)) error

	// Club returns a club and how viewer stands to it, or ErrNone. Whether it
	// exists for them is not asked, here and below.
	Club(ctx context.Context, viewer id.Person, club id.Club) (Club, error)
	// ClubsOf returns the clubs to which who stands as asked or more, or which
	// they follow.
	ClubsOf(ctx context.Context, who id.Person) ([]Club, error)
	// ListedClubs returns up to most listed clubs after a mark, the larger first.
	ListedClubs(ctx context.Context, viewer id.Person, after SizeMark, most int) ([]Club, error)
	// FindClubs returns up to most clubs that exist for viewer with words in their
	// names that begin as all of words do, which are folded; the larger first.
	FindClubs(ctx context.Context, viewer id.Person, words []string, most int) ([]Club, error)
	// ClubPlaces returns up to most who stand so, in the order of time, after a mark.
	ClubPlaces(ctx context.Context, club id.Club, lowest, highest Standing, after Mark, most int) ([]Place, error)
	// CountWaiting returns how many have asked or are nominated.
	CountWaiting(ctx context.Context, club id.Club) (int, error)
	// ClubMembers returns up to most members.
	ClubMembers(ctx context.Context, club id.Club, most int) ([]id.Person, error)
	// PlacesOf returns how who stands to up to most clubs, the highest first, and
	// those that they follow.
	PlacesOf(ctx context.Context, who id.Person, most int) (map[id.Club]Seen, error)
	// ClubName returns the name of a club, or ErrNone.
	ClubName(ctx context.Context, club id.Club) (Name, error)
}

// A Seen is how somebody stands to a club, whether their profile shows it, and
// whether they follow it.
type Seen struct {
	Standing Standing
	Shown    bool
	Followed bool
}

// A Name is how a club is called.
type Name struct {
	Text   string // nothing: there is no such club
	Listed bool
}
