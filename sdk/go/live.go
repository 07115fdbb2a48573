package stoa

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/coder/websocket"
)

const (
	eventsMax  = 256 // not yet asked for
	messageMax = 4 << 20
	askWait    = 10 * time.Second
)

// A live is the WebSocket to the node, with requests that wait for answers.
type live struct {
	conn *websocket.Conn

	mu      sync.Mutex // guards what follows
	last    uint64
	waiting map[uint64]chan reply
}

// A reply is what the node answers: one of the members, or a problem.
type reply struct {
	Re      uint64          `json:"re"`
	Entered json.RawMessage `json:"entered"`
	Answer  json.RawMessage `json:"answer"`
	Problem *Problem        `json:"problem"`
}

// dial opens the WebSocket. What comes on it that is no answer is r's.
func dial(ctx context.Context, node string, r *Room) (*live, error) {
	conn, res, err := websocket.Dial(ctx, node, nil)
	if err != nil {
		return nil, err
	}
	if res.Body != nil {
		_ = res.Body.Close() // empty after an upgrade
	}
	conn.SetReadLimit(messageMax)
	l := &live{conn: conn, waiting: make(map[uint64]chan reply)}
	go l.read(r)
	return l, nil
}

// ask makes a request, and reads what it is answered with into answer unless
// that is nil.
func (l *live) ask(ctx context.Context, request string, body, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, askWait)
	defer cancel()
	answered := make(chan reply, 1)
	l.mu.Lock()
	l.last++
	id := l.last
	l.waiting[id] = answered
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		delete(l.waiting, id)
		l.mu.Unlock()
	}()
	b, err := json.Marshal(map[string]any{"id": id, request: body})
	if err != nil {
		return err
	}
	if err := l.conn.Write(ctx, websocket.MessageText, b); err != nil {
		return fmt.Errorf("%s: %w: %w", request, ErrLost, err)
	}
	select {
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", request, ctx.Err())
	case re, ok := <-answered:
		switch {
		case !ok:
			return fmt.Errorf("%s: %w", request, ErrLost)
		case re.Problem != nil:
			return fmt.Errorf("%s: %w", request, re.Problem)
		case answer == nil:
			return nil
		case re.Entered != nil:
			return json.Unmarshal(re.Entered, answer)
		}
		return json.Unmarshal(re.Answer, answer)
	}
}

// read takes in what the node sends, until the connection is gone.
func (l *live) read(r *Room) {
	for {
		// The room's end closes the connection, which ends this.
		_, b, err := l.conn.Read(context.Background())
		if err == nil {
			err = l.hear(r, b)
		}
		if err != nil {
			r.end(fmt.Errorf("%w: %w", ErrLost, err))
			break
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, answered := range l.waiting {
		close(answered)
	}
	l.waiting = make(map[uint64]chan reply)
}

// hear takes in one message.
func (l *live) hear(r *Room, b []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(b, &members); err != nil {
		return errors.New("the node has sent something that is no message")
	}
	switch {
	case members["re"] != nil:
		var re reply
		if err := json.Unmarshal(b, &re); err != nil {
			return err
		}
		l.mu.Lock()
		answered := l.waiting[re.Re]
		delete(l.waiting, re.Re)
		l.mu.Unlock()
		if answered != nil {
			answered <- re
		}
	case members["seq"] != nil:
		var e Event
		if err := json.Unmarshal(members["seq"], &e.Seq); err != nil {
			return err
		}
		for name, body := range members {
			if name != "seq" && name != "room" {
				e.Name, e.Body = name, body
			}
		}
		offer(r.events, e)
	case members["voices"] != nil:
		var v voices
		if err := json.Unmarshal(members["voices"], &v); err != nil {
			return err
		}
		r.heard(v)
	case members["cut"] != nil:
		var c Cut
		if err := json.Unmarshal(members["cut"], &c); err != nil {
			return err
		}
		r.end(c)
	}
	return nil
}

// voices is the notice of who is in which slot, and how to speak.
type voices struct {
	Slots   []string `json:"slots"` // null is nobody: ""
	FrameMS int      `json:"frame_ms"`
	Repeat  []int    `json:"repeat"`
}

func (r *Room) heard(v voices) {
	r.mu.Lock()
	r.slots = v.Slots
	r.mu.Unlock()
	r.microphone.speakAs(time.Duration(v.FrameMS)*time.Millisecond, v.Repeat)
}
