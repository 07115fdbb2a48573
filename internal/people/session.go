package people

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// How long a browser stays signed in.
const (
	SessionLife  = 90 * 24 * time.Hour // after it was last seen
	SessionRenew = time.Hour           // seen is written at most so often
)

type sessionKind struct{}

// SessionID names a signed-in browser. It is for listing and signing out, and
// opens nothing.
type SessionID = id.ID[sessionKind]

// A Session is a browser in which a person is signed in. It is not an
// id.Session, which is a seat in a room.
type Session struct {
	ID      SessionID
	Person  id.Person
	Created time.Time
	Seen    time.Time
}

const tokenSize = 32

// SignIn starts a session of who and returns the token that proves it: 256
// random bits, of which only the hash is kept.
func (p *People) SignIn(ctx context.Context, who id.Person) (Session, string, error) {
	var raw [tokenSize]byte
	_, _ = rand.Read(raw[:]) // never fails (crypto/rand, Go 1.24)
	now := p.now()
	s := Session{id.New[SessionID](), who, now, now}
	err := p.store.AddSession(ctx, s, sha256.Sum256(raw[:]))
	p.sessions.Drop(func(_ Hash, old Session) bool { return old.Person == who }) // one may be too many now
	if err != nil {
		return Session{}, "", err
	}
	return s, base64.RawURLEncoding.EncodeToString(raw[:]), nil
}

// Session returns the session that token proves, or ErrNoSession. Asking is
// use: renewed reports that the session is good for SessionLife from now on.
func (p *People) Session(ctx context.Context, token string) (s Session, renewed bool, err error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != tokenSize {
		return Session{}, false, ErrNoSession
	}
	hash := Hash(sha256.Sum256(raw))
	s, since, ok := p.sessions.Get(hash)
	if !ok {
		if s, err = p.store.Session(ctx, hash); err != nil {
			return Session{}, false, err
		}
	}
	now := p.now()
	switch unseen := now.Sub(s.Seen); {
	case unseen >= SessionLife:
		return Session{}, false, ErrNoSession
	case unseen >= SessionRenew && p.store.Renew(ctx, s.ID, now) == nil:
		s.Seen, renewed = now, true
	}
	if !ok || renewed {
		p.sessions.Put(hash, s, since)
	}
	// A session that could not be renewed is good, and the next use tries again.
	return s, renewed, nil
}

// Sessions returns where who is signed in, the last seen first.
func (p *People) Sessions(ctx context.Context, who id.Person) ([]Session, error) {
	return p.store.Sessions(ctx, who, p.now().Add(-SessionLife))
}

// SignOut ends a session of who, or ErrNoSession.
func (p *People) SignOut(ctx context.Context, who id.Person, name SessionID) error {
	err := p.store.EndSession(ctx, who, name)
	p.sessions.Drop(func(_ Hash, s Session) bool { return s.ID == name })
	return err
}

// ForgetSessions forgets what is known of the sessions of who, which have ended in
// the records.
func (p *People) ForgetSessions(who id.Person) {
	p.sessions.Drop(func(_ Hash, s Session) bool { return s.Person == who })
}
