package storetest

import (
	"bytes"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/clubs"
	"github.com/stoa-audio/stoa/internal/conversations"
	"github.com/stoa-audio/stoa/internal/deputy"
	"github.com/stoa-audio/stoa/internal/discover"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/moderation"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/reports"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/schedule"
)

// Names that stay the same, so that Filled knows what Fill has made.
var (
	filledAda, filledBen = id.Person{1, 0xff}, id.Person{2}
	filledRoom, guests   = id.Room{1}, 700
	filledHouse          = id.Node{0xff, 9}
	filledToken          = people.Hash{7}
	filledPlan           = id.Plan{1, 0xff}
	filledKey            = discover.KeyID{0, 0xff}
	filledClub           = clubs.Club{
		ID: id.Club{0, 0xff}, RulesVersion: 1, Version: 1<<62 + 1, Created: noon,
		Words: clubs.Words{Name: "Tea 🦉", About: "one\ntwo", Rules: []string{"\"<&>'"}, Joining: clubs.Open, Rooms: clubs.ByAdmins, Listed: true},
	}
)

// Fill puts something of everything into an empty store.
func Fill(t *testing.T, s Store) {
	ctx := t.Context()
	founder, invite, recovery := people.Hash{1}, people.Hash{2}, people.Hash{3}
	_, err := s.Founder(ctx, people.Invite{Created: noon}, founder)
	must(t, err)
	ada := people.Person{ID: filledAda, Created: noon, Sealed: []byte{1, 0, 0xff}, Version: 1}
	key := people.Passkey{ID: []byte{0, 1, 0xff}, Person: ada.ID, PublicKey: []byte{0}, Flags: 0xff, Count: 1<<32 - 1, Created: noon}
	must(t, s.SignUp(ctx, people.NewAccount{Person: ada, Sealed: sealedOf(ada), Invite: &founder, Passkey: &key}))
	must(t, s.KeepBackup(ctx, ada.ID, people.Backup{Passkey: key.ID, Sealed: []byte{0, 0xff}}))
	must(t, s.Give(ctx, people.Invite{ID: people.InviteID{1}, By: ada, Created: noon, Expires: noon.Add(time.Hour)}, invite, 2))
	must(t, s.SignUp(ctx, people.NewAccount{Person: people.Person{ID: filledBen, Created: noon}, Invite: &invite, Recovery: &recovery}))
	handle := people.Hash{9}
	must(t, s.SetProfile(ctx, people.SealedProfile{
		Person: ada.ID, Sealed: ada.Sealed, Handle: &handle, Version: 1, Changed: noon,
		Picture: &people.SealedPicture{Large: []byte{0, 0xff}, Small: []byte{0}},
	}))
	must(t, s.Bind(ctx, [16]byte{0xff}))
	must(t, s.AddSession(ctx, people.Session{ID: people.SessionID{1}, Person: ada.ID, Created: noon, Seen: noon}, filledToken))
	must(t, s.Follow(ctx, filledBen, ada.ID, noon))
	must(t, s.SetNotify(ctx, filledBen, ada.ID, people.NotifyNever))
	must(t, s.Hide(ctx, ada.ID, filledBen, noon))
	must(t, s.SetBlock(ctx, filledBen, ada.ID, people.LevelMute, noon))
	must(t, s.KeepDeposits(ctx, filledKey))
	for i, who := range []id.Person{ada.ID, filledBen} {
		must(t, s.SetFindable(ctx, who, true, noon))
		must(t, s.SetDeposits(ctx, who, 0, filledKey, []discover.Deposit{{Kind: discover.Handle, Value: discover.Value{0xff, byte(i)}}}))
	}
	must(t, s.SetList(ctx, ada.ID, filledKey, []discover.Value{{0xff, 1}}, noon))
	must(t, s.SetList(ctx, filledBen, filledKey, []discover.Value{{0xff, 0}}, noon))
	must(t, s.FoundClub(ctx, filledClub, ada.ID, func(clubs.Scene) error { return nil }))
	follows := true
	must(t, s.ChangeClub(ctx, filledClub.ID, ada.ID, filledBen, noon, func(clubs.Scene) (clubs.Outcome, error) {
		return clubs.Outcome{Places: []clubs.Place{{Person: filledBen, Standing: clubs.Nominated, By: ada.ID}}, Follows: &follows}, nil
	}))
	k := newTalk(guests)
	k.name = filledRoom
	must(t, s.Append(ctx, k.name, 1, 1, k.events))
	must(t, s.Compact(ctx, k.name, 1, 1, []byte(state(t, nil, k.events[:1]))))
	other := newTalk(2)
	must(t, s.KeepEvents(ctx, filledHouse, other.name, 3, 1, other.events))
	must(t, s.AddReport(ctx, reports.Report{
		ID: reports.ID{1}, Room: k.name, About: ada.ID, By: filledBen, Made: noon,
		Hashes: [][16]byte{{1}, {2}}, Sealed: bytes.Repeat([]byte{0, 0xff}, reports.SealedMax/2),
	}))
	must(t, s.AddReport(ctx, reports.Report{ID: reports.ID{2}, Room: k.name, About: ada.ID, By: filledBen, Made: noon, Sealed: []byte{1}}))
	// Of long ago, so that it is late after three months as all else is.
	must(t, s.SetWarden(ctx, filledBen, noon))
	old := noon.Add(-moderation.OpenLife + 24*time.Hour)
	entry := moderation.Entry{ID: moderation.EntryID(ada.ID), Kind: moderation.Person, Person: ada.ID, Since: old}
	must(t, s.AddWritten(ctx, moderation.Report{
		ID: moderation.ReportID{1}, Entry: entry.ID, By: filledBen, Reason: moderation.Spam, Made: old, Sealed: []byte{0, 0xff},
	}, entry))
	ended := noon.Add(-moderation.DecisionsLife + 24*time.Hour)
	must(t, s.Decide(ctx, entry.ID, func(moderation.Scene) (moderation.Decision, error) {
		return moderation.Decision{
			ID: moderation.DecisionID{1}, Entry: entry.ID, Person: ada.ID, By: filledBen, What: moderation.Nothing, Made: noon, Ends: ended,
			Sealed: []byte{0, 0xff},
		}, nil
	}))
	must(t, s.AnswerDecision(ctx, moderation.DecisionID{1}, ada.ID, []byte{0, 0xff}, noon))
	plan := schedule.Plan{
		ID: filledPlan, Host: ada.ID, Sealed: []byte{0, 0xff}, Starts: noon.Add(time.Hour), Minutes: 60, Visibility: schedule.Closed,
		Language: "de", Fence: "eu", Recorded: true, Created: noon,
	}
	must(t, s.AddPlan(ctx, plan, []id.Person{filledBen}, []id.Person{filledBen}, noon))
	_, err = s.TellNews(ctx, []news.Piece{{
		ID: news.ID{0, 0xff}, To: filledBen, Kind: news.ClubInvited, Who: ada.ID, Room: k.name, Club: filledClub.ID, Plan: filledPlan, At: noon,
	}}, func(news.Piece, news.Scene) news.Outcome {
		return news.Outcome{Fate: news.Hold, Day: news.Day{Number: 1 << 40}, Digest: noon.Add(time.Hour)}
	})
	must(t, err)
	must(t, s.SetNewsSettings(ctx, filledBen, 0, news.AtFirst(), noon.Add(time.Hour)))
	must(t, s.SetAddress(ctx, people.SealedAddress{Person: filledBen, Sealed: []byte{0, 0xff}, Verified: noon}))
	must(t, s.SetMail(ctx, filledBen, news.MailNamed, noon, func(news.Settings) time.Time { return noon.Add(time.Hour) }))
	must(t, s.SetDevice(ctx, news.SealedDevice{Session: people.SessionID{1}, Person: ada.ID, Sealed: []byte{0, 0xff}, Since: noon}))
	_, err = s.Calendar(ctx, ada.ID, func(int64) schedule.Hash { return schedule.Hash{3} }, noon)
	must(t, err)
	talking := conversations.Member{Who: ada.ID, Device: conversations.Device{0, 0xff}}
	must(t, s.AddPackages(ctx, talking, [][]byte{{0, 0xff}}, []byte{1}, noon))
	must(t, s.Begin(ctx, conversations.Beginning{
		ID: conversations.ID{0, 0xff}, By: talking, With: []id.Person{filledBen}, Two: true, Devices: []conversations.Member{talking},
		Welcome: []byte{0, 0xff}, Info: []byte{0},
	}, nil, noon))
	must(t, s.SetPair(ctx, deputy.Pair{House: filledHouse, Term: 1<<62 + 1, Key: []byte{}, URL: "https://stoa.example"}))
}

// Filled looks whether what Fill has made is there.
func Filled(t *testing.T, s Store) {
	ctx := t.Context()
	a, err := s.Account(ctx, filledAda)
	must(t, err)
	same(t, a, people.Account{Person: people.Person{ID: filledAda, Created: noon, Sealed: []byte{1, 0, 0xff}, Version: 2}, Passkeys: 1})
	session, err := s.Session(ctx, filledToken)
	must(t, err)
	same(t, session.Person, filledAda)
	by, err := s.FollowedBy(ctx, filledBen)
	must(t, err)
	same(t, by, []id.Person{filledAda})
	mutual, err := s.Mutual(ctx, filledBen)
	must(t, err)
	same(t, mutual, []id.Person{filledAda})
	r, err := s.Report(ctx, reports.ID{1})
	must(t, err)
	same(t, len(r.Sealed), reports.SealedMax)
	r.Sealed, r.Made = nil, time.Time{}
	same(t, r, reports.Report{ID: r.ID, Room: filledRoom, About: filledAda, By: filledBen, Hashes: [][16]byte{{1}, {2}}})
	club, err := s.Club(ctx, filledBen, filledClub.ID)
	must(t, err)
	want := filledClub
	want.Members, want.Followers, want.Standing, want.Followed = 1, 1, clubs.Nominated, true
	same(t, club, want)
	plan, err := s.Plan(ctx, filledPlan, filledBen)
	must(t, err)
	same(t, plan.Cohosts, []schedule.Cohost{{Who: filledBen}})
	digests, err := s.Digests(ctx, noon.Add(time.Hour), 10)
	must(t, err)
	same(t, digests, []news.Digest{{To: filledBen, Pieces: []news.Piece{{
		ID: news.ID{0, 0xff}, To: filledBen, Kind: news.ClubInvited, Who: filledAda, Room: filledRoom, Club: filledClub.ID, Plan: filledPlan, At: noon, Held: true,
	}}}})
	address, err := s.Address(ctx, filledBen)
	must(t, err)
	same(t, address, people.SealedAddress{Person: filledBen, Sealed: []byte{0, 0xff}, Verified: noon})
	how, err := s.Mail(ctx, filledBen)
	must(t, err)
	same(t, how, news.MailNamed)
	devices, err := s.Devices(ctx, filledAda)
	must(t, err)
	same(t, len(devices), 1)
	owner, err := s.CalendarOf(ctx, schedule.Hash{3})
	must(t, err)
	same(t, owner, filledAda)
	rooms := load(t, s)
	same(t, len(rooms), 1)
	same(t, len(rooms[filledRoom].Events), guests)
	must(t, s.Append(ctx, filledRoom, 2, uint64(guests)+2, []room.Event{room.Ended{Why: room.EndedByModerator}}))
	kept := adopt(t, s, filledHouse, false)
	same(t, len(kept), 1)
	pairs, err := s.Pairs(ctx)
	must(t, err)
	same(t, pairs[0].Term, uint64(1<<62+1))
}
