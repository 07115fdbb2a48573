// Package topic has what rooms, plans and people can be about: a closed list, so
// that who likes music and a room about music mean the same, in every language,
// and nobody can be told apart by a word of their own. The app has the words.
package topic

import "slices"

// All are the topics there are. They are stored by their names, so none of them
// changes; one that comes stands at the end.
var All = []string{
	"art", "books", "business", "climate", "education", "family", "film", "food",
	"games", "health", "history", "hobbies", "languages", "local", "music", "nature",
	"philosophy", "politics", "religion", "science", "society", "sport", "technology", "travel",
}

// Most of a room or a plan, and of what somebody is interested in.
const (
	OfRoom   = 3
	OfPerson = 10
)

// Is reports whether there is such a topic.
func Is(text string) bool { return slices.Contains(All, text) }

// A Set is some topics.
type Set uint32

// SetOf returns the topics in some. Others than those there are it leaves out.
func SetOf(some []string) (s Set) {
	for _, one := range some {
		if i := slices.Index(All, one); i >= 0 {
			s |= 1 << i
		}
	}
	return s
}

// Fit reports whether some are at most so many topics, each of them once.
func Fit(some []string, most int) bool {
	if len(some) > most {
		return false
	}
	for i, one := range some {
		if !Is(one) || slices.Contains(some[:i], one) {
			return false
		}
	}
	return true
}
