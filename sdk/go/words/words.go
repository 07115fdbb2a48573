// Package words seals what people in a room write to each other, and opens it:
// docs/protocol/keys.md, section "Words". Whoever has the secret of the epoch can
// do both, on the stage or not. What is written is signed by the page key of who
// writes, whose cert comes with it, and bound to the room and the person.
//
// sdk/ts/src/keys/words.ts is the same in TypeScript, and test/vectors/words.json
// holds for both. Nothing here knows a network or a clock.
package words

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/stoa-audio/stoa/sdk/go/group"
	"github.com/stoa-audio/stoa/sdk/go/keys"
)

// Bounds of what is written.
const (
	TextMax  = 500           // characters
	BytesMax = sealedMax - 1 // of the text, in UTF-8
	SaidMax  = 1500          // bytes, as it is sealed
	PadTo    = 64            // what is sealed is so many bytes long, or a multiple
	Overhead = headSize + 16 + ed25519.SignatureSize

	version   = 1
	label     = "stoa 1 said"
	headSize  = 1 + 4 + 8 + group.CertSize
	sealedMax = (SaidMax - Overhead) / PadTo * PadTo
)

var (
	// ErrText means that a text is empty, too long, or has characters that are none.
	ErrText = errors.New("no text of 1 to 500 characters")
	// ErrMalformed means that bytes are not something written, of this version.
	ErrMalformed = errors.New("not something written, of this version")
	// ErrSealed means that it does not open: it was sealed by another key, or for
	// another room, or was changed.
	ErrSealed = errors.New("what is written does not open")
)

// IsText reports whether something can be written.
func IsText(s string) bool {
	if s == "" || len(s) > BytesMax || !utf8.ValidString(s) || utf8.RuneCountInString(s) > TextMax {
		return false
	}
	for _, c := range s {
		if unicode.IsControl(c) && c != '\n' {
			return false
		}
	}
	return true
}

// Said is something written, as it is sent.
type Said struct {
	Epoch     uint32
	Number    uint64
	Cert      group.Cert
	Sealed    []byte // the padded text, and the tag
	Signature [ed25519.SignatureSize]byte
}

// Parse reads something written. What it returns has parts of b.
func Parse(b []byte) (s Said, err error) {
	n := len(b) - Overhead
	if n < PadTo || n%PadTo != 0 || len(b) > SaidMax || b[0] != version {
		return s, ErrMalformed
	}
	s.Epoch = binary.BigEndian.Uint32(b[1:])
	s.Number = binary.BigEndian.Uint64(b[5:])
	if s.Cert, err = group.ParseCert(b[13:headSize]); err != nil {
		return s, ErrMalformed
	}
	s.Sealed = b[headSize : len(b)-len(s.Signature)]
	copy(s.Signature[:], b[len(b)-len(s.Signature):])
	return s, nil
}

// Append appends it to b.
func (s *Said) Append(b []byte) []byte { return append(s.appendBody(b), s.Signature[:]...) }

func (s *Said) appendHead(b []byte) []byte {
	b = append(b, version)
	b = binary.BigEndian.AppendUint32(b, s.Epoch)
	b = binary.BigEndian.AppendUint64(b, s.Number)
	return s.Cert.Append(b)
}

func (s *Said) appendBody(b []byte) []byte { return append(s.appendHead(b), s.Sealed...) }

// signed returns what the page key signs.
func (s *Said) signed(room, who group.ID) []byte {
	return s.appendBody(slices.Concat([]byte(label), room[:], who[:]))
}

// verify returns nil if who has written it in a room, on a device of theirs.
func (s *Said) verify(room, who group.ID) error {
	if err := s.Cert.Verify(room, who); err != nil {
		return err
	}
	if !ed25519.Verify(s.Cert.PageKey[:], s.signed(room, who), s.Signature[:]) {
		return group.ErrSignature
	}
	return nil
}

// open returns the text.
func (s *Said) open(room group.ID, secret keys.Secret) (string, error) {
	padded, err := gcm(secret.Words(s.Cert.Hash())).Open(nil, nonce(s.Number), s.Sealed, append(s.appendHead(nil), room[:]...))
	if err != nil {
		return "", ErrSealed
	}
	text, ok := unpad(padded)
	if !ok || !IsText(text) {
		return "", ErrText
	}
	return text, nil
}

// A Writer seals what one writes in one visit.
type Writer struct {
	room, who group.ID
	cert      group.Cert
	page      ed25519.PrivateKey
	next      uint64 // number: it only grows, in whatever epoch
}

// NewWriter returns the writer of who goes by a cert, which the page key is of.
func NewWriter(room, who group.ID, cert group.Cert, page ed25519.PrivateKey) *Writer {
	return &Writer{room: room, who: who, cert: cert, page: page}
}

// Seal seals a text with the secret of an epoch.
func (w *Writer) Seal(epoch uint32, secret keys.Secret, text string) ([]byte, error) {
	if !IsText(text) {
		return nil, ErrText
	}
	s := Said{Epoch: epoch, Number: w.next, Cert: w.cert}
	w.next++
	head := append(s.appendHead(nil), w.room[:]...)
	s.Sealed = gcm(secret.Words(w.cert.Hash())).Seal(nil, nonce(s.Number), pad(text), head)
	copy(s.Signature[:], ed25519.Sign(w.page, s.signed(w.room, w.who)))
	return s.Append(nil), nil
}

// pad makes a text as long as others of about its length.
func pad(text string) []byte {
	padded := make([]byte, (len(text)/PadTo+1)*PadTo)
	padded[copy(padded, text)] = 0x80
	return padded
}

func unpad(padded []byte) (text string, ok bool) {
	text, rest, found := cutLast(padded)
	return text, found && len(rest) < PadTo
}

// cutLast returns what is before the last byte that is not 0, which is to be
// 0x80, and what is after it.
func cutLast(padded []byte) (text string, rest []byte, ok bool) {
	i := len(bytes.TrimRight(padded, "\x00")) - 1
	if i < 0 || padded[i] != 0x80 {
		return "", nil, false
	}
	return string(padded[:i]), padded[i+1:], true
}

func nonce(number uint64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 4, 12), number) }

func gcm(key [32]byte) cipher.AEAD {
	b, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // only for lengths that this key has not
	}
	g, err := cipher.NewGCM(b)
	if err != nil {
		panic(err) // only for block sizes that AES has not
	}
	return g
}
