// Package moderation holds what people report in words, the queue in which wardens
// judge it, and what they have decided (docs/adr/0071).
//
// The rules are values (rules.go): Judge is told what there is to know of an entry
// and says what follows, or why not. The store has nobody else judge the same entry
// meanwhile. Nothing follows from how many have reported something: a decision is
// always somebody's.
//
// Queue is the owner of who is kept out, which is asked at every call and answered
// from memory. An end by time is no job that could be missed: it is compared with
// the clock whenever it is asked. What follows from a decision in rooms, clubs and
// profiles is done by whoever asks for it. Voices that were reported are kept by
// package reports; they are in the queue under whose voice it was.
package moderation

import (
	"errors"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// Limits of reports and decisions. Each is there to keep one person from costing
// the others.
const (
	TextMax       = 1000 // characters of a report, and of an answer
	TextLinesMax  = 30
	WhyMax        = 500 // characters of why something was decided
	WhyLinesMax   = 15
	OpenMax       = 20  // reports of a person of which it is not decided
	SuspendMax    = 365 // days
	PageMax       = 50  // entries in one answer
	LogPageMax    = 100
	WardensMax    = 100
	ListMax       = 1000                 // rows of one entry, or of one person
	OpenLife      = 180 * 24 * time.Hour // of a report at most
	DecidedLife   = 30 * 24 * time.Hour  // of a report of which it is decided
	DecisionsLife = 365 * 24 * time.Hour // of a decision after its end
)

// Why something may be refused. The api package turns these into answers.
var (
	// ErrNone means that there is no such entry or decision for who asks.
	ErrNone = errors.New("no such entry")
	// ErrFull means that somebody has OpenMax reports here.
	ErrFull = errors.New("as many reports of one person as are open at once")
	// ErrWarden means that somebody is no warden.
	ErrWarden = errors.New("not a warden")
	// ErrWardens means that there are as many wardens as may be.
	ErrWardens = errors.New("no more wardens fit")
	// ErrParty means that who judges has to do with what is judged.
	ErrParty = errors.New("nobody judges what they have to do with")
	// ErrPassed means that somebody has judged it, and another warden is to.
	ErrPassed = errors.New("another warden is to judge the answer")
	// ErrNothing means that there is nothing that could be lifted.
	ErrNothing = errors.New("no decision is in force")
	// ErrNobody means that there is nobody whom it concerns any more.
	ErrNobody = errors.New("nobody is there whom it concerns")
	// ErrAnswered means that a decision has been answered.
	ErrAnswered = errors.New("answered already")
)

type (
	writtenKind  struct{}
	entryKind    struct{}
	decisionKind struct{}
	voiceKind    struct{}
)

// ReportID names a report in words.
type ReportID = id.ID[writtenKind]

// EntryID names an entry. It is the id of the thing itself: of each there is one.
type EntryID = id.ID[entryKind]

// DecisionID names a decision.
type DecisionID = id.ID[decisionKind]

// VoiceID names a report by a voice, as package reports does.
type VoiceID = id.ID[voiceKind]

// A Kind is what a thing is.
type Kind string

// The kinds there are.
const (
	Person Kind = "person"
	Club   Kind = "club"
	Room   Kind = "room"
	Plan   Kind = "plan"
)

// A Reason is what is wrong with a thing.
type Reason string

// The reasons there are.
const (
	Harassment    Reason = "harassment"
	Hate          Reason = "hate"
	Threats       Reason = "threats"
	Spam          Reason = "spam"
	Impersonation Reason = "impersonation"
	Minors        Reason = "minors"
	Other         Reason = "other"
)

// Reasons are all of them, in the order in which they are shown.
var Reasons = []Reason{Harassment, Hate, Threats, Spam, Impersonation, Minors, Other}

// A What is what is decided.
type What string

// What there is to decide.
const (
	Nothing   What = "nothing"
	Warning   What = "warning"
	Suspend   What = "suspend" // for some days
	Ban       What = "ban"
	CloseRoom What = "close_room"
	Remove    What = "remove" // what is written or shown of a person, a club or a plan
	Lift      What = "lift"   // the decision before does not hold any more
)

// Whats are all of them, in the order in which they are shown.
var Whats = []What{Nothing, Warning, Suspend, Ban, CloseRoom, Remove, Lift}

// KeepsOut reports whether w keeps somebody out of the house.
func (w What) KeepsOut() bool { return w == Suspend || w == Ban }

// A Report is what somebody has reported in words.
type Report struct {
	ID      ReportID
	Entry   EntryID
	Kind    Kind      // of the thing
	By      id.Person // nobody, when they are erased
	Reason  Reason
	Text    string
	Made    time.Time
	Decided time.Time // zero: not yet
	Sealed  []byte    // Text, as the store has it: only between this package and the store
}

// A Voice is a report of what somebody has said, which package reports keeps.
type Voice struct {
	ID      VoiceID
	Room    id.Room
	About   id.Person
	By      id.Person
	Made    time.Time
	Decided bool
}

// An Entry is a thing that was reported.
type Entry struct {
	ID      EntryID
	Kind    Kind
	Person  id.Person // whom it concerns; of a club nobody is noted, since others may lead it by then
	Open    bool
	Version int64
	Since   time.Time // when it was opened or, if it is not open, decided
	Passed  id.Person // who is not to judge it again
}

// A FullEntry is an entry with all that there is about it.
type FullEntry struct {
	Entry

	Reports   []Report // the newest first
	Voices    []Voice
	Decisions []Decision // the oldest first
}

// A Decision is what a warden has decided.
type Decision struct {
	ID     DecisionID
	Entry  EntryID
	Kind   Kind      // of the thing
	Person id.Person // whom it concerns
	By     id.Person // the warden; nobody, when they are erased
	What   What
	Made   time.Time
	Ends   time.Time  // of what lasts; zero: never
	Lifts  DecisionID // of Lift
	Lifted time.Time  // zero: it was not
	Why    string

	Answer   string
	Answered time.Time // zero: it was not

	Sealed, SealedAnswer []byte // Why and Answer, as the store has them: only between this package and the store
}

// InForce reports whether a decision that lasts does so at a time.
func (d *Decision) InForce(now time.Time) bool {
	return d.What.KeepsOut() && d.Lifted.IsZero() && (d.Ends.IsZero() || now.Before(d.Ends))
}

// A Warden is somebody whom the operator has named to judge.
type Warden struct {
	Person id.Person
	Since  time.Time
}
