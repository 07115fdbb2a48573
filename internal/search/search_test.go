package search

import (
	"bytes"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func begin(t testing.TB, path string) *Index {
	t.Helper()
	x, err := Open(t.Context(), path)
	must(t, err)
	t.Cleanup(func() { _ = x.Close() })
	return x
}

func entry(n byte, name, handle string, findable bool) people.Entry {
	return people.Entry{Indexed: people.Indexed{Person: id.Person{n}, Version: 1}, Name: name, Handle: handle, Findable: findable}
}

func TestFind(t *testing.T) {
	x := begin(t, filepath.Join(t.TempDir(), File))
	must(t, x.Put(t.Context(), []people.Entry{
		entry(1, "Ada Lovelace", "ada", true),
		entry(2, "Adam Müller", "", true),
		entry(3, "Ada Nagy", "", false),
		entry(4, "Zoë", "muller", true),
		entry(5, "Everybody", "", false),
		entry(6, "Łucja Ćwik", "", true),
		entry(7, "艾达", "", true),
	}))
	for _, c := range []struct {
		text  string
		known []byte
		most  int
		want  []byte
	}{
		{"ada", nil, 9, []byte{1, 2}}, // a whole word before one that begins so
		{"ADA", nil, 9, []byte{1, 2}},
		{"ad", nil, 9, []byte{1, 2}},
		{"ada", []byte{3}, 9, []byte{3, 1, 2}}, // who is known comes first
		{"ada", []byte{3, 2}, 9, []byte{3, 2, 1}},
		{"ada", []byte{3}, 1, []byte{3}},
		{"ada l", nil, 9, []byte{1}},
		{"love ad", nil, 9, nil}, // only the last word may be begun
		{"lovelace ad", nil, 9, []byte{1}},
		{"muller", nil, 9, []byte{2, 4}},
		{"MÜLLER", nil, 9, []byte{2, 4}},
		{"zoe", nil, 9, []byte{4}},
		{"cwik", nil, 9, []byte{6}},
		{"艾", nil, 9, []byte{7}},
		{"everybody", nil, 9, nil}, // what says that one may be found is not found
		{"everybody", []byte{5}, 9, []byte{5}},
		{"nagy", nil, 9, nil},
		{"", nil, 9, nil},
		{`"*) OR by:everybody -- ^`, nil, 9, nil},
		{`ada" OR "zoe`, nil, 9, nil},
		{"NEAR(ada zoe)", nil, 9, nil},
	} {
		var known []id.Person
		for _, n := range c.known {
			known = append(known, id.Person{n})
		}
		found, err := x.Find(t.Context(), c.text, known, c.most)
		must(t, err)
		var got []byte
		for _, who := range found {
			got = append(got, who[0])
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q beside %v finds %v, not %v", c.text, c.known, got, c.want)
		}
	}
}

func TestNewerStays(t *testing.T) {
	x := begin(t, filepath.Join(t.TempDir(), File))
	later := entry(1, "Ada King", "", true)
	later.Version = 3
	must(t, x.Put(t.Context(), []people.Entry{entry(1, "Ada", "", true), later}))
	must(t, x.Put(t.Context(), []people.Entry{entry(1, "Augusta", "", true)})) // which was slow
	if found, err := x.Find(t.Context(), "king", nil, 9); err != nil || len(found) != 1 {
		t.Error(found, err)
	}
	if found, err := x.Find(t.Context(), "augusta", nil, 9); err != nil || len(found) != 0 {
		t.Error(found, err)
	}
	got, err := x.After(t.Context(), id.Person{}, 9)
	if err != nil || !slices.Equal(got, []people.Indexed{{Person: id.Person{1}, Version: 3}}) {
		t.Error(got, err)
	}
	if got, err := x.After(t.Context(), id.Person{1}, 9); err != nil || len(got) != 0 {
		t.Error(got, err)
	}
}

// Who is dropped is in no byte of the file, and nor is what somebody was called
// before, beside many others.
func TestDroppedIsGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), File)
	x := begin(t, path)
	var all []people.Entry
	for i := range 300 {
		all = append(all, entry(byte(i), fmt.Sprintf("Somebody %d Qwertz", i), fmt.Sprintf("some%d", i), i%2 == 0))
		all[i].Person[1] = byte(i >> 8)
	}
	all[7].Name, all[8].Name = "Xanthippe Vogelsang", "Yorick Zimmermann"
	must(t, x.Put(t.Context(), all))
	names := [][]byte{[]byte("xanthippe"), []byte("Xanthippe"), []byte("vogelsang"), []byte("zimmermann"), []byte("Yorick")}
	text, err := os.ReadFile(path) //nolint:gosec // the test's own
	must(t, err)
	for _, name := range names[1:2] {
		if !bytes.Contains(text, name) {
			t.Fatalf("%s is not there before, so the test finds nothing", name)
		}
	}
	all[8].Name, all[8].Version = "Somebody else", 2
	must(t, x.Put(t.Context(), all[8:9]))
	must(t, x.Drop(t.Context(), []id.Person{all[7].Person}))
	text, err = os.ReadFile(path) //nolint:gosec // the test's own
	must(t, err)
	for _, name := range names {
		if bytes.Contains(bytes.ToLower(text), bytes.ToLower(name)) {
			t.Errorf("%s is still in the file", name)
		}
	}
	// A part of a word that lists have by their beginnings is not enough to hide in.
	for _, part := range []string{"xan", "hippe", "gelsang", "mermann", "yor"} {
		if bytes.Contains(bytes.ToLower(text), []byte(part)) {
			t.Errorf("%s is still in the file", part)
		}
	}
}

func TestMadeAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), File)
	x := begin(t, path)
	must(t, x.Put(t.Context(), []people.Entry{entry(1, "Ada", "", true)}))
	must(t, x.Close())
	x = begin(t, path) // it is kept
	if found, err := x.Find(t.Context(), "ada", nil, 9); err != nil || len(found) != 1 {
		t.Error(found, err)
	}
	_, err := x.db.ExecContext(t.Context(), "PRAGMA user_version = 99")
	must(t, err)
	must(t, x.Close())
	for _, what := range []string{"another version", "no database"} {
		x = begin(t, path)
		if found, err := x.Find(t.Context(), "ada", nil, 9); err != nil || len(found) != 0 {
			t.Errorf("%s: %v, %v", what, found, err)
		}
		must(t, x.Put(t.Context(), []people.Entry{entry(1, "Ada", "", true)}))
		must(t, x.Close())
		must(t, os.WriteFile(path, bytes.Repeat([]byte("not a database "), 1000), 0o600))
	}
	if _, err := Open(t.Context(), t.TempDir()); err == nil {
		t.Error("a directory is an index")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
}

// Of many people of whom many are called alike, one who knows some thousands looks
// for a few letters. With -people 1000000 it says what that costs in a large house.
func BenchmarkFind(b *testing.B) {
	x := begin(b, filepath.Join(b.TempDir(), File))
	given, family := []string{"Ada", "Adam", "Bo", "Cy", "Carla", "Dora", "Emil", "Mara"}, []string{"Nagy", "Nowak", "Berg", "Müller"}
	var known []id.Person
	var some []people.Entry
	for i := range *peopleMany {
		e := entry(0, given[i%len(given)]+" "+family[i/len(given)%len(family)], fmt.Sprintf("p%d", i), i%2 == 0)
		binary.BigEndian.PutUint32(e.Person[:], uint32(i)*2654435761) //nolint:gosec // in no order
		if i%max(*peopleMany/5000, 1) == 0 {
			known = append(known, e.Person)
		}
		if some = append(some, e); len(some) == 5000 || i == *peopleMany-1 {
			must(b, x.Put(b.Context(), some))
			some = some[:0]
		}
	}
	for name, looked := range map[string]string{"begun": "ad", "a letter": "m", "both": "ada na", "whole": "carla", "nobody": "zy"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := x.Find(b.Context(), looked, known, 20); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

var peopleMany = flag.Int("people", 10_000, "how many people BenchmarkFind has")

func FuzzFind(f *testing.F) {
	x := begin(f, filepath.Join(f.TempDir(), File))
	must(f, x.Put(f.Context(), []people.Entry{entry(1, "Ada Lovelace", "ada", true), entry(2, "Ben", "", false)}))
	for _, text := range []string{"ada", `"`, "a*", "{name} : x", "ada OR ben", "\x00", "é́"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found, err := x.Find(context.Background(), text, nil, 9)
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(found, id.Person{2}) {
			t.Errorf("%q finds who may not be found", text)
		}
	})
}

// What a search costs does not grow with how many people are called so.
func TestMany(t *testing.T) {
	if testing.Short() {
		t.Skip("fifty thousand people")
	}
	x := begin(t, filepath.Join(t.TempDir(), File))
	fill := func(from, to int) {
		var all []people.Entry
		for i := from; i < to; i++ {
			e := entry(0, fmt.Sprintf("Anna %d", i), "", true)
			e.Person[0], e.Person[1], e.Person[2] = byte(i), byte(i>>8), 1
			all = append(all, e)
		}
		must(t, x.Put(t.Context(), all))
	}
	took := func() time.Duration {
		least := time.Hour
		for range 20 {
			began := time.Now()
			found, err := x.Find(t.Context(), "an", nil, 20)
			if err != nil || len(found) != 20 {
				t.Fatal(len(found), err)
			}
			least = min(least, time.Since(began))
		}
		return least
	}
	fill(0, 2000)
	few := took()
	fill(2000, 50_000)
	if many := took(); many > 5*few {
		t.Errorf("among 2,000 it takes %v, among 50,000 %v", few, many)
	} else {
		t.Logf("among 2,000 it takes %v, among 50,000 %v", few, many)
	}
}
