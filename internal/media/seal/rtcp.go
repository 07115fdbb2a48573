package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"

	"github.com/pion/srtp/v3"
)

// ErrAuth means that a packet is forged or damaged.
var ErrAuth = errors.New("packet does not open")

// Lengths in bytes of the parts of an SRTCP packet.
const (
	rtcpHeader = 8  // in clear: length, packet type, SSRC
	gcmTag     = 16 // RFC 7714, section 13.2
	indexWord  = 4  // E bit and index (RFC 3711, section 3.4)
	cmTag      = 10
)

// indexMax is the largest SRTCP index; with it the keys are used up.
const indexMax = 1<<31 - 1

// A Control seals and opens the RTCP packets of one peer. Reports come once a
// second from some stacks, so that the cipher which opens them is kept; the
// node's own are rarer, and of thousands of listeners, so that the cipher for
// those is made when it is needed.
type Control struct {
	local, remote struct {
		key  [16]byte
		salt [12]byte
	}
	open         cipher.AEAD // nil before the first packet
	nonce        [12]byte    // memory for one, so that none is made for each packet
	aad          [rtcpHeader + indexWord]byte
	next         uint32 // index of the next packet
	seals, opens *srtp.Context
}

// NewControl returns what seals with the node's keys and opens with the
// client's.
func NewControl(k Keys) (*Control, error) {
	c := new(Control)
	if k.Profile == srtp.ProtectionProfileAeadAes128Gcm {
		return c, errors.Join(
			derive(k.LocalKey, k.LocalSalt, labelRTCPKey, c.local.key[:]),
			derive(k.LocalKey, k.LocalSalt, labelRTCPSalt, c.local.salt[:]),
			derive(k.RemoteKey, k.RemoteSalt, labelRTCPKey, c.remote.key[:]),
			derive(k.RemoteKey, k.RemoteSalt, labelRTCPSalt, c.remote.salt[:]))
	}
	var errs [2]error
	c.seals, errs[0] = srtp.CreateContext(k.LocalKey, k.LocalSalt, k.Profile)
	c.opens, errs[1] = srtp.CreateContext(k.RemoteKey, k.RemoteSalt, k.Profile)
	return c, errors.Join(errs[:]...)
}

// Append appends to out the SRTCP packet that carries plain, a compound RTCP
// packet (RFC 7714, section 9.2).
func (c *Control) Append(out, plain []byte) ([]byte, error) {
	if len(plain) < rtcpHeader {
		return out, errors.New("not an RTCP packet")
	}
	if c.seals != nil {
		sealed, err := c.seals.EncryptRTCP(nil, plain, nil)
		return append(out, sealed...), err
	}
	if c.next > indexMax {
		return out, errors.New("the keys are used up")
	}
	gcm, err := sessionGCM(&c.local.key)
	if err != nil {
		return out, err
	}
	word := 1<<31 | c.next // encrypted
	c.prepare(&c.local.salt, plain, word)
	c.next++
	out = append(out, plain[:rtcpHeader]...)
	out = gcm.Seal(out, c.nonce[:], plain[rtcpHeader:], c.aad[:])
	return binary.BigEndian.AppendUint32(out, word), nil
}

// Open appends to out the RTCP packet that the SRTCP packet b carries, and
// returns its index, or ErrAuth. Whether it is a replay is for the caller to
// say.
func (c *Control) Open(out, b []byte) (plain []byte, index uint32, err error) {
	if c.opens != nil {
		if len(b) < rtcpHeader+indexWord+cmTag {
			return nil, 0, ErrAuth
		}
		plain, err := c.opens.DecryptRTCP(nil, b, nil)
		if err != nil {
			return nil, 0, ErrAuth
		}
		return append(out, plain...), binary.BigEndian.Uint32(b[len(b)-indexWord-cmTag:]) &^ (1 << 31), nil
	}
	if len(b) < rtcpHeader+gcmTag+indexWord {
		return nil, 0, ErrAuth
	}
	word := binary.BigEndian.Uint32(b[len(b)-indexWord:])
	index = word &^ (1 << 31)
	if word == index {
		return nil, 0, ErrAuth // in clear: nobody asked for that
	}
	if c.open == nil {
		if c.open, err = sessionGCM(&c.remote.key); err != nil {
			return nil, 0, err
		}
	}
	c.prepare(&c.remote.salt, b, word)
	plain = append(out, b[:rtcpHeader]...)
	plain, err = c.open.Open(plain, c.nonce[:], b[rtcpHeader:len(b)-indexWord], c.aad[:])
	if err != nil {
		return nil, 0, ErrAuth
	}
	return plain, index, nil
}

func sessionGCM(key *[16]byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// prepare sets the nonce of a packet, salt ⊕ (0, SSRC, 0, index) (RFC 7714,
// section 9.1), and what is authenticated and not encrypted: header and index
// (section 9.2).
func (c *Control) prepare(salt *[12]byte, packet []byte, word uint32) {
	be := binary.BigEndian
	c.nonce = *salt
	be.PutUint32(c.nonce[2:], be.Uint32(c.nonce[2:])^be.Uint32(packet[4:]))
	be.PutUint32(c.nonce[8:], be.Uint32(c.nonce[8:])^word&^(1<<31))
	copy(c.aad[:], packet[:rtcpHeader])
	be.PutUint32(c.aad[rtcpHeader:], word)
}
