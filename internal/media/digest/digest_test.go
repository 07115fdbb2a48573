package digest

import (
	"slices"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

func TestLog(t *testing.T) {
	var l Log
	room, other := id.New[id.Room](), id.New[id.Room]()
	ada, ben := id.New[id.Person](), id.New[id.Person]()
	start := time.Unix(1_000_000, 0)
	at := func(n int) time.Time { return start.Add(time.Duration(n) * 20 * time.Millisecond) }
	const n = 3 * chunkLen
	want := make([]Hash, n)
	for i := range n {
		want[i] = Of([]byte{byte(i), byte(i >> 8)})
		if !l.Add(at(i), room, ada, want[i]) || !l.Add(at(i), other, ada, Of(nil)) {
			t.Fatal("no space")
		}
	}
	if got := l.Since(room, ada, start); !slices.Equal(got, want) {
		t.Errorf("%d hashes, or another order", len(got))
	}
	// Whole chunks: what is asked for is there, and a little before.
	got := l.Since(room, ada, at(n-10))
	if len(got) != chunkLen || !slices.Equal(got, want[n-chunkLen:]) {
		t.Errorf("%d hashes of the last", len(got))
	}
	if got := l.Since(room, ben, start); len(got) != 0 {
		t.Errorf("who has said nothing has said %d", len(got))
	}
	l.Forget(at(n - 1).Add(Life))
	if got := l.Since(room, ada, start); len(got) != chunkLen {
		t.Errorf("%d are left of those that are just not old", len(got))
	}
	l.Forget(at(n).Add(Life))
	if len(l.voices) != 0 || l.chunks != 0 {
		t.Errorf("%d voices and %d chunks are left", len(l.voices), l.chunks)
	}
}

// Who says much costs nobody else their memory of what was said.
func TestFull(t *testing.T) {
	l := Log{most: 2}
	room, ada, ben := id.New[id.Room](), id.New[id.Person](), id.New[id.Person]()
	now := time.Unix(1_000_000, 0)
	for i := range 5*chunkLen + 1 {
		if !l.Add(now, room, ada, Of([]byte{byte(i), byte(i >> 8)})) {
			t.Fatalf("no space for packet %d", i)
		}
	}
	if l.chunks != 2 || len(l.Since(room, ada, now)) != chunkLen+1 {
		t.Errorf("%d chunks, %d hashes", l.chunks, len(l.Since(room, ada, now)))
	}
	if l.Add(now, room, ben, Hash{}) || len(l.Since(room, ben, now)) != 0 {
		t.Error("there is space for more than may be")
	}
	l.Forget(now.Add(Life + time.Second))
	if !l.Add(now, room, ben, Hash{}) {
		t.Error("what was forgotten still takes space")
	}
}

func BenchmarkAdd(b *testing.B) {
	var l Log
	room, ada := id.New[id.Room](), id.New[id.Person]()
	now := time.Unix(1_000_000, 0)
	payload := make([]byte, 120)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		l.Add(now, room, ada, Of(payload))
		if now = now.Add(20 * time.Millisecond); i%500 == 0 {
			l.Forget(now)
		}
	}
}
