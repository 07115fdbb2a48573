// Package known keeps answers of the store that are asked for again and again
// while many come at once. What changes them drops them with the change, and
// nothing is dropped by time: so whoever keeps answers makes all of the changes.
package known

import "sync"

// Answers are answers by what was asked, Max at most. Those without anything in
// them are ready for use, from many goroutines.
type Answers[K comparable, V any] struct {
	Max int

	mu      sync.Mutex // guards what follows
	answers map[K]V
	changes uint64 // how often something was dropped
}

// Get returns an answer if it is known, and else what Put is to be told.
func (k *Answers[K, V]) Get(key K) (answer V, since uint64, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	answer, ok = k.answers[key]
	return answer, k.changes, ok
}

// Put keeps an answer, unless something has been dropped since Get was asked:
// then it may be the answer of before.
func (k *Answers[K, V]) Put(key K, answer V, since uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.changes != since {
		return
	}
	if k.answers == nil || len(k.answers) >= k.Max {
		k.answers = make(map[K]V) // all at once, so that nobody has to look for the old
	}
	k.answers[key] = answer
}

// Drop forgets the answers that change.
func (k *Answers[K, V]) Drop(changes func(K, V) bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.changes++
	for key, answer := range k.answers {
		if changes(key, answer) {
			delete(k.answers, key)
		}
	}
}

// Forget forgets the answer to key.
func (k *Answers[K, V]) Forget(key K) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.changes++
	delete(k.answers, key)
}
