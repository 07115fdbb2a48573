package janus

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/coder/websocket"
	"github.com/pion/webrtc/v4"
)

const (
	answerMax  = 30 * time.Second
	messageMax = 1 << 20
)

// A session is one client's WebSocket, with a handle of the VideoRoom plugin.
type session struct {
	ws      *websocket.Conn
	id      int64
	handle  int64
	request int
}

// A question is what a client sends.
type question struct {
	Janus       string                     `json:"janus"`
	Transaction string                     `json:"transaction"`
	Session     int64                      `json:"session_id,omitempty"`
	Handle      int64                      `json:"handle_id,omitempty"`
	Plugin      string                     `json:"plugin,omitempty"`
	Body        any                        `json:"body,omitempty"`
	JSEP        *webrtc.SessionDescription `json:"jsep,omitempty"`
}

// An answer is what the server sends.
type answer struct {
	Janus       string `json:"janus"`
	Transaction string `json:"transaction"`
	Data        struct {
		ID int64 `json:"id"`
	} `json:"data"`
	Error *struct {
		Reason string `json:"reason"`
	} `json:"error"`
	Plugin struct {
		Data struct {
			ID    int64  `json:"id"`
			Error string `json:"error"`
		} `json:"data"`
	} `json:"plugindata"`
	JSEP *webrtc.SessionDescription `json:"jsep"`
}

func dial(ctx context.Context, url string) (_ *session, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerMax)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{Subprotocols: []string{"janus-protocol"}})
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(messageMax)
	s := &session{ws: ws}
	defer func() {
		if err != nil {
			_ = ws.CloseNow()
		}
	}()
	created, err := s.ask(ctx, question{Janus: "create"})
	if err != nil {
		return nil, fmt.Errorf("create a session: %w", err)
	}
	s.id = created.Data.ID
	attached, err := s.ask(ctx, question{Janus: "attach", Plugin: "janus.plugin.videoroom"})
	if err != nil {
		return nil, fmt.Errorf("attach the plugin: %w", err)
	}
	s.handle = attached.Data.ID
	return s, nil
}

// message asks the plugin.
func (s *session) message(ctx context.Context, body any, jsep *webrtc.SessionDescription) (answer, error) {
	return s.ask(ctx, question{Janus: "message", Body: body, JSEP: jsep})
}

// ask sends one question and reads until its answer comes. Acknowledgements
// come before it, and events at any time.
func (s *session) ask(ctx context.Context, q question) (a answer, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerMax)
	defer cancel()
	s.request++
	q.Transaction, q.Session, q.Handle = strconv.Itoa(s.request), s.id, s.handle
	text, err := json.Marshal(q)
	if err != nil {
		return a, err
	}
	if err := s.ws.Write(ctx, websocket.MessageText, text); err != nil {
		return a, err
	}
	for a.Transaction != q.Transaction || a.Janus == "ack" {
		_, text, err := s.ws.Read(ctx)
		if err != nil {
			return a, err
		}
		a = answer{}
		if err := json.Unmarshal(text, &a); err != nil {
			return a, err
		}
	}
	switch {
	case a.Error != nil:
		return a, fmt.Errorf("janus: %s", a.Error.Reason)
	case a.Plugin.Data.Error != "":
		return a, fmt.Errorf("the plugin: %s", a.Plugin.Data.Error)
	}
	return a, nil
}

// listen reads on, unseen, for as long as the connection lasts: what nobody
// reads would fill the server's memory.
func (s *session) listen(ctx context.Context) {
	for {
		_, r, err := s.ws.Reader(ctx)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			return
		}
	}
}
