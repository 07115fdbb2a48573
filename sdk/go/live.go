package stoa

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/stoa-audio/stoa/sdk/go/group"
)

const (
	eventsMax  = 256 // not yet asked for
	messageMax = 4 << 20
	askWait    = 10 * time.Second
	settleWait = time.Second
	settleLook = 5 * time.Millisecond
)

// A live is the WebSocket to the node, with requests that wait for answers.
type live struct {
	conn *websocket.Conn
	gone chan struct{} // closed when nothing is read any more

	sending sync.Mutex // guards last, and the order of what is sent
	last    uint64

	mu      sync.Mutex // guards waiting; who reads takes it, so nothing is sent under it
	waiting map[uint64]chan reply
}

// A reply is what the node answers: one of the members, or a problem.
type reply struct {
	Re      uint64          `json:"re"`
	Entered json.RawMessage `json:"entered"`
	Answer  json.RawMessage `json:"answer"`
	Tended  json.RawMessage `json:"tended"`
	Way     json.RawMessage `json:"itinerary"`
	Problem *Problem        `json:"problem"`
}

// dial opens a WebSocket. What comes on it that is no answer is r's.
func dial(ctx context.Context, node string, r *Room) (*live, error) {
	conn, res, err := websocket.Dial(ctx, node, nil)
	if err != nil {
		return nil, err
	}
	if res.Body != nil {
		_ = res.Body.Close() // empty after an upgrade
	}
	conn.SetReadLimit(messageMax)
	l := &live{conn: conn, gone: make(chan struct{}), waiting: make(map[uint64]chan reply)}
	go l.read(r)
	go l.ping(r)
	return l, nil
}

// ask makes a request, and reads what it is answered with into answer unless
// that is nil.
func (l *live) ask(ctx context.Context, request string, body, answer any) error {
	answered, err := l.send(request, body)
	if err != nil {
		return err
	}
	return l.await(ctx, request, answered, answer)
}

// A waiter is who waits for an answer.
type waiter struct {
	id       uint64
	answered chan reply
}

// send makes a request, in the order of the calls.
func (l *live) send(request string, body any) (waiter, error) {
	l.sending.Lock()
	defer l.sending.Unlock()
	l.last++
	w := waiter{l.last, make(chan reply, 1)}
	b, err := json.Marshal(map[string]any{"id": w.id, request: body})
	if err != nil {
		return w, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), askWait)
	defer cancel()
	l.wait(w.id, w.answered)
	if err := l.conn.Write(ctx, websocket.MessageText, b); err != nil {
		l.wait(w.id, nil)
		return w, fmt.Errorf("%s: %w: %w", request, ErrLost, err)
	}
	return w, nil
}

// wait says who waits for an answer; nil: nobody does.
func (l *live) wait(id uint64, answered chan reply) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if answered == nil {
		delete(l.waiting, id)
	} else {
		l.waiting[id] = answered
	}
}

// await waits for the answer to a request.
func (l *live) await(ctx context.Context, request string, w waiter, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, askWait)
	defer cancel()
	defer l.wait(w.id, nil)
	select {
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", request, ctx.Err())
	case re, ok := <-w.answered:
		switch {
		case !ok:
			return fmt.Errorf("%s: %w", request, ErrLost)
		case re.Problem != nil:
			return fmt.Errorf("%s: %w", request, re.Problem)
		case answer == nil:
			return nil
		}
		for _, body := range []json.RawMessage{re.Entered, re.Answer, re.Tended, re.Way} {
			if body != nil {
				return json.Unmarshal(body, answer)
			}
		}
		return nil
	}
}

// settle waits until all requests are answered, for a moment at most: a room may be
// over before the request is answered that has ended it.
func (l *live) settle() {
	late := time.After(settleWait)
	for {
		l.mu.Lock()
		waiting := len(l.waiting)
		l.mu.Unlock()
		if waiting == 0 {
			return
		}
		select {
		case <-l.gone:
			return
		case <-late:
			return
		case <-time.After(settleLook):
		}
	}
}

// read takes in what the node sends, until the connection is gone.
func (l *live) read(r *Room) {
	defer close(l.gone)
	for {
		// The room's end closes the connection, which ends this.
		_, b, err := l.conn.Read(context.Background())
		if err == nil {
			err = l.hear(r, b)
		}
		if err != nil {
			_ = l.conn.CloseNow()
			r.lost(l, fmt.Errorf("%w: %w", ErrLost, err))
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
		if re.Entered != nil {
			if err := r.entered(l, re.Entered); err != nil {
				return err
			}
		}
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
		if r.agreement != nil {
			r.agreement.happened(e)
		}
		offer(r.events, e)
	case members["announce"] != nil || members["letter"] != nil || members["knocks"] != nil || members["untended"] != nil:
		var n group.Notice
		if err := json.Unmarshal(b, &n); err != nil {
			return err
		}
		if r.agreement != nil {
			r.agreement.hear(n)
		}
	case members["said"] != nil:
		return r.said(members["said"])
	case members["voices"] != nil:
		var v voices
		if err := json.Unmarshal(members["voices"], &v); err != nil {
			return err
		}
		r.heard(v)
	case members["move"] != nil:
		m := move{came: time.Now()}
		if err := json.Unmarshal(members["move"], &m); err != nil {
			return err
		}
		offer(r.moves, m)
	case members["cut"] != nil:
		var c Cut
		if err := json.Unmarshal(members["cut"], &c); err != nil {
			return err
		}
		if c.Why == cutElsewhere {
			return c
		}
		r.end(c)
	case members["deputy"] != nil:
		var d struct{ URL string }
		if err := json.Unmarshal(members["deputy"], &d); err != nil {
			return err
		}
		r.mu.Lock()
		r.way.deputy = d.URL
		r.mu.Unlock()
	}
	return nil
}

// voices is the notice of how to speak.
type voices struct {
	FrameMS int   `json:"frame_ms"`
	Repeat  []int `json:"repeat"`
}

func (r *Room) heard(v voices) {
	r.microphone.speakAs(time.Duration(v.FrameMS)*time.Millisecond, v.Repeat)
}
