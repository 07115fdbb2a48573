// Package mail sends messages to addresses of mail by the relay that an operator has
// named (SMTP: RFC 5321; TLS: RFC 8314).
//
// A message is plain text: no pictures, no markup, nothing that tells that it was
// read. It goes to one address, by TLS or not at all; only a relay on this very
// machine is spoken to in clear. What goes wrong is counted and logged without
// saying whom it was for.
//
// To whom, what, and how often is for its caller to decide. An Outbox keeps what
// waits in memory: a code is asked for again, and a digest is made anew of the news.
// Not here: DKIM, which is the relay's.
package mail

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// sendWait is how long a relay may take for one message.
const sendWait = 30 * time.Second

// A Security is how a connection to a relay is kept from others.
type Security int

// The securities: TLS from the first byte, TLS before anything is said, and none.
const (
	Implicit Security = iota
	StartTLS
	Clear
)

// implicitPort is that of submissions by TLS from the first byte.
const implicitPort = 465

// A Relay is who takes our mail.
type Relay struct {
	Host     string
	Port     int
	Security Security
	User     string // empty: it takes mail from this house as it is
	Password string
	From     mail.Address
	House    string         // the host by which this one introduces itself
	Roots    *x509.CertPool // by which it is known; nil: those of the system
}

// ErrRelay means that a relay is not named as HOST:PORT.
var ErrRelay = errors.New("not HOST:PORT")

// ParseRelay reads where a relay is. It is spoken to by TLS: from the first byte at
// port 465, else by STARTTLS; only one on this machine in clear.
func ParseRelay(text string) (Relay, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil || host == "" {
		return Relay{}, ErrRelay
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return Relay{}, ErrRelay
	}
	r := Relay{Host: host, Port: int(n), Security: StartTLS}
	ip, err := netip.ParseAddr(host)
	switch {
	case n == implicitPort:
		r.Security = Implicit
	case host == "localhost", err == nil && ip.Unmap().IsLoopback():
		r.Security = Clear
	}
	return r, nil
}

// A Message is what is to be sent.
type Message struct {
	To          string // an address, without a name
	Subject     string
	Text        string
	Unsubscribe string    // where to say that one wants no more of these; empty: it is asked for
	Urgent      bool      // it goes before others
	Until       time.Time // when it is worth nothing any more
	// Done is told what has become of it: nil when the relay has it. It may be nil.
	Done func(error)
}

// Why a message is not sent.
var (
	// ErrMessage means that it has lines where there can be none.
	ErrMessage = errors.New("not a message")
	// ErrRefused means that the relay does not want it, now or later.
	ErrRefused = errors.New("the relay has refused it")
	// ErrLater means that the relay does not want it now, but maybe later.
	ErrLater = errors.New("the relay takes it later")
	// ErrAway means that the relay cannot be had: nothing is said of the message.
	ErrAway = errors.New("the relay cannot be had")
)

// send has the relay take m, or returns one of the errors above, which have nothing
// of it in them.
func (r *Relay) send(ctx context.Context, m *Message) error {
	letter, err := r.write(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sendWait)
	defer cancel()
	client, err := r.client(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAway, err)
	}
	err = client.DialAndSendWithContext(ctx, letter)
	if err == nil || letter.IsDelivered() { // that it would not say goodbye is nothing to us
		return nil
	}
	// What a relay says may have the address in it: its number is enough.
	if refused, is := errors.AsType[*gomail.SendError](err); is && refused.ErrorCode() >= 400 {
		if refused.ErrorCode() >= 500 {
			return fmt.Errorf("%w (%d)", ErrRefused, refused.ErrorCode())
		}
		return fmt.Errorf("%w (%d)", ErrLater, refused.ErrorCode())
	}
	return ErrAway
}

func (r *Relay) client(ctx context.Context) (*gomail.Client, error) {
	known := &tls.Config{ServerName: r.Host, RootCAs: r.Roots, MinVersion: tls.VersionTLS12}
	options := []gomail.Option{
		gomail.WithPort(r.Port), gomail.WithTimeout(sendWait), gomail.WithHELO(r.House), gomail.WithoutNoop(),
		gomail.WithTLSConfig(known), gomail.WithDialContextFunc(r.dial(ctx, known)),
	}
	switch r.Security {
	case Implicit:
		options = append(options, gomail.WithSSL())
	case StartTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case Clear:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if r.User != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(r.User), gomail.WithPassword(r.Password))
	}
	return gomail.NewClient(r.Host, options...)
}

// dial connects, for as long as lasting lasts: a relay that takes its time is left.
func (r *Relay) dial(lasting context.Context, known *tls.Config) gomail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		dial := new(net.Dialer).DialContext
		if r.Security == Implicit {
			dial = (&tls.Dialer{Config: known}).DialContext
		}
		c, err := dial(ctx, network, address)
		if err == nil {
			context.AfterFunc(lasting, func() { _ = c.Close() })
		}
		return c, err
	}
}

// write returns m as it goes over the wire.
func (r *Relay) write(m *Message) (*gomail.Msg, error) {
	one, err := mail.ParseAddress(m.To)
	if err != nil || one.Name != "" || one.Address != m.To || strings.ContainsAny(m.Subject+m.Unsubscribe, "\r\n") {
		return nil, ErrMessage
	}
	out := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithEncoding(gomail.EncodingQP))
	out.FromMailAddress(&r.From)
	out.ToMailAddress(one)
	out.Subject(m.Subject)
	out.SetDate()
	var name [18]byte
	_, _ = rand.Read(name[:]) // never fails (crypto/rand, Go 1.24)
	out.SetMessageIDWithValue(base64.RawURLEncoding.EncodeToString(name[:]) + "@" + r.House)
	out.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody need answer
	if m.Unsubscribe != "" {
		out.SetListUnsubscribe(m.Unsubscribe)
		out.SetListUnsubscribePost() // RFC 8058
	}
	out.SetBodyString(gomail.TypeTextPlain, m.Text)
	return out, nil
}
