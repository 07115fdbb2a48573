package coordinate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// How buckets are watched.
const (
	pullWait     = 10 * time.Second
	pullAlive    = 3 * time.Second // signs of life; two that are missing are the end
	pullMax      = 512             // records under way
	reapAfter    = time.Minute     // the server forgets a watcher that is gone
	markersHold  = time.Hour       // a key that was taken out is known as such
	replicasMost = 3
)

// A kept is the copy of a bucket that its watcher keeps up to date.
type kept interface {
	begin()                                      // all follows anew
	put(key string, value []byte, number uint64) // numbers grow
	drop(key string, number uint64)
	complete() // all has come
}

// Of each kind there is one bucket in a region.
var (
	roomsBucket = jetstream.KeyValueConfig{
		Bucket: "rooms", History: 1, Storage: jetstream.FileStorage, MaxValueSize: valueMax, MaxBytes: 256 << 20,
		LimitMarkerTTL: markersHold,
	}
	nodesBucket = jetstream.KeyValueConfig{
		Bucket: "nodes", History: 1, Storage: jetstream.MemoryStorage, MaxValueSize: valueMax, MaxBytes: 16 << 20,
		TTL: leaseLength,
	}
)

// A bucket is one of the region's, and this node's one watcher of it. The
// watcher's name is always the same, so that there is never a second one of this
// node's, however often it is begun anew.
type bucket struct {
	config jetstream.KeyValueConfig
	name   string // of the watcher
	line   *line
	kept   kept
	log    *slog.Logger

	at        atomic.Pointer[reached] // nil until it was there once
	watching  atomic.Bool
	consumers atomic.Int64

	// The watcher's own.
	made   time.Time // when the bucket was made that is known
	number uint64    // up to which it is known
}

func newBucket(c jetstream.KeyValueConfig, node string, l *line, k kept, log *slog.Logger) *bucket {
	return &bucket{config: c, name: "watch-" + node, line: l, kept: k, log: log}
}

func (b *bucket) stream() string { return "KV_" + b.config.Bucket }
func (b *bucket) prefix() string { return "$KV." + b.config.Bucket + "." }

// reached is how a bucket is asked and told.
type reached struct {
	values jetstream.KeyValue
	stream jetstream.Stream
}

// reached returns that, or an error as long as the bucket was never there.
func (b *bucket) reached() (*reached, error) {
	if at := b.at.Load(); at != nil {
		return at, nil
	}
	return nil, errors.New("it was not reached yet")
}

// run watches for as long as ctx lasts.
func (b *bucket) run(ctx context.Context) {
	for failed := 0; ; {
		connected, changed := b.line.state()
		if ctx.Err() != nil {
			return
		}
		if !connected {
			select {
			case <-ctx.Done():
			case <-changed:
			}
			continue
		}
		start := time.Now()
		err := b.watch(ctx, changed)
		b.watching.Store(false)
		b.log.DebugContext(ctx, "a watcher begins anew", "of", b.config.Bucket, "reason", err)
		if failed++; time.Since(start) > againMax {
			failed = 0
		}
		select {
		case <-changed: // the line's own waits are enough
			failed = 0
			continue
		default:
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(again(failed)):
		}
	}
}

// watch watches until something is wrong, or the line changes.
func (b *bucket) watch(ctx context.Context, changed <-chan struct{}) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-changed:
			cancel()
		case <-ctx.Done():
		}
	}()
	info, err := b.open(ctx)
	if err != nil {
		return err
	}
	consumer, whole, err := b.begin(ctx, info)
	if err != nil {
		return err
	}
	all := consumer.CachedInfo().NumPending == 0
	if whole {
		b.kept.begin()
	}
	if all {
		b.kept.complete()
	}
	b.watching.Store(true)
	messages, err := consumer.Messages(jetstream.PullMaxMessages(pullMax), jetstream.PullExpiry(pullWait), jetstream.PullHeartbeat(pullAlive))
	if err != nil {
		return err
	}
	defer messages.Stop()
	for next := uint64(1); ; next++ {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return err
		}
		about, err := m.Metadata()
		if err != nil {
			return err
		}
		if about.Sequence.Consumer != next {
			return errors.New("something was missed")
		}
		key := strings.TrimPrefix(m.Subject(), b.prefix())
		if isMarker(m.Headers()) {
			b.kept.drop(key, about.Sequence.Stream)
		} else {
			b.kept.put(key, m.Data(), about.Sequence.Stream)
		}
		b.number = about.Sequence.Stream
		if !all && about.NumPending == 0 {
			all = true
			b.kept.complete()
		}
	}
}

// isMarker reports whether a message says that a key is taken out, by a node or
// by the server itself.
func isMarker(h nats.Header) bool {
	return h.Get("KV-Operation") != "" || h.Get("Nats-Marker-Reason") != ""
}

// open returns the bucket's stream, and makes it where there is none.
func (b *bucket) open(ctx context.Context) (*jetstream.StreamInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, callWait)
	defer cancel()
	kv, err := b.line.js.KeyValue(ctx, b.config.Bucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		c := b.config
		if c.Replicas = 1; len(b.line.conn.Servers()) >= replicasMost {
			c.Replicas = replicasMost
		}
		if kv, err = b.line.js.CreateKeyValue(ctx, c); errors.Is(err, jetstream.ErrBucketExists) {
			kv, err = b.line.js.KeyValue(ctx, b.config.Bucket) // another node was first
		}
	}
	if err != nil {
		return nil, err
	}
	s, info, err := b.look(ctx)
	if err == nil {
		b.at.Store(&reached{kv, s})
	}
	return info, err
}

// look asks how the bucket is.
func (b *bucket) look(ctx context.Context) (jetstream.Stream, *jetstream.StreamInfo, error) {
	s, err := b.line.js.Stream(ctx, b.stream())
	if err != nil {
		return nil, nil, err
	}
	info := s.CachedInfo()
	b.consumers.Store(int64(info.State.Consumers))
	return s, info, nil
}

// begin begins this node's watcher: from where the last one ended, if the server
// still has that one, or else with the whole bucket.
func (b *bucket) begin(ctx context.Context, info *jetstream.StreamInfo) (c jetstream.Consumer, whole bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, callWait)
	defer cancel()
	whole = !info.Created.Equal(b.made) || info.State.LastSeq < b.number
	err = b.line.js.DeleteConsumer(ctx, b.stream(), b.name)
	switch {
	case errors.Is(err, jetstream.ErrConsumerNotFound):
		// It has been away for long, or the server has started anew, perhaps from
		// an older state: numbers may be there again with something else.
		whole = true
	case err != nil:
		return nil, false, fmt.Errorf("end the watcher before: %w", err)
	}
	config := jetstream.ConsumerConfig{
		Name: b.name, AckPolicy: jetstream.AckNonePolicy, MemoryStorage: true, Replicas: 1,
		InactiveThreshold: reapAfter, FilterSubject: b.prefix() + ">",
		DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy,
	}
	if whole {
		b.number, b.made = 0, time.Time{}
	} else {
		config.DeliverPolicy, config.OptStartSeq = jetstream.DeliverByStartSequencePolicy, b.number+1
	}
	if c, err = b.line.js.CreateConsumer(ctx, b.stream(), config); err == nil {
		b.made = info.Created
	}
	return c, whole, err
}
