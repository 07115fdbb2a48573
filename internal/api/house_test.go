package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/coder/websocket"

	"github.com/stoa-audio/stoa/internal/beside"
	"github.com/stoa-audio/stoa/internal/clubs"
	"github.com/stoa-audio/stoa/internal/conversations"
	"github.com/stoa-audio/stoa/internal/discover"
	"github.com/stoa-audio/stoa/internal/grant"
	"github.com/stoa-audio/stoa/internal/hallway"
	"github.com/stoa-audio/stoa/internal/hashcash"
	"github.com/stoa-audio/stoa/internal/hub"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/keyring"
	"github.com/stoa-audio/stoa/internal/moderation"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/reports"
	"github.com/stoa-audio/stoa/internal/room"
	"github.com/stoa-audio/stoa/internal/room/live"
	"github.com/stoa-audio/stoa/internal/schedule"
	index "github.com/stoa-audio/stoa/internal/search"
	"github.com/stoa-audio/stoa/internal/signal"
	"github.com/stoa-audio/stoa/internal/store/records"
	"github.com/stoa-audio/stoa/internal/store/sqlite"
)

// A house is a node as far as its doors, with real records.
type testHouse struct {
	testing.TB

	url     string
	store   *records.Store
	records string // the file
	keys    *keyring.Ring
	names   *index.Index
	people  *people.People
	clubs   *clubs.Clubs
	plans   *schedule.Schedule
	news    *news.News
	rooms   *live.Rooms
	grants  *grant.Keys
	api     *API
	media   *echo
	ways    ways
	founder string
	log     *lockedBuffer

	once sync.Once
	mu   sync.Mutex
	now  time.Time // zero while time goes on

	discovery *discover.Discovery
}

// echo answers every offer with itself, but for those it is told to fail.
type echo struct {
	mu  sync.Mutex
	err error
	up  bool
	// Where everybody's media are, and where they stand by.
	at, ready id.Node
	// What somebody has said, as hashes.
	said map[id.Person][][16]byte
}

// fail lets offers fail with err from now on.
func (e *echo) fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.err = err
}

// rise lets everybody's media be up from now on.
func (e *echo) rise() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.up = true
}

func (e *echo) Up(id.Room, id.Person, id.Session) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.up
}

func (e *echo) Forwarded(_ id.Room, who id.Person, _ time.Time) [][16]byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.said[who]
}

func (e *echo) Where(id.Room, id.Person) id.Node {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.at
}

func (e *echo) Offer(_ context.Context, _ id.Room, _ id.Person, _ id.Session, _ id.Node, sdp string) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return "answer to " + sdp, e.err
}

func (e *echo) Stand(_ context.Context, _ id.Room, _ id.Person, _ id.Session, at id.Node, sdp string) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err == nil {
		e.ready = at
	}
	return "standby for " + sdp, e.err
}

func (e *echo) Switch(_ id.Room, _ id.Person, _ id.Session, at id.Node) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.at == at {
		return nil
	}
	if e.ready.IsZero() || e.ready != at {
		return ErrNode
	}
	e.at, e.ready = e.ready, id.Node{}
	return nil
}

func (e *echo) Release(id.Room, id.Person, id.Session) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ready = id.Node{}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var webApp = fstest.MapFS{
	"index.html":          {Data: []byte("<!doctype html><title>the app</title>")},
	"favicon.svg":         {Data: []byte("<svg/>")},
	"assets/app-x1y2.js":  {Data: []byte("export {}")},
	"assets/app-x1y2.css": {Data: []byte("body{}")},
	"stoa.webmanifest":    {Data: []byte(`{"name":"Stoa"}`)},
}

func newHouse(t testing.TB) *testHouse { return newHouseWith(t, "http", webApp) }

// A change is what another house than the usual one has otherwise.
type change struct {
	people func(*people.Config)
	parts  func(*testHouse, *Parts)
}

func newHouseWith(t testing.TB, scheme string, web fs.FS, changes ...change) *testHouse {
	t.Helper()
	h := &testHouse{TB: t, media: new(echo), log: new(lockedBuffer)}
	var handler http.Handler
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, r)
	}))
	_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
	h.url = "http://localhost:" + port
	where, err := url.Parse(scheme + "://localhost:" + port)
	h.must(err)

	dir := t.TempDir()
	h.records = filepath.Join(dir, "stoa.db")
	h.store, err = sqlite.Open(t.Context(), h.records)
	h.must(err)
	h.keys, err = keyring.Open(t.Context(), filepath.Join(dir, "keys.db"), true)
	h.must(err)
	h.must(h.store.Bind(t.Context(), h.keys.ID()))
	h.names, err = index.Open(t.Context(), filepath.Join(dir, index.File))
	h.must(err)
	config := people.Config{
		URL: where, House: "Test", InviteKey: []byte("a key for tests"), Growth: people.Growth{Start: 2, Most: 2},
		Keys: h.keys, HandleKey: []byte("another key for tests"), Index: h.names,
		InviteLife: 14 * 24 * time.Hour, Clock: h.clock,
	}
	for _, other := range changes {
		if other.people != nil {
			other.people(&config)
		}
	}
	h.people, err = people.New(h.store, config)
	h.must(err)
	h.grants, err = grant.New([]byte("a seed for tests, 32 bytes long."))
	h.must(err)
	h.clubs = clubs.New(h.store, h.clock)
	h.plans = schedule.New(h.store, schedule.Config{Sealer: h.people, Clubs: h.clubs, Key: []byte("a third key for tests"), Clock: h.clock})
	h.people.SetHeir(h.plans)
	h.news = news.New(h.store, news.Config{Sealer: h.people, Blocks: h.people, Clock: h.clock, Pushes: true, Mails: true})
	secret := func(ctx context.Context) ([]byte, error) { return h.keys.Secret(ctx, keyring.ForDiscovery) }
	h.discovery = discover.New(h.store, discover.Config{Identifiers: h.people, Blocks: h.people, Secret: secret, Clock: h.clock})
	h.must(h.discovery.Settle(t.Context()))
	queue, err := moderation.Open(t.Context(), h.store, h.people, h.clock)
	h.must(err)
	watchers := hub.New()
	besides := beside.New(watchers)
	parts := Parts{
		Reports: reports.New(h.store, h.clock), Queue: queue, Moderators: []string{"a moderator's key"}, Work: hashcash.New(1, 3, h.clock),
		People: h.people, Clubs: h.clubs, Hallway: hallway.New(), Schedule: h.plans, Conversations: conversations.New(h.store, h.clock), Discovery: h.discovery, News: h.news, Hub: watchers, Beside: besides, Grants: h.grants, Media: h.media,
		Itinerary: h.ways.itinerary, Root: []byte("a root"),
		URL: where, House: "Test", Version: "0.0.0-test", Web: web,
		Ready: func() error { return nil },
		Full:  func() (time.Duration, bool) { return 0, false },
		From: func(r *http.Request) netip.Addr {
			if text := r.Header.Get("Test-From"); text != "" {
				return netip.MustParseAddr(text)
			}
			return netip.MustParseAddrPort(r.RemoteAddr).Addr()
		},
		ShieldAge: 7 * 24 * time.Hour,
		Clock:     h.clock, Log: slog.New(slog.NewTextHandler(h.log, nil)),
	}
	for _, other := range changes {
		if other.parts != nil {
			other.parts(h, &parts)
		}
	}
	h.api = New(parts)
	h.rooms, err = live.Start(context.Background(), h.store, h.people, h.clubs, watchers, besides, h.api)
	h.must(err)
	h.api.Serve(h.rooms)
	handler = h.api.Handler()
	server.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		_ = c.(*net.TCPConn).SetWriteBuffer(4 << 10) // so that a slow client is noticed soon
		return ctx
	}
	server.Start()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := h.api.Close(ctx); err != nil {
			t.Errorf("close the doors: %v", err)
		}
		server.Close()
		if err := h.rooms.Close(ctx); err != nil {
			t.Errorf("close the rooms: %v", err)
		}
		h.closeRecords()
	})
	h.founder, _, err = h.people.FounderInvite(t.Context())
	h.must(err)
	return h
}

// closeRecords closes the records, once.
func (h *testHouse) closeRecords() {
	h.once.Do(func() { h.must(errors.Join(h.store.Close(), h.keys.Close())) })
}

func (h *testHouse) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.now.IsZero() {
		return time.Now()
	}
	return h.now
}

// at stops the clock that the doors and the people read.
func (h *testHouse) at(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = now
}

func (h *testHouse) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// A guest is a person with a signed-in browser.
type guest struct {
	*testHouse

	id    id.Person
	name  string
	token string
}

// first makes the first person of the house.
func (h *testHouse) first(name string) *guest {
	h.Helper()
	return h.come(h.founder, name)
}

// invite makes somebody whom g invites, around the allowance.
func (g *guest) invite(name string) *guest {
	g.Helper()
	code := id.New[people.Code]()
	i := people.Invite{ID: id.New[people.InviteID](), By: people.Person{ID: g.id}, Created: time.Now(), Expires: time.Now().Add(time.Hour)}
	g.must(g.store.Give(g.Context(), i, hashOf(code), 100_000))
	return g.come(code.String(), name)
}

func (h *testHouse) come(invite, name string) *guest {
	h.Helper()
	account, _, err := h.people.SignUpByRecovery(h.Context(), people.ByInvite(invite), name)
	h.must(err)
	_, token, err := h.people.SignIn(h.Context(), account.ID)
	h.must(err)
	return &guest{h, account.ID, name, token}
}

// An answered is the answer to a call.
type answered struct {
	*testHouse

	status int
	header http.Header
	body   []byte
}

// call makes a call without a cookie.
func (h *testHouse) call(method, path string, body any, header ...string) answered {
	h.Helper()
	var r io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(body)
	default:
		text, err := json.Marshal(body)
		h.must(err)
		r = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(h.Context(), method, h.url+path, r)
	h.must(err)
	if r != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	h.must(err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	h.must(err)
	return answered{h, res.StatusCode, res.Header, text}
}

// call makes a call with the guest's cookie.
func (g *guest) call(method, path string, body any, header ...string) answered {
	g.Helper()
	return g.testHouse.call(method, path, body, append(header, "Cookie", g.api.cookie+"="+g.token)...)
}

// is ends the test if the status is another.
func (a answered) is(status int) answered {
	a.Helper()
	if a.status != status {
		a.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

// problem ends the test if the answer is not the problem c.
func (a answered) problem(c code) answered {
	a.Helper()
	var p Problem
	a.into(&p)
	if p.Code != string(c) || a.status != kinds[c].status || p.Status != a.status ||
		a.header.Get("Content-Type") != "application/problem+json" {
		a.Fatalf("%d %s %s, want %s", a.status, a.header.Get("Content-Type"), a.body, c)
	}
	return a
}

func (a answered) into(v any) answered {
	a.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		a.Fatalf("%s: %v", a.body, err)
	}
	return a
}

// open opens a room.
func (g *guest) open(visibility string, invite ...string) id.Room {
	g.Helper()
	var c Card
	g.call("POST", "/api/v1/rooms", NewRoom{Title: "Tea", Visibility: visibility, Invite: invite}).is(201).into(&c)
	return c.ID
}

func (g *guest) grant(name id.Room) string {
	g.Helper()
	var out Grant
	g.call("POST", "/api/v1/rooms/"+name.String()+"/grants", None{}).is(201).into(&out)
	return out.Grant
}

// A line is a live connection of a test: what it is sent waits in order.
type line struct {
	*testHouse

	ws   *websocket.Conn
	got  chan message
	over chan error
	next uint64
	kept []message // read while something else was waited for
	all  []message // read
}

// A message is whatever the node may send.
type message struct {
	Re      *uint64
	Done    *struct{}
	Entered *struct {
		Room    id.Room
		Me      id.Person
		Session id.Session
		Media   bool
		Ticket  string
		Deputy  string
		You     room.Participant
		Vote    *int
		View    *room.View
	}
	Answer    *struct{ SDP string }
	Itinerary *signal.Itinerary
	Problem   *struct {
		Code, Title, Detail string
		Status              int
		RetryAfter          int `json:"retry_after"`
	}
	Seq     uint64
	After   uint64
	Room    id.Room
	Person  *room.Participant
	Hallway *struct{}
	Crowd   *struct{ Count int }
	You     *struct{ Followed bool }
	Cut     *struct {
		Room id.Room
		Why  string
	}
	Reactions    *signal.Reactions
	Said         *signal.Said
	Unsaid       *signal.Unsaid
	Poll         *signal.Poll
	Conflict     *signal.Conflict
	Conversation *signal.Conversation
	raw          string
	Fresh        *signal.CrowdOfFresh `json:"crowd_of_fresh"`
}

// live connects without a cookie.
func (h *testHouse) live(header ...string) *line {
	h.Helper()
	l, err := h.dial(header...)
	h.must(err)
	return l
}

// live connects with the guest's cookie.
func (g *guest) live(header ...string) *line {
	g.Helper()
	return g.testHouse.live(append(header, "Cookie", g.api.cookie+"="+g.token)...)
}

// connect opens a WebSocket. The error says what the node said.
func (h *testHouse) connect(o *websocket.DialOptions) (*websocket.Conn, error) {
	ws, res, err := websocket.Dial(h.Context(), strings.Replace(h.url, "http", "ws", 1)+"/api/v1/live", o)
	if err != nil && res != nil && res.Body != nil {
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		err = fmt.Errorf("%w: %s", err, text)
	}
	return ws, err
}

func (h *testHouse) dial(header ...string) (*line, error) {
	h.Helper()
	hd := make(http.Header)
	for i := 0; i < len(header); i += 2 {
		hd.Set(header[i], header[i+1])
	}
	ws, err := h.connect(&websocket.DialOptions{HTTPHeader: hd})
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(1 << 24)
	l := &line{testHouse: h, ws: ws, got: make(chan message, 100000), over: make(chan error, 1)}
	h.Cleanup(func() { _ = ws.CloseNow() })
	go func() {
		for {
			_, text, err := ws.Read(context.Background())
			if err != nil {
				l.over <- err
				close(l.got)
				return
			}
			m := message{raw: string(text)}
			if err := json.Unmarshal(text, &m); err != nil {
				h.Errorf("the node sent %s: %v", text, err)
			}
			l.got <- m
		}
	}()
	return l, nil
}

// ask sends a request and returns the reply to it. What comes before is kept.
func (l *line) ask(what string, body any) message {
	l.Helper()
	number := l.send(what, body)
	return l.until(func(m message) bool { return m.Re != nil && *m.Re == number })
}

func (l *line) send(what string, body any) uint64 {
	l.Helper()
	l.next++
	text, err := json.Marshal(map[string]any{"id": l.next, what: body})
	l.must(err)
	l.must(l.ws.Write(l.Context(), websocket.MessageText, text))
	return l.next
}

// until returns the next message that is wanted. What comes before is kept.
func (l *line) until(wanted func(message) bool) message {
	l.Helper()
	for i, m := range l.kept {
		if wanted(m) {
			l.kept = append(l.kept[:i:i], l.kept[i+1:]...)
			return m
		}
	}
	late := time.After(10 * time.Second)
	for {
		select {
		case m, ok := <-l.got:
			if !ok {
				l.Fatalf("the connection is over: %v; got %v", <-l.over, raws(l.kept))
			}
			if l.all = append(l.all, m); wanted(m) {
				return m
			}
			l.kept = append(l.kept, m)
		case <-late:
			l.Fatalf("nothing of that kind has come, but %v", raws(l.kept))
		}
	}
}

// raws returns the last few of ms as they came.
func raws(ms []message) (out []string) {
	for _, m := range ms[max(0, len(ms)-5):] {
		out = append(out, m.raw)
	}
	return out
}

// event waits for an event of a kind.
func (l *line) event(kind string) message {
	l.Helper()
	return l.until(func(m message) bool { return m.Seq > 0 && strings.Contains(m.raw, `"`+kind+`":{`) })
}

// cut waits to be cut for a reason.
func (l *line) cut(name id.Room, why string) {
	l.Helper()
	m := l.until(func(m message) bool { return m.Cut != nil })
	if m.Cut.Why != why || m.Cut.Room != name {
		l.Fatalf("cut by %s, want %s", m.raw, why)
	}
}

// quiet fails if anything comes for a while.
func (l *line) quiet(d time.Duration) {
	l.Helper()
	select {
	case m, ok := <-l.got:
		l.Fatalf("got %s, %t", m.raw, ok)
	case <-time.After(d):
	}
}

// closed waits for the connection to be closed, and for the code.
func (l *line) closed(code websocket.StatusCode) {
	l.Helper()
	select {
	case err := <-l.over:
		if got := websocket.CloseStatus(err); got != code {
			l.Fatalf("closed with %v (%v), want %v", got, err, code)
		}
	case <-time.After(15 * time.Second):
		l.Fatal("the connection is still open")
	}
}

// enter enters a room over l and returns the reply.
func (g *guest) enter(l *line, name id.Room, more ...any) message {
	g.Helper()
	body := map[string]any{"grant": g.grant(name)}
	for i := 0; i < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	m := l.ask("enter", body)
	if m.Entered == nil {
		g.Fatalf("not entered: %s", m.raw)
	}
	return m
}

// sit connects and enters.
func (g *guest) sit(name id.Room) *line {
	g.Helper()
	l := g.live()
	g.enter(l, name)
	return l
}

// done asks for something that must be done.
func (l *line) done(what string, body any) {
	l.Helper()
	if m := l.ask(what, body); m.Done == nil {
		l.Fatalf("%s: %s", what, m.raw)
	}
}

// refused asks for something that must be refused.
func (l *line) refused(c code, what string, body any) message {
	l.Helper()
	m := l.ask(what, body)
	if m.Problem == nil || m.Problem.Code != string(c) || m.Problem.Status != kinds[c].status || m.Problem.Title == "" {
		l.Fatalf("%s: %s, want %s", what, m.raw, c)
	}
	return m
}
