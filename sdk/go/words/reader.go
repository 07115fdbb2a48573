package words

import (
	"crypto/ed25519"
	"errors"
	"maps"
	"time"

	"github.com/stoa-audio/stoa/sdk/go/group"
	"github.com/stoa-audio/stoa/sdk/go/keys"
	"github.com/stoa-audio/stoa/sdk/go/sframe"
)

// Bounds of what a reader keeps.
const (
	WaitFor  = 10 * time.Second // for the secret of an epoch
	WaitMax  = 32               // that wait for one
	certsMax = 8                // of one person, in one epoch
)

// Why something is not read.
const (
	IgnoredMalformed = "malformed" // not something written
	IgnoredSignature = "signature" // not by who the node says it is by
	IgnoredLate      = "late"      // of an epoch that is gone, or whose secret has not come
	IgnoredReplay    = "replay"    // read before
	IgnoredSealed    = "sealed"    // it does not open
	IgnoredText      = "text"      // no text that may be shown
	IgnoredFull      = "full"      // one person has come in too often in one epoch
)

// A Message is something written, as the node passes it on: N is its number there,
// Who and Name are who the node says has written it.
type Message struct {
	N      uint64
	Who    group.ID
	Name   string
	Sealed []byte
}

// A Word is what somebody has written, on the device that is known by Device.
type Word struct {
	Message

	Text   string
	Device ed25519.PublicKey
}

// A Reader opens what others write, and what oneself has written.
type Reader struct {
	room    group.ID
	epochs  []group.Epoch // newest first
	read    map[uint32]map[group.ID]map[[32]byte]*sframe.Window
	waiting []waiting
	ignored map[string]uint64
}

type waiting struct {
	Message

	said Said
	at   time.Time
}

// NewReader returns the reader of who is in a room.
func NewReader(room group.ID) *Reader {
	return &Reader{room: room, read: make(map[uint32]map[group.ID]map[[32]byte]*sframe.Window), ignored: make(map[string]uint64)}
}

// Agree takes in the epochs whose secrets can be used, newest first, and returns
// what has waited for them.
func (r *Reader) Agree(now time.Time, epochs []group.Epoch) (words []Word) {
	r.epochs = epochs
	for number := range r.read {
		if len(epochs) > 0 && number < epochs[len(epochs)-1].Number {
			delete(r.read, number)
		}
	}
	waited := r.waiting
	r.waiting = nil
	for _, w := range waited {
		if now.Sub(w.at) > WaitFor {
			r.ignored[IgnoredLate]++
		} else if word, ok := r.take(w); ok {
			words = append(words, word)
		}
	}
	return words
}

// Read returns what is written, if it is by who it is said to be by and was not
// read before. What is of an epoch whose secret has not come waits for it.
func (r *Reader) Read(now time.Time, m Message) (Word, bool) {
	said, err := Parse(m.Sealed)
	if err == nil {
		err = said.verify(r.room, m.Who)
	}
	switch {
	case errors.Is(err, ErrMalformed):
		r.ignored[IgnoredMalformed]++
	case err != nil:
		r.ignored[IgnoredSignature]++
	default:
		return r.take(waiting{m, said, now})
	}
	return Word{}, false
}

// take opens what is signed, or lets it wait.
func (r *Reader) take(w waiting) (word Word, ok bool) {
	secret, known, gone := r.secret(w.said.Epoch)
	if gone {
		r.ignored[IgnoredLate]++
		return word, false
	}
	if !known {
		r.waiting = append(r.waiting, w)
		if len(r.waiting) > WaitMax {
			r.waiting = r.waiting[1:]
			r.ignored[IgnoredLate]++
		}
		return word, false
	}
	text, err := w.said.open(r.room, secret)
	if errors.Is(err, ErrSealed) {
		r.ignored[IgnoredSealed]++
		return word, false
	}
	window := r.window(w.said.Epoch, w.Who, w.said.Cert.Hash())
	switch {
	case window == nil:
		r.ignored[IgnoredFull]++
		return word, false
	case !window.Take(w.said.Number):
		r.ignored[IgnoredReplay]++
		return word, false
	case err != nil:
		r.ignored[IgnoredText]++
		return word, false
	}
	return Word{w.Message, text, append(ed25519.PublicKey{}, w.said.Cert.DeviceKey[:]...)}, true
}

// secret returns that of an epoch, and whether it is known, or gone.
func (r *Reader) secret(epoch uint32) (secret keys.Secret, known, gone bool) {
	for _, e := range r.epochs {
		if e.Number == epoch {
			return e.Secret, true, false
		}
	}
	return secret, false, len(r.epochs) > 0 && epoch < r.epochs[0].Number
}

// window returns which numbers of a cert were read in an epoch; nil when somebody
// has too many of them.
func (r *Reader) window(epoch uint32, who group.ID, cert [32]byte) *sframe.Window {
	if r.read[epoch] == nil {
		r.read[epoch] = make(map[group.ID]map[[32]byte]*sframe.Window)
	}
	certs := r.read[epoch][who]
	if certs == nil {
		certs = make(map[[32]byte]*sframe.Window)
		r.read[epoch][who] = certs
	}
	if certs[cert] == nil && len(certs) < certsMax {
		certs[cert] = new(sframe.Window)
	}
	return certs[cert]
}

// Ignored returns how often something was not read, and why.
func (r *Reader) Ignored() map[string]uint64 { return maps.Clone(r.ignored) }
