package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/stoa-audio/stoa/internal/store"
)

// together is how many rows one statement writes to SQLite.
const together = 250

// A filling writes many rows into the records of a house that has none, in one
// transaction: past the rules, which it is not about.
type filling struct {
	db       *sql.DB
	conn     *sql.Conn
	tx       *sql.Tx
	postgres bool
}

func beginFilling(ctx context.Context, where string) (_ *filling, err error) {
	f := &filling{postgres: strings.HasPrefix(where, "postgres")}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.close())
		}
	}()
	if f.db, err = store.Connect(ctx, where); err != nil {
		return nil, err
	}
	if f.conn, err = f.db.Conn(ctx); err != nil {
		return nil, err
	}
	// Who follows is there: that need not be looked up twice for each follow.
	before, within := "PRAGMA foreign_keys = OFF", "PRAGMA cache_size = -400000" // KiB
	if f.postgres {
		before, within = "SELECT 1", "SET LOCAL session_replication_role = replica"
	}
	if _, err = f.conn.ExecContext(ctx, before); err != nil {
		return nil, err
	}
	if f.tx, err = f.conn.BeginTx(ctx, nil); err != nil {
		return nil, err
	}
	_, err = f.tx.ExecContext(ctx, within)
	return f, err
}

// run runs statements one after another.
func (f *filling) run(ctx context.Context, statements ...string) error {
	for _, text := range statements {
		if _, err := f.tx.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// write writes rows into a table, and returns how many there were. It is quick when
// they come in the order of the table.
func (f *filling) write(ctx context.Context, table string, columns []string, rows iter.Seq[[]any]) (n int64, err error) {
	if f.postgres {
		return n, f.conn.Raw(func(c any) error {
			next, stop := iter.Pull(rows)
			defer stop()
			n, err = c.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromFunc(func() ([]any, error) {
				row, _ := next() // nil at the end, as it is to be
				return row, nil
			}))
			return err
		})
	}
	into := "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES "
	full, err := f.tx.PrepareContext(ctx, into+marks(len(columns), together))
	if err != nil {
		return 0, err
	}
	values := make([]any, 0, together*len(columns))
	for row := range rows {
		n++
		if values = append(values, row...); len(values) == cap(values) {
			if _, err := full.ExecContext(ctx, values...); err != nil {
				return n, errors.Join(err, full.Close())
			}
			values = values[:0]
		}
	}
	if err := full.Close(); err != nil || len(values) == 0 {
		return n, err
	}
	_, err = f.tx.ExecContext(ctx, into+marks(len(columns), len(values)/len(columns)), values...)
	return n, err
}

// marks returns the places of the values of some rows: ($1,$2),($3,$4).
func marks(columns, rows int) string {
	var b strings.Builder
	for i := range columns * rows {
		switch {
		case i == 0:
			b.WriteString("(")
		case i%columns == 0:
			b.WriteString("),(")
		default:
			b.WriteString(",")
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	return b.String() + ")"
}

// commit ends it. What PostgreSQL does by itself within minutes (autovacuum) is
// done at once.
func (f *filling) commit(ctx context.Context) error {
	if err := f.tx.Commit(); err != nil || !f.postgres {
		return err
	}
	_, err := f.conn.ExecContext(ctx, "VACUUM (ANALYZE)")
	return err
}

func (f *filling) close() (err error) {
	if f.tx != nil {
		if err = f.tx.Rollback(); errors.Is(err, sql.ErrTxDone) {
			err = nil
		}
	}
	if f.conn != nil {
		err = errors.Join(err, f.conn.Close())
	}
	if f.db != nil {
		err = errors.Join(err, f.db.Close())
	}
	return err
}
