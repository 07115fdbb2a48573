package schedule

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stoa-audio/stoa/internal/id"
)

// A component is a part of an iCalendar object, as the reader of this test has it.
type component struct {
	name  string
	lines [][2]string // names with their parameters, and values
	parts []component
}

func (c component) values(name string) (out []string) {
	for _, l := range c.lines {
		if bare, _, _ := strings.Cut(l[0], ";"); bare == name {
			out = append(out, l[1])
		}
	}
	return out
}

// read reads an iCalendar object by RFC 5545, section 3.1, and knows nothing of
// the library by which it was written.
func read(text []byte) (component, error) {
	if !utf8.Valid(text) {
		return component{}, errors.New("not UTF-8")
	}
	lines := strings.Split(string(text), "\r\n")
	if lines[len(lines)-1] != "" {
		return component{}, errors.New("the last line is not ended")
	}
	var logical []string
	for i, line := range lines[:len(lines)-1] {
		switch {
		case strings.ContainsAny(line, "\r\n"):
			return component{}, fmt.Errorf("line %d: ended by other than CRLF", i)
		case len(line) > 75:
			return component{}, fmt.Errorf("line %d: %d octets", i, len(line))
		case !utf8.ValidString(line):
			return component{}, fmt.Errorf("line %d: folded within a character", i)
		case strings.HasPrefix(line, " "):
			if len(logical) == 0 {
				return component{}, errors.New("begins with a fold")
			}
			logical[len(logical)-1] += line[1:]
		case line == "":
			return component{}, fmt.Errorf("line %d: empty", i)
		default:
			logical = append(logical, line)
		}
	}
	open := []component{{}}
	for _, line := range logical {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return component{}, fmt.Errorf("%q has no value", line)
		}
		last := len(open) - 1
		switch name {
		case "BEGIN":
			open = append(open, component{name: value})
		case "END":
			if open[last].name != value {
				return component{}, fmt.Errorf("%s is ended in %s", value, open[last].name)
			}
			open[last-1].parts = append(open[last-1].parts, open[last])
			open = open[:last]
		default:
			open[last].lines = append(open[last].lines, [2]string{name, value})
		}
	}
	if len(open) != 1 || len(open[0].parts) != 1 || len(open[0].lines) != 0 {
		return component{}, errors.New("not one object")
	}
	return open[0].parts[0], nil
}

// unescape reads a text (section 3.3.11).
func unescape(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			switch s[i] {
			case 'n', 'N':
				b.WriteByte('\n')
			case '\\', ';', ',':
				b.WriteByte(s[i])
			default:
				return "", fmt.Errorf("\\%c", s[i])
			}
		case c == ';', c == ',', c == '\\', c < ' ':
			return "", fmt.Errorf("%q stands there as it is", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

func almanac() Almanac {
	return Almanac{House: "The House, am Fluß", URL: "https://stoa.example", Host: "stoa.example", Clubs: map[id.Club]string{{1}: "Readers; writers"}}
}

func TestCalendar(t *testing.T) {
	hard := `a, b; c: \n is no line "quoted" ` + strings.Repeat("🦉ß", 60)
	about := "one\ntwo, three; four\\five\n\n" + strings.Repeat("日本", 100)
	p := Plan{
		ID: id.Plan{1}, Words: Words{Title: hard, About: about}, Starts: start, Minutes: 90, Club: id.Club{1}, Recorded: true,
		State: Planned, Version: 3, Created: start.AddDate(0, -1, 0), Changed: start.AddDate(0, 0, -1), Mine: Mine{Going: true, Remind: 15},
	}
	cancelled := Plan{ID: id.Plan{2}, Words: Words{Title: "Tea"}, Starts: start, Minutes: 15, State: Cancelled, Version: 1, Changed: start.AddDate(0, 0, -2), Mine: Mine{Going: true, Remind: 15}}
	text, changed := almanac().Calendar([]Plan{p, cancelled})
	if again, _ := almanac().Calendar([]Plan{p, cancelled}); !bytes.Equal(text, again) {
		t.Error("the same plans give other bytes")
	}
	if !changed.Equal(p.Changed) {
		t.Errorf("changed at %v", changed)
	}
	cal, err := read(text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if cal.name != "VCALENDAR" || !slices.Equal(cal.values("VERSION"), []string{"2.0"}) || len(cal.values("PRODID")) != 1 || len(cal.parts) != 2 || len(cal.values("METHOD")) != 0 {
		t.Errorf("%+v", cal)
	}
	if name, err := unescape(cal.values("NAME")[0]); err != nil || name != "The House, am Fluß" {
		t.Errorf("its name is %q, %v", name, err)
	}
	event := cal.parts[0]
	where := "https://stoa.example/plan/" + p.ID.String()
	for name, want := range map[string]string{
		"UID": p.ID.String() + "@stoa.example", "DTSTAMP": "20260326T180000Z", "CREATED": "20260227T180000Z", "LAST-MODIFIED": "20260326T180000Z",
		"SEQUENCE": "2", "DTSTART": "20260327T180000Z", "DTEND": "20260327T193000Z", "STATUS": "CONFIRMED", "URL": where,
	} {
		if got := event.values(name); !slices.Equal(got, []string{want}) {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{"SUMMARY": hard, "DESCRIPTION": about + "\n\n" + recorded + "\n\n" + where} {
		got, err := unescape(event.values(name)[0])
		if err != nil || got != want {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
	var categories []string
	for _, v := range event.values("CATEGORIES") {
		one, err := unescape(v)
		if err != nil {
			t.Error(err)
		}
		categories = append(categories, one)
	}
	if !slices.Equal(categories, []string{"The House, am Fluß", "Readers; writers"}) {
		t.Errorf("categories %q", categories)
	}
	if len(event.parts) != 1 || event.parts[0].name != "VALARM" || event.parts[0].values("TRIGGER")[0] != "-PT15M" || event.parts[0].values("ACTION")[0] != "DISPLAY" || len(event.parts[0].values("DESCRIPTION")) != 1 {
		t.Errorf("alarms %+v", event.parts)
	}
	if other := cal.parts[1]; other.values("STATUS")[0] != "CANCELLED" || len(other.parts) != 0 {
		t.Errorf("%+v", other)
	}
	if empty, err := read(first(almanac().Calendar(nil))); err != nil || len(empty.parts) != 0 {
		t.Errorf("without plans: %+v, %v", empty, err)
	}
}

func first(text []byte, _ time.Time) []byte { return text }

// FuzzCalendar has whatever a host may write come out as it was.
func FuzzCalendar(f *testing.F) {
	f.Add("Tea", "one\ntwo")
	f.Add(`\n;,:"`, `\\n\;`)
	f.Add(strings.Repeat("🦉", 120), strings.Repeat("ab🦉\n", 14))
	f.Fuzz(func(t *testing.T, title, about string) {
		d, err := Parse(Draft{Words: Words{Title: title, About: about}, Starts: start, Minutes: 60, Visibility: Open}, start.Add(-time.Hour))
		if err != nil {
			return
		}
		p := d.plan(id.Plan{1}, id.Person{})
		p.State, p.Version, p.Changed = Planned, 1, start
		cal, err := read(first(almanac().Calendar([]Plan{p})))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := unescape(cal.parts[0].values("SUMMARY")[0]); err != nil || got != d.Title {
			t.Fatalf("%q became %q, %v", d.Title, got, err)
		}
		got, err := unescape(cal.parts[0].values("DESCRIPTION")[0])
		if got, _ = strings.CutSuffix(got, "https://stoa.example/plan/"+p.ID.String()); err != nil || strings.TrimSuffix(got, "\n\n") != d.About {
			t.Fatalf("%q became %q, %v", d.About, got, err)
		}
	})
}
