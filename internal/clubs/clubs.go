// Package clubs holds the clubs of a house: people who share rooms. It says who
// is in one, who leads it, and who may do what.
//
// The rules are values, as those of a room are: a rule looks at a Scene, which is
// all that it is judged by, and returns what follows, or why not. The store has
// nobody else change the scene meanwhile. Nobody becomes a member without a yes
// of their own.
//
// What a club says of itself is the club's and is kept in clear; who is in it is
// about people (docs/adr/0066). A club that is not listed does not exist for those
// who do not stand in it. The package knows no HTTP and no room.
package clubs

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/known"
	"github.com/stoa-audio/stoa/internal/text"
)

// Limits of clubs. Each is there to keep one person, or one club, from costing the
// others.
const (
	AboutMax      = 500 // characters
	AboutLinesMax = 10
	RulesMax      = 10
	RuleMax       = 140 // characters

	FoundedMax     = 5     // clubs of which somebody is the founder
	InMax          = 100   // clubs in which somebody is, or has asked to be
	WantedMax      = 200   // clubs that have invited or nominated somebody
	FollowedMax    = 200   // clubs that somebody follows
	MembersMax     = 10000 // of a club
	AdminsMax      = 19    // beside the founder
	WaitingMax     = 200   // who have asked, are nominated or invited
	BarredMax      = 1000
	NominationsMax = 10  // of a member, that are open
	PageMax        = 100 // in one answer

	placesKnown  = 20000 // people of whom it need not be read in which clubs they are
	membersKnown = 256   // clubs of which it need not be read who is in them
	membersEach  = 1000  // members that such a one has at most
	namesKnown   = 10000 // clubs whose name need not be read
	placesMax    = 1000  // clubs to which somebody stands, of which we know
)

// Why something may be refused. The api package turns these into answers.
var (
	// ErrNone means that there is no such club for this person: it never was, it
	// is gone, or they may not know of it. Nobody is told which.
	ErrNone = errors.New("no such club")
	// ErrNoEntry means that somebody is barred.
	ErrNoEntry = errors.New("barred from the club")
	// ErrNotMember means that only members may do this.
	ErrNotMember = errors.New("only members may do this")
	// ErrNotAdmin means that only admins may do this.
	ErrNotAdmin = errors.New("only admins may do this")
	// ErrNotFounder means that only the founder may do this.
	ErrNotFounder = errors.New("only the founder may do this")
	// ErrNoPerson means that whom it is about does not stand there.
	ErrNoPerson = errors.New("no such person in the club")
	// ErrSelf means that nobody does this to themselves.
	ErrSelf = errors.New("that is oneself")
	// ErrNomination means that only those come in who are invited.
	ErrNomination = errors.New("only who is nominated may join")
	// ErrRules means that the rules are others than those that were said yes to.
	ErrRules = errors.New("the rules have changed")
	// ErrFounderStays means that a founder cannot go while others are there.
	ErrFounderStays = errors.New("the founder cannot leave others behind")
	// ErrTooMany means that somebody founds, is in or follows as many as they may.
	ErrTooMany = errors.New("in as many clubs as one may")
	// ErrNominations means that a member has nominated as many as they may.
	ErrNominations = errors.New("as many are nominated as one may")
	// ErrFull means that nobody else fits.
	ErrFull = errors.New("the club is full")
	// ErrChanged means that a club has been changed meanwhile.
	ErrChanged = errors.New("the club has been changed meanwhile")
)

// A Club is what is true of a club, and how whoever looks stands to it.
type Club struct {
	Words

	ID                 id.Club
	RulesVersion       int64 // to which one says yes
	Version            int64 // of all that it says
	Created            time.Time
	Members, Followers int

	Standing Standing
	Shown    bool // in the profile of who looks
	Followed bool
}

// A Place is how somebody stands to a club.
type Place struct {
	Person   id.Person
	Standing Standing
	Since    time.Time
	By       id.Person // who nominated or invited them; zero for nobody, or nobody any more
	Shown    bool      // in their profile
}

// A FullClub is a club with those who lead it.
type FullClub struct {
	Club

	Leads   []Place
	Waiting int // who wait for an answer of an admin; only told to them
}

// Lists are the clubs to which somebody stands, by how, each in the order of the
// names.
type Lists struct{ Mine, Invited, Asked, Followed []Club }

// A Change is that somebody stands otherwise to a club, by somebody's doing.
type Change struct {
	Club          id.Club
	By, Whom      id.Person
	Before, After Standing
}

// Clubs is the clubs of a house. It is safe for concurrent use.
type Clubs struct {
	store   Store
	changed func(context.Context, Change) // nil for nobody
	clock   func() time.Time
	places  known.Answers[id.Person, map[id.Club]Seen]
	members known.Answers[id.Club, map[id.Person]bool] // nil for too many
	names   known.Answers[id.Club, Name]
}

// New returns the clubs kept in s.
func New(s Store, clock func() time.Time) *Clubs {
	return &Clubs{
		store: s, clock: clock,
		places:  known.Answers[id.Person, map[id.Club]Seen]{Max: placesKnown},
		members: known.Answers[id.Club, map[id.Person]bool]{Max: membersKnown},
		names:   known.Answers[id.Club, Name]{Max: namesKnown},
	}
}

// OnChange names who is told of changes, before there are any.
func (c *Clubs) OnChange(changed func(context.Context, Change)) { c.changed = changed }

// now is the time as the store keeps it.
func (c *Clubs) now() time.Time { return c.clock().UTC().Truncate(time.Millisecond) }

// Found makes a club with who as its founder.
func (c *Clubs) Found(ctx context.Context, who id.Person, w Words) (FullClub, error) {
	w, err := ParseWords(w)
	if err != nil {
		return FullClub{}, err
	}
	made := Club{Words: w, ID: id.New[id.Club](), RulesVersion: 1, Version: 1, Created: c.now()}
	err = c.store.FoundClub(ctx, made, who, found)
	c.places.Forget(who)
	if err != nil {
		return FullClub{}, err
	}
	return c.Club(ctx, who, made.ID)
}

// Club returns a club as who sees it, or ErrNone.
func (c *Clubs) Club(ctx context.Context, who id.Person, club id.Club) (FullClub, error) {
	seen, err := c.see(ctx, who, club)
	if err != nil {
		return FullClub{}, err
	}
	full := FullClub{Club: seen}
	if full.Leads, err = c.store.ClubPlaces(ctx, club, Admin, Founder, Mark{}, AdminsMax+1); err != nil {
		return FullClub{}, err
	}
	slices.SortStableFunc(full.Leads, func(a, b Place) int { return int(b.Standing) - int(a.Standing) })
	if seen.Standing >= Admin {
		full.Waiting, err = c.store.CountWaiting(ctx, club)
	}
	return full, err
}

// see returns a club if it exists for who.
func (c *Clubs) see(ctx context.Context, who id.Person, club id.Club) (Club, error) {
	seen, err := c.store.Club(ctx, who, club)
	if err == nil && !sees(seen.Listed, seen.Standing) {
		err = ErrNone
	}
	return seen, err
}

// Lists returns the clubs to which who stands.
func (c *Clubs) Lists(ctx context.Context, who id.Person) (l Lists, err error) {
	all, err := c.store.ClubsOf(ctx, who)
	if err != nil {
		return l, err
	}
	slices.SortFunc(all, byName)
	for _, one := range all {
		switch {
		case one.Standing >= Member:
			l.Mine = append(l.Mine, one)
		case one.Standing == Invited:
			l.Invited = append(l.Invited, one)
		case one.Standing == Asked:
			l.Asked = append(l.Asked, one)
		}
		if one.Followed {
			l.Followed = append(l.Followed, one)
		}
	}
	return l, nil
}

// Listed returns up to most listed clubs, those with the most members first, after
// a mark, and the mark of the last if there are more.
func (c *Clubs) Listed(ctx context.Context, who id.Person, after string, most int) (list []Club, next string, err error) {
	from, err := parseSizeMark(after)
	if err != nil {
		return nil, "", err
	}
	most = min(max(most, 1), PageMax)
	list, err = c.store.ListedClubs(ctx, who, from, most+1)
	if err != nil || len(list) <= most {
		return list, "", err
	}
	list = list[:most]
	last := list[most-1]
	return list, SizeMark{last.Members, last.ID}.String(), nil
}

// Find returns up to most clubs that exist for who with words in their names that
// begin as all those of looked do, the larger first.
func (c *Clubs) Find(ctx context.Context, who id.Person, looked string, most int) ([]Club, error) {
	words := text.Words(text.Fold(looked))
	if len(words) == 0 {
		return nil, nil
	}
	return c.store.FindClubs(ctx, who, words, most)
}

// change has a rule judge and does what follows.
func (c *Clubs) change(ctx context.Context, club id.Club, by, whom id.Person, rule func(Scene) (Outcome, error)) (did Outcome, err error) {
	before := None
	err = c.store.ChangeClub(ctx, club, by, whom, c.now(), func(s Scene) (Outcome, error) {
		did, before = Outcome{}, s.Whom.Standing // it may be asked again
		var err error
		did, err = rule(s)
		return did, err
	})
	c.places.Forget(whom)
	c.places.Forget(by)
	if did.Gone || did.Words != nil {
		c.names.Forget(club)
		c.places.Drop(func(_ id.Person, at map[id.Club]Seen) bool { _, there := at[club]; return there })
	}
	c.members.Forget(club)
	for _, p := range did.Places {
		if err == nil && c.changed != nil && p.Person == whom && p.Standing != before {
			c.changed(ctx, Change{club, by, whom, before, p.Standing})
		}
	}
	return did, err
}

// Leads returns who leads a club.
func (c *Clubs) Leads(ctx context.Context, club id.Club) ([]id.Person, error) {
	places, err := c.store.ClubPlaces(ctx, club, Admin, Founder, Mark{}, AdminsMax+1)
	out := make([]id.Person, len(places))
	for i, p := range places {
		out[i] = p.Person
	}
	return out, err
}

// Change changes what a club says, if that is still of a version: else the error
// is ErrChanged.
func (c *Clubs) Change(ctx context.Context, who id.Person, club id.Club, version int64, w Words) (FullClub, error) {
	w, faults := ParseWords(w)
	if faults != nil {
		// Whether there is such a club comes first, and is as well known to who sees it.
		if _, err := c.see(ctx, who, club); err != nil {
			return FullClub{}, err
		}
		return FullClub{}, faults
	}
	if _, err := c.change(ctx, club, who, who, rewrite(version, w)); err != nil {
		return FullClub{}, err
	}
	return c.Club(ctx, who, club)
}

// Delete deletes a club.
func (c *Clubs) Delete(ctx context.Context, who id.Person, club id.Club) error {
	_, err := c.change(ctx, club, who, who, remove)
	return err
}

// Follow has who follow a listed club, or not any more.
func (c *Clubs) Follow(ctx context.Context, who id.Person, club id.Club, follows bool) error {
	_, err := c.change(ctx, club, who, who, follow(follows))
	return err
}

// Join says yes to the rules of a club, and returns how who stands to it then.
func (c *Clubs) Join(ctx context.Context, who id.Person, club id.Club, rules int64) (Standing, error) {
	before := None
	did, err := c.change(ctx, club, who, who, func(s Scene) (Outcome, error) {
		before = s.Whom.Standing
		return join(rules)(s)
	})
	if err == nil && len(did.Places) > 0 {
		return did.Places[0].Standing, nil
	}
	return before, err
}

// Leave has who out of a club, or takes back that they have asked, or declines.
func (c *Clubs) Leave(ctx context.Context, who id.Person, club id.Club) error {
	_, err := c.change(ctx, club, who, who, leave)
	return err
}

// Show says whether the profile of who shows that they are in a club.
func (c *Clubs) Show(ctx context.Context, who id.Person, club id.Club, shown bool) error {
	_, err := c.change(ctx, club, who, who, show(shown))
	return err
}

// SetStanding has whom be a member, an admin or the founder.
func (c *Clubs) SetStanding(ctx context.Context, who id.Person, club id.Club, whom id.Person, to Standing) error {
	_, err := c.change(ctx, club, who, whom, promote(to))
	return err
}

// Remove puts whom out of a club, and keeps them out if they are to be barred.
func (c *Clubs) Remove(ctx context.Context, who id.Person, club id.Club, whom id.Person, bar bool) error {
	_, err := c.change(ctx, club, who, whom, putOut(bar))
	return err
}

// LetOff has whom barred no more.
func (c *Clubs) LetOff(ctx context.Context, who id.Person, club id.Club, whom id.Person) error {
	_, err := c.change(ctx, club, who, whom, letOff)
	return err
}

// Answer says yes or no to whom, who waits.
func (c *Clubs) Answer(ctx context.Context, who id.Person, club id.Club, whom id.Person, yes bool) error {
	_, err := c.change(ctx, club, who, whom, reply(yes))
	return err
}

// Nominate nominates whom, or invites them where who leads. It is answered alike
// whether anything follows.
func (c *Clubs) Nominate(ctx context.Context, who id.Person, club id.Club, whom id.Person) error {
	_, err := c.change(ctx, club, who, whom, nominate)
	return err
}

// Members returns up to most members, those who have been there for the longest
// first, after a mark, and the mark of the last if there are more.
func (c *Clubs) Members(ctx context.Context, who id.Person, club id.Club, after string, most int) (list []Place, next string, err error) {
	from, err := parseMark(after)
	if err != nil {
		return nil, "", err
	}
	if err := c.at(ctx, who, club, Member); err != nil {
		return nil, "", err
	}
	most = min(max(most, 1), PageMax)
	list, err = c.store.ClubPlaces(ctx, club, Member, Founder, from, most+1)
	if err != nil || len(list) <= most {
		return list, "", err
	}
	list = list[:most]
	return list, Mark{list[most-1].Since, list[most-1].Person}.String(), nil
}

// Waiting returns who have asked, are nominated or invited.
func (c *Clubs) Waiting(ctx context.Context, who id.Person, club id.Club) ([]Place, error) {
	if err := c.at(ctx, who, club, Admin); err != nil {
		return nil, err
	}
	return c.store.ClubPlaces(ctx, club, Nominated, Invited, Mark{}, WaitingMax)
}

// Barred returns who is kept out.
func (c *Clubs) Barred(ctx context.Context, who id.Person, club id.Club) ([]Place, error) {
	if err := c.at(ctx, who, club, Admin); err != nil {
		return nil, err
	}
	return c.store.ClubPlaces(ctx, club, Barred, Barred, Mark{}, BarredMax)
}

// at returns nil if who stands at least so in a club that exists for them.
func (c *Clubs) at(ctx context.Context, who id.Person, club id.Club, least Standing) error {
	seen, err := c.see(ctx, who, club)
	if err != nil {
		return err
	}
	return atLeast(seen.Standing, least)
}
