package node

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/admission"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/region"
)

// makeMember makes a network, and returns its first node's directory.
func makeMember(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), NetworkDir)
	if _, err := admission.Make(dir, []string{"eu", "us"}, "one", "192.0.2.1:7883", time.Now()); err != nil {
		t.Fatal(err)
	}
	return dir
}

// without copies a directory without its door.
func without(t *testing.T, dir string) string {
	t.Helper()
	other := filepath.Join(t.TempDir(), NetworkDir)
	if err := os.Mkdir(other, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"root.crt", "regions.crt", "node.crt", "node.key", "door"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(other, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return other
}

func member(t *testing.T, dir, fence string) *membership {
	t.Helper()
	f, err := region.ParseFence(fence)
	if err != nil {
		t.Fatal(err)
	}
	m, err := openMembership(dir, f)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// What is ruled at a door goes on to nodes without one, once, and to those only
// that may hear of it; it is known after a start, too.
func TestRulings(t *testing.T) {
	dir := makeMember(t)
	far := without(t, dir)
	here, there := member(t, dir, "*"), member(t, far, "eu")
	if _, err := here.look(); err != nil {
		t.Fatal(err)
	}
	_, next := here.told(region.Anywhere, 0)
	office, err := admission.OpenOffice(dir) // as the command does
	if err != nil {
		t.Fatal(err)
	}
	gone := id.New[id.Node]()
	if err := office.Remove(time.Now(), gone, region.Place{Region: "us", Operator: "two"}); err != nil {
		t.Fatal(err)
	}
	if err := office.AddRegion(time.Now(), "ap"); err != nil {
		t.Fatal(err)
	}
	if news, err := here.look(); err != nil || !news || !here.store.Load().Trusts("ap") {
		t.Errorf("%v, %v, %v", news, err, here.store.Load().Names())
	}
	if news, err := here.look(); err != nil || news {
		t.Errorf("a second time: %v, %v", news, err)
	}
	all, _ := here.told(region.Anywhere, next)
	if few, end := here.told(region.In("eu"), next); len(all) != 2 || len(few) != 1 || few[0].Removed != nil {
		t.Errorf("%d are told to all, %d inside eu", len(all), len(few))
	} else if none, _ := here.told(region.In("eu"), end); len(none) > 0 {
		t.Errorf("%d are told twice", len(none))
	}
	for _, r := range all {
		for _, want := range []bool{true, false} {
			if news, err := there.ruled(r); err != nil || news != want {
				t.Errorf("news %v, want %v; %v", news, want, err)
			}
		}
	}
	if there.store.Load().Trusts("ap") {
		t.Error("a fenced node trusts a region outside")
	}
	again := member(t, far, "*")
	if again.ledger.Removals()[0].Node != gone || !again.store.Load().Trusts("ap") {
		t.Errorf("after a start: %+v, %v", again.ledger.Removals(), again.store.Load().Names())
	}
	for _, r := range []identity.Ruling{{}, {Region: []byte("rubbish")}, {Removed: new(identity.SignedRemoval)}} {
		if news, _ := there.ruled(r); news {
			t.Errorf("%+v is news", r)
		}
	}
}

// Doors are asked in turn: those that are known now, those of the last start, and
// the one at which the node came in; outside the fence there is none.
func TestDoorsInTurn(t *testing.T) {
	far := without(t, makeMember(t))
	eu, us := region.Place{Region: "eu", Operator: "two"}, region.Place{Region: "us", Operator: "two"}
	if err := admission.WriteDoors(far, []admission.Door{{Address: "192.0.2.2:1", Place: eu}, {Address: "192.0.2.3:1", Place: us}}); err != nil {
		t.Fatal(err)
	}
	for fence, want := range map[string][]string{
		"*":      {"192.0.2.4:1", "192.0.2.2:1", "192.0.2.3:1", "192.0.2.1:7883"},
		"eu":     {"192.0.2.4:1", "192.0.2.2:1", "192.0.2.1:7883"},
		"eu@two": {"192.0.2.4:1", "192.0.2.2:1"},
		"us":     {"192.0.2.3:1"},
		"ap":     nil,
	} {
		m := member(t, far, fence)
		m.doors = func() []admission.Door { return []admission.Door{{Address: "192.0.2.4:1", Place: eu}} }
		if got := m.seeds(); !slices.Equal(got, want) {
			t.Errorf("inside %s: %v, want %v", fence, got, want)
		}
	}
	m := member(t, far, "*")
	m.doors = func() []admission.Door { return []admission.Door{{Address: "192.0.2.9:1", Place: eu}} }
	if err := m.save(); err != nil {
		t.Fatal(err)
	}
	if got := member(t, far, "*").saved; len(got) != 1 || got[0].Address != "192.0.2.9:1" {
		t.Errorf("remembered are %+v", got)
	}
}

func TestWidened(t *testing.T) {
	far := without(t, makeMember(t))
	for _, one := range []struct {
		fence string
		wider bool
	}{{"eu@one", false}, {"eu@one", false}, {"eu", true}, {"eu@one", false}, {"us", true}, {"*", true}, {"eu", false}} {
		before, wider, err := member(t, far, one.fence).widened()
		if err != nil || wider != one.wider {
			t.Errorf("from %v to %s: %v, %v", before, one.fence, wider, err)
		}
	}
}
