package node

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stoa-audio/stoa/internal/api"
	"github.com/stoa-audio/stoa/internal/beside"
	"github.com/stoa-audio/stoa/internal/clubs"
	"github.com/stoa-audio/stoa/internal/conversations"
	"github.com/stoa-audio/stoa/internal/coordinate"
	"github.com/stoa-audio/stoa/internal/deputy"
	"github.com/stoa-audio/stoa/internal/discover"
	"github.com/stoa-audio/stoa/internal/grant"
	"github.com/stoa-audio/stoa/internal/hallway"
	"github.com/stoa-audio/stoa/internal/hashcash"
	"github.com/stoa-audio/stoa/internal/hub"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/itinerary"
	"github.com/stoa-audio/stoa/internal/keyring"
	"github.com/stoa-audio/stoa/internal/legal"
	"github.com/stoa-audio/stoa/internal/mail"
	"github.com/stoa-audio/stoa/internal/media/forward"
	"github.com/stoa-audio/stoa/internal/media/packet"
	"github.com/stoa-audio/stoa/internal/media/sfu"
	"github.com/stoa-audio/stoa/internal/moderation"
	"github.com/stoa-audio/stoa/internal/news"
	"github.com/stoa-audio/stoa/internal/overlay/link"
	"github.com/stoa-audio/stoa/internal/people"
	"github.com/stoa-audio/stoa/internal/reports"
	"github.com/stoa-audio/stoa/internal/room/live"
	"github.com/stoa-audio/stoa/internal/schedule"
	"github.com/stoa-audio/stoa/internal/search"
	"github.com/stoa-audio/stoa/internal/spread"
	"github.com/stoa-audio/stoa/internal/store"
	"github.com/stoa-audio/stoa/internal/store/records"
	"github.com/stoa-audio/stoa/web"
)

// Version is what the software calls itself.
const Version = "0.1.0"

// stopWait bounds how long a stop waits for what is under way.
const stopWait = 10 * time.Second

// A Node is a running node.
type Node struct {
	config Config
	log    *slog.Logger
	invite string

	store   *records.Store
	keys    *keyring.Ring
	names   *search.Index
	people  *people.People
	clubs   *clubs.Clubs
	hallway *hallway.Table
	talks   *conversations.Conversations
	plans   *schedule.Schedule
	told    *news.News
	// discovery has people who know each other find each other.
	discovery *discover.Discovery
	mails     *mail.Outbox // nil where none are sent
	reports   *reports.Reports
	queue     *moderation.Queue
	media     *sfu.SFU
	network   *packet.Network                // nil with the udp lane
	member    *membership                    // nil in no network of nodes
	trunk     *link.Trunk                    // to the other nodes of the network; nil in none
	place     *spread.Place                  // what this node does for rooms, its own and others'
	guests    *spread.Guests                 // of other nodes' rooms
	ways      atomic.Pointer[itinerary.Ways] // by which voices come; nil in no network
	spread    *spread.Rooms                  // where the people of our own rooms are
	house     *deputy.House                  // our rooms, which may have a deputy; nil in no network
	keeper    *deputy.Keeper                 // other houses' rooms; nil in no network
	doubted   sync.Map                       // nodes that do not stand where they say, to how many km that is off
	admits    net.Addr                       // where machines are admitted to the network; nil: here they are not
	beside    *beside.Rooms                  // what happens in them beside voices and events
	control   *control
	gauge     *gauge
	rooms     *live.Rooms
	api       *api.API
	door      net.Listener // for people; bound first, served last
	serving   []*server
	ready     atomic.Bool
	work      context.CancelFunc // ends what runs beside
	joined    chan struct{}      // closed when other nodes may ask everything
	failed    chan error
	news      chan struct{} // of other nodes

	// What the region's nodes know together; nil in no network.
	coordinator atomic.Pointer[coordinate.Coordinator]
}

// Start starts a node: store, people, media, rooms, doors, in this order. Its
// address is taken before all that, so that a second node changes nothing.
// When it returns an error, nothing is left running.
func Start(ctx context.Context, c Config, log *slog.Logger) (_ *Node, err error) {
	n := &Node{config: c, log: log, joined: make(chan struct{}), failed: make(chan error, 2), news: make(chan struct{}, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.Stop(context.WithoutCancel(ctx)))
		}
	}()
	if n.door, err = new(net.ListenConfig).Listen(ctx, "tcp", c.Addr); err != nil {
		return nil, err
	}
	if free, ok := strings.CutSuffix(c.URL, ":0"); ok { // any free port
		c.URL = fmt.Sprintf("%s:%d", free, n.door.Addr().(*net.TCPAddr).Port)
		n.config = c
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	secret, err := loadSecret(filepath.Join(c.Data, "secret"))
	if err != nil {
		return nil, err
	}
	if n.store, err = store.Open(ctx, c.Records()); err != nil {
		return nil, err
	}
	if n.keys, err = openKeys(ctx, c.KeyringAt(), n.store); err != nil {
		return nil, err
	}
	n.store.SealRooms(n.keys)
	if n.names, err = search.Open(ctx, filepath.Join(c.Data, search.File)); err != nil {
		return nil, err
	}
	handleKey, err := n.keys.House(keyring.ForHandles)
	if err != nil {
		return nil, err
	}
	public, err := url.Parse(c.URL)
	if err != nil {
		return nil, err
	}
	inviteKey, err := secret.key("invites")
	if err != nil {
		return nil, err
	}
	n.people, err = people.New(n.store, people.Config{
		URL: public, House: c.Name, InviteKey: inviteKey,
		Keys: n.keys, HandleKey: handleKey, Index: n.names,
		Growth: people.Growth{Start: c.Invites.PerPerson, Every: c.Invites.Another, Most: c.Invites.Most},
		Open:   c.SignUp.Open, InviteLife: c.Invites.Expire, Clock: time.Now,
	})
	if err != nil {
		return nil, err
	}
	n.clubs, n.hallway = clubs.New(n.store, time.Now), hallway.New()
	n.talks = conversations.New(n.store, time.Now)
	calendarKey, err := secret.key("calendars")
	if err != nil {
		return nil, err
	}
	n.plans = schedule.New(n.store, schedule.Config{Sealer: n.people, Clubs: n.clubs, Key: calendarKey, Clock: time.Now})
	n.people.SetHeir(n.plans)
	pusher, err := n.pusher(secret)
	if err != nil {
		return nil, err
	}
	if n.mails, err = n.outbox(public); err != nil {
		return nil, err
	}
	mailKey, err := secret.key("mail")
	if err != nil {
		return nil, err
	}
	n.told = news.New(n.store, news.Config{Sealer: n.people, Blocks: n.people, Pushes: pusher != nil, Mails: n.mails != nil, Clock: time.Now})
	if err := n.settle(ctx); err != nil {
		return nil, err
	}
	if err := n.openDiscovery(ctx); err != nil {
		return nil, err
	}
	n.reports = reports.New(n.store, time.Now)
	if n.queue, err = moderation.Open(ctx, n.store, n.people, time.Now); err != nil {
		return nil, err
	}
	if err := n.tidy(ctx); err != nil {
		return nil, err
	}
	// Which grants are spent is known to this process alone: another one must
	// not honour them.
	seed := make([]byte, 32)
	_, _ = rand.Read(seed) // never fails (crypto/rand, Go 1.24)
	grants, err := grant.New(seed)
	if err != nil {
		return nil, err
	}
	watchers := hub.New()
	n.beside = beside.New(watchers)
	var work context.Context
	work, n.work = context.WithCancel(context.Background())
	if err := n.startNetwork(ctx, work); err != nil {
		return nil, err
	}
	if err := n.startMedia(watchers); err != nil {
		return nil, err
	}
	if err := n.openTrunk(work); err != nil {
		return nil, err
	}
	if n.trunk != nil {
		go n.watchLeaving(work)
	}
	if err := n.openCoordination(); err != nil {
		return nil, err
	}
	go n.gauge.run(work)
	go n.forget(work)
	var poster api.Poster // none, which a nil outbox would not be
	if n.mails != nil {
		poster = n.mails
		go n.mails.Run(work)
	}
	go n.reindex(work, false)
	if err := n.openDeputies(ctx, secret); err != nil {
		return nil, err
	}
	goesOn, err := n.goesOn(secret)
	if err != nil {
		return nil, err
	}
	ours := c.legal()
	if public.Scheme == "https" && !ours.Operator.Known() {
		log.WarnContext(ctx, "nobody has said who runs this house; see [legal] in stoa.toml")
	}
	said, err := legal.Handler(ours)
	if err != nil {
		return nil, err
	}
	n.api = api.New(api.Parts{
		Away: goesOn, Discovery: n.discovery, News: n.told, Pusher: pusher, Mail: poster, MailKey: mailKey,
		Reports: n.reports, Queue: n.queue, Moderators: c.Moderation.Keys, Work: hashcash.New(c.SignUp.Bits, c.SignUp.Most, time.Now),
		People: n.people, Clubs: n.clubs, Hallway: n.hallway, Conversations: n.talks, Schedule: n.plans, Hub: watchers, Beside: n.beside, Grants: grants, Media: voices{n.spread, n.self(), n.trunk}, Nodes: n.nodes, Place: n.stand(), Regions: n.regions(), Itinerary: n.itinerary, Root: n.root(),
		URL: public, House: c.Name, Version: Version, Web: web.Dist(), Legal: said,
		Ready: n.readiness, Full: n.gauge.full, From: remoteAddr, Clock: time.Now, Log: log,
		ShieldAge: time.Duration(c.Rooms.ShieldDays) * 24 * time.Hour,
	})
	n.rooms, err = live.Start(ctx, n.records(), n.people, n.clubs, watchers, n.spread, n.beside, n.api)
	if err != nil {
		return nil, err
	}
	n.rooms.Doubt(n.house != nil && n.house.InDoubt())
	n.api.Serve(n.rooms)
	here := n.rooms.Own()
	if n.keeper != nil {
		here = append(here, n.keeper.Guests()...)
	}
	if err := n.putOut(ctx, here); err != nil { // whom it was decided of in the node's last moment
		return nil, err
	}
	if err := n.serve(ctx); err != nil {
		return nil, err
	}
	if err := n.findFounder(ctx); err != nil {
		return nil, err
	}
	n.openControl(ctx)
	n.runDeputies()
	close(n.joined)
	n.ready.Store(true)
	return n, nil
}

func (n *Node) startMedia(watchers *hub.Hub) error {
	announced, err := n.config.announced()
	if err != nil {
		return err
	}
	n.media, err = sfu.Start(sfu.Config{
		Listen: n.config.Media.Listen, Announce: announced, Log: n.log,
		Lane:   n.lanes(),
		Hall:   forward.Hall{Listeners: n.config.Media.HallListeners, Frame: n.config.Media.HallFrame},
		Sound:  func(room id.Room, s sfu.Sound) { n.sound(watchers, room, s) },
		Abroad: n.abroad(), Beats: n.member != nil,
	})
	if err != nil {
		return fmt.Errorf("media: %w", err)
	}
	self := n.self()
	n.place = spread.NewPlace(self, media{n.media})
	n.place.Succession = n.succession
	n.guests = spread.NewGuests(n.place, n.log)
	n.spread = spread.NewRooms(spread.RoomsConfig{
		Self: self, Place: n.place, Reach: n.reach(watchers), Stands: n.stands,
		Moved: func(moves []spread.Move) { go n.send(moves) },
	})
	n.gauge = newGauge(n.media, n.config.Load, n.log)
	return nil
}

// tidy deletes what is over.
func (n *Node) tidy(ctx context.Context) error {
	return errors.Join(n.reports.Forget(ctx), n.queue.Forget(ctx), n.people.Tidy(ctx), n.plans.Forget(ctx), n.talks.Forget(ctx), n.discovery.Forget(ctx), n.told.Forget(ctx))
}

// forget deletes what is over, every hour.
func (n *Node) forget(ctx context.Context) {
	t := time.NewTicker(time.Hour)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if err := n.tidy(ctx); err != nil && ctx.Err() == nil {
			n.log.ErrorContext(ctx, "what is over is still there", "error", err)
		}
		n.reindex(ctx, true)
	}
}

// reindex brings the index of names up to date: at the start, and where something
// could not be written to it.
func (n *Node) reindex(ctx context.Context, failed bool) {
	began := time.Now()
	changed, err := n.people.Reindex(ctx, failed)
	switch {
	case err != nil && ctx.Err() == nil:
		n.log.ErrorContext(ctx, "the index of names is not up to date", "error", err)
	case changed > 0:
		n.log.InfoContext(ctx, "the index of names is up to date", "changed", changed, "took", time.Since(began))
	}
}

// A server is one address that the node answers HTTP on.
type server struct {
	*http.Server

	at   net.Addr
	done chan struct{}
}

// serve opens the doors, and the operator's window if there is to be one.
func (n *Node) serve(ctx context.Context) error {
	main := &http.Server{
		Handler: n.api.Handler(), ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(n.log.Handler(), slog.LevelDebug),
	}
	n.answer(n.door, main, n.config.TLS)
	n.door = nil // the server closes it
	if n.config.Admin.Addr == "" {
		return nil
	}
	admin := http.NewServeMux()
	admin.Handle("GET /metrics", n.metrics())
	n.addPicture(admin)
	admin.HandleFunc("GET /debug/roster", n.showRoster)
	addProfiles(admin)
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", n.config.Admin.Addr)
	if err != nil {
		return err
	}
	n.answer(l, &http.Server{Handler: admin, ReadHeaderTimeout: 10 * time.Second}, TLS{})
	return nil
}

// answer begins to answer HTTP on l.
func (n *Node) answer(l net.Listener, h *http.Server, t TLS) {
	s := &server{h, l.Addr(), make(chan struct{})}
	n.serving = append(n.serving, s)
	go func() {
		defer close(s.done)
		var err error
		if t.Cert != "" {
			err = s.ServeTLS(l, t.Cert, t.Key)
		} else {
			err = s.Serve(l)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			n.failed <- err
		}
	}()
}

// findFounder looks whether the house still waits for its first person.
func (n *Node) findFounder(ctx context.Context) error {
	code, needed, err := n.people.FounderInvite(ctx)
	if err != nil {
		return err
	}
	if needed {
		n.invite = n.config.URL + "/i/" + code
	}
	return nil
}

// URL returns where people find the house.
func (n *Node) URL() string { return n.config.URL }

// Invite returns the founder's invite link, or nothing once there is a person.
func (n *Node) Invite() string { return n.invite }

// Failed yields the error by which the node stopped serving, if it does.
func (n *Node) Failed() <-chan error { return n.failed }

func (n *Node) readiness() error {
	if !n.ready.Load() {
		return errors.New("starting or stopping")
	}
	if _, full := n.gauge.full(); full {
		return errFull
	}
	return nil
}

// Stop stops the node in the reverse order of Start: no new connections, those
// inside are told, rooms are stored, media ends, the store closes last.
func (n *Node) Stop(ctx context.Context) error {
	n.ready.Store(false)
	if o := n.coordinator.Load(); o != nil {
		o.Announce(true)
	}
	if n.work != nil {
		n.work()
	}
	ctx, cancel := context.WithTimeout(ctx, stopWait)
	defer cancel()
	var errs []error
	if n.api != nil && n.rooms != nil {
		n.hand(ctx)
		errs = append(errs, n.api.Close(ctx))
	}
	n.control.close()
	for _, s := range n.serving {
		if err := s.Shutdown(ctx); err != nil {
			errs = append(errs, err, s.Close())
		}
		<-s.done
	}
	if n.door != nil {
		errs = append(errs, n.door.Close())
	}
	if n.rooms != nil {
		errs = append(errs, n.rooms.Close(ctx))
	}
	if n.house != nil {
		n.house.Stop()
	}
	if n.keeper != nil {
		n.keeper.Stop()
	}
	if n.spread != nil {
		n.spread.Close()
	}
	if o := n.coordinator.Load(); o != nil {
		o.Close()
	}
	if n.trunk != nil {
		errs = append(errs, n.trunk.Close())
	}
	if n.media != nil {
		errs = append(errs, n.media.Close())
	}
	if n.network != nil {
		errs = append(errs, n.network.Close())
	}
	if n.store != nil {
		errs = append(errs, n.store.Close())
	}
	if n.names != nil {
		errs = append(errs, n.names.Close())
	}
	if n.keys != nil {
		errs = append(errs, n.keys.Close())
	}
	return errors.Join(errs...)
}

// remoteAddr returns where a request comes from.
func remoteAddr(r *http.Request) netip.Addr {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return a.Addr().Unmap()
}
