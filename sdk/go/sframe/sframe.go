// Package sframe seals media frames from end to end (SFrame, RFC 9605) with the
// cipher suite AES_128_GCM_SHA256_128, the only one that Stoa speaks.
//
// A sealed frame is a header, which is authenticated and in clear, the
// ciphertext, as long as the frame, and a tag of 16 bytes. The header says by
// which key (KID) it is sealed and its number under that key (CTR). The two
// together may be used for one frame only, ever: that is for the caller to see
// to, as is what a replay is (Window helps).
package sframe

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
)

// Overhead of a sealed frame in bytes.
const (
	HeaderMax = 17 // section 4.3
	Tag       = 16
)

const (
	suite    = 4 // AES_128_GCM_SHA256_128 (section 8.1)
	keyLen   = 16
	nonceLen = 12
)

var (
	// ErrHeader means that a header is cut short, or longer than it need be.
	ErrHeader = errors.New("not an SFrame header")
	// ErrOpen means that a frame was sealed by another key, or was changed.
	ErrOpen = errors.New("the frame does not open")
)

// A Header stands before each frame (section 4.3).
type Header struct {
	KID uint64 // the key
	CTR uint64 // the frame's number under it
}

// A field of the first byte holds a value below 8, or, with its high bit set,
// how many bytes follow that hold it, less one.
const (
	fieldLong  = 0x8
	fieldValue = 0x7
)

// Append appends the header to b.
func (h Header) Append(b []byte) []byte {
	first := len(b)
	b = append(b, 0)
	b, kid := appendField(b, h.KID)
	b, ctr := appendField(b, h.CTR)
	b[first] = kid<<4 | ctr
	return b
}

func appendField(b []byte, v uint64) (_ []byte, field byte) {
	if v <= fieldValue {
		return b, byte(v)
	}
	n := (bits.Len64(v) + 7) / 8
	for i := n - 1; i >= 0; i-- {
		b = append(b, byte(v>>(8*i)))
	}
	return b, fieldLong | byte(n-1)
}

// ParseHeader reads the header at the beginning of b, and returns where the
// ciphertext begins, or ErrHeader. A value has one form, the shortest.
func ParseHeader(b []byte) (h Header, n int, err error) {
	if len(b) == 0 {
		return Header{}, 0, ErrHeader
	}
	rest := b[1:]
	if h.KID, rest, err = parseField(b[0]>>4, rest); err != nil {
		return Header{}, 0, err
	}
	if h.CTR, rest, err = parseField(b[0]&0xf, rest); err != nil {
		return Header{}, 0, err
	}
	return h, len(b) - len(rest), nil
}

func parseField(field byte, b []byte) (v uint64, rest []byte, err error) {
	if field&fieldLong == 0 {
		return uint64(field), b, nil
	}
	n := int(field&fieldValue) + 1
	if len(b) < n {
		return 0, nil, ErrHeader
	}
	for _, x := range b[:n] {
		v = v<<8 | uint64(x)
	}
	if b[0] == 0 || v <= fieldValue {
		return 0, nil, ErrHeader
	}
	return v, b[n:], nil
}

// A Key seals and opens frames. It is not safe for concurrent use.
type Key struct {
	kid   uint64
	aead  cipher.AEAD
	salt  [nonceLen]byte
	nonce [nonceLen]byte // memory for one, so that none is made for each frame
}

// NewKey derives the key that goes by kid from a base key (section 4.4.2), which
// is secret, of any length, and used with this kid alone.
func NewKey(kid uint64, base []byte) (*Key, error) {
	about := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint64(nil, kid), suite)
	secret, err := hkdf.Extract(sha256.New, base, nil)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Expand(sha256.New, secret, "SFrame 1.0 Secret key "+string(about), keyLen)
	if err != nil {
		return nil, err
	}
	salt, err := hkdf.Expand(sha256.New, secret, "SFrame 1.0 Secret salt "+string(about), nonceLen)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	k := &Key{kid: kid, salt: [nonceLen]byte(salt)}
	k.aead, err = cipher.NewGCM(block)
	return k, err
}

// KID returns what the key goes by.
func (k *Key) KID() uint64 { return k.kid }

// Seal appends frame, sealed as number ctr, to out. meta is authenticated too,
// and not sent; it may be nil. out must not overlap frame.
func (k *Key) Seal(out []byte, ctr uint64, frame, meta []byte) []byte {
	start := len(out)
	out = Header{k.kid, ctr}.Append(slices.Grow(out, HeaderMax+len(frame)+Tag))
	k.prepare(ctr)
	return k.aead.Seal(out, k.nonce[:], frame, aad(out[start:], meta))
}

// Open appends the frame that sealed carries to out, and returns its header, or
// ErrHeader or ErrOpen.
func (k *Key) Open(out, sealed, meta []byte) (frame []byte, h Header, err error) {
	h, n, err := ParseHeader(sealed)
	if err != nil {
		return out, h, err
	}
	if h.KID != k.kid {
		return out, h, ErrOpen
	}
	k.prepare(h.CTR)
	frame, err = k.aead.Open(out, k.nonce[:], sealed[n:], aad(sealed[:n], meta))
	if err != nil {
		return out, h, ErrOpen
	}
	return frame, h, nil
}

// aad returns what is authenticated and not encrypted (section 4.4.3).
func aad(header, meta []byte) []byte {
	if len(meta) == 0 {
		return header
	}
	return slices.Concat(header, meta)
}

// prepare sets the nonce of frame number ctr: the salt ⊕ ctr (section 4.4.3).
func (k *Key) prepare(ctr uint64) {
	k.nonce = k.salt
	low := k.nonce[nonceLen-8:]
	binary.BigEndian.PutUint64(low, binary.BigEndian.Uint64(low)^ctr)
}

// windowLen is how many numbers behind the newest a Window can tell apart.
const windowLen = 512

// A Window knows which frames of one key have come (RFC 4303, section 3.4.3).
// The zero Window has seen none.
type Window struct {
	next uint64 // one more than the newest; zero before the first
	seen [windowLen / 64]uint64
}

// Take reports whether number ctr is new, and notes it. It is to be asked after
// the frame has opened. What is older than the window counts as seen.
func (w *Window) Take(ctr uint64) bool {
	if ctr == ^uint64(0) {
		return false // so that next holds it
	}
	switch {
	case ctr >= w.next:
		if ctr-w.next >= windowLen {
			w.seen = [windowLen / 64]uint64{}
		} else {
			for n := w.next; n < ctr; n++ {
				w.seen[n/64%uint64(len(w.seen))] &^= 1 << (n % 64)
			}
		}
		w.next = ctr + 1
	case w.next-ctr > windowLen || w.seen[ctr/64%uint64(len(w.seen))]>>(ctr%64)&1 == 1:
		return false
	}
	w.seen[ctr/64%uint64(len(w.seen))] |= 1 << (ctr % 64)
	return true
}
