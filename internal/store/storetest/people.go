package storetest

import (
	"crypto/sha256"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/people/peopletest"
	"github.com/stoa-audio/stoa/internal/search"
)

const origin = "https://stoa.example"

// house returns people kept in s, a clock to move, and the founder's code.
func house(t *testing.T, s Store) (p *people.People, now *time.Time, code string) {
	t.Helper()
	at := noon
	now = &at
	p = houseWith(t, s, now, func(*people.Config) {})
	code, needed, err := p.FounderInvite(t.Context())
	must(t, err)
	same(t, needed, true)
	return p, now, code
}

// houseWith returns people kept in s, of whom change has decided something.
func houseWith(t *testing.T, s Store, now *time.Time, change func(*people.Config)) *people.People {
	t.Helper()
	where, err := url.Parse(origin)
	must(t, err)
	names, err := search.Open(t.Context(), filepath.Join(t.TempDir(), search.File))
	must(t, err)
	t.Cleanup(func() { must(t, names.Close()) })
	c := people.Config{
		URL: where, House: "Test", InviteKey: []byte("a key for tests"), Growth: people.Growth{Start: 2, Most: 2},
		Keys: new(peopletest.Keys), HandleKey: []byte("another key for tests"), Index: names,
		InviteLife: 14 * 24 * time.Hour, Clock: func() time.Time { return *now },
	}
	change(&c)
	p, err := people.New(s, c)
	must(t, err)
	return p
}

// comes makes somebody whom by invited, around the allowance.
func comes(t *testing.T, p *people.People, s Store, by people.Person, name string) people.Person {
	t.Helper()
	code := id.New[people.Code]()
	i := people.Invite{ID: id.New[people.InviteID](), By: by, Created: noon, Expires: noon.Add(time.Hour)}
	must(t, s.Give(t.Context(), i, sha256.Sum256(code[:]), 1<<20))
	a, _, err := p.SignUpByRecovery(t.Context(), people.ByInvite(code.String()), name)
	must(t, err)
	return a.Person
}

func peopleSignUpAndIn(t *testing.T, s Store) {
	ctx := t.Context()
	p, _, invite := house(t, s)
	_, _, err := p.SignUpByRecovery(ctx, people.ByInvite(invite), " \n ")
	refused(t, err, people.ErrName)
	_, _, err = p.SignUpByRecovery(ctx, people.ByInvite("no code"), "Ada")
	refused(t, err, people.ErrNoInvite)

	ada, code, err := p.SignUpByRecovery(ctx, people.ByInvite(invite), " Ada\u0308 ")
	must(t, err)
	same(t, ada.Name, "Adä")
	_, _, err = p.SignUpByRecovery(ctx, people.ByInvite(invite), "Bo")
	refused(t, err, people.ErrNoInvite)

	// A code opens the account once, however it is typed, and yields the next.
	again, next, err := p.SignInByRecovery(ctx, strings.ToLower(strings.ReplaceAll(code, "-", " ")))
	must(t, err)
	same(t, again, ada)
	_, _, err = p.SignInByRecovery(ctx, code)
	refused(t, err, people.ErrSignIn)
	newest, err := p.NewRecovery(ctx, ada.ID)
	must(t, err)
	_, _, err = p.SignInByRecovery(ctx, next)
	refused(t, err, people.ErrSignIn)
	_, _, err = p.SignInByRecovery(ctx, newest)
	must(t, err)
}

func peopleAndPasskeys(t *testing.T, s Store) {
	ctx := t.Context()
	p, now, invite := house(t, s)
	device := &peopletest.Authenticator{Origin: origin, RPID: "stoa.example"}

	signUp := func(d *peopletest.Authenticator) (people.Account, error) {
		t.Helper()
		c, err := p.BeginSignUp(ctx, people.ByInvite(invite), "Ada")
		must(t, err)
		credential, err := d.Create(c.Options)
		must(t, err)
		return p.FinishSignUp(ctx, c.ID, credential)
	}
	signIn := func(d *peopletest.Authenticator) (people.Account, error) {
		t.Helper()
		c, err := p.BeginSignIn()
		must(t, err)
		credential, err := d.Get(c.Options)
		must(t, err)
		return p.FinishSignIn(ctx, c.ID, credential)
	}

	// Neither another site nor a device that asked nobody makes an account,
	// and neither uses the invite up.
	_, err := signUp(&peopletest.Authenticator{Origin: "https://evil.example", RPID: "stoa.example"})
	refused(t, err, people.ErrPasskey)
	_, err = signUp(&peopletest.Authenticator{Origin: origin, RPID: "stoa.example", Unverified: true})
	refused(t, err, people.ErrPasskey)
	ada, err := signUp(device)
	must(t, err)
	same(t, ada.Passkeys, 1)
	got, err := p.Account(ctx, ada.ID)
	must(t, err)
	same(t, got, ada)

	got, err = signIn(device)
	must(t, err)
	same(t, got, ada)

	// A copy of the device counts from where it was copied.
	device.Count = 0
	_, err = signIn(device)
	refused(t, err, people.ErrSignIn)
	device.Count = 5

	// A ceremony is for one purpose, one use, five minutes.
	c, err := p.BeginSignIn()
	must(t, err)
	credential, err := device.Get(c.Options)
	must(t, err)
	_, err = p.FinishSignIn(ctx, c.ID, credential)
	must(t, err)
	_, err = p.FinishSignIn(ctx, c.ID, credential)
	refused(t, err, people.ErrNoCeremony)
	c, err = p.BeginSignIn()
	must(t, err)
	_, err = p.FinishSignIn(ctx, c.ID, credential) // an answer to another challenge
	refused(t, err, people.ErrSignIn)
	c, err = p.BeginSignIn()
	must(t, err)
	_, err = p.FinishSignUp(ctx, c.ID, credential)
	refused(t, err, people.ErrNoCeremony)
	c, err = p.BeginSignIn()
	must(t, err)
	*now = now.Add(people.CeremonyLife)
	_, err = p.FinishSignIn(ctx, c.ID, credential)
	refused(t, err, people.ErrNoCeremony)
	_, err = p.FinishSignIn(ctx, id.New[people.CeremonyID](), credential)
	refused(t, err, people.ErrNoCeremony)

	// A second device, which nobody else can add.
	second := &peopletest.Authenticator{Origin: origin, RPID: "stoa.example"}
	c, err = p.BeginPasskey(ctx, ada.ID)
	must(t, err)
	credential, err = second.Create(c.Options)
	must(t, err)
	_, err = p.FinishPasskey(ctx, id.New[id.Person](), c.ID, credential)
	refused(t, err, people.ErrNoCeremony)
	c, err = p.BeginPasskey(ctx, ada.ID)
	must(t, err)
	credential, err = second.Create(c.Options)
	must(t, err)
	got, err = p.FinishPasskey(ctx, ada.ID, c.ID, credential)
	must(t, err)
	same(t, got.Passkeys, 2)
	got, err = signIn(second)
	must(t, err)
	same(t, got.ID, ada.ID)
}

func peopleAndBackups(t *testing.T, s Store) {
	ctx := t.Context()
	p, _, invite := house(t, s)
	device := &peopletest.Authenticator{Origin: origin, RPID: "stoa.example"}
	c, err := p.BeginSignUp(ctx, people.ByInvite(invite), "Ada")
	must(t, err)
	credential, err := device.Create(c.Options)
	must(t, err)
	ada, err := p.FinishSignUp(ctx, c.ID, credential)
	must(t, err)
	keys, err := s.Passkeys(ctx, ada.ID)
	must(t, err)

	b := people.Backup{Passkey: keys[0].ID, Sealed: make([]byte, people.BackupMax)}
	must(t, p.KeepBackup(ctx, ada.ID, b))
	for _, sealed := range [][]byte{nil, {}, make([]byte, people.BackupMax+1)} {
		refused(t, p.KeepBackup(ctx, ada.ID, people.Backup{Passkey: keys[0].ID, Sealed: sealed}), people.ErrBackup)
	}
	got, err := p.Backups(ctx, ada.ID)
	must(t, err)
	same(t, got, []people.Backup{b})
	must(t, p.ForgetBackups(ctx, ada.ID))
	got, err = p.Backups(ctx, ada.ID)
	must(t, err)
	same(t, got, []people.Backup{})
}

func peopleStaySignedIn(t *testing.T, s Store) {
	ctx := t.Context()
	p, now, invite := house(t, s)
	ada, _, err := p.SignUpByRecovery(ctx, people.ByInvite(invite), "Ada")
	must(t, err)
	started, token, err := p.SignIn(ctx, ada.ID)
	must(t, err)
	for _, wrong := range []string{"", token[1:], token + "A", strings.ToUpper(token)} {
		_, _, err := p.Session(ctx, wrong)
		refused(t, err, people.ErrNoSession)
	}

	// Use renews it, at most once an hour.
	*now = now.Add(people.SessionRenew - time.Millisecond)
	got, renewed, err := p.Session(ctx, token)
	must(t, err)
	same(t, renewed, false)
	same(t, got, started)
	*now = now.Add(time.Millisecond)
	got, renewed, err = p.Session(ctx, token)
	must(t, err)
	same(t, renewed, true)
	same(t, got.Seen, *now)
	*now = now.Add(people.SessionLife - time.Millisecond)
	_, renewed, err = p.Session(ctx, token)
	must(t, err)
	same(t, renewed, true)
	list, err := p.Sessions(ctx, ada.ID)
	must(t, err)
	same(t, len(list), 1)
	*now = now.Add(people.SessionLife)
	_, _, err = p.Session(ctx, token)
	refused(t, err, people.ErrNoSession)
	list, err = p.Sessions(ctx, ada.ID)
	must(t, err)
	same(t, len(list), 0)
}

func peopleInvite(t *testing.T, s Store) {
	ctx := t.Context()
	p, now, founding := house(t, s)
	i, err := p.Invite(ctx, founding)
	must(t, err)
	same(t, i.By, people.Person{})
	ada, _, err := p.SignUpByRecovery(ctx, people.ByInvite(founding), "Ada")
	must(t, err)
	_, needed, err := p.FounderInvite(ctx)
	must(t, err)
	same(t, needed, false)

	a, err := p.Give(ctx, ada.ID)
	must(t, err)
	i, err = p.Invite(ctx, a.Code.String())
	must(t, err)
	same(t, i.By, ada.Person)
	b, err := p.Give(ctx, ada.ID)
	must(t, err)
	_, err = p.Give(ctx, ada.ID)
	refused(t, err, people.ErrNoInvitesLeft)

	// The code is there for as long as it is of use.
	bo, _, err := p.SignUpByRecovery(ctx, people.ByInvite(a.Code.String()), "Bo")
	must(t, err)
	states := func() (out []people.InviteState, left int) {
		t.Helper()
		all, err := p.Invites(ctx, ada.ID)
		must(t, err)
		for _, g := range all.Given {
			out = append(out, g.State)
			same(t, g.Code.IsZero(), g.State != people.InviteOpen)
			if g.State == people.InviteUsed {
				same(t, g.UsedBy.Person, bo.Person)
			}
		}
		return out, all.Left
	}
	*now = now.Add(time.Second)
	list, left := states()
	same(t, left, 0)
	if len(list) != 2 {
		t.Fatalf("invites are %v", list)
	}
	must(t, p.Revoke(ctx, ada.ID, b.ID))
	_, err = p.Invite(ctx, b.Code.String())
	refused(t, err, people.ErrNoInvite)
	_, left = states()
	same(t, left, 1)
	c, err := p.Give(ctx, ada.ID)
	must(t, err)
	*now = now.Add(14 * 24 * time.Hour)
	_, err = p.Invite(ctx, c.Code.String())
	refused(t, err, people.ErrNoInvite)
	list, left = states()
	same(t, left, 1)
	same(t, list[0], people.InviteExpired)
}

func peopleGrow(t *testing.T, s Store) {
	ctx := t.Context()
	const week = 7 * 24 * time.Hour
	_, now, founding := house(t, s)
	p := houseWith(t, s, now, func(c *people.Config) {
		c.Open, c.Growth = true, people.Growth{Start: 1, Every: week, Most: 2}
	})

	// Nobody comes through the door of an empty house.
	_, _, err := p.SignUpByRecovery(ctx, people.ThroughTheDoor, "Cy")
	refused(t, err, people.ErrNoInvite)
	ada, _, err := p.SignUpByRecovery(ctx, people.ByInvite(founding), "Ada")
	must(t, err)
	bo, code, err := p.SignUpByRecovery(ctx, people.ThroughTheDoor, "Bo")
	must(t, err)
	again, _, err := p.SignInByRecovery(ctx, code)
	must(t, err)
	same(t, again, bo)

	has := func(who people.Account, left int, next time.Time) {
		t.Helper()
		all, err := p.Invites(ctx, who.ID)
		must(t, err)
		same(t, all.Left, left)
		same(t, all.Next, next)
	}
	came := ada.Created
	has(ada, 1, came.Add(week))
	has(bo, 0, came.Add(week))
	_, err = p.Give(ctx, bo.ID)
	refused(t, err, people.ErrNoInvitesLeft)
	_, err = p.Give(ctx, ada.ID)
	must(t, err)
	_, err = p.Give(ctx, ada.ID)
	refused(t, err, people.ErrNoInvitesLeft)

	*now = came.Add(week)
	has(ada, 1, time.Time{}) // the one that was given is open for another week
	has(bo, 1, came.Add(2*week))
	_, err = p.Give(ctx, bo.ID)
	must(t, err)
	has(bo, 0, came.Add(2*week))

	// Where the door is shut nobody comes through it.
	shut := houseWith(t, s, now, func(c *people.Config) {})
	_, _, err = shut.SignUpByRecovery(ctx, people.ThroughTheDoor, "Di")
	refused(t, err, people.ErrNoInvite)
	_, err = shut.BeginSignUp(ctx, people.ThroughTheDoor, "Di")
	refused(t, err, people.ErrNoInvite)
}

func peopleFollow(t *testing.T, s Store) {
	ctx := t.Context()
	p, _, founding := house(t, s)
	ada, _, err := p.SignUpByRecovery(ctx, people.ByInvite(founding), "Ada")
	must(t, err)
	refused(t, p.Follow(ctx, ada.ID, ada.ID), people.ErrSelf)
	bo, cy := comes(t, p, s, ada.Person, "Bo"), comes(t, p, s, ada.Person, "Cy")
	must(t, p.Follow(ctx, ada.ID, bo.ID))
	must(t, p.Follow(ctx, cy.ID, bo.ID))
	must(t, p.Follow(ctx, cy.ID, ada.ID))

	among, err := p.FollowedAmong(ctx, []id.Person{bo.ID, cy.ID, ada.ID}, []id.Person{ada.ID, bo.ID})
	must(t, err)
	same(t, among, []id.Person{bo.ID})
	among, err = p.FollowedAmong(ctx, []id.Person{cy.ID, ada.ID}, []id.Person{ada.ID, cy.ID})
	must(t, err)
	same(t, among, []id.Person{ada.ID})
	among, err = p.FollowersAmong(ctx, bo.ID, []id.Person{cy.ID, bo.ID})
	must(t, err)
	same(t, among, []id.Person{cy.ID})
}

// peopleKnown looks that what need not be read again is forgotten when it
// changes.
func peopleKnown(t *testing.T, s Store) {
	ctx := t.Context()
	p, now, invite := house(t, s)
	ada, _, err := p.SignUpByRecovery(ctx, people.ByInvite(invite), "Ada")
	must(t, err)
	first, token, err := p.SignIn(ctx, ada.ID)
	must(t, err)
	for range 2 {
		got, renewed, err := p.Session(ctx, token)
		must(t, err)
		same(t, got, first)
		same(t, renewed, false)
	}
	must(t, p.SignOut(ctx, ada.ID, first.ID))
	_, _, err = p.Session(ctx, token)
	refused(t, err, people.ErrNoSession)

	// The longest unseen gives way to one more, also if it is known.
	_, token, err = p.SignIn(ctx, ada.ID)
	must(t, err)
	_, _, err = p.Session(ctx, token)
	must(t, err)
	*now = now.Add(time.Minute)
	for range people.SessionsMax {
		_, _, err := p.SignIn(ctx, ada.ID)
		must(t, err)
	}
	_, _, err = p.Session(ctx, token)
	refused(t, err, people.ErrNoSession)

	bo := comes(t, p, s, ada.Person, "Bo")
	stage := []id.Person{ada.ID, id.New[id.Person]()}
	for range 2 {
		for range 2 {
			got, err := p.FollowersAmong(ctx, bo.ID, stage)
			must(t, err)
			same(t, len(got), 0)
		}
		must(t, p.Follow(ctx, ada.ID, bo.ID))
		for range 2 {
			got, err := p.FollowersAmong(ctx, bo.ID, stage)
			must(t, err)
			same(t, len(got), 1)
			same(t, got[0], ada.ID)
		}
		must(t, p.Unfollow(ctx, ada.ID, bo.ID))
	}

	// Whom one follows, how loud, and who follows one, is as it was last said.
	nobody := func() []id.Person { return nil }
	for _, how := range []people.Notify{people.NotifyAlways, people.NotifyNever} {
		for range 2 {
			must(t, p.FollowAs(ctx, ada.ID, bo.ID, how))
			follows, err := p.Follows(ctx, ada.ID)
			must(t, err)
			same(t, follows, map[id.Person]people.Notify{bo.ID: how})
			by, err := p.WhoFollows(ctx, bo.ID, nobody)
			must(t, err)
			same(t, by, map[id.Person]bool{ada.ID: true})
		}
		must(t, p.Unfollow(ctx, ada.ID, bo.ID))
		follows, err := p.Follows(ctx, ada.ID)
		must(t, err)
		same(t, len(follows), 0)
		by, err := p.WhoFollows(ctx, bo.ID, nobody)
		must(t, err)
		same(t, len(by), 0)
	}
}
