package discover

import (
	"crypto/sha256"
	"fmt"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/oprf"
)

const (
	// ElementSize is the size of an element in bytes.
	ElementSize = 32

	keyInfo = "stoa discovery v1" // of DeriveKeyPair (RFC 9497, section 3.2.1)
	valueOf = "stoa discovery v1" // what an output is hashed after
)

// A KeyID tells one key from another.
type KeyID [16]byte

// A Key is the house's, in mode VOPRF of suite ristretto255-SHA512.
type Key struct {
	server oprf.VerifiableServer
	public []byte
}

// NewKey derives a key from a secret.
func NewKey(secret []byte) (*Key, error) { return newKey(secret, keyInfo) }

func newKey(secret []byte, info string) (*Key, error) {
	private, err := oprf.DeriveKey(oprf.SuiteRistretto255, oprf.VerifiableMode, secret, []byte(info))
	if err != nil {
		return nil, fmt.Errorf("derive the key of discovery: %w", err)
	}
	public, err := private.Public().MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("write the key of discovery: %w", err)
	}
	return &Key{oprf.NewVerifiableServer(oprf.SuiteRistretto255, private), public}, nil
}

// Public returns the public half.
func (k *Key) Public() []byte { return k.public }

// ID returns which key it is.
func (k *Key) ID() KeyID { return IDOf(k.public) }

// IDOf returns which key has a public half.
func IDOf(public []byte) KeyID {
	sum := sha256.Sum256(public)
	return KeyID(sum[:len(KeyID{})])
}

// Value returns by what whoever has an identifier is found.
func (k *Key) Value(of Identifier) (Value, error) {
	output, err := k.server.FullEvaluate([]byte(of))
	if err != nil {
		return Value{}, fmt.Errorf("evaluate an identifier: %w", err)
	}
	return ValueOf(output), nil
}

// ValueOf returns the value of an output of the function.
func ValueOf(output []byte) Value {
	return sha256.Sum256(append([]byte(valueOf), output...))
}

// Evaluate is BlindEvaluate of section 3.3.2 for all elements, with one proof. It
// returns ElementsError where some are not canonical, or the identity.
func (k *Key) Evaluate(blinded [][]byte) (evaluated [][]byte, proof []byte, err error) {
	var bad ElementsError
	elements := make([]group.Element, len(blinded))
	for i, b := range blinded {
		e := group.Ristretto255.NewElement()
		if len(b) != ElementSize || e.UnmarshalBinary(b) != nil || e.IsIdentity() {
			bad = append(bad, i)
		}
		elements[i] = e
	}
	if bad != nil {
		return nil, nil, bad
	}
	done, err := k.server.Evaluate(&oprf.EvaluationRequest{Elements: elements})
	if err != nil {
		return nil, nil, fmt.Errorf("evaluate: %w", err)
	}
	evaluated = make([][]byte, len(done.Elements))
	for i, e := range done.Elements {
		if evaluated[i], err = e.MarshalBinaryCompress(); err != nil {
			return nil, nil, fmt.Errorf("write an element: %w", err)
		}
	}
	if proof, err = done.Proof.MarshalBinary(); err != nil {
		return nil, nil, fmt.Errorf("write a proof: %w", err)
	}
	return evaluated, proof, nil
}
