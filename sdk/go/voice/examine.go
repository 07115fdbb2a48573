package voice

import (
	"crypto/ed25519"
	"slices"

	"github.com/stoa-audio/stoa/sdk/go/keys"
	"github.com/stoa-audio/stoa/sdk/go/sframe"
)

// A Finding is what one finds out about a sealed frame afterwards.
type Finding struct {
	Opened bool // by the key of its window
	Signed bool // by the speaker: a proof covers it
	KID    uint64
	Number uint64 // of the frame, in its epoch
	// Payload is an Opus packet, or RED where it is redundant.
	Payload   []byte
	Redundant bool
}

// Examine opens frames by the keys of their windows, which go by KIDs, and
// finds out which of them who signs with signer has signed. Proofs are looked
// for in the frames themselves. What the keys do not open is not found.
func Examine(signer ed25519.PublicKey, windows map[uint64]keys.Window, sealed [][]byte) []Finding {
	opens, commits := make(map[uint64]*sframe.Key), make(map[uint64][32]byte)
	for kid, w := range windows {
		if key, err := sframe.NewKey(kid, w[:]); err == nil {
			opens[kid], commits[kid] = key, w.Commit()
		}
	}
	found := make([]Finding, len(sealed))
	var proofs []*proof
	for i, frame := range sealed {
		header, _, err := sframe.ParseHeader(frame)
		if err != nil || opens[header.KID] == nil {
			continue
		}
		plain, _, err := opens[header.KID].Open(nil, frame, nil)
		if err != nil {
			continue
		}
		p, payload, redundant, err := parse(plain)
		if _, _, number := keys.ParseKID(header.KID); err != nil || header.CTR/keys.WindowFrames != number {
			continue
		}
		found[i] = Finding{Opened: true, KID: header.KID, Number: header.CTR, Payload: payload, Redundant: redundant}
		if p == nil || p.in(proofs) {
			continue
		}
		if commit, ok := commits[p.kid]; ok && ed25519.Verify(signer, p.signed(commit), p.sig) {
			proofs = append(proofs, p)
		}
	}
	for i := range found {
		f := &found[i]
		if !f.Opened {
			continue
		}
		h := hashOf(sealed[i])
		f.Signed = slices.ContainsFunc(proofs, func(p *proof) bool {
			_, right := p.covers(f.KID, f.Number, h)
			return right
		})
	}
	return found
}
