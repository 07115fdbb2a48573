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
	db    *sql.DB
	tx    *sql.Tx
	after string // what is to be done when all of it is there
}

func beginFilling(ctx context.Context, where string) (_ *filling, err error) {
	db, err := store.Connect(ctx, where)
	if err != nil {
		return nil, err
	}
	// Who follows is there: that need not be looked up twice for each follow.
	before, within, after := "PRAGMA foreign_keys = OFF", "PRAGMA cache_size = -400000", "SELECT 1" // KiB
	if strings.HasPrefix(where, "postgres") {
		// What PostgreSQL does by itself within minutes (autovacuum) is done at once.
		before, within, after = "SELECT 1", "SET LOCAL session_replication_role = replica", "VACUUM (ANALYZE)"
	}
	db.SetMaxOpenConns(1) // that the first is said to
	if _, err := db.ExecContext(ctx, before); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	for _, text := range []string{within, "CREATE TABLE town (n BIGINT PRIMARY KEY, id BYTEA NOT NULL)"} {
		if _, err := tx.ExecContext(ctx, text); err != nil {
			return nil, errors.Join(err, tx.Rollback(), db.Close())
		}
	}
	return &filling{db, tx, after}, nil
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
// of a number that is spread evenly has a few be followed by many. The rows come in
// the order of the table, and its indexes afterwards: twenty million in any order
// take ten times as long.
func (f *filling) follows(ctx context.Context, people, each int, now int64) (n int64, err error) {
	turns := make([]string, each)
	for j := range turns {
		turns[j] = fmt.Sprintf("(%d)", j)
	}
	spread := fmt.Sprintf("((a.n * 7919 + 104729 * (j.column1 + 1)) %% %d)", people)
	text := fmt.Sprintf(`INSERT INTO follows (who, whom, since)
		SELECT a.id, b.id, min(%d - j.column1) FROM (VALUES %s) AS j
		CROSS JOIN town a JOIN town b ON b.n = %s * %s / %d
		WHERE a.n <> b.n GROUP BY a.id, b.id ORDER BY a.id, b.id`,
		now, strings.Join(turns, ","), spread, spread, people)
	for _, text := range []string{
		"DROP INDEX follows_of", "DROP INDEX follows_told", text,
		"CREATE INDEX follows_of ON follows (whom)", "CREATE INDEX follows_told ON follows (whom, notify, who)", "DROP TABLE town", "ANALYZE",
	} {
		done, err := f.tx.ExecContext(ctx, text)
		if err != nil {
			return n, err
		}
		if strings.HasPrefix(text, "INSERT") {
			if n, err = done.RowsAffected(); err != nil {
				return n, err
			}
		}
	}
	if err := f.tx.Commit(); err != nil {
		return n, err
	}
	_, err = f.db.ExecContext(ctx, f.after)
	return n, err
}

func (f *filling) close() error {
	err := f.tx.Rollback()
	if errors.Is(err, sql.ErrTxDone) {
		err = nil
	}
	return errors.Join(err, f.db.Close())
}
