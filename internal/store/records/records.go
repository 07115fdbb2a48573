// Package records is what the stores have in common: how people, rooms and
// reports become rows, how rows become them again, and what is asked before one
// is written. It implements people.Store, clubs.Store, deputy.Store (a live.Store),
// reports.Store, moderation.Store, news.Store, schedule.Store, conversations.Store and
// discover.Store; package storetest says what that means.
//
// It opens no database and begins no transaction: a Database does.
package records

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/stoa-audio/stoa/internal/conversations"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/moderation"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/reports"
	"github.com/stoa-audio/stoa/internal/schedule"
	"github.com/stoa-audio/stoa/internal/store/query"
)

// A Database is where the rows are.
type Database interface {
	// Write runs do in a transaction and returns when it is committed. After an
	// error nothing of it is stored; as long as that is not known, Write waits,
	// whatever becomes of ctx. It may run do again from the beginning, and then
	// the last run counts.
	//
	// Other transactions may run beside it, and each query sees what they have
	// committed by then. So do takes a person or a room before it looks at what
	// is theirs, or judges and changes by one query.
	Write(ctx context.Context, do func(context.Context, *query.Queries) error) error
	// Sweep writes everything anew, so that nothing of what was deleted before is
	// in the files.
	Sweep(ctx context.Context) error
	// Close waits for the writes that have begun, and refuses others.
	Close() error
}

// A Store is the records of a house. It is safe for concurrent use.
type Store struct {
	read  *query.Queries // outside of transactions
	db    Database
	rooms *roomSeal // nil: what happens in rooms is kept as it is
}

// New returns the records in db, which are read by read.
func New(read *query.Queries, db Database) *Store { return &Store{read: read, db: db} }

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// Migrate brings a database to the present schema.
func Migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect, options ...goose.ProviderOption) error {
	files, err := fs.Sub(query.Migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(dialect, db, files, options...)
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

// write is a write of what package people and its like know the errors of.
func (s *Store) write(ctx context.Context, what string, do func(context.Context, *query.Queries) error) error {
	return failed(what, s.db.Write(ctx, do))
}

// take has nobody else count what a person has until the transaction ends.
func take(ctx context.Context, q *query.Queries, who id.Person) error {
	rows, err := q.TakePerson(ctx, who[:])
	return changed(rows, err, people.ErrNoPerson)
}

// refusals are the answers of a store that are not failures of the store.
var refusals = []error{
	people.ErrNoPerson, people.ErrSignIn, people.ErrPasskey, people.ErrPasskeys, people.ErrNoPasskey, people.ErrNoSession,
	people.ErrNoInvite, people.ErrNoInvitesLeft, people.ErrFollowing,
	people.ErrChanged, people.ErrHandleTaken, people.ErrNoPicture,
	reports.ErrFull, reports.ErrNone,
	moderation.ErrNone, moderation.ErrFull, moderation.ErrWarden, moderation.ErrWardens, moderation.ErrAnswered,
	people.ErrHidden, people.ErrBlocks, people.ErrBlocked, people.ErrNoAddress,
	schedule.ErrNoPlan, schedule.ErrChanged, schedule.ErrTooMany, schedule.ErrGoing, schedule.ErrFull, schedule.ErrBegun,
	schedule.ErrNoCalendar,
	conversations.ErrNone, conversations.ErrDevice, conversations.ErrEpoch, conversations.ErrThere, conversations.ErrMany, conversations.ErrUnanswered,
	conversations.ErrPeople, conversations.ErrSize, conversations.ErrLate, conversations.ErrTaken,
}

// A refusal is the answer of a rule that is judged in a transaction.
type refusal struct{ error }

// failed says what failed with err, unless err is nil or a refusal.
func failed(what string, err error) error {
	if err == nil {
		return nil
	}
	for _, r := range refusals {
		if errors.Is(err, r) {
			return err
		}
	}
	if no, ok := errors.AsType[refusal](err); ok {
		return no.error
	}
	return fmt.Errorf("%w: %s: %w", people.ErrStore, what, err)
}

// found is failed for a query whose row may be missing, which then is none.
func found(what string, err, none error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return none
	}
	return failed(what, err)
}

// changed returns none if no row was changed.
func changed(rows int64, err, none error) error {
	if err == nil && rows == 0 {
		return none
	}
	return err
}

// name reads an id. The schema lets in no others.
func name[T ~[id.Size]byte](b []byte) T {
	var v T
	copy(v[:], b)
	return v
}

// peopleOf reads a column of people.
func peopleOf(rows [][]byte) []id.Person {
	out := make([]id.Person, len(rows))
	for i, b := range rows {
		out[i] = name[id.Person](b)
	}
	return out
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func personOf(b []byte, created int64, sealed []byte, version int64) people.Person {
	return people.Person{ID: name[id.Person](b), Created: fromMillis(created), Sealed: sealed, Version: version}
}
