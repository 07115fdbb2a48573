package coordinate

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"unique"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/stoa-audio/stoa/internal/id"
)

// rooms is what is known of owners: a copy of the region's, in few bytes. While
// all is told anew, the old copy is what is answered from.
type rooms struct {
	mu        sync.RWMutex // guards what follows
	now, next map[roomKey]entry
	number    uint64 // up to which it is known

	malformed atomic.Uint64
}

// A roomKey is a key, hashed, so that all are of one length.
type roomKey [16]byte

func hashKey(key string) roomKey {
	sum := sha256.Sum256([]byte(key))
	return roomKey(sum[:])
}

type entry struct {
	term   uint64
	number uint64 // of the record
	who    unique.Handle[whose]
}

// whose is what many rooms have in common.
type whose struct {
	owner, deputy id.Node
	url           string
}

func newEntry(o Owner, number uint64) entry {
	return entry{o.Term, number, unique.Make(whose{o.Owner, o.Deputy, o.URL})}
}

// record is the owner again; the zero entry is nobody's.
func (e entry) record() Owner {
	if e.term == 0 {
		return Owner{}
	}
	w := e.who.Value()
	return Owner{w.owner, w.deputy, e.term, w.url}
}

func newRooms() *rooms { return &rooms{now: make(map[roomKey]entry)} }

func (r *rooms) len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.now)
}

func (r *rooms) find(key string) (e entry, ok bool) {
	k := hashKey(key)
	r.mu.RLock()
	defer r.mu.RUnlock()
	e, ok = r.now[k]
	return e, ok
}

func (r *rooms) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next, r.number = make(map[roomKey]entry), 0
}

func (r *rooms) complete() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next != nil {
		r.now, r.next = r.next, nil
	}
}

// into is where news goes.
func (r *rooms) into() map[roomKey]entry {
	if r.next != nil {
		return r.next
	}
	return r.now
}

func (r *rooms) put(key string, value []byte, number uint64) {
	o, err := parseOwner(value)
	if err != nil {
		r.malformed.Add(1)
	}
	k := hashKey(key)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.number = number; err != nil {
		delete(r.into(), k) // what it was before, it is not any more
		return
	}
	r.into()[k] = newEntry(o, number)
}

func (r *rooms) drop(key string, number uint64) {
	k := hashKey(key)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.number = number
	delete(r.into(), k)
}

// wrote notes what this node has written, which its watcher is told later.
func (r *rooms) wrote(key string, o Owner, number uint64) {
	k := hashKey(key)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next == nil && number > r.number {
		r.now[k] = newEntry(o, number)
	}
}

// Claim makes a room somebody's, unless somebody else has it by an equal or a
// later term, or the same one by a later one (ErrTerm). To claim the same again
// changes nothing. It takes 3 s at most, and fails with ErrAway if the region's
// coordination does not answer.
func (o *Coordinator) Claim(ctx context.Context, key string, claim Owner) error {
	switch {
	case !isKey(key):
		return ErrKey
	case claim.Term == 0, claim.Owner.IsZero(), len(claim.URL) > urlMax:
		return errors.New("an owner has a name, a term from 1 on, and a URL of at most 255 bytes")
	}
	return o.change(ctx, "claim a room", key, func(was entry, there bool) (write, error) {
		if is := was.record(); there {
			switch {
			case is == claim:
				return nil, nil
			case is.Term > claim.Term, is.Term == claim.Term && is.Owner != claim.Owner:
				return nil, ErrTerm
			}
		}
		return func(ctx context.Context, kv jetstream.KeyValue) error {
			number, err := kv.Update(ctx, key, claim.bytes(), was.number)
			if err == nil {
				o.rooms.wrote(key, claim, number)
			}
			return err
		}, nil
	})
}

// Release gives a room up that this node has by a term. A room that is nobody's
// is no error; one that is somebody's by another term is ErrTerm.
func (o *Coordinator) Release(ctx context.Context, key string, term uint64) error {
	if !isKey(key) {
		return ErrKey
	}
	return o.change(ctx, "release a room", key, func(was entry, there bool) (write, error) {
		if !there {
			return nil, nil
		}
		if is := was.record(); is.Term != term || is.Owner != o.config.Self.Node {
			return nil, ErrTerm
		}
		return func(ctx context.Context, kv jetstream.KeyValue) error {
			return kv.Purge(ctx, key, jetstream.LastRevision(was.number), jetstream.PurgeTTL(markersHold))
		}, nil
	})
}

// A write fails with ErrKeyRevisionMismatch if the record is not any more what
// it was.
type write func(context.Context, jetstream.KeyValue) error

// change has decide look at a record, and does what it returns. The copy here
// is good enough to write by, since the server compares; when there is nothing
// to write, or something else was written meanwhile, the server is asked.
func (o *Coordinator) change(ctx context.Context, what, key string, decide func(was entry, there bool) (write, error)) error {
	ctx, cancel := context.WithTimeout(ctx, callWait)
	defer cancel()
	at, err := o.roomsKept.reached()
	if err != nil {
		return away(what, err)
	}
	if !o.own.connected.Load() {
		return away(what, errors.New("not connected"))
	}
	select {
	case o.calls <- struct{}{}:
	case <-ctx.Done():
		return away(what, ctx.Err())
	}
	// The client's library may wait for longer than ctx lasts: for a lock, while
	// a connection is made.
	done := make(chan error, 1)
	go func() {
		defer func() { <-o.calls }()
		done <- o.tryChange(ctx, at, what, key, decide)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return away(what, ctx.Err())
	}
}

func (o *Coordinator) tryChange(ctx context.Context, at *reached, what, key string, decide func(was entry, there bool) (write, error)) error {
	was, there := o.rooms.find(key)
	for asked := false; ; asked = true {
		do, err := decide(was, there)
		if do == nil && asked {
			return err
		}
		if do != nil {
			err := do(ctx, at.values)
			if err == nil {
				return nil
			}
			if !errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
				return away(what, err)
			}
		}
		if was, there, err = look(ctx, at.stream, o.roomsKept.prefix()+key); err != nil {
			return away(what, err)
		}
	}
}

// look asks the server for a record. When none is there it says by which number
// one was taken out, if that is known.
func look(ctx context.Context, stream jetstream.Stream, subject string) (e entry, there bool, err error) {
	m, err := stream.GetLastMsgForSubject(ctx, subject)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return entry{}, false, nil
	case err != nil:
		return entry{}, false, err
	case isMarker(m.Header):
		return entry{number: m.Sequence}, false, nil
	}
	o, err := parseOwner(m.Data)
	if err != nil {
		return entry{}, false, fmt.Errorf("the record there: %w", err)
	}
	return newEntry(o, m.Sequence), true, nil
}

// Owner returns who owns a room, as far as is known here. It asks nobody and
// never waits; what it says may be some time old, longer when the region's
// coordination is away.
func (o *Coordinator) Owner(key string) (Owner, bool) {
	e, ok := o.rooms.find(key)
	if !ok {
		return Owner{}, false
	}
	return e.record(), true
}
