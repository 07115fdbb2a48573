package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	xrate "golang.org/x/time/rate"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/signal"
	"github.com/stoa-audio/stoa/internal/socket"
)

// Bounds of a live connection.
const (
	enterMax        = 10 * time.Second // to enter, without a cookie
	doMax           = 10 * time.Second // for one command
	badMax          = 10               // messages that are no requests
	requestsPerS    = 20
	requestsBurst   = 40
	connectionsEach = 32 // of one person, or one network when signed out
	// connectionsAway is how many of one network when signed out, at a node where
	// people come back to rooms whose house is gone: they have no cookie there.
	connectionsAway = 1024
	connectionsWait = 30 * time.Second
	itineraryWait   = time.Second
)

// A connection is one live WebSocket. Its requests are answered in order, on
// whatever goroutine package socket has for them; between two requests it has
// none.
type connection struct {
	api     *API
	who     caller
	session people.Session // zero when nobody is signed in
	token   string         // of the session
	german  bool
	bucket  xrate.Limiter
	bad     int
	opened  time.Time
	renewed time.Time   // when the session was last renewed; Beat's own
	asking  atomic.Bool // for an itinerary
	watches bool        // what becomes of plans; guarded by conns.mu

	mu    sync.Mutex
	seat  *seat   // nil without one
	ended *ending // by which the node closes it, or nil
	ws    *socket.Conn
}

// An ending is how a connection is closed by the node.
type ending struct {
	why  signal.CutReason // empty when there is nothing to say about a seat
	room id.Room          // of the seat, zero without one
	code uint16
	text string
}

// The ways in which a node ends a connection that has done nothing wrong.
var (
	slow      = ending{why: signal.CutSlow, code: socket.PolicyViolation, text: "too slow"}
	restart   = ending{why: signal.CutRestart, code: socket.GoingAway, text: "the node stops"}
	elsewhere = ending{why: signal.CutElsewhere, code: socket.GoingAway, text: "another node runs the room"}
	signedOut = ending{why: signal.CutSignedOut, code: socket.NormalClosure, text: "signed out"}
)

// live upgrades a request to a live connection.
func (a *API) live(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	v := visitOf(ctx)
	c, err := a.admit(ctx, r, v)
	if err == nil {
		var early *ending
		err = a.sockets.Accept(w, r, func(ws *socket.Conn) socket.Handler {
			early = c.over(ws)
			return c
		})
		if err == nil {
			if early != nil { // while it was being upgraded
				c.close(*early)
			}
			return
		}
		a.conns.remove(c)
		if errors.Is(err, socket.ErrUpgrade) {
			err = errBadRequest
		}
	}
	a.problem(ctx, err, v.german).write(w)
}

// admit returns a connection for who asks, or says why there is none.
func (a *API) admit(ctx context.Context, r *http.Request, v *visit) (*connection, error) {
	switch a.originOf(r) {
	case ownHouse:
	case stranger:
		return nil, errCrossOrigin
	case otherHouse:
		v.session, v.token = people.Session{}, "" // who is signed in here is not meant
	}
	if err := a.pass(ctx, v, toLook); err != nil {
		return nil, err
	}
	now := time.Now()
	c := &connection{
		api: a, who: v.caller(reading), session: v.session, token: v.token, german: v.german,
		bucket: *xrate.NewLimiter(requestsPerS, requestsBurst), opened: now, renewed: now,
	}
	most := connectionsEach
	if !c.signedIn() && len(a.houses()) > 0 {
		most = connectionsAway
	}
	if err := a.conns.add(c, most); err != nil {
		return c, err
	}
	if c.signedIn() { // who is put out from now on is found here
		if err := a.suspended(ctx, c.session.Person); err != nil {
			a.conns.remove(c)
			return c, err
		}
	}
	return c, nil
}

// An origin is where the page is from that opens a connection.
type origin int

const (
	ownHouse   origin = iota // or no page at all
	otherHouse               // whose rooms may go on here
	stranger
)

// originOf returns where r comes from. Browsers send a cookie along with
// WebSockets of any page.
func (a *API) originOf(r *http.Request) origin {
	text := r.Header.Get("Origin")
	if text == "" {
		return ownHouse
	}
	from, err := url.Parse(text)
	switch {
	case err != nil:
		return stranger
	case from.Host == r.Host, from.Host == a.URL.Host:
		return ownHouse
	}
	for _, house := range a.houses() {
		if u, err := url.Parse(house); err == nil && u.Scheme == from.Scheme && u.Host == from.Host {
			return otherHouse
		}
	}
	return stranger
}

func (a *API) houses() []string {
	if a.Away == nil {
		return nil
	}
	return a.Away.Houses()
}

func (c *connection) signedIn() bool { return !c.session.ID.IsZero() }

// Message answers a request.
func (c *connection) Message(text []byte, binary bool) {
	if c.isEnded() {
		return // what comes now is too late
	}
	ctx := context.Background()
	r, err := signal.ParseRequest(text)
	if binary {
		err = errBadRequest
	}
	if err != nil {
		c.reply(signal.Reply{Problem: c.problem(ctx, err)})
		if c.bad++; c.bad >= badMax {
			c.end(ending{code: socket.PolicyViolation, text: "these are not requests"})
		}
		return
	}
	c.answer(ctx, r)
}

// Beat lets somebody go who has no cookie and does not come in, and renews the
// session of who has one: to be connected is to be seen.
func (c *connection) Beat(now time.Time) {
	switch {
	case !c.signedIn():
		if now.Sub(c.opened) >= enterMax && c.held() == nil {
			c.end(ending{code: socket.PolicyViolation, text: "enter first"})
		}
	case now.Sub(c.renewed) >= people.SessionRenew:
		c.renewed = now
		go c.renew()
	}
}

func (c *connection) renew() {
	ctx, cancel := context.WithTimeout(c.api.work, doMax)
	defer cancel()
	if _, _, err := c.api.People.Session(ctx, c.token); errors.Is(err, people.ErrNoSession) {
		c.signOut()
	}
}

// Slow ends a connection that does not read what it is sent.
func (c *connection) Slow() { c.end(slow) }

// Closed gives up what the connection had.
func (c *connection) Closed() {
	c.api.hallway.leave(c)
	if s := c.swap(nil); s != nil {
		c.api.disconnect(s)
	}
	c.api.conns.remove(c)
}

// over lets c go over ws, and returns how it has been ended already, if it has.
func (c *connection) over(ws *socket.Conn) *ending {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ws = ws
	return c.ended
}

func (c *connection) isEnded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended != nil
}

// end ends the connection, once.
func (c *connection) end(e ending) {
	c.mu.Lock()
	first, there := c.ended == nil, c.ws != nil
	if c.seat != nil {
		e.room = c.seat.room
	}
	if first {
		c.ended = &e
	}
	c.mu.Unlock()
	if first && there {
		c.close(e)
	}
}

func (c *connection) close(e ending) {
	var last []byte
	if e.why != "" && !e.room.IsZero() {
		last = encode(signal.Notice{Cut: &signal.Cut{Room: e.room, Why: e.why}})
	}
	c.ws.Close(last, e.code, e.text)
}

func (c *connection) reply(r signal.Reply) {
	text, err := signal.MarshalReply(r)
	if err != nil {
		panic(fmt.Sprintf("api: a reply has no JSON form: %v", err)) // a mistake in package signal
	}
	c.ws.Send(text)
}

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
	mu   sync.Mutex
	all  map[*connection]struct{}
	each map[caller]int
	// watching is how many connections of a person are told of plans.
	watching map[id.Person]int
	closed   bool
	wg       sync.WaitGroup
}

// add counts c in, if there is room for it: most of one person or network.
func (s *connections) add(c *connection, most int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return errUnavailable
	case s.each[c.who] >= most:
		return errWait{connectionsWait}
	}
	if s.all == nil {
		s.all, s.each = make(map[*connection]struct{}), make(map[caller]int)
	}
	s.all[c] = struct{}{}
	s.each[c.who]++
	s.wg.Add(1)
	return nil
}

func (s *connections) remove(c *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, c)
	if s.each[c.who]--; s.each[c.who] == 0 {
		delete(s.each, c.who)
	}
	if c.watches {
		if s.watching[c.session.Person]--; s.watching[c.session.Person] == 0 {
			delete(s.watching, c.session.Person)
		}
	}
	s.wg.Done()
}

// signOut ends those connections that are somebody's who is signed out.
func (s *connections) signOut(theirs func(*connection) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.all {
		if theirs(c) {
			go c.signOut()
		}
	}
}

// end ends those connections at once that are somebody's who is kept out.
func (s *connections) end(theirs func(*connection) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.all {
		if theirs(c) {
			c.end(signedOut)
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
