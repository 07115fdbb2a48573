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
	Full      bool          `json:"full"`    // the listeners are pion/webrtc
	Joining   int           `json:"joining"` // at the same time
	Patience  time.Duration `json:"patience"`
	Frame     time.Duration `json:"frame"`
	Window    time.Duration `json:"window"`
}

// A Step is what a crowd is told to do next: one word, a line.
type Step string

// The steps, in order. A crowd ends when it is told nothing any more.
const (
	StepJoin    Step = "join"    // all listeners come at once; answered by Joined
	StepSpeak   Step = "speak"   // the speakers begin; answered by an empty message
	StepMeasure Step = "measure" // answered by Opened, Closed, and Heard
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

// Joined is how the listeners came in.
type Joined struct {
	In      int           `json:"in"`
	Refused int           `json:"refused"` // times that one was told to come later
	Failed  int           `json:"failed"`  // listeners who did not get in
	Why     string        `json:"why"`     // of one of them
	Took    time.Duration `json:"took"`
	P50     time.Duration `json:"p50"` // of one listener
	P99     time.Duration `json:"p99"`
}

// Heard is what came of the frames in the window.
type Heard struct {
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
	current atomic.Pointer[window]
	banks   []*bank
	fulls   []*full
	mouths  []*mouth
	lives   []*live // one for each ear
	asked   chan *window
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
			err = say.Encode(Message{Joined: c.join(ctx)})
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
	ears := len(p.Stage) + len(p.Listeners)
	c := &crowd{
		Plan: p, house: newHouse(p.URL, p.Joining), began: time.Now(),
		lives: make([]*live, ears), asked: make(chan *window), marks: make(chan struct{}),
	}
	leans := ears
	if p.Full {
		leans = len(p.Stage)
		for i := range p.Listeners {
			c.fulls = append(c.fulls, &full{ear: leans + i, current: &c.current, since: c.since})
		}
	}
	if c.banks, err = openBanks(leans, own); err != nil {
		c.close()
		return nil, err
	}
	for i := range p.Speakers {
		c.mouths = append(c.mouths, &mouth{lean: c.lean(i), number: i})
	}
	return c, nil
}

// since is the crowd's clock.
func (c *crowd) since() time.Duration { return time.Since(c.began) }

func (c *crowd) lean(ear int) *lean { return c.banks[ear/leansEach].leans[ear%leansEach] }

// A client is the media of a person.
type client interface {
	connect(ctx context.Context, ask func(sdp string) (string, error)) error
}

// client returns the media of an ear.
func (c *crowd) client(ear int) client {
	if c.Full && ear >= len(c.Stage) {
		return c.fulls[ear-len(c.Stage)]
	}
	return c.lean(ear)
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
