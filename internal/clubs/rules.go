package clubs

import (
	"slices"

	"github.com/stoa-audio/stoa/internal/id"
)

// A Scene is what a change is judged by: all of it as it is at one moment.
type Scene struct {
	Club Club  // its counts and words; not how anybody stands
	By   Place // who wants it
	Whom Place // whom it is about; the same as By if that is oneself

	Known                   bool // Whom has an account
	Admins, Waiting, Barred int  // in the club; the founder is no admin here
	Nominations             int  // by By in this club, that are open

	// In how many clubs Whom is or has asked to be, how many want them, how many
	// they have founded, and how many they follow.
	In, Wanted, Founded, Followed int
}

// An Outcome is what follows from a change.
type Outcome struct {
	// Places are how people stand from now on: their Person, Standing and By.
	Places []Place
	Words  *Words // what the club says from now on
	Rules  int64  // and the version of its rules
	// Follows and Shown are of Whom; nil to leave it.
	Follows, Shown *bool
	Gone           bool // the club is
}

// sees reports whether a club exists for somebody who stands so to it. An
// unlisted one has nobody who has asked, and does not tell whom it has nominated.
func sees(listed bool, s Standing) bool { return listed || s >= Asked }

// atLeast returns nil if somebody stands at least so.
func atLeast(s, least Standing) error {
	switch {
	case s >= least:
		return nil
	case s < Member:
		return ErrNotMember
	case least == Founder:
		return ErrNotFounder
	}
	return ErrNotAdmin
}

// may returns nil if the club exists for By, and By stands at least so in it.
func (s Scene) may(least Standing) error {
	if !sees(s.Club.Listed, s.By.Standing) {
		return ErrNone
	}
	return atLeast(s.By.Standing, least)
}

// becomes returns what follows when Whom stands otherwise.
func (s Scene) becomes(to Standing) Outcome { return s.becomesBy(to, id.Person{}) }

func (s Scene) becomesBy(to Standing, by id.Person) Outcome {
	return Outcome{Places: []Place{{Person: s.Whom.Person, Standing: to, By: by}}}
}

// fits returns nil if the club has room for Whom as a member, and Whom for it.
func (s Scene) fits() error {
	in := s.In
	if s.Whom.Standing == Asked { // which is counted already
		in--
	}
	switch {
	case s.Club.Members >= MembersMax:
		return ErrFull
	case in >= InMax:
		return ErrTooMany
	}
	return nil
}

// found judges whether Whom may found another club.
func found(s Scene) error {
	if s.Founded >= FoundedMax || s.In >= InMax {
		return ErrTooMany
	}
	return nil
}

func rewrite(version int64, w Words) func(Scene) (Outcome, error) {
	return func(s Scene) (Outcome, error) {
		if err := s.may(Admin); err != nil {
			return Outcome{}, err
		}
		if s.Club.Version != version {
			return Outcome{}, ErrChanged
		}
		rules := s.Club.RulesVersion
		if !slices.Equal(s.Club.Rules, w.Rules) {
			rules++
		}
		return Outcome{Words: &w, Rules: rules}, nil
	}
}

func remove(s Scene) (Outcome, error) {
	if err := s.may(Founder); err != nil {
		return Outcome{}, err
	}
	return Outcome{Gone: true}, nil
}

// follow is for listed clubs: those who stand in another one are in it.
func follow(follows bool) func(Scene) (Outcome, error) {
	return func(s Scene) (Outcome, error) {
		switch {
		case !s.Club.Listed:
			return Outcome{}, ErrNone
		case follows && s.Followed >= FollowedMax:
			return Outcome{}, ErrTooMany
		}
		return Outcome{Follows: &follows}, nil
	}
}

func join(rules int64) func(Scene) (Outcome, error) {
	return func(s Scene) (Outcome, error) {
		switch {
		case !sees(s.Club.Listed, s.Whom.Standing):
			return Outcome{}, ErrNone
		case s.Whom.Standing == Barred:
			return Outcome{}, ErrNoEntry
		case s.Whom.Standing >= Member:
			return Outcome{}, nil
		case s.Club.RulesVersion != rules:
			return Outcome{}, ErrRules
		case s.Whom.Standing == Invited || s.Club.Joining == Open:
			if err := s.fits(); err != nil {
				return Outcome{}, err
			}
			return s.becomes(Member), nil
		case s.Club.Joining == Nomination:
			return Outcome{}, ErrNomination
		case s.Whom.Standing == Asked:
			return Outcome{}, nil
		case s.Whom.Standing == None && s.Waiting >= WaitingMax: // a nominated one waits already
			return Outcome{}, ErrFull
		case s.In >= InMax:
			return Outcome{}, ErrTooMany
		}
		return s.becomes(Asked), nil
	}
}

func leave(s Scene) (Outcome, error) {
	switch {
	case !sees(s.Club.Listed, s.Whom.Standing):
		return Outcome{}, ErrNone
	case s.Whom.Standing == None, s.Whom.Standing == Barred:
		return Outcome{}, nil
	case s.Whom.Standing == Founder && s.Club.Members > 1:
		return Outcome{}, ErrFounderStays
	case s.Whom.Standing == Founder:
		return Outcome{Gone: true}, nil
	}
	return s.becomes(None), nil
}

func show(shown bool) func(Scene) (Outcome, error) {
	return func(s Scene) (Outcome, error) {
		if err := s.may(Member); err != nil {
			return Outcome{}, err
		}
		return Outcome{Shown: &shown}, nil
	}
}

// promote has Whom be a member, an admin or the founder.
func promote(to Standing) func(Scene) (Outcome, error) {
	return func(s Scene) (Outcome, error) {
		if err := s.may(Founder); err != nil {
			return Outcome{}, err
		}
		switch {
		case s.Whom.Standing < Member:
			return Outcome{}, ErrNoPerson
		case s.Whom.Standing == to:
			return Outcome{}, nil
		case s.Whom.Person == s.By.Person:
			return Outcome{}, ErrFounderStays // there is one, until it is somebody else
		case to == Founder && s.Founded >= FoundedMax:
			return Outcome{}, ErrTooMany
		case to == Admin && s.Admins >= AdminsMax, to == Founder && s.Whom.Standing == Member && s.Admins >= AdminsMax:
			return Outcome{}, ErrFull
		}
		out := s.becomes(to)
		if to == Founder {
			out.Places = append(out.Places, Place{Person: s.By.Person, Standing: Admin})
		}
		return out, nil
	}
}

// putOut is for whom By is above; to bar one may also whoever is not there.
func putOut(bar bool) func(Scene) (Outcome, error) {
	return func(s Scene) (Outcome, error) {
		if err := s.may(Admin); err != nil {
			return Outcome{}, err
		}
		switch {
		case s.Whom.Person == s.By.Person:
			return Outcome{}, ErrSelf
		case !s.Known, s.Whom.Standing < Member && !bar:
			return Outcome{}, ErrNoPerson
		case s.Whom.Standing >= s.By.Standing, s.Whom.Standing == Founder:
			return Outcome{}, ErrNotFounder
		case !bar:
			return s.becomes(None), nil
		case s.Whom.Standing == Barred:
			return Outcome{}, nil
		case s.Barred >= BarredMax:
			return Outcome{}, ErrFull
		}
		return s.becomes(Barred), nil
	}
}

func letOff(s Scene) (Outcome, error) {
	if err := s.may(Admin); err != nil {
		return Outcome{}, err
	}
	if s.Whom.Standing != Barred {
		return Outcome{}, ErrNoPerson
	}
	return s.becomes(None), nil
}

// reply answers Whom, who waits. Who is nominated has not said yes, and is asked.
func reply(yes bool) func(Scene) (Outcome, error) {
	return func(s Scene) (Outcome, error) {
		if err := s.may(Admin); err != nil {
			return Outcome{}, err
		}
		switch at := s.Whom.Standing; {
		case at < Nominated || at > Invited:
			return Outcome{}, ErrNoPerson
		case !yes:
			return s.becomes(None), nil
		case at == Invited:
			return Outcome{}, nil
		case at == Nominated:
			return s.becomesBy(Invited, s.By.Person), nil
		}
		if err := s.fits(); err != nil {
			return Outcome{}, err
		}
		return s.becomes(Member), nil
	}
}

// nominate tells nobody how Whom stands: what it is refused for is the same for
// all who have an account.
func nominate(s Scene) (Outcome, error) {
	if err := s.may(Member); err != nil {
		return Outcome{}, err
	}
	leads, at := s.By.Standing >= Admin, s.Whom.Standing
	switch {
	case !s.Known:
		return Outcome{}, ErrNoPerson
	case !leads && s.Nominations >= NominationsMax:
		return Outcome{}, ErrNominations
	case s.Waiting >= WaitingMax:
		return Outcome{}, ErrFull
	case leads && at == Asked && s.fits() == nil: // they have said yes already
		return s.becomes(Member), nil
	case at != None && (at != Nominated || !leads), at == None && s.Wanted >= WantedMax:
		return Outcome{}, nil
	case leads:
		return s.becomesBy(Invited, s.By.Person), nil
	}
	return s.becomesBy(Nominated, s.By.Person), nil
}
