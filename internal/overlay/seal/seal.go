// Package seal keeps what nodes say to each other from everybody else: each
// datagram of a trunk goes sealed by AES-128-GCM (RFC 5116), under a key that
// both ends took from the TLS connection between them (RFC 8446, section 7.5).
//
//	version (1)  index (3)  counter (8)  sealed records  tag (16)
//
// The index is the receiver's: it tells, before anything is opened, which key a
// datagram is under, wherever it comes from. The nonce is the key's own twelve
// bytes xor the counter, as in TLS (RFC 8446, section 5.3); no counter is used
// twice under a key. The head is authenticated with the records.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
)

// Version is that of the datagrams. Its upper two bits are 0, by which they are
// told from QUIC's on the same port (RFC 9443, section 3).
const Version = 1

// Sizes in bytes.
const (
	headSize = 12
	Overhead = headSize + 16 // what sealing adds
	keySize  = 16
	ivSize   = 12
	// MaterialSize is what both keys of a link are made of.
	MaterialSize = 2 * (keySize + ivSize)
)

// IndexMax is the highest index.
const IndexMax = 1<<24 - 1

// DatagramsMax is how many datagrams go under one key: at 1200 bytes, the odds
// of telling them from noise stay below 2^-57 (RFC 9001, appendix B.1).
const DatagramsMax = 1 << 28

// Label is that of the material among what is exported from a connection.
const Label = "EXPORTER-stoa-trunk"

// ErrForged means that a datagram was not sealed under this key.
var ErrForged = errors.New("sealed by somebody else, or damaged")

// A Key seals or opens the datagrams of one direction. It is safe for one
// goroutine.
type Key struct {
	aead  cipher.AEAD
	iv    [ivSize]byte
	nonce [ivSize]byte // lies here so that none is made for each datagram
}

// Keys returns the keys of a link's two ends, from what both export: for what
// the end that has called sends, and for what it hears.
func Keys(material []byte) (called, answered *Key, err error) {
	if len(material) != MaterialSize {
		return nil, nil, errors.New("seal: material of another length")
	}
	if called, err = newKey(material[:MaterialSize/2]); err != nil {
		return nil, nil, err
	}
	answered, err = newKey(material[MaterialSize/2:])
	return called, answered, err
}

func newKey(material []byte) (*Key, error) {
	block, err := aes.NewCipher(material[:keySize])
	if err != nil {
		return nil, err
	}
	k := new(Key)
	copy(k.iv[:], material[keySize:])
	k.aead, err = cipher.NewGCM(block)
	return k, err
}

// number returns the nonce of a datagram.
func (k *Key) number(counter uint64) []byte {
	k.nonce = k.iv
	binary.BigEndian.PutUint64(k.nonce[4:], binary.BigEndian.Uint64(k.nonce[4:])^counter)
	return k.nonce[:]
}

// Append appends a sealed datagram to b. The receiver gave index, and counter
// is used this once.
func (k *Key) Append(b []byte, index uint32, counter uint64, records []byte) []byte {
	start := len(b)
	b = binary.BigEndian.AppendUint32(b, Version<<24|index&IndexMax)
	b = binary.BigEndian.AppendUint64(b, counter)
	return k.aead.Seal(b, k.number(counter), records, b[start:])
}

// Index returns under which of the receiver's indices a datagram comes; not ok
// when it is none of this version.
func Index(datagram []byte) (index uint32, ok bool) {
	if len(datagram) < Overhead || datagram[0] != Version {
		return 0, false
	}
	return binary.BigEndian.Uint32(datagram) & IndexMax, true
}

// Open opens a datagram for which Index was ok, in place, or returns ErrForged.
func (k *Key) Open(datagram []byte) (counter uint64, records []byte, err error) {
	head, sealed := datagram[:headSize], datagram[headSize:]
	counter = binary.BigEndian.Uint64(head[4:])
	if records, err = k.aead.Open(sealed[:0], k.number(counter), sealed, head); err != nil {
		return 0, nil, ErrForged
	}
	return counter, records, nil
}
