package spread

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
)

// A Stream is a stream between two nodes. Close ends its writing half; the other
// end of what is read is Stop's.
type Stream interface {
	io.ReadWriteCloser
	SetDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
	Stop()
}

// Streams opens streams to other nodes (overlay/link).
type Streams func(ctx context.Context, to id.Node, kind string) (Stream, error)

// queueMax is how many lines wait for a node; when there are more, it is told
// all anew.
const queueMax = 1 << 16

// How soon it is tried again to reach a node.
const (
	againMin = 50 * time.Millisecond
	againMax = time.Second
)

// far is another node as a place for rooms of ours.
type far struct {
	node    id.Node
	streams Streams
	told    func(begin func()) []Line
	sound   func(room id.Room, node id.Node, notice []byte)
	log     *slog.Logger
	ctx     context.Context //nolint:containedctx // ends with it
	cancel  context.CancelFunc
	done    sync.WaitGroup

	mu     sync.Mutex // guards the rest
	queue  []Line
	number uint64 // of the last line
	over   bool   // more than the queue holds
	news   chan struct{}
}

// Reach begins to keep a node told. told returns all that is so now, and calls
// begin in the same moment. What the node reports goes to sound.
func Reach(node id.Node, streams Streams, told func(begin func()) []Line, sound func(room id.Room, node id.Node, notice []byte), log *slog.Logger) Far {
	f := &far{node: node, streams: streams, told: told, sound: sound, log: log, news: make(chan struct{}, 1)}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	f.done.Go(f.run)
	return f
}

// Tell tells the node something, soon. It does not wait.
func (f *far) Tell(line Line) {
	f.mu.Lock()
	f.number++
	line.Number = f.number
	if f.over = f.over || len(f.queue) >= queueMax; !f.over {
		f.queue = append(f.queue, line)
	}
	f.mu.Unlock()
	select {
	case f.news <- struct{}{}:
	default:
	}
}

// Stop ends it; the node is not told any more, and lets everybody go.
func (f *far) Stop() {
	f.cancel()
	f.done.Wait()
}

func (f *far) run() {
	again := againMin
	for f.ctx.Err() == nil {
		began := time.Now()
		if err := f.speak(); err != nil && f.ctx.Err() == nil {
			f.log.Debug("a node that has people of our rooms cannot be reached", "reason", err)
		}
		if time.Since(began) > againMax {
			again = againMin
		}
		select {
		case <-f.ctx.Done():
		case <-time.After(again):
			again = min(2*again, againMax)
		}
	}
}

// speak opens a stream, tells all that is so, and then what changes.
func (f *far) speak() error {
	ctx, cancel := context.WithTimeout(f.ctx, askWait)
	defer cancel()
	s, err := f.streams(ctx, f.node, KindRooms)
	if err != nil {
		return err
	}
	defer func() { s.Stop(); _ = s.Close() }()
	stop := context.AfterFunc(f.ctx, s.Stop)
	defer stop()
	ended := make(chan struct{})
	f.done.Go(func() {
		defer close(ended)
		f.listen(s)
	})
	var last uint64
	lines := f.told(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.queue, f.over, last = nil, false, f.number
	})
	out := bufio.NewWriterSize(s, 1<<15)
	lines = append(append([]Line{{Begin: true}}, lines...), Line{Complete: true, Number: last})
	tick := time.NewTicker(aliveEvery)
	defer tick.Stop()
	for {
		_ = s.SetWriteDeadline(time.Now().Add(LeaseMax))
		for _, line := range lines {
			if err := write(out, line); err != nil {
				return err
			}
		}
		if err := out.Flush(); err != nil {
			return err
		}
		select {
		case <-ended:
			return errors.New("it has ended the stream")
		case <-f.news:
		case <-tick.C:
		}
		var over bool
		if lines, over = f.take(); over {
			return errors.New("it takes what it is told too slowly")
		}
		if len(lines) == 0 {
			lines = []Line{{Number: last}} // we are alive
			continue
		}
		last = lines[len(lines)-1].Number
	}
}

func (f *far) take() (lines []Line, over bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	lines, f.queue = f.queue, nil
	return lines, f.over
}

// listen takes in what the node reports.
func (f *far) listen(s Stream) {
	lines := bufio.NewScanner(s)
	lines.Buffer(make([]byte, 0, 4096), lineMax)
	for lines.Scan() {
		var r Report
		if json.Unmarshal(lines.Bytes(), &r) != nil {
			return
		}
		f.sound(r.Room, f.node, r.Sound)
	}
}

// Ask asks the node something, once it knows what it was told before; a refusal
// is an error, too.
func (f *far) Ask(ctx context.Context, q Question) (a Answer, err error) {
	f.mu.Lock()
	q.After = f.number
	f.mu.Unlock()
	return Ask(ctx, f.streams, f.node, q)
}

// Ask asks a node something; a refusal is an error, too.
func Ask(ctx context.Context, streams Streams, node id.Node, q Question) (a Answer, err error) {
	ctx, cancel := context.WithTimeout(ctx, askWait)
	defer cancel()
	s, err := streams(ctx, node, KindAsk)
	if err != nil {
		return a, errors.Join(ErrNoPlace, err)
	}
	defer func() { s.Stop(); _ = s.Close() }()
	defer context.AfterFunc(ctx, s.Stop)()
	if deadline, ok := ctx.Deadline(); ok {
		_ = s.SetDeadline(deadline)
	}
	if err := errors.Join(write(s, q), s.Close()); err != nil {
		return a, errors.Join(ErrNoPlace, err)
	}
	if err := json.NewDecoder(io.LimitReader(s, answerMax)).Decode(&a); err != nil {
		return a, fmt.Errorf("%w: %w", ErrNoPlace, err)
	}
	if a.Refusal != nil {
		return a, a.Refusal
	}
	return a, nil
}
