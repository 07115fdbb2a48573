package stoa

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/stoa-audio/stoa/sdk/go/group"
	"github.com/stoa-audio/stoa/sdk/go/words"
)

const wordsMax = 256 // not yet asked for

// A Word is what somebody in the room has written. N is its number, by which it
// can be taken back (the request "unsay" of docs/protocol/signal.md).
type Word struct {
	N    uint64
	Who  string
	Name string
	Text string
	// Device is the key of the device that it was written on.
	Device []byte
}

// A desk is where one reads and writes (docs/protocol/keys.md, "Words").
type desk struct {
	mu     sync.Mutex // guards all of it
	writer *words.Writer
	reader *words.Reader
	epochs []group.Epoch // newest first
}

// begin is told by which keys one goes.
func (d *desk) begin(room, me group.ID, g *group.Group) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.writer, d.reader = words.NewWriter(room, me, g.Cert(), g.PageKey()), words.NewReader(room)
}

// agree takes in the epochs that can be used, and returns what has waited for
// them.
func (d *desk) agree(now time.Time, epochs []group.Epoch) []words.Word {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.reader == nil {
		return nil
	}
	d.epochs = epochs
	return d.reader.Agree(now, epochs)
}

func (d *desk) read(now time.Time, m words.Message) (words.Word, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.reader == nil {
		return words.Word{}, false
	}
	return d.reader.Read(now, m)
}

// seal seals a text. It returns false while there is no secret.
func (d *desk) seal(now time.Time, text string) (sealed []byte, ok bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.epochs) == 0 {
		return nil, false, nil
	}
	with := d.epochs[len(d.epochs)-1]
	for _, e := range d.epochs {
		if !e.From.After(now) { // by then the others have it, too
			with = e
			break
		}
	}
	sealed, err = d.writer.Seal(with.Number, with.Secret, text)
	return sealed, true, err
}

// Write writes something to all who are in the room now, of 1 to 500 characters.
// It waits until there is a secret to seal it with.
func (r *Room) Write(ctx context.Context, text string) error {
	for {
		changed := r.Changed()
		sealed, ok, err := r.desk.seal(time.Now(), text)
		if err != nil {
			return err
		}
		if ok {
			return r.Ask(ctx, "say", map[string]group.Bytes{"sealed": sealed})
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("the room's secret does not come: %w", ctx.Err())
		case <-r.done:
			return r.Err()
		}
	}
}

// Read waits for what somebody writes next, oneself too. If nobody has asked for
// long, the oldest are gone.
func (r *Room) Read(ctx context.Context) (Word, error) { return next(ctx, r, r.words) }

// said takes in what somebody has written.
func (r *Room) said(body json.RawMessage) error {
	var m struct {
		N      uint64
		Who    group.ID
		Name   string
		Sealed group.Bytes
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return err
	}
	if w, ok := r.desk.read(time.Now(), words.Message{N: m.N, Who: m.Who, Name: m.Name, Sealed: m.Sealed}); ok {
		r.written(w)
	}
	return nil
}

func (r *Room) written(w words.Word) {
	offer(r.words, Word{w.N, textOf(w.Who), w.Name, w.Text, w.Device})
}
