package people

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/stoa-audio/stoa/internal/id"
)

// A Passkey is what has to be kept of a credential to recognise it again
// (WebAuthn, section 4, "credential record"). The make of the authenticator
// and its attestation are not kept.
type Passkey struct {
	ID        []byte
	Person    id.Person
	PublicKey []byte // COSE_Key (RFC 9052, section 7)
	Flags     byte   // of the authenticator data
	Count     uint32 // signatures made, where the authenticator counts them
	Created   time.Time
}

// A Ceremony is begun by a browser with Options and finished under its ID.
type Ceremony struct {
	ID CeremonyID
	// Options is a PublicKeyCredentialCreationOptionsJSON, or a
	// PublicKeyCredentialRequestOptionsJSON when signing in.
	Options json.RawMessage
}

// BeginSignUp begins to make an account with a passkey. It does not use the
// invite up: the account will.
func (p *People) BeginSignUp(ctx context.Context, way Way, name string) (Ceremony, error) {
	name, err := ParseName(name)
	if err != nil {
		return Ceremony{}, err
	}
	invite, err := p.pass(ctx, way)
	if err != nil {
		return Ceremony{}, err
	}
	person := Person{ID: id.New[id.Person](), Name: name}
	return p.register(ceremony{purpose: signingUp, person: person, invite: invite}, nil)
}

// FinishSignUp makes the account. Credential is the browser's
// RegistrationResponseJSON.
func (p *People) FinishSignUp(ctx context.Context, name CeremonyID, credential []byte) (Account, error) {
	c, err := p.ceremonies.take(p.now(), name, signingUp)
	if err != nil {
		return Account{}, err
	}
	k, err := p.registered(c, credential)
	if err != nil {
		return Account{}, err
	}
	c.person.Created = k.Created
	person, err := p.settle(ctx, NewAccount{Person: c.person, Invite: c.invite, Passkey: &k})
	if err != nil {
		return Account{}, err
	}
	return Account{Person: person, Passkeys: 1}, nil
}

// BeginPasskey begins to add a passkey to the account of who.
func (p *People) BeginPasskey(ctx context.Context, who id.Person) (Ceremony, error) {
	account, err := p.Account(ctx, who)
	if err != nil {
		return Ceremony{}, err
	}
	if account.Passkeys >= PasskeysMax {
		return Ceremony{}, ErrPasskeys
	}
	keys, err := p.store.Passkeys(ctx, who)
	if err != nil {
		return Ceremony{}, err
	}
	return p.register(ceremony{purpose: addingPasskey, person: account.Person}, keys)
}

// FinishPasskey adds the passkey. Credential is the browser's
// RegistrationResponseJSON.
func (p *People) FinishPasskey(ctx context.Context, who id.Person, name CeremonyID, credential []byte) (Account, error) {
	c, err := p.ceremonies.take(p.now(), name, addingPasskey)
	if err != nil {
		return Account{}, err
	}
	if c.person.ID != who {
		return Account{}, ErrNoCeremony
	}
	k, err := p.registered(c, credential)
	if err != nil {
		return Account{}, err
	}
	if err := p.store.AddPasskey(ctx, k); err != nil {
		return Account{}, err
	}
	return p.Account(ctx, who)
}

// BeginSignIn begins to sign in with whichever passkey the browser offers.
// The house names no account, so nothing tells whether one exists.
func (p *People) BeginSignIn() (Ceremony, error) {
	return p.beginProof(ceremony{purpose: signingIn})
}

// beginProof begins c, for which a passkey is to be shown.
func (p *People) beginProof(c ceremony) (Ceremony, error) {
	assertion, asked, err := p.relying.BeginDiscoverableLogin()
	if err != nil {
		return Ceremony{}, fmt.Errorf("begin to sign in: %w", err)
	}
	c.asked = *asked
	return p.begin(c, assertion.Response)
}

// FinishSignIn returns the account that the passkey opens, or ErrSignIn.
// Credential is the browser's AuthenticationResponseJSON.
func (p *People) FinishSignIn(ctx context.Context, name CeremonyID, credential []byte) (Account, error) {
	c, err := p.ceremonies.take(p.now(), name, signingIn)
	if err != nil {
		return Account{}, err
	}
	who, err := p.proven(ctx, c, credential)
	if err != nil {
		return Account{}, err
	}
	return p.Account(ctx, who)
}

// proven returns whose passkey has answered c, or ErrSignIn.
func (p *People) proven(ctx context.Context, c *ceremony, credential []byte) (id.Person, error) {
	answer, err := protocol.ParseCredentialRequestResponseBytes(credential)
	if err != nil {
		return id.Person{}, fmt.Errorf("%w: %w", ErrSignIn, err)
	}
	var broken error // what failed on our side, which is not the passkey's fault
	who, key, err := p.relying.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		if len(handle) != id.Size {
			return nil, ErrSignIn
		}
		h := holder{person: Person{ID: id.Person(handle)}}
		h.keys, broken = p.store.Passkeys(ctx, h.person.ID)
		return h, broken
	}, c.asked, answer)
	switch {
	case broken != nil:
		return id.Person{}, broken
	case err != nil:
		return id.Person{}, fmt.Errorf("%w: %w", ErrSignIn, err)
	case key.Authenticator.CloneWarning:
		return id.Person{}, fmt.Errorf("%w: the passkey's count went back", ErrSignIn)
	}
	k := Passkey{ID: key.ID, Flags: key.Flags.MsgpByte(), Count: key.Authenticator.SignCount}
	if err := p.store.UsePasskey(ctx, k); err != nil {
		return id.Person{}, err
	}
	return who.(holder).person.ID, nil
}

// register begins c, which is to make a passkey on a device that has none of
// keys.
func (p *People) register(c ceremony, keys []Passkey) (Ceremony, error) {
	h := holder{c.person, keys}
	creation, asked, err := p.relying.BeginRegistration(h,
		webauthn.WithExclusions(webauthn.Credentials(h.WebAuthnCredentials()).CredentialDescriptors()))
	if err != nil {
		return Ceremony{}, fmt.Errorf("begin to make a passkey: %w", err)
	}
	c.asked = *asked
	return p.begin(c, creation.Response)
}

func (p *People) begin(c ceremony, options any) (Ceremony, error) {
	text, err := json.Marshal(options)
	if err != nil {
		return Ceremony{}, fmt.Errorf("write the options of a ceremony: %w", err)
	}
	return Ceremony{p.ceremonies.begin(p.now(), c), text}, nil
}

// registered returns the passkey that c has made, or ErrPasskey.
func (p *People) registered(c *ceremony, credential []byte) (Passkey, error) {
	answer, err := protocol.ParseCredentialCreationResponseBytes(credential)
	if err != nil {
		return Passkey{}, fmt.Errorf("%w: %w", ErrPasskey, err)
	}
	key, err := p.relying.CreateCredential(holder{person: c.person}, c.asked, answer)
	if err != nil {
		return Passkey{}, fmt.Errorf("%w: %w", ErrPasskey, err)
	}
	return Passkey{
		ID: bytes.Clone(key.ID), Person: c.person.ID, PublicKey: bytes.Clone(key.PublicKey),
		Flags: key.Flags.MsgpByte(), Count: key.Authenticator.SignCount, Created: p.now(),
	}, nil
}

// A holder is a person as the webauthn package wants to see them. The user
// handle is the person's id: random, and no secret.
type holder struct {
	person Person
	keys   []Passkey
}

func (h holder) WebAuthnID() []byte          { return h.person.ID[:] }
func (h holder) WebAuthnName() string        { return h.person.Name }
func (h holder) WebAuthnDisplayName() string { return h.person.Name }

func (h holder) WebAuthnCredentials() []webauthn.Credential {
	out := make([]webauthn.Credential, len(h.keys))
	for i, k := range h.keys {
		out[i] = webauthn.Credential{
			ID: k.ID, PublicKey: k.PublicKey,
			Flags:         webauthn.CredentialFlagsFromMsgpByte(k.Flags),
			Authenticator: webauthn.Authenticator{SignCount: k.Count},
		}
	}
	return out
}
