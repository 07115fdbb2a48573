package storetest

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/room/live"
)

// killWhere names the store of a process that is going to be killed: the test's
// own binary, started again.
const killWhere = "STOA_TEST_KILL_WHERE"

// Main runs the tests of a store, or is the process that Kill kills.
func Main(m *testing.M, open func(context.Context, string) (Store, error)) {
	where := os.Getenv(killWhere)
	if where == "" {
		os.Exit(m.Run())
	}
	ctx := context.Background()
	s, err := open(ctx, where)
	if err == nil {
		err = appendForever(ctx, s)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// appendForever lets several rooms go on from where they are, and prints the
// name of a room and the number of its last event once that is acknowledged.
func appendForever(ctx context.Context, s Store) error {
	records, err := s.Load(ctx)
	if err != nil {
		return err
	}
	for len(records) < 4 {
		k := newTalk(0)
		if err := s.Append(ctx, k.name, 1, 1, k.events); err != nil {
			return err
		}
		records = append(records, live.Record{Name: k.name, Term: 1, Events: k.events})
	}
	failed := make(chan error)
	var mu sync.Mutex // of the output
	for _, r := range records {
		go func() {
			for next := uint64(len(r.Events)) + 1; ; next += 2 {
				if err := s.Append(ctx, r.Name, r.Term, next, two(next)); err != nil {
					failed <- err
				}
				mu.Lock()
				fmt.Println(r.Name, next+1) //nolint:forbidigo // it is what the test reads
				mu.Unlock()
			}
		}()
	}
	return <-failed
}

// two are the events with numbers from next on: both are stored, or none.
func two(next uint64) []room.Event {
	return []room.Event{
		room.Entered{Who: id.New[id.Person](), Name: "Bo"},
		room.Entered{Who: id.New[id.Person](), Name: strconv.FormatUint(next+1, 10)},
	}
}

// Kill kills a process in the middle of its writes, again and again. What it has
// acknowledged must be there, and nothing by halves. The store is at where, for
// the process and for open.
func Kill(t *testing.T, where string, open func(context.Context, string) (Store, error)) {
	acknowledged := make(map[string]int)
	for round := range 6 {
		killOne(t, where, acknowledged)
		s, err := open(t.Context(), where)
		must(t, err)
		stored := make(map[string]int)
		for name, r := range load(t, s) {
			stored[name.String()] = len(r.Events)
			if len(r.Events)%2 != 1 {
				t.Errorf("round %d: half of a write is there", round)
			}
		}
		for name, n := range acknowledged {
			if stored[name] < n {
				t.Errorf("round %d: %d events were acknowledged, %d are there", round, n, stored[name])
			}
		}
		must(t, s.Close())
	}
	t.Logf("acknowledged: %v", acknowledged)
	if len(acknowledged) == 0 {
		t.Fatal("no write was acknowledged")
	}
}

// killOne starts a process, notes what it acknowledges, and kills it some time
// after its first acknowledgement.
func killOne(t *testing.T, where string, acknowledged map[string]int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // this test
	cmd.Env = append(os.Environ(), killWhere+"="+where)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
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

// goneMax is how long a room may wait for a database that comes back.
const goneMax = 3 * time.Minute

// Gone lets several rooms go on while their database goes away and comes back,
// again and again. What was refused is tried again as it was: had it been stored
// all the same, the room could never go on.
func Gone(t *testing.T, s Store, rounds int, goAway, comeBack func()) {
	ctx := t.Context()
	talks := make([]talk, 8)
	for i := range talks {
		talks[i] = newTalk(0)
		must(t, s.Append(ctx, talks[i].name, 1, 1, talks[i].events))
	}
	stop := make(chan struct{})
	var all sync.WaitGroup
	last, refusals := make([]uint64, len(talks)), make([]int, len(talks))
	for i, k := range talks {
		all.Go(func() {
			last[i] = 1
			events, since := two(2), time.Now()
			for {
				err := s.Append(ctx, k.name, 1, last[i]+1, events)
				switch {
				case err == nil:
					last[i] += 2
					events, since = two(last[i]+1), time.Now()
					select {
					case <-stop:
						return
					default:
					}
				case time.Since(since) > goneMax:
					t.Errorf("room %d has %d events and does not go on: %v", i, last[i], err)
					return
				default:
					refusals[i]++
					time.Sleep(100 * time.Millisecond) // a server that begins has other things to do
				}
			}
		})
	}
	for range rounds {
		time.Sleep(rand.N(300 * time.Millisecond))
		goAway()
		time.Sleep(rand.N(300 * time.Millisecond))
		comeBack()
	}
	time.Sleep(100 * time.Millisecond)
	close(stop)
	all.Wait()
	stored := load(t, s)
	for i, k := range talks {
		same(t, uint64(len(stored[k.name].Events)), last[i])
	}
	t.Logf("acknowledged: %v; refused: %v", last, refusals)
	if last[0] == 1 {
		t.Error("the rooms did not go on")
	}
}
