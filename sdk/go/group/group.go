package group

import (
	"crypto"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/sdk/go/keys"
)

// How long things take.
const (
	// KnockEvery is how long a member waits for a secret before knocking again.
	KnockEvery = 1500 * time.Millisecond
	// SpeakAfter is how long a speaker waits with a secret, until all have it.
	SpeakAfter = 300 * time.Millisecond
	// ForgetAfter is how long the epoch before is kept.
	ForgetAfter = 10 * time.Second
)

// Reasons why something that was heard is ignored.
const (
	IgnoredMalformed = "malformed" // not a message, or of another room
	IgnoredSignature = "signature" // not by who it is said to be by
	IgnoredStale     = "stale"     // an announce that is not newer
	IgnoredChain     = "chain"     // an announce that does not follow from the one before
	IgnoredEpoch     = "epoch"     // an announce of an older epoch
	IgnoredCommit    = "commit"    // a secret that is not the one announced, or an announce of another
	IgnoredRoster    = "roster"    // an announce whose roster is not there, or not by one in it
	IgnoredLate      = "late"      // a letter for an epoch that has gone
	IgnoredSealed    = "sealed"    // a letter that does not open
	IgnoredKnock     = "knock"     // a knock by which nobody can be let in
	IgnoredFull      = "full"      // a knock when too many are there
	IgnoredUnasked   = "unasked"   // an answer to nothing, or knocks for one who does not tend
)

// Config is what a Group is made of.
type Config struct {
	Room, Who ID
	Device    crypto.Signer // Ed25519
	Closed    bool          // whether the room is: X-Wing is used then
	Rand      io.Reader     // crypto/rand if nil; HPKE's own chance comes from there always
}

// Standing is a person on the stage. Away: their connection is lost.
type Standing struct {
	Who  ID
	Away bool
}

// A Group is one client's view of what those in a room agree on. It lives as
// long as a page does: nothing of it is kept. It is not safe for concurrent use.
type Group struct {
	room, who ID
	closed    bool
	proven    bool // as the room wants it
	rand      io.Reader
	cert      Cert
	page      ed25519.PrivateKey
	key       hpke.PrivateKey
	knock     []byte

	at      time.Time // of the last call
	entered time.Time // zero: not seated yet
	stage   []Standing
	out     []Request
	ignored map[string]uint64

	member
	steward
}

// New returns the view of a client that is about to come in, with keys of its
// own.
func New(c Config) (*Group, error) {
	device, ok := c.Device.Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("the device key is not Ed25519")
	}
	g := &Group{room: c.Room, who: c.Who, closed: c.Closed, rand: c.Rand, ignored: make(map[string]uint64)}
	if g.rand == nil {
		g.rand = rand.Reader
	}
	var seeds [2 * 32]byte
	for _, b := range [][]byte{seeds[:], g.cert.Member[:]} {
		if _, err := io.ReadFull(g.rand, b); err != nil {
			return nil, fmt.Errorf("make keys: %w", err)
		}
	}
	kem := X25519
	if c.Closed {
		kem = XWing
	}
	var err error
	if g.key, err = kem.hpke().NewPrivateKey(seeds[:32]); err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	g.page = ed25519.NewKeyFromSeed(seeds[32:])
	copy(g.cert.PageKey[:], g.page.Public().(ed25519.PublicKey))
	copy(g.cert.DeviceKey[:], device)
	if err := g.cert.Sign(c.Device, g.room, g.who); err != nil {
		return nil, fmt.Errorf("sign the cert: %w", err)
	}
	k := Knock{Cert: g.cert, KEM: kem, Key: g.key.PublicKey().Bytes()}
	if err := k.Sign(g.page, g.room, g.who); err != nil {
		return nil, fmt.Errorf("sign the knock: %w", err)
	}
	g.knock = k.Append(nil)
	return g, nil
}

// Member returns what this client goes by.
func (g *Group) Member() [8]byte { return g.cert.Member }

// PageKey returns the key by which this client signs its voice.
func (g *Group) PageKey() ed25519.PrivateKey { return g.page }

// Cert returns by which keys this client goes.
func (g *Group) Cert() Cert { return g.cert }

// CertHash returns what this client's cert goes by in the keys of its voice.
func (g *Group) CertHash() [sha256.Size]byte { return g.cert.Hash() }

// Entered says that the client is seated, for the first time or again: the node
// may know nothing of it any more, and requests that were not answered are lost.
func (g *Group) Entered(now time.Time) {
	if _, ok := g.secret(); !ok {
		g.said = nil // nothing came of it, and the node may have forgotten it
	}
	g.again = g.again || g.tending
	g.rest()
	g.out, g.entered, g.asked = nil, now, false
	g.heardAfresh, g.passed, g.first = false, false, false
	g.takeAt, g.notBefore = time.Time{}, time.Time{}
	g.knockNow(now)
	g.step(now)
}

// See says who is on the stage by the room's events, longest-standing first.
func (g *Group) See(now time.Time, stage []Standing) {
	g.stage = g.stage[:0]
	for _, s := range stage {
		if there, _ := g.onStage(s.Who); !there && len(g.stage) < RosterMax {
			g.stage = append(g.stage, s)
		}
	}
	if kept := g.kept; kept != nil {
		g.kept = nil
		g.hearAnnounce(now, kept)
	}
	g.step(now)
}

// Widen says that the room is not closed any more: knocks of every kind count.
func (g *Group) Widen() { g.closed = false }

// Prove says whether the room has listeners play only what is proven. Who lets
// others in announces it.
func (g *Group) Prove(now time.Time, proven bool) {
	g.proven = proven
	g.step(now)
}

// Hear takes in what the node says.
func (g *Group) Hear(now time.Time, n Notice) {
	switch {
	case n.Announce != nil && n.Announce.Room == g.room:
		g.hearAnnounce(now, n.Announce)
	case n.Letter != nil && n.Letter.Room == g.room:
		g.hearLetter(now, n.Letter.Letter)
	case n.Knocks != nil && n.Knocks.Room == g.room:
		g.hearKnocks(now, n.Knocks)
	case n.Untended != nil && n.Untended.Room == g.room:
		g.hearUntended(now)
	default:
		g.ignored[IgnoredMalformed]++
	}
	g.step(now)
}

// Tick does what is due.
func (g *Group) Tick(now time.Time) { g.step(now) }

// Take returns what is to be asked of the node, in this order.
func (g *Group) Take() []Request {
	out := g.out
	g.out = nil
	return out
}

// step does all that is due.
func (g *Group) step(now time.Time) {
	g.at = now
	if due(g.forgetAt, now) {
		g.epochs, g.forgetAt = g.epochs[:1], time.Time{}
	}
	g.standInLine(now)
	g.serve(now)
	g.knockAgain(now)
}

// Due returns when Tick wants to be called; zero: not before something else is.
func (g *Group) Due() time.Time {
	return earliest(g.forgetAt, g.knockDue(), g.tendDue(), g.serveDue())
}

func due(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }

// earliest returns the first of some times, of which those that are zero never
// come.
func earliest(times ...time.Time) (first time.Time) {
	for _, t := range times {
		if first.IsZero() || !t.IsZero() && t.Before(first) {
			first = t
		}
	}
	return first
}

func latest(first time.Time, times ...time.Time) time.Time {
	for _, t := range times {
		if t.After(first) {
			first = t
		}
	}
	return first
}

// --- who is there ---

// onStage reports whether a person is on the stage, and whether connected.
func (g *Group) onStage(who ID) (there, connected bool) {
	for _, s := range g.stage {
		if s.Who == who {
			return true, g.connected(s)
		}
	}
	return false, false
}

// connected: of oneself, the events may not know it yet.
func (g *Group) connected(s Standing) bool {
	return !s.Away || s.Who == g.who && !g.entered.IsZero()
}

// line returns who is on the stage and connected, in the order in which they
// are to let others in: the first is the steward.
func (g *Group) line() (line []ID) {
	if g.said != nil {
		for _, who := range g.said.stage {
			if _, connected := g.onStage(who); connected && !slices.Contains(line, who) {
				line = append(line, who)
			}
		}
	}
	for _, s := range g.stage {
		if g.connected(s) && !slices.Contains(line, s.Who) {
			line = append(line, s.Who)
		}
	}
	return line
}

// --- for who seals and opens ---

// State is what those who seal and open frames need to know.
type State struct {
	Epochs  []Epoch // that can be used, newest first, at most two
	Roster  []Voice // of the announce in force
	Holders uint32
	Since   time.Time // when it was announced, by the announcer's clock
	Proven  bool      // listeners are to play only what is proven
	Code    string    // empty without the secret of the newest epoch
	Steward ID        // zero: nobody
	Tending bool      // this client lets others in
	Ignored map[string]uint64
}

// An Epoch is a secret, and when speakers begin to use it.
type Epoch struct {
	Number uint32
	Secret keys.Secret
	From   time.Time
}

// A Voice is who speaks in a slot.
type Voice struct {
	Slot        uint8
	Who         ID
	Member      Member
	PageKey     ed25519.PublicKey
	DeviceKey   ed25519.PublicKey
	Cert        [sha256.Size]byte // hash
	Certificate Cert
}

// State returns what is known now.
func (g *Group) State() State {
	s := State{Tending: g.tending, Ignored: maps.Clone(g.ignored)}
	for _, e := range g.epochs {
		s.Epochs = append(s.Epochs, e.Epoch)
	}
	if line := g.line(); len(line) > 0 {
		s.Steward = line[0]
	}
	a := g.said
	if a == nil {
		return s
	}
	s.Holders, s.Since, s.Proven = a.Holders, time.UnixMilli(int64(a.Time)), a.Flags&FlagProven != 0
	if secret, ok := g.secret(); ok {
		s.Code = a.Code(secret)
	}
	for i, p := range a.roster {
		s.Roster = append(s.Roster, Voice{
			p.Slot, a.stage[i], p.Cert.Member, slices.Clone(p.Cert.PageKey[:]), slices.Clone(p.Cert.DeviceKey[:]), p.Cert.Hash(), p.Cert,
		})
	}
	return s
}
