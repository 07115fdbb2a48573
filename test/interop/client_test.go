package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"path"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/pion/ice/v4"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

const (
	slots = 8 // receive-only audio sections, as docs/protocol/media.md asks for

	// patience is how long a test waits for what should come at once. It is
	// long because a busy machine must not fail a test.
	patience = 10 * time.Second
)

// A client is one person with one device.
type client struct {
	t    *testing.T
	url  string // of the API
	http *http.Client
	me   string

	live    *websocket.Conn
	room    string
	session string
	since   uint64
	pc      *webrtc.PeerConnection
	mic     *webrtc.TrackLocalStaticRTP

	mu       sync.Mutex
	changed  chan struct{} // closed at each change of what follows
	next     uint64
	messages []message
	closed   error
	slotsOf  []string // who is in which slot
	heard    [slots][]rtp.Packet
	each     func(who string, packet *rtp.Packet)
}

// A message is what the node sends, by its members.
type message map[string]json.RawMessage

// text returns a member that is text, or nothing.
func (m message) text(name string) string {
	var s string
	_ = json.Unmarshal(m[name], &s) // what is no text is no match for any
	return s
}

// body returns a member that has members.
func (m message) body(name string) message {
	var b message
	_ = json.Unmarshal(m[name], &b)
	return b
}

func newClient(h *house) *client {
	h.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.Fatal(err)
	}
	return &client{
		t: h.T, url: h.url + "/api/v1", changed: make(chan struct{}),
		http: &http.Client{Jar: jar, Timeout: patience},
	}
}

// signUp returns somebody who has come in with an invite.
func signUp(h *house, invite, name string) *client {
	h.Helper()
	c := newClient(h)
	var up struct {
		Me           struct{ ID, Name string }
		RecoveryCode string `json:"recovery_code"`
	}
	c.call("POST", "/signup/recovery", map[string]string{"invite": invite, "name": name}, 201, &up)
	if up.Me.ID == "" || up.Me.Name != name || up.RecoveryCode == "" {
		h.Fatalf("signed up as %+v", up)
	}
	c.me = up.Me.ID
	return c
}

// invite returns the code of an invite that c gives.
func (c *client) invite() string {
	c.t.Helper()
	var i struct{ URL string }
	c.call("POST", "/me/invites", struct{}{}, 201, &i)
	return path.Base(i.URL)
}

func (c *client) openRoom(title, visibility string) string {
	c.t.Helper()
	var card struct{ ID string }
	c.call("POST", "/rooms", map[string]string{"title": title, "visibility": visibility}, 201, &card)
	return card.ID
}

// call makes an HTTP call that is to be answered with status.
func (c *client) call(method, to string, body any, status int, answer any) {
	c.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, c.url+to, bytes.NewReader(b))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if res.StatusCode != status {
		c.t.Fatalf("%s %s: %s, not %d: %s", method, to, res.Status, status, got)
	}
	if answer != nil {
		if err := json.Unmarshal(got, answer); err != nil {
			c.t.Fatalf("%s %s: %v in %s", method, to, err, got)
		}
	}
}

// grant returns permission to enter a room.
func (c *client) grant(room string) string {
	c.t.Helper()
	var g struct{ Grant string }
	c.call("POST", "/rooms/"+room+"/grants", struct{}{}, 201, &g)
	return g.Grant
}

// enter takes a seat in a room and connects media.
func (c *client) enter(room string) {
	c.t.Helper()
	c.room = room
	c.sit(map[string]any{"grant": c.grant(room)})
	c.connect()
}

// comeBack takes the same seat again, after the node or the network was away.
func (c *client) comeBack() {
	c.t.Helper()
	c.sit(map[string]any{"grant": c.grant(c.room), "previous": c.session, "since": c.since})
	c.connect()
}

// sit opens the WebSocket and enters.
func (c *client) sit(enter map[string]any) {
	c.t.Helper()
	c.dial()
	entered := c.ask("enter", enter).body("entered")
	if entered.text("me") != c.me || entered.text("room") != c.room || entered.text("session") == "" {
		c.t.Fatalf("entered as %v", entered)
	}
	c.session = entered.text("session")
	var seq uint64
	_ = json.Unmarshal(entered.body("view")["seq"], &seq) // no view: the events since follow
	c.mu.Lock()
	c.since = max(c.since, seq)
	c.mu.Unlock()
}

// dial opens the WebSocket.
func (c *client) dial() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	live, res, err := websocket.Dial(ctx, c.url+"/live", &websocket.DialOptions{HTTPClient: &http.Client{Jar: c.http.Jar}})
	if err != nil {
		c.t.Fatal(err)
	}
	if res.Body != nil {
		_ = res.Body.Close()
	}
	live.SetReadLimit(1 << 20)
	c.t.Cleanup(func() { _ = live.CloseNow() })
	c.mu.Lock()
	c.live, c.closed, c.messages, c.slotsOf = live, nil, nil, nil
	c.mu.Unlock()
	go c.read(live)
}

// read takes in what the node sends.
func (c *client) read(live *websocket.Conn) {
	for {
		_, b, err := live.Read(context.Background())
		var m message
		if err == nil {
			err = json.Unmarshal(b, &m)
		}
		c.mu.Lock()
		if err != nil {
			c.closed = err
			c.change()
			c.mu.Unlock()
			return
		}
		c.messages = append(c.messages, m)
		_ = json.Unmarshal(m["seq"], &c.since)
		if v, ok := m["voices"]; ok {
			var voices struct{ Slots []string } // null is nobody: ""
			if json.Unmarshal(v, &voices) == nil {
				c.slotsOf = voices.Slots
			}
		}
		c.change()
		c.mu.Unlock()
	}
}

// change wakes all who wait. It is called with the lock held.
func (c *client) change() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// await waits until is true of the client, whose lock is held for it.
func (c *client) await(what string, is func() bool) {
	c.t.Helper()
	deadline := time.After(patience)
	for {
		c.mu.Lock()
		ok, changed, closed := is(), c.changed, c.closed
		c.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			c.t.Fatalf("waited %v for %s; the WebSocket: %v", patience, what, closed)
		}
	}
}

// awaitMessage waits for a message that matches, and returns it.
func (c *client) awaitMessage(what string, match func(message) bool) (m message) {
	c.t.Helper()
	c.await(what, func() bool {
		i := slices.IndexFunc(c.messages, match)
		if i >= 0 {
			m = c.messages[i]
		}
		return i >= 0
	})
	return m
}

// awaitEvent waits until name has happened to who.
func (c *client) awaitEvent(name, who string) message {
	c.t.Helper()
	return c.awaitMessage(name, func(m message) bool { return m.body(name).text("who") == who })
}

// reply makes a request and returns what the node answers.
func (c *client) reply(name string, body any) message {
	c.t.Helper()
	c.mu.Lock()
	c.next++
	number := c.next
	c.mu.Unlock()
	b, err := json.Marshal(map[string]any{"id": number, name: body})
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	if err := c.live.Write(ctx, websocket.MessageText, b); err != nil {
		c.t.Fatalf("%s: %v", name, err)
	}
	return c.awaitMessage("the answer to "+name, func(m message) bool {
		var re uint64
		return json.Unmarshal(m["re"], &re) == nil && re == number
	})
}

// ask makes a request that is granted.
func (c *client) ask(name string, body any) message {
	c.t.Helper()
	m := c.reply(name, body)
	if m["problem"] != nil {
		c.t.Fatalf("%s: %s", name, m["problem"])
	}
	return m
}

// refused makes a request that is refused with code.
func (c *client) refused(name string, body any, code string) {
	c.t.Helper()
	if m := c.reply(name, body); m.body("problem").text("code") != code {
		c.t.Errorf("%s: %v, not %s", name, m, code)
	}
}

// who is the body of requests about somebody.
func who(c *client) map[string]string { return map[string]string{"who": c.me} }

// connect makes the offer and waits until media is up.
func (c *client) connect() {
	c.t.Helper()
	engine := webrtc.SettingEngine{}
	engine.SetIncludeLoopbackCandidate(true)
	engine.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	codecs := &webrtc.MediaEngine{}
	if err := codecs.RegisterDefaultCodecs(); err != nil {
		c.t.Fatal(err)
	}
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(engine), webrtc.WithMediaEngine(codecs)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = pc.Close() })
	mic, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "mic", "mic")
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := pc.AddTransceiverFromTrack(mic, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendrecv}); err != nil {
		c.t.Fatal(err)
	}
	for range slots {
		if _, err := pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			c.t.Fatal(err)
		}
	}
	pc.OnTrack(func(track *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
		section := slices.IndexFunc(pc.GetTransceivers(), func(t *webrtc.RTPTransceiver) bool { return t.Receiver() == r })
		c.hear(section-1, track)
	})
	up := make(chan struct{})
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			close(up)
		}
	})
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := pc.SetLocalDescription(offer); err != nil {
		c.t.Fatal(err)
	}
	answer := c.ask("offer", map[string]string{"sdp": pc.LocalDescription().SDP}).body("answer").text("sdp")
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		c.t.Fatalf("%v in\n%s", err, answer)
	}
	select {
	case <-up:
	case <-time.After(patience):
		c.t.Fatalf("media is not connected after %v: %v", patience, pc.ConnectionState())
	}
	c.mu.Lock()
	c.pc, c.mic = pc, mic
	c.mu.Unlock()
}

// hear takes in what comes in a slot.
func (c *client) hear(slot int, track *webrtc.TrackRemote) {
	for {
		packet, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		c.mu.Lock()
		if slot < 0 {
			c.t.Errorf("voices come in the section of the microphone")
		} else {
			c.heard[slot] = append(c.heard[slot], *packet)
			if c.each != nil && slot < len(c.slotsOf) {
				c.each(c.slotsOf[slot], packet)
			}
		}
		c.change()
		c.mu.Unlock()
	}
}

// slotOf returns the slot that carries who, or -1. The lock is held.
func (c *client) slotOf(who string) int { return slices.Index(c.slotsOf, who) }

// count returns how many packets have come in all slots.
func (c *client) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, packets := range c.heard {
		n += len(packets)
	}
	return n
}

// speak sends packets as a microphone does, one each 20 ms, until the function
// it returns is called. Their payloads are numbers that grow by one from first
// on; the node forwards what it cannot read.
func (c *client) speak(first uint32) (stop func()) {
	done, over := make(chan struct{}), make(chan struct{})
	c.mu.Lock()
	mic := c.mic
	c.mu.Unlock()
	go func() {
		defer close(over)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for n := first; ; n++ {
			select {
			case <-done:
				return
			case <-tick.C:
				// The connection may be gone by now; the listener would miss it.
				_ = mic.WriteRTP(&rtp.Packet{
					Header:  rtp.Header{Version: 2, SequenceNumber: uint16(n), Timestamp: n * 960},
					Payload: []byte{0xf8, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)},
				})
			}
		}
	}()
	return func() { close(done); <-over }
}
