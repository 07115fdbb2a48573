package crowd

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"

	"github.com/stoa-audio/stoa/internal/bench/count"
)

// An opener decrypts the SRTP packets that a lean client is sent (RFC 3711
// with AES-GCM, RFC 7714). It is written for this crowd alone: it opens in
// place and allocates nothing, and it shares no code with the node, so that
// a mistake there is not repeated here.
//
// Not here: replay protection. Packets that come twice are counted instead.
type opener struct {
	gcm     cipher.AEAD
	salt    [12]byte
	nonce   [12]byte
	streams [count.VoicesMax]incoming
}

// An incoming is one stream that the node sends.
type incoming struct {
	ssrc    uint32
	highest uint64 // rollover counter and sequence number (RFC 3711, section 3.3.1)
	came    bool
}

// Labels of the key derivation (RFC 3711, section 4.3.1).
const (
	labelKey  = 0
	labelSalt = 2
)

// setKeys makes the opener ready for a node's master key and salt.
func (o *opener) setKeys(key, salt []byte) error {
	var session [16]byte
	if err := derive(key, salt, labelKey, session[:]); err != nil {
		return err
	}
	if err := derive(key, salt, labelSalt, o.salt[:]); err != nil {
		return err
	}
	block, err := aes.NewCipher(session[:])
	if err != nil {
		return err
	}
	o.gcm, err = cipher.NewGCM(block)
	return err
}

// derive fills out with session key material (RFC 3711, section 4.3.3).
func derive(key, salt []byte, label byte, out []byte) error {
	block, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	var iv [aes.BlockSize]byte
	copy(iv[:14], salt)
	iv[7] ^= label
	cipher.NewCTR(block, iv[:]).XORKeyStream(out, out)
	return nil
}

// open decrypts the packet b in place and returns its payload, or false when
// it does not open.
func (o *opener) open(b []byte) (payload []byte, ok bool) {
	const fixed = 12
	if len(b) < fixed || o.gcm == nil {
		return nil, false
	}
	head := fixed + 4*int(b[0]&0x0f)
	if b[0]&0x10 != 0 { // a header extension (RFC 3550, section 5.3.1)
		if len(b) < head+4 {
			return nil, false
		}
		head += 4 + 4*int(binary.BigEndian.Uint16(b[head+2:]))
	}
	if len(b) < head {
		return nil, false
	}
	be := binary.BigEndian
	s := o.stream(be.Uint32(b[8:]))
	if s == nil {
		return nil, false
	}
	index := s.index(be.Uint16(b[2:]))
	// RFC 7714, section 8.1: salt ⊕ (0, SSRC, rollover counter, number).
	o.nonce = o.salt
	be.PutUint32(o.nonce[2:], be.Uint32(o.nonce[2:])^s.ssrc)
	be.PutUint64(o.nonce[4:], be.Uint64(o.nonce[4:])^index)
	payload, err := o.gcm.Open(b[head:head], o.nonce[:], b[head:], b[:head])
	if err != nil {
		return nil, false
	}
	s.highest, s.came = max(s.highest, index), true
	return payload, true
}

// stream returns the stream with an SSRC, which has a place from its first
// packet on, or nil when all are taken.
func (o *opener) stream(ssrc uint32) *incoming {
	for i := range o.streams {
		s := &o.streams[i]
		if !s.came {
			s.ssrc = ssrc
		}
		if s.ssrc == ssrc {
			return s
		}
	}
	return nil
}

// index guesses the whole index of a packet from the sequence number that it
// carries (RFC 3711, appendix A): the one nearest to the highest so far.
func (s *incoming) index(seq uint16) uint64 {
	if !s.came {
		return uint64(seq)
	}
	ahead := int64(int16(seq - uint16(s.highest))) //nolint:gosec // serial arithmetic (RFC 1982)
	return uint64(max(int64(s.highest)+ahead, 0))  //nolint:gosec // 48 bits
}
