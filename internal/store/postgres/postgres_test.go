package postgres

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/store/postgrestest"
	"github.com/stoa-audio/stoa/internal/store/query"
	"github.com/stoa-audio/stoa/internal/store/records"
	"github.com/stoa-audio/stoa/internal/store/storetest"
)

// A house is open records, and the database that they are in.
type house struct {
	*records.Store

	database *database
}

func openAt(t *testing.T, where string) house {
	t.Helper()
	d, err := open(t.Context(), where)
	if err != nil {
		t.Fatal(err)
	}
	return house{records.New(d.read, d), d}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestStore empties one database again and again: making another one takes
// longer than each of these tests.
func TestStore(t *testing.T) {
	s := openAt(t, postgrestest.URL(t))
	storetest.Test(t, func(t *testing.T) storetest.Store {
		if _, err := s.database.pool.ExecContext(t.Context(), "TRUNCATE "+strings.Join(query.Tables, ", ")); err != nil {
			t.Fatal(err)
		}
		return s
	})
	must(t, s.Close())
}

func TestClosed(t *testing.T) {
	s := openAt(t, postgrestest.URL(t))
	must(t, s.Close())
	if err := s.SetRecovery(t.Context(), id.New[id.Person](), people.Hash{1}); !errors.Is(err, people.ErrStore) {
		t.Errorf("a write to closed records: %v", err)
	}
	if _, err := s.Account(t.Context(), id.New[id.Person]()); !errors.Is(err, people.ErrStore) {
		t.Errorf("a read of closed records: %v", err)
	}
}

// TestLongSweep keeps the server from answering for longer than anybody waits for an
// answer else: as long as a large table takes to be written anew.
func TestLongSweep(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for longer than an answer may take")
	}
	t.Parallel()
	where := postgrestest.URL(t)
	s := openAt(t, where)
	other, err := Connect(t.Context(), where)
	must(t, err)
	defer func() { must(t, other.Close()) }()
	tx, err := other.BeginTx(t.Context(), nil)
	must(t, err)
	_, err = tx.ExecContext(t.Context(), "LOCK TABLE people IN ACCESS SHARE MODE")
	must(t, err)
	began := time.Now()
	time.AfterFunc(answerWait+time.Second, func() { _ = tx.Rollback() })
	must(t, s.database.Sweep(t.Context()))
	if took := time.Since(began); took < answerWait {
		t.Errorf("it took %v: nobody was waited for", took)
	}
	must(t, s.Close())
}

// TestCollisions has two writes wait for each other. The database undoes one of
// them, which begins again, so that both are done. One that always collides is
// given up.
func TestCollisions(t *testing.T) {
	s := openAt(t, postgrestest.URL(t))
	ada, ben := person(t, s), person(t, s)
	var both, all sync.WaitGroup
	both.Add(2)
	tries := make([]int, 2)
	for i, order := range [][2]id.Person{{ada, ben}, {ben, ada}} {
		all.Go(func() {
			err := s.database.Write(t.Context(), func(ctx context.Context, q *query.Queries) error {
				tries[i]++
				if _, err := q.TakePerson(ctx, order[0][:]); err != nil {
					return err
				}
				if tries[i] == 1 { // each has taken one
					both.Done()
					both.Wait()
				}
				_, err := q.TakePerson(ctx, order[1][:])
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if tries[0]+tries[1] < 3 {
		t.Errorf("tried %v times", tries)
	}
	n := 0
	err := s.database.Write(t.Context(), func(context.Context, *query.Queries) error {
		n++
		return &pgconn.PgError{Code: "40001"}
	})
	if _, collided := errors.AsType[*pgconn.PgError](err); !collided || n != triesMax {
		t.Errorf("given up after %d tries with %v", n, err)
	}
	must(t, s.Close())
}

// TestUndone has a write that is refused: nothing of it is stored.
func TestUndone(t *testing.T) {
	s := openAt(t, postgrestest.URL(t))
	no := errors.New("no")
	who := id.New[id.Person]()
	err := s.database.Write(t.Context(), func(ctx context.Context, q *query.Queries) error {
		return errors.Join(q.AddPerson(ctx, query.AddPersonParams{ID: who[:], Created: 1}), no)
	})
	if !errors.Is(err, no) {
		t.Error(err)
	}
	if _, err := s.Account(t.Context(), who); !errors.Is(err, people.ErrNoPerson) {
		t.Errorf("what is refused is stored: %v", err)
	}
	must(t, s.Close())
}

// Nobody waits longer for a pen than they like, or for ever.
func TestPens(t *testing.T) {
	where := postgrestest.URL(t)
	s := openAt(t, where)
	var held []*pen
	for range pensMax {
		held = append(held, <-s.database.pens)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := s.SetRecovery(ctx, id.New[id.Person](), people.Hash{1}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("without a pen: %v", err)
	}
	for _, p := range held {
		s.database.pens <- p
	}
	// One that is thrown away is replaced.
	ada := person(t, s)
	must(t, s.database.read.DropPensBefore(t.Context(), time.Now().Add(time.Hour).UnixMilli()))
	for range 2 * pensMax {
		must(t, s.SetRecovery(t.Context(), ada, people.Hash{1}))
	}
	// None are left when they are not needed any more.
	must(t, s.Close())
	pool, err := Connect(t.Context(), where)
	must(t, err)
	defer pool.Close()
	var left int
	must(t, pool.QueryRowContext(t.Context(), "SELECT count(*) FROM pens").Scan(&left))
	if left != 0 {
		t.Errorf("%d pens are left", left)
	}
}

// A line on which nothing comes is given up; who uses it may wait less.
func TestLine(t *testing.T) {
	here, there := net.Pipe()
	defer there.Close()
	l := &line{Conn: here, patience: 20 * time.Millisecond}
	for what, use := range map[string]func([]byte) (int, error){"read": l.Read, "write": l.Write} {
		if _, err := use(make([]byte, 8)); !isTimeout(err) {
			t.Errorf("%s: %v", what, err)
		}
	}
	l.patience = time.Hour
	must(t, l.SetDeadline(time.Now().Add(-time.Second)))
	if _, err := l.Read(make([]byte, 8)); !isTimeout(err) {
		t.Errorf("after the deadline: %v", err)
	}
	must(t, l.SetDeadline(time.Time{}))
	go func() { _, _ = there.Write([]byte("hello")) }()
	if n, err := l.Read(make([]byte, 8)); n != 5 || err != nil {
		t.Errorf("read %d, %v", n, err)
	}
}

func isTimeout(err error) bool {
	n, ok := errors.AsType[net.Error](err)
	return ok && n.Timeout()
}

// What is wrong with a URL is said, and no password.
func TestURL(t *testing.T) {
	const secret = "hunter2"
	for where, says := range map[string]string{
		"":                                             "postgres://",
		"stoa.db":                                      "postgres://",
		"mysql://ada:hunter2@db/stoa":                  "postgres://",
		"postgres://ada:hunter2@db":                    "no name",
		"postgres://ada:hunter2@/stoa":                 "no host",
		"postgres://ada:/hunter2@db/stoa":              "%2F",
		"postgres://ada:#hunter2@db/stoa":              "%23",
		"postgres://ada:%hunter2@db/stoa":              "%25",
		"postgres://ada:hunter2@db:x/stoa":             "%3A",
		"postgres://ada:hunter2@db/stoa?sslmode=maybe": "question mark",
		"postgres://ada@db/stoa?password=hunter2&connect_timeout=-1": "question mark",
		"postgres://ada:hunter2@db/stoa?sslrootcert=/nowhere":        "not to be read",
	} {
		err := Check(where)
		if !errors.Is(err, ErrURL) || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "ada") {
			t.Errorf("%s: %v", where, err)
		}
	}
	for where, want := range map[string]string{
		"postgres://ada:hunter2@192.0.2.1:5433/stoa":       "192.0.2.1:5433",
		"postgresql://ada@db.example/stoa?sslmode=require": "db.example:5432",
		"postgres://ada@/stoa?host=/run/postgresql":        "",
	} {
		if err := Check(where); err != nil {
			t.Errorf("%s: %v", where, err)
		}
		if got := strings.Join(Addresses(where), " "); got != want {
			t.Errorf("%s is at %q", where, got)
		}
	}
	_, err := Open(t.Context(), "postgres://ada:hunter2@127.0.0.1:1/stoa")
	if err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("nobody is there: %v", err)
	}
}
