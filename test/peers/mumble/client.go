package mumble

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

const (
	enterMax  = 30 * time.Second
	askAgain  = 500 * time.Millisecond // a ping without an answer, while one enters
	pingEvery = 5 * time.Second        // as the real client does, by TCP and UDP
)

// A client is one connection to the server.
type client struct {
	tcp  net.Conn
	udp  *net.UDPConn
	hear func(frame []byte)

	synced   chan struct{} // closed when the server has let one in
	answered chan struct{} // closed when a datagram has come back
	failed   chan error    // takes one

	mu    sync.Mutex // guards crypt
	crypt *crypt     // nil until the server has sent its keys

	sending sync.Mutex // one message at a time
}

// dial connects from an address.
func dial(ctx context.Context, server string, from net.IP, hear func([]byte)) (*client, error) {
	d := &tls.Dialer{
		NetDialer: &net.Dialer{LocalAddr: &net.TCPAddr{IP: from}, Timeout: enterMax},
		Config:    &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // it made its certificate a moment ago
	}
	tcp, err := d.DialContext(ctx, "tcp4", server)
	if err != nil {
		return nil, err
	}
	to, err := net.ResolveUDPAddr("udp4", server)
	if err != nil {
		return nil, errors.Join(err, tcp.Close())
	}
	udp, err := net.DialUDP("udp4", &net.UDPAddr{IP: from}, to)
	if err != nil {
		return nil, errors.Join(err, tcp.Close())
	}
	return &client{
		tcp: tcp, udp: udp, hear: hear,
		synced: make(chan struct{}), answered: make(chan struct{}), failed: make(chan error, 1),
	}, nil
}

// enter lets the client in under a name. It is there when datagrams go both
// ways: until the server has seen one, it sends voices through TCP.
func (c *client) enter(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, enterMax)
	defer cancel()
	go c.readTCP()
	const version, release = 1, 2
	const username, opus = 1, 5
	hello := protowire.AppendVarint(protowire.AppendTag(nil, version, protowire.VarintType), 1<<16|3<<8|4)
	hello = protowire.AppendString(protowire.AppendTag(hello, release, protowire.BytesType), "bench")
	who := protowire.AppendString(protowire.AppendTag(nil, username, protowire.BytesType), name)
	who = protowire.AppendVarint(protowire.AppendTag(who, opus, protowire.VarintType), 1)
	if err := errors.Join(c.tell(kindVersion, hello), c.tell(kindAuthenticate, who)); err != nil {
		return err
	}
	if err := c.await(ctx, c.synced, nil); err != nil {
		return fmt.Errorf("enter: %w", err)
	}
	go c.readUDP()
	again := time.NewTicker(askAgain)
	defer again.Stop()
	if err := c.ping(); err != nil {
		return err
	}
	if err := c.await(ctx, c.answered, again.C); err != nil {
		return fmt.Errorf("datagrams: %w", err)
	}
	go c.stay()
	return nil
}

// await waits for an event, and pings with every tick.
func (c *client) await(ctx context.Context, event <-chan struct{}, tick <-chan time.Time) error {
	for {
		select {
		case <-event:
			return nil
		case err := <-c.failed:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-tick:
			if err := c.ping(); err != nil {
				return err
			}
		}
	}
}

// stay keeps the connection alive for as long as it can be written to.
func (c *client) stay() {
	const timestamp = 1
	for now := range time.Tick(pingEvery) {
		body := protowire.AppendVarint(protowire.AppendTag(nil, timestamp, protowire.VarintType), uint64(now.UnixMicro())) //nolint:gosec // positive
		if errors.Join(c.tell(kindPing, body), c.ping()) != nil {
			return
		}
	}
}

// tell sends a message.
func (c *client) tell(k kind, body []byte) error {
	c.sending.Lock()
	defer c.sending.Unlock()
	_, err := c.tcp.Write(appendMessage(nil, k, body))
	return err
}

func (c *client) ping() error {
	return c.send(appendNumber([]byte{typePing}, uint64(time.Now().UnixMicro()))) //nolint:gosec // positive
}

// send sends a datagram.
func (c *client) send(plain []byte) error {
	c.mu.Lock()
	if c.crypt == nil {
		c.mu.Unlock()
		return errors.New("the server has sent no keys")
	}
	b := c.crypt.seal(make([]byte, 0, cryptHead+len(plain)), plain)
	c.mu.Unlock()
	_, err := c.udp.Write(b)
	return err
}

// readTCP handles the server's messages until the connection ends.
func (c *client) readTCP() {
	in := bufio.NewReader(c.tcp)
	var synced sync.Once
	for {
		k, body, err := readMessage(in)
		if err == nil {
			switch k {
			case kindTunnel:
				c.take(body)
			case kindReject:
				err = errors.New("the server rejects")
			case kindSync:
				synced.Do(func() { close(c.synced) })
			case kindCrypt:
				err = c.takeCrypt(body)
			default: // who is there, and what they may
			}
		}
		if err != nil {
			select {
			case c.failed <- err:
			default:
			}
			return
		}
	}
}

// takeCrypt takes keys, or an answer to a question about nonces: a side that
// has missed too many datagrams asks by a message without any.
func (c *client) takeCrypt(body []byte) (err error) {
	const key, clientNonce, serverNonce = 1, 2, 3
	field := make(map[protowire.Number][]byte)
	for len(body) > 0 {
		number, wire, n := protowire.ConsumeTag(body)
		if n < 0 || wire != protowire.BytesType {
			return errors.New("keys that cannot be read")
		}
		value, m := protowire.ConsumeBytes(body[n:])
		if m < 0 {
			return errors.New("keys that cannot be read")
		}
		field[number] = value
		body = body[n+m:]
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case field[key] != nil:
		c.crypt, err = newCrypt(field[key], field[clientNonce], field[serverNonce])
		return err
	case c.crypt == nil:
		return errors.New("nonces without a key")
	case len(field[serverNonce]) == blockSize:
		c.crypt.received = nonce(field[serverNonce])
		return nil
	default:
		sent := c.crypt.sent
		return c.tell(kindCrypt, protowire.AppendBytes(protowire.AppendTag(nil, clientNonce, protowire.BytesType), sent[:]))
	}
}

// readUDP handles the server's datagrams until the socket is closed.
func (c *client) readUDP() {
	var answered sync.Once
	b := make([]byte, 1500)
	for {
		n, err := c.udp.Read(b)
		if errors.Is(err, net.ErrClosed) {
			return
		} else if err != nil {
			continue // what the kernel tells of an earlier datagram
		}
		c.mu.Lock()
		plain, ok := c.crypt.open(b[:n])
		c.mu.Unlock()
		switch {
		case !ok:
			c.hear(nil)
		case len(plain) > 0 && plain[0]&typeMask == typePing:
			answered.Do(func() { close(c.answered) })
		default:
			c.take(plain)
		}
	}
}

// take takes a voice.
func (c *client) take(b []byte) {
	opus, err := parseVoice(b)
	if err != nil {
		opus = nil
	}
	c.hear(opus)
}

func (c *client) close() error { return errors.Join(c.tcp.Close(), c.udp.Close()) }
