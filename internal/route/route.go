// Package route gives rooms and those in them names for those who only carry
// what is said: logs today, other nodes later. A route says nothing of the
// room, and is another one on another day; nobody can say later which room it
// was. A member is chance, and another one each time that somebody comes in.
package route

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// size is the length of a route and a member in bytes: enough to tell a day's
// rooms apart, and those who came into them.
const size = 8

// Routes are the routes of a node. The key of a day is chance, is held in
// memory alone, and is gone with the day. The zero Routes are ready.
type Routes struct {
	mu  sync.Mutex // guards what follows
	day int64      // since 1970, in UTC; the key is of that day
	key [sha256.Size]byte
	set bool
}

// Of returns the route of a room at a time.
func (r *Routes) Of(room id.Room, now time.Time) string {
	day := now.Unix() / int64(24*time.Hour/time.Second)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.set || r.day != day {
		_, _ = rand.Read(r.key[:]) // never fails (crypto/rand, Go 1.24)
		r.day, r.set = day, true
	}
	mac := hmac.New(sha256.New, r.key[:])
	mac.Write([]byte(room.String()))
	return hex.EncodeToString(mac.Sum(nil)[:size])
}

// Member returns what somebody goes by who comes into a room, until they go. It
// has nothing to do with the member of sealed messages, by which others know
// them meanwhile.
func Member() string {
	var b [size]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand, Go 1.24)
	return hex.EncodeToString(b[:])
}
