package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"
)

// A plant is a canary that was sent on purpose, in one way of writing it.
type plant struct {
	flow
	tcp     bool
	pattern []byte
	name    string
}

// A sink takes plants, so that nobody answers that they are not wanted.
type sink struct {
	udp *net.UDPConn
	tcp *net.TCPListener
}

func openSink(ctx context.Context) (*sink, error) {
	var l net.ListenConfig
	u, err := l.ListenPacket(ctx, "udp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t, err := l.Listen(ctx, "tcp6", "[::1]:0")
	if err != nil {
		return nil, errors.Join(err, u.Close())
	}
	s := &sink{u.(*net.UDPConn), t.(*net.TCPListener)}
	go func() { _, _ = io.Copy(io.Discard, s.udp) }()
	go func() {
		for {
			c, err := s.tcp.Accept()
			if err != nil {
				return // it is closed
			}
			_, _ = io.Copy(io.Discard, c)
			_ = c.Close()
		}
	}()
	return s, nil
}

func (s *sink) close() { _, _ = s.udp.Close(), s.tcp.Close() }

// ports are those of all plants, and of nothing else.
func (s *sink) ports() []uint16 {
	return []uint16{s.udp.LocalAddr().(*net.UDPAddr).AddrPort().Port(), s.tcp.Addr().(*net.TCPAddr).AddrPort().Port()}
}

// plantable are a canary that is a name, and one that is an id: all that there
// is to write is written of one of them.
func plantable(all []canary) []canary {
	var some []canary
	for _, kind := range []string{"name", "room"} {
		if i := slices.IndexFunc(all, func(c canary) bool { return c.Kind == kind }); i >= 0 {
			some = append(some, all[i])
		}
	}
	return some
}

// plant sends canaries in every way of writing them: in the middle of a
// datagram, and over TCP so that one segment ends within it.
func (s *sink) plant(ctx context.Context, some []canary) ([]plant, error) {
	var all []plant
	for _, c := range some {
		for _, p := range c.parts() {
			for _, w := range writings {
				if w.text && !p.text {
					continue
				}
				name := fmt.Sprintf("%s: %s, %s", c.Kind, p.name, w.name)
				pattern, message := w.of(p.of), w.write(amid(p.of, w.before))
				for _, send := range []func(context.Context, []byte) (flow, bool, error){s.datagram, s.segments} {
					f, tcp, err := send(ctx, message)
					if err != nil {
						return nil, fmt.Errorf("%s: %w", name, err)
					}
					all = append(all, plant{f, tcp, pattern, name})
				}
			}
		}
	}
	return all, nil
}

// amid returns something in the midst of a text that is of no interest: so
// many bytes after a place where all alphabets begin anew.
func amid(b []byte, before int) []byte {
	around := rand.Text() + rand.Text() // 52 letters
	return slices.Concat([]byte(around[:30+before]), b, []byte(around[:30+before]))
}

func (s *sink) datagram(ctx context.Context, message []byte) (f flow, tcp bool, err error) {
	c, err := new(net.Dialer).DialContext(ctx, "udp", s.udp.LocalAddr().String())
	if err != nil {
		return f, false, err
	}
	_, err = c.Write(message)
	f = flow{c.LocalAddr().(*net.UDPAddr).AddrPort(), c.RemoteAddr().(*net.UDPAddr).AddrPort()}
	return f, false, errors.Join(err, c.Close())
}

// segments sends a message by two segments, cut in its middle: there the
// canary is, which has as much before it as behind it.
func (s *sink) segments(ctx context.Context, message []byte) (f flow, tcp bool, err error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", s.tcp.Addr().String())
	if err != nil {
		return f, true, err
	}
	// Go sends each write at once (TCP_NODELAY), and loopback takes it.
	middle := len(message) / 2
	_, err = c.Write(message[:middle])
	if err == nil {
		_, err = c.Write(message[middle:])
	}
	f = flow{c.LocalAddr().(*net.TCPAddr).AddrPort(), c.RemoteAddr().(*net.TCPAddr).AddrPort()}
	return f, true, errors.Join(err, c.Close())
}

// awaitSeen waits until the capture has seen what is sent last, and with it all
// that was sent before.
func (s *sink) awaitSeen(ctx context.Context, c *capture) error {
	last := []byte(rand.Text())
	if _, _, err := s.datagram(ctx, last); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if !c.await(ctx, last) {
		return errors.New("the capture does not see what is sent")
	}
	return nil
}
