package sfu

import (
	"errors"
	"sync/atomic"

	"github.com/stoa-audio/stoa/internal/media/peer"
	"github.com/stoa-audio/stoa/internal/media/rtp"
)

// A counter is something that the loop counts. What is dropped is counted
// with its reason.
type counter int

const (
	packetsIn       counter = iota // voices' packets that opened
	packetsOut                     // copies of them
	handshakeDone                  // connections that came up
	handshakeFailed                // and those that did not
	consentLost                    // connections given up
	sendFailed                     // datagrams that the system did not take
	dropUnknown                    // neither STUN, DTLS, RTP nor RTCP
	dropCheck                      // connectivity checks that prove nothing
	dropStranger                   // from an address that is nobody's
	dropDTLS                       // DTLS out of place
	dropBusy                       // too many handshakes at once
	dropAuth                       // forged, replayed or damaged
	dropPayload                    // opens, but is no voice
	dropNotOnStage                 // from somebody who may not speak
	dropNoSlot                     // more voices than slots
	dropTooOld                     // from before the slot changed speakers
	counterCount
)

// counterNames are the counters' names to the outside.
var counterNames = [counterCount]string{
	"packets_in", "packets_out", "handshakes", "handshakes_failed", "consent_lost", "send_failed",
	"drop_unknown", "drop_check", "drop_stranger", "drop_dtls", "drop_busy", "drop_auth",
	"drop_payload", "drop_not_on_stage", "drop_no_slot", "drop_too_old",
}

// counters are written by the loop and read by anybody.
type counters [counterCount]atomic.Uint64

func (n *counters) add(c counter)         { n[c].Add(1) }
func (n *counters) addN(c counter, k int) { n[c].Add(uint64(k)) } //nolint:gosec // never negative

// Counts returns what the loop has counted since the start, by name.
func (s *SFU) Counts() map[string]uint64 {
	out := make(map[string]uint64, counterCount)
	for i, name := range counterNames {
		out[name] = s.counters[i].Load()
	}
	return out
}

// isNoise reports whether a packet did open and yet carries no voice.
func isNoise(err error) bool {
	return errors.Is(err, peer.ErrPayload) || errors.Is(err, rtp.ErrMalformed)
}
