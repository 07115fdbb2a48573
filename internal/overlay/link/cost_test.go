package link

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"runtime/pprof"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/bench/child"
	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/lossy"
	"github.com/stoa-audio/stoa/internal/overlay/directory"
	"github.com/stoa-audio/stoa/internal/overlay/frame"
	"github.com/stoa-audio/stoa/internal/overlay/identity"
	"github.com/stoa-audio/stoa/internal/overlay/overlaytest"
	"github.com/stoa-audio/stoa/internal/overlay/relay"
	"github.com/stoa-audio/stoa/internal/region"
)

// costs makes TestCost measure for as long as it takes: make bench-trunk.
var costs = flag.Duration("costs", 0, "measure the CPU of a relay for so long")

const relayRole = "STOA_TEST_RELAY"

func TestMain(m *testing.M) {
	if os.Getenv(relayRole) != "" {
		if err := runRelay(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// A passport is what a relay in a process of its own is told.
type passport struct {
	Root, CA, Leaf, Key []byte
	Member              identity.Member
	Profile             string // file for a CPU profile, if any
}

// runRelay runs a node in this process until it is killed.
func runRelay() error {
	var p passport
	if err := json.NewDecoder(os.Stdin).Decode(&p); err != nil {
		return err
	}
	root, err := x509.ParseCertificate(p.Root)
	if err != nil {
		return err
	}
	ca, err := x509.ParseCertificate(p.CA)
	if err != nil {
		return err
	}
	leaf, err := x509.ParseCertificate(p.Leaf)
	if err != nil {
		return err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(p.Key)
	if err != nil {
		return err
	}
	key := parsed.(*ecdsa.PrivateKey)
	var fence region.Fence
	if err := fence.UnmarshalText([]byte("*")); err != nil {
		return err
	}
	store, err := identity.NewStore(root, []*x509.Certificate{ca}, nil, fence)
	if err != nil {
		return err
	}
	certificate := tls.Certificate{PrivateKey: key, Leaf: leaf, Certificate: [][]byte{leaf.Raw, ca.Raw}}
	t, err := Open(Config{
		Listen: "127.0.0.1:0", Self: p.Member, Advert: directory.Advert{Fence: fence},
		Guest: new(counter), Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		Guard: func() identity.Guard {
			return identity.Guard{Certificate: certificate, Store: func() *identity.Store { return store }, Now: time.Now}
		},
		Sign: func(a directory.Advert) (directory.Signed, error) { return a.Sign(leaf, key) },
	})
	if err != nil {
		return err
	}
	if err := t.Say(func(a *directory.Advert) { a.Addresses = []netip.AddrPort{t.LocalAddr()} }); err != nil {
		return err
	}
	fmt.Println(t.LocalAddr())
	if p.Profile != "" {
		f, err := os.Create(p.Profile)
		if err != nil {
			return err
		}
		time.Sleep(10 * time.Second)
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		time.Sleep(5 * time.Second)
		pprof.StopCPUProfile()
	}
	select {}
}

// A counter counts the packets that it hears.
type counter struct{ heard atomic.Int64 }

func (c *counter) Heard(id.Room, id.Node, id.Person, []byte) { c.heard.Add(1) }

// What passes through the relay: 800 voices, fifty times a second.
const (
	costRooms  = 100
	costVoices = 8
	costBytes  = 120
	costRate   = 40_000
)

// A relay in a process of its own takes 40,000 packets a second from one node
// and gives them to another; the direct way between the two is slow. The bar is
// 3.5 µs of CPU a packet, the kernel's work with it.
func TestCost(t *testing.T) {
	if *costs == 0 {
		t.Skip("measured by make bench-trunk")
	}
	network := overlaytest.New(t, time.Now(), "eu")
	nodes := []overlaytest.Node{network.Node(berlin), network.Node(berlin), network.Node(berlin)}
	// Who has the lesser name calls: the relay is called, so that nobody comes to
	// it by the slow way.
	slices.SortFunc(nodes, func(a, b overlaytest.Node) int { return cmp.Compare(a.Member.Node.String(), b.Member.Node.String()) })
	relayNode := nodes[2]
	p, address := startRelay(t, network, relayNode)

	ears := new(counter)
	source, sink := startCounting(t, network, nodes[0], new(counter), address), startCounting(t, network, nodes[1], ears, address)
	via := func(t2 *Trunk) {
		slow, err := lossy.Open(netip.MustParseAddrPort("127.0.0.1:0"), t2.LocalAddr(), lossy.Line{Delay: 100 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = slow.Close() })
		if err := t2.Say(func(a *directory.Advert) { a.Addresses = []netip.AddrPort{slow.Addr()} }); err != nil {
			t.Fatal(err)
		}
	}
	via(source)
	via(sink)
	eventually(t, 20*time.Second, "source and sink hear each other", func() bool {
		var rtt float64
		source.ask(func(time.Duration) {
			if n, ok := source.core.Map().Find(nodes[1].Member.Node); ok {
				rtt = source.core.Hop(n).RTT()
			}
		})
		return rtt > 100
	})
	time.Sleep(2 * time.Second) // until they have told each other of links
	rooms := make([]id.Room, costRooms)
	var voices []frame.Voice
	for i := range costVoices {
		voices = append(voices, frame.Voice{Stream: uint8(i), Who: id.New[id.Person]()}) //nolint:gosec // few
	}
	for i := range rooms {
		rooms[i] = id.New[id.Room]()
		source.Do(func(now time.Duration, n *relay.Node) { n.Open(now, rooms[i], source.fence, false, voices) })
		sink.Do(func(now time.Duration, n *relay.Node) { n.Listen(now, rooms[i], nodes[0].Member.Node) })
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	said := new(atomic.Int64)
	go speakAll(ctx, source, rooms, said)
	time.Sleep(5 * time.Second)
	routed := 0
	source.ask(func(time.Duration) {
		n, _ := source.core.Map().Find(relayNode.Member.Node)
		for _, r := range rooms {
			if tree := source.core.Tree(r); tree != nil && tree.Spot(n) != nil {
				routed++
			}
		}
	})
	if routed < costRooms {
		t.Fatalf("%d of %d trees go over the relay", routed, costRooms)
	}
	load, _ := child.LoadAverage()
	before, heard, spoken := usage(t, p), ears.heard.Load(), said.Load()
	time.Sleep(*costs)
	after, heard, spoken := usage(t, p), ears.heard.Load()-heard, said.Load()-spoken
	used := after.Sub(before)
	per := float64(used.Total.Nanoseconds()) / float64(heard) / 1000
	t.Logf("%.0f packets/s through the relay: %.2f µs each (user %.2f), %.2f %% lost, load %.1f",
		float64(heard)/costs.Seconds(), per, float64(used.User.Nanoseconds())/float64(heard)/1000, 100*(1-float64(heard)/float64(spoken)), load)
	if float64(heard) < 0.99*float64(spoken) {
		t.Errorf("%d of %d came", heard, spoken)
	}
	if per > 3.5 {
		t.Errorf("%.2f µs a packet, the bar is 3.5", per)
	}
}

func usage(t *testing.T, p *child.Process) child.Usage {
	t.Helper()
	u, err := p.Usage()
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// speakAll has all voices speak, evenly.
func speakAll(ctx context.Context, t *Trunk, rooms []id.Room, said *atomic.Int64) {
	packet := bytes.Repeat([]byte{0x80}, costBytes)
	began, next := time.Now(), 0
	for ctx.Err() == nil {
		due := int(time.Since(began).Seconds() * costRate)
		for ; next < due; next++ {
			t.Speak(rooms[next/costVoices%costRooms], uint8(next%costVoices), packet) //nolint:gosec // few
		}
		said.Store(int64(next))
		time.Sleep(time.Millisecond)
	}
}

func startRelay(t *testing.T, network *overlaytest.Network, node overlaytest.Node) (*child.Process, string) {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(node.Key)
	if err != nil {
		t.Fatal(err)
	}
	told, err := json.Marshal(passport{network.Root.Raw, network.Regions[0].Raw, node.Leaf.Raw, key, node.Member, os.Getenv("PROFILE")})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0]) //nolint:gosec // this program
	cmd.Env = append(os.Environ(), relayRole+"=1")
	cmd.Stdin = bytes.NewReader(told)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p, err := child.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%v: %s", err, p.Log.String())
	}
	return p, address[:len(address)-1]
}

func startCounting(t *testing.T, network *overlaytest.Network, node overlaytest.Node, ears *counter, seed string) *Trunk {
	t.Helper()
	fence := overlaytest.Fence(t, "*")
	store := network.Store(fence)
	trunk, err := Open(Config{
		Listen: "127.0.0.1:0", Self: node.Member, Advert: directory.Advert{Fence: fence}, Seeds: []string{seed},
		Guest: ears, Log: slog.New(slog.DiscardHandler),
		Guard: func() identity.Guard {
			return identity.Guard{Certificate: node.Certificate(), Store: func() *identity.Store { return store }, Now: time.Now}
		},
		Sign: func(a directory.Advert) (directory.Signed, error) { return a.Sign(node.Leaf, node.Key) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = trunk.Close() })
	return trunk
}
