// Package postgres keeps the records of a house in a PostgreSQL database.
//
// Writes are transactions over a pool of connections. Where two of them get in
// each other's way, one begins again. When the answer to a COMMIT is lost, the
// write waits until the database can say what became of it: nobody is told that
// something is not stored which is (docs/adr/0011).
//
// A database that is gone is asked again by whoever comes next; nothing has to be
// started anew. What the rows mean is package records' business.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/stoa-audio/stoa/internal/store/records"
)

const (
	connsMax = 16              // connections at once
	idleMax  = 5 * time.Minute // that one is kept which nobody needs
	dialWait = 5 * time.Second // to connect, unless the URL says otherwise
)

// settings of each connection of a store, where the URL has no others.
var settings = map[string]string{
	// Nobody waits longer for what another one holds, and what a client holds
	// that has vanished is let go.
	"lock_timeout":                        "8s",
	"idle_in_transaction_session_timeout": "60s",
}

// ErrURL means that something is no URL of a database. What it is stays unsaid,
// since there may be a password in it.
var ErrURL = errors.New("it is not as postgres://NAME:PASSWORD@HOST:PORT/DATABASE")

// Open opens the records in the database at a URL, and brings them to the present
// schema.
func Open(ctx context.Context, where string) (*records.Store, error) {
	db, err := open(ctx, where)
	if err != nil {
		return nil, err
	}
	return records.New(db.read, db), nil
}

func open(ctx context.Context, where string) (*database, error) {
	tables, err := Connect(ctx, where)
	if err != nil {
		return nil, err
	}
	if err := tables.Close(); err != nil {
		return nil, err
	}
	config, err := parse(where)
	if err != nil {
		return nil, err
	}
	patient := config.Copy()
	config.DialFunc = dial
	for name, value := range settings {
		if _, set := config.RuntimeParams[name]; !set {
			config.RuntimeParams[name] = value
		}
	}
	pool := connect(config)
	db, err := newDatabase(ctx, pool, patient)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the records for writing: %w", err), pool.Close())
	}
	return db, nil
}

// Connect is Open for who wants the tables themselves, and has the time to wait
// for them.
func Connect(ctx context.Context, where string) (*sql.DB, error) {
	config, err := parse(where)
	if err != nil {
		return nil, err
	}
	pool := connect(config)
	if err := migrate(ctx, pool); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return pool, nil
}

func connect(config *pgx.ConnConfig) *sql.DB {
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(connsMax)
	pool.SetMaxIdleConns(connsMax)
	pool.SetConnMaxIdleTime(idleMax)
	return pool
}

func migrate(ctx context.Context, pool *sql.DB) error {
	if err := pool.PingContext(ctx); err != nil {
		return fmt.Errorf("reach the database: %w", err)
	}
	// Of several programs that start together, one does it.
	one, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
	if err == nil {
		err = records.Migrate(ctx, pool, goose.DialectPostgres, goose.WithSessionLocker(one))
	}
	if err != nil {
		return fmt.Errorf("bring the records to the present schema: %w", err)
	}
	return nil
}

// Check says whether where is a URL of a database: ErrURL if not.
func Check(where string) error {
	_, err := parse(where)
	return err
}

// Addresses returns the hosts and ports of the database at a URL, without those
// on this machine that are reached by a file.
func Addresses(where string) (out []string) {
	config, err := parse(where)
	if err != nil {
		return nil
	}
	add := func(host string, port uint16) {
		address := net.JoinHostPort(host, strconv.Itoa(int(port)))
		if network, _ := pgconn.NetworkAddress(host, port); network == "tcp" && !slices.Contains(out, address) {
			out = append(out, address)
		}
	}
	add(config.Host, config.Port)
	for _, f := range config.Fallbacks {
		add(f.Host, f.Port)
	}
	return out
}

// parse reads a URL. Its errors quote nothing of it.
func parse(where string) (*pgx.ConnConfig, error) {
	u, err := url.Parse(where)
	switch {
	case err != nil, u.Fragment != "", strings.ContainsAny(strings.TrimPrefix(u.Path, "/"), "/@:"):
		return nil, fmt.Errorf("%w; in a name or a password, write %% as %%25, / as %%2F, : as %%3A, @ as %%40, ? as %%3F and # as %%23", ErrURL)
	case u.Scheme != "postgres" && u.Scheme != "postgresql":
		return nil, ErrURL
	case u.Path == "" || u.Path == "/":
		return nil, fmt.Errorf("%w: the database has no name", ErrURL)
	case u.Host == "" && !u.Query().Has("host"):
		return nil, fmt.Errorf("%w: it has no host", ErrURL)
	}
	config, err := pgx.ParseConfig(where)
	if err != nil {
		return nil, fmt.Errorf("%w: PostgreSQL does not know what follows the question mark, or a file named there is not to be read", ErrURL)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = dialWait
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "stoa"
	}
	return config, nil
}
