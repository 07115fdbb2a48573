// Package sfu is the media loop: it reads datagrams from the socket, lets the
// pure packages beside it decide, and writes what they say. It forwards and
// never mixes, stores or decrypts what people say to one another.
//
// One goroutine owns all state. It is told who sits where (Seat, Unseat) by
// whoever runs the rooms, and that is the only way in: media goes to, and is
// accepted from, exactly the peers that stand in the roster.
package sfu

import (
	crand "crypto/rand"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/media/forward"
	"github.com/stoa-audio/stoa/internal/media/handshake"
	"github.com/stoa-audio/stoa/internal/media/peer"
	"github.com/stoa-audio/stoa/internal/media/udp"
)

// Bounds of one node.
const (
	peersMax      = 20000 // connections
	handshakesMax = 256   // at the same time
	mailboxMax    = 1 << 16
	addressesMax  = 4  // of one peer that checks may come from
	movesPerTick  = 64 // packets from unknown addresses that are tried, per tick
)

const (
	tick        = 100 * time.Millisecond
	reportEvery = time.Second     // to a peer that sends
	reportQuiet = 5 * time.Second // to one that only listens
)

var (
	// ErrNoSeat means that the session does not sit in the room.
	ErrNoSeat = errors.New("no seat in this room")
	// ErrBusy means that the node has as many connections as it can serve.
	ErrBusy = errors.New("as many connections as the node can serve")
	// ErrClosed means that the media loop has stopped.
	ErrClosed = errors.New("the media loop has stopped")
)

// A Config is what an SFU needs to run.
type Config struct {
	Listen   string       // UDP address, such as ":7882"
	Announce []netip.Addr // where clients reach it, best first
	Log      *slog.Logger
	// Voices is told when the voices of a room have changed. It is called on
	// the media loop and must not block.
	Voices func(id.Room, forward.Voices)
}

// An SFU forwards voices between the peers of rooms.
type SFU struct {
	conn      *udp.Conn
	identity  *handshake.Identity
	addresses []netip.AddrPort
	log       *slog.Logger
	voices    func(id.Room, forward.Voices)
	counters  counters

	mu      sync.Mutex // guards mailbox
	mailbox []func(*loop)
	closed  atomic.Bool
	done    chan struct{}
}

// Start opens the socket and runs the media loop.
func Start(c Config) (*SFU, error) {
	identity, err := handshake.NewIdentity(time.Now())
	if err != nil {
		return nil, err
	}
	conn, err := udp.Listen(c.Listen)
	if err != nil {
		return nil, err
	}
	s := &SFU{
		conn: conn, identity: identity, log: c.Log, voices: c.Voices,
		done: make(chan struct{}),
	}
	for _, a := range c.Announce {
		s.addresses = append(s.addresses, netip.AddrPortFrom(a, conn.LocalAddr().Port()))
	}
	go s.run()
	return s, nil
}

// LocalAddr returns where the media socket listens.
func (s *SFU) LocalAddr() netip.AddrPort { return s.conn.LocalAddr() }

// Seat gives who's seat in a room to a session. The connection of another
// session in that seat is cut, unless that is previous: then the same device
// has come back, and its connection is the new session's.
func (s *SFU) Seat(room id.Room, who id.Person, session, previous id.Session) {
	s.post(func(l *loop) { l.seat(room, who, session, previous) })
}

// Speak says whether who's voice is forwarded in a room. It is not, to begin
// with.
func (s *SFU) Speak(room id.Room, who id.Person, may bool) {
	s.post(func(l *loop) { l.speak(room, who, may) })
}

// Unseat takes who's seat in a room away and cuts the connection in it.
func (s *SFU) Unseat(room id.Room, who id.Person) {
	s.post(func(l *loop) { l.unseat(room, who) })
}

// End takes all seats of a room away.
func (s *SFU) End(room id.Room) {
	s.post(func(l *loop) { l.end(room) })
}

// Offer answers the SDP offer of the session that holds who's seat. A
// connection that it had before is gone with it. The error is peer.ErrOffer,
// ErrNoSeat, ErrBusy or ErrClosed.
func (s *SFU) Offer(room id.Room, who id.Person, session id.Session, sdp string) (string, error) {
	offer, err := peer.ParseOffer(sdp)
	if err != nil {
		return "", err
	}
	type result struct {
		answer string
		err    error
	}
	r, ok := ask(s, func(l *loop) result {
		answer, err := l.connect(room, who, session, offer)
		return result{answer, err}
	})
	if !ok {
		return "", ErrClosed
	}
	return r.answer, r.err
}

// Up reports whether the session has a connection in the room whose handshake
// has ended.
func (s *SFU) Up(room id.Room, who id.Person, session id.Session) bool {
	up, _ := ask(s, func(l *loop) bool {
		h := l.rooms[room]
		if h == nil || h.seats[who] == nil {
			return false
		}
		s := h.seats[who]
		return s.session == session && s.client != nil && s.client.HasKeys()
	})
	return up
}

// Roster returns, by person, the session that is sent the media of a room,
// and whether its voice is forwarded. It is for tests and for the node's own
// checks.
func (s *SFU) Roster(room id.Room) map[id.Person]Receiver {
	r, _ := ask(s, func(l *loop) map[id.Person]Receiver { return l.roster(room) })
	return r
}

// ask returns what f says on the loop, or false when the loop has stopped.
func ask[T any](s *SFU, f func(*loop) T) (answer T, ok bool) {
	out := make(chan T, 1)
	if !s.post(func(l *loop) { out <- f(l) }) {
		return answer, false
	}
	select {
	case answer = <-out:
		return answer, true
	case <-s.done:
		return answer, false
	}
}

// A Receiver is a connection that is sent a room's media.
type Receiver struct {
	Session  id.Session
	MaySpeak bool
	Up       bool // its handshake has ended
}

// Close stops the loop and closes the socket.
func (s *SFU) Close() error {
	s.closed.Store(true)
	err := s.conn.Close()
	<-s.done
	return err
}

// post puts f in the mailbox of the loop. It returns false once the loop has
// stopped, or when the mailbox is full, which means that it has.
func (s *SFU) post(f func(*loop)) bool {
	s.mu.Lock()
	full := s.closed.Load() || len(s.mailbox) >= mailboxMax
	if !full {
		s.mailbox = append(s.mailbox, f)
	}
	s.mu.Unlock()
	if full {
		return false
	}
	s.conn.Wake()
	return true
}

// run is the loop: read a batch, decide, write a batch.
func (s *SFU) run() {
	defer close(s.done)
	var seed [32]byte
	_, _ = crand.Read(seed[:]) // never fails (crypto/rand, Go 1.24)
	l := newLoop(s, rand.New(rand.NewChaCha8(seed)))
	defer l.stop()
	in := make([]udp.Datagram, udp.BatchMax)
	next := time.Now().Add(tick)
	for !s.closed.Load() {
		// The deadline is set before the mailbox is looked at: a Wake after
		// the look ends the Read that follows.
		if err := s.conn.SetDeadline(next); err != nil {
			break
		}
		l.now = time.Now()
		for _, f := range s.takeMail() {
			f(l)
		}
		n, err := s.conn.Read(in)
		if err != nil {
			if !s.closed.Load() {
				s.log.Error("media socket failed", "error", err)
			}
			break
		}
		l.now = time.Now()
		for _, d := range in[:n] {
			l.handle(d)
		}
		l.flush()
		if !l.now.Before(next) {
			l.tick()
			l.flush()
			next = l.now.Add(tick)
		}
	}
	s.closed.Store(true)
}

func (s *SFU) takeMail() []func(*loop) {
	s.mu.Lock()
	defer s.mu.Unlock()
	mail := s.mailbox
	s.mailbox = nil
	return mail
}
