package text

import (
	"strings"
	"testing"
)

func TestHas(t *testing.T) {
	for _, c := range []struct {
		of, looked string
		want       bool
	}{
		{"Über Nachtzüge", "nachtzug", true},
		{"Über Nachtzüge", "UBER NACHT", true},
		{"Über Nachtzüge", "zuge", false}, // words begin so
		{"Über Nachtzüge", "nachtzug tag", false},
		{"Tea, at five – or six?", "five six", true},
		{"Łódź", "łodz", true},
		{"İstanbul", "istanbul", true},
		{"हिन्दी बातें", "हिन", true},
		{"%_", "%", false},
		{"Tea", "", true},
	} {
		if got := Has(Folded(c.of), Words(Fold(c.looked))) && (c.looked == "" || len(Words(c.looked)) > 0); got != c.want {
			t.Errorf("%q has %q: %v", c.of, c.looked, got)
		}
	}
	if got := Words("a b c d e f g h"); len(got) != wordsMax {
		t.Errorf("%d words", len(got))
	}
}

func FuzzFolded(f *testing.F) {
	for _, s := range []string{"Über", "\xff", "ǅ", "ﬁ", "İ", "%' _"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		folded := Folded(s)
		if strings.ContainsAny(folded, `%_\'"`) {
			t.Errorf("%q is folded to %q", s, folded)
		}
		for _, w := range Words(Fold(s)) {
			if !Has(folded, []string{w}) {
				t.Errorf("%q is not found in %q", w, folded)
			}
		}
	})
}
