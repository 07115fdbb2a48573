package people

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

func TestParseAddress(t *testing.T) {
	for text, want := range map[string]string{
		"ada@example.org":                        "ada@example.org",
		"  Ada.L+x@EXAMPLE.org\t":                "Ada.L+x@example.org",
		"ada@bücher.example":                     "ada@xn--bcher-kva.example",
		"ada@BÜCHER.example":                     "ada@xn--bcher-kva.example",
		"o'neil@example.org":                     "o'neil@example.org",
		strings.Repeat("a", 64) + "@x.org":       strings.Repeat("a", 64) + "@x.org",
		strings.Repeat("a", 65) + "@x.org":       "",
		"":                                       "",
		"ada":                                    "",
		"@example.org":                           "",
		"ada@":                                   "",
		"ada@localhost":                          "",
		"ada@example.org.":                       "",
		"ada@[127.0.0.1]":                        "",
		"Ada <ada@example.org>":                  "",
		"<ada@example.org>":                      "",
		`"a b"@example.org`:                      "",
		"ada@example.org,bo@example.org":         "",
		"ada(x)@example.org":                     "",
		"a da@example.org":                       "",
		"ada@example.org\r\nBcc: b@x.org":        "",
		"ada\r\n@example.org":                    "",
		"ädä@example.org":                        "",
		"ada@exa\u200bmple.org":                  "ada@example.org", // nobody sees it, and UTS 46 drops it
		"a@b@example.org":                        "",
		"a..b@example.org":                       "",
		"a@" + strings.Repeat("x.", 130) + "org": "",
	} {
		got, err := ParseAddress(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
		var faults Faults
		if err != nil && (!errors.As(err, &faults) || faults[0] != (Fault{"address", NotAnAddress})) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	f.Add("ada@example.org")
	f.Add("Ada.L+x@BÜCHER.example")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseAddress(text)
		if err != nil {
			return
		}
		if len(got) > AddressMax || strings.ContainsAny(got, "\r\n<>,; \"") {
			t.Fatalf("%q became %q", text, got)
		}
		for _, r := range got {
			if r <= ' ' || r > '~' {
				t.Fatalf("%q became %q", text, got)
			}
		}
		if again, err := ParseAddress(got); err != nil || again != got {
			t.Fatalf("%q became %q became %q, %v", text, got, again, err)
		}
	})
}

// proves is a house in which only addresses are proven, and its clock.
func proves() (*People, *time.Time) {
	now := time.Date(2026, time.November, 29, 12, 0, 0, 0, time.UTC)
	return &People{config: Config{Clock: func() time.Time { return now }}}, &now
}

func TestMailCodes(t *testing.T) {
	p, now := proves()
	who := id.New[id.Person]()
	if _, err := p.judgeCode(who, "12345678"); !errors.Is(err, ErrNoCode) {
		t.Errorf("without one: %v", err)
	}
	at := ""
	ask := func() string {
		t.Helper()
		at += "a"
		address, code, expires, err := p.ProveAddress(who, at+"@example.org", false)
		if err != nil || address != at+"@example.org" || len(code) != 8 || !expires.Equal(now.Add(CodeLife)) {
			t.Fatalf("%q, %q, %v, %v", address, code, expires, err)
		}
		return code
	}
	code := ask()
	wrong := "0000000" + string('0'+(code[7]-'0'+1)%10)
	if _, err := p.judgeCode(who, wrong); !errors.Is(err, ErrWrongCode) {
		t.Errorf("a wrong one: %v", err)
	}
	if _, err := p.judgeCode(id.New[id.Person](), code); !errors.Is(err, ErrNoCode) {
		t.Errorf("somebody else's: %v", err)
	}
	if one, err := p.judgeCode(who, " "+code[:4]+" "+code[4:]); err != nil || one.address != at+"@example.org" {
		t.Errorf("the right one: %+v, %v", one, err)
	}
	// The fifth wrong one voids it, the right one as well then.
	code = ask()
	for i := range CodeTries {
		want := ErrWrongCode
		if i == CodeTries-1 {
			want = ErrNoCode
		}
		if _, err := p.judgeCode(who, "x"); !errors.Is(err, want) {
			t.Errorf("wrong for the %d. time: %v", i+1, err)
		}
	}
	if _, err := p.judgeCode(who, code); !errors.Is(err, ErrNoCode) {
		t.Errorf("after five wrong ones: %v", err)
	}
	// So does time, and another one.
	first := ask()
	*now = now.Add(CodeLife)
	if _, err := p.judgeCode(who, first); !errors.Is(err, ErrNoCode) {
		t.Errorf("late: %v", err)
	}
	if address, _ := p.Proving(who); address != "" {
		t.Errorf("still proves %s", address)
	}
	*now = now.Add(time.Hour)
	first = ask()
	second := ask()
	if _, err := p.judgeCode(who, first); !errors.Is(err, ErrWrongCode) && first != second {
		t.Errorf("one of before: %v", err)
	}
	if address, until := p.Proving(who); address != at+"@example.org" || !until.Equal(now.Add(CodeLife)) {
		t.Errorf("proves %s until %v", address, until)
	}
}

// Of one person three codes an hour, ten a day; to one address three a day, which
// nobody is told.
func TestMailCodesAreBounded(t *testing.T) {
	p, now := proves()
	who := id.New[id.Person]()
	sent := 0
	for i := range 30 {
		_, code, _, err := p.ProveAddress(who, strings.Repeat("a", i+1)+"@example.org", false)
		var wait ErrCodes
		switch {
		case err == nil && code != "":
			sent++
		case !errors.As(err, &wait) || wait.After <= 0:
			t.Fatal(err)
		default:
			*now = now.Add(wait.After)
		}
		if _, _, _, err := p.ProveAddress(who, "no address", false); err == nil {
			t.Fatal("no address is one")
		}
	}
	if since := now.Sub(time.Date(2026, time.November, 29, 12, 0, 0, 0, time.UTC)); sent > 3+10*int(since/(24*time.Hour)+1) {
		t.Errorf("%d codes in %v", sent, since)
	}

	p, now = proves()
	sent = 0
	for range 10 {
		_, code, until, err := p.ProveAddress(id.New[id.Person](), "bo@example.org", false)
		if err != nil || !until.Equal(now.Add(CodeLife)) {
			t.Fatalf("%v, %v", until, err)
		}
		if code != "" {
			sent++
		}
	}
	if sent != CodesEach {
		t.Errorf("%d to one address", sent)
	}
	*now = now.Add(24 * time.Hour)
	if _, code, _, err := p.ProveAddress(who, "bo@example.org", false); err != nil || code == "" {
		t.Errorf("the day after: %q, %v", code, err)
	}
	// What is remembered is forgotten.
	*now = now.Add(48 * time.Hour)
	if _, _, _, err := p.ProveAddress(who, "cy@example.org", false); err != nil || len(p.proving.sent) != 1 || len(p.proving.asked) != 1 || len(p.proving.pending) != 1 {
		t.Errorf("%v, %+v", err, p.proving.sent)
	}
}
