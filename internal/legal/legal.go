// Package legal serves what the law wants a house to say about itself: who runs
// it, on what terms, what becomes of people's data, and where holes in it are
// reported (security.txt, RFC 9116). German and English; an operator may put
// texts of their own in place of each.
//
// The texts say what this software does, and no more. They are a start, not
// advice: whoever runs a house answers for them.
package legal

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"
)

// An Operator is who runs a house.
type Operator struct {
	Name        string   // with the legal form
	Address     []string // lines
	Email       string
	Phone       string // may be empty, as may be all that follows
	Represented string // by whom
	Register    string // court and number
	VAT         string // number
	Officer     string // for data protection, and how to reach them
	Authority   string // that supervises data protection
	Security    string // where holes are reported: an address of mail or https; empty: Email
}

// Known reports whether there is what an imprint needs.
func (o Operator) Known() bool { return o.Name != "" && len(o.Address) > 0 && o.Email != "" }

// A Config is what Handler needs.
type Config struct {
	House    string // its name
	URL      string // where it is, without a slash at the end
	Operator Operator
	// Own is a directory with texts in place of these: files named as
	// privacy.de.html, each the inside of a page. Empty: none.
	Own   string
	Clock func() time.Time
}

// Pages are what there is, as they are named in addresses.
var Pages = []string{"imprint", "terms", "privacy"}

//go:embed pages
var embedded embed.FS

// expires is for how long security.txt is good, once it was fetched; RFC 9116
// wants less than a year.
const expires = 180 * 24 * time.Hour

// The languages that there are, the one for all others first.
var (
	languages = []language.Tag{language.English, language.German}
	matcher   = language.NewMatcher(languages)
)

// words are those around the texts.
type words struct {
	Titles map[string]string
	Other  string // the name of the other language
	Back   string
	Own    string
	Empty  template.HTML
}

var around = map[string]words{
	"en": {
		Titles: map[string]string{"imprint": "Legal notice", "terms": "Terms", "privacy": "Privacy"},
		Other:  "Deutsch", Back: "To the house",
		Empty: "Whoever runs this house has not said yet who they are (<code>legal</code> in <code>stoa.toml</code>). As long as it is a house for oneself, nothing is missing.",
	},
	"de": {
		Titles: map[string]string{"imprint": "Impressum", "terms": "Bedingungen", "privacy": "Datenschutz"},
		Other:  "English", Back: "Zum Haus",
		Empty: "Wer dieses Haus betreibt, hat noch nicht gesagt, wer das ist (<code>legal</code> in <code>stoa.toml</code>). Solange es nur ein Haus für einen selbst ist, fehlt nichts.",
	},
}

// A page is what the frame is filled with.
type page struct {
	Config
	words

	Name, Lang, OtherLang, Title string
	Names                        []string
	Text                         template.HTML
}

// Handler serves the pages under /legal/ and /.well-known/security.txt. An error
// means that a text of the operator's own cannot be read or is no template.
func Handler(c Config) (http.Handler, error) {
	frame, err := template.ParseFS(embedded, "pages/frame.html")
	if err != nil {
		return nil, err
	}
	made := make(map[string][]byte) // by name and language
	for _, name := range Pages {
		for lang, w := range around {
			b, err := render(c, frame, name, lang, w)
			if err != nil {
				return nil, err
			}
			made[name+"."+lang] = b
		}
	}
	style, err := embedded.ReadFile("pages/style.css")
	if err != nil {
		return nil, err
	}
	m := http.NewServeMux()
	m.HandleFunc("GET /legal/style.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "max-age=3600")
		_, _ = w.Write(style) // the client may be gone
	})
	m.HandleFunc("GET /legal/{name}", func(w http.ResponseWriter, r *http.Request) {
		b := made[r.PathValue("name")+"."+langOf(r)]
		if b == nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("Vary", "Accept-Language")
		_, _ = w.Write(b)
	})
	m.HandleFunc("GET /.well-known/security.txt", func(w http.ResponseWriter, r *http.Request) {
		text := c.security()
		if text == "" {
			http.NotFound(w, r) // there is nobody to write to
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(text))
	})
	return m, nil
}

// langOf returns the language that is asked for, or else the one that a browser
// would rather have.
func langOf(r *http.Request) string {
	if asked := r.URL.Query().Get("lang"); around[asked].Titles != nil {
		return asked
	}
	_, i := language.MatchStrings(matcher, r.Header.Get("Accept-Language"))
	return languages[i].String()
}

// render makes a page.
func render(c Config, frame *template.Template, name, lang string, w words) ([]byte, error) {
	p := page{Config: c, words: w, Name: name, Names: Pages, Lang: lang, Title: w.Titles[name]}
	for other := range around {
		if other != lang {
			p.OtherLang = other
		}
	}
	text, err := source(c.Own, name+"."+lang+".html")
	if err != nil {
		return nil, err
	}
	inside, err := template.New(name).Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("legal: %s.%s.html: %w", name, lang, err)
	}
	var b bytes.Buffer
	if err := inside.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("legal: %s.%s.html: %w", name, lang, err)
	}
	p.Text = template.HTML(b.String()) //nolint:gosec // a template has just made it
	var out bytes.Buffer
	if err := frame.Execute(&out, p); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// source returns the operator's own text, or else ours.
func source(own, file string) ([]byte, error) {
	if own != "" {
		b, err := os.ReadFile(filepath.Join(own, file)) //nolint:gosec // the operator's directory, and names of ours
		if !errors.Is(err, fs.ErrNotExist) {
			return b, err
		}
	}
	return embedded.ReadFile("pages/" + file)
}

// security is security.txt (RFC 9116, section 2.5), empty where there is nobody.
func (c Config) security() string {
	contact := c.Operator.Security
	if contact == "" {
		contact = c.Operator.Email
	}
	if contact == "" {
		return ""
	}
	if !strings.HasPrefix(contact, "https://") {
		contact = "mailto:" + contact
	}
	until := c.Clock().UTC().Add(expires).Truncate(24 * time.Hour)
	lines := []string{
		"Contact: " + contact,
		"Expires: " + until.Format(time.RFC3339),
		"Preferred-Languages: de, en",
	}
	if strings.HasPrefix(c.URL, "https://") {
		lines = slices.Insert(lines, 2, "Canonical: "+c.URL+"/.well-known/security.txt")
	}
	return strings.Join(lines, "\n") + "\n"
}
