package grant

import (
	"fmt"
	"sync"
	"time"
)

// spentMax bounds the grants remembered as used. It is some 1,700 entries into
// rooms per second, over a minute.
const spentMax = 100_000

// spent remembers the grants used within the last Life at least. It forgets
// them all at once, in two halves, so that nobody has to look for the old.
type spent struct {
	mu         sync.Mutex
	turned     time.Time // when young was begun
	young, old map[ID]struct{}
}

// add remembers one more, or returns ErrGrant if it does already.
func (s *spent) add(name ID, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if age := now.Sub(s.turned); age >= Life || s.young == nil {
		s.old = s.young
		if age >= 2*Life {
			s.old = nil
		}
		s.young, s.turned = make(map[ID]struct{}), now
	}
	_, young := s.young[name]
	_, old := s.old[name]
	switch {
	case young || old:
		return fmt.Errorf("%w: used before", ErrGrant)
	case len(s.young) >= spentMax:
		return fmt.Errorf("%w: too many are used", ErrGrant)
	}
	s.young[name] = struct{}{}
	return nil
}
