package postgres

import (
	"context"
	"net"
	"sync"
	"time"
)

// answerWait is how long the database may say nothing when it is to answer, or
// take nothing when it is told something. Then the connection is given up: a
// machine that is cut off does not say that it is gone.
const answerWait = 10 * time.Second

// A line is a connection to the database on which nobody waits for ever.
type line struct {
	net.Conn

	patience time.Duration // answerWait

	mu    sync.Mutex // guards bound, and which deadline is set
	bound bool       // by who uses it, for a reason of their own
}

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &line{Conn: c, patience: answerWait}, nil
}

func (l *line) Read(b []byte) (int, error) {
	l.wait(l.SetReadDeadline)
	return l.Conn.Read(b)
}

func (l *line) Write(b []byte) (int, error) {
	l.wait(l.SetWriteDeadline)
	return l.Conn.Write(b)
}

func (l *line) wait(set func(time.Time) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.bound {
		_ = set(time.Now().Add(l.patience)) // it fails if the connection is closed, which shows at once
	}
}

// SetDeadline implements net.Conn. The zero time gives the line back its own.
func (l *line) SetDeadline(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bound = !t.IsZero()
	return l.Conn.SetDeadline(t)
}
