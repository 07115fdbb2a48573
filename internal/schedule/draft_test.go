package schedule

import (
	"encoding/json"
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

func good() Draft {
	return Draft{Words: Words{Title: "Tea"}, Starts: start, Minutes: 60, Visibility: Open}
}

func TestParse(t *testing.T) {
	now := start.Add(-time.Hour)
	ada := id.Person{1}
	for name, c := range map[string]struct {
		change func(*Draft)
		faults people.Faults
	}{
		"good":                {func(*Draft) {}, nil},
		"of a year ahead":     {func(d *Draft) { d.Starts = now.Add(AheadMax) }, nil},
		"too far ahead":       {func(d *Draft) { d.Starts = now.Add(AheadMax + time.Minute) }, people.Faults{{Field: "starts", Why: NotAhead}}},
		"over":                {func(d *Draft) { d.Starts = now }, people.Faults{{Field: "starts", Why: NotAhead}}},
		"not at all":          {func(d *Draft) { d.Starts = time.Time{} }, people.Faults{{Field: "starts", Why: NotAhead}}},
		"with seconds":        {func(d *Draft) { d.Starts = start.Add(time.Second) }, people.Faults{{Field: "starts", Why: NotWhole}}},
		"short":               {func(d *Draft) { d.Minutes = MinutesMin - 1 }, people.Faults{{Field: "minutes", Why: NotMinutes}}},
		"long":                {func(d *Draft) { d.Minutes = MinutesMax + 1 }, people.Faults{{Field: "minutes", Why: NotMinutes}}},
		"without a title":     {func(d *Draft) { d.Title = " " }, people.Faults{{Field: "title", Why: NotATitle}}},
		"with a long one":     {func(d *Draft) { d.Title = strings.Repeat("ß", TitleMax+1) }, people.Faults{{Field: "title", Why: people.TooLong}}},
		"on two lines":        {func(d *Draft) { d.Title = "a\nb" }, people.Faults{{Field: "title", Why: people.NotOneLine}}},
		"with many lines":     {func(d *Draft) { d.About = "a" + strings.Repeat("\nb", AboutLines) }, people.Faults{{Field: "about", Why: AboutLong}}},
		"with a host twice":   {func(d *Draft) { d.Cohosts = []id.Person{ada, {2}, ada} }, people.Faults{{Field: "cohosts[2]", Why: people.Twice}}},
		"with many hosts":     {func(d *Draft) { d.Cohosts = []id.Person{{1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}} }, people.Faults{{Field: "cohosts", Why: people.TooMany}}},
		"for nobody":          {func(d *Draft) { d.Visibility = "secret" }, people.Faults{{Field: "visibility", Why: NotAChoice}}},
		"for members of none": {func(d *Draft) { d.Visibility = Members }, people.Faults{{Field: "visibility", Why: NeedsClub}}},
		"for members":         {func(d *Draft) { d.Visibility, d.Club = Members, id.Club{1} }, nil},
		"in no language":      {func(d *Draft) { d.Language = "x_" }, people.Faults{{Field: "language", Why: people.NotALanguage}}},
		"with many guests":    {func(d *Draft) { d.Invite = make([]id.Person, InvitedMax+1) }, people.Faults{{Field: "invite", Why: people.TooMany}}},
		"all of it bad": {func(d *Draft) { *d = Draft{} }, people.Faults{
			{Field: "title", Why: NotATitle}, {Field: "starts", Why: NotAhead}, {Field: "minutes", Why: NotMinutes}, {Field: "visibility", Why: NotAChoice},
		}},
	} {
		d := good()
		c.change(&d)
		_, err := Parse(d, now)
		var faults people.Faults
		if errors.As(err, &faults); !slices.Equal(faults, c.faults) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"title":" Tea\r","about":"a\r\nb","language":"DE-at","visibility":"open","minutes":60,"starts":"2026-03-27T20:00:00+02:00"}`))
	f.Add([]byte(`{"title":"\u1100\u1161","about":"\n\n\u200d","starts":"2026-03-27T18:00:30Z","visibility":"members"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var in struct {
			Title, About, Language, Visibility string
			Minutes                            int
			Starts                             time.Time
		}
		if json.Unmarshal(text, &in) != nil {
			return
		}
		now := start.Add(-time.Hour)
		d := Draft{
			Words: Words{Title: in.Title, About: in.About}, Starts: in.Starts, Minutes: in.Minutes,
			Visibility: Visibility(in.Visibility), Language: in.Language,
		}
		got, err := Parse(d, now)
		var faults people.Faults
		if err != nil {
			if !errors.As(err, &faults) || len(faults) == 0 || len(faults) > 6 {
				t.Fatalf("%v", err)
			}
			return
		}
		if n := utf8.RuneCountInString(got.Title); n == 0 || n > TitleMax || utf8.RuneCountInString(got.About) > AboutMax || strings.Count(got.About, "\n") >= AboutLines {
			t.Fatalf("%+v", got)
		}
		again, err := Parse(got, now)
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Fatalf("%+v became %+v, %v", got, again, err)
		}
	})
}
