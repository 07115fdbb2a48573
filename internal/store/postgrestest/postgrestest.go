// Package postgrestest runs PostgreSQL for tests: one server for all tests of a
// binary, with a database for each of them, or one of a test's own, to be
// stopped and killed. It needs the programs of PostgreSQL on the machine, and no
// server that runs there: its own listens on a socket in a directory of its own,
// and both are gone when the tests are over, however they end.
package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	superuser = "stoa"
	// A disk that others write to as well may take long until a server that was
	// killed is there again.
	readyWait = 2 * time.Minute
)

// A Server is a PostgreSQL that can be stopped and started again.
type Server struct {
	bin, dir string
	durable  bool // it waits for the disk

	keeper *exec.Cmd
	stdin  io.WriteCloser // of the keeper
}

// shared is the server that all tests of a binary have in common. It ends with
// the binary.
var shared = sync.OnceValues(func() (*Server, error) { return start(false) })

var databases atomic.Int64 // that were made

// URL returns where a new database is that is the test's own.
func URL(t *testing.T) string {
	t.Helper()
	s, err := shared()
	need(t, err)
	return s.Database(t)
}

// Start starts a server that is the test's own, and waits for the disk as one
// should.
func Start(t *testing.T) *Server {
	t.Helper()
	s, err := start(true)
	need(t, err)
	t.Cleanup(func() {
		s.end("")
		must(t, os.RemoveAll(s.dir)) // of one that was killed last
	})
	return s
}

var errMissing = errors.New("there is no initdb on this machine; on Debian it is in the package postgresql")

// need ends the test if there is an error. Where PostgreSQL is missing it is
// skipped, except in CI.
func need(t *testing.T, err error) {
	t.Helper()
	switch {
	case errors.Is(err, errMissing) && os.Getenv("CI") != "true":
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Database makes an empty database in the server, and returns where it is. It
// stays until the server ends: to drop it takes longer than most tests.
func (s *Server) Database(t *testing.T) string {
	t.Helper()
	name := fmt.Sprint("test_", databases.Add(1))
	must(t, s.exec("CREATE DATABASE "+name+" TEMPLATE template0"))
	return s.url(name)
}

func (s *Server) url(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User(superuser), Path: "/" + database, RawQuery: url.Values{"host": {s.dir}}.Encode()}
	return u.String()
}

func (s *Server) exec(text string) error {
	ctx, cancel := context.WithTimeout(context.Background(), readyWait)
	defer cancel()
	c, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, text)
	return errors.Join(err, c.Close(ctx))
}

func start(durable bool) (*Server, error) {
	initdb, err := find()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "stoa-postgres-")
	if err != nil {
		return nil, err
	}
	s := &Server{bin: filepath.Dir(initdb), dir: dir, durable: durable}
	if err := s.begin(initdb); err != nil {
		s.end("")
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

// find returns the path of initdb, of the newest version that there is.
func find() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.EvalSymlinks(path)
	}
	newest, path := 0, ""
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is right
	for _, f := range found {
		version, err := strconv.Atoi(strings.Split(f, "/")[4])
		if err == nil && version > newest {
			newest, path = version, f
		}
	}
	if path == "" {
		return "", errMissing
	}
	return path, nil
}

func (s *Server) begin(initdb string) error {
	if err := give(s.dir); err != nil {
		return err
	}
	args := []string{"-D", s.data(), "-U", superuser, "-A", "trust", "-E", "UTF8", "--no-locale"}
	if !s.durable {
		args = append(args, "--no-sync")
	}
	c := exec.CommandContext(context.Background(), initdb, args...) //nolint:gosec // found on this machine
	c.Dir, c.SysProcAttr = s.dir, account()
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return s.launch()
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// keeping starts a server, and ends it when its standard input does, as it does
// when the tests are over. It removes the directory, unless it is told to keep it.
const keeping = `
dir=$1; shift
"$@" >>"$dir/log" 2>&1 &
read -r word
kill -TERM $! 2>/dev/null # for one that has just begun: a shell has its children ignore QUIT
kill -QUIT $! 2>/dev/null
wait
[ "$word" = keep ] || rm -rf "$dir"
`

// launch starts the server, and returns when it answers.
func (s *Server) launch() (err error) {
	began := time.Now()
	for {
		if err = s.launchOnce(); err == nil {
			return nil
		}
		// Processes of one that was killed may still be about to end.
		s.end("keep")
		if time.Since(began) > readyWait {
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("PostgreSQL does not start: %w\n%s", err, log)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (s *Server) launchOnce() (err error) {
	args := []string{"-c", keeping, "keeper", s.dir, filepath.Join(s.bin, "postgres"), "-D", s.data(), "-k", s.dir}
	settings := []string{
		"listen_addresses=", "max_connections=100", "shared_buffers=32MB",
		"recovery_init_sync_method=syncfs", // else one file after the other, of a thousand
	}
	if !s.durable {
		settings = append(settings, "fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum=off", "max_wal_size=4GB", "checkpoint_timeout=1h")
	}
	for _, one := range settings {
		args = append(args, "-c", one)
	}
	before := s.pid()
	s.keeper = exec.CommandContext(context.Background(), "sh", args...) //nolint:gosec // found on this machine
	s.keeper.Dir, s.keeper.SysProcAttr = s.dir, account()
	if s.stdin, err = s.keeper.StdinPipe(); err != nil {
		return err
	}
	if err := s.keeper.Start(); err != nil {
		return err
	}
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if err = s.exec("SELECT 1"); err == nil || time.Since(began) > readyWait/2 {
			return err
		}
		if pid := s.pid(); pid != before && pid != 0 && !alive(pid) {
			return err
		}
	}
}

// pid returns the server's process, or 0.
func (s *Server) pid() int {
	text, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, _ := strconv.Atoi(first)
	return pid
}

// end ends the server as word says, and returns when it is gone.
func (s *Server) end(word string) {
	if s.keeper == nil || s.keeper.Process == nil {
		return
	}
	_, _ = io.WriteString(s.stdin, word+"\n")
	_ = s.stdin.Close()
	_ = s.keeper.Wait()
	s.keeper = nil
}

// Kill kills the server with no time to say or write anything.
func (s *Server) Kill(t *testing.T) {
	t.Helper()
	pid := s.pid()
	if pid <= 1 {
		t.Fatal("there is no server to kill")
	}
	must(t, kill(pid))
	s.end("keep")
}

// Restart starts the server again, with what it has kept.
func (s *Server) Restart(t *testing.T) {
	t.Helper()
	must(t, s.launch())
}
