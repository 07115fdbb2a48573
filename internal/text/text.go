// Package text compares what people write with what others look for.
package text

import (
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// wordsMax is how many words of a text are looked for.
const wordsMax = 6

// Words returns the words of what somebody looks for: letters, marks and numbers.
func Words(s string) []string {
	words := split(s)
	return words[:min(len(words), wordsMax)]
}

func split(s string) []string {
	return strings.FieldsFunc(s, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsMark(c) && !unicode.IsNumber(c) })
}

// Fold returns s in small letters without marks, so that Müller is found as muller.
func Fold(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	plain, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), s)
	if err != nil {
		plain = s
	}
	return strings.ToLower(plain)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// Folded returns the words of s folded, each after a space: a word begins there
// where a space and the word stand.
func Folded(s string) string {
	var b strings.Builder
	for _, w := range split(Fold(s)) {
		b.WriteString(" " + w)
	}
	return b.String()
}

// Has reports whether folded, which Folded has made, has words that begin as all of
// words do; they are folded, too.
func Has(folded string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(folded, " "+w) {
			return false
		}
	}
	return true
}

// HasWhole reports whether folded has all of words, and not only words that begin so.
func HasWhole(folded string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(folded+" ", " "+w+" ") {
			return false
		}
	}
	return true
}
