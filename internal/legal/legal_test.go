package legal

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var example = Operator{
	Name: "Beispiel <e. V.>", Address: []string{"Hauptstraße 1", "12345 Musterstadt"}, Email: "house@stoa.example",
	Register: "AG Musterstadt, VR 1", Authority: "the authority of Musterland",
}

func handler(t *testing.T, c Config) http.Handler {
	t.Helper()
	if c.House == "" {
		c.House = "The porch & more"
	}
	c.Clock = func() time.Time { return time.Date(2026, 11, 29, 13, 0, 0, 0, time.UTC) }
	h, err := Handler(c)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func get(h http.Handler, path, accept string) (int, string) {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Accept-Language", accept)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestPages(t *testing.T) {
	h := handler(t, Config{Operator: example})
	for _, name := range Pages {
		for lang, w := range around {
			code, body := get(h, "/legal/"+name+"?lang="+lang, "")
			for _, want := range []string{`<html lang="` + lang + `">`, "<h1>" + w.Titles[name] + "</h1>", "The porch &amp; more", `aria-current="page">` + w.Titles[name]} {
				if code != http.StatusOK || !strings.Contains(body, want) {
					t.Errorf("%s in %s: %d, no %q", name, lang, code, want)
				}
			}
			if strings.Contains(body, string(w.Empty)) || strings.Contains(body, "{{") || strings.Contains(body, "<e. V.>") {
				t.Errorf("%s in %s: %s", name, lang, body)
			}
		}
	}
	if _, body := get(h, "/legal/imprint", "de"); !strings.Contains(body, "Beispiel &lt;e. V.&gt;</strong><br>Hauptstraße 1<br>12345 Musterstadt") {
		t.Error("the imprint does not say who it is:", body)
	}
	if code, _ := get(h, "/legal/nothing", "de"); code != http.StatusNotFound {
		t.Error("a page that is none:", code)
	}
}

// Both languages have the same parts.
func TestLanguagesSayTheSame(t *testing.T) {
	for _, name := range Pages {
		counts := make(map[string][4]int)
		for lang := range around {
			b, err := embedded.ReadFile("pages/" + name + "." + lang + ".html")
			if err != nil {
				t.Fatal(err)
			}
			text := string(b)
			counts[lang] = [4]int{strings.Count(text, "<h2>"), strings.Count(text, "<tr>"), strings.Count(text, "<li>"), strings.Count(text, "{{")}
		}
		if counts["de"] != counts["en"] {
			t.Errorf("%s: %v", name, counts)
		}
	}
}

func TestLanguageOfTheBrowser(t *testing.T) {
	h := handler(t, Config{})
	for accept, want := range map[string]string{
		"": "en", "de": "de", "de-CH,fr;q=0.7": "de", "fr,de;q=0.8": "de", "fr": "en", "en-GB,de": "en", "nonsense;;": "en",
	} {
		if _, body := get(h, "/legal/terms", accept); !strings.Contains(body, `<html lang="`+want+`">`) {
			t.Errorf("%q is not given %s", accept, want)
		}
	}
}

func TestNobodyKnown(t *testing.T) {
	h := handler(t, Config{})
	if _, body := get(h, "/legal/imprint?lang=de", ""); !strings.Contains(body, string(around["de"].Empty)) {
		t.Error("nobody has said who they are, and the page does not say so")
	}
	if code, _ := get(h, "/.well-known/security.txt", ""); code != http.StatusNotFound {
		t.Error("there is a security.txt of nobody:", code)
	}
}

func TestSecurity(t *testing.T) {
	_, body := get(handler(t, Config{URL: "https://stoa.example", Operator: example}), "/.well-known/security.txt", "")
	want := "Contact: mailto:house@stoa.example\nExpires: 2027-05-28T00:00:00Z\nCanonical: https://stoa.example/.well-known/security.txt\nPreferred-Languages: de, en\n"
	if body != want {
		t.Errorf("%q, want %q", body, want)
	}
	o := example
	o.Security = "https://stoa.example/holes"
	if _, body := get(handler(t, Config{Operator: o}), "/.well-known/security.txt", ""); !strings.HasPrefix(body, "Contact: https://stoa.example/holes\nExpires:") {
		t.Errorf("%q", body)
	}
}

func TestOwnTexts(t *testing.T) {
	own := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(own, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("terms.de.html", "<p>Hier gilt: {{.House}}.</p>")
	h := handler(t, Config{Own: own})
	if _, body := get(h, "/legal/terms?lang=de", ""); !strings.Contains(body, "<p>Hier gilt: The porch &amp; more.</p>") {
		t.Error(body)
	}
	if _, body := get(h, "/legal/terms?lang=en", ""); !strings.Contains(body, "By coming in") {
		t.Error("the other language is gone")
	}
	write("terms.en.html", "{{.Nothing")
	if _, err := Handler(Config{Own: own, Clock: time.Now}); err == nil || !strings.Contains(err.Error(), "terms.en.html") {
		t.Errorf("a text that is no template: %v", err)
	}
}
