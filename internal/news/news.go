// Package news holds what people are told of later, or elsewhere: what there is
// for somebody, how they want to be told, and what becomes of a piece of news.
//
// The rules are values (rules.go): Judge is told what time it is, what somebody
// has chosen, and how often they were told today, and says whether a piece is
// left out, shown, held for the next digest, or pushed. The store has nobody else
// judge by the same numbers meanwhile.
//
// A piece says what it is about by ids alone. Names and titles are looked up when
// it is read, so that nobody reads of what is gone, or not theirs to see any more
// (docs/adr/0072). The package knows no HTTP and no room, and sends nothing.
package news

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	// A house may stand where no table of time zones is.
	_ "time/tzdata"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
)

// Limits of news. Each is there to keep one person from costing the others.
const (
	KeptMax    = 200                 // pieces of each person; the oldest go
	Life       = 30 * 24 * time.Hour // how long a piece is kept
	PageMax    = 100                 // in one answer
	DevicesMax = 10                  // browsers of a person that are pushed to
	BudgetMax  = 50                  // pushes a day
	Reserve    = 10                  // pushes a day of each kind that has one of its own

	togetherMax = 100 // pieces that are kept together
)

// Why something may be refused. The api package turns these into answers.
var (
	// ErrNone means that there is no such piece for this person.
	ErrNone = errors.New("no such news")
	// ErrChanged means that the settings have been changed meanwhile.
	ErrChanged = errors.New("the settings have been changed meanwhile")
)

type pieceKind struct{}

// ID names a piece. It follows from whom it is for and what it is about: the same
// is not told twice.
type ID = id.ID[pieceKind]

// A Kind is what a piece is about.
type Kind string

// The kinds there are.
const (
	Follow        Kind = "follow"         // who follows me
	Live          Kind = "live"           // who, whom I follow, is on a stage
	Ping          Kind = "ping"           // who asks me to come into a room
	Found         Kind = "found"          // who lists me, as I list them
	ClubAsked     Kind = "club_asked"     // who asks to come into a club that I lead
	ClubInvited   Kind = "club_invited"   // who invites me into a club
	ClubAdmitted  Kind = "club_admitted"  // I am a member of a club
	ClubRole      Kind = "club_role"      // I am something else in a club
	PlanHosting   Kind = "plan_hosting"   // who asks me to host a plan with them
	PlanSoon      Kind = "plan_soon"      // my reminder
	PlanOpen      Kind = "plan_open"      // its room is there
	PlanMoved     Kind = "plan_moved"     // it has another time
	PlanCancelled Kind = "plan_cancelled" // it will not be
	InvitedCame   Kind = "invited_came"   // who has come by my invite
	Message       Kind = "message"        // who has written in a conversation of mine
	MessageAsked  Kind = "message_asked"  // who asks me into one
	Decision      Kind = "decision"       // the house has decided something about me

	// What is done to my account, which nobody chooses not to be told of.
	SignedIn     Kind = "security_signed_in" // in a browser, by a passkey
	Recovered    Kind = "security_recovered" // by the recovery code
	PasskeyAdded Kind = "security_passkey"   // there is one more
	AddressMoved Kind = "security_address"   // there is another address of mail, or none
)

// IsSecurity reports whether a kind is about one's account.
func (k Kind) IsSecurity() bool {
	return k == SignedIn || k == Recovered || k == PasskeyAdded || k == AddressMoved
}

// Kinds are all of which one chooses how to be told, in the order in which they are
// shown.
var Kinds = []Kind{
	Live, Ping, Message, MessageAsked, Follow, Found, ClubInvited, ClubAdmitted, ClubRole, ClubAsked,
	PlanSoon, PlanOpen, PlanMoved, PlanCancelled, PlanHosting, InvitedCame, Decision,
}

// A Piece is something that somebody is told.
type Piece struct {
	ID   ID
	To   id.Person
	Kind Kind
	Who  id.Person // who did it; zero for nobody
	Room id.Room
	Club id.Club
	Plan id.Plan
	Talk id.Conversation
	At   time.Time
	Seen bool

	Held bool      // it waits for the next digest
	Push time.Time // when it is to be pushed; zero: not

	// Mark tells two of one kind about one thing apart, such as two reminders of a
	// plan that has moved. Level is how loud To wants to be told of Who. Neither is
	// kept.
	Mark  uint64
	Level people.Notify
}

// IsOfTalk reports whether pieces of a kind are of conversations. They are not in
// the list, since conversations have one of their own: they are pushed, or come in
// the digest or by mail, or there are none.
func (k Kind) IsOfTalk() bool { return k == Message || k == MessageAsked }

// name returns the id of p. Of a room or a conversation there is one piece, whoever
// it is about.
func (p *Piece) name() ID {
	b := append([]byte("stoa news "), p.Kind...)
	b = append(append(b, 0), p.To[:]...)
	if p.Kind != Live && p.Kind != Ping && !p.Kind.IsOfTalk() {
		b = append(b, p.Who[:]...)
	}
	b = append(append(append(b, p.Room[:]...), p.Club[:]...), p.Plan[:]...)
	if p.Kind.IsOfTalk() {
		b = append(b, p.Talk[:]...)
	}
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(b, p.Mark))
	return ID(sum[:id.Size])
}

// A Told is a piece that is new to somebody, and what becomes of it.
type Told struct {
	Piece

	Fate Fate
}

// A Sealer seals what is about a person, by a key of their own.
type Sealer interface {
	Seal(ctx context.Context, who id.Person, class string, plain []byte) ([]byte, error)
	// Unseal opens it, or returns an error of which IsGone says whether nobody
	// can any more.
	Unseal(ctx context.Context, who id.Person, class string, sealed []byte) ([]byte, error)
	IsGone(err error) bool
}

// Blocks knows who does not want to know of whom.
type Blocks interface {
	// BlockersAmong returns those of candidates who have blocked of.
	BlockersAmong(ctx context.Context, of id.Person, candidates []id.Person) ([]id.Person, error)
}

// Config is what news are told.
type Config struct {
	Sealer Sealer
	Blocks Blocks // nil where nobody can be blocked
	Pushes bool   // whether the house pushes at all
	Mails  bool   // and whether it sends mail
	Clock  func() time.Time
}

// News is what there is for the people of a house. It is safe for concurrent use.
type News struct {
	config Config
	store  Store
}

// New returns the news kept in s.
func New(s Store, c Config) *News { return &News{c, s} }

func (n *News) now() time.Time { return n.config.Clock().UTC().Truncate(time.Millisecond) }

// Tell judges pieces and keeps those that are to be kept. It returns what is new
// to those whom it is for. Nobody is told of themselves, or of whom they have
// blocked. here says who is in the app. After an error, some may have been told.
func (n *News) Tell(ctx context.Context, here func(id.Person) bool, pieces ...Piece) (told []Told, err error) {
	now := n.now()
	by := make(map[id.Person][]Piece) // by whom they are about
	for _, p := range pieces {
		if p.To != p.Who {
			p.At, p.ID = now, p.name()
			by[p.Who] = append(by[p.Who], p)
		}
	}
	var all []Piece
	for who, some := range by {
		if some, err = n.wanted(ctx, who, some); err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	// Always in one order: two who tell the same people do not wait for each other.
	slices.SortFunc(all, func(a, b Piece) int { return slices.Compare(a.To[:], b.To[:]) })
	for some := range slices.Chunk(all, togetherMax) {
		more, err := n.store.TellNews(ctx, some, func(p Piece, s Scene) Outcome {
			s.Now, s.Here, s.Devices = now, here(p.To), s.Devices && n.config.Pushes
			s.Mail = s.Mail && n.config.Mails
			return Judge(p, s)
		})
		if err != nil {
			return told, err
		}
		told = append(told, more...)
	}
	return told, nil
}

// wanted returns those of pieces about who that are for people who have not
// blocked them.
func (n *News) wanted(ctx context.Context, who id.Person, pieces []Piece) ([]Piece, error) {
	if n.config.Blocks == nil || who.IsZero() {
		return pieces, nil
	}
	to := make([]id.Person, len(pieces))
	for i, p := range pieces {
		to[i] = p.To
	}
	blockers, err := n.config.Blocks.BlockersAmong(ctx, who, to)
	if err != nil || len(blockers) == 0 {
		return pieces, err
	}
	return slices.DeleteFunc(pieces, func(p Piece) bool { return slices.Contains(blockers, p.To) }), nil
}

// List returns up to most pieces for who after a mark, the newest first, and the
// mark of the last if there are more. Whether they are still theirs to see is
// asked by whoever names what they are about.
func (n *News) List(ctx context.Context, who id.Person, after string, most int) (list []Piece, next string, err error) {
	from, err := ParseMark(after)
	if err != nil {
		return nil, "", err
	}
	most = min(max(most, 1), PageMax)
	list, err = n.store.News(ctx, who, from, most+1)
	if err != nil || len(list) <= most {
		return list, "", err
	}
	list = list[:most]
	return list, Mark{list[most-1].At, list[most-1].ID}.String(), nil
}

// Unseen returns the pieces that who has not seen.
func (n *News) Unseen(ctx context.Context, who id.Person) ([]Piece, error) {
	return n.store.UnseenNews(ctx, who, KeptMax)
}

// See notes that who has seen a piece and all before it, which are not pushed any
// more; or returns ErrNone.
func (n *News) See(ctx context.Context, who id.Person, upTo ID) error {
	return n.store.SeeNews(ctx, who, upTo)
}

// SeeTalk notes that who has looked at a conversation: what is new there is not
// pushed any more.
func (n *News) SeeTalk(ctx context.Context, who id.Person, which id.Conversation) error {
	return n.store.SeeTalk(ctx, who, which)
}

// Due returns up to most pieces that are to be pushed now. Each is returned once,
// unless Later is called with it.
func (n *News) Due(ctx context.Context, most int) ([]Piece, error) {
	return n.store.DueNews(ctx, n.now(), most)
}

// Later has a piece that could not be pushed be pushed at another time, or held
// for the next digest when it is not worth it any more by then. It may be seen
// meanwhile, and is left then.
func (n *News) Later(ctx context.Context, p Piece, at time.Time) error {
	return n.store.LaterNews(ctx, p, func(s Settings) (push, digest time.Time) {
		if !at.After(p.At.Add(p.Kind.Worth())) {
			return at, time.Time{}
		}
		if s.Digest == NoDigest {
			return time.Time{}, time.Time{}
		}
		return time.Time{}, NextDigest(s, n.now())
	})
}

// A Digest is what was held for somebody, and not seen since.
type Digest struct {
	To     id.Person
	Pieces []Piece // the newest first
}

// Digests returns up to most digests that are to be pushed now. Each is returned
// once.
func (n *News) Digests(ctx context.Context, most int) ([]Digest, error) {
	return n.store.Digests(ctx, n.now(), most)
}

// Settings returns what who has chosen, and the version of it.
func (n *News) Settings(ctx context.Context, who id.Person) (Settings, int64, error) {
	return n.store.NewsSettings(ctx, who)
}

// SetSettings changes what was of a version, or returns ErrChanged or
// people.Faults.
func (n *News) SetSettings(ctx context.Context, who id.Person, version int64, s Settings) error {
	s, err := ParseSettings(s)
	if err != nil {
		return err
	}
	return n.store.SetNewsSettings(ctx, who, version, s, nextMail(s, n.now()))
}

// Forget deletes what is over.
func (n *News) Forget(ctx context.Context) error {
	return n.store.ForgetNews(ctx, n.now().Add(-Life))
}
