package mumble

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"errors"
)

// A crypt seals and opens the datagrams of one connection: OCB2 with AES-128
// (draft-krovetz-ocb-00), whose nonce is a counter that both sides keep. A
// datagram begins with the counter's lowest byte and three bytes of the tag.
//
// OCB2 is broken as a promise of integrity; it is here since Mumble speaks it.
// Not here: replay protection. Packets that come twice are counted instead.
type crypt struct {
	aes      cipher.Block
	sent     nonce // of the last datagram sent
	received nonce // the highest that has come
}

const (
	blockSize = aes.BlockSize
	cryptHead = 4
	tagSize   = cryptHead - 1
)

type (
	block = [blockSize]byte
	nonce = block // a counter, its lowest byte first
)

// newCrypt returns a crypt with the key and the nonces that the server has
// chosen.
func newCrypt(key, client, server []byte) (*crypt, error) {
	if len(key) != blockSize || len(client) != blockSize || len(server) != blockSize {
		return nil, errors.New("a key or a nonce is not as long as a block")
	}
	b, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return &crypt{aes: b, sent: nonce(client), received: nonce(server)}, nil
}

// seal appends the datagram of plain to out.
func (c *crypt) seal(out, plain []byte) []byte {
	advance(&c.sent, 1)
	at := len(out)
	out = append(out, c.sent[0], 0, 0, 0)
	out = append(out, plain...)
	tag := c.code(&c.sent, out[at+cryptHead:], sealing)
	copy(out[at+1:], tag[:tagSize])
	return out
}

// open decrypts a datagram in place, and returns what it holds, or false.
func (c *crypt) open(b []byte) ([]byte, bool) {
	if len(b) < cryptHead {
		return nil, false
	}
	n := c.received
	ahead := int8(b[0] - n[0]) //nolint:gosec // serial arithmetic (RFC 1982)
	advance(&n, int64(ahead))
	body := b[cryptHead:]
	tag := c.code(&n, body, opening)
	if subtle.ConstantTimeCompare(tag[:tagSize], b[1:cryptHead]) == 0 {
		return nil, false
	}
	if ahead > 0 {
		c.received = n
	}
	return body, true
}

// advance adds d to a counter.
func advance(n *nonce, d int64) {
	low, high := binary.LittleEndian.Uint64(n[:8]), binary.LittleEndian.Uint64(n[8:])
	next := low + uint64(d) //nolint:gosec // modulo 2^64
	switch {
	case d > 0 && next < low:
		high++
	case d < 0 && next > low:
		high--
	}
	binary.LittleEndian.PutUint64(n[:8], next)
	binary.LittleEndian.PutUint64(n[8:], high)
}

const (
	sealing = true
	opening = false
)

// code encrypts or decrypts b in place and returns the tag.
func (c *crypt) code(n *nonce, b []byte, seal bool) (tag block) {
	var offset, sum, pad block
	c.aes.Encrypt(offset[:], n[:])
	for len(b) > blockSize {
		double(&offset)
		one := b[:blockSize]
		if seal {
			xor(sum[:], one)
		}
		xor(one, offset[:])
		if seal {
			c.aes.Encrypt(one, one)
		} else {
			c.aes.Decrypt(one, one)
		}
		xor(one, offset[:])
		if !seal {
			xor(sum[:], one)
		}
		b = b[blockSize:]
	}
	// The last block may be short, and is not so much encrypted as masked: the
	// rest of the mask counts as its end.
	double(&offset)
	binary.BigEndian.PutUint64(pad[8:], uint64(len(b))*8)
	xor(pad[:], offset[:])
	c.aes.Encrypt(pad[:], pad[:])
	if seal {
		xor(sum[:], b)
	}
	xor(b, pad[:])
	if !seal {
		xor(sum[:], b)
	}
	xor(sum[len(b):], pad[len(b):])
	triple := offset
	double(&triple)
	xor(triple[:], offset[:])
	xor(triple[:], sum[:])
	c.aes.Encrypt(tag[:], triple[:])
	return tag
}

// xor adds b to a in place, as far as both go.
func xor(a, b []byte) { subtle.XORBytes(a, a, b) }

// double multiplies by x in GF(2^128).
func double(b *block) {
	const polynomial = 0x87
	high, low := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	carry := high >> 63
	binary.BigEndian.PutUint64(b[:8], high<<1|low>>63)
	binary.BigEndian.PutUint64(b[8:], low<<1^carry*polynomial)
}
