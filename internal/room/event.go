package room

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/region"
)

// An Event is what has happened in a room. Its JSON form is what is stored
// and what watchers are sent; docs/protocol/signal.md describes each.
//
//sumtype:decl
type Event interface{ kind() string }

type (
	// Opened is the first event of a room.
	Opened struct {
		By         id.Person  `json:"by"`
		Name       string     `json:"name"`
		Title      string     `json:"title"`
		Visibility Visibility `json:"visibility"`
		At         time.Time  `json:"at"`
		Until      time.Time  `json:"until"`
		// Fence is where its voices may be; zero: anywhere.
		Fence region.Fence `json:"fence,omitzero"`
		// Picture is the version of By's picture, or none.
		Picture string `json:"picture,omitempty"`
		// Club is the club that it is of, or none.
		Club Club `json:"club,omitzero"`
		// Hosts moderate from when they come in.
		Hosts []id.Person `json:"hosts,omitempty"`
		// Language is in which one speaks (BCP 47), or none.
		Language string `json:"language,omitempty"`
		// Topics are what it is about, of package topic.
		Topics []string `json:"topics,omitempty"`
	}
	// Entered means that a person came in as a listener. The session is
	// neither stored nor published.
	Entered struct {
		Who      id.Person  `json:"who"`
		Name     string     `json:"name"`
		Followed bool       `json:"followed"`
		Session  id.Session `json:"-"`
		Picture  string     `json:"picture,omitempty"` // its version, or none
		Fresh    bool       `json:"fresh,omitempty"`   // their account is new
	}
	// Returned means that a person's seat has a new connection. Previous is
	// the session it had before, if the same device has come back.
	Returned struct {
		Who      id.Person  `json:"who"`
		Session  id.Session `json:"-"`
		Previous id.Session `json:"-"`
	}
	// WentAway means that a seat is held for a person whose connection is lost.
	WentAway struct {
		Who   id.Person `json:"who"`
		Until time.Time `json:"until"`
	}
	// Left means that a person has gone.
	Left struct {
		Who id.Person  `json:"who"`
		Why LeftReason `json:"why"`
	}
	// HandRaised means that a listener wants to be heard.
	HandRaised struct {
		Who id.Person `json:"who"`
	}
	// HandLowered means that a hand is down again.
	HandLowered struct {
		Who id.Person `json:"who"`
	}
	// HandsSet says who may raise a hand. Hands that may not be up any more
	// are down with it.
	HandsSet struct {
		Policy HandPolicy `json:"policy"`
	}
	// ProofSet says whether listeners play only what is proven.
	ProofSet struct {
		Proven bool `json:"proven"`
	}
	// Described says what the room is about from now on.
	Described struct {
		Title    string   `json:"title"`
		Language string   `json:"language,omitempty"` // as in Opened
		Topics   []string `json:"topics,omitempty"`
	}
	// Shielded says whether those are kept out for now whose accounts are new.
	Shielded struct {
		On bool `json:"on"`
	}
	// ChatSet says who may write.
	ChatSet struct {
		Policy ChatPolicy `json:"policy"`
	}
	// Pinned means that a link is up. It goes by the number of this event.
	Pinned struct {
		By   id.Person `json:"by"`
		URL  string    `json:"url"`
		Text string    `json:"text"`
	}
	// Unpinned means that it is down.
	Unpinned struct {
		Pin uint64 `json:"pin"`
	}
	// PollOpened means that everybody is asked a question, in the place of the
	// one before. It goes by the number of this event.
	PollOpened struct {
		By       id.Person `json:"by"`
		Question string    `json:"question"`
		Options  []string  `json:"options"`
	}
	// Voted means that somebody has answered. Nobody is told of it but by how
	// many there are.
	Voted struct {
		Who    id.Person `json:"who"`
		Poll   uint64    `json:"poll"`
		Option int       `json:"option"`
	}
	// PollClosed means that nobody answers any more, and says how many have
	// chosen each option.
	PollClosed struct {
		Poll   uint64 `json:"poll"`
		Counts []int  `json:"counts"`
	}
	// AskedUp means that a listener is invited to the stage until a time.
	AskedUp struct {
		Who   id.Person `json:"who"`
		By    id.Person `json:"by"`
		Until time.Time `json:"until"`
	}
	// AskOver means that an invitation to the stage is gone unaccepted.
	AskOver struct {
		Who id.Person `json:"who"`
		Why AskReason `json:"why"`
	}
	// SteppedUp means that a person is on the stage now, muted.
	SteppedUp struct {
		Who id.Person `json:"who"`
	}
	// SteppedDown means that a person is in the audience now. By is the
	// moderator who did it, or the person.
	SteppedDown struct {
		Who id.Person `json:"who"`
		By  id.Person `json:"by"`
	}
	// Muted means that a microphone is closed. By is who did it.
	Muted struct {
		Who id.Person `json:"who"`
		By  id.Person `json:"by"`
	}
	// Unmuted means that a person has opened their microphone.
	Unmuted struct {
		Who id.Person `json:"who"`
	}
	// MadeModerator means that a person on the stage moderates now.
	MadeModerator struct {
		Who id.Person `json:"who"`
	}
	// LetInto means that a person is invited into the room.
	LetInto struct {
		Who id.Person `json:"who"`
	}
	// Widened means that more people may come in.
	Widened struct {
		To Visibility `json:"to"`
	}
	// Fenced means that the room's voices may be there only from now on. By is who
	// did it: a fence never changes in silence.
	Fenced struct {
		By id.Person    `json:"by"`
		To region.Fence `json:"to"`
	}
	// Regrouped lists whose "followed by the speakers" has changed.
	Regrouped struct {
		Followed   []id.Person `json:"followed,omitempty"`
		Unfollowed []id.Person `json:"unfollowed,omitempty"`
	}
	// Ended is the last event of a room.
	Ended struct {
		Why EndReason `json:"why"`
	}
)

// A LeftReason is why somebody is no longer in the room.
type LeftReason string

// The reasons to have left.
const (
	LeftQuietly LeftReason = "left"    // went
	LeftLost    LeftReason = "lost"    // did not come back in time
	LeftRemoved LeftReason = "removed" // was put out by a moderator
)

// An AskReason is why an invitation to the stage is over.
type AskReason string

// The reasons for an invitation to be over.
const (
	AskDeclined AskReason = "declined"
	AskExpired  AskReason = "expired"
)

// An EndReason is why a room has ended.
type EndReason string

// The reasons for a room to end.
const (
	EndedByModerator EndReason = "moderator" // a moderator ended it
	EndedEmptyStage  EndReason = "empty"     // nobody was left on the stage
	EndedByHouse     EndReason = "house"     // a warden has closed it
)

func (Opened) kind() string        { return "opened" }
func (Entered) kind() string       { return "entered" }
func (Returned) kind() string      { return "returned" }
func (WentAway) kind() string      { return "went_away" }
func (Left) kind() string          { return "left" }
func (HandRaised) kind() string    { return "hand_raised" }
func (HandLowered) kind() string   { return "hand_lowered" }
func (HandsSet) kind() string      { return "hands_set" }
func (ProofSet) kind() string      { return "proof_set" }
func (Described) kind() string     { return "described" }
func (Shielded) kind() string      { return "shielded" }
func (ChatSet) kind() string       { return "chat_set" }
func (Pinned) kind() string        { return "pinned" }
func (Unpinned) kind() string      { return "unpinned" }
func (PollOpened) kind() string    { return "poll_opened" }
func (Voted) kind() string         { return "voted" }
func (PollClosed) kind() string    { return "poll_closed" }
func (AskedUp) kind() string       { return "asked_up" }
func (AskOver) kind() string       { return "ask_over" }
func (SteppedUp) kind() string     { return "stepped_up" }
func (SteppedDown) kind() string   { return "stepped_down" }
func (Muted) kind() string         { return "muted" }
func (Unmuted) kind() string       { return "unmuted" }
func (MadeModerator) kind() string { return "made_moderator" }
func (LetInto) kind() string       { return "let_in" }
func (Widened) kind() string       { return "widened" }
func (Fenced) kind() string        { return "fenced" }
func (Regrouped) kind() string     { return "regrouped" }
func (Ended) kind() string         { return "ended" }

// parsers maps the kind of an event to what reads its body.
var parsers = map[string]func([]byte) (Event, error){
	"opened":         parse[Opened],
	"entered":        parse[Entered],
	"returned":       parse[Returned],
	"went_away":      parse[WentAway],
	"left":           parse[Left],
	"hand_raised":    parse[HandRaised],
	"hand_lowered":   parse[HandLowered],
	"hands_set":      parse[HandsSet],
	"proof_set":      parse[ProofSet],
	"described":      parse[Described],
	"shielded":       parse[Shielded],
	"chat_set":       parse[ChatSet],
	"pinned":         parse[Pinned],
	"unpinned":       parse[Unpinned],
	"poll_opened":    parse[PollOpened],
	"voted":          parse[Voted],
	"poll_closed":    parse[PollClosed],
	"asked_up":       parse[AskedUp],
	"ask_over":       parse[AskOver],
	"stepped_up":     parse[SteppedUp],
	"stepped_down":   parse[SteppedDown],
	"muted":          parse[Muted],
	"unmuted":        parse[Unmuted],
	"made_moderator": parse[MadeModerator],
	"let_in":         parse[LetInto],
	"widened":        parse[Widened],
	"fenced":         parse[Fenced],
	"regrouped":      parse[Regrouped],
	"ended":          parse[Ended],
}

// ErrEvent means that a text is not an event.
var ErrEvent = errors.New("not an event")

// AppendEvent appends e to b as one member of a JSON object: "kind":{…}.
func AppendEvent(b []byte, e Event) []byte {
	body, err := json.Marshal(e)
	if err != nil {
		panic(fmt.Sprintf("room: %T has no JSON form: %v", e, err)) // a mistake in this file
	}
	b = append(b, '"')
	b = append(b, e.kind()...)
	b = append(b, '"', ':')
	return append(b, body...)
}

// MarshalEvent returns e as a JSON object with one member: {"kind":{…}}.
func MarshalEvent(e Event) []byte {
	return append(AppendEvent([]byte{'{'}, e), '}')
}

// ParseEvent reads what MarshalEvent wrote, or returns ErrEvent.
func ParseEvent(b []byte) (Event, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(b, &members); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEvent, err)
	}
	if len(members) != 1 {
		return nil, fmt.Errorf("%w: %d members", ErrEvent, len(members))
	}
	for kind, body := range members {
		if p := parsers[kind]; p != nil {
			return p(body)
		}
	}
	return nil, fmt.Errorf("%w: unknown kind", ErrEvent)
}

func parse[E Event](b []byte) (Event, error) {
	var e E
	if b[0] != '{' {
		return nil, fmt.Errorf("%w: its body is no object", ErrEvent)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEvent, err)
	}
	return e, nil
}
