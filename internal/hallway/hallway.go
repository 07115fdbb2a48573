// Package hallway says which rooms somebody is shown, in which order, and why.
//
// A Table follows the events of rooms and has what a card needs of each, so that
// looking at the hallway reads no room. A Viewer is what somebody has said of
// themselves: whom they follow, their clubs, languages and interests. From the two
// follows the order, by a sum that anybody can work out (weights, below). What
// somebody has opened or listened to is in neither: it is not kept anywhere.
//
// Time and all facts come in as arguments. The package asks no store and knows no
// HTTP; names of clubs are looked up by who shows them. Not here: rooms to come
// (package schedule), and who is told that a room has changed.
package hallway

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/text"
	"github.com/stoa-audio/stoa/internal/topic"
)

// Bounds of the hallway.
const (
	ShownMax  = 200 // rooms in one answer
	PeopleMax = 5   // people named on a card
	WhyMax    = 3   // reasons given for a card
	NamesMax  = 3   // people named in a reason
)

type (
	// A Person is somebody on a stage.
	Person struct {
		Who       id.Person
		Name      string
		Picture   string // its version when they came in, or none
		Moderator bool
	}
	// A Room is what is shown of a room. Its slices are shared, and never changed.
	Room struct {
		ID         id.Room
		Title      string
		Visibility room.Visibility
		Club       id.Club // zero for none
		Language   string  // BCP 47, or none
		Topics     []string
		Opened     time.Time
		Stage      []Person // the longest-standing first
		Listeners  int
	}
	// A Card is a room as somebody sees it.
	Card struct {
		Room

		Why []Why // the strongest first
	}
	// A Viewer is who looks, and what they have said of themselves.
	Viewer struct {
		Who     id.Person
		Follows map[id.Person]people.Notify
		// FollowedBy are people who follow the viewer: all of those who moderate a
		// social room, and may be others.
		FollowedBy map[id.Person]bool
		Clubs      map[id.Club]bool // those the viewer is in, true; those they only follow, false
		Interests  []string
		Languages  []string // BCP 47
		// Blocked are those of whom the viewer is spared; at people.LevelBlock what
		// they do leads the viewer nowhere. Blockers have blocked the viewer: what they
		// host does not exist for them.
		Blocked  map[id.Person]people.Level
		Blockers map[id.Person]bool
	}
	// A Choice is which rooms somebody wants to see.
	Choice struct {
		Language string // BCP 47; of which only the language counts
		Topic    string
		Club     id.Club
		Followed bool     // with somebody on the stage whom the viewer follows
		Words    []string // folded; with which words of the title or of names on the stage begin
	}
	// A Why is a reason for which a room is shown where it is.
	Why struct {
		Kind     Kind
		People   []string // their names
		Club     id.Club
		Topic    string
		Language string
	}
	// A Kind is a kind of reason.
	Kind string
)

// The reasons there are.
const (
	Followed   Kind = "followed"    // people whom the viewer follows are on the stage
	Invited    Kind = "invited"     // the viewer is let in to a room that is not open to all
	InClub     Kind = "club"        // of a club that the viewer is in
	OfFollowed Kind = "club_follow" // of a club that the viewer follows
	OnTopic    Kind = "topic"
	InLanguage Kind = "language"
	Lively     Kind = "lively" // many have come in lately, or speak
	Fresh      Kind = "fresh"  // has just been opened
	Blocked    Kind = "blocked"
)

// Weights of the order. Each reason adds its own; what is said by the viewer comes
// before what a room is like. Of people followed on one stage the first counts in
// full, each further one half of the one before. Numbers of people count by their
// logarithm: ten times as many are worth as much again, and no more.
const (
	weightAlways    = 100.0 // somebody of whom one always wants to hear
	weightSometimes = 70.0
	weightNever     = 25.0 // to follow is to follow: they are shown, and not told of
	weightInvited   = 60.0
	weightInClub    = 45.0
	weightOfClub    = 25.0
	weightTopic     = 16.0 // the first; each further one half of the one before
	weightLanguage  = 12.0
	weightCame      = 1.2 // each doubling of those who have come in lately
	weightHere      = 0.8 // each doubling of those who are there
	weightSpoken    = 4.0 // while somebody is heard
	weightFresh     = 6.0 // in the moment it is opened
	weightBlocked   = -1000.0

	// What is of a moment is half of that after a while.
	cameHalf   = 10 * time.Minute
	spokenHalf = 2 * time.Minute
	freshHalf  = 20 * time.Minute

	livelyLeast = 6.0 // of both, to be said to be a reason
	freshMost   = 15 * time.Minute
)

// half returns what is left of one after a while, of which there is half after h.
func half(after, h time.Duration) float64 {
	if after <= 0 {
		return 1
	}
	return math.Exp2(-float64(after) / float64(h))
}

// lively returns how much goes on in e.
func (e *entry) lively(now time.Time) float64 {
	came := weightCame * math.Log2(1+e.came*half(now.Sub(e.cameAt), cameHalf))
	if spoken := e.spoken.Load(); spoken > 0 && e.Visibility != room.Closed {
		came += weightSpoken * half(now.Sub(time.UnixMilli(spoken)), spokenHalf)
	}
	return came
}

// base returns what e is worth to everybody.
func (e *entry) base(now time.Time) float64 {
	return e.lively(now) + weightHere*math.Log2(1+float64(e.people)) + weightFresh*half(now.Sub(e.Opened), freshHalf)
}

func weightOf(how people.Notify) float64 {
	switch how {
	case people.NotifyAlways:
		return weightAlways
	case people.NotifyNever:
		return weightNever
	case people.NotifySometimes:
	}
	return weightSometimes
}

// A mark is how the viewer stands to who is on one stage.
type mark struct {
	levels  []float64 // of those whom they follow
	blocked bool
}

// falling sums weights up: the highest in full, each further one half as much.
func falling(some []float64) (sum float64) {
	slices.SortFunc(some, func(a, b float64) int { return cmp.Compare(b, a) })
	part := 1.0
	for _, w := range some {
		sum += w * part
		part /= 2
	}
	return sum
}

// A look is one time that somebody looks.
type look struct {
	Viewer

	now       time.Time
	interests topic.Set
	languages []string // without regions
	choice    Choice
	language  string
	topic     topic.Set
	marks     map[*entry]*mark
}

func (t *Table) look(v Viewer, c Choice, now time.Time) *look {
	l := &look{Viewer: v, now: now, choice: c, interests: topic.SetOf(v.Interests), language: languageOf(c.Language)}
	if c.Topic != "" {
		l.topic = topic.SetOf([]string{c.Topic})
	}
	for _, tag := range v.Languages {
		l.languages = append(l.languages, languageOf(tag))
	}
	l.marks = make(map[*entry]*mark)
	onStage(t.stages, v.Follows, func(e *entry, how people.Notify) {
		m := l.mark(e)
		m.levels = append(m.levels, weightOf(how))
	})
	onStage(t.stages, v.Blocked, func(e *entry, _ people.Level) {
		if slices.ContainsFunc(e.Stage, func(p Person) bool { return l.blocks(p.Who) }) {
			l.mark(e).blocked = true
		}
	})
	return l
}

func (l *look) mark(e *entry) *mark {
	m := l.marks[e]
	if m == nil {
		m = new(mark)
		l.marks[e] = m
	}
	return m
}

// onStage calls f with each stage on which somebody of some is. It goes over the
// fewer.
func onStage[V any](stages map[id.Person][]*entry, some map[id.Person]V, f func(*entry, V)) {
	if len(some) <= len(stages) {
		for who, v := range some {
			for _, e := range stages[who] {
				f(e, v)
			}
		}
		return
	}
	for who, on := range stages {
		if v, is := some[who]; is {
			for _, e := range on {
				f(e, v)
			}
		}
	}
}

// languageOf returns a language tag without what follows the language.
func languageOf(tag string) string {
	before, _, _ := strings.Cut(tag, "-")
	return before
}

// wants reports whether e is among what was chosen.
func (l *look) wants(e *entry) bool {
	c := &l.choice
	switch {
	case l.language != "" && e.language != l.language,
		c.Topic != "" && e.topics&l.topic == 0,
		!c.Club.IsZero() && e.Club != c.Club,
		len(c.Words) > 0 && !text.Has(e.folded, c.Words),
		len(c.Words) > 0 && !l.finds(e):
		return false
	case c.Followed:
		m := l.marks[e]
		return m != nil && len(m.levels) > 0
	}
	return true
}

// finds reports whether e is found by the words that were chosen, though nobody is
// found by whom they have blocked.
func (l *look) finds(e *entry) bool {
	if !slices.ContainsFunc(e.Stage, func(p Person) bool { return l.Blockers[p.Who] }) {
		return true
	}
	said := []string{e.Title}
	for _, p := range e.Stage {
		if !l.Blockers[p.Who] {
			said = append(said, p.Name)
		}
	}
	return text.Has(text.Folded(strings.Join(said, " ")), l.choice.Words)
}

func (l *look) blocks(who id.Person) bool { return l.Blocked[who] == people.LevelBlock }

// sees reports whether e exists for who looks, whatever leads them there. Who is
// inside stays.
func (l *look) sees(e *entry) bool {
	if in, said := e.doors[l.Who]; said && !in {
		return false
	}
	apart := l.Blockers[e.host] || e.Visibility == room.Closed && l.blocks(e.host)
	return !apart || e.inside[l.Who]
}

// score returns where e stands for who looks; more is earlier.
func (l *look) score(e *entry) float64 {
	sum := e.base(l.now)
	if m := l.marks[e]; m != nil {
		if sum += falling(m.levels); m.blocked {
			sum += weightBlocked
		}
	}
	if e.Visibility != room.Open && e.doors[l.Who] {
		sum += weightInvited
	}
	if !e.Club.IsZero() {
		if in, near := l.Clubs[e.Club]; in {
			sum += weightInClub
		} else if near {
			sum += weightOfClub
		}
	}
	if both := e.topics & l.interests; both != 0 {
		sum += topicsWeight(both)
	}
	if e.language != "" && slices.Contains(l.languages, e.language) {
		sum += weightLanguage
	}
	return sum
}

func topicsWeight(both topic.Set) (sum float64) {
	for w := weightTopic; both != 0; both &= both - 1 {
		sum += w
		w /= 2
	}
	return sum
}

// why returns for what e is where it is, the strongest first.
func (l *look) why(e *entry) []Why {
	type weighed struct {
		Why

		weight float64
	}
	var all []weighed
	add := func(w Why, weight float64) { all = append(all, weighed{w, weight}) }
	if m := l.marks[e]; m != nil {
		if m.blocked {
			add(Why{Kind: Blocked, People: l.names(e, func(who id.Person) (float64, bool) { return 1, l.blocks(who) })}, -weightBlocked)
		}
		if len(m.levels) > 0 {
			add(Why{Kind: Followed, People: l.names(e, func(who id.Person) (float64, bool) {
				how, is := l.Follows[who]
				return weightOf(how), is
			})}, falling(m.levels))
		}
	}
	if e.Visibility != room.Open && e.doors[l.Who] {
		add(Why{Kind: Invited}, weightInvited)
	}
	if in, near := l.Clubs[e.Club]; in {
		add(Why{Kind: InClub, Club: e.Club}, weightInClub)
	} else if near {
		add(Why{Kind: OfFollowed, Club: e.Club}, weightOfClub)
	}
	weight := weightTopic
	for _, one := range e.Topics {
		if topic.SetOf([]string{one})&l.interests != 0 {
			add(Why{Kind: OnTopic, Topic: one}, weight)
			weight /= 2
		}
	}
	if e.language != "" && slices.Contains(l.languages, e.language) {
		add(Why{Kind: InLanguage, Language: e.Language}, weightLanguage)
	}
	if lively := e.lively(l.now); lively >= livelyLeast {
		add(Why{Kind: Lively}, lively)
	}
	if age := l.now.Sub(e.Opened); age < freshMost {
		add(Why{Kind: Fresh}, weightFresh*half(age, freshHalf))
	}
	slices.SortStableFunc(all, func(a, b weighed) int { return cmp.Compare(b.weight, a.weight) })
	out := make([]Why, min(len(all), WhyMax))
	for i := range out {
		out[i] = all[i].Why
	}
	return out
}

// names returns those on the stage of e whom is knows, the weightiest first.
func (l *look) names(e *entry, is func(id.Person) (weight float64, is bool)) []string {
	type named struct {
		name   string
		weight float64
	}
	var all []named
	for _, p := range e.Stage {
		if w, is := is(p.Who); is {
			all = append(all, named{p.Name, w})
		}
	}
	slices.SortStableFunc(all, func(a, b named) int { return cmp.Compare(b.weight, a.weight) })
	out := make([]string, min(len(all), NamesMax))
	for i := range out {
		out[i] = all[i].name
	}
	return out
}

// A standing is a room and where it stands.
type standing struct {
	*entry

	score float64
}

// before orders standings: by score, then the older room, then by id, so that it is
// the same each time.
func before(a, b standing) int {
	return cmp.Or(cmp.Compare(b.score, a.score), a.Opened.Compare(b.Opened), bytes.Compare(a.ID[:], b.ID[:]))
}

// A best keeps the best of many, and throws the others away as they come.
type best struct {
	most int
	kept []standing // up to twice as many; not in order
	bar  float64    // whoever is below it is not among the best
	full bool
}

func (b *best) add(s standing) {
	if b.full && s.score < b.bar {
		return
	}
	if b.kept = append(b.kept, s); len(b.kept) == 2*b.most {
		b.cut()
	}
}

func (b *best) cut() {
	slices.SortFunc(b.kept, before)
	if len(b.kept) >= b.most {
		b.kept = b.kept[:b.most]
		b.bar, b.full = b.kept[b.most-1].score, true
	}
}
