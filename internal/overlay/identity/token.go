package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/stoa-audio/stoa/internal/region"
)

// SecretSize is the length of what proves an invite, in bytes.
const SecretSize = 16

// A Token invites one machine to become a node: once, until it expires.
type Token struct {
	Network string
	Root    [sha256.Size]byte // SHA-256 of the root's certificate
	Place   region.Place      // that the node is to have
	Address string            // host:port of who admits it
	Secret  [SecretSize]byte
	Expires time.Time // to the second
}

// Why a text is no token.
var (
	ErrToken        = errors.New("no invite to a network")
	ErrTokenCut     = fmt.Errorf("%w: it is cut off or mistyped", ErrToken)
	ErrTokenVersion = fmt.Errorf("%w that this version knows", ErrToken)
	ErrTokenExpired = errors.New("the invite has expired")
)

const (
	tokenPrefix  = "stoa-join-"
	tokenVersion = 1
	tokenMax     = 1024 // characters
	tokenSum     = 4    // bytes of checksum
)

// NewSecret returns a fresh secret of an invite.
func NewSecret() (secret [SecretSize]byte) {
	_, _ = rand.Read(secret[:]) // never fails (crypto/rand, Go 1.24)
	return secret
}

// HashSecret is what is kept of a secret.
func HashSecret(secret [SecretSize]byte) [sha256.Size]byte { return sha256.Sum256(secret[:]) }

// String returns the token as one word.
func (t Token) String() string {
	network, _ := base.DecodeString(t.Network)
	b := append([]byte{tokenVersion}, network...)
	b = append(b, t.Root[:]...)
	b = append(b, t.Secret[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(t.Expires.Unix())) //nolint:gosec // after 1970
	for _, text := range []string{t.Place.Region, t.Place.Operator, t.Address} {
		b = append(append(b, byte(len(text))), text...)
	}
	sum := sha256.Sum256(b)
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(append(b, sum[:tokenSum]...))
}

// ParseToken returns the token that text is, or why it is none. Space around
// it is no harm.
func ParseToken(text string, now time.Time) (Token, error) {
	coded, ok := strings.CutPrefix(strings.TrimSpace(text), tokenPrefix)
	if !ok || len(coded) > tokenMax {
		return Token{}, ErrToken
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(coded)
	if err != nil || len(b) < 1+tokenSum {
		return Token{}, ErrTokenCut
	}
	body, sum := b[:len(b)-tokenSum], sha256.Sum256(b[:len(b)-tokenSum])
	if subtle.ConstantTimeCompare(sum[:tokenSum], b[len(body):]) != 1 {
		return Token{}, ErrTokenCut
	}
	if body[0] != tokenVersion {
		return Token{}, ErrTokenVersion
	}
	const fixed = 1 + networkSize + sha256.Size + SecretSize + 8
	if len(body) < fixed {
		return Token{}, ErrTokenCut
	}
	t := Token{
		Network: base.EncodeToString(body[1 : 1+networkSize]),
		Root:    [sha256.Size]byte(body[1+networkSize:]),
		Secret:  [SecretSize]byte(body[1+networkSize+sha256.Size:]),
		Expires: time.Unix(int64(binary.BigEndian.Uint64(body[fixed-8:])), 0).UTC(), //nolint:gosec // checked below
	}
	rest := body[fixed:]
	for _, field := range []*string{&t.Place.Region, &t.Place.Operator, &t.Address} {
		if len(rest) == 0 || len(rest) < 1+int(rest[0]) {
			return Token{}, ErrTokenCut
		}
		*field, rest = string(rest[1:1+rest[0]]), rest[1+int(rest[0]):]
	}
	if _, _, err := net.SplitHostPort(t.Address); err != nil || len(rest) > 0 || t.Place.Check() != nil {
		return Token{}, ErrTokenCut
	}
	if now.After(t.Expires) {
		return Token{}, fmt.Errorf("%w, on %s", ErrTokenExpired, t.Expires.Format(time.RFC1123))
	}
	return t, nil
}
