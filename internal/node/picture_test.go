package node

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/overlay/admission"
	"github.com/stoa-audio/stoa/internal/overlay/frame"
	"github.com/stoa-audio/stoa/internal/overlay/relay"
	"github.com/stoa-audio/stoa/internal/region"
)

func startOne(t *testing.T, args ...string) *Node {
	t.Helper()
	args = append(args, "--addr", "localhost:0", "--url", "http://localhost:0", "--media.listen", "127.0.0.1:0")
	config, err := LoadConfig(args, nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	n, err := Start(t.Context(), config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return n
}

// twoNodes starts a network of a node in Europe and one in America.
func twoNodes(t *testing.T) (eu, us *Node) {
	t.Helper()
	port := func() string {
		for range 100 {
			tcp, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			udp, err := net.ListenPacket("udp", tcp.Addr().String())
			_ = tcp.Close()
			if err == nil {
				_ = udp.Close()
				return tcp.Addr().String()
			}
		}
		t.Fatal("no port is free")
		return ""
	}
	data, trunk := t.TempDir(), port()
	dir := filepath.Join(data, NetworkDir)
	if _, err := admission.Make(dir, []string{"eu", "us"}, "one", trunk, time.Now()); err != nil {
		t.Fatal(err)
	}
	office, err := admission.OpenOffice(dir)
	if err != nil {
		t.Fatal(err)
	}
	eu = startOne(t, "--data", data, "--network.listen", trunk, "--network.latitude", "52.5", "--network.longitude", "13.4")
	token, err := office.Invite(time.Now(), region.Place{Region: "us", Operator: "two"}, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	us = startOne(t, "--data", t.TempDir(), "--network.listen", port(), "--join", token.String())
	return eu, us
}

// get asks a node's operator's address.
func get(t *testing.T, n *Node, path, language string) (string, http.Header) {
	t.Helper()
	mux := http.NewServeMux()
	n.addPicture(mux)
	mux.Handle("GET /metrics", n.metrics())
	r := httptest.NewRequestWithContext(t.Context(), "GET", path, nil)
	r.Header.Set("Accept-Language", language)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	if w.Code != 200 {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	return w.Body.String(), w.Header()
}

func look(t *testing.T, n *Node, room string) (p picture, text string) {
	t.Helper()
	text, _ = get(t, n, "/admin/network.json?room="+room, "")
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	return p, text
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s has not come about", what)
		}
	}
}

func TestPictureOfTheNetwork(t *testing.T) {
	eu, us := twoNodes(t)
	var p picture
	var text string
	eventually(t, "a measured link", func() bool {
		p, _ = look(t, eu, "")
		return len(p.Nodes) == 2 && len(p.Links) > 0 && p.Links[0].RTTMS > 0 && !p.Nodes[1].Down
	})
	if p.Nodes[0].Region != "eu" || p.Nodes[0].Latitude != 52.5 || p.Nodes[1].Region != "us" || p.Nodes[1].Operator != "two" || len(p.Rooms)+len(p.Trees) > 0 {
		t.Errorf("the picture is %+v", p)
	}

	// A room whose voices go from the one to the other.
	room, ada := id.New[id.Room](), id.New[id.Person]()
	eu.trunk.Do(func(now time.Duration, core *relay.Node) {
		core.Open(now, room, region.In("eu", "us"), false, []frame.Voice{{Stream: 1, Who: ada}})
	})
	us.trunk.Do(func(now time.Duration, core *relay.Node) { core.Listen(now, room, eu.self()) })
	route := eu.media.Route(room, time.Now())
	eventually(t, "a tree with a listener", func() bool {
		p, text = look(t, eu, route)
		return len(p.Trees) == 1 && len(p.Trees[0].Spots) == 2
	})
	tree := p.Trees[0]
	if p.Room != route || p.Rooms[0] != route || !tree.Whole || tree.Owner != 0 || tree.Fence != "eu+us" || tree.Spots[1] != (pictureSpot{1, 0, -1, true, tree.Spots[1].DelayMS}) || p.Owned != 1 {
		t.Errorf("the owner's picture is %s", text)
	}
	for _, name := range []string{room.String(), ada.String(), eu.self().String(), us.self().String(), "127.0.0.1", "localhost"} {
		if strings.Contains(text, name) {
			t.Errorf("the picture names %s: %s", name, text)
		}
	}
	// Elsewhere the room goes by another route, nodes by the same labels.
	var other picture
	eventually(t, "the listener's place in the tree", func() bool {
		other, text = look(t, us, us.media.Route(room, time.Now()))
		return len(other.Trees) == 1
	})
	if other.Trees[0].Whole || other.Rooms[0] == route || other.Nodes[0].Label != p.Nodes[1].Label || other.Nodes[1].Label != p.Nodes[0].Label {
		t.Errorf("the listener's picture is %s", text)
	}
	if unknown, _ := look(t, us, route); len(unknown.Trees) != 0 {
		t.Error("a route of another node names a room here")
	}

	metrics, _ := get(t, eu, "/metrics", "")
	for _, line := range []string{
		`stoa_trunk_rtt_seconds\{node="` + p.Nodes[1].Label + `",operator="two",region="us"\} [0-9]`,
		`stoa_trunk_nodes\{state="up"\} 1`, `stoa_trunk_trees\{kind="owned"\} 1`, `stoa_trunk_events_total\{event="outside"\} 0`,
	} {
		if !regexp.MustCompile(`(?m)^` + line).MatchString(metrics) {
			t.Errorf("the metrics have no line like %s", line)
		}
	}
	if strings.Contains(metrics, route) || strings.Contains(metrics, us.self().String()) {
		t.Error("the metrics name a room or a node")
	}
}

func TestPictureOfOneNode(t *testing.T) {
	n := startOne(t, "--data", t.TempDir())
	if p, text := look(t, n, "0123456789abcdef"); len(p.Nodes) != 1 || p.Nodes[0].Region != "" || len(p.Links)+len(p.Trees)+len(p.Rooms) > 0 {
		t.Errorf("the picture is %s", text)
	}
	for language, lang := range map[string]string{"de-AT,de;q=0.9,en;q=0.5": "de", "fr": "en", "": "en"} {
		page, header := get(t, n, "/admin/network", language)
		if !strings.Contains(page, `<html lang="`+lang+`">`) || regexp.MustCompile(`(?i)<(script|style)>|https?://| on[a-z]+=`).MatchString(page) {
			t.Errorf("for %q the page is %s", language, page)
		}
		if csp := header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("the page may take in %q", csp)
		}
	}
	for _, path := range []string{"/admin/network.js", "/admin/network.css"} {
		if text, _ := get(t, n, path, ""); len(text) < 1000 {
			t.Errorf("%s is %q", path, text)
		}
	}
}
