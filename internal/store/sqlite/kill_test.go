package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/room/live"
)

// killPath names the file of a process that is going to be killed: this test
// binary, started again.
const killPath = "STOA_TEST_KILL_PATH"

func TestMain(m *testing.M) {
	if path := os.Getenv(killPath); path != "" {
		if err := appendForever(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// appendForever lets several rooms go on from where they are, and prints the
// name of a room and the number of its last event once that is acknowledged.
func appendForever(path string) error {
	ctx := context.Background()
	s, err := Open(ctx, path)
	if err != nil {
		return err
	}
	records, err := s.Load(ctx)
	if err != nil {
		return err
	}
	for len(records) < 4 {
		name := id.New[id.Room]()
		if err := s.Append(ctx, name, 1, 1, []room.Event{tea(id.New[id.Person]())}); err != nil {
			return err
		}
		records = append(records, live.Record{Name: name, Term: 1, Events: make([]room.Event, 1)})
	}
	failed := make(chan error)
	var mu sync.Mutex // of the output
	for _, r := range records {
		go func() {
			for next := uint64(len(r.Events)) + 1; ; next += 2 {
				two := []room.Event{
					room.Entered{Who: id.New[id.Person](), Name: "Bo"},
					room.Entered{Who: id.New[id.Person](), Name: strconv.FormatUint(next+1, 10)},
				}
				if err := s.Append(ctx, r.Name, r.Term, next, two); err != nil {
					failed <- err
				}
				mu.Lock()
				fmt.Println(r.Name, next+1)
				mu.Unlock()
			}
		}()
	}
	return <-failed
}

// TestKill kills a process in the middle of its writes, again and again. What
// it has acknowledged must be there, and nothing by halves.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stoa.db")
	acknowledged := make(map[string]int)
	for round := range 6 {
		killOne(t, path, acknowledged)
		s := open(t, path)
		records, err := s.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		stored := make(map[string]int)
		for _, r := range records {
			stored[r.Name.String()] = len(r.Events)
			if len(r.Events)%2 != 1 {
				t.Errorf("round %d: half of a write is there", round)
			}
		}
		for name, n := range acknowledged {
			if stored[name] < n {
				t.Errorf("round %d: %d events were acknowledged, %d are there", round, n, stored[name])
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("acknowledged: %v", acknowledged)
	if len(acknowledged) == 0 {
		t.Fatal("no write was acknowledged")
	}
}

// killOne starts a process, notes what it acknowledges, and kills it some time
// after its first acknowledgement.
func killOne(t *testing.T, path string, acknowledged map[string]int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), killPath+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var kill sync.Once
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		kill.Do(func() {
			time.AfterFunc(rand.N(300*time.Millisecond), func() { _ = cmd.Process.Kill() })
		})
		var name string
		var n int
		// A line cut short by the kill was printed after the write, but says
		// nothing that can be trusted.
		if _, err := fmt.Sscanf(lines.Text(), "%26s %d", &name, &n); err == nil && n%2 == 1 {
			acknowledged[name] = max(acknowledged[name], n)
		}
	}
	_ = cmd.Wait() // it was killed
}
