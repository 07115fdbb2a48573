// Package sqlite keeps the records of a house in one SQLite file.
//
// There is one connection that writes and several that read. Every write goes
// through one goroutine, which commits what has gathered meanwhile in one
// transaction: many rooms share one wait for the disk. The journal is a
// write-ahead log that is synced at every commit (synchronous=FULL), so that
// what was acknowledged survives a loss of power.
//
// The driver is SQLite translated to Go; there is no C in it. It implements
// people.Store and live.Store; package storetest says what that means.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/reports"
	"github.com/stoa-audio/stoa/internal/store/query"
)

const readersMax = 8 // connections that read

// A Store is an open SQLite file. It is safe for concurrent use.
type Store struct {
	db     *sql.DB // of the readers
	read   *query.Queries
	writer *writer
}

// Open opens the records in the file path, makes them if there are none, and
// brings them to the present schema.
func Open(ctx context.Context, path string) (_ *Store, err error) {
	// Made here, because SQLite would let others on the machine read it.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make the records: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("make the records: %w", err)
	}
	if err := migrate(ctx, path); err != nil {
		return nil, fmt.Errorf("bring the records to the present schema: %w", err)
	}

	s := new(Store)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.writer, err = startWriter(ctx, path); err != nil {
		return nil, fmt.Errorf("open the records for writing: %w", err)
	}
	if s.db, err = connect(path, readersMax, "query_only(1)"); err != nil {
		return nil, fmt.Errorf("open the records for reading: %w", err)
	}
	if s.read, err = query.Prepare(ctx, s.db); err != nil {
		return nil, fmt.Errorf("prepare to read the records: %w", err)
	}
	return s, nil
}

// Close waits for the writes that have begun, refuses others, and closes the
// file.
func (s *Store) Close() error {
	var errs []error
	if s.read != nil {
		errs = append(errs, s.read.Close())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	return errors.Join(errs...)
}

// write runs do in a transaction of the writer.
func (s *Store) write(ctx context.Context, what string, do func(context.Context, *query.Queries) error) error {
	return failed(what, s.writer.do(ctx, do))
}

// connect returns a pool of at most n connections to the file path.
func connect(path string, n int, pragmas ...string) (*sql.DB, error) {
	options := url.Values{"_pragma": append(pragmas,
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)")}
	file := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: options.Encode()}
	db, err := sql.Open("sqlite", file.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return db, nil
}

func migrate(ctx context.Context, path string) (err error) {
	db, err := connect(path, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	files, err := fs.Sub(query.Migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

// refusals are the answers of a store that are not failures of the store.
var refusals = []error{
	people.ErrNoPerson, people.ErrSignIn, people.ErrPasskey, people.ErrPasskeys, people.ErrNoPasskey, people.ErrNoSession,
	people.ErrNoInvite, people.ErrNoInvitesLeft, people.ErrFollowing,
	reports.ErrFull, reports.ErrNone,
}

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

func personOf(b []byte, text string, created int64) people.Person {
	return people.Person{ID: name[id.Person](b), Name: text, Created: fromMillis(created)}
}
