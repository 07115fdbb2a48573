package room

import (
	"fmt"
	"slices"
)

// A Role is what a person may do in a room. A higher role may do all that a
// lower one may.
type Role uint8

// The roles, lowest first. Whoever is at least a Speaker stands on the stage.
const (
	Absent Role = iota
	Listener
	Speaker
	Moderator
)

// A Visibility is who may come in.
type Visibility uint8

// The visibilities. Closed is the narrowest and Open the widest; of the two between
// them neither lets in all that the other lets in.
const (
	Closed  Visibility = iota // those who are invited
	Social                    // and those whom a moderator follows
	Members                   // and those who are in the room's club
	Open                      // and everybody else
)

// isWider reports whether v lets in all that before lets in, and more.
func (v Visibility) isWider(before Visibility) bool {
	return before == Closed && v > Closed && v <= Open || v == Open && before < Open
}

// A HandPolicy is who may raise a hand.
type HandPolicy uint8

// The hand policies, narrowest first.
const (
	HandsOff      HandPolicy = iota // nobody
	HandsFollowed                   // those whom somebody on the stage follows
	HandsEveryone                   // everybody
)

// A ChatPolicy is who may write.
type ChatPolicy uint8

// The chat policies, narrowest first.
const (
	ChatOff      ChatPolicy = iota // nobody
	ChatStage                      // those on the stage
	ChatEveryone                   // everybody
)

// Emojis is with what one may react.
var Emojis = []string{"👏", "❤️", "😂", "😮", "🎉", "🙏", "🤔", "👍"}

var (
	roleWords       = []string{"absent", "listener", "speaker", "moderator"}
	visibilityWords = []string{"closed", "social", "members", "open"}
	handWords       = []string{"off", "followed", "everyone"}
	chatWords       = []string{"off", "stage", "everyone"}
)

// String returns the word for r.
func (r Role) String() string { return word(roleWords, r) }

// MarshalText returns the word for r.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText sets r from its word.
func (r *Role) UnmarshalText(b []byte) error { return parseWord(r, roleWords, b) }

// String returns the word for v.
func (v Visibility) String() string { return word(visibilityWords, v) }

// MarshalText returns the word for v.
func (v Visibility) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText sets v from its word.
func (v *Visibility) UnmarshalText(b []byte) error { return parseWord(v, visibilityWords, b) }

// String returns the word for h.
func (h HandPolicy) String() string { return word(handWords, h) }

// MarshalText returns the word for h.
func (h HandPolicy) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText sets h from its word.
func (h *HandPolicy) UnmarshalText(b []byte) error { return parseWord(h, handWords, b) }

// String returns the word for c.
func (c ChatPolicy) String() string { return word(chatWords, c) }

// MarshalText returns the word for c.
func (c ChatPolicy) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText sets c from its word.
func (c *ChatPolicy) UnmarshalText(b []byte) error { return parseWord(c, chatWords, b) }

func word[T ~uint8](words []string, v T) string {
	if int(v) < len(words) {
		return words[v]
	}
	return "unknown"
}

func parseWord[T ~uint8](v *T, words []string, text []byte) error {
	i := slices.Index(words, string(text))
	if i < 0 {
		return fmt.Errorf("%q is none of %q", text, words)
	}
	*v = T(i)
	return nil
}
