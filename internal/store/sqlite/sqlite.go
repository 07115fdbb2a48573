// Package sqlite keeps the records of a house in one SQLite file.
//
// There is one connection that writes and several that read. Every write goes
// through one goroutine, which commits what has gathered meanwhile in one
// transaction: many rooms share one wait for the disk. The journal is a
// write-ahead log that is synced at every commit (synchronous=FULL), so that
// what was acknowledged survives a loss of power.
//
// The driver is SQLite translated to Go; there is no C in it. What the rows
// mean is package records' business.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"

	"github.com/stoa-audio/stoa/internal/lite"
	"github.com/stoa-audio/stoa/internal/store/query"
	"github.com/stoa-audio/stoa/internal/store/records"
)

const readersMax = 8 // connections that read

// A file is an open SQLite file.
type file struct {
	*writer

	path string
	db   *sql.DB // of the readers
	read *query.Queries
}

// Open opens the records in the file path, makes them if there are none, and
// brings them to the present schema.
func Open(ctx context.Context, path string) (*records.Store, error) {
	f, err := openFile(ctx, path)
	if err != nil {
		return nil, err
	}
	return records.New(f.read, f), nil
}

func openFile(ctx context.Context, path string) (_ *file, err error) {
	if err := prepare(ctx, path); err != nil {
		return nil, err
	}
	f := &file{path: path}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	if f.writer, err = startWriter(ctx, path); err != nil {
		return nil, fmt.Errorf("open the records for writing: %w", err)
	}
	if f.db, err = connect(path, readersMax, "query_only(1)"); err != nil {
		return nil, fmt.Errorf("open the records for reading: %w", err)
	}
	if f.read, err = query.Prepare(ctx, f.db); err != nil {
		return nil, fmt.Errorf("prepare to read the records: %w", err)
	}
	return f, nil
}

// Connect is Open for who wants the tables themselves.
func Connect(ctx context.Context, path string) (*sql.DB, error) {
	if err := prepare(ctx, path); err != nil {
		return nil, err
	}
	return connect(path, readersMax)
}

// Close implements records.Database.
func (f *file) Close() error {
	var errs []error
	if f.read != nil {
		errs = append(errs, f.read.Close())
	}
	if f.db != nil {
		errs = append(errs, f.db.Close())
	}
	if f.writer != nil {
		errs = append(errs, f.writer.close())
	}
	return errors.Join(errs...)
}

// Sweep implements records.Database. Others may write meanwhile, but for a moment.
func (f *file) Sweep(ctx context.Context) (err error) {
	db, err := connect(f.path, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, "VACUUM"); err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}

// prepare makes the file if there is none, and brings it to the present schema.
func prepare(ctx context.Context, path string) (err error) {
	if err := lite.Make(path, true); err != nil {
		return fmt.Errorf("make the records: %w", err)
	}
	db, err := connect(path, 1)
	if err != nil {
		return fmt.Errorf("open the records: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := records.Migrate(ctx, db, goose.DialectSQLite3); err != nil {
		return fmt.Errorf("bring the records to the present schema: %w", err)
	}
	return nil
}

// connect returns a pool of at most n connections to the file path.
func connect(path string, n int, pragmas ...string) (*sql.DB, error) {
	return lite.Connect(path, n, append(pragmas, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)")...)
}
