package discover

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// An Identifier is by what somebody is known, in one form: handle:ada or
// mail:ada@example.org. test/vectors/discovery.json has examples, and what is none.
type Identifier string

// A Kind is what an identifier is.
type Kind string

// The kinds there are.
const (
	Handle Kind = "handle"
	Mail   Kind = "mail"
)

// Kind returns which it is.
func (i Identifier) Kind() Kind {
	kind, _, _ := strings.Cut(string(i), ":")
	return Kind(kind)
}

const (
	textMax   = 512 // bytes of what is typed
	localMax  = 64  // bytes before the @
	domainMax = 253 // bytes after it
	labelMax  = 63
	handleMin = 3
	handleMax = 24
)

// ParseIdentifier returns what is meant by text: with its kind before it or, as
// people type it, without. Case is folded for A to Z; letters are in NFC; domains
// are in their ASCII form (UTS 46, non-transitional). What some providers take for
// the same, such as dots and what follows a plus, is not the same here.
func ParseIdentifier(text string) (Identifier, bool) {
	if len(text) > textMax || !utf8.ValidString(text) {
		return "", false
	}
	text = strings.Trim(text, " \t\r\n")
	if rest, is := strings.CutPrefix(text, string(Handle)+":"); is {
		return handleOf(rest)
	}
	if rest, is := strings.CutPrefix(text, string(Mail)+":"); is {
		return mailOf(rest)
	}
	if strings.LastIndexByte(text, '@') > 0 {
		return mailOf(text)
	}
	return handleOf(text)
}

func handleOf(text string) (Identifier, bool) {
	handle := lower(strings.TrimPrefix(text, "@"))
	if len(handle) < handleMin || len(handle) > handleMax || !isLetter(handle[0]) {
		return "", false
	}
	for _, c := range []byte(handle) {
		if !isLetter(c) && !isDigit(c) && c != '_' {
			return "", false
		}
	}
	return Identifier(string(Handle) + ":" + handle), true
}

func mailOf(text string) (Identifier, bool) {
	at := strings.LastIndexByte(text, '@')
	if at < 0 {
		return "", false
	}
	local, ok := localOf(text[:at])
	if !ok {
		return "", false
	}
	domain, ok := domainOf(text[at+1:])
	if !ok {
		return "", false
	}
	return Identifier(string(Mail) + ":" + local + "@" + domain), true
}

// localOf returns what is before the @: of ASCII what needs no quotes (RFC 5322,
// section 3.2.3), and letters and digits of others (RFC 6531).
func localOf(text string) (string, bool) {
	text = lower(norm.NFC.String(text))
	if text == "" || len(text) > localMax {
		return "", false
	}
	for _, c := range text {
		switch {
		case c >= utf8.RuneSelf:
			if !unicode.In(c, unicode.L, unicode.M, unicode.N) {
				return "", false
			}
		case !isLetter(byte(c)) && !isDigit(byte(c)) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.", c):
			return "", false
		}
	}
	return text, true
}

// domainOf returns the ASCII form of a domain of two labels at least, of which the
// last begins with a letter: an address of a machine is none.
func domainOf(text string) (string, bool) {
	if len(text) > domainMax {
		return "", false
	}
	for _, c := range []byte(text) {
		if c = lowerOf(c); c < utf8.RuneSelf && !isLetter(c) && !isDigit(c) && c != '.' && c != '-' {
			return "", false
		}
	}
	domain, err := idna.Lookup.ToASCII(text)
	if err != nil || len(domain) > domainMax {
		return "", false
	}
	labels := strings.Split(domain, ".")
	for _, label := range labels {
		if !isLabel(label) {
			return "", false
		}
	}
	return domain, len(labels) > 1 && isLetter(labels[len(labels)-1][0])
}

func isLabel(s string) bool {
	if s == "" || len(s) > labelMax || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	if len(s) > 3 && s[2:4] == "--" && s[:2] != "xn" {
		return false
	}
	for _, c := range []byte(s) {
		if !isLetter(c) && !isDigit(c) && c != '-' {
			return false
		}
	}
	return true
}

func lower(text string) string {
	b := []byte(text)
	for i := range b {
		b[i] = lowerOf(b[i])
	}
	return string(b)
}

func lowerOf(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
