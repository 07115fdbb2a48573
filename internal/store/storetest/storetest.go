// Package storetest is the one test that every store must pass: it says what
// people.Store, clubs.Store, conversations.Store, discover.Store, live.Store, deputy.Store, reports.Store,
// moderation.Store, schedule.Store and news.Store promise, by example. It also walks through the
// accounts as package people uses the store, since that is what the promises
// are for.
package storetest

import (
	"context"
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
	"github.com/stoa-audio/stoa/internal/privacy"
	"github.com/stoa-audio/stoa/internal/reports"
	"github.com/stoa-audio/stoa/internal/schedule"
)

// A Store is what a house needs kept.
type Store interface {
	people.Store
	clubs.Store
	conversations.Store
	discover.Store
	deputy.Store // a live.Store
	reports.Store
	moderation.Store
	schedule.Store
	news.Store
	// The keyring that the records belong to.
	Bind(ctx context.Context, ring [id.Size]byte) error
	Keyring(ctx context.Context) (ring [id.Size]byte, bound bool, err error)
	// Ages is how old the records are.
	Ages(ctx context.Context, now time.Time) ([]privacy.Age, error)
	Close() error
}

// Test runs the whole contract. Open returns an empty store, which it closes
// when the test is over.
func Test(t *testing.T, open func(t *testing.T) Store) {
	for name, test := range map[string]func(*testing.T, Store){
		"sign up":                  signUp,
		"one invite, two sign-ups": oneInvite,
		"account":                  account,
		"passkeys":                 passkeys,
		"backups":                  backups,
		"recovery":                 recovery,
		"sessions":                 sessions,
		"what is over":             over,
		"founder":                  founder,
		"invites":                  invites,
		"follows":                  follows,
		"follows are bounded":      followsBounded,
		"nobody":                   nobody,
		"profiles":                 profiles,
		"handles":                  handles,
		"erasure":                  erasure,
		"keyring":                  keyring,
		"people write profiles":    peopleWriteProfiles,
		"people are erased":        peopleAreErased,
		"clubs":                    keepsClubs,
		"clubs at the last place":  clubsAtOnce,
		"clubs without founders":   clubsErased,
		"clubs found":              clubsFound,
		"clubs of people":          clubsOfPeople,
		"hidden and loud":          hiddenAndLoud,
		"blocks":                   blocks,
		"blocks are bounded":       blocksBounded,
		"blocks and plans":         blocksAndPlans,
		"blocks and clubs":         blocksAndClubs,
		"people block":             peopleBlock,
		"discovery":                keepsFinders,
		"discovery, another key":   keysAreReplaced,
		"people find each other":   peopleFindEachOther,
		"reports":                  keepsReports,
		"wardens":                  keepsWardens,
		"queue":                    keepsQueue,
		"queue forgets":            queueForgets,
		"key packages":             keyPackages,
		"conversation of two":      conversationOfTwo,
		"conversation declined":    conversationDeclined,
		"conversation of few":      conversationOfFew,
		"conversations go":         conversationsGo,
		"conversations bounded":    conversationsBounded,
		"conversation silent":      conversationSilent,
		"messages taken back":      messagesTakenBack,
		"taken back while read":    takenBackWhileRead,
		"news of what is no more":  newsOfTakenBack,
		"plans":                    plans,
		"plans are seen":           plansSeen,
		"plans are bounded":        plansBounded,
		"plans are full":           goersBounded,
		"plans open":               plansOpen,
		"plans remind":             plansRemind,
		"plans of the erased":      plansErased,
		"calendars":                calendars,
		"clubs plan":               clubsPlan,
		"people plan":              peoplePlan,
		"people open plans":        peopleOpenPlans,
		"people are reminded":      peopleReminded,
		"news":                     keepsNews,
		"news is judged":           newsIsJudged,
		"news of conversations":    newsOfTalks,
		"news is chosen":           newsIsChosen,
		"addresses":                addresses,
		"news goes by mail":        newsByMail,
		"messages by mail":         messagesByMail,
		"people prove addresses":   peopleProve,
		"people sign up and in":    peopleSignUpAndIn,
		"people and passkeys":      peopleAndPasskeys,
		"people and backups":       peopleAndBackups,
		"people stay signed in":    peopleStaySignedIn,
		"people invite":            peopleInvite,
		"people grow":              peopleGrow,
		"people follow":            peopleFollow,
		"people who are known":     peopleKnown,
		"rooms":                    rooms,
		"rooms of others":          keepsForOthers,
		"rooms set aside":          setsAside,
		"pairs":                    notesPairs,
		"rooms under terms":        roomsUnderTerms,
		"rooms without gaps":       roomsWithoutGaps,
		"rooms end":                roomsEnd,
		"rooms are compacted":      roomsCompacted,
		"rooms all at once":        roomsAtOnce,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}
