// Package people holds the accounts: who somebody is, how they prove it, who
// invited them, whom they follow and whom they have blocked.
//
// An account is a name and what opens it: passkeys (WebAuthn, level 3) or a
// one-time recovery code. There is no phone number and no address book, and nothing
// here could hold one. An address of mail is theirs to give, is proven by a code, and
// opens nothing (address.go; docs/adr/0077). Secrets that open something
// (session tokens, recovery codes, invite codes) are stored as hashes only.
//
// The package holds the rules and the interface of the store it needs. It
// knows no HTTP, no room and no cookie. What people write about themselves is
// sealed by a key of each one's own before the store has it (docs/adr/0065). Not
// here: clubs (package clubs).
package people

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/known"
)

// Limits of an account. Each is there to keep one person from costing the
// others.
const (
	NameMax      = 60    // characters (runes) of a name
	PasskeysMax  = 20    // passkeys of a person
	SessionsMax  = 50    // browsers signed in at once; the longest unseen is signed out
	FollowingMax = 10000 // people that a person follows
	ListMax      = 10000 // people in one answer
	CountMax     = 10000 // followers that are counted: each look at somebody counts them anew
	HiddenMax    = 1000  // people whom somebody does not want to be suggested
	BlocksMax    = 1000  // people whom somebody has blocked
	SpentMax     = 20    // revoked and expired invites that are still listed

	sessionsKnown = 20000 // sessions that need not be read again
	profilesKnown = 20000 // people whose profile need not be opened again
	followsKnown  = 256   // people of whom it need not be read whom they follow
	followsEach   = 1000  // people whom such a one follows at most, or who follow them
	blocksKnown   = 2000  // people of whom it need not be read whom they have blocked
	blockersKnown = 20000 // people of whom it need not be read who has blocked them
	blockersEach  = 200   // people who have blocked such a one at most
)

// SpentLife is how long an invite is kept that opens nothing any more.
const SpentLife = 30 * 24 * time.Hour

// Why something may be refused. The api package turns these into answers.
var (
	// ErrName means that a name is empty, too long, or not one line of text.
	ErrName = errors.New("not a name")
	// ErrNoPerson means that there is no such person.
	ErrNoPerson = errors.New("no such person")
	// ErrSignIn means that a passkey or code does not open an account.
	ErrSignIn = errors.New("this does not open an account")
	// ErrPasskey means that a new passkey is not what was asked for.
	ErrPasskey = errors.New("not an acceptable passkey")
	// ErrPasskeys means that an account has as many passkeys as it may have.
	ErrPasskeys = errors.New("no more passkeys fit")
	// ErrNoPasskey means that there is no such passkey, or that it is not theirs.
	ErrNoPasskey = errors.New("no such passkey")
	// ErrBackup means that a backup is empty or too large.
	ErrBackup = errors.New("not 1 to 512 bytes")
	// ErrNoCeremony means that a ceremony is unknown, over or used.
	ErrNoCeremony = errors.New("no such ceremony")
	// ErrNoSession means that there is no such session, or no more.
	ErrNoSession = errors.New("no such session")
	// ErrNoInvite means that an invite is unknown, used, expired or revoked.
	// Nobody is told which.
	ErrNoInvite = errors.New("no such invite")
	// ErrNoInvitesLeft means that all invites are given.
	ErrNoInvitesLeft = errors.New("no invites left")
	// ErrSelf means that nobody can follow themselves.
	ErrSelf = errors.New("that is oneself")
	// ErrFollowing means that a person follows as many as they may.
	ErrFollowing = errors.New("nobody else can be followed")
	// ErrHidden means that somebody has hidden as many as they may.
	ErrHidden = errors.New("nobody else can be hidden")
	// ErrBlocks means that somebody has blocked as many as they may.
	ErrBlocks = errors.New("nobody else can be blocked")
	// ErrLevel means that a word does not say how much one wants to be spared.
	ErrLevel = errors.New("not mute or block")
	// ErrBlocked means that nobody follows whom they have blocked.
	ErrBlocked = errors.New("they are blocked by oneself")
	// ErrNotify means that a word does not say how loud one wants to be told.
	ErrNotify = errors.New("not always, sometimes or never")
	// ErrStore means that the records cannot be read or written now.
	ErrStore = errors.New("the records cannot be reached")
)

// A Hash is the SHA-256 of a secret (FIPS 180-4). The secrets have at least
// 128 random bits, so they need no salt and no slow hash.
type Hash [sha256.Size]byte

type (
	// A Person is what everybody may know of somebody.
	Person struct {
		ID      id.Person
		Name    string
		Handle  string // or none
		Picture string // the version of their picture, or none
		Created time.Time
		// Version is of what they wrote, and Sealed that itself, as the store has
		// it: only between this package and the store.
		Version int64
		Sealed  []byte
	}
	// An Account is what only the person may know.
	Account struct {
		Person
		Passkeys int
		Recovery bool // there is an unused recovery code
	}
	// A Profile is a person as another one sees them.
	Profile struct {
		Person
		Followed  bool   // the other one follows them
		Notify    Notify // and wants to be told of them so; nothing without following
		FollowsMe bool   // they follow the other one
	}
)

// Config is what a house decides about its people.
type Config struct {
	// URL is where browsers find the house. Its host is the relying party of
	// every passkey: passkeys made for one host open nothing at another.
	URL *url.URL
	// House is the name of the house, as passkey dialogs show it.
	House string
	// InviteKey is the secret from which invite codes follow.
	InviteKey []byte
	// Growth is how many invites people get, and Open whether others than the
	// invited may come in.
	Growth Growth
	Open   bool
	// Keys keeps everybody's key, and HandleKey is by what handles are found; it is
	// not in the records either.
	Keys      Keys
	HandleKey []byte
	// Index is by what people are found.
	Index Index
	// InviteLife is how long an invite is good for.
	InviteLife time.Duration
	// Clock tells the time.
	Clock func() time.Time
}

// People is the accounts of a house. It is safe for concurrent use.
type People struct {
	config     Config
	store      Store
	relying    *webauthn.WebAuthn
	ceremonies ceremonies
	sessions   known.Answers[Hash, Session]
	follows    known.Answers[id.Person, map[id.Person]Notify] // nil for too many
	followers  known.Answers[id.Person, map[id.Person]bool]   // nil for too many
	profiles   known.Answers[id.Person, readable]
	blocks     known.Answers[id.Person, map[id.Person]Level]
	blockers   known.Answers[id.Person, map[id.Person]bool] // nil for too many
	unindexed  atomic.Bool                                  // something could not be written to the index
	heir       Heir                                         // nil for none
	proving    proving                                      // who is about to prove an address
}

// New returns the people kept in s.
func New(s Store, c Config) (*People, error) {
	relying, err := webauthn.New(&webauthn.Config{
		RPID:          c.URL.Hostname(),
		RPDisplayName: c.House,
		RPOrigins:     []string{c.URL.Scheme + "://" + c.URL.Host},
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey:        protocol.ResidentKeyRequirementRequired,
			RequireResidentKey: protocol.ResidentKeyRequired(),
			// A passkey is the only proof, so it has to be more than
			// possession of the device.
			UserVerification: protocol.VerificationRequired,
		},
		// Which make of authenticator somebody uses is nobody's business.
		AttestationPreference: protocol.PreferNoAttestation,
	})
	if err != nil {
		return nil, fmt.Errorf("set up passkeys for %s: %w", c.URL, err)
	}
	return &People{
		config: c, store: s, relying: relying,
		sessions:  known.Answers[Hash, Session]{Max: sessionsKnown},
		follows:   known.Answers[id.Person, map[id.Person]Notify]{Max: followsKnown},
		followers: known.Answers[id.Person, map[id.Person]bool]{Max: followsKnown},
		profiles:  known.Answers[id.Person, readable]{Max: profilesKnown},
		blocks:    known.Answers[id.Person, map[id.Person]Level]{Max: blocksKnown},
		blockers:  known.Answers[id.Person, map[id.Person]bool]{Max: blockersKnown},
	}, nil
}

// now is the time as the store keeps it, so that what is returned now equals
// what is read back later.
func (p *People) now() time.Time { return p.config.Clock().UTC().Truncate(time.Millisecond) }

// Account returns the account of who.
func (p *People) Account(ctx context.Context, who id.Person) (Account, error) {
	a, err := p.store.Account(ctx, who)
	return p.readAccount(ctx, a, err)
}

// Rename gives who another name and returns the account.
func (p *People) Rename(ctx context.Context, who id.Person, name string) (Account, error) {
	name, err := ParseName(name)
	if err != nil {
		return Account{}, err
	}
	if err := p.change(ctx, who, nil, func(w *Written) { w.Name = name }); err != nil {
		return Account{}, err
	}
	return p.Account(ctx, who)
}

// Profiles returns those of who that there are, as viewer sees them.
func (p *People) Profiles(ctx context.Context, viewer id.Person, who []id.Person) (map[id.Person]Profile, error) {
	out := make(map[id.Person]Profile, len(who))
	for _, one := range who {
		if _, there := out[one]; there {
			continue
		}
		seen, err := p.Profile(ctx, viewer, one)
		switch {
		case err == nil:
			out[one] = seen
		case !errors.Is(err, ErrNoPerson):
			return nil, err
		}
	}
	return out, nil
}

// Profile returns who as viewer sees them.
func (p *People) Profile(ctx context.Context, viewer, who id.Person) (Profile, error) {
	seen, err := p.store.Profile(ctx, viewer, who)
	if err == nil {
		err = p.read(ctx, &seen.Person)
	}
	return seen, err
}
