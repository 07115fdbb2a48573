package postgres

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/store/postgrestest"
	"github.com/stoa-audio/stoa/internal/store/query"
	"github.com/stoa-audio/stoa/internal/store/records"
	"github.com/stoa-audio/stoa/internal/store/storetest"
)

func openStore(ctx context.Context, where string) (storetest.Store, error) { return Open(ctx, where) }

func TestMain(m *testing.M) { storetest.Main(m, openStore) }

func slow(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
}

func TestKill(t *testing.T) {
	slow(t)
	storetest.Kill(t, postgrestest.Start(t).Database(t), openStore)
}

// TestKillServer kills the server in the middle of writes. What the store has
// acknowledged is there, what it has refused is not, and it goes on by itself.
func TestKillServer(t *testing.T) {
	slow(t)
	server := postgrestest.Start(t)
	s := openAt(t, server.Database(t))
	storetest.Gone(t, s, 4, func() { server.Kill(t) }, func() { server.Restart(t) })
	must(t, s.Close())
}

// TestGone has a database that is away for a while. Nothing can be read or
// written then, which is said at once, and afterwards everything can.
func TestGone(t *testing.T) {
	slow(t)
	server := postgrestest.Start(t)
	s := openAt(t, server.Database(t))
	ctx := t.Context()
	who := person(t, s)
	server.Kill(t)
	began := time.Now()
	if err := s.SetRecovery(ctx, who, people.Hash(sha256.Sum256(who[:]))); !errors.Is(err, people.ErrStore) {
		t.Errorf("a write: %v", err)
	}
	if _, err := s.Account(ctx, who); !errors.Is(err, people.ErrStore) {
		t.Errorf("a read: %v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it was said after %v", took)
	}
	server.Restart(t)
	must(t, s.SetRecovery(ctx, who, people.Hash(sha256.Sum256(who[:]))))
	a, err := s.Account(ctx, who)
	if err != nil || !a.Recovery {
		t.Errorf("afterwards: %+v, %v", a, err)
	}
	must(t, s.Close())
}

// person adds somebody.
func person(t *testing.T, s house) id.Person {
	t.Helper()
	who := id.New[id.Person]()
	must(t, s.database.Write(t.Context(), func(ctx context.Context, q *query.Queries) error {
		return q.AddPerson(ctx, query.AddPersonParams{ID: who[:], Created: 1})
	}))
	return who
}

// A mean network loses a COMMIT, or the answer to it.
type mean struct {
	lose atomic.Int32
	lost func() // is called when it has
}

const (
	nothing int32 = iota
	theAnswer
	theCommit
)

func (m *mean) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := dial(ctx, network, address)
	return &meanLine{Conn: c, of: m}, err
}

type meanLine struct {
	net.Conn

	of    *mean
	loses atomic.Bool // the next answer
}

func (l *meanLine) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("commit\x00")) {
		switch l.of.lose.Swap(nothing) {
		case theAnswer:
			l.loses.Store(true)
		case theCommit:
			return len(b), l.Close()
		}
	}
	return l.Conn.Write(b)
}

func (l *meanLine) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	if !l.loses.Swap(false) {
		return n, err
	}
	if l.of.lost != nil {
		l.of.lost()
	}
	return 0, errors.Join(net.ErrClosed, l.Close())
}

// over opens the records at where, over a mean network.
func (m *mean) open(t *testing.T, where string) house {
	t.Helper()
	must(t, openAt(t, where).Close())
	config, err := parse(where)
	must(t, err)
	config.DialFunc = m.dial
	d, err := newDatabase(t.Context(), connect(config), config)
	must(t, err)
	return house{records.New(d.read, d), d}
}

// TestLostAnswers breaks connections between a COMMIT and its answer. A write
// that is stored is acknowledged, one that is not is refused.
func TestLostAnswers(t *testing.T) {
	m := new(mean)
	s := m.open(t, postgrestest.URL(t))
	ctx, name := t.Context(), id.New[id.Room]()
	must(t, s.Append(ctx, name, 1, 1, []room.Event{room.Opened{By: id.New[id.Person](), Name: "Ada", Title: "Tea"}}))
	event := []room.Event{room.Entered{Who: id.New[id.Person](), Name: "Bo"}}
	for next := uint64(2); next < 8; next += 2 {
		m.lose.Store(theAnswer)
		if err := s.Append(ctx, name, 1, next, event); err != nil {
			t.Errorf("what is stored is refused: %v", err)
		}
		m.lose.Store(theCommit)
		if err := s.Append(ctx, name, 1, next+1, event); err == nil {
			t.Error("what is not stored is acknowledged")
		}
		if m.lose.Load() != nothing {
			t.Fatal("no COMMIT was lost")
		}
		must(t, s.Append(ctx, name, 1, next+1, event))
	}
	rooms, err := s.Load(ctx)
	if err != nil || len(rooms) != 1 || len(rooms[0].Events) != 7 {
		t.Errorf("stored: %+v, %v", rooms, err)
	}
	must(t, s.Close())
}

// TestDoubt has the server fall right after a COMMIT. Until it can be asked the
// write waits, and then is acknowledged; if the records are closed before, it is
// said that nobody knows.
func TestDoubt(t *testing.T) {
	slow(t)
	server := postgrestest.Start(t)
	where := server.Database(t)
	m := &mean{lost: func() { server.Kill(t) }}
	for _, comesBack := range []bool{true, false} {
		s := m.open(t, where)
		who := person(t, s)
		m.lose.Store(theAnswer)
		result := make(chan error, 1)
		go func() { result <- s.SetRecovery(t.Context(), who, people.Hash(sha256.Sum256(who[:]))) }()
		select {
		case err := <-result:
			t.Fatalf("it is said before it is known: %v", err)
		case <-time.After(500 * time.Millisecond):
		}
		if !comesBack {
			must(t, s.Close())
			if err := <-result; !errors.Is(err, errDoubt) {
				t.Errorf("without an answer: %v", err)
			}
			return
		}
		server.Restart(t)
		if err := <-result; err != nil {
			t.Errorf("what is stored is refused: %v", err)
		}
		must(t, s.Close())
	}
}
