// Package voice seals the frames of a voice from end to end, and signs them, so
// that a listener who could seal them just as well (all who are inside hold the
// same secret) can not be taken for the speaker.
//
// A sealed frame is SFrame's; what it carries is a byte of flags, a proof if
// the flags say so, and the frame. A proof covers the frames of a batch that
// came before: one signature over the hashes of their ciphertexts and a
// commitment to their key (docs/protocol/keys.md, "Voices").
//
// Nothing here knows a clock or a network.
package voice

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/stoa-audio/stoa/sdk/go/keys"
	"github.com/stoa-audio/stoa/sdk/go/sframe"
)

// BatchMax is how many frames one signature covers at most.
const BatchMax = 25

const (
	flagProof     = 1 << 0
	flagRedundant = 1 << 1
	hashLen       = 10 // bytes of SHA-256: a second preimage costs 2^80
	// proofHead is what a proof has before its hashes: the key, the number of
	// the first frame, how many frames, the signature.
	proofHead = 8 + 8 + 1 + ed25519.SignatureSize
	label     = "stoa voice 1"
)

var (
	// ErrFrame means that a frame is malformed, or of a key that nobody has.
	ErrFrame = errors.New("not a sealed frame")
	// ErrReplay means that a frame has come before, or is too old to tell.
	ErrReplay = errors.New("the frame has come before")
	// ErrEpoch means that an epoch is not newer than the one before, with which
	// a speaker would use a number twice.
	ErrEpoch = errors.New("not a new epoch")
)

type hash [hashLen]byte

func hashOf(sealed []byte) hash {
	sum := sha256.Sum256(sealed)
	return hash(sum[:hashLen])
}

// A proof says that frames of one key are the speaker's.
type proof struct {
	kid    uint64
	first  uint64 // number of the first frame
	hashes []byte // hashLen of each, of frames behind one another
	sig    []byte
}

func (p *proof) count() int { return len(p.hashes) / hashLen }

// signed returns what the signature is over. commit is the key's, which is not
// sent: whoever opens the frames has it.
func (p *proof) signed(commit [32]byte) []byte {
	b := []byte(label)
	b = binary.BigEndian.AppendUint64(b, p.kid)
	b = binary.BigEndian.AppendUint64(b, p.first)
	b = append(b, byte(p.count()))
	b = append(b, commit[:]...)
	return append(b, p.hashes...)
}

func (p *proof) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, p.kid)
	b = binary.BigEndian.AppendUint64(b, p.first)
	b = append(b, byte(p.count()))
	b = append(b, p.sig...)
	return append(b, p.hashes...)
}

// parse reads what a frame carries. p is nil when there is no proof.
func parse(b []byte) (p *proof, payload []byte, redundant bool, err error) {
	if len(b) == 0 || b[0]&^(flagProof|flagRedundant) != 0 {
		return nil, nil, false, ErrFrame
	}
	flags, b := b[0], b[1:]
	redundant = flags&flagRedundant != 0
	if flags&flagProof == 0 {
		return nil, b, redundant, nil
	}
	if len(b) < proofHead {
		return nil, nil, false, ErrFrame
	}
	p = &proof{kid: binary.BigEndian.Uint64(b), first: binary.BigEndian.Uint64(b[8:]), sig: b[17:proofHead]}
	n, b := int(b[16]), b[proofHead:]
	if n == 0 || n > BatchMax || len(b) < n*hashLen || p.first+uint64(n) < p.first {
		return nil, nil, false, ErrFrame
	}
	p.hashes = b[:n*hashLen]
	return p, b[n*hashLen:], redundant, nil
}

// --- who speaks ---

// A Speaker seals one's own frames. The zero Speaker has no key yet. It is not
// safe for concurrent use.
type Speaker struct {
	sign  ed25519.PrivateKey
	slot  uint8
	batch int

	epoch  uint32
	keyed  bool
	sender keys.Sender
	next   uint64 // number of the next frame
	key    *sframe.Key
	commit [32]byte // to the key

	open   proof // of what was sealed since the last one
	plain  []byte
	closed []byte // a proof to be carried
	again  int    // so many frames are still to carry it; -1: it is new
	apart  int    // frames until the next one that is
}

// NewSpeaker returns a speaker who signs with a key that was made for this
// visit alone. A signature covers batch frames, at most BatchMax.
func NewSpeaker(sign ed25519.PrivateKey, slot uint8, batch int) *Speaker {
	s := &Speaker{sign: sign, slot: slot}
	s.SetBatch(batch)
	return s
}

// SetBatch has a signature cover so many frames from now on.
func (s *Speaker) SetBatch(batch int) { s.batch = min(max(batch, 1), BatchMax) }

// Rekey begins an epoch, which must be newer than the one before: ErrEpoch.
func (s *Speaker) Rekey(epoch uint32, sender keys.Sender) error {
	if s.keyed && epoch <= s.epoch {
		return ErrEpoch
	}
	s.close()
	s.keyed, s.epoch, s.sender, s.next, s.key = true, epoch, sender, 0, nil
	return nil
}

// Repeats of a proof, beyond the first, where packets are lost: a proof is
// carried by as many frames, some apart so that no burst takes them all.
const (
	RepeatsMax  = 5
	repeatApart = 3
)

// Repeat has the next frame carry the newest proof once more: the frame that did
// so may have been lost with a connection.
func (s *Speaker) Repeat() {
	if len(s.closed) > 0 && s.again >= 0 {
		s.again, s.apart = max(s.again, 1), 0
	}
}

// Seal appends the sealed frame to out: of a payload that is an Opus packet, or
// redundant, which is RED (RFC 2198). Where packets are lost, each proof is
// carried by repeats more frames. An empty payload, a pause, stays what it is.
func (s *Speaker) Seal(out, payload []byte, redundant bool, repeats int) ([]byte, error) {
	if len(payload) == 0 {
		return out, nil
	}
	if !s.keyed {
		return out, ErrEpoch
	}
	if s.key == nil || s.next%keys.WindowFrames == 0 {
		if err := s.turn(); err != nil {
			return out, err
		}
	}
	if s.open.count() >= s.batch {
		s.close()
	}
	s.plain = s.carry(append(s.plain[:0], 0), min(repeats, RepeatsMax))
	if redundant {
		s.plain[0] |= flagRedundant
	}
	s.plain = append(s.plain, payload...)
	start := len(out)
	out = s.key.Seal(out, s.next, s.plain, nil)
	if s.open.count() == 0 {
		s.open.kid, s.open.first = s.key.KID(), s.next
	}
	h := hashOf(out[start:])
	s.open.hashes = append(s.open.hashes, h[:]...)
	s.next++
	return out, nil
}

// turn goes on to the key of the window that the next frame is in.
func (s *Speaker) turn() error {
	s.close()
	w := s.next / keys.WindowFrames
	window := s.sender.Window(w)
	key, err := sframe.NewKey(keys.KID(s.epoch, s.slot, w), window[:])
	if err != nil {
		return err
	}
	s.key, s.commit = key, window.Commit()
	return nil
}

// close signs what was sealed since the last proof.
func (s *Speaker) close() {
	if s.open.count() == 0 {
		return
	}
	s.open.sig = ed25519.Sign(s.sign, s.open.signed(s.commit))
	s.closed = s.open.append(s.closed[:0])
	s.again, s.apart = -1, 0
	s.open.hashes = s.open.hashes[:0]
}

// carry appends the proof that waits to plain, if it is this frame's turn.
func (s *Speaker) carry(plain []byte, repeats int) []byte {
	if s.again < 0 {
		s.again = 1 + repeats
	}
	switch {
	case s.apart > 0:
		s.apart--
		return plain
	case s.again == 0:
		return plain
	}
	s.again, s.apart = s.again-1, repeatApart-1
	plain[0] |= flagProof
	return append(plain, s.closed...)
}

// covers reports whether a proof is of a frame of a key, and whether it is of
// this one, by its hash.
func (p *proof) covers(kid, ctr uint64, h hash) (covered, right bool) {
	i := ctr - p.first
	if kid != p.kid || ctr < p.first || i >= uint64(p.count()) {
		return false, false
	}
	return true, bytes.Equal(p.hashes[i*hashLen:(i+1)*hashLen], h[:])
}

// in reports whether a proof is one of those that are known.
func (p *proof) in(known []*proof) bool {
	return slices.ContainsFunc(known, func(o *proof) bool {
		return o.kid == p.kid && o.first == p.first && bytes.Equal(o.sig, p.sig)
	})
}
