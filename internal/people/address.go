package people

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/mail"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/idna"

	"github.com/stoa-audio/stoa/internal/id"
)

// Bounds of addresses of mail.
const (
	AddressMax  = 254              // bytes (RFC 5321, section 4.5.3.1.3)
	CodeLife    = 15 * time.Minute // of a code
	CodeTries   = 5                // after which it is void
	CodesHour   = 3                // of a person
	CodesDay    = 10
	CodesEach   = 3 // a day to one address, whoever asks for them
	localMax    = 64
	codeDigits  = 8
	provingMost = 20000 // people, and addresses, that are remembered for a day
)

// NotAnAddress means that something is no address of mail.
const NotAnAddress Reason = "address"

// Why something about an address may be refused.
var (
	// ErrNoCode means that there is no code to be entered, or no more.
	ErrNoCode = errors.New("no code is waited for")
	// ErrWrongCode means that a code is another one.
	ErrWrongCode = errors.New("not this code")
	// ErrNoAddress means that somebody has no address.
	ErrNoAddress = errors.New("no address")
)

// An ErrCodes means that somebody has asked for as many codes as they may.
type ErrCodes struct{ After time.Duration }

func (e ErrCodes) Error() string { return "too many codes" }

// Addresses keeps the addresses that people have proven. What they have not is in
// no record.
type Addresses interface {
	// SetAddress keeps the address of who in place of one before, whose choice of
	// mail stays; ErrNoPerson when there is no who.
	SetAddress(ctx context.Context, a SealedAddress) error
	// Address returns the address of who, or ErrNoAddress. DropAddress forgets it.
	Address(ctx context.Context, who id.Person) (SealedAddress, error)
	DropAddress(ctx context.Context, who id.Person) error
}

// A SealedAddress is what the store has of an address.
type SealedAddress struct {
	Person   id.Person
	Sealed   []byte
	Verified time.Time
}

// An Address is where somebody reads mail, and in which language.
type Address struct {
	Text     string
	German   bool
	Verified time.Time
}

const classAddress = "address of mail"

// sealedAddress is an address in its JSON form.
type sealedAddress struct {
	Address string `json:"address"`
	German  bool   `json:"german,omitempty"`
}

// ParseAddress returns an address of mail as it is kept: without a name, its domain
// in lower case and ASCII (IDNA 2008, UTS 46); or people.Faults.
func ParseAddress(text string) (string, error) {
	bad := Faults{{Field: "address", Why: NotAnAddress}}
	text = strings.TrimSpace(text)
	at := strings.LastIndexByte(text, '@')
	if at < 1 || at > localMax || len(text) > AddressMax {
		return "", bad
	}
	for _, r := range text[:at] {
		if r <= ' ' || r > '~' || strings.ContainsRune(`"(),:;<>[\]@`, r) {
			return "", bad
		}
	}
	domain, err := idna.Lookup.ToASCII(text[at+1:])
	if err != nil || !strings.Contains(domain, ".") || strings.HasSuffix(domain, ".") {
		return "", bad
	}
	text = text[:at+1] + strings.ToLower(domain)
	read, err := mail.ParseAddress(text)
	if err != nil || read.Name != "" || read.Address != text || len(text) > AddressMax {
		return "", bad
	}
	return text, nil
}

// proving is who is about to prove an address: in memory alone, since nobody has
// proven yet that it is theirs.
type proving struct {
	mu      sync.Mutex
	pending map[id.Person]pending
	asked   map[id.Person][]time.Time // for codes, of the last day
	sent    map[string][]time.Time    // to an address, likewise
}

type pending struct {
	address string
	german  bool
	code    string
	expires time.Time
	tries   int
}

// ProveAddress begins to prove that who reads mail at an address: it returns the
// address and the code to send there, none where that has been sent enough today.
// Nobody is told whether it has, or whether others have this address, which is not
// known: the records cannot be asked for it.
func (p *People) ProveAddress(who id.Person, text string, german bool) (address, code string, expires time.Time, err error) {
	if address, err = ParseAddress(text); err != nil {
		return "", "", time.Time{}, err
	}
	now := p.now()
	v := &p.proving
	v.mu.Lock()
	defer v.mu.Unlock()
	v.forget(now)
	if wait := tooOften(v.asked[who], now); wait > 0 {
		return "", "", time.Time{}, ErrCodes{wait}
	}
	if len(v.asked) >= provingMost || len(v.sent) >= provingMost {
		return "", "", time.Time{}, fmt.Errorf("%w: too many prove an address at once", ErrStore)
	}
	v.asked[who] = append(v.asked[who], now)
	one := pending{address, german, newMailCode(), now.Add(CodeLife), 0}
	v.pending[who] = one
	if len(v.sent[address]) >= CodesEach {
		return address, "", one.expires, nil
	}
	v.sent[address] = append(v.sent[address], now)
	return address, one.code, one.expires, nil
}

// forget drops what is of more than a day ago. Between two calls the maps do not
// grow, so that one look at each is enough.
func (v *proving) forget(now time.Time) {
	if v.pending == nil {
		v.pending, v.asked, v.sent = make(map[id.Person]pending), make(map[id.Person][]time.Time), make(map[string][]time.Time)
	}
	dropOld(v.asked, now)
	dropOld(v.sent, now)
	for who, one := range v.pending {
		if !now.Before(one.expires) {
			delete(v.pending, who)
		}
	}
}

func dropOld[K comparable](all map[K][]time.Time, now time.Time) {
	for k, times := range all {
		for len(times) > 0 && now.Sub(times[0]) >= 24*time.Hour {
			times = times[1:]
		}
		if all[k] = times; len(times) == 0 {
			delete(all, k)
		}
	}
}

// tooOften returns how long to wait for the next code after those at times.
func tooOften(times []time.Time, now time.Time) (wait time.Duration) {
	if n := len(times); n >= CodesDay {
		wait = times[n-CodesDay].Add(24 * time.Hour).Sub(now)
	}
	if n := len(times); n >= CodesHour {
		wait = max(wait, times[n-CodesHour].Add(time.Hour).Sub(now))
	}
	return wait
}

// newMailCode returns eight digits, of which none is likelier than others.
func newMailCode() string {
	n, err := rand.Int(rand.Reader, big.NewInt(100_000_000))
	if err != nil {
		panic("people: no random numbers: " + err.Error()) // never (crypto/rand, Go 1.24)
	}
	return fmt.Sprintf("%0*d", codeDigits, n)
}

// Proving returns the address that who is about to prove, and until when; none
// else.
func (p *People) Proving(who id.Person) (address string, expires time.Time) {
	p.proving.mu.Lock()
	defer p.proving.mu.Unlock()
	one, is := p.proving.pending[who]
	if !is || !p.now().Before(one.expires) {
		return "", time.Time{}
	}
	return one.address, one.expires
}

// VerifyAddress makes the address that who is about to prove theirs, by its code;
// or returns ErrWrongCode, or ErrNoCode: also when it is too late, or the fifth
// wrong one has come.
func (p *People) VerifyAddress(ctx context.Context, who id.Person, code string) error {
	one, err := p.judgeCode(who, code)
	if err != nil {
		return err
	}
	plain, err := json.Marshal(sealedAddress{one.address, one.german})
	if err != nil {
		return fmt.Errorf("write an address: %w", err)
	}
	sealed, err := p.seal(ctx, who, classAddress, plain)
	if err != nil {
		return err
	}
	if err := p.store.SetAddress(ctx, SealedAddress{who, sealed, p.now()}); err != nil {
		return err
	}
	p.StopProving(who)
	return nil
}

// judgeCode judges a code, of which each try counts.
func (p *People) judgeCode(who id.Person, code string) (pending, error) {
	code = strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(code)
	p.proving.mu.Lock()
	defer p.proving.mu.Unlock()
	one, is := p.proving.pending[who]
	if !is || !p.now().Before(one.expires) || one.tries >= CodeTries {
		return pending{}, ErrNoCode
	}
	if subtle.ConstantTimeCompare([]byte(code), []byte(one.code)) == 1 {
		return one, nil
	}
	if one.tries++; one.tries == CodeTries {
		delete(p.proving.pending, who)
		return pending{}, ErrNoCode
	}
	p.proving.pending[who] = one
	return pending{}, ErrWrongCode
}

// StopProving forgets what who is about to prove.
func (p *People) StopProving(who id.Person) {
	p.proving.mu.Lock()
	defer p.proving.mu.Unlock()
	delete(p.proving.pending, who)
}

// DropAddress forgets the address of who, and what they are about to prove.
func (p *People) DropAddress(ctx context.Context, who id.Person) error {
	p.StopProving(who)
	return p.store.DropAddress(ctx, who)
}

// AddressOf returns the address of who, or ErrNoAddress: also where it cannot be
// read any more. It opens no account.
func (p *People) AddressOf(ctx context.Context, who id.Person) (Address, error) {
	sealed, err := p.store.Address(ctx, who)
	if err != nil {
		return Address{}, err
	}
	plain, err := p.Unseal(ctx, who, classAddress, sealed.Sealed)
	if err != nil && p.IsGone(err) {
		return Address{}, ErrNoAddress
	}
	if err != nil {
		return Address{}, err
	}
	var a sealedAddress
	if err := json.Unmarshal(plain, &a); err != nil {
		return Address{}, fmt.Errorf("%w: what is sealed has another form: %w", ErrStore, err)
	}
	return Address{a.Address, a.German, sealed.Verified}, nil
}

// VerifiedAddress returns the address of who, or nothing where they have none.
func (p *People) VerifiedAddress(ctx context.Context, who id.Person) (string, error) {
	a, err := p.AddressOf(ctx, who)
	if errors.Is(err, ErrNoAddress) {
		return "", nil
	}
	return a.Text, err
}
