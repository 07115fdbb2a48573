package report

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/stoa-audio/stoa/sdk/go/keys"
	"github.com/stoa-audio/stoa/sdk/go/sframe"
)

// A gcmKey is what SFrame derives from a base key (RFC 9605, section 4.4.2).
type gcmKey struct {
	block cipher.Block
	salt  []byte
}

func derive(t testing.TB, kid uint64, base keys.Window) gcmKey {
	t.Helper()
	about := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint64(nil, kid), 4)
	secret, err := hkdf.Extract(sha256.New, base[:], nil)
	if err != nil {
		t.Fatal(err)
	}
	expand := func(label string, n int) []byte {
		b, err := hkdf.Expand(sha256.New, secret, label+string(about), n)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	block, err := aes.NewCipher(expand("SFrame 1.0 Secret key ", 16))
	if err != nil {
		t.Fatal(err)
	}
	return gcmKey{block, expand("SFrame 1.0 Secret salt ", 12)}
}

func (k gcmKey) encrypt(block []byte) element {
	out := make([]byte, 16)
	k.block.Encrypt(out, block)
	return elementOf(out)
}

// counter returns a block of AES-CTR for a frame.
func (k gcmKey) counter(frame uint64, i uint32) element {
	b := binary.BigEndian.AppendUint32(bytes.Clone(k.salt), i)
	for j, c := range binary.BigEndian.AppendUint64(nil, frame) {
		b[4+j] ^= c
	}
	return k.encrypt(b)
}

// An element is one of GF(2^128), in the order of GCM's bits (NIST SP 800-38D,
// section 6.3).
type element [2]uint64

func elementOf(b []byte) element {
	var block [16]byte
	copy(block[:], b)
	return element{binary.BigEndian.Uint64(block[:]), binary.BigEndian.Uint64(block[8:])}
}

func (a element) bytes() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, a[0]), a[1])
}
func (a element) plus(b element) element { return element{a[0] ^ b[0], a[1] ^ b[1]} }

func (a element) times(b element) (product element) {
	for i := range 128 {
		if a[i/64]>>(63-i%64)&1 == 1 {
			product = product.plus(b)
		}
		low := b[1] & 1
		b[1], b[0] = b[1]>>1|b[0]<<63, b[0]>>1
		b[0] ^= low * 0xe1 << 56
	}
	return product
}

// inverse is a to the power of 2^128 - 2.
func (a element) inverse() element {
	out := element{1 << 63}
	for range 127 {
		a = a.times(a)
		out = out.times(a)
	}
	return out
}

// hash is GHASH of data and a ciphertext of whole blocks.
func (k gcmKey) hash(header, text []byte) (sum element) {
	h := k.encrypt(make([]byte, 16))
	for block := range slices.Chunk(header, 16) {
		sum = sum.plus(elementOf(block)).times(h)
	}
	for block := range slices.Chunk(text, 16) {
		sum = sum.plus(elementOf(block)).times(h)
	}
	return sum.plus(element{uint64(len(header)) * 8, uint64(len(text)) * 8}).times(h)
}

// twoKeys makes a frame that opens under a key and under another one that it
// finds, and its number: what a speaker can do who wants to have said something
// else later. By the first key it says "one!".
func twoKeys(t testing.TB, kid uint64, first keys.Window) (second keys.Window, number int, frame []byte) {
	t.Helper()
	a := derive(t, kid, first)
	for n := uint64(100); ; n = (n + 1) % (keys.WindowFrames - 1) {
		binary.BigEndian.PutUint64(second[:], binary.BigEndian.Uint64(second[:])+1)
		b := derive(t, kid, second)
		one, other := a.counter(n, 2), b.counter(n, 2)
		if one.plus(other)[0]>>56 != 0 { // both are to begin with flags of 0
			continue
		}
		probe, err := sframe.NewKey(kid, first[:])
		if err != nil {
			t.Fatal(err)
		}
		header := bytes.Clone(probe.Seal(nil, n, make([]byte, 48), nil))
		header = header[:len(header)-48-16]
		text := make([]byte, 48) // the last block is solved for
		copy(text, one.plus(elementOf(append([]byte{0}, "one!"...))).bytes())
		wanted := a.hash(header, text).plus(b.hash(header, text)).plus(a.counter(n, 1)).plus(b.counter(n, 1))
		ha, hb := a.encrypt(make([]byte, 16)), b.encrypt(make([]byte, 16))
		x := wanted.times(ha.times(ha).plus(hb.times(hb)).inverse())
		copy(text[32:], x.bytes())
		tag := a.hash(header, text).plus(a.counter(n, 1))
		frame = slices.Concat(header, text, tag.bytes())
		for _, base := range []keys.Window{first, second} {
			key, err := sframe.NewKey(kid, base[:])
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := key.Open(nil, frame, nil); err != nil {
				t.Fatalf("it does not open under both keys: %v", err)
			}
		}
		return second, int(n), frame
	}
}

// signedFor returns the frame after one, with a proof that covers that one.
func (k *talk) signedFor(window keys.Window, number int, frame []byte) []byte {
	k.Helper()
	kid := keys.KID(epoch, slot, 0)
	head := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, kid), uint64(number))
	head = append(head, 1)
	sum, commit := sha256.Sum256(frame), window.Commit()
	sig := ed25519.Sign(k.page, slices.Concat([]byte("stoa voice 1"), head, commit[:], sum[:10]))
	key, err := sframe.NewKey(kid, window[:])
	k.must(err)
	plain := slices.Concat([]byte{1}, head, sig, sum[:10], opusOf(number+1))
	return key.Seal(nil, uint64(number)+1, plain, nil)
}
