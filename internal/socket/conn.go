package socket

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"time"
	"unicode/utf8"
)

// errAgain means that a line takes or gives nothing now.
var errAgain = errors.New("not now")

// A line is what bytes come and go by. It is called under the mutex of its
// connection and never waits.
type line interface {
	write(b []byte) (int, error)
	idle() bool // nothing that was written is still on its way out of here
	close()
}

// A Conn is one WebSocket.
type Conn struct {
	loop    *Loop
	handler Handler

	mu      sync.Mutex // guards what follows
	line    line       // nil once it is closed
	queue   []outgoing // what waits, before what the source has
	queued  int        // bytes in queue
	tail    []byte     // what the line has not taken of the last that it was given
	source  Source     // nil without one
	slow    bool
	serving bool // somebody reads, or handles what was read
	again   bool // and more has come meanwhile
	ending  bool // the last that will be written is in the queue
	goodbye bool // the other side has closed

	stuck  time.Duration // since when the line takes nothing, or zero
	late   time.Duration // when to close whatever the other side does, or zero
	heard  time.Duration // when the other side last said anything
	pinged time.Duration

	// Of whoever reads.
	rest    []byte // of an incomplete frame
	message []byte // the parts of a message so far
	parts   byte   // what it is, or zero
	deaf    bool   // nothing that comes now can be understood
}

type outgoing struct {
	op      byte
	payload []byte
}

// chunks are the buffers of those who read and write now.
var chunks = sync.Pool{New: func() any { return new([chunkSize]byte) }}

// Send sends a message.
func (c *Conn) Send(text []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.enqueue(outgoing{opText, text})
	c.write()
}

// Post sends a message soon, for those who send many at once and have no time
// to wait for the system.
func (c *Conn) Post(text []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.enqueue(outgoing{opText, text})
	c.loop.workers.do(c.Flush)
}

// Follow sends what s has from now on, in place of what was followed before.
func (c *Conn) Follow(s Source) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.line == nil || c.ending || c.slow {
		s.Stop()
		return
	}
	c.unfollow()
	c.source = s
}

// Unfollow sends nothing more of what is followed, or only what it has now.
func (c *Conn) Unfollow(rest bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for rest && c.source != nil {
		text, _ := c.source.Take()
		if text == nil {
			break
		}
		c.enqueue(outgoing{opText, text})
	}
	c.unfollow()
}

func (c *Conn) unfollow() {
	if c.source != nil {
		c.source.Stop()
		c.source = nil
	}
}

// Flush sends what there is to send. It is to be called when a source has
// something again.
func (c *Conn) Flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.write()
}

// Close sends what waits, a last message unless it is nil, and closes.
func (c *Conn) Close(last []byte, code uint16, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last != nil && c.line != nil && !c.ending {
		c.queue = append(c.queue, outgoing{opText, last})
	}
	c.end(outgoing{opClose, closing(code, why)})
	c.write()
}

// end lets farewell be the last that is written.
func (c *Conn) end(farewell outgoing) {
	if c.ending || c.line == nil {
		return
	}
	c.unfollow()
	c.queue = append(c.queue, farewell)
	c.ending, c.late = true, c.loop.now()+farewellMax
	if c.stuck != 0 {
		c.late += stuckMax - farewellMax
	}
}

// enqueue lets o wait to be written.
func (c *Conn) enqueue(o outgoing) {
	if c.line == nil || c.ending || c.slow {
		return
	}
	c.queue = append(c.queue, o)
	c.queued += len(o.payload)
	if len(c.queue) > queueMax || c.queued > queueBytes {
		c.overrun()
	}
}

// overrun gives up on what waits for somebody who does not take it.
func (c *Conn) overrun() {
	c.queue, c.queued = nil, 0
	c.unfollow()
	c.slow = true
	c.loop.workers.do(c.handler.Slow)
}

// write writes until there is nothing left, or the line takes no more.
func (c *Conn) write() {
	if c.line == nil {
		return
	}
	chunk := chunks.Get().(*[chunkSize]byte)
	defer chunks.Put(chunk)
	for {
		out := c.tail
		if out == nil {
			if out = c.gather(chunk[:0]); len(out) == 0 {
				break
			}
		}
		n, err := c.line.write(out)
		if err != nil && !errors.Is(err, errAgain) {
			c.shut()
			return
		}
		if n > 0 {
			c.stuck = 0
		}
		if n < len(out) {
			if c.tail == nil {
				c.tail = slices.Clone(out[n:])
			} else {
				c.tail = out[n:]
			}
			if c.stuck == 0 {
				c.stuck = c.loop.now()
			}
			return
		}
		c.tail = nil
	}
	if c.ending && c.goodbye && c.line.idle() {
		c.shut()
	}
}

// gather appends what is to be written next.
func (c *Conn) gather(b []byte) []byte {
	for len(c.queue) > 0 && len(b) < chunkSize/2 {
		o := c.queue[0]
		b = appendFrame(b, o.op, o.payload)
		c.queue[0] = outgoing{}
		c.queue = c.queue[1:]
		c.queued -= len(o.payload)
	}
	if len(c.queue) == 0 {
		c.queue, c.queued = nil, 0
	}
	for c.source != nil && len(b) < chunkSize/2 {
		text, more := c.source.Take()
		if text != nil {
			b = appendFrame(b, opText, text)
			continue
		}
		if !more {
			if c.source.Slow() {
				c.overrun()
			}
			c.unfollow()
		}
		break
	}
	return b
}

// writable is called when the line may take something again.
func (c *Conn) writable() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stuck != 0 || c.ending {
		c.write()
	}
}

// received takes what has come. Only who reads calls it.
func (c *Conn) received(b []byte) {
	if c.deaf {
		return
	}
	whole := len(c.rest) == 0
	if !whole {
		c.rest = append(c.rest, b...)
		b = c.rest
	}
	taken := 0
	for {
		f, n, err := parseFrame(b[taken:], MessageMax-len(c.message))
		switch {
		case errors.Is(err, errTooBig):
			c.fail(tooBig)
		case err != nil:
			c.fail(protocolError)
		case n > 0:
			taken += n
			if c.frame(f) {
				continue
			}
		default:
			if whole || taken > 0 {
				c.rest = bytes.Clone(b[taken:])
			}
			if len(c.rest) == 0 {
				c.rest = nil
			}
			return
		}
		c.rest, c.message = nil, nil
		return
	}
}

// frame does what f asks for, and reports whether more may follow.
func (c *Conn) frame(f frame) bool {
	switch f.op {
	case opPing:
		c.mu.Lock()
		defer c.mu.Unlock()
		c.enqueue(outgoing{opPong, bytes.Clone(f.payload)})
		c.write()
		return true
	case opPong:
		return true
	case opClose:
		c.closedThere(f.payload)
		return false
	case opContinuation:
		if c.parts == 0 {
			return c.fail(protocolError)
		}
		if c.message = append(c.message, f.payload...); !f.final {
			return true
		}
		f.op, f.payload = c.parts, c.message
	default:
		switch {
		case c.parts != 0:
			return c.fail(protocolError)
		case !f.final:
			c.message, c.parts = bytes.Clone(f.payload), f.op
			return true
		}
	}
	c.message, c.parts = nil, 0
	if f.op == opText && !utf8.Valid(f.payload) {
		return c.fail(badText)
	}
	c.handler.Message(f.payload, f.op == opBinary)
	return true
}

// fail closes on a side that does not keep to the protocol.
func (c *Conn) fail(code uint16) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deaf = true
	c.end(outgoing{opClose, closing(code, "")})
	c.write()
	return false
}

// closedThere answers the other side's closing (RFC 6455, section 5.5.1).
func (c *Conn) closedThere(payload []byte) {
	code := uint16(NormalClosure)
	if len(payload) >= 2 {
		code = binary.BigEndian.Uint16(payload)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.goodbye = true
	c.end(outgoing{opClose, closing(code, "")})
	c.write()
}

// beat looks whether the other side is there, and asks it now and then.
func (c *Conn) beat(now time.Duration) {
	c.mu.Lock()
	switch {
	case c.line == nil:
	case c.late != 0 && now > c.late, now-c.heard > silenceMax:
		c.shut()
	case c.stuck != 0 && now-c.stuck > stuckMax && !c.slow && !c.ending:
		c.overrun()
	case now-c.pinged >= pingEvery:
		c.pinged = now
		if c.stuck == 0 {
			c.enqueue(outgoing{op: opPing})
			c.write()
		}
	}
	there := c.line != nil
	c.mu.Unlock()
	if there {
		c.handler.Beat(time.Now())
	}
}

// shut lets the line go. Whoever is serving tells the handler, or else a
// goroutine, since that may take its time.
func (c *Conn) shut() {
	if c.line == nil {
		return
	}
	c.line.close()
	c.line = nil
	c.unfollow()
	c.queue, c.queued, c.tail = nil, 0, nil
	c.loop.forget(c)
	if !c.serving {
		go c.handler.Closed()
	}
}
