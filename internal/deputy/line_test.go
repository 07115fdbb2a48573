package deputy

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/room/live"
)

// What a house says, whoever says it, is a record, events, or an error.
func FuzzLine(f *testing.F) {
	add := func(l line) {
		b, err := json.Marshal(l)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	events := []room.Event{room.Entered{Who: id.Person{1}, Name: "Ada"}, room.HandRaised{Who: id.Person{1}}}
	add(line{Number: 1, Begin: &beginning{Term: 3, Key: []byte("key"), URL: "https://stoa.example"}})
	add(recordLine(Record{live.Record{Name: id.Room{1}, Term: 2, Snapshot: []byte("{}"), Events: events}, 7}))
	add(eventLine(id.Room{1}, 2, 8, events))
	add(line{Number: 2, KeptOut: []byte{keptOutForm}})
	f.Fuzz(func(t *testing.T, b []byte) {
		var l line
		if json.Unmarshal(b, &l) != nil {
			return
		}
		r, err := l.record()
		if err != nil {
			return
		}
		again, err := recordLine(r).record()
		if err != nil || again.Seq != r.Seq || again.Name != r.Name || len(again.Events) != len(r.Events) {
			t.Errorf("%+v comes back as %+v, %v", r, again, err)
		}
	})
}

// Who is kept out is read as it was written, or is an error.
func FuzzKeptOut(f *testing.F) {
	some, err := AppendKeptOut(nil, KeptOut{{1}: {}, {2}: time.UnixMilli(1_900_000_000_000).UTC()})
	if err != nil {
		f.Fatal(err)
	}
	for _, b := range [][]byte{nil, {}, {keptOutForm}, some, some[:len(some)-1], append([]byte{2}, some[1:]...)} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := ParseKeptOut(b)
		if err != nil {
			return
		}
		again, err := AppendKeptOut(nil, k)
		if err != nil {
			t.Fatal(err)
		}
		if read, err := ParseKeptOut(again); err != nil || !maps.Equal(read, k) {
			t.Errorf("%v comes back as %v, %v", k, read, err)
		}
	})
}

// Who is kept out is so until the time is over, and nobody tells of more than fit.
func TestKeptOut(t *testing.T) {
	now := time.UnixMilli(1_900_000_000_000)
	k := KeptOut{{1}: {}, {2}: now.Add(time.Millisecond), {3}: now}
	for who, is := range map[id.Person]bool{{1}: true, {2}: true, {3}: false, {4}: false} {
		if k.Has(who, now) != is {
			t.Errorf("%v is kept out: %v", who, !is)
		}
	}
	for n := range uint32(keptOutMax + 1) {
		var who id.Person
		binary.BigEndian.PutUint32(who[:], n)
		k[who] = time.Time{}
	}
	if _, err := AppendKeptOut(nil, k); !errors.Is(err, errKeptOut) {
		t.Errorf("too many: %v", err)
	}
}
