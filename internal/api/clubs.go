package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stoa-audio/stoa/internal/clubs"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
)

// Bodies about clubs.
type (
	// ClubCard is a club as a list shows it.
	ClubCard struct {
		ID        id.Club        `json:"id"`
		Name      string         `json:"name"`
		About     string         `json:"about"`
		Members   int            `json:"members"`
		Followers int            `json:"followers"`
		Standing  clubs.Standing `json:"standing" enum:"none,asked,invited,member,admin,founder" doc:"how I stand to it"`
		Followed  bool           `json:"followed" doc:"whether I follow it"`
		Listed    bool           `json:"listed" doc:"whether everybody in the house may know of it"`
	}
	// Club is a club with all that whoever looks may see.
	Club struct {
		ClubCard

		Rules        []string      `json:"rules"`
		RulesVersion int64         `json:"rules_version" doc:"to which one says yes"`
		Joining      clubs.Joining `json:"joining" enum:"open,approval,nomination"`
		Rooms        clubs.Opening `json:"rooms" enum:"members,admins" doc:"who may open rooms of it"`
		Language     string        `json:"language,omitempty" doc:"BCP 47"`
		Created      time.Time     `json:"created"`
		Leads        []ClubLead    `json:"leads" doc:"the founder and the admins"`
		Shown        bool          `json:"shown" doc:"whether my profile shows that I am in it"`
		Pending      *int          `json:"pending,omitempty" doc:"how many wait for an admin; for admins"`
	}
	// ClubLead is somebody who leads a club.
	ClubLead struct {
		ID      id.Person      `json:"id"`
		Name    string         `json:"name"`
		Picture string         `json:"picture,omitempty" doc:"its version"`
		Role    clubs.Standing `json:"role" enum:"admin,founder"`
	}
	// NewClub is what a club says of itself.
	NewClub struct {
		Name     string   `json:"name" doc:"one line, up to 60 characters"`
		About    string   `json:"about" doc:"up to 500 characters on 10 lines"`
		Rules    []string `json:"rules" doc:"up to 10, each one line of up to 140 characters"`
		Joining  string   `json:"joining" enum:"open,approval,nomination"`
		Rooms    string   `json:"rooms" enum:"members,admins" doc:"who may open rooms of it"`
		Listed   bool     `json:"listed" doc:"whether everybody in the house may know of it"`
		Language string   `json:"language,omitempty" doc:"BCP 47"`
	}
	// ClubLists is the clubs to which I stand, by how.
	ClubLists struct {
		Mine     []ClubCard `json:"mine"`
		Invited  []ClubCard `json:"invited"`
		Asked    []ClubCard `json:"asked"`
		Followed []ClubCard `json:"followed"`
	}
	// ListedClubs is some of the listed clubs, those with the most members first.
	ListedClubs struct {
		Clubs []ClubCard `json:"clubs"`
		Next  string     `json:"next,omitempty" doc:"as after, for those that follow; absent at the end"`
	}
	// JoinClub is a yes to the rules of a club.
	JoinClub struct {
		RulesVersion int64 `json:"rules_version"`
	}
	// Standing is how I stand to a club.
	Standing struct {
		Standing clubs.Standing `json:"standing" enum:"none,asked,invited,member,admin,founder"`
	}
	// Membership is what a member says of it.
	Membership struct {
		Shown bool `json:"shown" doc:"whether my profile shows it"`
	}
	// ClubMember is somebody in a club.
	ClubMember struct {
		Person Person         `json:"person"`
		Role   clubs.Standing `json:"role" enum:"member,admin,founder"`
		Since  time.Time      `json:"since"`
	}
	// ClubMembers is some of a club's members, in the order in which they came.
	ClubMembers struct {
		Members []ClubMember `json:"members"`
		Next    string       `json:"next,omitempty" doc:"as after, for those who follow; absent at the end"`
	}
	// ClubRole is what a member is to be.
	ClubRole struct {
		Role string `json:"role" enum:"member,admin,founder"`
	}
	// ClubWaiting is somebody who is not in a club yet.
	ClubWaiting struct {
		Person Person         `json:"person"`
		Kind   clubs.Standing `json:"kind" enum:"asked,nominated,invited"`
		By     *Person        `json:"by,omitempty" doc:"who nominated or invited them"`
		At     time.Time      `json:"at"`
	}
	// ClubPending is who waits.
	ClubPending struct {
		Pending []ClubWaiting `json:"pending"`
	}
	// ClubBarred is who is kept out of a club.
	ClubBarred struct {
		Barred []ClubMemberBarred `json:"barred"`
	}
	// ClubMemberBarred is somebody who is kept out.
	ClubMemberBarred struct {
		Person Person    `json:"person"`
		Since  time.Time `json:"since"`
	}
	// ClubNomination is whom I want in a club.
	ClubNomination struct {
		Person string `json:"person"`
	}
	// ProfileClub is a club that somebody shows that they are in.
	ProfileClub struct {
		ID   id.Club        `json:"id"`
		Name string         `json:"name"`
		Role clubs.Standing `json:"role" enum:"member,admin,founder"`
	}
)

// Inputs and outputs of calls about clubs.
type (
	atClub struct {
		Club string `path:"club"`
	}
	atClubPage struct {
		Club  string `path:"club"`
		After string `query:"after" maxLength:"64" doc:"the next of the answer before"`
		Limit int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
	}
	clubsPage struct {
		After string `query:"after" maxLength:"64" doc:"the next of the answer before"`
		Limit int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
	}
	atClubPerson struct {
		Club   string `path:"club"`
		Person string `path:"person"`
	}
	removingMember struct {
		Club   string `path:"club"`
		Person string `path:"person"`
		Bar    bool   `query:"bar" doc:"whether they are kept out"`
	}
	changingClub struct {
		Club    string `path:"club"`
		IfMatch string `header:"If-Match" doc:"the ETag of the club that is changed"`
		Body    NewClub
	}
	clubOutput struct {
		ETag string `header:"ETag"`
		Body Club
	}
)

func parseClub(text string) (id.Club, error) {
	club, err := id.Parse[id.Club](text)
	if err != nil {
		return club, clubs.ErrNone
	}
	return club, nil
}

func parseClubPerson(club, person string) (id.Club, id.Person, error) {
	c, err := parseClub(club)
	if err != nil {
		return c, id.Person{}, err
	}
	p := atPerson{person}
	who, err := p.parse()
	return c, who, err
}

func (n NewClub) words() clubs.Words {
	return clubs.Words{
		Name: n.Name, About: n.About, Rules: n.Rules, Joining: clubs.Joining(n.Joining), Rooms: clubs.Opening(n.Rooms),
		Listed: n.Listed, Language: n.Language,
	}
}

// clubCard tells nobody that they are barred, or that somebody has nominated them:
// they stand as everybody does.
func clubCard(c clubs.Club) ClubCard {
	if c.Standing < clubs.Asked {
		c.Standing = clubs.None
	}
	return ClubCard{c.ID, c.Name, c.About, c.Members, c.Followers, c.Standing, c.Followed, c.Listed}
}

func clubCards(list []clubs.Club) []ClubCard {
	out := make([]ClubCard, len(list))
	for i, c := range list {
		out[i] = clubCard(c)
	}
	return out
}

// club answers with a club and its version.
func (a *API) club(ctx context.Context, c clubs.FullClub, err error) (*clubOutput, error) {
	if err != nil {
		return nil, err
	}
	who := make([]id.Person, len(c.Leads))
	for i, p := range c.Leads {
		who[i] = p.Person
	}
	known, err := a.People.Profiles(ctx, me(ctx), who)
	if err != nil {
		return nil, err
	}
	out := Club{
		ClubCard: clubCard(c.Club), Rules: c.Rules, RulesVersion: c.RulesVersion, Joining: c.Joining, Rooms: c.Words.Rooms,
		Language: c.Language, Created: c.Created, Shown: c.Shown, Leads: []ClubLead{},
	}
	for _, p := range c.Leads {
		if who, there := known[p.Person]; there {
			out.Leads = append(out.Leads, ClubLead{who.ID, who.Name, who.Picture, p.Standing})
		}
	}
	if c.Standing >= clubs.Admin {
		out.Pending = &c.Waiting
	}
	return &clubOutput{tagOf(c.Version), out}, nil
}

// known returns the people who stand in places, and who put them there.
func (a *API) known(ctx context.Context, places []clubs.Place) (map[id.Person]people.Profile, error) {
	var who []id.Person
	for _, p := range places {
		who = append(who, p.Person)
		if !p.By.IsZero() {
			who = append(who, p.By)
		}
	}
	return a.People.Profiles(ctx, me(ctx), who)
}

func (a *API) addClubs() {
	const all = "/api/v1/clubs"
	const path = all + "/{club}"
	tags := []string{"clubs"}
	add(a, huma.Operation{
		OperationID: "list-clubs", Method: "GET", Path: all, Tags: tags, Summary: "The clubs to which I stand",
	}, toRead, func(ctx context.Context, _ *struct{}) (*output[ClubLists], error) {
		l, err := a.Clubs.Lists(ctx, me(ctx))
		return answer(ClubLists{clubCards(l.Mine), clubCards(l.Invited), clubCards(l.Asked), clubCards(l.Followed)}, err)
	})
	add(a, huma.Operation{
		OperationID: "list-listed-clubs", Method: "GET", Path: all + "/listed", Tags: tags,
		Summary: "The clubs that everybody may know of",
	}, toRead, func(ctx context.Context, in *clubsPage) (*output[ListedClubs], error) {
		list, next, err := a.Clubs.Listed(ctx, me(ctx), in.After, in.Limit)
		return answer(ListedClubs{clubCards(list), next}, err)
	})
	add(a, huma.Operation{
		OperationID: "found-club", Method: "POST", Path: all, Tags: tags, Summary: "Found a club", DefaultStatus: 201,
	}, toWrite, func(ctx context.Context, in *struct{ Body NewClub }) (*clubOutput, error) {
		c, err := a.Clubs.Found(ctx, me(ctx), in.Body.words())
		return a.club(ctx, c, err)
	})
	add(a, huma.Operation{
		OperationID: "get-club", Method: "GET", Path: path, Tags: tags, Summary: "A club",
	}, toRead, func(ctx context.Context, in *atClub) (*clubOutput, error) {
		club, err := parseClub(in.Club)
		if err != nil {
			return nil, err
		}
		c, err := a.Clubs.Club(ctx, me(ctx), club)
		return a.club(ctx, c, err)
	})
	add(a, huma.Operation{
		OperationID: "change-club", Method: "PUT", Path: path, Tags: tags, Summary: "Change what a club says, if nobody has meanwhile",
	}, toWrite, func(ctx context.Context, in *changingClub) (*clubOutput, error) {
		version, err := versionOf(in.IfMatch)
		if err != nil {
			return nil, err
		}
		club, err := parseClub(in.Club)
		if err != nil {
			return nil, err
		}
		c, err := a.Clubs.Change(ctx, me(ctx), club, version, in.Body.words())
		return a.club(ctx, c, err)
	})
	add(a, huma.Operation{
		OperationID: "delete-club", Method: "DELETE", Path: path, Tags: tags, Summary: "Delete a club",
	}, toWrite, func(ctx context.Context, in *atClub) (*nothing, error) {
		return a.inClub(in.Club, func(club id.Club) error { return a.Clubs.Delete(ctx, me(ctx), club) })
	})
	for method, follows := range map[string]bool{"PUT": true, "DELETE": false} {
		name, what := "follow-club", "Follow a listed club"
		if !follows {
			name, what = "unfollow-club", "Unfollow a club"
		}
		add(a, huma.Operation{
			OperationID: name, Method: method, Path: path + "/follow", Tags: tags, Summary: what,
		}, toWrite, func(ctx context.Context, in *atClub) (*nothing, error) {
			return a.inClub(in.Club, func(club id.Club) error { return a.Clubs.Follow(ctx, me(ctx), club, follows) })
		})
	}
	a.addMembership(tags, path)
	a.addMembers(tags, path)
}

// inClub does something in a club, and tells the hallway that others may be in it
// now.
func (a *API) inClub(text string, do func(club id.Club) error) (*nothing, error) {
	club, err := parseClub(text)
	if err != nil {
		return nil, err
	}
	if err := do(club); err != nil {
		return nil, err
	}
	a.hallway.others(a.Hallway.MembersOf(club))
	return &nothing{}, nil
}

// addMembership adds what one does for oneself.
func (a *API) addMembership(tags []string, path string) {
	add(a, huma.Operation{
		OperationID: "join-club", Method: "POST", Path: path + "/join", Tags: tags, Summary: "Say yes to the rules of a club",
	}, toWrite, func(ctx context.Context, in *struct {
		Club string `path:"club"`
		Body JoinClub
	},
	) (*output[Standing], error) {
		var at clubs.Standing
		_, err := a.inClub(in.Club, func(club id.Club) (err error) {
			at, err = a.Clubs.Join(ctx, me(ctx), club, in.Body.RulesVersion)
			return err
		})
		return answer(Standing{at}, err)
	})
	add(a, huma.Operation{
		OperationID: "leave-club", Method: "DELETE", Path: path + "/membership", Tags: tags,
		Summary: "Leave a club, take back that I have asked, or decline",
	}, toWrite, func(ctx context.Context, in *atClub) (*nothing, error) {
		return a.inClub(in.Club, func(club id.Club) error { return a.Clubs.Leave(ctx, me(ctx), club) })
	})
	add(a, huma.Operation{
		OperationID: "show-club", Method: "PUT", Path: path + "/membership", Tags: tags,
		Summary: "Say whether my profile shows that I am in a club",
	}, toWrite, func(ctx context.Context, in *struct {
		Club string `path:"club"`
		Body Membership
	},
	) (*nothing, error) {
		club, err := parseClub(in.Club)
		if err != nil {
			return nil, err
		}
		return &nothing{}, a.Clubs.Show(ctx, me(ctx), club, in.Body.Shown)
	})
	add(a, huma.Operation{
		OperationID: "nominate", Method: "POST", Path: path + "/nominations", Tags: tags, DefaultStatus: 204,
		Summary: "Nominate somebody, or invite them as an admin; answered alike however they stand to the club",
	}, toWrite, func(ctx context.Context, in *struct {
		Club string `path:"club"`
		Body ClubNomination
	},
	) (*nothing, error) {
		club, whom, err := parseClubPerson(in.Club, in.Body.Person)
		if err != nil {
			return nil, err
		}
		if err := a.Clubs.Nominate(ctx, me(ctx), club, whom); err != nil {
			return nil, err
		}
		a.hallway.others(a.Hallway.MembersOf(club)) // who has asked may be in it now
		return &nothing{}, nil
	})
}

// addMembers adds who is in a club, and what those do who lead it.
func (a *API) addMembers(tags []string, path string) {
	add(a, huma.Operation{
		OperationID: "list-club-members", Method: "GET", Path: path + "/members", Tags: tags, Summary: "Who is in a club with me",
	}, toRead, func(ctx context.Context, in *atClubPage) (*output[ClubMembers], error) {
		club, err := parseClub(in.Club)
		if err != nil {
			return nil, err
		}
		list, next, err := a.Clubs.Members(ctx, me(ctx), club, in.After, in.Limit)
		if err != nil {
			return nil, err
		}
		known, err := a.known(ctx, list)
		out := ClubMembers{[]ClubMember{}, next}
		for _, p := range list {
			if who, there := known[p.Person]; there {
				out.Members = append(out.Members, ClubMember{personOf(who), p.Standing, p.Since})
			}
		}
		return answer(out, err)
	})
	add(a, huma.Operation{
		OperationID: "set-club-role", Method: "PUT", Path: path + "/members/{person}", Tags: tags,
		Summary: "Make a member an admin, a member, or the founder in my place",
	}, toWrite, func(ctx context.Context, in *struct {
		Club   string `path:"club"`
		Person string `path:"person"`
		Body   ClubRole
	},
	) (*nothing, error) {
		club, whom, err := parseClubPerson(in.Club, in.Person)
		if err != nil {
			return nil, err
		}
		var to clubs.Standing
		if err := to.UnmarshalText([]byte(in.Body.Role)); err != nil {
			return nil, errValue{"body.role", err.Error()}
		}
		return &nothing{}, a.Clubs.SetStanding(ctx, me(ctx), club, whom, to)
	})
	add(a, huma.Operation{
		OperationID: "remove-club-member", Method: "DELETE", Path: path + "/members/{person}", Tags: tags,
		Summary: "Put somebody out of a club",
	}, toWrite, func(ctx context.Context, in *removingMember) (*nothing, error) {
		return a.toMember(in.Club, in.Person, func(club id.Club, whom id.Person) error {
			return a.Clubs.Remove(ctx, me(ctx), club, whom, in.Bar)
		})
	})
	add(a, huma.Operation{
		OperationID: "list-club-barred", Method: "GET", Path: path + "/barred", Tags: tags, Summary: "Who is kept out of a club",
	}, toRead, func(ctx context.Context, in *atClub) (*output[ClubBarred], error) {
		club, err := parseClub(in.Club)
		if err != nil {
			return nil, err
		}
		list, err := a.Clubs.Barred(ctx, me(ctx), club)
		if err != nil {
			return nil, err
		}
		known, err := a.known(ctx, list)
		out := ClubBarred{[]ClubMemberBarred{}}
		for _, p := range list {
			if who, there := known[p.Person]; there {
				out.Barred = append(out.Barred, ClubMemberBarred{personOf(who), p.Since})
			}
		}
		return answer(out, err)
	})
	add(a, huma.Operation{
		OperationID: "let-off", Method: "DELETE", Path: path + "/barred/{person}", Tags: tags, Summary: "Keep somebody out no more",
	}, toWrite, func(ctx context.Context, in *atClubPerson) (*nothing, error) {
		return a.toMember(in.Club, in.Person, func(club id.Club, whom id.Person) error {
			return a.Clubs.LetOff(ctx, me(ctx), club, whom)
		})
	})
	a.addPending(tags, path+"/pending")
}

// toMember does something to somebody in a club.
func (a *API) toMember(club, person string, do func(club id.Club, whom id.Person) error) (*nothing, error) {
	_, whom, err := parseClubPerson(club, person)
	if err != nil {
		return nil, err
	}
	return a.inClub(club, func(club id.Club) error { return do(club, whom) })
}

func (a *API) addPending(tags []string, path string) {
	add(a, huma.Operation{
		OperationID: "list-club-pending", Method: "GET", Path: path, Tags: tags, Summary: "Who has asked, is nominated or invited",
	}, toRead, func(ctx context.Context, in *atClub) (*output[ClubPending], error) {
		club, err := parseClub(in.Club)
		if err != nil {
			return nil, err
		}
		list, err := a.Clubs.Waiting(ctx, me(ctx), club)
		if err != nil {
			return nil, err
		}
		known, err := a.known(ctx, list)
		out := ClubPending{[]ClubWaiting{}}
		for _, p := range list {
			who, there := known[p.Person]
			if !there {
				continue
			}
			one := ClubWaiting{Person: personOf(who), Kind: p.Standing, At: p.Since}
			if by, there := known[p.By]; there {
				person := personOf(by)
				one.By = &person
			}
			out.Pending = append(out.Pending, one)
		}
		return answer(out, err)
	})
	for method, yes := range map[string]bool{"PUT": true, "DELETE": false} {
		name, what := "accept-pending", "Say yes: who has asked is a member, who is nominated is invited"
		if !yes {
			name, what = "refuse-pending", "Say no"
		}
		add(a, huma.Operation{
			OperationID: name, Method: method, Path: path + "/{person}", Tags: tags, Summary: what,
		}, toWrite, func(ctx context.Context, in *atClubPerson) (*nothing, error) {
			return a.toMember(in.Club, in.Person, func(club id.Club, whom id.Person) error {
				return a.Clubs.Answer(ctx, me(ctx), club, whom, yes)
			})
		})
	}
}

// profileClubs returns the clubs that who shows to whoever asks.
func (a *API) profileClubs(ctx context.Context, who id.Person) ([]ProfileClub, error) {
	shown, err := a.Clubs.ShownBy(ctx, me(ctx), who)
	var out []ProfileClub
	for _, c := range shown {
		out = append(out, ProfileClub{c.ID, c.Name, c.Standing})
	}
	return out, err
}
