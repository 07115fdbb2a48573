// Package conversations passes sealed messages on between devices of people who are
// not in a room together, or not now: two, or a few. Each conversation is a group of
// MLS (RFC 9420) among devices; the house keeps it in order and can open nothing of
// it. docs/protocol/conversations.md says what a client does, and what the house
// learns.
//
// The package holds the rules and the interface of the store it needs. It knows no
// HTTP, and of keys only how long they are.
package conversations

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// Bounds of conversations. Each is there to keep one person from costing the others.
const (
	DevicesMax     = 10        // of a person, that can be written to
	PackagesMax    = 50        // of a device, for one use each
	PackageMax     = 8 << 10   // bytes of a key package
	PeopleMax      = 12        // in a conversation
	OfEachMax      = 500       // conversations of a person
	UnansweredMax  = 20        // that a person has begun within a day, and nobody has answered
	BeforeAnswer   = 3         // messages to people who have not answered
	TakenBackMax   = 100       // messages of a person, before all devices have read that they are
	TextMax        = 32 << 10  // bytes of a sealed message
	ChangeMax      = 64 << 10  // bytes of a commit
	GroupMax       = 512 << 10 // bytes of a welcome, or of the information of a group
	ItemsMax       = 100       // in one answer
	PackageLife    = 90 * 24 * time.Hour
	DeviceLife     = 90 * 24 * time.Hour // without being seen
	ItemLife       = 30 * 24 * time.Hour
	TakeBackFor    = 24 * time.Hour      // after it was written
	EmptyLife      = 90 * 24 * time.Hour // that nobody is in
	DeclinedFor    = 90 * 24 * time.Hour
	UnansweredTime = 24 * time.Hour
)

// Why something may be refused.
var (
	// ErrNone means that there is no such conversation for who asks.
	ErrNone = errors.New("no such conversation")
	// ErrDevice means that a device is unknown, or not in the conversation.
	ErrDevice = errors.New("not a device that can do this")
	// ErrEpoch means that another has changed the conversation first.
	ErrEpoch = errors.New("the conversation has changed meanwhile")
	// ErrThere means that there is a conversation of these two already, or one of
	// this name.
	ErrThere = errors.New("there is such a conversation already")
	// ErrMany means that somebody is in as many as they may be.
	ErrMany = errors.New("no more conversations fit")
	// ErrUnanswered means that nobody has answered yet, and enough was written.
	ErrUnanswered = errors.New("nobody has answered yet")
	// ErrLate means that a message is too old to be taken back.
	ErrLate = errors.New("too old to be taken back")
	// ErrTaken means that as many were taken back as may be, until the others have read
	// that they are.
	ErrTaken = errors.New("too many have been taken back")
	// ErrSize means that something is empty, or too long.
	ErrSize = errors.New("empty, or too long")
	// ErrPeople means that a conversation is of too few or too many, or that a change
	// is not one that may be made.
	ErrPeople = errors.New("not people of whom a conversation can be")
)

// A Device is the public key of a device (Ed25519).
type Device [ed25519.PublicKeySize]byte

// A Member is a device of somebody.
type Member struct {
	Who    id.Person
	Device Device
}

// A Package is a key package of a device.
type Package struct {
	Member

	Bytes []byte
}

// A State is how somebody stands to a conversation.
type State string

// The states.
const (
	Asked    State = "asked"
	In       State = "in"
	Declined State = "declined" // others take it for asked
	Left     State = "left"
)

// An ID names a conversation.
type ID = id.Conversation

// A Party is somebody's part in a conversation.
type Party struct {
	Who   id.Person
	State State
	Since time.Time

	Silent bool // they want to hear nothing of it, which is theirs alone to know
}

// A Conversation is what the house knows of one.
type Conversation struct {
	ID      ID
	Starter id.Person // nobody when they are gone
	Two     bool      // it is of two people, and stays so
	Epoch   int64
	Seq     int64 // of its last item
	Created time.Time
	Changed time.Time
	People  []Party
	Devices []Member
}

// Of returns the part of who, or false.
func (c *Conversation) Of(who id.Person) (Party, bool) {
	i := slices.IndexFunc(c.People, func(p Party) bool { return p.Who == who })
	if i < 0 {
		return Party{}, false
	}
	return c.People[i], true
}

// Has reports whether a device is in it.
func (c *Conversation) Has(m Member) bool { return slices.Contains(c.Devices, m) }

// A Kind is what an item is.
type Kind string

// The kinds of items.
const (
	Text     Kind = "text"
	Commit   Kind = "change"
	Welcome  Kind = "welcome"
	TookBack Kind = "took_back" // tells which message its author has taken back, sealed as one
)

// An Item is something sealed that a conversation has.
type Item struct {
	Seq    int64
	Kind   Kind
	Epoch  int64 // in which it was sealed
	By     Member
	Sealed []byte
	At     time.Time
}

// A Beginning is what is needed to begin a conversation.
type Beginning struct {
	ID      ID
	By      Member
	With    []id.Person // other than By
	Two     bool        // it is to stay one of two
	Devices []Member    // all that can open it: the one that begins it, too
	Welcome []byte      // for the others
	Info    []byte
}

// A Change adds devices, or takes some out.
type Change struct {
	By      Member
	Epoch   int64 // that it changes
	Commit  []byte
	Welcome []byte // for who is added; nothing when a device comes in by itself
	Info    []byte
	Added   []Member
	Removed []Member
	People  []id.Person // who are new
}

// A Store keeps conversations. Each method is one transaction.
type Store interface {
	// AddPackages notes that a device was seen, gives it more packages up to
	// PackagesMax, and another for when they are used up, if last is not nil. Of more
	// than DevicesMax devices the longest unseen is forgotten.
	AddPackages(ctx context.Context, of Member, packages [][]byte, last []byte, now time.Time) error
	// CountPackages returns how many for one use a device has; ErrDevice for an
	// unknown one.
	CountPackages(ctx context.Context, of Member) (int, error)
	// TakePackages returns one of each device of somebody, and forgets those that are
	// for one use.
	TakePackages(ctx context.Context, who id.Person) ([]Package, error)
	// DropTalker forgets a device, with all that is kept for it; ErrDevice.
	DropTalker(ctx context.Context, of Member) error

	// Begin adds a conversation. Those of follow, who follow the one who begins, are in
	// it, others are asked; ErrThere, ErrMany, ErrUnanswered, ErrDevice.
	Begin(ctx context.Context, b Beginning, follow []id.Person, now time.Time) error
	// Conversations returns those that who is in or asked into, those that were changed
	// last first.
	Conversations(ctx context.Context, who id.Person) ([]Conversation, error)
	// Conversation returns one of them, with the information of its group; ErrNone.
	Conversation(ctx context.Context, which ID, who id.Person) (Conversation, []byte, error)
	// Items returns up to ItemsMax items for a device after one, in their order.
	Items(ctx context.Context, which ID, of Member, after int64) ([]Item, error)
	// AddText adds a message and returns its number; ErrNone, ErrDevice, ErrEpoch,
	// ErrUnanswered.
	AddText(ctx context.Context, which ID, by Member, epoch int64, sealed []byte, now time.Time) (int64, error)
	// TakeBack deletes a message of by's person, with what was told of it alone, and adds
	// a note of it, whose number it returns; errors as above, ErrLate and ErrTaken. Where
	// there is no such message any more, or it is somebody else's, it adds the note alone.
	TakeBack(ctx context.Context, which ID, by Member, message, epoch int64, sealed []byte, now time.Time) (int64, error)
	// Change makes a change and returns the number of its last item; errors as above,
	// and ErrPeople, ErrMany.
	Change(ctx context.Context, which ID, c Change, follow []id.Person, now time.Time) (int64, error)
	// SetRead notes how far a device has come; what all have is forgotten.
	SetRead(ctx context.Context, which ID, of Member, seq int64) error
	// Answer has somebody be in a conversation, or not any more.
	Answer(ctx context.Context, which ID, who id.Person, in bool, now time.Time) error
	// SetSilent says whether who wants to hear nothing of a conversation that they are
	// in or asked into, for as long as they are; ErrNone.
	SetSilent(ctx context.Context, which ID, who id.Person, silent bool) error
	// ForgetConversations forgets what is older than its life.
	ForgetConversations(ctx context.Context, now time.Time) error
}

// Conversations are those of a house.
type Conversations struct {
	store Store
	clock func() time.Time
}

// New returns the conversations in a store.
func New(store Store, clock func() time.Time) *Conversations { return &Conversations{store, clock} }

func (c *Conversations) now() time.Time { return c.clock().UTC().Truncate(time.Millisecond) }

// AddPackages gives a device more packages, and one for when they are used up.
func (c *Conversations) AddPackages(ctx context.Context, of Member, packages [][]byte, last []byte) error {
	if len(packages) > PackagesMax {
		return ErrSize
	}
	for _, p := range packages {
		if len(p) == 0 || len(p) > PackageMax {
			return ErrSize
		}
	}
	if len(last) > PackageMax {
		return ErrSize
	}
	return c.store.AddPackages(ctx, of, packages, last, c.now())
}

// CountPackages returns how many packages for one use a device has.
func (c *Conversations) CountPackages(ctx context.Context, of Member) (int, error) {
	return c.store.CountPackages(ctx, of)
}

// TakePackages returns a package of each device of somebody.
func (c *Conversations) TakePackages(ctx context.Context, who id.Person) ([]Package, error) {
	return c.store.TakePackages(ctx, who)
}

// DropDevice forgets a device.
func (c *Conversations) DropDevice(ctx context.Context, of Member) error {
	return c.store.DropTalker(ctx, of)
}

// Begin begins a conversation; follow are those of its people who follow the one who
// begins it.
func (c *Conversations) Begin(ctx context.Context, b Beginning, follow []id.Person) error {
	switch {
	case len(b.Welcome) == 0, len(b.Welcome) > GroupMax, len(b.Info) == 0, len(b.Info) > GroupMax:
		return ErrSize
	case len(b.With) == 0, len(b.With)+1 > PeopleMax, b.Two && len(b.With) != 1, slices.Contains(b.With, b.By.Who), b.ID.IsZero(), hasTwice(b.With):
		return ErrPeople
	case !slices.Contains(b.Devices, b.By), len(b.Devices) > PeopleMax*DevicesMax, hasTwice(b.Devices):
		return ErrDevice
	}
	for _, d := range b.Devices {
		if d.Who != b.By.Who && !slices.Contains(b.With, d.Who) {
			return ErrPeople
		}
	}
	for _, who := range b.With { // or nothing could ever reach them
		if !slices.ContainsFunc(b.Devices, func(m Member) bool { return m.Who == who }) {
			return ErrPeople
		}
	}
	return c.store.Begin(ctx, b, follow, c.now())
}

// Of returns the conversations of who, and One one of them with the information of
// its group.
func (c *Conversations) Of(ctx context.Context, who id.Person) ([]Conversation, error) {
	return c.store.Conversations(ctx, who)
}

// One returns a conversation of who.
func (c *Conversations) One(ctx context.Context, which ID, who id.Person) (Conversation, []byte, error) {
	return c.store.Conversation(ctx, which, who)
}

// Items returns what a device has to read after an item.
func (c *Conversations) Items(ctx context.Context, which ID, of Member, after int64) ([]Item, error) {
	return c.store.Items(ctx, which, of, after)
}

// Write adds a message that was sealed in an epoch, and returns its number.
func (c *Conversations) Write(ctx context.Context, which ID, by Member, epoch int64, sealed []byte) (int64, error) {
	if len(sealed) == 0 || len(sealed) > TextMax {
		return 0, ErrSize
	}
	return c.store.AddText(ctx, which, by, epoch, sealed, c.now())
}

// TakeBack deletes a message, and adds a note of it that was sealed in an epoch, by
// which those who have read it already learn that it was taken back. It returns the
// number of the note. Whether there is such a message, and whose it is, is not to be
// learned by it.
func (c *Conversations) TakeBack(ctx context.Context, which ID, by Member, message, epoch int64, sealed []byte) (int64, error) {
	if len(sealed) == 0 || len(sealed) > TextMax {
		return 0, ErrSize
	}
	return c.store.TakeBack(ctx, which, by, message, epoch, sealed, c.now())
}

// Change changes which devices are in a conversation.
func (c *Conversations) Change(ctx context.Context, which ID, n Change, follow []id.Person) (int64, error) {
	switch {
	case len(n.Commit) == 0, len(n.Commit) > ChangeMax, len(n.Info) == 0, len(n.Info) > GroupMax, len(n.Welcome) > GroupMax:
		return 0, ErrSize
	case len(n.Added) > PeopleMax*DevicesMax, len(n.Removed) > PeopleMax*DevicesMax, hasTwice(n.Added), hasTwice(n.Removed):
		return 0, ErrDevice
	case len(n.People) > PeopleMax:
		return 0, ErrPeople
	}
	return c.store.Change(ctx, which, n, follow, c.now())
}

// SetRead notes how far a device has come.
func (c *Conversations) SetRead(ctx context.Context, which ID, of Member, seq int64) error {
	return c.store.SetRead(ctx, which, of, seq)
}

// Accept has somebody who was asked be in a conversation.
func (c *Conversations) Accept(ctx context.Context, which ID, who id.Person) error {
	return c.store.Answer(ctx, which, who, true, c.now())
}

// Leave has somebody not be in a conversation any more, or decline it.
func (c *Conversations) Leave(ctx context.Context, which ID, who id.Person) error {
	return c.store.Answer(ctx, which, who, false, c.now())
}

// SetSilent says whether who wants to hear nothing of a conversation. One that they
// are asked into may be silent, too: whoever does not answer yet has their rest.
func (c *Conversations) SetSilent(ctx context.Context, which ID, who id.Person, silent bool) error {
	return c.store.SetSilent(ctx, which, who, silent)
}

// Forget forgets what is over.
func (c *Conversations) Forget(ctx context.Context) error {
	return c.store.ForgetConversations(ctx, c.now())
}

// Judge returns why a change may not be made to a conversation, or nil. Who is in it
// adds and removes devices of people who are in it, and, unless it is of two, adds
// people; who has left has theirs removed by anybody, others only their own. A device
// comes in by itself if its person is in it.
func (c *Conversation) Judge(n Change) error {
	by, ok := c.Of(n.By.Who)
	if !ok || by.State != In && by.State != Asked {
		return ErrNone // before all else, or they would know that it is there
	}
	if n.Epoch != c.Epoch {
		return ErrEpoch
	}
	alone := len(n.Added) == 1 && n.Added[0] == n.By && len(n.People) == 0
	if !c.Has(n.By) && (!alone || len(n.Welcome) > 0) {
		return ErrDevice
	}
	if len(n.People) > 0 && (c.Two || by.State != In) {
		return ErrPeople
	}
	there := 0
	for _, p := range c.People {
		if p.State == In || p.State == Asked {
			there++
		}
		if slices.Contains(n.People, p.Who) && p.State != Left {
			return ErrPeople
		}
	}
	if there+len(n.People) > PeopleMax {
		return ErrPeople
	}
	for _, m := range n.Added {
		p, ok := c.Of(m.Who)
		if !slices.Contains(n.People, m.Who) && (!ok || p.State == Left) {
			return ErrPeople
		}
	}
	for _, m := range n.Removed {
		if p, _ := c.Of(m.Who); c.Has(m) && m.Who != n.By.Who && p.State != Left {
			return ErrDevice
		}
	}
	if len(n.Added)-boolInt(alone) > 0 && len(n.Welcome) == 0 {
		return ErrSize
	}
	return nil
}

// MayAdd returns why a device may not add something that it has sealed in an epoch, or
// nil.
func (c *Conversation) MayAdd(by Member, epoch int64) error {
	p, ok := c.Of(by.Who)
	switch {
	case !ok, p.State != In && p.State != Asked:
		return ErrNone
	case !c.Has(by):
		return ErrDevice
	case epoch != c.Epoch:
		return ErrEpoch
	}
	return nil
}

// A Taking is what is known of a message that somebody takes back.
type Taking struct {
	Written int       // messages by them so far
	Waiting int       // notes by them that not all devices have read
	At      time.Time // when they wrote it; zero where there is no such message of theirs
	Now     time.Time
}

// Judge returns why a message may not be taken back, or nil. Of notes that wait there
// are no more than messages, or somebody who may not write could fill a conversation
// with them; and no more than a device of the others can pass over in the ratchet of
// their keys (docs/protocol/conversations.md).
func (t Taking) Judge() error {
	if t.Waiting >= min(t.Written, TakenBackMax) {
		return ErrTaken
	}
	if !t.At.IsZero() && t.Now.Sub(t.At) > TakeBackFor {
		return ErrLate
	}
	return nil
}

// MayWrite returns why who may not write another message, of which they have written
// so many, or nil: to people who have not answered one writes only a few.
func (c *Conversation) MayWrite(who id.Person, written int) error {
	p, ok := c.Of(who)
	if !ok || p.State != In && p.State != Asked {
		return ErrNone
	}
	for _, other := range c.People {
		if other.Who != who && other.State == In {
			return nil
		}
	}
	if written >= BeforeAnswer {
		return ErrUnanswered
	}
	return nil
}

// Pair returns by what a conversation of two is known.
func Pair(x, y id.Person) []byte {
	if bytes.Compare(x[:], y[:]) > 0 {
		x, y = y, x
	}
	return slices.Concat(x[:], y[:])
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func hasTwice[T comparable](list []T) bool {
	seen := make(map[T]bool, len(list))
	for _, one := range list {
		if seen[one] {
			return true
		}
		seen[one] = true
	}
	return false
}
