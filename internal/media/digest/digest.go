// Package digest remembers what a node has forwarded, as hashes, for as long as
// somebody may report it. A hash says nothing of what was said (what is hashed
// is sealed), and yet nobody can say later that something else was sent.
//
// It is kept in memory alone.
package digest

import (
	"crypto/sha256"
	"slices"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

const (
	// Life is how long a hash is kept at least.
	Life = 10 * time.Minute
	// Size is the length of a hash in bytes.
	Size = 16

	chunkLen = 256 // hashes: about 5 s of a voice
	// chunksMax bounds what all voices take: 256 MiB.
	chunksMax = 256 << 20 / (chunkLen * Size)
)

// A Hash is the beginning of SHA-256 of a packet's payload.
type Hash = [Size]byte

// Of returns the hash of a payload.
func Of(payload []byte) Hash {
	sum := sha256.Sum256(payload)
	return Hash(sum[:Size])
}

// A Log has the hashes of all voices of a node. The zero Log is empty. It is
// safe for concurrent use.
type Log struct {
	mu     sync.Mutex // guards the rest
	voices map[voice][]*chunk
	chunks int
	most   int // 0: chunksMax; tests set less
}

type voice struct {
	room id.Room
	who  id.Person
}

// A chunk is hashes in the order in which they came.
type chunk struct {
	first, last time.Time
	hashes      []Hash
}

// Add notes what who has said in a room. It returns false when there is no more
// space, and the voice has nothing older that could make some.
func (l *Log) Add(now time.Time, room id.Room, who id.Person, h Hash) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := voice{room, who}
	chunks := l.voices[v]
	n := len(chunks)
	if n == 0 || len(chunks[n-1].hashes) == chunkLen {
		c := l.space(v)
		if c == nil {
			return false
		}
		c.first = now
		l.voices[v] = append(l.voices[v], c)
		chunks = l.voices[v]
		n = len(chunks)
	}
	c := chunks[n-1]
	c.hashes, c.last = append(c.hashes, h), now
	return true
}

// space returns an empty chunk: a new one, or the voice's oldest when there are
// as many as may be.
func (l *Log) space(v voice) *chunk {
	if l.voices == nil {
		l.voices = make(map[voice][]*chunk)
	}
	most := l.most
	if most == 0 {
		most = chunksMax
	}
	if l.chunks < most {
		l.chunks++
		return &chunk{hashes: make([]Hash, 0, chunkLen)}
	}
	chunks := l.voices[v]
	if len(chunks) == 0 {
		return nil
	}
	c := chunks[0]
	l.voices[v] = slices.Delete(chunks, 0, 1)
	c.hashes = c.hashes[:0]
	return c
}

// Since returns the hashes of who's voice in a room, in the order in which they
// came, from since on; those of a few seconds before may be among them.
func (l *Log) Since(room id.Room, who id.Person, since time.Time) []Hash {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Hash
	for _, c := range l.voices[voice{room, who}] {
		if !c.last.Before(since) {
			out = append(out, c.hashes...)
		}
	}
	return out
}

// Forget drops what is older than Life.
func (l *Log) Forget(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for v, chunks := range l.voices {
		old := 0
		for old < len(chunks) && now.Sub(chunks[old].last) > Life {
			old++
		}
		l.chunks -= old
		if old == len(chunks) {
			delete(l.voices, v)
		} else if old > 0 {
			l.voices[v] = slices.Delete(chunks, 0, old)
		}
	}
}
