// Package hop is one node's end of the link to one neighbour, without the
// socket and without the keys: it puts records together into datagrams and
// takes them apart, notices what is lost and asks for it again, measures the
// link, tells when the neighbour has gone silent, and brakes when the network
// does not carry what is sent.
//
// Time is given, as the time since the node has started.
package hop

import (
	"slices"
	"time"

	"github.com/stoa-audio/stoa/internal/overlay/frame"
)

// How a hop keeps time.
const (
	Tick = 10 * time.Millisecond // Tick is to be called so often

	flushAfter = 2 * time.Millisecond   // records wait so long for others
	crowded    = time.Millisecond       // when they come closer than this to each other
	beatBusy   = 30 * time.Millisecond  // a datagram comes at least so often while there are voices
	beatSoon   = 60 * time.Millisecond  // just afterwards
	beatIdle   = 100 * time.Millisecond // and else, on links in use
	busyFor    = 300 * time.Millisecond
	missed     = 3 // promises broken in a row: the neighbour is suspect
	missedBusy = 2 // while there are voices
	grace      = 10 * time.Millisecond

	downAfter     = 350 * time.Millisecond  // of silence on a link in use
	downProbed    = 3500 * time.Millisecond // of silence on one that is only probed
	halfOpenAfter = time.Second             // they are heard, and do not hear us

	// NackMax is the longest round trip over which what was lost is asked for
	// again; beyond, the second copy comes sooner by another way.
	NackMax = 80 * time.Millisecond
)

// A Carrier takes a datagram for a neighbour: its number, promise and records.
// The datagram is valid until Carry returns.
type Carrier interface {
	Carry(neighbour int, counter uint64, datagram []byte)
}

// A Receiver is told the records that come, other than those that are the
// hop's own business. The body is valid until Record returns.
type Receiver interface {
	Record(now time.Duration, neighbour int, kind frame.Kind, body []byte)
}

// A Hop is safe for one goroutine. The zero Hop is not ready: see Start.
type Hop struct {
	neighbour int
	carrier   Carrier
	using     bool

	// What is sent.
	counter   uint64 // of the next datagram; the first is 1
	out       []byte // the datagram being filled; empty when nothing waits
	outSince  time.Duration
	outVoices bool
	lastSent  time.Duration
	lastBeat  time.Duration
	promised  time.Duration
	lastVoice time.Duration
	pace      time.Duration // between datagrams with voices, on average
	spacing   time.Duration // between records with voices, on average
	leaving   bool
	kept      shelf
	brake     brake

	// What is heard.
	window    window
	lastHeard time.Duration
	promise   time.Duration // theirs; 0: none
	theirs    uint32        // their last stamp
	theirsAt  time.Duration
	echoed    time.Duration // when they last echoed a fresh stamp of ours
	echo      uint32        // the stamp that they echoed last
	departing bool
	missing   missing

	// What is measured.
	rtt, rttMin, jitter float64 // milliseconds
	loss                float64 // share of theirs that did not come
	Counts              Counts
}

// Counts is what happened on a hop since it started.
type Counts struct {
	Sent, SentBytes   uint64 // datagrams
	Heard, HeardBytes uint64
	Replayed          uint64 // heard twice, or too late to say
	Lost              uint64 // never heard, as far as is known
	Asked, Repeated   uint64 // datagrams asked for again, and sent again
	Braked            uint64 // records that the brake has kept back
	Malformed         uint64
}

// Start makes h the hop to a neighbour, from now on.
func (h *Hop) Start(now time.Duration, neighbour int, carrier Carrier) {
	*h = Hop{neighbour: neighbour, carrier: carrier, counter: 1, lastSent: now, lastHeard: now, echoed: now, lastVoice: now - busyFor, pace: beatIdle, spacing: time.Second}
}

// Use says whether the link is in use: then something is sent every 100 ms at
// least, and silence is noticed.
func (h *Hop) Use(now time.Duration, using bool) {
	if using && !h.using {
		// Nobody has promised anything so far.
		h.echoed = now
		h.lastSent, h.promised = now-beatIdle, 0
	}
	h.using = using
}

// InUse reports what Use was told.
func (h *Hop) InUse() bool { return h.using }

// Leave says to the neighbour, from now on, that this node is about to stop.
func (h *Hop) Leave() { h.leaving = true }

// Departing reports whether the neighbour has said so.
func (h *Hop) Departing() bool { return h.departing }

// Voice sends a packet of a voice, and reports whether it was taken: not when
// the brake is on. Packets wait at most 2 ms for others, and only where there
// are many: see Settle.
func (h *Hop) Voice(now time.Duration, a frame.Audio) bool {
	size := frame.AudioSize(len(a.Packet))
	if size > frame.RecordMax || !h.brake.allow(now, size) {
		h.Counts.Braked++
		return false
	}
	h.spacing += (min(now-h.lastVoice, time.Second) - h.spacing) / 8
	h.lastVoice = now
	h.room(now, size)
	h.out = a.Append(h.out)
	h.outVoices = true
	return true
}

// Say sends a record that is no voice, at once.
func (h *Hop) Say(now time.Duration, record interface{ Append([]byte) []byte }) {
	h.room(now, 0)
	before := len(h.out)
	h.out = record.Append(h.out)
	if len(h.out) > frame.PlainMax {
		tail := append([]byte(nil), h.out[before:]...)
		h.out = h.out[:before]
		h.flush(now)
		h.room(now, 0)
		h.out = append(h.out, tail...)
	}
	h.flush(now)
}

// room begins a datagram if none is being filled, or if size more bytes do not
// fit into it.
func (h *Hop) room(now time.Duration, size int) {
	if len(h.out)+size > frame.PlainMax {
		h.flush(now)
	}
	if len(h.out) == 0 {
		h.out = append(h.out, 0) // the promise is made when it is sent
		h.outSince = now
	}
}

// Settle is called when what there was to send at this moment was given to the
// hop. It sends, unless so many voices pass that it pays to wait for more.
func (h *Hop) Settle(now time.Duration) {
	if len(h.out) > 0 && (h.spacing > crowded || now-h.outSince >= flushAfter) {
		h.flush(now)
	}
}

// Due returns when Settle is to be called at the latest; ok is false when
// nothing waits.
func (h *Hop) Due() (at time.Duration, ok bool) { return h.outSince + flushAfter, len(h.out) > 0 }

func (h *Hop) flush(now time.Duration) {
	if len(h.out) <= 1 {
		h.out = h.out[:0]
		return
	}
	if h.outVoices {
		h.pace += (min(now-h.lastSent, beatIdle) - h.pace) / 8
	}
	if h.using && now-h.lastBeat >= beatIdle && len(h.out)+beatSize <= frame.PlainMax {
		h.out = h.nextBeat(now, false).Append(h.out)
	}
	h.promised = h.promiseNow(now)
	frame.AppendPromise(h.out[:0], h.promised)
	if h.outVoices && h.keeps() {
		h.kept.keep(now, h.counter, h.out[1:])
	}
	h.out = frame.Fill(h.out)
	h.carrier.Carry(h.neighbour, h.counter, h.out)
	h.Counts.Sent++
	h.Counts.SentBytes += uint64(len(h.out))
	h.brake.sent(now, len(h.out))
	h.counter++
	h.lastSent = now
	h.out, h.outVoices = h.out[:0], false
}

// promiseNow is how soon the next datagram comes.
func (h *Hop) promiseNow(now time.Duration) time.Duration {
	switch quiet := now - h.lastVoice; {
	case !h.using:
		return 0
	case quiet >= busyFor:
		return beatIdle
	case h.outVoices:
		return min(max(h.pace*7/4, beatBusy), beatIdle)
	default:
		return beatSoon
	}
}

// keeps reports whether packets are kept to be sent again.
func (h *Hop) keeps() bool { return h.rtt == 0 || h.rtt <= ms(NackMax) }

// Measured reports whether the round trip was measured within d.
func (h *Hop) Measured(now, d time.Duration) bool { return h.echo != 0 && now-h.echoed < d }

// Probe asks the neighbour for a sign of life.
func (h *Hop) Probe(now time.Duration) { h.beat(now, true) }

func (h *Hop) beat(now time.Duration, ask bool) { h.Say(now, h.nextBeat(now, ask)) }

func (h *Hop) nextBeat(now time.Duration, ask bool) frame.Beat {
	h.lastBeat = now
	b := frame.Beat{Ask: ask, Leaving: h.leaving, Stamp: stamp(now), Missing: uint16(min(h.loss, 1) * 1000)}
	if h.theirs != 0 && now-h.theirsAt < 6*time.Second {
		b.Echo, b.Held = h.theirs, uint16((now-h.theirsAt)/stampUnit) //nolint:gosec // below 60000
	}
	return b
}

const beatSize = 16 // bytes of the record

const stampUnit = 100 * time.Microsecond

// stamp is never 0, which says that there is none.
func stamp(now time.Duration) uint32 {
	return max(uint32(now/stampUnit), 1) //nolint:gosec // wraps every five days, and only differences are used
}

// Tick does what is due: a beat, asking again for what was lost.
func (h *Hop) Tick(now time.Duration) {
	if h.using && now+Tick > h.lastSent+h.promised {
		h.beat(now, false)
	}
	if len(h.missing.list) > 0 {
		h.ask(now)
	}
	h.Settle(now)
}

// Hear takes a datagram in that is authentic: its records go to r. One that
// was heard before goes nowhere.
func (h *Hop) Hear(now time.Duration, counter uint64, datagram []byte, r Receiver) {
	promise, records, ok := frame.ParsePromise(datagram)
	if !ok {
		h.Counts.Malformed++
		return
	}
	newest := h.window.highest
	if !h.window.take(counter) {
		h.Counts.Replayed++
		return
	}
	h.Counts.Heard++
	h.Counts.HeardBytes += uint64(len(datagram))
	h.lastHeard = now
	if counter > newest {
		h.promise = promise
		h.lost(now, newest, counter)
	} else {
		h.found(counter)
	}
	h.take(now, records, r, 1)
}

// lost notices the datagrams between two that came.
func (h *Hop) lost(now time.Duration, before, counter uint64) {
	h.loss -= h.loss / lossOver
	if before == 0 {
		return
	}
	gap := counter - before - 1
	h.Counts.Lost += gap
	for c := counter - min(gap, 64); c < counter; c++ {
		h.loss += (1 - h.loss) / lossOver
		h.missing.add(c, now)
	}
}

// lossOver is over how many datagrams loss is averaged.
const lossOver = 256

// found notices that one of these came after all.
func (h *Hop) found(counter uint64) {
	if h.missing.remove(counter) {
		h.loss = max(h.loss-1.0/lossOver, 0)
		h.Counts.Lost--
	}
}

// take hands records out; those sent again may hold others, but not again.
func (h *Hop) take(now time.Duration, records []byte, r Receiver, depth int) {
	for len(records) > 0 && !frame.IsFill(records) {
		kind, body, rest, ok := frame.Next(records)
		if !ok {
			h.Counts.Malformed++
			return
		}
		records = rest
		switch kind {
		case frame.KindBeat:
			b, err := frame.ParseBeat(body)
			if err != nil {
				h.Counts.Malformed++
				continue
			}
			h.heardBeat(now, b)
		case frame.KindNack:
			n, err := frame.ParseNack(body)
			if err != nil {
				h.Counts.Malformed++
				continue
			}
			h.again(now, n)
		case frame.KindAgain:
			counter, inner, err := frame.ParseAgain(body)
			if err != nil || depth == 0 {
				h.Counts.Malformed++
				continue
			}
			if h.window.take(counter) {
				h.missing.remove(counter)
				h.Counts.Lost--
				h.take(now, inner, r, 0)
			}
		default:
			r.Record(now, h.neighbour, kind, body)
		}
	}
}

func (h *Hop) heardBeat(now time.Duration, b frame.Beat) {
	h.departing = b.Leaving
	h.theirs, h.theirsAt = b.Stamp, now
	h.brake.report(now, b.Missing)
	if b.Echo != 0 && b.Echo != h.echo {
		h.echo, h.echoed = b.Echo, now
		h.measure(float64(int32(stamp(now)-b.Echo)-int32(b.Held)) * ms(stampUnit)) //nolint:gosec // modular
	}
	if b.Ask {
		h.beat(now, false)
	}
}

func (h *Hop) measure(rtt float64) {
	if rtt < 0 || rtt > 10_000 {
		return
	}
	rtt = max(rtt, 0.1)
	if h.rtt == 0 {
		h.rtt, h.rttMin = rtt, rtt
		return
	}
	h.jitter += (max(rtt-h.rtt, h.rtt-rtt) - h.jitter) / 16
	h.rtt += (rtt - h.rtt) / 8
	h.rttMin = min(h.rttMin*1.0005, rtt) // forgets over some thousand beats
	h.rttMin = min(h.rttMin, h.rtt)
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// RTT returns the round trip in milliseconds, 0 while it is not known.
func (h *Hop) RTT() float64 { return h.rtt }

// RTTMin returns the shortest round trip of late: no distance is longer.
func (h *Hop) RTTMin() float64 { return h.rttMin }

// Loss returns the share of the neighbour's datagrams that does not come.
func (h *Hop) Loss() float64 { return h.loss }

// Jitter returns how far round trips are from their average, in milliseconds.
func (h *Hop) Jitter() float64 { return h.jitter }

// Brake returns the bytes a second that the brake lets pass; 0: it is off.
func (h *Hop) Brake() float64 { return h.brake.limit }

// Suspect reports whether the neighbour has broken its promises: it is time to
// look for another way. A few lost datagrams in a row look the same.
func (h *Hop) Suspect(now time.Duration) bool {
	if !h.using || h.promise == 0 {
		return false
	}
	late := missed * h.promise
	if h.promise < beatSoon {
		late = missedBusy * h.promise
	}
	late += time.Duration(4*h.jitter*float64(time.Millisecond)) + grace
	return now-h.lastHeard > late || now-h.echoed > halfOpenAfter
}

// Down reports whether the neighbour is gone as far as can be told, or was
// never heard.
func (h *Hop) Down(now time.Duration) bool {
	silent := now - h.lastHeard
	switch {
	case h.rtt == 0:
		return true
	case h.using && h.promise > 0:
		return silent > downAfter && h.Suspect(now) || now-h.echoed > halfOpenAfter
	default:
		return silent > downProbed
	}
}

// window remembers which of the newest datagrams came.
type window struct {
	highest uint64
	seen    [windowWords]uint64
}

const (
	windowWords = 16
	windowSize  = (windowWords - 1) * 64 // datagrams; the newest word is not full
)

// take reports whether a datagram is new, and remembers it.
func (w *window) take(counter uint64) bool {
	if counter == 0 || counter+windowSize <= w.highest {
		return false
	}
	if counter > w.highest {
		words := min(counter/64-w.highest/64, windowWords)
		for i := range words {
			w.seen[(w.highest/64+1+i)%windowWords] = 0
		}
		w.highest = counter
	}
	word, bit := &w.seen[counter/64%windowWords], uint64(1)<<(counter%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}

// A shelf keeps the last datagrams with voices for those who ask again.
type shelf struct {
	slots []slot
	data  []byte // in slots of frame.PlainMax
}

type slot struct {
	counter uint64
	at      time.Duration
	n       int
}

const (
	keepFor  = 200 * time.Millisecond
	slotsMin = 32
	slotsMax = 1024
)

func (s *shelf) keep(now time.Duration, counter uint64, records []byte) {
	if len(s.slots) == 0 {
		s.grow(slotsMin)
	}
	i := counter % uint64(len(s.slots))
	if old := s.slots[i]; old.counter != 0 && now-old.at < keepFor && len(s.slots) < slotsMax {
		s.grow(2 * len(s.slots))
		i = counter % uint64(len(s.slots))
	}
	s.slots[i] = slot{counter, now, copy(s.data[i*frame.PlainMax:(i+1)*frame.PlainMax], records)}
}

func (s *shelf) grow(n int) {
	old := *s
	s.slots, s.data = make([]slot, n), make([]byte, n*frame.PlainMax)
	for i, one := range old.slots {
		to := one.counter % uint64(n)
		s.slots[to] = one
		copy(s.data[to*frame.PlainMax:], old.data[i*frame.PlainMax:i*frame.PlainMax+one.n])
	}
}

func (s *shelf) find(counter uint64) []byte {
	if len(s.slots) == 0 {
		return nil
	}
	i := counter % uint64(len(s.slots))
	if s.slots[i].counter != counter {
		return nil
	}
	return s.data[i*frame.PlainMax : int(i)*frame.PlainMax+s.slots[i].n] //nolint:gosec // below slotsMax
}

// again sends what the neighbour asks for, in datagrams of their own.
func (h *Hop) again(now time.Duration, n frame.Nack) {
	for i := range 65 {
		counter := n.Base
		if i > 0 {
			if n.Mask&(1<<(i-1)) == 0 {
				continue
			}
			counter += uint64(i)
		}
		records := h.kept.find(counter)
		if records == nil || len(records)+frame.AgainSize+1 > frame.PlainMax || !h.brake.allow(now, len(records)) {
			continue
		}
		h.flush(now)
		h.room(now, 0)
		h.out = frame.AppendAgain(h.out, counter, records)
		h.flush(now)
		h.Counts.Repeated++
	}
}

// missing is the datagrams that have not come, the oldest first.
type missing struct {
	list []lack
}

type lack struct {
	counter uint64
	since   time.Duration
	asked   time.Duration // when it was asked for last
	times   int
}

// Bounds of what is missed.
const (
	asksMax    = 3
	missingMax = 64
)

func (m *missing) add(counter uint64, now time.Duration) {
	if len(m.list) == missingMax {
		m.list = slices.Delete(m.list, 0, 1)
	}
	m.list = append(m.list, lack{counter: counter, since: now})
}

func (m *missing) remove(counter uint64) bool {
	before := len(m.list)
	m.list = slices.DeleteFunc(m.list, func(one lack) bool { return one.counter == counter })
	return len(m.list) < before
}

// ask asks for what has not come, unless it is late, or it may be out of order
// only.
func (h *Hop) ask(now time.Duration) {
	wait := time.Duration((h.rtt+4*h.jitter)*float64(time.Millisecond)) + grace
	var nack frame.Nack
	asking := false
	h.missing.list = slices.DeleteFunc(h.missing.list, func(one lack) bool {
		return now-one.since > keepFor || one.times >= asksMax && now-one.asked > wait || !h.keeps()
	})
	for i := range h.missing.list {
		one := &h.missing.list[i]
		switch {
		case one.times == asksMax, one.times == 0 && now-one.since < Tick/2, one.times > 0 && now-one.asked < wait:
			continue
		case !asking:
			asking, nack.Base = true, one.counter
		case one.counter > nack.Base && one.counter-nack.Base <= 64:
			nack.Mask |= 1 << (one.counter - nack.Base - 1)
		default:
			continue
		}
		one.times, one.asked = one.times+1, now
		h.Counts.Asked++
	}
	if asking {
		h.Say(now, nack)
	}
}

// A brake keeps a hop from flooding a network that drops what it sends: where
// more than a tenth is lost it lets less and less pass, down to 8 kB/s, and
// opens again by and by (a circuit breaker as RFC 8083 wants for media, but
// one that gives way in steps). What random loss costs is not taken for it: a
// brake that saw no better result from braking would open again.
type brake struct {
	limit  float64 // bytes a second; 0: off
	tokens float64
	filled time.Duration

	rate    float64 // bytes a second that were sent of late
	counted int
	since   time.Duration
	judged  time.Duration
}

const (
	brakeAt    = 100         // of 1000 datagrams missing
	brakeOff   = 30          // of 1000
	brakeFloor = 8_000       // bytes a second
	brakeEvery = time.Second // between two decisions
	brakeBurst = 0.1         // seconds of what may pass at once
	brakeFree  = 4           // times what is sent: then it is off
)

func (b *brake) sent(now time.Duration, n int) {
	b.counted += n
	if d := now - b.since; d >= brakeEvery/2 {
		b.rate, b.counted, b.since = float64(b.counted)/d.Seconds(), 0, now
	}
}

func (b *brake) report(now time.Duration, missing uint16) {
	if now-b.judged < brakeEvery {
		return
	}
	b.judged = now
	switch {
	case missing >= brakeAt:
		if b.limit == 0 {
			b.limit, b.filled, b.tokens = b.rate, now, 0
		}
		b.limit = max(b.limit*0.7, brakeFloor)
	case missing <= brakeOff && b.limit > 0:
		if b.limit *= 1.25; b.limit > brakeFree*max(b.rate, brakeFloor) {
			b.limit = 0
		}
	}
}

func (b *brake) allow(now time.Duration, n int) bool {
	if b.limit == 0 {
		return true
	}
	b.tokens = min(b.tokens+b.limit*(now-b.filled).Seconds(), max(b.limit*brakeBurst, frame.DatagramMax))
	b.filled = now
	if b.tokens < float64(n) {
		return false
	}
	b.tokens -= float64(n)
	return true
}
