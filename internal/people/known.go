package people

import "sync"

// known keeps answers of the store that are asked for again and again while
// many come at once. All changes go through this package, so what is kept is
// dropped with the change, and not by time.
type known[K comparable, V any] struct {
	mu      sync.Mutex // guards all of this
	max     int
	answers map[K]V
	changes uint64 // how often something was dropped
}

// get returns an answer if it is known, and else what put is to be told.
func (k *known[K, V]) get(key K) (answer V, since uint64, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	answer, ok = k.answers[key]
	return answer, k.changes, ok
}

// put keeps an answer, unless something has been dropped since get was asked:
// then it may be the answer of before.
func (k *known[K, V]) put(key K, answer V, since uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.changes != since {
		return
	}
	if k.answers == nil || len(k.answers) >= k.max {
		k.answers = make(map[K]V) // all at once, so that nobody has to look for the old
	}
	k.answers[key] = answer
}

// drop forgets the answers that change.
func (k *known[K, V]) drop(changes func(K, V) bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.changes++
	for key, answer := range k.answers {
		if changes(key, answer) {
			delete(k.answers, key)
		}
	}
}
