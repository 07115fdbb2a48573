package deputy

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// KeptOut is who is kept out of a house, and until when; the zero time is for good.
// A deputy knows nothing else of them, and nobody else of the house's people.
type KeptOut map[id.Person]time.Time

// Has reports whether somebody is kept out at a time.
func (k KeptOut) Has(who id.Person, now time.Time) bool {
	until, is := k[who]
	return is && (until.IsZero() || now.Before(until))
}

const (
	// keptOutMax is how many are told: 3 MiB, in a line of 16.
	keptOutMax  = 1 << 17
	keptOutForm = 1 // the first byte; without it nobody has said who is kept out
	keptOutSize = id.Size + 8
)

// errKeptOut means that more are kept out than a deputy can be told.
var errKeptOut = errors.New("more are kept out of the house than a deputy is told")

// AppendKeptOut appends k as it is told and stored: a byte for the form, then of each
// the person (16 bytes) and until when (8 bytes, milliseconds, big-endian; 0 for good).
func AppendKeptOut(b []byte, k KeptOut) ([]byte, error) {
	if len(k) > keptOutMax {
		return nil, errKeptOut
	}
	b = append(b, keptOutForm)
	for who, until := range k {
		b = append(b, who[:]...)
		var at uint64
		if !until.IsZero() {
			at = uint64(max(until.UnixMilli(), 1)) //nolint:gosec // not negative
		}
		b = binary.BigEndian.AppendUint64(b, at)
	}
	return b, nil
}

// ParseKeptOut reads what AppendKeptOut writes. Nothing is nobody: a house from before
// does not say who it keeps out.
func ParseKeptOut(b []byte) (KeptOut, error) {
	if len(b) == 0 {
		return nil, nil
	}
	if b[0] != keptOutForm || (len(b)-1)%keptOutSize != 0 || (len(b)-1)/keptOutSize > keptOutMax {
		return nil, errLine
	}
	k := make(KeptOut, (len(b)-1)/keptOutSize)
	for b = b[1:]; len(b) > 0; b = b[keptOutSize:] {
		at := binary.BigEndian.Uint64(b[id.Size:])
		if at > 1<<62 {
			return nil, errLine
		}
		var until time.Time
		if at > 0 {
			until = time.UnixMilli(int64(at)).UTC()
		}
		k[id.Person(b[:id.Size])] = until
	}
	return k, nil
}
