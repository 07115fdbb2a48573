package people

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// ParseName returns text as a name: one line in Unicode's composed form (NFC),
// without space around it, or ErrName. Characters that are not seen are
// refused, because with them two names look like one; the joiners stay, which
// some scripts and emoji need.
func ParseName(text string) (string, error) {
	if len(text) > 16*NameMax || !utf8.ValidString(text) {
		return "", ErrName
	}
	name := strings.TrimSpace(norm.NFC.String(text))
	if n := utf8.RuneCountInString(name); n == 0 || n > NameMax {
		return "", ErrName
	}
	seen := false
	for _, c := range name {
		switch {
		case c == '\u200c' || c == '\u200d': // zero width non-joiner and joiner
		case !unicode.IsGraphic(c): // also not the separators of lines and paragraphs
			return "", ErrName
		case !unicode.IsSpace(c) && !unicode.Is(unicode.M, c):
			seen = true
		}
	}
	if !seen {
		return "", ErrName
	}
	return name, nil
}
