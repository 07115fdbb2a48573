package postgres

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/stoa-audio/stoa/internal/store/query"
)

const (
	pensMax    = 12                     // writes at once; the other connections are for reading
	penLife    = 30 * 24 * time.Hour    // of one that nobody has put away
	penWait    = 10 * time.Second       // for a pen and a connection
	triesMax   = 20                     // of a write that others get in the way of
	tryWait    = 2 * time.Millisecond   // after the first try, at most; it doubles
	tryWaitMax = 100 * time.Millisecond // after a later one
	askWait    = 50 * time.Millisecond  // before it is asked again what became of a write; it doubles
	askWaitMax = 2 * time.Second
)

var (
	errClosed = errors.New("the records are closed")
	errBusy   = errors.New("too many writes wait for the database")
	errPen    = errors.New("a pen was thrown away")
	errDoubt  = errors.New("the database could not be asked whether it has stored what it was told last")
)

// A database writes through a pool of connections.
type database struct {
	pool    *sql.DB
	patient *pgx.ConnConfig // of connections on which an answer may take long
	read    *query.Queries
	pens    chan *pen     // those that nobody has
	closed  chan struct{} // closed at the end
}

// A pen numbers the writes of one writer. The number is stored with what is
// written, in the same transaction: by it a writer whose COMMIT was not answered
// finds out whether it is stored.
type pen struct {
	id      [16]byte
	written int64
}

// newDatabase takes pens, and throws away what others have left a long time ago.
func newDatabase(ctx context.Context, pool *sql.DB, patient *pgx.ConnConfig) (*database, error) {
	d := &database{pool, patient, query.New(pool), make(chan *pen, pensMax), make(chan struct{})}
	now := time.Now()
	if err := d.read.DropPensBefore(ctx, now.Add(-penLife).UnixMilli()); err != nil {
		return nil, err
	}
	for range pensMax {
		p := new(pen)
		_, _ = rand.Read(p.id[:]) // never fails (crypto/rand, Go 1.24)
		if err := d.read.AddPen(ctx, query.AddPenParams{ID: p.id[:], Used: now.UnixMilli()}); err != nil {
			return nil, err
		}
		d.pens <- p
	}
	return d, nil
}

// Write implements records.Database.
func (d *database) Write(ctx context.Context, do func(context.Context, *query.Queries) error) error {
	free, cancel := context.WithTimeoutCause(ctx, penWait, errBusy)
	defer cancel()
	var p *pen
	select {
	case p = <-d.pens:
		defer func() { d.pens <- p }()
	case <-d.closed:
		return errClosed
	case <-free.Done():
		return context.Cause(free)
	}
	wait := tryWait
	for try := 1; ; try++ {
		err := d.try(ctx, p, do)
		if !collided(err) {
			return err
		}
		if try == triesMax {
			return fmt.Errorf("others were faster %d times: %w", triesMax, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(mathrand.N(wait)): // not in step with the others
			wait = min(2*wait, tryWaitMax)
		}
	}
}

// collided reports whether a transaction was undone because of somebody else.
func collided(err error) bool {
	if errors.Is(err, errPen) {
		return true
	}
	p, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return false
	}
	switch p.Code {
	case "40001", "40P01": // serialization_failure, deadlock_detected
		return true
	case "23505", "23503": // unique_violation, foreign_key_violation: what is there now, or is not any more, is seen the next time
		return true
	}
	return false
}

func (d *database) try(ctx context.Context, p *pen, do func(context.Context, *query.Queries) error) error {
	c, tx, err := d.begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // gives it back
	ctx = context.WithoutCancel(ctx) // what has begun is not called back
	q := query.New(tx)
	if err := do(ctx, q); err != nil {
		_ = tx.Rollback() // where the connection is lost, the server does
		return err
	}
	p.written++
	now := time.Now().UnixMilli()
	rows, err := q.UsePen(ctx, query.UsePenParams{Written: p.written, Used: now, ID: p.id[:]})
	if err != nil {
		_ = tx.Rollback()
		return err
	}
	if rows == 0 { // by who thought that nobody uses it any more
		_ = tx.Rollback()
		return errors.Join(errPen, d.read.AddPen(ctx, query.AddPenParams{ID: p.id[:], Used: now}))
	}
	err = tx.Commit()
	if err == nil || undone(err) {
		return err
	}
	return d.settle(p, err)
}

// begin begins a transaction. Connections that broke while nobody needed them
// are found out here, and passed over.
func (d *database) begin(ctx context.Context) (*sql.Conn, *sql.Tx, error) {
	free, cancel := context.WithTimeout(ctx, penWait)
	defer cancel()
	for tries := 0; ; tries++ {
		c, err := d.pool.Conn(free)
		if err != nil {
			return nil, nil, err
		}
		tx, err := c.BeginTx(context.WithoutCancel(ctx), &sql.TxOptions{Isolation: sql.LevelReadCommitted})
		if err == nil {
			return c, tx, nil
		}
		_ = c.Close()
		if tries == connsMax || free.Err() != nil {
			return nil, nil, err
		}
	}
}

// undone reports whether a failed COMMIT has surely stored nothing: the server
// has said so, or was never asked.
func undone(err error) bool {
	p, answered := errors.AsType[*pgconn.PgError](err)
	return answered && p.Severity == "ERROR" || errors.Is(err, pgx.ErrTxCommitRollback) || pgconn.SafeToRetry(err)
}

// settle finds out what became of the last write of a pen, whose COMMIT was
// lost, however long it takes until the database can be asked. While the server
// still has the transaction, its question waits for that.
func (d *database) settle(p *pen, lost error) error {
	for wait := askWait; ; wait = min(2*wait, askWaitMax) {
		ctx, cancel := context.WithTimeout(context.Background(), penWait)
		written, err := d.read.Written(ctx, query.WrittenParams{Used: time.Now().UnixMilli(), ID: p.id[:]})
		cancel()
		switch {
		case err == nil && written == p.written:
			return nil
		case err == nil, errors.Is(err, sql.ErrNoRows): // a database that was put back to what it had before
			return lost
		}
		select {
		case <-d.closed:
			return errors.Join(errDoubt, lost)
		case <-time.After(wait):
		}
	}
}

// Sweep implements records.Database. What the server's own log and its archives
// have of before is not in our hands. A large table is written anew for minutes, in
// which the server says nothing.
func (d *database) Sweep(ctx context.Context) (err error) {
	pool := connect(d.patient)
	defer func() { err = errors.Join(err, pool.Close()) }()
	for _, table := range query.Tables {
		if _, err := pool.ExecContext(ctx, "VACUUM FULL "+table); err != nil {
			return err
		}
	}
	return nil
}

// Close implements records.Database.
func (d *database) Close() error {
	close(d.closed)
	ctx, cancel := context.WithTimeout(context.Background(), penWait)
	defer cancel()
	for range pensMax {
		p := <-d.pens // when its write is over
		if ctx.Err() == nil {
			_ = d.read.DropPen(ctx, p.id[:]) // or else the next start does, in a month
		}
	}
	return d.pool.Close()
}
