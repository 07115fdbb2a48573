package node

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"path"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cloudflare/circl/group"

	"github.com/stoa-audio/stoa/internal/discover"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/store/postgrestest"
	"github.com/stoa-audio/stoa/internal/telemetry"
)

// TestRotateWhileItRuns replaces the key of discovery under a running node, by what
// the command does: from when that returns nothing is answered under the key before,
// nothing that was made under it is stored, and under the new one all goes on.
func TestRotateWhileItRuns(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { rotateWhileItRuns(t, nil) })
	t.Run("postgres", func(t *testing.T) {
		if testing.Short() {
			t.Skip("a database of its own")
		}
		rotateWhileItRuns(t, []string{"STOA_DATABASE=" + postgrestest.Start(t).Database(t)})
	})
}

func rotateWhileItRuns(t *testing.T, environ []string) {
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	config, err := LoadConfig([]string{"--addr", "localhost:0", "--media.listen", "127.0.0.1:0", "--data", t.TempDir()}, environ, io.Discard)
	must(err)
	n, err := Start(ctx, config, telemetry.NewLog(io.Discard, config.Log, config.LogLevel))
	must(err)
	defer func() { must(n.Stop(context.WithoutCancel(ctx))) }()

	g := newGuest(t, n)
	g.post("/signup/recovery", map[string]string{"invite": path.Base(n.Invite()), "name": "Ada"})
	read := func(at string) map[string]any {
		t.Helper()
		status, answer := g.call(http.MethodGet, at, nil)
		if status != http.StatusOK {
			t.Fatalf("%s: %d, %v", at, status, answer)
		}
		return answer
	}
	ada, err := id.Parse[id.Person](read("/me")["id"].(string))
	must(err)
	w, err := n.people.OwnProfile(ctx, ada)
	must(err)
	w.Handle = "ada"
	_, err = n.people.SetProfile(ctx, ada, w.Version, w.Written)
	must(err)
	must(n.discovery.TurnOn(ctx, ada))

	blinded, err := group.Ristretto255.RandomElement(zero{}).MarshalBinaryCompress()
	must(err)
	key := func() []byte {
		t.Helper()
		text, _ := read("/discovery")["key"].(string)
		k, err := base64.RawURLEncoding.DecodeString(text)
		must(err)
		return k
	}
	rotate := func() { t.Helper(); must(RotateDiscovery(ctx, &config)) }

	before := key()
	_, _, err = n.discovery.Evaluate(ctx, ada, before, [][]byte{blinded})
	must(err)
	rotate()
	if _, _, err := n.discovery.Evaluate(ctx, ada, before, [][]byte{blinded}); !errors.Is(err, discover.ErrKey) {
		t.Errorf("an evaluation under the key of before: %v", err)
	}
	if _, err := n.discovery.List(ctx, ada, before, nil); !errors.Is(err, discover.ErrKey) {
		t.Errorf("a list under the key of before: %v", err)
	}
	if status, answer := g.call(http.MethodPut, "/discovery/list", map[string]any{"key": base64.RawURLEncoding.EncodeToString(before), "values": []string{}}); status != http.StatusConflict || answer["code"] != "other_key" {
		t.Errorf("a client is told %d, %v", status, answer)
	}
	after := key()
	if bytes.Equal(before, after) {
		t.Fatal("it is the key of before")
	}
	_, _, err = n.discovery.Evaluate(ctx, ada, after, [][]byte{blinded})
	must(err)
	_, err = n.discovery.List(ctx, ada, after, nil)
	must(err)
	found := func(of []byte) int {
		t.Helper()
		values, err := n.store.Deposits(ctx, ada, discover.IDOf(of))
		must(err)
		return len(values)
	}
	if found(before) != 0 || found(after) != 1 {
		t.Errorf("she is found by %d values of before, and %d of now", found(before), found(after))
	}

	// Again and again, while all is asked for at once.
	working, stop := context.WithCancel(ctx)
	var others sync.WaitGroup
	var present atomic.Pointer[[]byte]
	present.Store(&after)
	var evaluated atomic.Int64
	for range 2 {
		others.Go(func() {
			for working.Err() == nil {
				under := *present.Load()
				_, _, err := n.discovery.Evaluate(working, ada, under, [][]byte{blinded})
				_, is := errors.AsType[discover.BudgetError](err)
				switch {
				case err == nil:
					evaluated.Add(1)
				case is, errors.Is(err, discover.ErrKey), working.Err() != nil:
				default:
					t.Errorf("evaluated: %v", err)
				}
			}
		})
		others.Go(func() {
			for working.Err() == nil {
				if _, err := n.discovery.List(working, ada, *present.Load(), nil); err != nil && !errors.Is(err, discover.ErrKey) && working.Err() == nil {
					t.Errorf("listed: %v", err)
				}
			}
		})
	}
	for range 4 {
		old := *present.Load()
		rotate()
		if _, _, err := n.discovery.Evaluate(ctx, ada, old, [][]byte{blinded}); !errors.Is(err, discover.ErrKey) {
			t.Errorf("an evaluation under the key of before: %v", err)
		}
		now := key()
		for range 3 {
			if n := found(old); n != 0 {
				t.Errorf("%d values of the key of before are stored", n)
			}
		}
		present.Store(&now)
	}
	stop()
	others.Wait()
	if evaluated.Load() == 0 {
		t.Error("nothing was asked for meanwhile")
	}
}

// zero is chance that is always the same.
type zero struct{}

func (zero) Read(b []byte) (int, error) { clear(b); b[0] = 1; return len(b), nil }
