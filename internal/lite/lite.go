// Package lite opens SQLite files that nobody else on the machine can read, and in
// which nothing is left of what is deleted. What is in a file, and how its log is
// kept, is for those who have it opened.
package lite

import (
	"database/sql"
	"net/url"
	"os"

	_ "modernc.org/sqlite" // the driver
)

// Make makes the file path, if there is none and one is to be made; else the error
// is fs.ErrNotExist. SQLite itself would let others read it.
func Make(path string, create bool) error {
	flags := os.O_RDWR
	if create {
		flags |= os.O_CREATE
	}
	f, err := os.OpenFile(path, flags, 0o600) //nolint:gosec // the operator names it
	if err != nil {
		return err
	}
	return f.Close()
}

// Connect returns a pool of at most n connections to the file path, each of which
// begins with pragmas.
func Connect(path string, n int, pragmas ...string) (*sql.DB, error) {
	options := url.Values{"_pragma": append([]string{"busy_timeout(5000)", "secure_delete(1)"}, pragmas...)}
	file := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: options.Encode()}
	db, err := sql.Open("sqlite", file.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return db, nil
}
