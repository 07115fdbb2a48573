package news

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/push"
)

// A Device is a browser that is pushed to, as long as somebody is signed in there.
type Device struct {
	Session      people.SessionID
	Person       id.Person
	Since        time.Time
	Busy         time.Time // until then its service takes nothing
	Failed       int       // how often in a row it did not
	Language     string    // in which it is told, BCP 47
	Subscription push.Subscription
}

// A SealedDevice is what the store has of a device: its address is by what a push
// service knows a browser.
type SealedDevice struct {
	Session people.SessionID
	Person  id.Person
	Sealed  []byte
	Since   time.Time
	Busy    time.Time
	Failed  int
}

// The waits after a service has failed: the first, and the longest.
const (
	failedWait = time.Minute
	failedMost = time.Hour
)

// deviceOf is what a subscription is sealed as: it is of no other session.
func deviceOf(session people.SessionID) string { return "push " + session.String() }

// address is a subscription in its JSON form.
type address struct {
	Endpoint string `json:"endpoint"`
	Key      []byte `json:"key"`
	Secret   []byte `json:"secret"`
	Language string `json:"language"`
}

// Subscribe has a browser be pushed to in a language, or returns
// push.ErrSubscription.
func (n *News) Subscribe(ctx context.Context, session people.SessionID, who id.Person, s push.Subscription, language string) error {
	if err := s.Check(); err != nil {
		return err
	}
	plain, err := json.Marshal(address{s.Endpoint, s.Key[:], s.Secret[:], language})
	if err != nil {
		return fmt.Errorf("write a subscription: %w", err)
	}
	sealed, err := n.config.Sealer.Seal(ctx, who, deviceOf(session), plain)
	if err != nil {
		return err
	}
	return n.store.SetDevice(ctx, SealedDevice{Session: session, Person: who, Sealed: sealed, Since: n.now()})
}

// Unsubscribe has a browser be pushed to no more.
func (n *News) Unsubscribe(ctx context.Context, session people.SessionID) error {
	return n.store.DropDevice(ctx, session)
}

// Devices returns the browsers of who that are pushed to. One that cannot be read
// any more is none.
func (n *News) Devices(ctx context.Context, who id.Person) ([]Device, error) {
	sealed, err := n.store.Devices(ctx, who)
	if err != nil {
		return nil, err
	}
	var out []Device
	for _, d := range sealed {
		plain, err := n.config.Sealer.Unseal(ctx, who, deviceOf(d.Session), d.Sealed)
		if err != nil && n.config.Sealer.IsGone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		var a address
		if err := json.Unmarshal(plain, &a); err != nil {
			return nil, fmt.Errorf("what is sealed has another form: %w", err)
		}
		one := Device{Session: d.Session, Person: d.Person, Since: d.Since, Busy: d.Busy, Failed: d.Failed, Language: a.Language}
		one.Subscription.Endpoint = a.Endpoint
		copy(one.Subscription.Key[:], a.Key)
		copy(one.Subscription.Secret[:], a.Secret)
		out = append(out, one)
	}
	return out, nil
}

// Pushed notes how a push to d went: err is what push.Sender has returned. One
// that is over is forgotten, and others are left alone for a while.
func (n *News) Pushed(ctx context.Context, d Device, err error) (until time.Time, _ error) {
	busy, isBusy := errors.AsType[push.Busy](err)
	switch {
	case err == nil && d.Failed == 0:
		return time.Time{}, nil
	case err == nil:
		return time.Time{}, n.store.NoteDevice(ctx, d.Session, time.Time{}, 0)
	case errors.Is(err, push.ErrGone), errors.Is(err, push.ErrSubscription):
		return time.Time{}, n.store.DropDevice(ctx, d.Session)
	case isBusy:
		until = n.now().Add(busy.After)
		return until, n.store.NoteDevice(ctx, d.Session, until, d.Failed)
	}
	until = n.now().Add(min(failedWait<<min(d.Failed, 10), failedMost))
	return until, n.store.NoteDevice(ctx, d.Session, until, d.Failed+1)
}
