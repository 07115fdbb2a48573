package sqlite

import (
	"bytes"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/people/peopletest"
	"github.com/stoa-audio/stoa/internal/store/query"
)

// TestNamesOfBefore seals names that an earlier version has stored, and looks for
// them in the files afterwards.
func TestNamesOfBefore(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	path := filepath.Join(dir, "stoa.db")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)")
	must(err)
	files, err := fs.Sub(query.Migrations, "migrations")
	must(err)
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	must(err)
	_, err = p.UpTo(ctx, 5)
	must(err)
	var who []id.Person
	for range 500 {
		one := id.New[id.Person]()
		who = append(who, one)
		_, err := db.ExecContext(ctx, "INSERT INTO people (id, name, created) VALUES ($1, $2, 1)", one[:], "Canary "+one.String())
		must(err)
	}
	_, err = db.ExecContext(ctx, "DELETE FROM people WHERE id = $1", who[0][:]) // on a page that is free
	must(err)
	must(db.Close())

	s := open(t, path)
	defer func() { must(s.Close()) }()
	must(s.Bind(ctx, [16]byte{1}))
	house, err := people.New(s, people.Config{
		URL: &url.URL{Scheme: "https", Host: "stoa.example"}, House: "Test", Keys: new(peopletest.Keys), Index: peopletest.NoIndex{}, Clock: time.Now,
	})
	must(err)
	settled, err := house.Settle(ctx)
	if err != nil || settled != (people.Settled{Sealed: 499}) {
		t.Fatalf("%+v, %v", settled, err)
	}
	for _, one := range who[1:] {
		a, err := house.Account(ctx, one)
		if err != nil || a.Name != "Canary "+one.String() {
			t.Fatalf("%+v, %v", a, err)
		}
	}
	all, err := os.ReadDir(dir)
	must(err)
	for _, f := range all {
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		must(err)
		if bytes.Contains(text, []byte("Canary")) {
			t.Errorf("%s has a name", f.Name())
		}
	}
	if settled, err := house.Settle(ctx); err != nil || settled != (people.Settled{}) {
		t.Errorf("again: %+v, %v", settled, err)
	}
}

// A start goes over more people than it looks at together: those who were erased
// and are there again go, and those without a key stay.
func TestSettleMany(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "stoa.db"))
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx, keys := t.Context(), new(peopletest.Keys)
	who := make([]id.Person, 2500)
	var gone, unreadable int
	var last id.Person
	for i := range who {
		who[i] = id.New[id.Person]()
		if bytes.Compare(who[i][:], last[:]) > 0 {
			last = who[i]
		}
	}
	for i, one := range who {
		if _, err := s.file.writer.conn.ExecContext(ctx, "INSERT INTO people (id, created) VALUES (?, 0)", one[:]); err != nil {
			t.Fatal(err)
		}
		if i%7 == 3 {
			unreadable++
			continue
		}
		if err := keys.Make(ctx, one); err != nil {
			t.Fatal(err)
		}
		if i%11 == 5 || one == last {
			gone++
			if err := errors.Join(keys.Doom(ctx, one), keys.Destroy(ctx, one)); err != nil {
				t.Fatal(err)
			}
		}
	}
	p, err := people.New(s, people.Config{
		URL: &url.URL{Scheme: "https", Host: "stoa.example"}, House: "Test", Keys: keys, Index: peopletest.NoIndex{}, Clock: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	settled, err := p.Settle(ctx)
	if err != nil || settled != (people.Settled{Purged: gone, Unreadable: unreadable}) {
		t.Errorf("%+v, %v, and not %d gone, %d unreadable", settled, err, gone, unreadable)
	}
	all, err := s.PeopleAfter(ctx, id.Person{}, 3000)
	if err != nil || len(all) != len(who)-gone {
		t.Errorf("%d are left, %v", len(all), err)
	}
}
