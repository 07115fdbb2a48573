package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"github.com/stoa-audio/stoa/internal/store/query"
)

// Rows go over in batches that have either bound.
const (
	batchRows  = 256
	batchBytes = 1 << 20
)

var (
	// ErrNotEmpty means that there are records already where others were to be
	// copied to.
	ErrNotEmpty = errors.New("there are records already where these are to go")
	errCopied   = errors.New("what is there now is not what was read")
)

// A Table is what was copied of one.
type Table struct {
	Name string
	Rows int
	Sum  [sha256.Size]byte // of what is in them
}

// Copy copies the records at from to where there are none yet, and compares. What
// it reads is what was there at one moment, and when it fails nothing is written.
func Copy(ctx context.Context, from, to string) (_ []Table, err error) {
	if err := errors.Join(named("from", Check(from)), named("to", Check(to))); err != nil {
		return nil, err
	}
	if err := Exists(from); err != nil {
		return nil, err
	}
	source, err := Connect(ctx, from)
	if err != nil {
		return nil, named("from", err)
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := Connect(ctx, to)
	if err != nil {
		return nil, named("to", err)
	}
	defer func() { err = errors.Join(err, target.Close()) }()

	read, err := source.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, named("from", err)
	}
	defer func() { _ = read.Rollback() }()
	write, err := target.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	if err != nil {
		return nil, named("to", err)
	}
	defer func() { _ = write.Rollback() }() // does nothing after a commit

	for _, table := range query.Tables {
		there, err := scan(ctx, write, table, nil)
		if err != nil {
			return nil, named("to", err)
		}
		if there.Rows > 0 {
			return nil, fmt.Errorf("%w: %d rows of %s", ErrNotEmpty, there.Rows, table)
		}
	}
	var copied []Table
	for _, table := range query.Tables {
		b := batch{tx: write, table: table}
		t, err := scan(ctx, read, table, b.add)
		if err == nil {
			err = b.flush(ctx)
		}
		if err != nil {
			return nil, err
		}
		copied = append(copied, t)
	}
	for _, t := range copied {
		there, err := scan(ctx, write, t.Name, nil)
		if err != nil {
			return nil, named("to", err)
		}
		if there != t {
			return nil, fmt.Errorf("%s: %w", t.Name, errCopied)
		}
	}
	if err := write.Commit(); err != nil {
		return nil, named("to", err)
	}
	return copied, nil
}

func named(which string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", which, err)
}

// scan reads a table in the order of its rows' names, sums it up, and passes each
// row on, if that is wanted.
func scan(ctx context.Context, tx *sql.Tx, table string, each func(context.Context, []string, []any) error) (t Table, err error) {
	t.Name = table
	rows, err := tx.QueryContext(ctx, "SELECT * FROM "+table+" ORDER BY 1, 2") //nolint:gosec // one of query.Tables
	if err != nil {
		return t, fmt.Errorf("read %s: %w", table, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	types, err := rows.ColumnTypes()
	if err != nil {
		return t, fmt.Errorf("read %s: %w", table, err)
	}
	columns := make([]string, len(types))
	for i, c := range types {
		columns[i] = c.Name()
	}
	sum := sha256.New()
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return t, fmt.Errorf("read %s: %w", table, err)
		}
		for i, v := range values {
			values[i] = plain(v, types[i].DatabaseTypeName())
		}
		if err := add(sum, values); err != nil {
			return t, fmt.Errorf("read %s: %w", table, err)
		}
		t.Rows++
		if each == nil {
			continue
		}
		if err := each(ctx, columns, values); err != nil {
			return t, err
		}
	}
	sum.Sum(t.Sum[:0])
	if err := rows.Err(); err != nil {
		return t, fmt.Errorf("read %s: %w", table, err)
	}
	return t, nil
}

// plain makes good where drivers differ on the same value.
func plain(v any, kind string) any {
	switch v := v.(type) {
	case int64:
		if kind == "BOOLEAN" { // SQLite has only numbers
			return v != 0
		}
	case []byte:
		if v == nil { // no bytes, which are not NULL
			return []byte{}
		}
	}
	return v
}

// add adds a row to a sum: each value with what it is and how long.
func add(sum hash.Hash, values []any) error {
	var b []byte
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			b = append(b, 'n')
		case int64:
			b = binary.BigEndian.AppendUint64(append(b, 'i'), uint64(v)) //nolint:gosec // its bits
		case bool:
			b = strconv.AppendBool(append(b, 'b'), v)
		case string:
			b = append(binary.BigEndian.AppendUint64(append(b, 's'), uint64(len(v))), v...)
		case []byte:
			b = append(binary.BigEndian.AppendUint64(append(b, 'x'), uint64(len(v))), v...)
		default:
			return fmt.Errorf("a %T was not expected", v)
		}
	}
	_, err := sum.Write(b)
	return err
}

// A batch is rows that are written together.
type batch struct {
	tx      *sql.Tx
	table   string
	columns []string
	values  []any
	bytes   int
}

func (b *batch) add(ctx context.Context, columns []string, values []any) error {
	b.columns = columns
	b.values = append(b.values, values...)
	for _, v := range values {
		switch v := v.(type) {
		case string:
			b.bytes += len(v)
		case []byte:
			b.bytes += len(v)
		}
	}
	if len(b.values) < batchRows*len(columns) && b.bytes < batchBytes {
		return nil
	}
	return b.flush(ctx)
}

func (b *batch) flush(ctx context.Context) error {
	if len(b.values) == 0 {
		return nil
	}
	text := []byte("INSERT INTO " + b.table + " (" + strings.Join(b.columns, ", ") + ") VALUES ")
	for i := range b.values {
		switch {
		case i == 0:
			text = append(text, '(')
		case i%len(b.columns) == 0:
			text = append(text, "), ("...)
		default:
			text = append(text, ", "...)
		}
		text = strconv.AppendInt(append(text, '$'), int64(i)+1, 10)
	}
	if _, err := b.tx.ExecContext(ctx, string(append(text, ')')), b.values...); err != nil {
		return fmt.Errorf("write %s: %w", b.table, err)
	}
	b.values, b.bytes = b.values[:0], 0
	return nil
}
