package grant

import (
	"sync"
	"time"
)

// recentMax bounds what is remembered. It is some 1,700 entries into rooms per
// second, over a minute.
const recentMax = 100_000

// recent remembers what was added within the last Life at least. It forgets
// all at once, in two halves, so that nobody has to look for the old.
type recent[K comparable] struct {
	mu         sync.Mutex
	turned     time.Time // when young was begun
	young, old map[K]struct{}
}

// add remembers one more, if it does not already and there is room for it.
func (r *recent[K]) add(key K, now time.Time) (known, full bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if age := now.Sub(r.turned); age >= Life || r.young == nil {
		r.old = r.young
		if age >= 2*Life {
			r.old = nil
		}
		r.young, r.turned = make(map[K]struct{}), now
	}
	switch {
	case r.has(key):
		return true, false
	case len(r.young) >= recentMax:
		return false, true
	}
	r.young[key] = struct{}{}
	return false, false
}

// knows reports whether key is remembered.
func (r *recent[K]) knows(key K) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.has(key)
}

func (r *recent[K]) has(key K) bool {
	_, young := r.young[key]
	_, old := r.old[key]
	return young || old
}
