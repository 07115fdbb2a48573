package storetest

import (
	"bytes"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/people"
)

func addresses(t *testing.T, s Store) {
	ctx, ada := t.Context(), first(t, s)
	bo := invited(t, s, ada, "Bo")
	_, err := s.Address(ctx, ada.ID)
	refused(t, err, people.ErrNoAddress)
	how, err := s.Mail(ctx, ada.ID)
	must(t, err)
	same(t, how, news.NoMail)
	never := func(news.Settings) time.Time { return time.Time{} }
	refused(t, s.SetMail(ctx, ada.ID, news.MailDigest, noon, never), people.ErrNoAddress)
	refused(t, s.SetAddress(ctx, people.SealedAddress{Person: id.New[id.Person](), Sealed: []byte{1}, Verified: noon}), people.ErrNoPerson)

	// Two may have the same: nobody knows it.
	one := people.SealedAddress{Person: ada.ID, Sealed: []byte{0, 0xff}, Verified: noon}
	other := people.SealedAddress{Person: bo.ID, Sealed: one.Sealed, Verified: noon.Add(time.Hour)}
	must(t, s.SetAddress(ctx, one))
	must(t, s.SetAddress(ctx, other))
	must(t, s.SetMail(ctx, ada.ID, news.MailNamed, noon, never))
	got, err := s.Address(ctx, ada.ID)
	must(t, err)
	same(t, got, one)

	// Another one takes its place, and what one wants by mail stays.
	one.Sealed, one.Verified = []byte{2}, noon.Add(2*time.Hour)
	must(t, s.SetAddress(ctx, one))
	got, err = s.Address(ctx, ada.ID)
	must(t, err)
	same(t, got, one)
	how, err = s.Mail(ctx, ada.ID)
	must(t, err)
	same(t, how, news.MailNamed)

	for range 2 {
		must(t, s.DropAddress(ctx, ada.ID))
	}
	_, err = s.Address(ctx, ada.ID)
	refused(t, err, people.ErrNoAddress)
	must(t, s.Erase(ctx, bo.ID))
	_, err = s.Address(ctx, bo.ID)
	refused(t, err, people.ErrNoAddress)
}

func newsByMail(t *testing.T, s Store) {
	ctx, ada := t.Context(), first(t, s)
	must(t, s.SetAddress(ctx, people.SealedAddress{Person: ada.ID, Sealed: []byte{1}, Verified: noon}))
	tell := func(at time.Time) news.Piece {
		t.Helper()
		p := piece(ada, news.Follow, 0)
		p.ID, p.At = id.New[news.ID](), at
		_, err := s.TellNews(ctx, []news.Piece{p}, func(news.Piece, news.Scene) news.Outcome { return news.Outcome{Fate: news.Show} })
		must(t, err)
		return p
	}
	tomorrow := noon.Add(24 * time.Hour)
	at := func(when time.Time) func(news.Settings) time.Time {
		return func(news.Settings) time.Time { return when }
	}
	due := func(now, next time.Time, tells bool) []news.Mailing {
		t.Helper()
		list, err := s.DueMail(ctx, now, 10, func(got news.Settings) (time.Time, bool) {
			same(t, got, news.AtFirst())
			return next, tells
		})
		must(t, err)
		return list
	}
	tell(noon.Add(-time.Minute)) // before they wanted mail
	must(t, s.SetMail(ctx, ada.ID, news.MailDigest, noon, at(noon.Add(time.Hour))))
	p := tell(noon.Add(time.Minute))
	same(t, len(due(noon.Add(59*time.Minute), tomorrow, true)), 0)
	// It is due once, and what is in it until it is told.
	want := []news.Mailing{{To: ada.ID, Pieces: []news.Piece{p}, Settings: news.AtFirst()}}
	same(t, due(noon.Add(time.Hour), tomorrow, true), want)
	same(t, len(due(noon.Add(2*time.Hour), tomorrow, true)), 0)
	must(t, s.SetMail(ctx, ada.ID, news.MailNamed, noon.Add(2*time.Hour), at(tomorrow)))
	want[0].Named = true
	same(t, due(tomorrow, tomorrow.Add(24*time.Hour), true), want)
	must(t, s.Mailed(ctx, ada.ID, p.At))
	must(t, s.Mailed(ctx, ada.ID, noon)) // an older one changes nothing
	p = tell(tomorrow)
	same(t, len(due(tomorrow.Add(24*time.Hour), tomorrow.Add(48*time.Hour), false)), 0)
	want[0].Pieces = []news.Piece{p}
	same(t, due(tomorrow.Add(48*time.Hour), tomorrow.Add(72*time.Hour), true), want)
	// Not of what is seen.
	must(t, s.SeeNews(ctx, ada.ID, p.ID))
	same(t, len(due(tomorrow.Add(72*time.Hour), tomorrow.Add(96*time.Hour), true)), 0)
	// With other hours it is due at another time, unless one wants none.
	tell(tomorrow.Add(time.Hour))
	must(t, s.SetNewsSettings(ctx, ada.ID, 0, news.AtFirst(), tomorrow.Add(74*time.Hour)))
	same(t, len(due(tomorrow.Add(74*time.Hour), time.Time{}, true)), 1)
	same(t, len(due(tomorrow.Add(1000*time.Hour), time.Time{}, true)), 0)
	must(t, s.SetMail(ctx, ada.ID, news.NoMail, noon, at(noon)))
	must(t, s.SetNewsSettings(ctx, ada.ID, 1, news.AtFirst(), noon))
	same(t, len(due(tomorrow, noon, true)), 0)
}

// Of conversations there is in a mail what nobody has looked at; whoever judges is told
// what comes by mail.
func messagesByMail(t *testing.T, s Store) {
	ctx := t.Context()
	c, now, who := talkers(t, s)
	ada, bo := who[0].Who, who[1].Who
	which, other := begins(t, c, true, []id.Person{bo}, who[0], who[1]), begins(t, c, false, []id.Person{bo}, who[0], who[1])
	tell := func(kind news.Kind, about id.Conversation, at time.Time, mail bool, mailed time.Time) news.Piece {
		t.Helper()
		p := news.Piece{ID: id.New[news.ID](), To: bo, Kind: kind, Who: ada, Talk: about, At: at}
		told, err := s.TellNews(ctx, []news.Piece{p}, func(_ news.Piece, scene news.Scene) news.Outcome {
			same(t, scene.Mail, mail)
			same(t, scene.Mailed, mailed)
			return news.Outcome{Fate: news.Show}
		})
		must(t, err)
		return told[0].Piece
	}
	at := *now
	in := func(minutes int) time.Time { return at.Add(time.Duration(minutes) * time.Minute) }
	never := time.Time{}
	tell(news.Message, which, at, false, never) // there is no address
	must(t, s.SetAddress(ctx, people.SealedAddress{Person: bo, Sealed: []byte{1}, Verified: at}))
	tell(news.Message, which, at, false, never) // nor mail
	must(t, s.SetMail(ctx, bo, news.MailDigest, in(1), func(news.Settings) time.Time { return in(60) }))
	first := tell(news.Message, which, in(2), true, in(1))
	second := tell(news.Message, other, in(3), true, in(1))
	tell(news.Follow, id.Conversation{}, in(4), false, never) // which is of no conversation
	due := func(now time.Time) (talks []id.Conversation) {
		t.Helper()
		list, err := s.DueMail(ctx, now, 10, func(news.Settings) (time.Time, bool) { return now.Add(time.Hour), true })
		must(t, err)
		for _, m := range list {
			for _, p := range m.Pieces {
				talks = append(talks, p.Talk)
			}
		}
		return talks
	}
	same(t, due(in(60)), []id.Conversation{{}, second.Talk, first.Talk})
	must(t, s.SeeTalk(ctx, bo, other))
	same(t, due(in(120)), []id.Conversation{{}, first.Talk})
	must(t, s.Mailed(ctx, bo, in(4)))
	same(t, len(due(in(180))), 0)
	third := tell(news.Message, other, in(190), true, in(4))
	same(t, due(in(240)), []id.Conversation{third.Talk})
	// Whoever wants no more mail is told of by none.
	must(t, s.SetMail(ctx, bo, news.NoMail, in(250), func(news.Settings) time.Time { return never }))
	tell(news.Message, which, in(250), false, in(4))
}

func peopleProve(t *testing.T, s Store) {
	ctx := t.Context()
	h, _, invite := house(t, s)
	ada, _, err := h.SignUpByRecovery(ctx, people.ByInvite(invite), "Ada")
	must(t, err)
	_, code, _, err := h.ProveAddress(ada.ID, " Ada.L+x@Bücher.Example ", true)
	must(t, err)
	must(t, h.VerifyAddress(ctx, ada.ID, code[:4]+" "+code[4:]))
	a, err := h.AddressOf(ctx, ada.ID)
	must(t, err)
	same(t, a, people.Address{Text: "Ada.L+x@xn--bcher-kva.example", German: true, Verified: a.Verified})
	sealed, err := s.Address(ctx, ada.ID)
	must(t, err)
	if bytes.Contains(sealed.Sealed, []byte("xn--bcher")) {
		t.Error("an address is stored in clear")
	}
	// It is listed for them.
	rows, err := h.Stored(ctx, ada.ID)
	must(t, err)
	found := false
	for _, r := range rows {
		found = found || r.Class == people.ClassAddress && r.More["address"] == a.Text
	}
	same(t, found, true)
	text, err := h.VerifiedAddress(ctx, ada.ID)
	must(t, err)
	same(t, text, a.Text)
	must(t, h.DropAddress(ctx, ada.ID))
	text, err = h.VerifiedAddress(ctx, ada.ID)
	must(t, err)
	same(t, text, "")
}
