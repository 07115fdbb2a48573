package storetest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/discover"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
)

// keepsFinders is the contract of discover.Store.
func keepsFinders(t *testing.T, s Store) {
	ctx := t.Context()
	k1, k2 := discover.KeyID{1}, discover.KeyID{2}
	a := first(t, s)
	ada, bo, cy := a.ID, invited(t, s, a, "Bo").ID, invited(t, s, a, "Cy").ID
	refused(t, s.SetFindable(ctx, id.Person{9}, true, noon), people.ErrNoPerson)
	must(t, s.SetFindable(ctx, ada, false, noon)) // who never took part leaves nothing
	f, err := s.Finder(ctx, ada)
	must(t, err)
	same(t, f, discover.Finder{})
	spend := func(n int) func(discover.Budget) (discover.Budget, error) {
		return func(b discover.Budget) (discover.Budget, error) { return b.Spend(noon, n) }
	}
	refused(t, s.Spend(ctx, ada, noon, spend(1)), discover.ErrOff)
	refused(t, s.SetList(ctx, ada, k1, nil, noon), discover.ErrOff)
	refused(t, s.SetDeposits(ctx, ada, 0, k1, nil), discover.ErrOff)

	must(t, s.SetFindable(ctx, ada, true, noon))
	refused(t, s.SetDeposits(ctx, ada, 0, k1, nil), discover.ErrKey) // nobody has said which it is
	must(t, s.KeepDeposits(ctx, k1))
	value := func(b byte) (v discover.Value) { v[0] = b; return v }
	deposit := func(b byte) discover.Deposit { return discover.Deposit{Kind: discover.Handle, Value: value(b)} }
	for i, who := range []id.Person{ada, bo, cy} {
		must(t, s.SetFindable(ctx, who, true, noon))
		must(t, s.SetDeposits(ctx, who, 0, k1, []discover.Deposit{deposit(byte(i + 1))}))
	}
	must(t, s.SetDeposits(ctx, bo, 0, k1, []discover.Deposit{deposit(1), deposit(2)})) // one's value is no other's
	got, err := s.Deposits(ctx, bo, k1)
	must(t, err)
	same(t, got, []discover.Deposit{deposit(2)})
	got, err = s.Deposits(ctx, bo, k2)
	must(t, err)
	same(t, len(got), 0)

	must(t, s.Spend(ctx, ada, noon.Add(time.Hour), spend(1000)))
	err = s.Spend(ctx, ada, noon, spend(1))
	if spent, is := errors.AsType[discover.BudgetError](err); !is || !spent.More.Equal(noon.Add(24*time.Hour)) {
		t.Errorf("spent: %v", err)
	}

	// Of a list that is kept which is of others who take part, under this key.
	must(t, s.SetList(ctx, ada, k1, []discover.Value{value(1), value(2), value(77), value(78)}, noon.Add(2*time.Hour)))
	same(t, ages(t, s, noon)["discovery_lists"].Rows, int64(1))
	must(t, s.SetList(ctx, cy, k2, []discover.Value{value(1), value(2)}, noon))
	same(t, ages(t, s, noon)["discovery_lists"].Rows, int64(1))
	f, err = s.Finder(ctx, ada)
	must(t, err)
	same(t, f, discover.Finder{On: true, Since: noon, Seen: noon.Add(2 * time.Hour), Listed: 4, Budget: discover.Budget{Counted: noon}})
	mutual := func(who id.Person, want ...id.Person) {
		t.Helper()
		got, err := s.Mutual(ctx, who)
		must(t, err)
		same(t, slices.Equal(got, want), true)
	}
	mutual(ada)
	mutual(bo)
	must(t, s.SetList(ctx, bo, k1, []discover.Value{value(1), value(3)}, noon))
	mutual(ada, bo)
	mutual(bo, ada)
	mutual(cy)

	// What is stored about somebody says whom they have found, and of the others
	// nothing; not even how many there are.
	rows, err := s.Rows(ctx, bo)
	must(t, err)
	n := 0
	for _, r := range rows {
		if r.Class == people.ClassDiscovery {
			n++
			if one, is := r.More["found"]; is {
				same(t, one, any(ada))
			}
		}
	}
	same(t, n, 3)
	must(t, s.SetList(ctx, bo, k1, []discover.Value{value(1)}, noon))
	again, err := s.Rows(ctx, bo)
	must(t, err)
	same(t, len(again), len(rows))

	// Who is called otherwise is not found by what they were called.
	handle := people.Hash{7}
	must(t, s.SetProfile(ctx, people.SealedProfile{Person: ada, Sealed: []byte{1}, Handle: &handle, Version: 1, Changed: noon}))
	mutual(bo)
	got, err = s.Deposits(ctx, ada, k1)
	must(t, err)
	same(t, len(got), 0)
	same(t, ages(t, s, noon)["discovery_lists"].Rows, int64(1)) // Bo's of Ada is gone, Ada's of Bo is there
	refused(t, s.SetDeposits(ctx, ada, 0, k1, []discover.Deposit{deposit(1)}), discover.ErrChanged)
	must(t, s.SetDeposits(ctx, ada, 1, k1, []discover.Deposit{deposit(4)}))
	must(t, s.SetProfile(ctx, people.SealedProfile{Person: ada, Sealed: []byte{2}, Handle: &handle, Version: 2, Changed: noon}))
	got, err = s.Deposits(ctx, ada, k1) // another profile, the same handle
	must(t, err)
	same(t, got, []discover.Deposit{deposit(4)})

	// Off is off, and no way to ask for more.
	must(t, s.SetFindable(ctx, ada, false, noon.Add(3*time.Hour)))
	must(t, s.SetFindable(ctx, ada, true, noon.Add(4*time.Hour)))
	f, err = s.Finder(ctx, ada)
	must(t, err)
	same(t, f, discover.Finder{On: true, Since: noon.Add(4 * time.Hour), Seen: noon.Add(4 * time.Hour), Generation: 1, Budget: discover.Budget{Counted: noon}})
	for kind, want := range map[string]int64{"discovery_people": 3, "discovery_values": 2, "discovery_lists": 0} {
		same(t, ages(t, s, noon)[kind].Rows, want)
	}

	// With a key goes what was made under it, and with a person what is theirs.
	refused(t, s.SetDeposits(ctx, ada, 1, k2, []discover.Deposit{deposit(5)}), discover.ErrKey)
	same(t, ages(t, s, noon)["discovery_values"].Rows, int64(2))
	must(t, s.KeepDeposits(ctx, k2))
	same(t, ages(t, s, noon)["discovery_values"].Rows, int64(0))
	refused(t, s.SetDeposits(ctx, ada, 1, k1, []discover.Deposit{deposit(6)}), discover.ErrKey)
	must(t, s.SetDeposits(ctx, ada, 1, k2, []discover.Deposit{deposit(5)}))
	same(t, ages(t, s, noon)["discovery_values"].Rows, int64(1))
	same(t, ages(t, s, noon)["discovery_key"].Rows, int64(1))
	must(t, s.SetDeposits(ctx, bo, 0, k2, []discover.Deposit{deposit(2)}))
	must(t, s.SetList(ctx, ada, k2, []discover.Value{value(2)}, noon.Add(4*time.Hour)))
	must(t, s.Erase(ctx, bo))
	must(t, s.ForgetFinders(ctx, noon.Add(time.Hour)))
	for kind, want := range map[string]int64{"discovery_people": 1, "discovery_values": 1, "discovery_lists": 0} {
		same(t, ages(t, s, noon)[kind].Rows, want)
	}
}

// keysAreReplaced has people be found, and list others, while the key is replaced
// again and again: when it is, nothing is stored that is of another.
func keysAreReplaced(t *testing.T, s Store) {
	ctx := t.Context()
	a := first(t, s)
	all := []id.Person{a.ID, invited(t, s, a, "Bo").ID, invited(t, s, a, "Cy").ID}
	var key atomic.Uint32
	key.Store(1)
	of := func(n uint32) (k discover.KeyID) { binary.BigEndian.PutUint32(k[:], n); return k }
	must(t, s.KeepDeposits(ctx, of(1)))
	for _, who := range all {
		must(t, s.SetFindable(ctx, who, true, noon))
	}
	working, stop := context.WithCancel(ctx)
	var writers sync.WaitGroup
	for i, who := range all {
		writers.Go(func() {
			for working.Err() == nil {
				n := key.Load()
				var v, other discover.Value
				binary.BigEndian.PutUint32(v[:], n)
				other = v
				v[31], other[31] = byte(i), byte((i+1)%len(all))
				err := s.SetDeposits(ctx, who, 0, of(n), []discover.Deposit{{Kind: discover.Handle, Value: v}})
				if err == nil {
					err = s.SetList(ctx, who, of(n), []discover.Value{other}, noon)
				}
				if err != nil && !errors.Is(err, discover.ErrKey) {
					t.Error(err)
				}
			}
		})
	}
	for n := uint32(2); n < 25; n++ {
		must(t, s.KeepDeposits(ctx, of(n)))
		for _, who := range all {
			old, err := s.Deposits(ctx, who, of(n-1))
			must(t, err)
			same(t, len(old), 0)
		}
		time.Sleep(time.Duration(n%3) * time.Millisecond)
		for _, who := range all { // what was under way has come by now
			old, err := s.Deposits(ctx, who, of(n-1))
			must(t, err)
			same(t, len(old), 0)
		}
		key.Store(n)
		time.Sleep(5 * time.Millisecond)
	}
	for _, who := range all { // and what is of the last comes
		var now []discover.Deposit
		for until := time.Now().Add(10 * time.Second); len(now) == 0 && time.Now().Before(until); time.Sleep(time.Millisecond) {
			var err error
			now, err = s.Deposits(ctx, who, of(24))
			must(t, err)
		}
		same(t, len(now), 1)
	}
	stop()
	writers.Wait()
}

// A modelled is somebody as they ought to be.
type modelled struct {
	id        id.Person
	handle    string
	on        bool
	deposited bool                 // since the last rotation
	kept      map[string]id.Person // of what they list, that of others
	blocks    map[id.Person]bool
}

// peopleFindEachOther has people do all that there is in a random order, and looks
// after each step whether those have found each other who ought to, and whether
// there is anything else.
func peopleFindEachOther(t *testing.T, s Store) {
	ctx := t.Context()
	p, _, invite := house(t, s)
	first, _, err := p.SignUpByRecovery(ctx, people.ByInvite(invite), "Ada")
	must(t, err)
	const size, steps = 6, 250
	const seed = 2 // it is the bug report
	chance := rand.New(rand.NewPCG(seed, seed))
	all := []*modelled{{id: first.ID}}
	for range size {
		all = append(all, &modelled{id: comes(t, p, s, first.Person, "Bo").ID})
	}
	for _, m := range all {
		m.kept, m.blocks = make(map[string]id.Person), make(map[id.Person]bool)
	}
	handles := []string{"ada", "boo", "cyy", "dee", "eve", "fay", "guy", "hal", "nobody", "no_one"}
	secret := make([]byte, 32)
	d := discover.New(s, discover.Config{
		Identifiers: p, Blocks: p, Clock: func() time.Time { return noon },
		Secret: func(context.Context) ([]byte, error) { return bytes.Clone(secret), nil },
	})
	var key *discover.Key
	rotate := func() {
		secret[0]++
		key, err = discover.NewKey(secret)
		must(t, err)
		must(t, d.Settle(ctx))
		for _, m := range all {
			m.deposited, m.kept = false, make(map[string]id.Person)
		}
	}
	rotate()
	drop := func(handle string) { // nobody lists it any more
		for _, m := range all {
			delete(m.kept, handle)
		}
	}
	matches := func(m *modelled) (out []id.Person) {
		for _, other := range all {
			if m.on && other.on && m.kept[other.handle] == other.id && other.kept[m.handle] == m.id && !m.blocks[other.id] && !other.blocks[m.id] {
				out = append(out, other.id)
			}
		}
		slices.SortFunc(out, func(a, b id.Person) int { return bytes.Compare(a[:], b[:]) })
		return out
	}
	var found int
	for step := range steps {
		m := all[chance.IntN(len(all))]
		what := fmt.Sprintf("step %d, seed %d: ", step, seed)
		switch n := chance.IntN(100); {
		case n < 15:
			what += "on"
			must(t, d.TurnOn(ctx, m.id))
			m.on, m.deposited = true, m.handle != ""
		case n < 20:
			what += "off"
			must(t, d.TurnOff(ctx, m.id))
			m.on, m.deposited, m.kept = false, false, make(map[string]id.Person)
			drop(m.handle)
		case n < 35:
			what += "called otherwise"
			handle := handles[chance.IntN(len(handles)-2)]
			w, err := p.OwnProfile(ctx, m.id)
			must(t, err)
			w.Handle = handle
			if _, err = p.SetProfile(ctx, m.id, w.Version, w.Written); errors.Is(err, people.ErrHandleTaken) {
				continue
			}
			must(t, err)
			must(t, d.Refresh(ctx, m.id))
			if handle != m.handle {
				drop(m.handle)
			}
			m.handle, m.deposited = handle, m.on
		case n < 85:
			what += "lists"
			var values []discover.Value
			kept := make(map[string]id.Person)
			for _, i := range chance.Perm(len(handles))[:len(handles)/2+chance.IntN(len(handles)/2+1)] {
				v, err := key.Value(discover.Identifier("handle:" + handles[i]))
				must(t, err)
				values = append(values, v)
				for _, other := range all {
					if other != m && other.on && other.deposited && other.handle == handles[i] {
						kept[handles[i]] = other.id
					}
				}
			}
			got, err := d.List(ctx, m.id, key.Public(), values)
			if !m.on {
				refused(t, err, discover.ErrOff)
				continue
			}
			must(t, err)
			before := matches(m)
			m.kept, m.deposited = kept, m.handle != ""
			for _, one := range got {
				if found++; slices.Contains(before, one) || !slices.Contains(matches(m), one) {
					t.Fatalf("%s: found %v", what, got)
				}
			}
		case n < 90:
			other := all[chance.IntN(len(all))]
			if other == m {
				continue
			}
			if what += "blocks"; m.blocks[other.id] {
				must(t, p.Unblock(ctx, m.id, other.id))
			} else {
				must(t, p.Block(ctx, m.id, other.id, people.LevelBlock))
			}
			m.blocks[other.id] = !m.blocks[other.id]
		case n < 93:
			what += "another key"
			rotate()
		case n < 95 && m.id != first.ID:
			what += "erased"
			must(t, p.Erase(ctx, m.id))
			drop(m.handle)
			*m = modelled{id: comes(t, p, s, first.Person, "Cy").ID, kept: make(map[string]id.Person), blocks: make(map[id.Person]bool)}
		default:
			what += "visits"
			_, err := d.State(ctx, m.id)
			must(t, err)
			m.deposited = m.on && m.handle != ""
		}
		var values, lists int64
		for _, m := range all {
			got, err := d.Matches(ctx, m.id)
			must(t, err)
			if !slices.Equal(got, matches(m)) {
				t.Fatalf("%s: %v found %v, want %v", what, m, got, matches(m))
			}
			lists += int64(len(m.kept))
			deposits, err := s.Deposits(ctx, m.id, key.ID())
			must(t, err)
			if m.deposited {
				values++
				v, err := key.Value(discover.Identifier("handle:" + m.handle))
				must(t, err)
				if !slices.Equal(deposits, []discover.Deposit{{Kind: discover.Handle, Value: v}}) {
					t.Fatalf("%s: %v has %v", what, m, deposits)
				}
			}
		}
		there := ages(t, s, noon)
		if got := there["discovery_values"].Rows; got != values {
			t.Fatalf("%s: %d values, want %d", what, got, values)
		}
		if got := there["discovery_lists"].Rows; got != lists {
			t.Fatalf("%s: %d are listed, want %d", what, got, lists)
		}
	}
	if found < 10 {
		t.Errorf("only %d have been found: the test looks at little", found)
	}
}
