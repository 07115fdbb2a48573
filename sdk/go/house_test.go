package stoa_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path"
	"testing"

	"github.com/stoa-audio/stoa/internal/node"
)

// A house is a node of the test's own with one open room. Its founder has
// opened the room; people come by the founder's invites.
type house struct {
	t       testing.TB
	node    *node.Node
	media   string // where its media listens
	founder *http.Client
	url     string // of the room
}

// openHouse starts a node, which is told to announce itself at other addresses
// than its own if there are any.
func openHouse(t testing.TB, announce ...string) *house {
	t.Helper()
	h := &house{t: t}
	tcp, err := net.Listen("tcp", "localhost:0")
	h.must(err)
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	h.must(err)
	h.media = udp.LocalAddr().String()
	_, port, _ := net.SplitHostPort(tcp.Addr().String())
	args := []string{"--addr", "localhost:" + port, "--media.listen", h.media, "--data", t.TempDir(), "--invites.per_person", "10"}
	for _, a := range announce {
		args = append(args, "--media.announce", a)
	}
	_, _ = tcp.Close(), udp.Close() // the ports are free again, and known
	h.node = startNode(t, args...)
	t.Cleanup(func() {
		h.must(h.node.Stop(context.WithoutCancel(t.Context())))
	})
	h.open()
	return h
}

// startNode starts a node with some settings.
func startNode(t testing.TB, args ...string) *node.Node {
	t.Helper()
	config, err := node.LoadConfig(args, nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	if os.Getenv("STOA_TEST_LOG") != "" {
		log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})).With("node", config.Addr)
	}
	n, err := node.Start(t.Context(), config, log)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// open has the founder come and open the room.
func (h *house) open() {
	h.t.Helper()
	h.founder = h.signUp(h.node.Invite(), "Ada")
	var card struct{ ID string }
	h.call(h.founder, "/rooms", map[string]string{"title": "Tea", "visibility": "open"}, &card)
	h.url = h.node.URL() + "/r/" + card.ID
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) signUp(invite, name string) *http.Client {
	h.t.Helper()
	jar, err := cookiejar.New(nil)
	h.must(err)
	person := &http.Client{Jar: jar}
	h.call(person, "/signup/recovery", map[string]string{"invite": path.Base(invite), "name": name}, nil)
	return person
}

// guest returns somebody new.
func (h *house) guest(name string) *http.Client {
	h.t.Helper()
	var invite struct{ URL string }
	h.call(h.founder, "/me/invites", struct{}{}, &invite)
	return h.signUp(invite.URL, name)
}

// grant returns permission to enter the room.
func (h *house) grant(person *http.Client) string {
	h.t.Helper()
	var g struct{ Grant string }
	h.call(person, "/rooms/"+path.Base(h.url)+"/grants", struct{}{}, &g)
	return g.Grant
}

func (h *house) call(person *http.Client, to string, body, answer any) {
	h.t.Helper()
	b, err := json.Marshal(body)
	h.must(err)
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.node.URL()+"/api/v1"+to, bytes.NewReader(b))
	h.must(err)
	r.Header.Set("Content-Type", "application/json")
	res, err := person.Do(r)
	h.must(err)
	defer func() { _ = res.Body.Close() }()
	got, err := io.ReadAll(res.Body)
	h.must(err)
	if res.StatusCode >= 300 {
		h.must(fmt.Errorf("%s: %s: %s", to, res.Status, got))
	}
	if answer != nil {
		h.must(json.Unmarshal(got, answer))
	}
}
