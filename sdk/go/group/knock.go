package group

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hpke"
	"encoding/binary"
	"slices"
)

// A KEM is the way in which a client wants to be given its first secret.
type KEM uint16

// The ways there are, by their numbers in HPKE.
const (
	X25519 KEM = 0x0020 // DHKEM(X25519, HKDF-SHA256)
	XWing  KEM = 0x647a // which a quantum computer does not open either
)

const (
	keyMin, keyMax = 32, 1216 // bytes of a public key
	encMin, encMax = 32, 1120 // and of what it is encapsulated in
)

// sizes returns the lengths of a public key and of what is encapsulated to it,
// 0 for a way that is not there.
func (k KEM) sizes() (key, enc int) {
	switch k {
	case X25519:
		return keyMin, encMin
	case XWing:
		return keyMax, encMax
	}
	return 0, 0
}

func (k KEM) hpke() hpke.KEM {
	if k == XWing {
		return hpke.MLKEM768X25519()
	}
	return hpke.DHKEM(ecdh.X25519())
}

// A Knock asks to be given the secret: to whom it is to be sealed.
type Knock struct {
	Cert      Cert
	KEM       KEM
	Key       []byte // public, of HPKE
	Signature [ed25519.SignatureSize]byte
}

// ParseKnock reads a knock. It keeps b.
func ParseKnock(b []byte) (k Knock, err error) {
	const fixed = CertSize + 2 + ed25519.SignatureSize
	if len(b) < fixed {
		return k, ErrMalformed
	}
	if k.Cert, err = ParseCert(b[:CertSize]); err != nil {
		return k, err
	}
	k.KEM = KEM(binary.BigEndian.Uint16(b[CertSize:]))
	if n, _ := k.KEM.sizes(); n == 0 || len(b) != fixed+n {
		return k, ErrMalformed
	}
	end := len(b) - ed25519.SignatureSize
	k.Key = b[CertSize+2 : end : end]
	copy(k.Signature[:], b[end:])
	return k, nil
}

// Append appends the knock to b.
func (k *Knock) Append(b []byte) []byte { return append(k.appendBody(b), k.Signature[:]...) }

func (k *Knock) appendBody(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(k.Cert.Append(b), uint16(k.KEM))
	return append(b, k.Key...)
}

func (k *Knock) signed(room, who ID) []byte {
	return k.appendBody(slices.Concat([]byte(labelKnock), room[:], who[:]))
}

// Sign signs the knock by the page key of its cert, for a person in a room.
func (k *Knock) Sign(page crypto.Signer, room, who ID) error {
	return sign(&k.Signature, page, k.signed(room, who))
}

// Verify returns ErrSignature unless the knock and its cert are signed for a
// person in a room.
func (k *Knock) Verify(room, who ID) error {
	if err := k.Cert.Verify(room, who); err != nil {
		return err
	}
	return verify(k.Cert.PageKey[:], k.signed(room, who), k.Signature[:])
}
