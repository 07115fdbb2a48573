package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/privacy"
	"github.com/stoa-audio/stoa/internal/store/postgrestest"
	"github.com/stoa-audio/stoa/internal/store/query"
	"github.com/stoa-audio/stoa/internal/store/storetest"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// places are one of each kind.
func places(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{"sqlite": filepath.Join(t.TempDir(), "stoa.db"), "postgres": postgrestest.URL(t)}
}

func tables(t *testing.T, where string) *sql.DB {
	t.Helper()
	db, err := Connect(t.Context(), where)
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	return db
}

// column is one of a table, as both databases tell of it.
type column struct {
	Table, Name, Type string
	Null              bool
}

// index is what a table can be searched by.
type index struct {
	Table   string
	Unique  bool
	Columns string
}

// TestSameSchema compares what the databases have made of one text.
func TestSameSchema(t *testing.T) {
	at := places(t)
	lite, post := tables(t, at["sqlite"]), tables(t, at["postgres"])
	a := list[column](t, lite, `SELECT m.name, c.name, lower(c.type), c."notnull" = 0 AND c.pk = 0
		FROM sqlite_schema m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name <> 'goose_db_version'`)
	b := list[column](t, post, `SELECT table_name, column_name, data_type, is_nullable = 'YES'
		FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'goose_db_version'`)
	if !reflect.DeepEqual(a, b) || len(a) < 40 {
		t.Errorf("columns\n%v\n%v", a, b)
	}
	i := list[index](t, lite, `SELECT m.name, i."unique", (SELECT group_concat(x.name, ',') FROM pragma_index_info(i.name) x)
		FROM sqlite_schema m JOIN pragma_index_list(m.name) i
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name <> 'goose_db_version'`)
	j := list[index](t, post, `SELECT c.relname, i.indisunique,
			(SELECT string_agg(a.attname, ',' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = i.indexrelid)
		FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'public' AND c.relname <> 'goose_db_version'`)
	if !reflect.DeepEqual(i, j) || len(i) < 20 {
		t.Errorf("indexes\n%v\n%v", i, j)
	}
	f := list[[3]string](t, lite, `SELECT m.name, f."from", f."table" || ' ' || f.on_delete
		FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'`)
	g := list[[3]string](t, post, `SELECT c.relname, a.attname,
			o.relname || CASE k.confdeltype WHEN 'c' THEN ' CASCADE' WHEN 'n' THEN ' SET NULL' ELSE ' ' || CAST(k.confdeltype AS TEXT) END
		FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class o ON o.oid = k.confrelid
			JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
		WHERE k.contype = 'f'`)
	if !reflect.DeepEqual(f, g) || len(f) < 8 {
		t.Errorf("references\n%v\n%v", f, g)
	}

	// query.Tables has all of them, none before one that it refers to.
	all := []string{"pens"}
	for _, table := range query.Tables {
		for _, r := range f {
			if to, _, _ := strings.Cut(r[2], " "); r[0] == table && !slices.Contains(all, to) {
				t.Errorf("%s refers to %s, which comes later", table, to)
			}
		}
		all = append(all, table)
		if !slices.ContainsFunc(privacy.Rules, func(r privacy.Rule) bool { return r.Kind == table }) {
			t.Errorf("nothing says how long %s are kept", table)
		}
	}
	columns := 0
	for _, c := range a {
		if !slices.Contains(all, c.Table) {
			t.Errorf("%s is forgotten", c.Table)
		}
		// Of each column it is said what it has about people, or that it has nothing.
		class, said := people.Columns[c.Table+"."+c.Name]
		if known := slices.ContainsFunc(people.Classes, func(k people.Kept) bool { return k.Class == class }); !said || class != "" && !known {
			t.Errorf("nobody is told of %s.%s", c.Table, c.Name)
		}
		columns++
	}
	if columns != len(people.Columns) {
		t.Errorf("%d columns are told of, and there are %d", len(people.Columns), columns)
	}
}

// list reads rows into the fields of T, in an order that all databases share.
func list[T any](t *testing.T, db *sql.DB, text string) (out []T) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), text)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var one T
		v := reflect.ValueOf(&one).Elem()
		var into []any
		switch v.Kind() {
		case reflect.Array:
			for i := range v.Len() {
				into = append(into, v.Index(i).Addr().Interface())
			}
		default:
			for _, field := range v.Fields() {
				into = append(into, field.Addr().Interface())
			}
		}
		must(t, rows.Scan(into...))
		out = append(out, one)
	}
	must(t, rows.Err())
	slices.SortFunc(out, func(a, b T) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return out
}

// TestParameters has parameters that come in another order than their numbers,
// and more than once.
func TestParameters(t *testing.T) {
	for name, where := range places(t) {
		db := tables(t, where)
		var got [5]int64
		err := db.QueryRowContext(t.Context(), `SELECT CAST($3 AS BIGINT), CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($1 AS BIGINT), CAST($3 AS BIGINT) - $2`,
			int64(1), int64(20), int64(300)).Scan(&got[0], &got[1], &got[2], &got[3], &got[4])
		if want := [5]int64{300, 1, 20, 1, 280}; err != nil || got != want {
			t.Errorf("%s: %v, want %v (%v)", name, got, want, err)
		}
		room := make([]byte, 16)
		q := query.New(db)
		must(t, q.AddRoom(t.Context(), query.AddRoomParams{Name: room, Term: 5, Seq: 7}))
		// Its numbers stand in the order 1, 2, 3, 4, 1.
		rows, err := q.ExtendRoom(t.Context(), query.ExtendRoomParams{Term: 6, Seq: 9, Name: room, Known: 7})
		if err != nil || rows != 1 {
			t.Errorf("%s: %d rows, %v", name, rows, err)
		}
		if rows, err := q.ExtendRoom(t.Context(), query.ExtendRoomParams{Term: 5, Seq: 11, Name: room, Known: 9}); err != nil || rows != 0 {
			t.Errorf("%s, of an older term: %d rows, %v", name, rows, err)
		}
	}
}

// TestCopy copies a full house from one database into another and back.
func TestCopy(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	first, post, last := filepath.Join(dir, "first.db"), postgrestest.URL(t), filepath.Join(dir, "last.db")
	s, err := Open(ctx, first)
	must(t, err)
	storetest.Fill(t, s)
	must(t, s.Close())
	_, err = tables(t, first).ExecContext(ctx, "INSERT INTO clear_names (person, name) SELECT id, 'Ada 🦉' FROM people")
	must(t, err)

	var copies [][]Table
	for _, way := range [][2]string{{first, post}, {post, last}} {
		copied, err := Copy(ctx, way[0], way[1])
		must(t, err)
		copies = append(copies, copied)
	}
	if !reflect.DeepEqual(copies[0], copies[1]) {
		t.Errorf("%v\n%v", copies[0], copies[1])
	}
	for _, c := range copies[0] {
		if c.Rows == 0 {
			t.Errorf("the test has nothing in %s", c.Name)
		}
	}
	for _, where := range []string{post, last} {
		s, err := Open(ctx, where)
		must(t, err)
		storetest.Filled(t, s)
		must(t, s.Close())
	}
	if _, err := Copy(ctx, first, post); !errors.Is(err, ErrNotEmpty) || !strings.Contains(err.Error(), "people") {
		t.Errorf("onto what is there: %v", err)
	}
	nowhere := filepath.Join(dir, "nowhere.db")
	if _, err := Copy(ctx, nowhere, filepath.Join(dir, "x.db")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("from nowhere: %v", err)
	}
	if _, err := os.Stat(nowhere); err == nil {
		t.Error("a copy from nowhere has made it")
	}
}

// TestCopyFails leaves nothing behind.
func TestCopyFails(t *testing.T) {
	ctx := t.Context()
	first, post := filepath.Join(t.TempDir(), "first.db"), postgrestest.URL(t)
	s, err := Open(ctx, first)
	must(t, err)
	storetest.Fill(t, s)
	must(t, s.Close())
	// No name has this, and no PostgreSQL takes it.
	_, err = tables(t, first).ExecContext(ctx, "UPDATE pairs SET url = 'a' || char(0) || 'b'")
	must(t, err)
	if _, err := Copy(ctx, first, post); err == nil || !strings.Contains(err.Error(), "write pairs") {
		t.Errorf("what cannot be written: %v", err)
	}
	db := tables(t, post)
	for _, table := range query.Tables {
		var n int
		must(t, db.QueryRowContext(ctx, "SELECT count(*) FROM "+table).Scan(&n))
		if n != 0 {
			t.Errorf("%d rows of %s are left", n, table)
		}
	}
	// What is written otherwise than it was read is found.
	_, err = db.ExecContext(ctx, `CREATE FUNCTION other() RETURNS trigger AS 'BEGIN NEW.created = 1; RETURN NEW; END' LANGUAGE plpgsql;
		CREATE TRIGGER other BEFORE INSERT ON people FOR EACH ROW EXECUTE FUNCTION other()`)
	must(t, err)
	_, err = tables(t, first).ExecContext(ctx, "UPDATE pairs SET url = 'https://stoa.example'")
	must(t, err)
	if _, err := Copy(ctx, first, post); !errors.Is(err, errCopied) {
		t.Errorf("another name: %v", err)
	}
}

func TestCheck(t *testing.T) {
	for where, is := range map[string]error{
		"data/stoa.db": nil, "/var/lib/stoa/records": nil, "postgres://ada@db/stoa": nil,
		"": ErrPlace, "mysql://ada:hunter2@db/stoa": ErrPlace, "host=db password=hunter2": ErrPlace, "postgres:ada:hunter2@db": ErrPlace,
	} {
		err := Check(where)
		if !errors.Is(err, is) || err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", where, err)
		}
		if _, err := Open(context.Background(), where); is != nil && !errors.Is(err, is) {
			t.Errorf("open %q: %v", where, err)
		}
	}
}
