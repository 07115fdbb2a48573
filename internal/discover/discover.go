// Package discover has two people who know each other find each other, when both
// list the other: by an oblivious pseudorandom function (VOPRF, RFC 9497,
// ristretto255-SHA512), so that whoever lists somebody tells the house no name, and
// of those who are not here nothing is kept. docs/protocol/discovery.md says what a
// client does, and what the house could still learn.
//
// The package holds the rules, the house's half of the function, and the interface
// of the store it needs. It knows no HTTP and tells nobody of what was found.
package discover

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
)

// Bounds of discovery. Each is there to keep one person from costing the others,
// or from asking for everybody.
const (
	BudgetMax      = 1000 // identifiers that somebody may ask for at first (A24)
	BudgetDaily    = 50   // and that come again each day, up to BudgetMax
	BatchMax       = 100  // in one evaluation
	ListMax        = 1000 // values in a list
	IdentifiersMax = 8    // of one person

	// Life is how long all of it is kept without a visit.
	Life = 90 * 24 * time.Hour

	evaluationsMax = 2 // at once
	triesMax       = 8 // beside changes of what somebody is called
)

// Why something may be refused.
var (
	// ErrOff means that who asks does not want to be found, and so finds nobody.
	ErrOff = errors.New("discovery is off")
	// ErrKey means that what is asked is of another key than the present one.
	ErrKey = errors.New("of another key")
	// ErrMany means that there are too many, or none, of something.
	ErrMany = errors.New("none, or too many")
	// ErrChanged means that what somebody is called has changed meanwhile.
	ErrChanged = errors.New("changed meanwhile")
)

// ElementsError says which elements are none that the function is evaluated for.
type ElementsError []int

// Error says so.
func (e ElementsError) Error() string { return fmt.Sprintf("no elements of the group: %v", []int(e)) }

// BudgetError means that somebody may ask for no more now.
type BudgetError struct{ More time.Time } // when there is more

// Error says so.
func (e BudgetError) Error() string { return "no budget left" }

// Identifiers knows by what people are known, as Identifier writes it.
type Identifiers interface {
	Identifiers(ctx context.Context, who id.Person) ([]string, error)
}

// Blocks knows who does not want to know of whom.
type Blocks interface {
	BlockersAmong(ctx context.Context, of id.Person, candidates []id.Person) ([]id.Person, error)
	BlockedBy(ctx context.Context, who id.Person) (map[id.Person]people.Level, error)
}

// A Finder is what is kept of somebody who takes part, or did.
type Finder struct {
	On         bool
	Since      time.Time
	Seen       time.Time // when they last asked for something; zero for nobody
	Listed     int       // how many they have sent, whoever of them is here
	Generation int64     // grows when they are called otherwise
	Budget     Budget
}

// A Deposit is a value by which somebody is found.
type Deposit struct {
	Kind  Kind
	Value Value
}

// A Store keeps who takes part, their values, and which of those others list. Each
// method is one transaction.
type Store interface {
	// Finder returns what is kept of who; nothing, when nothing is.
	Finder(ctx context.Context, who id.Person) (Finder, error)
	// SetFindable has who take part, or not any more: then all of it goes but the
	// budget.
	SetFindable(ctx context.Context, who id.Person, on bool, now time.Time) error
	// Spend has spend judge the budget of who; ErrOff, or what spend returns.
	Spend(ctx context.Context, who id.Person, now time.Time, spend func(Budget) (Budget, error)) error
	// Deposits returns the values of who under a key.
	Deposits(ctx context.Context, who id.Person, key KeyID) ([]Deposit, error)
	// SetDeposits replaces them. With each that goes, lists have it no more. ErrOff;
	// ErrChanged when who is of another generation; ErrKey when the key is not the one
	// for which KeepDeposits was called last.
	SetDeposits(ctx context.Context, who id.Person, generation int64, key KeyID, values []Deposit) error
	// SetList replaces the list of who by those of values that are of others who take
	// part under a key, and keeps of the others nothing but how many there were;
	// ErrOff.
	SetList(ctx context.Context, who id.Person, key KeyID, values []Value, now time.Time) error
	// Mutual returns those who list who, and whom who lists.
	Mutual(ctx context.Context, who id.Person) ([]id.Person, error)
	// KeepDeposits deletes the values that are of another key; from then on none is
	// stored that is.
	KeepDeposits(ctx context.Context, key KeyID) error
	// ForgetFinders deletes all of those who were last seen by a time.
	ForgetFinders(ctx context.Context, before time.Time) error
}

// Config is what discovery is told.
type Config struct {
	Identifiers Identifiers
	Blocks      Blocks
	// Secret returns 32 bytes, of which the key is made. It is asked at each use:
	// somebody else may have replaced it.
	Secret func(ctx context.Context) ([]byte, error)
	Clock  func() time.Time
}

// Discovery is that of a house. It is safe for concurrent use.
type Discovery struct {
	config   Config
	store    Store
	busy     chan struct{} // has room for those who are evaluated for
	settling chan struct{} // has room for one who looks what follows from another secret

	mu     sync.Mutex // guards the rest
	secret []byte     // of which the key is
	key    *Key       // for which the records are settled; nil at first
}

// New returns the discovery kept in s, under the key that follows from the secret.
func New(s Store, c Config) *Discovery {
	return &Discovery{config: c, store: s, busy: make(chan struct{}, evaluationsMax), settling: make(chan struct{}, 1)}
}

func (d *Discovery) now() time.Time { return d.config.Clock().UTC().Truncate(time.Millisecond) }

// known returns the key of a secret, if it is the one for which the records are
// settled.
func (d *Discovery) known(secret []byte) *Key {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !bytes.Equal(secret, d.secret) {
		return nil
	}
	return d.key
}

// current returns the key that there is now. When it is another than before, what
// was made under that one is deleted first, and the records take no more of it.
func (d *Discovery) current(ctx context.Context) (*Key, error) {
	secret, err := d.config.Secret(ctx)
	if err != nil {
		return nil, err
	}
	if key := d.known(secret); key != nil {
		return key, nil
	}
	select {
	case d.settling <- struct{}{}:
		defer func() { <-d.settling }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	// It is read again after it is settled: if it was replaced meanwhile, the records
	// are settled for one that is not any more.
	for range triesMax {
		if secret, err = d.config.Secret(ctx); err != nil {
			return nil, err
		}
		if key := d.known(secret); key != nil {
			return key, nil
		}
		key, err := NewKey(secret)
		if err != nil {
			return nil, err
		}
		if err := d.store.KeepDeposits(ctx, key.ID()); err != nil {
			return nil, err
		}
		d.mu.Lock()
		d.secret, d.key = secret, key
		d.mu.Unlock()
	}
	return nil, ErrKey
}

// under returns the key that there is now, if it is the one that a client means.
func (d *Discovery) under(ctx context.Context, public []byte) (*Key, error) {
	key, err := d.current(ctx)
	if err == nil && !bytes.Equal(public, key.Public()) {
		err = ErrKey
	}
	return key, err
}

// A State is how somebody stands to discovery.
type State struct {
	Finder

	Key  []byte // the house's public one, by which clients check what they are answered
	Mine []Kind // by which they are found, or would be
}

// State returns how who stands to it, after bringing up to date by what they are
// found.
func (d *Discovery) State(ctx context.Context, who id.Person) (State, error) {
	mine, err := d.refreshed(ctx, who)
	if err != nil {
		return State{}, err
	}
	f, err := d.store.Finder(ctx, who)
	if err != nil {
		return State{}, err
	}
	if mine == nil {
		if mine, err = d.identifiers(ctx, who); err != nil {
			return State{}, err
		}
	}
	f.Budget = f.Budget.At(d.now())
	key, err := d.current(ctx)
	if err != nil {
		return State{}, err
	}
	s := State{Finder: f, Key: key.Public(), Mine: []Kind{}}
	for _, one := range mine {
		if !slices.Contains(s.Mine, one.Kind()) {
			s.Mine = append(s.Mine, one.Kind())
		}
	}
	return s, nil
}

// TurnOn has who be found by those whom they list.
func (d *Discovery) TurnOn(ctx context.Context, who id.Person) error {
	if err := d.store.SetFindable(ctx, who, true, d.now()); err != nil {
		return err
	}
	return d.Refresh(ctx, who)
}

// TurnOff deletes all of it, but the budget: who turns it on again does not have
// more.
func (d *Discovery) TurnOff(ctx context.Context, who id.Person) error {
	return d.store.SetFindable(ctx, who, false, d.now())
}

func (d *Discovery) identifiers(ctx context.Context, who id.Person) ([]Identifier, error) {
	texts, err := d.config.Identifiers.Identifiers(ctx, who)
	if err != nil {
		return nil, err
	}
	out := []Identifier{}
	for _, text := range texts[:min(len(texts), IdentifiersMax)] {
		one, ok := ParseIdentifier(text)
		if ok && !slices.Contains(out, one) {
			out = append(out, one)
		}
	}
	return out, nil
}

// Refresh brings up to date by what who is found. It is called after they are
// called otherwise; the store has dropped by then what they were called before.
func (d *Discovery) Refresh(ctx context.Context, who id.Person) error {
	_, err := d.refreshed(ctx, who)
	return err
}

// refreshed returns the identifiers by which who is found; nil where it did not have
// to ask for them, since who takes no part.
func (d *Discovery) refreshed(ctx context.Context, who id.Person) ([]Identifier, error) {
	for try := 1; ; try++ {
		mine, err := d.refresh(ctx, who)
		switch {
		case errors.Is(err, ErrOff):
			return mine, nil
		case !errors.Is(err, ErrChanged) && !errors.Is(err, ErrKey) || try == triesMax:
			return mine, err
		}
	}
}

func (d *Discovery) refresh(ctx context.Context, who id.Person) ([]Identifier, error) {
	f, err := d.store.Finder(ctx, who)
	if err != nil || !f.On {
		return nil, err
	}
	mine, err := d.identifiers(ctx, who)
	if err != nil {
		return nil, err
	}
	key, err := d.current(ctx)
	if err != nil {
		return nil, err
	}
	values := make([]Deposit, len(mine))
	for i, one := range mine {
		v, err := key.Value(one)
		if err != nil {
			return nil, err
		}
		values[i] = Deposit{one.Kind(), v}
	}
	inOrder(values)
	before, err := d.store.Deposits(ctx, who, key.ID())
	if err != nil {
		return nil, err
	}
	if inOrder(before); slices.Equal(before, values) {
		return mine, nil
	}
	return mine, d.store.SetDeposits(ctx, who, f.Generation, key.ID(), values)
}

func inOrder(some []Deposit) {
	slices.SortFunc(some, func(a, b Deposit) int { return slices.Compare(a.Value[:], b.Value[:]) })
}

// Evaluate evaluates the function for blinded elements of who, and returns a proof
// that it was done with the key. Each costs, whatever it is: ElementsError says
// which of them were none, BudgetError that there is no budget for so many.
func (d *Discovery) Evaluate(ctx context.Context, who id.Person, public []byte, blinded [][]byte) (evaluated [][]byte, proof []byte, err error) {
	if len(blinded) == 0 || len(blinded) > BatchMax {
		return nil, nil, ErrMany
	}
	key, err := d.under(ctx, public)
	if err != nil {
		return nil, nil, err
	}
	now := d.now()
	err = d.store.Spend(ctx, who, now, func(b Budget) (Budget, error) { return b.Spend(now, len(blinded)) })
	if err != nil {
		return nil, nil, err
	}
	select {
	case d.busy <- struct{}{}:
		defer func() { <-d.busy }()
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	if evaluated, proof, err = key.Evaluate(blinded); err != nil {
		return nil, nil, err
	}
	// What was made under a key that is not any more is told to nobody.
	if _, err := d.under(ctx, public); err != nil {
		return nil, nil, err
	}
	return evaluated, proof, nil
}

// List replaces the list of who, and returns whom they have found by it, and have
// not before. Values that are of nobody who takes part are dropped here.
func (d *Discovery) List(ctx context.Context, who id.Person, public []byte, values []Value) (found []id.Person, err error) {
	if len(values) > ListMax {
		return nil, ErrMany
	}
	key, err := d.under(ctx, public)
	if err != nil {
		return nil, err
	}
	if err := d.Refresh(ctx, who); err != nil {
		return nil, err
	}
	// Always in one order: two who list the same people do not wait for each other.
	slices.SortFunc(values, func(a, b Value) int { return slices.Compare(a[:], b[:]) })
	before, err := d.store.Mutual(ctx, who)
	if err != nil {
		return nil, err
	}
	if err := d.store.SetList(ctx, who, key.ID(), slices.Compact(values), d.now()); err != nil {
		return nil, err
	}
	// If there is another key by now, nothing of it was kept.
	if _, err := d.under(ctx, public); err != nil {
		return nil, err
	}
	// After it is stored: of two who list each other at once, one sees it at least.
	after, err := d.Matches(ctx, who)
	return slices.DeleteFunc(after, func(one id.Person) bool { return slices.Contains(before, one) }), err
}

// Matches returns those who list who and whom who lists, and of whom neither has
// blocked the other.
func (d *Discovery) Matches(ctx context.Context, who id.Person) ([]id.Person, error) {
	mutual, err := d.store.Mutual(ctx, who)
	if err != nil {
		return nil, err
	}
	blockers, err := d.config.Blocks.BlockersAmong(ctx, who, mutual)
	if err != nil {
		return nil, err
	}
	blocked, err := d.config.Blocks.BlockedBy(ctx, who)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(mutual, func(one id.Person) bool {
		return blocked[one] == people.LevelBlock || slices.Contains(blockers, one)
	}), nil
}

// Settle deletes what was made under another key than the present one.
func (d *Discovery) Settle(ctx context.Context) error {
	_, err := d.current(ctx)
	return err
}

// Forget deletes all of those who have not been there for long.
func (d *Discovery) Forget(ctx context.Context) error {
	return d.store.ForgetFinders(ctx, d.now().Add(-Life))
}

// A Value is by what somebody is found: it follows from an identifier and the key.
type Value [sha256.Size]byte
