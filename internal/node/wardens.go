package node

import (
	"context"
	"net/url"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/keyring"
	"github.com/stoa-audio/stoa/internal/moderation"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/store/records"
)

// A Named is somebody as the operator reads of them.
type Named struct {
	ID           id.Person
	Name, Handle string
	Since        time.Time
}

// A Verdict is a decision as the operator reads of it.
type Verdict struct {
	moderation.Decision

	Whose, Warden string // names; nothing, when they are erased
}

// Wardens are those of a house, and what they have decided, as its operator sees and
// names them: at the records, which a node may be using.
type Wardens struct {
	store  moderation.Store
	people *people.People
	queue  *moderation.Queue
}

// WithWardens opens the records and the keyring of c and closes them after do.
func WithWardens(ctx context.Context, c Config, do func(*Wardens) error) error {
	return atRecords(ctx, &c, func(s *records.Store) error {
		return withKeys(ctx, &c, s, func(keys *keyring.Ring) error {
			w, err := wardensOf(ctx, s, keys)
			if err != nil {
				return err
			}
			return do(w)
		})
	})
}

func wardensOf(ctx context.Context, s *records.Store, keys *keyring.Ring) (*Wardens, error) {
	handleKey, err := keys.House(keyring.ForHandles)
	if err != nil {
		return nil, err
	}
	// Nobody signs in here: where the house stands does not matter.
	p, err := people.New(s, people.Config{URL: &url.URL{Scheme: "http", Host: "localhost"}, House: "Stoa", Keys: keys, HandleKey: handleKey, Clock: time.Now})
	if err != nil {
		return nil, err
	}
	q, err := moderation.Open(ctx, s, p, time.Now)
	if err != nil {
		return nil, err
	}
	return &Wardens{s, p, q}, nil
}

// find returns who somebody is by a handle or an id.
func (w *Wardens) find(ctx context.Context, text string) (people.Profile, error) {
	who, err := id.Parse[id.Person](text)
	if err != nil {
		if who, err = w.people.ByHandle(ctx, text); err != nil {
			return people.Profile{}, err
		}
	}
	return w.people.Profile(ctx, who, who)
}

// Add has somebody be a warden, by a handle or an id, and returns their name.
func (w *Wardens) Add(ctx context.Context, text string) (string, error) {
	p, err := w.find(ctx, text)
	if err != nil {
		return "", err
	}
	return p.Name, w.store.SetWarden(ctx, p.ID, time.Now())
}

// Remove has somebody be a warden no more, and returns their name.
func (w *Wardens) Remove(ctx context.Context, text string) (string, error) {
	p, err := w.find(ctx, text)
	if err != nil {
		return "", err
	}
	return p.Name, w.store.DropWarden(ctx, p.ID)
}

// List returns all of them, the longest-standing first.
func (w *Wardens) List(ctx context.Context) ([]Named, error) {
	all, err := w.store.Wardens(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Named, len(all))
	for i, one := range all {
		p, err := w.people.Profile(ctx, one.Person, one.Person)
		if err != nil {
			return nil, err
		}
		out[i] = Named{one.Person, p.Name, p.Handle, one.Since}
	}
	return out, nil
}

// Log passes all decisions on, the newest first.
func (w *Wardens) Log(ctx context.Context, each func(Verdict) error) error {
	for after := ""; ; {
		some, next, err := w.queue.Log(ctx, after, moderation.LogPageMax)
		if err != nil {
			return err
		}
		var who []id.Person
		for _, d := range some {
			who = append(who, d.Person, d.By)
		}
		known, err := w.people.Profiles(ctx, id.Person{}, who)
		if err != nil {
			return err
		}
		for _, d := range some {
			if err := each(Verdict{d, known[d.Person].Name, known[d.By].Name}); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		after = next
	}
}
