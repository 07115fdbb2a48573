package socket

import (
	"errors"
	"net"
	"sync"

	"golang.org/x/sys/unix"
)

// A poller waits for what happens on all connections at once (epoll(7)). It is
// told of changes only, once each: whoever reads does so until there is nothing.
type poller struct {
	epoll int
	wake  int // an eventfd, by which it is stopped
	done  chan struct{}

	mu    sync.Mutex // guards conns
	conns map[int32]*Conn
}

// startPoller returns a poller, or nil if the system has none to give.
func startPoller() *poller {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil
	}
	p := &poller{epoll: epoll, done: make(chan struct{}), conns: make(map[int32]*Conn)}
	if p.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err == nil {
		err = unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, p.wake, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(p.wake)})
		if err != nil {
			_ = unix.Close(p.wake)
		}
	}
	if err != nil {
		_ = unix.Close(epoll)
		return nil
	}
	go p.run()
	return p
}

func (p *poller) stop() {
	_, _ = unix.Write(p.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0}) // cannot fail: nobody else writes
	<-p.done
	_ = unix.Close(p.wake)
	_ = unix.Close(p.epoll)
}

func (p *poller) run() {
	defer close(p.done)
	events := make([]unix.EpollEvent, 256)
	for {
		n, err := unix.EpollWait(p.epoll, events, -1)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return // only by a mistake in this file
		}
		for _, e := range events[:max(n, 0)] {
			if int(e.Fd) == p.wake {
				return
			}
			c := p.find(e.Fd)
			if c == nil {
				continue
			}
			if e.Events&unix.EPOLLOUT != 0 {
				c.writable()
			}
			if e.Events&^unix.EPOLLOUT != 0 {
				c.readable()
			}
		}
	}
}

func (p *poller) find(fd int32) *Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conns[fd]
}

// add takes conn over for c, of which early has been read, and reports whether
// it could. The Go runtime, which would poll it too, lets it go.
func (p *poller) add(c *Conn, conn *net.TCPConn, early []byte) bool {
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	fd := -1
	if raw.Control(func(of uintptr) { fd, err = unix.FcntlInt(of, unix.F_DUPFD_CLOEXEC, 0) }) != nil || err != nil {
		return false
	}
	c.line = &socket{p, fd}
	p.mu.Lock()
	p.conns[int32(fd)] = c
	p.mu.Unlock()
	c.serving = true // what came early comes first
	err = unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{
		Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET, Fd: int32(fd),
	})
	if err != nil {
		c.line.close()
		c.line, c.serving = nil, false
		return false
	}
	_ = conn.Close() // the other descriptor of the same
	c.loop.workers.do(func() {
		c.received(early)
		c.serve()
	})
	return true
}

// readable is called when there may be something to read.
func (c *Conn) readable() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.serving {
		c.again = true
	} else if c.line != nil {
		c.serving = true
		c.loop.workers.do(c.serve)
	}
}

// serve reads and handles until there is nothing more.
func (c *Conn) serve() {
	chunk := chunks.Get().(*[chunkSize]byte)
	defer chunks.Put(chunk)
	for {
		n, open := c.read(chunk[:])
		switch {
		case !open:
			c.handler.Closed()
			return
		case n == 0:
			return
		}
		c.received(chunk[:n])
	}
}

// read reads, and reports whether the connection is still there. When there is
// nothing to read, who reads is not serving any more.
func (c *Conn) read(b []byte) (n int, open bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.line != nil {
		c.again = false
		n, err := unix.Read(c.line.(*socket).fd, b)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			if !c.again {
				c.serving = false
				return 0, true
			}
		case err != nil || n == 0:
			c.shut()
		default:
			c.heard = c.loop.now()
			return n, true
		}
	}
	return 0, false
}

// A socket is a line that is polled.
type socket struct {
	of *poller
	fd int
}

func (s *socket) write(b []byte) (int, error) {
	for {
		n, err := unix.Write(s.fd, b)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EAGAIN):
			return 0, errAgain
		}
		return n, err
	}
}

func (s *socket) idle() bool { return true }

func (s *socket) close() {
	s.of.mu.Lock()
	delete(s.of.conns, int32(s.fd))
	s.of.mu.Unlock()
	_ = unix.Close(s.fd)
}
