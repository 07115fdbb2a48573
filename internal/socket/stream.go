package socket

import (
	"net"
	"time"
)

// A stream is a line that cannot be polled: TLS that ends in this process, and
// all connections of systems without a poller here. One goroutine reads, and
// one writes while there is something to write.
type stream struct {
	of   *Conn
	conn net.Conn
	busy bool // guarded by the mutex of the connection
}

// stream lets c go over conn, of which early has been read.
func (c *Conn) stream(conn net.Conn, early []byte) {
	s := &stream{of: c, conn: conn}
	c.line, c.serving = s, true
	go s.read(early)
}

func (s *stream) read(early []byte) {
	c := s.of
	defer c.handler.Closed()
	c.received(early)
	b := make([]byte, 4<<10)
	for {
		n, err := s.conn.Read(b)
		c.mu.Lock()
		c.heard = c.loop.now()
		if err != nil {
			c.shut()
		}
		open := c.line != nil
		c.mu.Unlock()
		if !open {
			return
		}
		c.received(b[:n])
	}
}

func (s *stream) write(b []byte) (int, error) {
	if s.busy {
		return 0, errAgain
	}
	s.busy = true
	go s.flush(append([]byte(nil), b...))
	return len(b), nil
}

func (s *stream) flush(b []byte) {
	_ = s.conn.SetWriteDeadline(time.Now().Add(stuckMax))
	_, err := s.conn.Write(b)
	c := s.of
	c.mu.Lock()
	defer c.mu.Unlock()
	s.busy = false
	if err != nil {
		c.shut()
	}
	c.write()
}

func (s *stream) idle() bool { return !s.busy }

func (s *stream) close() { _ = s.conn.Close() }
