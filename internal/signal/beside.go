package signal

import "github.com/stoa-audio/stoa/internal/id"

// SaidMax is the most bytes of something written, as it is sealed:
// docs/protocol/keys.md, section "Words".
const SaidMax = 1500

// What those in a room ask beside the voices.
type (
	// React shows one of eight emoji to all for a moment.
	React struct {
		Emoji string `json:"emoji"`
	}
	// Say writes something, which is sealed.
	Say struct {
		Sealed Bytes `json:"sealed"`
	}
	// Unsay takes back what was written, by its number.
	Unsay struct {
		N uint64 `json:"n"`
	}
	// SetChat says who may write: "off", "stage" or "everyone".
	SetChat struct {
		Policy string `json:"policy"`
	}
	// Pin puts a link up.
	Pin struct {
		URL  string `json:"url"`
		Text string `json:"text"`
	}
	// Unpin takes it down.
	Unpin struct {
		Pin uint64 `json:"pin"`
	}
	// OpenPoll asks everybody a question.
	OpenPoll struct {
		Question string   `json:"question"`
		Options  []string `json:"options"`
	}
	// Vote chooses an option of the open poll, counted from 0.
	Vote struct {
		Poll   uint64 `json:"poll"`
		Option int    `json:"option"`
	}
	// ClosePoll ends the answering.
	ClosePoll struct {
		Poll uint64 `json:"poll"`
	}
)

// What a node tells of it. None of it is numbered as events are.
type (
	// Reactions are those since the last notice: how many of each, and by whom, as
	// far as that is told.
	Reactions struct {
		Room   id.Room        `json:"room"`
		Counts map[string]int `json:"counts"`
		By     []Reaction     `json:"by"`
	}
	// Reaction is one of them.
	Reaction struct {
		Who   id.Person `json:"who"`
		Emoji string    `json:"emoji"`
	}
	// Said is what somebody has written.
	Said struct {
		Room   id.Room   `json:"room"`
		N      uint64    `json:"n"`
		Who    id.Person `json:"who"`
		Name   string    `json:"name"`
		Sealed Bytes     `json:"sealed"`
	}
	// Unsaid takes back what was written.
	Unsaid struct {
		Room id.Room   `json:"room"`
		N    uint64    `json:"n"`
		By   id.Person `json:"by"`
	}
	// Poll says how many have chosen each option of the open poll. The newest
	// counts.
	Poll struct {
		Room   id.Room `json:"room"`
		Poll   uint64  `json:"poll"`
		Counts []int   `json:"counts"`
		Voters int     `json:"voters"`
	}
	// Clock says for how many seconds those on the stage, and those with a hand
	// up, have been heard. Who is not named was not heard. The newest counts.
	Clock struct {
		Room    id.Room           `json:"room"`
		Seconds map[id.Person]int `json:"seconds"`
	}
)
