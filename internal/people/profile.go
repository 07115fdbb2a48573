package people

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/topic"
)

// Limits of a profile.
const (
	HandleMin    = 3 // letters
	HandleMax    = 24
	PronounsMax  = 30  // characters
	BioMax       = 300 // characters
	BioLinesMax  = 8
	LinksMax     = 4
	LinkMax      = 200 // bytes
	LinkTextMax  = 40  // characters
	LanguagesMax = 6
)

var (
	// ErrHandleTaken means that somebody else has the handle.
	ErrHandleTaken = errors.New("somebody else has this handle")
	// ErrChanged means that a profile has been changed meanwhile.
	ErrChanged = errors.New("it has been changed meanwhile")
	// ErrNoPicture means that somebody has no picture.
	ErrNoPicture = errors.New("no picture")
)

type (
	// A Link leads from a profile to a page.
	Link struct {
		URL  string `json:"url"`
		Text string `json:"text,omitempty"`
	}
	// Written is what a person wrote about themselves. It is stored sealed, in its
	// JSON form.
	Written struct {
		Name        string   `json:"name"`
		Handle      string   `json:"handle,omitempty"`
		Pronouns    string   `json:"pronouns,omitempty"`
		Bio         string   `json:"bio,omitempty"`
		Links       []Link   `json:"links,omitempty"`
		Languages   []string `json:"languages,omitempty"` // BCP 47
		Interests   []string `json:"interests,omitempty"` // of package topic; nobody else is shown them
		ShowInviter bool     `json:"show_inviter,omitempty"`
		Findable    bool     `json:"findable,omitempty"` // by name, by everybody
		Picture     string   `json:"picture,omitempty"`  // its version, or none
	}
	// An OwnProfile is a profile as its owner sees it.
	OwnProfile struct {
		Written

		Version int64
		Inviter Person // nobody, if there is none any more
	}
	// A FullProfile is a person as another one sees them who looks at them alone.
	FullProfile struct {
		Profile
		Written

		Following, Followers int
		MoreFollowers        bool   // than Followers, which is CountMax then
		Inviter              Person // nobody, unless they show it
	}
)

// A Reason is why a value is not allowed.
type Reason string

// The reasons there are.
const (
	NotAName     Reason = "name"
	NotAHandle   Reason = "handle"
	Reserved     Reason = "reserved"
	NotOneLine   Reason = "line"
	TooLong      Reason = "long"
	TooManyLines Reason = "lines"
	Unseen       Reason = "unseen" // a character that nobody sees
	TooMany      Reason = "many"
	NotALink     Reason = "link"
	NotALanguage Reason = "language"
	Twice        Reason = "twice"
	NotATopic    Reason = "topic"
	NoChoice     Reason = "choice"
)

// A Fault is a value that is not allowed.
type Fault struct {
	Field string // such as links[2].url
	Why   Reason
}

// Faults is everything that is wrong with what somebody wrote.
type Faults []Fault

// Error returns which fields are wrong, and nothing of what is in them.
func (f Faults) Error() string {
	texts := make([]string, len(f))
	for i, one := range f {
		texts[i] = one.Field + ": " + string(one.Why)
	}
	return "not allowed: " + strings.Join(texts, ", ")
}

// reserved are handles that would be taken for the house's, or for a place in it.
var reserved = strings.Fields("about account admin administrator all api app everybody everyone handle help here house imprint info legal me mod moderation moderator nobody null official operator owner people privacy profile root room rooms security settings somebody staff stoa support system team terms undefined you")

// ParseWritten returns w as it is kept, or Faults: all that is wrong with it. Its
// picture is not its writer's to say.
func ParseWritten(w Written) (Written, error) {
	var faults Faults
	bad := func(field string, why Reason) { faults = append(faults, Fault{field, why}) }
	out := Written{ShowInviter: w.ShowInviter, Findable: w.Findable}
	var err error
	if out.Name, err = ParseName(w.Name); err != nil {
		bad("name", NotAName)
	}
	var why Reason
	if out.Handle, why = parseHandle(w.Handle); why != "" {
		bad("handle", why)
	}
	if out.Pronouns, why = ParseText(w.Pronouns, PronounsMax, 1); why != "" {
		bad("pronouns", why)
	}
	if out.Bio, why = ParseText(w.Bio, BioMax, BioLinesMax); why != "" {
		bad("bio", why)
	}
	if len(w.Links) > LinksMax {
		bad("links", TooMany)
	}
	for i, l := range w.Links[:min(len(w.Links), LinksMax)] {
		at := fmt.Sprintf("links[%d].", i)
		if !isLink(l.URL) {
			bad(at+"url", NotALink)
		}
		text, why := ParseText(l.Text, LinkTextMax, 1)
		if why != "" {
			bad(at+"text", why)
		}
		out.Links = append(out.Links, Link{l.URL, text})
	}
	if len(w.Languages) > LanguagesMax {
		bad("languages", TooMany)
	}
	for i, text := range w.Languages[:min(len(w.Languages), LanguagesMax)] {
		tag, why := ParseLanguage(text)
		if why == "" && slices.Contains(out.Languages, tag) {
			why = Twice
		}
		if why != "" {
			bad(fmt.Sprintf("languages[%d]", i), why)
		}
		out.Languages = append(out.Languages, tag)
	}
	out.Interests = w.Interests
	faults = append(faults, CheckTopics("interests", w.Interests, topic.OfPerson)...)
	if len(faults) > 0 {
		return Written{}, faults
	}
	return out, nil
}

// parseHandle returns text as a handle: in small letters, without the @ before it.
func parseHandle(text string) (string, Reason) {
	if text == "" {
		return "", ""
	}
	if len(text) > HandleMax+1 {
		return "", NotAHandle
	}
	handle := fold(text)
	if len(handle) < HandleMin || len(handle) > HandleMax || handle[0] < 'a' || handle[0] > 'z' {
		return "", NotAHandle
	}
	for _, c := range []byte(handle) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return "", NotAHandle
		}
	}
	if slices.Contains(reserved, handle) {
		return "", Reserved
	}
	return handle, ""
}

// fold returns what handles are compared by. Letters other than A to Z are left.
func fold(text string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'A' && c <= 'Z' {
			return c - 'A' + 'a'
		}
		return c
	}, strings.TrimPrefix(text, "@"))
}

// ParseText returns text in NFC without space around it: at most so many
// characters, on at most so many lines, all of which are seen.
func ParseText(text string, most, lines int) (string, Reason) {
	if len(text) > 16*most {
		return "", TooLong
	}
	if !utf8.ValidString(text) {
		return "", Unseen
	}
	text = norm.NFC.String(strings.ReplaceAll(text, "\r\n", "\n"))
	text = strings.TrimSpace(text)
	if utf8.RuneCountInString(text) > most {
		return "", TooLong
	}
	if n := strings.Count(text, "\n") + 1; n > lines {
		if lines == 1 {
			return "", NotOneLine
		}
		return "", TooManyLines
	}
	for _, c := range text {
		if c != '\n' && c != '\u200c' && c != '\u200d' && !unicode.IsGraphic(c) {
			return "", Unseen
		}
	}
	return text, ""
}

// isLink reports whether s is a link that says where it leads: https, with a host
// in the letters that hosts have, and without a user that could be taken for one.
func isLink(s string) bool {
	if len(s) > LinkMax {
		return false
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || c == '\\' {
			return false
		}
	}
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Hostname() != "" && u.User == nil && u.Opaque == ""
}

// ParseLanguage returns a language tag in its canonical form.
func ParseLanguage(text string) (string, Reason) {
	if text == "" || len(text) > 35 {
		return "", NotALanguage
	}
	tag, err := language.Parse(text)
	if err != nil || tag == language.Und || tag.String() == "und" {
		return "", NotALanguage
	}
	return tag.String(), ""
}

// CheckTopics returns all that is wrong with a field that has at most so many topics.
func CheckTopics(field string, some []string, most int) (faults Faults) {
	if len(some) > most {
		faults = append(faults, Fault{field, TooMany})
	}
	for i, one := range some[:min(len(some), most)] {
		switch {
		case !topic.Is(one):
			faults = append(faults, Fault{fmt.Sprintf("%s[%d]", field, i), NotATopic})
		case slices.Contains(some[:i], one):
			faults = append(faults, Fault{fmt.Sprintf("%s[%d]", field, i), Twice})
		}
	}
	return faults
}

// Tastes are in which languages somebody speaks and what they are interested in, as
// they have said.
type Tastes struct{ Languages, Interests []string }

// Tastes returns those of who, for what the house shows to them.
func (p *People) Tastes(ctx context.Context, who id.Person) (Tastes, error) {
	seen, err := p.store.Profile(ctx, who, who)
	if err != nil {
		return Tastes{}, err
	}
	w, err := p.written(ctx, &seen.Person)
	return Tastes{w.Languages, w.Interests}, err
}

// OwnProfile returns the profile of who for themselves.
func (p *People) OwnProfile(ctx context.Context, who id.Person) (OwnProfile, error) {
	a, err := p.store.Account(ctx, who)
	if err != nil {
		return OwnProfile{}, err
	}
	w, err := p.written(ctx, &a.Person)
	if err != nil {
		return OwnProfile{}, err
	}
	inviter, err := p.inviter(ctx, who)
	return OwnProfile{w, a.Version, inviter}, err
}

// inviter returns who invited who, or nobody.
func (p *People) inviter(ctx context.Context, who id.Person) (Person, error) {
	by, err := p.store.Inviter(ctx, who)
	if errors.Is(err, ErrNoPerson) {
		return Person{}, nil
	}
	if err != nil {
		return Person{}, err
	}
	return by, p.read(ctx, &by)
}

// SetProfile changes the profile of who, if it is still of a version: else the
// error is ErrChanged. Its picture stays.
func (p *People) SetProfile(ctx context.Context, who id.Person, version int64, w Written) (OwnProfile, error) {
	w, err := ParseWritten(w)
	if err != nil {
		return OwnProfile{}, err
	}
	a, err := p.store.Account(ctx, who)
	if err != nil {
		return OwnProfile{}, err
	}
	if a.Version != version {
		return OwnProfile{}, ErrChanged
	}
	before, err := p.written(ctx, &a.Person)
	if err != nil {
		return OwnProfile{}, err
	}
	w.Picture = before.Picture
	if err := p.write(ctx, who, version, w, nil); err != nil {
		return OwnProfile{}, err
	}
	return p.OwnProfile(ctx, who)
}

// write seals w and writes it after a version, with a picture if there is another.
func (p *People) write(ctx context.Context, who id.Person, version int64, w Written, picture *SealedPicture) error {
	plain, err := json.Marshal(w)
	if err != nil {
		return fmt.Errorf("write a profile: %w", err)
	}
	sealed, err := p.seal(ctx, who, classProfile, plain)
	if err != nil {
		return err
	}
	err = p.store.SetProfile(ctx, SealedProfile{
		Person: who, Sealed: sealed, Handle: p.handleHash(w.Handle), Version: version, Changed: p.now(), Picture: picture,
	})
	if err == nil {
		p.index(ctx, who, version+1, w)
	}
	return err
}

// changesMax is how often a change of one thing is tried, beside others.
const changesMax = 8

// change changes one thing of a profile, whatever else is changed meanwhile.
func (p *People) change(ctx context.Context, who id.Person, picture *SealedPicture, do func(*Written)) error {
	for try := 1; ; try++ {
		a, err := p.store.Account(ctx, who)
		if err != nil {
			return err
		}
		w, err := p.written(ctx, &a.Person)
		if err != nil {
			return err
		}
		do(&w)
		if err = p.write(ctx, who, a.Version, w, picture); !errors.Is(err, ErrChanged) || try == changesMax {
			return err
		}
	}
}

// SetPicture gives who a picture in two sizes, and returns its version.
func (p *People) SetPicture(ctx context.Context, who id.Person, large, small []byte) (string, error) {
	sum := sha256.Sum256(large)
	version := hex.EncodeToString(sum[:8])
	l, err := p.seal(ctx, who, classLarge, large)
	if err != nil {
		return "", err
	}
	s, err := p.seal(ctx, who, classSmall, small)
	if err != nil {
		return "", err
	}
	err = p.change(ctx, who, &SealedPicture{Large: l, Small: s}, func(w *Written) { w.Picture = version })
	return version, err
}

// DropPicture takes the picture of who away.
func (p *People) DropPicture(ctx context.Context, who id.Person) error {
	return p.change(ctx, who, &SealedPicture{}, func(w *Written) { w.Picture = "" })
}

// Strip takes away what who says and shows of themselves but for their name and
// handle.
func (p *People) Strip(ctx context.Context, who id.Person) error {
	return p.change(ctx, who, &SealedPicture{}, func(w *Written) {
		w.Picture, w.Pronouns, w.Bio, w.Links = "", "", "", nil
	})
}

// Picture returns the picture of who and its version, or ErrNoPicture.
func (p *People) Picture(ctx context.Context, who id.Person, small bool) (picture []byte, version string, err error) {
	sealed, err := p.store.Picture(ctx, who, small)
	if err != nil {
		return nil, "", err
	}
	class := classLarge
	if small {
		class = classSmall
	}
	picture, err = p.unseal(ctx, who, class, sealed)
	if errors.Is(err, errSealed) || err != nil && p.config.Keys.IsNoKey(err) {
		return nil, "", ErrNoPicture
	}
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrStore, err)
	}
	seen, err := p.Profile(ctx, who, who)
	return picture, seen.Picture, err
}

// FullProfile returns all of who that viewer may see.
func (p *People) FullProfile(ctx context.Context, viewer, who id.Person) (FullProfile, error) {
	seen, err := p.store.Profile(ctx, viewer, who)
	if err != nil {
		return FullProfile{}, err
	}
	full := FullProfile{Profile: seen}
	if full.Written, err = p.written(ctx, &seen.Person); err != nil {
		return FullProfile{}, err
	}
	if err := p.read(ctx, &full.Person); err != nil {
		return FullProfile{}, err
	}
	if full.Following, full.Followers, err = p.store.CountFollows(ctx, viewer, who, CountMax+1); err != nil {
		return FullProfile{}, err
	}
	full.MoreFollowers = full.Followers > CountMax
	full.Followers = min(full.Followers, CountMax)
	if full.ShowInviter {
		full.Inviter, err = p.inviter(ctx, who)
	}
	return full, err
}

// ByHandle returns who has a handle, in whatever case, or ErrNoPerson.
func (p *People) ByHandle(ctx context.Context, handle string) (id.Person, error) {
	handle, why := parseHandle(handle)
	if why != "" || handle == "" {
		return id.Person{}, ErrNoPerson
	}
	return p.store.WhoHasHandle(ctx, *p.handleHash(handle))
}
