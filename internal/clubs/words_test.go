package clubs

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
)

func TestParseWords(t *testing.T) {
	in := Words{
		Name: "  Tea ", About: " one\r\ntwo ", Rules: []string{" Be kind ", " ", "Adä"}, Joining: Approval, Rooms: ByAdmins, Listed: true, Language: "DE-at",
	}
	want := in
	want.Name, want.About, want.Rules, want.Language = "Tea", "one\ntwo", []string{"Be kind", "Adä"}, "de-AT"
	got, err := ParseWords(in)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}

	long := strings.Repeat("ß", RuleMax+1)
	_, err = ParseWords(Words{
		Name: "a\nb", About: strings.Repeat("a\n", AboutLinesMax) + "a", Rules: append(slices.Repeat([]string{"a"}, RulesMax-2), long, "a\nb", "more"),
		Joining: "yes", Rooms: "no", Language: "?",
	})
	var faults people.Faults
	if !errors.As(err, &faults) {
		t.Fatal(err)
	}
	var fields []string
	for _, f := range faults {
		fields = append(fields, f.Field+" "+string(f.Why))
	}
	all := []string{"name name", "about lines", "rules many", "rules[8] long", "rules[9] line", "joining choice", "rooms choice", "language language"}
	if !slices.Equal(fields, all) {
		t.Errorf("%q", fields)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("Tea", "one\ntwo", "Be kind", "de")
	f.Add("", "\u202e", "\r", "")
	f.Fuzz(func(t *testing.T, name, about, rule, language string) {
		in := Words{Name: name, About: about, Rules: []string{rule, about}, Joining: Open, Rooms: ByMembers, Language: language}
		w, err := ParseWords(in)
		if err != nil {
			return
		}
		if utf8.RuneCountInString(w.About) > AboutMax || strings.Count(w.About, "\n") >= AboutLinesMax || strings.Contains(w.About, "\r") {
			t.Fatalf("%q became %q", about, w.About)
		}
		for _, r := range w.Rules {
			if n := utf8.RuneCountInString(r); n == 0 || n > RuleMax || strings.ContainsAny(r, "\r\n") {
				t.Fatalf("%q became %q", rule, r)
			}
		}
		if again, err := ParseWords(w); err != nil || !reflect.DeepEqual(again, w) {
			t.Fatalf("%+v became %+v, %v", w, again, err)
		}
	})
}

func FuzzParseMark(f *testing.F) {
	f.Add(Mark{time.UnixMilli(12345), id.Person{1}}.String())
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if m, err := parseMark(text); err == nil && text != "" && m.String() != text {
			t.Fatalf("%q became %q", text, m)
		}
		if m, err := parseSizeMark(text); err == nil && text != "" && m.String() != text {
			t.Fatalf("%q became %q", text, m)
		}
	})
}

func TestStanding(t *testing.T) {
	for s := None; s <= Founder; s++ {
		text, _ := s.MarshalText()
		var again Standing
		if err := again.UnmarshalText(text); err != nil || again != s {
			t.Errorf("%s: %v, %v", text, again, err)
		}
	}
	var s Standing
	if err := s.UnmarshalText([]byte("boss")); err == nil || Standing(99).String() != "unknown" {
		t.Error("a word that there is not")
	}
}
