package clubs

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
)

// A Standing is how somebody stands to a club. From Member on a higher one may do
// all that a lower one may.
type Standing uint8

// The standings, as they are stored.
const (
	None      Standing = iota
	Barred             // kept out
	Nominated          // by a member, for an admin to invite
	Asked              // to be let in
	Invited            // to say yes
	Member
	Admin
	Founder // one of each club
)

var standingWords = []string{"none", "barred", "nominated", "asked", "invited", "member", "admin", "founder"}

// String returns the word for s.
func (s Standing) String() string {
	if int(s) < len(standingWords) {
		return standingWords[s]
	}
	return "unknown"
}

// MarshalText returns the word for s.
func (s Standing) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText sets s from its word.
func (s *Standing) UnmarshalText(text []byte) error {
	i := slices.Index(standingWords, string(text))
	if i < 0 {
		return fmt.Errorf("%q is none of %q", text, standingWords)
	}
	*s = Standing(i)
	return nil
}

// Joining is how one becomes a member.
type Joining string

// The ways to become a member.
const (
	Open       Joining = "open"       // by saying yes to the rules
	Approval   Joining = "approval"   // by asking, and a yes
	Nomination Joining = "nomination" // by being invited
)

// Opening is who may open rooms of a club.
type Opening string

// Who may.
const (
	ByMembers Opening = "members"
	ByAdmins  Opening = "admins"
)

// Words is what a club says of itself.
type Words struct {
	Name     string
	About    string
	Rules    []string
	Joining  Joining
	Rooms    Opening
	Listed   bool   // everybody in the house may know of it
	Language string // BCP 47, or none
}

// ParseWords returns w as it is kept, or people.Faults: all that is wrong with it.
// Rules with nothing in them are left out.
func ParseWords(w Words) (Words, error) {
	var faults people.Faults
	bad := func(field string, why people.Reason) { faults = append(faults, people.Fault{Field: field, Why: why}) }
	out := Words{Joining: w.Joining, Rooms: w.Rooms, Listed: w.Listed, Rules: []string{}}
	var err error
	if out.Name, err = people.ParseName(w.Name); err != nil {
		bad("name", people.NotAName)
	}
	var why people.Reason
	if out.About, why = people.ParseText(w.About, AboutMax, AboutLinesMax); why != "" {
		bad("about", why)
	}
	if len(w.Rules) > RulesMax {
		bad("rules", people.TooMany)
	}
	for i, text := range w.Rules[:min(len(w.Rules), RulesMax)] {
		rule, why := people.ParseText(text, RuleMax, 1)
		if why != "" {
			bad(fmt.Sprintf("rules[%d]", i), why)
		}
		if rule != "" {
			out.Rules = append(out.Rules, rule)
		}
	}
	if w.Joining != Open && w.Joining != Approval && w.Joining != Nomination {
		bad("joining", people.NoChoice)
	}
	if w.Rooms != ByMembers && w.Rooms != ByAdmins {
		bad("rooms", people.NoChoice)
	}
	if w.Language != "" {
		if out.Language, why = people.ParseLanguage(w.Language); why != "" {
			bad("language", why)
		}
	}
	if len(faults) > 0 {
		return Words{}, faults
	}
	return out, nil
}

// ErrMark means that a text is no mark.
var ErrMark = errors.New("not the mark of an answer")

// A Mark is where a list of people goes on. The zero Mark is its beginning.
type Mark struct {
	Since  time.Time
	Person id.Person
}

// A SizeMark is where a list of clubs goes on.
type SizeMark struct {
	Members int
	Club    id.Club
}

var marks = base64.RawURLEncoding.Strict()

// String returns the text of m.
func (m Mark) String() string {
	return markText(m.Since.UnixMilli(), m.Person[:])
}

// String returns the text of m.
func (m SizeMark) String() string { return markText(int64(m.Members), m.Club[:]) }

func markText(number int64, name []byte) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(number)) //nolint:gosec // its bits
	return marks.EncodeToString(append(b, name...))
}

// parseMark returns the mark that text is; nothing is the beginning.
func parseMark(text string) (m Mark, err error) {
	if text == "" {
		return m, nil
	}
	number, err := unmark(text, m.Person[:])
	m.Since = time.UnixMilli(number).UTC()
	return m, err
}

func parseSizeMark(text string) (m SizeMark, err error) {
	if text == "" {
		return SizeMark{Members: MembersMax + 1}, nil
	}
	number, err := unmark(text, m.Club[:])
	m.Members = int(number)
	return m, err
}

func unmark(text string, name []byte) (int64, error) {
	const size = 8 + id.Size
	if len(text) != marks.EncodedLen(size) || strings.ContainsAny(text, "\r\n") {
		return 0, ErrMark
	}
	b, err := marks.DecodeString(text)
	if err != nil || len(b) != size {
		return 0, ErrMark
	}
	copy(name, b[8:])
	return int64(binary.BigEndian.Uint64(b)), nil //nolint:gosec // its bits
}

func byName(a, b Club) int {
	if n := strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)); n != 0 {
		return n
	}
	return slices.Compare(a.ID[:], b.ID[:])
}
