package stoa

import (
	"crypto/ed25519"
	"crypto/sha256"
	"slices"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/sdk/go/group"
	"github.com/stoa-audio/stoa/sdk/go/keys"
	"github.com/stoa-audio/stoa/sdk/go/sframe"
	"github.com/stoa-audio/stoa/sdk/go/voice"
)

// batchFor is how much sound a signature covers: half of the time for which a
// voice may be without one.
const batchFor = 500 * time.Millisecond

// A stage is the voices of those on it, as one who is inside seals their own
// and opens the others': which key, which slot, whose it is, and whether it may
// be heard (docs/protocol/keys.md, "Who does what" and "Voices").
type stage struct {
	mu     sync.Mutex // guards all of it
	sign   ed25519.PrivateKey
	cert   [sha256.Size]byte
	epochs []group.Epoch // newest first
	roster []group.Voice
	proven bool // listeners play only what is
	// By slots, for as long as the seat is there, so that nothing is counted
	// from zero again.
	own map[uint8]*own
	// For as long as one of their epochs lives, so that nothing is heard twice.
	others map[place]*other
	ring   ring // of what was heard
}

// own is what was sealed in a slot of ours.
type own struct {
	speaker *voice.Speaker
	batch   int
	epoch   uint32 // 0: none yet
}

// A place is what a voice goes by: whoever has it again, in whatever roster,
// has it still.
type place struct {
	slot uint8
	who  group.ID
	cert [sha256.Size]byte
}

func placeOf(v group.Voice) place { return place{v.Slot, v.Who, v.Cert} }

type other struct {
	hearer *voice.Hearer
	epochs map[uint32]bool // that it knows
	heard  bool            // ever
	by     int             // the newest connection by which a frame has come
	first  sframe.Header   // and the first one that has
}

func newStage() *stage {
	return &stage{own: make(map[uint8]*own), others: make(map[place]*other)}
}

// mine says whose our own voice is: that of a client's page key.
func (s *stage) mine(g *group.Group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sign, s.cert = g.PageKey(), g.CertHash()
}

// agree takes in what is agreed on now.
func (s *stage) agree(now group.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epochs, s.roster, s.proven = now.Epochs, now.Roster, now.Proven
	for name, o := range s.others {
		for number := range o.epochs {
			if len(s.epochs) == 0 || number < s.epochs[len(s.epochs)-1].Number {
				delete(o.epochs, number)
			}
		}
		if len(o.epochs) == 0 {
			delete(s.others, name)
		} else {
			o.hearer.Forget(s.epochs[len(s.epochs)-1].Number)
		}
	}
	for _, v := range s.roster {
		if v.Cert == s.cert {
			continue
		}
		o := s.others[placeOf(v)]
		if o == nil {
			o = &other{hearer: voice.NewHearer(v.PageKey, v.Slot), epochs: make(map[uint32]bool)}
			s.others[placeOf(v)] = o
		}
		for _, e := range slices.Backward(s.epochs) {
			if !o.epochs[e.Number] && o.hearer.Rekey(e.Number, e.Secret.Sender(v.Slot, v.Cert)) == nil {
				o.epochs[e.Number] = true
			}
		}
	}
}

// ready returns the epoch to seal with and our slot, if something may be said.
// The lock is held.
func (s *stage) ready(now time.Time) (e group.Epoch, slot uint8, ok bool) {
	for _, v := range s.roster {
		if v.Cert != s.cert {
			continue
		}
		for _, e := range s.epochs {
			if !e.From.After(now) {
				return e, v.Slot, true
			}
		}
	}
	return e, 0, false
}

// mayHear reports whether there is a secret.
func (s *stage) mayHear() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.epochs) > 0
}

// speaksIn returns when something may be said: 0 for now. It returns false while
// there is no place or no secret.
func (s *stage) speaksIn(now time.Time) (wait time.Duration, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, _, ok := s.ready(now); ok {
		return 0, true
	}
	if !slices.ContainsFunc(s.roster, func(v group.Voice) bool { return v.Cert == s.cert }) || len(s.epochs) == 0 {
		return 0, false
	}
	return s.epochs[len(s.epochs)-1].From.Sub(now), true
}

// seal seals what one says, in packets of a length. It returns false while one
// has no place on the stage or no key: then it must not be sent.
func (s *stage) seal(now time.Time, payload []byte, redundant bool, length time.Duration) (sealed []byte, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, slot, ok := s.ready(now)
	if !ok {
		return nil, false
	}
	o, batch := s.own[slot], int(batchFor/length)
	if o == nil {
		o = &own{speaker: voice.NewSpeaker(s.sign, slot, batch), batch: batch}
		s.own[slot] = o
	}
	if o.batch != batch {
		o.speaker.SetBatch(batch)
		o.batch = batch
	}
	if e.Number > o.epoch {
		if o.speaker.Rekey(e.Number, e.Secret.Sender(slot, s.cert)) != nil {
			return nil, false
		}
		o.epoch = e.Number
	}
	repeats := 0
	if redundant { // somebody loses packets
		repeats = voice.RepeatsMax
	}
	sealed, err := o.speaker.Seal(nil, payload, redundant, repeats)
	return sealed, err == nil
}

// repeat has what is said next say once more whose it was before: that may be
// lost.
func (s *stage) repeat() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.own {
		o.speaker.Repeat()
	}
}

// heard is what is said in a frame, and by whom.
type heard struct {
	payload   []byte
	redundant bool
	who       group.ID
	// until is when it may be heard, if it is proven by then; zero: at once.
	until time.Time
	proof voice.Proof
}

// open returns what is said in a frame. It returns false when it is nobody's on
// the stage, has come before, or is of a voice that is not trusted. by is the connection that
// it has come by: when a voice has come by a newer one, what comes by the one before
// is only what is missing at its end.
func (s *stage) open(now time.Time, sealed []byte, by int) (h heard, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	header, _, err := sframe.ParseHeader(sealed)
	if err != nil {
		return h, false
	}
	epoch, slot, _ := keys.ParseKID(header.KID)
	for _, v := range s.roster {
		o := s.others[placeOf(v)]
		if v.Slot != slot || o == nil {
			continue
		}
		if since, _, _ := keys.ParseKID(o.first.KID); by < o.by && since == epoch && header.CTR >= o.first.CTR {
			return h, false
		}
		if h.payload, h.redundant, err = o.hearer.Open(now, nil, sealed); err != nil {
			return heard{}, false
		}
		o.heard = true
		if by > o.by {
			o.by, o.first = by, header
		}
		h.who, h.proof = v.Who, o.hearer.Last()
		kid, key := o.hearer.LastKey()
		s.ring.keep(now, v, kid, key, sealed)
		if s.proven && !slices.ContainsFunc(s.roster, func(v group.Voice) bool { return v.Cert == s.cert }) {
			h.until = now.Add(voice.ProofWait)
		}
		trust := o.hearer.Trust(now)
		return h, trust == voice.Proven || trust == voice.Unproven
	}
	return h, false
}

// isProven reports whether what was heard is proven by now.
func (s *stage) isProven(h *heard) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return h.proof.Given()
}

// trust returns what to make of the voice in a place, and whether it was heard.
func (s *stage) trust(now time.Time, v group.Voice) (t voice.Trust, heard bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.others[placeOf(v)]
	if o == nil || !o.heard {
		return voice.Unproven, false
	}
	return o.hearer.Trust(now), true
}
