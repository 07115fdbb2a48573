package storetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/reports"
)

func profiles(t *testing.T, s Store) {
	ctx, ada := t.Context(), first(t, s)
	w := people.SealedProfile{Person: ada.ID, Sealed: []byte("two"), Version: 1, Changed: noon}
	must(t, s.SetProfile(ctx, w))
	refused(t, s.SetProfile(ctx, w), people.ErrChanged)
	w.Version = 0
	refused(t, s.SetProfile(ctx, w), people.ErrChanged)

	// Of many who change one version, one does.
	w.Version = 2
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for n := range errs {
		wg.Go(func() { errs[n] = s.SetProfile(context.Background(), w) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		refused(t, err, people.ErrChanged)
	}
	same(t, won, 1)

	_, err := s.Picture(ctx, ada.ID, false)
	refused(t, err, people.ErrNoPicture)
	w.Version, w.Picture = 3, &people.SealedPicture{Large: []byte("large"), Small: []byte("small")}
	must(t, s.SetProfile(ctx, w))
	for small, want := range map[bool]string{false: "large", true: "small"} {
		got, err := s.Picture(ctx, ada.ID, small)
		must(t, err)
		same(t, string(got), want)
	}
	w.Version, w.Picture = 3, &people.SealedPicture{} // of before: nothing is taken away
	refused(t, s.SetProfile(ctx, w), people.ErrChanged)
	_, err = s.Picture(ctx, ada.ID, true)
	must(t, err)
	w.Version = 4
	must(t, s.SetProfile(ctx, w))
	_, err = s.Picture(ctx, ada.ID, true)
	refused(t, err, people.ErrNoPicture)

	bo := invited(t, s, ada, "Bo")
	by, err := s.Inviter(ctx, bo.ID)
	must(t, err)
	same(t, by.ID, ada.ID)
	_, err = s.Inviter(ctx, ada.ID)
	refused(t, err, people.ErrNoPerson)
}

func handles(t *testing.T, s Store) {
	ctx, ada := t.Context(), first(t, s)
	one, other := hash(), hash()
	must(t, s.SetProfile(ctx, people.SealedProfile{Person: ada.ID, Sealed: []byte{1}, Handle: &one, Version: 1}))
	who, err := s.WhoHasHandle(ctx, one)
	must(t, err)
	same(t, who, ada.ID)
	_, err = s.WhoHasHandle(ctx, other)
	refused(t, err, people.ErrNoPerson)
	bo := invited(t, s, ada, "Bo")
	refused(t, s.SetProfile(ctx, people.SealedProfile{Person: bo.ID, Sealed: []byte{1}, Handle: &one, Version: 1}), people.ErrHandleTaken)

	// Of many who want one, one has it.
	var all []people.Person
	for range 8 {
		all = append(all, invited(t, s, ada, "Cy"))
	}
	var wg sync.WaitGroup
	errs := make([]error, len(all))
	for n, p := range all {
		wg.Go(func() {
			errs[n] = s.SetProfile(context.Background(), people.SealedProfile{Person: p.ID, Sealed: []byte{1}, Handle: &other, Version: 1})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		refused(t, err, people.ErrHandleTaken)
	}
	same(t, won, 1)

	// What is given up is free.
	must(t, s.SetProfile(ctx, people.SealedProfile{Person: ada.ID, Sealed: []byte{1}, Version: 2}))
	must(t, s.SetProfile(ctx, people.SealedProfile{Person: bo.ID, Sealed: []byte{1}, Handle: &one, Version: 1}))
}

func erasure(t *testing.T, s Store) {
	ctx, ada := t.Context(), first(t, s)
	bo := invited(t, s, ada, "Bo")
	h := hash()
	must(t, s.AddPasskey(ctx, people.Passkey{ID: []byte("k"), Person: bo.ID, PublicKey: []byte{1}, Created: noon}))
	must(t, s.AddSession(ctx, people.Session{ID: id.New[people.SessionID](), Person: bo.ID, Created: noon, Seen: noon}, h))
	must(t, s.Follow(ctx, ada.ID, bo.ID, noon))
	must(t, s.Follow(ctx, bo.ID, ada.ID, noon))
	must(t, s.AddReport(ctx, reports.Report{ID: reports.ID{7}, About: ada.ID, By: bo.ID, Made: noon, Sealed: []byte{1}}))
	must(t, s.SetProfile(ctx, people.SealedProfile{
		Person: bo.ID, Sealed: []byte{1}, Handle: &h, Version: 1, Picture: &people.SealedPicture{Large: []byte{1}, Small: []byte{1}},
	}))
	rows, err := s.Rows(ctx, bo.ID)
	must(t, err)
	has := make(map[people.Class]int)
	for _, r := range rows {
		has[r.Class]++
	}
	same(t, has, map[people.Class]int{
		people.ClassAccount: 1, people.ClassRecovery: 1, people.ClassProfile: 1, people.ClassPicture: 1, people.ClassPasskeys: 1,
		people.ClassSessions: 1, people.ClassInvites: 1, people.ClassFollows: 1, people.ClassFollowers: 1, people.ClassReports: 1,
	})
	all, err := s.PeopleAfter(ctx, id.Person{}, 10)
	must(t, err)
	same(t, len(all), 2)

	must(t, s.Erase(ctx, bo.ID))
	refused(t, s.Erase(ctx, bo.ID), people.ErrNoPerson)
	_, err = s.Rows(ctx, bo.ID)
	refused(t, err, people.ErrNoPerson)
	_, err = s.Session(ctx, h)
	refused(t, err, people.ErrNoSession)
	_, err = s.WhoHasHandle(ctx, h)
	refused(t, err, people.ErrNoPerson)
	_, err = s.Picture(ctx, bo.ID, false)
	refused(t, err, people.ErrNoPicture)
	following, followers, err := s.CountFollows(ctx, ada.ID, ada.ID, 10)
	must(t, err)
	same(t, [2]int{following, followers}, [2]int{})
	list, err := s.Invites(ctx, ada.ID)
	must(t, err)
	same(t, list[0].State(noon), people.InviteUsed)
	same(t, list[0].UsedBy, people.Profile{})

	// When nobody is left, somebody can begin again.
	must(t, s.Erase(ctx, ada.ID))
	needed, err := s.Founder(ctx, people.Invite{Created: noon}, h)
	must(t, err)
	same(t, needed, true)
	i, err := s.Invite(ctx, h)
	must(t, err)
	same(t, i.State(noon), people.InviteOpen)
}

func keyring(t *testing.T, s Store) {
	ctx := t.Context()
	_, bound, err := s.Keyring(ctx)
	must(t, err)
	same(t, bound, false)
	must(t, s.Sweep(ctx))
	for range 2 {
		must(t, s.Bind(ctx, [16]byte{1}))
	}
	if err := s.Bind(ctx, [16]byte{2}); err == nil {
		t.Fatal("bound to two")
	}
	ring, bound, err := s.Keyring(ctx)
	must(t, err)
	same(t, bound, true)
	same(t, ring, [16]byte{1})
	for range 2 {
		must(t, s.Sweep(ctx))
	}
}

func peopleWriteProfiles(t *testing.T, s Store) {
	ctx := t.Context()
	p, _, founding := house(t, s)
	ada, _, err := p.SignUpByRecovery(ctx, people.ByInvite(founding), "Ada")
	must(t, err)
	bo := comes(t, p, s, ada.Person, "Bo")
	w := people.Written{Name: "Ada L.", Handle: "@Ada_L", Bio: "one\ntwo", Links: []people.Link{{URL: "https://stoa.example"}}, Languages: []string{"DE-at"}, ShowInviter: true}
	own, err := p.SetProfile(ctx, ada.ID, 1, w)
	must(t, err)
	w.Handle, w.Languages = "ada_l", []string{"de-AT"}
	same(t, own, people.OwnProfile{Written: w, Version: 2})
	_, err = p.SetProfile(ctx, ada.ID, 1, w)
	refused(t, err, people.ErrChanged)
	_, err = p.SetProfile(ctx, bo.ID, 1, people.Written{Name: "Bo", Handle: "ADA_L"})
	refused(t, err, people.ErrHandleTaken)
	who, err := p.ByHandle(ctx, "@ADA_l")
	must(t, err)
	same(t, who, ada.ID)

	version, err := p.SetPicture(ctx, ada.ID, []byte("large"), []byte("small"))
	must(t, err)
	got, v, err := p.Picture(ctx, ada.ID, true)
	must(t, err)
	same(t, string(got), "small")
	same(t, v, version)
	_, err = p.Rename(ctx, ada.ID, "Ada")
	must(t, err)
	_, err = p.SetProfile(ctx, bo.ID, 1, people.Written{Name: "Bo", ShowInviter: true})
	must(t, err)
	full, err := p.FullProfile(ctx, ada.ID, bo.ID)
	must(t, err)
	same(t, full.Inviter.Name, "Ada")
	same(t, full.Inviter.Picture, version)
	must(t, p.DropPicture(ctx, ada.ID))
	_, _, err = p.Picture(ctx, ada.ID, false)
	refused(t, err, people.ErrNoPicture)
}

func peopleAreErased(t *testing.T, s Store) {
	ctx := t.Context()
	p, _, founding := house(t, s)
	ada, _, err := p.SignUpByRecovery(ctx, people.ByInvite(founding), "Ada")
	must(t, err)
	code, err := p.NewRecovery(ctx, ada.ID)
	must(t, err)
	bo := comes(t, p, s, ada.Person, "Bo")
	_, token, err := p.SignIn(ctx, ada.ID)
	must(t, err)
	_, _, err = p.Session(ctx, token)
	must(t, err)
	must(t, p.Follow(ctx, bo.ID, ada.ID))
	refused(t, p.ProveEraseByRecovery(ctx, bo.ID, code), people.ErrSignIn)
	must(t, p.ProveEraseByRecovery(ctx, ada.ID, code))
	rows, err := p.Stored(ctx, ada.ID)
	must(t, err)
	same(t, rows[0].Class, people.ClassAccount)
	same(t, rows[len(rows)-1].Class, people.ClassKey)

	must(t, p.Erase(ctx, ada.ID))
	_, err = p.Account(ctx, ada.ID)
	refused(t, err, people.ErrNoPerson)
	_, _, err = p.Session(ctx, token)
	refused(t, err, people.ErrNoSession)
	list, err := p.Following(ctx, bo.ID)
	must(t, err)
	same(t, len(list), 0)
	settled, err := p.Settle(ctx)
	must(t, err)
	same(t, settled, people.Settled{})

	// She comes back with a backup, and goes.
	founder := hash()
	must(t, s.Erase(ctx, bo.ID))
	_, err = s.Founder(ctx, people.Invite{Created: noon}, founder)
	must(t, err)
	must(t, s.SignUp(ctx, people.NewAccount{Person: people.Person{ID: ada.ID, Created: noon.Add(time.Minute)}, Invite: &founder}))
	settled, err = p.Settle(ctx)
	must(t, err)
	same(t, settled, people.Settled{Purged: 1})
	_, err = p.Account(ctx, ada.ID)
	refused(t, err, people.ErrNoPerson)
}
