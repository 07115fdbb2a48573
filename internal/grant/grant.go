// Package grant makes and checks the signed, short-lived permission for one
// person to enter one room once.
//
// A grant is a PASETO of version 4 for the purpose "public" (the protocol's
// "Paseto Version 4", section Sign): Ed25519 (RFC 8032) over an unambiguous
// encoding of header and claims. Everybody may read one; nobody can make one.
// Footers and implicit assertions are not used, and a token with a footer is
// no grant. Who may have a grant is not decided here.
package grant

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

// Bounds of a grant.
const (
	Life     = 60 * time.Second // how long one is good at most
	tokenMax = 2 << 10          // bytes of one as text
)

// SeedSize is the length of what the keys are made from, in bytes.
const SeedSize = ed25519.SeedSize

// ErrGrant means that a text is not a grant that is good now.
var ErrGrant = errors.New("no grant, or not good any more")

type idKind struct{}

// ID names one grant.
type ID = id.ID[idKind]

// A Grant permits Person to enter Room by the connection Session, until it
// expires. Name is the name shown beside the person.
type Grant struct {
	ID      ID         `json:"jti"`
	Person  id.Person  `json:"sub"`
	Name    string     `json:"name"`
	Picture string     `json:"picture,omitempty"` // its version
	Room    id.Room    `json:"room"`
	Session id.Session `json:"session"`
	Fresh   bool       `json:"fresh,omitempty"` // the account is new
	// Fence is where the room's voices may be: the holder needs no address
	// outside.
	Fence   region.Fence `json:"fence,omitzero"`
	Expires time.Time    `json:"exp"`
}

// Keys make grants and check them.
type Keys struct {
	secret ed25519.PrivateKey
	public ed25519.PublicKey
	spent  recent[ID]
	signed recent[[sha256.Size]byte] // the texts that we have signed ourselves
}

// New returns the keys that come from seed, SeedSize secret random bytes.
func New(seed []byte) (*Keys, error) {
	if len(seed) != SeedSize {
		return nil, fmt.Errorf("grant: a seed of %d bytes, want %d", len(seed), SeedSize)
	}
	secret := ed25519.NewKeyFromSeed(seed)
	return &Keys{secret: secret, public: secret.Public().(ed25519.PublicKey)}, nil
}

const header = "v4.public."

var encoding = base64.RawURLEncoding.Strict()

// Sign returns g as text. It should have a fresh ID, and expire within Life.
func (k *Keys) Sign(g Grant) string {
	g.Expires = g.Expires.UTC()
	claims, err := json.Marshal(g)
	if err != nil {
		panic(fmt.Sprintf("grant: no JSON form: %v", err)) // only a year over 9999 has none
	}
	token := seal(k.secret, claims)
	k.signed.add(sha256.Sum256([]byte(token)), g.Expires) // if there is no room, Check has more to do
	return token
}

// Check returns the grant that token is, or ErrGrant. It does not say whether
// the grant was used already; Spend does.
func (k *Keys) Check(token string, now time.Time) (Grant, error) {
	var g Grant
	// Whoever grants entry is mostly asked for it a moment later. What they
	// have signed themselves they need not verify, which costs more than all
	// else on the way in.
	own := k.signed.knows(sha256.Sum256([]byte(token)))
	claims, err := open(k.public, token, own)
	if err != nil {
		return Grant{}, err
	}
	d := json.NewDecoder(bytes.NewReader(claims))
	d.DisallowUnknownFields()
	if err := d.Decode(&g); err != nil {
		return Grant{}, fmt.Errorf("%w: %w", ErrGrant, err)
	}
	if g.ID.IsZero() || g.Person.IsZero() || g.Room.IsZero() || g.Session.IsZero() {
		return Grant{}, fmt.Errorf("%w: it does not say whom it lets in where", ErrGrant)
	}
	return g, g.good(now)
}

// good returns nil if g is good at the time now.
func (g Grant) good(now time.Time) error {
	switch left := g.Expires.Sub(now); {
	case left <= 0:
		return fmt.Errorf("%w: expired", ErrGrant)
	case left > Life:
		return fmt.Errorf("%w: good for too long", ErrGrant)
	}
	return nil
}

// Spend uses g up. It returns ErrGrant if g was used before or is not good
// any more.
func (k *Keys) Spend(g Grant, now time.Time) error {
	if err := g.good(now); err != nil {
		return err
	}
	switch used, full := k.spent.add(g.ID, now); {
	case used:
		return fmt.Errorf("%w: used before", ErrGrant)
	case full:
		return fmt.Errorf("%w: too many are used", ErrGrant)
	}
	return nil
}

// seal returns claims with their signature, as text.
func seal(secret ed25519.PrivateKey, claims []byte) string {
	signature := ed25519.Sign(secret, signed(claims))
	return header + encoding.EncodeToString(append(claims, signature...))
}

// open returns the claims of token if their signature is right, which is known
// of one's own.
func open(public ed25519.PublicKey, token string, own bool) ([]byte, error) {
	body, ok := strings.CutPrefix(token, header)
	// The decoder would skip line ends, and one grant would have many texts.
	if !ok || len(token) > tokenMax || strings.ContainsAny(body, "\r\n") {
		return nil, fmt.Errorf("%w: too long, or of another kind", ErrGrant)
	}
	b, err := encoding.DecodeString(body)
	if err != nil || len(b) < ed25519.SignatureSize {
		return nil, fmt.Errorf("%w: cut short", ErrGrant)
	}
	claims, signature := b[:len(b)-ed25519.SignatureSize], b[len(b)-ed25519.SignatureSize:]
	if !own && !ed25519.Verify(public, signed(claims), signature) {
		return nil, fmt.Errorf("%w: signed by somebody else", ErrGrant)
	}
	return claims, nil
}

// signed returns what the signature is over: header, claims, footer and
// implicit assertion, each with its length before it, so that no two grants
// read the same.
func signed(claims []byte) []byte {
	pieces := [][]byte{[]byte(header), claims, nil, nil}
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(pieces)))
	for _, piece := range pieces {
		b = binary.LittleEndian.AppendUint64(b, uint64(len(piece)))
		b = append(b, piece...)
	}
	return b
}
