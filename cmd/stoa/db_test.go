package main

import (
	"errors"
	"flag"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stoa-audio/stoa/internal/store"
	"github.com/stoa-audio/stoa/internal/store/postgrestest"
)

// A house with its records in a file moves to PostgreSQL and goes on there.
func TestMoveToPostgres(t *testing.T) {
	data, where := t.TempDir(), postgrestest.URL(t)
	file := filepath.Join(data, "stoa.db")
	args := []string{"--addr", "localhost:0", "--data", data, "--media.listen", "127.0.0.1:0"}
	r := start(t, args...)
	r.line()
	invite := r.line()
	r.end()

	printed, err := says(t, "db", "copy", "--from", file, "--to", where)
	if err != nil || !strings.Contains(printed, "invites  1 rows") || !strings.Contains(printed, "house  1 rows") || !strings.Contains(printed, "3 rows were copied") {
		t.Errorf("%q, %v", printed, err)
	}
	r = start(t, append(args, "--database", where)...)
	r.line()
	if again := r.line(); again[strings.LastIndex(again, "/"):] != invite[strings.LastIndex(invite, "/"):] {
		t.Errorf("the founder's invite was %s and is %s", invite, again)
	}
	r.end()
	if printed, err := says(t, "report", "list", "--database", where); err != nil || printed != "Nothing was reported.\n" {
		t.Errorf("its reports: %q, %v", printed, err)
	}
	if _, err := says(t, "db", "copy", "--from", file, "--to", where); !errors.Is(err, store.ErrNotEmpty) {
		t.Errorf("a second time: %v", err)
	}
}

func TestDatabaseUse(t *testing.T) {
	for _, args := range [][]string{{}, {"burn"}, {"copy"}, {"copy", "--from", "x"}, {"copy", "--to", "x"}, {"copy", "--from", "x", "--to", "y", "z"}, {"copy", "--x"}} {
		if _, err := says(t, append([]string{"db"}, args...)...); !errors.Is(err, errUsage) {
			t.Errorf("%v: %v", args, err)
		}
	}
	if _, err := says(t, "db", "-h"); !errors.Is(err, flag.ErrHelp) {
		t.Error(err)
	}
	_, err := says(t, "db", "copy", "--from", "postgres://ada:hunter2@127.0.0.1:1/stoa", "--to", filepath.Join(t.TempDir(), "x.db"))
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("nobody is there: %v", err)
	}
}
