package clubs

import (
	"errors"
	"testing"

	"github.com/stoa-audio/stoa/internal/id"
)

var ada, bo = id.Person{1}, id.Person{2}

// scene is a listed club with open doors, three members and no bound reached.
func scene(by, whom Standing, change ...func(*Scene)) Scene {
	s := Scene{
		Club: Club{
			Words: Words{Joining: Open, Rooms: ByMembers, Listed: true, Rules: []string{"Be kind"}},
			ID:    id.Club{9}, RulesVersion: 3, Version: 7, Members: 3,
		},
		By: Place{Person: ada, Standing: by}, Whom: Place{Person: bo, Standing: whom}, Known: true,
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

// alone is a scene about oneself.
func alone(at Standing, change ...func(*Scene)) Scene {
	s := scene(at, at, change...)
	s.Whom.Person = ada
	return s
}

func unlisted(s *Scene)   { s.Club.Listed = false }
func approval(s *Scene)   { s.Club.Joining = Approval }
func nominated(s *Scene)  { s.Club.Joining = Nomination }
func fullClub(s *Scene)   { s.Club.Members = MembersMax }
func waitFull(s *Scene)   { s.Waiting = WaitingMax }
func barredFull(s *Scene) { s.Barred = BarredMax }
func adminsFull(s *Scene) { s.Admins = AdminsMax }
func inMany(s *Scene)     { s.In = InMax }
func founded(s *Scene)    { s.Founded = FoundedMax }
func wanted(s *Scene)     { s.Wanted = WantedMax }
func named(s *Scene)      { s.Nominations = NominationsMax }
func unknown(s *Scene)    { s.Known = false }
func onlyOne(s *Scene)    { s.Club.Members = 1 }
func follows(s *Scene)    { s.Followed = FollowedMax }

func TestRules(t *testing.T) {
	w := Words{Name: "Tea", Rules: []string{"Be kind"}, Joining: Open, Rooms: ByMembers, Listed: true}
	type rule = func(Scene) (Outcome, error)
	yes, no := reply(true), reply(false)
	nothing := Standing(99) // nobody stands otherwise
	for _, c := range []struct {
		what  string
		rule  rule
		scene Scene
		err   error
		to    Standing // of whom it is about
	}{
		{"anybody joins an open club", join(3), alone(None), nil, Member},
		{"a member is a member already, whatever the rules", join(1), alone(Member), nil, nothing},
		{"who is barred does not join", join(3), alone(Barred), ErrNoEntry, 0},
		{"who is barred from an unlisted club knows none", join(3), alone(Barred, unlisted), ErrNone, 0},
		{"nobody joins an unlisted club", join(3), alone(None, unlisted), ErrNone, 0},
		{"nor does who is nominated for it", join(3), alone(Nominated, unlisted), ErrNone, 0},
		{"who is invited joins it", join(3), alone(Invited, unlisted, nominated), nil, Member},
		{"one says yes to the rules as they are", join(2), alone(None), ErrRules, 0},
		{"also when invited", join(4), alone(Invited), ErrRules, 0},
		{"with an approval one asks", join(3), alone(None, approval), nil, Asked},
		{"and asks once", join(3), alone(Asked, approval), nil, nothing},
		{"who is nominated asks as well", join(3), alone(Nominated, approval, waitFull), nil, Asked},
		{"who is invited need not ask", join(3), alone(Invited, approval), nil, Member},
		{"by nomination one does not ask", join(3), alone(None, nominated), ErrNomination, 0},
		{"a nomination is no invitation", join(3), alone(Nominated, nominated), ErrNomination, 0},
		{"who has asked comes in when doors open", join(3), alone(Asked), nil, Member},
		{"a full club takes nobody", join(3), alone(None, fullClub), ErrFull, 0},
		{"nor asks anybody to wait for ever", join(3), alone(None, approval, waitFull), ErrFull, 0},
		{"one is in so many clubs", join(3), alone(None, inMany), ErrTooMany, 0},
		{"and asks in no more", join(3), alone(None, approval, inMany), ErrTooMany, 0},
		{"what one has asked counts once", join(3), alone(Asked, inMany), nil, Member},

		{"a member leaves", leave, alone(Member), nil, None},
		{"an admin leaves", leave, alone(Admin), nil, None},
		{"who has asked takes it back", leave, alone(Asked), nil, None},
		{"who is invited declines", leave, alone(Invited, unlisted), nil, None},
		{"who is barred stays so", leave, alone(Barred), nil, nothing},
		{"who is not there is not there", leave, alone(None), nil, nothing},
		{"nobody leaves what they do not know of", leave, alone(None, unlisted), ErrNone, 0},
		{"the founder does not leave others", leave, alone(Founder), ErrFounderStays, 0},

		{"a founder makes an admin", promote(Admin), scene(Founder, Member), nil, Admin},
		{"and unmakes one", promote(Member), scene(Founder, Admin), nil, Member},
		{"and hands over", promote(Founder), scene(Founder, Member), nil, Founder},
		{"but once", promote(Founder), scene(Admin, Member), ErrNotFounder, 0},
		{"not to somebody with too many", promote(Founder), scene(Founder, Member, founded), ErrTooMany, 0},
		{"not if no admin fits", promote(Founder), scene(Founder, Member, adminsFull), ErrFull, 0},
		{"an admin makes room for the founder", promote(Founder), scene(Founder, Admin, adminsFull), nil, Founder},
		{"there are so many admins", promote(Admin), scene(Founder, Member, adminsFull), ErrFull, 0},
		{"an admin makes none", promote(Admin), scene(Admin, Member), ErrNotFounder, 0},
		{"nor a member", promote(Admin), scene(Member, Member), ErrNotFounder, 0},
		{"nor who is none", promote(Admin), scene(None, Member), ErrNotMember, 0},
		{"and outsiders know of none", promote(Admin), scene(None, Member, unlisted), ErrNone, 0},
		{"who is invited is not made anything", promote(Member), scene(Founder, Invited), ErrNoPerson, 0},
		{"the founder is no less", promote(Admin), alone(Founder), ErrFounderStays, 0},
		{"the founder is the founder", promote(Founder), alone(Founder), nil, nothing},

		{"an admin removes a member", putOut(false), scene(Admin, Member), nil, None},
		{"but no admin", putOut(false), scene(Admin, Admin), ErrNotFounder, 0},
		{"the founder does", putOut(true), scene(Founder, Admin), nil, Barred},
		{"nobody removes the founder", putOut(true), scene(Admin, Founder), ErrNotFounder, 0},
		{"nor themselves", putOut(false), alone(Founder), ErrSelf, 0},
		{"a member removes nobody", putOut(false), scene(Member, Member), ErrNotAdmin, 0},
		{"nobody removes who is not there", putOut(false), scene(Admin, Asked), ErrNoPerson, 0},
		{"but may bar them", putOut(true), scene(Admin, Asked), nil, Barred},
		{"if there is such a person", putOut(true), scene(Admin, None, unknown), ErrNoPerson, 0},
		{"once", putOut(true), scene(Admin, Barred, barredFull), nil, nothing},
		{"and so many", putOut(true), scene(Admin, Member, barredFull), ErrFull, 0},
		{"who is barred is let off", letOff, scene(Admin, Barred), nil, None},
		{"nobody else is", letOff, scene(Admin, Member), ErrNoPerson, 0},
		{"by admins", letOff, scene(Member, Barred), ErrNotAdmin, 0},

		{"a yes to who has asked", yes, scene(Admin, Asked), nil, Member},
		{"in a full club", yes, scene(Admin, Asked, fullClub), ErrFull, 0},
		{"who is in too many", yes, scene(Admin, Asked, func(s *Scene) { s.In = InMax + 1 }), ErrTooMany, 0},
		{"a yes to who is nominated asks them", yes, scene(Admin, Nominated), nil, Invited},
		{"a yes to who is invited", yes, scene(Admin, Invited), nil, nothing},
		{"a no", no, scene(Admin, Asked), nil, None},
		{"a no to an invitation", no, scene(Founder, Invited), nil, None},
		{"a yes to nobody", yes, scene(Admin, None), ErrNoPerson, 0},
		{"a yes to a member", yes, scene(Admin, Member), ErrNoPerson, 0},
		{"a no to who is barred", no, scene(Admin, Barred), ErrNoPerson, 0},
		{"a member's yes", yes, scene(Member, Asked), ErrNotAdmin, 0},

		{"a member nominates", nominate, scene(Member, None), nil, Nominated},
		{"an admin invites", nominate, scene(Admin, None), nil, Invited},
		{"an admin invites who is nominated", nominate, scene(Admin, Nominated), nil, Invited},
		{"an admin says yes to who has asked", nominate, scene(Admin, Asked), nil, Member},
		{"or leaves them if nobody fits", nominate, scene(Admin, Asked, fullClub), nil, nothing},
		{"a member cannot", nominate, scene(Member, Asked), nil, nothing},
		{"who is barred", nominate, scene(Admin, Barred), nil, nothing},
		{"who is in it", nominate, scene(Admin, Founder), nil, nothing},
		{"who is wanted by too many", nominate, scene(Admin, None, wanted), nil, nothing},
		{"who is nobody", nominate, scene(Admin, None, unknown), ErrNoPerson, 0},
		{"so many of each", nominate, scene(Member, None, named), ErrNominations, 0},
		{"also who is in it", nominate, scene(Member, Admin, named), ErrNominations, 0},
		{"so many of all", nominate, scene(Admin, None, waitFull), ErrFull, 0},
		{"also who is barred", nominate, scene(Admin, Barred, waitFull), ErrFull, 0},
		{"outsiders nominate nobody", nominate, scene(Invited, None), ErrNotMember, 0},

		{"the founder deletes it", remove, alone(Founder), nil, nothing},
		{"an admin does not", remove, alone(Admin), ErrNotFounder, 0},
		{"nor a stranger", remove, alone(None, unlisted), ErrNone, 0},
		{"a member shows it", show(true), alone(Member), nil, nothing},
		{"who is invited does not", show(true), alone(Invited), ErrNotMember, 0},
		{"anybody follows what is listed", follow(true), alone(None), nil, nothing},
		{"who is barred, too", follow(true), alone(Barred), nil, nothing},
		{"nobody what is not", follow(true), alone(Member, unlisted), ErrNone, 0},
		{"so many", follow(true), alone(None, follows), ErrTooMany, 0},
		{"and unfollows", follow(false), alone(None, follows), nil, nothing},
		{"an admin changes it", rewrite(7, w), alone(Admin), nil, nothing},
		{"as it was seen", rewrite(6, w), alone(Admin), ErrChanged, 0},
		{"a member does not", rewrite(6, w), alone(Member), ErrNotAdmin, 0},
		{"a stranger knows of none", rewrite(6, w), alone(Nominated, unlisted), ErrNone, 0},
	} {
		out, err := c.rule(c.scene)
		if !errors.Is(err, c.err) || (err != nil) != (c.err != nil) {
			t.Errorf("%s: %v, want %v", c.what, err, c.err)
			continue
		}
		if err != nil {
			continue
		}
		to := nothing
		for _, p := range out.Places {
			if p.Person == c.scene.Whom.Person {
				to = p.Standing
			}
		}
		if to != c.to {
			t.Errorf("%s: %v, want %v", c.what, to, c.to)
		}
		// Nobody becomes a member whose yes it is not, unless they have asked before.
		if to != nothing && to >= Member && c.scene.Whom.Standing < Asked && c.scene.By.Person != c.scene.Whom.Person {
			t.Errorf("%s: a member without a yes", c.what)
		}
	}
}

func TestOutcomes(t *testing.T) {
	out, err := leave(alone(Founder, onlyOne))
	if err != nil || !out.Gone {
		t.Errorf("the last one leaves: %+v, %v", out, err)
	}
	out, err = remove(alone(Founder))
	if err != nil || !out.Gone {
		t.Errorf("deleted: %+v, %v", out, err)
	}
	out, err = promote(Founder)(scene(Founder, Admin))
	if err != nil || len(out.Places) != 2 || out.Places[1].Person != ada || out.Places[1].Standing != Admin {
		t.Errorf("handed over: %+v, %v", out, err)
	}
	out, err = nominate(scene(Member, None))
	if err != nil || out.Places[0].By != ada {
		t.Errorf("nominated: %+v, %v", out, err)
	}
	w := Words{Rules: []string{"Be kind"}}
	if out, _ := rewrite(7, w)(alone(Admin)); out.Rules != 3 {
		t.Errorf("the same rules have the version %d", out.Rules)
	}
	w.Rules = []string{"Be kind", "Be brief"}
	if out, _ := rewrite(7, w)(alone(Admin)); out.Rules != 4 {
		t.Errorf("other rules have the version %d", out.Rules)
	}
	for what, s := range map[string]Scene{"founded": alone(None, founded), "in": alone(None, inMany)} {
		if err := found(s); !errors.Is(err, ErrTooMany) {
			t.Errorf("%s as many as one may: %v", what, err)
		}
	}
}
