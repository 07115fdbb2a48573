package group

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hpke"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/stoa-audio/stoa/sdk/go/keys"
)

// A Kind says how the secret in a letter is sealed.
type Kind uint8

// The kinds of letters.
const (
	Welcome Kind = 1 // to the public key of a knock
	Rewrap  Kind = 2 // by the key that both sides have from a welcome
)

const (
	sealedSize = 32 + 16 // a secret, and the tag
	letterHead = 1 + 4
)

// A Kek is the key by which a steward gives a member the secrets of epochs
// after the one that it welcomed it to. Each epoch once.
type Kek [16]byte

// A Letter gives a member the secret of an epoch.
type Letter struct {
	Kind   Kind
	Epoch  uint32 // from 1
	Enc    []byte // of HPKE, in a welcome
	Sealed [sealedSize]byte
}

// ParseLetter reads a letter. It keeps b.
func ParseLetter(b []byte) (l Letter, err error) {
	n := len(b) - letterHead - sealedSize
	if n < 0 {
		return l, ErrMalformed
	}
	l.Kind, l.Epoch = Kind(b[0]), binary.BigEndian.Uint32(b[1:])
	switch {
	case l.Epoch == 0,
		l.Kind == Welcome && n != encMin && n != encMax,
		l.Kind == Rewrap && n != 0,
		l.Kind != Welcome && l.Kind != Rewrap:
		return Letter{}, ErrMalformed
	}
	if n > 0 {
		l.Enc = b[letterHead : letterHead+n : letterHead+n]
	}
	copy(l.Sealed[:], b[letterHead+n:])
	return l, nil
}

// Append appends the letter to b.
func (l *Letter) Append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(append(b, byte(l.Kind)), l.Epoch)
	b = append(b, l.Enc...)
	return append(b, l.Sealed[:]...)
}

// SealWelcome returns a letter that welcomes a member to an epoch, and the key
// for later ones.
func SealWelcome(room ID, m Member, to KEM, key []byte, epoch uint32, s keys.Secret) (l Letter, k Kek, err error) {
	pub, err := to.hpke().NewPublicKey(key)
	if err != nil {
		return l, k, fmt.Errorf("read a public key: %w", err)
	}
	enc, h, err := hpke.NewSender(pub, hpke.HKDFSHA256(), hpke.AES128GCM(), infoWelcome(room, m, epoch))
	if err != nil {
		return l, k, fmt.Errorf("encapsulate: %w", err)
	}
	sealed, err := h.Seal(nil, s[:])
	if err != nil {
		return l, k, fmt.Errorf("seal: %w", err)
	}
	kek, err := h.Export(labelKek, len(k))
	if err != nil {
		return l, k, fmt.Errorf("export: %w", err)
	}
	return Letter{Welcome, epoch, enc, [sealedSize]byte(sealed)}, Kek(kek), nil
}

// OpenWelcome returns what a welcome gives to a member.
func (l *Letter) OpenWelcome(room ID, m Member, key hpke.PrivateKey) (s keys.Secret, k Kek, err error) {
	if _, enc := KEM(key.KEM().ID()).sizes(); l.Kind != Welcome || len(l.Enc) != enc {
		return s, k, ErrSealed
	}
	h, err := hpke.NewRecipient(l.Enc, key, hpke.HKDFSHA256(), hpke.AES128GCM(), infoWelcome(room, m, l.Epoch))
	if err != nil {
		return s, k, ErrSealed
	}
	plain, err := h.Open(nil, l.Sealed[:])
	if err != nil {
		return s, k, ErrSealed
	}
	kek, err := h.Export(labelKek, len(k))
	if err != nil {
		return s, k, ErrSealed
	}
	return keys.Secret(plain), Kek(kek), nil
}

// SealRewrap returns a letter that gives the secret of a later epoch. A kek and
// an epoch go together once and never again.
func SealRewrap(k Kek, epoch uint32, s keys.Secret) Letter {
	l := Letter{Kind: Rewrap, Epoch: epoch}
	k.gcm().Seal(l.Sealed[:0], nonce(epoch), s[:], []byte(labelRewrap))
	return l
}

// OpenRewrap returns the secret in a rewrap.
func (l *Letter) OpenRewrap(k Kek) (s keys.Secret, err error) {
	if l.Kind != Rewrap {
		return s, ErrSealed
	}
	if _, err := k.gcm().Open(s[:0], nonce(l.Epoch), l.Sealed[:], []byte(labelRewrap)); err != nil {
		return keys.Secret{}, ErrSealed
	}
	return s, nil
}

func (k Kek) gcm() cipher.AEAD {
	b, err := aes.NewCipher(k[:])
	if err != nil {
		panic(err) // only for lengths that a kek has not
	}
	g, err := cipher.NewGCM(b)
	if err != nil {
		panic(err) // only for block sizes that AES has not
	}
	return g
}

func nonce(epoch uint32) []byte {
	return binary.BigEndian.AppendUint32(make([]byte, 8, 12), epoch)
}

func infoWelcome(room ID, m Member, epoch uint32) []byte {
	return binary.BigEndian.AppendUint32(slices.Concat([]byte(labelWelcome), room[:], m[:]), epoch)
}
