// Package seal encrypts what goes to a peer: RTP with AES-GCM (RFC 7714),
// once for each packet and listener, without allocation. It is done here, on
// the standard library's cipher, because it is the walk that the node's cost
// is made of. AES-CM (RFC 3711), which few clients still need, and all of
// SRTP that comes in as RTP, are pion's.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"

	"github.com/pion/srtp/v3"

	"github.com/stoa-audio/stoa/internal/media/rtp"
)

// Keys is what a DTLS handshake yields for SRTP (RFC 5764, section 4.2):
// master keys and salts.
type Keys struct {
	Profile               srtp.ProtectionProfile
	RemoteKey, RemoteSalt []byte // the client's
	LocalKey, LocalSalt   []byte // the node's
}

// Labels of the key derivation (RFC 3711, section 4.3.1 and 4.3.2).
const (
	labelRTPKey   = 0
	labelRTPSalt  = 2
	labelRTCPKey  = 3
	labelRTCPSalt = 5
)

// derive sets out to a session key (RFC 3711, section 4.3.3, with the salt of
// RFC 7714, section 11, and a key derivation rate of 0).
func derive(key, salt []byte, label byte, out []byte) error {
	block, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	var iv [aes.BlockSize]byte
	copy(iv[:14], salt)
	iv[7] ^= label
	clear(out)
	cipher.NewCTR(block, iv[:]).XORKeyStream(out, out)
	return nil
}

// newGCM returns the cipher and the salt for a label pair of master keys.
func newGCM(key, salt []byte, keyLabel, saltLabel byte) (gcm cipher.AEAD, sessionSalt [12]byte, err error) {
	var session [16]byte
	if err = derive(key, salt, keyLabel, session[:]); err != nil {
		return nil, sessionSalt, err
	}
	if err = derive(key, salt, saltLabel, sessionSalt[:]); err != nil {
		return nil, sessionSalt, err
	}
	block, err := aes.NewCipher(session[:])
	if err != nil {
		return nil, sessionSalt, err
	}
	gcm, err = cipher.NewGCM(block)
	return gcm, sessionSalt, err
}

// An RTP seals the RTP packets that go to one peer. It is a value, so that
// those of many listeners lie side by side. The zero RTP seals nothing.
type RTP struct {
	gcm  cipher.AEAD   // nil: the profile is AES-CM
	cm   *srtp.Context // nil: the profile is AES-GCM
	salt [12]byte
}

// NewRTP returns what seals with the node's keys.
func NewRTP(k Keys) (s RTP, err error) {
	if k.Profile == srtp.ProtectionProfileAeadAes128Gcm {
		s.gcm, s.salt, err = newGCM(k.LocalKey, k.LocalSalt, labelRTPKey, labelRTPSalt)
		return s, err
	}
	s.cm, err = srtp.CreateContext(k.LocalKey, k.LocalSalt, k.Profile)
	return s, err
}

// A Nonce is memory for one; it lies with the caller so that none is made for
// each packet.
type Nonce [12]byte

// Append appends to out the SRTP packet with header h and a payload. roc is
// the packet's rollover counter (RFC 3711, section 3.3.1).
func (s *RTP) Append(out []byte, h rtp.Header, roc uint32, payload []byte, nonce *Nonce) ([]byte, error) {
	start := len(out)
	out = h.Append(out)
	if s.gcm == nil {
		plain := append(out, payload...)[start:]
		sealed, err := s.cm.EncryptRTP(nil, plain, nil)
		return append(out[:start], sealed...), err
	}
	// RFC 7714, section 8.1: salt ⊕ (0, SSRC, ROC, SEQ).
	*nonce = s.salt
	be := binary.BigEndian
	be.PutUint32(nonce[2:], be.Uint32(nonce[2:])^h.SSRC)
	be.PutUint32(nonce[6:], be.Uint32(nonce[6:])^roc)
	be.PutUint16(nonce[10:], be.Uint16(nonce[10:])^h.Sequence)
	return s.gcm.Seal(out, nonce[:], payload, out[start:]), nil
}

// A Rollover counts the wraps of a stream's sequence numbers (RFC 3711,
// section 3.3.1). It begins at 0 for each listener, as the listener's does.
type Rollover struct {
	Count   uint32
	Highest uint16
	Used    bool
}

// Of returns the rollover counter of a packet, which may be late.
func (r *Rollover) Of(seq uint16) uint32 {
	switch ahead := int16(seq - r.Highest); { //nolint:gosec // serial arithmetic (RFC 1982)
	case !r.Used:
		r.Used, r.Highest = true, seq
	case ahead > 0:
		if seq < r.Highest {
			r.Count++
		}
		r.Highest = seq
	case seq > r.Highest && r.Count > 0:
		return r.Count - 1
	}
	return r.Count
}
