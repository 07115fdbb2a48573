package sqlite

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/people/peopletest"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/store/query"
	"github.com/stoa-audio/stoa/internal/store/records"
	"github.com/stoa-audio/stoa/internal/store/storetest"
)

// A house is open records, and the file that they are in.
type house struct {
	*records.Store

	file *file
}

func open(t *testing.T, path string) house {
	t.Helper()
	f, err := openFile(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return house{records.New(f.read, f), f}
}

func TestStore(t *testing.T) {
	storetest.Test(t, func(t *testing.T) storetest.Store {
		s := open(t, filepath.Join(t.TempDir(), "a file? 100% of it.db"))
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s
	})
}

func tea(by id.Person) room.Event {
	return room.Opened{By: by, Name: "Ada", Title: "Tea", Visibility: room.Open, At: time.Now(), Until: time.Now()}
}

func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stoa.db")
	name := id.New[id.Room]()
	s := open(t, path)
	if err := s.Append(t.Context(), name, 1, 1, []room.Event{tea(id.New[id.Person]())}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	defer s.Close()
	rooms, err := s.Load(t.Context())
	if err != nil || len(rooms) != 1 || rooms[0].Name != name || rooms[0].Term != 2 {
		t.Fatalf("got %+v, %v", rooms, err)
	}
}

func TestSettings(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "stoa.db"))
	defer s.Close()
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "secure_delete": "1"} {
		var got string
		if err := s.file.writer.conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, want %q (%v)", pragma, got, want, err)
		}
	}
	if _, err := s.file.db.ExecContext(t.Context(), "DELETE FROM people"); err == nil {
		t.Error("a reader could write")
	}
}

func TestClosed(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "stoa.db"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Erase(t.Context(), id.New[id.Person]()); !errors.Is(err, people.ErrStore) {
		t.Errorf("a write to closed records: %v", err)
	}
	if _, err := s.Account(t.Context(), id.New[id.Person]()); !errors.Is(err, people.ErrStore) {
		t.Errorf("a read of closed records: %v", err)
	}
}

// TestFullDisk fills the file up to a limit on its pages, which SQLite reports
// as it does a full disk.
func TestFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stoa.db")
	s := open(t, path)
	defer s.Close()
	ctx, name := t.Context(), id.New[id.Room]()
	if err := s.Append(ctx, name, 1, 1, []room.Event{tea(id.New[id.Person]())}); err != nil {
		t.Fatal(err)
	}
	var pages int
	if err := s.file.writer.conn.QueryRowContext(ctx, "PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	limit(t, s, pages+20)

	stored := 1
	for {
		err := s.Append(ctx, name, 1, uint64(stored)+1, []room.Event{room.Entered{Who: id.New[id.Person](), Name: "Bo"}})
		if err != nil {
			t.Logf("full after %d events: %v", stored, err)
			break
		}
		if stored++; stored > 100000 {
			t.Fatal("the disk is never full")
		}
	}
	if _, err := s.Account(ctx, id.New[id.Person]()); !errors.Is(err, people.ErrNoPerson) {
		t.Fatalf("reading from a full disk: %v", err)
	}
	limit(t, s, 1<<30)
	rooms, err := s.Load(ctx)
	if err != nil || len(rooms) != 1 || len(rooms[0].Events) != stored {
		t.Fatalf("of %d acknowledged events these are there: %v, %v", stored, rooms, err)
	}
	if err := s.Append(ctx, name, 2, uint64(stored)+1, []room.Event{room.Ended{Why: room.EndedEmptyStage}}); err != nil {
		t.Fatalf("with room again: %v", err)
	}
}

// TestUnwritable has records that can be read only: whoever is signed in stays
// so, though the session cannot be renewed.
func TestUnwritable(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "stoa.db"))
	defer s.Close()
	ctx, now := t.Context(), time.Now()
	p, err := people.New(s, people.Config{
		URL: &url.URL{Scheme: "https", Host: "stoa.example"}, House: "Test", InviteKey: []byte("a key for tests"), Keys: new(peopletest.Keys), Index: peopletest.NoIndex{},
		Clock: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	code, _, err := p.FounderInvite(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ada, _, err := p.SignUpByRecovery(ctx, people.ByInvite(code), "Ada")
	if err != nil {
		t.Fatal(err)
	}
	_, token, err := p.SignIn(ctx, ada.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.file.writer.conn.ExecContext(ctx, "PRAGMA query_only = 1"); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * people.SessionRenew)
	if _, renewed, err := p.Session(ctx, token); err != nil || renewed {
		t.Errorf("renewed: %t, %v", renewed, err)
	}
	if _, err := p.Rename(ctx, ada.ID, "Eve"); !errors.Is(err, people.ErrStore) {
		t.Errorf("a write to records that can be read only: %v", err)
	}
}

func limit(t *testing.T, s house, pages int) {
	t.Helper()
	if _, err := s.file.writer.conn.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
		t.Fatal(err)
	}
}

// TestBatch has several writes in one transaction, of which one is refused:
// it is undone alone.
func TestBatch(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "stoa.db"))
	defer s.Close()
	no := errors.New("no")
	add := func(err error) *write {
		return &write{done: make(chan struct{}), do: func(ctx context.Context, q *query.Queries) error {
			who := id.New[id.Person]()
			if err := q.AddPerson(ctx, query.AddPersonParams{ID: who[:], Created: 1}); err != nil {
				return err
			}
			return err
		}}
	}
	batch := []*write{add(nil), add(no), add(nil)}
	s.file.writer.commit(batch)
	for i, want := range []error{nil, no, nil} {
		if !errors.Is(batch[i].err, want) {
			t.Errorf("write %d: %v, want %v", i, batch[i].err, want)
		}
	}
	var n int
	if err := s.file.db.QueryRowContext(t.Context(), "SELECT count(*) FROM people").Scan(&n); err != nil || n != 2 {
		t.Errorf("%d people are there, %v", n, err)
	}
}
