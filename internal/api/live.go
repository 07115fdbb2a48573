package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coder/websocket"
	xrate "golang.org/x/time/rate"

	"github.com/stoa-audio/stoa/internal/hub"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/signal"
)

// Bounds of a live connection.
const (
	queueMax        = 256 // messages that wait to be written
	writeMax        = 10 * time.Second
	pingEvery       = 15 * time.Second
	pongMax         = 30 * time.Second
	enterMax        = 10 * time.Second // to enter, without a cookie
	doMax           = 10 * time.Second // for one command
	badMax          = 10               // messages that are no requests
	requestsPerS    = 20
	requestsBurst   = 40
	connectionsEach = 32 // of one person, or one network when signed out
)

// A connection is one live WebSocket: one goroutine reads requests and answers
// them in order, one writes, and one pings.
type connection struct {
	api    *API
	ws     *websocket.Conn
	visit  *visit
	bucket *xrate.Limiter
	bad    int

	out    chan outgoing
	ending chan struct{} // closed when last is set
	last   ending
	once   sync.Once

	mu   sync.Mutex
	seat *seat // nil without one
}

// An outgoing is what the writer does next: write a frame; or pass on the
// frames of a watch from now on, for as long as its seat is held; or, with a
// cut, stop passing them on, and say so unless the client asked for it.
type outgoing struct {
	frame []byte
	watch *hub.Watch
	seat  *seat
	cut   *signal.Cut
	quiet bool
}

// An ending is how a connection is closed by the node.
type ending struct {
	why  signal.CutReason // empty when there is nothing to say about a seat
	room id.Room          // of the seat, zero without one
	code websocket.StatusCode
	text string
}

// The ways in which a node ends a connection that has done nothing wrong.
var (
	slow      = ending{why: signal.CutSlow, code: websocket.StatusPolicyViolation, text: "too slow"}
	restart   = ending{why: signal.CutRestart, code: websocket.StatusGoingAway, text: "the node stops"}
	signedOut = ending{why: signal.CutSignedOut, code: websocket.StatusNormalClosure, text: "signed out"}
)

// live upgrades a request to a live connection and serves it.
func (a *API) live(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	v := visitOf(ctx)
	c := &connection{
		api: a, visit: v, bucket: xrate.NewLimiter(requestsPerS, requestsBurst),
		out: make(chan outgoing, queueMax), ending: make(chan struct{}),
	}
	err := a.admit(ctx, r, c)
	if err != nil {
		a.problem(ctx, err, v.german).write(w)
		return
	}
	defer a.conns.remove(c)
	// The origin is checked above, with the house's own address in mind.
	c.ws, err = websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return // Accept has answered
	}
	c.serve(ctx)
}

// admit lets c in, or says why not.
func (a *API) admit(ctx context.Context, r *http.Request, c *connection) error {
	if !a.sameOrigin(r) {
		return errCrossOrigin
	}
	if err := a.pass(ctx, c.visit, toLook); err != nil {
		return err
	}
	return a.conns.add(c)
}

// sameOrigin reports whether r comes from a page of this house, or from no
// page at all. Browsers send a cookie along with WebSockets of any page.
func (a *API) sameOrigin(r *http.Request) bool {
	text := r.Header.Get("Origin")
	if text == "" {
		return true
	}
	origin, err := url.Parse(text)
	return err == nil && (origin.Host == r.Host || origin.Host == a.URL.Host)
}

// serve returns when the connection is closed.
func (c *connection) serve(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	c.ws.SetReadLimit(signal.RequestMax)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer cancel()
		c.write(ctx)
	})
	wg.Go(func() { c.ping(ctx) })
	if !c.signedIn() {
		impatient := time.AfterFunc(enterMax, func() {
			if c.held() == nil {
				c.end(ending{code: websocket.StatusPolicyViolation, text: "enter first"})
			}
		})
		defer impatient.Stop()
	}
	c.read(ctx)
	cancel()
	wg.Wait()
	_ = c.ws.CloseNow() // it is closed already, or broken
	for len(c.out) > 0 {
		if o := <-c.out; o.watch != nil {
			o.watch.Stop()
		}
	}
	c.api.hallway.leave(c)
	if s := c.swap(nil); s != nil {
		c.api.disconnect(s)
	}
}

func (c *connection) signedIn() bool { return !c.visit.session.ID.IsZero() }

// read answers requests until the connection breaks.
func (c *connection) read(ctx context.Context) {
	for {
		kind, text, err := c.ws.Read(ctx)
		if err != nil {
			return
		}
		select {
		case <-c.ending:
			continue // what comes now is too late
		default:
		}
		r, err := signal.ParseRequest(text)
		if kind != websocket.MessageText {
			err = errBadRequest
		}
		if err != nil {
			c.reply(signal.Reply{Problem: c.problem(ctx, err)})
			if c.bad++; c.bad >= badMax {
				c.end(ending{code: websocket.StatusPolicyViolation, text: "these are not requests"})
			}
			continue
		}
		c.answer(ctx, r)
	}
}

// ping gives the connection up when the other side is gone without a word, and
// renews its session: to be connected is to be seen.
func (c *connection) ping(ctx context.Context) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	renewed := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		in, cancel := context.WithTimeout(ctx, pongMax)
		err := c.ws.Ping(in)
		cancel()
		if err != nil {
			_ = c.ws.CloseNow() // the reader hears of it
			return
		}
		if c.signedIn() && time.Since(renewed) >= people.SessionRenew {
			renewed = time.Now()
			if _, _, err := c.api.People.Session(ctx, c.visit.token); errors.Is(err, people.ErrNoSession) {
				c.signOut()
			}
		}
	}
}

// write writes what is to be written until the connection ends.
func (c *connection) write(ctx context.Context) {
	var watch *hub.Watch
	var frames <-chan []byte
	stop := func() {
		if watch != nil {
			watch.Stop()
			watch, frames = nil, nil
		}
	}
	defer stop()
	do := func(ctx context.Context, o outgoing) error {
		switch {
		case o.watch != nil:
			stop()
			watch, frames = o.watch, o.watch.Frames()
			if !c.api.seats.holds(o.seat) {
				stop() // the cut has come before the watch
			}
		case o.cut != nil:
			if o.cut.Why == signal.CutEnded {
				if err := c.rest(ctx, frames); err != nil {
					return err
				}
			}
			stop()
			if !o.quiet {
				return c.frame(ctx, encode(signal.Notice{Cut: o.cut}))
			}
		default:
			return c.frame(ctx, o.frame)
		}
		return nil
	}
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-c.ending:
			c.finish(ctx, do)
			return
		case o := <-c.out:
			err = do(ctx, o)
		case f, ok := <-frames:
			if ok {
				err = c.frame(ctx, f)
				break
			}
			frames = nil
			if watch.Slow() {
				c.end(slow)
			}
		}
		if err != nil {
			return
		}
	}
}

// rest writes the last events of an ended room. The hub closes the watch behind
// them.
func (c *connection) rest(ctx context.Context, frames <-chan []byte) error {
	if frames == nil {
		return nil
	}
	in, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for {
		select {
		case f, ok := <-frames:
			if !ok {
				return nil
			}
			if err := c.frame(ctx, f); err != nil {
				return err
			}
		case <-in.Done():
			return nil
		}
	}
}

// finish writes what waits, says why the seat is lost, and closes.
func (c *connection) finish(ctx context.Context, do func(context.Context, outgoing) error) {
	in, cancel := context.WithTimeout(ctx, writeMax)
	defer cancel()
	for c.last.why != signal.CutSlow { // who is too slow would not read it
		select {
		case o := <-c.out:
			if do(in, o) != nil {
				return
			}
			continue
		default:
		}
		break
	}
	if c.last.why != "" && !c.last.room.IsZero() {
		if do(in, outgoing{cut: &signal.Cut{Room: c.last.room, Why: c.last.why}}) != nil {
			return
		}
	}
	_ = c.ws.Close(c.last.code, c.last.text) // it is over either way
}

func (c *connection) frame(ctx context.Context, f []byte) error {
	in, cancel := context.WithTimeout(ctx, writeMax)
	defer cancel()
	return c.ws.Write(in, websocket.MessageText, f)
}

// end ends the connection, once.
func (c *connection) end(e ending) {
	c.once.Do(func() {
		if s := c.held(); s != nil {
			e.room = s.room
		}
		c.last = e
		close(c.ending)
	})
}

// push hands o to the writer. A client that leaves too many messages waiting
// is too slow.
func (c *connection) push(o outgoing) {
	select {
	case c.out <- o:
	default:
		if o.watch != nil {
			o.watch.Stop()
		}
		c.end(slow)
	}
}

func (c *connection) reply(r signal.Reply) { c.push(outgoing{frame: encode(r)}) }

// signOut leaves the room and ends the connection. If leaving fails, the seat
// is given up as that of a lost connection.
func (c *connection) signOut() {
	ctx, cancel := context.WithTimeout(context.Background(), doMax)
	defer cancel()
	e := signedOut
	if s := c.held(); s != nil {
		e.room = s.room // by which it is known when it is left
		_ = c.api.leave(ctx, s)
	}
	c.end(e)
}

// encode returns a message as JSON.
func encode(message any) []byte {
	text, err := json.Marshal(message)
	if err != nil {
		panic(fmt.Sprintf("api: %T has no JSON form: %v", message, err)) // a mistake in package signal
	}
	return text
}

// connections is the live connections there are.
type connections struct {
	mu     sync.Mutex
	all    map[*connection]bool
	each   map[caller]int
	closed bool
	wg     sync.WaitGroup
}

// add counts c in, if there is room for it.
func (s *connections) add(c *connection) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	who := c.visit.caller(reading)
	switch {
	case s.closed:
		return errUnavailable
	case s.each[who] >= connectionsEach:
		return errWait{pongMax}
	}
	if s.all == nil {
		s.all, s.each = make(map[*connection]bool), make(map[caller]int)
	}
	s.all[c] = true
	s.each[who]++
	s.wg.Add(1)
	return nil
}

func (s *connections) remove(c *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	who := c.visit.caller(reading)
	delete(s.all, c)
	if s.each[who]--; s.each[who] == 0 {
		delete(s.each, who)
	}
	s.wg.Done()
}

// signOut ends the connections of a session.
func (s *connections) signOut(name people.SessionID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.all {
		if c.visit.session.ID == name {
			go c.signOut()
		}
	}
}

// close ends all connections and lets none in.
func (s *connections) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for c := range s.all {
		c.end(restart)
	}
}
