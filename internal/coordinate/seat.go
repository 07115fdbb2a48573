package coordinate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Bounds of a seat.
const (
	readyWait     = 30 * time.Second // it may have many records to read
	readyLook     = 50 * time.Millisecond
	clientsMax    = 4096
	leavesMax     = 256
	memoryMax     = 64 << 20
	storeMax      = 1 << 30
	pendingMax    = 16 << 20 // bytes that wait for one client
	leafAgain     = 2 * time.Second
	leafTold      = 5 * time.Second // to say who one is
	subjectGlobal = "g.>"
)

// inboxes is where answers come to that were asked for from a region.
func inboxes(region string) string { return "i." + region }

// allowed is what may pass to and from a region by its link to others.
func allowed(region string) *server.Permissions {
	list := func() *server.SubjectPermission {
		return &server.SubjectPermission{Allow: []string{subjectGlobal, inboxes(region) + ".>"}}
	}
	return &server.Permissions{Publish: list(), Subscribe: list()}
}

// A seat is the region's two servers: own keeps what is the region's alone, and
// world has what goes between regions, and knows nothing of the other. They
// listen nowhere, but for the hub's world, which hears the other seats on
// loopback, from those connections only that are made here for streams of the
// trunk.
type seat struct {
	name       string // of the region
	own, world *server.Server
	said       *said
	gate       *gate  // to the hub; nil if there is none
	leaves     string // where the hub hears seats, as host:port

	mu    sync.Mutex        // guards what follows
	known map[string]string // regions by the address that their link comes from
}

func openSeat(c Config) (_ *seat, err error) {
	s := &seat{name: c.Self.Place.Region, said: &said{log: c.Log}, known: make(map[string]string)}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	own := s.options()
	own.JetStream, own.JetStreamDomain, own.StoreDir = true, s.name, c.Dir
	own.JetStreamMaxMemory, own.JetStreamMaxStore = memoryMax, storeMax
	if s.own, err = s.start(own); err != nil {
		return nil, err
	}
	world := s.options()
	// Without an account of the system's there is nothing of it that others
	// could hear of.
	world.NoSystemAccount, world.CustomClientAuthentication = true, s
	world.LeafNode.ReconnectInterval = leafAgain
	world.LeafNode.Compression.Mode = server.CompressionOff
	if c.Hub {
		world.LeafNode.Host, world.LeafNode.Port = "127.0.0.1", server.RANDOM_PORT
		world.LeafNode.NoAdvertise = true
		world.LeafNode.AuthTimeout = leafTold.Seconds()
	}
	if c.DialHub != nil {
		if s.gate, err = openGate(c.DialHub); err != nil {
			return nil, err
		}
		world.LeafNode.Remotes = []*server.RemoteLeafOpts{s.gate.remote()}
	}
	if s.world, err = s.start(world); err != nil {
		return nil, err
	}
	state, err := s.world.Varz(nil)
	if err != nil {
		return nil, err
	}
	s.leaves = net.JoinHostPort("127.0.0.1", strconv.Itoa(state.LeafNode.Port))
	return s, nil
}

func (s *seat) options() *server.Options {
	return &server.Options{ServerName: "stoa-" + s.name, DontListen: true, NoSigs: true, MaxConn: clientsMax, MaxPending: pendingMax}
}

func (s *seat) start(o *server.Options) (*server.Server, error) {
	n, err := server.NewServer(o)
	if err != nil {
		return nil, err
	}
	n.SetLoggerV2(s.said, false, false, false)
	n.Start()
	for end := time.Now().Add(readyWait); !n.ReadyForConnections(readyLook); {
		if why := s.said.why(); why != "" || time.Now().After(end) {
			n.Shutdown()
			return nil, fmt.Errorf("the server does not start: %s", why)
		}
	}
	return n, nil
}

func (s *seat) close() {
	if s.gate != nil {
		s.gate.close()
	}
	for _, one := range []*server.Server{s.world, s.own} {
		if one != nil {
			one.Shutdown()
			one.WaitForShutdown()
		}
	}
}

// server returns the one that streams of a kind are for.
func (s *seat) server(kind string) *server.Server {
	if kind == KindWorld {
		return s.world
	}
	return s.own
}

// Check is server.Authentication's: who is let in to what goes between regions,
// and what they may say and hear. A client cannot but be in this process, or at
// a node of this region.
func (s *seat) Check(c server.ClientAuthentication) bool {
	name := s.name
	if c.Kind() == server.LEAF {
		address := c.RemoteAddress()
		if address == nil {
			return false
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		var ok bool
		if name, ok = s.known[address.String()]; !ok {
			return false
		}
	}
	c.RegisterUser(&server.User{Account: s.world.GlobalAccount(), Permissions: allowed(name)})
	return true
}

// client joins a stream of a node of this region to a server.
func (s *seat) client(ctx context.Context, kind string, stream Stream) error {
	in, err := s.server(kind).InProcessConn()
	if err != nil {
		return err
	}
	join(ctx, &conn{Stream: stream}, in)
	return nil
}

// leaf joins a stream of another region's seat to the server.
func (s *seat) leaf(ctx context.Context, from string, stream Stream) error {
	in, err := (&net.Dialer{Timeout: dialWait}).DialContext(ctx, "tcp", s.leaves)
	if err != nil {
		return err
	}
	address := in.LocalAddr().String()
	s.mu.Lock()
	full := len(s.known) >= leavesMax
	if !full {
		s.known[address] = from
	}
	s.mu.Unlock()
	if full {
		return errors.Join(fmt.Errorf("%w: as many links as there can be", ErrStream), in.Close())
	}
	// While in is open nobody else has its address.
	join(ctx, &conn{Stream: stream}, held{in, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.known, address)
	}})
	return nil
}

// held does something before it is closed for the first time.
type held struct {
	net.Conn

	before func()
}

// Close is net.Conn's.
func (h held) Close() error {
	h.before()
	return h.Conn.Close()
}

// join copies between two connections until one of them ends, and closes both.
func join(ctx context.Context, a, b net.Conn) {
	end := sync.OnceFunc(func() {
		_ = a.Close()
		_ = b.Close()
	})
	defer context.AfterFunc(ctx, end)()
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{a, b}, {b, a}} {
		both.Go(func() {
			_, _ = io.Copy(way[0], way[1]) // an end is an end
			end()
		})
	}
	both.Wait()
}

// said is what the server says. Only the forms of its sentences are logged: what
// they are filled with may be an address, or the key of a room.
type said struct {
	log *slog.Logger

	mu    sync.Mutex // guards fatal
	fatal string
}

// why is what the server ended by, if it did.
func (s *said) why() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fatal
}

// form returns a sentence without who it is about, which stands first.
func form(format string) string {
	if i := strings.LastIndex(format, " - "); i >= 0 {
		format = format[i+3:]
	}
	return format
}

// Fatalf and the rest are server.Logger's.
func (s *said) Fatalf(format string, v ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fatal = fmt.Sprintf(format, v...)
}

// Errorf is for what goes wrong: some of it each time that a link is tried.
func (s *said) Errorf(format string, _ ...any) {
	s.log.Debug("the coordination's server", "error", form(format))
}

// Warnf is for what may go wrong.
func (s *said) Warnf(format string, _ ...any) {
	s.log.Debug("the coordination's server", "warning", form(format))
}

// Noticef is for what nobody needs to know.
func (s *said) Noticef(string, ...any) {}

// Debugf is not asked for.
func (s *said) Debugf(string, ...any) {}

// Tracef is not asked for.
func (s *said) Tracef(string, ...any) {}

// hubURL stands for the hub: nobody is called there, the gate takes its place.
func hubURL() *url.URL { return &url.URL{Scheme: "nats-leaf", Host: "127.0.0.1:1"} }
