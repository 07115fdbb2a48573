package stoa

import (
	"bytes"
	"errors"
	"slices"
	"time"

	"github.com/stoa-audio/stoa/sdk/go/group"
	"github.com/stoa-audio/stoa/sdk/go/keys"
	"github.com/stoa-audio/stoa/sdk/go/report"
)

// What is remembered of the voices, so that it can be reported.
const (
	rememberedFor = 2 * time.Minute
	rememberedMax = 8 * 120 * 50 // frames of all voices
	sweepEvery    = time.Second
)

// ErrNothingHeard means that there is nothing to be reported.
var ErrNothingHeard = errors.New("there is nothing to be reported")

// A Piece is a stretch of a voice that can be reported: what the key of one
// window opens, 5 s of frames of 20 ms.
type Piece struct {
	From, To time.Time // when its first and its last frame came
	Frames   int

	of *stretch
}

// A ring has what was said lately, sealed as it came, with the keys that have
// opened it (docs/protocol/keys.md, "Reports").
type ring struct {
	stretches []*stretch // by their newest frames, the oldest first
	frames    int
	swept     time.Time
}

type stretch struct {
	voice  group.Voice
	kid    uint64
	key    keys.Window
	frames []remembered
}

type remembered struct {
	at     time.Time
	sealed []byte
}

// keep remembers a frame of a voice.
func (r *ring) keep(now time.Time, v group.Voice, kid uint64, key keys.Window, sealed []byte) {
	i := slices.IndexFunc(r.stretches, func(s *stretch) bool { return s.key == key && s.voice.Cert == v.Cert })
	s := &stretch{voice: v, kid: kid, key: key}
	if i >= 0 {
		s = r.stretches[i]
		r.stretches = slices.Delete(r.stretches, i, i+1)
	}
	r.stretches = append(r.stretches, s)
	s.frames = append(s.frames, remembered{now, bytes.Clone(sealed)})
	r.frames++
	if now.Sub(r.swept) >= sweepEvery {
		r.forget(now)
	}
}

// forget drops what is too old, or too much.
func (r *ring) forget(now time.Time) {
	r.swept = now
	rest := r.stretches[:0]
	for _, s := range r.stretches {
		old := 0
		for old < len(s.frames) && now.Sub(s.frames[old].at) > rememberedFor {
			old++
		}
		s.frames, r.frames = s.frames[old:], r.frames-old
		if len(s.frames) > 0 {
			rest = append(rest, s)
		}
	}
	clear(r.stretches[len(rest):])
	r.stretches = rest
	for r.frames > rememberedMax {
		r.frames -= len(r.stretches[0].frames)
		r.stretches = slices.Delete(r.stretches, 0, 1)
	}
}

// pieces returns what there is of somebody's voice, the newest last.
func (r *ring) pieces(now time.Time, who group.ID) (all []Piece) {
	r.forget(now)
	for _, s := range r.stretches {
		if s.voice.Who == who {
			held := *s
			held.frames = slices.Clone(s.frames)
			all = append(all, Piece{held.frames[0].at, held.frames[len(held.frames)-1].at, len(held.frames), &held})
		}
	}
	slices.SortFunc(all, func(a, b Piece) int { return a.From.Compare(b.From) })
	return all
}

// HeardOf returns what was heard of somebody in the last two minutes and can be
// reported, the newest last.
func (r *Room) HeardOf(who string) []Piece {
	var id group.ID
	if id.UnmarshalText([]byte(who)) != nil {
		return nil
	}
	r.voices.mu.Lock()
	defer r.voices.mu.Unlock()
	return r.voices.ring.pieces(time.Now(), id)
}

// SealReport returns a report of pieces of one voice, with what one says of it,
// sealed to the house's moderators (GET /api/v1/house): what POST
// /api/v1/rooms/{room}/reports takes. It has the keys of these pieces and of
// nothing else. Of pieces of several visits, those of the last count.
func (r *Room) SealReport(pieces []Piece, text string, moderators []report.PublicKey) ([]byte, error) {
	if len(pieces) == 0 {
		return nil, ErrNothingHeard
	}
	last := pieces[len(pieces)-1].of.voice
	out := report.Report{
		Room: r.room, Who: last.Who, Cert: last.Certificate,
		Time: uint64(max(0, time.Now().UnixMilli())), Text: text, //nolint:gosec // not negative
	}
	for _, p := range pieces {
		s := p.of
		known := slices.ContainsFunc(out.Windows, func(w report.Window) bool { return w.KID == s.kid })
		if s.voice.Cert != last.Cert || known || len(out.Windows) == report.WindowsMax {
			continue
		}
		out.Windows = append(out.Windows, report.Window{KID: s.kid, Key: s.key})
		for _, f := range s.frames {
			if len(f.sealed) <= report.FrameMax && len(out.Frames) < report.FramesMax {
				out.Frames = append(out.Frames, f.sealed)
			}
		}
	}
	return out.Seal(moderators)
}
