package people

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/stoa-audio/stoa/internal/id"
)

// A recovery code is 160 random bits, written in eight groups of four. The
// alphabet leaves out I, L, O and U, so that nothing is misread on paper.
const (
	codeSize     = 20
	codeTextSize = 32
	codeGroup    = 4
)

var (
	codeLetters  = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
	codeReadings = strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1")
)

// newCode returns a fresh recovery code and its hash.
func newCode() (string, Hash) {
	var raw [codeSize]byte
	_, _ = rand.Read(raw[:]) // never fails (crypto/rand, Go 1.24)
	text := codeLetters.EncodeToString(raw[:])
	var groups []string
	for ; text != ""; text = text[codeGroup:] {
		groups = append(groups, text[:codeGroup])
	}
	return strings.Join(groups, "-"), sha256.Sum256(raw[:])
}

// parseCode returns the hash of the recovery code that text is, however it
// was typed, or ErrSignIn.
func parseCode(text string) (Hash, error) {
	if len(text) > 4*codeTextSize {
		return Hash{}, ErrSignIn
	}
	text = codeReadings.Replace(strings.ToUpper(text))
	raw, err := codeLetters.DecodeString(text)
	if err != nil || len(raw) != codeSize {
		return Hash{}, ErrSignIn
	}
	return sha256.Sum256(raw), nil
}

// SignUpByRecovery makes an account that a recovery code opens, where there is
// no passkey, and returns the code. It is not shown again.
func (p *People) SignUpByRecovery(ctx context.Context, way Way, name string) (Account, string, error) {
	name, err := ParseName(name)
	if err != nil {
		return Account{}, "", err
	}
	invite, err := p.pass(ctx, way)
	if err != nil {
		return Account{}, "", err
	}
	code, hash := newCode()
	person := Person{ID: id.New[id.Person](), Name: name, Created: p.now()}
	person, err = p.settle(ctx, NewAccount{Person: person, Invite: invite, Recovery: &hash})
	if err != nil {
		return Account{}, "", err
	}
	return Account{Person: person, Recovery: true}, code, nil
}

// settle makes an account: first its key, by which the profile is sealed.
func (p *People) settle(ctx context.Context, n NewAccount) (Person, error) {
	who := n.Person
	plain, err := json.Marshal(Written{Name: who.Name})
	if err != nil {
		return Person{}, fmt.Errorf("write a profile: %w", err)
	}
	n.Sealed = SealedProfile{Person: who.ID, Changed: who.Created}
	if n.Sealed.Sealed, err = p.seal(ctx, who.ID, classProfile, plain); err != nil {
		return Person{}, err
	}
	if err := p.store.SignUp(ctx, n); err != nil {
		if !errors.Is(err, ErrStore) { // then nobody knows whether the account is there
			_ = p.config.Keys.Drop(ctx, who.ID) // or a key is left that nobody has
		}
		return Person{}, err
	}
	who.Version = 1
	p.index(ctx, who.ID, 1, Written{Name: who.Name})
	return who, nil
}

// SignInByRecovery returns the account that code opens and the code that
// opens it from now on, or ErrSignIn.
func (p *People) SignInByRecovery(ctx context.Context, code string) (Account, string, error) {
	old, err := parseCode(code)
	if err != nil {
		return Account{}, "", err
	}
	next, hash := newCode()
	who, err := p.store.Recover(ctx, old, hash)
	if err != nil {
		return Account{}, "", err
	}
	account, err := p.Account(ctx, who)
	return account, next, err
}

// NewRecovery returns a recovery code for who. The one before is void.
func (p *People) NewRecovery(ctx context.Context, who id.Person) (string, error) {
	code, hash := newCode()
	return code, p.store.SetRecovery(ctx, who, hash)
}
