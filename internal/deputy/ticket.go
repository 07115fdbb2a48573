package deputy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/stoa-audio/stoa/internal/id"
)

// A Seat is whose place in a room it is, and by which session they had it.
type Seat struct {
	Room    id.Room
	Who     id.Person
	Session id.Session
}

const seatSize = 3 * id.Size

// ErrTicket means that a text is no ticket of this house.
var ErrTicket = errors.New("no ticket of this house")

var encoding = base64.RawURLEncoding.Strict()

// Ticket returns a text by which whoever sits there is known at the deputy:
// room, person and session (16 bytes each) and HMAC-SHA256 (RFC 2104) of them,
// base64url. It lasts as long as the seat.
func Ticket(key []byte, s Seat) string {
	b := append(append(append(make([]byte, 0, seatSize+sha256.Size), s.Room[:]...), s.Who[:]...), s.Session[:]...)
	return encoding.EncodeToString(append(b, proof(key, b)...))
}

// ParseTicket returns whose ticket it is, by the key of the house.
func ParseTicket(key []byte, text string) (s Seat, err error) {
	b, err := encoding.DecodeString(text)
	skipped := strings.ContainsAny(text, "\r\n") // by the decoder: one ticket would have many texts
	if err != nil || skipped || len(b) != seatSize+sha256.Size || !hmac.Equal(proof(key, b[:seatSize]), b[seatSize:]) {
		return s, ErrTicket
	}
	copy(s.Room[:], b)
	copy(s.Who[:], b[id.Size:])
	copy(s.Session[:], b[2*id.Size:])
	return s, nil
}

func proof(key, seat []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("stoa ticket 1\x00"))
	h.Write(seat)
	return h.Sum(nil)
}
