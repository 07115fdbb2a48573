package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"os/exec"
	"strings"
	"time"

	"github.com/stoa-audio/stoa/internal/bench/child"
	"github.com/stoa-audio/stoa/test/netns/space"
	"github.com/stoa-audio/stoa/test/netns/world"
)

// driver is what somebody with a browser does what they are told by.
const driver = "test/e2e/netns.mjs"

// orderMax is how long anything may take in a browser.
const orderMax = 40 * time.Second

// A browser is somebody with Chromium, at a place of their own.
type browser struct {
	*child.Process
	world.Person

	at       netip.Addr
	in       io.WriteCloser
	answers  chan answer
	outgoing *json.Encoder
}

// An answer is what came of an order.
type answer struct {
	Ready  bool            `json:"ready"`
	Done   json.RawMessage `json:"done"`
	Failed string          `json:"failed"`
	Errors []string        `json:"errors"` // of the page
}

// A heard is what a listener heard since the mark, in ms.
type heard struct {
	Gap     float64 `json:"gap"`     // the longest time without sound
	Quiet   float64 `json:"quiet"`   // for which there is none now
	Heard   float64 `json:"heard"`   // with sound
	Made    float64 `json:"made"`    // that the browser made up
	Stalled float64 `json:"stalled"` // that the browser's sound stood still
	Packets float64 `json:"packets"`
	Lost    float64 `json:"lost"`
}

// most is the longest time without anything new, at most: what the browser has
// made up may all have been around it.
func (h heard) most() float64 { return h.Gap + h.Made }

// microphone makes the sound that goes into all microphones.
func microphone(ctx context.Context) (string, error) {
	c := exec.CommandContext(ctx, "node", driver)
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("make a sound: %w: %s", err, said.String())
	}
	return strings.TrimSpace(string(out)), nil
}

// sit has somebody start a browser.
func sit(ctx context.Context, w *world.World, at *space.Place, who world.Person, sound string) (*browser, error) {
	c := exec.Command("node", driver, w.Nodes[0].URL, w.Rules(), who.Token, sound) //nolint:noctx // it is ended with the world
	b := &browser{Person: who, at: at.Address, answers: make(chan answer, 1)}
	var err error
	if b.in, err = c.StdinPipe(); err != nil {
		return nil, err
	}
	out, in := io.Pipe()
	c.Stdout = in
	if b.Process, err = w.Run(at, c); err != nil {
		return nil, err
	}
	b.outgoing = json.NewEncoder(b.in)
	go func() {
		defer close(b.answers)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			var a answer
			if json.Unmarshal(lines.Bytes(), &a) == nil {
				b.answers <- a
			}
		}
	}()
	go func() {
		_ = world.Wait(context.WithoutCancel(ctx), "the browser to end", allMax, b.Ended)
		_ = in.Close() // there is nobody to tell
	}()
	_, err = b.await(ctx, "start")
	return b, err
}

// await waits for the next answer.
func (b *browser) await(ctx context.Context, order string) (json.RawMessage, error) {
	select {
	case a, ok := <-b.answers:
		switch {
		case !ok:
			return nil, b.Failed("the browser, at "+order, errors.New("it has ended"))
		case a.Failed != "":
			return nil, fmt.Errorf("%s: %s %s", order, a.Failed, strings.Join(a.Errors, "; "))
		}
		return a.Done, nil
	case <-time.After(orderMax):
		return nil, fmt.Errorf("%s: it takes too long", order)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// do has somebody do something.
func (b *browser) do(ctx context.Context, order string, more map[string]any) (json.RawMessage, error) {
	said := map[string]any{"do": order}
	maps.Copy(said, more)
	if err := b.outgoing.Encode(said); err != nil {
		return nil, fmt.Errorf("%s: %w", order, err)
	}
	return b.await(ctx, order)
}

func (b *browser) enter(ctx context.Context, room string) error {
	_, err := b.do(ctx, "enter", map[string]any{"room": room})
	return err
}

func (b *browser) simply(ctx context.Context, order string) error {
	_, err := b.do(ctx, order, nil)
	return err
}

// mark has a listener forget what was heard.
func (b *browser) mark(ctx context.Context) error { return b.simply(ctx, "mark") }

// tell says what was heard since the mark.
func (b *browser) tell(ctx context.Context) (h heard, err error) {
	said, err := b.do(ctx, "tell", nil)
	if err != nil {
		return h, err
	}
	return h, json.Unmarshal(said, &h)
}

// trouble returns what the page says to somebody who cannot hear.
func (b *browser) trouble(ctx context.Context) (words string, err error) {
	said, err := b.do(ctx, "trouble", nil)
	if err != nil {
		return "", err
	}
	return words, json.Unmarshal(said, &words)
}

// hears waits until somebody is heard, and has been for a while.
func (b *browser) hears(ctx context.Context) error {
	if err := b.mark(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, orderMax)
	defer cancel()
	for {
		h, err := b.tell(ctx)
		if err != nil {
			return fmt.Errorf("nobody is heard: %w", err)
		}
		if h.Heard > 500 && h.Quiet < 100 {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("nobody is heard: %+v", h)
		}
	}
}

// leave closes the browser.
func (b *browser) leave(ctx context.Context) error {
	return errors.Join(b.in.Close(), world.Wait(ctx, "the browser to close", orderMax, b.Ended))
}
