// Package api is the doors of the house: HTTP and the live WebSocket, as
// docs/protocol/http.md and docs/protocol/signal.md describe them. It finds
// out who is asking, limits how often, translates between the wire and the
// packages that decide, and decides nothing itself.
//
// The HTTP calls are written with huma, from whose types the OpenAPI document
// follows. Errors are problems (RFC 9457) with codes from one table.
//
// Not here: TLS, listening, timeouts of connections, metrics.
package api

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/klauspost/compress/gzhttp"

	"github.com/stoa-audio/stoa/internal/beside"
	"github.com/stoa-audio/stoa/internal/clubs"
	"github.com/stoa-audio/stoa/internal/conversations"
	"github.com/stoa-audio/stoa/internal/discover"
	"github.com/stoa-audio/stoa/internal/grant"
	"github.com/stoa-audio/stoa/internal/hallway"
	"github.com/stoa-audio/stoa/internal/hashcash"
	"github.com/stoa-audio/stoa/internal/hub"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/moderation"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/region"
	"github.com/stoa-audio/stoa/internal/reports"
	"github.com/stoa-audio/stoa/internal/room/live"
	"github.com/stoa-audio/stoa/internal/schedule"
	"github.com/stoa-audio/stoa/internal/signal"
	"github.com/stoa-audio/stoa/internal/socket"
)

// bodyMax is the size of a request's body in bytes.
const bodyMax = 64 << 10

// Media is the voices of those who have a seat.
type Media interface {
	// Offer returns the SDP answer of the node at, which is this one when zero;
	// or an *OfferError, or ErrNode.
	Offer(ctx context.Context, name id.Room, who id.Person, session id.Session, at id.Node, sdp string) (answer string, err error)
	// Stand answers an offer for a connection at another node that is kept
	// ready, and Switch makes the node where it is the one where the seat is.
	// ErrNode says that there is none.
	Stand(ctx context.Context, name id.Room, who id.Person, session id.Session, at id.Node, sdp string) (answer string, err error)
	Switch(name id.Room, who id.Person, session id.Session, at id.Node) error
	// Release gives that connection up.
	Release(name id.Room, who id.Person, session id.Session)
	// Where returns at which node the media of who are; zero is this one.
	Where(name id.Room, who id.Person) id.Node
	// Up reports whether a session has a media connection, which it may have
	// from the one before it.
	Up(name id.Room, who id.Person, session id.Session) bool
	// Forwarded returns hashes of what who has said in a room since a time, in
	// its order.
	Forwarded(name id.Room, who id.Person, since time.Time) [][16]byte
}

// Away is what the doors know of rooms that go on while their house is gone: of
// this house's at another node, and of other houses' here.
type Away interface {
	// Ticket returns by what a seat is known at the deputy, and Deputy where that
	// is; both are empty without one.
	Ticket(name id.Room, who id.Person, session id.Session) (ticket, deputy string)
	// Seat returns whose ticket it is: grant.ErrGrant, or live.ErrElsewhere when
	// the room does not run here.
	Seat(ticket string) (name id.Room, who id.Person, session id.Session, err error)
	// KeptOut reports whether somebody is kept out of the house whose room goes on
	// here; of rooms of this house the queue knows.
	KeptOut(name id.Room, who id.Person) bool
	// Decided tells the deputy who is kept out of this house by now, and returns when
	// it knows it.
	Decided(ctx context.Context) error
	// Houses returns the addresses of houses whose rooms may go on here.
	Houses() []string
}

// ErrNode means that the node that an offer is for cannot be had.
var ErrNode = errors.New("that node cannot be had")

// A NodeAt is a node at which a media connection may be.
type NodeAt struct {
	ID       id.Node `json:"id"`
	Region   string  `json:"region"`
	Operator string  `json:"operator"`
	Here     bool    `json:"here,omitempty" doc:"whether it is the one that is asked"`
	URL      string  `json:"url,omitempty" doc:"where it answers /livez, by which a client may find the nearest"`
}

// An OfferError means that an offer cannot be answered, and says why.
type OfferError struct{ Detail string }

// Error returns why the offer cannot be answered.
func (e *OfferError) Error() string { return "bad offer: " + e.Detail }

// Parts are what the doors lead to.
type Parts struct {
	People *people.People
	Clubs  *clubs.Clubs
	// Hallway is what there is to be seen of the rooms; it is told by the doors.
	Hallway *hallway.Table
	Hub     *hub.Hub
	Beside  *beside.Rooms // what happens in rooms beside voices and events
	Grants  *grant.Keys
	Media   Media
	Away    Away // nil in no network
	// Conversations passes sealed messages on.
	Conversations *conversations.Conversations
	// Discovery has people who know each other find each other.
	Discovery *discover.Discovery
	// Schedule is the rooms to come.
	Schedule *schedule.Schedule
	// Work is what is asked of those who come without an invite, where they may.
	Work *hashcash.Gate
	// Queue is what is to be judged, and who is kept out.
	Queue *moderation.Queue
	// News is what people are told, and Pusher what pushes it to browsers that are
	// closed; nil: nothing is pushed.
	News   *news.News
	Pusher Pusher
	// Mail sends mail, and MailKey (32 bytes) seals the links with which one wants no
	// more of it; nil: none is sent.
	Mail    Poster
	MailKey []byte
	// Reports keeps what people report. Moderators are the keys that reports are
	// sealed to; without any, nothing can be reported.
	Reports    *reports.Reports
	Moderators []string

	URL     *url.URL     // where browsers find the house
	House   string       // its name
	Version string       // of the software
	Web     fs.FS        // the built web app; may be empty
	Legal   http.Handler // what the law wants the house to say, at /legal/ and in security.txt; may be nil

	// Ready returns why the node cannot serve now, or nil.
	Ready func() error
	// Nodes returns the nodes inside a fence at which media connections may be, in
	// an order that is another one for each session; none when there is this one
	// only. May be nil.
	Nodes func(region.Fence, id.Session) []NodeAt
	// Place is where this node stands, and Regions those of its network; zero and
	// none in no network.
	Place   region.Place
	Regions []string
	// Itinerary returns over which nodes the voices of others on the stage come to
	// somebody in a room, and theirs to others.
	Itinerary func(ctx context.Context, name id.Room, who id.Person, stage []id.Person) signal.Itinerary
	// Root is the certificate of the network's root; none in no network.
	Root []byte
	// Full reports whether the node lets nobody new into rooms for now, and when
	// to ask again.
	Full func() (wait time.Duration, full bool)
	// From returns the address of a client, which a proxy may have hidden. It
	// is used for limits, and neither logged nor stored.
	From func(*http.Request) netip.Addr
	// ShieldAge is how old an account is at least that a room with its shield up
	// takes as any other.
	ShieldAge time.Duration
	Clock     func() time.Time
	Log       *slog.Logger
}

// An API is the doors of one node.
type API struct {
	Parts

	rooms   *live.Rooms // set by Serve
	huma    huma.API
	handler http.Handler
	openapi []byte
	cookie  string // its name

	limits  limits
	opening opening
	seats   seats
	views   views
	hallway watchers
	// conflicts is who on a stage has blocked whom there.
	conflicts conflicts
	crowds    crowds
	stages    stages        // whose followers are to be told
	pushes    chan struct{} // there may be something to push
	// plansOpening is held while a host opens the room of a plan.
	plansOpening sync.Mutex
	// pictures has room for the uploads that are being made into pictures.
	pictures chan struct{}

	sockets *socket.Loop // started by Serve
	conns   connections
	work    context.Context // ends when the doors close
	stop    context.CancelFunc
	workers sync.WaitGroup
}

// New returns the doors to p. They open when Serve is called: the rooms need
// the API as their watcher before they can run.
func New(p Parts) *API {
	a := &API{Parts: p, pictures: make(chan struct{}, picturesAtOnce), pushes: make(chan struct{}, 1), stages: newStages()}
	a.work, a.stop = context.WithCancel(context.Background())
	a.cookie = "stoa_session"
	if p.URL.Scheme == "https" {
		a.cookie = "__Host-stoa_session"
	}
	mux := http.NewServeMux()
	a.openapi = a.addCalls(mux)
	mux.HandleFunc("GET /api/v1/live", a.live)
	if a.Mail != nil {
		a.addLeave(mux)
	}
	mux.HandleFunc("/api/", a.noSuchThing)
	if a.Legal != nil {
		mux.Handle("/legal/", gzhttp.GzipHandler(a.Legal))
		mux.Handle("/.well-known/security.txt", a.Legal)
	}
	// Of the app only: answers with secrets in them stay as long as they are.
	mux.Handle("/", gzhttp.GzipHandler(a.web()))
	a.handler = a.outside(a.calendars(mux))
	return a
}

// Document returns the OpenAPI 3.1 document of a version of the software.
func Document(version string) []byte {
	a := &API{Parts: Parts{Version: version}}
	return a.addCalls(http.NewServeMux())
}

// addCalls serves the HTTP calls on mux and returns the document that
// describes them.
func (a *API) addCalls(mux *http.ServeMux) []byte {
	humaErrors()
	a.huma = humago.New(mux, outline(a.Version))
	a.addSignUp()
	a.addMe()
	a.addBackups()
	a.addPeople()
	a.addSearch()
	a.addProfiles()
	a.addSuggestions()
	a.addBlocks()
	a.addDiscovery()
	a.addConversations()
	a.addClubs()
	a.addStored()
	a.addRooms()
	a.addPlans()
	a.addNews()
	a.addAddress()
	a.addPings()
	a.addReports()
	a.addQueue()
	a.addHouse(mux)
	return encodeDocument(a.huma.OpenAPI())
}

// Serve opens the doors to rooms. It is called once, before Handler is used.
func (a *API) Serve(rooms *live.Rooms) {
	a.rooms, a.sockets = rooms, socket.Start()
	a.workers.Go(a.watchHallway)
	a.workers.Go(a.watchConflicts)
	a.workers.Go(a.watchPlans)
	a.Clubs.OnChange(a.clubChanged)
	a.workers.Go(a.watchStages)
	if a.Pusher != nil {
		a.workers.Go(a.watchPushes)
	}
	if a.Mail != nil {
		a.workers.Go(a.watchMails)
	}
}

// Handler returns what serves every path.
func (a *API) Handler() http.Handler { return a.handler }

// Close tells everybody on a live connection that the node stops, and waits
// until the connections are closed or ctx is over.
func (a *API) Close(ctx context.Context) error {
	a.stop()
	a.conns.close()
	done := make(chan struct{})
	go func() {
		a.workers.Wait()
		a.conns.wg.Wait()
		a.sockets.Stop()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
