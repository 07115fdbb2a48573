// Package search keeps an index by which people are found by what they are called.
//
// In the records names are sealed, so the index is a file of its own, which is not
// backed up: it is made anew from the records and the keys (docs/adr/0069). What is
// dropped from it is in no byte of the file any more.
package search

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/lite"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/text"
)

// File is what the index is called in the data directory.
const File = "search.db"

// form is the version of the schema: an index of another one is made anew.
const form = 1

// All that is found by words is in one full-text table (SQLite, FTS5), which reads
// the texts from people. Whether everybody may find somebody is a word, too, so
// that the lists of both are intersected, and the others are not looked at.
const schema = `
CREATE TABLE people (
    n       INTEGER PRIMARY KEY,
    person  BLOB    NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    name    TEXT    NOT NULL,
    handle  TEXT    NOT NULL,
    by      TEXT    NOT NULL -- everybody, or nothing
);
CREATE VIRTUAL TABLE words USING fts5(
    name, handle, by, content='people', content_rowid='n', prefix='1 2 3', tokenize="unicode61 remove_diacritics 2"
);
INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
CREATE TRIGGER people_in AFTER INSERT ON people BEGIN
    INSERT INTO words (rowid, name, handle, by) VALUES (new.n, new.name, new.handle, new.by);
END;
CREATE TRIGGER people_out AFTER DELETE ON people BEGIN
    INSERT INTO words (words, rowid, name, handle, by) VALUES ('delete', old.n, old.name, old.handle, old.by);
END;`

// everybody stands in the column by of those whom everybody may find.
const everybody = "everybody"

// An Index is an open index. It is safe for concurrent use.
type Index struct{ db *sql.DB }

var _ people.Index = (*Index)(nil)

// Open opens the index in the file path, and makes it if it is not there. One that
// cannot be read, or is of another version, is deleted and made anew: it is empty
// then, until people.Reindex.
func Open(ctx context.Context, path string) (*Index, error) {
	x, err := open(ctx, path)
	if err == nil {
		return x, nil
	}
	if !isUseless(err) {
		return nil, fmt.Errorf("open the index: %w", err)
	}
	if err := errors.Join(remove(path), remove(path+"-journal")); err != nil {
		return nil, fmt.Errorf("make the index anew: %w", err)
	}
	if x, err = open(ctx, path); err != nil {
		return nil, fmt.Errorf("open the index: %w", err)
	}
	return x, nil
}

// isUseless reports whether err means that a file is no index of this version, and
// not that it cannot be opened now.
func isUseless(err error) bool {
	if errors.Is(err, errForm) {
		return true
	}
	broken, is := errors.AsType[*sqlite.Error](err)
	const primary = 0xff // the other bits say more about it
	return is && (broken.Code()&primary == sqlite3.SQLITE_CORRUPT || broken.Code()&primary == sqlite3.SQLITE_NOTADB)
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func open(ctx context.Context, path string) (_ *Index, err error) {
	if err := lite.Make(path, true); err != nil {
		return nil, err
	}
	// No write-ahead log: what is deleted would stay in it.
	db, err := lite.Connect(path, 4, "journal_mode(DELETE)", "synchronous(NORMAL)", "temp_store(MEMORY)")
	if err != nil {
		return nil, err
	}
	x := &Index{db}
	if err := x.begin(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return x, nil
}

var errForm = errors.New("an index of another version")

func (x *Index) begin(ctx context.Context) error {
	return x.write(ctx, func(tx *sql.Tx) error {
		var is, tables int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&is); err != nil {
			return err
		}
		switch {
		case is == form:
			_, err := tx.ExecContext(ctx, "INSERT INTO words (words, rank) VALUES ('integrity-check', 0)")
			return err
		case tables > 0:
			return errForm
		}
		_, err := tx.ExecContext(ctx, schema+fmt.Sprintf("PRAGMA user_version = %d", form))
		return err
	})
}

// Close closes the file.
func (x *Index) Close() error { return x.db.Close() }

func (x *Index) write(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := x.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// Put implements people.Index.
func (x *Index) Put(ctx context.Context, entries []people.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	err := x.write(ctx, func(tx *sql.Tx) error {
		for _, e := range entries {
			if _, err := tx.ExecContext(ctx, "DELETE FROM people WHERE person = ? AND version <= ?", e.Person[:], e.Version); err != nil {
				return err
			}
			by := ""
			if e.Findable {
				by = everybody
			}
			_, err := tx.ExecContext(ctx, "INSERT INTO people (person, version, name, handle, by) VALUES (?, ?, ?, ?, ?) ON CONFLICT (person) DO NOTHING",
				e.Person[:], e.Version, e.Name, e.Handle, by)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return failed("write the index", err)
}

// Drop implements people.Index.
func (x *Index) Drop(ctx context.Context, who []id.Person) error {
	if len(who) == 0 {
		return nil
	}
	err := x.write(ctx, func(tx *sql.Tx) error {
		for _, one := range who {
			if _, err := tx.ExecContext(ctx, "DELETE FROM people WHERE person = ?", one[:]); err != nil {
				return err
			}
		}
		return nil
	})
	return failed("delete from the index", err)
}

// Of implements people.Index.
func (x *Index) Of(ctx context.Context, who id.Person) (people.Entry, bool, error) {
	e, by := people.Entry{Indexed: people.Indexed{Person: who}}, ""
	err := x.db.QueryRowContext(ctx, "SELECT version, name, handle, by FROM people WHERE person = ?", who[:]).Scan(&e.Version, &e.Name, &e.Handle, &by)
	if errors.Is(err, sql.ErrNoRows) {
		return e, false, nil
	}
	e.Findable = by == everybody
	return e, err == nil, failed("read the index", err)
}

// After implements people.Index.
func (x *Index) After(ctx context.Context, after id.Person, most int) (out []people.Indexed, err error) {
	rows, err := x.db.QueryContext(ctx, "SELECT person, version FROM people WHERE person > ? ORDER BY person LIMIT ?", after[:], most)
	if err != nil {
		return nil, failed("read the index", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var b []byte
		var e people.Indexed
		if err := rows.Scan(&b, &e.Version); err != nil {
			return nil, failed("read the index", err)
		}
		copy(e.Person[:], b)
		out = append(out, e)
	}
	return out, failed("read the index", rows.Err())
}

// Find implements people.Index. Words that are there as a whole come before those
// that only begin so; among equals those who came first. There is no rank beyond
// that: it would cost as much as there are matches.
//
// Of those whom one knows, thousands at most, what they are called is read and
// compared here: the full-text table would read the list of a begun word once for
// each of them, and in that are a share of all people there are.
func (x *Index) Find(ctx context.Context, looked string, known []id.Person, most int) (out []id.Person, err error) {
	words := text.Words(looked)
	if len(words) == 0 || most <= 0 {
		return nil, nil
	}
	if out, err = x.among(ctx, known, text.Words(text.Fold(looked)), most); err != nil {
		return nil, err
	}
	for _, begun := range []bool{false, true} {
		if len(out) >= most {
			break
		}
		found, err := x.anybody(ctx, match(words, begun), most)
		if err != nil {
			return nil, err
		}
		for _, who := range found {
			if len(out) < most && !slices.Contains(out, who) {
				out = append(out, who)
			}
		}
	}
	return out, nil
}

// among returns those of known who are called so, by folded words.
func (x *Index) among(ctx context.Context, known []id.Person, words []string, most int) (whole []id.Person, err error) {
	if len(known) == 0 {
		return nil, nil
	}
	list, err := json.Marshal(hexes(known))
	if err != nil {
		return nil, err
	}
	rows, err := x.db.QueryContext(ctx, `SELECT p.person, p.name, p.handle
		FROM json_each(?1) k CROSS JOIN people p ON p.person = unhex(k.value)`, string(list))
	if err != nil {
		return nil, failed("search", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var begun []id.Person
	for rows.Next() {
		var b []byte
		var name, handle string
		if err := rows.Scan(&b, &name, &handle); err != nil {
			return nil, failed("search", err)
		}
		switch folded := text.Folded(name + " " + handle); {
		case !text.Has(folded, words):
		case text.HasWhole(folded, words):
			whole = append(whole, id.Person(b))
		case text.HasWhole(folded, words[:len(words)-1]):
			begun = append(begun, id.Person(b))
		}
	}
	if err := rows.Err(); err != nil {
		return nil, failed("search", err)
	}
	whole = append(whole, begun...)
	return whole[:min(len(whole), most)], nil
}

// anybody returns those of everybody who may be found by everybody.
func (x *Index) anybody(ctx context.Context, match string, most int) (out []id.Person, err error) {
	rows, err := x.db.QueryContext(ctx, `SELECT p.person FROM words w CROSS JOIN people p ON p.n = w.rowid
		WHERE words MATCH ? ORDER BY w.rowid LIMIT ?`, match+" AND by : "+everybody, most)
	if err != nil {
		return nil, failed("search", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, failed("search", err)
		}
		out = append(out, id.Person(b))
	}
	return out, failed("search", rows.Err())
}

// failed says that the index cannot be reached. What was looked for is not said.
func failed(what string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w: %s: %w", people.ErrStore, what, err)
}

// match is the expression for all words, the last one perhaps only begun.
func match(words []string, begun bool) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = `"` + w + `"` // it has letters and digits only
	}
	if begun {
		quoted[len(quoted)-1] += "*"
	}
	return "{name handle} : (" + strings.Join(quoted, " AND ") + ")"
}

func hexes(all []id.Person) []string {
	out := make([]string, len(all))
	for i, who := range all {
		out[i] = hex.EncodeToString(who[:])
	}
	return out
}
