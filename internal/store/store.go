// Package store opens the records of a house where its operator says that they
// are, in a file or in a PostgreSQL database, and moves them from one into the
// other.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/stoa-audio/stoa/internal/store/postgres"
	"github.com/stoa-audio/stoa/internal/store/records"
	"github.com/stoa-audio/stoa/internal/store/sqlite"
)

// ErrPlace means that something names neither a file nor a database. What it is
// stays unsaid, since there may be a password in it.
var ErrPlace = errors.New("it is neither the path of a file nor postgres:// and where a database is")

// Check says what is wrong with where, if it is to say where records are: a path,
// or the URL of a PostgreSQL database.
func Check(where string) error {
	switch {
	case isURL(where):
		return postgres.Check(where)
	case where == "", strings.Contains(where, "://"), strings.Contains(where, "="), strings.HasPrefix(where, "postgres"):
		return ErrPlace
	}
	return nil
}

func isURL(where string) bool {
	return strings.HasPrefix(where, "postgres://") || strings.HasPrefix(where, "postgresql://")
}

// Open opens the records at where, makes them if there are none, and brings them
// to the present schema.
func Open(ctx context.Context, where string) (*records.Store, error) {
	if err := Check(where); err != nil {
		return nil, err
	}
	if isURL(where) {
		return postgres.Open(ctx, where)
	}
	return sqlite.Open(ctx, where)
}

// Addresses returns the hosts and ports of the database at where, if it is on
// the network.
func Addresses(where string) []string {
	if !isURL(where) {
		return nil
	}
	return postgres.Addresses(where)
}

// Connect opens the database at where as it is, without bringing it to the present
// schema.
func Connect(ctx context.Context, where string) (*sql.DB, error) {
	if err := Check(where); err != nil {
		return nil, err
	}
	if isURL(where) {
		return postgres.Connect(ctx, where)
	}
	return sqlite.Connect(ctx, where)
}

// Exists returns an error if there is no file where there should be one. Of a
// database it says nothing.
func Exists(where string) error {
	if isURL(where) {
		return nil
	}
	if _, err := os.Stat(where); err != nil {
		return fmt.Errorf("there are no records: %w", err)
	}
	return nil
}
