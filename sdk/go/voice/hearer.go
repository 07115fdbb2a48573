package voice

import (
	"crypto/ed25519"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/sdk/go/keys"
	"github.com/stoa-audio/stoa/sdk/go/sframe"
)

// Bounds of what a hearer remembers of one voice.
const (
	// ProofWait is how long a frame may be without a proof.
	ProofWait = time.Second
	// forgedHold is how long a voice is not trusted after a forgery.
	forgedHold = 5 * time.Second
	// pardonEvery is how often the frames of one batch may stay without a proof:
	// one is lost now and then.
	pardonEvery = 10 * time.Second
	epochsMax   = 2    // at once, while one follows the other
	windowsMax  = 3    // of an epoch, whose keys are kept
	windowsFar  = 720  // an hour: how far a frame may be from the last that opened
	pendingMax  = 1024 // frames without a proof
	proofsMax   = 8    // for frames that come after theirs
)

// Trust is what a hearer makes of a voice.
type Trust uint8

// The kinds of trust.
const (
	// Unproven: nothing has been proven yet, and nothing is overdue.
	Unproven Trust = iota
	// Proven: what was said is the speaker's, but for what is still to come in.
	Proven
	// Overdue: a frame has been without a proof for too long.
	Overdue
	// Forged: something was not the speaker's.
	Forged
)

// A Hearer opens the frames of one voice and checks whose they are. It is not
// safe for concurrent use.
type Hearer struct {
	signer ed25519.PublicKey
	slot   uint8
	epochs []*hearing // newest last

	pending []*pending // in the order they came
	last    *pending   // that has opened
	proofs  []*proof   // good ones, newest last
	proven  bool
	overdue bool
	pardon  time.Time // when a lost proof was passed over last
	forged  time.Time // when something was found to be
}

// hearing is an epoch of a voice.
type hearing struct {
	epoch   uint32
	sender  keys.Sender
	windows []*window // last used last
	last    uint64    // window of the last frame that opened
	opened  bool
}

type window struct {
	number uint64
	secret keys.Window
	key    *sframe.Key
	commit [32]byte
	seen   sframe.Window
}

type pending struct {
	kid, ctr uint64
	hash     hash
	by       *window // that has opened it
	at       time.Time
	proven   bool
	passed   bool // one that came later is proven
}

// NewHearer returns one who knows the speaker in a slot by the key that they
// sign with.
func NewHearer(signer ed25519.PublicKey, slot uint8) *Hearer {
	return &Hearer{signer: signer, slot: slot}
}

// Rekey adds an epoch, which must be newer than those before: ErrEpoch. The one
// before the last is forgotten.
func (h *Hearer) Rekey(epoch uint32, sender keys.Sender) error {
	if n := len(h.epochs); n > 0 && epoch <= h.epochs[n-1].epoch {
		return ErrEpoch
	}
	h.epochs = append(h.epochs, &hearing{epoch: epoch, sender: sender})
	if len(h.epochs) > epochsMax {
		h.epochs = append(h.epochs[:0], h.epochs[1:]...)
	}
	return nil
}

// Forget drops all epochs before one.
func (h *Hearer) Forget(before uint32) {
	for len(h.epochs) > 0 && h.epochs[0].epoch < before {
		h.epochs = append(h.epochs[:0], h.epochs[1:]...)
	}
}

// Open appends the payload that sealed carries to out, and says whether it is
// redundant. It may be played at once, for as long as Trust says so. The error is
// ErrFrame, ErrReplay or of sframe.
func (h *Hearer) Open(now time.Time, out, sealed []byte) (payload []byte, redundant bool, err error) {
	if len(sealed) == 0 {
		return out, false, nil // a pause
	}
	header, _, err := sframe.ParseHeader(sealed)
	if err != nil {
		return out, false, err
	}
	e, w, err := h.window(header.KID)
	if err != nil {
		return out, false, err
	}
	plain, _, err := w.key.Open(nil, sealed, nil)
	if err != nil {
		return out, false, err
	}
	if !w.seen.Take(header.CTR) {
		return out, false, ErrReplay
	}
	e.keep(w)
	p, payload, redundant, err := parse(plain)
	if err != nil || header.CTR/keys.WindowFrames != w.number {
		h.forged = now // it opens, and no speaker of ours would seal that
		return out, false, ErrFrame
	}
	if len(h.pending) == pendingMax {
		h.pending, h.overdue = append(h.pending[:0], h.pending[1:]...), true
	}
	f := &pending{kid: header.KID, ctr: header.CTR, hash: hashOf(sealed), by: w, at: now}
	h.last = f
	if !h.covered(now, f) {
		h.pending = append(h.pending, f)
	}
	if p != nil {
		h.check(now, p)
	}
	return append(out, payload...), redundant, nil
}

// window returns what opens the frames that go by kid.
func (h *Hearer) window(kid uint64) (*hearing, *window, error) {
	low, slot, number := keys.ParseKID(kid)
	for _, e := range slices.Backward(h.epochs) {
		if keys.EpochLow(e.epoch) == low && slot == h.slot {
			w, err := e.window(h.slot, number)
			return e, w, err
		}
	}
	return nil, nil, ErrFrame
}

func (e *hearing) window(slot uint8, number uint64) (*window, error) {
	for _, w := range e.windows {
		if w.number == number {
			return w, nil
		}
	}
	// A window that was seen is not made anew: what has come would be new again.
	if e.opened && (number+windowsMax <= e.last || number > e.last+windowsFar) {
		return nil, ErrFrame
	}
	secret := e.sender.Window(number)
	key, err := sframe.NewKey(keys.KID(e.epoch, slot, number), secret[:])
	if err != nil {
		return nil, err
	}
	return &window{number: number, secret: secret, key: key, commit: secret.Commit()}, nil
}

// keep remembers a window by which a frame has opened.
func (e *hearing) keep(w *window) {
	e.opened, e.last = true, max(e.last, w.number)
	if slices.Contains(e.windows, w) {
		return
	}
	kept := e.windows[:0]
	for _, o := range append(e.windows, w) {
		if o.number+windowsMax > e.last {
			kept = append(kept, o)
		}
	}
	e.windows = kept
}

// check takes in a proof. One that has been checked before says nothing new.
func (h *Hearer) check(now time.Time, p *proof) {
	if p.in(h.proofs) {
		return
	}
	commit, ok := h.commit(p.kid)
	if !ok {
		return // it covers nothing that came
	}
	if !ed25519.Verify(h.signer, p.signed(commit), p.sig) {
		h.forged = now
		return
	}
	if len(h.proofs) == proofsMax {
		h.proofs = append(h.proofs[:0], h.proofs[1:]...)
	}
	h.proofs = append(h.proofs, p)
	rest, last := h.pending[:0], -1
	for _, f := range h.pending {
		if h.covered(now, f) {
			last = len(rest)
		} else {
			rest = append(rest, f)
		}
	}
	// Only what is proven now makes good for what never was: anybody inside can
	// say an old proof again. The voice has been silent for it; what came with
	// it is not held against it once more.
	if last >= 0 && h.overdue {
		h.overdue, rest, last = false, append(rest[:0], rest[last:]...), 0
	}
	for i := range last {
		rest[i].passed = true
	}
	h.pending = rest
}

// commit returns the commitment to a key: of a frame that waits for its proof,
// whose epoch may be over, or of one that may still come.
func (h *Hearer) commit(kid uint64) (commit [32]byte, ok bool) {
	for _, f := range h.pending {
		if f.kid == kid {
			return f.by.commit, true
		}
	}
	_, w, err := h.window(kid)
	if err != nil {
		return commit, false
	}
	return w.commit, true
}

// covered reports whether a proof covers a frame, and notes what it says.
func (h *Hearer) covered(now time.Time, f *pending) bool {
	for _, p := range h.proofs {
		covered, right := p.covers(f.kid, f.ctr, f.hash)
		if !covered {
			continue
		}
		if right {
			h.proven, f.proven = true, true
		} else {
			h.forged = now
		}
		return true
	}
	return false
}

// A Proof says whether a frame is proven to be its speaker's.
type Proof struct{ frame *pending }

// Given reports whether it is, by now.
func (p Proof) Given() bool { return p.frame != nil && p.frame.proven }

// LastKey returns the key that has opened a frame last, and what it goes by.
func (h *Hearer) LastKey() (kid uint64, key keys.Window) { return h.last.kid, h.last.by.secret }

// Last returns the proof of the frame that Open has opened last.
func (h *Hearer) Last() Proof { return Proof{h.last} }

// Trust says what to make of the voice now. What is not trusted is not played.
func (h *Hearer) Trust(now time.Time) Trust {
	late := 0
	for late < len(h.pending) && now.Sub(h.pending[late].at) > ProofWait {
		late++
	}
	if late > 0 && !h.passOver(now, late) {
		h.pending, h.overdue = append(h.pending[:0], h.pending[late:]...), true
	}
	switch {
	case !h.forged.IsZero() && now.Sub(h.forged) < forgedHold:
		return Forged
	case h.overdue:
		return Overdue
	case h.proven:
		return Proven
	}
	return Unproven
}

// passOver lets frames be whose proof was lost: those before one that is proven, of
// one batch at most, and not often. The first of them are late.
func (h *Hearer) passOver(now time.Time, late int) bool {
	passed := 0
	for passed < len(h.pending) && h.pending[passed].passed {
		passed++
	}
	if passed < late || passed > BatchMax || !h.pardon.IsZero() && now.Sub(h.pardon) < pardonEvery {
		return false
	}
	h.pardon = now
	h.pending = append(h.pending[:0], h.pending[passed:]...)
	return true
}
