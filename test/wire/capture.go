package main

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"
)

// Bounds of a capture.
const (
	framesMax = 4 << 20
	bytesMax  = 1 << 30
)

// A capture keeps all frames that cross loopback.
type capture struct {
	socket
	mu     sync.Mutex // guards what follows
	frames [][]byte
	bytes  int
	failed error

	end  chan struct{} // closed to end it
	done chan struct{} // closed when it has ended
}

// A socket reads frames, each once.
type socket interface {
	// read returns the next frame, or nothing when there is none for a while.
	read() ([]byte, error)
	// lost returns how many frames it could not keep.
	lost() (int, error)
	close() error
}

func newCapture(s socket) *capture {
	c := &capture{socket: s, end: make(chan struct{}), done: make(chan struct{})}
	go c.run()
	return c
}

func (c *capture) run() {
	defer close(c.done)
	for {
		frame, err := c.read()
		c.mu.Lock()
		if len(frame) > 0 {
			c.frames = append(c.frames, bytes.Clone(frame))
			c.bytes += len(frame)
		}
		if err == nil && (len(c.frames) > framesMax || c.bytes > bytesMax) {
			err = errors.New("there are more packets than it can keep")
		}
		c.failed = err
		c.mu.Unlock()
		select {
		case <-c.end:
			if len(frame) == 0 {
				return // what was sent before has been read
			}
		default:
		}
		if err != nil {
			return
		}
	}
}

// await waits until a frame ends so, and reports whether one does.
func (c *capture) await(ctx context.Context, with []byte) bool {
	for from := 0; ; {
		c.mu.Lock()
		frames, failed := c.frames[from:], c.failed
		from = len(c.frames)
		c.mu.Unlock()
		for _, f := range frames {
			if bytes.HasSuffix(f, with) {
				return true
			}
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return false
		}
		if failed != nil {
			return false
		}
	}
}

// stop ends the capture and returns all that it has seen. It fails when that
// is not all there was.
func (c *capture) stop() ([][]byte, error) {
	close(c.end)
	<-c.done
	if c.failed != nil {
		return nil, c.failed
	}
	lost, err := c.lost()
	if err == nil && lost > 0 {
		err = errors.New("packets were lost to it")
	}
	return c.frames, err
}
