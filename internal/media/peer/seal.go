package peer

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"

	"github.com/pion/srtp/v3"

	"github.com/stoa-audio/stoa/internal/media/rtp"
)

// A sealer encrypts the RTP packets that go to one peer. It is the part of
// SRTP that runs once per packet and listener, so AES-GCM is done here, on the
// standard library's cipher, with a rollover counter beside each slot instead
// of a table of SSRCs. The rest of SRTP, and AES-CM, is pion's.
type sealer struct {
	gcm   cipher.AEAD // nil: the profile is AES-CM
	salt  [12]byte
	nonce [12]byte
	cm    *srtp.Context
	plain []byte
}

// newSealer returns a sealer for the node's keys.
func newSealer(k Keys, context *srtp.Context) (*sealer, error) {
	s := &sealer{cm: context}
	if k.Profile != srtp.ProtectionProfileAeadAes128Gcm {
		return s, nil
	}
	key, err := derive(k.LocalKey, k.LocalSalt, labelRTPKey, 16)
	if err != nil {
		return nil, err
	}
	salt, err := derive(k.LocalKey, k.LocalSalt, labelRTPSalt, 12)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	copy(s.salt[:], salt)
	s.gcm, err = cipher.NewGCM(block)
	return s, err
}

// Labels of the key derivation (RFC 3711, section 4.3.1).
const (
	labelRTPKey  = 0
	labelRTPSalt = 2
)

// derive returns n bytes of session key (RFC 3711, section 4.3.3, with the
// salt of RFC 7714, section 11, and a key derivation rate of 0).
func derive(key, salt []byte, label byte, n int) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	var iv [aes.BlockSize]byte
	copy(iv[:14], salt)
	iv[7] ^= label
	out := make([]byte, n)
	cipher.NewCTR(block, iv[:]).XORKeyStream(out, out)
	return out, nil
}

// seal appends to out the SRTP packet with header h and a payload. roc is the
// rollover counter of the packet.
func (s *sealer) seal(h rtp.Header, roc uint32, payload, out []byte) ([]byte, error) {
	if s.gcm == nil {
		s.plain = append(h.Append(s.plain[:0]), payload...)
		sealed, err := s.cm.EncryptRTP(out[len(out):], s.plain, nil)
		return append(out, sealed...), err
	}
	// RFC 7714, section 8.1: salt ⊕ (0, SSRC, ROC, SEQ).
	s.nonce = s.salt
	be := binary.BigEndian
	be.PutUint32(s.nonce[2:], be.Uint32(s.nonce[2:])^h.SSRC)
	be.PutUint32(s.nonce[6:], be.Uint32(s.nonce[6:])^roc)
	be.PutUint16(s.nonce[10:], be.Uint16(s.nonce[10:])^h.Sequence)
	start := len(out)
	out = h.Append(out)
	return s.gcm.Seal(out, s.nonce[:], payload, out[start:]), nil
}

// A rollover counts the wraps of a slot's sequence numbers (RFC 3711, section
// 3.3.1). It begins at 0 for each listener, as the listener's does.
type rollover struct {
	count   uint32
	highest uint16
	used    bool
}

// of returns the rollover counter of a packet, which may be late.
func (r *rollover) of(seq uint16) uint32 {
	switch ahead := int16(seq - r.highest); { //nolint:gosec // serial arithmetic (RFC 1982)
	case !r.used:
		r.used, r.highest = true, seq
	case ahead > 0:
		if seq < r.highest {
			r.count++
		}
		r.highest = seq
	case seq > r.highest && r.count > 0:
		return r.count - 1
	}
	return r.count
}
