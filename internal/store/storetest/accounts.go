package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
)

// noon is a time with the precision that a store keeps.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func hash() (h people.Hash) {
	_, _ = rand.Read(h[:])
	return h
}

// must ends the test if there is an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused ends the test if err is not what is expected.
func refused(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

// first makes the first person of an empty house.
func first(t *testing.T, s people.Store) people.Person {
	t.Helper()
	code := hash()
	needed, err := s.Founder(t.Context(), people.Invite{Created: noon}, code)
	must(t, err)
	if !needed {
		t.Fatal("an empty house needs no founder")
	}
	p := people.Person{ID: id.New[id.Person](), Created: noon, Sealed: []byte("Aylin"), Version: 1}
	recovery := hash()
	must(t, s.SignUp(t.Context(), people.NewAccount{Person: p, Sealed: sealedOf(p), Invite: &code, Recovery: &recovery}))
	return p
}

func sealedOf(p people.Person) people.SealedProfile {
	return people.SealedProfile{Person: p.ID, Sealed: p.Sealed, Changed: p.Created}
}

// invited makes somebody whom by invited.
func invited(t *testing.T, s people.Store, by people.Person, name string) people.Person {
	t.Helper()
	code, recovery := hash(), hash()
	i := people.Invite{ID: id.New[people.InviteID](), By: by, Created: noon, Expires: noon.Add(time.Hour)}
	must(t, s.Give(t.Context(), i, code, 1<<20))
	p := people.Person{ID: id.New[id.Person](), Created: noon.Add(time.Minute), Sealed: []byte(name), Version: 1}
	must(t, s.SignUp(t.Context(), people.NewAccount{Person: p, Sealed: sealedOf(p), Invite: &code, Recovery: &recovery}))
	return p
}

func signUp(t *testing.T, s Store) {
	ctx, by := t.Context(), first(t, s)
	code := hash()
	give := func(name people.InviteID, code people.Hash, expires time.Time) {
		t.Helper()
		i := people.Invite{ID: name, By: by, Created: noon, Expires: expires}
		must(t, s.Give(ctx, i, code, 100))
	}
	name := id.New[people.InviteID]()
	give(name, code, noon.Add(time.Hour))

	p := people.Person{ID: id.New[id.Person](), Created: noon.Add(time.Minute)}
	k := people.Passkey{ID: []byte("key"), Person: p.ID, PublicKey: []byte{1, 2}, Flags: 5, Count: 1<<32 - 1, Created: p.Created}
	must(t, s.SignUp(ctx, people.NewAccount{Person: p, Invite: &code, Passkey: &k}))
	got, err := s.Account(ctx, p.ID)
	must(t, err)
	same(t, got, people.Account{Person: p, Passkeys: 1})
	keys, err := s.Passkeys(ctx, p.ID)
	must(t, err)
	same(t, keys, []people.Passkey{k})

	// Not twice, not unknown, not expired, not revoked: and nothing is left of
	// the attempt.
	expired, revoked := hash(), hash()
	give(id.New[people.InviteID](), expired, noon.Add(time.Second))
	name = id.New[people.InviteID]()
	give(name, revoked, noon.Add(time.Hour))
	must(t, s.Revoke(ctx, by.ID, name, noon))
	for _, code := range []people.Hash{code, hash(), expired, revoked} {
		again := people.Person{ID: id.New[id.Person](), Created: noon.Add(time.Minute)}
		refused(t, s.SignUp(ctx, people.NewAccount{Person: again, Invite: &code}), people.ErrNoInvite)
		_, err := s.Account(ctx, again.ID)
		refused(t, err, people.ErrNoPerson)
	}

	// A passkey that another account has uses nothing up.
	code = hash()
	give(id.New[people.InviteID](), code, noon.Add(time.Hour))
	thief := people.Person{ID: id.New[id.Person](), Created: noon}
	stolen := k
	stolen.Person = thief.ID
	refused(t, s.SignUp(ctx, people.NewAccount{Person: thief, Invite: &code, Passkey: &stolen}), people.ErrPasskey)
	i, err := s.Invite(ctx, code)
	must(t, err)
	same(t, i.State(noon), people.InviteOpen)
}

func oneInvite(t *testing.T, s Store) {
	by := first(t, s)
	for range 20 {
		code := hash()
		i := people.Invite{ID: id.New[people.InviteID](), By: by, Created: noon, Expires: noon.Add(time.Hour)}
		must(t, s.Give(t.Context(), i, code, 100))
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for n := range errs {
			wg.Go(func() {
				p := people.Person{ID: id.New[id.Person](), Created: noon}
				errs[n] = s.SignUp(context.Background(), people.NewAccount{Person: p, Invite: &code})
			})
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			refused(t, err, people.ErrNoInvite)
		}
		if won != 1 {
			t.Fatalf("%d of %d sign-ups with one invite won", won, len(errs))
		}
	}
}

func account(t *testing.T, s Store) {
	ctx, p := t.Context(), first(t, s)
	got, err := s.Account(ctx, p.ID)
	must(t, err)
	same(t, got, people.Account{Person: p, Recovery: true})

	w := people.SealedProfile{Person: p.ID, Sealed: []byte("Ada 🪴"), Version: 1, Changed: noon}
	must(t, s.SetProfile(ctx, w))
	p.Sealed, p.Version = w.Sealed, 2
	got, err = s.Account(ctx, p.ID)
	must(t, err)
	same(t, got.Person, p)
	profile, err := s.Profile(ctx, id.New[id.Person](), p.ID)
	must(t, err)
	same(t, profile, people.Profile{Person: p})
}

func passkeys(t *testing.T, s Store) {
	ctx, p := t.Context(), first(t, s)
	var want []people.Passkey
	for n := range people.PasskeysMax {
		k := people.Passkey{ID: []byte{byte(n)}, Person: p.ID, PublicKey: []byte{9}, Created: noon.Add(time.Duration(n) * time.Second)}
		must(t, s.AddPasskey(ctx, k))
		want = append(want, k)
	}
	k := people.Passkey{ID: []byte("one more"), Person: p.ID, PublicKey: []byte{9}, Created: noon}
	refused(t, s.AddPasskey(ctx, k), people.ErrPasskeys)

	want[3].Flags, want[3].Count = 29, 7
	must(t, s.UsePasskey(ctx, people.Passkey{ID: want[3].ID, Flags: 29, Count: 7}))
	refused(t, s.UsePasskey(ctx, k), people.ErrSignIn)
	got, err := s.Passkeys(ctx, p.ID)
	must(t, err)
	same(t, got, want)

	other := invited(t, s, p, "Bo")
	refused(t, s.AddPasskey(ctx, people.Passkey{ID: want[0].ID, Person: other.ID, PublicKey: []byte{9}}), people.ErrPasskey)
}

func backups(t *testing.T, s Store) {
	ctx, ada := t.Context(), first(t, s)
	bo := invited(t, s, ada, "Bo")
	for n, k := range []people.Passkey{
		{ID: []byte("a"), Person: ada.ID}, {ID: []byte("b"), Person: ada.ID}, {ID: []byte("c"), Person: bo.ID},
	} {
		k.PublicKey, k.Created = []byte{9}, noon.Add(time.Duration(n)*time.Second)
		must(t, s.AddPasskey(ctx, k))
	}
	of := func(who people.Person) []people.Backup {
		t.Helper()
		got, err := s.Backups(ctx, who.ID)
		must(t, err)
		return got
	}
	same(t, of(ada), []people.Backup{})

	first := people.Backup{Passkey: []byte("a"), Sealed: bytes.Repeat([]byte{0, 255}, people.BackupMax/2)}
	second := people.Backup{Passkey: []byte("b"), Sealed: []byte("two")}
	theirs := people.Backup{Passkey: []byte("c"), Sealed: []byte("three")}
	must(t, s.KeepBackup(ctx, ada.ID, second))
	must(t, s.KeepBackup(ctx, ada.ID, first))
	must(t, s.KeepBackup(ctx, bo.ID, theirs))
	same(t, of(ada), []people.Backup{first, second})

	// The newest counts, and nobody reaches what is beside another's passkey.
	second.Sealed = []byte("newer")
	must(t, s.KeepBackup(ctx, ada.ID, second))
	refused(t, s.KeepBackup(ctx, ada.ID, people.Backup{Passkey: theirs.Passkey, Sealed: []byte("mine")}), people.ErrNoPasskey)
	refused(t, s.KeepBackup(ctx, ada.ID, people.Backup{Passkey: []byte("none"), Sealed: []byte("mine")}), people.ErrNoPasskey)
	same(t, of(ada), []people.Backup{first, second})

	// A passkey that is used keeps it; what is forgotten is one's own.
	must(t, s.UsePasskey(ctx, people.Passkey{ID: first.Passkey, Count: 7}))
	same(t, of(ada), []people.Backup{first, second})
	must(t, s.ForgetBackups(ctx, ada.ID))
	same(t, of(ada), []people.Backup{})
	same(t, of(bo), []people.Backup{theirs})
}

func recovery(t *testing.T, s Store) {
	ctx, p := t.Context(), first(t, s)
	a, b := hash(), hash()
	must(t, s.SetRecovery(ctx, p.ID, a))
	got, err := s.Recover(ctx, a, b)
	must(t, err)
	same(t, got, p.ID)
	_, err = s.Recover(ctx, a, hash())
	refused(t, err, people.ErrSignIn)

	// Of many who use one code, one wins.
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for n := range errs {
		wg.Go(func() { _, errs[n] = s.Recover(context.Background(), b, hash()) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		refused(t, err, people.ErrSignIn)
	}
	same(t, won, 1)
}

func sessions(t *testing.T, s Store) {
	ctx, p := t.Context(), first(t, s)
	token := hash()
	n := people.Session{ID: id.New[people.SessionID](), Person: p.ID, Created: noon, Seen: noon}
	must(t, s.AddSession(ctx, n, token))
	got, err := s.Session(ctx, token)
	must(t, err)
	same(t, got, n)
	_, err = s.Session(ctx, hash())
	refused(t, err, people.ErrNoSession)

	n.Seen = noon.Add(2 * time.Hour)
	must(t, s.Renew(ctx, n.ID, n.Seen))
	got, err = s.Session(ctx, token)
	must(t, err)
	same(t, got, n)

	// Nobody ends another's session.
	refused(t, s.EndSession(ctx, invited(t, s, p, "Bo").ID, n.ID), people.ErrNoSession)
	must(t, s.EndSession(ctx, p.ID, n.ID))
	refused(t, s.EndSession(ctx, p.ID, n.ID), people.ErrNoSession)
	_, err = s.Session(ctx, token)
	refused(t, err, people.ErrNoSession)

	// The longest unseen goes when there are too many, and what is over goes.
	must(t, s.AddSession(ctx, n, token))
	for i := range people.SessionsMax {
		at := n.Seen.Add(time.Duration(i+1) * time.Second)
		must(t, s.AddSession(ctx, people.Session{ID: id.New[people.SessionID](), Person: p.ID, Created: at, Seen: at}, hash()))
	}
	_, err = s.Session(ctx, token)
	refused(t, err, people.ErrNoSession)
	list, err := s.Sessions(ctx, p.ID, noon)
	must(t, err)
	same(t, len(list), people.SessionsMax)
	for i := 1; i < len(list); i++ {
		if list[i-1].Seen.Before(list[i].Seen) {
			t.Fatal("sessions are not in the order they were last seen")
		}
	}
	late := noon.Add(people.SessionLife + 24*time.Hour)
	must(t, s.AddSession(ctx, people.Session{ID: id.New[people.SessionID](), Person: p.ID, Created: late, Seen: late}, hash()))
	list, err = s.Sessions(ctx, p.ID, time.Time{})
	must(t, err)
	same(t, len(list), 1)
}

func founder(t *testing.T, s Store) {
	ctx := t.Context()
	old, code := hash(), hash()
	for _, c := range []people.Hash{old, code} { // with another key there is another code
		needed, err := s.Founder(ctx, people.Invite{Created: noon}, c)
		must(t, err)
		same(t, needed, true)
	}
	_, err := s.Invite(ctx, old)
	refused(t, err, people.ErrNoInvite)
	i, err := s.Invite(ctx, code)
	must(t, err)
	same(t, i, people.Invite{Created: noon})
	same(t, i.State(noon.Add(1000*24*time.Hour)), people.InviteOpen)

	p := people.Person{ID: id.New[id.Person](), Created: noon}
	must(t, s.SignUp(ctx, people.NewAccount{Person: p, Invite: &code}))
	needed, err := s.Founder(ctx, people.Invite{Created: noon}, hash())
	must(t, err)
	same(t, needed, false)
	refused(t, s.SignUp(ctx, people.NewAccount{
		Person: people.Person{ID: id.New[id.Person](), Created: noon}, Invite: &code,
	}), people.ErrNoInvite)
}

func invites(t *testing.T, s Store) {
	ctx, by := t.Context(), first(t, s)
	at := noon
	give := func() (people.InviteID, people.Hash, error) {
		at = at.Add(time.Second)
		i := people.Invite{ID: id.New[people.InviteID](), By: by, Created: at, Expires: at.Add(time.Hour)}
		code := hash()
		return i.ID, code, s.Give(ctx, i, code, 2)
	}
	a, aCode, err := give()
	must(t, err)
	b, bCode, err := give()
	must(t, err)
	_, _, err = give()
	refused(t, err, people.ErrNoInvitesLeft)

	got, err := s.Invite(ctx, aCode)
	must(t, err)
	same(t, got.By, by)

	// A used one stays used; an unused one can be revoked, also twice.
	p := people.Person{ID: id.New[id.Person](), Created: at}
	must(t, s.SignUp(ctx, people.NewAccount{Person: p, Invite: &aCode}))
	refused(t, s.Revoke(ctx, by.ID, a, at), people.ErrNoInvite)
	refused(t, s.Revoke(ctx, p.ID, b, at), people.ErrNoInvite)
	must(t, s.Revoke(ctx, by.ID, b, at))
	must(t, s.Revoke(ctx, by.ID, b, at.Add(time.Minute)))
	got, err = s.Invite(ctx, bCode)
	must(t, err)
	same(t, got.Revoked, at)

	must(t, s.Follow(ctx, by.ID, p.ID, at))
	list, err := s.Invites(ctx, by.ID)
	must(t, err)
	same(t, len(list), 2)
	same(t, list[0].ID, b)
	same(t, list[0].UsedBy, people.Profile{})
	same(t, list[1].ID, a)
	same(t, list[1].UsedBy, people.Profile{Person: p, Followed: true, Notify: people.NotifySometimes})

	// The revoked one and an expired one can be given again, and again.
	_, _, err = give()
	must(t, err)
	at = at.Add(2 * time.Hour)
	for range people.SpentMax + 5 {
		c, _, err := give()
		must(t, err)
		must(t, s.Revoke(ctx, by.ID, c, at))
	}
	_, _, err = give()
	must(t, err)
	list, err = s.Invites(ctx, by.ID)
	must(t, err)
	same(t, len(list), people.SpentMax+2) // and one used, one open
}

func follows(t *testing.T, s Store) {
	ctx, a := t.Context(), first(t, s)
	b, c := invited(t, s, a, "Bo"), invited(t, s, a, "Cy")
	for range 2 { // following twice is following
		must(t, s.Follow(ctx, a.ID, b.ID, noon))
	}
	must(t, s.Follow(ctx, a.ID, c.ID, noon.Add(time.Second)))
	must(t, s.Follow(ctx, b.ID, a.ID, noon))
	refused(t, s.Follow(ctx, a.ID, id.New[id.Person](), noon), people.ErrNoPerson)

	list, err := s.Following(ctx, a.ID)
	must(t, err)
	same(t, list, []people.Profile{{Person: c, Followed: true, Notify: people.NotifySometimes}, {Person: b, Followed: true, Notify: people.NotifySometimes, FollowsMe: true}})
	list, err = s.Followers(ctx, c.ID)
	must(t, err)
	same(t, list, []people.Profile{{Person: a, FollowsMe: true}})
	profile, err := s.Profile(ctx, b.ID, a.ID)
	must(t, err)
	same(t, profile, people.Profile{Person: a, Followed: true, Notify: people.NotifySometimes, FollowsMe: true})

	among, err := s.FollowersAmong(ctx, b.ID, []id.Person{c.ID, a.ID, b.ID})
	must(t, err)
	same(t, among, []id.Person{a.ID})
	by, err := s.FollowedBy(ctx, a.ID)
	must(t, err)
	same(t, len(by), 2)
	must(t, s.SetNotify(ctx, a.ID, c.ID, people.NotifyAlways))
	levels, err := s.Levels(ctx, a.ID)
	must(t, err)
	same(t, levels, map[id.Person]people.Notify{b.ID: people.NotifySometimes, c.ID: people.NotifyAlways})
	must(t, s.SetNotify(ctx, a.ID, c.ID, people.NotifySometimes))
	ids, err := s.FollowerIDs(ctx, b.ID, 10)
	must(t, err)
	same(t, ids, []id.Person{a.ID})
	ids, err = s.FollowerIDs(ctx, b.ID, 0)
	must(t, err)
	same(t, len(ids), 0)

	for range 2 {
		must(t, s.Unfollow(ctx, a.ID, b.ID))
	}
	list, err = s.Following(ctx, a.ID)
	must(t, err)
	same(t, list, []people.Profile{{Person: c, Followed: true, Notify: people.NotifySometimes}})
}

func followsBounded(t *testing.T, s Store) {
	if testing.Short() {
		t.Skip("makes 10,000 people")
	}
	ctx, a := t.Context(), first(t, s)
	const at = 50 // once, to share commits
	var wg sync.WaitGroup
	errs := make([]error, at)
	for n := range at {
		by := invited(t, s, a, "Bo")
		must(t, s.Follow(ctx, a.ID, by.ID, noon))
		wg.Go(func() {
			for range people.FollowingMax/at - 1 {
				// Each invites the next, so that nobody has invited many.
				code := hash()
				i := people.Invite{ID: id.New[people.InviteID](), By: by, Created: noon, Expires: noon.Add(time.Hour)}
				by = people.Person{ID: id.New[id.Person](), Created: noon}
				errs[n] = errors.Join(errs[n],
					s.Give(ctx, i, code, 1),
					s.SignUp(ctx, people.NewAccount{Person: by, Invite: &code}),
					s.Follow(ctx, a.ID, by.ID, noon))
			}
		})
	}
	wg.Wait()
	must(t, errors.Join(errs...))
	refused(t, s.Follow(ctx, a.ID, a.ID, noon), people.ErrFollowing)
	by, err := s.FollowedBy(ctx, a.ID)
	must(t, err)
	same(t, len(by), people.FollowingMax)
	must(t, s.Follow(ctx, a.ID, by[0], noon)) // that is so already
}

func nobody(t *testing.T, s Store) {
	ctx, who := t.Context(), id.New[id.Person]()
	_, err := s.Account(ctx, who)
	refused(t, err, people.ErrNoPerson)
	_, err = s.Profile(ctx, who, who)
	refused(t, err, people.ErrNoPerson)
	refused(t, s.SetProfile(ctx, people.SealedProfile{Person: who, Sealed: []byte{1}}), people.ErrNoPerson)
	refused(t, s.Erase(ctx, who), people.ErrNoPerson)
	refused(t, s.SetRecovery(ctx, who, hash()), people.ErrNoPerson)
	refused(t, s.AddPasskey(ctx, people.Passkey{ID: []byte{1}, Person: who, PublicKey: []byte{1}}), people.ErrNoPerson)
	refused(t, s.Revoke(ctx, who, id.New[people.InviteID](), noon), people.ErrNoInvite)
	must(t, s.Unfollow(ctx, who, who))
	keys, err := s.Passkeys(ctx, who)
	must(t, err)
	same(t, len(keys), 0)
	kept, err := s.Backups(ctx, who)
	must(t, err)
	same(t, len(kept), 0)
	refused(t, s.KeepBackup(ctx, who, people.Backup{Passkey: []byte{1}, Sealed: []byte{1}}), people.ErrNoPasskey)
	must(t, s.ForgetBackups(ctx, who))
}
