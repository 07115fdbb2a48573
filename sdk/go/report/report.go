// Package report is how a listener shows moderators what somebody has said,
// without anybody ever recording: the sealed frames of a few seconds, as they
// came, and the keys of just these seconds, sealed to the moderators.
//
// What a report says need not be so. A frame counts only when it opens by the
// keys, when a signature of the speaker's covers it together with its key, and
// when the node has seen it come from that speaker. docs/protocol/keys.md,
// "Reports", is the whole of it.
package report

import (
	"encoding/binary"
	"errors"
	"slices"
	"unicode/utf8"

	"github.com/stoa-audio/stoa/sdk/go/group"
	"github.com/stoa-audio/stoa/sdk/go/keys"
)

// Bounds of a report.
const (
	TextMax    = 2000 // bytes of UTF-8
	WindowsMax = 3
	FramesMax  = WindowsMax * keys.WindowFrames
	FrameMax   = 1400 // bytes
	// SealedMax is the size of a sealed report in bytes.
	SealedMax = 256 << 10
)

const version = 1

// ErrMalformed means that bytes are not a report of this version.
var ErrMalformed = errors.New("not a report of this version")

// A Report is what one has heard of somebody.
type Report struct {
	Room group.ID
	Who  group.ID   // whose voice it is said to be
	Cert group.Cert // by which they speak
	Time uint64     // of the report, ms since 1970, by the reporter's clock
	Text string     // in the reporter's words
	// Windows are the keys that are revealed, by their KIDs.
	Windows []Window
	Frames  [][]byte // sealed, in the order in which they came
}

// A Window is the key of a stretch of a voice.
type Window struct {
	KID uint64
	Key keys.Window
}

// Append appends the report to b.
func (r *Report) Append(b []byte) []byte {
	b = append(append(append(b, version), r.Room[:]...), r.Who[:]...)
	b = r.Cert.Append(b)
	b = binary.BigEndian.AppendUint64(b, r.Time)
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.Text))) //nolint:gosec // at most TextMax
	b = append(append(b, r.Text...), byte(len(r.Windows)))
	for _, w := range r.Windows {
		b = append(binary.BigEndian.AppendUint64(b, w.KID), w.Key[:]...)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.Frames))) //nolint:gosec // at most FramesMax
	for _, f := range r.Frames {
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(f))), f...) //nolint:gosec // at most FrameMax
	}
	return b
}

// Parse reads a report. It keeps b.
func Parse(b []byte) (*Report, error) {
	r, from := new(Report), reader{b, false}
	if from.take(1)[0] != version {
		return nil, ErrMalformed
	}
	copy(r.Room[:], from.take(len(r.Room)))
	copy(r.Who[:], from.take(len(r.Who)))
	cert, err := group.ParseCert(from.take(group.CertSize))
	if err != nil {
		return nil, ErrMalformed
	}
	r.Cert, r.Time = cert, binary.BigEndian.Uint64(from.take(8))
	text := from.take(from.count(2, TextMax))
	if r.Text = string(text); !utf8.Valid(text) {
		return nil, ErrMalformed
	}
	for range from.count(1, WindowsMax) {
		w := Window{KID: binary.BigEndian.Uint64(from.take(8)), Key: keys.Window(from.take(len(keys.Window{})))}
		if slices.ContainsFunc(r.Windows, func(o Window) bool { return o.KID == w.KID }) {
			return nil, ErrMalformed
		}
		r.Windows = append(r.Windows, w)
	}
	for range from.count(2, FramesMax) {
		r.Frames = append(r.Frames, from.take(from.count(2, FrameMax)))
	}
	if from.short || len(from.rest) > 0 {
		return nil, ErrMalformed
	}
	return r, nil
}

// A reader takes one part of some bytes after the other. When there are too
// few it yields zeros, and says so in the end.
type reader struct {
	rest  []byte
	short bool
}

func (r *reader) take(n int) []byte {
	if len(r.rest) < n {
		r.rest, r.short = nil, true
		return make([]byte, n)
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

// count reads a number of as many bytes, that may be at most most.
func (r *reader) count(size, most int) int {
	n := 0
	for _, b := range r.take(size) {
		n = n<<8 | int(b)
	}
	if n > most {
		r.rest, r.short = nil, true
		return 0
	}
	return n
}
