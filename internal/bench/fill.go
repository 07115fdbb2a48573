package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/stoa-audio/stoa/internal/store"
)

// together is how many rows one statement writes.
const together = 250

// A filling writes many rows into the records of a house that has none, in one
// transaction: past the rules, which it is not about.
type filling struct {
	db *sql.DB
	tx *sql.Tx
}

func beginFilling(ctx context.Context, where string) (_ *filling, err error) {
	db, err := store.Connect(ctx, where)
	if err != nil {
		return nil, err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	f := &filling{db, tx}
	if strings.HasPrefix(where, "postgres") {
		// Who follows is there: that need not be looked up twice for each follow.
		_, err = tx.ExecContext(ctx, "SET LOCAL session_replication_role = replica")
	} else {
		_, err = tx.ExecContext(ctx, "PRAGMA cache_size = -400000") // KiB
	}
	if err == nil {
		_, err = tx.ExecContext(ctx, "CREATE TABLE town (n BIGINT PRIMARY KEY, id BYTEA NOT NULL)")
	}
	if err != nil {
		return nil, errors.Join(err, tx.Rollback(), db.Close())
	}
	return f, nil
}

// insert writes rows, whose values follow each other.
func (f *filling) insert(ctx context.Context, into string, columns int, values []any) error {
	rows := make([]string, 0, len(values)/columns)
	marks := make([]string, columns)
	for at := 1; at <= len(values); at += columns {
		for j := range marks {
			marks[j] = fmt.Sprintf("$%d", at+j)
		}
		rows = append(rows, "("+strings.Join(marks, ",")+")")
	}
	_, err := f.tx.ExecContext(ctx, "INSERT INTO "+into+" VALUES "+strings.Join(rows, ","), values...)
	return err
}

// follows has each of so many people follow some others, and commits. The square
// of a number that is spread evenly has a few be followed by many.
func (f *filling) follows(ctx context.Context, people, each int, now int64) (n int64, err error) {
	const index = "CREATE INDEX follows_of ON follows (whom)"
	if _, err := f.tx.ExecContext(ctx, "DROP INDEX follows_of"); err != nil {
		return 0, err
	}
	for j := range each {
		text := fmt.Sprintf(`INSERT INTO follows (who, whom, since) SELECT a.id, b.id, %d FROM town a
			JOIN town b ON b.n = ((a.n * 7919 + %d) %% %d) * ((a.n * 7919 + %d) %% %d) / %d
			WHERE a.n <> b.n ON CONFLICT DO NOTHING`, now-int64(j), 104729*(j+1), people, 104729*(j+1), people, people)
		done, err := f.tx.ExecContext(ctx, text)
		if err != nil {
			return n, err
		}
		more, err := done.RowsAffected()
		if err != nil {
			return n, err
		}
		n += more
	}
	for _, text := range []string{index, "DROP TABLE town", "ANALYZE"} {
		if _, err := f.tx.ExecContext(ctx, text); err != nil {
			return n, err
		}
	}
	return n, f.tx.Commit()
}

func (f *filling) close() error {
	err := f.tx.Rollback()
	if errors.Is(err, sql.ErrTxDone) {
		err = nil
	}
	return errors.Join(err, f.db.Close())
}
