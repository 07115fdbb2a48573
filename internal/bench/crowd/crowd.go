// Package crowd is the people of a benchmark: they enter a room of a node over
// its public protocol (docs/protocol), speak, listen, and count every packet.
//
// It runs as a process of its own, so that what it costs is not taken for what
// the node costs. The process that measures tells it over standard input what
// comes next (Step), and is told over standard output what has happened
// (Message). The people have accounts and sessions already.
//
// There are two kinds of listeners: lean ones, which are as cheap as can be,
// and full ones made of pion/webrtc. Speakers are always lean. Not here: audio
// (a frame carries its number and time), packet loss, IPv6.
package crowd

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stoa-audio/stoa/internal/bench/count"
	"github.com/stoa-audio/stoa/internal/id"
)

// A Person is somebody whom the node lets in.
type Person struct {
	ID    id.Person `json:"id"`
	Token string    `json:"token"` // of their session
}

// A Plan is what a crowd is to do. It is the first line that it is told.
type Plan struct {
	URL       string        `json:"url"` // of the node
	Speakers  int           `json:"speakers"`
	Stage     []Person      `json:"stage"` // the first opens the room
	Listeners []Person      `json:"listeners"`
	Herd      []Person      `json:"herd"`    // lean ones who come while the window is open
	Full      bool          `json:"full"`    // the listeners are pion/webrtc
	Joining   int           `json:"joining"` // listeners at the same time; the herd is not held up
	Patience  time.Duration `json:"patience"`
	Frame     time.Duration `json:"frame"`
	Window    time.Duration `json:"window"`
	Wire      bool          `json:"wire"` // the crowd has a network namespace and one end of a veth pair
}

// What a crowd finds at its end of the wire, and who else it is there: lean
// clients have an address each. Both networks are kept for benchmarks (RFC
// 2544, appendix C.2.2).
const (
	WireEnd     = "stoa1"
	WireAddress = "198.18.0.2"
	WireNet     = "198.19.0.0/16"
)

// A Step is what a crowd is told to do next: one word, a line.
type Step string

// The steps, in order. A crowd ends when it is told nothing any more.
const (
	StepJoin    Step = "join"    // all listeners come; answered by Joined
	StepSpeak   Step = "speak"   // the speakers begin; answered by an empty message
	StepMeasure Step = "measure" // answered by Opened, Joined if there is a herd, Closed, and Heard
)

// A Message is what a crowd says: one member is set, or none when it is ready
// for the next step.
type Message struct {
	Failed string  `json:"failed,omitempty"`
	Joined *Joined `json:"joined,omitempty"`
	Opened bool    `json:"opened,omitempty"` // the window
	Closed bool    `json:"closed,omitempty"`
	Heard  *Heard  `json:"heard,omitempty"`
}

// Joined is how the listeners came in, or the herd.
type Joined struct {
	In      int           `json:"in"`
	Refused int           `json:"refused"` // times that one was told to come later
	Failed  int           `json:"failed"`  // listeners who did not get in
	Why     string        `json:"why"`     // of one of them
	Took    time.Duration `json:"took"`
	P50     time.Duration `json:"p50"` // of one listener
	P99     time.Duration `json:"p99"`
}

// Heard is what came of the frames in the window to those who were in before
// it, and what arrived in all.
type Heard struct {
	Lasted     time.Duration `json:"lasted"`
	Delivered  uint64        `json:"delivered"`
	Lost       uint64        `json:"lost"`
	Arrived    uint64        `json:"arrived"` // while the window was open
	Duplicates uint64        `json:"duplicates"`
	Unopened   uint64        `json:"unopened"`
	Voices     int           `json:"voices"`
	P50        time.Duration `json:"p50"`
	P99        time.Duration `json:"p99"`
	Gone       int           `json:"gone"` // live connections that have ended
}

// inFlight is how long frames may take after the window has closed.
const inFlight = time.Second

// A crowd is a Plan being carried out.
type crowd struct {
	Plan

	house   *house
	room    id.Room
	began   time.Time
	current atomic.Pointer[count.Window]
	banks   []*bank
	leans   []*lean // one for each ear, or nil
	fulls   []*full
	mouths  []*mouth
	lives   []*live // one for each ear
	asked   chan *stretch
	marks   chan struct{} // the window has opened, has closed
}

// Run carries out the plan that it reads from in until in ends.
func Run(ctx context.Context, in io.Reader, out io.Writer) error {
	// The machine has memory to spare, and its time is wanted by the node.
	debug.SetGCPercent(400)
	d := json.NewDecoder(bufio.NewReader(in))
	var p Plan
	if err := d.Decode(&p); err != nil {
		return fmt.Errorf("read the plan: %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	steps := make(chan Step)
	go func() {
		defer close(steps)
		for {
			var s Step
			if d.Decode(&s) != nil {
				return
			}
			select {
			case steps <- s:
			case <-ctx.Done():
				return
			}
		}
	}()
	c, err := newCrowd(p)
	if err != nil {
		return err
	}
	var work sync.WaitGroup
	defer work.Wait()
	defer c.close()
	defer cancel(nil)
	run := func(f func() error) {
		work.Go(func() {
			if err := f(); err != nil {
				cancel(err)
			}
		})
	}
	for _, b := range c.banks {
		run(func() error { return b.hear(&c.current, c.since) })
	}
	run(func() error { return tidy(ctx, c.banks) })

	say := json.NewEncoder(out)
	err = c.takeStage(ctx)
	for err == nil {
		if err = say.Encode(Message{}); err != nil {
			break
		}
		step, more := <-steps
		if !more {
			return nil
		}
		switch step {
		case StepJoin:
			err = say.Encode(Message{Joined: c.bring(ctx, c.Listeners, len(c.Stage), c.Joining)})
		case StepSpeak:
			run(func() error { return c.speak(ctx) })
		case StepMeasure:
			err = c.measure(ctx, say)
		default:
			err = fmt.Errorf("%q is no step", step)
		}
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
	}
	return errors.Join(err, say.Encode(Message{Failed: err.Error()}))
}

func newCrowd(p Plan) (*crowd, error) {
	own, err := newCertificate(time.Now())
	if err != nil {
		return nil, err
	}
	place := loopback
	if p.Wire {
		place = wired
		if err := joinWire(); err != nil {
			return nil, fmt.Errorf("join the wire: %w", err)
		}
	}
	inside := len(p.Stage) + len(p.Listeners)
	ears := inside + len(p.Herd)
	c := &crowd{
		Plan: p, house: newHouse(p.URL, max(p.Joining, len(p.Herd))), began: time.Now(),
		leans: make([]*lean, ears), lives: make([]*live, ears),
		asked: make(chan *stretch), marks: make(chan struct{}),
	}
	leans := inside
	if p.Full {
		leans = len(p.Stage)
		for i := range p.Listeners {
			c.fulls = append(c.fulls, &full{ear: leans + i, place: place, current: &c.current, since: c.since})
		}
	}
	for _, n := range []struct{ first, leans int }{{0, leans}, {inside, len(p.Herd)}} {
		banks, err := openBanks(place, n.first, n.leans, own)
		c.banks = append(c.banks, banks...)
		if err != nil {
			c.close()
			return nil, err
		}
	}
	for _, b := range c.banks {
		copy(c.leans[b.first:], b.leans)
	}
	for i := range p.Speakers {
		c.mouths = append(c.mouths, &mouth{lean: c.leans[i], number: i})
	}
	return c, nil
}

// since is the crowd's clock.
func (c *crowd) since() time.Duration { return time.Since(c.began) }

// A client is the media of a person.
type client interface {
	connect(ctx context.Context, ask func(sdp string) (string, error)) error
}

// client returns the media of an ear.
func (c *crowd) client(ear int) client {
	if l := c.leans[ear]; l != nil {
		return l
	}
	return c.fulls[ear-len(c.Stage)]
}

func (c *crowd) close() {
	for _, l := range c.lives {
		if l != nil {
			l.close()
		}
	}
	for _, f := range c.fulls {
		if f.pc != nil {
			_ = f.pc.Close()
		}
	}
	for _, b := range c.banks {
		_ = b.socket.close()
	}
	c.house.http.CloseIdleConnections()
}
