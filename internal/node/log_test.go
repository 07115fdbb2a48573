package node

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"github.com/stoa-audio/stoa/internal/id"
	"github.com/stoa-audio/stoa/internal/telemetry"
)

// A book is what is logged.
type book struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (b *book) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *book) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// A guest is somebody at a node of the test's own.
type guest struct {
	*http.Client

	t    *testing.T
	node *Node
}

func newGuest(t *testing.T, n *Node) *guest {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &guest{&http.Client{Jar: jar}, t, n}
}

// call calls the node and returns what it answers.
func (g *guest) call(method, to string, body any) (status int, answer map[string]any) {
	g.t.Helper()
	if body == nil {
		body = map[string]string{}
	}
	b, err := json.Marshal(body)
	if err != nil {
		g.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(g.t.Context(), method, g.node.URL()+"/api/v1"+to, bytes.NewReader(b))
	if err != nil {
		g.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := g.Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		g.t.Fatal(err)
	}
	return res.StatusCode, answer
}

func (g *guest) post(to string, body any) map[string]any {
	g.t.Helper()
	status, answer := g.call(http.MethodPost, to, body)
	if status >= 300 {
		g.t.Fatalf("%s: %d %v", to, status, answer)
	}
	return answer
}

// failToConnect enters a room by a grant, and shows another certificate than
// was said, until that is noticed. It returns the session.
func (g *guest) failToConnect(grant string, noticed func() bool) string {
	g.t.Helper()
	must := func(err error) {
		g.t.Helper()
		if err != nil {
			g.t.Fatal(err)
		}
	}
	ctx := g.t.Context()
	ws, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(g.node.URL(), "http")+"/api/v1/live", nil) //nolint:bodyclose // coder/websocket closes it
	must(err)
	defer func() { _ = ws.CloseNow() }()
	ask := func(n int, what string, body map[string]string) map[string]any {
		g.t.Helper()
		must(wsjson.Write(ctx, ws, map[string]any{"id": n, what: body}))
		for {
			var m map[string]any
			must(wsjson.Read(ctx, ws, &m))
			if m["re"] == float64(n) {
				return m
			}
		}
	}
	entered, _ := ask(1, "enter", map[string]string{"grant": grant})["entered"].(map[string]any)
	session, _ := entered["session"].(string)

	engine := webrtc.SettingEngine{}
	engine.SetIncludeLoopbackCandidate(true)
	engine.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(engine)).NewPeerConnection(webrtc.Configuration{})
	must(err)
	defer func() { _ = pc.Close() }()
	_, err = pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
	must(err)
	offer, err := pc.CreateOffer(nil)
	must(err)
	must(pc.SetLocalDescription(offer))
	other := regexp.MustCompile(`fingerprint:sha-256 \S+`).ReplaceAllString(offer.SDP, "fingerprint:sha-256 "+strings.Repeat("AB:", 31)+"AB")
	answer, _ := ask(2, "offer", map[string]string{"sdp": other})["answer"].(map[string]any)
	sdp, _ := answer["sdp"].(string)
	must(pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}))
	for began := time.Now(); !noticed(); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			g.t.Fatal("the handshake does not fail")
		}
	}
	return session
}

// A log at its most talkative, of a node to which all happens that it says
// something about, and its metrics: they name neither people nor rooms.
func TestLogNamesNobody(t *testing.T) {
	config, err := LoadConfig([]string{
		"--addr", "localhost:0", "--media.listen", "127.0.0.1:0", "--data", t.TempDir(), "--log_level", "debug", "--log", "json",
	}, nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var log book
	n, err := Start(t.Context(), config, telemetry.NewLog(&log, config.Log, config.LogLevel))
	if err != nil {
		t.Fatal(err)
	}
	var canaries []string
	for _, text := range []string{"Ada Überall", "Ben Oakes", "Mitternachtstee"} {
		canaries = append(canaries, strings.Fields(text)...)
	}
	note := func(text any) string {
		t.Helper()
		s, _ := text.(string)
		if len(s) < 8 {
			t.Fatalf("%v is no canary", text)
		}
		canaries = append(canaries, s, hex.EncodeToString([]byte(s)), base64.RawStdEncoding.EncodeToString([]byte(s)))
		if v, err := id.Parse[id.Room](s); err == nil {
			canaries = append(canaries, hex.EncodeToString(v[:]), base64.RawStdEncoding.EncodeToString(v[:]), base64.RawURLEncoding.EncodeToString(v[:]))
		}
		return s
	}
	signUp := func(invite, name string) *guest {
		g := newGuest(t, n)
		in := g.post("/signup/recovery", map[string]string{"invite": note(path.Base(invite)), "name": name})
		note(in["recovery_code"])
		note(in["me"].(map[string]any)["id"])
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, n.URL()+"/", nil)
		for _, c := range g.Jar.Cookies(r.URL) {
			note(c.Value)
		}
		return g
	}
	ada := signUp(n.Invite(), "Ada Überall")
	ben := signUp(ada.post("/me/invites", nil)["url"].(string), "Ben Oakes")
	room := note(ada.post("/rooms", map[string]string{"title": "Mitternachtstee", "visibility": "open"})["id"])

	// Ben comes in twice, Ada once, and none of them connects.
	for i, who := range []*guest{ben, ada, ben} {
		grant := note(who.post("/rooms/"+room+"/grants", nil)["grant"])
		note(who.failToConnect(grant, func() bool { return strings.Count(log.String(), "handshake failed") > i }))
	}
	metrics := httptest.NewRecorder()
	n.metrics().ServeHTTP(metrics, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))

	// And then the disk goes.
	if err := n.store.Close(); err != nil {
		t.Fatal(err)
	}
	n.store = nil // Stop would close it again
	if status, answer := ada.call(http.MethodGet, "/me/invites", nil); status < 500 {
		t.Errorf("without a disk: %d %v", status, answer)
	}
	_ = n.Stop(t.Context()) // it cannot store what it should

	text := log.String()
	for _, c := range append(canaries, "127.0.0.1", "::1", "localhost") {
		if strings.Contains(text, c) {
			t.Errorf("the log has %q:\n%s", c, text)
		}
		if strings.Contains(metrics.Body.String(), c) {
			t.Errorf("the metrics have %q", c)
		}
	}
	if !strings.Contains(text, "call failed") || !strings.Contains(metrics.Body.String(), "stoa_rooms 1") {
		t.Errorf("what should be said is not:\n%s", text)
	}
	found := regexp.MustCompile(`"route":"([0-9a-f]{16})","member":"([0-9a-f]{16})"`).FindAllStringSubmatch(text, -1)
	if len(found) != 3 {
		t.Fatalf("%d lines are of rooms:\n%s", len(found), text)
	}
	members := make(map[string]bool)
	for _, f := range found {
		members[f[2]] = true
		if f[1] != found[0][1] && time.Now().UTC().Format(time.TimeOnly) > "00:01" {
			t.Error("one room has two routes on a day")
		}
	}
	if len(members) != 3 {
		t.Errorf("three visits have %d members", len(members))
	}
}
