package deputy

import (
	"encoding/json"
	"testing"

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
