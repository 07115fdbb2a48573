// Package hashcash asks a browser to compute for a while before it makes an account,
// where nobody has invited it: what costs one person seconds costs who wants a
// thousand accounts hours.
//
// A challenge is answered by a counter for which
//
//	scrypt(counter, challenge)   N = 16384, r = 8, p = 1 (RFC 7914)
//
// begins with so many zero bits (a hashcash with a function that takes 16 MiB, so
// that machines made for hashing gain little). The counter is four bytes, big
// endian, and the challenge is its bytes, not its text. On average 2^bits counters
// have to be tried; the house tries one.
//
// Nothing about who computes is kept. A challenge says when it ends and how hard
// it is, under a key that is another one after each start; those that were
// answered are remembered until they end, so that each is worth one account.
package hashcash

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math/bits"
	"sync"
	"time"

	"golang.org/x/crypto/scrypt"
)

// The function that is computed.
const (
	N = 1 << 14
	R = 8
	P = 1
)

// Bounds of challenges.
const (
	Life      = 10 * time.Minute // of a challenge
	BitsMax   = 20
	harderMax = 6               // bits that many accounts add
	usual     = 32              // accounts an hour that add none
	atOnce    = 8               // answers that are tried, or wait for it
	again     = 5 * time.Second // to wait when there are more
	day       = 24 * time.Hour
	textSize  = 55    // characters of a challenge
	headSize  = 8 + 1 // bytes: when it ends, how hard it is
	randSize  = 16    // bytes
	tagSize   = 16    // bytes
)

// Why an answer is not taken.
var (
	// ErrWork means that a challenge is unknown, over or answered, or that the
	// answer is none. Nobody is told which.
	ErrWork = errors.New("not the answer to an open challenge")
)

// A Wait is the error when there are too many, with how long it takes until there
// is room again.
type Wait struct{ After time.Duration }

func (Wait) Error() string { return "too many at once" }

// A Challenge is what is to be computed.
type Challenge struct {
	Text    string // base64url
	Bits    int
	Expires time.Time
}

// A Gate gives challenges and takes answers. It is safe for concurrent use.
type Gate struct {
	least, most int // bits of a challenge, answers a day
	clock       func() time.Time
	key         [sha256.Size]byte
	trying      chan struct{} // has room for who tries or waits
	one         sync.Mutex    // held while an answer is tried, which takes 16 MiB

	mu    sync.Mutex
	spent map[[randSize]byte]time.Time // answered challenges, until they end
	taken []time.Time                  // when answers were taken, in the last day
}

// New returns a gate whose challenges take least bits when few come, and
// that takes at most most answers a day.
func New(least, most int, clock func() time.Time) *Gate {
	g := &Gate{
		least: least, most: most, clock: clock,
		trying: make(chan struct{}, atOnce), spent: make(map[[randSize]byte]time.Time),
	}
	_, _ = rand.Read(g.key[:]) // never fails (crypto/rand, Go 1.24)
	return g
}

// Ask returns a new challenge.
func (g *Gate) Ask() Challenge {
	now := g.clock()
	expires := now.Add(Life).Truncate(time.Second)
	hard := g.hardness(now)
	text := make([]byte, headSize, headSize+randSize+tagSize)
	binary.BigEndian.PutUint64(text, uint64(expires.Unix()))
	text[headSize-1] = byte(hard)
	text = text[:headSize+randSize]
	_, _ = rand.Read(text[headSize:])
	text = append(text, g.tag(text)...)
	return Challenge{base64.RawURLEncoding.EncodeToString(text), hard, expires.UTC()}
}

// Take takes the answer to a challenge, once. The error is ErrWork, or a Wait.
func (g *Gate) Take(challenge string, counter uint32) error {
	if len(challenge) > 2*textSize {
		return ErrWork
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(challenge)
	if err != nil || len(text) != headSize+randSize+tagSize {
		return ErrWork
	}
	if head := text[:headSize+randSize]; !hmac.Equal(g.tag(head), text[len(head):]) {
		return ErrWork
	}
	expires := time.Unix(int64(binary.BigEndian.Uint64(text)), 0)
	name := [randSize]byte(text[headSize:])
	if !g.clock().Before(expires) || g.isSpent(name) {
		return ErrWork
	}
	select {
	case g.trying <- struct{}{}:
		defer func() { <-g.trying }()
	default:
		return Wait{again}
	}
	g.one.Lock()
	defer g.one.Unlock()
	if Zeros(text, counter) < int(text[headSize-1]) {
		return ErrWork
	}
	return g.spend(name, expires)
}

// Zeros returns with how many zero bits the function of a counter and a challenge's
// bytes begins.
func Zeros(challenge []byte, counter uint32) int {
	hash, err := scrypt.Key(binary.BigEndian.AppendUint32(nil, counter), challenge, N, R, P, 8)
	if err != nil {
		panic("hashcash: " + err.Error()) // the parameters are wrong
	}
	return bits.LeadingZeros64(binary.BigEndian.Uint64(hash))
}

func (g *Gate) tag(head []byte) []byte {
	mac := hmac.New(sha256.New, g.key[:])
	mac.Write(head)
	return mac.Sum(nil)[:tagSize]
}

func (g *Gate) isSpent(name [randSize]byte) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, there := g.spent[name]
	return there
}

// spend notes that an answer was taken, unless another was in the meantime.
func (g *Gate) spend(name [randSize]byte, expires time.Time) error {
	now := g.clock()
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, there := g.spent[name]; there {
		return ErrWork
	}
	g.forget(now)
	if len(g.taken) >= g.most {
		if g.most == 0 {
			return Wait{day}
		}
		return Wait{g.taken[0].Add(day).Sub(now)}
	}
	for old, until := range g.spent {
		if !now.Before(until) {
			delete(g.spent, old)
		}
	}
	g.spent[name] = expires
	g.taken = append(g.taken, now)
	return nil
}

// hardness returns how many bits a challenge takes now: one more for each time
// that the accounts of the last hour are twice as many.
func (g *Gate) hardness(now time.Time) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.forget(now)
	lately := 0
	for i := len(g.taken); i > 0 && g.taken[i-1].After(now.Add(-time.Hour)); i-- {
		lately++
	}
	return min(g.least+min(bits.Len(uint(lately/usual)), harderMax), BitsMax)
}

// forget forgets answers of more than a day ago.
func (g *Gate) forget(now time.Time) {
	n := 0
	for n < len(g.taken) && !g.taken[n].After(now.Add(-day)) {
		n++
	}
	g.taken = append(g.taken[:0], g.taken[n:]...)
}
