package people

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stoa-audio/stoa/internal/id"
)

func TestParseName(t *testing.T) {
	long := strings.Repeat("ß", NameMax)
	for text, want := range map[string]string{
		"Ada":            "Ada",
		"  Ada L.\t":     "Ada L.",
		"Ada\u0308":      "Adä",
		long:             long,
		long + " ":       long,
		"👩\u200d🌾":       "👩\u200d🌾",
		"نیم\u200cفاصله": "نیم\u200cفاصله",
		"":               "",
		" \u3000 ":       "",
		long + "ß":       "",
		"a\nb":           "",
		"a\u2028b":       "",
		"a\u202eb":       "", // right-to-left override
		"a\u200bb":       "", // zero width space
		"\u200d":         "",
		"\u0301":         "",
		"a\x00":          "",
		"\xff":           "",
	} {
		got, err := ParseName(text)
		if got != want || (err != nil) != (want == "") || err != nil && !errors.Is(err, ErrName) {
			t.Errorf("ParseName(%q) = %q, %v, want %q", text, got, err, want)
		}
	}
}

func FuzzParseName(f *testing.F) {
	f.Add("Ada")
	f.Add("\u1100\u1161\u11a8 ")
	f.Fuzz(func(t *testing.T, text string) {
		name, err := ParseName(text)
		if err != nil {
			return
		}
		if n := utf8.RuneCountInString(name); n == 0 || n > NameMax || strings.ContainsAny(name, "\r\n") {
			t.Fatalf("%q became %q", text, name)
		}
		if again, err := ParseName(name); err != nil || again != name {
			t.Fatalf("%q became %q became %q, %v", text, name, again, err)
		}
	})
}

func FuzzParseCode(f *testing.F) {
	code, _ := newCode()
	f.Add(code)
	f.Add("")
	f.Add("0000-0000-0000-0000-0000-0000-0000-000\n0")
	f.Fuzz(func(t *testing.T, text string) {
		hash, err := parseCode(text)
		if err != nil {
			return
		}
		plain := codeReadings.Replace(strings.ToUpper(text))
		if again, err := parseCode(plain); err != nil || again != hash {
			t.Fatalf("%q and %q are two codes, %v", text, plain, err)
		}
	})
}

func TestCode(t *testing.T) {
	code, hash := newCode()
	if len(code) != 39 || strings.Count(code, "-") != 7 {
		t.Errorf("%q is not eight groups of four", code)
	}
	got, err := parseCode(strings.ToLower(code))
	if err != nil || got != hash {
		t.Errorf("a code is not what it was made as: %v", err)
	}
	misread := strings.NewReplacer("0", "o", "1", "l").Replace(code)
	if got, err := parseCode(misread); err != nil || got != hash {
		t.Errorf("%q is not read as %q: %v", misread, code, err)
	}
}

func TestCeremoniesAreBounded(t *testing.T) {
	var s ceremonies
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	first := s.begin(now, ceremony{purpose: signingIn})
	second := s.begin(now, ceremony{purpose: signingIn})
	for range ceremoniesMax - 1 {
		s.begin(now, ceremony{purpose: signingIn})
	}
	if len(s.named) != ceremoniesMax || s.order.Len() != ceremoniesMax {
		t.Errorf("%d ceremonies are kept", len(s.named))
	}
	if _, err := s.take(now, first, signingIn); !errors.Is(err, ErrNoCeremony) {
		t.Errorf("the oldest ceremony is still there: %v", err)
	}
	if _, err := s.take(now, second, signingIn); err != nil {
		t.Errorf("the second oldest ceremony is gone: %v", err)
	}
	s.begin(now.Add(CeremonyLife), ceremony{purpose: signingIn})
	if len(s.named) != 1 || s.order.Len() != 1 {
		t.Errorf("%d ceremonies are kept that are over", len(s.named)-1)
	}
	if _, err := s.take(now, id.New[CeremonyID](), signingIn); !errors.Is(err, ErrNoCeremony) {
		t.Errorf("an unknown ceremony: %v", err)
	}
}
