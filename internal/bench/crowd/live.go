package crowd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/stoa-audio/stoa/internal/signal"
)

const (
	callMax    = 30 * time.Second // for one answer
	messageMax = 8 << 20          // bytes; a view of a full room is long
	retryMax   = 30 * time.Second // that a client waits when it is told to
)

// A refusal means that the node is too busy, and when to ask again.
type refusal struct{ after time.Duration }

// Error says when to ask again.
func (r *refusal) Error() string { return fmt.Sprintf("refused; to be asked again in %v", r.after) }

// refused returns a refusal if an answer is one that says when to ask again,
// else a failure.
func refused(what string, status, after int, why string) error {
	if after > 0 && (status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable) {
		return &refusal{min(time.Duration(after)*time.Second, retryMax)}
	}
	return fmt.Errorf("%s: %d %s", what, status, why)
}

// A house is the node as its clients reach it.
type house struct {
	url  string // of the API
	http *http.Client
}

// newHouse returns the house at a URL. Connections are kept and shared, as
// those of a browser are between the app and its calls: a join costs the node
// one new connection, that of the WebSocket.
func newHouse(url string, joining int) *house {
	return &house{url + "/api/v1", &http.Client{Transport: &http.Transport{
		MaxIdleConns: joining, MaxIdleConnsPerHost: joining, DisableCompression: true,
	}}}
}

// post makes a call as the person with a session token.
func (h *house) post(ctx context.Context, token, path string, body, out any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callMax)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	r.Header = header(token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := h.http.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, messageMax))
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusCreated {
		return refused("POST "+path, answer.StatusCode, retryAfter(answer), string(text))
	}
	return json.Unmarshal(text, out)
}

func header(token string) http.Header {
	return http.Header{"Cookie": {"stoa_session=" + token}}
}

func retryAfter(r *http.Response) int {
	after, _ := strconv.Atoi(r.Header.Get("Retry-After")) // none is 0
	return after
}

// A live is one live WebSocket. It is read for as long as it is open: what
// answers no request is thrown away unread.
type live struct {
	ws      *websocket.Conn
	next    uint64
	asking  atomic.Bool
	replies chan signal.Reply
	done    chan struct{} // closed when it cannot be read any more
}

// dial opens the live WebSocket of the person with a session token.
func (h *house) dial(ctx context.Context, token string) (*live, error) {
	in, cancel := context.WithTimeout(ctx, callMax)
	defer cancel()
	ws, answer, err := websocket.Dial(in, h.url+"/live", &websocket.DialOptions{HTTPClient: h.http, HTTPHeader: header(token)})
	if answer != nil && answer.Body != nil {
		defer func() { _ = answer.Body.Close() }()
	}
	switch {
	case err != nil && answer != nil:
		return nil, refused("GET /live", answer.StatusCode, retryAfter(answer), err.Error())
	case err != nil:
		return nil, err
	}
	ws.SetReadLimit(messageMax)
	l := &live{ws: ws, replies: make(chan signal.Reply, 1), done: make(chan struct{})}
	go l.read(context.WithoutCancel(ctx)) // until it is closed
	return l, nil
}

func (l *live) read(ctx context.Context) {
	defer close(l.done)
	for {
		_, r, err := l.ws.Reader(ctx)
		if err != nil {
			return
		}
		if !l.asking.Load() {
			if _, err := io.Copy(io.Discard, r); err != nil {
				return
			}
			continue
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return
		}
		// Most of what comes while one waits is events: to read them all as
		// JSON would cost the crowd more than anything else in a join.
		if !bytes.Contains(text, []byte(`"re":`)) {
			continue
		}
		var reply signal.Reply
		if json.Unmarshal(text, &reply) == nil && reply.Re == l.next && l.asking.CompareAndSwap(true, false) {
			l.replies <- reply
		}
	}
}

// ask makes a request, one at a time, and returns the answer.
func (l *live) ask(ctx context.Context, r signal.Request) (signal.Reply, error) {
	l.next++
	r.ID = l.next
	text, err := json.Marshal(r)
	if err != nil {
		return signal.Reply{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, callMax)
	defer cancel()
	l.asking.Store(true)
	if err := l.ws.Write(ctx, websocket.MessageText, text); err != nil {
		return signal.Reply{}, err
	}
	select {
	case reply := <-l.replies:
		if p := reply.Problem; p != nil {
			return reply, refused("a request", p.Status, p.RetryAfter, p.Code+" "+p.Detail)
		}
		return reply, nil
	case <-l.done:
		return signal.Reply{}, fmt.Errorf("the live connection has ended")
	case <-ctx.Done():
		return signal.Reply{}, fmt.Errorf("no answer: %w", ctx.Err())
	}
}

func (l *live) close() { _ = l.ws.CloseNow() } // the node is not told: it is about to end
