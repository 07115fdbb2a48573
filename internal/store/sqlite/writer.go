package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/stoa-audio/stoa/internal/store/query"
)

const batchMax = 256 // writes of one transaction

var errClosed = errors.New("the records are closed")

// A writer is the one connection that writes. Its goroutine takes a write, and
// with it all that wait by then, and commits them together.
type writer struct {
	db    *sql.DB
	conn  *sql.Conn
	query *query.Queries

	writes chan *write   // without a buffer: a write is taken or its caller can go
	stop   chan struct{} // closed to stop
	over   chan struct{} // closed when stopped
}

type write struct {
	do   func(context.Context, *query.Queries) error
	err  error
	done chan struct{} // closed when err is the result
}

func startWriter(ctx context.Context, path string) (_ *writer, err error) {
	w := &writer{writes: make(chan *write), stop: make(chan struct{}), over: make(chan struct{})}
	if w.db, err = connect(path, 1); err != nil {
		return nil, err
	}
	if w.conn, err = w.db.Conn(ctx); err != nil {
		return nil, errors.Join(err, w.db.Close())
	}
	if w.query, err = query.Prepare(ctx, w.conn); err != nil {
		return nil, errors.Join(err, w.conn.Close(), w.db.Close())
	}
	go w.run()
	return w, nil
}

// Write implements records.Database. Once do is taken, ctx cannot call it back:
// its result would be unknown.
func (w *writer) Write(ctx context.Context, do func(context.Context, *query.Queries) error) error {
	j := &write{do: do, done: make(chan struct{})}
	select {
	case w.writes <- j:
		<-j.done
		return j.err
	case <-w.stop:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *writer) close() error {
	close(w.stop)
	<-w.over
	return errors.Join(w.query.Close(), w.conn.Close(), w.db.Close())
}

func (w *writer) run() {
	defer close(w.over)
	var batch []*write
	for {
		select {
		case <-w.stop:
			return
		case j := <-w.writes:
			batch = append(batch[:0], j)
		}
	gather:
		for len(batch) < batchMax {
			select {
			case j := <-w.writes:
				batch = append(batch, j)
			default:
				break gather
			}
		}
		w.commit(batch)
		for _, j := range batch {
			close(j.done)
		}
		clear(batch)
	}
}

// commit writes batch in one transaction and sets each one's result. A write
// that is refused is undone alone. When the transaction fails, all have failed.
func (w *writer) commit(batch []*write) {
	ctx := context.Background()
	err := w.exec(ctx, "BEGIN IMMEDIATE")
	for _, j := range batch {
		if err != nil {
			break
		}
		err = w.step(ctx, j)
	}
	if err == nil {
		err = w.exec(ctx, "COMMIT")
	}
	if err == nil {
		return
	}
	// SQLite may have rolled back already, as it does when the disk is full;
	// then there is no transaction to roll back, and no harm in trying.
	_ = w.exec(ctx, "ROLLBACK")
	for _, j := range batch {
		j.err = err
	}
}

// step runs one write of a transaction. It returns an error when the whole
// transaction is lost.
func (w *writer) step(ctx context.Context, j *write) error {
	if err := w.exec(ctx, "SAVEPOINT step"); err != nil {
		return err
	}
	if j.err = j.do(ctx, w.query); j.err != nil {
		if err := w.exec(ctx, "ROLLBACK TO step"); err != nil {
			return fmt.Errorf("%w (then: %w)", j.err, err)
		}
	}
	return w.exec(ctx, "RELEASE step")
}

func (w *writer) exec(ctx context.Context, text string) error {
	_, err := w.conn.ExecContext(ctx, text)
	return err
}
