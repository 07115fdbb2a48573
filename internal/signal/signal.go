// Package signal holds the messages between client and node over the live
// WebSocket, as docs/protocol/signal.md describes them: their JSON forms and
// their bounds. It decides nothing and knows no connection.
//
// A client sends requests, each with a number of its own and exactly one
// member that says what is asked. The node answers each with a reply of the
// same number, and sends notices of its own accord. Numbered events of a room
// are notices too; package room writes those.
package signal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// Bounds of a message.
const (
	RequestMax = 64 << 10 // bytes of one request
	SDPMax     = 48 << 10 // bytes of an SDP offer
	GrantMax   = 2 << 10  // bytes of a grant
	Slots      = 8        // voices that a listener hears at once
)

// ErrRequest means that a text is not a request.
var ErrRequest = errors.New("not a request")

type (
	// None is the body of a message that says all by its name.
	None struct{}
	// Who is the body of a request about somebody else.
	Who struct {
		Who id.Person `json:"who"`
	}
	// Enter asks to take the seat that Grant permits, or to come back to the one
	// that Ticket was given for, where a room goes on in its house's absence.
	// Previous is the session
	// that this device held before in the room, so that an open microphone
	// stays open. Since is the number of the last event that the client has
	// applied; the events after it follow instead of a view, if they are
	// still at hand.
	Enter struct {
		Grant    string     `json:"grant,omitempty"`
		Ticket   string     `json:"ticket,omitempty"`
		Previous id.Session `json:"previous,omitzero"`
		Since    uint64     `json:"since,omitempty"`
	}
	// Offer carries the client's SDP offer (RFC 8829). At is the node that the
	// connection is to be with, one of those that the grant came with; zero: the
	// one that is asked. With Standby it comes beside the connection that there
	// is, and hears and says nothing until the client switches to it.
	Offer struct {
		SDP     string  `json:"sdp"`
		At      id.Node `json:"at,omitzero"`
		Standby bool    `json:"standby,omitempty"`
	}
	// Switch asks to have the media where they stand by, which is At, the node
	// that is asked when zero. It is no mistake when they are there already.
	Switch struct {
		At id.Node `json:"at,omitzero"`
	}
	// SetHands says who may raise a hand: "off", "followed" or "everyone".
	SetHands struct {
		Policy string `json:"policy"`
	}
	// Describe says what the room is about: a title, up to 120 characters or none;
	// a language in which one speaks (BCP 47), or none; up to three topics.
	Describe struct {
		Title    string   `json:"title"`
		Language string   `json:"language,omitempty"`
		Topics   []string `json:"topics,omitempty"`
	}
	// SetShield says whether those are kept out for now whose accounts are new.
	SetShield struct {
		On bool `json:"on"`
	}
	// Prove says whether listeners are to play only what is proven to be its
	// speaker's.
	Prove struct {
		Proven bool `json:"proven"`
	}
	// SetFence says where the room's voices may be: "*", "eu+ch", "eu@example".
	SetFence struct {
		To string `json:"to"`
	}
	// Widen lets more people in: "social" or "open".
	Widen struct {
		To string `json:"to"`
	}
)

// A Request is what a client asks. Exactly one of the pointers is set.
type Request struct {
	ID uint64 `json:"id"`

	Ping         *None   `json:"ping,omitempty"`
	WatchHallway *None   `json:"watch_hallway,omitempty"`
	Enter        *Enter  `json:"enter,omitempty"`
	Offer        *Offer  `json:"offer,omitempty"`
	Switch       *Switch `json:"switch,omitempty"`
	Release      *None   `json:"release,omitempty"`
	Leave        *None   `json:"leave,omitempty"`
	Itinerary    *None   `json:"itinerary,omitempty"`

	RaiseHand     *None      `json:"raise_hand,omitempty"`
	LowerHand     *Who       `json:"lower_hand,omitempty"`
	SetHands      *SetHands  `json:"set_hands,omitempty"`
	AskUp         *Who       `json:"ask_up,omitempty"`
	StepUp        *None      `json:"step_up,omitempty"`
	Decline       *None      `json:"decline,omitempty"`
	StepDown      *None      `json:"step_down,omitempty"`
	Mute          *Who       `json:"mute,omitempty"`
	Unmute        *None      `json:"unmute,omitempty"`
	MoveDown      *Who       `json:"move_down,omitempty"`
	MakeModerator *Who       `json:"make_moderator,omitempty"`
	Remove        *Who       `json:"remove,omitempty"`
	LetIn         *Who       `json:"let_in,omitempty"`
	Describe      *Describe  `json:"describe,omitempty"`
	SetShield     *SetShield `json:"set_shield,omitempty"`
	Prove         *Prove     `json:"prove,omitempty"`
	Widen         *Widen     `json:"widen,omitempty"`
	SetFence      *SetFence  `json:"set_fence,omitempty"`
	End           *None      `json:"end,omitempty"`

	React     *React     `json:"react,omitempty"`
	Say       *Say       `json:"say,omitempty"`
	Unsay     *Unsay     `json:"unsay,omitempty"`
	SetChat   *SetChat   `json:"set_chat,omitempty"`
	Pin       *Pin       `json:"pin,omitempty"`
	Unpin     *Unpin     `json:"unpin,omitempty"`
	OpenPoll  *OpenPoll  `json:"open_poll,omitempty"`
	Vote      *Vote      `json:"vote,omitempty"`
	ClosePoll *ClosePoll `json:"close_poll,omitempty"`

	Knock      *Knock    `json:"knock,omitempty"`
	Tend       *None     `json:"tend,omitempty"`
	NextKnocks *None     `json:"next_knocks,omitempty"`
	Announce   *Announce `json:"announce,omitempty"`
	Letters    *Letters  `json:"letters,omitempty"`
}

// ParseRequest reads a request, or returns ErrRequest.
func ParseRequest(b []byte) (Request, error) {
	var r Request
	if len(b) > RequestMax {
		return r, fmt.Errorf("%w: longer than %d bytes", ErrRequest, RequestMax)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(b, &members); err != nil {
		return r, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return r, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	if number := string(members["id"]); number == "" || number == "null" || len(members) != 2 {
		return r, fmt.Errorf("%w: it takes an id and one thing to do", ErrRequest)
	}
	for name, body := range members {
		if name != "id" && (len(body) == 0 || body[0] != '{') {
			return r, fmt.Errorf("%w: %q takes an object", ErrRequest, name)
		}
	}
	if r.Enter != nil && len(r.Enter.Grant)+len(r.Enter.Ticket) > GrantMax || r.Offer != nil && len(r.Offer.SDP) > SDPMax ||
		r.Knock != nil && len(r.Knock.Knock) > KnockMax || r.Say != nil && len(r.Say.Sealed) > SaidMax ||
		r.Announce != nil && (len(r.Announce.Announce) > AnnounceMax || len(r.Announce.Roster) > RosterMax || len(r.Announce.Stage) > StageMax) {
		return r, fmt.Errorf("%w: too long", ErrRequest)
	}
	return r, nil
}

type (
	// Entered answers Enter. You is the person who has entered, whom the view
	// need not show. View is the view of the room, or absent when the events
	// after Since follow instead. Media says that the media connection of
	// Previous is still up, and now this session's. With Ticket one comes back to
	// this seat at the node whose address is Deputy, if there is one, when the
	// house is gone.
	Entered struct {
		Room    id.Room    `json:"room"`
		Me      id.Person  `json:"me"`
		Session id.Session `json:"session"`
		Media   bool       `json:"media,omitempty"`
		Ticket  string     `json:"ticket,omitempty"`
		Deputy  string     `json:"deputy,omitempty"`
		// Vote is what they have chosen in the open poll, if anything.
		Vote *int            `json:"vote,omitempty"`
		You  json.RawMessage `json:"you"`
		View json.RawMessage `json:"view,omitempty"`
	}
	// Answer answers Offer with the node's SDP answer.
	Answer struct {
		SDP string `json:"sdp"`
	}
	// Problem answers a request that was refused (RFC 9457, section 3.1).
	Problem struct {
		Code       string `json:"code"`
		Title      string `json:"title"`
		Status     int    `json:"status"`
		Detail     string `json:"detail,omitempty"`
		RetryAfter int    `json:"retry_after,omitempty"` // seconds
	}
)

// A Reply answers the request with the number Re. Exactly one of the pointers
// is set.
type Reply struct {
	Re      uint64   `json:"re"`
	Done    *None    `json:"done,omitempty"`
	Entered *Entered `json:"entered,omitempty"`
	Answer  *Answer  `json:"answer,omitempty"`
	Tended  *Tended  `json:"tended,omitempty"`
	Problem *Problem `json:"problem,omitempty"`

	Itinerary *Itinerary `json:"itinerary,omitempty"`
}

// MarshalReply returns r as JSON. The view in it is taken as it was written: it
// may be large, and json.Marshal would read all of it again.
func MarshalReply(r Reply) ([]byte, error) {
	if r.Entered == nil || r.Entered.View == nil {
		return json.Marshal(r)
	}
	entered, view := *r.Entered, r.Entered.View
	entered.View = nil
	r.Entered = &entered
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(bytes.TrimSuffix(text, []byte("}}")), `,"view":%s}}`, view), nil
}

type (
	// You says whether the person of this connection is followed by somebody
	// on the stage now.
	You struct {
		Room     id.Room `json:"room"`
		Followed bool    `json:"followed"`
	}
	// Crowd says how many are in the room. It is not numbered: the newest
	// counts.
	Crowd struct {
		Room  id.Room `json:"room"`
		Count int     `json:"count"`
	}
	// Cut says that this connection has no seat in the room any more.
	Cut struct {
		Room id.Room   `json:"room"`
		Why  CutReason `json:"why"`
	}
	// Voices says who speaks now. It is not numbered: the newest counts.
	Voices struct {
		Room id.Room `json:"room"`
		// Slots says whose voice each of the receive-only audio sections of
		// the offer carries, in their order; null is nobody's.
		Slots []*id.Person `json:"slots"`
		// Speaking are those in Slots whose voice is heard now.
		Speaking []id.Person `json:"speaking"`
		// FrameMS is how long a frame speakers are to send: 20, 40 or 60.
		FrameMS int `json:"frame_ms"`
		// Repeat says which earlier frames each packet is to carry once more
		// (RFC 2198), by how many frames back; without any, none.
		Repeat []int `json:"repeat,omitempty"`
	}
)

// A CutReason is why a connection lost its seat.
type CutReason string

// The reasons to be cut.
const (
	CutTakenOver CutReason = "taken_over" // another device of the same person sits there
	CutRemoved   CutReason = "removed"    // a moderator ended the visit
	CutEnded     CutReason = "ended"      // the room has ended
	CutLost      CutReason = "lost"       // away for too long
	CutSignedOut CutReason = "signed_out" // the person signed out
	CutSlow      CutReason = "slow"       // the client did not read what it was sent
	CutRestart   CutReason = "restart"    // the node stops; come back in a moment
	CutElsewhere CutReason = "elsewhere"  // another node runs the room: the house, or its deputy
)

// Deputy says at which address rooms go on when their house is gone; empty:
// nowhere.
type Deputy struct {
	URL string `json:"url"`
}

// Move tells a client that its media connection is to be with another node, and
// why.
type Move struct {
	Room id.Room `json:"room"`
	At   id.Node `json:"at"`
	Why  MoveWhy `json:"why"`
}

// A MoveWhy is why a media connection is to be with another node.
type MoveWhy string

// The reasons to move.
const (
	MoveGone     MoveWhy = "gone"     // the node where it was is
	MoveOutside  MoveWhy = "outside"  // of the room's fence it is now
	MoveLeaving  MoveWhy = "leaving"  // it is about to stop: the other comes first
	MoveSwitched MoveWhy = "switched" // it is, to where it stood by
)

// Plan tells who means to come to a plan what becomes of it: "soon" is their
// reminder, "open" says that its room is there, "moved" and "cancelled" what they
// say.
type Plan struct {
	ID     id.Plan   `json:"id"`
	Kind   string    `json:"kind"`
	Title  string    `json:"title"`
	Starts time.Time `json:"starts"`
}

// Conflict tells a moderator that of two people on the stage, or about to come there,
// one has blocked the other: not which.
type Conflict struct {
	Room   id.Room     `json:"room"`
	People []id.Person `json:"people"`
}

// Conversation says how far a conversation has come: there is something to read, or
// somebody stands to it otherwise.
type Conversation struct {
	ID  id.Conversation `json:"id"`
	Seq int64           `json:"seq"`
}

// CrowdOfFresh tells a moderator how many new accounts have come into a room within
// a minute.
type CrowdOfFresh struct {
	Room  id.Room `json:"room"`
	Count int     `json:"count"`
}

// News tells somebody who watches the hallway what is new to them: a piece, as HTTP
// has it, and how many they have not seen.
type News struct {
	Piece  json.RawMessage `json:"piece"`
	Unseen int             `json:"unseen"`
}

// A Notice is what a node tells a client of its own accord. Exactly one of
// the pointers is set.
type Notice struct {
	Hallway *None   `json:"hallway,omitempty"` // what the hallway shows has changed
	Voices  *Voices `json:"voices,omitempty"`
	Crowd   *Crowd  `json:"crowd,omitempty"`
	You     *You    `json:"you,omitempty"`
	Cut     *Cut    `json:"cut,omitempty"`
	Move    *Move   `json:"move,omitempty"`
	Deputy  *Deputy `json:"deputy,omitempty"`
	Plan    *Plan   `json:"plan,omitempty"`
	News    *News   `json:"news,omitempty"`

	Conversation *Conversation `json:"conversation,omitempty"`

	Conflict     *Conflict     `json:"conflict,omitempty"`
	CrowdOfFresh *CrowdOfFresh `json:"crowd_of_fresh,omitempty"`

	Reactions *Reactions `json:"reactions,omitempty"`
	Said      *Said      `json:"said,omitempty"`
	Unsaid    *Unsaid    `json:"unsaid,omitempty"`
	Poll      *Poll      `json:"poll,omitempty"`
	Clock     *Clock     `json:"clock,omitempty"`

	Announce *Announced `json:"announce,omitempty"`
	Letter   *Letter    `json:"letter,omitempty"`
	Knocks   *Knocks    `json:"knocks,omitempty"`
	Untended *Untended  `json:"untended,omitempty"`
}
