// Package mumble runs Mumble's server and lets clients speak and listen there,
// by its own protocol (version 1.3): TLS over TCP for all that is not a voice,
// and for voices UDP datagrams sealed with OCB2-AES128.
//
// The clients do what the server can see of a real one and no more. Not here:
// channels, rights, text.
package mumble

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"time"

	"github.com/stoa-audio/stoa/internal/bench/child"
)

// A Server is mumble-server as Debian has it.
type Server struct {
	*child.Process

	address string
}

const startMax = 20 * time.Second

// Start starts a server for so many people that keeps its files in dir.
func Start(ctx context.Context, dir string, people int) (*Server, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "mumble.ini")
	if err := os.WriteFile(path, []byte(config(dir, host, port, people)), 0o600); err != nil {
		return nil, err
	}
	if err := hand(dir); err != nil {
		return nil, err
	}
	p, err := child.Start(exec.Command("murmurd", "-fg", "-ini", path)) //nolint:noctx // it is ended by Stop
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startMax)
	defer cancel()
	if err := p.AwaitTCP(ctx, address); err != nil {
		p.Stop()
		return nil, fmt.Errorf("start mumble-server: %w", err)
	}
	return &Server{Process: p, address: address}, nil
}

// account is whom the server becomes when root starts it.
const account = "mumble-server"

// hand gives dir to whom the server will be.
func hand(dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	who, err := user.Lookup(account)
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(who.Uid)
	if err != nil {
		return err
	}
	return errors.Join(os.Chown(dir, uid, -1), os.Chown(filepath.Join(dir, "mumble.ini"), uid, -1))
}

// config is what differs from Debian's configuration: room for the crowd, the
// bandwidth that a voice of 32 kbit/s in datagrams of 20 ms needs, and where its
// records are.
func config(dir, host, port string, people int) string {
	return fmt.Sprintf(`database=%s
uname=%s
host=%s
port=%s
users=%d
usersperchannel=0
bandwidth=558000
bonjour=false
autobanAttempts=0
icesecretwrite=
`, filepath.Join(dir, "mumble.sqlite"), account, host, port, people)
}

// freeAddress returns an address that is free for TCP and UDP.
func freeAddress(ctx context.Context) (string, error) {
	var listen net.ListenConfig
	tcp, err := listen.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	udp, err := listen.ListenPacket(ctx, "udp4", tcp.Addr().String())
	if err != nil {
		return "", errors.Join(err, tcp.Close())
	}
	return tcp.Addr().String(), errors.Join(tcp.Close(), udp.Close())
}

// Speak brings a speaker in, and returns how to say a frame of 20 ms.
func (s *Server) Speak(ctx context.Context) (say func(frame []byte) error, err error) {
	c, err := s.join(ctx, 0, func([]byte) {})
	if err != nil {
		return nil, err
	}
	number := uint64(0)
	return func(frame []byte) error {
		number += 2
		return c.send(appendVoice(nil, number, frame))
	}, nil
}

// Listen brings a listener in, who is told each frame that comes, or nil for
// one that does not open. Listeners are numbered from 1.
func (s *Server) Listen(ctx context.Context, number int, hear func(frame []byte)) error {
	_, err := s.join(ctx, number, hear)
	return err
}

func (s *Server) join(ctx context.Context, number int, hear func([]byte)) (*client, error) {
	c, err := dial(ctx, s.address, addressOf(number), hear)
	if err != nil {
		return nil, err
	}
	if err := c.enter(ctx, "guest-"+strconv.Itoa(number)); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// addressOf returns the loopback address of a client. Each has its own, as at
// home: the server finds out whose the first datagram is by looking through all
// who come from its address.
func addressOf(number int) net.IP {
	const each = 250
	return net.IPv4(127, 65, byte(number/each), byte(1+number%each))
}
