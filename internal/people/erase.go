package people

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/stoa-audio/stoa/internal/id"
)

// BeginErase begins to erase the account of who, by one of its passkeys.
func (p *People) BeginErase(who id.Person) (Ceremony, error) {
	return p.beginProof(ceremony{purpose: erasing, person: Person{ID: who}})
}

// ProveErase returns nil if a passkey of who has answered the ceremony, or
// ErrSignIn.
func (p *People) ProveErase(ctx context.Context, who id.Person, name CeremonyID, credential []byte) error {
	c, err := p.ceremonies.take(p.now(), name, erasing)
	if err != nil {
		return err
	}
	if c.person.ID != who {
		return ErrNoCeremony
	}
	by, err := p.proven(ctx, c, credential)
	if err == nil && by != who {
		err = ErrSignIn
	}
	return err
}

// ProveEraseByRecovery is ProveErase by the recovery code of who.
func (p *People) ProveEraseByRecovery(ctx context.Context, who id.Person, code string) error {
	hash, err := parseCode(code)
	if err != nil {
		return err
	}
	theirs, err := p.store.HasRecovery(ctx, who, hash)
	if err == nil && !theirs {
		err = ErrSignIn
	}
	return err
}

// Erase erases who, who has proven that they want it: everything of them in one
// transaction, and then their key, without which backups have nothing of them that
// can be read. Once it is noted it will be done, if need be by the next Settle.
func (p *People) Erase(ctx context.Context, who id.Person) error {
	if err := p.config.Keys.Doom(ctx, who); err != nil {
		return fmt.Errorf("%w: %w", ErrStore, err)
	}
	return p.erase(context.WithoutCancel(ctx), who)
}

// An Heir takes over what somebody leaves to others.
type Heir interface {
	// Leave is called before who is erased, as long as what they have sealed can be
	// read. After an error nobody is erased yet, and it is called again.
	Leave(ctx context.Context, who id.Person) error
}

// SetHeir names the heir, before anybody is erased.
func (p *People) SetHeir(h Heir) { p.heir = h }

// erase erases who is doomed already.
func (p *People) erase(ctx context.Context, who id.Person) error {
	if p.heir != nil {
		if err := p.heir.Leave(ctx, who); err != nil {
			return err
		}
	}
	if err := p.store.Erase(ctx, who); err != nil && !errors.Is(err, ErrNoPerson) {
		return err
	}
	if err := p.config.Index.Drop(ctx, []id.Person{who}); err != nil {
		return err
	}
	err := p.config.Keys.Destroy(ctx, who)
	p.sessions.Drop(func(_ Hash, s Session) bool { return s.Person == who })
	p.StopProving(who)
	p.follows.Drop(func(of id.Person, whom map[id.Person]Notify) bool { return of == who || whom[who] != "" })
	p.followers.Drop(func(of id.Person, by map[id.Person]bool) bool { return of == who || by[who] })
	p.profiles.Drop(func(of id.Person, _ readable) bool { return of == who })
	p.blocks.Drop(func(of id.Person, whom map[id.Person]Level) bool { return of == who || whom[who] != "" })
	p.blockers.Drop(func(of id.Person, by map[id.Person]bool) bool { return of == who || by[who] })
	if err != nil {
		return fmt.Errorf("%w: %w", ErrStore, err)
	}
	return nil
}

// Settled is what Settle has found.
type Settled struct {
	Finished   int // erasures that had begun
	Purged     int // who was erased and came back with a backup
	Sealed     int // names that were stored in clear
	Unreadable int // who has no key
}

const settleMost = 1000 // people that are looked at together

// Settle makes good what a crash or a backup has left, before anybody is let in:
// erasures that have begun are finished, who was erased is deleted again, names
// from before are sealed. Nobody is erased because a key is missing.
func (p *People) Settle(ctx context.Context) (s Settled, err error) {
	doomed, err := p.config.Keys.Doomed(ctx)
	if err != nil {
		return s, err
	}
	for _, who := range doomed {
		if err := p.erase(ctx, who); err != nil {
			return s, err
		}
		s.Finished++
	}
	if s.Purged, s.Unreadable, err = p.purge(ctx); err != nil {
		return s, err
	}
	if s.Sealed, err = p.sealNames(ctx); err != nil || s.Sealed == 0 {
		return s, err
	}
	_, s.Unreadable, err = p.purge(ctx) // whose name was sealed has a key now
	return s, err
}

// each passes everybody on.
func (p *People) each(ctx context.Context, do func(id.Person) error) error {
	var after id.Person
	for {
		some, err := p.store.PeopleAfter(ctx, after, settleMost)
		if err != nil || len(some) == 0 {
			return err
		}
		for _, who := range some {
			if err := do(who); err != nil {
				return err
			}
		}
		after = some[len(some)-1]
	}
}

// purge deletes those without a key who are erased, and counts those who are not:
// where a key is destroyed it is noted that its owner is erased.
func (p *People) purge(ctx context.Context) (purged, unreadable int, err error) {
	var keyed []id.Person // who come next of those with a key
	var last id.Person    // of them
	more := true
	err = p.each(ctx, func(who id.Person) error {
		// Both go by the order of ids, so that a house with a million people asks for
		// a thousand keys a thousand times, and not for each.
		for more && compareIDs(last, who) < 0 {
			if keyed, err = p.config.Keys.After(ctx, last, settleMost); err != nil {
				return err
			}
			if more = len(keyed) == settleMost; len(keyed) > 0 {
				last = keyed[len(keyed)-1]
			}
		}
		if _, has := slices.BinarySearchFunc(keyed, who, compareIDs); has {
			return nil
		}
		erased, err := p.config.Keys.Erased(ctx, who)
		if err != nil {
			return err
		}
		if !erased {
			unreadable++
			return nil
		}
		purged++
		return p.erase(ctx, who)
	})
	return purged, unreadable, err
}

// sealNames seals the names that earlier versions have stored in clear.
func (p *People) sealNames(ctx context.Context) (n int, err error) {
	for {
		some, err := p.store.ClearNames(ctx, settleMost)
		if err != nil {
			return n, err
		}
		if len(some) == 0 {
			return n, p.store.Sweep(ctx) // at every start, until it has been done once
		}
		for _, one := range some {
			plain, err := json.Marshal(Written{Name: one.Name})
			if err != nil {
				return n, fmt.Errorf("write a profile: %w", err)
			}
			sealed, err := p.seal(ctx, one.Person, classProfile, plain)
			if err != nil {
				return n, err
			}
			if err := p.store.SealName(ctx, SealedProfile{Person: one.Person, Sealed: sealed, Changed: p.now()}); err != nil {
				return n, err
			}
			n++
		}
	}
}
