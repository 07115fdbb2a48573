package people

import (
	"container/list"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/stoa-audio/stoa/internal/id"
)

// Bounds of the ceremonies under way.
const (
	CeremonyLife  = 5 * time.Minute
	ceremoniesMax = 10000
)

type ceremonyKind struct{}

// CeremonyID names a ceremony: the exchange by which a passkey is made or
// shown (WebAuthn, sections 1.3.1 and 1.3.3).
type CeremonyID = id.ID[ceremonyKind]

// A purpose is what a ceremony is for. One begun for one purpose cannot be
// finished for another.
type purpose uint8

const (
	signingUp purpose = iota + 1
	signingIn
	addingPasskey
	erasing
)

// A ceremony is what has to be known when the browser's answer comes.
type ceremony struct {
	name    CeremonyID
	purpose purpose
	until   time.Time
	asked   webauthn.SessionData
	person  Person // who signs up, or adds a passkey; nobody when signing in
	invite  *Hash  // for signing up; nil through the open door
}

// ceremonies holds the ceremonies under way, in memory only: they are over
// after minutes, and a browser can begin again. All live equally long, so the
// order in which they began is the order in which they end. When there are too
// many, the oldest is forgotten.
type ceremonies struct {
	mu    sync.Mutex
	named map[CeremonyID]*list.Element // of *ceremony in order
	order list.List
}

// begin keeps c and names it.
func (s *ceremonies) begin(now time.Time, c ceremony) CeremonyID {
	c.name, c.until = id.New[CeremonyID](), now.Add(CeremonyLife)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.named == nil {
		s.named = make(map[CeremonyID]*list.Element)
	}
	for oldest := s.order.Front(); oldest != nil; oldest = s.order.Front() {
		if len(s.named) < ceremoniesMax && now.Before(oldest.Value.(*ceremony).until) {
			break
		}
		s.drop(oldest)
	}
	s.named[c.name] = s.order.PushBack(&c)
	return c.name
}

// take returns a ceremony and forgets it, so that it is used once, or
// ErrNoCeremony.
func (s *ceremonies) take(now time.Time, name CeremonyID, p purpose) (*ceremony, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.named[name]
	if e == nil {
		return nil, ErrNoCeremony
	}
	c := s.drop(e)
	if c.purpose != p || !now.Before(c.until) {
		return nil, ErrNoCeremony
	}
	return c, nil
}

func (s *ceremonies) drop(e *list.Element) *ceremony {
	c := s.order.Remove(e).(*ceremony)
	delete(s.named, c.name)
	return c
}
