package sfu

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/stoa-audio/stoa/internal/media/peer"
	"github.com/stoa-audio/stoa/internal/media/rtp"
)

// A counter is something that the shards count. What is dropped is counted
// with its reason.
type counter int

const (
	packetsIn       counter = iota // voices' packets that opened
	packetsOut                     // copies of them
	packetsAgain                   // copies that a listener asked for again
	packetsAbroad                  // voices' packets from other nodes
	beats                          // that say that the node is there
	handshakeDone                  // connections that came up
	handshakeFailed                // and those that did not
	consentLost                    // connections given up
	dropUnknown                    // neither STUN, DTLS, RTP nor RTCP
	dropCheck                      // connectivity checks that prove nothing
	dropStranger                   // from an address that is nobody's
	dropDTLS                       // DTLS out of place
	dropBusy                       // too many handshakes at once
	dropAuth                       // forged, replayed or damaged
	dropPayload                    // opens, but is no voice
	dropFlood                      // more than one peer may send
	dropNotOnStage                 // from somebody who may not speak
	dropNoSlot                     // more voices than slots
	dropTooOld                     // from before the slot changed speakers
	dropLate                       // waited too long for its turn
	dropInbox                      // no place in another shard's inbox
	dropSendFull                   // the socket's buffer is full
	dropSendRefused                // the system does not send there
	dropAgain                      // asked for again too often, or too late
	dropAbroad                     // from another node for a room that is not here, or no RTP
	undigested                     // forwarded, and not remembered for reports
	counterCount
)

// counterNames are the counters' names to the outside.
var counterNames = [counterCount]string{
	"packets_in", "packets_out", "packets_again", "packets_abroad", "beats", "handshakes", "handshakes_failed", "consent_lost",
	"drop_unknown", "drop_check", "drop_stranger", "drop_dtls", "drop_busy", "drop_auth",
	"drop_payload", "drop_flood", "drop_not_on_stage", "drop_no_slot", "drop_too_old",
	"drop_late", "drop_inbox", "drop_send_full", "drop_send_refused", "drop_again", "drop_abroad", "undigested",
}

// counters are written by the shards and read by anybody.
type counters [counterCount]atomic.Uint64

func (n *counters) add(c counter) { n[c].Add(1) }

func (n *counters) addN(c counter, k int) {
	if k > 0 {
		n[c].Add(uint64(k))
	}
}

// Counts returns what has been counted since the start, by name.
func (s *SFU) Counts() map[string]uint64 {
	out := make(map[string]uint64, counterCount)
	for i, name := range counterNames {
		out[name] = s.counters[i].Load()
	}
	return out
}

// DelayBounds are the upper bounds of the buckets that forwarding delays are
// counted in; the last bucket has none.
var DelayBounds = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond,
	25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond,
}

// delays counts how long packets stay in the node: from when they are read to
// when the last copy is with the system.
type delays struct {
	buckets [len(DelayBounds) + 1]atomic.Uint64
	sum     atomic.Int64 // nanoseconds
}

func (d *delays) add(took time.Duration) {
	i := 0
	for i < len(DelayBounds) && took > DelayBounds[i] {
		i++
	}
	d.buckets[i].Add(1)
	d.sum.Add(int64(took))
}

// Delays returns how many packets stayed how long, by bucket, and the sum. A
// packet counts once for each shard that has listeners for it.
func (s *SFU) Delays() (buckets [len(DelayBounds) + 1]uint64, sum time.Duration) {
	for i := range buckets {
		buckets[i] = s.delays.buckets[i].Load()
	}
	return buckets, time.Duration(s.delays.sum.Load())
}

// isNoise reports whether a packet did open and yet carries no voice.
func isNoise(err error) bool {
	return errors.Is(err, peer.ErrPayload) || errors.Is(err, rtp.ErrMalformed)
}
