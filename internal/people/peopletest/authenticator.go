// Package peopletest is an authenticator in software, for tests: what a
// browser and a passkey device do together (WebAuthn, sections 5 and 6). It
// signs what it is asked to sign and asks nobody.
package peopletest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
)

// An Authenticator holds one passkey for one origin.
type Authenticator struct {
	Origin string // as "https://stoa.example"
	RPID   string // as "stoa.example"
	// Unverified leaves the person at the device unverified.
	Unverified bool

	id     []byte
	handle []byte
	key    *ecdsa.PrivateKey
	Count  uint32
}

// flags of authenticator data (section 6.1).
const (
	userPresent  = 1 << 0
	userVerified = 1 << 2
	hasKey       = 1 << 6
)

// Create makes a passkey as options ask and returns a RegistrationResponseJSON.
func (a *Authenticator) Create(options []byte) ([]byte, error) {
	var asked struct {
		Challenge string `json:"challenge"`
		User      struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	if err := json.Unmarshal(options, &asked); err != nil {
		return nil, fmt.Errorf("read creation options: %w", err)
	}
	var err error
	if a.handle, err = base64.RawURLEncoding.DecodeString(asked.User.ID); err != nil {
		return nil, fmt.Errorf("read the user handle: %w", err)
	}
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	a.id = make([]byte, 16)
	_, _ = rand.Read(a.id)

	point, err := a.key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		return nil, fmt.Errorf("write the key: %w", err)
	}
	cose, err := webauthncbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	if err != nil {
		return nil, fmt.Errorf("write the key: %w", err)
	}
	data := a.data(hasKey)
	data = append(data, make([]byte, 16)...) // no make of authenticator is told
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.id)))
	data = append(append(data, a.id...), cose...)
	object, err := webauthncbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	if err != nil {
		return nil, fmt.Errorf("write the attestation: %w", err)
	}
	return a.credential(map[string]any{
		"clientDataJSON":    encode(a.client("webauthn.create", asked.Challenge)),
		"attestationObject": encode(object),
	})
}

// Get signs in as options ask and returns an AuthenticationResponseJSON.
func (a *Authenticator) Get(options []byte) ([]byte, error) {
	var asked struct {
		Challenge string `json:"challenge"`
	}
	if err := json.Unmarshal(options, &asked); err != nil {
		return nil, fmt.Errorf("read request options: %w", err)
	}
	a.Count++
	data, client := a.data(0), a.client("webauthn.get", asked.Challenge)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(slices.Clip(data), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, digest[:])
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return a.credential(map[string]any{
		"clientDataJSON":    encode(client),
		"authenticatorData": encode(data),
		"signature":         encode(signature),
		"userHandle":        encode(a.handle),
	})
}

// data returns authenticator data up to the count (section 6.1).
func (a *Authenticator) data(flags byte) []byte {
	hash := sha256.Sum256([]byte(a.RPID))
	flags |= userPresent
	if !a.Unverified {
		flags |= userVerified
	}
	return binary.BigEndian.AppendUint32(append(hash[:], flags), a.Count)
}

// client returns the client data (section 5.8.1).
func (a *Authenticator) client(kind, challenge string) []byte {
	text, err := json.Marshal(map[string]any{
		"type": kind, "challenge": challenge, "origin": a.Origin, "crossOrigin": false,
	})
	if err != nil {
		panic(err) // strings always have a JSON form
	}
	return text
}

func (a *Authenticator) credential(response map[string]any) ([]byte, error) {
	return json.Marshal(map[string]any{
		"id": encode(a.id), "rawId": encode(a.id), "type": "public-key",
		"clientExtensionResults": map[string]any{}, "response": response,
	})
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
