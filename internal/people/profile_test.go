package people

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParseWritten(t *testing.T) {
	long := strings.Repeat("ß", BioMax)
	for name, c := range map[string]struct {
		in, want Written
		faults   Faults
	}{
		"a name alone":  {in: Written{Name: " Ada "}, want: Written{Name: "Ada"}},
		"folded":        {in: Written{Name: "Ada", Handle: "@Ada_1"}, want: Written{Name: "Ada", Handle: "ada_1"}},
		"canonical":     {in: Written{Name: "Ada", Languages: []string{"DE-at", "zh-hant"}}, want: Written{Name: "Ada", Languages: []string{"de-AT", "zh-Hant"}}},
		"long":          {in: Written{Name: "Ada", Bio: long}, want: Written{Name: "Ada", Bio: long}},
		"lines":         {in: Written{Name: "Ada", Bio: " a\r\nb\n"}, want: Written{Name: "Ada", Bio: "a\nb"}},
		"its picture":   {in: Written{Name: "Ada", Picture: "x"}, want: Written{Name: "Ada"}},
		"nothing":       {faults: Faults{{"name", NotAName}}},
		"too long":      {in: Written{Name: "Ada", Bio: long + "ß"}, faults: Faults{{"bio", TooLong}}},
		"nine lines":    {in: Written{Name: "Ada", Bio: "a" + strings.Repeat("\nb", 8)}, faults: Faults{{"bio", TooManyLines}}},
		"unseen":        {in: Written{Name: "Ada", Bio: "a\u202eb", Pronouns: "a\u200bb"}, faults: Faults{{"pronouns", Unseen}, {"bio", Unseen}}},
		"two lines":     {in: Written{Name: "Ada", Pronouns: "a\nb"}, faults: Faults{{"pronouns", NotOneLine}}},
		"links":         {in: Written{Name: "Ada", Links: make([]Link, 5)}, faults: Faults{{"links", TooMany}, {"links[0].url", NotALink}, {"links[1].url", NotALink}, {"links[2].url", NotALink}, {"links[3].url", NotALink}}},
		"languages":     {in: Written{Name: "Ada", Languages: []string{"de", "DE", "x_", "und", ""}}, faults: Faults{{"languages[1]", Twice}, {"languages[2]", NotALanguage}, {"languages[3]", NotALanguage}, {"languages[4]", NotALanguage}}},
		"all of it bad": {in: Written{Handle: "stoa", Bio: long + "ß"}, faults: Faults{{"name", NotAName}, {"handle", Reserved}, {"bio", TooLong}}},
	} {
		got, err := ParseWritten(c.in)
		var faults Faults
		if errors.As(err, &faults); !reflect.DeepEqual(got, c.want) || !slices.Equal(faults, c.faults) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for handle, good := range map[string]bool{
		"abc": true, "a23456789012345678901234": true, "a__": true,
		"ab": false, "a234567890123456789012345": false, "1ab": false, "_ab": false, "a b": false, "äbc": false, "a-b": false, "@@abc": false, "ME": false, "Admin": false, "\u212aelvin": false,
	} {
		if _, why := parseHandle(handle); (why == "") != good {
			t.Errorf("%q: %s", handle, why)
		}
	}
	for link, good := range map[string]bool{
		"https://stoa.example": true, "https://stoa.example/a?b#c": true, "https://xn--bcher-kva.example": true,
		"http://stoa.example": false, "javascript:alert(1)": false, "https://": false, "https://ada@stoa.example": false,
		"https://bücher.example": false, "https:stoa.example": false, "https://a\\b": false, "https://stoa.example/" + strings.Repeat("a", LinkMax): false, "": false,
	} {
		if isLink(link) != good {
			t.Errorf("%q is a link: %t", link, !good)
		}
	}
}

func FuzzParseWritten(f *testing.F) {
	f.Add([]byte(`{"name":"Ada","handle":"@Ada","bio":"a\r\nb","links":[{"url":"https://stoa.example","text":"x"}],"languages":["DE-at"]}`))
	f.Add([]byte(`{"name":"\u1100\u1161","bio":"\n\n\u200d","languages":["i-klingon","en-u-co-phonebk"]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var w Written
		if json.Unmarshal(text, &w) != nil {
			return
		}
		got, err := ParseWritten(w)
		var faults Faults
		if err != nil {
			if !errors.As(err, &faults) || len(faults) == 0 || len(faults) > 3+1+1+2*LinksMax+1+LanguagesMax+1 {
				t.Fatalf("%v", err)
			}
			return
		}
		if utf8.RuneCountInString(got.Bio) > BioMax || strings.Count(got.Bio, "\n") >= BioLinesMax || len(got.Links) > LinksMax || len(got.Languages) > LanguagesMax {
			t.Fatalf("%+v", got)
		}
		again, err := ParseWritten(got)
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Fatalf("%+v became %+v, %v", got, again, err)
		}
	})
}
